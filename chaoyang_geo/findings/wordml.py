"""A Word document of house style as text: paragraphs, tables, and the archive that holds them.

Office Open XML, ECMA-376 part 1, 17. What is the same in every document (styles, theme, fonts)
comes from python-docx, once for all: to open and write it again for each site takes a hundred
times as long as what is said of the site.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from chaoyang_geo.findings import drawingml
from chaoyang_geo.findings.archive import Entry, entry, in_order, packed, stamped
from chaoyang_geo.findings.words import words_of
from chaoyang_geo.verdicts import clean

_MARGINS_MM = (16.0, 19.0, 15.0, 19.0)
_SPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_SIDES = ("top", "left", "bottom", "right", "insideH", "insideV")
_TABLE = (
    '<w:tbl><w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:w="0" w:type="auto"/><w:tblBorders>'
    + "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="B9C2C8"/>' for side in _SIDES
    )
    + '</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar><w:top w:w="40" w:type="dxa"/>'
    '<w:left w:w="85" w:type="dxa"/><w:bottom w:w="40" w:type="dxa"/><w:right w:w="85" w:type="dxa"/>'
    '</w:tblCellMar><w:tblLook w:val="04A0" w:firstRow="1" w:lastRow="0" w:firstColumn="1" '
    'w:lastColumn="0" w:noHBand="0" w:noVBand="1"/></w:tblPr>'
)


@dataclass
class Line:
    """A line of text of one look, in points."""

    text: str
    bold: bool = False
    colour: str = ""
    size: float = 9.5


@dataclass
class Cell:
    """A cell of a table: its lines, its ground, how many columns it is wide (0: none)."""

    lines: list[Line]
    ground: str = ""
    keep: bool = False  # on the page of what follows
    middle: bool = False
    span: int = 1


@dataclass
class Row:
    """A row of a table; ``head`` is repeated on every page."""

    cells: list[Cell]
    whole: bool = True
    head: bool = False
    height: float = 0.0  # points, 0 as high as its text


@dataclass
class Table:
    """A table whose columns are as wide as told, millimetres."""

    widths: Sequence[float]
    rows: list[Row] = field(default_factory=list)

    def xml(self) -> str:
        """Return the table as WordprocessingML."""
        twips = [round(width * 1440 / 25.4) for width in self.widths]
        grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in twips)
        rows = "".join(_row(row, twips) for row in self.rows)
        return f"{_TABLE}<w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>"


def _row(row: Row, twips: Sequence[int]) -> str:
    properties = "<w:cantSplit/>" if row.whole else ""
    if row.height:
        properties += f'<w:trHeight w:val="{round(row.height * 20)}"/>'
    if row.head:
        properties += "<w:tblHeader/>"
    cells = []
    for at, cell in enumerate(row.cells):
        if cell.span == 0:
            continue
        look = f'<w:tcW w:w="{sum(twips[at : at + cell.span])}" w:type="dxa"/>'
        if cell.span > 1:
            look += f'<w:gridSpan w:val="{cell.span}"/>'
        if cell.ground:
            look += f'<w:shd w:val="clear" w:color="auto" w:fill="{cell.ground}"/>'
        if cell.middle:
            look += '<w:vAlign w:val="center"/>'
        lines = "".join(paragraph([run(line)], keep=cell.keep) for line in cell.lines)
        cells.append(f"<w:tc><w:tcPr>{look}</w:tcPr>{lines}</w:tc>")
    told = f"<w:trPr>{properties}</w:trPr>" if properties else ""
    return f"<w:tr>{told}{''.join(cells)}</w:tr>"


def paragraph(
    runs: Iterable[str],
    *,
    keep: bool = False,
    before: float | None = None,
    after: float | None = None,
    exactly: float | None = None,
    style: str = "",
) -> str:
    """Return a paragraph; distances before and after it, and its height, in points."""
    spacing = "".join(
        f' w:{name}="{round(value * 20)}"'
        for name, value in (("before", before), ("after", after), ("line", exactly))
        if value is not None
    )
    if exactly is not None:
        spacing += ' w:lineRule="exact"'
    look = f'<w:pStyle w:val="{style}"/>' if style else ""
    look += "<w:keepNext/>" if keep else ""
    look += f"<w:spacing{spacing}/>" if spacing else ""
    return f"<w:p>{f'<w:pPr>{look}</w:pPr>' if look else ''}{''.join(runs)}</w:p>"


def run(line: Line) -> str:
    """Return a run of text; a number and its percent sign stay on one line.

    Examples
    --------
    >>> from chaoyang_geo.findings.wordml import Line, run
    >>> run(Line("a < b", bold=True, size=8.5))
    '<w:r><w:rPr><w:b/><w:sz w:val="17"/></w:rPr><w:t xml:space="preserve">a &lt; b</w:t></w:r>'
    """
    text = escape(clean(line.text.replace(" %", "\u00a0%")))
    for letter, tag in (("\n", "br"), ("\t", "tab")):
        if letter in text:
            text = text.replace(letter, f'</w:t><w:{tag}/><w:t xml:space="preserve">')
    bold = "<w:b/>" if line.bold else ""
    colour = f'<w:color w:val="{line.colour}"/>' if line.colour else ""
    return (
        f'<w:r><w:rPr>{bold}{colour}<w:sz w:val="{round(line.size * 2)}"/></w:rPr>'
        f'<w:t xml:space="preserve">{text}</w:t></w:r>'
    )


def number(what: str, colour: str, size: float) -> str:
    """Return a field that Word fills in: ``PAGE`` or ``NUMPAGES``."""
    return (
        f'<w:fldSimple w:instr="{what}"><w:r><w:rPr><w:color w:val="{colour}"/>'
        f'<w:sz w:val="{round(size * 2)}"/></w:rPr><w:t>1</w:t></w:r></w:fldSimple>'
    )


def document(
    body: Iterable[str], head: Sequence[str], foot: Sequence[str], *, lang: str, day: str
) -> bytes:
    """Return the bytes of a document: its body, and the runs of its header and footer."""
    skeleton = _skeleton(lang, day)
    texts = {
        "word/document.xml": "".join(body),
        "word/header1.xml": paragraph(head, style="Header"),
        "word/footer1.xml": paragraph(foot, style="Footer"),
    }
    entries = []
    for name, kept in skeleton.items():
        if isinstance(kept, Entry):
            entries.append(kept)
        else:
            start, end = kept
            entries.append(entry(name, f"{start}{texts[name]}{end}".encode()))
    return packed(entries)


@cache
def _skeleton(lang: str, day: str) -> dict[str, Entry | tuple[str, str]]:
    """Return the files of an empty document, packed; of those that are filled start and end."""
    cuts = {
        "word/document.xml": ("<w:body>", "<w:sectPr"),
        "word/header1.xml": ("<w:p>", "</w:hdr>"),
        "word/footer1.xml": ("<w:p>", "</w:ftr>"),
    }
    found: dict[str, Entry | tuple[str, str]] = {}
    with zipfile.ZipFile(io.BytesIO(_template(lang))) as archive:
        for name in in_order(archive):
            content = archive.read(name)
            if name in cuts:
                text = content.decode("utf-8")
                first, last = cuts[name]
                start, end = text.index(first), text.rindex(last)
                found[name] = text[: start + len(first) * (first != "<w:p>")], text[end:]
            else:
                found[name] = entry(name, stamped(name, content, day))
    return found


@cache
def _template(lang: str) -> bytes:
    """Return an empty A4 document of house style."""
    import docx
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    document: Any = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    top, right, bottom, left = _MARGINS_MM
    section.top_margin, section.right_margin = Mm(top), Mm(right)
    section.bottom_margin, section.left_margin = Mm(bottom), Mm(left)
    section.header_distance = section.footer_distance = Mm(8)
    for part in (section.header, section.footer):
        part.is_linked_to_previous = False
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Arial", Pt(9.5)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), drawingml.FONT)
    style.element.rPr.append(parse_xml(f'<w:lang {_SPACE} w:val="en-US" w:eastAsia="zh-CN"/>'))
    style.paragraph_format.space_after = Pt(0)
    words = words_of(lang)
    document.core_properties.title = words["title"]
    document.core_properties.author = "chaoyang_geo"
    document.core_properties.comments = ""
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
