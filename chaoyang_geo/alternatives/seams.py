"""The hairline cracks that a layer of zones cut into rows has at its seams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoyang_geo.shapes import CRACK_M as CRACK_M
from chaoyang_geo.shapes import joined as joined

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]


def cracks(pieces: Shapes) -> Shapes:
    """Return the polygons that :func:`chaoyang_geo.shapes.joined` fills.

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
