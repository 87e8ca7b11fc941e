"""Sites over zones: findings with verdicts, and the worst of them for each site."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from numbers import Real
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import require_crs
from chaoyang_geo.schema import SchemaError, as_text, one_of, require, require_unique
from chaoyang_geo.screening.activities import find_activity
from chaoyang_geo.screening.findings import SiteTexts, findings_table
from chaoyang_geo.screening.layers import require_geometry, zone_table
from chaoyang_geo.screening.metric import Work, metric_groups
from chaoyang_geo.screening.repair import repair_sites
from chaoyang_geo.screening.result import Screening
from chaoyang_geo.screening.rules import UNVERIFIED, Judge, rules_hash, rules_table
from chaoyang_geo.screening.verdicts import site_verdicts
from chaoyang_geo.screening.zones import accuracy_column, check_accuracies, checked_date

if TYPE_CHECKING:
    import geopandas as gpd

_SITE_NEEDED = ("site_code", "site_name", "activity")


def screen_sites(
    sites: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | Sequence[gpd.GeoDataFrame],
    *,
    rules: Any = "builtin",
    tolerance_m: float = 10.0,
    max_distance_m: float = 1000.0,
    on: str | None = None,
    unreadable: Mapping[str, str] | Iterable[str | tuple[str, str]] = (),
    unverified: str = "mark",
) -> Screening:
    """Lay project sites over zones and give each a verdict with its reasons.

    Each site is measured in metres, in the CGCS2000 3-degree zone of its own middle, so that the
    answer for a site does not depend on which others are asked for. Neither input is changed.

    Required columns: ``sites``: ``site_code`` (unique), ``site_name``, ``activity`` (a key, a
    name or a synonym of :func:`activities_table`), used where present ``accuracy_m``; ``zones``:
    ``zone_code``, ``zone_name``, ``zone_kind``, ``zone_grade``, ``layer``, as
    :func:`read_zones` makes them, used where present ``version``, ``version_date``,
    ``content_hash``, ``accuracy_m``, ``source``, ``quality``, ``zone_flag``.

    Parameters
    ----------
    sites : GeoDataFrame of points, lines or polygons, also mixed, any CRS
    zones : GeoDataFrame of polygons, any CRS, or a list of them
    rules
        See :func:`rules_table`.
    tolerance_m : float, metres
        Half-width of the band of doubt where an accuracy is not known.
    max_distance_m : float, metres
        Zones up to this far from a site are listed as ``near``.
    on : str, optional
        Day of the screening, ``2025-06-01``, for the record.
    unreadable : mapping or iterable
        Layers that were to be checked and could not be read: names, pairs of name and reason, or
        a mapping of these.
    unverified : {"mark", "leave_out"}
        What to do with rules that nobody has checked against their text. ``mark``: where no
        other rule speaks they decide, and may make a verdict stricter, never milder; the finding
        says so. ``leave_out``: they play no part.

    Returns
    -------
    Screening
        ``findings``, ``sites``, ``checked``, ``rules``, ``options``.

    Raises
    ------
    CRSError
        A layer has no CRS, or all sites lie outside the CGCS2000 zones.
    SchemaError
        A column is missing, a site code is there twice, a kind or grade is no key.
    ValueError
        An option is not what it must be: it names the option.

    Notes
    -----
    Severity, worst first: 禁止, 无法判断, 压线需复核, 限制, 允许有条件, 允许, 无冲突. What cannot be
    judged ranks behind what is forbidden, because nothing can make that worse, and before all
    others, because it may turn out to be forbidden.

    A site outside the CGCS2000 3-degree zones (73.5 to 136.5 E), or without a place on the earth,
    is 无法判断 and flagged; the others are screened as usual.

    The band is the root of the sum of the squared accuracies of site and zone, else
    ``tolerance_m``. A conflict that would vanish if the site were moved within the band, and a
    zone that the site would reach, are 压线需复核, unless the rule allows the activity anyway. A
    site that only touches a zone is always 压线需复核.

    Zones of one layer, kind and grade that overlap at a site count as one zone, with their codes
    joined by ``;``; rows of one code are one zone. What lies on the seam of such zones, or in a
    crack between them narrower than 5 cm, lies inside. Where no layer could be checked, or one of
    them is empty or unreadable or has a zone without a usable shape, which may lie anywhere, or is
    in another datum than the sites (Beijing 1954, Xian 1980) without parameters in its CRS, or no
    rule speaks, the verdict is 无法判断, and says why; what is 禁止 stays so. The shares of a zone
    refer to the whole zone. An edge is straight in the CRS of its layer: in metres
    it gets vertices, so many that it lies within half a millimetre of where it was drawn. A zone
    wider than 90 degrees counts as one without a usable shape.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point, box
    >>> from chaoyang_geo.screening import read_zones, screen_sites
    >>> line = gpd.GeoDataFrame({"名称": ["示例红线"]}, geometry=[box(5e5, 4.6e6, 5.02e5, 4.602e6)],
    ...                         crs="EPSG:4549")
    >>> zones = read_zones(line, kind="红线", grade="一般控制区", version="1", version_date="")
    >>> sites = gpd.GeoDataFrame(
    ...     {"site_code": ["A", "B"], "site_name": ["示例光伏", "示例公路"],
    ...      "activity": ["光伏", "公路"]},
    ...     geometry=[box(501000, 4601000, 501100, 4601100), Point(502300, 4601000)],
    ...     crs="EPSG:4549")
    >>> screening = screen_sites(sites, zones)
    >>> screening.sites[["site_code", "verdict", "n_zones"]]
      site_code verdict  n_zones
    0         A      禁止        1
    1         B     无冲突        0
    >>> screening.findings[["site_code", "relation", "overlap_m2", "distance_m", "verdict"]]
      site_code relation  overlap_m2  distance_m verdict
    0         A   inside     10000.0         0.0      禁止
    1         B     near         0.0       300.0     无冲突
    """
    import geopandas as gpd
    import numpy as np

    if not isinstance(sites, gpd.GeoDataFrame):
        raise SchemaError(
            f"sites: {type(sites).__name__} has no geometry; give a GeoDataFrame, from columns of "
            "coordinates with geopandas.GeoDataFrame(table, geometry=geopandas.points_from_xy(...), "
            "crs=...)."
        )
    require_geometry(sites, "sites")
    require_crs(sites, layer_name="sites")
    require(sites, _SITE_NEEDED, table="sites")
    require_unique(sites, "site_code", table="sites")
    for name, value in (("tolerance_m", tolerance_m), ("max_distance_m", max_distance_m)):
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not (number and math.isfinite(value) and value >= 0):
            raise ValueError(f"{name}={value!r} is no distance; give metres, 0 or more.")
    one_of("unverified", unverified, UNVERIFIED)
    day = checked_date("on", on)
    used = rules_table(rules, unverified=unverified)
    with ThreadPoolExecutor(1) as pool:
        repaired = pool.submit(repair_sites, sites.geometry.to_numpy())
        table = zone_table(zones, unreadable, day, sites.crs)
        shapes, flags, usable = repaired.result()
    accuracy = np.full(len(sites), np.nan)
    if "accuracy_m" in sites.columns:
        accuracy = accuracy_column(sites["accuracy_m"], table="sites")
        check_accuracies(accuracy, table="sites")
    groups, flags, usable = metric_groups(sites.crs, shapes, flags, usable)
    work = Work(sites.crs, shapes, accuracy, table, float(tolerance_m), float(max_distance_m))
    found = work.measured(groups)
    texts = _site_texts(sites)
    findings = findings_table(found, table, Judge(used), texts)
    judged = site_verdicts(sites, shapes, flags, usable, texts, findings, table)
    options = {
        "tolerance_m": float(tolerance_m),
        "max_distance_m": float(max_distance_m),
        "unverified": unverified,
        "on": day,
        "crs": sites.crs.to_string(),
        "metric_crs": ";".join(crs for crs, _ in groups),
        "rule_sets": ";".join(dict.fromkeys(used["rule_set"])),
        "rules_hash": rules_hash(used),
        "n_sites": len(sites),
        "n_findings": len(findings.table),
    }
    return Screening(findings.table, judged, table.checked, used, options)


def _site_texts(sites: gpd.GeoDataFrame) -> SiteTexts:
    """Return what the sites are called, and their activities by key; None is not known, '' not said."""
    import numpy as np
    import pandas as pd

    words = as_text(sites["activity"])
    place, known = pd.factorize(words)
    keys = [find_activity(word) if word.strip() else "" for word in known]
    distinct = list(dict.fromkeys(keys))
    number = np.array([distinct.index(key) for key in keys], dtype=np.int64)
    code, name = as_text(sites["site_code"]), as_text(sites["site_name"])
    return SiteTexts(code.array, name.array, words.array, number[place], distinct)
