"""Edges stay where they were drawn: shapes in another CRS, long edges with vertices of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import transform

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Bools = npt.NDArray[np.bool_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

#: As far as an edge may lie from where it was drawn after :func:`reprojected`, metres. Two
#: drawings of one edge with vertices at different places then lie nearer than a touch, a
#: millimetre, so that what touches as it was drawn touches in metres as well.
EDGE_M = 0.0005
_SHORT_M = 100.0  # an edge of degrees as long as this bends by less, up to 66 degrees of latitude
_MOST, _ROUNDS = 1000, 8  # pieces that a piece is cut into at a time, and how often
_EVEN_M = 2000.0  # an edge as long as this bends evenly
_PIECES = 200_000  # of an edge at most: 90 degrees off the plane has no end


def reprojected(shapes: Shapes, crs: Any, to: Any) -> Shapes:
    """Return shapes in another CRS, their edges where they were drawn; the same ones in their own.

    An edge is straight in the CRS in which it was drawn, and bent in others: the middle of an edge
    of one degree along a parallel lies 100 m beside the straight line between its ends in metres.
    Long edges get vertices, so many that none lies farther than :data:`EDGE_M` from where it was
    drawn. Shapes without such edges are turned vertex by vertex. Parameters in a CRS are used, as
    :func:`chaoyang_geo.crs.way` says.

    Parameters
    ----------
    shapes : array of shapely shapes of any kind, also None, with or without heights
    crs, to
        What pyproj reads. What is the same edge in two shapes gets the same vertices.

    Notes
    -----
    The deviation is measured at the thirds of an edge, across it, which tells that of any curve of
    the third degree; it shrinks with the square of the number of pieces. Pieces of edges of more
    than 2 km are measured again. In degrees, tolerances are those of the equator.

    Examples
    --------
    >>> import numpy as np
    >>> import shapely
    >>> from chaoyang_geo.edges import reprojected
    >>> box = np.array([shapely.box(119.5, 41, 120.5, 42)])
    >>> found = reprojected(box, "EPSG:4490", "EPSG:4549")
    >>> shapely.get_num_coordinates(found).tolist()
    [1202]
    >>> south = found[0].bounds[1]
    >>> corner = reprojected(np.array([shapely.Point(119.5, 41)]), "EPSG:4490", "EPSG:4549")[0]
    >>> round(corner.y - south)  # the middle of the side lies farther south than its ends
    120
    """
    import numpy as np
    import shapely
    from pyproj import CRS

    drawn_in, wanted = CRS.from_user_input(crs), CRS.from_user_input(to)
    if drawn_in == wanted:
        return shapes
    turn = transform(drawn_in, wanted)
    found: Shapes = shapely.transform(np.asarray(shapes), turn, include_z=None, interleaved=False)
    unit = _unit_m(wanted)
    xy, owner = shapely.get_coordinates(found, return_index=True)
    with np.errstate(invalid="ignore", over="ignore"):
        step = np.square(np.diff(xy[:, 0])) + np.square(np.diff(xy[:, 1]))
    # from the end of a ring to the next one it may be far as well; that is looked at below
    far = np.flatnonzero(step > (_SHORT_M / unit) ** 2)
    rows = np.unique(owner[far[owner[far] == owner[far + 1]]])
    if len(rows):
        found[rows] = _followed(np.asarray(shapes)[rows], found[rows], turn, unit)[0]
    return found


def redrawn(layer: gpd.GeoSeries, to: Any) -> gpd.GeoSeries:
    """Return the shapes of a layer as :func:`reprojected` makes them."""
    import geopandas as gpd

    shapes = reprojected(layer.to_numpy(), layer.crs, to)
    return gpd.GeoSeries(shapes, index=layer.index, crs=to)


def _unit_m(crs: Any) -> float:
    """Return how long the unit of a CRS is, metres: a degree as at the equator."""
    factor = crs.axis_info[0].unit_conversion_factor if crs.axis_info else 1.0
    return float(factor * 6378137.0 if crs.is_geographic else factor)


def _followed(drawn: Shapes, there: Shapes, turn: Any, unit: float) -> tuple[Shapes, Bools]:
    """Return ``there``, which are shapes in another CRS, with vertices in long edges, and which have."""
    import numpy as np
    import shapely

    found, changed = there.copy(), np.zeros(len(drawn), bool)
    kinds, deep = shapely.get_type_id(drawn), shapely.has_z(drawn)
    for kind, lines in ((1, shapely.linestrings), (2, shapely.linearrings)):
        for z in (False, True):
            rows = np.flatnonzero((kinds == kind) & (deep == z))
            if len(rows):
                found[rows], changed[rows] = _curves(drawn[rows], there[rows], turn, unit, lines)
    for kind, parts_of, make in (
        (3, shapely.get_rings, shapely.polygons),
        (5, shapely.get_parts, shapely.multilinestrings),
        (6, shapely.get_parts, shapely.multipolygons),
        (7, shapely.get_parts, shapely.geometrycollections),
    ):
        rows = np.flatnonzero(kinds == kind)
        if len(rows):
            parts, owner = parts_of(drawn[rows], return_index=True)
            parts, bent = _followed(parts, parts_of(there[rows]), turn, unit)
            new = np.zeros(len(rows), bool)
            new[owner[bent]] = True
            if new.any():
                used = new[owner]
                found[rows[new]] = make(parts[used], indices=(np.cumsum(new) - 1)[owner[used]])
                changed[rows] = new
    return found, changed


def _curves(
    drawn: Shapes, there: Shapes, turn: Any, unit: float, make: Any
) -> tuple[Shapes, Bools]:
    """Do the work of :func:`_followed` for lines or rings, all with heights or all without."""
    import numpy as np
    import shapely

    deep = bool(shapely.has_z(drawn).any())
    given, curve = shapely.get_coordinates(drawn, include_z=deep, return_index=True)
    goal = shapely.get_coordinates(there, include_z=deep)
    edge = np.flatnonzero(curve[1:] == curve[:-1])
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.square(goal[edge + 1, :2] - goal[edge, :2]).sum(axis=1)
    edge = edge[(size > (_SHORT_M / unit) ** 2) & np.isfinite(size)]
    # from the smaller end, so that neighbours that share an edge share its vertices
    start, end = given[edge], given[edge + 1]
    turned = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    start[turned], end[turned] = end[turned], start[turned].copy()
    ends = goal[edge + turned, :2], goal[edge + ~turned, :2]
    of, share, new = _cuts(start, end, ends, turn, unit)
    order = np.lexsort((np.where(turned[of], -share, share), of))
    order = order[np.isfinite(new[order, :2]).all(axis=1)]
    at = edge[of[order]] + 1
    every, owner = np.insert(goal, at, new[order], axis=0), np.insert(curve, at, curve[at - 1])
    found, changed = there.copy(), np.zeros(len(drawn), bool)
    changed[curve[at - 1]] = True
    if changed.any():
        used = changed[owner]
        found[changed] = make(every[used], indices=(np.cumsum(changed) - 1)[owner[used]])
    return found, changed


def _cuts(
    start: Floats, end: Floats, ends: tuple[Floats, Floats], turn: Any, unit: float
) -> tuple[Ints, Floats, Floats]:
    """Return the edge of each new vertex, the share of the way along it, and itself."""
    import numpy as np

    def at(of: Ints, share: Floats) -> Any:
        return np.stack(turn(*(start[of] + share[:, None] * (end - start)[of]).T), axis=1)

    of, low, high = np.arange(len(start)), np.zeros(len(start)), np.ones(len(start))
    (first, last), limit, found = ends, EDGE_M / unit, [(of[:0], low[:0], start[:0])]
    for _ in range(_ROUNDS):
        thirds = np.stack([at(of, low + k * (high - low))[:, :2] for k in (1 / 3, 2 / 3)])
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            chord, away = last - first, thirds - first
            across = np.abs(chord[:, 0] * away[..., 1] - chord[:, 1] * away[..., 0]).max(axis=0)
            size = np.hypot(chord[:, 0], chord[:, 1])
            off = 9 / 8 * across / size
            bent = np.flatnonzero(off > limit)  # what has no place there stays as it is
            # a little more than enough, so that the pieces need not be cut again
            n = np.ceil(np.sqrt(np.minimum(1.2 * off[bent] / limit, _MOST**2))).astype(np.int64)
        for fewer in (2, 1):
            n[np.bincount(of[bent], n, len(start))[of[bent]] > _PIECES] = fewer
        bent, n = bent[n > 1], n[n > 1]
        piece, begin = np.repeat(np.arange(len(n)), n - 1), np.cumsum(n - 1) - (n - 1)
        number = np.arange(len(piece)) - begin[piece] + 1
        cut = low[bent][piece] + number * ((high - low)[bent] / n)[piece]
        found.append((of[bent][piece], cut, at(of[bent][piece], cut)))
        again = np.repeat(size[bent] > _EVEN_M / unit, n)
        if not again.any():
            break
        there = found[-1][2][:, :2]
        of = of[bent].repeat(n)[again]
        low = np.insert(cut, begin, low[bent])[again]
        high = np.insert(cut, begin + n - 1, high[bent])[again]
        first = np.insert(there, begin, first[bent], axis=0)[again]
        last = np.insert(there, begin + n - 1, last[bent], axis=0)[again]
    edges, shares, new = (np.concatenate(column) for column in zip(*found, strict=True))
    return edges, shares, new
