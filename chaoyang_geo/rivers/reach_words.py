"""What a check of the way downstream says in words, Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Grades of zones in both languages, by kind and grade where the grade alone does not say it.
_GRADES_EN = {
    "core": "core zone",
    "general": "general zone",
    "primary": "primary zone",
    "secondary": "secondary zone",
    "quasi": "quasi zone",
    "priority": "priority unit",
    "key": "key unit",
}
_SOURCE_ZH = {"primary": "水源一级保护区", "secondary": "水源二级保护区", "quasi": "水源准保护区"}


@dataclass(frozen=True)
class Row:
    """One row of the result as far as it is known, and what else its words need."""

    known: dict[str, Any]
    rivers: tuple[str, ...]  # names; of one without a name # and a code
    called: tuple[str, str]
    quality: str
    crossings: int
    tied: int
    forked: bool
    lies: int  # 1 touching the border of the zone, 2 in part inside, 3 inside
    to_end_km: float  # from the site to the end of the network
    n_zones: int  # that could be looked at
    without_shape: int
    max_distance_km: float
    max_snap_m: float
    placed: bool  # by the caller, on the river or on none
    asked: tuple[bool, bool, bool]  # sections, units, counties


def sentences(row: Row) -> tuple[str, str, str]:
    """Return flag, reason in Chinese, reason in English."""
    state = row.known["reach_state"]
    if state == "no_position":
        return (
            "项目没有位置",
            "项目没有位置，不能判断。",
            "The site has no position; nothing can be said.",
        )
    if state == "off_network":
        zh, en = (
            f"项目周围{row.max_snap_m:g} m内没有河段",
            f"No reach within {row.max_snap_m:g} m of the site",
        )
        if row.placed:
            zh, en = "项目表没有给出所在河段", "The table of sites gives no reach for the site"
        zh += "，不能判断水的去向。"
        en += "; where its water goes is not known."
        return "不在河网上", zh + _answer_zh(row), en + _answer_en(row)
    parts = {"in_zone": _in_zone, "reaches": _reaches, "none": _none}[state](row)
    zh, en = parts
    return _flag(row), zh + _answer_zh(row), en + _answer_en(row)


def _in_zone(row: Row) -> tuple[str, str]:
    zone_zh, zone_en = _zone_zh(row), _zone_en(row)
    return {
        1: (f"与{zone_zh}的边界相接。", f"Touches the border of {zone_en}."),
        2: (f"部分位于{zone_zh}内。", f"Lies partly in {zone_en}."),
        3: (f"位于{zone_zh}内。", f"Lies in {zone_en}."),
    }[row.lies]


def _reaches(row: Row) -> tuple[str, str]:
    known = row.known
    far = _way(known["distance_km"])
    via = str(known["rivers_passed"]).split(";") if known["rivers_passed"] else []
    zh = f"位于该分区之外，{_drains_zh(row)}；"
    en = f"Lies outside the zone and {_drains_en(row)}; its water "
    if far == "0 m":
        zh += f"入河处即进入{_zone_zh(row)}"
        en += f"enters {_zone_en(row)} where it comes to the river"
    else:
        zh += f"沿{'、'.join(via) or '未命名河道'}下行{far}进入{_zone_zh(row)}"
        en += f"reaches {_zone_en(row)} in {far} via {', '.join(via) or 'an unnamed river'}"
    if row.asked[0]:
        codes = [code for code in str(known["codes_between"]).split(";") if code]
        listed = f"（{'、'.join(codes)}）" if codes else ""
        zh += f"，其间有{len(codes)}个断面{listed}" if codes else "，其间没有断面"
        plural = "s" if len(codes) != 1 else ""
        en += f", {len(codes) or 'no'} section{plural} between"
        en += f" ({', '.join(codes)})" if codes else ""
    return zh + "。", en + "."


def _none(row: Row) -> tuple[str, str]:
    drains_zh, drains_en = _drains_zh(row), f"The site {_drains_en(row)}"
    if not row.n_zones:
        return f"{drains_zh}；没有可查的分区。", f"{drains_en}; no zone could be checked."
    if row.to_end_km < row.max_distance_km:
        within = f"下行至河网末端（{_way(row.to_end_km)}）"
        within_en = f"down to the end of the network ({_way(row.to_end_km)})"
    else:
        within = f"下行{row.max_distance_km:g} km以内"
        within_en = f"within {row.max_distance_km:g} km"
    return (
        f"{drains_zh}；{within}河水未进入所查分区。",
        f"{drains_en}; {within_en} its water enters none of the zones.",
    )


def _drains_zh(row: Row) -> str:
    river = "、".join(f"未命名河道（{r[1:]}）" if r[:1] == "#" else r for r in row.rivers)
    if row.crossings:
        return f"跨越{river}"
    far = _m(row.known["offset_m"])
    return f"在{river}上" if far == "0" else f"距{river}{far} m，按就近汇入"


def _drains_en(row: Row) -> str:
    river = " and ".join(f"an unnamed river ({r[1:]})" if r[:1] == "#" else r for r in row.rivers)
    if row.crossings:
        return f"crosses {river}"
    far = _m(row.known["offset_m"])
    return f"is on {river}" if far == "0" else f"drains to {river} ({far} m away)"


def _zone_zh(row: Row) -> str:
    name, source = row.called
    grade = _SOURCE_ZH.get(str(row.known["zone_grade"]), "")
    return f"{source}的{grade}" if source and grade else f"“{name}”"


def _zone_en(row: Row) -> str:
    name, source = row.called
    grade = _GRADES_EN.get(str(row.known["zone_grade"]), "zone")
    if source:
        return f"the {grade} of the drinking-water source {source}"
    return f"the {grade} “{name}”"


def _answer_zh(row: Row) -> str:
    """Say who answers for the place, and which section comes next."""
    known, parts = row.known, []
    if row.asked[1]:
        unit = known["unit_name"] or known["unit_code"]
        parts.append(f"所在控制单元：{unit}" if unit else "不在任何控制单元内")
    if row.asked[2]:
        county = known["county_name"] or known["county_code"]
        parts.append(f"责任县区：{county}" if county else "不在所给县区内")
    if row.asked[0] and known["reach_state"] not in ("off_network", "no_position"):
        code = known["next_section_code"]
        far = _way(known["distance_to_next_km"])
        parts.append(f"下游第一个断面：{code}（{far}）" if code else "下游没有断面")
    return "；".join(parts) + "。" if parts else ""


def _answer_en(row: Row) -> str:
    known, parts = row.known, []
    if row.asked[1]:
        unit = known["unit_name"] or known["unit_code"]
        parts.append(f"control unit {unit}" if unit else "in no control unit")
    if row.asked[2]:
        county = known["county_name"] or known["county_code"]
        parts.append(f"responsible county {county}" if county else "in none of the counties")
    if row.asked[0] and known["reach_state"] not in ("off_network", "no_position"):
        code = known["next_section_code"]
        far = _way(known["distance_to_next_km"])
        parts.append(f"next section {code} in {far}" if code else "no section downstream")
    text = "; ".join(parts)
    return f" {text[0].upper()}{text[1:]}." if text else ""


def _flag(row: Row) -> str:
    known = row.known
    notes = []
    if row.lies == 1:
        notes.append("仅与分区边界相接，需复核")
    if not row.crossings and known["offset_m"] > 0.5:
        notes.append(f"距河道{_m(known['offset_m'])} m，按最近河段汇入，未看分水岭")
    if row.crossings > 1:
        notes.append(f"在{row.crossings}处涉河，按最近一处计")
    if row.tied > 1:
        notes.append(f"到{row.tied}处河道同样近，均已追踪，按最近一路计")
    if row.forked:
        notes.append("途中分汊，各汊均已追踪，取最短水路")
    if known["zone_code"]:
        notes.append({"synthetic": "分区为示例数据", "derived": "分区为推导，未经批准",
                      "assumed": "分区为假定"}.get(row.quality, ""))  # fmt: skip
        if "unverified" in str(known["status"]):
            notes.append("分区所用距离未核实")
    if not row.n_zones:
        notes.append("没有可查的分区")
    elif known["reach_state"] == "none" and row.to_end_km < row.max_distance_km:
        notes.append(f"河网在下行{_way(row.to_end_km)}处终止，以下未查")
    if row.without_shape:
        notes.append(f"{row.without_shape}个分区没有图形，未查")
    return "；".join(note for note in notes if note)


def _way(km: float) -> str:
    return f"{km:.1f} km" if km >= 0.05 else f"{_m(km * 1000)} m"


def _m(value: float) -> str:
    return f"{value:.0f}"
