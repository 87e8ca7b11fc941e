"""Control units put together from townships, by a roster of members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import require_crs
from chaoyang_geo.schema import SchemaError, as_text, require
from chaoyang_geo.units.rosters import fold, match_townships, short_code
from chaoyang_geo.units.shapes import polygonal, read_polygons, ruler_of

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from chaoyang_geo.units.shapes import Floats, Ruler, Shapes

MEMBER_COLUMNS: tuple[str, ...] = (
    "matched_code", "matched_name", "matched_by", "match_flag", "share_used", "member_km2",
)  # fmt: skip

TOWNSHIP_COLUMNS: tuple[str, ...] = (
    "township_code", "township_name", "county_code", "area_km2", "unit_codes", "unit_shares",
    "drawn_in", "township_flag",
)  # fmt: skip


@dataclass(frozen=True)
class UnitBuild:
    """Units put together from townships, and how.

    Attributes
    ----------
    units : GeoDataFrame
        One row per unit, in the order of the roster.
    members : DataFrame
        The roster: same rows, index and order, with the township of each.
    townships : DataFrame
        One row per township of the layer: the units it went to, or that it went to none.
    """

    units: gpd.GeoDataFrame
    members: pd.DataFrame
    townships: pd.DataFrame


def dissolve_units(
    townships: gpd.GeoDataFrame,
    members: pd.DataFrame,
    *,
    by: str = "unit_code",
    within: str | None = "2113",
) -> UnitBuild:
    """Put control units together from townships, by a roster that names the members of each.

    A row of the roster finds its township within its county: by the code that the printed
    township had, by its present code, by name, then by alias, short name or changed 乡 and 镇.
    Rows that find none keep their place and say why.

    Required columns: ``townships``: geometry (polygon, any CRS) and ``township_code`` or
    ``township_name``; used where present: ``county_code``, ``aliases`` (joined by ``;``).
    ``members``: ``by``, and ``township_code``, ``township_name`` or ``name_in_plan``; used
    where present: ``former_code``, ``county_code``, ``county_name``, ``share``, ``unit_name``.

    Parameters
    ----------
    townships : GeoDataFrame
        Rows of one code (and of one name in one county, where there are no codes) are one
        township.
    members : DataFrame, n rows
        ``share``: part of the township that the unit answers for, 0 to 1.
    by : str
        Column of ``members`` that names the unit.
    within : str, optional
        Division code that the names of counties lie in; None for the whole country.

    Returns
    -------
    UnitBuild
        ``units``: ``by``, ``unit_name`` (if ``members`` has it), ``n_townships``,
        ``township_codes`` (names where there are no codes), ``area_km2`` (by share),
        ``drawn_km2`` (of the polygon), ``build_flag``, geometry. ``members``: the roster with
        ``matched_code``, ``matched_name``, ``matched_by`` (``former_code``, ``code``, ``name``,
        ``alias``, ``ambiguous``, ``none``), ``match_flag``, ``share_used``, ``member_km2``.
        ``townships``: ``area_km2``, ``unit_codes``, ``unit_shares``, ``drawn_in``,
        ``township_flag``. The ``area_km2`` of the units add up to those of the townships that
        are in a unit.

    Raises
    ------
    CRSError
        ``townships`` have no CRS or lie outside the zones of China.
    SchemaError
        A required column is missing, a geometry is no polygon, a row names no unit, or a share
        is not in 0 to 1.

    Notes
    -----
    A township of several units is not cut: its area goes by ``share``, its polygon to the unit
    with the largest share (of equal ones to the first), and both are flagged. Shares that do
    not add up to 1 are scaled. Where none is given, all goes to the unit whose roster prints
    the township's own name, if only one does; else equal shares are assumed, and flagged.

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd
    >>> from shapely import box
    >>> from chaoyang_geo.units import dissolve_units
    >>> townships = gpd.GeoDataFrame(
    ...     {"township_code": ["211324101", "211324102"], "township_name": ["南公营子镇", "山嘴子镇"]},
    ...     geometry=[box(500000, 4600000, 501000, 4601000), box(501000, 4600000, 503000, 4601000)],
    ...     crs=4549)
    >>> members = pd.DataFrame({"unit_code": ["CY01", "CY01"], "county_name": "喀左县",
    ...                         "name_in_plan": ["南公营子", "山嘴子镇"]})
    >>> built = dissolve_units(townships, members)
    >>> built.units[["unit_code", "n_townships", "area_km2"]]
      unit_code  n_townships  area_km2
    0      CY01            2       3.0
    >>> built.members["matched_by"].tolist()
    ['alias', 'name']
    """
    import numpy as np

    _require(townships, members, by)
    shapes, towns, ruler = _one_each(townships)
    area = ruler.sizes(shapes)[0] if ruler is not None else np.zeros(len(towns))
    found = match_townships(members, towns, within=within)
    unit = as_text(members[by]).tolist()
    claims, flags = _claims(members, found, towns, unit)
    table = _members(members, found, towns, claims, flags, area, unit)
    drawn = _drawn(claims, unit)
    units = _units(members, unit, by, shapes, towns, claims, drawn, area, ruler, townships.crs)
    return UnitBuild(units, table, _townships(towns, claims, drawn, area))


def _require(townships: gpd.GeoDataFrame, members: pd.DataFrame, by: str) -> None:
    require_crs(townships, layer_name="townships")
    if not {"township_code", "township_name"} & set(townships.columns):
        require(townships, ["township_code"], table="townships")
    require(members, [by], table="members")
    if not {"township_code", "township_name", "name_in_plan"} & set(members.columns):
        require(members, ["township_code"], table="members")
    units = as_text(members[by])
    if (units == "").any():
        row = int((units == "").to_numpy().argmax()) + 1
        raise SchemaError(f"members: row {row} has no {by}; every row needs one.")


def _one_each(townships: gpd.GeoDataFrame) -> tuple[Shapes, pd.DataFrame, Ruler | None]:
    """Return each township once: its polygon, and its code, name, county and aliases."""
    import numpy as np
    import pandas as pd
    import shapely

    shapes, reasons = read_polygons(townships, table="townships", code="township_code")
    texts = {
        name: as_text(townships[name]).tolist() if name in townships else [""] * len(townships)
        for name in ("township_code", "township_name", "county_code", "aliases")
    }
    table = pd.DataFrame(texts, dtype="str")
    table["flag"] = ["图形有自交，已修复" if reason else "" for reason in reasons]
    own = [
        short_code(code) or f"{county} {fold(name)}"
        for code, county, name in zip(
            texts["township_code"], texts["county_code"], texts["township_name"], strict=True
        )
    ]
    group, first = pd.factorize(np.array(own, dtype=object))
    if len(first) < len(own):
        merged = np.empty(len(first), dtype=object)
        for place in range(len(first)):
            parts = shapes[group == place]
            merged[place] = parts[0] if len(parts) == 1 else shapely.union_all(parts)
        keep = np.unique(group, return_index=True)[1]
        twice = np.bincount(group) > 1
        table = table.iloc[keep].reset_index(drop=True)
        table.loc[twice, "flag"] = "图层中有多行，合为一个乡镇"
        shapes = polygonal(merged)
    empty = shapely.is_empty(shapes)
    table.loc[empty, "flag"] = "没有图形"
    ruler = None if empty.all() else ruler_of(townships, layer_name="townships")
    return shapes, table, ruler


#: For each township: the units that claim it, in order of the roster, with their shares.
_Claims = dict[int, dict[str, float]]


def _claims(
    members: pd.DataFrame, found: pd.DataFrame, towns: pd.DataFrame, unit: list[str]
) -> tuple[_Claims, list[list[str]]]:
    """Return the share of each unit in each township, and what to say to each row."""
    import pandas as pd

    share = [float("nan")] * len(unit)
    if "share" in members:
        share = pd.to_numeric(members["share"], errors="coerce").astype("float64").tolist()
        for row, (value, text) in enumerate(zip(share, members["share"], strict=True), 1):
            if (value != value and pd.notna(text) and text != "") or value < 0 or value > 1:
                raise SchemaError(f"members: row {row} of share holds {text!r}; use 0 to 1.")
    flags: list[list[str]] = [[flag] if flag else [] for flag in found["match_flag"]]
    rows_of: dict[int, list[int]] = {}
    for k, town in enumerate(found["row"].tolist()):
        if town >= 0:
            rows_of.setdefault(town, []).append(k)
    claims: _Claims = {}
    for town, rows in rows_of.items():
        given: dict[str, list[float]] = {}
        for k in rows:
            given.setdefault(unit[k], []).append(share[k])
        sums = {name: _sum(values) for name, values in given.items()}
        sums, word = _settled(sums, rows, unit, members, str(towns["township_name"].iloc[town]))
        claims[town] = sums
        if len(rows) > len(given):
            for k in rows:
                if len(given[unit[k]]) > 1:
                    flags[k].append("本单元名单有多行对应同一乡镇")
        if word:
            for k in rows:
                flags[k].append(f"{word}：{'、'.join(f'{n} {v:.3g}' for n, v in sums.items())}")
    return claims, flags


def _sum(values: list[float]) -> float:
    known = [value for value in values if value == value]
    return sum(known) if known else float("nan")


def _settled(
    sums: dict[str, float], rows: list[int], unit: list[str], members: pd.DataFrame, name: str
) -> tuple[dict[str, float], str]:
    """Make the shares of a township add up to 1, and say what was done."""
    if len(sums) == 1:
        (only,) = sums
        value = sums[only]
        if value != value or abs(value - 1) < 1e-6:
            return {only: 1.0}, ""
        return {only: 1.0}, "只有一个单元，份额按1计"
    missing = [one for one, value in sums.items() if value != value]
    if len(missing) == len(sums):
        own = set()
        if "name_in_plan" in members and name:
            printed = as_text(members["name_in_plan"]).tolist()
            own = {unit[k] for k in rows if fold(printed[k]) == fold(name)}
        if len(own) == 1:
            return {
                one: float(one in own) for one in sums
            }, "乡镇分属多单元，份额未给，归原名所在单元"
        return {one: 1 / len(sums) for one in sums}, "乡镇分属多单元，份额未给，暂按均分"
    rest = 1 - sum(value for value in sums.values() if value == value)
    if missing and rest >= -1e-6:
        filled = {one: value if value == value else max(rest, 0.0) / len(missing)
                  for one, value in sums.items()}  # fmt: skip
        return filled, "乡镇分属多单元，未给的份额取余数"
    filled = {one: value if value == value else 0.0 for one, value in sums.items()}
    total = sum(filled.values())
    if total <= 0:
        return {one: 1 / len(sums) for one in sums}, "乡镇分属多单元，份额合计为零，暂按均分"
    word = "乡镇分属多单元" if abs(total - 1) < 1e-6 else f"份额合计{total:.4g}，按比例折算为1"
    return {one: value / total for one, value in filled.items()}, word


def _drawn(claims: _Claims, unit: list[str]) -> dict[int, str]:
    """Return the unit that each township is drawn in: the largest share, then the first unit."""
    order = {name: place for place, name in reversed(list(enumerate(unit)))}
    return {
        town: min(shares, key=lambda name: (-round(shares[name], 9), order[name]))
        for town, shares in claims.items()
    }


def _members(
    members: pd.DataFrame, found: pd.DataFrame, towns: pd.DataFrame, claims: _Claims,
    flags: list[list[str]], area: Floats, unit: list[str],
) -> pd.DataFrame:  # fmt: skip
    """Return the roster with the township of each row; a unit's share counts on its first row."""
    import pandas as pd

    seen: set[tuple[int, str]] = set()
    rows: list[dict[str, Any]] = []
    for k, town in enumerate(found["row"].tolist()):
        share = float("nan")
        if town >= 0:
            share = 0.0 if (town, unit[k]) in seen else claims[town][unit[k]]
            seen.add((town, unit[k]))
        rows.append({
            "matched_code": towns["township_code"].iloc[town] if town >= 0 else "",
            "matched_name": towns["township_name"].iloc[town] if town >= 0 else "",
            "matched_by": found["matched_by"].iloc[k], "match_flag": "；".join(flags[k]),
            "share_used": share,
            "member_km2": share * float(area[town]) / 1e6 if town >= 0 else float("nan"),
        })  # fmt: skip
    kinds = {"share_used": "float64", "member_km2": "float64"}
    more = pd.DataFrame(rows, columns=list(MEMBER_COLUMNS), index=members.index)
    more = more.astype({name: kinds.get(name, "str") for name in MEMBER_COLUMNS})
    return pd.concat([members.drop(columns=[c for c in MEMBER_COLUMNS if c in members]), more],
                     axis=1)  # fmt: skip


def _units(
    members: pd.DataFrame, unit: list[str], by: str, shapes: Shapes, towns: pd.DataFrame,
    claims: _Claims, drawn: dict[int, str], area: Floats, ruler: Ruler | None, crs: Any,
) -> gpd.GeoDataFrame:  # fmt: skip
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    names = as_text(members["unit_name"]).tolist() if "unit_name" in members else None
    labels = [code or name for code, name in zip(towns["township_code"], towns["township_name"],
                                                 strict=True)]  # fmt: skip
    order = list(dict.fromkeys(unit))
    rows, made = [], np.full(len(order), None, dtype=object)
    for place, code in enumerate(order):
        own = [town for town, shares in claims.items() if shares.get(code, 0.0) > 0]
        parts = shapes[[town for town in own if drawn[town] == code]]
        parts = parts[~shapely.is_empty(parts)]
        flags = []
        if not own:
            flags.append("名单中没有一个乡镇在图层中")
        elif not len(parts):
            flags.append("没有以本单元为主的乡镇，没有图形")
        shared = [labels[town] for town in own if len(claims[town]) > 1 and claims[town][code] < 1]
        if shared:
            flags.append(f"与他单元共有的乡镇{'、'.join(shared)}，面积按份额，图形不切分")
        if len(parts):
            whole = bool(shapely.coverage_is_valid(parts))
            made[place] = shapely.coverage_union_all(parts) if whole else shapely.union_all(parts)
            if not whole:
                flags.append("乡镇界相互重叠或未对齐，请先检查乡镇图层")
        row: dict[str, Any] = {by: code}
        if names is not None:
            row["unit_name"] = names[unit.index(code)]
        rows.append({
            **row, "n_townships": len(own), "township_codes": ";".join(labels[t] for t in own),
            "area_km2": sum(claims[town][code] * float(area[town]) for town in own) / 1e6,
            "drawn_km2": float("nan"), "build_flag": "；".join(flags),
        })  # fmt: skip
    columns = [by, *(["unit_name"] if names is not None else []), "n_townships", "township_codes",
               "area_km2", "drawn_km2", "build_flag"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    kinds = {"n_townships": "int64", "area_km2": "float64", "drawn_km2": "float64"}
    table = table.astype({name: kinds.get(name, "str") for name in columns})
    there = ~shapely.is_missing(made)
    if ruler is not None and there.any():
        table.loc[there, "drawn_km2"] = ruler.sizes(made[there])[0] / 1e6
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(made, crs=crs), crs=crs)


def _townships(
    towns: pd.DataFrame, claims: _Claims, drawn: dict[int, str], area: Floats
) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for town in range(len(towns)):
        shares = claims.get(town, {})
        flags = [str(towns["flag"].iloc[town])] if towns["flag"].iloc[town] else []
        if not shares:
            flags.append("不在任何单元的名单中")
        if len(shares) > 1:
            flags.append("分属多个单元，图形归份额较大者")
        rows.append({
            **{name: str(towns[name].iloc[town])
               for name in ("township_code", "township_name", "county_code")},
            "area_km2": float(area[town]) / 1e6, "unit_codes": ";".join(shares),
            "unit_shares": ";".join(f"{value:.6g}" for value in shares.values()),
            "drawn_in": drawn.get(town, ""), "township_flag": "；".join(flags),
        })  # fmt: skip
    table = pd.DataFrame(rows, columns=list(TOWNSHIP_COLUMNS))
    return table.astype(
        {name: "float64" if name == "area_km2" else "str" for name in TOWNSHIP_COLUMNS}
    )
