"""The plan's own targets, and which of them water-quality data can answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

from chaoyang_geo import standards
from chaoyang_geo.assess.cells import cells_of
from chaoyang_geo.assess.periods import sources_in
from chaoyang_geo.assess.rounded import exact
from chaoyang_geo.assess.rows import listed, named, percent, strings, texts
from chaoyang_geo.assess.spatial import checked_means
from chaoyang_geo.bounds import number_column
from chaoyang_geo.codes import coded
from chaoyang_geo.reasons import period_text
from chaoyang_geo.schema import CLASSES, one_of, require

if TYPE_CHECKING:
    import pandas as pd

    class HasIndicators(Protocol):
        """What is read of a plan."""

        @property
        def indicators(self) -> pd.DataFrame: ...
        @property
        def sections(self) -> Any: ...


#: Verdicts on an indicator.
PROGRESS_VERDICTS: tuple[str, ...] = (
    "达到", "未达到", "数据不全，不能判定", "目标待下达", "目标无单一数值", "本数据不能回答",
)  # fmt: skip

#: What water-quality data can measure of an indicator.
MEASURES: dict[str, tuple[str, str]] = {
    "share_1_3": ("Ⅰ~Ⅲ类断面比例", "share of sections in Ⅰ-Ⅲ"),
    "share_worse_5": ("劣Ⅴ类断面比例", "share of sections worse than Ⅴ"),
    "attainment_rate": ("断面达标率", "attainment rate of sections"),
    "drinking": ("水源达到或优于Ⅲ类比例", "share of drinking-water sources in Ⅰ-Ⅲ"),
}

PROGRESS_COLUMNS: tuple[str, ...] = (
    "indicator_no", "indicator", "binding", "measure", "period", "period_end", "baseline_value",
    "target_text", "target_value", "target_unit", "target_state", "indicator_value", "n_met",
    "n_judged", "n_not_judged", "indicator_verdict", "indicator_verdict_en", "progress_flag", "why_zh", "why_en",
)  # fmt: skip

_VERDICTS_EN = dict(
    zip(
        PROGRESS_VERDICTS,
        ("met", "not met", "too few data to tell", "target not yet set", "no single target number",
         "no data here"),
        strict=True,
    )
)  # fmt: skip

_GOOD = re.compile(r"(达到或?好于|达到或?优于|优于或?达到|好于|优于|Ⅰ[~～\-—至]*Ⅲ)")
_UP_TO_3 = re.compile(r"(Ⅲ|III|三)类")


def indicator_progress(
    plan: HasIndicators,
    assessments: pd.DataFrame,
    means: pd.DataFrame | None = None,
    *,
    drinking_sources: Sequence[str] = (),
    periods: str = "latest",
    sections: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Set what the data say beside every target of a plan.

    Answered are shares of sections in Ⅰ-Ⅲ or worse than Ⅴ, attainment rates, and the share of
    drinking-water sources in Ⅰ-Ⅲ where ``drinking_sources`` or the registry says which they are.
    For every other indicator the verdict is that these data do not answer it.

    Required columns: ``plan.indicators``: ``indicator_no``, ``indicator``; used where present:
    ``target_text``, ``target_value``, ``target_unit``, ``target_state``, ``binding``,
    ``baseline_value``, ``n_sources`` (how many drinking-water sources the plan counts: those
    without a section were not judged). ``plan.sections``: ``section_code``. ``assessments``: ``section_code``,
    ``period``, ``class``; used where present: ``period_end``, ``section_name``,
    ``attained``. ``means``: as in :func:`rate_basin`.

    Parameters
    ----------
    plan : Plan, or any object with the tables ``indicators`` and ``sections``
    assessments : DataFrame
        One row per section and period; a plan is judged by years.
    means : DataFrame, optional
        Means of the same periods; of drinking-water sources they also say whether an item of
        GB 3838-2002 Table 2 exceeds its limit.
    drinking_sources : sequence of str
        Codes of the sections at drinking-water sources; by default those with a true
        ``drinking_water``.
    periods : {"latest", "all"}
        The last period of ``assessments``, or each.
    sections : DataFrame, optional
        The sections that the plan's shares are taken over; default ``plan.sections``.

    Returns
    -------
    DataFrame, one row per indicator (and period that answers it), in the plan's order
        ``indicator_no``, ``indicator``, ``binding``, ``measure`` (a key of :data:`MEASURES`, or
        empty), ``period``, ``period_end``, ``baseline_value``, ``target_text``, ``target_value``,
        ``target_unit``, ``target_state``, ``indicator_value`` (percent, not rounded; missing
        where the data do not answer), ``n_met`` of ``n_judged`` sections, ``n_not_judged``,
        ``indicator_verdict`` (one of :data:`PROGRESS_VERDICTS`), ``indicator_verdict_en``,
        ``progress_flag``, ``why_zh``, ``why_en``.

    Raises
    ------
    SchemaError
        A required column is missing, or a section has two rows in a period.
    ValueError
        Unknown ``periods``, or a drinking-water source that is no section.

    Notes
    -----
    The value is compared as the target is printed: 12 of 14 sections (85.714 %) meet 85.7 %.
    A target of 100 % or 0 % is met only exactly. Where sections that were not judged could
    turn the verdict, there is none. The shares are those of 环办〔2011〕22号 (verified).

    Examples
    --------
    >>> import pandas as pd
    >>> from types import SimpleNamespace
    >>> from chaoyang_geo.assess.indicators import indicator_progress
    >>> plan = SimpleNamespace(
    ...     sections=pd.DataFrame({"section_code": list("abcdefg")}),
    ...     indicators=pd.DataFrame({
    ...         "indicator_no": [1, 2], "indicator": ["地表水水质达到或优于Ⅲ类比例(%)", "森林覆盖率(%)"],
    ...         "target_text": ["85.7", "31"], "target_value": [85.7, 31.0], "target_state": "set"}))
    >>> assessments = pd.DataFrame({
    ...     "section_code": list("abcdefg"), "period": pd.Timestamp("2025-01-01"),
    ...     "period_end": pd.Timestamp("2026-01-01"), "class": ["Ⅲ"] * 6 + ["Ⅳ"]})
    >>> found = indicator_progress(plan, assessments)
    >>> found["indicator_verdict"].tolist()
    ['达到', '本数据不能回答']
    """
    import pandas as pd

    one_of("periods", periods, ("latest", "all"))
    indicators = plan.indicators
    require(indicators, ["indicator_no", "indicator"], table="plan.indicators")
    registry = plan.sections if sections is None else sections
    cells, found_periods = cells_of(assessments, registry, None, [])
    # sections beyond the plan are not the plan's
    codes = [str(text) for text in coded(registry["section_code"]).texts]
    cells = cells[cells["section_code"].isin(codes)].assign(name=lambda own: named(own))
    strange = [code for code in drinking_sources if code not in codes]
    if strange:
        raise ValueError(
            f"drinking_sources: {strange[0]!r} is no section of the plan; use codes such as "
            f"{', '.join(codes[:3])}."
        )
    sources = list(drinking_sources) or sources_in(registry)
    data = _Data(cells, found_periods, means, sources, "attained" in assessments)
    out: list[dict[str, Any]] = []
    for row in _targets(indicators):
        measure = measure_of(row["indicator"])
        places = [] if measure is None else data.places(periods)
        n_sources = row.pop("n_sources")
        answers = [data.answer(str(measure), at, n_sources) for at in places] or [_Answer()]
        out += [_progress(row, measure, answer) for answer in answers]
    table = pd.DataFrame(out, columns=list(PROGRESS_COLUMNS))
    for name in table.columns:
        if name in ("period", "period_end"):
            table[name] = pd.Series(table[name], dtype="object").astype("datetime64[s]")
        elif name.startswith("n_"):
            table[name] = table[name].astype("Int64")
        elif name in ("baseline_value", "target_value", "indicator_value"):
            table[name] = table[name].astype("float64")
        elif name != "indicator_no":
            table[name] = strings(table[name])
    table["indicator_no"] = table["indicator_no"].astype(indicators["indicator_no"].dtype)
    return table


def measure_of(indicator: str) -> str | None:
    """Return what water-quality data can measure of an indicator, by its name, else ``None``.

    Examples
    --------
    >>> from chaoyang_geo.assess.indicators import measure_of
    >>> names = ("地表水水质达到或优于Ⅲ类比例(%)", "地表水劣Ⅴ类水体比例（%）", "重要河湖水质达标率",
    ...          "城市集中饮用水水源达到或优于Ⅲ类比例(%)", "空气质量优良天数比例(%)")
    >>> [measure_of(name) for name in names]
    ['share_1_3', 'share_worse_5', 'attainment_rate', 'drinking', None]
    """
    name = re.sub(r"\s", "", indicator).replace("Ⅴ", "V").replace("五类", "V类")
    other = ("地下水", "近岸海域", "海水", "污水", "废水", "空气", "黑臭", "农村")
    if any(word in name for word in other) or ("比例" not in name and "率" not in name):
        return None
    of_class_3 = bool(_GOOD.search(name) and _UP_TO_3.search(name))
    if "水源" in name:
        return "drinking" if of_class_3 or "达标" in name else None
    water = any(word in name for word in ("水质", "地表水", "断面", "水体", "河湖"))
    if not water or "功能区" in name:  # function zones have their own points and targets
        return None
    if "劣V" in name:
        return "share_worse_5"
    if of_class_3 or "优良" in name:
        return "share_1_3"
    return "attainment_rate" if "达标率" in name else None


@dataclass
class _Answer:
    """What the data say of one indicator in one period."""

    begin: Any = None
    end: Any = None
    n_met: int | None = None
    n_judged: int | None = None
    n_not_judged: int | None = None
    flags: tuple[str, ...] = ()
    basis: str = ""


@dataclass
class _Data:
    """The assessed sections of the plan."""

    cells: pd.DataFrame
    periods: pd.DataFrame
    means: pd.DataFrame | None
    sources: list[str]
    has_goals: bool

    def places(self, periods: str) -> list[int]:
        """Return the places of the periods that are asked for."""
        every = list(range(len(self.periods)))
        return every if periods == "all" else every[-1:]

    def answer(self, measure: str, at: int, n_sources: float) -> _Answer:
        """Count the sections that meet what an indicator asks, in one period.

        ``n_sources`` is how many sources the plan counts; NaN where it does not say.
        """
        begin, end = self.periods.iloc[at]
        cells = self.cells[self.cells["at"] == at]
        flags = [] if _is_year(begin, end) else [f"按{period_text(begin, end)}评价，规划按年考核"]
        if measure == "drinking":
            if not self.sources:
                return _Answer(flags=("断面表没有标明哪些是饮用水水源，可用drinking_sources给出",))
            cells = cells[cells["section_code"].isin(self.sources)]
        known = cells["rank"] >= 0
        if measure == "attainment_rate":
            if not self.has_goals:
                return _Answer(flags=("评价表没有attained列",))
            known &= cells["attained"].notna()
            met = known & cells["attained"].fillna(False).astype(bool)
        elif measure == "share_worse_5":
            met = known & (cells["rank"] == len(CLASSES) - 1)
        else:
            met = known & (cells["rank"] <= CLASSES.index("Ⅲ"))
        if measure == "drinking":
            over, said = self._beyond_table_2(cells[known], begin)
            met &= ~cells["section_code"].isin(over)
            flags += said
        else:
            flags.append(f"规划未列考核断面，按断面表{len(cells)}个断面计")
            if (cells["target_quality"] == "assumed").any() and measure == "attainment_rate":
                flags.append("含假定的目标类别")
        unjudged = cells.loc[~known, "name"].tolist()
        if unjudged:
            flags.append(f"未评价{len(unjudged)}个：{listed(unjudged)}")
        elsewhere = 0
        if measure == "drinking" and n_sources > len(self.sources):
            elsewhere = int(n_sources) - len(self.sources)
            flags.append(f"规划有{int(n_sources)}个水源，断面表只有{len(self.sources)}个")
        return _Answer(begin, end, int(met.sum()), int(known.sum()), len(unjudged) + elsewhere,
                       tuple(flags), measure)  # fmt: skip

    def _beyond_table_2(self, cells: pd.DataFrame, begin: Any) -> tuple[list[str], list[str]]:
        """Return the sources beyond a limit of Table 2, and what was not looked at."""
        names = standards.item_names()
        table = standards.limits("gb3838_table2")
        limit = dict(zip(table["item"], table["class_1"], strict=True))
        unit = dict(zip(table["item"], table["unit"], strict=True))
        if self.means is None:
            return [], ["未给均值表，未检查GB 3838-2002表2的补充项目"]
        means = checked_means(self.means)
        means = means[(means["period"] == begin) & means["mean"].notna()]
        means = means[means["item"].map(unit) == means["unit"]]
        over, said = [], []
        for code, name in zip(cells["section_code"], cells["name"], strict=True):
            rows = means[means["key"] == code]
            own = dict(zip(rows["item"], rows["mean"], strict=True))
            lacking = [names[item] for item in limit if item not in own]
            if lacking:
                said.append(f"{name}没有{'、'.join(lacking)}的均值")
            beyond = [
                names[item] for item, value in own.items() if exact(value) > exact(limit[item])
            ]
            if beyond:
                over.append(str(code))
                said.append(f"{name}的{'、'.join(beyond)}超过表2限值")
        return over, said


def _is_year(begin: Any, end: Any) -> bool:
    import pandas as pd

    return bool(end == end and begin + pd.DateOffset(years=1) == end)


def _targets(indicators: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the indicators with every column that is read, texts empty where missing."""
    n = len(indicators)
    columns: dict[str, Any] = {"indicator_no": indicators["indicator_no"].tolist()}
    for name in (
        "indicator", "indicator_en", "binding", "target_text", "target_text_en", "target_unit",
        "target_state",
    ):  # fmt: skip
        columns[name] = texts(indicators, name).tolist()
    for name in ("target_value", "baseline_value", "n_sources"):
        columns[name] = (
            number_column(indicators, name, table="plan.indicators").tolist()
            if name in indicators
            else [float("nan")] * n
        )
    return [{name: values[row] for name, values in columns.items()} for row in range(n)]


def _progress(row: dict[str, Any], measure: str | None, answer: _Answer) -> dict[str, Any]:
    """Compare one answer with its target."""
    flags = list(answer.flags)
    value = Fraction(0)
    answered = bool(answer.n_judged) and answer.n_met is not None
    if answered:
        value = Fraction(100 * (answer.n_met or 0), answer.n_judged or 1)
    verdict = _verdict(row, measure, answer)
    if measure is None and verdict != "本数据不能回答":
        flags.append("水质数据不能回答该指标")
    if measure is not None and row["baseline_value"] != row["baseline_value"]:
        flags.append("规划未印基准值")
    found = {
        **row,
        "measure": measure or "",
        "period": answer.begin, "period_end": answer.end,
        "indicator_value": float(value) if answered else float("nan"),
        "n_met": answer.n_met, "n_judged": answer.n_judged, "n_not_judged": answer.n_not_judged,
        "indicator_verdict": verdict, "indicator_verdict_en": _VERDICTS_EN[verdict],
        "progress_flag": "；".join(flags),
    }  # fmt: skip
    found["why_zh"], found["why_en"] = _reasons(found, answered, flags)
    return found


def _verdict(row: dict[str, Any], measure: str | None, answer: _Answer) -> str:
    if row["target_state"] == "pending":
        return "目标待下达"
    if measure is None or answer.n_judged is None:
        return "本数据不能回答"
    if row["target_value"] != row["target_value"]:
        return "目标无单一数值"
    met, judged, rest = answer.n_met or 0, answer.n_judged, answer.n_not_judged or 0
    if judged + rest == 0 or not judged:
        return "数据不全，不能判定"
    # with the sections that were not judged all on one side, or all on the other
    ends = {
        meets_target(part, judged + rest, row["target_value"], row["target_text"],
                     lower_is_better=measure == "share_worse_5")
        for part in (met, met + rest)
    }  # fmt: skip
    if len(ends) > 1:
        return "数据不全，不能判定"
    return "达到" if ends.pop() else "未达到"


def meets_target(
    part: int, whole: int, target: float, printed: str, *, lower_is_better: bool = False
) -> bool:
    """Tell whether a share meets a target in percent, at the decimals that are printed.

    Examples
    --------
    >>> from chaoyang_geo.assess.indicators import meets_target
    >>> meets_target(6, 7, 85.7, "85.7"), meets_target(5, 7, 85.7, "85.7")
    (True, False)
    >>> meets_target(299, 300, 100, "100"), meets_target(1, 300, 0, "0", lower_is_better=True)
    (False, False)
    """
    share = Fraction(100 * part, whole)
    goal = Fraction(str(target))
    if 0 < goal < 100:
        numbers = re.findall(r"\d+(?:\.(\d+))?", printed) or [""]
        unit = Fraction(1, 10 ** len(numbers[0]))
        share = round(share / unit) * unit  # of a fraction: half to even
    return share <= goal if lower_is_better else share >= goal


def _reasons(row: dict[str, Any], answered: bool, flags: Sequence[str]) -> tuple[str, str]:
    verdict = row["indicator_verdict"]
    zh, en = [], []
    if row["target_text"]:
        unit = (
            ""
            if not row["target_unit"] or row["target_unit"] in row["target_text"]
            else row["target_unit"]
        )
        zh.append(f"目标{row['target_text']}{unit}")
        en.append(f"target {row['target_text_en'] or row['target_text']}{unit}")
    if answered:
        zh_when = period_text(row["period"], row["period_end"])
        en_when = period_text(row["period"], row["period_end"], lang="en")
        met, of = row["n_met"], row["n_judged"]
        names = MEASURES[row["measure"]]
        zh.append(f"{zh_when}{names[0]}{percent(met, of)}（{met}/{of}）")
        en.append(f"{names[1]} in {en_when} {percent(met, of)} ({met} of {of})")
    said = f"（{'；'.join(flags)}）" if flags else ""
    zh.append(f"{verdict}{said}")
    en.append(_VERDICTS_EN[verdict])
    english = row["indicator_en"] or row["indicator"]
    return f"{row['indicator']}：{'，'.join(zh)}。", f"{english}: {', '.join(en)}."
