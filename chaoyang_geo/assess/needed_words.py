"""What the remaining months need, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chaoyang_geo.assess.rows import status_of
from chaoyang_geo.reasons import class_en

if TYPE_CHECKING:
    from chaoyang_geo.assess.needed import Case
    from chaoyang_geo.assess.rounded import End

_VERDICTS_EN = {
    "未达到": "missed",
    "已不可能": "no longer possible",
    "历史最好月亦不够": "not even the best month on record would do",
    "尚有可能": "still possible",
    "历史最差月亦可": "even the worst month on record would do",
    "任意值均可": "any value will do",
    "已达到": "attained",
}


def basis_of(decimals: int | None, rule: str) -> str:
    """Say which rules make a year's mean, and how far they are checked."""
    status = status_of("quarter_year", lang="zh")
    rounding = (
        "条文未列小数位数，不修约"
        if decimals is None
        else f"四舍六入五成双保留{decimals}位小数后比较（位数{status_of('decimals', lang='zh')}）"
    )
    return f"{rule}（{status}）；{rounding}"


def flag_of(case: Case, classes: Sequence[str]) -> str:
    """Say what limits the answer, in Chinese."""
    parts = []
    rank = case.target.rank
    if rank < 0:
        parts.append("没有目标类别")
    elif not case.has_limit:
        parts.append(f"目标{classes[rank]}类没有该指标的限值")
    if case.target.quality == "assumed":
        parts.append("目标类别为假定")
    if case.assumed_water:
        parts.append("水体类型未登记，按河流限值")
    gaps = [month for month in range(1, case.past + 1) if month not in case.done]
    if gaps and len(gaps) == case.past:
        parts.append("没有月均值")
    elif gaps:
        parts.append(f"缺{'、'.join(f'{month}月' for month in gaps)}，按有均值的月份计")
    if case.strange_units:
        named = "、".join(unit or "空" for unit in case.strange_units)
        parts.append(f"单位为{named}的月均值未计入")
    if case.n_censored:
        parts.append(f"{case.n_censored}个月的均值含低于检出限的读数")
    if case.need_low is not None and case.need_low[0] > case.believable:
        status = "假定"
        parts.append(f"所需值高于可信上限{case.believable:g}（{status}），实际难以达到")
    return "；".join(parts)


def reason_of(
    case: Case, year: int, names: Mapping[str, str], classes: Sequence[str], *, lang: str
) -> str:
    """Write the answer in one paragraph."""
    name = names.get(case.item, case.item)
    head = f"{case.name or case.key} {name}"
    return (
        _chinese(case, year, head, classes) if lang == "zh" else _english(case, year, head, classes)
    )


def _limits(case: Case) -> str:
    if math.isnan(case.high):
        return f"≥{case.low:g}"
    if math.isnan(case.low):
        return f"≤{case.high:g}"
    return f"{case.low:g}~{case.high:g}"


def _end(end: End | None, signs: tuple[str, str]) -> str:
    return "" if end is None else f"{signs[0] if end[1] else signs[1]}{float(end[0]):.6g}"


def _need(case: Case, join: str) -> str:
    parts = (_end(case.need_low, ("≥", ">")), _end(case.need_high, ("≤", "<")))
    return join.join(part for part in parts if part)


def _chinese(case: Case, year: int, head: str, classes: Sequence[str]) -> str:
    unit = f" {case.unit}" if case.unit else ""
    done = f"{year}年已有{len(case.done)}个月"
    if case.done:
        done += f"，平均{case.so_far:.6g}{unit}"
    if case.target.rank < 0:
        return f"{head}：{done}。没有目标类别。"
    goal = f"目标{classes[case.target.rank]}类"
    if not case.has_limit:
        return f"{head}：{done}。{goal}没有限值{'，' * bool(case.verdict)}{case.verdict}。"
    goal += f"（{_limits(case)}{unit}）"
    if not case.left:
        verdict = case.verdict or "没有均值，不能判定"
        return f"{head}：{done}，已无余下月份。{goal}：{verdict}。"
    need = _need(case, "且")
    if case.verdict in ("已不可能", "任意值均可") or not need:
        return f"{head}：{done}，余{case.left}个月。{goal}：{case.verdict}。"
    return (
        f"{head}：{done}，余{case.left}个月。{goal}：余下月份平均须{need}{unit}，{case.verdict}。"
    )


def _english(case: Case, year: int, head: str, classes: Sequence[str]) -> str:
    unit = f" {case.unit}" if case.unit else ""
    n = len(case.done)
    done = f"{n} month{'s' * (n != 1)} of {year} done"
    if case.done:
        done += f", mean {case.so_far:.6g}{unit}"
    if case.target.rank < 0:
        return f"{head}: {done}. No target class."
    goal = f"Target {class_en(classes[case.target.rank])}"
    if not case.has_limit:
        verdict = _VERDICTS_EN.get(case.verdict, "")
        return f"{head}: {done}. {goal}: no limit{', ' * bool(verdict)}{verdict}."
    goal += f" ({_limits(case)}{unit})"
    verdict = _VERDICTS_EN.get(case.verdict, "no mean, so it cannot be told")
    if not case.left:
        return f"{head}: {done}, none left. {goal}: {verdict}."
    need = _need(case, " and ")
    if case.verdict in ("已不可能", "任意值均可") or not need:
        return f"{head}: {done}, {case.left} left. {goal}: {verdict}."
    return (
        f"{head}: {done}, {case.left} left. {goal}: the rest must average {need}{unit}; {verdict}."
    )
