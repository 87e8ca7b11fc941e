"""One sample, several rows: duplicates, near duplicates, two laboratories, two results."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chaoyang_geo.doubt.table import NONE, Bools, Ints, Table, combine

_DAY = 86_400


def starts(*columns: np.ndarray) -> Bools:
    """Return where a sorted table begins a new run of equal rows."""
    first = np.zeros(len(columns[0]), bool)
    first[:1] = True
    for column in columns:
        first[1:] |= column[1:] != column[:-1]
    return first


def _run_bounds(first: Bools) -> tuple[Ints, Ints, Ints]:
    """Return of every row: the run's number; and of every run: its first row, its length."""
    begin = np.flatnonzero(first)
    length = np.diff(np.append(begin, len(first)))
    return np.cumsum(first) - 1, begin, length


class Samples:
    """The rows of samples that have more than one row, ordered by sample."""

    def __init__(self, table: Table, *, near_hours: float, near_tolerance: float) -> None:
        self.table = table
        rows = np.flatnonzero((table.series >= 0) & (table.kind != NONE))
        sample = _sample_of(table, rows, near_hours)
        order = np.argsort(sample, kind="stable")
        rows, sample = rows[order], sample[order]
        run, _, length = _run_bounds(starts(sample))
        many = length[run] > 1 if len(rows) else np.zeros(0, bool)
        self.rows, self.sample = rows[many], sample[many]
        self.time = table.time[self.rows]
        self.is_day = table.is_day[self.rows].astype(np.int8)
        self.kind = table.kind[self.rows]
        self.number = table.number[self.rows]
        self.source = table.source.codes[self.rows]
        self.same_result = self._same_results(near_tolerance)

    def _same_results(self, tolerance: float) -> Ints:
        """Return one code for equal results within a sample (within the tolerance)."""
        order = np.lexsort((self.number, self.kind, self.sample))
        number = self.number[order]
        first = starts(self.sample[order], self.kind[order])
        first[1:] |= np.diff(number) > tolerance * np.abs(number[1:])
        codes = np.empty(len(order), np.int64)
        codes[order] = np.cumsum(first)
        return codes

    def duplicates(self) -> Iterator[tuple[int, str]]:
        """Same section, item, time and result."""
        order = np.lexsort((self.rows, self.number, self.kind, self.time, self.is_day, self.sample))
        keys = (self.sample, self.is_day, self.time, self.kind, self.number)
        run, begin, length = _run_bounds(starts(*(key[order] for key in keys)))
        for at in np.flatnonzero(length[run] > 1) if len(order) else ():
            head = begin[run[at]]
            other = self.rows[order[head if at != head else head + 1]]
            yield (
                int(self.rows[order[at]]),
                f"与{self.table.cell(other)}完全重复（同断面、同指标、同时间、同结果，共{length[run[at]]}条）",
            )

    def near_duplicates(self, near_hours: float) -> Iterator[tuple[int, str]]:
        """Same section, item and result, at nearly the same time."""
        order = np.lexsort((self.rows, self.is_day, self.time, self.same_result))
        run, begin, length = _run_bounds(starts(self.same_result[order]))
        time, is_day = self.time[order], self.is_day[order]
        for at in np.flatnonzero(length[run] > 1) if len(order) else ():
            head, tail = begin[run[at]], begin[run[at]] + length[run[at]] - 1
            partner = next(
                (p for p in (head, tail) if time[p] != time[at] or is_day[p] != is_day[at]), None
            )
            if partner is None:
                continue
            row, other = int(self.rows[order[at]]), self.rows[order[partner]]
            if is_day[at] != is_day[partner]:
                apart = "同日，其中一条未写时刻"
            else:
                apart = f"相隔{abs(int(time[partner] - time[at])) / 60:g}分钟"
            yield (
                row,
                f"与{self.table.cell(other)}疑似重复（{self.table.item_name(row)}同为"
                f"{self.table.result(other)}，{apart}；规则：间隔短于{near_hours:g}小时）".replace(
                    "；", "，"
                ),
            )

    def two_laboratories(self) -> Iterator[tuple[int, str]]:
        """One sample, different results from different laboratories or files."""
        for row, other in self._pairs(self.sample, other_source=True):
            yield (
                row,
                f"同一样品有两个来源的结果：{self._who(row)}为{self.table.result(row)}，"
                f"{self._who(other)}（{self.table.cell(other)}）为{self.table.result(other)}",
            )

    def conflicts(self) -> Iterator[tuple[int, str]]:
        """One time, different results in the same file."""
        order = np.lexsort((self.source, self.is_day, self.time, self.sample))
        keys = (self.sample, self.time, self.is_day, self.source)
        group = np.empty(len(order), np.int64)
        group[order] = np.cumsum(starts(*(key[order] for key in keys)))
        for row, other in self._pairs(group, other_source=False):
            yield (
                row,
                f"同一来源、同一时间有不同结果：本行为{self.table.result(row)}，"
                f"{self.table.cell(other)}为{self.table.result(other)}",
            )

    def _pairs(self, group: Ints, *, other_source: bool) -> Iterator[tuple[int, int]]:
        """Yield each row with another of its group that has another result (and source)."""
        order = np.lexsort((self.rows, self.source, self.same_result, group))
        _, begin, length = _run_bounds(starts(group[order]))
        results = (
            np.add.reduceat(starts(group[order], self.same_result[order]), begin)
            if len(order)
            else begin
        )
        for head, size in zip(begin[results > 1], length[results > 1], strict=True):
            members = order[head : head + size]
            # two results of each source are enough to find one that differs
            seen: dict[int, dict[int, int]] = {}
            for member in members:
                results_of = seen.setdefault(int(self.source[member]), {})
                if len(results_of) < 2:
                    results_of.setdefault(int(self.same_result[member]), int(member))
            for member in members:
                own, result = int(self.source[member]), int(self.same_result[member])
                partner = next(
                    (
                        partner
                        for source, results_of in seen.items()
                        if (source != own) == other_source
                        for its_result, partner in results_of.items()
                        if its_result != result
                    ),
                    None,
                )
                if partner is not None:
                    yield int(self.rows[member]), int(self.rows[partner])

    def _who(self, row: int) -> str:
        return self.table.source.at(row).replace("；", ";") or "未注明来源"


def _sample_of(table: Table, rows: Ints, near_hours: float) -> Ints:
    """Return one code for each sample: same series, times closer than ``near_hours``.

    A chain of readings that is longer than that in all is a series of samples, as automatic
    stations write them, and each time is then a sample of its own. A value with a day but
    no hour belongs to the only sample of that day, if there is only one.
    """
    series, time, is_day = table.series[rows], table.time[rows], table.is_day[rows]
    sample = np.empty(len(rows), np.int64)
    near = near_hours * 3600

    exact = np.flatnonzero(~is_day)
    order = exact[np.lexsort((time[exact], series[exact]))]
    first = starts(series[order])
    apart = np.zeros(len(order), bool)
    apart[1:] = np.diff(time[order]) > 0
    far = np.zeros(len(order), bool)
    far[1:] = np.diff(time[order]) >= near
    first |= far & apart
    run, begin, length = _run_bounds(first)
    end = time[order][begin + length - 1] if len(order) else begin
    long = (end - time[order][begin] >= near) & (end > time[order][begin])
    if long.any():
        first |= apart & long[run]
        run, begin, length = _run_bounds(first)
    sample[order] = run

    days = np.flatnonzero(is_day)
    if len(days):
        heads = order[begin]
        both = np.concatenate([heads, days])
        day = time[both] // _DAY
        key = combine(series[both], day - day.min())
        of_head, of_day = key[: len(heads)], key[len(heads) :]
        ranked = np.argsort(of_head, kind="stable")
        _, at, count = _run_bounds(starts(of_head[ranked]))
        known = of_head[ranked][at]
        place = np.searchsorted(known, of_day)
        found = place < len(known)
        found[found] = (known[place[found]] == of_day[found]) & (count[place[found]] == 1)
        _, own = np.unique(of_day, return_inverse=True)
        sample[days] = len(begin) + own
        sample[days[found]] = ranked[at[place[found]]]
    return sample
