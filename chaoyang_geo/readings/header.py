"""What the words of a header mean: a role, an item with its unit, or nothing known."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chaoyang_geo import standards
from chaoyang_geo.readings.cells import without_tags
from chaoyang_geo.schema import one_of

# What a header cell may say, folded by fold(); items are found by standards.find_item().
ROLES: dict[str, tuple[str, ...]] = {
    "section_code": tuple(
        "section_code,断面编码,断面代码,断面编号,点位编码,点位代码,点位编号,站点编码,站点代码,"
        "站点编号,测站编码,测站代码,监测断面编码,监测点位编码,站码,station code,site code,"
        "station id,site id,station_id,site_id,stcd".split(",")
    ),
    "section_name": tuple(
        "section_name,断面名称,断面,监测断面,监测断面名称,考核断面,考核断面名称,国控断面,断面名,"
        "点位名称,点位,监测点位,监测点位名称,监测点,监测点名称,采样点,采样点位,采样点名称,"
        "采样地点,采样位置,站点名称,站点,站名,测站名称,测站,监测站点,监测站,水站名称,样品名称,"
        "station,station name,section,section name,site,site name,station_name,site_name".split(",")
    ),
    "province": ("province", "省份", "省", "所在省", "所属省份", "省级行政区"),
    "basin": ("basin", "流域", "所属流域", "所在流域", "流域名称", "水系"),
    "water_body": tuple(
        "water_body,所在水体,所属水体,水体名称,水体,河流名称,河流,河名,河段所在河流,所属河流,所在河流,"
        "湖库名称,湖库,所在湖库,水库名称,河流湖库,河湖名称,water body,waterbody,river,river name".split(
            ","
        )
    ),
    "time": tuple(
        "time,监测时间,采样时间,监测日期,采样日期,日期,时间,采样日期时间,监测月份,采样月份,监测时段,采样年月,"
        "监测年月,年月,时段,日期时间,取样时间,取样日期,测定时间,date,datetime,sampling date,"
        "sampling time,sample date,sampling_date,sample_date,sampling_time,tm,起止时间,起止日期,"
        "monitortime,monitor time,monitor_time,monitor date,monitoring time,datatime,data time,data_time,"
        "collect time,collecttime,采样起止时间,采样起止日期,监测起止时间,监测起止日期,采样时段,起讫时间,起止".split(
            ","
        )
    ),
    # the begin of a sampling becomes the time; what words say so, _BEGIN tells
    "time_begin": ("start", "begin", "from date", "activitystartdate", "activitystarttime/time"),
    "time_end": ("time_end", "end", "to date", "activityenddate", "activityendtime/time"),
    "sampling_layer": tuple(
        "sampling_layer,采样层次,采样层,采样层位,采样水层,监测层次,监测层,水层,层次,层位,水深层次,分层,"
        "取样层次,layer,sampling layer,water layer,depth layer".split(",")
    ),
    "sampling_line": ("垂线", "采样垂线", "监测垂线", "垂线位置", "测线", "岸别", "左右岸"),
    "sampling_depth": tuple(
        "sampling_depth,采样深度,采样水深,取样深度,取样水深,监测深度,水样深度,sampling depth,"
        "sample depth,depth".split(",")
    ),
    "method": ("method", "监测方式", "监测手段", "自动/手工", "手工/自动", "monitoring method"),
    "year": ("year", "年份", "年度", "年", "监测年份", "监测年", "监测年度", "采样年份", "采样年"),
    "month": ("month", "月份", "月", "监测月", "采样月"),
    "day": ("day", "日", "号", "监测日", "采样日"),
    "clock": ("clock", "时刻", "采样时刻", "监测时刻", "时分", "小时", "时", "hour"),
    "published_class": tuple(
        "published_class,水质类别,类别,水质等级,水质现状,实测类别,现状类别,监测类别,class,"
        "water quality class,评价类别,水质状况类别,发布类别,实际水质,实际类别,实测水质".split(",")
    ),
    "item": tuple(
        "item,监测指标,监测项目,项目,指标,检测项目,分析项目,因子,监测因子,污染物,污染物名称,参数,"
        "指标名称,项目名称,检测指标,parameter,analyte,characteristic,characteristicname".split(",")
    ),
    "value": tuple(
        "value,监测值,结果,监测结果,浓度,数值,检测结果,测定值,测定结果,分析结果,实测值,监测浓度,"
        "检测值,浓度值,监测数据,含量,result,result value,concentration,resultmeasurevalue".split(
            ","
        )
    ),
    "unit": tuple(
        "unit,单位,计量单位,浓度单位,监测值单位,结果单位,测值单位,项目单位,指标单位,units,resultmeasure/measureunitcode".split(
            ","
        )
    ),
    # says beside a number that it is a detection limit: 0.025 | L
    "mark": tuple(
        "mark,检出标识,检出标志,检出标记,检出限标识,检出限标志,未检出标识,是否检出,检出情况,结果标识,"
        "qualifier,result qualifier,lab qualifier,detection flag".split(",")
    ),
    "limit": ("detection limit", "检出限", "方法检出限", "最低检出限", "检测限", "mdl", "lod"),
    "station_state": ("station_state", "站点情况", "备注", "remark", "remarks", "说明"),
}
#: What a mapping of ``columns=`` may name, beside the items.
MAPPED_ROLES = (*(role for role in ROLES if role != "station_state"), "station_state", "ignore")

#: The note of a column that holds another period's results, or a difference.
COMPARED = "其他时期的结果或变化量，未读入"
#: The note of a class that one of several groups of columns states.
OF_GROUP = "分组表中的类别列，未读入"
#: The note of a second column of one role.
REPEATED = "重复的列，未读入"
#: The note of a column that says which numbers beside it are detection limits.
MARK_NOTE = "注明数值是否为检出限"
# 断面\\项目 in the corner of a table: which of the two, the other columns tell
SECTION_OR_ITEM = "断面或项目"
# Columns that a table of readings often has and that are no result.
_NO_RESULT = tuple(
    "序号,编号,no,no.,id,index,样品编号,样品编码,样品号,采样编号,经度,纬度,lon,lat,longitude,latitude,"
    "水质目标,目标类别,目标水质,考核目标,水质目标类别,超标倍数,最大超标倍数,达标情况,是否达标,达标,"
    "达标率,超标率,主要污染指标,主要污染物,定类因子,定类项目,超标因子,超标项目,超标指标,首要污染物,"
    "样品状态,样品感官描述,采样人,采样人员,监测人员,分析人,分析时间,分析日期,报出日期,检测方法,分析方法,方法,方法标准,"
    "监测单位,监测机构,检测单位,检测机构,实验室,"
    "断面级别,断面类型,断面属性,控制级别,地市,城市,所在城市,所在地市,区县,县区,所在区县,市,县,市州,州市,"
    "测点,样品性状,天气,天气状况,"
    "标准限值,标准值,限值,评价标准,执行标准,评价结果,评价,变化,同比,环比,上年同期,水质状况,行政区划代码,区划代码,"
    "检测方法及来源,检测方法及依据,检测方法来源,分析方法及来源,分析方法及依据,监测方法,监测方法及来源,监测分析方法,"
    "方法来源,方法依据,检测依据,分析依据,检测标准,方法编号,标准编号,检测仪器,分析仪器,仪器设备,主要仪器,仪器名称,仪器编号,"
    "年度目标,目标值,目标浓度,浓度目标,控制目标,考核目标值,目标,"
    "判定,单项判定,结果判定,合格判定,达标判定,是否合格,单项评价,单项结论,评价结论,结论,营养状态".split(
        ","
    )
)
_UNIT = re.compile(
    r"(?:m|μ|µ|u|n|k)?g[/·.]?\s*(?:l|m3|kg)(?:\^?-1|⁻¹)?|(?:m|μ|µ|u|n|k)?g[·.•]l\^?[-−⁻]?[1¹]|"
    r"(?:mg|μg|µg|ug|ng|g|kg|m|mmol|μmol|umol)[/_]_?(?:l|m3|dm3|s)|m3/s|"
    r"(?:个|万个|cells?|mpn|cfu)/\s*(?:100\s*)?(?:l|ml)|(?:μ|µ|u|m)s/c?m|ntu|ftu|fnu|度|"
    r"℃|°c|degc|deg c|m|cm|mm|ppm|ppb|%|‰|mv|无量纲|无单位|dimensionless|none",
    re.IGNORECASE,
)
_UNIT_WORD = re.compile(r"^(?:计量)?单位\s*[:：]\s*")
_SPECIES = re.compile(r"(?:以|按|as)\s*([A-Za-z0-9₀-₉⁺⁻+\-]+|碳|氮|磷)\s*计?", re.IGNORECASE)
_BRACKET = re.compile(
    r"^(.*?)\s*[(（\[【]([^()（）\[\]【】]*(?:\([^()]*\))?)[)）\]】]\s*$", re.DOTALL
)
_OF_SAMPLING = (
    r"(?:采样|取样|监测|检测|采集|样品采集|统计|时段|周期|sampl(?:e|ing)|period|collection)?[-_]?"
)
_DAY_OR_TIME = r"(?:日期时间|时间|日期|时刻|时段|date|time|datetime)"
#: 采样开始时间, 开始日期, 采样时间起 and their like; 起 and 止 alone say nothing.
_BEGIN = re.compile(
    rf"{_OF_SAMPLING}(?:{_DAY_OR_TIME}?[-_(]?(?:开始|起始|start|begin)[-_)]?(?:采样|取样|监测)?{_DAY_OR_TIME}?"
    rf"|{_DAY_OR_TIME}[-_(]?起\)?|{_DAY_OR_TIME}自)"
)
_END = re.compile(
    rf"{_OF_SAMPLING}(?:{_DAY_OR_TIME}?[-_(]?(?:结束|截止|截至|终止|end|stop)[-_)]?(?:采样|取样|监测)?{_DAY_OR_TIME}?"
    rf"|{_DAY_OR_TIME}[-_(]?[止至终]\)?)"
)
#: 氨氮_检出标识, 氨氮_类别: what a column says of the item of another.
_BESIDE = re.compile(
    r"(.{1,24}?)[\s_\-－(（]*(?:(?P<mark>(?:检出限?|未检出|结果)?(?:标识|标志|标记)|是否检出)"
    r"|(?:单项|水质|单项水质)?(?:类别|评价)|(?:是否)?(?:达标|超标)(?:情况|率|倍数)?)[)）]?"
)
_THIS_OR_LAST = re.compile(r"[本当上][周旬月期季年]度?|上年同期|去年同期|同期|现状")
_UNSEEN = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")  # characters that nobody sees
_BLANK = re.compile(rf"\s|{_UNSEEN.pattern}")
_MARKS = " *＊※#△▲†‡①②③④⑤⑥⑦⑧⑨⑩"
_SUFFIX = re.compile(
    r"(?:的)?(?:质量)?(?:浓度|含量|监测值|监测结果|检测结果|测定值|实测值|结果|数值|(?:月|年|日|旬|季)?(?:平?均值?|平均浓度))$"
)


@dataclass(frozen=True)
class Meaning:
    """What one text of a header says."""

    role: str = ""  # a key of ROLES, "reading" (an item), "ignore" (known, no result) or ""
    item: str = ""
    unit: str = ""
    note: str = ""


@dataclass
class Column:
    """What one column of a table holds."""

    column: int
    header: str
    meaning: Meaning = field(default_factory=Meaning)
    time: object = None  # of a table with a time in each column
    section: str = ""  # of a table with a section in each column
    layer: str = ""  # of a table with a layer of the water in each column


def fold(text: object) -> str:
    """Fold width, case and spaces, and drop the colon that ends a label."""
    return re.sub(_BLANK, "", unicodedata.normalize("NFKC", str(text))).lower().rstrip(":")


_ROLE_BY_TEXT = {fold(word): role for role, words in ROLES.items() for word in words}
_IGNORED = frozenset(fold(word) for word in _NO_RESULT)


def is_unit(text: str) -> bool:
    """Tell a unit, bare or in brackets, from other text."""
    bare = unicodedata.normalize("NFKC", text).strip().strip("()（）[]【】").strip()
    if not bare or len(bare) > 24:
        return False
    bare = _UNIT_WORD.sub("", bare)
    without = _SPECIES.sub("", bare).strip(" ,，;；()")
    return bool(without and _UNIT.fullmatch(without)) or (not without and bool(bare))


def is_basis(text: str) -> bool:
    """Tell what a number is counted as (以P计) from a unit."""
    return _SPECIES.fullmatch(unicodedata.normalize("NFKC", text).strip("() ")) is not None


def with_basis(unit: str, said: str) -> str:
    """Join a unit with what another place says it counts as: mg/L and 以NO3计."""
    if not unit or not said or not is_basis(said) or _SPECIES.search(unit):
        return unit or said
    return f"{unit}({said.strip('()（）')})"


def printed_name(text: str) -> str:
    """Return the name of an item without its unit, but with what it counts as."""
    return text if _SPECIES.search(text) else split_unit(text)[0]


class Words:
    """Understands header texts; ``columns`` overrides what they are taken for."""

    def __init__(self, columns: Mapping[str, str] | None = None) -> None:
        self.mapped: dict[str, str] = {}
        self.used: set[str] = set()
        self.texts = {fold(text): str(text) for text in columns or {}}
        self._cache: dict[str, Meaning] = {}
        items = set(standards.item_names())
        for text, target in (columns or {}).items():
            meant = str(target)
            if meant not in items and meant not in MAPPED_ROLES:
                meant = standards.find_item(meant) or _ROLE_BY_TEXT.get(fold(meant), meant)
            if meant not in items:
                one_of(f"columns[{text!r}]", meant, [*MAPPED_ROLES, *sorted(items)])
            self.mapped[fold(text)] = meant

    @property
    def unused(self) -> list[str]:
        return [text for key, text in self.texts.items() if key not in self.used]

    def understand(self, cell: object) -> Meaning:
        if cell is None or isinstance(cell, (int, float, dt.date, dt.time)):
            return Meaning()
        text = str(cell)
        if text not in self._cache:
            if len(self._cache) > 200_000:
                self._cache.clear()
            plain = without_tags(text) if "<" in text else _UNSEEN.sub("", text).strip()
            self._cache[text] = self._understand(plain) if 0 < len(plain) <= 60 else Meaning()
        return self._cache[text]

    def _understand(self, text: str) -> Meaning:
        name, unit = split_unit(text)
        for key in (fold(text), fold(name)):
            if key in self.mapped:
                self.used.add(key)
                return self._as_mapped(self.mapped[key], "" if is_plain(unit) else unit)
        known = self._known(text)
        if known.role:
            return known
        beside = _BESIDE.fullmatch(text)
        if beside and (of := self._known(beside[1])).role == "reading":
            if beside["mark"]:
                return Meaning("mark", of.item, note=MARK_NOTE)
            return Meaning("ignore", note="不是监测结果，未读入")
        if unit in ("%", "％") and self._known(name).item == "do":
            return Meaning("reading", "do_saturation", unit)
        # 氨氮(mg/L), 氨氮 mg/L; but a bracket may be part of the name: 铬(六价)
        if unit or name != text:
            known = self._known(name)
            if known.role:
                return replace(known, unit="" if is_plain(unit) else unit)
        bare = _SUFFIX.sub("", name)
        if bare and bare != name:
            known = self._known(bare)
            if known.role == "reading":
                return replace(known, unit="" if is_plain(unit) else unit)
        bare = name.strip(_MARKS)
        if bare and bare != name:  # 总磷*, 石油类①: a mark of a note below
            known = self._known(bare)
            if known.role:
                return replace(known, unit="" if is_plain(unit) else unit)
        # 断面/点位, 高锰酸盐指数\nCODMn, 氨氮NH3-N
        parts = [part for part in re.split(r"[/\\、|\n]", name) if part.strip()]
        if len(parts) > 1:
            meanings = [self._known(part) for part in parts]
            roles = {(meaning.role, meaning.item) for meaning in meanings}
            if len(roles) == 1 and meanings[0].role:
                return replace(meanings[0], unit="" if is_plain(unit) else unit)
            if {meaning.role for meaning in meanings} == {"section_name", "item"}:
                return Meaning("section_name", note=SECTION_OR_ITEM)
            if {meaning.role for meaning in meanings} <= {"water_body", "basin"}:
                return Meaning("water_body")  # 河流/湖库
            if {meaning.role for meaning in meanings} == {"section_name", "time"}:
                return Meaning("section_name")
        mixed = re.fullmatch(r"([\u4e00-\u9fff]{2,12})\s*([A-Za-z][A-Za-z0-9₀-₉\-+]{0,9})", name)
        if mixed:
            first, second = self._known(mixed[1]), self._known(mixed[2])
            if first.role == "reading" and first.item == second.item:
                return replace(first, unit="" if is_plain(unit) else unit)
        return Meaning()

    def _known(self, text: str) -> Meaning:
        key = fold(text)
        if not key:
            return Meaning()
        if key in _ROLE_BY_TEXT:
            return Meaning(_ROLE_BY_TEXT[key])
        item = standards.find_item(text)
        # S2 is the second sample far oftener than sulfide, which is written S2- or S²⁻
        if item is not None and not re.fullmatch(r"s\d", key):
            return Meaning("reading", item)
        if _BEGIN.fullmatch(key):
            return Meaning("time_begin")
        if _END.fullmatch(key):
            return Meaning("time_end")
        if key in _IGNORED:
            return Meaning("ignore", note="不是监测结果，未读入")
        return Meaning()

    def _as_mapped(self, target: str, unit: str) -> Meaning:
        if target == "ignore":
            return Meaning("ignore", note="按 columns= 忽略")
        if target in MAPPED_ROLES:
            return Meaning(target, unit=unit, note="按 columns= 指定")
        return Meaning("reading", target, unit, note="按 columns= 指定")

    def column(self, texts: list[str]) -> Meaning:
        """Understand the texts of one column of the header, the upper first."""
        words = [text for text in texts if text.strip()]
        units = [text.strip() for text in words if is_unit(text) and not self.understand(text).role]
        words = [text for text in words if text.strip() not in units]
        unit = _bare_unit(units[-1]) if units else ""
        meanings = [self.understand(text) for text in words]
        if len(words) > 1:
            joined = self.understand("".join(words))
            if joined.note.startswith("按 columns="):
                return joined
        items = [number for number, meaning in enumerate(meanings) if meaning.role == "reading"]
        if items:
            number = items[-1]
            below = [meaning.role for meaning in meanings[number + 1 :]]
            if {"published_class", "ignore"} & set(below):
                return Meaning("ignore", note="不是监测结果，未读入")
            if "mark" in below:
                return Meaning("mark", meanings[number].item, note=MARK_NOTE)
            # 监测结果(mg/L) over the names of the items
            over = [split_unit(text)[1] for text in words[:number]]
            over = [text for text in over if is_unit(text)]
            below_units = [meaning.unit for meaning in meanings[number + 1 :] if meaning.unit]
            own = unit or meanings[number].unit or "".join(below_units[:1])
            if over and (not own or is_basis(own)) and not is_plain_item(meanings[number].item):
                own = with_basis(over[-1], own)
            return replace(meanings[number], unit=with_basis(own, meanings[number].unit))
        if len(words) > 1:
            joined = self.understand("".join(words))
            if joined.role and joined.role != "reading":
                return replace(joined, unit=unit or joined.unit)
        if len(words) > 1 and fold(words[-1]) in ("名称", "编码", "代码", "编号"):
            # 断面信息 over 名称 and 编码
            tops = [m[0] for text in words[:-1] if (m := re.search("断面|点位|测站|站点", text))]
            if tops:
                return self.understand(tops[0] + fold(words[-1]))
        if (
            meanings
            and meanings[0].role == "published_class"
            and _THIS_OR_LAST.fullmatch(words[-1])
        ):
            return meanings[0]  # 水质类别 over 本周 and 上周
        if meanings and meanings[-1].role:
            last = meanings[-1]
            # a row of units under the header begins with the word 单位
            if last.role == "unit" and len(meanings) > 1 and meanings[-2].role:
                last = meanings[-2]
            if last.role == "value" and not unit:  # 项目及结果(mg/L) over 项目 and 结果
                over = [said for text in words[:-1] if is_unit(said := split_unit(text)[1])]
                unit = last.unit or "".join(over[-1:])
            return replace(last, unit="" if last.role == "ignore" else unit or last.unit)
        return Meaning(unit=unit)


def is_plain_item(item: str) -> bool:
    """Tell an item that has no unit, or one of its own that no table shares: pH, temperature."""
    return standards.item_units().get(item, "") not in ("mg/L", "μg/L")


def is_plain(unit: str) -> bool:
    return unicodedata.normalize("NFKC", unit).strip().lower() in (
        "",
        "无量纲",
        "无单位",
        "dimensionless",
        "-",
    )


def _bare_unit(text: str) -> str:
    bare = text.strip()
    match = re.fullmatch(r"[(（\[【](.*)[)）\]】]", bare, re.DOTALL)
    bare = match[1].strip() if match else bare
    bare = _UNIT_WORD.sub("", bare)
    return "" if is_plain(bare) else bare


def split_unit(text: str) -> tuple[str, str]:
    """Split ``氨氮(mg/L)`` into name and unit; without a unit the second part is empty.

    A symbol in brackets is part of the name, 氨氮(NH3-N)(mg/L); what the number is counted as
    belongs to the unit, 总磷(以P计，mg/L).
    """
    name, unit, species = text.strip(), "", ""
    while match := _BRACKET.match(name):
        inner = match[2].strip()
        # (单位：mg/L，水温℃、pH除外)
        parts = [_UNIT_WORD.sub("", part.strip()) for part in re.split(r"[,，;；、]", inner)]
        parts = [part for part in parts if part]
        units = [part for part in parts if is_unit(part) and not _SPECIES.fullmatch(part)]
        counted = [part for part in parts if _SPECIES.fullmatch(part)]
        if units:
            unit = unit or _SPECIES.sub("", units[0]).strip()
            counted = counted or [m[0] for part in units for m in [_SPECIES.search(part)] if m]
        elif not counted:
            whole, symbol = standards.find_item(match[1]), standards.find_item(inner)
            if not match[1].strip() or not whole or standards.find_item(name):
                # an unknown bracket after an unknown name is most likely a unit, 监测值(xx)
                if match[1].strip() and not unit and not standards.find_item(name):
                    return match[1].strip(), inner
                break
            if symbol != whole:
                unit = unit or inner
        species = species or (counted[0] if counted else "")
        name = match[1].strip()
        if not name:
            return text.strip(), ""
    if not unit:
        tail = re.match(r"^(.*?)[\s,，/_:：]+(\S+)$", name, re.DOTALL)
        if (
            tail
            and tail[1].strip()
            and is_unit(tail[2].replace("_", "/"))
            and not standards.find_item(name)
        ):
            name, unit = tail[1].strip(" ,，/_:："), tail[2].replace("_", "/")
        else:
            tail = re.match(r"^(.*?)_((?:[munk]|μ)?g_l)$", name, re.IGNORECASE)
            if tail:
                name, unit = tail[1], tail[2].replace("_", "/")
    if species and not standards.find_item(text.strip()):
        return name, f"{unit}({species})" if unit else species
    return name, unit
