"""What was found, in words that can stand in a finding, Chinese and English."""

from __future__ import annotations

from chaoyang_geo.screening.rules import RULE_STATUSES
from chaoyang_geo.screening.words import RELATIONS, VERDICTS_EN, kind_en, kind_zh


def area_zh(m2: float) -> str:
    """Return an area for people: square metres, from one hectare on hectares."""
    return f"{m2 / 1e4:,.2f} 公顷" if m2 >= 1e4 else f"{m2:,.1f} 平方米"


def area_en(m2: float) -> str:
    """Return an area for people: square metres, from one hectare on hectares."""
    return f"{m2 / 1e4:,.2f} ha" if m2 >= 1e4 else f"{m2:,.1f} m2"


def length_zh(m: float) -> str:
    """Return a length for people: metres, from one kilometre on kilometres."""
    return f"{m / 1e3:,.2f} 公里" if m >= 1e3 else f"{m:,.1f} 米"


def length_en(m: float) -> str:
    """Return a length for people: metres, from one kilometre on kilometres."""
    return f"{m / 1e3:,.2f} km" if m >= 1e3 else f"{m:,.1f} m"


def zone_words(kind: str, grade: str, name: str, code: str) -> tuple[str, str]:
    """Return how a zone is called, Chinese and English."""
    called = name or code
    zh = f"{kind_zh(kind, grade)}“{called}”" if called else kind_zh(kind, grade)
    en = f"{kind_en(kind, grade)} {called}".strip()
    return zh, en


def finding_words(
    *,
    zone: tuple[str, str],
    relation: str,
    area_m2: float,
    length_m: float,
    share: float,
    distance_m: float,
    band_m: float,
    verdict: str,
    doubtful: bool,
    activity: tuple[str, str],
    rule: tuple[str, str, str, str],
    flag: tuple[str, str],
) -> tuple[str, str]:
    """Return why a finding has its verdict, Chinese and English.

    ``rule`` is verdict, source, clause and status of the rule, empty where there is none.
    """
    how_zh, how_en = RELATIONS[relation]
    if relation == "near":
        how_zh = f"{how_zh}，相距 {length_zh(distance_m)}"
        how_en = f"{how_en}, at {length_en(distance_m)}"
    elif relation == "touches":
        how_zh, how_en = f"{how_zh}，没有公共面积或长度", f"{how_en} it, with nothing in common"
        how_en = how_en.replace("touches the border of it", "touches its border")
    elif area_m2 > 0:
        part = f"{100 * share:.3g} %"
        how_zh += f"，重叠 {area_zh(area_m2)}（占项目 {part}）"
        how_en += f", over {area_en(area_m2)} ({part} of the site)"
    elif length_m > 0:
        part = f"{100 * share:.3g} %"
        how_zh += f"，穿越 {length_zh(length_m)}（占项目 {part}）"
        how_en += f", over {length_en(length_m)} ({part} of the site)"
    zh, en = f"{zone[0]}：{how_zh}", f"{zone[1]}: the site {how_en}"
    if doubtful:
        zh += f"；在误差带 {length_zh(band_m)} 以内，位置不足以定界"
        en += f"; within the band of {length_en(band_m)} the position does not decide"
    if rule[0]:
        if_zh, if_en = ("若在区内，", "if inside, ") if doubtful else ("", "")
        status = f"{RULE_STATUSES[rule[3]]}"
        zh += f"；{if_zh}“{activity[0]}”{rule[0]}，依据 {rule[1]} {rule[2]}（{status}）"
        en += (
            f"; {if_en}{activity[1]} is {VERDICTS_EN[rule[0]]} by {rule[1]}, {rule[2]} ({rule[3]})"
        )
    zh, en = _ended(zh, flag[0]), _ended(en, flag[1], "; ")
    return f"{verdict}：{zh}。", f"{VERDICTS_EN[verdict]}: {en}."


def _ended(text: str, more: str, between: str = "；") -> str:
    return f"{text}{between}{more}" if more else text
