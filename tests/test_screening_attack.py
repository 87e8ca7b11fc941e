"""Screening: systems of coordinates, zone borders, seams with noise, odd geometries."""

import sys
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely import GeometryCollection, LineString, MultiPolygon, Point

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
    assert there.sites["verdict"].tolist() == here.sites["verdict"].tolist()
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
