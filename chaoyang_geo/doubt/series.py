"""A section's own history: sudden jumps and sensors that stand still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chaoyang_geo.doubt.repeats import starts
from chaoyang_geo.doubt.table import BELOW, NUMBER, Bools, Floats, Ints, Table

if TYPE_CHECKING:
    import pandas as pd

_CHUNK = 65_536  # rows whose windows are held in memory at once
_MAD_TO_SIGMA = 1.4826  # of a normal distribution


@dataclass
class History:
    """The values of every series in order of time; rows from ``judged_from`` on are judged."""

    table: Table
    judged_from: int

    def ordered(self, chosen: Bools) -> Ints:
        """Return the chosen rows by series and time, without history that repeats a judged row."""
        table = self.table
        rows = np.flatnonzero(chosen & (table.series >= 0))
        judged = rows >= self.judged_from
        # by number too, so that the order of the table does not matter
        order = np.lexsort((table.number[rows], table.time[rows], table.series[rows]))
        rows, judged = rows[order], judged[order]
        time_run = np.cumsum(starts(table.series[rows], table.time[rows])) if len(rows) else rows
        has_judged = np.zeros(int(time_run[-1]) + 1 if len(rows) else 0, bool)
        has_judged[time_run[judged]] = True
        return rows[judged | ~has_judged[time_run]]

    def jumps(
        self,
        *,
        bounds: pd.DataFrame,
        window: int,
        min_values: int,
        times_mad: float,
        share: float,
    ) -> Iterator[tuple[int, str]]:
        """Yield the rows that lie far from the median of the values before them.

        The rule: with m the median and s = 1.4826 MAD of the ``window`` values before (at
        least ``min_values``), a value jumps when \\|v - m\\| > ``times_mad`` s and is at least the
        item's least jump and, for concentrations, more than ``share`` of m.
        """
        table = self.table
        # a value below detection stands in the history at its limit: never higher than that
        rows = self.ordered((table.kind == NUMBER) | (table.kind == BELOW))
        if not len(rows):
            return
        values, is_number = table.number[rows], table.kind[rows] == NUMBER
        begin = _begin_of_run(table.series[rows])
        # rows of one time are not each other's history
        now = _begin_of_run(table.series[rows], table.time[rows])
        before = np.minimum(now - begin, window)
        judged = np.flatnonzero(
            is_number & (rows >= self.judged_from) & (before >= max(min_values, 1))
        )
        least, by_ratio = _least_jumps(table, bounds)
        code = table.item.codes[rows]
        padded = np.concatenate([np.full(window, np.nan), values])
        windows = np.lib.stride_tricks.sliding_window_view(padded, window)
        for at in range(0, len(judged), _CHUNK):
            part = judged[at : at + _CHUNK]
            held = windows[now[part]]
            held = np.where(np.arange(window) >= window - before[part, None], held, np.nan)
            median = _row_median(held, before[part])
            away = np.abs(values[part] - median)
            floor = least[code[part]]
            floor = np.where(by_ratio[code[part]], np.maximum(floor, share * np.abs(median)), floor)
            far = np.flatnonzero((away > floor) & (away > 0))
            spread = _MAD_TO_SIGMA * _row_median(
                np.abs(held[far] - median[far, None]), before[part[far]]
            )
            jumped = away[far] > times_mad * spread
            for pick, its_spread in zip(far[jumped], spread[jumped], strict=True):
                place = part[pick]
                yield (
                    int(rows[place]) - self.judged_from,
                    self._jump_sentence(
                        int(rows[place]),
                        median=float(median[pick]),
                        spread=float(its_spread),
                        count=int(before[place]),
                        floor=float(floor[pick]),
                        times_mad=times_mad,
                    ),
                )

    def _jump_sentence(
        self, row: int, *, median: float, spread: float, count: int, floor: float, times_mad: float
    ) -> str:
        table = self.table
        unit = table.unit.at(row)
        after = f" {unit}" if unit else ""
        change = table.number[row] - median
        return (
            f"{table.item_name(row)}{table.result(row)}较本断面此前{count}个值的中位数"
            f"{median:.4g}{after}突{'升' if change > 0 else '降'}{abs(change):.4g}（规则：偏离超过"
            f"{times_mad:g}倍稳健标准差{spread:.3g}，且大于{floor:.3g}）"
        )

    def stuck(
        self,
        *,
        min_values: int,
        min_days: float,
        gap_hours: float,
        skip: frozenset[str],
        freezing: float,
    ) -> Iterator[tuple[int, str]]:
        """Yield the rows of runs of one value that no living sensor would give."""
        table = self.table
        skipped = np.append(np.isin(table.item.texts.astype(str), sorted(skip)), False)
        temperature = np.append(table.item.texts == "water_temp", False)
        under_ice = temperature[table.item.codes] & (table.number <= freezing)
        chosen = (table.kind == NUMBER) & ~skipped[table.item.codes] & ~under_ice
        rows = self.ordered(chosen)
        if not len(rows):
            return
        series, time, value = table.series[rows], table.time[rows], table.number[rows]
        first = starts(series, value)
        first[1:] |= np.diff(time) > gap_hours * 3600
        begin = np.flatnonzero(first)
        end = np.append(begin[1:], len(rows)) - 1
        new_time = np.cumsum(starts(series, time))
        times = new_time[end] - new_time[begin] + 1
        days = (time[end] - time[begin]) / 86_400
        for run in np.flatnonzero((times >= min_values) & (days >= min_days)):
            row = int(rows[begin[run]])
            sentence = (
                f"{table.item_name(row)}连续{times[run]}次、{days[run]:.3g}天不变"
                f"（{table.result(row)}，{_moment(time[begin[run]])}至{_moment(time[end[run]])}），"
                "疑仪器停滞"
            )
            for place in range(int(begin[run]), int(end[run]) + 1):
                if rows[place] >= self.judged_from:
                    yield int(rows[place]) - self.judged_from, sentence


def _begin_of_run(*columns: Ints) -> Ints:
    """Return for every row the first row of its run of equal keys."""
    first = starts(*columns)
    return np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))


def _least_jumps(table: Table, bounds: pd.DataFrame) -> tuple[Floats, Bools]:
    """Return for every item its least jump, and whether the usual level counts as well."""
    least = np.zeros(len(table.item.texts) + 1)
    by_ratio = np.ones(len(least), bool)
    if "least_jump" not in bounds:
        return least, by_ratio
    how = bounds["jump_by"] if "jump_by" in bounds else ["ratio"] * len(bounds)
    rule = {
        str(item): (value, by != "difference")
        for item, value, by in zip(bounds["item"], bounds["least_jump"], how, strict=True)
    }
    for code, item in enumerate(table.item.texts):
        value, by_ratio[code] = rule.get(str(item), (0.0, True))
        least[code] = 0.0 if np.isnan(value) else value
    return least, by_ratio


def _row_median(held: Floats, count: Ints) -> Floats:
    """Return the median of each row; its ``count`` numbers stand among missing values."""
    ranked = np.sort(held, axis=1)  # missing values come last
    row = np.arange(len(held))
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    low, high = np.minimum(low, held.shape[1] - 1), np.minimum(high, held.shape[1] - 1)
    result: Floats = (ranked[row, low] + ranked[row, high]) / 2
    return result


def _moment(seconds: int) -> str:
    return str(np.datetime64(int(seconds), "s"))[:16].replace("T", " ")
