"""Shapes made fit for measuring, each repair said in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]

MISSING = "无图形"
EMPTY = "图形为空"
NO_POLYGON = "图形不是面，未核查"
INVALID = "图形自相交或重叠，已修复"
COLLAPSED = "面塌缩为线或点，按线或点核查"
ZERO_LENGTH = "线长为零，按点核查"
NOT_FINITE = "坐标不是有限数，未核查"


def repair_polygons(shapes: Shapes) -> tuple[Shapes, Shapes]:
    """Make polygons valid; return them and a flag each. What is no polygon stays as it is.

    A ring that crosses or overlaps itself becomes the area that it covers (GEOS, method
    ``structure``), so that nothing is counted twice and no hole arises from an overlap.

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
    with np.errstate(invalid="ignore"):
        flags[(flags == "") & ~np.isfinite(shapely.length(found))] = NOT_FINITE
    polygon = flags == ""
    bad = np.flatnonzero(polygon)[~shapely.is_valid(found[polygon])]
    if len(bad):
        found[bad] = shapely.make_valid(found[bad], method="structure", keep_collapsed=False)
        flags[bad] = INVALID
        gone = bad[shapely.is_empty(found[bad])]
        flags[gone] = f"{INVALID}后面积为零，未核查"
    return found, flags


def repair_sites(shapes: Shapes) -> tuple[Shapes, Shapes, npt.NDArray[np.bool_]]:
    """Make sites valid; return them, a flag each, and whether they can be screened."""
    import numpy as np
    import shapely

    found = np.array(shapes, dtype=object)
    flags = np.full(len(found), "", dtype=object)
    kinds = shapely.get_type_id(found)
    flags[kinds == -1] = MISSING
    flags[(kinds >= 0) & shapely.is_empty(found)] = EMPTY
    open_ = flags == ""
    flags[open_ & ~_finite(found)] = NOT_FINITE
    usable = flags == ""
    line = usable & np.isin(kinds, (1, 2, 5))
    still = line & (shapely.length(found) == 0)
    found[still] = shapely.get_point(shapely.get_geometry(found[still], 0), 0)
    flags[still] = ZERO_LENGTH
    rest = np.flatnonzero(usable & ~line & ~np.isin(kinds, (0, 4)))
    bad = rest[~shapely.is_valid(found[rest])]
    if len(bad):
        whole = shapely.make_valid(found[bad], method="structure", keep_collapsed=False)
        gone = shapely.is_empty(whole)
        whole[gone] = shapely.make_valid(found[bad[gone]], method="linework")
        found[bad] = whole
        flags[bad] = np.where(gone, COLLAPSED, INVALID)
    return found, flags, usable


def _finite(shapes: Shapes) -> npt.NDArray[np.bool_]:
    """Tell which shapes have only finite coordinates."""
    import numpy as np
    import shapely

    good = np.ones(len(shapes), bool)
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    good[owner[~np.isfinite(coordinates).all(axis=1)]] = False
    return good
