"""Sums of readings by section, period and item: what a mean is worked out from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoyang_geo.codes import Coded, each_block, optional

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from chaoyang_geo.codes import Codes
    from chaoyang_geo.periods.calendar import Calendar

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Bools = npt.NDArray[np.bool_]

#: States of a result that are no value, whatever stands in ``value``; each is counted.
GAPS: tuple[str, ...] = ("dry", "ice", "not_sampled", "fault", "qc_failed")
_DAY = 86_400
_NAT = -(1 << 63)
_DENSE = 1 << 23  # cells that are summed in place, however few of them occur


@dataclass
class Cells:
    """Sums for the combinations of group, period and item that occur, each with its key.

    ``low`` and ``high`` have values below detection as 0 and as their limit; without such
    values they are ``total``, the same array. pH is summed as hydrogen ion.
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
class _Below:
    """The readings below detection: the cell of each, and what it counts as."""

    cell: list[Ints] = field(default_factory=list)
    used: list[Floats] = field(default_factory=list)
    low: list[Floats] = field(default_factory=list)
    high: list[Floats] = field(default_factory=list)

    def add(self, cell: Ints, value: Floats, limit: Floats, share: float, acid: Bools) -> None:
        """Add rows whose ``value`` is missing or given by the user, with their limits."""
        import numpy as np

        used = np.where(np.isnan(value), limit * share, value)
        low = np.where(np.isnan(used) & np.isnan(limit), np.nan, 0.0)
        high = limit.copy()
        for numbers in (used, low, high):
            numbers[acid] = 10.0 ** -numbers[acid]
        self.cell.append(cell)
        for whole, part in zip((self.used, self.low, self.high), (used, low, high), strict=True):
            whole.append(part)


@dataclass
class _Rows:
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
    is_below: Bools
    is_above: Bools
    is_acid: Bools
    is_gap: Bools
    gaps: dict[str, int]  # the codes of the states in GAPS that occur
    share: float
    below: _Below = field(default_factory=_Below)
    found: dict[str, list[Ints]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        readings: pd.DataFrame,
        group: Codes,
        item: Codes,
        items: Sequence[tuple[str, ...]],
        share: float,
    ) -> _Rows:
        import numpy as np

        def which(column: Coded, *texts: str) -> Bools:
            return np.array([text in texts for text in column.texts], bool)

        kinds, signs = optional(readings, "row_kind"), optional(readings, "censored")
        states = optional(readings, "state")
        limit = (
            readings["detection_limit"].to_numpy("float64", na_value=np.nan)
            if "detection_limit" in readings
            else None
        )
        return cls(
            readings["time"].to_numpy().astype("datetime64[s]", copy=False).view(np.int64),
            group,
            item,
            readings["value"].to_numpy("float64", na_value=np.nan),
            limit,
            kinds.codes,
            signs.codes,
            states.codes,
            which(kinds, "", "sample"),
            which(signs, "<"),
            which(signs, ">"),
            np.array([texts[0] == "ph" for texts in items], bool),
            which(states, *GAPS),
            {text: code for code, text in enumerate(states.texts) if text in GAPS},
            share,
        )

    def __len__(self) -> int:
        return len(self.time)

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
        if self.is_acid.any():
            acid = _rows_of(item, self.is_acid)
            value[acid] = 10.0 ** -value[acid]
        below = _rows_of(sign, self.is_below)
        if self.gaps:
            state = self.state[at]
            value[_rows_of(state, self.is_gap)] = np.nan
            below = below[~self.is_gap[state[below]]]
        none = np.flatnonzero(np.isnan(value))
        if len(below):
            given = self.value[at][below]  # as it is: pH is hydrogen ion in ``value`` by now
            limit = np.full(len(below), np.nan) if self.limit is None else self.limit[at][below]
            acids = self.is_acid[item[below]]
            self.below.add(cell[below], given, limit, self.share, acids)
        self._count(cell, none, sign, at)
        value[none] = 0.0
        value[below] = 0.0
        value[out] = 0.0

    def _count(self, cell: Ints, none: Ints, sign: Codes, at: slice) -> None:
        """Remember the cells of the rows without a value, by the reason."""
        signs = sign[none]
        below, above = self.is_below[signs], self.is_above[signs]
        if self.gaps:
            state = self.state[at][none]
            gap = self.is_gap[state]
            below, above = below & ~gap, above & ~gap
            for name, code in self.gaps.items():
                self.found.setdefault(f"n_{name}", []).append(cell[none[state == code]])
        self.found.setdefault("n_above", []).append(cell[none[above]])
        self.found.setdefault("n_missing", []).append(cell[none[~below & ~above]])


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

        known = time[time != _NAT] if (time == _NAT).any() else time
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
        gaps = np.flatnonzero(time == _NAT)
        np.take(self.of_day, cell, out=cell, mode="clip")
        cell[gaps] = _NAT // 2


def piece_cells(
    readings: pd.DataFrame,
    group: Codes,
    n_groups: int,
    item: Codes,
    items: Sequence[tuple[str, ...]],
    calendar: Calendar,
    share: float,
) -> Cells:
    """Sum one piece; the key counts items first, then groups, then periods since 1970."""
    import numpy as np

    rows = _Rows.of(readings, group, item, items, share)
    per_period = n_groups * len(items)
    days = _Days.of(rows.time, calendar, per_period)
    n, size = len(rows), days.size
    if size >= 1 << 31:
        raise ValueError(
            f"readings: {n_groups:,} sections x {len(items):,} items x {days.n:,} periods are "
            "more than are averaged at once; check the times, or give the table in pieces."
        )
    base = np.arange(n_groups) * len(items)
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


def _fill(rows: _Rows, whole: slice, cells: Ints, used: Floats, base: Ints, days: _Days) -> None:
    start = whole.start

    def block(here: slice) -> None:
        at = slice(start + here.start, start + here.stop)
        rows.fill(at, cells[here], used[here], base, days)

    each_block(whole.stop - start, block)


def _with_counts(rows: _Rows, some: Ints, total: Floats, n_rows: Ints, days: _Days) -> Cells:
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
    none = counts.get("n_above", 0) + counts.get("n_missing", 0)
    parts = n_rows - none
    low = high = total
    bounds = parts
    if rows.below.cell:
        below = rows.below
        at = place(np.concatenate(below.cell))
        used, lowest, highest = (
            np.concatenate(part) for part in (below.used, below.low, below.high)
        )
        counts["n_censored"] = added(at)
        out, unbounded = np.isnan(used), np.isnan(lowest)
        counts["n_below_out"] = added(at[out])
        bounds = parts - added(at[unbounded])
        parts = parts - counts["n_below_out"]
        used[out] = 0.0
        lowest[unbounded] = highest[unbounded] = 0.0
        plain = total  # of the values that are not below detection
        total = plain + added(at, used)
        low = plain + added(at, lowest)
        high = plain + added(at, highest)
    counts["n"] = parts
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
