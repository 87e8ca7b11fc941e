"""Lines of many ways down a river at once: every reach is read and projected once for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import moved
from chaoyang_geo.rivers.numbering import SAME_M, spread
from chaoyang_geo.rivers.places import Ways

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from chaoyang_geo.rivers.network import RiverNetwork

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

#: Vertices that are put together at a time: what bounds the memory beside the lines themselves.
_AT_ONCE = 500_000


def lines_of(network: RiverNetwork, ways: Ways, n: int, crs: Any) -> Any:
    """Return the lines of ways in a CRS, None where there is no way.

    As ``way_lines`` gives them and ``to_crs`` turns them. Many ways pass the same reaches: these
    are read and projected once.

    Parameters
    ----------
    network : RiverNetwork
    ways : Ways, sorted by pair
    n : int
        How many pairs there are.
    crs : CRS of the lines

    Returns
    -------
    array of n LineStrings
    """
    import numpy as np
    import shapely

    lines = np.full(n, None, dtype=object)
    if not len(ways.pair):
        return lines
    used, local = np.unique(ways.reach, return_inverse=True)
    vertices, owner = shapely.get_coordinates(network.metric[used], return_index=True)
    first = np.searchsorted(owner, np.arange(len(used) + 1))
    low, high = first[local], first[local + 1]
    length = np.nan_to_num(network.length_m)[ways.reach]
    parted = (ways.from_m > SAME_M) | (ways.to_m < length - SAME_M)
    cut = np.flatnonzero(parted & (high > low))
    whole = network.metric[ways.reach[cut]]
    ends = [
        shapely.get_coordinates(shapely.line_interpolate_point(whole, at[cut]))
        for at in (ways.from_m, ways.to_m)
    ]
    low[cut], high[cut] = _inner(
        vertices, first, local[cut], np.maximum(ways.from_m[cut], 0.0), ways.to_m[cut]
    )
    # of each piece three runs of vertices: where it is cut above, its own, where it is cut below
    size = len(vertices)
    if not size:
        return lines
    from_, to = np.zeros((len(local), 3), "int64"), np.zeros((len(local), 3), "int64")
    from_[:, 1], to[:, 1] = low, np.maximum(low, high)
    for column, at in ((0, size), (2, size + len(cut))):
        from_[cut, column] = at + np.arange(len(cut))
        to[cut, column] = from_[cut, column] + 1
    xy = np.concatenate([vertices, *ends])
    turned = _turned(xy, network.metric_crs or network.reaches.crs, network.reaches.crs, crs)
    held = (to - from_).sum(axis=1)
    bounds = np.flatnonzero(np.append(True, ways.pair[1:] != ways.pair[:-1]))
    for start, stop in _batches(bounds, held):
        run, vertex = spread(from_[start:stop].reshape(-1), to[start:stop].reshape(-1))
        pair = ways.pair[start:stop][run // 3]
        here = xy[vertex]
        new = np.ones(len(pair), dtype=bool)
        new[1:] = (pair[1:] != pair[:-1]) | (here[1:] != here[:-1]).any(axis=1)
        pair, vertex = pair[new], vertex[new]
        begin = np.flatnonzero(np.append(True, pair[1:] != pair[:-1]))
        count = np.diff(begin, append=len(pair))
        # a way of no length is still a line: its two ends are one
        vertex = np.insert(vertex, begin[count == 1], vertex[begin[count == 1]])
        row = np.repeat(np.arange(len(begin)), np.maximum(count, 2))
        lines[pair[begin]] = shapely.linestrings(turned[vertex], indices=row)
    return lines


def _inner(
    vertices: Floats, first: Ints, reach: Ints, from_m: Floats, to_m: Floats
) -> tuple[Ints, Ints]:
    """Return the first vertex strictly between two measures of a reach, and the one after the last."""
    import numpy as np

    along = np.zeros(len(vertices))
    step = np.sqrt((np.diff(vertices, axis=0) ** 2).sum(axis=1))
    for each in np.unique(reach).tolist():
        start, stop = first[each], first[each + 1]
        # added up reach by reach: a sum over all would round each measure by those before
        along[start + 1 : stop] = np.cumsum(step[start : stop - 1])
    start, last = first[reach], first[reach + 1] - 1
    return (
        _first_where(lambda at, rows: along[at] > from_m[rows], start, last),
        _first_where(lambda at, rows: along[at] >= to_m[rows], start, last),
    )


def _first_where(is_so: Any, low: Ints, high: Ints) -> Ints:
    """Return of each range the first number for which something holds, else the one after it.

    By halves, all ranges at once; what holds for a number holds for those behind it.
    """
    import numpy as np

    low, high = low.copy(), high.copy()
    rows = np.flatnonzero(low < high)
    while len(rows):
        middle = (low[rows] + high[rows]) // 2
        yes = is_so(middle, rows)
        high[rows[yes]] = middle[yes]
        low[rows[~yes]] = middle[~yes] + 1
        rows = rows[low[rows] < high[rows]]
    return low


def _turned(xy: Floats, *systems: Any) -> Floats:
    """Return coordinates taken from one CRS through others to the last."""
    import geopandas as gpd
    import shapely

    there = gpd.GeoSeries([shapely.linestrings(xy)], crs=systems[0])  # one shape is quick to make
    for system in systems[1:]:
        there = moved(there, system)
    found: Floats = shapely.get_coordinates(there.to_numpy())
    return found


def _batches(bounds: Ints, held: Ints) -> list[tuple[int, int]]:
    """Return ranges of pieces that hold whole ways and not many more than ``_AT_ONCE`` vertices."""
    import numpy as np

    before = np.concatenate([[0], np.cumsum(held)])[bounds]
    starts = bounds[np.flatnonzero(np.diff(before // _AT_ONCE, prepend=-1))].tolist()
    return list(zip(starts, [*starts[1:], len(held)], strict=True))
