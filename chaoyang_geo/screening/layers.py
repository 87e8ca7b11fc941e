"""The layers that are screened against: checked, numbered, and reported one by one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import datum_name, on_earth, require_crs
from chaoyang_geo.datum.systems import same_datum
from chaoyang_geo.flags import flag, joined
from chaoyang_geo.schema import SchemaError, as_text, require
from chaoyang_geo.screening import repair
from chaoyang_geo.screening.ground import in_crs
from chaoyang_geo.screening.result import CHECKED_COLUMNS, empty
from chaoyang_geo.screening.words import KINDS, kind_zh
from chaoyang_geo.screening.zones import (
    ZONE_COLUMNS,
    accuracy_column,
    check_accuracies,
    checked_date,
)

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]
    Texts = npt.NDArray[np.object_]

_NEEDED = ("zone_code", "zone_name", "zone_kind", "zone_grade", "layer")
_NO_NAME = "（无名图层）"
_NAMED = 5  # zones that a flag names
_FLAT = 1e-11  # mean thickness of an area beside its coordinates: as rounding leaves it
# a layer of which nothing is known
_BLANK: dict[str, Any] = {
    **dict.fromkeys(CHECKED_COLUMNS, ""),
    "n_zones": 0,
    "accuracy_m": math.nan,
}


@dataclass(frozen=True)
class ZoneTable:
    """Zone records of all layers in one CRS, and what each zone and each group is."""

    records: pd.DataFrame  # without their shapes
    crs: Any  # of the shapes
    shapes: Texts  # of each record
    boxes: Floats  # of each record: its bounds
    usable: Bools  # of each record
    tree: Any  # index of the records that can be used
    mended: Bools  # of each record: was repaired when it was read
    zone: Ints  # of each record
    group_of_zone: Ints
    codes: Texts  # of each zone
    names: Texts
    accuracy: Floats
    groups: list[tuple[str, str, str]]  # layer, kind, grade
    version: dict[str, str]  # of each layer
    checked: pd.DataFrame
    other_datum: tuple[str, ...]  # what is said of layers in another datum than the sites

    @cached_property
    def usable_rows(self) -> Ints:
        """Places of the records that can be used."""
        import numpy as np

        return np.flatnonzero(self.usable)

    @cached_property
    def alike(self) -> Ints:
        """Numbers of the groups, those of one kind and grade alike, whatever their layer."""
        import numpy as np

        number = {kind: n for n, kind in enumerate(sorted({group[1:] for group in self.groups}))}
        return np.array([number[group[1:]] for group in self.groups], dtype=np.int64)

    @property
    def kind_of_zone(self) -> Ints:
        """Number of the kind and grade of each zone."""
        return self.alike[self.group_of_zone]


def zone_table(
    zones: gpd.GeoDataFrame | Sequence[gpd.GeoDataFrame], unreadable: Any, on: str, sites_crs: Any
) -> ZoneTable:
    """Check zones of one or several layers and number them, whatever the order of rows.

    ``sites_crs`` tells which layers are in another datum than the sites.

    Raises
    ------
    CRSError
        A layer has no CRS.
    SchemaError
        A column is missing; a kind or grade is no key; a zone has no kind or no code.
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    several = isinstance(zones, Iterable) and not isinstance(zones, str | Mapping | pd.DataFrame)
    one = isinstance(zones, gpd.GeoDataFrame) or not several
    frames: list[Any] = [zones] if one else list(zones)
    for frame in frames:
        if not isinstance(frame, gpd.GeoDataFrame):
            raise SchemaError(
                f"zones: {type(frame).__name__} is no layer; give the GeoDataFrame of read_zones, "
                "or a list of these."
            )
        require_geometry(frame, "zones")
        require_crs(frame, layer_name="zones")
    lengths, notes = [len(frame) for frame in frames], [_notes(frame) for frame in frames]
    if not frames:
        frames = [gpd.GeoDataFrame({name: [] for name in _NEEDED}, geometry=[], crs="EPSG:4490")]
    crs = _most_common(frames)
    with ThreadPoolExecutor(1) as pool:  # shapes and words have nothing to do with each other
        drawn = pool.submit(_drawn, frames, crs)
        table = pd.concat([_words(frame) for frame in frames], ignore_index=True)
        # zones and groups are numbered in the order of their words, whatever that of the rows
        keys = ("layer", "zone_kind", "zone_grade", "zone_code")
        factors = (pd.factorize(table[key].array, sort=True) for key in keys)
        codes, words = zip(*factors, strict=True)
        group, group_places = _numbered(codes[:3])
        zone, zone_places = _numbered((group, codes[3]))
        _one_hash_each(table, zone)
        names = _names(zone, table["zone_name"], len(zone_places))
        shapes, boxes, usable, tree = drawn.result()
    accuracy = np.full(len(zone_places), -np.inf)
    np.maximum.at(accuracy, zone, np.nan_to_num(table["accuracy_m"].to_numpy(), nan=np.inf))
    accuracy[~np.isfinite(accuracy)] = np.nan
    groups = list(
        zip(
            *(np.asarray(words[k])[codes[k][group_places]].tolist() for k in range(3)),
            strict=True,
        )
    )
    others = _other_datum(frames, sites_crs)
    checked = _checked(
        table, groups, usable, _read_as(table, lengths, notes), unreadable, on, others
    )
    return ZoneTable(
        table,
        crs,
        shapes,
        boxes,
        usable,
        tree,
        (table["zone_flag"] == repair.INVALID).to_numpy(),
        zone,
        group[zone_places],
        np.asarray(words[3], dtype=object)[codes[3][zone_places]],
        names,
        accuracy,
        groups,
        dict(zip(checked["layer"], checked["version"], strict=True)),
        checked,
        tuple(others.values()),
    )


def _most_common(frames: list[gpd.GeoDataFrame]) -> Any:
    """Return the CRS of the most zones, whatever the order of the layers: its words settle a tie."""
    n_zones: dict[str, int] = {}
    for frame in frames:
        words = frame.crs.to_wkt()
        n_zones[words] = n_zones.get(words, 0) + len(frame)
    chosen = min(n_zones, key=lambda words: (-n_zones[words], words))
    return next(frame.crs for frame in frames if frame.crs.to_wkt() == chosen)


def _other_datum(frames: list[gpd.GeoDataFrame], sites_crs: Any) -> dict[str, str]:
    """Return what is said of the layers that are in another datum than the sites, by name."""
    found = {}
    for frame in frames:
        if len(frame) and not same_datum(frame.crs, sites_crs):
            datums = f"{_datum(frame.crs)}、{_datum(sites_crs)}"
            for name in as_text(frame["layer"]).unique():
                layer = str(name) or _NO_NAME
                found[layer] = flag("other_datum", layer=layer, datum=datums)
    return {layer: found[layer] for layer in sorted(found)}


def _datum(crs: Any) -> str:
    return datum_name(crs).replace("China 2000", "CGCS2000")


def require_geometry(frame: gpd.GeoDataFrame, table: str) -> None:
    """Raise :class:`SchemaError` where a frame has no active column of geometries."""
    if frame.active_geometry_name is None:
        there = ", ".join(str(column) for column in frame.columns)
        raise SchemaError(
            f"{table}: no column holds the geometry; name it with set_geometry(...). "
            f"The columns are: {there}."
        )


def _one_hash_each(table: pd.DataFrame, zone: Ints) -> None:
    """Refuse zones of one code from layers of different content: they are not one zone."""
    import numpy as np
    import pandas as pd

    digest = pd.factorize(table["content_hash"].array)[0]
    order = np.lexsort((digest, zone))
    same = (np.diff(zone[order]) == 0) & (np.diff(digest[order]) != 0)
    if same.any():
        at = order[np.flatnonzero(same)[0]]
        layer, code = table["layer"].iloc[at], table["zone_code"].iloc[at]
        raise SchemaError(
            f"zones: two layers of different content are called {layer!r}, and both have a zone "
            f"{code!r}. Give each layer its own name: read_zones(..., name=...)."
        )


def _numbered(columns: tuple[Ints, ...]) -> tuple[Ints, Ints]:
    """Number rows by the values of several columns; return the numbers, and a place of each."""
    import numpy as np

    key = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        key = key * (int(column.max(initial=0)) + 1) + column
    _, places, number = np.unique(key, return_index=True, return_inverse=True)
    return number.astype(np.int64), places.astype(np.int64)


def _names(zone: Ints, names: pd.Series, n: int) -> Texts:
    """Return the name of each zone; several names of one zone are joined by ``;``."""
    import numpy as np
    import pandas as pd

    found = np.full(n, "", dtype=object)
    named = (names != "").to_numpy()
    table = pd.DataFrame({"zone": zone[named], "name": names[named].to_numpy(dtype=object)})
    table = table.drop_duplicates().sort_values(["zone", "name"])
    several = table["zone"].duplicated(keep=False).to_numpy()
    found[table["zone"].to_numpy()[~several]] = table["name"].to_numpy(dtype=object)[~several]
    joined = table[several].groupby("zone")["name"].agg(";".join)
    found[joined.index.to_numpy()] = joined.to_numpy(dtype=object)
    return found


def _words(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the columns of the table of zones, checked."""
    import numpy as np
    import pandas as pd

    require(frame, _NEEDED, table="zones", hint="read_zones makes this table from a layer.")
    n = len(frame)
    blank = pd.array([""], dtype="str").take(np.zeros(n, np.int64))
    columns: dict[str, Any] = {}
    for name in ZONE_COLUMNS:
        if name == "accuracy_m":
            columns[name] = np.full(n, np.nan)
            if name in frame.columns:
                columns[name] = accuracy_column(frame[name], table="zones")
                check_accuracies(columns[name], table="zones")
        elif name in frame.columns:
            columns[name] = as_text(frame[name]).array
        else:
            columns[name] = blank
    table = pd.DataFrame(columns, index=pd.RangeIndex(n))
    cases = table[["zone_kind", "zone_grade"]]
    _, places = _numbered(tuple(pd.factorize(cases[name].array)[0] for name in cases))
    for row, kind, grade in cases.iloc[np.sort(places)].itertuples():
        if kind not in KINDS:
            raise SchemaError(
                f"zones: row {row + 1} of zone_kind holds {kind!r}; use one of {', '.join(KINDS)}, "
                "or read the layer with read_zones, which knows the Chinese words."
            )
        if grade and grade not in KINDS[kind].grades:
            known = ", ".join(KINDS[kind].grades) or "none"
            raise SchemaError(
                f"zones: row {row + 1} of zone_grade holds {grade!r}; grades of {kind}: {known}."
            )
    no_code = (table["zone_code"] == "").to_numpy()
    if no_code.any():
        raise SchemaError(
            f"zones: row {int(no_code.argmax()) + 1} has no zone_code; rows of one code are one zone, "
            "so each needs its own. read_zones makes codes from the shapes."
        )
    table["layer"] = table["layer"].replace("", _NO_NAME)
    return table


def _drawn(frames: list[gpd.GeoDataFrame], crs: Any) -> tuple[Texts, Floats, Bools, Any]:
    """Return the shapes of layers in ``crs`` with their bounds, which can be used, and their index."""
    import numpy as np
    import shapely

    shapes = np.concatenate([in_crs(one.geometry.to_numpy(), one.crs, crs) for one in frames])
    boxes = shapely.bounds(shapes)
    usable = _usable(shapes, boxes)
    usable[usable] = on_earth(shapes[usable], crs)
    tree = shapely.STRtree(shapes[usable])
    tree.query(shapely.Point(0, 0))  # builds it
    return shapes, boxes, usable, tree


def _usable(shapes: Any, boxes: Floats) -> Bools:
    """Tell which shapes are polygons of finite coordinates, with an area: a sum over them tells.

    ``boxes`` are their bounds.
    """
    import numpy as np
    import shapely

    kinds = shapely.get_type_id(shapes)
    good = (kinds == 3) | (kinds == 6)
    with np.errstate(invalid="ignore", over="ignore"):
        area = shapely.area(shapes)
        good &= np.isfinite(area)
        west, south, east, north = boxes.T
        largest = np.abs(boxes).max(axis=1, initial=0.0)
        thick = area > _FLAT * largest * (east - west + north - south)
    flat = np.flatnonzero(good & ~thick)  # an empty one among them
    good[flat] = np.isin(repair.repair_polygons(shapes[flat])[1], ("", repair.INVALID))
    return np.asarray(good)


def _notes(frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return what :func:`read_zones` noted of the layers that a frame was made from.

    Operations that join frames lose the notes; then the columns say what there is. Of a frame of
    no rows they say nothing: it is an empty layer without a name.
    """
    kept = frame.attrs.get("layers")
    notes = [note for note in kept if isinstance(note, dict) and note.get("layer")] if (
        isinstance(kept, list)
    ) else []  # fmt: skip
    return notes if notes or len(frame) else [{"layer": _NO_NAME}]


@dataclass(frozen=True)
class _ReadAs:
    """How layers were read: those of which no row is there, and how many rows each had."""

    empty: list[dict[str, Any]]
    n_read: dict[str, int]  # by content hash


def _read_as(table: pd.DataFrame, lengths: list[int], notes: list[list[dict[str, Any]]]) -> _ReadAs:
    """Compare the notes of the frames with their rows: a layer may have been renamed since.

    A note belongs to rows of its content hash in any frame, to rows of its name in its own frame,
    and where its frame has no other note to all rows of that; else the layer is empty.
    """
    hashes = set(table["content_hash"].unique())
    gone: dict[tuple[str, str], dict[str, Any]] = {}
    n_read: dict[str, int] = {}
    begin = 0
    for length, own in zip(lengths, notes, strict=False):
        names = set(table["layer"].iloc[begin : begin + length].unique())
        begin += length
        for note in own:
            name, digest = str(note["layer"]), str(note.get("content_hash", ""))
            if digest and isinstance(note.get("n_zones"), int):
                n_read[digest] = note["n_zones"]
            there = (digest and digest in hashes) or name in names or (len(own) == 1 and length)
            if not there:
                gone[name, digest] = note
    return _ReadAs(list(gone.values()), n_read)


def _free_name(name: str, taken: set[str]) -> str:
    """Return a name for an empty layer; where another layer has its name, one that tells them apart."""
    names = chain([name, f"{name}（空）"], (f"{name}（空{n}）" for n in count(2)))
    return next(each for each in names if each not in taken)


def _checked(
    table: pd.DataFrame,
    groups: list[tuple[str, str, str]],
    usable: Bools,
    read_as: _ReadAs,
    unreadable: Any,
    on: str,
    other_datum: Mapping[str, str],
) -> pd.DataFrame:
    """Return one row per layer, by name: what it is, and what state it is in."""
    import numpy as np
    import pandas as pd

    rows: list[tuple[Any, ...]] = []
    n_rows = table["content_hash"].value_counts().to_dict()
    for layer, part in table.groupby("layer", sort=True):
        good = usable[part.index]
        flags = [other_datum[str(layer)]] if layer in other_datum else []
        if not good.all():
            n_bad, listed = unusable_zones(table, usable, str(layer))
            flags.append(flag("unusable_zones", n=n_bad, list=listed))
        repaired = int((part["zone_flag"] == repair.INVALID).sum())
        if repaired:
            flags.append(flag("mended_zones", n=repaired))
        for digest in sorted(set(part["content_hash"].unique()) & read_as.n_read.keys()):
            n, n_here = read_as.n_read[digest], n_rows[digest]
            if n_here < n:
                flags.append(flag("part_of_layer", n=n, m=n_here))
        own = [(kind, grade) for name, kind, grade in groups if name == layer]
        bare = sorted(kind for kind, grade in own if KINDS[kind].grades and not grade)
        flags.extend(flag("bare_grade", kind=kind_zh(kind)) for kind in bare)
        if np.isnan(part["accuracy_m"]).any():
            flags.append(flag("no_accuracy"))
        dates = part["version_date"]
        if on and any(_day(text) > on for text in dates.unique()):
            flags.append(flag("late_version"))
        state = "ok" if good.all() else "partial" if good.any() else "empty"
        values = (
            layer, ";".join(sorted({kind for kind, _ in own})), len(part), _join(part["version"]), _join(dates),
            _join(part["content_hash"]), float(np.max(part["accuracy_m"].to_numpy())),
            _join(part["source"]), _join(part["quality"]), state, joined(*flags),
        )  # fmt: skip
        rows.append(values)
    seen = {row[0] for row in rows}
    for note in read_as.empty:
        name = _free_name(str(note["layer"]), seen)
        seen.add(name)
        n = note.get("n_zones") or 0
        words = joined(flag("no_zones"), flag("part_of_layer", n=n, m=0) if n else "")
        said = {**_BLANK, **note, "layer": name, "n_zones": 0, "layer_state": "empty"}
        rows.append(tuple({**said, "layer_flag": words}[column] for column in CHECKED_COLUMNS))
    for name, reason in _named(unreadable):
        if name in seen:
            raise ValueError(f"unreadable: the layer {name!r} is among the zones, so it was read.")
        seen.add(name)
        words = flag("unreadable_why", reason=reason) if reason else flag("unreadable")
        said = {**_BLANK, "layer": name, "layer_state": "unreadable", "layer_flag": words}
        rows.append(tuple(said[column] for column in CHECKED_COLUMNS))
    if not rows:
        return empty(CHECKED_COLUMNS)
    columns = zip(CHECKED_COLUMNS.items(), zip(*rows, strict=True), strict=True)
    checked = pd.DataFrame({
        name: pd.Series(values, dtype=dtype) for (name, dtype), values in columns
    })  # fmt: skip
    return checked.sort_values("layer", ignore_index=True, kind="stable")


def unusable_zones(table: pd.DataFrame, usable: Bools, layer: str) -> tuple[int, str]:
    """Return how many records of a layer cannot be checked, and some of them by name or code."""
    part = table[~usable & (table["layer"] == layer).to_numpy()]
    called = sorted(set(part["zone_name"].where(part["zone_name"] != "", part["zone_code"])))
    return len(part), "、".join(called[:_NAMED]) + ("…" if len(called) > _NAMED else "")


def _day(text: str) -> str:
    """Return a date as the day of the screening is written; what is no date is none."""
    try:
        return checked_date("version_date", text)
    except ValueError:
        return ""


def _join(values: pd.Series) -> str:
    return ";".join(sorted(str(value) for value in values.unique() if value))


def _named(unreadable: Any) -> Iterable[tuple[str, str]]:
    """Return names of layers, each with its reason, from names, a mapping or pairs."""
    if isinstance(unreadable, str):
        unreadable = [unreadable]
    if isinstance(unreadable, Mapping):
        unreadable = list(unreadable.items())
    for entry in unreadable if isinstance(unreadable, Iterable) else [unreadable]:
        if isinstance(entry, str):
            yield entry, ""
        elif isinstance(entry, Sequence) and len(entry) == 2:
            yield str(entry[0]), str(entry[1])
        else:
            raise ValueError(
                f"unreadable: {entry!r} is no layer; give names, pairs of name and reason, or a "
                "mapping of these."
            )
