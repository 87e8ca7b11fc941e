"""Distances from the borders of sites to the borders of zones, by short chunks of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoyang_geo.screening.ground import TOUCH_M, Chunks, Ground, chunks, counted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

_CHUNK_M = 1000.0  # of a chunk of a site at least, of its reach where that is more
_MOST = 24  # segments of a chunk of a site


def site_chunks(parts: Shapes, reach_m: Floats) -> Chunks:
    """Cut the borders of parts of sites into chunks, each about as long as its reach."""
    import numpy as np
    import shapely

    count = np.maximum(1, shapely.get_num_coordinates(parts) - 1)
    length = np.maximum(shapely.length(parts) / count, 1e-9)
    wanted = np.clip(np.maximum(_CHUNK_M, reach_m) / length, 1, _MOST)
    return chunks(parts, n_segments=wanted.astype(np.int64))


class Nearest:
    """The smallest distance of each site and zone, gathered block by block.

    Boxes give bounds from below for each pair of chunks; where they meet, the segments of the site
    do. The pair of a site and a zone with the lowest bound is measured first, and then only those
    pairs whose bounds are lower than that.
    """

    def __init__(
        self,
        own: Chunks,
        site: Ints,
        reach_m: Floats,
        inside: Ints,
        band_m: Floats,
        ground: Ground,
    ) -> None:
        """Begin with the chunks of sites, and for each its site, its reach and its band.

        Of the pairs ``inside`` only the band matters: how far the border is beyond that is not
        asked. Pairs are a site times the number of zones, plus a zone; sorted.
        """
        self._own, self._owner, self._reach = own, site, reach_m
        self._inside, self._band = inside, band_m
        self._borders, self._zone = ground.borders, ground.border_zone
        self._n_zones = len(ground.group_of_zone)
        self._blocks: list[tuple[Ints, Floats]] = []

    def take(self, here: Ints, there: Ints, known: Ints) -> None:
        """Measure the pairs of chunks that may be the nearest ones.

        ``known`` are pairs that need not be measured; they are left out.
        """
        import numpy as np

        key = self._owner[here] * self._n_zones + self._zone[there]
        new = np.flatnonzero(~_among(key, known))
        here, there, key = here[new], there[new], key[new]
        (low, high), (low_, high_) = self._own.bounds, self._borders.bounds
        away = np.maximum(0.0, np.maximum(low[here] - high_[there], low_[there] - high[here]))
        least = np.hypot(away[:, 0], away[:, 1])
        meet = np.flatnonzero(least == 0)  # of which the boxes tell nothing
        least[meet] = self._bounds(here[meet], there[meet])
        reach = np.where(_among(key, self._inside), self._band[here], self._reach[here])
        near = np.flatnonzero(least <= reach)
        here, there, key, least = here[near], there[near], key[near], least[near]
        if not len(here):
            return
        order = np.lexsort((least, key))
        here, there, key, least = here[order], there[order], key[order], least[order]
        first = np.diff(key, prepend=-1) != 0
        found = np.full(len(key), np.inf)
        found[first] = self._measured(here[first], there[first])
        bound = found[first][np.cumsum(first) - 1]
        rest = ~first & (least < bound)
        found[rest] = self._measured(here[rest], there[rest])
        self._blocks.append(_least(key, found))

    def _bounds(self, here: Ints, there: Ints) -> Floats:
        """Return bounds from below for how far chunks are apart whose boxes meet.

        Where the segments of the one come to the box of the other, they are bounds for its links.
        """
        import numpy as np

        low, high = self._borders.bounds
        found = _apart(self._own, here, low[there], high[there])
        left = np.flatnonzero(found == 0)
        links, at = self._borders.links(there[left])
        link, place = links.of(at)
        box = [np.stack([edge[k][link] for edge in links.edges], axis=1) for k in (0, 1)]
        bound = _apart(self._own, here[left[place]], *box)
        closest = np.full(len(left), np.inf)
        np.minimum.at(closest, place, bound)
        found[left] = closest
        return found

    def _measured(self, here: Ints, there: Ints) -> Floats:
        import numpy as np
        import shapely

        one, other = self._own.shapes(here), self._borders.shapes(there)
        return np.asarray(shapely.distance(one, other))

    def result(self) -> tuple[Ints, Floats]:
        """Return the pairs that come within reach, unique and sorted, each with its distance."""
        import numpy as np

        if not self._blocks:
            return np.zeros(0, np.int64), np.zeros(0)
        return _least(*(np.concatenate(part) for part in zip(*self._blocks, strict=True)))


def _apart(own: Chunks, which: Ints, low: Floats, high: Floats) -> Floats:
    """Return bounds from below for how far chunks are from boxes, segment by segment.

    A segment is at least as far from a box as its own box is, and as the straight line through it.
    """
    import numpy as np

    begin, size = own.begin[which], own.end[which] - own.begin[which]
    found = np.zeros(len(which))
    several = np.flatnonzero(size > 0)
    if not len(several):
        return found
    begin, size = begin[several], size[several]
    first = np.repeat(begin, size) + counted(size)
    pair = np.repeat(several, size)
    near, across, long = 0.0, 0.0, 0.0
    middle = (low + high) / 2
    half = (high - low) / 2
    ahead = [own.axes[k][first + 1] - own.axes[k][first] for k in (0, 1)]
    to_middle = [middle[pair, k] - own.axes[k][first] for k in (0, 1)]
    for k in (0, 1):
        wide = np.abs(to_middle[k] - ahead[k] / 2) - np.abs(ahead[k]) / 2 - half[pair, k]
        near = near + np.maximum(0.0, wide) ** 2
        across = across + np.abs(ahead[1 - k]) * half[pair, k]
        long = long + ahead[k] ** 2
    off = np.abs(ahead[0] * to_middle[1] - ahead[1] * to_middle[0]) - across
    beside = np.maximum(0.0, off) / np.sqrt(np.maximum(long, 1e-12))
    bound = np.minimum.reduceat(np.maximum(np.sqrt(near), beside), np.cumsum(size) - size)
    found[several] = np.maximum(0.0, bound - TOUCH_M)  # for rounding
    return found


def _among(values: Ints, known: Ints) -> npt.NDArray[np.bool_]:
    """Tell which values are among the known ones, which are sorted."""
    import numpy as np

    if not len(known):
        return np.zeros(len(values), bool)
    place = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.asarray(known[place] == values)


def _least(key: Ints, value: Floats) -> tuple[Ints, Floats]:
    """Return each key once with its smallest value, sorted by key."""
    import numpy as np

    order = np.lexsort((value, key))
    key, value = key[order], value[order]
    first = np.diff(key, prepend=-1) != 0
    return key[first], value[first]
