"""Worked values of the formulas pages: zones and what lies in them."""

import geopandas as gpd
from shapely import LineString, Point, affinity, box
from worked_tables import worked

import chaoyang_geo as cg

METRES = "EPSG:4549"


@worked
def source_zone():
    """A straight river with an intake in its middle: a strip along the river."""
    river = gpd.GeoDataFrame(
        {"reach_code": ["R1"], "river_name": ["甲河"]},
        geometry=[LineString([(5e5, 4.6e6), (5.2e5, 4.6e6)])],
        crs=METRES,
    )
    source = gpd.GeoDataFrame(
        {"water_source_code": ["W1"], "water_source_name": ["甲"]},
        geometry=[Point(5.1e5, 4.6e6)],
        crs=METRES,
    )
    zone = cg.water_source_zones(source, river, kind="river").iloc[0]
    west, _, east, _ = zone.geometry.bounds
    return f"{east - west:.0f} m × 2 × 50 m = {zone['area_km2']:.2f} km²"


# --- screening ------------------------------------------------------------------------------------


def zones_of(*rows):
    """Zones of one layer: kind, grade, box from a corner in metres, and what else there is."""
    table = [
        {"zone_code": f"Z{n}", "zone_name": "", "zone_kind": kind, "zone_grade": grade,
         "layer": "L", **more}
        for n, (kind, grade, _, more) in enumerate(rows)
    ]  # fmt: skip
    return gpd.GeoDataFrame(
        table, geometry=[near(box(*edges)) for *_, edges, _ in rows], crs=METRES
    )


def near(shape):
    return affinity.translate(shape, 5e5, 4.6e6)


def screened(shape, *rows, activity="光伏", **options):
    """Return the screening of one site, its shape from the corner in metres."""
    accuracy = options.pop("accuracy_m", None)
    site = gpd.GeoDataFrame(
        {"site_code": ["S"], "site_name": ["示例"], "activity": [activity],
         "accuracy_m": [float("nan") if accuracy is None else accuracy]},
        geometry=[near(shape)], crs=METRES,
    )  # fmt: skip
    return cg.screen_sites(site, zones_of(*rows), **options)


LINE, UNIT = ("eco_red_line", "general"), ("management_unit", "priority")
SQUARE = (0, 0, 1000, 1000)


@worked
def verdict_order():
    """One site in three zones: the worst of the verdicts is that on the site."""
    common = ("management_unit", "general", SQUARE, {})
    found = screened(box(100, 100, 200, 200), common, (*UNIT, SQUARE, {}), (*LINE, SQUARE, {}))
    return f"{', '.join(found.findings['verdict'])} → {found.sites['verdict'].iloc[0]}"


@worked
def edge_order():
    """One site 5 m from two zones: of equal verdicts the rule that forbids leads."""
    rows = screened(Point(1005, 500), (*UNIT, SQUARE, {}), (*LINE, SQUARE, {})).findings
    return "; ".join(f"{row.verdict} ({row.rule_verdict})" for row in rows.itertuples())


@worked
def band():
    def width(site_m, zone_m):
        zone = (*LINE, SQUARE, {} if zone_m is None else {"accuracy_m": float(zone_m)})
        found = screened(Point(1000, 500), zone, accuracy_m=site_m, tolerance_m=10.0)
        return f"{found.findings['band_m'].iloc[0]:g} m"

    return f"√(3² + 4²) = {width(3, 4)}; 30, —: {width(30, None)}; —, —: {width(None, None)} (10 m)"


@worked
def on_the_line():
    def verdict(east):
        return screened(Point(east, 500), (*LINE, SQUARE, {})).sites["verdict"].iloc[0]

    return "; ".join(f"{1000 - east:+g} m {verdict(east)}" for east in (989, 991, 1009, 1011))


@worked
def shares():
    row = screened(box(900, 0, 1100, 100), (*LINE, SQUARE, {})).findings.iloc[0]
    area = row["overlap_m2"]
    return (
        f"{area:.0f} / {200 * 100} = {100 * row['share_of_site']:g} %; "
        f"{area:.0f} / {1000 * 1000} = {100 * row['share_of_zone']:g} %"
    )


@worked
def dissolved():
    first, second = (*LINE, (0, 0, 600, 100), {}), (*LINE, (400, 0, 1000, 100), {})
    row = screened(box(*SQUARE), first, second).findings.iloc[0]
    return f"60000 + 60000 - 20000 = {row['overlap_m2']:.0f} m²"


@worked
def ellipsoid():
    """At the edge of the 3-degree zone of 120°E, where the two differ most."""
    site = gpd.GeoDataFrame(
        {"site_code": ["S"], "site_name": ["示例"], "activity": ["光伏"]},
        geometry=[box(118.50, 41.50, 118.51, 41.51)],
        crs="EPSG:4490",
    )
    zone = zones_of((*LINE, SQUARE, {})).to_crs("EPSG:4490")
    zone.geometry = [box(118.4, 41.4, 118.6, 41.6)]
    row = cg.screen_sites(site, zone).findings.iloc[0]
    ratio = row["overlap_m2"] / row["overlap_m2_geodesic"]
    return f"118.5°E: {ratio:.5f} < 1.001"
