"""The layers that are screened against: checked, numbered, and reported one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import require_crs
from chaoyang_geo.schema import SchemaError, require, text_array
from chaoyang_geo.screening import repair
from chaoyang_geo.screening.result import CHECKED_COLUMNS, empty
from chaoyang_geo.screening.words import KINDS, kind_zh
from chaoyang_geo.screening.zones import ZONE_COLUMNS, accuracy_column, check_accuracies

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

_NEEDED = ("zone_code", "zone_name", "zone_kind", "zone_grade", "layer")
_NO_NAME = "（无名图层）"


@dataclass(frozen=True)
class ZoneTable:
    """Zone records of all layers in one CRS, and what each zone and each group is."""

    records: gpd.GeoDataFrame
    usable: Bools  # of each record
    zone: Ints  # of each record
    group_of_zone: Ints
    codes: list[str]  # of each zone
    names: list[str]
    accuracy: Floats
    groups: list[tuple[str, str, str]]  # layer, kind, grade
    version: dict[str, str]  # of each layer
    checked: pd.DataFrame


def zone_table(
    zones: gpd.GeoDataFrame | Sequence[gpd.GeoDataFrame], unreadable: Any, on: str
) -> ZoneTable:
    """Check zones of one or several layers and number them, whatever the order of rows.

    Raises
    ------
    CRSError
        A layer has no CRS.
    SchemaError
        A column is missing; a kind or grade is no key; a zone has no kind.
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    frames = [zones] if isinstance(zones, gpd.GeoDataFrame) else list(zones)
    records, notes = [], []
    for frame in frames:
        if not isinstance(frame, gpd.GeoDataFrame):
            raise SchemaError(
                f"zones: {type(frame).__name__} is no layer; give the GeoDataFrame of read_zones, "
                "or a list of these."
            )
        require_crs(frame, layer_name="zones")
        records.append(_plain(frame))
        notes.extend(frame.attrs.get("layers", []))
    if not records:
        records = [_plain(gpd.GeoDataFrame({n: [] for n in _NEEDED}, geometry=[], crs="EPSG:4490"))]
    crs = records[0].crs
    table = gpd.GeoDataFrame(
        pd.concat([frame.to_crs(crs) for frame in records], ignore_index=True), crs=crs
    )
    shapes = table.geometry.to_numpy()
    usable = _usable(shapes)
    keys = table[["layer", "zone_kind", "zone_grade", "zone_code"]]
    zone_index = pd.MultiIndex.from_frame(keys)
    distinct = zone_index.unique().sort_values()
    zone = distinct.get_indexer(zone_index).astype(np.int64)
    group_index = distinct.droplevel("zone_code")
    groups = group_index.unique()
    accuracy = np.full(len(distinct), -np.inf)
    np.maximum.at(accuracy, zone, np.nan_to_num(table["accuracy_m"].to_numpy(), nan=np.inf))
    accuracy[~np.isfinite(accuracy)] = np.nan
    names: list[set[str]] = [set() for _ in range(len(distinct))]
    for number, name in zip(zone.tolist(), table["zone_name"].to_numpy(object), strict=True):
        names[number].add(name)
    checked = _checked(table, usable, notes, unreadable, on)
    return ZoneTable(
        table,
        usable,
        zone,
        groups.get_indexer(group_index).astype(np.int64),
        list(distinct.get_level_values("zone_code")),
        [";".join(sorted(name for name in each if name)) for each in names],
        accuracy,
        [(str(layer), str(kind), str(grade)) for layer, kind, grade in groups],
        dict(zip(checked["layer"], checked["version"], strict=True)),
        checked,
    )


def _plain(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the columns of the table of zones, checked; the geometry is called geometry."""
    import geopandas as gpd
    import pandas as pd

    require(frame, _NEEDED, table="zones", hint="read_zones makes this table from a layer.")
    table = pd.DataFrame(index=pd.RangeIndex(len(frame)))
    for name, dtype in ZONE_COLUMNS.items():
        if name == "accuracy_m":
            if name in frame.columns:
                values = accuracy_column(frame[name], table="zones")
                check_accuracies(values, table="zones")
            else:
                values = float("nan")
        else:
            values = text_array(frame[name]) if name in frame.columns else ""
        table[name] = pd.Series(values, index=table.index, dtype=dtype)
    cases = table[["zone_kind", "zone_grade"]].drop_duplicates()
    for row, kind, grade in cases.itertuples():
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
    table.loc[table["layer"] == "", "layer"] = _NO_NAME
    return gpd.GeoDataFrame(table, geometry=frame.geometry.to_numpy(), crs=frame.crs)


def _usable(shapes: Any) -> Bools:
    import numpy as np
    import shapely

    good = np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    good[owner[~np.isfinite(coordinates).all(axis=1)]] = False
    return np.asarray(good)


def _checked(
    table: gpd.GeoDataFrame, usable: Bools, notes: list[dict[str, Any]], unreadable: Any, on: str
) -> pd.DataFrame:
    """Return one row per layer, by name: what it is, and what state it is in."""
    import numpy as np
    import pandas as pd

    rows: list[tuple[Any, ...]] = []
    for layer, part in table.groupby("layer", sort=True):
        good = usable[part.index]
        flags = []
        if not good.all():
            flags.append(f"{int((~good).sum())} 个分区无可用图形，未核查")
        repaired = int((part["zone_flag"] == repair.INVALID).sum())
        if repaired:
            flags.append(f"{repaired} 个分区图形已修复")
        bare = sorted(
            kind
            for kind, grade in part[["zone_kind", "zone_grade"]].drop_duplicates().to_numpy()
            if KINDS[kind].grades and not grade
        )
        flags.extend(f"部分{kind_zh(kind)}等级不明" for kind in bare)
        if np.isnan(part["accuracy_m"]).any():
            flags.append("位置精度未知，按容差核查")
        dates = part["version_date"]
        if on and (dates > on).any():
            flags.append("版本日期晚于核查日期")
        state = "ok" if good.any() else "empty"
        values = (
            layer, _join(part["zone_kind"]), len(part), _join(part["version"]), _join(dates),
            _join(part["content_hash"]), float(np.max(part["accuracy_m"].to_numpy())),
            _join(part["source"]), _join(part["quality"]), state, "；".join(flags),
        )  # fmt: skip
        rows.append(values)
    seen = {row[0] for row in rows}
    for note in notes:
        if note["layer"] not in seen:
            seen.add(note["layer"])
            said = {**note, "n_zones": 0, "layer_state": "empty", "layer_flag": "图层没有分区"}
            rows.append(tuple(said.get(name, "") for name in CHECKED_COLUMNS))
    for name, reason in _named(unreadable):
        if name in seen:
            raise ValueError(f"unreadable: the layer {name!r} is among the zones, so it was read.")
        seen.add(name)
        flag = f"图层无法读取：{reason}" if reason else "图层无法读取"
        rows.append((name, "", 0, "", "", "", float("nan"), "", "", "unreadable", flag))
    if not rows:
        return empty(CHECKED_COLUMNS)
    checked = pd.DataFrame(rows, columns=list(CHECKED_COLUMNS)).astype(CHECKED_COLUMNS)
    return checked.sort_values("layer", ignore_index=True, kind="stable")


def _join(values: pd.Series) -> str:
    return ";".join(sorted(str(value) for value in values.unique() if value))


def _named(unreadable: Any) -> Iterable[tuple[str, str]]:
    """Return names of layers, each with its reason, from names, a mapping or pairs."""
    if isinstance(unreadable, str):
        unreadable = [unreadable]
    if isinstance(unreadable, Mapping):
        unreadable = list(unreadable.items())
    for entry in unreadable:
        if isinstance(entry, str):
            yield entry, ""
        else:
            name, reason = entry
            yield str(name), str(reason)
