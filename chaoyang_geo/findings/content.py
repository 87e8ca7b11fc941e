"""The parts of a site's finding as texts, the same for the page and for Word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaoyang_geo.findings.model import Casebook, Dossier
from chaoyang_geo.flags import flag_text
from chaoyang_geo.verdicts import (
    CAPPED,
    FIRM,
    SYNTHETIC,
    UNJUDGED,
    area_text,
    clean,
    degrees_text,
    kind_name,
    kinds_text,
    known,
    length_text,
    quality_name,
    relation_name,
    share_text,
    state_name,
    status_name,
    unversioned,
    verdict_name,
)

#: Zones that a page lists; the workbook lists all.
MAX_ZONES = 60


@dataclass(frozen=True)
class ZoneRow:
    """A zone in the table: lines of each cell, and the doubt that stands under them."""

    number: int
    zone: list[str]
    how: list[str]
    verdict: str
    basis: list[str]
    doubt: str


@dataclass(frozen=True)
class LayerRow:
    """A layer in the table, and what goes across below it: its doubt, its source, its hash."""

    cells: list[str]  # name, kinds, zones, version, accuracy, quality, state
    usable: bool
    doubt: str
    source: str
    digest: str


def facts(case: Casebook, site: Dossier, words: dict[str, str], lang: str) -> list[tuple[str, str]]:
    """Return what identifies a site and its screening: label, text."""
    days = words["valid"].format(days=case.valid_days)
    bracket = "（{}）" if lang == "zh" else " ({})"
    activity = site.activity or words["not_stated"]
    meant = site.activity_zh if lang == "zh" else site.activity_en or site.activity_zh
    if site.activity and not site.activity_zh:
        activity += bracket.format(words["unknown_activity"])
    elif meant != site.activity:
        activity += bracket.format(meant)
    accuracy = (
        f"±{length_text(site.accuracy_m, lang)}" if known(site.accuracy_m) else words["not_stated"]
    )
    rows = [
        (words["site"], f"{site.name}{bracket.format(site.code)}"),
        (words["activity"], activity),
        (words["size"], _size(site, words, lang)),
        (words["centre"], degrees_text(*site.centre) if site.centre else words["not_stated"]),
        (words["site_accuracy"], accuracy),
        (words["screened"], case.screened_on),
        (words["expires"], f"{case.expires_on}{bracket.format(days)}"),
    ]
    if site.extent:
        # the middle of a county is no place of a project
        rows[3] = (words["centre"], words["not_stated"])
    return rows


def _size(site: Dossier, words: dict[str, str], lang: str) -> str:
    if site.shape is None:
        return words["no_shape"]
    if site.area_m2 > 0:
        size = area_text(site.area_m2, lang)
        return f"{words['this_area'] if site.extent else words['polygon']}{words['comma']}{size}"
    if site.length_m > 0:
        return f"{words['line']}{words['comma']}{length_text(site.length_m, lang)}"
    return words["point"] if "Point" in site.shape.geom_type else words["mixed"]


def notices(case: Casebook, site: Dossier, words: dict[str, str]) -> list[str]:
    """Return what a reader must know before the verdict."""
    texts = []
    if site.synthetic:
        texts.append(words["synthetic_note"])
    if site.extent:
        extent = words.get(site.extent, words["place"])
        texts.append(words["approximate_note"].format(extent=extent))
    return texts + case_notices(case, words)


def case_notices(case: Casebook, words: dict[str, str]) -> list[str]:
    """Return what is not known of the layers and must be known before anyone signs."""
    texts = []
    if case.unstated:
        texts.append(words["quality_unknown"] + words["list"].join(case.unstated))
    bare = unversioned(case.checked)
    if bare:
        texts.append(words["version_unknown"].format(layers=words["list"].join(bare)))
    return texts


def zone_rows(site: Dossier, words: dict[str, str], lang: str) -> list[ZoneRow]:
    """Return the zones of a site, most severe first, as they stand in the table."""
    rows = []
    for number, row in enumerate(site.findings[:MAX_ZONES], 1):
        title = row["zone_name"] or row["zone_code"]
        version = row["version"]
        zone = [
            title,
            kind_name(row["zone_kind"], row["zone_grade"], lang),
            words["comma"].join(
                text
                for text in (row["zone_code"] if row["zone_name"] else "", row["layer"], version)
                if text
            ),
        ]
        rows.append(
            ZoneRow(
                number,
                zone,
                how_lines(row, words, lang),
                row["verdict"],
                basis_lines(row, words, lang),
                flag_text(row["finding_flag"], lang),
            )
        )
    return rows


def doubts(site: Dossier, lang: str) -> list[str]:
    """Return what is doubtful about a site, a sentence each."""
    return [flag_text(flag, lang) for flag in site.flags]


def limits(case: Casebook, words: dict[str, str]) -> str:
    """Return what this finding did not look at."""
    return words["limits_traced" if case.asked.downstream else "limits"]


def how_lines(row: dict[str, Any], words: dict[str, str], lang: str) -> list[str]:
    """Return relation, size, shares, distance and band of a finding."""
    lines = [relation_name(row["relation"], lang)]
    bracket = "（{}）" if lang == "zh" else " ({})"
    if known(row["overlap_m2"]) and row["overlap_m2"] > 0:
        text = f"{words['overlap']} {area_text(row['overlap_m2'], lang)}"
        if known(row["overlap_m2_geodesic"]):
            size = area_text(row["overlap_m2_geodesic"], lang)
            text += bracket.format(words["geodesic"].format(size=size))
        lines.append(text)
    elif known(row["overlap_m"]) and row["overlap_m"] > 0:
        text = f"{words['crossing']} {length_text(row['overlap_m'], lang)}"
        if known(row.get("overlap_m_geodesic")):
            size = length_text(row["overlap_m_geodesic"], lang)
            text += bracket.format(words["geodesic"].format(size=size))
        lines.append(text)
    shares = []
    for column, word in (("share_of_site", "of_site"), ("share_of_zone", "of_zone")):
        # of points there is no size, but how many of them lie inside
        told = len(lines) > 1 or (column == "share_of_site" and row["relation"] == "overlaps")
        if known(row[column]) and row[column] > 0 and told:
            shares.append(words[word].format(share=share_text(row[column])))
    if shares:
        lines.append(words["comma"].join(shares))
    if known(row["distance_m"]) and row["distance_m"] > 0:
        lines.append(words["apart"].format(distance=length_text(row["distance_m"], lang)))
    if known(row["band_m"]):
        lines.append(words["within_band"].format(band=length_text(row["band_m"], lang)))
    return lines


def basis_lines(row: dict[str, Any], words: dict[str, str], lang: str) -> list[str]:
    """Return clause, rule, status and note of a finding."""
    if not row["rule_id"] and not row["clause"]:
        return [words["no_rule_needed"] if row["verdict"] == "无冲突" else words["no_rule"]]
    bracket = "（{}）" if lang == "zh" else " ({})"
    lines = [f"{row['rule_source']} {row['clause']}".strip()]
    lines.append(
        words["rule_no"].format(rule=row["rule_id"])
        + bracket.format(status_name(row["rule_status"], lang))
    )
    if row["rule_note"]:
        lines.append(row["rule_note"])
    return lines


def checked_rows(case: Casebook, lang: str) -> list[LayerRow]:
    """Return the layers as they stand in the table."""
    rows = []
    for row in case.checked:
        accuracy = f"±{length_text(row['accuracy_m'], lang)}" if known(row["accuracy_m"]) else "—"
        version = "\n".join(text for text in (row["version"], row["version_date"]) if text) or "—"
        rows.append(
            LayerRow(
                [
                    row["layer"],
                    kinds_text(str(row["zone_kinds"]), lang) or "—",
                    f"{row['n_zones']:,}",
                    version,
                    accuracy,
                    quality_name(row.get("quality", ""), lang) or "—",
                    state_name(row["layer_state"], lang),
                ],
                row["layer_state"] == "ok",
                flag_text(row["layer_flag"], lang),
                row.get("source", ""),
                row["content_hash"] or "—",
            )
        )
    return rows


def no_alternative(site: Dossier, words: dict[str, str]) -> str:
    """Return why there is no alternative; what could not be judged is not free of conflicts."""
    if site.extent:
        return words["alternatives_approximate"]
    if site.shape is None:
        return words["alternatives_unplaced"]
    if site.verdict == UNJUDGED:
        return words["alternatives_unjudged"]
    avoided = site.verdict in (*FIRM[:2], CAPPED)
    return words["alternatives_open" if avoided else "alternatives_none"]


def unchecked_lead(case: Casebook, words: dict[str, str]) -> str:
    """Return the sentence over what was not checked."""
    partly = any(row["layer_state"] == "partial" for row in case.unchecked)
    return words["partial_kinds" if partly else "unchecked_kinds"]


def unchecked_texts(case: Casebook, words: dict[str, str], lang: str) -> list[tuple[str, str]]:
    """Return what was not checked and why: kind of zone or layer, reason."""
    rows = []
    for row in case.unchecked:
        what = kind_name(row["zone_kind"], "", lang) if row["zone_kind"] else row["layer"]
        why = words["no_layer"]
        if row["layer_state"]:
            why = state_name(row["layer_state"], lang)
            if row["zone_kind"]:
                why += f"{words['comma']}{row['layer']}"
        rows.append((what, why))
    return rows


def method(case: Casebook, words: dict[str, str], lang: str) -> list[tuple[str, str]]:
    """Return how it was screened: label, text."""
    options = case.options
    rows = [
        (words["sets"], clean(options.get("rule_sets", "")).replace(";", words["list"])),
        (words["rules_hash"], clean(options.get("rules_hash", ""))),
        (
            words["crs"],
            clean(options.get("metric_crs", options.get("crs", ""))).replace(";", words["list"]),
        ),
    ]
    for name, key in (("tolerance", "tolerance_m"), ("reach", "max_distance_m")):
        if known(options.get(key)):
            rows.append((words[name], length_text(float(options[key]), lang)))
    return [row for row in rows if row[1]]


def no_zone_text(case: Casebook, site: Dossier, words: dict[str, str], lang: str) -> str:
    """Return the sentence for a site that no zone is near, or that could not be compared."""
    if site.shape is None and site.verdict == UNJUDGED:
        return words["no_compare"]
    reach = case.options.get("max_distance_m")
    distance = length_text(reach, lang) if isinstance(reach, float) else words["not_stated"]
    return words["zones_none"].format(distance=distance)


def verdict_text(verdict: str, lang: str) -> str:
    """Return a verdict for people."""
    return verdict_name(verdict, lang)


def reason_text(site: Dossier, lang: str) -> str:
    """Return the reason without the verdict that it begins with, which stands beside it."""
    why = site.why[lang]
    left = why.removeprefix(verdict_text(site.verdict, lang))
    return left.lstrip("：: ") if left != why and left[:1] in ("：", ":") else why


def mark(lang: str) -> str:
    """Return the mark of synthetic data."""
    return SYNTHETIC[0] if lang == "zh" else SYNTHETIC[1]
