"""What the remaining months must average so that the year attains its target."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.assess.needed_words import basis_of, flag_of, reason_of
from chaoyang_geo.assess.rounded import End, exact, highest_mean, lowest_mean
from chaoyang_geo.assess.rows import strings, texts
from chaoyang_geo.assess.spatial import checked_means
from chaoyang_geo.assess.targets import Target, TargetBook
from chaoyang_geo.bounds import WATER_TYPES, item_bounds, number_column
from chaoyang_geo.codes import Coded
from chaoyang_geo.rounding import round_half_even
from chaoyang_geo.schema import CLASSES, SchemaError, as_text, class_dtype, one_of
from chaoyang_geo.standards.plausible import plausible

if TYPE_CHECKING:
    import pandas as pd

#: How months make a year's mean; no text of the rule was checked, so the result says which.
YEAR_MEANS: dict[str, str] = {
    "months": "年均值为各月均值的算术平均",
    "readings": "年均值为全年读数的算术平均，余下每月按已有月份的平均读数个数计",
}

#: Verdicts on what is still possible, worst first.
NEEDED_VERDICTS: tuple[str, ...] = (
    "未达到", "已不可能", "历史最好月亦不够", "尚有可能", "历史最差月亦可", "任意值均可", "已达到",
)  # fmt: skip

NEEDED_COLUMNS: tuple[str, ...] = (
    "section_code", "section_name", "item", "unit", "year", "target_class", "target_quality",
    "n_months", "n_left", "mean_so_far", "mean_so_far_rounded", "limit_low", "limit_high",
    "needed_low", "needed_high", "low_included", "high_included", "best_seen", "worst_seen",
    "possible", "needed_verdict", "needed_basis", "needed_flag", "why_zh", "why_en",
)  # fmt: skip

_YEAR = 12
_MAX_PH = 14.0


def needed_mean(
    means: pd.DataFrame,
    targets: pd.DataFrame | None = None,
    sections: pd.DataFrame | None = None,
    *,
    year: int,
    standard: Any = "gb3838",
    items: str | Iterable[str] | None = None,
    through: int | None = None,
    months_left: int | None = None,
    year_mean: str = "months",
) -> pd.DataFrame:
    """Tell what the remaining months must average so that the year's mean meets its limit.

    The year's mean is rounded before it is compared, so it may lie beyond the limit by half a
    unit of its last decimal; this is worked out exactly, in fractions.

    Required columns: ``means``: ``section_code``, ``period`` (months), ``item``, ``mean``; used
    where present: ``period_end``, ``unit``, ``n``, ``n_censored``, ``section_name``.
    ``targets``: ``section_code``, ``year``, ``target_class``. ``sections``: ``section_code``;
    used where present: ``section_name``, ``water_type``, ``target_class``,
    ``target_quality``, ``valid_from``, ``valid_to``.

    Parameters
    ----------
    means : DataFrame
        Monthly means of :func:`mean_readings`, not rounded; other years are the history.
    targets, sections : DataFrame, optional
        Target of the year, else of the registry, as in :func:`attain`; the registry also says
        river or lake.
    year : int
    standard, items
        As in :func:`rate_basin`. The core items of a section (pH, DO, CODMn, NH3-N, TP) have a
        row even without any mean.
    through : int, 0 to 12, optional
        Last month that is over; default the last month of ``year`` in ``means``, with or without
        a mean. Means of later
        months stay out. A month before it without a mean is lost.
    months_left : int, optional
        How many months will still be measured; default 12 less ``through``.
    year_mean : {"months", "readings"}
        Whether each month weighs the same, or each reading (needs ``n``). Unverified either way;
        ``needed_basis`` says so.

    Returns
    -------
    DataFrame, one row per section and item, sections in order of appearance
        ``section_code``, ``section_name``, ``item``, ``unit``, ``year``, ``target_class``,
        ``target_quality``, ``n_months`` (with a mean), ``n_left``, ``mean_so_far``,
        ``mean_so_far_rounded``, ``limit_low``, ``limit_high`` (of the target class),
        ``needed_low``, ``needed_high`` (what the mean of the remaining months must not fall
        below or exceed; missing where it is free, or nothing is left), ``low_included``,
        ``high_included`` (whether just that is enough), ``best_seen``, ``worst_seen`` (monthly
        means of all years given; not for pH), ``possible``, ``needed_verdict`` (one of
        :data:`NEEDED_VERDICTS`), ``needed_basis``, ``needed_flag``, ``why_zh``, ``why_en``.

    Raises
    ------
    SchemaError
        A required column is missing, or a period is no month.
    ValueError
        A month or an option is out of range.

    Notes
    -----
    needed = (N B - S) / r: N months of the year that count, r of them to come, S the sum of those
    done, B the largest (DO: smallest) year's mean that still meets the limit when rounded half
    to even by the decimals of 环办监测函〔2020〕82号 (rounding verified, decimals single source).
    pH: the same with the hydrogen ion, for both ends of the range (single source). That a
    year is the mean of its months is unverified (rule ``quarter_year``).

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.assess.needed import needed_mean
    >>> means = pd.DataFrame({
    ...     "section_code": "S1", "period": pd.date_range("2025-01-01", periods=6, freq="MS"),
    ...     "item": "tp", "mean": 0.25})
    >>> sections = pd.DataFrame({
    ...     "section_code": ["S1"], "water_type": "river", "target_class": "Ⅲ"})
    >>> row = needed_mean(means, sections=sections, year=2025, items=["tp"]).iloc[0]
    >>> print(row["n_left"], row["limit_high"], row["needed_high"], row["needed_verdict"])
    6 0.2 0.151 历史最好月亦不够
    """
    one_of("year_mean", year_mean, YEAR_MEANS)
    chosen = None if items is None else standards.item_set(items)
    standards.limits(standard)
    table = _months(means, year_mean)
    past = _past(table, year, through)
    left = _YEAR - past if months_left is None else months_left
    if isinstance(left, bool) or not isinstance(left, int) or not 0 <= left <= _YEAR:
        raise ValueError(f"months_left={left!r} is not a number of months from 0 to 12.")
    late = (table["year"] == year) & (table["month"] > past)
    # a section that has no mean so far still has a year to come
    keys = list(dict.fromkeys(table["key"]))
    cases = _cases(table[~late], keys, means, targets, sections, standard, chosen, year, past, left)
    for case in cases:
        _solve(case, by_readings=year_mean == "readings")
    return _written(cases, year, YEAR_MEANS[year_mean])


@dataclass
class Case:
    """One item of one section in the year."""

    key: str
    name: str
    item: str
    target: Target
    water: int
    past: int
    left: int
    unit: str = ""
    low: float = math.nan
    high: float = math.nan
    decimals: int | None = None
    done: dict[int, tuple[float, int]] = field(default_factory=dict)  # month: mean and n
    seen: list[float] = field(default_factory=list)
    strange_units: list[str] = field(default_factory=list)
    n_censored: int = 0
    assumed_water: bool = False
    so_far: float = math.nan
    so_far_rounded: float = math.nan
    need_low: End | None = None
    need_high: End | None = None
    best: float = math.nan
    worst: float = math.nan
    possible: bool | None = None
    verdict: str = ""
    believable: float = math.inf  # no value beyond it is believed
    free: bool = False  # the target is 劣Ⅴ, which any value meets

    @property
    def has_limit(self) -> bool:
        """Tell whether the target class has a limit for the item."""
        return not (math.isnan(self.low) and math.isnan(self.high))


def _months(means: pd.DataFrame, year_mean: str) -> pd.DataFrame:
    """Return checked monthly means with year and month."""
    import pandas as pd

    table = checked_means(means)
    begin, end = table["period"], table["period_end"]
    right = ((begin + pd.DateOffset(months=1) == end) | end.isna()) & (begin.dt.day == 1)
    wrong = (~right).to_numpy().nonzero()[0]
    if len(wrong):
        raise SchemaError(
            f"means: row {wrong[0] + 1} has the period from {begin[wrong[0]]} to {end[wrong[0]]}, "
            'which is no month; average with mean_readings(readings, period="month").'
        )
    if year_mean == "readings" and "n" not in means:
        raise SchemaError(
            'means: year_mean="readings" needs the column n, how many values each mean rests on.'
        )
    table["n"] = number_column(means, "n", table="means") if "n" in means else 1.0
    if year_mean == "readings":
        bad = (table["mean"].notna() & ~(table["n"] > 0)).to_numpy().nonzero()[0]
        if len(bad):
            raise SchemaError(
                f'means: row {bad[0] + 1} has a mean and no n; year_mean="readings" needs the '
                "number of values of every mean."
            )
    table["n"] = table["n"].fillna(0)
    table["n_censored"] = (
        number_column(means, "n_censored", table="means") if "n_censored" in means else 0.0
    )
    table["year"], table["month"] = begin.dt.year, begin.dt.month
    return table


def _past(table: pd.DataFrame, year: int, through: int | None) -> int:
    if isinstance(year, bool) or not isinstance(year, int):
        raise ValueError(f"year={year!r} is no year; give a whole number such as 2025.")
    if through is None:
        known = table[table["year"] == year]  # a month that was dry is over, too
        return int(known["month"].max()) if len(known) else 0
    if isinstance(through, bool) or not isinstance(through, int) or not 0 <= through <= _YEAR:
        raise ValueError(f"through={through!r} is not a month; give a whole number from 0 to 12.")
    return through


def _cases(
    table: pd.DataFrame,
    sections_given: Sequence[str],
    means: pd.DataFrame,
    targets: pd.DataFrame | None,
    sections: pd.DataFrame | None,
    standard: Any,
    items: tuple[str, ...] | None,
    year: int,
    past: int,
    left: int,
) -> list[Case]:
    """Gather what is known of every section and item: limits, months done, history."""
    import numpy as np
    import pandas as pd

    names = _names(means, sections)
    waters = _waters(sections)
    period = pd.DataFrame(
        {"period": [pd.Timestamp(year, 1, 1)], "period_end": [pd.Timestamp(year + 1, 1, 1)]}
    )
    book = TargetBook(targets, sections)
    registry = book.of_periods(period)
    groups: dict[tuple[str, str], pd.DataFrame] = {}
    items_of: dict[str, list[str]] = {}
    for pair, own in table.groupby(["key", "item"], sort=False):
        section, item = (str(part) for part in pair)
        groups[section, item] = own
        items_of.setdefault(section, []).append(item)
    cases: list[Case] = []
    for key in sections_given:
        if not key:
            continue
        wanted = items if items is not None else (*standards.CORE_ITEMS, *items_of.get(key, []))
        target = book.of_year(key, year)
        if target is None or target.rank < 0:
            target = registry.get((key, 0)) or Target()
        for item in dict.fromkeys(wanted):
            kind = waters.get(key, "")
            place = WATER_TYPES.index(kind or "river")
            cases.append(Case(key, names.get(key, ""), item, target, place, past, left,
                              assumed_water=not kind))  # fmt: skip
    keys = dict.fromkeys(case.item for case in cases)
    number = {item: place for place, item in enumerate(keys)}
    coded = Coded(list(keys), np.array([number[case.item] for case in cases], np.int64))
    water = np.array([case.water for case in cases], np.int64)
    ranks = np.array([case.target.rank for case in cases], np.int64)
    bounds = item_bounds(coded, water, ranks, standard=standard)
    places = standards.decimals()
    believable = plausible().set_index("item")["high"].to_dict()
    kept = []
    for row, case in enumerate(cases):
        if not bounds.in_class[row] and items is None:
            continue
        case.unit, case.decimals = str(bounds.unit[row]), places.get(case.item)
        case.believable = float(believable.get(case.item, math.inf))
        case.low, case.high = float(bounds.lower[row]), float(bounds.upper[row])
        case.free = case.target.rank == len(CLASSES) - 1 and bool(bounds.in_class[row])
        if (case.key, case.item) in groups:
            _take_months(case, groups[case.key, case.item], year)
        kept.append(case)
    return kept


def _names(means: pd.DataFrame, sections: pd.DataFrame | None) -> dict[str, str]:
    names: dict[str, str] = {}
    for frame in (means, sections):
        if frame is not None and "section_name" in frame:
            pairs = zip(as_text(frame["section_code"]), as_text(frame["section_name"]), strict=True)
            names.update({code: name for code, name in dict.fromkeys(pairs) if name})
    return names


def _waters(sections: pd.DataFrame | None) -> dict[str, str]:
    if sections is None:
        return {}
    found = {}
    for code, water in zip(
        as_text(sections["section_code"]), texts(sections, "water_type"), strict=True
    ):
        if water:
            one_of(f"water_type of section {code}", water, WATER_TYPES)
            found[code] = str(water)
    return found


def _take_months(case: Case, own: pd.DataFrame, year: int) -> None:
    """Take the months with a mean in the unit of the limit; others are named."""
    fits = {
        unit for unit in set(own["unit"])
        if not case.unit or standards.fold_unit(unit) in ("", standards.fold_unit(case.unit))
    }  # fmt: skip
    case.strange_units = sorted(set(own["unit"]) - fits)
    used: list[Any] = own[own["unit"].isin(fits) & own["mean"].notna()].to_dict("records")
    for row in used:
        value = float(row["mean"])
        case.seen.append(value)
        if row["year"] == year:
            case.done[int(row["month"])] = (value, int(row["n"]))
            case.n_censored += bool(row["n_censored"])


def _solve(case: Case, *, by_readings: bool) -> None:
    """Find what the remaining months must average, and whether they can."""
    if case.free and (case.left or case.done):
        case.possible, case.verdict = True, "任意值均可" if case.left else "已达到"
    if case.item == "ph":
        _solve_acid(case, by_readings)
        return
    weights, total, rest = _weights(case, by_readings)
    sum_done = sum((weights[m] * exact(v) for m, (v, _) in case.done.items()), Fraction(0))
    if case.done:
        case.so_far = float(sum_done / sum(weights.values()))
        case.so_far_rounded = _rounded(case.so_far, case.decimals)
    if case.seen and case.has_limit:
        order = (max, min) if math.isnan(case.high) else (min, max)
        case.best, case.worst = order[0](case.seen), order[1](case.seen)
    if not case.has_limit:
        return
    if not case.left:
        _settle(case)
        return
    if not math.isnan(case.high):
        bound, there = highest_mean(case.high, case.decimals)
        case.need_high = (total * bound - sum_done) / rest, there
    if not math.isnan(case.low):
        bound, there = lowest_mean(case.low, case.decimals)
        case.need_low = (total * bound - sum_done) / rest, there
    case.possible = case.need_high is None or _above(Fraction(0), case.need_high) <= 0
    if not case.possible:
        case.verdict = "已不可能"
    elif case.need_high is None and case.need_low is not None and _free_below(case.need_low):
        case.verdict = "任意值均可"
    elif case.seen and _meets(case, case.worst):
        case.verdict = "历史最差月亦可"
    elif case.seen and not _meets(case, case.best):
        case.verdict = "历史最好月亦不够"
    else:
        case.verdict = "尚有可能"


def _weights(case: Case, by_readings: bool) -> tuple[dict[int, Fraction], Fraction, Fraction]:
    """Return the weight of each month done, of the whole year, and of what is left."""
    weights = {month: Fraction(n if by_readings else 1) for month, (_, n) in case.done.items()}
    done = sum(weights.values(), Fraction(0))
    each = done / len(weights) if weights and done else Fraction(1)
    return weights, done + case.left * each, case.left * each


def _above(value: Fraction, end: End) -> int:
    """Return 1 where a value lies beyond an upper end, 0 on it where it belongs, else -1."""
    bound, there = end
    if value == bound:
        return 0 if there else 1
    return 1 if value > bound else -1


def _free_below(end: End) -> bool:
    """Tell whether a lower end is met by whatever is not negative."""
    bound, there = end
    return bound < 0 or (bound == 0 and there)


def _meets(case: Case, value: float) -> bool:
    number = exact(value)
    if case.need_high is not None and _above(number, case.need_high) > 0:
        return False
    if case.need_low is None:
        return True
    bound, there = case.need_low
    return number > bound or (there and number == bound)


def _rounded(value: float, decimals: int | None) -> float:
    return value if decimals is None else float(round_half_even([value], decimals)[0])


def _settle(case: Case) -> None:
    """Judge a year of which no month is left by its rounded mean."""
    if math.isnan(case.so_far_rounded):
        return
    value = exact(case.so_far_rounded)
    case.possible = not (
        (not math.isnan(case.high) and value > exact(case.high))
        or (not math.isnan(case.low) and value < exact(case.low))
    )
    case.verdict = "已达到" if case.possible else "未达到"


def _solve_acid(case: Case, by_readings: bool) -> None:
    """Solve for pH: its mean goes through the hydrogen ion, and both ends of its range count."""
    weights, total, rest = _weights(case, by_readings)
    parts = [float(weights[m]) * 10.0**-v for m, (v, _) in case.done.items()]
    sum_done = math.fsum(parts)
    if case.done:
        case.so_far = -math.log10(sum_done / float(sum(weights.values())))
        case.so_far_rounded = _rounded(case.so_far, case.decimals)
    if not case.has_limit:
        return
    if not case.left:
        _settle(case)
        return
    case.possible = True
    free = True
    if not math.isnan(case.low):  # a low pH is a high ion
        bound, there = lowest_mean(case.low, case.decimals)
        ion = (float(total) * 10.0 ** -float(bound) - sum_done) / float(rest)
        case.possible = ion >= 10.0**-_MAX_PH
        if case.possible:
            case.need_low = Fraction(-math.log10(ion)), there
            free = case.need_low[0] <= 0
    if not math.isnan(case.high):
        bound, there = highest_mean(case.high, case.decimals)
        ion = (float(total) * 10.0 ** -float(bound) - sum_done) / float(rest)
        if ion > 10.0**-_MAX_PH:
            case.need_high = Fraction(-math.log10(ion)), there
            case.possible = case.possible and case.need_high[0] >= 0
            free = False
    if case.possible:
        case.verdict = "任意值均可" if free else "尚有可能"
    else:
        case.verdict = "已不可能"


def _written(cases: list[Case], year: int, rule: str) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    names = {lang: standards.item_names(lang) for lang in ("zh", "en")}
    ranks = [case.target.rank for case in cases]
    ends = {"low": [case.need_low for case in cases], "high": [case.need_high for case in cases]}
    out: dict[str, Any] = {
        "section_code": strings(case.key for case in cases),
        "section_name": strings(case.name for case in cases),
        "item": strings(case.item for case in cases),
        "unit": strings(case.unit for case in cases),
        "year": np.full(len(cases), year, np.int64),
        "target_class": pd.Categorical.from_codes(np.array(ranks, np.int64), dtype=class_dtype()),
        "target_quality": strings(case.target.quality for case in cases),
        "n_months": np.array([len(case.done) for case in cases], np.int64),
        "n_left": np.array([case.left for case in cases], np.int64),
        "possible": pd.array([case.possible for case in cases], dtype="boolean"),
        "needed_verdict": pd.array([case.verdict or None for case in cases], dtype="str"),
        "needed_basis": strings(basis_of(case.decimals, rule) for case in cases),
        "needed_flag": strings(flag_of(case, CLASSES) for case in cases),
    }
    numbers = {"mean_so_far": "so_far", "mean_so_far_rounded": "so_far_rounded",
               "limit_low": "low", "limit_high": "high", "best_seen": "best",
               "worst_seen": "worst"}  # fmt: skip
    for name, attribute in numbers.items():
        out[name] = np.array([getattr(case, attribute) for case in cases], np.float64)
    for side, found in ends.items():
        values = [math.nan if end is None else float(end[0]) for end in found]
        out[f"needed_{side}"] = np.array(values, np.float64)
        included = [None if end is None else end[1] for end in found]
        out[f"{side}_included"] = pd.array(included, dtype="boolean")
    for lang in ("zh", "en"):
        out[f"why_{lang}"] = strings(
            reason_of(case, year, names[lang], CLASSES, lang=lang) for case in cases
        )
    return pd.DataFrame({name: out[name] for name in NEEDED_COLUMNS})
