"""Which ground sites share with zone records: areas of polygons, stretches of lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoyang_geo.screening.clips import met_borders
from chaoyang_geo.screening.common import Areas, Lengths
from chaoyang_geo.screening.geodesic import geodesic_steps
from chaoyang_geo.screening.ground import TOUCH_M, Chunks, Ground, ids, joined
from chaoyang_geo.screening.lines import Crossings, Roads, Runs, stretches
from chaoyang_geo.screening.seams import thin_shares, with_seams
from chaoyang_geo.shapes import CRACK_M

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]


def areas_of(
    parts: Shapes, flat: Ints, own: Chunks, roads: Roads, ground: Ground
) -> tuple[Areas, tuple[Ints, Ints]]:
    """Lay polygons, parts of sites, over zone records; ``own`` and ``roads`` are their borders.

    Where no border of a record comes to a polygon, one point tells whether all of it lies inside;
    where one crosses it in two places, what they share is put together from their vertices. A
    piece strictly inside a polygon, or around it, needs no intersection either.
    What is thinner than :data:`TOUCH_M` on average is nothing: the pairs of a part and a record
    that have no more in common are the second answer, for they touch. Of a part thinner than a
    crack that would tell nothing; see :func:`chaoyang_geo.screening.seams.thin_shares`.
    """
    import numpy as np
    import shapely

    polygons = parts[flat]
    thin = shapely.area(polygons) <= 0.5 * CRACK_M * shapely.length(polygons)
    slim = thin_shares(polygons[thin], flat[thin], ground)
    flat, polygons = flat[~thin], polygons[~thin]
    at, piece = ground.tree.query(polygons)
    n = max(1, len(ground.shapes))
    key = at * n + ground.piece_record[piece]
    pairs = np.unique(key)
    met = met_borders(polygons, flat, pairs, own, roads, ground)
    away = pairs[met.away]
    some = np.unique(away // n)
    corners = shapely.points(own.xy[roads.first[flat[some]]])
    found, there = ground.tree.query(corners, predicate="intersects")
    whole = np.intersect1d(away, some[found] * n + ground.piece_record[there])
    left = ~met.away
    left[met.cut] = False
    cut = np.flatnonzero(left[np.searchsorted(pairs, key)])
    place, record, shape = joined(
        at[cut],
        ground.piece_record[piece[cut]],
        _shared(polygons[at[cut]], ground.pieces[piece[cut]]),
    )
    place, record = (
        np.concatenate([one, other])
        for one, other in ((place, pairs[met.cut] // n), (record, pairs[met.cut] % n))
    )
    shape = np.concatenate([shape, met.shape])
    thick = shapely.area(shape) > 0.5 * TOUCH_M * shapely.length(shape)
    touched = ~thick & ~shapely.is_empty(shape)
    touching = flat[place[touched]], record[touched]
    place = np.concatenate([place[thick], whole // n])
    record = np.concatenate([record[thick], whole % n])
    shape = np.concatenate([shape[thick], polygons[whole // n]])
    part = np.concatenate([flat[place], slim[0]])
    record, shape = np.concatenate([record, slim[1]]), np.concatenate([shape, slim[2]])
    order = np.lexsort((record, part))
    part, record, shape = part[order], record[order], shape[order]
    inside = shapely.area(shape) > (1 - 1e-9) * shapely.area(parts[part])
    return Areas(part, record, shape, inside), touching


def _shared(one: Shapes, other: Shapes) -> Shapes:
    """Return the intersections of polygons."""
    import numpy as np
    import shapely

    found = one.copy()
    left = np.flatnonzero(~_strictly_inside(one, other))
    holds = _strictly_inside(other[left], one[left])
    found[left[holds]] = other[left[holds]]
    left = left[~holds]
    found[left] = shapely.intersection(one[left], other[left])
    return found


def _strictly_inside(inner: Shapes, outer: Shapes) -> Bools:
    """Tell which shapes lie inside others, nowhere at the border."""
    import numpy as np
    import shapely

    one, other = shapely.bounds(inner), shapely.bounds(outer)
    fits = np.flatnonzero(((one[:, :2] > other[:, :2]) & (one[:, 2:] < other[:, 2:])).all(axis=1))
    found = np.zeros(len(inner), bool)
    if not len(fits):
        return found
    # copies of one's own are prepared: others may use these shapes at the same time
    _, first, which = np.unique(ids(outer[fits]), return_index=True, return_inverse=True)
    own = shapely.force_2d(outer[fits[first]])
    shapely.prepare(own)
    found[fits] = shapely.contains_properly(own[which], inner[fits])
    return found


def lengths_of(
    own: Chunks, lines: Ints, roads: Roads, met: Crossings, beside: Runs, ground: Ground
) -> Lengths:
    """Return the stretches of ``lines``, parts of sites, inside zone records and on their seams."""
    import numpy as np

    found = with_seams(roads, stretches(roads, lines, met, ground), beside, ground)
    # only steps that a stretch goes over are measured on the ellipsoid
    begin = np.searchsorted(roads.along, found.begin, side="right") - 1
    count = np.bincount(np.maximum(0, begin), minlength=len(roads.xy) + 1)
    count -= np.bincount(np.searchsorted(roads.along, found.end), minlength=len(count))
    steps = np.flatnonzero(np.cumsum(count)[: len(roads.xy) - 1] > 0)
    up_to = np.zeros(len(roads.xy))
    up_to[steps + 1] = geodesic_steps(roads.xy, ground.crs, steps)
    up_to[own.starts] = 0.0  # from the last vertex of a line to the next line
    return Lengths(found.part, found.record, found.begin, found.end, roads, np.cumsum(up_to))
