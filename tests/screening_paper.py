"""Paper-sized sites and zones: metres from a corner in the zone of 120 E, easy to draw."""

import geopandas as gpd
import shapely
from shapely import affinity

CRS = "EPSG:4549"
EAST, NORTH = 500_000, 4_600_000


def at(shape):
    """Move a shape from paper coordinates to the ground."""
    return None if shape is None else affinity.translate(shape, EAST, NORTH)


def box(*edges):
    return shapely.box(*edges)


def zones(*shapes, kind="eco_red_line", grade="general", layer="L", codes=None, **columns):
    n = len(shapes)
    table = {
        "zone_code": codes or [f"Z{i}" for i in range(n)],
        "zone_name": columns.pop("names", [""] * n),
        "zone_kind": kind,
        "zone_grade": grade,
        "layer": layer,
        "version": "v1",
        "version_date": "2024-01-01",
        **columns,
    }
    return gpd.GeoDataFrame(table, geometry=[at(s) for s in shapes], crs=CRS)


def sites(*shapes, activity="solar_farm", **columns):
    n = len(shapes)
    table = {
        "site_code": [f"S{i}" for i in range(n)],
        "site_name": [f"示例{i}" for i in range(n)],
        "activity": activity,
        **columns,
    }
    return gpd.GeoDataFrame(table, geometry=[at(s) for s in shapes], crs=CRS)
