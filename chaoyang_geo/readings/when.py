"""The time of every reading: of its row, of its column, or of what stands around the table."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chaoyang_geo.codes import Coded
from chaoyang_geo.readings import times
from chaoyang_geo.readings.blocks import Table
from chaoyang_geo.readings.cells import cell_text
from chaoyang_geo.readings.context import Fact, said_by
from chaoyang_geo.readings.header import Column
from chaoyang_geo.readings.long import category_of
from chaoyang_geo.readings.rows import Rows
from chaoyang_geo.readings.spans import Moments, clock_text, day_and_clock, with_ends

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def times_of(
    table: Table, rows: Rows, results: list[Column], year: int | None
) -> tuple[dict[str, Any], Coded]:
    """Return time, period and its end, and the flag, of every reading."""
    import numpy as np

    n, m = len(rows.number), len(results)
    flags: dict[Any, str] = {}
    fact = table.facts.get("time")
    grid = table.grid
    has_column = any(table.role(role) is not None for role in ("time", "year", "month", "day"))
    crossed = [c.time for c in results]
    if any(time is not None for time in crossed):
        cells: list[Any] = [
            time if time is not None or fact is None else fact.value for time in crossed
        ] * n
        if has_column:  # 4:00 over the column, 1日 in the row
            cells = [
                cell if clock_text(cell) is None else day_and_clock(rows.time[number // m], cell)
                for number, cell in enumerate(cells)
            ]
        flat_kinds = ["" if c.time is not None or c.section else "cross" for c in results] * n
        where = [table.header_last] * (n * m)
    else:
        own = rows.time
        flat_kinds = rows.kind
        if not has_column:
            own = [fact.value if fact else None] * n
        cells, where = own, rows.number
    month = cell_text(fact.value) if fact is not None else ""
    if fact is not None and re.search(r"月(?:份)?$|\d{4}[-./]\d{1,2}$", month):
        # 8日, or 上旬, under the title 2025年10月
        of_month = re.compile(r"(?:([0-3]?\d)\s*[日号]|([上中下]旬))")
        begin = month.rstrip("份") if "月" in month else re.sub("[-./]", "年", month) + "月"
        for number, cell in enumerate(cells):
            part = of_month.fullmatch(cell.strip()) if isinstance(cell, str) else None
            if part:
                cells[number] = f"{begin}{part[1]}日" if part[1] else f"{begin}{part[2]}"
                flags[cells[number]] = said_by("年月", fact)
            elif day := _dotted_day(
                cell, begin, typed=isinstance(cell, str) and grid.kind == "table"
            ):
                flag = f"“{cell_text(cell).strip()}”按表题的月份作{day}日"
                cells[number] = f"{begin}{day}日"
                flags[cells[number]] = flag
    if fact is not None and fact.kind in ("label", "above", "title"):
        _add_day(cells, fact, flags, year)
    distinct, codes = _distinct(cells)
    ends, end_codes = _distinct(_ends(table, rows, is_crossed=len(cells) > n))
    if grid.days_offset:
        distinct, serial_flags = _with_offset(distinct, grid.days_offset)
        ends, _ = _with_offset(ends, grid.days_offset)
        flags.update(serial_flags)
    # together, as whether midnight is a day or a time is told from all of them
    zone = zone_of(table)
    tz = zone or "Asia/Shanghai"
    parsed = times.parse_times([*distinct, *ends], year=year, tz=tz)
    last = times.ParsedTimes(*(part[len(distinct) :] for part in vars(parsed).values()))
    parsed = times.ParsedTimes(*(part[: len(distinct)] for part in vars(parsed).values()))
    problems = list(map(str, parsed.problem))
    stamp, period, end = (
        parsed.time.copy(),
        np.array(list(map(str, parsed.period)), object),
        parsed.period_end.copy(),
    )
    known_year = _known_year(table)
    for number, problem in enumerate(problems):
        if problem == "no year" and known_year is not None:
            again = times.parse_times([distinct[number]], year=known_year[0], tz=tz)
            if not str(again.problem[0]):
                stamp[number], period[number], end[number] = (
                    again.time[0],
                    again.period[0],
                    again.period_end[0],
                )
                problems[number] = ""
                flags[distinct[number]] = known_year[1]
    sample = [number for number, kind in zip(codes.tolist(), flat_kinds, strict=True) if not kind]
    of_samples = set(sample)
    no_year = {k for k, problem in enumerate(problems) if problem == "no year"} & of_samples
    for number, line in zip(codes.tolist(), where, strict=True) if no_year else ():
        if number in no_year:
            this = dt.date.today().year
            raise ValueError(
                f"{grid.where(line)}: the time “{cell_text(distinct[number])}” has no year; say which: "
                f"year={this} in Python, --year {this} on the command line."
            )
    if has_column and sample and all(problems[number] for number in sample):
        first = next((distinct[k] for k in sample if cell_text(distinct[k]).strip()), None)
        if first is not None:
            why = problems[distinct.index(first)]
            raise ValueError(
                f"{grid.where(table.header_last)}: no time in the column was understood; the first reads "
                f"“{cell_text(first)}”{f'（{why}）' if why != 'no time' else ''}. "
                "Write times like 2026-08-21 20:00."
            )
    texts = []
    for cell, kind, problem in zip(distinct, period, problems, strict=True):
        text = cell_text(cell).strip()
        if not problem:
            converted = (
                f"时间由{zone}换算为北京时间" if zone and kind in ("instant", "range") else ""
            )
            flag = "；".join(words for words in (flags.get(cell, ""), converted) if words)
            if (
                not flag
                and not has_column
                and fact is not None
                and not any(c is not None for c in crossed)
            ):
                flag = said_by("监测时间", fact)
        elif not text:
            flag = "监测时间空白" if has_column else "未注明监测时间"
        else:
            flag = time_problem(text, problem)
        texts.append(flag)
    # a total or a mean needs no time of its own
    blank = np.array([bool(problem) for problem in problems])
    quiet = np.array([bool(kind) for kind in flat_kinds]) & blank[codes]
    if len(ends) > 1 or any(cell is not None for cell in ends):
        found, codes = with_ends(Moments(stamp, period, end, texts), codes, ends, end_codes, last)
        stamp, period, end, texts = found.time, found.period, found.stop, found.flags
    flag_codes = np.where(quiet, len(texts), codes)
    if len(codes) == n and m != 1:
        codes, flag_codes = np.repeat(codes, m), np.repeat(flag_codes, m)
    data = {
        "time": stamp[codes].astype("datetime64[s]"),
        "period": category_of(Coded(list(period), codes)),
        "period_end": end[codes].astype("datetime64[s]"),
    }
    return data, Coded([*texts, ""], flag_codes)


def _add_day(cells: list[Any], fact: Fact, flags: dict[Any, str], year: int | None) -> None:
    """Put the day of a label (采样日期：2025年3月1日) before cells that say only a time of day."""
    day = times.parse_times([fact.value], year=year)
    if str(day.period[0]) != "day":
        return
    for number, cell in enumerate(cells):
        clock = None if cell is None else clock_text(cell)
        if clock is not None:
            cells[number] = f"{day.time[0].astype('datetime64[D]')} {clock}"
            if said := said_by("日期", fact):
                flags[cells[number]] = said


def _ends(table: Table, rows: Rows, *, is_crossed: bool) -> list[Any]:
    """Return the cells that say when the sampling of each row ended; none where no cell may."""
    if is_crossed:
        return []
    if table.role("time_end") is not None:
        return rows.end
    fact = table.facts.get("time_end")
    has_time = any(table.role(role) is not None for role in ("time", "year", "month", "day"))
    return [] if fact is None or has_time else [fact.value] * len(rows.number)


def _distinct(cells: Sequence[Any]) -> tuple[list[Any], npt.NDArray[np.int64]]:
    """Return the distinct cells of a column, and which of them each row has."""
    import numpy as np

    index: dict[Any, int] = {}
    codes = np.fromiter(
        (index.setdefault(_key(cell), len(index)) for cell in cells), np.int64, len(cells)
    )
    return [key[1] for key in index], codes


def time_problem(text: str, problem: str) -> str:
    """Word what is wrong with a time."""
    if problem in ("no time", "no year"):
        return f"监测时间“{text}”无法识别，请写成 2026-08-21 20:00 的样式"
    return f"监测时间“{text}”：{problem}"


def _with_offset(cells: list[Any], days: int) -> tuple[list[Any], dict[Any, str]]:
    """Count Excel's serials from 1899-12-30; return the flags of those that were changed."""
    changed, flags = [], {}
    for cell in cells:
        text = cell_text(cell).strip()
        if not isinstance(cell, dt.date) and re.fullmatch(r"\d{5}(?:\.\d+)?", text):
            cell = float(text) + days
            flags[cell] = (
                f"时间序号{text}按工作簿的日期系统换算，自{dt.date(1899, 12, 30) + dt.timedelta(days)}起算"
            )
        changed.append(cell)
    return changed, flags


def _key(cell: Any) -> tuple[str, Any]:
    """Keep 2025 the number apart from 2025 the text, and a date from a time at midnight."""
    return type(cell).__name__, cell


def _dotted_day(cell: Any, month: str, *, typed: bool) -> str:
    """Return the day of 3.5 in a table of March, where it is no doubt the fifth; else ''.

    A number, or a text file that numbers were written to, has 3.1 for 3.10 too.
    """
    if not isinstance(cell, (str, float)):
        return ""
    found = re.fullmatch(r"0?(\d{1,2})\.(0?[1-9]|[12]\d|3[01])", cell_text(cell).strip())
    own = re.search(r"(\d{1,2})\s*月$", month)
    if found is None or own is None or int(found[1]) != int(own[1]):
        return ""
    return found[2] if typed or found[2] not in ("1", "2", "3") else ""


def zone_of(table: Table) -> str:
    """Return the time zone that the header of the time states, 监测时间(UTC); '' if none."""
    said = (c.meaning.unit for c in table.columns if c.meaning.role in ("time", "clock"))
    zones = (re.sub(r"\s", "", unit).upper() for unit in said)
    own = next((zone for zone in zones if re.match(r"(?:UTC|GMT)(?:[+-]|$)", zone)), "")
    return "" if re.fullmatch(r"(?:UTC|GMT)\+0?8(?::?00)?", own) else own


def _known_year(table: Table) -> tuple[int, str] | None:
    """Return a year that title, label or sheet name states, and the flag that says so."""
    for role in ("year", "time"):
        fact = table.facts.get(role)
        found = re.match(r"(?:19|20)\d{2}", cell_text(fact.value)) if fact is not None else None
        if fact is not None and found:
            where = "工作表名" if fact.kind == "sheet" else "表题"
            return int(found[0]), f"年份取自{where}“{fact.words[:30]}”"
    return None
