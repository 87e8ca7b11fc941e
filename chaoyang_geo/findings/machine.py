"""The findings as JSON for other programs: keys, not words; numbers as they were computed."""

from __future__ import annotations

import json
import math
from typing import Any

from chaoyang_geo.findings.model import Casebook, Dossier
from chaoyang_geo.verdicts import SYNTHETIC

FORMAT = "chaoyang_geo.findings/1"


def document(case: Casebook, files: dict[str, list[str]]) -> str:
    """Return the JSON text; ``files`` are the pages and Word files of each site."""
    whole = {
        "format": FORMAT,
        "synthetic": case.synthetic,
        "notice": f"{SYNTHETIC[0]} {SYNTHETIC[1]}" if case.synthetic else "",
        "screened_on": case.screened_on,
        "expires_on": case.expires_on,
        "valid_days": case.valid_days,
        "options": case.options,
        "sites": [_site(site, files.get(site.code, [])) for site in case.sites],
        "checked": case.checked,
        "not_checked": case.unchecked,
        "traced_downstream": case.asked.downstream,
        "alternatives_asked": case.asked.alternatives or case.asked.stretches,
        "bands": case.asked.bands,
        "rules": case.rules,
    }
    return json.dumps(_plain(whole), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _site(site: Dossier, files: list[str]) -> dict[str, Any]:
    centre = (
        None if site.centre is None or site.extent else [round(each, 6) for each in site.centre]
    )
    return {
        "site_code": site.code,
        "site_name": site.name,
        "activity": site.activity,
        "activity_zh": site.activity_zh,
        "activity_en": site.activity_en,
        "verdict": site.verdict,
        "why_zh": site.why["zh"],
        "why_en": site.why["en"],
        "doubts": site.flags,
        "synthetic": site.synthetic,
        "place_extent": site.extent,
        "accuracy_m": site.accuracy_m,
        "area_m2": site.area_m2,
        "length_m": site.length_m,
        "centre_lon_lat": centre,
        "files": files,
        "findings": site.findings,
        "downstream": site.ways.downstream,
        "free": site.ways.free,
        "shift": site.ways.shift,
        "stretches": site.ways.stretches,
    }


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it; what is no number is null."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)
