"""The long table: its columns and dtypes, and long tables put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chaoyang_geo.codes import Coded, category
from chaoyang_geo.schema import CLASSES, class_dtype, require

if TYPE_CHECKING:
    import pandas as pd

#: Columns of the long table, in order.
READING_COLUMNS: tuple[str, ...] = (
    "section_code",
    "section_name",
    "province",
    "basin",
    "time",
    "period",
    "period_end",
    "item",
    "value",
    "unit",
    "censored",
    "detection_limit",
    "state",
    "raw",
    "raw_unit",
    "reading_flag",
    "row_kind",
    "origin",
    "origin_row",
    "origin_column",
    "published_class",
)
#: Columns that follow these where a table states them.
OPTIONAL_COLUMNS: tuple[str, ...] = ("water_body", "method", "sampling_layer")
_OTHER_DTYPES = {
    "time": "datetime64[s]",
    "period_end": "datetime64[s]",
    "value": "float64",
    "detection_limit": "float64",
    "origin_row": "int32",
}

CLASS_BY_TEXT = {
    **{name: name for name in CLASSES},
    **{str(rank): name for rank, name in enumerate(CLASSES, 1)},
    **dict(zip(("I", "II", "III", "IV", "V", "劣V"), CLASSES, strict=True)),
}


def empty_readings() -> pd.DataFrame:
    """Return the long table with no rows, with its dtypes."""
    import pandas as pd

    def column(name: str) -> Any:
        if name == "published_class":
            return pd.Categorical([], dtype=class_dtype())
        if name in _OTHER_DTYPES:
            return pd.Series([], dtype=_OTHER_DTYPES[name])
        return pd.Categorical([], dtype=pd.CategoricalDtype(pd.Index([], dtype="str")))

    return pd.DataFrame({name: column(name) for name in READING_COLUMNS})


def category_of(coded: Coded) -> pd.Categorical:
    """Return the category of a coded column, without texts that no row has."""
    import numpy as np

    used, codes = np.unique(coded.codes, return_inverse=True)
    if len(used) == len(coded.texts):
        return category(coded.texts, coded.codes)
    return category([coded.texts[k] for k in used.tolist()], codes)


def joined_readings(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put long tables under each other; categories are united, the index counts on.

    A column that only some of the tables have is kept: it is missing in the rows of the others,
    but for OPTIONAL_COLUMNS, which are then empty like every text that a table does not state.
    """
    import numpy as np
    import pandas as pd
    from pandas.api.types import union_categoricals

    tables = [table for table in tables if len(table)] or list(tables[:1])
    if not tables:
        return empty_readings()
    if len(tables) == 1:
        return tables[0].reset_index(drop=True)
    data: dict[str, Any] = {}
    for name in READING_COLUMNS:
        parts = [table[name] for table in tables]
        if name == "published_class":
            codes = np.concatenate([part.cat.codes.to_numpy() for part in parts])
            data[name] = pd.Categorical.from_codes(codes, dtype=class_dtype())
        elif name in _OTHER_DTYPES:
            data[name] = np.concatenate([part.to_numpy() for part in parts])
        else:
            data[name] = union_categoricals(parts)
    for name in dict.fromkeys(name for table in tables for name in table.columns):
        if name not in data:
            data[name] = _extra_column(name, tables)
    return pd.DataFrame(data, copy=False)


def _extra_column(name: str, tables: Sequence[pd.DataFrame]) -> Any:
    """Return a column that some tables have; where one lacks it, it is missing."""
    import numpy as np
    import pandas as pd
    from pandas.api.types import union_categoricals

    found = [table[name] for table in tables if name in table]
    if all(isinstance(part.dtype, pd.CategoricalDtype) and not part.cat.ordered for part in found):
        blank = "" if name in OPTIONAL_COLUMNS else None
        parts = []
        for table in tables:
            n = len(table)
            if name in table:
                parts.append(table[name].array)
            elif blank is None:
                categories = found[0].cat.categories
                parts.append(pd.Categorical.from_codes([-1] * n, categories=categories))
            else:
                categories = pd.Index([blank], dtype="str")
                parts.append(pd.Categorical.from_codes([0] * n, categories=categories))
        return union_categoricals(parts)
    dtypes = {part.dtype for part in found}
    joined = pd.concat(found, ignore_index=True)
    has = np.concatenate([np.full(len(table), name in table) for table in tables])
    if has.all():
        return joined.array
    if dtypes == {np.dtype(bool)}:
        joined = joined.astype("boolean")
    place = np.full(len(has), -1)
    place[has] = np.arange(has.sum())
    return joined.array.take(place, allow_fill=True)


def origin_cell(readings: pd.DataFrame) -> pd.Series[str]:
    """Name the cell of every reading the way Excel names one in another workbook.

    Parameters
    ----------
    readings : DataFrame
        Columns ``origin``, ``origin_row``, ``origin_column``, as ``read_readings`` gives them.

    Returns
    -------
    Series of str, with the index of ``readings``

    Raises
    ------
    SchemaError
        One of the columns is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.readings import origin_cell
    >>> place = {"origin": ["[a.xlsx]10月"], "origin_row": [2], "origin_column": ["D"]}
    >>> origin_cell(pd.DataFrame(place)).tolist()
    ['[a.xlsx]10月!D2']
    """
    import pandas as pd

    names = ["origin", "origin_column", "origin_row"]
    require(readings, names, table="readings")
    parts = (readings[name] for name in names)
    texts = [f"{sheet}!{column}{row}" for sheet, column, row in zip(*parts, strict=True)]
    return pd.Series(texts, index=readings.index, dtype="str", name="origin_cell")
