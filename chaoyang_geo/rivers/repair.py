"""Lines made fit for a network: what cannot be used, what is there twice, what crosses."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import moved
from chaoyang_geo.rivers.ends import SAME_M, Ends, find_junctions, join_ends
from chaoyang_geo.schema import SchemaError, as_text

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Bools = npt.NDArray[np.bool_]

_PAIRS = 200_000  # pairs of lines whose segments are looked at together

#: Why a row has no line: nothing there, or parts that do not meet end to end.
NO_LINE, IN_PARTS = "no_line", "in_parts"


def metric_lines(shapes: gpd.GeoSeries, *, table: str) -> tuple[Any, Any]:
    """Return each row as one flat LineString or None, and why there is none.

    Raises
    ------
    SchemaError
        A geometry is no line.
    """
    import numpy as np
    import shapely

    lines = shapes.to_numpy().copy()
    if shapely.has_z(lines).any() or shapely.has_m(lines).any():
        lines = shapely.force_2d(lines)
    kind = shapely.get_type_id(lines)
    wrong = ~np.isin(kind, (-1, 1, 2, 5)) & ~shapely.is_empty(lines)
    if wrong.any():
        row = int(wrong.argmax())
        raise SchemaError(
            f"{table}: row {row + 1} is a {shapes.iloc[row].geom_type}, which is no river line; "
            "give LineStrings (for areas of water, their centre lines)."
        )
    many = kind == 5
    lines[many] = shapely.line_merge(lines[many])
    kind = shapely.get_type_id(lines)
    bounds = shapely.bounds(lines)
    why = np.full(len(lines), "", dtype=object)
    why[~np.isfinite(bounds).all(axis=1)] = NO_LINE
    why[(kind == 5) & (why == "")] = IN_PARTS
    lines[why != ""] = None
    rings = kind == 2
    for row in np.flatnonzero(rings).tolist():
        lines[row] = shapely.linestrings(shapely.get_coordinates(lines[row]))
    return lines, why


def find_twins(lines: Any, ends: Ends, asked: Bools, rank: Ints, *, tolerance_m: float) -> Ints:
    """Return for each reach the one that it repeats, -1 where it repeats none.

    A reach repeats another between the same nodes when no vertex of one is farther than the
    tolerance from the other (Hausdorff distance), whichever way they are drawn; the one of the
    lowest ``rank`` is kept.
    """
    import numpy as np
    import shapely

    twin = np.full(len(lines), -1, dtype=np.int64)
    rows = np.flatnonzero(asked)
    low = np.minimum(ends.tail[rows], ends.head[rows])
    high = np.maximum(ends.tail[rows], ends.head[rows])
    by = np.lexsort((rank[rows], high, low))
    rows, low, high = rows[by], low[by], high[by]
    limit = max(tolerance_m, SAME_M)
    while len(rows):
        begins = np.append(True, (low[1:] != low[:-1]) | (high[1:] != high[:-1]))
        group = np.cumsum(begins) - 1
        leader = rows[begins][group]
        others = np.flatnonzero(~begins)
        apart = shapely.hausdorff_distance(lines[rows[others]], lines[leader[others]])
        same = apart <= limit
        twin[rows[others[same]]] = leader[others[same]]
        rest = others[~same]
        rows, low, high = rows[rest], low[rest], high[rest]
    return twin


def find_crossings(
    lines: Any, ends: Ends, asked: Bools, *, tolerance_m: float
) -> tuple[Ints, Ints, Any]:
    """Return pairs of reaches that cross where neither has a node, and the place of each."""
    import numpy as np
    import shapely

    rows = np.flatnonzero(asked)
    tree = shapely.STRtree(lines[rows])
    a, b = tree.query(lines[rows])
    once = a < b
    a, b = a[once], b[once]
    doubtful = _may_cross(lines[rows], a, b)
    a, b = rows[a[doubtful]], rows[b[doubtful]]
    crossing = shapely.crosses(lines[a], lines[b])
    a, b = a[crossing], b[crossing]
    places, pair = shapely.get_parts(shapely.intersection(lines[a], lines[b]), return_index=True)
    points = shapely.get_type_id(places) == 0
    places, pair = places[points], pair[points]
    nodes = shapely.STRtree(shapely.points(ends.xy))
    at_node = np.zeros(len(places), dtype=bool)
    near, node = nodes.query(places, predicate="dwithin", distance=max(tolerance_m, SAME_M) * 2)
    # a node of one of the two, or one that was put on the middle of one of them
    touched = np.zeros(len(near), dtype=bool)
    for row in (a[pair[near]], b[pair[near]]):
        touched |= (ends.tail[row] == node) | (ends.head[row] == node)
    at_node[near[touched]] = True
    left = np.flatnonzero(~at_node)
    first = left[np.unique(pair[left], return_index=True)[1]]
    return a[pair[first]], b[pair[first]], places[first]


def _may_cross(lines: Any, a: Ints, b: Ints) -> Bools:
    """Tell which pairs of lines are to be tested: not those that meet only at their ends.

    Two lines meet only where their boxes overlap. Where a single segment of each enters the
    overlap, and both lines end there at one point, they have no other point in common.
    """
    import numpy as np
    import shapely

    out = np.ones(len(a), dtype=bool)
    if not len(a):
        return out
    xy, line = shapely.get_coordinates(lines, return_index=True)
    x, y, place = xy[:, 0], xy[:, 1], xy[:, 0] + 1j * xy[:, 1]
    k = np.flatnonzero(line[1:] == line[:-1])
    count = np.bincount(line[k], minlength=len(lines))
    begin = np.cumsum(count) - count
    west, south = np.minimum(x[k], x[k + 1]), np.minimum(y[k], y[k + 1])
    east, north = np.maximum(x[k], x[k + 1]), np.maximum(y[k], y[k + 1])
    w, s, e, n = shapely.bounds(lines).T
    starts, stops = place[k[begin]], place[k[begin + count - 1] + 1]
    for at in np.array_split(np.arange(len(a)), len(a) // _PAIRS + 1):
        one, two = a[at], b[at]
        w_, s_ = np.maximum(w[one], w[two]), np.maximum(s[one], s[two])
        e_, n_ = np.minimum(e[one], e[two]), np.minimum(n[one], n[two])
        entering = []
        for row in (one, two):
            pair, own = np.repeat(np.arange(len(row)), count[row]), count[row]
            k = np.arange(len(pair)) + np.repeat(begin[row] - (np.cumsum(own) - own), own)
            hit = (west[k] <= e_[pair]) & (east[k] >= w_[pair])
            hit &= (south[k] <= n_[pair]) & (north[k] >= s_[pair])
            entering.append(np.bincount(pair[hit], minlength=len(row)))
        shared = (starts[one] == starts[two]) | (starts[one] == stops[two])
        shared |= (stops[one] == starts[two]) | (stops[one] == stops[two])
        most, least = np.maximum(*entering), np.minimum(*entering)
        out[at] = (least > 0) & ~(shared & (most == 1))
    return out


def gaps_between(
    points: Any, own: Ints, lines: Any, component: Ints, rank: Ints, *, search_m: float
) -> tuple[Ints, Any]:
    """Return for each point the nearest reach of another component, and how far it is.

    -1 and missing where none is within ``search_m``.
    """
    import numpy as np
    import shapely

    rows = np.flatnonzero((component > 0) & ~shapely.is_missing(lines))
    tree = shapely.STRtree(lines[rows])
    point, found = tree.query(points, predicate="dwithin", distance=search_m)
    reach = rows[found]
    other = component[reach] != own[point]
    point, reach = point[other], reach[other]
    apart = shapely.distance(points[point], lines[reach])
    by = np.lexsort((rank[reach], np.round(apart / SAME_M), point))
    first = by[np.unique(point[by], return_index=True)[1]]
    nearest, gap = np.full(len(points), -1, dtype=np.int64), np.full(len(points), np.nan)
    nearest[point[first]], gap[point[first]] = reach[first], apart[first]
    return nearest, gap


def split_lines(
    lines: gpd.GeoDataFrame, code: str, *, tolerance_m: float, zone: str
) -> gpd.GeoDataFrame:
    """Return the lines with rows of many parts and rows joined in the middle cut into several.

    A row that is cut gets codes ``R1-1``, ``R1-2``, ... from where it begins; every row keeps
    the code it came from in ``origin_code``.
    """
    import geopandas as gpd
    import numpy as np

    table = lines.assign(origin_code=as_text(lines[code]).to_numpy())
    merged = table.geometry.line_merge()
    table = table.set_geometry(merged).explode(ignore_index=True)
    shapes, why = metric_lines(moved(table.geometry, zone), table="lines")
    usable = why == ""
    ends = join_ends(shapes, usable, tolerance_m=tolerance_m)
    number = np.arange(len(table))
    found = find_junctions(shapes, ends, usable, number, tolerance_m=tolerance_m)
    take, cut = [number], {}
    for row in np.unique(found.reach).tolist():
        mine = found.reach == row
        cut[row] = _cut(shapes[row], np.sort(found.measure_m[mine]), tolerance_m)
        take.append(np.full(len(cut[row]) - 1, row))
    rows = np.sort(np.concatenate(take))
    out = table.iloc[rows].reset_index(drop=True)
    if cut:
        place = np.flatnonzero(np.isin(rows, list(cut)))
        pieces = gpd.GeoSeries(np.concatenate([cut[row] for row in sorted(cut)]), crs=zone)
        geometry = out.geometry.to_numpy().copy()
        geometry[place] = moved(pieces, table.crs).to_numpy()
        out = out.set_geometry(gpd.GeoSeries(geometry, index=out.index, crs=table.crs))
    origin = out["origin_code"]
    count = origin.groupby(origin).transform("size").to_numpy()
    part = origin.groupby(origin).cumcount().to_numpy() + 1
    codes = np.where(count > 1, [f"{o}-{p}" for o, p in zip(origin, part, strict=True)], origin)
    out[code] = codes
    return out


def _cut(line: Any, measures: Any, tolerance_m: float) -> Any:
    """Cut a line at measures; two nearer than the tolerance are one cut."""
    import numpy as np
    import shapely
    from shapely.ops import substring

    apart = np.append(True, np.diff(measures) > max(tolerance_m, SAME_M))
    at = [0.0, *measures[apart].tolist(), float(shapely.length(line))]
    pieces = [substring(line, a, b) for a, b in pairwise(at)]
    return np.array(pieces, dtype=object)
