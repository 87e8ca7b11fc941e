"""Drinking-water zones from distances, and banks: strips, circles, grades that do not overlap."""

import json
import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box

from chaoyang_geo.crs import CRSError
from chaoyang_geo.rivers import river_buffer, river_network, water_source_zones
from chaoyang_geo.rivers.banks import BANK_COLUMNS
from chaoyang_geo.rivers.source_distances import GRADES, SOURCE_KINDS
from chaoyang_geo.rivers.source_zones import DERIVED_ZONE_COLUMNS
from chaoyang_geo.schema import COLUMNS, SchemaError
from chaoyang_geo.standards import STATUSES
from chaoyang_geo.standards.tables import table

FACTS = Path(__file__).resolve().parents[2] / "shared/standards/spatial_rules.json"
X, Y = 500_000, 4_600_000


def km(x, y):
    return (X + x * 1000, Y + y * 1000)


def made(*rows):
    """A network from (code, to_code, coordinates in km from a corner)."""
    codes, to, lines = zip(*rows, strict=True)
    frame = gpd.GeoDataFrame(
        {"reach_code": codes, "to_code": to, "river_name": "大河"}, crs=4549,
        geometry=[LineString([km(*xy) for xy in line]) for line in lines],
    )  # fmt: skip
    return river_network(frame, tolerance_m=1, order="to_code")


def source(shape, **more):
    return gpd.GeoDataFrame(
        {"water_source_code": ["W1"], "water_source_name": ["示例水库"], **more},
        geometry=[shape], crs=4549,
    )  # fmt: skip


def shapes(zones):
    return dict(zip(zones["zone_grade"], zones.geometry, strict=True))


STRAIGHT = made(("A", None, [(0, 0), (20, 0)]))
# a tributary from the north comes in at x = 10
CONFLUENCE = made(
    ("A", "C", [(0, 0), (10, 0)]), ("B", "C", [(10, 10), (10, 0)]), ("C", None, [(10, 0), (20, 0)])
)
# M parts at x = 5 into an arm of 2 km and one of 4 km, which meet at x = 7
BRAID = made(
    ("M", "M1;M2", [(0, 0), (5, 0)]),
    ("M1", "R", [(5, 0), (7, 0)]),
    ("M2", "R", [(5, 0), (5, 1), (7, 1), (7, 0)]),
    ("R", None, [(7, 0), (20, 0)]),
)
LAKE = box(*km(0, 0), *km(10, 10))


# ---------------------------------------------------------------- what data are like


@pytest.mark.parametrize("place", [Point(np.inf, np.inf), Point(np.nan, 1), Point(), None])
def test_an_intake_without_a_usable_position_has_no_zone(place):
    table = pd.concat([source(place), source(Point(km(15, 0)), water_source_code="W2")])
    zones = water_source_zones(table, STRAIGHT, kind="river")
    assert zones.geometry.isna().tolist() == [True, True, False, False]
    assert "取水口未就位：取水口没有位置" in zones["zone_flag"][0]
    wells = water_source_zones(table, kind="well", primary_land_m=30)
    assert "水井没有位置" in wells["zone_flag"][0] and wells.geometry[1] is not None


def test_a_network_without_a_reach_gives_no_zone_and_says_so():
    empty = gpd.GeoDataFrame({"reach_code": [], "river_name": []}, geometry=[], crs=4549)
    zones = water_source_zones(source(Point(km(15, 0))), empty, kind="river")
    assert zones.geometry.isna().all()
    assert zones["zone_flag"].str.contains("取水口未就位：河网没有可用的河段").all()


def test_a_source_without_a_name_is_called_by_its_code():
    table = source(Point(km(15, 0)), water_source_name=[None])
    zones = water_source_zones(table, STRAIGHT, kind="river")
    assert zones["zone_name"].tolist() == ["W1水源一级保护区", "W1水源二级保护区"]


def test_a_catchment_elsewhere_and_an_intake_beside_the_water_are_said():
    far = source(box(*km(0, 50), *km(1, 51)))
    zones = water_source_zones(source(Point(km(15, 0))), STRAIGHT, kind="river", catchments=far)
    assert zones.geometry.isna().all()
    assert zones["zone_flag"].str.contains("集水范围不含此处").all()
    beside = source(Point(km(10.1, 5)))
    zones = water_source_zones(source(LAKE), kind="large_reservoir", intakes=beside)
    assert zones["zone_flag"].str.contains("取水口在水面之外 100 米").all()
    assert not zones.geometry.isna().any()


def test_large_numbers_are_written_out_and_texts_are_no_distances():
    far = {"quasi_upstream_m": 1234567.0, "quasi_land_m": np.int64(1000)}
    zones = water_source_zones(source(Point(km(15, 0))), STRAIGHT, kind="river", **far)
    assert zones["zone_distances"].iloc[-1] == "上游1234567 m、陆域1000 m"
    for value in ("80", True):
        with pytest.raises(ValueError, match="primary_land_m=.* is no distance; give metres"):
            water_source_zones(source(LAKE), kind="single_use", primary_land_m=value)
    with pytest.raises(SchemaError, match="row 1 of accuracy_m holds 'x'"):
        water_source_zones(source(LAKE, accuracy_m="x"), kind="single_use")


# ---------------------------------------------------------------- along rivers


def test_zones_on_a_straight_river_are_rectangles():
    zones = water_source_zones(source(Point(km(15, 0))), STRAIGHT, kind="river")
    found = shapes(zones)
    primary, both = (
        box(X + 14000, Y - 50, X + 15100, Y + 50),
        box(X + 12000, Y - 1000, X + 15300, Y + 1000),
    )
    assert found["primary"].symmetric_difference(primary).area < 1e-3
    assert found["secondary"].symmetric_difference(both - primary).area < 1e-3
    assert zones["area_km2"].tolist() == pytest.approx([0.11, 6.49])
    assert zones["zone_distances"].tolist() == [
        "上游1000 m、下游100 m、陆域50 m",
        "上游2000 m、下游200 m、陆域1000 m",
    ]
    assert (zones["status"] == "unverified").all()
    assert zones["zone_flag"].str.contains("未对照条文核实").all()
    assert "准保护区没有距离，未划" in zones["zone_flag"].iloc[-1]


def test_the_width_of_the_water_comes_on_top():
    zones = water_source_zones(source(Point(km(15, 0))), STRAIGHT, kind="river", river_width_m=60)
    assert zones["area_km2"].iloc[0] == pytest.approx(1.1 * 0.16)
    assert not zones["zone_flag"].str.contains("中心线").any()


def test_above_a_confluence_the_distance_runs_up_both_rivers():
    at = source(Point(km(10.4, 0)))
    zones = water_source_zones(at, CONFLUENCE, kind="river")
    primary = shapes(zones)["primary"]
    # 400 m to the confluence, then 600 m up either river, square at the ends
    assert primary.bounds == pytest.approx((X + 9400, Y - 50, X + 10500, Y + 600))
    assert primary.area == pytest.approx(1100 * 100 + 550 * 100)
    stem = water_source_zones(at, CONFLUENCE, kind="river", tributaries=False)
    assert shapes(stem)["primary"].area == pytest.approx(1100 * 100)


def test_at_the_confluence_itself_both_rivers_are_above():
    zones = water_source_zones(source(Point(km(10, 0))), CONFLUENCE, kind="river")
    expected = shapely.union_all(
        [box(X + 9000, Y - 50, X + 10100, Y + 50), box(X + 9950, Y, X + 10050, Y + 1000)]
    )
    assert shapes(zones)["primary"].symmetric_difference(expected).area < 2500
    alone = water_source_zones(
        source(Point(km(10, 0))), CONFLUENCE, kind="river", tributaries=False
    )
    assert alone["area_km2"][0] < zones["area_km2"][0] - 0.08


@pytest.mark.parametrize("above_m", [0.4, 0.9])
def test_a_hair_above_the_confluence_is_the_confluence(above_m):
    x, y = km(10, 0.001)
    at, near = (
        water_source_zones(source(Point(x - by, y)), CONFLUENCE, kind="river")
        for by in (0, above_m)
    )
    assert near["area_km2"].to_numpy() == pytest.approx(at["area_km2"].to_numpy(), rel=1e-9)
    # cut off square: 300 m below, and 1000 m to either side
    assert not near.geometry[1].intersects(Point(km(10.35, -0.9)))


def test_below_the_confluence_the_other_river_is_not_upstream():
    zones = water_source_zones(source(Point(km(9.95, 0))), CONFLUENCE, kind="river")
    assert shapes(zones)["primary"].bounds == pytest.approx(
        (X + 8950, Y - 50, X + 10050, Y + 50), abs=1e-6
    )


def test_a_braid_is_followed_up_and_down_all_arms():
    down = water_source_zones(
        source(Point(km(4.5, 0))), BRAID, kind="river", primary_downstream_m=1000,
        primary_upstream_m=0,
    )  # fmt: skip
    # 500 m to the fork, 500 m into either arm; the corner at the fork is filled
    primary = shapes(down)["primary"]
    assert primary.bounds == pytest.approx((X + 4500, Y - 50, X + 5500, Y + 500), abs=1e-6)
    up = water_source_zones(source(Point(km(7.5, 0))), BRAID, kind="river", primary_upstream_m=3000)
    found = shapes(up)["primary"]
    # the arm of 2 km leads 500 m above the fork, that of 4 km ends 1.5 km short of it
    assert found.bounds[0] == pytest.approx(X + 4500)
    assert found.contains(Point(km(6, 1))) and not found.contains(Point(km(5, 0.8)))


@pytest.mark.parametrize("first", ["A", "B"])
def test_of_arms_that_join_apart_both_are_followed_down(first):
    # M parts at x = 5: A comes to the head of R at x = 7, B joins R two kilometres further down
    other = "B" if first == "A" else "A"
    network = made(
        ("M", f"{first};{other}", [(0, 0), (5, 0)]),
        ("A", "R", [(5, 0), (5, -3), (7, -3), (7, 0)]),
        ("B", "R", [(5, 0), (7, 0.5), (9, 0)]),
        ("R", None, [(7, 0), (9, 0), (20, 0)]),
    )
    zone = water_source_zones(
        source(Point(km(4, 0))), network, kind="river",
        primary_upstream_m=0, primary_downstream_m=9500, primary_land_m=10,
        secondary_upstream_m=0, secondary_downstream_m=0, secondary_land_m=0,
    ).geometry[0]  # fmt: skip
    # by A: 1 + 8 km to the head of R, and half a kilometre of it
    assert zone.intersects(Point(km(7.49, 0))) and not zone.intersects(Point(km(7.52, 0)))
    # by B: 1 + 4.123 km, then R from x = 9
    assert zone.intersects(Point(km(13.3, 0))) and not zone.intersects(Point(km(13.4, 0)))


def test_a_river_that_is_too_short_is_said():
    zones = water_source_zones(source(Point(km(1.5, 0))), STRAIGHT, kind="river")
    assert shapes(zones)["secondary"].bounds[0] == pytest.approx(X)
    assert zones["zone_flag"].str.contains("上游只有 1500 米河道").all()


def test_an_intake_far_from_the_river_keeps_its_rows_without_zones():
    zones = water_source_zones(source(Point(km(15, 3))), STRAIGHT, kind="river")
    assert zones.geometry.isna().all() and len(zones) == 2
    assert zones["zone_flag"].str.contains("取水口未就位").all()
    assert zones["offset_m"].tolist() == pytest.approx([3000, 3000])
    near = water_source_zones(source(Point(km(15, 3))), STRAIGHT, kind="river", max_snap_m=4000)
    assert near.geometry.notna().all()


def test_the_river_that_the_source_names_is_taken():
    two = gpd.GeoDataFrame(
        {"reach_code": ["A", "B"], "river_name": ["大凌河", "老虎山河"]}, crs=4549,
        geometry=[LineString([km(0, 0), km(20, 0)]), LineString([km(0, 0.3), km(20, 0.3)])],
    )  # fmt: skip
    at = Point(km(15, 0.25))
    named = water_source_zones(source(at, water_body=["大凌河"]), two, kind="river")
    plain = water_source_zones(source(at), two, kind="river")
    assert shapes(named)["primary"].centroid.y == pytest.approx(Y)
    assert shapes(plain)["primary"].centroid.y == pytest.approx(Y + 300)


# ---------------------------------------------------------------- lakes, reservoirs, wells


def test_a_large_reservoir_is_drawn_by_radii_of_its_intake():
    intake = gpd.GeoDataFrame({"water_source_code": ["W1"]}, geometry=[Point(km(0.3, 5))], crs=4549)
    zones = water_source_zones(source(LAKE), kind="large_reservoir", intakes=intake)
    found = shapes(zones)
    point = intake.geometry[0]
    water = point.buffer(500, quad_segs=32) & LAKE
    primary = water | (water.buffer(200, quad_segs=32) - LAKE)
    more = point.buffer(2500, quad_segs=32) & LAKE
    both = primary | more
    # long sides are cut first: else GEOS draws this land up to 105 m too deep
    both = both | (both.segmentize(60).buffer(3000, quad_segs=32) - LAKE)
    assert found["primary"].symmetric_difference(primary).area < 1
    assert found["secondary"].symmetric_difference(both - primary).area < 1
    # beyond 2.5 km the water is in no zone
    assert not found["secondary"].contains(Point(km(5, 5)))


def test_an_intake_that_is_not_known_is_taken_where_the_larger_river_leaves():
    rivers = made(
        ("A", "C", [(-5, 5), (5, 5)]), ("C", None, [(5, 5), (15, 5)]),
        ("B", None, [(2, 12), (2, -3)]),  # shorter, and nearer to its end where it leaves
    )  # fmt: skip
    zones = water_source_zones(
        source(LAKE), rivers, kind="large_reservoir", no_intake="outlet", secondary_land_m=100
    )
    primary = shapes(zones)["primary"]
    assert primary.contains(Point(km(9.6, 5))) and not primary.contains(Point(km(9.4, 5)))
    assert primary.distance(Point(km(2, 0))) > 5000
    assert "假定在河流出库处" in zones["zone_flag"][0]


def test_two_intakes_have_two_circles():
    intakes = gpd.GeoDataFrame(
        {"water_source_code": ["W1", "W1"]}, geometry=[Point(km(3, 5)), Point(km(7, 5))], crs=4549
    )
    zones = water_source_zones(source(LAKE), kind="small_lake", intakes=intakes)
    assert len(shapes(zones)["primary"].geoms) == 2
    assert zones["area_km2"][0] == pytest.approx(2 * math.pi * 0.09, rel=1e-3)
    # all other water is secondary
    both = shapely.union_all(zones.geometry.to_numpy())
    assert both.covers(LAKE)


def test_a_lake_for_supply_alone_is_primary_as_a_whole():
    zones = water_source_zones(source(LAKE), kind="single_use")
    assert zones["zone_grade"].tolist() == ["primary"]
    assert zones.geometry[0].symmetric_difference(LAKE.buffer(200, quad_segs=32)).area < 1


def test_without_an_intake_nothing_is_made_up():
    river = made(("A", None, [(-5, 5), (15, 5)]))
    left = water_source_zones(source(LAKE), kind="large_reservoir")
    assert left.geometry.isna().all()
    assert left["zone_flag"].str.contains("没有取水口").all()
    assumed = water_source_zones(source(LAKE), river, kind="large_reservoir", no_intake="outlet")
    assert assumed["zone_flag"].str.contains("取水口未知，假定").all()
    assert shapes(assumed)["primary"].bounds[0] == pytest.approx(X + 9500)
    with pytest.raises(ValueError, match="give a river network"):
        water_source_zones(source(LAKE), kind="large_reservoir", no_intake="outlet")


def test_rivers_that_flow_in_are_followed_up_from_the_shore():
    rivers = made(
        ("A", "B", [(-8, 5), (-1, 5)]),
        ("T", "B", [(-1, 9), (-1, 5)]),
        ("B", None, [(-1, 5), (15, 5)]),
    )
    intake = gpd.GeoDataFrame({"water_source_code": ["W1"]}, geometry=[Point(km(9, 5))], crs=4549)
    zones = water_source_zones(
        source(LAKE), rivers, kind="plain_medium_reservoir", intakes=intake,
        secondary_upstream_m=5000,
    )  # fmt: skip
    found = shapes(zones)["secondary"]
    # 1 km to the confluence and 4 km up either river, with a bank of 2 km
    assert found.bounds[0] == pytest.approx(X - 5000)
    assert found.contains(Point(km(-0.9, 8.9))) and not found.contains(Point(km(-0.9, 12.1)))
    assert found.contains(Point(km(-4.9, 6.9))) and not found.contains(Point(km(-5.1, 5)))
    # what flows out is no inflow
    assert found.bounds[2] == pytest.approx(X + 12000)


def test_a_river_that_passes_open_water_enters_protected_water_from_water():
    rivers = made(("A", None, [(-8, 5), (15, 5)]))
    intake = gpd.GeoDataFrame({"water_source_code": ["W1"]}, geometry=[Point(km(9.9, 5))], crs=4549)
    zones = water_source_zones(
        source(LAKE), rivers, kind="large_reservoir", intakes=intake, secondary_upstream_m=5000
    )
    # the mouth lies beyond the protected water, so nothing is followed up
    assert zones.total_bounds[0] > X + 4000


def test_a_point_without_water_is_drawn_too_large_rather_than_too_small():
    zones = water_source_zones(source(Point(km(5, 5))), kind="large_lake")
    assert zones["zone_flag"].str.contains("没有水面图形").all()
    assert zones["area_km2"].sum() == pytest.approx(math.pi * 5.5**2, rel=1e-3)
    whole = water_source_zones(source(Point(km(5, 5))), kind="single_use")
    assert whole.geometry.isna().all()
    none = water_source_zones(source(None), kind="large_lake")
    assert none.geometry.isna().all() and none["zone_flag"].str.contains("没有水面").all()


def test_an_intake_beside_another_lake_gives_no_zone():
    away = gpd.GeoDataFrame({"water_source_code": ["W1"]}, geometry=[Point(km(40, 5))], crs=4549)
    zones = water_source_zones(source(LAKE), kind="large_lake", intakes=away)
    assert zones.geometry.isna().all()
    assert zones["zone_flag"].str.contains("半径内没有水面").all()


def test_zones_end_at_the_divide():
    half = gpd.GeoDataFrame(
        {"water_source_code": ["W1"]}, geometry=[box(*km(-50, -1), *km(50, 0.5))], crs=4549
    )
    zones = water_source_zones(source(Point(km(15, 0))), STRAIGHT, kind="river", catchments=half)
    assert zones.total_bounds[3] == pytest.approx(Y + 500)
    assert not zones["zone_flag"].str.contains("分水岭").any()
    plain = water_source_zones(source(Point(km(15, 0))), STRAIGHT, kind="river")
    assert plain["zone_flag"].str.contains("未按分水岭裁剪").all()


def test_where_the_rule_names_the_catchment_it_must_be_given():
    with pytest.raises(ValueError, match="secondary_land_m .* give catchments="):
        water_source_zones(source(LAKE), kind="small_reservoir")
    land = gpd.GeoDataFrame({"water_source_code": ["W1"]}, geometry=[LAKE.buffer(3000)], crs=4549)
    zones = water_source_zones(source(LAKE), kind="small_reservoir", catchments=land)
    both = shapely.union_all(zones.geometry.to_numpy())
    assert both.symmetric_difference(land.geometry[0]).area < 1
    other = land.assign(water_source_code="W9")
    lacks = water_source_zones(source(LAKE), kind="small_reservoir", catchments=other)
    assert lacks.geometry.isna().tolist() == [False, True]
    assert "没有集水范围，二级保护区未划" in lacks["zone_flag"][1]


def test_a_well_needs_the_callers_distance():
    with pytest.raises(ValueError, match="primary_land_m: there is no distance for kind='well'"):
        water_source_zones(source(Point(km(5, 5))), kind="well")
    zones = water_source_zones(
        source(Point(km(5, 5))), kind="well", primary_land_m=50, secondary_land_m=500
    )
    assert zones["area_km2"].tolist() == pytest.approx(
        [math.pi * 0.05**2, math.pi * (0.25 - 0.0025)], rel=1e-3
    )
    assert (zones["status"] == "user").all()
    assert zones["zone_flag"].str.startswith("距离为使用者给定").all()


# ---------------------------------------------------------------- the table


def test_the_quasi_zone_is_drawn_when_a_distance_is_given():
    zones = water_source_zones(
        source(Point(km(15, 0))), STRAIGHT, kind="river", quasi_upstream_m=4000, quasi_land_m=1000
    )
    assert zones["zone_grade"].tolist() == ["primary", "secondary", "quasi"]
    assert zones["zone_name"].tolist() == [f"示例水库水源{zh}保护区" for zh in GRADES.values()]
    # it begins where the secondary one ends, whose distances nobody has checked
    assert zones["status"].tolist() == ["unverified"] * 3
    assert zones["source"][2] == ("按使用者给定的距离推导，上级边界按HJ 338-2018的距离（未核实）")
    # the lower ends of both strips coincide, and no sliver stays there
    assert (
        shapes(zones)["quasi"]
        .symmetric_difference(box(X + 8000, Y - 1000, X + 12000, Y + 1000))
        .area
        < 1
    )
    assert not shapes(zones)["quasi"].interiors
    with pytest.raises(ValueError, match="quasi_land_m"):
        water_source_zones(source(Point(km(15, 0))), STRAIGHT, kind="river", quasi_upstream_m=9)


def test_one_distance_of_the_rule_keeps_the_row_unverified():
    own = dict.fromkeys(("primary_upstream_m", "primary_downstream_m", "primary_land_m"), 90.0)
    zones = water_source_zones(source(Point(km(15, 0))), STRAIGHT, kind="river", **own)
    assert zones["status"].tolist() == ["user", "unverified"]


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("pond", {}, "kind='pond'"),
        ("river", {"primary_water_m": 5}, "has no meaning for kind='river'"),
        ("river", {"primary_land_m": -5}, "is no distance"),
        ("river", {"primary_upstream_m": math.inf}, "is no distance"),
        ("river", {"primary_land_m": math.nan}, "is no distance"),
        ("river", {"river_width_m": -1}, "river_width_m=-1"),
        ("river", {"no_intake": "dam"}, "no_intake='dam'"),
    ],
)
def test_what_is_no_distance_is_refused(kind, options, message):
    with pytest.raises(ValueError, match=message):
        water_source_zones(source(Point(km(15, 0))), STRAIGHT, kind=kind, **options)


def test_layers_are_checked():
    at = source(Point(km(15, 0)))
    with pytest.raises(CRSError, match="sources"):
        water_source_zones(at.set_crs(None, allow_override=True), STRAIGHT, kind="river")
    with pytest.raises(SchemaError, match="code="):
        water_source_zones(at.drop(columns="water_source_name"), STRAIGHT, kind="river")
    with pytest.raises(SchemaError, match="row 1 is a Polygon; give the Point of an intake"):
        water_source_zones(source(LAKE), STRAIGHT, kind="river")
    with pytest.raises(SchemaError, match="must be unique"):
        water_source_zones(pd.concat([at, at]), STRAIGHT, kind="river")
    with pytest.raises(ValueError, match="give a river network"):
        water_source_zones(at, kind="river")


def test_no_sources_give_no_zones_and_the_same_columns():
    none = water_source_zones(source(Point(km(15, 0))).iloc[:0], STRAIGHT, kind="river")
    some = water_source_zones(source(Point(km(15, 0))), STRAIGHT, kind="river")
    assert len(none) == 0 and none.crs == some.crs
    assert none.dtypes.astype(str).tolist() == some.dtypes.astype(str).tolist()


@pytest.mark.parametrize(
    ("tool", "shore"),
    [
        ("zone", [(494, -2), (521, 1), (525, -8), (2200, 332)]),
        ("bank", [(550, 4), (552, -5), (2200, 138)]),
    ],
)
def test_a_notch_in_a_long_shore_makes_the_land_no_deeper(tool, shore):
    """Beside it GEOS turns the long side, and draws the land 8 m too deep."""
    ring = [(0, 0), *shore, (2200, -1500), (0, -1500)]
    lake = Polygon([(X + x, Y + y) for x, y in ring])
    if tool == "zone":
        drawn = water_source_zones(source(lake), kind="single_use", primary_land_m=1000)
    else:
        pond = source(lake, reservoir_code=["R1"], reservoir_name=["示例水库"])
        drawn = river_buffer(pond, width_m=1000)
    edge = shapely.points(shapely.get_coordinates(shapely.segmentize(drawn.geometry[0], 50)))
    assert shapely.distance(edge, lake).max() <= 1000.01


@pytest.mark.parametrize("tool", ["zone", "bank"])
def test_heights_of_the_water_do_not_matter(tool):
    found = []
    for lake in (LAKE, shapely.force_3d(LAKE, 127.0)):
        if tool == "zone":
            intake = source(Point(km(5, 5)))
            found.append(
                water_source_zones(source(lake), kind="large_reservoir", intakes=intake,
                                   secondary_land_m=10)
            )  # fmt: skip
        else:
            pond = source(lake, reservoir_code=["R1"], reservoir_name=["示例水库"])
            found.append(river_buffer(pond, width_m=100))
    flat, high = found
    assert high["content_hash"].tolist() == flat["content_hash"].tolist()
    assert not high.has_z.any()


def test_a_long_shore_in_degrees_lies_where_it_was_drawn():
    drawn = source(None).set_geometry([box(119.5, 41, 120.5, 41.5)], crs=4490)
    dense = drawn.set_geometry(shapely.segmentize(drawn.geometry, 0.001))
    one, two = (
        water_source_zones(lake, kind="single_use")["area_km2"][0] for lake in (drawn, dense)
    )
    assert one == pytest.approx(two, abs=0.001)  # the chords of the sides hold 0.07 km2 less


def test_two_systems_give_the_same_zones_and_the_input_stays():
    at = source(Point(km(10.4, 0)))
    before = at.copy()
    metric = water_source_zones(at, CONFLUENCE, kind="river")
    degrees = water_source_zones(at.to_crs(4490), CONFLUENCE, kind="river")
    assert degrees.crs == "EPSG:4490"
    back = degrees.to_crs(4549)
    assert metric.symmetric_difference(back).area.max() < 1
    assert degrees["area_km2"].to_numpy() == pytest.approx(metric["area_km2"].to_numpy())
    pd.testing.assert_frame_equal(pd.DataFrame(at), pd.DataFrame(before))


def test_the_same_input_has_the_same_hash_and_another_distance_another():
    at = source(Point(km(15, 0)))
    one, two = (water_source_zones(at, STRAIGHT, kind="river") for _ in range(2))
    wide = water_source_zones(at, STRAIGHT, kind="river", primary_land_m=60)
    assert one["content_hash"].tolist() == two["content_hash"].tolist()
    assert one["content_hash"][0] != wide["content_hash"][0]


def test_every_column_is_in_the_vocabulary():
    for columns in (DERIVED_ZONE_COLUMNS, BANK_COLUMNS):
        assert {name: COLUMNS[name].dtype for name in columns} == columns


def test_the_distances_are_those_of_the_facts_and_none_is_called_verified():
    known = table("source_zone_distances.csv")
    assert set(known["kind"]) <= set(SOURCE_KINDS)
    assert (known["status"] == "unverified").all() and "unverified" in STATUSES
    assert not known["parameter"].str.startswith("quasi").any()
    if not FACTS.is_file():
        pytest.skip("the folder of facts is not beside the checkout")
    facts = json.loads(FACTS.read_text(encoding="utf-8"))["hj338_2018"]
    value = {(r.kind, r.parameter): float(r.value_m) for r in known.itertuples()}
    assert value["river", "primary_upstream_m"] == facts["river_primary"]["up_m"]
    assert value["river", "primary_downstream_m"] == facts["river_primary"]["down_m"]
    assert value["river", "primary_land_m"] == facts["river_primary"]["bank_m"]
    second = facts["river_secondary"]
    assert value["river", "secondary_upstream_m"] == second["up_from_primary_m"]
    assert value["river", "secondary_downstream_m"] == second["down_from_primary_m"]
    assert value["river", "secondary_land_m"] == second["bank_m"]
    lakes = facts["lake_primary"]
    for kind in ("large_reservoir", "large_lake"):
        assert value[kind, "primary_water_m"] == lakes["big_r_m"]
        assert value[kind, "secondary_water_m"] == facts["lake_secondary"]["big_water_m"]
    for kind in ("small_lake", "plain_medium_reservoir", "hill_medium_reservoir"):
        assert value[kind, "primary_water_m"] == lakes["small_lake_mid_reservoir_r_m"]
    assert {v for (_, name), v in value.items() if name == "primary_land_m"} == {50, 200}


metres = st.sampled_from([0.0, 30.0, 400.0, 2500.0])


@settings(max_examples=25)
@given(st.tuples(*[metres] * 6), st.tuples(*[metres] * 6), st.sampled_from([4.9, 7.5, 12.0]))
def test_grades_are_apart_and_larger_distances_make_larger_zones(small, more, x):
    names = [
        f"{grade}_{measure}_m"
        for grade in ("primary", "secondary")
        for measure in ("upstream", "downstream", "land")
    ]
    at = source(Point(km(x, 0)))
    one = dict(zip(names, small, strict=True))
    two = {name: one[name] + extra for name, extra in zip(names, more, strict=True)}
    a, b = (water_source_zones(at, BRAID, kind="river", **kind) for kind in (one, two))
    for zones in (a, b):
        parts = zones.geometry.dropna().to_numpy()
        assert shapely.area(parts).sum() == pytest.approx(shapely.union_all(parts).area, abs=0.1)
    for n in (1, 2):
        inner, outer = (shapely.union_all(z.geometry[:n].dropna().to_numpy()) for z in (a, b))
        assert shapely.difference(inner, outer).area < 0.5


@settings(max_examples=20)
@given(st.tuples(*[metres] * 4), st.tuples(*[metres] * 4), st.sampled_from([0.2, 3.0, 5.0]))
def test_grades_of_a_lake_are_apart_and_grow(small, more, x):
    names = [f"{g}_{m}_m" for g in ("primary", "secondary") for m in ("water", "land")]
    intake = gpd.GeoDataFrame({"water_source_code": ["W1"]}, geometry=[Point(km(x, 5))], crs=4549)
    one = dict(zip(names, small, strict=True))
    one["primary_water_m"] += 10
    two = {name: one[name] + extra for name, extra in zip(names, more, strict=True)}
    a, b = (
        water_source_zones(source(LAKE), kind="large_lake", intakes=intake, **each)
        for each in (one, two)
    )
    for zones in (a, b):
        parts = zones.geometry.dropna().to_numpy()
        assert shapely.area(parts).sum() == pytest.approx(shapely.union_all(parts).area, abs=0.1)
    for n in (1, 2):
        inner, outer = (shapely.union_all(z.geometry[:n].dropna().to_numpy()) for z in (a, b))
        # circles are polygons: those of many small steps and of one large step differ a little
        assert shapely.difference(inner, outer.buffer(1e-4 * 3000)).area < 1


def test_zones_of_the_reservoirs_of_the_pack(plan):
    from chaoyang_geo.screening import read_zones, screen_sites

    network = river_network(plan.rivers)
    zones = water_source_zones(
        plan.reservoirs, network, kind="large_reservoir", code="reservoir_code",
        name="reservoir_name", no_intake="outlet", secondary_upstream_m=3000,
    )  # fmt: skip
    assert zones["zone_name"].tolist() == [
        f"{name}水源{grade}保护区"
        for name in ("白石水库", "阎王鼻子水库")
        for grade in ("一级", "二级")
    ]
    assert zones.geometry.notna().all() and zones.crs == plan.reservoirs.crs
    assert zones["source"].str.contains("OpenStreetMap").all()  # ODbL: the name stays with it
    assert (zones["quality"] == "derived").all() and (zones["status"] == "unverified").all()
    # they are a table of zones: screening takes them as they are, and read_zones, too
    place = zones.geometry[0].representative_point()
    sites = gpd.GeoDataFrame(
        {"site_code": ["S"], "site_name": ["示例"], "activity": ["入河排污口"]},
        geometry=[place], crs=zones.crs,
    )  # fmt: skip
    screening = screen_sites(sites, zones)
    assert screening.findings["zone_code"].tolist()[0] == "CYR01-primary"
    assert screening.checked["version"].tolist() == ["推导，未经批准"]
    again = read_zones(zones, version="推导", version_date="")
    assert again["zone_grade"].tolist() == zones["zone_grade"].tolist()


# ---------------------------------------------------------------- banks


def rivers():
    return gpd.GeoDataFrame(
        {
            "reach_code": ["A", "B", "C", "D"],
            "river_name": ["大河", "大河", "", "小河"],
            "w": [50.0, 100.0, 20.0, np.nan],
        },
        geometry=[
            LineString([km(0, 0), km(10, 0)]), LineString([km(10, 0), km(20, 0)]),
            LineString([km(0, 5), km(10, 5)]), LineString([km(0, 9), km(10, 9)]),
        ],
        crs=4549, index=[7, 5, 3, 1],
    )  # fmt: skip


def test_banks_of_rivers_by_name_and_by_reach():
    named = river_buffer(rivers(), width_m=50)
    assert named["zone_name"].tolist() == ["大河河岸", "C河岸", "小河河岸"]
    assert named["area_km2"][0] == pytest.approx(2 + math.pi * 0.05**2, rel=1e-3)
    assert (named["zone_kind"] == "river_bank").all() and (named["zone_grade"] == "").all()
    rows = river_buffer(rivers(), width_m="w", water_width_m=20, by="row")
    assert rows.index.tolist() == [7, 5, 3, 1]
    assert rows["area_km2"].to_numpy()[:2] == pytest.approx(
        [1.2 + math.pi * 0.06**2, 2.2 + math.pi * 0.11**2], rel=1e-3
    )
    assert rows.geometry.isna().tolist() == [False, False, False, True]
    assert "1行没有图形或宽度" in rows["zone_flag"].iloc[3]
    assert river_buffer(rivers(), width_m="w")["zone_distances"][0] == "岸宽50~100 m"


def test_a_bank_is_as_accurate_as_its_worst_row_and_unknown_where_one_is():
    for of_rows, whole in (([5.0, 20.0, 1.0, 1.0], 20.0), ([5.0, np.nan, 1.0, 1.0], np.nan)):
        banks = river_buffer(rivers().assign(accuracy_m=of_rows), width_m=10)
        assert banks["accuracy_m"][0] == pytest.approx(whole, nan_ok=True)


def test_the_bank_of_a_reservoir_is_the_ring_around_it(plan):
    pond = source(box(*km(0, 0), *km(1, 1)), reservoir_code=["R1"], reservoir_name=["示例水库"])
    ring = river_buffer(pond, width_m=100)
    assert ring["zone_kind"].tolist() == ["reservoir_bank"]
    assert ring["area_km2"][0] == pytest.approx(0.4 + math.pi * 0.01, rel=1e-3)
    assert not ring.geometry[0].intersects(Point(km(0.5, 0.5)))
    pack = river_buffer(plan.reservoirs, width_m=60)
    assert pack["zone_name"].tolist() == ["白石水库库岸", "阎王鼻子水库库岸"]
    assert pack.intersection(plan.reservoirs.geometry).to_crs(4549).area.max() < 1
    assert len(river_buffer(river_network(plan.rivers), width_m=60)) > 9


def test_banks_refuse_what_is_no_width_and_no_water():
    with pytest.raises(ValueError, match="width_m=-1"):
        river_buffer(rivers(), width_m=-1)
    with pytest.raises(SchemaError, match="row 1 of w holds 'x'"):
        river_buffer(rivers().assign(w=["x", "1", "1", "1"]), width_m="w")
    mixed = pd.concat([rivers(), source(LAKE).assign(reach_code="L", river_name="湖")])
    with pytest.raises(SchemaError, match="give rivers and lakes in two calls"):
        river_buffer(mixed, width_m=5)
    none = river_buffer(rivers().iloc[:0], width_m=5)
    assert list(none.columns) == [*BANK_COLUMNS, "geometry"] and len(none) == 0


def test_banks_of_coordinates_that_are_no_numbers_and_of_no_width_say_so():
    table = rivers().reset_index(drop=True).assign(river_name=list("甲乙丙丁"))
    table.loc[0, "geometry"] = LineString([(np.inf, 0), (1, 1)])
    found = river_buffer(table, width_m=50, by="row")
    assert found.geometry.isna().tolist() == [True, False, False, False]
    assert "1行没有图形或宽度" in found["zone_flag"][0]
    assert river_buffer(table, width_m=0)["zone_flag"].str.contains("宽度为0，没有范围").sum() == 3
    assert river_buffer(table, width_m=1234567.5)["zone_distances"][1] == "岸宽1234567.5 m"


def test_each_bank_needs_a_code_of_its_own():
    table = rivers().reset_index(drop=True).assign(river_name=list("甲乙丙丁"))
    with pytest.raises(SchemaError, match=r"row 3 of reach_code holds 'R1', as row 1 does"):
        river_buffer(table.assign(reach_code=["R1", "R2", "R1", "R4"]), width_m=5)
    with pytest.raises(SchemaError, match=r"row 2 of reach_code is empty"):
        river_buffer(table.assign(reach_code=["R1", None, "R3", "R4"]), width_m=5)
    # rows of one name are one zone, with the code of the first
    one = table.assign(reach_code="R1", river_name="甲")
    assert river_buffer(one, width_m=5)["zone_code"].tolist() == ["R1-bank"]
    with pytest.raises(SchemaError, match="row 1 of accuracy_m holds 'x'"):
        river_buffer(table.assign(accuracy_m="x"), width_m=5)
    for width in (True, None):
        with pytest.raises(ValueError, match=f"width_m={width} is no distance"):
            river_buffer(table, width_m=width)


def test_the_ring_around_a_lake_drawn_over_itself_has_no_hole():
    twice = [km(0, 0), km(2, 0), km(2, 2), km(1, 2), km(1, -1), km(1.5, -1), km(1.5, 3), km(0, 3)]
    lake = gpd.GeoDataFrame(
        {"reservoir_code": ["L"], "reservoir_name": ["示例湖"]}, geometry=[Polygon(twice)], crs=4549
    )
    water = shapely.union_all(
        [box(*km(0, 0), *km(1.5, 3)), box(*km(0, 0), *km(2, 2)), box(*km(1, -1), *km(1.5, 3))]
    )
    found = river_buffer(lake, width_m=10).geometry.iloc[0]
    assert found.intersection(water).area < 1e-6
    zones = water_source_zones(source(Polygon(twice)), kind="single_use")
    assert zones.geometry.iloc[0].covers(water)
    assert "水面图形自相交或重叠，已修复" in zones["zone_flag"][0]


@settings(max_examples=10)
@given(st.floats(0, 500), st.floats(0, 500))
def test_a_wider_bank_holds_a_narrower_one(width, more):
    narrow, wide = (river_buffer(rivers(), width_m=w) for w in (width, width + more))
    for a, b in zip(narrow.geometry, wide.geometry, strict=True):
        if a is not None:
            assert isinstance(b, Polygon | MultiPolygon)
            assert a.difference(b.buffer(0.01)).area < 1e-3
