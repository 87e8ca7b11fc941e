"""What a path holds: the kind of file, by ending and by content, and its layers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: Kind of a layer file by its ending.
KINDS = {
    ".shp": "shapefile",
    ".gpkg": "geopackage",
    ".gdb": "filegdb",
    ".geojson": "geojson",
    ".json": "geojson",
    ".kml": "kml",
    ".dxf": "dxf",
    ".fgb": "flatgeobuf",
    ".parquet": "geoparquet",
    ".geoparquet": "geoparquet",
    ".xlsx": "table",
    ".xlsm": "table",
    ".xls": "table",
    ".ods": "table",
    ".csv": "table",
    ".txt": "table",
    ".tsv": "table",
}
ZIPPED = (".zip", ".kmz")

# a file of the right ending but of other content could make the engine open something else
_BEGINS = {
    "shapefile": (b"\x00\x00\x27\x0a",),
    "geopackage": (b"SQLite format 3\0",),
    "flatgeobuf": (b"fgb",),
    "geoparquet": (b"PAR1",),
}
_SIDECARS = (
    ".shp",
    ".shx",
    ".dbf",
    ".prj",
    ".cpg",
    ".sbn",
    ".sbx",
    ".qix",
    ".qpj",
    ".fields.csv",
    ".shp.xml",
)


@dataclass(frozen=True)
class Source:
    """A file with layers: where it lies, what it is, and how messages call it."""

    path: Path
    kind: str
    name: str


def find_sources(path: Path) -> list[Source]:
    """Return what is at ``path``: one file, or all layer files of a folder.

    Raises
    ------
    FileNotFoundError
        There is nothing at ``path``.
    ValueError
        The ending is unknown, the content is not what the ending says, or a folder has no layer.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file.{_near(path)}")
    if path.is_dir() and path.suffix.lower() != ".gdb":
        return _in_folder(path, path)
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise ValueError(
            f"{path}: the ending {path.suffix or '(none)'} is no layer's; use one of "
            f"{', '.join([*KINDS, *ZIPPED])}.{_sidecar(path)}"
        )
    _check_content(path, kind)
    return [Source(path, kind, path.name)]


def _in_folder(folder: Path, root: Path) -> list[Source]:
    """Return the layer files of a folder and the folders in it, in order of name."""
    found: list[Source] = []
    for path in sorted(folder.iterdir()):
        kind = KINDS.get(path.suffix.lower())
        if path.is_dir() and kind != "filegdb":
            if root.name.startswith(UNPACKED) and not path.is_symlink():
                found += _in_folder(path, root)
        elif kind is not None and (kind == "filegdb" or _is_layer_file(path)):
            _check_content(path, kind)
            found.append(Source(path, kind, path.relative_to(root).as_posix()))
    if not found and folder == root and not root.name.startswith(UNPACKED):
        raise ValueError(
            f"{folder}: this folder holds no layer; files with these endings are: {', '.join(KINDS)}."
        )
    if any(source.kind != "table" for source in found):
        # beside a layer, lists and read-mes are no layers
        found = [source for source in found if source.kind != "table"]
    return found


def _is_layer_file(path: Path) -> bool:
    return path.is_file() and not path.name.lower().endswith(".fields.csv")


#: How a folder of ours begins that an archive was unpacked into.
UNPACKED = "chaoyang-unpacked-"


def _check_content(path: Path, kind: str) -> None:
    begins = _BEGINS.get(kind)
    if kind == "filegdb" and not path.is_dir():
        raise ValueError(f"{path}: a FileGDB is a folder; give the .gdb folder, or a .zip of it.")
    if kind != "filegdb" and not path.is_file():
        raise ValueError(f"{path}: this is no file, so no layer can be read from it.")
    if begins is not None:
        with path.open("rb") as stream:
            head = stream.read(16)
        if not head.startswith(begins):
            raise ValueError(
                f"{path}: the file does not begin as a {path.suffix} does (it begins "
                f"{head[:8]!r}), so it is damaged or of another kind."
            )


def sidecar(path: Path, suffix: str) -> Path | None:
    """Return the file beside ``path`` with another ending, whatever its case; or ``None``."""
    plain = path.with_suffix(suffix)
    if plain.is_file():
        return plain
    wanted = (path.stem + suffix).lower()
    return next(
        (p for p in path.parent.iterdir() if p.name.lower() == wanted and p.is_file()), None
    )


def sidecars(path: Path) -> list[Path]:
    """Return every file that belongs to a shapefile, itself included."""
    found = [sidecar(path, suffix) for suffix in _SIDECARS]
    return list(dict.fromkeys(p for p in found if p is not None))


def _sidecar(path: Path) -> str:
    if path.suffix.lower() in _SIDECARS:
        return f" It belongs to a shapefile: give {path.with_suffix('.shp').name}."
    return ""


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return f" The folder {path.parent} does not exist."
    there = sorted(p.name for p in path.parent.iterdir() if p.suffix.lower() in (*KINDS, *ZIPPED))
    return f" The folder holds: {', '.join(there[:12])}." if there else ""
