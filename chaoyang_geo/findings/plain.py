"""Rows of a table as plain values: texts that any file can hold, numbers, NaN for no number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chaoyang_geo.schema import text_array
from chaoyang_geo.verdicts import clean

if TYPE_CHECKING:
    import pandas as pd


def plain_rows(frame: pd.DataFrame, columns: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """Return the rows as dicts, of all columns or of these, in their order.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.findings.plain import plain_rows
    >>> plain_rows(pd.DataFrame({"code": ["A", None], "n": [1, 2], "far_m": [float("nan"), 2.5]}))
    [{'code': 'A', 'n': 1, 'far_m': nan}, {'code': '', 'n': 2, 'far_m': 2.5}]
    """
    names = list(map(str, frame.columns)) if columns is None else list(columns)
    values = [_plain_values(frame[name]) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def _plain_values(series: pd.Series) -> list[Any]:
    kind = {"i": int, "u": int, "f": float, "b": bool}.get(series.dtype.kind)
    if kind is not None:
        return [kind(value) for value in series.tolist()]
    texts = text_array(series).tolist()
    # names and clauses stand in many rows: each is looked at once
    cleaned = {text: clean(text) for text in set(texts)}
    return [cleaned[text] for text in texts]
