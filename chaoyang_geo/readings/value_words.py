"""The words that stand where a number was expected, and what each of them says."""

from __future__ import annotations

import re

WORDS: dict[str, tuple[str, ...]] = {
    "dry": ("断流", "干涸", "无水", "干枯", "河道无水"),
    "ice": ("冰封", "结冰", "封冻", "冰冻", "冰封期", "封冻期", "结冰期"),
    "fault": (
        *("仪器故障", "设备故障", "故障", "停电", "断电", "通讯故障", "通信故障", "通讯中断"),
        *("维护", "运维", "检修", "维修", "设备维护", "仪器维护", "停运", "停机", "离线", "校准中"),
        *("仪器异常", "设备异常", "采水故障", "传输故障", "网络故障", "数据中断", "站房停电"),
    ),
    "qc_failed": (
        *("质控不合格", "当天质控不合格", "质控未通过", "质控失败", "无效", "数据无效", "无效数据"),
        *("作废", "弃用", "剔除", "审核未通过", "不合格数据"),
    ),
    "not_sampled": (
        *(
            "未监测",
            "未测",
            "缺测",
            "未采样",
            "未采集",
            "未检测",
            "未分析",
            "未开展",
            "不监测",
            "停测",
        ),
        *("缺数", "缺数据", "无数据", "无监测数据", "暂无数据", "无样品", "无水样", "未采到样"),
        *(
            "未采",
            "未检",
            "漏测",
            "漏采",
            "无法采样",
            "无法监测",
            "未上报",
            "未报",
            "n/a",
            "na",
            "n.a.",
        ),
    ),
    "below": (
        *(
            "未检出",
            "没有检出",
            "低于检出限",
            "小于检出限",
            "检出限以下",
            "低于最低检出限",
            "低于方法检出限",
        ),
        *(
            "低于",
            "小于",
            "不大于",
            "检出限",
            "最低检出限",
            "方法检出限",
            "n.d.",
            "n.d",
            "nd",
            "bdl",
        ),
        *("dl", "mdl", "lod", "not detected", "non-detect", "below detection limit"),
    ),
    "above": (
        *("大于", "高于", "超过", "不小于", "超量程", "超出量程", "高于量程", "大于量程", "超上限"),
        *("高于测定上限", "多不可计", "tntc"),
    ),
    "note": (
        *(
            "复测",
            "复核",
            "复检",
            "平行",
            "平行样",
            "平行均值",
            "均值",
            "手工",
            "自动",
            "补测",
            "加测",
        ),
        *(
            "补采",
            "现场",
            "实测",
            "参考",
            "仅供参考",
            "偏高",
            "偏低",
            "异常",
            "存疑",
            "超标",
            "待核",
        ),
    ),
    "as": ("浓度", "结果", "为", "值"),  # words that join: 检出限为0.025
}
BEHIND = {"无水": "(?![质样位温量文])"}  # 无水质数据 is no dry river
# these say a side of a limit, and nothing without one
SIDES = {"低于", "小于", "不大于", "大于", "高于", "超过", "不小于"}
LIMITS = {"检出限", "最低检出限", "方法检出限", "dl", "mdl", "lod"}
KIND_OF = {word: kind for kind, words in WORDS.items() for word in words}
# of several states in one cell the reason comes first: 断流，未采样 is a dry river
ORDER = ("dry", "ice", "fault", "qc_failed", "not_sampled")
SENTENCE = {
    "dry": "断流",
    "ice": "冰封",
    "fault": "仪器故障",
    "qc_failed": "质控不合格",
    "not_sampled": "缺测",
}
EMPTY = {"nan", "null", "none", "<na>", "nat", "(空)", "(空白)"}
DASHES = re.compile(r"[-—―─━/\\_|…]+|-(?: -)+")
CHANGES = re.compile(r"恢复|排除|解除|正常|除外|以外|之后|以后|合格率")  # 故障已排除 is no gap
