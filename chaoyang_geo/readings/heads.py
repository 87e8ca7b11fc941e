"""Which rows of a sheet are a header, and what its columns are."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import Any

from chaoyang_geo.readings.cells import cell_text
from chaoyang_geo.readings.context import SECTION_ROLES
from chaoyang_geo.readings.header import (
    COMPARED,
    SECTION_OR_ITEM,
    Column,
    Meaning,
    is_unit,
)
from chaoyang_geo.readings.layers import without_layer
from chaoyang_geo.readings.sheet import Sheet, is_data, is_time_like
from chaoyang_geo.readings.spans import clock_text

_FIRST_CELLS = 4
FIRST_ROWS = 60  # every row of these may be a header; later ones only if they begin like one
_HEADER_HEIGHT = 3
TIMES = ("time", "time_begin", "year", "month", "day", "clock")

# a column of another period than the table's, or of a difference
_COMPARED = re.compile(
    r"(?:^| )(?:上年同期|去年同期|上年|去年|上月|上周|上期|上季度?|同期|同比|环比|变化|增减|变幅)"
)
_NOTHING = re.compile(r"\s*[-—–－/\\]{1,4}\s*")
NO_SECTION = re.compile(r"[ⅠⅡⅢⅣⅤ]|^[IV]+类|标准|限值")  # 项目 | Ⅰ类 | Ⅱ类 is a table of limits


def may_begin(sheet: Sheet, row: int) -> bool:
    """Tell quickly whether a header may begin here: far down only where it begins with words."""
    known = 0
    for looked, (_, cell) in enumerate(sheet.cells(row)):
        if row >= FIRST_ROWS and looked == _FIRST_CELLS:
            break
        if isinstance(cell, str) and sheet.words.understand(cell).role:
            known += 1
            if known == 2 or row >= FIRST_ROWS:
                return True
    return known > 0 and row < FIRST_ROWS


def is_plain_row(sheet: Sheet, row: int) -> bool:
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


def header_window(sheet: Sheet, row: int) -> tuple[int, int] | None:
    """Return first and last row of the header that begins here, or None."""
    best = _best_window(sheet, row, whole=True)
    if best is None and sheet.goes_on:
        best = _best_window(sheet, row, whole=False)
    if best is None:
        return None
    score, first, last = best
    while first < last and (
        _is_title(sheet, first)
        or (first not in sheet.goes_on and _score(sheet, first + 1, last) >= score)
    ):
        first += 1
        score = _score(sheet, first, last)
    while (
        first > 0
        and last - first + 1 < _HEADER_HEIGHT
        and is_header_like(sheet, first - 1)
        and not _is_title(sheet, first - 1)
        and _score(sheet, first - 1, last) > score
    ):
        first -= 1
        score = _score(sheet, first, last)
    while last - first + 1 < _HEADER_HEIGHT and _is_repeated_below(sheet, first, last):
        last += 1
    return first, last


def _is_title(sheet: Sheet, row: int) -> bool:
    """Tell a title from the upper row of a header: one cell alone, over the first column too."""
    cells = [column for column, _ in sheet.cells(row)]
    below = [column for column, _ in sheet.cells(row + 1)]
    return len(cells) == 1 and len(below) > 1 and below[0] == cells[0] and row not in sheet.goes_on


def _is_repeated_below(sheet: Sheet, first: int, last: int) -> bool:
    """Tell a row below a header that says its items again, as symbols or units: 总磷 over TP."""
    if last + 1 >= len(sheet.grid.rows):
        return False
    below = list(sheet.cells(last + 1))
    if len(below) < 2 or not all(isinstance(cell, str) for _, cell in below):
        return False
    items = {
        c.column: c.meaning.item
        for c in columns_of(sheet, first, last)
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
        if not is_header_like(sheet, last):
            break
        if whole and last in sheet.goes_on:
            continue
        score = _score(sheet, row, last)
        if score and (best is None or score > best[0]):
            best = (score, row, last)
    return best


def is_header_like(sheet: Sheet, row: int) -> bool:
    times = words = others = sections = 0
    for _, cell in sheet.cells(row):
        if is_time_like(cell):
            times += 1
        elif sections and isinstance(cell, str) and _NOTHING.fullmatch(cell):
            continue  # 采样点位 | 甲桥 | 乙桥 | / beside 检出限
        elif is_data(cell):
            return False  # a row with a result is no header
        else:
            others += 1
            role = sheet.words.understand(cell).role
            words += bool(role)
            sections += role in SECTION_ROLES
    # months or dates across the top; a row of data has one time among its results
    return times + others > 0 and (times == 0 or (times >= 2 and (others <= 4 or words >= 2)))


def columns_of(sheet: Sheet, first: int, last: int) -> list[Column]:
    columns = []
    texts_by_row = [row_texts(sheet, row, row < last) for row in range(first, last + 1)]
    for column in range(max(len(texts) for texts in texts_by_row)):
        texts: list[str] = []
        for row in texts_by_row:
            text = row[column] if column < len(row) else ""
            if text and not _NOTHING.fullmatch(text) and (not texts or texts[-1] != text):
                texts.append(text)
        if texts:
            plain, layer = without_layer(texts, sheet.words)
            meaning = sheet.words.column(plain) if plain else Meaning()
            columns.append(Column(column, " ".join(texts), meaning, layer=layer))
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
    return _turned(sheet, columns, last + 1)


def _turned(sheet: Sheet, columns: list[Column], row: int) -> list[Column]:
    """Take 样品名称 | A | B, or 采样日期 | 8日 | 9日, over rows of items as samples across the top."""
    beside_results = ("", "unit", "ignore", "limit", "mark", "method")
    known = [c for c in columns if c.meaning.role not in beside_results]
    beside = [c for c in columns if not c.meaning.role]
    if len(known) != 1 or not beside:
        return columns
    role = known[0].meaning.role
    across = role in ("time", "time_begin") and all(is_time_like(c.header) for c in beside)
    if role not in SECTION_ROLES and not across:
        return columns
    item = replace(known[0], meaning=Meaning("item"))
    if item.column > beside[0].column or not _is_item_column(sheet, row, [item]):
        return columns
    return [item if c is known[0] else c for c in columns]


def row_texts(sheet: Sheet, row: int, is_upper: bool) -> list[str]:
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
    columns = with_times_across(columns_of(sheet, first, last))
    roles = {c.meaning.role for c in columns}
    known = sum(bool(c.meaning.role) for c in columns)
    items = {c.meaning.item for c in columns if c.meaning.role == "reading"}
    has_results = bool(items) or {"item", "value"} <= roles or "cross" in roles
    if "item" in roles and not has_results:
        # 监测项目 | 章吉营 | 王家沟: sections across the top, to be judged by the rows below
        unknown = [c for c in columns if not c.meaning.role and not NO_SECTION.search(c.header)]
        has_results = bool(unknown) and _is_item_column(sheet, last + 1, columns)
    if not has_results or (known < 2 and "item" not in roles):
        return 0
    key_roles = roles & {*SECTION_ROLES, *TIMES, "item"}
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


def with_times_across(columns: list[Column]) -> list[Column]:
    """Take columns that are headed by times as results, if there are several of them."""
    timed = [c for c in columns if c.meaning.role in ("", "reading") and _time_in(c)]
    timed = [c for c in timed if c.meaning.role == "" or c.meaning.item]
    roles = {c.meaning.role for c in columns}
    if len(timed) < 2 or not roles & {*SECTION_ROLES, "item"}:
        return columns
    numbers = {c.column for c in timed}
    return [
        replace(c, meaning=replace(c.meaning, role="cross"), time=time_of(_time_in(c)))
        if c.column in numbers
        else c
        for c in columns
    ]


def time_of(text: str) -> str:
    return f"{text}年" if re.fullmatch(r"(?:19|20)\d{2}", text) else text


def _time_in(column: Column) -> str:
    """Return the time that ends a header: 3月, 3月5日, or 8:00 under 3月5日; '' if there is none."""
    upper, last = ["", *column.header.split(" ")][-2:]
    if is_time_like(last):
        return last
    return f"{upper} {last}" if is_time_like(upper) and clock_text(last) is not None else ""
