"""Sites over zones: findings with verdicts, and the worst of them for each site."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import meridian_code, metric_crs, require_crs
from chaoyang_geo.schema import as_text, one_of, require, require_unique
from chaoyang_geo.screening import repair
from chaoyang_geo.screening.activities import find_activity
from chaoyang_geo.screening.decide import Judge
from chaoyang_geo.screening.doubt import bands, certain_conflicts
from chaoyang_geo.screening.findings import WORKING_COLUMNS, Measured, findings_table
from chaoyang_geo.screening.layers import ZoneTable, zone_table
from chaoyang_geo.screening.measure import ground_of, measure_pairs
from chaoyang_geo.screening.result import FINDING_COLUMNS, Screening, empty
from chaoyang_geo.screening.rules import UNVERIFIED, rules_hash, rules_table
from chaoyang_geo.screening.verdicts import site_verdicts
from chaoyang_geo.screening.words import VERDICTS
from chaoyang_geo.screening.zones import accuracy_column, check_accuracies, checked_date

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

_SITE_NEEDED = ("site_code", "site_name", "activity")
_METRES_PER_DEGREE = 110_000.0


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
        An option is not what it must be.

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
    joined by ``;``; rows of one code are one zone. Where no layer could be checked, or one of
    them is empty or unreadable, or no rule speaks, the verdict is 无法判断, and says why. The
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
    import numpy as np
    import pandas as pd

    require_crs(sites, layer_name="sites")
    require(sites, _SITE_NEEDED, table="sites")
    require_unique(sites, "site_code", table="sites")
    for name, value in (("tolerance_m", tolerance_m), ("max_distance_m", max_distance_m)):
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name}={value!r} is no distance; give metres, 0 or more.")
    one_of("unverified", unverified, UNVERIFIED)
    day = checked_date("on", on)
    used = rules_table(rules, unverified=unverified)
    table = zone_table(zones, unreadable, day)
    shapes, flags, usable = repair.repair_sites(sites.geometry.to_numpy())
    accuracy = np.full(len(sites), np.nan)
    if "accuracy_m" in sites.columns:
        accuracy = accuracy_column(sites["accuracy_m"], table="sites")
        check_accuracies(accuracy, table="sites")
    work = _Work(sites, shapes, accuracy, table, Judge(used), tolerance_m, max_distance_m)
    parts, systems = [], []
    for crs, rows in _metric_groups(sites, shapes, usable):
        systems.append(crs)
        parts.append(work.findings(crs, rows))
    found = [part for part in parts if len(part)]
    findings = pd.concat(found, ignore_index=True) if found else empty(WORKING_COLUMNS)
    rank = findings["verdict"].map({verdict: at for at, verdict in enumerate(VERDICTS)})
    order = np.lexsort(
        (
            findings["zone_code"].to_numpy(dtype=object).astype(str),
            findings["layer"].to_numpy(dtype=object).astype(str),
            findings["distance_m"],
            rank,
            findings["row"],
        )
    )
    findings = findings.iloc[order].reset_index(drop=True)
    judged = site_verdicts(sites, shapes, flags, usable, work.activities, findings, table)
    options = {
        "tolerance_m": float(tolerance_m),
        "max_distance_m": float(max_distance_m),
        "unverified": unverified,
        "on": day,
        "crs": sites.crs.to_string(),
        "metric_crs": ";".join(systems),
        "rule_sets": ";".join(dict.fromkeys(used["rule_set"])),
        "rules_hash": rules_hash(used),
        "n_sites": len(sites),
        "n_findings": len(findings),
    }
    kept = findings[list(FINDING_COLUMNS)].astype(FINDING_COLUMNS)
    return Screening(kept, judged, table.checked, used, options)


def _metric_groups(
    sites: gpd.GeoDataFrame, shapes: Shapes, usable: Bools
) -> list[tuple[str, Ints]]:
    """Return the CGCS2000 zones of the sites' middles, each with the rows of its sites."""
    import geopandas as gpd
    import numpy as np

    rows = np.flatnonzero(usable)
    if not len(rows):
        return []
    layer = gpd.GeoSeries(shapes[rows], crs=sites.crs)
    metric_crs(layer, layer_name="sites")  # refuses what lies outside
    box = layer.to_crs("EPSG:4490").bounds
    meridian = 3 * np.round((box["minx"].to_numpy() + box["maxx"].to_numpy()) / 6).astype(int)
    outside = np.flatnonzero((meridian < 75) | (meridian > 135))
    if len(outside):  # one site by itself: the message tells where it lies
        name = f"sites, row {rows[outside[0]] + 1}"
        metric_crs(layer.iloc[outside[:1]], layer_name=name)
    return [
        (meridian_code(int(each)), rows[meridian == each]) for each in np.unique(meridian).tolist()
    ]


class _Work:
    """What the findings of all sites have in common; nothing changes while they are made."""

    def __init__(
        self,
        sites: gpd.GeoDataFrame,
        shapes: Shapes,
        accuracy: Floats,
        table: ZoneTable,
        judge: Judge,
        tolerance_m: float,
        max_distance_m: float,
    ) -> None:
        import shapely

        self._shapes, self._crs, self._accuracy = shapes, sites.crs, accuracy
        self._table, self._judge = table, judge
        self._tolerance, self._max_distance = tolerance_m, max_distance_m
        words = as_text(sites["activity"])
        known = {word: find_activity(word) for word in words.unique()}
        self.activities: list[str | None] = [known[word] for word in words]
        self._texts = {
            "site_code": as_text(sites["site_code"]).to_numpy(dtype=object),
            "site_name": as_text(sites["site_name"]).to_numpy(dtype=object),
            "activity": words.to_numpy(dtype=object),
        }
        self._zone_rows = table.usable.nonzero()[0]
        self._tree = shapely.STRtree(table.records.geometry.to_numpy()[self._zone_rows])

    def findings(self, crs: str, rows: Ints) -> pd.DataFrame:
        """Return the findings of the sites of these rows, measured in ``crs``."""
        import geopandas as gpd
        import numpy as np

        sites = gpd.GeoSeries(self._shapes[rows], crs=self._crs).to_crs(crs).to_numpy()
        known = self._table.accuracy[~np.isnan(self._table.accuracy)]
        reach = np.full(len(rows), self._max_distance)
        for worst in (np.max(known, initial=0.0), np.nan):
            band = bands(self._accuracy[rows], np.full(len(rows), worst), self._tolerance)
            reach = np.maximum(reach, band)
        records = self._near(rows, float(reach.max(initial=0.0)))
        if not len(records):
            return empty(WORKING_COLUMNS)
        frame = self._table.records.geometry.iloc[records].to_crs(crs)
        shapes, repaired = repair.repair_polygons(frame.to_numpy())
        good = np.isin(repaired, ("", repair.INVALID))
        records, shapes, repaired = records[good], shapes[good], repaired[good]
        ground = ground_of(crs, shapes, self._table.zone[records], self._table.group_of_zone)
        pairs = measure_pairs(sites, ground, reach_m=reach)
        mended = repaired != ""
        mended |= (self._table.records["zone_flag"].iloc[records] == repair.INVALID).to_numpy()
        accuracy = self._table.accuracy[[zones[0] for zones in pairs.zones]]
        for at, zones in enumerate(pairs.zones):
            if len(zones) > 1:  # unknown where one of them is
                accuracy[at] = np.max(self._table.accuracy[list(zones)])
        band = bands(self._accuracy[rows][pairs.site], accuracy, self._tolerance)
        kept = (pairs.relation != "near") | (pairs.distance <= np.maximum(self._max_distance, band))
        sure = certain_conflicts(sites, pairs, ground, band)
        unknown = np.isnan(accuracy) | np.isnan(self._accuracy[rows][pairs.site])
        measured = Measured(
            pairs, rows[pairs.site], band, sure, unknown,
            set(self._table.zone[records[mended]].tolist()),
        )  # fmt: skip
        return findings_table(
            measured, np.flatnonzero(kept), self._table, self._judge, self.activities, self._texts
        )

    def _near(self, rows: Ints, reach_m: float) -> Ints:
        """Return the zone records whose boxes come within reach of a site's box, and some more."""
        import geopandas as gpd
        import numpy as np
        import shapely

        crs = self._table.records.crs
        boxes = gpd.GeoSeries(self._shapes[rows], crs=self._crs).to_crs(crs).bounds.to_numpy()
        # degrees are shorter and web-Mercator metres longer than their number says
        if crs.is_geographic:
            lat = np.minimum(89.0, np.abs(boxes[:, [1, 3]]).max(axis=1))
            margin = 1.1 * reach_m / _METRES_PER_DEGREE / np.cos(np.radians(lat)) + 1e-4
        else:
            unit = crs.axis_info[0].unit_conversion_factor
            margin = np.full(len(boxes), (2.0 * reach_m + 10.0) / unit)
        wide = shapely.box(
            boxes[:, 0] - margin, boxes[:, 1] - margin, boxes[:, 2] + margin, boxes[:, 3] + margin
        )
        return np.asarray(self._zone_rows[np.unique(self._tree.query(wide)[1])], dtype=np.int64)
