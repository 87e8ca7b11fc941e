"""Sites over zones: findings with verdicts, and the worst of them for each site."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from numbers import Real
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import GEOGRAPHIC, meridian_code, metric_crs, require_crs
from chaoyang_geo.schema import SchemaError, as_text, one_of, require, require_unique
from chaoyang_geo.screening.activities import find_activity
from chaoyang_geo.screening.doubt import bands, certain_conflicts
from chaoyang_geo.screening.findings import Measured, SiteTexts, findings_table
from chaoyang_geo.screening.ground import borders_of, diagonals, ground_of, in_crs, in_threads
from chaoyang_geo.screening.layers import ZoneTable, require_geometry, zone_table
from chaoyang_geo.screening.measure import Sites, measure_pairs, sites_of
from chaoyang_geo.screening.repair import GONE, INVALID, outlined, repair_polygons, repair_sites
from chaoyang_geo.screening.result import Screening
from chaoyang_geo.screening.rules import UNVERIFIED, Judge, rules_hash, rules_table
from chaoyang_geo.screening.verdicts import site_verdicts
from chaoyang_geo.screening.zones import accuracy_column, check_accuracies, checked_date

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

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
        A layer has no CRS, or a site lies outside the CGCS2000 zones.
    SchemaError
        A column is missing, a site code is there twice, a kind or grade is no key.
    ValueError
        An option is not what it must be: it names the option.

    Notes
    -----
    Severity, worst first: 禁止, 无法判断, 压线需复核, 限制, 允许有条件, 允许, 无冲突. What cannot be
    judged ranks behind what is forbidden, because nothing can make that worse, and before all
    others, because it may turn out to be forbidden.

    The band is the root of the sum of the squared accuracies of site and zone, else
    ``tolerance_m``. A conflict that would vanish if the site were moved within the band, and a
    zone that the site would reach, are 压线需复核, unless the rule allows the activity anyway. A
    site that only touches a zone is always 压线需复核.

    Zones of one layer, kind and grade that overlap at a site count as one zone, with their codes
    joined by ``;``; rows of one code are one zone. What lies on the seam of such zones, or in a
    crack between them narrower than 5 cm, lies inside. Where no layer could be checked, or one of
    them is empty or unreadable or has a zone without a usable shape, which may lie anywhere, or
    no rule speaks, the verdict is 无法判断, and says why; what is 禁止 stays so. The
    shares of a zone refer to the whole zone. Straight lines between vertices are straight in the
    CGCS2000 zone; of edges longer than some kilometres in degrees the middle may differ by
    metres.

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
    table = zone_table(zones, unreadable, day)
    shapes, flags, usable = repair_sites(sites.geometry.to_numpy())
    accuracy = np.full(len(sites), np.nan)
    if "accuracy_m" in sites.columns:
        accuracy = accuracy_column(sites["accuracy_m"], table="sites")
        check_accuracies(accuracy, table="sites")
    work = _Work(sites.crs, shapes, accuracy, table, float(tolerance_m), float(max_distance_m))
    groups = _metric_groups(sites, shapes, usable)
    none = [(meridian_code(120), np.zeros(0, np.int64))]
    found = _together([work.measured(crs, rows) for crs, rows in groups or none], table)
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
    """Return what the sites are called, and their activities by key; None is not known."""
    import numpy as np
    import pandas as pd

    words = as_text(sites["activity"])
    place, known = pd.factorize(words)
    keys = [find_activity(word) for word in known]
    distinct = list(dict.fromkeys(keys))
    number = np.array([distinct.index(key) for key in keys], dtype=np.int64)
    code, name = as_text(sites["site_code"]), as_text(sites["site_name"])
    return SiteTexts(code.array, name.array, words.array, number[place], distinct)


def _metric_groups(
    sites: gpd.GeoDataFrame, shapes: Shapes, usable: Bools
) -> list[tuple[str, Ints]]:
    """Return the CGCS2000 zones of the sites' middles, each with the rows of its sites."""
    import geopandas as gpd
    import numpy as np
    import shapely
    from pyproj import Transformer

    rows = np.flatnonzero(usable)
    if not len(rows):
        return []
    west, south, east, north = shapely.bounds(shapes[rows]).T
    turn = Transformer.from_crs(sites.crs, GEOGRAPHIC, always_xy=True)
    lon, lat = turn.transform(np.stack([west, west, east, east]), np.stack([south, north] * 2))
    west, east = lon.min(axis=0), lon.max(axis=0)
    with np.errstate(invalid="ignore"):
        meridian = 3 * np.round((west + east) / 6)
    outside = np.flatnonzero(~((meridian >= 75) & (meridian <= 135)))
    if len(outside):  # all, then one site by itself: the message tells where it lies
        boxes = shapely.box(west, lat.min(axis=0), east, lat.max(axis=0))
        layer = gpd.GeoSeries(boxes, crs=GEOGRAPHIC)
        metric_crs(layer, layer_name="sites")
        name = f"sites, row {rows[outside[0]] + 1}"
        metric_crs(layer.iloc[outside[:1]], layer_name=name)
    return [
        (meridian_code(int(each)), rows[meridian == each]) for each in np.unique(meridian).tolist()
    ]


@dataclass(frozen=True)
class _Work:
    """What the measuring of all sites has in common."""

    crs: Any
    shapes: Shapes
    accuracy: Floats
    table: ZoneTable
    tolerance_m: float
    max_distance_m: float

    def measured(self, crs: str, rows: Ints) -> tuple[Measured, dict[int, tuple[int, ...]]]:
        """Return the findings of the sites of these rows, measured in ``crs``.

        Besides, by place among the findings, the zones of those that concern several.
        """
        import numpy as np

        table = self.table
        site_accuracy = self.accuracy[rows]
        shapes = in_crs(self.shapes[rows], self.crs, crs)
        widest = np.zeros(len(rows))
        known = table.accuracy[~np.isnan(table.accuracy)]
        for worst in (np.max(known, initial=0.0), np.nan):
            band = bands(site_accuracy, np.full(len(rows), worst), self.tolerance_m)
            widest = np.maximum(widest, band)
        sites = sites_of(shapes, np.full(len(rows), self.max_distance_m), widest)
        records, box, place = _near(sites, crs, table)
        shapes = in_crs(table.shapes[records], table.records.crs, crs)
        drawn = shapes
        with ThreadPoolExecutor(1) as pool:  # nearly always there is nothing to mend
            borders = pool.submit(borders_of, drawn)
            shapes, repaired = in_threads(
                lambda rows: np.stack(repair_polygons(rows)), shapes, axis=1
            )
            as_drawn = None if (repaired != "").any() else borders.result()
        gone = repaired == GONE  # only by its coordinates in metres
        shapes[gone] = outlined(drawn[gone])
        good = np.isin(repaired, ("", INVALID, GONE))
        fit = good[place]
        box, place = box[fit], (np.cumsum(good) - 1)[place[fit]]
        records, shapes, repaired = records[good], shapes[good], repaired[good]
        ground = ground_of(
            crs, shapes, table.zone[records], table.group_of_zone, table.kind_of_zone, as_drawn
        )
        pairs, common = measure_pairs(sites, ground, (box, place))
        mended = np.zeros(len(table.group_of_zone), bool)
        mended[ground.zone[(repaired != "") | table.mended[records]]] = True
        accuracy, repairs = table.accuracy[pairs.zone], mended[pairs.zone]
        n_zones = np.ones(len(pairs.zone), np.int64)
        for row, zones in pairs.merged.items():
            accuracy[row] = np.max(table.accuracy[list(zones)])  # unknown where one of them is
            repairs[row], n_zones[row] = mended[list(zones)].any(), len(zones)
        band = bands(site_accuracy[pairs.site], accuracy, self.tolerance_m)
        sure = certain_conflicts(sites.shapes, pairs, common, ground, band)
        unknown = np.isnan(accuracy) | np.isnan(site_accuracy[pairs.site])
        kept = np.flatnonzero(
            (pairs.distance == 0) | (pairs.distance <= np.maximum(self.max_distance_m, band))
        )
        place = np.full(len(pairs.zone), -1)
        place[kept] = np.arange(len(kept))
        merged = {int(place[row]): zones for row, zones in pairs.merged.items() if place[row] >= 0}
        found = Measured(
            rows[pairs.site[kept]], pairs.zone[kept], n_zones[kept], pairs.group[kept],
            pairs.relation[kept], pairs.area[kept], pairs.length[kept],
            pairs.area_geodesic[kept], pairs.length_geodesic[kept], pairs.share_of_site[kept],
            pairs.share_of_zone[kept], pairs.distance[kept], band[kept], sure[kept],
            unknown[kept], repairs[kept], table.codes, table.names,
        )  # fmt: skip
        return found, merged


def _together(
    found: list[tuple[Measured, dict[int, tuple[int, ...]]]], table: ZoneTable
) -> Measured:
    """Join what was measured in several CGCS2000 zones; zones that count as one get one name."""
    import numpy as np

    values = {
        field.name: np.concatenate([getattr(part, field.name) for part, _ in found])
        for field in fields(Measured)
        if field.name not in ("codes", "names")
    }
    called: dict[tuple[int, ...], int] = {}
    begin = 0
    for part, merged in found:
        for place, zones in merged.items():
            number = called.setdefault(zones, len(table.codes) + len(called))
            values["called"][begin + place] = number
        begin += len(part.row)
    codes = [";".join(sorted(table.codes[list(zones)])) for zones in called]
    names = [";".join(sorted({*table.names[list(zones)]} - {""})) for zones in called]
    return Measured(
        **values,
        codes=np.append(table.codes, np.array(codes, dtype=object)),
        names=np.append(table.names, np.array(names, dtype=object)),
    )


def _near(sites: Sites, crs: str, table: ZoneTable) -> tuple[Ints, Ints, Ints]:
    """Return the records of the zones whose boxes come within reach of a site, and some more.

    Besides, pairs of a box of the sites and the place of a record among those.
    """
    import numpy as np
    from pyproj import CRS, Transformer

    low, high = sites.around
    to = table.records.crs
    if to != CRS.from_user_input(crs):
        middle = (low + high) / 2
        x = np.stack([(low, middle, high)[i][:, 0] for i in (0, 1, 2, 0, 2, 0, 1, 2)])
        y = np.stack([(low, middle, high)[i][:, 1] for i in (0, 0, 0, 1, 1, 2, 2, 2)])
        turn = Transformer.from_crs(crs, to, always_xy=True)
        around = np.stack(turn.transform(x, y), axis=2)
        low, high = np.fmin.reduce(around, axis=0), np.fmax.reduce(around, axis=0)
        # what is straight here is bent there
        few = 1e-4 if to.is_geographic else 10.0 / to.axis_info[0].unit_conversion_factor
        margin = 0.005 * (high - low).max(axis=1, initial=0)[:, None] + few
        low, high = low - margin, high + margin
    box, hit = table.tree.query(diagonals(low, high))
    row = table.usable_rows[hit]
    zones = np.zeros(len(table.group_of_zone), bool)
    zones[table.zone[row]] = True
    records = np.flatnonzero(table.usable & zones[table.zone])
    chunk = box < len(sites.low)  # the others are around whole polygons
    place = np.empty(len(table.zone), np.int64)
    place[records] = np.arange(len(records))
    return records, box[chunk].astype(np.int64), place[row[chunk]]
