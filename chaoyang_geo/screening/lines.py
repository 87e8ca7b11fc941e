"""Which stretches of a line lie in which zone: from where it crosses their borders, and which way.

Where a line comes to a border with the zone behind it, it enters; so the crossings of a line with
one zone, in order, give the stretches inside without any geometry being built. Where a vertex of
the one lies on the other, or they run along each other, the middle of each stretch is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeVar

from chaoyang_geo.screening.ground import TOUCH_M, Chunks, Ground, counted
from chaoyang_geo.shapes import CRACK_M

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]
    Edges = list[tuple[Floats, Floats]]  # lower and upper ones of boxes, by axis

_SHORTEST_M = 1e-6  # of a stretch; shorter ones are rounding
_BLOCK = 16_000  # pairs of segment and link at a time, which stay near the processor


@dataclass(frozen=True)
class Roads:
    """The lines and borders of the parts of sites: vertices, and how far along them each one is.

    ``first`` and ``last`` are the vertices of each part; those of holes come last.
    """

    xy: Floats
    along: Floats  # metres, over all parts
    first: Ints
    last: Ints

    def at(self, place: Floats, part: Ints) -> Floats:
        """Return the coordinates of places along parts."""
        import numpy as np

        k = np.searchsorted(self.along, place, side="right") - 1
        k = np.clip(k, self.first[part], self.last[part] - 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = (place - self.along[k]) / (self.along[k + 1] - self.along[k])
        share = np.clip(np.nan_to_num(share), 0, 1)
        found: Floats = self.xy[k] + share[:, None] * (self.xy[k + 1] - self.xy[k])
        return found


@dataclass(frozen=True)
class _Segments:
    """Segments by their first vertices: where they start, how they go on, and their boxes.

    By axis; the boxes are wider by :data:`CRACK_M`.
    """

    start: Floats
    ahead: Floats
    edges: Edges


def _segments(axes: Floats) -> _Segments:
    """Return the segments from each vertex to the next one; the last has none."""
    import numpy as np

    ahead = np.diff(axes, axis=1)
    low = np.minimum(axes[:, :-1], axes[:, 1:]) - CRACK_M
    high = np.maximum(axes[:, :-1], axes[:, 1:]) + CRACK_M
    return _Segments(axes, ahead, list(zip(low, high, strict=True)))


@dataclass(frozen=True)
class Crossings:
    """Where lines meet borders; ``plain`` ones cross far from any vertex. Places are along.

    ``segment`` and ``edge`` are the vertices of line and border from where they come.
    """

    part: Ints
    record: Ints
    place: Floats
    enters: Bools
    plain: Bools
    run: Ints  # the ring of the border
    segment: Ints
    edge: Ints


@dataclass(frozen=True)
class Runs:
    """Where lines are nearer to the border of a zone record than :data:`CRACK_M`, or may be."""

    part: Ints
    record: Ints
    begin: Floats
    end: Floats


_Rows = TypeVar("_Rows", Crossings, Runs)


@dataclass(frozen=True)
class Stretches:
    """One row per stretch of a line inside a zone record; places are metres along."""

    part: Ints
    record: Ints
    begin: Floats
    end: Floats


def roads_of(own: Chunks, n_parts: int) -> Roads:
    """Return the lines among the parts that were cut into chunks."""
    import numpy as np

    first, last = np.full(n_parts, len(own.xy), dtype=np.int64), np.zeros(n_parts, np.int64)
    np.minimum.at(first, own.owner, own.begin)
    np.maximum.at(last, own.owner, own.end)
    steps = np.hypot(*np.diff(own.xy, axis=0, prepend=own.xy[:1]).T)
    steps[own.starts] = 0.0
    return Roads(own.xy, np.cumsum(steps), first, last)


def stretches(roads: Roads, lines: Ints, met: Crossings, ground: Ground) -> Stretches:
    """Return the stretches of ``lines``, parts of sites, that lie inside zone records."""
    import numpy as np
    import shapely

    n = max(1, len(ground.shapes))
    key = met.part * n + met.record
    start, piece = ground.tree.query(
        shapely.points(roads.xy[roads.first[lines]]), predicate="intersects"
    )
    started = np.unique(lines[start] * n + ground.piece_record[piece])
    # pairs of which every crossing is plain, and which alternate: in, out, in, out
    order = np.lexsort((met.place, key))
    key, place, enters, plain = key[order], met.place[order], met.enters[order], met.plain[order]
    pairs, count = np.unique(key, return_counts=True)
    number = np.repeat(np.arange(len(pairs)), count)
    inside = np.isin(pairs, started)
    before = inside[number] ^ (counted(count) % 2 == 1)
    odd = np.zeros(len(pairs), bool)
    odd[number[~plain | (enters == before)]] = True
    good = ~odd[number]
    through = np.setdiff1d(started, pairs)  # inside from end to end
    line = np.concatenate([through, pairs[inside & ~odd]]) // n
    ends = pairs[(inside ^ (count % 2 == 1)) & ~odd]
    begin_key = np.concatenate([through, pairs[inside & ~odd], key[good & enters]])
    begin = np.concatenate([roads.along[roads.first[line]], place[good & enters]])
    end_key = np.concatenate([through, ends, key[good & ~enters]])
    end = np.concatenate([
        roads.along[roads.last[np.concatenate([through, ends]) // n]], place[good & ~enters],
    ])  # fmt: skip
    in_order, out_order = np.lexsort((begin, begin_key)), np.lexsort((end, end_key))
    more = _by_middles(roads, ground, pairs[odd], key[~good], place[~good])
    found_key = np.concatenate([begin_key[in_order], more[0]])
    return Stretches(
        found_key // n,
        found_key % n,
        np.concatenate([begin[in_order], more[1]]),
        np.concatenate([end[out_order], more[2]]),
    )


def _by_middles(
    roads: Roads, ground: Ground, pairs: Ints, key: Ints, place: Floats
) -> tuple[Ints, Floats, Floats]:
    """Return the stretches inside of pairs whose crossings are not plain, by their middles.

    A stretch between two places where line and border meet lies in the zone as a whole, outside
    it, or along its border, which is not inside.
    """
    import numpy as np
    import shapely

    n = max(1, len(ground.shapes))
    line = pairs // n
    nodes = np.concatenate([roads.along[roads.first[line]], roads.along[roads.last[line]], place])
    owner = np.concatenate([pairs, pairs, key])
    order = np.lexsort((nodes, owner))
    nodes, owner = nodes[order], owner[order]
    kept = (owner[1:] == owner[:-1]) & (np.diff(nodes) > _SHORTEST_M)
    begin, end, owner = nodes[:-1][kept], nodes[1:][kept], owner[:-1][kept]
    points = shapely.points(roads.at((begin + end) / 2, owner // n))
    point, piece = ground.tree.query(points, predicate="intersects")
    inside = np.zeros(len(owner), bool)
    inside[point[ground.piece_record[piece] == owner[point] % n]] = True
    touch = np.full(len(points), TOUCH_M)
    inside &= ground.border_distance(points, owner % n, reach_m=touch) > TOUCH_M
    return owner[inside], begin[inside], end[inside]


def crossings(
    roads: Roads, own: Chunks, here: Ints, there: Ints, ground: Ground
) -> tuple[Crossings, Runs]:
    """Return where lines meet borders, also where they only touch, and where they run beside them.

    ``here`` are chunks of lines, ``there`` the chunks of border whose boxes may meet theirs.
    """
    import numpy as np

    size = own.end[here] - own.begin[here]
    segment, chunk = np.repeat(own.begin[here], size) + counted(size), np.repeat(there, size)
    part = np.repeat(own.owner[here], size)
    segments = _segments(own.axes)
    rows = _close(segments, segment, ground.edges, chunk, narrow=False)
    links, at = ground.borders.links(chunk[rows])
    link, place = links.of(at)
    segment, chunk, part = (each[rows[place]] for each in (segment, chunk, part))
    rows = _close(segments, segment, links.edges, link, narrow=True)
    blocks = [rows[at : at + _BLOCK] for at in range(0, max(1, len(rows)), _BLOCK)]
    ends = links.begin, links.end
    found = [
        _meet(roads, ground, part[k], segment[k], chunk[k], *(end[link[k]] for end in ends))
        for k in blocks
    ]
    met, beside = zip(*found, strict=True)
    return together(met), together(beside)


def _close(segments: _Segments, segment: Ints, edges: Edges, box: Ints, *, narrow: bool) -> Ints:
    """Return the rows of segments whose boxes come to theirs; with ``narrow`` they do themselves.

    A box of which all corners lie on one side of a segment is not reached.
    """
    import numpy as np

    rows = np.arange(len(segment))
    for (low, high), (low_, high_) in zip(segments.edges, edges, strict=True):
        meet = np.flatnonzero((low[segment] <= high_[box]) & (high[segment] >= low_[box]))
        rows, segment, box = rows[meet], segment[meet], box[meet]
    if not narrow:
        return rows
    ahead, middle, wide = [], [], []
    for start, step, (low, high) in zip(segments.start, segments.ahead, edges, strict=True):
        one, other = low[box], high[box]
        ahead.append(step[segment])
        middle.append((one + other) / 2 - start[segment])
        wide.append((other - one) / 2 + 2 * CRACK_M)
    away = np.abs(ahead[0] * middle[1] - ahead[1] * middle[0])
    near = away <= np.abs(ahead[0]) * wide[1] + np.abs(ahead[1]) * wide[0]
    found: Ints = rows[np.flatnonzero(near)]
    return found


def together(found: Sequence[_Rows]) -> _Rows:
    """Return the rows of all blocks as one."""
    import numpy as np

    kind = type(found[0])
    return kind(*(
        np.concatenate([getattr(each, field.name) for each in found]) for field in fields(kind)
    ))  # fmt: skip


def _meet(
    roads: Roads,
    ground: Ground,
    part: Ints,
    segment: Ints,
    chunk: Ints,
    begin: Ints,
    end: Ints,
) -> tuple[Crossings, Runs]:
    """Return the meetings of segments of lines with links of border, and where they are near.

    Links go from vertex ``begin`` to vertex ``end`` of their chunks.

    Each edge of border is looked at from its segment: ``t`` metres ahead of where the segment
    starts, ``s`` metres to its left.
    """
    import numpy as np

    borders = ground.borders
    size = end - begin
    steps = np.minimum(np.arange(int(size.max(initial=1)) + 1), size[:, None])
    start = roads.xy[segment]
    ahead = roads.xy[segment + 1] - start
    length = np.hypot(ahead[:, 0], ahead[:, 1])
    ahead = ahead / np.maximum(length, 1e-12)[:, None]
    vertex = begin[:, None] + steps
    x, y = (borders.axes[axis][vertex] - start[:, axis, None] for axis in (0, 1))
    s = ahead[:, 0, None] * y - ahead[:, 1, None] * x
    near = np.minimum(s[:, 1:], s[:, :-1]) <= CRACK_M
    near &= np.maximum(s[:, 1:], s[:, :-1]) >= -CRACK_M
    pair, edge = np.divmod(np.flatnonzero(near & (steps[:, 1:] > steps[:, :-1])), near.shape[1])
    length = length[pair]
    t0, t1 = (
        ahead[pair, 0] * x[pair, edge + k] + ahead[pair, 1] * y[pair, edge + k] for k in (0, 1)
    )
    s0, s1 = s[pair, edge], s[pair, edge + 1]
    kept = np.flatnonzero(
        (np.minimum(t0, t1) <= length + CRACK_M) & (np.maximum(t0, t1) >= -CRACK_M)
    )
    pair, length = pair[kept], length[kept]
    t0, t1, s0, s1 = t0[kept], t1[kept], s0[kept], s1[kept]
    beside = _beside(t0, t1, s0, s1, length)
    run = np.flatnonzero(beside[1] > beside[0])
    along = roads.along[segment[pair[run]]]
    runs = Runs(
        part[pair[run]],
        ground.border_record[chunk[pair[run]]],
        along + beside[0][run],
        along + beside[1][run],
    )
    # vertices of the border at the line, and of the line at the border
    corner = [
        (np.abs(s_) <= TOUCH_M) & (t_ >= -TOUCH_M) & (t_ <= length + TOUCH_M)
        for s_, t_ in ((s0, t0), (s1, t1))
    ]
    corner += [_to_edge(place, t0, s0, t1, s1) <= TOUCH_M for place in (np.zeros(len(t0)), length)]
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = t0 + (t1 - t0) * s0 / (s0 - s1)
    plain = ~np.logical_or.reduce(corner) & (s0 * s1 < 0) & (crossing > 0) & (crossing < length)
    places = (np.clip(t0, 0, length), np.clip(t1, 0, length), np.zeros(len(t0)), length, crossing)
    what = np.concatenate([*(np.flatnonzero(c) for c in corner), np.flatnonzero(plain)])
    many = [int(c.sum()) for c in corner]
    place = np.concatenate([values[c] for values, c in zip(places, [*corner, plain], strict=True)])
    is_plain = np.arange(len(what)) >= sum(many)
    at = pair[what]
    met = Crossings(
        part[at],
        ground.border_record[chunk[at]],
        roads.along[segment[at]] + place,
        # from left to right of the line, the zone to the left of the border: it lies ahead
        (s0[what] > s1[what]) == (borders.inner[chunk[at]] > 0),
        is_plain,
        borders.run[chunk[at]],
        segment[at],
        begin[at] + edge[kept][what],
    )
    return met, runs


def _beside(
    t0: Floats, t1: Floats, s0: Floats, s1: Floats, length: Floats
) -> tuple[Floats, Floats]:
    """Return from where to where along a segment edges are nearer than :data:`CRACK_M`."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        shares = [
            np.clip(np.nan_to_num((far - s0) / (s1 - s0), nan=nothing), 0.0, 1.0)
            for far, nothing in ((-CRACK_M, 0.0), (CRACK_M, 1.0))
        ]
    one, other = (t0 + (t1 - t0) * share for share in shares)
    flat = s0 == s1
    one, other = np.where(flat, t0, one), np.where(flat, t1, other)
    return (
        np.clip(np.minimum(one, other) - CRACK_M, 0.0, length),
        np.clip(np.maximum(one, other) + CRACK_M, 0.0, length),
    )


def _to_edge(place: Floats, t0: Floats, s0: Floats, t1: Floats, s1: Floats) -> Floats:
    """Return how far a place on the segment is from an edge."""
    import numpy as np

    t, s = t1 - t0, s1 - s0
    with np.errstate(divide="ignore", invalid="ignore"):
        part = ((place - t0) * t - s0 * s) / (t * t + s * s)
    part = np.clip(np.nan_to_num(part), 0, 1)
    found: Floats = np.hypot(t0 + part * t - place, s0 + part * s)
    return found


def united(key: Ints, begin: Floats, end: Floats) -> tuple[Ints, Floats, Floats]:
    """Join the stretches of one key that overlap or meet; sorted."""
    import numpy as np

    order = np.lexsort((begin, key))
    key, begin, end = key[order], begin[order], end[order]
    if not len(key):
        return key, begin, end
    # keys beside each other, so that one running maximum serves for all
    span = float(end.max() - begin.min()) + 1.0
    number = np.cumsum(np.diff(key, prepend=key[0]) != 0)
    low = begin - begin.min() + number * span
    reach = np.maximum.accumulate(end - begin.min() + number * span)
    new = np.ones(len(key), bool)
    new[1:] = (key[1:] != key[:-1]) | (low[1:] > reach[:-1])
    starts = np.flatnonzero(new)
    return key[starts], begin[starts], np.maximum.reduceat(end, starts)
