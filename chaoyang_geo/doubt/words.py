"""The words of doubt: every kind with its Chinese and English name and its rule."""

from __future__ import annotations

#: The kinds of doubt in order; key: (Chinese, English, rule in Chinese, rule in English).
KINDS: dict[str, tuple[str, str, str, str]] = {
    "duplicate": (
        "完全重复",
        "duplicate",
        "同断面、同指标、同时间、同结果的行多于一条",
        "more than one row with the same section, item, time and result",
    ),
    "near_duplicate": (
        "疑似重复",
        "near duplicate",
        "结果相同、时间极近（或一条未写时刻）的行",
        "the same result at nearly the same time, or once without an hour",
    ),
    "two_laboratories": (
        "两家结果不同",
        "two laboratories",
        "同一样品在不同文件或检测单位中结果不同",
        "one sample, different results in different files or laboratories",
    ),
    "conflict": (
        "自相矛盾",
        "conflict",
        "同一来源、同一时间有不同结果",
        "one time, different results from one source",
    ),
    "impossible": (
        "超出可信范围",
        "impossible",
        "超出工程经验界限（不是标准限值），如pH大于14、溶解氧大于30、负浓度",
        "outside engineering bounds (no standard), such as pH over 14, DO over 30, negatives",
    ),
    "jump": (
        "突变",
        "jump",
        "偏离本断面此前若干值的中位数，超过若干倍稳健标准差",
        "far from the median of the section's own values before, in robust deviations",
    ),
    "stuck": (
        "数值停滞",
        "stuck",
        "连续多次、多天给出同一个数",
        "one number many times over several days",
    ),
    "contradiction": (
        "部分大于整体",
        "contradiction",
        "氨氮大于总氮、高锰酸盐指数大于化学需氧量等",
        "NH3-N above TN, CODMn above COD and the like",
    ),
    "blunt_limit": (
        "检出限偏高",
        "blunt limit",
        "检出限高于所评类别的限值，未检出不能说明达标",
        "the detection limit is above the class limit, so nothing is decided",
    ),
}

#: States of a result in order; key: (Chinese, English).
STATES: dict[str, tuple[str, str]] = {
    "number": ("数值", "number"),
    "below": ("低于检出限", "below detection"),
    "above": ("高于量程", "above range"),
    "not_sampled": ("未监测", "not sampled"),
    "fault": ("仪器故障", "fault"),
    "qc_failed": ("质控不合格", "QC failed"),
    "ice": ("冰封", "ice"),
    "dry": ("断流", "dry"),
    "blank": ("空白", "blank"),
    "text": ("其他文字", "other text"),
}

#: What the page says, by language.
PAGE_WORDS: dict[str, dict[str, str]] = {
    "zh": {
        "title": "监测数据质量报告",
        "subtitle": "共 {rows} 行读数，{groups} 组。存疑不等于错误：每一条都写明理由，由人判断；数据未作任何删改。",
        "rows": "行数",
        "numbers": "数值",
        "below": "低于检出限",
        "above": "高于量程",
        "gaps": "无结果",
        "no_samples": "均值、合计与注",
        "doubted": "存疑",
        "share": "存疑比例",
        "states": "结果构成",
        "kind": "存疑类型",
        "rule": "规则",
        "kinds": "存疑类型",
        "kinds_note": "一行可有多种存疑。可信范围与“部分大于整体”是工程经验界限，不出自任何标准。",
        "sections": "各断面",
        "sections_note": "按存疑比例由高到低，其次按无结果的比例。",
        "groups": "断面与指标",
        "groups_note": "按存疑比例由高到低，其次按无结果的比例；各状态之和等于行数。",
        "total": "合计",
        "flags": "读数说明",
        "flags_note": "读表时写下的说明，数字与引文以“…”代替。",
        "flag": "说明",
        "doubtful": "存疑读数",
        "doubtful_note": "少见的类型在前。",
        "none": "没有存疑的读数。",
        "left_out": "只列前 {shown:,} 行，共 {number:,} 行。",
    },
    "en": {
        "title": "Quality of the readings",
        "subtitle": "{rows} readings in {groups} groups. A doubt is not an error: each states its reason, for a "
        "person to judge; nothing was removed or changed.",
        "rows": "rows",
        "numbers": "numbers",
        "below": "below detection",
        "above": "above range",
        "gaps": "no result",
        "no_samples": "means, totals, notes",
        "doubted": "doubtful",
        "share": "share doubtful",
        "states": "results",
        "kind": "kinds of doubt",
        "rule": "rule",
        "kinds": "Kinds of doubt",
        "kinds_note": "A row may have several. Believable ranges and contradictions rest on engineering "
        "judgement, not on a standard.",
        "sections": "Sections",
        "sections_note": "By share of doubtful rows, then of rows without a result. ",
        "groups": "Sections and items",
        "groups_note": "By share of doubtful rows, then without a result; the states add up to the rows. ",
        "total": "total",
        "flags": "Flags of the reader",
        "flags_note": "What was noted while reading (in Chinese); numbers and quotes are written as an ellipsis.",
        "flag": "flag",
        "doubtful": "Doubtful readings",
        "doubtful_note": "Rare kinds first; the sentences are Chinese. ",
        "none": "There is no doubtful reading.",
        "left_out": "The first {shown:,} of {number:,} rows are listed.",
    },
}
