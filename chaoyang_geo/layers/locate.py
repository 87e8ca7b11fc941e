"""Where the rows of a table lie: which columns, which axis, which system, said and not guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import CRSError
from chaoyang_geo.layers.coordinates import (
    CHINA_E,
    CHINA_N,
    DEGREES,
    EAST,
    EMPTY_CELL,
    LATITUDE,
    LONGITUDE,
    NORTH,
    angle,
    holds,
    meridian_epsg,
    numbers_of,
    zone_epsg,
)
from chaoyang_geo.layers.doubt import Doubt

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Texts = npt.NDArray[Any]
    Floats = npt.NDArray[np.float64]

_DATUMS = (
    ("GCJ-02", re.compile(r"GCJ-?\s?02|火星|高德|腾讯", re.IGNORECASE)),
    ("BD-09", re.compile(r"BD-?\s?09|百度", re.IGNORECASE)),
    (
        "CGCS2000",
        re.compile(r"CGCS\s?2000|国家\s?2000|2000\s?(?:国家|坐标)|大地2000", re.IGNORECASE),
    ),
    (
        "Xian 1980",
        re.compile(r"西安\s?80|1980\s?西安|80\s?西安|Xian\s?(?:19)?80|80坐标", re.IGNORECASE),
    ),
    (
        "Beijing 1954",
        re.compile(r"北京\s?54|1954\s?北京|54\s?北京|Beijing\s?(?:19)?54|54坐标", re.IGNORECASE),
    ),
    ("WGS 84", re.compile(r"WGS-?\s?(?:19)?84", re.IGNORECASE)),
)
_MERIDIAN = re.compile(r"中央(?:子午线|经线|经度)\D{0,6}(\d{2,3})")
_WORDS = {
    LONGITUDE: ("经度", "longitude"),
    LATITUDE: ("纬度", "latitude"),
    EAST: ("横坐标", "easting"),
    NORTH: ("纵坐标", "northing"),
}
# what stands between the two coordinates of one cell, the plainest first
_SPLITS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\s*[,，;；/|、\t]\s*",
        r"\s+(?=[NSEW北南东西])",
        r"(?<=[NSEW])\s*(?=\d)",
        r"(?<=[\"″'′秒分])\s*(?=[NSEW北南东西\d])",
        r"\s+",
    )
)


@dataclass
class Located:
    """Geometry of the rows, and what it rests on."""

    geometry: Any
    flags: Texts
    crs: Any
    crs_source: str
    notes: list[str] = field(default_factory=list)
    warn: list[Doubt] = field(default_factory=list)


@dataclass(frozen=True)
class _Pair:
    """Two columns of texts, east first, and what they hold."""

    east: Texts
    north: Texts
    degrees: bool
    said: Doubt | None  # how the columns were understood, None where the header is plain


def locate(
    names: list[str],
    roles: dict[int, str],
    texts: dict[int, Texts],
    *,
    titles: str,
    crs: Any,
    where: str,
    fixed: set[str],
) -> Located:
    """Return the geometry of every row.

    Parameters
    ----------
    names : list of str
        Headers of the table.
    roles : dict
        Column to what its header stands for (longitude, coord_x, ...).
    texts : dict
        Column to its cells as text.
    titles : str
        What stands above the header: the datum and the central meridian may be there.
    crs : optional
        What the caller says the coordinates are.
    fixed : set of str
        Headers that the caller has named himself: they are what he says.
    """
    by_role: dict[str, int] = {}
    for column, role in roles.items():
        by_role.setdefault(role, column)
    if "wkt" in by_role and not {"longitude", "east_m", "coord_x", "coord_pair"} & set(by_role):
        return _from_wkt(texts[by_role["wkt"]], crs)
    pair = _pair(names, by_role, texts, where, fixed)
    headers = " ".join(names[column] for column in roles)
    datum = _datum(f"{headers} {titles}")
    if pair.degrees:
        located = _in_degrees(pair, datum, crs, where)
    else:
        located = _in_metres(pair, datum, crs, where, f"{titles} {headers}")
    if pair.said is not None:
        located.warn.insert(0, pair.said)
    return located


def _pair(
    names: list[str], by_role: dict[str, int], texts: dict[int, Texts], where: str, fixed: set[str]
) -> _Pair:
    for first, second in (("longitude", "latitude"), ("east_m", "north_m"), ("coord_x", "coord_y")):
        if first not in by_role or second not in by_role:
            continue
        a, b = by_role[first], by_role[second]
        one, two = _composed(first, by_role, texts), _composed(second, by_role, texts)
        if first != "coord_x" and {names[a], names[b]} <= fixed:
            return _Pair(one, two, first == LONGITUDE, None)
        if not (one != "").any() and not (two != "").any():
            return _Pair(one, two, first != "east_m", None)
        return _by_size(names[a], names[b], one, two, (first, second), where)
    if "coord_pair" in by_role:
        return _split(names[by_role["coord_pair"]], texts[by_role["coord_pair"]], where)
    raise ValueError(
        f"{where}: only one column of a pair of coordinates was found; name the other."
    )


def _composed(role: str, by_role: dict[str, int], texts: dict[int, Texts]) -> Texts:
    """Join degrees, minutes and seconds that stand in three columns."""
    import numpy as np

    whole = texts[by_role[role]]
    minutes = by_role.get(f"{role}_minute")
    if minutes is None:
        return whole
    seconds = by_role.get(f"{role}_second")
    tail = texts[seconds] if seconds is not None else np.full(len(whole), "0", dtype=object)
    joined = [
        f"{d.rstrip('°度')}°{m.rstrip(chr(39) + '′分') or 0}'{s.rstrip('″秒') or 0}" if d else ""
        for d, m, s in zip(whole, texts[minutes], tail, strict=True)
    ]
    return np.array(joined, dtype=object)


def _by_size(
    name_1: str, name_2: str, one: Texts, two: Texts, named: tuple[str, str], where: str
) -> _Pair:
    """Tell by the size of the values which column points east; say so where the name does not."""
    found = (holds(one), holds(two))
    plain = {("longitude", "latitude"), ("east_m", "north_m")}
    if found in ((LONGITUDE, LATITUDE), (EAST, NORTH)):
        plainly = named == found
        said = None if plainly else _read_as(name_1, name_2, found, by_size=True, odd=False)
        return _Pair(one, two, found[0] == LONGITUDE, said)
    if found in ((LATITUDE, LONGITUDE), (NORTH, EAST)):
        said = _read_as(name_1, name_2, found, by_size=found[0] != NORTH, odd=named in plain)
        return _Pair(two, one, found[0] == LATITUDE, said)
    if named[0] == LONGITUDE:
        return _Pair(
            one, two, True, None
        )  # the header is plain; rows that are not understood are flagged
    raise ValueError(
        f"{where}: {name_1} ({_range(one)}) and {name_2} ({_range(two)}) are neither degrees nor "
        "Gauss-Krueger metres within China, so their axes cannot be told. Say what they are: "
        f'columns={{"{name_1}": "north_m", "{name_2}": "east_m"}} with crs=, where X points north '
        "(Chinese surveying), or the other way round."
    )


def _read_as(
    name_1: str, name_2: str, found: tuple[str, str], *, by_size: bool, odd: bool
) -> Doubt:
    """Say what two columns were taken for, and why."""
    columns = f'columns={{"{name_1}": "{found[0]}", "{name_2}": "{found[1]}"}}'
    (zh_1, en_1), (zh_2, en_2) = _WORDS[found[0]], _WORDS[found[1]]
    zh = "按数值大小" if by_size else "按我国测量惯例（X 指北）"
    en = "by the size of the values" if by_size else "as in Chinese surveying, where X points north"
    zh, en = (f"与表头相反，{zh}", f"against their headers, {en}") if odd else (zh, en)
    return Doubt(
        f"{zh}把 {name_1} 读作{zh_1}、{name_2} 读作{zh_2}；写明 {columns} 即不再提示",
        f"{name_1} was read as {en_1} and {name_2} as {en_2}, {en}; "
        f"{columns} says so without this warning.",
    )


def _range(texts: Texts) -> str:
    import numpy as np

    values, _ = numbers_of(texts[texts != ""], EAST)
    values = values[np.isfinite(values)]
    return f"{values.min():.10g} to {values.max():.10g}" if len(values) else "no numbers"


def _split(name: str, texts: Texts, where: str) -> _Pair:
    """Split a column that holds both coordinates of a row."""
    import numpy as np

    parts = [_parts(text) for text in texts]
    two = np.array([len(p) == 2 for p in parts], dtype=bool)
    first = np.array([p[0] if len(p) == 2 else "" for p in parts], dtype=object)
    second = np.array([p[1] if len(p) == 2 else "" for p in parts], dtype=object)
    if not two.any():
        return _Pair(texts, texts, True, None) if len(texts) else _Pair(first, second, True, None)
    pair = _by_size(f"{name}[1]", f"{name}[2]", first, second, ("coord_x", "coord_y"), where)
    lost = ~two & (texts != "")
    east, north = pair.east.copy(), pair.north.copy()
    east[lost], north[lost] = texts[lost], texts[lost]
    leads = pair.east is first
    axis = ("经度", "longitude") if pair.degrees else ("横坐标", "easting")
    said = Doubt(
        f"{name} 一列中有两个坐标，{axis[0]}在{'前' if leads else '后'}",
        f"{name} holds both coordinates, {axis[1]} {'first' if leads else 'second'}.",
    )
    return _Pair(east, north, pair.degrees, said)


def _parts(text: str) -> list[str]:
    """Cut a cell in two at the plainest mark that does so."""
    bare = text.strip("()（）[]【】 ")
    for pattern in _SPLITS:
        parts = [part for part in pattern.split(bare) if part]
        if len(parts) == 2:
            return parts
    return [bare]


def _datum(text: str) -> str:
    """Return the datum that headers or titles state, or ''."""
    return next((name for name, pattern in _DATUMS if pattern.search(text)), "")


def _points(east: Floats, north: Floats, flags: Texts) -> tuple[Any, Texts]:
    import numpy as np
    import shapely

    there = np.isfinite(east) & np.isfinite(north)
    zero = there & (east == 0) & (north == 0)
    flags[zero] = "坐标为0"
    there &= ~zero
    points = np.full(len(east), None, dtype=object)
    points[there] = shapely.points(east[there], north[there])
    return points, flags


def _row_flags(first: Texts, second: Texts) -> Texts:
    import numpy as np

    flags = np.where(first != "", first, second).astype(object)
    both = (first != "") & (second != "") & (first != second)
    flags[both] = first[both] + "；" + second[both]
    return flags


def _in_degrees(pair: _Pair, datum: str, crs: Any, where: str) -> Located:
    import numpy as np

    east, flag_e = numbers_of(pair.east, LONGITUDE)
    north, flag_n = numbers_of(pair.north, LATITUDE)
    flags = _row_flags(flag_e, flag_n)
    placed = np.isfinite(east) & np.isfinite(north)
    outside = placed & ~(_between(east, CHINA_E) & _between(north, CHINA_N))
    swapped = _between(north, CHINA_E) & _between(east, CHINA_N)
    flags[outside & ~swapped] = "不在中国范围内"
    swapped |= _swapped(pair, placed)
    flags[swapped] = "经纬度疑似颠倒，未定位"
    east = np.where(swapped, np.nan, east)
    points, flags = _points(east, north, flags)
    flags[(pair.east == "") & (pair.north == "")] = EMPTY_CELL
    if crs is not None:
        _must_be(crs, geographic=True, where=where)
        said = []
        if datum in ("GCJ-02", "BD-09"):
            said.append(Doubt(
                f"表中写明坐标为 {datum}，按 crs={crs!r} 读取，未换算，会偏约半公里",
                f"the table says its coordinates are {datum}; crs={crs!r} was taken and nothing "
                "converted, so they lie half a kilometre off.",
            ))  # fmt: skip
        return Located(points, flags, crs, "crs=", [], said)
    if datum in ("GCJ-02", "BD-09"):
        short = datum[: datum.index("-")].lower() + datum[-2:]
        message = Doubt(
            f"表中写明坐标为 {datum}，不是坐标系，图层因此没有坐标系；量算前用 {short}_to_cgcs2000 换算",
            f"the table says its coordinates are {datum}, which is no CRS, so the layer has none. "
            f"Convert them with {short}_to_cgcs2000 before anything is measured.",
        )
        return Located(points, flags, None, "", [f"坐标为 {datum}，未设坐标系"], [message])
    if datum:
        code = DEGREES[datum]
        return Located(points, flags, f"EPSG:{code}", "表中写明", [f"表中写明 {datum}"])
    message = Doubt(
        '表中未写明经纬度的基准，按 CGCS2000（EPSG:4490）；写明 crs="EPSG:4490" 即不再提示；'
        "网络地图的坐标（GCJ-02、BD-09）会偏约半公里",
        "the table does not say which datum its degrees are in; they were taken for CGCS2000 "
        '(EPSG:4490). crs="EPSG:4490" says so without this warning; coordinates from a web map '
        "(GCJ-02, BD-09) lie half a kilometre off.",
    )
    return Located(
        points, flags, "EPSG:4490", "假定", ["未写明基准，按 CGCS2000 经纬度"], [message]
    )


def _swapped(pair: _Pair, placed: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Find the rows that make sense only with the two columns exchanged."""
    import numpy as np

    rows = np.flatnonzero(~placed & (pair.east != "") & (pair.north != ""))
    found = np.zeros(len(placed), dtype=bool)
    for row in rows:
        east, north = angle(pair.north[row], LONGITUDE)[0], angle(pair.east[row], LATITUDE)[0]
        found[row] = CHINA_E[0] <= east <= CHINA_E[1] and CHINA_N[0] <= north <= CHINA_N[1]
    return found


def _between(values: Floats, bounds: tuple[float, float]) -> npt.NDArray[np.bool_]:
    return (values >= bounds[0]) & (values <= bounds[1])


def _in_metres(pair: _Pair, datum: str, crs: Any, where: str, texts: str) -> Located:
    import numpy as np

    east, flag_e = numbers_of(pair.east, EAST)
    north, flag_n = numbers_of(pair.north, NORTH)
    flags = _row_flags(flag_e, flag_n)
    flags[(pair.east == "") & (pair.north == "")] = EMPTY_CELL
    if crs is not None:
        _must_be(crs, geographic=False, where=where)
        _must_have_zone(crs, east, where)
        points, flags = _points(east, north, flags)
        return Located(points, flags, crs, "crs=")
    if datum in ("GCJ-02", "BD-09", "WGS 84"):
        points, flags = _points(east, north, flags)
        message = Doubt(
            f"表中写明 {datum}，坐标却是米；用 crs= 写明坐标系",
            f"the table says {datum}, but its coordinates are metres; name their system with crs=.",
        )
        return Located(points, flags, None, "", [], [message])
    assumed = (
        None
        if datum
        else Doubt(
            "表中未写明基准，按 CGCS2000", "The table does not name the datum; CGCS2000 was taken."
        )
    )
    datum = datum or "CGCS2000"
    zones = np.where(np.isfinite(east), east // 1_000_000, 0).astype(int)
    prefixed = np.unique(zones[zones > 0], return_counts=True)
    if len(prefixed[0]):
        return _in_zones(east, north, zones, flags, datum, assumed)
    points, flags = _points(east, north, flags)
    stated = _MERIDIAN.search(texts)
    code = meridian_epsg(int(stated[1]), datum) if stated else None
    if code is not None and stated is not None:
        note = f"表中写明中央子午线 {stated[1]}°，按 {datum} EPSG:{code}"
        return Located(
            points,
            flags,
            f"EPSG:{code}",
            "表中写明中央子午线",
            [note],
            [assumed] if assumed else [],
        )
    message = Doubt(
        "横坐标没有带号，也未写明中央子午线，图层因此没有坐标系；请写明："
        'crs="EPSG:4549" 为 CGCS2000、中央子午线 120°E，"EPSG:4548" 为 117°E',
        "the eastings have no zone before them and no central meridian is stated, so the layer has no "
        'CRS. Name it: crs="EPSG:4549" for CGCS2000 with central meridian 120E, "EPSG:4548" for 117E.',
    )
    return Located(points, flags, None, "", ["米制坐标无带号，未设坐标系"], [message])


def _in_zones(
    east: Floats, north: Floats, zones: npt.NDArray[Any], flags: Texts, datum: str,
    assumed: Doubt | None,
) -> Located:  # fmt: skip
    """Place eastings that begin with their zone; rows of other zones are moved to the commonest."""
    import numpy as np
    import pyproj

    known = {int(z): zone_epsg(int(z), datum) for z in np.unique(zones)}
    counts = {z: int((zones == z).sum()) for z, code in known.items() if code is not None}
    unknown = np.isin(zones, [z for z, code in known.items() if code is None]) & np.isfinite(east)
    flags[unknown & (zones == 0)] = "横坐标没有带号，未定位"
    flags[unknown & (zones != 0)] = "横坐标的带号不在中国范围内，未定位"
    east = np.where(unknown, np.nan, east)
    if not counts:
        points, flags = _points(east, north, flags)
        return Located(points, flags, None, "", ["带号不在中国范围内"], [])
    main = max(counts, key=lambda z: counts[z])
    code = known[main] or 0
    for zone in counts:
        if zone == main:
            continue
        rows = zones == zone
        move = pyproj.Transformer.from_crs(known[zone], code, always_xy=True)
        east[rows], north[rows] = move.transform(east[rows], north[rows])
        flags[rows] = f"原在{zone}带，已换算到{main}带"
    points, flags = _points(east, north, flags)
    width = 3 if main >= 25 else 6
    name = pyproj.CRS.from_epsg(code).name
    note = f"横坐标带号 {main}（{width}度带），按 EPSG:{code} {name}"
    zh, en = (f"；{assumed.zh}", f" {assumed.en}") if assumed else ("", "")
    message = Doubt(
        f"横坐标以带号 {main}（{width}度带）开头，图层按 EPSG:{code}（{name}）{zh}",
        f"the eastings begin with zone {main} ({width}-degree), so the layer is in EPSG:{code} "
        f"({name}).{en}",
    )
    return Located(points, flags, f"EPSG:{code}", "坐标带号", [note], [message])


def _must_be(crs: Any, *, geographic: bool, where: str) -> None:
    """Raise where the caller's CRS has other units than the columns.

    Raises
    ------
    CRSError
    """
    import pyproj

    given = pyproj.CRS.from_user_input(crs)
    if given.is_geographic != geographic:
        has, wants = ("degrees", "metres") if geographic else ("metres", "degrees")
        mend = "EPSG:4490" if geographic else "EPSG:4549"
        raise CRSError(
            f"{where}: the coordinates are {has}, but crs={crs!r} ({given.name}) is in {wants}; "
            f'say what they are, e.g. crs="{mend}", and change the system after reading with to_crs.'
        )


def _must_have_zone(crs: Any, east: Floats, where: str) -> None:
    """Raise where eastings begin with a zone and the caller's CRS has none, or the reverse.

    Raises
    ------
    CRSError
    """
    import numpy as np
    import pyproj

    operation = pyproj.CRS.from_user_input(crs).coordinate_operation
    params = operation.params if operation else []
    false = float(next((p.value for p in params if p.name == "False easting"), 0))
    values = east[np.isfinite(east)]
    if not len(values) or false == 0:
        return
    zone, wanted = int(np.median(values) // 1_000_000), int(false // 1_000_000)
    if zone != wanted:
        code = zone_epsg(zone, "CGCS2000") if zone else None
        mend = (
            f'crs="EPSG:{code}" is CGCS2000 with that zone.'
            if code
            else "name the zone without prefix."
        )
        has = f"begin with zone {zone}" if zone else "have no zone before them"
        raise CRSError(
            f"{where}: the eastings {has}, but crs={crs!r} has the false easting {false:,.0f}; {mend}"
        )


def _from_wkt(texts: Texts, crs: Any) -> Located:
    import numpy as np
    import shapely

    flags = np.full(len(texts), "", dtype=object)
    geometry = shapely.from_wkt([text or None for text in texts], on_invalid="ignore")
    bad = shapely.is_missing(geometry) & (texts != "")
    flags[bad] = "WKT 读不懂"
    message = Doubt(
        'WKT 未写明坐标系；用 crs= 写明，如 crs="EPSG:4490"',
        'the WKT does not say its CRS; name it with crs=, e.g. crs="EPSG:4490".',
    )
    warn = [message] if crs is None else []
    return Located(
        np.asarray(geometry, dtype=object), flags, crs, "crs=" if crs is not None else "", [], warn
    )
