"""Which unit a point belongs to: exactly one, on borders too; a section to the one it closes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import metric_crs, moved, require_crs
from chaoyang_geo.rivers.locate import (
    BASES,
    BORDER,
    NOWHERE,
    OUTSIDE,
    OVERLAP,
    Located,
    Units,
    in_crs,
    locate,
    read_points,
    read_polygons,
)
from chaoyang_geo.rivers.numbering import SAME_M, number
from chaoyang_geo.schema import SchemaError, as_text, one_of, require, require_unique, text_array

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from chaoyang_geo.rivers.network import RiverNetwork

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

# a border that runs along a river decides nothing: below this share of the river the answer is flagged
_CLEAR_SHARE = 2 / 3


def assign_units(
    points: gpd.GeoDataFrame,
    polygons: gpd.GeoDataFrame,
    *,
    code: str = "unit_code",
    into: str | None = None,
    border: str = "smallest code",
    network: RiverNetwork | None = None,
    look_up_m: float = 1000.0,
) -> gpd.GeoDataFrame:
    """Give every point the one polygon that it lies in; a point on a border has one too.

    The points are tested in the CRS of the polygons, whose edges are straight there.

    Required columns: ``points``: geometry (Point; may be missing), for ``border="closes"`` also
    ``reach_code``, ``measure_m`` (of :func:`snap_sections`); ``polygons``: the column ``code``,
    geometry (Polygon or MultiPolygon). Rows of one code are one unit.

    Parameters
    ----------
    points : GeoDataFrame, n points, any CRS
    polygons : GeoDataFrame, m polygons, any CRS
    code : str
        Column of the polygons with their code.
    into : str, optional
        Column of the result; as ``code`` unless given. It must not be there yet.
    border : {"smallest code", "closes"}
        Which unit has a point exactly on a border, or inside several that overlap: the smallest
        code, or the one that the river comes from; the smallest code where the river decides
        nothing, which the flag says.
    network : RiverNetwork, optional
        Needed by ``closes``.
    look_up_m : float, metres
        How much of the river above the point decides.

    Returns
    -------
    GeoDataFrame, n rows in the same order: the input with
        ``into`` (``''`` outside every polygon), ``unit_basis`` (``inside``, ``border``, ``overlap``,
        ``outside``, ``no_position``), ``belongs_flag``.

    Raises
    ------
    CRSError
        A layer has no CRS.
    SchemaError
        A column is missing or ``into`` is there already, a geometry is of another kind.
    ValueError
        Unknown ``border``, or ``closes`` without a network.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point, box
    >>> from chaoyang_geo.rivers.belong import assign_units
    >>> units = gpd.GeoDataFrame({"unit_code": ["B", "A"]}, crs=4549,
    ...                          geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)])
    >>> points = gpd.GeoDataFrame(geometry=[Point(0.5, 0.5), Point(1, 0.5), Point(9, 9)], crs=4549)
    >>> assign_units(points, units)[["unit_code", "unit_basis"]]
      unit_code unit_basis
    0         B     inside
    1         A     border
    2              outside
    """
    import numpy as np

    one_of("border", border, ("smallest code", "closes"))
    if border == "closes" and network is None:
        raise ValueError('border="closes" asks where the river comes from; give network=.')
    require(polygons, [code], table="polygons")
    column = code if into is None else into
    if column in points:
        raise SchemaError(
            f"points: the column {column} is there already; name another one for the result, e.g. "
            f'into="{column}_by_place".'
        )
    require_crs(points, layer_name="points")
    require_crs(polygons, layer_name="polygons")
    if border == "closes":
        require(points, ["reach_code", "measure_m"], table="points", hint="Snap them first.")
    layer = points.geometry
    where = read_points(
        layer if points.crs == polygons.crs else moved(layer, polygons.crs), "points"
    )
    units = read_polygons(polygons, code, repair=border == "closes")
    found = locate(where, units)
    several = np.flatnonzero((found.basis == BORDER) | (found.basis == OVERLAP))
    choices = _choices(found, several)
    closing: dict[int, tuple[int, str]] = {}
    if border == "closes" and network is not None and len(several):
        shapes = in_crs(units.shapes, polygons.crs, network.metric_crs)
        closing = _closing(points, several, choices, shapes, units, network, look_up_m)
    said: dict[str, int] = {"": 0, "不在任何单元内": 1, "没有位置": 2}
    flags = np.select([found.basis == OUTSIDE, found.basis == NOWHERE], [1, 2], 0)
    for row in several.tolist():
        own = choices[row]
        names = "、".join(units.codes[u] for u in own)
        place = f"位于{names}的边界" if found.basis[row] == BORDER else f"落在重叠的{names}内"
        unit, why = closing.get(row, (own[0], f"取编码最小的{units.codes[own[0]]}"))
        found.unit[row] = unit
        flags[row] = said.setdefault(f"{place}，{why}", len(said))
    out = points.copy(deep=False)
    out[column] = _taken([*units.codes, ""], found.unit, points.index)
    out["unit_basis"] = _taken(BASES, found.basis, points.index)
    out["belongs_flag"] = _taken(list(said), flags, points.index)
    return out


def _taken(texts: Sequence[str], which: Ints, index: pd.Index) -> pd.Series:
    """Return texts by number, -1 the last; each is made once."""
    import pandas as pd

    return pd.Series(pd.array(list(texts), dtype="str").take(which), index=index)


def _choices(found: Located, several: Ints) -> dict[int, list[int]]:
    """Return the units of each row that has several, smallest code first."""
    out: dict[int, list[int]] = {row: [] for row in several.tolist()}
    for row, unit in zip(found.pair_row.tolist(), found.pair_unit.tolist(), strict=True):
        out[row].append(unit)
    return out


# --- closing ------------------------------------------------------------------------------------


def _closing(
    points: gpd.GeoDataFrame, rows: Ints, choices: dict[int, list[int]], shapes: Any,
    units: Units, network: RiverNetwork, look_up_m: float,
) -> dict[int, tuple[int, str]]:  # fmt: skip
    """Return, for rows on borders, the unit that the river comes from, and why in words."""
    import numpy as np
    import pandas as pd
    import shapely

    if not (math.isfinite(look_up_m) and look_up_m > 0):
        raise ValueError(f"look_up_m={look_up_m!r} is no distance; give metres above 0.")
    reach = network.index_of(text_array(points["reach_code"].iloc[rows]))
    numbers = pd.to_numeric(points["measure_m"].iloc[rows], errors="coerce")
    measure = numbers.to_numpy("float64", na_value=np.nan)
    above = main_above(network)
    out: dict[int, tuple[int, str]] = {}
    for row, at, m in zip(rows.tolist(), reach.tolist(), measure.tolist(), strict=True):
        own = choices[row]
        smallest = f"取编码最小的{units.codes[own[0]]}"
        if at < 0 or not math.isfinite(m):
            out[row] = (own[0], f"断面不在河网上，{smallest}")
            continue
        line = _river_above(network, above, at, m, look_up_m)
        lengths = [
            float(shapely.length(shapely.intersection(shapes[units.unit == u], line)).sum())
            for u in own
        ]
        total = sum(lengths)
        best = int(np.argmax(np.round(lengths, 3)))
        if total <= SAME_M:
            out[row] = (own[0], f"断面以上没有河段，{smallest}")
        elif lengths[best] / total < _CLEAR_SHARE:
            out[row] = (own[best], f"河流沿边界而下，取河长较多的{units.codes[own[best]]}")
        else:
            out[row] = (own[best], f"取河流来向的{units.codes[own[best]]}")
    return out


def main_above(network: RiverNetwork) -> Ints:
    """Return the main reach that ends where each begins, -1 at a source."""
    import numpy as np

    down = number(network).down
    size = network.reaches["upstream_length_km"].to_numpy("float64")
    ends = np.flatnonzero((down >= 0) & (number(network).join_m <= SAME_M))
    ends = ends[np.lexsort((-size[ends], down[ends]))]
    onto, first = np.unique(down[ends], return_index=True)
    above = np.full(len(down), -1, dtype="int64")
    above[onto] = ends[first]
    return above


def _river_above(
    network: RiverNetwork, above: Ints, reach: int, measure: float, look_up_m: float
) -> Any:
    """Return the last metres of the main river above a place."""
    import shapely
    from shapely.ops import substring

    pieces, left = [], look_up_m
    while reach >= 0 and left > 0:
        line = network.metric[reach]
        if line is None:
            break
        if measure > 0:
            pieces.append(substring(line, max(0.0, measure - left), measure))
        left -= measure
        reach = int(above[reach])
        measure = float(network.length_m[reach]) if reach >= 0 else 0.0
    return shapely.multilinestrings([p for p in pieces if p.geom_type == "LineString"])


def units_of_sections(
    sections: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    *,
    network: RiverNetwork | None = None,
    code: str = "unit_code",
    border_m: float = 50.0,
    look_up_m: float = 1000.0,
) -> gpd.GeoDataFrame:
    """Give every section the one control unit that it closes; a recorded unit wins.

    A section usually lies on the border of its unit, where the river leaves it. Where the
    sections record their unit that is the answer, and a place that contradicts it is flagged.
    Elsewhere a section within ``border_m`` of several units belongs to the one that the river
    comes from. Distances are in metres, in the CGCS2000 3-degree zone of the units.

    Required columns: ``sections``: geometry (Point; may be missing); with a network also
    ``reach_code``, ``measure_m`` (of :func:`snap_sections`); ``units``: the column ``code``,
    geometry (Polygon or MultiPolygon). Used where present: the column ``code`` of the sections.

    Parameters
    ----------
    sections : GeoDataFrame, n points, any CRS
    units : GeoDataFrame, any CRS
    network : RiverNetwork, optional
        Without it, the smallest code has a section on a border.
    code : str
        Column of both tables.
    border_m : float, metres, 0 or more
        How far from a unit a section may lie and still close it: borders and rivers are drawn
        apart.
    look_up_m : float, metres
        How much of the river above the section decides.

    Returns
    -------
    GeoDataFrame, n rows in the same order: the input with
        ``code`` (the answer; ``''`` without one), ``unit_by_place`` (what the geometry says),
        ``unit_basis`` (``recorded``, or as :func:`assign_units`), ``belongs_flag``.

    Raises
    ------
    CRSError
        A layer has no CRS.
    SchemaError
        A required column is missing, a unit is there twice, a geometry is of another kind.
    ValueError
        ``border_m`` is no distance.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point, box
    >>> from chaoyang_geo.rivers.belong import units_of_sections
    >>> units = gpd.GeoDataFrame(
    ...     {"unit_code": ["U1", "U2"]}, crs=4549,
    ...     geometry=[box(500000, 4600000, 501000, 4601000), box(501000, 4600000, 502000, 4601000)])
    >>> sections = gpd.GeoDataFrame(
    ...     {"section_code": ["S1", "S2"], "unit_code": ["U1", ""]}, crs=4549,
    ...     geometry=[Point(501000, 4600500), Point(501900, 4600500)])
    >>> units_of_sections(sections, units)[["unit_code", "unit_by_place", "unit_basis"]]
      unit_code unit_by_place unit_basis
    0        U1            U1   recorded
    1        U2            U2     inside
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    require(units, [code], table="units")
    require_unique(pd.DataFrame(units), code, table="units")
    require_crs(sections, layer_name="sections")
    require_crs(units, layer_name="units")
    if not (math.isfinite(border_m) and border_m >= 0):
        raise ValueError(f"border_m={border_m!r} is no distance; give metres of 0 or more.")
    if network is not None:
        hint = "Snap them first: snap_sections(sections, network, max_distance_m=...)."
        require(sections, ["reach_code", "measure_m"], table="sections", hint=hint)
    n = len(sections)
    own = read_polygons(units, code, repair=True)
    zone = metric_crs(units, layer_name="units") if len(own.shapes) else sections.crs
    shapes = in_crs(own.shapes, units.crs, zone)
    where, there, _ = read_points(moved(sections.geometry, zone), "sections")
    rows = np.flatnonzero(there)
    tree = shapely.STRtree(shapes)
    at, shape = tree.query(where[rows], predicate="dwithin", distance=border_m)
    choices: dict[int, list[int]] = {}
    near = np.lexsort((own.unit[shape], at))
    for row, unit in zip(rows[at[near]].tolist(), own.unit[shape[near]].tolist(), strict=True):
        choices.setdefault(row, []).append(unit)
    several = np.array([row for row, found in choices.items() if len(found) > 1], dtype="int64")
    closing: dict[int, tuple[int, str]] = {}
    if network is not None and len(several):
        in_network = in_crs(own.shapes, units.crs, network.metric_crs)
        closing = _closing(sections, several, choices, in_network, own, network, look_up_m)
    by_place = np.full(n, "", dtype=object)
    basis = np.where(there, "outside", "no_position").astype(object)
    flags = np.where(there, "不在任何单元内", "断面没有位置").astype(object)
    for row, found in choices.items():
        unit, why = closing.get(row, (found[0], f"取编码最小的{own.codes[found[0]]}"))
        by_place[row] = own.codes[unit]
        basis[row], flags[row] = "inside", ""
        if len(found) > 1:
            names = "、".join(own.codes[u] for u in found)
            basis[row], flags[row] = "border", f"位于{names}的边界，{why}"
    answer = by_place.copy()
    if code in sections:
        recorded = as_text(sections[code]).to_numpy(dtype=object)
        position = dict(zip(own.codes, range(len(own.codes)), strict=True))
        for row in np.flatnonzero(recorded != "").tolist():
            name = recorded[row]
            if name not in position:
                flags[row] = "；".join(
                    t for t in (f"登记的单元{name}不在单元图层", flags[row]) if t
                )
                continue
            answer[row], basis[row] = name, "recorded"
            flags[row] = _against_record(
                name, position[name], where[row] if there[row] else None, shapes, own,
                choices.get(row, []), by_place[row], border_m, row in closing,
            )  # fmt: skip
    index = sections.index
    out = gpd.GeoDataFrame(sections.copy(deep=False))
    for column, values in ((code, answer), ("unit_by_place", by_place),
                           ("unit_basis", basis), ("belongs_flag", flags)):  # fmt: skip
        out[column] = pd.Series(values, index=index, dtype="str")
    return out


def _against_record(
    name: str, unit: int, point: Any, shapes: Any, units: Units, near: list[int], by_place: str,
    border_m: float, by_river: bool,
) -> str:  # fmt: skip
    """Say whether the place of a section contradicts its recorded unit."""
    import shapely

    if point is None:
        return "断面没有位置，不能核对登记的单元"
    if unit in near:
        if by_river and by_place != name:
            return f"登记为{name}；按河流来向应为{by_place}"
        return ""
    own = shapes[units.unit == unit]
    if not len(own):
        return f"登记的单元{name}没有图形，不能核对"
    away = float(shapely.distance(own, point).min())
    where = f"位置在{by_place}内" if by_place else "位置不在任何单元内"
    return f"登记为{name}，{where}，距{name}边界{away:.0f} m，超过{border_m:g} m"
