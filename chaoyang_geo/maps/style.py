"""Colours, line widths and class words of the maps.

Words and colour names of the classes follow 环办〔2011〕22号 (《地表水环境质量评价办法（试行）》):
Ⅰ-Ⅱ 蓝 优, Ⅲ 绿 良好, Ⅳ 黄 轻度污染, Ⅴ 橙 中度污染, 劣Ⅴ 红 重度污染. The rule names colours only; the
RGB values below are the library's choice. Yellow and orange, green and red are hard to tell
apart for many readers, so a map always prints the class as text too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chaoyang_geo.reasons import STATES
from chaoyang_geo.schema import CLASSES, one_of
from chaoyang_geo.verdicts import VERDICT_COLOURS, VERDICT_KEYS

#: Fill colour of each class.
CLASS_COLOURS: dict[str, str] = {
    "Ⅰ": "#2f7ed8",
    "Ⅱ": "#6fb7f0",
    "Ⅲ": "#4db35a",
    "Ⅳ": "#f7dc3b",
    "Ⅴ": "#f5972b",
    "劣Ⅴ": "#df3b3b",
}

_CLASS_NAMES_EN = ("Class I", "Class II", "Class III", "Class IV", "Class V", "worse than V")

#: Style key of places without a class.
NO_READING = "none"

#: Colours that users' own layers take in turn.
PALETTE: tuple[str, ...] = ("#8e44ad", "#c0398b", "#00798c", "#7a5c2e", "#3d5a80", "#b5483a")

#: Lower bounds of upstream area (km2) and the width of a river from there on, in pixels.
RIVER_WIDTHS: tuple[tuple[float, float], ...] = ((0, 0.9), (1000, 1.6), (5000, 2.5), (10000, 3.6))

#: Shapes of points.
MARKERS: tuple[str, ...] = ("circle", "square", "diamond", "triangle", "pentagon", "octagon")

#: Width of a river whose upstream area is missing.
RIVER_WIDTH_UNKNOWN = 0.9


@dataclass(frozen=True)
class Style:
    """How one kind of feature is drawn; ``hatch`` fills with grey diagonals.

    ``hatches`` draws lines in the colour of the border over the fill: angle in degrees and gap in
    pixels of each set, two sets at a right angle at most. ``marker`` is the shape of a point, one
    of :data:`MARKERS`; without it a circle.
    """

    fill: str = ""
    fill_opacity: float = 0.0
    stroke: str = ""
    weight: float = 1.0
    opacity: float = 1.0
    dash: str = ""
    radius: float = 0.0
    hatch: bool = False
    hatches: tuple[tuple[float, float], ...] = ()
    marker: str = ""


def class_key(value: object) -> str:
    """Return the style key of a class: ``"1"`` (Ⅰ) to ``"6"`` (劣Ⅴ), else ``"none"``.

    Examples
    --------
    >>> from chaoyang_geo.maps.style import class_key
    >>> class_key("Ⅱ"), class_key("劣Ⅴ"), class_key(None)
    ('2', '6', 'none')
    """
    return str(CLASSES.index(value) + 1) if value in CLASSES else NO_READING


def class_name(value: str, lang: str = "zh") -> str:
    """Return the name of a class for people.

    Examples
    --------
    >>> from chaoyang_geo.maps.style import class_name
    >>> class_name("Ⅱ"), class_name("劣Ⅴ"), class_name("Ⅱ", "en")
    ('Ⅱ类', '劣Ⅴ类', 'Class II')
    """
    one_of("lang", lang, ("zh", "en"))
    one_of("class", value, CLASSES)
    return f"{value}类" if lang == "zh" else _CLASS_NAMES_EN[CLASSES.index(value)]


def class_word(value: str, lang: str = "zh") -> str:
    """Return the state of the water that a class stands for (环办〔2011〕22号).

    Examples
    --------
    >>> from chaoyang_geo.maps.style import class_word
    >>> class_word("Ⅳ"), class_word("Ⅳ", "en")
    ('轻度污染', 'lightly polluted')
    """
    one_of("lang", lang, ("zh", "en"))
    one_of("class", value, CLASSES)
    return STATES[value][0 if lang == "zh" else 1]


def river_width(upstream_km2: float | None) -> float:
    """Return the width of a river line in pixels, by upstream area.

    Examples
    --------
    >>> from chaoyang_geo.maps.style import river_width
    >>> river_width(200), river_width(5000), river_width(None)
    (0.9, 2.5, 0.9)
    """
    if upstream_km2 is None or upstream_km2 != upstream_km2:
        return RIVER_WIDTH_UNKNOWN
    return max(width for bound, width in RIVER_WIDTHS if upstream_km2 >= bound or bound == 0)


def check_colour(colour: str) -> str:
    """Return ``colour`` when it is ``#rrggbb``, else raise ``ValueError``.

    Nothing else is let through, so that a colour can never carry other CSS.
    """
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise ValueError(
            f"colour={colour!r} is not a colour; write it as '#rrggbb', e.g. '#8e44ad'"
        )
    return colour.lower()


def base_styles() -> dict[str, Style]:
    """Return the styles of the plan's own layers by key."""
    styles: dict[str, Style] = {}
    for value, colour in CLASS_COLOURS.items():
        key = class_key(value)
        styles[f"unit-{key}"] = Style(colour, 0.62, "#4d5a63", 1.0)
        styles[f"section-{key}"] = Style(colour, 1.0, "#ffffff", 2.0, radius=6.5)
    styles[f"unit-{NO_READING}"] = Style("#e3e5e6", 0.9, "#4d5a63", 1.0, hatch=True)
    styles[f"section-{NO_READING}"] = Style("#ffffff", 1.0, "#7c868d", 2.2, radius=5.0)
    styles["river"] = Style(stroke="#1f5f9e", opacity=0.9)
    styles["reservoir"] = Style("#1f5f9e", 0.9, "#123f6b", 0.8)
    styles["county"] = Style(stroke="#7d5a86", weight=1.3, opacity=0.85, dash="7 4")
    styles["ground"] = Style("#fffdf7", 1.0, "#c9c4b4", 0.8)
    return styles


def badge_css() -> str:
    """Return the style sheet rules that colour the badges of the classes and verdicts."""
    dark = {"Ⅰ", "劣Ⅴ"}
    verdicts = "".join(
        f".cg-class-v-{VERDICT_KEYS[verdict]} {{ background: {pale}; color: {strong}; "
        f"box-shadow: inset 0 0 0 1px {strong}; }}\n"
        for verdict, (strong, pale) in VERDICT_COLOURS.items()
    )
    return verdicts + "".join(
        f".cg-class-{class_key(value)} {{ background: {colour}; "
        f"color: {'#ffffff' if value in dark else '#14212a'}; }}\n"
        for value, colour in CLASS_COLOURS.items()
    )
