"""Reading vector files through GDAL, with the texts decoded by us and not by it."""

from __future__ import annotations

import html
import re
import shutil
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo.layers import dbf
from chaoyang_geo.layers.aliases import Alias, read_aliases
from chaoyang_geo.layers.doubt import Doubt
from chaoyang_geo.layers.encoding import Evidence, chosen, decide, decode_text, transcode
from chaoyang_geo.layers.repair import RING_CLOSED, UNREADABLE
from chaoyang_geo.layers.sources import Source, sidecar
from chaoyang_geo.schema import as_times

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

_RAW = "ISO-8859-1"  # one character a byte, so that the bytes come through
_IN_DXF_CODE_PAGE = b"$DWGCODEPAGE"
_GDAL_OPTIONS = threading.Lock()

# what the KML reader makes up for every placemark
_KML_EMPTY = {"tessellate": -1, "extrude": 0, "visibility": -1, "drawOrder": None, "icon": None}
_KML_EMPTY |= dict.fromkeys(("timestamp", "begin", "end", "altitudeMode", "description", "Name"))


@dataclass
class RawLayer:
    """A layer as it lies in the file: columns by position, so that a name may stand twice."""

    name: str
    headers: list[str]
    columns: list[pd.Series]
    geometry: npt.NDArray[Any]
    crs: Any
    crs_source: str = ""
    encoding: Evidence | None = None
    geometry_flags: npt.NDArray[Any] | None = None
    text_flags: npt.NDArray[Any] | None = None
    cut_bytes: list[int] | None = None  # of the header in the file, where a name may be cut
    notes: list[str] = field(default_factory=list)
    warn: list[Doubt] = field(default_factory=list)
    field_notes: list[str] = field(default_factory=list)
    raw_headers: list[str] = field(default_factory=list)


def layer_names(source: Source) -> list[str]:
    """Return the names of the layers of a vector file that have a geometry.

    Raises
    ------
    ValueError
        The file cannot be opened.
    """
    import pyogrio

    if source.kind in ("shapefile", "geoparquet"):
        return [source.path.stem]
    if source.kind == "geojson":
        return [source.path.stem]
    with _errors(source), _utf8_copy(source, None) as (path, _):
        found = pyogrio.list_layers(path)
    return [str(name) for name, geometry_type in found if geometry_type is not None]


def read_vector(source: Source, layer: str, encoding: str | None) -> RawLayer:
    """Read one layer of a vector file."""
    if source.kind == "geoparquet":
        return _read_parquet(source)
    if source.kind == "shapefile":
        return _read_shapefile(source, encoding)
    if source.kind == "dxf":
        return _read_dxf(source, layer, encoding)
    with _errors(source), _utf8_copy(source, encoding) as (path, evidence):
        only = None if source.kind == "geojson" else layer
        raw = _read(path, only, source, encoding=None)
        kml = path.read_text("utf-8") if source.kind == "kml" else ""
    raw.name = layer
    raw.encoding = evidence
    if source.kind == "kml":
        raw.headers = [_kml_name(header, kml) for header in raw.headers]
        _drop_made_up(raw)
    if raw.crs is not None:
        raw.crs_source = {"geojson": "GeoJSON 规定", "kml": "KML 规定"}.get(source.kind, "文件")
    return raw


def _read(path: Path | str, layer: str | None, source: Source, *, encoding: str | None) -> RawLayer:
    """Read columns and geometry; integers with gaps stay integers, times are China Standard Time."""
    import numpy as np
    import pandas as pd
    import pyogrio.raw

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        meta, _, wkb, values = pyogrio.raw.read(
            path, layer=layer, encoding=encoding, datetime_as_string=True
        )
    notes = [str(w.message).replace(str(path), source.name) for w in caught]
    if wkb is None:
        raise ValueError(
            f"{source.name}: {layer or 'the file'} is a table without geometry; "
            "read it with pandas or geopandas."
        )
    geometry, flags = from_wkb(wkb)
    columns = []
    for numbers, kind, subtype in zip(values, meta["ogr_types"], meta["ogr_subtypes"], strict=True):
        if source.kind == "filegdb" and kind == "OFTDateTime":
            # a FileGDB keeps no zones; the engine says UTC to every time
            numbers = pd.Series(numbers).str.replace(r"(?:Z|[+-]\d\d:?\d\d)$", "", regex=True)
        columns.append(_column(pd.Series(numbers), str(kind), str(subtype)))
    return RawLayer(
        name=layer or source.path.stem,
        headers=[str(name) for name in meta["fields"]],
        columns=columns,
        geometry=np.asarray(geometry, dtype=object),
        crs=meta["crs"],
        geometry_flags=flags,
        notes=notes,
    )


def _column(column: pd.Series, kind: str, subtype: str) -> pd.Series:
    import pandas as pd

    if kind in ("OFTDateTime", "OFTDate"):
        return as_times(column.astype(object).where(column.notna(), None)).astype("datetime64[us]")
    if subtype == "OFSTBoolean" and column.dtype != "bool":
        return column.astype("boolean")
    if kind in ("OFTInteger", "OFTInteger64") and column.dtype.kind == "f":
        return column.astype("Int64")
    if column.dtype == "object":
        texts = column.map(
            lambda value: value if isinstance(value, str) or value is None else str(value)
        )
        return pd.Series(texts, dtype="str")
    return column


def from_wkb(wkb: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return geometries and flags; a ring that does not close is closed."""
    import numpy as np
    import shapely

    flags = np.full(len(wkb), "", dtype=object)
    with np.errstate(invalid="ignore"):  # a NaN among the coordinates is flagged later
        try:
            return shapely.from_wkb(wkb), flags
        except shapely.errors.GEOSException:
            pass
    there = np.array([item is not None for item in wkb], dtype=bool)
    geometry = shapely.from_wkb(wkb, on_invalid="ignore")
    bad = np.flatnonzero(shapely.is_missing(geometry) & there)
    geometry[bad] = shapely.from_wkb(wkb[bad], on_invalid="fix")
    flags[bad] = np.where(shapely.is_missing(geometry[bad]), UNREADABLE, RING_CLOSED)
    return geometry, flags


def _read_shapefile(source: Source, encoding: str | None) -> RawLayer:
    """Read a shapefile: its bytes decide the encoding, the alias table restores the names."""
    path = source.path
    table = sidecar(path, ".dbf")
    if sidecar(path, ".shx") is None:
        raise ValueError(
            f"{source.name}: the index {path.stem}.shx is not beside it; a shapefile is at least "
            ".shp, .shx and .dbf. Copy all of them."
        )
    cpg = sidecar(path, ".cpg")
    stated = cpg.read_text("ascii", "replace").strip()[:40] if cpg is not None else None
    aliases = read_aliases(path)
    header = dbf.read_header(table) if table is not None else None
    evidence = _encoding_of(path, table, header, encoding, stated, aliases)
    with _errors(source), _readable_prj(path) as (plain, doubts):
        raw = _read(plain, None, source, encoding=_RAW)
    raw.warn += doubts
    raw.name, raw.encoding = path.stem, evidence
    raw.crs_source = ".prj" if raw.crs is not None else ""
    if evidence.stated_wrong:
        raw.warn.append(
            Doubt(
                f".cpg 写的是 {stated}，字节却是 {evidence.name}：{evidence.why}",
                f"the .cpg says {stated}, but the bytes are {evidence.name}: {evidence.why}",
            )
        )
    raw.warn += _cut_short(source, header)
    if header is None:
        raw.notes.append(f"{path.stem}.dbf 不在旁边，只有几何，没有属性")
    _decode(raw, evidence.codec)
    if aliases:
        _restore(raw, aliases)
    if raw.headers == ["FID"] and raw.columns[0].tolist() == list(range(len(raw.geometry))):
        # a .dbf must have a field, and the engine makes up this one
        raw.headers, raw.columns, raw.raw_headers, raw.field_notes, raw.cut_bytes = (
            [],
            [],
            [],
            [],
            [],
        )
        raw.notes.append("FID 只是行号，不列为列")
    return raw


@contextmanager
def _readable_prj(path: Path) -> Iterator[tuple[Path, list[Doubt]]]:
    """Yield the shapefile, or where its .prj stops the engine a copy with one that does not.

    Local systems have Chinese names in GBK; what is no CRS at all is left out, and that is said.
    """
    prj = sidecar(path, ".prj")
    data = prj.read_bytes() if prj is not None else b""
    text = transcode(data, None)[0] if data.strip() else ""
    usable = text if _is_wkt(text) else ""
    # the engine alone reads the .prj of old ArcInfo, which is no WKT
    if usable.encode() == data or not data.strip() or (not usable and _engine_knows(path, data)):
        yield path, []
        return
    doubts = []
    if not usable:
        begin = text.strip()[:40]
        doubts.append(
            Doubt(
                f".prj 读不懂（{begin}…），看不出坐标系",
                f"the .prj cannot be read ({begin}...), so it names no CRS.",
            )
        )
    with tempfile.TemporaryDirectory(prefix="chaoyang-prj-") as folder:
        copy = Path(folder) / f"{path.stem}.shp"
        for suffix in (".shp", ".shx", ".dbf"):
            file = sidecar(path, suffix)
            if file is not None:
                shutil.copy2(file, copy.with_suffix(suffix))
        if usable:
            copy.with_suffix(".prj").write_text(usable, encoding="utf-8")
        yield copy, doubts


def _is_wkt(text: str) -> bool:
    import pyproj

    try:
        pyproj.CRS.from_wkt(text)
    except pyproj.exceptions.CRSError:
        return False
    return True


def _engine_knows(path: Path, prj: bytes) -> bool:
    import pyogrio
    import pyogrio.errors

    if not prj.isascii():  # what is not stops the engine
        return False
    try:
        return pyogrio.read_info(path, encoding=_RAW)["crs"] is not None
    except pyogrio.errors.CRSError:
        return False


def _cut_short(source: Source, header: dbf.Dbf | None) -> list[Doubt]:
    """Say where a .shp is shorter than it says itself, or has other rows than its table."""
    found = []
    with source.path.open("rb") as stream:
        stated = 2 * int.from_bytes(stream.read(28)[24:28], "big")
    size = source.path.stat().st_size
    if size < stated:
        found.append(
            Doubt(
                f".shp 应有 {stated:,} 字节，实有 {size:,}，文件不完整（如拷贝中断），末尾各行没有几何",
                f"the .shp says {stated:,} bytes and has {size:,}, so it was cut short, e.g. in "
                "copying; rows at its end have no geometry.",
            )
        )
    index = sidecar(source.path, ".shx")
    n_shapes = (index.stat().st_size - 100) // 8 if index is not None else 0
    if header is not None and header.n_records != n_shapes:
        found.append(
            Doubt(
                f".shx 有 {n_shapes:,} 个图形，.dbf 有 {header.n_records:,} 行，不是同一图层，"
                "或其一被单独改过；属性与图形可能错位",
                f"the .shx has {n_shapes:,} shapes and the .dbf {header.n_records:,} rows, so they "
                "are not of one layer, or one was edited alone; names may stand beside the wrong "
                "shapes.",
            )
        )
    return found


def _encoding_of(
    path: Path,
    table: Path | None,
    header: dbf.Dbf | None,
    encoding: str | None,
    stated: str | None,
    aliases: dict[str, Alias],
) -> Evidence:
    if encoding is not None:
        return chosen(encoding)
    texts = dbf.chinese_texts(table, header) if table is not None and header is not None else []
    ours = next((alias.encoding for alias in aliases.values() if alias.encoding), None)
    if ours is not None:
        own = chosen(ours)
        if all(_fits(text, own.codec) for text in texts):
            return Evidence(
                own.codec, own.name, own.sure, f"字段对照表 {path.stem}.fields.csv 写明"
            )
    if stated is None and header is not None and header.driver:
        return decide(texts, stated=header.driver, by=".dbf 第29字节")
    return decide(texts, stated=stated or None)


def _fits(text: bytes, codec: str) -> bool:
    try:
        text.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _decode(raw: RawLayer, codec: str) -> None:
    """Decode names and texts from bytes, each distinct text once."""
    import numpy as np
    import pandas as pd

    names = [name.encode("latin-1", "replace") for name in raw.headers]
    raw.cut_bytes = [len(name) for name in names]
    read = [decode_text(name, codec) for name in names]
    raw.headers = [name or f"field_{k}" for k, (name, _) in enumerate(read, 1)]
    raw.field_notes = [flag.replace("文字", "字段名") for _, flag in read]
    raw.raw_headers = list(raw.headers)
    flags = np.full(len(raw.geometry), "", dtype=object)
    for at, column in enumerate(raw.columns):
        if column.dtype != "str":
            continue
        codes, distinct = pd.factorize(column, use_na_sentinel=True)
        found = [decode_text(str(text).encode("latin-1", "replace"), codec) for text in distinct]
        texts = np.array([*(text for text, _ in found), None], dtype=object)
        raw.columns[at] = pd.Series(texts[codes], dtype="str")
        reasons = np.array(
            [*(f"{raw.headers[at]}：{f}" if f else "" for _, f in found), ""], dtype=object
        )
        rows = np.flatnonzero(reasons[codes] != "")
        for row, reason in zip(rows, reasons[codes[rows]], strict=True):
            flags[row] = f"{flags[row]}；{reason}" if flags[row] else reason
    raw.text_flags = flags


def _restore(raw: RawLayer, aliases: dict[str, Alias]) -> None:
    """Give the columns their full names and dtypes back."""
    restored = 0
    for at, header in enumerate(raw.headers):
        alias = aliases.get(header.lower())
        if alias is None:
            continue
        restored += alias.name != header
        raw.headers[at] = alias.name
        raw.field_notes[at] = ""
        if raw.cut_bytes is not None:
            raw.cut_bytes[at] = 0
        raw.columns[at] = _as_dtype(raw.columns[at], alias.dtype)
    if restored:
        raw.notes.append(f"按字段对照表恢复了 {restored} 个字段的完整名称")


def _as_dtype(column: Any, dtype: str) -> Any:
    """Return a column in the dtype that the alias table states, where its cells allow it."""
    import pandas as pd

    try:
        if dtype.startswith("datetime"):
            times = pd.to_datetime(column, format="ISO8601", utc="," in dtype)
            return times.astype(dtype) if "," not in dtype else times.dt.tz_convert(_zone(dtype))
        if dtype.startswith("timedelta"):
            return pd.to_timedelta(column).astype(dtype)
        if dtype in ("str", "object", "category", "string"):
            text = column.astype("str")
            return text.astype(dtype) if dtype != "object" else text
        return column.astype(dtype)
    except (ValueError, TypeError, OverflowError):
        return column


def _zone(dtype: str) -> str:
    return dtype.rsplit(",", 1)[1].strip(" ]")


def _read_dxf(source: Source, layer: str, encoding: str | None) -> RawLayer:
    """Read a DXF: the code page of its header is checked against the bytes, as a .cpg is."""
    data = source.path.read_bytes()
    if data.startswith(b"AutoCAD Binary DXF"):
        raise ValueError(f"{source.name}: this is a binary DXF; save it as an ASCII DXF.")
    stated = None
    at = data.find(_IN_DXF_CODE_PAGE)
    if at >= 0:
        stated = data[at:].split(b"\n", 3)[2].strip().decode("ascii", "replace")
    lines = {line.strip() for line in data.split(b"\n") if not line.isascii()}
    evidence = chosen(encoding) if encoding else decide(lines, stated=stated, by="$DWGCODEPAGE")
    with _errors(source), _gdal_option("DXF_ENCODING", _RAW):
        raw = _read(source.path, layer, source, encoding=None)
    raw.name, raw.encoding = layer, evidence
    _decode_dxf(raw, evidence.codec)
    keep = [at for at, column in enumerate(raw.columns) if column.notna().any()]
    raw.headers = [raw.headers[at] for at in keep]
    raw.columns = [raw.columns[at] for at in keep]
    raw.raw_headers, raw.field_notes, raw.cut_bytes = list(raw.headers), [""] * len(keep), None
    return raw


def _decode_dxf(raw: RawLayer, codec: str) -> None:
    r"""Decode; texts written as \U+671D came decoded already, and are left."""
    headers = list(raw.headers)
    plain = [
        column.map(lambda t: t if not isinstance(t, str) or _is_bytes(t) else None)
        if column.dtype == "str"
        else column
        for column in raw.columns
    ]
    whole = raw.columns
    raw.columns = [
        p.astype("str") if w.dtype == "str" else w for p, w in zip(plain, whole, strict=True)
    ]
    _decode(raw, codec)
    raw.columns = [
        new.where(new.notna(), old) if old.dtype == "str" else old
        for new, old in zip(raw.columns, whole, strict=True)
    ]
    raw.headers = headers


def _is_bytes(text: str) -> bool:
    return all(character < "\u0100" for character in text)


def _read_parquet(source: Source) -> RawLayer:
    import geopandas as gpd
    import numpy as np

    try:
        frame = gpd.read_parquet(source.path)
    except (ValueError, OSError) as error:
        raise ValueError(
            f"{source.name}: this Parquet file is no GeoParquet ({error}). "
            "Read it with pandas and make the geometry from its columns."
        ) from error
    geometry = frame.geometry.name
    others = [name for name in frame.columns if name != geometry]
    return RawLayer(
        name=source.path.stem,
        headers=[str(name) for name in others],
        columns=[frame[name].reset_index(drop=True) for name in others],
        geometry=np.asarray(frame.geometry, dtype=object),
        crs=frame.crs,
        crs_source="文件" if frame.crs is not None else "",
    )


def _drop_made_up(raw: RawLayer) -> None:
    """Leave out the columns and heights that KML makes up and that say nothing."""
    import numpy as np
    import shapely

    keep = []
    for at, (header, column) in enumerate(zip(raw.headers, raw.columns, strict=True)):
        if header == "id" and column.dropna().astype("str").str.fullmatch(r".*\.\d+").all():
            continue
        if header in _KML_EMPTY:
            usual = _KML_EMPTY[header]
            if (column.isna() | (column == usual if usual is not None else False)).all():
                continue
        keep.append(at)
    raw.headers = [raw.headers[at] for at in keep]
    raw.columns = [raw.columns[at] for at in keep]
    heights = shapely.get_coordinates(raw.geometry, include_z=True)[:, 2]
    if len(heights) and (np.isnan(heights) | (heights == 0)).all():
        raw.geometry = shapely.force_2d(raw.geometry)  # a height of 0 is what KML writes for none


@contextmanager
def _utf8_copy(source: Source, encoding: str | None) -> Iterator[tuple[Path, Evidence | None]]:
    """Yield the file, or for GeoJSON and KML in another encoding its text in UTF-8."""
    if source.kind not in ("geojson", "kml"):
        yield source.path, None
        return
    data = source.path.read_bytes()
    text, evidence = transcode(data, encoding)
    begins = text.lstrip()[:1]
    if begins != ("{" if source.kind == "geojson" else "<"):
        raise ValueError(
            f"{source.name}: the file does not begin as a {source.path.suffix} does "
            f"(it begins {data[:8]!r}), so it is damaged or of another kind."
        )
    if source.kind == "kml":
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise ValueError(
                f"{source.name}: the file declares entities, which no KML needs; it is not read."
            )
        text = _safe_names(text)
        text = re.sub(r"^\s*<\?xml[^>]*\?>", '<?xml version="1.0" encoding="UTF-8"?>', text)
    clean = text.encode("utf-8", "replace")
    if clean == data:
        yield source.path, evidence
        return
    with tempfile.TemporaryDirectory(prefix="chaoyang-utf8-") as folder:
        path = Path(folder) / f"{source.path.stem}{source.path.suffix.lower()}"
        path.write_bytes(clean)
        yield path, evidence


_KML_FIELD = "chaoyangfield"
_KML_MARK = "<!-- chaoyang names: "


def _safe_names(kml: str) -> str:
    """Give every ``<Data name="...">`` a plain name; the engine turns Chinese ones into underscores.

    The names themselves go along in a comment, in hexadecimal digits.
    """
    names: dict[str, int] = {}

    def plain(found: re.Match[str]) -> str:
        number = names.setdefault(html.unescape(found[3]), len(names))
        return f"{found[1]}{found[2]}{_KML_FIELD}{number}{found[2]}"

    text = re.sub(
        r"""(<(?:\w+:)?Data\b[^>]*?\bname\s*=\s*)(["'])(.*?)\2""", plain, kml, flags=re.DOTALL
    )
    if not names:
        return kml
    return f"{text}\n{_KML_MARK}{','.join(name.encode().hex() for name in names)} -->\n"


def _kml_name(header: str, kml: str) -> str:
    """Return the name that a plain one stands for."""
    number = header.removeprefix(_KML_FIELD)
    if number == header or not number.isdigit() or _KML_MARK not in kml:
        return header
    names = kml.rsplit(_KML_MARK, 1)[1].split(" -->")[0].split(",")
    return bytes.fromhex(names[int(number)]).decode()


@contextmanager
def _gdal_option(name: str, value: str) -> Iterator[None]:
    """Set an option of GDAL that it takes from nowhere else, and put it back."""
    import pyogrio

    with _GDAL_OPTIONS:
        before = pyogrio.get_gdal_config_option(name)
        pyogrio.set_gdal_config_options({name: value})
        try:
            yield
        finally:
            pyogrio.set_gdal_config_options({name: before})


@contextmanager
def _errors(source: Source) -> Iterator[None]:
    """Turn the engine's errors into ours, which name the file."""
    import pyogrio.errors

    try:
        yield
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError,
            pyogrio.errors.FieldError, pyogrio.errors.GeometryError) as error:  # fmt: skip
        raise ValueError(f"{source.name}: the file cannot be read: {error}") from error
