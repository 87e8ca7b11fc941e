"""What the doctor found: one row each, with place, size, severity and a proposed repair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoyang_geo.rounding import short_number

if TYPE_CHECKING:
    import geopandas as gpd

    from chaoyang_geo.units.shapes import Ruler

FINDING_COLUMNS: tuple[str, ...] = (
    "finding_kind", "finding_name", "severity", "severity_rule", "unit_codes", "section_code",
    "township_code", "area_m2", "length_m", "width_m", "n_places", "finding_zh", "finding_en",
    "repair_policy", "to_unit_code", "repair_zh", "repair_en",
)  # fmt: skip

SEVERITIES: tuple[str, ...] = ("error", "warning", "note")

#: Kinds of findings, in the order of the report: Chinese and English name.
KINDS: dict[str, tuple[str, str]] = {
    "no_geometry": ("无图形", "no geometry"),
    "invalid_ring": ("图形自交", "invalid ring"),
    "overlap": ("重叠", "overlap"),
    "gap": ("空隙", "gap"),
    "hole": ("空洞", "hole"),
    "outside": ("越界", "outside"),
    "sliver": ("碎片", "sliver"),
    "parts": ("飞地", "unit in parts"),
    "mismatch": ("边界未对齐", "borders not matched"),
    "township_none": ("乡镇无单元", "township in no unit"),
    "township_two": ("乡镇分属多单元", "township in several units"),
    "township_border": ("偏离乡镇界", "off the township border"),
    "no_section": ("单元无断面", "unit without section"),
    "section_unknown_unit": ("断面单元不明", "section of no known unit"),
    "section_no_position": ("断面无位置", "section without position"),
    "section_outside": ("断面在单元外", "section outside its unit"),
    "section_not_at_outlet": ("断面不在出口", "section not at the outlet"),
    "area": ("面积不符", "area differs"),
}

#: What a policy does to a place, in words. ``{to}`` is the unit that receives it.
POLICIES: dict[str, tuple[str, str]] = {
    "longest_border": (
        "并入公共边界最长的单元{to}",
        "give it to the unit with the longest shared border, {to}",
    ),
    "township": ("按乡镇界归单元{to}", "follow the township border: to unit {to}"),
    "smaller": ("归面积较小的单元{to}", "give it to the smaller unit, {to}"),
    "larger": ("归面积较大的单元{to}", "give it to the larger unit, {to}"),
    "recorded": (
        "归登记面积尚缺较多的单元{to}",
        "give it to the unit that lacks more of its recorded area, {to}",
    ),
    "first": ("归排在前面的单元{to}", "give it to the unit that comes first, {to}"),
    "fill": ("填入单元{to}", "fill it into unit {to}"),
    "cut": ("裁去界外部分", "cut it off at the outer border"),
    "match_vertices": (
        "在公共边界上补齐顶点，不改面积",
        "insert the missing vertices on the shared border",
    ),
    "make_valid": ("修复自交", "mend the rings"),
    "review": ("人工核对", "for a person to decide"),
}

#: Policies that change a geometry.
REPAIRS: tuple[str, ...] = tuple(name for name in POLICIES if name != "review")

#: What the user may choose for overlaps.
OVERLAP_POLICIES: tuple[str, ...] = ("smaller", "larger", "recorded", "longest_border", "first")

#: Severity and its rule; a rule is a key of this table.
RULES: dict[str, tuple[str, str]] = {
    "no_geometry": ("error", "单元没有图形即为错误"),
    "invalid": ("error", "图形不合规则，面积不可靠"),
    "broad": ("error", "平均宽度不小于狭缝阈值"),
    "narrow": ("warning", "平均宽度小于狭缝阈值，多为两套边界不一致"),
    "sliver": ("warning", "与主体分离且平均宽度小于狭缝阈值的部分"),
    "parts": ("warning", "与主体分离的部分，可能是飞地，也可能是错误"),
    "mismatch": ("note", "相邻边界顶点不一致，面积差小于下限"),
    "township_none": ("error", "乡镇不足一半在任何单元内"),
    "township_two": ("warning", "乡镇在另一单元内的份额达到下限"),
    "township_border": ("warning", "乡镇在另一单元内的份额低于下限或为狭缝"),
    "no_section": ("error", "每个单元应有断面"),
    "unknown_unit": ("error", "断面登记的单元不在单元表中"),
    "no_position": ("note", "没有位置，不能核对"),
    "far": ("error", "断面距登记单元超过容差"),
    "outlet": ("warning", "断面距单元出口超过容差"),
    "area": ("warning", "与登记面积相差超过容差"),
    "area_far": ("error", "与登记面积相差超过容差的10倍"),
}


@dataclass
class Finding:
    """One finding; units are positions in the table of units."""

    kind: str
    units: tuple[int, ...]
    rule: str
    shape: Any = None
    area_m2: float = float("nan")
    length_m: float = float("nan")
    width_m: float = float("nan")
    n_places: int = 1
    policy: str = "review"
    to: int = -1
    section: str = ""
    township: str = ""
    words: tuple[str, str] = ("", "")
    place: Any = field(default=None, repr=False)


def area_text(area_m2: float) -> str:
    """Write an area in m2 or, from a hectare on, in km2."""
    if float(f"{area_m2:.4g}") < 10_000:
        return f"{short_number(area_m2)} m²"
    return f"{short_number(area_m2 / 1e6)} km²"


def size_text(found: Finding) -> tuple[str, str]:
    """Write the size of a strip or patch in both languages."""
    area, n = area_text(found.area_m2), found.n_places
    zh = f"{area}，平均宽{short_number(found.width_m, 3)} m" + (f"，共{n}处" if n > 1 else "")
    en = f"{area}, {short_number(found.width_m, 3)} m wide on average" + (
        f", in {n} places" if n > 1 else ""
    )
    return zh, en


def findings_frame(
    found: Sequence[Finding], codes: Sequence[str], names: Sequence[str], ruler: Ruler | None,
    crs: Any,
) -> gpd.GeoDataFrame:  # fmt: skip
    """Return findings as rows: by kind, the gravest and largest first."""
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    def called(unit: int) -> str:
        return f"{codes[unit]}{names[unit]}" if names[unit] != codes[unit] else codes[unit]

    kinds, ranks = list(KINDS), {name: rank for rank, name in enumerate(SEVERITIES)}
    found = sorted(
        found,
        key=lambda one: (
            ranks[RULES[one.rule][0]], kinds.index(one.kind),
            -one.area_m2 if one.area_m2 == one.area_m2 else 0.0, one.units, one.section,
            one.township,
        ),
    )  # fmt: skip
    rows = []
    for one in found:
        severity, rule = RULES[one.rule]
        to = codes[one.to] if one.to >= 0 else ""
        zh, en = POLICIES[one.policy]
        rows.append({
            "finding_kind": one.kind, "finding_name": KINDS[one.kind][0], "severity": severity,
            "severity_rule": rule, "unit_codes": ";".join(codes[unit] for unit in one.units),
            "section_code": one.section, "township_code": one.township, "area_m2": one.area_m2,
            "length_m": one.length_m, "width_m": one.width_m, "n_places": one.n_places,
            "finding_zh": one.words[0].format(units="、".join(map(called, one.units))),
            "finding_en": one.words[1].format(units=", ".join(codes[u] for u in one.units)),
            "repair_policy": one.policy, "to_unit_code": to,
            "repair_zh": zh.format(to=to), "repair_en": en.format(to=to),
        })  # fmt: skip
    numbers = {"area_m2": "float64", "length_m": "float64", "width_m": "float64",
               "n_places": "int64"}  # fmt: skip
    table = pd.DataFrame(rows, columns=list(FINDING_COLUMNS))
    table = table.astype({name: numbers.get(name, "str") for name in FINDING_COLUMNS})
    shapes = np.empty(len(found), dtype=object)
    places = np.empty(len(found), dtype=object)
    for row, one in enumerate(found):
        shapes[row] = one.shape
        places[row] = one.place if one.place is not None else _inside(one.shape)
    if ruler is not None:
        crs = ruler.crs
    out = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs=crs), crs=crs)
    out["place"] = gpd.GeoSeries(places, crs=crs)
    return out


def _inside(shape: Any) -> Any:
    """Return a point on the largest part of a shape."""
    import numpy as np
    import shapely

    if shape is None or shape.is_empty:
        return None
    parts = shapely.get_parts(shape)
    size = shapely.area(parts) + 1e-12 * shapely.length(parts)
    return shapely.point_on_surface(parts[int(np.argmax(size))])
