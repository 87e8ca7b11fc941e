"""The unit doctor on squares that a reader can measure, on random coverages, and on the pack."""

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box

from chaoyang_geo import CRSError, SchemaError, load_plan
from chaoyang_geo.schema import COLUMNS
from chaoyang_geo.units.check import check_units
from chaoyang_geo.units.findings import FINDING_COLUMNS, KINDS, POLICIES, RULES

sys.path.insert(0, str(Path(__file__).parent))

from unit_layers import METRIC, X, Y, broken, cells, layer, square, tiles


def kinds(found):
    return found["finding_kind"].tolist()


def only(found, kind):
    """The one finding of a kind."""
    (row,) = [row for _, row in found.iterrows() if row["finding_kind"] == kind]
    return row


@pytest.mark.parametrize("crs", [METRIC, "EPSG:4490", "EPSG:4528"])
def test_a_clean_coverage_has_no_finding_in_any_crs(crs):
    for within in (None, layer(tiles(), crs).dissolve(), layer(tiles(), crs)):
        found = check_units(layer(tiles(), crs), within=within)
        assert kinds(found) == []
        assert list(found.columns) == [*FINDING_COLUMNS, "geometry", "place"]
        assert found.crs == crs


def test_an_overlap_is_measured_and_proposed_to_the_smaller_unit():
    found = check_units(layer({"A": square(0, 0, 2, 1), "B": square(1.9, 0, 3, 1)}))
    row = only(found, "overlap")
    assert (row["unit_codes"], row["severity"]) == ("A;B", "error")
    assert row["area_m2"] == pytest.approx(100_000)
    assert row["width_m"] == pytest.approx(2 * 100_000 / 2200)
    assert (row["repair_policy"], row["to_unit_code"]) == ("smaller", "B")
    assert row["geometry"].equals(square(1.9, 0, 2, 1))
    assert row["geometry"].contains(row["place"])
    assert "0.1 km²" in row["finding_zh"] and "0.1 km²" in row["finding_en"]


@pytest.mark.parametrize(
    ("overlap", "to"),
    [("smaller", "B"), ("larger", "A"), ("first", "A"), ("recorded", "A")],
)
def test_the_policy_says_who_keeps_an_overlap(overlap, to):
    # A measures 2 km2 and lacks 0.1 km2; B has 0.1 km2 too much
    units = layer({"A": square(0, 0, 2, 1), "B": square(1.9, 0, 3, 1)}, area_km2=[2.1, 1.0])
    assert only(check_units(units, overlap=overlap, area_tolerance=1), "overlap")[
        "to_unit_code"
    ] == to  # fmt: skip


def test_an_enclosed_gap_goes_to_the_neighbour_with_the_longest_border():
    ring = square(0, 0, 3, 3).difference(square(1, 1, 2, 1.5))
    units = layer({"A": ring.intersection(square(0, 0, 3, 1.2)),
                   "B": ring.intersection(square(0, 1.2, 3, 3))})  # fmt: skip
    row = only(check_units(units), "gap")
    # A has 1 km below and 2 * 0.2 km beside it, B 1 km above and 2 * 0.3 km beside it
    assert (row["unit_codes"], row["to_unit_code"]) == ("A;B", "B")
    assert row["area_m2"] == pytest.approx(500_000)
    assert row["severity"] == "error"


def test_a_gap_in_one_unit_is_a_hole():
    found = check_units(layer({"A": square(0, 0, 3, 3).difference(square(1, 1, 1.5, 1.5))}))
    row = only(found, "hole")
    assert (row["repair_policy"], row["to_unit_code"]) == ("fill", "A")
    assert row["area_m2"] == pytest.approx(250_000)


def test_a_large_gap_is_left_to_a_person():
    units = layer({"A": square(0, 0, 9, 9).difference(square(2, 2, 5, 5))})
    assert only(check_units(units), "hole")["repair_policy"] == "review"
    assert only(check_units(units, max_gap_m2=1e7), "hole")["repair_policy"] == "fill"


def test_a_narrow_gap_that_is_open_at_both_ends_is_found_without_the_whole():
    units = layer({"A": square(0, 0, 1, 1), "B": square(1.02, 0, 2, 1)})
    row = only(check_units(units), "gap")
    assert (row["severity"], row["unit_codes"]) == ("warning", "A;B")
    assert row["area_m2"] == pytest.approx(20_000, rel=1e-6)
    assert kinds(check_units(units, sliver_m=10)) == []
    whole = layer({"W": square(0, 0, 2, 1)}, code="county_code")
    assert only(check_units(units, sliver_m=10, within=whole), "gap")["severity"] == "error"


def test_a_bay_of_the_outer_border_is_no_gap():
    step = Polygon(
        [(X, Y), (X + 1000, Y), (X + 1000, Y + 1000), (X + 990, Y + 1040), (X, Y + 1040)]
    )
    units = layer({"A": step, "B": square(1, 0, 2, 1)})
    assert kinds(check_units(units)) == []


def test_what_lies_outside_the_whole_is_cut():
    units = layer({"A": square(0, 0, 2, 1)})
    whole = layer({"W": square(0, 0, 1.5, 1.5)}, code="county_code")
    found = check_units(units, within=whole)
    assert sorted(kinds(found)) == ["gap", "outside"]
    row = only(found, "outside")
    assert (row["repair_policy"], row["to_unit_code"]) == ("cut", "")
    assert row["area_m2"] == pytest.approx(500_000)


def test_a_strip_between_a_unit_and_the_outer_border_is_a_gap_not_a_hole():
    units = layer({"A": square(0, 0, 2, 0.9)})
    whole = layer({"W": square(0, 0, 2, 1)}, code="county_code")
    assert kinds(check_units(units, within=whole)) == ["gap"]


def test_a_part_apart_is_a_sliver_or_an_enclave():
    far = MultiPolygon([square(0, 0, 1, 1), square(1, 1, 1.02, 2), square(5, 5, 6, 6)])
    units = layer({"A": far, "B": square(1, 0, 2, 1).union(square(1.02, 1, 2, 2))})
    found = check_units(units)
    sliver = only(found, "sliver")
    assert (sliver["unit_codes"], sliver["to_unit_code"]) == ("A", "B")
    assert sliver["area_m2"] == pytest.approx(20_000)
    parts = only(found, "parts")
    assert (parts["repair_policy"], parts["severity"]) == ("review", "warning")


def test_a_missing_vertex_is_a_note():
    units = layer({"A": square(0, 0, 1, 2), "B": square(1, 0, 2, 1), "C": square(1, 1, 2, 2)})
    found = check_units(units)
    assert set(kinds(found)) == {"mismatch"}
    assert set(found["severity"]) == {"note"}
    assert set(found["repair_policy"]) == {"match_vertices"}


def test_a_bow_tie_and_a_missing_geometry_are_said():
    tie = Polygon([(X, Y), (X + 1000, Y + 1000), (X + 1000, Y), (X, Y + 1000)])
    found = check_units(layer({"A": tie, "B": None}))
    assert kinds(found)[:2] == ["no_geometry", "invalid_ring"]
    assert "Self-intersection" in only(found, "invalid_ring")["finding_zh"]


def test_the_recorded_area_is_compared():
    units = layer({"A": square(0, 0, 2, 1), "B": square(2, 0, 4, 1), "C": square(4, 0, 6, 1)},
                  area_km2=[2.0, 2.1, 3.0])  # fmt: skip
    found = check_units(units)
    assert found[["unit_codes", "severity"]].values.tolist() == [["C", "error"], ["B", "warning"]]
    assert kinds(check_units(units, area_tolerance=0.5)) == []


def towns(codes=True):
    shapes = {"T1": square(0, 0, 1, 1), "T2": square(1, 0, 2, 1), "T3": square(2, 0, 3, 1)}
    out = layer(shapes, code="township_code")
    return out.assign(unit_code=["A", "B", "B"]) if codes else out


def test_townships_lie_in_one_unit():
    clean = layer({"A": square(0, 0, 1, 1), "B": square(1, 0, 2, 1).union(square(2, 0, 3, 1))})
    assert kinds(check_units(clean, townships=towns())) == []
    units = layer({"A": square(0, 0, 1.4, 1), "B": square(1.4, 0, 2, 1)})
    found = check_units(units, townships=towns())
    none, two = only(found, "township_none"), only(found, "township_two")
    assert none["township_code"] == "T3"
    assert (two["township_code"], two["unit_codes"]) == ("T2", "B;A")
    assert "40%" in two["finding_zh"]


def test_a_border_drawn_apart_from_the_townships_goes_back_to_theirs():
    units = layer({"A": square(0, 0, 1.01, 1), "B": square(1.01, 0, 3, 1)})
    for roster in (True, False):
        row = only(check_units(units, townships=towns(roster)), "township_border")
        assert (row["township_code"], row["to_unit_code"]) == ("T2", "B")
        assert row["area_m2"] == pytest.approx(10_000)


def test_township_borders_decide_gaps_and_overlaps():
    units = layer({"A": square(0, 0, 1.2, 1), "B": square(0.8, 0, 2.5, 1)})
    whole = layer({"W": square(0, 0, 3, 1)}, code="county_code")
    found = check_units(units, townships=towns(), within=whole)
    overlaps = found[found["finding_kind"] == "overlap"]
    assert sorted(overlaps["to_unit_code"]) == ["A", "B"]
    assert set(overlaps["repair_policy"]) == {"township"}
    assert overlaps["area_m2"].sum() == pytest.approx(400_000)
    assert only(found, "gap")["to_unit_code"] == "B"


def sections(points, **columns):
    return gpd.GeoDataFrame(
        {"section_code": list(points), **columns},
        geometry=[None if p is None else Point(X + p[0] * 1e3, Y + p[1] * 1e3)
                  for p in points.values()], crs=METRIC,
    )  # fmt: skip


def test_sections_against_their_units():
    units = layer({"A": square(0, 0, 4, 4), "B": square(4, 0, 8, 4), "C": square(8, 0, 12, 4)})
    river = gpd.GeoDataFrame(geometry=[LineString([(X + 500, Y + 2000), (X + 9000, Y + 2000)])],
                             crs=METRIC)  # fmt: skip
    found = check_units(units, rivers=river, sections=sections(
        {"S1": (4, 2), "S2": (5, 2), "S3": (2, 2), "S4": None, "S5": (9, 2), "S6": (1, 1)},
        unit_code=["A", "B", "B", "A", "Z", ""]))  # fmt: skip
    got = {(row["finding_kind"], row["section_code"]) for _, row in found.iterrows()}
    assert got == {
        ("no_section", ""), ("section_not_at_outlet", "S2"), ("section_outside", "S3"),
        ("section_no_position", "S4"), ("section_unknown_unit", "S5"),
    }  # fmt: skip
    assert only(found, "no_section")["unit_codes"] == "C"
    # B's river leaves it at x = 8 km, S2 is at 5 km; S3 lies 2 km from B
    assert only(found, "section_not_at_outlet")["length_m"] == pytest.approx(3000)
    assert only(found, "section_outside")["length_m"] == pytest.approx(2000)


def test_a_doubtful_position_and_a_lake_are_given_room():
    units = layer({"A": square(0, 0, 10, 10)})
    inner = sections({"S": (5, 5)}, unit_code=["A"])
    assert kinds(check_units(units, sections=inner)) == ["section_not_at_outlet"]
    assert kinds(check_units(units, sections=inner.assign(water_type="lake"))) == []
    assert kinds(check_units(units, sections=inner.assign(position_accuracy_m=4500.0))) == []


def test_sections_may_be_named_by_the_units():
    units = layer({"A": square(0, 0, 1, 1), "B": square(1, 0, 2, 1)}, section_codes=["S;T", ""])
    found = check_units(units, sections=sections({"S": (1, 0.5), "T": (0, 0)}))
    assert kinds(found) == ["no_section"]


def test_what_is_missing_is_named():
    units = layer(tiles(1))
    with pytest.raises(SchemaError, match="unit_code"):
        check_units(units.rename(columns={"unit_code": "code"}))
    with pytest.raises(SchemaError, match="twice there: A"):
        check_units(layer({"A": square(0, 0, 1, 1), "B": square(1, 0, 2, 1)}).assign(unit_code="A"))
    with pytest.raises(CRSError, match="units = units.set_crs"):
        check_units(units.set_crs(None, allow_override=True))
    with pytest.raises(CRSError, match="within: the layer has no CRS"):
        check_units(units, within=units.set_crs(None, allow_override=True))
    with pytest.raises(SchemaError, match="row 1 .unit_code A. is a Point"):
        check_units(layer({"A": Point(X, Y)}))
    with pytest.raises(ValueError, match="overlap='both' is not an option"):
        check_units(units, overlap="both")
    with pytest.raises(ValueError, match="sliver_m=-1"):
        check_units(units, sliver_m=-1)
    with pytest.raises(SchemaError, match="sections: column unit_code"):
        check_units(units, sections=sections({"S": (0, 0)}))


def test_empty_in_empty_out_and_the_input_stays():
    units = layer(tiles())
    before = units.copy()
    empty = check_units(units.iloc[:0])
    full = check_units(layer(broken(tiles(), 1)))
    assert len(empty) == 0 and len(full) > 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    pd.testing.assert_frame_equal(pd.DataFrame(units), pd.DataFrame(before))


def test_every_kind_rule_and_column_is_explained():
    assert set(FINDING_COLUMNS) <= set(COLUMNS)
    assert {severity for severity, _ in RULES.values()} == {"error", "warning", "note"}
    assert all(zh and en for zh, en in [*KINDS.values(), *POLICIES.values()])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), degrees=st.booleans())
def test_overlaps_agree_with_pairwise_intersections(seed, degrees):
    shapes = broken(cells(seed), seed)
    units = layer(shapes, "EPSG:4490" if degrees else METRIC)
    found = check_units(units, min_area_m2=0.0, sliver_m=0.0)
    at = np.array(list(shapes.values()), dtype=object)
    i, j = shapely.STRtree(at).query(at, predicate="intersects")
    i, j = i[i < j], j[i < j]
    once = shapely.union_all(shapely.intersection(at[i], at[j]))
    over = found.loc[found["finding_kind"] == "overlap", "area_m2"].sum()
    # a border of 10 km that is straight in degrees lies some metres off in the zone
    assert over == pytest.approx(once.area, rel=1e-3, abs=5000 if degrees else 50)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_gaps_overlaps_and_outside_account_for_the_whole(seed):
    shapes = cells(seed)
    whole = layer({"W": shapely.union_all(list(shapes.values()))}, code="county_code")
    units = layer(broken(shapes, seed))
    found = check_units(units, within=whole, min_area_m2=0.0, sliver_m=0.0)
    area = found.groupby("finding_kind")["area_m2"].sum()
    union = units.union_all()
    gaps = area.reindex(["gap", "hole"]).sum()
    assert gaps == pytest.approx(whole.union_all().difference(union).area, abs=50)
    assert area.get("outside", 0) == pytest.approx(union.difference(whole.union_all()).area, abs=50)


def test_the_pack_has_large_gaps_only():
    plan = load_plan("chaoyang")
    found = check_units(
        plan.units, within=plan.counties, sections=plan.sections, rivers=plan.rivers
    )
    assert set(kinds(found)) == {"gap", "section_no_position"}
    gaps = found[found["finding_kind"] == "gap"]
    # what drains past every section is in no unit
    rest = plan.counties.to_crs(METRIC).area.sum() - plan.units.to_crs(METRIC).area.sum()
    assert gaps["area_m2"].sum() == pytest.approx(rest, rel=1e-6)
    assert set(gaps["repair_policy"]) == {"review"}
    assert only(found, "section_no_position")["section_code"] == "CYS10"


def test_sizes_are_written_without_powers_of_ten():
    km = 1000
    shapes = [box(X, Y, X + 12 * km, Y + km), box(X + 12 * km + 0.9, Y, X + 24 * km, Y + 11 * km)]
    units = gpd.GeoDataFrame(
        {"unit_code": ["A", "B"], "area_km2": [0.5, 11.0]}, geometry=shapes, crs=4549
    )
    sections = gpd.GeoDataFrame(
        {"section_code": ["S"], "unit_code": ["B"]}, geometry=[Point(X - 345, Y)], crs=4549
    )
    found = check_units(units, sections=sections)
    words = " ".join(found["finding_zh"]) + " ".join(found["finding_en"])
    assert "e+" not in words and "e-0" not in words
    assert "在登记单元B之外12346 m" in words and "相差2300%" in words
