"""Layers of very many features, small enough for one file: each text stored once.

The page draws them on canvases (``page/many.js``) and puts a popup together when it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from chaoyang_geo.maps import geometry
from chaoyang_geo.maps.model import Badge, Cell, Feature, Layer, MapContent, Popup, Table

#: Features of one role, zones or sites, up to which each is an element of the page of its own.
_MANY = 1000
_ROLES = ("zone", "site")
#: What is drawn of a kind of geometry: a sign, lines, or areas.
_DRAWN = {"Point": 0, "LineString": 1, "MultiLineString": 1, "Polygon": 2, "MultiPolygon": 2}
#: Longer texts are sentences and lists, whose pieces come again in others.
_WHOLE = 16
_ENDS = re.compile(r"(?<=[，；：、。（“”\n,;:(])")


def parted(layers: MapContent) -> tuple[MapContent, dict[str, Any] | None]:
    """Return the map without its very many features, and those as the page stores them.

    A feature with its name on the map, or of a rare kind of geometry, stays where it is. Without
    very many features the map is returned as it is, and ``None``.
    """
    numbers = {
        role: sum(len(layer.features) for layer in layers.layers if layer.role == role)
        for role in _ROLES
    }
    many = {role for role, number in numbers.items() if number > _MANY}
    if not many:
        return layers, None
    store = _Store()
    rest: list[Layer] = []
    packed = []
    for layer in layers.layers:
        out = [each for each in layer.features if layer.role in many and _is_plain(each)]
        packed.append((layer, out))
        left = () if len(out) == len(layer.features) else _without(layer.features, out)
        rest.append(replace(layer, features=left) if out else layer)
    return replace(layers, layers=tuple(rest)), store.data(packed)


def _is_plain(feature: Feature) -> bool:
    return not feature.label and feature.width is None and feature.geometry["type"] in _DRAWN


def _without(features: Sequence[Feature], out: Iterable[Feature]) -> tuple[Feature, ...]:
    gone = {id(each) for each in out}
    return tuple(each for each in features if id(each) not in gone)


class _Store:
    """Texts, badges and popups by number."""

    def __init__(self) -> None:
        self._texts: dict[str, int] = {}
        self._stored: list[str | list[int]] = []
        self._badges: dict[Badge, int] = {}
        self._popups: dict[int, int] = {}
        self._popup_data: list[list[Any]] = []

    def data(self, packed: Sequence[tuple[Layer, Sequence[Feature]]]) -> dict[str, Any]:
        """Return the JSON block."""
        layers = [
            {"key": layer.key, "role": layer.role, "features": [self._feature(one) for one in out]}
            for layer, out in packed
            if out
        ]
        badges = [[badge.text, badge.style] for badge in self._badges]
        return {
            "texts": self._stored, "badges": badges, "popups": self._popup_data, "layers": layers,
        }  # fmt: skip

    def _feature(self, feature: Feature) -> list[Any]:
        return [
            feature.key,
            self._text(feature.name),
            self._text(feature.style),
            self._badge(feature.badge),
            self._popup(feature.popup),
            _DRAWN[feature.geometry["type"]],
            geometry.packed(feature.geometry)["c"],
        ]

    def _text(self, text: str) -> int:
        """Return the number of a text; a long one is stored as the numbers of its pieces."""
        number = self._texts.get(text)
        if number is None:
            pieces = [piece for piece in _ENDS.split(text) if piece] if len(text) > _WHOLE else []
            stored = [self._text(piece) for piece in pieces] if len(pieces) > 1 else text
            number = self._texts[text] = len(self._stored)
            self._stored.append(stored)
        return number

    def _badge(self, badge: Badge | None) -> int | None:
        """Return the number of a badge, below 0 to tell it from a text."""
        return None if badge is None else -1 - self._badges.setdefault(badge, len(self._badges))

    def _cell(self, cell: Cell) -> int | None:
        return self._text(cell) if isinstance(cell, str) else self._badge(cell)

    def _popup(self, popup: Popup | None) -> int | None:
        """Return the number of a popup; that of an outline and its sign is the same object."""
        if popup is None:
            return None
        number = self._popups.get(id(popup))
        if number is None:
            number = self._popups[id(popup)] = len(self._popup_data)
            self._popup_data.append(
                [
                    self._text(popup.title),
                    self._text(popup.kind),
                    self._badge(popup.badge),
                    [self._text(each) for each in popup.paragraphs],
                    [[self._text(name), self._cell(cell)] for name, cell in popup.rows],
                    [self._table(table) for table in popup.tables],
                ]
            )
        return number

    def _table(self, table: Table) -> list[Any]:
        return [
            self._text(table.title),
            [self._text(head) for head in table.head],
            [[self._cell(cell) for cell in row] for row in table.rows],
            self._text(table.note),
            int(table.lead),
        ]
