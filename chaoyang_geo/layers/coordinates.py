"""Coordinates out of the cells of a table: degrees in every way of writing, and metres.

In Chinese surveying X points north and Y east (纵坐标 X, 横坐标 Y), in GIS X points east. The
two cannot be told apart by name, but by size: within China a Gauss-Krueger northing lies between
1.9 and 6.0 million metres and an easting below 0.95 million, or, with its zone before it, above
13 million. Source of the zones: EPSG registry, CGCS2000.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: What a column of coordinates may hold.
LONGITUDE, LATITUDE, EAST, NORTH = "longitude", "latitude", "east_m", "north_m"

#: Where China lies: degrees east and north; metres north of a Gauss-Krueger zone, metres east.
CHINA_E, CHINA_N = (73.0, 136.0), (3.0, 54.5)
NORTHINGS, EASTINGS = (1_900_000.0, 6_050_000.0), (50_000.0, 950_000.0)

# prefixed zones by datum: first zone, last zone, EPSG code of the first; 6-degree and 3-degree
ZONES = {
    "CGCS2000": ((13, 23, 4491), (25, 45, 4513)),
    "Xian 1980": ((13, 23, 2327), (25, 45, 2349)),
    "Beijing 1954": ((13, 23, 21413), (25, 45, 2401)),
}
# the same without prefix, 3-degree: first central meridian and its EPSG code
MERIDIANS = {"CGCS2000": (75, 4534), "Xian 1980": (75, 2370), "Beijing 1954": (75, 2422)}
DEGREES = {"CGCS2000": 4490, "Xian 1980": 4610, "Beijing 1954": 4214, "WGS 84": 4326}

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_MARKS = {
    **dict.fromkeys(map(ord, "′’‘´`ˊ分"), "'"),
    **dict.fromkeys(map(ord, "″”“〃秒"), '"'),
    **dict.fromkeys(map(ord, "º˚度゜"), "°"),
    **dict.fromkeys(map(ord, "\u3000\u00a0\u2002\u2003\u2009\t\r\n"), " "),
    **dict.fromkeys(map(ord, "－−–—"), "-"),
    ord("："): ":",
    0x200B: None,
    0xFEFF: None,
}
_NUMBER = r"\d+(?:\.\d+)?"
_SIDE = r"(?:东经|西经|北纬|南纬|[EWNS])"
_ANGLE = re.compile(
    rf"""\s*(?P<before>{_SIDE})?\s*[:=]?\s*(?P<sign>[-+])?\s*(?:
        (?P<d>\d{{1,3}})\s*(?:[°:\s]|-(?=\d))\s*(?P<m>{_NUMBER})\s*
            (?:(?:'(?!')|[:\s]|-(?=\d))\s*(?:(?P<s>{_NUMBER})\s*(?:"|'')?)?)?
        |(?P<dots>\d{{1,3}}\.\d{{1,2}}\.\d{{1,2}}(?:\.\d+)?)
        |(?P<plain>{_NUMBER}(?:[eE][-+]?\d+)?)\s*°?
    )\s*(?P<after>{_SIDE})?\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_SIDES = {"E": (1, LONGITUDE), "W": (-1, LONGITUDE), "N": (1, LATITUDE), "S": (-1, LATITUDE)}
_SIDES |= {"东经": _SIDES["E"], "西经": _SIDES["W"], "北纬": _SIDES["N"], "南纬": _SIDES["S"]}
_METRES = re.compile(
    r"\s*([-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*(?:m|米)?\s*", re.IGNORECASE
)

_PLAIN = re.compile(r"[-+]?\d{1,15}(?:\.\d{1,15})?")

_LOOK_AT = 2000  # cells, evenly spaced, that show what a column holds

EMPTY_CELL = "无坐标"


def fold_angle(text: str) -> str:
    """Write degrees, minutes, seconds and full-width digits one way."""
    return text.translate(_WIDE).replace("''", '"').translate(_MARKS).replace("''", '"').strip()


def angle(text: str, axis: str) -> tuple[float, str]:
    """Return the degrees that a text means and a flag: '' where it is understood.

    Examples
    --------
    >>> from chaoyang_geo.layers.coordinates import angle
    >>> for text in ("120°27′30″", "120 27 30", "120.4583E", "东经120度27分", "120°75′"):
    ...     print(angle(text, "longitude"))
    (120.45833333333333, '')
    (120.45833333333333, '')
    (120.4583, '')
    (120.45, '')
    (nan, '坐标“120°75′”的分或秒不小于60')
    """
    missing = float("nan")
    folded = fold_angle(text)
    if not folded:
        return missing, EMPTY_CELL
    found = _ANGLE.fullmatch(folded)
    if found is None:
        return missing, f"坐标“{text.strip()}”读不懂"
    side = (found["before"] or found["after"] or "").upper()
    sign, of_axis = _SIDES.get(side, (1, axis))
    if of_axis != axis:
        return missing, f"坐标“{text.strip()}”的方向与列不符"
    if found["sign"] == "-":
        sign = -sign
    if found["plain"]:
        value, minute, second = float(found["plain"]), 0.0, 0.0
    elif found["dots"]:
        parts = found["dots"].split(".", 2)
        value, minute, second = (float(part) for part in parts)
    else:
        value, minute, second = float(found["d"]), float(found["m"]), float(found["s"] or 0)
    if minute >= 60 or second >= 60:
        return missing, f"坐标“{text.strip()}”的分或秒不小于60"
    value = (
        sign * (value * 3600 + minute * 60 + second) / 3600 if minute or second else sign * value
    )
    if abs(value) > (180 if axis == LONGITUDE else 90):
        return (
            missing,
            f"坐标“{text.strip()}”超出{'经度±180' if axis == LONGITUDE else '纬度±90'}度",
        )
    return value, ""


def metres(text: str) -> tuple[float, str]:
    """Return the metres that a text means and a flag.

    Examples
    --------
    >>> from chaoyang_geo.layers.coordinates import metres
    >>> metres("4,604,123.5米"), metres("40537412.1")
    ((4604123.5, ''), (40537412.1, ''))
    """
    folded = text.translate(_WIDE).strip()
    if not folded:
        return float("nan"), EMPTY_CELL
    found = _METRES.fullmatch(folded)
    if found is None:
        return float("nan"), f"坐标“{text.strip()}”读不懂"
    return float(found[1].replace(",", "")), ""


def numbers_of(texts: npt.NDArray[Any], role: str) -> tuple[Floats, npt.NDArray[Any]]:
    """Return numbers and flags of a column of texts; each distinct text is read once."""
    import numpy as np
    import pandas as pd

    codes, distinct = pd.factorize(texts)
    if not len(distinct):
        return np.full(len(texts), np.nan), np.full(len(texts), "", dtype=object)
    values = np.full(len(distinct), np.nan)
    flags = np.full(len(distinct), "", dtype=object)
    plain = np.array([_PLAIN.fullmatch(text) is not None for text in distinct], dtype=bool)
    values[plain] = np.array(distinct[plain], dtype=np.float64)
    degrees = role in (LONGITUDE, LATITUDE)
    if degrees:
        plain &= np.abs(values) <= (180 if role == LONGITUDE else 90)
    for k in np.flatnonzero(~plain):
        values[k], flags[k] = angle(distinct[k], role) if degrees else metres(distinct[k])
    return values[codes], flags[codes]


def holds(texts: npt.NDArray[Any]) -> str:
    """Tell by size what a column holds: longitude, latitude, east_m, north_m, or '' if unclear.

    Examples
    --------
    >>> import numpy as np
    >>> from chaoyang_geo.layers.coordinates import holds
    >>> [holds(np.array([text])) for text in ("120°27′", "41.57", "40537412", "4604123", "7")]
    ['longitude', 'latitude', 'east_m', 'north_m', 'latitude']
    """
    import numpy as np

    given = texts[texts != ""]
    if not len(given):
        return ""
    given = given[:: 1 + len(given) // _LOOK_AT]

    def share(values: Floats, low: float, high: float) -> float:
        """Return the part of those cells that are understood which lies within the limits."""
        read = values[np.isfinite(values)]
        enough = len(read) * 4 >= len(values)
        return float(np.mean((read >= low) & (read <= high))) if enough and len(read) else 0.0

    shares = {}
    for role, (low, high) in ((LONGITUDE, CHINA_E), (LATITUDE, CHINA_N)):
        values, _ = numbers_of(given, role)
        shares[role] = share(values, low, high)
    values, _ = numbers_of(given, EAST)
    rest = values % 1_000_000
    zone = values // 1_000_000
    prefixed = ((zone >= 13) & (zone <= 23)) | ((zone >= 25) & (zone <= 45))
    inside = (rest >= EASTINGS[0]) & (rest <= EASTINGS[1])
    eastings = np.where(np.isfinite(values), inside & (prefixed | (zone == 0)), np.nan)
    shares[EAST] = share(eastings, 1, 1)
    shares[NORTH] = share(values, *NORTHINGS)
    best = max(shares, key=lambda role: shares[role])
    return best if shares[best] > 0.5 else ""


def zone_epsg(zone: int, datum: str) -> int | None:
    """Return the EPSG code of a zone that stands before the easting, or ``None``.

    Examples
    --------
    >>> from chaoyang_geo.layers.coordinates import zone_epsg
    >>> zone_epsg(40, "CGCS2000"), zone_epsg(21, "CGCS2000"), zone_epsg(7, "CGCS2000")
    (4528, 4499, None)
    """
    for first, last, code in ZONES.get(datum, ()):
        if first <= zone <= last:
            return code + zone - first
    return None


def meridian_epsg(meridian: int, datum: str) -> int | None:
    """Return the EPSG code of a 3-degree zone without prefix by its central meridian.

    Examples
    --------
    >>> from chaoyang_geo.layers.coordinates import meridian_epsg
    >>> meridian_epsg(120, "CGCS2000"), meridian_epsg(121, "CGCS2000")
    (4549, None)
    """
    first, code = MERIDIANS.get(datum, (0, 0))
    if not code or meridian % 3 or not 75 <= meridian <= 135:
        return None
    return code + (meridian - first) // 3
