"""Whether a conflict holds in spite of the accuracy of the maps: certain, doubtful, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoyang_geo.screening.common import Common, parts_of
from chaoyang_geo.screening.ground import SLIVER_M, TOUCH_M, Ground, chunks
from chaoyang_geo.screening.measure import INSIDE, OVERLAPS, TOUCHES, Pairs
from chaoyang_geo.shapes import CRACK_M

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

_SHIFTED_SEGMENTS = 8  # of a chunk of a line that is shifted

#: The site is tried in so many directions, at the width of the band and at half of it.
N_DIRECTIONS = 32


def bands(site_m: Floats, zone_m: Floats, tolerance_m: float) -> Floats:
    """Return the half-width of the band of doubt, metres.

    The root of the sum of squares where both accuracies are known; else ``tolerance_m``, or the
    accuracy that is known where that is larger.

    Examples
    --------
    >>> import numpy as np
    >>> from chaoyang_geo.screening.doubt import bands
    >>> bands(np.array([3.0, 30.0, np.nan]), np.array([4.0, np.nan, np.nan]), 10.0).tolist()
    [5.0, 30.0, 10.0]
    """
    import numpy as np

    known = np.fmax(np.nan_to_num(site_m), np.nan_to_num(zone_m))
    return np.where(
        np.isnan(site_m) | np.isnan(zone_m),
        np.maximum(tolerance_m, known),
        np.hypot(site_m, zone_m),
    )


def certain_conflicts(
    sites: Shapes, pairs: Pairs, common: Common, ground: Ground, band: Floats
) -> Bools:
    """Tell for each pair whether its site surely meets zones of the pair's kind and grade.

    Surely: however the site is moved by up to the band, it still meets such a zone, so that
    neither a seam between two zones of one kind and grade nor the way they were cut into rows and
    layers makes a doubt: rules speak of kinds and grades. Of a point, a disc of the band's radius
    lies within the zones.

    Notes
    -----
    A deep common point proves it at once: one that lies farther than the band from every border
    of its zone. Otherwise the site is shifted by the band, and by half of it, in 32 directions.
    """
    import numpy as np
    import shapely

    if not len(pairs.site):
        return np.zeros(0, bool)
    n_kinds = int(ground.kind_of_zone.max()) + 1
    key = pairs.site * n_kinds + ground.kind_of_zone[pairs.zone]
    # cases: a site and a kind and grade each, with the widest of its bands
    cases, case = np.unique(key, return_inverse=True)
    widest = np.zeros(len(cases))
    np.maximum.at(widest, case, band)
    meets = pairs.relation <= OVERLAPS
    sure = np.zeros(len(cases), bool)
    sure[case[meets & ((pairs.relation == INSIDE) & (pairs.border > band) | (band == 0))]] = True
    _settle_by_depth(cases, sure, widest, common, ground)
    # a line or point that touches two zones may lie on their seam, deep in the two together
    dimension = shapely.get_dimensions(sites)[pairs.site]
    touches = at_seams(pairs.relation, pairs.distance) & (dimension < 2)
    wanted = np.zeros(len(cases), bool)
    wanted[case[meets | touches]] = True
    # a zone of several rows may have a seam of its own, and zones that overlap count as one
    seamed = np.bincount(ground.zone)[pairs.zone] > 1
    seamed[list(pairs.merged)] = True
    count = np.bincount(case, np.where(touches | seamed, 2, 1))
    open_ = np.flatnonzero(wanted & ~sure)
    shapes, kind = sites[cases[open_] // n_kinds], cases[open_] % n_kinds
    point = shapely.get_dimensions(shapes) == 0
    wide = np.flatnonzero(~point & (widest[open_] > 0))
    sure[open_[wide]] = _held(shapes[wide], kind[wide], widest[open_[wide]], ground)
    # a lone point in a lone zone is as deep as its border is far, which is known
    on_seam = np.zeros(len(cases), bool)
    # a line in a crack may stay in it where it is shifted
    along = (dimension == 1) & (pairs.border <= CRACK_M)
    on_seam[case[touches | along & (count[case] > 1)]] = True
    tried = np.where(point, (count[open_] > 1) | (shapely.get_type_id(shapes) != 0), on_seam[open_])
    for place in np.flatnonzero(tried & ~sure[open_]):
        at = open_[place]
        deep = max(float(widest[at]), 2 * TOUCH_M)  # on the border is not inside
        sure[at] = _deep(shapes[place], int(kind[place]), deep, ground)
    return np.asarray(sure[case])


def at_seams(relation: Ints, distance: Floats) -> Bools:
    """Tell which sites are so near to a zone that they may lie on a seam of it and another."""
    import numpy as np

    return np.asarray((relation >= TOUCHES) & (distance <= CRACK_M))


def _settle_by_depth(
    cases: Ints, sure: Bools, widest: Floats, common: Common, ground: Ground
) -> None:
    """Mark the cases of which a common point lies deeper in one zone record than the band.

    The largest area or longest stretch of each case is tried, then the others, and then the
    corners of areas: where a site reaches into a zone, its corners lie deepest.
    """
    import numpy as np
    import shapely

    areas, lengths = common.areas, common.lengths
    part = np.concatenate([areas.part, lengths.part])
    record = np.concatenate([areas.record, lengths.record])
    size = np.concatenate([shapely.area(areas.shape), lengths.end - lengths.begin])
    kind = ground.kind_of_zone[ground.zone[record]]
    n_kinds = int(ground.kind_of_zone.max(initial=0)) + 1
    case = np.searchsorted(cases, common.site[part] * n_kinds + kind)

    def settle(points: Shapes, rows: Ints) -> None:
        band = widest[case[rows]]
        depth = ground.border_distance(points, record[rows], reach_m=band)
        sure[case[rows[depth > band]]] = True

    order = np.lexsort((-size, case))
    largest = np.zeros(len(order), bool)
    largest[order[np.diff(case[order], prepend=-1) != 0]] = True
    for tried in (largest, ~largest):
        rows = np.flatnonzero(tried & ~sure[case])
        flat, line = rows[rows < len(areas.part)], rows[rows >= len(areas.part)] - len(areas.part)
        settle(shapely.point_on_surface(areas.shape[flat]), flat)
        middle = (lengths.begin[line] + lengths.end[line]) / 2
        on_line = shapely.points(lengths.roads.at(middle, lengths.part[line]))
        settle(on_line, rows[len(flat) :])
    left = np.flatnonzero(~sure[case[: len(areas.part)]])
    corners, owner = shapely.get_coordinates(areas.shape[left], return_index=True)
    settle(shapely.points(corners), left[owner])


def _held(shapes: Shapes, kind: Ints, band: Floats, ground: Ground) -> Bools:
    """Tell which shapes meet zones of their kind wherever they are shifted to within the band."""
    import numpy as np
    import shapely

    held = np.ones(len(shapes), bool)
    turn = np.arange(N_DIRECTIONS) * 13 % N_DIRECTIONS  # far apart first: what fails, fails soon
    angle = 2 * np.pi * turn / N_DIRECTIONS
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    parts, of_shape = parts_of(shapes)
    short = chunks(parts, n_segments=_SHIFTED_SEGMENTS)  # of a long line, the box is long
    line = shapely.get_dimensions(parts)[short.owner] == 1
    rest = np.flatnonzero(shapely.get_dimensions(parts) != 1)
    pieces = np.concatenate([parts[rest], short.shapes(np.flatnonzero(line))])
    of_piece = np.concatenate([of_shape[rest], of_shape[short.owner[line]]])
    for offsets in (unit[:4], unit[4:], unit / 2):
        left = np.flatnonzero(held)
        if not len(left):
            break
        part = np.flatnonzero(held[of_piece])
        tried = np.tile(part, len(offsets))
        shift = np.repeat(np.arange(len(offsets)), len(part))
        coordinates, owner = shapely.get_coordinates(pieces[tried], return_index=True)
        step = offsets[shift] * band[of_piece[tried]][:, None]
        moved = shapely.set_coordinates(pieces[tried], coordinates + step[owner])
        place, piece = ground.tree.query(moved, predicate="intersects")
        same = ground.piece_kind[piece] == kind[of_piece[tried[place]]]
        met = np.zeros((len(offsets), len(shapes)), bool)
        met[shift[place[same]], of_piece[tried[place[same]]]] = True
        held[left] = met[:, left].all(axis=0)
    return held


def _deep(shape: object, kind: int, band: float, ground: Ground) -> bool:
    """Tell whether a shape comes deeper than the band into the zones of one kind together.

    Cracks between zones that are narrower than :data:`SLIVER_M` are closed first.
    """
    import shapely

    near = ground.tree.query(shape, predicate="dwithin", distance=band + 2 * SLIVER_M)
    near = near[ground.piece_kind[near] == kind]
    half = SLIVER_M / 2
    closed = shapely.buffer(shapely.union_all(ground.pieces[near]), half, quad_segs=32)
    deep = shapely.buffer(closed, -(half + band), quad_segs=32)
    return bool(shapely.intersects(deep, shape))
