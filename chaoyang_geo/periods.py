"""Means of sections over periods, by the rules for the statistics of monitoring data.

Values below detection enter with half their limit; pH is averaged through the hydrogen ion
(环办监测函〔2020〕82号). Every mean says how many values it rests on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoyang_geo.codes import (
    Coded,
    category,
    coded,
    combinations,
    distinct_texts,
    each_block,
    optional,
)
from chaoyang_geo.schema import one_of, require

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from chaoyang_geo.codes import Codes

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

#: What a value below detection counts as, in parts of its detection limit.
CENSORED: dict[str, float] = {"half_limit": 0.5, "limit": 1.0, "zero": 0.0, "drop": float("nan")}

#: Periods that means are taken over, as numpy's calendar units.
PERIODS: dict[str, str] = {"day": "D", "month": "M", "quarter": "M", "year": "Y"}

MEAN_COLUMNS: tuple[str, ...] = (
    "period", "period_end", "item", "unit", "mean", "n", "n_censored", "n_above", "n_missing",
    "mean_flag",
)  # fmt: skip


def mean_readings(
    readings: pd.DataFrame | Iterable[pd.DataFrame],
    *,
    period: str = "month",
    by: Sequence[str] = ("section_code",),
    censored: str = "half_limit",
) -> pd.DataFrame:
    """Average readings to one value for each section, period and item.

    Rows that are no sample (``row_kind``) and rows without a time stay out. Nothing is
    rounded: that is the last step, before a mean is compared with a limit.

    Required columns: those of ``by``, ``time``, ``item``, ``value``; used where present:
    ``unit``, ``censored``, ``detection_limit``, ``row_kind``.

    Parameters
    ----------
    readings : DataFrame, or iterable of DataFrames
        The long table of :func:`read_readings`; or pieces of it, as from
        :func:`stream_readings`, of which only sums are held in memory.
    period : {"day", "month", "quarter", "year"}
        Calendar periods, China Standard Time.
    by : sequence of str
        Columns that name a section; any other column of text may be added.
    censored : {"half_limit", "limit", "zero", "drop"}
        What a value below detection enters as. A reading that has a value, from
        ``substitute`` for instance, enters with it.

    Returns
    -------
    DataFrame, one row per combination of ``by``, period and item that has a reading
        in order of ``by``, period and item: the columns of ``by``, ``period`` (its begin),
        ``period_end``, ``item``, ``unit``, ``mean`` (missing without a number; in ``unit``),
        ``n`` (values in the mean), ``n_censored`` (of them below detection, with ``drop`` not
        of them), ``n_above`` (above range, not in the mean), ``n_missing`` (readings without
        a result), ``mean_flag`` (why the mean is missing or doubtful).

    Raises
    ------
    SchemaError
        A required column is missing.
    ValueError
        Unknown ``period`` or ``censored``.

    Notes
    -----
    Source: 环办监测函〔2020〕82号: below detection half the limit (also SL 219-2013 12.2.5);
    pH from the arithmetic mean of the hydrogen ion, -log10(mean(10^-pH)), known from one source.
    No rule was found for the least number of values of a mean, so ``n`` is given for each.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo import mean_readings
    >>> readings = pd.DataFrame({
    ...     "section_code": "S1", "time": pd.to_datetime(["2025-10-01", "2025-10-08", "2025-10-15"]),
    ...     "item": ["ph", "ph", "tp"], "value": [7.0, 8.0, float("nan")],
    ...     "censored": ["", "", "<"], "detection_limit": [float("nan"), float("nan"), 0.01]})
    >>> mean_readings(readings)[["section_code", "period", "item", "mean", "n", "n_censored"]]
      section_code     period item      mean  n  n_censored
    0           S1 2025-10-01   ph  7.259637  2           0
    1           S1 2025-10-01   tp  0.005000  1           1
    """
    import pandas as pd

    one_of("period", period, PERIODS)
    one_of("censored", censored, CENSORED)
    sums = _Sums(list(by), period, CENSORED[censored])
    for piece in [readings] if isinstance(readings, pd.DataFrame) else readings:
        sums.add(piece)
    return sums.table()


@dataclass
class _Cells:
    """Sums of the combinations of group, period and item that occur, each with its key."""

    key: Ints
    total: Floats
    counts: Ints  # a row for each of n, n_censored, n_above, n_missing, n_below_out

    @classmethod
    def joined(cls, parts: list[_Cells]) -> _Cells:
        """Add up the parts, so that each key is there once."""
        import numpy as np

        if len(parts) == 1:
            return parts[0]
        key, place = np.unique(np.concatenate([part.key for part in parts]), return_inverse=True)
        totals = np.concatenate([part.total for part in parts])
        total = np.bincount(place, totals, minlength=len(key)).astype(np.float64)
        counts = np.concatenate([part.counts for part in parts], axis=1)
        summed = [np.bincount(place, row, minlength=len(key)).astype(np.int64) for row in counts]
        return cls(key, total, np.array(summed))


_COUNTS = ("n", "n_censored", "n_above", "n_missing", "n_below_out")
_MOST_CELLS = 4_000_000  # of pieces, before they are added up
_ITEMS_BITS, _PERIODS_BITS = 16, 22  # of a key of 63 bits
_ITEMS_MAX, _PERIODS_MAX = 1 << _ITEMS_BITS, 1 << _PERIODS_BITS


@dataclass
class _Sums:
    """Sums over the pieces of a table; their keys number groups and items over all pieces."""

    by: list[str]
    period: str
    share: float
    groups: dict[tuple[str, ...], int] = field(default_factory=dict)
    items: dict[tuple[str, str], int] = field(default_factory=dict)
    parts: list[_Cells] = field(default_factory=list)

    def add(self, readings: pd.DataFrame) -> None:
        """Add the readings of a piece."""
        import numpy as np

        require(readings, [*self.by, "time", "item", "value"], table="readings")
        if not len(readings):
            return
        group, groups = _numbered([coded(readings[name]) for name in self.by])
        item, items = _numbered([coded(readings["item"]), optional(readings, "unit")])
        for texts in groups:
            self.groups.setdefault(texts, len(self.groups))
        for pair in items:
            self.items.setdefault((pair[0], pair[1]), len(self.items))
        share, period = self.share, self.period
        cells = _piece_cells(readings, group, len(groups), item, items, period, share)
        # local numbers to those over all pieces
        per_item = len(items)
        here = cells.key % per_item
        rest = cells.key // per_item
        group_of = np.array([self.groups[texts] for texts in groups])
        item_of = np.array([self.items[pair[0], pair[1]] for pair in items])
        number = rest // len(groups) + _PERIODS_MAX // 2
        key = (group_of[rest % len(groups)] * _PERIODS_MAX + number) * _ITEMS_MAX
        self.parts.append(_Cells(key + item_of[here], cells.total, cells.counts))
        if sum(len(part.key) for part in self.parts) > _MOST_CELLS:
            self.parts = [_Cells.joined(self.parts)]

    def table(self) -> pd.DataFrame:
        """Return the means in order of group, period and item."""
        import numpy as np
        import pandas as pd

        groups, items = list(self.groups), list(self.items)
        if self.parts:
            cells = _Cells.joined(self.parts)
        else:
            cells = _Cells(
                np.zeros(0, np.int64), np.zeros(0), np.zeros((len(_COUNTS), 0), np.int64)
            )
        item, rest = cells.key & (_ITEMS_MAX - 1), cells.key >> _ITEMS_BITS
        group, number = rest >> _PERIODS_BITS, rest & (_PERIODS_MAX - 1)
        place = (_ranks(groups)[group] << _PERIODS_BITS) + number
        place = (place << _ITEMS_BITS) + _ranks(items)[item]
        number -= _PERIODS_MAX // 2  # periods before 1970 are negative
        total, found = cells.total, cells.counts
        if (place[1:] < place[:-1]).any():
            order = np.argsort(place)
            group, number, item, total = group[order], number[order], item[order], total[order]
            found = found[:, order]
        counts = dict(zip(_COUNTS, found, strict=True))
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = total / counts["n"]
            acid = np.flatnonzero(np.array([key == "ph" for key, _ in items], bool)[item])
            mean[acid] = -np.log10(mean[acid])
        out: dict[str, Any] = {
            name: category([texts[k] for texts in groups], group) for k, name in enumerate(self.by)
        }
        out["period"] = _begins(number, self.period)
        out["period_end"] = _begins(number + 1, self.period)
        out["item"] = category([key for key, _ in items], item)
        out["unit"] = category([unit for _, unit in items], item)
        out["mean"] = mean
        for name in _COUNTS[:-1]:
            out[name] = counts[name]
        out["mean_flag"] = _flags(counts, self.share)
        return pd.DataFrame({name: out[name] for name in (*self.by, *MEAN_COLUMNS)}, copy=False)


def _piece_cells(
    readings: pd.DataFrame,
    group: Codes,
    n_groups: int,
    item: Codes,
    items: list[tuple[str, ...]],
    period: str,
    share: float,
) -> _Cells:
    """Sum one piece; the key counts items first, then groups, then periods since 1970."""
    import numpy as np

    n = len(readings)
    time = readings["time"].to_numpy().astype("datetime64[s]", copy=False).view(np.int64)
    kinds, signs = optional(readings, "row_kind"), optional(readings, "censored")
    is_sample = np.array([text in ("", "sample") for text in kinds.texts], bool)
    is_below = np.array([text == "<" for text in signs.texts], bool)
    is_above = np.array([text == ">" for text in signs.texts], bool)
    is_acid = np.array([pair[0] == "ph" for pair in items], bool)
    values = readings["value"].to_numpy("float64", na_value=np.nan)
    limits = (
        readings["detection_limit"].to_numpy("float64", na_value=np.nan)
        if "detection_limit" in readings
        else None
    )
    calendar = _Calendar.of(time, period)
    per_period = n_groups * len(items)
    size = calendar.n * per_period
    if size >= 1 << 31:
        raise ValueError(
            f"readings: {n_groups:,} sections x {len(items):,} items x {calendar.n:,} periods are "
            "more than are averaged at once; check the times, or give the table in pieces."
        )
    base = np.arange(n_groups) * len(items)
    total, n_rows = np.zeros(size), np.zeros(size, np.int64)
    found: dict[str, list[Ints]] = {name: [] for name in _COUNTS}
    # a step of at least as many rows as there are sums, so that adding them up stays cheap
    step = max(1 << 20, size)
    cells, used = np.empty(min(n, step), np.int64), np.empty(min(n, step))
    for start in range(0, n, step):
        rows = min(step, n - start)

        def fill(here: slice, start: int = start) -> None:
            """Find the sum that each row adds to, and what it adds; the last sum is of no use."""
            at = slice(start + here.start, start + here.stop)
            cell, value = cells[here], used[here]
            value[:] = values[at]
            calendar.place(time[at], per_period, cell)
            out = np.flatnonzero(cell < 0)
            cell += np.take(base, group[at], mode="clip")
            cell += item[at]
            if not is_sample.all():
                out = np.union1d(out, np.flatnonzero(~is_sample[kinds.codes[at]]))
            sign = signs.codes[at]
            gaps = np.flatnonzero(np.isnan(value))
            below, above = is_below[sign[gaps]], is_above[sign[gaps]]
            if limits is not None:
                lower = gaps[below]
                value[lower] = limits[at][lower] * share
            if is_acid.any():
                acid = _rows_of(item[at], is_acid)
                value[acid] = 10.0 ** -value[acid]
            empty = np.isnan(value[gaps])
            value[gaps[empty]] = 0.0
            value[out] = 0.0
            cell[out] = size
            found["n"].append(cell[gaps[empty]])
            found["n_censored"].append(cell[_rows_of(sign, is_below)])
            found["n_above"].append(cell[gaps[above]])
            found["n_missing"].append(cell[gaps[~below & ~above]])
            found["n_below_out"].append(cell[gaps[below & empty]])

        each_block(rows, fill)
        total += np.bincount(cells[:rows], used[:rows], minlength=size + 1)[:size]
        n_rows += np.bincount(cells[:rows], minlength=size + 1)[:size]
    counts = np.array(
        [np.bincount(np.concatenate(parts), minlength=size + 1)[:size] for parts in found.values()]
    )
    counts[0] = n_rows - counts[0]
    some = np.flatnonzero(counts.any(axis=0))
    key = some + calendar.first * per_period
    return _Cells(key, total[some], counts[:, some])


def _rows_of(codes: Codes, wanted: npt.NDArray[np.bool_]) -> Ints:
    """Return the rows whose code is wanted; one code is quicker compared than looked up."""
    import numpy as np

    which = np.flatnonzero(wanted)
    if len(which) == 1:
        return np.flatnonzero(codes == which[0])
    return np.flatnonzero(wanted[codes])


@dataclass
class _Calendar:
    """Numbers periods from the first that occurs."""

    first: int  # periods since 1970
    n: int
    first_day: int
    of_day: Ints

    @classmethod
    def of(cls, time: Ints, period: str) -> _Calendar:
        import numpy as np

        known = time[time != _NAT] if (time == _NAT).any() else time
        if not len(known):
            return cls(0, 0, 0, np.zeros(1, np.int64))
        day, last = int(known.min()) // _DAY, int(known.max()) // _DAY
        days = np.arange(day, last + 1).astype("datetime64[D]")
        numbers = days.astype(f"datetime64[{PERIODS[period]}]").astype(np.int64)
        if period == "quarter":
            numbers //= 3
        first = int(numbers[0])
        return cls(first, int(numbers[-1]) - first + 1, day, numbers - first)

    def place(self, time: Ints, per_period: int, cell: Ints) -> None:
        """Write where the sums of each row's period begin; a negative number without a time."""
        import numpy as np

        np.floor_divide(time, _DAY, out=cell)
        cell -= self.first_day
        gaps = np.flatnonzero(time == _NAT)
        np.take(self.of_day * per_period, cell, out=cell, mode="clip")
        cell[gaps] = _NAT // 2


_DAY = 86_400
_NAT = -(1 << 63)


def _begins(numbers: Ints, period: str) -> npt.NDArray[np.datetime64]:
    import numpy as np

    first = int(numbers.min()) if len(numbers) else 0
    last = int(numbers.max()) if len(numbers) else 0
    each = np.arange(first, last + 1) * (3 if period == "quarter" else 1)
    begins = each.astype(f"datetime64[{PERIODS[period]}]").astype("datetime64[s]")
    return begins[numbers - first]


def _numbered(columns: list[Coded]) -> tuple[Codes, list[tuple[str, ...]]]:
    """Number the combinations of some columns that occur; return them, too."""
    columns = [distinct_texts(column) for column in columns]
    codes, found = combinations(columns)
    texts = [tuple(c.texts[k] for c, k in zip(columns, keys, strict=True)) for keys in found]
    return codes, texts


def _ranks(keys: Sequence[Any]) -> Ints:
    """Return the place of every key among the sorted keys."""
    import numpy as np

    ranks = np.zeros(len(keys), np.int64)
    ranks[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    return ranks


def _flags(counts: dict[str, Ints], share: float) -> pd.Categorical:
    """Say what a mean leaves out; only the combinations of counts that occur are worded."""
    import numpy as np

    above, left_out, none = counts["n_above"], counts["n_below_out"], counts["n"] == 0
    place = np.zeros(len(none), np.int32)
    rows = np.flatnonzero((above > 0) | (left_out > 0) | none)
    number = {(False, 0, 0): 0}
    found = zip(none[rows].tolist(), left_out[rows].tolist(), above[rows].tolist(), strict=True)
    place[rows] = [number.setdefault(counts_here, len(number)) for counts_here in found]
    why = "而无检出限" if share == share else "，按 drop"
    texts = []
    for is_none, n_out, n_above in number:
        parts = ["没有可平均的数值"] if is_none else []
        parts += [f"{n_out}个读数低于检出限{why}，未计入"] if n_out else []
        parts += [f"{n_above}个读数高于量程，未计入"] if n_above else []
        texts.append("；".join(parts))
    return category(texts, place)
