"""From which layers or verticals of a section the readings of a mean or a class come."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
_COUNT = f"{COLUMN} "  # what the name of the count of a layer begins with
_MOST = 6  # layers that are named; of more it is said how many there are
_STRETCH = 1 << 17  # rows that are looked at together
#: From the surface to the bottom, from the left bank to the right; depths lie between.
_RANKS = {"表": -1.0, "上": -1.0, "左": -1.0, "中": 0.0, "右": 1.0}


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
) -> None:
    """Say in the counts of the cells of one piece of which layers their readings are.

    A count of its own for each layer is added up, passed over and cleared with the others.
    ``ranks`` are those of :func:`piece_cells`.
    """
    import numpy as np
    import pandas as pd

    used = np.flatnonzero(np.bincount(column.codes, minlength=len(column.texts))).tolist()
    if len(used) == 1:  # all readings are of one layer: no need to look at each
        cells.counts[_COUNT + column.texts[used[0]]] = (cells.parts > 0).astype(np.int64)
        return
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
    order = np.argsort(cells.key, kind="stable")
    place = order[np.searchsorted(cells.key[order], cell + days.first * per_period)]
    for code in used:
        if named[code]:
            has = np.zeros(len(cells.key), np.int64)
            has[place[layer == code]] = 1
            cells.counts[_COUNT + column.texts[code]] = has


def is_layer_count(name: str) -> bool:
    """Tell the count of a layer from the other counts of cells."""
    return name.startswith(_COUNT)


def layers_of(cells: Cells) -> Coded:
    """Name the layers of each cell that has several."""
    import numpy as np

    names = [name for name in cells.counts if is_layer_count(name)]
    rows = [np.flatnonzero(cells.counts[name]) for name in names]
    codes = np.repeat(np.arange(len(names)), [len(one) for one in rows])
    texts = [name.removeprefix(_COUNT) for name in names]
    of = np.concatenate(rows) if rows else np.zeros(0, np.int64)
    return several_layers(of, Coded(texts or [""], codes), len(cells.key))


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
