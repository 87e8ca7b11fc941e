"""Headers in groups: a month, a date or a section over the items that were measured then or there.

断面名称 | 1月        | 2月
         | 氨氮  总磷 | 氨氮  总磷
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from chaoyang_geo.readings.header import OF_GROUP, Column, Meaning, Words, is_unit
from chaoyang_geo.readings.sheet import is_time_like

# words that stand over repeated items and name no section: a statistic, a depth, a way
_NO_SECTION = re.compile(
    r"均|最[大小高低]|标准|限值|[率次]$|[表中底上下]层|^[左中右]岸?$|[本当上][月期年季]|监测|实测|检测|手工|自动|平行|指标|"
    r"项目|测定|结果|因子|数据"
)
#: The texts of the header over each column, the upper first.
Over = dict[int, list[str]]


def with_groups(columns: list[Column], over: Over, words: Words, *, times: bool) -> list[Column]:
    """Say of every column of items which time, or which section, stands over it.

    ``times`` tells that no column of the table says when; else a section is looked for.
    """
    found = {
        c.column: text
        for c in columns
        if c.meaning.role in ("reading", "published_class")
        and (text := _name(over.get(c.column, []), words, times=times))
    }
    readings = [c for c in columns if c.meaning.role == "reading"]
    one_time = times and bool(readings) and len(set(found.values())) == 1
    if one_time and all(c.column in found for c in readings):
        time = next(iter(found.values()))  # 2025年3月 over all of them
        return [replace(c, time=time) if c in readings else c for c in columns]
    if not _is_grouped(readings, found):
        return columns
    return [_of_group(c, found.get(c.column, ""), times=times) for c in columns]


def _name(texts: Sequence[str], words: Words, *, times: bool) -> str:
    """Return the text over a column that names a time or a section; '' if there is none."""
    for text in texts:
        if times and is_time_like(text):
            return text
        plain = not is_time_like(text) and not is_unit(text) and not words.understand(text).role
        if not times and plain and not _NO_SECTION.search(text):
            return text
    return ""


def _is_grouped(readings: Sequence[Column], found: dict[int, str]) -> bool:
    """Tell groups from mere headings (常规指标 | 重金属): the same item stands under several."""
    groups: dict[str, set[str]] = {}
    for c in readings:
        groups.setdefault(c.meaning.item, set()).add(found.get(c.column, ""))
    return any(len(names - {""}) > 1 for names in groups.values())


def _of_group(column: Column, name: str, *, times: bool) -> Column:
    if not name:
        return column
    if column.meaning.role == "published_class":
        return replace(column, meaning=Meaning("ignore", note=OF_GROUP))
    return replace(column, time=name) if times else replace(column, section=name)
