"""The table of zones from a user's layer: kinds, grades, version and a hash of what was read."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import require_crs
from chaoyang_geo.schema import QUALITIES, SchemaError, as_text, one_of
from chaoyang_geo.screening.repair import repair_polygons
from chaoyang_geo.screening.words import KINDS, find_grade, find_kind, fold, kind_zh
from chaoyang_geo.verdicts import ZONE_HEAD

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

#: Columns of the table of zones, in order; the geometry follows.
ZONE_COLUMNS: dict[str, str] = {**ZONE_HEAD, "zone_flag": "str"}

# where a column is not named by the caller, one of these is taken if the layer has it
_USUAL = {
    "zone_code": ("zone_code", "分区编码", "单元编码", "编码", "编号", "代码", "code"),
    # mc: the field of names in databases of land use and spatial plans
    "zone_name": (
        "zone_name",
        "分区名称",
        "单元名称",
        "保护区名称",
        "红线名称",
        "名称",
        "name",
        "mc",
    ),
    "accuracy_m": ("accuracy_m",),
    "source": ("source",),
    "quality": ("quality",),
}
_NAMED = ("zone_code", "zone_name", "zone_kind", "zone_grade", "accuracy_m", "source", "quality")


def read_zones(
    layer: gpd.GeoDataFrame | str | PathLike[str],
    *,
    kind: str | None = None,
    grade: str | Mapping[str, str] | None = None,
    version: str,
    version_date: str,
    accuracy_m: float | None = None,
    source: str | None = None,
    quality: str | None = None,
    name: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> gpd.GeoDataFrame:
    """Map a layer of red lines or other zones to the table of zones.

    One row per row of the layer, same order, index and CRS; the layer is not changed. Invalid
    polygons are repaired and ``zone_flag`` says so; rows without a polygon stay and are flagged.

    Parameters
    ----------
    layer : GeoDataFrame of polygons, any CRS, or path
        A path is read with pyogrio as it is, GeoParquet with geopandas. Of a file with doubtful
        encoding or datum, hand in the frame that was read and looked at.
    kind : str, optional
        What the zones are: a key of :data:`KINDS`, its Chinese or English name or a synonym
        (红线, 水源地), or the name of a column that holds such words. Without it the column
        ``zone_kind`` of the layer, or the one that ``columns`` names.
    grade : str or mapping, optional
        One grade for all (核心, 一级, 优先保护), the name of a column that holds such words, or
        a mapping from the words of the column that ``columns["zone_grade"]`` names to grades.
        Without it the column ``zone_grade``; without that the grade is unknown, ``''``.
    version : str
        Version of the layer, as its publisher calls it; ``''`` where it is not known.
    version_date : str
        Its date, ``2023-09-28``; ``''`` where it is not known.
    accuracy_m : float, optional
        Positional accuracy, metres; without it the column ``accuracy_m``, or unknown.
    source, quality : str, optional
        For all rows; ``quality`` is one of :data:`chaoyang_geo.schema.QUALITIES`. Without them
        the columns of that name, or ``''``.
    name : str, optional
        Name of the layer in findings; the file's stem, or the Chinese name of the kind.
    columns : mapping, optional
        Our name to the layer's column: ``{"zone_name": "HXMC"}``. Known: ``zone_code``,
        ``zone_name``, ``zone_kind``, ``zone_grade``, ``accuracy_m``, ``source``, ``quality``.

    Returns
    -------
    GeoDataFrame, same rows
        :data:`ZONE_COLUMNS` and the geometry. A zone without a code gets one from its shape
        (``Z`` and 10 hexadecimal digits), so that the order of rows plays no part. ``content_hash`` is that
        of the whole layer as read. ``frame.attrs["layers"]`` notes name, kinds, number of zones,
        version, date and hash, so that a screening tells an empty layer, and a part of a layer.
        Joining frames (``pd.concat``, ``merge``, ``dissolve``) loses the notes, and an empty layer
        with them: hand several layers to :func:`screen_sites` as a list.

    Raises
    ------
    CRSError
        The layer has no CRS.
    FileNotFoundError
        There is no such file.
    SchemaError
        ``layer`` is no layer, or a table without geometry; a column is missing or there twice; a
        word is no kind or grade; an accuracy is negative or no number.
    ValueError
        ``quality``, ``version_date`` or a key of ``columns`` is not what it must be; the file
        cannot be read: give its name to ``screen_sites(..., unreadable=...)``, so that the answer
        says so.

    Notes
    -----
    The hash is SHA-256 over the CRS and, row by row, the normalised geometry (well-known binary,
    OGC 06-103r4) and the attributes sorted by name; the digests of rows are sorted first, so that
    the order of rows and the start of a ring change nothing.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from chaoyang_geo.screening import read_zones
    >>> layer = gpd.GeoDataFrame({"名称": ["甲", "乙"], "级别": ["核心保护区", "一般"]},
    ...                          geometry=[box(0, 0, 9, 9), box(9, 0, 20, 9)], crs="EPSG:4549")
    >>> zones = read_zones(layer, kind="红线", grade="级别", version="2023", version_date="")
    >>> zones[["zone_name", "zone_kind", "zone_grade", "layer", "version"]]
      zone_name     zone_kind zone_grade   layer version
    0         甲  eco_red_line       core  生态保护红线    2023
    1         乙  eco_red_line    general  生态保护红线    2023
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    frame, stem = _frame_of(layer)
    require_crs(frame, layer_name=name or stem or "layer")
    if quality is not None:
        one_of("quality", quality, QUALITIES)
    day, called = checked_date("version_date", version_date), "" if version is None else version
    picked = _picked(frame, dict(columns or {}))
    kinds = _kinds(frame, kind, picked)
    grades = _grades(frame, kinds, grade, picked)
    title = name or stem or _title(kinds, kind)
    digest = content_hash(frame)
    shapes, flags = repair_polygons(frame.geometry.to_numpy())
    codes = _text_of(frame, picked.get("zone_code"))
    blank = codes == ""
    codes[blank] = _codes_from_shapes(frame.geometry.to_numpy()[blank])
    table = pd.DataFrame(
        {
            "zone_code": codes,
            "zone_name": _text_of(frame, picked.get("zone_name")),
            "zone_kind": kinds,
            "zone_grade": grades,
            "layer": title,
            "version": str(called),
            "version_date": day,
            "content_hash": digest,
            "accuracy_m": _accuracies(frame, accuracy_m, picked, title),
            "source": _text_of(frame, picked.get("source")) if source is None else source,
            "quality": _text_of(frame, picked.get("quality")) if quality is None else quality,
            "zone_flag": flags,
        },
        index=frame.index,
    ).astype(ZONE_COLUMNS)
    zones = gpd.GeoDataFrame(
        table, geometry=gpd.GeoSeries(np.asarray(shapes), index=frame.index, crs=frame.crs)
    )
    zones.attrs["layers"] = [
        {
            "layer": title,
            "zone_kinds": ";".join(sorted(set(kinds) | _stated_kind(kind))),
            "n_zones": len(frame),
            "version": str(called),
            "version_date": day,
            "content_hash": digest,
            "accuracy_m": math.nan if accuracy_m is None else float(accuracy_m),
            "source": source or "",
            "quality": quality or "",
        }
    ]
    return zones


def content_hash(frame: gpd.GeoDataFrame) -> str:
    """Return the SHA-256 of a layer's geometries and attributes, whatever the order of rows.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> from chaoyang_geo.screening import content_hash
    >>> a = gpd.GeoDataFrame({"n": [1, 2]}, geometry=[Point(0, 0), Point(1, 1)], crs=4549)
    >>> content_hash(a) == content_hash(a.iloc[::-1]), content_hash(a) == content_hash(a.iloc[:1])
    (True, False)
    """
    import numpy as np
    import shapely

    digest = hashlib.sha256()
    authority = frame.crs.to_authority() if frame.crs is not None else None
    crs = ":".join(authority) if authority else (frame.crs.to_wkt() if frame.crs else "")
    names = sorted(str(column) for column in frame.columns if column != frame.geometry.name)
    digest.update(json.dumps([crs, names], ensure_ascii=False).encode())
    with np.errstate(invalid="ignore", over="ignore"):  # coordinates of no use are flagged later
        shapes = shapely.normalize(frame.geometry.to_numpy())
    binary = shapely.to_wkb(shapes, byte_order=1, output_dimension=3)
    table = frame.drop(columns=frame.geometry.name)
    table.columns = table.columns.astype(str)
    cells = [[_plain(value) for value in table[column].tolist()] for column in names]
    texts = zip(*cells, strict=True) if cells else ((),) * len(frame)
    rows = np.empty(len(frame), dtype="S32")
    for place, (shape, values) in enumerate(zip(binary, texts, strict=True)):
        row = hashlib.sha256(shape or b"")
        row.update(json.dumps(values, ensure_ascii=False, default=str).encode())
        rows[place] = row.hexdigest()[:32].encode()
    for text in np.sort(rows):
        digest.update(text)
    return digest.hexdigest()


def checked_date(argument: str, text: object) -> str:
    """Return a date as 2025-06-01, ``''`` for none; what is no date is an error."""
    if text is None or text == "":
        return ""
    try:
        day = text.date() if isinstance(text, datetime) else date.fromisoformat(str(text))
        return day.isoformat()
    except ValueError as error:
        raise ValueError(
            f"{argument}={text!r} is no date; write it as 2025-06-01, or '' where it is not known."
        ) from error


def _plain(value: Any) -> Any:
    """Return a cell as JSON knows it; a missing one, whatever its type, is None."""
    if value is None or value != value:
        return None
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool) else str(value)


def _frame_of(layer: Any) -> tuple[gpd.GeoDataFrame, str]:
    import geopandas as gpd

    if isinstance(layer, gpd.GeoDataFrame):
        return layer, ""
    if not isinstance(layer, str | PathLike):
        raise SchemaError(
            f"layer: {type(layer).__name__} is no layer; give a GeoDataFrame or a path."
        )
    from pathlib import Path

    import pyogrio

    path = Path(fspath(layer))
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file.")
    try:
        if path.suffix.lower() in (".parquet", ".geoparquet"):
            return gpd.read_parquet(path), path.stem
        frame = pyogrio.read_dataframe(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError) as error:
        raise ValueError(
            f"{path}: the layer cannot be read ({error}). Read it another way and hand in the "
            "frame, or name it in screen_sites(..., unreadable=...)."
        ) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise SchemaError(f"{path}: the table has no geometry, so it holds no zones.")
    return frame, path.stem


def _picked(frame: gpd.GeoDataFrame, columns: dict[str, str]) -> dict[str, str]:
    """Return our name to the layer's column, the usual names where the caller names none."""
    names = [str(column) for column in frame.columns]
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise SchemaError(
            f"zones: the column {twice!r} is there twice; rename or drop one of them."
        )
    for ours, theirs in columns.items():
        one_of("a key of columns", ours, _NAMED)
        if theirs not in frame.columns:
            there = ", ".join(str(column) for column in frame.columns)
            raise SchemaError(
                f"zones: column {theirs!r}, named for {ours}, is missing; the layer has: {there}."
            )
    by_fold = {fold(column): str(column) for column in reversed(frame.columns)}
    for ours, usual in _USUAL.items():
        for word in usual:
            if ours not in columns and fold(word) in by_fold:
                columns[ours] = by_fold[fold(word)]
    for ours in ("zone_kind", "zone_grade"):
        if ours not in columns and ours in frame.columns:
            columns[ours] = ours
    return columns


def _text_of(frame: gpd.GeoDataFrame, column: str | None) -> Any:
    import numpy as np

    if column is None:
        return np.full(len(frame), "", dtype=object)
    return as_text(frame[column]).str.strip().to_numpy(dtype=object)


def _stated_kind(kind: str | None) -> set[str]:
    found = find_kind(kind) if kind is not None else None
    return {found} if found else set()


def _title(kinds: Any, kind: str | None) -> str:
    every = sorted(set(kinds) | _stated_kind(kind))
    return "、".join(KINDS[key].zh for key in every)


def _kinds(frame: gpd.GeoDataFrame, kind: str | None, picked: dict[str, str]) -> Any:
    import numpy as np

    one = find_kind(kind) if kind is not None else None
    if one is not None:
        return np.full(len(frame), one, dtype=object)
    column = picked.get("zone_kind") if kind is None else kind
    known = "、".join(entry.zh for entry in KINDS.values())
    if column is None or column not in frame.columns:
        said = "no kind is given" if kind is None else f"kind={kind!r} is no kind and no column"
        raise SchemaError(f"zones: {said}; use one of {known}, or the name of a column.")
    words = _text_of(frame, column)
    found = {word: find_kind(word) for word in dict.fromkeys(words)}
    for row, word in enumerate(words, 1):
        if found[word] is None:
            raise SchemaError(
                f"zones: row {row} of {column} holds {word!r}, which is no kind of zone; "
                f"use one of {known}."
            )
    return np.array([found[word] for word in words], dtype=object)


def _grades(
    frame: gpd.GeoDataFrame,
    kinds: Any,
    grade: str | Mapping[str, str] | None,
    picked: dict[str, str],
) -> Any:
    import numpy as np

    column = picked.get("zone_grade")
    if isinstance(grade, str):
        if grade in frame.columns:
            column = grade
        else:
            words = np.full(len(frame), grade, dtype=object)
            return _grade_keys(words, kinds, None, "grade=")
    if isinstance(grade, Mapping) and column is None:
        raise SchemaError(
            "zones: grade is a mapping, but of which column? Say columns={'zone_grade': NAME}."
        )
    if column is None:
        return np.full(len(frame), "", dtype=object)
    mapping = grade if isinstance(grade, Mapping) else None
    return _grade_keys(_text_of(frame, column), kinds, mapping, f"column {column}")


def _grade_keys(words: Any, kinds: Any, mapping: Mapping[str, str] | None, where: str) -> Any:
    import numpy as np

    found: dict[tuple[str, str], str | None] = {}
    for row, (word, kind) in enumerate(zip(words, kinds, strict=True), 1):
        if (word, kind) in found:
            continue
        meant = mapping.get(word, word) if mapping is not None else word
        key = find_grade(kind, meant)
        if key is None:
            known = "、".join(entry[0] for entry in KINDS[kind].grades.values()) or "none"
            raise SchemaError(
                f"zones: row {row}, {where}: {word!r} is no grade of {kind_zh(kind)} "
                f"(its grades: {known}). Map it: grade={{{word!r}: ...}} with "
                "columns={'zone_grade': NAME}."
            )
        found[word, kind] = key
    return np.array([found[word, kind] for word, kind in zip(words, kinds, strict=True)], object)


def _accuracies(
    frame: gpd.GeoDataFrame, accuracy_m: float | None, picked: dict[str, str], title: str
) -> Any:
    import numpy as np

    if accuracy_m is not None:
        values = np.full(len(frame), float(accuracy_m))
    elif "accuracy_m" in picked:
        values = accuracy_column(frame[picked["accuracy_m"]], table=title)
    else:
        values = np.full(len(frame), np.nan)
    check_accuracies(values, table=title)
    return values


def accuracy_column(column: pd.Series, *, table: str) -> Any:
    """Return a column of accuracies as numbers; a text that is no number is an error."""
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").to_numpy("float64", na_value=math.nan)
    for row in (pd.isna(values) & column.notna().to_numpy()).nonzero()[0].tolist():
        if str(column.iloc[row]).strip():
            raise SchemaError(
                f"{table}: row {row + 1} of accuracy_m holds {column.iloc[row]!r}, no number."
            )
    return values


def check_accuracies(values: Any, *, table: str) -> None:
    """Raise :class:`SchemaError` where an accuracy is negative or infinite."""
    import numpy as np

    wrong = np.flatnonzero((values < 0) | np.isinf(values))
    if len(wrong):
        raise SchemaError(
            f"{table}: row {wrong[0] + 1} of accuracy_m holds {values[wrong[0]]:g}; "
            "it is a distance in metres, 0 or more, or missing where it is not known."
        )


def _codes_from_shapes(shapes: Any) -> list[str]:
    import numpy as np
    import shapely

    with np.errstate(invalid="ignore", over="ignore"):
        whole = shapely.normalize(shapes)
    binary = shapely.to_wkb(whole, byte_order=1, output_dimension=2)
    return [f"Z{hashlib.sha256(shape or b'').hexdigest()[:10].upper()}" for shape in binary]
