"""The words of screening: kinds and grades of zones, relations, verdicts."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from chaoyang_geo import verdicts

#: Verdicts, most severe first; the worst of a site's findings is the verdict on the site.
VERDICTS: tuple[str, ...] = tuple(verdicts.VERDICTS)

#: What is said where nothing can be said, where nothing is in the way, and where the line is near.
UNJUDGED, NO_CONFLICT, ON_THE_LINE = verdicts.UNJUDGED, "无冲突", verdicts.CAPPED

#: Verdicts that a rule may give.
RULE_VERDICTS: tuple[str, ...] = verdicts.FIRM

#: Verdicts in English.
VERDICTS_EN: dict[str, str] = verdicts.VERDICTS

#: How a site lies to a zone, closest first: key, Chinese, English.
RELATIONS: dict[str, tuple[str, str]] = {
    "inside": ("位于区内", "lies inside"),
    "overlaps": ("部分位于区内", "lies partly inside"),
    "touches": (
        "与边界相接，没有公共面积或长度",
        "touches its border, without area or length in common",
    ),
    "near": ("位于区外", "lies outside"),
}


@dataclass(frozen=True)
class Kind:
    """A kind of zone: names for people, other words for it, and its grades."""

    zh: str
    en: str
    words: tuple[str, ...]
    grades: dict[str, tuple[str, str, tuple[str, ...]]]


_CORE = {
    "core": ("核心区", "核心", "核心保护"),
    "general": ("一般区", "一般控制", "一般", "核心区外", "其他区域"),
}

#: Other words for the kinds of zones, and for their grades.
_SYNONYMS: dict[str, tuple[tuple[str, ...], dict[str, tuple[str, ...]]]] = {
    # the core of a red line is that of the protected areas within it
    "eco_red_line": (
        ("生态红线", "红线", "红线区"),
        {
            "core": (*_CORE["core"], "自然保护地核心保护区"),
            "general": (*_CORE["general"], "自然保护地一般控制区", "核心保护区外"),
        },
    ),
    "nature_reserve": (
        ("自然保护区", "保护地", "自然公园", "国家公园", "森林公园", "地质公园", "湿地公园"),
        _CORE,
    ),
    "drinking_water": (
        (
            "饮用水源保护区",
            "水源保护区",
            "水源地",
            "饮用水水源地",
            "饮用水源地",
            "水源地保护区",
            "集中式饮用水水源保护区",
            "集中式饮用水水源地",
        ),
        {
            "primary": ("一级保护区", "一级区", "1级", "Ⅰ级"),
            "secondary": ("二级保护区", "二级区", "2级", "Ⅱ级"),
            "quasi": ("准保护区", "准级", "准保护"),
        },
    ),
    "management_unit": (
        ("三线一单", "管控单元", "生态环境管控单元", "三线一单单元", "生态环境分区管控单元"),
        {
            "priority": ("优先保护单元", "优先", "优先保护区"),
            "key": ("重点管控单元", "重点", "重点管控区"),
            "general": ("一般管控单元", "一般", "一般管控区"),
        },
    ),
    "function_zone": (("功能区", "重要生态功能区", "重点生态功能区", "生态功能区划"), {}),
    "river_bank": (("河岸带", "河道管理范围", "河岸缓冲带", "河岸线"), {}),
    "reservoir_bank": (("库岸带", "水库管理范围", "湖岸", "库岸缓冲带"), {}),
    "permanent_cropland": (
        ("基本农田", "永农", "永久基本农田保护红线", "永久基本农田保护区", "基本农田保护区"),
        {},
    ),
    "town": (("城镇开发边界", "城镇范围", "建成区", "城镇空间", "城区"), {}),
}


def _kinds() -> dict[str, Kind]:
    """Return the kinds that verdicts are spoken of, each with its synonyms and grades."""
    found = {}
    for key, (zh, en) in verdicts.KINDS.items():
        words, grades = _SYNONYMS[key]
        own = {grade: (*verdicts.GRADES[key, grade], other) for grade, other in grades.items()}
        found[key] = Kind(zh, en, words, own)
    return found


#: Kinds of zones by key, each with its grades by key; a kind without grades has ``{}``.
KINDS: dict[str, Kind] = _kinds()


def fold(text: object) -> str:
    """Return a word as it is compared: width, case, blanks and brackets play no part."""
    plain = unicodedata.normalize("NFKC", "" if text is None else str(text))
    return re.sub(r"[\s\-_()\[\]“”\"'、]", "", plain).casefold()


def _kind_words() -> dict[str, str]:
    found: dict[str, str] = {}
    for key, kind in KINDS.items():
        for word in (key, kind.zh, kind.en, *kind.words):
            found[fold(word)] = key
    return found


_KIND_BY_WORD = _kind_words()


def find_kind(text: object) -> str | None:
    """Return the key of the kind of zone that a word means, else ``None``.

    Examples
    --------
    >>> from chaoyang_geo.screening.words import find_kind
    >>> find_kind("生态红线"), find_kind("水源保护区"), find_kind("eco_red_line"), find_kind("公园")
    ('eco_red_line', 'drinking_water', 'eco_red_line', None)
    """
    return _KIND_BY_WORD.get(fold(text))


def find_grade(kind: str, text: object) -> str | None:
    """Return the key of the grade that a word means for a kind; no word is ``''``.

    Examples
    --------
    >>> from chaoyang_geo.screening.words import find_grade
    >>> find_grade("drinking_water", "一级保护区"), find_grade("management_unit", "优先保护单元")
    ('primary', 'priority')
    >>> find_grade("town", ""), find_grade("drinking_water", "四级")
    ('', None)
    >>> find_grade("drinking_water", "集中式饮用水水源准保护区")
    'quasi'
    >>> find_grade("eco_red_line", "生态保护红线内自然保护地核心保护区")
    'core'
    """
    word = fold(text)
    if not word:
        return ""
    known = KINDS[kind]
    names = sorted({fold(name) for name in (kind, known.zh, *known.words)}, key=len, reverse=True)
    # 饮用水水源一级保护区, 自然保护区核心区: the kind may stand around the grade
    tried = [word, *(word.replace(name, "") for name in names if name in word)]
    if kind == "drinking_water":
        # of one grade land and water are often drawn apart
        tried += [re.sub("集中式|饮用水?水源地?|水源地?|[水陆]域", "", form) for form in tried]
    # 生态保护红线内自然保护地核心保护区
    tried += [form[1:] for form in tried if form.startswith("内")]
    for form in tried:
        for key, (zh, en, words) in known.grades.items():
            if form in {fold(name) for name in (key, zh, en, *words)}:
                return key
    return None


def kind_zh(kind: str, grade: str = "") -> str:
    """Return kind and grade in Chinese: 饮用水水源保护区（一级）.

    Examples
    --------
    >>> from chaoyang_geo.screening.words import kind_zh
    >>> kind_zh("drinking_water", "primary"), kind_zh("town")
    ('饮用水水源保护区（一级）', '城镇')
    """
    return verdicts.kind_name(kind, grade, "zh")


def kind_en(kind: str, grade: str = "") -> str:
    """Return kind and grade in English: drinking-water source zone (primary zone)."""
    return verdicts.kind_name(kind, grade, "en")
