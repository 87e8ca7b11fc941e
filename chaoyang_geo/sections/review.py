"""The review sheet: what could not be matched, for a person to correct in Excel and hand back."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterable, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo.files import replacing
from chaoyang_geo.schema import SchemaError, label, require, split_codes
from chaoyang_geo.sections.corrections import BY_HAND, NONE
from chaoyang_geo.sections.distinct import column_texts, column_times, distinct
from chaoyang_geo.sections.registry import day_number, short_province, text
from chaoyang_geo.sections.spelling import fold, fold_code

if TYPE_CHECKING:
    import pandas as pd
    from openpyxl.worksheet.worksheet import Worksheet

SHEET, HELP, CODES = "断面核对", "填写说明", "断面登记表"

#: Columns of the sheet and how wide they are, in characters.
_COLUMNS: dict[str, int] = {
    "province": 12,
    "section_name": 24,
    "section_code_given": 16,
    "n_rows": 8,
    "first_time": 17,
    "last_time": 17,
    "match_state": 10,
    "match_flag": 48,
    "candidates": 36,
    "corrected_code": 18,
    "remark": 24,
    "valid_from": 13,
    "valid_to": 13,
}
#: Columns that a person fills in.
_OPEN = ("corrected_code", "remark", "valid_from", "valid_to")
_HEADER = {
    **{name: label(name) for name in _COLUMNS},
    **{"match_flag": "原因", "valid_from": "适用起日", "valid_to": "适用止日"},
}
_STATES = {"ambiguous": "有歧义", "unmatched": "未匹配"}
_FILLS = {"ambiguous": "FFF2CC", "unmatched": "F8CBAD"}
_INPUT, _HEAD = "E2EFDA", "D9E1F2"
CORRECTION_COLUMNS: tuple[str, ...] = (
    *("province", "section_name", "section_code_given", "corrected_code"),
    *("remark", "valid_from", "valid_to", "origin"),
)
_ROW = "请在绿色的“更正编码”列填写断面编码（可从下拉列表选择；不在登记表中的填“无”；留空为暂不更正），保存后交回。"
_HELP = (
    ("怎样填写", ""),
    ("1", "每行是读数中一个未能匹配的断面名称（同一省份、名称和编码只列一次）。"),
    ("2", "核对“原因”和“候选”，在“更正编码”中选择或输入登记表中的断面编码。编码按文本保存，前导零不能丢。"),
    ("3", "该断面不在登记表中时填“无”；暂时不能确定时留空，下次仍会列出。"),
    ("4", "同一名称在不同时期指不同断面时，可复制该行，分别填写“适用起日”“适用止日”（含当日），如 2021-01-01。"),
    ("5", "请勿改动表头、合并单元格或改动蓝色表头下的省份、名称和原始编码；可以排序、筛选和写备注。"),
    ("颜色", "黄色：有歧义，有多个或相近的候选；橙色：未匹配；绿色：需要填写。"),
)  # fmt: skip
_LARGEST = 200 * 1024 * 1024
# each name may need a drop-down of its own, and Excel takes 65 534 in a sheet
_MOST_ROWS = 50_000


def write_review(
    matched: pd.DataFrame, path: str | Path, *, sections: pd.DataFrame | None = None
) -> Path:
    """Write what was not matched to an Excel sheet that a person corrects.

    The sheet 断面核对 has one row for each distinct province, name and code that the readings
    state and that has unmatched or ambiguous rows; its columns 更正编码, 备注, 适用起日 and 适用止日
    are empty, and :func:`read_review` reads them back. Names that a person has said are not in
    the registry (``无``) are listed with that answer.

    Required columns: ``match_state``; used where present: ``province``, ``section_name``,
    ``section_code_given``, ``time``, ``match_flag``, ``candidates``, ``section_code``.

    Parameters
    ----------
    matched : DataFrame, n rows, from :func:`match_sections`
    path : str or Path, ending in ``.xlsx``
        Replaced as a whole, or left as it was.
    sections : DataFrame, optional
        The registry: its codes and names become the sheet 断面登记表, to look codes up in, and
        :func:`read_review` checks the corrected codes against it.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    SchemaError
        A required column is missing.
    ValueError
        ``path`` does not end in ``.xlsx``, or there are more than 50 000 names to review.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from chaoyang_geo import match_sections, read_review, write_review
    >>> sections = pd.DataFrame({"section_code": ["S1"], "section_name": ["凌鸿大桥"]})
    >>> matched = match_sections(pd.DataFrame({"section_name": ["凌鸿桥"]}), sections)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_review(matched, f"{folder}/review.xlsx", sections=sections)
    ...     len(read_review(path))  # nothing is filled in yet
    0
    """
    from openpyxl import Workbook

    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise ValueError(
            f"{path.name}: a review sheet is an Excel workbook; end its name in .xlsx."
        )
    rows = _to_review(matched)
    if len(rows) > _MOST_ROWS:
        raise ValueError(
            f"{len(rows)} names are not matched, more than a person reviews ({_MOST_ROWS}); "
            "is this the right registry?"
        )
    book = Workbook()
    book.remove(book.worksheets[0])
    _write_rows(book.create_sheet(SHEET), rows)
    _write_help(book.create_sheet(HELP))
    if sections is not None:
        _write_codes(book.create_sheet(CODES), sections)
    with replacing(path) as temporary:
        book.save(temporary)
    return path


def _to_review(matched: pd.DataFrame) -> list[dict[str, Any]]:
    """Gather the rows that were not matched, one for each distinct thing that readings state."""
    import pandas as pd

    require(matched, ["match_state"], table="matched")
    keys = ("province", "section_name", "section_code_given")
    wanted = [*keys, "match_state", "match_flag", "candidates", "section_code"]
    columns = {name: column_texts(matched[name]) for name in wanted if name in matched}
    row_of, places = distinct([codes for codes, _ in columns.values()], len(matched))
    if "time" in matched:
        times = pd.Series(column_times(matched["time"]))
    else:
        times = pd.Series(pd.NaT, index=range(len(matched)), dtype="datetime64[s]")
    groups = times.groupby(row_of).agg(["size", "min", "max"])
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    others: dict[tuple[str, str, str], dict[str, int]] = {}
    for place, (n, first, last) in zip(
        places, groups.itertuples(index=False, name=None), strict=True
    ):
        cells = {name: texts[codes[place]] for name, (codes, texts) in columns.items()}
        province, name, given, state, flag, candidates, code = (cells.get(n, "") for n in wanted)
        key = (short_province(province), fold(name), fold_code(given))
        if state == "matched":
            counts = others.setdefault(key, {})
            counts[code] = counts.get(code, 0) + int(n)
            continue
        row = found.setdefault(
            key,
            {
                **dict(zip(keys, (province, name, given), strict=True)),
                **{"n_rows": 0, "first": [], "last": [], "states": set(), "flags": {}},
                "candidates": {},
            },
        )
        row["n_rows"] += int(n)
        row["first"] += [] if pd.isna(first) else [first]
        row["last"] += [] if pd.isna(last) else [last]
        row["states"].add(state)
        row["flags"] |= {flag: None} if flag else {}
        row["candidates"] |= dict.fromkeys(split_codes(candidates))
    return [_review_row(row, others.get(key, {})) for key, row in found.items()]


def _review_row(row: dict[str, Any], others: dict[str, int]) -> dict[str, Any]:
    flags = list(row["flags"])
    if others:
        known = "、".join(f"{code}（{n}行）" for code, n in sorted(others.items()))
        flags.append(f"同名的其他读数已匹配到{known}；只更正部分时段时请填写适用起止日")
    refused = any(flag.startswith(BY_HAND) for flag in row["flags"])
    return {
        **{
            name: row[name] for name in ("province", "section_name", "section_code_given", "n_rows")
        },
        "first_time": min(row["first"], default=None),
        "last_time": max(row["last"], default=None),
        "match_state": "ambiguous" if "ambiguous" in row["states"] else "unmatched",
        "match_flag": "；".join(flags),
        "candidates": "\n".join(row["candidates"]),
        "corrected_code": NONE if refused else "",
    }


def _write_rows(sheet: Worksheet, rows: Sequence[dict[str, Any]]) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter

    names = list(_COLUMNS)
    _put(sheet, 1, 1, _ROW)
    sheet.cell(1, 1).font = Font(bold=True, color="C00000")
    line = Side(style="thin", color="BFBFBF")
    border = Border(left=line, right=line, top=line, bottom=line)
    wrap = Alignment(vertical="top", wrap_text=True)
    for column, name in enumerate(names, start=1):
        _put(sheet, 2, column, _HEADER[name])
        title: Any = sheet.cell(2, column)
        title.font, title.border = Font(bold=True), border
        title.fill = PatternFill("solid", start_color=_INPUT if name in _OPEN else _HEAD)
        title.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        sheet.column_dimensions[get_column_letter(column)].width = _COLUMNS[name]
    looks: dict[tuple[str, str], Any] = {}
    for number, row in enumerate(rows, start=3):
        for column, name in enumerate(names, start=1):
            value = row.get(name)
            shown = _STATES[value] if name == "match_state" and value in _STATES else value
            _put(sheet, number, column, shown)
            cell: Any = sheet.cell(number, column)
            look = (name, row["match_state"])
            if look in looks:
                # a style made anew for every cell would take most of the time
                cell._style = copy(looks[look])
                continue
            cell.border, cell.alignment = border, wrap
            colour = _INPUT if name in _OPEN else _FILLS[row["match_state"]]
            cell.fill = PatternFill("solid", start_color=colour)
            if name in ("first_time", "last_time"):
                cell.number_format = "yyyy-mm-dd hh:mm"
            elif name != "n_rows":
                cell.number_format = "@"  # text: a code typed here keeps its zeros
            looks[look] = copy(cell._style)
        sheet.row_dimensions[number].height = 16 * max(_lines(row, name) for name in names)
    last = max(2, 2 + len(rows))
    sheet.freeze_panes = "C3"
    sheet.auto_filter.ref = f"A2:{get_column_letter(len(names))}{last}"
    sheet.row_dimensions[2].height = 30
    _fit_to_paper(sheet)
    sheet.print_title_rows = "2:2"
    _offer_candidates(sheet, rows, get_column_letter(names.index("corrected_code") + 1))


def _lines(row: dict[str, Any], name: str) -> int:
    """Count the lines that a cell takes when it is wrapped; a Chinese character is two wide."""
    width = _COLUMNS[name] - 1
    written = text(row.get(name)).splitlines()[:10]
    wide = [sum(1 + (ord(character) > 0x2E7F) for character in line) for line in written]
    return min(10, sum(max(1, -(-cells // width)) for cells in wide)) or 1


def _fit_to_paper(sheet: Worksheet) -> None:
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _offer_candidates(sheet: Worksheet, rows: Sequence[dict[str, Any]], letter: str) -> None:
    """Give each row a drop-down of its candidates; another code may be typed after a warning."""
    from openpyxl.worksheet.datavalidation import DataValidation

    offers: dict[str, list[str]] = {}
    for number, row in enumerate(rows, start=3):
        codes = [part.split(" ")[0] for part in row["candidates"].splitlines()]
        codes = [code for code in codes if not set(code) & set(',"')] + [NONE]
        while len(listed := ",".join(codes)) > 250:  # Excel takes 255 characters
            codes.pop(-2)
        offers.setdefault(listed, []).append(f"{letter}{number}")
    for listed, cells in offers.items():
        for start in range(0, len(cells), 500):
            offer = DataValidation(
                type="list",
                formula1=f'"{listed}"',
                sqref=" ".join(cells[start : start + 500]),
                allow_blank=True,
                errorStyle="warning",
                errorTitle="不在候选中",
                error="该编码不在候选中。若确为登记表中的断面编码，请选“是”。",
                promptTitle="更正编码",
                prompt="选择或输入断面编码；不在登记表中填“无”；留空为暂不更正。",
                showErrorMessage=True,
                showInputMessage=True,
            )
            sheet.add_data_validation(offer)


def _write_help(sheet: Worksheet) -> None:
    from openpyxl.styles import Alignment, Font

    for number, (left, right) in enumerate(_HELP, start=1):
        _put(sheet, number, 1, left)
        _put(sheet, number, 2, right)
        sheet.cell(number, 2).alignment = Alignment(wrap_text=True, vertical="top")
    _fit_to_paper(sheet)
    sheet.cell(1, 1).font = Font(bold=True)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 10, 90


def _write_codes(sheet: Worksheet, sections: pd.DataFrame) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    require(sections, ["section_code", "section_name"], table="sections")
    wanted = ("section_code", "section_name", "province", "water_body", "aliases", "former_names")
    columns = [name for name in (*wanted, "valid_from", "valid_to") if name in sections]
    for column, name in enumerate(columns, start=1):
        _put(sheet, 1, column, label(name))
        sheet.cell(1, column).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(column)].width = 20
        for number, value in enumerate(sections[name], start=2):
            written = text(value)
            _put(sheet, number, column, written[:10] if name.startswith("valid") else written)
            sheet.cell(number, column).number_format = "@"
    _fit_to_paper(sheet)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(sections) + 1}"


def _put(sheet: Worksheet, row: int, column: int, value: Any) -> None:
    """Write a value; a text is always a text, never a formula."""
    import pandas as pd
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell = sheet.cell(row, column)
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)[:32_000]
        if cell.data_type == "f":
            cell.data_type = "s"
    elif isinstance(value, pd.Timestamp):
        cell.value = value.to_pydatetime()
    else:
        cell.value = value


def read_review(path: str | Path, *, sections: pd.DataFrame | None = None) -> pd.DataFrame:
    """Read a corrected review sheet back, as corrections for :func:`match_sections`.

    Parameters
    ----------
    path : str or Path
        A workbook of :func:`write_review`, filled in by a person.
    sections : DataFrame, optional
        The registry to check the codes against; default the sheet 断面登记表 of the workbook, if
        it has one.

    Returns
    -------
    DataFrame, one row for each row of the sheet with a 更正编码, in the order of the sheet
        ``province``, ``section_name``, ``section_code_given``, ``corrected_code`` (a code, or ``无``),
        ``remark``, ``valid_from``, ``valid_to`` (missing: open), ``origin`` (file, sheet, cell).

    Raises
    ------
    FileNotFoundError
        There is no such file.
    SchemaError
        The file is no review sheet, its header was changed, cells were merged, a code is unknown
        or stored as a number, a date is none, or a name is corrected twice for one time. Sheet,
        row and value are named.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import openpyxl, pandas as pd
    >>> from chaoyang_geo import match_sections, read_review, write_review
    >>> sections = pd.DataFrame({"section_code": ["S1"], "section_name": ["章吉营"]})
    >>> matched = match_sections(pd.DataFrame({"section_name": ["章吉营断面"]}), sections)
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = write_review(matched, pathlib.Path(folder.name) / "review.xlsx", sections=sections)
    >>> book = openpyxl.load_workbook(path)
    >>> titles = {cell.value: cell for cell in book.worksheets[0][2]}
    >>> titles["更正编码"].offset(1).value = "S1"  # what a person fills in
    >>> book.save(path)
    >>> read_review(path)[["section_name", "corrected_code"]]
      section_name corrected_code
    0        章吉营断面             S1
    >>> folder.cleanup()
    """
    import pandas as pd

    path = Path(path)
    book = _open(path)
    if SHEET not in book.sheetnames:
        raise SchemaError(
            f"{path.name}: the sheet {SHEET!r} is not there (sheets: {', '.join(book.sheetnames)}); "
            "hand back the workbook that write_review wrote."
        )
    sheet = book[SHEET]
    where = f"{path.name}, sheet {SHEET}"
    header, columns = _find_header(sheet, where)
    # a title over the whole width does no harm
    areas = [area for area in sheet.merged_cells.ranges if area.max_row >= header]
    if areas:
        merged = ", ".join(sorted(map(str, areas)))
        raise SchemaError(
            f"{where}: cells are merged ({merged}); unmerge them, so that a row is one name."
        )
    known = _known_codes(book, sections, path)
    rows: list[dict[str, Any]] = []
    for number, cells in enumerate(
        sheet.iter_rows(min_row=header + 1, max_row=_last_row(sheet, where)), start=header + 1
    ):
        row = {name: cells[column].value for name, column in columns.items()}
        if text(row["corrected_code"]).strip():
            rows.append(_correction(row, f"{where}, row {number}", known))
            letter = cells[columns["corrected_code"]].column_letter
            rows[-1]["origin"] = f"[{path.name}]{SHEET}!{letter}{number}"
    _refuse_doubles(rows, where)
    table = pd.DataFrame(rows, columns=list(CORRECTION_COLUMNS))
    for name in ("valid_from", "valid_to"):
        table[name] = pd.to_datetime(table[name]).astype("datetime64[s]")
    return table.astype({n: "str" for n in CORRECTION_COLUMNS if not n.startswith("valid")})


def _open(path: Path) -> Any:
    from openpyxl import load_workbook

    if not path.is_file():
        raise FileNotFoundError(f"{path.name}: there is no such file.")
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(part.file_size for part in packed.infolist())
    except zipfile.BadZipFile:
        raise SchemaError(f"{path.name}: this is not an Excel workbook (.xlsx).") from None
    if size > _LARGEST:
        raise SchemaError(
            f"{path.name}: the workbook unpacks to {size // 2**20} MB; a review sheet has at most "
            f"{_LARGEST // 2**20} MB."
        )
    try:
        # formulas give the value that Excel last computed
        return load_workbook(path, data_only=True)
    except (KeyError, ValueError, OSError, SyntaxError, TypeError) as error:
        raise SchemaError(f"{path.name}: this is not an Excel workbook (.xlsx): {error}") from None


def _last_row(sheet: Worksheet, where: str) -> int:
    if sheet.max_row > _MOST_ROWS + 100:
        raise SchemaError(
            f"{where}: {sheet.max_row} rows, and a review sheet has at most {_MOST_ROWS}; "
            "delete the empty rows below the table."
        )
    return int(sheet.max_row)


def _find_header(sheet: Worksheet, where: str) -> tuple[int, dict[str, int]]:
    """Return the row of the header and the place of each column; the order may have changed."""
    wanted = {title: name for name, title in _HEADER.items()}
    best = 2
    found: dict[str, int] = {}
    for number, cells in enumerate(sheet.iter_rows(min_row=1, max_row=10), start=1):
        titles = [text(cell.value).strip() for cell in cells]
        if len(set(titles) & set(wanted)) > len(found):
            best = number
            found = {title: place for place, title in enumerate(titles) if title in wanted}
            twice = [title for title in found if titles.count(title) > 1]
            if twice:
                raise SchemaError(f"{where}, row {number}: the column {twice[0]!r} is there twice.")
    needed = [
        _HEADER[n] for n in ("province", "section_name", "section_code_given", "corrected_code")
    ]
    missing = [title for title in needed if title not in found]
    if missing:
        there = "、".join(t for t in (text(cell.value) for cell in sheet[best]) if t) or "nothing"
        raise SchemaError(
            f"{where}, row {best}: the header was changed: {'、'.join(missing)} is missing; "
            f"there is: {there[:200]}. Write the titles as they were."
        )
    columns = {name: found[title] for title, name in wanted.items() if title in found}
    return best, columns


def _known_codes(book: Any, sections: pd.DataFrame | None, path: Path) -> set[str] | None:
    if sections is not None:
        require(sections, ["section_code"], table="sections")
        return {fold_code(text(code)) for code in sections["section_code"]}
    if CODES not in book.sheetnames:
        return None
    sheet = book[CODES]
    if text(sheet["A1"].value).strip() != label("section_code"):
        raise SchemaError(
            f"{path.name}, sheet {CODES}, row 1: the header was changed: A1 is "
            f"{text(sheet['A1'].value)!r}, not {label('section_code')!r}."
        )
    cells: Iterable[Any] = (
        row[0] for row in sheet.iter_rows(min_row=2, max_col=1, values_only=True)
    )
    return {fold_code(text(cell)) for cell in cells} - {""}


def _correction(row: dict[str, Any], where: str, known: set[str] | None) -> dict[str, Any]:
    """Check one row that a person filled in."""
    title = _HEADER["corrected_code"]
    value = row["corrected_code"]
    if not isinstance(value, str):
        raise SchemaError(
            f"{where}: {title} {value!r} is stored as a number or date, which loses leading zeros; "
            "set the cell to text and type the code again."
        )
    code = fold_code(value)
    if known is not None and code != NONE and code not in known:
        # a code may be copied together with its name, as the candidates show it
        code = fold_code(value.strip().split(" ")[0])
        if code not in known:
            raise SchemaError(
                f"{where}: {title} {value!r} is not in the registry; choose one of its codes, or "
                f"{NONE!r} for a section that it does not hold."
            )
    name, given = text(row["section_name"]), text(row["section_code_given"])
    if not name.strip() and not given.strip():
        raise SchemaError(
            f"{where}: {title} {value!r} has neither {_HEADER['section_name']} nor "
            f"{_HEADER['section_code_given']} beside it, so it corrects nothing."
        )
    checked: dict[str, Any] = {
        **{"province": text(row["province"]), "section_name": name, "section_code_given": given},
        **{"corrected_code": code, "remark": text(row.get("remark"))},
    }
    for column, last in (("valid_from", False), ("valid_to", True)):
        try:
            day = day_number(row.get(column), last=last)
        except ValueError:
            raise SchemaError(
                f"{where}: {_HEADER[column]} {text(row.get(column))!r} is no date; "
                "write it like 2021-01-01."
            ) from None
        checked[column] = None if day is None else dt.date(1970, 1, 1) + dt.timedelta(days=day)
    first, last_day = checked["valid_from"], checked["valid_to"]
    if first is not None and last_day is not None and last_day < first:
        raise SchemaError(
            f"{where}: {_HEADER['valid_to']} {last_day} lies before {_HEADER['valid_from']} {first}."
        )
    return checked


def _refuse_doubles(rows: Sequence[dict[str, Any]], where: str) -> None:
    seen: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        key = (
            short_province(row["province"]),
            fold(row["section_name"]),
            fold_code(row["section_code_given"]),
        )
        for other in seen.setdefault(key, []):
            if _overlap(row, other):
                first, second = (one["origin"].rpartition("!")[2] for one in (other, row))
                raise SchemaError(
                    f"{where}: {row['section_name'] or row['section_code_given']!r} is corrected "
                    f"twice, in {first} to {other['corrected_code']} and in {second} to "
                    f"{row['corrected_code']}; keep one, or fill in "
                    f"{_HEADER['valid_from']} and {_HEADER['valid_to']} that do not overlap."
                )
        seen[key].append(row)


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    first = max(row["valid_from"] or dt.date.min for row in (one, other))
    last = min(row["valid_to"] or dt.date.max for row in (one, other))
    return bool(first <= last)
