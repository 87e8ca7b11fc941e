"""How a kind and grade of zone is drawn: a colour and a hatch, so that print without colour tells."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """Colour of fill, hatch and border; hatches are angle and gap in millimetres."""

    colour: str
    opacity: float
    hatches: tuple[tuple[float, float], ...]
    width: float = 0.25


_LOOKS: dict[tuple[str, str], Look] = {
    ("eco_red_line", "core"): Look("#b3261e", 0.28, ((45, 1.3),), 0.5),
    ("eco_red_line", "general"): Look("#cf4a41", 0.13, ((45, 2.8),), 0.4),
    ("eco_red_line", ""): Look("#cf4a41", 0.13, ((45, 2.8),), 0.4),
    ("nature_reserve", "core"): Look("#146b37", 0.28, ((135, 1.3),), 0.45),
    ("nature_reserve", "general"): Look("#3d9960", 0.13, ((135, 2.8),), 0.35),
    ("nature_reserve", ""): Look("#3d9960", 0.13, ((135, 2.8),), 0.35),
    ("drinking_water", "primary"): Look("#0b4f9e", 0.32, ((0, 1.2),), 0.45),
    ("drinking_water", "secondary"): Look("#2f7ed8", 0.18, ((0, 2.4),), 0.35),
    ("drinking_water", "quasi"): Look("#5c9fdf", 0.10, ((0, 4.2),), 0.3),
    ("drinking_water", ""): Look("#2f7ed8", 0.18, ((0, 2.4),), 0.35),
    ("management_unit", "priority"): Look("#2f8f6b", 0.10, ((90, 2.6),)),
    ("management_unit", "key"): Look("#c77800", 0.14, ((90, 4.0),)),
    ("management_unit", "general"): Look("#7c868d", 0.07, ()),
    ("management_unit", ""): Look("#7c868d", 0.07, ((90, 5.0),)),
    ("function_zone", ""): Look("#7a8f2a", 0.12, ((20, 3.4),)),
    ("river_bank", ""): Look("#1f9fb5", 0.35, ((135, 1.4),)),
    ("reservoir_bank", ""): Look("#3b7f9e", 0.30, ((135, 2.0),)),
    ("permanent_cropland", ""): Look("#a37a00", 0.16, ((45, 2.8), (135, 2.8))),
    ("town", ""): Look("#6b5b95", 0.16, ((0, 2.8), (90, 2.8))),
}
_UNKNOWN = Look("#4a4a4a", 0.12, ((70, 3.0),))

#: What is drawn first and so lies below.
_ORDER = (
    "management_unit", "function_zone", "town", "permanent_cropland", "drinking_water",
    "reservoir_bank", "river_bank", "nature_reserve", "eco_red_line",
)  # fmt: skip
_GRADES = ("general", "quasi", "", "key", "secondary", "priority", "primary", "core")


def look_of(kind: str, grade: str) -> Look:
    """Return how a kind and grade is drawn; an unknown one is grey.

    Examples
    --------
    >>> from chaoyang_geo.findings.classes import look_of
    >>> look_of("eco_red_line", "core").colour, look_of("mine", "").colour
    ('#b3261e', '#4a4a4a')
    """
    return _LOOKS.get((kind, grade)) or _LOOKS.get((kind, "")) or _UNKNOWN


def drawn_at(kind: str, grade: str) -> tuple[int, int]:
    """Return where in the stack a kind and grade is drawn, the lowest first."""
    return (
        _ORDER.index(kind) if kind in _ORDER else len(_ORDER),
        _GRADES.index(grade) if grade in _GRADES else len(_GRADES),
    )
