"""The distances of drinking-water zones: those of the rule by kind of source, and the caller's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from chaoyang_geo.schema import numbers_of, one_of
from chaoyang_geo.standards.tables import table
from chaoyang_geo.verdicts import ZONE_HEAD

if TYPE_CHECKING:
    import pandas as pd

#: First columns of zones that are drawn from distances, in order.
DERIVED_COLUMNS: dict[str, str] = {**ZONE_HEAD, "status": "str"}

#: Version of zones that nobody has approved.
NOT_APPROVED = "推导，未经批准"

#: Kinds of drinking-water sources with their Chinese names, and the shape that each is drawn from.
SOURCE_KINDS: dict[str, tuple[str, str]] = {
    "river": ("河流型", "river"),
    "tidal_river": ("潮汐河段", "river"),
    "small_reservoir": ("小型水库", "lake"),
    "plain_medium_reservoir": ("平原型中型水库", "lake"),
    "hill_medium_reservoir": ("山区型中型水库", "lake"),
    "large_reservoir": ("大型水库", "lake"),
    "small_lake": ("小型湖泊", "lake"),
    "large_lake": ("大中型湖泊", "lake"),
    "single_use": ("单一供水功能湖库", "lake"),
    "well": ("地下水井", "well"),
}

#: Grades, the strictest first, in Chinese.
GRADES: dict[str, str] = {"primary": "一级", "secondary": "二级", "quasi": "准"}

#: What is measured, in words, and for which shapes.
_MEASURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "upstream": ("上游", ("river", "lake")),
    "downstream": ("下游", ("river",)),
    "water": ("水域", ("lake",)),
    "land": ("陆域", ("river", "lake", "well")),
}


@dataclass(frozen=True)
class Grade:
    """The distances of one grade in metres; infinite: the whole water, or the whole catchment.

    A grade begins where the stricter one ends, so ``status`` is that of the distances of both.
    """

    key: str
    upstream_m: float
    downstream_m: float
    water_m: float
    land_m: float
    words: str
    status: str
    given: bool  # its own distances are all the caller's

    @property
    def zh(self) -> str:
        """Name the grade: 一级."""
        return GRADES[self.key]


def grades_of(kind: str, given: Mapping[str, float | None]) -> list[Grade]:
    """Return the grades that are drawn for a kind of source, strictest first.

    ``given`` holds the caller's distances by name (``primary_land_m``); None: the rule's.

    Raises
    ------
    ValueError
        The kind is not known, a distance is none or has no meaning for the kind, or the land of a
        grade has no distance.

    Examples
    --------
    >>> from chaoyang_geo.rivers.source_distances import grades_of
    >>> [(g.zh, g.words, g.status) for g in grades_of("river", {"primary_land_m": 80})]
    [('一级', '上游1000 m、下游100 m、陆域80 m', 'unverified'), \
('二级', '上游2000 m、下游200 m、陆域1000 m', 'unverified')]
    """
    one_of("kind", kind, tuple(SOURCE_KINDS))
    shape = SOURCE_KINDS[kind][1]
    known = table("source_zone_distances.csv")
    known = known[known["kind"] == kind]
    ruled = dict(zip(known["parameter"], known["value_m"], strict=True))
    states = dict(zip(known["parameter"], known["status"], strict=True))
    out = []
    used: set[str] = set()
    for grade in GRADES:
        metres: dict[str, float] = {}
        words, given_all = [], True
        for measure, (zh, shapes) in _MEASURES.items():
            name = f"{grade}_{measure}_m"
            value = given.get(name)
            if value is not None:
                _check(name, value, kind, shape in shapes, measure in ("water", "land"))
            elif name in ruled:
                value = float(ruled[name])
                used.add(str(states[name]))
                given_all = False
            if value is not None:
                metres[measure] = float(value)
                words.append(zh + _metres(float(value), measure))
        if not metres and grade != "primary":
            continue
        if "land" not in metres:
            raise ValueError(
                f"{grade}_land_m: there is no distance for kind={kind!r} at hand; give one in metres."
            )
        out.append(
            Grade(
                key=grade,
                upstream_m=metres.get("upstream", 0.0),
                downstream_m=metres.get("downstream", 0.0),
                water_m=metres.get("water", 0.0),
                land_m=metres["land"],
                words="、".join(words),
                status=";".join(sorted(used)) or "user",
                given=given_all,
            )
        )
    return out


def _metres(value: float, measure: str) -> str:
    if math.isinf(value):
        return "全部" if measure == "water" else "至集水范围边界"
    return f"{in_words(value)} m"


def in_words(number: float) -> str:
    """Write a number as it was given, without an exponent.

    Examples
    --------
    >>> from chaoyang_geo.rivers.source_distances import in_words
    >>> in_words(1234567.0), in_words(0.5)
    ('1234567', '0.5')
    """
    return f"{number:.3f}".rstrip("0").rstrip(".")


def _check(name: str, value: float, kind: str, used: bool, may_be_infinite: bool) -> None:
    if not used:
        raise ValueError(f"{name}={value!r} has no meaning for kind={kind!r}; leave it out.")
    checked(name, value, may_be_infinite=may_be_infinite)


def checked(name: str, value: object, *, may_be_infinite: bool = False) -> float:
    """Return a distance; ``ValueError`` where it is none."""
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    if not number >= 0 or (math.isinf(number) and not may_be_infinite):
        raise ValueError(f"{name}={value!r} is no distance; give metres, 0 or more.")
    return number


def accuracy_of(frame: pd.DataFrame, *, table: str) -> Any:
    """Return ``accuracy_m`` of each row, missing where it is not known."""
    import numpy as np

    if "accuracy_m" not in frame:
        return np.full(len(frame), np.nan)
    return numbers_of(frame, "accuracy_m", table=table, hint="give metres.")
