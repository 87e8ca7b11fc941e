"""The river within a distance of a place, up and down all its arms, and the strip along it."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from chaoyang_geo.rivers.numbering import SAME_M
from chaoyang_geo.rivers.places import cut_lines
from chaoyang_geo.shapes import finite, made_valid

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

    from chaoyang_geo.rivers.network import RiverNetwork

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]


#: Steps of the arc around a bend of up to half a turn, and of a quarter of a circle.
ARC = 32


def located(layer: gpd.GeoDataFrame | gpd.GeoSeries) -> gpd.GeoSeries:
    """Return the geometry, None where it is missing, empty or not finite."""
    import geopandas as gpd

    shapes = mended(layer.geometry, as_drawn=True)
    return gpd.GeoSeries(shapes, index=layer.index, crs=layer.crs)


def mended(layer: gpd.GeoSeries, *, as_drawn: bool = False, collapsed: bool = False) -> Any:
    """Return valid shapes without heights, None where there is none or a coordinate is not finite.

    They are mended as :func:`chaoyang_geo.shapes.made_valid` does; ``as_drawn`` keeps all as they
    are.
    """
    import numpy as np
    import shapely

    shapes = shapely.force_2d(np.array(layer.to_numpy(), dtype=object))
    shapes[~finite(shapes)] = None
    shapes[shapely.is_empty(shapes)] = None
    if not as_drawn:
        shapes = made_valid(shapes, collapsed=collapsed)[0]
        shapes[shapely.is_empty(shapes)] = None
    return shapes


class Pieces(NamedTuple):
    """Where reaches lie in polygons: pair by pair, from and to in metres, reach by reach."""

    polygon: Ints
    reach: Ints
    from_m: Floats
    to_m: Floats


def pieces_inside(network: RiverNetwork, shapes: Any) -> Pieces:
    """Return the parts of reaches that lie in polygons, borders included, sorted by reach.

    ``shapes`` are valid polygons in the metric CRS of the network, None where there is none. Reaches
    that were left out of the network are not looked at.
    """
    import numpy as np
    import shapely

    lines = network.metric
    usable = ~(shapely.is_missing(lines) | shapely.is_empty(lines))
    usable &= network.reaches["component"].to_numpy() > 0
    rows = np.flatnonzero(usable)
    tree = shapely.STRtree(lines[rows])
    polygon, line = tree.query(shapes, predicate="intersects")
    covered = tree.query(shapes, predicate="covers")
    whole = np.isin(polygon * len(rows) + line, covered[0] * len(rows) + covered[1])
    reach = rows[line]
    cut = np.flatnonzero(~whole)
    common = shapely.intersection(lines[reach[cut]], shapes[polygon[cut]])
    parts, owner = shapely.get_parts(common, return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)  # a collection may hold multiparts
    pair = cut[owner[inner]]
    is_point = shapely.get_type_id(parts) == 0
    first = np.where(is_point, parts, shapely.get_point(parts, 0))
    last = np.where(is_point, parts, shapely.get_point(parts, -1))
    ends = [shapely.line_locate_point(lines[reach[pair]], end) for end in (first, last)]
    every = np.concatenate([np.flatnonzero(whole), pair])
    low = np.concatenate([np.zeros(int(whole.sum())), np.minimum(*ends)])
    high = np.concatenate([network.length_m[reach[whole]], np.maximum(*ends)])
    order = np.lexsort((low, polygon[every], reach[every]))
    every = every[order]
    return Pieces(polygon[every], reach[every], low[order], high[order])


class Way(NamedTuple):
    """A way along the river, its pieces in the order downstream: reach, from, to in metres."""

    pieces: list[tuple[int, float, float]]
    length_m: float


def ways_up(
    network: RiverNetwork, reach: int, measure_m: float, limit_m: float, *, tributaries: bool
) -> list[Way]:
    """Return the ways down to a place from all places ``limit_m`` above it, or from the sources.

    Where arms of a braid lead to the same reach the shorter way counts. Without tributaries the
    way takes at each junction the reach with most river upstream.
    """
    import numpy as np

    above = network.matrix.tocsc()
    size = np.nan_to_num(network.reaches["upstream_length_km"].to_numpy("float64"))
    # reach: where it is left, how far that is above the place, and the next reach of the way
    known: dict[int, tuple[float, float, int, float]] = {}
    inner: set[int] = set()
    heap: list[tuple[float, int, float, int, float]] = [(0.0, reach, measure_m, -1, 0.0)]
    while heap:
        way, here, top, onward, enters = heapq.heappop(heap)
        if here in known:
            continue
        known[here] = (top, way, onward, enters)
        low = max(0.0, top - (limit_m - way))
        if onward >= 0 and enters <= _low(known[onward], limit_m) + SAME_M:
            inner.add(onward)
        joins = []
        for other in above.indices[above.indptr[here] : above.indptr[here + 1]].tolist():
            enters = float(network.enters_m[other]) if network.down[other] == here else 0.0
            if low - SAME_M <= enters <= top + SAME_M and way + top - enters < limit_m - SAME_M:
                joins.append((other, enters))
        if not tributaries:
            joins = [j for j in joins if j[1] <= SAME_M]
            joins = [max(joins, key=lambda j: (size[j[0]], -j[0]))] if joins else []
        for other, enters in joins:
            ahead = way + top - enters
            heapq.heappush(heap, (ahead, other, float(network.length_m[other]), here, enters))
    out = []
    for tip in known:
        if tip in inner:
            continue
        top, way, _, _ = known[tip]
        pieces = [(tip, _low(known[tip], limit_m), top)]
        length = way + top - pieces[0][1]
        here = tip
        while known[here][2] >= 0:
            _, _, onward, enters = known[here]
            pieces.append((onward, min(enters, known[onward][0]), known[onward][0]))
            here = onward
        out.append(Way(pieces, length))
    return out


def _low(known: tuple[float, float, int, float], limit_m: float) -> float:
    """Return the upper end of what is within the limit, from the upper end of the reach."""
    return max(0.0, known[0] - (limit_m - known[1]))


def ways_down(network: RiverNetwork, reach: int, measure_m: float, limit_m: float) -> list[Way]:
    """Return the ways from a place to all places ``limit_m`` below it, or to the outlets."""
    matrix = network.matrix
    least: dict[tuple[int, float], float] = {}  # by reach and where on it: arms may join apart
    out = []
    stack = [Way([(reach, measure_m, measure_m)], 0.0)]
    while stack:
        way = stack.pop()
        here, start, _ = way.pieces[-1]
        end = min(float(network.length_m[here]), start + limit_m - way.length_m)
        length = way.length_m + end - start
        pieces = [*way.pieces[:-1], (here, start, end)]
        ahead: list[tuple[int, float]] = []
        if length < limit_m - SAME_M:
            ahead = [
                (other, float(network.enters_m[here]) if network.down[here] == other else 0.0)
                for other in matrix.indices[matrix.indptr[here] : matrix.indptr[here + 1]].tolist()
            ]
            ahead = [place for place in ahead if length < least.get(place, limit_m)]
        if not ahead:
            out.append(Way(pieces, length))
        for other, enters in ahead:
            least[other, enters] = length
            stack.append(Way([*pieces, (other, enters, enters)], length))
    return out


def strip(network: RiverNetwork, ways: Iterable[Way], width_m: float) -> Any:
    """Return the strip ``width_m`` to either side of ways, cut off square at their ends.

    It is what a bar across the way sweeps over: a rectangle along each straight piece and a sector
    around each bend. So a wider or longer strip holds a narrower or shorter one, which a buffer
    with flat ends does not promise.
    """
    import numpy as np
    import shapely

    pieces, bends = [np.empty((0, 4))], [np.empty((0, 6))]
    for way in ways:
        reach, low, high = (np.array(column) for column in zip(*way.pieces, strict=True))
        xy = shapely.get_coordinates(cut_lines(network, reach.astype("int64"), low, high))
        turns = np.ones(len(xy), dtype=bool)
        turns[1:] = np.hypot(*(xy[1:] - xy[:-1]).T) > SAME_M
        xy = xy[turns]
        pieces.append(np.hstack([xy[:-1], xy[1:]]))
        bends.append(np.hstack([xy[:-2], xy[1:-1], xy[2:]]))
    lines = np.unique(np.concatenate(pieces), axis=0)
    corners = np.unique(np.concatenate(bends), axis=0)
    if not len(lines) or not width_m:
        return shapely.Polygon()
    side = width_m * _across(lines[:, :2], lines[:, 2:])
    ring = [lines[:, :2] + side, lines[:, 2:] + side, lines[:, 2:] - side, lines[:, :2] - side]
    parts = [shapely.polygons(np.stack(ring, axis=1))]
    for few in (True, False):
        parts.append(_sectors(corners, width_m, few=few))
    # widened and narrowed again, so that no slit of rounding stays between neighbours
    swept = shapely.union_all(np.concatenate(parts))
    wide = shapely.buffer(swept, SAME_M, join_style="mitre")
    return shapely.buffer(wide, -SAME_M, join_style="mitre")


def without(area: Any, taken: Any) -> Any:
    """Return an area without another, and without the slivers that shared borders leave."""
    import shapely

    thin = shapely.buffer(shapely.difference(area, taken), -SAME_M, join_style="mitre")
    return shapely.buffer(thin, SAME_M, join_style="mitre")


def polygons(shape: Any) -> Any:
    """Return the polygons of a shape, without lines and points that cutting leaves."""
    import shapely

    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    parts = shapely.get_parts(shape)
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


def _across(start: Floats, stop: Floats) -> Floats:
    """Return the unit vectors to the left of straight pieces."""
    import numpy as np

    step = stop - start
    step = step / np.hypot(step[:, 0], step[:, 1])[:, None]
    out: Floats = np.column_stack([-step[:, 1], step[:, 0]])
    return out


def _sectors(corners: Floats, width_m: float, *, few: bool) -> Any:
    """Return the sectors on the outer side of bends: triangles of slight ones, else with an arc."""
    import numpy as np
    import shapely

    before = _across(corners[:, :2], corners[:, 2:4])
    after = _across(corners[:, 2:4], corners[:, 4:])
    turn = np.arctan2(
        before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0], (before * after).sum(axis=1)
    )
    slight = np.abs(turn) <= np.pi / ARC
    used = (np.abs(turn) > 1e-9) & (slight == few)
    turn, middle = turn[used], corners[used, 2:4]
    outer = -np.sign(turn)[:, None]
    first, last = outer * before[used], outer * after[used]
    steps = np.linspace(0, 1, 2 if few else ARC + 1)[1:-1]
    angle = np.arctan2(first[:, 1], first[:, 0])[:, None] + turn[:, None] * steps
    arc = np.stack([np.cos(angle), np.sin(angle)], axis=2)
    arc = np.concatenate([first[:, None], arc, last[:, None]], axis=1)
    rings = np.concatenate([middle[:, None], middle[:, None] + width_m * arc], axis=1)
    return shapely.polygons(rings)
