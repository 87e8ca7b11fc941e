"""Coordinate reference systems: CGCS2000 zones and the one check that every step makes.

China's surveys use CGCS2000 (EPSG:4490). Lengths and areas are measured in its
3-degree Gauss-Krueger zone of the data (Chaoyang: EPSG:4549), never in degrees
and never in web-Mercator. Source of the codes and their parameters: EPSG registry.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from chaoyang_geo.schema import one_of

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

_Layer = TypeVar("_Layer", "gpd.GeoDataFrame", "gpd.GeoSeries")

#: CGCS2000 geographic, degrees: what the bundled layers are stored in.
GEOGRAPHIC = "EPSG:4490"

#: Central meridians of the westernmost and the easternmost zone, degrees east.
_FIRST_MERIDIAN, _LAST_MERIDIAN = 75, 135
#: EPSG code of the zone at 75 E by (width in degrees, with a zone prefix); the others follow.
_FIRST_EPSG = {(3, True): 4513, (3, False): 4534, (6, True): 4491, (6, False): 4502}
#: Number of the zone at 75 E by width: 75 = 3 x 25 = 6 x 13 - 3.
_FIRST_ZONE = {3: 25, 6: 13}
#: As far on either side of its meridian a transverse Mercator plane is not folded, degrees.
_WIDEST = 90


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
    if layer.crs.geodetic_crs is None:
        name = layer.crs.name
        raise CRSError(f"{layer_name}: its CRS, {name}, is that of a drawing; set_crs another one.")


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
    return moved(layer, GEOGRAPHIC)


def way(crs: Any, to: Any) -> list[Any]:
    """Return the systems by which coordinates get from one to another, the other one last.

    Parameters in a CRS (``TOWGS84``) lead to WGS 84. On the way to CGCS2000 PROJ leaves them out,
    without a word, unless it is sent by WGS 84.

    Examples
    --------
    >>> from chaoyang_geo.crs import way
    >>> shifted = "+proj=longlat +ellps=krass +towgs84=15,-150,-90 +type=crs"
    >>> [system.name for system in way(shifted, 4490)]
    ['WGS 84', 'China Geodetic Coordinate System 2000']
    >>> [system.name for system in way(4549, 4490)]
    ['China Geodetic Coordinate System 2000']
    """
    from pyproj import CRS

    one, other = CRS.from_user_input(crs), CRS.from_user_input(to)
    hubs = [each.target_crs for each in (one, other) if each.is_bound]
    if hubs and datum_name(one) != datum_name(other):
        return [hubs[0], other]
    return [other]


def datum_name(crs: Any) -> str:
    """Return what the geodetic datum of a CRS is called, nothing for that of a drawing.

    Examples
    --------
    >>> from pyproj import CRS
    >>> from chaoyang_geo.crs import datum_name
    >>> datum_name(CRS("EPSG:2385"))
    'Xian 1980'
    """
    return "" if crs.geodetic_crs is None else str(crs.geodetic_crs.datum.name)


def transform(crs: Any, to: Any) -> Callable[..., Any]:
    """Return what turns x and y from one system into another; a height stays, missing or not."""
    from pyproj import Transformer

    systems = [crs, *way(crs, to)]
    steps = [Transformer.from_crs(*pair, always_xy=True).transform for pair in pairwise(systems)]

    def turn(x: Any, y: Any, *z: Any) -> Any:
        for step in steps:
            x, y = step(x, y)
        return (x, y, *z)

    return turn


def moved(layer: _Layer, to: Any) -> _Layer:
    """Return a layer in another CRS, with the parameters of its own (see :func:`way`)."""
    for system in way(layer.crs, to):
        layer = layer.to_crs(system)
    return layer


def metric_crs(
    layer: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    layer_name: str = "layer",
    prefix: bool = False,
    width: int = 3,
) -> str:
    """Name the CGCS2000 Gauss-Krueger zone of the middle of ``layer``.

    :func:`explain_crs` puts the answer into words.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries, any CRS
    layer_name : str
        Name of the argument, for the message.
    prefix : bool
        With the number of the zone before the easting (40 500 000 m), as Chinese surveys often
        write it, or without (500 000 m).
    width : {3, 6}
        Degrees of a zone.

    Returns
    -------
    str
        3 degrees: ``"EPSG:4534"`` (central meridian 75 E) to ``"EPSG:4554"`` (135 E), with a
        prefix ``"EPSG:4513"`` to ``"EPSG:4533"``; 6 degrees: ``"EPSG:4502"`` to ``"EPSG:4512"``,
        with a prefix ``"EPSG:4491"`` to ``"EPSG:4501"``.

    Raises
    ------
    CRSError
        ``layer`` has no CRS, no located geometry, or lies outside 73.5-136.5 E (6 degrees:
        72-138 E).
    ValueError
        ``prefix`` or ``width`` is no option.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> from chaoyang_geo.crs import metric_crs
    >>> site = gpd.GeoSeries([Point(120.45, 41.57)], crs=4490)
    >>> metric_crs(site), metric_crs(site, prefix=True), metric_crs(site, width=6, prefix=True)
    ('EPSG:4549', 'EPSG:4528', 'EPSG:4499')
    """
    one_of("width", width, (3, 6))
    one_of("prefix", prefix, (True, False))
    west, _, east, _ = to_geographic(layer, layer_name=layer_name).total_bounds
    if not (math.isfinite(west) and math.isfinite(east)):
        raise CRSError(f"{layer_name}: no row has a geometry, so no zone can be chosen.")
    middle = (west + east) / 2
    meridian = 3 * round(middle / 3) if width == 3 else 6 * math.floor(middle / 6) + 3
    if not _FIRST_MERIDIAN <= meridian <= _LAST_MERIDIAN:
        raise CRSError(f"{layer_name}: {_outside(middle, width)}")
    return meridian_code(meridian, prefix=prefix, width=width)


def meridian_code(meridian: int, *, prefix: bool = False, width: int = 3) -> str:
    """Return the EPSG code of the CGCS2000 zone of a central meridian.

    Examples
    --------
    >>> from chaoyang_geo.crs import meridian_code
    >>> meridian_code(120), meridian_code(120, prefix=True), meridian_code(123, width=6)
    ('EPSG:4549', 'EPSG:4528', 'EPSG:4510')
    """
    return f"EPSG:{_FIRST_EPSG[width, prefix] + (meridian - _FIRST_MERIDIAN) // width}"


def zone_code(number: int, *, prefix: bool = True, width: int = 3) -> str:
    """Return the EPSG code of the CGCS2000 zone of a number.

    Examples
    --------
    >>> from chaoyang_geo.crs import zone_code
    >>> zone_code(40), zone_code(21, width=6)
    ('EPSG:4528', 'EPSG:4499')
    """
    return f"EPSG:{_FIRST_EPSG[width, prefix] + number - _FIRST_ZONE[width]}"


def is_zone(code: str) -> bool:
    """Tell whether ``code`` is one of the CGCS2000 Gauss-Krueger zones, as ``"EPSG:4549"``.

    Examples
    --------
    >>> from chaoyang_geo.crs import is_zone
    >>> is_zone("EPSG:4549"), is_zone("EPSG:4490"), is_zone("EPSG:32651")
    (True, False, False)
    """
    number = code.removeprefix("EPSG:")
    return number.isdecimal() and _FIRST_EPSG[6, True] <= int(number) <= _FIRST_EPSG[3, False] + 20


def explain_crs(crs: Any, *, lang: str = "zh") -> str:
    """Say in one line what a coordinate reference system is and what its numbers look like.

    Parameters
    ----------
    crs
        Anything that pyproj reads: ``"EPSG:4549"``, 4549, WKT, ``layer.crs``.
    lang : {"zh", "en"}

    Returns
    -------
    str
        Of a Gauss-Krueger zone its width, number, central meridian, extent, false easting and
        which number is the easting; of other systems their name, unit, and whether lengths and
        areas may be measured in it.

    Raises
    ------
    CRSError
        ``crs`` is None, or pyproj cannot read it.
    ValueError
        Unknown ``lang``.

    Notes
    -----
    A zone of 3 degrees with meridian 3 n is number n; one of 6 degrees with meridian 6 n - 3 is
    number n (the names and false eastings of EPSG:4491 to 4554). Without a prefix a 6-degree zone
    and the 3-degree zone of the same meridian have the same numbers. In Chinese surveys X is the
    northing and Y the easting; GIS files have the easting first.

    Examples
    --------
    >>> from chaoyang_geo.crs import explain_crs
    >>> explain_crs("EPSG:4549")
    'CGCS2000，高斯-克吕格3度带第40带，中央子午线120°E（118.5°E~121.5°E），横坐标不带带号，东伪偏移500000米'
    >>> explain_crs(4528, lang="en")
    'CGCS2000, Gauss-Krueger, 3-degree zone 40, central meridian 120E (118.5E to 121.5E), \
with zone prefix, false easting 40500000 m'
    >>> explain_crs(3857, lang="en")
    'WGS 84 / Pseudo-Mercator (EPSG:3857), metres of web-Mercator: not for measuring'
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError as Unreadable

    one_of("lang", lang, ("zh", "en"))
    if crs is None:
        raise CRSError("crs: there is none; name it, e.g. EPSG:4490 for CGCS2000 degrees.")
    try:
        known = CRS.from_user_input(crs)
    except Unreadable as error:
        raise CRSError(f"crs: {crs!r} is no coordinate reference system ({error}).") from error
    zone = _gauss_krueger(known)
    if zone is not None:
        return _zone_words(zone, lang)
    epsg = known.to_epsg()
    name = f"{known.name} (EPSG:{epsg})" if epsg else known.name
    if known.is_geographic:
        words = ("经纬度（度），不用于量算", "degrees: not for measuring")
    elif "pseudo-mercator" in known.name.lower() or epsg in (3857, 900913, 102100):
        words = ("网络墨卡托米，不用于量算", "metres of web-Mercator: not for measuring")
    else:
        unit = known.axis_info[0].unit_name if known.axis_info else "unknown unit"
        words = (f"投影坐标（{unit}）", f"projected ({unit})")
    return f"{name}，{words[0]}" if lang == "zh" else f"{name}, {words[1]}"


def _gauss_krueger(crs: Any) -> tuple[str, int, int, float, bool] | None:
    """Return datum, width, number, false easting, prefix of a Gauss-Krueger zone, else None."""
    operation = crs.coordinate_operation
    if operation is None or "transverse mercator" not in operation.method_name.lower():
        return None
    value = {parameter.name: parameter.value for parameter in operation.params}
    meridian = value.get("Longitude of natural origin", math.nan)
    easting = value.get("False easting", math.nan)
    if value.get("Scale factor at natural origin", 1.0) != 1.0 or meridian % 3:
        return None
    number, rest = divmod(easting, 1e6)
    if rest != 5e5 or value.get("False northing", 0.0) != 0.0:
        return None
    datum = crs.geodetic_crs.name if crs.geodetic_crs is not None else crs.name
    datum = "CGCS2000" if "2000" in datum else datum
    six = meridian % 6 == 3
    if number:
        if six and number == (meridian + 3) / 6:
            return datum, 6, int(number), easting, True
        return (datum, 3, int(number), easting, True) if number == meridian / 3 else None
    said = crs.name.replace("_", "-").lower()
    width = 6 if six and "3-degree" not in said else 3
    return datum, width, round(meridian / 3 if width == 3 else (meridian + 3) / 6), easting, False


def _zone_words(zone: tuple[str, int, int, float, bool], lang: str) -> str:
    datum, width, number, easting, prefix = zone
    meridian = 3 * number if width == 3 else 6 * number - 3
    west, east = meridian - width / 2, meridian + width / 2
    if lang == "zh":
        return (
            f"{datum}，高斯-克吕格{width}度带第{number}带，中央子午线{meridian}°E"
            f"（{west:g}°E~{east:g}°E），横坐标{'带' if prefix else '不带'}带号，"
            f"东伪偏移{easting:.0f}米"
        )
    return (
        f"{datum}, Gauss-Krueger, {width}-degree zone {number}, central meridian {meridian}E "
        f"({west:g}E to {east:g}E), {'with' if prefix else 'without'} zone prefix, "
        f"false easting {easting:.0f} m"
    )


def to_metric(layer: _Layer, *, layer_name: str = "layer") -> _Layer:
    """Return ``layer`` in metres, in the CGCS2000 3-degree zone of its middle.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries
        In any CRS; it is not changed.
    layer_name : str
        What messages call the layer.

    Returns
    -------
    GeoDataFrame or GeoSeries
        The same rows in the zone of :func:`metric_crs`, in metres.

    Raises
    ------
    CRSError
        As :func:`metric_crs`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> from chaoyang_geo import to_metric
    >>> sites = to_metric(gpd.GeoSeries([Point(120.45, 41.57)], crs="EPSG:4490"))
    >>> sites.crs.to_epsg(), round(float(sites.x.iloc[0]))
    (4549, 537533)
    """
    return moved(layer, metric_crs(layer, layer_name=layer_name))


def on_earth(shapes: Shapes, crs: Any) -> Bools:
    """Tell which shapes have a place on the earth that a CGCS2000 zone can show.

    Longitude and latitude swapped, many lie nowhere; one around half the earth, or all of it, is
    folded in metres. Neither would meet anything, wherever it was meant to lie.

    Examples
    --------
    >>> import numpy as np
    >>> from shapely import Point
    >>> from chaoyang_geo.crs import on_earth
    >>> on_earth(np.array([Point(120.4, 41.6), Point(41.6, 120.4)]), "EPSG:4490").tolist()
    [True, False]
    """
    import numpy as np
    import shapely

    boxes = shapely.bounds(shapes).reshape(-1, 4)
    if len(boxes) > 1:  # usually all are, and the box around them tells
        whole = np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
        if not np.isnan(_middles(whole, crs)).any():
            return np.ones(len(boxes), bool)
    return np.asarray(~np.isnan(_middles(boxes, crs)))


def zone_meridians(shapes: Shapes, crs: Any) -> Floats:
    """Return the central meridian of the CGCS2000 3-degree zone of the middle of each shape.

    NaN where a shape has no place on the earth (as :func:`on_earth` says) or is missing, infinite
    where it lies outside the zones.

    Examples
    --------
    >>> import numpy as np
    >>> from shapely import Point
    >>> from chaoyang_geo.crs import zone_meridians
    >>> shapes = np.array([Point(120.4, 41.6), Point(41.6, 120.4), Point(0, 0)])
    >>> zone_meridians(shapes, "EPSG:4490").tolist()
    [120.0, nan, inf]
    """
    import numpy as np
    import shapely

    middle = _middles(shapely.bounds(shapes), crs)
    found: Floats = 3 * np.round(middle / 3)
    outside = ~((found >= _FIRST_MERIDIAN) & (found <= _LAST_MERIDIAN))
    found[outside & ~np.isnan(middle)] = np.inf
    return found


def require_zone(shapes: Shapes, crs: Any, *, rows: Ints, layer_name: str) -> Floats:
    """Return :func:`zone_meridians`, after a check that not all shapes lie outside the zones.

    ``rows`` are the rows of the shapes in their table, for the message of :class:`CRSError`.
    """
    import numpy as np
    import shapely

    found = zone_meridians(shapes, crs)
    if np.isfinite(found).any() or not len(found):
        return found
    first = f"{layer_name}, row {rows[0] + 1}"
    every = f"None of the {len(found)} shapes lies in a zone." if len(found) > 1 else ""
    if np.isinf(found[0]):
        middle = float(_middles(shapely.bounds(shapes[0]), crs)[0])
        raise CRSError(f"{first}: {_outside(middle, 3)} {every}".rstrip())
    box = ", ".join(f"{each:.10g}" for each in shapely.bounds(shapes[0]))
    raise CRSError(
        f"{first}: its coordinates have no place on the earth in {crs}, or it is wider than "
        f"{_WIDEST} degrees (bounds {box}); check the CRS of the layer, or mend the row. "
        f"{every}".rstrip()
    )


def _middles(boxes: Floats, crs: Any) -> Floats:
    """Return the longitude of the middle of each box, NaN where it has no place on the earth."""
    import numpy as np

    west, south, east, north = boxes.reshape(-1, 4).T
    turn = transform(crs, GEOGRAPHIC)
    lon, lat = turn(np.stack([west, west, east, east]), np.stack([south, north] * 2))
    placed = (np.isfinite(lon) & (np.abs(lat) <= 90)).all(axis=0)
    west, east = lon.min(axis=0), lon.max(axis=0)
    with np.errstate(invalid="ignore"):
        return np.where(placed & (east <= west + _WIDEST), (west + east) / 2, np.nan)


def _outside(middle: float, width: int) -> str:
    """Say that something lies outside the zones of a width, and what may be wrong."""
    return (
        f"its middle lies at {middle:.3f} E, outside the CGCS2000 {width}-degree "
        f"zones ({_FIRST_MERIDIAN - width / 2:g} to {_LAST_MERIDIAN + width / 2:g} E). Are "
        "longitude and latitude swapped, or is the CRS wrong? check_datum weighs what else "
        "the coordinates may be."
    )
