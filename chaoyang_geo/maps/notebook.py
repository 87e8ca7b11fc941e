"""The same layers as a ``folium.Map``, for notebooks in which analysts add their own.

Plain folium asks eleven addresses for its scripts and stays blank offline, and runs what data
says as script. This map carries Leaflet inside, draws texts as text, and refuses to save a page
that would ask the network for anything; what slips through, as an address that a script puts
together, is stopped in the browser by the page's own Content-Security-Policy.
"""

from __future__ import annotations

import html
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo.maps import inline, style
from chaoyang_geo.maps.model import Badge, Feature, Layer, MapContent
from chaoyang_geo.maps.viewer import badge_data, bounds, page_data, popup_data

if TYPE_CHECKING:
    import folium

# Enough of jQuery for folium's own Popup: parse a fragment, wait for the page.
_SHIM = """
window.$ = window.$ || function (what) {
  if (typeof what === 'string') {
    var box = document.createElement('div');
    box.innerHTML = what.trim();
    return box.childNodes;
  }
  return { ready: function (run) { run(); } };
};
"""

_ICONS = "L.Icon.Default.imagePath = '';\nL.Icon.Default.mergeOptions({options});\n"

# Static code: geometry and style come with the feature, every text from one JSON block, which is
# written by textContent. folium reads its output a second time as a Jinja template, so no text of
# the data may pass through folium's own elements.
_EACH_FEATURE = """
function (feature, layer) {
  var G = window.ChaoyangGeo;
  function data() {
    var store = window.STORE;
    return store.told[store.texts[LAYER][feature.properties.number]];
  }
  layer.bindTooltip(function () { return G.tooltip(data()); }, {sticky: true, className: 'cg-tooltip'});
  layer.bindPopup(function () { return G.popup(data().popup); },
    {className: 'cg-popup', maxWidth: 380, minWidth: 240, maxHeight: 320});
}
"""

_POINT = """
function (feature, latlng) {
  return window.ChaoyangGeo.marker(feature.properties.marker, latlng,
    {pane: PANE, bubblingMouseEvents: false});
}
"""

_FINISH = """
{% macro script(this, kwargs) %}
(function (map) {
  var G = window.ChaoyangGeo;
  var data = window.{{ this.store }} = {{ this.data_json }};
  if (map.attributionControl) {
    map.attributionControl.setPrefix('Leaflet');
    data.credits.forEach(function (html) { map.attributionControl.addAttribution(html); });
  }
  G.addHatch(map.getContainer(), data.styles);
  var legend = L.control({position: 'bottomright'});
  legend.onAdd = function () {
    var box = G.el('details', 'cg-note');
    box.open = map.getSize().y > 560;
    box.appendChild(G.el('summary', '', data.title));
    data.legends.forEach(function (one) { box.appendChild(G.legend(one, data.styles)); });
    data.notes.forEach(function (text) { box.appendChild(G.el('p', 'cg-small', text)); });
    L.DomEvent.disableClickPropagation(box);
    L.DomEvent.disableScrollPropagation(box);
    return box;
  };
  legend.addTo(map);
  L.control.scale({imperial: false}).addTo(map);
  var labels = new G.Labels(map);
  var shown = {{ this.shown }};
  data.labels.forEach(function (one) {
    labels.add(one, one.role, function () { return map.hasLayer(shown[one.layer]); });
  });
  data.dots.forEach(function (one) {
    labels.addDot(L.latLng(one.at[1], one.at[0]), one.radius + 2,
      function () { return map.hasLayer(shown[one.layer]); });
  });
  map.on('overlayadd overlayremove', labels.place, labels);
  map.whenReady(function () { window.setTimeout(function () { labels.start(); }, 0); });
}({{ this._parent.get_name() }}));
{% endmacro %}
"""

_NOTE_CSS = """
body { font-family: "Noto Sans SC", "Source Han Sans SC", "Noto Sans CJK SC", "Microsoft YaHei",
  "PingFang SC", Arial, sans-serif; }
.cg-note { background: rgba(255, 255, 255, 0.94); padding: 6px 10px; border-radius: 4px;
  box-shadow: 0 1px 5px rgba(0, 0, 0, 0.3); max-width: 270px; max-height: 420px; overflow-y: auto; }
.leaflet-container .leaflet-control-attribution { font-size: 11px; }
.leaflet-container .leaflet-control-layers, .leaflet-container .leaflet-popup { font-size: 13px; }
.cg-note summary { font-weight: 600; cursor: pointer; }
.cg-note .cg-small { font-size: 11px; margin: 3px 0 0; color: #44525b; }
"""


def folium_map(layers: MapContent) -> folium.Map:
    """Return the layers as a ``folium.Map`` that needs no network.

    Add your own folium objects to it as usual. Its ``save(path)`` writes one file with everything
    inside, whole or not at all, and raises ``ValueError`` when something added would ask the
    network (tiles, plugins, pictures in a popup); shown in a notebook it is offline too, so such
    things stay blank there. Icons of folium's own (``folium.Icon``) need a script that is not
    carried: use ``folium.CircleMarker``.

    Parameters
    ----------
    layers : MapLayers
        From ``map_layers``, with your own layers added.

    Returns
    -------
    folium.Map

    Raises
    ------
    ImportError
        folium or Leaflet's package is missing; the message has the install line.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from chaoyang_geo import folium_map, load_plan, map_layers
    >>> drawn = folium_map(map_layers(load_plan("chaoyang")))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     drawn.save(Path(folder) / "map.html").name
    'map.html'
    """
    inline.need("folium", "a map for notebooks")
    import folium

    south_west, north_east = bounds(layers)
    drawn = _offline_class()(
        location=[(a + b) / 2 for a, b in zip(south_west, north_east, strict=True)],
        tiles=None,
        zoom_snap=0.25,
        # Without tiles folium drops its own max_zoom, and clusters of markers need one.
        maxZoom=18,
    )
    for role, order in _PANES.items():
        folium.map.CustomPane(f"cg-{role}", z_index=order).add_to(drawn)
    shown: dict[str, str] = {}
    for layer in layers.layers:
        if layer.ground:
            _ground(layers, layer).add_to(drawn)
        overlay = _overlay(layers, layer, _store(drawn))
        overlay.add_to(drawn)
        shown[layer.key] = overlay.get_name()
    _finish(layers, shown, _store(drawn)).add_to(drawn)
    folium.LayerControl(collapsed=True).add_to(drawn)
    # the legend stands at the right: what is drawn keeps clear of it
    drawn.fit_bounds([south_west, north_east], padding_bottom_right=(_LEGEND_WIDTH, 0))
    return drawn


_LEGEND_WIDTH = 270  # at most, as in _NOTE_CSS

#: Drawing order of the roles; clicks reach the upper one first.
_PANES = {
    "ground": 300,
    "unit": 400,
    "river": 410,
    "reservoir": 415,
    "area": 416,
    "zone": 418,
    "county": 420,
    "own": 430,
    "section": 450,
    "site": 460,
}


def _store(drawn: folium.Map) -> str:
    """Name the script variable that holds the texts of this map."""
    return f"texts_of_{drawn.get_name()}"


def _unread(text: str) -> str:
    """Write JSON so that no template engine finds anything in it.

    ``{{``, ``{%`` and ``{#`` stand only inside the strings of JSON, where an escape is the same.
    """
    return re.sub(r"\{(?=[{%#])", r"\\u007b", text)


def _overlay(layers: MapContent, layer: Layer, store: str) -> folium.GeoJson:
    import folium
    from folium.utilities import JsCode

    features = [
        {
            "type": "Feature",
            "geometry": dict(feature.geometry),
            "properties": {
                "number": number,
                "style": _path_style(layers, feature.style, feature.width),
                "marker": layers.styles[feature.style].marker,
            },
        }
        for number, feature in enumerate(layer.features)
    ]
    name = f"{layer.group}: {layer.name}" if layer.role == "own" else layer.name
    code = _EACH_FEATURE.replace("STORE", store).replace("LAYER", f"'{layer.key}'")
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        # Leaflet takes the name as HTML, and before that folium as a template.
        name=html.escape(name).replace("{", "&#123;"),
        show=layer.visible,
        point_to_layer=JsCode(_POINT.replace("PANE", f"'cg-{layer.role}'")),
        on_each_feature=JsCode(code) if layer.interactive else None,
        pane=f"cg-{layer.role}",
        interactive=layer.interactive,
    )


def _ground(layers: MapContent, layer: Layer) -> folium.GeoJson:
    """Fill the ground under everything; no entry in the layer list."""
    import folium

    look = _path_style(layers, layer.ground, None)
    features = [
        {"type": "Feature", "geometry": dict(feature.geometry), "properties": {"style": look}}
        for feature in layer.features
    ]
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        control=False,
        pane="cg-ground",
        interactive=False,
    )


def _path_style(layers: MapContent, key: str, width: float | None) -> dict[str, Any]:
    """Write a style as Leaflet's path options; folium takes it from the feature's properties."""
    one = layers.styles[key]
    return {
        "stroke": bool(one.stroke),
        "color": one.stroke or "#000000",
        "weight": width or one.weight,
        "opacity": one.opacity,
        "dashArray": one.dash or None,
        "fill": bool(one.fill),
        "fillColor": f"url(#cg-hatch-{key})"
        if one.hatches
        else ("url(#cg-hatch)" if one.hatch else one.fill),
        "fillOpacity": 1.0 if one.hatches else one.fill_opacity,
        "radius": one.radius or 5,
    }


def _finish(layers: MapContent, shown: dict[str, str], store: str) -> Any:
    """Return the element that adds legend, notes, hatch and labels by the shared script."""
    from branca.element import MacroElement
    from folium.template import Template

    page = page_data(layers)
    told, numbers = _texts(layers)
    labels = [
        {
            "label": list(feature.label),
            "at": _label_places(feature),
            "role": layer.role,
            "layer": layer.key,
            "radius": layers.styles[feature.style].radius,
            "unread": feature.badge is not None and feature.badge.style == style.NO_READING,
        }
        for layer in layers.layers
        for feature in layer.features
        if feature.label and _label_places(feature)
    ]
    dots = [
        {
            "at": feature.geometry["coordinates"],
            "radius": layers.styles[feature.style].radius,
            "layer": layer.key,
        }
        for layer in layers.layers
        for feature in layer.features
        if feature.geometry["type"] == "Point"
    ]
    data = {
        "title": layers.title,
        "legends": page["legends"],
        "styles": page["styles"],
        "notes": page["notes"],
        "credits": [html.escape(text) for text in layers.credits],
        "told": told,
        "texts": numbers,
        "labels": labels,
        "dots": dots,
    }

    class Finish(MacroElement):
        _template = Template(_FINISH)

        def __init__(self, data_json: str, shown: str, store: str) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self._name = "ChaoyangGeo"
            self.data_json = data_json
            self.shown = shown
            self.store = store

    # The right-hand names are script variables that folium made, so no data.
    pairs = ", ".join(f"{inline.safe_json(key)}: {name}" for key, name in shown.items())
    return Finish(_unread(inline.safe_json(data)), "{" + pairs + "}", store)


def _texts(layers: MapContent) -> tuple[list[dict[str, Any]], dict[str, list[int]]]:
    """Return what features say, and its number for each: a sign and its outline say the same."""
    told: list[dict[str, Any]] = []
    found: dict[tuple[str, Badge | None, int], int] = {}
    numbers: dict[str, list[int]] = {}
    for layer in layers.layers:
        if not layer.interactive:
            continue
        for feature in layer.features:
            number = found.setdefault((feature.name, feature.badge, id(feature.popup)), len(told))
            if number == len(told):
                told.append(
                    {
                        "name": feature.name,
                        "badge": badge_data(feature.badge),
                        "popup": popup_data(feature.popup),
                    }
                )
            numbers.setdefault(layer.key, []).append(number)
    return told, numbers


def _label_places(feature: Feature) -> list[list[float]]:
    """Return the places for the label; a point's label stands beside the point itself."""
    if feature.geometry["type"] == "Point":
        return [[*feature.geometry["coordinates"], 0]]
    return [list(place) for place in feature.label_at]


def _offline_class() -> type[folium.Map]:
    """Return a ``folium.Map`` without its addresses; made late, as folium is optional."""
    import folium
    from branca.element import Element, Figure

    class Verbatim(Element):
        """Text for the head of the page that no template engine reads."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

        def render(self, **kwargs: Any) -> str:
            return self.text

    class OfflineMap(folium.Map):
        """A ``folium.Map`` with Leaflet inside and a ``save`` that never asks the network."""

        # folium's class-wide lists of addresses, replaced by what stands in the page.
        default_js: list[tuple[str, str]] = []  # noqa: RUF012
        default_css: list[tuple[str, str]] = []  # noqa: RUF012

        def render(self, **kwargs: Any) -> None:  # type: ignore[override]
            figure = self.get_root()
            if isinstance(figure, Figure):
                for name, text in _head().items():
                    figure.header.add_child(Verbatim(text), name=name)
                # The policy holds only for what stands behind it.
                figure.header._children.move_to_end("cg_policy", last=False)
            super().render(**kwargs)  # type: ignore[no-untyped-call]

        def save(  # type: ignore[override]
            self, outfile: str | os.PathLike[str], **kwargs: Any
        ) -> Path:
            """Write one file that works without network; see :func:`folium_map`."""
            page = self.get_root().render(**kwargs)
            # Texts of the data are never markup, so an address in them is not asked for.
            foreign = page
            for child in self._children.values():
                foreign = foreign.replace(getattr(child, "data_json", None) or "\0", "")
            outside = external_addresses(foreign)
            if outside:
                raise ValueError(
                    "the map would ask the network for "
                    f"{', '.join(outside[:3])}{' and others' if len(outside) > 3 else ''}; "
                    "take off what needs it (a layer, a plugin, a picture in a popup), "
                    "then save again"
                )
            if "L.AwesomeMarkers" in page.split(_HEAD_END, 1)[-1]:
                raise ValueError(
                    "folium.Icon needs a script that this offline map does not carry; "
                    "use folium.CircleMarker, or folium.Marker without icon"
                )
            return inline.write_text(outfile, page)

    OfflineMap.__qualname__ = OfflineMap.__name__ = "Map"
    return OfflineMap


_HEAD_END = "<!-- end of chaoyang_geo head -->"

# folium is made of inline scripts and styles, so these are let run; nothing may be fetched.
# Frames are for folium.IFrame, which carries its page inside and inherits this policy.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; media-src data: blob:; frame-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)


def _head() -> dict[str, str]:
    icons = _ICONS.replace("{options}", "{}").replace("({})", f"({inline.leaflet_icon_options()})")
    scripts = [inline.leaflet_js(), _SHIM + icons, inline.page_file("parts.js")]
    sheets = [inline.leaflet_css(), inline.page_file("parts.css") + style.badge_css() + _NOTE_CSS]
    return {
        "cg_policy": f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        "cg_licence": f"<!-- Leaflet {inline.LEAFLET_VERSION}\n{inline.leaflet_licence()}-->",
        "cg_sheets": "\n".join(f"<style>{text}</style>" for text in sheets),
        "cg_scripts": "\n".join(f"<script>{inline.safe_script(text)}</script>" for text in scripts),
        "cg_end": _HEAD_END,
    }


class _Loads(HTMLParser):
    """Collect the addresses that a page loads by itself; links to click do not count."""

    _ATTRIBUTES = frozenset({"src", "srcset", "poster", "data", "href", "xlink:href"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._style = False
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._style, self._script = tag == "style", tag == "script"
        for name, value in attrs:
            if tag != "a" and name in self._ATTRIBUTES and value and _is_outside(value):
                self.found.append(value)
            elif name == "style" and value:
                self.found.extend(_css_addresses(value))

    def handle_endtag(self, tag: str) -> None:
        self._style = self._script = False

    def handle_data(self, data: str) -> None:
        if self._style:
            self.found.extend(_css_addresses(data))
        elif self._script:
            self.found.extend(re.findall(_SCRIPT_LOADS, data))
            # Markup in a string of the script: the content of a popup, the html of an icon.
            for tag in re.findall(r"<[A-Za-z][^<>]*>", _unescaped(data)):
                self.found.extend(external_addresses(tag))


# Layers that folium writes into its script with an address: tiles, pictures, videos, requests.
_SCRIPT_LOADS = (
    r"(?:L\.(?:tileLayer(?:\.wms)?|imageOverlay|videoOverlay|icon)|fetch|\$\.ajax)"
    r"\(\s*\{?\s*(?:\"iconUrl\":\s*|iconUrl:\s*)?[\"'`]((?:https?:)?//[^\"'`]+)"
)


def _unescaped(script: str) -> str:
    """Return a script with the escapes undone that hide markup in a string."""
    plain = re.sub(
        r"\\(?:u00|x)(3[ce]|2[27f])", lambda found: chr(int(found[1], 16)), script, flags=re.I
    )
    return re.sub(r"\\([\"'/`])", r"\1", plain)


def _is_outside(address: str) -> bool:
    return bool(re.match(r"\s*(?:[a-z]+:)?//", address, re.IGNORECASE))


def _css_addresses(text: str) -> list[str]:
    found = re.findall(r"(?:url\(|@import)\s*[\"']?([^\"')\s;]+)", text)
    return [address for address in found if _is_outside(address)]


def external_addresses(page: str) -> list[str]:
    """Return the addresses that an HTML page would load from elsewhere, without repeats.

    Examples
    --------
    >>> from chaoyang_geo.maps.notebook import external_addresses
    >>> external_addresses('<script src="https://a.example/b.js"></script><a href="//c">d</a>')
    ['https://a.example/b.js']
    """
    parser = _Loads()
    parser.feed(page)
    parser.close()
    return list(dict.fromkeys(parser.found))


__all__ = ["external_addresses", "folium_map"]
