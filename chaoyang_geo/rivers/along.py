"""Sections in order along their rivers, and values in between."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import moved
from chaoyang_geo.rivers.called import number_texts
from chaoyang_geo.rivers.numbering import (
    SAME_M,
    Numbering,
    next_with,
    number,
    spread,
)
from chaoyang_geo.rivers.places import (
    Places,
    find_ways,
    frame,
    read_places,
    river_names,
)
from chaoyang_geo.schema import SchemaError, require, text_array

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from chaoyang_geo.rivers.network import RiverNetwork

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]


def sections_along(
    network: RiverNetwork, sections: pd.DataFrame, *, code: str = "section_code"
) -> pd.DataFrame:
    """Order sections along their rivers, and find for each the next one downstream.

    Required columns: ``sections``: ``reach_code``, ``measure_m`` (of
    :func:`~chaoyang_geo.rivers.snap_sections`); used where present: the column ``code``.

    Parameters
    ----------
    network : RiverNetwork
    sections : DataFrame, n rows
        Snapped; those on no reach keep their row.
    code : str
        Column of the sections with their code.

    Returns
    -------
    DataFrame, n rows in the same order: the input with
        ``along_river`` (name of the river), ``river_chain`` (number of the river: two brooks of
        one name have two numbers, counted in the order of the rows), ``order_on_river`` (1 the
        uppermost; 0 off the network), ``next_section_code`` (the first section that the water
        reaches, on whatever river; ``''`` for the last), ``distance_to_next_km``, ``along_flag``.
        Sort by ``river_chain`` and ``order_on_river`` to read a river downstream.

    Raises
    ------
    SchemaError
        A column is missing, or the sections were snapped to another network.

    Notes
    -----
    A river is the reaches of one name that follow each other along main branches; reaches without
    a name in between do not end it. Sections on reaches without a name are ordered along the stem
    they lie on: from each junction up along the branch with most river upstream.

    Examples
    --------
    >>> import geopandas as gpd
    >>> import pandas as pd
    >>> from shapely import LineString
    >>> from chaoyang_geo.rivers import river_network
    >>> from chaoyang_geo.rivers.along import sections_along
    >>> lines = gpd.GeoDataFrame(
    ...     {"reach_code": ["A", "B"], "to_code": ["B", None], "river_name": "大凌河"}, crs=4549,
    ...     geometry=[LineString([(500000, 4600000), (501000, 4600000)]),
    ...               LineString([(501000, 4600000), (504000, 4600000)])])
    >>> network = river_network(lines, tolerance_m=1)
    >>> sections = pd.DataFrame({"section_code": ["S1", "S2"], "reach_code": ["B", "A"],
    ...                          "measure_m": [2000.0, 500.0]})
    >>> sections_along(network, sections)[["order_on_river", "next_section_code", "distance_to_next_km"]]
       order_on_river next_section_code  distance_to_next_km
    0               2                                    NaN
    1               1                S1                  2.5
    """
    import numpy as np
    import pandas as pd

    at = read_places(network, sections, sections=None, table="sections", code=code)
    numbers = number(network)
    n = len(at.reach)
    known = at.reach >= 0
    following = _next_places(numbers, at)
    names = river_names(network)
    chains = _chains(network, numbers, names)
    chain = np.full(n, -1, dtype="int64")
    chain[known] = chains[at.reach[known]]
    height = np.full(n, np.nan)
    height[known] = numbers.height_m(at.reach[known], at.measure_m[known])
    shown, order = _ranks(chain, height)
    has = following >= 0
    onward = following[has]
    next_code = np.full(n, "", dtype=object)
    next_code[has] = at.codes[onward]
    gap = np.full(n, np.nan)
    gap[has] = np.maximum(height[has] - height[onward], 0.0) / 1e3
    own = np.full(n, "", dtype=object)
    own[known] = names[at.reach[known]]
    flags = np.where(known, np.where(has, "", "下游没有断面"), "不在河网上").astype(object)
    other = np.flatnonzero(has)[chain[has] != chain[onward]]
    for row in other.tolist():
        flags[row] = f"下一断面在另一条河“{own[following[row]]}”" if own[following[row]] else (
            "下一断面在另一条河"
        )  # fmt: skip
    out = sections.copy(deep=False)
    index = sections.index
    out["along_river"] = pd.Series(own, index=index, dtype="str")
    out["river_chain"] = shown
    out["order_on_river"] = order
    out["next_section_code"] = pd.Series(next_code, index=index, dtype="str")
    out["distance_to_next_km"] = gap
    out["along_flag"] = pd.Series(flags, index=index, dtype="str")
    return out


def _next_places(numbers: Numbering, at: Places) -> Ints:
    """Return for each place the next one that its water reaches, -1 for none."""
    import numpy as np

    n = len(at.reach)
    following = np.full(n, -1, dtype="int64")
    rows = np.flatnonzero(at.reach >= 0)
    if not len(rows):
        return following
    rows = rows[np.lexsort((rows, at.measure_m[rows], at.reach[rows]))]
    reach, measure = at.reach[rows], at.measure_m[rows]
    same = reach[1:] == reach[:-1]
    following[rows[:-1][same]] = rows[1:][same]
    # the lowest place of each reach, and with it whether water that enters the reach meets it
    deepest = np.full(len(numbers.down), -1.0)
    np.maximum.at(deepest, reach, measure)
    ahead = numbers.down
    meets = (ahead >= 0) & (deepest[ahead] >= 0)
    meets &= deepest[ahead] >= numbers.join_m - SAME_M
    over = next_with(numbers, meets)
    last = np.ones(len(rows), dtype=bool)
    last[:-1] = ~same
    ends = np.flatnonzero(last)
    leaving = over[reach[ends]]
    ends, leaving = ends[leaving >= 0], leaving[leaving >= 0]
    target, join = ahead[leaving], numbers.join_m[leaving] - SAME_M
    # the first place on the reach that is entered, not above where it is entered
    size = float(numbers.length_m.max(initial=0.0)) + 1.0
    keys = reach * size + measure
    found = np.searchsorted(keys, target * size + np.maximum(join, 0.0), side="left")
    following[rows[ends]] = rows[found]
    return following


def _chains(network: RiverNetwork, numbers: Numbering, names: Any) -> Ints:
    """Number the rivers: reaches of one name that follow each other, else stems."""
    import numpy as np

    n = len(numbers.down)
    label, _ = number_texts(names)
    named = label >= 0
    ahead = numbers.down
    flows = ahead >= 0
    # the first named reach below
    over = next_with(numbers, flows & named[ahead])
    below = np.where(over >= 0, ahead[over], -1)
    link = np.arange(n)
    joins = named & (below >= 0) & (label[below] == label)
    link[joins] = below[joins]
    # unnamed: the branch with most river upstream goes on
    size = network.reaches["upstream_length_km"].to_numpy("float64")
    rows = np.flatnonzero(flows & ~named)
    rows = rows[np.lexsort((rows, -size[rows], ahead[rows]))]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = ahead[rows][1:] != ahead[rows][:-1]
    goes_on = rows[first]
    goes_on = goes_on[~named[ahead[goes_on]]]
    link[goes_on] = ahead[goes_on]
    while True:
        further = link[link]
        if (further == link).all():
            return link
        link = further


def _ranks(chain: Ints, height: Floats) -> tuple[Ints, Ints]:
    """Number chains as they come, and rank places in each from the top."""
    import numpy as np

    shown = number_texts(np.where(chain >= 0, chain.astype(str), ""))[0] + 1
    order = np.zeros(len(chain), dtype="int64")
    rows = np.flatnonzero(chain >= 0)
    rows = rows[np.lexsort((rows, -height[rows], chain[rows]))]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = chain[rows][1:] != chain[rows][:-1]
    begin = np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0)) if len(rows) else rows
    order[rows] = np.arange(len(rows)) - begin + 1
    return shown, order


# --- values in between --------------------------------------------------------------------------


def interpolate_along(
    network: RiverNetwork,
    sections: pd.DataFrame,
    values: str | pd.Series,
    *,
    every_m: float,
    outside: bool = False,
) -> gpd.GeoDataFrame:
    """Interpolate a value along the rivers, from each section to the next one downstream.

    Required columns: ``sections``: ``section_code``, ``reach_code``, ``measure_m`` (of
    :func:`~chaoyang_geo.rivers.snap_sections`), and ``values`` where that is a column.

    Parameters
    ----------
    network : RiverNetwork
    sections : DataFrame
        Snapped.
    values : str or Series
        Column of the sections, or numbers by ``section_code``.
    every_m : float, metres, more than 0
        A point is made so often along each stretch, and at its end.
    outside : bool
        Also make points, without a value, up from each uppermost section to the source of its
        stem, and down from each lowest one to its outlet.

    Returns
    -------
    GeoDataFrame of Points, CRS of ``network.reaches``, one row per point, stretch by stretch
        ``from_section_code``, ``to_section_code``, ``reach_code``, ``measure_m``, ``distance_km``
        (from the upper end of the stretch), ``value``, ``interpolate_flag``.

    Raises
    ------
    SchemaError
        A column is missing, or a section is there twice.
    ValueError
        ``every_m`` is no distance.

    Notes
    -----
    Linear in the distance along the river. No mixing is computed: a stretch that a tributary
    joins says so. Nothing is extrapolated.

    Examples
    --------
    >>> import geopandas as gpd
    >>> import pandas as pd
    >>> from shapely import LineString
    >>> from chaoyang_geo.rivers import river_network
    >>> from chaoyang_geo.rivers.along import interpolate_along
    >>> lines = gpd.GeoDataFrame(
    ...     {"reach_code": ["A"], "to_code": [None]}, crs=4549,
    ...     geometry=[LineString([(500000, 4600000), (504000, 4600000)])])
    >>> network = river_network(lines, tolerance_m=1)
    >>> sections = pd.DataFrame({"section_code": ["S1", "S2"], "reach_code": "A",
    ...                          "measure_m": [1000.0, 3000.0], "tp": [0.1, 0.3]})
    >>> interpolate_along(network, sections, "tp", every_m=1000)[["distance_km", "value"]]
       distance_km  value
    0          0.0    0.1
    1          1.0    0.2
    2          2.0    0.3
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    if not (math.isfinite(every_m) and every_m > 0):
        raise ValueError(f"every_m={every_m!r} is no distance; give metres above 0.")
    require(sections, ["section_code"], table="sections")
    at = read_places(network, sections, sections=None, table="sections", code="section_code")
    value = _values(sections, at, values)
    numbers = number(network)
    stretches = _stretches(network, numbers, at, outside)
    upper, lower, first, last = stretches
    ways = find_ways(numbers, upper, lower)[1]
    n = len(upper.reach)
    piece_length = ways.to_m - ways.from_m
    length = np.bincount(ways.pair, piece_length, minlength=n)
    count = np.maximum(np.ceil(length / every_m - 1e-9), 0).astype("int64") + 1
    stretch, nth = spread(np.zeros(n, "int64"), count)
    distance = np.minimum(nth * every_m, length[stretch])
    # the piece of the way that holds the point: lengths run on from stretch to stretch
    ahead = np.cumsum(length) - length
    starts = np.cumsum(piece_length) - piece_length
    piece = np.searchsorted(starts, ahead[stretch] + distance, side="right") - 1
    low, high = (
        np.searchsorted(ways.pair, stretch),
        np.searchsorted(ways.pair, stretch, "right") - 1,
    )
    piece = np.clip(piece, low, high)
    measure = ways.from_m[piece] + (ahead[stretch] + distance - starts[piece])
    measure = np.clip(measure, ways.from_m[piece], ways.to_m[piece])
    points = shapely.line_interpolate_point(network.metric[ways.reach[piece]], measure)
    ends = (first >= 0) & (last >= 0)
    start = np.where(ends, value[first], np.nan) if len(value) else np.full(n, np.nan)
    stop = np.where(ends, value[last], np.nan) if len(value) else np.full(n, np.nan)
    part = np.divide(
        distance, length[stretch], out=np.zeros(len(stretch)), where=length[stretch] > 0
    )
    between = start[stretch] + (stop[stretch] - start[stretch]) * part
    flags = _stretch_words(network, numbers, ways, at, value, first, last)
    codes = np.append(at.codes, "").astype(object)
    table = frame(
        from_section_code=codes[first][stretch],
        to_section_code=codes[last][stretch],
        reach_code=network.codes.to_numpy()[ways.reach[piece]],
        measure_m=measure,
        distance_km=distance / 1e3,
        value=between,
        interpolate_flag=flags[stretch],
    )
    crs = network.reaches.crs
    placed = gpd.GeoSeries(points, index=table.index, crs=network.metric_crs or crs)
    shapes = moved(placed, crs)
    out = gpd.GeoDataFrame(pd.DataFrame(table), geometry=shapes)
    return out


def _values(sections: pd.DataFrame, at: Places, values: str | pd.Series) -> Floats:
    """Return the number of each section."""
    import numpy as np
    import pandas as pd

    codes = pd.Series(at.codes)
    if codes.duplicated().any():
        twice = codes[codes.duplicated()].iloc[0]
        raise SchemaError(f"sections: section_code must be unique; twice there: {twice}.")
    if isinstance(values, str):
        require(sections, [values], table="sections")
        numbers = pd.to_numeric(sections[values], errors="coerce")
    else:
        if values.index.has_duplicates:
            raise SchemaError("values: a section is there twice; give one number for each.")
        by_code = pd.Series(values.to_numpy(), index=text_array(values.index.to_series()))
        numbers = pd.to_numeric(by_code.reindex(at.codes), errors="coerce")
    out: Floats = numbers.to_numpy("float64", na_value=np.nan)
    return out


def _stretches(
    network: RiverNetwork, numbers: Numbering, at: Places, outside: bool
) -> tuple[Places, Places, Ints, Ints]:
    """Return upper and lower ends of stretches, and the sections at them, -1 for none."""
    import numpy as np

    following = _next_places(numbers, at)
    first = np.flatnonzero(following >= 0)
    last = following[first]
    reach = [(at.reach[first], at.reach[last])]
    measure = [(at.measure_m[first], at.measure_m[last])]
    ends = [(first, last)]
    if outside:
        none = np.flatnonzero((at.reach >= 0) & (following < 0))
        foot = numbers.root[at.reach[none]]
        reach.append((at.reach[none], foot))
        measure.append((at.measure_m[none], numbers.length_m[foot]))
        ends.append((none, np.full(len(none), -1)))
        top, source = _tops(network, numbers, at)
        reach.append((source, at.reach[top]))
        measure.append((np.zeros(len(top)), at.measure_m[top]))
        ends.append((np.full(len(top), -1), top))
    codes = np.concatenate([pair[0] for pair in ends])
    upper = Places(
        codes, np.concatenate([r[0] for r in reach]), np.concatenate([m[0] for m in measure])
    )
    lower = Places(
        codes, np.concatenate([r[1] for r in reach]), np.concatenate([m[1] for m in measure])
    )
    return upper, lower, codes, np.concatenate([pair[1] for pair in ends])


def _tops(network: RiverNetwork, numbers: Numbering, at: Places) -> tuple[Ints, Ints]:
    """Return the sections without another one up their stem, and the source of the stem."""
    import numpy as np

    from chaoyang_geo.rivers.belong import main_above

    above = main_above(network)
    has = np.zeros(len(above), dtype=bool)
    has[at.reach[at.reach >= 0]] = True
    # up the stem: the source, and whether a section lies on the way
    jump = np.where(above >= 0, above, np.arange(len(above)))
    met = np.where(above >= 0, has[jump], False)
    while True:
        further = jump[jump]
        if (further == jump).all():
            break
        met, jump = met | met[jump], further
    rows = np.flatnonzero(at.reach >= 0)
    rows = rows[np.lexsort((rows, at.measure_m[rows], at.reach[rows]))]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = at.reach[rows][1:] != at.reach[rows][:-1]
    rows = rows[first]
    rows = np.sort(rows[~met[at.reach[rows]]])
    return rows, jump[at.reach[rows]]


def _stretch_words(
    network: RiverNetwork, numbers: Numbering, ways: Any, at: Places, value: Floats, first: Ints,
    last: Ints,
) -> Any:  # fmt: skip
    """Say of each stretch what its values are worth."""
    import numpy as np

    entering = np.bincount(numbers.down[numbers.down >= 0], minlength=len(numbers.down))
    entering += np.bincount(numbers.extra_to, minlength=len(numbers.down))
    inner = np.zeros(len(ways.pair), dtype=bool)
    inner[1:] = ways.pair[1:] == ways.pair[:-1]
    joined = np.bincount(ways.pair, inner & (entering[ways.reach] > 1), minlength=len(first)) > 0
    flags = np.full(len(first), "", dtype=object)
    for k, (a, b) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        if a < 0:
            flags[k] = "上游没有断面，不外推"
        elif b < 0:
            flags[k] = "下游没有断面，不外推"
        else:
            missing = [at.codes[row] for row in (a, b) if np.isnan(value[row])]
            notes = [f"断面{'、'.join(missing)}没有数值"] if missing else []
            if joined[k]:
                notes.append("其间有支流汇入，线性内插不计混合")
            flags[k] = "；".join(notes)
    return flags
