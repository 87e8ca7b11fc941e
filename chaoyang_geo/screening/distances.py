"""Distances from sites to the borders of zones, by short chunks of both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chaoyang_geo.screening.pieces import chunks, short_lines

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

_BORDER_SEGMENTS, _SITE_SEGMENTS = 24, 12
_LONGEST_M = 2000.0  # of a segment of a site, so that boxes are tight


@dataclass(frozen=True)
class Borders:
    """Borders of zones in short chunks, as drawn, each with its record and its zone."""

    chunk: Shapes
    record: Ints
    zone: Ints

    @cached_property
    def tree(self) -> Any:
        """Index of the chunks."""
        import shapely

        return shapely.STRtree(self.chunk)

    @cached_property
    def bounds(self) -> Floats:
        """Boxes of the chunks."""
        import shapely

        bounds: Floats = shapely.bounds(self.chunk)
        return bounds


def borders_of(polygons: Shapes, record: Ints, zone: Ints) -> Borders:
    """Return the borders of polygons, each of which belongs to a record and a zone."""
    chunk, owner = chunks(polygons, n_segments=_BORDER_SEGMENTS)
    return Borders(chunk, record[owner], zone[owner])


def border_distances(
    shapes: Shapes, site: Ints, borders: Borders, *, reach_m: float
) -> tuple[Ints, Ints, Floats]:
    """Return site, zone and distance (m) of the pairs whose borders come within ``reach_m``.

    Pairs are unique and sorted. Boxes give bounds from below and above for each pair of chunks;
    only chunks that may be the nearest of their site and zone are measured.
    """
    import shapely

    lines = shapely.get_dimensions(shapes) == 1
    near = shapes.copy()
    near[lines] = short_lines(shapes[lines], longest_m=_LONGEST_M)
    part, owner = chunks(near, n_segments=_SITE_SEGMENTS)
    box = shapely.bounds(part)
    widened = shapely.box(
        box[:, 0] - reach_m, box[:, 1] - reach_m, box[:, 2] + reach_m, box[:, 3] + reach_m
    )
    best = _Nearest(site[owner], part, box, borders, reach_m)
    step = max(1, int(2e6 / max(1.0, _mean_hits(widened, borders))))
    for start in range(0, len(part), step):  # so that memory stays small
        here, there = borders.tree.query(widened[start : start + step])
        best.take(here + start, there)
    return best.result()


def _mean_hits(boxes: Shapes, borders: Borders) -> float:
    """Estimate how many chunks a box meets, from an even sample."""
    sample = boxes[:: max(1, len(boxes) // 64)]
    return float(borders.tree.query(sample).shape[1] / max(1, len(sample)))


class _Nearest:
    """The smallest distance of each site and zone, gathered block by block."""

    def __init__(
        self, site: Ints, part: Shapes, box: Floats, borders: Borders, reach_m: float
    ) -> None:
        self._site, self._part, self._box = site, part, box
        self._borders, self._reach = borders, reach_m
        self._blocks: list[tuple[Ints, Floats]] = []
        self._width = int(borders.zone.max()) + 1 if len(borders.zone) else 1

    def take(self, here: Ints, there: Ints) -> None:
        """Measure the pairs of chunks that may be the nearest ones."""
        import numpy as np

        one, other = self._box[here], self._borders.bounds[there]
        across = np.maximum(0.0, np.maximum(one[:, 0] - other[:, 2], other[:, 0] - one[:, 2]))
        along = np.maximum(0.0, np.maximum(one[:, 1] - other[:, 3], other[:, 1] - one[:, 3]))
        low = np.hypot(across, along)
        kept = low <= self._reach
        here, there, low = here[kept], there[kept], low[kept]
        if not len(here):
            return
        key = self._site[here] * self._width + self._borders.zone[there]
        order = np.lexsort((low, key))
        here, there, key, low = here[order], there[order], key[order], low[order]
        # the pair of the nearest boxes gives a bound that few other boxes are within
        first = np.concatenate([[True], key[1:] != key[:-1]])
        found = np.full(len(key), np.inf)
        found[first] = self._measured(here[first], there[first])
        bound = found[first][np.cumsum(first) - 1]
        rest = ~first & (low < bound)
        found[rest] = self._measured(here[rest], there[rest])
        self._blocks.append(_least(key, found))

    def _measured(self, here: Ints, there: Ints) -> Floats:
        import shapely

        found: Floats = shapely.distance(self._part[here], self._borders.chunk[there])
        return found

    def result(self) -> tuple[Ints, Ints, Floats]:
        """Return site, zone and distance, unique and sorted."""
        import numpy as np

        if not self._blocks:
            nothing = np.zeros(0, np.int64)
            return nothing, nothing, np.zeros(0)
        key, found = _least(*(np.concatenate(part) for part in zip(*self._blocks, strict=True)))
        near = found <= self._reach
        return key[near] // self._width, key[near] % self._width, found[near]


def _least(key: Ints, value: Floats) -> tuple[Ints, Floats]:
    """Return each key once with its smallest value, sorted by key."""
    import numpy as np

    order = np.lexsort((value, key))
    key, value = key[order], value[order]
    first = np.concatenate([[True], key[1:] != key[:-1]]) if len(key) else np.zeros(0, bool)
    return key[first], value[first]
