"""Boundary points of land surveys: the text file in which plots are handed in for approval.

A header ``[属性描述]`` says datum, zone and unit, then ``[地块坐标]`` lists plots: a line of eight
fields that ends in ``@``, and its boundary points below, each with the number of its ring, X (which
points north) and Y. Source: 建设用地报批界址点坐标交换格式 (the format of land approval).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoyang_geo.layers.coordinates import EASTINGS, NORTHINGS, meridian_epsg, zone_epsg
from chaoyang_geo.layers.doubt import Doubt
from chaoyang_geo.layers.encoding import transcode
from chaoyang_geo.layers.sources import Source
from chaoyang_geo.layers.vector import RawLayer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_ATTRIBUTES, _PLOTS = "[属性描述]", "[地块坐标]"
_FIELDS = (
    "界址点数", "地块面积", "地块编号", "地块名称", "图形属性", "图幅号", "地块用途", "地类编码",
)  # fmt: skip
_DATUMS = (("2000", "CGCS2000"), ("80", "Xian 1980"), ("54", "Beijing 1954"))
_LEAST = {"点": 1, "线": 2, "面": 3}


@dataclass
class _Plot:
    """A plot as it is listed: its fields, and its points (X, Y) by ring."""

    line: int
    cells: list[str]
    rings: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.cells[4] if self.cells[4] in _LEAST else "面"


def is_plots(source: Source) -> bool:
    """Tell whether a text file lists boundary points of plots."""
    if source.path.suffix.lower() != ".txt":
        return False
    with source.path.open("rb") as stream:
        head = stream.read(400)
    return any(
        mark.encode(codec) in head for mark in (_ATTRIBUTES, _PLOTS) for codec in ("gbk", "utf-8")
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
    shapes, flags = np.full(len(plots), None, dtype=object), np.full(len(plots), "", dtype=object)
    for row, plot in enumerate(plots):
        shapes[row], flags[row] = _shape(plot)
    raw = RawLayer(
        name=source.path.stem,
        headers=list(_FIELDS),
        columns=[
            pd.Series([plot.cells[k] or None for plot in plots], dtype="str")
            for k in range(len(_FIELDS))
        ],
        geometry=shapes,
        crs=None,
        encoding=evidence,
        geometry_flags=flags,
    )
    points = np.array([p for plot in plots for ring in plot.rings.values() for p in ring])
    _say_crs(raw, said, points.reshape(-1, 2))
    return raw


def _parsed(text: str, where: str) -> tuple[dict[str, str], list[_Plot]]:
    said: dict[str, str] = {}
    plots: list[_Plot] = []
    part = ""
    for number, raw_line in enumerate(text.splitlines(), 1):
        line = raw_line.replace("，", ",").strip().lstrip("\ufeff")
        if not line:
            continue
        if line.startswith("["):
            part = line
        elif part == _ATTRIBUTES:
            key, _, value = line.partition("=")
            said[key.strip()] = value.strip()
        elif line.endswith("@"):
            cells = [cell.strip() for cell in line[:-1].rstrip(",").split(",")]
            cells = [*cells, *[""] * len(_FIELDS)][: len(_FIELDS)]
            plots.append(_Plot(number, cells))
        elif part == _PLOTS:
            _add_point(plots, line, f"{where}, line {number}")
    return said, plots


def _add_point(plots: list[_Plot], line: str, where: str) -> None:
    cells = [cell.strip() for cell in line.split(",")]
    try:
        north, east = float(cells[2]), float(cells[3])
    except (IndexError, ValueError) as error:
        raise ValueError(
            f"{where}: {line!r} is no boundary point; it is written as J1,1,X,Y with X to the north, "
            "and a plot as its eight fields and @."
        ) from error
    if not plots:
        raise ValueError(f"{where}: a boundary point stands before the first plot (a line with @).")
    plots[-1].rings.setdefault(cells[1], []).append((east, north))


def _shape(plot: _Plot) -> tuple[Any, str]:
    """Return a plot's shape, its rings by the even-odd rule: one within another is a hole."""
    import shapely

    if not plot.rings:
        return None, "没有界址点"
    few = [ring for ring, points in plot.rings.items() if len(set(points)) < _LEAST[plot.kind]]
    if few:
        return None, f"第 {'、'.join(few)} 圈的界址点不足 {_LEAST[plot.kind]} 个"
    if plot.kind == "点":
        return shapely.MultiPoint([p for ring in plot.rings.values() for p in ring]), ""
    if plot.kind == "线":
        return shapely.MultiLineString(list(plot.rings.values())), ""
    rings = [shapely.Polygon(points) for points in plot.rings.values()]
    if len(rings) == 1:
        return rings[0], ""
    bad = [ring for ring, shape in zip(plot.rings, rings, strict=True) if not shape.is_valid]
    whole, *others = shapely.make_valid(rings, method="structure", keep_collapsed=False)
    for each in others:
        whole = shapely.symmetric_difference(whole, each)
    return whole, f"第 {'、'.join(bad)} 圈自相交，已修复" if bad else ""


def _say_crs(raw: RawLayer, said: dict[str, str], points: npt.NDArray[np.float64]) -> None:
    """Give the layer the system that the header states, where the coordinates agree."""
    stated = said.get("坐标系", "")
    datum = next((name for mark, name in _DATUMS if mark in stated), "")
    zone, width = said.get("带号", ""), said.get("几度分带", "3")
    east, north = points[:, 0], points[:, 1]
    raw.notes.append(f"界址点按 X 指北、Y 指东读取；坐标系={stated}，几度分带={width}，带号={zone}")
    fits = ((north >= NORTHINGS[0]) & (north <= NORTHINGS[1])).all()
    low = east % 1_000_000
    fits &= ((low >= EASTINGS[0]) & (low <= EASTINGS[1])).all()
    prefixes = {int(each) for each in set(east // 1_000_000)}
    number = int(zone) if zone.isdecimal() else 0
    code = None
    if datum and fits and prefixes == {0} and number and width in ("3", "6"):
        code = meridian_epsg(number * 3 if width == "3" else number * 6 - 3, datum)
    elif datum and fits and len(prefixes) == 1 and prefixes <= {number or min(prefixes)}:
        code = zone_epsg(min(prefixes), datum)
    if code is None:
        raw.warn.append(
            Doubt(
                f"文件头的坐标系（{stated or '未写'}）、带号（{zone or '未写'}）与坐标对不上，图层因此没有坐标系",
                f"the header (坐标系={stated}, 带号={zone}) and the coordinates do not agree, so the "
                "layer has no CRS; name it with crs=.",
            )
        )
        return
    raw.crs, raw.crs_source = f"EPSG:{code}", "文件头写明"
