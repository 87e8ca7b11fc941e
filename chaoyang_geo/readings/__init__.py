"""Reading water-quality tables into one long table.

A result is a value with its state: a number, a value below detection, a gap with
its reason. ``raw`` and ``origin`` stay beside every value, so that each can be
traced back to its cell. Nothing is dropped: what is not understood is flagged.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chaoyang_geo.readings.describe import (
    DESCRIBE_COLUMNS,
    Understood,
    describe_readings,
    understand_file,
)
from chaoyang_geo.readings.header import COMPARED, OF_GROUP, REPEATED, Words
from chaoyang_geo.readings.long import CLASS_BY_TEXT as _CLASS_BY_TEXT
from chaoyang_geo.readings.long import (
    OPTIONAL_COLUMNS,
    READING_COLUMNS,
    empty_readings,
    joined_readings,
    origin_cell,
)
from chaoyang_geo.readings.rows import UNKNOWN_ITEM

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DESCRIBE_COLUMNS",
    "READING_COLUMNS",
    "_CLASS_BY_TEXT",
    "describe_readings",
    "origin_cell",
    "read_readings",
]


def read_readings(
    path_or_paths: str | Path | Sequence[str | Path],
    *,
    year: int | None = None,
    columns: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Read water-quality tables into one long table, one row per value.

    Understands tables that are wide (an item a column), long (an item a row) or crossed
    (months or sections across the top), with title rows, headers of one to three rows and
    merged cells, several tables on a sheet, forms, notes and means below the table, and the
    national platform's Excel and JSON. The header is found by meaning;
    :func:`describe_readings` shows what would be understood.

    Parameters
    ----------
    path_or_paths : path, or sequence of paths
        ``.xlsx``, ``.xlsm``, ``.xlsb``, ``.xls``, ``.et``, ``.ods``, ``.csv``, ``.txt``, ``.tsv``,
        ``.parquet``, ``.html`` or ``.json``; text in UTF-8, GB18030 or UTF-16, cut by comma, tab,
        semicolon or bar, or by blanks where the header proves it.
    year : int, optional
        Year of times that are written without one (``02-04 11:00``) and where no title or
        sheet name states it.
    columns : mapping, optional
        Overrides what a header is taken for: header text to a role (``section_name``,
        ``section_code``, ``time``, ``item``, ``value``, ``unit``, ...), an item key (``tp``)
        or ``"ignore"``.

    Returns
    -------
    DataFrame, one row per section, time and item, in file order
        ``section_code``, ``section_name``, ``province``, ``basin``; ``time`` (begin, China
        Standard Time, naive), ``period`` (``instant``, ``day``, ``month``, ...) and
        ``period_end``; ``item`` (key, or the header where no item of that name is known),
        ``value`` (missing unless ``state`` is ``number``), ``unit``, ``censored`` (``''``,
        ``'<'``, ``'>'``), ``detection_limit``, ``state``, ``raw`` (the cell as found),
        ``raw_unit``, ``reading_flag`` (why a value is missing or doubtful), ``row_kind``
        (``sample``, or ``mean``, ``total``, ``max``, ``min``, ``note``, which are no samples),
        ``origin`` (file and sheet), ``origin_row``, ``origin_column`` (the cell, see
        :func:`origin_cell`), ``published_class`` (ordered category); last ``water_body``, ``method``
        (``automatic``, ``manual``) and ``sampling_layer`` (表层, 底层, 0.5 m), where a table states
        them. Text is categorical.

    Raises
    ------
    FileNotFoundError
        The file does not exist.
    ValueError
        The file cannot be read or is too large, no sheet has a recognisable header, or times
        have no year and ``year`` is not given; the message names file, sheet and row.

    Warns
    -----
    UserWarning
        Columns, rows or sheets were not understood and left out, or kept under their own
        name; each is named.

    Notes
    -----
    A formula counts as the result that Excel stored for it; links to other workbooks are
    never followed, and a cell shown as 85.3% or 0.025L is read as that. Begin and end of a sampling
    in two columns are ``time`` and ``period_end``, the last day included. Months or sections may stand over
    groups of items. An empty cell takes the reason that its row's remark gives (断流, 设备维护);
    -999, -9999 and their like are gaps. A column of marks (检出标识) makes the numbers that it marks
    with L, < or 未检出 detection limits. A zone in the header of the time, 监测时间(UTC), is heeded; a
    week that does not say its days (第12周) is no time, nor is the day on which a form was filled in
    or a sample analysed. Hidden sheets are left out and named, hidden rows and columns are read. In the
    platform's JSON the unrounded value is taken from the cell's title (``原始值：26.58``); a
    title that is no value is the reason of the gap and becomes the flag.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from chaoyang_geo import read_readings
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "october.csv"
    >>> text = "断面名称,监测时间,总磷(mg/L),氨氮(mg/L)\\n章吉营,2025-10-08 08:00,0.11,0.025L\\n"
    >>> _ = path.write_text(text, encoding="utf-8")
    >>> read_readings(path)[["section_name", "item", "value", "censored", "detection_limit"]]
      section_name   item  value censored  detection_limit
    0          章吉营     tp   0.11                      NaN
    1          章吉营  nh3_n    NaN        <            0.025
    >>> folder.cleanup()
    """
    words = Words(columns)
    paths = [path_or_paths] if isinstance(path_or_paths, (str, Path)) else list(path_or_paths)
    tables: list[pd.DataFrame] = []
    for path in map(Path, paths):
        tables.extend(_read(path, words, year))
    if words.unused and paths:
        warnings.warn(
            f"columns= names headers that no table has: {', '.join(words.unused)}; "
            "describe_readings shows the headers as they are.",
            stacklevel=2,
        )
    return joined_readings(tables) if tables else empty_readings()


def _read(path: Path, words: Words, year: int | None) -> list[pd.DataFrame]:
    """Read one file the way that fits it: our own table, a large long one, or by cell."""
    from chaoyang_geo.readings.assemble import assemble
    from chaoyang_geo.readings.bulk import read_big, read_folder
    from chaoyang_geo.readings.cells import TooManyCells, check_file
    from chaoyang_geo.readings.excel import check_workbook
    from chaoyang_geo.readings.write import read_own

    if not path.is_dir() or not any(path.glob("*.parquet")):
        if check_file(path).startswith(b"PK"):
            check_workbook(path)
        if not words.mapped and (own := read_own(path)) is not None:
            return [own]
    if path.is_dir() and any(path.rglob("*.parquet")):
        return [read_folder(path, words, year)]
    big = read_big(path, words, year)
    if big is not None:
        understood, readings = big
        _warn(path, [understood])
        for column in understood.tables[0].columns:
            if column.meaning.role in OPTIONAL_COLUMNS and column.meaning.role not in readings:
                warnings.warn(
                    f"{path.name}: the column {column.header} is not read from a file of this size.",
                    stacklevel=3,
                )
        return [readings]
    try:
        found = list(understand_file(path, words))
    except TooManyCells as error:
        raise ValueError(f"{error}{_why_by_cell(path, words, year)}") from error
    _warn(path, found)
    return [assemble(table, words, year) for sheet in found for table in sheet.tables]


def _why_by_cell(path: Path, words: Words, year: int | None) -> str:
    """Say which row kept a large long table from being read by column."""
    from chaoyang_geo.readings.bulk import stream_readings

    try:
        for _ in stream_readings(path, year=year, columns=words.mapped):
            pass
    except (ValueError, OSError) as error:
        return f" What keeps it from being read by column, at any size: {error}"
    return ""


def _warn(path: Path, found: list[Understood]) -> None:
    """Say what is left out, and refuse a file in which no table is found."""
    with_tables = [sheet for sheet in found if sheet.tables]
    hidden = [sheet.grid for sheet in found if sheet.grid.left_out]
    if not with_tables:
        raise ValueError(_no_header(path, found))
    for grid in hidden:
        warnings.warn(f"{grid.label}: {grid.left_out}, so it was left out.", stacklevel=4)
    for sheet in found:
        grid = sheet.grid
        has_cells = any(any(cell not in (None, "") for cell in row) for row in grid.rows)
        if not sheet.tables and has_cells and not grid.left_out:
            warnings.warn(
                f"{grid.label}: no recognisable header, so the sheet was left out.", stacklevel=4
            )
        for note in grid.notes:
            warnings.warn(f"{grid.label}: {note}.", stacklevel=4)
        for table in sheet.tables:
            lost = [
                c.header or f"column {c.column + 1} (no header)"
                for c in table.columns
                if not c.meaning.role
            ]
            notes = (REPEATED, COMPARED, OF_GROUP)
            repeated = [c.header for c in table.columns if c.meaning.note in notes]
            unknown = [c.meaning.item for c in table.columns if c.meaning.note == UNKNOWN_ITEM]
            where = grid.where(table.header_last)
            if lost:
                warnings.warn(
                    f"{where}: columns not understood and left out: {', '.join(lost)}.",
                    stacklevel=4,
                )
            if repeated:
                warnings.warn(
                    f"{where}: columns that repeat what another column means, or that hold another "
                    f"period's results, were left out: {', '.join(repeated)}; columns= can say "
                    "which is to be read.",
                    stacklevel=4,
                )
            if unknown:
                warnings.warn(
                    f"{where}: columns of numbers kept under their own name, as no item of that "
                    f"name is known: {', '.join(unknown)}.",
                    stacklevel=4,
                )


def _no_header(path: Path, found: list[Understood]) -> str:
    names = ", ".join(sheet.grid.sheet for sheet in found if sheet.grid.sheet)
    hidden = [sheet.grid.sheet for sheet in found if "hidden" in sheet.grid.left_out]
    rows = (row for sheet in found for row in sheet.grid.rows)
    first = next((row for row in rows if any(cell not in (None, "") for cell in row)), [])
    shown = ", ".join(str(cell) for cell in first if cell not in (None, ""))[:120]
    return (
        f"{path.name}{f', sheets {names}' if names else ''}: no recognisable header; it needs a "
        "section (断面名称), a time (监测时间) and at least one item (e.g. 总磷(mg/L)), or columns= that "
        f"says which header is which. The first row reads: {shown or 'nothing'}."
        + (f" Hidden sheets are not read: {', '.join(hidden)}." if hidden else "")
    )
