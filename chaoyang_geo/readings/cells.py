"""Files to cells: every sheet as rows of cells, each with its place.

What a file is, its content says and not its name: an ``.xls`` that is really a web page
or a text, as many monitoring systems export it, is read as what it is.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from chaoyang_geo.readings.decoded import decoded

#: Most cells (rows x columns of the used range) of a sheet that are read.
MAX_CELLS = 20_000_000
#: Most columns of a table: Excel's own limit.
MAX_COLUMNS = 16_384
#: Largest text file that is read by cell, in bytes; a long table of any size is read by column.
MAX_TEXT_BYTES = 1 << 30
#: How much of a large file is looked at to describe it: bytes of a text, rows of a Parquet.
HEAD_BYTES, HEAD_ROWS = 4 << 20, 20_000

_WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".et", ".ods")
_TEXTS = (".csv", ".txt", ".tsv")
_SUFFIXES = (*_WORKBOOKS, *_TEXTS, ".json", ".parquet", ".html", ".htm")

_RULE = re.compile(r"[\s:=+-]*")

Place = tuple[int, int]


@dataclass
class Grid:
    """The cells of one sheet, the first row and column being Excel's row 1 and column A."""

    file: str
    sheet: str
    rows: list[list[Any]]
    kind: str = "table"  # "json" cells carry HTML spans; "text" may be cut in another way
    merged: list[tuple[Place, Place]] = field(
        default_factory=list
    )  # first and last cell, inclusive
    no_value: dict[Place, str] = field(default_factory=dict)  # why a cell has none
    remarks: dict[Place, str] = field(default_factory=dict)  # comments on cells
    notes: list[str] = field(default_factory=list)  # what the reader should know of the sheet
    left_out: str = ""  # why the sheet is not read at all
    days_offset: int = 0  # to add to Excel's serials of times: 1462 where days count from 1904

    @property
    def origin(self) -> str:
        return f"[{self.file}]{self.sheet}"

    def row_number(self, row: int) -> int:
        """Number a row as Excel counts it; in JSON, as the record or the row of tbody it is."""
        return row if self.kind in ("json", "records") else row + 1

    def where(self, row: int) -> str:
        sheet = f", sheet {self.sheet}" if self.sheet else ""
        return f"{self.file}{sheet}, row {self.row_number(row)}"

    @property
    def label(self) -> str:
        return f"{self.file}{f', sheet {self.sheet}' if self.sheet else ''}"

    def cell(self, row: int, column: int) -> Any:
        cells = self.rows[row]
        return cells[column] if column < len(cells) else None


class TooManyCells(ValueError):
    """A table that is too large to be read by cell, and what to do about it."""

    def __init__(self, file: str, rows: int, columns: int) -> None:
        self.most_rows = max(1, MAX_CELLS // max(1, columns))
        super().__init__(
            f"{file}: {rows:,} rows x {columns:,} columns are more than the {MAX_CELLS:,} cells that "
            f"are read at once. Split it into files of at most {self.most_rows:,} rows, which "
            "read_readings takes as a list, or write it as a long table (断面名称, 监测时间, 监测指标, "
            "监测值), which may have any size."
        )


def column_letters(column: int) -> str:
    """Name a column as Excel does: 0 is A, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def check_file(path: Path) -> bytes:
    """Return the first bytes of a file that may be read, or say why it may not."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file.")
    if path.is_dir():
        raise IsADirectoryError(
            f"{path}: this is a folder; name its files, e.g. list(Path({path.name!r}).glob('*.xlsx'))."
        )
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
    except PermissionError as error:
        raise PermissionError(
            f"{path}: the file may not be read (permission denied); close it in Excel, or copy it "
            "to a folder of your own."
        ) from error
    if path.suffix.lower() not in _SUFFIXES:
        raise ValueError(
            f"{path.name}: files ending in {path.suffix or 'nothing'} are not read; "
            "save the table as .xlsx, .csv, .parquet or .json."
        )
    return head


def grids(path: Path, *, head_only: bool = False) -> list[Grid]:
    """Read every sheet of a file; ``head_only`` spares the rest of a large text or Parquet."""
    head = check_file(path)
    if head.startswith(b"PAR1"):
        return [_parquet_grid(path, HEAD_ROWS if head_only else None)]
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")):
        from chaoyang_geo.readings.excel import workbook_grids

        return workbook_grids(path)
    if path.suffix.lower() == ".parquet":
        raise ValueError(f"{path.name}: this is not a Parquet file, whatever its name says.")
    if path.suffix.lower() == ".json":
        return [_json_grid(path)]
    text, is_cut, notes = file_text(path, head_only=head_only)
    if "urn:schemas-microsoft-com:office:spreadsheet" in text[:4096]:
        from chaoyang_geo.readings.xml2003 import xml_grids

        return xml_grids(path, text)
    if re.match(r"\s*(<\?xml[^>]*>\s*)?(<!doctype html|<html|<table|<meta|<head)", text, re.I):
        return _html_grids(path.name, text)
    grid = csv_grid(path.name, text)
    grid.notes += notes
    if is_cut:
        grid.notes.append(looked_at(len(grid.rows)))
    return [grid]


def file_text(path: Path, *, head_only: bool = False) -> tuple[str, bool, list[str]]:
    """Return a text file decoded, whether only its first lines are there, and what to know."""
    size = path.stat().st_size
    is_cut = head_only and size > 2 * HEAD_BYTES and path.suffix.lower() in _TEXTS
    if size > MAX_TEXT_BYTES and not is_cut:
        raise ValueError(
            f"{path.name}: {size / 2**30:.1f} GB of text is more than is read at "
            f"once ({MAX_TEXT_BYTES >> 30} GB); write it as a long table (断面名称, 监测时间, 监测指标, "
            "监测值), which may have any size, or split it."
        )
    text, notes = _decoded(path, HEAD_BYTES if is_cut else None)
    return (text[: text.rfind("\n") + 1] if is_cut else text), is_cut, notes


def looked_at(rows: int) -> str:
    """Say that a description rests on the first rows of a large file."""
    return f"only the first {rows:,} rows were looked at, so the counts are theirs"


def _decoded(path: Path, size: int | None = None) -> tuple[str, list[str]]:
    with path.open("rb") as stream:
        data = stream.read(-1 if size is None else size)
    if size is not None:
        data = data[: data.rfind(b"\n") + 1] or data
    return decoded(path.name, data)


def csv_grid(file: str, text: str) -> Grid:
    delimiter = delimiter_of(text)
    n_rows = text.count("\n")
    n_cells = text.count(delimiter) + n_rows
    if n_cells > MAX_CELLS and "\n" in text[: 4 << 20]:
        raise TooManyCells(file, n_rows, -(-n_cells // max(1, n_rows)))
    rows = _split(text, delimiter)
    if any(len(row) > MAX_COLUMNS for row in rows):
        widest = max(len(row) for row in rows)
        raise ValueError(
            f"{file}: a row has {widest:,} columns; a table of readings has at most "
            f"{MAX_COLUMNS:,}. Is the delimiter right, and is one row one line?"
        )
    if delimiter == "|":
        rows = [[] if _is_rule(row) else [cell.strip() for cell in row] for row in rows]
    return Grid(file, "", rows, kind="text")


def _is_rule(row: list[str]) -> bool:
    """Tell a line that only draws: |---|:--:| under a header, +-----+ around a table."""
    return any("--" in cell for cell in row) and all(_RULE.fullmatch(cell) for cell in row)


def delimiter_of(text: str) -> str:
    """Choose the delimiter that cuts most of the first lines into the same number of cells."""
    lines = [line for line in text[:100_000].splitlines()[:50] if line.strip()]
    if not lines:
        return ","

    def regularity(delimiter: str) -> tuple[int, int]:
        counts = [line.count(delimiter) for line in lines]
        usual = max(set(counts), key=lambda count: (counts.count(count) if count else 0, count))
        return counts.count(usual) if usual else 0, usual

    return max(",\t;|", key=regularity)


def _split(text: str, delimiter: str) -> list[list[Any]]:
    # quoted cells may hold line ends and are long at times; the default limit is 128 KB
    csv.field_size_limit(1 << 24)
    options: tuple[dict[str, Any], ...] = ({"strict": True}, {})
    for option in options:
        try:
            stream = io.StringIO(text, newline="")
            return [list(row) for row in csv.reader(stream, delimiter=delimiter, **option)]
        except csv.Error as error:
            if "end of data" in str(error) or "field larger" in str(error):
                break
    # a quote that never closes swallows the file: then quotes are plain characters
    lines = text.splitlines()
    reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return [[cell.strip().strip('"') for cell in row] for row in reader]


def _json_grid(path: Path) -> Grid:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        if (records := _records(content)) is not None:
            return _records_grid(path.name, *records)
        head, body = content["thead"], content["tbody"]
        rows = [[without_tags(str(cell)) for cell in head]]
        odd = [number for number, row in enumerate(body, 1) if not isinstance(row, list)]
        rows.extend(list(row) if isinstance(row, list) else [] for row in body)
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{path.name}: this is not the national platform's JSON, which has thead and tbody, and "
            f"no list of records ({type(error).__name__}: {error}); save the platform's answer "
            "unchanged."
        ) from error
    grid = Grid(path.name, "", rows, kind="json")
    if odd:
        shown = ", ".join(map(str, odd[:5])) + (", ..." if len(odd) > 5 else "")
        grid.notes.append(f"{len(odd)} rows of tbody are no lists and were left out: row {shown}")
    return grid


def _records(content: Any, where: str = "") -> tuple[list[dict[str, Any]], str] | None:
    """Return the longest list of records in a JSON, and where it stands; None if there is none."""
    if isinstance(content, list):
        if content and all(isinstance(one, dict) for one in content):
            return content, where
        return None
    if not isinstance(content, dict) or "thead" in content:
        return None
    found = [_records(inner, f"{where}/{name}") for name, inner in content.items()]
    return max((one for one in found if one is not None), key=lambda one: len(one[0]), default=None)


def _records_grid(file: str, records: list[dict[str, Any]], where: str) -> Grid:
    """Write records as a table, a name a column; what is nested within one stays as its text."""
    names = list(dict.fromkeys(name for record in records for name in record))
    if len(records) * len(names) > MAX_CELLS or len(names) > MAX_COLUMNS:
        raise TooManyCells(file, len(records), len(names))

    def cell(value: Any) -> Any:
        if isinstance(value, (dict, list)):
            return json.dumps(value, ensure_ascii=False)
        return str(value) if isinstance(value, bool) else value

    rows = [[cell(record.get(name)) for name in names] for record in records]
    grid = Grid(file, "", [list(names), *rows], kind="records")
    if where:
        grid.notes.append(f"the records under {where} were read, and nothing beside them")
    return grid


def _parquet_grid(path: Path, n_rows: int | None = None) -> Grid:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            rows, columns = file.metadata.num_rows, file.metadata.num_columns
            is_cut = n_rows is not None and rows > n_rows
            if n_rows is not None and is_cut:
                table = pa.Table.from_batches([next(file.iter_batches(n_rows))])
            elif rows * columns > MAX_CELLS:
                raise TooManyCells(path.name, rows, columns)
            else:
                table = file.read()
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path.name}: the Parquet file is damaged ({error}).") from error
    cells = [decimal_cells(column).to_pylist() for column in table.columns]
    body = [list(row) for row in zip(*cells, strict=True)]
    grid = Grid(path.name, "", [list(table.column_names), *body])
    if is_cut:
        grid.notes.append(f"{looked_at(len(body))} (of {rows:,})")
    return grid


def decimal_cells(column: Any) -> Any:
    """Return an Arrow column of short floats as the shortest decimals that mean them.

    0.2 in four bytes is 0.20000000298 in eight, which would be above a limit of 0.2.
    """
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_float32(kind) or pa.types.is_float16(kind)):
        return column
    return column.cast(pa.float32()).cast(pa.string()).cast(pa.float64())


class _Tables(HTMLParser):
    """The tables of a web page as cells; what spans rows or columns is merged."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[tuple[list[dict[int, str]], list[tuple[Place, Place]]]] = []
        self._text: list[str] | None = None
        self._span = (1, 1)
        self._open: list[int] = []  # tables within tables, the outer first
        self._outer: list[tuple[list[str] | None, tuple[int, int]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._outer.append((self._text, self._span))
            self._text = None
            self._open.append(len(self.tables))
            self.tables.append(([], []))
        elif tag == "tr" and self._open:
            self._close_cell()
            self.tables[self._open[-1]][0].append({})
        elif tag in ("td", "th") and self._open and self.tables[self._open[-1]][0]:
            self._close_cell()
            given = {name: value or "" for name, value in attrs}
            spans = [given.get(name, "1").strip() for name in ("rowspan", "colspan")]
            rows, columns = (int(s) if s.isdigit() and 0 < int(s) < 1000 else 1 for s in spans)
            self._span = (rows, columns)
            self._text = []
        elif tag == "br" and self._text is not None:
            self._text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._close_cell()
        if tag == "table" and self._open:
            rows = self.tables[self._open.pop()][0]
            self._text, self._span = self._outer.pop()
            filled = [cell for row in rows for cell in row.values() if cell]
            if self._text is not None and len(filled) == 1:  # a cell drawn as a table of one cell
                self._text.append(filled[0])
                rows.clear()

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def _close_cell(self) -> None:
        if self._text is None:
            return
        rows, merged = self.tables[self._open[-1]]
        row = len(rows) - 1
        taken = {
            column
            for (top, left), (bottom, right) in merged
            if top <= row <= bottom
            for column in range(left, right + 1)
        }
        column = 0
        while column in taken or column in rows[row]:
            column += 1
        rows[row][column] = "".join(self._text).strip()
        last = (row + self._span[0] - 1, column + self._span[1] - 1)
        for filler in range(column + 1, last[1] + 1):
            rows[row][filler] = ""
        if last != (row, column):
            merged.append(((row, column), last))
        self._text = None


def _html_grids(file: str, text: str) -> list[Grid]:
    parser = _Tables()
    parser.feed(text)
    parser.close()
    found = []
    tables = [table for table in parser.tables if table[0]]
    for number, (rows, merged) in enumerate(tables, 1):
        cells = [[row.get(c, "") for c in range(max(row, default=-1) + 1)] for row in rows]
        if any(len(row) > MAX_COLUMNS for row in cells):
            raise ValueError(f"{file}: a row has more than {MAX_COLUMNS:,} columns.")
        found.append(Grid(file, str(number) if len(tables) > 1 else "", cells, merged=merged))
    return found


def without_tags(text: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", text)).strip()


def cell_text(cell: object) -> str:
    """Write a cell as text; Excel's whole floats lose their ``.0``, codes stay text."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        return "" if cell != cell else repr(cell)
    return str(cell)
