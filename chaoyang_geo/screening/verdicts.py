"""The verdict on a site: the worst of its findings, and what was not checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoyang_geo.flags import flag, flag_text, joined
from chaoyang_geo.screening.activities import activity_words
from chaoyang_geo.screening.findings import (
    Findings,
    SiteTexts,
    distinct,
    lengths_in_words,
)
from chaoyang_geo.screening.ground import in_crs
from chaoyang_geo.screening.layers import ZoneTable, unusable_zones
from chaoyang_geo.screening.result import SITE_COLUMNS
from chaoyang_geo.screening.words import NO_CONFLICT, UNJUDGED, VERDICTS, VERDICTS_EN

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Shapes = npt.NDArray[np.object_]
    Texts = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Bools = npt.NDArray[np.bool_]

_NONE, _UNSURE = VERDICTS.index(NO_CONFLICT), VERDICTS.index(UNJUDGED)


def site_verdicts(
    sites: gpd.GeoDataFrame,
    shapes: Shapes,
    flags: Texts,
    usable: Bools,
    texts: SiteTexts,
    findings: Findings,
    table: ZoneTable,
) -> gpd.GeoDataFrame:
    """Return the sites as they were given, with the verdict on each and its reasons."""
    import numpy as np
    import pandas as pd

    n = len(sites)
    row, conflict = findings.row, findings.verdict < _NONE
    worst = np.full(n, _NONE)
    np.minimum.at(worst, row, findings.verdict)
    n_zones = np.bincount(row[conflict], minlength=n)
    with_finding, first = np.unique(row, return_index=True)  # the deciding one comes first
    gaps = _gaps(table)
    gaps_zh, gaps_en = "，".join(gaps), ", ".join(flag_text(gap, "en") for gap in gaps)
    layers_zh, layers_en = _layers(table.checked)
    near_zh, near_en = _nearest(findings, ~conflict, n)
    # no conflict: what was checked, and the nearest zone
    said = layers_zh.replace(";", "、")
    zh = f"{NO_CONFLICT}：已核查{said}" + near_zh + "。"
    en = f"{VERDICTS_EN[NO_CONFLICT]}: checked {layers_en}" + near_en + "."
    # a conflict: the reason of the worst finding, and how many more there are
    worse = worst[with_finding] < _NONE
    with_finding, first = with_finding[worse], first[worse]
    zh[with_finding] = _texts(findings.why_zh, first)
    en[with_finding] = _texts(findings.why_en, first)
    alone_zh, alone_en = zh.copy(), en.copy()
    several = np.flatnonzero(n_zones > 1)
    count = np.array([f"{k}" for k in (n_zones[several] - 1).tolist()], dtype=object)
    zh[several] += "另涉及 " + count + " 个分区。"
    are = np.where(n_zones[several] == 2, " more zone is", " more zones are")
    en[several] += " " + count + are.astype(object) + " concerned."
    # what could not be checked: nothing can be said, unless it is forbidden anyway
    blind = ~usable
    unsure = blind | (bool(gaps_zh) & (worst >= _UNSURE))
    reason_zh = np.where(blind, "项目" + flags + "，无法核查", gaps_zh)
    reason_en = np.full(n, gaps_en, dtype=object)
    reason_en[blind] = [
        f"the site could not be checked ({flag_text(flag, 'en')})" for flag in flags[blind]
    ]
    with_words = unsure & (worst < _NONE)
    between_zh = np.where(with_words, "就已核查的图层：" + alone_zh, "")
    zh[unsure] = (f"{UNJUDGED}：" + reason_zh + "。" + between_zh)[unsure]
    between = np.where(with_words, " By the layers that were checked: " + alone_en, "")
    en[unsure] = (f"{VERDICTS_EN[UNJUDGED]}: " + reason_en + "." + between)[unsure]
    worst[unsure] = _UNSURE
    judged = sites.copy()
    names = [activity_words(key) if key else "" for key in texts.activities]
    values = {
        "activity_zh": pd.array([*names, ""], dtype="str").take(texts.activity),
        "activity_en": texts.english,
        "verdict": pd.array(VERDICTS, dtype="str").take(worst),
        "n_zones": n_zones,
        "verdict_flag": _flags(sites, shapes, flags, usable, texts, worst, gaps, table),
        "why_zh": zh,
        "why_en": en,
        "layers_checked": pd.array([layers_zh], dtype="str").take(np.zeros(n, np.int64)),
    }
    for column, dtype in SITE_COLUMNS.items():
        judged[column] = pd.array(values[column], dtype=dtype)
    return judged


def _texts(column: Any, places: Ints) -> Texts:
    """Return some texts of an Arrow column as objects."""
    import pyarrow as pa

    found: Texts = column.take(pa.array(places)).to_numpy(zero_copy_only=False)
    return found


def _flags(
    sites: gpd.GeoDataFrame,
    shapes: Shapes,
    flags: Texts,
    usable: Bools,
    texts: SiteTexts,
    verdict: Ints,
    gaps: list[str],
    table: ZoneTable,
) -> Texts:
    """Return what is doubtful about each site, in words; each distinct combination is made once."""
    import numpy as np
    import pandas as pd

    # a key that is known is no doubt
    doubts = ["" if key else flag("unknown_activity" if key is None else "no_activity")
              for key in texts.activities]  # fmt: skip
    activity, unknown = pd.factorize(np.array([*doubts, ""], dtype=object)[texts.activity])
    layers, outside = _beyond(sites, shapes, usable, table)
    shape, words = pd.factorize(flags)
    said = (verdict != _UNSURE) & bool(gaps)
    first, number = distinct(shape, activity, said, *outside)
    found = [
        joined(
            words[shape[at]],
            unknown[activity[at]],
            *(gaps if said[at] else ()),
            _beyond_words([name for name, out in zip(layers, outside, strict=True) if out[at]]),
        )
        for at in first.tolist()
    ]
    return np.array([*found, ""], dtype=object)[number]


def _beyond_words(layers: list[str]) -> str:
    """Return the doubt about a site that the extents of some layers do not reach."""
    if len(layers) > 1:
        return flag("beyond_all", layers="、".join(f"“{name}”" for name in layers))
    return flag("beyond", layer=layers[0]) if layers else ""


def _gaps(table: ZoneTable) -> list[str]:
    """Return what could not be checked, in words."""
    checked = table.checked
    if not len(checked):
        return [flag("no_layer")]
    bad = checked[checked["layer_state"] != "ok"]
    found = []
    for layer, state, n in zip(bad["layer"], bad["layer_state"], bad["n_zones"], strict=True):
        values: dict[str, object] = {"layer": layer}
        if state == "empty" and n:  # it has zones, none of them of use
            state = "partial"
        if state == "partial":
            values["n"], values["list"] = unusable_zones(table.records, table.usable, layer)
        found.append(flag(f"layer_{state}", **values))
    return found + list(table.other_datum)


def _layers(checked: pd.DataFrame) -> tuple[str, str]:
    """Return the layers that were checked, with version and date; of some only a part was."""
    zh, en = [], []
    good = checked[checked["layer_state"].isin(["ok", "partial"])]
    for layer, version, date, state in zip(
        good["layer"], good["version"], good["version_date"], good["layer_state"], strict=True
    ):
        part_zh, part_en = ("，仅部分", ", in part") if state == "partial" else ("", "")
        zh.append(f"{layer}（{version or '版本不详'}，{date or '日期不详'}{part_zh}）")
        en.append(
            f"{layer} ({version or 'version not known'}, {date or 'date not known'}{part_en})"
        )
    return ";".join(zh), "; ".join(en)


def _nearest(findings: Findings, near: Bools, n: int) -> tuple[Texts, Texts]:
    """Return for each site the nearest zone that it has no conflict with, in words."""
    import numpy as np

    zh, en = np.full(n, "", dtype=object), np.full(n, "", dtype=object)
    # findings of one verdict stand in order of distance, layer and code
    row, first = np.unique(findings.row[near], return_index=True)
    at = np.flatnonzero(near)[first]
    away_zh, away_en = lengths_in_words(findings.distance[at])
    zh[row] = "；最近的是" + _texts(findings.zone_zh, at) + "，相距 " + away_zh
    en[row] = "; the nearest is " + _texts(findings.zone_en, at) + ", " + away_en + " away"
    return zh, en


def _beyond(
    sites: gpd.GeoDataFrame, shapes: Shapes, usable: Bools, table: ZoneTable
) -> tuple[list[str], list[Bools]]:
    """Return the layers, and for each which sites its extent does not reach: it may not cover them."""
    import numpy as np
    import shapely

    rows = np.flatnonzero(usable)
    box = shapely.bounds(in_crs(shapes[rows], sites.crs, table.crs))
    layers, layer_of = np.unique([group[0] for group in table.groups], return_inverse=True)
    number = layer_of[table.group_of_zone[table.zone[table.usable_rows]]]
    bounds = table.boxes[table.usable_rows]
    found, there = [], np.unique(number)
    for layer in there.tolist():
        part = bounds[number == layer]
        (west, south), (east, north) = part[:, :2].min(axis=0), part[:, 2:].max(axis=0)
        out = np.zeros(len(sites), bool)
        out[rows] = (box[:, 2] < west) | (box[:, 0] > east)
        out[rows] |= (box[:, 3] < south) | (box[:, 1] > north)
        found.append(out)
    return [str(name) for name in layers[there]], found
