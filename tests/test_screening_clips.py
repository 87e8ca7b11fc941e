"""What polygons share with zones is put together from vertices where borders cross twice."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod, Transformer
from shapely import MultiPolygon, Polygon, box

from chaoyang_geo.screening.clips import met_borders
from chaoyang_geo.screening.distances import site_chunks
from chaoyang_geo.screening.geodesic import geodesic_steps
from chaoyang_geo.screening.ground import chunks, ground_of
from chaoyang_geo.screening.lines import roads_of
from chaoyang_geo.screening.overlaps import areas_of
from chaoyang_geo.screening.repair import GONE, INVALID, NOT_FINITE, repair_polygons

CRS = "EPSG:4549"


def prepared(sites, zones):
    parts = np.array([*sites, None], dtype=object)[:-1]
    shapes = np.array([*zones, None], dtype=object)[:-1]
    own = site_chunks(parts, np.zeros(len(parts)))
    number = np.arange(len(shapes))
    ground = ground_of(CRS, shapes, number, np.zeros_like(number), np.zeros_like(number))
    return parts, own, roads_of(own, len(parts)), ground


def met(sites, zones):
    """Return how each zone lies to each site, every site by every zone."""
    parts, own, roads, ground = prepared(sites, zones)
    pairs = np.arange(len(parts) * len(zones))
    return met_borders(parts, np.arange(len(parts)), pairs, own, roads, ground)


def shared(sites, zones):
    """Return the area of each site and zone, and which of the sites lie inside."""
    parts, own, roads, ground = prepared(sites, zones)
    areas, _ = areas_of(parts, np.arange(len(parts)), own, roads, ground)
    found = np.zeros((len(parts), len(zones)))
    np.add.at(found, (areas.part, areas.record), shapely.area(areas.shape))
    return found


def turned(polygon, start, against):
    """Return a polygon whose ring begins at another vertex, and goes the other way around."""
    ring = list(polygon.exterior.coords)[:-1]
    ring = ring[start:] + ring[:start]
    return Polygon(ring[::-1] if against else ring, polygon.interiors)


def test_two_squares_that_cross_share_a_square():
    found = met([box(0, 0, 10, 10)], [box(6, 7, 20, 20)])
    assert found.cut.tolist() == [0]
    assert found.shape[0].equals(box(6, 7, 10, 10))


def test_where_rings_begin_and_which_way_they_go_changes_nothing():
    site, zone = box(0, 0, 10, 10), Polygon([(6, 3), (20, 3), (20, 8), (13, 5), (6, 8)])
    truth = site.intersection(zone)
    for start in range(4):
        for other in range(5):
            for way in (False, True):
                for back in (False, True):
                    found = met([turned(site, start, way)], [turned(zone, other, back)])
                    assert found.cut.tolist() == [0]
                    assert found.shape[0].equals_exact(truth, 1e-9, normalize=True)


def test_in_and_out_through_one_side_goes_nearly_all_the_way_around():
    # the zone leaves out a notch: the site comes in and goes out on one of its sides
    site = box(0, 0, 10, 10)
    notch = Polygon([(4, 9), (5, 20), (30, 20), (30, -20), (-30, -20), (-30, 20), (3, 20)])
    for start in range(4):
        found = met([turned(site, start, False)], [notch])
        assert found.cut.tolist() == [0]
        assert found.shape[0].area == pytest.approx(site.intersection(notch).area, rel=1e-12)


def test_a_hole_of_the_zone_may_be_what_is_crossed():
    outer = shapely.segmentize(box(0, 0, 100, 100), 1).exterior  # no chunk of it is near
    zone = Polygon(outer, [box(40, 40, 60, 60).exterior])
    site = box(55, 45, 70, 50)
    found = met([site], [zone])
    assert found.cut.tolist() == [0]
    assert found.shape[0].area == pytest.approx(50)


def test_a_part_of_several_may_be_what_is_crossed():
    zone = MultiPolygon([box(0, 0, 10, 10), box(50, 0, 60, 10)])
    found = met([box(55, 5, 70, 8)], [zone])
    assert found.cut.tolist() == [0]
    assert found.shape[0].area == pytest.approx(15)


@pytest.mark.parametrize(
    ("site", "zone"),
    [
        (box(5, -5, 8, 20), box(0, 0, 10, 10)),  # through and through: four crossings
        (box(10, 0, 20, 10), box(0, 0, 10, 10)),  # a side in common
        (Polygon([(10, 5), (20, 0), (20, 10)]), box(0, 0, 10, 10)),  # a corner at the side
        (box(0, 0, 100, 100), box(40, 40, 60, 60)),  # the zone lies in the site
        (Polygon(box(0, 0, 10, 10).exterior, [box(2, 2, 4, 4).exterior]), box(5, 5, 20, 20)),
        (box(2, 2, 30, 8), MultiPolygon([box(0, 0, 5, 10), box(20, 3, 22, 5)])),
    ],
)
def test_what_is_not_plain_is_left_to_geos(site, zone):
    found = met([site], [zone])
    assert not found.away[0]
    assert not len(found.cut)
    assert shared([site], [zone])[0, 0] == pytest.approx(site.intersection(zone).area)


def test_beside_a_border_that_is_not_crossed_one_point_tells():
    bay = Polygon([(0, 0), (30, 0), (30, 30), (20, 30), (20, 10), (10, 10), (10, 30), (0, 30)])
    bay = shapely.segmentize(bay, 0.5)
    bent = Polygon([(11, 12), (19, 11), (19, 40), (11, 40)])  # in the bay, box over the border
    inner = Polygon([(2, 2), (28, 2), (28, 8), (2, 8)])
    corner = Polygon([(1, 1), (9, 20), (9, 29), (1, 29)])
    assert met([bent, inner, corner], [bay]).away.all()
    assert shared([bent, inner, corner], [bay])[:, 0].tolist() == pytest.approx(
        [0.0, inner.area, corner.area]
    )


@st.composite
def stars(draw, span=30):
    """Return a polygon around a middle, of any number of corners, now and then with a hole."""
    n = draw(st.integers(3, 40))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    angle = np.sort(random.uniform(0, 2 * np.pi, n))
    reach = random.uniform(2, 12, n)
    middle = random.uniform(0, span, 2)
    shape = Polygon(middle + np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=1))
    if not shape.is_valid or shape.area < 1:
        shape = box(*middle, *(middle + reach[:2]))
    if draw(st.booleans()):
        shape = turned(shape, draw(st.integers(0, 2)), True)
    if draw(st.integers(0, 4)) == 0:
        shape = shape.difference(shape.representative_point().buffer(0.5))
    return shapely.geometry.polygon.orient(shape, -1.0) if draw(st.booleans()) else shape


@given(
    sites=st.lists(stars().filter(lambda s: s.geom_type == "Polygon"), min_size=1, max_size=3),
    zones=st.lists(stars(), min_size=1, max_size=3),
)
def test_areas_are_those_of_geos(sites, zones):
    truth = np.array([[site.intersection(zone).area for zone in zones] for site in sites])
    np.testing.assert_allclose(shared(sites, zones), truth, atol=1e-2)
    found = met(sites, zones)
    for place, shape in zip(found.cut.tolist(), found.shape, strict=True):
        site, zone = sites[place // len(zones)], zones[place % len(zones)]
        assert shape.is_valid
        assert shape.symmetric_difference(site.intersection(zone)).area < 1e-6
    for place in np.flatnonzero(found.away).tolist():
        site, zone = sites[place // len(zones)], zones[place % len(zones)]
        assert site.within(zone) or site.disjoint(zone)


def test_links_follow_each_other_and_their_boxes_hold_them():
    line = shapely.LineString(np.random.default_rng(2).uniform(0, 9, (60, 2)))
    found = chunks(np.array([line, box(0, 0, 4, 4)], dtype=object), n_segments=24)
    links, place = found.links(np.array([3, 1, 3, 0]))
    assert place.tolist() == [2, 1, 2, 0]
    assert links.count.tolist() == [1, 4, 2]  # 4, 24 and 11 segments
    link, row = links.of(place)
    assert link.tolist() == [5, 6, 1, 2, 3, 4, 5, 6, 0]
    assert row.tolist() == [0, 0, 1, 1, 1, 1, 2, 2, 3]
    for k in range(len(links.begin)):
        xy = found.xy[links.begin[k] : links.end[k] + 1]
        for axis, (low, high) in enumerate(links.edges):
            assert (low[k], high[k]) == (xy[:, axis].min(), xy[:, axis].max())


@pytest.mark.parametrize("length", [0.5, 40.0, 2000.0, 4900.0, 6000.0, 50_000.0])
@pytest.mark.parametrize("turn", [0.0, 0.7, 1.57, 4.0])
def test_steps_are_geodesics(length, turn):
    start = np.array([[501_000.0, 4_600_000.0], [650_000.0, 2_500_000.0]])
    ahead = length * np.array([np.cos(turn), np.sin(turn)])
    for point in start:
        xy = np.array([point, point + ahead])
        lon, lat = Transformer.from_crs(CRS, "EPSG:4490", always_xy=True).transform(*xy.T)
        truth = Geod(ellps="GRS80").inv(lon[0], lat[0], lon[1], lat[1])[2]
        found = geodesic_steps(xy, CRS, np.array([0]))
        assert found[0] == pytest.approx(truth, rel=1e-9, abs=2e-8)


def test_polygons_beyond_all_numbers_are_not_finite():
    bow = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    spike = Polygon([(0, 0), (5, 0), (0, 0)])
    square = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
    endless, nowhere = square.copy(), square.copy()
    endless[1, 0], nowhere[2, 1] = np.inf, np.nan
    with np.errstate(invalid="ignore"):
        shapes = [
            Polygon(square),
            bow,
            spike,
            Polygon(endless),
            Polygon(nowhere),
            Polygon(square * 1e200),
        ]
    found = repair_polygons(shapes)[1].tolist()
    assert found == ["", INVALID, GONE, NOT_FINITE, NOT_FINITE, NOT_FINITE]


def test_shapes_of_the_caller_are_left_as_they_are_prepared():
    # others may use them at the same time: to prepare them, or to end that, would be unsafe
    zones, sites = [box(0, 0, 100, 100), box(10, 10, 20, 20)], [box(5, 5, 50, 50), box(1, 1, 3, 3)]
    shapely.prepare(zones[0])
    found = shared(sites, zones)
    assert found == pytest.approx(np.array([[2025, 100], [4, 0]]))
    assert shapely.is_prepared(np.array([*zones, *sites])).tolist() == [True, False, False, False]
