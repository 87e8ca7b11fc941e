"""Sums of readings by section, period and item: what a mean is worked out from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoyang_geo import loops
from chaoyang_geo.codes import are, in_order, optional
from chaoyang_geo.loops import DAY, LARGEST_PH, NAT
from chaoyang_geo.periods.columns import GAPS as GAPS
from chaoyang_geo.periods.columns import (
    doubts_of,
    kinds_of,
    limits_of,
    marks_of,
    signed_items,
    times_of,
    values_of,
)
from chaoyang_geo.periods.looped import looped_sums
from chaoyang_geo.periods.ranges import Ranges, ranges_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from chaoyang_geo.codes import Codes
    from chaoyang_geo.periods.calendar import Calendar

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Bools = npt.NDArray[np.bool_]

_DENSE = 1 << 23  # cells that are summed in place, however few of them occur
_STRANGE, _MARKED, _ACID, _GAP, _DOUBTED = range(5)  # bits of what a row is beside a number
_STRETCH = 1 << 17  # rows that are summed at a time where they are in order of time


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
    has_gaps: bool  # whether some rows have no time

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
        time = times_of(readings)
        signs, states = marks_of(readings), optional(readings, "state")
        return cls(
            time,
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
            bool(len(time)) and int(time.min()) == NAT,
        )

    def __len__(self) -> int:
        return len(self.time)

    def count_without_time(self) -> int:
        """Return how many samples belong to no period."""
        import numpy as np

        if not self.has_gaps:
            return 0
        gaps = np.flatnonzero(self.time == NAT)
        return int(self.is_sample[self.kind[gaps]].sum())

    def fill(self, at: slice, base: Ints, days: Days, notes: Notes) -> tuple[Ints, Floats]:
        """Return the cell that each row adds to and what it adds; the last cell is of no use."""
        import numpy as np

        sign, item = self.sign[at], self.item[at]
        value = self.value[at].copy()
        time = self.time[at]
        cell = days.place(time)
        out = np.flatnonzero(time == NAT) if self.has_gaps else np.zeros(0, np.intp)
        cell += np.take(base, self.group[at], mode="clip")
        cell += item
        if not self.is_sample.all():
            out = np.union1d(out, np.flatnonzero(~are(self.kind[at], self.is_sample)))
        cell[out] = days.size
        strange = ~(value >= 0)  # negative or missing
        strange |= value > np.finfo(np.float64).max
        signs: list[Bools] = [strange, are(sign, self.is_marked), are(item, self.is_acid)]
        signs.append(are(self.state[at], self.is_gap))
        signs += [are(codes[at], says) for codes, says in self.doubts]
        # most rows are a number and nothing else: only the others are looked at
        told = np.zeros(len(value), np.uint8)
        for bit, rows_say in enumerate(signs):
            told |= rows_say.view(np.uint8) << min(bit, _DOUBTED)
        rows = np.flatnonzero(told)
        told = told[rows]
        is_gap = (told & 1 << _GAP) > 0
        value[rows[is_gap]] = np.nan
        marked = rows[((told & 1 << _MARKED) > 0) & ~is_gap]
        acid = rows[(told & 1 << _ACID) > 0]
        odd = rows[(told & 1 << _STRANGE) > 0]
        self._drop_impossible(cell, value, sign, item, acid, odd, notes)
        given = value[marked]  # as it is: pH is hydrogen ion in ``value`` from here
        value[acid] = 10.0 ** -value[acid]
        is_none = np.isnan(value[rows])
        none = rows[is_none]
        self._count_missing(cell, none, sign, at, notes)
        if len(marked):
            limit = np.full(len(marked), np.nan) if self.limit is None else self.limit[at][marked]
            of_item = item[marked]
            notes.ranges = ranges_of(
                cell[marked],
                given,
                limit,
                self.share,
                below=self.is_below[sign[marked]],
                acid=self.is_acid[of_item],
                signed=self.is_signed[of_item],
            )
            value[marked] = notes.ranges.used
        if self.doubts:
            is_none[np.searchsorted(rows, marked)] = np.isnan(value[marked])
            notes.remember("n_flagged", cell[rows[(told >= 1 << _DOUBTED) & ~is_none]])
        value[none] = 0.0
        value[marked] = 0.0
        value[out] = 0.0
        return cell, value

    def _drop_impossible(
        self,
        cell: Ints,
        value: Floats,
        sign: Codes,
        item: Codes,
        acid: Ints,
        odd: Ints,
        notes: Notes,
    ) -> None:
        """Take negative and infinite values away, and remember their cells.

        ``odd`` rows are those, and the missing values.
        """
        import numpy as np

        odd = odd[(~self.is_signed[item[odd]] & (value[odd] < 0)) | np.isinf(value[odd])]
        far = value[acid]
        odd = np.concatenate([odd, acid[(far > LARGEST_PH) & ~np.isinf(far)]])
        if not len(odd):
            return
        value[odd] = np.nan
        is_marked = self.is_marked[sign[odd]]
        # with a mark the limit still says something of the result
        notes.remember("n_impossible", cell[odd[~is_marked]])
        notes.remember("n_ignored", cell[odd[is_marked]])

    def _count_missing(self, cell: Ints, none: Ints, sign: Codes, at: slice, notes: Notes) -> None:
        """Remember the cells of the rows without a result, by the reason."""
        unmarked = ~self.is_marked[sign[none]]
        if self.gaps:
            state = self.state[at][none]
            unmarked |= self.is_gap[state]
            for name, code in self.gaps.items():
                notes.remember(f"n_{name}", cell[none[state == code]])
        notes.remember("n_missing", cell[none[unmarked]])


@dataclass
class Notes:
    """What a stretch of rows says beside its sums: readings with a mark, and cells to count."""

    ranges: Ranges = field(default_factory=Ranges.empty)
    cells: dict[str, list[Ints]] = field(default_factory=dict)

    def remember(self, name: str, cells: Ints) -> None:
        """Count a reading for each of the cells."""
        if len(cells):
            self.cells.setdefault(name, []).append(cells)


@dataclass
class Days:
    """Numbers the cells of a piece: by period, then group, then item."""

    first: int  # period of the first cell
    n: int
    first_day: int
    of_day: Ints  # where the cells of the period of each day begin
    size: int  # how many cells there are

    @classmethod
    def of(cls, rows: Rows, calendar: Calendar, per_period: int) -> Days:
        import numpy as np

        known = rows.time[rows.time != NAT] if rows.has_gaps else rows.time
        if not len(known):
            return cls(0, 0, 0, np.zeros(1, np.int64), 0)
        day, last = int(known.min()) // DAY, int(known.max()) // DAY
        numbers = calendar.number(np.arange(day, last + 1))
        first = int(numbers.min())
        n = int(numbers.max()) - first + 1
        return cls(first, n, day, (numbers - first) * per_period, n * per_period)

    def place(self, time: Ints) -> Ints:
        """Return where the cells of each row's period begin; of no use without a time."""
        import numpy as np

        day = time // DAY
        day -= self.first_day
        cell: Ints = np.take(self.of_day, day, mode="clip")
        return cell


def piece_cells(rows: Rows, ranks: Ints, n_items: int, calendar: Calendar) -> Cells:
    """Sum one piece; the key counts items first, then groups, then periods since 1970.

    ``ranks`` numbers the groups. Where many cells occur they come in order of group, period, item.
    """
    import numpy as np

    n_groups = len(ranks)
    per_period = n_groups * n_items
    days = Days.of(rows, calendar, per_period)
    n, size = len(rows), days.size
    if size >= 1 << 31:
        raise ValueError(
            f"readings: {n_groups:,} sections x {n_items:,} items x {days.n:,} periods are "
            "more than are averaged at once; check the times, or give the table in pieces."
        )
    base = ranks * n_items
    if size > max(_DENSE, n):  # most cells do not occur: number those that do
        notes = Notes()
        cell, used = rows.fill(slice(0, n), base, days, notes)
        some, place = np.unique(cell, return_inverse=True)
        some = some[some < size]
        sums = _sums(notes, place, used, len(some), lambda cells: np.searchsorted(some, cells))
    else:
        add = loops.compiled(loops.add_rows, n)
        sums = looped_sums(rows, base, days, add) if add else _stepped_sums(rows, base, days)
        some = np.arange(size).reshape(days.n, n_groups, n_items).transpose(1, 0, 2).ravel()
        occurs = np.take(sums["n_rows"], some, mode="clip") > 0
        some = some if occurs.all() else some[occurs]
        by_group = in_order(lambda numbers: np.take(numbers, some, mode="clip"), [*sums.values()])
        sums = dict(zip(sums, by_group, strict=True))
    return _cells(some + days.first * per_period, sums)


def _stepped_sums(rows: Rows, base: Ints, days: Days) -> dict[str, npt.NDArray[Any]]:
    """Return the sums of all cells, by name, stretch by stretch."""
    import numpy as np

    sums: dict[str, npt.NDArray[Any]] = {"n_rows": np.zeros(days.size, np.int64)}
    stretches = _stretches(rows.time, days.size)
    for part in in_order(lambda at: _stretch(rows, at, base, days), stretches):
        for name, numbers in part.sums.items():
            if name not in sums:
                sums[name] = np.zeros(days.size, numbers.dtype)
            sums[name][part.cells] += numbers
    return sums


@dataclass
class _Stretch:
    """Sums of neighbouring rows, over the cells from the first to the last that occur."""

    cells: slice
    sums: dict[str, npt.NDArray[Any]]


def _stretch(rows: Rows, at: slice, base: Ints, days: Days) -> _Stretch:
    import numpy as np

    notes = Notes()
    cell, used = rows.fill(at, base, days, notes)
    first, last = int(cell.min()), int(cell.max())
    if last == days.size:  # rows of no use
        useful = cell[cell < last]
        first, last = (int(useful.min()), int(useful.max())) if len(useful) else (0, -1)
    n = last - first + 1

    def place(cells: Ints) -> Ints:
        cells = cells - first
        return np.minimum(cells, n, out=cells)

    return _Stretch(slice(first, last + 1), _sums(notes, place(cell), used, n, place))


def _sums(
    notes: Notes, at: Ints, used: Floats, n: int, place: Callable[[Ints], Ints]
) -> dict[str, npt.NDArray[Any]]:
    """Return what rows add to ``n`` cells, by name; ``at`` is the cell of each row.

    ``place`` finds the cells of the notes, and puts a cell of no use behind the last.
    """
    import numpy as np

    def added(at: Ints, numbers: Floats | None = None) -> npt.NDArray[Any]:
        kind = np.int64 if numbers is None else np.float64
        return np.bincount(at, numbers, minlength=n + 1)[:n].astype(kind, copy=False)

    sums = {"n_rows": added(at), "total": added(at, used)}
    for name, lists in notes.cells.items():
        sums[name] = added(place(np.concatenate(lists)))
    ranges = notes.ranges
    if not len(ranges.cell):
        return sums
    at, out = place(ranges.cell), np.isnan(ranges.used)
    below = ranges.below
    which = {"n_censored": below, "n_below_out": below & out, "n_above": ~below & out,
             "n_above_in": ~below & ~out, "n_over_limit": ranges.over_limit,
             "n_unbounded": ranges.unbounded, "n_out": out}  # fmt: skip
    sums.update({name: added(at[rows]) for name, rows in which.items() if rows.any()})
    for name, numbers, none in (
        ("used", ranges.used, out),
        ("low", ranges.low, ranges.unbounded),
        ("high", ranges.high, ranges.unbounded),
    ):
        sums[name] = added(at, np.where(none, 0.0, numbers))
    return sums


def _cells(key: Ints, sums: dict[str, npt.NDArray[Any]]) -> Cells:
    """Put the sums of the cells that occur together with the readings that have no number."""
    n_rows = sums.pop("n_rows")
    plain = sums.pop("total")  # of the values without a mark
    parts = bounds = n_rows - sums.get("n_missing", 0)
    low = high = total = plain
    if "used" in sums:
        total, low, high = (plain + sums.pop(name) for name in ("used", "low", "high"))
        bounds = parts - sums.pop("n_unbounded", 0)
        parts = parts - sums.pop("n_out", 0)
    return Cells(key, total, low, high, parts, bounds, {**sums, "n": parts})


def _stretches(time: Ints, size: int) -> list[slice]:
    """Cut a table into stretches, so that adding up the cells of each stays cheap.

    Where neighbouring rows are of one time a stretch meets few of the cells; else any of them.
    """
    import numpy as np

    sample = time[:: _STRETCH // 128]
    whole = sample[: len(sample) // 128 * 128].reshape(-1, 128)
    near = whole.size and np.ptp(whole, axis=1).mean() < np.ptp(sample) / 16
    step = _STRETCH if near else max(1 << 20, size)
    return [slice(start, min(start + step, len(time))) for start in range(0, len(time), step)]
