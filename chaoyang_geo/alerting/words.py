"""The words of an alert: why, and who answers for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.alerting.memory import dicts
from chaoyang_geo.reasons import class_en, doubts_text, named_before, period_text, times_text
from chaoyang_geo.schema import SchemaError, as_text, split_codes

if TYPE_CHECKING:
    import pandas as pd


_LEAST = 0.0005  # shares that would be written as 0.0 %


def answering(unit_codes: pd.Series, shares: pd.DataFrame | None) -> tuple[Any, list[str]]:
    """Return for each row the counties of its control units, largest share first, and a note."""
    import pandas as pd

    by_unit = _by_unit(shares)
    texts, notes = [], []
    for cell in unit_codes:
        units = split_codes(cell)
        parts = []
        for unit in units:
            named = "、".join(f"{name}{share:.1%}" for name, share in by_unit.get(unit, []))
            if named:
                parts.append(f"{unit}：{named}" if len(units) > 1 else named)
        texts.append("；".join(parts))
        without = [unit for unit in units if unit not in by_unit]
        if shares is None:
            notes.append("")
        elif not units:
            notes.append("断面没有登记控制单元，责任区县不明")
        else:
            notes.append(f"控制单元{'、'.join(without)}没有区县份额" if without else "")
    return pd.array(texts, dtype="str"), notes


def _by_unit(shares: pd.DataFrame | None) -> dict[str, list[tuple[str, float]]]:
    if shares is None:
        return {}
    import pandas as pd

    found: dict[str, list[tuple[str, float]]] = {}
    numbers = pd.to_numeric(shares["share"], errors="coerce").astype("float64")
    rows = zip(
        as_text(shares["unit_code"]), as_text(shares["county_name"]), numbers.tolist(), strict=True
    )
    for number, (unit, county, share) in enumerate(rows, 1):
        if not 0 <= share <= 1 + 1e-9:
            raise SchemaError(
                f"shares: row {number} of share holds {shares['share'].iloc[number - 1]!r}; "
                "give a share from 0 to 1, as county_shares does."
            )
        if share >= _LEAST:  # a sliver of a border that is drawn twice answers for nothing
            found.setdefault(unit, []).append((county or "未归属", share))
    for unit, parts in found.items():
        parts.sort(key=lambda part: (-part[1], part[0]))
        whole = sum(share for _, share in parts)
        if whole > 1 + 1e-6:
            raise SchemaError(
                f"shares: the shares of unit {unit} add up to {whole:.4g}, more than the whole; "
                "give each county once."
            )
    return found


def reasons(frame: pd.DataFrame, *, lang: str, margin: float, ph_margin: float) -> list[str]:
    """Write each alert in one paragraph."""
    names = standards.item_names(lang)
    texts = []
    for row in dicts(frame):
        item, state = str(row["item"]), row["alert_state"]
        name = names.get(item, item)
        place = row["section_name"] or row["section_code"]
        month = period_text(row["period"], row["period_end"], lang=lang)
        unit = f" {row['unit']}" if row["unit"] else ""
        has_value = row["mean"] == row["mean"]
        value = f"{row['mean']:.6g}{unit}" if has_value else ""
        limit = (
            f"{row['alert_limit']:.6g}{unit}" if row["alert_limit"] == row["alert_limit"] else ""
        )
        times = row["times_over"]
        since = _month(row["since"], lang) if row["months"] else ""
        room = f"{ph_margin:g}" if item == "ph" else f"{margin:.0%}"
        if lang == "zh":
            text = _chinese(state, row, value, limit, times, since, room)
            who = f"责任区县：{row['answers']}。" if row["answers"] else ""
            texts.append(f"{place} {month} {named_before(name)}{text}。{who}")
        else:
            text = _english(state, row, value, limit, times, since, room)
            who = f" Counties: {_answers_en(row['answers'])}." if row["answers"] else ""
            texts.append(f"{place}, {month}, {name}: {text}.{who}")
    return texts


def _answers_en(answers: str) -> str:
    """Return who answers with English marks; names stay as they are in the data."""
    for mark, english in (("、", ", "), ("；", "; "), ("：", ": ")):
        answers = answers.replace(mark, english)
    return re.sub(r"(?<=[^\s\d.,])(?=\d+\.\d%)", " ", answers)


def _month(begin: Any, lang: str) -> str:
    return f"{begin.year}年{begin.month}月" if lang == "zh" else f"{begin:%Y-%m}"


def _chinese(
    state: str, row: dict[str, Any], value: str, limit: str, times: float, since: str, room: str
) -> str:
    goal = f"目标{row['target_class']}类" + (f"限值{limit}" if limit else "（该类没有限值）")
    over = f"，超标{times_text(times)}倍" if times == times else ""
    counted = f"自{since}起累计{row['months']}个月"
    if state == "new":
        return f"{value}，不符合{goal}{over}，本月新增"
    if state == "continuing":
        return f"{value}，不符合{goal}{over}，{counted}"
    if state == "cleared":
        return f"{value}，符合{goal}，解除（{counted}）"
    if state == "near":
        return f"{value}，接近{goal}（余量{room}，参数，无条文依据）"
    if state == "interrupted":
        return f"本月无法判定，超标未解除也不计月（{counted}）"
    if state == "ok":
        return f"{value}，符合{goal}"
    return "未能判定" + (f"（{row['alert_flag']}）" if row["alert_flag"] else "")


def _english(
    state: str, row: dict[str, Any], value: str, limit: str, times: float, since: str, room: str
) -> str:
    target = class_en(str(row["target_class"]))
    goal = f"the limit {limit} of target {target}" if limit else f"the target, {target}: no limit"
    over = f", over by {times_text(times)} times" if times == times else ""
    plural = "s" if row["months"] != 1 else ""
    counted = f"{row['months']} month{plural} since {since}"
    if state == "new":
        return f"{value} does not meet {goal}{over}; new this month"
    if state == "continuing":
        return f"{value} does not meet {goal}{over}; {counted}"
    if state == "cleared":
        return f"{value} meets {goal}; cleared ({counted})"
    if state == "near":
        return f"{value} is close to {goal} (margin {room}, a parameter without a rule)"
    if state == "interrupted":
        return f"no verdict this month; neither cleared nor counted ({counted})"
    if state == "ok":
        return f"{value} meets {goal}"
    return "not judged" + (
        f" ({doubts_text(row['alert_flag'], 'en')})" if row["alert_flag"] else ""
    )
