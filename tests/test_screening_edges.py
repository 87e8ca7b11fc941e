"""Long edges count where they were drawn, and one site outside all zones stops no other."""

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely import LineString, Point, Polygon, box

from chaoyang_geo.alternatives import (
    conflict_stretches,
    free_parts,
    smallest_shift,
    zone_distance_contours,
    zone_distance_raster,
)
from chaoyang_geo.crs import CRSError
from chaoyang_geo.flags import flag_text
from chaoyang_geo.screening import screen_sites
from chaoyang_geo.screening.geodesic import geodesic_areas

sys.path.insert(0, str(Path(__file__).parent))
import screening_paper as paper

DEGREES, METRES = "EPSG:4490", "EPSG:4549"
EXAMPLES = settings(max_examples=20, deadline=None)
UNIT = box(119.5, 41, 120.5, 42)  # a unit drawn as a box of one degree
ALBERS = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +ellps=GRS80 +units=m"


def layer(make, *shapes, crs=DEGREES, **columns):
    blank = [Point(0, 0)] * len(shapes)
    return make(*blank, **columns).set_geometry(list(shapes)).set_crs(crs, allow_override=True)


def zones(*shapes, crs=DEGREES, **columns):
    return layer(paper.zones, *shapes, crs=crs, **columns)


def sites(*shapes, crs=DEGREES, **columns):
    return layer(paper.sites, *shapes, crs=crs, **columns)


def plain(shape, crs=DEGREES, to=METRES):
    return gpd.GeoSeries([shape], crs=crs).to_crs(to).iloc[0]


def dense(shape, crs=DEGREES, to=METRES, pieces=8_000):
    """The other route: vertices first, in the CRS in which it was drawn, then GeoPandas."""
    return plain(shapely.segmentize(shape, shapely.length(shape) / pieces), crs, to)


def square(lon, lat, side_m=100.0):
    """A site of so many metres around a place, drawn in degrees."""
    height = side_m / 111_000 / 2
    width = height / np.cos(np.radians(lat))
    return box(lon - width, lat - height, lon + width, lat + height)


# --- edges --------------------------------------------------------------------------------------


def test_a_site_inside_the_long_edge_of_a_unit_is_a_conflict():
    site = square(120, 41.0005, 60.0)
    apart = plain(UNIT).distance(plain(site))
    assert apart > 10  # vertex by vertex it was free
    found = screen_sites(sites(site), zones(UNIT))
    assert found.sites["verdict"].tolist() == ["禁止"]
    assert found.findings["relation"].tolist() == ["inside"]
    assert found.findings["share_of_site"].tolist() == [1.0]


def test_a_site_beyond_the_long_edge_of_a_unit_is_free():
    site = square(120, 42.0005, 60.0)
    assert plain(UNIT).contains(plain(site))  # vertex by vertex it was forbidden
    found = screen_sites(sites(site), zones(UNIT))
    assert found.sites["verdict"].tolist() == ["无冲突"]
    away = dense(UNIT).distance(dense(site))
    assert found.findings["distance_m"][0] == pytest.approx(away, abs=0.002)


@pytest.mark.parametrize("crs", [DEGREES, "EPSG:3857", "EPSG:4548", "EPSG:4509", ALBERS])
@pytest.mark.parametrize("own", [DEGREES, METRES])
def test_sizes_and_distances_are_those_of_the_edges_as_drawn(crs, own):
    zone = box(*gpd.GeoSeries([UNIT], crs=DEGREES).to_crs(crs).total_bounds)
    rim = gpd.GeoSeries([zone.exterior], crs=crs).to_crs(DEGREES).iloc[0]
    places = [rim.interpolate(share, normalized=True) for share in np.linspace(0.03, 0.97, 12)]
    shapes = [
        plain(square(place.x, place.y, 700.0), to=own) for place in places
    ] + [plain(LineString([(119, 41.3), (121, 41.7)]), to=own)]  # fmt: skip
    found = screen_sites(sites(*shapes, crs=own), zones(zone, crs=crs), max_distance_m=2000)
    found = found.findings.set_index("site_code")
    for number, shape in enumerate(shapes):
        middle = plain(shape, own, DEGREES)
        metres = f"EPSG:{4534 + round((middle.bounds[0] + middle.bounds[2]) / 6) - 25}"
        common = dense(shape, own, metres).intersection(dense(zone, crs, metres))
        row = found.loc[f"S{number}"]
        if shape.geom_type == "Polygon":
            assert row["overlap_m2"] == pytest.approx(common.area, abs=0.0005 * 2800)
        else:
            assert row["overlap_m"] == pytest.approx(common.length, abs=0.01)


@EXAMPLES
@given(
    st.floats(110, 125), st.floats(20, 50), st.floats(0.2, 3), st.floats(0.2, 3),
    st.floats(0.02, 0.98), st.floats(300, 5000),
)  # fmt: skip
def test_vertices_drawn_beforehand_change_nothing(lon, lat, width, height, share, side_m):
    zone = box(lon, lat, lon + width, lat + height)
    place = zone.exterior.interpolate(share, normalized=True)
    site = square(place.x, place.y, side_m)
    answers = [
        screen_sites(sites(one), zones(other))
        for one in (site, shapely.segmentize(site, side_m / 111_000 / 50))
        for other in (zone, shapely.segmentize(zone, 0.0007))
    ]
    first = answers[0].findings.iloc[0]
    for answer in answers:
        row = answer.findings.iloc[0]
        assert (row["verdict"], row["relation"]) == (first["verdict"], first["relation"])
        for column in ("overlap_m2", "overlap_m2_geodesic"):
            assert row[column] == pytest.approx(first[column], abs=0.0005 * 2 * side_m)
            assert row[column] / side_m**2 == pytest.approx(first[column] / side_m**2, abs=4e-6)
        assert row["share_of_zone"] == pytest.approx(first["share_of_zone"], rel=1e-4)


@EXAMPLES
@given(st.floats(0.03, 0.95), st.floats(0.0005, 0.02), st.booleans())
def test_what_touches_a_long_edge_as_drawn_touches_it(share, width, inside):
    lon = 119.5 + share
    side = 0.003 if inside else -0.003
    site = box(lon, min(41, 41 + side), lon + width, max(41, 41 + side))
    row = screen_sites(sites(site), zones(UNIT), tolerance_m=0).findings.iloc[0]
    if inside:
        assert row["share_of_site"] == pytest.approx(1, abs=3e-6)
        assert row["verdict"] == "禁止"
    else:
        assert (row["relation"], row["overlap_m2"]) == ("touches", 0)
        assert row["verdict"] == "压线需复核"


def test_neighbours_with_other_vertices_on_one_edge_have_no_crack():
    north = Polygon([(119.5, 42), (119.87, 42), (120.5, 42), (120.5, 43), (119.5, 43)])
    places = [Point(119.6, 42), Point(120.1, 42), square(120.0, 42, 300), square(120.3, 42, 300)]
    way = LineString([(119.6, 41.5), (120.4, 42.5)])
    found = screen_sites(sites(*places, way), zones(UNIT, north, codes=["南", "北"]))
    rows = found.findings
    assert set(rows["relation"]) <= {"inside", "overlaps"}
    size = rows.groupby("site_code")[["share_of_site"]].sum()["share_of_site"]
    for code in ("S2", "S3", "S4"):
        assert size[code] == pytest.approx(1.0, abs=2e-6)
    assert (found.sites["verdict"] == "禁止").all()
    whole = screen_sites(sites(*places, way), zones(box(119.5, 41, 120.5, 43)))
    assert whole.sites["verdict"].tolist() == found.sites["verdict"].tolist()


def test_a_site_with_a_hole_at_its_own_long_edge_stays_what_it_is():
    hole = [(120.0, 41.2), (120.01, 41.21), (119.99, 41.21)]
    site = Polygon(box(119.9, 41.2, 120.1, 41.3).exterior, [hole])
    assert site.is_valid and not plain(site).is_valid
    row = screen_sites(sites(site), zones(UNIT)).findings.iloc[0]
    wanted = dense(Polygon(site.exterior)).area - dense(Polygon(hole)).area
    assert row["overlap_m2"] == pytest.approx(wanted, rel=1e-6)
    assert row["share_of_site"] == 1.0 and row["relation"] == "inside"


def test_areas_on_the_ellipsoid_follow_the_edges_of_the_plane():
    shape = box(4e5, 4.5e6, 5.5e5, 4.6e6)
    ring = shapely.get_coordinates(
        gpd.GeoSeries([shapely.segmentize(shape, 100)], crs=METRES).to_crs(DEGREES).iloc[0]
    )
    wanted = abs(Geod(ellps="GRS80").polygon_area_perimeter(*ring.T)[0])
    found = geodesic_areas(np.array([shape, shape], dtype=object), METRES)
    assert found == pytest.approx(wanted, rel=5e-7)


def test_zones_of_a_second_layer_in_another_crs_keep_their_edges():
    mercator = box(*gpd.GeoSeries([UNIT], crs=DEGREES).to_crs("EPSG:3857").total_bounds)
    other = zones(mercator, crs="EPSG:3857", layer="M")
    first = zones(box(5e5, 4e6, 5.001e5, 4.0001e6), crs=METRES, codes=["远"])
    site = sites(square(120, 41.0005, 60.0))
    for given_zones in ([first, other], [other, first]):
        found = screen_sites(site, given_zones)
        assert found.sites["verdict"].tolist() == ["禁止"]
        assert found.findings["share_of_site"].tolist() == [1.0]


# --- alternatives -------------------------------------------------------------------------------


def test_free_parts_end_at_the_edge_as_drawn():
    site = square(120, 41, 1000.0)
    row = free_parts(sites(site), zones(UNIT)).iloc[0]
    free = dense(site).difference(dense(UNIT))
    assert row["free_m2"] == pytest.approx(free.area, abs=1.0)
    assert row["conflict_m2"] == pytest.approx(dense(site).area - free.area, abs=1.0)
    # and so does the shape, in degrees, where the edge is a parallel
    assert row.geometry.bounds[3] == pytest.approx(41, abs=1e-8)
    assert row.geometry.area == pytest.approx(site.area / 2, rel=1e-5)


def test_the_smallest_shift_leads_over_the_edge_as_drawn():
    site = Point(120, 41.0005)
    row = smallest_shift(sites(site), zones(UNIT)).iloc[0]
    assert row["shift_m"] == pytest.approx(dense(UNIT).exterior.distance(plain(site)), abs=0.02)
    assert row["bearing_deg"] == pytest.approx(180, abs=0.1)
    assert row.geometry.y < 41


def test_stretches_of_a_line_end_at_the_edge_as_drawn():
    line = LineString([(120, 40.99), (120, 41.5)])
    row = conflict_stretches(sites(line), zones(UNIT)).iloc[0]
    assert row.geometry.bounds[1] == pytest.approx(41, abs=1e-8)
    assert row["from_km"] * 1000 == pytest.approx(
        plain(LineString([(120, 40.99), (120, 41)])).length, abs=0.002
    )


def test_bands_and_cells_measure_to_the_edge_as_drawn():
    area = gpd.GeoSeries([plain(square(120, 40.995, 1000.0)).envelope], crs=METRES)
    found = zone_distance_contours(zones(UNIT), within=area, distances_m=[200])
    near = dense(UNIT).buffer(200, quad_segs=64).intersection(area.iloc[0])
    near = near.difference(dense(UNIT))
    assert found["area_m2"][1] == pytest.approx(near.area, abs=2.0)
    pytest.importorskip("xarray")
    raster = zone_distance_raster(zones(UNIT), within=area, cell_m=100)
    x, y = np.meshgrid(raster.x, raster.y)
    cells = shapely.points(x.ravel(), y.ravel())
    away = shapely.distance(cells, dense(UNIT)).reshape(raster.shape)
    good = np.isfinite(raster.to_numpy())
    np.testing.assert_allclose(raster.to_numpy()[good], away[good], atol=0.002)


def test_zones_of_other_layers_keep_their_edges():
    other = box(*gpd.GeoSeries([UNIT], crs=DEGREES).to_crs("EPSG:3857").total_bounds)
    site = square(120, 41.0, 1000.0)
    first = zones(box(100, 30, 100.1, 30.1), crs=METRES, codes=["远"])
    first = first.set_geometry([box(5e5, 4e6, 5.001e5, 4.0001e6)], crs=METRES)
    row = free_parts(sites(site), [first, zones(other, crs="EPSG:3857")]).iloc[0]
    wanted = dense(site).difference(dense(other, "EPSG:3857")).area
    assert row["free_m2"] == pytest.approx(wanted, abs=1.0)


# --- sites outside the CGCS2000 zones -----------------------------------------------------------

STRAY = {
    "zero": Point(0, 0), "swapped": Point(41.5, 120.4), "europe": LineString([(9, 48), (9.1, 48)]),
    "far east": box(141, 40, 142, 41), "wide": box(60, 30, 151, 40), "pole": Point(120, 95),
}  # fmt: skip
OUTSIDE = "位于CGCS2000各3度带（东经73.5至136.5度）之外，坐标或坐标系可能有误"
NOWHERE = "坐标在地球上没有位置，或宽逾90度"


@pytest.mark.parametrize("name", STRAY)
def test_one_site_outside_is_flagged_and_all_others_are_screened(name):
    good = [square(120, 41.5), square(120, 40.5), LineString([(119, 41.5), (120, 41.5)])]
    table = sites(good[0], STRAY[name], *good[1:])
    found = screen_sites(table, zones(UNIT))
    alone = screen_sites(table.drop(index=1), zones(UNIT))
    words = NOWHERE if name in ("swapped", "wide", "pole") else OUTSIDE
    row = found.sites.iloc[1]
    assert (row["verdict"], row["n_zones"], row["verdict_flag"]) == ("无法判断", 0, words)
    assert row["why_zh"] == f"无法判断：项目{words}，无法核查。"
    assert flag_text(row["verdict_flag"], "en") != row["verdict_flag"]
    assert len(found.sites) == 4 and found.sites.index.equals(table.index)
    assert found.sites.drop(index=1).equals(alone.sites)
    assert found.findings.equals(alone.findings)
    assert found.options["metric_crs"] == alone.options["metric_crs"]


def test_the_zones_of_the_river_basin_metres_swapped_are_outside_too():
    swapped = Point(4_600_000, 537_500)  # northing first
    found = screen_sites(sites(Point(537_500, 4_600_000), swapped, crs=METRES), zones(UNIT))
    assert found.sites["verdict"].tolist() == ["禁止", "无法判断"]
    assert found.sites["verdict_flag"][1] in (OUTSIDE, NOWHERE)


def test_a_flag_of_the_shape_stands_beside_that_of_the_place():
    bow = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    found = screen_sites(sites(bow, Point(120, 41.5), activity="不在词表的事"), zones(UNIT))
    assert found.sites["verdict_flag"][0] == f"图形自相交或重叠，已修复；{OUTSIDE}；活动不在词表"


def test_a_layer_that_lies_outside_as_a_whole_is_refused_with_row_and_value():
    with pytest.raises(CRSError, match=r"sites, row 2: its middle lies at 0.000 E, outside the"):
        screen_sites(sites(None, Point(0, 0)), zones(UNIT))
    with pytest.raises(CRSError, match=r"row 1: .*None of the 2 shapes lies in a zone"):
        screen_sites(sites(Point(41.5, 120.4), Point(0, 0)), zones(UNIT))
    none = screen_sites(sites(None, Point()), zones(UNIT))  # without any shape as before
    assert none.sites["verdict"].tolist() == ["无法判断", "无法判断"]


@pytest.mark.parametrize("tool, column", [
    (free_parts, "free_flag"), (smallest_shift, "shift_flag"), (conflict_stretches, "stretch_flag"),
])  # fmt: skip
@pytest.mark.parametrize("name", STRAY)
def test_alternatives_flag_a_site_outside_and_answer_for_the_others(tool, column, name):
    good = LineString([(119, 41.5), (120, 41.5)]) if tool is conflict_stretches else None
    good = good or square(120, 41.0, 500.0)
    table = sites(good, STRAY[name])
    found = tool(table, zones(UNIT))
    words = NOWHERE if name in ("swapped", "wide", "pole") else OUTSIDE
    row = found[found["site_code"] == "S1"].iloc[0]
    assert row[column] == words and row.geometry is None
    rest = found[found["site_code"] == "S0"]
    assert_geodataframe_equal(rest, tool(table.iloc[:1], zones(UNIT)))
    with pytest.raises(CRSError, match="sites, row 2: its"):
        tool(sites(None, STRAY[name]), zones(UNIT))
