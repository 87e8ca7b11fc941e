"""What a workbook may hold, and the words for one that may not be read."""

from __future__ import annotations

import re
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
#: Formats of cells that every workbook has, by number, and the mark that they show: 0%, 0.00%.
BUILT_IN_MARKS = {9: "%", 10: "%"}
#: The errors of a spreadsheet by the number that binary workbooks keep.
ERROR_WORDS = {
    0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!",
    42: "#N/A", 43: "#GETTING_DATA",
}  # fmt: skip

_LONGEST_COMMENT = 60
_WRITTEN = re.compile(r'"([^"]*)"|\\(.)|[_*].|\[[^\]]*\]')
_BELOW = re.compile(r'\[<=?(\d+(?:\.\d+)?)\]\s*"([^"]*)"')
_DIGITS = re.compile(r"[0#?.,]*[0#?][0#?.,]*")


@dataclass
class Seen:
    """What reading through one sheet showed, before its cells are taken."""

    rows: int = 0
    columns: int = 0
    cells: int = 0
    hidden_rows: int = 0
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)  # first and last
    no_value: dict[Place, str] = field(default_factory=dict)
    shown: dict[Place, str] = field(default_factory=dict)  # the mark: 0.853 is shown as 85.3%
    remarks: dict[Place, str] = field(default_factory=dict)  # what is said of a cell, not in it
    merged: list[tuple[Place, Place]] = field(default_factory=list)  # where the reader has none


def mark_of_format(code: str) -> str:
    """Return what the format of a cell adds to its number: ``%``, ``L``, ``<`` or nothing.

    ``is WORDS`` where it shows words alone, ``if LIMIT WORDS`` where it does so below a limit.

    A laboratory that keeps numbers as numbers shows 0.025 as 0.025L by the format ``0.000"L"``.

    Examples
    --------
    >>> from chaoyang_geo.readings.limits import mark_of_format
    >>> [mark_of_format(code) for code in ("0.0%", '0.000"L"', '"<"0.000', '0.00_%', "0.00")]
    ['%', 'L', '<', '', '']
    >>> [mark_of_format(code) for code in ('[<0.02]"未检出";0.00', '"ND"', "General")]
    ['if 0.02 未检出', 'is ND', '']
    """
    first = code.split(";")[0]
    if below := _BELOW.fullmatch(first.strip()):
        return f"if {below[1]} {below[2]}"
    if "%" in _WRITTEN.sub("", first):
        return "%"
    literal = _WRITTEN.sub("", first).strip()
    if not literal and (
        words := "".join(found[1] or found[2] or "" for found in _WRITTEN.finditer(first)).strip()
    ):
        return f"is {words}"
    shown = _WRITTEN.sub(lambda found: found[1] or found[2] or "", first).strip()
    before, _, after = _DIGITS.sub("\0", shown, count=1).partition("\0")
    if after.strip() in ("L", "l", "Ｌ") and not before.strip():
        return "L"
    return "<" if before.strip() in ("<", "＜") and not after.strip() else ""


def as_shown(number: float, mark: str) -> float | str:
    """Return a number as its cell shows it, with the mark or the words of its format."""
    kind, _, rest = mark.partition(" ")
    if kind == "if":  # [<0.02]"<0.02";0.00
        limit, _, words = rest.partition(" ")
        return words if number < float(limit) else number
    if kind == "is":  # "未检出", whatever the number
        return rest
    if mark == "%":
        return f"{number * 100:.12g}%"
    return f"{number:.12g}L" if mark == "L" else f"<{number:.12g}"


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


def comment(text: str) -> str:
    """Word a comment on a cell, shortened; ；parts one remark from the next."""
    plain = " ".join(text.split()).replace("；", "，")
    shown = plain if len(plain) <= _LONGEST_COMMENT else plain[: _LONGEST_COMMENT - 1] + "…"
    return f"批注“{shown}”" if shown else ""


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
