"""The words of a finding, Chinese and English: of the page, of Word, of Excel."""

from __future__ import annotations

#: Words of the page, of Word, of Excel: Chinese, English.
_WORDS: dict[str, tuple[str, str]] = {
    "title": ("建设项目空间准入核查结论", "Finding on a project site"),
    "index_title": ("建设项目空间准入核查：结论一览", "Findings on project sites: overview"),
    "site": ("项目", "Site"),
    "code": ("编码", "Code"),
    "number": ("序号", "No."),
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
    "zones_none": ("在 {distance}以内没有任何已核查的分区。", "There is no checked zone within {distance}."),
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
    "kind": ("分区类型", "Kind of zone"),
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
    "partial_kinds": (
        "下列分区类型没有可用图层，或其图层未能全部核查，本结论对未核查的部分不作判断：",
        "For these kinds of zones no usable layer was at hand, or a part of it could not be checked; this "
        "finding says nothing about what was not checked:",
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
    "limits_traced": (
        "本结论只比较项目图形与所列图层，并沿所给河网追踪水的去向；未作现场踏勘，未核查分水岭、地下水、"
        "权属与审批手续、累积影响、排放量和图层未收录的地方性规定。",
        "This finding compares the shape of the site with the layers listed, and follows its water along "
        "the river network given, and nothing else: no visit, no watershed or groundwater, no title or "
        "permit, no cumulative effect, no amount discharged, no local rule that the rule set does not "
        "hold.",
    ),
    "downstream": ("下游去向（沿河网追踪）", "Downstream along the river network"),
    "downstream_why": ("说明", "In words"),
    "downstream_far": ("沿河距离", "Along the river"),
    "downstream_note": (
        "按最近河段汇入推定，未看分水岭；水流经过分区不等于项目位于分区内，不改变上面的结论。",
        "The site is taken to drain to the nearest reach; no watershed was looked at. That water passes a "
        "zone does not put the site into it and does not change the verdict above.",
    ),
    "not_traced": (
        "约略位置或未提供位置，未追踪。", "The place is approximate or not given; not followed."),
    "no_zone_met": ("未进入所查分区", "no zone is reached"),
    "way_unknown": ("去向不明", "way not known"),
    "not_reached": ("—", "—"),
    "in_zone": ("项目在该分区内或相接", "the site is in the zone or touches it"),
    "along_river": ("{distance}", "{distance}"),
    "control_unit": ("所在控制单元", "Control unit"),
    "answering_county": ("责任县区", "Responsible county"),
    "sections_below": ("下游断面", "Sections downstream"),
    "none_known": ("无已知断面", "none known"),
    "sections_unknown": ("不能判断（未归到河段）", "not known (the site is on no reach)"),
    "river_network": ("河网", "River network"),
    "alternatives": ("备选方案（仅供参考，非结论）", "Alternatives (for discussion, no finding)"),
    "alternatives_none": (
        "本项目没有须避让的冲突，未提备选。",
        "The site has no conflict to get out of; no alternative was looked for.",
    ),
    "alternatives_unplaced": (
        "本项目没有可用图形，不能分析备选。",
        "The site has no usable shape; no alternative could be looked for.",
    ),
    "alternatives_approximate": (
        "本项目只有约略位置，不能分析备选。",
        "Only the approximate place of the site is known; no alternative could be looked for.",
    ),
    "alternatives_unjudged": (
        "本项目无法判断，未提备选；这不等于没有冲突。",
        "The site could not be judged, so no alternative was looked for; this does not mean that there "
        "is no conflict.",
    ),
    "alternatives_open": ("未对本项目分析备选。", "No alternative was looked for."),
    "alternatives_note": (
        "避让按规则对本活动禁止或限制的分区类型计算；只看所列图层，未考虑地形、用地、权属和造价，须另行论证。",
        "Kept clear of: the kinds of zones in which the rules forbid or restrict the activity. Only the "
        "layers listed were looked at, not terrain, land use, title or cost.",
    ),
    "avoided": ("避让的分区类型", "Zones kept clear of"),
    "clearance": ("净距", "Clearance"),
    "free_part": ("可用部分", "Free part"),
    "nothing_free": ("项目范围内没有可用部分", "nothing of the site is free"),
    "free_text": (
        "{free}（占项目 {share}），{n} 块，最大 {largest}；受限（含净距）{taken}",
        "{free} ({share} of the site), parts: {n}, the largest {largest}; taken, clearance included, "
        "{taken}",
    ),
    "shift": ("整体平移", "Shift as a whole"),
    "moved_by": ("平移 {distance}", "shift {distance}"),
    "after_shift": ("平移后再核查", "Screened there again"),
    "stretches": ("涉及分区的区段（线路里程）", "Stretches in zones, by kilometre"),
    "stretch": ("桩号与公里", "From – to"),
    "stretch_length": ("长度", "Length"),
    "more_stretches": ("另有 {n} 段，见 Excel。", "{n} more stretches are in the workbook."),
    "stretch_note": (
        "里程自图形起点起算，为平面长度，与设计桩号不一定一致。",
        "Kilometres run from the first vertex of the shape, in plan; they need not agree with the "
        "chainage of the design.",
    ),
    "inside": ("区内", "inside"),
    "border": ("沿边界", "along the border"),
    "touch": ("相接", "touches"),
    "the_free": ("可用部分", "free part"),
    "the_shift": ("平移后位置", "after the shift"),
    "the_stretch": ("涉及分区的区段", "stretch in a zone"),
    "the_course": ("水的去向", "way of the water"),
    "sheet_downstream": ("下游去向", "downstream"),
    "sheet_alternatives": ("备选", "alternatives"),
    "sheet_stretches": ("涉及区段", "stretches"),
    "sheet_bands": ("等距带", "distance bands"),
    "reach_in_zone": ("在分区内或相接", "in the zone or touching it"),
    "reach_reaches": ("流入", "reaches it"),
    "reach_none": ("未流入", "reaches none"),
    "reach_off_network": ("不在河网上", "off the network"),
    "reach_no_position": ("没有位置", "no position"),
    "shift_clear": ("不需平移", "none needed"),
    "shift_shift": ("可平移", "possible"),
    "shift_none": ("范围内无处可移", "none within range"),
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
    "version_unknown": (
        "未提供版本的图层：{layers}；补齐版本前结论不得签署。",
        "Layers without a version: {layers}. The finding cannot be signed before their versions are known.",
    ),
    "beside": ("总图：", "Map of all sites: "),
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
    "more_doubts": ("另有 {n} 条存疑，见结论页", "{n} more doubts on its page"),
    "all_sites": ("全部", "all"),
    "no_page": (
        "{n} 个无冲突且无存疑的项目未单独成页，结论见下表、Excel 和 JSON。",
        "Sites without conflict and without doubt that have no page of their own: {n}; the table "
        "below, the workbook and the JSON hold them.",
    ),
    "english_note": ("", "Names, clauses and notes are printed as they stand in the data."),
    "comma": ("，", ", "),
    "stop": ("；", "; "),
    "list": ("、", ", "),
}  # fmt: skip


def words_of(lang: str) -> dict[str, str]:
    """Return the words of a language by key."""
    at = ("zh", "en").index(lang)
    return {key: pair[at] for key, pair in _WORDS.items()}
