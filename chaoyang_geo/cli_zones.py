"""Layers of zones on the command line: which kind they are, what is told of them, what fails."""

from __future__ import annotations

import re
import tomllib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chaoyang_geo as cg
from chaoyang_geo.cli_parts import as_typed
from chaoyang_geo.crs import CRSError, on_earth
from chaoyang_geo.layers.read import find_layers, looks_like, opened
from chaoyang_geo.schema import SchemaError, one_of
from chaoyang_geo.screening.words import KINDS, find_grade, find_kind, fold

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

_GRADE_HEADS = ("级", "等级", "分区", "管控", "类别", "grade", "level")
_LONG = 3  # letters of a word that is a grade whatever the head of its column
_SHOWN = 5  # rows that a warning names
_INFO = (
    "kind", "grade", "version", "version_date", "accuracy_m", "source", "quality", "name", "crs",
    "layer", "encoding", "columns",
)  # fmt: skip


@dataclass(frozen=True)
class AskedLayer:
    """A layer of zones as it was named on the command line, with what is told of it."""

    path: Path
    layer: str
    info: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.info.get("name") or self.layer or self.path.stem)


@dataclass
class ReadZones:
    """The layers that were read, and those that were not, with the reason."""

    frames: list[gpd.GeoDataFrame]
    unreadable: dict[str, str] = field(default_factory=dict)
    known_by: dict[str, str] = field(default_factory=dict)

    def add(self, asked: AskedLayer, crs: str, words: Mapping[str, str], *, quiet: bool) -> None:
        """Read a layer; what is damaged or empty without a kind is kept with its reason."""
        if not asked.path.exists():
            cg.read_layer(asked.path)  # its message lists the layers beside
        if asked.name in self.unreadable or any(
            (frame["layer"] == asked.name).any() for frame in self.frames
        ):
            raise ValueError(
                f"{asked.path}: two layers are called {asked.name!r}; give one another name: "
                'name = "..." in --zones-info.'
            )
        try:
            frame = read_any(asked.path, asked.info, asked.layer, crs, words)
        except (CRSError, SchemaError):
            raise  # these can be mended by what is typed
        except (ValueError, OSError) as error:
            self.unreadable[asked.name] = " ".join(str(error).split())
            warnings.warn(words["unreadable"].format(name=asked.name, why=error), stacklevel=2)
            return
        kind, known_by = _kind(asked, frame, words)
        if kind is None:
            self.unreadable[asked.name] = words["empty"]
            warnings.warn(
                words["unreadable"].format(name=asked.name, why=words["empty"]), stacklevel=2
            )
            return
        if frame.crs is None:
            raise CRSError(f"{asked.path}: the layer says no CRS; say it: --crs EPSG:4490")
        info = asked.info
        kinds = frame.geom_type.dropna()
        if len(kinds) and not kinds.isin(["Polygon", "MultiPolygon"]).any():
            listed = "、".join(sorted(set(kinds)))
            text = words["no_polygon"].format(path=asked.path.name, kinds=listed)
            warnings.warn(text, stacklevel=2)
        version = str(info.get("version") or _only(frame, "version"))
        if not version and not quiet:
            warnings.warn(words["no_version"].format(name=asked.name), stacklevel=2)
        self.known_by[asked.name] = known_by
        try:
            zones = cg.read_zones(
                frame,
                kind=kind,
                grade=info.get("grade") or _grade(asked, frame, kind, words),
                version=version,
                version_date=str(info.get("version_date") or _only(frame, "version_date")),
                accuracy_m=info.get("accuracy_m"),
                source=info.get("source"),
                quality=info.get("quality"),
                name=asked.name,
                columns=info.get("columns"),
            )
        except ValueError as error:  # of several layers, which one
            raise type(error)(f"{asked.path}: {error}") from error
        self.frames.append(zones)


# --- one layer ------------------------------------------------------------------------------------


def read_any(
    path: Path, info: Mapping[str, Any], layer: str, crs: str, words: Mapping[str, str]
) -> gpd.GeoDataFrame:
    """Read a layer, also one of several, as ``file.gpkg#layer`` or ``file.gdb/layer``.

    The CRS of the command line is for a layer that says none, or one that cannot be: nothing of
    it has a place on the earth.

    Raises
    ------
    CRSError
        The layer says no CRS, or one in which it has no place on the earth.
    SchemaError
        There are several layers, and none is named.
    """
    if not layer:
        path, layer = place_of(str(path))
    given = info.get("crs")
    if given or crs:
        _known_crs(str(given or crs), "[crs] of --zones-info" if given else "--crs")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        frame = _read(path, layer, given, info.get("encoding"))
    if crs and not given and len(frame) and not _converted_first(frame) and not _placed(frame):
        frame = _read(path, layer, crs, info.get("encoding"))
    else:
        for each in said:
            warnings.warn(each.message, stacklevel=2)
    if len(frame) and not _placed(frame):
        raise _no_place(path, frame)
    _tell_flags(path, frame, words)
    return frame


def place_of(text: str) -> tuple[Path, str]:
    """Return the file and the layer that a text names; the layer is ``''`` where it names none.

    Examples
    --------
    >>> from chaoyang_geo.cli_zones import place_of
    >>> [(path.name, layer) for path, layer in map(place_of, ("a.gpkg#红线", "a.gdb/红线", "a.shp"))]
    [('a.gpkg', '红线'), ('a.gdb', '红线'), ('a.shp', '')]
    """
    path = Path(text)
    if path.exists():
        return path, ""
    if "#" in text:
        before, _, layer = text.rpartition("#")
        return Path(before), layer
    inside = path.parent.suffix.lower() in (".gdb", ".gpkg")
    return (path.parent, path.name) if inside else (path, "")


def _read(path: Path, layer: str, crs: Any, encoding: Any) -> gpd.GeoDataFrame:
    try:
        return cg.read_layer(path, crs=crs, layer=layer or None, encoding=encoding)
    except (CRSError, SchemaError):
        raise
    except ValueError as error:
        names = _layers_of(path, encoding) if path.exists() else []
        if layer and names and layer not in names:
            said = f"there is no layer {layer!r}"
        elif not layer and len(names) > 1:
            said = f"there are {len(names)} layers"
        else:
            raise
        each = "、".join(f"{path}#{name}" for name in names)
        raise SchemaError(f"{path}: {said}; name the one that is meant: {each}.") from error


def _layers_of(path: Path, encoding: Any) -> list[str]:
    try:
        with opened(path) as sources:
            return [found.layer for found in find_layers(sources, encoding, None)]
    except (ValueError, OSError):
        return []  # why it cannot be read is said already


def _known_crs(text: str, where: str) -> None:
    import pyproj

    try:
        pyproj.CRS.from_user_input(text)
    except pyproj.exceptions.CRSError as error:
        raise CRSError(
            f"{where}: {text!r} is no coordinate reference system; e.g. EPSG:4490 for CGCS2000 "
            "degrees, EPSG:4549 for metres with central meridian 120E, EPSG:4528 for those that "
            "begin with zone 40."
        ) from error


def _placed(frame: gpd.GeoDataFrame) -> bool:
    """Tell whether a layer says a CRS, and some of it has a place on the earth there."""
    if frame.crs is None or frame.crs.geodetic_crs is None:  # of a drawing, not of the earth
        return False
    shapes = frame.geometry.dropna()
    shapes = shapes[~shapes.is_empty]
    return not len(shapes) or bool(on_earth(shapes.to_numpy(), frame.crs).any())


def _converted_first(frame: gpd.GeoDataFrame) -> bool:
    """Tell whether a table says that its coordinates are those of a web map."""
    said = " ".join(cg.layer_report(frame)["detail"])
    return frame.crs is None and ("坐标为 GCJ-02" in said or "坐标为 BD-09" in said)


def _no_place(path: Path, frame: gpd.GeoDataFrame) -> CRSError:
    """Return the error of a layer that lies nowhere, with the CRS that its numbers look like."""
    if _converted_first(frame):
        return CRSError(
            f"{path}: the table says that its coordinates are those of a web map, which lie half a "
            "kilometre off; convert them first: chaoyang-geo check-datum, or gcj02_to_cgcs2000 and "
            "bd09_to_cgcs2000."
        )
    like = _like(frame)
    if frame.crs is None:
        return CRSError(f"{path}: the layer says no CRS; {like or 'say it: --crs EPSG:4490'}")
    west, south, east, north = frame.total_bounds
    range_ = f"{west:.10g}, {south:.10g} to {east:.10g}, {north:.10g}"
    return CRSError(
        f"{path}: in {frame.crs.name} none of its coordinates ({range_}) has a place on the earth; "
        f"{like or 'are its axes swapped, or is the CRS wrong?'}"
    )


def _like(frame: gpd.GeoDataFrame) -> str:
    """Return what a layer's numbers look like, and what to type; ``''`` where nothing known."""
    hint = looks_like(frame)
    return as_typed(hint.en).rstrip(".") if hint else ""


def _tell_flags(path: Path, frame: gpd.GeoDataFrame, words: Mapping[str, str]) -> None:
    """Warn of the rows that reading found doubtful, each with its reason.

    Sites may be points, lines and polygons together: that is no doubt.
    """
    for column in ("geometry_flag", "text_flag"):
        if column not in frame:
            continue
        flags = frame[column].fillna("").to_numpy(dtype=object)
        rows = [row for row, flag in enumerate(flags, 1) if flag and "图层多为" not in flag]
        if not rows:
            continue
        each = [words["row"].format(row=row, text=flags[row - 1]) for row in rows[:_SHOWN]]
        if len(rows) > _SHOWN:
            each.append(words["more_rows"].format(n=len(rows) - _SHOWN))
        text = words[column].format(path=path.name, rows=words["stop"].join(each))
        warnings.warn(text, stacklevel=2)


def asked_layers(arguments: Sequence[str], zones_info: Path | None) -> list[AskedLayer]:
    infos = _infos(zones_info)
    asked, used = [], set()
    for argument in arguments:
        head, equals, rest = argument.partition("=")
        said: dict[str, Any] = {}
        place = argument
        if equals and not Path(argument).exists():
            kind, _, grade = head.partition("/")
            if find_kind(kind) is None:
                known = "、".join(entry.zh for entry in KINDS.values())
                raise ValueError(f"{argument}: {kind!r} is no kind of zone; use one of {known}.")
            said = {"kind": kind, **({"grade": grade} if grade else {})}
            place = rest
        path, layer = place_of(place)
        heads = (argument, place, f"{path.name}#{layer}", path.name, path.stem, layer)
        keys = [key for key in heads if key in infos]
        used.update(keys[:1])
        info = {**(infos[keys[0]] if keys else {}), **said}
        asked.append(AskedLayer(path, layer or str(info.get("layer", "")), info))
    unused = set(infos) - used
    if unused:
        names = ", ".join(each.path.name for each in asked)
        raise ValueError(
            f"{zones_info}: [{min(unused)!r}] is none of the layers given: {names}. The heads of "
            "the file are names of files, or FILE#LAYER."
        )
    return asked


def _infos(path: Path | None) -> dict[str, dict[str, Any]]:
    """Read what is told of the layers: a block per file, checked key by key."""
    if path is None:
        return {}
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: there is no such file; --write-info {path} writes one to fill in."
        )
    try:
        found = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: this is no TOML in UTF-8 ({error}).") from error
    for name, info in found.items():
        if not isinstance(info, dict):
            raise ValueError(
                f"{path}: {name!r} stands outside a block; begin each with the file's name: "
                '["红线.shp"]'
            )
        for key in info:
            one_of(f"{path}, [{name}], a key", key, _INFO)
        accuracy = info.get("accuracy_m", 0)
        if isinstance(accuracy, bool) or not isinstance(accuracy, int | float):
            raise ValueError(
                f"{path}, [{name}]: accuracy_m = {accuracy!r} is no number; write metres without "
                "quotes: accuracy_m = 10"
            )
        for key in ("version_date", "version"):
            if key in info:  # TOML has dates and numbers of its own
                info[key] = str(info[key])
    return found


def _kind(
    asked: AskedLayer, frame: gpd.GeoDataFrame, words: Mapping[str, str]
) -> tuple[str | None, str]:
    """Return the kind of the zones, or a column that holds it, and what it was known by."""
    given = asked.info.get("kind")
    if given:
        return str(given), words["by_user"]
    plain = frame.drop(columns=frame.geometry.name)
    for column in ["zone_kind", *(c for c in plain.columns if c != "zone_kind")]:
        if column not in plain.columns or not len(plain):
            continue
        values = plain[column].dropna().astype("str").str.strip()
        distinct = [value for value in values.unique() if value]
        if distinct and all(find_kind(value) for value in distinct):
            if len(distinct) == 1:
                return find_kind(distinct[0]), words["by_column"].format(column=column)
            return column, words["by_column"].format(column=column)
    for texts, known_by in (
        ([asked.name, asked.path.stem], words["by_name"]),
        ([str(column) for column in plain.columns], words["by_headers"]),
    ):
        found = {kind for text in texts for kind in _kinds_in(text)}
        if len(found) == 1:
            return found.pop(), known_by
        if found:
            break
    if not len(frame):
        return None, ""
    kinds = "、".join(entry.zh for entry in KINDS.values())
    columns = "、".join(str(column) for column in plain.columns)
    raise SchemaError(
        f"{asked.path}: neither its name nor its columns say what kind of zones these are. Type the "
        f"kind before the file, e.g. 生态保护红线={asked.path} (kinds: {kinds}), or name a column in "
        f"--zones-info (columns: {columns})."
    )


def _kinds_in(text: str) -> set[str]:
    """Return the kinds whose words stand in a text; a longer word hides those within it."""
    left, found = fold(text), set()
    pairs = sorted(
        ((fold(word), key) for key, kind in KINDS.items() for word in (key, kind.zh, *kind.words)),
        key=lambda pair: -len(pair[0]),
    )
    for word, key in pairs:
        if word in left:
            found.add(key)
            left = left.replace(word, "|")
    return found


def _grade(
    asked: AskedLayer, frame: gpd.GeoDataFrame, kind: str, words: Mapping[str, str]
) -> str | None:
    """Return the grade that the file's name says, or the column whose every value is a grade.

    The head of the column says that it holds grades, or its words are long enough to tell. A
    column that holds other words as well is not taken, and that is said.
    """
    key = find_kind(kind)
    if key is None or "zone_grade" in frame.columns or not KINDS[key].grades:
        return None
    in_part: list[str] = []
    by_words: str | None = None
    for column in frame.columns:
        if column == frame.geometry.name:
            continue
        headed = any(head in str(column) for head in _GRADE_HEADS)
        values = frame[column].dropna().astype("str").str.strip()
        distinct = [value for value in values.unique() if value]
        grades = [value for value in distinct if find_grade(key, value)]
        if distinct and len(grades) == len(distinct):
            if headed:
                return str(column)
            if by_words is None and all(len(fold(value)) >= _LONG for value in distinct):
                by_words = str(column)
        elif grades and headed:
            other = next(value for value in distinct if value not in grades)
            row = values.tolist().index(other)
            in_part.append(
                words["no_grade"].format(
                    path=asked.path.name,
                    column=column,
                    row=values.index[row] + 1,
                    other=other,
                    kind=KINDS[key].zh,
                    known="、".join(entry[0] for entry in KINDS[key].grades.values()),
                )
            )
    if by_words is not None:
        return by_words
    stem = fold(asked.name)
    found = {
        grade
        for grade, (zh, _, synonyms) in KINDS[key].grades.items()
        if any(len(word) > 1 and fold(word) in stem for word in (zh, *synonyms))
    }
    if len(found) == 1:
        return found.pop()
    for text in in_part:
        warnings.warn(text, stacklevel=2)
    return None


def _only(frame: pd.DataFrame, column: str) -> str:
    """Return the one value of a column, ``''`` where there is none or several."""
    if column not in frame.columns:
        return ""
    values = frame[column].dropna().astype("str").unique()
    return str(values[0]) if len(values) == 1 else ""


def write_form(path: Path, asked: Sequence[AskedLayer], read: ReadZones) -> None:
    """Write a file for ``--zones-info`` with what is known, for a planner to fill in."""
    from chaoyang_geo.files import replacing

    lines = ["# 填好后用 --zones-info 给出。Fill in, then give it with --zones-info."]
    files = [each.path.name for each in asked]
    by_layer = {str(name): frame for frame in read.frames for name in frame["layer"].unique()}
    for each in asked:
        frame = by_layer.get(each.name)
        kinds = [] if frame is None else list(frame["zone_kind"].unique())
        kind = KINDS[kinds[0]].zh if len(kinds) == 1 else ""
        file = each.path.name
        head = file if files.count(file) == 1 else f"{file}#{each.layer}"
        lines += [
            "",
            f"[{_quoted(head)}]",
            f"kind = {_quoted(str(each.info.get('kind') or kind))}",
            '# grade = ""          # 等级，或等级所在的列 a grade, or its column',
            '# columns = {zone_name = "MC"}  # 分区名称所在的列 column of the names',
            'version = ""          # 版本，如批复文号 as its publisher calls it',
            'version_date = ""     # 2023-09-28',
            "# accuracy_m = 10     # 位置精度（米） metres",
            '# source = ""         # 来源',
            '# quality = "official"',
        ]
    with replacing(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _quoted(text: str) -> str:
    escaped = re.sub(r'(["\\])', r"\\\1", text)
    return f'"{escaped}"'
