"""Workbooks (.xlsx, .xlsb, .xls, .ods) to cells, safely: limits before anything is unpacked.

A workbook is a zip of XML, so a small file can hold a sheet of seventeen thousand million
cells. Its parts are read through once, in pieces, before the reader proper may hold them.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

from chaoyang_geo.readings import ole, opendocument, xlsb
from chaoyang_geo.readings.cells import Grid, Place, column_letters
from chaoyang_geo.readings.comments import comments_of, struck_styles
from chaoyang_geo.readings.limits import (
    BUILT_IN_MARKS,
    MAX_PACK_RATIO,
    MAX_SHEET_TEXT,
    MAX_UNPACKED_BYTES,
    PIECE,
    Seen,
    as_shown,
    check_extent,
    error_value,
    mark_of_format,
    not_a_workbook,
    protected,
    too_large,
)

_MAX_ELEMENT = 16 << 20

# a cell that holds something: <c .../> and <c ...></c> are formats alone
_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]+)(\d+)"[^>]*(?<!/)>(?!</(?:\w+:)?c>)')
_PLAIN_CELL = re.compile(rb'<c r="([A-Z]+)(\d+)"[^>]*(?<!/)>(?!</c>)')
_HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\bhidden="(?:1|true)"')
_HIDDEN_COLUMNS = re.compile(rb'<(?:\w+:)?col\b[^>]*?\bhidden="(?:1|true)"[^>]*>')
_FORMULA_ONLY = re.compile(
    rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]+)(\d+)"[^>]*>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*(?<!/)>[^<]*'
    rb"</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_SHARED = re.compile(rb't="s"[^>]*>\s*<(?:\w+:)?v>(\d+)<')
_ERROR = re.compile(
    rb'<(?:\w+:)?c\b(?=[^>]*?\bt="e")[^>]*?\br="([A-Z]+)(\d+)"[^>]*>(?:(?!</(?:\w+:)?c>).)*?'
    rb"<(?:\w+:)?v>(#[^<]{1,20})</(?:\w+:)?v>",
    re.DOTALL,
)


@dataclass
class _Book:
    """What reading through a workbook showed: its sheets, and where its days begin."""

    sheets: dict[str, Seen] = field(default_factory=dict)
    days_offset: int = 0  # to add to a serial, so that it counts from 1899-12-30
    in_order: list[Seen] = field(default_factory=list)  # where sheets are known by their place


_STRUCK = "struck"  # beside the marks of mark_of_format()
_DAYS_1904 = 1462  # from 1899-12-30 to 1904-01-01


def workbook_grids(path: Path) -> list[Grid]:
    import python_calamine as calamine

    with path.open("rb") as stream:
        is_zip = stream.read(2) == b"PK"
    if is_zip:
        seen = _read_through(path)
    elif _is_encrypted(path):
        raise protected(path)
    else:
        sheets, from_1904 = ole.read_through(path)
        seen = _Book({}, _DAYS_1904 if from_1904 else 0, sheets)
    try:
        book = calamine.load_workbook(str(path))
        with book:
            return [
                _sheet_grid(path.name, book, index, sheet, seen)
                for index, sheet in enumerate(book.sheets_metadata)
            ]
    except calamine.PasswordError as error:
        raise protected(path) from error
    except (calamine.CalamineError, OSError) as error:
        raise not_a_workbook(path, error) from error


def _sheet_grid(file: str, book: Any, index: int, sheet: Any, seen_book: _Book) -> Grid:
    visible = str(sheet.visible).rpartition(".")[2]
    if visible != "Visible":
        return Grid(file, sheet.name, [], left_out="the sheet is hidden")
    if str(sheet.typ).rpartition(".")[2] != "WorkSheet":
        return Grid(file, sheet.name, [], left_out="it is a chart or a macro, not a table")
    found = book.get_sheet_by_index(index)
    rows: list[list[Any]] = found.to_python(skip_empty_area=False)
    seen = seen_book.sheets.get(sheet.name, Seen())
    if index < len(seen_book.in_order):
        seen = seen_book.in_order[index]
    grid = Grid(file, sheet.name, rows, merged=list(found.merged_cell_ranges or seen.merged))
    for (row, column), mark in seen.shown.items():
        if row < len(rows) and column < len(rows[row]) and type(rows[row][column]) in (int, float):
            rows[row][column] = as_shown(rows[row][column], mark)
    if any(rows) and sheet.name not in seen_book.sheets and index >= len(seen_book.in_order):
        grid.notes.append(
            "the formats of its cells could not be read, so that a cell that shows 5 % is 0.05, and "
            "one that shows 0.025L is 0.025; save the workbook as .xlsx"
        )
    grid.no_value = seen.no_value
    grid.remarks = seen.remarks
    grid.days_offset = seen_book.days_offset
    if seen.hidden_rows:
        grid.notes.append(f"{seen.hidden_rows} hidden rows were read like the others")
    hidden = [
        column_letters(column)
        for column in range(max(map(len, rows), default=0))
        if any(first <= column <= last for first, last in seen.hidden_columns)
        and any(column < len(row) and row[column] not in (None, "") for row in rows)
    ]
    if hidden:
        grid.notes.append(f"hidden columns were read like the others: {', '.join(hidden)}")
    return grid


def _check_sizes(path: Path, parts: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(part.file_size for part in parts)
    packed = max(1, sum(part.compress_size for part in parts))
    if unpacked > MAX_UNPACKED_BYTES:
        raise too_large(path, f"unpacks to {unpacked / 2**30:.1f} GB")
    if unpacked > 100 << 20 and unpacked > MAX_PACK_RATIO * packed:
        raise too_large(path, f"unpacks to {unpacked // packed} times its size")


def check_workbook(path: Path) -> None:
    """Refuse a workbook that says of itself that it is too large; costs next to nothing."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(path, archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise not_a_workbook(path, error) from error


def _read_through(path: Path) -> _Book:
    """Read every part of the zip once, in pieces, and refuse what is too large."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            _check_sizes(path, parts)
            names = {part.filename for part in parts}
            if "xl/workbook.xml" in names:
                return _read_through_xml(path, archive)
            if "xl/workbook.bin" in names:
                _unpack(archive)
                sheets, from_1904 = xlsb.read_through(path, archive)
                return _Book(sheets, _DAYS_1904 if from_1904 else 0)
            if "content.xml" in names:
                _check_document(path, archive)
                _unpack(archive)
                return _Book(*opendocument.read_through(path, archive))
            if "EncryptedPackage" in names:
                raise protected(path)
            raise not_a_workbook(path, "a zip without xl/workbook.xml")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError) as error:
        raise not_a_workbook(path, error) from error
    except (struct.error, IndexError, NotImplementedError) as error:
        raise not_a_workbook(path, error) from error
    except RuntimeError as error:  # zipfile's word for an encrypted entry
        raise protected(path) from error


def _unpack(archive: zipfile.ZipFile) -> None:
    """Read every part to its end in pieces, which checks its stated size and its sum."""
    for part in archive.infolist():
        with archive.open(part) as stream:
            while stream.read(PIECE):
                pass


def _check_document(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse an OpenDocument file that is locked, or that is a text and no sheet."""
    try:
        manifest = archive.read("META-INF/manifest.xml")
    except KeyError:
        manifest = b""
    if b"encryption-data" in manifest:
        raise protected(path)
    try:
        kind = archive.read("mimetype")
    except KeyError:
        return
    if not kind.startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
        raise not_a_workbook(path, kind[:80].decode("ascii", "replace"))


def _read_through_xml(path: Path, archive: zipfile.ZipFile) -> _Book:
    sheet_of, from_1904 = _sheet_parts(archive)
    book = _Book(days_offset=_DAYS_1904 if from_1904 else 0)
    lengths = cache(lambda: _shared_lengths(path, archive))
    shown = _shown_cells(archive)
    for part in archive.infolist():
        found = _read_part(path, archive, part, shown)
        if found.cells * 32 > MAX_SHEET_TEXT >> 10:
            _check_text(path, archive, part, found, lengths())
        if part.filename in sheet_of:
            for place, text in comments_of(archive, part.filename).items():
                own = found.remarks.get(place)
                found.remarks[place] = f"{own}；{text}" if own else text
            book.sheets[sheet_of[part.filename]] = found
    return book


def _shown_cells(archive: zipfile.ZipFile) -> dict[str, re.Pattern[bytes]]:
    """Return the pattern of the cells that show a mark, by mark; none where no style does."""
    try:
        if archive.getinfo("xl/styles.xml").file_size > _MAX_ELEMENT:
            return {}
        styles = archive.read("xl/styles.xml")
    except KeyError:
        return {}
    formats = {str(number).encode(): mark for number, mark in BUILT_IN_MARKS.items()}
    for tag in re.findall(rb"<(?:\w+:)?numFmt\b[^>]*>", styles):
        given = dict(re.findall(rb'(\w+)="([^"]*)"', tag))
        code = unescape(given.get(b"formatCode", b"").decode("utf-8", "replace"))
        formats[given.get(b"numFmtId", b"")] = mark_of_format(code)
    cells = re.search(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", styles, re.DOTALL)
    shown: dict[str, list[bytes]] = {}
    for number, tag in enumerate(re.findall(rb"<(?:\w+:)?xf\b[^>]*>", cells[0]) if cells else ()):
        found = re.search(rb'\bnumFmtId="(\d+)"', tag)
        if found and (mark := formats.get(found[1], "")):
            shown.setdefault(mark, []).append(str(number).encode())
    if struck := struck_styles(styles):
        shown[_STRUCK] = [str(number).encode() for number in struck]
    return {
        mark: re.compile(
            rb'<(?:\w+:)?c\b(?=[^>]*?\bs="(?:'
            + b"|".join(numbers)
            + rb')")[^>]*?\br="([A-Z]+)(\d+)"'
        )
        for mark, numbers in shown.items()
    }


def _read_part(
    path: Path,
    archive: zipfile.ZipFile,
    part: zipfile.ZipInfo,
    shown: Mapping[str, re.Pattern[bytes]],
) -> Seen:
    """Read a part to its end, which also checks its stated size; a sheet's cells are counted."""
    seen = Seen()
    is_sheet = part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml")
    letters: set[bytes] = set()
    rest = b""
    with archive.open(part) as stream:
        while piece := stream.read(PIECE):
            if not is_sheet:
                continue
            data = rest + piece
            # a piece ends before a cell begins, so that no cell is cut
            cut = max(data.rfind(b"<c "), data.rfind(b":c "), data.rfind(b"<row"))
            cut = cut if cut > 0 else len(data)
            data, rest = data[:cut], data[cut:]
            _count(data, seen, letters)
            _mark(data, shown, seen)
            if len(rest) > _MAX_ELEMENT:
                raise too_large(path, f"holds one cell of over {_MAX_ELEMENT >> 20} MB")
        if is_sheet:
            _count(rest, seen, letters)
            _mark(rest, shown, seen)
    seen.columns = max((_column_number(name) for name in letters), default=0)
    check_extent(path, part.filename.rpartition("/")[2], seen)
    return seen


def _shared_lengths(path: Path, archive: zipfile.ZipFile) -> list[int]:
    """Return the length of every text that cells share, in bytes."""
    lengths: list[int] = []
    rest = b""
    try:
        with archive.open("xl/sharedStrings.xml") as stream:
            while piece := stream.read(PIECE):
                *whole, rest = (rest + piece).split(b"</si>")
                lengths.extend(map(len, whole))
                if len(rest) > _MAX_ELEMENT:
                    raise too_large(path, f"holds one cell of over {_MAX_ELEMENT >> 20} MB")
    except KeyError:
        return []
    return lengths


def _check_text(
    path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo, seen: Seen, lengths: list[int]
) -> None:
    """Refuse a sheet whose cells repeat a long shared text until it fills the memory."""
    if max(lengths, default=0) * seen.cells <= MAX_SHEET_TEXT:
        return
    total, rest = 0, b""
    with archive.open(part) as stream:
        while piece := stream.read(PIECE):
            data = rest + piece
            cut = max(data.rfind(b"<c "), data.rfind(b":c "), 1)
            data, rest = data[:cut], data[cut:]
            for number in _SHARED.findall(data):
                index = int(number[:12])
                total += lengths[index] if index < len(lengths) else 0
    if total > MAX_SHEET_TEXT:
        raise too_large(path, f"holds {total / 2**30:.1f} GB of text in one sheet")


def _count(data: bytes, seen: Seen, letters: set[bytes]) -> None:
    # as nearly every program writes them; the general pattern takes twice as long
    plain = data.count(b'<c r="') == data.count(b"<c ") and b":c " not in data
    found = (_PLAIN_CELL if plain else _CELL).findall(data)
    if found:
        columns, rows = zip(*found, strict=True)
        letters.update(columns)
        seen.cells += len(found)
        seen.rows = max(seen.rows, max(int(row[:9]) for row in set(rows)))
    if b"hidden=" in data:
        for tag in _HIDDEN_COLUMNS.findall(data):
            given = dict(re.findall(rb'\b(min|max)="(\d{1,6})"', tag))
            if len(given) == 2:
                seen.hidden_columns.append((int(given[b"min"]) - 1, int(given[b"max"]) - 1))
        seen.hidden_rows += len(_HIDDEN_ROW.findall(data))
    if b"<f" in data or b":f" in data:
        for letter, row in _FORMULA_ONLY.findall(data):
            place = (int(row[:9]) - 1, _column_number(letter) - 1)
            seen.no_value[place] = "公式没有缓存结果，请在 Excel 中打开并保存后再读"
    if b't="e"' in data:
        for letter, row, word in _ERROR.findall(data):
            place = (int(row[:9]) - 1, _column_number(letter) - 1)
            seen.no_value[place] = error_value(word.decode(errors="replace"))


def _mark(data: bytes, shown: Mapping[str, re.Pattern[bytes]], seen: Seen) -> None:
    """Keep which cells show more than their number, or are crossed out."""
    for mark, pattern in shown.items():
        places = _places(pattern, data)
        if mark == _STRUCK:
            seen.remarks.update(dict.fromkeys(places, "单元格文字有删除线"))
        else:
            seen.shown.update(dict.fromkeys(places, mark))


def _places(pattern: re.Pattern[bytes], data: bytes) -> list[Place]:
    found = pattern.findall(data)
    return [(int(row[:9]) - 1, _column_number(letter) - 1) for letter, row in found]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters[:8]:
        number = number * 26 + letter - 64
    return number


def _sheet_parts(archive: zipfile.ZipFile) -> tuple[dict[str, str], bool]:
    """Return the name of the sheet of every part, and whether days count from 1904."""
    try:
        book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
        links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    except KeyError:
        return {}, False
    targets = {}
    for link in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", links):
        given = dict(re.findall(r'(\w+)="([^"]*)"', link))
        target = given.get("Target", "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        targets[given.get("Id", "")] = part
    sheets = {}
    for sheet in re.findall(r"<(?:\w+:)?sheet\b[^>]*>", book):
        given = dict(re.findall(r'([\w:]+)="([^"]*)"', sheet))
        link_id = next((value for name, value in given.items() if name.endswith(":id")), "")
        if link_id in targets:
            sheets[targets[link_id]] = unescape(given.get("name", ""))
    # the first, for extensions have an element of the same name that says nothing of dates
    properties = re.search(r"<(?:\w+:)?workbookPr\b[^>]*>", book)
    from_1904 = properties is not None and re.search(
        r"""\bdate1904=["'](?:1|true)["']""", properties[0]
    )
    return sheets, bool(from_1904)


def _is_encrypted(path: Path) -> bool:
    """Tell whether an OLE file is a workbook locked with a password."""
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            if "EncryptedPackage".encode("utf-16-le") in piece:
                return True
    return False
