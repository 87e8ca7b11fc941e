"""What a finding says, once, before it becomes a page, a Word file, a sheet or JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from chaoyang_geo.capping import ScreeningLike
from chaoyang_geo.crs import meridian_code, require_crs, zone_meridians
from chaoyang_geo.edges import redrawn
from chaoyang_geo.findings.plain import plain_rows
from chaoyang_geo.findings.ways import Asked, Ways, asked_of, ways_by_site
from chaoyang_geo.schema import SchemaError, as_text, require, require_unique
from chaoyang_geo.shapes import as_points, finite, valid_again
from chaoyang_geo.verdicts import APPROXIMATE, KINDS, SYNTHETIC, clean, is_approximate, known

if TYPE_CHECKING:
    import geopandas as gpd

_SITES = ("site_code", "site_name", "activity", "verdict", "why_zh", "why_en")
_FINDINGS = (
    "site_code", "zone_code", "zone_name", "zone_kind", "zone_grade", "layer", "version",
    "relation", "overlap_m2", "overlap_m", "overlap_m2_geodesic", "share_of_site",
    "share_of_zone", "distance_m", "band_m", "verdict", "clause", "rule_id", "rule_source",
    "rule_status", "rule_note", "finding_flag", "why_zh", "why_en",
)  # fmt: skip
_CHECKED = ("layer", "zone_kinds", "n_zones", "version", "version_date", "content_hash",
            "accuracy_m", "layer_state", "layer_flag")  # fmt: skip
#: Sites whose files lie in one folder; with more each folder holds so many.
_FLAT, _FOLDER = 2_000, 1_000
_RULES = (
    "rule_id",
    "zone_kind",
    "zone_grade",
    "activity",
    "verdict",
    "clause",
    "rule_source",
    "status",
)


@dataclass(frozen=True)
class Dossier:
    """Everything that one site's page says; ``shape`` is in ``metric``."""

    number: int
    code: str
    name: str
    activity: str
    activity_zh: str
    activity_en: str
    verdict: str
    why: dict[str, str]
    flags: list[str]
    findings: list[dict[str, Any]]
    accuracy_m: float
    synthetic: bool
    extent: str  # township, unit, county where the position is approximate, else ''
    stem: str
    shape: Any = None
    metric: str = ""
    centre: tuple[float, float] | None = None
    area_m2: float = 0.0
    length_m: float = 0.0
    ways: Ways = field(default_factory=Ways)


@dataclass(frozen=True)
class Casebook:
    """All sites of a screening and what they have in common."""

    sites: list[Dossier]
    checked: list[dict[str, Any]]
    unchecked: list[dict[str, str]]
    rules: list[dict[str, Any]]
    options: dict[str, Any]
    screened_on: str
    expires_on: str
    valid_days: int
    synthetic: bool
    unstated: list[str] = field(default_factory=list)  # layers without a quality
    asked: Asked = field(default_factory=Asked)


def casebook(
    screening: ScreeningLike,
    sites: gpd.GeoDataFrame | None,
    valid_days: int,
    *,
    downstream: gpd.GeoDataFrame | None = None,
    free: gpd.GeoDataFrame | None = None,
    shifts: gpd.GeoDataFrame | None = None,
    stretches: gpd.GeoDataFrame | None = None,
    bands: gpd.GeoDataFrame | None = None,
    names: Mapping[str, str] | None = None,
) -> Casebook:
    """Gather what is said of every site.

    Raises
    ------
    SchemaError, CRSError, ValueError
        As :func:`chaoyang_geo.findings.write_findings`.
    """
    judged, found = screening.sites, screening.findings
    require(judged, _SITES, table="screening.sites")
    require(found, _FINDINGS, table="screening.findings")
    require(screening.checked, _CHECKED, table="screening.checked")
    require(screening.rules, _RULES, table="screening.rules")
    require_unique(judged, "site_code", table="screening.sites")
    judged = judged.assign(site_code=as_text(judged["site_code"]).map(clean).astype("str"))
    require_unique(judged, "site_code", table="screening.sites, as files can hold its codes,")
    first, last = _days(screening.options, valid_days)
    checked = plain_rows(screening.checked)
    layers_synthetic = any(
        "synthetic" in str(row.get("quality", "")).split(";") or SYNTHETIC[0] in row["layer"]
        for row in checked
    )
    unchecked = unchecked_kinds(checked)
    by_site: dict[str, list[dict[str, Any]]] = {}
    for row in plain_rows(found):
        by_site.setdefault(row["site_code"], []).append(row)
    shapes = _shapes(judged, sites)
    asked = asked_of(downstream, free, shifts, stretches, bands, names)
    ways = ways_by_site(
        {code: shape["metric"] for code, shape in shapes.items()},
        downstream=downstream,
        free=free,
        shifts=shifts,
        stretches=stretches,
    )
    strangers = sorted(set(ways) - set(judged["site_code"]))
    if strangers:
        raise SchemaError(
            f"site {strangers[0]!r} of downstream, free, shifts or stretches is not in "
            "screening.sites; make these tables from the sites that were screened."
        )
    dossiers = []
    for number, row in enumerate(plain_rows(judged.drop(columns=_geometry_names(judged))), 1):
        rows = by_site.pop(row["site_code"], [])
        synthetic = layers_synthetic or row.get("quality") == "synthetic"
        extent = ""
        if is_approximate(row.get("place_quality")):
            extent = row.get("place_extent") or "place"
        dossiers.append(
            Dossier(
                number=number,
                code=row["site_code"],
                name=row["site_name"],
                activity=row["activity"],
                activity_zh=row.get("activity_zh") or "",
                activity_en=row.get("activity_en") or "",
                verdict=row["verdict"],
                why={"zh": row["why_zh"], "en": row["why_en"]},
                flags=_flags(row, rows),
                findings=rows,
                accuracy_m=row.get("accuracy_m", float("nan")),
                synthetic=synthetic,
                extent=extent,
                stem=f"{_place_of(number, len(judged))}_{_stem(row['site_code'])}",
                ways=ways.get(row["site_code"], Ways()),
                **shapes.get(row["site_code"], {}),
            )
        )
    if by_site:
        raise SchemaError(
            f"screening.findings: site {next(iter(by_site))!r} is not in screening.sites; hand in "
            "the screening as it came."
        )
    return Casebook(
        sites=dossiers,
        checked=checked,
        unchecked=unchecked,
        rules=plain_rows(screening.rules),
        options=dict(screening.options),
        screened_on=first,
        expires_on=last,
        valid_days=valid_days,
        synthetic=any(each.synthetic for each in dossiers) or layers_synthetic,
        unstated=[
            row["layer"]
            for row in checked
            if not row.get("quality") and row["layer_state"] != "unreadable"
        ],
        asked=asked,
    )


def unchecked_kinds(checked: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return the kinds of the standard list that no usable layer stands for, with the reason.

    Examples
    --------
    >>> from chaoyang_geo.findings.model import unchecked_kinds
    >>> rows = unchecked_kinds([{"layer": "红线", "zone_kinds": "eco_red_line", "layer_state": "ok"},
    ...                         {"layer": "水源", "zone_kinds": "drinking_water", "layer_state": "empty"}])
    >>> rows[0], len(rows)
    ({'zone_kind': 'nature_reserve', 'layer_state': '', 'layer': ''}, 8)
    """
    states: dict[str, tuple[str, str]] = {}
    for row in checked:
        for kind in str(row["zone_kinds"]).split(";"):
            if row["layer_state"] == "ok" or kind not in states:
                states[kind] = (row["layer_state"], row["layer"])
    rows = [
        {"zone_kind": kind, "layer_state": states.get(kind, ("", ""))[0],
         "layer": states.get(kind, ("", ""))[1]}
        for kind in KINDS
        if states.get(kind, ("", ""))[0] != "ok"
    ]  # fmt: skip
    # a layer that could not be read may not say what it holds
    named = {row["layer"] for row in rows}
    rows += [
        {"zone_kind": "", "layer_state": row["layer_state"], "layer": row["layer"]}
        for row in checked
        if row["layer_state"] != "ok" and row["layer"] not in named
    ]
    return rows


def _days(options: Mapping[str, Any], valid_days: int) -> tuple[str, str]:
    if isinstance(valid_days, bool) or not isinstance(valid_days, int) or valid_days < 1:
        raise ValueError(
            f"valid_days={valid_days!r} is no number of days; give 1 or more, e.g. 180."
        )
    text = options.get("on")
    if not text:
        raise ValueError(
            "the screening has no date, so no day of expiry can be written; screen with "
            'screen_sites(..., on="2026-11-22").'
        )
    first = date.fromisoformat(str(text))
    try:
        return first.isoformat(), (first + timedelta(days=valid_days)).isoformat()
    except OverflowError as error:
        raise ValueError(f"valid_days={valid_days} leads beyond the year 9999.") from error


def _flags(row: Mapping[str, Any], rows: list[dict[str, Any]]) -> list[str]:
    """Return the doubts of a site and its zones, each once."""
    texts = [row.get("place_flag", ""), row.get("activity_flag", ""), row.get("verdict_flag", "")]
    texts += [each["finding_flag"] for each in rows]
    parts = [part.strip() for text in texts for part in str(text).split("；")]
    return [part for part in dict.fromkeys(parts) if part and part != APPROXIMATE]


def _geometry_names(frame: Any) -> list[str]:
    return [str(name) for name, dtype in frame.dtypes.items() if str(dtype) == "geometry"]


def _place_of(number: int, count: int) -> str:
    """Return the number of a site in the names of its files; many sites have a folder each thousand.

    Examples
    --------
    >>> from chaoyang_geo.findings.model import _place_of
    >>> _place_of(7, 200), _place_of(1001, 12_000)
    ('0007', '01001-02000/01001')
    """
    width = max(4, len(str(count)))
    if count <= _FLAT:
        return f"{number:0{width}d}"
    first = (number - 1) // _FOLDER * _FOLDER + 1
    last = min(first + _FOLDER - 1, count)
    return f"{first:0{width}d}-{last:0{width}d}/{number:0{width}d}"


def _stem(code: str) -> str:
    """Return a code as a part of a file's name that every system takes."""
    return re.sub(r"[^0-9A-Za-z一-鿿-]+", "_", code)[:40].strip("_") or "site"


def _shapes(judged: Any, sites: gpd.GeoDataFrame | None) -> dict[str, dict[str, Any]]:
    """Return shape, zone, centre and size of every site that has a usable shape, by code."""
    import geopandas as gpd
    import numpy as np
    import shapely

    layer = judged if sites is None else sites
    if not isinstance(layer, gpd.GeoDataFrame) or layer.active_geometry_name is None:
        return {}
    if not len(layer):
        return {}
    require_crs(layer, layer_name="sites")
    require_unique(layer, "site_code", table="sites")
    shapes = layer.geometry.to_numpy()
    good = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes)) & finite(shapes)
    part = layer.loc[good]
    found: dict[str, dict[str, Any]] = {}
    if not len(part):
        return found
    meridian = zone_meridians(part.geometry.to_numpy(), part.crs)
    codes = as_text(part["site_code"]).map(clean).to_numpy()
    # what lies outside the CGCS2000 zones was not screened, and is not drawn
    for each in np.unique(meridian[np.isfinite(meridian)]).tolist():
        here = meridian == each
        metric = meridian_code(int(each))
        # as they were screened: what covers itself counts once, a line without a length is points
        plane, _ = as_points(valid_again(redrawn(part.geometry[here], metric).to_numpy()))
        gone = (shapely.get_dimensions(plane) == 2) & (shapely.area(plane) == 0)
        plane[gone] = shapely.make_valid(plane[gone], method="linework")
        middle = gpd.GeoSeries(shapely.point_on_surface(plane), crs=metric).to_crs("EPSG:4490")
        sizes = zip(
            codes[here], plane, middle.x, middle.y, shapely.area(plane), shapely.length(plane),
            shapely.get_dimensions(plane), strict=True,
        )  # fmt: skip
        for code, shape, east, north, area, length, dimension in sizes:
            found[code] = {
                "shape": shape,
                "metric": metric,
                "centre": (float(east), float(north)),
                "area_m2": float(area),
                "length_m": float(length) if dimension == 1 else 0.0,
            }
    return found


def conflicts(dossier: Dossier) -> list[dict[str, Any]]:
    """Return the findings that are more than a distance."""
    return [row for row in dossier.findings if row["verdict"] != "无冲突"]


def number(value: Any) -> float | None:
    """Return a number, None where there is none."""
    return float(value) if known(value) else None
