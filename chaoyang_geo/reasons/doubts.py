"""What limits a verdict on water: the sentences of its ``*_flag`` columns, in English.

The columns hold Chinese sentences joined by ``；``, with the names of items and sections in them.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from chaoyang_geo import standards
from chaoyang_geo.schema import one_of

#: Chinese and English of each sentence. ``{items}`` and ``{names}`` are lists, ``{n}`` and ``{m}``
#: numbers, ``{status}`` how far a rule is checked.
_SENTENCES: tuple[tuple[str, str], ...] = (
    # a section at a time or in a period
    ("缺测{items}，类别可能更差", "not measured: {items}; the class may be worse"),
    ("没有可评价的读数，不定类", "no reading that can be judged, so no class"),
    ("{items}不参与定类", "does not enter the class: {items}"),
    ("断面不在登记表中，按{water}评价", "not in the registry, judged as a {water}"),
    ("有读数高于量程，超标倍数为下限", "a reading was above range, so the multiple is a least one"),
    ("{items}同一时间有多个读数，取最差", "{items}: several readings at one time, the worst counts"),
    ("{items}同一时间有{layers}读数，取最差", "{items}: readings of {layers}, the worst counts"),
    ("{items}同一时段有多个均值，取最差", "{items}: several means in the period, the worst counts"),
    ("{items}同一时段有{layers}均值，取最差", "{items}: means of {layers}, the worst counts"),
    # an item of it
    ("{items}水体类型未登记，按{water}限值", "{items}: type of water not recorded, limits of a {water}"),
    ("{items}检出限（或量程）跨越多个类别，不能判定", "{items}: the detection limit (or range) spans classes"),
    (
        "{items}低于检出限（或高于量程）而没有给出限值，不能判定",
        "{items}: below detection or above range without saying of what limit",
    ),
    ("{items}数值为负或不是有限数，未作评价", "{items}: negative or no finite number, not judged"),
    ("{items}标准中没有该指标的限值", "{items}: the standard has no limit"),
    ("{items}单位不是{unit}，未作评价", "{items}: not in {unit}, not judged"),
    ("{items}状态说明没有结果，数值未采用", "{items}: said to have no result, the value was not used"),
    # a mean
    ("{items}含{layers}样品，逐个平均", "{items}: samples of {layers} count alike"),
    ("{items}其中{n}个读数有存疑说明", "{items}: doubtful readings: {n}"),
    ("{items}{n}个读数低于检出限而无检出限，未计入", "{items}: below an unknown limit and left out: {n}"),
    ("{items}{n}个读数低于检出限，按 drop，未计入", "{items}: below detection and left out as asked: {n}"),
    ("{items}{n}个读数高于量程，未计入", "{items}: above range and left out: {n}"),
    ("{items}{n}个读数高于量程，按所给数值计入", "{items}: above range, counted with the value given: {n}"),
    ("{items}{n}个读数为负值或无穷大，未计入", "{items}: negative or infinite and left out: {n}"),
    (
        "{items}{n}个带检出限或量程标记的读数值为负或无穷大，未采用该值",
        "{items}: marked as a limit, with an impossible value that was not used: {n}",
    ),
    ("{items}{n}个读数大于其检出限", "{items}: larger than their own detection limit: {n}"),
    ("{items}自动与手工读数一并平均", "{items}: automatic and manual readings averaged together"),
    (
        "{items}非自动监测的{n}个读数未计入（自动监测数据优先：{rule}，{status}）",
        "{items}: manual readings left out: {n} (automatic ones come first, {status})",
    ),
    (
        "{items}另一监测方式的{n}个读数未计入（按 precedence={rule}）",
        "{items}: readings of the other method left out as asked: {n}",
    ),
    (
        "{items}{n}个读数所在时段有效个数不足，未计入上一级平均",
        "{items}: readings of periods with too few of them, left out: {n}",
    ),
    ("{items}仅由{n}个数值平均，少于要求的{m}个", "{items}: a mean of {n}, fewer than the {m} asked for"),
    ("{items}单位不是该项目的常用单位，未修约", "{items}: in an unusual unit, not rounded"),
    (
        "{items}同一时段本项目另有其他单位的读数，未合并平均，换算成一种单位后再平均",
        "{items}: readings in another unit were not averaged with these",
    ),
    (
        "{period}由不相连的{list}月组成，起止之间另有其他水期",
        "the months of the water period do not follow each other",
    ),
    # a mean that was not judged, and an alert
    ("{items}没有可平均的数值", "{items}: no value to average"),
    ("{items}断流{n}次", "{items}: dry: {n}"),
    ("{items}冰封{n}次", "{items}: frozen: {n}"),
    ("{items}未监测{n}次", "{items}: not sampled: {n}"),
    ("{items}仪器故障{n}次", "{items}: instrument out of order: {n}"),
    ("{items}质控不合格{n}次", "{items}: failed quality control: {n}"),
    ("本月没有可用的均值", "no mean that can be used this month"),
    ("本月没有该项的均值", "no mean of the item this month"),
    ("断面没有目标类别，未作判定", "the section has no target class"),
    ("该目标类别或水体类型没有限值，未作判定", "no limit for this target or type of water"),
    ("水体类型未登记，未作判定", "the type of water is not recorded"),
    ("单位与标准不同，未作判定", "in another unit than the standard"),
    ("检出限或量程可能改变是否超过限值", "a detection limit or range could change the answer"),
    ("仍接近限值（余量{rule}，参数）", "still close to the limit (margin {rule}, a parameter)"),
    (
        "{period}起的月份未运行或没有均值，未计",
        "months from {period} on were not run, or had no means, and do not count",
    ),
    ("断面不在登记表中", "the section is not in the registry"),
    ("断面没有登记控制单元，责任区县不明", "no control unit is recorded, so not known who answers"),
    ("控制单元{names}没有区县份额", "no county shares of control unit {names}"),
    # a group of sections
    ("没有参评断面，不判状况", "no section was judged, so no state"),
    ("河流与湖库合计，只列比例，不判状况", "rivers and lakes together: shares only, no state"),
    (
        "含多个湖库，未见合并评价规则，不判状况；可按water_body分别评价",
        "several lakes, which no rule rates together, so no state",
    ),
    ("均值表缺断面，不判状况", "the means lack sections, so no state"),
    ("均值表没有可评价的项目，不判状况", "the means hold no item that can be judged, so no state"),
    ("未参评{n}个：{names}", "not judged ({n}): {names}"),
    ("没有可用均值：{names}", "without means: {names}"),
    (
        "Ⅰ~Ⅲ类恰60%且劣Ⅴ类恰40%，条文无对应，取{state}（{status}）",
        "exactly 60 % in Ⅰ-Ⅲ and 40 % worse than Ⅴ meet no row of the rule; decided ({status})",
    ),
    ("恰为5个断面，按比例法（{status}）", "exactly five sections, rated by shares ({status})"),
    ("登记{n}个、参评{m}个，按均值法", "{n} registered and {m} judged: rated by the mean"),
    ("登记{n}个、参评{m}个，按比例法", "{n} registered and {m} judged: rated by shares"),
    ("湖库取各点位算术平均（{status}）", "a lake is the mean of its points ({status})"),
    ("点位所在水体未登记，按同一湖库计", "the lake of the points is not recorded, taken for one"),
    ("{items}仅{n}个断面有均值", "{items}: sections with a mean: {n}"),
    ("{items}单位为{unit}，未参加平均", "{items}: in {unit}, not averaged"),
    ("均值缺{items}，类别可能更差", "the means lack {items}; the class may be worse"),
    ("受检出限影响，类别在{rule}与{unit}之间", "detection limits leave the class between {rule} and {unit}"),
    ("{items}超标率与第三位相同，未列", "as frequent as the third and not listed: {items}"),
    ("水体类型未登记，按河流：{names}", "type of water not recorded, taken for rivers: {names}"),
    (
        "{n}个参评断面没有目标或不能判定达标，未计入达标率",
        "judged without a target or verdict, not in the attainment rate: {n}",
    ),
    ("{n}个断面的目标为假定", "sections with an assumed target: {n}"),
    # a control unit
    ("单元没有登记断面，不判类别", "no section is recorded for the unit, so no class"),
    ("断面均无评价结果，不判类别", "no section has a result, so no class"),
    ("{names}无评价结果，类别可能更差", "no result: {names}; the class may be worse"),
    ("{names}没有目标或不能判定，达标与否不全", "no target or no verdict: {names}"),
    ("断面{unit}与单元{names}共用", "section {unit} is shared with unit {names}"),
    ("断面表没有{names}", "the registry lacks {names}"),
    ("断面{unit}在断面表登记于单元{names}", "the registry has section {unit} in unit {names}"),
    (
        "断面表将{names}登记于本单元，单元表未列",
        "the registry has {names} in this unit, the table of units does not",
    ),
    # an indicator of the plan
    ("水质数据不能回答该指标", "water-quality data do not answer it"),
    ("规划未印基准值", "the plan prints no baseline"),
    ("按{period}评价，规划按年考核", "not judged by the year, as the plan asks"),
    ("规划未列考核断面，按断面表{n}个断面计", "the plan names no sections, the registry's {n} are counted"),
    ("含假定的目标类别", "some targets are assumed"),
    ("未评价{n}个：{names}", "not judged ({n}): {names}"),
    ("规划有{n}个水源，断面表只有{m}个", "the plan has {n} sources, the registry {m}"),
    (
        "断面表没有标明哪些是饮用水水源，可用drinking_sources给出",
        "the registry does not say which sections are sources of drinking water",
    ),
    ("{names}没有{items}的均值", "{names}: no mean of {items}"),
    ("{names}的{items}超过表2限值", "{names}: {items} over the limit of Table 2"),
)  # fmt: skip

_WATER = {"河流": "river", "湖库": "lake"}
#: What parts the sentences of a flag; one within brackets does not.
SENTENCE_END = re.compile("；(?![^（]*）)")


def doubts_text(flag: object, lang: str, *, besides: str = "") -> str:
    """Return the doubts of a verdict for people: as they are in Chinese, each sentence in English.

    Names of places stay as they are written, and so does a sentence that is none of this library,
    such as a remark in the readings.

    Parameters
    ----------
    flag : str
        A cell of ``assess_flag``, ``rate_flag``, ``unit_flag``, ``mean_flag`` or ``alert_flag``; a
        missing one is ``''``.
    lang : {"zh", "en"}
    besides : str
        The Chinese reason of the verdict: what it says already is left out.

    Examples
    --------
    >>> from chaoyang_geo.reasons import doubts_text
    >>> doubts_text("缺测氨氮，类别可能更差；总磷含表层、底层样品，逐个平均", "en")
    'not measured: ammonia nitrogen; the class may be worse; total phosphorus: samples of surface, bottom count alike'
    >>> doubts_text("断流1次", "zh"), doubts_text("自己的话", "en"), doubts_text(None, "en")
    ('断流1次', '自己的话', '')
    """
    one_of("lang", lang, ("zh", "en"))
    text = "" if flag is None or str(flag) in ("nan", "<NA>") else str(flag)
    if besides:
        text = "；".join(part for part in SENTENCE_END.split(text) if part not in besides)
    return text if lang == "zh" or not text else _english(text)


@lru_cache(maxsize=4096)
def _english(text: str) -> str:
    whole = _sentence(text)  # one sentence holds the mark that ends others
    return whole or "; ".join(_sentence(part) or part for part in SENTENCE_END.split(text))


def _sentence(text: str) -> str:
    """Return one sentence in English, empty where it is none of these."""
    for pattern, english in _patterns():
        if found := pattern.fullmatch(text):
            values = {name: _value(name, value) for name, value in found.groupdict().items()}
            return english.format(**values).removeprefix(": ")  # a mean itself names no item
    return ""


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Return what each sentence looks like, the most words first, and its English."""

    def words(zh: str) -> int:
        return len(re.sub(r"{\w+}", "", zh))

    found = []
    for zh, en in sorted(_SENTENCES, key=lambda pair: -words(pair[0])):
        parts = re.split(r"{(\w+)}", zh)
        text = "".join(
            _group(part, first=place == 1 and not parts[0]) if place % 2 else re.escape(part)
            for place, part in enumerate(parts)
        )
        found.append((re.compile(text), en))
    return found


def _group(name: str, *, first: bool) -> str:
    if name in ("n", "m"):
        return rf"(?P<{name}>\d+)"
    kind = "." if name == "rule" else "[^；]"  # a source may hold what ends other sentences
    return f"(?P<{name}>{kind}{'*' if first and name == 'items' else '+'}?)"


def _value(name: str, text: str) -> str:
    """Return what stands in a brace in English, where it is a word of this library."""
    if name == "items":
        english = standards.item_names("en")
        keys = {zh: key for key, zh in standards.item_names("zh").items()}
        return ", ".join(english.get(keys.get(each, ""), each) for each in text.split("、"))
    if name == "names":
        return re.sub(r"等(\d+)个$", r" and others, \1 in all", text).replace("、", ", ")
    if name == "layers":
        return ", ".join(_LAYERS.get(each, each) for each in text.split("、"))
    if name == "status":
        return {zh: en for en, zh in standards.STATUSES.items()}.get(text, text)
    return _WATER.get(text, text) if name == "water" else text


_LAYERS = {"表层": "surface", "中层": "middle", "底层": "bottom", "左线": "left", "中线": "middle",
           "右线": "right", "左岸": "left bank", "右岸": "right bank"}  # fmt: skip
