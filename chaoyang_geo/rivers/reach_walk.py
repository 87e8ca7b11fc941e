"""Down the river from many places at once, as far as a limit, along every arm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from chaoyang_geo.rivers.numbering import SAME_M, Numbering, spread
from chaoyang_geo.rivers.places import Places, Ways

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from chaoyang_geo.rivers.network import RiverNetwork

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]


class Steps(NamedTuple):
    """Reaches that walks pass: the walk, the reach, where it is entered, how far that is, from which step.

    A walk starts at the lower end of a reach, which is its first step, entered at its end; the
    step before it is -1. Steps stand in the order of the walk.
    """

    walk: Ints
    reach: Ints
    enters_m: Floats
    way_m: Floats
    before: Ints


class Targets(NamedTuple):
    """What is looked for on reaches: its number, the reach, from and to, sorted by reach."""

    number: Ints
    reach: Ints
    from_m: Floats
    to_m: Floats


class Hits(NamedTuple):
    """Targets that places reach: the place, the target, how far, and the step it lies on (-1 own)."""

    place: Ints
    target: Ints
    way_m: Floats
    step: Ints

    def at(self, rows: Ints) -> Hits:
        """Return some of the hits."""
        return Hits(self.place[rows], self.target[rows], self.way_m[rows], self.step[rows])


def walk_down(network: RiverNetwork, numbers: Numbering, starts: Ints, limit_m: float) -> Steps:
    """Walk down from the lower ends of reaches; where ways meet again only a shorter one goes on."""
    import numpy as np

    matrix = network.matrix.tocsr()
    first, targets = matrix.indptr.astype("int64"), matrix.indices.astype("int64")
    source = np.repeat(np.arange(len(network)), np.diff(first))
    entry = np.where(numbers.down[source] == targets, numbers.join_m[source], 0.0)
    walk, reach = np.arange(len(starts)), starts
    enters, way = numbers.length_m[starts], np.zeros(len(starts))
    row = np.arange(len(starts))
    before = np.full(len(starts), -1, dtype="int64")
    parted = np.zeros(len(starts), dtype=bool)  # walks that have come to a fork
    slot, open_ = _slots(source, targets, entry)
    n_slots = int(slot.max(initial=0)) + 1
    least: dict[int, float] = {}
    found = [Steps(walk, reach, enters, way, before)]
    total = len(starts)
    while len(row):
        parent, link = spread(first[reach], first[reach + 1])
        ahead = (way + numbers.length_m[reach] - enters)[parent]
        parted[walk[np.diff(first)[reach] > 1]] = True
        kept = np.flatnonzero(ahead <= limit_m)
        parent, link, ahead = parent[kept], link[kept], ahead[kept]
        new = Steps(walk[parent], targets[link], entry[link], ahead, row[parent])
        asked = np.flatnonzero(parted[new.walk] & open_[link])
        kept = np.ones(len(link), dtype=bool)
        kept[asked] = _shorter(
            new.walk[asked] * n_slots + slot[link[asked]], new.way_m[asked], least
        )
        kept = np.flatnonzero(kept)
        walk, reach, enters = new.walk[kept], new.reach[kept], new.enters_m[kept]
        way, before = new.way_m[kept], new.before[kept]
        row = total + np.arange(len(kept))
        total += len(kept)
        found.append(Steps(walk, reach, enters, way, before))
    return Steps(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _slots(source: Ints, target: Ints, entry: Floats) -> tuple[Ints, Bools]:
    """Return where links enter, by number, and which a walk may come to again by another way.

    Links into one reach at one place have one number. Where a single link enters, what comes to it
    again has come to the reach above again, by a shorter way, unless that is entered at several
    places.
    """
    import numpy as np

    if not len(target):
        return np.zeros(0, dtype="int64"), np.zeros(0, dtype=bool)
    order = np.lexsort((entry, target))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(target[order]) != 0) | (np.diff(entry[order]) != 0)
    slot = np.empty(len(order), dtype="int64")
    slot[order] = np.cumsum(new) - 1
    n_reaches = int(max(source.max(), target.max())) + 1
    places = np.bincount(target[order][new], minlength=n_reaches)
    return slot, (np.bincount(slot)[slot] > 1) | (places[source] > 1)


def _shorter(key: Ints, way_m: Floats, least: dict[int, float]) -> Bools:
    """Return which steps come to a place for the first time, or by a shorter way than before."""
    import numpy as np

    kept = np.zeros(len(key), dtype=bool)
    order = np.argsort(way_m, kind="stable")
    for row, place, way in zip(
        order.tolist(), key[order].tolist(), way_m[order].tolist(), strict=True
    ):
        if way < least.get(place, np.inf) - SAME_M:
            least[place] = way
            kept[row] = True
    return kept


def reach_targets(
    numbers: Numbering, steps: Steps, places: Places, walk: Ints, targets: Targets, limit_m: float
) -> Hits:
    """Return the nearest way from each place to each target below it, sorted by place.

    ``walk`` is the walk of each place: the one that starts at the lower end of its reach.
    """
    import numpy as np

    by_step, by_entry = _on_reach(targets, steps.reach)
    open_ = targets.to_m[by_entry] >= steps.enters_m[by_step] - SAME_M
    by_step, by_entry = by_step[open_], by_entry[open_]
    way = steps.way_m[by_step] + np.maximum(targets.from_m[by_entry] - steps.enters_m[by_step], 0)
    order, first = _least(steps.walk[by_step], targets.number[by_entry], way)
    by_step, by_entry, way = by_step[order][first], by_entry[order][first], way[order][first]
    of_walk = steps.walk[by_step]
    place, hit = spread(np.searchsorted(of_walk, walk), np.searchsorted(of_walk, walk, "right"))
    rest = numbers.length_m[places.reach] - places.measure_m
    own, on_own = _on_reach(targets, places.reach)
    open_ = targets.to_m[on_own] >= places.measure_m[own] - SAME_M
    own, on_own = own[open_], on_own[open_]
    near = np.maximum(targets.from_m[on_own] - places.measure_m[own], 0)
    every = Hits(
        np.concatenate([own, place]),
        np.concatenate([targets.number[on_own], targets.number[by_entry][hit]]),
        np.concatenate([near, rest[place] + way[hit]]),
        np.concatenate([np.full(len(own), -1, dtype="int64"), by_step[hit]]),
    )
    within = np.flatnonzero(every.way_m <= limit_m)
    every = every.at(within)
    order, first = _least(every.place, every.target, every.way_m)
    return every.at(order[first])


def _on_reach(targets: Targets, reach: Ints) -> tuple[Ints, Ints]:
    """Return pairs of rows and targets on the same reach."""
    import numpy as np

    # where the targets of each reach begin: looked up, not searched for again at every step
    begin = np.searchsorted(targets.reach, np.arange(int(reach.max(initial=-1)) + 2))
    return spread(begin[reach], begin[reach + 1])


def _least(group: Ints, member: Ints, value: Floats) -> tuple[Ints, Ints]:
    """Return an order by group and member, and where in it the least value of each stands."""
    import numpy as np

    order = np.lexsort((value, member, group))
    group, member = group[order], member[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (group[1:] != group[:-1]) | (member[1:] != member[:-1])
    return order, np.flatnonzero(first)


def ways_of(numbers: Numbering, steps: Steps, hits: Hits, places: Places) -> Ways:
    """Return the ways of hits, piece by piece, from the place down to the target."""
    import numpy as np

    pair, step, end = np.arange(len(hits.place)), hits.step, hits.way_m
    reach, measure = places.reach[hits.place], places.measure_m[hits.place]
    own = step < 0
    columns = [(pair[own], reach[own], measure[own], measure[own] + end[own])]
    pair, step = pair[~own], step[~own]
    rest = (numbers.length_m[reach] - measure)[pair]
    low = steps.enters_m[step]
    high = low + end[pair] - rest - steps.way_m[step]
    while len(pair):
        here, before = steps.reach[step], steps.before[step]
        first = before < 0
        low = np.where(first, measure[pair], low)
        columns.append((pair, here, low, np.maximum(high, low)))
        pair, step = pair[~first], before[~first]
        low, high = steps.enters_m[step], numbers.length_m[steps.reach[step]]
    whose = np.concatenate([column[0] for column in columns])
    order = np.argsort(whose[::-1], kind="stable")  # pieces were found from the target up
    reaches, lows, highs = (
        np.concatenate([column[k] for column in columns])[::-1][order] for k in (1, 2, 3)
    )
    return Ways(whose[::-1][order], reaches, lows, highs, None)


def points_on(ways: Ways, points: Targets) -> tuple[Ints, Ints]:
    """Return pairs of ways and points on them, in the order downstream."""
    import numpy as np

    piece, entry = _on_reach(points, ways.reach)
    at = points.from_m[entry]
    on = (at >= ways.from_m[piece] - SAME_M) & (at <= ways.to_m[piece] + SAME_M)
    piece, entry, at = piece[on], entry[on], at[on]
    order = np.lexsort((at, piece))
    pair, point = ways.pair[piece][order], points.number[entry][order]
    _, first = np.unique(np.stack([pair, point]), axis=1, return_index=True)
    first.sort()
    return pair[first], point[first]


def forks_on(network: RiverNetwork, ways: Ways, n: int) -> Any:
    """Return whether each way leaves a reach that has more than one way on."""
    import numpy as np

    parting = np.diff(network.matrix.tocsr().indptr) > 1
    inner = np.zeros(len(ways.pair), dtype=bool)
    inner[:-1] = ways.pair[1:] == ways.pair[:-1]
    return np.bincount(ways.pair, inner & parting[ways.reach], minlength=n) > 0
