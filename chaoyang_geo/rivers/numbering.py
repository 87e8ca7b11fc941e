"""What is upstream of what, by numbers: intervals of a depth-first order.

Along its main branches a network is a forest. Numbered depth first from the outlets, all that
drains to a reach stands in one interval, so "upstream of" is a comparison of two numbers. The
side branches of braids add intervals to the few places that they concern.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from chaoyang_geo.schema import SchemaError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from chaoyang_geo.rivers.network import RiverNetwork

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

#: Two measures closer than this are one place, in metres.
SAME_M = 1e-3


@dataclass(frozen=True, eq=False)
class Numbering:
    """A network numbered from its outlets; arrays of n reaches unless said otherwise.

    ``pre`` is the place of a reach in the depth-first order and ``end`` the place after the
    last reach that drains to it; ``at`` is the reach at each place. ``to_outlet_m`` is the
    way from the lower end of a reach to its outlet, ``join_m`` where it enters the next
    reach, in metres from that reach's upper end. ``extra_from`` and ``extra_to`` are the links
    that are not main ones: the side branches below bifurcations.
    """

    down: Ints
    length_m: Floats
    join_m: Floats
    to_outlet_m: Floats
    root: Ints
    pre: Ints
    end: Ints
    at: Ints
    extra_from: Ints
    extra_to: Ints

    def height_m(self, reach: Ints, measure_m: Floats) -> Floats:
        """Return the way from places to their outlets, in metres."""
        height: Floats = self.to_outlet_m[reach] + self.length_m[reach] - measure_m
        return height


class Intervals(NamedTuple):
    """Parts of the depth-first order that drain to places.

    ``row`` is the place, ``start`` and ``stop`` the part; the way from a point of the part to the
    place is its height minus ``base_m``. Where the main branch does not lead there, ``link`` is
    the side link that it leaves by (-1: none) and ``onward`` the part of the same place that the
    link leads into.
    """

    row: Ints
    start: Ints
    stop: Ints
    base_m: Floats
    link: Ints
    onward: Ints


_NUMBERED: WeakKeyDictionary[RiverNetwork, Numbering] = WeakKeyDictionary()


def number(network: RiverNetwork) -> Numbering:
    """Return a network numbered from its outlets; it is numbered once."""
    known = _NUMBERED.get(network)
    if known is None:
        known = _NUMBERED[network] = _number(network)
    return known


def _number(network: RiverNetwork) -> Numbering:
    import numpy as np

    down = np.asarray(network.down, dtype="int64")
    length = np.asarray(network.length_m, dtype="float64")
    length = np.where(np.isfinite(length), length, 0.0)
    join = np.nan_to_num(np.asarray(network.enters_m, dtype="float64"))
    flows = down >= 0
    ahead = np.where(flows, down, np.arange(len(down)))
    step = np.where(flows, length[ahead] - join, 0.0)
    root, to_outlet = _follow(ahead, step)
    pre, at = _depth_first(down)
    links = network.matrix.tocoo()
    heads, tails = links.row.astype("int64"), links.col.astype("int64")
    extra = down[heads] != tails
    return Numbering(
        down, length, join, to_outlet, root, pre, _ends(down, pre), at, heads[extra], tails[extra]
    )


def _follow(ahead: Ints, step: Floats) -> tuple[Ints, Floats]:
    """Return the last reach of every way, and the sum of steps to it, by doubling."""
    total, jump = step.copy(), ahead
    for _ in range(64):
        further = jump[jump]
        if (further == jump).all():
            return jump, total
        total = total + total[jump]
        jump = further
    raise SchemaError(
        "network: the main links run in a circle; build it with river_network(), which cuts loops."
    )


def _depth_first(down: Ints) -> tuple[Ints, Ints]:
    """Return the place of each reach in a depth-first order from the outlets, and its inverse."""
    import numpy as np
    from scipy.sparse import csr_array  # type: ignore[import-untyped]
    from scipy.sparse.csgraph import depth_first_order  # type: ignore[import-untyped]

    n = len(down)
    above = np.where(down >= 0, down, n)  # all outlets hang on one root
    tree = csr_array((np.ones(n, "int8"), (above, np.arange(n))), shape=(n + 1, n + 1))
    order = depth_first_order(tree, n, directed=True, return_predecessors=False)[1:]
    at: Ints = order.astype("int64")
    pre = np.empty(n, "int64")
    pre[at] = np.arange(n)
    return pre, at


def _ends(down: Ints, pre: Ints) -> Ints:
    """Return the place after the last reach that drains to each: the next sibling's, or the parent's."""
    import numpy as np

    n = len(down)
    end = np.full(n, n, dtype="int64")
    if not n:
        return end
    order = np.lexsort((pre, down))
    here, after = order[:-1], order[1:]
    siblings = down[here] == down[after]
    end[here[siblings]] = pre[after[siblings]]
    last = np.ones(n, dtype=bool)
    last[here[siblings]] = False
    link = np.where(last & (down >= 0), down, np.arange(n))
    while True:
        further = link[link]
        if (further == link).all():
            return end[link]
        link = further


def upstream_intervals(numbers: Numbering, reach: Ints, measure_m: Floats) -> Intervals:
    """Return the parts of the order that drain to places; a place without a reach (-1) has none.

    The place's own reach stands first in its part, although only what lies above the place
    drains to it. A link that enters a reach below the place is left out. A way keeps to main
    branches as long as these lead there.
    """
    import numpy as np

    known = np.flatnonzero(reach >= 0)
    own, measure = reach[known], measure_m[known]
    tree = Intervals(
        known,
        numbers.pre[own],
        numbers.end[own],
        numbers.height_m(own, measure),
        np.full(len(known), -1, dtype="int64"),
        np.full(len(known), -1, dtype="int64"),
    )
    tree = _without_joins_below(numbers, tree, reach, measure_m)
    if not len(numbers.extra_from):
        return tree
    sides = _by_side_branches(numbers, tree, reach)
    if not len(sides.row):
        return tree
    joined = Intervals(*(np.concatenate(pair) for pair in zip(tree, sides, strict=True)))
    return _chained(numbers, _widest(joined))


def _without_joins_below(
    numbers: Numbering, tree: Intervals, reach: Ints, measure_m: Floats
) -> Intervals:
    """Cut out what enters the place's own reach farther down than the place."""
    import numpy as np

    inner = np.flatnonzero((numbers.join_m > 0) & (numbers.down >= 0))
    if not len(inner):
        return tree
    inner = inner[np.lexsort((numbers.pre[inner], numbers.down[inner]))]
    onto = numbers.down[inner]
    own = reach[tree.row]
    first, last = np.searchsorted(onto, own), np.searchsorted(onto, own, side="right")
    pairs, members = spread(first, last)
    entering = inner[members]
    below = numbers.join_m[entering] > measure_m[tree.row[pairs]] + SAME_M
    pairs, entering = pairs[below], entering[below]
    if not len(pairs):
        return tree
    # each cut ends one piece and begins another; pieces of no length fall out
    starts = np.concatenate([tree.start, numbers.end[entering]])
    stops = np.concatenate([tree.stop, numbers.pre[entering]])
    whose = np.concatenate([np.arange(len(tree.row)), pairs])
    by_start = np.lexsort((starts, whose))
    by_stop = np.lexsort((stops, whose))
    whose, starts, stops = whose[by_start], starts[by_start], stops[by_stop]
    kept = starts < stops
    whose, starts, stops = whose[kept], starts[kept], stops[kept]
    none = np.full(len(whose), -1, dtype="int64")
    return Intervals(tree.row[whose], starts, stops, tree.base_m[whose], none, none)


def _by_side_branches(numbers: Numbering, tree: Intervals, reach: Ints) -> Intervals:
    """Return what reaches places only through side branches, one way to each."""
    import numpy as np

    asked = np.zeros(len(numbers.down), dtype=bool)
    asked[reach[reach >= 0]] = True
    asked[numbers.extra_from] = True
    link, place = _links_that_enter(numbers, asked)
    order = np.argsort(place, kind="stable")
    link, place = link[order], place[order]
    foot = numbers.to_outlet_m[numbers.extra_from]
    top = numbers.to_outlet_m[numbers.extra_to] + numbers.length_m[numbers.extra_to]
    first_of = np.full(len(reach), -1, dtype="int64")
    first_of[tree.row[::-1]] = np.arange(len(tree.row))[::-1]
    rows = np.flatnonzero(first_of >= 0)
    at, base = reach[rows], tree.base_m[first_of[rows]]
    known: dict[str, Any] = {"row": np.empty(0, "int64"), "link": np.empty(0, "int64"),
                             "base": np.empty(0, "float64")}  # fmt: skip
    outer = True
    while len(rows):
        pairs, members = spread(np.searchsorted(place, at), np.searchsorted(place, at, "right"))
        via, whose = link[members], rows[pairs]
        if outer:
            inside = part_of(tree, whose, numbers.pre[numbers.extra_to[via]]) >= 0
            pairs, via, whose = pairs[inside], via[inside], whose[inside]
            outer = False
        tails = numbers.extra_from[via]
        bases = base[pairs] + foot[via] - top[via]
        order = np.lexsort((-bases, tails, whose))
        whose, tails, bases, via = whose[order], tails[order], bases[order], via[order]
        fresh = np.ones(len(whose), dtype=bool)
        fresh[1:] = (whose[1:] != whose[:-1]) | (tails[1:] != tails[:-1])
        size = len(numbers.down)
        fresh &= ~np.isin(
            whose * size + tails, known["row"] * size + numbers.extra_from[known["link"]]
        )
        rows, at, base = whose[fresh], tails[fresh], bases[fresh]
        known["row"] = np.concatenate([known["row"], rows])
        known["link"] = np.concatenate([known["link"], via[fresh]])
        known["base"] = np.concatenate([known["base"], base])
    tails = numbers.extra_from[known["link"]]
    return Intervals(
        known["row"], numbers.pre[tails], numbers.end[tails], known["base"], known["link"],
        np.full(len(tails), -1, dtype="int64"),
    )  # fmt: skip


def part_of(parts: Intervals, row: Ints, position: Ints) -> Ints:
    """Return the part of each row that holds a position of the order, -1 if none; parts are apart."""
    import numpy as np

    if not len(parts.row):
        return np.full(len(row), -1, dtype="int64")
    order = np.lexsort((parts.start, parts.row))
    size = int(max(parts.stop.max(), position.max(initial=0))) + 1
    keys = parts.row[order] * size + parts.start[order]
    found = np.searchsorted(keys, row * size + position, side="right") - 1
    part = order[np.maximum(found, 0)]
    inside = (found >= 0) & (parts.row[part] == row) & (position < parts.stop[part])
    return np.where(inside, part, -1)


def _chained(numbers: Numbering, parts: Intervals) -> Intervals:
    """Follow side links into the parts that they lead to, and measure the ways again."""
    import numpy as np

    side = np.flatnonzero(parts.link >= 0)
    link = parts.link[side]
    into, source = numbers.extra_to[link], numbers.extra_from[link]
    onward = parts.onward.copy()
    onward[side] = part_of(parts, parts.row[side], numbers.pre[into])
    more = numbers.to_outlet_m[source] - numbers.to_outlet_m[into] - numbers.length_m[into]
    base = parts.base_m.copy()
    while True:
        again = base.copy()
        again[side] = base[onward[side]] + more
        if np.array_equal(again, base):
            return parts._replace(base_m=base, onward=onward)
        base = again


def _links_that_enter(numbers: Numbering, asked: Bools) -> tuple[Ints, Ints]:
    """Return pairs (side link, asked reach): the link's water passes the reach, its main branch not."""
    import numpy as np

    links = np.arange(len(numbers.extra_from))
    here = numbers.extra_to.copy()
    source = numbers.pre[numbers.extra_from]
    found: list[tuple[Ints, Ints]] = []
    while len(links):
        apart = ~((numbers.pre[here] <= source) & (source < numbers.end[here]))
        links, here, source = links[apart], here[apart], source[apart]
        hit = asked[here]
        if hit.any():
            found.append((links[hit], here[hit]))
        ahead = numbers.down[here]
        flows = ahead >= 0
        links, here, source = links[flows], ahead[flows], source[flows]
    if not found:
        return np.empty(0, "int64"), np.empty(0, "int64")
    return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])


def _widest(parts: Intervals) -> Intervals:
    """Drop parts that lie in another of the same row; two parts never overlap otherwise."""
    import numpy as np

    order = np.lexsort((parts.link, -parts.stop, parts.start, parts.row))
    row, stop = parts.row[order], parts.stop[order]
    size = int(stop.max(initial=0)) + 1
    reached = np.maximum.accumulate(row * size + stop)
    inside = np.zeros(len(row), dtype=bool)
    inside[1:] = (row[1:] * size + stop[1:]) <= reached[:-1]
    kept = order[~inside]
    return parts_at(parts, kept)


def parts_at(parts: Intervals, which: Ints) -> Intervals:
    """Return some of the parts; where they lead onward is to be found anew."""
    return Intervals(
        parts.row[which], parts.start[which], parts.stop[which], parts.base_m[which],
        parts.link[which], parts.onward[which],
    )  # fmt: skip


def spread(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Return every number of the ranges ``first`` to ``last`` (left out), and its range.

    Examples
    --------
    >>> import numpy as np
    >>> from chaoyang_geo.rivers.numbering import spread
    >>> [a.tolist() for a in spread(np.array([3, 9, 5]), np.array([5, 9, 6]))]
    [[0, 0, 2], [3, 4, 5]]
    """
    import numpy as np

    counts = np.maximum(last - first, 0)
    which: Ints = np.repeat(np.arange(len(counts)), counts)
    total = np.cumsum(counts)
    within = np.arange(len(which)) - (total - counts)[which]
    return which, first[which] + within


def next_with(numbers: Numbering, stops: Bools) -> Ints:
    """Return, for each reach, the first reach of its way down that ends at a stop; -1 if none.

    ``stops`` says of a reach that the way out of it meets what is looked for.
    """
    import numpy as np

    n = len(numbers.down)
    here = np.arange(n)
    jump = np.where(stops | (numbers.down < 0), here, numbers.down)
    while True:
        further = jump[jump]
        if (further == jump).all():
            return np.where(stops[jump], jump, -1)
        jump = further
