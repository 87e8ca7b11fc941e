"""Verdicts and zones for people: their words, colours and patterns, and how sizes are written.

Findings and maps say the same and draw the same; what they share stands here once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

#: First columns of every table of zones, in order, with their dtypes.
ZONE_HEAD: dict[str, str] = {
    "zone_code": "str",
    "zone_name": "str",
    "zone_kind": "str",
    "zone_grade": "str",
    "layer": "str",
    "version": "str",
    "version_date": "str",
    "content_hash": "str",
    "accuracy_m": "float64",
    "source": "str",
    "quality": "str",
}

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

#: Sign of a verdict on a map: fill, border and shape, so that no two differ by colour alone.
VERDICT_SIGNS: dict[str, tuple[str, str, str]] = {
    "禁止": ("#b3261e", "#ffffff", "octagon"),
    "无法判断": ("#7a4fb0", "#ffffff", "diamond"),
    "压线需复核": ("#f2a900", "#3d2c00", "triangle"),
    "限制": ("#8a4b12", "#ffffff", "square"),
    "允许有条件": ("#2f7ed8", "#ffffff", "pentagon"),
    "允许": ("#2c6e3f", "#ffffff", "circle"),
    "无冲突": ("#ffffff", "#2c6e3f", "circle"),
}

#: What is said where nothing can be said.
UNJUDGED = "无法判断"

#: Verdicts that a rule gives.
FIRM = ("禁止", "限制", "允许有条件", "允许")

#: Value of ``place_quality`` of a site that an area stands for, and its words.
APPROXIMATE_KEY, APPROXIMATE = "approximate", "约略位置"

#: What becomes of a verdict of a rule where only an area is known, and how its reason begins.
CAPPED = "压线需复核"
CAP_WORDS = {
    "zh": "压线需复核：项目只有约略位置，其范围与分区相接或重叠，若位于区内则为：",
    "en": "on the line, to be checked: only an area is known for the site; if it lies inside: ",
}

#: How the reason begins where the cap lets a layer count that could not be checked, and what joins
#: the names of layers.
CAP_GAPS = {
    "zh": ("无法判断：未能核查的图层：{layers}。", "、"),
    "en": ("cannot be judged: layers that could not be checked: {layers}. ", ", "),
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
    ("drinking_water", "quasi"): ("准", "quasi zone"),
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

#: How far a rule about zones is checked: Chinese, English; ``user`` is a rule of the user's own.
STATUSES: dict[str, tuple[str, str]] = {
    "verified": ("已核实", "verified"),
    "single source": ("单一来源", "single source"),
    "derived": ("推导", "derived"),
    "user": ("用户自定", "user's own"),
    "unverified": ("未核实", "unverified"),
    "not found": ("未见条文", "not found"),
}

_STATES = {
    "ok": ("已核查", "checked"),
    "partial": ("部分分区未能核查", "some zones could not be checked"),
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

# what XML 1.0 cannot hold, what turns the direction of the text around, and what is no character
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def is_approximate(value: object) -> bool:
    """Tell whether a ``place_quality`` says that an area stands for the site.

    Examples
    --------
    >>> from chaoyang_geo.verdicts import is_approximate
    >>> is_approximate("approximate"), is_approximate("约略位置"), is_approximate("official")
    (True, True, False)
    """
    return value in (APPROXIMATE_KEY, APPROXIMATE)


def outranked(
    verdict: str, reasons: Iterable[str], layers: Iterable[str], lang: str
) -> tuple[str, str]:
    """Return the verdict on a site under the cap, and how its reason begins.

    What was forbidden could not become worse; what is only on the line can: by findings that
    cannot be judged, of which these are the ``reasons``, or by ``layers`` that could not be
    checked.

    Examples
    --------
    >>> from chaoyang_geo.verdicts import outranked
    >>> outranked("压线需复核", [], ["红线"], "zh")
    ('无法判断', '无法判断：未能核查的图层：红线。')
    >>> outranked("压线需复核", [], [], "zh")
    ('压线需复核', '')
    """
    words, joint = CAP_GAPS[lang]
    end = "" if lang == "zh" else " "
    said = "".join(f"{reason}{end}" for reason in list(reasons)[:1])
    names = joint.join(layers)
    said += words.format(layers=names) if names else ""
    return (UNJUDGED if said else verdict), said


def clean(value: object) -> str:
    """Return a text that every kind of file can hold; a character that none can is ``�``.

    Examples
    --------
    >>> from chaoyang_geo.verdicts import clean
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
    >>> from chaoyang_geo.verdicts import kind_name
    >>> kind_name("drinking_water", "primary", "zh"), kind_name("town", "", "en")
    ('饮用水水源保护区（一级）', 'town')
    """
    at = ("zh", "en").index(lang)
    name = KINDS[kind][at] if kind in KINDS else clean(kind)
    if not grade:
        return name
    word = GRADES[kind, grade][at] if (kind, grade) in GRADES else clean(grade)
    return f"{name}（{word}）" if lang == "zh" else f"{name} ({word})"


def kinds_text(text: str, lang: str) -> str:
    """Return kinds with their grades, joined by ``;``, for people.

    In the order of :data:`KINDS` and :data:`GRADES`, the strictest grade first.

    Examples
    --------
    >>> from chaoyang_geo.verdicts import kinds_text
    >>> kinds_text("town;drinking_water/quasi;drinking_water/primary", "zh")
    '饮用水水源保护区（一级）、饮用水水源保护区（准）、城镇'
    """
    kinds, grades = list(KINDS), list(GRADES)

    def place(pair: tuple[str, str]) -> tuple[int, int]:
        return (
            kinds.index(pair[0]) if pair[0] in KINDS else len(kinds),
            grades.index(pair) if pair in GRADES else len(grades),
        )

    pairs = [(kind, grade) for kind, _, grade in (each.partition("/") for each in text.split(";"))]
    joint = "、" if lang == "zh" else ", "
    return joint.join(kind_name(*pair, lang) for pair in sorted(pairs, key=place) if pair[0])


_SHORT_KINDS = {
    "eco_red_line": "red line", "nature_reserve": "protected area", "drinking_water": "water source",
    "management_unit": "management unit", "function_zone": "function zone",
    "permanent_cropland": "permanent cropland",
}  # fmt: skip


def legend_name(kind: str, grade: str, lang: str) -> str:
    """Return kind and grade of a zone in few letters, for a legend.

    Examples
    --------
    >>> from chaoyang_geo.verdicts import legend_name
    >>> legend_name("management_unit", "priority", "en"), legend_name("town", "", "zh")
    ('management unit: priority', '城镇')
    """
    if lang == "zh":
        return kind_name(kind, grade, lang)
    name = _SHORT_KINDS.get(kind) or kind_name(kind, "", lang)
    return f"{name}: {clean(grade)}" if grade else name


def severity(verdict: str) -> int:
    """Return the place of a verdict in the order of severity, 0 for the worst.

    What is no verdict, a blank too, stands where 无法判断 does: it may turn out to be anything.

    Examples
    --------
    >>> from chaoyang_geo.verdicts import severity
    >>> severity("禁止"), severity("无冲突"), severity("")
    (0, 6, 1)
    """
    return _SEVERITY.get(verdict, _SEVERITY[UNJUDGED])


_SEVERITY = {verdict: place for place, verdict in enumerate(VERDICTS)}


def finding_key(
    verdict: str, rule_verdict: str, distance_m: float, kind: str, grade: str
) -> tuple[int, int, float, int, int]:
    """Return what the findings of a site are sorted by: the first is the one that decides.

    The verdict; of equal verdicts what the rule says of the inside of the zone, so that of two
    zones on the line the one that forbids leads; then the nearer zone; then the kind and grade
    that is drawn on top, a red line before a management unit.

    Examples
    --------
    >>> from chaoyang_geo.verdicts import finding_key
    >>> unit = finding_key("压线需复核", "允许有条件", 6.0, "management_unit", "priority")
    >>> line = finding_key("压线需复核", "禁止", 6.0, "eco_red_line", "general")
    >>> line < unit
    True
    """
    layer, level = drawn_at(kind, grade)
    return severity(verdict), severity(rule_verdict), distance_m, -layer, -level


def verdict_name(verdict: str, lang: str) -> str:
    """Return a verdict for people."""
    return verdict if lang == "zh" else VERDICTS.get(verdict, verdict)


def relation_name(relation: str, lang: str) -> str:
    """Return how a site lies to a zone, for people."""
    return _pick(_RELATIONS, relation, lang)


def status_name(status: str, lang: str) -> str:
    """Return how far a rule is checked, for people."""
    return _pick(STATUSES, status, lang)


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


def unversioned(checked: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the layers of a screening that could be read and have no version.

    Examples
    --------
    >>> from chaoyang_geo.verdicts import unversioned
    >>> rows = [{"layer": name, "version": text, "layer_state": state} for name, text, state in
    ...         (("甲", "2023", "ok"), ("乙", None, "ok"), ("丙", "", "unreadable"))]
    >>> unversioned(rows)
    ['乙']
    """
    return [
        clean(row["layer"])
        for row in checked
        if not clean(row["version"]) and row["layer_state"] != "unreadable"
    ]


#: From these on an area is told in hectares, a length in kilometres.
HECTARE_M2, KILOMETRE_M = 1e4, 1e3


def small_text(value: float) -> str:
    """Return a number that one digit would write as 0.0, or off by half; any other is ``''``.

    Examples
    --------
    >>> from chaoyang_geo.verdicts import small_text
    >>> small_text(0.04), small_text(0.0004), small_text(0.4), small_text(0.0)
    ('0.04', '<0.01', '', '')
    """
    if not 0 < value < 0.095:
        return ""
    return "<0.01" if value < 0.005 else f"{value:.2f}"


def area_number(m2: float) -> str:
    """Return the number of an area for people, in hectares from :data:`HECTARE_M2` on."""
    return f"{m2 / HECTARE_M2:,.2f}" if m2 >= HECTARE_M2 else small_text(m2) or f"{m2:,.1f}"


def length_number(m: float) -> str:
    """Return the number of a length for people, in kilometres from :data:`KILOMETRE_M` on."""
    if m >= KILOMETRE_M:
        return f"{m / KILOMETRE_M:,.2f}".removesuffix(".00")
    return small_text(m) or f"{m:,.1f}".removesuffix(".0")


def area_text(m2: float, lang: str) -> str:
    """Return an area for people: square metres, from one hectare on hectares.

    What is not nothing is never written 0.

    Examples
    --------
    >>> from chaoyang_geo.verdicts import area_text
    >>> area_text(123.44, "zh"), area_text(123456.0, "en")
    ('123.4 平方米', '12.35 ha')
    >>> area_text(0.03, "zh"), area_text(0.002, "en"), area_text(0.0, "en")
    ('0.03 平方米', '<0.01 m²', '0.0 m²')
    """
    large, small = ("公顷", "平方米") if lang == "zh" else ("ha", "m²")
    return f"{area_number(m2)} {large if m2 >= HECTARE_M2 else small}"


def length_text(m: float, lang: str) -> str:
    """Return a length for people: metres, from one kilometre on kilometres.

    What is not nothing is never written 0.

    Examples
    --------
    >>> from chaoyang_geo.verdicts import length_text
    >>> length_text(20.0, "zh"), length_text(1234.0, "en"), length_text(2000.0, "zh")
    ('20 米', '1.23 km', '2 公里')
    >>> length_text(0.04, "zh"), length_text(0.002, "en"), length_text(0.0, "en")
    ('0.04 米', '<0.01 m', '0 m')
    """
    large, small = ("公里", "米") if lang == "zh" else ("km", "m")
    return f"{length_number(m)} {large if m >= KILOMETRE_M else small}"


def enough_m(m: float) -> float:
    """Return metres rounded up to a tenth: rounded down, a shift would not clear what it must.

    Examples
    --------
    >>> from chaoyang_geo.verdicts import enough_m
    >>> enough_m(745.83), enough_m(26.0)
    (745.9, 26.0)
    """
    return math.ceil(m * 10 - 1e-6) / 10


def way_text(km: float, lang: str) -> str:
    """Return a way along a river for people: kilometres with one digit, of a short one metres.

    Examples
    --------
    >>> from chaoyang_geo.verdicts import way_text
    >>> way_text(7.44, "zh"), way_text(0.03, "en"), way_text(0.0004, "en")
    ('7.4 公里', '30 m', '0.4 m')
    """
    if km >= 0.05:
        return f"{km:,.1f} {'公里' if lang == 'zh' else 'km'}"
    if 0 < km < 0.001:
        return length_text(1000 * km, lang)
    return f"{1000 * km:.0f} {'米' if lang == 'zh' else 'm'}"


def share_text(share: float) -> str:
    """Return a share in percent; what is not nothing is never written 0 %, nor all but all 100 %.

    Examples
    --------
    >>> from chaoyang_geo.verdicts import share_text
    >>> share_text(0.12345), share_text(0.000004), share_text(1.0), share_text(0.99999)
    ('12.3 %', '<0.01 %', '100 %', '>99.9 %')
    >>> share_text(0.0), share_text(0.004)
    ('0 %', '0.40 %')
    """
    percent = 100 * share
    if percent == 0:
        return "0 %"
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
    >>> from chaoyang_geo.verdicts import degrees_text
    >>> degrees_text(120.5, 41.51)
    '120°30′00″E, 41°30′36″N'
    """
    parts = []
    for value, signs in ((longitude, "EW"), (latitude, "NS")):
        seconds = round(abs(value) * 3600)
        sign = signs[0] if value >= 0 else signs[1]
        parts.append(f"{seconds // 3600}°{seconds // 60 % 60:02d}′{seconds % 60:02d}″{sign}")
    return ", ".join(parts)


def known(value: object) -> TypeGuard[float]:
    """Tell whether a number is there."""
    return isinstance(value, int | float) and math.isfinite(value)


@dataclass(frozen=True)
class Look:
    """Colour of fill, hatch and border; hatches are angle and gap in millimetres."""

    colour: str
    opacity: float
    hatches: tuple[tuple[float, float], ...]
    width: float = 0.25


_LOOKS: dict[tuple[str, str], Look] = {
    ("eco_red_line", "core"): Look("#b3261e", 0.28, ((45, 1.3),), 0.5),
    ("eco_red_line", "general"): Look("#cf4a41", 0.13, ((45, 2.8),), 0.4),
    ("eco_red_line", ""): Look("#cf4a41", 0.13, ((45, 2.8),), 0.4),
    ("nature_reserve", "core"): Look("#146b37", 0.28, ((135, 1.3),), 0.45),
    ("nature_reserve", "general"): Look("#3d9960", 0.13, ((135, 2.8),), 0.35),
    ("nature_reserve", ""): Look("#3d9960", 0.13, ((135, 2.8),), 0.35),
    ("drinking_water", "primary"): Look("#0b4f9e", 0.32, ((0, 1.2),), 0.45),
    ("drinking_water", "secondary"): Look("#2f7ed8", 0.18, ((0, 2.4),), 0.35),
    ("drinking_water", "quasi"): Look("#5c9fdf", 0.10, ((0, 4.2),), 0.3),
    ("drinking_water", ""): Look("#2f7ed8", 0.18, ((0, 2.4),), 0.35),
    ("management_unit", "priority"): Look("#2f8f6b", 0.10, ((90, 2.6),)),
    ("management_unit", "key"): Look("#c77800", 0.14, ((90, 4.0),)),
    ("management_unit", "general"): Look("#7c868d", 0.07, ()),
    ("management_unit", ""): Look("#7c868d", 0.07, ((90, 5.0),)),
    ("function_zone", ""): Look("#7a8f2a", 0.12, ((20, 3.4),)),
    ("river_bank", ""): Look("#1f9fb5", 0.35, ((135, 1.4),)),
    ("reservoir_bank", ""): Look("#3b7f9e", 0.30, ((135, 2.0),)),
    ("permanent_cropland", ""): Look("#a37a00", 0.16, ((45, 2.8), (135, 2.8))),
    ("town", ""): Look("#6b5b95", 0.16, ((0, 2.8), (90, 2.8))),
}
_UNKNOWN = Look("#4a4a4a", 0.12, ((70, 3.0),))

#: What is drawn first and so lies below.
_ORDER = (
    "management_unit", "function_zone", "town", "permanent_cropland", "drinking_water",
    "reservoir_bank", "river_bank", "nature_reserve", "eco_red_line",
)  # fmt: skip
_GRADES = ("general", "quasi", "", "key", "secondary", "priority", "primary", "core")


def look_of(kind: str, grade: str) -> Look:
    """Return how a kind and grade is drawn; an unknown one is grey.

    Examples
    --------
    >>> from chaoyang_geo.verdicts import look_of
    >>> look_of("eco_red_line", "core").colour, look_of("mine", "").colour
    ('#b3261e', '#4a4a4a')
    """
    return _LOOKS.get((kind, grade)) or _LOOKS.get((kind, "")) or _UNKNOWN


def drawn_at(kind: str, grade: str) -> tuple[int, int]:
    """Return where in the stack a kind and grade is drawn, the lowest first."""
    return (
        _ORDER.index(kind) if kind in _ORDER else len(_ORDER),
        _GRADES.index(grade) if grade in _GRADES else len(_GRADES),
    )
