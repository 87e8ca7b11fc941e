"""What lies upstream of sections, ranked: outfalls, other sections, townships, units."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from chaoyang_geo.crs import moved, require_crs
from chaoyang_geo.rivers.numbering import (
    Intervals,
    Numbering,
    number,
    spread,
    upstream_intervals,
)
from chaoyang_geo.rivers.places import (
    SIDE,
    Places,
    frame,
    read_places,
    words,
)
from chaoyang_geo.rivers.ways import points_upstream
from chaoyang_geo.schema import SchemaError, require

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from chaoyang_geo.rivers.network import RiverNetwork

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]


def upstream_of(
    network: RiverNetwork,
    sections: pd.DataFrame,
    others: pd.DataFrame,
    *,
    code: str,
    by: str = "distance",
    max_distance_km: float | None = None,
) -> pd.DataFrame:
    """Pair every section with what lies upstream of it: outfalls, sections, townships, units.

    Required columns: ``sections``: ``section_code``, ``reach_code``, ``measure_m`` (of
    :func:`~chaoyang_geo.rivers.snap_sections`); ``others``: the column ``code``, and either
    ``reach_code`` and ``measure_m`` (points that were snapped), or polygons as geometry.

    Parameters
    ----------
    network : RiverNetwork
    sections : DataFrame
    others : DataFrame or GeoDataFrame
        Snapped points, or polygons in any CRS; rows of one code are one township.
    code : str
        Column of ``others`` with their code. A table of sections may be given as ``others`` too:
        ``upstream_of(network, sections, sections, code="section_code")``.
    by : str
        What ranks: ``distance`` (nearest first), ``area`` (polygons: most land upstream first),
        or a column of ``others`` (largest first), such as a load.
    max_distance_km : float, optional
        Leave out what is farther along the river.

    Returns
    -------
    DataFrame, one row per section and thing upstream of it, sections in their order, then by rank
        ``section_code``, ``code`` (``upstream_section_code`` where that is ``section_code``),
        ``distance_km`` (along the river; for a polygon from the lowest point of the river that
        drains to the section), ``upstream_rank``, ``trace_flag``; for polygons also
        ``river_km_upstream``, ``river_km``, ``share``, ``area_km2``; and the column ``by``.

    Raises
    ------
    CRSError
        Polygons have no CRS.
    SchemaError
        A column is missing, or points were not snapped to this network.
    ValueError
        ``by="area"`` for points, or a distance that is none.

    Notes
    -----
    Without catchments, the land of a polygon is taken to drain to the rivers inside it, each
    kilometre of river an equal part: ``share = river_km_upstream / river_km``, and ``area_km2`` is
    that share of the polygon's area, in the CGCS2000 zone of the network. This is an assumption,
    as good as the rivers are evenly dense; a polygon without a river has no row. A river along a
    border counts for both sides.

    Examples
    --------
    >>> import geopandas as gpd
    >>> import pandas as pd
    >>> from shapely import LineString
    >>> from chaoyang_geo.rivers import river_network
    >>> from chaoyang_geo.rivers.sources import upstream_of
    >>> lines = gpd.GeoDataFrame(
    ...     {"reach_code": ["A", "B"], "to_code": ["B", None]}, crs=4549,
    ...     geometry=[LineString([(500000, 4600000), (501000, 4600000)]),
    ...               LineString([(501000, 4600000), (504000, 4600000)])])
    >>> network = river_network(lines, tolerance_m=1)
    >>> section = pd.DataFrame({"section_code": ["S"], "reach_code": ["B"], "measure_m": [2000.0]})
    >>> outfalls = pd.DataFrame({"outfall_code": ["P", "Q"], "reach_code": ["A", "B"],
    ...                          "measure_m": [600.0, 2500.0]})
    >>> upstream_of(network, section, outfalls, code="outfall_code")[["outfall_code", "distance_km"]]
      outfall_code  distance_km
    0            P          2.4
    """
    import numpy as np

    require(others, [code], table="others")
    require(sections, ["section_code"], table="sections")
    if max_distance_km is not None and not (
        math.isfinite(max_distance_km) and max_distance_km >= 0
    ):
        raise ValueError(
            f"max_distance_km={max_distance_km!r} is no distance; give km of 0 or more."
        )
    at = read_places(network, sections, sections=None, table="sections", code="section_code")
    numbers = number(network)
    name = "upstream_section_code" if code == "section_code" else code
    snapped = "reach_code" in others and "measure_m" in others
    if by not in ("distance", "area"):
        require(others, [by], table="others")
    if snapped:
        if by == "area":
            raise ValueError(
                'by="area" ranks polygons; others are points. Use "distance" or a column.'
            )
        pairs = _points_table(network, numbers, at, others, code, name, others is sections)
        if by != "distance":
            pairs[by] = others[by].to_numpy()[pairs.pop("_row").to_numpy()]
    else:
        pairs = _polygons_table(network, numbers, at, others, code, name)
        if by not in ("distance", "area"):
            first = ~_texts(others, code).duplicated()
            pairs[by] = others.loc[first.to_numpy(), by].to_numpy()[pairs.pop("_row").to_numpy()]
    pairs = pairs.drop(columns="_row", errors="ignore")
    if max_distance_km is not None:
        pairs = pairs[pairs["distance_km"] <= max_distance_km]
    if by == "distance":
        key = pairs["distance_km"].round(9).to_numpy()
    else:
        key = -pairs["area_km2" if by == "area" else by].to_numpy("float64", na_value=-np.inf)
    order = np.lexsort((pairs[name].to_numpy(object).astype(str), key, pairs["_at"].to_numpy()))
    pairs = pairs.iloc[order].reset_index(drop=True)
    pairs.insert(3, "upstream_rank", pairs.groupby("_at").cumcount().to_numpy("int64") + 1)
    return pairs.drop(columns="_at")


def _texts(others: pd.DataFrame, code: str) -> pd.Series:
    from chaoyang_geo.schema import as_text

    texts = as_text(others[code])
    if (texts == "").any():
        row = int((texts == "").to_numpy().argmax()) + 1
        raise SchemaError(f"others: row {row} has no {code}; every row needs one.")
    return texts


def _points_table(
    network: RiverNetwork, numbers: Numbering, at: Places, others: pd.DataFrame, code: str,
    name: str, same: bool,
) -> pd.DataFrame:  # fmt: skip
    points = read_places(network, others, sections=None, table="others", code=code)
    row, point, way, side = points_upstream(numbers, at.reach, at.measure_m, points)
    kept = (at.codes[row] != points.codes[point]) if code == "section_code" else row == row
    if same:
        kept = row != point
    row, point, way, side = row[kept], point[kept], way[kept], side[kept]
    table = frame(
        section_code=at.codes[row],
        **{name: points.codes[point]},
        distance_km=way / 1e3,
        trace_flag=words(side, SIDE),
    )
    return table.assign(_row=point, _at=row)


class _Pieces(NamedTuple):
    """Parts of reaches in polygons: the polygon's number, the reach, from and to in metres."""

    polygon: Ints
    reach: Ints
    from_m: Floats
    to_m: Floats

    def some(self, which: Any) -> _Pieces:
        """Return some of the pieces."""
        return _Pieces(self.polygon[which], self.reach[which], self.from_m[which], self.to_m[which])


def _polygons_table(
    network: RiverNetwork, numbers: Numbering, at: Places, others: Any, code: str, name: str
) -> pd.DataFrame:
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    if not isinstance(others, gpd.GeoDataFrame):
        raise SchemaError(
            "others: give snapped points (reach_code, measure_m; see snap_sections) or polygons."
        )
    require_crs(others, layer_name="others")
    texts = _texts(others, code)
    number_of, distinct = pd.factorize(texts)
    shapes = np.asarray(
        moved(others.geometry, network.metric_crs or others.crs).array, dtype=object
    )
    pieces = _cut(network, shapes, number_of.astype("int64"), others, code)
    area = np.bincount(number_of, np.nan_to_num(_areas(shapes)), minlength=len(distinct)) / 1e6
    total = np.bincount(pieces.polygon, pieces.to_m - pieces.from_m, minlength=len(distinct)) / 1e3
    parts = upstream_intervals(numbers, at.reach, at.measure_m)
    found: list[tuple[Ints, int, Floats, Floats, Bools]] = []
    order = np.lexsort((numbers.pre[pieces.reach], pieces.polygon))
    pieces = pieces.some(order)
    bounds = np.searchsorted(pieces.polygon, np.arange(len(distinct) + 1))
    for polygon in range(len(distinct)):
        own = slice(bounds[polygon], bounds[polygon + 1])
        if bounds[polygon] < bounds[polygon + 1]:
            one = pieces.some(own)
            rows, length, way, side = _one_polygon(numbers, parts, at, one)
            found.append((rows, polygon, length, way, side))
    row = np.concatenate([f[0] for f in found] or [np.empty(0, "int64")])
    which = np.concatenate([np.full(len(f[0]), f[1]) for f in found] or [np.empty(0, "int64")])
    length = np.concatenate([f[2] for f in found] or [np.empty(0)]) / 1e3
    way = np.concatenate([f[3] for f in found] or [np.empty(0)])
    side = np.concatenate([f[4] for f in found] or [np.empty(0, bool)])
    share = np.minimum(length / total[which], 1.0) if len(which) else length
    table = frame(
        section_code=at.codes[row],
        **{name: np.asarray(distinct, dtype=object)[which]},
        distance_km=way / 1e3,
        trace_flag=words(side, SIDE),
        river_km_upstream=length,
        river_km=total[which],
        share=share,
        area_km2=share * area[which],
    )
    return table.assign(_row=which, _at=row)


def _areas(shapes: Any) -> Floats:
    import shapely

    areas: Floats = shapely.area(shapes)
    return areas


def _cut(
    network: RiverNetwork, shapes: Any, number_of: Ints, others: pd.DataFrame, code: str
) -> _Pieces:
    """Cut the reaches by polygons; reaches wholly inside are not cut."""
    import numpy as np
    import shapely

    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    wrong = there & ~np.isin(shapely.get_type_id(shapes), (3, 6))
    if wrong.any():
        row = int(wrong.argmax())
        raise SchemaError(
            f"others: row {row + 1} ({code} {_texts(others, code).iloc[row]}) is a "
            f"{shapes[row].geom_type}; give polygons, or snap points first."
        )
    bad = there & ~shapely.is_valid(shapes)
    if bad.any():
        shapes = shapes.copy()
        shapes[bad] = shapely.make_valid(shapes[bad])
    tree = shapely.STRtree(network.metric)
    polygon, reach = tree.query(shapes, predicate="intersects")
    inner_polygon, inner = tree.query(shapes, predicate="contains")
    size = len(network)
    whole = np.isin(polygon * size + reach, inner_polygon * size + inner)
    length = np.nan_to_num(network.length_m)
    crossing_polygon, crossing = polygon[~whole], reach[~whole]
    parts, source = shapely.get_parts(
        shapely.intersection(network.metric[crossing], shapes[crossing_polygon]), return_index=True
    )
    lines = shapely.get_type_id(parts) == 1
    parts, source = parts[lines], source[lines]
    line = network.metric[crossing[source]]
    one = shapely.line_locate_point(line, shapely.get_point(parts, 0))
    # a part has the length of the reach between its ends; a line that meets itself has two places
    middle = shapely.line_locate_point(
        line, shapely.line_interpolate_point(parts, 0.5, normalized=True)
    )
    half = shapely.length(parts) / 2
    low = np.where(half > 0, np.maximum(middle - half, 0.0), one)
    return _Pieces(
        number_of[np.concatenate([polygon[whole], crossing_polygon[source]])],
        np.concatenate([reach[whole], crossing[source]]),
        np.concatenate([np.zeros(int(whole.sum())), low]),
        np.concatenate([length[reach[whole]], low + 2 * half]),
    )


def _one_polygon(
    numbers: Numbering, parts: Intervals, at: Places, pieces: _Pieces
) -> tuple[Ints, Floats, Floats, Bools]:
    """Return the places that have river of one polygon upstream, its length and its nearest end."""
    import numpy as np

    position = numbers.pre[pieces.reach]
    first = np.searchsorted(position, parts.start)
    last = np.searchsorted(position, parts.stop)
    some = np.flatnonzero(last > first)
    part, entry = spread(first[some], last[some])
    part = some[part]
    row, reach = parts.row[part], pieces.reach[entry]
    low, high = pieces.from_m[entry], pieces.to_m[entry]
    own = reach == at.reach[row]
    high = np.where(own, np.minimum(high, at.measure_m[row]), high)
    length = np.maximum(high - low, 0.0)
    way = numbers.height_m(reach, high) - parts.base_m[part]
    way[own] = at.measure_m[row[own]] - high[own]
    kept = length > 0
    row, length, way, side = row[kept], length[kept], way[kept], parts.link[part][kept] >= 0
    whose, group = np.unique(row, return_inverse=True)
    total = np.bincount(group, length, minlength=len(whose))
    nearest = np.full(len(whose), np.inf)
    np.minimum.at(nearest, group, way)
    by_side = np.bincount(group, side, minlength=len(whose)) > 0
    return whose.astype("int64"), total.astype("float64"), np.maximum(nearest, 0.0), by_side
