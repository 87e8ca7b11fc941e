"""A column that says which numbers beside it are detection limits: 0.025 | L."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from chaoyang_geo.readings.fold import fold
from chaoyang_geo.readings.header import Column, Meaning
from chaoyang_geo.readings.values import parse_values

_BELOW = frozenset("l < nd n.d. u bdl 未检出 低于检出限 小于检出限".split())
_ABOVE = frozenset("> ≥ 超量程 高于量程 超上限".split())
_NOTHING = frozenset(["", "=", "-", "--", "/", *"检出 已检出 正常 有效 无".split()])
_NUMBER = re.compile(r"[0-9]*\.?[0-9]+(?:e[+-]?[0-9]{1,2})?")


def with_mark(result: str, mark: str, header: str) -> tuple[str, str]:
    """Return a result with what the column beside it says of it, and the flag that tells so.

    ``header`` is of the column of marks: 否 under 是否检出 is 是 under 未检出标识.

    Examples
    --------
    >>> from chaoyang_geo.readings.marks import with_mark
    >>> [with_mark("0.025", mark, "检出标识") for mark in ("L", "检出", "J")]
    [('0.025L', '检出标识“L”'), ('0.025', ''), ('0.025', '检出标识“J”含义不明，数值照录')]
    """
    word = fold(mark).lower()
    if word in ("是", "否") and "检出" in header:
        of_limit = "未检出" in header or "检出限" in header
        word = "未检出" if (word == "是") == of_limit else "检出"
    if word in _NOTHING:
        return result, ""
    folded = fold(result).lower()
    if _NUMBER.fullmatch(folded):
        if word in _BELOW:
            return f"{folded}L", f"检出标识“{mark.strip()}”"
        if word in _ABOVE:
            return f">{folded}", f"检出标识“{mark.strip()}”"
        return result, f"检出标识“{mark.strip()}”含义不明，数值照录"
    if word in _BELOW and not folded:
        return "未检出", f"检出标识“{mark.strip()}”"
    if parse_values([result]).state[0] == "number":  # 25μg/L | L
        return result, f"检出标识“{mark.strip()}”未用于“{result}”，数值照录"
    return result, ""


def marks_of(columns: Sequence[Column], results: Sequence[Column]) -> dict[int, Column]:
    """Return the place among ``results`` and the column of the mark that speaks of it.

    Of several columns of one item the nearest before the mark is meant; in a table with an item
    a row the mark speaks of the value.
    """
    found: dict[int, Column] = {}
    for mark in (c for c in columns if c.meaning.role == "mark"):
        of = [
            (mark.column < c.column, abs(mark.column - c.column), place)
            for place, c in enumerate(results)
            if (c.meaning.role == "value" if not mark.meaning.item else c.meaning.item == mark.meaning.item)
        ]  # fmt: skip
        if of:
            found.setdefault(min(of)[2], mark)
    return found


def header_of_marks(columns: Sequence[Column]) -> str:
    """Return the header of the column of marks of a table with an item a row; '' if none."""
    return next((c.header for c in columns if c.meaning.role == "mark"), "")


def without_idle_marks(columns: Sequence[Column], results: Sequence[Column]) -> list[Column]:
    """Leave out, under a note, the columns of marks that speak of no result."""
    used = {mark.column for mark in marks_of(columns, results).values()}
    return [
        replace(c, meaning=Meaning(note="不认识的列，未读入"))
        if c.meaning.role == "mark" and c.column not in used
        else c
        for c in columns
    ]
