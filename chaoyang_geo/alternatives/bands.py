"""An area in bands, by how far it is to the nearest zone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from chaoyang_geo.alternatives.ground import (
    TOUCH_M,
    checked_area,
    checked_metres,
    digits,
    grown_boxes,
    pieces_near,
    quad_segs,
    zone_records,
)
from chaoyang_geo.alternatives.seams import joined
from chaoyang_geo.edges import reprojected
from chaoyang_geo.shapes import grown

if TYPE_CHECKING:
    import geopandas as gpd

#: Columns of the result of :func:`zone_distance_contours`, before the geometry.
BAND_COLUMNS: dict[str, str] = {
    "band_no": "int64",
    "from_m": "float64",
    "to_m": "float64",
    "band_zh": "str",
    "band_en": "str",
    "area_m2": "float64",
    "share": "float64",
    "band_flag": "str",
}


def zone_distance_contours(
    zones: gpd.GeoDataFrame | Sequence[gpd.GeoDataFrame],
    *,
    within: gpd.GeoDataFrame | gpd.GeoSeries,
    distances_m: Iterable[float] = (500.0, 1000.0, 2000.0),
    tolerance_m: float = 0.1,
) -> gpd.GeoDataFrame:
    """Divide an area into bands by the distance to the nearest zone.

    Every zone of ``zones`` counts, also from outside the area: leave out those that do not matter
    beforehand, for example ``zones[zones["zone_kind"] == "eco_red_line"]``.

    Required columns: ``zones``: ``zone_code``, ``zone_name``, ``zone_kind``, ``zone_grade``,
    ``layer``.

    Parameters
    ----------
    zones : GeoDataFrame of polygons, any CRS, or a list of them
    within : GeoDataFrame or GeoSeries of polygons, any CRS
        The area that is divided.
    distances_m : numbers, metres, more than 0
        Limits of the bands; sorted here.
    tolerance_m : float, metres, more than 0
        How much too near a limit may lie at corners of zones, where it is a curve drawn in
        chords; elsewhere it is exact.

    Returns
    -------
    GeoDataFrame, one row per band, from the zones outwards, CRS of ``within``
        ``band_no`` (0 inside the zones, then 1, 2, ...), ``from_m``, ``to_m`` (a band reaches to
        ``to_m``, which belongs to it; ``from_m`` is missing inside the zones, ``to_m`` in the
        outermost band), ``band_zh``, ``band_en``, ``area_m2``, ``share`` (of the area, adds up to
        1), ``band_flag``, geometry (polygons; empty where no place is in the band). Without an
        area, no row.

    Raises
    ------
    CRSError
        A layer has no CRS, or the area lies outside the CGCS2000 zones.
    SchemaError
        A column is missing, or a shape is no polygon.
    ValueError
        An option is no distance.

    Notes
    -----
    Planar, in the CGCS2000 3-degree zone of the area. Bands are differences of buffers (GEOS,
    round ends and corners); no raster is involved. Cracks between zones that are narrower than
    5 cm are filled first.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from chaoyang_geo.alternatives import zone_distance_contours
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["Z"], "zone_name": ["示例红线"], "zone_kind": ["eco_red_line"],
    ...      "zone_grade": ["general"], "layer": ["示例"]},
    ...     geometry=[box(500000, 4590000, 501000, 4610000)], crs="EPSG:4549")
    >>> area = gpd.GeoSeries([box(500000, 4600000, 504000, 4601000)], crs="EPSG:4549")
    >>> found = zone_distance_contours(zones, within=area, distances_m=[500, 1000])
    >>> found[["band_no", "band_zh", "area_m2", "share"]]
       band_no         band_zh    area_m2  share
    0        0              区内  1000000.0  0.250
    1        1      距离不超过 500 米   500000.0  0.125
    2        2  距离 500 至 1000 米   500000.0  0.125
    3        3     距离超过 1000 米  2000000.0  0.500
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    if not isinstance(distances_m, Iterable):
        raise ValueError(f"distances_m={distances_m!r} is no list; give [{distances_m!r}].")
    limits = sorted({checked_metres("distances_m", each, zero=False) for each in distances_m})
    tolerance = checked_metres("tolerance_m", tolerance_m, zero=False)
    area, crs = checked_area(within)
    table = zone_records(zones, within.crs)
    if not limits:
        raise ValueError("distances_m is empty; give at least one distance in metres.")
    if area is None:
        empty = pd.DataFrame(columns=list(BAND_COLUMNS)).astype(BAND_COLUMNS)
        return gpd.GeoDataFrame(empty, geometry=gpd.GeoSeries([], crs=within.crs))
    windows = grown_boxes(np.array([area], dtype=object), limits[-1] + tolerance)
    pieces, _ = pieces_near(table, windows, crs)
    left, bands = area, []
    for limit in (0.0, *limits):
        near = pieces
        if limit:
            near = grown(pieces, limit, quad_segs=quad_segs(limit, tolerance)[0])
        taken = joined(near)
        bands.append(shapely.intersection(left, taken))
        left = shapely.difference(left, taken)
    bands.append(left)
    placed = np.array([_polygons(band) for band in bands], dtype=object)
    size = shapely.area(placed)
    zh, en = zip(*(_said(limits, number) for number in range(len(bands))), strict=True)
    result = pd.DataFrame(
        {
            "band_no": range(len(bands)),
            "from_m": [np.nan, 0.0, *limits],
            "to_m": [0.0, *limits, np.nan],
            "band_zh": zh,
            "band_en": en,
            "area_m2": size,
            "share": size / shapely.area(area),
            "band_flag": table.flag,
        }
    ).astype(BAND_COLUMNS)
    return gpd.GeoDataFrame(result, geometry=reprojected(placed, crs, within.crs), crs=within.crs)


def _said(limits: list[float], number: int) -> tuple[str, str]:
    if number == 0:
        return "区内", "inside the zones"
    if number == len(limits) + 1:
        return f"距离超过 {digits(limits[-1])} 米", f"farther than {digits(limits[-1])} m"
    if number == 1:
        return f"距离不超过 {digits(limits[0])} 米", f"up to {digits(limits[0])} m"
    low, high = limits[number - 2 : number]
    return f"距离 {digits(low)} 至 {digits(high)} 米", f"{digits(low)} to {digits(high)} m"


def _polygons(shape: Any) -> Any:
    """Return the polygons of a shape, without lines and hairs that an overlay may leave."""
    import shapely

    parts = shapely.get_parts(shapely.get_parts([shape]))
    real = shapely.get_type_id(parts) == 3
    real &= shapely.area(parts) > TOUCH_M / 2 * shapely.length(parts)
    return shapely.multipolygons(parts[real])
