"""The finding on a site as a Word file: the same texts as the page, the map as vector shapes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from chaoyang_geo.findings import content, drawingml, ways
from chaoyang_geo.findings.archive import settled
from chaoyang_geo.findings.model import Casebook, Dossier
from chaoyang_geo.findings.picture import Picture
from chaoyang_geo.findings.words import words_of
from chaoyang_geo.verdicts import VERDICT_COLOURS

_WIDTH_MM = 172.0
_MARGINS_MM = (16.0, 19.0, 15.0, 19.0)
_SPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_SIDES = ("top", "left", "bottom", "right", "insideH", "insideV")
_GRID = f"<w:tblBorders {_SPACE}>" + "".join(
    f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="B9C2C8"/>' for side in _SIDES
) + "</w:tblBorders>"  # fmt: skip
_CELL_MARGINS = (
    f'<w:tblCellMar {_SPACE}><w:top w:w="40" w:type="dxa"/><w:left w:w="85" w:type="dxa"/>'
    '<w:bottom w:w="40" w:type="dxa"/><w:right w:w="85" w:type="dxa"/></w:tblCellMar>'
)
_GREY, _RED, _BLUE, _BROWN = "4D5A63", "B3261E", "173F57", "8A4B08"
_SHADE = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}shd"


def need_word() -> None:
    """Raise ``ImportError`` with the install line when python-docx is missing."""
    try:
        import docx  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "writing Word files needs python-docx: pip install 'chaoyang_geo[report]', or leave "
            "'docx' out of formats."
        ) from error


def site_word(
    case: Casebook, site: Dossier, picture: Picture | None, drawn_zones: bool, lang: str
) -> bytes:
    """Return the Word file of one site."""
    words = words_of(lang)
    book = _Book(lang, case, site)
    book.heading(words["title"], size=16)
    for text in content.notices(case, site, words):
        book.line(text, colour=_RED, bold=True)
    book.verdict(site.verdict, content.reason_text(site, lang))
    book.facts(content.facts(case, site, words, lang))
    if site.flags:
        book.heading(words["doubt"])
        for text in content.doubts(site, lang):
            book.line(f"• {text}")
    book.heading(words["map"])
    if picture is None:
        book.line(words["no_map"])
    else:
        book.drawing(picture, f"{words['map']} {site.name}", words["no_map"])
        under = [words["scale"].format(scale=f"{picture.scale:,}")]
        if not drawn_zones:
            under.append(words["zones_not_given"])
        if picture.missing:
            under.append(words["unlabelled"] + words["list"].join(picture.missing))
        book.line(words["stop"].join(under), colour=_GREY, size=8)
    _zones(book, case, site, words, lang)
    _downstream(book, case, site, words, lang)
    _stretches(book, site, words, lang)
    _alternatives(book, case, site, words, lang)
    _layers(book, case, words, lang)
    _unchecked(book, case, words, lang)
    book.signatures(words)
    return book.saved()


def _zones(book: _Book, case: Casebook, site: Dossier, words: dict[str, str], lang: str) -> None:
    book.heading(words["zones"])
    if not site.findings:
        book.line(
            words["no_compare"] if site.shape is None else content.no_zone_text(case, words, lang)
        )
        return
    rows: list[list[str]] = [["", words["zone"], words["how"], words["verdict"], words["basis"]]]
    for row in content.zone_rows(site, words, lang):
        basis = [*row.basis, row.doubt] if row.doubt else row.basis
        rows.append(
            [str(row.number), "\n".join(row.zone), "\n".join(row.how),
             content.verdict_text(row.verdict, lang), "\n".join(basis)]
        )  # fmt: skip
    book.mark()
    book.grid(rows, widths=(8, 45, 45, 22, 52), titled=(1, 3, 4))
    book.coloured(3, [found["verdict"] for found in site.findings])
    doubted = [bool(found["finding_flag"]) for found in site.findings]
    book.doubted(4, doubted)
    more = len(site.findings) - content.MAX_ZONES
    if more > 0:
        book.line(words["more"].format(n=more))
    book.note(words["rule_doubt"])


def _downstream(
    book: _Book, case: Casebook, site: Dossier, words: dict[str, str], lang: str
) -> None:
    if not case.asked.downstream:
        return
    book.heading(words["downstream"])
    if not site.ways.downstream:
        book.line(words["not_traced"])
        return
    book.mark()
    facts = ways.downstream_facts(site.ways, case.asked, words, lang)
    if facts:
        book.grid([list(pair) for pair in facts], widths=(38, 134), head=False)
        book.together()
        book.gap()
    rows = ways.downstream_rows(site.ways, case.asked, words, lang)
    cells = [[words[key] for key in ("zone", "downstream_far", "downstream_why")]]
    for row in rows:
        zone, far, why = row.cells
        cells.append(["\n".join(zone), "\n".join(far), "\n".join(filter(None, [*why, row.doubt]))])
    book.grid(cells, widths=(54, 30, 88), titled=(0,))
    book.doubted(2, [bool(row.doubt) for row in rows])
    book.note(words["downstream_note"])


def _stretches(book: _Book, site: Dossier, words: dict[str, str], lang: str) -> None:
    rows = ways.stretch_rows(site.ways, words, lang)
    if not rows:
        return
    book.heading(words["stretches"])
    book.mark()
    cells = [[words[key] for key in ("zone", "stretch", "stretch_length", "verdict")]]
    for row in rows:
        zone, ends, size = row.cells
        doubt = [row.doubt] if row.doubt else []
        cells.append(
            ["\n".join(zone), "\n".join(ends), "\n".join([*filter(None, size), *doubt]),
             content.verdict_text(row.verdict, lang) if row.verdict else ""]
        )  # fmt: skip
    book.grid(cells, widths=(58, 46, 44, 24), titled=(0, 3))
    book.coloured(3, [row.verdict for row in rows])
    book.doubted(2, [bool(row.doubt) for row in rows])
    more = len(site.ways.stretches) - len(rows)
    if more > 0:
        book.line(words["more_stretches"].format(n=more))
    book.note(words["stretch_note"])


def _alternatives(
    book: _Book, case: Casebook, site: Dossier, words: dict[str, str], lang: str
) -> None:
    facts = ways.alternative_facts(site.ways, words, lang)
    if not case.asked.alternatives or (not facts and site.ways.stretches):
        return
    book.heading(words["alternatives"])
    if not facts:
        book.line(content.no_alternative(site, words))
        return
    book.mark()
    book.grid([list(pair) for pair in facts], widths=(38, 134), head=False)
    book.together()
    for text in ways.alternative_doubts(site.ways, lang):
        book.line(f"• {text}")
    book.note(words["alternatives_note"])


def _layers(book: _Book, case: Casebook, words: dict[str, str], lang: str) -> None:
    book.heading(words["checked"])
    keys = ("layer", "kind", "n_zones", "version", "accuracy", "quality", "state")
    rows = [[words[key] for key in keys]]
    layers = content.checked_rows(case, lang)
    for row in layers:
        source = f"{words['source']} {row.source}" if row.source else ""
        under = filter(None, (row.doubt, source, f"{words['hash']} {row.digest}"))
        rows += [row.cells, ["\n".join(under), *[""] * 6]]
    book.mark()
    book.grid(rows, widths=(38, 34, 14, 22, 17, 20, 27))
    book.across(range(2, len(rows), 2), [bool(row.doubt) for row in layers])
    book.amber(6, [gap for row in layers for gap in (not row.usable, False)])
    text = words["stop"].join(
        f"{name} {value}" for name, value in content.method(case, words, lang)
    )
    book.note(text)


def _unchecked(book: _Book, case: Casebook, words: dict[str, str], lang: str) -> None:
    book.heading(words["unchecked"])
    rows = content.unchecked_texts(case, words, lang)
    if rows:
        book.line(content.unchecked_lead(case, words), keep=True)
        book.mark()
        book.grid([[words["what"], words["reason"]], *map(list, rows)], widths=(80, 92))
        book.together()
        book.gap()
    else:
        book.line(words["all_kinds"], keep=True)
    book.line(content.limits(case, words), keep=True)
    if words["english_note"]:
        book.line(words["english_note"], colour=_GREY, size=8, keep=True)


class _Book:
    """A Word document of house style; every text that comes in is escaped by the library."""

    def __init__(self, lang: str, case: Casebook, site: Dossier) -> None:
        import docx

        self._lang, self._case, self._site = lang, case, site
        self._document: Any = docx.Document(io.BytesIO(_template(lang)))
        self._header_and_footer()

    def _header_and_footer(self) -> None:
        words = words_of(self._lang)
        section = self._document.sections[0]
        head = section.header.paragraphs[0]
        if self._site.synthetic:
            mark = content.mark(self._lang)
            wide, high = (150.0, 42.0) if self._lang == "zh" else (160.0, 24.0)
            head._p.append(_xml(drawingml.watermark(mark, wide_mm=wide, high_mm=high)))
            _run(head, f"{mark}  ", bold=True, colour=_RED, size=8)
        day = f"{words['screened']} {self._case.screened_on}"
        text = words["stop"].join((words["title"], self._site.code, day))
        _run(head, text, colour=_GREY, size=8)
        foot = section.footer.paragraphs[0]
        first, middle, last = words["page_no"].replace("{pages}", "{page}").split("{page}")
        for part, field in ((first, "PAGE"), (middle, "NUMPAGES"), (last, "")):
            _run(foot, part, colour=_GREY, size=8)
            if field:
                _field(foot, field)

    def heading(self, text: str, *, size: float = 11) -> None:
        """Add a heading that stays with what follows."""
        paragraph = self._document.add_paragraph()
        paragraph.paragraph_format.keep_with_next = True
        paragraph.paragraph_format.space_before = _points(9 if size < 14 else 0)
        paragraph.paragraph_format.space_after = _points(3)
        _run(paragraph, text, bold=True, colour=_BLUE, size=size)

    def line(
        self,
        text: str,
        *,
        colour: str = "",
        bold: bool = False,
        size: float = 9.5,
        keep: bool = False,
    ) -> None:
        """Add a paragraph; ``keep`` it on the page of what follows."""
        paragraph = self._document.add_paragraph()
        paragraph.paragraph_format.keep_with_next = keep or None
        paragraph.paragraph_format.space_after = _points(2)
        _run(paragraph, text, colour=colour, bold=bold, size=size)

    def mark(self) -> None:
        """Say over a table that its data are synthetic."""
        if self._site.synthetic:
            self.line(content.mark(self._lang), colour=_RED, bold=True, size=8.5, keep=True)

    def verdict(self, verdict: str, why: str) -> None:
        """Add the verdict, large, in its colours, with its reason."""
        strong, pale = VERDICT_COLOURS.get(verdict, VERDICT_COLOURS["无法判断"])
        table = self._table(1, (48.0, 124.0))
        big, text = table.rows[0].cells
        for cell in (big, text):
            _fill(cell, pale)
            cell.vertical_alignment = 1  # the middle
        name = content.verdict_text(verdict, self._lang)
        _run(
            big.paragraphs[0], name, bold=True, colour=strong[1:], size=20 if len(name) < 12 else 14
        )
        _run(text.paragraphs[0], why, size=9.5)
        self._document.add_paragraph().paragraph_format.space_after = _points(0)

    def grid(
        self,
        rows: Sequence[Sequence[str]],
        *,
        widths: Sequence[float],
        head: bool = True,
        titled: Sequence[int] = (),
    ) -> None:
        """Add a table; its first row, or without a head its first column, is printed bold.

        In the columns ``titled`` the first line of each cell is bold too.
        """
        self._filled(
            rows,
            widths,
            lambda at, column: at == 0 if head else column == 0,
            head=head,
            titled=titled,
        )

    def _filled(
        self,
        rows: Sequence[Sequence[str]],
        widths: Sequence[float],
        is_label: Callable[[int, int], bool],
        *,
        head: bool = False,
        titled: Sequence[int] = (),
    ) -> Any:
        """Add a table with texts; labels are bold on a pale ground."""
        table = self._table(len(rows), widths)
        for at, (row, texts) in enumerate(zip(table.rows, rows, strict=True)):
            _keep_whole(row, repeat=head and at == 0)
            for column, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
                strong = is_label(at, column)
                if strong:
                    _fill(cell, "#eef2f4")
                for number, part in enumerate(text.split("\n")):
                    paragraph = cell.paragraphs[0] if number == 0 else cell.add_paragraph()
                    bold = strong or (number == 0 and column in titled)
                    _run(paragraph, part, bold=bold, size=8.5)
        return table

    def facts(self, rows: Sequence[tuple[str, str]]) -> None:
        """Add labels and texts, two pairs to a line; the last one alone has the whole line."""
        pairs = [
            [text for pair in rows[at : at + 2] for text in pair] for at in range(0, len(rows), 2)
        ]
        alone = len(pairs[-1]) == 2
        if alone:
            pairs[-1] += ["", ""]
        table = self._filled(pairs, (31.0, 55.0, 36.0, 50.0), lambda row, column: column % 2 == 0)
        if alone:
            last = table.rows[-1].cells
            for cell in last[2:]:
                for shade in cell._tc.get_or_add_tcPr().findall(_SHADE):
                    cell._tc.tcPr.remove(shade)
            _joined(last[1], last[3])

    def together(self) -> None:
        """Keep the last table on one page, and on that of what follows."""
        for row in self._document.tables[-1].rows:
            for cell in row.cells:
                for paragraph in cell.paragraphs:
                    paragraph.paragraph_format.keep_with_next = True

    def across(self, rows: Iterable[int], doubts: Sequence[bool]) -> None:
        """Let the first cell of some rows of the last table go across, small and grey.

        Where it begins with a doubt, this has the colour of doubts.
        """
        table = self._document.tables[-1]
        for at, doubt in zip(rows, doubts, strict=True):
            cells = table.rows[at].cells
            for above in table.rows[at - 1].cells:
                for paragraph in above.paragraphs:
                    paragraph.paragraph_format.keep_with_next = True
            for paragraph in cells[0].paragraphs:
                for run in paragraph.runs:
                    run.font.size, run.font.color.rgb = _points(7.5), _colour(_GREY)
            for run in cells[0].paragraphs[0].runs if doubt else ():
                run.font.size, run.font.color.rgb = _points(8), _colour(_BROWN)
            _joined(cells[0], cells[-1])

    def gap(self) -> None:
        """Add a little room below a table."""
        paragraph = self._document.add_paragraph()
        paragraph.paragraph_format.space_after = _points(0)
        paragraph.paragraph_format.line_spacing = _points(4)
        paragraph.paragraph_format.keep_with_next = True

    def note(self, text: str) -> None:
        """Add a small line under a table."""
        self.line(text, colour=_GREY, size=8)
        self._document.paragraphs[-1].paragraph_format.space_before = _points(3)

    def coloured(self, number: int, verdicts: Sequence[str]) -> None:
        """Colour the cells of a column of the last table, below its head, by verdict."""
        for cell, verdict in zip(self.column(number)[1:], verdicts, strict=False):
            if not verdict:
                continue
            strong, pale = VERDICT_COLOURS.get(verdict, VERDICT_COLOURS["无法判断"])
            _fill(cell, pale)
            for run in cell.paragraphs[0].runs:
                run.font.color.rgb = _colour(strong[1:])

    def doubted(self, number: int, doubts: Sequence[bool]) -> None:
        """Print the last line of the cells that hold a doubt in the colour of doubts."""
        for cell, doubt in zip(self.column(number)[1:], doubts, strict=False):
            if doubt:
                for run in cell.paragraphs[-1].runs:
                    run.font.color.rgb = _colour(_BROWN)

    def amber(self, number: int, gaps: Sequence[bool]) -> None:
        """Print the cells of a column of the last table that tell a gap bold, as a doubt."""
        for cell, gap in zip(self.column(number)[1:], gaps, strict=True):
            for run in cell.paragraphs[0].runs if gap else ():
                run.bold, run.font.color.rgb = True, _colour(_BROWN)

    def column(self, number: int) -> list[Any]:
        """Return the cells of a column of the last table."""
        return list(self._document.tables[-1].columns[number].cells)

    def drawing(self, picture: Picture, title: str, fallback: str) -> None:
        """Add the map."""
        paragraph = self._document.add_paragraph()
        paragraph.paragraph_format.keep_with_next = True
        run = drawingml.run_of(
            picture, title=title, fallback=fallback, scale=_WIDTH_MM / picture.width
        )
        paragraph._p.append(_xml(run))

    def signatures(self, words: dict[str, str]) -> None:
        """Add the lines for names and days."""
        who = words["signers"].split("|")
        self._document.add_paragraph().paragraph_format.keep_with_next = True
        rows = [who, [""] * len(who), [words["sign_date"]] * len(who)]
        self.grid(rows, widths=[_WIDTH_MM / len(who)] * len(who))
        table = self._document.tables[-1]
        table.rows[1].height = _points(42)
        for row in table.rows[:2]:
            for cell in row.cells:
                for paragraph in cell.paragraphs:
                    paragraph.paragraph_format.keep_with_next = True

    def saved(self) -> bytes:
        """Return the bytes of the file, the same for the same content."""
        out = io.BytesIO()
        self._document.save(out)
        return settled(out.getvalue(), day=self._case.screened_on)

    def _table(self, rows: int, widths: Sequence[float]) -> Any:
        from docx.shared import Mm

        table = self._document.add_table(rows=rows, cols=len(widths))
        table.style = self._document.styles["Table Grid"]
        table.autofit = False
        properties = table._tbl.tblPr
        properties.append(_xml(_GRID))
        properties.append(_xml(_CELL_MARGINS))
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Mm(width)
            for cell in column.cells:
                cell.width = Mm(width)
        return table


@cache
def _template(lang: str) -> bytes:
    """Return an empty A4 document of house style."""
    import docx
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    document: Any = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    top, right, bottom, left = _MARGINS_MM
    section.top_margin, section.right_margin = Mm(top), Mm(right)
    section.bottom_margin, section.left_margin = Mm(bottom), Mm(left)
    section.header_distance = section.footer_distance = Mm(8)
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Arial", Pt(9.5)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), drawingml.FONT)
    style.element.rPr.append(_xml(f'<w:lang {_SPACE} w:val="en-US" w:eastAsia="zh-CN"/>'))
    style.paragraph_format.space_after = Pt(0)
    words = words_of(lang)
    document.core_properties.title = words["title"]
    document.core_properties.author = "chaoyang_geo"
    document.core_properties.comments = ""
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _points(value: float) -> Any:
    from docx.shared import Pt

    return Pt(value)


def _xml(text: str) -> Any:
    from docx.oxml import parse_xml

    return parse_xml(text)


def _run(
    paragraph: Any, text: str, *, bold: bool = False, colour: str = "", size: float = 9.5
) -> None:
    from docx.shared import Pt

    run = paragraph.add_run(text.replace(" %", "\u00a0%"))
    run.bold = bold or None
    run.font.size = Pt(size)
    if colour:
        run.font.color.rgb = _colour(colour)


def _colour(text: str) -> Any:
    from docx.shared import RGBColor

    return RGBColor.from_string(text.upper())


def _field(paragraph: Any, name: str) -> None:
    """Add a field that Word fills in: the page or the number of pages."""
    paragraph._p.append(
        _xml(
            f'<w:fldSimple {_SPACE} w:instr="{name}"><w:r><w:rPr><w:color w:val="{_GREY}"/>'
            '<w:sz w:val="16"/></w:rPr><w:t>1</w:t></w:r></w:fldSimple>'
        )
    )


def _joined(first: Any, last: Any) -> None:
    """Make one cell of those from the first to the last; only the first has a text."""
    kept = len(first.paragraphs)
    for paragraph in first.merge(last).paragraphs[kept:]:
        paragraph._p.getparent().remove(paragraph._p)


def _fill(cell: Any, colour: str) -> None:
    shade = f'<w:shd {_SPACE} w:val="clear" w:color="auto" w:fill="{colour[1:].upper()}"/>'
    cell._tc.get_or_add_tcPr().append(_xml(shade))


def _keep_whole(row: Any, *, repeat: bool) -> None:
    """Keep a row on one page; repeat the first one on every page."""
    properties = row._tr.get_or_add_trPr()
    properties.append(_xml(f"<w:cantSplit {_SPACE}/>"))
    if repeat:
        properties.append(_xml(f"<w:tblHeader {_SPACE}/>"))
