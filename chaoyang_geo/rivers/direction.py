"""Which way each reach of a network flows: by drawing, elevation, outlet or code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import CRSError, moved, require_crs
from chaoyang_geo.rivers.ends import SAME_M, Ends, Junctions, Pieces, cut_pieces
from chaoyang_geo.rivers.findings import Notes
from chaoyang_geo.rivers.links import Links, code_gaps, direct_codes, link_by_code, link_codes
from chaoyang_geo.rivers.order import cut_links, downhill, low_outlets, parts, voted_outlets
from chaoyang_geo.schema import SchemaError, as_text, require

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

#: An outlet that is given as a point may lie this far from the nearest node, metres.
OUTLET_M = 1000.0


@dataclass
class Draft:
    """What the steps of building hand on to each other."""

    codes: npt.NDArray[np.object_]
    name: Ints  # a number for each name, -1 without one
    lines: Any
    length_m: Floats
    rank: Ints  # of the code, so that the order of the rows does not matter
    ends: Ends
    used: Bools
    twin: Ints
    tolerance_m: float
    zone: str
    notes: Notes

    def middle(self, rows: Any) -> Any:
        """Return the points half-way along reaches."""
        import shapely

        return shapely.line_interpolate_point(self.lines[rows], 0.5, normalized=True)

    def node_points(self, nodes: Any) -> Any:
        """Return the points of nodes."""
        import shapely

        return shapely.points(self.ends.xy[nodes])


@dataclass(frozen=True)
class Directed:
    """The pieces, which of them flow as drawn, and the links."""

    pieces: Pieces
    pieces_forward: Bools
    forward: Bools
    links: Links


def by_code(draft: Draft, given: Any) -> Directed:
    """Direct reaches by the codes of the reaches that they flow into."""
    import numpy as np

    texts = as_text(given).str.strip().to_numpy(dtype=object)
    start, stop, place, strange = link_codes(texts, draft.codes, draft.twin)
    gap = code_gaps(start, stop, draft.lines, draft.ends)
    cut = cut_links(start, stop, np.nan_to_num(gap), draft.rank, len(draft.codes))
    forward = direct_codes(start[~cut], stop[~cut], place[~cut], draft.lines, draft.ends,
                           tolerance_m=draft.tolerance_m)  # fmt: skip
    links = link_by_code(start, stop, gap, cut, forward, draft.lines, draft.ends,
                         draft.length_m, tolerance_m=draft.tolerance_m)  # fmt: skip
    rows = np.array([row for row, _ in strange], dtype=np.int64)
    last = np.where(forward, draft.ends.head, draft.ends.tail)
    notes = draft.notes
    notes.add("unknown_code", rows, _end_points(draft, last, rows),
              others=[text for _, text in strange])  # fmt: skip
    wide = (gap > max(draft.tolerance_m, SAME_M)) & ~cut
    notes.add("code_gap", start[wide], _end_points(draft, last, start[wide]), sizes=gap[wide],
              others=draft.codes[stop[wide]])  # fmt: skip
    notes.add("link_cut", links.cut_start, _end_points(draft, last, links.cut_start),
              sizes=links.cut_gap_m, others=draft.codes[links.cut_stop])  # fmt: skip
    none = Junctions(*(np.empty(0, dtype=t) for t in (np.int64, np.int64, float, float)))
    drawn = draft.used & (draft.ends.tail >= 0)
    pieces = cut_pieces(draft.ends, none, np.flatnonzero(drawn), draft.length_m,
                        draft.rank)  # fmt: skip
    note_reversed(draft, np.flatnonzero(~forward & draft.used))
    return Directed(pieces, forward[pieces.reach], forward, links)


def _end_points(draft: Draft, node: Ints, rows: Ints) -> Any:
    """Return the points of the nodes of reaches, None where a reach has no line."""
    import numpy as np

    points = np.full(len(rows), None, dtype=object)
    located = node[rows] >= 0
    points[located] = draft.node_points(node[rows][located])
    return points


def note_reversed(draft: Draft, rows: Ints) -> None:
    """Say that reaches are drawn against the flow."""
    draft.notes.add("reversed", rows, draft.middle(rows), sizes=draft.length_m[rows])


def by_shape(
    draft: Draft,
    pieces: Pieces,
    *,
    how: str,
    heights: tuple[Floats, Floats] | None,
    outlet: Any,
    flat_m: float,
    several_outlets: bool,
) -> tuple[Bools, Bools]:
    """Direct pieces towards outlets; return which flow as drawn, of pieces and of reaches."""
    import numpy as np

    m = len(draft.ends.xy)
    part = parts(pieces.tail, pieces.head, m)
    degree = np.bincount(pieces.tail, minlength=m) + np.bincount(pieces.head, minlength=m)
    expected = np.ones(len(pieces.reach), dtype=bool)
    # drawing errors come by the reach, whatever its length and its pieces
    share = pieces.length_m / np.maximum(draft.length_m[pieces.reach], SAME_M)
    mean = float(draft.length_m[draft.used].mean()) if draft.used.any() else 0.0
    against = share * mean
    if heights is not None:
        level = _node_heights(draft, heights, m)
        drop = level[pieces.tail] - level[pieces.head]
        flat = ~(np.abs(drop) > flat_m)
        expected = flat | (drop > 0)
        against = np.where(flat, 0.001 * against, np.abs(drop))
        chosen = low_outlets(level, degree, part, flat_m)
        unknown = draft.used & np.isnan(heights[0]) & np.isnan(heights[1])
        rows = np.flatnonzero(unknown)
        draft.notes.add("no_elevation", rows, draft.middle(rows))
    elif how == "outlet":
        chosen = _given_outlets(draft, outlet, degree)
    else:
        chosen = np.zeros(m, dtype=bool)
    tail = np.where(expected, pieces.tail, pieces.head)
    head = np.where(expected, pieces.head, pieces.tail)
    if several_outlets:
        entered = np.bincount(head, minlength=m) > 0
        chosen |= (degree == 1) & entered
    has = np.zeros(part.max(initial=-1) + 1, dtype=bool)
    has[part[chosen]] = True
    voted = voted_outlets(tail, head, against, part) & ~has[part]
    chosen |= voted
    turned, cut = downhill(tail, head, pieces.length_m, against, np.flatnonzero(chosen), m)
    forward = expected ^ turned ^ cut
    whole = _whole(draft, pieces, forward)
    _note_turns(draft, pieces, forward, whole, cut)
    if how == "outlet":
        _note_without_outlet(draft, pieces, forward, voted)
    return forward, whole


def _whole(draft: Draft, pieces: Pieces, forward: Bools) -> Bools:
    """Return which reaches flow as drawn: the way of most of their length."""
    import numpy as np

    signed = np.where(forward, pieces.length_m, -pieces.length_m)
    total = np.bincount(pieces.reach, weights=signed, minlength=len(draft.codes))
    return total >= 0


def _note_turns(draft: Draft, pieces: Pieces, forward: Bools, whole: Bools, cut: Bools) -> None:
    import numpy as np

    mixed = np.unique(pieces.reach[forward != whole[pieces.reach]])
    draft.notes.add("both_ways", mixed, draft.middle(mixed), sizes=draft.length_m[mixed])
    broken = np.unique(pieces.reach[cut])
    broken = broken[~whole[broken]]
    draft.notes.add("loop", broken, draft.middle(broken), sizes=draft.length_m[broken])
    back = draft.used & ~whole
    back[broken] = False
    note_reversed(draft, np.flatnonzero(back))


def _note_without_outlet(draft: Draft, pieces: Pieces, forward: Bools, voted: Bools) -> None:
    """Say for each part without a given outlet that the drawing decided."""
    import numpy as np

    sink = np.where(forward, pieces.head, pieces.tail)
    at = np.flatnonzero(voted[sink])
    at = at[np.lexsort((draft.rank[pieces.reach[at]], sink[at]))]
    at = at[np.unique(sink[at], return_index=True)[1]]
    draft.notes.add("no_outlet", pieces.reach[at], draft.node_points(sink[at]))


def _node_heights(draft: Draft, heights: tuple[Floats, Floats], m: int) -> Floats:
    """Return the mean elevation of the ends at each node, missing where none is known."""
    import numpy as np

    rows = np.flatnonzero(draft.used)
    node = np.concatenate([draft.ends.tail[rows], draft.ends.head[rows]])
    value = np.concatenate([heights[0][rows], heights[1][rows]])
    known = ~np.isnan(value)
    total = np.bincount(node[known], weights=value[known], minlength=m)
    count = np.bincount(node[known], minlength=m)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def read_heights(
    lines: gpd.GeoDataFrame, elevation: str | Sequence[str], code: str
) -> tuple[Floats, Floats]:
    """Return the elevation where each line begins and ends, as drawn, in metres.

    Raises
    ------
    SchemaError
        A column is missing or holds no numbers, or no end has an elevation.
    """
    import numpy as np
    import pandas as pd
    import shapely

    if isinstance(elevation, str) and elevation == "z":
        shapes = lines.geometry.to_numpy()
        coordinates, row = shapely.get_coordinates(shapes, include_z=True, return_index=True)
        first = np.full(len(lines), np.nan)
        last = first.copy()
        rows, begin = np.unique(row, return_index=True)
        stop = np.append(begin[1:], len(row)) - 1
        first[rows], last[rows] = coordinates[begin, 2], coordinates[stop, 2]
    else:
        columns = [elevation] if isinstance(elevation, str) else list(elevation)
        if len(columns) not in (1, 2):
            raise ValueError(
                f"elevation={elevation!r} is not an option; use 'z', a column of one elevation "
                "for each reach, or two columns: where the line begins and where it ends."
            )
        require(lines, columns, table="lines")
        values = []
        for column in columns:
            numbers = pd.to_numeric(lines[column], errors="coerce")
            bad = (numbers.isna() & lines[column].notna()).to_numpy()
            if bad.any():
                row_ = int(bad.argmax())
                raise SchemaError(
                    f"lines: row {row_ + 1} of {column} holds {lines[column].iloc[row_]!r}, which "
                    "is no number; elevations are metres, missing is empty."
                )
            values.append(numbers.to_numpy(dtype=float, na_value=np.nan))
        first, last = values[0], values[-1]
    if len(lines) and np.isnan(first).all() and np.isnan(last).all():
        raise SchemaError(
            f"lines: no reach has an elevation in {elevation!r}; give another column or another "
            "order, e.g. order='geometry'."
        )
    return first, last


def _given_outlets(draft: Draft, outlet: Any, degree: Ints) -> Bools:
    """Return the nodes that are given as outlets, by reach codes or by points."""
    import geopandas as gpd
    import numpy as np

    m = len(draft.ends.xy)
    chosen = np.zeros(m, dtype=bool)
    if isinstance(outlet, gpd.GeoDataFrame | gpd.GeoSeries):
        chosen[_nearest_nodes(draft, outlet)] = True
        return chosen
    if hasattr(outlet, "geom_type"):
        raise CRSError(
            "outlet: a bare geometry has no CRS; wrap it: geopandas.GeoSeries([point], "
            'crs="EPSG:4490").'
        )
    listed = [outlet] if isinstance(outlet, str) else list(outlet)
    texts = as_text(listed).tolist()
    place = {code: row for row, code in enumerate(draft.codes.tolist())}
    for text in texts:
        row = place.get(text, -1)
        if row < 0:
            raise ValueError(f"outlet={text!r} is no reach code of lines; give codes or points.")
        if not draft.used[row]:
            raise ValueError(
                f"outlet={text!r} is a reach without a usable line, or one that repeats another; "
                "give the code of another reach or a point."
            )
        begins, ends = int(draft.ends.tail[row]), int(draft.ends.head[row])
        free_begin = degree[begins] == 1 and degree[ends] != 1
        chosen[begins if free_begin else ends] = True
    return chosen


def _nearest_nodes(draft: Draft, outlet: Any) -> Ints:
    """Return the node nearest to each point; a point far from every node is an error."""
    import numpy as np
    import shapely
    from scipy.spatial import cKDTree  # type: ignore[import-untyped]

    require_crs(outlet, layer_name="outlet")
    points = moved(outlet.geometry, draft.zone).to_numpy()
    if not (shapely.get_type_id(points) == 0).all():
        raise SchemaError("outlet: every row must be a point; give points or reach codes.")
    apart, node = cKDTree(draft.ends.xy).query(shapely.get_coordinates(points))
    far = np.flatnonzero(apart > max(OUTLET_M, draft.tolerance_m))
    if len(far):
        raise ValueError(
            f"outlet: point {far[0] + 1} lies {apart[far[0]]:.0f} m from the nearest end of a "
            f"reach (at most {OUTLET_M:.0f} m); is it the right place and CRS?"
        )
    nodes: Ints = node.astype(np.int64)
    return nodes
