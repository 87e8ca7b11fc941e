"""Loops over the rows of large tables and the vertices of large layers, compiled by numba.

numpy and Arrow pass over all rows once for each step; a compiled loop passes over them once for
all of them. The loops are plain Python, and say what those steps say: where numba is missing, or
the table is too small to be worth it, the steps do the work, with the same result. A leaf.
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
    counts: Codes,
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


#: Distinct texts that a column of a piece of CSV may have: with more, numbering them pays no more.
MANY_TEXTS = 1 << 16
#: Bytes that stand after a text, so that its last words can be read whole.
SPARE = 8
_ONES = 0x0101010101010101  # the lowest bit of every byte of a word
_TOPS = -0x7F7F7F7F7F7F7F80  # the highest
_MIX = -0x61C8864680B583EB  # odd, its bits in no order


def number_cells(
    words: Ints,
    text: Bits,
    end: int,
    delimiter: int,
    line_end: int,
    row_step: int,
    columns: Ints,
    last: Ints,
    trust: Ints,
    n_texts: Ints,
    codes: Codes,
    starts: Codes,
    lengths: Codes,
    heads: Ints,
    follows: Codes,
    slots: Codes,
) -> int:
    """Number the distinct cells of each column of a CSV without quotes; return how many rows it has.

    ``words[k]`` are the bytes of ``text`` from k to k + 7. A row ends with ``line_end``, and the
    next one begins ``row_step`` bytes later. Row ``columns[j]`` of the tables belongs to column j
    of the file, which is only passed over where it is negative: ``codes`` are of the cells,
    ``starts`` and ``lengths`` say where each distinct cell stands first, ``heads`` are its first
    eight bytes, ``follows`` the code that came after it, and ``slots``, as many as a power of two,
    find it. Returns -1 where a row has more or fewer cells, or a column too many distinct ones.
    """
    at, row = 0, 0
    while at < end:
        for j in range(len(columns)):
            column = columns[j]
            ends_with = line_end if j == len(columns) - 1 else delimiter
            code = -1
            # what came after the last cell before: times stay the same, items go round
            if column >= 0 and trust[column] > 0 and follows[column, last[column]] >= 0:
                guess = follows[column, last[column]]
                n, there = int(lengths[column, guess]), int(starts[column, guess])
                trust[column] -= 2
                if at + n < end and text[at + n] == ends_with:
                    k = 0
                    while k + 8 <= n and words[at + k] == words[there + k]:
                        k += 8
                    mask = (1 << 8 * min(n - k, 7)) - 1
                    if k + 8 > n and (words[at + k] ^ words[there + k]) & mask == 0:
                        code = guess
                        at += n
                        trust[column] = min(trust[column] + 3, 1_000)
            if code < 0:
                start, head, mixed, n = at, 0, 0, 8
                while n == 8:
                    word = words[at]
                    left, right = word ^ delimiter * _ONES, word ^ line_end * _ONES
                    # the highest bit of the first byte that ends a cell, perhaps of later ones
                    found = ((left - _ONES & ~left) | (right - _ONES & ~right)) & _TOPS
                    if found:
                        n = (((found & -found) >> 7) - 1 & _ONES) * _ONES >> 56
                        word &= (1 << 8 * n) - 1
                    if at == start:
                        head = word
                    mixed = (mixed ^ word) * _MIX
                    mixed ^= mixed >> 29
                    at += n
                if text[at] != ends_with:
                    return -1
                if column >= 0:
                    n = at - start
                    slot = mixed + n & slots.shape[1] - 1
                    while code < 0:
                        code = slots[column, slot]
                        if code < 0:
                            code = n_texts[column]
                            if code == starts.shape[1]:
                                return -1
                            n_texts[column] += 1
                            slots[column, slot] = code
                            starts[column, code], lengths[column, code] = start, n
                            heads[column, code] = head
                        elif lengths[column, code] != n or heads[column, code] != head:
                            code = -1
                        elif n > 8:
                            there, k = int(starts[column, code]), 8
                            while k + 8 <= n and words[start + k] == words[there + k]:
                                k += 8
                            mask = (1 << 8 * min(n - k, 7)) - 1
                            if k + 8 <= n or (words[start + k] ^ words[there + k]) & mask:
                                code = -1
                        slot = slot + 1 & slots.shape[1] - 1
                    follows[column, last[column]] = code
            if column >= 0:
                codes[column, row] = code
                last[column] = code
            at += 1
        at += row_step - 1
        row += 1
    return row


RUN = 6  # segments of a ring that have one box
MOST_SEGMENTS = 10_000  # of a ring: of longer ones a tree of boxes is faster
_FAR = 1e100  # of coordinates whose products are finite
_ERROR = 3.3306690738754716e-16  # of a product of two differences, beside its size


def simple_rings(
    xy: Floats, first: Ints, count: Ints, begin: int, end: int, edges: Floats, simple: Bools
) -> None:
    """Mark rings that surely do not meet themselves; of the others nothing is said.

    ``xy`` are x and y of one vertex after the other; ``first`` and ``count`` are the first vertex
    and the number of vertices of each ring, of which the last one is the first again. The rings
    from ``begin`` up to ``end`` are looked at. ``edges`` has room for the boxes of their runs.

    The sign of an area is sure beyond the bound of Shewchuk (1997), Adaptive Precision
    Floating-Point Arithmetic and Fast Robust Geometric Predicates.
    """

    def side(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> int:
        """Tell on which side of the line from a to b c lies; 0 where rounding may decide."""
        one, other = (ax - cx) * (by - cy), (ay - cy) * (bx - cx)
        bound = _ERROR * (abs(one) + abs(other))
        return 1 if one - other > bound else -1 if other - one > bound else 0

    def apart(
        west: float, east: float, south: float, north: float, a: float, b: float, c: float, d: float
    ) -> bool:
        """Tell whether two boxes, each by its lower and upper x and y, have nothing in common."""
        return west > b or east < a or south > d or north < c

    for ring in range(begin, end):
        start, n = 2 * first[ring], count[ring] - 1  # segments
        sure = 3 <= n <= MOST_SEGMENTS
        n_runs = (n + RUN - 1) // RUN if sure else 0
        for one in range(n_runs):
            low_x = low_y = _LARGEST
            high_x = high_y = -_LARGEST
            for k in range(one * RUN, min(n, (one + 1) * RUN) + 1):
                x, y = xy[start + 2 * k], xy[start + 2 * k + 1]
                sure = sure and abs(x) < _FAR and abs(y) < _FAR
                low_x, high_x = min(low_x, x), max(high_x, x)
                low_y, high_y = min(low_y, y), max(high_y, y)
            edges[0, one], edges[1, one] = low_x, high_x
            edges[2, one], edges[3, one] = low_y, high_y
            # the runs before it, and itself
            for other in range(one + 1 if sure else 0):
                left, right = edges[0, other], edges[1, other]
                low, high = edges[2, other], edges[3, other]
                if apart(low_x, high_x, low_y, high_y, left, right, low, high):
                    continue
                for b in range(one * RUN, min(n, (one + 1) * RUN)):
                    k = start + 2 * b
                    cx, cy, dx, dy = xy[k], xy[k + 1], xy[k + 2], xy[k + 3]
                    west, east = min(cx, dx), max(cx, dx)
                    south, north = min(cy, dy), max(cy, dy)
                    if apart(west, east, south, north, left, right, low, high):
                        continue
                    for a in range(other * RUN, min(b, (other + 1) * RUN)):
                        k = start + 2 * a
                        ax, ay, bx, by = xy[k], xy[k + 1], xy[k + 2], xy[k + 3]
                        if apart(
                            west, east, south, north,
                            min(ax, bx), max(ax, bx), min(ay, by), max(ay, by),
                        ):  # fmt: skip
                            continue
                        if a + 1 == b:  # neighbours may only not turn back
                            back = (ax - bx) * (dx - cx) + (ay - by) * (dy - cy) >= 0
                            sure = sure and not (back and side(ax, ay, bx, by, dx, dy) == 0)
                        elif a == 0 and b == n - 1:
                            back = (bx - ax) * (cx - dx) + (by - ay) * (cy - dy) >= 0
                            sure = sure and not (back and side(ax, ay, bx, by, cx, cy) == 0)
                        elif side(ax, ay, bx, by, cx, cy) * side(ax, ay, bx, by, dx, dy) < 1:
                            ends = side(cx, cy, dx, dy, ax, ay) * side(cx, cy, dx, dy, bx, by)
                            sure = sure and ends == 1
        simple[ring] = sure


#: What numba compiles a loop for: what it returns, then what it takes. Arrays are read only (r),
#: read only with elements that overlap (o), or written, in one dimension or two (w, ww).
_SIGNATURES: dict[Callable[..., Any], str] = {
    add_rows: "- i8[r] i4[r] i4[r] f8[r] f8[r] u1[r] i8 i8[r] i8[r] b1[r] b1[r] f8 f8[ww] i4[ww]",
    number_cells: "i8 i8[o] u1[r] i8 i8 i8 i8 i8[r] i8[w] i8[w] i8[w] "
    "i4[ww] i4[ww] i4[ww] i8[ww] i4[ww] i4[ww]",
    simple_rings: "- f8[r] i8[r] i8[r] i8 i8 f8[ww] b1[w]",
}


def compiled(loop: Callable[..., Any], n_rows: int) -> Callable[..., Any] | None:
    """Return a loop compiled; ``None`` where numba is missing or the table is too small."""
    return _compiled(loop) if n_rows >= MANY_ROWS else None


@cache
def _compiled(loop: Callable[..., Any]) -> Callable[..., Any] | None:
    try:
        import numba
    except ImportError:
        return None
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        return None
    types: Any = numba.types
    kinds = {"i8": types.int64, "i4": types.int32, "u1": types.uint8, "f8": types.float64,
             "b1": types.boolean, "-": types.void}  # fmt: skip
    shapes: dict[str, tuple[int, str, bool]] = {
        "r": (1, "C", True), "o": (1, "A", True), "w": (1, "C", False), "ww": (2, "C", False)
    }  # fmt: skip

    def kind(word: str) -> Any:
        element, _, shape = word.rstrip("]").partition("[")
        if not shape:
            return kinds[element]
        dimensions, layout, readonly = shapes[shape]
        return types.Array(
            kinds[element], dimensions, layout, readonly=readonly, aligned=layout == "C"
        )

    returned, *given = map(kind, _SIGNATURES[loop].split())
    try:
        # kept on the disk: only the first use on a machine takes seconds
        made: Callable[..., Any] = numba.njit(returned(*given), cache=True, nogil=True)(loop)
    except RuntimeError:  # there is no folder to keep it in
        return None
    return made
