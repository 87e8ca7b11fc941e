"""Texts whose cells are parted by blanks alone: a table only where its header proves it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from chaoyang_geo.readings.cells import Grid
from chaoyang_geo.readings.context import SECTION_ROLES
from chaoyang_geo.readings.header import Words

_FIRST_LINES = 60
_WIDE_GAP = re.compile(r"[ \u3000\xa0]{2,}|\u3000|\t")
_DATE = (
    r"(?:(?:\d{4}[-/.])?\d{1,2}[-/.]\d{1,2}|(?:\d{4}年)?\d{1,2}月\d{1,2}日)"
    r"[ \u3000\xa0]+\d{1,2}[:：时点]\S*"
)
_WITH_CLOCK = re.compile(rf"{_DATE}|\S+")
_WORD = re.compile(r"\S+")
# a bracket belongs to the word before it, and so does the mark L: 总磷 (mg/L), 0.025 L
_GLUED = re.compile(r"(?<=\S)[ \u3000\xa0]+(?=[(（])|(?<=\d) (?=[Ll](?:\s|$))")


def spaced_grid(file: str, text: str, words: Words) -> Grid | None:
    """Return a text cut at its blanks, if one of its first lines is a header so cut.

    A line that does not have as many cells as the header stays whole, in one cell: where a
    cell is empty nobody can tell which, so that line is named as left out and nothing is moved.
    """
    lines = text.splitlines()
    glued = [_GLUED.sub("\0", line.strip().replace("\0", "")) for line in lines]
    best: tuple[int, int, list[list[Any]]] | None = None
    for cut in (_WIDE_GAP.split, _WITH_CLOCK.findall, _WORD.findall):
        found = _header(glued, cut, words)
        if found is None:
            continue
        number, width = found
        rows: list[list[Any]] = []
        fitting = 0
        for place, line in enumerate(glued):
            cells = [cell.replace("\0", " ") for cell in cut(line)] if line else []
            fits = place >= number and len(cells) == width
            fitting += fits
            rows.append(cells if fits else [lines[place].strip()] if line else [])
        body = sum(bool(line) for line in glued[number + 1 :])
        if fitting > 1 and (fitting - 1) * 2 >= body and (best is None or fitting > best[0]):
            best = (fitting, body - fitting + 1, rows)
    if best is None:
        return None
    grid = Grid(file, "", best[2], kind="text")
    if best[1]:
        grid.notes.append(
            "the cells are parted by blanks; a line with an empty cell cannot be read"
        )
    return grid


def _header(
    lines: list[str], cut: Callable[[str], list[Any]], words: Words
) -> tuple[int, int] | None:
    """Return the line that reads like a header when it is cut so, and how many cells it has."""
    for number, line in enumerate(lines[:_FIRST_LINES]):
        cells = [cell.replace("\0", " ") for cell in cut(line)] if line else []
        if not 3 <= len(cells) <= 200:
            continue
        roles = [words.understand(cell).role for cell in cells]
        has_result = "reading" in roles or {"item", "value"} <= set(roles)
        has_key = {*SECTION_ROLES, "time"} & set(roles)
        if has_result and has_key and sum(map(bool, roles)) * 3 >= len(cells) * 2:
            return number, len(cells)
    return None
