"""What the columns of readings mean for a mean, worked out once for each distinct text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chaoyang_geo import standards
from chaoyang_geo.codes import Coded, coded, optional
from chaoyang_geo.loops import NAT as NAT
from chaoyang_geo.schema import SchemaError, as_times, numbers_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from chaoyang_geo.codes import Codes

    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

#: States of a result that are no value, whatever stands in ``value``; each is counted.
GAPS: tuple[str, ...] = ("dry", "ice", "not_sampled", "fault", "qc_failed")
#: What ``censored`` may hold: nothing, below detection, above range.
MARKS: tuple[str, ...] = ("", "<", ">")
#: What ``row_kind`` may hold; only samples are averaged, and a row without a kind is one.
ROW_KINDS: tuple[str, ...] = ("sample", "mean", "total", "max", "min", "note")
#: Usual units of items that can be below zero: temperature, potential, level and flow, which
#: runs upstream at times. Nothing else that is measured in water can.
SIGNED_UNITS: tuple[str, ...] = ("℃", "mV", "m", "m3/s", "m/s")
#: An item in one of these units that cannot be below zero: a depth, not a level.
UNSIGNED_ITEMS: tuple[str, ...] = ("transparency",)
_READ_IT = "read the table with read_readings, which keeps such text apart."
# what reading and substituting say of a value below detection is no doubt about it
_NO_DOUBT = ("低于检出限",)


def times_of(readings: pd.DataFrame) -> Ints:
    """Return the times in seconds since 1970, China Standard Time; without one, ``NAT``."""
    import numpy as np

    times = as_times(readings["time"], table="readings").to_numpy()
    seconds: Ints = times.astype("datetime64[s]", copy=False).view(np.int64)
    return seconds


def values_of(readings: pd.DataFrame) -> Floats:
    """Return the values; text that is no number is an error."""
    values: Floats = numbers_of(readings, "value", table="readings", hint=_READ_IT)
    return values


def limits_of(readings: pd.DataFrame) -> Floats | None:
    """Return the detection limits, or ends of ranges, if the table has them."""
    if "detection_limit" not in readings:
        return None
    limits: Floats = numbers_of(readings, "detection_limit", table="readings", hint=_READ_IT)
    return limits


def marks_of(readings: pd.DataFrame) -> Coded:
    """Return the marks of values below detection or above range."""
    marks = optional(readings, "censored")
    _check(
        marks, [text in MARKS for text in marks.texts], "censored", "mark of censoring",
        "use '<' for below detection, '>' for above range, or leave it empty.",
    )  # fmt: skip
    return marks


def kinds_of(readings: pd.DataFrame) -> tuple[Codes, Bools]:
    """Return the kinds of rows by code, and for each code whether it is a sample."""
    import numpy as np

    kinds = optional(readings, "row_kind")
    texts = [text.strip().casefold() for text in kinds.texts]
    _check(
        kinds, [text in ("", *ROW_KINDS) for text in texts], "row_kind", "kind of row",
        f"use one of {', '.join(ROW_KINDS)}; only samples are averaged.",
    )  # fmt: skip
    return kinds.codes, np.array([text in ("", "sample") for text in texts], bool)


def _check(column: Coded, known: Sequence[bool], name: str, what: str, mend: str) -> None:
    """Raise for the first row whose text is not known; texts that no row has do not matter."""
    import numpy as np

    strange = np.flatnonzero(~np.array(known, bool))
    rows = np.flatnonzero(np.isin(column.codes, strange)) if len(strange) else strange
    if len(rows):
        text = column.texts[column.codes[rows[0]]]
        raise SchemaError(
            f"readings: row {rows[0] + 1} of {name} holds {text!r}, which is no {what}; {mend}"
        )


def item_keys(column: pd.Series) -> Coded:
    """Return the items by key, however they are spelled."""
    items = coded(column)
    return Coded([standards.item_key(text) for text in items.texts], items.codes)


def signed_items(items: Sequence[tuple[str, ...]]) -> Bools:
    """Tell which items, given with the unit of their readings, can be below zero.

    The usual unit of the item decides. Of an item that is not known the unit of the readings
    does; where that is not known either, nothing is said against a negative value.
    """
    import numpy as np

    usual = standards.item_units()
    signed = {standards.fold_unit(unit) for unit in SIGNED_UNITS}
    known = {standards.fold_unit(unit) for unit in standards.unit_forms()["unit"]} - {""}

    def may_be_negative(item: str, unit: str) -> bool:
        if item in usual:
            return standards.fold_unit(usual[item]) in signed and item not in UNSIGNED_ITEMS
        folded = standards.fold_unit(unit)
        return folded in signed or folded not in known

    return np.array([may_be_negative(one[0], one[1]) for one in items], bool)


def doubts_of(readings: pd.DataFrame) -> list[tuple[Codes, Bools]]:
    """Return the columns of doubts by code, and for each code whether it says a doubt.

    ``doubt_flag`` says nothing else. ``reading_flag`` also says that a value lies below
    detection, and what it was taken as, which is no doubt. A column without doubts is left out.
    """
    import numpy as np

    found = []
    for name in ("reading_flag", "doubt_flag"):
        column = optional(readings, name)
        says = np.array([_is_doubt(text) for text in column.texts], bool)
        if says.any():
            found.append((column.codes, says))
    return found


def _is_doubt(flag: str) -> bool:
    return any(part.strip() and not part.startswith(_NO_DOUBT) for part in flag.split("；"))
