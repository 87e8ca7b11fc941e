"""What completes the map of a screening: ways of water, free parts, shifts, stretches, distances."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import shapely

from chaoyang_geo.crs import metric_crs, to_geographic
from chaoyang_geo.flags import flag_text
from chaoyang_geo.maps import geometry as shapes
from chaoyang_geo.maps.model import Feature, Layer, LegendEntry, Popup
from chaoyang_geo.maps.screening_popups import Told, verdict_badge
from chaoyang_geo.maps.screening_rows import Row, rows, text
from chaoyang_geo.maps.screening_shapes import geojson
from chaoyang_geo.maps.style import Style
from chaoyang_geo.schema import require
from chaoyang_geo.verdicts import (
    area_text,
    enough_m,
    kind_name,
    kinds_text,
    known,
    length_text,
    share_text,
    way_text,
)

if TYPE_CHECKING:
    import geopandas as gpd

_DOWNSTREAM = ("site_code", "site_name", "zone_name", "zone_kind", "zone_grade", "distance_km",
               "reach_flag", "why_zh", "why_en")  # fmt: skip
_FREE = ("site_code", "site_name", "free_m2", "conflict_m2", "free_share", "n_free_parts",
         "free_flag")  # fmt: skip
_SHIFTS = ("site_code", "site_name", "shift_state", "shift_east_m", "shift_north_m", "shift_m",
           "shift_zh", "shift_en", "shift_flag")  # fmt: skip
_STRETCHES = ("site_code", "site_name", "zone_name", "zone_kind", "zone_grade", "from_km", "to_km",
              "from_stake", "to_stake", "length_m", "stretch_kind", "stretch_flag")  # fmt: skip
_BANDS = ("band_no", "band_zh", "band_en", "area_m2", "share", "band_flag")

#: Sites up to which every way has its words on the map.
_MAX_NAMES = 200
#: Vertices of ways along rivers that a page still opens with at once.
_MAX_VERTICES = 400_000
_SHADES = ("#b3261e", "#e58a3c", "#f2c35c", "#e6dc8a", "#c3dba0", "#8fc0a0", "#c9d3cf")

STYLES: dict[str, Style] = {
    "way-course": Style(stroke="#0b6fc2", weight=3.2, opacity=0.95),
    "way-free": Style("#1f8a4c", 0.4, "#1f8a4c", 1.6),
    "way-moved": Style("#0f5c31", 0.08, "#0f5c31", 2.2, dash="7 4"),
    "way-arrow": Style(stroke="#0f5c31", weight=2.6),
    "way-stretch": Style(stroke="#8c1d17", weight=9.0, opacity=0.95),
    "way-touch": Style("#8c1d17", 1.0, "#ffffff", 1.5, radius=5.0),
}


def way_layers(
    told: Told,
    *,
    downstream: gpd.GeoDataFrame | None,
    free: gpd.GeoDataFrame | None,
    shifts: gpd.GeoDataFrame | None,
    stretches: gpd.GeoDataFrame | None,
    names: Mapping[str, str],
) -> tuple[list[Layer], int]:
    """Return a layer for each table that has something to draw, and how many ways are left out."""
    made = []
    courses, n_left_out = _courses(downstream, told, names)
    for key, features in (
        ("ways-course", courses),
        ("ways-free", _free(free, told)),
        ("ways-moved", _shifts(shifts, told)),
        ("ways-stretch", _stretches(stretches, told)),
    ):
        if features:
            name = told.words[key.replace("-", "_")]
            made.append(Layer(key, name, told.words["group_ways"], "own", tuple(features)))
    return made, n_left_out


def way_legend(layers: Sequence[Layer], words: Mapping[str, str]) -> list[LegendEntry]:
    """Return the lines of the legend of the layers that are there."""
    keys = {layer.key for layer in layers}
    return [
        LegendEntry(style, words[key.replace("-", "_")], kind, width=width)
        for key, style, kind, width in (
            ("ways-free", "way-free", "polygon", None),
            ("ways-moved", "way-moved", "polygon", None),
            ("ways-stretch", "way-stretch", "line", 9.0),
            ("ways-course", "way-course", "line", 3.2),
        )
        if key in keys
    ]


def _placed(
    frame: gpd.GeoDataFrame | None, columns: Sequence[str], name: str
) -> list[tuple[Row, Any]]:
    """Return the rows of a table that have a shape to draw, in degrees."""
    if frame is None:
        return []
    require(frame, columns, table=name)
    placed = to_geographic(frame, layer_name=name)
    return [
        (row, shape)
        for row, shape in zip(rows(frame), placed.geometry, strict=True)
        if shapes.is_drawable(shape)
    ]


def _labelled(row: Row, words: str, many: bool) -> tuple[str, ...]:
    return () if many else (text(row["site_name"]) or text(row["site_code"]), words)


def _courses(
    frame: gpd.GeoDataFrame | None, told: Told, names: Mapping[str, str]
) -> tuple[list[Feature], int]:
    features = []
    placed = _placed(frame, _DOWNSTREAM, "downstream")
    shown = _shortest(placed)
    # longer codes first: one may begin with another
    codes = sorted(names, key=lambda key: (-len(key), key))
    for number, (row, shape) in enumerate(placed):
        if number not in shown:
            continue
        why = text(row[f"why_{told.lang}"])
        for code in codes:
            why = why.replace(code, names[code])
        far = way_text(float(row["distance_km"]), told.lang)
        zone = text(row["zone_name"])
        title = told.words["way_to"].format(
            site=text(row["site_name"]) or text(row["site_code"]), zone=zone
        )
        facts = (
            (told.words["along_river"], far),
            (told.words["head_zone"], kind_name(str(row["zone_kind"]), str(row["zone_grade"]), told.lang)),
            (told.words["doubt"], flag_text(row["reach_flag"], told.lang)),
        )  # fmt: skip
        features.append(
            Feature(
                key=f"course-{number}",
                name=title,
                geometry=geojson(shape),
                style="way-course",
                popup=Popup(title, told.words["ways_course"], paragraphs=(why,), rows=_told(facts)),
            )
        )
    return features, len(placed) - len(shown)


def _shortest(placed: Sequence[tuple[Row, Any]]) -> set[int]:
    """Return which ways are drawn: the shortest, as many as a page opens with at once."""
    far = [float(row["distance_km"]) for row, _ in placed]
    shown, n_vertices = set[int](), 0
    for number in sorted(range(len(placed)), key=lambda each: far[each]):
        n_vertices += int(shapely.get_num_coordinates(placed[number][1]))
        if n_vertices > _MAX_VERTICES:
            break
        shown.add(number)
    return shown


def _free(frame: gpd.GeoDataFrame | None, told: Told) -> list[Feature]:
    features = []
    for number, (row, shape) in enumerate(_placed(frame, _FREE, "free")):
        if not row["conflict_m2"] > 0:
            continue
        name = text(row["site_name"]) or text(row["site_code"])
        facts = (
            (told.words["free_area"], area_text(float(row["free_m2"]), told.lang)),
            (told.words["of_the_site"], share_text(float(row["free_share"]))),
            (told.words["parts"], text(row["n_free_parts"])),
            (told.words["taken_area"], area_text(float(row["conflict_m2"]), told.lang)),
            *_kept_clear(row, told),
            (told.words["doubt"], flag_text(row["free_flag"], told.lang)),
        )
        note = (told.words["ways_note"],)
        features.append(
            Feature(
                key=f"free-{number}",
                name=name,
                geometry=geojson(shape),
                style="way-free",
                popup=Popup(name, told.words["ways_free"], paragraphs=note, rows=_told(facts)),
            )
        )
    return features


def _shifts(frame: gpd.GeoDataFrame | None, told: Told) -> list[Feature]:
    """Return the moved sites, and for each the arrow that leads to it."""
    features: list[Feature] = []
    placed = [
        pair for pair in _placed(frame, _SHIFTS, "shifts") if pair[0]["shift_state"] == "shift"
    ]
    many = len(placed) > _MAX_NAMES
    for number, (row, shape) in enumerate(placed):
        name = text(row["site_name"]) or text(row["site_code"])
        facts = (
            (told.words["after_shift"], text(row.get(f"why_after_{told.lang}"))),
            *_kept_clear(row, told),
            (told.words["doubt"], flag_text(row["shift_flag"], told.lang)),
        )
        verdict = text(row.get("verdict_after"))
        popup = Popup(
            name,
            told.words["ways_moved"],
            verdict_badge(verdict, told.lang) if verdict else None,
            (text(row[f"shift_{told.lang}"]), told.words["ways_note"]),
            _told(facts),
        )
        middle = shapely.point_on_surface(shape)
        far = length_text(enough_m(float(row["shift_m"])), told.lang)
        label = _labelled(row, told.words["moved_by"].format(distance=far), many)
        features.append(
            Feature(
                key=f"moved-{number}",
                name=name,
                geometry=geojson(shape),
                style="way-moved",
                popup=popup,
                label=label,
                label_at=((round(middle.x, 5), round(middle.y, 5), 0.0),) if label else (),
            )
        )
        features.append(
            Feature(
                key=f"arrow-{number}",
                name=name,
                geometry=geojson(_arrow(row, shape)),
                style="way-arrow",
                popup=popup,
            )
        )
    return features


def _arrow(row: Row, moved: Any) -> Any:
    """Return shaft and head of the arrow from where a site was to where it is moved, in degrees."""
    import geopandas as gpd

    there = gpd.GeoSeries([moved], crs="EPSG:4490")
    zone = metric_crs(there, layer_name="shifts")
    tip = shapely.get_coordinates(shapely.centroid(there.to_crs(zone).iloc[0]))[0]
    east, north = float(row["shift_east_m"]), float(row["shift_north_m"])
    length = math.hypot(east, north)
    along = (east / length, north / length)
    tail = (tip[0] - east, tip[1] - north)
    size = min(0.25 * length, 120.0)
    neck = (tip[0] - size * along[0], tip[1] - size * along[1])
    half = 0.42 * size
    sides = [
        (neck[0] - sign * half * along[1], neck[1] + sign * half * along[0]) for sign in (1, -1)
    ]
    arrow = shapely.LineString([tail, tip, sides[0], tip, sides[1]])
    return gpd.GeoSeries([arrow], crs=zone).to_crs("EPSG:4490").iloc[0]


def _stretches(frame: gpd.GeoDataFrame | None, told: Told) -> list[Feature]:
    features = []
    placed = [
        pair for pair in _placed(frame, _STRETCHES, "stretches") if text(pair[0]["stretch_kind"])
    ]
    many = len(placed) > _MAX_NAMES
    written: set[tuple[str, str]] = set()
    for number, (row, shape) in enumerate(placed):
        stakes = "–".join(dict.fromkeys((text(row["from_stake"]), text(row["to_stake"]))))
        ends = dict.fromkeys(f"{float(row[name]):.3f}" for name in ("from_km", "to_km"))
        zone = text(row["zone_name"])
        verdict = text(row.get("verdict"))
        facts = (
            (told.words["kilometres"], f"{'–'.join(ends)} {'公里' if told.lang == 'zh' else 'km'}"),
            (told.words["stretch_length"], length_text(float(row["length_m"]), told.lang)),
            (told.words["head_zone"], zone),
            ("", kind_name(str(row["zone_kind"]), str(row["zone_grade"]), told.lang)),
            (told.words["doubt"], flag_text(row["stretch_flag"], told.lang)),
        )
        key = (text(row["site_code"]), stakes)
        middle = shapely.point_on_surface(shape)
        label = () if many or key in written else (stakes,)
        written.add(key)
        name = text(row["site_name"]) or text(row["site_code"])
        features.append(
            Feature(
                key=f"stretch-{number}",
                name=f"{name} {stakes}",
                geometry=geojson(shape),
                style="way-touch" if shape.geom_type == "Point" else "way-stretch",
                popup=Popup(
                    f"{name} {stakes}",
                    told.words["ways_stretch"],
                    verdict_badge(verdict, told.lang) if verdict else None,
                    rows=_told(facts),
                ),
                label=label,
                label_at=((round(middle.x, 5), round(middle.y, 5), 0.0),) if label else (),
            )
        )
    return features


def _kept_clear(row: Row, told: Told) -> tuple[tuple[str, str], ...]:
    """Return from which zones a site was kept clear, and by how much, where the table tells."""
    clearance = row.get("clearance_m")
    return (
        (told.words["avoided"], kinds_text(text(row.get("avoided")), told.lang)),
        (
            told.words["clearance"],
            length_text(float(clearance), told.lang) if known(clearance) else "",
        ),
    )


def _told(facts: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in facts if value)


# --- how far to the nearest zone ------------------------------------------------------------------


def band_layer(
    bands: gpd.GeoDataFrame | None, told: Told
) -> tuple[list[Layer], dict[str, Style], list[LegendEntry]]:
    """Return the bands of distance as a layer that is off at first, their styles, their legend."""
    placed = _placed(bands, _BANDS, "bands")
    if not placed:
        return [], {}, []
    features, styles, entries = [], {}, []
    about = kinds_text(text(placed[0][0].get("avoided")), told.lang)
    for row, shape in placed:
        number = int(row["band_no"])
        colour = _SHADES[min(number, len(_SHADES) - 1)]
        styles[f"band-{number}"] = Style(colour, 0.5, colour, 0.6)
        name = text(row[f"band_{told.lang}"])
        entries.append(LegendEntry(f"band-{number}", name, "polygon"))
        facts = (
            (told.words["area"], area_text(float(row["area_m2"]), told.lang)),
            (told.words["share"], share_text(float(row["share"]))),
            (told.words["nearest_of"], about),
            (told.words["doubt"], flag_text(row["band_flag"], told.lang)),
        )
        features.append(
            Feature(
                key=f"band-{number}",
                name=name,
                geometry=geojson(shape),
                style=f"band-{number}",
                popup=Popup(name, told.words["ways_bands"], rows=_told(facts)),
            )
        )
    layer = Layer(
        "ways-bands", told.words["ways_bands"], told.words["group_ways"], "zone", tuple(features),
        visible=False,
    )  # fmt: skip
    return [layer], styles, entries
