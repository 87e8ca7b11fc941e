"""River networks on paper, by invariants, and against other people's topology."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point

from chaoyang_geo.crs import CRSError, metric_crs
from chaoyang_geo.rivers import accumulate, river_network
from chaoyang_geo.rivers.build import _zone
from chaoyang_geo.rivers.findings import KINDS
from chaoyang_geo.rivers.order import cut_links, topological
from chaoyang_geo.rivers.repair import _may_cross
from chaoyang_geo.schema import COLUMNS, SchemaError

X, Y = 500_000, 4_600_000


def at(*points):
    return LineString([(X + x, Y + y) for x, y in points])


def layer(crs=4549, **lines):
    """Rows by code: a line, or (line, name)."""
    shapes = [v[0] if isinstance(v, tuple) else v for v in lines.values()]
    names = [v[1] if isinstance(v, tuple) else None for v in lines.values()]
    table = {"reach_code": list(lines), "river_name": pd.Series(names, dtype="str").to_numpy()}
    return gpd.GeoDataFrame(table, geometry=shapes, crs=4549).to_crs(crs)


def codes(network):
    """Return {reach: to_code}."""
    table = network.reaches
    return dict(zip(table["reach_code"], table["to_code"].fillna(""), strict=True))


def column(network, name):
    return dict(zip(network.reaches["reach_code"], network.reaches[name], strict=True))


def kinds(network):
    return network.findings["finding_kind"].tolist()


def points(*places):
    return gpd.GeoSeries([Point(X + x, Y + y) for x, y in places], crs=4549)


# A and B (both 1 km) meet, C (3 km) leads on; D (1 km) joins C's end, E (1 km) is the outlet
TREE = {
    "A": at((0, 0), (1000, 0)),
    "B": at((1000, 1000), (1000, 0)),
    "C": at((1000, 0), (4000, 0)),
    "D": at((4000, 1000), (4000, 0)),
    "E": at((4000, 0), (5000, 0)),
}


def test_a_small_tree_is_directed_measured_and_ordered():
    network = river_network(layer(**TREE))
    assert codes(network) == {"A": "C", "B": "C", "C": "E", "D": "E", "E": ""}
    assert column(network, "strahler") == {"A": 1, "B": 1, "C": 2, "D": 1, "E": 2}
    assert column(network, "distance_to_outlet_km") == {"A": 4, "B": 4, "C": 1, "D": 1, "E": 0}
    assert column(network, "upstream_length_km") == {"A": 1, "B": 1, "C": 5, "D": 1, "E": 7}
    assert network.reaches["network_flag"].tolist() == [""] * 5
    assert len(network.findings) == 0
    assert sorted(network.nodes["node_kind"]) == ["confluence"] * 2 + ["outlet"] + ["source"] * 3
    assert network.index_of(["C", "no such reach"]).tolist() == [2, -1]
    assert network.ordered_by == "geometry"


def test_what_a_row_of_the_result_is():
    lines = layer(**TREE).assign(length_km=9.9, to_code="", mine=range(5))
    lines.index = list("vwxyz")
    before = lines.copy()
    network = river_network(lines)
    assert network.reaches.index.tolist() == list("vwxyz")
    assert network.reaches["mine"].tolist() == [0, 1, 2, 3, 4]
    assert network.reaches["to_code_given"].tolist() == [""] * 5
    assert network.reaches.crs == lines.crs == network.nodes.crs == network.findings.crs
    pd.testing.assert_frame_equal(pd.DataFrame(lines), pd.DataFrame(before))
    made = {*network.reaches, *network.nodes, *network.findings} - {"geometry", "mine"}
    assert made <= set(COLUMNS)


def test_a_reversed_reach_is_turned_and_said():
    lines = layer(**TREE | {"C": TREE["C"].reverse()})
    network = river_network(lines)
    assert codes(network) == {"A": "C", "B": "C", "C": "E", "D": "E", "E": ""}
    assert column(network, "reversed") == {
        "A": False,
        "B": False,
        "C": True,
        "D": False,
        "E": False,
    }
    assert network.reaches.geometry.iloc[2].equals_exact(TREE["C"], 1e-9)
    assert network.metric[2].coords[0] == pytest.approx((X + 1000, Y))
    assert kinds(network) == ["reversed"]
    assert network.findings["length_m"].tolist() == [3000.0]
    assert network.reaches["network_flag"].iloc[2] == "画向与流向相反，已调头"


def test_an_outlet_decides_where_the_drawing_cannot():
    lines = layer(**{code: line.reverse() for code, line in TREE.items()})
    by_drawing = river_network(lines)
    assert codes(by_drawing)["E"] != ""  # all drawn upstream: the lines lead to another end
    for outlet in (["E"], "E", points((5003, 0)), points((5003, 0)).to_crs(4490)):
        network = river_network(lines, outlet=outlet)
        assert codes(network) == {"A": "C", "B": "C", "C": "E", "D": "E", "E": ""}
        assert network.reaches["reversed"].all()
        assert network.ordered_by == "outlet"


def test_the_last_reach_alone_drawn_upstream_is_named_as_a_place_where_many_meet():
    network = river_network(layer(**TREE | {"E": TREE["E"].reverse()}))
    assert kinds(network) == ["many_meet"]
    assert network.findings.geometry.iloc[0].equals_exact(Point(X + 4000, Y), 1e-6)


def test_a_part_without_a_given_outlet_goes_by_its_drawing_and_says_so():
    away = at((0, 9000), (1000, 9000))
    network = river_network(layer(**TREE, Z=away), outlet=["E"])
    said = network.findings.set_index("finding_kind")
    assert said.loc["no_outlet", "reach_code"] == "Z"
    assert said.loc["disconnected", "finding_zh"].endswith("200 m内没有其他河段")
    assert column(network, "component") == {"A": 1, "B": 1, "C": 1, "D": 1, "E": 1, "Z": 2}


def test_elevations_decide_by_column_by_ends_and_by_z():
    tilted = layer(**TREE | {"C": TREE["C"].reverse(), "E": TREE["E"].reverse()})
    tilted["z"] = [100.0, 100.0, 50.0, 100.0, 10.0]
    tilted["up"], tilted["low"] = [100, 100, 20, 100, 10], [90, 90, 90, 20, 20]
    high = {"A": (100, 90), "B": (99, 90), "C": (90, 20), "D": (50, 20), "E": (20, 10)}
    spatial = layer(
        **{
            code: LineString([(*line.coords[0], high[code][0]), (*line.coords[-1], high[code][1])])
            for code, line in TREE.items()
        }
    )
    spatial.geometry = spatial.geometry.reverse()
    for lines, elevation in ((tilted, ["z"]), (tilted, ("up", "low")), (spatial, "z")):
        network = river_network(lines, order="elevation", elevation=elevation)
        assert codes(network) == {"A": "C", "B": "C", "C": "E", "D": "E", "E": ""}
        assert column(network, "reversed")["C"]
    missing = tilted.assign(up=[None, 100, 20, 100, 10], low=[None, 90, 90, 20, 20])
    network = river_network(missing, elevation=("up", "low"))
    assert codes(network)["A"] == "C"
    assert kinds(network) == ["reversed", "reversed", "no_elevation"]


def test_a_pit_in_the_elevations_does_not_swallow_the_river():
    lines = layer(**TREE)
    lines["up"], lines["low"] = [100, 100, 20.0, 100, 30], [90, 90, 30, 30, 10]
    network = river_network(lines.assign(low=[20, 20, 30, 30, 10]), elevation=("up", "low"))
    assert codes(network) == {"A": "C", "B": "C", "C": "E", "D": "E", "E": ""}


def test_a_loop_is_broken_by_turning_one_reach():
    ring = {
        "in": at((0, 1000), (0, 0)),
        "p": at((0, 0), (800, 300)),
        "q": at((800, 300), (800, -300)),
        "r": at((800, -300), (0, 0)),
        "out": at((800, -300), (2000, -300)),
    }
    network = river_network(layer(**ring))
    assert codes(network) == {"in": "r;p", "p": "q", "q": "out", "r": "out", "out": ""}
    loops = network.findings.query("finding_kind == 'loop'")
    assert loops["reach_code"].tolist() == ["r"]
    assert network.reaches["network_flag"].str.contains("为断开环路调头").tolist() == [
        False, False, False, True, False,
    ]  # fmt: skip


def test_a_ring_does_not_hide_the_outlet_when_another_reach_is_reversed():
    ring = {
        "p": at((5000, 0), (5400, 300)),
        "q": at((5400, 300), (5400, -300)),
        "r": at((5400, -300), (5000, 0)),
        "out": at((5400, -300), (6500, -300)),
    }
    arm = {"arm": at((4000, 0), (4500, -400), (5000, 0))}
    network = river_network(layer(**TREE | {"D": TREE["D"].reverse()}, **ring, **arm))
    assert column(network, "reversed") == {
        **dict.fromkeys(["A", "B", "C", "E", "p", "q", "out", "arm"], False), "D": True, "r": True,
    }  # fmt: skip
    assert codes(network)["q"] == "out"


BRAID = {
    "up": (at((0, 0), (1000, 0)), "大凌河"),
    "north": (at((1000, 0), (2000, 900), (3000, 0)), "大凌河"),
    "south": at((1000, 0), (2000, -100), (3000, 0)),
    "low": (at((3000, 0), (5000, 0)), "大凌河"),
}


def test_a_braid_keeps_both_arms_and_the_name_decides_the_main_one():
    network = river_network(layer(**BRAID).assign(load=[8.0, 4.0, 2.0, 1.0]))
    assert codes(network) == {"up": "north;south", "north": "low", "south": "low", "low": ""}
    assert network.reaches["strahler"].tolist() == [1, 1, 1, 1]
    assert accumulate(network, "load").tolist() == [8.0, 12.0, 2.0, 15.0]
    assert accumulate(network, "load", split="equal").tolist() == [8.0, 8.0, 6.0, 15.0]
    assert kinds(network) == ["braid"]
    found = network.findings.iloc[0]
    assert (found["reach_code"], found["other_code"]) == ("south", "north")
    nameless = river_network(layer(**{k: v[0] if isinstance(v, tuple) else v
                                      for k, v in BRAID.items()}))  # fmt: skip
    assert codes(nameless)["up"] == "south;north"  # the shorter way


def test_a_spring_on_a_side_arm_counts_where_it_returns():
    lines = layer(**BRAID, spring=at((2000, -2000), (2000, -100)))
    network = river_network(lines)
    assert column(network, "strahler") == {"up": 1, "north": 1, "south": 1, "low": 2, "spring": 1}


def test_repeated_reaches_are_left_out_whichever_way_they_are_drawn():
    twins = {"C2": TREE["C"], "C1": at((4000, 0.4), (2500, 0.3), (1000, 0))}
    network = river_network(layer(**TREE, **twins))
    assert column(network, "component") == {**dict.fromkeys("ABCDE", 1), "C2": 0, "C1": 0}
    assert codes(network)["A"] == "C"
    flags = column(network, "network_flag")
    assert flags["C1"].startswith("与C重复") and flags["C2"] == "与C重复"
    assert column(network, "strahler")["C1"] == 0
    assert accumulate(network, np.ones(7)).isna().sum() == 2


def test_a_gap_within_the_tolerance_is_joined_and_a_wider_one_is_told():
    gap = layer(**TREE | {"E": at((4003, 4), (5000, 0))})
    joined = river_network(gap, tolerance_m=5)
    assert codes(joined)["C"] == "E"
    assert joined.findings["finding_kind"].tolist() == ["snapped"]
    assert joined.findings["length_m"].tolist() == pytest.approx([5.0])
    apart = river_network(gap, tolerance_m=4.99)
    assert codes(apart)["C"] == ""
    told = apart.findings.query("finding_kind == 'disconnected'")
    assert told["length_m"].isna().sum() == 1  # the lower part ends far from any other
    assert told["length_m"].min() == pytest.approx(5.0)
    assert (told["other_code"] != "").any()


def test_short_reaches_are_not_swallowed_by_a_wide_tolerance():
    steps = {f"S{k}": at((k * 10, 0), (k * 10 + 10, 0)) for k in range(20)}
    network = river_network(layer(**steps), tolerance_m=15)
    assert (network.reaches["component"] > 0).all()
    assert column(network, "distance_to_outlet_km")["S0"] > 0


def test_an_end_on_the_middle_of_a_reach_joins_it_there():
    lines = layer(
        main=at((0, 0), (3000, 0)),
        trib=at((1000, 1000), (1000, 0.5)),
        last=at((3000, 0), (4000, 0)),
    )
    network = river_network(lines)
    assert codes(network) == {"main": "last", "trib": "main", "last": ""}
    assert network.enters_m[:2].tolist() == pytest.approx([0, 1000])
    assert column(network, "distance_to_outlet_km")["trib"] == pytest.approx(3.0)
    assert network.findings["finding_kind"].tolist() == ["junction"]
    assert column(network, "strahler")["main"] == 2  # at its lower end
    assert codes(river_network(lines, tolerance_m=0.4))["trib"] == ""

    cut = river_network(lines, split=True)
    assert codes(cut) == {"main-1": "main-2", "main-2": "last", "trib": "main-2", "last": ""}
    assert cut.reaches["origin_code"].tolist() == ["main", "main", "trib", "last"]
    assert cut.reaches["length_km"].sum() == pytest.approx(network.reaches["length_km"].sum())
    assert column(cut, "strahler") == {"main-1": 1, "main-2": 2, "trib": 1, "last": 2}


def test_a_reversed_main_reach_with_a_junction_measures_from_its_upper_end():
    lines = layer(main=at((3000, 0), (0, 0)), trib=at((1000, 1000), (1000, 0)))
    network = river_network(lines, outlet=points((3000, 0)))
    assert network.enters_m[1] == pytest.approx(1000)
    assert column(network, "distance_to_outlet_km")["trib"] == pytest.approx(2.0)


def test_an_arm_that_leaves_and_rejoins_one_reach_makes_no_circle():
    lines = layer(main=at((0, 0), (3000, 0)), arm=at((1000, 0), (1500, 500), (2000, 0)))
    network = river_network(lines)
    assert codes(network) == {"main": "", "arm": "main"}
    assert kinds(network).count("link_cut") == 1
    cut = river_network(lines, split=True)
    assert codes(cut) == {"main-1": "main-2;arm", "main-2": "main-3", "main-3": "", "arm": "main-3"}


def test_lines_that_cross_without_a_node_are_told_and_not_joined():
    canal = at((2000, -500), (2000, 500))
    network = river_network(layer(**TREE, canal=canal))
    assert codes(network)["canal"] == ""
    found = network.findings.query("finding_kind == 'crossing'").iloc[0]
    assert (found["reach_code"], found["other_code"]) == ("C", "canal")
    assert found.geometry.equals_exact(Point(X + 2000, Y), 1e-6)
    assert "crossing" not in kinds(river_network(layer(**TREE, canal=canal), crossings=False))


def test_rows_without_a_use_keep_their_place():
    ring = LineString([*at((8000, 0), (8500, 0), (8500, 500)).coords, (X + 8000, Y)])
    odd = {
        "none": None,
        "empty": LineString(),
        "dot": at((1000, 0), (1000, 0.0004)),
        "ring": ring,
        "parts": MultiLineString([at((0, 5000), (10, 5000)), at((50, 5000), (60, 5000))]),
        "meets": MultiLineString([at((0, 6000), (10, 6000)), at((10, 6000), (60, 6000))]),
    }
    network = river_network(layer(**TREE, **odd))
    assert len(network.reaches) == 11
    left = {"none": 0, "empty": 0, "dot": 0, "ring": 0, "parts": 0, "meets": 2}
    assert {key: column(network, "component")[key] for key in odd} == left
    assert codes(network)["A"] == "C"
    flags = column(network, "network_flag")
    assert flags["none"] == flags["empty"] == "无图形"
    assert (flags["dot"], flags["parts"], flags["ring"]) == (
        "长度近于零",
        "图形断成几段",
        "首尾相接成环",
    )
    assert network.reaches["from_node"].isna().tolist() == [False] * 5 + [True, True, False, False,
                                                                          True, False]  # fmt: skip
    cut = river_network(layer(**TREE, **odd), split=True)
    assert {"parts-1", "parts-2"} <= set(cut.reaches["reach_code"])


def test_codes_decide_and_the_lines_only_say_which_way_each_is_drawn():
    lines = layer(**TREE | {"C": TREE["C"].reverse(), "E": TREE["E"].reverse()})
    lines["to_code"] = ["C", "C", "E", "E", "0"]
    network = river_network(lines)
    assert network.ordered_by == "to_code"
    assert codes(network) == {"A": "C", "B": "C", "C": "E", "D": "E", "E": ""}
    assert column(network, "reversed") == {"A": False, "B": False, "C": True, "D": False, "E": True}
    assert column(network, "distance_to_outlet_km")["A"] == pytest.approx(4.0)


def test_codes_that_circle_or_lead_nowhere_or_far_are_told():
    lines = layer(**TREE).assign(to_code=["C", "C", "E", "E", "A"])
    network = river_network(lines)
    assert codes(network)["E"] == ""  # the widest gap: E does not end where A begins
    assert set(kinds(network)) == {"link_cut"}
    strange = river_network(lines.assign(to_code=["C", "C", "E", "E", "X9"]))
    assert strange.findings["other_code"].tolist() == ["X9"]
    both = river_network(layer(**BRAID).assign(to_code=["south;north", "low", "low", None]))
    assert codes(both)["up"] == "south;north"
    assert river_network(lines.assign(to_code=["A", "C", "E", "E", ""])).down[0] == -1


def test_codes_that_name_a_repeated_reach_mean_the_one_that_is_kept():
    lines = layer(**TREE, C2=TREE["C"]).assign(to_code=["C2", "C2", "E", "E", "", "E"])
    network = river_network(lines)
    assert codes(network) == {"A": "C", "B": "C", "C": "E", "D": "E", "E": "", "C2": ""}


def test_codes_lead_through_a_reach_without_a_line():
    lines = layer(**TREE | {"C": None}).assign(to_code=["C", "C", "E", "E", ""])
    network = river_network(lines)
    assert accumulate(network, np.ones(5)).tolist() == [1, 1, 3, 1, 5]
    assert np.isnan(column(network, "length_km")["C"])


def test_several_outlets_are_kept_when_asked_for():
    delta = {
        "up": at((0, 0), (1000, 0)),
        "left": at((1000, 0), (2000, 500)),
        "right": at((1000, 0), (2000, -500)),
    }
    one = river_network(layer(**delta))
    assert one.reaches["reversed"].sum() == 1
    two = river_network(layer(**delta), several_outlets=True)
    assert codes(two) == {"up": "left;right", "left": "", "right": ""}
    assert not two.reaches["reversed"].any()


def test_a_missing_value_makes_the_sum_below_missing():
    network = river_network(layer(**TREE).assign(area_km2=[1.0, None, 1, 1, 1]))
    assert np.isnan(accumulate(network, "area_km2")).tolist() == [False, True, True, False, True]
    assert accumulate(network, "area_km2", missing="zero").tolist() == [1, 0, 2, 1, 4]


def messy():
    extra = {
        "T": at((2000, 800), (2000, 0.4)),
        "C9": TREE["C"],
        "X": at((2500, -300), (2500, 300)),
        "Q": at((4000.7, 0), (4700, -400), (5000, 0)),
        "far": at((0, 7000), (900, 7000)),
    }
    return layer(**TREE | {"D": TREE["D"].reverse()}, **extra)


def test_two_crs_give_the_same_network():
    answers = [river_network(messy().to_crs(crs)) for crs in (4549, 4490, 4326, 4509, 3857)]
    first = answers[0].reaches.drop(columns="geometry")
    for other in answers[1:]:
        pd.testing.assert_frame_equal(other.reaches.drop(columns="geometry"), first, rtol=1e-6)
        assert kinds(other) == kinds(answers[0])
        assert other.metric_crs == "EPSG:4549"


@given(st.permutations(range(10)))
@settings(max_examples=12)
def test_the_order_of_the_rows_does_not_matter(order):
    straight = river_network(messy())
    shuffled = river_network(messy().iloc[list(order)])
    table = straight.reaches.drop(columns="geometry")
    pd.testing.assert_frame_equal(shuffled.reaches.drop(columns="geometry").sort_index(), table)
    pd.testing.assert_frame_equal(
        pd.DataFrame(shuffled.findings.drop(columns="geometry")),
        pd.DataFrame(straight.findings.drop(columns="geometry")),
    )


@st.composite
def trees(draw):
    """Parents of the nodes 1.. of a tree on a grid of distinct places, and which are turned."""
    n = draw(st.integers(1, 25))
    parent = [draw(st.integers(0, k)) for k in range(n)]
    turned = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    return parent, turned


def drawn_tree(parent, turned):
    angle = np.arange(len(parent) + 1) * 2.399963
    radius = 1000 * np.sqrt(np.arange(len(parent) + 1))
    xy = np.column_stack([X + radius * np.cos(angle), Y + radius * np.sin(angle)])
    shapes = [LineString([xy[k + 1], xy[p]]) for k, p in enumerate(parent)]
    shapes = [line.reverse() if t else line for line, t in zip(shapes, turned, strict=True)]
    table = {"reach_code": [f"R{k:02d}" for k in range(len(parent))]}
    outlet = gpd.GeoSeries([Point(xy[0])], crs=4549)
    return gpd.GeoDataFrame(table, geometry=shapes, crs=4549), outlet


def by_hand(parent, own):
    """Strahler orders and sums upstream, reach by reach from the last."""
    n = len(parent)
    total, inflows = list(own), [[] for _ in range(n)]
    order = [1] * n
    for k in reversed(range(n)):  # node k + 1 always hangs on an earlier node
        if inflows[k]:
            top = max(inflows[k])
            order[k] = top + (inflows[k].count(top) > 1)
        if parent[k] > 0:
            total[parent[k] - 1] += total[k]
            inflows[parent[k] - 1].append(order[k])
    return order, total


@given(trees())
def test_any_tree_drawn_any_way_flows_to_its_outlet(tree):
    parent, turned = tree
    lines, outlet = drawn_tree(parent, turned)
    network = river_network(lines, outlet=outlet, crossings=False, tolerance_m=0.01)
    assert network.down.tolist() == [p - 1 for p in parent]
    assert network.reaches["reversed"].tolist() == turned
    own = np.arange(1.0, len(parent) + 1)
    order, total = by_hand(parent, own)
    assert network.reaches["strahler"].tolist() == order
    assert accumulate(network, own).tolist() == total


@st.composite
def graphs(draw):
    """Any lines between twelve places: rings, twins, circles and parts."""
    ends = st.tuples(st.integers(0, 11), st.integers(0, 11))
    return draw(st.lists(ends, min_size=1, max_size=30)), draw(st.sampled_from([False, True]))


@given(graphs())
@settings(max_examples=60)
def test_whatever_is_drawn_nothing_circles_and_everything_has_a_way_out(graph):
    pairs, several = graph
    angle = np.arange(12) * 2 * np.pi / 12
    xy = np.column_stack([X + 5000 * np.cos(angle), Y + 5000 * np.sin(angle)])
    shapes = [LineString([xy[a], xy[b]]) if a != b else None for a, b in pairs]
    lines = gpd.GeoDataFrame(
        {"reach_code": [f"R{k}" for k in range(len(pairs))]}, geometry=shapes, crs=4549
    )
    network = river_network(lines, crossings=False, several_outlets=several)
    n = len(pairs)
    assert len(network.reaches) == n
    place = np.empty(n, dtype=int)
    place[network.order] = np.arange(n)
    links = network.matrix.tocoo()
    assert (place[links.row] < place[links.col]).all()
    used = (network.reaches["component"] > 0).to_numpy()
    has = network.down >= 0
    assert (network.matrix.toarray()[has, network.down[has]] == 1).all()
    sink = used & ~has
    part = network.reaches["component"].to_numpy()
    if not several:
        ends = network.reaches["to_node"][sink]
        assert ends.groupby(part[sink]).nunique().eq(1).all()
    own = np.arange(1.0, n + 1)
    for split in ("main", "equal"):
        total = accumulate(network, own, split=split).to_numpy()
        assert total[sink].sum() == pytest.approx(own[used].sum())
    repeated = network.reaches["network_flag"].str.contains("重复").sum()
    distinct = {frozenset(pair) for pair in pairs if pair[0] != pair[1]}
    assert used.sum() == len(distinct)
    assert repeated == sum(a != b for a, b in pairs) - len(distinct)


def test_a_circle_of_links_is_cut_once():
    start, stop = np.array([0, 1, 2, 3]), np.array([1, 2, 0, 0])
    gap, rank = np.array([0.0, 7.0, 1.0, 9.0]), np.arange(4)
    assert cut_links(start, stop, gap, rank, 4).tolist() == [False, True, False, False]


def test_a_matrix_with_a_circle_has_no_order():
    from scipy.sparse import csr_array

    with pytest.raises(ValueError, match="circle"):
        topological(csr_array(np.array([[0, 1], [1, 0]])))


def test_empty_in_empty_out_with_the_same_columns():
    full, empty = river_network(layer(**TREE)), river_network(layer(**TREE).iloc[:0])
    for name in ("reaches", "nodes", "findings"):
        pd.testing.assert_series_equal(getattr(empty, name).dtypes, getattr(full, name).dtypes)
    assert len(empty) == 0 and empty.metric_crs == ""
    nowhere = river_network(layer(A=None, B=None))
    assert kinds(nowhere) == ["no_line", "no_line"]
    assert len(accumulate(empty, "length_km")) == 0
    assert river_network(layer(**TREE).iloc[:0], split=True).reaches["origin_code"].tolist() == []


def test_codes_can_be_numbers_or_absent():
    lines = layer(**TREE).drop(columns=["reach_code", "river_name"])
    assert codes(river_network(lines, code=None))["1"] == "3"
    numbered = lines.assign(id=[11, 12, 13, 14, 15], 河名="大凌河")
    network = river_network(numbered, code="id", name="河名")
    assert codes(network)["11"] == "13"
    assert network.reaches["river_name"].tolist() == ["大凌河"] * 5


def test_mistakes_are_named_with_what_to_do():
    lines = layer(**TREE)
    with pytest.raises(CRSError, match="set_crs"):
        river_network(lines.set_crs(None, allow_override=True))
    with pytest.raises(SchemaError, match="code=None"):
        river_network(lines.drop(columns="reach_code"))
    with pytest.raises(SchemaError, match="twice there: A"):
        river_network(lines.assign(reach_code=["A", "A", "C", "D", "E"]))
    with pytest.raises(SchemaError, match="row 2 is a Point"):
        river_network(lines.set_geometry([TREE["A"], Point(X, Y), *lines.geometry[2:]], crs=4549))
    with pytest.raises(ValueError, match="order='up'"):
        river_network(lines, order="up")
    with pytest.raises(ValueError, match="tolerance_m=-1"):
        river_network(lines, tolerance_m=-1)
    with pytest.raises(ValueError, match="needs outlet"):
        river_network(lines, order="outlet")
    with pytest.raises(ValueError, match="have no z"):
        river_network(lines, order="elevation")
    with pytest.raises(ValueError, match="no reach code"):
        river_network(lines, outlet=["Z"])
    with pytest.raises(CRSError, match="GeoSeries"):
        river_network(lines, outlet=Point(X, Y))
    with pytest.raises(ValueError, match="from the nearest end"):
        river_network(lines, outlet=points((0, 90000)))
    with pytest.raises(SchemaError, match="which is no number"):
        river_network(lines.assign(z=["1", "high", "1", "1", "1"]), elevation=["z"])
    with pytest.raises(SchemaError, match="no reach has an elevation"):
        river_network(lines, elevation="z")
    with pytest.raises(ValueError, match="split=True cuts rows"):
        river_network(lines.assign(to_code="E"), split=True)
    network = river_network(lines)
    with pytest.raises(SchemaError, match="no_such"):
        accumulate(network, "no_such")
    with pytest.raises(SchemaError, match="can be added up"):
        accumulate(network, "reach_code")
    with pytest.raises(SchemaError, match="4 values for 5"):
        accumulate(network, [1, 2, 3, 4])


def test_every_kind_of_finding_has_a_name_and_a_severity():
    for kind, (name, severity, *sentences) in KINDS.items():
        assert name and severity in ("error", "warning", "note"), kind
        assert all(sentences)


def test_the_rivers_of_the_pack_are_found_from_their_lines_alone(plan):
    rivers = plan.rivers
    network = river_network(rivers, order="geometry")
    given_codes = rivers["to_code"].fillna("").to_numpy()
    assert (network.reaches["to_code"].fillna("").to_numpy() == given_codes).all()
    by_code = river_network(rivers)
    assert by_code.ordered_by == "to_code"
    assert (by_code.down == network.down).all()
    errors = network.findings.query("severity == 'error'")
    assert len(errors) == 0
    assert network.reaches["length_km"].to_numpy() == pytest.approx(
        rivers["length_km"].to_numpy(), rel=0.01, abs=0.06
    )


@pytest.fixture
def hydrorivers(real):
    lines = gpd.read_file(real / "rivers_taihu")
    lines["next"] = lines["NEXT_DOWN"].astype(str)
    lines["inside"] = lines["NEXT_DOWN"].isin(lines["HYRIV_ID"])
    return lines


def agreement(network, lines):
    got = network.reaches["to_code"].fillna("").to_numpy()
    want = lines["next"].where(lines["inside"], "").to_numpy()
    return got == want


def test_lines_alone_give_the_topology_of_hydrorivers(hydrorivers):
    network = river_network(hydrorivers, code="HYRIV_ID", order="geometry")
    same = agreement(network, hydrorivers)
    assert len(same) == 2082 and hydrorivers["inside"].sum() == 2003
    assert same.mean() >= 0.99
    assert same.all()  # as measured
    by_code = river_network(hydrorivers, code="HYRIV_ID", to_code="next")
    assert (by_code.down == network.down).all()


def test_half_of_hydrorivers_drawn_upstream_is_put_right_by_the_outlets(hydrorivers):
    right = river_network(hydrorivers, code="HYRIV_ID", order="geometry")
    ends = np.unique(right.reaches["to_node"][right.down < 0].to_numpy(dtype=int))
    turned = np.random.default_rng(7).random(len(hydrorivers)) < 0.5
    shapes = hydrorivers.geometry.to_numpy().copy()
    shapes[turned] = shapely.reverse(shapes[turned])
    mixed = hydrorivers.set_geometry(gpd.GeoSeries(shapes, crs=hydrorivers.crs))
    network = river_network(mixed, code="HYRIV_ID", outlet=right.nodes.iloc[ends])
    assert agreement(network, hydrorivers).all()
    assert (network.reaches["reversed"].to_numpy() == turned).all()


def test_accumulated_areas_are_those_of_hydrorivers(hydrorivers):
    network = river_network(hydrorivers, code="HYRIV_ID", order="geometry")
    area = accumulate(network, "CATCH_SKM").to_numpy()
    own, upland = (hydrorivers[name].to_numpy() for name in ("CATCH_SKM", "UPLAND_SKM"))
    # a reach whose own and direct inflows' areas do not make its area has water from
    # beyond the edge of the file (or a catchment that the publisher rounded away)
    direct = own + hydrorivers["HYRIV_ID"].map(
        hydrorivers.groupby("NEXT_DOWN")["UPLAND_SKM"].sum()
    ).fillna(0).to_numpy()  # fmt: skip
    leaks = np.abs(direct - upland) > 0.01 * upland
    inside = accumulate(network, leaks.astype(float)).to_numpy() == 0
    assert inside.sum() >= 1800
    assert (np.abs(area - upland) <= 0.01 * upland)[inside].all()
    heads = inside & (np.bincount(network.matrix.indices, minlength=len(area)) == 0)
    assert heads.sum() > 1000


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 9999))
def test_no_crossing_is_dismissed_before_it_is_tested(seed):
    rng = np.random.default_rng(seed)
    nodes = rng.integers(0, 6, (8, 2)) * 10.0
    a, b = rng.integers(0, 8, (2, 25))
    bends = rng.integers(0, 60, (25, 3, 2)).astype(float)
    lines = shapely.linestrings(np.concatenate([nodes[a, None], bends, nodes[b, None]], axis=1))
    one, two = np.triu_indices(25, 1)
    asked = _may_cross(lines, one, two)
    assert not (shapely.crosses(lines[one], lines[two]) & ~asked).any()
    # straight reaches of one node meet there only, and are not tested
    star = shapely.linestrings([[(0, 0), (x, y)] for x, y in ((9, 1), (5, 7), (-3, 8), (2, -6))])
    assert not _may_cross(star, *np.triu_indices(4, 1)).any()


@pytest.mark.parametrize("crs", [4490, 4326, 4549, 4528, 3857])
@pytest.mark.parametrize("middle", [118.4, 118.6, 120.0, 121.49])
def test_the_zone_of_the_box_is_that_of_the_lines(crs, middle):
    ends = [[(middle - 1, 40), (middle, 42)], [(middle + 0.9, 41), (middle + 1, 41.5)]]
    lines = gpd.GeoDataFrame(geometry=shapely.linestrings(ends), crs=4490).to_crs(crs)
    assert _zone(lines) == metric_crs(lines)
