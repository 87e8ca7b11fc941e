"""Which means lie over the limit of the target, under it, or close to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.bounds import (
    check_registry,
    item_bounds,
    number_column,
    period_seconds,
    require_once,
    target_ranks,
    water_kinds,
)
from chaoyang_geo.codes import Coded, coded, optional
from chaoyang_geo.schema import CLASSES, SchemaError, as_text, as_times, require

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

#: Verdict on a mean: over the limit, close to it, under it; no data; not judged for another reason.
OVER, CLOSE, UNDER, GAP, NOT_JUDGED = range(5)

_WORST = len(CLASSES) - 1  # rank of 劣Ⅴ, which has no limits to exceed

#: Multiples are never computed for these (环办〔2011〕22号).
_WITHOUT_MULTIPLE = ("ph", "do", "water_temp")


@dataclass(frozen=True)
class Judged:
    """Every row of the means with its verdict."""

    sections: list[str]
    section: Ints
    items: list[str]
    item: Ints
    month: Ints  # begin, seconds since 1970
    verdict: Ints
    mean: Floats  # as compared
    alert_limit: Floats
    times_over: Floats
    flags: list[str]
    twin: Bools  # another row of this section, item and month is in the right unit


def judged(
    means: pd.DataFrame,
    sections: pd.DataFrame,
    *,
    margin: float,
    ph_margin: float,
    standard: Any,
) -> Judged:
    """Compare every mean with the limit of its section's target class.

    Items that do not enter the class, or have no limit, are left out of ``verdict`` as
    not judged without a flag.
    """
    import numpy as np
    import pandas as pd

    require(
        means, ["section_code", "period", "period_end", "item", "mean"], table="means",
        hint="Average first: mean_readings(readings).",
    )  # fmt: skip
    n = len(means)
    section, item = coded(means["section_code"]), coded(means["item"])
    units = optional(means, "unit")
    month = period_seconds(means, "period", table="means")
    _require_months(means)
    held, registry = in_force(section, month, sections)
    check_registry(registry, ["water_type", "target_class"])
    blank = np.array([not text for text in section.texts], bool)[section.codes]
    if blank.any():
        raise SchemaError(
            f"means: row {int(blank.argmax()) + 1} has no section_code; join the readings to the "
            "sections first: match_sections(readings, sections)."
        )
    water = water_kinds(held, registry)
    target = target_ranks(held, registry)
    limits = item_bounds(item, water, target, standard=standard)
    # whether the item has limits anywhere, for a section without target or water type
    typical = item_bounds(item, np.zeros(n, np.int64), np.full(n, 2), standard=standard)

    mean = number_column(means, "mean", table="means")
    value = number_column(means, "mean_rounded", table="means") if "mean_rounded" in means else mean
    if {"n_above", "mean_low"} <= set(means.columns):
        # what is above range is not in the mean, and lies above it
        beyond = np.nan_to_num(number_column(means, "n_above", table="means")) > 0
        low = number_column(means, "mean_low", table="means")
        value = np.where(beyond, np.fmax(value, low), value)
    folded = np.array([standards.fold_unit(text) for text in units.texts], dtype=object)[
        units.codes
    ]
    wanted = {text: standards.fold_unit(text) for text in dict.fromkeys(limits.unit.tolist())}
    right = (folded == "") | (folded == np.array([wanted[t] for t in limits.unit], dtype=object))

    has_limit = ~(np.isnan(limits.lower) & np.isnan(limits.upper))
    judgeable = ~np.isnan(typical.lower) | ~np.isnan(typical.upper)
    judgeable &= typical.in_class
    # whatever the value, it meets a target of 劣Ⅴ
    free = (target == _WORST) & judgeable & limits.in_class
    enters = (has_limit & limits.in_class) | free
    with np.errstate(invalid="ignore"):
        over = (value > limits.upper) | (value < limits.lower)
        acid = ~np.isnan(limits.lower) & ~np.isnan(limits.upper)
        room = np.where(acid, ph_margin, 0.0)
        # 0.2 x 0.9 is 0.18 to the digits that anyone reads
        top = np.round(np.where(acid, limits.upper - room, limits.upper * (1 - margin)), 12)
        foot = np.round(np.where(acid, limits.lower + room, limits.lower * (1 + margin)), 12)
        close = (value >= top) | (value <= foot)
    verdict = np.where(over, OVER, np.where(close, CLOSE, UNDER))
    gap = np.isnan(value)
    verdict[gap] = GAP
    flags: npt.NDArray[np.object_] = np.full(n, "", dtype=object)
    if "mean_flag" in means:
        said = coded(means["mean_flag"])
        flags = np.array(said.texts, dtype=object)[said.codes]
    flags[gap & (flags == "")] = "本月没有可用的均值"
    out = ~enters | ~right
    verdict[out] = NOT_JUDGED
    flags[~enters] = ""
    flags[judgeable & (target < 0)] = "断面没有目标类别，未作判定"
    boundless = judgeable & (target >= 0) & ~has_limit & ~free
    flags[boundless] = "该目标类别或水体类型没有限值，未作判定"
    flags[boundless & (water < 0)] = "水体类型未登记，未作判定"
    flags[enters & ~right] = "单位与标准不同，未作判定"
    flags = _with_limits_noted(means, flags, verdict, limits.lower, limits.upper)

    with np.errstate(invalid="ignore", divide="ignore"):
        times = np.round((value - limits.upper) / limits.upper, 9)
    no_multiple = np.array([text in _WITHOUT_MULTIPLE for text in item.texts], bool)[item.codes]
    times = np.where((verdict == OVER) & ~no_multiple, times, np.nan)
    low_side = np.isnan(limits.upper) | (
        acid & (np.abs(value - limits.lower) < np.abs(value - limits.upper))
    )
    limit = np.where(low_side, limits.lower, limits.upper)

    key = pd.factorize(section.codes.astype(np.int64) * max(len(item.texts), 1) + item.codes)[0]
    places = np.unique(month, return_inverse=True)[1]
    cell = key.astype(np.int64) * (int(places.max()) + 1 if n else 1) + places
    fit = right | ~enters
    heads = ["section_code", "item", "period"]
    require_once(cell[enters & right], means[heads][enters & right], heads, table="means")
    twin = ~fit & np.isin(cell, cell[enters & right])
    return Judged(
        section.texts, section.codes.astype(np.int64), item.texts, item.codes.astype(np.int64),
        month, verdict.astype(np.int64), value, np.where(enters, limit, np.nan), times,
        [str(flag) for flag in flags], twin,
    )  # fmt: skip


def _require_months(means: pd.DataFrame) -> None:
    """Raise where a period is no month: months are what an alert counts."""
    import pandas as pd

    begin, end = (as_times(means[name]).reset_index(drop=True) for name in ("period", "period_end"))
    whole = (begin + pd.DateOffset(months=1) == end) & (begin.dt.day == 1)
    wrong = (~whole & end.notna()).to_numpy().nonzero()[0]
    if len(wrong):
        row = wrong[0]
        raise SchemaError(
            f"means: row {row + 1} has the period from {begin[row]} to {end[row]}, which is no "
            'month; average with mean_readings(readings, period="month").'
        )


def in_force(section: Coded, month: Ints, sections: pd.DataFrame) -> tuple[Coded, pd.DataFrame]:
    """Return for every row the key of its section in the registry, and the registry by such keys.

    A registry that knows time has a section more than once, with ``valid_from``: a month is
    judged by the row in force at its begin, else by the first to come.
    """
    import numpy as np
    import pandas as pd

    require(sections, ["section_code"], table="sections")
    codes = as_text(sections["section_code"])
    if "valid_from" not in sections or not codes.duplicated().any():
        return section, sections
    first, last = (
        as_times(sections[name]).to_numpy().astype("datetime64[s]")
        if name in sections
        else np.full(len(sections), "NaT", "datetime64[s]")
        for name in ("valid_from", "valid_to")
    )
    days = ["open" if np.isnat(day) else f"{pd.Timestamp(day):%Y-%m-%d}" for day in first]
    keys = [f"{code} from {day}" for code, day in zip(codes, days, strict=True)]
    begins = np.where(np.isnat(first), np.datetime64(0, "s") - np.timedelta64(10**10, "s"), first)
    rows_of: dict[str, list[int]] = {}
    for row in np.argsort(begins, kind="stable").tolist():
        rows_of.setdefault(codes.iloc[row], []).append(row)

    def key(code: str, begin: Any) -> str:
        rows = [r for r in rows_of.get(code, []) if np.isnat(last[r]) or last[r] >= begin]
        started = [r for r in rows if begins[r] <= begin]
        found = started[-1:] or rows[:1]
        return keys[found[0]] if found else code

    months, at = np.unique(month, return_inverse=True)
    pairs, place = np.unique(
        section.codes.astype(np.int64) * max(len(months), 1) + at, return_inverse=True
    )
    moments = months.astype("datetime64[s]")
    texts = [
        key(section.texts[pair // len(months)], moments[pair % len(months)])
        for pair in pairs.tolist()
    ]
    return Coded(texts, place), sections.assign(section_code=keys)


def _with_limits_noted(
    means: pd.DataFrame, flags: Any, verdict: Ints, lower: Floats, upper: Floats
) -> Any:
    """Note where values below detection, taken as zero or as their limit, give another answer."""
    import numpy as np

    if not {"n_censored", "mean_low", "mean_high"} <= set(means.columns):
        return flags
    censored = np.nan_to_num(number_column(means, "n_censored", table="means")) > 0
    low = number_column(means, "mean_low", table="means")
    high = number_column(means, "mean_high", table="means")
    high = np.where(np.isnan(high) & ~np.isnan(low), np.inf, high)  # the upper end is open
    with np.errstate(invalid="ignore"):
        least = (low > upper) | (low < lower)
        most = (high > upper) | (high < lower)
    open_ = (censored | np.isinf(high)) & np.isin(verdict, (OVER, CLOSE, UNDER)) & (least != most)
    note = "检出限或量程可能改变是否超过限值"
    return np.where(open_, np.where(flags == "", note, flags + "；" + note), flags)
