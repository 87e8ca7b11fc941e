"""Reading water-quality tables into one long table.

A result is a value with its state: a number, a value below detection, a gap with
its reason. ``raw`` and ``origin`` stay beside every value, so that each can be
traced back to its cell. Nothing is dropped: what is not understood is flagged.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.schema import class_dtype, find_class

if TYPE_CHECKING:
    import pandas as pd

#: Columns of the long table, in order.
READING_COLUMNS: tuple[str, ...] = (
    "section_code",
    "section_name",
    "province",
    "basin",
    "time",
    "item",
    "value",
    "unit",
    "censored",
    "detection_limit",
    "raw",
    "reading_flag",
    "origin",
    "published_class",
)

# What a header cell may say, folded by _fold(); items are found by standards.find_item().
_ROLES: dict[str, tuple[str, ...]] = {
    "section_code": ("section_code", "断面编码", "断面代码", "点位编码", "站点编码", "测站编码"),
    "section_name": (
        "section_name",
        "断面名称",
        "断面",
        "监测断面",
        "考核断面",
        "点位名称",
        "监测点位",
        "站点名称",
        "测站名称",
        "断面/点位",
    ),
    "province": ("province", "省份", "省"),
    "basin": ("basin", "流域", "所属流域"),
    "time": ("time", "监测时间", "采样时间", "监测日期", "采样日期", "日期"),
    "clock": ("时间", "时刻", "采样时刻", "监测时刻"),
    "published_class": ("published_class", "水质类别", "类别", "class"),
    "item": ("item", "监测指标", "监测项目", "项目", "指标"),
    "value": ("value", "监测值", "结果", "监测结果", "浓度"),
    "unit": ("unit", "单位", "计量单位"),
    "station_state": ("station_state", "站点情况", "备注"),
}
_HEADER_ROWS = 20  # a header stands within the first rows, under titles
_GAPS = {"", "-", "--", "---", "—", "——", "/", "\\", "－", "nan", "null", "none"}
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
# full-width forms are the same characters; footnote marks and superscripts are not digits
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " "}


@dataclass
class _Grid:
    """The cells of one sheet: rows of text (or datetimes) with the place of the first."""

    file: str
    sheet: str
    rows: list[list[Any]]
    kind: str = "table"  # "json" cells carry HTML spans

    def place(self, row: int, column: int) -> str:
        """Name a cell the way Excel names one in another workbook."""
        if self.kind == "json":
            return f"[{self.file}]tbody[{row - 1}][{column}]"
        from openpyxl.utils import get_column_letter

        return f"[{self.file}]{self.sheet}!{get_column_letter(column + 1)}{row + 1}"

    def where(self, row: int) -> str:
        sheet = f", sheet {self.sheet}" if self.sheet else ""
        return f"{self.file}{sheet}, row {row + 1}"


def read_readings(
    path_or_paths: str | Path | Sequence[str | Path], *, year: int | None = None
) -> pd.DataFrame:
    """Read water-quality tables into one long table, one row per value.

    Understands the national platform's Excel and JSON releases and plain tables
    (Excel or CSV; UTF-8 or GB18030), wide (an item a column) or long (columns item and
    value). The header is found by meaning within the first 20 rows.

    Required columns: a section name or code, a time, and at least one item (or item and value).

    Parameters
    ----------
    path_or_paths : path, or sequence of paths
        ``.xlsx``, ``.xlsm``, ``.csv``, ``.txt`` or ``.json``.
    year : int, optional
        Year of times that are written without one (``02-04 11:00``).

    Returns
    -------
    DataFrame, one row per section, time and item, in file order
        ``section_code``, ``section_name``, ``province``, ``basin``, ``time`` (China Standard
        Time, naive), ``item`` (key), ``value`` (missing when censored or not measured),
        ``unit``, ``censored`` (``''``, ``'<'``, ``'>'``), ``detection_limit``, ``raw`` (the
        cell as found), ``reading_flag`` (why a value is missing or doubtful), ``origin``
        (file, sheet and cell), ``published_class`` (ordered category).

    Raises
    ------
    FileNotFoundError
        The file does not exist.
    ValueError
        The file cannot be read, no sheet has a recognisable header, or times have no
        year and ``year`` is not given; the message names file, sheet and row.

    Warns
    -----
    UserWarning
        Columns or rows were not understood and left out; each is named.

    Notes
    -----
    In the platform's JSON the unrounded value is taken from the cell's title
    (``原始值：26.58``); a title that is no value is the reason of the gap and becomes the flag.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from chaoyang_geo import read_readings
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "october.csv"
    >>> text = "断面名称,监测时间,总磷(mg/L),氨氮(mg/L)\\n章吉营,2025-10-08 08:00,0.11,--\\n"
    >>> _ = path.write_text(text, encoding="utf-8")
    >>> read_readings(path)[["section_name", "item", "value", "reading_flag"]]
      section_name   item  value reading_flag
    0          章吉营     tp   0.11
    1          章吉营  nh3_n    NaN   缺测（原文“--”）
    >>> folder.cleanup()
    """
    import pandas as pd

    paths = [path_or_paths] if isinstance(path_or_paths, (str, Path)) else list(path_or_paths)
    tables = [
        _long_table(grid, header, year)
        for path in paths
        for grid, header in _grids_with_header(Path(path))
    ]
    if not tables:
        return _typed(pd.DataFrame({name: [] for name in READING_COLUMNS}))
    return _typed(pd.concat(tables, ignore_index=True))


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    table = table[list(READING_COLUMNS)].copy()
    table["time"] = pd.to_datetime(table["time"]).astype("datetime64[s]")
    for column in ("value", "detection_limit"):
        table[column] = table[column].astype("float64")
    table["published_class"] = table["published_class"].astype(class_dtype())
    for column in READING_COLUMNS:
        if column not in ("time", "value", "detection_limit", "published_class"):
            table[column] = table[column].astype("str")
    return table


# --- files to cells ---------------------------------------------------------------------------


def _grids(path: Path) -> list[_Grid]:
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file.")
    if not path.is_file():
        raise ValueError(f"{path}: this is a folder, not a file of readings; name a file in it.")
    suffix = path.suffix.lower()
    if suffix in (".xlsx", ".xlsm"):
        return _excel_grids(path)
    if suffix in (".csv", ".txt"):
        return [_csv_grid(path)]
    if suffix == ".json":
        return [_json_grid(path)]
    raise ValueError(
        f"{path.name}: files ending in {suffix or 'nothing'} are not read; "
        "save the table as .xlsx, .csv or .json."
    )


def _excel_grids(path: Path) -> list[_Grid]:
    import zlib
    from xml.etree.ElementTree import ParseError
    from zipfile import BadZipFile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles and validations it does not carry; values are unaffected
            warnings.simplefilter("ignore", UserWarning)
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            grids = []
            for sheet in book.worksheets:
                # some programs write a sheet's extent wrong; rows beyond it are there all the same
                sheet.reset_dimensions()
                rows = [list(row) for row in sheet.iter_rows(values_only=True)]
                grids.append(_Grid(path.name, sheet.title, rows))
            book.close()
    except (BadZipFile, InvalidFileException, KeyError, OSError, ParseError, zlib.error) as error:
        raise ValueError(
            f"{path.name}: the file is not an Excel workbook, or is damaged "
            f"({type(error).__name__}); open it in Excel and save it as .xlsx, or as .csv."
        ) from error
    return grids


def _csv_grid(path: Path) -> _Grid:
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise ValueError(
            f"{path.name}: the text is neither UTF-8 nor GB18030; save it as CSV UTF-8 in Excel."
        )
    if "\0" in text:
        raise ValueError(
            f"{path.name}: the file holds binary data, not text; is it an Excel workbook? "
            "Then name it .xlsx."
        )
    first = text.lstrip("\n").split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    try:
        rows = [list(row) for row in csv.reader(text.splitlines(), delimiter=delimiter)]
    except csv.Error as error:
        raise ValueError(
            f"{path.name}: the table cannot be split into cells ({error}); is a quote left open?"
        ) from error
    return _Grid(path.name, "", rows)


def _json_grid(path: Path) -> _Grid:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        head, body = content["thead"], content["tbody"]
        rows = [[_without_tags(str(cell)) for cell in head], *(list(row) for row in body)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{path.name}: this is not the national platform's JSON, which has thead and tbody "
            f"({type(error).__name__}: {error}); save the platform's answer unchanged."
        ) from error
    return _Grid(path.name, "", rows, kind="json")


def _without_tags(text: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", text)).strip()


# --- the header -------------------------------------------------------------------------------


@dataclass
class _Header:
    row: int
    roles: dict[str, int] = field(default_factory=dict)
    items: dict[int, tuple[str, str]] = field(default_factory=dict)  # column: (item, unit)
    unknown: list[str] = field(default_factory=list)

    @property
    def is_long(self) -> bool:
        return "item" in self.roles and "value" in self.roles

    @property
    def is_complete(self) -> bool:
        has_section = "section_name" in self.roles or "section_code" in self.roles
        return has_section and "time" in self.roles and (self.is_long or bool(self.items))


def _fold(text: object) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", str(text))).lower()


_ROLE_BY_TEXT = {_fold(word): role for role, words in _ROLES.items() for word in words}


def _split_unit(text: str) -> tuple[str, str]:
    """Split ``氨氮(mg/L)`` into name and unit; without a unit the second part is empty."""
    match = re.fullmatch(r"(.*?)[\s]*[(（\[]([^()（）\[\]]*)[)）\]]\s*", text.strip())
    if match and match[1]:
        return match[1], match[2].strip()
    return text.strip(), ""


def _parse_header(cells: list[Any], row: int) -> _Header:
    header = _Header(row)
    for column, cell in enumerate(cells):
        if cell is None or not str(cell).strip():
            continue
        text = _without_tags(str(cell))
        role = _ROLE_BY_TEXT.get(_fold(text))
        if role is not None and role not in header.roles:
            header.roles[role] = column
            continue
        # a bracket may be part of the name, 铬(六价), or its unit, 氨氮(mg/L)
        name, unit = _split_unit(text)
        item = standards.find_item(text)
        if item is None:
            item = standards.find_item(name)
            unit = "" if unit == "无量纲" else unit
        else:
            unit = ""
        if item is not None:
            header.items[column] = (item, unit)
        else:
            header.unknown.append(text)
    return header


def _grids_with_header(path: Path) -> Iterator[tuple[_Grid, _Header]]:
    grids = _grids(path)
    found = False
    for grid in grids:
        headers = (_parse_header(cells, row) for row, cells in enumerate(grid.rows[:_HEADER_ROWS]))
        header = next((candidate for candidate in headers if candidate.is_complete), None)
        if header is None:
            if any(any(cell is not None for cell in row) for row in grid.rows) and len(grids) > 1:
                warnings.warn(
                    f"{grid.file}, sheet {grid.sheet}: no recognisable header, so the sheet was "
                    "left out.",
                    stacklevel=4,
                )
            continue
        found = True
        if header.unknown:
            warnings.warn(
                f"{grid.where(header.row)}: columns not understood and left out: "
                f"{', '.join(header.unknown)}.",
                stacklevel=4,
            )
        yield grid, header
    if not found:
        sheets = ", ".join(grid.sheet for grid in grids if grid.sheet)
        first = next((row for grid in grids for row in grid.rows if any(row)), [])
        shown = ", ".join(str(cell) for cell in first if cell is not None)[:120]
        raise ValueError(
            f"{path.name}{f', sheets {sheets}' if sheets else ''}: no recognisable header in the "
            f"first {_HEADER_ROWS} rows; it needs a section (断面名称), a time (监测时间) and at "
            f"least one item (e.g. 总磷(mg/L)). The first row reads: {shown or 'nothing'}."
        )


# --- cells to values --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Value:
    value: float
    censored: str = ""
    detection_limit: float = float("nan")
    flag: str = ""


_NAN = float("nan")


def _parse_value(raw: str) -> _Value:
    """Parse one result as a laboratory or the platform writes it."""
    span = re.search(r"title\s*=\s*(['\"])(.*?)\1", raw) if "<" in raw and "span" in raw else None
    text = _without_tags(raw) if span else raw
    if span:
        title = unescape(span[2])
        exact = re.fullmatch(rf"\s*原始值\s*[:：]\s*({_NUMBER})\s*", title)
        if exact:
            return _Value(float(exact[1]))
        return _Value(_NAN, flag=title)
    folded = text.translate(_FULL_WIDTH).replace(" ", "")
    if folded.lower() in _GAPS:
        return _Value(_NAN, flag=f"缺测（原文“{text}”）" if text else "缺测（空白）")
    if re.fullmatch(_NUMBER, folded):
        return _Value(float(folded))
    below = re.fullmatch(rf"(?:[<≤]({_NUMBER})|({_NUMBER})[Ll])", folded)
    if below:
        limit = float(below[1] or below[2])
        return _Value(_NAN, "<", limit, f"低于检出限{limit:g}")
    above = re.fullmatch(rf"[>≥]({_NUMBER})", folded)
    if above:
        limit = float(above[1])
        return _Value(_NAN, ">", limit, f"高于量程{limit:g}")
    return _Value(_NAN, flag=f"不是数值（原文“{text}”）")


def _parse_time(raw: object, year: int | None) -> dt.datetime | str:
    """Return the time, or the reason why there is none: ``no year`` or ``no time``."""
    if isinstance(raw, dt.datetime):
        return raw
    if isinstance(raw, dt.date):
        return dt.datetime(raw.year, raw.month, raw.day)
    text = unicodedata.normalize("NFKC", str(raw)).strip()
    match = re.fullmatch(
        r"(?:(\d{4})\s*[-/.年])?\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
        r"(?:[T\s]*(\d{1,2})[:时](?:(\d{1,2})分?)?(?::(\d{1,2})(?:\.\d+)?)?)?",
        text,
    )
    if not match:
        return "no time"
    if match[1] is None and year is None:
        return "no year"
    numbers = [int(part) if part else 0 for part in match.groups()[1:]]
    try:
        month, day, hour, minute, second = numbers
        return dt.datetime(int(match[1] or year or 0), month, day, hour, minute, second)
    except ValueError:
        return "no time"


def _with_clock(day: dt.datetime, clock: object) -> dt.datetime:
    """Add the hour of a second column, where date and time stand apart."""
    if isinstance(clock, dt.datetime):
        clock = clock.time()
    if not isinstance(clock, dt.time):
        match = re.fullmatch(
            r"(\d{1,2})[:：时](?:(\d{1,2})分?)?(?::\d{1,2})?", _text(clock).strip()
        )
        if not match or int(match[1]) > 23 or int(match[2] or 0) > 59:
            return day
        clock = dt.time(int(match[1]), int(match[2] or 0))
    return dt.datetime.combine(day.date(), clock)


def _text(cell: object) -> str:
    """Write a cell as text; Excel's whole floats lose their ``.0``, codes stay text."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _long_table(grid: _Grid, header: _Header, year: int | None) -> pd.DataFrame:
    import pandas as pd

    usual_units = standards.item_units()
    parsed: dict[str, _Value] = {}  # each distinct text is parsed once
    times: dict[object, dt.datetime | str] = {}
    out: dict[str, list[Any]] = {name: [] for name in READING_COLUMNS}
    left_out: list[str] = []
    unread_times = 0

    for number, cells in enumerate(grid.rows[header.row + 1 :], header.row + 1):
        if not any(cell is not None and str(cell).strip() for cell in cells):
            continue

        def cell_of(role: str, cells: list[Any] = cells) -> Any:
            column = header.roles.get(role)
            return cells[column] if column is not None and column < len(cells) else None

        entries = list(_entries(header, cells, cell_of))
        section_code, section_name = _text(cell_of("section_code")), _text(cell_of("section_name"))
        raw_time = cell_of("time")
        if not any(_text(cell) for _, _, _, cell in entries):
            left_out.append(f"row {number + 1}: “{'，'.join(_text(c) for c in cells if c)[:40]}”")
            continue
        if raw_time not in times:
            times[raw_time] = _parse_time(raw_time, year)
        time = times[raw_time]
        row_flag = "" if section_code or section_name else "该行没有断面名称"
        if isinstance(time, dt.datetime):
            time = _with_clock(time, cell_of("clock"))
        if time == "no year":
            raise ValueError(
                f"{grid.where(number)}: the time “{_text(raw_time)}” has no year; say which: "
                f"year={dt.date.today().year} in Python, --year {dt.date.today().year} on the command line."
            )
        if isinstance(time, str):
            unread_times += 1
            flag = f"监测时间“{_text(raw_time)}”无法识别，请写成 2026-08-21 20:00 的样式"
            row_flag = "；".join(part for part in (row_flag, flag) if part)
        published = find_class(_text(cell_of("published_class")))
        station_state = _text(cell_of("station_state")).strip()
        if station_state and station_state != "正常":
            row_flag = "；".join(part for part in (row_flag, station_state) if part)

        for column, item, unit, cell in entries:
            raw = _text(cell)
            if raw not in parsed:
                parsed[raw] = _parse_value(raw)
            value = parsed[raw]
            flags = [row_flag, value.flag]
            if not unit and usual_units.get(item):
                unit = usual_units[item]
                flags.append(f"表中未注明单位，按{unit}")
            out["section_code"].append(section_code)
            out["section_name"].append(section_name)
            out["province"].append(_text(cell_of("province")))
            out["basin"].append(_text(cell_of("basin")))
            out["time"].append(None if isinstance(time, str) else time)
            out["item"].append(item)
            out["value"].append(value.value)
            out["unit"].append(unit)
            out["censored"].append(value.censored)
            out["detection_limit"].append(value.detection_limit)
            out["raw"].append(raw)
            out["reading_flag"].append("；".join(flag for flag in flags if flag))
            out["origin"].append(grid.place(number, column))
            out["published_class"].append(published)
    if left_out:
        warnings.warn(
            f"{grid.file}{f', sheet {grid.sheet}' if grid.sheet else ''}: {len(left_out)} rows hold "
            f"no reading and were left out: {'; '.join(left_out[:5])}.",
            stacklevel=4,
        )
    if unread_times and any(out["time"]):
        warnings.warn(
            f"{grid.file}{f', sheet {grid.sheet}' if grid.sheet else ''}: the time of {unread_times} "
            "rows was not understood; they are kept, flagged, without a time.",
            stacklevel=4,
        )
    if unread_times and not any(out["time"]):
        raise ValueError(
            f"{grid.where(header.row)}: no time in the column was understood; the first reads "
            f"“{_text(next(iter(times)))}”. Write times like 2026-08-21 20:00."
        )
    return pd.DataFrame(out)


def _entries(
    header: _Header, cells: list[Any], cell_of: Any
) -> Iterator[tuple[int, str, str, Any]]:
    """Yield column, item, unit and cell of every reading in a row."""
    if header.is_long:
        text = _text(cell_of("item"))
        name, unit = _split_unit(text)
        item = standards.find_item(text) or standards.find_item(name) or text
        yield header.roles["value"], item, _text(cell_of("unit")) or unit, cell_of("value")
        return
    for column, (item, unit) in header.items.items():
        yield column, item, unit, cells[column] if column < len(cells) else None
