"""Coordinate reference systems: CGCS2000 zones and the one check that every step makes.

China's surveys use CGCS2000 (EPSG:4490). Lengths and areas are measured in its
3-degree Gauss-Krueger zone of the data (Chaoyang: EPSG:4549), never in degrees
and never in web-Mercator. Source of the codes: EPSG registry.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import geopandas as gpd

_Layer = TypeVar("_Layer", "gpd.GeoDataFrame", "gpd.GeoSeries")

#: CGCS2000 geographic, degrees: what the bundled layers are stored in.
GEOGRAPHIC = "EPSG:4490"

# 3-degree zones without a zone prefix: EPSG:4534 has its central meridian at 75 E, 4554 at 135 E.
_FIRST_EPSG, _FIRST_MERIDIAN, _LAST_MERIDIAN = 4534, 75, 135


class CRSError(ValueError):
    """A layer has no coordinate reference system, or one that cannot be used."""


def require_crs(layer: gpd.GeoDataFrame | gpd.GeoSeries, *, layer_name: str) -> None:
    """Raise :class:`CRSError` when ``layer`` has no CRS; the message shows the mend.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> from chaoyang_geo.crs import require_crs
    >>> require_crs(gpd.GeoSeries([Point(120, 41)]), layer_name="sites")
    Traceback (most recent call last):
    ...
    chaoyang_geo.crs.CRSError: sites: the layer has no CRS, so nothing can be measured or overlaid. \
Say what its coordinates are: sites = sites.set_crs("EPSG:4490") for CGCS2000 degrees, \
sites.set_crs("EPSG:4549") for CGCS2000 metres, central meridian 120E.
    """
    if layer.crs is None:
        raise CRSError(
            f"{layer_name}: the layer has no CRS, so nothing can be measured or overlaid. "
            f'Say what its coordinates are: {layer_name} = {layer_name}.set_crs("EPSG:4490") '
            f'for CGCS2000 degrees, {layer_name}.set_crs("EPSG:4549") for CGCS2000 metres, '
            "central meridian 120E."
        )


def to_geographic(layer: _Layer, *, layer_name: str) -> _Layer:
    """Return ``layer`` in CGCS2000 degrees (EPSG:4490), after :func:`require_crs`.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries, any CRS
    layer_name : str
        Name of the argument, for the message.

    Raises
    ------
    CRSError
        ``layer`` has no CRS.
    """
    require_crs(layer, layer_name=layer_name)
    return layer.to_crs(GEOGRAPHIC)


def metric_crs(layer: gpd.GeoDataFrame | gpd.GeoSeries, *, layer_name: str = "layer") -> str:
    """Name the CGCS2000 3-degree zone (no zone prefix) of the middle of ``layer``.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries, any CRS
    layer_name : str
        Name of the argument, for the message.

    Returns
    -------
    str
        ``"EPSG:4534"`` (central meridian 75 E) to ``"EPSG:4554"`` (135 E).

    Raises
    ------
    CRSError
        ``layer`` has no CRS, no located geometry, or lies outside 73.5-136.5 E.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> from chaoyang_geo.crs import metric_crs
    >>> metric_crs(gpd.GeoSeries([Point(120.45, 41.57)], crs=4490))
    'EPSG:4549'
    """
    west, _, east, _ = to_geographic(layer, layer_name=layer_name).total_bounds
    if not (math.isfinite(west) and math.isfinite(east)):
        raise CRSError(f"{layer_name}: no row has a geometry, so no zone can be chosen.")
    middle = (west + east) / 2
    meridian = 3 * round(middle / 3)
    if not _FIRST_MERIDIAN <= meridian <= _LAST_MERIDIAN:
        raise CRSError(
            f"{layer_name}: its middle lies at {middle:.3f} E, outside the CGCS2000 3-degree zones "
            f"({_FIRST_MERIDIAN - 1.5} to {_LAST_MERIDIAN + 1.5} E). Are longitude and latitude "
            "swapped, or is the CRS wrong?"
        )
    return f"EPSG:{_FIRST_EPSG + (meridian - _FIRST_MERIDIAN) // 3}"


def to_metric(layer: _Layer, *, layer_name: str = "layer") -> _Layer:
    """Return ``layer`` in metres, in the CGCS2000 3-degree zone of its middle.

    Raises
    ------
    CRSError
        As :func:`metric_crs`.
    """
    return layer.to_crs(metric_crs(layer, layer_name=layer_name))
