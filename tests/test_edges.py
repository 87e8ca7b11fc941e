"""Edges stay where they were drawn when shapes get another CRS, and nothing else changes."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPoint, MultiPolygon, Point, Polygon, box

from chaoyang_geo.crs import CRSError, require_zone, zone_meridians
from chaoyang_geo.edges import EDGE_M, reprojected

DEGREES, METRES = "EPSG:4490", "EPSG:4549"
EXAMPLES = settings(max_examples=25, deadline=None)


def turned(*shapes, crs=DEGREES, to=METRES):
    given = np.empty(len(shapes), dtype=object)
    given[:] = shapes
    return reprojected(given, crs, to)


def plain(shape, crs=DEGREES, to=METRES):
    """Every vertex by itself, as GeoPandas does it."""
    return gpd.GeoSeries([shape], crs=crs).to_crs(to).iloc[0]


def farthest(shape, crs=DEGREES, to=METRES, pieces=20_000):
    """How far the true edges lie from those that were found: by dense vertices, drawn first."""
    found = turned(shape, crs=crs, to=to)[0]
    dense = plain(shapely.segmentize(shape, shapely.length(shape) / pieces), crs, to)
    xy = shapely.get_coordinates(found)
    edges = shapely.STRtree(shapely.linestrings(np.stack([xy[:-1], xy[1:]], axis=1)))
    points = shapely.points(shapely.get_coordinates(dense))
    return edges.query_nearest(points, return_distance=True, all_matches=False)[1].max()


def drawn_in(crs, shape):
    """A box around a shape, drawn in another CRS."""
    return box(*gpd.GeoSeries([shape], crs=DEGREES).to_crs(crs).total_bounds)


ALBERS = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +ellps=GRS80 +units=m"


@pytest.mark.parametrize("crs", [DEGREES, "EPSG:3857", "EPSG:4548", "EPSG:4509", ALBERS])
@pytest.mark.parametrize("side", [0.1, 1.0, 10.0])
def test_an_edge_lies_within_half_a_millimetre_of_where_it_was_drawn(crs, side):
    shape = drawn_in(crs, box(119.6, 41.0, 119.6 + side, 41.0 + side))
    assert farthest(shape, crs) <= EDGE_M * 1.01
    assert EDGE_M == 0.0005


@pytest.mark.parametrize("line", [
    [(118.7, 41), (118.75, 42)],  # all but along a meridian: bent to both sides
    [(119.2, -0.8), (120.8, 0.8)],  # over the equator: bent to both sides
    [(121.3, 41), (121.3, 45)],
    [(119, 53), (121, 53.5)],
])  # fmt: skip
def test_a_line_that_is_bent_to_both_sides_is_followed(line):
    assert farthest(LineString(line)) <= EDGE_M * 1.01


@EXAMPLES
@given(
    st.floats(74, 135), st.floats(3, 53), st.floats(0.001, 3), st.floats(0.001, 3),
    st.floats(-180, 180),
)  # fmt: skip
def test_random_boxes_are_followed(lon, lat, width, height, angle):
    shape = shapely.affinity.rotate(box(lon, lat, lon + width, lat + height), angle)
    assert farthest(shape, to=f"EPSG:{4534 + round((lon - 75) / 3)}", pieces=4000) <= EDGE_M * 1.01


def test_a_degree_along_a_parallel_bends_by_its_known_rise():
    """Rise of a parallel over its chord in a Gauss plane: N sin B cos B l^2 / 2, l = 0.5 degree."""
    found = turned(LineString([(119.5, 41), (120.5, 41)]))[0]
    sine, cosine = np.sin(np.radians(41)), np.cos(np.radians(41))
    across = 6378137 / np.sqrt(1 - 0.00669438 * sine**2)
    rise = across * sine * cosine * np.radians(0.5) ** 2 / 2
    xy = shapely.get_coordinates(found)
    assert xy[0, 1] - xy[:, 1].min() == pytest.approx(rise, abs=0.01)
    assert rise == pytest.approx(120.42, abs=0.01)


def endless(text):
    with np.errstate(invalid="ignore"):
        return shapely.from_wkt(text)


ODD = [
    None, Point(120, 41), Point(), Polygon(), MultiPoint([(119, 41), (121, 42)]),
    LineString([(120, 41), (120.0005, 41)]), LineString(),
    box(120, 41, 120.001, 41.0005), box(120, 41, 120.001, 41.0005).boundary,
    MultiPolygon([box(118, 41, 118.001, 41.0005), box(121, 41, 121.0008, 41.0005)]),
    shapely.from_wkt("GEOMETRYCOLLECTION (POINT (119 41), LINESTRING (121 41, 121.0005 41))"),
    shapely.from_wkt("GEOMETRYCOLLECTION EMPTY"), shapely.from_wkt("POINT Z (120 41 7)"),
    endless("LINESTRING (120 41, nan 41, 121 inf)"),
    endless("POLYGON ((119 41, 119 nan, 120 inf, 119 41))"),
]  # fmt: skip


@pytest.mark.parametrize("shape", ODD, ids=str)
def test_a_shape_without_long_edges_is_the_same_to_the_byte(shape):
    assert shapely.to_wkb(turned(shape)[0]) == shapely.to_wkb(plain(shape))


def test_shapes_beside_one_with_long_edges_are_the_same_to_the_byte():
    shapes = [box(119, 41, 120, 42), *ODD]
    found = turned(*shapes)
    assert len(found) == len(shapes)
    for after, before in zip(found[1:], ODD, strict=True):
        assert shapely.to_wkb(after) == shapely.to_wkb(plain(before))
    assert len(turned()) == 0


def test_in_the_same_crs_nothing_is_touched():
    shapes = np.array([box(119, 41, 120, 42), None], dtype=object)
    assert reprojected(shapes, DEGREES, 4490) is shapes
    before = shapely.to_wkb(shapes).tolist()
    reprojected(shapes, DEGREES, METRES)
    assert shapely.to_wkb(shapes).tolist() == before


RING = Polygon(box(119, 41, 120, 42).exterior, [box(119.2, 41.2, 119.4, 41.4).exterior])


@pytest.mark.parametrize("shape", [
    RING,
    MultiPolygon([RING, box(121, 41, 121.001, 41.001), box(122, 41, 123, 42)]),
    shapely.MultiLineString([[(119, 41), (120, 41)], [(121, 41), (121.001, 41)]]),
    RING.exterior,
    shapely.GeometryCollection([RING, Point(1, 2), shapely.GeometryCollection([RING, Point()])]),
], ids=lambda shape: shape.geom_type)  # fmt: skip
@pytest.mark.parametrize("heights", [False, True])
def test_every_vertex_part_hole_and_height_is_kept(shape, heights):
    if heights:
        shape = shapely.force_3d(shape, 500.0)
    found, before = turned(shape)[0], plain(shape)
    assert found.geom_type == before.geom_type and found.has_z == heights
    assert shapely.get_num_geometries(found) == shapely.get_num_geometries(before)
    assert shapely.is_valid(found)
    kept = {tuple(xyz) for xyz in shapely.get_coordinates(found, include_z=True)[:, : 2 + heights]}
    given = shapely.get_coordinates(before, include_z=True)[:, : 2 + heights]
    assert len(kept) > len(given) and all(tuple(xyz) in kept for xyz in given)
    if heights:
        z = shapely.get_coordinates(found, include_z=True)[:, 2]
        np.testing.assert_allclose(z[np.isfinite(z)], 500.0)
    for one, other in zip(rings(found), rings(before), strict=True):
        assert one.is_closed == other.is_closed
        assert shapely.is_ccw(one) == shapely.is_ccw(other)
        assert one.coords[0] == other.coords[0] and one.coords[-1] == other.coords[-1]


def rings(shape):
    parts = shapely.get_parts([shape])
    while (shapely.get_type_id(parts) > 3).any():
        parts = shapely.get_parts(parts)
    return list(shapely.get_rings(parts))


def test_heights_run_evenly_along_an_edge():
    found = turned(LineString([(119, 41, 100), (120, 41, 300)]))[0]
    xyz = shapely.get_coordinates(found, include_z=True)
    share = (xyz[:, 0] - xyz[0, 0]) / (xyz[-1, 0] - xyz[0, 0])
    np.testing.assert_allclose(xyz[:, 2], 100 + 200 * share, atol=0.01)
    assert (np.diff(xyz[:, 2]) > 0).all()


def test_neighbours_that_share_an_edge_share_its_vertices():
    south, north = turned(box(119, 41, 120, 42), box(119, 42, 120, 43).reverse())
    common = {tuple(xy) for xy in shapely.get_coordinates(south)}
    common &= {tuple(xy) for xy in shapely.get_coordinates(north)}
    shared = shapely.union_all([south, north])
    assert len(common) > 100 and shared.geom_type == "Polygon"
    assert len(shared.interiors) == 0
    assert south.intersection(north).area == 0


def test_neighbours_of_which_one_has_a_vertex_in_the_edge_fit():
    one = box(119, 41, 120, 42)
    other = Polygon([(119, 42), (119.37, 42), (120, 42), (120, 43), (119, 43)])
    one, other = turned(one, other)
    assert one.intersection(other).area <= EDGE_M * 84_000
    gap = one.union(other).buffer(EDGE_M, join_style="mitre")
    assert gap.geom_type == "Polygon" and len(gap.interiors) == 0


def test_the_way_back_gives_the_shape_again():
    shape = box(119.1, 41.2, 120.3, 42.4)
    again = reprojected(turned(shape), METRES, DEGREES)[0]
    assert again.symmetric_difference(shape).area * 9.3e9 < EDGE_M * 4.4e5
    assert farthest(box(4e5, 4.5e6, 5e5, 4.6e6), METRES, DEGREES) * 111_320 <= EDGE_M * 1.01


def test_an_edge_without_an_end_on_the_plane_takes_no_forever():
    found = turned(box(30, -10, 120, 60), LineString([(120, 41), (-60, 41)]))
    assert (shapely.get_num_coordinates(found) < 1_000_000).all()
    assert np.isfinite(shapely.bounds(found)[0]).all()


# --- which zone ---------------------------------------------------------------------------------


def test_the_zone_of_a_shape_is_that_of_its_middle():
    shapes = np.array([
        Point(120, 41), Point(118.4, 41), box(116, 41, 117.2, 42), Point(73.6, 40), Point(0, 0),
        Point(73.4, 40), Point(136.6, 40), Point(41.5, 120.4), Point(120, np.inf), None, Point(),
        box(60, 0, 151, 1),
    ], dtype=object)  # fmt: skip
    nan, inf = np.nan, np.inf
    np.testing.assert_array_equal(
        zone_meridians(shapes, DEGREES),
        [120, 117, 117, 75, inf, inf, inf, nan, nan, nan, nan, nan],
    )
    assert zone_meridians(np.zeros(0, dtype=object), DEGREES).tolist() == []


def test_where_all_shapes_lie_outside_the_first_is_named():
    rows = np.array([4, 7])
    shapes = np.array([Point(9.5, 41), Point(41.5, 120.4)], dtype=object)
    with pytest.raises(CRSError, match=r"sites, row 5: its middle lies at 9.500 E.*None of the 2"):
        require_zone(shapes, DEGREES, rows=rows, layer_name="sites")
    with pytest.raises(CRSError, match=r"row 8: .* no place on the earth .*41.5, 120.4, 41.5"):
        require_zone(shapes[::-1], DEGREES, rows=rows[::-1], layer_name="sites")
    every = require_zone(np.append(shapes, Point(120, 41)), DEGREES, rows=rows, layer_name="sites")
    assert every[2] == 120


@pytest.mark.parametrize("crs", [4490, 4548])
def test_a_height_that_is_missing_does_not_take_the_place_with_it(crs):
    place = shapely.from_wkt("POINT Z (120 41 NaN)")
    mixed = shapely.GeometryCollection([Point(120, 41, 7), Point(120.5, 41)])
    drawn = reprojected(np.array([place, mixed]), 4490, crs)
    found = reprojected(drawn, crs, 4549)
    flat = reprojected(shapely.force_2d(drawn), crs, 4549)
    assert shapely.get_coordinates(found) == pytest.approx(shapely.get_coordinates(flat))
    assert np.isfinite(shapely.get_coordinates(found)).all()
    assert shapely.get_coordinates(found[1], include_z=True)[0, 2] == 7
