"""Loops over the rows of large tables, compiled where numba is installed.

numpy passes over all rows once for each step; a compiled loop passes over them once for all of
them. The loops are plain Python, and say what the steps in numpy say: where numba is missing, or
the table is too small to be worth it, those do the work, with the same result. A leaf.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Codes = npt.NDArray[np.int32]
    Bits = npt.NDArray[np.uint8]

#: With fewer rows than this, loading numba takes longer than it saves.
MANY_ROWS = 1_000_000

#: What a row says beside its number: which gap it has, from 1 (the last three bits), and marks.
GAP_BITS, BELOW, ABOVE, DOUBTED, NO_SAMPLE = 7, 8, 16, 32, 64
#: What ``add_rows`` sums for each cell.
TOTALS = ("total", "used", "low", "high")
#: What ``add_rows`` counts for each cell; then come the gaps.
COUNTS = (
    "n_rows", "n_missing", "n_impossible", "n_ignored", "n_flagged", "n_censored", "n_below_out",
    "n_above", "n_above_in", "n_over_limit", "n_unbounded", "n_out",
)  # fmt: skip
(
    _ROWS, _MISSING, _IMPOSSIBLE, _IGNORED, _FLAGGED, _CENSORED, _BELOW_OUT,
    _ABOVE, _ABOVE_IN, _OVER_LIMIT, _UNBOUNDED, _OUT,
) = range(len(COUNTS))  # fmt: skip
_N_COUNTS = len(COUNTS)

DAY = 86_400  # seconds
NAT = -(1 << 63)  # a time that is missing
_LARGEST = 1.7976931348623157e308
LARGEST_PH = 300.0  # beyond it no hydrogen ion is left that a float can hold


def add_rows(
    time: Ints,
    group: Codes,
    item: Codes,
    value: Floats,
    limit: Floats,
    told: Bits,
    first_day: int,
    of_day: Ints,
    of_group: Ints,
    acid: Bools,
    signed: Bools,
    share: float,
    totals: Floats,
    counts: Ints,
) -> None:
    """Add rows to the sums and counts of their cells; ``limit`` may be empty for none."""
    has_limit = len(limit) > 0
    last, begin = NAT, 0
    for row in range(len(time)):
        says = told[row]
        if says & NO_SAMPLE or time[row] == NAT:
            continue
        which = item[row]
        if time[row] != last:  # neighbouring rows mostly have one time
            last = time[row]
            begin = of_day[last // DAY - first_day]
        cell = begin + of_group[group[row]] + which
        counts[_ROWS, cell] += 1
        number = value[row]
        if not says and 0.0 <= number <= _LARGEST:
            if not acid[which]:
                totals[0, cell] += number
                continue
            if number <= LARGEST_PH:
                totals[0, cell] += 10.0**-number
                continue
        gap = says & GAP_BITS
        marked = says & (BELOW | ABOVE) != 0
        if gap:
            number = math.nan
        elif (
            math.isinf(number)
            or (number < 0 and not signed[which])
            or (acid[which] and number > LARGEST_PH)
        ):
            number = math.nan  # with a mark the limit still says something of the result
            counts[_IGNORED if marked else _IMPOSSIBLE, cell] += 1
        if math.isnan(number) and (gap or not marked):
            counts[_MISSING, cell] += 1
            if gap:
                counts[_N_COUNTS + gap - 1, cell] += 1
            continue
        if not marked:
            totals[0, cell] += 10.0**-number if acid[which] else number
            if says & DOUBTED:
                counts[_FLAGGED, cell] += 1
            continue

        # below detection or above range: what it counts as, and between which bounds it lies
        below = says & BELOW != 0
        end = limit[row] if has_limit else math.nan
        if math.isinf(end) or (end <= 0 and not signed[which]):
            end = math.nan  # nothing lies below 0 or above infinity: such a limit says nothing
        if below:
            used = end * share if math.isnan(number) else number
            least = end if math.isnan(used) or end < used else used  # NaN where both are
            low = 0.0 if not least < 0.0 else least
            high = used if used > end else end
            counts[_CENSORED, cell] += 1
            if number > end:
                counts[_OVER_LIMIT, cell] += 1
        else:
            used, high = number, math.nan
            low = used
            if math.isnan(used):
                low = end
                if math.isnan(end) and not signed[which]:
                    low = 0.0
        unbounded = below and math.isnan(used) and math.isnan(end)
        if acid[which]:
            used, low, high = 10.0**-used, 10.0**-low, 10.0**-high
            if not below:
                high = 0.0  # open upwards, pH is hydrogen ion down to none
        if math.isnan(used):
            counts[_OUT, cell] += 1
            counts[_BELOW_OUT if below else _ABOVE, cell] += 1
        else:
            totals[1, cell] += used
            if not below:
                counts[_ABOVE_IN, cell] += 1
            if says & DOUBTED:
                counts[_FLAGGED, cell] += 1
        if unbounded:
            counts[_UNBOUNDED, cell] += 1
        else:
            totals[2, cell] += low
            totals[3, cell] += high


#: What numba compiles the loop for: arrays of numbers that are only read, but for the last two.
_SIGNATURES: dict[Callable[..., None], str] = {
    add_rows: "i8[r] i4[r] i4[r] f8[r] f8[r] u1[r] i8 i8[r] i8[r] b1[r] b1[r] f8 f8[w] i8[w]",
}


def compiled(loop: Callable[..., None], n_rows: int) -> Callable[..., None] | None:
    """Return a loop compiled; ``None`` where numba is missing or the table is too small."""
    return _compiled(loop) if n_rows >= MANY_ROWS else None


@cache
def _compiled(loop: Callable[..., None]) -> Callable[..., None] | None:
    try:
        import numba
    except ImportError:
        return None
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        return None
    types = numba.types
    kinds = {"i8": types.int64, "i4": types.int32, "u1": types.uint8, "f8": types.float64,
             "b1": types.boolean}  # fmt: skip

    def kind(word: str) -> Any:
        one = kinds[word[:2]]
        if word.endswith("[w]"):
            return types.Array(one, 2, "C")
        return types.Array(one, 1, "C", readonly=True) if word.endswith("[r]") else one

    signature = types.void(*map(kind, _SIGNATURES[loop].split()))
    try:
        # kept on the disk: only the first use on a machine takes seconds
        made: Callable[..., None] = numba.njit(signature, cache=True, nogil=True)(loop)
    except RuntimeError:  # there is no folder to keep it in
        return None
    return made
