"""Writing layers whole or not at all, and saying what the file cannot hold."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import CRSError, require_crs
from chaoyang_geo.files import replacing
from chaoyang_geo.layers.aliases import ENDING, alias_table
from chaoyang_geo.layers.doubt import Doubt
from chaoyang_geo.layers.encoding import named_codec
from chaoyang_geo.layers.fields import Field, aliases_of, best_codec, fields_of
from chaoyang_geo.layers.repair import kinds
from chaoyang_geo.layers.sources import sidecars
from chaoyang_geo.schema import SchemaError, one_of

if TYPE_CHECKING:
    import geopandas as gpd

_DRIVERS = {
    ".gpkg": "GPKG",
    ".gdb": "OpenFileGDB",
    ".geojson": "GeoJSON",
    ".kml": "LIBKML",
    ".fgb": "FlatGeobuf",
}
_ENDINGS = (".shp", ".zip", *_DRIVERS, ".parquet")
_WGS84 = "EPSG:4326"
# what other programs call the encoding in a .cpg, and the language driver of the .dbf
_SHAPE_ENCODINGS = {
    "gbk": ("GBK", "936", 0x4D),
    "gb18030": ("GB18030", "GB18030", 0x4D),
    "utf-8": ("UTF-8", "UTF-8", 0),
}


def write(
    layer: gpd.GeoDataFrame, path: Path, *, encoding: str | None, layer_name: str | None
) -> Path:
    """Write a layer; the public function with its words is ``write_layer``."""
    ending = path.suffix.lower()
    one_of("the ending of path", ending, _ENDINGS)
    if encoding is not None and ending not in (".shp", ".zip"):
        raise ValueError(f"encoding={encoding!r} is for shapefiles; a {ending} is always UTF-8.")
    if layer_name is not None and ending not in (".gpkg", ".gdb"):
        raise ValueError(
            f"layer_name={layer_name!r} is for .gpkg and .gdb; a {ending} has one layer."
        )
    if path.is_dir() and ending != ".gdb":
        raise IsADirectoryError(f"{path} is a folder; give the name of a file in it.")
    _check_columns(layer, path.name)
    layer, lost_m = _without_measures(layer)
    path = path.resolve()
    if ending in (".shp", ".zip"):
        lost = _write_shapefile(layer, path, encoding)
    elif ending == ".parquet":
        lost = []
        with replacing(path) as temporary:
            layer.to_parquet(temporary, index=False)
    else:
        lost = _write_driver(layer, path, layer_name or path.stem)
    for message in lost_m + lost:
        warnings.warn(f"{path.name}: {message}", stacklevel=3)
    return path


def _without_measures(layer: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Return the layer without measures (M), which are not read back either."""
    import shapely

    geometry = layer.geometry.to_numpy().copy()
    measured = shapely.has_m(geometry)
    if not measured.any():
        return layer, []
    solid = measured & shapely.has_z(geometry)
    geometry[solid] = shapely.from_wkb(shapely.to_wkb(geometry[solid], output_dimension=3))
    geometry[measured & ~solid] = shapely.force_2d(geometry[measured & ~solid])
    lost = f"measures (M) of {int(measured.sum())} geometries are not written; heights (Z) are."
    return layer.set_geometry(geometry, crs=layer.crs), [lost]


def _check_columns(layer: gpd.GeoDataFrame, where: str) -> None:
    names = [str(name) for name in layer.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SchemaError(f"{where}: the column {twice[0]} stands twice; rename one of them.")
    try:
        active = layer.geometry.name
    except AttributeError as error:
        raise SchemaError(
            f"{where}: the frame has no geometry column; set_geometry names it."
        ) from error
    others = [n for n in layer.columns if n != active and layer[n].dtype == "geometry"]
    if others:
        raise SchemaError(
            f"{where}: a layer has one geometry, the frame has also {', '.join(map(str, others))}; "
            f"write it by itself, or drop it."
        )


def _write_shapefile(layer: gpd.GeoDataFrame, path: Path, encoding: str | None) -> list[str]:
    """Write all files of a shapefile, or a zip of them, and return what was lost."""
    attributes = layer.drop(columns=layer.geometry.name)
    codec = _shape_codec(encoding) or best_codec(attributes)
    name, cpg, driver = _SHAPE_ENCODINGS[codec]
    fields = fields_of(attributes, codec, where=path.name)
    with _folder_beside(path) as folder:
        shp = folder / f"{path.stem}.shp"
        lost = _write_shp(layer, fields, shp, codec, path.name)
        shp.with_suffix(".cpg").write_text(cpg, "ascii")
        _set_language_driver(shp.with_suffix(".dbf"), driver)
        table = alias_table(aliases_of(fields, name))
        (folder / f"{path.stem}{ENDING}").write_text(table, "utf-8-sig", newline="")
        files = sorted(folder.iterdir())
        if path.suffix.lower() == ".zip":
            with replacing(path) as temporary:
                _zip(files, temporary)
        else:
            _install(
                files, path.parent, old=sidecars(path) if path.parent.is_dir() else [], spare=folder
            )
    lost += [f"{field.column}: {note.en}." for field in fields for note in field.notes]
    return lost


def _shape_codec(encoding: str | None) -> str | None:
    if encoding is None:
        return None
    codec = named_codec(encoding)
    if codec == "gb18030" and encoding.upper().replace("-", "") != "GB18030":
        codec = "gbk"
    if codec not in _SHAPE_ENCODINGS:
        one_of("encoding", encoding, [name for name, _, _ in _SHAPE_ENCODINGS.values()])
    return codec


def _write_shp(
    layer: gpd.GeoDataFrame, fields: list[Field], shp: Path, codec: str, where: str
) -> list[str]:
    """Write .shp, .shx, .dbf and .prj; texts go out as bytes, so that nothing recodes them."""
    import numpy as np
    import pyogrio.raw
    import shapely

    geometry, shape, lost = _one_kind(layer.geometry.to_numpy(), where)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pyogrio.raw.write(
            shp,
            shapely.to_wkb(geometry),
            [field.cells for field in fields],
            np.array(
                [field.name.encode(codec).decode("latin-1") for field in fields], dtype=object
            ),
            field_mask=[field.missing for field in fields],
            driver="ESRI Shapefile",
            geometry_type=shape,
            crs=_crs_text(layer),
            encoding="ISO-8859-1",
        )
    _note_rounding(shp, fields, codec)
    return lost + [str(w.message) for w in caught if "'crs' was not provided" not in str(w.message)]


def _note_rounding(shp: Path, fields: list[Field], codec: str) -> None:
    """Read the numbers back and note which did not come through; a field holds 15 decimals."""
    import numpy as np
    import pyogrio.raw

    at = [k for k, field in enumerate(fields) if field.cells.dtype.kind == "f"]
    if not at or not len(fields[0].cells):
        return
    names = [fields[k].name.encode(codec).decode("latin-1") for k in at]
    _, _, _, read = pyogrio.raw.read(shp, encoding="ISO-8859-1", read_geometry=False, columns=names)
    for n, k in enumerate(at):
        field = fields[k]
        before, after = field.cells[~field.missing], np.asarray(read[n], np.float64)[~field.missing]
        off = np.abs(after - before) > 1e-12 * np.abs(before)
        off |= np.isnan(after)
        if off.any():
            first = float(before[off][0])
            last, n_off = float(after[off][0]), int(off.sum())
            field.notes += (Doubt(
                f"小数只保留15位，{n_off} 个数因此改变，如 {first!r} 成为 {last!r}",
                f"a field holds 15 decimals, which changes {n_off} numbers, such as {first!r} to {last!r}",
            ),)  # fmt: skip


def _crs_text(layer: gpd.GeoDataFrame) -> str | None:
    if layer.crs is None:
        return None
    authority = layer.crs.to_authority()
    return ":".join(authority) if authority else str(layer.crs.to_wkt("WKT1_GDAL"))


def _one_kind(geometry: Any, where: str, what: str = "a shapefile") -> tuple[Any, str, list[str]]:
    """Return the geometry as the one kind that a shapefile holds, and what that changed.

    Raises
    ------
    ValueError
        The kinds cannot be written together.
    """
    import numpy as np
    import shapely

    found = kinds(geometry)
    there = [kind for kind in ("点", "线", "面", "混合") if (found == kind).any()]
    if len(there) > 1 or there == ["混合"]:
        rows = ", ".join(
            f"{int((found == kind).sum())} {kind} (first: row {int(np.argmax(found == kind)) + 1})"
            for kind in there
        )
        raise ValueError(
            f"{where}: {what} holds one kind of geometry, the layer has {rows}; "
            "write each kind to its own file, or all to a .gpkg."
        )
    lost = []
    geometry = geometry.copy()
    empty = shapely.is_empty(geometry) & ~shapely.is_missing(geometry)
    if empty.any():
        lost.append(f"{int(empty.sum())} empty geometries are written as missing.")
        geometry[empty] = None
    types = {int(t) for t in np.unique(shapely.get_type_id(geometry)) if t >= 0}
    solid = " Z" if shapely.has_z(geometry).any() else ""
    if solid and not shapely.has_z(geometry[~shapely.is_missing(geometry)]).all():
        flat = ~shapely.has_z(geometry) & ~shapely.is_missing(geometry)
        geometry[flat] = shapely.force_3d(geometry[flat])
        lost.append(
            f"{int(flat.sum())} geometries without heights get height 0, as others have heights."
        )
    if types == {0, 4}:
        lost.append("single points are written as multipoints, as others are.")
        single = shapely.get_type_id(geometry) == 0
        geometry[single] = shapely.multipoints(
            shapely.points(shapely.get_coordinates(geometry[single], include_z=bool(solid))),
            indices=np.arange(single.sum()),
        )
    if types & {2}:  # a ring alone is a line
        ring = shapely.get_type_id(geometry) == 2
        geometry[ring] = shapely.linestrings(
            [shapely.get_coordinates(g, include_z=bool(solid)) for g in geometry[ring]]
        )
    if not there:
        return geometry, "Point", lost
    shape = {"点": "MultiPoint" if 4 in types else "Point", "线": "LineString", "面": "Polygon"}[
        there[0]
    ]
    if 5 in types or 6 in types:
        shape = f"Multi{shape}"
        shape_of = shapely.multilinestrings if there[0] == "线" else shapely.multipolygons
        rows_single = np.flatnonzero(np.isin(shapely.get_type_id(geometry), (1, 3)))
        geometry[rows_single] = shape_of(geometry[rows_single], indices=np.arange(len(rows_single)))
    return geometry, shape + solid, lost


def _set_language_driver(dbf: Path, driver: int) -> None:
    with dbf.open("r+b") as stream:
        stream.seek(29)
        stream.write(bytes([driver]))


def _write_driver(layer: gpd.GeoDataFrame, path: Path, name: str) -> list[str]:
    """Write a GeoPackage, FileGDB, GeoJSON, KML or FlatGeobuf, and return what was lost."""
    import pyogrio

    driver = _DRIVERS[path.suffix.lower()]
    frame, lost = _plain(layer, driver, path.name)
    options: dict[str, Any] = {}
    if driver == "GPKG":
        taken = {str(column).lower() for column in frame.columns if column != frame.geometry.name}
        options = {"FID": _free("fid", taken), "GEOMETRY_NAME": _free("geom", taken)}
    if driver == "FlatGeobuf":
        options = {"SPATIAL_INDEX": "NO"}  # which puts the rows in another order
    if driver == "OpenFileGDB":
        geometry, shape, more = _one_kind(frame.geometry.to_numpy(), path.name, "a FileGDB layer")
        frame, lost = frame.set_geometry(geometry, crs=frame.crs), [*lost, *more]
        # whole 64-bit integers
        options = {"TARGET_ARCGIS_VERSION": "ARCGIS_PRO_3_2_OR_LATER", "geometry_type": shape}
    with _folder_beside(path) as folder:
        target = folder / path.name
        if path.exists() and driver in ("GPKG", "OpenFileGDB"):
            (shutil.copytree if path.is_dir() else shutil.copy2)(path, target)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                pyogrio.write_dataframe(frame, target, driver=driver, layer=name, **options)
            except (pyogrio.errors.FieldError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError,
                    pyogrio.errors.FeatureError, pyogrio.errors.GeometryError) as error:  # fmt: skip
                raise ValueError(f"{path.name}: the layer cannot be written: {error}") from error
        old = [path] if path.exists() else []
        _install([target], path.parent, old=old, spare=folder)
    return lost + [str(w.message) for w in caught if "'crs' was not provided" not in str(w.message)]


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"_{name}"
    return name


def _plain(layer: gpd.GeoDataFrame, driver: str, where: str) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Return the layer as the driver can hold it: texts for what it has no type for."""
    lost: list[str] = []
    frame = layer.copy()
    if driver in ("GeoJSON", "LIBKML"):
        kind = "GeoJSON" if driver == "GeoJSON" else "KML"
        try:
            require_crs(frame, layer_name=where)
        except CRSError as error:
            raise CRSError(f"{error} A {kind} file is in WGS 84 by its standard.") from error
        if frame.crs != _WGS84:
            lost.append(
                f"the coordinates are written in WGS 84, as {kind} demands; before: {frame.crs.name}."
            )
            frame = frame.to_crs(_WGS84)
    names = [str(name) for name in frame.columns]
    lower = [name.lower() for name in names]
    twice = sorted({name for name in names if lower.count(name.lower()) > 1})
    if twice and driver in ("GPKG", "OpenFileGDB"):
        raise SchemaError(
            f"{where}: the columns {', '.join(twice)} differ in case only, which it cannot hold; rename one."
        )
    for name in frame.columns:
        if name == frame.geometry.name:
            continue
        column = frame[name]
        kind, dtype = column.dtype.kind, str(column.dtype)
        if dtype == "category":
            frame[name] = (
                column.astype(object)
                .where(column.notna(), None)
                .map(str, na_action="ignore")
                .astype("str")
            )
            lost.append(f"{name}: a category is written as its text.")
        elif kind == "m" or (kind == "M" and driver == "LIBKML"):
            frame[name] = column.map(lambda t: t.isoformat(), na_action="ignore").astype("str")
            lost.append(f"{name}: times are written as text.")
        elif kind == "M" and "," in dtype:
            frame[name] = column.dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
            lost.append(f"{name}: times are written as China Standard Time, without their zone.")
        elif kind == "b" and driver == "OpenFileGDB":
            frame[name] = column.astype("Int16")
            lost.append(f"{name}: true and false are written as 1 and 0.")
        elif kind in "iu" and driver == "LIBKML":
            whole = column.dropna()
            if len(whole) and max(abs(int(whole.min())), abs(int(whole.max()))) >= 2**31:
                frame[name] = column.map(str, na_action="ignore").astype("str")
                lost.append(f"{name}: integers of more than 32 bits are written as text.")
            else:
                frame[name] = column.astype("Int32")
        elif dtype == "object":
            texts = column.map(
                lambda cell: cell if isinstance(cell, str) else str(cell), na_action="ignore"
            )
            if not column.dropna().map(lambda cell: isinstance(cell, str)).all():
                lost.append(f"{name}: values that are no text are written as text.")
            frame[name] = texts.astype("str")
    return frame, lost


def _zip(files: list[Path], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.name)


@contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    """Yield a temporary folder on the same disk as ``path``, so that moving is renaming."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.stem[:40]}-", dir=path.parent) as folder:
        yield Path(folder)


def _install(files: list[Path], folder: Path, *, old: list[Path], spare: Path) -> None:
    """Put new files in place of old ones; if anything fails, the old ones come back.

    Old side files that the new layer has none of (an index, a spatial index) go, for they would lie.
    """
    aside = Path(tempfile.mkdtemp(dir=spare))
    moved: list[tuple[Path, Path]] = []
    placed: list[Path] = []
    try:
        for file in old:
            os.replace(file, aside / file.name)
            moved.append((aside / file.name, file))
        for file in files:
            os.replace(file, folder / file.name)
            placed.append(folder / file.name)
    except OSError:
        for file in placed:
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        for kept, back in moved:
            os.replace(kept, back)
        raise
