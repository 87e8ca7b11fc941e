"""A sheet with its merged cells looked up, and what a single cell is."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from chaoyang_geo.readings.cells import Grid, Place, cell_text
from chaoyang_geo.readings.header import Words

_NUMBER = re.compile(
    r"[<>≤≥＜＞〈]?\s*[-+]?[\d０-９][\d０-９.,．，]*(?:[eE][-+]?\d+)?\s*[LlＬ*＊]?"
)
_GAP = re.compile(r"[-—–－/\\]{1,4}|未检出|nd|n\.d\.|未监测|未采样|断流|冰封|缺测", re.IGNORECASE)
_TIME_LIKE = re.compile(
    r"(?:\d{4}\s*[年./-]\s*)?\d{1,2}\s*月(?:份)?(?:\s*\d{1,2}\s*[日号])?|(?:\d{4}\s*年?\s*)?(?:第?[一二三四1-4]季度|[上中下]旬)|"
    r"(?:\d{4}\s*年?\s*)?(?:[上下]半年|前[一二三1-3]季度|全年|\d{1,2}\s*[-—~至]\s*\d{1,2}\s*月)|"
    r"\d{4}\s*年|\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?(?:\s+\d{1,2}[:：]\d{2}.*)?|\d{1,2}[-/]\d{1,2}(?:\s+\d{1,2}[:：]\d{2})?|"
    r"(?:\d{4}\s*年?\s*)?第\s*(?:\d{1,2}|[一二三四五六七八九十]{1,3})\s*周(?:\s*[(（].*[)）])?|\d{4}-?W\d{2}|"
    r"(?:20|19)\d{2}(?:0[1-9]|1[0-2])(?:\d{2})?|(?:19|20)\d{2}|[一二三四五六七八九十]{1,2}月(?:份)?"
)


class Sheet:
    """A grid with its merged cells looked up."""

    def __init__(self, grid: Grid, words: Words) -> None:
        self.grid = grid
        self.words = words
        self.top_left: dict[Place, Place] = {}
        self.goes_on: set[int] = set()  # rows with a merged cell that reaches into the next row
        height, width = len(grid.rows), max((len(row) for row in grid.rows), default=0)
        for first, last in grid.merged:
            if last[0] == first[0] and last[1] == first[1]:
                continue
            self.goes_on.update(range(first[0], min(last[0], height - 1)))
            for row in range(first[0], min(last[0], height - 1) + 1):
                for column in range(first[1], min(last[1], width - 1) + 1):
                    self.top_left[row, column] = first
        self.width = width
        self.plain: set[str] = set()  # texts that are no word of a header

    def raw(self, row: int, column: int) -> Any:
        cells = self.grid.rows[row]
        cell = cells[column] if column < len(cells) else None
        return None if type(cell) is str and not cell.strip() else cell

    def text(self, row: int, column: int) -> str:
        return cell_text(self.raw(row, column)).strip()

    def filled(self, row: int, column: int) -> Any:
        """Return the cell, or what the merged cell it belongs to says."""
        cell = self.raw(row, column)
        if cell is None and self.top_left and (row, column) in self.top_left:
            cell = self.raw(*self.top_left[row, column])
        return cell

    def cells(self, row: int) -> Iterator[tuple[int, Any]]:
        for column, cell in enumerate(self.grid.rows[row]):
            if cell is not None and not (isinstance(cell, str) and not cell.strip()):
                yield column, cell


def is_data(cell: Any) -> bool:
    """Tell a result or a time from the words of a header."""
    if isinstance(cell, str):
        return _is_data_text(cell)
    if isinstance(cell, bool):
        return False
    return isinstance(cell, (int, float, dt.date, dt.time)) or _is_data_text(str(cell))


def is_time_like(cell: Any) -> bool:
    if isinstance(cell, str):
        return _is_time_text(cell)
    if isinstance(cell, dt.date):
        return True
    if isinstance(cell, (int, float)):
        return float(cell).is_integer() and 1990 <= cell <= 2100
    return _is_time_text(cell_text(cell))


# the same few texts fill the columns of a table
@lru_cache(50_000)
def _is_data_text(text: str) -> bool:
    text = text.strip()
    return bool(_NUMBER.fullmatch(text) or _GAP.fullmatch(text)) or text.startswith("<span")


@lru_cache(50_000)
def _is_time_text(text: str) -> bool:
    return bool(_TIME_LIKE.fullmatch(text.strip()))
