"""The part of a polygon site that no zone takes."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from chaoyang_geo.alternatives.ground import (
    TOUCH_M,
    Ground,
    checked_metres,
    checked_sites,
    digits,
    grounds,
    groups,
    mended_sites,
    quad_segs,
    zone_records,
)
from chaoyang_geo.alternatives.seams import joined
from chaoyang_geo.edges import reprojected
from chaoyang_geo.flags import joined as in_words
from chaoyang_geo.shapes import grown

if TYPE_CHECKING:
    import geopandas as gpd

#: What :func:`free_parts` adds to the table of sites.
FREE_COLUMNS: dict[str, str] = {
    "site_m2": "float64",
    "conflict_m2": "float64",
    "free_m2": "float64",
    "free_small_m2": "float64",
    "free_share": "float64",
    "n_free_parts": "int64",
    "largest_free_m2": "float64",
    "free_flag": "str",
}


def free_parts(
    sites: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | Sequence[gpd.GeoDataFrame],
    *,
    min_area_m2: float = 1.0,
    clearance_m: float = 0.0,
    tolerance_m: float = 0.01,
) -> gpd.GeoDataFrame:
    """Cut from each polygon site what lies in zones, and measure the part that is free.

    Every zone of ``zones`` counts: leave out those that do not matter beforehand, for example
    ``zones[zones["zone_kind"] == "eco_red_line"]``. Neither input is changed.

    Required columns: ``sites``: ``site_code`` (unique), ``site_name``; ``zones``: ``zone_code``,
    ``zone_name``, ``zone_kind``, ``zone_grade``, ``layer``.

    Parameters
    ----------
    sites : GeoDataFrame of polygons, any CRS
        Points and lines keep their row and are flagged.
    zones : GeoDataFrame of polygons, any CRS, or a list of them
    min_area_m2 : float, square metres
        Free parts that are smaller are of no use: they are left out of the geometry and reported
        in ``free_small_m2``.
    clearance_m : float, metres
        What lies nearer than this to a zone is not free.
    tolerance_m : float, metres, more than 0
        The curves around corners of zones keep at least the clearance and at most this much more.

    Returns
    -------
    GeoDataFrame, one row per site, same order and index, CRS of ``sites``
        The input, with the geometry of the free part: as given where nothing is taken, missing
        where nothing is free. Added: ``site_m2``, ``conflict_m2``, ``free_m2`` (without the
        small parts), ``free_small_m2``; the latter three add up to ``site_m2``; ``free_share``
        (``free_m2`` of ``site_m2``, 0 to 1), ``n_free_parts``, ``largest_free_m2``,
        ``free_flag``. Columns of these names in the input are replaced.

    Raises
    ------
    CRSError
        A layer has no CRS, or all sites lie outside the CGCS2000 zones; of some these are flagged.
    SchemaError
        A column is missing, a site code is there twice, a zone is no polygon.
    ValueError
        An option is out of range.

    Notes
    -----
    Areas are planar, in the CGCS2000 3-degree zone of the site's middle. What is thinner than a
    millimetre on average is the noise of two borders that agree, and counts as taken. So do cracks
    between zones that are narrower than 5 cm. A site that only touches zones is left as given.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from chaoyang_geo.alternatives import free_parts
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["Z"], "zone_name": ["示例红线"], "zone_kind": ["eco_red_line"],
    ...      "zone_grade": ["general"], "layer": ["示例"]},
    ...     geometry=[box(500040, 4600000, 500060, 4600100)], crs="EPSG:4549")
    >>> sites = gpd.GeoDataFrame(
    ...     {"site_code": ["A"], "site_name": ["示例光伏"]},
    ...     geometry=[box(500000, 4600000, 500100, 4600100)], crs="EPSG:4549")
    >>> found = free_parts(sites, zones)
    >>> found[["free_m2", "conflict_m2", "free_share", "n_free_parts", "largest_free_m2"]]
       free_m2  conflict_m2  free_share  n_free_parts  largest_free_m2
    0   8000.0       2000.0         0.8             2           4000.0
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    checked_sites(sites)
    if isinstance(min_area_m2, bool) or not isinstance(min_area_m2, Real) or not min_area_m2 >= 0:
        raise ValueError(f"min_area_m2={min_area_m2!r} is no area; give square metres, 0 or more.")
    clearance = checked_metres("clearance_m", clearance_m)
    tolerance = checked_metres("tolerance_m", tolerance_m, zero=False)
    table = zone_records(zones, sites.crs)
    shapes, flags, usable = mended_sites(sites)
    flat = usable & np.isin(shapely.get_type_id(shapes), (3, 6))
    flags[usable & ~flat] = "不是面，未计算可用部分"
    left = sites.geometry.to_numpy().copy()
    left[~flat] = None
    out: dict[str, Any] = {
        name: np.full(len(sites), 0 if dtype == "int64" else np.nan)
        for name, dtype in FREE_COLUMNS.items()
        if dtype != "str"
    }
    for ground in grounds(shapes, flat, sites.crs, table, reach_m=clearance + tolerance):
        rows = ground.rows
        area = shapely.area(ground.sites)
        for name in ("site_m2", "free_m2", "largest_free_m2"):
            out[name][rows] = area
        out["conflict_m2"][rows], out["free_small_m2"][rows] = 0.0, 0.0
        parts = shapely.get_num_geometries(ground.sites)
        out["n_free_parts"][rows] = parts
        for at in np.flatnonzero(parts > 1).tolist():
            out["largest_free_m2"][rows[at]] = shapely.area(
                shapely.get_parts(ground.sites[at])
            ).max()
        taken, rest = _rests(ground, clearance, tolerance)
        used, small = _useful(rest, min_area_m2)
        returned = reprojected(used, ground.crs, sites.crs)
        for at, shape, lost, free in zip(taken.tolist(), used, small, returned, strict=True):
            row = int(rows[at])
            each = shapely.area(shapely.get_parts([shape]))
            out["free_m2"][row], out["free_small_m2"][row] = each.sum(), sum(lost)
            out["conflict_m2"][row] = max(0.0, area[at] - each.sum() - sum(lost))
            out["n_free_parts"][row] = len(each)
            out["largest_free_m2"][row] = each.max(initial=0.0)
            left[row] = free if len(each) else None
            if lost:
                flags[row] = in_words(
                    flags[row],
                    f"另有 {len(lost)} 块共 {digits(sum(lost), 1)} 平方米，各小于 {digits(min_area_m2)} 平方米，未计入",
                )
            if not len(each):
                flags[row] = in_words(flags[row], "无可用部分")
    out["free_share"] = out["free_m2"] / out["site_m2"]
    out["free_flag"] = [in_words(flag, table.flag) for flag in flags]
    added = {
        name: pd.Series(out[name], index=sites.index, dtype=dtype)
        for name, dtype in FREE_COLUMNS.items()
    }
    placed = gpd.GeoSeries(left, index=sites.index, crs=sites.crs)
    return sites.assign(**added).set_geometry(placed.rename(sites.geometry.name))


def _rests(ground: Ground, clearance_m: float, tolerance_m: float) -> tuple[Any, Any]:
    """Return which sites meet zones, or come too near, and what is left of each."""
    import numpy as np
    import shapely

    if not len(ground.pieces):
        return np.zeros(0, np.int64), np.zeros(0, dtype=object)
    site, piece = ground.tree.query(
        ground.sites, predicate="dwithin", distance=clearance_m + tolerance_m * (clearance_m > 0)
    )
    taken: list[int] = []
    rests: list[Any] = []
    n, radius = quad_segs(clearance_m, tolerance_m)
    for at, members in groups(site, piece):
        near = ground.pieces[members]
        if clearance_m:
            near = grown(near, radius, quad_segs=n)
        zone = joined(near)
        rest = shapely.difference(ground.sites[at], zone)
        lost = shapely.area(ground.sites[at]) - shapely.area(rest)
        if lost <= TOUCH_M * shapely.length(ground.sites[at]):  # it may only touch
            common = shapely.get_parts(shapely.intersection(ground.sites[at], zone))
            if not (shapely.area(common) > TOUCH_M / 2 * shapely.length(common)).any():
                continue
        taken.append(at)
        rests.append(rest)
    return np.array(taken, np.int64), np.array(rests, dtype=object)


def _useful(rest: Any, min_area_m2: float) -> tuple[Any, list[list[float]]]:
    """Return each rest without its small parts, and the areas of these."""
    import numpy as np
    import shapely

    used = np.empty(len(rest), dtype=object)
    small: list[list[float]] = []
    for number, shape in enumerate(rest):
        parts = shapely.get_parts([shape])
        parts = parts[shapely.get_type_id(parts) == 3]
        area = shapely.area(parts)
        real = area > TOUCH_M / 2 * shapely.length(parts)
        kept = parts[real & (area >= min_area_m2)]
        used[number] = kept[0] if len(kept) == 1 else shapely.multipolygons(kept)
        small.append(area[real & (area < min_area_m2)].tolist())
    return used, small
