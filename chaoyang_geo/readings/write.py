"""Writing the long table so that reading it back gives the same table.

The file is made for two readers: a person, who sees Chinese headers, real times and what the
laboratory wrote, and :func:`read_readings`, which knows its own table by its headers.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from chaoyang_geo import standards
from chaoyang_geo.files import replacing
from chaoyang_geo.readings.cells import MAX_CELLS
from chaoyang_geo.readings.restore import is_own_table, read_own, restore
from chaoyang_geo.readings.shown import (
    ITEM_NAME,
    PARQUET_MARK,
    SHEET,
    WORDS,
    as_time,
    heads_of,
    number_rows,
    shown_results,
    text_codes,
    typed,
)
from chaoyang_geo.readings.workbook import (
    MAX_CELL_TEXT,
    MAX_ROWS,
    SheetColumn,
    escaped,
    write_workbook,
)
from chaoyang_geo.schema import one_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["is_own_table", "read_own", "restore", "write_readings"]

_WIDTHS = {
    "time": 19,
    "period_end": 19,
    "raw": 16,
    "reading_flag": 40,
    "origin": 28,
    "doubt_flag": 60,
}
# spreadsheets run a cell of a CSV that begins so as a formula
_RISKY = re.compile(r"[=+@'\t\r]|-(?![-\d.,eE ]*$)")


def write_readings(readings: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write the long table as Parquet, Excel or CSV, so that nothing is lost.

    :func:`read_readings` gives the same table back: the same values, texts, states, times,
    origins and dtypes. The index is not written. An interrupted write leaves the old file.

    Required columns: all of ``READING_COLUMNS``; further columns are written after them.

    Parameters
    ----------
    readings : DataFrame, n rows
        The long table of :func:`read_readings`, with or without doubts and matches.
    path : str or path
        ``.parquet`` (small, fast, any size), ``.xlsx`` (for people; sheet 读数, at most 1,048,575
        rows) or ``.csv`` (UTF-8 with BOM).

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    SchemaError
        A column is missing, or holds numbers where text must be (codes are text).
    ValueError
        The ending of ``path`` is unknown, or Excel cannot hold the table.
    IsADirectoryError
        ``path`` is a folder.

    Notes
    -----
    In Excel and CSV the headers are Chinese, 监测值 shows a number as a number and every other
    result as the laboratory wrote it (``0.025L``), except that a limit in another unit than
    the table's is written in the table's unit. Codes are text and times are times. States,
    periods and kinds of rows are written in Chinese words. Characters that a workbook cannot hold are
    written ``␛000D;``; in a CSV, text that a spreadsheet would run as a formula begins with
    ``'``. Both are undone on reading.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from chaoyang_geo import read_readings, write_readings
    >>> folder = tempfile.TemporaryDirectory()
    >>> source = pathlib.Path(folder.name) / "october.csv"
    >>> text = "断面名称,监测时间,总磷(mg/L)\\n章吉营,2025-10-08 08:00,0.025L\\n"
    >>> _ = source.write_text(text, encoding="utf-8")
    >>> table = read_readings(source)
    >>> path = write_readings(table, pathlib.Path(folder.name) / "clean.xlsx")
    >>> read_readings(path)[["section_name", "censored", "detection_limit", "raw"]]
      section_name censored  detection_limit     raw
    0          章吉营        <            0.025  0.025L
    >>> folder.cleanup()
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"{path} is a folder; give the name of a file in it, e.g. {path / 'readings.xlsx'}"
        )
    one_of("the ending of path", path.suffix.lower(), (".parquet", ".xlsx", ".csv"))
    table = typed(readings)
    with replacing(path) as temporary:
        if path.suffix.lower() == ".parquet":
            _write_parquet(table, temporary)
        elif path.suffix.lower() == ".xlsx":
            _write_excel(table, temporary, path.name)
        else:
            _write_csv(table, temporary)
    return path


def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        arrow = pa.Table.from_pandas(table, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise ValueError(f"a column holds what Parquet cannot: {error}") from error
    arrow = arrow.replace_schema_metadata({**(arrow.schema.metadata or {}), **PARQUET_MARK})
    pq.write_table(arrow, path, compression="zstd")


def _columns(table: pd.DataFrame) -> list[SheetColumn]:
    """Return the columns as a person sees them."""
    import numpy as np
    import pandas as pd

    heads = heads_of(map(str, table.columns))
    result = []
    for name, head in heads.items():
        column = table[name]
        width = float(_WIDTHS.get(name, 12))
        if column.dtype.kind == "M":
            column = as_time(column)
            result.append(SheetColumn(head, width, time=column.to_numpy()))
        elif name == "value":
            texts, codes = shown_results(table)
            number = np.where(number_rows(table), column.to_numpy("float64"), np.nan)
            result.append(SheetColumn(head, width, texts, codes, number=number))
        elif pd.api.types.is_numeric_dtype(column.dtype) and column.dtype.kind != "b":
            number = column.to_numpy(dtype="float64", na_value=float("nan"))
            result.append(SheetColumn(head, width, number=number))
        else:
            if column.dtype.kind == "b" or str(column.dtype) == "boolean":
                column = column.map({True: "是", False: "否"})
            texts, codes = text_codes(column)
            words = WORDS.get(name, {})
            result.append(SheetColumn(head, width, [words.get(t, t) for t in texts], codes))
        if name == "item":
            names = standards.item_names("zh")
            texts = [names.get(text, text) for text in result[-1].texts]
            result.append(SheetColumn(ITEM_NAME, 16, texts, result[-1].codes))
    return result


def _write_excel(table: pd.DataFrame, path: Path, name: str) -> None:
    columns = _columns(table)
    if len(table) >= MAX_ROWS or len(table) * len(columns) > MAX_CELLS:
        raise ValueError(
            f"{name}: {len(table):,} rows of {len(columns)} columns do not fit in one sheet (at most "
            f"{MAX_ROWS - 1:,} rows and {MAX_CELLS:,} cells); write the table as .parquet, which "
            "holds any number of rows and is a tenth of the size."
        )
    for column in columns:
        longest = max(map(len, map(escaped, column.texts)), default=0)
        if longest > MAX_CELL_TEXT:
            raise ValueError(
                f"{name}: a text of {longest:,} characters in {column.head} is longer than a cell of "
                f"Excel holds ({MAX_CELL_TEXT:,}); write the table as .parquet."
            )
    write_workbook(path, SHEET, columns, len(table))


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    arrays: dict[str, pa.Array] = {}
    for column in _columns(table):
        if column.time is not None:
            times = pd.Series(column.time).dt.strftime("%Y-%m-%d %H:%M:%S")
            arrays[column.head] = pa.array(times, pa.string(), from_pandas=True)
        elif column.codes is None:
            arrays[column.head] = pa.array(column.number, from_pandas=True)
        else:
            safe = [
                f"'{text}" if _RISKY.match(text) else text for text in map(escaped, column.texts)
            ]
            text = np.array([*safe, ""], dtype=object)[column.codes]
            if column.number is not None:
                known = np.isfinite(column.number)
                text[known] = [repr(number) for number in column.number[known].tolist()]
            arrays[column.head] = pa.array(text, pa.string())
    with path.open("wb") as stream:
        stream.write(b"\xef\xbb\xbf")
        pa_csv.write_csv(pa.table(arrays), stream)
