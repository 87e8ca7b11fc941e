"""Polygons of a layer, made valid and put on a fine grid, and the ruler that measures them.

Borders are compared in the caller's coordinates, where two neighbours that share a border have
the very same vertices; sizes are measured in metres, in the CGCS2000 3-degree zone of the data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import metric_crs, require_crs
from chaoyang_geo.schema import SchemaError, as_text

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
        return np.asarray(series.to_crs(self.metric).values, dtype=object)

    def back(self, shapes: Shapes) -> Shapes:
        """Return metric shapes in the caller's coordinates."""
        import geopandas as gpd
        import numpy as np

        series = gpd.GeoSeries(np.asarray(shapes, dtype=object), crs=self.metric)
        return np.asarray(series.to_crs(self.crs).values, dtype=object)

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
        bounds = series.to_crs("EPSG:4490").bounds.to_numpy()
        west, east = np.nanmin(bounds[:, 0]), np.nanmax(bounds[:, 2])
        zones = np.zeros(len(shapes), np.int64)
        if east - west > _WIDE_DEGREES:
            zones = np.nan_to_num(np.rint((bounds[:, 0] + bounds[:, 2]) / 6)).astype(np.int64)
        for zone in np.unique(zones):
            here = zones == zone
            part = series[here]
            known = self.metric if zone == 0 else metric_crs(part, layer_name="units")
            there = np.asarray(part.to_crs(known).values, dtype=object)
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
    bad = ~shapely.is_valid(shapes)
    reasons = [""] * len(shapes)
    for place in np.flatnonzero(bad).tolist():
        reasons[place] = str(shapely.is_valid_reason(shapes[place]))
    if bad.any():
        shapes[bad] = polygonal(
            shapely.make_valid(shapes[bad], method="structure", keep_collapsed=False)
        )
    return shapes, reasons


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
    return layer if layer.crs == crs else layer.to_crs(crs)


def widths(area: Floats, perimeter: Floats) -> Floats:
    """Return the mean width of strips, twice the area over the perimeter (m)."""
    import numpy as np

    return np.divide(2 * area, perimeter, out=np.zeros(len(area)), where=perimeter > 0)
