"""Distinct combinations of columns: what is looked up once and spread over all rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chaoyang_geo.sections.registry import text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

# as many places as are counted in a table instead of hashed: 32 MB
_TABLE = 1 << 22


def column_texts(column: pd.Series[Any]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return the number of each row's text, and the distinct texts; missing is ``''``."""
    import numpy as np
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, values = column.cat.codes.to_numpy(), list(column.cat.categories)
    else:
        found, uniques = pd.factorize(column)
        codes, values = found, list(uniques)
    # the last place is for the missing, which pandas numbers -1
    return codes.astype(np.int64), [*(text(value) for value in values), ""]


def column_times(column: pd.Series[Any]) -> npt.NDArray[np.datetime64]:
    """Return times as China Standard Time without a zone, to the second; no time is missing."""
    import pandas as pd

    if column.dtype.kind != "M" or isinstance(column.dtype, pd.CategoricalDtype):
        column = pd.to_datetime(column.astype("object"), errors="coerce", format="mixed")
    if column.dt.tz is not None:
        column = column.dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
    return column.to_numpy().astype("datetime64[s]")


def distinct(
    parts: Iterable[npt.NDArray[np.int64]], n: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Number the distinct combinations in order of appearance.

    Parameters
    ----------
    parts : iterable of int64 arrays, n numbers from -1 each

    Returns
    -------
    tuple of int64 arrays
        The number of each row, and the row where each number first stands.

    Examples
    --------
    >>> import numpy as np
    >>> from chaoyang_geo.sections.distinct import distinct
    >>> number, first = distinct([np.array([5, 5, 1, 5]), np.array([0, -1, 0, 0])], 4)
    >>> number.tolist(), first.tolist()
    ([0, 1, 2, 0], [0, 1, 2])
    """
    import numpy as np

    number: Any = np.zeros(n, dtype="int64")
    first: Any = np.zeros(min(n, 1), dtype="int64")
    for part in parts:
        width = int(part.max(initial=-1)) + 2
        # renumbering after each step keeps the product within 64 bits
        number, first = _renumbered(number * width + part + 1, len(first) * width)
    return number, first


def _renumbered(number: npt.NDArray[np.int64], size: int) -> tuple[Any, Any]:
    import numpy as np
    import pandas as pd

    if size > _TABLE:
        number, uniques = pd.factorize(number)
        size = len(uniques)
    n = len(number)
    first = np.full(size, n, dtype="int64")
    # of several values for one place numpy keeps the last, which is the first row
    first[number[::-1]] = np.arange(n - 1, -1, -1)
    present = np.flatnonzero(first < n)
    present = present[np.argsort(first[present])]
    renumber = np.zeros(size, dtype="int64")
    renumber[present] = np.arange(len(present))
    return renumber[number], first[present]
