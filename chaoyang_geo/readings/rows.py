"""Rows of a table before anything is parsed: what is a sample, a mean or a note, and whose it is."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from chaoyang_geo.readings.blocks import Table
from chaoyang_geo.readings.cells import cell_text, column_letters
from chaoyang_geo.readings.header import REPEATED, Column, Meaning, Words, fold, is_unit, split_unit
from chaoyang_geo.readings.layers import depth_of, joined_layer, layer_of
from chaoyang_geo.readings.marks import marks_of, with_mark, without_idle_marks
from chaoyang_geo.readings.sheet import Sheet, is_data, is_time_like
from chaoyang_geo.readings.spans import clock_text
from chaoyang_geo.readings.value_words import ORDER
from chaoyang_geo.readings.values import parse_values

UNKNOWN_ITEM, NO_ITEM = "未识别的指标", "指标空白"

_KINDS = (
    ("total", re.compile(r".{0,8}(?:合计|总计|小计|总和|累计)|total|sum", re.I)),
    (
        "mean",
        re.compile(
            r".{0,16}(?:平均[值数]?|均值|均浓度|中位[数值]|中值)|mean|average|avg\.?|median", re.I
        ),
    ),
    ("max", re.compile(r".{0,6}(?:最[大高](?:值|浓度)?|峰值)|max(?:imum)?\.?", re.I)),
    ("min", re.compile(r".{0,6}最[小低](?:值|浓度)?|min(?:imum)?\.?", re.I)),
    (
        "note",
        re.compile(
            r".{0,24}(?:标准限值|标准值|限值|标准|检出限|检测限|测定下限|定量限|超标率|达标率|检出率|"
            r"超标倍数|超标次数|样品数|样本[数量]|评价结果|达标情况|标准差|极差|变幅|范围|分位数|"
            r"标准偏差|变异系数|(?:样品|样本|超标|数据|检出)个数|(?:监测|采样|检测|检出)(?:次数|频次|数)|"
            r"[同环]比(?:变化|增减|变幅)?率?|变化[率量]|变化幅度|[上去]年同期|水质类别|单项类别|"
            r"评价类别|水质评价|[是达]否(?:达标|超标)|达标与否|(?:分析|检测|监测)方法|极值|"
            r"污染指数|分担率)"
            # the class of a standard: 地表水环境质量标准III类, GB3838-2002III类标准
            r"|.{0,24}标准[IV1-5一二三四五]{1,3}类|(?:gb|hj|db)(?:/t)?\d{3,5}-\d.{0,16}"
            r"|(?:全程序|全过程|运输|现场|实验室|试剂|方法)空白(?:样品?|\d*)?|质控样品?|加标(?:样品?|回收率?)?"
            r"|n(?:=\d+)?|limit|standard|std\.?",
            re.I,
        ),
    ),
)
_STANDARD = re.compile(r"\s*[(（《]?\s*(?:GB|HJ|DB|SL|CJ|NY)\s*/?\s*T?\s*\d", re.IGNORECASE)
KIND_WORDS = {
    "total": "合计行，不是样品",
    "mean": "均值行，不是样品",
    "max": "最大值行，不是样品",
    "min": "最小值行，不是样品",
    "note": "说明或限值行，不是样品",
}
#: The same of a column.
COLUMN_KIND_WORDS = {
    kind: f"“{words.removesuffix('行，不是样品')}”列，不是样品"
    for kind, words in KIND_WORDS.items()
}
NOTE = re.compile(
    r"\s*(?:注\s*\d*\s*[:：.、]|备\s*注|说\s*明|注释|填表|制表|审核|编制|校核|复核|批准|签发|报告人|联系人|"
    r"(?:填报|监测|采样|检测|分析|测试|送样|录入|统计|负责|质控|审定)(?:人员?|者|单位|部门|日期)?\s*[:：]|"
    r"单位负责人|数据来源|资料来源|来源[:：]|单位[:：]|共\s*\d+\s*页|第\s*\d+\s*页|note[s:]|source[s:]|[*＊※]+\s*[\u4e00-\u9fff])",
    re.IGNORECASE,
)
_ROW_ROLES = (
    "section_code", "section_name", "province", "basin", "water_body", "item", "unit", "published_class",
    "station_state", "limit", "method", "sampling_layer", "sampling_depth",
    "sampling_line",
)  # fmt: skip


@lru_cache(50_000)
def item_of(text: str, words: Words) -> Meaning:
    """Return what a cell of the column of items says; one that is not known keeps its name."""
    meaning = words.understand(text) if text else Meaning()
    if meaning.role == "reading":
        return meaning
    name, unit = split_unit(text)
    return Meaning("reading", name if unit else text, unit, UNKNOWN_ITEM if text else NO_ITEM)


def unknown_flag(meaning: Meaning) -> str:
    """Return the note of an item that is not known, ``''`` of one that is."""
    return meaning.note if meaning.note in (UNKNOWN_ITEM, NO_ITEM) else ""


def row_kind_of(text: str) -> str:
    """Tell what a row or column of this name holds: a total, a mean, ...; '' is a sample."""
    folded = re.sub(r"[\s《》“”]", "", unicodedata.normalize("NFKC", text)).strip("()")
    if not folded or len(folded) > 40:
        return ""
    # 超标率(%), 标准值(Ⅲ类): what a bracket adds is no part of the name
    plain = re.sub(r"(?:\([^()]*\)?)+$", "", folded).rstrip("%‰:")
    names = dict.fromkeys([folded, plain])
    return next((kind for kind, of in _KINDS for name in names if of.fullmatch(name)), "")


_NAMING = frozenset(
    "section_code section_name province basin water_body time time_end year month day clock "
    "sampling_layer sampling_line".split()
)
# columns that are no result, but whose cells name a row: 均值 stands where the number of a row does
_SAMPLE_HEADERS = frozenset("样品编号 样品编码 样品号 采样编号 样品类型 样品类别 样品性质".split())
_NAMING_HEADERS = frozenset(
    "序号 编号 no no. id index 样品编号 样品编码 样品号 采样编号 地市 城市 所在城市 所在地市 区县 县区 所在区县 "
    "市 县 市州 州市 测点".split()
)


def may_name_rows(column: Column) -> bool:
    """Tell a column whose cells may name a row (均值) from one that says something of a sample.

    执行标准 | Ⅲ类标准 says of a sample what it is judged by, and 是否超标 | N that it is not.
    """
    role = column.meaning.role
    if role == "ignore":
        repeated = column.meaning.note == REPEATED
        return repeated or fold(column.header) in _NAMING_HEADERS
    return not role or role in _NAMING or role == "station_state"


@dataclass
class Rows:
    """What was collected of the rows of one table, before anything is parsed."""

    number: list[int] = field(default_factory=list)
    roles: dict[str, list[str]] = field(default_factory=lambda: {role: [] for role in _ROW_ROLES})
    time: list[Any] = field(default_factory=list)
    end: list[Any] = field(default_factory=list)
    flag: list[str] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)  # row by row, a text for each result column
    raw_flag: dict[int, str] = field(default_factory=dict)  # by position in raw
    left_out: list[str] = field(default_factory=list)


def complete_columns(table: Table, words: Words) -> None:
    """Decide on the columns that no word explains: numbers are kept under their own name."""
    sheet = Sheet(table.grid, words)
    body = range(table.header_last + 1, table.end)
    known = {c.column for c in table.columns}
    for number, c in enumerate(table.columns):
        if c.meaning.role == "cross" and c.time is None and not (c.section or c.layer):
            cells = [cell for row in body if (cell := sheet.raw(row, c.column)) is not None][:200]
            if sum(map(is_data, cells)) * 5 < len(cells) * 3:
                table.columns[number] = replace(c, meaning=Meaning(note="不认识的列，未读入"))
                continue
        if c.meaning.role == "cross" and c.section and _is_verdict(sheet, c.column, body):
            unread = Meaning(note="不认识的列，未读入")
            table.columns[number] = replace(c, meaning=unread, section="")
            continue
        if c.meaning.role == "cross" and (kind := row_kind_of(c.header.rpartition(" ")[2])):
            table.columns[number] = replace(
                c, meaning=replace(c.meaning, note=kind), section="", time=None
            )
        if c.meaning.role:
            continue
        cells = [cell for row in body if (cell := sheet.raw(row, c.column)) is not None][:200]
        if cells and sum(_results_in(c, cells)) * 5 >= len(cells) * 3:
            kind = row_kind_of(c.header.rpartition(" ")[2])
            if kind and any(o.meaning.role == "cross" for o in table.columns):
                meaning = Meaning("cross", note=kind)
            elif table.role("item") is not None:
                # 年度目标 beside the months of an item is no result of it
                meaning = Meaning(note="不认识的列，未读入")
            else:
                name, unit = split_unit(c.header)
                meaning = Meaning("reading", name, c.meaning.unit or unit, kind or UNKNOWN_ITEM)
            table.columns[number] = replace(c, meaning=meaning)
        else:
            table.columns[number] = replace(c, meaning=Meaning(note="不认识的列，未读入"))
    _tell_statistics(table)
    table.columns = without_idle_marks(table.columns, table.results)
    _take_times(sheet, table, words)
    own = [c.column for c in table.columns if table.left <= c.column < table.right]
    if own:
        left, right = own[0], own[-1]
        around = [*range(left, right + 1), *_beside(sheet, table, left, right)]
        for column in around:
            if column not in known and any(sheet.raw(row, column) is not None for row in body):
                table.columns.append(Column(column, "", Meaning(note="没有表头，未读入")))


def _results_in(column: Column, cells: list[Any]) -> list[bool]:
    """Tell which cells of an unknown column are results; under a unit 未检出 and 1.2×10^3 are."""
    if not is_unit(split_unit(column.header)[1]):
        return list(map(is_data, cells))
    return [state != "text" for state in parse_values([cell_text(cell) for cell in cells]).state]


def _is_verdict(sheet: Sheet, column: int, body: range) -> bool:
    """Tell a column of words (达标, 合格) beside the sections from the results of one more."""
    cells = (sheet.text(row, column) for row in body)
    states = set(parse_values(list(dict.fromkeys(text for text in cells if text))).state)
    return "text" in states and states <= {"text", "not_sampled", "blank"}


def _tell_statistics(table: Table) -> None:
    """Mark the columns that hold a maximum or mean of an item beside other columns of it.

    An item's only column stays what it is: 总磷月均值 is the value of the month.
    """
    items = [c.meaning.item for c in table.columns if c.meaning.role == "reading"]
    for number, c in enumerate(table.columns):
        parts = c.header.split() if c.meaning.role == "reading" else []
        kind = next((k for part in parts if (k := row_kind_of(part))), "") if parts[1:] else ""
        if kind and items.count(c.meaning.item) > 1:
            table.columns[number] = replace(c, meaning=replace(c.meaning, note=kind))


def _beside(sheet: Sheet, table: Table, left: int, right: int) -> list[int]:
    """Return the columns left and right of a table up to the next one that has a header."""
    header = range(table.header_first, table.header_last + 1)
    beside: list[int] = []
    for columns in (range(left - 1, -1, -1), range(right + 1, sheet.width)):
        for column in columns:
            if any(sheet.filled(row, column) is not None for row in header):
                break
            beside.append(column)
    return beside


def _take_times(sheet: Sheet, table: Table, words: Words) -> None:
    """Take the rows of a table with a sample in each column that say when, where or what of it.

    采样日期 | 8日 | 9日 is a time, 采样层次 | 表层 | 底层 a layer, 样品状态 | 清 | 浊 no result.
    """
    items = table.role("item")
    if items is None or not any(c.section for c in table.columns):
        return
    above = range(max(0, table.header_first - 3), table.header_first)
    timed = False
    for row in (*above, *range(table.header_last + 1, table.end)):
        cell = sheet.raw(row, items)
        role = words.understand(cell).role
        of_columns = {c.column: sheet.filled(row, c.column) for c in table.columns if c.section}
        if row < table.header_first:
            if not all(map(is_time_like, of_columns.values())):
                continue
            role = "time" if role == "item" else role
        if role in ("time", "time_begin") and not timed:
            timed = True
            table.columns = [
                replace(c, time=of_columns[c.column]) if c.section else c for c in table.columns
            ]
        elif row < table.header_first:
            continue
        elif role in ("sampling_layer", "sampling_depth"):
            table.columns = [
                replace(
                    c, layer=joined_layer([c.layer, _layer_cell(of_columns[c.column], cell, words)])
                )
                if c.section
                else c
                for c in table.columns
            ]
        elif role != "ignore":
            continue
        if row > table.header_last:
            table.said.add(row)


def _layer_cell(cell: Any, header: Any, words: Words) -> str:
    meaning = words.understand(header)
    text = cell_text(cell)
    return layer_of(text) if meaning.role == "sampling_layer" else depth_of(text, meaning.unit)


def collect(sheet: Sheet, table: Table, results: list[Column]) -> Rows:
    rows = Rows()
    role_columns = {role: table.role(role) for role in _ROW_ROLES}
    result_columns = [c.column for c in results]
    label_columns = sorted(
        {c.column for c in table.columns if may_name_rows(c) and not _cites(sheet, table, c)}
    )
    remarks = role_columns["station_state"]
    marks = marks_of(table.columns, results)
    # more cells than the header has: a comma within one of them has moved the others
    is_text = sheet.grid.kind == "text" and table.right >= sheet.width
    header_width = max((c.column + 1 for c in table.columns if c.header), default=0)
    if is_text:  # where most rows have more, the column only lacks a header
        body = sheet.grid.rows[table.header_last + 1 : table.end]
        longer = sum(len(row) > header_width and _beyond(row, header_width) > 0 for row in body)
        is_text = longer * 2 < len(body)
    sample_columns = [c.column for c in table.columns if fold(c.header) in _SAMPLE_HEADERS]
    used_roles = [(role, column) for role, column in role_columns.items() if column is not None]
    used = {role for role, _ in used_roles}
    has_section_column = bool(used & {"section_name", "section_code"})
    section_columns = [
        c for c in (role_columns["section_code"], role_columns["section_name"]) if c is not None
    ]
    has_time_column = table.role("time") is not None and table.role("clock") is None
    above = ("", "")
    no_value = sheet.grid.no_value
    time_above: tuple[Any, Any] | None = None
    times = _TimeCells(sheet, table)
    no_roles = dict.fromkeys(_ROW_ROLES, "")
    filled_roles = used | {"station_state"}  # the cell of the time may say it too
    kept = [(role, rows.roles[role].append) for role in _ROW_ROLES if role in filled_roles]
    for number in range(table.header_last + 1, table.end):
        cells = sheet.grid.rows[number]
        if number in table.said or not any(cell is not None and cell != "" for cell in cells):
            continue
        texts, flags = _result_texts(sheet, number, result_columns)
        for position, of in marks.items():
            mark = sheet.text(number, of.column)
            texts[position], said = with_mark(texts[position], mark, of.header)
            if said:
                flags[position] = "；".join(text for text in (said, flags.get(position)) if text)
        own = no_roles.copy()
        for role, column in used_roles:
            own[role] = cell_text(sheet.filled(number, column)).strip()
        kind = label = ""
        for column in label_columns:
            cell = cells[column] if column < len(cells) else None
            # a number or a time is no name of a row
            if type(cell) is str and (label := cell.strip()) and (kind := row_kind_of(label)):
                if kind != "note" or column != remarks:
                    break
                kind = ""  # 执行Ⅲ类标准, said of a sample
        time, until = times.cell(number), times.end(number)
        section = own["section_code"] or own["section_name"]
        broken = bool(no_value) and any((number, column) in no_value for column in result_columns)
        if (
            not broken
            and _is_left_out(sheet, table, number, texts, section, kind, time, has_section_column)
            and not (section and is_reason(own["station_state"]))
        ):
            filled = list(_own_cells(sheet, table, number))
            if filled:
                shown = "，".join(cell_text(cell).strip() for cell in filled)[:40]
                rows.left_out.append(f"row {table.grid.row_number(number)}: “{shown}”")
            continue
        if isinstance(time, str) and not own["station_state"] and is_reason(time):
            own["station_state"], time = time.strip(), None  # 断流 stands where the date would
        flag = []
        if kind:
            flag.append(f"“{label}”是{KIND_WORDS[kind]}")
            if label in (own["section_name"], own["section_code"]):
                own["section_name"] = own["section_code"] = ""
            for role in ("sampling_line", "sampling_layer", "water_body", "basin", "province"):
                own[role] = "" if own[role] == label else own[role]  # 均值 is no layer
            if time is not None and row_kind_of(cell_text(time)):
                time = None
        elif has_section_column:
            if section:
                above = (own["section_code"], own["section_name"])
                if any(sheet.raw(number, column) is not None for column in section_columns):
                    time_above = None  # 章吉营 begins: what stood above is another's
            elif any(above):
                own["section_code"], own["section_name"] = above
                flag.append(f"断面空白，按上一行“{above[1] or above[0]}”")
            else:
                flag.append("断面空白")
        if has_section_column and has_time_column and not kind:
            if time is None and until is None and any(above) and time_above is not None:
                time, until = time_above
                flag.append("监测时间空白，按上一行")
            time_above = None if time is None else (time, until)
        if is_text and len(cells) > header_width and (extra := _beyond(cells, header_width)):
            flag.append(f"本行比表头多{extra}格，各列可能错位")
        if not kind and (name := _parallel(cells, sample_columns)):
            flag.append(f"平行样“{name}”")
        state = own["station_state"]
        if state and state != "正常":
            flag.append(state)
        rows.number.append(number)
        for role, keep in kept:
            keep(own[role])
        rows.time.append(time)
        rows.end.append(until)
        rows.flag.append("；".join(flag))
        rows.kind.append(kind)
        for position, text in flags.items():
            rows.raw_flag[len(rows.raw) + position] = text
        rows.raw.extend(texts)
    for role in _ROW_ROLES:
        if role not in filled_roles:
            rows.roles[role] = [""] * len(rows.number)
    return rows


def _cites(sheet: Sheet, table: Table, column: Column) -> bool:
    """Tell a column of standards (HJ 535-2009), as methods are cited, from names of rows."""
    if column.meaning.role:
        return False
    rows = range(table.header_last + 1, min(table.end, table.header_last + 201))
    cells = [text for row in rows if (text := sheet.text(row, column.column))]
    return sum(_STANDARD.match(text) is not None for text in cells) * 2 > len(cells)


def _is_left_out(
    sheet: Sheet,
    table: Table,
    row: int,
    texts: list[str],
    section: str,
    kind: str,
    time: Any,
    has_section_column: bool,
) -> bool:
    """Tell a note, or a row without any result, from a row of readings."""
    first = next(_own_cells(sheet, table, row), None)
    if first is None or (not any(texts) and _is_heading(sheet, row)):
        return True
    if isinstance(first, str) and _begins_a_note(first.strip()):
        return not any(is_data(text) for text in texts if text)
    if not any(texts) and not (section and time is not None):
        return True
    if has_section_column and not section and not kind and time is None:
        return sum(1 for _ in _own_cells(sheet, table, row)) == 1
    return False


def _is_heading(sheet: Sheet, row: int) -> bool:
    """Tell a word over the rows below (大凌河, merged over the table) from an empty sample."""
    if not sheet.top_left:
        return False
    places = [(row, column) for column, _ in sheet.cells(row)]
    if len(places) != 1:
        return False
    under = [
        column for column in range(sheet.width) if sheet.top_left.get((row, column)) == places[0]
    ]
    return len(under) > 2


def _own_cells(sheet: Sheet, table: Table, row: int) -> Iterator[Any]:
    """Yield the cells of a row that are this table's and not those of one beside it."""
    return (cell for column, cell in sheet.cells(row) if table.left <= column < table.right)


def _beyond(cells: list[Any], width: int) -> int:
    """Count by how many cells a row of a text is longer than its header."""
    return next((n - width for n in range(len(cells), width, -1) if cells[n - 1] != ""), 0)


def _parallel(cells: list[Any], columns: list[int]) -> str:
    """Return what names a row as a second sample of one place and time: S01平行."""
    found = (cells[column] for column in columns if column < len(cells))
    return next((cell.strip() for cell in found if isinstance(cell, str) and "平行" in cell), "")


@lru_cache(50_000)
def is_reason(text: str) -> bool:
    """Tell a word for why there is no sample from a time."""
    return re.search("[\u4e00-\u9fff]", text) is not None and parse_values([text]).state[0] in ORDER


@lru_cache(50_000)
def _begins_a_note(text: str) -> bool:
    return NOTE.match(text) is not None


def _result_texts(sheet: Sheet, row: int, columns: list[int]) -> tuple[list[str], dict[int, str]]:
    """Return the text of every result cell, and flags by position for merged or broken cells."""
    grid = sheet.grid
    texts = [cell_text(grid.cell(row, column)).strip() for column in columns]
    flags: dict[int, str] = {}
    if sheet.top_left:
        for position, column in enumerate(columns):
            origin = sheet.top_left.get((row, column))
            if origin is None or origin == (row, column) or texts[position]:
                continue
            first = sheet.raw(*origin)
            if first is None or origin[1] not in columns:
                continue
            place = f"{column_letters(origin[1])}{origin[0] + 1}"
            if is_data(first) and re.search(r"\d", cell_text(first)):
                flags[position] = f"与{place}合并，数值记在该格"
            else:
                texts[position] = cell_text(first).strip()
                flags[position] = f"取自合并单元格{place}"
    if grid.remarks:
        for position, column in enumerate(columns):
            if said := grid.remarks.get((row, column)):
                flags[position] = "；".join(text for text in (flags.get(position), said) if text)
    if grid.no_value:
        for position, column in enumerate(columns):
            if why := grid.no_value.get((row, column)):
                flags[position] = "；".join(text for text in (why, flags.get(position)) if text)
                if not texts[position] and why.startswith("Excel 错误值"):
                    texts[position] = why.removeprefix("Excel 错误值 ")
    return texts, flags


class _TimeCells:
    """The cell of the time of every row, put together where it stands in several columns."""

    def __init__(self, sheet: Sheet, table: Table) -> None:
        self.sheet = sheet
        roles = ("time", "clock", "year", "month", "day", "time_end", "clock_end")
        self.columns = {role: table.role(role) for role in roles}

    def part(self, role: str, row: int) -> Any:
        column = self.columns[role]
        return None if column is None else self.sheet.filled(row, column)

    def cell(self, row: int) -> Any:
        time, clock = self.part("time", row), self.part("clock", row)
        if time is None and self.columns["time"] is None:
            month = self.part("month", row)
            if isinstance(month, float) and not month.is_integer():
                return month  # 2025.1 under 月份
            marks = {"year": "年", "month": "月", "day": "日"}
            texts = {role: cell_text(self.part(role, row)).strip() for role in marks}
            numbers = {role: text.rstrip("年月日号份度") for role, text in texts.items()}
            if not (numbers["month"] or numbers["year"]):
                return None
            time = "".join(f"{numbers[r]}{mark}" for r, mark in marks.items() if numbers[r])
        return _at_clock(time, clock)

    def end(self, row: int) -> Any:
        """Return the cell that says when the sampling of a row ended."""
        if self.columns["time_end"] is None:
            return None
        return _at_clock(self.part("time_end", row), self.part("clock_end", row))


def _at_clock(time: Any, clock: Any) -> Any:
    """Put a date and a time of day together."""
    if clock is None or time is None:
        return time
    if isinstance(clock, dt.datetime):
        clock = clock.time()
    hour = clock_text(clock) or cell_text(clock).strip().rstrip("时点")
    if re.fullmatch(r"\D*\d{1,2}[时点]?", hour):
        hour = f"{hour.rstrip('时点')}:00"
    day = f"{time:%Y-%m-%d}" if isinstance(time, dt.date) else cell_text(time).strip()
    return f"{day} {hour}" if hour else time


def form_rows(sheet: Sheet, table: Table) -> tuple[Rows, list[Column]]:
    rows = Rows()
    for row, column, _, _ in table.entries:
        rows.number.append(row)
        for role in _ROW_ROLES:
            rows.roles[role].append("")
        rows.time.append(None)
        rows.end.append(None)
        rows.flag.append("")
        rows.kind.append("")
        rows.raw.append(sheet.text(row, column))
    rows.roles["item"] = [item for _, _, item, _ in table.entries]
    rows.roles["unit"] = [unit for _, _, _, unit in table.entries]
    return rows, [Column(-1, "", Meaning("value"))]
