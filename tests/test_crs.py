import geopandas as gpd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS
from shapely import Point, box

from chaoyang_geo import CRSError, metric_crs, to_metric
from chaoyang_geo.crs import to_geographic


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
