"""The smallest shift that clears a site of all zones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chaoyang_geo.alternatives.forbidden import Search, Way
from chaoyang_geo.alternatives.ground import (
    Ground,
    checked_metres,
    checked_sites,
    digits,
    grounds,
    grown_boxes,
    mended_sites,
    zone_records,
)
from chaoyang_geo.alternatives.seams import cracks
from chaoyang_geo.edges import reprojected
from chaoyang_geo.flags import joined as in_words
from chaoyang_geo.verdicts import enough_m

if TYPE_CHECKING:
    import geopandas as gpd

#: What :func:`smallest_shift` adds to the table of sites.
SHIFT_COLUMNS: dict[str, str] = {
    "shift_state": "str",
    "shift_east_m": "float64",
    "shift_north_m": "float64",
    "shift_m": "float64",
    "bearing_deg": "float64",
    "bearing_zh": "str",
    "distance_after_m": "float64",
    "shift_zh": "str",
    "shift_en": "str",
    "shift_flag": "str",
}

_WINDS = ("北", "东北", "东", "东南", "南", "西南", "西", "西北")
_WINDS_EN = (
    "north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west",
)  # fmt: skip


def wind(bearing_deg: float, lang: str = "zh") -> str:
    """Return the one of eight directions that a bearing, clockwise from north, lies nearest to.

    Examples
    --------
    >>> from chaoyang_geo.alternatives.shift import wind
    >>> wind(45.0), wind(350.0), wind(22.5), wind(112.4, "en")
    ('东北', '北', '东北', 'east')
    """
    return (_WINDS if lang == "zh" else _WINDS_EN)[int((bearing_deg % 360 + 22.5) // 45) % 8]


def smallest_shift(
    sites: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | Sequence[gpd.GeoDataFrame],
    *,
    within_m: float = 500.0,
    clearance_m: float = 0.0,
    tolerance_m: float = 0.01,
) -> gpd.GeoDataFrame:
    """Move each site by the smallest translation that clears it of all zones.

    The site is moved as a whole, all its parts by the same way; it is not turned or reshaped, and
    sites are moved without regard to each other, so that two may end up in one place.
    Every zone of ``zones`` counts: leave out those that do not matter beforehand, for example
    ``zones[zones["zone_kind"] == "eco_red_line"]``. Neither input is changed.

    Required columns: ``sites``: ``site_code`` (unique), ``site_name``; ``zones``: ``zone_code``,
    ``zone_name``, ``zone_kind``, ``zone_grade``, ``layer``.

    Parameters
    ----------
    sites : GeoDataFrame of points, lines or polygons, also mixed and with several parts, any CRS
    zones : GeoDataFrame of polygons, any CRS, or a list of them
    within_m : float, metres
        Longest shift that is looked for.
    clearance_m : float, metres
        Distance that the moved site keeps from every zone; with 0 it may not even touch one.
    tolerance_m : float, metres, more than 0
        See Notes.

    Returns
    -------
    GeoDataFrame, one row per site, same order and index, CRS of ``sites``
        The input, with the geometry of the moved site: as given where no shift is needed, missing
        where none was found. Added: ``shift_state`` (``clear``: nothing to do; ``shift``;
        ``none``: no shift within the range; empty where the site has no usable shape),
        ``shift_east_m``, ``shift_north_m``, ``shift_m``, ``bearing_deg`` (0 to 360 clockwise from
        grid north), ``bearing_zh``, ``distance_after_m`` (measured from the moved site to the
        nearest zone; missing where none comes within ``within_m``), ``shift_zh`` and ``shift_en``
        (a sentence each), ``shift_flag``. Columns of these names in the input are replaced.

    Raises
    ------
    CRSError
        A layer has no CRS, or all sites lie outside the CGCS2000 zones; of some these are flagged.
    SchemaError
        A column is missing, a site code is there twice, a zone is no polygon.
    ValueError
        An option is no distance.

    Notes
    -----
    Metres and directions are those of the CGCS2000 3-degree zone of the site's middle.

    The answer holds in both directions. The moved site was measured to be at least
    ``clearance_m`` from every zone, and does not touch any. Every translation that is shorter by
    more than ``tolerance_m`` leaves a zone nearer than ``clearance_m + tolerance_m``: so a gap
    must be wider than the site and the clearances by twice the tolerance to be found for certain,
    and ``none`` says that within the range no place keeps that much. Of a point or line, a crack
    between zones that is narrower than 5 cm is no place.

    The translations that are ruled out are Minkowski sums of zones with the mirrored site (no-fit
    polygons; de Berg et al., Computational Geometry, 3rd ed., section 13.3), of convex parts of
    the site with pieces of the zones, grown by a polygon between the circles of the two radii
    above. The sums are made only where a shorter translation was tried and failed. Among shifts
    that are equally short, to the tolerance, the first clockwise from north is taken and
    ``shift_flag`` says how many others there are.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from chaoyang_geo.alternatives import smallest_shift
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["Z"], "zone_name": ["示例红线"], "zone_kind": ["eco_red_line"],
    ...      "zone_grade": ["general"], "layer": ["示例"]},
    ...     geometry=[box(500000, 4600000, 501000, 4601000)], crs="EPSG:4549")
    >>> sites = gpd.GeoDataFrame(
    ...     {"site_code": ["A", "B"], "site_name": ["示例甲", "示例乙"]},
    ...     geometry=[box(500950, 4600500, 501050, 4600600), box(500400, 4600400, 500600, 4600600)],
    ...     crs="EPSG:4549")
    >>> found = smallest_shift(sites, zones, within_m=300)
    >>> found[["site_code", "shift_state", "shift_m", "bearing_zh"]].round(2)
      site_code shift_state  shift_m bearing_zh
    0         A       shift    50.01          东
    1         B        none      NaN
    >>> found["shift_zh"][0]
    '向东（方位角 90.0°）平移 50.1 米可避开须避让的分区'
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    from shapely.affinity import translate

    checked_sites(sites)
    within = checked_metres("within_m", within_m, zero=False)
    clearance = checked_metres("clearance_m", clearance_m)
    tolerance = checked_metres("tolerance_m", tolerance_m, zero=False)
    table = zone_records(zones, sites.crs)
    shapes, flags, usable = mended_sites(sites)
    moved = sites.geometry.to_numpy().copy()
    moved[~usable] = None
    out: dict[str, Any] = {
        name: np.full(len(sites), np.nan) if dtype == "float64" else [""] * len(sites)
        for name, dtype in SHIFT_COLUMNS.items()
    }
    reach = within + clearance + tolerance
    for ground in grounds(shapes, usable, sites.crs, table, reach_m=reach):
        ways = _ways(ground, within, clearance, tolerance)
        places = ground.sites.copy()
        for at, way in ways.items():
            if way is not None:
                places[at] = translate(places[at], way.east, way.north)
        after = _distances(places, ground, within)
        returned = reprojected(places, ground.crs, sites.crs)
        for at, row in enumerate(ground.rows.tolist()):
            way = ways.get(at, Way(0.0, 0.0, 0))
            state = "clear" if at not in ways else "none" if way is None else "shift"
            if way is None:
                moved[row] = None
            else:
                length, bearing = _polar(way)
                out["shift_east_m"][row], out["shift_north_m"][row] = way.east, way.north
                out["shift_m"][row] = length
                out["distance_after_m"][row] = after[at]
                if state == "shift":
                    moved[row] = returned[at]
                    out["bearing_deg"][row], out["bearing_zh"][row] = bearing, wind(bearing)
                if way.n_others:
                    flags[row] = in_words(flags[row], f"另有 {way.n_others} 个方向的平移同样短")
            out["shift_state"][row] = state
            out["shift_zh"][row], out["shift_en"][row] = _sentences(state, way, within, clearance)
    out["shift_flag"] = [in_words(flag, table.flag) for flag in flags]
    added = {
        name: pd.Series(out[name], index=sites.index, dtype=dtype)
        for name, dtype in SHIFT_COLUMNS.items()
    }
    result = sites.assign(**added)
    placed = gpd.GeoSeries(moved, index=sites.index, crs=sites.crs)
    return result.set_geometry(placed.rename(sites.geometry.name))


def _ways(
    ground: Ground, within_m: float, clearance_m: float, tolerance_m: float
) -> dict[int, Way | None]:
    """Return for each site in conflict the way out, ``None`` where there is none."""
    import numpy as np

    if not len(ground.pieces):
        return {}
    met = ground.tree.query(ground.sites, predicate="dwithin", distance=clearance_m)[0]
    return {
        at: Search(
            ground.sites[at],
            _tree(ground, at, within_m + clearance_m + tolerance_m),
            within_m=within_m,
            clearance_m=clearance_m,
            tolerance_m=tolerance_m,
        ).shortest()
        for at in np.unique(met).tolist()
    }


def _tree(ground: Ground, at: int, reach_m: float) -> Any:
    """Return the pieces of zones for a site; what has no width may not hide in a crack of them."""
    import numpy as np
    import shapely

    if shapely.get_dimensions(ground.sites[at]) == 2:
        return ground.tree
    near = ground.pieces[ground.tree.query(grown_boxes(ground.sites[[at]], reach_m)[0])]
    filled = cracks(near)
    return shapely.STRtree(np.concatenate([near, filled])) if len(filled) else ground.tree


def _distances(places: Any, ground: Ground, within_m: float) -> Any:
    """Return the distance of each site to the nearest zone, NaN beyond ``within_m``."""
    import numpy as np

    found = np.full(len(places), np.nan)
    if len(ground.pieces):
        (site, _), distance = ground.tree.query_nearest(
            places, max_distance=within_m, return_distance=True, all_matches=False
        )
        found[site] = distance
    return found


def _polar(way: Way) -> tuple[float, float]:
    """Return length and bearing of a way; a hair west of north is north."""
    bearing = math.degrees(math.atan2(way.east, way.north)) % 360
    return math.hypot(way.east, way.north), 0.0 if bearing > 360 - 1e-6 else bearing


def _sentences(state: str, way: Way | None, within_m: float, clearance_m: float) -> tuple[str, str]:
    kept = f"，并保持 {digits(clearance_m)} 米间距" if clearance_m else ""
    kept_en = f" and keeps {digits(clearance_m)} m away" if clearance_m else ""
    if state == "clear":
        return (
            f"原位置已避开须避让的分区{kept}，无需平移",
            f"the site is clear of the zones to be avoided where it stands{kept_en}",
        )
    if way is None:
        return (
            f"在 {digits(within_m)} 米范围内没有可避开须避让的分区{kept.lstrip('，')}的平移",
            f"no shift of up to {digits(within_m)} m clears the zones to be avoided{kept_en}",
        )
    length, bearing = _polar(way)
    enough = enough_m(length)
    return (
        f"向{wind(bearing)}（方位角 {bearing:.1f}°）平移 {enough:,.1f} 米可避开须避让的分区{kept}",
        f"a shift of {enough:,.1f} m to the {wind(bearing, 'en')} (bearing {bearing:.1f} degrees) "
        f"clears the zones to be avoided{kept_en}",
    )
