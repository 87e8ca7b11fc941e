"""What completes a screening on the command line: where the water goes, and ways out of a conflict."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chaoyang_geo as cg
from chaoyang_geo.cli_parts import english_names, numbered
from chaoyang_geo.cli_zones import read_any
from chaoyang_geo.crs import CRSError, moved, zone_meridians
from chaoyang_geo.schema import as_text
from chaoyang_geo.screening.doubt import bands as bands_of_doubt
from chaoyang_geo.screening.rules import Judge
from chaoyang_geo.screening.words import find_kind
from chaoyang_geo.verdicts import KINDS, is_approximate

if TYPE_CHECKING:
    import geopandas as gpd

#: Verdicts that a site has to get away from.
AVOIDED: tuple[str, ...] = ("禁止", "限制")
#: How far a section may lie from the river that it is put on, metres.
_SECTION_M = 5000.0
_ROUND_SITES_M = 5000.0
_AT_ONCE = 20  # sites that are moved between two steps of the bar


@dataclass
class Ways:
    """The tables that complete a screening; ``None`` where nothing was asked for."""

    downstream: gpd.GeoDataFrame | None = None
    free: gpd.GeoDataFrame | None = None
    shifts: gpd.GeoDataFrame | None = None
    stretches: gpd.GeoDataFrame | None = None
    bands: gpd.GeoDataFrame | None = None
    names: dict[str, str] = field(default_factory=dict)

    def tables(self) -> dict[str, Any]:
        """Return the tables as ``write_findings`` and ``screening_layers`` take them."""
        return {
            "downstream": self.downstream,
            "free": self.free,
            "shifts": self.shifts,
            "stretches": self.stretches,
            "bands": self.bands,
            "names": self.names,
        }


# --- downstream -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Water:
    """A river network, and what answers for the land beside it."""

    network: cg.RiverNetwork
    source: str
    plan: cg.Plan | None


def water_of(
    given: str, plan: cg.Plan | None, crs: str, words: Mapping[str, str], lang: str
) -> Water | None:
    """Return the river network to follow: a file's, the plan's, or none."""
    if given == "none" or (not given and plan is None):
        return None
    if not given and plan is not None:
        network = cg.river_network(plan.rivers)
        return Water(network, _rivers_of(plan, words, lang), plan)
    lines = read_any(Path(given), {}, "", crs, words)
    if lines.crs is None:
        raise CRSError(f"{given}: the layer says no CRS; say it: --crs EPSG:4490")
    lines = numbered(lines, lang)
    # lines that say where each leads are reaches already; others may cross between their ends
    told = "to_code" in lines and (as_text(lines["to_code"]) != "").any()
    network = cg.river_network(lines, split=not told)
    return Water(network, Path(given).name, plan)


def _rivers_of(plan: cg.Plan, words: Mapping[str, str], lang: str) -> str:
    """Return what the rivers of a plan are: of which pack, and where it has them from."""
    rivers = plan.rivers
    column = "source_en" if lang == "en" and "source_en" in rivers else "source"
    sources = words["comma"].join(dict.fromkeys(rivers[column].dropna().astype("str")))
    return words["plan_rivers"].format(plan=plan.name, source=sources or words["not_stated"])


def kinds_of(texts: str, option: str) -> list[str]:
    """Return the kinds of zones that an option lists, by key."""
    found = []
    for text in (part.strip() for part in texts.replace("，", ",").split(",")):
        kind = find_kind(text)
        if kind is None:
            known = "、".join(zh for zh, _ in KINDS.values())
            raise ValueError(f"{option} {texts}: {text!r} is no kind of zone; use {known}.")
        found.append(kind)
    return found


def downstream_of(
    sites: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    water: Water,
    *,
    kinds: Sequence[str],
    max_distance_km: float,
) -> gpd.GeoDataFrame:
    """Follow the water of every site that has an exact place; say where it comes to."""
    exact = sites
    if "place_quality" in sites:
        exact = sites[~sites["place_quality"].map(is_approximate).to_numpy(dtype=bool)]
    plan = water.plan
    sections = None
    if plan is not None:
        placed = cg.snap_sections(plan.sections, water.network, max_distance_m=_SECTION_M)
        sections = placed[placed["reach_code"].fillna("") != ""]
    found = cg.river_reach_check(
        exact,
        zones[zones["zone_kind"].isin(list(kinds))],
        water.network,
        sections=sections,
        units=None if plan is None else plan.units,
        counties=None if plan is None else plan.counties,
        max_distance_km=max_distance_km,
        geometry="way",
    )
    return found.assign(network_source=water.source)


def names_of(plan: cg.Plan | None, lang: str) -> dict[str, str]:
    """Return the names of sections by code, and in English those of all that the plan names."""
    if plan is None:
        return {}
    column = "section_name_en" if lang == "en" else "section_name"
    table = plan.sections
    names = table[column if column in table else "section_name"].fillna(table["section_name"])
    found = dict(zip(table["section_code"].astype("str"), names.astype("str"), strict=True))
    return found | (english_names(plan) if lang == "en" else {})


# --- alternatives ---------------------------------------------------------------------------------


def alternatives_of(
    screening: cg.Screening,
    zones: gpd.GeoDataFrame,
    *,
    within_m: float,
    again: Callable[[gpd.GeoDataFrame], cg.Screening],
    step: Callable[[str], None],
    words: Mapping[str, str],
) -> Ways:
    """Look for the free part, the smallest shift and the stretches in conflict.

    A zone is avoided where the rules forbid or restrict the site's activity in its kind and grade,
    whether the site meets it now or not. The clearance of a site is one metre more than its
    widest band of doubt, in whole metres, so that a moved site is on no line. ``again`` screens
    the moved sites: what they are moved to is judged like any other place.
    """
    import geopandas as gpd
    import pandas as pd

    flat, lines = _asked(screening)
    classes = _classes(zones)
    free, shifts = [], []
    groups = _groups(screening, flat, zones, classes)
    begun, total = 0, sum(map(len, groups.values()))
    for (avoided, clearance), group in groups.items():
        taken = zones[[pair in avoided for pair in classes]]
        sites = screening.sites.iloc[group]
        told = {
            "avoided": ";".join("/".join(pair).rstrip("/") for pair in sorted(avoided)),
            "clearance_m": float(clearance),
        }
        areas = sites[sites.geometry.geom_type.isin(["Polygon", "MultiPolygon"]).to_numpy()]
        free.append(cg.free_parts(areas, taken, clearance_m=clearance).assign(**told))
        # each site is moved without regard to others: a few at a time, so that the bar goes on
        for at in range(0, len(sites), _AT_ONCE):
            step(words["ways"].format(n=f"{begun + 1}/{total}"))
            some = sites.iloc[at : at + _AT_ONCE]
            begun += len(some)
            moved = cg.smallest_shift(some, taken, within_m=within_m, clearance_m=clearance)
            shifts.append(moved.assign(**told))
    found = Ways(stretches=_stretches(screening, lines, zones))
    if free:
        found.free = gpd.GeoDataFrame(pd.concat(free), crs=screening.sites.crs)
        found.shifts = gpd.GeoDataFrame(pd.concat(shifts), crs=screening.sites.crs)
    else:
        none = screening.sites.iloc[:0]
        told = {"avoided": pd.Series(dtype="str"), "clearance_m": pd.Series(dtype="float64")}
        found.free = cg.free_parts(none, zones).assign(**told)
        found.shifts = cg.smallest_shift(none, zones).assign(**told)
    found.shifts = _judged_again(found.shifts, again)
    return found


def _asked(screening: cg.Screening) -> tuple[set[str], set[str]]:
    """Return the codes of polygons and points in conflict, and of lines that meet a zone."""
    sites = screening.sites
    vague = (
        sites["place_quality"].map(is_approximate).to_numpy(dtype=bool)
        if "place_quality" in sites
        else False
    )
    kinds = sites.geometry.geom_type
    # a site whose activity nobody knows has no zone that it is known to be forbidden in
    bad = sites["verdict"].isin(["禁止", "限制", "压线需复核", "无法判断"]) & (
        sites["activity_zh"] != ""
    )
    flat = bad & kinds.isin(["Polygon", "MultiPolygon", "Point"]) & ~vague
    line = kinds.isin(["LineString", "MultiLineString"]) & ~vague & (sites["n_zones"] > 0)
    return set(sites.loc[flat, "site_code"]), set(sites.loc[line, "site_code"])


def _classes(zones: gpd.GeoDataFrame) -> list[tuple[str, str]]:
    pairs = zip(zones["zone_kind"], zones["zone_grade"].fillna(""), strict=True)
    return [(str(kind), str(grade)) for kind, grade in pairs]


def _groups(
    screening: cg.Screening,
    codes: set[str],
    zones: gpd.GeoDataFrame,
    classes: Sequence[tuple[str, str]],
) -> dict[tuple[frozenset[tuple[str, str]], int], list[int]]:
    """Return the rows of sites that avoid the same zones by the same clearance."""
    import numpy as np

    sites, judge = screening.sites, Judge(screening.rules)
    found = screening.findings
    tolerance = float(screening.options["tolerance_m"])
    accuracy = zones["accuracy_m"].to_numpy(dtype="float64") if "accuracy_m" in zones else None
    known = accuracy is not None and len(accuracy) > 0 and not np.isnan(accuracy).any()
    widest = float(np.max(accuracy)) if accuracy is not None and known else math.nan
    avoided_by: dict[str, frozenset[tuple[str, str]]] = {}
    met: dict[str, set[tuple[str, str]]] = {}
    conflicts = found[found["verdict"].isin([*AVOIDED, "压线需复核"])]
    for code, kind, grade in zip(
        conflicts["site_code"], conflicts["zone_kind"], conflicts["zone_grade"], strict=True
    ):
        met.setdefault(str(code), set()).add((str(kind), str(grade)))
    groups: dict[tuple[frozenset[tuple[str, str]], int], list[int]] = {}
    own = sites["accuracy_m"] if "accuracy_m" in sites else [math.nan] * len(sites)
    rows = zip(sites["site_code"], sites["activity"], own, strict=True)
    for row, (code, activity, site_m) in enumerate(rows):
        if code not in codes:
            continue
        key = cg.find_activity(activity) or ""
        if key not in avoided_by:
            avoided_by[key] = frozenset(
                pair for pair in set(classes) if judge.answer(*pair, key).verdict in AVOIDED
            )
        if not avoided_by[key] & met.get(str(code), set()):
            continue
        band = bands_of_doubt(np.array([float(site_m)]), np.array([widest]), tolerance)[0]
        groups.setdefault((avoided_by[key], math.floor(float(band)) + 1), []).append(row)
    return dict(sorted(groups.items(), key=lambda pair: (sorted(pair[0][0]), pair[0][1])))


def _judged_again(
    shifts: gpd.GeoDataFrame, again: Callable[[gpd.GeoDataFrame], cg.Screening]
) -> gpd.GeoDataFrame:
    """Add the verdict on each moved site, and its reason."""
    there = shifts["shift_state"].eq("shift") & shifts.geometry.notna()
    after = {name: [""] * len(shifts) for name in ("verdict", "why_zh", "why_en")}
    if there.any():
        screened = again(shifts[there]).sites
        rows = there.to_numpy().nonzero()[0].tolist()
        for name, values in after.items():
            for row, value in zip(rows, screened[name], strict=True):
                values[row] = str(value)
    return shifts.assign(
        verdict_after=after["verdict"],
        why_after_zh=after["why_zh"],
        why_after_en=after["why_en"],
    ).astype({"verdict_after": "str", "why_after_zh": "str", "why_after_en": "str"})


def _stretches(
    screening: cg.Screening, codes: set[str], zones: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return the stretches of lines in zones, with the verdict on the line in each zone."""
    sites = screening.sites
    found = cg.conflict_stretches(sites[sites["site_code"].isin(codes)], zones)
    findings = screening.findings
    keys = ("site_code", "layer", "zone_kind", "zone_grade")
    verdicts: dict[tuple[str, ...], str] = {}
    for values in findings[[*keys, "zone_code", "verdict"]].itertuples(index=False, name=None):
        for code in str(values[4]).split(";"):
            verdicts[(*map(str, values[:4]), code)] = str(values[5])
    said = [
        verdicts.get((*map(str, values[:4]), str(values[4])), "")
        for values in found[[*keys, "zone_code"]].itertuples(index=False, name=None)
    ]
    found = found.assign(verdict=said).astype({"verdict": "str"})
    concerned = found["verdict"].isin(["禁止", "限制", "压线需复核", "允许有条件", "无法判断"])
    return found[concerned.to_numpy()]


# --- how far to the nearest zone ------------------------------------------------------------------


def bands_round(
    sites: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    *,
    kinds: Sequence[str],
    distances_m: Sequence[float],
    words: Mapping[str, str],
) -> gpd.GeoDataFrame | None:
    """Return the land round the sites in bands by the distance to the nearest zone of some kinds."""
    import geopandas as gpd
    import numpy as np
    from shapely import box

    placed = sites.geometry[sites.geometry.notna() & ~sites.geometry.is_empty]
    # those outside the CGCS2000 zones were not screened
    placed = placed[np.isfinite(zone_meridians(placed.to_numpy(), placed.crs))]
    chosen = zones[zones["zone_kind"].isin(list(kinds))]
    if not len(placed) or not len(chosen):
        warnings.warn(words["no_bands"], stacklevel=2)
        return None
    zone = cg.metric_crs(moved(placed, "EPSG:4490"), layer_name="sites")
    west, south, east, north = moved(placed, zone).total_bounds
    edge = max(_ROUND_SITES_M, *distances_m)
    area = gpd.GeoSeries([box(west - edge, south - edge, east + edge, north + edge)], crs=zone)
    found = cg.zone_distance_contours(chosen, within=area, distances_m=list(distances_m))
    return found.assign(avoided=";".join(kinds))


def distances_of(text: str) -> list[float]:
    """Return the distances that an option lists, in metres."""
    try:
        found = [float(part) for part in text.replace("，", ",").split(",") if part.strip()]
    except ValueError:
        found = [math.nan]
    if not all(math.isfinite(each) and each > 0 for each in found):
        raise ValueError(f"--distances-m {text}: give metres more than 0, e.g. 500,1000,2000.")
    return found
