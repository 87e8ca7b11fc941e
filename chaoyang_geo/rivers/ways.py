"""The way between two places: its line, its length, its time, and what lies on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chaoyang_geo.rivers.numbering import (
    SAME_M,
    Numbering,
    number,
    part_of,
    spread,
    upstream_intervals,
)
from chaoyang_geo.rivers.places import (
    OFF,
    SIDE,
    Places,
    Ways,
    find_ways,
    frame,
    read_places,
    way_lines,
)
from chaoyang_geo.schema import SchemaError, require

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from chaoyang_geo.rivers.network import RiverNetwork

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]
    Given = pd.DataFrame | str | Iterable[str]


def between(
    network: RiverNetwork,
    a: Given,
    b: Given,
    *,
    sections: pd.DataFrame | None = None,
    points: pd.DataFrame | None = None,
    code: str = "section_code",
    tributaries: bool = False,
) -> gpd.GeoDataFrame:
    """Return the river between pairs of places: its line, its length and what lies on it.

    Parameters
    ----------
    network : RiverNetwork
    a, b : DataFrame, text or list of texts, n places each, or one of them 1
        As :func:`upstream`: snapped sections, or codes. Row by row a pair; either may be the
        upper one.
    sections : DataFrame, optional
        Snapped sections that codes are looked up in.
    points : DataFrame, optional
        Snapped sections, outfalls or the like; those in between are listed, upper first. The two
        places themselves are left out.
    code : str
        Column of ``points`` with their code.
    tributaries : bool
        Also list what lies on tributaries that come in between.

    Returns
    -------
    GeoDataFrame, n rows, CRS of ``network.reaches``
        ``from_section_code`` (a), ``to_section_code`` (b), ``between_state`` (``downstream``: b lies
        downstream of a, ``upstream``, ``same_place``, ``not_connected``, ``off_network``),
        ``distance_km``, ``n_reaches``, ``codes_between`` (joined by ``;``, with ``points``),
        ``trace_flag``, geometry (LineString, drawn downstream; missing where not connected).

    Raises
    ------
    SchemaError
        A column is missing, a code is unknown, or a and b do not pair.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from chaoyang_geo.rivers import river_network
    >>> from chaoyang_geo.rivers.ways import between
    >>> lines = gpd.GeoDataFrame(
    ...     {"reach_code": ["A", "B"], "to_code": ["B", None]}, crs=4549,
    ...     geometry=[LineString([(500000, 4600000), (501000, 4600000)]),
    ...               LineString([(501000, 4600000), (504000, 4600000)])])
    >>> network = river_network(lines, tolerance_m=1)
    >>> between(network, "B", "A")[["between_state", "distance_km", "geometry"]]
      between_state  distance_km                                       geometry
    0      upstream          3.0  LINESTRING (501000 4600000, 504000 4600000)
    """
    import geopandas as gpd
    import numpy as np

    numbers = number(network)
    first, second, state, ways = _paired(network, numbers, a, b, sections)
    n = len(state)
    length = np.bincount(ways.pair, ways.to_m - ways.from_m, minlength=n)
    on_way = np.isin(state, ("downstream", "upstream", "same_place"))
    table = frame(
        from_section_code=first.codes,
        to_section_code=second.codes,
        between_state=state,
        distance_km=np.where(on_way, length / 1e3, np.nan),
        n_reaches=np.bincount(ways.pair, minlength=n).astype("int64"),
    )
    if points is not None:
        require(points, [code], table="points")
        upper, lower = _upper_lower(first, second, state)
        listed = read_places(network, points, sections=None, table="points", code=code)
        if tributaries:
            inner = _inside_area(numbers, upper, lower, on_way, listed)
        else:
            inner = _on_ways(numbers, ways, upper, lower, listed)
        table["codes_between"] = _joined(inner, listed, n)
    table["trace_flag"] = _state_words(state, ways.by_side)
    return gpd.GeoDataFrame(table, geometry=way_lines(network, ways, n))


def travel_time(
    network: RiverNetwork,
    a: Given,
    b: Given,
    *,
    velocity_m_s: str | float,
    sections: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return how long water takes between pairs of places, reach by reach.

    Parameters
    ----------
    network : RiverNetwork
    a, b : DataFrame, text or list of texts
        As :func:`between`.
    velocity_m_s : str or float
        Column of ``network.reaches`` with the mean velocity of each reach, or one velocity for
        all, in metres per second, more than 0.
    sections : DataFrame, optional
        Snapped sections that codes are looked up in.

    Returns
    -------
    DataFrame, n rows
        ``from_section_code``, ``to_section_code``, ``between_state``, ``distance_km``,
        ``travel_time_h`` (missing where a reach of the way has no velocity), ``trace_flag``.

    Raises
    ------
    SchemaError
        A column is missing, a code is unknown, or a and b do not pair.
    ValueError
        A velocity that is no positive number.

    Notes
    -----
    The sum over the reaches of the way of length / velocity (plug flow; no dispersion, no storage in
    lakes and reservoirs, which need a velocity of their own).

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from chaoyang_geo.rivers import river_network
    >>> from chaoyang_geo.rivers.ways import travel_time
    >>> lines = gpd.GeoDataFrame(
    ...     {"reach_code": ["A", "B"], "to_code": ["B", None]}, crs=4549,
    ...     geometry=[LineString([(500000, 4600000), (501000, 4600000)]),
    ...               LineString([(501000, 4600000), (504600, 4600000)])])
    >>> network = river_network(lines, tolerance_m=1)
    >>> travel_time(network, "A", "B", velocity_m_s=0.5)[["distance_km", "travel_time_h"]]
       distance_km  travel_time_h
    0          3.6            2.0
    """
    import numpy as np

    velocity = _velocity(network, velocity_m_s)
    first, second, state, ways = _paired(network, number(network), a, b, sections)
    n = len(state)
    length = ways.to_m - ways.from_m
    used = length > SAME_M
    seconds = np.zeros(len(length))
    seconds[used] = length[used] / velocity[ways.reach[used]]
    hours = np.bincount(ways.pair, seconds, minlength=n) / 3600
    on_way = np.isin(state, ("downstream", "upstream", "same_place"))
    flags = _state_words(state, ways.by_side).astype(object)
    codes = network.codes.to_numpy()
    for pair in np.flatnonzero(on_way & np.isnan(hours)).tolist():
        lacking = codes[ways.reach[(ways.pair == pair) & np.isnan(seconds)]]
        more = f"等{len(lacking)}个河段" if len(lacking) > 3 else ""
        note = f"河段{'、'.join(lacking[:3])}{more}没有流速"
        flags[pair] = "；".join(part for part in (flags[pair], note) if part)
    return frame(
        from_section_code=first.codes,
        to_section_code=second.codes,
        between_state=state,
        distance_km=np.where(on_way, np.bincount(ways.pair, length, minlength=n) / 1e3, np.nan),
        travel_time_h=np.where(on_way, hours, np.nan),
        trace_flag=flags,
    )


def _velocity(network: RiverNetwork, given: str | float) -> Floats:
    """Return the velocity of each reach, missing where there is none."""
    import numpy as np
    import pandas as pd

    if isinstance(given, str):
        require(network.reaches, [given], table="network.reaches")
        numbers = pd.to_numeric(network.reaches[given], errors="coerce")
        velocity = numbers.to_numpy("float64", na_value=np.nan)
    else:
        velocity = np.full(len(network), float(given))
    wrong = ~np.isnan(velocity) & ~((velocity > 0) & np.isfinite(velocity))
    if wrong.any() or (not isinstance(given, str) and np.isnan(given)):
        where = f" (reach {network.codes[int(wrong.argmax())]})" if isinstance(given, str) else ""
        shown = velocity[wrong][0] if wrong.any() else given
        raise ValueError(f"velocity_m_s={shown!r}{where} is no velocity; give m/s above 0.")
    out: Floats = velocity
    return out


# --- pairs --------------------------------------------------------------------------------------


def _paired(
    network: RiverNetwork, numbers: Numbering, a: Given, b: Given, sections: pd.DataFrame | None
) -> tuple[Places, Places, Any, Ways]:
    """Read pairs, say how they lie, and find the ways from the upper to the lower one."""
    import numpy as np

    first = read_places(network, a, sections=sections, table="a", code="section_code")
    second = read_places(network, b, sections=sections, table="b", code="section_code")
    n, m = len(first.reach), len(second.reach)
    if n != m and 1 not in (n, m):
        raise SchemaError(f"a has {n} places and b has {m}; give as many, or one of either.")
    size = max(n, m) if min(n, m) else 0
    first, second = (Places(*(np.resize(c, size) for c in p)) for p in (first, second))
    forth = find_ways(numbers, first, second)[0]
    back = find_ways(numbers, second, first)[0]
    state = np.where(forth, "downstream", np.where(back, "upstream", "not_connected"))
    state = np.where(forth & back, "same_place", state)
    state = np.where((first.reach < 0) | (second.reach < 0), "off_network", state)
    upper, lower = _upper_lower(first, second, state)
    return first, second, state, find_ways(numbers, upper, lower)[1]


def _upper_lower(first: Places, second: Places, state: Any) -> tuple[Places, Places]:
    import numpy as np

    turned = state == "upstream"
    upper = Places(*(np.where(turned, y, x) for x, y in zip(first, second, strict=True)))
    lower = Places(*(np.where(turned, x, y) for x, y in zip(first, second, strict=True)))
    return upper, lower


def _on_ways(
    numbers: Numbering, ways: Ways, upper: Places, lower: Places, points: Places
) -> tuple[Ints, Ints]:
    """Return pairs (way, point) of points on ways, without the ends, upper first."""
    import numpy as np

    order = np.argsort(points.reach, kind="stable")
    first = np.searchsorted(points.reach[order], ways.reach)
    last = np.searchsorted(points.reach[order], ways.reach, side="right")
    piece, entry = spread(first, last)
    point, pair = order[entry], ways.pair[piece]
    m = points.measure_m[point]
    inside = (m >= ways.from_m[piece] - SAME_M) & (m <= ways.to_m[piece] + SAME_M)
    inside &= ~_is_end(point, pair, points, upper) & ~_is_end(point, pair, points, lower)
    piece, point, pair = piece[inside], point[inside], pair[inside]
    order = np.lexsort((points.measure_m[point], piece, pair))
    return pair[order], point[order]


def _is_end(point: Ints, pair: Ints, points: Places, end: Places) -> Bools:
    import numpy as np

    near = np.abs(points.measure_m[point] - end.measure_m[pair]) <= SAME_M
    same: Bools = (points.reach[point] == end.reach[pair]) & near
    return same


def _inside_area(
    numbers: Numbering, upper: Places, lower: Places, on_way: Bools, points: Places
) -> tuple[Ints, Ints]:
    """Return pairs (way, point) of what drains to the lower place but not to the upper one."""
    import numpy as np

    keep = np.where(on_way, lower.reach, -1)
    pair, point, distance, _ = points_upstream(numbers, keep, lower.measure_m, points)
    parts = upstream_intervals(numbers, upper.reach, upper.measure_m)
    part = part_of(parts, pair, numbers.pre[points.reach[point]])
    own = points.reach[point] == upper.reach[pair]
    above = (part >= 0) & ~(own & (points.measure_m[point] > upper.measure_m[pair] + SAME_M))
    kept = ~above & ~_is_end(point, pair, points, lower)
    pair, point, distance = pair[kept], point[kept], distance[kept]
    order = np.lexsort((-distance, pair))
    return pair[order], point[order]


def points_upstream(
    numbers: Numbering, reach: Ints, measure_m: Floats, points: Places
) -> tuple[Ints, Ints, Floats, Bools]:
    """Return all pairs (place, point upstream of it), the way in metres, and side branches."""
    import numpy as np

    parts = upstream_intervals(numbers, reach, measure_m)
    known = np.flatnonzero(points.reach >= 0)
    position = numbers.pre[points.reach[known]]
    order = np.argsort(position, kind="stable")
    known, position = known[order], position[order]
    part, entry = spread(
        np.searchsorted(position, parts.start), np.searchsorted(position, parts.stop)
    )
    row, point = parts.row[part], known[entry]
    height = numbers.height_m(points.reach[point], points.measure_m[point])
    way = height - parts.base_m[part]
    own = points.reach[point] == reach[row]
    way[own] = measure_m[row[own]] - points.measure_m[point[own]]
    kept = way >= -SAME_M
    side = parts.link[part] >= 0
    return row[kept], point[kept], np.maximum(way[kept], 0.0), side[kept]


def _joined(pairs: tuple[Ints, Ints], points: Places, n: int) -> Any:
    """Join codes of points by way."""
    import numpy as np

    which, point = pairs
    out = np.full(n, "", dtype=object)
    bounds = np.searchsorted(which, np.arange(n + 1))
    for row in np.unique(which).tolist():
        out[row] = ";".join(points.codes[point[bounds[row] : bounds[row + 1]]])
    return out


def _state_words(state: Any, by_side: Bools) -> Any:
    import numpy as np

    words = {"not_connected": "两处不在同一条水路上", "off_network": OFF}
    flags = np.array([words.get(str(s), "") for s in state], dtype=object)
    if by_side is not None:
        flags[np.asarray(by_side) & (flags == "")] = SIDE
    return flags
