"""Messy river lines to a directed network, with everything that was done to them said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import GEOGRAPHIC, CRSError, metric_crs, moved, require_crs
from chaoyang_geo.rivers import repair
from chaoyang_geo.rivers.direction import Directed, Draft, by_code, by_shape, read_heights
from chaoyang_geo.rivers.ends import SAME_M, cut_pieces, find_junctions, join_ends
from chaoyang_geo.rivers.findings import Notes
from chaoyang_geo.rivers.links import link_pieces
from chaoyang_geo.rivers.network import RiverNetwork
from chaoyang_geo.rivers.order import along_tree, gathered, parts, strahler, topological
from chaoyang_geo.schema import as_text, one_of, require, require_unique

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

#: What may decide the direction.
ORDERS: tuple[str, ...] = ("auto", "to_code", "elevation", "outlet", "geometry")

#: Gaps to other parts are looked for as far as this, or 20 tolerances if that is more, metres.
SEARCH_M = 200.0


def river_network(
    lines: gpd.GeoDataFrame,
    *,
    tolerance_m: float = 1.0,
    order: str = "auto",
    outlet: Any = None,
    elevation: str | Sequence[str] | None = None,
    code: str | None = "reach_code",
    name: str = "river_name",
    to_code: str = "to_code",
    flat_m: float = 1.0,
    several_outlets: bool = False,
    split: bool = False,
    crossings: bool = True,
) -> RiverNetwork:
    """Build a directed river network from messy lines, and say what was done to each.

    Ends within the tolerance are joined; an end on the middle of another reach joins it there.
    Reaches that repeat another, have no length or close on themselves are left out of the
    network and keep their rows. Then every reach is directed downstream, circles are broken,
    and each doubt becomes a finding and a flag. The order of the rows and the CRS do not matter.

    Required columns: ``code`` (unique), geometry (LineString, or MultiLineString whose parts
    meet). Used where present: ``name``; ``to_code`` (code of the next reach, several joined by
    ``;``, the main one first; empty, ``0`` or a code that is not in the table: an outlet).

    Parameters
    ----------
    lines : GeoDataFrame, n rows, any CRS
    tolerance_m : float, metres, default 1
        Ends nearer than this are one node. Start small: the findings list the gaps to the
        nearest other reach up to 200 m (or 20 tolerances).
    order : {"auto", "to_code", "elevation", "outlet", "geometry"}, default "auto"
        What decides the direction. ``auto``: an ``outlet`` that is given, else an
        ``elevation``, else the column ``to_code`` when it has any code, else ``geometry``.

        - ``to_code``: codes decide who flows into whom, the lines only which way each is drawn.
        - ``elevation``: every connected part flows to its lowest end.
        - ``outlet``: every part flows to the outlets given.
        - ``geometry``: every part flows to the node to which most of its reaches are drawn.
    outlet : reach codes, or GeoSeries or GeoDataFrame of points in any CRS
        Of a reach its free end; of a point the nearest node, at most 1,000 m away. In a part
        without one the drawing decides, and a finding says so.
    elevation : "z", a column, or two columns, metres
        ``"z"``: the third coordinate; one column: the elevation of each reach; two: where the
        line begins and where it ends, as drawn.
    code : str or None, default "reach_code"
        None numbers the rows from 1.
    name : str, default "river_name"
        Names decide which arm of a fork is the main one.
    to_code : str, default "to_code"
    flat_m : float, metres, default 1
        Differences of elevation up to this say nothing.
    several_outlets : bool, default False
        True: every dead end that is drawn (or falls) outwards is an outlet, as in a delta or
        among canals; False: such an end is taken for one drawn the wrong way.
    split : bool, default False
        True returns more rows: cut where others join the middle, one row for each part of a
        MultiLineString; ``origin_code`` says where a row came from. False keeps the rows; what
        joins in the middle of a reach counts at its lower end.
    crossings : bool, default True
        Look for reaches that cross without a node; a third of the time.

    Returns
    -------
    RiverNetwork
        ``reaches`` has the rows, index, order and CRS of ``lines``, geometry turned downstream,
        and: ``reach_code``, ``to_code`` (the main reach below first, side arms after ``;``,
        missing at an outlet; the one given is in ``to_code_given``), ``from_node``, ``to_node``,
        ``reversed`` (was drawn against the flow), ``length_m``, ``length_km``, ``strahler``,
        ``distance_to_outlet_km`` (from the lower end), ``upstream_length_km`` (all that drains
        to the lower end, the reach included), ``component`` (connected part, the longest is 1;
        0 is left out), ``network_flag``.

    Raises
    ------
    CRSError
        ``lines`` or ``outlet`` has no CRS, or lies outside the zones of China.
    SchemaError
        A column is missing, a code is missing or there twice, a geometry is no line, or no
        elevation is known.
    ValueError
        An option is not known, or an outlet is no reach of the lines or far from all of them.

    Notes
    -----
    Direction: least-cost ways from the outlets, on which a reach against its drawing costs as
    much as 1,000 mean lengths (a metre of rise: 1 km), give every node a way down; only pieces
    on such ways are turned. What still circles is turned towards the nearer outlet, and turned
    back where that closes no circle (where more than 400 pieces circle, it stays turned).

    The outlet of ``geometry`` is the node with the fewest reaches drawn away
    from it: where the last reach alone is drawn upstream, lines cannot show it, and the finding
    ``many_meet`` names the place.

    Main arm of a fork: the arm of the same name, else one that a river of its name enters, else
    the reach that passes through, else one with a name, else the shorter way to the outlet, else
    the lower code. Order of Strahler (1957) along main branches; a side arm has the order of the
    river that feeds it and does not raise it where it returns.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from chaoyang_geo.rivers import river_network
    >>> lines = gpd.GeoDataFrame(
    ...     {"reach_code": ["A", "B", "C"]}, crs=4549,
    ...     geometry=[LineString([(500000, 4603000), (501000, 4603000)]),
    ...               LineString([(501000, 4602000), (501000, 4603000)]),
    ...               LineString([(501000.5, 4603000), (504000.5, 4603000)])])
    >>> network = river_network(lines, outlet=["C"])
    >>> network.reaches[["reach_code", "to_code", "length_km", "strahler", "network_flag"]]
      reach_code to_code  length_km  strahler   network_flag
    0          A       C        1.0         1
    1          B       C        1.0         1
    2          C     NaN        3.0         2  端点归并0.500 m
    """
    import numpy as np

    one_of("order", order, ORDERS)
    _check_number("tolerance_m", tolerance_m)
    _check_number("flat_m", flat_m)
    require_crs(lines, layer_name="lines")
    lines, code = _with_codes(lines, code)
    if name != "river_name":
        require(lines, [name], table="lines")
        lines = lines.assign(river_name=lines[name])
    how = _chosen(lines, order, outlet, elevation, to_code)
    zone = _zone(lines) if np.isfinite(lines.total_bounds).all() else ""
    if split:
        lines = _split(lines, code, how, zone, tolerance_m)
    draft = _draft(lines, zone, code, tolerance_m, keep_points=how == "to_code")
    if how == "to_code":
        directed = by_code(draft, lines[to_code])
    else:
        heights = None
        if how == "elevation":
            heights = read_heights(lines, "z" if elevation is None else elevation, code)
        directed = _by_shape(draft, how, heights, outlet, flat_m, several_outlets)
    return _finish(lines, draft, directed, how, crossings)


def _zone(lines: gpd.GeoDataFrame) -> str:
    """Return the zone of the middle of the lines, from their box alone where that suffices.

    The westernmost line lies between the west of the box and the eastern end of its west side.
    """
    import geopandas as gpd
    import numpy as np
    import shapely

    west, south, east, north = lines.total_bounds
    x, y = np.linspace(west, east, 65), np.linspace(south, north, 65)
    rim = shapely.points(
        np.concatenate([np.full(65, west), np.full(65, east), x, x]),
        np.concatenate([y, y, np.full(65, south), np.full(65, north)]),
    )
    there = moved(gpd.GeoSeries(rim, crs=lines.crs), GEOGRAPHIC)
    lon, lat = there.x.to_numpy(), float(there.y.mean())
    first = (lon.min() + lon[65:130].min()) / 2
    last = (lon[:65].max() + lon.max()) / 2
    middles = [gpd.GeoSeries([shapely.Point(x, lat)], crs=GEOGRAPHIC) for x in (first, last)]
    try:
        zones = {metric_crs(middle) for middle in middles}
    except CRSError:
        zones = set()
    return zones.pop() if len(zones) == 1 else metric_crs(lines, layer_name="lines")


def _check_number(argument: str, value: float) -> None:
    if isinstance(value, bool) or not 0 <= value < float("inf"):
        raise ValueError(f"{argument}={value!r} is no distance; give metres, 0 or more.")


def _with_codes(lines: gpd.GeoDataFrame, code: str | None) -> tuple[gpd.GeoDataFrame, str]:
    """Return the lines with a column of unique codes, and its name."""
    if code is None:
        code = "reach_code"
        lines = lines.assign(**{code: [str(number) for number in range(1, len(lines) + 1)]})
    require(lines, [code], table="lines", hint="code=None numbers the rows from 1.")
    _require_codes(lines, code, "lines")
    return lines, code


def _require_codes(lines: gpd.GeoDataFrame, code: str, table: str) -> None:
    """Raise SchemaError when a code is missing or there twice; one pass where all is well."""
    codes = _texts(lines[code])
    if codes.duplicated().any() or (codes == "").any():
        require_unique(lines, code, table=table)


def _texts(values: pd.Series) -> pd.Series:
    """Return :func:`as_text` of values; what is text already is only filled."""
    import pandas as pd

    if isinstance(values.dtype, pd.StringDtype):
        return values.fillna("")
    return as_text(values)


def _chosen(lines: gpd.GeoDataFrame, order: str, outlet: Any, elevation: Any, to_code: str) -> str:
    """Return what decides the direction, and check that it is there."""
    import shapely

    if order == "auto":
        if outlet is not None:
            order = "outlet"
        elif elevation is not None:
            order = "elevation"
        elif to_code in lines and (as_text(lines[to_code]).str.strip() != "").any():
            order = "to_code"
        else:
            order = "geometry"
    if order == "to_code":
        require(lines, [to_code], table="lines")
    if order == "outlet" and outlet is None:
        raise ValueError("order='outlet' needs outlet: reach codes, or points with a CRS.")
    if order == "elevation" and elevation is None:
        flat = not shapely.has_z(lines.geometry.to_numpy()).any()
        if flat and len(lines):
            raise ValueError(
                "order='elevation' needs elevation: the lines have no z; give a column of one "
                "elevation for each reach, or two: where the line begins and where it ends."
            )
    return order


def _split(
    lines: gpd.GeoDataFrame, code: str, how: str, zone: str, tolerance_m: float
) -> gpd.GeoDataFrame:
    if how == "to_code":
        raise ValueError(
            "split=True cuts rows, so that to_code no longer says where each leads; give "
            "order='geometry', 'outlet' or 'elevation'."
        )
    if not zone:
        return lines.assign(origin_code=as_text(lines[code]).to_numpy()).reset_index(drop=True)
    out = repair.split_lines(lines, code, tolerance_m=tolerance_m, zone=zone)
    _require_codes(out, code, "lines after split")
    return out


def _draft(
    lines: gpd.GeoDataFrame,
    zone: str,
    code: str,
    tolerance_m: float,
    *,
    keep_points: bool,
) -> Draft:
    """Read the lines, join their ends, and set aside what cannot be used.

    With ``keep_points`` rows without a length stay: a code may lead through them.
    """
    import numpy as np
    import pandas as pd
    import shapely

    n = len(lines)
    codes = _texts(lines[code]).to_numpy(dtype=object)
    rank = np.empty(n, dtype=np.int64)
    rank[np.argsort(codes.astype(str), kind="stable")] = np.arange(n)
    texts = (
        _texts(lines["river_name"]).str.strip() if "river_name" in lines else pd.Series([""] * n)
    )
    numbers = pd.factorize(texts.where(texts != ""), use_na_sentinel=True)[0].astype(np.int64)
    shapes = moved(lines.geometry, zone) if zone else lines.geometry
    drawn, why = repair.metric_lines(shapes, table="lines")
    usable = why == ""
    length = np.where(usable, np.nan_to_num(shapely.length(drawn)), 0.0)
    ends = join_ends(drawn, usable, tolerance_m=tolerance_m)
    notes = Notes()
    for kind in (repair.NO_LINE, repair.IN_PARTS):
        rows = np.flatnonzero(why == kind)
        places = [None] * len(rows)
        if kind == repair.IN_PARTS:
            places = shapely.point_on_surface(shapes.to_numpy()[rows])
        notes.add(kind, rows, places)
    draft = Draft(codes, numbers, drawn, length, rank, ends, usable, np.full(n, -1),
                  tolerance_m, zone, notes)  # fmt: skip
    closed = usable & (ends.tail == ends.head)
    point = closed & (length <= max(tolerance_m, SAME_M))
    for kind, mask in (("zero_length", point), ("ring", closed & ~point)):
        rows = np.flatnonzero(mask)
        notes.add(kind, rows, draft.middle(rows), sizes=length[rows])
    draft.twin = repair.find_twins(drawn, ends, usable & ~closed, rank, tolerance_m=tolerance_m)
    twins = np.flatnonzero(draft.twin >= 0)
    notes.add("duplicate", twins, draft.middle(twins), sizes=length[twins],
              others=codes[draft.twin[twins]])  # fmt: skip
    draft.used = (draft.twin < 0) & (np.ones(n, dtype=bool) if keep_points else usable & ~closed)
    _note_snaps(draft)
    return draft


def _note_snaps(draft: Draft) -> None:
    import numpy as np

    rows, side = np.nonzero((draft.ends.moved_m > 0) & draft.used[:, None])
    node = np.where(side == 0, draft.ends.tail[rows], draft.ends.head[rows])
    draft.notes.add("snapped", rows, draft.node_points(node),
                    sizes=draft.ends.moved_m[rows, side])  # fmt: skip


def _by_shape(
    draft: Draft,
    how: str,
    heights: tuple[Floats, Floats] | None,
    outlet: Any,
    flat_m: float,
    several_outlets: bool,
) -> Directed:
    import numpy as np

    found = find_junctions(draft.lines, draft.ends, draft.used, draft.rank,
                           tolerance_m=draft.tolerance_m)  # fmt: skip
    rows = np.flatnonzero(draft.used)
    pieces = cut_pieces(draft.ends, found, rows, draft.length_m, draft.rank)
    for at in (draft.ends.tail, draft.ends.head):
        place = np.full(len(draft.ends.xy), -1)
        place[found.node] = np.arange(len(found.node))
        mine = rows[place[at[rows]] >= 0]
        which = place[at[mine]]
        draft.notes.add("junction", mine, draft.node_points(found.node[which]),
                        sizes=found.offset_m[which],
                        others=draft.codes[found.reach[which]])  # fmt: skip
    forward, whole = by_shape(draft, pieces, how=how, heights=heights, outlet=outlet,
                              flat_m=flat_m, several_outlets=several_outlets)  # fmt: skip
    links = link_pieces(pieces, forward, whole, draft.ends, draft.length_m, draft.name,
                        draft.rank)  # fmt: skip
    last = np.where(whole, draft.ends.head, draft.ends.tail)[links.cut_start]
    draft.notes.add("link_cut", links.cut_start, draft.node_points(last),
                    sizes=links.cut_gap_m, others=draft.codes[links.cut_stop])  # fmt: skip
    return Directed(pieces, forward, whole, links)


def _finish(
    lines: gpd.GeoDataFrame, draft: Draft, directed: Directed, how: str, crossings: bool
) -> RiverNetwork:
    """Number, measure and describe the directed network."""
    import numpy as np
    import shapely
    from scipy.sparse import csr_array  # type: ignore[import-untyped]

    n, links = len(draft.codes), directed.links
    ones = np.ones(len(links.start), dtype=np.int8)
    matrix = csr_array((ones, (links.start, links.stop)), shape=(n, n))
    matrix.sort_indices()
    order = topological(matrix)
    back = draft.used & ~directed.forward & ~shapely.is_missing(draft.lines)
    metric = draft.lines.copy()
    metric[back] = shapely.reverse(metric[back])
    down, length = links.down, np.where(draft.used, draft.length_m, 0.0)
    step = np.where(down >= 0, length[down] - np.nan_to_num(links.enters_m), 0.0)
    component = _components(matrix, draft, directed, length, by_node=how != "to_code")
    from_node = np.where(directed.forward, draft.ends.tail, draft.ends.head)
    to_node = np.where(directed.forward, draft.ends.head, draft.ends.tail)
    nodes = _nodes(draft, directed, component, lines.crs)
    _note_places(draft, directed, component, to_node, nodes, crossings)
    search = max(SEARCH_M, 20 * draft.tolerance_m)
    findings, flags = draft.notes.table(draft.codes, draft.rank, draft.zone, lines.crs, search)
    drawn = ~shapely.is_missing(draft.lines)
    columns = {
        "reach_code": draft.codes,
        "to_code": _to_codes(links, draft.codes),
        "from_node": _whole_numbers(from_node),
        "to_node": _whole_numbers(to_node),
        "reversed": back,
        "length_m": np.where(drawn, draft.length_m, np.nan),
        "length_km": np.where(drawn, draft.length_m, np.nan) / 1000,
        "strahler": strahler(down, matrix, order, draft.used, _springs(draft, links)),
        "distance_to_outlet_km": np.where(draft.used, along_tree(down, step) / 1000, np.nan),
        "upstream_length_km": np.where(
            draft.used, gathered(_main(down), order, length) / 1000, np.nan
        ),
        "component": component,
        "network_flag": flags,
    }
    reaches = _table(lines, columns, back)
    return RiverNetwork(
        reaches=reaches, nodes=nodes, findings=findings, matrix=matrix, down=down,
        enters_m=links.enters_m, order=order, metric=metric, metric_crs=draft.zone,
        length_m=draft.length_m, tolerance_m=draft.tolerance_m, ordered_by=how,
    )  # fmt: skip


def _springs(draft: Draft, links: Any) -> Bools:
    """Return the reaches that nothing enters at their upper end."""
    import numpy as np

    main = links.down[links.start] == links.stop
    above = links.stop[~main | (links.enters_m[links.start] == 0)]
    springs: Bools = draft.used & (np.bincount(above, minlength=len(draft.codes)) == 0)
    return springs


def _main(down: Ints) -> Any:
    """Return the matrix of the main branches alone."""
    import numpy as np
    from scipy.sparse import csr_array

    has = np.flatnonzero(down >= 0)
    return csr_array((np.ones(len(has)), (has, down[has])), shape=(len(down), len(down)))


def _components(
    matrix: Any, draft: Draft, directed: Directed, length: Floats, *, by_node: bool
) -> Ints:
    """Number the connected parts from 1, the longest first; 0 is left out.

    Reaches that share a node are one part, unless codes alone say what is connected.
    """
    import numpy as np
    from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

    if by_node:
        pieces = directed.pieces
        labels = np.full(len(draft.codes), -1, dtype=np.int64)
        labels[pieces.reach] = parts(pieces.tail, pieces.head, len(draft.ends.xy))[pieces.tail]
        alone = labels < 0
        labels[alone] = len(draft.ends.xy) + np.flatnonzero(alone)
        labels = np.unique(labels, return_inverse=True)[1]
    else:
        labels = connected_components(matrix, directed=False)[1]
    total = np.bincount(labels, weights=length)
    first = np.full(len(total), len(labels))
    np.minimum.at(first, labels, draft.rank)
    left_out = np.ones(len(total), dtype=bool)
    left_out[labels[draft.used]] = False
    number = np.empty(len(total), dtype=np.int64)
    number[np.lexsort((first, -np.round(total, 3), left_out))] = np.arange(1, len(total) + 1)
    return np.where(draft.used, number[labels], 0)


def _nodes(draft: Draft, directed: Directed, component: Ints, crs: Any) -> gpd.GeoDataFrame:
    """Return the nodes with how many reaches meet there and what kind of place each is."""
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    pieces, m = directed.pieces, len(draft.ends.xy)
    source = np.where(directed.pieces_forward, pieces.tail, pieces.head)
    sink = np.where(directed.pieces_forward, pieces.head, pieces.tail)
    leave, enter = np.bincount(source, minlength=m), np.bincount(sink, minlength=m)
    kind = np.select(
        [leave + enter == 0, enter == 0, leave == 0, leave > 1, enter > 1],
        ["isolated", "source", "outlet", "bifurcation", "confluence"],
        "joint",
    )
    part = np.zeros(m, dtype=np.int64)
    part[pieces.tail] = part[pieces.head] = component[pieces.reach]
    points = gpd.GeoSeries(draft.node_points(np.arange(m)), crs=draft.zone or crs)
    return gpd.GeoDataFrame(
        {
            "node": np.arange(m),
            "node_kind": pd.Series(kind, dtype="str"),
            "degree": leave + enter,
            "component": part,
        },
        geometry=moved(points, crs) if draft.zone else points,
        crs=crs,
    )


def _note_places(
    draft: Draft,
    directed: Directed,
    component: Ints,
    to_node: Ints,
    nodes: gpd.GeoDataFrame,
    crossings: bool,
) -> None:
    """Add what only the finished network shows: side arms, separate parts, crossings."""
    import numpy as np

    notes, links, codes = draft.notes, directed.links, draft.codes
    drawn = draft.used & (draft.ends.tail >= 0)
    side = np.flatnonzero(links.stop != links.down[links.start])
    arm, once = np.unique(links.stop[side], return_index=True)
    # an arm that is the main way of another reach is no side arm
    taken = np.isin(arm, links.down[links.down >= 0])
    arm, main = arm[~taken], links.down[links.start[side[once]]][~taken]
    begins = np.where(directed.forward, draft.ends.tail, draft.ends.head)[arm]
    places = np.full(len(arm), None, dtype=object)
    places[begins >= 0] = draft.node_points(begins[begins >= 0])
    notes.add("braid", arm, places, sizes=draft.length_m[arm], others=codes[main])

    kind = nodes["node_kind"].to_numpy()
    last = np.flatnonzero(drawn & (links.down < 0))
    last = last[np.lexsort((draft.rank[last], to_node[last]))]
    first = last[np.unique(to_node[last], return_index=True)[1]]
    degree = nodes["degree"].to_numpy()
    many = first[(degree[to_node[first]] > 1) & (kind[to_node[first]] == "outlet")]
    notes.add("many_meet", many, draft.node_points(to_node[many]),
              sizes=None)  # fmt: skip

    parts = component[first]
    if component.max(initial=0) > 1:
        points = draft.node_points(to_node[first])
        search = max(SEARCH_M, 20 * draft.tolerance_m)
        nearest, gap = repair.gaps_between(points, parts, draft.lines, component, draft.rank,
                                           search_m=search)  # fmt: skip
        said = (parts > 1) | (nearest >= 0)
        names = np.where(nearest >= 0, codes[nearest], "")
        notes.add("disconnected", first[said], points[said], sizes=gap[said], others=names[said])
    if crossings and drawn.any():
        a, b, place = repair.find_crossings(draft.lines, draft.ends, drawn,
                                            tolerance_m=draft.tolerance_m)  # fmt: skip
        low = np.where(draft.rank[a] < draft.rank[b], a, b)
        notes.add("crossing", low, place, others=codes[np.where(low == a, b, a)])


def _to_codes(links: Any, codes: Any) -> Any:
    """Return the codes downstream, the main one first, joined by ``;``; missing at the end."""
    import numpy as np

    out = np.full(len(codes), None, dtype=object)
    has = links.down >= 0
    out[has] = codes[links.down[has]]
    side = np.flatnonzero(links.stop != links.down[links.start])
    for start, stop in zip(links.start[side].tolist(), links.stop[side].tolist(), strict=True):
        out[start] = codes[stop] if out[start] is None else f"{out[start]};{codes[stop]}"
    return out


def _whole_numbers(values: Ints) -> Any:
    """Return node numbers as nullable integers, missing where a reach has no line."""
    import pandas as pd

    return pd.arrays.IntegerArray(values.copy(), values < 0)


def _table(lines: gpd.GeoDataFrame, columns: dict[str, Any], back: Bools) -> gpd.GeoDataFrame:
    """Return the input with the columns of the network, its geometry turned downstream."""
    import geopandas as gpd
    import pandas as pd
    import shapely

    texts = {"reach_code", "to_code", "network_flag"}
    made = {
        key: pd.Series(value, index=lines.index, dtype="str")
        if key in texts
        else pd.Series(value, index=lines.index)
        for key, value in columns.items()
    }
    shapes = lines.geometry.to_numpy().copy()
    shapes[back] = shapely.reverse(shapely.line_merge(shapes[back]))
    turned = gpd.GeoSeries(shapes, index=lines.index, crs=lines.crs)
    kept = lines.rename(columns={"to_code": "to_code_given"}) if "to_code" in lines else lines
    return kept.assign(**made).set_geometry(turned.rename(lines.geometry.name))
