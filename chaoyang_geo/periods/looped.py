"""The sums of cells of a large table, by one compiled loop over its rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chaoyang_geo import loops
from chaoyang_geo.codes import in_order, spread
from chaoyang_geo.periods.columns import GAPS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from chaoyang_geo.periods.cells import Days, Ints, Rows

_BLOCK = 1 << 16  # rows whose codes are widened at a time, so that they stay in the cache


def looped_sums(
    rows: Rows, of_group: Ints, days: Days, add: Callable[..., None]
) -> dict[str, npt.NDArray[Any]]:
    """Return the sums of all cells, by name, as the steps in numpy do."""
    import numpy as np

    names = [*loops.COUNTS, *(f"n_{name}" for name in GAPS)]
    told = _told(rows)
    meanings = (days.first_day, days.of_day, of_group, rows.is_acid, rows.is_signed, rows.share)
    no_limit = np.zeros(0)

    def summed(part: range) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        totals = np.zeros((len(loops.TOTALS), days.size))
        counts = np.zeros((len(names), days.size), np.int32)
        for start in part:
            at = slice(start, min(start + _BLOCK, part.stop))
            add(
                np.ascontiguousarray(rows.time[at]),
                rows.group[at].astype(np.int32),
                rows.item[at].astype(np.int32),
                np.ascontiguousarray(rows.value[at]),
                no_limit if rows.limit is None else np.ascontiguousarray(rows.limit[at]),
                told[at],
                *meanings,
                totals,
                counts,
            )
        return totals, counts

    # two halves, however many cores there are: the order of adding up decides the last digit
    half, end = len(rows) // 2, len(rows)
    first, second = in_order(summed, [range(0, half, _BLOCK), range(half, end, _BLOCK)])
    found: dict[str, npt.NDArray[Any]] = {}
    for kinds, one, other in zip((loops.TOTALS, names), first, second, strict=True):
        for name, mine, also in zip(kinds, one, other, strict=True):
            if name in ("n_rows", "total") or mine.any() or also.any():
                kind = np.float64 if kinds is loops.TOTALS else np.int64
                found[name] = np.add(mine, also, dtype=kind)
    if {"n_censored", "n_above", "n_above_in"} & set(found):
        for name in loops.TOTALS:
            found.setdefault(name, np.zeros(days.size))
    return found


def _told(rows: Rows) -> npt.NDArray[np.uint8]:
    """Return what each row says beside its number, as bits."""
    import numpy as np

    gaps = np.zeros(len(rows.is_gap), np.uint8)
    for number, name in enumerate(GAPS, 1):
        if name in rows.gaps:
            gaps[rows.gaps[name]] = number
    marks = np.where(rows.is_below, loops.BELOW, np.where(rows.is_marked, loops.ABOVE, 0))
    columns = [
        (rows.kind, np.where(rows.is_sample, 0, loops.NO_SAMPLE)),
        (rows.sign, marks),
        (rows.state, gaps),
        *((codes, np.where(says, loops.DOUBTED, 0)) for codes, says in rows.doubts),
    ]
    told = np.zeros(len(rows), np.uint8)
    for codes, bits in columns:
        if bits.any():
            told |= spread(bits.astype(np.uint8), codes)
    return told
