"""The benchmark of screening runs, and compares what it should, on layers of a handful of zones."""

import sys
from pathlib import Path

import numpy as np
import pytest
import shapely

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def bench():
    if not (FOLDER / "screening.py").is_file():
        pytest.skip("the benchmarks are not beside the tests")
    sys.path.insert(0, str(FOLDER))
    import screening

    yield screening
    sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def layers(bench):
    zones = bench.zone_layer(250)
    return zones, bench.merged(zones), bench.site_layer(60, 15)


def test_layers_are_as_layers_of_zones_are(bench, layers):
    zones, giants, sites = layers
    assert shapely.is_valid(zones.geometry.to_numpy()).all()
    assert shapely.area(giants.geometry.to_numpy()).sum() == pytest.approx(zones.area.sum())
    assert len(giants) < len(zones)
    assert shapely.coverage_is_valid(zones.geometry.to_numpy())
    assert set(shapely.get_dimensions(sites.geometry.to_numpy()).tolist()) == {1, 2}
    again = bench.zone_layer(250)
    assert again.geometry.equals(zones.geometry)


def test_answers_are_compared_and_equal(bench, layers):
    zones, giants, sites = layers
    rows = [
        *bench.compare(zones, sites, 2, 2, "as drawn"),
        *bench.compare(giants, sites, 1, 1, "merged"),
    ]
    assert len(rows) == 8
    assert all(line.count("|") == 9 for line in rows)


def test_answers_that_differ_end_the_benchmark(bench, layers):
    zones, _, sites = layers
    polygons, lines = sites.iloc[:60], sites.iloc[60:]
    found = bench.screen_sites(bench.as_sites(sites), bench.as_zones(zones)).findings
    import geopandas as gpd

    over = gpd.overlay(polygons, zones), gpd.overlay(lines, zones)
    bench.same_sizes(found, over)
    wrong = found.assign(overlap_m=np.where(found["overlap_m"] > 0, found["overlap_m"] + 1, 0))
    with pytest.raises(SystemExit, match="overlap_m"):
        bench.same_sizes(wrong, over)
    near = gpd.sjoin_nearest(sites, zones, max_distance=1000.0, distance_col="distance_m")
    bench.same_distances(found, near)
    with pytest.raises(SystemExit, match="differ"):
        bench.same_distances(found.assign(distance_m=found["distance_m"] + 0.1), near)


def test_many_layers_are_screened_at_once(bench):
    words, seconds = bench.many_layers(40, 3, 60, 1)
    assert "3 layers" in words
    assert seconds > 0
