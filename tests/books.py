"""Small workbooks that no library here writes (OpenDocument, binary Excel), and how tests read."""

from __future__ import annotations

import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pandas as pd

from chaoyang_geo import read_readings

_ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0">
<office:automatic-styles><style:style style:name="hidden" style:family="table">
<style:table-properties table:display="false"/></style:style></office:automatic-styles>
<office:body><office:spreadsheet>{settings}{tables}</office:spreadsheet></office:body>
</office:document-content>"""


def ods_cell(value: object, more: str = "") -> str:
    if value is None:
        return f"<table:table-cell{more}/>"
    if isinstance(value, (int, float)):
        kind = f'office:value-type="float" office:value="{value}"'
    elif hasattr(value, "isoformat"):
        kind = f'office:value-type="date" office:date-value="{value.isoformat()}"'
    else:
        kind = 'office:value-type="string"'
    text = f"<text:p>{escape(str(value))}</text:p>"
    return f"<table:table-cell {kind}{more}>{text}</table:table-cell>"


def ods_row(*cells: object, more: str = "") -> str:
    inner = "".join(
        cell if isinstance(cell, str) and cell.startswith("<") else ods_cell(cell) for cell in cells
    )
    return f"<table:table-row{more}>{inner}</table:table-row>"


def ods(
    folder: Path,
    tables: dict[str, str],
    *,
    settings: str = "",
    hidden: tuple[str, ...] = (),
    doctype: str = "",
    name: str = "table.ods",
) -> Path:
    """Write an OpenDocument sheet; a table is its rows as XML."""
    xml = "".join(
        f'<table:table table:name="{title}"'
        + (' table:style-name="hidden"' if title in hidden else "")
        + f"><table:table-column/>{rows}</table:table>"
        for title, rows in tables.items()
    )
    content = _ODS.format(settings=settings, tables=xml)
    content = content.replace("?>\n", f"?>{doctype}\n", 1)
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", content)
    return path


def record(kind: int, data: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, rest = b"", len(data)
    while True:
        size += bytes([rest & 0x7F | (0x80 if rest > 0x7F else 0)])
        rest >>= 7
        if not rest:
            return head + size + data


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text.encode("utf-16-le")) // 2) + text.encode("utf-16-le")


def _styles(formats: tuple[str, ...]) -> bytes:
    said = b"".join(
        record(44, struct.pack("<H", 164 + number) + wide(code))
        for number, code in enumerate(formats)
    )
    numbers = (0, *range(164, 164 + len(formats)))
    styles = b"".join(record(47, struct.pack("<HH", 0, number) + b"\0" * 12) for number in numbers)
    count = struct.pack("<I", len(numbers))
    # the styles that others are derived from stand first, and are no cell's
    parents = record(626, count) + record(47, struct.pack("<HH", 0xFFFF, 164) + b"\0" * 12)
    return (
        record(278) + record(615, struct.pack("<I", len(formats))) + said + record(616)
        + parents + record(627) + record(617, count) + styles + record(618) + record(279)
    )  # fmt: skip


def xlsb(
    folder: Path,
    rows: dict[int, dict[int, object]],
    *,
    from_1904: bool = False,
    merged: tuple[tuple[int, int, int, int], ...] = (),
    hidden_rows: tuple[int, ...] = (),
    formats: tuple[str, ...] = (),
    hidden_columns: tuple[int, int] | None = None,
    comments: dict[tuple[int, int], str] | None = None,
    name: str = "table.xlsb",
) -> Path:
    """Write a binary workbook of one sheet, 10月; ``bytes`` of one letter are an error code.

    A value may be a pair of a number and the place, from 1, of its format in ``formats``.
    """
    cells = b""
    for row, values in rows.items():
        flags = bytes([0, 0x10 if row in hidden_rows else 0, 0])
        cells += record(0, struct.pack("<IIH", row, 0, 300) + flags + struct.pack("<I", 0))
        for column, value in values.items():
            value, style = value if isinstance(value, tuple) else (value, 0)
            place = struct.pack("<II", column, style)
            if isinstance(value, bytes):
                cells += record(3, place + value)
            elif isinstance(value, str):
                cells += record(6, place + wide(value))
            else:
                cells += record(5, place + struct.pack("<d", value))
    spans = b"".join(record(176, struct.pack("<4I", *span)) for span in merged)
    spans = record(177, struct.pack("<I", len(merged))) + spans + record(178) if merged else b""
    last = struct.pack("<4I", 0, max(rows), 0, max(max(row) for row in rows.values()))
    sheet = record(129) + record(148, last)
    if hidden_columns:
        data = struct.pack("<4IH", *hidden_columns, 0, 0, 1)
        sheet += record(390) + record(60, data) + record(391)
    sheet += record(145) + cells + record(146) + spans
    book = record(131) + record(153, struct.pack("<II", int(from_1904), 0) + wide(""))
    book += record(143) + record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("10月"))
    link = (
        '<Relationship Id="rId1" Target="worksheets/sheet1.bin" Type="http://schemas.openxmlformats.'
        'org/officeDocument/2006/relationships/worksheet"/>'
    )
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.bin", book + record(144) + record(132))
        if formats:
            archive.writestr("xl/styles.bin", _styles(formats))
        archive.writestr("xl/_rels/workbook.bin.rels", f"<Relationships>{link}</Relationships>")
        archive.writestr("xl/worksheets/sheet1.bin", sheet + record(130))
        if comments:
            said = b"".join(
                record(635, struct.pack("<5I", 0, row, row, column, column) + bytes(16))
                + record(637, b"\0" + wide(words))
                + record(636)
                for (row, column), words in comments.items()
            )
            archive.writestr("xl/comments1.bin", record(628) + said + record(629))
            link = '<Relationship Id="rId1" Type="x/comments" Target="../comments1.bin"/>'
            archive.writestr(
                "xl/worksheets/_rels/sheet1.bin.rels", f"<Relationships>{link}</Relationships>"
            )
    return path


def xls_with_comments(book: object, path: Path, comments: dict[tuple[int, int], str]) -> None:
    """Save a workbook of xlwt, which knows no comments, with comments on its last sheet."""
    from xlwt.CompoundDoc import XlsDoc

    said = notes = b""
    for number, ((row, column), words) in enumerate(comments.items(), 1):
        text = words.encode("utf-16-le")
        parts = (
            (0x5D, struct.pack("<5H", 0x15, 0x12, 0x19, number, 0) + bytes(16)),
            (0x1B6, struct.pack("<5HHH", 0, 0, 0, 0, 0, len(words), 16) + bytes(4)),
            (0x3C, b"\1" + text[:20]),  # a long text goes on in another record
            (0x3C, b"\1" + text[20:]),
        )
        said += b"".join(struct.pack("<HH", kind, len(data)) + data for kind, data in parts)
        note = struct.pack("<4H", row, column, 0, number) + bytes(4)
        notes += struct.pack("<HH", 0x1C, len(note)) + note
    stream = book.get_biff_data()  # type: ignore[attr-defined]
    XlsDoc().save(str(path), stream[:-4] + said + notes + stream[-4:])


def read(path: Path, **options: Any) -> tuple[pd.DataFrame, str]:
    """Return the table and what was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = read_readings(path, **options)
    return table, " ".join(str(one.message) for one in caught)
