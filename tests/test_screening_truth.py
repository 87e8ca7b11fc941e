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
from chaoyang_geo.screening.distances import _apart, site_chunks
from chaoyang_geo.screening.geodesic import geodesic_steps
from chaoyang_geo.screening.ground import (
    blocks,
    chunks,
    cut_areas,
    ground_of,
    in_threads,
    shared_out,
)
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
        land = ground_of("EPSG:4549", np.array(areas, dtype=object), number, number, number)
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


def test_a_point_deep_in_one_of_two_zones_that_overlap_is_no_edge_case():
    wide, small = shapely.box(0, 0, 1000, 1000), shapely.box(495, 400, 600, 600)
    for points, verdict in (
        (shapely.Point(500, 500), "禁止"),  # 5 m from the border of the small one, within both
        (shapely.Point(490, 500), "禁止"),
        (shapely.Point(995, 500), "压线需复核"),
        (shapely.MultiPoint([(500, 500), (995, 500)]), "禁止"),
    ):
        found = screen_sites(sites(points), zones(wide, small), tolerance_m=20.0)
        assert found.sites["verdict"].tolist() == [verdict]


@pytest.mark.parametrize("crs", ["EPSG:4549", "EPSG:4490"])
def test_a_zone_in_the_middle_of_a_large_site_is_found(crs):
    # farther from every edge of the site than anything that is looked for
    site, small = shapely.box(0, 0, 20_000, 20_000), shapely.box(9_000, 9_000, 9_100, 9_200)
    found = screen_sites(sites(site), zones(small).to_crs(crs), max_distance_m=0).findings
    assert found["relation"].tolist() == ["overlaps"]
    assert found["overlap_m2"].iloc[0] == pytest.approx(20_000, abs=0.01)
    assert found["share_of_zone"].iloc[0] == pytest.approx(1)


@settings(max_examples=25)
@given(st.builds(star, seeds, st.sampled_from([600.0, 3000.0])), zone_shapes)
def test_areas_of_large_sites_are_those_of_the_whole_shapes(shape, areas):
    assume(usable([shape, *areas]))
    land = sites_of(np.array([shape], dtype=object), np.full(1, 20.0), np.full(1, 20.0))
    number = np.arange(len(areas))
    ground = ground_of("EPSG:4549", np.array(areas, dtype=object), number, number, number)
    every = np.indices((len(land.low), len(areas))).reshape(2, -1)
    pairs, _ = measure_pairs(land, ground, (every[0], every[1]))
    found = dict(zip(pairs.zone.tolist(), pairs.area.tolist(), strict=True))
    for zone, area in enumerate(areas):
        assert found.get(zone, 0.0) == pytest.approx(shape.intersection(area).area, abs=0.01)


@pytest.mark.parametrize(("west", "overlap"), [(4_900, 100 * 400 - 60**2), (2_000, 100 * 400)])
def test_a_site_far_from_the_outer_border_of_a_zone_may_hold_a_hole_of_it(west, overlap):
    hole = shapely.box(4_920, 5_020, 4_980, 5_080)
    zone = shapely.box(0, 0, 10_000, 10_000).difference(hole)
    site = shapely.box(west, 4_900, west + 100, 5_300)
    found = screen_sites(sites(site), zones(zone), max_distance_m=0).findings
    assert found["overlap_m2"].iloc[0] == pytest.approx(overlap)
    assert found["relation"].iloc[0] == ("inside" if west == 2_000 else "overlaps")


@given(seeds, st.booleans())
def test_borders_know_on_which_side_their_polygon_lies(seed, turned):
    shape = star(seed, 500.0)
    assume(usable([shape]))
    parts = shapely.get_parts(shapely.orient_polygons([shape], exterior_cw=turned))
    tiny = affinity.scale(parts[0], 1e-5, 1e-5)  # smaller than what rounding leaves of its area
    mixed = np.array([tiny, walk(seed), *parts, spot(seed)], dtype=object)
    cut = chunks(mixed, n_segments=5)
    kinds = shapely.get_type_id(mixed)[cut.owner]
    assert (cut.inner[kinds != 3] == 0).all()
    for begin, owner, inner in zip(cut.begin, cut.owner, cut.inner, strict=True):
        if kinds[cut.owner == owner][0] != 3:
            continue
        (x0, y0), (x1, y1) = cut.xy[begin], cut.xy[begin + 1]
        aside = 1e-6 * inner  # of the length of the edge, so little that no tip is narrower
        beside = shapely.Point((x0 + x1) / 2 - aside * (y1 - y0), (y0 + y1) / 2 + aside * (x1 - x0))
        if owner:  # of the tiny one, the rounding of the middle is too coarse
            assert mixed[owner].contains(beside)
    first = cut.inner[np.flatnonzero(cut.owner == 0)[0]]
    whole = cut.inner[np.flatnonzero(cut.owner == 2)[0]]
    assert first == whole  # scaled, but turned the same way


@given(seeds, seeds, st.floats(60.0, 900.0))
def test_no_chunk_is_nearer_to_a_box_than_the_bound_says(seed, other, size):
    own = site_chunks(np.array([walk(seed), star(seed, 100.0).buffer(0), spot(seed)], dtype=object),
                      np.full(3, 500.0))  # fmt: skip
    corner = shapely.get_coordinates(spot(other))[0]
    box = np.array([corner, corner + size * np.array([1.0, 0.4])])
    which = np.arange(len(own.begin))
    low, high = np.tile(box[0], (len(which), 1)), np.tile(box[1], (len(which), 1))
    truth = shapely.distance(own.shapes(which), shapely.box(*box.ravel()))
    bound = _apart(own, which, low, high)
    assert (bound <= truth).all()
    assert (bound[truth == 0] == 0).all()


def test_steps_on_the_ellipsoid_are_the_same_when_some_are_asked_for():
    xy = shapely.get_coordinates(affinity.translate(walk(3), 500_000, 4_600_000))
    every = geodesic_steps(xy, "EPSG:4549", np.arange(len(xy) - 1))
    some = np.array([0, 1, 4])
    assert len(every) == len(xy) - 1
    assert geodesic_steps(xy, "EPSG:4549", some).tolist() == every[some].tolist()
    assert len(geodesic_steps(xy, "EPSG:4549", some[:0])) == 0


@pytest.mark.parametrize("n", [0, 1, 7, 5_000])
def test_threads_give_the_rows_of_one_thread(n, monkeypatch):
    monkeypatch.setattr("chaoyang_geo.screening.ground.os.cpu_count", lambda: 3)
    points = shapely.points(np.arange(2.0 * n).reshape(-1, 2))
    found = in_threads(shapely.get_x, blocks(points))
    assert np.concatenate(found).tolist() == shapely.get_x(points).tolist()


@pytest.mark.parametrize("n", [0, 1, 5_500, 90_000])
def test_every_row_is_shared_out_once_however_many_processors(n, monkeypatch):
    parts = shared_out(n)
    assert sorted(np.concatenate(parts).tolist()) == list(range(n))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    monkeypatch.setattr("chaoyang_geo.screening.ground.os.cpu_count", lambda: 64)
    assert [part.tolist() for part in shared_out(n)] == [part.tolist() for part in parts]


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
