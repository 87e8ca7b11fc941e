"""Zones taken together, without the hairline cracks that a layer cut into rows has at its seams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]

#: A crack between zones that is narrower than this, metres, is no ground: two rows that share a
#: border, rounded to 7 decimals of a degree or with different vertices on one straight side,
#: leave some centimetres between them.
CRACK_M = 0.05


def joined(pieces: Shapes) -> Any:
    """Return the union of polygons; cracks and notches narrower than :data:`CRACK_M` are filled.

    Without cracks it is the plain union, vertex by vertex.

    Examples
    --------
    >>> from shapely import box
    >>> from chaoyang_geo.alternatives.seams import joined
    >>> joined([box(0, 0, 1, 1), box(1.01, 0, 2, 1)]).length.__round__(6)
    6.0
    >>> joined([box(0, 0, 1, 1), box(1.1, 0, 2, 1)]).geom_type
    'MultiPolygon'
    """
    import shapely

    whole = shapely.union_all(pieces)
    half = CRACK_M / 2
    wide = shapely.buffer(whole, half, join_style="mitre")
    closed = shapely.buffer(wide, -half, join_style="mitre")
    # a crack, however narrow, is two borders too many; its area would tell nothing
    filled = shapely.length(whole) - shapely.length(closed) > 2 * CRACK_M
    return closed if filled else whole


def cracks(pieces: Shapes) -> Shapes:
    """Return the polygons that :func:`joined` fills.

    Examples
    --------
    >>> from shapely import box
    >>> from chaoyang_geo.alternatives.seams import cracks
    >>> [round(crack.area, 6) for crack in cracks([box(0, 0, 1, 1), box(1.01, 0, 2, 1)])]
    [0.01]
    """
    import shapely

    filled = shapely.get_parts(shapely.difference(joined(pieces), shapely.union_all(pieces)))
    found: Shapes = filled[(shapely.get_type_id(filled) == 3) & (shapely.area(filled) > 0)]
    return found
