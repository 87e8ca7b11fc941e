"""Alternatives against brute force and against another way to the same answer."""

import sys
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoyang_geo.alternatives import (
    conflict_stretches,
    free_parts,
    smallest_shift,
    zone_distance_contours,
)
from chaoyang_geo.alternatives.forbidden import bodies, convex_parts, forbidden

sys.path.insert(0, str(Path(__file__).parent))
import screening_paper as paper
from screening_paper import at, sites, zones

TOLERANCE = 0.01
EXAMPLES = settings(max_examples=25, deadline=None)


def star(centre, radii, turn=0.0):
    """Return a polygon, seldom convex, with a corner at each radius around a centre."""
    angle = turn + 2 * np.pi * np.arange(len(radii)) / len(radii)
    xy = np.array(centre) + np.array(radii)[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return shapely.Polygon(xy)


@st.composite
def stars(draw, *, size, spread):
    centre = draw(st.tuples(*[st.integers(-spread, spread)] * 2))
    radii = draw(st.lists(st.integers(size // 5, size), min_size=3, max_size=8))
    shape = star(centre, radii, draw(st.floats(0, 6)))
    if draw(st.booleans()):
        hole = star(centre, [radius / 3 for radius in radii], draw(st.floats(0, 6)))
        shape = shape.difference(hole)
    return shape


@st.composite
def some_sites(draw):
    kind = draw(st.sampled_from(["polygon", "pair", "line", "point"]))
    place = st.tuples(*[st.integers(-40, 40)] * 2)
    if kind == "line":
        points = draw(st.lists(place, min_size=2, max_size=5, unique=True))
        return shapely.LineString(points)
    if kind == "point":
        return shapely.MultiPoint(draw(st.lists(place, min_size=1, max_size=3)))
    shapes = [draw(stars(size=30, spread=20)) for _ in range(1 + (kind == "pair"))]
    return shapely.union_all(shapes)


def moved(shape, step):
    return shapely.transform(shape, lambda points: points + step)


def no_fit(site, zone):
    """Return the forbidden translations from the borders alone: an independent way.

    Sums of every side of the zone with every side of the site, the zone seen from a corner of
    each part of the site, and the mirrored part of the site at a corner of each ring.
    """
    sides = []
    for shape in (zone, site):
        lines = [
            line
            for part in shapely.get_parts([shape])
            for line in (shapely.get_rings(part) if part.geom_type == "Polygon" else [part])
        ]
        xy = [shapely.get_coordinates(line) for line in lines]
        sides.append(
            [(a, b) for p in xy for a, b in zip(p, p[1:] if len(p) > 1 else p, strict=False)]
        )
    sums = [
        shapely.convex_hull(shapely.MultiPoint([a - c, a - d, b - c, b - d]))
        for a, b in sides[0]
        for c, d in sides[1]
    ]
    for part in shapely.get_parts([site]):
        corner = shapely.get_coordinates(part)[0]
        sums.append(moved(zone, -corner))
        if part.geom_type == "Polygon":
            mirrored = shapely.transform(part, lambda points: -points)
            for ring in shapely.get_rings(shapely.get_parts([zone])):
                sums.append(moved(mirrored, shapely.get_coordinates(ring)[0]))
    # on a grid: without one GEOS 3.14 may lose a part of such a union
    return shapely.union_all(
        [each for each in sums if shapely.get_dimensions(each) == 2], grid_size=1e-9
    )


def way_out(ruled_out, within=1000):
    free = shapely.box(-within, -within, within, within).difference(ruled_out)
    return shapely.distance(shapely.Point(0, 0), free)


@EXAMPLES
@given(
    some_sites(),
    st.lists(stars(size=60, spread=50), min_size=1, max_size=4),
    st.sampled_from([0.0, 7.5]),
)
def test_the_moved_site_is_free_and_no_shorter_shift_is(site, shapes, clearance):
    zone = shapely.union_all(shapes)
    row = smallest_shift(sites(site), zones(*shapes), clearance_m=clearance, within_m=400).iloc[0]
    assert row.shift_state != "none"
    step = np.array([row.shift_east_m, row.shift_north_m])
    assert row.shift_m == pytest.approx(np.hypot(*step))
    gap = shapely.distance(moved(site, step), zone)
    assert gap >= clearance and not shapely.intersects(moved(site, step), zone)
    if row.shift_state == "shift":
        assert gap == pytest.approx(row.distance_after_m, abs=1e-6)
        assert row.geometry.equals_exact(at(moved(site, step)), 1e-6)
    # nothing shorter keeps the clearance and the tolerance, neither at random nor nearly as far
    rng = np.random.default_rng(0)
    length = np.concatenate([rng.uniform(0, 1, 300) ** 0.5, np.full(100, 1.0)])
    length *= max(0.0, row.shift_m - TOLERANCE)
    angle = rng.uniform(0, 2 * np.pi, 400)
    steps = length[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    near = [shapely.distance(moved(site, each), zone) for each in steps]
    if row.shift_state == "shift":
        assert max(near) <= clearance + TOLERANCE + 1e-6
    else:
        assert row.shift_m == 0 and shapely.distance(site, zone) >= clearance


@EXAMPLES
@given(some_sites(), st.lists(stars(size=60, spread=50), min_size=1, max_size=3))
def test_the_smallest_shift_agrees_with_sums_of_borders(site, shapes):
    zone = shapely.union_all(shapes)
    row = smallest_shift(sites(site), zones(*shapes), within_m=400).iloc[0]
    ruled_out = no_fit(site, zone)
    low = way_out(ruled_out)
    high = way_out(ruled_out.buffer(TOLERANCE, quad_segs=8))
    assert low - 1e-6 <= row.shift_m <= high + 2 * TOLERANCE


@EXAMPLES
@given(stars(size=60, spread=50), some_sites())
def test_convex_parts_make_up_the_site_and_their_sums_the_no_fit_polygon(zone, site):
    parts = [shapely.convex_hull(shapely.MultiPoint(xy)) for xy in convex_parts(site)]
    if shapely.get_dimensions(site) == 2:
        assert sum(part.area for part in parts) == pytest.approx(site.area)
        # on a grid: without one GEOS 3.14 may lose a part of such a union
        assert shapely.union_all(parts, grid_size=1e-9).symmetric_difference(site).area < 1e-6
    sums = shapely.union_all(
        [
            forbidden(piece, body)
            for piece in shapely.get_parts([zone])
            for body in bodies(site, 0.0, 1e-7)
        ]
    )
    expected = no_fit(site, zone)
    assert sums.symmetric_difference(expected).area < 1e-4 * (1 + expected.length)


@EXAMPLES
@given(stars(size=60, spread=50), st.lists(st.integers(6, 30), min_size=3, max_size=8))
def test_a_sum_is_the_union_of_what_the_body_covers_along_the_border(zone, radii):
    (body,) = bodies(star((3, -4), radii).convex_hull, 5.0, 0.01)
    for piece in shapely.get_parts([zone]):
        swept = [moved(piece, body.mirror[0])]
        for ring in shapely.get_rings(piece):
            xy = shapely.get_coordinates(ring)
            swept += [
                shapely.MultiPoint(np.concatenate([body.mirror + a, body.mirror + b])).convex_hull
                for a, b in pairwise(xy)
            ]
        expected = shapely.union_all(swept, grid_size=1e-9)
        assert forbidden(piece, body).symmetric_difference(expected).area < 1e-5


@EXAMPLES
@given(
    st.lists(stars(size=60, spread=40), min_size=1, max_size=3),
    st.lists(stars(size=60, spread=50), min_size=0, max_size=4),
    st.sampled_from([0.0, 5.0]),
)
def test_free_part_and_conflict_make_up_the_site(own, others, clearance):
    table, zone = sites(*own), zones(*others)
    found = free_parts(table, zone, min_area_m2=3, clearance_m=clearance)
    total = found["free_m2"] + found["free_small_m2"] + found["conflict_m2"]
    assert np.allclose(total, found["site_m2"]) and np.allclose(found["site_m2"], table.area)
    grown = shapely.union_all([shape.buffer(clearance, quad_segs=64) for shape in zone.geometry])
    for shape, row in zip(table.geometry, found.itertuples(), strict=True):
        expected = shape.intersection(grown).area
        slivers = 0.001 * (shape.length + zone.length.sum())  # of half a millimetre, at both sides
        assert expected - 0.02 <= row.conflict_m2 <= expected + slivers + (clearance > 0) * 2
        if row.geometry is not None:
            assert row.geometry.area == pytest.approx(row.free_m2)
            assert shapely.covers(shape.buffer(1e-6), row.geometry)
            gap = shapely.distance(row.geometry, shapely.union_all(zone.geometry))
            assert not len(others) or gap >= clearance - 1e-7


@EXAMPLES
@given(
    st.lists(st.tuples(*[st.integers(-60, 60)] * 2), min_size=2, max_size=6, unique=True),
    st.lists(stars(size=60, spread=50), min_size=1, max_size=4),
)
def test_stretches_add_up_to_the_length_in_zones(points, shapes):
    # off the grid, so that no line runs along a border
    line = shapely.LineString(
        np.array(points) + np.array([0.1234, 0.4321]) * np.arange(len(points))[:, None]
    )
    found = conflict_stretches(sites(line), zones(*shapes))
    for code, shape in zip([f"Z{i}" for i in range(len(shapes))], shapes, strict=True):
        own = found[(found["zone_code"] == code) & (found["stretch_kind"] == "inside")]
        parts = shapely.get_parts(
            shapely.linestrings(
                np.stack([shapely.get_coordinates(line)[:-1], shapely.get_coordinates(line)[1:]], 1)
            )
        )
        expected = sum(shapely.length(shapely.intersection(parts, shape)))
        assert own["length_m"].sum() == pytest.approx(expected, abs=0.01)
        assert np.allclose(own.geometry.length, own["length_m"])
        assert np.allclose((own["to_km"] - own["from_km"]) * 1000, own["length_m"])
        assert (own["from_km"].to_numpy()[1:] >= own["to_km"].to_numpy()[:-1] - 1e-9).all()
    together = conflict_stretches(sites(line), zones(*shapes), by="all")
    expected = sum(shapely.length(shapely.intersection(parts, shapely.union_all(shapes))))
    inside = together[together["stretch_kind"] != "touch"]
    assert inside["length_m"].sum() == pytest.approx(expected, abs=0.01)


@EXAMPLES
@given(st.lists(stars(size=60, spread=100), min_size=1, max_size=4), st.integers(0, 99))
def test_a_place_lies_in_the_band_of_its_distance(shapes, seed):
    area = gpd.GeoSeries([at(shapely.box(-200, -200, 200, 200))], crs=paper.CRS)
    limits = [20.0, 60.0]
    found = zone_distance_contours(
        zones(*shapes), within=area, distances_m=limits, tolerance_m=0.01
    )
    assert found["share"].sum() == pytest.approx(1) and found.is_valid.all()
    points = [
        at(shapely.Point(xy)) for xy in np.random.default_rng(seed).uniform(-200, 200, (50, 2))
    ]
    distance = shapely.distance(points, at(shapely.union_all(shapes)))
    for point, away in zip(points, distance, strict=True):
        if np.abs(np.array([1e-6, *limits]) - away).min() > 0.02:
            expected = int(np.searchsorted([0.0, *limits], away))
            assert found.geometry[expected].intersects(point)


def coast(n_halvings, *, radius, seed):
    """Return a round shape with a fractal border."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(8) / 8
    xy = radius * np.stack([np.cos(angle), np.sin(angle)], 1)
    for _ in range(n_halvings):
        side = np.roll(xy, -1, 0) - xy
        middle = xy + side / 2 + side[:, ::-1] * [-1, 1] * rng.uniform(-0.2, 0.2, (len(xy), 1))
        xy = np.stack([xy, middle], 1).reshape(-1, 2)
    shape = shapely.Polygon(xy)
    return shapely.make_valid(shape, method="structure", keep_collapsed=False)


def test_a_zone_of_very_many_vertices_is_left_by_the_shortest_way():
    zone = coast(14, radius=5000, seed=3)
    assert shapely.get_num_coordinates(zone) > 100_000
    table = sites(
        shapely.box(4300, 0, 4600, 200),
        coast(3, radius=150, seed=8).union(shapely.box(-50, -50, 50, 50)),
        shapely.LineString([(0, 4400), (300, 4700), (900, 4650)]),
    )
    found = smallest_shift(table, zones(zone), within_m=2000)
    assert found["shift_state"].tolist() == ["shift", "none", "shift"]
    there = at(zone)
    for row in found.dropna(subset="shift_m").itertuples():
        assert not row.geometry.intersects(there)
        site = table.geometry[row.Index]
        rng = np.random.default_rng(1)
        angle = rng.uniform(0, 2 * np.pi, 60)
        shorter = (row.shift_m - 2 * TOLERANCE) * rng.uniform(0.5, 1, 60)
        shapely.prepare(there)
        for step in shorter[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1):
            assert there.intersects(moved(site, step))
