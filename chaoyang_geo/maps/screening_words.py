"""The words of the map of a screening, in Chinese and English."""

from __future__ import annotations

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("建设项目空间准入核查图", "Screening of project sites"),
    "synthetic": ("示例数据", "SYNTHETIC EXAMPLE"),
    "marked": ("{text}（{mark}）", "{text} ({mark})"),
    # subtitle
    "counts": ("{n} 个项目：{verdicts}", "{n} sites: {verdicts}"),
    "on": ("核查日期 {day}", "screened on {day}"),
    "no_day": ("未写核查日期", "no date of screening"),
    "layers": ("核查图层 {n} 个", "{n} layers"),
    # layers
    "group_sites": ("项目（按结论）", "Sites by verdict"),
    "group_zones": ("分区", "Zones"),
    "between_verdicts": ("、", " / "),
    "with_count": ("{name} {n}", "{name} {n}"),
    "layer_approximate": ("约略位置的项目", "Sites of which only an area is known"),
    "layer_units": ("控制单元界", "Borders of control units"),
    "approximate": ("约略位置", "approximate"),
    "several": ("{n} 个项目", "{n} projects"),
    # ways
    "group_ways": ("去向与备选", "Downstream and alternatives"),
    "ways_course": ("水的去向（沿河网）", "way of the water along the rivers"),
    "ways_free": ("备选：可用部分", "alternative: free part"),
    "ways_moved": ("备选：平移后位置", "alternative: after the smallest shift"),
    "ways_stretch": ("线路涉及分区的区段", "stretch of a line in a zone"),
    "ways_bands": ("距最近分区的等距带", "bands by distance to the nearest zone"),
    "legend_ways": ("去向与备选（备选仅供参考）", "Downstream and alternatives (for discussion)"),
    "legend_bands": (
        "{name}（图层中打开）",
        "Bands by distance to the nearest zone (switch on under Layers)",
    ),
    "ways_note": (
        "备选仅供参考，非结论；只看所列图层，未考虑地形、用地、权属和造价。",
        "For discussion, no finding: only the layers listed were looked at, not terrain, land use, "
        "title or cost.",
    ),
    "way_to": ("{site} → {zone}", "{site} → {zone}"),
    "along_river": ("沿河距离", "along the river"),
    "free_area": ("可用", "free"),
    "taken_area": ("受限（含净距）", "taken, clearance included"),
    "of_the_site": ("占项目", "of the site"),
    "parts": ("块数", "parts"),
    "after_shift": ("平移后再核查", "screened there again"),
    "moved_by": ("平移 {distance}", "shift {distance}"),
    "avoided": ("避让的分区类型", "zones kept clear of"),
    "clearance": ("净距", "clearance"),
    "kilometres": ("里程", "from – to"),
    "stretch_length": ("长度", "length"),
    "area": ("面积", "area"),
    "share": ("占所画范围", "of the land drawn"),
    "nearest_of": ("最近的", "nearest of"),
    # legend and listing
    "legend_verdicts": ("核查结论（由重到轻）", "Verdict, most severe first"),
    "legend_zones": ("分区", "Zones"),
    "head_sites": ("项目", "sites"),
    "head_zones": ("个数", "zones"),
    "legend_approximate": (
        "约略位置：以所在地范围代表",
        "approximate: an area stands for the site",
    ),
    "listing": ("项目一览（由重到轻）", "Sites, most severe first"),
    "list_site": ("项目", "Site"),
    "list_verdict": ("结论", "Verdict"),
    "list_zones": ("涉及分区", "Zones concerned"),
    "list_more": (
        "仅列前 {n} 个，其余见结论表。",
        "The first {n}; the others are in the workbook.",
    ),
    "not_drawn": ("无图形，未绘制", "no shape, not drawn"),
    "and_others": ("{name} 等 {n} 个", "{name} and {n} more"),
    # popup of a site
    "site": ("项目", "site"),
    "code": ("编码", "code"),
    "activity": ("建设活动", "activity"),
    "activity_as": ("{given}（{known}）", "{given} ({known})"),
    "unknown_activity": ("不在词表", "not in the vocabulary"),
    "doubt": ("存疑与限制", "doubts and limits"),
    "accuracy": ("位置精度", "accuracy"),
    "checked": ("已核查图层", "layers checked"),
    "not_checked": ("未核查", "not checked"),
    "day": ("核查日期", "screened on"),
    "findings": ("涉及与邻近的分区", "Zones concerned and near by"),
    "head_zone": ("分区", "zone"),
    "head_how": ("关系与数量", "relation and size"),
    "head_verdict": ("结论", "verdict"),
    "head_basis": ("条款、版本", "clause, version"),
    "overlap": ("重叠 {size}", "overlap {size}"),
    "crossing": ("穿越 {size}", "crosses {size}"),
    "of_site": ("占项目 {share}", "{share} of the site"),
    "apart": ("相距 {size}", "{size} away"),
    "band": ("误差带 ±{size}", "band of doubt ±{size}"),
    "version": ("版本 {version}", "version {version}"),
    "of_layer": ("{layer}（{version}）", "{layer} ({version})"),
    "status": ("规则{status}", "rule: {status}"),
    "no_rule": ("无适用规则", "no rule applies"),
    "not_inside": ("不在区内", "not inside"),
    "more_findings": ("另有 {n} 个分区，见结论页。", "{n} more zones are on the page of the site."),
    "all_checked": (
        "已核查图层如下；距任何分区均在 {distance} 以外的不列出。",
        "The layers below were checked; zones more than {distance} away are not listed.",
    ),
    "approximate_place": ("约略范围", "approximate area"),
    "projects_here": ("以此范围代表的项目", "Projects that this area stands for"),
    # popup of a zone
    "layer": ("图层", "layer"),
    "zone_version": ("版本", "version"),
    "no_version": ("未注明版本", "version not stated"),
    "quality": ("数据性质", "quality"),
    "source": ("来源", "source"),
    "hash": ("内容校验值", "content hash"),
    "zone_flag": ("图形说明", "geometry"),
    "zone_sites": ("涉及的项目", "Sites concerned"),
    "zone_free": ("本次核查的项目均不涉及本分区。", "No site of this screening is concerned."),
    "head_site": ("项目", "site"),
    # notes
    "note_synthetic": (
        "示例数据：{things}为演示虚构，不得用于任何审批或决策。",
        "Synthetic example data: {things} are invented. Not to be used for any decision.",
    ),
    "thing_sites": ("项目", "sites"),
    "note_unchecked": (
        "未核查：{kinds}（无可用图层）；图上没有，不等于没有冲突。",
        "Not checked: {kinds} (no usable layer); that they are not on the map says nothing.",
    ),
    "note_layer": (
        "图层“{layer}”{state}，对其不作判断。",
        "Layer “{layer}”: {state}; nothing is said about it.",
    ),
    "note_derived": (
        "图层“{layers}”为推导，未经批准。",
        "Derived, approved by nobody: {layers}.",
    ),
    "note_assumed": ("图层“{layers}”为假定。", "Assumed: {layers}."),
    "note_version": (
        "未提供版本的图层：{layers}；补齐版本前结论不得签署。",
        "Layers without a version: {layers}. The findings cannot be signed before their versions are "
        "known.",
    ),
    "note_missing": (
        "{n} 个项目没有可用图形，未绘制：{names}。",
        "Not drawn, because there is no usable shape ({n}): {names}.",
    ),
    "note_approximate": (
        "约略位置：{n} 个项目的准确位置未知，以所在乡镇、控制单元或区县的范围代表，结论最多为“压线需复核”。",
        "Approximate: the place of {n} sites is not known; the outline of a township, control unit or "
        "county stands for each, and the verdict is at most “on the line, to be checked”.",
    ),
    "note_rules": (
        "有结论依据未核实、推导或单一来源的规则，引用前须对照正式文本。",
        "Some verdicts rest on rules that are unverified, derived or from a single source: compare "
        "them with the official text before they are cited.",
    ),
    "note_near": (
        "图上只画项目附近的分区，另有 {n} 个较远的未画。",
        "Only zones near the sites are drawn; {n} farther ones are not.",
    ),
    "note_ways": (
        "沿河去向过多，为便于打开只画最短的，另有 {n} 条未画；各项目的结论页和工作簿列出全部。",
        "There are too many ways along rivers for a page: the shortest are drawn, {n} others are not; "
        "the findings on the sites and the workbook have all of them.",
    ),
    "note_simplified": (
        "图上分区界线为显示作了简化（约 {metres} 米），核查用的是原始界线。",
        "Zone borders are simplified for display (about {metres} m); the screening used the originals.",
    ),
    "note_use": (
        "本图供查看位置，面积、距离和结论以核查结论页为准。",
        "The map shows where things lie; sizes and verdicts are those of the findings.",
    ),
    "note_english": ("", "Names, clauses and notes are printed as they stand in the data."),
    "source_zones": ("分区：{layers}", "zones: {layers}"),
    "source_sites": ("项目", "sites"),
    "and_also": ("；", "; "),
}


def screening_words(lang: str) -> dict[str, str]:
    """Return the words of this map by key.

    Examples
    --------
    >>> from chaoyang_geo.maps.screening_words import screening_words
    >>> screening_words("en")["title"], screening_words("zh")["group_zones"]
    ('Screening of project sites', '分区')
    """
    return {key: pair[0 if lang == "zh" else 1] for key, pair in _WORDS.items()}
