"""Which row of the registry of sections every reading belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.codes import Coded, coded, combinations, distinct_texts, spread
from chaoyang_geo.schema import (
    SchemaError,
    as_classes,
    as_text,
    as_times,
    require,
    require_unique,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Rows = npt.NDArray[np.int32]

MATCH_FIRST = "Join the readings to the sections first: match_sections(readings, sections)."


def text_codes(column: pd.Series) -> Coded:
    """Return a column of codes or names as distinct texts; numbers lose their decimal point."""
    import pandas as pd

    dtype = column.dtype
    kind = dtype.categories.dtype if isinstance(dtype, pd.CategoricalDtype) else dtype
    found = coded(column if kind == "str" or kind == "object" else as_text(column))
    return distinct_texts(found)


@dataclass
class Registry:
    """The rows of a registry, and which of them each reading belongs to (-1: none)."""

    sections: pd.DataFrame | None
    row: Rows  # of each distinct key
    codes: Any  # key of each reading

    def texts(self, column: str) -> list[str]:
        """Return a column of the registry as texts, one for each row; empty where it is not there."""
        if self.sections is None:
            return []
        return (
            as_text(self.sections[column]).tolist()
            if self.has(column)
            else [""] * len(self.sections)
        )

    def has(self, column: str) -> bool:
        """Tell whether the registry has a column."""
        return self.sections is not None and column in self.sections

    def of_readings(self, per_row: Sequence[str], missing: str = "") -> Coded:
        """Give every reading the text of its row of the registry."""
        import numpy as np

        texts = [*per_row, missing]
        of_key = np.array([texts[row] for row in self.row.tolist()] or [missing], dtype=object)
        return distinct_texts(Coded(of_key.tolist(), self.codes))

    def rows_of_readings(self) -> Rows:
        """Return the row of the registry of every reading, -1 for none."""
        return spread(self.row, self.codes)


def registry_of(readings: pd.DataFrame, sections: pd.DataFrame | None) -> Registry:
    """Find the row of each reading by ``section_code``, and the day from which it is in force.

    A registry that knows time has a section more than once, with ``valid_from``; readings from
    ``match_sections`` then carry ``registry_from``.
    """
    import numpy as np

    if sections is None:
        return Registry(None, np.full(1, -1, np.int32), np.zeros(len(readings), np.int8))
    require(sections, ["section_code", "water_type"], table="sections")
    require(readings, ["section_code"], table="readings", hint=MATCH_FIRST)
    for place, text in enumerate(as_text(sections["water_type"]).tolist()):
        if text not in ("river", "lake", ""):
            code = as_text(sections["section_code"])[sections.index[place]]
            raise SchemaError(
                f"sections: section_code {code} has water_type {text!r}; use 'river' or 'lake' "
                "(a reservoir is a lake)."
            )
    if "target_class" in sections:
        as_classes(sections["target_class"], table="sections", column="target_class")
    codes = as_text(sections["section_code"])
    dated = bool(codes.duplicated().any()) and "valid_from" in sections
    if not dated:
        require_unique(sections, "section_code", table="sections")
        number: dict[tuple[str, ...], int] = {(code,): row for row, code in enumerate(codes)}
        columns = [text_codes(readings["section_code"])]
    else:
        require(readings, ["registry_from"], table="readings", hint=MATCH_FIRST)
        starts = _days(sections["valid_from"])
        both = list(zip(codes, starts.texts_of_rows(), strict=True))
        twice = [key for key in dict.fromkeys(both) if both.count(key) > 1]
        if twice:
            named = ", ".join(f"{code} from {day or 'open'}" for code, day in twice)
            raise SchemaError(
                f"sections: section_code and valid_from must be unique together; twice there: {named}."
            )
        number = {key: row for row, key in enumerate(both)}
        columns = [text_codes(readings["section_code"]), _days(readings["registry_from"])]
    keys, found = combinations(columns)
    texts = [tuple(c.texts[k] for c, k in zip(columns, key, strict=True)) for key in found]
    rows = [number.get(key, -1) if key[0] else -1 for key in texts]
    return Registry(sections, np.array(rows or [-1], np.int32), keys)


class _Days(Coded):
    def texts_of_rows(self) -> list[str]:
        return [self.texts[code] for code in self.codes.tolist()]


def _days(column: pd.Series) -> _Days:
    """Return times as codes into days; a missing day is an empty text."""
    import pandas as pd

    codes, found = pd.factorize(as_times(column).to_numpy(), use_na_sentinel=True)
    texts = [f"{pd.Timestamp(day):%Y-%m-%d %H:%M:%S}" for day in found]
    return _Days([*texts, ""], codes % (len(texts) + 1))  # -1, missing, takes the last


def water_types(registry: Registry, default: str) -> Coded:
    """Return the water type of each reading; ``?`` marks one that is only assumed."""
    assumed = f"{default}?"
    if registry.sections is None:
        return Coded([assumed], registry.codes)
    per_row = [text or assumed for text in registry.texts("water_type")]
    return registry.of_readings(per_row, assumed)
