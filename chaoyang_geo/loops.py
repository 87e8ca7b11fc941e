"""Loops over the rows of large tables, compiled where numba is installed.

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


#: What numba compiles a loop for: what it returns, then what it takes. Arrays are read only (r),
#: read only with elements that overlap (o), or written, in one dimension or two (w, ww).
_SIGNATURES: dict[Callable[..., Any], str] = {
    add_rows: "- i8[r] i4[r] i4[r] f8[r] f8[r] u1[r] i8 i8[r] i8[r] b1[r] b1[r] f8 f8[ww] i4[ww]",
    number_cells: "i8 i8[o] u1[r] i8 i8 i8 i8 i8[r] i8[w] i8[w] i8[w] "
    "i4[ww] i4[ww] i4[ww] i8[ww] i4[ww] i4[ww]",
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
