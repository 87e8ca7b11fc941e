"""Reading one layer of any kind of file: found, read, named by meaning, repaired, reported."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo.layers.archive import unpack
from chaoyang_geo.layers.doubt import Doubt, DoubtWarning
from chaoyang_geo.layers.encoding import DOUBTFUL
from chaoyang_geo.layers.meaning import IGNORE, Meaning, map_columns, unique_names, unused
from chaoyang_geo.layers.plots import is_plots, read_plots
from chaoyang_geo.layers.repair import flag_strangers, join_flags, kinds, repair
from chaoyang_geo.layers.sources import UNPACKED, ZIPPED, Source, find_sources
from chaoyang_geo.layers.tables import (
    Header,
    Sheet,
    located_sheets,
    no_coordinates,
    read_sheets,
    read_table,
)
from chaoyang_geo.layers.vector import RawLayer, layer_names, read_vector
from chaoyang_geo.schema import COLUMNS, as_text

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

GEOMETRY_FLAG, TEXT_FLAG = "geometry_flag", "text_flag"
REPORT = "layer_report"


@dataclass(frozen=True)
class Found:
    """A layer in a file: how messages call it, and how it is read."""

    source: Source
    layer: str
    kind: str
    sheet: tuple[Sheet, Header] | None = None  # of a table, which is read whole to be found

    @property
    def where(self) -> str:
        same = self.layer == Path(self.source.name).stem
        return self.source.name if same else f"{self.source.name}, layer {self.layer}"


@contextmanager
def opened(path: Path) -> Iterator[list[Source]]:
    """Yield the files of layers at a path; a zipped one is unpacked, and taken away at the end."""
    if path.suffix.lower() not in ZIPPED or not path.is_file():
        yield find_sources(path)
        return
    with tempfile.TemporaryDirectory(prefix=UNPACKED) as folder:
        unpack(path, Path(folder))
        sources = find_sources(Path(folder))
        if not sources:
            raise ValueError(
                f"{path}: the archive holds no layer (.shp, .gpkg, .gdb, .geojson, .kml, ...)."
            )
        yield [Source(s.path, s.kind, f"{path.name}/{s.name}") for s in sources]


def find_layers(
    sources: list[Source], encoding: str | None, columns: Mapping[str, str] | None
) -> list[Found]:
    """Return every layer of the files, in their order."""
    found: list[Found] = []
    for source in sources:
        if source.kind == "table" and is_plots(source):
            found.append(Found(source, source.path.stem, "plots"))
        elif source.kind == "table":
            sheets = read_sheets(source, encoding)
            located = located_sheets(sheets, columns)
            found += [Found(source, name, "table", sheet) for name, sheet in located.items()]
        else:
            found += [Found(source, name, source.kind) for name in layer_names(source)]
    return found


def pick(
    path: Path,
    sources: list[Source],
    layer: str | None,
    encoding: str | None,
    columns: Mapping[str, str] | None,
) -> Found:
    """Return the one layer that is meant.

    Raises
    ------
    ValueError
        There is none, or there are several and ``layer`` names none of them.
    """
    found = find_layers(sources, encoding, columns)
    if not found and len(sources) == 1 and sources[0].kind == "table":
        raise no_coordinates(sources[0], read_sheets(sources[0], encoding))
    if not found:
        raise ValueError(f"{path}: no layer with a geometry was found in it.")
    names = ", ".join(f.layer for f in found)
    if layer is not None:
        wanted = [f for f in found if layer in (f.layer, f.source.name, Path(f.source.name).name)]
        if not wanted:
            raise ValueError(f"{path}: layer={layer!r} is not in it; it has: {names}.")
        if len(wanted) > 1:
            paths = ", ".join(f.source.name for f in wanted)
            raise ValueError(
                f"{path}: layer={layer!r} is in it {len(wanted)} times: {paths}; unpack it and name the file."
            )
        return wanted[0]
    if len(found) > 1:
        raise ValueError(
            f"{path}: there are {len(found)} layers: {names}; say which: layer={found[0].layer!r}."
        )
    return found[0]


def raw_layer(
    found: Found, encoding: str | None, columns: Mapping[str, str] | None, crs: Any
) -> RawLayer:
    """Read the cells of one layer."""
    if found.sheet is not None:
        sheet, header = found.sheet
        return read_table(found.source, sheet, header, columns=columns, crs=crs)
    if found.kind == "plots":
        return read_plots(found.source, encoding)
    return read_vector(found.source, found.layer, encoding)


def meanings(raw: RawLayer, columns: Mapping[str, str] | None, where: str) -> list[Meaning]:
    """Return what the columns of a layer are taken for, names made unique."""
    raw.headers = unique_names(raw.headers)
    found = map_columns(raw.headers, columns, where=where, cut_bytes=raw.cut_bytes)
    names = unique_names([m.name for m in found])
    return [Meaning(m.header, name, m.how) for m, name in zip(found, names, strict=True)]


def finished(
    raw: RawLayer,
    found: Found,
    mapped: list[Meaning],
    *,
    crs: Any,
    mend: bool,
) -> tuple[gpd.GeoDataFrame, list[Doubt]]:
    """Return the frame and its warnings: named, repaired, flagged, with its report."""
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    n = len(raw.geometry)
    index = pd.RangeIndex(n)
    geometry, flags = repair(raw.geometry, mend=mend)
    blank = np.full(n, "", dtype=object)
    before = _kept_flag(raw, mapped, GEOMETRY_FLAG)
    placed = raw.geometry_flags if raw.geometry_flags is not None else blank
    # a row of a table without coordinates has said so already
    flags[(placed != "") & (flags == "无几何")] = ""
    strangers = flag_strangers(geometry)
    geometry_flag = join_flags(before, placed, flags, strangers)
    text_flag = join_flags(
        _kept_flag(raw, mapped, TEXT_FLAG), raw.text_flags if raw.text_flags is not None else blank
    )
    data: dict[str, pd.Series] = {}
    for meaning, column in zip(mapped, raw.columns, strict=True):
        if meaning.name in (IGNORE, GEOMETRY_FLAG, TEXT_FLAG):
            continue
        name = f"{meaning.name}_1" if meaning.name == "geometry" else meaning.name
        data[name] = _typed(column, name).set_axis(index)
    data[GEOMETRY_FLAG] = pd.Series(geometry_flag, index=index, dtype="str")
    data[TEXT_FLAG] = pd.Series(text_flag, index=index, dtype="str")
    system, source, warn = _crs(raw, crs, found.where)
    frame = gpd.GeoDataFrame(
        data, index=index, geometry=gpd.GeoSeries(geometry, index=index, crs=system)
    )
    steps = _steps(raw, found, mapped, frame, flags, source)
    frame.attrs[REPORT] = steps
    return frame, [*raw.warn, *warn, *_encoding_warning(raw), *_bounds_warning(frame, found.kind)]


def _kept_flag(raw: RawLayer, mapped: list[Meaning], name: str) -> Any:
    """Return the flags that the file brings from an earlier reading, or none."""
    import numpy as np

    for meaning, column in zip(mapped, raw.columns, strict=True):
        if meaning.name == name:
            return as_text(column).to_numpy(dtype=object, copy=True)
    return np.full(len(raw.geometry), "", dtype=object)


def _typed(column: pd.Series, name: str) -> pd.Series:
    """Codes and names of the vocabulary are text, whatever the file holds."""
    known = COLUMNS.get(name)
    if known is not None and known.dtype == "str" and column.dtype.kind in "iuf":
        return as_text(column).replace("", None).astype("str")
    return column


def _crs(raw: RawLayer, crs: Any, where: str) -> tuple[Any, str, list[Doubt]]:
    """Return the system, where it comes from, and what must be said of it."""
    import pyproj

    if crs is None:
        return raw.crs, raw.crs_source, []
    given = pyproj.CRS.from_user_input(crs)
    if raw.crs is None or raw.crs_source == "crs=":
        return given, "crs=", []
    stated = pyproj.CRS.from_user_input(raw.crs)
    if stated.geodetic_crs is None:  # of a drawing: it says nothing of the earth
        return given, "crs=", []
    if stated == given or stated.to_epsg() == given.to_epsg() is not None:
        return given, raw.crs_source, []
    message = Doubt(
        f"文件写的是 {stated.name}，按 crs={crs!r}（{given.name}），坐标未动",
        f"the file says {stated.name}; crs={crs!r} ({given.name}) was taken instead, without "
        "moving anything.",
    )
    return given, f"crs=（文件写 {stated.name}）", [message]


def _encoding_warning(raw: RawLayer) -> list[Doubt]:
    if raw.encoding is None or raw.encoding.sure != DOUBTFUL:
        return []
    name, why = raw.encoding.name, raw.encoding.why
    return [
        Doubt(
            f"编码有疑问，按 {name}：{why}；用 encoding= 写明",
            f"the encoding is in doubt, {name} was taken: {why}; encoding= decides.",
        )
    ]


def _bounds_warning(frame: gpd.GeoDataFrame, kind: str) -> list[Doubt]:
    """Say where coordinates cannot be in the system that the file states."""
    import numpy as np

    west, south, east, north = frame.total_bounds
    if not np.isfinite([west, south, east, north]).all():
        return []
    if frame.crs is None:
        if kind == "table":
            return []  # it has said so already
        hint = looks_like(frame) or Doubt("用 crs= 写明", "name it with crs=.")
        return [Doubt(f"图层没有坐标系；{hint.zh}", f"the layer has no CRS; {hint.en}")]
    if frame.crs.is_geographic and (
        max(abs(west), abs(east)) > 360 or max(abs(south), abs(north)) > 90.001
    ):
        return [
            Doubt(
                f"坐标系以度计（{frame.crs.name}），坐标却达 {east:.10g}, {north:.10g}；坐标系不对，或两轴颠倒",
                f"the CRS is in degrees ({frame.crs.name}), but coordinates reach {east:.10g}, "
                f"{north:.10g}; the CRS is wrong, or the axes are swapped.",
            )
        ]
    if frame.crs.is_projected and max(abs(west), abs(east), abs(south), abs(north)) <= 180:
        low, high = f"{west:.6g}, {south:.6g}", f"{east:.6g}, {north:.6g}"
        return [
            Doubt(
                f"坐标系以米计（{frame.crs.name}），坐标却在 {low} 与 {high} 之间，像是度；"
                '如是，用 crs="EPSG:4490"',
                f"the CRS is in metres ({frame.crs.name}), but the coordinates lie between {low} "
                f'and {high}, which looks like degrees: crs="EPSG:4490"?',
            )
        ]
    return []


def looks_like(frame: gpd.GeoDataFrame) -> Doubt | None:
    """Return the CRS that a layer's numbers look like; it is only said."""
    from chaoyang_geo.layers.coordinates import CHINA_E, CHINA_N, EASTINGS, NORTHINGS, zone_epsg

    west, south, east, north = frame.total_bounds
    if CHINA_E[0] <= west <= east <= CHINA_E[1] and CHINA_N[0] <= south <= north <= CHINA_N[1]:
        return Doubt(
            '坐标像是我国境内的经纬度：CGCS2000 用 crs="EPSG:4490"',
            'its coordinates look like degrees in China: crs="EPSG:4490" for CGCS2000.',
        )
    zone, low = divmod(west, 1_000_000)
    if not (
        NORTHINGS[0] <= south <= north <= NORTHINGS[1]
        and EASTINGS[0] <= low
        and east - zone * 1_000_000 <= EASTINGS[1]
    ):
        return None
    if not zone:
        return Doubt(
            "坐标像是不带带号的高斯-克吕格米；用代码写明中央子午线，如 "
            'crs="EPSG:4549" 为 CGCS2000、120°E',
            "its coordinates look like Gauss-Krueger metres without a zone; name the central "
            'meridian by its code, e.g. crs="EPSG:4549" for CGCS2000, 120E.',
        )
    code = zone_epsg(int(zone), "CGCS2000")
    if code is None:
        return None
    return Doubt(
        f'坐标像是{zone:.0f}带的米：CGCS2000 用 crs="EPSG:{code}"',
        f'its coordinates look like metres of zone {zone:.0f}: crs="EPSG:{code}" for CGCS2000.',
    )


def _steps(
    raw: RawLayer,
    found: Found,
    mapped: list[Meaning],
    frame: gpd.GeoDataFrame,
    repairs: Any,
    crs_source: str,
) -> list[dict[str, Any]]:
    """Return the report: what was found and what was done, a step a row."""
    import pandas as pd

    def step(name: str, detail: str, n: int = len(frame)) -> None:
        steps.append({"step": name, "n_rows": int(n), "detail": detail})

    steps: list[dict[str, Any]] = []
    step("文件", found.where)
    if raw.encoding is not None:
        step("编码", f"{raw.encoding.name}（{raw.encoding.sure}）：{raw.encoding.why}")
    system = "没有坐标系" if frame.crs is None else f"{frame.crs.name}，来自{crs_source or '文件'}"
    step("坐标系", system)
    for note in raw.notes:
        step("读取", note)
    named = [f"{m.header}→{m.name}" for m in mapped if m.how and m.header != m.name]
    if named:
        step("列名", "、".join(named))
    for word, n in pd.Series(kinds(frame.geometry.to_numpy())).value_counts().items():
        if word:
            step("几何类型", str(word), int(n))
    plain = pd.Series(repairs, dtype="str").str.replace(r"（[^）]*）", "", regex=True)
    for word, n in plain[plain != ""].value_counts().items():
        step("几何", str(word), int(n))
    texts = frame[TEXT_FLAG]
    if (texts != "").any():
        step("文字", "文字有疑问的行，见 text_flag", int((texts != "").sum()))
    return steps


def read(
    path: Path,
    *,
    columns: Mapping[str, str] | None,
    crs: Any,
    layer: str | None,
    encoding: str | None,
    mend: bool,
) -> gpd.GeoDataFrame:
    """Read one layer; the public function with its words is :func:`chaoyang_geo.layers.read_layer`."""
    with opened(path) as sources:
        found = pick(path, sources, layer, encoding, columns)
        raw = raw_layer(found, encoding, columns, crs)
    mapped = meanings(raw, columns, found.where)
    lost = unused(columns, raw.headers)
    if lost:
        warn_of(
            found,
            Doubt(
                f"columns= 写了图层没有的列：{'、'.join(lost)}；图层有：{'、'.join(raw.headers)}",
                f"columns= names headers that the layer has not: {', '.join(lost)}; it has: "
                f"{', '.join(raw.headers)}.",
            ),
        )
    frame, warn = finished(raw, found, mapped, crs=crs, mend=mend)
    for doubt in warn:
        warn_of(found, doubt)
    return frame


def warn_of(found: Found, doubt: Doubt) -> None:
    """Warn the caller of ``read_layer`` of a doubt, in both languages."""
    where = found.where.replace(", layer ", "，图层 ", 1)
    said = DoubtWarning(f"{found.where}: {doubt.en}", f"{where}：{doubt.zh.rstrip('。')}。")
    warnings.warn(said, stacklevel=4)
