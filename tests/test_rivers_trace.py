"""Tracing along rivers: upstream, downstream, between, in order, and values in between."""

import itertools
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, box

from chaoyang_geo import load_plan
from chaoyang_geo.rivers import river_network
from chaoyang_geo.rivers.along import interpolate_along, sections_along
from chaoyang_geo.rivers.snap import snap_sections
from chaoyang_geo.rivers.sources import upstream_of
from chaoyang_geo.rivers.trace import downstream, upstream
from chaoyang_geo.rivers.ways import between, travel_time
from chaoyang_geo.schema import SchemaError

TAIHU = Path(__file__).resolve().parents[2] / "shared/real/rivers_taihu/hydrorivers_taihu_bbox.shp"
X, Y = 500_000, 4_600_000


def made(*rows, crs=4549):
    """A network from (code, name, to_code, coordinates in km from a corner)."""
    codes, names, to, coordinates = zip(*rows, strict=True)
    lines = gpd.GeoDataFrame(
        {"reach_code": codes, "river_name": names, "to_code": to},
        geometry=[
            LineString([(X + x * 1000, Y + y * 1000) for x, y in line]) for line in coordinates
        ],
        crs=4549,
    )
    return river_network(lines.to_crs(crs), tolerance_m=1, order="to_code")


def at(*rows, code="section_code"):
    """Places from (code, reach, measure in km)."""
    return pd.DataFrame(
        {code: [r[0] for r in rows], "reach_code": [r[1] for r in rows],
         "measure_m": [np.nan if r[2] is None else r[2] * 1000.0 for r in rows]}
    )  # fmt: skip


# a main river of 1 + 2 km, a tributary of 1 km that joins after the first kilometre
TREE = (
    ("A", "大河", "C", [(0, 0), (1, 0)]),
    ("B", "小河", "C", [(1, 1), (1, 0)]),
    ("C", "大河", None, [(1, 0), (3, 0)]),
)
# M parts into a main arm of 1 km and a side arm of 2 km, which meet again above R
BRAID = (
    ("M", "大河", "M1;M2", [(0, 0), (1, 0)]),
    ("M1", "大河", "R", [(1, 0), (2, 0)]),
    ("M2", "", "R", [(1, 0), (1, 0.5), (2, 0.5), (2, 0)]),
    ("R", "大河", None, [(2, 0), (3, 0)]),
)


@pytest.fixture(scope="module")
def tree():
    return made(*TREE)


@pytest.fixture(scope="module")
def braid():
    return made(*BRAID)


# ---------------------------------------------------------------- upstream and downstream


def test_what_is_upstream_of_a_section(tree):
    found = upstream(tree, at(("S", "C", 0.5)))
    assert found["reach_code"].tolist() == ["C", "A", "B"]
    assert found["distance_km"].tolist() == pytest.approx([0, 0.5, 0.5])
    assert found["length_km"].tolist() == pytest.approx([0.5, 1, 1])


def test_totals_and_lines_say_the_same_as_the_rows(tree):
    places = at(("S", "C", 0.5), ("T", "A", 0.25), ("U", "", None))
    rows = upstream(tree, places)
    totals = upstream(tree, places, what="totals")
    assert totals["section_code"].tolist() == ["S", "T", "U"]
    assert totals["n_reaches"].tolist() == [3, 1, 0]
    assert totals["river_km_upstream"].tolist()[:2] == pytest.approx([2.5, 0.25])
    assert totals["river_km_upstream"].isna().tolist() == [False, False, True]
    assert totals["trace_flag"].tolist() == ["", "", "不在河网上"]
    assert rows.groupby("section_code")["length_km"].sum()["S"] == pytest.approx(2.5)
    lines = upstream(tree, places, what="lines")
    assert lines.crs == tree.reaches.crs
    assert lines.length.tolist()[:2] == pytest.approx([2500, 250])
    assert lines.geometry.isna().tolist() == [False, False, True]


def test_where_the_water_goes(tree):
    found = downstream(tree, at(("S", "A", 0.25)))
    assert found["reach_code"].tolist() == ["A", "C"]
    assert found["distance_km"].tolist() == pytest.approx([0, 0.75])
    assert found["length_km"].tolist() == pytest.approx([0.75, 2])
    totals = downstream(tree, at(("S", "A", 0.25)), what="totals")
    assert totals[["n_reaches", "reach_code"]].to_numpy().tolist() == [[2, "C"]]
    assert totals["distance_km"][0] == pytest.approx(2.75)
    line = downstream(tree, at(("S", "A", 0.25)), what="lines").geometry[0]
    assert line.length == pytest.approx(2750)
    assert line.coords[0] == (X + 250, Y)


def test_codes_of_reaches_and_of_sections_are_understood(tree):
    assert upstream(tree, "A", what="totals")["river_km_upstream"][0] == pytest.approx(1)
    table = at(("S", "C", 0.5))
    assert upstream(tree, ["S"], what="totals", sections=table)["river_km_upstream"][0] == 2.5
    with pytest.raises(SchemaError, match="no reach 'S'"):
        upstream(tree, "S")
    with pytest.raises(SchemaError, match="'Z' is not among the sections"):
        upstream(tree, "Z", sections=table)
    with pytest.raises(SchemaError, match="not on this network"):
        upstream(tree, at(("S", "A", 7)))
    with pytest.raises(SchemaError, match="snap_sections"):
        upstream(tree, table.drop(columns="reach_code"))


# ---------------------------------------------------------------- braids


def test_below_a_braid_each_reach_counts_once(braid):
    found = upstream(braid, at(("S", "R", 1)))
    assert sorted(found["reach_code"]) == ["M", "M1", "M2", "R"]
    # the way from M goes along the main arm
    assert found.set_index("reach_code")["distance_km"]["M"] == pytest.approx(2)
    assert (found["trace_flag"] == "").all()


def test_a_side_arm_has_the_river_above_the_fork_upstream(braid):
    found = upstream(braid, at(("S", "M2", 1.5)))
    assert found["reach_code"].tolist() == ["M2", "M"]
    assert found["distance_km"].tolist() == pytest.approx([0, 1.5])
    assert found["trace_flag"].tolist() == ["", "经支汊"]
    pair = between(braid, at(("P", "M", 0.25)), at(("S", "M2", 1.5)))
    assert pair["between_state"].tolist() == ["downstream"]
    assert pair["distance_km"][0] == pytest.approx(0.75 + 1.5)
    assert pair.geometry[0].length == pytest.approx(2250)
    assert pair["trace_flag"].tolist() == ["经支汊"]


def test_a_reach_that_parts_is_named_on_the_way_down(braid):
    found = downstream(braid, "M")
    assert found["reach_code"].tolist() == ["M", "M1", "R"]
    assert "分汊" in found["trace_flag"][0]


# ---------------------------------------------------------------- between


def test_between_two_sections_in_either_order(tree):
    places = at(("S", "A", 0.5), ("T", "C", 1.5), ("U", "B", 0.5))
    forth = between(tree, "S", "T", sections=places)
    back = between(tree, "T", "S", sections=places)
    apart = between(tree, "S", "U", sections=places)
    assert forth["between_state"].tolist() == ["downstream"]
    assert back["between_state"].tolist() == ["upstream"]
    assert forth["distance_km"][0] == back["distance_km"][0] == pytest.approx(2)
    assert forth.geometry[0].equals_exact(back.geometry[0], 1e-9)
    assert list(forth.geometry[0].coords) == [(X + 500, Y), (X + 1000, Y), (X + 2500, Y)]
    assert apart["between_state"].tolist() == ["not_connected"]
    assert apart.geometry.isna().all() and apart["distance_km"].isna().all()


def test_what_lies_between_is_listed_upper_first(tree):
    places = at(("S", "A", 0.25), ("T", "C", 1.5))
    outfalls = at(("P3", "C", 1), ("P1", "A", 0.5), ("P2", "B", 0.5), ("P4", "C", 1.8), ("P0", "A", 0.1),
                  code="outfall_code")  # fmt: skip
    on_way = between(tree, "S", "T", sections=places, points=outfalls, code="outfall_code")
    assert on_way["codes_between"].tolist() == ["P1;P3"]
    with_all = between(
        tree, "S", "T", sections=places, points=outfalls, code="outfall_code", tributaries=True
    )
    assert sorted(with_all["codes_between"][0].split(";")) == ["P1", "P2", "P3"]


def test_the_same_place_is_no_distance_away(tree):
    pair = between(tree, at(("S", "A", 0.5)), at(("T", "A", 0.5)))
    assert pair["between_state"].tolist() == ["same_place"]
    assert pair["distance_km"].tolist() == [0]


def test_all_pairs_at_once_are_the_pairs_one_by_one(tree, braid):
    for network in (tree, braid):
        codes = network.codes.tolist()
        a, b = zip(*itertools.product(codes, codes), strict=True)
        whole = between(network, list(a), list(b))
        for row, (x, y) in enumerate(zip(a, b, strict=True)):
            one = between(network, x, y)
            assert one["between_state"][0] == whole["between_state"][row]
            assert one["distance_km"].equals(
                whole["distance_km"].iloc[[row]].reset_index(drop=True)
            )


def test_travel_time_is_length_over_velocity(tree):
    network = made(*TREE)
    network.reaches["velocity_m_s"] = [0.5, np.nan, 1.0]
    places = at(("S", "A", 0.1), ("T", "C", 1.8), ("U", "B", 0.5))
    found = travel_time(network, ["S", "U"], "T", velocity_m_s="velocity_m_s", sections=places)
    assert found["travel_time_h"][0] == pytest.approx((900 / 0.5 + 1800 / 1.0) / 3600)
    assert np.isnan(found["travel_time_h"][1])
    assert found["trace_flag"].tolist() == ["", "河段B没有流速"]
    with pytest.raises(ValueError, match="m/s above 0"):
        travel_time(tree, "A", "C", velocity_m_s=0)


# ---------------------------------------------------------------- along rivers


def test_sections_in_order_along_each_river(tree):
    places = at(
        ("S3", "C", 1.5), ("S1", "A", 0.5), ("T", "B", 0.5), ("S2", "C", 0.5), ("X", "", None)
    )
    places.index = [4, 4, 2, 1, 0]
    found = sections_along(tree, places)
    assert found.index.tolist() == [4, 4, 2, 1, 0]
    assert found["order_on_river"].tolist() == [3, 1, 1, 2, 0]
    assert found["along_river"].tolist() == ["大河", "大河", "小河", "大河", ""]
    assert found["next_section_code"].tolist() == ["", "S2", "S2", "S3", ""]
    assert found["distance_to_next_km"].tolist()[1:4] == pytest.approx([1, 1, 1])
    assert "大河" in found["along_flag"].iloc[2]


def test_a_gap_in_the_names_does_not_end_a_river():
    network = made(
        ("A", "大河", "B", [(0, 0), (1, 0)]), ("B", "", "C", [(1, 0), (2, 0)]),
        ("C", "大河", None, [(2, 0), (3, 0)]),
    )  # fmt: skip
    found = sections_along(network, at(("S1", "A", 0.5), ("S2", "C", 0.5)))
    assert found["order_on_river"].tolist() == [1, 2]
    assert found["river_chain"].nunique() == 1


def test_two_brooks_of_one_name_are_two_rivers():
    network = made(
        ("A", "小河", "C", [(0, 1), (1, 0)]), ("B", "小河", "C", [(0, -1), (1, 0)]),
        ("C", "大河", None, [(1, 0), (3, 0)]),
    )  # fmt: skip
    found = sections_along(network, at(("S1", "A", 0.5), ("S2", "B", 0.5)))
    assert found["order_on_river"].tolist() == [1, 1]
    assert found["river_chain"].tolist() == [1, 2]


def test_upstream_sections_and_outfalls_are_ranked(tree):
    places = at(("S", "C", 1.0), ("T", "A", 0.5))
    pairs = upstream_of(tree, places, places, code="section_code")
    assert pairs[["section_code", "upstream_section_code"]].to_numpy().tolist() == [["S", "T"]]
    assert pairs["distance_km"][0] == pytest.approx(1.5)
    outfalls = at(("P", "B", 0.9), ("Q", "A", 0.2), ("R", "C", 1.5), code="outfall_code")
    outfalls["load_t_a"] = [1.0, 5.0, 9.0]
    near = upstream_of(tree, places.iloc[:1], outfalls, code="outfall_code")
    assert near["outfall_code"].tolist() == ["P", "Q"]
    assert near["upstream_rank"].tolist() == [1, 2]
    heavy = upstream_of(tree, places.iloc[:1], outfalls, code="outfall_code", by="load_t_a")
    assert heavy["outfall_code"].tolist() == ["Q", "P"]
    close = upstream_of(tree, places, outfalls, code="outfall_code", max_distance_km=1.5)
    assert close["outfall_code"].tolist() == ["P", "Q"]
    with pytest.raises(ValueError, match="ranks polygons"):
        upstream_of(tree, places, outfalls, code="outfall_code", by="area")


def test_townships_upstream_count_by_their_rivers(tree):
    # west holds A and half a kilometre of B... : a river along no border
    west = box(X - 100, Y - 500, X + 900, Y + 500)
    east = box(X + 900, Y - 500, X + 3100, Y + 500)
    north = box(X + 900, Y + 500, X + 3100, Y + 1500)
    dry = box(X + 5000, Y, X + 6000, Y + 100)
    towns = gpd.GeoDataFrame(
        {"township_code": ["W", "E", "N", "D"]}, geometry=[west, east, north, dry], crs=4549
    )
    found = upstream_of(
        tree, at(("S", "C", 1.0)), towns.to_crs(4490), code="township_code", by="area"
    ).set_index("township_code")
    assert sorted(found.index) == ["E", "N", "W"]
    assert found.loc["W", "river_km_upstream"] == pytest.approx(0.9, abs=1e-5)
    assert found.loc["N", "share"] == pytest.approx(1)
    # of E: 0.1 of A, 0.5 of B and 1 of the 2 km of C
    assert found.loc["E", "river_km_upstream"] == pytest.approx(1.6, abs=1e-5)
    assert found.loc["E", "share"] == pytest.approx(1.6 / 2.6, abs=1e-5)
    assert found.loc["E", "area_km2"] == pytest.approx(2.2 * 1.6 / 2.6, rel=1e-4)
    assert found.loc["E", "distance_km"] == pytest.approx(0, abs=1e-5)
    assert found.loc["W", "distance_km"] == pytest.approx(1.1, abs=1e-5)
    assert found.loc["N", "distance_km"] == pytest.approx(1.5, abs=1e-5)


def test_values_in_between_are_linear_in_the_distance(tree):
    places = at(("S", "A", 0.5), ("T", "C", 1.5)).assign(tp=[0.1, 0.3])
    found = interpolate_along(tree, places, "tp", every_m=500)
    assert found["distance_km"].tolist() == pytest.approx([0, 0.5, 1, 1.5, 2])
    assert found["value"].tolist() == pytest.approx([0.1, 0.15, 0.2, 0.25, 0.3])
    assert [p.x - X for p in found.geometry] == pytest.approx([500, 1000, 1500, 2000, 2500])
    assert found["interpolate_flag"].str.contains("支流").all()
    same = interpolate_along(tree, places, pd.Series([0.3, 0.1], index=["T", "S"]), every_m=500)
    assert same["value"].tolist() == found["value"].tolist()


def test_nothing_is_extrapolated(tree):
    places = at(("S", "A", 0.5), ("T", "C", 1.5)).assign(tp=[0.1, np.nan])
    found = interpolate_along(tree, places, "tp", every_m=250, outside=True)
    assert found.loc[found["from_section_code"] == "", "to_section_code"].unique().tolist() == ["S"]
    assert found["value"].isna().all()
    assert set(found["interpolate_flag"]) == {
        "断面T没有数值；其间有支流汇入，线性内插不计混合", "上游没有断面，不外推", "下游没有断面，不外推",
    }  # fmt: skip


def test_empty_in_empty_out(tree):
    places = at(("S", "C", 1.0)).assign(tp=1.0)
    none = places.iloc[:0]
    for what in ("reaches", "totals", "lines"):
        for trace in (upstream, downstream):
            empty, full = trace(tree, none, what=what), trace(tree, places, what=what)
            assert len(empty) == 0 and list(empty.columns) == list(full.columns)
            assert empty.dtypes.astype(str).tolist() == full.dtypes.astype(str).tolist()
    assert len(sections_along(tree, none)) == 0
    assert len(upstream_of(tree, none, places, code="section_code")) == 0
    assert len(upstream_of(tree, places, none, code="section_code")) == 0
    assert len(interpolate_along(tree, none, "tp", every_m=10)) == 0
    assert len(between(tree, none, none)) == 0


def test_two_crss_give_the_same_answer(tree):
    degrees = made(*TREE, crs=4490)
    places = at(("S", "C", 1.0), ("T", "A", 0.5))
    for network in (tree, degrees):
        assert between(network, "T", "S", sections=places)["distance_km"][0] == pytest.approx(1.5)
    line = between(degrees, "T", "S", sections=places)
    assert line.crs.to_epsg() == 4490
    assert line.to_crs(4549).geometry[0].hausdorff_distance(
        between(tree, "T", "S", sections=places).geometry[0]
    ) < 1e-3  # fmt: skip


# ---------------------------------------------------------------- joins in the middle of a reach


def test_what_joins_below_a_section_is_not_upstream_of_it():
    lines = gpd.GeoDataFrame(
        {"reach_code": ["M", "T"]}, crs=4549,
        geometry=[LineString([(X, Y), (X + 3000, Y)]), LineString([(X + 1000, Y + 500), (X + 1000, Y)])],
    )  # fmt: skip
    network = river_network(lines, tolerance_m=1, outlet=["M"])
    assert network.enters_m[network.index_of(["T"])[0]] == pytest.approx(1000)
    places = at(("above", "M", 0.5), ("below", "M", 1.5))
    assert upstream(network, places, what="totals")["n_reaches"].tolist() == [1, 2]
    pairs = upstream_of(
        network, places, at(("P", "T", 0.25), code="outfall_code"), code="outfall_code"
    )
    assert pairs["section_code"].tolist() == ["below"]
    assert pairs["distance_km"][0] == pytest.approx(0.25 + 0.5)
    found = sections_along(network, pd.concat([places, at(("side", "T", 0.1))], ignore_index=True))
    assert found["next_section_code"].tolist() == ["below", "", "below"]
    assert found["distance_to_next_km"].tolist()[2] == pytest.approx(0.4 + 0.5)
    way = between(network, at(("side", "T", 0.1)), at(("below", "M", 1.5)))
    assert way.geometry[0].length == pytest.approx(900)


# ---------------------------------------------------------------- invariants


def random_network(seed, n, extra):
    """A network whose reaches flow to later ones; some have side arms. Lengths differ."""
    rng = np.random.default_rng(seed)
    to = []
    for k in range(n):
        later = np.arange(k + 1, n)
        arms = rng.choice(later, min(len(later), 1 + (rng.random() < extra)), replace=False)
        to.append([] if rng.random() < 0.1 else [f"R{a}" for a in arms])
    lines = gpd.GeoDataFrame(
        {"reach_code": [f"R{k}" for k in range(n)], "to_code": [";".join(t) or None for t in to]},
        geometry=[LineString([(X + 3000 * k, Y), (X + 3000 * k + float(rng.integers(100, 900)), Y)])
                  for k in range(n)], crs=4549,
    )  # fmt: skip
    order = rng.permutation(n)
    return river_network(lines.iloc[order].reset_index(drop=True), tolerance_m=1, order="to_code",
                         crossings=False)  # fmt: skip


def above_by_search(network, reach):
    """All reaches that flow into a reach, by looking at every link again and again."""
    matrix = network.matrix.toarray()
    found = {reach}
    while True:
        more = {i for i in range(len(network)) for j in found if matrix[i, j]} | found
        if more == found:
            return found
        found = more


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000), st.integers(1, 14), st.sampled_from([0.0, 0.3, 0.8]))
def test_ancestors_are_those_of_a_search_and_of_networkx(seed, n, extra):
    network = random_network(seed, n, extra)
    codes = network.codes.to_numpy()
    found = upstream(network, codes.tolist())
    assert not found.duplicated(["section_code", "reach_code"]).any()
    mine = found.groupby("section_code")["reach_code"].agg(set)
    for k, code in enumerate(codes):
        assert mine[code] == set(codes[list(above_by_search(network, k))])
    totals = upstream(network, codes.tolist(), what="totals")
    assert totals["n_reaches"].tolist() == [len(mine[c]) for c in codes]
    sums = found.groupby("section_code")["length_km"].sum()
    assert totals["river_km_upstream"].to_numpy() == pytest.approx(sums[codes].to_numpy())
    nx = pytest.importorskip("networkx")
    graph = nx.DiGraph(list(zip(*network.matrix.nonzero(), strict=True)))
    graph.add_nodes_from(range(n))
    for k, code in enumerate(codes):
        assert mine[code] == {codes[i] for i in nx.ancestors(graph, k)} | {code}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000), st.integers(2, 14), st.sampled_from([0.0, 0.3, 0.8]))
def test_distances_are_lengths_of_ways_that_exist(seed, n, extra):
    network = random_network(seed, n, extra)
    codes = network.codes.tolist()
    found = upstream(network, codes)
    a, b = found["reach_code"].tolist(), found["section_code"].tolist()
    ways = between(network, a, b)
    assert ways["between_state"].isin(["downstream", "same_place"]).all()
    # from lower end to lower end, measured along the way that between draws
    assert ways["distance_km"].to_numpy() == pytest.approx(found["distance_km"].to_numpy())
    assert ((ways["trace_flag"] != "") == (found["trace_flag"] != "")).all()
    # along main branches where these lead there: the heights differ by as much
    on_main = (found["trace_flag"] == "").to_numpy()
    height = dict(zip(codes, network.reaches["distance_to_outlet_km"], strict=True))
    expected = [height[x] - height[y] for x, y in zip(a, b, strict=True)]
    assert found["distance_km"].to_numpy()[on_main] == pytest.approx(
        np.array(expected)[on_main], abs=1e-9
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 100_000), st.integers(1, 12), st.integers(0, 10))
def test_the_next_section_is_the_nearest_one_downstream(seed, n, m):
    network = random_network(seed, n, 0.0)
    rng = np.random.default_rng(seed)
    reach = rng.integers(0, n, m)
    places = pd.DataFrame({
        "section_code": [f"S{k}" for k in range(m)],
        "reach_code": pd.Series(network.codes.to_numpy()[reach], dtype="str"),
        "measure_m": rng.uniform(0, 1, m) * network.length_m[reach],
    })  # fmt: skip
    along = sections_along(network, places)
    pairs = upstream_of(network, places, places, code="section_code")
    nearest = pairs.sort_values("distance_km").drop_duplicates("upstream_section_code")
    nearest = nearest.set_index("upstream_section_code")
    for row in along.itertuples():
        if row.section_code in nearest.index:
            assert row.next_section_code == nearest.loc[row.section_code, "section_code"]
            assert row.distance_to_next_km == pytest.approx(
                nearest.loc[row.section_code, "distance_km"]
            )
        else:
            assert row.next_section_code == ""


# ---------------------------------------------------------------- real layers


@pytest.fixture(scope="module")
def chaoyang():
    plan = load_plan("chaoyang")
    network = river_network(plan.rivers, tolerance_m=1)
    placed = snap_sections(
        plan.sections, network, max_distance_m=100, aliases={"白石水库": "大凌河"}
    )
    return plan, network, placed


def test_the_bundled_sections_stand_in_order_along_the_daling(chaoyang):
    _, network, placed = chaoyang
    along = sections_along(network, placed)
    daling = along[along["along_river"] == "大凌河"].sort_values("order_on_river")
    assert daling["section_name"].tolist() == ["北洞村", "凌鸿大桥", "章吉营", "白石水库", "王家沟"]
    assert daling["upstream_km2"].is_monotonic_increasing
    above = upstream_of(network, placed, placed, code="section_code")
    linghong = above.loc[above["section_code"] == "CYS05", "upstream_section_code"]
    assert set(linghong) == {"CYS01", "CYS02", "CYS03", "CYS04"}


def test_the_units_upstream_of_a_bundled_section_are_whole(chaoyang):
    plan, network, placed = chaoyang
    found = upstream_of(network, placed, plan.units, code="unit_code", by="area")
    wangjiagou = found[found["section_code"] == "CYS09"].set_index("unit_code")
    assert set(wangjiagou.index) >= {f"CY0{k}" for k in range(1, 9)}
    assert wangjiagou.loc[[f"CY0{k}" for k in range(1, 9)], "share"].min() > 0.99


@pytest.mark.skipif(not TAIHU.exists(), reason="the shared HydroRIVERS extract is not here")
def test_distances_to_the_outlet_follow_hydrorivers():
    lines = gpd.read_file(TAIHU)
    codes = lines["HYRIV_ID"].astype("int64").astype(str)
    lines = lines.assign(reach_code=codes, to_code=lines["NEXT_DOWN"].astype("int64").astype(str))
    network = river_network(lines, tolerance_m=1, order="to_code", crossings=False)
    next_of = dict(zip(codes, lines["to_code"], strict=True))
    totals = downstream(network, codes.tolist(), what="totals")
    for code, count in zip(codes, totals["n_reaches"], strict=True):
        steps, here = 1, code
        while next_of[here] in next_of:
            steps, here = steps + 1, next_of[here]
        assert steps == count
    # DIST_DN_KM runs to the sea, so differences along a way are what can be compared
    far = lines["DIST_DN_KM"].to_numpy()
    outlet = dict(zip(codes, far, strict=True))
    own = far - np.array([outlet[c] for c in totals["reach_code"]])
    assert np.median(np.abs(own - totals["distance_km"])) < 0.02 * np.median(own[own > 0]) + 1
