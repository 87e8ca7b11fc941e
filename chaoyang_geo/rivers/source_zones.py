"""Drinking-water zones drawn from distances: along rivers, around lakes, reservoirs and wells."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import metric_crs, require_crs
from chaoyang_geo.edges import redrawn
from chaoyang_geo.rivers.build import river_network
from chaoyang_geo.rivers.corridor import (
    ARC,
    Way,
    located,
    mended,
    pieces_inside,
    polygons,
    strip,
    ways_down,
    ways_up,
    without,
)
from chaoyang_geo.rivers.numbering import SAME_M, number
from chaoyang_geo.rivers.snap import snap_sections
from chaoyang_geo.rivers.source_distances import (
    DERIVED_COLUMNS,
    GRADES,
    NOT_APPROVED,
    SOURCE_KINDS,
    Grade,
    accuracy_of,
    checked,
    grades_of,
)
from chaoyang_geo.schema import SchemaError, one_of, require, require_unique, text_array
from chaoyang_geo.shapes import grown

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from chaoyang_geo.rivers.network import RiverNetwork

#: Columns of derived zones, in order; the geometry follows.
DERIVED_ZONE_COLUMNS: dict[str, str] = {
    **DERIVED_COLUMNS,
    "water_source_code": "str",
    "water_source_name": "str",
    "water_source_kind": "str",
    "zone_distances": "str",
    "area_km2": "float64",
    "offset_m": "float64",
    "zone_flag": "str",
}


def water_source_zones(
    sources: gpd.GeoDataFrame,
    rivers: RiverNetwork | gpd.GeoDataFrame | None = None,
    *,
    kind: str,
    code: str = "water_source_code",
    name: str = "water_source_name",
    primary_upstream_m: float | None = None,
    primary_downstream_m: float | None = None,
    primary_water_m: float | None = None,
    primary_land_m: float | None = None,
    secondary_upstream_m: float | None = None,
    secondary_downstream_m: float | None = None,
    secondary_water_m: float | None = None,
    secondary_land_m: float | None = None,
    quasi_upstream_m: float | None = None,
    quasi_downstream_m: float | None = None,
    quasi_water_m: float | None = None,
    quasi_land_m: float | None = None,
    intakes: gpd.GeoDataFrame | None = None,
    no_intake: str = "leave",
    catchments: gpd.GeoDataFrame | None = None,
    river_width_m: float = 0.0,
    tributaries: bool = True,
    max_snap_m: float = 500.0,
    layer: str = "饮用水水源保护区（推导）",
    version: str = NOT_APPROVED,
    version_date: str = "",
) -> gpd.GeoDataFrame:
    """Draw the primary, secondary and quasi zones of drinking-water sources from distances.

    The result is a derivation for screening, no approved zone. Distances that the caller does not
    give are those that HJ 338-2018 is said to have; nobody has checked them against its text, and
    ``status`` says ``unverified`` on every row that uses one. Measured in metres in the CGCS2000
    3-degree zone of the network, else of the sources; the input is not changed.

    Required columns: ``sources``: the columns ``code`` (unique) and ``name``, geometry (Point of
    an intake for rivers and wells; for lakes and reservoirs the Polygon of the water, or a Point
    where there is none). Used where present: ``accuracy_m``, ``source``, ``water_body`` (name of
    the river of an intake). ``intakes``, ``catchments``: the column ``code``, geometry (Point;
    Polygon).

    Parameters
    ----------
    sources : GeoDataFrame, n rows, any CRS
    rivers : RiverNetwork, or GeoDataFrame that :func:`river_network` makes one from
        Needed for rivers, for rivers that flow into a lake, and for ``no_intake="outlet"``.
    kind : str
        ``river``, ``tidal_river``, ``small_reservoir``, ``plain_medium_reservoir``,
        ``hill_medium_reservoir``, ``large_reservoir``, ``small_lake``, ``large_lake``,
        ``single_use`` (a lake or reservoir for supply alone), ``well``.
    code, name : str
        Columns of the sources.
    primary_upstream_m, secondary_upstream_m, quasi_upstream_m : float, metres
        Rivers: above the intake, and each further grade above the end of the one before. Lakes:
        the same up each river that flows into the water of the grade, from the shore.
    primary_downstream_m, secondary_downstream_m, quasi_downstream_m : float, metres
        Rivers: below the intake, and below the grade before.
    primary_water_m, secondary_water_m, quasi_water_m : float, metres
        Lakes: radius of the water around an intake; each further grade adds to it. ``math.inf``:
        all of the water.
    primary_land_m, secondary_land_m, quasi_land_m : float, metres
        Depth of the land: on either bank of a river; around the water of a lake, and around the
        grade before; radius around a well. ``math.inf``: all of the catchment.
    intakes : GeoDataFrame of points, optional
        Intakes of lakes, also several of one.
    no_intake : {"leave", "outlet"}
        A lake without an intake, where a radius is needed: no zone, or the intake is taken to be
        where the river leaves the water. The flag says so.
    catchments : GeoDataFrame of polygons, optional
        Land that drains to the source: zones end at its border.
    river_width_m : float, metres
        Width of the water; banks are measured from its edges. 0: from the line.
    tributaries : bool
        False: only up the river itself, at each junction the one with most river upstream.
    max_snap_m : float, metres
        An intake farther from its river has no zone, and says so.
    layer, version, version_date : str
        Of the result.

    Returns
    -------
    GeoDataFrame, one row per source and grade, CRS of ``sources``
        :data:`DERIVED_ZONE_COLUMNS`: the table of zones with ``status`` (``unverified``, or
        ``user`` where all distances are the caller's, also those of the stricter grades, at whose
        ends a grade begins), ``zone_distances`` (those used, in words),
        ``area_km2``, ``offset_m`` (intake to river), ``zone_flag``. ``quality`` is ``derived``;
        ``content_hash`` is the SHA-256 of the zones of the source. Where a zone cannot be drawn its
        row stays, without geometry. A grade without any distance has no row.

    Raises
    ------
    CRSError
        A layer has no CRS.
    SchemaError
        A column is missing, a code is there twice, a geometry is of another kind.
    ValueError
        An option is not known, a distance is none or missing for the kind, or rivers are missing.

    Notes
    -----
    The distances lie in ``standards/source_zone_distances.csv``. No distance of the quasi zone is
    known: it is drawn when one is given. The zones of one source do not overlap: what is primary
    is no secondary. Zones of two sources may.

    A strip along a river ends square to it. Where the river parts or comes together, all arms and
    (with ``tributaries``) all rivers within the distance belong to it. Around a point without a
    polygon of the water, water is taken to be everywhere: the zone is then too large rather than
    too small. Curves are drawn in chords, which lie up to 0.07 % of the distance too near.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString, Point
    >>> from chaoyang_geo.rivers import water_source_zones
    >>> rivers = gpd.GeoDataFrame({"reach_code": ["A"], "river_name": ["大凌河"]}, crs=4549,
    ...                           geometry=[LineString([(500000, 4600000), (510000, 4600000)])])
    >>> intake = gpd.GeoDataFrame({"water_source_code": ["W1"], "water_source_name": ["示例水源"]},
    ...                           geometry=[Point(508000, 4600000)], crs=4549)
    >>> zones = water_source_zones(intake, rivers, kind="river", quasi_upstream_m=1000,
    ...                            quasi_land_m=1000)
    >>> zones[["zone_name", "zone_grade", "status", "area_km2"]].round(3)
            zone_name zone_grade      status  area_km2
    0  示例水源一级保护区    primary  unverified      0.11
    1  示例水源二级保护区  secondary  unverified      6.49
    2   示例水源准保护区      quasi  unverified      2.00
    """
    own = ("primary_", "secondary_", "quasi_")
    given = {key: value for key, value in locals().items() if key.startswith(own)}
    grades = grades_of(kind, given)
    shape = SOURCE_KINDS[kind][1]
    one_of("no_intake", no_intake, ("leave", "outlet"))
    one_of("tributaries", tributaries, (True, False))
    for key, value in (("river_width_m", river_width_m), ("max_snap_m", max_snap_m)):
        checked(key, value)
    _check_sources(sources, code, name, shape)
    if any(math.isinf(grade.land_m) for grade in grades) and catchments is None:
        needs = [f"{grade.key}_land_m" for grade in grades if math.isinf(grade.land_m)]
        raise ValueError(
            f"{needs[0]} of kind={kind!r} reaches to the border of the catchment; give catchments=, or "
            f"a distance, e.g. {needs[0]}=2000."
        )
    network = _network(rivers, kind, shape, grades, no_intake)
    if not len(sources):
        return _table([], [], sources.crs)
    zone = network.metric_crs if network is not None else ""
    there = located(sources)
    if not zone and there.notna().any():
        zone = metric_crs(there, layer_name="sources")
    zone = zone or sources.crs
    ground = _Ground(network, river_width_m, tributaries, grades)
    codes, names = text_array(sources[code]), text_array(sources[name])
    placed = redrawn(there, zone)
    shapes = mended(placed)
    repaired = ~(placed.is_valid | placed.isna()).to_numpy()
    bases = text_array(sources["source"]) if "source" in sources else [""] * len(sources)
    accuracy = accuracy_of(sources, table="sources")
    limits = _by_code(catchments, code, zone, "catchments", ("Polygon", "MultiPolygon"))
    points = _by_code(intakes, code, zone, "intakes", ("Point", "MultiPoint"))
    snapped = None
    if shape == "river" and network is not None:
        snapped = _snapped(sources, located(placed), network, max_snap_m)
    drawn: list[_Drawn] = []
    for row in range(len(sources)):
        if snapped is not None:
            found = ground.river(snapped.iloc[row], network)
        elif shape == "lake":
            found = ground.lake(shapes[row], points.get(codes[row]), no_intake)
        else:
            found = ground.well(shapes[row])
        if repaired[row]:
            found.flags.append("水面图形自相交或重叠，已修复")
        limit = limits.get(codes[row])
        drawn.append(found.within(limit, grades, given=catchments is not None))
    rows = []
    for row, found in enumerate(drawn):
        digest = _hash(codes[row], found.areas)
        for number_, grade in enumerate(grades):
            flags = [
                _of_rule(grade), *found.flags,
                "" if found.areas[number_] is not None else "未划出范围",
                _undrawn(grades) if number_ == len(grades) - 1 else "",
            ]  # fmt: skip
            rows.append(
                {
                    "zone_code": f"{codes[row]}-{grade.key}",
                    "zone_name": f"{_called(names[row] or codes[row])}{grade.zh}保护区",
                    "zone_kind": "drinking_water",
                    "zone_grade": grade.key,
                    "layer": layer,
                    "version": version,
                    "version_date": version_date,
                    "content_hash": digest,
                    "accuracy_m": float(accuracy[row]),
                    "source": _source_words(bases[row], grade),
                    "quality": "derived",
                    "status": grade.status,
                    "water_source_code": codes[row],
                    "water_source_name": names[row],
                    "water_source_kind": kind,
                    "zone_distances": grade.words,
                    "area_km2": found.area_km2(number_),
                    "offset_m": found.offset_m,
                    "zone_flag": "；".join(flag for flag in flags if flag),
                }
            )
    return _table(rows, [area for found in drawn for area in found.areas], sources.crs, zone)


# --- reading ------------------------------------------------------------------------------------


def _check_sources(sources: gpd.GeoDataFrame, code: str, name: str, shape: str) -> None:
    import numpy as np
    import pandas as pd
    import shapely

    require_crs(sources, layer_name="sources")
    hint = f"Name the columns of the sources: code=..., name=... (now {code!r}, {name!r})."
    require(sources, [code, name], table="sources", hint=hint)
    require_unique(pd.DataFrame(sources), code, table="sources")
    kinds = shapely.get_type_id(sources.geometry.to_numpy())
    allowed = (-1, 0, 3, 6) if shape == "lake" else (-1, 0)
    wrong = ~np.isin(kinds, allowed)
    if wrong.any():
        row = int(wrong.argmax())
        want = "the Polygon of the water" if shape == "lake" else "the Point of an intake"
        raise SchemaError(
            f"sources: row {row + 1} is a {sources.geometry.iloc[row].geom_type}; give {want}."
        )


def _network(
    rivers: RiverNetwork | gpd.GeoDataFrame | None,
    kind: str,
    shape: str,
    grades: list[Grade],
    no_intake: str,
) -> RiverNetwork | None:
    import geopandas as gpd

    inflows = any(grade.upstream_m > 0 for grade in grades)
    if rivers is None and (shape == "river" or inflows or no_intake == "outlet"):
        raise ValueError(
            f"rivers: kind={kind!r} with these distances is drawn along rivers; give a river network."
        )
    return river_network(rivers) if isinstance(rivers, gpd.GeoDataFrame) else rivers


def _by_code(
    layer: gpd.GeoDataFrame | None, code: str, zone: Any, table: str, kinds: tuple[str, ...]
) -> dict[str, Any]:
    """Return the geometry of each code in metres; those of one code together."""
    import shapely

    if layer is None:
        return {}
    require_crs(layer, layer_name=table)
    require(layer, [code], table=table)
    drawn = located(layer)
    wrong = ~(drawn.isna() | drawn.geom_type.isin(kinds)).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise SchemaError(
            f"{table}: row {row + 1} is a {layer.geometry.iloc[row].geom_type}; give {kinds[0]}s."
        )
    codes = text_array(layer[code])
    shapes = mended(redrawn(drawn, zone))
    there = ~shapely.is_missing(shapes)
    return {
        str(key): shapely.union_all(shapes[there & (codes == key)]) for key in set(codes[there])
    }


def _snapped(
    sources: gpd.GeoDataFrame, where: gpd.GeoSeries, network: RiverNetwork, max_snap_m: float
) -> pd.DataFrame:
    import geopandas as gpd
    import pandas as pd

    if not network.metric_crs:
        return pd.DataFrame(
            {"reach_code": "", "offset_m": math.nan, "snap_flag": "河网没有可用的河段"},
            index=range(len(sources)),
        )
    own = {"water_body": sources["water_body"].to_numpy()} if "water_body" in sources else {}
    points = gpd.GeoDataFrame(own, geometry=where.to_numpy(), crs=where.crs)
    placed: pd.DataFrame = snap_sections(points, network, max_distance_m=max(max_snap_m, SAME_M))
    return placed


# --- drawing ------------------------------------------------------------------------------------


@dataclass
class _Drawn:
    """The zones of one source: areas by grade, None where none can be drawn, and what is doubtful."""

    areas: list[Any]
    flags: list[str]
    offset_m: float = math.nan

    def within(self, limit: Any, grades: list[Grade], *, given: bool) -> _Drawn:
        """Keep what lies in the catchment, and of each grade what no stricter one has."""
        import shapely

        missing = [grade.zh for grade in grades if math.isinf(grade.land_m) and limit is None]
        before: Any = None
        out: list[Any] = []
        for grade, area in zip(grades, self.areas, strict=True):
            unknown = area is None or (math.isinf(grade.land_m) and limit is None)
            if unknown or (before is not None and shapely.is_empty(before)):
                out.append(None)
                continue
            if limit is not None:
                area = limit if math.isinf(grade.land_m) else shapely.intersection(area, limit)
            own = area if before is None else without(area, before)
            before = area if before is None else shapely.union(area, before)
            own = polygons(own)
            out.append(None if shapely.is_empty(own) else own)
        said = [*self.flags]
        outside = any(a is not None for a in self.areas) and not any(a is not None for a in out)
        if outside and limit is not None:
            said.append("集水范围不含此处")
        if missing:
            said.append(f"没有集水范围，{'、'.join(missing)}保护区未划")
        elif limit is None and any(area is not None for area in out):
            said.append("未按分水岭裁剪" + ("，集水范围图层没有此水源" if given else ""))
        return _Drawn(out, said, self.offset_m)

    def area_km2(self, grade: int) -> float:
        """Return the area of a zone; missing without one."""
        area = self.areas[grade]
        return math.nan if area is None else float(area.area) / 1e6


@dataclass(frozen=True)
class _Ground:
    """What zones are drawn with."""

    network: RiverNetwork | None
    river_width_m: float
    tributaries: bool
    grades: list[Grade]

    def river(self, place: pd.Series, network: RiverNetwork | None) -> _Drawn:
        """Draw strips along the river above and below an intake."""
        import shapely

        offset = float(place["offset_m"])
        if network is None or place["reach_code"] == "":
            why = str(place["snap_flag"]).replace("断面", "取水口")
            return _Drawn([None] * len(self.grades), [f"取水口未就位：{why}"], offset)
        reach = int(network.index_of([place["reach_code"]])[0])
        measure = float(place["measure_m"])
        top = reach, measure  # at a confluence all that comes together there is above
        at_end = measure >= network.length_m[reach] - network.tolerance_m
        joins = bool(at_end and network.down[reach] >= 0)
        if joins:
            top = int(network.down[reach]), float(network.enters_m[reach])
            measure = float(network.length_m[reach])
        flags = [str(place["snap_flag"]).replace("断面", "取水口")]
        if not self.river_width_m:
            flags.append("未给河宽，岸深自河道中心线量起")
        up = down = 0.0
        area: Any = shapely.Polygon()
        areas, short = [], ""
        for grade in self.grades:
            up, down = up + grade.upstream_m, down + grade.downstream_m
            above = ways_up(network, *top, up, tributaries=self.tributaries)
            below = ways_down(network, reach, measure, down)
            if math.isfinite(grade.land_m):
                # there the way on begins where that from above ends: no piece leads back
                ways = [Way([*a.pieces, *b.pieces[joins:]], 0.0) for a in above for b in below]
                area = shapely.union(area, strip(network, ways, self._bank(grade)))
            areas.append(area)
            ends = [
                f"{words}只有 {max(way.length_m for way in some):.0f} 米河道"
                for words, some, limit in (("上游", above, up), ("下游", below, down))
                if max(way.length_m for way in some) < limit - 1
            ]
            short = "、".join(ends)
        return _Drawn(areas, [*flags, short], offset)

    def lake(self, water: Any, intakes: Any, no_intake: str) -> _Drawn:
        """Draw the water around intakes, the land around it, and the rivers that flow in."""
        import shapely

        flags: list[str] = []
        if water is None or shapely.is_empty(water):
            return _Drawn([None] * len(self.grades), ["没有水面图形"])
        known = water.geom_type != "Point"
        radius = not math.isinf(self.grades[0].water_m)
        if not known:
            intakes = water if intakes is None else intakes
            flags.append("没有水面图形，按取水口周围全为水面划定，范围偏大")
            if any(math.isinf(grade.water_m) for grade in self.grades):
                return _Drawn([None] * len(self.grades), ["没有水面图形，不能划定全部水域"])
        elif radius and intakes is None and no_intake == "outlet":
            intakes = self._outlet(water)
            flags.append("取水口未知，假定在河流出库处" if intakes is not None else "")
        if radius and intakes is None:
            return _Drawn([None] * len(self.grades), [*flags, "没有取水口，不能按半径划定"])
        off = (
            0.0
            if intakes is None
            else float(shapely.distance(shapely.get_parts([intakes]), water).max())
        )
        if off > 1:
            flags.append(f"取水口在水面之外 {off:.0f} 米")
        area: Any = shapely.Polygon()
        areas, reach_m, up = [], 0.0, 0.0
        for grade in self.grades:
            reach_m, up = reach_m + grade.water_m, up + grade.upstream_m
            own = water
            if math.isfinite(reach_m):
                disc = grown(intakes, reach_m, quad_segs=ARC)
                own = shapely.intersection(own, disc) if known else disc
            if shapely.area(own) == 0:
                return _Drawn([None] * len(self.grades), [*flags, "取水口半径内没有水面"])
            area = shapely.union(area, own)
            if math.isfinite(grade.land_m):
                land = grown(area, grade.land_m, quad_segs=ARC)
                if up > 0 and known:
                    land = shapely.union(land, self._inflows(water, own, up, grade))
                area = shapely.union(area, shapely.difference(land, water) if known else land)
            areas.append(area)
        if up > 0 and not known:
            flags.append("没有水面图形，入库河流未上溯")
        return _Drawn(areas, flags)

    def well(self, point: Any) -> _Drawn:
        """Draw circles around a well."""
        import shapely

        if point is None or shapely.is_empty(point):
            return _Drawn([None] * len(self.grades), ["水井没有位置"])
        area: Any = shapely.Polygon()
        areas = []
        for grade in self.grades:
            if math.isfinite(grade.land_m):
                area = shapely.union(area, grown(point, grade.land_m, quad_segs=ARC))
            areas.append(area)
        return _Drawn(areas, [])

    def _bank(self, grade: Grade) -> float:
        """Return how far a strip reaches from the line."""
        return self.river_width_m / 2 + grade.land_m

    def _inflows(self, water: Any, own: Any, up_m: float, grade: Grade) -> Any:
        """Return strips along the rivers that flow into protected water, up from the shore."""
        import numpy as np
        import shapely

        network = self.network
        if network is None:
            return shapely.Polygon()
        inside = pieces_inside(network, np.array([water], dtype=object))
        ways: list[Way] = []
        for reach, start in zip(inside.reach.tolist(), inside.from_m.tolist(), strict=True):
            mouth = shapely.line_interpolate_point(network.metric[reach], start)
            from_land = start > SAME_M or shapely.distance(mouth, shapely.boundary(water)) < 1
            if from_land and shapely.distance(mouth, own) < 1:
                ways += ways_up(network, reach, start, up_m, tributaries=self.tributaries)
        return strip(network, [way for way in ways if way.length_m > SAME_M], self._bank(grade))

    def _outlet(self, water: Any) -> Any:
        """Return where the river leaves the water for good; None where no river passes it."""
        import numpy as np
        import shapely

        network = self.network
        if network is None:
            return None
        inside = pieces_inside(network, np.array([water], dtype=object))
        if not len(inside.reach):
            return None
        numbers = number(network)
        height = numbers.height_m(inside.reach, inside.to_m)
        # of separate rivers the one with most river upstream
        size = np.nan_to_num(network.reaches["upstream_length_km"].to_numpy("float64"))
        roots = numbers.root[inside.reach]
        largest = roots == roots[np.lexsort((inside.reach, -size[inside.reach]))[0]]
        last = int(np.flatnonzero(largest)[height[largest].argmin()])
        return shapely.line_interpolate_point(network.metric[inside.reach[last]], inside.to_m[last])


# --- the table ----------------------------------------------------------------------------------


def _called(name: str) -> str:
    """Return a source's name as it stands before 一级保护区."""
    return name if name.endswith(("水源", "水源地")) else f"{name}水源"


def _of_rule(grade: Grade) -> str:
    if grade.status == "user":
        return "距离为使用者给定"
    return "含HJ 338-2018的距离，未对照条文核实，非批准的保护区"


def _undrawn(grades: list[Grade]) -> str:
    """Say which lower grades are not drawn."""
    drawn = {grade.key for grade in grades}
    lacks = [zh for key, zh in GRADES.items() if key not in drawn]
    return f"{'、'.join(lacks)}保护区没有距离，未划" if lacks else ""


def _source_words(base: str, grade: Grade) -> str:
    rule = "使用者给定的距离" if grade.given else "HJ 338-2018的距离（未核实）"
    above = (
        "，上级边界按HJ 338-2018的距离（未核实）" if grade.given and grade.status != "user" else ""
    )
    return f"按{rule}推导{above}" + (f"；图形：{base}" if base else "")


def _hash(code: str, areas: list[Any]) -> str:
    import shapely

    digest = hashlib.sha256(code.encode())
    for area in areas:
        digest.update(b"-" if area is None else shapely.to_wkb(shapely.normalize(area)))
    return digest.hexdigest()


def _table(
    rows: list[dict[str, Any]], areas: list[Any], crs: Any, zone: Any = None
) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    table = pd.DataFrame(rows, columns=list(DERIVED_ZONE_COLUMNS)).astype(DERIVED_ZONE_COLUMNS)
    shapes = gpd.GeoSeries(np.array(areas, dtype=object), crs=zone or crs)
    return gpd.GeoDataFrame(table, geometry=redrawn(shapes, crs) if zone else shapes)
