"""Items of one section and period side by side, so that they can be combined to one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.bounds import key_numbers, number_column, period_seconds, require_once
from chaoyang_geo.codes import coded
from chaoyang_geo.schema import SchemaError, require

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

AVERAGE_FIRST = "Average first: mean_readings(readings)."


@dataclass
class Groups:
    """The sections and periods of a table of means."""

    of_row: Ints
    first: Ints  # a row of the table for each
    column: Ints  # place of every row's item among the wanted ones, -1 for another

    def laid(self, values: Floats, n_items: int) -> Floats:
        """Return the values with a row for each group and a column for each wanted item."""
        import numpy as np

        out = np.full((len(self.first), n_items), np.nan)
        rows = np.flatnonzero(self.column >= 0)
        out[self.of_row[rows], self.column[rows]] = values[rows]
        return out


def grouped(means: pd.DataFrame, by: Sequence[str], items: Sequence[str]) -> Groups:
    """Number the combinations of ``by`` and period; an item may stand once in each."""
    import numpy as np
    import pandas as pd

    require(means, [*by, "period", "item", "mean"], table="means", hint=AVERAGE_FIRST)
    seconds = period_seconds(means, "period", table="means")
    key, _ = key_numbers(means, list(by))
    found, place = np.unique(seconds, return_inverse=True)
    of_row, _ = pd.factorize(key * max(len(found), 1) + place)
    of_row = of_row.astype(np.int64)
    first = np.flatnonzero(~pd.Series(of_row).duplicated().to_numpy())
    names = coded(means["item"])
    places = np.array([items.index(text) if text in items else -1 for text in names.texts])
    column = places[names.codes].astype(np.int64) if len(means) else np.zeros(0, np.int64)
    wanted = column >= 0
    once = (of_row * max(len(items), 1) + column)[wanted]
    heads = [*by, "item", "period"]
    require_once(once, means[heads][wanted], heads, table="means")
    return Groups(of_row, first, column)


def checked_items(items: Sequence[str], *, argument: str = "items") -> tuple[str, ...]:
    """Return item keys once each, in order; an unknown key is an error."""
    if isinstance(items, str):
        raise ValueError(f"{argument}={items!r} is one text; give a list of item keys.")
    known = standards.item_names()
    for item in items:
        if item not in known:
            raise ValueError(
                f"{argument}: {item!r} is no item; the keys are in chaoyang_geo.standards.items()."
            )
    distinct = tuple(dict.fromkeys(items))
    if not distinct:
        raise ValueError(f"{argument} is empty; name at least one item.")
    return distinct


def head(means: pd.DataFrame, by: Sequence[str], groups: Groups) -> pd.DataFrame:
    """Return the columns that name each group."""
    names = [*by, "period", *(["period_end"] if "period_end" in means else [])]
    return means[names].iloc[groups.first].reset_index(drop=True)


def count_of(means: pd.DataFrame, column: str) -> Floats:
    """Return a column of counts; zero where the table has none."""
    import numpy as np

    if column not in means:
        return np.zeros(len(means))
    return np.nan_to_num(number_column(means, column, table="means"))


def mean_values(means: pd.DataFrame) -> Floats:
    """Return the unrounded means; a number that no measurement can be is an error."""
    import numpy as np

    values = number_column(means, "mean", table="means")
    if np.isinf(values).any():
        row = int(np.isinf(values).argmax()) + 1
        raise SchemaError(
            f"means: row {row} of mean is not finite; take the table from mean_readings."
        )
    return values


def missing_items(there: Bools, items: Sequence[str]) -> list[str]:
    """Return for each group the wanted items that are not there, joined by ``;``."""
    import numpy as np

    # few combinations of gaps occur
    distinct, number = np.unique(there, axis=0, return_inverse=True)
    texts = [
        ";".join(item for item, has in zip(items, row, strict=True) if not has)
        for row in distinct.tolist()
    ]
    return [texts[k] for k in np.ravel(number).tolist()]


def texts(values: Any) -> Any:
    import pandas as pd

    return pd.array([str(value) for value in values], dtype="str")
