"""Where a line runs through zones: one row per stretch, from kilometre to kilometre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.alternatives.ground import (
    TOUCH_M,
    Ground,
    checked_sites,
    grounds,
    groups,
    mended_sites,
    zone_records,
)
from chaoyang_geo.alternatives.seams import CRACK_M, joined
from chaoyang_geo.edges import reprojected
from chaoyang_geo.flags import joined as in_words
from chaoyang_geo.schema import SchemaError, as_text, numbers_of, one_of

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: Columns of the result of :func:`conflict_stretches`, before the geometry.
STRETCH_COLUMNS: dict[str, str] = {
    "site_code": "str",
    "site_name": "str",
    "zone_code": "str",
    "zone_name": "str",
    "zone_kind": "str",
    "zone_grade": "str",
    "layer": "str",
    "version": "str",
    "stretch_no": "int64",
    "stretch_kind": "str",
    "from_km": "float64",
    "to_km": "float64",
    "from_stake": "str",
    "to_stake": "str",
    "length_m": "float64",
    "stretch_flag": "str",
}

_OF_ZONE = ("layer", "zone_kind", "zone_grade", "zone_code", "zone_name", "version")
_BORDER = "沿分区边界，需复核"
_TOUCH = "仅与分区边界相接，无长度"
_GAP = "多段线不相接：里程按各段顺序连续累计，间隔不计"


def stake(km: float, decimals: int = 0) -> str:
    """Return a kilometre as a stake.

    Examples
    --------
    >>> from chaoyang_geo.alternatives.stretches import stake
    >>> stake(1.25), stake(0.0), stake(1.99996), stake(12.3456, 1)
    ('K1+250', 'K0+000', 'K2+000', 'K12+345.6')
    """
    metres = round(km * 1000, decimals)
    whole = int(metres // 1000)
    rest = round(metres - whole * 1000, decimals)
    width = 3 if decimals == 0 else 4 + decimals
    return f"K{whole}+{rest:0{width}.{decimals}f}"


def conflict_stretches(
    sites: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | Sequence[gpd.GeoDataFrame],
    *,
    by: str = "zone",
    stake_decimals: int = 0,
) -> gpd.GeoDataFrame:
    """List the stretches of lines that lie in zones, with from-to kilometre and stakes.

    Every zone of ``zones`` counts: leave out those that do not matter beforehand, for example
    ``zones[zones["zone_kind"] == "eco_red_line"]``. Neither input is changed.

    Required columns: ``sites``: ``site_code`` (unique), ``site_name``, used where present
    ``start_km`` (kilometre of the line's first vertex; missing is 0); ``zones``: ``zone_code``,
    ``zone_name``, ``zone_kind``, ``zone_grade``, ``layer``, used where present ``version``.

    Parameters
    ----------
    sites : GeoDataFrame of lines, also with several parts, any CRS
    zones : GeoDataFrame of polygons, any CRS, or a list of them
        Rows of one layer, kind, grade and code are one zone.
    by : {"zone", "all"}
        ``zone``: a stretch lies in one zone; where zones overlap it is listed for each. ``all``:
        zones are taken together, so that nothing is counted twice and lengths add up; what the
        zones of a stretch are called is joined by ``;``.
    stake_decimals : int, 0 to 3
        Of the metres in a stake.

    Returns
    -------
    GeoDataFrame, one row per stretch, sites in their order, then by kilometre
        ``site_code``, ``site_name``, ``zone_code``, ``zone_name``, ``zone_kind``, ``zone_grade``,
        ``layer``, ``version``, ``stretch_no`` (from 1 within a site), ``stretch_kind``
        (``inside``; ``border``: along the border of the zone; ``touch``: a point, without
        length), ``from_km``, ``to_km``, ``from_stake``, ``to_stake`` (``K1+250``), ``length_m``,
        ``stretch_flag``, geometry (the stretch, or the point where it touches) in the CRS of
        ``sites``. A line without a conflict has no row. A site that is no line, or has no usable
        shape, has one row with an empty ``stretch_kind`` that says so. Zones without a usable shape are
        named in ``stretch_flag``, and for a result without rows in ``attrs["zone_flag"]``.

    Raises
    ------
    CRSError
        A layer has no CRS, or all sites lie outside the CGCS2000 zones; of some these are flagged.
    SchemaError
        A column is missing, a site code is there twice, a zone is no polygon, ``start_km`` is
        negative or no number.
    ValueError
        An option is not what it must be.

    Notes
    -----
    Kilometres run in the direction in which the line is drawn, planar in the CGCS2000 3-degree
    zone of its middle. Parts of a line run one after the other in their order: where one begins
    at the end of the one before, the line goes on, also through a zone; a gap between two parts
    has no length and ends a stretch, and ``stretch_flag`` says so. Jumps in an official chainage
    (断链) are not known to the layer. A stretch shorter than a millimetre is a touch; nearer than
    that to the border of a zone the line runs along it. Cracks narrower than 5 cm between rows
    that are taken together are filled first: a seam is no border. Of a closed line the kilometres begin at
    its first vertex, where a stretch ends, too.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString, box
    >>> from chaoyang_geo.alternatives import conflict_stretches
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["Z"], "zone_name": ["示例红线"], "zone_kind": ["eco_red_line"],
    ...      "zone_grade": ["general"], "layer": ["示例"]},
    ...     geometry=[box(501250, 4599000, 501750, 4601000)], crs="EPSG:4549")
    >>> sites = gpd.GeoDataFrame(
    ...     {"site_code": ["A"], "site_name": ["示例管线"]},
    ...     geometry=[LineString([(500000, 4600000), (503000, 4600000)])], crs="EPSG:4549")
    >>> conflict_stretches(sites, zones)[["from_km", "to_km", "from_stake", "to_stake", "length_m"]]
       from_km  to_km from_stake to_stake  length_m
    0     1.25   1.75     K1+250   K1+750     500.0
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    checked_sites(sites)
    one_of("by", by, ("zone", "all"))
    if isinstance(stake_decimals, bool) or stake_decimals not in range(4):
        raise ValueError(
            f"stake_decimals={stake_decimals!r} is not an option; use a whole number from 0 to 3."
        )
    start_km = _starts(sites)
    table = zone_records(zones, sites.crs)
    shapes, flags, usable = mended_sites(sites)
    kinds = shapely.get_type_id(shapes)
    line = usable & np.isin(kinds, (1, 2, 5))
    flags[usable & ~line] = "不是线，无里程"
    still = line & (shapely.length(shapes) == 0)
    flags[still], line[still] = "线长为零，无里程", False
    rows: list[dict[str, Any]] = [
        {"row": row, "flag": flags[row]} for row in np.flatnonzero(~line).tolist()
    ]
    for ground in grounds(shapes, line, sites.crs, table, reach_m=CRACK_M):
        listed = _of_ground(ground, table.frame, by)
        placed = reprojected(
            np.array([each["shape"] for each in listed], object), ground.crs, sites.crs
        )
        for each, shape in zip(listed, placed, strict=True):
            rows.append({**each, "shape": shape})
    rows.sort(key=lambda each: (each["row"], each.get("from_m", 0.0), each.get("zone", ())))
    names = {name: as_text(sites[name]).tolist() for name in ("site_code", "site_name")}
    number = dict.fromkeys(range(len(sites)), 0)
    out = []
    for each in rows:
        row = each["row"]
        said = {name: values[row] for name, values in names.items()}
        said |= dict(zip(_OF_ZONE, each.get("zone", [""] * len(_OF_ZONE)), strict=True))
        if "shape" in each:
            number[row] += 1
            ends = [start_km[row] + each[name] / 1000 for name in ("from_m", "to_m")]
            said |= {
                "from_km": ends[0], "to_km": ends[1],
                "from_stake": stake(ends[0], stake_decimals),
                "to_stake": stake(ends[1], stake_decimals),
                "length_m": each["to_m"] - each["from_m"],
            }  # fmt: skip
        else:
            said |= {"from_stake": "", "to_stake": ""}
        said |= {
            "stretch_no": number[row], "stretch_kind": each.get("kind", ""),
            "stretch_flag": in_words(each["flag"], table.flag),
        }  # fmt: skip
        out.append(said)
    result = pd.DataFrame(out, columns=list(STRETCH_COLUMNS)).astype(STRETCH_COLUMNS)
    geometry = np.array([each.get("shape") for each in rows], dtype=object)
    found = gpd.GeoDataFrame(result, geometry=gpd.GeoSeries(geometry, crs=sites.crs))
    found.attrs["zone_flag"] = table.flag
    return found


def _starts(sites: gpd.GeoDataFrame) -> Floats:
    import numpy as np

    if "start_km" not in sites.columns:
        return np.zeros(len(sites))
    found: Floats = np.nan_to_num(
        numbers_of(sites, "start_km", table="sites", hint="write 12.3 for K12+300."), nan=0.0
    )
    wrong = np.flatnonzero(~(np.isfinite(found) & (found >= 0)))
    if len(wrong):
        raise SchemaError(
            f"sites: row {wrong[0] + 1} of start_km holds {found[wrong[0]]:g}; give kilometres, 0 or more."
        )
    return found


def _of_ground(ground: Ground, frame: gpd.GeoDataFrame, by: str) -> list[dict[str, Any]]:
    """Return the stretches of all sites of one CGCS2000 zone."""
    import numpy as np

    if not len(ground.pieces):
        return []
    texts = [
        as_text(frame[name]).to_numpy(dtype=object) if name in frame else np.full(len(frame), "")
        for name in _OF_ZONE
    ]
    reach = CRACK_M + 2 * TOUCH_M  # beyond a crack a zone may go on
    site, piece = ground.tree.query(ground.sites, predicate="dwithin", distance=reach)
    found: list[dict[str, Any]] = []
    for at, near in groups(site, piece):
        course = _course(ground.sites[at])
        zones: dict[tuple[str, ...], list[int]] = {}
        for each in near.tolist():
            named = tuple(str(text[ground.record[each]]) for text in texts)
            # name and version do not make a zone another one
            zones.setdefault(named[:4] if by == "zone" else (), []).append(each)
        for members in zones.values():
            pieces, records = ground.pieces[members], ground.record[members]
            runs = _stretches(course, joined(pieces))
            met = (
                _met([run[3] for run in runs], pieces) if by == "all" else [slice(None)] * len(runs)
            )
            for (kind, begin, end, shape), here in zip(runs, met, strict=True):
                own = np.unique(records[here]).tolist()
                named = tuple(
                    ";".join(sorted({str(text[record]) for record in own} - {""})) for text in texts
                )
                flag = {"inside": "", "border": _BORDER, "touch": _TOUCH}[kind]
                found.append(
                    {
                        "row": int(ground.rows[at]), "zone": named, "kind": kind, "from_m": begin,
                        "to_m": end, "shape": shape, "flag": in_words(flag, _GAP if course.gaps else ""),
                    }
                )  # fmt: skip
    return found


def _met(runs: list[Any], pieces: Any) -> list[Any]:
    """Return which pieces of zones each stretch runs through or along, not only from or to."""
    import numpy as np
    import shapely

    shapes = np.array(runs, dtype=object)
    tree = shapely.STRtree(pieces)
    run, piece = tree.query(shapes, predicate="dwithin", distance=TOUCH_M)
    alone = np.setdiff1d(np.arange(len(runs)), run)  # in a crack that was filled
    near = tree.query_nearest(shapes[alone], all_matches=False)
    run, piece = np.append(run, alone[near[0]]), np.append(piece, near[1])
    common = shapely.length(shapely.intersection(shapes[run], pieces[piece])) > TOUCH_M
    long = np.isin(run, run[common])  # else it touches, or runs along a border a hair away
    kept = common | ~long
    run, piece = run[kept], piece[kept]
    return [piece[run == each] for each in range(len(runs))]


@dataclass(frozen=True)
class _Course:
    """A line as runs without a gap: vertices and how far along the line each lies."""

    runs: list[tuple[Floats, Floats]]

    @property
    def gaps(self) -> bool:
        return len(self.runs) > 1


def _course(line: Any) -> _Course:
    import numpy as np
    import shapely

    joined: list[list[Floats]] = []
    for part in shapely.get_parts([line]):
        xy = shapely.get_coordinates(part)
        if joined and np.hypot(*(joined[-1][-1][-1] - xy[0])) <= TOUCH_M:
            joined[-1].append(xy[1:])
        else:
            joined.append([xy])
    runs = []
    so_far = 0.0
    for pieces in joined:
        xy = np.concatenate(pieces)
        xy = xy[np.append(True, (np.diff(xy, axis=0) != 0).any(axis=1))]
        along = so_far + np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
        so_far = float(along[-1])
        runs.append((xy, along))
    return _Course(runs)


def _stretches(course: _Course, zone: Any) -> list[tuple[str, float, float, Any]]:
    """Return kind, begin, end and shape of what a line and a zone have in common."""
    import numpy as np
    import shapely

    rings = shapely.get_rings(shapely.get_parts([zone]))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    side = np.flatnonzero(ring[1:] == ring[:-1])
    border = shapely.linestrings(np.stack([xy[side], xy[side + 1]], axis=1))
    tree = shapely.STRtree(border)
    shapely.prepare(zone)
    found = []
    for points, along in course.runs:
        cuts = _cuts(points, along, border, tree)
        middle = _at(points, along, (cuts[:-1] + cuts[1:]) / 2)
        kind = np.where(shapely.intersects(zone, middle), 2, 0)
        kind[_near(middle, tree)] = 1
        edge = np.flatnonzero(np.diff(kind, prepend=-1))
        begin, end = cuts[edge], cuts[np.append(edge[1:], len(kind))]
        kinds = kind[edge]
        long = end - begin > TOUCH_M
        for what, start, stop in zip(
            kinds[long].tolist(), begin[long].tolist(), end[long].tolist(), strict=True
        ):
            if what:
                shape = _between(points, along, start, stop)
                found.append((("", "border", "inside")[what], start, stop, shape))
        # points of contact away from every stretch
        lone = np.zeros(len(cuts), bool)
        lone[_near(_at(points, along, cuts), tree)] = True
        for start, stop in zip(begin[long & (kinds > 0)], end[long & (kinds > 0)], strict=True):
            lone &= ~((cuts >= start - TOUCH_M) & (cuts <= stop + TOUCH_M))
        last = -np.inf
        for place in cuts[lone].tolist():
            if place - last > 2 * TOUCH_M:
                found.append(("touch", place, place, _at(points, along, np.array([place]))[0]))
            last = place
    return found


def _cuts(points: Floats, along: Floats, border: Any, tree: Any) -> Floats:
    """Return the places along a line, sorted, where it may pass in, out or along a border."""
    import numpy as np
    import shapely

    edges = shapely.linestrings(np.stack([points[:-1], points[1:]], axis=1))
    edge, side = tree.query(edges, predicate="dwithin", distance=TOUCH_M)
    crossing, owner = shapely.get_coordinates(
        shapely.intersection(edges[edge], border[side]), return_index=True
    )
    ends = shapely.get_coordinates(border[side])
    both = np.repeat(edge, 2)
    close = shapely.dwithin(shapely.points(ends), edges[both], TOUCH_M)
    on = np.concatenate([edge[owner], both[close]])
    place = np.concatenate([crossing, ends[close]])
    step = shapely.line_locate_point(edges[on], shapely.points(place))
    every = np.sort(np.concatenate([along, along[on] + step]))
    every = np.clip(every, along[0], along[-1])
    kept = np.append(True, np.diff(every) > 1e-6)
    cuts: Floats = every[kept]
    cuts[-1] = along[-1]
    return cuts


def _near(points: Any, tree: Any) -> Any:
    """Return which points lie on the border."""
    import numpy as np

    return np.unique(tree.query(points, predicate="dwithin", distance=TOUCH_M)[0])


def _at(points: Floats, along: Floats, places: Floats) -> Any:
    """Return the points at places along a line."""
    import numpy as np
    import shapely

    return shapely.points(
        np.interp(places, along, points[:, 0]), np.interp(places, along, points[:, 1])
    )


def _between(points: Floats, along: Floats, begin: float, end: float) -> Any:
    """Return the line from one place to another."""
    import numpy as np
    import shapely

    ends = shapely.get_coordinates(_at(points, along, np.array([begin, end])))
    inner = points[(along > begin) & (along < end)]
    return shapely.linestrings(np.concatenate([ends[:1], inner, ends[1:]]))
