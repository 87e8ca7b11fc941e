"""Tracing: what is upstream of a place, and where its water goes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import moved
from chaoyang_geo.rivers.numbering import (
    Intervals,
    Numbering,
    number,
    spread,
    upstream_intervals,
)
from chaoyang_geo.rivers.places import (
    OFF,
    SIDE,
    Places,
    cut_lines,
    find_ways,
    frame,
    index_of,
    read_places,
    river_names,
    way_lines,
    words,
)
from chaoyang_geo.schema import one_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from chaoyang_geo.rivers.network import RiverNetwork

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]
    Given = pd.DataFrame | str | Iterable[str]


def upstream(
    network: RiverNetwork,
    places: Given,
    *,
    what: str = "reaches",
    sections: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Trace upstream of all places at once.

    Parameters
    ----------
    network : RiverNetwork
    places : DataFrame, text or list of texts, n places
        Snapped sections (``section_code``, ``reach_code``, ``measure_m``); or codes, of sections
        when ``sections`` is given, else of reaches, from whose lower ends is traced.
    what : {"reaches", "totals", "lines"}
        A row for each place and reach upstream; a row for each place with sums; the same with
        the river upstream as geometry.
    sections : DataFrame, optional
        Snapped sections that codes are looked up in.

    Returns
    -------
    DataFrame (``lines``: GeoDataFrame of MultiLineStrings, in the CRS of ``network.reaches``)
        ``section_code`` (or the code of the reach traced from) and ``trace_flag``, with
        ``reaches``: places in their order, nearest reach first: ``reach_code``, ``river_name``,
        ``distance_km`` (from the lower end of the reach; the place's own reach 0), ``length_km``
        (of the place's own reach the part above it);
        ``totals``, ``lines``: n rows, index of ``places``: ``n_reaches``, ``river_km_upstream``.

    Raises
    ------
    SchemaError
        A code is unknown, or the places were snapped to another network.
    ValueError
        Unknown ``what``.

    Notes
    -----
    The place's own reach counts with the part above the place. Distances go along the main
    branches of braids; where only a side branch leads to the place the row is flagged 经支汊.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from chaoyang_geo.rivers import river_network
    >>> from chaoyang_geo.rivers.trace import upstream
    >>> lines = gpd.GeoDataFrame(
    ...     {"reach_code": ["A", "B", "C"], "to_code": ["C", "C", None]}, crs=4549,
    ...     geometry=[LineString([(500000, 4602000), (501000, 4601000)]),
    ...               LineString([(502000, 4602000), (501000, 4601000)]),
    ...               LineString([(501000, 4601000), (501000, 4600000)])])
    >>> network = river_network(lines, tolerance_m=1)
    >>> upstream(network, "C")[["reach_code", "distance_km", "length_km"]].round(3)
      reach_code  distance_km  length_km
    0          C          0.0      1.000
    1          A          1.0      1.414
    2          B          1.0      1.414
    """
    one_of("what", what, ("reaches", "totals", "lines"))
    at = read_places(network, places, sections=sections, table="places", code="section_code")
    numbers = number(network)
    parts = upstream_intervals(numbers, at.reach, at.measure_m)
    if what == "totals":
        return _upstream_totals(numbers, parts, at, index_of(places))
    rows, reach, part = _members(numbers, parts)
    foot = numbers.to_outlet_m[reach] - parts.base_m[part]
    own = at.reach[rows] == reach
    foot[own] = 0.0
    order = np_lexsort(foot.round(6), rows)
    rows, reach, part, foot, own = rows[order], reach[order], part[order], foot[order], own[order]
    length = numbers.length_m[reach].copy()
    length[own] = at.measure_m[rows[own]]
    if what == "lines":
        totals = _upstream_totals(numbers, parts, at, index_of(places))
        return _upstream_lines(network, totals, rows, reach, length)
    return frame(
        section_code=at.codes[rows],
        reach_code=network.codes.to_numpy()[reach],
        river_name=river_names(network)[reach],
        distance_km=foot / 1e3,
        length_km=length / 1e3,
        trace_flag=words(parts.link[part] >= 0, SIDE),
    )


def np_lexsort(*keys: Any) -> Ints:
    """Return the order by keys, the last one first; equal rows keep their order."""
    import numpy as np

    order: Ints = np.lexsort(keys)
    return order


def _members(numbers: Numbering, parts: Intervals) -> tuple[Ints, Ints, Ints]:
    """Return every reach of the parts: place, reach, part."""
    part, position = spread(parts.start, parts.stop)
    return parts.row[part], numbers.at[position], part


def _upstream_totals(
    numbers: Numbering, parts: Intervals, at: Places, index: pd.Index | None
) -> pd.DataFrame:
    """Add up over the order; no reach is looked at."""
    import numpy as np
    import pandas as pd

    n = len(at.reach)
    ordered = numbers.length_m[numbers.at]
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    length = np.bincount(parts.row, sums[parts.stop] - sums[parts.start], minlength=n)
    count = np.bincount(parts.row, parts.stop - parts.start, minlength=n).astype("int64")
    known = at.reach >= 0
    below = numbers.length_m[at.reach[known]] - at.measure_m[known]
    length[known] = length[known] - below
    by_side = np.zeros(n, dtype=bool)
    by_side[parts.row[parts.link >= 0]] = True
    flags = np.where(known, np.where(by_side, f"含{SIDE}来水", ""), OFF)
    length = np.where(known, np.maximum(length, 0.0) / 1e3, np.nan)
    table = frame(
        section_code=at.codes, n_reaches=count, river_km_upstream=length, trace_flag=flags
    )
    return table if index is None else table.set_axis(pd.Index(index), axis=0)


def _upstream_lines(
    network: RiverNetwork, totals: pd.DataFrame, rows: Ints, reach: Ints, length: Floats
) -> pd.DataFrame:
    """Join the lines of each place; only its own reach is cut."""
    import geopandas as gpd
    import numpy as np
    import shapely

    pieces = cut_lines(network, reach, np.zeros(len(reach)), length)
    usable = np.array([p is not None and p.geom_type == "LineString" for p in pieces], dtype=bool)
    lines = np.full(len(totals), None, dtype=object)
    if usable.any():
        which = np.unique(rows[usable])
        groups = np.searchsorted(which, rows[usable])
        lines[which] = shapely.multilinestrings(pieces[usable], indices=groups)
    crs = network.reaches.crs
    shapes = gpd.GeoSeries(lines, index=totals.index, crs=network.metric_crs or crs)
    out: pd.DataFrame = gpd.GeoDataFrame(totals, geometry=moved(shapes, crs))
    return out


def downstream(
    network: RiverNetwork,
    places: Given,
    *,
    what: str = "reaches",
    sections: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Trace the water of all places to its outlets, along main branches.

    Parameters
    ----------
    network : RiverNetwork
    places : DataFrame, text or list of texts, n places
        As :func:`upstream`.
    what : {"reaches", "totals", "lines"}
        A row for each place and reach downstream; a row for each place with sums; the same with
        the way as geometry.
    sections : DataFrame, optional
        Snapped sections that codes are looked up in.

    Returns
    -------
    DataFrame (``lines``: GeoDataFrame of LineStrings, in the CRS of ``network.reaches``)
        ``section_code`` and ``trace_flag``, with
        ``reaches``: places in their order, the place's own reach first: ``reach_code``, ``river_name``,
        ``distance_km`` (from the place to where its water enters the reach), ``length_km`` (of the
        way in it);
        ``totals``, ``lines``: n rows, index of ``places``: ``n_reaches``, ``distance_km`` (to the
        outlet), ``reach_code`` (of the outlet).

    Raises
    ------
    SchemaError
        A code is unknown, or the places were snapped to another network.
    ValueError
        Unknown ``what``.

    Notes
    -----
    Where the river parts, the way takes the main branch, and the row of the reach that parts
    says so.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from chaoyang_geo.rivers import river_network
    >>> from chaoyang_geo.rivers.trace import downstream
    >>> lines = gpd.GeoDataFrame(
    ...     {"reach_code": ["A", "B"], "to_code": ["B", None]}, crs=4549,
    ...     geometry=[LineString([(500000, 4600000), (501000, 4600000)]),
    ...               LineString([(501000, 4600000), (504000, 4600000)])])
    >>> network = river_network(lines, tolerance_m=1)
    >>> downstream(network, ["A", "B"], what="totals")[["section_code", "distance_km", "reach_code"]]
      section_code  distance_km reach_code
    0            A          3.0          B
    1            B          0.0          B
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    one_of("what", what, ("reaches", "totals", "lines"))
    at = read_places(network, places, sections=sections, table="places", code="section_code")
    numbers = number(network)
    known = at.reach >= 0
    codes = network.codes.to_numpy()
    outlet = np.where(known, numbers.root[at.reach] if len(codes) else -1, -1)
    last = Places(
        at.codes, outlet, np.where(known, numbers.length_m[outlet] if len(codes) else 0, 0)
    )
    parting = _parting(network)
    ways = find_ways(numbers, at, last)[1]
    if what == "reaches":
        length = ways.to_m - ways.from_m
        return frame(
            section_code=at.codes[ways.pair],
            reach_code=codes[ways.reach],
            river_name=river_names(network)[ways.reach],
            distance_km=_before(ways.pair, length) / 1e3,
            length_km=length / 1e3,
            trace_flag=words(parting[ways.reach], "在下端分汊，取主汊"),
        )
    n = len(at.codes)
    parted = np.bincount(ways.pair, parting[ways.reach], minlength=n) > 0
    distance = np.full(n, np.nan)
    distance[known] = numbers.height_m(at.reach[known], at.measure_m[known]) / 1e3
    table = frame(
        section_code=at.codes,
        n_reaches=np.bincount(ways.pair, minlength=n).astype("int64"),
        distance_km=distance,
        reach_code=np.where(known, codes[outlet] if len(codes) else "", ""),
        trace_flag=np.where(known, np.where(parted, "途中分汊，取主汊", ""), OFF),
    )
    index = index_of(places)
    table = table if index is None else table.set_axis(pd.Index(index), axis=0)
    if what == "totals":
        return table
    lines = way_lines(network, ways, n).set_axis(table.index)
    out: pd.DataFrame = gpd.GeoDataFrame(table, geometry=lines)
    return out


def _before(group: Ints, length: Floats) -> Floats:
    """Return the sum of the lengths before each, within its group; groups stand together."""
    import numpy as np

    before = np.cumsum(length) - length
    first = np.ones(len(group), dtype=bool)
    first[1:] = group[1:] != group[:-1]
    start = np.maximum.accumulate(np.where(first, np.arange(len(group)), 0))
    out: Floats = before - before[start] if len(group) else before
    return out


def _parting(network: RiverNetwork) -> Bools:
    """Whether a reach has more than one way on."""
    import numpy as np

    parting: Bools = np.diff(network.matrix.tocsr().indptr) > 1
    return parting
