"""Sums of readings by section, period and item: what a mean is worked out from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoyang_geo.codes import each_block, optional
from chaoyang_geo.periods.columns import GAPS as GAPS
from chaoyang_geo.periods.columns import (
    NAT,
    doubts_of,
    kinds_of,
    limits_of,
    marks_of,
    signed_items,
    times_of,
    values_of,
)
from chaoyang_geo.periods.ranges import Ranges

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from chaoyang_geo.codes import Codes
    from chaoyang_geo.periods.calendar import Calendar

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Bools = npt.NDArray[np.bool_]

_DAY = 86_400
_LARGEST_PH = 300.0  # beyond it no hydrogen ion is left that a float can hold
_DENSE = 1 << 23  # cells that are summed in place, however few of them occur


@dataclass
class Cells:
    """Sums for the combinations of group, period and item that occur, each with its key.

    ``low`` and ``high`` have values below detection as 0 and as their limit, and values above
    range as its end and as NaN; without such values they are ``total``, the same array. pH is
    summed as hydrogen ion.
    """

    key: Ints
    total: Floats
    low: Floats
    high: Floats
    parts: Ints  # how many numbers total is the sum of
    bounds: Ints  # how many low and high are
    counts: dict[str, Ints]  # of readings; a name that is not there is 0 throughout

    @classmethod
    def empty(cls) -> Cells:
        import numpy as np

        none, whole = np.zeros(0), np.zeros(0, np.int64)
        return cls(whole, none, none, none, whole, whole, {})

    def count(self, name: str) -> Ints:
        """Return one of the counts."""
        import numpy as np

        return self.counts[name] if name in self.counts else np.zeros(len(self.key), np.int64)

    def regrouped(self, key: Ints) -> Cells:
        """Add up the cells that share a new key; keys come out in order."""
        import numpy as np

        if len(key) < 2 or (key[1:] > key[:-1]).all():
            same = (self.total, self.low, self.high, self.parts, self.bounds, self.counts)
            return Cells(key, *same)
        found, place = np.unique(key, return_inverse=True)
        n = len(found)

        def floats(sums: Floats) -> Floats:
            return np.bincount(place, sums, minlength=n).astype(np.float64, copy=False)

        def whole(counts: Ints) -> Ints:
            return np.bincount(place, counts, minlength=n).astype(np.int64)

        total, parts = floats(self.total), whole(self.parts)
        plain = self.low is self.total
        return Cells(
            found,
            total,
            total if plain else floats(self.low),
            total if plain else floats(self.high),
            parts,
            parts if plain else whole(self.bounds),
            {name: whole(counts) for name, counts in self.counts.items()},
        )

    def taken(self, rows: Ints) -> Cells:
        """Return some of the cells, in the order of ``rows``."""
        total, parts = self.total[rows], self.parts[rows]
        plain = self.low is self.total
        return Cells(
            self.key[rows],
            total,
            total if plain else self.low[rows],
            total if plain else self.high[rows],
            parts,
            parts if plain else self.bounds[rows],
            {name: counts[rows] for name, counts in self.counts.items()},
        )

    @classmethod
    def joined(cls, parts: list[Cells]) -> Cells:
        """Add up cells from several tables, so that each key is there once."""
        import numpy as np

        if not parts:
            return cls.empty()
        if len(parts) == 1:
            return parts[0]
        join = np.concatenate
        total, whole = join([one.total for one in parts]), join([one.parts for one in parts])
        plain = all(one.low is one.total for one in parts)
        names = dict.fromkeys(name for one in parts for name in one.counts)
        cells = cls(
            join([one.key for one in parts]),
            total,
            total if plain else join([one.low for one in parts]),
            total if plain else join([one.high for one in parts]),
            whole,
            whole if plain else join([one.bounds for one in parts]),
            {name: join([one.count(name) for one in parts]) for name in names},
        )
        return cells.regrouped(cells.key)


@dataclass
class Rows:
    """The columns of a piece of readings, by code where they are text."""

    time: Ints
    group: Codes
    item: Codes
    value: Floats
    limit: Floats | None
    kind: Codes
    sign: Codes
    state: Codes
    is_sample: Bools
    is_marked: Bools
    is_below: Bools
    is_acid: Bools
    is_signed: Bools
    is_gap: Bools
    gaps: dict[str, int]  # the codes of the states in GAPS that occur
    doubts: list[tuple[Codes, Bools]]
    share: float
    ranges: Ranges = field(default_factory=Ranges)
    found: dict[str, list[Ints]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        readings: pd.DataFrame,
        group: Codes,
        item: Codes,
        items: Sequence[tuple[str, ...]],
        share: float,
    ) -> Rows:
        """Check the columns of a piece and work out what their texts mean."""
        import numpy as np

        kinds, is_sample = kinds_of(readings)
        signs, states = marks_of(readings), optional(readings, "state")
        return cls(
            times_of(readings),
            group,
            item,
            values_of(readings),
            limits_of(readings),
            kinds,
            signs.codes,
            states.codes,
            is_sample,
            np.array([text != "" for text in signs.texts], bool),
            np.array([text == "<" for text in signs.texts], bool),
            np.array([texts[0] == "ph" for texts in items], bool),
            signed_items(items),
            np.array([text in GAPS for text in states.texts], bool),
            {text: code for code, text in enumerate(states.texts) if text in GAPS},
            doubts_of(readings),
            share,
        )

    def __len__(self) -> int:
        return len(self.time)

    def count_without_time(self) -> int:
        """Return how many samples belong to no period."""
        import numpy as np

        gaps = np.flatnonzero(self.time == NAT)
        return int(self.is_sample[self.kind[gaps]].sum())

    def fill(self, at: slice, cell: Ints, value: Floats, base: Ints, days: _Days) -> None:
        """Find the cell that each row adds to, and what it adds; the last cell is of no use."""
        import numpy as np

        sign, item = self.sign[at], self.item[at]
        value[:] = self.value[at]
        days.place(self.time[at], cell)
        out = np.flatnonzero(cell < 0)
        cell += np.take(base, self.group[at], mode="clip")
        cell += item
        if not self.is_sample.all():
            out = np.union1d(out, np.flatnonzero(~self.is_sample[self.kind[at]]))
        cell[out] = days.size
        marked = _rows_of(sign, self.is_marked)
        if self.gaps:
            state = self.state[at]
            value[_rows_of(state, self.is_gap)] = np.nan
            marked = marked[~self.is_gap[state[marked]]]
        acid = _rows_of(item, self.is_acid) if self.is_acid.any() else marked[:0]
        self._drop_impossible(cell, value, sign, item, acid)
        given = value[marked]  # as it is: pH is hydrogen ion in ``value`` from here
        value[acid] = 10.0 ** -value[acid]
        none = np.flatnonzero(np.isnan(value))
        self._count_missing(cell, none, sign, at)
        if len(marked):
            limit = np.full(len(marked), np.nan) if self.limit is None else self.limit[at][marked]
            of_item = item[marked]
            value[marked] = self.ranges.add(
                cell[marked],
                given,
                limit,
                self.share,
                below=self.is_below[sign[marked]],
                acid=self.is_acid[of_item],
                signed=self.is_signed[of_item],
            )
        if self.doubts:
            said = np.zeros(len(value), bool)
            for codes, says in self.doubts:
                said[_rows_of(codes[at], says)] = True
            self._remember("n_flagged", cell[np.flatnonzero(said & ~np.isnan(value))])
        value[none] = 0.0
        value[marked] = 0.0
        value[out] = 0.0

    def _drop_impossible(
        self, cell: Ints, value: Floats, sign: Codes, item: Codes, acid: Ints
    ) -> None:
        """Take negative and infinite values away, and remember their cells."""
        import numpy as np

        odd = np.flatnonzero((value < 0) | np.isinf(value))
        odd = odd[~self.is_signed[item[odd]] | np.isinf(value[odd])]
        far = value[acid]
        odd = np.concatenate([odd, acid[(far > _LARGEST_PH) & ~np.isinf(far)]])
        if not len(odd):
            return
        value[odd] = np.nan
        is_marked = self.is_marked[sign[odd]]
        # with a mark the limit still says something of the result
        self._remember("n_impossible", cell[odd[~is_marked]])
        self._remember("n_ignored", cell[odd[is_marked]])

    def _count_missing(self, cell: Ints, none: Ints, sign: Codes, at: slice) -> None:
        """Remember the cells of the rows without a result, by the reason."""
        unmarked = ~self.is_marked[sign[none]]
        if self.gaps:
            state = self.state[at][none]
            unmarked |= self.is_gap[state]
            for name, code in self.gaps.items():
                self._remember(f"n_{name}", cell[none[state == code]])
        self._remember("n_missing", cell[none[unmarked]])

    def _remember(self, name: str, cells: Ints) -> None:
        self.found.setdefault(name, []).append(cells)


@dataclass
class _Days:
    """Numbers the cells of a piece: by period, then group, then item."""

    first: int  # period of the first cell
    n: int
    first_day: int
    of_day: Ints  # where the cells of the period of each day begin
    size: int  # how many cells there are

    @classmethod
    def of(cls, time: Ints, calendar: Calendar, per_period: int) -> _Days:
        import numpy as np

        known = time[time != NAT] if (time == NAT).any() else time
        if not len(known):
            return cls(0, 0, 0, np.zeros(1, np.int64), 0)
        day, last = int(known.min()) // _DAY, int(known.max()) // _DAY
        numbers = calendar.number(np.arange(day, last + 1))
        first = int(numbers.min())
        n = int(numbers.max()) - first + 1
        return cls(first, n, day, (numbers - first) * per_period, n * per_period)

    def place(self, time: Ints, cell: Ints) -> None:
        """Write where the cells of each row's period begin; a negative number without a time."""
        import numpy as np

        np.floor_divide(time, _DAY, out=cell)
        cell -= self.first_day
        gaps = np.flatnonzero(time == NAT)
        np.take(self.of_day, cell, out=cell, mode="clip")
        cell[gaps] = NAT // 2


def piece_cells(rows: Rows, n_groups: int, n_items: int, calendar: Calendar) -> Cells:
    """Sum one piece; the key counts items first, then groups, then periods since 1970."""
    import numpy as np

    per_period = n_groups * n_items
    days = _Days.of(rows.time, calendar, per_period)
    n, size = len(rows), days.size
    if size >= 1 << 31:
        raise ValueError(
            f"readings: {n_groups:,} sections x {n_items:,} items x {days.n:,} periods are "
            "more than are averaged at once; check the times, or give the table in pieces."
        )
    base = np.arange(n_groups) * n_items
    # a step of at least as many rows as there are cells, so that adding them up stays cheap
    step = max(1 << 20, size)
    cells, used = np.empty(min(n, step), np.int64), np.empty(min(n, step))
    if size > max(_DENSE, n):  # most cells do not occur: number those that do
        _fill(rows, slice(0, n), cells, used, base, days)
        some, place = np.unique(cells, return_inverse=True)
        known = some < size
        some = some[known]
        total = np.bincount(place, used).astype(np.float64, copy=False)[known]
        n_rows = np.bincount(place)[known]
    else:
        total, n_rows = np.zeros(size), np.zeros(size, np.int64)
        for start in range(0, n, step):
            stop = min(n, start + step)
            _fill(rows, slice(start, stop), cells, used, base, days)
            here = slice(0, stop - start)
            total += np.bincount(cells[here], used[here], minlength=size + 1)[:size]
            n_rows += np.bincount(cells[here], minlength=size + 1)[:size]
        some = np.flatnonzero(n_rows)
        total, n_rows = total[some], n_rows[some]
    return _with_counts(rows, some, total, n_rows, days)


def _fill(rows: Rows, whole: slice, cells: Ints, used: Floats, base: Ints, days: _Days) -> None:
    start = whole.start

    def block(here: slice) -> None:
        at = slice(start + here.start, start + here.stop)
        rows.fill(at, cells[here], used[here], base, days)

    each_block(whole.stop - start, block)


def _with_counts(rows: Rows, some: Ints, total: Floats, n_rows: Ints, days: _Days) -> Cells:
    """Put the sums of the cells that occur together with the readings that have no number."""
    import numpy as np

    m = len(some)
    place = _places(some, days.size)

    def added(at: Ints, numbers: Floats | None = None) -> npt.NDArray[Any]:
        # the rows of no use are behind the last cell
        return np.bincount(at, numbers, minlength=m + 1)[:m]

    counts: dict[str, Ints] = {}
    for name, lists in rows.found.items():
        cell = np.concatenate(lists)
        if len(cell):
            counts[name] = added(place(cell))
    counts["n"] = parts = bounds = n_rows - counts.get("n_missing", 0)
    low = high = total
    ranges = rows.ranges
    if ranges.cell:
        at = place(np.concatenate(ranges.cell))
        used, lowest, highest = (
            np.concatenate(part) for part in (ranges.used, ranges.low, ranges.high)
        )
        below, unbounded, over_limit = (
            np.concatenate(part) for part in (ranges.below, ranges.unbounded, ranges.over_limit)
        )
        out = np.isnan(used)
        which = {"n_censored": below, "n_below_out": below & out, "n_above": ~below & out,
                 "n_above_in": ~below & ~out, "n_over_limit": over_limit}  # fmt: skip
        counts.update({name: added(at[rows]) for name, rows in which.items() if rows.any()})
        bounds = parts - added(at[unbounded])
        counts["n"] = parts = parts - added(at[out])
        used[out] = 0.0
        lowest[unbounded] = highest[unbounded] = 0.0
        plain = total  # of the values without a mark
        total = plain + added(at, used)
        low = plain + added(at, lowest)
        high = plain + added(at, highest)
    key = some + days.first * (days.size // max(days.n, 1))
    return Cells(key, total, low, high, parts, bounds, counts)


def _places(some: Ints, size: int) -> Callable[[Ints], Ints]:
    """Return what finds cells among those that occur, and puts a cell of no use behind them."""
    import numpy as np

    if size > _DENSE:
        return lambda cell: np.searchsorted(some, cell)
    table = np.full(size + 1, len(some), np.int64)
    table[some] = np.arange(len(some))
    return lambda cell: table[cell]


def _rows_of(codes: Codes, wanted: Bools) -> Ints:
    """Return the rows whose code is wanted; one code is quicker compared than looked up."""
    import numpy as np

    which = np.flatnonzero(wanted)
    if not len(which):
        return which
    if len(which) == 1:
        return np.flatnonzero(codes == which[0])
    return np.flatnonzero(wanted[codes])
