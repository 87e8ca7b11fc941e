"""The shifted coordinates of Chinese web maps, GCJ-02 and BD-09, there and back.

Neither shift is published officially. The formulas are those that are known from public source
code since 2010: for GCJ-02 a polynomial and a sum of sines in longitude less 105 and latitude
less 35, in metres, divided by the radii of the Krassovsky ellipsoid (a = 6 378 245 m,
e2 = 0.00669342162296594323); for BD-09 a wave of 3000 periods a half turn on top of GCJ-02 in
polar coordinates, then 0.0065 degrees east and 0.006 degrees north. They reproduce the shifted
maps to about a metre.
CGCS2000 and WGS-84 differ by less than that, so that one stands for the other here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]
    Pair = tuple[Floats, Floats]
    Shift = Callable[[Floats, Floats], Pair]

_A = 6_378_245.0  # semi-major axis of the Krassovsky ellipsoid, metres
_EE = 0.00669342162296594323  # its first eccentricity squared
_SIN_35, _COS_35 = math.sin(math.radians(35.0)), math.cos(math.radians(35.0))
_X_PI = math.pi * 3000.0 / 180.0
_BD_EAST, _BD_NORTH = 0.0065, 0.006  # degrees

#: West, south, east, north: the box outside of which nothing is shifted.
BOX: tuple[float, float, float, float] = (72.004, 0.8293, 137.8347, 55.8271)
_NEAR = 0.05  # degrees: more than any shift at the edge of the box

_BLOCK = 1 << 14  # points at a time, so that they stay in the cache
# Degrees. An inverse stops after such a step; what is left is at most 1 % of it, 0.1 mm.
_STILL = 1e-7
_MOST_STEPS = 30


def cgcs2000_to_gcj02(lon: Any, lat: Any) -> Pair:
    """Shift degrees of CGCS2000 (or WGS-84) to those of GCJ-02, as Amap and Tencent show them.

    Parameters
    ----------
    lon, lat : array of float, degrees
        Broadcast against each other.

    Returns
    -------
    lon, lat : arrays of float64 of the common shape
        Points outside :data:`BOX` are unchanged; where a coordinate is missing, both are.

    Raises
    ------
    ValueError
        A coordinate is no number, or the shapes cannot be broadcast.

    Notes
    -----
    Source: see the module. The same constants as every open implementation; no official text.

    Examples
    --------
    >>> from chaoyang_geo.datum import cgcs2000_to_gcj02
    >>> lon, lat = cgcs2000_to_gcj02([120.45, -0.12], [41.57, 51.5])
    >>> lon.round(6).tolist(), lat.round(6).tolist()
    ([120.455682, -0.12], [41.572287, 51.5])
    """
    return _forward(lon, lat, _to_gcj)


def gcj02_to_cgcs2000(lon: Any, lat: Any) -> Pair:
    """Return degrees of GCJ-02 to those of CGCS2000: the exact inverse, below a millimetre.

    Parameters
    ----------
    lon, lat : array of float, degrees
        Broadcast against each other.

    Returns
    -------
    lon, lat : arrays of float64 of the common shape
        Unchanged where no point of :data:`BOX` is shifted there; where a coordinate is
        missing, both are.

    Raises
    ------
    ValueError
        A coordinate is no number, or the shapes cannot be broadcast.

    Notes
    -----
    Fixed-point iteration of :func:`cgcs2000_to_gcj02`, whose shift changes by at most 1 % of a
    step, until no point moves by 1e-7 degrees: less than 0.1 mm is left. In the strip of a
    shift's width along the box, far from China's land, a place may be a shifted one or an
    unshifted one: it is taken for a shifted one, so that whatever was shifted comes back.

    Examples
    --------
    >>> from chaoyang_geo.datum import cgcs2000_to_gcj02, gcj02_to_cgcs2000
    >>> lon, lat = gcj02_to_cgcs2000(*cgcs2000_to_gcj02(120.45, 41.57))
    >>> float(lon.round(9)), float(lat.round(9))
    (120.45, 41.57)
    """
    return _back(lon, lat, _from_gcj)


def gcj02_to_bd09(lon: Any, lat: Any) -> Pair:
    """Shift degrees of GCJ-02 to those of BD-09, as Baidu shows them.

    Parameters
    ----------
    lon, lat : array of float, degrees
        Broadcast against each other.

    Returns
    -------
    lon, lat : arrays of float64 of the common shape
        Points outside :data:`BOX` are unchanged; where a coordinate is missing, both are.

    Raises
    ------
    ValueError
        A coordinate is no number, or the shapes cannot be broadcast.

    Notes
    -----
    Source: see the module. The same constants as every open implementation; no official text.

    Examples
    --------
    >>> from chaoyang_geo.datum import gcj02_to_bd09
    >>> lon, lat = gcj02_to_bd09(116.404, 39.915)
    >>> float(lon.round(5)), float(lat.round(5))
    (116.41037, 39.92134)
    """
    return _forward(lon, lat, _to_bd)


def bd09_to_gcj02(lon: Any, lat: Any) -> Pair:
    """Return degrees of BD-09 to those of GCJ-02: the exact inverse, below a millimetre.

    Parameters
    ----------
    lon, lat : array of float, degrees
        Broadcast against each other.

    Returns
    -------
    lon, lat : arrays of float64 of the common shape
        Unchanged where no point of :data:`BOX` is shifted there; where a coordinate is
        missing, both are.

    Raises
    ------
    ValueError
        A coordinate is no number, or the shapes cannot be broadcast.

    Notes
    -----
    The usual formula for the way back, one step with the shifted place in the waves, errs by up
    to 0.2 m; here Newton's steps follow until no point moves by 1e-7 degrees. Source: see the
    module.

    Examples
    --------
    >>> from chaoyang_geo.datum import bd09_to_gcj02, gcj02_to_bd09
    >>> lon, lat = bd09_to_gcj02(*gcj02_to_bd09(116.404, 39.915))
    >>> float(lon.round(9)), float(lat.round(9))
    (116.404, 39.915)
    """
    return _back(lon, lat, _from_bd)


def cgcs2000_to_bd09(lon: Any, lat: Any) -> Pair:
    """Shift degrees of CGCS2000 (or WGS-84) to those of BD-09: by GCJ-02, then on.

    Parameters
    ----------
    lon, lat : array of float, degrees
        Broadcast against each other.

    Returns
    -------
    lon, lat : arrays of float64 of the common shape
        Points outside :data:`BOX` are unchanged; where a coordinate is missing, both are.

    Raises
    ------
    ValueError
        A coordinate is no number, or the shapes cannot be broadcast.

    Notes
    -----
    Source: see the module. The same constants as every open implementation; no official text.

    Examples
    --------
    >>> from chaoyang_geo.datum import cgcs2000_to_bd09
    >>> lon, lat = cgcs2000_to_bd09(120.45, 41.57)
    >>> float(lon.round(6)), float(lat.round(6))
    (120.462152, 41.578396)
    """
    return _forward(lon, lat, lambda x, y: _to_bd(*_to_gcj(x, y)))


def bd09_to_cgcs2000(lon: Any, lat: Any) -> Pair:
    """Return degrees of BD-09 to those of CGCS2000: the exact inverse, below a millimetre.

    Parameters
    ----------
    lon, lat : array of float, degrees
        Broadcast against each other.

    Returns
    -------
    lon, lat : arrays of float64 of the common shape
        Unchanged where no point of :data:`BOX` is shifted there; where a coordinate is
        missing, both are.

    Raises
    ------
    ValueError
        A coordinate is no number, or the shapes cannot be broadcast.

    Notes
    -----
    :func:`bd09_to_gcj02`, then :func:`gcj02_to_cgcs2000`. Source: see the module.

    Examples
    --------
    >>> from chaoyang_geo.datum import bd09_to_cgcs2000, cgcs2000_to_bd09
    >>> lon, lat = bd09_to_cgcs2000(*cgcs2000_to_bd09(120.45, 41.57))
    >>> float(lon.round(9)), float(lat.round(9))
    (120.45, 41.57)
    """
    return _back(lon, lat, lambda x, y: _from_gcj(*_from_bd(x, y)))


def _forward(lon: Any, lat: Any, shift: Shift) -> Pair:
    """Shift what lies in the box."""

    def block(x: Floats, y: Floats) -> Pair:
        return _where(_in_box(x, y), x, y, shift)

    return _in_blocks(lon, lat, block)


def _back(lon: Any, lat: Any, shift: Shift) -> Pair:
    """Shift back what came from the box."""
    import numpy as np

    def block(x: Floats, y: Floats) -> Pair:
        east, north = _where(_in_box(x, y, _NEAR), x, y, shift)
        came = _in_box(east, north, _STILL)
        return np.where(came, east, x), np.where(came, north, y)

    return _in_blocks(lon, lat, block)


def _in_blocks(lon: Any, lat: Any, work: Shift) -> Pair:
    """Broadcast two columns of degrees and work on them block by block."""
    import numpy as np

    x, y = np.broadcast_arrays(_floats(lon, "lon"), _floats(lat, "lat"))
    shape = x.shape
    x, y = x.ravel(), y.ravel()
    east, north = np.empty(len(x)), np.empty(len(x))
    for start in range(0, len(x), _BLOCK):
        here = slice(start, start + _BLOCK)
        east[here], north[here] = work(x[here], y[here])
    missing = np.isnan(x) | np.isnan(y)
    if missing.any():
        east[missing] = north[missing] = np.nan
    return east.reshape(shape), north.reshape(shape)


def _floats(values: Any, name: str) -> Floats:
    import numpy as np

    if hasattr(values, "to_numpy"):  # a column of a frame may hold pandas' own missing value
        values = values.to_numpy(dtype="float64", na_value=np.nan)
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers, decimal degrees ({error}).") from error


def _in_box(x: Floats, y: Floats, margin: float = 0.0) -> Bools:
    west, south, east, north = BOX
    found: Bools = (
        (x >= west - margin) & (x <= east + margin) & (y >= south - margin) & (y <= north + margin)
    )
    return found


def _where(inside: Bools, x: Floats, y: Floats, shift: Shift) -> Pair:
    """Shift the points inside, and leave the others."""
    if inside.all():
        return shift(x, y)
    east, north = x.copy(), y.copy()
    if inside.any():
        east[inside], north[inside] = shift(x[inside], y[inside])
    return east, north


def _to_gcj(lon: Floats, lat: Floats) -> Pair:
    """Apply the formula of GCJ-02 wherever it is.

    Its sines are of multiples of one angle, so that one tangent for each coordinate gives all
    of them: nearly all of the time would go into sines. The numbers are those of the formula
    to 1e-13 degrees.
    """
    import numpy as np

    x, y = lon - 105.0, lat - 35.0
    sin_x60, cos_x60 = _sine_cosine(x * (math.pi / 120))  # of pi x / 60
    sin_x30 = 2.0 * sin_x60 * cos_x60
    sin_x12, cos_x12 = _fivefold_sine(sin_x60), _fivefold_sine(cos_x60)
    sin_x3, cos_x3 = _doubled(*_doubled(sin_x12, cos_x12))
    sin_x1, cos_x1 = _tripled_sine(sin_x3), -_tripled_sine(cos_x3)
    sin_2x = 2.0 * sin_x1 * cos_x1
    sin_y180, cos_y180 = _sine_cosine(y * (math.pi / 360))
    sin_y60, cos_y60 = _tripled_sine(sin_y180), -_tripled_sine(cos_y180)
    sin_y30 = 2.0 * sin_y60 * cos_y60
    sin_y12, cos_y12 = _fivefold_sine(sin_y60), _fivefold_sine(cos_y60)
    sin_y3, _ = _doubled(*_doubled(sin_y12, cos_y12))
    sin_y1 = _tripled_sine(sin_y3)
    both = 20.0 * (_tripled_sine(sin_2x) + sin_2x)
    waves_east = both + 20.0 * sin_x1 + 40.0 * sin_x3 + 150.0 * sin_x12 + 300.0 * sin_x30
    waves_north = both + 20.0 * sin_y1 + 40.0 * sin_y3 + 160.0 * sin_y12 + 320.0 * sin_y30
    root, product = np.sqrt(np.abs(x)), 0.1 * x * y
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + product + 0.1 * root + waves_east * (2 / 3)
    north_m = (
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + product + 0.2 * root + waves_north * (2 / 3)
    )
    sine = sin_y180 * _COS_35 + cos_y180 * _SIN_35  # of the latitude
    cosine = cos_y180 * _COS_35 - sin_y180 * _SIN_35
    w_squared = 1.0 - _EE * sine * sine
    w = np.sqrt(w_squared)
    degree = 180.0 / math.pi
    east = lon + east_m * w * (degree / _A) / cosine
    north = lat + north_m * w_squared * w * (degree / (_A * (1.0 - _EE)))
    return east, north


def _sine_cosine(half: Floats) -> Pair:
    """Return sine and cosine of twice an angle, from its tangent."""
    import numpy as np

    tangent = np.tan(half)
    square = tangent * tangent
    share = 1.0 / (1.0 + square)
    return 2.0 * tangent * share, (1.0 - square) * share


def _doubled(sine: Floats, cosine: Floats) -> Pair:
    """Return sine and cosine of the double angle."""
    return 2.0 * sine * cosine, 1.0 - 2.0 * sine * sine


def _tripled_sine(sine: Floats) -> Floats:
    """Return the sine of the threefold angle; of a cosine its negative."""
    return sine * (3.0 - 4.0 * sine * sine)


def _fivefold_sine(sine: Floats) -> Floats:
    """Return the sine of the fivefold angle; of a cosine the cosine."""
    square = sine * sine
    return sine * (5.0 + square * (16.0 * square - 20.0))


def _to_bd(lon: Floats, lat: Floats) -> Pair:
    """Apply the formula of BD-09 wherever it is.

    Turning by a tiny angle and stretching by a tiny factor stand for the polar coordinates.
    """
    import numpy as np

    stretch = 1.0 + 2e-5 * np.sin(lat * _X_PI) / np.sqrt(lon * lon + lat * lat)
    return _turned(lon, lat, stretch, 3e-6 * np.cos(lon * _X_PI))


def _turned(lon: Floats, lat: Floats, stretch: Floats, angle: Floats) -> Pair:
    cosine = 1.0 - angle * angle / 2  # the next terms are below 1e-17
    return (
        stretch * (lon * cosine - lat * angle) + _BD_EAST,
        stretch * (lat * cosine + lon * angle) + _BD_NORTH,
    )


def _bd_step(lon: Floats, lat: Floats, x: Floats, y: Floats) -> Pair:
    """Return Newton's step of a guess towards the place whose image is lon, lat.

    The waves are short, so that a step by what the image misses would leave 2 % of it.
    """
    import numpy as np

    radius = np.sqrt(x * x + y * y)
    sin_x, cos_x = _sine_cosine(x * (_X_PI / 2))
    sin_y, cos_y = _sine_cosine(y * (_X_PI / 2))
    east, north = _turned(x, y, 1.0 + 2e-5 * sin_y / radius, 3e-6 * cos_x)
    miss_x, miss_y = lon - east, lat - north
    turn = -3e-6 * _X_PI * sin_x  # of the angle with x, and of the stretch with y
    reach = 2e-5 * _X_PI * cos_y / radius
    xx, xy, yx, yy = 1.0 - y * turn, x * reach, x * turn, 1.0 + y * reach
    share = 1.0 / (xx * yy - xy * yx)
    return (yy * miss_x - xy * miss_y) * share, (xx * miss_y - yx * miss_x) * share


def _from_gcj(lon: Floats, lat: Floats) -> Pair:
    def step(x: Floats, y: Floats) -> Pair:
        east, north = _to_gcj(x, y)
        return lon - east, lat - north

    return _moved(lon, lat, step)


def _from_bd(lon: Floats, lat: Floats) -> Pair:
    return _moved(lon - _BD_EAST, lat - _BD_NORTH, lambda x, y: _bd_step(lon, lat, x, y))


def _moved(x: Floats, y: Floats, step: Shift) -> Pair:
    """Move a guess step by step, until nothing moves."""
    import numpy as np

    for _ in range(_MOST_STEPS):
        step_x, step_y = step(x, y)
        x, y = x + step_x, y + step_y
        if max(np.abs(step_x).max(), np.abs(step_y).max()) < _STILL:
            break
    return x, y
