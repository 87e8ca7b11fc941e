"""Sections on rivers, and points in exactly one unit."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from chaoyang_geo import load_plan
from chaoyang_geo.crs import CRSError
from chaoyang_geo.rivers import river_network
from chaoyang_geo.rivers.belong import assign_units, units_of_sections
from chaoyang_geo.rivers.snap import SNAP_COLUMNS, snap_sections
from chaoyang_geo.schema import SchemaError

TAIHU = Path(__file__).resolve().parents[2] / "shared/real/rivers_taihu/hydrorivers_taihu_bbox.shp"
X, Y = 500_000, 4_600_000


def rivers(*rows, crs=4549):
    """Lines from (code, name, to_code, coordinates in metres from a corner)."""
    codes, names, to, coordinates = zip(*rows, strict=True)
    return gpd.GeoDataFrame(
        {"reach_code": codes, "river_name": names, "to_code": to},
        geometry=[LineString([(X + x, Y + y) for x, y in line]) for line in coordinates],
        crs=crs,
    )


def sections(*rows, crs=4549):
    """Sections from (name of the river, x, y); x None has no position."""
    return gpd.GeoDataFrame(
        {"section_code": [f"S{n}" for n in range(len(rows))], "water_body": [r[0] for r in rows]},
        geometry=[None if r[1] is None else Point(X + r[1], Y + r[2]) for r in rows],
        crs=crs,
    )


# the Daling flows east; its west branch comes from the north and joins at 1000
DALING = rivers(
    ("D1", "大凌河", "D2", [(0, 0), (1000, 0)]),
    ("D2", "大凌河", None, [(1000, 0), (3000, 0)]),
    ("W1", "大凌河西支", "D2", [(1000, 800), (1000, 0)]),
)


@pytest.fixture(scope="module")
def network():
    return river_network(DALING, tolerance_m=1)


# ---------------------------------------------------------------- the right reach


def test_a_named_river_wins_over_a_nearer_tributary(network):
    placed = snap_sections(sections(("大凌河", 950, 60)), network, max_distance_m=200)
    row = placed.iloc[0]
    assert row["reach_code"] == "D1"
    assert row["offset_m"] == pytest.approx(60)
    assert row["measure_m"] == pytest.approx(950)
    assert row["measure_km_to_outlet"] == pytest.approx(2.05)
    assert row["snap_state"] == "snapped"
    assert "大凌河西支" in row["snap_flag"]
    # closeness 1 - 60/400, the name is the same, another river passes nearer
    assert row["snap_confidence"] == pytest.approx(0.85 * 0.8)


def test_a_name_is_never_a_part_of_another_name():
    only = DALING[DALING["river_name"] == "大凌河西支"]
    placed = snap_sections(sections(("大凌河", 990, 400)), only, max_distance_m=200)
    assert placed["snap_state"].tolist() == ["name_not_found"]
    assert placed["reach_code"].tolist() == [""]
    assert placed["snapped"].isna().all()
    assert "W1" in placed["snap_flag"][0]


@pytest.mark.parametrize(
    ("called", "score"),
    [("大凌河", 1.0), (" 大凌 河", 1.0), ("大凌河干流", 0.9), ("大凌河（朝阳段）", 0.9), ("大凌河朝阳段", 0.9),
     ("白石水库", 0.95), ("小凌河；大凌河", 1.0)],
)  # fmt: skip
def test_names_are_read_as_people_write_them(network, called, score):
    placed = snap_sections(
        sections((called, 500, 0)), network, max_distance_m=100, aliases={"白石水库": "大凌河"}
    )
    assert placed["reach_code"].tolist() == ["D1"]
    assert placed["snap_confidence"].tolist() == [score]


def test_without_a_name_the_nearest_reach_is_taken_and_said(network):
    placed = snap_sections(sections(("", 990, 400)), network, max_distance_m=100)
    assert placed["reach_code"].tolist() == ["W1"]
    assert placed["snap_confidence"][0] <= 0.7
    assert "没有写明河流" in placed["snap_flag"][0]


def test_a_river_not_in_the_network_may_take_the_nearest_with_little_confidence(network):
    placed = snap_sections(
        sections(("凉水河", 500, 10)), network, max_distance_m=100, name_not_found="nearest"
    )
    assert placed["reach_code"].tolist() == ["D1"]
    assert placed["snap_state"].tolist() == ["name_not_found"]
    assert placed["snap_confidence"][0] <= 0.3


def test_far_sections_and_those_without_a_position_keep_their_row(network):
    table = sections(("大凌河", 500, 900), ("大凌河", None, None), ("大凌河", 500, 5))
    table.index = [7, 3, 7]
    placed = snap_sections(table, network, max_distance_m=200)
    assert placed.index.tolist() == [7, 3, 7]
    assert placed["snap_state"].tolist() == ["far", "no_position", "snapped"]
    assert placed["reach_code"].tolist() == ["", "", "D1"]
    assert placed["offset_m"].iloc[0] == pytest.approx(900)
    assert placed["snap_confidence"].tolist()[:2] == [0, 0]
    assert placed.geometry.equals(table.geometry)


# ---------------------------------------------------------------- ties and meetings


def test_a_tie_between_two_rivers_gives_one_row_and_a_flag():
    two = rivers(("A", "", None, [(0, 0), (1000, 0)]), ("B", "", None, [(0, 100), (1000, 100)]))
    placed = snap_sections(sections(("", 500, 50)), two, max_distance_m=200)
    assert len(placed) == 1
    assert placed["snap_state"].tolist() == ["tie"]
    assert placed["reach_code"].tolist() == ["A"]
    assert placed["snap_confidence"][0] <= 0.5
    assert "河段B" in placed["snap_flag"][0]


def test_a_tie_is_decided_by_the_same_reach_in_any_order_of_the_rows():
    two = rivers(("A", "", None, [(0, 0), (1000, 0)]), ("B", "", None, [(0, 100), (1000, 100)]))
    for table in (two, two.iloc[::-1]):
        placed = snap_sections(sections(("", 500, 50)), table, max_distance_m=200)
        assert placed["reach_code"].tolist() == ["A"]


def test_the_units_own_reach_decides_a_tie():
    two = rivers(("A", "", None, [(0, 0), (1000, 0)]), ("B", "", None, [(0, 100), (1000, 100)]))
    two["unit_code"] = ["U1", "U2"]
    table = sections(("", 500, 50)).assign(unit_code="U2")
    placed = snap_sections(table, two, max_distance_m=200, unit="unit_code")
    assert placed["reach_code"].tolist() == ["B"]
    assert placed["snap_state"].tolist() == ["tie"]


def test_a_section_where_two_reaches_of_a_river_meet_closes_the_upper_one(network):
    placed = snap_sections(sections(("大凌河", 1000, 0)), network, max_distance_m=50)
    assert placed["reach_code"].tolist() == ["D1"]
    assert placed["measure_m"].tolist() == [1000]
    assert placed["snap_state"].tolist() == ["snapped"]
    assert placed["snap_flag"].tolist() == [""]


def test_a_section_at_a_confluence_without_a_name_is_flagged(network):
    placed = snap_sections(sections(("", 1000, 0)), network, max_distance_m=50)
    assert placed["reach_code"].tolist() == ["D1"]
    assert "汇合处" in placed["snap_flag"][0]
    assert "W1" in placed["snap_flag"][0]
    assert placed["snap_confidence"][0] <= 0.5


# ---------------------------------------------------------------- CRS, shape, errors


def test_two_crss_give_the_same_answer(network):
    table = sections(("大凌河", 950, 60), ("", 400, 30), ("大凌河西支", 900, 700))
    metric = snap_sections(table, network, max_distance_m=200)
    degrees = snap_sections(
        table.to_crs(4490), river_network(DALING.to_crs(4326), tolerance_m=1), max_distance_m=200
    )
    assert degrees.crs.to_epsg() == 4490
    assert degrees["reach_code"].tolist() == metric["reach_code"].tolist()
    assert degrees["snap_state"].tolist() == metric["snap_state"].tolist()
    for column in ("offset_m", "measure_m", "measure_km_to_outlet"):
        assert degrees[column].to_numpy() == pytest.approx(metric[column].to_numpy(), abs=1e-3)
    there = gpd.GeoSeries(degrees["snapped"]).to_crs(4549)
    assert there.distance(gpd.GeoSeries(metric["snapped"])).max() < 1e-3


def test_the_snapped_point_may_be_the_active_geometry(network):
    table = sections(("大凌河", 950, 60))
    placed = snap_sections(table, network, max_distance_m=200, geometry="snapped")
    assert placed.geometry.name == "snapped"
    assert placed.geometry[0].equals(Point(X + 950, Y))
    assert placed["geometry"][0].equals(table.geometry[0])
    with pytest.raises(SchemaError, match="set_geometry"):
        snap_sections(placed, network, max_distance_m=200)
    again = snap_sections(placed.set_geometry("geometry"), network, max_distance_m=200)
    assert list(again.columns) == list(snap_sections(table, network, max_distance_m=200).columns)


def test_empty_in_empty_out_with_the_same_columns(network):
    table = sections(("大凌河", 950, 60))
    full = snap_sections(table, network, max_distance_m=200)
    empty = snap_sections(table.iloc[:0], network, max_distance_m=200)
    assert list(empty.columns) == list(full.columns) and set(SNAP_COLUMNS) <= set(empty.columns)
    assert (empty.drop(columns=["geometry", "snapped"]).dtypes
            == full.drop(columns=["geometry", "snapped"]).dtypes).all()  # fmt: skip
    nothing = snap_sections(table, DALING.iloc[:0], max_distance_m=200)
    assert nothing["snap_state"].tolist() == ["no_river"]


def test_the_input_is_not_changed(network):
    table = sections(("大凌河", 950, 60))
    before = table.copy()
    snap_sections(table, network, max_distance_m=200)
    pd.testing.assert_frame_equal(pd.DataFrame(table), pd.DataFrame(before))


def test_errors_say_what_to_do(network):
    table = sections(("大凌河", 950, 60))
    with pytest.raises(CRSError, match="set_crs"):
        snap_sections(table.set_crs(None, allow_override=True), network, max_distance_m=200)
    with pytest.raises(SchemaError, match="row 1 is a Polygon"):
        snap_sections(table.set_geometry(table.buffer(5)), network, max_distance_m=200)
    with pytest.raises(ValueError, match="metres above 0"):
        snap_sections(table, network, max_distance_m=0)
    with pytest.raises(ValueError, match="name_not_found='ask'"):
        snap_sections(table, network, max_distance_m=9, name_not_found="ask")
    with pytest.raises(SchemaError, match="reach_code must be unique"):
        snap_sections(table, pd.concat([DALING, DALING]), max_distance_m=9)


coordinate = st.integers(-200, 1200).map(lambda k: k * 1.0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(coordinate, coordinate, coordinate, coordinate), min_size=1, max_size=8),
    st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=6),
)
def test_snapping_is_never_farther_than_a_search_of_all_reaches(lines, points):
    lines = [line for line in lines if line[:2] != line[2:]]
    if not lines:
        return
    reaches = rivers(*[(f"R{k}", "", None, [line[:2], line[2:]]) for k, line in enumerate(lines)])
    table = sections(*[("", x, y) for x, y in points])
    placed = snap_sections(table, reaches, max_distance_m=1e5, tie_m=0)
    for row in placed.itertuples():
        distances = reaches.distance(row.geometry)
        assert row.offset_m <= distances.min() + 2e-3
        own = reaches.geometry[reaches["reach_code"] == row.reach_code].iloc[0]
        assert own.distance(row.geometry) == pytest.approx(row.offset_m)
        assert row.snapped.distance(row.geometry) == pytest.approx(row.offset_m, abs=1e-6)
        assert own.distance(row.snapped) < 1e-6
        assert own.interpolate(row.measure_m).distance(row.snapped) < 1e-6
        assert 0 <= row.snap_confidence <= 1


# ---------------------------------------------------------------- exactly one unit


UNITS = gpd.GeoDataFrame(
    {"unit_code": ["U2", "U1", "U3"]}, crs=4549,
    geometry=[box(X, Y, X + 1, Y + 1), box(X + 1, Y, X + 2, Y + 1), box(X, Y + 1, X + 2, Y + 2)],
)  # fmt: skip


def points_at(*xy):
    return gpd.GeoDataFrame(
        geometry=[None if p is None else Point(X + p[0], Y + p[1]) for p in xy], crs=4549
    )


def test_a_point_on_a_border_has_exactly_one_unit():
    table = points_at((0.5, 0.5), (1, 0.5), (1, 1), (0, 0.5), (5, 5), None)
    table.index = list("fabcde")
    found = assign_units(table, UNITS)
    assert found.index.tolist() == list("fabcde")
    assert found["unit_code"].tolist() == ["U2", "U1", "U1", "U2", "", ""]
    assert found["unit_basis"].tolist() == [
        "inside", "border", "border", "inside", "outside", "no_position",
    ]  # fmt: skip
    assert found["belongs_flag"].tolist()[:2] == ["", "位于U1、U2的边界，取编码最小的U1"]


def test_units_that_overlap_give_one_answer_and_say_so():
    two = gpd.GeoDataFrame(
        {"unit_code": ["B", "A"]},
        geometry=[box(X, Y, X + 2, Y + 2), box(X + 1, Y, X + 3, Y + 2)],
        crs=4549,
    )
    found = assign_units(points_at((1.5, 1), (0.5, 1), (2.5, 1)), two)
    assert found["unit_code"].tolist() == ["A", "B", "A"]
    assert found["unit_basis"].tolist() == ["overlap", "inside", "inside"]
    assert "重叠" in found["belongs_flag"][0]


def test_rows_of_one_code_are_one_unit():
    parts = gpd.GeoDataFrame(
        {"unit_code": ["A", "A"]},
        geometry=[box(X, Y, X + 1, Y + 1), box(X + 1, Y, X + 2, Y + 1)],
        crs=4549,
    )
    found = assign_units(points_at((1, 0.5)), parts)
    assert found["unit_code"].tolist() == ["A"]
    assert found["unit_basis"].tolist() == ["inside"]


def test_holes_islands_and_parts_are_seen():
    ring = box(X, Y, X + 9, Y + 9) - box(X + 3, Y + 3, X + 6, Y + 6)
    island = box(X + 4, Y + 4, X + 5, Y + 5)
    far = box(X + 20, Y, X + 21, Y + 1)
    units = gpd.GeoDataFrame(
        {"unit_code": ["R", "I"]}, geometry=[shapely.multipolygons([ring, far]), island], crs=4549
    )
    table = points_at((1, 1), (4.5, 4.5), (3.5, 3.5), (20.5, 0.5), (15, 0.5), (3, 4))
    many = pd.concat([table] * 200, ignore_index=True)  # more points, finer grid
    for points in (table, many):
        found = assign_units(points, units)["unit_code"].tolist()
        assert found[:6] == ["R", "I", "", "R", "", "R"]


def test_points_in_another_crs_find_the_same_units():
    table = points_at((0.25, 0.5), (1.5, 0.25), (1.5, 1.75))
    found = assign_units(table.to_crs(4490), UNITS)
    assert found["unit_code"].tolist() == ["U2", "U1", "U3"]
    assert found.crs.to_epsg() == 4490


def test_a_recorded_code_is_not_overwritten():
    table = points_at((0.5, 0.5)).assign(unit_code="U9")
    with pytest.raises(SchemaError, match="into="):
        assign_units(table, UNITS)
    assert assign_units(table, UNITS, into="found")["found"].tolist() == ["U2"]


def test_no_points_and_no_units():
    assert assign_units(points_at((0.5, 0.5)).iloc[:0], UNITS)["unit_code"].dtype == "str"
    assert assign_units(points_at((0.5, 0.5)), UNITS.iloc[:0])["unit_basis"].tolist() == ["outside"]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60))
def test_located_as_a_test_of_every_pair_says(seed, n):
    rng = np.random.default_rng(seed)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(rng.integers(0, 40, (12, 2)).astype(float)))
    )
    units = gpd.GeoDataFrame(
        {"unit_code": [f"U{k:02d}" for k in rng.permutation(len(cells))]}, geometry=cells, crs=4549
    )
    corners = shapely.get_coordinates(cells)
    xy = np.vstack([rng.uniform(-30, 70, (n, 2)), rng.integers(-30, 70, (n, 2)), corners])
    table = gpd.GeoDataFrame(geometry=shapely.points(xy), crs=4549)
    found = assign_units(table, units)
    for point, code in zip(table.geometry, found["unit_code"], strict=True):
        assert code == min(units.loc[units.covers(point), "unit_code"], default="")


def test_agrees_with_sjoin_wherever_sjoin_has_one_answer():
    plan = load_plan("chaoyang")
    west, south, east, north = plan.counties.total_bounds
    rng = np.random.default_rng(3)
    xy = rng.uniform((west, south), (east, north), (5000, 2))
    table = gpd.GeoDataFrame(geometry=shapely.points(xy), crs=plan.counties.crs)
    found = assign_units(table, plan.counties, code="county_code")
    joined = gpd.sjoin(table, plan.counties, predicate="within", how="left")
    assert found["county_code"].tolist() == joined["county_code"].fillna("").tolist()


# ---------------------------------------------------------------- sections and units


def halves():
    """Two units: the river comes from the one with the larger code."""
    return gpd.GeoDataFrame(
        {"unit_code": ["U1", "U2"]}, crs=4549,
        geometry=[box(X + 1000, Y - 500, X + 3000, Y + 500), box(X, Y - 500, X + 1000, Y + 500)],
    )  # fmt: skip


def test_a_section_on_a_border_belongs_to_the_unit_it_closes(network):
    table = sections(("大凌河", 1000, 0), ("大凌河", 2500, 0))
    placed = snap_sections(table, network, max_distance_m=50)
    found = units_of_sections(placed, halves(), network=network)
    assert found["unit_code"].tolist() == ["U2", "U1"]
    assert found["unit_basis"].tolist() == ["border", "inside"]
    assert "取河流来向的U2" in found["belongs_flag"][0]
    same = assign_units(placed, halves(), border="closes", network=network)
    assert same["unit_code"].tolist() == ["U2", "U1"]
    # without a network the smallest code has it, and the flag says so
    assert units_of_sections(table, halves())["unit_code"].tolist() == ["U1", "U1"]


def test_a_section_a_little_below_the_border_still_closes_the_upper_unit(network):
    placed = snap_sections(sections(("大凌河", 1030, 0)), network, max_distance_m=50)
    found = units_of_sections(placed, halves(), network=network, border_m=50)
    assert found["unit_code"].tolist() == ["U2"]


def test_a_recorded_unit_wins_and_disagreement_is_flagged(network):
    table = sections(
        ("大凌河", 1000, 0), ("大凌河", 2500, 0), ("大凌河", None, None), ("大凌河", 500, 0)
    )
    table["unit_code"] = ["U1", "U2", "U2", "U7"]
    placed = snap_sections(table, network, max_distance_m=50)
    found = units_of_sections(placed, halves(), network=network)
    assert found["unit_code"].tolist() == ["U1", "U2", "U2", "U2"]
    assert found["unit_basis"].tolist() == ["recorded", "recorded", "recorded", "inside"]
    assert found["unit_by_place"].tolist() == ["U2", "U1", "", "U2"]
    assert found["belongs_flag"].tolist() == [
        "登记为U1；按河流来向应为U2",
        "登记为U2，位置在U1内，距U2边界1500 m，超过50 m",
        "断面没有位置，不能核对登记的单元",
        "登记的单元U7不在单元图层",
    ]


# ---------------------------------------------------------------- real layers


def test_the_bundled_sections_lie_on_the_reach_that_ends_there():
    plan = load_plan("chaoyang")
    network = river_network(plan.rivers, tolerance_m=1)
    placed = snap_sections(
        plan.sections, network, max_distance_m=100, aliases={"白石水库": "大凌河"}
    )
    assert placed["snap_state"].tolist() == ["snapped"] * 9 + ["no_position"] + ["snapped"] * 4
    put = placed[placed["reach_code"] != ""]
    assert put["offset_m"].max() < 0.2
    length = network.length_m[network.index_of(put["reach_code"])]
    assert (np.abs(length - put["measure_m"]) < 0.5).all()
    assert put["measure_km_to_outlet"].gt(0).all()
    # the geometry alone finds the recorded unit of each
    free = placed.drop(columns="unit_code")
    found = units_of_sections(free, plan.units, network=network)
    known = placed["reach_code"] != ""
    assert (found["unit_code"] == plan.sections["unit_code"])[known].all()


@pytest.mark.skipif(not TAIHU.exists(), reason="the shared HydroRIVERS extract is not here")
def test_points_beside_real_rivers_come_back_to_their_reach():
    lines = gpd.read_file(TAIHU)
    lines["reach_code"] = lines["HYRIV_ID"].astype("int64").astype(str)
    rng = np.random.default_rng(1)
    pick = rng.integers(0, len(lines), 400)
    metric = lines.to_crs(4549)
    on = shapely.line_interpolate_point(metric.geometry.values[pick], 0.5, normalized=True)
    table = gpd.GeoDataFrame(geometry=on, crs=4549).to_crs(lines.crs)
    placed = snap_sections(table, lines, max_distance_m=500)
    assert (placed["reach_code"].to_numpy() == lines["reach_code"].to_numpy()[pick]).mean() > 0.99
    assert placed["offset_m"].max() < 1


def test_a_position_that_is_no_number_is_no_position():
    """What a failed projection leaves behind, and a network without any reach."""
    line = LineString([(5e5, 4.6e6), (5.1e5, 4.6e6)])
    rivers = gpd.GeoDataFrame({"reach_code": ["R"]}, geometry=[line], crs=4549)
    points = [Point(5.05e5, 4600020), Point(np.inf, np.inf), Point(np.nan, 1), None]
    sections = gpd.GeoDataFrame({"section_code": list("ABCD")}, geometry=points, crs=4549)
    network = river_network(rivers)
    states = snap_sections(sections, network, max_distance_m=500)["snap_state"]
    assert states.tolist() == ["snapped", "no_position", "no_position", "no_position"]
    nothing = snap_sections(sections, river_network(rivers.iloc[:0]), max_distance_m=500)
    assert nothing["snap_state"].tolist() == ["no_river"] + ["no_position"] * 3
