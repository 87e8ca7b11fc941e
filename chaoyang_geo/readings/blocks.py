"""Where the tables of a sheet are: headers of one to three rows, blocks, forms and their words."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from chaoyang_geo.readings.cells import Grid, cell_text
from chaoyang_geo.readings.context import (
    SECTION_ROLES,
    Fact,
    facts_above,
    labels_in,
    sheet_facts,
    stale_facts,
    title_facts,
)
from chaoyang_geo.readings.groups import with_groups
from chaoyang_geo.readings.header import (
    COMPARED,
    REPEATED,
    SECTION_OR_ITEM,
    Column,
    Meaning,
    Words,
    fold,
    is_unit,
)
from chaoyang_geo.readings.sheet import Sheet, is_data, is_time_like

_FIRST_CELLS = 4
_FIRST_ROWS = 60  # every row of these may be a header; later ones only if they begin like one
_HEADER_HEIGHT = 3
_TIMES = ("time", "year", "month", "day", "clock")
_KEYS = (*SECTION_ROLES, *_TIMES, "item", "value")


# a column of another period than the table's, or of a difference
_COMPARED = re.compile(
    r"(?:^| )(?:上年同期|去年同期|上年|去年|上月|上季度?|同期|同比|环比|变化|增减|变幅)"
)
_NO_SECTION = re.compile(r"[ⅠⅡⅢⅣⅤ]|^[IV]+类|标准|限值")  # 项目 | Ⅰ类 | Ⅱ类 is a table of limits


@dataclass
class Table:
    """One table of a sheet: its header, its columns, its rows, and what is said around it."""

    grid: Grid
    header_first: int
    header_last: int
    end: int  # first row after the body
    columns: list[Column] = field(default_factory=list)
    facts: dict[str, Fact] = field(default_factory=dict)
    entries: list[tuple[int, int, str, str]] = field(default_factory=list)  # of a form, by cell
    said: set[int] = field(default_factory=set)  # rows that say when, and hold no result

    def role(self, role: str) -> int | None:
        return next((c.column for c in self.columns if c.meaning.role == role), None)

    @property
    def results(self) -> list[Column]:
        return [c for c in self.columns if c.meaning.role in ("reading", "value", "cross")]

    @property
    def is_form(self) -> bool:
        return bool(self.entries)


def find_tables(grid: Grid, words: Words) -> list[Table]:
    """Find every table of a sheet, from the top."""
    sheet = Sheet(grid, words)
    tables: list[Table] = []
    facts = sheet_facts(grid, words)
    row, free = 0, 0  # rows from `free` on belong to no table yet
    while row < len(grid.rows):
        window = _window(sheet, row) if _may_begin(sheet, row) else None
        if window is None:
            row += 1
            continue
        first, last = window
        first = max(first, free)
        bands = _bands(sheet, first, last)
        end = _end(sheet, last + 1)
        before = facts_above(sheet, free, first, words)
        forms = _form(sheet, free, first, facts)
        if forms:
            tables.append(forms)
        facts = {**stale_facts(facts), **before}
        for left, right in bands:
            table = _table(sheet, first, last, end, left, right)
            here = facts
            if len(bands) > 1:
                here = {**facts, **facts_above(sheet, free, first, words, left, right)}
            table.facts = here
            tables.append(table)
        row = free = end
    form = _form(sheet, free, len(grid.rows), facts)
    if form:
        tables.append(form)
    usable = [table for table in tables if _is_usable(sheet, table)]
    for table in tables if usable else ():
        if not _is_usable(sheet, table):
            first, last = grid.row_number(table.header_first), grid.row_number(table.end - 1)
            grid.notes.append(
                f"rows {first} to {last} look like a table without section or time: left out"
            )
    return usable


# --- headers ------------------------------------------------------------------------------------


def _may_begin(sheet: Sheet, row: int) -> bool:
    """Tell quickly whether a header may begin here: far down only where it begins with words."""
    known = 0
    for looked, (_, cell) in enumerate(sheet.cells(row)):
        if row >= _FIRST_ROWS and looked == _FIRST_CELLS:
            break
        if isinstance(cell, str) and sheet.words.understand(cell).role:
            known += 1
            if known == 2 or row >= _FIRST_ROWS:
                return True
    return known > 0 and row < _FIRST_ROWS


def _is_plain_row(sheet: Sheet, row: int) -> bool:
    """Tell at a glance that a row is data: no label at its beginning, and a result or no word."""
    looked = 0
    for cell in sheet.grid.rows[row]:
        kind = type(cell)
        if kind is str:
            if not cell:
                continue
            if cell not in sheet.plain and not _is_plain_text(sheet, cell):
                # the name of an item may stand before its result, but no label does
                return looked >= 2 and _has_result(sheet.grid.rows[row])
        elif cell is None:
            continue
        looked += 1
        if looked == _FIRST_CELLS:
            return True
    return True


def _is_plain_text(sheet: Sheet, text: str) -> bool:
    says = sheet.words.understand(text).role or ":" in text or "：" in text
    if says and not is_data(text) and not is_time_like(text):
        return False
    if len(sheet.plain) < 100_000:
        sheet.plain.add(text)
    return True


def _has_result(cells: list[Any]) -> bool:
    return any(
        is_data(cell) and not is_time_like(cell)
        for cell in cells
        if cell is not None and cell != ""
    )


def _text(sheet: Sheet, row: int, column: int) -> str:
    cell = sheet.filled(row, column)
    if isinstance(cell, dt.datetime) and (cell.hour, cell.minute) == (0, 0):
        return f"{cell:%Y-%m-%d}"
    return cell_text(cell).strip()


def _window(sheet: Sheet, row: int) -> tuple[int, int] | None:
    """Return first and last row of the header that begins here, or None."""
    best = _best_window(sheet, row, whole=True)
    if best is None and sheet.goes_on:
        best = _best_window(sheet, row, whole=False)
    if best is None:
        return None
    score, first, last = best
    while first < last and first not in sheet.goes_on and _score(sheet, first + 1, last) >= score:
        first += 1
        score = _score(sheet, first, last)
    while (
        first > 0
        and last - first + 1 < _HEADER_HEIGHT
        and _is_header_like(sheet, first - 1)
        and _score(sheet, first - 1, last) > score
    ):
        first -= 1
        score = _score(sheet, first, last)
    while last - first + 1 < _HEADER_HEIGHT and _is_repeated_below(sheet, first, last):
        last += 1
    return first, last


def _is_repeated_below(sheet: Sheet, first: int, last: int) -> bool:
    """Tell a row below a header that says its items again, as symbols or units: 总磷 over TP."""
    if last + 1 >= len(sheet.grid.rows):
        return False
    below = list(sheet.cells(last + 1))
    if len(below) < 2 or not all(isinstance(cell, str) for _, cell in below):
        return False
    items = {
        c.column: c.meaning.item
        for c in _columns(sheet, first, last)
        if c.meaning.role == "reading"
    }
    for column, cell in below:
        said = sheet.words.understand(cell.strip().strip("()（）"))
        known = column in items and (said.item == items[column] or is_unit(cell))
        if not known:
            return False
    return True


def _best_window(sheet: Sheet, row: int, *, whole: bool) -> tuple[int, int, int] | None:
    """Return score and rows of the best header from ``row``; ``whole``: no merged cell is cut."""
    best: tuple[int, int, int] | None = None
    for last in range(row, min(row + _HEADER_HEIGHT, len(sheet.grid.rows))):
        if not _is_header_like(sheet, last):
            break
        if whole and last in sheet.goes_on:
            continue
        score = _score(sheet, row, last)
        if score and (best is None or score > best[0]):
            best = (score, row, last)
    return best


def _is_header_like(sheet: Sheet, row: int) -> bool:
    times = known = 0
    for _, cell in sheet.cells(row):
        known += 1
        if is_time_like(cell):
            times += 1
        elif is_data(cell):
            return False  # a row with a result is no header
    # months or dates across the top; a row of data has one time among its results
    return known > 0 and (times == 0 or (times >= 2 and times >= known - 4))


def _columns(sheet: Sheet, first: int, last: int) -> list[Column]:
    columns = []
    texts_by_row = [_row_texts(sheet, row, row < last) for row in range(first, last + 1)]
    for column in range(max(len(texts) for texts in texts_by_row)):
        texts: list[str] = []
        for row_texts in texts_by_row:
            text = row_texts[column] if column < len(row_texts) else ""
            if text and (not texts or texts[-1] != text):
                texts.append(text)
        if texts:
            meaning = sheet.words.column(texts)
            columns.append(Column(column, " ".join(texts), meaning))
    has_items = any(c.meaning.role == "reading" for c in columns)
    columns = [
        replace(c, meaning=Meaning("ignore", note=COMPARED))
        if c.meaning.role in ("reading", "published_class") and _COMPARED.search(c.header)
        else c
        for c in columns
    ]
    for number, c in enumerate(columns):
        if c.meaning.note == SECTION_OR_ITEM:
            role = "section_name" if has_items else "item"
            columns[number] = replace(c, meaning=Meaning(role))
    return columns


def _row_texts(sheet: Sheet, row: int, is_upper: bool) -> list[str]:
    width = sheet.width
    texts = [_text(sheet, row, column) for column in range(width)]
    if is_upper and not sheet.top_left:
        # text files keep no merged cells: an upper word stands over the gap to its right
        below = [_text(sheet, row + 1, column) for column in range(width)]
        word, under = "", False
        for column in range(width):
            if texts[column]:
                word, under = texts[column], bool(below[column])
            elif word and under and below[column]:
                texts[column] = word
            else:
                word = ""
    return texts


def _score(sheet: Sheet, first: int, last: int) -> int:
    """Count what a header understands; 0 if it is none."""
    columns = _crossed(_columns(sheet, first, last))
    roles = {c.meaning.role for c in columns}
    known = sum(bool(c.meaning.role) for c in columns)
    items = {c.meaning.item for c in columns if c.meaning.role == "reading"}
    has_results = bool(items) or {"item", "value"} <= roles or "cross" in roles
    if "item" in roles and not has_results:
        # 监测项目 | 章吉营 | 王家沟: sections across the top, to be judged by the rows below
        unknown = [c for c in columns if not c.meaning.role and not _NO_SECTION.search(c.header)]
        has_results = bool(unknown) and _is_item_column(sheet, last + 1, columns)
    if not has_results or (known < 2 and "item" not in roles):
        return 0
    key_roles = roles & {*SECTION_ROLES, *_TIMES, "item"}
    if not key_roles and len(items) < 2:
        return 0
    units = sum(bool(c.meaning.unit) for c in columns)
    return 10 * known + units


def _is_item_column(sheet: Sheet, row: int, columns: list[Column]) -> bool:
    column = next(c.column for c in columns if c.meaning.role == "item")
    below = [
        sheet.words.understand(sheet.filled(r, column)).role
        for r in range(row, min(row + 12, len(sheet.grid.rows)))
        if sheet.raw(r, column) is not None
    ]
    return len(below) > 0 and below.count("reading") * 2 >= len(below)


def _crossed(columns: list[Column]) -> list[Column]:
    """Take columns that are headed by times as results, if there are several of them."""
    timed = [c for c in columns if c.meaning.role in ("", "reading") and is_time_like(_last(c))]
    timed = [c for c in timed if c.meaning.role == "" or c.meaning.item]
    roles = {c.meaning.role for c in columns}
    if len(timed) < 2 or not roles & {*SECTION_ROLES, "item"}:
        return columns
    numbers = {c.column for c in timed}
    return [
        replace(c, meaning=replace(c.meaning, role="cross"), time=_time_of(_last(c)))
        if c.column in numbers
        else c
        for c in columns
    ]


def _time_of(text: str) -> str:
    return f"{text}年" if re.fullmatch(r"(?:19|20)\d{2}", text) else text


def _last(column: Column) -> str:
    return column.header.split(" ")[-1] if " " in column.header else column.header


# --- blocks -------------------------------------------------------------------------------------


def _bands(sheet: Sheet, first: int, last: int) -> list[tuple[int, int]]:
    """Split tables that stand side by side: the same header texts again, from left to right."""
    columns = [c for c in _columns(sheet, first, last) if c.meaning.role]
    starts = [0]
    seen: dict[str, int] = {}
    for c in columns:
        text = fold(c.header)
        if c.meaning.role in _KEYS and text in seen and seen[text] >= starts[-1]:
            again = [o for o in columns if o.column >= c.column]
            before = {fold(o.header) for o in columns if starts[-1] <= o.column < c.column}
            if sum(fold(o.header) in before for o in again) >= 2:
                starts.append(c.column)
        seen[text] = c.column
    return list(zip(starts, [*starts[1:], sheet.width], strict=True))


def _end(sheet: Sheet, row: int) -> int:
    """Return the first row that is no part of the body: a header or a label of the next block."""
    body = row
    while row < len(sheet.grid.rows):
        if row >= _FIRST_ROWS and _is_plain_row(sheet, row):
            row += 1
            continue
        if _may_begin(sheet, row) and _is_header_like(sheet, row):
            window = _window(sheet, row)
            if (
                window is not None
                and window[0] <= row <= window[1]
                and (
                    _stands_alone(_columns(sheet, *window)) or _title_begin(sheet, row, body) < row
                )
            ):
                return _title_begin(sheet, row, body)
        if _is_label_row(sheet, row):
            return row
        row += 1
    return row


def _stands_alone(columns: list[Column]) -> bool:
    """Tell a header inside a table's body from rows of results that name an item or two."""
    roles = [c.meaning.role for c in columns]
    return bool({*SECTION_ROLES, *_TIMES} & set(roles)) or roles.count("reading") >= 3


def _title_begin(sheet: Sheet, header: int, body: int) -> int:
    """Return the first of the title rows above a header that stands below another table."""
    begin = row = header
    while row > body and header - row < 6:
        row -= 1
        cells = [cell for _, cell in sheet.cells(row)]
        if not cells:
            continue
        if len(cells) > 1 or is_data(cells[0]) or not isinstance(cells[0], str):
            break
        if not title_facts(cells[0].strip(), row, sheet.words):
            break
        begin = row
    return begin


def _is_label_row(sheet: Sheet, row: int) -> bool:
    """Tell a row that names section or time (断面名称：章吉营) from a row of results."""
    for number, (_, cell) in enumerate(sheet.cells(row)):
        if number >= 2 or not isinstance(cell, str):
            return False
        if len(cell) <= 120 and labels_in(sheet.words, cell):
            return True
        if (
            sheet.words.understand(cell).role in (*SECTION_ROLES, "time")
            and cell.strip()[-1] in ":："
        ):
            return True
        if number == 0 and sheet.words.understand(cell).role in SECTION_ROLES:
            cells = list(sheet.cells(row))
            return 2 <= len(cells) <= 8
    return False


# --- one table ----------------------------------------------------------------------------------


def _table(sheet: Sheet, first: int, last: int, end: int, left: int, right: int) -> Table:
    columns = [c for c in _crossed(_columns(sheet, first, last)) if left <= c.column < right]
    table = Table(sheet.grid, first, last, end)
    taken: set[str] = set()
    is_long = {"item", "value"} <= {c.meaning.role for c in columns}
    for number, c in enumerate(columns):
        role = c.meaning.role
        if role in ("", "ignore", "reading", "cross"):
            if role == "reading" and is_long:
                columns[number] = replace(
                    c, meaning=Meaning("ignore", note="长表中的项目列，未读入")
                )
        elif role in taken:
            columns[number] = _second(sheet, c, last + 1, end)
        elif role == "value" and not is_long:
            # 项目 is missing: the values of one item, if a title says which
            taken.add(role)
        else:
            taken.add(role)
    roles = {c.meaning.role for c in columns}
    if "item" in roles and not is_long and "reading" not in roles and "cross" not in roles:
        columns = [
            replace(c, meaning=replace(c.meaning, role="cross"), section=c.header)
            if not c.meaning.role and not _NO_SECTION.search(c.header)
            else c
            for c in columns
        ]
    table.columns = columns
    table.columns = _grouped(sheet, table)
    return table


def _grouped(sheet: Sheet, table: Table) -> list[Column]:
    """Take the times, then the sections, that stand over groups of items."""
    columns, roles = table.columns, {c.meaning.role for c in table.columns}
    if table.header_first == table.header_last or {"item", "cross"} & roles:
        return columns
    rows = range(table.header_first, table.header_last + 1)
    texts = [_row_texts(sheet, row, row < table.header_last) for row in rows]
    over = {
        c.column: [row[c.column] for row in texts if c.column < len(row) and row[c.column]]
        for c in columns
    }
    if not set(_TIMES) & roles:
        columns = with_groups(columns, over, sheet.words, times=True)
    if not set(SECTION_ROLES) & roles:
        columns = with_groups(columns, over, sheet.words, times=False)
    return columns


def _second(sheet: Sheet, column: Column, start: int, end: int) -> Column:
    """Decide what the second column of one role is: the clock beside the date, or nothing."""
    if column.meaning.role == "time":
        cells = [sheet.raw(row, column.column) for row in range(start, min(end, start + 20))]
        cells = [cell for cell in cells if cell is not None]
        clock = re.compile(r"\d{1,2}[:：时]\d{0,2}.*")
        if cells and all(
            isinstance(c, dt.time) or clock.fullmatch(cell_text(c).strip()) for c in cells
        ):
            return replace(column, meaning=Meaning("clock"))
    return replace(column, meaning=Meaning("ignore", note=REPEATED))


def _form(sheet: Sheet, start: int, end: int, facts: dict[str, Fact]) -> Table | None:
    """Read a form without a header: 溶解氧 | 8.1 | 总磷 | 0.05, with its section and time beside."""
    entries = []
    for row in range(start, end):
        cells = list(sheet.cells(row))
        for (column, cell), (next_column, value) in pairwise(cells):
            meaning = sheet.words.understand(cell)
            if meaning.role == "reading" and is_data(value) and next_column - column <= 4:
                unit = meaning.unit
                after = next((c for n, c in cells if n > next_column), None)
                if not unit and isinstance(after, str) and is_unit(after):
                    unit = after
                entries.append((row, next_column, meaning.item, unit))
    if len(entries) < 2:
        return None
    here = facts_above(sheet, start, end, sheet.words)
    if not {*SECTION_ROLES, "time"} & here.keys():
        return None
    table = Table(sheet.grid, entries[0][0], entries[0][0], end, facts={**facts, **here})
    table.entries = entries
    return table


def _is_usable(sheet: Sheet, table: Table) -> bool:
    if table.is_form:
        return True
    roles = {c.meaning.role for c in table.columns}
    labels = {role for role, fact in table.facts.items() if fact.kind != "sheet"}
    known = roles | labels
    if not table.results or not known & {*SECTION_ROLES, *_TIMES}:
        # months by items need no column of sections if the sheet or title names it
        return bool(table.results) and any(c.time is not None or c.section for c in table.results)
    if "item" not in roles and "reading" not in roles and "item" not in table.facts:
        return False
    del sheet
    return True
