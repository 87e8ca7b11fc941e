"""Tables with coordinates (Excel, CSV) as layers of points.

The header is the first row that names coordinates; rows above it are titles, in which the datum
or the central meridian may stand. What was taken for what is said in warnings.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.layers.encoding import Evidence, transcode
from chaoyang_geo.layers.locate import Located, locate
from chaoyang_geo.layers.meaning import COORDINATES, role_of, unique_names
from chaoyang_geo.layers.sources import Source
from chaoyang_geo.layers.vector import RawLayer
from chaoyang_geo.schema import COLUMNS, as_text

if TYPE_CHECKING:
    import pandas as pd

_HEADER_WITHIN = 30  # rows
_MAX_CELLS = 50_000_000
_MAX_SHEET_BYTES = 2 << 30
_NUMBER = re.compile(r"[-+]?(?:0|[1-9]\d{0,14})(?:\.\d+)?(?:[eE][-+]?\d+)?|[-+]?\.\d+")
_PARTS = {
    "度": "",
    "°": "",
    "分": "(分)",
    "′": "(分)",
    "'": "(分)",
    "秒": "(秒)",
    "″": "(秒)",
    '"': "(秒)",
}


@dataclass
class Sheet:
    """The cells of a sheet, the whole of a CSV being one."""

    name: str
    rows: list[list[Any]]
    encoding: Evidence | None = None


@dataclass(frozen=True)
class Header:
    """Where the header of a sheet is, and what its columns are called."""

    row: int
    last: int
    names: list[str]
    titles: str


def read_sheets(source: Source, encoding: str | None) -> list[Sheet]:
    """Return the sheets of a workbook, or a text file as the one sheet.

    Raises
    ------
    ValueError
        The file is damaged, protected or too large.
    """
    if source.path.suffix.lower() in (".csv", ".txt", ".tsv"):
        text, evidence = transcode(source.path.read_bytes(), encoding)
        return [Sheet(source.path.stem, _text_rows(text), evidence)]
    return _workbook(source)


def _text_rows(text: str) -> list[list[Any]]:
    lines = [line for line in text.splitlines()[:_HEADER_WITHIN] if line.strip()]
    counts = {mark: sum(line.count(mark) for line in lines) for mark in ",\t;|，"}
    mark = max(counts, key=lambda m: counts[m])
    return [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark)]


def _workbook(source: Source) -> list[Sheet]:
    import python_calamine as calamine

    if zipfile.is_zipfile(source.path):
        with zipfile.ZipFile(source.path) as archive:
            size = sum(info.file_size for info in archive.infolist())
        if size > _MAX_SHEET_BYTES:
            raise ValueError(
                f"{source.name}: unpacked the workbook takes {size:,} bytes, more than "
                f"{_MAX_SHEET_BYTES:,}; save the sheet as CSV."
            )
    try:
        with calamine.load_workbook(str(source.path)) as book:
            sheets = []
            for meta in book.sheets_metadata:
                if "Visible" not in str(meta.visible) or "WorkSheet" not in str(meta.typ):
                    continue
                sheet = book.get_sheet_by_name(meta.name)
                if sheet.height * sheet.width > _MAX_CELLS:
                    raise ValueError(
                        f"{source.name}, sheet {meta.name}: {sheet.height:,} rows by {sheet.width:,} "
                        f"columns are more than {_MAX_CELLS:,} cells; save the table as CSV."
                    )
                sheets.append(Sheet(meta.name, sheet.to_python(skip_empty_area=False)))
            return sheets
    except calamine.CalamineError as error:
        raise ValueError(f"{source.name}: the workbook cannot be read: {error}") from error


def sheet_text(cell: Any) -> str:
    """Return a cell as text; whole numbers have no decimal point."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell).strip()


def find_header(sheet: Sheet, columns: Mapping[str, str] | None) -> Header | None:
    """Return the header: the first row that names coordinates, with 度 分 秒 below it."""
    for at, row in enumerate(sheet.rows[:_HEADER_WITHIN]):
        names = [sheet_text(cell) for cell in row]
        roles = {role for name in names if (role := _role(name, columns)) in COORDINATES}
        if not _enough(roles):
            continue
        last = at
        below = (
            [sheet_text(cell) for cell in sheet.rows[at + 1]] if at + 1 < len(sheet.rows) else []
        )
        if any(text in _PARTS for text in below) and set(below) <= {*_PARTS, ""}:
            names, last = _joined(names, below), at + 1
        names = [name or f"column_{k}" for k, name in enumerate(names, 1)]
        titles = " ".join(sheet_text(cell) for r in sheet.rows[:at] for cell in r)
        return Header(at, last, unique_names(names), f"{sheet.name} {titles}")
    return None


def _enough(roles: set[str]) -> bool:
    pairs = ({"longitude", "latitude"}, {"east_m", "north_m"}, {"coord_x", "coord_y"},
             {"coord_pair"}, {"wkt"})  # fmt: skip
    return any(pair <= roles for pair in pairs)


def _role(header: str, columns: Mapping[str, str] | None) -> str:
    if columns and header in columns:
        return columns[header]
    return role_of(header)


def _joined(names: list[str], below: list[str]) -> list[str]:
    """Join a header of two rows: 经度 over 度, 分, 秒."""
    joined, above = [], ""
    for k in range(max(len(names), len(below))):
        name = names[k] if k < len(names) else ""
        part = below[k] if k < len(below) else ""
        above = name or (above if part in _PARTS else "")
        joined.append(f"{above}{_PARTS.get(part, '')}" if part in _PARTS else name)
    return joined


def located_sheets(
    sheets: Sequence[Sheet], columns: Mapping[str, str] | None
) -> dict[str, tuple[Sheet, Header]]:
    """Return the sheets that have a header with coordinates, by name."""
    found = {}
    for sheet in sheets:
        header = find_header(sheet, columns)
        if header is not None:
            found[sheet.name] = (sheet, header)
    return found


def no_coordinates(source: Source, sheets: Sequence[Sheet]) -> ValueError:
    """Return the error of a table in which no coordinates were found."""
    first = next(
        (row for sheet in sheets for row in sheet.rows if any(sheet_text(c) for c in row)), []
    )
    shown = ", ".join(text for cell in first if (text := sheet_text(cell)))[:160]
    return ValueError(
        f"{source.name}: no header names coordinates (经度 and 纬度, X and Y, 横坐标 and 纵坐标, 坐标, WKT). "
        f"The first row reads: {shown or 'nothing'}. Say which columns they are: "
        'columns={"...": "longitude", "...": "latitude"}, or "east_m" and "north_m" for metres.'
    )


def read_table(
    source: Source,
    sheet: Sheet,
    header: Header,
    *,
    columns: Mapping[str, str] | None,
    crs: Any,
) -> RawLayer:
    """Return the table as a layer of points (or of its WKT), all its columns kept as found."""
    import pandas as pd

    body = sheet.rows[header.last + 1 :]
    filled = [
        any(cell is not None and cell != "" and str(cell).strip() for cell in row) for row in body
    ]
    rows = [row for row, full in zip(body, filled, strict=True) if full]
    width = len(header.names)
    longest = max((len(row) for row in rows), default=0)
    names = unique_names([*header.names, *(f"column_{k}" for k in range(width + 1, longest + 1))])
    cells = [[row[k] if k < len(row) else None for row in rows] for k in range(len(names))]
    at_header = [
        k
        for k, name in enumerate(names)
        if not name.startswith("column_") or any(map(sheet_text, cells[k]))
    ]
    names = [names[k] for k in at_header]
    cells = [cells[k] for k in at_header]
    roles = {
        k: role for k, name in enumerate(names) if (role := _role(name, columns)) in COORDINATES
    }
    texts = {
        k: pd.Series([sheet_text(c) for c in cells[k]], dtype="object").to_numpy() for k in roles
    }
    first = header.last + 2
    where = f"{source.name}, {sheet.name}" if sheet.name != source.path.stem else source.name
    located = locate(names, roles, texts, titles=header.titles, crs=crs, where=where,
                     fixed={name for name in columns or {}})  # fmt: skip
    return _raw(sheet, names, cells, located, columns, notes=_row_notes(header, filled, first))


def _row_notes(header: Header, filled: list[bool], first: int) -> list[str]:
    notes = [f"表头在第 {header.row + 1} 行，数据自第 {first} 行起"]
    if not all(filled):
        notes.append(f"空行 {filled.count(False)} 行，不算记录")
    return notes


def _raw(
    sheet: Sheet,
    names: list[str],
    cells: list[list[Any]],
    located: Located,
    columns: Mapping[str, str] | None,
    notes: list[str],
) -> RawLayer:
    raw = RawLayer(
        name=sheet.name,
        headers=names,
        columns=[
            typed(column, _is_text_column(name, columns))
            for name, column in zip(names, cells, strict=True)
        ],
        geometry=located.geometry,
        crs=located.crs,
        crs_source=located.crs_source,
        encoding=sheet.encoding,
        geometry_flags=located.flags,
        notes=[*notes, *located.notes],
        warn=located.warn,
    )
    return raw


def _is_text_column(name: str, columns: Mapping[str, str] | None) -> bool:
    role = _role(name, columns)
    known = COLUMNS.get(role) or COLUMNS.get(name)
    coded = re.search(r"(?:代码|编码|编号|code|电话|身份证|序列号)", name, re.IGNORECASE)
    return bool(coded) or (known is not None and known.dtype in ("str", "class"))


def typed(cells: list[Any], text: bool) -> pd.Series:
    """Return cells as numbers or times where all are, else as text.

    A number that would lose digits (a leading zero, more than 15 digits) keeps its column text.

    Examples
    --------
    >>> from chaoyang_geo.layers.tables import typed
    >>> typed(["1", "2", ""], False).dtype, typed(["0211", "7"], False).tolist()
    (Int64Dtype(), ['0211', '7'])
    """
    import datetime as dt

    import pandas as pd

    given = [c for c in cells if c is not None and not (isinstance(c, str) and not c.strip())]
    if not text and given:
        if all(isinstance(c, bool) for c in given):
            return pd.Series(
                [c if isinstance(c, bool) else None for c in cells], dtype="boolean"
            ).convert_dtypes()
        if all(isinstance(c, (dt.datetime, dt.date)) for c in given):
            times = [c if isinstance(c, dt.date) else None for c in cells]
            return pd.Series(pd.to_datetime(pd.Series(times, dtype="object"))).astype(
                "datetime64[us]"
            )
        numbers = [_number(c) for c in cells]
        if all(n is not None for n in numbers):
            return _numeric(pd.Series(numbers, dtype="float64"), len(given) < len(cells))
    texts = [sheet_text(c) or None for c in cells]
    return (
        pd.Series(texts, dtype="str")
        if not given
        else as_text(texts).replace("", None).astype("str")
    )


def _number(cell: Any) -> float | None:
    """Return the number that a cell is, NaN where it is empty, ``None`` where it is no number."""
    if cell is None:
        return float("nan")
    if isinstance(cell, bool):
        return None
    if isinstance(cell, (int, float)):
        return float(cell)
    plain = str(cell).strip()
    if not plain:
        return float("nan")
    return float(plain) if _NUMBER.fullmatch(plain) else None


def _numeric(column: pd.Series, gaps: bool) -> pd.Series:
    whole = column.dropna()
    if len(whole) and (whole == whole.round()).all() and (whole.abs() < 2**53).all():
        return column.astype("Int64" if gaps else "int64")
    return column
