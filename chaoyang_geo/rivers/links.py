"""From directed pieces to links between reaches: who flows into whom, and which arm is main."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.rivers.ends import SAME_M, Ends, Pieces
from chaoyang_geo.rivers.order import _least, _ways, cut_links

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Links:
    """Links between reaches, and the main one of each."""

    start: Ints
    stop: Ints
    down: Ints
    enters_m: Floats
    cut_start: Ints  # links left out because they would close a circle
    cut_stop: Ints
    cut_gap_m: Floats


def link_pieces(
    pieces: Pieces,
    forward: Bools,
    reach_forward: Bools,
    ends: Ends,
    length_m: Floats,
    name: Ints,
    rank: Ints,
) -> Links:
    """Link every reach to those that take its water where it ends or is left on the way.

    The main reach below is the one of the same name; else one whose name another reach brings;
    else one that passes through; else one with a name; else the one with the shorter way to the
    outlet; else the one of the lowest ``rank``.
    """
    import numpy as np

    n, m = len(length_m), len(ends.xy)
    source = np.where(forward, pieces.tail, pieces.head)
    sink = np.where(forward, pieces.head, pieces.tail)
    by = np.argsort(source, kind="stable")
    count = np.bincount(source, minlength=m)
    begin = np.cumsum(count) - count
    each = count[sink]
    enter = np.repeat(np.arange(len(sink)), each)
    shift = np.repeat(begin[sink] - (np.cumsum(each) - each), each)
    leave = by[np.arange(int(each.sum())) + shift]
    a, b = pieces.reach[enter], pieces.reach[leave]
    other = a != b
    enter, leave, a, b = enter[other], leave[other], a[other], b[other]
    node = sink[enter]
    last = np.where(reach_forward, ends.head, ends.tail)
    begins = np.where(reach_forward, ends.tail, ends.head)
    ends_here, through = last[a] == node, begins[b] != node
    drawn = pieces.begin_m[leave] + np.where(forward[leave], 0.0, pieces.length_m[leave])
    at = np.clip(np.where(reach_forward[b], drawn, length_m[b] - drawn), 0.0, length_m[b])
    at[~through] = 0.0

    same = (name[a] == name[b]) & (name[a] >= 0)
    brought = np.zeros(len(pieces.reach), dtype=bool)
    np.logical_or.at(brought, leave, same)
    way = _way_down(pieces, source, sink, m, bool((count > 1).any()))
    length = pieces.length_m[leave] + way[sink[leave]]
    rows = np.flatnonzero(ends_here)
    keys = (rank[b], np.round(length, 2), name[b] < 0, ~through, ~brought[leave], ~same, a)
    rows = rows[np.lexsort(tuple(key[rows] for key in keys))]
    first = rows[np.unique(a[rows], return_index=True)[1]]
    down, enters = np.full(n, -1, dtype=np.int64), np.full(n, np.nan)
    down[a[first]], enters[a[first]] = b[first], at[first]

    pair, index = np.unique(a * n + b, return_index=True)
    start, stop = pair // n, pair % n
    # what leaves a reach on the way and comes back to it would be a circle of whole reaches
    gap = np.where(ends_here[index], 0.0, 1.0)
    cut = cut_links(start, stop, gap, rank, n)
    lost = cut & (down[start] == stop)
    down[start[lost]], enters[start[lost]] = -1, np.nan
    return Links(start[~cut], stop[~cut], down, enters, start[cut], stop[cut],
                 np.zeros(int(cut.sum())))  # fmt: skip


def _way_down(pieces: Pieces, source: Ints, sink: Ints, m: int, needed: bool) -> Floats:
    """Return the length of the shortest way from each node to an outlet; 0 where nothing forks."""
    import numpy as np

    if not needed:
        return np.zeros(m)
    leaves = np.bincount(source, minlength=m) > 0
    entered = np.bincount(sink, minlength=m) > 0
    graph, arc = _least(sink, source, pieces.length_m, m)
    distance = _ways(graph, arc, np.flatnonzero(entered & ~leaves))[0]
    return np.where(np.isfinite(distance), distance, 0.0)


def link_codes(
    given: Any, codes: Any, twin: Ints
) -> tuple[Ints, Ints, Ints, list[tuple[int, str]]]:
    """Read ``to_code``: start, stop and place in the list of each link, and unknown codes.

    A code of a reach that repeats another means the other. ``0`` is no reach unless one has
    that code.
    """
    import numpy as np
    import pandas as pd

    texts = np.asarray(given, dtype=object)
    several = np.flatnonzero([";" in text for text in texts])
    single = np.setdiff1d(np.flatnonzero(texts != ""), several)
    starts, wanted, places = [single], [texts[single]], [np.zeros(len(single), dtype=np.int64)]
    for row in several.tolist():
        listed = [part.strip() for part in texts[row].split(";") if part.strip()]
        starts.append(np.full(len(listed), row))
        wanted.append(np.array(listed, dtype=object))
        places.append(np.arange(len(listed)))
    start, place = np.concatenate(starts), np.concatenate(places)
    names = np.concatenate(wanted)
    stop = pd.Index(codes).get_indexer(names).astype(np.int64)
    unknown = np.flatnonzero((stop < 0) & (names != "0"))
    strange = [(int(start[k]), str(names[k])) for k in unknown]
    kept = (stop >= 0) & (twin[start] < 0)
    start, stop, place = start[kept], stop[kept], place[kept]
    stop = np.where(twin[stop] >= 0, twin[stop], stop)
    by = np.lexsort((place, start))
    return start[by], stop[by], place[by], strange


def _at_end(xy: Floats, ends: Ends, reach: Ints) -> Bools:
    """Tell which places are exactly an end of the reach, so that no distance is to be measured."""
    out: Bools = (xy == ends.first[reach]).all(axis=1) | (xy == ends.last[reach]).all(axis=1)
    return out


def _away(xy: Floats, lines: Any) -> Floats:
    """Return the distances of places to lines, NaN without either."""
    import numpy as np
    import shapely

    out = np.full(len(xy), np.nan)
    known = ~np.isnan(xy[:, 0])
    out[known] = shapely.distance(shapely.points(xy[known]), lines[known])
    return out


def code_gaps(start: Ints, stop: Ints, lines: Any, ends: Ends) -> Floats:
    """Return how far the nearer end of each reach is from the reach that it flows into."""
    import numpy as np

    first, last = ends.first[start], ends.last[start]
    gap = np.zeros(len(start))
    open_ = np.flatnonzero(~(_at_end(last, ends, stop) | _at_end(first, ends, stop)))
    below = lines[stop[open_]]
    gap[open_] = np.fmin(_away(first[open_], below), _away(last[open_], below))
    return gap


def direct_codes(
    start: Ints, stop: Ints, place: Ints, lines: Any, ends: Ends, *, tolerance_m: float
) -> Bools:
    """Return which reaches are drawn downstream by their codes.

    A reach is drawn against the flow when the place where it begins is nearer to the reach it
    flows into than the place where it ends; a last reach, when it ends where others come in.
    """
    import numpy as np
    import shapely

    n = len(lines)
    vote = np.zeros(n)
    main = place == 0
    reach, below = start[main], stop[main]
    first, last = ends.first[reach], ends.last[reach]
    # most end exactly where the next begins: then it is enough that they begin elsewhere
    plain = _at_end(last, ends, below)
    far = ~shapely.dwithin(shapely.points(first[plain]), lines[below[plain]], tolerance_m)
    plain[plain] = far
    vote[reach[plain]] = np.inf
    reach, below, first, last = reach[~plain], below[~plain], first[~plain], last[~plain]
    vote[reach] = np.nan_to_num(_away(first, lines[below]) - _away(last, lines[below]))
    undecided = np.abs(vote) <= tolerance_m
    asked = undecided[stop]
    above, stop = lines[start[asked]], stop[asked]
    above_first, above_last = _away(ends.first[stop], above), _away(ends.last[stop], above)
    near = np.fmin(above_first, above_last) <= tolerance_m
    from_above = np.zeros(n)
    np.add.at(from_above, stop[near], np.nan_to_num(above_last - above_first)[near])
    vote = np.where(undecided & (np.abs(from_above) > tolerance_m), from_above, vote)
    drawn: Bools = vote >= -SAME_M
    return drawn


def link_by_code(
    start: Ints,
    stop: Ints,
    gap_m: Floats,
    cut: Bools,
    forward: Bools,
    lines: Any,
    ends: Ends,
    length_m: Floats,
    *,
    tolerance_m: float,
) -> Links:
    """Make links of codes, those ``cut`` left out; the first code of a reach is its main one."""
    import numpy as np
    import shapely

    n = len(length_m)
    kept = np.flatnonzero(~cut)
    first = kept[np.unique(start[kept], return_index=True)[1]]
    mine, to = start[first], stop[first]
    down, enters = np.full(n, -1, dtype=np.int64), np.full(n, np.nan)
    down[mine] = to
    lower = np.where(forward[mine, None], ends.last[mine], ends.first[mine])
    measure = np.where(np.isnan(lower[:, 0]), np.nan, 0.0)
    inside = np.flatnonzero((lower != ends.first[to]).any(axis=1) & (measure == 0))
    measure[inside] = shapely.line_locate_point(lines[to[inside]], shapely.points(lower[inside]))
    measure = np.nan_to_num(np.where(forward[to], measure, length_m[to] - measure))
    measure[measure <= max(tolerance_m, SAME_M)] = 0.0
    enters[mine] = np.clip(measure, 0.0, length_m[to])
    return Links(start[~cut], stop[~cut], down, enters, start[cut], stop[cut], gap_m[cut])
