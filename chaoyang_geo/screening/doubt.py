"""Whether a conflict holds in spite of the accuracy of the maps: certain, doubtful, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoyang_geo.screening.measure import Ground, Pairs
from chaoyang_geo.screening.merge import SLIVER_M

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

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


def certain_conflicts(sites: Shapes, pairs: Pairs, ground: Ground, band: Floats) -> Bools:
    """Tell for each pair whether its site surely meets the zones of the pair's group.

    Surely: however the site is moved by up to the band, it still meets a zone of the group, so
    that neither a seam between two zones of one kind and grade nor the way a layer was cut into
    rows makes a doubt. Of a point, a disc of the band's radius lies within the zones.

    Notes
    -----
    A deep common point proves it at once: one that lies farther than the band from every border
    of its zone. Otherwise the site is shifted by the band, and by half of it, in 32 directions.
    """
    import numpy as np
    import shapely

    n_groups = int(ground.group_of_zone.max()) + 1 if len(ground.group_of_zone) else 1
    key = pairs.site * n_groups + pairs.group
    meets = np.isin(pairs.relation, ("inside", "overlaps"))
    sure = meets & ((pairs.relation == "inside") & (pairs.border > band) | (band == 0))
    settled = np.isin(key, key[sure])
    tried = np.flatnonzero(meets & ~settled & (shapely.get_dimensions(pairs.shape) > 0))
    sure[tried[_deep(pairs, tried, ground, band)]] = True
    settled = np.isin(key, key[sure])
    # a line or point that touches two zones may lie on their seam, deep in the two together
    line = shapely.get_dimensions(sites)[pairs.site] < 2
    touches = (pairs.relation == "touches") & line
    open_ = np.unique(key[(meets | (touches & (band > 0))) & ~settled])
    if len(open_):
        widest = np.zeros(len(open_))
        rows = np.flatnonzero(np.isin(key, open_))
        np.maximum.at(widest, np.searchsorted(open_, key[rows]), band[rows])
        count = np.bincount(np.searchsorted(open_, key[rows]))
        count[np.searchsorted(open_, key[rows[touches[rows]]])] = 2
        shapes, group = sites[open_ // n_groups], open_ % n_groups
        point = shapely.get_dimensions(shapes) == 0
        held = np.zeros(len(open_), bool)
        held[~point] = _held(shapes[~point], group[~point], widest[~point], ground)
        # a lone point in a lone zone is as deep as its border is far, which is known
        for place in np.flatnonzero(point & ((count > 1) | (shapely.get_type_id(shapes) != 0))):
            held[place] = _deep_point(shapes[place], int(group[place]), widest[place], ground)
        settled |= np.isin(key, open_[held])
    return np.asarray(settled)


def _deep(pairs: Pairs, rows: Ints, ground: Ground, band: Floats) -> Bools:
    """Tell of which rows a point in common lies deeper in the zone than the band."""
    import numpy as np
    import shapely

    points = shapely.point_on_surface(pairs.shape[rows])
    shallow = np.zeros(len(rows), bool)
    place, chunk = ground.borders.tree.query(points, predicate="dwithin", distance=band[rows])
    n_zones = len(ground.group_of_zone)
    own = np.array(
        [at * n_zones + zone for at, row in enumerate(rows.tolist()) for zone in pairs.zones[row]],
        dtype=np.int64,
    )
    shallow[place[np.isin(place * n_zones + ground.borders.zone[chunk], own)]] = True
    return ~shallow


def _held(shapes: Shapes, group: Ints, band: Floats, ground: Ground) -> Bools:
    """Tell which shapes meet their group wherever they are shifted to within the band."""
    import numpy as np
    import shapely

    angle = 2 * np.pi * np.arange(N_DIRECTIONS) / N_DIRECTIONS
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    offsets = np.concatenate([unit, unit / 2])
    held = np.ones(len(shapes), bool)
    group_of_piece = ground.group_of_zone[ground.zone[ground.piece_record]]
    for offset in offsets:  # most that fail fail at once, and are not tried again
        left = np.flatnonzero(held)
        if not len(left):
            break
        coordinates, owner = shapely.get_coordinates(shapes[left], return_index=True)
        moved = shapely.set_coordinates(
            shapes[left].copy(), coordinates + offset * band[left][owner][:, None]
        )
        place, piece = ground.tree.query(moved, predicate="intersects")
        met = np.zeros(len(left), bool)
        met[place[group_of_piece[piece] == group[left[place]]]] = True
        held[left[~met]] = False
    return held


def _deep_point(shape: object, group: int, band: float, ground: Ground) -> bool:
    """Tell whether a point lies deeper than the band in the zones of a group together.

    Cracks between zones that are narrower than :data:`SLIVER_M` are closed first.
    """
    import shapely

    west, south, east, north = shapely.bounds(shape)
    far = band + 2 * SLIVER_M
    window = shapely.box(west - far, south - far, east + far, north + far)
    near = ground.tree.query(window, predicate="intersects")
    near = near[ground.group_of_zone[ground.zone[ground.piece_record[near]]] == group]
    half = SLIVER_M / 2
    closed = shapely.buffer(shapely.union_all(ground.pieces[near]), half, quad_segs=32)
    deep = shapely.buffer(closed, -(half + band), quad_segs=32)
    return bool(shapely.intersects(deep, shape))
