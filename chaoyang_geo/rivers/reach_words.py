"""What a check of the way downstream says in words, Chinese and English."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, partial
from typing import NamedTuple

from chaoyang_geo.verdicts import GRADES, way_text

_SOURCE_ZH = {"primary": "水源一级保护区", "secondary": "水源二级保护区", "quasi": "水源准保护区"}


_DOUBTS = {
    "synthetic": "分区为示例数据",
    "derived": "分区为推导，未经批准",
    "assumed": "分区为假定",
}


class Zone(NamedTuple):
    """What is said of a zone: its name in both languages, and doubts about it."""

    zh: str
    en: str
    doubts: tuple[str, ...]


class Row(NamedTuple):
    """One row of the result as far as it is known, and what else its words need."""

    state: str
    zone: Zone | None
    distance_km: float
    passed: str
    between: str
    offset_m: float
    unit: str
    county: str
    next_section: str
    next_km: float
    rivers: tuple[str, ...]  # names; of one without a name # and a code
    crossings: int
    tied: int
    forked: bool
    lies: int  # 1 touching the border of the zone, 2 in part inside, 3 inside
    to_end_km: float  # from the site to the end of the network


@dataclass(frozen=True)
class Asked:
    """What is the same for all rows: what was looked at, and how far."""

    n_zones: int  # that could be looked at
    without_shape: int
    max_distance_km: float
    max_snap_m: float
    placed: bool  # by the caller, on the river or on none
    sections: bool
    units: bool
    counties: bool


def zone_words(*, name: str, source: str, kind: str, grade: str, quality: str, status: str) -> Zone:
    """Return what is said of a zone; ``source`` is the water source that it belongs to, if any."""
    grade_zh, grade_en = _SOURCE_ZH.get(grade, ""), GRADES.get((kind, grade), ("", "zone"))[1]
    doubts = [_DOUBTS.get(quality, ""), "分区所用距离未核实" if "unverified" in status else ""]
    return Zone(
        f"{source}的{grade_zh}" if source and grade_zh else f"“{name}”",
        f"the {grade_en} of the drinking-water source {source}"
        if source
        else f"the {grade_en} “{name}”",
        tuple(doubt for doubt in doubts if doubt),
    )


def sentences(rows: Iterable[Row], asked: Asked) -> list[tuple[str, str, str]]:
    """Return flag, reason in Chinese, reason in English of each row."""
    # many sites share a river, a unit or a next section: what is said of these is said once
    drains, answer = cache(_drains), cache(partial(_answer, asked))
    out = []
    for row in rows:
        if row.state == "no_position":
            zh, en = "项目没有位置，不能判断。", "The site has no position; nothing can be said."
            out.append(("项目没有位置", zh, en))
            continue
        if row.state == "off_network":
            flag, (zh, en) = "不在河网上", _off_network(asked)
            next_section = None
        else:
            flag = _flag(row, asked)
            far = "" if row.crossings else _m(row.offset_m)
            if row.state == "in_zone":
                zh, en = _in_zone(row)
            elif row.state == "reaches":
                zh, en = _reaches(row, drains(row.rivers, far), sections=asked.sections)
            else:
                zh, en = _none(row, drains(row.rivers, far), asked)
            # in a zone, yet on no river: what comes next is not known
            next_section = None
            if row.rivers:
                code, km = row.next_section, row.next_km
                # as texts, of which many sites have the same
                next_section = (
                    (code, way_text(km, "zh"), way_text(km, "en")) if code else ("", "", "")
                )
        more_zh, more_en = answer(row.unit, row.county, next_section)
        out.append((flag, zh + more_zh, en + more_en))
    return out


def _off_network(asked: Asked) -> tuple[str, str]:
    if asked.placed:
        zh, en = "项目表没有给出所在河段", "The table of sites gives no reach for the site"
    else:
        zh = f"项目周围 {asked.max_snap_m:g} 米内没有河段"
        en = f"No reach within {asked.max_snap_m:g} m of the site"
    return f"{zh}，不能判断水的去向。", f"{en}; where its water goes is not known."


def _in_zone(row: Row) -> tuple[str, str]:
    zone_zh, zone_en = _names(row)
    if row.lies == 1:
        return f"与{zone_zh}的边界相接。", f"Touches the border of {zone_en}."
    if row.lies == 2:
        return f"部分位于{zone_zh}内。", f"Lies partly in {zone_en}."
    return f"位于{zone_zh}内。", f"Lies in {zone_en}."


def _reaches(row: Row, drains: tuple[str, str], *, sections: bool) -> tuple[str, str]:
    far = way_text(row.distance_km, "en")
    zone_zh, zone_en = _names(row)
    zh = f"位于该分区之外，{drains[0]}；"
    en = f"Lies outside the zone and {drains[1]}; its water "
    if far == "0 m":
        zh += f"入河处即进入{zone_zh}"
        en += f"enters {zone_en} where it comes to the river"
    else:
        via_zh = row.passed.replace(";", "、") or "未命名河道"
        via_en = row.passed.replace(";", ", ") or "an unnamed river"
        zh += f"沿{via_zh}下行 {way_text(row.distance_km, 'zh')}进入{zone_zh}"
        en += f"reaches {zone_en} in {far} via {via_en}"
    if sections:
        codes = [code for code in row.between.split(";") if code]
        listed = f"（{'、'.join(codes)}）" if codes else ""
        zh += f"，其间有 {len(codes)} 个断面{listed}" if codes else "，其间没有断面"
        plural = "s" if len(codes) != 1 else ""
        en += f", {len(codes) or 'no'} section{plural} between"
        en += f" ({', '.join(codes)})" if codes else ""
    return f"{zh}。", f"{en}."


def _names(row: Row) -> tuple[str, str]:
    return ("", "") if row.zone is None else (row.zone.zh, row.zone.en)


def _none(row: Row, drains: tuple[str, str], asked: Asked) -> tuple[str, str]:
    zh, en = drains[0], f"The site {drains[1]}"
    if not asked.n_zones:
        return f"{zh}；没有可查的分区。", f"{en}; no zone could be checked."
    if row.to_end_km < asked.max_distance_km:
        within = f"下行至河网末端（{way_text(row.to_end_km, 'zh')}）"
        within_en = f"down to the end of the network ({way_text(row.to_end_km, 'en')})"
    else:
        within = f"下行 {asked.max_distance_km:g} 公里以内"
        within_en = f"within {asked.max_distance_km:g} km"
    return (
        f"{zh}；{within}河水未进入所查分区。",
        f"{en}; {within_en} its water enters none of the zones.",
    )


def _drains(rivers: tuple[str, ...], far: str) -> tuple[str, str]:
    """Say where a site drains to; ``far`` in metres is ``''`` where it crosses the rivers."""
    zh = "、".join(f"未命名河道（{r[1:]}）" if r[:1] == "#" else r for r in rivers)
    en = " and ".join(f"an unnamed river ({r[1:]})" if r[:1] == "#" else r for r in rivers)
    if not far:
        return f"跨越{zh}", f"crosses {en}"
    if far == "0":
        return f"在{zh}上", f"is on {en}"
    return f"距{zh} {far} 米，按就近汇入", f"drains to {en} ({far} m away)"


def _answer(
    asked: Asked, unit: str, county: str, next_section: tuple[str, str, str] | None
) -> tuple[str, str]:
    """Say who answers for the place, and which section comes next; None where that is not known."""
    zh, en = [], []
    if asked.units:
        zh.append(f"所在控制单元：{unit}" if unit else "不在任何控制单元内")
        en.append(f"control unit {unit}" if unit else "in no control unit")
    if asked.counties:
        zh.append(f"责任县区：{county}" if county else "不在所给县区内")
        en.append(f"responsible county {county}" if county else "in none of the counties")
    if asked.sections and next_section is not None:
        code, far_zh, far_en = next_section
        zh.append(f"下游第一个断面：{code}（{far_zh}）" if code else "下游没有断面")
        en.append(f"next section {code} in {far_en}" if code else "no section downstream")
    if not zh:
        return "", ""
    text = "; ".join(en)
    return "；".join(zh) + "。", f" {text[0].upper()}{text[1:]}."


def _flag(row: Row, asked: Asked) -> str:
    notes = []
    if row.lies == 1:
        notes.append("仅与分区边界相接，需复核")
    if not row.crossings and row.offset_m > 0.5:
        notes.append(f"距河道 {_m(row.offset_m)} 米，按最近河段汇入，未看分水岭")
    if row.crossings > 1:
        notes.append(f"在 {row.crossings} 处涉河，按最近一处计")
    if row.tied > 1:
        notes.append(f"到 {row.tied} 处河道同样近，均已追踪，按最近一路计")
    if row.forked:
        notes.append("途中分汊，各汊均已追踪，取最短水路")
    if row.zone is not None:
        notes.extend(row.zone.doubts)
    if not asked.n_zones:
        notes.append("没有可查的分区")
    elif row.state == "none" and row.to_end_km < asked.max_distance_km:
        notes.append(f"河网在下行 {way_text(row.to_end_km, 'zh')}处终止，以下未查")
    if asked.without_shape:
        notes.append(f"{asked.without_shape} 个分区没有图形，未查")
    return "；".join(notes)


def _m(value: float) -> str:
    return f"{value:.0f}"
