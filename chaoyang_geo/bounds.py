"""Limits looked up row by row: which bounds an item must keep, and which way is worse.

A leaf that trends, indices and alerts share: it reads a standard and a registry and judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.codes import Coded, coded
from chaoyang_geo.schema import (
    CLASSES,
    SchemaError,
    as_classes,
    as_text,
    numbers_of,
    require,
    require_unique,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Texts = npt.NDArray[np.object_]

#: Types of water that a standard tells apart, in the order of :func:`water_kinds`.
WATER_TYPES: tuple[str, ...] = ("river", "lake")

MATCH_FIRST = "Join the readings to the sections first: match_sections(readings, sections)."


@dataclass(frozen=True)
class Bounds:
    """What each row must keep: not above ``upper``, not below ``lower``; NaN where unbounded."""

    lower: Floats
    upper: Floats
    unit: Texts
    in_class: Bools


def item_bounds(items: Coded, water: Ints, classes: Ints, *, standard: Any = "gb3838") -> Bounds:
    """Return the limits of an item in a type of water for a class, row by row.

    Parameters
    ----------
    items : Coded, n rows
        Keys of items.
    water : int array, n rows
        Place in :data:`WATER_TYPES`; -1 where it is not known: only limits that hold for all
        types are found.
    classes : int array, n rows
        Rank of the class, 0 = Ⅰ; -1 or the rank of 劣Ⅴ has no limits.
    standard
        As :func:`chaoyang_geo.standards.limits` takes it.

    Examples
    --------
    >>> import numpy as np
    >>> from chaoyang_geo.bounds import item_bounds
    >>> from chaoyang_geo.codes import Coded
    >>> items = Coded(["tp", "do", "ph"], np.array([0, 0, 1, 2]))
    >>> found = item_bounds(items, np.array([0, 1, 0, 0]), np.full(4, 2))
    >>> found.upper.tolist(), found.lower.tolist()
    ([0.2, 0.05, nan, 9.0], [nan, nan, 5.0, 6.0])
    """
    import numpy as np

    n_items, n_water, n_classes = len(items.texts), len(WATER_TYPES) + 1, len(CLASSES) + 1
    table = {name: np.full((n_items, n_water, n_classes), np.nan) for name in ("min", "max")}
    units: Texts = np.full((n_items, n_water), "", dtype=object)
    in_class = np.zeros((n_items, n_water), bool)
    places: dict[str, list[int]] = {}
    for place, text in enumerate(items.texts):
        places.setdefault(text, []).append(place)
    for row in standards.limits(standard).itertuples():
        if str(row.direction) not in table:
            continue
        values = [float(getattr(row, name)) for name in standards.LIMIT_COLUMNS]
        of_type = str(row.water_type)
        waters = [k for k, kind in enumerate((*WATER_TYPES, "")) if of_type in ("all", kind)]
        for place in places.get(str(row.item), []):
            for k in waters:
                table[str(row.direction)][place, k, : len(values)] = values
                units[place, k] = str(row.unit)
                in_class[place, k] = bool(row.in_class)
    code = items.codes
    return Bounds(
        lower=table["min"][code, water, classes],
        upper=table["max"][code, water, classes],
        unit=units[code, water],
        in_class=in_class[code, water],
    )


def item_senses(standard: Any = "gb3838") -> dict[str, int]:
    """Return for each item whether rising is worse (1) or better (-1); others say nothing.

    From the direction of its limits; chlorophyll-a and transparency, which have none, from
    their sign in TLI(Σ). pH has limits on both sides, so it is not there.

    Examples
    --------
    >>> from chaoyang_geo.bounds import item_senses
    >>> found = item_senses()
    >>> found["tp"], found["do"], found["transparency"], found.get("ph")
    (1, -1, -1, None)
    """
    found: dict[str, set[int]] = {}
    for row in standards.limits(standard).itertuples():
        if str(row.direction) in ("min", "max"):
            found.setdefault(str(row.item), set()).add(1 if row.direction == "max" else -1)
    senses = {item: signs.pop() for item, signs in found.items() if len(signs) == 1}
    trophic = standards.tli_parameters()
    for item, slope in zip(trophic["item"], trophic["b"], strict=True):
        if item not in found:
            senses[str(item)] = 1 if slope > 0 else -1
    return senses


def looked_up(codes: Coded, registry: pd.DataFrame | None, column: str) -> Texts:
    """Return a column of the registry for every row by section code, ``''`` where unknown."""
    import numpy as np

    if registry is None or column not in registry:
        return np.full(len(codes), "", dtype=object)
    keys, values = as_text(registry["section_code"]), as_text(registry[column])
    by_code = dict(zip(keys, values, strict=True))
    texts = np.array([by_code.get(text, "") for text in codes.texts], dtype=object)
    found: Texts = texts[codes.codes]
    return found


def check_registry(sections: pd.DataFrame, columns: list[str]) -> None:
    """Raise :class:`SchemaError` where a registry of sections cannot be looked up."""
    require(sections, ["section_code", *columns], table="sections")
    require_unique(sections, "section_code", table="sections")
    if "water_type" in columns:
        kinds = as_text(sections["water_type"])
        wrong = ~kinds.isin([*WATER_TYPES, ""])
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            code = as_text(sections["section_code"]).iloc[row]
            raise SchemaError(
                f"sections: section_code {code} has water_type {kinds.iloc[row]!r}; use 'river' "
                "or 'lake' (a reservoir is a lake)."
            )


def water_kinds(codes: Coded, sections: pd.DataFrame | None) -> Ints:
    """Return the place of every row's water type in :data:`WATER_TYPES`; -1 where unknown."""
    import numpy as np

    found = looked_up(codes, sections, "water_type")
    kinds = np.full(len(found), -1, np.int64)
    for place, kind in enumerate(WATER_TYPES):
        kinds[found == kind] = place
    return kinds


def target_ranks(codes: Coded, sections: pd.DataFrame) -> Ints:
    """Return the rank of every row's target class, 0 = Ⅰ; -1 without one."""
    import numpy as np

    ranks = as_classes(sections["target_class"], table="sections", column="target_class").codes
    keys = as_text(sections["section_code"])
    by_code = dict(zip(keys, ranks.tolist(), strict=True))
    found = np.array([by_code.get(text, -1) for text in codes.texts], np.int64)
    return found[codes.codes]


def number_column(frame: pd.DataFrame, column: str, *, table: str) -> Floats:
    """Return a column of numbers, missing as NaN; text that is no number is an error."""
    numbers: Floats = numbers_of(
        frame, column, table=table, hint="take the table from mean_readings."
    )
    return numbers


def key_numbers(frame: pd.DataFrame, columns: list[str]) -> tuple[Ints, list[Coded]]:
    """Number the combinations of some columns of text; return the columns as codes, too."""
    import numpy as np

    from chaoyang_geo.codes import combinations, distinct_texts

    parts = [distinct_texts(coded(frame[name])) for name in columns]
    if not parts:
        return np.zeros(len(frame), np.int64), parts
    codes, _ = combinations(parts)
    return codes.astype(np.int64), parts


def period_seconds(frame: pd.DataFrame, column: str, *, table: str) -> Ints:
    """Return the begins of periods in seconds since 1970; every row needs one."""
    import numpy as np
    import pandas as pd

    if not pd.api.types.is_datetime64_any_dtype(frame[column]) and len(frame):
        raise SchemaError(
            f"{table}: {column} must hold dates, not {frame[column].dtype}; take the table from "
            "mean_readings or assess_sections, or convert it with pandas.to_datetime."
        )
    if not len(frame):
        return np.zeros(0, np.int64)
    missing = frame[column].isna().to_numpy()
    if missing.any():
        raise SchemaError(
            f"{table}: row {int(missing.argmax()) + 1} has no {column}; every row needs one."
        )
    seconds: Ints = frame[column].to_numpy().astype("datetime64[s]").astype(np.int64)
    return seconds


def require_once(key: Ints, frame: pd.DataFrame, columns: list[str], *, table: str) -> None:
    """Raise :class:`SchemaError` where a key stands in two rows."""
    import pandas as pd

    twice = pd.Series(key).duplicated().to_numpy()
    if twice.any():
        row = int(twice.argmax())
        values = ", ".join(f"{name} {frame[name].iloc[row]}" for name in columns)
        raise SchemaError(
            f"{table}: row {row + 1} repeats {values}; give one row for each, of one kind of "
            "period (months, quarters or years, not several at once)."
        )


def unit_factors(units: Coded, wanted: Texts) -> Floats:
    """Return what a number in each unit is multiplied by to be in the wanted one; NaN: nothing.

    An empty unit is taken for the wanted one.

    Examples
    --------
    >>> import numpy as np
    >>> from chaoyang_geo.bounds import unit_factors
    >>> from chaoyang_geo.codes import Coded
    >>> units = Coded(["μg/L", "mg/L", "m", ""], np.arange(4))
    >>> unit_factors(units, np.array(["mg/m3"] * 4, dtype=object)).tolist()
    [1.0, 1000.0, nan, 1.0]
    """
    import numpy as np

    table = standards.unit_forms()
    kinds: dict[str, tuple[str, float]] = {}
    rows = zip(table["unit"], table["forms"], table["kind"], table["factor"].tolist(), strict=True)
    for unit, forms, kind, factor in rows:
        for form in (str(unit), *str(forms).split(";")):
            kinds.setdefault(standards.fold_unit(form), (str(kind), factor))
    targets = {str(text): place for place, text in enumerate(dict.fromkeys(wanted))}
    factors = np.full((len(units.texts), max(len(targets), 1)), np.nan)
    for i, text in enumerate(units.texts):
        own = standards.fold_unit(text)
        for target, j in targets.items():
            other = standards.fold_unit(target)
            if own in ("", other):
                factors[i, j] = 1.0
            elif own in kinds and other in kinds and kinds[own][0] == kinds[other][0]:
                factors[i, j] = float(f"{kinds[own][1] / kinds[other][1]:.15g}")
    places = np.array([targets[str(text)] for text in wanted], np.int64)
    found: Floats = factors[units.codes, places]
    return found
