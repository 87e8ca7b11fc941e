"""What stands around a table and holds for all of it: labels, titles, the name of the sheet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from chaoyang_geo.readings.cells import Grid, cell_text
from chaoyang_geo.readings.header import Meaning, Words, is_unit, split_unit
from chaoyang_geo.readings.layers import is_layer, layer_in_title, layer_of
from chaoyang_geo.readings.sheet import Sheet, is_time_like
from chaoyang_geo.readings.spans import day_and_clock

SECTION_ROLES = ("section_name", "section_code")
_OF_TABLE = (
    *(*SECTION_ROLES, "time", "time_end", "unit", "province", "basin", "water_body"),
    *("sampling_layer", "sampling_depth"),
)
_PAIR = re.compile(
    r"([\u4e00-\u9fffA-Za-z/ _]{1,14}?)\s*[:：]\s*((?:[^:：]|(?<=\d)[:：](?=\d))*?)"
    r"(?=[\s,，;；、|]+[\u4e00-\u9fff/]{2,10}\s*[:：]|$)"
)
_TITLE_WORDS = re.compile(
    r"(?:19|20)\d{2}年.*?(?=[\u4e00-\u9fff]{2})|监测|统计|汇总|结果|浓度|月均值?|逐月|表|数据|情况"
)
_TO = r"\s*(?:[-—–―－~～至到]|——)\s*"
_TIME_IN_TITLE = re.compile(
    r"(?:19|20)\d{2}\s*年\s*(?:"
    r"第\s*\d{1,2}\s*周(?:\s*[(（][^()（）]{3,30}[)）])?"
    rf"|\d{{1,2}}\s*月?{_TO}\d{{1,2}}\s*月(?!\s*\d{{1,2}}\s*日)"
    rf"|\d{{1,2}}\s*月\s*\d{{1,2}}\s*日?{_TO}(?:\d{{1,2}}\s*月\s*)?\d{{1,2}}\s*日"
    r"|\d{1,2}\s*月\s*(?:\d{1,2}\s*日|[上中下]旬)?|第?[一二三四1-4]季度|[上下]半年|前[一二三1-3]季度)?"
)
#: The day on which a table was filled in, checked or sent says nothing of its samples.
_OF_PAPER = re.compile(
    r"(?:填报|填表|制表|编制|报告|报出|报送|上报|打印|导出|查询|审核|签发|批准|发布|印发|接样|收样|送样|分析|检测|"
    r"测试|出具|生成|更新)(?:日期|时间)\s*[:：]?\s*(?:[\d年月日./:：~～至—-]+(?:\s+\d{1,2}[:：][\d:：]+)?)?"
)
_CONCENTRATION = re.compile(r"(?:m|μ|µ|u|n)?g/(?:L|m3)|毫克/升|微克/升", re.IGNORECASE)
_NO_NAME = re.compile(r"水质|监测|数据|报|表|结果|统计|汇总|readings")


@dataclass
class Fact:
    """What stands outside of a table and holds for all of it."""

    value: Any
    words: str  # as found
    kind: str  # "label" (断面名称：章吉营), "title" or "sheet"
    row: int = -1


def said_by(what: str, fact: Fact) -> str:
    """Say where a fact was found; a label beside the table is no doubt and no flag."""
    words = fact.words if len(fact.words) <= 30 else fact.words[:29] + "…"
    if fact.kind == "sheet":
        return f"{what}取自工作表名“{words}”"
    if fact.kind == "title":
        return f"{what}取自标题“{words}”"
    return f"{what}沿用上方表格的“{words}”" if fact.kind == "above" else ""


def labels_in(words: Words, text: str) -> dict[str, str]:
    """Read ``断面名称：章吉营 监测时间：2025年10月8日`` as labels and what they say."""
    if ":" not in text and "：" not in text:
        return {}
    found: dict[str, str] = {}
    for match in _PAIR.finditer(text):
        role = words.understand(match[1].strip()).role
        value = match[2].strip().strip(",，;；、|")
        if role in ("time", "time_begin"):
            found["time"] = day_and_clock(found.get("time"), value)
        elif role in _OF_TABLE and value:
            found[role] = value
    return found


def facts_above(
    sheet: Sheet, start: int, end: int, words: Words, left: int = 0, right: int = 1 << 20
) -> dict[str, Fact]:
    """Collect what the rows above a table say of it: labels first, then titles."""
    facts: dict[str, Fact] = {}
    for row in range(start, end):
        cells = [(c, cell) for c, cell in sheet.cells(row) if left <= c < right]
        for number, (column, cell) in enumerate(cells):
            if not isinstance(cell, str):
                continue
            labels = labels_in(words, cell)
            for role, value in labels.items():
                _add_label(facts, role, Fact(value, cell.strip(), "label", row))
            if labels.keys() - {"unit"}:
                continue
            role = words.understand(cell).role
            role = "time" if role == "time_begin" else role
            if role in _OF_TABLE and number + 1 < len(cells):
                value_column, value = cells[number + 1]
                if _is_of_columns(cells[number + 1 :]):
                    continue  # 采样日期 | 8日 | 9日 says of each column its own
                if not words.understand(value).role and value_column - column <= 6:
                    words_of = f"{cell_text(cell)}{cell_text(value)}"
                    _add_label(facts, role, Fact(value, words_of, "label", row))
            elif not role and not (number and _is_of_paper(cells[number - 1][1])):
                for role, fact in title_facts(cell.strip(), row, words).items():
                    if role not in facts or facts[role].kind != "label":
                        facts[role] = fact
    return facts


def _is_of_paper(cell: Any) -> bool:
    """Tell the label of a date (填报日期) that is none of the samples'."""
    return isinstance(cell, str) and _OF_PAPER.fullmatch(cell.strip()) is not None


def _add_label(facts: dict[str, Fact], role: str, fact: Fact) -> None:
    """Keep what a label says; a day and a time of day in two labels are one time."""
    before = facts.get(role)
    if role == "time" and before is not None and before.kind == "label":
        fact = replace(fact, value=day_and_clock(before.value, fact.value))
    facts[role] = fact


def _is_of_columns(cells: Sequence[tuple[int, Any]]) -> bool:
    """Tell a row with several times, which are those of the columns below, from a label."""
    times = [cell for _, cell in cells if is_time_like(cell)]
    return len(times) == len(cells) > 1 and len(set(map(cell_text, times))) > 1


def title_facts(text: str, row: int, words: Words) -> dict[str, Fact]:
    """Say what a title tells of the table below it: time, section, layer, item and unit."""
    facts: dict[str, Fact] = {}
    text = _OF_PAPER.sub("", text).strip()
    time = _TIME_IN_TITLE.search(text)
    own = re.split("[与较比]", text)[0]  # 2025年3月水质状况（与2024年同期相比）
    years = set(re.findall(r"(?:19|20)\d{2}(?=\s*(?:年|[-—–~至]+\s*(?:19|20)\d{2}\s*年))", own))
    # 2024年12月—2025年2月 says of no month alone which year it is of
    if time and len(text) <= 80 and len(years) < 2:
        facts["time"] = Fact(time[0].strip(), text, "title", row)
        facts["year"] = Fact(int(time[0].strip()[:4]), text, "title", row)
    section = re.search(r"(?:[\u4e00-\u9fff]*(?:[河江湖]|水库))?([\u4e00-\u9fff]{2,8})断面", text)
    generic = r"(?:监测|考核|国控|省控|市控|各|主要|重点|河流|地表水|控制|流域|水质|国考|省考)$"
    if section and len(text) <= 60 and not re.search(generic, section[1]):
        name = re.split(r"[年月日]", section[1])[-1]
        if len(name) >= 2:
            facts["section_name"] = Fact(name, text, "title", row)
    if layer := layer_in_title(text):
        facts["sampling_layer"] = Fact(layer, text, "title", row)
    name = _TITLE_WORDS.sub("", text)
    meaning = words.understand(name) if name else Meaning()
    if meaning.role == "reading":
        facts["item"] = Fact(meaning.item, text, "title", row)
    unit = meaning.unit or split_unit(text)[1]
    if is_unit(unit) and (meaning.role == "reading" or _CONCENTRATION.match(unit)):
        facts["unit"] = Fact(unit, text, "title", row)
    return facts


def sheet_facts(grid: Grid, words: Words) -> dict[str, Fact]:
    """Say what the name of a sheet stands for: a month, an item, a river or a section."""
    name = grid.sheet.strip()
    if is_layer(name):
        return {"sampling_layer": Fact(layer_of(name), name, "sheet")}
    meaning = words.understand(name)
    if meaning.role == "reading":
        unit = {"unit": Fact(meaning.unit, name, "sheet")} if meaning.unit else {}
        return {"item": Fact(meaning.item, name, "sheet"), **unit}
    if meaning.role:
        return {}
    if not name or re.fullmatch(
        r"(?i)(?:sheet|工作表|表|table)\s*\d*|\d{1,2}|数据|data|结果|汇总", name
    ):
        return {}
    if is_time_like(name) or re.fullmatch(r"(?:19|20)\d{4}", name):
        return {"time": Fact(name, name, "sheet")}
    within = re.search(r"(?:(?:19|20)\d{2}\s*年\s*)?\d{1,2}\s*月", name)
    if within:
        return {"time": Fact(within[0], name, "sheet")}
    if re.fullmatch(r"[\u4e00-\u9fff]{1,6}(?:河|江|水库|湖)", name):
        return {"water_body": Fact(name, name, "sheet")}
    if re.fullmatch(r"[\u4e00-\u9fff]{1,6}(?:流域|水系)", name):
        return {"basin": Fact(name, name, "sheet")}
    if re.fullmatch(r"[\u4e00-\u9fff（）()0-9#A-Za-z]{2,12}", name) and not _NO_NAME.search(name):
        return {"section_name": Fact(name, name, "sheet")}
    return {}


def stale_facts(facts: dict[str, Fact]) -> dict[str, Fact]:
    """Mark what was said above an earlier table; a section in its title is not this one's."""
    return {
        role: replace(fact, kind="above") if fact.kind == "label" else fact
        for role, fact in facts.items()
        if fact.kind != "title" or role not in SECTION_ROLES
    }
