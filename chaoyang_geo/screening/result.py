"""What a screening gives back: five parts that belong together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

#: Columns of ``Screening.findings`` with their dtypes, in order.
FINDING_COLUMNS: dict[str, str] = {
    "site_code": "str",
    "site_name": "str",
    "activity": "str",
    "activity_zh": "str",
    "activity_en": "str",
    "zone_code": "str",
    "zone_name": "str",
    "zone_kind": "str",
    "zone_grade": "str",
    "layer": "str",
    "version": "str",
    "relation": "str",
    "overlap_m2": "float64",
    "overlap_m": "float64",
    "overlap_m2_geodesic": "float64",
    "overlap_m_geodesic": "float64",
    "share_of_site": "float64",
    "share_of_zone": "float64",
    "distance_m": "float64",
    "band_m": "float64",
    "verdict": "str",
    "rule_verdict": "str",
    "clause": "str",
    "rule_id": "str",
    "rule_source": "str",
    "rule_status": "str",
    "rule_note": "str",
    "finding_flag": "str",
    "why_zh": "str",
    "why_en": "str",
}

#: Columns that ``Screening.sites`` has besides those of the input.
SITE_COLUMNS: dict[str, str] = {
    "activity_zh": "str",
    "activity_en": "str",
    "verdict": "str",
    "n_zones": "int64",
    "verdict_flag": "str",
    "why_zh": "str",
    "why_en": "str",
    "layers_checked": "str",
}

#: Columns of ``Screening.checked``.
CHECKED_COLUMNS: dict[str, str] = {
    "layer": "str",
    "zone_kinds": "str",
    "n_zones": "int64",
    "version": "str",
    "version_date": "str",
    "content_hash": "str",
    "accuracy_m": "float64",
    "source": "str",
    "quality": "str",
    "layer_state": "str",
    "layer_flag": "str",
}

#: Columns of ``Screening.rules`` and of :func:`rules_table`.
RULE_COLUMNS: dict[str, str] = {
    "rule_set": "str",
    "rule_id": "str",
    "zone_kind": "str",
    "zone_grade": "str",
    "activity": "str",
    "verdict": "str",
    "clause": "str",
    "rule_source": "str",
    "status": "str",
    "note": "str",
    "activity_zh": "str",
    "activity_en": "str",
}


@dataclass(frozen=True)
class Screening:
    """The answer of :func:`screen_sites`, with everything that led to it.

    Attributes
    ----------
    findings : DataFrame
        One row per site and zone that meet, or lie within ``max_distance_m``; sites in their
        order, of each the deciding finding first: :func:`chaoyang_geo.verdicts.finding_key`.
        Columns: :data:`FINDING_COLUMNS`.
    sites : GeoDataFrame
        The sites as given, same rows, order, index and CRS, with :data:`SITE_COLUMNS`.
    checked : DataFrame
        One row per layer, those that could not be read included: :data:`CHECKED_COLUMNS`.
    rules : DataFrame
        The rules that were used: :data:`RULE_COLUMNS`.
    options : dict
        ``tolerance_m``, ``max_distance_m``, ``unverified``, ``on`` (the day of screening, as
        given), ``crs`` (of the sites), ``metric_crs`` (the zones that were measured in, joined
        by ``;``), ``rule_sets`` (joined by ``;``), ``rules_hash`` (of the rules), ``n_sites``,
        ``n_findings``. Texts, numbers and None, so that it can be written as JSON.

    Examples
    --------
    >>> from chaoyang_geo import load_examples, screen_sites
    >>> examples = load_examples("chaoyang")
    >>> screening = screen_sites(examples.sites, examples.zones, on="2026-11-22")
    >>> screening.options["n_sites"], screening.options["on"], len(screening.checked)
    (12, '2026-11-22', 4)
    """

    findings: pd.DataFrame
    sites: gpd.GeoDataFrame
    checked: pd.DataFrame
    rules: pd.DataFrame
    options: dict[str, Any]


def empty(columns: dict[str, str]) -> pd.DataFrame:
    """Return a table of no rows with these columns and dtypes."""
    import pandas as pd

    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in columns.items()})
