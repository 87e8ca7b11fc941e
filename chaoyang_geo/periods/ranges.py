"""Readings below detection or above range: what each counts as, and between which bounds it lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaoyang_geo.periods.columns import Bools, Floats, Ints


@dataclass
class Ranges:
    """The marked readings of some rows: the cell of each, and what it adds.

    ``used`` is what it counts as (NaN: it is not in the mean), ``low`` and ``high`` are its
    bounds (``high`` NaN: open upwards); pH is hydrogen ion in all three.
    """

    cell: Ints
    used: Floats
    low: Floats
    high: Floats
    below: Bools
    unbounded: Bools  # neither value nor limit
    over_limit: Bools  # below detection, yet above its limit

    @classmethod
    def empty(cls) -> Ranges:
        import numpy as np

        number, mark = np.zeros(0), np.zeros(0, bool)
        return cls(np.zeros(0, np.int64), number, number, number, mark, mark, mark)


def ranges_of(
    cell: Ints,
    value: Floats,
    limit: Floats,
    share: float,
    *,
    below: Bools,
    acid: Bools,
    signed: Bools,
) -> Ranges:
    """Return what rows come to whose ``value`` is missing or given by the user."""
    import numpy as np

    # nothing lies below 0 or above infinity: such a limit says nothing
    limit = np.where(np.isinf(limit) | ((limit <= 0) & ~signed), np.nan, limit)
    used = np.where(below & np.isnan(value), limit * share, value)
    unbounded = below & np.isnan(used) & np.isnan(limit)
    # above an unknown range lies at least 0, of what cannot be negative
    above = np.where(np.isnan(limit), np.where(signed, np.nan, 0.0), limit)
    low = np.where(below, np.fmin(0.0, np.fmin(used, limit)), used)
    low = np.where(~below & np.isnan(used), above, low)
    high = np.where(below, np.where(used > limit, used, limit), np.nan)
    for numbers in (used, low, high):
        numbers[acid] = 10.0 ** -numbers[acid]
    # open upwards, pH is hydrogen ion down to none
    high[acid & ~below] = 0.0
    return Ranges(cell, used, low, high, below, unbounded, below & (value > limit))
