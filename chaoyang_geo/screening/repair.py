"""Shapes made fit for measuring, each repair said in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoyang_geo.flags import flag
from chaoyang_geo.screening.ground import TOUCH_M, blocks, in_threads
from chaoyang_geo.shapes import as_points, finite, made_valid, valid

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]

MISSING, EMPTY, NOT_FINITE = flag("missing"), flag("empty"), flag("not_finite")
NO_POLYGON, INVALID, GONE = flag("no_polygon"), flag("mended"), flag("mended_gone")
COLLAPSED, ZERO_LENGTH = flag("collapsed"), flag("zero_length")
CLOSED = flag("closed_line")

_HUGE = 1e100  # coordinates of which squares are finite


def repair_polygons(shapes: Shapes) -> tuple[Shapes, Shapes]:
    """Make polygons valid; return them and a flag each. What is no polygon stays as it is.

    They are mended as :func:`chaoyang_geo.shapes.made_valid` does.

    Examples
    --------
    >>> from shapely import Polygon
    >>> from chaoyang_geo.screening.repair import repair_polygons
    >>> bow = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    >>> shapes, flags = repair_polygons([bow, None])
    >>> shapes[0].area, flags.tolist()
    (2.0, ['图形自相交或重叠，已修复', '无图形'])
    """
    import numpy as np
    import shapely

    found = np.array(shapes, dtype=object)
    flags = np.full(len(found), "", dtype=object)
    kinds = shapely.get_type_id(found)
    flags[kinds == -1] = MISSING
    flags[(kinds >= 0) & shapely.is_empty(found)] = EMPTY
    open_ = flags == ""
    flags[open_ & ~np.isin(kinds, (3, 6))] = NO_POLYGON
    # what is valid has finite coordinates; of very large ones the length may still be beyond
    polygon = np.flatnonzero(flags == "")
    doubtful = ~valid(found[polygon])
    doubtful |= ~(np.abs(shapely.bounds(found[polygon])).max(axis=1, initial=0) < _HUGE)
    polygon = polygon[doubtful]
    with np.errstate(invalid="ignore", over="ignore"):
        endless = ~np.isfinite(shapely.length(found[polygon]))
    flags[polygon[endless]] = NOT_FINITE
    polygon = polygon[~endless]
    found[polygon], mended = made_valid(found[polygon])
    bad = polygon[mended]
    flags[bad] = INVALID
    flags[bad[shapely.is_empty(found[bad])]] = GONE
    return found, flags


def outlined(shapes: Shapes) -> Shapes:
    """Return lines around what collapses when it is mended, as polygons of next to no width.

    They share nothing with a site, but a site that meets them touches them.
    """
    import shapely

    lines = shapely.make_valid(shapes, method="linework")
    found: Shapes = shapely.buffer(lines, TOUCH_M / 10)
    return found


def repair_sites(shapes: Shapes) -> tuple[Shapes, Shapes, npt.NDArray[np.bool_]]:
    """Make sites valid; return them, a flag each, and whether they can be screened."""
    import numpy as np
    import shapely

    found = np.array(shapes, dtype=object)
    flags = np.full(len(found), "", dtype=object)
    kinds = shapely.get_type_id(found)
    flags[kinds == -1] = MISSING
    flags[(kinds >= 0) & shapely.is_empty(found)] = EMPTY
    flags[(flags == "") & ~finite(found)] = NOT_FINITE
    usable = flags == ""
    line = usable & np.isin(kinds, (1, 2, 5))
    flags[line & shapely.is_closed(found)] = CLOSED
    found[line], still = as_points(found[line])
    flags[np.flatnonzero(line)[still]] = ZERO_LENGTH
    rest = np.flatnonzero(usable & ~line & ~np.isin(kinds, (0, 4)))
    checked = in_threads(made_valid, blocks(found[rest]))
    whole, mended = (np.concatenate(column) for column in zip(*checked, strict=True))
    gone = mended & shapely.is_empty(whole)
    whole[gone] = shapely.make_valid(found[rest[gone]], method="linework")
    found[rest] = whole
    flags[rest[mended]] = INVALID
    flags[rest[gone]] = COLLAPSED
    return found, flags, usable
