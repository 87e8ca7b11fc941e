"""Which systems share a geodetic datum, so that places in them can be compared."""

from __future__ import annotations

from typing import Any


def same_datum(one: Any, other: Any) -> bool:
    """Tell whether places in two systems can be compared to within a few metres.

    Systems of the Krassowsky (Beijing 1954) or IAG 1975 ellipsoid (Xian 1980) lie apart from
    CGCS2000 by an offset that is not published: without parameters of its own (``TOWGS84``) in
    the CRS nothing is moved from one to the other. CGCS2000, WGS 84 and ITRF agree.

    Examples
    --------
    >>> from chaoyang_geo.datum.systems import same_datum
    >>> same_datum("EPSG:4549", "EPSG:4326"), same_datum("EPSG:4490", "EPSG:4610")
    (True, False)
    >>> same_datum("EPSG:2385", "EPSG:4610")
    True
    """
    from pyproj import CRS

    a, b = CRS.from_user_input(one), CRS.from_user_input(other)
    if a.is_bound or b.is_bound or a.ellipsoid is None or b.ellipsoid is None:
        return True
    longer = abs(a.ellipsoid.semi_major_metre - b.ellipsoid.semi_major_metre)
    flatter = abs(a.ellipsoid.inverse_flattening - b.ellipsoid.inverse_flattening)
    return longer < 1 and flatter < 0.001
