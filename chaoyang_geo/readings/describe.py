"""What would be understood of a file, column by column, before anything is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.readings.blocks import Table, find_tables
from chaoyang_geo.readings.cells import (
    Grid,
    cell_text,
    column_letters,
    file_text,
    grids,
    looked_at,
    without_tags,
)
from chaoyang_geo.readings.header import Column, Words
from chaoyang_geo.readings.long import READING_COLUMNS
from chaoyang_geo.readings.rows import COLUMN_KIND_WORDS, complete_columns
from chaoyang_geo.readings.sheet import Sheet
from chaoyang_geo.readings.spaced import spaced_grid
from chaoyang_geo.readings.write import is_own_table
from chaoyang_geo.schema import label

if TYPE_CHECKING:
    import pandas as pd

#: Columns of the description, in order.
DESCRIBE_COLUMNS: tuple[str, ...] = (
    "file",
    "sheet",
    "table",
    "header_rows",
    "column",
    "header",
    "role",
    "item",
    "unit",
    "samples",
    "n_filled",
    "note",
)
_SAMPLES = 3
_TAKEN_FROM = {"label": "表外标注", "above": "上方表格的标注", "title": "标题", "sheet": "工作表名"}


@dataclass
class Understood:
    """A sheet with the tables that were found in it."""

    grid: Grid
    tables: list[Table]


def understand_file(path: Path, words: Words, *, head_only: bool = False) -> Iterator[Understood]:
    """Yield every sheet of a file with its tables; a sheet without one is yielded too."""
    for grid in grids(path, head_only=head_only):
        tables = [] if grid.left_out else find_tables(grid, words)
        if not tables and grid.kind == "text":
            text, is_cut, _ = file_text(path, head_only=head_only)
            again = spaced_grid(path.name, text, words)
            if again is not None:
                grid, tables = again, find_tables(again, words)
                if is_cut:
                    grid.notes.append(looked_at(len(grid.rows)))
        for table in tables:
            complete_columns(table, words)
        yield Understood(grid, tables)


def describe_readings(
    path_or_paths: str | Path | Sequence[str | Path],
    *,
    year: int | None = None,
    columns: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Show what ``read_readings`` would understand, before anything is read.

    Parameters
    ----------
    path_or_paths : path, or sequence of paths
        As for ``read_readings``.
    year : int, optional
        Accepted so that both functions can be called alike; times are not parsed here.
    columns : mapping, optional
        Header text to role, item key or ``"ignore"``, as for ``read_readings``.

    Returns
    -------
    DataFrame, one row per column of every table found
        ``file``, ``sheet``, ``table`` (number within the sheet), ``header_rows`` (``3-4``),
        ``column`` (Excel letters), ``header`` (text as found), ``role`` (``reading``,
        ``section_name``, ``time``, ..., ``ignore``, or ``''`` for a column not understood),
        ``item`` (key), ``unit`` (text as found), ``samples`` (the first cells),
        ``n_filled`` (cells that are not empty), ``note`` (in words). What is taken from a
        title, a label or the name of the sheet has a row with no ``column``; a sheet in
        which no table is found has one row with only a ``note``.

    Raises
    ------
    FileNotFoundError, ValueError
        The file does not exist or cannot be read.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from chaoyang_geo.readings import describe_readings
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "october.csv"
    >>> text = "断面名称,监测时间,总磷(mg/L),透明\\n章吉营,2025-10-08,0.11,清\\n"
    >>> _ = path.write_text(text, encoding="utf-8")
    >>> describe_readings(path)[["column", "header", "role", "item", "unit"]]
      column    header          role item  unit
    0      A      断面名称  section_name
    1      B      监测时间          time
    2      C  总磷(mg/L)       reading   tp  mg/L
    3      D        透明
    >>> folder.cleanup()
    """
    import pandas as pd

    del year
    words = Words(columns)
    records: list[dict[str, Any]] = []
    paths = [path_or_paths] if isinstance(path_or_paths, (str, Path)) else list(path_or_paths)
    for path in paths:
        for found in understand_file(Path(path), words, head_only=True):
            records.extend(_described(found, words))
    table = pd.DataFrame(records, columns=list(DESCRIBE_COLUMNS))
    types = {name: "int64" if name in ("table", "n_filled") else "str" for name in DESCRIBE_COLUMNS}
    return table.astype(types)


def _described(found: Understood, words: Words) -> Iterator[dict[str, Any]]:
    grid = found.grid
    blank = {name: 0 if name in ("table", "n_filled") else "" for name in DESCRIBE_COLUMNS}
    blank |= {"file": grid.file, "sheet": grid.sheet}
    if not found.tables:
        yield {**blank, "note": grid.left_out or _no_table(grid)}
        return
    for note in grid.notes:
        yield {**blank, "note": note}
    sheet = Sheet(grid, words)
    own = {label(name): name for name in READING_COLUMNS} if is_own_table(grid.rows[0]) else {}
    names = standards.item_names()
    for number, table in enumerate(found.tables, 1):
        first, last = (grid.row_number(row) for row in (table.header_first, table.header_last))
        rows = {
            **blank,
            "table": number,
            "header_rows": f"{first}-{last}" if first != last else f"{first}",
        }
        roles = {c.meaning.role for c in table.columns}
        for role, fact in table.facts.items():
            if role in roles or (role == "year" and "time" in table.facts):
                continue
            yield {
                **rows,
                "header": fact.words,
                "role": role,
                "samples": cell_text(fact.value),
                "note": _TAKEN_FROM.get(fact.kind, ""),
            }
        for row, column, item, unit in table.entries:
            yield {
                **rows,
                "header_rows": "",
                "column": f"{column_letters(column)}{grid.row_number(row)}",
                "role": "reading",
                "item": item,
                "unit": unit,
                "samples": sheet.text(row, column),
                "n_filled": 1,
                "note": names.get(item, ""),
            }
        for c in table.columns:
            texts = [sheet.text(row, c.column) for row in range(table.header_last + 1, table.end)]
            filled = [without_tags(text) if grid.kind == "json" else text for text in texts if text]
            role, meaning = c.meaning.role, c.meaning
            note = meaning.note
            if role == "cross":
                role, note = "value", _cross_note(c, meaning.note)
            elif role == "reading" and note in COLUMN_KIND_WORDS:
                note = COLUMN_KIND_WORDS[note]
            elif role == "reading" and not note:
                note = names.get(meaning.item, "")
                if c.time is not None or c.section or c.layer:
                    note = f"{note}，{_cross_note(c, '')}"
            if own:
                role, note = own.get(c.header, ""), "本库写出的表，原样读回"
            yield {
                **rows,
                "column": column_letters(c.column),
                "header": c.header,
                "role": role,
                "item": meaning.item,
                "unit": meaning.unit,
                "samples": "、".join(list(dict.fromkeys(filled))[:_SAMPLES]),
                "n_filled": len(filled),
                "note": note,
            }


def _cross_note(column: Column, kind: str) -> str:
    said = [f"断面“{column.section}”"] if column.section else []
    said += [f"时间“{cell_text(column.time)}”"] if column.time is not None else []
    said += [f"采样层次“{column.layer}”"] if column.layer else []
    return f"{'、'.join(said)}的结果" if said else COLUMN_KIND_WORDS.get(kind, "")


def _no_table(grid: Grid) -> str:
    return "没有可识别的表头" if any(any(row) for row in grid.rows) else "空表"
