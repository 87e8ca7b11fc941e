"""Which systems share a geodetic datum, so that places in them can be compared."""

from __future__ import annotations

import math
from typing import Any

from chaoyang_geo.crs import datum_name


def same_datum(one: Any, other: Any) -> bool:
    """Tell whether places in two systems can be compared to within a few metres.

    Systems of the Krassowsky (Beijing 1954, and New Beijing) or IAG 1975 ellipsoid (Xian 1980) lie
    apart from CGCS2000 and from each other by offsets that are not published: without parameters
    of its own (``TOWGS84``) in the CRS nothing is moved from one to the other. With them a system
    is as good as WGS 84. CGCS2000, WGS 84 and ITRF agree.

    Examples
    --------
    >>> from chaoyang_geo.datum.systems import same_datum
    >>> same_datum("EPSG:4549", "EPSG:4326"), same_datum("EPSG:4490", "EPSG:4610")
    (True, False)
    >>> same_datum("EPSG:2385", "EPSG:4610"), same_datum("EPSG:4214", "EPSG:4555")
    (True, False)
    >>> moved = "+proj=longlat +ellps=krass +towgs84=15,-150,-90 +type=crs"
    >>> same_datum(moved, "EPSG:4490"), same_datum(moved, "EPSG:4610")
    (True, False)
    """
    from pyproj import CRS

    a, b = CRS.from_user_input(one), CRS.from_user_input(other)
    if datum_name(a) == datum_name(b) != "unknown":
        return True
    # the ellipsoids of Beijing 1954 and New Beijing are one
    apart = [datum_name(each) == "New Beijing" for each in (a, b)]
    (a_size, a_shape), (b_size, b_shape) = _ellipsoid(a), _ellipsoid(b)
    return abs(a_size - b_size) < 1 and abs(a_shape - b_shape) < 0.001 and apart[0] == apart[1]


def _ellipsoid(crs: Any) -> tuple[float, float]:
    """Return the semi-major axis, metres, and 1 / flattening; with parameters those of WGS 84."""
    known = (crs.target_crs if crs.is_bound else crs).ellipsoid
    return (
        (math.nan, math.nan)
        if known is None
        else (known.semi_major_metre, known.inverse_flattening)
    )
