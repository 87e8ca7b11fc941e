"""Points in polygons, many at once: which units hold each point, borders included.

Far from borders a point needs no geometry at all: a grid is laid over the polygons, the cells that
no border passes form patches, and one point of each patch is located. Only points in cells that a
border passes are tested against polygons.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from chaoyang_geo.crs import moved
from chaoyang_geo.rivers.numbering import spread
from chaoyang_geo.schema import SchemaError, text_array

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

#: How a point came to its unit.
BASES: tuple[str, ...] = ("inside", "border", "overlap", "outside", "no_position")
INSIDE, BORDER, OVERLAP, OUTSIDE, NOWHERE = range(5)
#: Cells of the grid for each point, and at most.
_CELLS_PER_POINT, _MOST_CELLS = 4, 4_000_000
#: With fewer points than this for each vertex of a border, all are tested.
_FEW = 0.25


class Points(NamedTuple):
    """Points of a layer: which rows have one, and the coordinates of these."""

    shapes: Any
    there: Bools
    xy: Floats


def read_points(layer: gpd.GeoSeries, table: str) -> Points:
    """Return the points of a layer; an empty or missing one is not there.

    Raises
    ------
    SchemaError
        A geometry is no point.
    """
    import numpy as np
    import shapely

    shapes = np.asarray(layer.array, dtype=object)
    kind = shapely.get_type_id(shapes)
    if (kind > 0).any():
        row = int((kind > 0).argmax())
        raise SchemaError(f"{table}: row {row + 1} is a {shapes[row].geom_type}; give Points.")
    there = kind == 0
    xy = shapely.get_coordinates(shapes)
    if len(xy) != int(there.sum()):
        there &= ~shapely.is_empty(shapes)
    finite = np.isfinite(xy).all(axis=1)
    if not finite.all():
        there[np.flatnonzero(there)[~finite]] = False
        xy = xy[finite]
    return Points(shapes, there, xy)


# --- polygons -----------------------------------------------------------------------------------


class Units(NamedTuple):
    """Polygons by row, the unit of each row, and the codes of the units, sorted."""

    shapes: Any
    unit: Ints
    codes: list[str]


def read_polygons(polygons: gpd.GeoDataFrame, code: str, *, repair: bool = False) -> Units:
    """Read polygons; whether a point lies in one needs no repair, lengths and distances do."""
    import numpy as np
    import shapely

    texts = text_array(polygons[code])
    if (texts == "").any():
        row = int((texts == "").argmax()) + 1
        raise SchemaError(f"polygons: row {row} has no {code}; every row needs one.")
    shapes = np.asarray(polygons.geometry.array, dtype=object)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    wrong = there & ~np.isin(shapely.get_type_id(shapes), (3, 6))
    if wrong.any():
        row = int(wrong.argmax())
        raise SchemaError(
            f"polygons: row {row + 1} ({code} {texts[row]}) is a {shapes[row].geom_type}; "
            "a unit is a Polygon."
        )
    bad = there & ~shapely.is_valid(shapes) if repair else np.zeros(len(there), dtype=bool)
    if bad.any():
        shapes = shapes.copy()
        shapes[bad] = shapely.make_valid(shapes[bad])
    codes, unit = np.unique(texts.astype(str), return_inverse=True)
    return Units(shapes[there], unit[there].astype("int64"), [str(c) for c in codes])


def in_crs(shapes: Any, crs: Any, target: Any) -> Any:
    import geopandas as gpd
    import numpy as np

    return np.asarray(moved(gpd.GeoSeries(shapes, crs=crs), target).array, dtype=object)


# --- locating -----------------------------------------------------------------------------------


class Located(NamedTuple):
    """The unit of each point (-1 none), how it was found, and pairs where there are several."""

    unit: Ints
    basis: Ints
    pair_row: Ints
    pair_unit: Ints


def locate(points: Points, units: Units) -> Located:
    """Locate points: by the patch of their cell, else against polygons."""
    import numpy as np

    where, there, xy = points
    n = len(where)
    unit = np.full(n, -1, dtype="int64")
    basis = np.where(there, OUTSIDE, NOWHERE)
    nothing = np.empty(0, "int64")
    if not len(units.shapes) or not there.any():
        return Located(unit, basis, nothing, nothing)
    rows = np.arange(n) if there.all() else np.flatnonzero(there)
    of_point, centres = _patches(xy, units.shapes)
    close = np.flatnonzero(of_point == 0)
    tested = np.concatenate([centres, where[rows[close]]])
    polygon, member = _inside(tested, units.shapes)
    owner = units.unit[polygon]
    # a unit in several rows counts once
    order = np.lexsort((owner, member))
    member, owner, polygon = member[order], owner[order], polygon[order]
    again = np.zeros(len(member), dtype=bool)
    again[1:] = (member[1:] == member[:-1]) & (owner[1:] == owner[:-1])
    member, owner = member[~again], owner[~again]
    count = np.bincount(member, minlength=len(tested))
    first = np.full(len(tested), -1, dtype="int64")
    first[member[::-1]] = owner[::-1]
    # what a place of the order says: patches first, then the points that were tested
    key = np.where(of_point > 0, of_point - 1, -1)
    key[close] = len(centres) + np.arange(len(close))
    known = np.flatnonzero(key >= 0)
    unit[rows[known]] = first[key[known]]
    hits = np.zeros(len(rows), dtype="int64")
    hits[known] = count[key[known]]
    basis[rows[hits == 1]] = INSIDE
    several = np.flatnonzero(hits > 1)
    pair_row, pair_unit = _pairs(key[several], rows[several], member, owner)
    _tell_borders(where, basis, rows[several], pair_row, pair_unit, units)
    return Located(unit, basis, pair_row, pair_unit)


def _patches(xy: Floats, shapes: Any) -> tuple[Ints, Any]:
    """Return the patch of each point, -1 off the grid and 0 near a border, and points of patches.

    Few points are all tested: a grid costs as much as the borders are long.
    """
    import numpy as np
    import shapely

    if len(xy) < _FEW * int(shapely.get_num_coordinates(shapes).sum()):
        return np.zeros(len(xy), dtype="int64"), np.empty(0, dtype=object)
    grid = _Grid.over(shapes, len(xy))
    cell = grid.cell(xy)
    patch, centres = grid.patches(shapes)
    return np.where(cell >= 0, patch[cell], -1), centres


def _inside(tested: Any, shapes: Any) -> tuple[Ints, Ints]:
    """Return pairs (polygon, point) where the polygon holds the point, borders included."""
    import shapely

    polygon, member = shapely.STRtree(tested).query(shapes, predicate="covers")
    return polygon, member


def _pairs(keys: Ints, rows: Ints, member: Ints, owner: Ints) -> tuple[Ints, Ints]:
    """Return each row with each of its units, smallest code first."""
    import numpy as np

    first, last = np.searchsorted(member, keys), np.searchsorted(member, keys, side="right")
    which, entry = spread(first, last)
    return rows[which], owner[entry]


def _tell_borders(
    where: Any, basis: Ints, several: Ints, pair_row: Ints, pair_unit: Ints, units: Units
) -> None:
    """Tell a point on a border from one inside units that overlap."""
    import numpy as np
    import shapely

    basis[several] = BORDER
    if not len(several):
        return
    by_unit = np.argsort(units.unit, kind="stable")
    owners = units.unit[by_unit]
    pair, entry = spread(
        np.searchsorted(owners, pair_unit), np.searchsorted(owners, pair_unit, side="right")
    )
    rows = pair_row[pair]
    strictly = shapely.within(where[rows], units.shapes[by_unit[entry]])
    inner = np.bincount(rows, strictly, minlength=len(where))
    basis[several[inner[several] > 1]] = OVERLAP


class _Grid(NamedTuple):
    """Square cells over the polygons."""

    x0: float
    y0: float
    size: float
    nx: int
    ny: int

    @classmethod
    def over(cls, shapes: Any, n_points: int) -> _Grid:
        """Lay the grid; more points are worth more cells."""
        import numpy as np
        import shapely

        bounds = shapely.bounds(shapes)
        x0, y0 = bounds[:, 0].min(), bounds[:, 1].min()
        wide, high = bounds[:, 2].max() - x0, bounds[:, 3].max() - y0
        cells = int(np.clip(_CELLS_PER_POINT * n_points, 1, _MOST_CELLS))
        size = max(math.sqrt(wide * high / cells), max(wide, high) / cells, 1e-12)
        # one cell around, so that no border lies on the rim
        return cls(x0 - size, y0 - size, size, int(wide / size) + 3, int(high / size) + 3)

    def cell(self, xy: Floats) -> Ints:
        """Return the cell of each point, -1 off the grid."""
        import numpy as np

        column = np.floor((xy[:, 0] - self.x0) / self.size)
        line = np.floor((xy[:, 1] - self.y0) / self.size)
        on = (column >= 0) & (column < self.nx) & (line >= 0) & (line < self.ny)
        return np.where(on, line * self.nx + column, -1).astype("int64")

    def patches(self, shapes: Any) -> tuple[Ints, Any]:
        """Return the patch of each cell, 0 where a border passes, and a point of each patch."""
        import numpy as np
        import shapely
        from scipy.ndimage import label  # type: ignore[import-untyped]

        free = ~self._passed(shapes)
        patch, n = label(free.reshape(self.ny, self.nx))
        patch = patch.ravel()
        some = np.zeros(n + 1, dtype="int64")
        some[patch] = np.arange(len(patch))
        some = some[1:]
        x = self.x0 + (some % self.nx + 0.5) * self.size
        y = self.y0 + (some // self.nx + 0.5) * self.size
        return patch, shapely.points(x, y)

    def _passed(self, shapes: Any) -> Bools:
        """Return whether a border passes each cell, or perhaps a neighbour: never one too few.

        A piece of border with both ends in one cell stays in it, because cells are found by the
        same rounding for borders and for points. Longer pieces are cut shorter than a cell, and every
        cell that the box around a cut touches is taken, with a rim of a thousandth for rounding.
        """
        import numpy as np
        import shapely

        passed = np.zeros(self.nx * self.ny, dtype=bool)
        # rings, so that the step from one ring to the next is no border
        xy, ring = shapely.get_coordinates(
            shapely.get_rings(shapely.get_parts(shapes)), return_index=True
        )
        xy -= (self.x0, self.y0)
        xy /= self.size
        column = np.floor(xy[:, 0]).astype("int32")
        line = np.floor(xy[:, 1]).astype("int32")
        passed[line.astype("int64") * self.nx + column] = True
        moves = (column[1:] != column[:-1]) | (line[1:] != line[:-1])
        begin = np.flatnonzero(moves & (ring[1:] == ring[:-1]))
        for first in range(0, len(begin), 1_000_000):
            some = begin[first : first + 1_000_000]
            self._mark(passed, xy[some], xy[some + 1] - xy[some])
        return passed

    def _mark(self, passed: Bools, start: Floats, step: Floats) -> None:
        """Mark the cells of pieces, given in cells."""
        import numpy as np

        cuts = np.maximum(np.ceil(np.abs(step).max(axis=1) / 0.99), 1).astype("int64")
        if (cuts > 1).any():
            which = np.repeat(np.arange(len(cuts)), cuts)
            nth = np.arange(len(which)) - np.repeat(np.cumsum(cuts) - cuts, cuts)
            step = step[which] / cuts[which][:, None]
            start = start[which] + step * nth[:, None]
        end = start + step
        x0, x1 = self._cells(start[:, 0], end[:, 0], self.nx)
        y0, y1 = self._cells(start[:, 1], end[:, 1], self.ny)
        for x in (x0, x1):
            for y in (y0, y1):
                passed[y * self.nx + x] = True

    @staticmethod
    def _cells(a: Floats, b: Floats, most: int) -> tuple[Ints, Ints]:
        """Return the least and the greatest cell between two places, rim included."""
        import numpy as np

        low = np.floor(np.minimum(a, b) - 1e-3).astype("int64")
        high = np.floor(np.maximum(a, b) + 1e-3).astype("int64")
        return np.maximum(low, 0), np.minimum(high, most - 1)
