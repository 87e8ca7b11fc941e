"""What is doubtful about a site, a zone or a layer: the sentence of each flag, Chinese and English.

Columns whose name ends in ``_flag`` hold Chinese sentences joined by ``；``; English pages print
what :func:`flag_text` makes of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import cache, lru_cache

from chaoyang_geo.verdicts import GRADES, KINDS, VERDICTS, clean

#: What joins the sentences of a flag.
JOINT = "；"

#: Sentences of screening: key, Chinese, English. Numbers and names stand in braces.
_SCREENING: dict[str, tuple[str, str]] = {
    # shapes
    "missing": ("无图形", "no geometry"),
    "empty": ("图形为空", "the geometry is empty"),
    "no_polygon": ("图形不是面，未核查", "the geometry is no polygon and was not checked"),
    "mended": ("图形自相交或重叠，已修复", "the geometry crossed or overlapped itself and was mended"),
    "mended_gone": (
        "图形自相交或重叠，已修复后面积为零，未核查",
        "the geometry crossed itself, has no area when mended, and was not checked",
    ),
    "collapsed": (
        "面塌缩为线或点，按线或点核查",
        "the polygon has no area and was checked as a line or point",
    ),
    "closed_line": (
        "线首尾相接，只按线核查，所围范围未核查，若为用地范围须先转为面",
        "the line closes and was checked as a line, the area within it was not: if it is the outline "
        "of the site, make it a polygon first",
    ),
    "zero_length": ("线长为零，按点核查", "the line has no length and was checked as a point"),
    "not_finite": (
        "坐标不是有限数，未核查",
        "a coordinate is no finite number; the geometry was not checked",
    ),
    "nowhere": (
        "坐标在地球上没有位置，或宽逾90度",
        "its coordinates have no place on the earth, or it is wider than 90 degrees",
    ),
    "outside_zones": (
        "位于CGCS2000各3度带（东经73.5至136.5度）之外，坐标或坐标系可能有误",
        "lies outside the CGCS2000 3-degree zones (73.5 to 136.5 E): its coordinates or their CRS "
        "may be wrong",
    ),
    # layers
    "unusable_zones": (
        "{n} 个分区无可用图形，未核查：{list}",
        "zones without a usable shape, not checked ({n}): {list}",
    ),
    "mended_zones": ("{n} 个分区图形已修复", "zones whose geometry was mended: {n}"),
    "bare_grade": ("部分{kind}等级不明", "{kind}: the grade of some zones is not known"),
    "no_accuracy": (
        "位置精度未知，按容差核查",
        "the positional accuracy is not known, the tolerance was used",
    ),
    "late_version": (
        "版本日期晚于核查日期",
        "the date of the version is later than the day of the screening",
    ),
    "other_datum": (
        "图层“{layer}”与项目的大地基准不同（{datum}），没有转换参数（TOWGS84），坐标未平移，偏差未知",
        "the layer {layer} and the sites are in different datums ({datum}): without parameters "
        "(TOWGS84) nothing was shifted, and how far it is off is not known",
    ),
    "no_zones": ("图层没有分区", "the layer has no zones"),
    "part_of_layer": (
        "读入 {n} 个分区，只有 {m} 个参与核查",
        "only {m} of the {n} zones that were read were checked",
    ),
    "unreadable": ("图层无法读取", "the layer cannot be read"),
    "unreadable_why": ("图层无法读取：{reason}", "the layer cannot be read: {reason}"),
    "no_layer": ("没有可核查的图层", "there is no layer to check"),
    "layer_empty": ("图层“{layer}”为空", "the layer {layer} is empty"),
    "layer_unreadable": ("图层“{layer}”无法读取", "the layer {layer} cannot be read"),
    "layer_partial": (
        "图层“{layer}”有 {n} 个分区无可用图形，未核查：{list}",
        "in the layer {layer} zones without a usable shape were not checked ({n}): {list}",
    ),
    "beyond": (
        "位于图层“{layer}”的范围之外，该图层可能未覆盖此处",
        "lies outside the extent of the layer {layer}, which may not cover the place",
    ),
    "beyond_all": (
        "位于图层{layers}的范围之外，这些图层可能未覆盖此处",
        "lies outside the extents of the layers {layers}, which may not cover the place",
    ),
    # rules
    "unknown_activity": ("活动不在词表", "the activity is not in the vocabulary"),
    "no_activity": ("未说明建设活动", "the activity is not stated"),
    "any_grade": (
        "分区等级不明，各等级结论相同",
        "the grade of the zone is not known, all grades have the same verdict",
    ),
    "grade_decides": (
        "分区等级不明（{grades}）",
        "the grade of the zone is not known and the verdict depends on it ({grades})",
    ),
    "no_rule": (
        "所用规则没有对{kind}内“{activity}”的规定",
        "no rule speaks of this activity in the {kind}",
    ),
    "unverified": (
        "所依规则未核实，须对照条文",
        "the rule is unverified: check it against the text",
    ),
    "milder": (
        "另有未核实规则 {rule}（{clause}，{verdict}），不据以放宽，须人工核对",
        "the unverified rule {rule} ({clause}, {verdict}) is milder; it does not relax the verdict "
        "and has to be looked at",
    ),
    # findings
    "overlap": (
        "{n} 个分区在此重叠或相接，合并计算",
        "{n} zones overlap or meet here and count as one",
    ),
    "seam": (
        "在误差带内与该分区相邻，但项目确在同类同级的另一分区内",
        "the zone lies within the band, but the site surely lies in another of its kind and grade",
    ),
    "between": (
        "位于同类同级分区之间的窄缝内，按区内计",
        "in the narrow gap between zones of one kind and grade, which counts as inside",
    ),
    "allowed_anyway": (
        "位置压线，但区内也允许",
        "on the line, but the activity is allowed inside, too",
    ),
    "band_by_tolerance": (
        "位置精度不全，误差带按容差",
        "an accuracy is not known, the band is the tolerance",
    ),
    "mended_zone": ("分区图形自相交或重叠，已修复", "the zone's geometry was mended"),
    "off_ellipsoid": (
        "投影面上的面积或长度与椭球面上的相差超过 0.1 %",
        "area or length differ from those on the ellipsoid by more than 0.1 %",
    ),
}  # fmt: skip

#: Sentences of others that stand beside those of screening: sites by area, zones from distances,
#: the way downstream, alternatives.
_OTHERS: tuple[tuple[str, str], ...] = (
    # sites that an area stands for
    ("约略位置", "approximate position"),
    ("约略位置：以{extent}范围代表", "approximate position: the outline of the {extent} stands for it"),
    ("名称未说明位置，无图形", "the name does not tell the place, so there is no geometry"),
    ("名称写明{list}，但没有乡镇界线", "the name tells {list}, but there is no outline of it"),
    ("建设活动由名称中的“{word}”推定", "the activity was taken from “{word}” in the name"),
    ("名称未说明建设活动", "the name does not tell the activity"),
    # zones from distances
    ("距离为使用者给定", "the distances were given by the user"),
    (
        "含HJ 338-2018的距离，未对照条文核实，非批准的保护区",
        "with distances of HJ 338-2018 that nobody has checked against its text; not an approved zone",
    ),
    ("未划出范围", "no area was drawn"),
    ("水面图形自相交或重叠，已修复", "the water's geometry crossed or overlapped itself and was mended"),
    ("集水范围不含此处", "the catchment does not hold this place"),
    ("没有集水范围，{sources}保护区未划", "there is no catchment, so not drawn: {sources}"),
    ("{sources}保护区没有距离，未划", "no distance is known, so not drawn: {sources}"),
    ("未按分水岭裁剪", "not clipped to the watershed"),
    (
        "未按分水岭裁剪，集水范围图层没有此水源",
        "not clipped to the watershed: the layer of catchments lacks this source",
    ),
    (
        "取水口未就位：河网没有“{river}”；最近的是{reach}，相距{m} m",
        "the intake could not be placed on a river: the network has no river {river}; the nearest is "
        "{reach}, {m} m away",
    ),
    ("取水口未就位：{why}", "the intake could not be placed on a river: {why}"),
    ("未给河宽，岸深自河道中心线量起", "no river width is given: banks are measured from the centre line"),
    ("上游只有 {m} 米河道", "only {m} m of river upstream"),
    ("下游只有 {m} 米河道", "only {m} m of river downstream"),
    ("上游只有 {m} 米河道、下游只有 {n} 米河道", "only {m} m of river upstream and {n} m downstream"),
    ("没有水面图形", "there is no outline of the water"),
    (
        "没有水面图形，按取水口周围全为水面划定，范围偏大",
        "there is no outline of the water: all around the intake is taken for water, which is too much",
    ),
    ("没有水面图形，不能划定全部水域", "there is no outline of the water, so all of it cannot be drawn"),
    ("没有水面图形，入库河流未上溯", "there is no outline of the water: inflows were not followed"),
    ("取水口未知，假定在河流出库处", "the intake is not known and taken to be where the river leaves"),
    ("没有取水口，不能按半径划定", "there is no intake, so no radius can be drawn"),
    ("取水口在水面之外 {m} 米", "the intake lies {m} m off the water"),
    ("取水口半径内没有水面", "there is no water within the radius of the intake"),
    ("水井没有位置", "the well has no position"),
    ("宽度为使用者给定，非批准的范围", "the width was given by the user; not an approved zone"),
    ("{n}行没有图形或宽度", "rows without a geometry or width: {n}"),
    ("宽度为0，没有范围", "the width is 0, so there is no area"),
    ("岸宽自河道中心线量起", "banks are measured from the centre line"),
    # where an intake is on the river
    ("河网没有可用的河段", "the river network has no usable reach"),
    ("取水口没有位置", "the intake has no position"),
    (
        "河网没有“{river}”，取最近的河段",
        "the network has no river {river}; the nearest reach was taken",
    ),
    (
        "河网没有“{river}”；最近的是{reach}，相距{m} m",
        "the network has no river {river}; the nearest is {reach}, {m} m away",
    ),
    ("最近的{reach}相距{m} m，超过{most} m", "the nearest reach, {reach}, is {m} m away, more than {most} m"),
    ("取水口没有写明河流，取最近的河段", "the intake names no river; the nearest reach was taken"),
    ("河网没有河名，取最近的河段", "the network has no names of rivers; the nearest reach was taken"),
    ("到{reach}同样近（{m} m）", "{reach} is as near ({m} m)"),
    ("位于汇合处，也可归{reach}", "lies at a confluence and may belong to {reach}"),
    ("{reach}更近", "{reach} is nearer"),
    # the way downstream
    ("项目没有位置", "the site has no position"),
    ("不在河网上", "not on the river network"),
    ("仅与分区边界相接，需复核", "only touches the border of the zone, to be checked"),
    (
        "距河道 {m} 米，按最近河段汇入，未看分水岭",
        "{m} m from the river: taken to drain to the nearest reach, watersheds were not looked at",
    ),
    ("在 {n} 处涉河，按最近一处计", "meets rivers at {n} places; the nearest to the zone counts"),
    (
        "到 {n} 处河道同样近，均已追踪，按最近一路计",
        "{n} places on rivers are as near; all were followed, the shortest way counts",
    ),
    (
        "途中分汊，各汊均已追踪，取最短水路",
        "the river parts on the way; all arms were followed, the shortest way counts",
    ),
    ("分区为示例数据", "the zone is synthetic example data"),
    ("分区为推导，未经批准", "the zone is derived, not approved"),
    ("分区为假定", "the zone is assumed"),
    ("分区所用距离未核实", "the distances of the zone are unverified"),
    ("没有可查的分区", "there is no zone to check"),
    ("河网在下行 {far}处终止，以下未查", "the network ends {far} downstream; what follows was not checked"),
    ("{n} 个分区没有图形，未查", "zones without a geometry, not checked: {n}"),
    # alternatives
    ("坐标不是有限数", "a coordinate is no finite number"),
    (
        "图形自相交或重叠，已修复后面积为零",
        "the geometry crossed itself and has no area when mended",
    ),
    ("{n} 个分区无可用图形，未计入", "zones without a usable shape, left out: {n}"),
    (
        "有分区图层的大地基准不同，没有转换参数（TOWGS84），坐标未平移，偏差未知",
        "a layer of zones is in another datum: without parameters (TOWGS84) nothing was shifted, "
        "and how far it is off is not known",
    ),
    ("不是面，未计算可用部分", "no polygon: no free part was worked out"),
    ("无可用部分", "no part is free"),
    (
        "另有 {n} 块共 {m2} 平方米，各小于 {least} 平方米，未计入",
        "parts smaller than {least} m², left out: {n}, together {m2} m²",
    ),
    ("另有 {n} 个方向的平移同样短", "as short a shift leads in other directions: {n}"),
    ("不是线，无里程", "no line, so there are no kilometres"),
    ("线长为零，无里程", "the line has no length, so there are no kilometres"),
    ("沿分区边界，需复核", "runs along the border of a zone, to be checked"),
    ("仅与分区边界相接，无长度", "only touches the border of a zone, without length"),
    (
        "多段线不相接：里程按各段顺序连续累计，间隔不计",
        "the parts of the line do not join: kilometres run on over them, the gaps do not count",
    ),
)  # fmt: skip

_EXTENTS = {"乡镇": "township", "控制单元": "control unit", "区县": "county", "所在地": "place"}
_SOURCES = {"一级": "primary zone", "二级": "secondary zone", "准": "quasi zone"}


def flag(key: str, **values: object) -> str:
    """Return a sentence of screening in Chinese, as it stands in a ``*_flag`` column.

    Examples
    --------
    >>> from chaoyang_geo.flags import flag
    >>> flag("layer_empty", layer="红线"), flag("missing")
    ('图层“红线”为空', '无图形')
    """
    return _SCREENING[key][0].format(**values)


def joined(*flags: str) -> str:
    """Return sentences as one flag; empty ones are left out.

    Examples
    --------
    >>> from chaoyang_geo.flags import joined
    >>> joined("无图形", "", "活动不在词表")
    '无图形；活动不在词表'
    """
    return JOINT.join(each for each in flags if each)


def without_zone(flags: Iterable[str], meridian: Iterable[float]) -> list[str]:
    """Return flags of sites, with why those without a CGCS2000 zone are not looked at.

    ``meridian`` is as :func:`chaoyang_geo.crs.zone_meridians` returns it: of such a site no number.

    Examples
    --------
    >>> from chaoyang_geo.flags import without_zone
    >>> without_zone(["", "无图形"], [120.0, float("nan")])
    ['', '无图形；坐标在地球上没有位置，或宽逾90度']
    """
    return [
        text
        if math.isfinite(each)
        else joined(text, flag("nowhere" if math.isnan(each) else "outside_zones"))
        for text, each in zip(flags, meridian, strict=True)
    ]


def flag_text(text: object, lang: str) -> str:
    """Return a flag for people: as it is in Chinese, each sentence in English.

    Names and clauses inside stay as they are written, and so does a sentence that is none of this
    library.

    Parameters
    ----------
    text : str
        A cell of a ``*_flag`` column; a missing one is ``''``.
    lang : {"zh", "en"}

    Examples
    --------
    >>> from chaoyang_geo.flags import flag_text
    >>> flag_text("活动不在词表；图层“甲”为空", "en")
    'the activity is not in the vocabulary; the layer 甲 is empty'
    >>> flag_text("活动不在词表", "zh"), flag_text("自己的话", "en"), flag_text(None, "en")
    ('活动不在词表', '自己的话', '')
    """
    at = ("zh", "en").index(lang)
    plain = clean(text)
    return _english(plain) if at else plain


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Return what each sentence looks like, the most words first, and its English."""

    def words(zh: str) -> int:
        return len(re.sub(r"{\w+}", "", zh))

    pairs = sorted([*_SCREENING.values(), *_OTHERS], key=lambda pair: -words(pair[0]))
    found = []
    for zh, en in pairs:
        parts = re.split(r"{(\w+)}", zh)
        text = "".join(
            _group(part) if place % 2 else re.escape(part) for place, part in enumerate(parts)
        )
        found.append((re.compile(text, re.DOTALL), en))
    return found


def _group(name: str) -> str:
    number = name in ("n", "m", "m2", "least", "most")
    return rf"(?P<{name}>[\d,.]+)" if number else f"(?P<{name}>.+?)"


@lru_cache(maxsize=4096)
def _english(text: str) -> str:
    """Return all sentences of a flag in English."""
    parts = text.split(JOINT)
    found = []
    place = 0
    while place < len(parts):
        # a sentence of two parts is tried first; a name inside may hold the joint, too
        sentence, end = _sentence(JOINT.join(parts[place : place + 2]), two=True), place + 2
        if sentence is None:
            for end in range(place + 1, len(parts) + 1):
                sentence = _sentence(JOINT.join(parts[place:end]))
                if sentence is not None:
                    break
        if sentence is None:
            sentence, end = parts[place], place + 1
        found.append(sentence)
        place = end
    return "; ".join(found)


def _sentence(text: str, *, two: bool = False) -> str | None:
    """Return one sentence in English, None where it is none of these."""
    for pattern, english in _patterns():
        match = None if two and JOINT not in pattern.pattern else pattern.fullmatch(text)
        if match:
            values = {name: _value(name, value) for name, value in match.groupdict().items()}
            return english.format(**values)
    return None


def _value(name: str, text: str) -> str:
    """Return what stands in a brace in English, where it is a word of this library."""
    if name == "kind":
        return _kinds().get(text, text)
    if name == "verdict":
        return VERDICTS.get(text, text)
    if name == "far":
        return text.replace("公里", "km").replace("米", "m")
    if name == "extent":
        return _EXTENTS.get(text, text)
    if name == "reach":
        named = re.fullmatch("(?:“(.+)”)?河段(.+)", text)
        return (
            text if named is None else f"reach {named[2]}" + (f" of {named[1]}" if named[1] else "")
        )
    if name == "why":
        return _sentence(text) or text
    if name == "sources":
        return ", ".join(_SOURCES.get(each, each) for each in text.split("、"))
    if name == "layers":
        return text.replace("”、“", "”, “")  # a name may hold the comma of lists
    if name == "grades":
        return ", ".join(_grade_verdict(each) for each in text.split("，"))
    return text.replace("、", ", ") if name == "list" else text


@cache
def _kinds() -> dict[str, str]:
    """Return kinds, and kinds with their grades, by their Chinese names."""
    found = dict(KINDS.values())
    for (kind, _), (zh, en) in GRADES.items():
        found[f"{KINDS[kind][0]}（{zh}）"] = f"{KINDS[kind][1]} ({en})"
    return found


def _grade_verdict(text: str) -> str:
    """Return 核心保护区禁止 as: core zone forbidden."""
    for zh, en in GRADES.values():
        if text.startswith(zh) and text.removeprefix(zh) in VERDICTS:
            return f"{en} {VERDICTS[text.removeprefix(zh)]}"
    return text
