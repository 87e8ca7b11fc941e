"""Pairs of sections where water comes in and goes out, and the difference made in between."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chaoyang_geo as cg
from chaoyang_geo import SchemaError
from chaoyang_geo.borders import border_pairs, pair_sections
from chaoyang_geo.schema import COLUMNS

OCT, NOV, DEC = (pd.Timestamp(2025, month, 1) for month in (10, 11, 12))


def registry(**columns):
    return pd.DataFrame({"section_code": ["A", "B", "C", "D"], **columns})


def river(border, to):
    return registry(border=border, to_section_code=to)


def means(*rows, **columns):
    names = ["section_code", "period", "item", "mean"]
    table = pd.DataFrame(rows, columns=names).assign(unit="mg/L", **columns)
    return table.assign(period_end=table["period"] + pd.offsets.MonthBegin(1))


def pairs_of(*pairs, **columns):
    return pd.DataFrame(pairs, columns=["inflow_code", "outflow_code"]).assign(**columns)


# ---------------------------------------------------------------- which sections are a pair


def test_the_first_outflow_section_downstream_closes_the_pair():
    found = pair_sections(river(["入境", "", "出境", "入境"], ["B", "C", "", "B"]))
    assert found[["inflow_code", "outflow_code"]].values.tolist() == [["A", "C"], ["D", "C"]]
    assert (found["pair_flag"] == "").all()


def test_a_section_between_two_regions_closes_one_and_opens_the_other():
    for word in ("出境;入境", "入境、出境", "出入境", "出入境断面"):
        found = pair_sections(river(["入境", word, "出境", ""], ["B", "C", "D", ""]))
        assert found[["inflow_code", "outflow_code"]].values.tolist() == [["A", "B"], ["B", "C"]]


def test_what_has_no_partner_keeps_its_row_and_says_why():
    found = pair_sections(river(["入境", "入境", "出境", "出境"], ["B", "C", "", ""]))
    assert found.values.tolist() == [
        ["A", "", "到下一个入境断面B之前没有出境断面"],
        ["B", "C", ""],
        ["", "D", "上游没有入境断面"],
    ]
    last = pair_sections(river(["入境", "", "", "入境"], ["B", "", "", "X"]))
    assert last["pair_flag"].tolist() == ["下游没有出境断面", "下游断面X不在断面表内"]


def test_rivers_that_run_in_a_circle_and_other_words_are_refused():
    with pytest.raises(SchemaError, match="A → B → A run in a circle"):
        pair_sections(river(["入境", "", "", ""], ["B", "A", "", ""]))
    with pytest.raises(SchemaError, match="row 2 of border holds '省界'; use 入境, 出境"):
        pair_sections(river(["入境", "省界", "", ""], ["B", "", "", ""]))
    with pytest.raises(SchemaError, match="column border .边界性质. is missing"):
        pair_sections(registry(to_section_code=""))
    with pytest.raises(SchemaError, match="Name the column of the next section"):
        pair_sections(river([""] * 4, [""] * 4), to="next")


@given(st.integers(2, 12), st.data())
def test_every_inflow_and_every_outflow_section_is_in_a_pair(n, data):
    codes = [f"S{k}" for k in range(n)]
    to = [data.draw(st.sampled_from(["", *codes[k + 1 :]])) for k in range(n)]
    border = data.draw(
        st.lists(st.sampled_from(["", "入境", "出境", "出入境"]), min_size=n, max_size=n)
    )
    sections = pd.DataFrame({"section_code": codes, "border": border, "to_section_code": to})
    found = pair_sections(sections)
    comes = [c for c, b in zip(codes, border, strict=True) if "入境" in b]
    goes = [c for c, b in zip(codes, border, strict=True) if b in ("出境", "出入境")]
    assert found["inflow_code"][found["inflow_code"] != ""].tolist() == comes
    assert set(found["outflow_code"]) - {""} == set(goes)
    lonely = (found["inflow_code"] == "") | (found["outflow_code"] == "")
    assert (lonely == (found["pair_flag"] != "")).all()


# ---------------------------------------------------------------- numbers


def test_the_difference_on_paper():
    table = means(("A", OCT, "tp", 0.10), ("B", OCT, "tp", 0.15), ("A", OCT, "do", 8.0),
                  ("B", OCT, "do", 9.0), ("A", OCT, "ph", 8.0), ("B", OCT, "ph", 8.2))  # fmt: skip
    sections = registry(section_name=list("甲乙丙丁"), upstream_km2=[900.0, 1500.0, 10, 10])
    found = border_pairs(sections, table, pairs=pairs_of(("A", "B")))
    assert found["item"].tolist() == ["tp", "do", "ph"]
    assert found["difference_between"].tolist() == [0.05, 1.0, 0.2]
    assert found["percent_between"].iloc[:2].tolist() == [50.0, 12.5]
    assert np.isnan(found["percent_between"].iloc[2])  # pH is a logarithm
    assert found["between_zh"].tolist() == [
        "出境较入境上升50.0%，变差", "出境较入境上升12.5%，变好", "出境较入境上升0.2",
    ]  # fmt: skip
    assert found["between_en"].iloc[0] == "up 50.0% in between, worse"
    assert found[["inflow_name", "outflow_name", "between_km2"]].values.tolist()[0] == [
        "甲",
        "乙",
        600,
    ]
    assert found["period_end"].eq(NOV).all() and (found["pair_flag"] == "").all()
    assert set(found.columns) <= set(COLUMNS)


def test_periods_that_do_not_match_are_said_and_not_compared():
    table = means(("A", OCT, "tp", 0.1), ("B", OCT, "tp", 0.2), ("A", NOV, "tp", 0.1),
                  ("B", DEC, "tp", 0.1), ("A", OCT, "f", 0.5))  # fmt: skip
    found = border_pairs(registry(), table, pairs=pairs_of(("A", "B"))).set_index(
        ["period", "item"]
    )
    flags = found["pair_flag"]
    assert flags[OCT, "tp"] == ""
    assert flags[OCT, "f"] == "出境断面本时段没有该指标"
    assert flags[NOV, "tp"] == "出境断面没有本时段的数据，时段不匹配"
    assert flags[DEC, "tp"] == "入境断面没有本时段的数据，时段不匹配"
    assert found["difference_between"].notna().sum() == 1
    quarter = table.assign(period_end=table["period"] + pd.offsets.MonthBegin(3))
    mixed = pd.concat(
        [table[table["section_code"] == "A"], quarter[quarter["section_code"] == "B"]]
    )
    said = border_pairs(registry(), mixed, pairs=pairs_of(("A", "B")))
    october = said[(said["period"] == OCT) & (said["item"] == "tp")]
    assert october["pair_flag"].tolist() == [
        "出境断面的时段长短不同，时段不匹配", "入境断面的时段长短不同，时段不匹配",
    ]  # fmt: skip


def test_a_pair_without_inflow_or_without_data_keeps_a_row():
    table = means(("B", OCT, "tp", 0.2))
    found = border_pairs(registry(), table, pairs=pairs_of(("", "B"), ("C", "D"), ("A", "B")))
    assert found["pair_flag"].tolist() == [
        "没有入境断面",
        "入境断面没有数据；出境断面没有数据",
        "入境断面没有数据",
    ]
    assert found["outflow_value"].tolist()[::2] == [0.2, 0.2]
    assert found["period"].isna().tolist() == [False, True, False]


def test_several_inflows_share_the_area_and_none_is_blamed():
    sections = registry(upstream_km2=[900, 2000, 300, np.nan])
    table = means(*[(code, OCT, "tp", 0.1) for code in "ABCD"])
    found = border_pairs(
        sections, table, pairs=pairs_of(("A", "B"), ("C", "B"), ("D", "A"), ("B", "C"))
    )
    assert found["between_km2"].tolist()[:2] == [800, 800]
    assert found["between_km2"].isna().tolist()[2:] == [True, True]
    assert found["pair_flag"].tolist() == [
        "该出境断面有2个入境断面，变化不能归于其中一个",
        "该出境断面有2个入境断面，变化不能归于其中一个",
        "",
        "出境断面的集水面积不大于入境断面，未计区间面积",
    ]


def test_units_are_turned_into_that_of_the_outflow_section():
    table = means(("A", OCT, "tp", 100.0), ("B", OCT, "tp", 0.2))
    table["unit"] = ["μg/L", "mg/L"]
    row = border_pairs(registry(), table, pairs=pairs_of(("A", "B"))).iloc[0]
    assert (row["inflow_value"], row["unit"], row["percent_between"]) == (0.1, "mg/L", 100.0)
    table["unit"] = ["个/L", "mg/L"]
    row = border_pairs(registry(), table, pairs=pairs_of(("A", "B"))).iloc[0]
    assert row["pair_flag"] == "两断面单位不能换算，未比较" and np.isnan(row["difference_between"])


def test_values_below_detection_may_leave_the_sign_open():
    table = means(("A", OCT, "tp", 0.005), ("B", OCT, "tp", 0.008), ("A", NOV, "tp", 0.005),
                  ("B", NOV, "tp", 0.3))  # fmt: skip
    table["mean_low"], table["mean_high"] = [0, 0.008, 0, 0.3], [0.01, 0.008, 0.01, 0.3]
    found = border_pairs(registry(), table, pairs=pairs_of(("A", "B")))
    assert found["pair_flag"].tolist() == ["受检出限影响，升降不能判定", ""]
    assert found["difference_between"].tolist() == [0.003, 0.295]
    assert found["between_zh"].iloc[0] == ""


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from("ABCD"), st.sampled_from([OCT, NOV, DEC]), st.sampled_from(
    ["tp", "nh3_n"]), st.floats(0, 10)), max_size=20, unique_by=lambda row: row[:3]), st.randoms())  # fmt: skip
def test_rows_add_up_and_their_order_does_not_matter(rows, rng):
    table = means(*rows)
    pairs = pairs_of(("A", "B"), ("C", "B"), ("", "D"))
    found = border_pairs(registry(), table, pairs=pairs)
    value = {row[:3]: row[3] for row in rows}
    for row in found.itertuples():
        there = (row.outflow_code, row.period, row.item) in value
        here = (row.inflow_code, row.period, row.item) in value
        assert (row.pair_flag in ("", "该出境断面有2个入境断面，变化不能归于其中一个")) == (
            there and here
        )
        if there and here:
            made = (
                value[row.outflow_code, row.period, row.item]
                - value[row.inflow_code, row.period, row.item]
            )
            assert row.difference_between == pytest.approx(made, abs=1e-11)
        else:
            assert np.isnan(row.difference_between)
    assert not found.duplicated(["inflow_code", "outflow_code", "period", "item"]).any()
    wanted = sum(len({r[1:3] for r in rows if r[0] in pair} or {None}) for pair in
                 [("A", "B"), ("C", "B"), ("D",)])  # fmt: skip
    assert len(found) == wanted
    shuffled = list(rows)
    rng.shuffle(shuffled)
    again = border_pairs(registry(), means(*shuffled), pairs=pairs)
    keys = ["inflow_code", "outflow_code", "period", "item"]
    pd.testing.assert_frame_equal(
        found.sort_values(keys, ignore_index=True), again.sort_values(keys, ignore_index=True)
    )


# ---------------------------------------------------------------- classes, and the way through the library


def test_classes_are_compared_and_doubts_are_said():
    table = pd.DataFrame({
        "section_code": ["A", "B", "A", "B", "A", "B"],
        "period": [OCT, OCT, NOV, NOV, DEC, DEC],
        "class": ["Ⅲ", "Ⅴ", "Ⅲ", "Ⅱ", "Ⅲ", None],
        "class_best": ["Ⅲ", "Ⅴ", "Ⅱ", "Ⅱ", "Ⅲ", None],
        "class_worst": ["Ⅲ", "Ⅴ", "Ⅲ", "Ⅱ", "Ⅲ", None],
    })  # fmt: skip
    found = border_pairs(registry(), table, pairs=pairs_of(("A", "B"), county_name=["甲县"]))
    assert found["class_change_between"].tolist() == [-2, 1, pd.NA]
    assert found["between_zh"].tolist() == [
        "入境Ⅲ类，出境Ⅴ类，变差2个类别",
        "入境Ⅲ类，出境Ⅱ类，好转1个类别",
        "",
    ]
    assert found["between_en"].iloc[0] == "class Ⅲ in, Ⅴ out, 2 classes worse"
    assert found["pair_flag"].tolist() == [
        "",
        "检出限或缺测可能改变类别变化",
        "出境断面未定类，未比较",
    ]
    assert found["county_name"].eq("甲县").all() and "item" not in found
    assert found["period_end"].isna().all() and found["inflow_class"].cat.ordered


def test_from_readings_to_pairs():
    readings = pd.DataFrame({
        "section_code": np.repeat(["A", "B"], 3), "item": "tp", "unit": "mg/L",
        "time": pd.to_datetime(["2025-10-05", "2025-10-15", "2025-10-25"] * 2),
        "value": [0.1, 0.1, 0.1, 0.2, 0.25, 0.3],
    })  # fmt: skip
    sections = river(["入境", "出境", "", ""], ["B", "", "", ""]).assign(water_type="river")
    by_mean = border_pairs(sections, cg.mean_readings(readings, period="month"))
    assert by_mean["difference_between"].tolist() == [0.15]
    by_class = border_pairs(sections, cg.assess_sections(readings, sections))
    assert by_class["between_zh"].tolist() == ["入境Ⅱ类，出境Ⅳ类，变差2个类别"]
    items = cg.mean_readings(readings, period="month").assign(item_class=["Ⅱ", "Ⅳ"])
    both = border_pairs(sections, items)
    assert both["between_zh"].tolist() == [
        "出境较入境上升150.0%，变差；入境Ⅱ类，出境Ⅳ类，变差2个类别"
    ]
    index = pd.DataFrame({"section_code": ["A", "B"], "period": OCT, "cwqi": [5.0, 4.0]})
    assert border_pairs(sections, index, value="cwqi")["difference_between"].tolist() == [-1.0]


def test_the_input_is_not_changed_and_empty_stays_empty():
    table = means(("A", OCT, "tp", 0.1), ("B", OCT, "tp", 0.2))
    sections, pairs = registry(upstream_km2=1.0), pairs_of(("A", "B"))
    before = [frame.copy(deep=True) for frame in (table, sections, pairs)]
    full = border_pairs(sections, table, pairs=pairs)
    for frame, old in zip((table, sections, pairs), before, strict=True):
        pd.testing.assert_frame_equal(frame, old)
    empty = border_pairs(sections, table, pairs=pairs.iloc[:0])
    bare = border_pairs(sections, table.iloc[:0], pairs=pairs)
    assert len(empty) == 0 and len(bare) == 1
    for other in (empty, bare):
        assert other.dtypes.equals(full.dtypes)
    nothing = pair_sections(river([""] * 4, [""] * 4))
    assert len(nothing) == 0 and list(nothing) == ["inflow_code", "outflow_code", "pair_flag"]


def test_what_is_wrong_is_named():
    table = means(("A", OCT, "tp", 0.1))
    for pairs, words in (
        (pairs_of(("A", "X")), "row 1 names section X, which is not in sections"),
        (pairs_of(("A", "A")), "row 1 names section A twice"),
        (pairs_of(("", "")), "row 1 names no section"),
        (pairs_of(("A", "B"), ("A", "B")), "row 2 repeats A and B"),
        (pd.DataFrame({"inflow_code": ["A"]}), "column outflow_code"),
    ):
        with pytest.raises(SchemaError, match=words):
            border_pairs(registry(), table, pairs=pairs)
    twice = pd.concat([table, table])
    with pytest.raises(
        SchemaError, match="row 2 repeats section_code A, period 2025-10-01, item tp"
    ):
        border_pairs(registry(), twice, pairs=pairs_of(("A", "B")))
    with pytest.raises(SchemaError, match="column mean"):
        border_pairs(registry(), table.drop(columns="mean"), pairs=pairs_of(("A", "B")))
    with pytest.raises(SchemaError, match="row 1 has no period"):
        border_pairs(registry(), table.assign(period=pd.NaT), pairs=pairs_of(("A", "B")))
