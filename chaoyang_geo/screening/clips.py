"""What polygons share with zones whose border crosses them in two places, or not at all.

Two closed lines that cross in just two places, far from any vertex, bound one polygon together: a
stretch of the one and a stretch of the other. That is how most sites and zones meet, and it is
put together from their vertices, many at once. All others are left to GEOS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaoyang_geo.screening.ground import TOUCH_M, Chunks, Ground, counted
from chaoyang_geo.screening.lines import Crossings, Roads, crossings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

_MOST_CHUNKS = 64  # of a polygon that is put together here


@dataclass(frozen=True)
class Met:
    """How borders of records lie to polygons, by pair of the two.

    ``away``: no border of the record comes to the polygon, nor does one lie inside it, so that one
    point tells for all. ``shape`` is what the pairs at the places ``cut`` share.
    """

    away: Bools
    cut: Ints
    shape: Shapes


def met_borders(
    polygons: Shapes, part: Ints, pairs: Ints, own: Chunks, roads: Roads, ground: Ground
) -> Met:
    """Tell how borders lie to polygons; ``part`` is the part of sites that each polygon is.

    ``pairs`` are sorted: the place of a polygon times the number of records, plus a record.
    """
    import numpy as np
    import shapely

    n = max(1, len(ground.shapes))
    here, there = _near(polygons, pairs, ground)
    key = here * n + ground.border_record[there]
    place = np.searchsorted(pairs, key)
    kept = np.flatnonzero(
        pairs[np.minimum(place, len(pairs) - 1)] == key if len(pairs) else place < 0
    )
    place, here, there = place[kept], here[kept], there[kept]
    away = np.ones(len(pairs), bool)
    away[place] = False
    lone, all_of_it = _lone_runs(place, there, len(pairs), ground.borders)
    # polygons without holes, and of each just one ring of the record near by
    count = np.bincount(own.owner, minlength=len(roads.first))
    fit = (shapely.get_num_interior_rings(polygons) == 0) & (count[part] <= _MOST_CHUNKS)
    lone &= fit[pairs // n]
    rows = np.flatnonzero(lone[place])
    met = _crossed(own, part[here[rows]], there[rows], count, roads, ground)
    number = np.full(len(roads.first), -1)
    number[part] = np.arange(len(part))
    at = np.searchsorted(pairs, number[met.part] * n + met.record)
    times = np.bincount(at, minlength=len(pairs))
    away[lone & (times == 0) & ~all_of_it] = True
    good = np.bincount(at, met.plain, len(pairs)) == 2
    good &= (times == 2) & (np.bincount(at, met.enters, len(pairs)) == 1)
    cut = np.flatnonzero(good)
    order = np.flatnonzero(good[at])
    order = order[np.lexsort((~met.enters[order], at[order]))]  # the way in, then the way out
    return Met(away, cut, _between(met, order[::2], order[1::2], own, roads, ground.borders))


def _near(polygons: Shapes, pairs: Ints, ground: Ground) -> tuple[Ints, Ints]:
    """Return polygons with the chunks of border that come to their boxes."""
    import numpy as np
    import shapely

    n = max(1, len(ground.shapes))
    box = shapely.bounds(polygons).reshape(-1, 4)
    low, high = box[:, :2] - TOUCH_M, box[:, 2:] + TOUCH_M
    found = list(ground.near_chunks(low, high, pairs // n, pairs % n))
    none = np.zeros(0, np.int64)
    here, there = zip((none, none), *found, strict=True)
    return np.concatenate(here), np.concatenate(there)


def _lone_runs(place: Ints, chunk: Ints, n: int, borders: Chunks) -> tuple[Bools, Bools]:
    """Tell for which places all chunks are of one ring, and for which all chunks of it are there."""
    import numpy as np

    run = borders.run[chunk]
    least, most = np.full(n, len(borders.first)), np.full(n, -1)
    np.minimum.at(least, place, run)
    np.maximum.at(most, place, run)
    lone = least == most
    whole = np.zeros(n, bool)
    size = np.bincount(borders.run, minlength=len(borders.first))
    whole[lone] = np.bincount(place, minlength=n)[lone] == size[most[lone]]
    return lone, whole


def _crossed(
    own: Chunks, part: Ints, there: Ints, count: Ints, roads: Roads, ground: Ground
) -> Crossings:
    """Return where the borders of parts of sites meet chunks of border; ``count`` their chunks."""
    import numpy as np

    first = np.zeros(len(count), np.int64)
    first[own.owner[::-1]] = np.arange(len(own.owner))[::-1]
    many = count[part]
    here, there = np.repeat(first[part], many) + counted(many), np.repeat(there, many)
    for axis, (low, high) in enumerate(ground.edges):
        one, other = (corner[:, axis] for corner in own.bounds)
        meet = np.flatnonzero(
            (one[here] <= high[there] + TOUCH_M) & (other[here] >= low[there] - TOUCH_M)
        )
        here, there = here[meet], there[meet]
    return crossings(roads, own, here, there, ground)[0]


def _between(
    met: Crossings, enter: Ints, leave: Ints, own: Chunks, roads: Roads, borders: Chunks
) -> Shapes:
    """Return the polygons between two closed lines that cross in two places.

    From where the one enters the other along the one to where it leaves it, and back along the
    other, with the inner side of both on one hand.
    """
    import numpy as np
    import shapely

    if not len(enter):
        return np.zeros(0, dtype=object)
    way_in, ahead_in, beside_in = _place(met, enter, roads, borders)
    way_out, ahead_out, beside_out = _place(met, leave, roads, borders)
    first = roads.first[met.part[enter]]
    around = roads.last[met.part[enter]] - first
    one, other = met.segment[enter] - first, met.segment[leave] - first
    along = np.where(
        one == other, np.where(ahead_out > ahead_in, 0, around), (other - one) % around
    )
    turn = np.repeat(np.arange(len(enter)), along)
    way = own.xy[first[turn] + (one[turn] + 1 + counted(along)) % around[turn]]
    run = met.run[enter]
    begin, round_ = borders.first[run], borders.count[run] - 1
    one, other = met.edge[leave] - begin, met.edge[enter] - begin
    side = np.zeros(len(roads.first), np.int64)
    side[own.owner] = own.inner
    step = np.where(side[met.part[enter]] == borders.ring_side[run], 1, -1)
    back = np.where(
        one == other,
        np.where(step * (beside_in - beside_out) > 0, 0, round_),
        (step * (other - one)) % round_,
    )
    turn_ = np.repeat(np.arange(len(enter)), back)
    ahead = one[turn_] + (step[turn_] > 0) + step[turn_] * counted(back)
    way_back = borders.xy[begin[turn_] + ahead % round_[turn_]]
    size = along + back + 3
    start = np.cumsum(size) - size
    xy = np.empty((int(size.sum()), 2))
    xy[start], xy[start + along + 1], xy[start + size - 1] = way_in, way_out, way_in
    xy[start[turn] + 1 + counted(along)] = way
    xy[(start + along)[turn_] + 2 + counted(back)] = way_back
    rings = shapely.linearrings(xy, indices=np.repeat(np.arange(len(enter)), size))
    found: Shapes = shapely.polygons(rings)
    return found


def _place(
    met: Crossings, rows: Ints, roads: Roads, borders: Chunks
) -> tuple[Floats, Floats, Floats]:
    """Return where segments and edges cross, and how far along each of the two that is."""
    import numpy as np

    start, edge = roads.xy[met.segment[rows]], borders.xy[met.edge[rows]]
    ahead = roads.xy[met.segment[rows] + 1] - start
    beside = borders.xy[met.edge[rows] + 1] - edge
    to_edge = edge - start

    def cross(one: Floats, other: Floats) -> Floats:
        found: Floats = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
        return found

    slant = cross(ahead, beside)
    share, of_edge = cross(to_edge, beside) / slant, cross(to_edge, ahead) / slant
    return np.asarray(start + share[:, None] * ahead), share, of_edge
