"""Shapes of a screening as GeoJSON, many at a time: the same as ``geometry.geojson``, but quick."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from chaoyang_geo.maps import geometry

_STEPS = 10.0**geometry.DECIMALS


def geojson(shape: Any) -> dict[str, Any]:
    """Return the GeoJSON dict of a geometry, rounded and without repeated vertices.

    Examples
    --------
    >>> from shapely import LineString
    >>> from chaoyang_geo.maps.screening_shapes import geojson
    >>> geojson(LineString([(120.1234567, 41), (120.1234568, 41), (120.2, 41.1)]))
    {'type': 'LineString', 'coordinates': [[120.12346, 41.0], [120.2, 41.1]]}
    """
    kind = shape.geom_type
    if kind == "Point":
        return {"type": kind, "coordinates": _rounded(shape)[0]}
    if kind == "LineString":
        return {"type": kind, "coordinates": _line(shape, 2)}
    if kind == "MultiLineString":
        return {"type": kind, "coordinates": [_line(each, 2) for each in shapely.get_parts(shape)]}
    if kind == "Polygon":
        return {"type": kind, "coordinates": _rings(shape)}
    if kind == "MultiPolygon":
        return {"type": kind, "coordinates": [_rings(each) for each in shapely.get_parts(shape)]}
    return geometry.geojson(shape)


def _rings(polygon: Any) -> list[list[list[float]]]:
    return [_line(ring, 4) for ring in shapely.get_rings(polygon)]


def _line(line: Any, least: int) -> list[list[float]]:
    """Return vertices without repeated ones; all of them where too few are left."""
    points = _rounded(line)
    kept = points[:1]
    kept += [now for before, now in pairwise(points) if now != before]
    return kept if len(kept) >= least else points


def _rounded(shape: Any) -> list[list[float]]:
    xy = shapely.get_coordinates(shape)
    steps = xy * _STEPS
    found: list[list[float]] = (np.rint(steps) / _STEPS).tolist()
    # in the middle between two steps the product may err: such numbers are rounded one by one
    ties = np.abs(steps - np.floor(steps) - 0.5) < 1e-6
    for at, axis in np.argwhere(ties).tolist() if ties.any() else ():
        found[at][axis] = round(float(xy[at, axis]), geometry.DECIMALS)
    return found
