"""Geometry for the screen: rounded coordinates and places for labels. Nothing is measured here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

#: Decimals of a degree that are kept: about 1 m.
DECIMALS = 5
_STEPS = 10**DECIMALS

LabelPlace = tuple[float, float, float]


def is_drawable(geometry: Any) -> bool:
    """Return whether there is anything to draw, all of it at finite coordinates."""
    return (
        isinstance(geometry, BaseGeometry)
        and not geometry.is_empty
        and bool(np.isfinite(shapely.get_coordinates(geometry)).all())
    )


def geojson(geometry: BaseGeometry) -> dict[str, Any]:
    """Return the GeoJSON dict of a geometry, rounded and without height or repeated vertices.

    Every vertex is rounded by itself, so a border that two polygons share stays shared.

    Examples
    --------
    >>> from shapely import LineString
    >>> from chaoyang_geo.maps.geometry import geojson
    >>> geojson(LineString([(120.1234567, 41), (120.1234568, 41), (120.2, 41.1)]))
    {'type': 'LineString', 'coordinates': [[120.12346, 41.0], [120.2, 41.1]]}
    """
    if isinstance(geometry, shapely.GeometryCollection):
        parts = [geojson(part) for part in geometry.geoms if not part.is_empty]
        return {"type": "GeometryCollection", "geometries": parts}
    shape = shapely.geometry.mapping(shapely.force_2d(geometry))
    depth = {"Point": 0, "MultiPoint": 1, "LineString": 1, "LinearRing": 1}.get(shape["type"], 2)
    if shape["type"] == "MultiPolygon":
        depth = 3
    kind = "LineString" if shape["type"] == "LinearRing" else str(shape["type"])
    return {"type": kind, "coordinates": _rounded(shape["coordinates"], depth, kind)}


def _rounded(coordinates: Any, depth: int, kind: str) -> list[Any]:
    if depth == 0:
        return [round(float(coordinates[0]), DECIMALS), round(float(coordinates[1]), DECIMALS)]
    parts = [_rounded(part, depth - 1, kind) for part in coordinates]
    if depth > 1 or kind == "MultiPoint":
        return parts
    kept = parts[:1] + [now for before, now in pairwise(parts) if now != before]
    # A ring or line that rounding shrinks to nothing keeps its vertices, so it stays valid GeoJSON.
    return kept if len(kept) >= (4 if "Polygon" in kind else 2) else parts


def packed(shape: Mapping[str, Any]) -> dict[str, Any]:
    """Pack GeoJSON coordinates into whole steps of 1e-5 degree, each relative to the last.

    A third of the size of GeoJSON and exact: the coordinates have 5 decimals.
    """
    if shape["type"] == "GeometryCollection":
        return {"t": "GeometryCollection", "g": [packed(part) for part in shape["geometries"]]}
    coordinates = shape["coordinates"]
    if shape["type"] == "Point":
        coordinates = [coordinates]
    return {"t": shape["type"], "c": _packed_lines(coordinates)}


def _packed_lines(coordinates: Any) -> list[Any]:
    if not coordinates or not isinstance(coordinates[0][0], (int, float)):
        return [_packed_lines(part) for part in coordinates]
    flat: list[int] = []
    before = (0, 0)
    for lon, lat in coordinates:
        now = (round(lon * _STEPS), round(lat * _STEPS))
        flat.extend((now[0] - before[0], now[1] - before[1]))
        before = now
    return flat


def polygon_label_places(geometry: BaseGeometry, *, count: int = 10) -> tuple[LabelPlace, ...]:
    """Return places inside a polygon for a label, the roomiest first.

    A label is wider than high, so the plane is stretched upward before the room is measured.
    """
    parts = [part for part in shapely.get_parts(geometry) if isinstance(part, shapely.Polygon)]
    if not parts:
        return ()
    polygon = max(parts, key=lambda part: float(part.area))
    west, south, east, north = polygon.bounds
    squeeze = math.cos(math.radians((south + north) / 2))
    stretch = 1.8
    plane = shapely.transform(polygon, lambda xy: xy * np.array([squeeze, stretch]))
    steps = 28
    columns = np.linspace(west, east, steps + 2)[1:-1]
    rows = np.linspace(south, north, steps + 2)[1:-1]
    centre = shapely.point_on_surface(polygon)
    lon = np.append(np.tile(columns, steps), centre.x)
    lat = np.append(np.repeat(rows, steps), centre.y)
    points = shapely.points(lon * squeeze, lat * stretch)
    inside = shapely.contains(plane, points)
    room = np.where(inside, shapely.distance(plane.boundary, points), -1.0)
    spacing = 0.07 * math.hypot((east - west) * squeeze, (north - south) * stretch)
    chosen: list[int] = []
    for index in np.argsort(-room, kind="stable"):
        if room[index] <= 0 or len(chosen) == count:
            break
        if all(shapely.distance(points[index], points[other]) >= spacing for other in chosen):
            chosen.append(int(index))
    return tuple(
        (round(float(lon[index]), DECIMALS), round(float(lat[index]), DECIMALS), 0.0)
        for index in chosen
    )


def line_label_places(lines: Iterable[BaseGeometry]) -> tuple[LabelPlace, ...]:
    """Return places along the longest merged line for its name, with the angle of the line.

    The angle is that of the screen (clockwise from east), turned so that text stays upright.
    """
    parts = [part for line in lines for part in shapely.get_parts(line) if not part.is_empty]
    if not parts:
        return ()
    merged = shapely.get_parts(shapely.line_merge(shapely.MultiLineString(parts)))
    line = max(merged, key=lambda part: float(part.length))
    places: list[LabelPlace] = []
    for share in (0.5, 0.62, 0.38, 0.74, 0.26, 0.86, 0.14):
        before, here, after = (
            shapely.line_interpolate_point(line, min(max(share + shift, 0), 1), normalized=True)
            for shift in (-0.05, 0, 0.05)
        )
        east = (after.x - before.x) * math.cos(math.radians(here.y))
        angle = math.degrees(math.atan2(before.y - after.y, east))
        angle = angle - 180 if angle > 90 else angle + 180 if angle <= -90 else angle
        places.append((round(here.x, DECIMALS), round(here.y, DECIMALS), round(angle, 1)))
    # Nearly level places read best; the middle of the line comes first among them.
    return tuple(sorted(places, key=lambda place: abs(place[2]) > 50))
