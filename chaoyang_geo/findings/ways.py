"""Where a site's water goes, and its ways out of a conflict: gathered by site, then as texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import require_crs
from chaoyang_geo.edges import redrawn
from chaoyang_geo.findings.plain import plain_rows
from chaoyang_geo.flags import flag_text
from chaoyang_geo.schema import require
from chaoyang_geo.verdicts import (
    area_text,
    clean,
    kind_name,
    kinds_text,
    known,
    length_text,
    share_text,
    way_text,
)

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

#: Stretches that a page lists; the workbook lists all.
MAX_STRETCHES = 40

_DOWNSTREAM = (
    "site_code", "reach_state", "zone_code", "zone_name", "zone_kind", "zone_grade", "layer",
    "distance_km", "rivers_passed", "n_sections_between", "codes_between", "reach_code",
    "offset_m", "unit_name", "county_name", "distance_to_next_km", "sections_downstream",
    "reach_flag", "why_zh", "why_en",
)  # fmt: skip
_FREE = ("site_code", "site_m2", "conflict_m2", "free_m2", "free_small_m2", "free_share",
         "n_free_parts", "largest_free_m2", "free_flag")  # fmt: skip
_SHIFTS = ("site_code", "shift_state", "shift_m", "bearing_deg", "distance_after_m", "shift_zh",
           "shift_en", "shift_flag")  # fmt: skip
_STRETCHES = ("site_code", "zone_code", "zone_name", "zone_kind", "zone_grade", "layer",
              "stretch_no", "stretch_kind", "from_km", "to_km", "from_stake", "to_stake",
              "length_m", "stretch_flag")  # fmt: skip
_BANDS = ("band_no", "from_m", "to_m", "band_zh", "band_en", "area_m2", "share", "band_flag")
#: Columns that are told where they are there: what was avoided, and what a moved site is judged.
_ALSO = ("avoided", "clearance_m", "verdict_after", "why_after_zh", "why_after_en", "verdict",
         "version", "network_source", "next_section_code", "shift_east_m", "shift_north_m",
         "bearing_zh", "unit_code", "county_code", "measure_m", "status")  # fmt: skip


@dataclass(frozen=True)
class Ways:
    """What is known of one site besides its zones; the shapes are in the CRS of its map."""

    downstream: list[dict[str, Any]] = field(default_factory=list)
    free: dict[str, Any] | None = None
    shift: dict[str, Any] | None = None
    stretches: list[dict[str, Any]] = field(default_factory=list)
    course: list[Any] = field(default_factory=list)  # the ways along the river
    left: Any = None  # what is free of the site
    moved: Any = None
    pieces: list[tuple[Any, str]] = field(default_factory=list)  # a stretch, and its stakes


@dataclass(frozen=True)
class Asked:
    """Which of the tables were given, the bands, and what things are called."""

    downstream: bool = False
    alternatives: bool = False
    stretches: bool = False
    bands: list[dict[str, Any]] = field(default_factory=list)
    names: Mapping[str, str] = field(default_factory=dict)


def asked_of(
    downstream: Any, free: Any, shifts: Any, stretches: Any, bands: Any, names: Any
) -> Asked:
    """Check the tables that were given, and say which."""
    for name, frame, columns in (
        ("downstream", downstream, _DOWNSTREAM), ("free", free, _FREE), ("shifts", shifts, _SHIFTS),
        ("stretches", stretches, _STRETCHES), ("bands", bands, _BANDS),
    ):  # fmt: skip
        if frame is not None:
            require(frame, columns, table=name)
            require_crs(frame, layer_name=name)
    rows = [] if bands is None else _records(bands, _BANDS)
    names = {clean(key): clean(value) for key, value in dict(names or {}).items() if value}
    return Asked(
        downstream is not None,
        free is not None or shifts is not None,
        stretches is not None,
        rows,
        names,
    )


def ways_by_site(
    metrics: Mapping[str, str],
    *,
    downstream: gpd.GeoDataFrame | None,
    free: gpd.GeoDataFrame | None,
    shifts: gpd.GeoDataFrame | None,
    stretches: gpd.GeoDataFrame | None,
) -> dict[str, Ways]:
    """Return what is known of each site, by code; ``metrics`` has the CRS of each site's map."""
    found: dict[str, dict[str, Any]] = {}

    def of(code: str) -> dict[str, Any]:
        return found.setdefault(
            code, {"downstream": [], "stretches": [], "course": [], "pieces": []}
        )

    for row, shape in _rows(downstream, _DOWNSTREAM, metrics):
        of(row["site_code"])["downstream"].append(row)
        if shape is not None:
            of(row["site_code"])["course"].append(shape)
    for row, shape in _rows(free, _FREE, metrics):
        of(row["site_code"]).update(free=row, left=shape)
    for row, shape in _rows(shifts, _SHIFTS, metrics):
        there = shape if row["shift_state"] == "shift" else None
        of(row["site_code"]).update(shift=row, moved=there)
    for row, shape in _rows(stretches, _STRETCHES, metrics):
        if not row["stretch_kind"]:
            continue
        of(row["site_code"])["stretches"].append(row)
        if shape is not None:
            stakes = dict.fromkeys((row["from_stake"], row["to_stake"]))
            of(row["site_code"])["pieces"].append((shape, "–".join(stakes)))
    return {code: Ways(**values) for code, values in found.items()}


def _rows(
    frame: gpd.GeoDataFrame | None, columns: tuple[str, ...], metrics: Mapping[str, str]
) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield the rows of a table, each with its shape in the CRS of the site's map."""
    import shapely

    if frame is None or not len(frame):
        return
    placed = {crs: redrawn(frame.geometry, crs).to_numpy() for crs in set(metrics.values()) - {""}}
    for number, row in enumerate(_records(frame, columns)):
        shapes = placed.get(metrics.get(row["site_code"], ""))
        shape = None if shapes is None else shapes[number]
        yield row, None if shape is None or shapely.is_empty(shape) else shape


def _records(frame: pd.DataFrame, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the told columns as plain values."""
    also = [name for name in _ALSO if name in frame and name not in columns]
    return plain_rows(frame, [*columns, *also])


# --- as texts -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WayRow:
    """A zone downstream, or a stretch: lines of each cell, and the doubt under them."""

    cells: list[list[str]]
    verdict: str
    doubt: str


def named(text: str, names: Mapping[str, str]) -> str:
    """Put names in the place of codes, and English names in that of Chinese ones.

    Examples
    --------
    >>> from chaoyang_geo.findings.ways import named
    >>> named("下游第一个断面：S10（8.4 公里）", {"S1": "甲", "S10": "乙"})
    '下游第一个断面：乙（8.4 公里）'
    """
    if not names or not text:
        return text
    words = "|".join(re.escape(key) for key in sorted(names, key=lambda key: (-len(key), key)))
    pattern = rf"(?<![0-9A-Za-z])(?:{words})(?![0-9A-Za-z])"
    return re.sub(pattern, lambda found: names[found.group()], text)


def downstream_rows(ways: Ways, asked: Asked, words: dict[str, str], lang: str) -> list[WayRow]:
    """Return the zones that the water comes to: zone, distance along the river, in words."""
    rows = []
    for row in ways.downstream:
        lost = row["reach_state"] in ("off_network", "no_position")
        zone, far = [words["way_unknown" if lost else "no_zone_met"]], words["not_reached"]
        if row["zone_code"]:
            title = row["zone_name"] or row["zone_code"]
            layer = words["comma"].join(
                text for text in (row["layer"], row.get("version", "")) if text
            )
            zone = [title, kind_name(row["zone_kind"], row["zone_grade"], lang), layer]
            far = words["in_zone"]
        if row["reach_state"] == "reaches":
            far = words["along_river"].format(distance=way_text(row["distance_km"], lang))
        rows.append(
            WayRow(
                [zone, [far], [named(_first_sentence(row[f"why_{lang}"], lang), asked.names)]],
                "",
                flag_text(row["reach_flag"], lang),
            )
        )
    return rows


def _first_sentence(text: str, lang: str) -> str:
    """Return the sentence on the zone; who answers for the place stands above the table."""
    if lang == "zh":
        return text.split("。")[0] + "。"
    return re.split(r"\.\s+(?=[A-Z])", text)[0].rstrip(".") + "."


def downstream_facts(
    ways: Ways, asked: Asked, words: dict[str, str], lang: str
) -> list[tuple[str, str]]:
    """Return who answers for the place, and the sections below: label, text."""
    if not ways.downstream:
        return []
    row = ways.downstream[0]
    codes = [code for code in row["sections_downstream"].split(";") if code]
    # a site that lies on no river has sections below it, but nobody knows which
    none = words["none_known" if row["reach_code"] else "sections_unknown"]
    listed = [asked.names.get(code, code) for code in codes]
    if listed and known(row["distance_to_next_km"]):
        far = way_text(row["distance_to_next_km"], lang)
        listed[0] += f"（{far}）" if lang == "zh" else f" ({far})"
    facts = [
        (words["control_unit"], named(row["unit_name"], asked.names)),
        (words["answering_county"], named(row["county_name"], asked.names)),
        (words["sections_below"], words["list"].join(listed) or none),
        (words["river_network"], row.get("network_source", "")),
    ]
    return [(name, text) for name, text in facts if text]


def alternative_facts(ways: Ways, words: dict[str, str], lang: str) -> list[tuple[str, str]]:
    """Return what is free and where the site could be moved to: label, text."""
    told = ways.free or ways.shift
    if told is None:
        return []
    rows = [
        (words["avoided"], kinds_text(told.get("avoided", ""), lang)),
        (words["clearance"], _clearance(told.get("clearance_m"), lang)),
    ]
    if ways.free is not None and known(ways.free["free_m2"]):
        rows.append((words["free_part"], _free(ways.free, words, lang)))
    if ways.shift is not None and ways.shift["shift_state"]:
        rows.append((words["shift"], ways.shift[f"shift_{lang}"]))
        after = ways.shift.get(f"why_after_{lang}", "")
        if after:
            rows.append((words["after_shift"], after))
    return [(name, text) for name, text in rows if text]


def _clearance(value: Any, lang: str) -> str:
    return length_text(value, lang) if known(value) else ""


def _free(row: dict[str, Any], words: dict[str, str], lang: str) -> str:
    if not row["free_m2"] > 0:
        return words["nothing_free"]
    return words["free_text"].format(
        free=area_text(row["free_m2"], lang),
        share=share_text(row["free_share"]),
        n=row["n_free_parts"],
        largest=area_text(row["largest_free_m2"], lang),
        taken=area_text(row["conflict_m2"], lang),
    )


def alternative_doubts(ways: Ways, lang: str) -> list[str]:
    """Return what is doubtful about the alternatives, each once."""
    flags = [
        *([ways.free["free_flag"]] if ways.free else []),
        *([ways.shift["shift_flag"]] if ways.shift else []),
    ]
    parts = [
        part
        for flag in flags
        for part in flag_text(flag, lang).split("；" if lang == "zh" else "; ")
    ]
    said = flag_text("无可用部分", lang)  # stands among the facts
    return [part for part in dict.fromkeys(parts) if part and part != said]


def stretch_rows(ways: Ways, words: dict[str, str], lang: str) -> list[WayRow]:
    """Return the stretches in zones: zone, from where to where, how long, verdict."""
    rows = []
    for row in ways.stretches[:MAX_STRETCHES]:
        title = row["zone_name"] or row["zone_code"]
        ends = [f"{row[name]:.3f}" for name in ("from_km", "to_km")]
        km = "公里" if lang == "zh" else "km"
        stakes = "–".join(dict.fromkeys((row["from_stake"], row["to_stake"])))
        rows.append(
            WayRow(
                [
                    [title, kind_name(row["zone_kind"], row["zone_grade"], lang)],
                    [stakes, f"{'–'.join(dict.fromkeys(ends))} {km}"],
                    [length_text(row["length_m"], lang), words.get(row["stretch_kind"], "")],
                ],
                row.get("verdict", ""),
                flag_text(row["stretch_flag"], lang),
            )
        )
    return rows
