"""How far places lie from a reference that is known to be right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import CRSError, metric_crs, require_crs, to_geographic
from chaoyang_geo.schema import SchemaError, as_text, one_of, require

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Shapes = npt.NDArray[np.object_]

#: What is measured: the distance to lines (or borders), to the inside of polygons, or to points.
MEASURES: tuple[str, ...] = ("auto", "edge", "inside", "point")
_FAR = 12.0  # degrees from the reference: farther away no distance is worth a projection


@dataclass
class Sample:
    """Places of a layer, raw: its coordinates and, of each, the row it belongs to."""

    x: Floats
    y: Floats
    row: Ints


def sample_of(layer: gpd.GeoDataFrame | gpd.GeoSeries, most: int) -> Sample:
    """Return at most so many vertices of a layer, evenly through all of them."""
    import numpy as np
    import shapely

    xy, row = shapely.get_coordinates(layer.geometry.to_numpy(), return_index=True)
    if len(xy) > most:
        chosen = np.unique(np.linspace(0, len(xy) - 1, most).round().astype(np.int64))
        xy, row = xy[chosen], row[chosen]
    known = np.isfinite(xy).all(axis=1)
    return Sample(xy[known, 0].copy(), xy[known, 1].copy(), row[known])


class Reference:
    """Shapes in metres that places are measured against."""

    def __init__(
        self,
        against: gpd.GeoDataFrame | gpd.GeoSeries,
        *,
        measure: str,
        on: str | None,
        points: bool,
    ) -> None:
        """Lay out ``against``; ``points``: the layer that is checked holds points."""
        import geopandas as gpd
        import numpy as np
        import shapely

        require_crs(against, layer_name="against")
        shapes = against.geometry
        there = (shapes.notna() & ~shapes.is_empty).to_numpy()
        if not there.any():
            raise CRSError("against: no row has a geometry, so there is nothing to check against.")
        if on is not None:
            if not isinstance(against, gpd.GeoDataFrame):
                raise SchemaError(f"against: a GeoSeries has no column {on}; give a GeoDataFrame.")
            require(against, [on], table="against")
        shapes = shapes[there]
        self.measure = _measure(measure, shapes, points)
        self.zone = metric_crs(shapes, layer_name="against")
        self.bounds = to_geographic(shapes, layer_name="against").total_bounds
        metres = shapes.to_crs(self.zone).to_numpy()
        bad = ~shapely.is_valid(metres)
        if bad.any():
            metres = metres.copy()
            metres[bad] = shapely.make_valid(metres[bad])
        if self.measure == "edge":
            area = shapely.get_dimensions(metres) == 2
            metres = np.where(area, shapely.boundary(metres), metres)
        self.keys: dict[str, int] | None = None
        if on is None:
            self.tree = shapely.STRtree(_pieces(metres))
            return
        keys = as_text(against[on])[there].to_numpy()
        self.keys = {key: k for k, key in enumerate(dict.fromkeys(keys)) if key}
        whole = {key: shapely.union_all(metres[keys == key]) for key in self.keys}
        self.shapes: Shapes = np.array(list(whole.values()), dtype=object)

    def keyed(self, layer: gpd.GeoDataFrame | gpd.GeoSeries, on: str | None) -> Ints:
        """Return for each row of a layer which shape it is measured against: -1 none, 0 any."""
        import geopandas as gpd
        import numpy as np

        if on is None or self.keys is None:
            return np.zeros(len(layer), np.int64)
        if not isinstance(layer, gpd.GeoDataFrame):
            raise SchemaError(f"layer: a GeoSeries has no column {on}; give a GeoDataFrame.")
        require(layer, [on], table="layer")
        return np.array([self.keys.get(key, -1) for key in as_text(layer[on])], np.int64)

    def distances(self, lon: Floats, lat: Floats, which: Ints) -> Floats:
        """Return metres from each place to its shape; infinite where that cannot be measured."""
        import numpy as np
        import shapely
        from pyproj import Transformer

        west, south, east, north = self.bounds
        near = (lon > west - _FAR) & (lon < east + _FAR)
        near &= (lat > south - _FAR) & (lat < north + _FAR) & (which >= 0)
        out = np.full(len(lon), np.inf)
        if not near.any():
            return out
        to_metres = Transformer.from_crs("EPSG:4490", self.zone, always_xy=True)
        places = shapely.points(*to_metres.transform(lon[near], lat[near]))
        if self.keys is not None:
            out[near] = shapely.distance(places, self.shapes[which[near]])
            return out
        pairs, metres = self.tree.query_nearest(places, return_distance=True, all_matches=False)
        found = np.full(len(places), np.inf)
        found[pairs[0]] = metres
        out[near] = found
        return out


def _measure(measure: str, shapes: gpd.GeoSeries, points: bool) -> str:
    """Choose what is measured where the caller does not say."""
    import shapely

    one_of("measure", measure, MEASURES)
    dimensions = set(shapely.get_dimensions(shapes.to_numpy()).tolist())
    if measure == "auto":
        if len(dimensions) > 1:
            raise SchemaError(
                "against: it holds points, lines and polygons together; give one kind of geometry, "
                "or say what is measured: measure='edge', 'inside' or 'point'."
            )
        kind: Any = dimensions.pop()
        if kind == 2:
            return "inside" if points else "edge"
        return "edge" if kind == 1 else "point"
    needed = {"inside": {2}, "edge": {1, 2}, "point": {0}}[measure]
    if not dimensions <= needed:
        what = {"inside": "polygons", "edge": "lines or polygons", "point": "points"}[measure]
        raise SchemaError(f"against: measure={measure!r} needs {what} in every row.")
    return measure


def _pieces(shapes: Shapes) -> Shapes:
    """Return lines as their segments, so that the nearest one is found quickly."""
    import numpy as np
    import shapely

    if (shapely.get_dimensions(shapes) != 1).any():
        return shapes
    parts = shapely.get_parts(shapes)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    same = np.flatnonzero(part[1:] == part[:-1])
    if not len(same):
        return shapes
    ends = np.stack([xy[same], xy[same + 1]], axis=1)
    segments: Shapes = shapely.linestrings(ends)
    return segments
