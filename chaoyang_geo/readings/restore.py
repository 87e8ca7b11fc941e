"""Reading back what ``write_readings`` wrote, told from other people's files by its headers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo.readings.cells import cell_text
from chaoyang_geo.readings.long import READING_COLUMNS
from chaoyang_geo.readings.shown import (
    ITEM_NAME,
    NUMBERS,
    PARQUET_MARK,
    SHEET,
    WORDS,
    as_class,
    as_text,
    number_rows,
    shown_results,
    typed,
)
from chaoyang_geo.readings.workbook import unescaped
from chaoyang_geo.schema import COLUMNS, label

if TYPE_CHECKING:
    import pandas as pd


def is_own_table(header_cells: Iterable[object]) -> bool:
    """Tell whether a header is the one that :func:`write_readings` writes.

    Examples
    --------
    >>> from chaoyang_geo.readings.restore import is_own_table
    >>> is_own_table(["断面", "监测时间", "总磷(mg/L)"])
    False
    """
    present = {str(cell) for cell in header_cells}
    return all(label(name) in present for name in READING_COLUMNS)


def read_own(path: Path) -> pd.DataFrame | None:
    """Return the table of a file that :func:`write_readings` wrote, else ``None``.

    What cannot be such a file is told by its first bytes, so that asking costs little.
    """
    suffix = path.suffix.lower()
    if suffix not in (".parquet", ".xlsx", ".csv") or not path.is_file():
        return None
    if suffix == ".parquet":
        return _own_parquet(path)
    return _own_excel(path) if suffix == ".xlsx" else _own_csv(path)


def _own_parquet(path: Path) -> pd.DataFrame | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            metadata = file.schema_arrow.metadata or {}
            if any(metadata.get(key) != mark for key, mark in PARQUET_MARK.items()):
                return None
            if not set(READING_COLUMNS) <= set(file.schema_arrow.names):
                return None
            return typed(file.read().to_pandas())
    except pa.ArrowInvalid:
        return None  # the reader of other people's files says what is wrong


def _own_excel(path: Path) -> pd.DataFrame | None:
    import zipfile

    import pandas as pd

    try:
        with zipfile.ZipFile(path) as archive:
            if f'"{SHEET}"' not in archive.read("xl/workbook.xml").decode("utf-8", "replace"):
                return None
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, NotImplementedError):
        return None
    from chaoyang_geo.readings.excel import workbook_grids

    grids = [grid for grid in workbook_grids(path) if grid.rows]
    if [grid.sheet for grid in grids] != [SHEET] or not is_own_table(grids[0].rows[0]):
        return None
    head, *rows = grids[0].rows
    cells = list(zip(*rows, strict=True)) or [()] * len(head)
    return restore(
        pd.DataFrame(
            {
                str(name): pd.Series(column, dtype=object)
                for name, column in zip(head, cells, strict=True)
            }
        )
    )


def _own_csv(path: Path) -> pd.DataFrame | None:
    import csv

    import pyarrow as pa
    import pyarrow.csv as pa_csv

    with path.open("rb") as stream:
        first = stream.readline(1 << 16)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            head = next(csv.reader([first.decode(encoding)]), [])
            break
        except (UnicodeDecodeError, csv.Error):
            continue
    else:
        return None
    head = [cell.strip() for cell in head]
    if not is_own_table(head) or len(set(head)) != len(head):
        return None
    try:
        table = pa_csv.read_csv(
            path,
            read_options=pa_csv.ReadOptions(
                encoding=encoding.removesuffix("-sig"), column_names=head, skip_rows=1
            ),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(head, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    frame = table.to_pandas()
    for name in frame.columns:
        starts_so = frame[name].str.startswith("'")
        if starts_so.any():
            frame[name] = frame[name].where(~starts_so, frame[name].str.slice(1))
    return restore(frame)


def restore(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the long table from the cells of a sheet that :func:`write_readings` wrote.

    Parameters
    ----------
    frame : DataFrame
        One column per header, cells as text, numbers or times.

    Returns
    -------
    DataFrame
        The long table. A result that a person changed from number to text or back is parsed
        anew, and ``reading_flag`` says so.
    """
    import pandas as pd

    name_of = {label(name): name for name in READING_COLUMNS}
    by_label: dict[str, list[str]] = {}
    for column in COLUMNS.values():
        by_label.setdefault(column.zh, []).append(column.name)
    data: dict[str, Any] = {}
    for head in frame.columns:
        if head == ITEM_NAME:
            continue
        owners = by_label.get(head, [])
        name = name_of.get(head) or (owners[0] if len(owners) == 1 else head)
        cells = frame[head]
        dtype = COLUMNS[name].dtype if name in COLUMNS else "str"
        if name == "value":
            data[name] = cells
        elif dtype == "datetime":
            data[name] = _restored_times(cells)
        elif dtype in ("float64", "int64"):
            data[name] = pd.to_numeric(cells.map(_plain), errors="coerce").astype("float64")
        elif dtype in ("boolean", "bool"):
            data[name] = cells.map(_plain).map({"是": True, "否": False}).astype("boolean")
        else:
            back = {word: key for key, word in WORDS.get(name, {}).items()}
            codes, found = pd.factorize(cells)
            texts = [unescaped(cell_text(cell)) for cell in found]
            texts = [back.get(text, text) for text in texts]
            data[name] = as_text(pd.Series([*texts, ""], dtype=object).iloc[codes])
            if dtype == "class":
                data[name] = as_class(data[name])
    result = pd.DataFrame(data, index=frame.index)
    result["value"] = result["value"].astype(object)
    return typed(_with_results(result))


def _plain(cell: object) -> object:
    return cell.strip() if isinstance(cell, str) else cell


def _restored_times(cells: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    texts = cells.map(lambda cell: None if cell is None or cell == "" else cell)
    if texts.isna().all():
        return pd.Series(pd.NaT, index=cells.index).astype("datetime64[s]")
    codes, found = pd.factorize(texts)
    times = pd.Series([_moment(cell) for cell in found] + [pd.NaT], dtype="datetime64[us]")
    # Excel keeps times as fractions of a day: back to the nearest second
    rounded = times.dt.round("s").astype("datetime64[s]")
    return pd.Series(rounded.to_numpy()[codes], index=cells.index)


def _moment(cell: Any) -> Any:
    import numpy as np
    import pandas as pd

    try:
        # pandas knows fewer years than a table may hold
        return np.array(cell.strip() if isinstance(cell, str) else cell, "datetime64[us]")[()]
    except ValueError:
        return np.array(pd.Timestamp(cell).to_datetime64(), "datetime64[us]")[()]


def _with_results(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with values as numbers; a result that was changed by hand is parsed."""
    import numpy as np
    import pandas as pd

    cells = [unescaped(cell_text(cell)) for cell in table["value"]]
    number = pd.to_numeric(pd.Series(cells, index=table.index), errors="coerce").to_numpy("float64")
    is_number = number_rows(table)
    texts, codes = shown_results(table)
    expected = np.array([*texts, ""], dtype=object)[codes]
    changed = np.where(is_number, np.isnan(number), np.array(cells, dtype=object) != expected)
    # a number that is not finite was never written
    changed &= ~(is_number & (np.array(cells, dtype=object) == ""))
    table["value"] = np.where(is_number, number, np.nan)
    if changed.any():
        from chaoyang_geo.readings.values import parse_values

        rows = np.flatnonzero(changed)
        parsed = parse_values([cells[row] for row in rows])
        for name in ("value", "state", "censored", "detection_limit"):
            column = table[name].astype(object).to_numpy(copy=True)
            column[rows] = getattr(parsed, name)
            table[name] = column.astype("float64") if name in NUMBERS else column
        flags = table["reading_flag"].astype(object).to_numpy(copy=True)
        for row in rows:
            note = f"监测值已改为“{cells[row]}”（原文“{table['raw'].iloc[row]}”）"
            flags[row] = "；".join(part for part in (flags[row], note) if part)
        table["reading_flag"] = flags
    return table
