"""Reading the tables that lie beside this module."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from chaoyang_geo.schema import CLASSES

if TYPE_CHECKING:
    import pandas as pd

#: Limit columns of a standard, best class first; NaN where the standard has no such class.
LIMIT_COLUMNS: tuple[str, ...] = tuple(f"class_{rank}" for rank in range(1, len(CLASSES)))

#: Columns of the limits of a standard.
LIMIT_SHAPE: tuple[str, ...] = (
    "no", "item", "water_type", "direction", "unit", *LIMIT_COLUMNS, "in_class", "note",
)  # fmt: skip


@cache
def table(file: str) -> pd.DataFrame:
    """Return a table beside this module, every cell as text; the caller copies what it changes."""
    import pandas as pd

    path = resources.files(__package__).joinpath(file)
    with path.open("r", encoding="utf-8") as stream:
        return pd.read_csv(stream, dtype=str, keep_default_na=False)


def numbers(column: pd.Series) -> pd.Series:
    """Return a column of text as numbers; an empty cell is missing."""
    return column.replace("", "nan").astype("float64")
