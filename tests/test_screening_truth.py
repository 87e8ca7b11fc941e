"""Screening against a route without an index, and what must not change the answer."""

import sys
from itertools import combinations, pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from shapely import affinity

from chaoyang_geo.screening import screen_sites
from chaoyang_geo.screening.ground import cut_areas, ground_of
from chaoyang_geo.screening.measure import INSIDE, measure_pairs, sites_of

sys.path.insert(0, str(Path(__file__).parent))
from screening_paper import sites, zones

BAND = 20.0
COLUMNS = ["relation", "overlap_m2", "overlap_m", "share_of_site", "share_of_zone", "distance_m"]


def star(seed, size):
    """Return a polygon with a ragged border, sometimes with a hole."""
    random = np.random.default_rng(seed)
    x, y = random.uniform(0, 2000, 2)
    n = int(random.integers(4, 40))
    turn = np.sort(random.uniform(0, 2 * np.pi, n))
    reach = size * random.uniform(0.3, 1.0, n)
    ring = np.c_[x + reach * np.cos(turn), y + reach * np.sin(turn)]
    shape = shapely.make_valid(shapely.Polygon(ring), method="structure")
    if seed % 3 == 0:
        shape = shape.difference(shapely.Point(x, y).buffer(size / 8))
    return shape


def walk(seed):
    random = np.random.default_rng(seed)
    steps = random.normal(0, 200, (int(random.integers(2, 30)), 2)).cumsum(axis=0)
    return shapely.LineString(steps + random.uniform(0, 2000, 2))


def spot(seed):
    return shapely.Point(np.random.default_rng(seed).uniform(0, 2000, 2))


seeds = st.integers(0, 10_000)
site_shapes = st.lists(
    st.one_of(
        st.builds(star, seeds, st.just(150.0)), st.builds(walk, seeds), st.builds(spot, seeds)
    ),
    min_size=1,
    max_size=6,
)
zone_shapes = st.lists(st.builds(star, seeds, st.floats(60.0, 900.0)), min_size=1, max_size=6)


def usable(shapes):
    return all(not s.is_empty and s.geom_type in ("Polygon", "MultiPolygon") for s in shapes)


def screened(site, zone, **options):
    return screen_sites(site, zone, **{"tolerance_m": BAND, "max_distance_m": 500.0, **options})


def thin(site, one, other):
    """Return what two zones share at a site, 0 where it is thicker than a metre."""
    common = site.intersection(one).intersection(other)
    if shapely.get_dimensions(site) == 1:
        return common.length if common.length <= 1 else 0.0
    return common.area if 2 * common.area <= common.length else 0.0


def held(site, zone, radius):
    """Tell by many shifts whether a site meets a zone wherever it is moved to."""
    if shapely.get_dimensions(site) == 0:
        return zone.contains(site) and zone.boundary.distance(site) > radius
    if not zone.intersects(site):
        return False
    shapely.prepare(zone)
    return all(
        zone.intersects(affinity.translate(site, r * np.cos(a), r * np.sin(a)))
        for a in np.linspace(0, 2 * np.pi, 64, endpoint=False)
        for r in (radius, radius / 2)
    )


@settings(max_examples=30)
@given(site_shapes, zone_shapes)
def test_a_route_without_an_index_agrees(shapes, areas):
    assume(usable(areas))
    site, zone = sites(*shapes), zones(*areas)
    screening = screened(site, zone)
    found = screening.findings
    union = shapely.union_all(zone.geometry.to_numpy())
    for code, shape, verdict in zip(
        site["site_code"], site.geometry, screening.sites["verdict"], strict=True
    ):
        rows = found[found["site_code"] == code]
        common = shape.intersection(union)
        dimension = int(shapely.get_dimensions(shape))
        measured = rows["overlap_m2"] if dimension == 2 else rows["overlap_m"]
        size = common.area if dimension == 2 else common.length
        slack = sum(thin(shape, a, b) for a, b in combinations(zone.geometry, 2))
        if dimension:
            assert size - 0.01 <= measured.sum() <= size + slack + 0.01
        reached = {c for codes in rows["zone_code"] for c in codes.split(";")}
        near = zone[zone.distance(shape) <= 499.99]["zone_code"]
        far = zone[zone.distance(shape) > 500.01]["zone_code"]
        assert set(near) <= reached
        assert not set(far) & reached
        single = rows[~rows["zone_code"].str.contains(";")].set_index("zone_code")["distance_m"]
        truth = zone.set_index("zone_code").distance(shape)[single.index]
        assert single.to_numpy() == pytest.approx(truth.to_numpy(), abs=1e-6)
        # near the edge of the band the 32 directions may differ from the 64
        if held(shape, union, 1.03 * BAND):
            assert verdict == "禁止"
        elif not held(shape, union, 0.97 * BAND) and shape.distance(union) <= 0.99 * BAND:
            assert verdict == "压线需复核"
        elif shape.distance(union) > 1.01 * BAND:
            assert verdict == "无冲突"


# on a coarse grid lines run along borders, through corners, and begin and end on them
cells = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12, unique=True
)
knots = st.lists(st.tuples(st.integers(-1, 11), st.integers(-1, 11)), min_size=2, max_size=7).map(
    lambda points: [(50.0 * x, 50.0 * y) for x, y in points]
)


@settings(max_examples=80)
@given(st.lists(knots, min_size=1, max_size=3), cells, st.sampled_from([0.0, 0.3]))
def test_lines_along_borders_and_through_corners(lines, squares, turn):
    zone = shapely.union_all(
        [shapely.box(100 * x, 100 * y, 100 * x + 100, 100 * y + 100) for x, y in squares]
    )
    line = shapely.MultiLineString(lines)
    assume(line.length > 0)
    zone, line = (
        affinity.rotate(shape, turn, origin=(0, 0), use_radians=True) for shape in (zone, line)
    )
    found = screened(sites(line), zones(zone), tolerance_m=0).findings
    steps = [step for part in line.geoms for step in retraced(part)]
    border = zone.boundary.buffer(1e-6)
    length = sum(step.intersection(zone).difference(border).length for step in steps)
    if length < 0.01:
        assert (found["overlap_m"] == 0).all()
        reach = zone.distance(line) if found.empty else found["distance_m"].iloc[0]
        assert reach == pytest.approx(zone.distance(line), abs=0.002)
    else:
        assert found["overlap_m"].sum() == pytest.approx(length, abs=0.01)
        assert found["overlap_m_geodesic"].sum() == pytest.approx(length, rel=1e-3, abs=0.02)


def retraced(line):
    """Return the segments of a line one by one, so that what is walked twice counts twice."""
    return [shapely.LineString(ends) for ends in pairwise(line.coords) if ends[0] != ends[1]]


@settings(max_examples=40)
@given(cells, cells, st.sampled_from([0.0, 0.3]))
def test_areas_along_borders_and_through_corners(site, squares, turn):
    def area(where):
        return affinity.rotate(
            shapely.union_all([shapely.box(100 * x, 100 * y, 100 * x + 100, 100 * y + 100) for x, y in where]),
            turn, origin=(0, 0), use_radians=True,
        )  # fmt: skip

    one, other = area(site), area(squares)
    found = screened(sites(one), zones(other), tolerance_m=0).findings
    common = one.intersection(other).area
    if common < 1:
        assert (found["overlap_m2"] == 0).all()
        assert found["relation"].isin(["touches", "near"]).all()
    else:
        assert found["overlap_m2"].sum() == pytest.approx(common, rel=1e-9)
        assert found["relation"].iloc[0] == ("inside" if common > one.area - 1 else "overlaps")


@settings(max_examples=25)
@given(site_shapes, zone_shapes, seeds)
def test_the_order_of_sites_and_zones_does_not_matter(shapes, areas, seed):
    assume(usable(areas))
    random = np.random.default_rng(seed)
    site = sites(*shapes)
    zone = zones(*areas, grade=[("core", "general")[i % 2] for i in range(len(areas))])
    one = screened(site, zone)
    two = screened(
        site.iloc[random.permutation(len(site))], zone.iloc[random.permutation(len(zone))]
    )
    keys = ["site_code", "zone_code", "zone_grade"]
    left, right = (s.findings.sort_values(keys, ignore_index=True) for s in (one, two))
    exact = [c for c in left.columns if left[c].dtype == "str"]
    pd.testing.assert_frame_equal(left[exact], right[exact])
    pd.testing.assert_frame_equal(left, right, rtol=1e-9, atol=1e-6)
    verdicts = [s.sites.set_index("site_code")["verdict"].sort_index() for s in (one, two)]
    pd.testing.assert_series_equal(*verdicts)
    alone = screened(site.iloc[:1], zone).findings
    together = one.findings[one.findings["site_code"] == "S0"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, together, rtol=1e-9, atol=1e-6)


@settings(max_examples=30)
@given(site_shapes, st.builds(star, seeds, st.floats(200.0, 900.0)), st.floats(0.2, 0.8))
@example([spot(13)], star(13, 200.0), 0.25)  # a point near the seam of a zone of two rows
def test_splitting_a_zone_in_two_changes_nothing(shapes, area, where):
    assume(usable([area]))
    west, south, east, north = area.bounds
    middle = west + where * (east - west)
    halves = [
        area.intersection(shapely.box(west - 1, south - 1, middle, north + 1)),
        area.intersection(shapely.box(middle, south - 1, east + 1, north + 1)),
    ]
    assume(usable(halves) and min(h.area for h in halves) > 1)
    site = sites(*shapes)
    whole = screened(site, zones(area))
    rows = screened(site, zones(*halves, codes=["Z0", "Z0"]))
    assert rows.sites["verdict"].tolist() == whole.sites["verdict"].tolist()
    assert rows.sites["n_zones"].tolist() == whole.sites["n_zones"].tolist()
    pd.testing.assert_frame_equal(
        rows.findings[COLUMNS], whole.findings[COLUMNS], rtol=1e-6, atol=1e-3
    )
    apart = screened(site, zones(*halves))
    assert apart.sites["verdict"].tolist() == whole.sites["verdict"].tolist()
    for column in ("overlap_m2", "overlap_m", "share_of_site"):
        sums = [s.findings.groupby("site_code")[column].sum() for s in (apart, whole)]
        pd.testing.assert_series_equal(*sums, rtol=1e-6, atol=1e-3)


@pytest.mark.parametrize("few", [64, 0])
@settings(max_examples=20)
@given(st.lists(st.builds(star, seeds, st.floats(60.0, 900.0)), min_size=1, max_size=5), seeds)
def test_distances_are_those_of_the_whole_borders(few, areas, seed):
    assume(usable(areas))
    shapes = np.array([walk(seed), spot(seed), star(seed, 200.0)], dtype=object)
    number = np.arange(len(areas))
    sites_ = sites_of(shapes, np.full(3, 700.0), np.full(3, 700.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chaoyang_geo.screening.ground._FEW", few)  # with and without an index
        land = ground_of("EPSG:4549", np.array(areas, dtype=object), number, number)
        every = np.indices((len(sites_.low), len(areas))).reshape(2, -1)
        pairs, _ = measure_pairs(sites_, land, (every[0], every[1]))
    lines = np.array([s if s.area == 0 else s.boundary for s in shapes], dtype=object)
    truth = shapely.distance(lines[:, None], shapely.boundary(np.array(areas, dtype=object))[None])
    inside = shapely.intersects(shapes[:, None], np.array(areas, dtype=object)[None])
    assert set(zip(pairs.site.tolist(), pairs.zone.tolist(), strict=True)) >= {
        (int(a), int(b)) for a, b in np.argwhere(truth <= 700.0)
    }
    # what lies beyond the reach is left out later, and not measured to the end
    away = ~inside[pairs.site, pairs.zone] & (pairs.distance <= 700.0)
    site, zone = pairs.site[away], pairs.zone[away]
    assert pairs.distance[away] == pytest.approx(truth[site, zone], abs=1e-6)
    deep = (pairs.relation == INSIDE) & (truth[pairs.site, pairs.zone] <= 700.0)
    site, zone = pairs.site[deep], pairs.zone[deep]
    assert pairs.border[deep] == pytest.approx(truth[site, zone], abs=1e-6)


def test_pieces_cover_a_large_zone_exactly():
    random = np.random.default_rng(5)
    turn = np.linspace(0, 2 * np.pi, 20_001)[:-1]
    reach = 5000 * (1 + 0.2 * np.sin(7 * turn) + 0.01 * random.normal(size=20_000))
    coast = shapely.Polygon(np.c_[reach * np.cos(turn), reach * np.sin(turn)])
    large = coast.difference(shapely.Point(500, 700).buffer(900, quad_segs=400))
    parts = shapely.get_parts(shapely.make_valid(large, method="structure"))
    pieces, owner = cut_areas(parts)
    assert len(pieces) > 50
    assert shapely.get_num_coordinates(pieces).max() <= 768
    area = np.bincount(owner, shapely.area(pieces), len(parts))
    assert area == pytest.approx(shapely.area(parts), rel=1e-9)
    assert shapely.union_all(pieces).symmetric_difference(shapely.union_all(parts)).area < 1e-3


@pytest.mark.parametrize("merged", [False, True])
def test_areas_equal_those_of_an_overlay(merged):
    """The rival: geopandas.overlay and sjoin_nearest over a coverage of ragged cells."""
    random = np.random.default_rng(3)
    seeds_ = shapely.MultiPoint(random.uniform(0, 20_000, (400, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds_)).tolist()
    window = shapely.box(0, 0, 20_000, 20_000)
    cells = [cell.intersection(window) for cell in cells][::2]
    if merged:
        cells = list(shapely.get_parts(shapely.union_all(cells)))
    zone = zones(*cells)
    polygons = [star(n, 400.0) for n in range(40)]
    shapes = [affinity.translate(s, *random.uniform(0, 17_000, 2)) for s in polygons]
    lines = [affinity.scale(walk(n), 8, 8) for n in range(15)]
    site = sites(*shapes, *lines)
    found = screened(site, zone, max_distance_m=3000.0).findings
    polygons_, lines_ = site.iloc[:40], site.iloc[40:]
    over = gpd.overlay(polygons_, zone, keep_geom_type=True)
    assert found["overlap_m2"].sum() == pytest.approx(over.area.sum(), rel=1e-9)
    over = gpd.overlay(lines_, zone, keep_geom_type=True)
    assert found["overlap_m"].sum() == pytest.approx(over.length.sum(), rel=1e-9)
    nearest = gpd.sjoin_nearest(site, zone, distance_col="d", max_distance=3000.0)
    truth = nearest.groupby("site_code")["d"].min()
    ours = found.groupby("site_code")["distance_m"].min()
    pd.testing.assert_series_equal(
        ours, truth, check_names=False, check_index_type=False, atol=1e-6
    )
