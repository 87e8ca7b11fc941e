"""Binary workbooks (.xlsb), read through before they are opened: extent, merged cells, errors.

The records are those of [MS-XLSB] 2.3.1: a number, a length, and that many bytes.
"""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from chaoyang_geo.readings.cells import Place
from chaoyang_geo.readings.comments import comment_parts
from chaoyang_geo.readings.limits import (
    BUILT_IN_MARKS,
    ERROR_WORDS,
    MAX_SHEET_TEXT,
    PIECE,
    Seen,
    check_extent,
    comment,
    error_value,
    mark_of_format,
    too_large,
)

_ROW, _ERROR, _FORMULA_ERROR, _MERGED, _PROPERTIES, _SHEET = 0, 3, 11, 176, 153, 156
_INLINE, _SHARED, _SHARED_TEXT = 6, 7, 19
_CELLS = frozenset((*range(2, 12), 62))  # with a value; 1 is a cell that is only formatted
_NUMBERS = frozenset((2, 5, 9))  # short, long, and the result of a formula
_COLUMNS, _FORMAT, _STYLE, _STYLES_BEGIN, _STYLES_END = 60, 44, 47, 617, 618
_COMMENT, _COMMENT_TEXT = 635, 637
_MAX_RECORD = 64 << 20


def read_through(path: Path, archive: zipfile.ZipFile) -> tuple[dict[str, Seen], bool]:
    """Return what every sheet holds, and whether the workbook counts days from 1904.

    Raises
    ------
    ValueError
        A sheet or a record is too large.
    struct.error, EOFError
        A record is cut short.
    """
    names, from_1904 = _sheets(path, archive)
    lengths = _shared_lengths(path, archive)
    marks = _marks(path, archive)
    seen = {}
    for part, name in names.items():
        with archive.open(part) as stream:
            seen[name] = _sheet(path, stream, lengths, marks)
        for comments in comment_parts(archive, part):
            with archive.open(comments) as stream:
                seen[name].remarks.update(_comments(path, stream))
        check_extent(path, name, seen[name])
    return seen, from_1904


def _shared_lengths(path: Path, archive: zipfile.ZipFile) -> list[int]:
    """Return the length of every text that cells share, in characters."""
    try:
        stream = archive.open("xl/sharedStrings.bin")
    except KeyError:
        return []
    with stream:
        return [
            struct.unpack_from("<I", data, 1)[0]
            for kind, data in _records(path, stream)
            if kind == _SHARED_TEXT
        ]


def _marks(path: Path, archive: zipfile.ZipFile) -> dict[int, str]:
    """Return the mark that the cells of a style show, for styles that show one."""
    try:
        stream = archive.open("xl/styles.bin")
    except KeyError:
        return {}
    formats = dict(BUILT_IN_MARKS)
    styles: list[str] = []
    of_cells = False
    with stream:
        for kind, data in _records(path, stream):
            if kind == _FORMAT:
                formats[struct.unpack_from("<H", data)[0]] = mark_of_format(_text(data, 2)[0])
            elif kind in (_STYLES_BEGIN, _STYLES_END):
                of_cells = kind == _STYLES_BEGIN
            elif kind == _STYLE and of_cells:
                styles.append(formats.get(struct.unpack_from("<H", data, 2)[0], ""))
    return {number: mark for number, mark in enumerate(styles) if mark}


def _comments(path: Path, stream: IO[bytes]) -> dict[Place, str]:
    """Return the comments of a part of them: [MS-XLSB] 2.4.28 and 2.4.324."""
    found: dict[Place, str] = {}
    place: Place = (0, 0)
    for kind, data in _records(path, stream):
        if kind == _COMMENT:
            row, _, column, _ = struct.unpack_from("<4I", data, 4)
            place = (row, column)
        elif kind == _COMMENT_TEXT and (words := comment(_text(data, 1)[0])):
            found[place] = words
    return found


def _sheet(path: Path, stream: IO[bytes], lengths: list[int], marks: dict[int, str]) -> Seen:
    seen = Seen()
    row = characters = 0
    for kind, data in _records(path, stream):
        if kind == _ROW:
            (row,) = struct.unpack_from("<I", data)
            seen.hidden_rows += len(data) > 11 and bool(data[11] & 0x10)
        elif kind in _CELLS:
            (column,) = struct.unpack_from("<I", data)
            seen.cells += 1
            seen.rows = max(seen.rows, row + 1)
            seen.columns = max(seen.columns, column + 1)
            if kind in (_INLINE, _SHARED):
                (number,) = struct.unpack_from("<I", data, 8)
                if kind == _INLINE:
                    characters += len(data) // 2
                elif number < len(lengths):
                    characters += lengths[number]
                if characters > MAX_SHEET_TEXT:
                    raise too_large(
                        path, f"holds over {MAX_SHEET_TEXT >> 30} GB of text in one sheet"
                    )
            if marks and kind in _NUMBERS:
                style = int.from_bytes(data[4:7], "little")
                if style in marks:
                    seen.shown[row, column] = marks[style]
            if kind in (_ERROR, _FORMULA_ERROR):
                seen.no_value[row, column] = error_value(ERROR_WORDS.get(data[8], "#"))
        elif kind == _COLUMNS and len(data) > 16 and data[16] & 1:
            seen.hidden_columns.append(struct.unpack_from("<2I", data))
        elif kind == _MERGED:
            top, bottom, left, right = struct.unpack_from("<4I", data)
            seen.merged.append(((top, left), (bottom, right)))
    return seen


def _sheets(path: Path, archive: zipfile.ZipFile) -> tuple[dict[str, str], bool]:
    """Return the name of the sheet of every part, and whether days count from 1904."""
    links = archive.read("xl/_rels/workbook.bin.rels").decode("utf-8", "replace")
    part_of = {}
    for link in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", links):
        given = dict(re.findall(r'(\w+)="([^"]*)"', link))
        target = given.get("Target", "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        part_of[given.get("Id", "")] = part
    names: dict[str, str] = {}
    from_1904 = False
    with archive.open("xl/workbook.bin") as stream:
        for kind, data in _records(path, stream):
            if kind == _PROPERTIES:
                from_1904 = bool(data[0] & 1)
            elif kind == _SHEET:
                link, after = _text(data, 8)
                name, _ = _text(data, after)
                part = part_of.get(link, "")
                if part.startswith("xl/worksheets/"):
                    names[part] = name
    return names, from_1904


def _text(data: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", data, at)
    end = at + 4 + 2 * length
    if end > len(data):
        raise EOFError("a text is longer than its record")
    return data[at + 4 : end].decode("utf-16-le", "replace"), end


def _records(path: Path, stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a part: number and data."""
    data, at = b"", 0
    ended = False
    while True:
        if len(data) - at < 8 and not ended:
            data, at = data[at:] + (piece := stream.read(PIECE)), 0
            ended = not piece
            continue
        if at >= len(data):
            return
        kind, at = _number(data, at, 2)
        size, at = _number(data, at, 4)
        if size > _MAX_RECORD:
            raise too_large(path, f"holds one record of over {_MAX_RECORD >> 20} MB")
        while len(data) - at < size:
            piece = stream.read(max(PIECE, size))
            if not piece:
                raise EOFError("a record is cut short")
            data, at = data[at:] + piece, 0
        yield kind, data[at : at + size]
        at += size


def _number(data: bytes, at: int, most: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, the lowest first, of at most so many bytes."""
    number = 0
    for shift in range(most):
        if at >= len(data):
            raise EOFError("a record is cut short")
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << (7 * shift)
        if not byte & 0x80:
            break
    return number, at
