"""Zones in metres, ready for many sites: areas in small pieces, borders in short chunks.

A zone of 100,000 vertices costs as much for a site that touches one corner of it as for one that
lies across it. Cut into pieces of a few hundred vertices, only the pieces at the site are looked
at; the areas add up to the same. Distances are to borders as they were drawn, in short chunks, so
that a cut is never taken for a border.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from chaoyang_geo.edges import reprojected

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

#: Nearer than this, metres, is touching; what is thinner than this in common is nothing.
TOUCH_M = 0.001

#: Zones of one kind and grade whose overlap is thinner than this, metres, on average are
#: neighbours that were drawn carelessly; they are counted one by one.
SLIVER_M = 1.0

_BORDER_SEGMENTS = 24
_LINK = 6  # segments of a link of a chunk
_WHOLE = 768  # vertices of a polygon that is not cut
_PIECE = 256  # vertices of a piece at most
_FEW = 64  # chunks of a record without an index
_SMALL_M2 = 0.1  # per vertex: above, rounding cannot turn a ring of up to 5,000 km around
_VERTICES = 32_000  # of rings at a time
_SHORT, _BLOCKS = 400, 8  # rows of a table that is not cut, and blocks of a longer one
_PARTS = 8  # of rows that are shared out, at most
_ROWS = 2500  # of a part, about
_PAIRS = 1_000_000  # of boxes at a time in a thread, so that memory stays small


@dataclass(frozen=True)
class Links:
    """Runs of a few segments that some chunks are made of.

    ``first`` and ``count`` are the first link and the number of links of each chunk; ``edges`` are
    the lower and upper edges of the boxes of links, by axis.
    """

    first: Ints
    count: Ints
    begin: Ints
    end: Ints  # the last vertex, included
    edges: list[tuple[Floats, Floats]]

    def of(self, place: Ints) -> tuple[Ints, Ints]:
        """Return the links of the chunks at these places, and for each which of these it is of."""
        import numpy as np

        count = self.count[place]
        return self.first[place].repeat(count) + counted(count), np.arange(len(place)).repeat(count)


@dataclass(frozen=True)
class Chunks:
    """Short runs of vertices, one after the other in ``xy``; neighbours share a vertex.

    ``owner`` is the place of the shape that a chunk belongs to, ``run`` the place of its ring,
    line or point among ``first`` and ``count``, the first vertex and the number of vertices of
    each. ``side`` is 1 where a run goes around its polygon, -1 around a hole, 0 around nothing.
    """

    xy: Floats
    begin: Ints
    end: Ints  # the last vertex, included
    owner: Ints
    run: Ints
    first: Ints
    count: Ints
    side: Ints

    @property
    def axes(self) -> Floats:
        """The coordinates, x and y each in a row."""
        return self.xy.T

    @cached_property
    def bounds(self) -> tuple[Floats, Floats]:
        """Lower and upper corners of the boxes around the chunks."""
        import numpy as np

        low, high = (np.stack(each, axis=1) for each in zip(*self.edges, strict=True))
        return low, high

    @cached_property
    def edges(self) -> list[tuple[Floats, Floats]]:
        """Lower and upper edges of the boxes around the chunks, by axis."""
        import numpy as np

        if not len(self.begin):
            return [(np.zeros(0), np.zeros(0))] * 2
        found = []
        for values in self.axes:
            # a chunk reaches up to the next one, and its last vertex belongs to it as well
            last = values[self.end]
            low = np.minimum(np.minimum.reduceat(values, self.begin), last)
            found.append((low, np.maximum(np.maximum.reduceat(values, self.begin), last)))
        return found

    def links(self, which: Ints) -> tuple[Links, Ints]:
        """Return the links of some chunks, and where among their chunks each one is."""
        import numpy as np

        wanted = np.zeros(len(self.begin), bool)
        wanted[which] = True
        chunk = np.flatnonzero(wanted)
        count = np.maximum(1, -(-(self.end[chunk] - self.begin[chunk]) // _LINK))
        begin = self.begin[chunk].repeat(count) + _LINK * counted(count)
        end = np.minimum(begin + _LINK, self.end[chunk].repeat(count))
        vertex = np.minimum(begin + np.arange(_LINK + 1)[:, None], end)
        edges = []
        for values in self.axes:
            each = values[vertex]
            edges.append((each.min(axis=0), each.max(axis=0)))
        return Links(np.cumsum(count) - count, count, begin, end, edges), (np.cumsum(wanted) - 1)[
            which
        ]

    @cached_property
    def ring_side(self) -> Ints:
        """Tell where the polygon lies of each run: 1 to the left of its way, -1 to the right."""
        import numpy as np

        rings = np.flatnonzero(self.side)
        found = np.zeros(len(self.side), np.int64)
        left = _turns_left(self.axes, self.first[rings], self.count[rings])
        found[rings] = np.where(left, 1, -1) * self.side[rings]
        return found

    @cached_property
    def inner(self) -> Ints:
        """Tell where the polygon lies of each chunk, as :attr:`ring_side` does."""
        return self.ring_side[self.run]

    @cached_property
    def starts(self) -> Ints:
        """Vertices that do not follow the one before: of a ring, line or point the first."""
        import numpy as np

        new = np.ones(len(self.begin), bool)
        new[1:] = self.begin[1:] != self.end[:-1]
        return self.begin[new]

    @cached_property
    def _made(self) -> tuple[Shapes, Bools]:
        import numpy as np

        return np.full(len(self.begin), None, dtype=object), np.zeros(len(self.begin), bool)

    def shapes(self, which: Ints) -> Shapes:
        """Return these chunks as lines, points where a chunk has one vertex."""
        import numpy as np
        import shapely

        made, ready = self._made
        new = np.unique(which[~ready[which]])
        if len(new):
            size = self.end[new] - self.begin[new] + 1
            place = self.begin[new].repeat(size) + counted(size)
            number = np.repeat(np.arange(len(new)), size)
            lone = size == 1
            made[new[lone]] = shapely.points(self.xy[self.begin[new[lone]]])
            rest = ~lone[number]
            made[new[~lone]] = shapely.linestrings(
                self.xy[place[rest]], indices=(np.cumsum(~lone) - 1)[number[rest]]
            )
            ready[new] = True
        return made[which]


@dataclass(frozen=True)
class Ground:
    """Zone records in metres; ``zone`` and ``group`` are numbers.

    A zone is the records of one code; a group is the zones of one layer, kind and grade; zones of
    one kind and grade have one kind, whatever their layer.
    """

    crs: str
    shapes: Shapes
    zone: Ints  # of each record
    group_of_zone: Ints
    kind_of_zone: Ints
    pieces: Shapes
    piece_record: Ints
    borders: Chunks
    border_record: Ints  # of each chunk of border
    _areas: dict[tuple[int, ...], float] = field(default_factory=dict)

    @cached_property
    def tree(self) -> Any:
        """Index of the pieces."""
        import shapely

        return shapely.STRtree(self.pieces)

    @cached_property
    def piece_kind(self) -> Ints:
        """Kind and grade of each piece."""
        return self.kind_of_zone[self.zone[self.piece_record]]

    @cached_property
    def border_zone(self) -> Ints:
        """Zone of each chunk of border."""
        return self.zone[self.border_record]

    def zone_areas(self, zones: Ints) -> Floats:
        """Return the areas of zones, m2; what several records of one share is counted once."""
        import numpy as np
        import shapely

        wanted = np.zeros(len(self.group_of_zone), bool)
        wanted[zones] = True
        of_these = np.flatnonzero(wanted[self.zone])
        zone, _, shape = joined(self.zone[of_these], np.zeros_like(of_these), self.shapes[of_these])
        areas = np.bincount(zone, shapely.area(shape), len(self.group_of_zone))
        return areas[zones].astype(np.float64)

    def area(self, zones: tuple[int, ...]) -> float:
        """Return the area of several zones together, m2, nothing counted twice."""
        import numpy as np
        import shapely

        if zones not in self._areas:
            shapes = self.shapes[np.isin(self.zone, zones)]
            self._areas[zones] = float(shapely.area(shapely.union_all(shapes)))
        return self._areas[zones]

    @cached_property
    def _chunk_places(self) -> tuple[Ints, Ints]:
        """Where the chunks of each record begin, and how many they are."""
        import numpy as np

        count = np.bincount(self.border_record, minlength=len(self.shapes))
        return (np.cumsum(count) - count).astype(np.int64), count.astype(np.int64)

    @property
    def edges(self) -> list[tuple[Floats, Floats]]:
        """Lower and upper edges of the boxes of the chunks of border, by axis."""
        return self.borders.edges

    @cached_property
    def _large(self) -> tuple[Any, Ints]:
        """Index of the chunks of records that have many, and the place of each."""
        import numpy as np
        import shapely

        places = np.flatnonzero(self._chunk_places[1][self.border_record] > _FEW)
        low, high = (corner[places] for corner in self.borders.bounds)
        return shapely.STRtree(diagonals(low, high)), places

    def near_chunks(
        self, low: Floats, high: Floats, box: Ints, record: Ints
    ) -> Iterator[tuple[Ints, Ints]]:
        """Yield boxes with the chunks of border that they meet, block by block.

        ``low`` and ``high`` are the corners of the boxes; ``box`` and ``record`` are pairs that may
        meet. Records of few chunks are looked through, those of many have an index.
        """
        import numpy as np

        first, count = self._chunk_places
        few = count[record] <= _FEW
        edges = [(low[:, axis].copy(), high[:, axis].copy()) for axis in (0, 1)]
        for pairs in _blocks(np.flatnonzero(few), count[record[few]]):
            many = count[record[pairs]]
            here = np.repeat(box[pairs], many)
            there = np.repeat(first[record[pairs]], many) + counted(many)
            for axis in (0, 1):  # the second one only of those that meet in the first
                low_, high_ = self.edges[axis]
                meet = np.flatnonzero(
                    (edges[axis][0][here] <= high_[there]) & (edges[axis][1][here] >= low_[there])
                )
                here, there = here[meet], there[meet]
            yield here, there
        boxes = np.unique(box[~few])
        if len(boxes):
            tree, places = self._large
            lines = diagonals(low[boxes], high[boxes])
            sample = tree.query(lines[:: max(1, len(lines) // 64)]).shape[1] / min(64, len(lines))
            step = max(1, int(_PAIRS / max(1.0, sample)))
            for start in range(0, len(lines), step):
                here, there = tree.query(lines[start : start + step])
                yield boxes[here + start], places[there]

    def border_distance(self, points: Shapes, record: Ints, *, reach_m: Floats) -> Floats:
        """Return how far points are from the border of a record each, infinite beyond reach."""
        import numpy as np
        import shapely

        found = np.full(len(points), np.inf)
        xy, wide = shapely.get_coordinates(points), reach_m[:, None]
        for place, chunk in self.near_chunks(xy - wide, xy + wide, np.arange(len(xy)), record):
            own = self.border_record[chunk] == record[place]
            place, chunk = place[own], chunk[own]
            away = shapely.distance(points[place], self.borders.shapes(chunk))
            np.minimum.at(found, place, away)
        return found


def _blocks(pairs: Ints, count: Ints) -> Iterator[Ints]:
    """Yield pairs in blocks whose counts add up to about :data:`_PAIRS`."""
    import numpy as np

    block = np.cumsum(count) // _PAIRS
    yield from np.split(pairs, np.flatnonzero(np.diff(block)) + 1)


def ground_of(
    crs: str,
    shapes: Shapes,
    zone: Ints,
    group_of_zone: Ints,
    kind_of_zone: Ints,
    borders: Chunks | None = None,
) -> Ground:
    """Prepare zone records (valid polygons in metres) for many sites.

    ``borders`` are what :func:`borders_of` says of these shapes, where that is known already.
    """
    parts, record = _polygons(shapes)
    pieces, part = cut_areas(parts)
    borders = borders_of(shapes) if borders is None else borders
    return Ground(
        crs, shapes, zone, group_of_zone, kind_of_zone, pieces, record[part], borders,
        record[borders.owner],
    )  # fmt: skip


def borders_of(shapes: Shapes) -> Chunks:
    """Return the borders of polygons in chunks, with their boxes."""
    found = chunks(_polygons(shapes)[0], n_segments=_BORDER_SEGMENTS)
    _ = found.edges
    return found


def _polygons(shapes: Shapes) -> tuple[Shapes, Ints]:
    """Return the polygons of shapes and the shape of each; single polygons are not copied."""
    import numpy as np
    import shapely

    single = shapely.get_type_id(shapes) == 3
    rest = np.flatnonzero(~single)
    parts, owner = shapely.get_parts(shapes[rest], return_index=True)
    flat = shapely.get_type_id(parts) == 3
    record = np.concatenate([np.flatnonzero(single), rest[owner[flat]]]).astype(np.int64)
    order = np.argsort(record, kind="stable")
    return np.concatenate([shapes[single], parts[flat]])[order], record[order]


def cut_areas(polygons: Shapes) -> tuple[Shapes, Ints]:
    """Cut large polygons into pieces; return the pieces and the polygon of each.

    The pieces of a polygon cover it without overlap: where their areas do not add up to its
    own, to 9 digits, the polygon stays whole.
    """
    import numpy as np
    import shapely

    large = np.flatnonzero(shapely.get_num_coordinates(polygons) > _WHOLE)
    pieces: list[Any] = []
    owners: list[int] = []
    uncut = np.ones(len(polygons), bool)
    for place in large.tolist():
        found = _halved(polygons[place])
        area = shapely.area(polygons[place])
        good = abs(float(shapely.area(found).sum()) - area) <= 1e-9 * area
        if good and shapely.is_valid(found).all():
            uncut[place] = False
            pieces.extend(found)
            owners.extend([place] * len(found))
    whole = np.flatnonzero(uncut)
    shapes = np.concatenate([polygons[whole], np.array(pieces, dtype=object)])
    return shapes, np.concatenate([whole, np.array(owners, dtype=np.int64)])


def _halved(polygon: Any) -> list[Any]:
    """Cut a polygon in two along its shorter way, and the halves again, until all are small."""
    import shapely

    todo, done = [polygon], []
    while todo:
        shape = todo.pop()
        if shapely.get_num_coordinates(shape) <= _PIECE:
            done.append(shape)
            continue
        west, south, east, north = shape.bounds
        if east - west > north - south:
            middle = (west + east) / 2
            halves = ((west, south, middle, north), (middle, south, east, north))
        else:
            middle = (south + north) / 2
            halves = ((west, south, east, middle), (west, middle, east, north))
        if not min(west, south) < middle < max(east, north):
            done.append(shape)
            continue
        for half in halves:
            clipped = shapely.clip_by_rect(shape, *half)
            todo.extend(part for part in shapely.get_parts(clipped) if part.geom_type == "Polygon")
    return [shape for shape in done if not shape.is_empty]


def chunks(shapes: Shapes, *, n_segments: int | Ints) -> Chunks:
    """Cut borders of polygons and lines into chunks of so many segments; points stay.

    ``n_segments`` is one number, or one for each shape.
    """
    import numpy as np
    import shapely

    kinds = shapely.get_type_id(shapes)
    areas, rest = np.flatnonzero(kinds == 3), np.flatnonzero(kinds < 3)
    # the coordinates of a polygon are those of its rings: only rings of holes are asked for
    holes = np.zeros(len(shapes), np.int64)
    holes[areas] = shapely.get_num_interior_rings(shapes[areas])
    owner = np.concatenate([np.repeat(areas, 1 + holes[areas]), rest]).astype(np.int64)
    count = shapely.get_num_coordinates(shapes[owner]).astype(np.int64)
    holed = holes[owner] > 0
    if holed.any():
        rings = shapely.get_rings(shapes[areas[holes[areas] > 0]])
        count[holed] = shapely.get_num_coordinates(rings)
    xy = shapely.get_coordinates(shapes[np.concatenate([areas, rest])])
    side = np.zeros(len(owner), np.int64)
    n_rings = len(owner) - len(rest)
    # the first ring of each polygon goes around it
    side[:n_rings] = np.where(np.diff(owner[:n_rings], prepend=-1) != 0, 1, -1)
    first = np.cumsum(count) - count
    most = np.broadcast_to(n_segments, len(shapes))[owner]
    n_chunks = np.maximum(1, -(-(count - 1) // most))
    run = np.repeat(np.arange(len(owner)), n_chunks)
    begin = first[run] + counted(n_chunks) * most[run]
    end = np.minimum(begin + most[run], (first + count - 1)[run])
    return Chunks(xy, begin, end, owner[run], run, first, count, side)


def _turns_left(axes: Floats, first: Ints, count: Ints) -> Bools:
    """Tell which rings go against the clock: the sign of the area tells.

    Rings follow each other, before all else. Of small ones, where rounding could change the sign,
    the ring itself is looked at.
    """
    import numpy as np
    import shapely

    size = np.zeros(len(first))
    # so many vertices at a time that they stay near the processor
    block = np.flatnonzero(np.diff(first // _VERTICES, prepend=-1))
    for one, other in pairwise([*block.tolist(), len(first)]):
        begin, end = int(first[one]), int(first[other - 1] + count[other - 1])
        x, y = axes[:, begin:end]
        height = y - y[0]
        strip = height[1:] + height[:-1]
        strip *= x[:-1] - x[1:]
        # from the last vertex of a ring to the next ring
        strip[first[one + 1 : other] - begin - 1] = 0.0
        size[one:other] = np.add.reduceat(np.append(strip, 0.0), first[one:other] - begin)
    small = np.flatnonzero(~(np.abs(size) > _SMALL_M2 * count))
    if len(small):
        place = np.repeat(first[small], count[small]) + counted(count[small])
        number = np.repeat(np.arange(len(small)), count[small])
        rings = shapely.linearrings(axes[:, place].T, indices=number)
        size[small] = np.where(shapely.is_ccw(rings), 1.0, -1.0)
    return np.asarray(size > 0)


def in_threads(work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """Return what ``work`` makes of each item, in as many threads as there are processors.

    It should let go of the interpreter for most of the time, as GEOS and numpy do.
    """
    n_threads = min(os.cpu_count() or 1, len(items))
    if n_threads < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(work, items))


def blocks(rows: Any) -> list[Any]:
    """Cut rows into blocks for threads: more than these, for some take longer than others."""
    import numpy as np

    return np.array_split(rows, _BLOCKS if len(rows) > _SHORT else 1)


def shared_out(n: int) -> list[Ints]:
    """Share rows out among threads, the same way on every machine, so that it rounds the same.

    Neighbours, that may be alike, go to different parts.
    """
    import numpy as np

    n_parts = min(_PARTS, max(1, round(n / _ROWS)))
    return [np.arange(first, n, n_parts) for first in range(n_parts)]


def in_crs(shapes: Shapes, crs: Any, to: Any) -> Shapes:
    """Return shapes in another CRS, their edges as drawn; the same ones where it is theirs."""
    import numpy as np
    from pyproj import CRS

    if CRS.from_user_input(crs) == CRS.from_user_input(to):
        return shapes
    turned = in_threads(lambda some: reprojected(some, crs, to), blocks(shapes))
    found: Shapes = np.concatenate(turned)
    return found


def counted(count: Ints) -> Ints:
    """Return 0, 1, ... for each count, one after the other."""
    import numpy as np

    found: Ints = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    return found


def ids(shapes: Shapes) -> Ints:
    """Return a number for each object: shapes that are one object have the same."""
    import numpy as np

    return np.fromiter(map(id, shapes), dtype=np.int64, count=len(shapes))


def diagonals(low: Floats, high: Floats) -> Shapes:
    """Return lines whose boxes have these corners; an index asks for boxes alone."""
    import numpy as np
    import shapely

    lines: Shapes = shapely.linestrings(np.stack([low, high], axis=1))
    return lines


def joined(one: Ints, other: Ints, shape: Shapes) -> tuple[Ints, Ints, Shapes]:
    """Unite the shapes of equal pairs; return the pairs, sorted and unique, and their shapes."""
    import numpy as np
    import shapely

    order = np.lexsort((other, one))
    one, other, shape = one[order], other[order], shape[order]
    new = (np.diff(one, prepend=-1) != 0) | (np.diff(other, prepend=-1) != 0)
    starts = np.flatnonzero(new)
    number = np.cumsum(new) - 1
    count = np.bincount(number, minlength=len(starts))
    whole = shape[starts]
    several = np.flatnonzero(count > 1)
    if len(several):
        inner = np.flatnonzero((count > 1)[number])
        together = shapely.geometrycollections(
            shape[inner], indices=np.repeat(np.arange(len(several)), count[several])
        )
        whole[several] = shapely.union_all(together[:, None], axis=1)
    return one[starts], other[starts], whole
