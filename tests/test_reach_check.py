"""Sites outside every zone that drain into one: distances, rivers and sections on the way."""

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPoint, Point, Polygon, box

from chaoyang_geo.crs import CRSError
from chaoyang_geo.rivers import (
    between,
    river_network,
    river_reach_check,
    snap_sections,
    water_source_zones,
)
from chaoyang_geo.rivers.places import Ways, way_lines
from chaoyang_geo.rivers.reach_check import REACH_COLUMNS, REACH_STATES
from chaoyang_geo.rivers.reach_lines import lines_of
from chaoyang_geo.schema import COLUMNS, SchemaError

X, Y = 500_000, 4_600_000


def km(x, y):
    return (X + x * 1000, Y + y * 1000)


def made(*rows, order="to_code"):
    """A network from (code, name, to_code, coordinates in km from a corner)."""
    codes, names, to, lines = zip(*rows, strict=True)
    frame = gpd.GeoDataFrame(
        {"reach_code": codes, "river_name": names, "to_code": to}, crs=4549,
        geometry=[LineString([km(*xy) for xy in line]) for line in lines],
    )  # fmt: skip
    return river_network(frame, tolerance_m=1, order=order)


def sites(*shapes, **more):
    codes = [f"S{number}" for number in range(1, len(shapes) + 1)]
    return gpd.GeoDataFrame(
        {"site_code": codes, "site_name": [f"示例{code}" for code in codes], **more},
        geometry=list(shapes), crs=4549,
    )  # fmt: skip


def zones(*boxes, **more):
    """Zones from boxes in km, the first one Z1."""
    n = len(boxes)
    return gpd.GeoDataFrame(
        {
            "zone_code": [f"Z{number}" for number in range(1, n + 1)],
            "zone_name": [f"示例水源{number}" for number in range(1, n + 1)],
            "zone_kind": "drinking_water", "zone_grade": "primary", **more,
        },
        geometry=[None if b is None else box(*km(b[0], b[1]), *km(b[2], b[3])) for b in boxes],
        crs=4549,
    )  # fmt: skip


def sections(*rows):
    """Snapped sections from (code, reach, km from its upper end)."""
    codes, reaches, at = zip(*rows, strict=True)
    return pd.DataFrame(
        {"section_code": codes, "reach_code": reaches, "measure_m": np.array(at) * 1000.0}
    )


def met(found):
    return list(
        zip(found["site_code"], found["zone_code"], found["distance_km"].round(6), strict=True)
    )


STRAIGHT = made(("A", "大凌河", "", [(0, 0), (10, 0)]), ("B", "大凌河", "", [(10, 0), (30, 0)]),
                order="geometry")  # fmt: skip
# a tributary from the north comes in at x = 10
CONFLUENCE = made(
    ("A", "大凌河", "C", [(0, 0), (10, 0)]),
    ("B", "牤牛河", "C", [(10, 10), (10, 0)]),
    ("C", "大凌河", None, [(10, 0), (30, 0)]),
)
# M parts at x = 5 into an arm of 2 km and one of 4 km, which meet at x = 7
BRAID = made(
    ("M", "大河", "M1;M2", [(0, 0), (5, 0)]),
    ("M1", "大河", "R", [(5, 0), (7, 0)]),
    ("M2", "汊河", "R", [(5, 0), (5, 1), (7, 1), (7, 0)]),
    ("R", "大河", None, [(7, 0), (20, 0)]),
)


# ---------------------------------------------------------------- the way


def test_a_site_reaches_a_zone_past_two_sections():
    gauges = sections(("D1", "A", 3), ("D2", "B", 1), ("D3", "B", 15), ("D0", "A", 0.5))
    found = river_reach_check(
        sites(Point(km(2, 0.3))), zones((19.4, -1, 22, 1)), STRAIGHT, sections=gauges
    )
    row = found.iloc[0]
    assert met(found) == [("S1", "Z1", 17.4)]
    assert (row["reach_state"], row["rivers_passed"]) == ("reaches", "大凌河")
    assert (row["n_sections_between"], row["codes_between"]) == (2, "D1;D2")
    assert (row["next_section_code"], row["sections_downstream"]) == ("D1", "D1;D2;D3")
    assert row["distance_to_next_km"] == pytest.approx(1)
    assert (row["reach_code"], row["measure_m"], row["offset_m"]) == ("A", 2000, 300)
    assert row["why_zh"] == (
        "位于该分区之外，距大凌河 300 米，按就近汇入；沿大凌河下行 17.4 公里进入“示例水源1”，"
        "其间有 2 个断面（D1、D2）。下游第一个断面：D1（1.0 公里）。"
    )
    assert row["why_en"] == (
        "Lies outside the zone and drains to 大凌河 (300 m away); its water reaches the primary "
        "zone “示例水源1” in 17.4 km via 大凌河, 2 sections between (D1, D2). Next section D1 in "
        "1.0 km."
    )
    assert "按最近河段汇入，未看分水岭" in row["reach_flag"]


def test_a_zone_of_a_source_is_named_by_its_source():
    source = gpd.GeoDataFrame(
        {"water_source_code": ["W"], "water_source_name": ["示例水库"]},
        geometry=[Point(km(20, 0))], crs=4549,
    )  # fmt: skip
    drawn = water_source_zones(source, STRAIGHT, kind="river")
    found = river_reach_check(sites(Point(km(9.6, 0))), drawn, STRAIGHT)
    # the secondary zone begins 3 km above the intake, the primary 1 km
    assert found["distance_km"].tolist() == pytest.approx([7.4, 9.4])
    assert found["zone_grade"].tolist() == ["secondary", "primary"]
    assert "下行 9.4 公里进入示例水库的水源一级保护区" in found["why_zh"][1]
    assert (
        "reaches the primary zone of the drinking-water source 示例水库 in 9.4 km"
        in (found["why_en"][1])
    )
    assert (found["status"] == "unverified").all()
    assert found["reach_flag"].str.contains("分区所用距离未核实").all()


def test_both_rivers_above_a_confluence_reach_a_zone_below_it_and_the_distances_add_up():
    found = river_reach_check(
        sites(Point(km(4, 0)), Point(km(10, 7)), Point(km(25, 0))),
        zones((13, -1, 14, 1)),
        CONFLUENCE,
    )
    assert met(found)[:2] == [("S1", "Z1", 9.0), ("S2", "Z1", 10.0)]
    assert found["rivers_passed"].tolist() == ["大凌河", "牤牛河;大凌河", ""]
    assert found["reach_state"].tolist() == ["reaches", "reaches", "none"]
    assert found["zone_code"].tolist()[2] == "" and math.isnan(found["distance_km"][2])
    assert "在大凌河上；下行至河网末端（5.0 公里）河水未进入所查分区" in found["why_zh"][2]


def test_a_zone_over_a_confluence_is_entered_on_each_river():
    found = river_reach_check(
        sites(Point(km(4, 0)), Point(km(10, 7))), zones((9, -1, 11, 2)), CONFLUENCE
    )
    assert met(found) == [("S1", "Z1", 5.0), ("S2", "Z1", 5.0)]


def test_a_zone_upstream_or_on_the_other_river_is_not_reached():
    found = river_reach_check(
        sites(Point(km(8, 0))), zones((2, -1, 3, 1), (9, 4, 11, 5)), CONFLUENCE
    )
    assert found["reach_state"].tolist() == ["none"]


def test_several_zones_are_several_rows_the_nearest_first():
    found = river_reach_check(
        sites(Point(km(1, 0))), zones((20, -1, 21, 1), (5, -1, 6, 1), (5, -2, 22, 2)), STRAIGHT
    )
    assert met(found) == [("S1", "Z2", 4.0), ("S1", "Z3", 4.0), ("S1", "Z1", 19.0)]
    first = river_reach_check(
        sites(Point(km(1, 0)), None).set_axis([9, 4]), zones((5, -1, 6, 1), (20, -1, 21, 1)),
        STRAIGHT, rows="first",
    )  # fmt: skip
    assert first.index.tolist() == [9, 4]
    assert first["reach_state"].tolist() == ["reaches", "no_position"]


def test_rows_of_one_code_are_one_zone():
    two = zones((20, -1, 21, 1), (5, -1, 6, 1)).assign(zone_code="Z")
    found = river_reach_check(sites(Point(km(1, 0))), two, STRAIGHT)
    assert met(found) == [("S1", "Z", 4.0)]


# ---------------------------------------------------------------- braids and joins


def test_of_a_braid_each_arm_is_followed_and_the_shortest_way_counts():
    found = river_reach_check(
        sites(Point(km(1, 0))), zones((8, -1, 9, 0.5), (5.5, 0.5, 6.5, 1.5)), BRAID,
        sections=sections(("D1", "M1", 1), ("D2", "M2", 1)),
    )  # fmt: skip
    # to Z1 by the short arm, 4 + 2 + 1 km; Z2 lies on the long arm only, 4 + 1.5 km
    assert met(found) == [("S1", "Z2", 5.5), ("S1", "Z1", 7.0)]
    assert found["codes_between"].tolist() == ["D2", "D1"]
    assert found["rivers_passed"].tolist() == ["大河;汊河", "大河"]
    assert found["reach_flag"].str.contains("途中分汊，各汊均已追踪，取最短水路").all()
    assert found["sections_downstream"].tolist() == ["D1;D2"] * 2
    below = river_reach_check(sites(Point(km(6, 0))), zones((8, -1, 9, 0.5)), BRAID)
    assert not below["reach_flag"].str.contains("分汊").any()


def test_a_main_arm_that_is_the_longer_one_does_not_hide_the_shorter():
    longer = made(
        ("M", "大河", "M2;M1", [(0, 0), (5, 0)]),
        ("M1", "", "R", [(5, 0), (7, 0)]),
        ("M2", "大河", "R", [(5, 0), (5, 1), (7, 1), (7, 0)]),
        ("R", "大河", None, [(7, 0), (20, 0)]),
    )
    found = river_reach_check(sites(Point(km(1, 0))), zones((8, -1, 9, 0.5)), longer)
    assert met(found) == [("S1", "Z1", 7.0)]


def test_a_river_that_joins_in_the_middle_meets_only_what_lies_below():
    middle = made(
        ("A", "大河", "", [(0, 0), (20, 0)]),
        ("T", "小河", "", [(10, 5), (10, 0)]),
        order="geometry",
    )
    found = river_reach_check(
        sites(Point(km(10, 3))),
        zones((4, -1, 5, 1), (12, -1, 13, 1), (8, -1, 11, 0.5)),
        middle,
        sections=sections(("D1", "A", 9), ("D2", "A", 11.5)),
    )
    assert met(found) == [("S1", "Z3", 2.5), ("S1", "Z2", 5.0)]
    assert found["codes_between"].tolist() == ["", "D2"]
    assert found["next_section_code"].tolist() == ["D2", "D2"]


# ---------------------------------------------------------------- where a site drains


def test_a_site_in_a_zone_says_so_and_lists_the_next_zone():
    found = river_reach_check(
        sites(Point(km(5.5, 0.5))), zones((5, -1, 6, 1), (20, -1, 21, 1)), STRAIGHT
    )
    assert found["reach_state"].tolist() == ["in_zone", "reaches"]
    assert met(found) == [("S1", "Z1", 0.0), ("S1", "Z2", 14.5)]
    assert found["why_zh"][0].startswith("位于“示例水源1”内")
    assert found["why_en"][0].startswith("Lies in the primary zone “示例水源1”")


def test_a_long_edge_in_degrees_lies_where_it_was_drawn():
    # the parallel of 41 N lies 120 m south of the straight line between its ends in metres
    wide = zones((0, 0, 1, 1)).set_geometry([box(119.5, 41, 120.5, 42)]).set_crs(
        4490, allow_override=True
    )  # fmt: skip
    at = sites(Point(120, 41.0005)).set_crs(4490, allow_override=True)
    assert river_reach_check(at, wide, STRAIGHT)["reach_state"].tolist() == ["in_zone"]


def test_beside_a_zone_the_river_may_be_in_it_at_once():
    found = river_reach_check(sites(Point(km(5.5, 1.2))), zones((5, -1, 6, 1)), STRAIGHT)
    assert found["reach_state"].tolist() == ["reaches"]
    assert met(found) == [("S1", "Z1", 0.0)]


def test_far_from_every_river_nothing_is_said_of_the_water():
    found = river_reach_check(
        sites(Point(km(5, 3)), None, Point(), Point(km(5, 1.9))), zones((20, -1, 21, 1)), STRAIGHT
    )
    assert found["reach_state"].tolist() == ["off_network", "no_position", "no_position", "reaches"]
    assert "项目周围 2000 米内没有河段" in found["why_zh"][0]
    assert found["reach_flag"].tolist()[:3] == ["不在河网上", "项目没有位置", "项目没有位置"]
    assert found["reach_code"].tolist()[:3] == [""] * 3
    near = river_reach_check(
        sites(Point(km(5, 3))), zones((20, -1, 21, 1)), STRAIGHT, max_snap_m=3001
    )
    assert near["reach_state"].tolist() == ["reaches"]
    # off the network, but in a zone
    listed = sections(("D1", "A", 3))
    here = zones((4, 8, 6, 10), (4, -1, 6, 1))
    inside = river_reach_check(
        sites(Point(km(5, 9)), Point(km(5, 0))), here, STRAIGHT, sections=listed
    )
    assert inside["reach_state"].tolist() == ["in_zone", "in_zone"]
    # which section comes next is known on the river alone
    assert ["下游没有断面" in why for why in inside["why_zh"]] == [False, True]
    assert ["no section downstream" in why.lower() for why in inside["why_en"]] == [False, True]


def test_the_limit_is_the_distance_along_the_river():
    at, far = sites(Point(km(1, 0))), zones((19, -1, 20, 1))
    for limit, state in ((18.001, "reaches"), (17.999, "none"), (math.inf, "reaches")):
        found = river_reach_check(at, far, STRAIGHT, max_distance_km=limit)
        assert found["reach_state"].tolist() == [state]


def test_on_a_divide_the_water_is_followed_both_ways():
    two = made(("A", "南河", "", [(0, 0), (30, 0)]), ("B", "北河", "", [(0, 2), (30, 2)]),
               order="geometry")  # fmt: skip
    found = river_reach_check(
        sites(Point(km(5, 1)), Point(km(5, 1.1))),
        zones((20, -0.5, 21, 0.5), (15, 1.5, 16, 2.5)),
        two,
    )
    assert met(found) == [("S1", "Z2", 10.0), ("S1", "Z1", 15.0), ("S2", "Z2", 10.0)]
    assert found["reach_flag"].str.contains("到 2 处河道同样近").tolist() == [True, True, False]
    assert found["rivers_passed"].tolist() == ["北河", "南河", "北河"]


def test_at_a_confluence_there_is_no_tie():
    found = river_reach_check(sites(Point(km(10.2, 0))), zones((20, -1, 21, 1)), CONFLUENCE)
    at = river_reach_check(sites(Point(km(10, 0))), zones((20, -1, 21, 1)), CONFLUENCE)
    assert met(found) == [("S1", "Z1", 9.8)] and met(at) == [("S1", "Z1", 10.0)]
    assert not at["reach_flag"].str.contains("同样近").any()


def test_a_pipeline_drains_where_it_crosses_and_the_nearest_way_counts():
    pipe = LineString([km(4, -3), km(4, 3), km(12, 3)])  # crosses A at x = 4 and B at y = 3
    found = river_reach_check(
        sites(pipe), zones((15, -1, 16, 1), (5, -1, 6, 1), (9, 0.5, 11, 1)), CONFLUENCE
    )
    assert met(found) == [("S1", "Z2", 1.0), ("S1", "Z3", 2.0), ("S1", "Z1", 8.0)]
    assert found["reach_code"].tolist() == ["A", "B", "B"]
    assert found["offset_m"].tolist() == [0, 0, 0]
    assert found["reach_flag"].str.contains("在 2 处涉河").all()
    assert found["why_zh"][2].startswith("位于该分区之外，跨越牤牛河")


def test_a_polygon_over_the_river_drains_from_its_lower_end():
    plot = box(*km(3, -1), *km(5, 1))
    found = river_reach_check(sites(plot), zones((8, -1, 9, 1)), STRAIGHT)
    assert met(found) == [("S1", "Z1", 3.0)]
    apart = box(*km(3, 0.4), *km(5, 1))
    beside = river_reach_check(sites(apart), zones((8, -1, 9, 1)), STRAIGHT)
    assert beside["offset_m"].tolist() == pytest.approx([400])
    assert beside["reach_state"].tolist() == ["reaches"]


def test_a_bow_tie_and_a_multipoint_are_understood():
    bow = Polygon([km(3, -1), km(5, 1), km(5, -1), km(3, 1)])
    points = MultiPoint([km(2, 0.5), km(3, 0.2)])
    found = river_reach_check(sites(bow, points), zones((8, -1, 9, 1)), STRAIGHT)
    assert met(found) == [("S1", "Z1", 3.0), ("S2", "Z1", 5.0)]


def test_a_site_that_was_snapped_stays_where_it_is():
    at = sites(Point(km(9.9, 5)), Point(km(9.9, 5)), reach_code=["A", ""], measure_m=[5000, np.nan])
    found = river_reach_check(at, zones((20, -1, 21, 1)), CONFLUENCE)
    assert met(found)[0] == ("S1", "Z1", 15.0)
    assert found["reach_state"].tolist() == ["reaches", "off_network"]
    assert found["reach_code"].tolist() == ["A", ""]


# ---------------------------------------------------------------- who answers


def test_control_unit_and_county_are_those_of_the_site():
    units = gpd.GeoDataFrame(
        {"unit_code": ["U1", "U2"], "unit_name": ["西单元", "东单元"]}, crs=4549,
        geometry=[box(*km(0, -5), *km(10, 5)), box(*km(10, -5), *km(30, 5))],
    )  # fmt: skip
    counties = gpd.GeoDataFrame(
        {"county_code": ["211321"], "county_name": ["朝阳县"]}, crs=4549,
        geometry=[box(*km(0, -5), *km(12, 5))],
    )  # fmt: skip
    found = river_reach_check(
        sites(Point(km(5, 0.2)), Point(km(15, 0.2))), zones((20, -1, 21, 1)), STRAIGHT,
        units=units.to_crs(4490), counties=counties,
    )  # fmt: skip
    assert found["unit_name"].tolist() == ["西单元", "东单元"]
    assert found["county_code"].tolist() == ["211321", ""]
    assert "所在控制单元：西单元；责任县区：朝阳县。" in found["why_zh"][0]
    assert "Control unit 东单元; in none of the counties." in found["why_en"][1]


def test_doubt_about_the_zones_is_passed_on():
    made_up = zones((20, -1, 21, 1), None, quality="synthetic", layer="示例图层", version="示例1")
    found = river_reach_check(sites(Point(km(5, 0))), made_up, STRAIGHT)
    assert found["layer"].tolist() == ["示例图层"] and found["version"].tolist() == ["示例1"]
    assert "分区为示例数据" in found["reach_flag"][0]
    assert "1 个分区没有图形，未查" in found["reach_flag"][0]


# ---------------------------------------------------------------- the table


def test_the_geometry_may_be_the_way():
    at = sites(Point(km(4, 0.3)), Point(km(29, 0)))
    found = river_reach_check(at, zones((13, -1, 14, 1)), CONFLUENCE, geometry="way")
    assert found.geometry[0].length == pytest.approx(9000)
    assert found.geometry[1] is None
    plain = river_reach_check(at, zones((13, -1, 14, 1)), CONFLUENCE)
    assert plain.geometry[0].equals(at.geometry[0])


def test_two_systems_give_the_same_answer_and_the_input_stays():
    at, areas = sites(Point(km(4, 0.3)), Point(km(10, 7))), zones((13, -1, 14, 1))
    before = at.copy()
    metric = river_reach_check(at, areas, CONFLUENCE)
    degrees = river_reach_check(at.to_crs(4490), areas.to_crs(4547), CONFLUENCE)
    assert degrees.crs == "EPSG:4490"
    numbers = ["distance_km", "offset_m", "measure_m"]
    assert np.allclose(metric[numbers], degrees[numbers], atol=0.01)
    texts = [name for name in REACH_COLUMNS if name not in numbers and "why" not in name]
    pd.testing.assert_frame_equal(pd.DataFrame(metric[texts]), pd.DataFrame(degrees[texts]))
    pd.testing.assert_frame_equal(pd.DataFrame(at), pd.DataFrame(before))


def test_the_order_of_sites_and_zones_does_not_matter():
    at = sites(Point(km(4, 0.3)), Point(km(10, 7)), Point(km(1, 0)))
    areas = zones((13, -1, 14, 1), (6, -1, 7, 1))
    one = river_reach_check(at, areas, CONFLUENCE)
    two = river_reach_check(at[::-1], areas[::-1], CONFLUENCE)
    assert sorted(met(one)) == sorted(met(two))


@pytest.mark.parametrize("what", ["sites", "zones", "network", "sections"])
def test_nothing_in_gives_the_same_columns(what):
    at, areas, network = sites(Point(km(4, 0.3))), zones((13, -1, 14, 1)), CONFLUENCE
    gauges = sections(("D1", "A", 3))
    full = river_reach_check(at, areas, network, sections=gauges)
    if what == "network":
        network = river_network(CONFLUENCE.reaches.iloc[:0][["reach_code", "geometry"]])
        gauges = gauges.iloc[:0]
    at, areas, gauges = (
        table.iloc[:0] if what == name else table
        for name, table in (("sites", at), ("zones", areas), ("sections", gauges))
    )
    found = river_reach_check(at, areas, network, sections=gauges)
    assert found.dtypes.astype(str).tolist() == full.dtypes.astype(str).tolist()
    state = {"sites": [], "zones": ["none"], "network": ["off_network"], "sections": ["reaches"]}
    assert found["reach_state"].tolist() == state[what]
    river_reach_check(at, areas, network, geometry="way", rows="first")


def test_tables_and_options_are_checked():
    at, areas = sites(Point(km(4, 0.3))), zones((13, -1, 14, 1))
    with pytest.raises(CRSError, match="zones"):
        river_reach_check(at, areas.set_crs(None, allow_override=True), STRAIGHT)
    with pytest.raises(SchemaError, match="zone_grade"):
        river_reach_check(at, areas.drop(columns="zone_grade"), STRAIGHT)
    with pytest.raises(SchemaError, match="twice there: S1"):
        river_reach_check(pd.concat([at, at]), areas, STRAIGHT)
    with pytest.raises(SchemaError, match="row 1 has no zone_code"):
        river_reach_check(at, areas.assign(zone_code=""), STRAIGHT)
    with pytest.raises(SchemaError, match="a zone is a Polygon"):
        river_reach_check(at, areas.set_geometry(areas.boundary), STRAIGHT)
    with pytest.raises(SchemaError, match="Snap them first"):
        river_reach_check(at, areas, STRAIGHT, sections=pd.DataFrame({"section_code": ["D"]}))
    for options in ({"max_distance_km": 0}, {"max_snap_m": math.inf}, {"tie_m": -1}):
        with pytest.raises(ValueError, match="is no distance"):
            river_reach_check(at, areas, STRAIGHT, **options)
    with pytest.raises(ValueError, match="rows='last'"):
        river_reach_check(at, areas, STRAIGHT, rows="last")


def test_every_column_is_in_the_vocabulary():
    assert {name: COLUMNS[name].dtype for name in REACH_COLUMNS} == REACH_COLUMNS
    assert all(state in COLUMNS["reach_state"].meaning for state in REACH_STATES)


# ---------------------------------------------------------------- invariants


@st.composite
def trees(draw):
    """A network whose reach k flows into an earlier one."""
    n = draw(st.integers(2, 8))
    into = [None] + [draw(st.integers(0, k - 1)) for k in range(1, n)]
    tops: list[tuple[float, float]] = []
    rows = []
    for k in range(n):
        low = (0.0, 0.0) if into[k] is None else tops[into[k]]
        top = (low[0] - draw(st.integers(1, 5)), 3.0 * k)
        tops.append(top)
        rows.append((f"R{k}", f"河{k}", None if into[k] is None else f"R{into[k]}", [top, low]))
    return made(*rows)


@settings(max_examples=25)
@given(trees(), st.data())
def test_distances_agree_with_the_ways_between_two_places(network, data):
    n = len(network)
    a, b = (data.draw(st.integers(0, n - 1)) for _ in range(2))
    at, to = (data.draw(st.floats(0.05, 0.95)) for _ in range(2))
    places = pd.DataFrame(
        {
            "section_code": ["a", "b"],
            "reach_code": [f"R{a}", f"R{b}"],
            "measure_m": [at * network.length_m[a], to * network.length_m[b]],
        }
    )
    middle = network.metric[b].interpolate(to, normalized=True)
    assume(sum(middle.distance(line) < 1 for line in network.metric) == 1)  # lines may cross
    disc = gpd.GeoDataFrame(
        {"zone_code": ["Z"], "zone_name": ["示例"], "zone_kind": ["drinking_water"],
         "zone_grade": [""]},
        geometry=[middle.buffer(0.01)], crs=network.metric_crs,
    )  # fmt: skip
    site = sites(network.metric[a].interpolate(at, normalized=True))
    site = site.assign(reach_code=[f"R{a}"], measure_m=[places["measure_m"][0]])
    found = river_reach_check(site, disc, network, max_distance_km=math.inf)
    way = between(network, places.iloc[:1], places.iloc[1:]).iloc[0]
    if way["between_state"] in ("downstream", "same_place"):
        assert found["distance_km"][0] == pytest.approx(way["distance_km"], abs=2e-5)
    else:
        assert found["reach_state"][0] == "none"


@settings(max_examples=20)
@given(st.data())
def test_of_all_ways_through_a_braided_river_the_shortest_is_found(data):
    # nodes in four rows of three; from each one or two reaches lead to the next row
    to = [
        [data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=2, unique=True)) for _ in "012"]
        for _ in "0123"
    ]
    rows = []
    for i, row in enumerate(to):
        for j, ends in enumerate(row):
            for k in ends:
                middle = (4 * i + 2, (j + k) / 2 + data.draw(st.floats(0.05, 0.9)))
                onward = ";".join(f"{i + 1}{k}{m}" for m in to[i + 1][k]) if i < 3 else None
                rows.append((f"{i}{j}{k}", "", onward, [(4 * i, j), middle, (4 * i + 4, k)]))
    network = made(*rows)
    lengths = dict(zip(network.codes, network.length_m, strict=True))
    goes = {row[0]: (row[2] or "").split(";") for row in rows}

    def least(code, target):
        ways = [least(ahead, target) for ahead in goes[code] if ahead]
        way = lengths[code] + min(ways, default=math.inf)
        return 0.0 if code == target else way

    codes = list(network.codes)
    start = data.draw(st.sampled_from([code for code in codes if code[0] == "0"]))
    target = data.draw(st.sampled_from([code for code in codes if code[0] == "3"]))
    middle = network.metric[network.index_of([target])[0]].interpolate(0.5, normalized=True)
    area = zones((0, 0, 1, 1)).set_geometry([middle.buffer(0.01)], crs=4549)
    assume(sum(middle.distance(line) < 1 for line in network.metric) == 1)
    site = sites(Point(km(0, 0)), reach_code=[start], measure_m=[0.0])
    found = river_reach_check(site, area, network, max_distance_km=math.inf, geometry="way")
    expected = least(start, target) + lengths[target] / 2
    if math.isinf(expected):
        assert found["reach_state"][0] == "none"
    else:
        assert found["distance_km"][0] == pytest.approx(expected / 1000, abs=2e-5)


def braided(rng):
    """Reaches down rows of nodes, most nodes with two ways on, and all that is known of them.

    Returns the network, of each reach its two nodes, and its line.
    """
    where = {
        (i, j): (5.0 * i + rng.uniform(-1, 1), 4.0 * j + rng.uniform(-1, 1))
        for i in range(6)
        for j in range(4)
    }
    links = [
        ((i, j), (i + 1, k))
        for i in range(5)
        for j in range(4)
        for k in rng.choice(4, rng.choice([1, 2, 2, 3]), replace=False).tolist()
    ]
    # short cuts past a row: the way of fewest reaches need not be the shortest
    links += [((i, j), (i + 2, 3 - j)) for i in range(4) for j in range(4) if rng.random() < 0.4]
    rows = []
    for number, (top, low) in enumerate(links):
        onward = [f"R{k}" for k, link in enumerate(links) if link[0] == low]
        (x0, y0), (x1, y1) = where[top], where[low]
        bends = [
            (x0 + (x1 - x0) * t + rng.normal(0, 0.3), y0 + (y1 - y0) * t + rng.normal(0, 0.3))
            for t in (0.25, 0.5, 0.75)
        ]
        rows.append((f"R{number}", "", ";".join(onward) or None, [where[top], *bends, where[low]]))
    network = made(*rows)
    lines = [LineString([km(*xy) for xy in row[3]]) for row in rows]
    return network, links, lines


@pytest.mark.parametrize("begins", ["in an arm", "above the islands"])
def test_a_river_of_many_islands_is_followed_without_taking_every_way(begins):
    # each island has a short arm of one reach and a long one of two: 2**40 ways lead to the zone
    rows = []
    for k in range(40):
        x, onward = 2.0 * k, f"T{k + 1};U{k + 1}" if k < 39 else "E"
        rows += [
            (f"T{k}", "", f"V{k}", [(x, 0), (x + 0.5, 1)]),
            (f"V{k}", "", onward, [(x + 0.5, 1), (x + 2, 0)]),
            (f"U{k}", "", onward, [(x, 0), (x + 2, 0)]),
        ]
    rows.append(("E", "", None, [(80, 0), (90, 0)]))
    start = 0.0
    if begins == "above the islands":
        rows.append(("W", "", "T0;U0", [(-3, 2), (0, 0)]))
        start = -math.hypot(3, 2)
    network = made(*rows)
    code = "U0" if start == 0 else "W"
    site = sites(Point(km(0, 0)), reach_code=[code], measure_m=[0.0])
    found = river_reach_check(site, zones((85, -1, 86, 1)), network, max_distance_km=math.inf)
    assert found["distance_km"].tolist() == pytest.approx([85 - start])


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_kilometres_on_braided_rivers_are_the_shortest_paths_of_networkx(seed):
    nx = pytest.importorskip("networkx")
    rng = np.random.default_rng(seed)
    network, links, lines = braided(rng)
    graph = nx.MultiDiGraph()
    for (top, low), line in zip(links, lines, strict=True):
        graph.add_edge(top, low, weight=line.length)
    ways = dict(nx.all_pairs_dijkstra_path_length(graph))
    own = rng.integers(0, len(lines), 25).tolist()
    at = [float(rng.uniform(0, lines[each].length)) for each in own]
    points = [lines[each].interpolate(m) for each, m in zip(own, at, strict=True)]
    given_sites = sites(*points, reach_code=[f"R{each}" for each in own], measure_m=at)
    corners = rng.uniform((0, 0), (24, 12), (5, 2))
    areas = zones(
        *[(x, y, x + w, y + w) for (x, y), w in zip(corners, (0.4, 1, 2, 3, 1), strict=True)]
    )
    limit_km = float(rng.choice([4, 12, 100]))
    shapes = areas.geometry.tolist()
    # a border on the site or on the limit would be decided by the last digit
    assume(all(shape.boundary.distance(point) > 1e-2 for shape in shapes for point in points))
    entries = [
        [
            (lines[each].project(Point(part.coords[0])), lines[each].project(Point(part.coords[-1])))
            for part in getattr(lines[each].intersection(shape), "geoms",
                                [lines[each].intersection(shape)])
            if not part.is_empty
        ]
        for shape in shapes
        for each in range(len(lines))
    ]  # fmt: skip
    expected = {}
    for s, (reach, measure, point) in enumerate(zip(own, at, points, strict=True)):
        rest = lines[reach].length - measure
        below = ways[links[reach][1]]
        for z, shape in enumerate(shapes):
            if shape.covers(point):
                expected[f"S{s + 1}", f"Z{z + 1}"] = 0.0
                continue
            found = [
                rest + below[links[each][0]] + min(part)
                for each in range(len(lines))
                for part in entries[z * len(lines) + each]
                if links[each][0] in below
            ]
            found += [
                max(min(part) - measure, 0.0)
                for part in entries[z * len(lines) + reach]
                if max(part) >= measure
            ]
            assume(abs(min(found, default=0) / 1e3 - limit_km) > 1e-4)
            if min(found, default=math.inf) <= limit_km * 1e3:
                expected[f"S{s + 1}", f"Z{z + 1}"] = min(found) / 1e3
    answer = river_reach_check(
        given_sites, areas, network, max_distance_km=limit_km, geometry="way"
    )
    there = answer[answer["zone_code"] != ""]
    said = dict(
        zip(
            zip(there["site_code"], there["zone_code"], strict=True),
            there["distance_km"],
            strict=True,
        )
    )
    assert said == pytest.approx(expected, abs=1e-5)
    # what is drawn is as long as what is said
    reached = there[there["reach_state"] == "reaches"]
    np.testing.assert_allclose(reached.length / 1e3, reached["distance_km"], atol=1e-5)
    # a site that comes to no zone has one row
    assert set(answer["site_code"][answer["zone_code"] == ""]) == (
        set(given_sites["site_code"]) - {code for code, _ in expected}
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([7, 60, 500_000]), st.sampled_from([4549, 4490]))
def test_lines_made_together_are_those_made_one_by_one(seed, at_once, crs):
    rng = np.random.default_rng(seed)
    network, _, lines = braided(rng)
    count = rng.integers(0, 4, 30)  # pieces of each way; some have none
    pair = np.repeat(np.arange(30), count)
    reach = rng.integers(0, len(lines), len(pair))
    length = network.length_m[reach]
    # from the middle, from an end, from a bend, and ways of no length
    bend = [lines[each].project(Point(lines[each].coords[2])) for each in reach]
    low = np.choose(rng.integers(0, 3, len(pair)), [np.zeros(len(pair)), bend, length / 3])
    high = np.choose(
        rng.integers(0, 3, len(pair)), [low, np.maximum(low, bend), np.maximum(low, length)]
    )
    ways = Ways(pair, reach, low, high, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chaoyang_geo.rivers.reach_lines._AT_ONCE", at_once)
        found = lines_of(network, ways, 30, crs)
    expected = way_lines(network, ways, 30).to_crs(crs).to_numpy()
    assert [line is None for line in found] == [line is None for line in expected]
    for line, other in zip(found, expected, strict=True):
        assert line is None or line.coords[:] == other.coords[:]


@settings(max_examples=15)
@given(st.floats(0.1, 4.9), st.floats(0.1, 12))
def test_a_larger_zone_is_reached_no_later(x, more):
    at = sites(Point(km(x, 0)))
    small, large = zones((12, -0.5, 13, 0.5)), zones((12 - more, -0.5, 13, 0.5))
    one, two = (river_reach_check(at, area, BRAID)["distance_km"][0] for area in (small, large))
    assert two <= one


def test_the_reservoir_of_the_pack_is_reached_from_upstream(plan):
    network = river_network(plan.rivers)
    drawn = water_source_zones(
        plan.reservoirs, network, kind="large_reservoir", code="reservoir_code",
        name="reservoir_name", no_intake="outlet",
    )  # fmt: skip
    gauges = snap_sections(
        plan.sections, network, max_distance_m=2000, aliases={"白石水库": "大凌河"}
    )
    at = gpd.GeoDataFrame(
        {"site_code": ["S1"], "site_name": ["示例"]}, geometry=[Point(578_000, 4_634_000)], crs=4549
    ).to_crs(4490)
    found = river_reach_check(
        at, drawn, network, sections=gauges, units=plan.units, counties=plan.counties
    )
    assert found["zone_name"].tolist() == ["白石水库水源二级保护区", "白石水库水源一级保护区"]
    assert found["rivers_passed"].tolist() == ["牤牛河;大凌河"] * 2
    assert found["codes_between"].tolist() == ["CYS07"] * 2
    assert found["unit_code"].tolist() == ["CY07"] * 2
    assert found["county_name"].tolist() == ["北票市"] * 2
    assert found["distance_km"].is_monotonic_increasing


def test_a_site_is_said_to_lie_in_a_zone_in_part_or_to_touch_it():
    table = sites(
        box(*km(5.2, 0.2), *km(5.4, 0.4)), box(*km(4.8, 0.2), *km(5.4, 0.4)), Point(km(5.5, 1))
    )
    halves = zones((5, -1, 5.3, 1), (5.3, -1, 6, 1), zone_code="Z1")
    for zone in (zones((5, -1, 6, 1)), halves):  # cut in two, the zone is the same
        found = river_reach_check(table, zone, STRAIGHT)
        assert found["reach_state"].tolist() == ["in_zone"] * 3
        assert found["why_zh"].tolist() == [
            "位于“示例水源1”内。", "部分位于“示例水源1”内。", "与“示例水源1”的边界相接。",
        ]  # fmt: skip
        assert found["why_en"][1].startswith("Lies partly in the primary zone")
        assert found["why_en"][2].startswith("Touches the border of the primary zone")
        assert "仅与分区边界相接，需复核" in found["reach_flag"][2]


def test_where_the_network_ends_before_the_limit_the_answer_says_so():
    table, upstream = sites(Point(km(25, 0))), zones((2, -1, 3, 1))
    short = river_reach_check(table, upstream, STRAIGHT, max_distance_km=5)
    assert short["why_en"][0] == (
        "The site is on 大凌河; within 5 km its water enters none of the zones."
    )
    assert short["reach_flag"][0] == ""
    for limit in (50, math.inf):
        found = river_reach_check(table, upstream, STRAIGHT, max_distance_km=limit)
        assert "down to the end of the network (5.0 km) its water" in found["why_en"][0]
        assert found["reach_flag"][0] == "河网在下行 5.0 公里处终止，以下未查"


def test_without_a_zone_to_look_at_the_answer_is_no_clean_no():
    for layer in (zones((5, -1, 6, 1)).iloc[:0], zones(None)):
        found = river_reach_check(sites(Point(km(1, 0))), layer, STRAIGHT)
        assert found["why_zh"][0] == "在大凌河上；没有可查的分区。"
        assert found["why_en"][0] == "The site is on 大凌河; no zone could be checked."
        assert "没有可查的分区" in found["reach_flag"][0]


def test_short_ways_are_said_in_metres():
    table = sites(Point(km(4.97, 0)), Point(km(5.5, 1.2)))
    placed = sections(("D1", "A", 4.99))
    found = river_reach_check(table, zones((5, -1, 6, 1)), STRAIGHT, sections=placed)
    assert "沿大凌河下行 30 米进入“示例水源1”" in found["why_zh"][0]
    assert found["why_en"][0].endswith("Next section D1 in 20 m.")
    assert "入河处即进入“示例水源1”" in found["why_zh"][1]
    assert "enters the primary zone “示例水源1” where it comes to the river" in found["why_en"][1]


def test_chinese_sentences_say_units_in_chinese_and_english_ones_in_symbols():
    units = gpd.GeoDataFrame(
        {"unit_code": ["U1"]}, geometry=[box(*km(-1, -9), *km(40, 9))], crs=4549
    )
    found = river_reach_check(
        sites(Point(km(1, 0.4)), Point(km(6, 0)), Point(km(25, 0.1)), Point(km(1, 5)), None),
        zones((5, -1, 7, 1)), STRAIGHT, sections=sections(("D1", "A", 3), ("D2", "B", 5)),
        units=units, max_distance_km=30,
    )  # fmt: skip
    assert set(found["reach_state"]) == set(REACH_STATES)
    assert not found["why_zh"].str.contains(r"\d\s*k?m\b").any()
    assert found["why_zh"].str.contains(" 公里").any() and found["why_zh"].str.contains(" 米").any()
    assert not found["why_en"].str.contains("公里|米|[，。；、]").any()


def test_grades_are_called_as_everywhere_else():
    table = sites(Point(km(1, 0)))
    named = {
        ("drinking_water", "quasi"): "the quasi zone",
        ("eco_red_line", "core"): "the core zone",
        ("management_unit", "priority"): "the priority protection unit",
        ("management_unit", "general"): "the general management unit",
        ("town", ""): "the zone",
    }
    for (kind, grade), words in named.items():
        layer = zones((5, -1, 6, 1), zone_kind=kind, zone_grade=grade)
        found = river_reach_check(table, layer, STRAIGHT)
        assert f"its water reaches {words} “示例水源1” in 4.0 km" in found["why_en"][0]


def test_one_code_in_two_layers_is_two_zones():
    both = zones((8, -1, 9, 1), (5, -1, 6, 1), zone_code="1", layer=["甲", "乙"])
    found = river_reach_check(sites(Point(km(1, 0))), both, STRAIGHT)
    assert found["layer"].tolist() == ["乙", "甲"]
    assert found["zone_name"].tolist() == ["示例水源2", "示例水源1"]
    assert found["distance_km"].tolist() == pytest.approx([4, 7])


def test_coordinates_that_are_no_numbers_are_no_position():
    table = sites(Point(np.inf, np.inf), Point(np.nan, 1), Point(km(1, 0)))
    odd = zones((5, -1, 6, 1), (7, -1, 8, 1))
    odd.loc[1, "geometry"] = Polygon([(np.inf, 0), (1, 1), (2, 0), (np.inf, 0)])
    found = river_reach_check(table, odd, STRAIGHT)
    assert found["reach_state"].tolist() == ["no_position", "no_position", "reaches"]
    assert "1 个分区没有图形，未查" in found["reach_flag"][2]


def test_a_ring_that_overlaps_itself_has_no_hole_there():
    twice = [km(5, -2), km(8, -2), km(8, 2), km(6, 2), km(6, -1), km(7, -1), km(7, 3), km(5, 3)]
    zone = zones((0, 0, 1, 1))
    zone.loc[0, "geometry"] = Polygon(twice)
    found = river_reach_check(sites(Point(km(6.5, 0))), zone, STRAIGHT)
    assert found["reach_state"].tolist() == ["in_zone"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tie_m": math.inf}, "tie_m=inf is no distance; give metres"),
        ({"max_distance_km": math.nan}, "max_distance_km=nan is no distance; give kilometres"),
    ],
)
def test_what_is_no_distance_is_refused_with_what_to_do(options, message):
    with pytest.raises(ValueError, match=message):
        river_reach_check(sites(Point(km(1, 0))), zones((5, -1, 6, 1)), STRAIGHT, **options)


def test_a_zone_that_is_a_point_is_named():
    layer = zones((5, -1, 6, 1), (7, -1, 8, 1))
    layer.loc[1, "geometry"] = Point(km(7, 0))
    with pytest.raises(SchemaError, match=r"row 2 \(zone_code Z2\) is a Point"):
        river_reach_check(sites(Point(km(1, 0))), layer, STRAIGHT)


def test_a_site_placed_on_no_river_is_not_said_to_be_far_from_one():
    table = sites(Point(km(1, 0)), reach_code="", measure_m=np.nan)
    found = river_reach_check(table, zones((5, -1, 6, 1)), STRAIGHT)
    assert found["reach_state"].tolist() == ["off_network"]
    assert found["why_zh"][0] == "项目表没有给出所在河段，不能判断水的去向。"
    assert found["why_en"][0].startswith("The table of sites gives no reach for the site;")


# two rivers, 10 km apart, that do not meet, each with a unit of its own
TWO = made(("A", "大凌河", None, [(0, 0), (30, 0)]), ("B", "小凌河", None, [(0, 10), (30, 10)]))


def strips(what, *names):
    shapes = [box(*km(-1, y - 5), *km(40, y + 5)) for y in (0, 10)]
    table = {f"{what}_code": ["1", "2"], f"{what}_name": names}
    return gpd.GeoDataFrame(table, geometry=shapes, crs=4549)


@pytest.mark.parametrize(
    "shape",
    [
        LineString([km(5, -2), km(5, 12)]),
        Polygon([km(4, -1), km(5, -1), km(5, 11), km(4, 11)]),
        MultiPoint([km(5, 0), km(5, 10)]),
    ],
    ids=["line", "polygon", "points"],
)
def test_each_row_answers_for_the_river_that_it_follows(shape):
    gauges = sections(("DA", "A", 10), ("DB", "B", 6), ("DB2", "B", 12))
    found = river_reach_check(
        sites(shape), zones((20, -1, 22, 1), (24, 9, 26, 11)), TWO, sections=gauges,
        units=strips("unit", "南单元", "北单元"), counties=strips("county", "甲县", "乙县"),
    )  # fmt: skip
    assert met(found) == [("S1", "Z1", 15), ("S1", "Z2", 19)]
    assert found["unit_name"].tolist() == ["南单元", "北单元"]
    assert found["county_name"].tolist() == ["甲县", "乙县"]
    assert found["next_section_code"].tolist() == ["DA", "DB"]
    assert found["distance_to_next_km"].tolist() == pytest.approx([5, 1])
    assert found["sections_downstream"].tolist() == ["DA", "DB;DB2"]
    assert found["codes_between"].tolist() == ["DA", "DB;DB2"]
    assert "责任县区：乙县；下游第一个断面：DB（1.0 公里）。" in found["why_zh"][1]


def test_a_site_in_the_middle_between_two_rivers_drains_to_both():
    gauges = sections(("DA", "A", 10), ("DB", "B", 6))
    options = {"sections": gauges, "max_snap_m": 6000}
    found = river_reach_check(sites(Point(km(5, 5))), zones((20, -1, 22, 1)), TWO, **options)
    assert found["next_section_code"].tolist() == ["DA"]
    assert "到 2 处河道同样近" in found["reach_flag"][0]
    # a row without a way is about both
    found = river_reach_check(sites(Point(km(5, 5))), zones((1, -1, 2, 1)), TWO, **options)
    assert found["reach_state"].tolist() == ["none"]
    assert found["sections_downstream"].tolist() == ["DB;DA"]
    assert found["why_zh"][0].startswith("距大凌河、小凌河 5000 米，按就近汇入；下行至河网末端")
    assert found["why_en"][0].startswith("The site drains to 大凌河 and 小凌河 (5000 m away); down")


def test_a_pipeline_over_two_rivers_that_reach_no_zone_names_both():
    bare = made(("A", "大凌河", None, [(0, 0), (30, 0)]), ("B", "", None, [(0, 10), (30, 10)]))
    line = LineString([km(5, -2), km(5, 12)])
    found = river_reach_check(sites(line), zones((1, -1, 2, 1)), bare)
    assert found["why_zh"][0].startswith("跨越大凌河、未命名河道（B）；")
    assert found["why_en"][0].startswith("The site crosses 大凌河 and an unnamed river (B); ")
