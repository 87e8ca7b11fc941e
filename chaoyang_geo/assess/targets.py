"""Targets by section and year, whether they are attained, and how steadily."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.assess.rows import (
    ASSESS_FIRST,
    assessment_rows,
    in_force,
    periods_of,
    plain,
    strings,
    texts,
)
from chaoyang_geo.reasons import class_en, period_text
from chaoyang_geo.schema import CLASSES, SchemaError, as_classes, class_dtype, one_of, require

if TYPE_CHECKING:
    import pandas as pd

#: Where a target was found, as ``target_source`` says it: first come, first taken.
TARGET_SOURCES: tuple[str, ...] = ("年度目标表", "断面表", "评价表")

#: What becomes of months without a verdict.
MISSING_MONTHS: dict[str, str] = {
    "unknown": "未评价的月份可能达标也可能未达标",
    "left_out": "未评价的月份不计",
}

ATTAIN_COLUMNS: tuple[str, ...] = (
    "section_code", "section_name", "period", "period_end", "class", "target_class",
    "target_quality", "target_source", "attained", "classes_short", "attain_flag", "why_zh",
    "why_en",
)  # fmt: skip

STEADINESS_COLUMNS: tuple[str, ...] = (
    "section_code", "section_name", "year", "n_months", "n_attained", "n_missed", "n_unknown",
    "year_attained", "months_required", "steadiness", "steady_definition", "steady_flag",
)  # fmt: skip

_YEAR = 12


@dataclass
class Target:
    """The target of a section in a year: rank of its class (-1: none), quality and source."""

    rank: int = -1
    quality: str = ""
    source: str = ""


class TargetBook:
    """The targets of sections by year: of the year, else of the registry."""

    def __init__(self, targets: pd.DataFrame | None, sections: pd.DataFrame | None) -> None:
        self._of_year: dict[tuple[str, int], Target] = {}
        self._registry: pd.DataFrame | None = None
        if targets is not None:
            self._of_year = _yearly_targets(targets)
        if sections is not None and "target_class" in sections:
            self._registry = plain(sections, table="sections", needs=["section_code"])
            ranks = as_classes(sections["target_class"], table="sections", column="target_class")
            self._registry["_rank"] = ranks.codes

    def of_periods(self, periods: pd.DataFrame) -> dict[tuple[str, int], Target]:
        """Return the registry's targets by section code and place of the period."""
        if self._registry is None:
            return {}
        held = in_force(self._registry, periods["period"], periods["period_end"])
        codes = self._registry["section_code"].tolist()
        ranks = self._registry["_rank"].tolist()
        qualities = texts(self._registry, "target_quality").tolist()
        return {
            (codes[row], at): Target(ranks[row], qualities[row], TARGET_SOURCES[1])
            for at, row in zip(held["at"].tolist(), held["row"].tolist(), strict=True)
            if ranks[row] >= 0
        }

    def of_year(self, code: str, year: int) -> Target | None:
        """Return the target that the table of years gives, if it does."""
        return self._of_year.get((code, year))


def _yearly_targets(targets: pd.DataFrame) -> dict[tuple[str, int], Target]:
    """Check a table of targets by year and return it by section and year."""
    table = plain(targets, table="targets", needs=["section_code", "year", "target_class"])
    ranks = as_classes(table["target_class"], table="targets", column="target_class").codes
    qualities = texts(table, "target_quality")
    found: dict[tuple[str, int], Target] = {}
    rows = zip(table["section_code"], table["year"], ranks.tolist(), qualities, strict=True)
    for number, (code, text, rank, quality) in enumerate(rows, 1):
        if not (text.isdigit() and len(text) == 4):
            raise SchemaError(
                f"targets: row {number} of year holds {text!r}, which is no year; write 2025."
            )
        if (code, int(text)) in found:
            raise SchemaError(
                f"targets: row {number} gives section {code} a second target for {text}; keep one."
            )
        found[code, int(text)] = Target(rank, quality, TARGET_SOURCES[0])
    return found


def attain(
    assessments: pd.DataFrame,
    targets: pd.DataFrame | None = None,
    *,
    sections: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Compare each class with the target of its section in its year.

    A row of a month says whether the month attains, a row of a year whether the year does.

    Required columns: ``assessments``: ``section_code``, ``period``, ``class``; used where
    present: ``section_name``, ``period_end``, ``class_best``, ``class_worst``,
    ``items_undecided``, ``target_class``, ``target_quality``. ``targets``: ``section_code``, ``year``,
    ``target_class``; used where present: ``target_quality``. ``sections``: ``section_code``;
    used where present: ``target_class``, ``target_quality``, ``valid_from``, ``valid_to``.

    Parameters
    ----------
    assessments : DataFrame, n rows
        One row per section and period.
    targets : DataFrame, optional
        Targets by section and year of the period's begin.
    sections : DataFrame, optional
        Registry, whose target holds where ``targets`` has none; the target that the
        assessments themselves carry comes last.

    Returns
    -------
    DataFrame, n rows: same rows, order and index
        ``section_code``, ``section_name``, ``period``, ``period_end``, ``class``,
        ``target_class``, ``target_quality``, ``target_source`` (年度目标表, 断面表 or 评价表),
        ``attained`` (missing without class or target, and where an item of ``items_undecided``
        could still miss what the others meet), ``classes_short`` (by how many classes
        the target is missed, 0 when attained), ``attain_flag``, ``why_zh``, ``why_en``.

    Raises
    ------
    SchemaError
        A required column is missing, a year or a class is none, or a section has two targets
        for a year.

    Notes
    -----
    Source: a section attains when its class is equal to or better than the target; common
    practice of assessed sections (rule ``attained``, verified).

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.assess.targets import attain
    >>> assessments = pd.DataFrame({
    ...     "section_code": "S1", "period": pd.to_datetime(["2024-10-01", "2025-10-01"]),
    ...     "class": ["Ⅳ", "Ⅳ"]})
    >>> targets = pd.DataFrame({
    ...     "section_code": "S1", "year": [2024, 2025], "target_class": ["Ⅳ", "Ⅲ"]})
    >>> attain(assessments, targets)[["target_class", "attained", "classes_short"]]
      target_class  attained  classes_short
    0            Ⅳ      True              0
    1            Ⅲ     False              1
    """
    import pandas as pd

    rows = assessment_rows(assessments)
    periods = periods_of(rows)
    book = TargetBook(targets, sections)
    of_periods = book.of_periods(periods)
    places = {
        (begin, end if end == end else None): at
        for at, (begin, end) in enumerate(
            zip(periods["period"], periods["period_end"], strict=True)
        )
    }
    own = _own_targets(assessments)
    ends = _range_of_classes(assessments)
    undecided = texts(assessments, "items_undecided")
    found: list[dict[str, Any]] = []
    for number, row in enumerate(rows.to_dict("records")):
        end = row["period_end"] if row["period_end"] == row["period_end"] else None
        at = places[row["period"], end]
        target = book.of_year(row["section_code"], row["period"].year)
        if target is None or target.rank < 0:
            target = of_periods.get((row["section_code"], at)) or own[number]
        values = {str(k): v for k, v in row.items()}
        # as the assessment itself, where it was held against the same target
        values["is_open"] = bool(undecided[number]) and not (
            target.rank == own[number].rank and row["attained"] is True
        )
        found.append(_compared(values, target, ends[number], book))
    out: dict[str, Any] = {
        "section_code": strings(rows["section_code"]),
        "section_name": strings(rows["section_name"]),
        "period": rows["period"].to_numpy(),
        "period_end": rows["period_end"].to_numpy(),
        "class": pd.Categorical.from_codes(rows["rank"], dtype=class_dtype()),
        "target_class": pd.Categorical.from_codes(
            [row["target"] for row in found], dtype=class_dtype()
        ),
        "attained": pd.array([row["attained"] for row in found], dtype="boolean"),
        "classes_short": pd.array([row["classes_short"] for row in found], dtype="Int64"),
    }
    for name in ("target_quality", "target_source", "attain_flag", "why_zh", "why_en"):
        out[name] = strings(row[name] for row in found)
    return pd.DataFrame(
        {name: out[name] for name in ATTAIN_COLUMNS}, index=assessments.index.copy()
    )


def _own_targets(assessments: pd.DataFrame) -> list[Target]:
    if "target_class" not in assessments:
        return [Target()] * len(assessments)
    classes = as_classes(assessments["target_class"], table="assessments", column="target_class")
    qualities = texts(assessments, "target_quality")
    return [
        Target(rank, quality, TARGET_SOURCES[2]) if rank >= 0 else Target()
        for rank, quality in zip(classes.codes.tolist(), qualities, strict=True)
    ]


def _range_of_classes(assessments: pd.DataFrame) -> list[tuple[int, int]]:
    """Return the ranks that detection limits leave open, -1 where nothing is said."""
    pairs = []
    for name in ("class_best", "class_worst"):
        if name in assessments:
            classes = as_classes(assessments[name], table="assessments", column=name)
            pairs.append(classes.codes.tolist())
        else:
            pairs.append([-1] * len(assessments))
    return list(zip(*pairs, strict=True))


def _compared(
    row: dict[str, Any], target: Target, ends: tuple[int, int], book: TargetBook
) -> dict[str, Any]:
    """Compare one class with its target and say why."""
    flags = []
    rank, goal = row["rank"], target.rank
    attained = None if rank < 0 or goal < 0 else rank <= goal
    if attained and row["is_open"] and ends[1] > goal:
        attained = None
    if goal < 0:
        flags.append("没有目标类别")
    if rank < 0:
        flags.append("没有类别")
    if target.quality == "assumed":
        flags.append("目标类别为假定")
    if goal >= 0 and min(ends) >= 0 and (ends[0] <= goal) != (ends[1] <= goal):
        flags.append("受检出限影响，达标与否可能改变")
    if target.source == TARGET_SOURCES[0] and row["period_end"] == row["period_end"]:
        last = row["period_end"].to_pydatetime().replace(microsecond=0)
        year = last.year - (last.month == last.day == 1 and last.hour == 0)
        other = book.of_year(row["section_code"], year)
        if year != row["period"].year and (other is None or other.rank != goal):
            flags.append(f"时段跨年，按{row['period'].year}年目标")
    name = row["section_name"] or row["key"]
    when = {lang: period_text(row["period"], row["period_end"], lang=lang) for lang in ("zh", "en")}
    zh, en = _reasons(rank, goal, attained, target)
    return {
        "target": goal,
        "target_quality": target.quality,
        "target_source": target.source,
        "attained": attained,
        "classes_short": None if attained is None else max(rank - goal, 0),
        "attain_flag": "；".join(flags),
        "why_zh": f"{name} {when['zh']}：{zh}。",
        "why_en": f"{name} {when['en']}: {en}.",
    }


_SOURCES_EN = dict(
    zip(TARGET_SOURCES, ("targets of the year", "registry", "assessments"), strict=True)
)


def _reasons(rank: int, goal: int, attained: bool | None, target: Target) -> tuple[str, str]:
    zh = f"{CLASSES[rank]}类" if rank >= 0 else "未评价"
    en = class_en(CLASSES[rank]) if rank >= 0 else "not judged"
    if goal < 0:
        return f"{zh}，没有目标类别", f"{en}, no target class"
    assumed = ("，假定", ", assumed") if target.quality == "assumed" else ("", "")
    zh += f"，目标{CLASSES[goal]}类（{target.source}{assumed[0]}）"
    en += f", target {CLASSES[goal]} ({_SOURCES_EN[target.source]}{assumed[1]})"
    if attained is None:
        return f"{zh}，达标与否不能判定", f"{en}, attainment cannot be told"
    if attained:
        return f"{zh}，达标", f"{en}, attained"
    short = rank - goal
    return f"{zh}，未达标，差{short}类", f"{en}, missed by {short} class{'es' * (short > 1)}"


def steadiness(
    assessments: pd.DataFrame,
    *,
    months: int,
    least_months: int = 1,
    yearly: pd.DataFrame | None = None,
    missing: str = "unknown",
) -> pd.DataFrame:
    """Tell steady attainment from unsteady, year by year, by a number of months of your own.

    No rule text defines 稳定达标 and 不稳定达标, so ``months`` must be given, and the result
    states the definition that was used.

    Required columns: ``section_code``, ``period`` (months), ``class``, ``attained``; used where
    present: ``section_name``, ``period_end``. ``yearly``: the same of years.

    Parameters
    ----------
    assessments : DataFrame
        One row per section and month.
    months : int, 1 to 12
        So many attained months of a year are steady.
    least_months : int, 1 to ``months``
        Without ``yearly``: fewer attained months than these are no attainment.
    yearly : DataFrame, optional
        Verdicts on whole years. With it a year that misses its target is 不达标, whatever its
        months, and ``least_months`` does not count.
    missing : {"unknown", "left_out"}
        Whether a month without a verdict might have attained, so that a verdict it could
        change stays open; or does not count.

    Returns
    -------
    DataFrame, one row per section and year, sections in order of appearance
        ``section_code``, ``section_name``, ``year``, ``n_months`` (with a verdict) =
        ``n_attained`` + ``n_missed``, ``n_unknown`` (the rest of twelve), ``year_attained``
        (of ``yearly``), ``months_required``, ``steadiness`` (稳定达标, 不稳定达标, 不达标;
        missing where it is open), ``steady_definition``, ``steady_flag``.

    Raises
    ------
    SchemaError
        A required column is missing, or a period is no month (of ``yearly``: no year).
    ValueError
        ``months`` or ``least_months`` is out of range, or ``missing`` unknown.

    Notes
    -----
    Source: none found (rule ``stable``, not found); ``steady_definition`` says what was counted.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.assess.targets import steadiness
    >>> period = pd.date_range("2025-01-01", periods=12, freq="MS")
    >>> assessments = pd.DataFrame({
    ...     "section_code": "S1", "period": period, "class": "Ⅲ",
    ...     "attained": [True] * 8 + [False] * 4})
    >>> for months in (8, 9):
    ...     print(months, steadiness(assessments, months=months)["steadiness"].item())
    8 稳定达标
    9 不稳定达标
    """
    import pandas as pd

    one_of("missing", missing, MISSING_MONTHS)
    _in_range("months", months, 1, _YEAR)
    _in_range("least_months", least_months, 1, months)
    rows = _with_years(assessments, "assessments", 1)
    years = None if yearly is None else _with_years(yearly, "yearly", _YEAR)
    of_year = (
        {}
        if years is None
        else dict(
            zip(zip(years["key"], years["year"], strict=True), years["attained"], strict=True)
        )
    )
    definition = _definition(months, least_months, years is not None, missing)
    out: list[dict[str, Any]] = []
    order = {key: place for place, key in enumerate(dict.fromkeys(rows["key"]))}
    rows["place"] = rows["key"].map(order)
    for (_, year), own in rows.groupby(["place", "year"], sort=True):
        known = own[own["attained"].notna()]
        n_attained = int(known["attained"].sum())
        unknown = _YEAR - len(known)
        verdict = of_year.get((own["key"].iloc[0], year))
        verdict = None if verdict is None or pd.isna(verdict) else bool(verdict)
        word, flags = _steady(
            n_attained, 0 if missing == "left_out" else unknown, months, least_months,
            years is not None, verdict,
        )  # fmt: skip
        if unknown:
            flags.append(f"{unknown}个月没有达标与否的结论")
        out.append({
            "section_code": own["section_code"].iloc[0],
            "section_name": own["section_name"].iloc[0], "year": year, "n_months": len(known),
            "n_attained": n_attained, "n_missed": len(known) - n_attained, "n_unknown": unknown,
            "year_attained": verdict, "months_required": months, "steadiness": word,
            "steady_definition": definition, "steady_flag": "；".join(flags),
        })  # fmt: skip
    table = pd.DataFrame(out, columns=list(STEADINESS_COLUMNS))
    for name in table.columns:
        if name.startswith("n_") or name in ("year", "months_required"):
            table[name] = table[name].astype("int64")
        elif name == "year_attained":
            table[name] = pd.array([row["year_attained"] for row in out], dtype="boolean")
        else:
            table[name] = table[name].astype("str")
    return table


def _in_range(argument: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(
            f"{argument}={value!r} is not a number of months from {low} to {high}; no rule text "
            "sets it, so it is yours to choose."
        )


def _with_years(assessments: pd.DataFrame, table: str, n_months: int) -> pd.DataFrame:
    """Return checked rows with their year; every period must last so many months."""
    import pandas as pd

    require(assessments, ["attained"], table=table, hint=ASSESS_FIRST)
    rows = assessment_rows(assessments)
    begin, end = rows["period"], rows["period_end"]
    right: Any = (begin + pd.DateOffset(months=n_months) == end) | end.isna()
    right &= begin.dt.day == 1
    if n_months == _YEAR:
        right &= begin.dt.month == 1
    wrong: Sequence[int] = (~right).to_numpy().nonzero()[0].tolist()
    if wrong:
        what = "month" if n_months == 1 else "year"
        raise SchemaError(
            f"{table}: row {wrong[0] + 1} is the period "
            f"{period_text(begin[wrong[0]], end[wrong[0]], lang='en')}, which is no {what}; assess with "
            f'period="{what}".'
        )
    rows["year"] = begin.dt.year.astype("int64")
    return rows


def _steady(
    n_attained: int, unknown: int, months: int, least: int, by_year: bool, verdict: bool | None
) -> tuple[str | None, list[str]]:
    """Return the word for a year's months, or nothing where it is open, and why."""
    most = n_attained + unknown
    if by_year and verdict is None:
        return None, ["没有年度达标与否的结论，不能判定"]
    if by_year and not verdict:
        return "不达标", []
    if n_attained >= months:
        return "稳定达标", []
    if not by_year and most < least:
        return "不达标", []
    if most < months and (by_year or n_attained >= least):
        return "不稳定达标", []
    return None, [f"已达标{n_attained}个月，最多可达{most}个月，尚不能判定"]


def _definition(months: int, least: int, by_year: bool, missing: str) -> str:
    if by_year:
        text = (
            f"年度达标且达标月数不少于{months}个为稳定达标；年度达标而月数不足为不稳定达标；"
            "年度未达标为不达标"
        )
    else:
        text = (
            f"一年中达标月数不少于{months}个为稳定达标，{least}个以上而不足{months}个为不稳定达标，"
            f"少于{least}个为不达标"
        )
    status = standards.rule_status("stable", lang="zh")
    return f"{text}；{MISSING_MONTHS[missing]}（{status}，月数由使用者给出）"
