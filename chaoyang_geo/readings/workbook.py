"""One sheet to an Excel workbook: exact numbers, text that stays text, real times.

Written directly as XML: the usual writer rounds numbers to 16 digits and takes text that
begins with ``=`` for a formula, and is ten times slower.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import numpy.typing as npt

from chaoyang_geo.readings.cells import column_letters

#: Rows of a sheet, the header included; and characters of a cell: Excel's own limits.
MAX_ROWS, MAX_CELL_TEXT = 1_048_576, 32_767

_CHUNK = 20_000
_TEXT, _TIME, _HEAD = 1, 2, 3  # styles, in the order of styles.xml
_EPOCH = np.datetime64("1899-12-30T00:00:00", "s")
_FIRST, _LAST = np.datetime64("1900-03-01", "s"), np.datetime64("9999-12-31T23:59:59", "s")

# XML cannot hold these, or Excel reads them as an escape; readers differ in how they undo its own
_NOT_IN_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff␛]|_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile("␛([0-9A-F]{4});")


def escaped(text: str) -> str:
    """Write what a sheet cannot hold as ``␛000D;``, whatever program reads it.

    Examples
    --------
    >>> from chaoyang_geo.readings.workbook import escaped, unescaped
    >>> escaped("a\\rb"), unescaped("a␛000D;b") == "a\\rb"
    ('a␛000D;b', True)
    """
    return _NOT_IN_XML.sub(lambda found: f"␛{ord(found[0]):04X};", text)


def unescaped(text: str) -> str:
    """Undo :func:`escaped`."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "␛" in text else text


@dataclass
class SheetColumn:
    """A column: texts by code, or numbers, or times; ``number`` wins where it is finite."""

    head: str
    width: float = 12.0
    texts: Sequence[str] = ()
    codes: npt.NDArray[Any] | None = None
    number: npt.NDArray[np.float64] | None = None
    time: npt.NDArray[np.datetime64] | None = None


def write_workbook(path: Path, sheet: str, columns: Sequence[SheetColumn], n_rows: int) -> None:
    """Write one sheet with a frozen header and a filter."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=2) as archive:
        strings = _Strings()
        # the time of the parts stays fixed, so that the same table gives the same bytes
        with archive.open(_part("xl/worksheets/sheet1.xml"), "w", force_zip64=True) as stream:
            for piece in _sheet_xml(columns, n_rows, strings):
                stream.write(piece.encode("utf-8"))
        with archive.open(_part("xl/sharedStrings.xml"), "w", force_zip64=True) as stream:
            for piece in strings.xml():
                stream.write(piece.encode("utf-8"))
        last = f"$A$1:${column_letters(len(columns) - 1)}${n_rows + 1}"
        quoted = escape(sheet.replace("'", "''"))
        book = _BOOK.format(name=quoteattr(sheet), filter=f"'{quoted}'!{last}")
        for name, text in (*_FIXED, ("xl/workbook.xml", book)):
            archive.writestr(_part(name), text)


def _part(name: str) -> zipfile.ZipInfo:
    part = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    part.compress_type = zipfile.ZIP_DEFLATED
    return part


class _Strings:
    """The shared strings: each text once."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}

    def cells(self, texts: Iterable[str]) -> list[str]:
        """Return the rest of a cell for each text, from after its place on; '' for no text."""
        return [
            f'" s="{_TEXT}" t="s"><v>{self.places.setdefault(text, len(self.places))}</v></c>'
            if text
            else ""
            for text in texts
        ]

    def xml(self) -> Iterator[str]:
        yield f'{_XML}<sst xmlns="{_MAIN}" uniqueCount="{len(self.places)}">'
        texts = list(self.places)
        for at in range(0, len(texts), _CHUNK):
            yield "".join(
                f'<si><t xml:space="preserve">{escape(escaped(text))}</t></si>'
                for text in texts[at : at + _CHUNK]
            )
        yield "</sst>"


def _sheet_xml(columns: Sequence[SheetColumn], n_rows: int, strings: _Strings) -> Iterator[str]:
    letters = [column_letters(number) for number in range(len(columns))]
    widths = "".join(
        f'<col min="{n}" max="{n}" width="{column.width}" customWidth="1"/>'
        for n, column in enumerate(columns, 1)
    )
    yield (
        f'{_XML}<worksheet xmlns="{_MAIN}"><dimension ref="A1:{letters[-1]}{n_rows + 1}"/>'
        '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
        'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{widths}</cols><sheetData>"
    )
    heads = strings.cells(column.head for column in columns)
    yield (
        '<row r="1">'
        + "".join(
            f'<c r="{letter}1{head}'.replace(f's="{_TEXT}"', f's="{_HEAD}"', 1)
            for letter, head in zip(letters, heads, strict=True)
        )
        + "</row>"
    )
    texts = [np.array(strings.cells(column.texts), dtype=object) for column in columns]
    for at in range(0, n_rows, _CHUNK):
        end = min(at + _CHUNK, n_rows)
        numbers = range(at + 2, end + 2)
        cells = [
            [
                f'<c r="{letter}{number}{rest}' if rest else ""
                for number, rest in zip(
                    numbers, _rests(column, its_texts, slice(at, end), strings), strict=True
                )
            ]
            for letter, column, its_texts in zip(letters, columns, texts, strict=True)
        ]
        yield "".join(
            f'<row r="{number}">{"".join(row)}</row>'
            for number, row in zip(numbers, zip(*cells, strict=True), strict=True)
        )
    yield f'</sheetData><autoFilter ref="A1:{letters[-1]}{n_rows + 1}"/></worksheet>'


def _rests(
    column: SheetColumn, texts: npt.NDArray[np.object_], rows: slice, strings: _Strings
) -> Sequence[str]:
    """Return of every cell in the rows what follows its place; '' for an empty cell."""
    if column.time is not None:
        return _times(column.time[rows], strings)
    rests: list[str]
    if column.codes is not None:
        rests = np.append(texts, "")[column.codes[rows]].tolist()
    else:
        rests = [""] * (rows.stop - rows.start)
    if column.number is not None:
        for place, number in enumerate(column.number[rows].tolist()):
            if number - number == 0:  # finite
                rests[place] = f'"><v>{number!r}</v></c>'
    return rests


def _times(times: npt.NDArray[np.datetime64], strings: _Strings) -> list[str]:
    known = (times >= _FIRST) & (times <= _LAST)
    days = (times - _EPOCH).astype(np.int64) / 86_400
    # a time that Excel does not know is written as text
    others = strings.cells(
        "" if ok or np.isnat(time) else str(time).replace("T", " ")
        for ok, time in zip(known, times, strict=True)
    )
    return [
        f'" s="{_TIME}"><v>{day!r}</v></c>' if ok else other
        for ok, day, other in zip(known.tolist(), days.tolist(), others, strict=True)
    ]


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_BOOK = (
    f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name={name} sheetId="1" r:id="rId1"/></sheets><definedNames>'
    '<definedName name="_xlnm._FilterDatabase" localSheetId="0" hidden="1">{filter}</definedName>'
    "</definedNames></workbook>"
)
_FIXED = (
    (
        "[Content_Types].xml",
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_KIND}.sharedStrings+xml"/></Types>',
    ),
    (
        "_rels/.rels",
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
    ),
    (
        "xl/_rels/workbook.xml.rels",
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        f'<Relationship Id="rId3" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>",
    ),
    (
        "xl/styles.xml",
        f'{_XML}<styleSheet xmlns="{_MAIN}"><numFmts count="1">'
        '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="宋体"/></font>'
        '<font><b/><sz val="11"/><name val="宋体"/></font></fonts>'
        '<fills count="3"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid">'
        '<fgColor rgb="FFDCE6EC"/></patternFill></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '<xf numFmtId="49" fontId="1" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" '
        'applyFont="1" applyFill="1"/></cellXfs><cellStyles count="1">'
        '<cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
    ),
)
