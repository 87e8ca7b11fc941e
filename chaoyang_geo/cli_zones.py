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
from chaoyang_geo.crs import CRSError
from chaoyang_geo.schema import SchemaError, one_of
from chaoyang_geo.screening.words import KINDS, find_grade, find_kind, fold

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

_GRADE_HEADS = ("级", "等级", "分区", "管控", "类别", "grade", "level")
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
            frame = read_any(asked.path, asked.info, asked.layer, crs)
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
        version = str(info.get("version") or _only(frame, "version"))
        if not version and not quiet:
            warnings.warn(words["no_version"].format(name=asked.name), stacklevel=2)
        self.known_by[asked.name] = known_by
        self.frames.append(
            cg.read_zones(
                frame,
                kind=kind,
                grade=info.get("grade") or _grade(asked, frame, kind),
                version=version or words["not_stated"],
                version_date=str(info.get("version_date") or _only(frame, "version_date")),
                accuracy_m=info.get("accuracy_m"),
                source=info.get("source"),
                quality=info.get("quality"),
                name=asked.name,
                columns=info.get("columns"),
            )
        )


def read_any(path: Path, info: Mapping[str, Any], layer: str, crs: str) -> gpd.GeoDataFrame:
    """Read a layer; the CRS of the command line is for one that says none."""
    encoding = info.get("encoding")
    frame = cg.read_layer(path, crs=info.get("crs"), layer=layer or None, encoding=encoding)
    if frame.crs is None and crs:
        frame = cg.read_layer(path, crs=crs, layer=layer or None, encoding=encoding)
    return frame


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
        path, layer = Path(place), ""
        if not path.exists() and "#" in place:
            before, _, layer = place.rpartition("#")
            path = Path(before)
        keys = [key for key in (argument, place, path.name, path.stem, layer) if key in infos]
        used.update(keys[:1])
        info = {**(infos[keys[0]] if keys else {}), **said}
        asked.append(AskedLayer(path, layer or str(info.get("layer", "")), info))
    unused = set(infos) - used
    if unused:
        names = ", ".join(each.path.name for each in asked)
        raise ValueError(
            f"{zones_info}: [{min(unused)!r}] is none of the layers given: {names}. The heads of "
            "the file are names of files."
        )
    return asked


def _infos(path: Path | None) -> dict[str, dict[str, Any]]:
    """Read what is told of the layers: a block per file, checked key by key."""
    if path is None:
        return {}
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


def _grade(asked: AskedLayer, frame: gpd.GeoDataFrame, kind: str) -> str | None:
    """Return the grade that the file's name says, or the column whose every value is a grade."""
    key = find_kind(kind)
    if key is None or "zone_grade" in frame.columns or not KINDS[key].grades:
        return None
    for column in frame.columns:
        if column == frame.geometry.name or not any(head in str(column) for head in _GRADE_HEADS):
            continue
        values = frame[column].dropna().astype("str").str.strip()
        distinct = [value for value in values.unique() if value]
        if distinct and all(find_grade(key, value) for value in distinct):
            return str(column)
    stem = fold(asked.name)
    found = {
        grade
        for grade, (zh, _, synonyms) in KINDS[key].grades.items()
        if any(len(word) > 1 and fold(word) in stem for word in (zh, *synonyms))
    }
    return found.pop() if len(found) == 1 else None


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
    by_layer = {str(name): frame for frame in read.frames for name in frame["layer"].unique()}
    for each in asked:
        frame = by_layer.get(each.name)
        kinds = [] if frame is None else list(frame["zone_kind"].unique())
        kind = KINDS[kinds[0]].zh if len(kinds) == 1 else ""
        lines += [
            "",
            f"[{_quoted(each.path.name)}]",
            f"kind = {_quoted(str(each.info.get('kind') or kind))}",
            '# grade = ""          # 等级，或等级所在的列 a grade, or its column',
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
