"""Where reaches meet: ends joined within a tolerance, and ends on the middle of a reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Places nearer than this are one place; less is the noise of a projection.
SAME_M = 0.001


@dataclass(frozen=True)
class Ends:
    """The node of each end of each usable reach; -1 where a reach has no usable line."""

    tail: npt.NDArray[np.int64]  # node where the line begins, as drawn
    head: npt.NDArray[np.int64]
    xy: npt.NDArray[np.float64]  # m x 2, metres
    moved_m: npt.NDArray[np.float64]  # n x 2, from each end to its node
    first: npt.NDArray[np.float64]  # n x 2, where the line begins, as drawn; NaN without one
    last: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Junctions:
    """Nodes that lie on the middle of another reach."""

    node: npt.NDArray[np.int64]
    reach: npt.NDArray[np.int64]
    measure_m: npt.NDArray[np.float64]  # from where the line begins, as drawn
    offset_m: npt.NDArray[np.float64]


def join_ends(lines: Any, usable: npt.NDArray[np.bool_], *, tolerance_m: float) -> Ends:
    """Join ends within a tolerance, but never the two ends of one reach.

    Ends are joined when a chain of ends, each within the tolerance of the next, connects
    them; the nearest pair comes first. The node is put where most reaches already end, of
    equals in the south-west. Nodes are numbered from west to east, so that the order of the
    rows does not matter.
    """
    import numpy as np
    import shapely

    n = len(lines)
    tail, head = np.full(n, -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    moved = np.zeros((n, 2))
    starts, stops = np.full((n, 2), np.nan), np.full((n, 2), np.nan)
    rows = np.flatnonzero(usable)
    if not len(rows):
        return Ends(tail, head, np.empty((0, 2)), moved, starts, stops)
    points, line = shapely.get_coordinates(lines[rows], return_index=True)
    turns = np.flatnonzero(line[1:] != line[:-1])
    first = starts[rows] = points[np.append(0, turns + 1)]
    last = stops[rows] = points[np.append(turns, len(line) - 1)]
    both = np.concatenate([first, last])
    rounded = np.round(both / SAME_M)
    places, node = np.unique(rounded[:, 0] + 1j * rounded[:, 1], return_inverse=True)
    xy = np.column_stack([places.real, places.imag]) * SAME_M
    a, b = node[: len(rows)], node[len(rows) :]
    node_of = _merged(xy, a, b, tolerance_m)
    kept = np.unique(node_of)
    number = np.full(len(xy), -1, dtype=np.int64)
    number[kept] = np.arange(len(kept))
    xy = xy[kept]
    tail[rows], head[rows] = number[node_of[a]], number[node_of[b]]
    moved[rows, 0] = np.hypot(*(first - xy[tail[rows]]).T)
    moved[rows, 1] = np.hypot(*(last - xy[head[rows]]).T)
    moved[moved <= SAME_M] = 0.0
    return Ends(tail, head, xy, moved, starts, stops)


def _merged(
    xy: npt.NDArray[np.float64],
    tail: npt.NDArray[np.int64],
    head: npt.NDArray[np.int64],
    tolerance_m: float,
) -> npt.NDArray[np.int64]:
    """Return for each place the place that stands for it."""
    import numpy as np
    from scipy.spatial import cKDTree  # type: ignore[import-untyped]

    m = len(xy)
    stands = np.arange(m)
    if tolerance_m <= SAME_M:
        return stands
    pairs = cKDTree(xy).query_pairs(tolerance_m, output_type="ndarray").astype(np.int64)
    if not len(pairs):
        return stands
    degree = np.bincount(np.concatenate([tail, head]), minlength=m)
    distance = np.round(np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T) / SAME_M)
    # of equal distances any order will do that does not run along a row of ends
    mixed = (pairs[:, 0] * 2654435761 + pairs[:, 1] * 40503) % 4294967296
    by_rank = np.lexsort((mixed, distance))
    pairs = pairs[by_rank]
    in_play = np.zeros(m, dtype=bool)
    in_play[pairs] = True
    near = in_play[tail] & in_play[head]
    edge_a, edge_b = tail[near], head[near]
    while len(pairs):
        a, b = stands[pairs[:, 0]], stands[pairs[:, 1]]
        ends = _key(stands[edge_a], stands[edge_b], m)
        open_ = (a != b) & ~np.isin(_key(a, b, m), ends)
        pairs, a, b = pairs[open_], a[open_], b[open_]
        rank = np.arange(len(pairs))
        first = np.full(m, len(pairs))
        np.minimum.at(first, a, rank)
        np.minimum.at(first, b, rank)
        mutual = (first[a] == rank) & (first[b] == rank)
        a, b = a[mutual], b[mutual]
        keep_a = (degree[a] > degree[b]) | ((degree[a] == degree[b]) & (a < b))
        keep, drop = np.where(keep_a, a, b), np.where(keep_a, b, a)
        target = np.arange(m)
        target[drop] = keep
        np.add.at(degree, keep, degree[drop])
        stands = target[stands]
    return stands


def _key(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64], m: int) -> npt.NDArray[np.int64]:
    import numpy as np

    return np.minimum(a, b) * m + np.maximum(a, b)


def find_junctions(
    lines: Any,
    ends: Ends,
    usable: npt.NDArray[np.bool_],
    rank: npt.NDArray[np.int64],
    *,
    tolerance_m: float,
) -> Junctions:
    """Find the nodes that lie within the tolerance of the middle of another reach.

    A node takes the nearest reach, of equals the one of the lowest ``rank``; a place within
    the tolerance of an end of that reach is no middle.
    """
    import numpy as np
    import shapely

    rows = np.flatnonzero(usable)
    reach_limit = max(tolerance_m, SAME_M)
    tree = shapely.STRtree(lines[rows])
    points = shapely.points(ends.xy)
    node, found = tree.query(points, predicate="dwithin", distance=reach_limit)
    reach = rows[found]
    own = (ends.tail[reach] == node) | (ends.head[reach] == node)
    node, reach = node[~own], reach[~own]
    measure = shapely.line_locate_point(lines[reach], points[node])
    length = shapely.length(lines[reach])
    inside = (measure > reach_limit) & (measure < length - reach_limit)
    node, reach, measure = node[inside], reach[inside], measure[inside]
    offset = shapely.distance(lines[reach], points[node])
    offset[offset <= SAME_M] = 0.0
    by = np.lexsort((rank[reach], np.round(offset / SAME_M), node))
    first = by[np.unique(node[by], return_index=True)[1]]
    return Junctions(node[first], reach[first], measure[first], offset[first])


@dataclass(frozen=True)
class Pieces:
    """Reaches cut, in thought only, where others join their middle."""

    reach: npt.NDArray[np.int64]
    tail: npt.NDArray[np.int64]
    head: npt.NDArray[np.int64]
    begin_m: npt.NDArray[np.float64]  # along the reach as drawn
    length_m: npt.NDArray[np.float64]


def cut_pieces(
    ends: Ends,
    junctions: Junctions,
    rows: npt.NDArray[np.int64],
    length_m: npt.NDArray[np.float64],
    rank: npt.NDArray[np.int64],
) -> Pieces:
    """Cut the reaches ``rows`` at their junctions, in the order of ``rank``.

    A reach without a junction is one piece.
    """
    import numpy as np

    mine = np.isin(junctions.reach, rows)
    reach = np.concatenate([rows, junctions.reach[mine]])
    begin = np.concatenate([np.zeros(len(rows)), junctions.measure_m[mine]])
    tail = np.concatenate([ends.tail[rows], junctions.node[mine]])
    by = np.lexsort((tail, begin, rank[reach]))
    reach, begin, tail = reach[by], begin[by], tail[by]
    final = np.append(reach[1:] != reach[:-1], True) if len(reach) else np.empty(0, dtype=bool)
    head, stop = np.empty_like(tail), np.empty_like(begin)
    head[~final], stop[~final] = tail[1:][~final[:-1]], begin[1:][~final[:-1]]
    head[final], stop[final] = ends.head[reach[final]], length_m[reach[final]]
    # two that join at one place from both banks still are two nodes
    return Pieces(reach, tail, head, begin, np.maximum(stop - begin, SAME_M))
