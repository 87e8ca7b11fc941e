"""Boundary points of land surveys: the text file in which plots are handed in for approval.

A header ``[属性描述]`` says datum, zone and unit, then ``[地块坐标]`` lists plots: a line of eight
fields (some offices add more) that ends in ``@``, and its boundary points below, each with the
number of its ring, X (which points north) and Y; the first point of a ring may be repeated at its
end. Source: 勘测定界界址点坐标交换格式 (the format of land approval).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from chaoyang_geo.layers.coordinates import (
    CHINA_E,
    CHINA_N,
    DEGREES,
    EASTINGS,
    NORTHINGS,
    meridian_epsg,
    zone_epsg,
)
from chaoyang_geo.layers.doubt import Doubt
from chaoyang_geo.layers.encoding import transcode
from chaoyang_geo.layers.sources import Source
from chaoyang_geo.layers.vector import RawLayer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_ATTRIBUTES, _PLOTS = "属性描述", "地块坐标"
_HEAD = 1 << 16  # bytes in which the head stands; a part on the project may come before it
_FIELDS = (
    "界址点数", "地块面积", "地块编号", "地块名称", "图形属性", "图幅号", "地块用途", "地类编码",
)  # fmt: skip
_DATUMS = (("2000", "CGCS2000"), ("80", "Xian 1980"), ("54", "Beijing 1954"))
_LEAST = {"点": 1, "线": 2, "面": 3}


@dataclass
class _Plot:
    """A plot as it is listed: its fields, and the rows of its points (X, Y) by ring."""

    cells: list[str]
    rings: list[tuple[str, list[tuple[float, float]]]] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return next((cell for cell in self.cells[4:5] if cell in _LEAST), "面")


def is_plots(source: Source) -> bool:
    """Tell whether a text file lists boundary points of plots."""
    if source.path.suffix.lower() != ".txt":
        return False
    with source.path.open("rb") as stream:
        head = stream.read(_HEAD)
    return any(
        mark.encode(codec) in head
        for part in (_ATTRIBUTES, _PLOTS)
        for mark in (f"[{part}]", f"【{part}】")
        for codec in ("gbk", "utf-8", "utf-16-le", "utf-16-be")
    )


def read_plots(source: Source, encoding: str | None) -> RawLayer:
    """Read the plots of a survey file, one row each.

    Raises
    ------
    ValueError
        A line is none of the format; the message names file, line and text.
    """
    import numpy as np
    import pandas as pd

    text, evidence = transcode(source.path.read_bytes(), encoding)
    said, plots = _parsed(text, source.name)
    n = max(len(_FIELDS), *(len(plot.cells) for plot in plots)) if plots else len(_FIELDS)
    cells = [[*plot.cells, *[""] * (n - len(plot.cells))] for plot in plots]
    points = np.array([p for plot in plots for _, ring in plot.rings for p in ring]).reshape(-1, 2)
    axes = _axes(points)
    shapes, flags = np.full(len(plots), None, dtype=object), np.full(len(plots), "", dtype=object)
    for row, plot in enumerate(plots):
        shapes[row], flags[row] = _shape(plot, axes.east if axes else 1)
    raw = RawLayer(
        name=source.path.stem,
        headers=[*_FIELDS, *(f"字段{k}" for k in range(len(_FIELDS) + 1, n + 1))],
        columns=[pd.Series([row[k] or None for row in cells], dtype="str") for k in range(n)],
        geometry=shapes,
        crs=None,
        encoding=evidence,
        geometry_flags=flags,
    )
    _say_crs(raw, said, points, axes)
    return raw


def _parsed(text: str, where: str) -> tuple[dict[str, str], list[_Plot]]:
    said: dict[str, str] = {}
    plots: list[_Plot] = []
    part = ""
    for number, raw_line in enumerate(text.splitlines(), 1):
        line = raw_line.strip().strip("\ufeff")
        if "," not in line:  # else it belongs to a name
            line = line.replace("，", ",")
        if not line:
            continue
        if line[0] in "[【":
            part = line.strip("[]【】 ")
        elif line.endswith("@"):
            part = _PLOTS  # its head may be missing
            plots.append(_Plot([cell.strip() for cell in line[:-1].rstrip(", ").split(",")]))
        elif part == _PLOTS:
            _add_point(plots, line, f"{where}, line {number}")
        elif part == _ATTRIBUTES:
            key, _, value = line.replace("＝", "=").partition("=")
            said[key.strip()] = value.strip()
    return said, plots


def _add_point(plots: list[_Plot], line: str, where: str) -> None:
    cells = [cell.strip() for cell in line.split(",")]
    try:
        point = float(cells[2]), float(cells[3])
        if not (math.isfinite(point[0]) and math.isfinite(point[1])):
            raise ValueError("not finite")
    except (IndexError, ValueError) as error:
        raise ValueError(
            f"{where}: {line!r} is no boundary point; it is written as J1,1,X,Y with X to the north, "
            "and a plot as its eight fields and @."
        ) from error
    if not plots:
        raise ValueError(f"{where}: a boundary point stands before the first plot (a line with @).")
    rings = plots[-1].rings
    # parts of a plot may all be called ring 1: what follows a closed ring is another
    if not rings or rings[-1][0] != cells[1] or (_closed(rings[-1][1]) and plots[-1].kind == "面"):
        rings.append((cells[1], []))
    rings[-1][1].append(point)


def _closed(ring: list[tuple[float, float]]) -> bool:
    return len(ring) > 3 and ring[0] == ring[-1]


# --- shapes ---------------------------------------------------------------------------------------


def _shape(plot: _Plot, east: int) -> tuple[Any, str]:
    """Return a plot's shape and what is doubtful; ``east`` of its two numbers points east."""
    import shapely

    if not plot.rings:
        return None, "没有界址点"
    least = _LEAST[plot.kind]
    few = [number for number, ring in plot.rings if len(set(ring)) < least]
    if few:
        return None, f"第 {'、'.join(few)} 圈的界址点不足 {least} 个"
    rings = [[(point[east], point[1 - east]) for point in ring] for _, ring in plot.rings]
    if plot.kind == "点":
        points = [point for ring in rings for point in ring]
        shape = shapely.Point(points[0]) if len(points) == 1 else shapely.MultiPoint(points)
        return shape, _miscounted(plot)
    if plot.kind == "线":
        return (
            shapely.LineString(rings[0]) if len(rings) == 1 else shapely.MultiLineString(rings)
        ), _miscounted(plot)
    shape, flag = _polygon([number for number, _ in plot.rings], rings)
    return shape, "；".join(text for text in (flag, _miscounted(plot)) if text)


def _polygon(numbers: list[str], rings: list[list[tuple[float, float]]]) -> tuple[Any, str]:
    """Return the rings by the even-odd rule, one within another is a hole; and their faults.

    Rings that cross are neither parts nor holes: all that they enclose is taken.
    """
    import numpy as np
    import shapely

    if len(rings) == 1:
        return shapely.Polygon(rings[0]), ""
    drawn = shapely.polygons([shapely.LinearRing(ring) for ring in rings])
    bad = np.flatnonzero(~shapely.is_valid(drawn))
    flags = [f"第 {'、'.join(numbers[k] for k in bad)} 圈自相交，已修复"] if len(bad) else []
    valid = shapely.make_valid(drawn, method="structure", keep_collapsed=False)
    one, two = shapely.STRtree(valid).query(valid)
    one, two = one[one < two], two[one < two]
    cross = shapely.overlaps(valid[one], valid[two]) | shapely.equals(valid[one], valid[two])
    if cross.any():
        each = sorted({*one[cross].tolist(), *two[cross].tolist()})
        flags.append(f"第 {'、'.join(numbers[k] for k in each)} 圈互相交叠，按各圈所围全部范围计")
        return shapely.union_all(valid), "；".join(flags)
    whole, *others = valid
    for other in others:
        whole = shapely.symmetric_difference(whole, other)
    return whole, "；".join(flags)


def _miscounted(plot: _Plot) -> str:
    """Say where a plot has other points than it states, as where lines were lost in copying."""
    stated = plot.cells[0]
    if not stated.isdecimal() or not int(stated):
        return ""
    n = sum(len(ring) for _, ring in plot.rings)
    closed = sum(_closed(ring) for _, ring in plot.rings)
    # the point that closes a ring is written or not, and counted or not
    if n - closed <= int(stated) <= n + len(plot.rings) - closed:
        return ""
    return f"写明 {stated} 个界址点，实有 {n} 个，图形可能不全"


# --- the system -----------------------------------------------------------------------------------


class _Axes(NamedTuple):
    """Which of the two numbers of a point is east of the other, and whether they are degrees."""

    east: int
    degrees: bool


def _axes(points: npt.NDArray[np.float64]) -> _Axes | None:
    """Tell the axes by size, as the format has them before the reverse; None where neither fits."""
    for degrees, norths, easts in ((False, NORTHINGS, EASTINGS), (True, CHINA_N, CHINA_E)):
        for east in (1, 0):
            north, low = points[:, 1 - east], points[:, east]
            if not degrees:
                low = low % 1_000_000
            fits = (
                (north >= norths[0]) & (north <= norths[1]) & (low >= easts[0]) & (low <= easts[1])
            )
            if fits.all():
                return _Axes(east, degrees)
    return None


def _say_crs(
    raw: RawLayer, said: dict[str, str], points: npt.NDArray[np.float64], axes: _Axes | None
) -> None:
    """Give the layer the system that the header states, where the coordinates agree."""
    stated, zone, width = (said.get(key, "") for key in ("坐标系", "带号", "几度分带"))
    raw.notes.append(f"文件头：坐标系={stated}，几度分带={width}，带号={zone}")
    if not len(points):
        raw.warn.append(Doubt("没有界址点", "there is no boundary point."))
        return
    if axes is not None and axes.east == 0:
        raw.warn.append(
            Doubt(
                "按数值大小，各点先写横坐标（指东）、后写纵坐标（指北），与格式规定相反，已按此读取",
                "by the size of the values each point has its easting first and its northing second, "
                "against the format, and was read so.",
            )
        )
    code = None if axes is None else _stated_epsg(said, points[:, axes.east], axes)
    if code is None:
        raw.warn.append(
            Doubt(
                f"文件头的坐标系（{stated or '未写'}）、带号（{zone or '未写'}）与坐标对不上，看不出坐标系",
                f"the header (坐标系={stated}, 带号={zone}) and the coordinates do not agree, so no "
                "CRS is known from them; crs= names it.",
            )
        )
        return
    raw.crs, raw.crs_source = f"EPSG:{code}", "文件头写明"


def _stated_epsg(said: dict[str, str], east: npt.NDArray[np.float64], axes: _Axes) -> int | None:
    stated, projection = said.get("坐标系", ""), said.get("投影类型", "")
    datum = next((name for mark, name in _DATUMS if mark in stated), "")
    if not datum:
        return None
    if axes.degrees:
        return DEGREES[datum]
    if projection and "高斯" not in projection:
        return None
    prefixes = {int(each) for each in set(east // 1_000_000)}
    found = re.search(r"\d+", said.get("带号", ""))
    number, width = int(found[0]) if found else 0, said.get("几度分带", "")[:1]
    if prefixes != {0}:
        agree = len(prefixes) == 1 and prefixes <= {number or min(prefixes)}
        return zone_epsg(min(prefixes), datum) if agree else None
    wide = width in ("6", "六") if width else number <= 23  # zones of 3 degrees begin with 25
    return meridian_epsg(number * 6 - 3 if wide else number * 3, datum)
