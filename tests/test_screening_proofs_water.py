"""The distances of drinking-water zones and the way downstream: each figure shown by itself."""

import geopandas as gpd
import pytest
from shapely import LineString, Point, box

from chaoyang_geo.rivers import river_network, water_source_zones
from chaoyang_geo.rivers.source_distances import SOURCE_KINDS, grades_of

X, Y = 500_000, 4_600_000
WHOLE, BASIN = "水域全部", "陆域至集水范围边界"
#: HJ 338-2018 as the table of the library has it; nobody has checked it against the standard.
DISTANCES = {
    "river": ("上游1000 m、下游100 m、陆域50 m", "上游2000 m、下游200 m、陆域1000 m"),
    "tidal_river": ("上游1000 m、下游1000 m、陆域50 m",),
    "small_reservoir": (f"{WHOLE}、陆域200 m", BASIN),
    "plain_medium_reservoir": ("水域300 m、陆域200 m", f"{WHOLE}、陆域2000 m"),
    "hill_medium_reservoir": ("水域300 m、陆域200 m", f"上游3000 m、{WHOLE}、{BASIN}"),
    "large_reservoir": ("水域500 m、陆域200 m", "水域2000 m、陆域3000 m"),
    "small_lake": ("水域300 m、陆域200 m", f"{WHOLE}、陆域2000 m"),
    "large_lake": ("水域500 m、陆域200 m", "水域2000 m、陆域3000 m"),
    "single_use": (f"{WHOLE}、陆域200 m",),
}


def test_every_kind_of_source_has_its_distances_and_none_is_called_verified():
    assert set(DISTANCES) == set(SOURCE_KINDS) - {"well"}
    for kind, words in DISTANCES.items():
        grades = grades_of(kind, {})
        assert tuple(grade.words for grade in grades) == words, kind
        assert [grade.key for grade in grades] == ["primary", "secondary"][: len(words)]
        assert {grade.status for grade in grades} == {"unverified"}


def test_any_distance_of_a_grade_may_be_the_callers():
    own = {
        "primary_upstream_m": 10.0, "primary_downstream_m": 20.0, "primary_land_m": 30.0,
        "secondary_upstream_m": 40.0, "secondary_downstream_m": 50.0, "secondary_land_m": 60.0,
        "quasi_upstream_m": 70.0, "quasi_downstream_m": 80.0, "quasi_land_m": 90.0,
    }  # fmt: skip
    line = gpd.GeoDataFrame(
        {"reach_code": ["A"], "river_name": ["大河"]},
        geometry=[LineString([(X, Y), (X + 9000, Y)])], crs=4549,
    )  # fmt: skip
    place = gpd.GeoDataFrame(
        {"water_source_code": ["W"], "water_source_name": ["示例"]},
        geometry=[Point(X + 5000, Y)], crs=4549,
    )  # fmt: skip
    drawn = water_source_zones(place, river_network(line), kind="river", **own)
    # each grade goes on where the stricter one ends, up and down the river
    around = [
        box(X + 4990, Y - 30, X + 5020, Y + 30),
        box(X + 4950, Y - 60, X + 5070, Y + 60),
        box(X + 4880, Y - 90, X + 5150, Y + 90),
    ]
    inner = None
    for shape, whole in zip(drawn.geometry, around, strict=True):
        expected = whole if inner is None else whole.difference(inner)
        assert shape.symmetric_difference(expected).area < 1e-3
        inner = whole
    assert drawn["status"].tolist() == ["user"] * 3
    with pytest.raises(ValueError, match="primary_water_m"):
        water_source_zones(place, river_network(line), kind="river", primary_water_m=5.0)
