"""Places on a network, and the ways between them: what every trace begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from chaoyang_geo.crs import moved
from chaoyang_geo.rivers.numbering import (
    SAME_M,
    Intervals,
    Numbering,
    part_of,
    upstream_intervals,
)
from chaoyang_geo.schema import SchemaError, as_text, require, text_array

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from chaoyang_geo.rivers.network import RiverNetwork

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

_SNAP = "Snap the table first: snap_sections(table, network, max_distance_m=...)."


#: What flags say of a place on no reach, and of a way that takes a side branch.
OFF, SIDE = "不在河网上", "经支汊"


class Places(NamedTuple):
    """Places on reaches: ``reach`` is the number of a reach, -1 where a place is on none."""

    codes: Any
    reach: Ints
    measure_m: Floats


def read_places(
    network: RiverNetwork, given: Any, *, sections: pd.DataFrame | None, table: str, code: str
) -> Places:
    """Read places: a snapped table, codes of sections, or codes of reaches (their lower ends).

    Raises
    ------
    SchemaError
        A column is missing, or a code is not known.
    """
    import pandas as pd

    if isinstance(given, pd.DataFrame):
        return _of_table(network, given, table, code)
    codes = [given] if isinstance(given, str) else list(given)
    if sections is None:
        return _of_reaches(network, codes, table)
    require(sections, ["section_code", "reach_code", "measure_m"], table="sections", hint=_SNAP)
    known = as_text(sections["section_code"]).reset_index(drop=True)
    wanted = as_text(codes)
    first = pd.Series(known.index, index=known)
    twice = known[known.duplicated()]
    for name in wanted:
        if name not in first.index:
            raise SchemaError(f"{table}: section {name!r} is not among the sections.")
        if (twice == name).any():
            raise SchemaError(f"sections: section_code must be unique; twice there: {name}.")
    return _of_table(network, sections.iloc[first[wanted].tolist()], "sections", "section_code")


def _of_reaches(network: RiverNetwork, codes: list[Any], table: str) -> Places:
    import numpy as np

    reach = network.index_of(codes)
    if (reach < 0).any():
        missing = codes[int((reach < 0).argmax())]
        raise SchemaError(
            f"{table}: the network has no reach {missing!r}. For codes of sections, give the "
            "snapped sections too: sections=..."
        )
    names = as_text(codes).to_numpy(dtype=object)
    return Places(names, reach, np.nan_to_num(network.length_m[reach]))


def _of_table(network: RiverNetwork, frame: pd.DataFrame, table: str, code: str) -> Places:
    import numpy as np
    import pandas as pd

    require(frame, ["reach_code", "measure_m"], table=table, hint=_SNAP)
    reaches = text_array(frame["reach_code"])
    reach = network.index_of(reaches)
    numbers = pd.to_numeric(frame["measure_m"], errors="coerce")
    measure = numbers.to_numpy("float64", na_value=np.nan)
    length = (
        np.where(reach >= 0, np.nan_to_num(network.length_m)[reach], 0.0) if len(network) else 0.0
    )
    slack = 1.0 + network.tolerance_m
    wrong = (reaches != "") & (
        (reach < 0) | ~(measure >= -slack) | ~(measure <= np.asarray(length) + slack)
    )
    if wrong.any():
        row = int(wrong.argmax())
        raise SchemaError(
            f"{table}: row {row + 1} lies on reach {reaches[row]!r} at {measure[row]:.1f} m, which "
            f"is not on this network. {_SNAP}"
        )
    measure = np.clip(np.nan_to_num(measure), 0.0, length)
    names = text_array(frame[code]) if code in frame else as_text(frame.index).to_numpy(object)
    return Places(names, reach, measure)


class Ways(NamedTuple):
    """Ways downstream, piece by piece: pair, its pieces in order, reach, from and to in metres."""

    pair: Ints
    reach: Ints
    from_m: Floats
    to_m: Floats
    by_side: Any  # of each pair: does it take a side branch?


def find_ways(numbers: Numbering, a: Places, b: Places) -> tuple[Any, Ways]:
    """Return which pairs flow from a to b, and their ways down."""
    import numpy as np

    parts = upstream_intervals(numbers, b.reach, b.measure_m)
    n = len(a.reach)
    pairs = np.flatnonzero((a.reach >= 0) & (b.reach >= 0))
    part = np.full(n, -1, dtype="int64")
    part[pairs] = part_of(parts, pairs, numbers.pre[a.reach[pairs]])
    below = (a.reach == b.reach) & (a.measure_m > b.measure_m + SAME_M)
    part[below] = -1
    flows = part >= 0
    by_side = np.zeros(n, dtype=bool)
    by_side[flows] = parts.link[part[flows]] >= 0
    legs = _legs(numbers, parts, part, a, b)
    return flows, _walk(numbers, *legs, a, b)._replace(by_side=by_side)


def _legs(
    numbers: Numbering, parts: Intervals, part: Ints, a: Places, b: Places
) -> tuple[Ints, Ints, Ints]:
    """Return the legs of ways, each along main branches: pair, first reach, last reach."""
    import numpy as np

    pairs = np.flatnonzero(part >= 0)
    start, current = a.reach[pairs], part[pairs]
    out: list[tuple[Ints, Ints, Ints]] = []
    while len(pairs):
        link = parts.link[current]
        side = link >= 0
        stop = np.where(side, numbers.extra_from[link] if len(numbers.extra_from) else 0, 0)
        stop = np.where(side, stop, b.reach[pairs])
        out.append((pairs, start, stop))
        pairs, link, current = pairs[side], link[side], current[side]
        start, current = numbers.extra_to[link], parts.onward[current]
    if not out:
        nothing = np.empty(0, "int64")
        return nothing, nothing, nothing
    columns = [np.concatenate(column) for column in zip(*out, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return columns[0][order], columns[1][order], columns[2][order]


def _walk(numbers: Numbering, pair: Ints, start: Ints, stop: Ints, a: Places, b: Places) -> Ways:
    """Walk all legs at once, a reach at a time."""
    import numpy as np

    leg, here = np.arange(len(pair)), start.copy()
    enters = np.zeros(len(pair))
    visited: list[tuple[Ints, Ints, Floats, Floats]] = []
    while len(leg):
        ahead = numbers.down[here]
        visited.append((leg, here, enters, numbers.length_m[here]))
        more = here != stop[leg]
        enters, leg, here = numbers.join_m[here][more], leg[more], ahead[more]
    if not visited:
        nothing, none = np.empty(0, "int64"), np.empty(0)
        return Ways(nothing, nothing, none, none, None)
    legs, reach, low, high = (np.concatenate(column) for column in zip(*visited, strict=True))
    order = np.argsort(legs, kind="stable")
    legs, reach, low, high = legs[order], reach[order], low[order].copy(), high[order].copy()
    whose = pair[legs]
    first = np.ones(len(whose), dtype=bool)
    first[1:] = whose[1:] != whose[:-1]
    last = np.roll(first, -1)
    if len(last):
        last[-1] = True
    low[first] = a.measure_m[whose[first]]
    high[last] = b.measure_m[whose[last]]
    return Ways(whose, reach, low, np.maximum(high, low), None)


def way_lines(network: RiverNetwork, ways: Ways, n: int) -> gpd.GeoSeries:
    """Return the line of each way in the CRS of the network's reaches; None without one."""
    import geopandas as gpd
    import numpy as np
    import shapely

    pieces = cut_lines(network, ways.reach, ways.from_m, ways.to_m)
    lines = np.full(n, None, dtype=object)
    bounds = np.searchsorted(ways.pair, np.arange(n + 1))
    for pair in np.unique(ways.pair).tolist():
        own = pieces[bounds[pair] : bounds[pair + 1]]
        xy = shapely.get_coordinates(own)
        if len(xy) > 1:
            turns = np.ones(len(xy), dtype=bool)
            turns[1:] = (xy[1:] != xy[:-1]).any(axis=1)
            xy = xy[turns]
        # a way of no length is still a line: its two ends are one
        lines[pair] = shapely.linestrings(xy if len(xy) > 1 else np.vstack([xy[:1], xy[:1]]))
    crs = network.metric_crs or network.reaches.crs
    return moved(gpd.GeoSeries(lines, crs=crs), network.reaches.crs)


def cut_lines(network: RiverNetwork, reach: Ints, from_m: Floats, to_m: Floats) -> Any:
    """Return parts of reaches in the metric CRS; whole ones are not copied."""
    import numpy as np
    from shapely.ops import substring

    lines = network.metric[reach].copy()
    length = np.nan_to_num(network.length_m[reach])
    for k in np.flatnonzero((from_m > SAME_M) | (to_m < length - SAME_M)).tolist():
        if lines[k] is not None:
            lines[k] = substring(lines[k], from_m[k], to_m[k])
    return lines


def words(which: Bools, text: str) -> Any:
    import numpy as np

    return np.where(which, text, "").astype(object)


def river_names(network: RiverNetwork) -> Any:
    import numpy as np

    if "river_name" in network.reaches:
        return text_array(network.reaches["river_name"])
    return np.full(len(network), "", dtype=object)


def index_of(places: Any) -> pd.Index | None:
    import pandas as pd

    return places.index if isinstance(places, pd.DataFrame) else None


def frame(**columns: Any) -> pd.DataFrame:
    """Build a table; texts are text even without a row."""
    import numpy as np
    import pandas as pd

    return pd.DataFrame(
        {
            name: pd.Series(values, dtype="str")
            if np.asarray(values).dtype.kind in "OU"
            else np.asarray(values)
            for name, values in columns.items()
        }
    )
