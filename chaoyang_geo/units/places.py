"""Townships and sections against the units that they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.rounding import short_number
from chaoyang_geo.schema import as_text, split_codes
from chaoyang_geo.units.borders import Coverage, Townships
from chaoyang_geo.units.findings import Finding, size_text
from chaoyang_geo.units.shapes import in_crs, polygonal, read_polygons, widths

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

    from chaoyang_geo.units.shapes import Floats, Ints, Shapes


@dataclass(frozen=True)
class Parts:
    """Townships cut by units: positions of both, area (m2) and shape of each part."""

    town: Ints
    unit: Ints
    area: Floats
    shapes: Shapes


def read_townships(
    townships: gpd.GeoDataFrame, unit_codes: list[str], units: Coverage
) -> tuple[Townships, Parts]:
    """Return townships with the unit of each, and how they are shared out.

    The unit is the recorded ``unit_code`` where there is one in the table, else the unit with
    the largest part.
    """
    import numpy as np
    import shapely

    layer = in_crs(townships, units.ruler.crs, layer_name="townships")
    shapes, _ = read_polygons(layer, table="townships", code="township_code")
    shapes = units.ruler.rounded(shapes)
    codes = as_text(townships["township_code"]).tolist()
    town, unit = shapely.STRtree(units.shapes).query(shapes, predicate="intersects")
    whole = shapely.covers(units.shapes[unit], shapes[town])
    parts = shapes[town].copy()
    cut = ~whole
    parts[cut] = polygonal(
        shapely.intersection(shapes[town[cut]], units.shapes[unit[cut]], grid_size=units.ruler.grid)
    )
    area = units.ruler.sizes(parts)[0]
    kept = area > 0
    town, unit, area, parts = town[kept], unit[kept], area[kept], parts[kept]
    belongs = np.full(len(shapes), -1, dtype=np.int64)
    order = np.lexsort([-unit, area])
    belongs[town[order]] = unit[order]  # the largest comes last
    if "unit_code" in townships:
        number = {code: place for place, code in enumerate(unit_codes)}
        for row, code in enumerate(as_text(townships["unit_code"])):
            if code:
                belongs[row] = number.get(code, -1)
    return Townships(shapes, codes, belongs), Parts(town, unit, area, parts)


def township_findings(
    towns: Townships, cut: Parts, units: Coverage, township_share: float
) -> list[Finding]:
    """Return townships in no unit, in several, and unit borders that leave theirs."""
    import numpy as np

    town, unit, area, parts = cut.town, cut.unit, cut.area, cut.shapes
    whole = units.ruler.sizes(towns.shapes)[0]
    inside = np.bincount(town, weights=area, minlength=len(whole))
    found = []
    for row in np.flatnonzero((inside < 0.5 * whole) & (whole > 0)).tolist():
        size = area_words(float(whole[row] - inside[row]))
        found.append(Finding(
            "township_none", tuple(sorted(set(unit[town == row].tolist()))), "township_none",
            towns.shapes[row], float(whole[row] - inside[row]), township=towns.codes[row],
            words=(f"乡镇{towns.codes[row]}有{size}不在任何单元内",
                   f"{size} of township {towns.codes[row]} lie in no unit"),
        ))  # fmt: skip
    rims = units.ruler.sizes(parts)[1]
    wide = widths(area, rims)
    strange = (unit != towns.unit[town]) & (area >= units.min_area_m2) & (towns.unit[town] >= 0)
    for k in np.flatnonzero(strange):
        row, main = int(town[k]), int(towns.unit[town[k]])
        share = float(area[k] / whole[row])
        one = Finding(
            "township_two", (main, int(unit[k])), "township_two", parts[k], float(area[k]),
            float(rims[k] / 2), float(wide[k]), township=towns.codes[row],
        )  # fmt: skip
        zh, en = size_text(one)
        percent = f"{short_number(100 * share, 3)}%"
        if wide[k] < units.sliver_m or share < township_share:
            one.kind, one.rule, one.policy, one.to = (
                "township_border", "township_border", "township", main,
            )  # fmt: skip
            one.words = (
                f"乡镇{one.township}的{percent}（{zh}）越入另一单元：{{units}}",
                f"{percent} of township {one.township} ({en}) is on the wrong side: {{units}}",
            )
        else:
            one.words = (
                f"乡镇{one.township}分属单元{{units}}，后者占{percent}（{zh}）",
                f"Township {one.township} lies in units {{units}}; the latter has {percent} ({en})",
            )
        found.append(one)
    return found


def area_words(area_m2: float) -> str:
    """Write an area in km2."""
    return f"{short_number(area_m2 / 1e6)} km²"


def area_findings(units: Coverage, tolerance: float) -> list[Finding]:
    """Return units whose area differs from the recorded one by more than ``tolerance``."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.abs(units.area / units.recorded - 1)
    found = []
    for row in np.flatnonzero((apart > tolerance) & (units.recorded > 0)):
        here, there = units.area[row] / 1e6, units.recorded[row] / 1e6
        found.append(Finding(
            "area", (int(row),), "area_far" if apart[row] > 10 * tolerance else "area",
            units.shapes[row], float(abs(units.area[row] - units.recorded[row])),
            words=(f"单元{{units}}量得{here:.6g} km²，登记{there:.6g} km²，相差{short_number(100 * apart[row], 3)}%",
                   f"Unit {{units}} measures {here:.6g} km², recorded are {there:.6g} km², "
                   f"{short_number(100 * apart[row], 3)}% apart"),
        ))  # fmt: skip
    return found


def section_findings(
    units: Coverage, table: gpd.GeoDataFrame, sections: gpd.GeoDataFrame,
    rivers: gpd.GeoDataFrame | None, *, unit_codes: list[str], section_m: float, outlet_m: float,
) -> list[Finding]:  # fmt: skip
    """Return units without a section, and sections outside their unit or away from its outlet."""
    import numpy as np
    import shapely

    codes = as_text(sections["section_code"]).tolist()
    number = {code: place for place, code in enumerate(unit_codes)}
    links, strange = _links(sections, table, codes, number)
    found = [
        Finding("no_section", (row,), "no_section", units.shapes[row], float(units.area[row]),
                words=("单元{units}没有断面", "Unit {units} has no section"))
        for row in sorted(set(range(len(unit_codes))) - {unit for _, unit in links})
    ]  # fmt: skip
    layer = in_crs(sections, units.ruler.crs, layer_name="sections")
    points = np.array(layer.geometry.values, dtype=object)
    gone = shapely.is_missing(points) | shapely.is_empty(points)
    for row, code in strange:
        found.append(Finding(
            "section_unknown_unit", (), "unknown_unit", section=codes[row],
            place=None if gone[row] else points[row],
            words=(f"断面{codes[row]}登记的单元{code}不在单元表中",
                   f"Section {codes[row]} names unit {code}, which is not there"),
        ))  # fmt: skip
    for lost in np.flatnonzero(gone).tolist():
        own = tuple(unit for section, unit in links if section == lost)
        found.append(Finding(
            "section_no_position", own, "no_position", section=codes[lost],
            words=(f"断面{codes[lost]}没有位置，不能核对", f"Section {codes[lost]} has no position"),
        ))  # fmt: skip
    pairs = np.array([pair for pair in links if not gone[pair[0]]], dtype=np.int64).reshape(-1, 2)
    if not len(pairs):
        return found
    one, unit = pairs.T
    at = units.ruler.project(points)[one]
    doubt = np.zeros(len(points))
    if "position_accuracy_m" in sections:
        given = sections["position_accuracy_m"].to_numpy("float64", na_value=np.nan)
        doubt = np.nan_to_num(given)
    doubt = doubt[one]
    away = shapely.distance(at, units.metric[unit])
    for k in np.flatnonzero(away > section_m + doubt):
        found.append(Finding(
            "section_outside", (int(unit[k]),), "far", length_m=float(away[k]),
            section=codes[one[k]], place=points[one[k]],
            words=(f"断面{codes[one[k]]}在登记单元{{units}}之外{short_number(away[k])} m",
                   f"Section {codes[one[k]]} lies {short_number(away[k])} m outside its unit {{units}}"),
        ))  # fmt: skip
    lake = np.zeros(len(points), bool)
    if "water_type" in sections:
        lake = (as_text(sections["water_type"]) == "lake").to_numpy()
    ok = (away <= section_m + doubt) & ~lake[one]
    off, basis = _from_outlet(at, unit, rivers, units)
    zh, en = ("单元出口（河流流出处）", "outlet") if rivers is not None else ("单元边界", "border")
    for k in np.flatnonzero(ok & basis & (off > outlet_m + doubt)):
        found.append(Finding(
            "section_not_at_outlet", (int(unit[k]),), "outlet", length_m=float(off[k]),
            section=codes[one[k]], place=points[one[k]],
            words=(f"断面{codes[one[k]]}距单元{{units}}的{zh}{short_number(off[k])} m",
                   f"Section {codes[one[k]]} is {short_number(off[k])} m from the {en} of unit {{units}}"),
        ))  # fmt: skip
    return found


def _links(
    sections: gpd.GeoDataFrame, table: gpd.GeoDataFrame, codes: list[str], number: dict[str, int]
) -> tuple[list[tuple[int, int]], list[tuple[int, str]]]:
    """Return which section belongs to which unit, and sections of a unit that is not there."""
    place = {code: row for row, code in enumerate(codes)}
    links: dict[tuple[int, int], None] = {}
    strange = []
    if "unit_code" in sections:
        for row, code in enumerate(as_text(sections["unit_code"])):
            if code in number:
                links[row, number[code]] = None
            elif code:
                strange.append((row, code))
    if "section_codes" in table:
        for unit, text in enumerate(as_text(table["section_codes"])):
            for code in split_codes(text):
                if code in place:
                    links[place[code], unit] = None
    return list(links), strange


def _from_outlet(
    at: Shapes, unit: Ints, rivers: gpd.GeoDataFrame | None, units: Coverage
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the distance of each section to where a river leaves its unit, else to its border."""
    import numpy as np
    import shapely

    if rivers is None:
        off = shapely.distance(at, shapely.boundary(units.metric[unit]))
        return off, np.ones(len(at), bool)
    outlets = _outlets(rivers, units)
    off, known = np.full(len(at), np.inf), np.zeros(len(at), bool)
    for k, own in enumerate(unit.tolist()):
        if own in outlets:
            off[k] = shapely.distance(at[k], outlets[own])
            known[k] = True
    return off, known


def _outlets(rivers: gpd.GeoDataFrame, units: Coverage) -> dict[int, Any]:
    """Return the points where rivers, drawn downstream, leave each unit or end inside it."""
    import numpy as np
    import shapely

    layer = in_crs(rivers, units.ruler.crs, layer_name="rivers")
    drawn = units.ruler.project(np.array(layer.geometry.values, dtype=object))
    drawn = drawn[~(shapely.is_missing(drawn) | shapely.is_empty(drawn))]
    lines = shapely.get_parts(shapely.line_merge(drawn))
    step = 10.0
    border = shapely.boundary(units.metric)
    unit, line = shapely.STRtree(lines).query(units.metric, predicate="intersects")
    cut = shapely.intersection(border[unit], lines[line])
    pieces, of = shapely.get_parts(cut, return_index=True)
    point = shapely.get_type_id(pieces) == 0
    ends, of_end = shapely.get_parts(shapely.boundary(pieces[~point]), return_index=True)
    at = np.concatenate([pieces[point], ends])
    of = np.concatenate([of[point], of[~point][of_end]])
    along = shapely.line_locate_point(lines[line[of]], at)
    before = shapely.line_interpolate_point(lines[line[of]], np.maximum(along - step, 0))
    length = shapely.length(lines[line[of]])
    after = shapely.line_interpolate_point(lines[line[of]], np.minimum(along + step, length))
    own = units.metric[unit[of]]
    leaves = shapely.intersects(own, before) & ~shapely.contains_properly(own, after)
    found: dict[int, list[Any]] = {}
    for owner, place in zip(unit[of][leaves].tolist(), at[leaves], strict=True):
        found.setdefault(owner, []).append(place)
    # a river that goes on nowhere ends here
    mouths = shapely.get_point(lines, -1)
    tree = shapely.STRtree(lines)
    touching = np.bincount(tree.query(mouths, predicate="dwithin", distance=1.0)[0],
                           minlength=len(lines))  # fmt: skip
    last = mouths[touching == 1]
    for place, owner in zip(*shapely.STRtree(units.metric).query(last, predicate="dwithin",
                                                               distance=1.0), strict=True):  # fmt: skip
        found.setdefault(int(owner), []).append(last[place])
    return {owner: shapely.multipoints(places) for owner, places in found.items()}
