"""Polygons of a layer, made valid and put on a fine grid, and the ruler that measures them.

Borders are compared in the caller's coordinates, where two neighbours that share a border have
the very same vertices; sizes are measured in metres, in the CGCS2000 3-degree zone of the data.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import metric_crs, moved, require_crs
from chaoyang_geo.schema import SchemaError, as_text
from chaoyang_geo.shapes import made_valid

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Bools = npt.NDArray[np.bool_]
    Shapes = npt.NDArray[np.object_]

_METRES_PER_DEGREE = 111_320.0
_WIDE_DEGREES = 6.0  # a layer wider than this is sized unit by unit, each in its own zone
_POLYGONS = (3, 6)
#: Albers equal-area conic of China on the CGCS2000 ellipsoid, standard parallels 25 and 47 N.
_EQUAL_AREA = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +ellps=GRS80 +units=m +no_defs"
_LONG_M = 10_000.0  # longer edges are cut before what lies under them is measured


@dataclass(frozen=True)
class Ruler:
    """Measures shapes that are in ``crs``; ``grid`` is the step of the borders, in its units."""

    crs: Any
    metric: str
    decimals: int

    @property
    def grid(self) -> float:
        """Step of the grid, in units of ``crs``."""
        return float(10.0**-self.decimals)

    @cached_property
    def grid_m(self) -> float:
        """Step of the grid in metres."""
        return self.grid * _unit_m(self.crs)

    def project(self, shapes: Shapes) -> Shapes:
        """Return shapes in metres; their coordinates keep their order."""
        import geopandas as gpd
        import numpy as np

        series = gpd.GeoSeries(np.asarray(shapes, dtype=object), crs=self.crs)
        return np.asarray(moved(series, self.metric).values, dtype=object)

    def back(self, shapes: Shapes) -> Shapes:
        """Return metric shapes in the caller's coordinates."""
        import geopandas as gpd
        import numpy as np

        series = gpd.GeoSeries(np.asarray(shapes, dtype=object), crs=self.metric)
        return np.asarray(moved(series, self.crs).values, dtype=object)

    def sizes(self, shapes: Shapes) -> tuple[Floats, Floats]:
        """Return area (m2) and perimeter (m) of polygons."""
        import geopandas as gpd
        import numpy as np
        import shapely

        shapes = np.asarray(shapes, dtype=object)
        area, length = np.zeros(len(shapes)), np.zeros(len(shapes))
        if not len(shapes):
            return area, length
        series = gpd.GeoSeries(shapes, crs=self.crs)
        bounds = moved(series, "EPSG:4490").bounds.to_numpy()
        west, east = np.nanmin(bounds[:, 0]), np.nanmax(bounds[:, 2])
        zones = np.zeros(len(shapes), np.int64)
        if east - west > _WIDE_DEGREES:
            zones = np.nan_to_num(np.rint((bounds[:, 0] + bounds[:, 2]) / 6)).astype(np.int64)
        for zone in np.unique(zones):
            here = zones == zone
            part = series[here]
            known = self.metric if zone == 0 else metric_crs(part, layer_name="units")
            there = np.asarray(moved(part, known).values, dtype=object)
            area[here], length[here] = shapely.area(there), shapely.length(there)
        return area, length

    def rounded(self, shapes: Shapes) -> Shapes:
        """Put every vertex on the grid; what that breaks is put there as a whole."""
        import numpy as np
        import shapely

        flat = shapely.force_2d(np.asarray(shapes, dtype=object))
        out = shapely.set_precision(flat, self.grid, mode="pointwise")
        broken = ~shapely.is_valid(out)
        if broken.any():
            out[broken] = polygonal(shapely.set_precision(flat[broken], self.grid))
        return np.asarray(out, dtype=object)


def _unit_m(crs: Any) -> float:
    if crs.is_geographic:
        return _METRES_PER_DEGREE
    return float(crs.axis_info[0].unit_conversion_factor)


def ruler_of(layer: gpd.GeoDataFrame, *, layer_name: str, snap_m: float = 0.001) -> Ruler:
    """Return the ruler of a layer that has at least one geometry.

    The grid is the power of ten, in units of the layer's CRS, at or below ``snap_m``.

    Raises
    ------
    CRSError
        The layer has no CRS or lies outside the zones of China.
    ValueError
        ``snap_m`` is not above 0 and at most 100.
    """
    import numpy as np

    require_crs(layer, layer_name=layer_name)
    if not (isinstance(snap_m, int | float | np.number) and 0 < snap_m <= 100):
        raise ValueError(
            f"snap_m={snap_m!r} is no step in metres; use a number above 0, up to 100."
        )
    decimals = -math.floor(math.log10(snap_m / _unit_m(layer.crs)) + 1e-9)
    return Ruler(layer.crs, metric_crs(layer, layer_name=layer_name), decimals)


def read_polygons(layer: gpd.GeoDataFrame, *, table: str, code: str) -> tuple[Shapes, list[str]]:
    """Return valid polygons, an empty one for a missing geometry, and what was wrong with each.

    Raises
    ------
    SchemaError
        A geometry is no polygon.
    """
    import numpy as np
    import shapely

    shapes = np.array(layer.geometry.values, dtype=object)
    gone = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    kinds = shapely.get_type_id(shapes)
    wrong = ~gone & ~np.isin(kinds, _POLYGONS)
    if wrong.any():
        row = int(wrong.argmax())
        key = f" ({code} {as_text(layer[code]).iloc[row]})" if code in layer else ""
        raise SchemaError(
            f"{table}: row {row + 1}{key} is a {shapes[row].geom_type}; an area needs a polygon."
        )
    shapes[gone] = shapely.Polygon()
    found, bad = made_valid(shapes)
    reasons = [""] * len(shapes)
    for place in np.flatnonzero(bad).tolist():
        reasons[place] = str(shapely.is_valid_reason(shapes[place]))
    found[bad] = polygonal(found[bad])
    return found, reasons


def polygonal(shapes: Shapes) -> Shapes:
    """Keep the polygons of mixed collections."""
    import numpy as np
    import shapely

    out = np.array(shapes, dtype=object)
    mixed = np.flatnonzero(~np.isin(shapely.get_type_id(out), _POLYGONS))
    for row in mixed:
        parts = shapely.get_parts(shapely.get_parts(out[row]))
        kept = parts[shapely.get_type_id(parts) == 3]
        out[row] = shapely.multipolygons(kept) if len(kept) else shapely.Polygon()
    return out


def in_crs(layer: gpd.GeoDataFrame | gpd.GeoSeries, crs: Any, *, layer_name: str) -> Any:
    """Return a layer in the CRS of another, after :func:`chaoyang_geo.crs.require_crs`."""
    require_crs(layer, layer_name=layer_name)
    return layer if layer.crs == crs else moved(layer, crs)


def widths(area: Floats, perimeter: Floats) -> Floats:
    """Return the mean width of strips, twice the area over the perimeter (m)."""
    import numpy as np

    return np.divide(2 * area, perimeter, out=np.zeros(len(area)), where=perimeter > 0)


def additive_areas(ruler: Ruler, *layers: Shapes) -> list[Floats]:
    """Return areas (m2) of polygons, layer by layer, such that parts add up to their whole.

    An edge is straight in the CRS of the layer and a little bent in metres, so a new vertex in
    it changes what the vertices enclose: by 5 km2 in an edge of a degree. Here what lies between
    an edge and its chord counts, as under a parabola. Layers wider than 6 degrees, where no zone
    fits, are measured in an equal-area projection.
    """
    import geopandas as gpd
    import numpy as np
    import shapely
    from pyproj import Transformer

    extent = shapely.box(*shapely.total_bounds(np.concatenate(layers)))
    west, _, east, _ = gpd.GeoSeries([extent], crs=ruler.crs).to_crs("EPSG:4490").total_bounds
    sized_in = ruler.metric if east - west <= _WIDE_DEGREES else _EQUAL_AREA
    if ruler.crs == sized_in:
        return [np.asarray(shapely.area(shapes)) for shapes in layers]
    project = Transformer.from_crs(ruler.crs, sized_in, always_xy=True).transform
    return [_areas_in(shapes, project, _LONG_M / _unit_m(ruler.crs)) for shapes in layers]


def _areas_in(shapes: Shapes, project: Callable[..., tuple[Floats, Floats]], step: float) -> Floats:
    import numpy as np
    import shapely

    parts, shape = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(shapely.segmentize(rings, step), return_index=True)
    first = np.flatnonzero(ring[1:] == ring[:-1])  # of an edge
    ring = ring[first]
    there = np.column_stack(project(xy[:, 0], xy[:, 1]))
    middle = np.column_stack(project(*((xy[first] + xy[first + 1]) / 2).T))
    chord = there[first + 1] - there[first]
    # from the first vertex of the ring, as large numbers lose digits
    start = there[first] - there[first[np.searchsorted(ring, np.arange(len(rings)))]][ring]
    bulge = middle - there[first] - chord / 2
    size = np.abs(np.bincount(ring, _cross(start, chord) / 2 - _cross(chord, bulge) * 2 / 3))
    hole = np.zeros(len(rings), bool)
    hole[1:] = part[1:] == part[:-1]
    return np.bincount(shape[part], np.where(hole, -size, size), len(shapes)).astype(np.float64)


def _cross(a: Floats, b: Floats) -> Floats:
    out: Floats = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return out
