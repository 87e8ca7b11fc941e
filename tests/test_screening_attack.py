"""Screening: systems of coordinates, zone borders, seams with noise, odd geometries."""

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import GeometryCollection, LineString, MultiPoint, MultiPolygon, Point

from chaoyang_geo.schema import SchemaError
from chaoyang_geo.screening import screen_sites

sys.path.insert(0, str(Path(__file__).parent))
from screening_paper import box, sites, zones

WHOLE = box(0, 0, 1000, 1000)
# inside, across the seam, over the whole zone, lines across and aslant, points off the seam
SITES = (
    box(300, 300, 700, 700), box(400, -100, 600, 1100), box(-50, 400, 1050, 600),
    LineString([(-100, 300), (1100, 300)]), LineString([(100, 100), (900, 900)]),
    Point(495, 500), Point(300, 500), Point(5, 500), Point(-5, 500), Point(-50, 500),
    box(450, 450, 550, 550), box(499, 499, 501, 501), box(495, 0, 505, 10), box(1000, 0, 1100, 90),
)  # fmt: skip


@pytest.mark.parametrize("gap", [0, 1e-9, 1e-7, 1e-5, 5e-4, -1e-7, -5e-4, 0.01, -0.01])
@pytest.mark.parametrize("kind", ["rows", "zones", "files"])
@pytest.mark.parametrize("tolerance", [0.0, 10.0])
def test_a_zone_split_with_noise_along_the_seam_gives_the_same_verdicts(gap, kind, tolerance):
    site = sites(*SITES)
    one, other = box(0, 0, 500, 1000), box(500 + gap, 0, 1000, 1000)
    cut = {
        "rows": zones(one, other, codes=["Z", "Z"]),
        "zones": zones(one, other, codes=["Z1", "Z2"]),
        "files": [zones(one, codes=["Z1"]), zones(other, codes=["Z2"])],
    }[kind]
    whole = screen_sites(site, zones(WHOLE, codes=["Z"]), tolerance_m=tolerance)
    parts = screen_sites(site, cut, tolerance_m=tolerance)
    assert parts.sites["verdict"].tolist() == whole.sites["verdict"].tolist()
    for column, slack in (("overlap_m2", 11.0), ("overlap_m", 0.03)):
        sums = [s.findings.groupby("site_code")[column].sum() for s in (whole, parts)]
        assert np.allclose(*sums, atol=slack)


@pytest.mark.parametrize("zone_crs", [4490, 4326, 4528, 4548, 4508, 4509, 3857, 32651, 2436, 4214])
@pytest.mark.parametrize("site_crs", [4490, 4528, 4509, 2436])
def test_every_system_gives_the_same_findings(zone_crs, site_crs):
    zone = zones(
        shapely.segmentize(box(0, 0, 10_000, 10_000), 100),
        shapely.segmentize(box(9000, 0, 12_000, 3000), 100), grade=["core", "general"],
    )  # fmt: skip
    site = sites(
        box(-100, 50, 300, 90), box(9500, 500, 9600, 600), Point(10, 10),
        LineString([(-500, 50), (13_000, 60)]),
    )  # fmt: skip
    here = screen_sites(site, zone)
    there = screen_sites(site.to_crs(site_crs), zone.to_crs(zone_crs))
    verdicts = here.sites["verdict"].tolist()
    krassowsky = {2436, 4214}
    if (zone_crs in krassowsky) != (site_crs in krassowsky):  # nobody knows how far off they are
        verdicts = [each if each == "禁止" else "无法判断" for each in verdicts]
    assert there.sites["verdict"].tolist() == verdicts
    words = ["site_code", "zone_code", "relation", "verdict"]
    assert there.findings[words].to_numpy().tolist() == here.findings[words].to_numpy().tolist()
    for column in ("overlap_m2", "overlap_m", "distance_m"):
        assert np.allclose(there.findings[column], here.findings[column], atol=0.5)


def test_sites_on_both_sides_of_the_border_of_two_gauss_krueger_zones_are_alike():
    # a zone across 118.5 E; one site is measured in the zone of 117 E, the other in that of 120 E
    ring = shapely.segmentize(shapely.box(118.49, 41.5, 118.51, 41.52), 0.0005)
    zone = zones(WHOLE).set_geometry([ring], crs=4490)
    site = sites(WHOLE, WHOLE).set_geometry(
        [
            shapely.box(118.485, 41.505, 118.495, 41.506),
            shapely.box(118.505, 41.505, 118.515, 41.506),
        ],
        crs=4490,
    )
    found = screen_sites(site, zone)
    assert found.options["metric_crs"] == "EPSG:4548;EPSG:4549"
    assert found.findings["share_of_site"].tolist() == pytest.approx([0.5, 0.5], abs=1e-4)
    left, right = found.findings["overlap_m2"]
    assert left == pytest.approx(right, abs=0.01)
    geodesic = found.findings["overlap_m2_geodesic"]
    assert left == pytest.approx(geodesic[0], rel=1e-3)


def test_heights_play_no_part():
    flat = (box(900, 0, 1100, 100), Point(50, 50), LineString([(-5, 5), (500, 5)]))
    one = screen_sites(sites(*flat), zones(WHOLE))
    high = [shapely.force_3d(shape, z) for shape, z in zip(flat, (5.0, 900.0, -3.0), strict=True)]
    other = screen_sites(sites(*high), zones(shapely.force_3d(WHOLE, 77.0)))
    assert other.sites["verdict"].tolist() == one.sites["verdict"].tolist()
    columns = ["relation", "overlap_m2", "overlap_m", "share_of_site", "distance_m"]
    assert other.findings[columns].equals(one.findings[columns])


@pytest.mark.parametrize("empty", [None, shapely.Polygon(), GeometryCollection(), MultiPolygon()])
def test_a_site_without_a_place_is_never_without_conflict(empty):
    assert screen_sites(sites(empty), zones(WHOLE)).sites["verdict"].tolist() == ["无法判断"]


def test_a_collection_among_the_zones_is_no_clean_bill():
    mixed = GeometryCollection([WHOLE, Point(1, 1)])
    for site in (box(10, 10, 20, 20), box(5000, 0, 5001, 1)):
        assert screen_sites(sites(site), zones(mixed)).sites["verdict"].tolist() == ["无法判断"]


def test_a_zone_of_very_many_vertices_is_measured_as_a_whole():
    turn = np.linspace(0, 2 * np.pi, 100_001)[:-1]
    reach = 4000 * (1 + 0.01 * np.sin(500 * turn))
    coast = shapely.Polygon(5000 + np.c_[reach * np.cos(turn), reach * np.sin(turn)])
    site = box(5000, 5000, 9500, 5100)
    found = screen_sites(sites(site, coast), zones(coast)).findings
    assert found["relation"].tolist() == ["overlaps", "inside"]
    truth = [coast.intersection(site).area, coast.area]
    assert found["overlap_m2"].tolist() == pytest.approx(truth, rel=1e-9)


# one zone drawn in two --------------------------------------------------------------------------

# along the seam and across it, at it and beside it, thinner than a touch
AT_SEAM = (
    LineString([(500, -100), (500, 1100)]), LineString([(500, 100), (500, 900)]),
    LineString([(500, -3), (500, 3)]), LineString([(100, 100), (900, 900)]),
    LineString([(500, 100), (500, 500), (800, 500)]), LineString([(499, 100), (501, 900)]),
    Point(500, 500), Point(500, 0.5), Point(500, 1000), Point(500, -5),
    MultiPoint([(500, 500), (100, 100)]), box(499.9999, 100, 500.0001, 900),
    box(450, 450, 550, 550), box(499, 499, 501, 501), box(495, 0, 505, 10), box(300, 300, 700, 700),
)  # fmt: skip


def split(gap, kind, *, reach=1000):
    one, other = box(0, 0, 500, 1000), box(500 + gap, 0, 1000, reach)
    return {
        "rows": zones(one, other, codes=["Z", "Z"]),
        "zones": zones(one, other, codes=["Z1", "Z2"]),
        "files": [zones(one, codes=["Z1"]), zones(other, codes=["Z2"])],
        "layers": [zones(one, codes=["Z1"], layer="L"), zones(other, codes=["Z2"], layer="M")],
    }[kind]


@pytest.mark.parametrize("gap", [0, 1e-9, 1e-7, 1e-5, 5e-4, 0.01, 0.045, -1e-7, -5e-4, -0.01])
@pytest.mark.parametrize("kind", ["rows", "zones", "files", "layers"])
@pytest.mark.parametrize("tolerance", [0.0, 10.0])
def test_what_lies_on_a_seam_within_a_zone_lies_inside(gap, kind, tolerance):
    site = sites(*AT_SEAM)
    whole = screen_sites(site, zones(WHOLE, codes=["Z"]), tolerance_m=tolerance)
    parts = screen_sites(site, split(gap, kind), tolerance_m=tolerance)
    assert parts.sites["verdict"].tolist() == whole.sites["verdict"].tolist()
    sums = [s.findings.groupby("site_code")["overlap_m"].sum() for s in (whole, parts)]
    # where zones of two codes overlap, a line that crosses aslant lies in both
    slack = 0.03 if kind == "rows" or gap >= 0 else 0.03 - 401 * gap
    assert np.allclose(*sums, atol=slack)
    if kind == "rows":
        columns = ["site_code", "zone_code", "relation"]
        same = parts.findings[columns].to_numpy().tolist()
        assert same == whole.findings[columns].to_numpy().tolist()
        assert np.allclose(parts.findings["share_of_site"], whole.findings["share_of_site"])


@pytest.mark.parametrize("off", [0.0, 0.005, 0.02, 0.03, 0.04])
def test_a_crack_is_within_the_zone_wherever_a_line_or_point_lies_in_it(off):
    site = sites(LineString([(500 + off, 100), (500 + off, 900)]), Point(500 + off, 500))
    found = screen_sites(site, split(0.04, "rows"), tolerance_m=0)
    assert found.sites["verdict"].tolist() == ["禁止", "禁止"]
    assert found.findings["relation"].tolist() == ["inside", "inside"]
    assert found.findings["overlap_m"].tolist() == pytest.approx([800, 0], abs=1e-6)


@pytest.mark.parametrize("gap", [0.0, 0.03, 0.06, 0.09])
def test_a_line_or_point_deep_between_two_zones_is_within_them_however_it_is_shifted(gap):
    middle = 500 + gap / 2
    site = sites(LineString([(middle, 100), (middle, 900)]), Point(middle, 500))
    found = screen_sites(site, split(gap, "rows"), tolerance_m=10)
    assert found.sites["verdict"].tolist() == ["禁止", "禁止"]
    wide = gap > 0.05  # no crack: the site lies beside the two, and the reason says so
    said = found.findings["finding_flag"].str.contains("窄缝内，按区内计")
    assert said.all() if wide else not said.any()
    assert set(found.findings["relation"]) == {"near" if wide else "inside"}


def test_a_gap_that_is_no_crack_stays_outside():
    site = sites(LineString([(500.5, 100), (500.5, 900)]), Point(500.5, 500))
    found = screen_sites(site, split(1.0, "rows"), tolerance_m=0)
    assert found.sites["verdict"].tolist() == ["无冲突", "无冲突"]
    assert found.findings["relation"].tolist() == ["near", "near"]


@pytest.mark.parametrize("gap", [0, 0.01])
def test_a_seam_ends_where_the_shorter_half_ends(gap):
    # the other half reaches 600 m: above that the line runs along the outer border of the zone
    road = LineString([(500, 100), (500, 900)])
    found = screen_sites(sites(road), split(gap, "rows", reach=600), tolerance_m=0).findings
    assert found["relation"].tolist() == ["overlaps"]
    assert found["overlap_m"].tolist() == pytest.approx([500], abs=0.06)


def test_two_zones_along_one_outer_border_hold_nothing_of_it():
    border = sites(LineString([(500, 100), (500, 900)]), Point(500, 500))
    twice = zones(box(0, 0, 500, 1000), box(100, 0, 500, 1000))
    found = screen_sites(border, twice, tolerance_m=0)
    assert set(found.findings["relation"]) == {"touches"}
    assert found.sites["verdict"].tolist() == ["压线需复核", "压线需复核"]


def test_the_common_border_of_two_grades_is_no_seam():
    core = zones(box(0, 0, 500, 1000), box(500, 0, 1000, 1000), grade=["core", "general"])
    found = screen_sites(sites(LineString([(500, 100), (500, 900)])), core, tolerance_m=0)
    assert found.findings["relation"].tolist() == ["touches", "touches"]
    assert found.sites["verdict"].tolist() == ["压线需复核"]


def test_a_zone_split_over_two_layers_is_as_deep_as_a_whole_one():
    site = sites(
        Point(495, 500), box(499, 499, 501, 501), LineString([(500, 100), (500, 900)]),
        Point(500, 5), Point(500, 995),
    )  # fmt: skip
    whole = screen_sites(site, zones(WHOLE)).sites["verdict"].tolist()
    assert whole == ["禁止"] * 3 + ["压线需复核"] * 2
    assert screen_sites(site, split(0, "layers")).sites["verdict"].tolist() == whole


# never a silent no ------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1e-5, 2e-4, 9e-4, 0.004])
def test_a_polygon_thinner_than_a_touch_within_a_zone_is_inside(width):
    inner, across = box(500, 100, 500 + width, 900), box(500, 600, 500 + width, 1400)
    outer = box(1200, 100, 1200 + width, 900)
    both = inner.union(box(100, 100, 200, 200))
    found = screen_sites(sites(inner, across, outer, both), zones(WHOLE))
    assert found.sites["verdict"].tolist() == ["禁止", "禁止", "无冲突", "禁止"]
    assert found.findings["relation"].tolist() == ["inside", "overlaps", "near", "inside"]
    assert found.findings["share_of_site"].tolist() == pytest.approx([1, 0.5, 0, 1], rel=1e-3)


@pytest.mark.parametrize("width", [1e-5, 2e-4, 9e-4])
def test_a_zone_thinner_than_a_touch_within_a_site_is_told(width):
    thin = zones(box(500, 400, 500 + width, 600))
    found = screen_sites(sites(WHOLE, LineString([(300, 500), (700, 500)])), thin, tolerance_m=0)
    assert found.findings["relation"].iloc[0] == "touches"
    assert found.sites["verdict"].tolist() == ["压线需复核", "禁止"]


COLLAPSED = shapely.Polygon([(0, 0), (5, 5), (9, 9), (0, 0)])


@pytest.mark.parametrize(
    "lost", [None, shapely.Polygon(), MultiPolygon(), Point(0, 0), COLLAPSED,
             "infinite"],
)  # fmt: skip
def test_a_zone_that_cannot_be_checked_may_lie_anywhere(lost):
    endless = isinstance(lost, str)
    layer = zones(WHOLE, None if endless else lost, names=["甲", "乙"])
    if endless:
        layer.geometry = [layer.geometry[0], shapely.Polygon([(0, 0), (np.inf, 1), (1, 0)])]
        layer = layer.set_crs("EPSG:4549", allow_override=True)
    other = zones(WHOLE, layer="M", kind="town", grade="")
    found = screen_sites(sites(box(10, 10, 20, 20), box(5000, 0, 5010, 10)), [layer, other])
    assert found.checked["layer_state"].tolist() == ["partial", "ok"]
    said = "1 个分区无可用图形，未核查：乙"
    assert found.checked["layer_flag"].iloc[0].startswith(said)
    # nothing can make what is forbidden worse
    assert found.sites["verdict"].tolist() == ["禁止", "无法判断"]
    assert f"图层“L”有 {said}" in found.sites["verdict_flag"].iloc[0]
    assert found.sites["why_zh"].iloc[1].startswith(f"无法判断：图层“L”有 {said}。")
    assert "in the layer L zones without a usable shape" in found.sites["why_en"].iloc[1]
    checked = found.sites["layers_checked"].iloc[1]
    assert checked == "L（v1，2024-01-01，仅部分）;M（v1，2024-01-01）"


def test_many_zones_that_cannot_be_checked_are_named_in_part():
    layer = zones(WHOLE, *[None] * 7)
    flag = screen_sites(sites(Point(5, 5)), layer).checked["layer_flag"].iloc[0]
    assert flag.startswith("7 个分区无可用图形，未核查：Z1、Z2、Z3、Z4、Z5…")


@pytest.mark.parametrize("name", ["tolerance_m", "max_distance_m"])
@pytest.mark.parametrize("value", ["10", None, float("nan"), -1, True, [10.0]])
def test_a_distance_that_is_none_is_named(name, value):
    with pytest.raises(ValueError, match=name):
        screen_sites(sites(Point(5, 5)), zones(WHOLE), **{name: value})


def test_a_table_without_geometry_says_what_to_do():
    site, zone = sites(Point(5, 5)), zones(WHOLE)
    plain_site, plain_zone = (pd.DataFrame(t.drop(columns="geometry")) for t in (site, zone))
    with pytest.raises(SchemaError, match=r"sites: .*points_from_xy"):
        screen_sites(plain_site, zone)
    with pytest.raises(SchemaError, match=r"zones: .*read_zones"):
        screen_sites(site, plain_zone)
    bare = gpd.GeoDataFrame(plain_site)
    with pytest.raises(SchemaError, match=r"sites: .*set_geometry"):
        screen_sites(bare, zone)
    with pytest.raises(SchemaError, match=r"zones: .*set_geometry"):
        screen_sites(site, gpd.GeoDataFrame(plain_zone))
