"""Screening of sites over zones, on paper."""

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, MultiPoint, MultiPolygon, Point, Polygon

from chaoyang_geo.crs import CRSError
from chaoyang_geo.schema import SchemaError, vocabulary
from chaoyang_geo.screening import read_zones, screen_sites
from chaoyang_geo.screening.result import (
    CHECKED_COLUMNS,
    FINDING_COLUMNS,
    RULE_COLUMNS,
    SITE_COLUMNS,
)

sys.path.insert(0, str(Path(__file__).parent))
from screening_paper import CRS, at, box, sites, zones

SQUARE = box(0, 0, 1000, 1000)


def verdict(site, *zone, **options):
    """Return the verdict on one site."""
    return screen_sites(sites(site), zones(*zone), **options).sites["verdict"].iloc[0]


def only(site, *zone, kind="eco_red_line", grade="general", activity="solar_farm", **options):
    """Return the one finding of one site."""
    found = screen_sites(
        sites(site, activity=activity), zones(*zone, kind=kind, grade=grade), **options
    ).findings
    assert len(found) == 1
    return found.iloc[0]


# every verdict ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "grade", "activity", "expected", "rule"),
    [
        ("eco_red_line", "general", "光伏", "禁止", "142-development"),
        ("eco_red_line", "general", "国家重大项目", "限制", "142-major"),
        ("eco_red_line", "general", "公路", "允许有条件", "142-6"),
        ("eco_red_line", "core", "巡护", "禁止", "142-core"),
        ("drinking_water", "primary", "垂钓", "禁止", "wl-65-2"),
        ("drinking_water", "secondary", "网箱养殖", "允许有条件", "wl-66-2"),
        ("drinking_water", "quasi", "化工", "禁止", "wl-67-1"),
        ("drinking_water", "quasi", "入河排污口", "禁止", "wl-64"),
        ("management_unit", "priority", "采矿", "限制", "tl-priority-1"),
        ("management_unit", "general", "光伏", "允许", "tl-general"),
        ("town", "", "光伏", "无法判断", ""),
        ("nature_reserve", "general", "光伏", "无法判断", ""),
    ],
)
def test_each_verdict_comes_from_its_rule(kind, grade, activity, expected, rule):
    found = only(box(400, 400, 500, 500), SQUARE, kind=kind, grade=grade, activity=activity)
    assert (found["verdict"], found["rule_id"]) == (expected, rule)
    assert found["why_zh"].startswith(f"{expected}：")
    if rule:
        assert found["clause"] in found["why_zh"]
        assert found["rule_source"] in found["why_zh"]
    else:
        assert "没有" in found["finding_flag"]


def test_a_site_far_from_every_zone_names_the_layers_and_the_nearest_zone():
    screening = screen_sites(sites(box(1400, 0, 1500, 100)), zones(SQUARE))
    row = screening.sites.iloc[0]
    assert row["verdict"] == "无冲突"
    assert row["n_zones"] == 0
    assert "L（v1，2024-01-01）" in row["why_zh"]
    assert "相距 400 米" in row["why_zh"]
    assert row["layers_checked"] == "L（v1，2024-01-01）"
    assert screening.findings["distance_m"].tolist() == [400.0]


# measures -----------------------------------------------------------------------------------


def test_a_polygon_that_lies_partly_inside_is_measured():
    found = only(box(900, 0, 1100, 100), SQUARE)
    assert found["relation"] == "overlaps"
    assert found["overlap_m2"] == pytest.approx(10_000)
    assert found["overlap_m2_geodesic"] == pytest.approx(10_000, rel=1e-3)
    assert found["share_of_site"] == pytest.approx(0.5)
    assert found["share_of_zone"] == pytest.approx(0.01)
    assert found["distance_m"] == 0


def test_a_line_is_measured_by_length_and_has_no_share_of_the_zone():
    found = only(LineString([(-500, 500), (1500, 500)]), SQUARE)
    assert found["overlap_m"] == pytest.approx(1000)
    assert found["overlap_m_geodesic"] == pytest.approx(1000, rel=1e-3)
    assert found["share_of_site"] == pytest.approx(0.5)
    assert np.isnan(found["share_of_zone"])
    assert found["overlap_m2"] == 0


def test_a_line_along_the_way_a_large_zone_is_cut_counts_once():
    angle = np.linspace(0, 2 * np.pi, 4001)[:-1]
    disc = Polygon(np.c_[1000 * np.cos(angle), 1000 * np.sin(angle)])
    for line in ([(0, -300), (0, 300)], [(-300, 0), (300, 0)]):
        found = only(LineString(line), disc)
        assert found["overlap_m"] == pytest.approx(600)
        assert found["relation"] == "inside"
    assert only(Point(0, 0), disc)["share_of_site"] == 1
    assert only(box(-100, -100, 100, 100), disc)["overlap_m2"] == pytest.approx(40_000)


def test_a_point_inside_has_neither_area_nor_length():
    found = only(Point(500, 500), SQUARE)
    assert (found["relation"], found["overlap_m2"], found["overlap_m"]) == ("inside", 0, 0)
    assert found["share_of_site"] == 1


def test_distance_is_to_the_border_also_across_a_hole():
    ring = box(0, 0, 1000, 1000).difference(box(300, 300, 700, 700))
    found = only(box(400, 400, 500, 500), ring)
    assert (found["relation"], found["distance_m"], found["verdict"]) == ("near", 100, "无冲突")
    around = box(-500, -500, 1500, 1500).difference(box(-100, -100, 1100, 1100))
    assert only(around, SQUARE)["distance_m"] == 100  # the zone lies in the hole of the site


def test_parts_of_a_site_and_of_a_zone_add_up():
    site = MultiPolygon([box(900, 0, 1100, 100), box(2900, 0, 3000, 100)])
    zone = MultiPolygon([SQUARE, box(2950, -500, 3500, 500)])
    found = only(site, zone)
    assert found["overlap_m2"] == pytest.approx(10_000 + 5_000)
    assert found["share_of_site"] == pytest.approx(0.5)
    points = only(MultiPoint([(500, 500), (1500, 500)]), SQUARE)
    assert (points["relation"], points["share_of_site"]) == ("overlaps", 0.5)


def test_areas_are_those_of_the_ellipsoid_to_one_in_a_thousand_wherever_the_site_lies():
    places = [Point(x, y) for x, y in ((118.55, 41.2), (120, 42), (121.45, 40.9), (123.2, 41))]
    squares = gpd.GeoSeries(places, crs="EPSG:4490").buffer(0, cap_style="square")
    shapes = [shapely.box(p.x - 0.01, p.y - 0.01, p.x + 0.01, p.y + 0.01) for p in places]
    assert len(squares) == len(shapes)
    site = gpd.GeoDataFrame(
        {"site_code": list("abcd"), "site_name": "示例", "activity": "road"},
        geometry=shapes,
        crs="EPSG:4490",
    )
    zone = read_zones(
        gpd.GeoDataFrame(geometry=[shapely.box(118, 40, 124, 43)], crs="EPSG:4490"),
        kind="红线",
        grade="一般",
        version="1",
        version_date="",
    )
    screening = screen_sites(site, zone)
    found = screening.findings
    assert (found["relation"] == "inside").all()
    ratio = found["overlap_m2"] / found["overlap_m2_geodesic"]
    assert np.abs(ratio - 1).max() < 1e-3
    assert screening.options["metric_crs"] == "EPSG:4549;EPSG:4550"


# the band -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        (-100.0, "禁止"),  # 100 m inside
        (-10.5, "禁止"),
        (-9.5, "压线需复核"),
        (0.0, "压线需复核"),
        (9.5, "压线需复核"),
        (10.5, "无冲突"),
        (999.0, "无冲突"),
    ],
)
@pytest.mark.parametrize("what", ["point", "polygon", "line"])
def test_the_band_of_doubt_lies_on_both_sides_of_the_border(shift, expected, what):
    shape = {
        "point": Point(1000 + shift, 500),
        "polygon": box(1000 + shift, 400, 1500, 600),
        "line": LineString([(1000 + shift, 500), (1600, 500)]),
    }[what]
    assert verdict(shape, SQUARE, tolerance_m=10) == expected


def test_the_band_is_the_root_of_the_squared_accuracies():
    site, zone = sites(Point(1004, 500)), zones(SQUARE)
    site["accuracy_m"], zone["accuracy_m"] = 3.0, 4.0
    found = screen_sites(site, zone, tolerance_m=100).findings.iloc[0]
    assert found["band_m"] == 5
    assert found["verdict"] == "压线需复核"
    zone["accuracy_m"] = 2.0
    assert screen_sites(site, zone).sites["verdict"].iloc[0] == "无冲突"
    zone["accuracy_m"] = np.nan
    found = screen_sites(site, zone, tolerance_m=1).findings.iloc[0]
    assert found["band_m"] == 3
    assert found["verdict"] == "无冲突"


def test_a_band_wider_than_the_listed_distance_still_lists_the_zone():
    site = sites(Point(1100, 500))
    site["accuracy_m"] = 150.0
    zone = zones(SQUARE, accuracy_m=20.0)
    screening = screen_sites(site, zone, max_distance_m=0)
    assert screening.sites["verdict"].tolist() == ["压线需复核"]


def test_a_line_across_a_narrow_zone_surely_meets_it_but_a_hut_in_it_may_not():
    strip = box(0, 0, 15, 5000)
    assert verdict(LineString([(-500, 2000), (500, 2000)]), strip, tolerance_m=10) == "禁止"
    assert verdict(box(5, 2000, 8, 2003), strip, tolerance_m=10) == "压线需复核"


def test_without_a_band_what_is_common_counts_and_what_only_touches_is_in_doubt():
    exact = {"tolerance_m": 0}
    assert verdict(box(999, 0, 1100, 100), SQUARE, **exact) == "禁止"
    assert verdict(box(1000, 0, 1100, 100), SQUARE, **exact) == "压线需复核"
    assert verdict(box(1001, 0, 1100, 100), SQUARE, **exact) == "无冲突"
    assert verdict(Point(1000, 500), SQUARE, **exact) == "压线需复核"
    assert verdict(Point(1000, 1000), SQUARE, **exact) == "压线需复核"
    assert verdict(Point(999, 500), SQUARE, **exact) == "禁止"
    assert verdict(LineString([(1000, 100), (1000, 300)]), SQUARE, **exact) == "压线需复核"
    assert verdict(LineString([(1000, 100), (1000, 300), (990, 400)]), SQUARE, **exact) == "禁止"


@pytest.mark.parametrize(
    "shape",
    [
        box(1000, 0, 1100, 100),
        Point(1000, 500),
        Point(1000, 1000),
        LineString([(1000, 100), (1000, 300)]),
        LineString([(1000, 100), (1200, 100)]),
        box(300, 300, 700, 700),
    ],
)
def test_touching_shares_nothing(shape):
    zone = SQUARE.difference(box(300, 300, 700, 700))
    found = only(shape, zone)
    assert found["relation"] == "touches"
    assert (found["overlap_m2"], found["overlap_m"], found["distance_m"]) == (0, 0, 0)
    assert found["verdict"] == "压线需复核"


def test_a_stretch_along_the_border_is_no_length_inside():
    line = LineString([(1000, 100), (1000, 300), (900, 300)])
    assert only(line, SQUARE, tolerance_m=0)["overlap_m"] == pytest.approx(100)


def test_where_the_activity_is_allowed_inside_the_line_does_not_matter():
    found = only(Point(995, 500), SQUARE, kind="management_unit", grade="general")
    assert found["verdict"] == "允许"
    assert "位置压线" in found["finding_flag"]
    assert only(Point(1005, 500), SQUARE, kind="management_unit")["verdict"] == "无冲突"


# several zones ------------------------------------------------------------------------------


def test_zones_that_overlap_are_counted_once():
    screening = screen_sites(
        sites(box(400, 0, 600, 100)), zones(box(0, 0, 550, 500), box(450, 0, 1000, 500))
    )
    found = screening.findings.iloc[0]
    assert len(screening.findings) == screening.sites["n_zones"].iloc[0] == 1
    assert found["zone_code"] == "Z0;Z1"
    assert found["overlap_m2"] == pytest.approx(20_000)
    assert found["share_of_site"] == 1
    assert found["share_of_zone"] == pytest.approx(20_000 / 500_000)
    assert "2 个分区在此重叠" in found["finding_flag"]


def test_zones_that_overlap_elsewhere_or_by_a_sliver_are_counted_one_by_one():
    site = sites(box(400, 0, 600, 100))
    apart = zones(box(0, 0, 500, 500), box(500, 0, 1000, 500).union(box(0, 300, 1000, 500)))
    assert screen_sites(site, apart).findings["overlap_m2"].tolist() == pytest.approx([1e4, 1e4])
    sliver = zones(box(0, 0, 500.2, 500), box(500, 0, 1000, 500))
    assert len(screen_sites(site, sliver).findings) == 2


def test_zones_of_two_layers_kinds_or_grades_are_never_joined():
    two = zones(SQUARE, SQUARE, grade=["core", "general"])
    assert len(screen_sites(sites(Point(500, 500)), two).findings) == 2
    two = zones(SQUARE, SQUARE, layer=["A", "B"])
    assert len(screen_sites(sites(Point(500, 500)), two).findings) == 2


def test_rows_of_one_code_are_one_zone():
    halves = zones(box(0, 0, 500, 1000), box(500, 0, 1000, 1000), codes=["Z", "Z"])
    found = screen_sites(sites(box(400, 400, 600, 500)), halves).findings
    assert len(found) == 1
    assert found["relation"].iloc[0] == "inside"
    assert found["share_of_zone"].iloc[0] == pytest.approx(0.02)
    twice = screen_sites(
        sites(box(400, 400, 600, 500)), zones(SQUARE, SQUARE, codes=["Z", "Z"])
    ).findings
    assert twice["overlap_m2"].iloc[0] == pytest.approx(20_000)


def test_two_layers_of_one_name_are_not_taken_for_one():
    here = gpd.GeoDataFrame({"编号": ["1"]}, geometry=[at(SQUARE)], crs=CRS)
    there = gpd.GeoDataFrame({"编号": ["1"]}, geometry=[at(box(5000, 0, 6000, 1000))], crs=CRS)
    read = {"kind": "红线", "grade": "一般", "version": "1", "version_date": ""}
    both = [read_zones(here, **read), read_zones(there, **read)]
    with pytest.raises(SchemaError, match="are called '生态保护红线', and both have a zone '1'"):
        screen_sites(sites(Point(0, 0)), both)
    named = [read_zones(here, **read, name="甲县"), read_zones(there, **read, name="乙县")]
    screening = screen_sites(sites(Point(500, 500), Point(5500, 500)), named)
    assert screening.findings["layer"].tolist() == ["甲县", "乙县"]
    twice = screen_sites(sites(Point(500, 500)), [both[0], both[0]])  # the same layer is one
    assert twice.sites["n_zones"].tolist() == [1]


def test_the_order_of_layers_does_not_matter():
    one = zones(SQUARE, layer="A")
    two = zones(box(500, 0, 2000, 1000), layer="B", kind="drinking_water", grade="primary")
    site = sites(box(400, 400, 600, 500), Point(1500, 500))
    left, right = screen_sites(site, [one, two]), screen_sites(site, [two, one])
    pd.testing.assert_frame_equal(left.findings, right.findings)
    pd.testing.assert_frame_equal(left.checked, right.checked)
    assert left.sites["why_zh"].tolist() == right.sites["why_zh"].tolist()


def test_a_site_far_from_its_meridian_is_told_that_plane_and_ellipsoid_differ():
    line = gpd.GeoDataFrame(
        {"site_code": ["A"], "site_name": ["示例管道"], "activity": ["pipeline"]},
        geometry=[LineString([(104.0, 41), (119.6, 41)])],
        crs="EPSG:4490",
    )
    east = read_zones(
        gpd.GeoDataFrame(geometry=[shapely.box(118.8, 40.5, 119.4, 41.5)], crs="EPSG:4490"),
        kind="红线", grade="一般", version="1", version_date="",
    )  # fmt: skip
    found = screen_sites(line, east).findings.iloc[0]
    assert found["overlap_m"] / found["overlap_m_geodesic"] > 1.001
    assert "相差超过 0.1 %" in found["finding_flag"]


def test_a_seam_between_zones_of_one_kind_and_grade_makes_no_doubt():
    halves = zones(box(0, 0, 500, 1000), box(500, 0, 1000, 1000))
    for shape in (
        Point(505, 500),
        Point(500, 500),
        box(490, 400, 495, 405),
        box(503, 400, 600, 500),
        LineString([(500, 100), (500, 300)]),
    ):
        assert screen_sites(sites(shape), halves).sites["verdict"].tolist() == ["禁止"], shape
    crack = zones(box(0, 0, 499.8, 1000), box(500.2, 0, 1000, 1000))
    assert screen_sites(sites(Point(505, 500)), crack).sites["verdict"].tolist() == ["禁止"]


def test_a_seam_between_grades_is_in_doubt():
    two = zones(box(0, 0, 500, 1000), box(500, 0, 1000, 1000), grade=["core", "general"])
    screening = screen_sites(sites(Point(505, 500), activity="road"), two)
    assert screening.sites["verdict"].tolist() == ["压线需复核"]
    assert set(screening.findings["verdict"]) == {"压线需复核"}


def test_the_worst_finding_is_the_verdict():
    two = zones(SQUARE, SQUARE, grade=["core", "general"])
    screening = screen_sites(sites(Point(500, 500), activity="road"), two)
    assert screening.findings["verdict"].tolist() == ["禁止", "允许有条件"]
    assert screening.sites["verdict"].tolist() == ["禁止"]
    assert screening.sites["n_zones"].tolist() == [2]


# shapes that are not what they should be ------------------------------------------------------


def test_a_zone_whose_ring_overlaps_itself_counts_its_ground_once():
    # once around 0..1000, then again over its left half
    ring = Polygon(
        [(0, 0), (1000, 0), (1000, 1000), (0, 1000), (0, 0), (500, 0), (500, 1000), (0, 1000)]
    )
    assert not ring.is_valid
    found = only(box(100, 100, 200, 200), ring)
    assert found["relation"] == "inside"
    assert found["overlap_m2"] == pytest.approx(10_000)
    assert "已修复" in found["finding_flag"]


def test_invalid_sites_are_repaired_and_said():
    bow = Polygon([(100, 100), (300, 300), (300, 100), (100, 300)])
    flat = Polygon([(100, 100), (300, 100), (200, 100)])
    screening = screen_sites(sites(bow, flat), zones(SQUARE))
    assert screening.findings["overlap_m2"].tolist() == pytest.approx([20_000, 0])
    assert screening.findings["overlap_m"].tolist() == pytest.approx([0, 200])
    assert screening.sites["verdict_flag"].str.contains("已修复|塌缩").tolist() == [True, True]


def test_a_line_of_no_length_is_a_point():
    screening = screen_sites(sites(LineString([(500, 500), (500, 500)])), zones(SQUARE))
    assert screening.sites["verdict"].tolist() == ["禁止"]
    assert screening.sites["verdict_flag"].tolist() == ["线长为零，按点核查"]


def test_sites_without_a_shape_cannot_be_judged():
    far = Point(float("nan"), 3)
    screening = screen_sites(sites(None, Polygon(), far, Point(500, 500)), zones(SQUARE))
    assert screening.sites["verdict"].tolist() == ["无法判断"] * 3 + ["禁止"]
    assert screening.sites["verdict_flag"].iloc[0] == "无图形"
    assert screening.findings["site_code"].tolist() == ["S3"]
    assert screen_sites(sites(None), zones(SQUARE)).sites["verdict"].tolist() == ["无法判断"]


def test_a_mixed_site_is_measured_by_its_highest_dimension():
    mixed = shapely.GeometryCollection([box(900, 0, 1100, 100), LineString([(0, 500), (100, 500)])])
    found = only(mixed, SQUARE)
    assert found["overlap_m2"] == pytest.approx(10_000)
    assert found["overlap_m"] == pytest.approx(100)
    assert found["share_of_site"] == pytest.approx(0.5)
    assert found["relation"] == "overlaps"


# layers that could not be checked -------------------------------------------------------------


def test_no_layer_and_empty_or_unreadable_layers_cannot_be_judged():
    site = sites(Point(5000, 5000), Point(500, 500))
    nothing = screen_sites(site, zones(SQUARE).iloc[:0])
    assert nothing.sites["verdict"].tolist() == ["无法判断"] * 2
    assert screen_sites(site, []).sites["verdict"].tolist() == ["无法判断"] * 2
    empty = read_zones(
        gpd.GeoDataFrame({"名称": []}, geometry=[], crs=CRS),
        kind="水源地",
        version="2",
        version_date="2020-01-01",
    )
    screening = screen_sites(
        site, [zones(SQUARE), empty], unreadable={"湿地.shp": "文件损坏"}, on="2025-01-01"
    )
    assert screening.sites["verdict"].tolist() == ["无法判断", "禁止"]
    assert "湿地.shp" in screening.sites["why_zh"].iloc[0]
    assert "湿地.shp" in screening.sites["verdict_flag"].iloc[1]
    states = dict(zip(screening.checked["layer"], screening.checked["layer_state"], strict=True))
    assert states == {"L": "ok", "饮用水水源保护区": "empty", "湿地.shp": "unreadable"}
    assert screening.sites["layers_checked"].tolist() == ["L（v1，2024-01-01）"] * 2


def test_zones_without_a_shape_are_said():
    screening = screen_sites(
        sites(Point(5000, 5000)), zones(SQUARE, None, LineString([(0, 0), (1, 1)]))
    )
    assert screening.checked["layer_flag"].iloc[0].startswith("2 个分区无可用图形，未核查")
    only_bad = screen_sites(sites(Point(5000, 5000)), zones(None))
    assert only_bad.checked["layer_state"].tolist() == ["empty"]
    assert only_bad.sites["verdict"].tolist() == ["无法判断"]


def test_a_site_beyond_the_extent_of_a_layer_is_told_so():
    screening = screen_sites(sites(Point(5000, 5000), Point(500, 500)), zones(SQUARE))
    assert "未覆盖" in screening.sites["verdict_flag"].iloc[0]
    assert screening.sites["verdict_flag"].iloc[1] == ""


def test_an_unknown_activity_is_judged_only_where_no_zone_is_near():
    screening = screen_sites(
        sites(Point(500, 500), Point(5000, 500), activity="新型项目"), zones(SQUARE)
    )
    assert screening.sites["verdict"].tolist() == ["无法判断", "无冲突"]
    assert screening.sites["verdict_flag"].str.contains("活动不在词表").all()


@pytest.mark.parametrize("activity", ["", " ", None])
def test_an_activity_that_is_not_stated_is_not_called_unknown(activity):
    screening = screen_sites(sites(Point(500, 500), activity=[activity]), zones(SQUARE))
    row = screening.sites.iloc[0]
    assert (row["verdict"], row["verdict_flag"]) == ("无法判断", "未说明建设活动")
    assert "未说明建设活动" in row["why_zh"] and "the activity is not stated" in row["why_en"]


def test_an_unknown_grade_is_judged_where_all_grades_agree():
    both = only(Point(500, 500), SQUARE, grade="", activity="光伏")
    assert both["verdict"] == "禁止"
    assert "等级不明" in both["finding_flag"]
    differ = only(Point(500, 500), SQUARE, grade="", activity="公路")
    assert differ["verdict"] == "无法判断"
    assert "核心保护区禁止，一般控制区允许有条件" in differ["finding_flag"]


# the frame --------------------------------------------------------------------------------------


def test_rows_order_index_and_crs_stay_and_inputs_are_not_changed():
    site = sites(Point(500, 500), Point(5000, 500), None).set_axis([7, 3, 5]).to_crs("EPSG:4490")
    zone = zones(SQUARE).to_crs("EPSG:3857")
    before = site.copy(), zone.copy()
    judged = screen_sites(site, zone).sites
    assert judged.index.tolist() == [7, 3, 5]
    assert judged.crs == site.crs
    assert list(judged.columns) == [*site.columns, *SITE_COLUMNS]
    pd.testing.assert_frame_equal(pd.DataFrame(site), pd.DataFrame(before[0]))
    pd.testing.assert_frame_equal(pd.DataFrame(zone), pd.DataFrame(before[1]))


def test_the_systems_of_the_inputs_do_not_matter():
    site, zone = sites(box(900, 0, 1100, 100), Point(1300, 500)), zones(SQUARE)
    want = screen_sites(site, zone).findings
    for crs in ("EPSG:4490", "EPSG:4528", "EPSG:3857", "EPSG:4326"):
        found = screen_sites(site.to_crs(crs), zone.to_crs("EPSG:4490")).findings
        assert found["verdict"].tolist() == want["verdict"].tolist()
        assert found["overlap_m2"].to_numpy() == pytest.approx(want["overlap_m2"], rel=1e-4)
        assert found["distance_m"].to_numpy() == pytest.approx(want["distance_m"], abs=0.05)


def test_nothing_in_is_nothing_out_with_the_same_columns():
    full = screen_sites(sites(Point(0, 0)), zones(SQUARE))
    none = screen_sites(sites(Point(0, 0)).iloc[:0], zones(SQUARE))
    assert none.findings.dtypes.to_dict() == full.findings.dtypes.to_dict()
    assert none.sites.dtypes.astype(str).to_dict() == full.sites.dtypes.astype(str).to_dict()
    assert len(none.sites) == len(none.findings) == 0
    no_zone = screen_sites(sites(Point(0, 0)), [])
    assert no_zone.checked.dtypes.to_dict() == full.checked.dtypes.to_dict()


def test_every_column_stands_in_the_vocabulary():
    known = set(vocabulary()["name"])
    for columns in (FINDING_COLUMNS, SITE_COLUMNS, CHECKED_COLUMNS, RULE_COLUMNS):
        assert set(columns) <= known


def test_what_was_done_is_recorded_and_is_json():
    import json

    options = screen_sites(sites(Point(0, 0)), zones(SQUARE), on="2025-06-01").options
    assert json.loads(json.dumps(options)) == options
    assert options["on"] == "2025-06-01"
    assert options["rule_sets"] == "redline_142;water_law;three_lines"


def test_a_version_later_than_the_day_of_screening_is_doubted():
    screening = screen_sites(sites(Point(0, 0)), zones(SQUARE), on="2023-06-01")
    assert "版本日期晚于核查日期" in screening.checked["layer_flag"].iloc[0]


def test_users_mistakes_are_named():
    site, zone = sites(Point(0, 0)), zones(SQUARE)
    with pytest.raises(CRSError, match="sites"):
        screen_sites(site.set_crs(None, allow_override=True), zone)
    with pytest.raises(CRSError, match="zones"):
        screen_sites(site, zone.set_crs(None, allow_override=True))
    with pytest.raises(SchemaError, match="activity"):
        screen_sites(site.drop(columns="activity"), zone)
    with pytest.raises(SchemaError, match="read_zones"):
        screen_sites(site, zone.drop(columns="zone_kind"))
    with pytest.raises(SchemaError, match="row 1 of zone_kind holds '红线'"):
        screen_sites(site, zones(SQUARE, kind="红线"))
    with pytest.raises(SchemaError, match="row 1 of zone_grade holds 'x'"):
        screen_sites(site, zones(SQUARE, grade="x"))
    with pytest.raises(SchemaError, match="twice"):
        screen_sites(sites(Point(0, 0), Point(1, 1)).assign(site_code="S"), zone)
    with pytest.raises(ValueError, match="tolerance_m=-1"):
        screen_sites(site, zone, tolerance_m=-1)
    with pytest.raises(ValueError, match="on='June'"):
        screen_sites(site, zone, on="June")
    with pytest.raises(ValueError, match="unverified='drop'"):
        screen_sites(site, zone, unverified="drop")
    with pytest.raises(SchemaError, match="row 1 of accuracy_m holds -5"):
        screen_sites(site.assign(accuracy_m=-5.0), zone)
    with pytest.raises(ValueError, match="'L' is among the zones"):
        screen_sites(site, zone, unreadable=["L"])
    assert at(None) is None
