"""The findings as JSON for other programs: keys, not words; numbers as they were computed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from chaoyang_geo.findings.model import Casebook, Dossier
from chaoyang_geo.verdicts import SYNTHETIC

FORMAT = "chaoyang_geo.findings/1"

_encoded = json.JSONEncoder(ensure_ascii=False).encode


class _Json(str):
    """A text that is JSON already."""


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
        "sites": _listed(written_rows(_sites(case.sites, files), 2), 1),
        "checked": case.checked,
        "not_checked": case.unchecked,
        "traced_downstream": case.asked.downstream,
        "alternatives_asked": case.asked.alternatives or case.asked.stretches,
        "bands": case.asked.bands,
        "rules": case.rules,
    }
    return written_rows([whole], 0)[0] + "\n"


def _sites(sites: Sequence[Dossier], files: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Return the sites, the tables of each as JSON: of all of them each is written in one go."""
    findings = _tables([site.findings for site in sites])
    downstream = _tables([site.ways.downstream for site in sites])
    stretches = _tables([site.ways.stretches for site in sites])
    return [
        _site(site, files.get(site.code, []), *tables)
        for site, *tables in zip(sites, findings, downstream, stretches, strict=True)
    ]


def _site(
    site: Dossier, files: list[str], findings: _Json, downstream: _Json, stretches: _Json
) -> dict[str, Any]:
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
        "findings": findings,
        "downstream": downstream,
        "free": site.ways.free,
        "shift": site.ways.shift,
        "stretches": stretches,
    }


# --- as JSON --------------------------------------------------------------------------------------
# What json.dumps(..., indent=1) writes, which is slow: of a hundred thousand findings most texts
# stand in many rows.


def _tables(tables: Iterable[Sequence[dict[str, Any]]]) -> list[_Json]:
    """Write the tables of the sites: lists of rows, four levels deep."""
    tables = list(tables)
    texts = iter(written_rows([row for table in tables for row in table], 4))
    return [_listed([next(texts) for _ in table], 3) for table in tables]


def written_rows(rows: Sequence[dict[str, Any]], level: int) -> list[str]:
    """Write dicts of the same keys as JSON in lines, at a level of the whole.

    Examples
    --------
    >>> from chaoyang_geo.findings.machine import written_rows
    >>> print(written_rows([{"zone_code": "Z1", "distance_m": float("nan"), "parts": [1]}], 0)[0])
    {
     "zone_code": "Z1",
     "distance_m": null,
     "parts": [
      1
     ]
    }
    """
    if not rows:
        return []
    names = list(rows[0])
    if not names:
        return ["{}"] * len(rows)
    start = "\n" + " " * (level + 1)
    keys = (_encoded(str(name)).replace("%", "%%") for name in names)
    template = f"{{{start}{f',{start}'.join(f'{key}: %s' for key in keys)}{start[:-1]}}}"
    columns = [_column([row[name] for row in rows], level + 1) for name in names]
    return [template % values for values in zip(*columns, strict=True)]


def _column(values: Sequence[Any], level: int) -> Sequence[str]:
    """Write the values of a key; a text that stands in many rows is written once."""
    kinds = set(map(type, values))
    if kinds == {_Json}:
        return values
    if kinds == {str}:
        written = {value: _encoded(value) for value in set(values)}
        return [written[value] for value in values]
    return [_value(value, level) for value in values]


def _value(value: Any, level: int) -> str:
    """Write a value at a level; what is no number is null."""
    if isinstance(value, float):
        return float.__repr__(value) if math.isfinite(value) else "null"
    if isinstance(value, dict):
        return written_rows([value], level)[0]
    if isinstance(value, list | tuple):
        return _listed([_value(each, level + 1) for each in value], level)
    plain = value is None or isinstance(value, str | int | bool)
    return _encoded(value if plain else str(value))


def _listed(texts: Sequence[str], level: int) -> _Json:
    """Put texts into a list that stands at a level."""
    if not texts:
        return _Json("[]")
    start = "\n" + " " * (level + 1)
    return _Json(f"[{start}{f',{start}'.join(texts)}{start[:-1]}]")
