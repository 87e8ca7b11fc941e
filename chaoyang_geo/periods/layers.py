"""From which layers or verticals of a section the readings of a mean or a class come."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chaoyang_geo.codes import Coded, are, coded, distinct_texts, in_order
from chaoyang_geo.periods.cells import Cells, Days, Notes, Rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from chaoyang_geo.periods.calendar import Calendar

    Bools = npt.NDArray[np.bool_]
    Ints = npt.NDArray[np.int64]

COLUMN = "sampling_layer"
_MOST = 6  # layers that are named; of more it is said how many there are
_STRETCH = 1 << 17  # rows that are looked at together
#: From the surface to the bottom, from the left bank to the right; depths lie between.
_RANKS = {"表": -1.0, "上": -1.0, "左": -1.0, "中": 0.0, "右": 1.0}


@dataclass
class Layers:
    """Which layers occur in which cells: pairs of the key of a cell and the code of a text."""

    key: Ints
    layer: Ints
    texts: list[str] = field(default_factory=list)

    @classmethod
    def none(cls) -> Layers:
        import numpy as np

        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64))

    @classmethod
    def joined(cls, parts: Sequence[Layers]) -> Layers:
        """Put the pairs of several tables together, each once."""
        import numpy as np

        numbers: dict[str, int] = {}
        layers = []
        for part in parts:
            codes = [numbers.setdefault(text, len(numbers)) for text in part.texts]
            layers.append(np.array(codes, np.int64)[part.layer])
        key = np.concatenate([part.key for part in parts])
        return cls(key, np.concatenate(layers), list(numbers)).distinct()

    def distinct(self) -> Layers:
        """Leave every pair there once."""
        import numpy as np

        found, place = np.unique(self.key, return_inverse=True)
        width = max(len(self.texts), 1)
        place, layer = np.divmod(np.unique(place * width + self.layer), width)
        return Layers(found[place], layer, self.texts)

    def moved(self, cells: Cells, key: Ints) -> Layers:
        """Return the pairs with the new keys of cells; a cell without a number has no layer."""
        import numpy as np

        kept = np.flatnonzero(cells.parts > 0)
        if not len(kept):
            return Layers(self.key[:0], self.layer[:0], self.texts)
        kept = kept[np.argsort(cells.key[kept], kind="stable")]
        old = cells.key[kept]
        place = np.minimum(np.searchsorted(old, self.key), len(old) - 1)
        here = old[place] == self.key
        return Layers(key[kept[place[here]]], self.layer[here], self.texts).distinct()


@dataclass
class LayeredCells(Cells):
    """Cells that know from which layers their readings are."""

    layers: Layers = field(default_factory=Layers.none)

    @classmethod
    def of(cls, cells: Cells, layers: Layers) -> LayeredCells:
        same = (cells.total, cells.low, cells.high, cells.parts, cells.bounds, cells.counts)
        return cls(cells.key, *same, layers=layers)

    def regrouped(self, key: Ints) -> Cells:
        """Add up the cells that share a new key; what they no longer count is forgotten."""
        return LayeredCells.of(super().regrouped(key), self.layers.moved(self, key))

    def taken(self, rows: Ints) -> Cells:
        """Return some of the cells, in the order of ``rows``."""
        return LayeredCells.of(super().taken(rows), self.layers)

    def names(self) -> Coded:
        """Name the layers of each cell that has several."""
        import numpy as np

        n = len(self.key)
        found = self.layers.moved(self, np.arange(n))
        return several_layers(found.key, Coded(found.texts or [""], found.layer), n)


def stated_layers(readings: pd.DataFrame) -> Coded | None:
    """Return the layer of each reading; ``None`` where the table states none."""
    import numpy as np

    if COLUMN not in readings:
        return None
    column = coded(readings[COLUMN])
    column = distinct_texts(Coded([text.strip() for text in column.texts], column.codes))
    used = np.bincount(column.codes, minlength=len(column.texts)) > 0
    if not any(text and there for text, there in zip(column.texts, used, strict=True)):
        return None
    return column


def piece_layers(
    column: Coded, rows: Rows, cells: Cells, ranks: Ints, n_items: int, calendar: Calendar
) -> Layers:
    """Return the layers of the readings that count in the cells of one piece, by their keys.

    The keys, and ``ranks``, are those of :func:`piece_cells`.
    """
    import numpy as np
    import pandas as pd

    used = np.flatnonzero(np.bincount(column.codes, minlength=len(column.texts)))
    if len(used) == 1:  # all readings are of one layer: no need to look at each
        key = cells.key[cells.parts > 0]
        return Layers(key, np.full(len(key), used[0]), column.texts)
    per_period = len(ranks) * n_items
    days = Days.of(rows, calendar, per_period)
    base = ranks * n_items
    width = len(column.texts)
    named = np.array([text != "" for text in column.texts], bool)

    def found(at: slice) -> Ints:
        wanted = are(column.codes[at], named)
        if not wanted.any():
            return np.zeros(0, np.int64)
        here = np.flatnonzero(wanted & _has_number(rows, at, len(ranks), n_items))
        cell = days.place(rows.time[at][here])
        cell += base[rows.group[at][here]]
        cell += rows.item[at][here]
        pairs: Ints = pd.unique(cell * width + column.codes[at][here])
        return pairs

    n = len(rows)
    stretches = [slice(start, min(start + _STRETCH, n)) for start in range(0, n, _STRETCH)]
    cell, layer = np.divmod(np.unique(np.concatenate([*in_order(found, stretches)])), width)
    return Layers(cell + days.first * per_period, layer, column.texts)


class _EachRow(Days):
    """Every row is a cell of its own, so that what is noted of cells is noted of rows."""

    def place(self, time: Ints) -> Ints:
        import numpy as np

        return np.arange(len(time)) * self.n


def _has_number(rows: Rows, at: slice, n_groups: int, n_items: int) -> Bools:
    """Tell which rows enter a mean, exactly as the sums decide it."""
    import numpy as np

    nothing = np.zeros(1, np.int64)
    each = _EachRow(first=0, n=n_items, first_day=0, of_day=nothing, size=-1)
    notes = Notes()
    cell, _ = rows.fill(at, np.zeros(n_groups, np.int64), each, notes)
    has = cell >= 0
    ranges = notes.ranges
    none = np.concatenate([*notes.cells.get("n_missing", []), ranges.cell[np.isnan(ranges.used)]])
    has[none[none >= 0] // n_items] = False
    return has


def several_layers(of: Ints, layer: Coded, n: int) -> Coded:
    """Name the layers of each of ``n`` groups that has several; the others have ``''``.

    ``of`` is the group of each row of ``layer``. A row that states no layer says nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from chaoyang_geo.codes import Coded
    >>> from chaoyang_geo.periods.layers import several_layers
    >>> layer = Coded(["底层", "表层", ""], np.array([0, 1, 1, 2]))
    >>> found = several_layers(np.array([0, 0, 1, 1]), layer, 2)
    >>> [found.texts[code] for code in found.codes]
    ['表层、底层', '']
    """
    import numpy as np
    import pandas as pd

    names = sorted({text.strip() for text in layer.texts} - {""}, key=_place)
    ranks = {text: rank for rank, text in enumerate(names)}
    rank = np.array([ranks.get(text.strip(), -1) for text in layer.texts] or [-1])[layer.codes]
    width, kept = max(len(names), 1), rank >= 0
    of, rank = np.divmod(np.unique(of[kept].astype(np.int64) * width + rank[kept]), width)
    count = np.bincount(of, minlength=n)
    kept = count[of] > 1
    of, rank = of[kept], rank[kept]
    new = np.diff(of, prepend=-1) > 0
    position = np.arange(len(of)) - np.flatnonzero(new)[np.cumsum(new) - 1]
    so_far = np.zeros(n, np.int64)
    found: list[tuple[str, ...]] = [()]
    for number in range(min(int(position.max(initial=-1)) + 1, _MOST)):
        here = np.flatnonzero(position == number)
        # the layers named so far, and one more
        place, both = pd.factorize(so_far[of[here]] * width + rank[here])
        so_far[of[here]] = place + len(found)
        found += [(*found[k // width], names[k % width]) for k in both.tolist()]
    more = np.where(count > _MOST, count, 0)
    most = int(more.max(initial=0)) + 1
    codes, both = pd.factorize(np.append(0, so_far * most + more))
    texts = [_listed(found[k // most], k % most) for k in both.tolist()]
    return Coded(texts, codes[1:])


def _place(text: str) -> tuple[list[float], str]:
    """Order layers from above to below, and verticals from left to right."""
    numbers = [re.search(r"\d+(?:\.\d+)?", part) for part in text.split()]
    ranks = [
        float(number[0]) if number else _RANKS.get(part[0], float("inf"))
        for number, part in zip(numbers, text.split(), strict=True)
    ]
    return ranks, text


def _listed(names: Sequence[str], n: int) -> str:
    return "、".join(names) + (f"等{n}处" if n else "")
