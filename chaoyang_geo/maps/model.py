"""What a map is made of: layers of features, each with its style, label and popup.

Plain frozen dataclasses without any drawing: the viewer, the notebook and later the
printed plate all read the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chaoyang_geo.maps.style import Style


@dataclass(frozen=True)
class Badge:
    """A word on a coloured ground; ``style`` is ``"1"`` to ``"6"`` for a class, else ``"none"``."""

    text: str
    style: str


Cell = str | Badge


@dataclass(frozen=True)
class Table:
    """A small table of a popup; a ``lead`` one stands before the plain rows."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    lead: bool = False


@dataclass(frozen=True)
class Popup:
    """All that a click shows. Every text is plain; the drawing side escapes it."""

    title: str
    kind: str = ""
    badge: Badge | None = None
    paragraphs: tuple[str, ...] = ()
    rows: tuple[tuple[str, Cell], ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Feature:
    """One thing on the map.

    ``geometry`` is a GeoJSON dict in degrees, rounded to 5 decimals (about 1 m). ``label``
    holds the lines written on the map; ``label_at`` the places for it, best first, as
    (longitude, latitude, angle in degrees).
    """

    key: str
    name: str
    geometry: Mapping[str, Any]
    style: str
    popup: Popup | None = None
    label: tuple[str, ...] = ()
    label_at: tuple[tuple[float, float, float], ...] = ()
    width: float | None = None
    badge: Badge | None = None
    summary: str = ""


@dataclass(frozen=True)
class Layer:
    """Features of one kind. ``role`` sets the drawing order and the look of the labels.

    ``missing`` names the rows that have no geometry: they are counted, not drawn. ``ground`` is
    a style for a fill under everything else.
    """

    key: str
    name: str
    group: str
    role: str
    features: tuple[Feature, ...]
    visible: bool = True
    interactive: bool = True
    ground: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class LegendEntry:
    """One line of the legend; ``counts`` stand under the heads of the legend."""

    style: str
    text: str
    kind: str
    counts: tuple[int, ...] = ()
    width: float | None = None
    word: str = ""


@dataclass(frozen=True)
class Legend:
    """A block of the legend."""

    key: str
    title: str
    entries: tuple[LegendEntry, ...]
    heads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """A table beside the map: cells of text, and the feature that a click on the first one shows.

    ``rows`` pair the key of a feature, ``""`` for one that is not drawn, with the cells.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    note: str = ""


@dataclass(frozen=True)
class MapContent:
    """The whole map; ``chaoyang_geo.maps.layers.MapLayers`` adds the user's methods.

    ``attribution`` pairs each source with its licence; ``credits`` are the "© somebody" that
    licences want to see on the map itself. ``focus`` is what the map shows first, as west, south,
    east, north in degrees; without it the plan's own layers.
    """

    title: str
    subtitle: str
    lang: str
    layers: tuple[Layer, ...]
    styles: Mapping[str, Style]
    legends: tuple[Legend, ...]
    notes: tuple[str, ...]
    attribution: tuple[tuple[str, str], ...]
    credits: tuple[str, ...]
    words: Mapping[str, str] = field(repr=False)
    listing: Listing | None = None
    focus: tuple[float, float, float, float] | None = None

    def layer(self, key: str) -> Layer | None:
        """Return the layer with this key, or ``None``."""
        return next((layer for layer in self.layers if layer.key == key), None)
