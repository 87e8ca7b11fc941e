"""Excel workbooks to cells, safely: limits before anything is unpacked.

A workbook is a zip of XML, so a small file can hold a sheet of seventeen thousand million
cells. Its parts are read through once, in pieces, before the reader proper may hold them.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from chaoyang_geo.readings.cells import MAX_CELLS, MAX_COLUMNS, Grid, Place, column_letters

#: Largest content of a workbook when unpacked, in bytes.
MAX_UNPACKED_BYTES = 1 << 30
#: Most times that a workbook of more than 100 MB may have been packed; Excel's own reach 30.
MAX_PACK_RATIO = 250
#: Most text that the cells of a sheet may hold in all, in characters.
MAX_SHEET_TEXT = 1 << 30
_PIECE = 1 << 20
_MAX_ELEMENT = 16 << 20

_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]+)(\d+)"[^>]*(?<!/)>')
_HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\bhidden="(?:1|true)"')
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
class _Seen:
    """What reading through the XML of one sheet showed."""

    rows: int = 0
    columns: int = 0
    cells: int = 0
    hidden_rows: int = 0
    no_value: dict[Place, str] = field(default_factory=dict)


def workbook_grids(path: Path) -> list[Grid]:
    import python_calamine as calamine

    with path.open("rb") as stream:
        is_zip = stream.read(2) == b"PK"
    seen = _read_through(path) if is_zip else {}
    if not is_zip and _is_encrypted(path):
        raise _protected(path)
    try:
        book = calamine.load_workbook(str(path))
        with book:
            return [
                _sheet_grid(path.name, book, index, sheet, seen.get(sheet.name, _Seen()))
                for index, sheet in enumerate(book.sheets_metadata)
            ]
    except calamine.PasswordError as error:
        raise _protected(path) from error
    except (calamine.CalamineError, OSError) as error:
        raise _not_a_workbook(path, error) from error


def _sheet_grid(file: str, book: Any, index: int, sheet: Any, seen: _Seen) -> Grid:
    visible = str(sheet.visible).rpartition(".")[2]
    if visible != "Visible":
        return Grid(file, sheet.name, [], left_out="the sheet is hidden")
    if str(sheet.typ).rpartition(".")[2] != "WorkSheet":
        return Grid(file, sheet.name, [], left_out="it is a chart or a macro, not a table")
    found = book.get_sheet_by_index(index)
    rows: list[list[Any]] = found.to_python(skip_empty_area=False)
    grid = Grid(file, sheet.name, rows, merged=list(found.merged_cell_ranges or []))
    grid.no_value = seen.no_value
    if seen.hidden_rows:
        grid.notes.append(f"{seen.hidden_rows} hidden rows were read like the others")
    return grid


def _check_sizes(path: Path, parts: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(part.file_size for part in parts)
    packed = max(1, sum(part.compress_size for part in parts))
    if unpacked > MAX_UNPACKED_BYTES:
        raise _too_large(path, f"unpacks to {unpacked / 2**30:.1f} GB")
    if unpacked > 100 << 20 and unpacked > MAX_PACK_RATIO * packed:
        raise _too_large(path, f"unpacks to {unpacked // packed} times its size")


def check_workbook(path: Path) -> None:
    """Refuse a workbook that says of itself that it is too large; costs next to nothing."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(path, archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise _not_a_workbook(path, error) from error


def _read_through(path: Path) -> dict[str, _Seen]:
    """Read every part of the zip once, in pieces, and refuse what is too large."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            _check_sizes(path, parts)
            names = {part.filename for part in parts}
            if "xl/workbook.xml" not in names:
                if "EncryptedPackage" in names:
                    raise _protected(path)
                raise _not_a_workbook(path, "a zip without xl/workbook.xml")
            sheet_of = _sheet_parts(archive)
            seen: dict[str, _Seen] = {}
            lengths = cache(lambda: _shared_lengths(path, archive))
            for part in parts:
                found = _read_part(path, archive, part)
                if found.cells * 32 > MAX_SHEET_TEXT >> 10:
                    _check_text(path, archive, part, found, lengths())
                if part.filename in sheet_of:
                    seen[sheet_of[part.filename]] = found
            return seen
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise _not_a_workbook(path, error) from error
    except RuntimeError as error:  # zipfile's word for an encrypted entry
        raise _protected(path) from error


def _read_part(path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> _Seen:
    """Read a part to its end, which also checks its stated size; a sheet's cells are counted."""
    seen = _Seen()
    is_sheet = part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml")
    letters: set[bytes] = set()
    rest = b""
    with archive.open(part) as stream:
        while piece := stream.read(_PIECE):
            if not is_sheet:
                continue
            data = rest + piece
            # a piece ends before a cell begins, so that no cell is cut
            cut = max(data.rfind(b"<c "), data.rfind(b":c "), data.rfind(b"<row"))
            cut = cut if cut > 0 else len(data)
            data, rest = data[:cut], data[cut:]
            _count(data, seen, letters)
            if len(rest) > _MAX_ELEMENT:
                raise _too_large(path, f"holds one cell of over {_MAX_ELEMENT >> 20} MB")
        if is_sheet:
            _count(rest, seen, letters)
    seen.columns = max((_column_number(name) for name in letters), default=0)
    if seen.columns > MAX_COLUMNS or seen.rows * seen.columns > MAX_CELLS:
        last = f"{column_letters(seen.columns - 1)}{seen.rows}" if seen.columns else ""
        raise _too_large(
            path,
            f"has a sheet ({part.filename.rpartition('/')[2]}) of {seen.rows:,} rows x "
            f"{seen.columns:,} columns, its last cell being {last}",
        )
    return seen


def _shared_lengths(path: Path, archive: zipfile.ZipFile) -> list[int]:
    """Return the length of every text that cells share, in bytes."""
    lengths: list[int] = []
    rest = b""
    try:
        with archive.open("xl/sharedStrings.xml") as stream:
            while piece := stream.read(_PIECE):
                *whole, rest = (rest + piece).split(b"</si>")
                lengths.extend(map(len, whole))
                if len(rest) > _MAX_ELEMENT:
                    raise _too_large(path, f"holds one cell of over {_MAX_ELEMENT >> 20} MB")
    except KeyError:
        return []
    return lengths


def _check_text(
    path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo, seen: _Seen, lengths: list[int]
) -> None:
    """Refuse a sheet whose cells repeat a long shared text until it fills the memory."""
    if max(lengths, default=0) * seen.cells <= MAX_SHEET_TEXT:
        return
    total, rest = 0, b""
    with archive.open(part) as stream:
        while piece := stream.read(_PIECE):
            data = rest + piece
            cut = max(data.rfind(b"<c "), data.rfind(b":c "), 1)
            data, rest = data[:cut], data[cut:]
            for number in _SHARED.findall(data):
                index = int(number[:12])
                total += lengths[index] if index < len(lengths) else 0
    if total > MAX_SHEET_TEXT:
        raise _too_large(path, f"holds {total / 2**30:.1f} GB of text in one sheet")


def _count(data: bytes, seen: _Seen, letters: set[bytes]) -> None:
    found = _CELL.findall(data)
    if not found:
        return
    columns, rows = zip(*found, strict=True)
    letters.update(columns)
    seen.cells += len(found)
    seen.rows = max(seen.rows, max(int(row[:9]) for row in set(rows)))
    seen.hidden_rows += len(_HIDDEN_ROW.findall(data))
    if b"<f" in data or b":f" in data:
        for letter, row in _FORMULA_ONLY.findall(data):
            place = (int(row[:9]) - 1, _column_number(letter) - 1)
            seen.no_value[place] = "公式没有缓存结果，请在 Excel 中打开并保存后再读"
    if b't="e"' in data:
        for letter, row, word in _ERROR.findall(data):
            place = (int(row[:9]) - 1, _column_number(letter) - 1)
            seen.no_value[place] = f"Excel 错误值 {word.decode(errors='replace')}"


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters[:8]:
        number = number * 26 + letter - 64
    return number


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the name of the sheet of every part, where the workbook says so."""
    from html import unescape

    try:
        book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
        links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    except KeyError:
        return {}
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
    return sheets


def _is_encrypted(path: Path) -> bool:
    """Tell whether an OLE file is a workbook locked with a password."""
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            if "EncryptedPackage".encode("utf-16-le") in piece:
                return True
    return False


def _protected(path: Path) -> ValueError:
    return ValueError(
        f"{path.name}: the workbook is protected with a password; open it in Excel, remove the "
        "password (文件 > 信息 > 保护工作簿) and save it."
    )


def _too_large(path: Path, what: str) -> ValueError:
    return ValueError(
        f"{path.name}: the workbook {what}, which no table of readings needs; it was not opened. "
        f"The limits are {MAX_UNPACKED_BYTES >> 30} GB, {MAX_CELLS:,} cells and {MAX_COLUMNS:,} "
        "columns; delete what lies beside the table, or save the sheet as .csv."
    )


def _not_a_workbook(path: Path, why: object) -> ValueError:
    name = type(why).__name__ if isinstance(why, Exception) else str(why)
    return ValueError(
        f"{path.name}: the file is not an Excel workbook, whatever its name says, or it is "
        f"damaged ({name}); open it in Excel and save it as .xlsx, or as .csv."
    )
