"""The finding on a site as a Word file: the same texts as the page, the map as vector shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from chaoyang_geo.findings import content, drawingml, ways
from chaoyang_geo.findings.model import Casebook, Dossier
from chaoyang_geo.findings.picture import Picture
from chaoyang_geo.findings.wordml import Cell, Line, Row, Table, document, number, paragraph, run
from chaoyang_geo.findings.words import words_of
from chaoyang_geo.verdicts import VERDICT_COLOURS

_WIDTH_MM = 172.0
_GREY, _RED, _BLUE, _BROWN, _PALE = "4D5A63", "B3261E", "173F57", "8A4B08", "EEF2F4"


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
        book.line(content.no_zone_text(case, site, words, lang))
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
    """A Word document of house style; every text that comes in is escaped."""

    def __init__(self, lang: str, case: Casebook, site: Dossier) -> None:
        self._lang, self._case, self._site = lang, case, site
        self._parts: list[str | Table] = []

    def _header(self) -> list[str]:
        words, runs = words_of(self._lang), []
        if self._site.synthetic:
            mark = content.mark(self._lang)
            wide, high = (150.0, 42.0) if self._lang == "zh" else (160.0, 24.0)
            runs.append(drawingml.watermark(mark, wide_mm=wide, high_mm=high))
            runs.append(run(Line(f"{mark}  ", bold=True, colour=_RED, size=8)))
        day = f"{words['screened']} {self._case.screened_on}"
        text = words["stop"].join((words["title"], self._site.code, day))
        return [*runs, run(Line(text, colour=_GREY, size=8))]

    def _footer(self) -> list[str]:
        text = words_of(self._lang)["page_no"].replace("{pages}", "{page}")
        first, middle, last = (
            run(Line(part, colour=_GREY, size=8)) if part else "" for part in text.split("{page}")
        )
        return [first, number("PAGE", _GREY, 8), middle, number("NUMPAGES", _GREY, 8), last]

    def heading(self, text: str, *, size: float = 11) -> None:
        """Add a heading that stays with what follows."""
        line = Line(text, bold=True, colour=_BLUE, size=size)
        before = 9 if size < 14 else 0
        self._parts.append(paragraph([run(line)], keep=True, before=before, after=3))

    def line(
        self,
        text: str,
        *,
        colour: str = "",
        bold: bool = False,
        size: float = 9.5,
        keep: bool = False,
        before: float | None = None,
    ) -> None:
        """Add a paragraph; ``keep`` it on the page of what follows."""
        line = run(Line(text, bold, colour, size))
        self._parts.append(paragraph([line], keep=keep, before=before, after=2))

    def mark(self) -> None:
        """Say over a table that its data are synthetic."""
        if self._site.synthetic:
            self.line(content.mark(self._lang), colour=_RED, bold=True, size=8.5, keep=True)

    def verdict(self, verdict: str, why: str) -> None:
        """Add the verdict, large, in its colours, with its reason."""
        strong, pale = _colours(verdict)
        name = content.verdict_text(verdict, self._lang)
        size = 20 if len(name) < 12 else 14
        lines = (Line(name, bold=True, colour=strong, size=size), Line(why))
        cells = [Cell([line], ground=pale, middle=True) for line in lines]
        self._parts.append(Table((48.0, 124.0), [Row(cells, whole=False)]))
        self._parts.append(paragraph([], after=0))

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
    ) -> None:
        """Add a table with texts; labels are bold on a pale ground."""
        table = Table(widths)
        for at, texts in enumerate(rows):
            cells = []
            for column, text in enumerate(texts):
                strong = is_label(at, column)
                lines = [
                    Line(part, bold=strong or (number == 0 and column in titled), size=8.5)
                    for number, part in enumerate(text.split("\n"))
                ]
                cells.append(Cell(lines, ground=_PALE if strong else ""))
            table.rows.append(Row(cells, head=head and at == 0))
        self._parts.append(table)

    def facts(self, rows: Sequence[tuple[str, str]]) -> None:
        """Add labels and texts, two pairs to a line; the last one alone has the whole line."""
        pairs = [
            [text for pair in rows[at : at + 2] for text in pair] for at in range(0, len(rows), 2)
        ]
        alone = len(pairs[-1]) == 2
        if alone:
            pairs[-1] += ["", ""]
        self._filled(pairs, (31.0, 55.0, 36.0, 50.0), lambda row, column: column % 2 == 0)
        if alone:
            _joined(self._last().rows[-1].cells[1:])

    def together(self) -> None:
        """Keep the last table on one page, and on that of what follows."""
        for row in self._last().rows:
            _kept(row)

    def across(self, rows: Iterable[int], doubts: Sequence[bool]) -> None:
        """Let the first cell of some rows of the last table go across, small and grey.

        Where it begins with a doubt, this has the colour of doubts.
        """
        table = self._last()
        for at, doubt in zip(rows, doubts, strict=True):
            _kept(table.rows[at - 1])
            cells = table.rows[at].cells
            for line in cells[0].lines:
                line.size, line.colour = 7.5, _GREY
            if doubt:
                cells[0].lines[0].size, cells[0].lines[0].colour = 8.0, _BROWN
            _joined(cells)

    def gap(self) -> None:
        """Add a little room below a table."""
        self._parts.append(paragraph([], keep=True, after=0, exactly=4))

    def note(self, text: str) -> None:
        """Add a small line under a table."""
        self.line(text, colour=_GREY, size=8, before=3)

    def coloured(self, number: int, verdicts: Sequence[str]) -> None:
        """Colour the cells of a column of the last table, below its head, by verdict."""
        for cell, verdict in zip(self._column(number), verdicts, strict=False):
            if verdict:
                cell.lines[0].colour, cell.ground = _colours(verdict)

    def doubted(self, number: int, doubts: Sequence[bool]) -> None:
        """Print the last line of the cells that hold a doubt in the colour of doubts."""
        for cell, doubt in zip(self._column(number), doubts, strict=False):
            if doubt:
                cell.lines[-1].colour = _BROWN

    def amber(self, number: int, gaps: Sequence[bool]) -> None:
        """Print the cells of a column of the last table that tell a gap bold, as a doubt."""
        for cell, gap in zip(self._column(number), gaps, strict=True):
            if gap:
                cell.lines[0].bold, cell.lines[0].colour = True, _BROWN

    def _last(self) -> Table:
        return next(part for part in reversed(self._parts) if isinstance(part, Table))

    def _column(self, number: int) -> list[Cell]:
        """Return the cells of a column of the last table, below its head."""
        return [row.cells[number] for row in self._last().rows[1:]]

    def drawing(self, picture: Picture, title: str, fallback: str) -> None:
        """Add the map."""
        scale = _WIDTH_MM / picture.width
        drawn = drawingml.run_of(picture, title=title, fallback=fallback, scale=scale)
        self._parts.append(paragraph([drawn], keep=True))

    def signatures(self, words: dict[str, str]) -> None:
        """Add the lines for names and days."""
        who = words["signers"].split("|")
        self._parts.append(paragraph([], keep=True))
        rows = [who, [""] * len(who), [words["sign_date"]] * len(who)]
        self.grid(rows, widths=[_WIDTH_MM / len(who)] * len(who))
        table = self._last()
        table.rows[1].height = 42.0
        for row in table.rows[:2]:
            _kept(row)

    def saved(self) -> bytes:
        """Return the bytes of the file, the same for the same content."""
        body = (part.xml() if isinstance(part, Table) else part for part in self._parts)
        return document(
            body, self._header(), self._footer(), lang=self._lang, day=self._case.screened_on
        )


def _colours(verdict: str) -> tuple[str, str]:
    """Return the strong and the pale colour of a verdict."""
    strong, pale = VERDICT_COLOURS.get(verdict, VERDICT_COLOURS["无法判断"])
    return strong[1:].upper(), pale[1:].upper()


def _kept(row: Row) -> None:
    for cell in row.cells:
        cell.keep = True


def _joined(cells: Sequence[Cell]) -> None:
    """Make one cell of several; only the first has a text."""
    cells[0].span = len(cells)
    for cell in cells[1:]:
        cell.span = 0
