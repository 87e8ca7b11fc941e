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
from chaoyang_geo.codes import coded, optional
from chaoyang_geo.schema import SchemaError, require

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

#: Verdict on a mean: over the limit, close to it, under it; no data; not judged for another reason.
OVER, CLOSE, UNDER, GAP, NOT_JUDGED = range(5)

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
    check_registry(sections, ["water_type", "target_class"])
    n = len(means)
    section, item = coded(means["section_code"]), coded(means["item"])
    units = optional(means, "unit")
    month = period_seconds(means, "period", table="means")
    blank = np.array([not text for text in section.texts], bool)[section.codes]
    if blank.any():
        raise SchemaError(
            f"means: row {int(blank.argmax()) + 1} has no section_code; join the readings to the "
            "sections first: match_sections(readings, sections)."
        )
    water = water_kinds(section, sections)
    target = target_ranks(section, sections)
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
    enters = has_limit & limits.in_class
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
    judgeable = ~np.isnan(typical.lower) | ~np.isnan(typical.upper)
    judgeable &= typical.in_class
    flags[judgeable & (target < 0)] = "断面没有目标类别，未作判定"
    flags[judgeable & (target >= 0) & ~has_limit] = "该目标类别或水体类型没有限值，未作判定"
    flags[judgeable & (target >= 0) & ~has_limit & (water < 0)] = "水体类型未登记，未作判定"
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
