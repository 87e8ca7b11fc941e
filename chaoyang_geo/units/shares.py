"""Control units on the ground: which part of each a county answers for."""

from __future__ import annotations

import os
from contextlib import ExitStack
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import metric_crs, moved, require_crs
from chaoyang_geo.rounding import short_number
from chaoyang_geo.schema import SchemaError, as_text, require, require_unique
from chaoyang_geo.units.cells import Cells

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

SHARE_COLUMNS: tuple[str, ...] = (
    "unit_code", "unit_name", "county_code", "county_name", "area_km2", "share", "share_percent",
    "share_flag",
)  # fmt: skip

#: Areas below this part of a unit are the noise of two borders that agree.
_NOISE = 1e-9


def county_shares(
    units: gpd.GeoDataFrame,
    counties: gpd.GeoDataFrame,
    *,
    weight: str | pd.Series | os.PathLike[str] | None = None,
    sliver: float = 0.005,
    decimals: int = 1,
) -> pd.DataFrame:
    """Measure which part of every control unit lies in each county.

    Areas are planar, in the CGCS2000 3-degree zone of ``units``; both layers may have any CRS.

    Required columns: ``units``: ``unit_code``, geometry (polygon); ``counties``:
    ``county_code``, geometry (polygon); used where present: ``unit_name``, ``county_name``.

    Parameters
    ----------
    units : GeoDataFrame, n units
    counties : GeoDataFrame
        Rows of one code are one county.
    weight : str, Series or path, optional
        Shares are of it instead of area. A column of ``counties``, or numbers by county code, such
        as people: a county's weight is spread evenly over its area, and what lies outside every
        county has no share. Or a raster as a :class:`pathlib.Path`, any file that rasterio reads,
        first band: the people, load or hectares of cropland in each cell, 0 or more (of a density
        or a mask of 0 and 1 only where all cells are of one area); what has no data counts 0.
    sliver : float, 0 to 1
        Shares below it are flagged: two borders that were drawn apart leave such strips.
    decimals : int, 0 to 6
        Of ``share_percent``.

    Returns
    -------
    DataFrame, one row per unit and county that overlap, units in their order
        the greatest share first, then, where part of a unit lies in no county, a row with
        empty ``county_code``. ``unit_code``, ``unit_name``, ``county_code``, ``county_name``,
        ``area_km2``, ``share`` (0 to 1; adds up to 1 in each unit), ``share_percent`` (for print;
        adds up to exactly 100 by the largest remainder), ``share_flag``. A unit without a
        geometry has one row without a share.

    Raises
    ------
    CRSError
        A layer has no CRS, or lies outside the zones of China.
    SchemaError
        A required column is missing, a unit is there twice, a geometry is no polygon, or a
        weight is missing or negative.
    ValueError
        ``sliver`` or ``decimals`` is out of range, or the raster cannot be read.
    ImportError
        A raster is given and rasterio is not installed; the message gives the install line.

    Notes
    -----
    A cell that a border cuts counts with the part of it on each side: polygons go to the CRS of the
    raster, cells are not resampled.

    The rows of a unit in print: each share is cut to ``decimals``, and the units that are left
    go to the largest remainders; of equal ones to the larger share, then to the lower code.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from chaoyang_geo.units import county_shares
    >>> units = gpd.GeoDataFrame(
    ...     {"unit_code": ["U1"]}, geometry=[box(500000, 4600000, 503000, 4601000)], crs=4549)
    >>> counties = gpd.GeoDataFrame(
    ...     {"county_code": ["A", "B"]}, crs=4549,
    ...     geometry=[box(499000, 4599000, 501000, 4602000), box(501000, 4599000, 502000, 4602000)])
    >>> county_shares(units, counties)[["county_code", "area_km2", "share_percent"]]
      county_code  area_km2  share_percent
    0           A       1.0           33.4
    1           B       1.0           33.3
    2                   1.0           33.3
    """
    import pandas as pd

    if not 0 <= sliver <= 1:
        raise ValueError(f"sliver={sliver!r} is no share; give a number from 0 to 1.")
    if isinstance(decimals, bool) or decimals not in range(7):
        raise ValueError(f"decimals={decimals!r} is not an option; use a whole number from 0 to 6.")
    require(units, ["unit_code"], table="units")
    require(counties, ["county_code"], table="counties")
    require_unique(pd.DataFrame(units), "unit_code", table="units")
    require_crs(units, layer_name="units")
    require_crs(counties, layer_name="counties")
    shapes, mended = _polygons(units, "units", "unit_code")
    if not len(shapes) or not _any_shape(shapes):
        zone = None
    else:
        zone = metric_crs(units, layer_name="units")
        shapes = moved(shapes, zone)
    of_county = _counties(counties, zone)
    out: list[dict[str, Any]] = []
    codes = as_text(units["unit_code"]).tolist()
    names = _names(units, "unit_name")
    with ExitStack() as opened:
        weights: Floats | Cells | None
        if isinstance(weight, os.PathLike):
            weights = opened.enter_context(Cells(weight))
        else:
            weights = _weights(weight, counties, of_county)
        for place, (code, name) in enumerate(zip(codes, names, strict=True)):
            shape = shapes.iloc[place] if zone is not None else None
            own = _unit_rows(shape, of_county, weights, sliver)
            for row in own:
                if mended[place]:
                    row["flags"].append("单元图形有自交，修复后量算")
            _percents(own, decimals)
            for row in own:
                out.append({"unit_code": code, "unit_name": name, **row,
                            "share_flag": "；".join(row["flags"])})  # fmt: skip
    table = pd.DataFrame(out, columns=list(SHARE_COLUMNS))
    numbers = dict.fromkeys(("area_km2", "share", "share_percent"), "float64")
    return table.astype({name: numbers.get(name, "str") for name in SHARE_COLUMNS})


def area_shares(
    units: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    *,
    code: str = "township_code",
    name: str = "township_name",
    weight: str | pd.Series | os.PathLike[str] | None = None,
    sliver: float = 0.005,
    decimals: int = 1,
) -> pd.DataFrame:
    """Measure which part of every control unit lies in each township, or in any other zone.

    As :func:`county_shares`, with the columns ``code`` and ``name`` of ``zones`` in the place of
    ``county_code`` and ``county_name``, in the result as well.

    Parameters
    ----------
    units, weight, sliver, decimals
        As :func:`county_shares`; ``weight`` is a column of ``zones``, or numbers by code.
    zones : GeoDataFrame
        Polygons; rows of one code are one zone. ``name`` is used where present.
    code, name : str

    Returns
    -------
    DataFrame, one row per unit and zone that overlap
        As :func:`county_shares`.

    Raises
    ------
    CRSError, SchemaError, ValueError
        As :func:`county_shares`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from chaoyang_geo.units import area_shares
    >>> units = gpd.GeoDataFrame(
    ...     {"unit_code": ["U1"]}, geometry=[box(500000, 4600000, 504000, 4601000)], crs=4549)
    >>> townships = gpd.GeoDataFrame(
    ...     {"township_code": ["211324100", "211324101"]}, crs=4549,
    ...     geometry=[box(499000, 4599000, 503000, 4602000), box(503000, 4599000, 505000, 4602000)])
    >>> area_shares(units, townships)[["township_code", "share_percent"]].values.tolist()
    [['211324100', 75.0], ['211324101', 25.0]]
    """
    require(zones, [code], table="zones")
    geometry = zones.geometry.name
    kept = [
        code,
        *([name] if name in zones else []),
        *([weight] if isinstance(weight, str) else []),
    ]
    require(zones, kept, table="zones")
    named = zones[[*dict.fromkeys(kept), geometry]].rename(
        columns={code: "county_code", name: "county_name"}
    )
    found = county_shares(units, named, weight=weight, sliver=sliver, decimals=decimals)
    found["share_flag"] = found["share_flag"].str.replace("区县", "分区")
    return found.rename(columns={"county_code": code, "county_name": name})


def _names(layer: gpd.GeoDataFrame, column: str) -> list[str]:
    return as_text(layer[column]).tolist() if column in layer else [""] * len(layer)


def _any_shape(shapes: gpd.GeoSeries) -> bool:
    return bool((shapes.notna() & ~shapes.is_empty).any())


def _polygons(layer: gpd.GeoDataFrame, table: str, code: str) -> tuple[gpd.GeoSeries, list[bool]]:
    """Return valid polygons of a layer, and which of them had to be mended."""
    shapes = layer.geometry.reset_index(drop=True)
    there = shapes.notna() & ~shapes.is_empty
    wrong = there & ~shapes.geom_type.isin(("Polygon", "MultiPolygon"))
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise SchemaError(
            f"{table}: row {row + 1} ({code} {as_text(layer[code]).iloc[row]}) is a "
            f"{shapes.geom_type.iloc[row]}; an area needs a polygon."
        )
    bad = there & ~shapes.is_valid
    if bad.any():
        shapes = shapes.where(~bad, shapes.make_valid())
    return shapes, bad.tolist()


def _counties(counties: gpd.GeoDataFrame, zone: str | None) -> gpd.GeoDataFrame:
    """Return each county once, in metres, with its area: ``code``, ``name``, geometry."""
    import geopandas as gpd

    codes = as_text(counties["county_code"])
    if (codes == "").any():
        row = int((codes == "").to_numpy().argmax()) + 1
        raise SchemaError(f"counties: row {row} has no county_code; every row needs one.")
    shapes, mended = _polygons(counties, "counties", "county_code")
    table = gpd.GeoDataFrame(
        {"code": codes.tolist(), "name": _names(counties, "county_name"), "mended": mended},
        geometry=shapes.to_numpy(), crs=counties.crs,
    )  # fmt: skip
    table = table[table.geometry.notna() & ~table.geometry.is_empty]
    if zone is not None:
        table = moved(table, zone)
    if table["code"].duplicated().any():
        firsts = {"name": "first", "mended": "max"}
        table = table.dissolve("code", aggfunc=firsts, sort=False).reset_index()
    table = table.reset_index(drop=True)
    table["area"] = table.geometry.area if zone is not None else 0.0
    return table


def _weights(
    weight: str | pd.Series | None, counties: gpd.GeoDataFrame, of_county: gpd.GeoDataFrame
) -> Floats | None:
    """Return the weight of each county per square metre."""
    import numpy as np
    import pandas as pd

    if weight is None:
        return None
    if isinstance(weight, str):
        hint = f"A raster is given as a path: weight=pathlib.Path({weight!r})."
        require(counties, [weight], table="counties", hint=hint if "." in weight else "")
        codes = as_text(counties["county_code"])
        values = pd.Series(counties[weight].to_numpy(), index=codes)
        spread = values.groupby(level=0).nunique(dropna=False)
        if (spread > 1).any():
            raise SchemaError(
                f"counties: county_code {spread[spread > 1].index[0]} has several values of "
                f"{weight}; give one number for each county."
            )
        values, named = values[~values.index.duplicated()], f"counties: column {weight}"
    else:
        values, named = pd.Series(weight.to_numpy(), index=as_text(weight.index)), "weight"
        if values.index.has_duplicates:
            twice = values.index[values.index.duplicated()][0]
            raise SchemaError(f"weight: county {twice} is there twice; give one number for each.")
    numbers = pd.to_numeric(values.reindex(of_county["code"]), errors="coerce").to_numpy("float64")
    bad = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0)))
    if len(bad):
        raise SchemaError(
            f"{named} has no number of 0 or more for county {of_county['code'].iloc[bad[0]]}; "
            "every county needs one."
        )
    per_area: Floats = numbers / of_county["area"].to_numpy("float64")
    return per_area


def _unit_rows(
    shape: Any, of_county: gpd.GeoDataFrame, weights: Floats | Cells | None, sliver: float
) -> list[dict[str, Any]]:
    """Return the rows of one unit: counties by share, then what lies in none."""
    import numpy as np
    import shapely

    if shape is None or shape.is_empty:
        return [_row("", "", float("nan"), float("nan"), ["单元没有图形，不能量算"])]
    whole = shape.area
    near = of_county.sindex.query(shape, predicate="intersects")
    parts = shapely.intersection(of_county.geometry.to_numpy()[near], shape)
    areas = shapely.area(parts)
    kept = areas > _NOISE * whole
    near, parts, areas = near[kept], parts[kept], areas[kept]
    covered = shapely.area(shapely.union_all(parts)) if len(parts) else 0.0
    outside, overlap = whole - covered, float(areas.sum()) - covered
    outside = outside if outside > _NOISE * whole else 0.0
    size, rest, flags = areas, outside, []
    if isinstance(weights, Cells):
        left = shapely.difference(shape, shapely.union_all(parts)) if outside else shapely.Polygon()
        sums, beyond = weights.sums(np.append(parts, left), of_county.crs)
        size, rest = sums[:-1], float(sums[-1])
        lost = float((beyond * np.append(areas, outside)).sum()) / whole
        if lost > _NOISE:
            flags.append(f"单元有{lost:.2%}在栅格范围之外，按零计")
    elif weights is not None:
        size, rest = areas * weights[near], 0.0
    total = float(size.sum()) + rest
    if overlap > _NOISE * whole:
        flags.append(f"区县在本单元内重叠{short_number(overlap / 1e6)} km²，份额按合计面积计")
    rows = []
    order = sorted(range(len(near)), key=lambda k: (-size[k], of_county["code"].iloc[near[k]]))
    for k in order:
        county = of_county.iloc[near[k]]
        share = float(size[k]) / total if total else float("nan")
        own = list(flags)
        if not total:
            own.append("权重合计为零，没有份额")
        elif share < sliver:
            own.append(f"份额不足{short_number(sliver, 3)}，可能是两套边界不一致")
        if county["mended"]:
            own.append("区县图形有自交，修复后量算")
        rows.append(_row(county["code"], county["name"], float(areas[k]), share, own))
    if outside:
        own = [*flags, "不在任何区县内"]
        share = rest / total if total else float("nan")
        if weights is not None and not isinstance(weights, Cells):
            own.append("没有权重，不计份额")
        elif share < sliver:
            own.append(f"份额不足{short_number(sliver, 3)}，可能是两套边界不一致")
        rows.append(_row("", "", float(outside), share, own))
    if not rows:
        return [_row("", "", 0.0, float("nan"), ["单元面积为零，不能量算"])]
    shares = np.array([row["share"] for row in rows])
    if np.isfinite(shares).all():
        rows[0]["share"] += 1.0 - float(np.sum(shares))  # the last bit of the division
    return rows


def _row(code: str, name: str, area_m2: float, share: float, flags: list[str]) -> dict[str, Any]:
    return {"county_code": code, "county_name": name, "area_km2": area_m2 / 1e6, "share": share,
            "share_percent": float("nan"), "flags": flags}  # fmt: skip


def _percents(rows: list[dict[str, Any]], decimals: int) -> None:
    """Write percents that add up to exactly 100, by the largest remainder."""
    if not rows or any(row["share"] != row["share"] for row in rows):
        return
    unit = 10**decimals
    shares = [Fraction(row["share"]) for row in rows]
    scaled = [share / sum(shares) * 100 * unit for share in shares]
    whole = [int(part) for part in scaled]  # cut off
    left = 100 * unit - sum(whole)
    # equal parts of a unit differ by the noise of their areas
    remainders = [round(float(part - cut), 6) for part, cut in zip(scaled, whole, strict=True)]
    order = sorted(
        range(len(rows)),
        key=lambda k: (-remainders[k], -round(float(shares[k]), 9), rows[k]["county_code"] == "",
                       rows[k]["county_code"]),
    )  # fmt: skip
    for k in order[:left]:
        whole[k] += 1
    for row, count in zip(rows, whole, strict=True):
        row["share_percent"] = count / unit
