"""What a screening cannot know: another datum, a layer of no use, a line that may be an outline."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS, Transformer
from shapely import LineString, Point, Polygon, box

import chaoyang_geo as cg
from chaoyang_geo.flags import flag_text

E, N = 537_000.0, 4_604_000.0
XIAN_WITH_PARAMETERS = (
    "+proj=tmerc +lon_0=120 +x_0=500000 +a=6378140 +b=6356755.288157528 +towgs84=1,2,3 +units=m"
)


def sites(shape=None, crs=4549):
    shape = box(E + 100, N + 100, E + 200, N + 200) if shape is None else shape
    table = {"site_code": ["A"], "site_name": ["示例"], "activity": ["光伏"]}
    return gpd.GeoDataFrame(table, geometry=[shape], crs=crs)


def zones(crs=4549, shape=None):
    shape = box(E, N, E + 500, N + 500) if shape is None else shape
    layer = gpd.GeoDataFrame({"名称": ["示例"]}, geometry=[shape], crs=crs)
    return cg.read_zones(layer, kind="红线", grade="一般", version="1", version_date="")


@pytest.mark.parametrize("zone_crs, site_crs", [(2385, 4549), (2437, 4549), (4549, 2385), (2385, 2437)])  # fmt: skip
def test_a_layer_in_another_datum_is_never_without_doubt(zone_crs, site_crs):
    found = cg.screen_sites(sites(crs=site_crs), zones(zone_crs)).sites
    said = found["verdict_flag"].iloc[0]
    assert found["verdict"].iloc[0] == "禁止", "nothing can make it worse"
    assert "图层“生态保护红线”与项目的大地基准不同" in said and "偏差未知" in said
    assert "in different datums" in flag_text(said, "en")
    beside = cg.screen_sites(sites(box(E - 90, N, E - 80, N + 9), site_crs), zones(zone_crs)).sites
    assert beside["verdict"].iloc[0] == "无法判断", "an offset may lie between the two"
    assert "大地基准不同" in beside["why_zh"].iloc[0]
    assert "in different datums" in beside["why_en"].iloc[0]


@pytest.mark.parametrize(
    "zone_crs, site_crs", [(4549, 4549), (4549, 32651), (2385, 2385), (XIAN_WITH_PARAMETERS, 4549)]
)
def test_one_datum_or_parameters_are_no_doubt(zone_crs, site_crs):
    found = cg.screen_sites(sites(crs=site_crs), zones(zone_crs)).sites
    assert "大地基准" not in found["verdict_flag"].iloc[0]


def test_parameters_in_the_crs_move_a_layer_to_cgcs2000():
    moved = CRS("+proj=tmerc +lon_0=120 +x_0=500000 +ellps=krass +towgs84=15,-150,-90 +type=crs")
    turn = Transformer.from_crs(4326, moved, always_xy=True).transform
    there = gpd.GeoSeries([box(E, N, E + 50, N + 50)], crs=4549).to_crs(4326).iloc[0]
    there = shapely.transform(there, turn, interleaved=False)
    assert abs(there.centroid.x - E - 25) > 50, "otherwise the shift does not show"
    site = box(E + 10, N + 10, E + 20, N + 20)
    for one, other in (
        (zones(moved, there), sites(site)),
        (zones(shape=site), sites(there, moved)),
    ):
        found = cg.screen_sites(other, one, max_distance_m=0)
        assert found.findings["overlap_m2"].tolist() == pytest.approx([100], abs=0.01)
        assert "大地基准" not in found.sites["verdict_flag"].iloc[0]
    free = cg.free_parts(sites(site), zones(moved, there))
    assert free["free_share"].tolist() == [0] and "大地基准" not in free["free_flag"].iloc[0]
    assert cg.to_metric(zones(moved, there)).total_bounds == pytest.approx(
        [E, N, E + 50, N + 50], abs=0.01
    )


def test_alternatives_tell_a_layer_in_another_datum():
    said = cg.free_parts(sites(), zones(2385))["free_flag"].iloc[0]
    assert "有分区图层的大地基准不同" in said
    assert "in another datum" in flag_text(said, "en")
    assert "大地基准" not in cg.free_parts(sites(), zones())["free_flag"].iloc[0]


def test_a_layer_with_parameters_is_no_nearer_to_one_without():
    moved = "+proj=tmerc +lon_0=120 +x_0=500000 +ellps=krass +towgs84=15,-150,-90 +type=crs"
    found = cg.screen_sites(sites(box(E - 90, N, E - 80, N + 9)), zones(2385))
    assert found.sites["verdict"].tolist() == ["无法判断"]
    found = cg.screen_sites(sites(box(E - 90, N, E - 80, N + 9), moved), zones(2385))
    assert found.sites["verdict"].tolist() == ["无法判断"]


def test_a_layer_of_no_usable_zone_is_not_called_empty():
    found = cg.screen_sites(sites(), zones(shape=LineString([(E, N), (E + 9, N)])))
    why = found.sites["why_zh"].iloc[0]
    assert "有 1 个分区无可用图形，未核查：示例" in why and "为空" not in why


def test_a_line_that_closes_may_be_an_outline():
    ring = LineString(box(E - 50, N - 50, E + 900, N + 900).exterior.coords)
    found = cg.screen_sites(sites(ring), zones()).sites
    assert found["verdict"].tolist() == ["无冲突"]  # the line is outside; the area is not
    said = found["verdict_flag"].iloc[0]
    assert "线首尾相接，只按线核查，所围范围未核查" in said
    assert "make it a polygon first" in flag_text(said, "en")
    still = cg.screen_sites(sites(Point(E, N)), zones()).sites
    assert "首尾相接" not in still["verdict_flag"].iloc[0]


@pytest.mark.filterwarnings("error")
def test_a_coordinate_that_is_no_number_is_hashed_without_a_word():
    corners = [(E, N), (float("nan"), N), (E + 9, N + 9), (E, N)]
    with np.errstate(invalid="ignore"):
        broken = Polygon(corners)
    assert zones(shape=broken)["zone_flag"].tolist() == ["坐标不是有限数，未核查"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("far", [1e300, -1.7976931348623157e308])  # in shapefiles: no coordinate
def test_a_coordinate_beyond_all_measure_is_told_without_a_warning(far):
    with np.errstate(over="ignore"):
        broken = Polygon([(E, N), (far, N), (E + 9, N + 9), (E, N)])
    found = cg.screen_sites(sites(), zones(shape=broken)).sites
    assert found["verdict"].tolist() == ["无法判断"]
    both = pd.concat([sites(broken), sites()], ignore_index=True).assign(site_code=["A", "B"])
    assert cg.screen_sites(both, zones()).sites["verdict"].tolist() == ["无法判断", "禁止"]
