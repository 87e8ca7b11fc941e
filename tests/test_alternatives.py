"""Free parts, the smallest shift, stretches and distances: cases to check on paper."""

import re
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from chaoyang_geo.alternatives import (
    conflict_stretches,
    free_parts,
    smallest_shift,
    zone_distance_contours,
    zone_distance_raster,
)
from chaoyang_geo.alternatives.bands import BAND_COLUMNS
from chaoyang_geo.alternatives.free import FREE_COLUMNS
from chaoyang_geo.alternatives.ground import zone_records
from chaoyang_geo.alternatives.raster import write_distance_tif
from chaoyang_geo.alternatives.shift import SHIFT_COLUMNS
from chaoyang_geo.alternatives.stretches import STRETCH_COLUMNS
from chaoyang_geo.crs import CRSError
from chaoyang_geo.schema import COLUMNS, SchemaError

sys.path.insert(0, str(Path(__file__).parent))
import screening_paper as paper
from screening_paper import at, box, sites, zones

LINE = shapely.LineString
WIDE = box(-1000, -1000, 2000, 2000)


def one(table):
    assert len(table) == 1
    return table.iloc[0]


def shifted(shape, *zone, **options):
    return one(smallest_shift(sites(shape), zones(*zone), **options))


def way(row):
    return (round(row.shift_east_m, 2), round(row.shift_north_m, 2))


# --- the smallest shift -------------------------------------------------------


def test_a_square_leaves_a_square_by_the_near_side():
    row = shifted(box(90, 40, 110, 60), box(0, 0, 100, 100))
    assert row.shift_state == "shift"
    assert row.shift_m == pytest.approx(10, abs=0.011) and row.shift_m > 10
    assert (row.bearing_deg, row.bearing_zh) == (90.0, "东")
    assert row.distance_after_m == pytest.approx(0.01, abs=1e-6)
    assert row.geometry.equals_exact(at(box(100.01, 40, 120.01, 60)), 1e-6)
    assert row.shift_zh == "向东（方位角 90.0°）平移 10.1 米可避开须避让的分区"


def test_a_site_out_of_a_corner_goes_the_shorter_way_of_two():
    row = shifted(box(95, 98, 105, 108), box(0, 0, 100, 100))
    assert way(row) == (0, 2.01) and row.bearing_zh == "北"
    row = shifted(box(98, 95, 108, 105), box(0, 0, 100, 100))
    assert way(row) == (2.01, 0) and row.bearing_zh == "东"


def test_a_triangle_leaves_across_its_slant():
    # the corner of the square lies 50 deep below the slant x + y = 100
    row = shifted(box(25, 25, 60, 60), shapely.Polygon([(0, 0), (100, 0), (0, 100)]))
    assert row.shift_m == pytest.approx(50 / np.sqrt(2), abs=0.011)
    assert row.bearing_deg == pytest.approx(45, abs=0.1) and row.bearing_zh == "东北"


def test_an_l_lets_a_square_into_its_notch():
    ell = box(0, 0, 100, 100).difference(box(40, 40, 100, 100))
    row = shifted(box(30, 60, 50, 80), ell)
    assert way(row) == (10.01, 0)
    # and an L-shaped site takes the corner of a square into its own notch
    site = box(0, 0, 30, 30).difference(box(10, 10, 30, 30))
    row = shifted(site, box(5, 5, 100, 100))
    assert way(row) == (-5.01, -5.01) and row.bearing_zh == "西南"


@pytest.mark.parametrize(
    ("hole", "expected"),
    [
        (box(40, 40, 51, 51), (10.01, 10.01)),  # 10 wide fits a hole of 11
        (box(40, 40, 50.03, 50.03), (10.01, 10.01)),
        (box(40, 40, 50, 51), (0, 70.01)),  # just as wide as the site: it would touch
        (box(40, 40, 49, 60), (0, 70.01)),
    ],
)
def test_a_hole_serves_where_it_is_wider_than_the_site(hole, expected):
    zone = box(-100, -100, 100, 100).difference(hole)
    assert way(shifted(box(30, 30, 40, 40), zone)) == pytest.approx(expected, abs=0.011)


def test_a_gap_between_two_zones_just_wide_enough_is_found():
    near = (box(-500, -500, 20, 500), box(30.03, -500, 500, 500))
    assert way(shifted(box(0, 0, 10, 10), *near)) == (20.01, 0)
    closed = (box(-5000, -500, 20, 500), box(30, -500, 5000, 500))
    # 505.01 to the north or south, and the same
    row = shifted(box(0, -5, 10, 5), *closed, within_m=1000)
    assert way(row) == (0, 505.01) and row.bearing_zh == "北"
    assert row.shift_flag == "另有 1 个方向的平移同样短"


def test_a_gap_must_be_wider_by_the_clearance_on_both_sides():
    near = (box(-500, -500, 20, 500), box(40.1, -500, 500, 500))
    assert way(shifted(box(0, 0, 10, 10), *near, clearance_m=5)) == (25.01, 0)
    row = shifted(box(0, 0, 10, 10), *near, clearance_m=6, within_m=100)
    assert row.shift_state == "none"


def test_a_clearance_is_kept_round_a_corner():
    row = shifted(shapely.Point(0, 0), box(-100, -100, 30, 40), clearance_m=10)
    # out to the east by 30 + 10, not to the corner
    assert way(row) == (40.01, 0)
    row = shifted(
        shapely.Point(0, 0),
        box(-6, -8, -3, -4),
        box(-100, 3, 100, 100),
        box(-100, -100, -7, 100),
        box(3, -100, 100, 100),
        clearance_m=5.2,
        within_m=4,
    )
    assert row.shift_state == "none" and row.distance_after_m != row.distance_after_m


def test_none_within_the_range_is_said():
    row = shifted(box(0, 0, 10, 10), WIDE, within_m=300)
    assert row.shift_state == "none" and row.geometry is None
    assert np.isnan([row.shift_m, row.bearing_deg, row.shift_east_m, row.distance_after_m]).all()
    assert row.shift_zh == "在 300 米范围内没有可避开须避让的分区的平移"
    assert row.shift_en == "no shift of up to 300 m clears the zones to be avoided"
    # the range decides, to the tolerance
    strip = box(-1000, -1000, 100, 1000)
    assert shifted(box(0, 0, 10, 10), strip, within_m=100.02).shift_state == "shift"
    assert shifted(box(0, 0, 10, 10), strip, within_m=99.99).shift_state == "none"


def test_a_clear_site_stays_where_it_is():
    table = sites(box(0, 0, 10, 10), box(900, 0, 910, 10))
    found = smallest_shift(table, zones(box(30, 0, 40, 10)))
    assert found["shift_state"].tolist() == ["clear", "clear"]
    assert found["shift_m"].tolist() == [0, 0]
    assert found["distance_after_m"].fillna(-1).tolist() == [20, -1]
    assert found.geometry.tolist() == table.geometry.tolist()
    assert found["bearing_zh"].tolist() == ["", ""]


def test_a_site_that_touches_is_moved_off():
    row = shifted(box(0, 0, 10, 10), box(10, 0, 20, 10))
    assert row.shift_state == "shift" and row.shift_m == pytest.approx(0.01)


def test_points_and_lines_move_too():
    assert way(shifted(shapely.Point(90, 50), box(0, 0, 100, 100))) == (10.01, 0)
    # a line crosses the zone from side to side and leaves it sideways
    assert way(shifted(LINE([(-50, 80), (150, 80)]), box(0, 0, 100, 100))) == (0, 20.01)
    # a corner of a line takes a corner of the zone
    bent = LINE([(0, 200), (0, 0), (200, 0)])
    assert way(shifted(bent, box(-10, -20, 300, 300))) == (-10.01, -20.01)
    many = shapely.MultiPoint([(10, 50), (90, 50)])
    assert way(shifted(many, box(0, 0, 100, 100), within_m=400)) == (0, 50.01)


def test_a_line_moves_across_a_zone_into_a_hole_only_as_a_whole():
    zone = box(0, 0, 100, 100).difference(box(20, 20, 80, 80))
    row = shifted(LINE([(15, 50), (65, 50)]), zone)
    assert way(row) == (5.01, 0)
    row = shifted(LINE([(15, 50), (85, 50)]), zone)
    assert way(row) == (0, 50.01)


def test_parts_move_together_and_a_zone_fits_the_hole_of_a_site():
    pair = shapely.MultiPolygon([box(0, 0, 10, 10), box(50, 0, 60, 10)])
    # 40 lie between the parts: a strip of 38 fits, one of 40 does not
    assert way(shifted(pair, box(11, -200, 51, 200))) == (-49.01, 0)
    assert way(shifted(pair, box(13, -200, 51, 200))) == (1.01, 0)
    frame = box(0, 0, 100, 100).difference(box(20, 20, 80, 80))
    row = shifted(frame, box(75, 40, 85, 60))
    assert way(row) == (5.01, 0)


def test_zones_that_adjoin_leave_no_gap():
    left, right = box(-100, -100, 50, 100), box(50, -100, 120, 100)
    row = shifted(box(45, 0, 55, 10), left, right)
    assert row.shift_m == pytest.approx(75.01, abs=0.02)
    again = shifted(box(45, 0, 55, 10), box(-100, -100, 120, 100))
    assert way(again) == way(row)


def test_what_is_moved_is_free_by_another_tool_and_the_input_is_not_changed():
    table = sites(box(90, 40, 110, 60), None, shapely.Point(50, 50), index=[7, 3, 5])
    table = table.set_index(pd.Index([7, 3, 5]))
    zone = zones(box(0, 0, 100, 100))
    before = table.copy(), zone.copy()
    found = smallest_shift(table, zone)
    assert found.index.tolist() == [7, 3, 5] and found.crs == table.crs
    assert found["shift_state"].tolist() == ["shift", "", "shift"]
    assert found["shift_flag"].tolist()[1] == "无图形"
    assert not gpd.overlay(found[:1], zone, keep_geom_type=False).shape[0]
    assert table.equals(before[0]) and zone.equals(before[1])


# --- free parts ---------------------------------------------------------------


def test_the_free_part_is_what_no_zone_takes():
    table = sites(box(0, 0, 100, 100), box(200, 0, 300, 100), box(400, 0, 500, 100))
    found = free_parts(
        table, zones(box(40, -10, 60, 110), box(50, -10, 70, 110), box(390, -5, 600, 200))
    )
    assert found["site_m2"].tolist() == [1e4, 1e4, 1e4]
    assert found["free_m2"].tolist() == [7000, 10000, 0]
    assert found["conflict_m2"].tolist() == [3000, 0, 10000]
    assert found["free_share"].tolist() == [0.7, 1, 0]
    assert found["n_free_parts"].tolist() == [2, 1, 0]
    assert found["largest_free_m2"].tolist() == [4000, 10000, 0]
    assert found["free_flag"].tolist() == ["", "", "无可用部分"]
    assert found.geometry.iloc[0].equals(at(box(0, 0, 40, 100)).union(at(box(70, 0, 100, 100))))
    assert found.geometry.iloc[1] is table.geometry.iloc[1] and found.geometry.iloc[2] is None


def test_small_parts_are_left_out_and_reported():
    row = one(free_parts(sites(box(0, 0, 100, 10)), zones(box(2, -1, 50, 11)), min_area_m2=100))
    assert (row.free_m2, row.free_small_m2, row.conflict_m2, row.n_free_parts) == (500, 20, 480, 1)
    assert row.free_flag == "另有 1 块共 20 平方米，各小于 100 平方米，未计入"


def test_a_clearance_is_cut_off_too_with_round_corners():
    row = one(free_parts(sites(box(0, 0, 100, 100)), zones(box(-50, -50, 0, 0)), clearance_m=10))
    assert row.conflict_m2 == pytest.approx(25 * np.pi, rel=3e-3) and row.conflict_m2 > 25 * np.pi
    distance = shapely.distance(row.geometry, at(box(-50, -50, 0, 0)))
    assert 10 - 1e-7 <= distance <= 10.01


def test_touching_takes_nothing_and_lines_and_gaps_are_flagged():
    shapes = [box(0, 0, 10, 10), LINE([(0, 0), (9, 9)]), None, shapely.Polygon()]
    bow = shapely.Polygon([(30, 0), (34, 4), (34, 0), (30, 4)])
    found = free_parts(sites(*shapes, bow), zones(box(10, 0, 20, 10)))
    assert found["free_m2"].fillna(-1).tolist() == [100, -1, -1, -1, 8]
    assert found["free_flag"].tolist() == [
        "", "不是面，未计算可用部分", "无图形", "图形为空", "图形自相交或重叠，已修复",
    ]  # fmt: skip
    assert found["n_free_parts"].tolist() == [1, 0, 0, 0, 2]


# --- stretches ----------------------------------------------------------------


def listed(*lines, zone, **options):
    return conflict_stretches(sites(*lines), zone, **options)


def test_a_line_through_two_zones_has_a_stretch_in_each():
    zone = zones(box(250, -10, 400, 10), box(300, -10, 500, 10))
    line = LINE([(0, 0), (1000, 0)])
    found = listed(line, zone=zone)
    assert found["zone_code"].tolist() == ["Z0", "Z1"]
    assert found["from_stake"].tolist() == ["K0+250", "K0+300"]
    assert found["to_stake"].tolist() == ["K0+400", "K0+500"]
    assert found["length_m"].tolist() == pytest.approx([150, 200])
    assert found["stretch_no"].tolist() == [1, 2]
    row = one(listed(line, zone=zone, by="all"))
    assert (row.zone_code, row.length_m, row.to_km) == ("Z0;Z1", pytest.approx(250), 0.5)
    assert row.geometry.equals_exact(at(LINE([(250, 0), (500, 0)])), 1e-6)


def test_a_touch_has_no_length_and_a_border_is_no_inside():
    touch = one(listed(LINE([(0, -5), (10, 0), (20, -5)]), zone=zones(box(5, 0, 15, 5))))
    assert (touch.stretch_kind, touch.length_m) == ("touch", 0)
    assert touch.stretch_flag == "仅与分区边界相接，无长度"
    assert touch.geometry.equals_exact(at(shapely.Point(10, 0)), 1e-6)
    along = one(listed(LINE([(0, 0), (20, 0)]), zone=zones(box(5, 0, 15, 5))))
    assert (along.stretch_kind, along.stretch_flag) == ("border", "沿分区边界，需复核")
    assert along.length_m == pytest.approx(10)
    mixed = listed(LINE([(0, 0), (10, 0), (10, 20)]), zone=zones(box(5, 0, 15, 5)))
    assert mixed["stretch_kind"].tolist() == ["border", "inside"]
    assert mixed["length_m"].tolist() == pytest.approx([5, 5])
    end = one(listed(LINE([(0, -5), (10, 0)]), zone=zones(box(5, 0, 15, 5))))
    assert end.stretch_kind == "touch" and end.from_stake == "K0+011"
    # the seam of two zones of one code lies inside
    seam = zones(box(0, 0, 10, 10), box(10, 0, 20, 10), codes=["A", "A"])
    inside = one(listed(LINE([(10, 2), (10, 8)]), zone=seam))
    assert inside.stretch_kind == "inside"


def test_kilometres_go_on_over_parts_that_meet_and_stop_at_gaps():
    joined = shapely.MultiLineString([[(0, 0), (100, 0)], [(100, 0), (200, 0)]])
    row = one(listed(joined, zone=zones(box(50, -5, 150, 5))))
    assert (row.from_stake, row.to_stake, row.stretch_flag) == ("K0+050", "K0+150", "")
    apart = shapely.MultiLineString([[(0, 0), (100, 0)], [(300, 0), (400, 0)]])
    found = listed(apart, zone=zones(box(50, -5, 350, 5)))
    assert found["from_stake"].tolist() == ["K0+050", "K0+100"]
    assert found["to_stake"].tolist() == ["K0+100", "K0+150"]
    assert found["stretch_flag"].str.startswith("多段线不相接").all()


def test_a_line_drawn_backwards_has_its_stakes_from_the_other_end():
    zone = zones(box(100, -5, 200, 5))
    assert one(listed(LINE([(1000, 0), (0, 0)]), zone=zone)).from_stake == "K0+800"
    table = sites(LINE([(0, 0), (1000, 0)]), start_km=[12.3])
    assert one(conflict_stretches(table, zone)).from_stake == "K12+400"
    with pytest.raises(SchemaError, match="row 1 of start_km holds -1"):
        conflict_stretches(table.assign(start_km=[-1]), zone)


def test_a_line_that_turns_back_counts_both_ways():
    found = listed(LINE([(0, 0), (100, 0), (0, 0)]), zone=zones(box(20, -5, 40, 5)))
    assert found["length_m"].tolist() == pytest.approx([20, 20])
    assert found["from_stake"].tolist() == ["K0+020", "K0+160"]


def test_what_is_no_line_has_a_row_that_says_so():
    found = listed(box(0, 0, 1, 1), None, LINE([(9, 9), (9, 9)]), zone=zones(box(0, 0, 5, 5)))
    assert found["stretch_flag"].tolist() == ["不是线，无里程", "无图形", "线长为零，无里程"]
    assert found["stretch_kind"].tolist() == [""] * 3 and found["from_stake"].tolist() == [""] * 3
    assert found["stretch_no"].tolist() == [0, 0, 0]


# --- distances ----------------------------------------------------------------

AREA = gpd.GeoSeries([at(box(0, 0, 400, 100))], crs=paper.CRS)


def test_bands_divide_the_area():
    zone = zones(box(-100, -1000, 100, 1000), box(500, -1000, 600, 1000))
    found = zone_distance_contours(zone, within=AREA, distances_m=[150, 50])
    assert found["area_m2"].tolist() == pytest.approx([10000, 5000, 15000, 10000])
    assert found["share"].sum() == pytest.approx(1)
    assert found["from_m"].fillna(-1).tolist() == [-1, 0, 50, 150]
    assert found["to_m"].fillna(-1).tolist() == [0, 50, 150, -1]
    assert found["band_en"].tolist() == [
        "inside the zones",
        "up to 50 m",
        "50 to 150 m",
        "farther than 150 m",
    ]
    assert (
        found.union_all().equals_exact(AREA[0], 1e-6)
        or found.union_all().symmetric_difference(AREA[0]).area < 1e-3
    )


def test_a_limit_goes_round_a_corner():
    zone = zones(box(-100, -100, 0, 0))
    found = zone_distance_contours(zone, within=AREA, distances_m=[100], tolerance_m=0.001)
    assert found["area_m2"][1] == pytest.approx(np.pi * 100**2 / 4, rel=1e-3)


def test_a_notch_in_a_long_side_moves_neither_a_limit_nor_a_clearance():
    ring = [(0, 0), (550, 4), (552, -5), (2200, 138), (2200, -1500), (0, -1500)]
    zone, area = shapely.Polygon(ring), box(0, 0, 2200, 1500)
    bands = zone_distance_contours(
        zones(zone), within=gpd.GeoSeries([at(area)], crs=paper.CRS), distances_m=[1000]
    )
    free = free_parts(sites(area), zones(zone), clearance_m=1000)
    for inner, tolerance in (
        (bands.geometry[1], 0.1),
        (at(area).difference(free.geometry[0]), 0.01),
    ):
        edge = shapely.points(shapely.get_coordinates(shapely.segmentize(inner, 50)))
        assert shapely.distance(edge, at(zone)).max() <= 1000 + tolerance + 1e-6


@pytest.mark.parametrize("tolerance_m", [0.01, 0.0005, 0.0001])
def test_a_clearance_is_kept_however_small_the_tolerance(tolerance_m):
    zone = shapely.Polygon([(0, 0), (90, -40), (170, 60), (80, 20), (60, 130)])
    free = free_parts(
        sites(box(-300, -300, 500, 500)), zones(zone), clearance_m=5, tolerance_m=tolerance_m
    )
    assert free.geometry[0].distance(at(zone)) >= 5 - 1e-5


def test_a_raster_holds_the_distance_of_the_middle_of_each_cell():
    pytest.importorskip("xarray")
    zone = zones(box(-100, -1000, 100, 1000), box(100, -1000, 150, 1000))
    found = zone_distance_raster(zone, within=AREA, cell_m=100)
    # the two zones adjoin: the depth of the first cell is to 150, or to -100
    assert found.values.tolist() == [[-100, 0, 100, 200]]
    assert found.dims == ("y", "x") and found["x"].values[0] == paper.EAST + 50
    assert found.attrs["layer"] == "L" and found.attrs["version"] == "v1"
    assert found.attrs["transform"] == (100, 0, paper.EAST, 0, -100, paper.NORTH + 100)
    assert "CGCS2000" in found["spatial_ref"].attrs["crs_wkt"]
    # as in the docstring
    zone = zones(box(0, -1000, 200, 1000))
    area = gpd.GeoSeries([at(box(0, 0, 500, 100))], crs=paper.CRS)
    assert zone_distance_raster(zone, within=area, cell_m=100).values.tolist() == [
        [-50, -50, 50, 150, 250]
    ]


def test_a_raster_looks_as_far_as_it_must():
    pytest.importorskip("xarray")
    far = zone_distance_raster(zones(box(90000, 0, 90001, 100)), within=AREA, cell_m=100)
    assert far.values.tolist() == [[89950, 89850, 89750, 89650]]
    deep = zone_distance_raster(zones(box(-9e4, -9e4, 9e4, 9e4)), within=AREA, cell_m=100)
    assert deep.values.tolist() == [[-89950, -89850, -89750, -89650]]
    nothing = zone_distance_raster(zones(), within=AREA, cell_m=200)
    assert np.isnan(nothing.values).all()
    outside = gpd.GeoSeries(
        [at(box(0, 0, 400, 100)).difference(at(box(100, 0, 300, 100)))], crs=paper.CRS
    )
    half = zone_distance_raster(zones(box(-10, 0, 0, 100)), within=outside, cell_m=100)
    assert np.isnan(half.values).tolist() == [[False, True, True, False]]


def test_a_raster_agrees_with_distances_one_by_one():
    pytest.importorskip("xarray")
    rng = np.random.default_rng(4)
    blobs = [
        shapely.Point(*xy).buffer(r)
        for xy, r in zip(rng.uniform(-300, 700, (12, 2)), rng.uniform(20, 120, 12), strict=True)
    ]
    zone = zones(*blobs)
    found = zone_distance_raster(zone, within=AREA, cell_m=20)
    joined = zone.union_all()
    x, y = np.meshgrid(found["x"], found["y"])
    points = shapely.points(x, y)
    expected = shapely.distance(points, joined.boundary) * np.where(
        shapely.contains(joined, points), -1, 1
    )
    assert np.abs(found.values - expected).max() < 1e-3


def test_a_raster_is_written_with_where_it_lies(tmp_path):
    pytest.importorskip("xarray")
    rasterio = pytest.importorskip("rasterio")
    found = zone_distance_raster(zones(box(-100, -1000, 100, 1000)), within=AREA, cell_m=100)
    path = write_distance_tif(found, tmp_path / "到红线距离.tif")
    with rasterio.open(path) as read:
        assert read.read(1).tolist() == found.values.tolist() and np.isnan(read.nodata)
        assert read.crs.to_epsg() == 4549 and read.transform.c == paper.EAST
        assert read.tags()["layer"] == "L" and read.tags()["version"] == "v1"
    with pytest.raises(SchemaError, match="attribute crs is missing"):
        write_distance_tif(found.assign_attrs(crs="x").drop_attrs(), tmp_path / "x.tif")


def test_a_raster_without_xarray_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=re.escape('pip install "chaoyang_geo[raster]"')):
        zone_distance_raster(zones(), within=AREA)


# --- all of them --------------------------------------------------------------

ALL = [smallest_shift, free_parts, conflict_stretches]
LINES = (LINE([(0, 0), (100, 30)]), LINE([(5, 5), (-40, 80)]))
SHAPES = (box(-30, 10, 50, 60), box(60, 60, 90, 90))


@pytest.mark.parametrize("tool", ALL)
def test_two_crss_give_the_same_answer(tool):
    table = sites(*(LINES if tool is conflict_stretches else SHAPES))
    zone = zones(box(20, -50, 80, 70), shapely.Point(0, 40).buffer(18))
    here = tool(table, zone)
    there = tool(table.to_crs(4490), zone.to_crs(3857))
    assert there.crs == "EPSG:4490"
    for name in here.select_dtypes("number"):
        assert np.allclose(here[name], there[name], atol=2e-6, rtol=1e-7, equal_nan=True), name
    for name in here.select_dtypes("str"):
        assert here[name].tolist() == there[name].tolist()
    moved = there.to_crs(paper.CRS)
    for one_shape, other in zip(here.geometry, moved.geometry, strict=True):
        assert shapely.hausdorff_distance(one_shape, other) < 1e-4


@pytest.mark.parametrize("tool", ALL)
def test_the_order_of_zones_and_cutting_one_in_two_change_nothing(tool):
    table = sites(*(LINES if tool is conflict_stretches else SHAPES))
    whole = zones(box(20, -50, 80, 70), box(-20, 20, 0, 90), codes=["A", "B"])
    cut = zones(
        box(-20, 20, 0, 90), box(20, -50, 45, 70), box(45, -50, 80, 70), codes=["B", "A", "A"]
    )
    one_way, other = tool(table, whole), tool(table, cut)
    numbers = one_way.select_dtypes("number")
    assert np.allclose(numbers, other[numbers.columns], atol=1e-6, equal_nan=True)
    in_list = tool(table, [cut[:1], cut[1:].to_crs(4490)])
    assert np.allclose(numbers, in_list[numbers.columns], atol=1e-6, equal_nan=True)


@pytest.mark.parametrize(
    ("tool", "added"),
    [(smallest_shift, SHIFT_COLUMNS), (free_parts, FREE_COLUMNS), (conflict_stretches, {})],
)
def test_empty_in_empty_out_with_the_same_columns(tool, added):
    full = tool(sites(LINES[0]), zones(box(20, -50, 80, 70)))
    empty = tool(sites(LINES[0])[:0], zones(box(20, -50, 80, 70)))
    assert len(empty) == 0 and list(empty.columns) == list(full.columns) and empty.crs == full.crs
    columns = added or STRETCH_COLUMNS
    assert {name: str(full[name].dtype) for name in columns} == columns
    assert {name: str(empty[name].dtype) for name in columns} == columns
    free = tool(sites(*LINES), zones(box(0, 0, 1, 1))[:0])
    assert list(free.columns) == list(full.columns)
    assert set(columns) <= set(COLUMNS) and all(COLUMNS[c].dtype == t for c, t in columns.items())


def test_bands_have_the_columns_of_the_vocabulary():
    found = zone_distance_contours(zones(box(0, 0, 1, 1)), within=AREA)
    empty = zone_distance_contours(zones(box(0, 0, 1, 1)), within=AREA[:0])
    for table in (found, empty):
        assert {name: str(table[name].dtype) for name in BAND_COLUMNS} == BAND_COLUMNS
    assert set(BAND_COLUMNS) <= set(COLUMNS) and len(empty) == 0
    assert zone_distance_contours(zones(), within=AREA)["share"].tolist() == [0, 0, 0, 0, 1]


def test_each_site_is_measured_in_its_own_zone():
    zone = zones(box(-50, -50, 5, 50), box(-300000, -50, -299995, 50))
    here, there = box(0, 0, 10, 10), box(-300000, 0, -299990, 10)
    both = smallest_shift(sites(here, there), zone)
    alone = smallest_shift(sites(there).assign(site_code="S1"), zone)
    assert both["shift_m"].iloc[1] == pytest.approx(alone["shift_m"].iloc[0], abs=1e-9)
    # in the zone of 117 E the scale differs from that of 120 E by a part in a thousand
    assert both["shift_m"].iloc[1] == pytest.approx(5.01, abs=0.02)


@pytest.mark.parametrize("tool", ALL)
def test_what_cannot_be_is_refused(tool):
    table, zone = sites(*LINES), zones(box(0, 0, 1, 1))
    with pytest.raises(CRSError, match="sites = sites.set_crs"):
        tool(table.set_crs(None, allow_override=True), zone)
    with pytest.raises(CRSError, match="zones = zones.set_crs"):
        tool(table, zone.set_crs(None, allow_override=True))
    with pytest.raises(SchemaError, match="sites: column site_name"):
        tool(table.drop(columns="site_name"), zone)
    with pytest.raises(SchemaError, match="zones: column zone_kind"):
        tool(table, zone.drop(columns="zone_kind"))
    with pytest.raises(SchemaError, match="zones are polygons"):
        tool(table, zones(LINES[0]))
    with pytest.raises(SchemaError, match="site_code must be unique"):
        tool(table.assign(site_code="S"), zone)
    europe = {free_parts: box(9, 40, 10, 41)}.get(tool, LINE([(9, 40), (10, 41)]))
    with pytest.raises(CRSError, match="row 2"):
        tool(gpd.GeoDataFrame(table, geometry=[None, europe], crs=4490), zone)


def test_options_must_be_what_they_say():
    table, zone = sites(*LINES), zones(box(0, 0, 1, 1))
    for options in ({"within_m": 0}, {"clearance_m": -1}, {"tolerance_m": 0}, {"within_m": np.nan}):
        with pytest.raises(ValueError, match=f"{next(iter(options))}=.* is no distance"):
            smallest_shift(table, zone, **options)
    with pytest.raises(ValueError, match="min_area_m2=-1"):
        free_parts(table, zone, min_area_m2=-1)
    with pytest.raises(ValueError, match="by='x' is not an option"):
        conflict_stretches(table, zone, by="x")
    with pytest.raises(ValueError, match="stake_decimals=9"):
        conflict_stretches(table, zone, stake_decimals=9)
    with pytest.raises(ValueError, match="distances_m is empty"):
        zone_distance_contours(zone, within=AREA, distances_m=[])
    with pytest.raises(SchemaError, match="within: row 1 has a Point"):
        zone_distance_contours(zone, within=gpd.GeoSeries([shapely.Point(120, 41)], crs=4490))
    pytest.importorskip("xarray")
    with pytest.raises(ValueError, match="more than 25000000"):
        zone_distance_raster(zone, within=AREA, cell_m=0.01)


@pytest.mark.parametrize("value", [None, "5", True])
def test_what_is_no_number_is_no_distance(value):
    table, zone = sites(*LINES), zones(box(0, 0, 1, 1))
    with pytest.raises(ValueError, match="clearance_m=.* is no distance; give metres"):
        smallest_shift(table, zone, clearance_m=value)
    with pytest.raises(ValueError, match="min_area_m2=.* is no area"):
        free_parts(table, zone, min_area_m2=value)
    with pytest.raises(ValueError, match="distances_m=.* is no distance"):
        zone_distance_contours(zone, within=AREA, distances_m=[value])
    with pytest.raises(ValueError, match=r"distances_m=500 is no list; give \[500\]"):
        zone_distance_contours(zone, within=AREA, distances_m=500)


def test_an_empty_layer_is_no_clean_bill():
    empty = zones(box(0, 0, 1, 1))[:0]
    assert free_parts(sites(box(0, 0, 1, 1)), empty)["free_flag"][0] == "没有可查的分区"
    assert smallest_shift(sites(box(0, 0, 1, 1)), empty)["shift_flag"][0] == "没有可查的分区"
    assert conflict_stretches(sites(LINES[0]), empty).attrs["zone_flag"] == "没有可查的分区"
    assert (zone_distance_contours(empty, within=AREA)["band_flag"] == "没有可查的分区").all()


def test_a_zone_that_lies_nowhere_on_the_earth_is_not_counted_as_far():
    zone = zones(box(0, 0, 100, 100), box(0, 0, 1, 1)).to_crs(4490)
    zone.loc[1, "geometry"] = shapely.box(41, 120, 41.1, 120.1)  # latitude and longitude swapped
    row = one(free_parts(sites(box(50, 0, 150, 100)), zone))
    assert row.free_flag == "1 个分区无可用图形，未计入"
    assert row.free_share == pytest.approx(0.5)


def test_a_zone_around_the_earth_that_folds_in_metres_is_not_counted_as_far():
    world = zones(box(0, 0, 1, 1)).to_crs(4490).set_geometry([shapely.box(-180, -90, 180, 90)])
    row = one(smallest_shift(sites(box(0, 0, 1, 1)), world.set_crs(4490)))
    assert "1 个分区无可用图形，未计入" in row.shift_flag


@pytest.mark.parametrize("place", [shapely.Point(119, 95), shapely.Point(119, -90.5)])
def test_a_site_beyond_the_poles_is_named(place):
    table = sites(box(0, 0, 1, 1)).to_crs(4490).set_geometry([place], crs=4490)
    with pytest.raises(CRSError, match="sites, row 1: its coordinates have no place on the earth"):
        smallest_shift(table, zones(box(0, 0, 1, 1)))


def test_numbers_in_words_have_no_exponent():
    zone = zones(box(0, 0, 90, 100), box(91, 0, 200, 100))
    row = one(free_parts(sites(box(0, 0, 100, 100)), zone, min_area_m2=1234567.5))
    assert row.free_flag == "另有 1 块共 100 平方米，各小于 1234567.5 平方米，未计入；无可用部分"
    words = zone_distance_contours(zone, within=AREA, distances_m=[1234567.5])
    assert words["band_zh"].tolist()[1:] == ["距离不超过 1234567.5 米", "距离超过 1234567.5 米"]
    row = shifted(box(50, 40, 60, 60), box(0, 0, 100, 100), clearance_m=0.25, within_m=10)
    assert (
        row.shift_en
        == "no shift of up to 10 m clears the zones to be avoided and keeps 0.25 m away"
    )


def test_a_line_whose_box_meets_a_zone_that_it_does_not_has_no_stretch():
    wedge = shapely.Polygon([(0, 0), (100, 0), (0, 100)])
    found = conflict_stretches(sites(LINE([(60, 90), (90, 60)])), zones(wedge))
    assert len(found) == 0 and list(found.columns) == [*STRETCH_COLUMNS, "geometry"]
    assert smallest_shift(sites(LINE([(60, 90), (90, 60)])), zones(wedge))["shift_m"][0] == 0


def test_heights_are_kept_when_a_site_moves():
    table = sites(shapely.force_3d(box(90, 40, 110, 60), 512.0), box(300, 0, 310, 10))
    found = smallest_shift(table, zones(box(0, 0, 100, 100)))
    assert (
        shapely.get_coordinates(found.geometry.iloc[0], include_z=True)[:, 2].tolist()
        == [512.0] * 5
    )
    assert found.geometry.has_z.tolist() == [True, False]


def test_zones_without_a_shape_are_said_and_invalid_ones_mended():
    bow = shapely.Polygon([(0, 0), (40, 40), (40, 0), (0, 40)])
    zone = zones(bow, None)
    assert zone_records(zone, zone.crs).flag == "1 个分区无可用图形，未计入"
    found = free_parts(sites(box(0, 0, 40, 40)), zone)
    assert found["free_m2"].tolist() == [800] and "无可用图形" in found["free_flag"].iloc[0]
    assert "无可用图形" in smallest_shift(sites(box(0, 0, 40, 40)), zone)["shift_flag"].iloc[0]
    none = conflict_stretches(sites(LINE([(90, 0), (99, 9)])), zone)
    assert len(none) == 0 and "无可用图形" in none.attrs["zone_flag"]


# --- cracks at seams ----------------------------------------------------------


HALVES = ("Z", "Z"), ("Z1", "Z2")


def halved(gap, codes):
    """A zone of a kilometre cut in two rows, with so much between them."""
    return zones(box(0, 0, 500, 1000), box(500 + gap, 0, 1000, 1000), codes=list(codes))


@pytest.mark.parametrize("gap", [0, 1e-9, 1e-7, 1e-5, 5e-4, 0.02, -1e-7, -5e-4])
@pytest.mark.parametrize("codes", HALVES)
def test_a_crack_along_a_seam_is_no_ground(gap, codes):
    whole, cut = zones(box(0, 0, 1000, 1000), codes=["Z"]), halved(gap, codes)
    table = sites(box(300, -200, 700, 1200), box(300, 300, 700, 700))
    one_way, other = (free_parts(table, zone, min_area_m2=0) for zone in (whole, cut))
    assert other["n_free_parts"].tolist() == one_way["n_free_parts"].tolist() == [2, 0]
    for column in ("free_m2", "conflict_m2", "largest_free_m2"):
        assert np.allclose(one_way[column], other[column], atol=0.1)
    # across the seam, along it, and aslant
    table = sites(LINE([(-100, 300), (1100, 300)]), LINE([(500, -100), (500, 1100)]),
                  LINE([(100, 100), (900, 900)]))  # fmt: skip
    one_way, other = (conflict_stretches(table, zone, by="all") for zone in (whole, cut))
    assert other["stretch_kind"].tolist() == one_way["stretch_kind"].tolist() == ["inside"] * 3
    assert np.allclose(one_way[["from_km", "to_km"]], other[["from_km", "to_km"]], atol=1e-6)
    # seen from the middle of the seam the nearest way out is half a kilometre
    table = sites(shapely.Point(500, 480))
    assert shifted(shapely.Point(500, 480), box(0, 0, 1000, 1000)).shift_m == pytest.approx(480.01)
    assert one(smallest_shift(table, cut)).shift_m == pytest.approx(480.01)
    area = gpd.GeoSeries([at(box(-500, -500, 1500, 1500))], crs=paper.CRS)
    depth = [zone_distance_raster(zone, within=area, cell_m=200).values for zone in (whole, cut)]
    assert np.allclose(*depth, atol=0.03) and depth[0].min() == -500
    bands = [zone_distance_contours(zone, within=area, distances_m=[100]) for zone in (whole, cut)]
    assert np.allclose(bands[0]["area_m2"], bands[1]["area_m2"], atol=0.1)
    assert [shapely.get_num_geometries(b.geometry.to_numpy()).tolist() for b in bands] == [
        [1, 1, 1]
    ] * 2


def test_a_gap_of_a_decimetre_is_ground():
    cut = halved(0.1, ("Z", "Z"))
    row = one(conflict_stretches(sites(LINE([(400, 300), (500.05, 300)])), cut))
    assert row.to_km == pytest.approx(0.1)
    assert one(free_parts(sites(box(450, 300, 550, 400)), cut)).free_m2 == pytest.approx(10)


def test_rows_that_adjoin_in_degrees_leave_no_crack_in_metres():
    # a corner of the upper row stands on the straight side of the lower one
    corners = [(119.0, 41.5), (119.01, 41.5), (119.02, 41.5)]
    lower = shapely.Polygon([corners[0], corners[2], (119.02, 41.49), (119.0, 41.49)])
    upper = shapely.Polygon([*corners, (119.02, 41.51), (119.0, 41.51)])
    table = zones(lower, upper, codes=["Z", "Z"])
    table = table.set_geometry([lower, upper], crs=4490)
    line = sites(LINE([(0, 0), (1, 1)]))
    line = line.set_geometry([LINE([(119.006, 41.485), (119.006, 41.515)])], crs=4490)
    row = one(conflict_stretches(line, table))
    assert row.stretch_kind == "inside" and row.length_m == pytest.approx(2221.4, abs=1)


def test_a_site_that_only_touches_is_returned_as_given():
    table = sites(box(100, 0, 200, 100)).to_crs(4490)
    row = one(free_parts(table, zones(box(0, 0, 100, 100)).to_crs(4490)))
    assert shapely.equals_identical(row.geometry, table.geometry[0])
    assert (row.conflict_m2, row.free_share, row.n_free_parts) == (0, 1, 1)
    # a corner of a square metre is no touch
    assert one(
        free_parts(sites(box(99, 99, 5e3, 5e3)), zones(box(0, 0, 100, 100)))
    ).conflict_m2 == (pytest.approx(1))


def test_the_heights_of_zones_are_not_those_of_a_site():
    high, low = (shapely.force_3d(box(0, 0, 100, 100), z) for z in (900.0, 7.0))
    row = one(free_parts(sites(low), zones(shapely.intersection(high, box(0, 0, 50, 100)))))
    assert set(shapely.get_coordinates(row.geometry, include_z=True)[:, 2]) == {7.0}


def test_a_collection_among_the_zones_is_refused_with_what_to_do():
    mixed = shapely.GeometryCollection([box(0, 0, 1, 1), shapely.Point(5, 5)])
    with pytest.raises(SchemaError, match=r"row 1 .*GeometryCollection.*explode"):
        free_parts(sites(box(0, 0, 10, 10)), zones(mixed))


@pytest.mark.parametrize("zone_crs", [4490, 4326, 4548, 4528, 4508, 2436])
@pytest.mark.parametrize("site_crs", [4490, 4527, 4509])
def test_other_systems_and_the_other_side_of_a_zone_border_change_nothing(site_crs, zone_crs):
    # the zone lies across 118.5 E, the border of two CGCS2000 zones, and the sites on either side
    ring = shapely.segmentize(shapely.box(118.49, 41.5, 118.51, 41.52), 0.0005)
    zone = zones(box(0, 0, 1, 1)).set_geometry([ring], crs=4490)
    table = sites(box(0, 0, 1, 1), box(0, 0, 1, 1)).set_geometry(
        [shapely.box(118.485, 41.505, 118.495, 41.506), shapely.box(118.505, 41.505, 118.515, 41.506)],
        crs=4490,
    )  # fmt: skip
    found = free_parts(table.to_crs(site_crs), zone.to_crs(zone_crs))
    assert found["free_m2"].tolist() == pytest.approx([46380.6, 46380.6], abs=1)
    line = sites(LINE([(0, 0), (1, 1)])).set_geometry(
        [LINE([(118.48, 41.51), (118.52, 41.51)])], crs=4490
    )
    row = one(conflict_stretches(line.to_crs(site_crs), zone.to_crs(zone_crs)))
    assert (row.from_km, row.to_km) == (
        pytest.approx(0.83500, abs=1e-4), pytest.approx(2.50499, abs=1e-4),
    )  # fmt: skip


def test_of_zones_taken_together_a_stretch_names_those_it_runs_through():
    zone = zones(
        box(0, 0, 100, 100), box(100, 0, 200, 100), box(400, 0, 500, 100), box(500, 100, 600, 200),
        codes=["A", "B", "C", "D"],
    )  # fmt: skip
    # through A and B, which adjoin, through C to the corner of D, and past it
    found = conflict_stretches(sites(LINE([(-50, 50), (450, 50), (500, 100)])), zone, by="all")
    assert found["zone_code"].tolist() == ["A;B", "C"]
    assert found["length_m"].tolist() == pytest.approx([200, 50 + 50 * 2**0.5])
    # in the middle of a filled crack it names a zone, and beside a zone there is no stretch
    row = one(conflict_stretches(sites(LINE([(500.015, 9), (500.015, 99)])),
                                 halved(0.03, ("Z1", "Z2")), by="all"))  # fmt: skip
    assert row.stretch_kind == "inside" and row.zone_code in ("Z1", "Z2")
    assert conflict_stretches(
        sites(LINE([(0, 150), (150, 0)])), zones(box(0, 0, 60, 60)), by="all"
    ).empty
