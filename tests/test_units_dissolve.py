"""Units from townships: who is matched with what, shares, and areas that add up."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoyang_geo import CRSError, SchemaError, load_plan
from chaoyang_geo.schema import COLUMNS
from chaoyang_geo.units import dissolve_units
from chaoyang_geo.units.dissolve import MEMBER_COLUMNS, TOWNSHIP_COLUMNS

sys.path.insert(0, str(Path(__file__).parent))

from unit_layers import METRIC, cells, layer, square


def towns(names, **columns):
    """Townships of a square kilometre side by side."""
    shapes = {code: square(k, 0, k + 1, 1) for k, code in enumerate(names)}
    return layer(shapes, code="township_code", township_name=list(names.values()), **columns)


KAZUO = towns({"211324101": "南公营子镇", "211324102": "山嘴子镇", "211324105": "白塔子镇",
               "211382107": "四官营子镇"})  # fmt: skip


def roster(rows, columns=("unit_code", "county_code", "name_in_plan", "township_code")):
    return pd.DataFrame(rows, columns=list(columns))


def test_code_comes_first_then_name_then_alias():
    built = dissolve_units(KAZUO, roster([
        ("A", "211324", "南公营子镇", "211324101000"),
        ("A", "211324", "山嘴子镇", ""),
        ("B", "211324", "白塔子", ""),
        ("B", "211382", "四官营子乡", ""),
    ]))  # fmt: skip
    assert built.members["matched_by"].tolist() == ["code", "name", "alias", "alias"]
    assert built.members["matched_code"].tolist() == list(KAZUO["township_code"])
    assert built.members["match_flag"].iloc[:2].tolist() == ["", ""]
    assert "白塔子" in built.members["match_flag"].iloc[2]
    assert built.units["area_km2"].tolist() == built.units["drawn_km2"].tolist() == [2.0, 2.0]
    assert built.units["township_codes"].iloc[0] == "211324101;211324102"
    assert (built.units["build_flag"] == "").all()
    assert built.units.geometry.iloc[0].equals(square(0, 0, 2, 1))


def test_a_name_is_looked_for_in_its_county_only():
    twice = towns({"211324101": "红山街道", "211382101": "红山街道"})
    rows = [("A", "211324", "红山街道", ""), ("B", "211382", "红山街道", ""),
            ("C", "211321", "红山街道", ""), ("D", "", "红山街道", "")]  # fmt: skip
    found = dissolve_units(twice, roster(rows)).members
    assert found["matched_code"].tolist() == ["211324101", "211382101", "", ""]
    assert found["matched_by"].tolist() == ["name", "name", "none", "ambiguous"]
    assert "211321内没有" in found["match_flag"].iloc[2]
    by_name = pd.DataFrame(
        {"unit_code": ["A"], "county_name": ["喀左县"], "name_in_plan": ["红山街道"]}
    )
    assert dissolve_units(twice, by_name).members["matched_code"].tolist() == ["211324101"]


def test_merged_renamed_and_missing_townships_are_said():
    rows = roster(
        [("A", "211324", "南公营子镇", "211324101", ""), ("A", "211324", "老镇", "211324101", "211324900"),
         ("B", "211324", "山咀子镇", "211324102", ""), ("C", "211324", "没有镇", "211324999", "")],
        ("unit_code", "county_code", "name_in_plan", "township_code", "former_code"),
    )  # fmt: skip
    built = dissolve_units(KAZUO, rows)
    flags = built.members["match_flag"].tolist()
    assert "多行对应同一乡镇" in flags[0] and "原编码211324900不在图层中" in flags[1]
    assert flags[2] == "编码相同，名称不同：图层为山嘴子镇"
    assert "编码211324999不在图层中" in flags[3]
    # the township counts once
    assert built.members["member_km2"].tolist()[:3] == [1.0, 0.0, 1.0]
    assert built.units["area_km2"].tolist() == [1.0, 1.0, 0.0]
    assert built.units.geometry.iloc[2] is None
    assert built.units["build_flag"].iloc[2] == "名单中没有一个乡镇在图层中"
    left = built.townships.set_index("township_code")["township_flag"]
    assert left["211324105"] == left["211382107"] == "不在任何单元的名单中"


def test_a_layer_from_before_a_merger_is_matched_by_the_former_code():
    old = towns({"211382001": "东城街道", "211382004": "凌北街道"})
    rows = roster([("A", "211382", "东城街道", "211382001", ""),
                   ("B", "211382", "凌北街道", "211382001", "211382004")],
                  ("unit_code", "county_code", "name_in_plan", "township_code", "former_code"))  # fmt: skip
    found = dissolve_units(old, rows)
    assert found.members["matched_code"].tolist() == ["211382001", "211382004"]
    assert found.units["area_km2"].tolist() == [1.0, 1.0]


def shared(shares):
    rows = [("A", "211324", "山嘴子镇", "211324102"), ("B", "211324", "山嘴子镇", "211324102"),
            ("B", "211324", "白塔子镇", "211324105")]  # fmt: skip
    return dissolve_units(KAZUO, roster(rows).assign(share=shares))


def test_a_township_of_two_units_goes_by_share():
    built = shared([0.3, 0.7, None])
    assert built.units["area_km2"].tolist() == pytest.approx([0.3, 1.7])
    assert built.units["drawn_km2"].isna().tolist() == [True, False]
    assert built.units.geometry.iloc[1].equals(square(1, 0, 3, 1))
    assert "没有图形" in built.units["build_flag"].iloc[0]
    assert "面积按份额" in built.units["build_flag"].iloc[1]
    town = built.townships.set_index("township_code").loc["211324102"]
    assert (town["unit_codes"], town["unit_shares"], town["drawn_in"]) == ("A;B", "0.3;0.7", "B")


def test_shares_that_do_not_add_up_are_scaled_or_filled_and_said():
    scaled = shared([0.5, 1.0, None])
    assert scaled.units["area_km2"].tolist() == pytest.approx([1 / 3, 5 / 3])
    assert "折算为1" in scaled.members["match_flag"].iloc[0]
    rest = shared([0.3, None, None])
    assert rest.units["area_km2"].tolist() == pytest.approx([0.3, 1.7])
    assert "取余数" in rest.members["match_flag"].iloc[1]
    even = shared([None, None, None])
    assert even.units["area_km2"].tolist() == pytest.approx([0.5, 1.5])
    assert "均分" in even.members["match_flag"].iloc[0]
    with pytest.raises(SchemaError, match="row 2 of share holds 1.5"):
        shared([0.3, 1.5, None])


def test_rows_order_index_and_input_stay():
    members = roster([("B", "211324", "白塔子镇", ""), ("A", "211324", "没有", "")])
    members.index = pd.Index([7, 3])
    before = members.copy()
    built = dissolve_units(KAZUO.to_crs("EPSG:4490"), members)
    assert built.members.index.tolist() == [7, 3]
    assert built.units["unit_code"].tolist() == ["B", "A"]
    assert built.units.crs == "EPSG:4490"
    pd.testing.assert_frame_equal(members, before)
    again = dissolve_units(KAZUO, built.members)
    assert again.members.columns.tolist() == built.members.columns.tolist()


def test_what_is_missing_is_named_and_empty_stays_empty():
    members = roster([("A", "211324", "白塔子镇", "")])
    with pytest.raises(CRSError, match="townships: the layer has no CRS"):
        dissolve_units(KAZUO.set_crs(None, allow_override=True), members)
    with pytest.raises(SchemaError, match="members: column unit_code"):
        dissolve_units(KAZUO, members.drop(columns="unit_code"))
    with pytest.raises(SchemaError, match="row 1 has no unit_code"):
        dissolve_units(KAZUO, members.assign(unit_code=""))
    empty, full = dissolve_units(KAZUO, members.iloc[:0]), dissolve_units(KAZUO, members)
    assert len(empty.units) == 0 and len(empty.townships) == 4
    assert empty.units.dtypes.to_dict() == full.units.dtypes.to_dict()
    none = dissolve_units(KAZUO.iloc[:0], members)
    assert none.members["matched_by"].tolist() == ["none"]
    assert set(MEMBER_COLUMNS) | set(TOWNSHIP_COLUMNS) <= set(COLUMNS)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 9999), n=st.integers(1, 5), degrees=st.booleans())
def test_areas_are_conserved(seed, n, degrees):
    shapes = cells(seed)
    layer_ = layer(shapes, "EPSG:4490" if degrees else METRIC, code="township_code")
    rng = np.random.default_rng(seed)
    rows = [(f"U{unit}", code, share) for code in shapes
            for unit, share in zip(rng.choice(9, n, replace=False), rng.uniform(0, 1, n), strict=True)
            ]  # fmt: skip
    built = dissolve_units(
        layer_, pd.DataFrame(rows, columns=["unit_code", "township_code", "share"])
    )
    whole = layer_.to_crs(METRIC).area.sum() / 1e6
    assert built.units["area_km2"].sum() == pytest.approx(whole, rel=1e-9)
    assert built.members["member_km2"].sum() == pytest.approx(whole, rel=1e-9)
    # no polygon is drawn twice or lost
    assert built.units["drawn_km2"].sum() == pytest.approx(whole, rel=1e-5)
    assert shapely.coverage_is_valid(built.units.geometry.dropna().values)


def test_the_roster_of_the_pack_finds_every_township():
    plan = load_plan("chaoyang")
    codes = list(dict.fromkeys(plan.unit_members["township_code"]))
    names = plan.unit_members.drop_duplicates("township_code")["township_name"].tolist()
    built = dissolve_units(towns(dict(zip(codes, names, strict=True))), plan.unit_members)
    assert len(built.members) == 177 and len(built.units) == 13
    assert (built.members["matched_code"] == built.members["township_code"]).all()
    assert built.units["area_km2"].sum() == pytest.approx(len(codes))
    # the one merger across units is said
    across = built.townships[built.townships["unit_codes"].str.contains(";")]
    assert len(across) == 1
    named = plan.unit_members.drop(columns=["township_code", "former_code", "township_name"])
    by_name = dissolve_units(towns(dict(zip(codes, names, strict=True))), named).members
    exact = plan.unit_members["match_kind"] == "exact"
    assert (by_name["matched_code"][exact] == plan.unit_members["township_code"][exact]).all()
