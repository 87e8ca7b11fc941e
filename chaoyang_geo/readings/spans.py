"""Begin and end of a sampling in columns of their own: which column is which, and the period."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chaoyang_geo.readings import times
from chaoyang_geo.readings.cells import cell_text
from chaoyang_geo.readings.header import REPEATED, Column
from chaoyang_geo.readings.sheet import Sheet

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

TIME_END = "与开始时间合为时段"
ONLY_END = "只有结束时间而无开始时间，未读入"
_CLOCK = re.compile(
    r"(?:上午|下午|中午|凌晨|早上|早晨|傍晚|晚上)?\s*\d{1,2}\s*[:：时点]\s*\d{0,2}.*"
    r"|(?:上午|下午|中午|凌晨|早上|早晨|傍晚|晚上)\s*\d{1,2}|\d{1,2}:\d{2}(?::\d{2})?\s*[ap]m",
    re.IGNORECASE,
)


def clock_text(cell: Any) -> str | None:
    """Return the time of day that a cell is and nothing more; None for any other cell.

    Examples
    --------
    >>> from chaoyang_geo.readings.spans import clock_text
    >>> clock_text(0.3541666666666667), clock_text("下午2时"), clock_text("2025-10-08 08:30")
    ('08:30:00', '下午2时', None)
    """
    if isinstance(cell, dt.datetime):
        return f"{cell:%H:%M:%S}" if cell.year < 1901 else None  # a time alone, of day 0
    if isinstance(cell, dt.time):
        return f"{cell:%H:%M:%S}"
    if isinstance(cell, dt.timedelta):
        cell = cell.total_seconds() / 86400
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        if not 0 <= cell < 1:
            return None
        seconds = round(cell * 86400)  # Excel counts a day as 1
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    text = cell_text(cell).strip()
    return text if _CLOCK.fullmatch(text) else None


def day_and_clock(one: Any, other: Any) -> Any:
    """Put a day and a time of day together, whichever comes first; else the second counts."""
    clocks = [None if cell is None else clock_text(cell) for cell in (one, other)]
    day, clock = (one, clocks[1]) if clocks[1] is not None else (other, clocks[0])
    if one is None or clock is None or None not in clocks:
        return other
    said = f"{day:%Y-%m-%d}" if isinstance(day, dt.date) else cell_text(day).strip()
    return f"{said} {clock}"


def are_clocks(sheet: Sheet, column: int, start: int, end: int) -> bool:
    """Tell a column of times of day by its first cells."""
    cells = [sheet.raw(row, column) for row in range(start, min(end, start + 20))]
    cells = [cell for cell in cells if cell is not None]
    return bool(cells) and all(clock_text(cell) is not None for cell in cells)


def with_spans(sheet: Sheet, columns: Sequence[Column], start: int, end: int) -> list[Column]:
    """Decide what the columns of begin and end are, beside those of the time."""
    found = list(columns)
    places = {
        role: [number for number, c in enumerate(found) if c.meaning.role == role]
        for role in ("time", "time_begin", "time_end", "clock")
    }
    has_time = bool(places["time"]) or any(c.meaning.role in ("year", "month") for c in found)

    def give(number: int, role: str, note: str = "") -> None:
        meaning = replace(
            found[number].meaning, role=role, note=note
        )  # 开始时间(UTC) keeps its zone
        found[number] = replace(found[number], meaning=meaning)

    def filled(number: int) -> int:
        column = found[number].column
        return sum(sheet.filled(row, column) is not None for row in range(start, end))

    for number in places["time_begin"]:
        is_clock = are_clocks(sheet, found[number].column, start, end)
        if not has_time:
            give(number, "time")
            has_time = True
        elif is_clock and not places["clock"]:
            give(number, "clock")
            places["clock"].append(number)
        elif places["time_end"] and places["time"] and filled(number) >= filled(places["time"][0]):
            for other in places["time"]:  # 监测月份 beside begin and end of the sampling
                give(other, "ignore", REPEATED)
            places["time"] = []
            give(number, "time")
        else:
            give(number, "ignore", REPEATED)
    first = True
    for number in places["time_end"]:
        if not has_time:
            give(number, "ignore", ONLY_END)
        elif first:
            give(number, "time_end", TIME_END)
            first = False
        elif are_clocks(sheet, found[number].column, start, end):
            give(number, "clock_end", TIME_END)
        else:
            give(number, "ignore", REPEATED)
    return found


@dataclass
class Moments:
    """Distinct times with the period that each stands for, and what is wrong with it."""

    time: npt.NDArray[np.datetime64]
    period: npt.NDArray[np.object_]
    stop: npt.NDArray[np.datetime64]
    flags: list[str]


def with_ends(
    begin: Moments,
    codes: npt.NDArray[np.int64],
    ends: Sequence[Any],
    end_codes: npt.NDArray[np.int64],
    last: times.ParsedTimes,
) -> tuple[Moments, npt.NDArray[np.int64]]:
    """Let every time stand for what lies between it and its end.

    ``codes`` and ``end_codes`` say which of the distinct times, and which of the distinct cells
    ``ends`` with their meanings ``last``, each row has. Returns the distinct pairs, and which of
    them each row has.
    """
    import numpy as np

    width = len(ends)
    distinct, pair = np.unique(codes * width + end_codes, return_inverse=True)
    n = len(distinct)
    found = Moments(
        np.empty(n, "datetime64[s]"), np.empty(n, object), np.empty(n, "datetime64[s]"), [""] * n
    )
    for at, (code, end) in enumerate(zip(*np.divmod(distinct, width), strict=True)):
        own = (begin.time[code], begin.period[code], begin.stop[code], begin.flags[code])
        said = (last.time[end], str(last.period[end]), last.period_end[end], str(last.problem[end]))
        found.time[at], found.period[at], found.stop[at], found.flags[at] = _one(
            own, ends[end], said
        )
    return found, pair.astype(np.int64)


def _one(own: tuple[Any, ...], cell: Any, said: tuple[Any, ...]) -> tuple[Any, ...]:
    import numpy as np

    begin, period, stop, flag = own
    text = cell_text(cell).strip()
    if not text:
        return begin, period, stop, _joined(flag, "" if np.isnat(begin) else "结束时间空白")
    day = None if np.isnat(begin) else begin.astype("datetime64[D]").item()
    clock = clock_text(cell)
    if clock is not None and day is not None:
        cell = f"{day:%Y-%m-%d} {clock}"
    if day is not None and (clock is not None or said[3] == "no year"):
        again = times.parse_times([cell], year=day.year)
        said = (again.time[0], str(again.period[0]), again.period_end[0], str(again.problem[0]))
    time, its_period, its_stop, problem = said
    if problem:
        return begin, period, stop, _joined(flag, f"结束时间“{text}”无法识别，未取时段")
    if np.isnat(begin):
        if "空白" not in flag:  # it says something that is not understood
            return begin, period, stop, flag
        return time, its_period, its_stop, "开始时间空白，按结束时间"
    until = time if np.isnat(its_stop) else its_stop
    if until == stop or (until == begin and np.isnat(stop)):
        return begin, period, stop, flag  # from a day to the same day
    if until <= begin:
        return begin, period, stop, _joined(flag, f"起止时间颠倒（结束“{text}”），未取时段")
    return begin, "range", until, flag


def _joined(*flags: str) -> str:
    return "；".join(flag for flag in flags if flag)
