"""Lines cut where they cross borders: each stretch then lies in a zone as a whole, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoyang_geo.screening.distances import Borders
from chaoyang_geo.screening.pieces import short_lines

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

_LONGEST_M = 2000.0  # of a segment, so that its box meets few chunks of border
_EDGE = 1e-9  # a crossing this near an end, as a part of the segment, is at the end
_SHORTEST_M = 1e-6  # of a stretch; shorter ones are rounding
_BLOCK = 50_000  # pairs of segment and chunk at a time


def cut_lines(lines: Shapes, borders: Borders) -> tuple[Shapes, Ints]:
    """Cut lines at every border that they meet; return the stretches and the line of each.

    The lengths add up to those of the lines. A stretch along a border ends where the border
    turns away.
    """
    import numpy as np
    import shapely

    if not len(lines):
        return lines, np.zeros(0, np.int64)
    fine = short_lines(lines, longest_m=_LONGEST_M)
    xy, line = shapely.get_coordinates(fine, return_index=True)
    place = np.arange(len(xy), dtype=np.float64)  # along all lines: vertex k is at k
    last = np.append(line[1:] != line[:-1], True)
    segment = np.flatnonzero(~last)
    at, point = _crossings(xy, segment, borders)
    # vertices and crossings of each line in order; a crossing at a vertex is one node
    nodes = np.concatenate([place, at])
    cut = np.concatenate([last | np.roll(last, 1), np.ones(len(at), bool)])
    where = np.concatenate([xy, point])
    order = np.lexsort((~cut, nodes))
    nodes, cut, where = nodes[order], cut[order], where[order]
    new = np.append(True, nodes[1:] != nodes[:-1])
    nodes, cut, where = nodes[new], cut[new], where[new]
    owner = line[np.minimum(nodes.astype(np.int64), len(line) - 1)]
    ends = np.flatnonzero(cut)
    begin, end = ends[:-1], ends[1:]
    same = owner[begin] == owner[end]
    begin, end = begin[same], end[same]
    size = end - begin + 1
    stretch = np.repeat(np.arange(len(begin)), size)
    offset = np.arange(len(stretch)) - np.repeat(np.cumsum(size) - size, size)
    found = shapely.linestrings(where[begin[stretch] + offset], indices=stretch)
    kept = shapely.length(found) > _SHORTEST_M
    return found[kept], owner[begin][kept]


def _crossings(xy: Floats, segment: Ints, borders: Borders) -> tuple[Floats, Floats]:
    """Return places along the lines where they meet borders, and the points there."""
    import numpy as np
    import shapely

    start, end = xy[segment], xy[segment + 1]
    low, high = np.minimum(start, end), np.maximum(start, end)
    boxes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    here, there = borders.tree.query(boxes)
    chunk = _padded(borders.chunk)
    places, points = [np.zeros(0)], [np.zeros((0, 2))]
    for block in range(0, len(here), _BLOCK):
        one, other = here[block : block + _BLOCK], chunk[there[block : block + _BLOCK]]
        along = (end - start)[one][:, None]
        side = other[:, 1:] - other[:, :-1]
        away = other[:, :-1] - start[one][:, None]
        across = along[..., 0] * side[..., 1] - along[..., 1] * side[..., 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (away[..., 0] * side[..., 1] - away[..., 1] * side[..., 0]) / across
            u = (away[..., 0] * along[..., 1] - away[..., 1] * along[..., 0]) / across
        met = (t >= -_EDGE) & (t <= 1 + _EDGE) & (u >= -_EDGE) & (u <= 1 + _EDGE)
        pair = np.nonzero(met)[0]
        part = t[met]
        part[np.abs(part) <= _EDGE] = 0.0
        part[np.abs(part - 1) <= _EDGE] = 1.0
        places.append(segment[one[pair]] + part)
        points.append(start[one[pair]] + part[:, None] * along[pair, 0])
    return np.concatenate(places), np.concatenate(points)


def _padded(chunk: Shapes) -> Floats:
    """Return the vertices of chunks as one array; short chunks end in NaN, which meets nothing."""
    import numpy as np
    import shapely

    xy, owner = shapely.get_coordinates(chunk, return_index=True)
    count = np.bincount(owner, minlength=len(chunk))
    column = np.arange(len(xy)) - np.repeat(np.cumsum(count) - count, count)
    padded = np.full((len(chunk), int(count.max(initial=2)), 2), np.nan)
    padded[owner, column] = xy
    return padded
