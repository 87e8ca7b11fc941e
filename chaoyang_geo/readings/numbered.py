"""A piece of CSV as columns of codes, by one compiled pass over its bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from chaoyang_geo.loops import MANY_TEXTS, SPARE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_CR, _LF = 13, 10


def numbered_cells(
    segment: bytearray,
    columns: Mapping[str, int],
    number_cells: Callable[..., int],
    *,
    width: int,
    encoding: str,
    delimiter: str,
) -> pa.Table | None:
    """Return whole rows of a CSV without quotes as a table of codes, a column for each role.

    ``number_cells`` is :func:`chaoyang_geo.loops.number_cells`, compiled. ``segment`` is large and
    not copied: some bytes are put behind it. Returns ``None`` where rows have not ``width`` cells
    each, line ends are mixed or distinct texts too many: Arrow, which reads everything, then finds
    the error or the codes.
    """
    import numpy as np
    import pyarrow as pa

    ends = _line_end(segment)
    if ends is None or (delimiter == "|" and encoding != "utf-8"):  # in GBK half of a 亅
        return None
    if not segment.endswith(ends):
        segment += ends  # the last row of a file
    size = len(segment)
    segment += bytes(SPARE)
    text = np.frombuffer(segment, np.uint8)
    words = np.ndarray((size + 1,), np.int64, text, strides=(1,))

    n = len(columns)
    roles = np.full(width, -1, np.int64)
    roles[list(columns.values())] = np.arange(n)
    n_texts = np.zeros(n, np.int64)
    # memory that is not written costs nothing; the last row may be one that breaks off
    codes = np.empty((n, size // width + 1), np.int32)
    starts, lengths = np.empty((2, n, MANY_TEXTS), np.int32)
    heads = np.empty((n, MANY_TEXTS), np.int64)
    n_rows = number_cells(
        words, text, size, ord(delimiter), ends[0], len(ends), roles,
        np.zeros(n, np.int64), np.full(n, 1_000), n_texts, codes, starts, lengths, heads,
        np.full((n, MANY_TEXTS), -1, np.int32), np.full((n, 2 * MANY_TEXTS), -1, np.int32),
    )  # fmt: skip
    if n_rows < 0:
        return None
    found = {}
    for k, role in enumerate(columns):
        here = slice(0, n_texts[k])
        try:
            distinct = _texts(text, starts[k, here], lengths[k, here], encoding)
        except UnicodeDecodeError:
            return None
        found[role] = pa.DictionaryArray.from_arrays(codes[k, :n_rows], distinct)
    return pa.table(found)


def _line_end(segment: bytearray) -> bytes | None:
    r"""Return what ends every line, ``\n`` or ``\r\n``; ``None`` where it is now this, now that."""
    if segment.find(b"\r") < 0:
        return b"\n"
    n = segment.count(b"\r\n")
    return b"\r\n" if segment.count(b"\r") == segment.count(b"\n") == n else None


def _texts(
    text: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int32],
    lengths: npt.NDArray[np.int32],
    encoding: str,
) -> pa.StringArray:
    import numpy as np
    import pyarrow as pa

    if encoding != "utf-8":
        places = zip(starts.tolist(), (starts + lengths).tolist(), strict=True)
        return pa.array([bytes(text[a:b]).decode(encoding) for a, b in places], pa.string())
    offsets = np.concatenate([np.zeros(1, np.int32), np.cumsum(lengths, dtype=np.int32)])
    at = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1], dtype=np.int32)
    buffers = [pa.py_buffer(offsets), pa.py_buffer(text[at])]
    return pa.StringArray.from_buffers(len(starts), *buffers)
