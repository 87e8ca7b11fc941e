"""The words of a finding, Chinese and English, and how numbers are written for people."""

from __future__ import annotations

import math
import re

#: Verdicts, most severe first, with their English.
VERDICTS: dict[str, str] = {
    "禁止": "forbidden",
    "无法判断": "cannot be judged",
    "压线需复核": "on the line, to be checked",
    "限制": "restricted",
    "允许有条件": "allowed on conditions",
    "允许": "allowed",
    "无冲突": "no conflict",
}

#: Key of a verdict in style sheets.
VERDICT_KEYS = dict(
    zip(VERDICTS, ("no", "unknown", "line", "limit", "if", "yes", "free"), strict=True)
)

#: Colours of a verdict: strong and pale. The word itself always stands beside the colour.
VERDICT_COLOURS: dict[str, tuple[str, str]] = {
    "禁止": ("#b3261e", "#fdecea"),
    "无法判断": ("#5f3b8a", "#f3edf9"),
    "压线需复核": ("#b45309", "#fff4e0"),
    "限制": ("#a8481a", "#fdf0e8"),
    "允许有条件": ("#1d5e97", "#e9f2fa"),
    "允许": ("#2c6e3f", "#eaf5ec"),
    "无冲突": ("#2c6e3f", "#eaf5ec"),
}

#: Kinds of zones that a screening is expected to answer for: key, Chinese, English.
KINDS: dict[str, tuple[str, str]] = {
    "eco_red_line": ("生态保护红线", "ecological red line"),
    "nature_reserve": ("自然保护地", "protected natural area"),
    "drinking_water": ("饮用水水源保护区", "drinking-water source zone"),
    "management_unit": ("环境管控单元", "environmental management unit"),
    "function_zone": ("生态功能区", "ecological function zone"),
    "river_bank": ("河岸", "river bank"),
    "reservoir_bank": ("库岸", "reservoir bank"),
    "permanent_cropland": ("永久基本农田", "permanent basic cropland"),
    "town": ("城镇", "town"),
}

#: Grades by kind.
GRADES: dict[tuple[str, str], tuple[str, str]] = {
    ("eco_red_line", "core"): ("核心保护区", "core zone"),
    ("eco_red_line", "general"): ("一般控制区", "general control zone"),
    ("nature_reserve", "core"): ("核心保护区", "core zone"),
    ("nature_reserve", "general"): ("一般控制区", "general control zone"),
    ("drinking_water", "primary"): ("一级", "primary zone"),
    ("drinking_water", "secondary"): ("二级", "secondary zone"),
    ("drinking_water", "quasi"): ("准", "quasi-protection zone"),
    ("management_unit", "priority"): ("优先保护", "priority protection unit"),
    ("management_unit", "key"): ("重点管控", "key management unit"),
    ("management_unit", "general"): ("一般管控", "general management unit"),
}

_RELATIONS = {
    "inside": ("位于区内", "inside"),
    "overlaps": ("部分位于区内", "partly inside"),
    "touches": ("与边界相接", "touches the border"),
    "near": ("位于区外", "outside"),
}
_STATUSES = {
    "verified": ("已核实", "verified"),
    "single source": ("单一来源", "single source"),
    "derived": ("推导", "derived"),
    "unverified": ("未核实", "unverified"),
    "not found": ("未查到", "not found"),
    "user": ("用户规则", "user's rule"),
}
_STATES = {
    "ok": ("已核查", "checked"),
    "empty": ("图层为空", "layer is empty"),
    "unreadable": ("图层无法读取", "layer cannot be read"),
}
_QUALITIES = {
    "official": ("官方", "official"),
    "published": ("已发布", "published"),
    "derived": ("推导", "derived"),
    "assumed": ("假定", "assumed"),
    "synthetic": ("示例数据", "synthetic example data"),
}

SYNTHETIC = ("示例数据", "SYNTHETIC EXAMPLE")

#: Words of the page, of Word, of Excel: Chinese, English.
_WORDS: dict[str, tuple[str, str]] = {
    "title": ("建设项目空间准入核查结论", "Finding on a project site"),
    "index_title": ("建设项目空间准入核查：结论一览", "Findings on project sites: overview"),
    "site": ("项目", "Site"),
    "code": ("编码", "Code"),
    "activity": ("建设活动", "Activity"),
    "unknown_activity": ("不在词表", "not in the vocabulary"),
    "size": ("图形与规模", "Shape and size"),
    "centre": ("中心位置（CGCS2000）", "Centre (CGCS2000)"),
    "site_accuracy": ("项目位置精度", "Accuracy of the site"),
    "not_stated": ("未提供", "not stated"),
    "point": ("点", "point"),
    "line": ("线", "line"),
    "polygon": ("面", "polygon"),
    "mixed": ("混合图形", "mixed shapes"),
    "no_shape": ("无图形", "no shape"),
    "screened": ("核查日期", "Screened on"),
    "expires": ("有效期至", "Valid until"),
    "valid": (
        "{days} 天；任一图层或规则更新即提前失效",
        "{days} days; any new version of a layer or rule ends it earlier",
    ),
    "verdict": ("结论", "Verdict"),
    "why": ("理由", "Reason"),
    "doubt": ("存疑与限制", "Doubts and limits"),
    "map": ("位置图", "Map"),
    "no_map": ("项目没有可用图形，无法绘图。", "The site has no usable shape, so there is no map."),
    "no_compare": (
        "项目没有可用图形，未与任何分区比较。",
        "The site has no usable shape and was not compared with any zone.",
    ),
    "zones_not_given": ("未提供分区图形，图上只有项目。", "No zone shapes were given: the map shows the site alone."),
    "unlabelled": ("图中未注记：", "Not labelled on the map: "),
    "scale": ("A4 打印时主图约 1:{scale}", "main map about 1:{scale} when printed on A4"),
    "overview": ("位置概览", "Overview"),
    "legend": ("图例", "Legend"),
    "this_site": ("本项目", "this site"),
    "this_area": ("约略范围", "approximate area"),
    "band": ("误差带 {band}", "band of doubt {band}"),
    "north": ("北", "N"),
    "zones": ("涉及与邻近的分区", "Zones concerned and near by"),
    "zones_none": ("在 {distance} 以内没有任何已核查的分区。", "There is no checked zone within {distance}."),
    "zone": ("分区", "Zone"),
    "how": ("位置关系与数量", "Relation and size"),
    "basis": ("依据", "Basis"),
    "overlap": ("重叠", "overlap"),
    "crossing": ("穿越", "crosses"),
    "of_site": ("占项目 {share}", "{share} of the site"),
    "of_zone": ("占分区 {share}", "{share} of the zone"),
    "geodesic": ("椭球面 {size}", "on the ellipsoid {size}"),
    "apart": ("相距 {distance}", "{distance} away"),
    "within_band": ("误差带 ±{band}", "band of doubt ±{band}"),
    "no_rule": ("无适用规则", "no rule applies"),
    "no_rule_needed": ("不在区内", "not inside"),
    "rule_no": ("规则 {rule}", "rule {rule}"),
    "checked": ("已核查的图层", "Layers that were checked"),
    "layer": ("图层", "Layer"),
    "version": ("版本", "Version"),
    "n_zones": ("分区数", "Zones"),
    "accuracy": ("精度", "Accuracy"),
    "quality": ("数据性质", "Quality"),
    "state": ("状态", "State"),
    "hash": ("内容校验值 SHA-256", "Content hash SHA-256"),
    "source": ("来源", "Source"),
    "unchecked": ("未核查的内容", "What was not checked"),
    "unchecked_kinds": (
        "下列分区类型没有可用图层，本结论对其不作判断：",
        "No usable layer was at hand for these kinds of zones; this finding says nothing about them:",
    ),
    "all_kinds": ("标准清单中的分区类型均有图层。", "Every kind of zone of the standard list has a layer."),
    "no_layer": ("无图层", "no layer"),
    "limits": (
        "本结论只比较项目图形与所列图层；未作现场踏勘，未核查上下游水力联系、权属与审批手续、"
        "累积影响、排放量和图层未收录的地方性规定。",
        "This finding compares the shape of the site with the layers listed, and nothing else: no visit, "
        "no link up- or downstream, no title or permit, no cumulative effect, no amount discharged, no "
        "local rule that the rule set does not hold.",
    ),
    "rule_doubt": (
        "规则状态为“未核实”“单一来源”“推导”的条文须对照正式文本后方可引用。",
        "A rule that is unverified, derived or from a single source must be compared with the official "
        "text before it is cited.",
    ),
    "signatures": ("签署", "Signatures"),
    "signers": ("编制|校核|审核|批准（盖章）", "Prepared by|Checked by|Reviewed by|Approved by (seal)"),
    "sign_date": ("日期", "Date"),
    "sets": ("规则集", "Rule sets"),
    "rules_hash": ("规则校验值", "Hash of the rules"),
    "crs": ("量算坐标系", "Measured in"),
    "tolerance": ("默认误差带", "Default band"),
    "reach": ("查找范围", "Search distance"),
    "synthetic_note": (
        "示例数据：项目或图层为演示虚构，本页不得用于任何审批或决策。",
        "Synthetic example data: the site or a layer is invented. Not to be used for any decision.",
    ),
    "approximate_note": (
        "约略位置：项目的准确位置未知，以{extent}的范围代表。重叠面积和比例是该范围的，不是项目占地；"
        "结论最多为“压线需复核”。",
        "Approximate position: the place is not known; the outline of its {extent} stands for it. Areas "
        "and shares are those of that outline, not of the project; the verdict is at most “on the line, "
        "to be checked”.",
    ),
    "township": ("乡镇", "township"),
    "unit": ("控制单元", "control unit"),
    "county": ("区县", "county"),
    "place": ("所在地", "place"),
    "quality_unknown": (
        "未说明数据性质的图层：", "Layers whose quality is not stated: "),
    "files": ("结论页", "Page"),
    "sheet_sites": ("结论", "verdicts"),
    "sheet_findings": ("逐区", "zones"),
    "sheet_checked": ("核查图层", "layers"),
    "sheet_rules": ("规则", "rules"),
    "sheet_unchecked": ("未核查", "not checked"),
    "page_no": ("第 {page} 页，共 {pages} 页", "page {page} of {pages}"),
    "what": ("内容", "What"),
    "reason": ("原因", "Why"),
    "more": ("另有 {n} 个未列出，见 Excel。", "{n} more are in the workbook."),
    "english_note": ("", "Names, clauses and notes are printed as they stand in the data."),
    "comma": ("，", ", "),
    "stop": ("；", "; "),
    "list": ("、", ", "),
}  # fmt: skip

# what XML 1.0 cannot hold, what turns the direction of the text around, and what is no character
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def words_of(lang: str) -> dict[str, str]:
    """Return the words of a language by key."""
    at = ("zh", "en").index(lang)
    return {key: pair[at] for key, pair in _WORDS.items()}


def clean(value: object) -> str:
    """Return a text that every kind of file can hold; a character that none can is ``�``.

    Examples
    --------
    >>> from chaoyang_geo.findings.words import clean
    >>> clean("甲\\x00乙"), clean(None), clean(float("nan"))
    ('甲�乙', '', '')
    """
    if value is None or value != value:
        return ""
    return _UNFIT.sub("\ufffd", str(value))


def kind_name(kind: str, grade: str, lang: str) -> str:
    """Return kind and grade of a zone for people; unknown ones stay as they are written.

    Examples
    --------
    >>> from chaoyang_geo.findings.words import kind_name
    >>> kind_name("drinking_water", "primary", "zh"), kind_name("town", "", "en")
    ('饮用水水源保护区（一级）', 'town')
    """
    at = ("zh", "en").index(lang)
    name = KINDS[kind][at] if kind in KINDS else clean(kind)
    if not grade:
        return name
    word = GRADES[kind, grade][at] if (kind, grade) in GRADES else clean(grade)
    return f"{name}（{word}）" if lang == "zh" else f"{name} ({word})"


_SHORT_KINDS = {
    "eco_red_line": "red line", "nature_reserve": "protected area", "drinking_water": "water source",
    "management_unit": "management unit", "function_zone": "function zone",
    "permanent_cropland": "permanent cropland",
}  # fmt: skip


def legend_name(kind: str, grade: str, lang: str) -> str:
    """Return kind and grade of a zone in few letters, for a legend.

    Examples
    --------
    >>> from chaoyang_geo.findings.words import legend_name
    >>> legend_name("management_unit", "priority", "en"), legend_name("town", "", "zh")
    ('management unit: priority', '城镇')
    """
    if lang == "zh":
        return kind_name(kind, grade, lang)
    name = _SHORT_KINDS.get(kind) or kind_name(kind, "", lang)
    return f"{name}: {clean(grade)}" if grade else name


def verdict_name(verdict: str, lang: str) -> str:
    """Return a verdict for people."""
    return verdict if lang == "zh" else VERDICTS.get(verdict, verdict)


def relation_name(relation: str, lang: str) -> str:
    """Return how a site lies to a zone, for people."""
    return _pick(_RELATIONS, relation, lang)


def status_name(status: str, lang: str) -> str:
    """Return how far a rule is checked, for people."""
    return _pick(_STATUSES, status, lang)


def state_name(state: str, lang: str) -> str:
    """Return the state of a layer, for people."""
    return _pick(_STATES, state, lang)


def quality_name(quality: str, lang: str) -> str:
    """Return qualities, joined by ``;``, for people."""
    joint = "、" if lang == "zh" else ", "
    return joint.join(_pick(_QUALITIES, each, lang) for each in quality.split(";") if each)


def _pick(table: dict[str, tuple[str, str]], key: str, lang: str) -> str:
    pair = table.get(key)
    return clean(key) if pair is None else pair[("zh", "en").index(lang)]


def area_text(m2: float, lang: str) -> str:
    """Return an area for people: square metres, from one hectare on hectares.

    Examples
    --------
    >>> from chaoyang_geo.findings.words import area_text
    >>> area_text(123.44, "zh"), area_text(123456.0, "en")
    ('123.4 平方米', '12.35 ha')
    """
    if m2 >= 1e4:
        return f"{m2 / 1e4:,.2f} {'公顷' if lang == 'zh' else 'ha'}"
    return f"{m2:,.1f} {'平方米' if lang == 'zh' else 'm²'}"


def length_text(m: float, lang: str) -> str:
    """Return a length for people: metres, from one kilometre on kilometres.

    Examples
    --------
    >>> from chaoyang_geo.findings.words import length_text
    >>> length_text(20.0, "zh"), length_text(1234.0, "en")
    ('20 米', '1.23 km')
    """
    if m >= 1e3:
        return f"{m / 1e3:,.2f} {'公里' if lang == 'zh' else 'km'}"
    number = f"{m:,.1f}".removesuffix(".0")
    return f"{number} {'米' if lang == 'zh' else 'm'}"


def share_text(share: float) -> str:
    """Return a share in percent; what is not nothing is never written 0 %, nor all but all 100 %.

    Examples
    --------
    >>> from chaoyang_geo.findings.words import share_text
    >>> share_text(0.12345), share_text(0.000004), share_text(1.0), share_text(0.99999)
    ('12.3 %', '<0.01 %', '100 %', '>99.9 %')
    """
    percent = 100 * share
    if 0 < percent < 0.01:
        return "<0.01 %"
    if 99.9 < percent < 100:
        return ">99.9 %"
    if percent < 1:
        return f"{percent:.2f} %"
    return f"{percent:.1f} %".replace(".0 %", " %")


def degrees_text(longitude: float, latitude: float) -> str:
    """Return a place in degrees, minutes and seconds.

    Examples
    --------
    >>> from chaoyang_geo.findings.words import degrees_text
    >>> degrees_text(120.5, 41.51)
    '120°30′00″E, 41°30′36″N'
    """
    parts = []
    for value, signs in ((longitude, "EW"), (latitude, "NS")):
        seconds = round(abs(value) * 3600)
        sign = signs[0] if value >= 0 else signs[1]
        parts.append(f"{seconds // 3600}°{seconds // 60 % 60:02d}′{seconds % 60:02d}″{sign}")
    return ", ".join(parts)


def known(value: object) -> bool:
    """Tell whether a number is there."""
    return isinstance(value, int | float) and math.isfinite(value)
