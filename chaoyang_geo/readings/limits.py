"""What a workbook may hold, and the words for one that may not be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from chaoyang_geo.readings.cells import MAX_CELLS, MAX_COLUMNS, Place, column_letters

#: Largest content of a workbook when unpacked, in bytes.
MAX_UNPACKED_BYTES = 1 << 30
#: Most times that a workbook of more than 100 MB may have been packed; Excel's own reach 30.
MAX_PACK_RATIO = 250
#: Most text that the cells of a sheet may hold in all, in characters.
MAX_SHEET_TEXT = 1 << 30
#: How much of a part is unpacked at a time, in bytes.
PIECE = 1 << 20


@dataclass
class Seen:
    """What reading through one sheet showed, before its cells are taken."""

    rows: int = 0
    columns: int = 0
    cells: int = 0
    hidden_rows: int = 0
    no_value: dict[Place, str] = field(default_factory=dict)
    percent: set[Place] = field(default_factory=set)  # 0.853 that is shown as 85.3%
    merged: list[tuple[Place, Place]] = field(default_factory=list)  # where the reader has none


def check_extent(path: Path, sheet: str, seen: Seen) -> None:
    """Refuse a sheet whose used range is larger than a table of readings can be."""
    if seen.columns > MAX_COLUMNS or seen.rows * seen.columns > MAX_CELLS:
        last = f"{column_letters(seen.columns - 1)}{seen.rows}" if seen.columns else ""
        raise too_large(
            path,
            f"has a sheet ({sheet}) of {seen.rows:,} rows x {seen.columns:,} columns, its last "
            f"cell being {last}",
        )


def error_value(word: str) -> str:
    """Say that a cell holds an error of the spreadsheet and no value."""
    return f"Excel 错误值 {word}"


def protected(path: Path) -> ValueError:
    return ValueError(
        f"{path.name}: the workbook is protected with a password; open it in Excel, remove the "
        "password (文件 > 信息 > 保护工作簿) and save it."
    )


def too_large(path: Path, what: str) -> ValueError:
    return ValueError(
        f"{path.name}: the workbook {what}, which no table of readings needs; it was not opened. "
        f"The limits are {MAX_UNPACKED_BYTES >> 30} GB, {MAX_CELLS:,} cells and {MAX_COLUMNS:,} "
        "columns; delete what lies beside the table, or save the sheet as .csv."
    )


def not_a_workbook(path: Path, why: object) -> ValueError:
    name = type(why).__name__ if isinstance(why, Exception) else str(why)
    return ValueError(
        f"{path.name}: the file is not an Excel workbook, whatever its name says, or it is "
        f"damaged ({name}); open it in Excel and save it as .xlsx, or as .csv."
    )
