"""OpenDocument sheets (.ods), read through before they are opened: extent, merged cells, errors.

A sheet that says "this row a million times" is a few bytes long, and LibreOffice ends every
sheet so; only what is filled counts. The document that holds entities of its own is refused.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from xml.parsers import expat

from chaoyang_geo.readings.cells import Place
from chaoyang_geo.readings.limits import (
    MAX_SHEET_TEXT,
    PIECE,
    Seen,
    check_extent,
    comment,
    error_value,
    not_a_workbook,
    too_large,
)

_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 "
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0 "
_CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 "
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_MOST_COPIES = 10_000  # of one cell that are looked at one by one
_EPOCH = dt.date(1899, 12, 30)


class _Reader:
    """Follows the tags of content.xml and keeps what they say of every sheet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seen: dict[str, Seen] = {}
        self.offset = 0
        self._sheet = Seen()
        self._name = ""
        self._depth = 0  # of tables within a cell
        self._row = self._column = 0
        self._row_repeat = 1
        self._last_column = 0  # filled columns of this row
        self._columns = 0  # that were said before the rows
        self._error: Place | None = None
        self._comment: list[str] | None = None  # of the cell that is read
        self._place: Place = (0, 0)
        self._error_text: list[str] = []
        self._copies = 0  # of the cell that is read
        self._characters = 0  # of all cells of the sheet

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == f"{_TABLE}table":
            self._depth += 1
            if self._depth == 1:
                self._name, self._sheet = given.get(f"{_TABLE}name", ""), Seen()
                self._row = self._characters = self._columns = 0
        elif tag == f"{_TABLE}null-date":
            self.offset = _days(given.get(f"{_TABLE}date-value", ""))
        elif self._depth != 1:
            return
        elif tag == f"{_TABLE}table-column":
            repeat = _count(given.get(f"{_TABLE}number-columns-repeated"))
            if given.get(f"{_TABLE}visibility") in ("collapse", "filter"):
                self._sheet.hidden_columns.append((self._columns, self._columns + repeat - 1))
            self._columns += repeat
        elif tag == f"{_TABLE}table-row":
            self._column = self._last_column = 0
            self._row_repeat = _count(given.get(f"{_TABLE}number-rows-repeated"))
            if given.get(f"{_TABLE}visibility") in ("collapse", "filter"):
                self._sheet.hidden_rows += self._row_repeat
        elif tag in _CELLS:
            self._cell(given, covered=tag == _CELLS[1])
        elif tag == f"{_OFFICE}annotation":
            self._comment = []

    def _cell(self, given: dict[str, str], *, covered: bool) -> None:
        repeat = _count(given.get(f"{_TABLE}number-columns-repeated"))
        if f"{_OFFICE}value-type" in given:
            self._last_column = self._column + repeat
            self._copies = repeat * self._row_repeat
            self._sheet.cells += self._copies
            self._characters += self._copies * len(given.get(f"{_OFFICE}string-value", ""))
            place = (self._row, self._column)
            self._place = place
            if given[f"{_OFFICE}value-type"] == "percentage" and self._copies <= _MOST_COPIES:
                self._sheet.shown.update(
                    ((self._row + down, self._column + right), "%")
                    for down in range(self._row_repeat)
                    for right in range(repeat)
                )
            if given.get(f"{_CALC}value-type") == "error":
                self._error, self._error_text = place, []
            down = _count(given.get(f"{_TABLE}number-rows-spanned"))
            right = _count(given.get(f"{_TABLE}number-columns-spanned"))
            if not covered and (down, right) != (1, 1):
                last = (self._row + down - 1, self._column + right - 1)
                self._sheet.merged.append((place, last))
        self._column += repeat

    def text(self, data: str) -> None:
        if self._comment is not None:
            self._comment.append(data)
            return
        if self._error is not None:
            self._error_text.append(data)
        self._characters += self._copies * len(data)
        if self._characters > MAX_SHEET_TEXT:
            raise too_large(self.path, f"holds over {MAX_SHEET_TEXT >> 30} GB of text in one sheet")

    def end(self, tag: str) -> None:
        if tag == f"{_TABLE}table":
            self._depth -= 1
            if self._depth == 0:
                self.seen[self._name] = self._sheet
                check_extent(self.path, self._name, self._sheet)
        elif self._depth != 1:
            return
        elif tag == f"{_TABLE}table-row":
            if self._last_column:
                self._sheet.rows = self._row + self._row_repeat
                self._sheet.columns = max(self._sheet.columns, self._last_column)
            self._row += self._row_repeat
        elif tag == f"{_OFFICE}annotation":
            words = comment("".join(self._comment or ()))
            self._comment = None
            if words:
                self._sheet.remarks[self._place] = words
        elif tag in _CELLS:
            self._copies = 0
            if self._error is not None:
                self._sheet.no_value[self._error] = error_value("".join(self._error_text)[:20])
                self._error = None

    def refuse(self, *_: object) -> None:
        raise not_a_workbook(self.path, "a document with a DTD of its own")


def read_through(path: Path, archive: zipfile.ZipFile) -> tuple[dict[str, Seen], int]:
    """Return what every sheet holds, and the days to add to its serials of times.

    Raises
    ------
    ValueError
        A sheet is too large, or the document is damaged.
    """
    reader = _Reader(path)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    try:
        with archive.open("content.xml") as stream:
            while piece := stream.read(PIECE):
                parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise not_a_workbook(path, error) from error
    return reader.seen, reader.offset


def _count(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 1


def _days(date: str) -> int:
    try:
        return (dt.date.fromisoformat(date) - _EPOCH).days
    except ValueError:
        return 0
