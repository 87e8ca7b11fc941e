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


# --- the way downstream, and ways out ---------------------------------------------------------------


@worked
def reach_distance():
    """A straight river, a site 300 m beside it at 1 km, a zone from 8.4 km on."""
    line = gpd.GeoDataFrame(
        {"reach_code": ["R1"], "river_name": ["甲河"]},
        geometry=[near(LineString([(0, 0), (20000, 0)]))],
        crs=METRES,
    )
    site = gpd.GeoDataFrame({"site_code": ["S"]}, geometry=[near(Point(1000, 300))], crs=METRES)
    zone = zones_of(("drinking_water", "primary", (8400, -500, 9000, 500), {}))
    row = cg.river_reach_check(site, zone, cg.river_network(line)).iloc[0]
    return f"8.4 km - {row['measure_m'] / 1000:g} km = {row['distance_km']:.1f} km"


def one_site(shape):
    return gpd.GeoDataFrame(
        {"site_code": ["S"], "site_name": ["示例"]}, geometry=[near(shape)], crs=METRES
    )


@worked
def free_part():
    """A square of 100 m with a zone of 20 m right through it."""
    zone = zones_of((*LINE, (40, 0, 60, 100), {}))
    said = []
    for clearance in (0, 5):
        row = cg.free_parts(one_site(box(0, 0, 100, 100)), zone, clearance_m=clearance).iloc[0]
        said.append(f"{row['site_m2']:.0f} - {row['conflict_m2']:.0f} = {row['free_m2']:.0f} m²")
    return "; 5 m: ".join(said)


@worked
def smallest_shift():
    """A square that reaches 50 m into a zone."""
    site = one_site(box(950, 400, 1050, 500))
    said = []
    for clearance in (0, 20):
        zone = zones_of((*LINE, SQUARE, {}))
        row = cg.smallest_shift(site, zone, clearance_m=clearance).iloc[0]
        assert row["bearing_zh"] == "东"
        said.append(f"50 + {clearance}: {row['shift_m']:.2f} m")
    return "; ".join(said)


@worked
def stretch():
    line = one_site(LineString([(0, 500), (3000, 500)]))
    row = cg.conflict_stretches(line, zones_of((*LINE, (1250, 0, 1750, 1000), {}))).iloc[0]
    return (
        f"{row['from_km']:g}–{row['to_km']:g} km: {row['from_stake']}–{row['to_stake']}, "
        f"{row['length_m']:.0f} m"
    )


@worked
def distance_band():
    """A strip of 4 km by 1 km whose first kilometre is a zone that goes on to the sides."""
    area = gpd.GeoSeries([near(box(0, 0, 4000, 1000))], crs=METRES)
    zone = zones_of((*LINE, (0, -9000, 1000, 9000), {}))
    bands = cg.zone_distance_contours(zone, within=area, distances_m=[500, 1000])
    return ", ".join(f"{100 * share:g} %" for share in bands["share"].round(6))
