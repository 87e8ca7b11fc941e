"""Worked values of the formulas pages: zones and what lies in them."""

import geopandas as gpd
from shapely import LineString, Point
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
