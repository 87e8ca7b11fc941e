"""Where the tables of a sheet are: headers of one to three rows, blocks, forms and their words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise

from chaoyang_geo.readings.cells import Grid, cell_text, column_letters
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
    REPEATED,
    Column,
    Meaning,
    Words,
    fold,
    is_unit,
)
from chaoyang_geo.readings.heads import (
    FIRST_ROWS,
    NO_SECTION,
    TIMES,
    columns_of,
    header_window,
    is_header_like,
    is_plain_row,
    may_begin,
    row_texts,
    time_of,
    with_times_across,
)
from chaoyang_geo.readings.layers import layer_in_header
from chaoyang_geo.readings.sheet import Sheet, is_data, is_time_like
from chaoyang_geo.readings.spans import are_clocks, clock_text, with_spans

_SAMPLE_NUMBER = re.compile(r"[A-Za-z]{0,8}[-_]?\d{4,}[-_A-Za-z0-9]*")
_KEYS = (*SECTION_ROLES, *TIMES, "item", "value")


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
    left: int = 0  # columns of other tables stand left of it,
    right: int = 1 << 20  # and from here on

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
        window = header_window(sheet, row) if may_begin(sheet, row) else None
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
        keys: list[Column] = []
        for left, right in bands:
            table = _table(sheet, first, last, end, left, right)
            keys = _with_keys(table, keys)
            here = facts
            if len(bands) > 1:
                here = {**facts, **facts_above(sheet, free, first, words, left, right)}
            table.facts = here
            tables.extend(_by_units(sheet, table))
        row = free = end
    form = _form(sheet, free, len(grid.rows), facts)
    if form:
        tables.append(form)
    usable = [table for table in tables if _is_usable(table)]
    for table in tables if usable else ():
        if not _is_usable(table):
            first, last = grid.row_number(table.header_first), grid.row_number(table.end - 1)
            grid.notes.append(
                f"rows {first} to {last} look like a table without section or time: left out"
            )
    return usable


# --- blocks -------------------------------------------------------------------------------------


def _bands(sheet: Sheet, first: int, last: int) -> list[tuple[int, int]]:
    """Split tables that stand side by side: the same header texts again, from left to right."""
    columns = [c for c in columns_of(sheet, first, last) if c.meaning.role]
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


def _with_keys(table: Table, keys: list[Column]) -> list[Column]:
    """Give 项目 | 结果 that follow once more the section and time of the first; return these."""
    roles = {c.meaning.role for c in table.columns}
    own = [c for c in table.columns if c.meaning.role in (*SECTION_ROLES, *TIMES)]
    if own or not {"item", "value"} <= roles:
        return own
    if keys:
        table.columns = [*keys, *table.columns]
    return keys


def _end(sheet: Sheet, row: int) -> int:
    """Return the first row that is no part of the body: a header or a label of the next block."""
    body = row
    while row < len(sheet.grid.rows):
        if row >= FIRST_ROWS and is_plain_row(sheet, row):
            row += 1
            continue
        if may_begin(sheet, row) and is_header_like(sheet, row):
            window = header_window(sheet, row)
            if (
                window is not None
                and window[0] <= row <= window[1]
                and (
                    _stands_alone(columns_of(sheet, *window))
                    or _title_begin(sheet, row, body) < row
                )
            ):
                return _title_begin(sheet, row, body)
        if _is_label_row(sheet, row):
            return row
        row += 1
    return row


def _by_units(sheet: Sheet, table: Table) -> list[Table]:
    """Part a table at the rows that state other units for the rows below them."""
    parts = [table]
    columns = {c.column for c in table.columns if c.meaning.role == "reading"}
    others = [c.column for c in table.columns if c.column not in columns][:4]
    for row in range(table.header_last + 1, table.end) if columns else ():
        cells = sheet.grid.rows[row]
        if any(column < len(cells) and cells[column] not in (None, "") for column in others):
            continue  # it names a section or a time, as nearly every row does
        units = {
            column: cell for column, cell in sheet.cells(row) if table.left <= column < table.right
        }
        if (
            not units
            or not set(units) <= columns
            or not all(isinstance(cell, str) and is_unit(cell) for cell in units.values())
        ):
            continue
        before = parts[-1]
        below = [
            replace(c, meaning=replace(c.meaning, unit=sheet.words.column([units[c.column]]).unit))
            if c.column in units
            else c
            for c in before.columns
        ]
        parts[-1] = replace(before, end=row)
        parts.append(replace(before, header_first=row, header_last=row, columns=below))
    return parts


def _stands_alone(columns: list[Column]) -> bool:
    """Tell a header inside a table's body from rows of results that name an item or two."""
    roles = [c.meaning.role for c in columns]
    return bool({*SECTION_ROLES, *TIMES} & set(roles)) or roles.count("reading") >= 3


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
    columns = [
        c for c in with_times_across(columns_of(sheet, first, last)) if left <= c.column < right
    ]
    columns = with_spans(sheet, columns, last + 1, end)
    table = Table(sheet.grid, first, last, end, left=left, right=right)
    taken: set[str] = set()
    is_long = {"item", "value"} <= {c.meaning.role for c in columns}
    for number, c in enumerate(columns):
        role = c.meaning.role
        if role in ("", "ignore", "reading", "cross", "mark"):
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
            _of_section(c, sheet.words, is_name=not roles & set(SECTION_ROLES))
            if not c.meaning.role and not NO_SECTION.search(c.header)
            else c
            for c in columns
        ]
    table.columns = columns
    table.columns = _grouped(sheet, table)
    return table


def _of_section(column: Column, words: Words, *, is_name: bool) -> Column:
    """Take a column beside the items as the results of what heads it: 章吉营, 表层, 3月 表层.

    Where another column names the section, 结果1 and 结果2 name none.
    """
    parts = column.header.split(" ")
    while len(parts) > 1 and (
        _SAMPLE_NUMBER.fullmatch(parts[0])
        or words.understand(parts[0]).role in ("value", *SECTION_ROLES)
    ):
        parts = parts[1:]  # 监测结果 over 章吉营 and 王家沟, S25030501 over 章吉营
    name, layer = layer_in_header(" ".join(parts))
    crossed = replace(column, meaning=replace(column.meaning, role="cross"), layer=layer)
    if layer and is_time_like(name):
        return replace(crossed, time=time_of(name))
    if ":" in name.replace("：", ":") and clock_text(name.replace("：", ":")) is not None:
        return replace(crossed, time=name)  # 0:00 | 4:00 | 8:00 of the day of the table or row
    return replace(crossed, section=name) if is_name else crossed


def _grouped(sheet: Sheet, table: Table) -> list[Column]:
    """Take the times, then the sections, that stand over groups of items."""
    columns, roles = table.columns, {c.meaning.role for c in table.columns}
    if table.header_first == table.header_last or {"item", "cross"} & roles:
        return columns
    rows = range(table.header_first, table.header_last + 1)
    texts = [row_texts(sheet, row, row < table.header_last) for row in rows]
    over = {
        c.column: [row[c.column] for row in texts if c.column < len(row) and row[c.column]]
        for c in columns
    }
    if not set(TIMES) & roles:
        columns = with_groups(columns, over, sheet.words, times=True)
    if not set(SECTION_ROLES) & roles:
        columns = with_groups(columns, over, sheet.words, times=False)
    return columns


def _second(sheet: Sheet, column: Column, start: int, end: int) -> Column:
    """Decide what the second column of one role is: the clock beside the date, or nothing."""
    if column.meaning.role == "time" and are_clocks(sheet, column.column, start, end):
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
    _name_unread(sheet, table)
    return table


def _name_unread(sheet: Sheet, table: Table) -> None:
    """Say which results in the rows of a form belong to no item that is read."""
    taken = {(row, column) for row, column, _, _ in table.entries}
    unread = [
        f"{column_letters(column)}{sheet.grid.row_number(row)}"
        for row in sorted({row for row, _ in taken})
        for column, cell in sheet.cells(row)
        if (row, column) not in taken and is_data(cell) and re.search(r"\d", cell_text(cell))
    ]
    if unread:
        shown = ", ".join(unread[:8]) + (", ..." if len(unread) > 8 else "")
        sheet.grid.notes.append(f"results in a form that no label explains were not read: {shown}")


def _is_usable(table: Table) -> bool:
    if table.is_form:
        return True
    roles = {c.meaning.role for c in table.columns}
    labels = {role for role, fact in table.facts.items() if fact.kind != "sheet"}
    known = roles | labels
    if not table.results or not known & {*SECTION_ROLES, *TIMES}:
        # months by items need no column of sections if the sheet or title names it
        return bool(table.results) and any(c.time is not None or c.section for c in table.results)
    return bool({"item", "reading"} & roles) or "item" in table.facts
