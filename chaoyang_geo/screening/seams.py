"""Ground on the seams of zones: what lies between records of one kind and grade, in neither of them alone.

A zone of two rows has a border inside it, and often a crack of some centimetres. What lies there
is in the zone: it is looked at in the records near it taken together, with their cracks closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoyang_geo.screening.ground import SLIVER_M, TOUCH_M, Ground
from chaoyang_geo.screening.lines import Roads, Runs, Stretches, united
from chaoyang_geo.shapes import CRACK_M, closed, joined

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

_SHORTEST_M = 1e-6  # of a stretch that is worth a look
_AROUND_M = 1.0  # records this near tell what is a crack


def _around(shape: Any, kind: int, ground: Ground) -> Ints:
    """Return the pieces of zones of a kind and grade that lie around a shape."""
    near = ground.tree.query(shape, predicate="dwithin", distance=_AROUND_M)
    found: Ints = near[ground.piece_kind[near] == kind]
    return found


def _one_each(records: Ints, ground: Ground) -> Ints:
    """Return one record of each zone: of the first layer alone, so that nothing counts twice.

    Zones of one layer, kind and grade that share ground are counted as one.
    """
    import numpy as np

    first = records[np.unique(ground.zone[records], return_index=True)[1]]
    group = ground.group_of_zone[ground.zone[first]]
    found: Ints = first[group == group[0]]
    return found


def points_on_seams(
    points: Shapes, part: Ints, record: Ints, inside: Bools, ground: Ground
) -> tuple[Ints, Ints]:
    """Return points that lie on the seam of records, each with records that meet there.

    ``part`` and ``record`` are pairs of a point and a record near its border, or with the point
    ``inside``, off its border; sorted by point.
    """
    import numpy as np

    kind = ground.kind_of_zone[ground.zone[record]]
    case = part * (int(kind.max(initial=0)) + 1) + kind
    held = np.unique(case[inside])
    cases, count = np.unique(case[~inside], return_counts=True)
    parts, records = list[int](), list[int]()
    for key in np.setdiff1d(cases[count > 1], held).tolist():
        at = np.flatnonzero(case == key)
        point = points[part[at[0]]]
        area = joined(ground.pieces[_around(point, int(kind[at[0]]), ground)])
        if _strictly_inside(area, point):
            there = _one_each(record[at], ground)
            parts.extend([int(part[at[0]])] * len(there))
            records.extend(there.tolist())
    return np.array(parts, dtype=np.int64), np.array(records, dtype=np.int64)


def _strictly_inside(area: Any, point: Any) -> bool:
    """Tell whether a point lies inside an area, farther from its border than a touch."""
    import shapely

    away = shapely.distance(shapely.boundary(area), point)
    return bool(shapely.intersects(area, point) and away > TOUCH_M)


def thin_shares(polygons: Shapes, places: Ints, ground: Ground) -> tuple[Ints, Ints, Shapes]:
    """Return what polygons thinner than a crack share with records; ``places`` number them.

    Measured by their mean thickness such polygons share nothing with any zone. They do where they
    come deeper into the zones of a kind and grade, taken together, than a touch.
    """
    import numpy as np
    import shapely

    found_place, found_record, shares = list[int](), list[int](), list[Any]()
    for place, polygon in zip(places.tolist(), polygons, strict=True):
        near = ground.tree.query(polygon, predicate="dwithin", distance=_AROUND_M)
        for kind in np.unique(ground.piece_kind[near]).tolist():
            pieces = near[ground.piece_kind[near] == kind]
            area = joined(ground.pieces[pieces])
            core = shapely.buffer(area, -TOUCH_M, join_style="mitre")
            if not shapely.intersects(core, polygon):
                continue
            records = np.unique(ground.piece_record[pieces])
            shared = np.array([
                shapely.intersection(polygon, shapely.union_all(
                    ground.pieces[pieces[ground.piece_record[pieces] == each]]
                ))
                for each in records.tolist()
            ])  # fmt: skip
            own = shapely.area(shared) > 0
            first = int(own.argmax())  # to which the cracks are counted
            others = shapely.union_all(shared[np.arange(len(own)) != first])
            shared[first] = shapely.difference(shapely.intersection(polygon, area), others)
            for each in np.flatnonzero(shapely.area(shared) > 0).tolist():
                found_place.append(place)
                found_record.append(int(records[each]))
                shares.append(shared[each])
    return (
        np.array(found_place, dtype=np.int64),
        np.array(found_record, dtype=np.int64),
        np.array([*shares, None], dtype=object)[:-1],
    )


def without_cracks(shares: Shapes, wholes: Shapes) -> Shapes:
    """Close the cracks of what polygons share with several records each.

    A polygon that is covered then, to a thousandth of a touch, is shared as a whole.
    """
    import numpy as np
    import shapely

    found = shares.copy()
    left = np.flatnonzero(shapely.area(shares) < shapely.area(wholes))
    filled = closed(shares[left])
    changed = filled != shares[left]
    left, filled = left[changed], filled[changed]
    filled = shapely.intersection(filled, wholes[left])
    rest = shapely.area(wholes[left]) - shapely.area(filled)
    covered = rest <= 1e-3 * TOUCH_M * shapely.length(wholes[left])
    filled[covered] = wholes[left[covered]]
    found[left] = filled
    return found


def with_seams(roads: Roads, found: Stretches, runs: Runs, ground: Ground) -> Stretches:
    """Add to the stretches of lines in records those that lie on the seams of records.

    ``runs`` say where lines come near to borders. Where a line is near to two records of a kind,
    and in neither, it lies in a crack between them, along their common border, or outside both.
    """
    import numpy as np

    begin, end, case, left = _open(found, runs, ground)
    # from one record straight into another: a crack that is crossed
    crossed = left >= 0
    new = [Stretches(found.part[left[crossed]], found.record[left[crossed]],
                     begin[crossed], end[crossed])]  # fmt: skip
    n_kinds = int(ground.kind_of_zone.max(initial=0)) + 1
    long = ~crossed & (end - begin > _SHORTEST_M)
    for one, other, key in zip(
        begin[long].tolist(), end[long].tolist(), case[long].tolist(), strict=True
    ):
        new.append(_looked_at(roads, one, other, key // n_kinds, key % n_kinds, ground))
    every = [found, *new]
    return Stretches(
        np.concatenate([each.part for each in every]),
        np.concatenate([each.record for each in every]),
        np.concatenate([each.begin for each in every]),
        np.concatenate([each.end for each in every]),
    )


def _open(found: Stretches, runs: Runs, ground: Ground) -> tuple[Floats, Floats, Ints, Ints]:
    """Return where lines are near to two records of a kind and in none, begin and end of each.

    Besides, the case (a part times the number of kinds, plus a kind), and of those no longer
    than a crack that lie between two stretches the number of the first of these, else -1.
    """
    import numpy as np

    n = max(1, len(ground.shapes))
    kind = ground.kind_of_zone[ground.zone]
    n_kinds = int(ground.kind_of_zone.max(initial=0)) + 1
    key, near_begin, near_end = united(runs.part * n + runs.record, runs.begin, runs.end)
    case = (key // n) * n_kinds + kind[key % n]
    cases, number, count = np.unique(case, return_inverse=True, return_counts=True)
    several = count[number] > 1
    case, near_begin, near_end = case[several], near_begin[several], near_end[several]
    own = found.part * n_kinds + kind[found.record]
    rows = np.flatnonzero(np.isin(own, cases[count > 1]))
    # what begins and ends, along each line and group
    key = np.concatenate([case, case, own[rows], own[rows]])
    place = np.concatenate([near_begin, near_end, found.begin[rows], found.end[rows]])
    near = np.repeat([1, -1, 0, 0], [len(case), len(case), len(rows), len(rows)])
    cover = np.repeat([0, 0, 1, -1], [len(case), len(case), len(rows), len(rows)])
    row = np.concatenate([np.full(2 * len(case), -1), rows, rows])
    order = np.lexsort((place, key))
    place = place[order]
    key, near, cover, row = (each[order] for each in (key, near, cover, row))
    at = np.flatnonzero(
        (np.cumsum(near)[:-1] > 1) & (np.cumsum(cover)[:-1] == 0)
        & (key[1:] == key[:-1]) & (place[1:] > place[:-1])
    )  # fmt: skip
    begin, end = place[at], place[at + 1]
    numbers = np.arange(len(place))
    before = np.maximum.accumulate(np.where(cover < 0, numbers, -1))[at]
    after = np.minimum.accumulate(np.where(cover > 0, numbers, len(place))[::-1])[::-1]
    after = np.append(after, len(place))[at + 1]
    between = (before >= 0) & (after < len(place))
    one, other = np.where(between, before, 0), np.where(between, after, 0)
    between &= (key[one] == key[at]) & (key[other] == key[at]) if len(at) else between
    between &= (place[one] == begin) & (place[other] == end) if len(at) else between
    between &= end - begin <= CRACK_M
    left = np.where(between, row[one], -1) if len(at) else np.zeros(0, np.int64)
    # neighbours that only the number of near records parts are one
    rest_key, rest_begin, rest_end = united(key[at][~between], begin[~between], end[~between])
    return (
        np.concatenate([begin[between], rest_begin]),
        np.concatenate([end[between], rest_end]),
        np.concatenate([key[at][between], rest_key]),
        np.concatenate([left[between], np.full(len(rest_key), -1)]),
    )


def _looked_at(
    roads: Roads, begin: float, end: float, part: int, kind: int, ground: Ground
) -> Stretches:
    """Return the stretches of a line from begin to end that lie on seams of zones of a kind."""
    import numpy as np
    import shapely

    inner = np.flatnonzero((roads.along > begin) & (roads.along < end))
    inner = inner[(inner >= roads.first[part]) & (inner <= roads.last[part])]
    ends = roads.at(np.array([begin, end]), np.array([part, part]))
    line = shapely.linestrings(np.concatenate([ends[:1], roads.xy[inner], ends[1:]]))
    near = _around(line, kind, ground)
    area = joined(ground.pieces[near])
    border = shapely.boundary(area)
    # where line and border meet, and the vertices of the border beside the line
    met = shapely.points(shapely.get_coordinates(shapely.intersection(line, border)))
    vertices = shapely.points(shapely.get_coordinates(border))
    beside = vertices[shapely.dwithin(vertices, line, CRACK_M)]
    places = shapely.line_locate_point(line, np.concatenate([met, beside]))
    nodes = np.unique(np.concatenate([[0.0, shapely.length(line)], places]))
    nodes = nodes[np.append(True, np.diff(nodes) > _SHORTEST_M)]
    middle = shapely.line_interpolate_point(line, (nodes[1:] + nodes[:-1]) / 2)
    inside = shapely.intersects(area, middle) & (shapely.distance(border, middle) > TOUCH_M)
    parts, records, begins, ends_ = list[int](), list[int](), list[float](), list[float]()
    for k in np.flatnonzero(inside).tolist():
        there = near[shapely.dwithin(ground.pieces[near], middle[k], CRACK_M)]
        there = _one_each(np.unique(ground.piece_record[there]), ground)
        # of a short stretch one zone is told, so that it does not count twice
        if nodes[k + 1] - nodes[k] <= SLIVER_M:
            there = there[:1]
        for record in there.tolist():
            parts.append(part)
            records.append(record)
            begins.append(begin + float(nodes[k]))
            ends_.append(begin + float(nodes[k + 1]))
    return Stretches(
        np.array(parts, np.int64), np.array(records, np.int64),
        np.array(begins, np.float64), np.array(ends_, np.float64),
    )  # fmt: skip
