"""The words of the maps, in Chinese and English; a test proves that none is missing."""

from __future__ import annotations

from chaoyang_geo.schema import one_of

_WORDS: dict[str, tuple[str, str]] = {
    # subtitle
    "subtitle_counts": (
        "{units} 个控制单元，{sections} 个监测断面",
        "{units} control units, {sections} monitoring sections",
    ),
    "subtitle_read": (
        "监测时间 {period}，{read} 个断面已评类别",
        "sampled {period}, {read} sections classed",
    ),
    "subtitle_period": (
        "评价时段 {period}，{read} 个断面已评类别",
        "period {period}, {read} sections classed",
    ),
    "subtitle_unclassed": ("，{n} 个未评类别", ", {n} not classed"),
    "subtitle_none": ("未载入监测数据", "no readings loaded"),
    "subtitle_source": ("数据：{source}", "data: {source}"),
    "china_time": ("（北京时间）", " (UTC+8)"),
    # groups and layers
    "group_quality": ("水质评价", "Water quality"),
    "group_water": ("水系", "Water"),
    "group_places": ("行政区划", "Divisions"),
    "group_own": ("其他图层", "Other layers"),
    "layer_units": ("控制单元", "Control units"),
    "layer_sections": ("监测断面", "Sections"),
    "layer_rivers": ("河流", "Rivers"),
    "layer_reservoirs": ("水库", "Reservoirs"),
    "layer_counties": ("区县界", "County borders"),
    # legend
    "legend": ("图例", "Legend"),
    "legend_class": ("水质类别", "Water-quality class"),
    "legend_class_head": ("类别 状况", "class, state"),
    "legend_units": ("单元", "units"),
    "legend_sections": ("断面", "sections"),
    "legend_rivers": ("河流（按上游集水面积）", "Rivers by upstream area"),
    "legend_other": ("其他", "Other"),
    "legend_section_read": ("监测断面（按类别着色）", "section, coloured by class"),
    "legend_section_none": ("监测断面（无类别）", "section without a class"),
    "legend_ground": ("区县内、控制单元外", "in a county, outside the control units"),
    "river_below": ("< {high} km²", "< {high} km²"),
    "river_between": ("{low}～{high} km²", "{low} to {high} km²"),
    "river_above": ("≥ {low} km²", "≥ {low} km²"),
    "no_reading": ("无监测数据", "no readings"),
    "no_class": ("未评类别", "not classed"),
    # panel
    "layers": ("图层", "Layers"),
    "units_list": ("控制单元一览", "Control units"),
    "list_class": ("类别", "Class"),
    "list_deciding": ("定类因子", "Deciding item"),
    "notes": ("说明", "Notes"),
    "sources": ("数据来源", "Sources"),
    "north": ("北", "N"),
    "home": ("全图", "Whole map"),
    "close": ("关闭", "Close"),
    "zoom_in": ("放大", "Zoom in"),
    "zoom_out": ("缩小", "Zoom out"),
    "no_script": (
        "此地图需要启用浏览器的脚本功能。",
        "This map needs scripts to be enabled in the browser.",
    ),
    # popup
    "unit": ("控制单元", "control unit"),
    "section": ("监测断面", "monitoring section"),
    "why_none": (
        "所给读数中没有断面{sections}的数据，因此不评类别；没有数据不等于水质好。",
        "The readings hold nothing for {sections}, so no class is given; "
        "missing is not the same as good.",
    ),
    "why_worst": (
        "本单元有 {n} 个断面，单元类别取各断面中最差的类别。",
        "The unit has {n} sections; its class is the worst of theirs.",
    ),
    "why_partial": (
        "{n} 个断面中只有 {read} 个已评类别（{missing}），单元类别仅依据{present}。",
        "Only {read} of {n} sections are classed ({missing}), "
        "so the class rests on {present} alone.",
    ),
    "name_state": ("{name}{state}", "{name}: {state}"),
    "later_without_class": (
        "{time} 的监测没有可评的数据，此处为此前最近一次。",
        "The sampling of {time} had nothing to classify; shown is the latest one before it.",
    ),
    "target": ("目标类别", "target class"),
    "attained": ("达标", "attained"),
    "not_attained": ("未达标", "not attained"),
    "target_of": ("{target}（{quality}）", "{target} ({quality})"),
    "time": ("监测时间", "sampling time"),
    "period": ("评价时段", "period"),
    "to": ("至", " to "),
    "reading_source": ("读数来源", "source of the readings"),
    "items_missing": ("缺测指标", "items missing"),
    "items_undecided": ("未能判定指标", "items undecided"),
    "times_over": ("超标倍数", "exceedance multiple"),
    "times_over_of": ("{item} {n} 倍", "{item} {n}"),
    "published_class": ("发布的类别", "published class"),
    "basin": ("流域", "basin"),
    "water_body": ("所在水体", "water body"),
    "section_label": ("断面", "section"),
    "sections_label": ("断面", "sections"),
    "unit_label": ("所属单元", "control unit"),
    "level": ("断面级别", "level"),
    "aliases": ("别名", "other names"),
    "area": ("面积", "area"),
    "upstream": ("上游集水面积", "upstream area"),
    "length": ("长度", "length"),
    "position": ("位置", "position"),
    "position_accuracy": ("约 {km} km 以内", "within about {km} km"),
    "quality": ("数据性质", "quality"),
    "source": ("来源", "source"),
    "projects": ("规划工程", "plan's projects"),
    "projects_count": ("{n} 项（按名称可落到本单元）", "{n} (those whose name says so)"),
    "not_drawn": ("{name}（无位置，未绘制）", "{name} (no position, not drawn)"),
    "table_items": ("{section}各项指标", "Items at {section}"),
    "head_item": ("指标", "item"),
    "head_value": ("监测值", "value"),
    "head_mean": ("均值", "mean"),
    "head_class": ("单项类别", "class"),
    "head_limit": ("限值", "limit"),
    "not_measured": ("未测", "not measured"),
    "note_items": (
        "“—”：不参与类别评价。",
        "“—”: not part of the class.",
    ),
    # why an item that counts has no class; in Chinese the flag of the reading comes first
    "item_below": ("低于检出限，不能判定", "below detection limit, undecided"),
    "item_above": ("超出量程，不能判定", "above range, undecided"),
    "item_unit": ("单位不可比，未作评价", "unit not comparable"),
    "item_no_value": ("没有数值", "no value"),
    "counts": ("个", "counts"),
    "table_members": ("组成乡镇（{n} 个）", "Member townships ({n})"),
    "members_unmatched": (
        "带 * 的 {n} 个名称未匹配到统计用区划代码。",
        "{n} names marked * were matched to no division code.",
    ),
    "member_now": ("{name}（今{now}）", "{name} (now {now})"),
    "member_in": ("{name}（在{now}）", "{name} (in {now})"),
    "county": ("区县", "county"),
    "township": ("乡镇", "township"),
    "unnamed_river": ("未命名河段", "unnamed reach"),
    "unnamed": ("（未命名）", "(unnamed)"),
    # notes
    "note_derived": (
        "{things}由数字高程模型推求，非官方成果。",
        "{things}: derived from an elevation model, not official.",
    ),
    "thing_units": ("控制单元边界", "Boundaries of the control units"),
    "thing_rivers": ("河流线", "river lines"),
    "thing_sections": ("断面位置", "positions of the sections"),
    "note_position": (
        "断面位置精度约 {km} km。",
        "Positions of the sections are good to about {km} km.",
    ),
    "note_target": (
        "断面目标类别（{targets}）为假定。",
        "The target class of the sections ({targets}) is assumed.",
    ),
    "note_no_position": (
        "断面{names}无可用位置，未绘制。",
        "No position is known for section {names}: not drawn.",
    ),
    "note_no_shape": (
        "图层“{layer}”有 {n} 行没有可绘制的几何，未绘制：{names}。",
        "Layer “{layer}”: {n} rows have no geometry that can be drawn: {names}.",
    ),
    "note_latest": (
        "同一断面有多个监测时间的，取最近一次。",
        "Of several sampling times of a section the latest is shown.",
    ),
    "note_latest_period": (
        "同一断面有多个评价时段的，取最近一个。",
        "Of several periods of a section the latest is shown.",
    ),
    "note_means": (
        "类别按各项目均值评价，均值的小数位数依环办监测函〔2020〕82号（见于单一来源）。",
        "Classes of means, rounded to the decimals of Circular 82 of 2020 (known from one source).",
    ),
    "note_unknown": (
        "{n} 行评价结果的断面不在本规划中，未绘制：{names}。",
        "{n} assessed rows belong to no section of the plan and are not drawn: {names}.",
    ),
    "note_synthetic": (
        "含合成示例数据，不代表实际情况：{layers}。",
        "Holds synthetic example data, not the real state: {layers}.",
    ),
    "note_method": (
        "类别按{standard}单因子评价，用语与颜色名称依环办〔2011〕22号。",
        "Classes: {standard}, the worst item decides; words and colour names of the state "
        "follow Circular 22 of 2011.",
    ),
    "note_review": (
        "审图号：无。本图未经地图审核，仅供内部分析使用。",
        "Map review number: none. Not reviewed for publication; for internal analysis only.",
    ),
    "and_more": ("等", " and others"),
    "comma": ("、", ", "),
    "stop": ("；", "; "),
    # values
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "quality_official": ("官方", "official"),
    "quality_published": ("已发布", "published"),
    "quality_derived": ("推求", "derived"),
    "quality_assumed": ("假定", "assumed"),
    "quality_synthetic": ("合成示例", "synthetic"),
    "level_national": ("国控", "national"),
    "level_provincial": ("省控", "provincial"),
    "level_municipal": ("市控", "municipal"),
}


def words(lang: str) -> dict[str, str]:
    """Return every word of the maps in one language, by key.

    Examples
    --------
    >>> from chaoyang_geo.maps.words import words
    >>> words("zh")["no_reading"], words("en")["no_reading"]
    ('无监测数据', 'no readings')
    """
    one_of("lang", lang, ("zh", "en"))
    return {key: pair[0 if lang == "zh" else 1] for key, pair in _WORDS.items()}


def in_lang(text: str, lang: str) -> str:
    """Return the half of a bilingual flag ``中文 / English`` that ``lang`` asks for.

    Examples
    --------
    >>> from chaoyang_geo.maps.words import in_lang
    >>> in_lang("位置为推定 / position derived", "en"), in_lang("mg / L", "en")
    ('position derived', 'mg / L')
    """
    left, slash, right = text.partition(" / ")
    bilingual = slash and not left.isascii() and right.isascii()
    return (left if lang == "zh" else right) if bilingual else text


def has_chinese(text: str) -> bool:
    """Return whether a text holds Chinese characters.

    Examples
    --------
    >>> from chaoyang_geo.maps.words import has_chinese
    >>> has_chinese("Ⅱ类"), has_chinese("class Ⅱ")
    (True, False)
    """
    return any("\u4e00" <= character <= "\u9fff" for character in text)
