"""What coordinates may be: each hypothesis, in words, and the degrees that follow from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import GEOGRAPHIC, meridian_code, zone_code
from chaoyang_geo.datum.shift import bd09_to_cgcs2000, cgcs2000_to_gcj02, gcj02_to_cgcs2000

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Pair = tuple[Floats, Floats]

#: Hypotheses on degrees, the plainest first: of equals the first one counts.
_DEGREES: dict[str, tuple[str, str]] = {
    "cgcs2000": ("坐标如所称（CGCS2000或WGS-84）", "as stated (CGCS2000 or WGS-84)"),
    "gcj02": ("GCJ-02（高德、腾讯偏移坐标）", "GCJ-02 (Amap, Tencent)"),
    "bd09": ("BD-09（百度偏移坐标）", "BD-09 (Baidu)"),
    "gcj02_reversed": (
        "反向偏移（多纠偏一次，或参照本身是GCJ-02）",
        "shifted against GCJ-02: corrected once too often, or the reference itself is GCJ-02",
    ),
    "swapped": ("经纬度颠倒", "longitude and latitude swapped"),
    "swapped_gcj02": ("经纬度颠倒的GCJ-02", "GCJ-02, longitude and latitude swapped"),
    "swapped_bd09": ("经纬度颠倒的BD-09", "BD-09, longitude and latitude swapped"),
    "degrees_minutes": ("度分误作小数度（120.27为120°27′）", "degrees and minutes read as decimals"),
    "degrees_minutes_seconds": (
        "度分秒误作小数度（120.2730为120°27′30″）", "degrees, minutes and seconds read as decimals",
    ),
}  # fmt: skip
_SHIFTS: dict[str, Callable[[Any, Any], Pair]] = {
    "gcj02": gcj02_to_cgcs2000,
    "bd09": bd09_to_cgcs2000,
    "gcj02_reversed": cgcs2000_to_gcj02,
}
_ZONE = re.compile(r"(swapped_)?EPSG:(\d{4})")
_METRES = 360.0  # a coordinate larger than this is no degree
_SECOND = 5  # decimals of a second that are kept: the noise of binary numbers is below


@dataclass(frozen=True)
class Hypothesis:
    """One reading of coordinates: its name, in words, and what makes degrees of them."""

    name: str
    zh: str
    en: str


def hypotheses_for(
    metres: bool, stated: bool, x: Floats, y: Floats, west: float, east: float
) -> list[Hypothesis]:
    """Return the hypotheses that are worth weighing.

    ``metres``: the numbers are metres; ``stated``: the layer says in which CRS; ``west`` and
    ``east``: the reference, degrees. Zones without a prefix are those whose meridian lies within
    6 degrees of the reference, zones with a prefix those that the numbers begin with.
    """
    if not metres:
        return [Hypothesis(name, *words) for name, words in _DEGREES.items()]
    found = [Hypothesis(name, *_DEGREES[name]) for name in ("cgcs2000", *_SHIFTS) if stated]
    for swapped, easting in ((False, x), (True, y)):
        codes = _prefixed(easting)
        meridians = range(75, 136, 3)
        codes += [meridian_code(m) for m in meridians if west - 6 <= m <= east + 6]
        found += [named(f"swapped_{code}" if swapped else code) for code in codes]
    return found


def named(name: str) -> Hypothesis:
    """Return the hypothesis of a name; an unknown name is an error that lists them."""
    from chaoyang_geo.crs import explain_crs, is_zone

    if name in _DEGREES:
        return Hypothesis(name, *_DEGREES[name])
    match = _ZONE.fullmatch(name)
    if match is None or not is_zone(f"EPSG:{match[2]}"):
        known = ", ".join(repr(known) for known in _DEGREES)
        raise ValueError(
            f"hypothesis={name!r} is not an option; use one of: {known}, or a CGCS2000 zone as "
            "'EPSG:4549' or 'swapped_EPSG:4549'."
        )
    code = f"EPSG:{match[2]}"
    zh, en = explain_crs(code, lang="zh"), explain_crs(code, lang="en")
    zh, en = zh.split("，东伪")[0], en.split(", false")[0]
    if match[1]:
        return Hypothesis(name, f"{zh}，纵横坐标颠倒", f"{en}, northing and easting swapped")
    return Hypothesis(name, zh, en)


def _prefixed(easting: Floats) -> list[str]:
    """Return the zones that most eastings begin with the number of."""
    import numpy as np

    known = easting[np.isfinite(easting)]
    if not len(known):
        return []
    number = int(np.median(known) // 1e6)
    widths = [(3, range(25, 46)), (6, range(13, 24))]
    return [zone_code(number, width=width) for width, zones in widths if number in zones]


def zone_of(name: str) -> str:
    """Return the EPSG code of a hypothesis on a zone, else an empty text."""
    match = _ZONE.fullmatch(name)
    return f"EPSG:{match[2]}" if match else ""


def is_swapped(name: str) -> bool:
    """Tell whether a hypothesis takes the first coordinate for the second."""
    return name.startswith("swapped")


def as_degrees(name: str, x: Floats, y: Floats, crs: Any) -> Pair:
    """Return the degrees of CGCS2000 that raw coordinates have under a hypothesis.

    ``crs`` is what the layer says of itself, or None. Missing where the hypothesis allows no
    such coordinate, as 75 minutes.
    """
    import numpy as np

    zone = zone_of(name)
    if is_swapped(name):
        x, y = y, x
        name = name.removeprefix("swapped").removeprefix("_")
    if zone:
        return _projected(x, y, zone)
    if name.startswith("degrees_minutes"):
        seconds = name.endswith("seconds")
        lon, lat = _from_minutes(x, seconds), _from_minutes(y, seconds)
    elif are_metres(x, y):
        if crs is None:
            return np.full(len(x), np.nan), np.full(len(x), np.nan)
        lon, lat = _projected(x, y, crs)
    else:
        lon, lat = _projected(x, y, crs) if crs is not None and crs.is_geographic else (x, y)
    if name in _SHIFTS:
        lon, lat = _SHIFTS[name](lon, lat)
    valid = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    return np.where(valid, lon, np.nan), np.where(valid, lat, np.nan)


def are_metres(x: Floats, y: Floats) -> bool:
    """Tell whether raw coordinates are metres: most of them are too large for degrees."""
    import numpy as np

    known = np.isfinite(x) & np.isfinite(y)
    large = (np.abs(x[known]) > _METRES) | (np.abs(y[known]) > _METRES)
    return bool(large.size and large.mean() > 0.5)


def _projected(x: Floats, y: Floats, crs: Any) -> Pair:
    """Return degrees of CGCS2000; missing where a projection has none."""
    import numpy as np
    from pyproj import CRS, Transformer

    if CRS.from_user_input(crs) == CRS.from_user_input(GEOGRAPHIC):
        return x, y
    lon, lat = Transformer.from_crs(crs, GEOGRAPHIC, always_xy=True).transform(x, y)
    known = np.isfinite(lon) & np.isfinite(lat)
    return np.where(known, lon, np.nan), np.where(known, lat, np.nan)


def _from_minutes(values: Floats, seconds: bool) -> Floats:
    """Return degrees of 120.27 (120°27') or 120.2730 (120°27'30"); missing beyond 60."""
    import numpy as np

    size = np.abs(values)
    degrees = np.floor(size)
    rest = np.round((size - degrees) * 1e4, _SECOND)  # minutes in hundreds, then seconds
    over = rest >= 1e4
    degrees, rest = degrees + over, np.where(over, 0.0, rest)
    if not seconds:
        minutes = rest / 100
        return np.where(minutes < 60, np.sign(values) * (degrees + minutes / 60), np.nan)
    minutes = np.floor(rest / 100)
    left = rest - minutes * 100
    found = np.sign(values) * (degrees + minutes / 60 + left / 3600)
    return np.where((minutes < 60) & (left < 60), found, np.nan)
