"""All sites of a screening in one workbook, for people who sort and filter."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any
from xml.sax.saxutils import escape

from chaoyang_geo.findings.archive import entry, in_order, packed, stamped
from chaoyang_geo.findings.content import case_notices, limits, method
from chaoyang_geo.findings.model import Casebook, Dossier
from chaoyang_geo.findings.picture import text_width
from chaoyang_geo.findings.ways import named
from chaoyang_geo.findings.words import words_of
from chaoyang_geo.flags import flag_text
from chaoyang_geo.schema import label
from chaoyang_geo.verdicts import (
    GRADES,
    VERDICT_COLOURS,
    clean,
    kind_name,
    kinds_text,
    known,
    quality_name,
    relation_name,
    state_name,
    status_name,
    verdict_name,
)

_MAX_ROWS, _MAX_TEXT = 1_048_570, 32_000
_LINE = 17.0  # points
_SHEET_FILE = re.compile(r"xl/worksheets/sheet(\d+)\.xml")
_WIDE = {"site_name": 26, "zone_name": 26, "layer": 24, "verdict": 14, "verdict_flag": 44, "why": 70,
         "clause": 30, "rule_source": 26, "rule_note": 50, "note": 50, "finding_flag": 44,
         "content_hash": 68, "source": 50, "zone_kind": 24, "zone_kinds": 24, "page_file": 30,
         "layer_flag": 40, "activity": 18, "reach_flag": 44, "shift_zh": 44, "shift_en": 44, "free_flag": 36,
         "shift_flag": 36, "stretch_flag": 36, "avoided": 36, "band_zh": 24, "band_en": 24,
         "sections_downstream": 24, "rivers_passed": 24, "site_code": 16, "version": 14}  # fmt: skip
# what is not nothing is not shown as 0, nor all but all as 100 %
_MEASURE, _BAND = "[<0.005]0.00######;#,##0.00", "[<0.05]0.0###;0.0"
_FORMATS = {"share_of_site": "[<0.00005]0.00######%;[>0.99995]0.00######%;0.00%",
            "share_of_zone": "[<0.0000005]0.0000######%;[>0.9999995]0.0000######%;0.0000%",
            "overlap_m2": _MEASURE, "overlap_m2_geodesic": _MEASURE, "overlap_m": _MEASURE,
            "overlap_m_geodesic": _MEASURE, "distance_m": _MEASURE, "band_m": _BAND,
            "accuracy_m": _BAND, "distance_km": "#,##0.00", "distance_to_next_km": "#,##0.00",
            "offset_m": "#,##0", "clearance_m": "0", "site_m2": "#,##0.0", "conflict_m2": "#,##0.0",
            "free_m2": "#,##0.0", "free_share": "0.0%", "largest_free_m2": "#,##0.0", "shift_m": "#,##0.0",
            "bearing_deg": "0.0", "shift_east_m": "#,##0.0", "shift_north_m": "#,##0.0",
            "distance_after_m": "#,##0.0", "from_km": "0.000", "to_km": "0.000", "length_m": "#,##0.0",
            "area_m2": "#,##0", "share": "0.0%", "from_m": "#,##0", "to_m": "#,##0"}  # fmt: skip
_FINDINGS = (
    "site_code", "site_name", "activity", "zone_name", "zone_code", "zone_kind", "zone_grade",
    "relation", "verdict", "overlap_m2", "overlap_m2_geodesic", "overlap_m", "overlap_m_geodesic",
    "share_of_site", "share_of_zone", "distance_m", "band_m", "rule_source", "clause", "rule_id",
    "rule_status", "rule_note", "finding_flag", "layer", "version",
)  # fmt: skip
_CHECKED = ("layer", "zone_kinds", "n_zones", "version", "version_date", "accuracy_m", "quality",
            "layer_state", "layer_flag", "source", "content_hash")  # fmt: skip
_DOWNSTREAM = (
    "site_code", "site_name", "reach_state", "zone_name", "zone_code", "zone_kind", "zone_grade",
    "distance_km", "rivers_passed", "n_sections_between", "codes_between", "unit_name",
    "county_name", "next_section_code", "distance_to_next_km", "sections_downstream", "offset_m",
    "reach_flag",
)  # fmt: skip
_ALTERNATIVES = (
    "site_code", "site_name", "avoided", "clearance_m", "site_m2", "conflict_m2", "free_m2",
    "free_share", "n_free_parts", "largest_free_m2", "free_flag", "shift_state", "shift_m",
    "bearing_deg", "shift_east_m", "shift_north_m", "distance_after_m", "verdict_after",
)  # fmt: skip
_STRETCHES = (
    "site_code", "site_name", "stretch_no", "zone_name", "zone_code", "zone_kind", "zone_grade",
    "layer", "stretch_kind", "from_stake", "to_stake", "from_km", "to_km", "length_m", "verdict",
    "stretch_flag",
)  # fmt: skip
_NAMED = ("rivers_passed", "unit_name", "county_name", "sections_downstream")
_BANDS = ("band_no", "from_m", "to_m", "area_m2", "share", "band_flag")
_RULES = ("rule_set", "rule_id", "zone_kind", "zone_grade", "activity", "verdict", "clause",
          "rule_source", "status", "note")  # fmt: skip


def workbook(case: Casebook, pages: dict[str, str], lang: str) -> bytes:
    """Return the workbook; ``pages`` is the file of each site's page.

    Raises
    ------
    ValueError
        More rows than a sheet holds.
    """
    import openpyxl

    words = words_of(lang)
    book: Any = openpyxl.Workbook(write_only=True)
    why = f"why_{lang}"
    sites = ("site_code", "site_name", "activity", "verdict", "n_zones", why, "verdict_flag",
             "quality", "screened_on", "expires_on", "page_file")  # fmt: skip
    sheets: list[tuple[str, Sequence[str], Iterable[dict[str, Any]], int]] = [
        ("sheet_sites", sites, _site_rows(case, pages, lang), len(case.sites)),
        (
            "sheet_findings",
            (*_FINDINGS, why),
            _finding_rows(case),
            sum(len(s.findings) for s in case.sites),
        ),
        *_way_sheets(case, lang),
        ("sheet_checked", _CHECKED, case.checked, len(case.checked)),
        ("sheet_rules", _RULES, case.rules, len(case.rules)),
        (
            "sheet_unchecked",
            ("zone_kind", "layer_state", "layer"),
            case.unchecked,
            len(case.unchecked),
        ),
    ]
    below: list[Iterable[str]] = []
    for name, columns, rows, count in sheets:
        if count > _MAX_ROWS:
            raise ValueError(
                f"{count:,} rows do not fit in one sheet (at most {_MAX_ROWS:,}); leave 'xlsx' out of "
                "formats, the JSON holds any number."
            )
        notes = [words["synthetic_note"]] if case.synthetic else []
        if name == "sheet_sites":
            notes += case_notices(case, words)
        if name == "sheet_unchecked":
            notes.append(limits(case, words))
            how = (f"{name} {text}" for name, text in method(case, words, lang))
            notes.append(words["stop"].join(how))
        sheet = book.create_sheet(words[name].capitalize())
        below.append(_sheet(sheet, columns, rows, count, notes, words, lang))
    book.properties.creator = "chaoyang_geo"
    book.properties.title = words["index_title"]
    out = io.BytesIO()
    book.save(out)
    return _filled(out.getvalue(), below, case.screened_on)


def _filled(data: bytes, below: Sequence[Iterable[str]], day: str) -> bytes:
    """Return the workbook with rows put below the heads of its sheets, and its clocks set."""
    end = "</sheetData>"

    def filled(text: str, rows: Iterable[str]) -> Iterable[bytes]:
        at = text.index(end)
        for part in chain([text[:at]], rows, [text[at:]]):
            yield part.encode("utf-8")

    entries = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in in_order(archive):
            number = _SHEET_FILE.fullmatch(name)
            content: Iterable[bytes] = [stamped(name, archive.read(name), day)]
            if number:
                text = archive.read(name).decode("utf-8")
                content = filled(text, below[int(number[1]) - 1])
            entries.append(entry(name, content))
    return packed(entries)


def _site_rows(case: Casebook, pages: dict[str, str], lang: str) -> Iterable[dict[str, Any]]:
    for site in case.sites:
        yield {
            "site_code": site.code,
            "site_name": site.name,
            "activity": site.activity,
            "verdict": site.verdict,
            "n_zones": len([row for row in site.findings if row["verdict"] != "无冲突"]),
            f"why_{lang}": site.why[lang],
            "verdict_flag": "；".join(_doubts(site)),
            "quality": "synthetic" if site.synthetic else "",
            "screened_on": case.screened_on,
            "expires_on": case.expires_on,
            "page_file": pages.get(site.code, ""),
        }


def _way_sheets(
    case: Casebook, lang: str
) -> list[tuple[str, Sequence[str], Iterable[dict[str, Any]], int]]:
    """Return the sheets of what was asked for besides the zones."""
    sheets: list[tuple[str, Sequence[str], list[dict[str, Any]]]] = []

    def told(site: Dossier, *rows: dict[str, Any] | None) -> dict[str, Any]:
        found = {"site_code": site.code, "site_name": site.name}
        for row in rows:
            found |= row or {}
        return found

    why, shift = f"why_{lang}", f"shift_{lang}"
    if case.asked.downstream:
        rows = [
            told(
                site,
                row,
                {name: _named(row[name], case, lang) for name in _NAMED},
                {why: named(row[why], case.asked.names)},
            )
            for site in case.sites
            for row in site.ways.downstream
        ]
        sheets.append(("sheet_downstream", (*_DOWNSTREAM, why), rows))
    if case.asked.alternatives:
        rows = [
            told(site, site.ways.free, site.ways.shift)
            for site in case.sites
            if site.ways.free or site.ways.shift
        ]
        sheets.append(
            ("sheet_alternatives", (*_ALTERNATIVES, shift, f"why_after_{lang}", "shift_flag"), rows)
        )
    if case.asked.stretches:
        rows = [told(site, row) for site in case.sites for row in site.ways.stretches]
        sheets.append(("sheet_stretches", _STRETCHES, rows))
    if case.asked.bands:
        sheets.append(("sheet_bands", (f"band_{lang}", *_BANDS), case.asked.bands))
    return [(name, columns, rows, len(rows)) for name, columns, rows in sheets]


def _named(text: str, case: Casebook, lang: str) -> str:
    """Return a list of codes or names with the names that people know."""
    return words_of(lang)["list"].join(named(text, case.asked.names).split(";"))


def _doubts(site: Dossier) -> list[str]:
    return (["约略位置"] if site.extent else []) + site.flags


def _finding_rows(case: Casebook) -> Iterable[dict[str, Any]]:
    for site in case.sites:
        yield from site.findings


def _sheet(
    sheet: Any,
    columns: Sequence[str],
    rows: Iterable[dict[str, Any]],
    count: int,
    notes: Sequence[str],
    words: dict[str, str],
    lang: str,
) -> Iterator[str]:
    """Head a sheet, and return its rows; every text stays text: a name that begins with = is no
    formula.
    """
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter

    top = len(notes) + 1
    long = len(columns) > 15
    # on paper: A4 across, all columns on one page; a long table on A3, over two; heads on every page
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 8 if long else 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 2 if long else 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"{top}:{top}"
    if long:
        sheet.print_title_cols = "A:B"  # which site it is, on the second page too
    sheet.oddFooter.center.text = words["page_no"].format(page="&P", pages="&N")
    sheet.freeze_panes = f"A{top + 1}"
    last = get_column_letter(len(columns))
    sheet.auto_filter.ref = f"A{top}:{last}{top + max(count, 1)}"
    for at, name in enumerate(columns, 1):
        key = "why" if name.startswith("why_") else name
        sheet.column_dimensions[get_column_letter(at)].width = _WIDE.get(key, 13)
    bold, red = Font(bold=True), Font(bold=True, color="B3261E")
    pale = PatternFill("solid", fgColor="EEF2F4")
    wrap = Alignment(wrap_text=True, vertical="top")
    plain = Alignment(vertical="top")
    under = Border(bottom=Side("thin", "D5DBDE"))

    def cell(
        value: Any, *, font: Any = None, fill: Any = None, wrapped: bool = False,
        number_format: str = "", border: Any = None,
    ) -> Any:  # fmt: skip
        made: Any = WriteOnlyCell(sheet)
        made.value = value
        if isinstance(value, str):
            made.data_type = "s"
        if font is not None:
            made.font = font
        if fill is not None:
            made.fill = fill
        made.alignment = wrap if wrapped else plain
        if number_format:
            made.number_format = number_format
        if border is not None:
            made.border = border
        return made

    looks = {
        verdict: (
            Font(bold=True, color=strong[1:].upper()),
            PatternFill("solid", fgColor=light[1:].upper()),
        )
        for verdict, (strong, light) in VERDICT_COLOURS.items()
    }
    for note in notes:
        sheet.append([cell(note, font=red)])
    sheet.row_dimensions[top].height = 2 * _LINE
    heads = [label(name, lang).removesuffix(" (English)") for name in columns]
    sheet.append([cell(head, font=bold, fill=pale, wrapped=True) for head in heads])
    styles: dict[tuple[bool, str, str], int] = {}

    def style(wrapped: bool, number_format: str, verdict: str) -> int:
        look = (wrapped, number_format, verdict)
        if look not in styles:
            font, fill = looks.get(verdict, (None, None))
            styles[look] = cell(
                None, font=font, fill=fill, wrapped=wrapped, number_format=number_format,
                border=under,
            ).style_id  # fmt: skip
        return styles[look]

    # every look is made now: the workbook is written before its rows
    made = [_Column(name, get_column_letter(at), lang, style) for at, name in enumerate(columns, 1)]
    return _rows(rows, made, top + 1)


def _rows(rows: Iterable[dict[str, Any]], columns: Sequence[_Column], first: int) -> Iterator[str]:
    """Write the rows of a sheet as it holds them (ECMA-376 part 1, 18.3.1.73)."""
    for number, row in enumerate(rows, first):
        cells, high = [], 1
        for column in columns:
            text, lines = column.cell(row)
            cells.append(f"{column.start}{number}{text}")
            high = max(high, lines)
        height = min(high, 27) * _LINE
        yield f'<row r="{number}" ht="{height:g}" customHeight="1">{"".join(cells)}</row>'


class _Column:
    """Writes the cells of a column; a value that stands in many rows is written once."""

    def __init__(
        self, name: str, letter: str, lang: str, style: Callable[[bool, str, str], int]
    ) -> None:
        self.start = f'<c r="{letter}'
        self._name, self._shown = name, _shower(name, lang)
        wide = _WIDE.get("why" if name.startswith("why_") else name, 13)
        self._wide = wide if wide >= 24 and name != "content_hash" else 0
        self._empty = f'" s="{style(self._wide > 0, "", "")}"/>'
        self._text = style(self._wide > 0, "", "")
        self._number = style(self._wide > 0, _FORMATS.get(name, ""), "")
        self._verdicts = (
            {verdict: style(False, "", verdict) for verdict in VERDICT_COLOURS}
            if name == "verdict"
            else {}
        )
        # what stands beside a value and is needed to write it
        self._beside = {"zone_grade": ("zone_kind",), "activity": (f"activity_{lang}", "rule_set")}
        self._known: dict[Any, tuple[str, int]] = {}

    def cell(self, row: dict[str, Any]) -> tuple[str, int]:
        """Return a cell without the start of its place, and how many lines it needs."""
        value = row.get(self._name)
        if type(value) is float:
            return self._written(value, row)
        key = (value, *(row.get(name) for name in self._beside.get(self._name, ())))
        if key not in self._known:
            self._known[key] = self._written(value, row)
        return self._known[key]

    def _written(self, value: Any, row: dict[str, Any]) -> tuple[str, int]:
        shown = self._shown(value, row)
        if shown is None:
            return self._empty, 1
        if not isinstance(shown, str):
            return f'" s="{self._number}"><v>{shown!r}</v></c>', 1
        if not shown:
            return f'" s="{self._text}" t="inlineStr"/>', 1
        lines = 1
        if self._wide:
            # a Chinese character is two of the units that widths are in
            lines = math.ceil(text_width(shown, 2.0) / (self._wide - 2))
        space = ' xml:space="preserve"' if shown != shown.strip() or "\n" in shown else ""
        style = self._verdicts.get(value, self._text)
        text = f'" s="{style}" t="inlineStr"><is><t{space}>{escape(shown)}</t></is></c>'
        return text, lines


def _shower(name: str, lang: str) -> Callable[[Any, dict[str, Any]], Any]:
    """Return how a column's values are written for people."""
    texts: dict[str, Callable[[str], str]] = {
        "verdict": lambda text: verdict_name(text, lang),
        "verdict_after": lambda text: verdict_name(text, lang),
        "reach_state": lambda text: words_of(lang).get(f"reach_{text}", text),
        "shift_state": lambda text: words_of(lang).get(f"shift_{text}", text),
        "stretch_kind": lambda text: words_of(lang).get(text, text),
        "avoided": lambda text: kinds_text(text, lang),
        "relation": lambda text: relation_name(text, lang),
        "rule_status": lambda text: status_name(text, lang),
        "status": lambda text: status_name(text, lang),
        "layer_state": lambda text: state_name(text, lang) or words_of(lang)["no_layer"],
        "quality": lambda text: quality_name(text, lang),
        "zone_kind": lambda text: kind_name(text, "", lang),
        "zone_kinds": lambda text: kinds_text(text, lang),
    }  # fmt: skip
    if name == "activity":
        # a rule has a key, and where the table tells them its words
        return lambda value, row: _text(
            str((row.get(f"activity_{lang}") if "rule_set" in row else "") or value or "")
        )
    if name == "zone_grade":
        return lambda value, row: _grade(str(row.get("zone_kind", "")), str(value or ""), lang)
    if name.endswith("_flag"):
        return lambda value, row: _text(flag_text(value, lang))
    if name in texts:
        return lambda value, row: _text(texts[name](str(value or "")))
    return lambda value, row: _plain(value)


def _grade(kind: str, grade: str, lang: str) -> str:
    pair = GRADES.get((kind, grade))
    return _text(grade if pair is None else pair[("zh", "en").index(lang)])


def _plain(value: Any) -> Any:
    if isinstance(value, bool | str):
        return _text(str(value))
    return value if known(value) else None


def _text(text: str) -> str:
    text = clean(text)
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"
