"""Two schemes of units: overlap, partners, and totals that add up."""

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from chaoyang_geo import CRSError, SchemaError, load_plan
from chaoyang_geo.schema import COLUMNS
from chaoyang_geo.units import compare_units
from chaoyang_geo.units.compare import PAIR_COLUMNS, UNIT_COLUMNS

sys.path.insert(0, str(Path(__file__).parent))

from unit_layers import METRIC, cells, layer, square


def two(middle, **columns):
    return layer({"A": square(0, 0, middle, 1), "B": square(middle, 0, 4, 1)}, **columns)


def test_what_moved_from_unit_to_unit():
    found = compare_units(two(1), two(2))
    assert found.matrix.round(9).values.tolist() == [[1, 0, 0], [1, 2, 0], [0, 0, 0]]
    units = found.units.set_index(["version", "unit_code"])
    assert units.loc[("a", "A"), "iou"] == pytest.approx(0.5)
    assert units.loc[("a", "B"), ["kept_km2", "moved_out_km2", "moved_in_km2"]].tolist() == (
        pytest.approx([2.0, 1.0, 0.0])
    )
    assert units.loc[("b", "A"), "moved_out_km2"] == pytest.approx(1.0)
    assert set(units["change_kind"]) == {"调整"}
    assert units.loc[("a", "B"), "compare_zh"] == "B调整：划归B 2 km²、A 1 km²；交并比0.6667"


def test_the_same_scheme_is_unchanged_in_another_crs():
    a = two(1)
    found = compare_units(a, a.to_crs("EPSG:4490"))
    assert set(found.units["change_kind"]) == {"不变"}
    assert found.units["iou"].tolist() == pytest.approx([1.0] * 4)


def test_units_are_the_same_by_code_by_name_or_as_given():
    a = two(1, unit_name=["甲", "乙"])
    b = two(1, unit_name=["甲", "乙"]).assign(unit_code=["X", "B"])
    by_name = compare_units(a, b).units
    assert by_name["partner_rule"].tolist() == ["名称相同", "编码相同"] * 2
    given_ = compare_units(a, b, names={"A": "B"}).units
    assert given_["partner_code"].tolist() == ["B", "", "", "A"]
    assert given_["change_kind"].tolist() == ["移位", "取消", "新增", "移位"]
    none = compare_units(a, b, names={}).units
    assert none["partner_code"].tolist() == [""] * 4
    assert none["best_code"].tolist() == ["X", "B", "A", "B"]


def degrees(shapes):
    return gpd.GeoDataFrame({"unit_code": list(shapes)}, geometry=list(shapes.values()), crs=4490)


@pytest.mark.parametrize("turned", [False, True])
def test_long_edges_in_degrees_may_be_split(turned):
    # an edge of a degree is straight in degrees: its middle lies 121 m off the chord in metres
    whole = degrees({"A": box(120, 41, 121, 41.5)})
    halves = degrees({"A": box(120, 41, 120.5, 41.5), "B": box(120.5, 41, 121, 41.5)})
    found = compare_units(*((halves, whole) if turned else (whole, halves)))
    assert found.matrix.iloc[-1].tolist()[:-1] == [0] * (1 if turned else 2)
    assert found.matrix.iloc[:, -1].tolist()[:-1] == [0] * (2 if turned else 1)
    assert not found.units["compare_zh"].str.contains("重叠|不在").any()
    assert found.matrix.to_numpy().sum() == pytest.approx(bent_km2(whole), rel=1e-12)
    # the parts of a part as well, at any cut
    third = degrees({"A": box(120, 41, 120.37, 41.5), "B": box(120.37, 41, 121, 41.5)})
    rest = compare_units(halves, third).matrix
    assert rest.iloc[-1].abs().max() == rest.iloc[:, -1].abs().max() == 0


def bent_km2(frame):
    """Area with edges followed in degrees, every ten metres."""
    dense = gpd.GeoSeries(shapely.segmentize(frame.geometry.values, 1e-4), crs=frame.crs)
    return dense.to_crs(METRIC).area.sum() / 1e6


def test_a_hole_and_an_island_are_measured_as_drawn():
    drawn = box(120, 41, 120.8, 41.5) - box(120.2, 41.1, 120.5, 41.4)
    frame = degrees({"A": drawn | box(120.9, 41, 121, 41.1)})
    assert compare_units(frame, frame).matrix.iloc[0, 0] == pytest.approx(bent_km2(frame), rel=1e-9)


def test_units_wider_than_a_zone_may_be_split():
    whole = degrees({"A": box(110, 35, 121, 41)})
    parts = degrees({"A": box(110, 35, 114, 41), "B": box(114, 35, 121, 41)})
    found = compare_units(whole, parts)
    assert found.matrix.iloc[0].tolist()[-1] == 0
    geod = whole.crs.get_geod()
    dense = shapely.segmentize(whole.geometry.iloc[0], 0.001)
    true = abs(geod.geometry_area_perimeter(dense)[0]) / 1e6
    assert found.matrix.to_numpy().sum() == pytest.approx(true, rel=1e-7)


def test_units_overlap_only_where_they_do_in_their_own_crs():
    a = degrees({"W": box(120.1, 41.1, 120.9, 41.45)}).to_crs(METRIC)
    # two neighbours beyond one long edge: its chord in metres runs through them
    b = {"A": box(120, 41.3, 120.5, 41.5), "B": box(120.5, 41.3, 121, 41.5)}
    apart = compare_units(a, degrees({**b, "S": box(120, 41, 121, 41.3)}))
    assert apart.matrix.iloc[0].tolist()[-1] == 0
    assert not apart.units["compare_zh"].str.contains("重叠").any()
    both = compare_units(a, degrees({**b, "S": box(120, 41, 121, 41.31)}))
    assert both.matrix.iloc[0].tolist()[-1] < 0
    assert both.units["compare_zh"].str.contains("对方单元相互重叠").any()


def test_what_the_other_layer_does_not_cover_has_its_own_column():
    found = compare_units(two(1), layer({"A": square(0, 0, 1, 0.5), "N": square(4, 0, 5, 1)}))
    assert found.matrix.round(9).values.tolist() == [[0.5, 0, 0.5], [0, 0, 3], [0, 1, 0]]
    kinds = found.units.set_index(["version", "unit_code"])["change_kind"]
    assert kinds[("a", "B")] == kinds[("b", "N")] == "对方没有"


def test_mistakes_are_named():
    with pytest.raises(SchemaError, match="names: unit Z is not in b"):
        compare_units(two(1), two(2), names={"A": "Z"})
    with pytest.raises(SchemaError, match="unit B of b is named twice"):
        compare_units(two(1), two(2), names={"A": "B", "B": "B"})
    with pytest.raises(CRSError, match="b: the layer has no CRS"):
        compare_units(two(1), two(2).set_crs(None, allow_override=True))
    with pytest.raises(ValueError, match="same_share=2"):
        compare_units(two(1), two(2), same_share=2)


def test_empty_in_empty_out():
    full = compare_units(two(1), two(2))
    empty = compare_units(two(1).iloc[:0], two(2).iloc[:0])
    assert empty.pairs.dtypes.to_dict() == full.pairs.dtypes.to_dict()
    assert empty.units.dtypes.to_dict() == full.units.dtypes.to_dict()
    assert len(empty.pairs) == len(empty.units) == 0
    half = compare_units(two(1), two(2).iloc[:0])
    assert half.pairs["unit_code_b"].tolist() == ["", ""]
    assert set(PAIR_COLUMNS) | set(UNIT_COLUMNS) <= set(COLUMNS)


@settings(max_examples=20, deadline=None)
@given(seeds=st.tuples(st.integers(0, 9999), st.integers(0, 9999)))
def test_rows_and_columns_add_up_to_units(seeds):
    a, b = (layer(cells(seed)) for seed in seeds)
    found = compare_units(a, b)
    assert found.matrix.sum(axis=1).iloc[:-1].to_numpy() * 1e6 == pytest.approx(a.area.to_numpy())
    assert found.matrix.sum(axis=0).iloc[:-1].to_numpy() * 1e6 == pytest.approx(b.area.to_numpy())
    turned = compare_units(b, a)
    assert found.matrix.to_numpy() == pytest.approx(turned.matrix.to_numpy().T, abs=2e-5)
    # an independent route: one pair measured alone
    row = found.pairs[(found.pairs["unit_code_a"] != "") & (found.pairs["unit_code_b"] != "")]
    one = row.iloc[0]
    p = a.set_index("unit_code").geometry[one["unit_code_a"]]
    q = b.set_index("unit_code").geometry[one["unit_code_b"]]
    alone = shapely.area(p & q)
    assert one["area_km2"] * 1e6 == pytest.approx(alone)
    assert one["iou"] == pytest.approx(alone / shapely.area(p | q))
    assert (row["share_a"] <= 1 + 1e-9).all() and np.isfinite(row["iou"]).all()


def test_the_pack_against_its_counties():
    plan = load_plan("chaoyang")
    counties = plan.counties.rename(
        columns={"county_code": "unit_code", "county_name": "unit_name"}
    )
    found = compare_units(plan.units, counties)
    inside = found.matrix.iloc[:-1]
    # units end where the counties end: nothing of them is outside
    assert inside[""].abs().max() < 0.01
    # the pack's areas are those of the projected vertices, these count the bend of long edges
    assert inside.sum(axis=1).tolist() == pytest.approx(plan.units["area_km2"].tolist(), rel=2e-5)
