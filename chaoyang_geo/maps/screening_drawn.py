"""The features of the map of a screening: zones, signs and outlines of sites, and their looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import to_geographic
from chaoyang_geo.maps import geometry as shapes
from chaoyang_geo.maps import style
from chaoyang_geo.maps.model import Feature, Layer
from chaoyang_geo.maps.screening_popups import (
    Site,
    Told,
    area_popup,
    severity,
    site_popup,
    verdict_badge,
    zone_popup,
)
from chaoyang_geo.maps.screening_rows import rows, text
from chaoyang_geo.maps.screening_shapes import geojson
from chaoyang_geo.schema import SchemaError, require
from chaoyang_geo.verdicts import (
    KINDS,
    VERDICT_KEYS,
    VERDICT_SIGNS,
    drawn_at,
    kind_name,
    look_of,
    verdict_name,
)

if TYPE_CHECKING:
    import geopandas as gpd

_ZONES = ("zone_code", "zone_name", "zone_kind", "zone_grade", "layer")

#: Vertices of zones that a page still opens with at once.
_MAX_VERTICES = 150_000
#: Sites up to which every one has its name on the map.
_MAX_NAMES = 400
#: How far a simplified border may be off, degrees; with the last there may still be too many.
_TOLERANCES = tuple(2e-5 * 2**power for power in range(8))
_PIXELS_PER_MM = 3.8
_METRES_PER_DEGREE = 111_000


@dataclass(frozen=True)
class Land:
    """The zones in degrees as they are drawn, and what was done to them."""

    frame: gpd.GeoDataFrame
    n_far: int
    simplified_m: float


def land_of(zones: gpd.GeoDataFrame | Sequence[gpd.GeoDataFrame], places: Sequence[Any]) -> Land:
    """Return all zones in one frame, few enough vertices for a page."""
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    frames = [zones] if isinstance(zones, gpd.GeoDataFrame) else list(zones)
    for frame in frames:
        if not isinstance(frame, gpd.GeoDataFrame):
            raise SchemaError(f"zones: {type(frame).__name__} is no layer; give GeoDataFrames.")
        require(frame, _ZONES, table="zones")
    placed = [to_geographic(frame, layer_name="zones") for frame in frames]
    placed = [
        frame.rename_geometry("geometry") if frame.geometry.name != "geometry" else frame
        for frame in placed
    ]
    if not placed:
        placed = [gpd.GeoDataFrame({name: [] for name in _ZONES}, geometry=[], crs="EPSG:4490")]
    table = gpd.GeoDataFrame(pd.concat(placed, ignore_index=True), crs=placed[0].crs)
    table = table[np.array([shapes.is_drawable(shape) for shape in table.geometry], dtype=bool)]
    n_far, tolerance = 0, 0.0
    if shapely.get_num_coordinates(table.geometry.to_numpy()).sum() > _MAX_VERTICES and places:
        box = shapely.box(*padded(shapely.total_bounds(np.array(places, dtype=object))))
        near = shapely.intersects(table.geometry.to_numpy(), box)
        n_far, table = int((~near).sum()), table[near]
    drawn = table.geometry.to_numpy()
    if shapely.get_num_coordinates(drawn).sum() > _MAX_VERTICES:
        tolerance, drawn = _simplified(drawn)
    order = [
        drawn_at(str(kind), str(grade))
        for kind, grade in table[["zone_kind", "zone_grade"]].itertuples(index=False)
    ]
    table = table.set_geometry(gpd.GeoSeries(drawn, index=table.index, crs=table.crs))
    table = table.iloc[sorted(range(len(order)), key=lambda at: order[at])]
    return Land(table.reset_index(drop=True), n_far, tolerance * _METRES_PER_DEGREE)


def _simplified(drawn: Any) -> tuple[float, Any]:
    """Return the least tolerance that leaves few enough vertices, in degrees, and what is left."""
    import shapely

    found: tuple[float, Any] = 0.0, drawn
    low, high = 0, len(_TOLERANCES) - 1
    while low <= high:
        middle = (low + high + 1) // 2  # coarse ones are quicker
        simple = shapely.simplify(drawn, _TOLERANCES[middle], preserve_topology=False)
        gone = shapely.is_empty(simple)
        simple[gone] = shapely.envelope(drawn[gone])
        few = shapely.get_num_coordinates(simple).sum() <= _MAX_VERTICES
        if few or (middle == len(_TOLERANCES) - 1):
            found = _TOLERANCES[middle], simple
        low, high = (low, middle - 1) if few else (middle + 1, high)
    return found


def padded(box: Iterable[float]) -> tuple[float, float, float, float]:
    west, south, east, north = (float(value) for value in box)
    wide, high = max(0.15 * (east - west), 0.02), max(0.12 * (north - south), 0.015)
    return west - wide, south - high, east + wide, north + high


class Drawn:
    """The features of sites and zones, made once; nothing changes but ``keys``."""

    def __init__(
        self, told: Told, found: Sequence[Site], placed: Mapping[str, Any], land: Land
    ) -> None:
        self._told, self._found, self._placed = told, found, placed
        self.land = land
        self.keys: dict[str, str] = {}  # feature that the list shows, by code of the site

    def missing(self) -> list[Site]:
        """Return the sites that have nothing to draw."""
        return [site for site in self._found if self._shape(site) is None]

    def sources(self) -> tuple[tuple[str, str], ...]:
        """Pair the sources of zones and sites with what they are the source of."""
        words, frame = self._told.words, self.land.frame
        found: dict[str, list[str]] = {}
        if "source" in frame.columns:
            pairs = frame[["source", "layer"]].drop_duplicates().itertuples(index=False)
            for source, layer in pairs:
                if text(source):
                    found.setdefault(text(source), []).append(text(layer))
        of = {
            source: [words["source_zones"].format(layers=self._told.listed(layers))]
            for source, layers in found.items()
        }
        for source in dict.fromkeys(text(site.row.get("source")) for site in self._found):
            if source:
                of.setdefault(source, []).append(words["source_sites"])
        return tuple((source, words["and_also"].join(things)) for source, things in of.items())

    def zone_layers(self, synthetic: Mapping[str, bool]) -> list[Layer]:
        """Return a layer of the map for each layer of zones, the lowest first."""
        told, frame = self._told, self.land.frame
        concerned: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for site in self._found:
            for row in site.concerned:
                for code in text(row["zone_code"]).split(";"):
                    pair = (site.name, str(row["verdict"]))
                    concerned.setdefault((text(row["layer"]), code), []).append(pair)
        features: dict[str, list[Feature]] = {}
        names: dict[str, list[str]] = {}
        kinds: dict[str, dict[str, None]] = {}
        names_shown: set[tuple[str, str]] = set()
        for number, (row, shape) in enumerate(zip(rows(frame), frame.geometry, strict=True)):
            layer, code = text(row["layer"]), text(row["zone_code"])
            kinds.setdefault(layer, {})[str(row["zone_kind"])] = None
            name = text(row["zone_name"]) or code
            labelled = len(frame) <= _MAX_NAMES and (layer, name) not in names_shown
            names_shown.add((layer, name))
            features.setdefault(layer, []).append(
                Feature(
                    key=f"zone-{number}",
                    name=name,
                    geometry=geojson(shape),
                    style=zone_style(str(row["zone_kind"]), str(row["zone_grade"])),
                    popup=zone_popup(row, concerned.get((layer, code), ()), told),
                    label=(name,) if labelled else (),
                    label_at=shapes.polygon_label_places(shape, count=4) if labelled else (),
                    summary=kind_name(str(row["zone_kind"]), str(row["zone_grade"]), told.lang),
                )
            )
        for layer in features:
            joined = told.listed([kind_name(kind, "", told.lang) for kind in kinds[layer]])
            names[layer] = [layer] if told.lang == "zh" else [joined, f"{joined}: {layer}"]
        twice = Counter(listed[0] for listed in names.values())
        made = []
        for number, (layer, listed) in enumerate(names.items()):
            name = listed[-1] if twice[listed[0]] > 1 else listed[0]
            if synthetic.get(layer, False):
                name = told.words["marked"].format(text=name, mark=told.words["synthetic"])
            made.append(
                Layer(
                    f"zones-{number}",
                    name,
                    told.words["group_zones"],
                    "zone",
                    tuple(features[layer]),
                )
            )
        return made

    def site_layers(self) -> tuple[list[Layer], list[Layer]]:
        """Return a layer for each verdict, the mildest first, and the areas that stand for sites."""
        told = self._told
        exact: dict[str, list[Feature]] = {}
        areas: dict[bytes, list[int]] = {}
        for number, site in enumerate(self._found):
            shape = self._shape(site)
            if shape is None:
                continue
            if site.approximate:
                areas.setdefault(shape.wkb, []).append(number)
                continue
            exact.setdefault(site.verdict, []).extend(self._signs(number, site, shape))
        counts = Counter(site.verdict for site in self._found if not site.approximate)
        layers = []
        for verdict in sorted(exact, key=severity, reverse=True):
            name = verdict_name(verdict, told.lang)
            # outlines first, so that no outline covers a sign
            ordered = sorted(exact[verdict], key=lambda one: one.geometry["type"] == "Point")
            layers.append(
                Layer(
                    f"sites-{VERDICT_KEYS.get(verdict, 'unknown')}",
                    told.words["with_count"].format(name=name, n=counts[verdict]),
                    told.words["group_sites"],
                    "site",
                    tuple(ordered),
                )
            )
        if not areas:
            return layers, []
        features = [self._area(numbers) for numbers in areas.values()]
        # the largest first: a county must not lie over what is in it
        features.sort(key=lambda one: -one[0])
        group = told.words["group_sites"]
        drawn = tuple(feature for _, feature in features)
        return layers, [Layer("sites-area", told.words["layer_approximate"], group, "area", drawn)]

    def _shape(self, site: Site) -> Any:
        return self._placed[text(site.row["site_code"])]

    def _signs(self, number: int, site: Site, shape: Any) -> list[Feature]:
        """Return the sign of a site, and its outline where it is more than a point."""
        import shapely

        verdict = VERDICT_KEYS.get(site.verdict, "unknown")
        popup, badge = site_popup(site, self._told), verdict_badge(site.verdict, self._told.lang)
        label: tuple[str, ...] = ()
        if len(self._found) <= _MAX_NAMES:
            label = (site.name, badge.text) if len(self._found) <= 60 else (site.name,)
        at = _middle(shape)
        key = f"site-{number}"
        self.keys[text(site.row["site_code"])] = key
        sign = Feature(
            key=key,
            name=site.name,
            geometry=geojson(at),
            style=f"site-{verdict}",
            popup=popup,
            label=label,
            label_at=((round(at.x, 5), round(at.y, 5), 0.0),),
            badge=badge,
        )
        if isinstance(shape, shapely.Point):
            return [sign]
        outline = Feature(
            key=f"{key}-outline",
            name=site.name,
            geometry=geojson(shape),
            style=f"{'line' if 'Line' in shape.geom_type else 'outline'}-{verdict}",
            popup=popup,
            badge=badge,
        )
        self.keys[text(site.row["site_code"])] = outline.key
        return [outline, sign]

    def _area(self, numbers: Sequence[int]) -> tuple[float, Feature]:
        """Return one feature for the sites that the same area stands for, and how large it is."""
        told, sites = self._told, [self._found[number] for number in numbers]
        shape = self._shape(sites[0])
        worst = min(sites, key=lambda site: severity(site.verdict)).verdict
        key = f"area-{numbers[0]}"
        for site in sites:
            self.keys[text(site.row["site_code"])] = key
        name = told.words["several"].format(n=len(sites)) if len(sites) > 1 else sites[0].name
        return float(shape.area), Feature(
            key=key,
            name=name,
            geometry=geojson(shape),
            style="area-approximate",
            popup=area_popup(sites, told),
            label=(told.words["marked"].format(text=name, mark=told.words["approximate"]),),
            label_at=shapes.polygon_label_places(shape),
            badge=verdict_badge(worst, told.lang),
        )


def _middle(shape: Any) -> Any:
    """Return the point of a site that its sign stands at: on it, not beside it."""
    import shapely

    if shape.geom_type in ("LineString", "MultiLineString"):
        longest = max(shapely.get_parts(shape), key=lambda part: float(part.length))
        return shapely.line_interpolate_point(longest, 0.5, normalized=True)
    return shapely.point_on_surface(shape)


def unit_lines(
    units: gpd.GeoDataFrame, words: Mapping[str, str], shared: Mapping[str, str]
) -> Layer:
    """Return the borders of the control units: no popup, no fill."""
    features = tuple(
        Feature(f"unit-{row['unit_code']}", text(row["unit_name"]), geojson(shape), "unit-line")
        for row, shape in zip(rows(units), units.geometry if len(units) else (), strict=True)
        if shapes.is_drawable(shape)
    )
    return Layer(
        key="unit-lines",
        name=words["layer_units"],
        group=shared["group_places"],
        role="area",
        features=features,
        interactive=False,
    )


def zone_style(kind: str, grade: str) -> str:
    """Return the style key of a kind and grade; one that nobody knows has the look of the unknown."""
    if kind not in KINDS:
        return "zone-unknown"
    grades = {"core", "general", "primary", "secondary", "quasi", "priority", "key"}
    return f"zone-{kind}-{grade if grade in grades else 'none'}"


def styles_of(land: gpd.GeoDataFrame, n_sites: int) -> dict[str, style.Style]:
    """Return the styles of the kinds and grades that are there, and of every verdict."""
    radius = 7.5 if n_sites <= 200 else 5.5 if n_sites <= 2_000 else 3.5
    found: dict[str, style.Style] = {}
    for kind, grade in land[["zone_kind", "zone_grade"]].drop_duplicates().itertuples(index=False):
        look = look_of(str(kind), str(grade))
        found[zone_style(str(kind), str(grade))] = style.Style(
            look.colour,
            look.opacity,
            look.colour,
            max(1.0, round(look.width * _PIXELS_PER_MM, 1)),
            0.95,
            hatches=tuple((angle, round(gap * _PIXELS_PER_MM, 1)) for angle, gap in look.hatches),
        )
    for verdict, (fill, border, shape) in VERDICT_SIGNS.items():
        key = VERDICT_KEYS[verdict]
        tint = border if fill == "#ffffff" else fill
        marker = "" if shape == "circle" else shape
        found[f"site-{key}"] = style.Style(fill, 1.0, border, 2.0, radius=radius, marker=marker)
        found[f"outline-{key}"] = style.Style(tint, 0.3, tint, 2.4)
        found[f"line-{key}"] = style.Style(stroke=tint, weight=4.0)
    found["area-approximate"] = style.Style("#b45309", 0.05, "#b45309", 1.8, 0.9, dash="9 6")
    # what lies below is paler than on a map of its own
    found["river"] = style.Style(stroke="#6d9dc9", opacity=0.9)
    found["reservoir"] = style.Style("#a9cbe8", 0.75, "#6d9dc9", 0.8)
    found["unit-line"] = style.Style(stroke="#7f8a91", weight=0.9, opacity=0.8, dash="2 4")
    return found
