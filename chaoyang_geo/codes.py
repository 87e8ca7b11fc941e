"""Columns of text as codes into their distinct texts.

What a text means is worked out once for each distinct text and taken by code, so that a table
of millions of rows costs little more than its distinct texts. A leaf: it knows nothing of water.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Codes = npt.NDArray[Any]

_BLOCK = 1 << 16  # rows that are worked on at a time, so that they stay in the cache
_WIDE = 1 << 17  # the same, for threads
_LONG = 1 << 20  # the same, where a look at the first of them often tells all
_THREADS = 4  # more wait for the memory, not for each other

_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass
class Coded:
    """A column of texts: the distinct texts, and which of them each row has."""

    texts: list[str]
    codes: Codes

    def __len__(self) -> int:
        return len(self.codes)


def coded(column: pd.Series) -> Coded:
    """Return a column of a frame, category or plain text, as codes; a missing text is empty."""
    import numpy as np
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        texts = [str(text) for text in column.cat.categories]
        codes = column.array.codes  # of .cat pandas makes a copy
        distinct = dict.fromkeys(texts)
        gaps = bool(len(codes)) and int(codes.min()) < 0
        if not gaps and len(distinct) == len(texts):
            return Coded(texts, codes)
        number = {text: k for k, text in enumerate(dict.fromkeys([*texts, ""]))}
        # code -1 takes the last place
        places = np.array([*(number[text] for text in texts), number[""]], code_dtype(len(number)))
        return Coded(list(number), places[codes])
    codes, found = pd.factorize(column.astype(object).where(column.notna(), ""))
    return distinct_texts(Coded([str(text) for text in found], codes))


def optional(frame: pd.DataFrame, name: str) -> Coded:
    """Return a column of a frame as codes; one that is not there is empty."""
    import numpy as np

    if name in frame:
        return coded(frame[name])
    return Coded([""], np.zeros(len(frame), np.int8))


def distinct_texts(column: Coded) -> Coded:
    """Number equal texts alike, so that each text has one code."""
    import numpy as np

    distinct = {text: k for k, text in enumerate(dict.fromkeys(column.texts))}
    if len(distinct) == len(column.texts):
        return column
    numbers = np.array([distinct[text] for text in column.texts], code_dtype(len(distinct)))
    return Coded(list(distinct), spread(numbers, column.codes))


def spread(per_text: npt.NDArray[Any], codes: Codes) -> npt.NDArray[Any]:
    """Give every row what its text means: ``per_text[codes]``."""
    import numpy as np

    n = len(codes)
    if len(per_text):
        first = per_text[:1]
        if ((per_text == first) | ((per_text != per_text) & (first != first))).all():
            return np.full(n, first[0], per_text.dtype)
    if n < _BLOCK:
        return per_text[codes]
    import pyarrow as pa
    import pyarrow.compute as pc

    if codes.view(f"u{codes.dtype.itemsize}").max() >= len(per_text):  # or below 0
        raise IndexError(f"codes must lie from 0 to {len(per_text) - 1}")
    # Arrow takes by short codes as they are; numpy first makes each of them eight bytes
    bits = np.dtype(f"i{per_text.dtype.itemsize}")
    taken = pc.take(pa.array(per_text.view(bits)), pa.array(codes), boundscheck=False)
    return np.frombuffer(taken.buffers()[1], bits, n).view(per_text.dtype)


def each_block(n: int, work: Callable[[slice], None]) -> None:
    """Call ``work`` with every block of rows, on all cores where there are many rows."""
    if n < 8 * _BLOCK:
        for start in range(0, n, _BLOCK):
            work(slice(start, min(start + _BLOCK, n)))
        return
    # few and large blocks: threads wait for one another between the steps of a block
    blocks = [slice(start, min(start + _WIDE, n)) for start in range(0, n, _WIDE)]
    for _ in in_order(work, blocks):
        pass


def in_order(work: Callable[[_T], _R], parts: Sequence[_T]) -> Iterator[_R]:
    """Yield what ``work`` makes of every part, in their order, while others are worked on."""
    if len(parts) < 2 or (os.cpu_count() or 1) < 2:
        yield from map(work, parts)
        return
    with ThreadPoolExecutor(min(len(parts), os.cpu_count() or 1, _THREADS)) as pool:
        yield from pool.map(work, parts)


def rows_of(codes: Codes, wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Return the rows whose code is wanted."""
    import numpy as np

    if not wanted.any():
        return np.zeros(0, np.intp)
    parts = [slice(start, start + _WIDE) for start in range(0, len(codes), _WIDE)]

    def found(here: slice) -> npt.NDArray[np.intp]:
        rows = np.flatnonzero(are(codes[here], wanted))
        rows += here.start
        return rows

    return np.concatenate([np.zeros(0, np.intp), *in_order(found, parts)])


def are(codes: Codes, wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Tell of each row whether its code is wanted; few are quicker compared than looked up."""
    import numpy as np

    which = np.flatnonzero(wanted)
    result: npt.NDArray[np.bool_]
    if not len(which):
        return np.zeros(len(codes), bool)
    if len(which) > 3:
        return spread(wanted, codes)
    result = codes == which[0]
    for code in which[1:]:
        result |= codes == code
    return result


def code_dtype(n_categories: int) -> type[np.signedinteger[Any]]:
    """Return the integer type that pandas gives the codes of so many categories."""
    import numpy as np

    if n_categories < 127:
        return np.int8
    return np.int16 if n_categories < 32767 else np.int32


def category(labels: Sequence[str], codes: Codes) -> pd.Categorical:
    """Return the category whose row k has ``labels[codes[k]]``; equal labels become one."""
    import numpy as np
    import pandas as pd

    distinct = {label: k for k, label in enumerate(dict.fromkeys(labels))}
    kind = code_dtype(len(distinct))
    if len(distinct) == len(labels):
        codes = codes.astype(kind, copy=False)
    else:
        codes = spread(np.array([distinct[label] for label in labels], kind), codes)
    dtype = pd.CategoricalDtype(pd.Index(list(distinct), dtype="str"))
    return pd.Categorical.from_codes(codes, dtype=dtype, validate=False)


def pairs(parts: Sequence[Coded], join: Callable[[Sequence[str]], str]) -> Coded:
    """Combine columns of texts into one: only the combinations that occur are joined."""
    import numpy as np

    result = Coded([join([""] * len(parts))], np.zeros(len(parts[0]), np.int8))
    joined: list[tuple[str, ...]] = [()]
    for part in parts:
        if part.texts == [""]:
            joined = [(*texts, "") for texts in joined]
            continue
        both, left, right = combined(result.codes, len(joined), part.codes, len(part.texts))
        joined = [(*joined[a], part.texts[b]) for a, b in zip(left, right, strict=True)]
        result.codes = both
    result.texts = [join(texts) for texts in joined]
    return result


def combined(
    left: Codes, n_left: int, right: Codes, n_right: int
) -> tuple[Codes, list[int], list[int]]:
    """Number the combinations of two codes that occur; return the codes and what each combines."""
    import numpy as np

    if n_left == 1:
        return right, [0] * n_right, list(range(n_right))
    if (of_left := _follows(left, n_left, right)) is not None:
        return left, list(range(n_left)), of_left
    total = n_left * n_right
    if total > 50_000_000:
        wide = left.astype(np.int64) * n_right + right
        found, numbers = np.unique(wide, return_inverse=True)
    else:
        seen = np.zeros(total, bool)
        wide = np.empty(len(left), np.int32)

        def mark(here: slice) -> None:
            np.multiply(left[here], np.int32(n_right), out=wide[here], dtype=np.int32)
            wide[here] += right[here]
            seen[wide[here]] = True

        each_block(len(left), mark)
        found = np.flatnonzero(seen)
        number = np.zeros(total, code_dtype(len(found)))
        number[found] = np.arange(len(found))
        numbers = spread(number, wide)
    return numbers, (found // n_right).tolist(), (found % n_right).tolist()


def _follows(left: Codes, n_left: int, right: Codes) -> list[int] | None:
    """Return the right code that goes with every left one, where it is always the same.

    So it is with a unit and its item: their combinations are the items.
    """
    import numpy as np

    sample = slice(0, 2 * _BLOCK)
    of_left = np.full(n_left, -1, right.dtype)
    of_left[left[sample]] = right[sample]
    if (of_left < 0).any():  # a code that is rare, or is not there
        return None
    for start in range(0, len(left), _LONG):
        here = slice(start, start + _LONG)
        if not np.array_equal(spread(of_left, left[here]), right[here]):
            return None
    of: list[int] = of_left.tolist()
    return of


def combinations(columns: Sequence[Coded]) -> tuple[Codes, list[tuple[int, ...]]]:
    """Number the combinations of columns that occur; return what each combines."""
    columns = [distinct_texts(column) for column in columns]
    codes = columns[0].codes
    found: list[tuple[int, ...]] = [(k,) for k in range(len(columns[0].texts))]
    for column in columns[1:]:
        if len(column.texts) == 1:
            found = [(*codes_before, 0) for codes_before in found]
            continue
        codes, left, right = combined(codes, len(found), column.codes, len(column.texts))
        found = [(*found[a], b) for a, b in zip(left, right, strict=True)]
    return codes, found
