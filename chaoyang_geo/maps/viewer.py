"""One HTML file that holds the whole map: opens anywhere, asks the network for nothing.

All data stands in a JSON block that cannot end early, every text reaches the page by
``textContent``, and a Content-Security-Policy lets only the library's own scripts run, by hash.
"""

from __future__ import annotations

import dataclasses
import html
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaoyang_geo.maps import geometry, inline, many, style
from chaoyang_geo.maps.model import Badge, Cell, Feature, Layer, MapContent, Popup

_HTML_LANG = {"zh": "zh-CN", "en": "en"}


def write_map(layers: MapContent, path: str | os.PathLike[str]) -> Path:
    """Write the map as one HTML file that works without network.

    Leaflet, styles and data are all inside. The same layers give the same bytes. Very many zones
    or sites are stored small and drawn on canvases; their popups say the same. A missing parent
    folder is made; an interrupted write leaves the old file.

    Parameters
    ----------
    layers : MapLayers
        From ``map_layers``, with your own layers added.
    path : str or path
        The HTML file.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    ImportError
        Leaflet's package is missing; the message has the install line.
    ValueError
        ``path`` is a folder, a device or a pipe.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from chaoyang_geo import load_plan, map_layers, write_map
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_map(map_layers(load_plan("chaoyang")), Path(folder) / "map.html")
    ...     path.name, path.stat().st_size < 1_000_000
    ('map.html', True)
    """
    return inline.write_text(path, render_page(layers))


def render_page(layers: MapContent) -> str:
    """Return the text of the map's HTML page."""
    rest, very_many = many.parted(layers)
    data = {**page_data(rest), "bounds": bounds(layers), "limits": limits(layers)}
    scripts = [inline.leaflet_js(), inline.page_file("parts.js"), inline.page_file("page.js")]
    if very_many is not None:
        scripts.append(inline.page_file("many.js"))
    scripts = [inline.safe_script(text) for text in scripts]
    sheets = [
        inline.leaflet_css(),
        inline.page_file("parts.css") + style.badge_css(),
        inline.page_file("page.css"),
    ]
    # Hashes of the library's own files alone: data can never become an allowed script.
    policy = "; ".join(
        [
            "default-src 'none'",
            "script-src " + " ".join(inline.content_hash(text) for text in scripts),
            "style-src " + " ".join(inline.content_hash(text) for text in sheets),
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    parts = {
        "html_lang": _HTML_LANG[layers.lang],
        "policy": policy,
        "title": html.escape(layers.title),
        "subtitle": html.escape(layers.subtitle),
        "leaflet_version": inline.LEAFLET_VERSION,
        "leaflet_licence": inline.leaflet_licence(),
        "styles": "\n".join(f"<style>{text}</style>" for text in sheets),
        "no_script": html.escape(layers.words["no_script"]),
        "data": inline.safe_json(data),
        "scripts": _data_block("many", very_many)
        + "\n".join(f"<script>{text}</script>" for text in scripts),
    }
    # One pass, so that what is put in is never itself searched for places to put things.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], inline.page_file("page.html"))


def _data_block(name: str, data: object) -> str:
    """Return a block of data beside the main one, nothing where there is none."""
    if data is None:
        return ""
    return f'<script type="application/json" id="{name}">{inline.safe_json(data)}</script>\n'


def page_data(layers: MapContent) -> dict[str, Any]:
    """Return the JSON block of the page."""
    return {
        "lang": layers.lang,
        "words": dict(layers.words),
        "styles": {key: _style_data(one) for key, one in layers.styles.items()},
        "bounds": bounds(layers),
        "limits": limits(layers),
        "layers": [_layer_data(layer) for layer in layers.layers],
        "legends": [dataclasses.asdict(legend) for legend in layers.legends],
        "listing": None if layers.listing is None else dataclasses.asdict(layers.listing),
        "notes": list(layers.notes),
        "credits": list(layers.credits),
        "attribution": [list(pair) for pair in layers.attribution],
    }


def bounds(layers: MapContent) -> list[list[float]]:
    """Return [[south, west], [north, east]]: the focus, else the plan's own layers, else all.

    Without any feature this is the whole of China's longitudes and latitudes.
    """
    if layers.focus is not None:
        west, south, east, north = layers.focus
        return [[south, west], [north, east]]
    return _extent(layers)


def limits(layers: MapContent) -> list[list[float]]:
    """Return how far the map may be moved: [[south, west], [north, east]] of all that is drawn."""
    corners = [*bounds(layers), *_extent(layers)]
    lat, lon = zip(*corners, strict=True)
    return [[min(lat), min(lon)], [max(lat), max(lon)]]


def _extent(layers: MapContent) -> list[list[float]]:
    own = [layer for layer in layers.layers if layer.role == "own"]
    plan = [layer for layer in layers.layers if layer.role in ("unit", "county", "section")]
    for chosen in (plan, own, list(layers.layers)):
        points = [
            point
            for layer in chosen
            for feature in layer.features
            for point in _points(feature.geometry)
        ]
        if points:
            lon, lat = [point[0] for point in points], [point[1] for point in points]
            return [[min(lat), min(lon)], [max(lat), max(lon)]]
    return [[18.0, 73.0], [54.0, 136.0]]


def _style_data(one: style.Style) -> dict[str, Any]:
    """Return a style for JSON, without what only some styles have."""
    data = dataclasses.asdict(one)
    return {key: value for key, value in data.items() if key not in ("hatches", "marker") or value}


def badge_data(badge: Badge | None) -> dict[str, str] | None:
    """Return a badge for JSON."""
    return None if badge is None else {"text": badge.text, "style": badge.style}


def popup_data(popup: Popup | None) -> dict[str, Any] | None:
    """Return a popup for JSON."""
    # by hand: dataclasses.asdict copies every text of ten thousand popups
    if popup is None:
        return None
    return {
        "title": popup.title,
        "kind": popup.kind,
        "badge": badge_data(popup.badge),
        "paragraphs": popup.paragraphs,
        "rows": [(name, _cell_data(cell)) for name, cell in popup.rows],
        "tables": [
            {
                "title": table.title,
                "head": table.head,
                "rows": [[_cell_data(cell) for cell in row] for row in table.rows],
                "note": table.note,
                "lead": table.lead,
            }
            for table in popup.tables
        ],
    }


def _cell_data(cell: Cell) -> str | dict[str, str] | None:
    return cell if isinstance(cell, str) else badge_data(cell)


def _layer_data(layer: Layer) -> dict[str, Any]:
    return {
        "key": layer.key,
        "name": layer.name,
        "group": layer.group,
        "role": layer.role,
        "visible": layer.visible,
        "interactive": layer.interactive,
        "ground": layer.ground,
        "features": [_feature_data(feature) for feature in layer.features],
    }


def _feature_data(feature: Feature) -> dict[str, Any]:
    return {
        "key": feature.key,
        "name": feature.name,
        "style": feature.style,
        "width": feature.width,
        "label": list(feature.label),
        "at": [list(place) for place in feature.label_at],
        "badge": badge_data(feature.badge),
        "summary": feature.summary,
        "popup": popup_data(feature.popup),
        "geometry": geometry.packed(feature.geometry),
    }


def _points(shape: Mapping[str, Any]) -> list[tuple[float, float]]:
    if shape["type"] == "GeometryCollection":
        return [point for part in shape["geometries"] for point in _points(part)]
    return _flat(shape["coordinates"])


def _flat(coordinates: Any) -> list[tuple[float, float]]:
    if coordinates and isinstance(coordinates[0], (int, float)):
        return [(coordinates[0], coordinates[1])]
    return [point for part in coordinates for point in _flat(part)]


__all__ = ["write_map"]
