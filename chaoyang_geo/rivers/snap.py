"""Sections on rivers: the nearest point of the right reach, in metres."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import metric_crs, moved, require_crs
from chaoyang_geo.rivers.called import RiverNames, Wanted, number_texts
from chaoyang_geo.rivers.numbering import number
from chaoyang_geo.schema import SchemaError, as_text, one_of, require, require_unique, text_array

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

    from chaoyang_geo.rivers.network import RiverNetwork

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

#: What can be said of a section, worst first.
STATES: tuple[str, ...] = (
    "no_position", "no_river", "name_not_found", "far", "tie", "snapped",
)  # fmt: skip
SNAP_COLUMNS: tuple[str, ...] = (
    *("reach_code", "offset_m", "measure_m", "measure_km_to_outlet"),
    *("snap_confidence", "snap_state", "snap_flag", "snapped"),
)
#: Points at once: the candidates of a piece stay in memory.
_PIECE = 50_000
#: Offsets closer than this are equal, in metres.
_EQUAL_M = 1e-3
# confidence of the name where it was not compared, and where it is not in the network
_UNNAMED, _NOT_FOUND, _OTHER_NEARER = 0.7, 0.3, 0.8


def snap_sections(
    sections: gpd.GeoDataFrame,
    rivers: RiverNetwork | gpd.GeoDataFrame,
    *,
    max_distance_m: float,
    name: str | None = "water_body",
    aliases: Mapping[str, str] | None = None,
    name_not_found: str = "leave",
    unit: str | None = None,
    tie_m: float = 1.0,
    geometry: str = "given",
) -> gpd.GeoDataFrame:
    """Place each monitoring section on the nearest point of the right reach.

    Where the section says its river, only reaches of that name are candidates: a section of
    大凌河 is not put on the tributary 大凌河西支 that passes nearer. Distances are measured in
    metres, in the CGCS2000 3-degree zone of the rivers; the layers may have any CRS.

    Required columns: ``sections``: geometry (Point; may be missing); ``rivers``, where it is no
    network: ``reach_code``, geometry (LineString, drawn downstream). Used where present:
    the column ``name`` of the sections; ``river_name`` and ``aliases`` (joined by ``;``) of the
    reaches.

    Parameters
    ----------
    sections : GeoDataFrame, n points, any CRS
    rivers : RiverNetwork or GeoDataFrame, any CRS
        A network also gives the way to the outlet, and puts a section at a confluence on the
        larger river.
    max_distance_m : float, metres, more than 0
        A section farther from its river stays unsnapped. Large values hide a wrong datum: look
        at ``offset_m`` first.
    name : str or None
        Column of the sections with the name of the river; ``None``: the nearest reach of any name.
    aliases : mapping, optional
        Name of a water body to the name of the river that stands for it, e.g.
        ``{"白石水库": "大凌河"}``.
    name_not_found : {"leave", "nearest"}
        A section whose river is not in the network stays unsnapped, or takes the nearest reach
        of any name with little confidence; its state says so either way.
    unit : str, optional
        A column that both tables have, such as ``unit_code``: where several reaches are as near,
        one of the section's own unit is taken.
    tie_m : float, metres, 0 or more
        Two places as near as this are a tie, and reaches this close to the place meet there.
    geometry : {"given", "snapped"}
        Which of the two geometry columns of the result is the active one.

    Returns
    -------
    GeoDataFrame, n rows in the same order: the input with
        ``reach_code`` (``''`` where unsnapped), ``snapped`` (Point in the CRS of ``sections``, or
        missing), ``offset_m`` (to the reach; where far, to the nearest one of the river),
        ``measure_m`` (from the upper end of the reach), ``measure_km_to_outlet`` (missing
        without a network), ``snap_confidence`` (0 to 1), ``snap_state`` (``snapped``, ``tie``, ``far``,
        ``name_not_found``, ``no_river``, ``no_position``), ``snap_flag``.

    Raises
    ------
    CRSError
        A layer has no CRS.
    SchemaError
        A required column is missing, a ``reach_code`` is there twice, or a geometry is no point.
    ValueError
        An option or a distance is not allowed.

    Notes
    -----
    At a place where reaches meet, a section is put on a reach that passes through, else on one
    that ends there (it closes what lies above it), else on one that begins there; of several
    the one with most river upstream, then the lowest ``reach_code``. A tie is decided by the
    distance, then in the same way.

    ``snap_confidence`` is ``closeness * name * clearness``, rounded to 3 decimals: closeness is
    ``1 - offset / (2 max_distance)``; the name counts 1 (the same), 0.95 (an alias), 0.9 (a part
    of the river, 干流), 0.7 (no name to compare) or 0.3 (not in the network). Where a name
    decided, clearness is 0.8 when another river passes nearer, else 1; without a name it is
    ``(1 + min(1, (d2 - d1) / (d1 + tie_m))) / 2``, with ``d1`` the offset and ``d2`` the distance
    of the next river that is not the same one going on. A tie, or a place where several reaches
    of the river sought end, has at most 0.5. An unsnapped section has 0.

    A layer of two geometry columns cannot be written to most formats: drop one first.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString, Point
    >>> from chaoyang_geo.rivers.snap import snap_sections
    >>> rivers = gpd.GeoDataFrame(
    ...     {"reach_code": ["R1", "R2"], "river_name": ["大凌河", "大凌河西支"]}, crs=4549,
    ...     geometry=[LineString([(500000, 4600000), (501000, 4600000)]),
    ...               LineString([(500000, 4600030), (501000, 4600030)])])
    >>> sections = gpd.GeoDataFrame(
    ...     {"section_code": ["S1", "S2"], "water_body": ["大凌河", ""]}, crs=4549,
    ...     geometry=[Point(500400, 4600020), Point(500400, 4600020)])
    >>> placed = snap_sections(sections, rivers, max_distance_m=100)
    >>> placed[["reach_code", "offset_m", "measure_m", "snap_confidence", "snap_state"]]
      reach_code  offset_m  measure_m  snap_confidence snap_state
    0         R1      20.0      400.0            0.720    snapped
    1         R2      10.0      400.0            0.635    snapped
    """
    require_crs(sections, layer_name="sections")
    one_of("name_not_found", name_not_found, ("leave", "nearest"))
    one_of("geometry", geometry, ("given", "snapped"))
    if not (math.isfinite(max_distance_m) and max_distance_m > 0):
        raise ValueError(f"max_distance_m={max_distance_m!r} is no distance; give metres above 0.")
    if not (math.isfinite(tie_m) and tie_m >= 0):
        raise ValueError(f"tie_m={tie_m!r} is no distance; give metres of 0 or more.")
    if sections.geometry.name == "snapped":
        raise SchemaError(
            "sections: the active geometry is the column snapped, which this function writes; "
            'take the given one: sections.set_geometry("geometry").'
        )
    lines = _read_rivers(rivers, unit, aliases)
    where, there = _points(sections, lines.crs)
    if unit is not None:
        require(sections, [unit], table="sections")
    wanted, which = _wanted(sections, name, lines)
    answer = _Answer.empty(len(sections), there)
    if lines.any and there.any():
        units = text_array(sections[unit]) if unit is not None else None
        rules = _Rules(float(max_distance_m), float(tie_m), name_not_found == "nearest")
        _snap(where, there, _Names(wanted, which), lines, units, rules, answer)
    return _result(sections, answer, lines, geometry)


def _points(sections: gpd.GeoDataFrame, crs: Any) -> tuple[Any, Bools]:
    """Return the geometries in the CRS of the rivers, and which of them lie anywhere."""
    import numpy as np
    import shapely

    points = np.asarray(sections.geometry.array, dtype=object)
    there: Bools = ~(shapely.is_missing(points) | shapely.is_empty(points))
    wrong = there & (shapely.get_type_id(points) != 0)
    if wrong.any():
        row = int(wrong.argmax())
        raise SchemaError(
            f"sections: row {row + 1} is a {points[row].geom_type}; a section is a Point. "
            "Take e.g. sections.set_geometry(sections.representative_point())."
        )
    where = _to_crs(points, sections.crs, crs) if crs else points
    return where, there & np.isfinite(shapely.get_x(where)) & np.isfinite(shapely.get_y(where))


def _to_crs(points: Any, crs: Any, target: Any) -> Any:
    """Return points in another CRS; missing ones stay."""
    import geopandas as gpd
    import numpy as np

    return np.asarray(moved(gpd.GeoSeries(points, crs=crs), target).array, dtype=object)


@dataclass(frozen=True, eq=False)
class _Lines:
    """The reaches as the search needs them."""

    lines: Any
    there: Ints  # reaches with a geometry
    crs: Any
    codes: Any
    size: Floats  # river upstream, metres
    outlet_m: Floats  # from the lower end to the outlet
    length: Floats
    names: RiverNames
    names_shown: Any
    units: Any

    @property
    def any(self) -> bool:
        return len(self.there) > 0

    def called(self, reach: int) -> str:
        """Name a reach in words: its river and its code."""
        river = self.names_shown[reach] if self.names_shown is not None else ""
        return f"“{river}”河段{self.codes[reach]}" if river else f"河段{self.codes[reach]}"


def _read_rivers(
    rivers: RiverNetwork | gpd.GeoDataFrame, unit: str | None, aliases: Mapping[str, str] | None
) -> _Lines:
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    if isinstance(rivers, gpd.GeoDataFrame):
        table = rivers
        require(table, ["reach_code"], table="rivers")
        require_crs(table, layer_name="rivers")
        require_unique(pd.DataFrame(table), "reach_code", table="rivers")
        shapes = np.asarray(table.geometry.array, dtype=object)
        some = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
        crs: Any = metric_crs(table, layer_name="rivers") if some.any() else None
        lines = _to_crs(shapes, table.crs, crs) if some.any() else shapes
        length = np.where(some, shapely.length(lines), 0.0)
        size, outlet = length, np.full(len(table), np.nan)
        codes = text_array(table["reach_code"])
    else:
        table, crs = rivers.reaches, rivers.metric_crs or None  # a network of nothing has none
        lines = np.asarray(rivers.metric, dtype=object)
        length = np.nan_to_num(np.asarray(rivers.length_m, dtype="float64"))
        size = table["upstream_length_km"].to_numpy("float64") * 1e3
        outlet = number(rivers).to_outlet_m
        codes = rivers.codes.to_numpy()
    there = ~(shapely.is_missing(lines) | shapely.is_empty(lines))
    if "component" in table and table is not rivers:
        there &= table["component"].to_numpy() > 0  # a reach left out leads nowhere
    wrong = there & (shapely.get_type_id(lines) != 1)
    if wrong.any():
        row = int(wrong.argmax())
        raise SchemaError(
            f"rivers: row {row + 1} is a {lines[row].geom_type}; a reach is one LineString, drawn "
            "downstream. Build a network first: river_network(rivers)."
        )
    names = as_text(table["river_name"]) if "river_name" in table else None
    called = RiverNames(names, as_text(table["aliases"]) if "aliases" in table else None, aliases)
    if unit is not None:
        require(table, [unit], table="rivers")
    return _Lines(
        lines, np.flatnonzero(there), crs, codes, size, outlet, length, called,
        None if names is None else names.to_numpy(dtype=object),
        None if unit is None else text_array(table[unit]),
    )  # fmt: skip


# --- names --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Names:
    """The distinct names asked for, and which of them each section asks for; -1 for none."""

    wanted: list[Wanted]
    which: Ints


def _wanted(
    sections: gpd.GeoDataFrame, name: str | None, lines: _Lines
) -> tuple[list[Wanted], Ints]:
    import numpy as np

    if name is None or name not in sections or not lines.names.any:
        return [], np.full(len(sections), -1, dtype="int64")
    which, distinct = number_texts(text_array(sections[name]))
    return [lines.names.find(text) for text in distinct], which


# --- the search ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Rules:
    max_m: float
    tie_m: float
    take_nearest: bool


@dataclass(eq=False)
class _Answer:
    """What is found for each section, filled in place."""

    reach: Ints
    offset: Floats
    measure: Floats
    confidence: Floats
    state: Any
    flag: Any
    point: Any

    @classmethod
    def empty(cls, n: int, there: Bools) -> _Answer:
        import numpy as np

        state = np.where(there, "no_river", "no_position").astype(object)
        flag = np.where(there, "河网没有可用的河段", "断面没有位置").astype(object)
        return cls(
            np.full(n, -1, dtype="int64"), np.full(n, np.nan), np.full(n, np.nan), np.zeros(n),
            state, flag, np.full(n, None, dtype=object),
        )  # fmt: skip


def _snap(
    points: Any, there: Bools, names: _Names, lines: _Lines, units: Any, rules: _Rules,
    answer: _Answer,
) -> None:  # fmt: skip
    """Search name by name, and for sections without one among all reaches."""
    import numpy as np
    import shapely

    tree = shapely.STRtree(lines.lines[lines.there])
    rows = np.flatnonzero(there)
    order = rows[np.argsort(names.which[rows], kind="stable")]
    keys, first = np.unique(names.which[order], return_index=True)
    for key, group in zip(keys, np.split(order, first[1:]), strict=True):
        wanted = names.wanted[key] if key >= 0 else None
        if wanted is not None and len(own := np.intersect1d(wanted.reaches, lines.there)):
            search = _Search(shapely.STRtree(lines.lines[own]), own, wanted, named=True)
        else:
            search = _Search(tree, lines.there, wanted, named=False)
        for begin in range(0, len(group), _PIECE):
            piece = group[begin : begin + _PIECE]
            unit = units[piece] if units is not None else None
            _snap_piece(piece, points[piece], unit, search, lines, tree, rules, answer)


@dataclass(frozen=True, eq=False)
class _Search:
    tree: Any
    reaches: Ints  # reach of each geometry of the tree
    wanted: Wanted | None
    named: bool  # the tree holds the reaches of one name


def _snap_piece(
    rows: Ints, points: Any, unit: Any, search: _Search, lines: _Lines, everything: Any,
    rules: _Rules, answer: _Answer,
) -> None:  # fmt: skip
    import numpy as np

    nearest, d1 = _nearest(search.tree, points)
    nearest = search.reaches[nearest]
    answer.offset[rows] = d1
    lost = "" if search.wanted is None or search.named else search.wanted.name
    if lost and not rules.take_nearest:
        answer.state[rows] = "name_not_found"
        answer.flag[rows] = [
            f"河网没有“{lost}”；最近的是{lines.called(r)}，相距{d:.0f} m"
            for r, d in zip(nearest, d1, strict=True)
        ]
        return
    far = d1 > rules.max_m
    answer.state[rows[far]] = "far"
    answer.flag[rows[far]] = [
        f"最近的{lines.called(r)}相距{d:.0f} m，超过{rules.max_m:g} m"
        for r, d in zip(nearest[far], d1[far], strict=True)
    ]
    rows, points, d1 = rows[~far], points[~far], d1[~far]
    if not len(rows):
        return
    unit = unit[~far] if unit is not None else None
    reach = d1 + rules.tie_m if search.named else 2 * d1 + rules.tie_m
    found = _candidates(search, points, reach, lines)
    chosen, tied, meeting, d2 = _choose(found, d1, unit, lines, rules.tie_m)
    answer.reach[rows] = found.reach[chosen]
    answer.offset[rows] = found.offset[chosen]
    answer.measure[rows] = found.measure[chosen]
    answer.point[rows] = found.point[chosen]
    decided = np.where(tied >= 0, "tie", "snapped")
    answer.state[rows] = "name_not_found" if lost else decided
    other = _other_nearer(everything, points, found, chosen, search, lines, rules.tie_m)
    _weigh(rows, found, chosen, tied, meeting, d2, other, search, lines, rules, answer)


def _nearest(tree: Any, points: Any) -> tuple[Ints, Floats]:
    """Return the nearest geometry of the tree to each point, and its distance."""
    import numpy as np

    (at, member), distance = tree.query_nearest(points, return_distance=True, all_matches=True)
    first = np.unique(at, return_index=True)[1]
    return member[first], distance[first]


@dataclass(frozen=True, eq=False)
class _Found:
    """Candidates, one row for each section (its place in the piece) and reach near it."""

    at: Ints
    reach: Ints
    offset: Floats
    measure: Floats
    point: Any
    x: Floats
    y: Floats


def _candidates(search: _Search, points: Any, reach_m: Floats, lines: _Lines) -> _Found:
    import numpy as np
    import shapely

    at, member = search.tree.query(
        points, predicate="dwithin", distance=reach_m * (1 + 1e-9) + 1e-6
    )
    order = np.lexsort((member, at))
    at, reach = at[order], search.reaches[member[order]]
    near = lines.lines[reach]
    offset = shapely.distance(near, points[at])
    measure = shapely.line_locate_point(near, points[at])
    point = shapely.line_interpolate_point(near, measure)
    return _Found(at, reach, offset, measure, point, shapely.get_x(point), shapely.get_y(point))


def _choose(
    found: _Found, d1: Floats, unit: Any, lines: _Lines, tie_m: float
) -> tuple[Ints, Ints, Ints, Floats]:
    """Choose among candidates; return the choices, ties, rivals that meet there, and distances d2.

    Ties and meetings are candidates too, -1 where there is none.
    """
    import numpy as np

    at, n = found.at, len(d1)
    stranger = np.zeros(len(at), dtype=bool)
    if unit is not None:
        stranger = lines.units[found.reach] != unit[at]
    size = lines.size[found.reach]
    rank = np.unique(lines.codes[found.reach].astype(str), return_inverse=True)[1]
    rounded = np.where(found.offset <= d1[at] + _EQUAL_M, 0.0, found.offset)
    # the place: the nearest point; of equally near ones the unit's own, the larger river's
    anchor = _first(at, (rank, -size, stranger, rounded), n)
    apart = np.hypot(found.x - found.x[anchor][at], found.y - found.y[anchor][at])
    here = (apart <= max(tie_m, _EQUAL_M)) & (found.offset <= d1[at] + max(tie_m, _EQUAL_M))
    slack = max(tie_m, _EQUAL_M)
    closes = found.measure >= lines.length[found.reach] - slack
    opens = (found.measure <= slack) & ~closes
    kind = np.where(opens, 2, np.where(closes, 1, 0))
    chosen = _first(at, (rank, -size, kind, stranger, ~here), n)
    mine = np.zeros(len(at), dtype=bool)
    mine[chosen] = True
    meeting = here & ~mine & ~opens
    rival = ~here & ~_goes_on(found.reach, found.reach[chosen][at], lines, slack)
    tie = rival & (found.offset <= d1[at] + max(tie_m, _EQUAL_M))
    d2 = np.full(n, np.inf)
    np.minimum.at(d2, at[rival], found.offset[rival])
    return chosen, _any_of(at, tie, found.offset, n), _any_of(at, meeting, -size, n), d2


def _first(at: Ints, keys: tuple[Any, ...], n: int) -> Ints:
    """Return, for each group, its first candidate by keys; the last key counts most."""
    import numpy as np

    order = np.lexsort((*keys, at))
    firsts: Ints = order[np.searchsorted(at[order], np.arange(n))]
    return firsts


def _any_of(at: Ints, wanted: Bools, key: Floats, n: int) -> Ints:
    """Return, for each group, the wanted candidate of the least key, -1 without one."""
    import numpy as np

    some = np.flatnonzero(wanted)
    some = some[np.lexsort((key[some], at[some]))]
    whose, first = np.unique(at[some], return_index=True)
    out = np.full(n, -1, dtype="int64")
    out[whose] = some[first]
    return out


def _goes_on(a: Ints, b: Ints, lines: _Lines, slack: float) -> Bools:
    """Whether one of two reaches begins where the other ends."""
    import numpy as np
    import shapely

    reaches, where = np.unique(np.concatenate([a, b]), return_inverse=True)
    tops = shapely.get_coordinates(shapely.get_point(lines.lines[reaches], 0))
    feet = shapely.get_coordinates(shapely.get_point(lines.lines[reaches], -1))
    a, b = where[: len(a)], where[len(a) :]
    down = np.hypot(*(feet[a] - tops[b]).T)
    up = np.hypot(*(feet[b] - tops[a]).T)
    on: Bools = np.minimum(down, up) <= slack
    return on


def _other_nearer(
    everything: Any, points: Any, found: _Found, chosen: Ints, search: _Search, lines: _Lines,
    tie_m: float,
) -> Ints:  # fmt: skip
    """Return the reach of another name that passes nearer than the chosen one; -1 for none."""
    import numpy as np

    if not search.named:
        return np.full(len(chosen), -1, dtype="int64")
    nearest, distance = _nearest(everything, points)
    reach = lines.there[nearest]
    nearer = (distance < found.offset[chosen] - tie_m) & ~np.isin(reach, search.reaches)
    return np.where(nearer, reach, -1)


def _weigh(
    rows: Ints, found: _Found, chosen: Ints, tied: Ints, meeting: Ints, d2: Floats, other: Ints,
    search: _Search, lines: _Lines, rules: _Rules, answer: _Answer,
) -> None:  # fmt: skip
    """Write confidence and flag of snapped sections."""
    import numpy as np

    d1 = found.offset[chosen]
    closeness = 1 - d1 / (2 * rules.max_m)
    wanted = search.wanted
    if search.named and wanted is not None:
        name = wanted.score
        clear = np.where(other >= 0, _OTHER_NEARER, 1.0)
    else:
        name = _UNNAMED if wanted is None else _NOT_FOUND
        gap = np.where(np.isinf(d2), np.inf, d2 - d1) / (d1 + max(rules.tie_m, _EQUAL_M))
        clear = (1 + np.clip(gap, 0, 1)) / 2
    confidence = closeness * name * clear
    doubtful = (tied >= 0) | (meeting >= 0)
    confidence = np.where(doubtful, np.minimum(confidence, 0.5), confidence)
    answer.confidence[rows] = np.round(confidence, 3)
    common = []
    if wanted is not None:
        common.append(wanted.note if search.named else f"河网没有“{wanted.name}”，取最近的河段")
    elif lines.names.any:
        common.append("断面没有写明河流，取最近的河段")
    else:
        common.append("河网没有河名，取最近的河段")
    text = "；".join(part for part in common if part)
    answer.flag[rows] = text
    for place in np.flatnonzero((tied >= 0) | (meeting >= 0) | (other >= 0)):
        notes = [text] if text else []
        if tied[place] >= 0:
            rival = tied[place]
            notes.append(
                f"到{lines.called(found.reach[rival])}同样近（{found.offset[rival]:.1f} m）"
            )
        if meeting[place] >= 0:
            notes.append(f"位于汇合处，也可归{lines.called(found.reach[meeting[place]])}")
        if other[place] >= 0:
            notes.append(f"{lines.called(other[place])}更近")
        answer.flag[rows[place]] = "；".join(notes)


# --- the result ---------------------------------------------------------------------------------


def _result(
    sections: gpd.GeoDataFrame, answer: _Answer, lines: _Lines, geometry: str
) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    put = answer.reach >= 0
    codes = np.full(len(sections), "", dtype=object)
    outlet = np.full(len(sections), np.nan)
    if len(lines.codes):
        codes[put] = lines.codes[answer.reach[put]]
        reach, measure = answer.reach[put], answer.measure[put]
        outlet[put] = (lines.outlet_m[reach] + lines.length[reach] - measure) / 1e3
    crs = lines.crs if lines.crs is not None else sections.crs
    snapped = moved(gpd.GeoSeries(answer.point, index=sections.index, crs=crs), sections.crs)
    active = sections.geometry.name
    out = sections.drop(columns=[c for c in SNAP_COLUMNS if c in sections and c != active])
    index = sections.index
    out = out.assign(
        reach_code=pd.Series(codes, index=index, dtype="str"),
        offset_m=answer.offset,
        measure_m=answer.measure,
        measure_km_to_outlet=outlet,
        snap_confidence=answer.confidence,
        snap_state=pd.Series(answer.state, index=index, dtype="str"),
        snap_flag=pd.Series(answer.flag, index=index, dtype="str"),
        snapped=snapped,
    )
    return out.set_geometry("snapped") if geometry == "snapped" else out
