"""XML tables of Excel 2003, which many monitoring systems write and name .xls.

Cells are taken as the program wrote them: a number as a number, a time as a time. A document
with entities of its own is refused, and so is one that says more cells than a table needs.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from xml.parsers import expat

from chaoyang_geo.readings.cells import MAX_CELLS, MAX_COLUMNS, Grid, Place
from chaoyang_geo.readings.limits import (
    as_shown,
    comment,
    error_value,
    mark_of_format,
    not_a_workbook,
    too_large,
)

_SHEET = "urn:schemas-microsoft-com:office:spreadsheet "
_EXCEL = "urn:schemas-microsoft-com:office:excel "
_PERCENT = ("Percent", "0%")


class _Reader:
    """Follows the tags of the document and keeps its sheets."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.grids: list[Grid] = []
        self.marks: dict[str, str] = {}
        self._style = self._cell_style = ""
        self._row = self._column = -1
        self._text: list[str] | None = None
        self._kind = ""
        self._cells = 0
        self._hidden_rows = 0
        self._span = 0
        self._comment = False

    def start(self, tag: str, given: dict[str, str]) -> None:
        name = tag.removeprefix(_SHEET)
        if name == "Style":
            self._style = given.get(f"{_SHEET}ID", "")
        elif name == "NumberFormat":
            code = given.get(f"{_SHEET}Format", "")
            mark = "%" if code in _PERCENT else mark_of_format(code)
            if mark:
                self.marks[self._style] = mark
        elif name == "Worksheet":
            self.grids.append(Grid(self.path.name, given.get(f"{_SHEET}Name", ""), []))
            self._row, self._hidden_rows = -1, 0
        elif not self.grids:
            return
        elif name == "Row":
            self._row = _index(given) if f"{_SHEET}Index" in given else self._row + 1
            self._column = -1
            self._hidden_rows += given.get(f"{_SHEET}Hidden") == "1"
        elif name == "Cell":
            self._column = _index(given) if f"{_SHEET}Index" in given else self._column + 1
            self._cell_style = given.get(f"{_SHEET}StyleID", "")
            down, right = (
                _number(given.get(f"{_SHEET}{side}", "")) for side in ("MergeDown", "MergeAcross")
            )
            if down or right:
                first: Place = (self._row, self._column)
                self.grids[-1].merged.append((first, (self._row + down, self._column + right)))
                self._span = right
            else:
                self._span = 0
        elif name == "Comment":
            self._comment, self._text = True, []
        elif name == "Data" and not self._comment:
            self._kind, self._text = given.get(f"{_SHEET}Type", "String"), []
        elif tag == f"{_EXCEL}Visible":
            self._text = []

    def text(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def end(self, tag: str) -> None:
        name = tag.removeprefix(_SHEET)
        said = "".join(self._text or ())
        if name == "Comment":
            if words := comment(said):
                self.grids[-1].remarks[self._row, self._column] = words
            self._comment, self._text = False, None
        elif name == "Data" and not self._comment and self._text is not None:
            self._text = None
            self._put(said)
        elif name == "Cell":
            self._column += self._span
        elif tag == f"{_EXCEL}Visible":
            self._text = None
            if said.strip() in ("SheetHidden", "SheetVeryHidden"):
                self.grids[-1].left_out = "the sheet is hidden"
        elif name == "Worksheet" and self._hidden_rows:
            self.grids[-1].notes.append(
                f"{self._hidden_rows} hidden rows were read like the others"
            )

    def _put(self, said: str) -> None:
        rows = self.grids[-1].rows
        if self._column >= MAX_COLUMNS or self._row * (self._column + 1) > MAX_CELLS:
            raise too_large(self.path, "has a cell far beyond its table")
        self._cells += self._row + 1 - len(rows) if self._row >= len(rows) else 0
        rows.extend([] for _ in range(self._row + 1 - len(rows)))
        row = rows[self._row]
        self._cells += max(0, self._column + 1 - len(row))
        if self._cells > MAX_CELLS:
            raise too_large(self.path, f"holds over {MAX_CELLS:,} cells")
        row.extend([None] * (self._column + 1 - len(row)))
        row[self._column] = self._value(said)

    def _value(self, said: str) -> Any:
        if self._kind == "Number":
            try:
                number = float(said)
            except ValueError:
                return said
            mark = self.marks.get(self._cell_style, "")
            return as_shown(number, mark) if mark else number
        if self._kind == "DateTime":
            try:
                moment = dt.datetime.fromisoformat(said)
            except ValueError:
                return said
            # Excel writes a time of day alone as one of the day before its first
            return moment.time() if moment.date() == dt.date(1899, 12, 31) else moment
        if self._kind == "Error":
            self.grids[-1].no_value[self._row, self._column] = error_value(said[:20])
            return None
        return said

    def refuse(self, *_: object) -> None:
        raise not_a_workbook(self.path, "a document with a DTD of its own")


def xml_grids(path: Path, text: str) -> list[Grid]:
    """Return the sheets of an XML table of Excel 2003, from the text of its file.

    Raises
    ------
    ValueError
        The document is damaged, or larger than a table of readings can be.
    """
    reader = _Reader(path)
    # the text is decoded already: the encoding that it states, GB2312 mostly, is not asked
    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    try:
        parser.Parse(text.encode("utf-8"), True)
    except expat.ExpatError as error:
        raise not_a_workbook(path, error) from error
    return reader.grids


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def _index(given: dict[str, str]) -> int:
    return max(1, _number(given[f"{_SHEET}Index"])) - 1
