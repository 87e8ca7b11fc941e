"""Shapes made fit for measuring: which have a place, and rings that cross themselves mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Bools = npt.NDArray[np.bool_]


def finite(shapes: Shapes) -> Bools:
    """Tell which shapes have only finite coordinates; one without coordinates has.

    Examples
    --------
    >>> import numpy as np
    >>> from shapely import Point
    >>> from chaoyang_geo.shapes import finite
    >>> finite(np.array([Point(1, 2), Point(1, np.inf), None])).tolist()
    [True, False, True]
    """
    import numpy as np
    import shapely

    good = np.ones(len(shapes), bool)
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    good[owner[~np.isfinite(coordinates).all(axis=1)]] = False
    return good


def made_valid(shapes: Shapes, *, collapsed: bool = False) -> tuple[Shapes, Bools]:
    """Return shapes made valid, and which were not; the input is not changed.

    A ring that crosses or overlaps itself becomes the area that it covers (GEOS, method
    ``structure``), so that nothing is counted twice and no hole arises from an overlap. What has
    no area becomes empty; with ``collapsed`` it stays as lines or points.

    Examples
    --------
    >>> from shapely import Polygon, box
    >>> from chaoyang_geo.shapes import made_valid
    >>> bow = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    >>> shapes, mended = made_valid([bow, box(0, 0, 1, 1), None])
    >>> shapes[0].area, mended.tolist()
    (2.0, [True, False, False])
    """
    import numpy as np
    import shapely

    found = np.array(shapes, dtype=object)
    bad = ~shapely.is_missing(found) & ~shapely.is_valid(found)
    found[bad] = shapely.make_valid(found[bad], method="structure", keep_collapsed=collapsed)
    return found, bad
