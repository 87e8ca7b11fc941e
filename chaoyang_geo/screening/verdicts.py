"""The verdict on a site: the worst of its findings, and what was not checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoyang_geo.screening.activities import activity_words
from chaoyang_geo.screening.decide import UNJUDGED
from chaoyang_geo.screening.layers import ZoneTable
from chaoyang_geo.screening.result import SITE_COLUMNS
from chaoyang_geo.screening.say import length_en, length_zh, zone_words
from chaoyang_geo.screening.words import VERDICTS, VERDICTS_EN

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Bools = npt.NDArray[np.bool_]

NO_CONFLICT = "无冲突"


def site_verdicts(
    sites: gpd.GeoDataFrame,
    shapes: Shapes,
    flags: Shapes,
    usable: Bools,
    activities: list[str | None],
    findings: pd.DataFrame,
    table: ZoneTable,
) -> gpd.GeoDataFrame:
    """Return the sites as they were given, with the verdict on each and its reasons."""
    import numpy as np
    import pandas as pd

    n = len(sites)
    rank = {verdict: at for at, verdict in enumerate(VERDICTS)}
    worst = np.full(n, rank[NO_CONFLICT])
    row = findings["row"].to_numpy()
    found = findings["verdict"].map(rank).to_numpy(dtype=np.int64)
    np.minimum.at(worst, row, found)
    conflicts = np.bincount(row[found < rank[NO_CONFLICT]], minlength=n)
    first: dict[int, int] = {}
    for at, number in enumerate(row.tolist()):
        first.setdefault(number, at)  # findings of a site stand in order of severity
    gaps = _gaps(table.checked)
    layers_zh, layers_en = _layers(table.checked)
    beyond = _beyond(sites, shapes, usable, table)
    words = findings[["why_zh", "why_en"]].to_numpy(dtype=object)
    nearest = _nearest(findings, found == rank[NO_CONFLICT])
    rows = []
    for site in range(n):
        verdict = VERDICTS[worst[site]]
        flag = [flags[site]] if flags[site] else []
        if activities[site] is None:
            flag.append("活动不在词表")
        if not usable[site]:
            zh, en = f"项目{flags[site]}，无法核查", "the site has no usable geometry"
        elif gaps and rank[UNJUDGED] <= worst[site]:
            zh, en = gaps
        else:
            zh = en = ""
        if zh:
            verdict = UNJUDGED
            zh, en = f"{verdict}：{zh}。", f"{VERDICTS_EN[verdict]}: {en}."
            if site in first and worst[site] < rank[NO_CONFLICT]:
                zh, en = f"{zh}{words[first[site], 0]}", f"{en} {words[first[site], 1]}"
        elif verdict == NO_CONFLICT:
            zh = f"无冲突：已核查{layers_zh}{nearest[0].get(site, '')}。"
            en = f"no conflict: checked {layers_en}{nearest[1].get(site, '')}."
        else:
            zh, en = words[first[site]]
            more = int(conflicts[site]) - 1
            if more > 0:
                zh, en = f"{zh}另涉及 {more} 个分区。", f"{en} {more} more zones are concerned."
        if gaps and verdict != UNJUDGED:
            flag.append(gaps[0])
        flag.extend(beyond[site])
        activity = activities[site]
        name = "" if activity is None else activity_words(activity)
        rows.append((name, verdict, int(conflicts[site]), "；".join(flag), zh, en, layers_zh))
    added = pd.DataFrame(rows, columns=list(SITE_COLUMNS), index=sites.index).astype(SITE_COLUMNS)
    judged = sites.copy()
    for column in SITE_COLUMNS:
        judged[column] = added[column]
    return judged


def _gaps(checked: pd.DataFrame) -> tuple[str, str] | None:
    """Return what could not be checked, in words, None where all could be."""
    if not len(checked):
        return "没有可核查的图层", "there is no layer to check"
    bad = checked[checked["layer_state"] != "ok"]
    if not len(bad):
        return None
    states = {"empty": ("为空", "is empty"), "unreadable": ("无法读取", "cannot be read")}
    rows = list(zip(bad["layer"], bad["layer_state"], strict=True))
    zh = [f"图层“{layer}”{states[state][0]}" for layer, state in rows]
    en = [f"the layer {layer} {states[state][1]}" for layer, state in rows]
    return "，".join(zh), ", ".join(en)


def _layers(checked: pd.DataFrame) -> tuple[str, str]:
    """Return the layers that were checked, with version and date."""
    zh, en = [], []
    good = checked[checked["layer_state"] == "ok"]
    for layer, *stated in zip(good["layer"], good["version"], good["version_date"], strict=True):
        parts = [text for text in stated if text]
        zh.append(f"{layer}（{'，'.join(parts)}）" if parts else layer)
        en.append(f"{layer} ({', '.join(parts)})" if parts else layer)
    return ";".join(zh), "; ".join(en)


def _nearest(findings: pd.DataFrame, near: Any) -> tuple[dict[int, str], dict[int, str]]:
    """Return for each site the nearest zone that it has no conflict with, in words."""
    zh: dict[int, str] = {}
    en: dict[int, str] = {}
    columns = ["row", "zone_kind", "zone_grade", "zone_name", "zone_code", "distance_m"]
    part = findings.loc[near, columns].sort_values(["row", "distance_m", "zone_code"])
    for site, kind, grade, name, code, distance in part.drop_duplicates("row").itertuples(
        index=False
    ):
        words = zone_words(kind, grade, name, code)
        zh[site] = f"；最近的是{words[0]}，相距 {length_zh(distance)}"
        en[site] = f"; the nearest is {words[1]}, at {length_en(distance)}"
    return zh, en


def _beyond(
    sites: gpd.GeoDataFrame, shapes: Shapes, usable: Bools, table: ZoneTable
) -> list[list[str]]:
    """Return for each site the layers whose extent does not reach it: they may not cover it."""
    import geopandas as gpd
    import numpy as np

    found: list[list[str]] = [[] for _ in range(len(sites))]
    rows = np.flatnonzero(usable)
    if not len(rows):
        return found
    box = gpd.GeoSeries(shapes[rows], crs=sites.crs).to_crs(table.records.crs).bounds.to_numpy()
    whole = table.records[table.usable]
    for layer, part in whole.groupby("layer", sort=True):
        west, south, east, north = part.total_bounds
        out = (box[:, 2] < west) | (box[:, 0] > east) | (box[:, 3] < south) | (box[:, 1] > north)
        for row in rows[out].tolist():
            found[row].append(f"位于图层“{layer}”的范围之外，该图层可能未覆盖此处")
    return found
