"""Shapes made fit for measuring: which have a place, crossed rings mended, cracks at seams closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoyang_geo import loops
from chaoyang_geo.codes import in_order

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Bools = npt.NDArray[np.bool_]

#: A crack between zones that is narrower than this, metres, is no ground: two rows that share a
#: border, rounded to 7 decimals of a degree or with different vertices on one straight side,
#: leave some centimetres between them.
CRACK_M = 0.05

_SAME_M = 1e-6  # what lies this near to a line lies on it: a new vertex does, a bend does not
_MANY, _PARTS = 100_000, 8  # vertices that are worth threads, and parts that these share


def finite(shapes: Shapes) -> Bools:
    """Tell which shapes have only finite coordinates; one without coordinates has.

    Examples
    --------
    >>> import numpy as np
    >>> from shapely import Point
    >>> from chaoyang_geo.shapes import finite
    >>> finite(np.array([Point(1, 2), Point(1, np.inf), None])).tolist()
    [True, False, True]
    """
    import numpy as np
    import shapely

    good = np.ones(len(shapes), bool)
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    good[owner[~np.isfinite(coordinates).all(axis=1)]] = False
    return good


def valid(shapes: Shapes) -> Bools:
    """Tell which shapes are valid, as GEOS does; ``None`` is not.

    Of a large layer a compiled loop, where numba is installed, looks at the polygons of one ring
    first: one that surely does not meet itself is valid.

    Examples
    --------
    >>> import numpy as np
    >>> from shapely import Polygon, box
    >>> from chaoyang_geo.shapes import valid
    >>> valid(np.array([box(0, 0, 1, 1), Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), None])).tolist()
    [True, False, False]
    """
    import numpy as np
    import shapely

    found = np.zeros(len(shapes), bool)
    count = shapely.get_num_coordinates(shapes).astype(np.int64)
    n_vertices = int(count.sum())
    loop = loops.compiled(loops.simple_rings, n_vertices)
    if loop is not None:
        one_ring = (shapely.get_type_id(shapes) == 3) & (count > 0)
        rows = np.flatnonzero(one_ring & (shapely.get_num_interior_rings(shapes) == 0))
        count = count[rows]
        xy, first = shapely.get_coordinates(shapes[rows]).ravel(), np.cumsum(count) - count
        simple = np.zeros(len(rows), bool)
        room = loops.MOST_SEGMENTS // loops.RUN + 1

        def look(part: slice) -> None:
            loop(xy, first, count, part.start, part.stop, np.empty((4, room)), simple)

        list(in_order(look, _parts(len(rows), n_vertices)))
        found[rows] = simple
    left = np.flatnonzero(~found)
    parts = [left[part] for part in _parts(len(left), n_vertices)]
    good = in_order(lambda part: shapely.is_valid(shapes[part]), parts)
    for part, valid_ones in zip(parts, good, strict=True):
        found[part] = valid_ones
    return found


def _parts(n: int, n_vertices: int) -> list[slice]:
    """Return rows in parts for threads."""
    step = max(1, -(-n // _PARTS)) if n_vertices > _MANY else max(1, n)
    return [slice(at, min(n, at + step)) for at in range(0, n, step)]


def made_valid(shapes: Shapes, *, collapsed: bool = False) -> tuple[Shapes, Bools]:
    """Return shapes made valid, and which were not; the input is not changed.

    A ring that crosses or overlaps itself becomes the area that it covers (GEOS, method
    ``structure``), so that nothing is counted twice and no hole arises from an overlap. What has
    no area becomes empty; with ``collapsed`` it stays as lines or points.

    Examples
    --------
    >>> from shapely import Polygon, box
    >>> from chaoyang_geo.shapes import made_valid
    >>> bow = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    >>> shapes, mended = made_valid([bow, box(0, 0, 1, 1), None])
    >>> shapes[0].area, mended.tolist()
    (2.0, [True, False, False])
    """
    import numpy as np
    import shapely

    found = np.array(shapes, dtype=object)
    bad = ~shapely.is_missing(found) & ~valid(found)
    found[bad] = shapely.make_valid(found[bad], method="structure", keep_collapsed=collapsed)
    return found, bad


def valid_again(shapes: Shapes) -> Shapes:
    """Return shapes that were valid in another CRS, valid here; the input is not changed.

    A vertex that lies on a long edge of its own shape may lie beside it, by a hair.
    """
    import numpy as np
    import shapely

    found = np.array(shapes, dtype=object)
    flat = np.flatnonzero(shapely.get_dimensions(found) == 2)
    whole, mended = made_valid(found[flat])
    mended &= ~shapely.is_empty(whole)
    found[flat[mended]] = whole[mended]
    return found


def as_points(shapes: Shapes) -> tuple[Shapes, Bools]:
    """Return lines without length as the points where they lie, and which were such lines.

    Examples
    --------
    >>> import numpy as np
    >>> from shapely import LineString
    >>> from chaoyang_geo.shapes import as_points
    >>> found, still = as_points(np.array([LineString([(1, 2), (1, 2)]), None]))
    >>> [(point.x, point.y) for point in found[0].geoms], still.tolist()
    ([(1.0, 2.0)], [True, False])
    """
    import numpy as np
    import shapely

    found = np.array(shapes, dtype=object)
    with np.errstate(over="ignore"):
        still = (shapely.get_dimensions(found) == 1) & (shapely.length(found) == 0)
    found[still] = shapely.extract_unique_points(found[still])
    return found, still


def closed(shapes: Any) -> Shapes:
    """Fill cracks and notches of areas in metres that are narrower than :data:`CRACK_M`.

    What has none comes back as it is, vertex by vertex.

    Examples
    --------
    >>> import numpy as np
    >>> from shapely import MultiPolygon, box
    >>> from chaoyang_geo.shapes import closed
    >>> pair = MultiPolygon([box(0, 0, 1, 1), box(1.01, 0, 2, 1)])
    >>> round(closed(np.array([pair]))[0].length, 6)
    6.0
    """
    import numpy as np
    import shapely

    half = CRACK_M / 2
    found = np.array(shapes, dtype=object)
    filled = shapely.buffer(found, half, join_style="mitre")
    filled = shapely.buffer(filled, -half, join_style="mitre")
    # a crack, however narrow, is two borders too many; its area would tell nothing
    shorter = shapely.length(found) - shapely.length(filled) > 2 * CRACK_M
    found[shorter] = filled[shorter]
    return found


def joined(pieces: Shapes) -> Any:
    """Return the union of polygons in metres, with the cracks between them filled.

    Without cracks it is the plain union, vertex by vertex.

    Examples
    --------
    >>> from shapely import box
    >>> from chaoyang_geo.shapes import joined
    >>> joined([box(0, 0, 1, 1), box(1.01, 0, 2, 1)]).length.__round__(6)
    6.0
    >>> joined([box(0, 0, 1, 1), box(1.1, 0, 2, 1)]).geom_type
    'MultiPolygon'
    """
    import shapely

    return closed([shapely.union_all(pieces)])[0]


def grown(areas: Any, distance_m: Any, *, quad_segs: int) -> Any:
    """Return areas in metres with all that lies within a distance, corners rounded by chords.

    Long edges are cut first: GEOS leaves out bends that are shallower than a hundredth of the
    distance, and where one lies at the end of a long edge the whole edge turns with it. Edges are
    not cut shorter than a metre, so that distances below 50 m keep something of that.

    Examples
    --------
    >>> import shapely
    >>> from chaoyang_geo.shapes import grown
    >>> ring = [(0, 0), (550, 4), (552, -5), (2200, 138), (2200, -1500), (0, -1500)]
    >>> lake = shapely.Polygon(ring)
    >>> for drawn in (grown(lake, 1000, quad_segs=32), lake.buffer(1000, quad_segs=32)):
    ...     edge = shapely.points(shapely.get_coordinates(shapely.segmentize(drawn, 50)))
    ...     print(round(shapely.distance(edge, lake).max(), 1))
    1000.0
    1008.4
    """
    import numpy as np
    import shapely

    cut = shapely.segmentize(areas, np.maximum(np.divide(distance_m, 50), 1.0))
    return shapely.simplify(shapely.buffer(cut, distance_m, quad_segs=quad_segs), _SAME_M)
