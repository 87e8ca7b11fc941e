"""Sites that lie outside a zone and drain into it: where, how far, past which sections."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from chaoyang_geo.crs import metric_crs, require_crs
from chaoyang_geo.edges import redrawn
from chaoyang_geo.rivers.belong import assign_units
from chaoyang_geo.rivers.corridor import located, mended, pieces_inside
from chaoyang_geo.rivers.numbering import number
from chaoyang_geo.rivers.places import Places, Ways, read_places, river_names
from chaoyang_geo.rivers.reach_drains import Drains, find_drains
from chaoyang_geo.rivers.reach_lines import lines_of
from chaoyang_geo.rivers.reach_lists import first_of, joined, rivers_passed
from chaoyang_geo.rivers.reach_walk import (
    Hits,
    Targets,
    forks_on,
    points_on,
    reach_targets,
    walk_down,
    ways_of,
)
from chaoyang_geo.rivers.reach_words import Asked, Row, Zone, sentences, zone_words
from chaoyang_geo.schema import SchemaError, one_of, require, require_unique, text_array

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

    from chaoyang_geo.rivers.network import RiverNetwork

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

#: Columns of the result, in order; the geometry follows.
REACH_COLUMNS: dict[str, str] = {
    "site_code": "str",
    "site_name": "str",
    "reach_state": "str",
    "zone_code": "str",
    "zone_name": "str",
    "zone_kind": "str",
    "zone_grade": "str",
    "layer": "str",
    "version": "str",
    "status": "str",
    "distance_km": "float64",
    "rivers_passed": "str",
    "n_sections_between": "int64",
    "codes_between": "str",
    "reach_code": "str",
    "measure_m": "float64",
    "offset_m": "float64",
    "unit_code": "str",
    "unit_name": "str",
    "county_code": "str",
    "county_name": "str",
    "next_section_code": "str",
    "distance_to_next_km": "float64",
    "sections_downstream": "str",
    "reach_flag": "str",
    "why_zh": "str",
    "why_en": "str",
}

#: What can be said of a site and a zone.
REACH_STATES: tuple[str, ...] = ("in_zone", "reaches", "none", "off_network", "no_position")

_ZONE_NEEDED = ("zone_code", "zone_name", "zone_kind", "zone_grade")
_ZONE_ALSO = ("layer", "version", "status")
_SNAP = "Snap them first: snap_sections(sections, network, max_distance_m=...)."


def river_reach_check(
    sites: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    network: RiverNetwork,
    *,
    sections: gpd.GeoDataFrame | None = None,
    units: gpd.GeoDataFrame | None = None,
    counties: gpd.GeoDataFrame | None = None,
    max_distance_km: float = 50.0,
    max_snap_m: float = 2000.0,
    tie_m: float = 1.0,
    rows: str = "all",
    geometry: str = "site",
) -> gpd.GeoDataFrame:
    """Find for each site the zones that its water comes to, and how far along the river.

    A site may lie outside every zone and still drain into one. It is put on the river, its water is
    followed down every arm, and each zone that is met is a row: the place where the river first
    enters it, the distance along the river, the rivers and sections on the way. Measured in metres
    in the CGCS2000 3-degree zone of the network; the layers may have any CRS and are not changed.

    Required columns: ``sites``: ``site_code`` (unique), geometry (Point, line or Polygon; may be
    missing); ``zones``: ``zone_code``, ``zone_name``, ``zone_kind``, ``zone_grade``, geometry
    (Polygon); ``sections``: ``section_code`` (unique), ``reach_code``, ``measure_m`` (of
    :func:`snap_sections`); ``units``: ``unit_code``; ``counties``: ``county_code``. Used where
    present: ``site_name``, and ``reach_code`` with ``measure_m`` of sites that were snapped
    before (``''``: on no river); ``layer``, ``version``, ``status``, ``quality``,
    ``water_source_name`` of zones; ``unit_name``; ``county_name``.

    Parameters
    ----------
    sites : GeoDataFrame, n rows, any CRS
    zones : GeoDataFrame, any CRS
        Rows of one layer, kind, grade and ``zone_code`` are one zone.
    network : RiverNetwork
    sections : GeoDataFrame, optional
        Snapped to the network.
    units, counties : GeoDataFrame of polygons, optional
        For the control unit and the county where the site's water leaves it.
    max_distance_km : float, kilometres along the river, more than 0
        No rule gives a number; ``math.inf`` for all the way.
    max_snap_m : float, metres, more than 0
        A site farther from every reach is on no river.
    tie_m : float, metres, 0 or more
        Reaches as near as this are as near: the water is followed from each of them.
    rows : {"all", "first"}
        Every zone, or only the nearest: one row for each site, with the index of the sites.
    geometry : {"site", "way"}
        The geometry of the result: the site, or the way along the river (LineString; missing where
        there is none).

    Returns
    -------
    GeoDataFrame, n rows or more, sites in their order, the nearest zone first, CRS of ``sites``
        :data:`REACH_COLUMNS`. ``reach_state`` is ``in_zone`` (the site lies in the zone, wholly or
        in part, or touches it), ``reaches``, ``none`` (no zone within ``max_distance_km``), ``off_network`` (no
        reach within ``max_snap_m``) or ``no_position``. A site with none of the first two has one row.
        ``distance_km`` is missing but for these two; ``rivers_passed``, ``codes_between`` and
        ``sections_downstream`` are joined by ``;``, in the order downstream. ``reach_code``,
        ``measure_m``, ``offset_m`` (site to river), unit, county, next section and sections
        downstream are those of the place from which the water of the row comes to the river; where
        no way is followed, the sections below all places of the site. ``reach_flag`` says what is
        doubtful, ``why_zh`` and ``why_en`` the whole in sentences.

    Raises
    ------
    CRSError
        A layer has no CRS.
    SchemaError
        A column is missing, a code is there twice, or places are of another network.
    ValueError
        An option or a distance is not allowed.

    Notes
    -----
    A line or polygon that crosses the river drains at each crossing, from the lower end of what it
    covers; the nearest way counts. What crosses no reach drains to the nearest one, in a straight
    line: whether a ridge lies between is not looked at, so the offset is stated. Give snapped sites
    where the receiving water is known.

    Where the river parts, every arm is followed, and the shortest way to a zone counts; the flag
    says so. What leaves a reach in its middle is taken to leave at its lower end. Below the end of
    the network nothing is known: where no zone is met, the sentence says how far was looked.

    A zone that the river only touches, or runs along, is entered there.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString, Point, box
    >>> from chaoyang_geo.rivers import river_network, river_reach_check
    >>> lines = gpd.GeoDataFrame({"reach_code": ["A"], "river_name": ["大凌河"]}, crs=4549,
    ...                          geometry=[LineString([(500000, 4600000), (520000, 4600000)])])
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["Z1"], "zone_name": ["示例水源一级保护区"],
    ...      "zone_kind": ["drinking_water"], "zone_grade": ["primary"]},
    ...     geometry=[box(508400, 4599000, 512000, 4601000)], crs=4549)
    >>> sites = gpd.GeoDataFrame({"site_code": ["S1", "S2"]}, crs=4549,
    ...                          geometry=[Point(501000, 4600300), Point(515000, 4600300)])
    >>> found = river_reach_check(sites, zones, river_network(lines))
    >>> found[["site_code", "reach_state", "zone_code", "distance_km", "offset_m"]]
      site_code reach_state zone_code  distance_km  offset_m
    0        S1     reaches        Z1          7.4     300.0
    1        S2        none                    NaN     300.0
    >>> found["why_en"][0]
    'Lies outside the zone and drains to 大凌河 (300 m away); its water reaches the primary zone \
“示例水源一级保护区” in 7.4 km via 大凌河.'
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    require_crs(sites, layer_name="sites")
    require(sites, ["site_code"], table="sites")
    require_unique(pd.DataFrame(sites), "site_code", table="sites")
    require_crs(zones, layer_name="zones")
    require(zones, _ZONE_NEEDED, table="zones")
    one_of("rows", rows, ("all", "first"))
    one_of("geometry", geometry, ("site", "way"))
    if not max_distance_km > 0:
        raise ValueError(
            f"max_distance_km={max_distance_km!r} is no distance; give kilometres above 0, math.inf "
            "for all the way."
        )
    if not (math.isfinite(tie_m) and tie_m >= 0):
        raise ValueError(f"tie_m={tie_m!r} is no distance; give metres of 0 or more.")
    if not (math.isfinite(max_snap_m) and max_snap_m > 0):
        raise ValueError(f"max_snap_m={max_snap_m!r} is no distance; give metres above 0.")
    zone_crs = network.metric_crs or _some_crs(sites)
    shapes = mended(redrawn(sites.geometry, zone_crs), collapsed=True)
    drains = find_drains(sites, shapes, network, max_snap_m=max_snap_m, tie_m=tie_m)
    table = _Zones(zones, zone_crs)
    walks = _Walks(network, drains, max_distance_km * 1000.0)
    hits = walks.to(table.targets(network))
    found = _rows(hits, drains, table.holding(shapes), len(sites), len(table.codes))
    site, zone = found.site, found.zone
    chosen = np.flatnonzero(found.hit >= 0)
    taken = hits.at(found.hit[chosen])
    ways = ways_of(walks.numbers, walks.steps, taken, drains.places)
    state = _states(found, shapes, drains)
    distance = np.where(state == "in_zone", 0.0, np.nan)
    distance[chosen] = taken.way_m / 1e3
    forked = np.zeros(len(site), dtype=bool)
    forked[chosen] = forks_on(network, ways, len(chosen))
    passed = np.full(len(site), "", dtype=object)
    names = river_names(network)
    passed[chosen] = rivers_passed(names, ways, len(chosen))
    pairs, pair = np.unique(np.stack([site, found.drain]), axis=1, return_inverse=True)
    pair = pair.reshape(-1)
    place = drains.origin(shapes, pairs[0], pairs[1])
    unit = _answers(place, zone_crs, units, "unit", table="units")
    county = _answers(place, zone_crs, counties, "county", table="counties")
    reach = np.append(drains.places.reach, -1)[found.drain]
    columns: dict[str, Any] = {
        "site_code": text_array(sites["site_code"])[site],
        "site_name": _texts(sites, "site_name")[site],
        "reach_state": state,
        **{name: table.text(name, zone) for name in (*_ZONE_NEEDED, *_ZONE_ALSO)},
        "distance_km": distance,
        "rivers_passed": passed,
        "reach_code": np.append(network.codes.to_numpy(dtype=object), "")[reach],
        "measure_m": np.append(drains.places.measure_m, np.nan)[found.drain],
        "offset_m": np.append(drains.offset_m, np.nan)[found.drain],
        "unit_code": unit[0][pair],
        "unit_name": unit[1][pair],
        "county_code": county[0][pair],
        "county_name": county[1][pair],
        **_section_columns(sections, walks, ways, chosen, found),
    }
    placed = "reach_code" in sites and "measure_m" in sites
    asked = Asked(
        table.n_usable, len(table.codes) - table.n_usable, max_distance_km, max_snap_m, placed,
        sections is not None, units is not None, counties is not None,
    )  # fmt: skip
    rivers = _rivers(network, names, drains, found)
    texts = sentences(_told(columns, drains, found, table, forked, rivers), asked)
    for k, name in enumerate(("reach_flag", "why_zh", "why_en")):
        columns[name] = [text[k] for text in texts]
    frame = pd.DataFrame(columns)[list(REACH_COLUMNS)].astype(REACH_COLUMNS)
    lines = sites.geometry.to_numpy()[site]
    if geometry == "way":
        lines = np.full(len(site), None, dtype=object)
        lines[chosen] = lines_of(network, ways, len(chosen), sites.crs)
    out = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(lines, crs=sites.crs))
    if rows == "first":
        out = out.iloc[np.unique(site, return_index=True)[1]].set_axis(sites.index, axis=0)
    return out


class _Walks:
    """The walks down from all places where sites drain."""

    def __init__(self, network: RiverNetwork, drains: Drains, limit_m: float) -> None:
        import numpy as np

        self.network, self.drains, self.limit_m = network, drains, limit_m
        self.numbers = number(network)
        starts, self.walk = np.unique(drains.places.reach, return_inverse=True)
        self.steps = walk_down(network, self.numbers, starts, limit_m)

    def to(self, targets: Targets) -> Hits:
        """Return which targets each place comes to."""
        return reach_targets(
            self.numbers, self.steps, self.drains.places, self.walk, targets, self.limit_m
        )


def _states(found: _Rows, shapes: Any, drains: Drains) -> Any:
    """Return what can be said of each row."""
    import numpy as np

    state = np.where(found.hit >= 0, "reaches", np.where(found.zone >= 0, "in_zone", "none"))
    off = (found.zone < 0) & ~drains.on_river(len(shapes))[found.site]
    missing = np.array([shape is None for shape in shapes], dtype=bool)
    state = np.where(off, "off_network", state)
    return np.where(missing[found.site], "no_position", state).astype(object)


def _some_crs(sites: gpd.GeoDataFrame) -> Any:
    """Return a CRS in metres where the network has no line to choose one by."""
    there = located(sites).notna().to_numpy()
    return metric_crs(sites[there], layer_name="sites") if there.any() else sites.crs


class _Zones:
    """The zones in metres, by code."""

    def __init__(self, zones: gpd.GeoDataFrame, crs: Any) -> None:
        import numpy as np
        import shapely

        self.shapes = mended(redrawn(zones.geometry, crs))
        codes = text_array(zones["zone_code"])
        if (codes == "").any():
            row = int((codes == "").argmax())
            raise SchemaError(f"zones: row {row + 1} has no zone_code; every row needs one.")
        strange = ~np.isin(shapely.get_type_id(zones.geometry.to_numpy()), (-1, 3, 6))
        if strange.any():
            row = int(strange.argmax())
            raise SchemaError(
                f"zones: row {row + 1} (zone_code {codes[row]}) is a "
                f"{zones.geometry.iloc[row].geom_type}; a zone is a Polygon. Give a line or point a "
                "width first, e.g. with buffer in metres, and of a collection the polygons, e.g. with "
                "explode."
            )
        keys = codes
        for name in ("layer", "zone_kind", "zone_grade"):
            keys = keys + "\x1f" + _texts(zones, name)
        _, first, self.number = np.unique(keys.astype(str), return_index=True, return_inverse=True)
        self.codes = codes[first]
        self._rows = {name: _texts(zones, name)[first] for name in zones.columns if name in _USED}
        there = np.array([shape is not None for shape in self.shapes], dtype=bool)
        self.n_usable = len(np.unique(self.number[there]))

    def targets(self, network: RiverNetwork) -> Targets:
        """Return where reaches lie in zones."""
        found = pieces_inside(network, self.shapes)
        return Targets(
            self.number[found.polygon].astype("int64"), found.reach, found.from_m, found.to_m
        )

    def holding(self, shapes: Any) -> tuple[Ints, Ints, Ints]:
        """Return pairs of sites and zones that meet, and how: :data:`WHOLE`, `PART` or `TOUCH`."""
        import numpy as np
        import shapely

        shapely.prepare(self.shapes)
        site, row = shapely.STRtree(self.shapes).query(shapes)
        met = shapely.intersects(self.shapes[row], shapes[site])
        site, row = site[met], row[met]
        lies = np.full(len(site), PART)
        lies[shapely.covers(self.shapes[row], shapes[site])] = WHOLE
        lies[shapely.touches(self.shapes[row], shapes[site])] = TOUCH
        pairs, pair = np.unique(np.stack([site, self.number[row]]), axis=1, return_inverse=True)
        pair = pair.reshape(-1)
        most = np.zeros(pairs.shape[1], dtype="int64")
        np.maximum.at(most, pair, lies)
        several = (np.bincount(pair, minlength=len(most)) > 1) & (most < WHOLE)
        for each in np.flatnonzero(several).tolist():
            own, shape = shapely.union_all(self.shapes[row[pair == each]]), shapes[pairs[0, each]]
            if shapely.covers(own, shape) and not shapely.touches(own, shape):
                most[each] = WHOLE
        return pairs[0].astype("int64"), pairs[1].astype("int64"), most

    def text(self, name: str, zone: Ints) -> Any:
        """Return a column for zones; ``''`` without one."""
        import numpy as np

        values = self._rows.get(name, np.full(len(self.codes), "", dtype=object))
        return np.append(values, "")[zone]

    def words(self) -> list[Zone | None]:
        """Return what is said of each zone; None at the end, for no zone."""
        import numpy as np

        names = (
            "zone_name", "water_source_name", "zone_kind", "zone_grade", "quality", "status",
        )  # fmt: skip
        every = np.arange(len(self.codes))
        columns = [self.text(name, every).tolist() for name in names]
        return [
            *(
                zone_words(
                    name=name or code,
                    source=source,
                    kind=kind,
                    grade=grade,
                    quality=quality,
                    status=status,
                )
                for code, name, source, kind, grade, quality, status in zip(
                    self.codes.tolist(), *columns, strict=True
                )
            ),
            None,
        ]


#: How a site lies in a zone.
TOUCH, PART, WHOLE = 1, 2, 3

_USED = (*_ZONE_NEEDED, *_ZONE_ALSO, "quality", "water_source_name")


def _texts(frame: gpd.GeoDataFrame, column: str) -> Any:
    import numpy as np

    if column not in frame:
        return np.full(len(frame), "", dtype=object)
    return text_array(frame[column])


class _Rows(NamedTuple):
    """Rows of the result: site, zone, drain and hit, -1 for none; how the site lies, 0 outside."""

    site: Ints
    zone: Ints
    drain: Ints
    hit: Ints
    lies: Ints


def _rows(
    hits: Hits, drains: Drains, inside: tuple[Ints, Ints, Ints], n: int, n_zones: int
) -> _Rows:
    """Return the rows in their order: the site, then the nearest zone; of each zone its nearest way."""
    import numpy as np

    site = drains.site[hits.place]
    size = n_zones + 1
    outside = np.flatnonzero(~np.isin(site * size + hits.target, inside[0] * size + inside[1]))
    order = np.lexsort((outside, hits.way_m[outside], hits.target[outside], site[outside]))
    kept = outside[order]
    key = site[kept] * size + hits.target[kept]
    first = np.ones(len(kept), dtype=bool)
    first[1:] = key[1:] != key[:-1]
    kept = kept[first]
    none = np.setdiff1d(np.arange(n), np.concatenate([site[kept], inside[0]]))
    best = drains.nearest(n)
    sites = np.concatenate([inside[0], site[kept], none])
    zones = np.concatenate([inside[1], hits.target[kept], np.full(len(none), -1)])
    drain = np.concatenate([best[inside[0]], hits.place[kept], best[none]])
    hit = np.concatenate([np.full(len(inside[0]), -1), kept, np.full(len(none), -1)])
    way = np.concatenate([np.full(len(inside[0]), -1.0), hits.way_m[kept], np.zeros(len(none))])
    lies = np.concatenate([inside[2], np.zeros(len(kept) + len(none), dtype="int64")])
    order = np.lexsort((zones, way.round(6), sites))
    return _Rows(sites[order], zones[order], drain[order], hit[order], lies[order])


def _told(
    columns: dict[str, Any], drains: Drains, found: _Rows, table: _Zones, forked: Any, rivers: Any
) -> Iterator[Row]:
    """Return what the words of each row need."""
    import numpy as np

    n = int(found.site.max(initial=-1)) + 1
    zones = table.words()
    per_site = (drains.crossings(n), drains.tied(n))
    names = ("distance_km", "rivers_passed", "codes_between", "offset_m")
    nexts = ("next_section_code", "distance_to_next_km")
    answers = (
        np.where(columns[f"{what}_name"] == "", columns[f"{what}_code"], columns[f"{what}_name"])
        for what in ("unit", "county")
    )
    return map(
        Row,
        columns["reach_state"].tolist(),
        [zones[each] for each in found.zone.tolist()],
        *(np.asarray(columns[name], dtype=object).tolist() for name in names),
        *(each.tolist() for each in answers),
        *(np.asarray(columns[name], dtype=object).tolist() for name in nexts),
        rivers,
        *(each[found.site].tolist() for each in per_site),
        forked.tolist(),
        found.lies.tolist(),
        drains.to_end_km(n)[found.site].tolist(),
    )


def _rivers(
    network: RiverNetwork, names: Any, drains: Drains, found: _Rows
) -> list[tuple[str, ...]]:
    """Return which rivers each row is about: the one of its way, else all that the site drains to.

    Names; of a river without one its code behind a ``#``.
    """
    import numpy as np

    codes = network.codes.to_numpy(dtype=object)
    used, own = np.unique(drains.places.reach, return_inverse=True)
    called = [(str(names[each]) or f"#{codes[each]}",) for each in used.tolist()]
    river = [called[each] for each in own.tolist()]  # of each drain
    ends = np.searchsorted(drains.site, np.arange(int(found.site.max(initial=-1)) + 2)).tolist()
    out = []
    for site, drain, hit in zip(
        found.site.tolist(), found.drain.tolist(), found.hit.tolist(), strict=True
    ):
        first, last = (drain, drain + 1) if hit >= 0 else (ends[site], ends[site + 1])
        if last == first + 1:
            out.append(river[first])
        else:
            out.append(tuple(dict.fromkeys(name for each in river[first:last] for name in each)))
    return out


def _section_columns(
    sections: gpd.GeoDataFrame | None, walks: _Walks, ways: Ways, chosen: Ints, found: _Rows
) -> dict[str, Any]:
    """Return the columns that say which sections lie on the ways, and below the sites.

    Below the place where a row's way begins; without a way, below all places of the site.
    """
    import numpy as np
    import pandas as pd

    n_rows = len(found.site)
    n_between, between = np.zeros(n_rows, dtype="int64"), [""] * n_rows
    next_code: Any = between
    listed: Any = between
    next_km = np.full(n_rows, np.nan)
    if sections is not None:
        require(sections, ["section_code", "reach_code", "measure_m"], table="sections", hint=_SNAP)
        require_unique(pd.DataFrame(sections), "section_code", table="sections")
        places = read_places(
            walks.network, sections, sections=None, table="sections", code="section_code"
        )
        points = _as_targets(places)
        pair, point = points_on(ways, points)
        n_between = np.bincount(chosen[pair], minlength=n_rows)
        between = joined(chosen[pair], point, places.codes, n_rows)
        drains, n = walks.drains, int(found.site.max(initial=-1)) + 1
        several = drains.several(n)
        at_once = (found.hit < 0) & several[found.site]
        group = np.where(at_once, len(drains.site) + found.site, found.drain)
        met = walks.to(points)
        site = drains.site[met.place]
        both = np.flatnonzero(several[site])  # by place, and of these by site, too
        rows = np.concatenate([np.arange(len(site)), both])
        groups = np.concatenate([met.place, len(drains.site) + site[both]])
        below = _below(met.at(rows), groups, places, len(drains.site) + n)
        next_code, next_km, listed = (each[group] for each in below)
    return {
        "n_sections_between": n_between,
        "codes_between": between,
        "next_section_code": next_code,
        "distance_to_next_km": next_km,
        "sections_downstream": listed,
    }


def _as_targets(places: Places) -> Targets:
    import numpy as np

    rows = np.flatnonzero(places.reach >= 0)
    rows = rows[np.lexsort((places.measure_m[rows], places.reach[rows]))]
    at = places.measure_m[rows]
    return Targets(rows, places.reach[rows], at, at)


def _below(met: Hits, group: Ints, places: Places, n: int) -> tuple[Any, Floats, Any]:
    """Return for each group of hits the next section, how far it is in kilometres, and all by nearness.

    One more at the end, without any, for what has no group.
    """
    import numpy as np

    order = np.lexsort((met.target, met.way_m, group))
    order = order[first_of(group[order], met.target[order])]
    group, target, way = group[order], met.target[order], met.way_m[order]
    code, near = np.full(n + 1, "", dtype=object), np.full(n + 1, np.nan)
    first = np.flatnonzero(np.diff(group, prepend=-1))
    code[group[first]] = places.codes[target[first]]
    near[group[first]] = way[first] / 1e3
    return code, near, np.array(joined(group, target, places.codes, n + 1), dtype=object)


def _answers(
    place: Any, crs: Any, polygons: gpd.GeoDataFrame | None, what: str, *, table: str
) -> tuple[Any, Any]:
    """Return code and name of the polygon of each place; ``''`` where there is none."""
    import geopandas as gpd
    import numpy as np

    empty = np.full(len(place), "", dtype=object)
    if polygons is None:
        return empty, empty
    code, name = f"{what}_code", f"{what}_name"
    require(polygons, [code], table=table)
    points = gpd.GeoDataFrame(geometry=gpd.GeoSeries(place, crs=crs))
    found = text_array(assign_units(points, polygons, code=code)[code])
    codes = text_array(polygons[code])
    names = dict(zip(codes, _texts(polygons, name), strict=True))
    return found, np.array([names.get(each, "") for each in found], dtype=object)
