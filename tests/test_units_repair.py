"""Repairs on squares and on random coverages: what moved adds up, and nothing is left to mend."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon

from chaoyang_geo import SchemaError, load_plan
from chaoyang_geo.schema import COLUMNS
from chaoyang_geo.units import check_units, repair_units
from chaoyang_geo.units.repair import BALANCE_COLUMNS, MOVED_COLUMNS

sys.path.insert(0, str(Path(__file__).parent))

from unit_layers import METRIC, X, Y, broken, cells, layer, square, tiles

MENDED = ["overlap", "gap", "hole", "outside", "sliver", "mismatch", "invalid_ring"]


def moves(repair):
    columns = ["finding_kind", "from_unit_code", "to_unit_code"]
    areas = repair.moved["area_m2"].round(3)
    return dict(zip(map(tuple, repair.moved[columns].values.tolist()), areas, strict=True))


def balanced(repair):
    of = repair.balance
    now = of["area_before_m2"] + of["gained_m2"] - of["lost_m2"]
    return np.allclose(now, of["area_after_m2"], rtol=1e-9, atol=0.01)


def test_an_overlap_and_a_gap_move_as_proposed():
    units = layer({"A": square(0, 0, 2, 1), "B": square(1.9, 0, 3, 1), "C": square(3.02, 0, 4, 1)})
    done = repair_units(units)
    # the gap has a kilometre of border with B and with C: of equal ones the first
    assert moves(done) == {("overlap", "A", "B"): 100_000.0, ("gap", "", "B"): 20_000.0}
    assert (done.units.area / 1e6).round(9).tolist() == [1.9, 1.12, 0.98]
    assert balanced(done)
    assert len(check_units(done.units)) == 0 and len(done.left) == 0
    assert "由无单元处划归B" in done.moved["moved_zh"].tolist()[-1]


@pytest.mark.parametrize(
    ("policy", "areas"),
    [("smaller", [1.9, 1.1]), ("larger", [2.0, 1.0]), ("first", [2.0, 1.0]),
     ("recorded", [2.0, 1.0]), ("longest_border", [2.0, 1.0])],
)  # fmt: skip
def test_the_policy_decides_overlaps(policy, areas):
    # B is notched, so that the overlap's border with A alone is the longer one
    units = layer({"A": square(0, 0, 2, 1), "B": square(1.9, 0, 3, 1)}, area_km2=[2.0, 1.0])
    if policy == "longest_border":
        units.geometry = [square(0, 0, 2, 1), square(1.9, 0.2, 2, 0.8).union(square(2, 0, 3, 1))]
        areas = [2.0, 1.0]
    done = repair_units(units, policy=policy)
    assert (done.units.area / 1e6).round(9).tolist() == areas
    given_ = check_units(units)
    assert repair_units(units, policy=policy, findings=given_).units.area.round(3).tolist() == (
        done.units.area.round(3).tolist()
    )


def test_a_long_gap_between_many_units_is_cut_where_the_neighbours_change():
    # B is 20 m too short on all sides: its gap goes back to it, not around it to a neighbour
    units = layer({"A": square(0, 0, 1, 3), "B": square(1.02, 0, 1.98, 3), "C": square(2, 0, 9, 1.5),
                   "D": square(2, 1.5, 9, 3)})  # fmt: skip
    whole = layer({"W": square(0, 0, 9, 3)}, code="county_code")
    done = repair_units(units, within=whole)
    assert len(check_units(done.units, within=whole)) == 0
    assert done.units.geometry.geom_type.tolist() == ["Polygon"] * 4
    ring = layer({"A": square(0, 0, 2, 6), "B": square(2, 4, 4, 6), "C": square(2, 0, 4, 2),
                  "M": square(2.02, 2.02, 3.98, 3.98), "E": square(4, 0, 6, 6)})  # fmt: skip
    found = check_units(ring)
    # the corners of A and E in the middle of a neighbour's border are notes
    found = found[found["finding_kind"] == "gap"]
    pairs = set(found["unit_codes"])
    assert {"A;M", "B;M", "C;M", "M;E"} <= pairs and all(len(pair) == 3 for pair in pairs)
    assert found["area_m2"].sum() == pytest.approx(4e6 - 1960**2)


def test_township_borders_win():
    towns = layer({"T1": square(0, 0, 1, 1), "T2": square(1, 0, 2, 1), "T3": square(2, 0, 3, 1)},
                  code="township_code", unit_code=["A", "B", "B"])  # fmt: skip
    units = layer({"A": square(0, 0, 1.2, 1), "B": square(0.8, 0, 2.5, 1)})
    whole = layer({"W": square(0, 0, 3, 1)}, code="county_code")
    done = repair_units(units, townships=towns, within=whole)
    assert done.units.geometry.iloc[0].equals(square(0, 0, 1, 1))
    assert done.units.geometry.iloc[1].equals(square(1, 0, 3, 1))
    assert balanced(done)
    drawn_apart = layer({"A": square(0, 0, 1.01, 1), "B": square(1.01, 0, 3, 1)})
    done = repair_units(drawn_apart, townships=towns)
    assert moves(done) == {("township_border", "A", "B"): 10_000.0}
    assert len(check_units(done.units, townships=towns)) == 0


def test_what_lies_outside_is_cut_and_slivers_join_their_neighbour():
    parts = MultiPolygon([square(0, 0, 1, 1), square(1, 1, 1.02, 2)])
    units = layer({"A": parts, "B": square(1, 0, 2, 1).union(square(1.02, 1, 2, 2))})
    whole = layer({"W": square(0, 0, 1.9, 2).difference(square(0, 1, 1, 2))}, code="county_code")
    done = repair_units(units, within=whole)
    assert moves(done) == {("outside", "B", ""): 200_000.0, ("sliver", "A", "B"): 20_000.0}
    assert len(check_units(done.units, within=whole)) == 0


def test_a_sliver_that_a_repair_cuts_off_joins_its_neighbour():
    # B reaches 30 m beyond A and C, which keep what they overlap with it
    b = square(-6, 0, 0, 2).union(square(0, 0.98, 1.03, 1.01))
    units = layer({"A": square(0, 0, 1, 1), "C": square(0, 1, 1, 2), "B": b})
    done = repair_units(units)
    assert moves(done) == {
        ("overlap", "B", "A"): 20_000.0, ("overlap", "B", "C"): 10_000.0,
        ("sliver", "B", "A"): 900.0,
    }  # fmt: skip
    assert balanced(done) and len(check_units(done.units)) == 0
    # what is not narrow may be land of B
    apart = repair_units(units, sliver_m=10.0)
    assert ("sliver", "B", "A") not in moves(apart)
    assert check_units(apart.units, sliver_m=10.0)["finding_kind"].tolist() == ["parts"]


def test_a_sliver_that_was_there_before_stays_if_the_user_says_so():
    b = MultiPolygon([square(0.9, 0, 3, 1), square(-0.03, 0, 0, 0.03)])
    units = layer({"A": square(0, 0, 1, 1), "B": b})
    found = check_units(units)
    assert sorted(found["finding_kind"]) == ["overlap", "sliver"]
    done = repair_units(units, findings=found[found["finding_kind"] == "overlap"])
    assert [kind for kind, _, _ in moves(done)] == ["overlap"]
    assert check_units(done.units)["finding_kind"].tolist() == ["sliver"]
    whole = repair_units(units)
    assert ("sliver", "B", "A") in moves(whole) and len(check_units(whole.units)) == 0


def test_an_open_gap_between_long_borders_is_found_in_degrees_too():
    # B's border of 7 km runs, where A ends, 40 cm beside the chord between its corners in metres
    shapes = {"A": square(0, 0, 5, 1), "B": square(-1, 1.02, 6, 2)}
    found = {crs: check_units(layer(shapes, crs)) for crs in (METRIC, "EPSG:4490")}
    assert [one["finding_kind"].tolist() for one in found.values()] == [["gap"], ["gap"]]
    areas = [one["area_m2"].iloc[0] for one in found.values()]
    assert areas == pytest.approx([100_000.0, 100_000.0], rel=0.03)


def test_a_bow_tie_a_hole_and_missing_vertices_are_mended():
    tie = Polygon([(X, Y), (X + 1000, Y + 1000), (X + 1000, Y), (X, Y + 1000)])
    done = repair_units(layer({"A": tie}))
    assert done.units.is_valid.all()
    assert done.units.area.iloc[0] == pytest.approx(500_000)
    holed = layer({"A": square(0, 0, 3, 3).difference(square(1, 1, 1.5, 1.5))})
    assert repair_units(holed).units.geometry.iloc[0].equals(square(0, 0, 3, 3))
    apart = layer({"A": square(0, 0, 1, 2), "B": square(1, 0, 2, 1), "C": square(1, 1, 2, 2)})
    mended = repair_units(apart)
    assert not apart.is_valid_coverage() and mended.units.is_valid_coverage()
    assert len(mended.moved) == 0
    assert mended.units.area.tolist() == apart.area.tolist()


def test_rows_that_are_taken_out_of_the_findings_stay_as_they_are():
    units = layer({"A": square(0, 0, 2, 1), "B": square(1.9, 0, 3, 1), "C": square(3.02, 0, 4, 1)})
    found = check_units(units)
    done = repair_units(units, findings=found[found["finding_kind"] == "gap"])
    assert moves(done) == {("gap", "", "B"): 20_000.0}
    assert check_units(done.units)["finding_kind"].tolist() == ["overlap"]
    review = found.assign(repair_policy="review")
    same = repair_units(units, findings=review)
    assert len(same.left) == 2 and same.units.geometry.equals(units.geometry)
    other = found.assign(to_unit_code=["A", "C"])
    assert (repair_units(units, findings=other).units.area / 1e6).round(9).tolist() == [2, 1, 1]


def test_findings_of_other_units_are_refused():
    units = layer({"A": square(0, 0, 2, 1), "B": square(1.9, 0, 3, 1)})
    found = check_units(units)
    with pytest.raises(SchemaError, match="findings: row 1 names unit A, which is not in units"):
        repair_units(units.assign(unit_code=["X", "Y"]), findings=found)
    with pytest.raises(SchemaError, match="row 1 of repair_policy holds 'guess'"):
        repair_units(units, findings=found.assign(repair_policy="guess"))
    with pytest.raises(SchemaError, match="has no to_unit_code"):
        repair_units(units, findings=found.assign(to_unit_code=""))
    with pytest.raises(ValueError, match="policy='fair' is not an option"):
        repair_units(units, policy="fair")
    with pytest.raises(SchemaError, match="Give rows of check_units"):
        repair_units(units, findings=found.drop(columns="repair_policy"))


def test_a_clean_layer_comes_back_bit_by_bit_and_empty_stays_empty():
    units = layer(tiles(), "EPSG:4490").set_index(pd.Index(list("abcdefghi")))
    done = repair_units(units)
    assert shapely.equals_exact(done.units.geometry.values, units.geometry.values).all()
    assert done.units.index.equals(units.index)
    assert (done.moved.columns == [*MOVED_COLUMNS, "geometry"]).all()
    empty = repair_units(units.iloc[:0])
    assert len(empty.units) == len(empty.balance) == 0
    assert empty.balance.dtypes.to_dict() == done.balance.dtypes.to_dict()
    assert set(MOVED_COLUMNS) | set(BALANCE_COLUMNS) <= set(COLUMNS)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000), degrees=st.booleans(), bounded=st.booleans())
@example(seed=1573, degrees=False, bounded=False)  # a corner is cut off from its unit
@example(seed=82, degrees=True, bounded=False)  # an open gap between borders of 2 km
@example(seed=259, degrees=True, bounded=False)  # a strip thinner than its edges bend in metres
def test_a_broken_coverage_is_whole_again_and_areas_are_conserved(seed, degrees, bounded):
    crs = "EPSG:4490" if degrees else METRIC
    shapes = cells(seed)
    units = layer(broken(shapes, seed), crs)
    before = units.copy()
    whole = layer({"W": shapely.union_all(list(shapes.values()))}, crs, code="county_code")
    options = {"within": whole if bounded else None, "sliver_m": 60.0, "max_gap_m2": 1e9}
    done = repair_units(units, **options)
    found = check_units(done.units, **options)
    assert not found["finding_kind"].isin(MENDED).any(), found["finding_kind"].tolist()
    assert done.units.is_valid.all() and done.units.is_valid_coverage()
    assert balanced(done)
    assert done.units.index.equals(units.index)
    assert done.units["unit_code"].tolist() == units["unit_code"].tolist()
    if bounded:
        area = done.units.to_crs(METRIC).area.sum()
        assert area == pytest.approx(whole.to_crs(METRIC).area.sum(), rel=1e-5)
    assert units.geom_equals_exact(before, 0).all()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_overlaps_go_where_the_coverage_tool_of_geos_sends_them(seed):
    if not hasattr(shapely, "coverage_clean"):
        pytest.skip("shapely has no coverage_clean before 2.2")
    shapes = broken(cells(seed), seed, kinds=("grow",), n=1)
    units = layer(shapes)
    # GEOS compares what units hold alone, we their areas: the smaller must be the same by both
    of, drawn = units.geometry, units.area.to_numpy()
    alone = [of.iloc[k].difference(of.drop(k).union_all()).area for k in range(len(of))]
    a, b = np.nonzero([[one.intersection(other).area > 1.0 for other in of] for one in of])
    assume(((drawn[a] < drawn[b]) == (np.take(alone, a) < np.take(alone, b))).all())
    whole = float(units.union_all().area)
    # without slivers, so that no bay beside the grown unit is taken for a gap
    ours = repair_units(units, policy="smaller", sliver_m=0.0).units
    rival = shapely.coverage_clean(units.geometry.values, merge_strategy="min_area")
    assert ours.area.sum() == pytest.approx(whole, rel=1e-6)
    assert shapely.area(rival).sum() == pytest.approx(whole, rel=1e-6)
    apart = np.abs(shapely.area(rival) - ours.area.to_numpy()).max()
    assert apart < 0.02 * float(ours.area.min())


def test_the_pack_broken_on_purpose_is_mended():
    plan = load_plan("chaoyang")
    units = plan.units.copy()
    moved = units.geometry.iloc[4]
    units.geometry = [
        shapely.transform(shape, lambda at: np.add(at, [0.0004, 0.0])) if shape is moved else shape
        for shape in units.geometry
    ]
    done = repair_units(units, policy="recorded", sliver_m=100.0)
    found = check_units(done.units, sliver_m=100.0)
    assert not found["finding_kind"].isin(MENDED).any()
    assert done.units.is_valid_coverage()
    assert balanced(done)
    assert len(done.left) == 0
    back = done.units.to_crs(METRIC).area / plan.units.to_crs(METRIC).area
    assert back.between(0.97, 1.03).all()
