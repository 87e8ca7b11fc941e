import geopandas as gpd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS
from shapely import Point, box

from chaoyang_geo import CRSError, metric_crs, to_metric
from chaoyang_geo.crs import explain_crs, is_zone, meridian_code, to_geographic, zone_code


def test_chaoyang_lies_in_zone_120():
    assert metric_crs(gpd.GeoSeries([Point(120.45, 41.57)], crs="EPSG:4490")) == "EPSG:4549"


@given(st.floats(73.6, 136.4))
def test_the_zone_is_the_one_whose_meridian_is_nearest(longitude):
    code = metric_crs(gpd.GeoSeries([Point(longitude, 40)], crs="EPSG:4490"))
    crs = CRS.from_user_input(code)
    parameters = crs.coordinate_operation.params
    meridian = next(p.value for p in parameters if p.name == "Longitude of natural origin")
    assert "CGCS2000 / 3-degree Gauss-Kruger CM" in crs.name
    assert abs(meridian - longitude) <= 1.5 + 1e-9


def test_a_layer_without_crs_is_refused_with_the_mend():
    layer = gpd.GeoDataFrame(geometry=[Point(120, 41)])
    with pytest.raises(CRSError, match=r"sites: the layer has no CRS.*sites = sites.set_crs"):
        to_geographic(layer, layer_name="sites")


def test_a_layer_outside_china_is_refused():
    with pytest.raises(CRSError, match="swapped"):
        metric_crs(gpd.GeoSeries([Point(41, 120 - 60)], crs="EPSG:4490"))


def test_a_layer_without_geometry_is_refused():
    with pytest.raises(CRSError, match="no row has a geometry"):
        metric_crs(gpd.GeoSeries([None], crs="EPSG:4490"))


def test_area_does_not_depend_on_the_crs_it_came_in():
    square = gpd.GeoSeries([box(120, 41.5, 120.1, 41.6)], crs="EPSG:4490")
    direct = to_metric(square).area.iloc[0]
    detour = to_metric(square.to_crs("EPSG:4548")).area.iloc[0]
    geodesic = abs(CRS("EPSG:4490").get_geod().geometry_area_perimeter(square.iloc[0])[0])
    assert direct == pytest.approx(detour, rel=1e-9)
    assert direct == pytest.approx(geodesic, rel=5e-4)


def meridian_and_easting(code):
    parameters = {p.name: p.value for p in CRS.from_user_input(code).coordinate_operation.params}
    return parameters["Longitude of natural origin"], parameters["False easting"]


@given(st.floats(73.6, 136.4), st.sampled_from([3, 6]), st.booleans())
def test_zones_of_both_widths_with_and_without_prefix(longitude, width, prefix):
    layer = gpd.GeoSeries([Point(longitude, 40)], crs="EPSG:4490")
    code = metric_crs(layer, width=width, prefix=prefix)
    meridian, easting = meridian_and_easting(code)
    assert abs(meridian - longitude) <= width / 2 + 1e-9
    number = meridian / 3 if width == 3 else (meridian + 3) / 6
    assert easting == (number * 1e6 if prefix else 0) + 500_000
    assert ("3-degree" in CRS.from_user_input(code).name) == (width == 3)
    assert is_zone(code)
    assert code == meridian_code(int(meridian), prefix=prefix, width=width)
    assert code == zone_code(int(number), prefix=prefix, width=width)


def test_options_of_a_zone_are_checked():
    layer = gpd.GeoSeries([Point(120, 40)], crs="EPSG:4490")
    with pytest.raises(ValueError, match="width=5 is not an option; use one of: 3, 6"):
        metric_crs(layer, width=5)
    with pytest.raises(ValueError, match="prefix='yes' is not an option"):
        metric_crs(layer, prefix="yes")
    with pytest.raises(CRSError, match="6-degree zones .72 to 138 E"):
        metric_crs(gpd.GeoSeries([Point(71, 40)], crs=4490), width=6)


@pytest.mark.parametrize(
    ("crs", "words"),
    [
        (
            4549,
            ["3度带第40带", "中央子午线120°E", "118.5°E~121.5°E", "不带带号", "东伪偏移500000米"],
        ),
        (4528, ["3度带第40带", "带带号", "东伪偏移40500000米"]),
        (4499, ["6度带第21带", "中央子午线123°E", "120°E~126°E", "东伪偏移21500000米"]),
        (4510, ["6度带第21带", "不带带号"]),
        (2437, ["Beijing 1954", "3度带第40带", "不带带号"]),
        (4490, ["China Geodetic Coordinate System 2000", "EPSG:4490", "经纬度"]),
        (3857, ["网络墨卡托米，不用于量算"]),
        (32651, ["UTM zone 51N", "投影坐标（metre）"]),
    ],
)
def test_a_crs_is_explained_in_words(crs, words):
    text = explain_crs(crs)
    assert all(word in text for word in words), text
    assert explain_crs(CRS(crs)) == explain_crs(f"EPSG:{crs}") == text
    assert explain_crs(crs, lang="en").isascii()


@pytest.mark.parametrize("code", [4549, 4528, 4499, 4510])
def test_a_zone_is_known_from_wkt_without_a_code(code):
    esri = CRS(code).to_wkt("WKT1_ESRI")
    assert explain_crs(esri) == explain_crs(code)


def test_every_zone_is_explained_by_its_own_parameters():
    for code in [*range(4491, 4555)]:
        meridian, easting = meridian_and_easting(f"EPSG:{code}")
        text = explain_crs(code, lang="en")
        assert f"central meridian {meridian:g}E" in text and f"easting {easting:.0f} m" in text
        assert ("3-degree" in text) == ("3-degree" in CRS(code).name)


def test_what_is_no_crs_is_refused():
    with pytest.raises(CRSError, match="there is none"):
        explain_crs(None)
    with pytest.raises(CRSError, match="'EPSG:1' is no coordinate reference system"):
        explain_crs("EPSG:1")
    with pytest.raises(ValueError, match="lang='fr'"):
        explain_crs(4549, lang="fr")
