"""The state of rivers, basins and cities, units and counties: on paper, and by a second route."""

import math
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoyang_geo import SchemaError, classify
from chaoyang_geo.assess.counties import assess_counties, rate_counties
from chaoyang_geo.assess.rating import RATING_COLUMNS, rate_basin, state_by_shares
from chaoyang_geo.assess.rows import in_force, percent
from chaoyang_geo.assess.units import UNIT_COLUMNS, assess_units
from chaoyang_geo.schema import CLASSES, COLUMNS

MONTH = (pd.Timestamp("2025-10-01"), pd.Timestamp("2025-11-01"))
STATES = ["优", "良好", "轻度污染", "中度污染", "重度污染"]


def assessed(classes, *, period=MONTH, **columns):
    """One row per section S1, S2, ... of a river; missing class: not judged."""
    n = len(classes)
    table = {
        "section_code": [f"S{k}" for k in range(1, n + 1)],
        "period": [period[0]] * n,
        "period_end": [period[1]] * n,
        "water_type": ["river"] * n,
        "basin": ["大凌河"] * n,
        "class": classes,
        **columns,
    }
    return pd.DataFrame(table)


def mean_table(values, *, period=MONTH, **columns):
    """Means of sections: {code: {item: mean}}."""
    rows = [
        (code, *period, item, mean, "" if item == "ph" else "mg/L")
        for code, items in values.items()
        for item, mean in items.items()
    ]
    names = ["section_code", "period", "period_end", "item", "mean", "unit"]
    return pd.DataFrame(rows, columns=names).assign(**columns)


CLEAN = {"ph": 8.0, "do": 9.0, "cod_mn": 1.0, "nh3_n": 0.1, "tp": 0.01}

# --- five sections and more: shares -------------------------------------------------------------


@pytest.mark.parametrize(
    ("good", "middle", "worse", "state"),
    [
        (9, 1, 0, "优"),  # 90 % exactly
        (89, 11, 0, "良好"),
        (3, 1, 0, "良好"),  # 75 % exactly
        (74, 26, 0, "轻度污染"),
        (0, 81, 19, "轻度污染"),
        (0, 4, 1, "中度污染"),  # 20 % exactly
        (0, 61, 39, "中度污染"),
        (0, 3, 2, "重度污染"),  # 40 % exactly
        (59, 0, 41, "重度污染"),
        (6, 0, 4, "重度污染"),  # meets no row
        (0, 0, 7, "重度污染"),
    ],
)
def test_the_bounds_of_the_share_table(good, middle, worse, state):
    assert state_by_shares(good, worse, good + middle + worse)[0] == state


def test_every_pair_of_shares_has_one_state_and_only_60_40_meets_no_row():
    for n in range(1, 41):
        for good in range(n + 1):
            for worse in range(n - good + 1):
                state, edge = state_by_shares(good, worse, n)
                assert state in STATES
                assert edge == (Fraction(good, n) == Fraction(3, 5) and good + worse == n)


@pytest.mark.parametrize(("edge", "state"), [("heavy", "重度污染"), ("moderate", "中度污染")])
def test_the_edge_of_the_table_is_decided_as_asked_and_said(edge, state):
    table = assessed(["Ⅲ"] * 6 + ["劣Ⅴ"] * 4)
    row = rate_basin(table, edge=edge).iloc[0]
    assert row["water_state"] == state
    assert f"Ⅰ~Ⅲ类恰60%且劣Ⅴ类恰40%，条文无对应，取{state}（推导）" in row["rate_flag"]


def test_the_edge_may_be_left_open():
    row = rate_basin(assessed(["Ⅲ"] * 6 + ["劣Ⅴ"] * 4), edge="missing").iloc[0]
    assert pd.isna(row["water_state"])
    assert "不判状况" in row["why_zh"]
    with pytest.raises(ValueError, match="edge='light' is not an option"):
        rate_basin(assessed(["Ⅲ"]), edge="light")


def test_counts_and_shares_leave_out_what_was_not_judged():
    row = rate_basin(assessed(["Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", "劣Ⅴ", None, None])).iloc[0]
    assert row[["n_sections", "n_judged", "n_not_judged"]].tolist() == [8, 6, 2]
    assert [row[f"n_class_{k}"] for k in range(1, 7)] == [1] * 6
    assert row["share_1_3"] == 0.5 and row["share_worse_5"] == 1 / 6
    assert row["rating_method"] == "比例" and row["water_state"] == "轻度污染"
    assert "未参评2个：S7、S8" in row["rate_flag"]


def test_exactly_five_sections_go_by_shares_and_four_by_mean():
    five = rate_basin(assessed(["Ⅱ"] * 5)).iloc[0]
    assert five["rating_method"] == "比例" and "恰为5个断面，按比例法（推导）" in five["rate_flag"]
    four = rate_basin(assessed(["Ⅱ"] * 4)).iloc[0]
    assert four["rating_method"] == "均值" and pd.isna(four["water_state"])


def test_which_number_of_sections_counts_is_an_option_that_is_said():
    table = assessed(["Ⅱ"] * 4 + [None])
    assert rate_basin(table).iloc[0]["rating_method"] == "均值"
    row = rate_basin(table, count="all").iloc[0]
    assert row["rating_method"] == "比例" and "登记5个、参评4个，按比例法" in row["rate_flag"]


def test_nothing_judged_has_no_state():
    row = rate_basin(assessed([None, None])).iloc[0]
    assert pd.isna(row["water_state"]) and math.isnan(row["share_1_3"])
    assert "没有参评断面" in row["rate_flag"] and "没有参评断面" in row["why_zh"]


# --- main pollutants --------------------------------------------------------------------------


def test_main_pollutants_by_rate_cyanide_and_metals_first_at_most_three():
    over = ["tp;cod_mn", "tp", "tp;nh3_n", "cod_mn;tp", "hg", "cod_mn", "", ""]
    times = ["0.10;0.20", "0.30", "0.10;2.00", "0.10;0.50", "9.00", "0.10", "", ""]
    classes = ["Ⅳ"] * 6 + ["Ⅲ"] * 2
    table = assessed(classes, items_over_3=over, items_over_3_times=times)
    row = rate_basin(table).iloc[0]
    assert row["main_pollutants"] == "hg;tp;cod_mn"
    assert row["main_rates"] == "0.125;0.5;0.375"
    assert "汞（超标率12.5%）、总磷（超标率50.0%）、高锰酸盐指数（超标率37.5%）" in row["why_zh"]


def test_equal_rates_are_ordered_by_multiple_and_a_tie_at_the_third_place_is_said():
    over = ["tp;cod_mn;nh3_n;bod5", "", "", "", "Ⅳ"[:0]]
    times = ["0.10;0.40;0.30;0.20", "", "", "", ""]
    table = assessed(["Ⅳ"] + ["Ⅲ"] * 2 + ["Ⅴ"] * 2, items_over_3=over, items_over_3_times=times)
    row = rate_basin(table).iloc[0]
    assert row["main_pollutants"] == "cod_mn;nh3_n;bod5"
    assert "总磷超标率与第三位相同，未列" in row["rate_flag"]


def test_good_water_has_no_main_pollutants():
    over = ["tp"] + [""] * 9
    row = rate_basin(assessed(["Ⅳ"] + ["Ⅱ"] * 9, items_over_3=over)).iloc[0]
    assert row["water_state"] == "优" and row["main_pollutants"] == ""


def test_with_fewer_than_five_sections_each_has_its_own():
    table = assessed(
        ["劣Ⅴ", "Ⅱ"], section_name=["甲", "乙"], items_over_3=["nh3_n;tp", ""],
        items_over_3_times=["3.00;0.10", ""],
    )  # fmt: skip
    means = mean_table({"S1": {**CLEAN, "nh3_n": 4.0}, "S2": CLEAN})
    row = rate_basin(table, means).iloc[0]
    assert row["class"] == "劣Ⅴ" and row["deciding_items"] == "nh3_n"  # (4.0 + 0.1) / 2 = 2.05
    assert row["main_by_section"] == "甲：氨氮（3.00）、总磷（0.10）"
    assert row["main_pollutants"] == "nh3_n;tp" and row["main_rates"] == ""


def test_the_main_pollutants_of_a_few_sections_together_are_three_with_metals_first():
    table = assessed(
        ["劣Ⅴ", "Ⅳ", "Ⅳ"], section_name=["甲", "乙", "丙"],
        items_over_3=["ph;do;tp", "hg", "tp;cod"], items_over_3_times=[";;0.10", "1.00", "0.20;0.30"],
    )  # fmt: skip
    means = mean_table({**{f"S{k}": CLEAN for k in (1, 2)}, "S3": {**CLEAN, "tp": 0.9}})
    row = rate_basin(table, means).iloc[0]  # (0.9 + 0.1) / 3 and the like: beyond Ⅲ
    assert row["water_state"] not in ("优", "良好")
    assert row["main_pollutants"] == "hg;tp;cod"
    assert row["main_by_section"] == (
        "甲：pH、溶解氧、总磷（0.10）；乙：汞（1.00）；丙：总磷（0.20）、化学需氧量（0.30）"
    )


# --- fewer than five: means ---------------------------------------------------------------------


def test_the_mean_over_sections_is_rounded_once_and_the_limit_itself_still_meets():
    # 0.1, 0.2, 0.3 is 0.20000000000000004 in binary
    means = mean_table({f"S{k}": {**CLEAN, "tp": k / 10} for k in (1, 2, 3)})
    row = rate_basin(assessed(["Ⅱ", "Ⅲ", "Ⅳ"]), means).iloc[0]
    assert row["class"] == "Ⅲ" and row["deciding_items"] == "tp"
    assert row["water_state"] == "良好"


def test_ph_is_averaged_over_sections_through_the_hydrogen_ion():
    # plain mean 9.6 rounds to 10, which is worse than Ⅴ; through the ion it is 9.30, so 9
    means = mean_table({"S1": {**CLEAN, "ph": 9.0}, "S2": {**CLEAN, "ph": 10.2}})
    assert rate_basin(assessed(["Ⅰ", "劣Ⅴ"]), means).iloc[0]["class"] == "Ⅰ"


def test_without_means_there_is_no_guess():
    row = rate_basin(assessed(["Ⅱ", "Ⅱ"])).iloc[0]
    assert pd.isna(row["water_state"]) and pd.isna(row["class"])
    assert "需要各断面均值（means），未提供" in row["rate_flag"]


def test_means_of_some_sections_are_not_the_mean_of_all():
    row = rate_basin(assessed(["Ⅱ", "Ⅱ"]), mean_table({"S1": CLEAN})).iloc[0]
    assert pd.isna(row["water_state"]) and "没有可用均值：S2" in row["rate_flag"]


def test_empty_means_are_no_means():
    row = rate_basin(assessed(["Ⅱ", "Ⅱ"]), mean_table({})).iloc[0]
    assert pd.isna(row["water_state"]) and "没有可用均值：S1、S2" in row["rate_flag"]


def test_one_section_alone_is_its_own_class_without_means():
    row = rate_basin(assessed(["Ⅴ", None])).iloc[0]
    assert row["class"] == "Ⅴ" and row["water_state"] == "中度污染"


def test_a_section_that_was_not_judged_does_not_enter_the_mean():
    means = mean_table({"S1": CLEAN, "S2": CLEAN, "S3": {**CLEAN, "tp": 9.0}})
    row = rate_basin(assessed(["Ⅰ", "Ⅰ", None]), means).iloc[0]
    assert row["class"] == "Ⅰ"


def test_items_of_some_sections_only_and_of_another_unit_are_said():
    means = mean_table({"S1": {**CLEAN, "f": 0.5}, "S2": CLEAN})
    assert "氟化物仅1个断面有均值" in rate_basin(assessed(["Ⅰ", "Ⅰ"]), means).iloc[0]["rate_flag"]
    wrong = means.assign(unit=means["unit"].where(means["item"] != "tp", "g/L"))
    row = rate_basin(assessed(["Ⅰ", "Ⅰ"]), wrong).iloc[0]
    assert "总磷单位为g/L，未参加平均" in row["rate_flag"]


def test_a_core_item_without_any_mean_is_said():
    means = mean_table({k: {i: v for i, v in CLEAN.items() if i != "do"} for k in ("S1", "S2")})
    row = rate_basin(assessed(["Ⅰ", "Ⅰ"]), means).iloc[0]
    assert "均值缺溶解氧，类别可能更差" in row["rate_flag"]


def test_detection_limits_that_could_change_the_class_are_said():
    means = mean_table({k: {**CLEAN, "nh3_n": 0.1} for k in ("S1", "S2")})
    high = means["mean"].where(means["item"] != "nh3_n", 0.2)
    row = rate_basin(assessed(["Ⅰ", "Ⅰ"]), means.assign(mean_low=means["mean"], mean_high=high))
    assert row.iloc[0]["class"] == "Ⅰ"
    assert "受检出限影响，类别在Ⅰ与Ⅱ之间" in row.iloc[0]["rate_flag"]


def test_only_the_items_asked_for_enter_the_class_of_a_mean():
    means = mean_table({k: {**CLEAN, "f": 9.0} for k in ("S1", "S2")})
    assert rate_basin(assessed(["Ⅰ", "Ⅰ"]), means).iloc[0]["class"] == "劣Ⅴ"
    assert rate_basin(assessed(["Ⅰ", "Ⅰ"]), means, items="5").iloc[0]["class"] == "Ⅰ"


# --- groups -----------------------------------------------------------------------------------


def test_rivers_and_lakes_are_rated_apart_each_by_its_own_limits():
    table = assessed(["Ⅲ"] * 4, water_type=["river", "river", "lake", "lake"])
    means = mean_table({f"S{k}": {**CLEAN, "tp": 0.1} for k in (1, 2, 3, 4)})
    found = rate_basin(table, means)
    assert found["water_type"].tolist() == ["river", "lake"]
    assert found["class"].tolist() == ["Ⅱ", "Ⅳ"]
    assert "湖库取各点位算术平均（单一来源）" in found["rate_flag"][1]


def test_a_lake_is_a_mean_whatever_its_points_and_several_lakes_have_no_rule():
    table = assessed(["Ⅱ"] * 6, water_type="lake", water_body="白石水库")
    means = mean_table({f"S{k}": CLEAN for k in range(1, 7)})
    assert rate_basin(table, means).iloc[0]["rating_method"] == "均值"
    two = rate_basin(table.assign(water_body=["甲库"] * 3 + ["乙库"] * 3), means).iloc[0]
    assert pd.isna(two["water_state"]) and "含多个湖库" in two["rate_flag"]
    assert two["share_1_3"] == 1.0


def test_together_there_are_shares_and_no_state():
    table = assessed(["Ⅲ", "Ⅳ"] * 3, water_type=["river", "lake"] * 3)
    row = rate_basin(table, by=None, apart=False).iloc[0]
    assert row["water_type"] == "all" and row["share_1_3"] == 0.5
    assert pd.isna(row["water_state"]) and "河流与湖库合计" in row["rate_flag"]


def test_a_registered_section_without_a_row_is_counted():
    sections = pd.DataFrame(
        {"section_code": ["S1", "S2", "S3"], "section_name": list("甲乙丙"), "basin": "大凌河",
         "water_type": "river"}
    )  # fmt: skip
    row = rate_basin(assessed(["Ⅰ"]), sections=sections).iloc[0]
    assert row[["n_sections", "n_judged"]].tolist() == [3, 1]
    assert "未参评2个：乙、丙" in row["rate_flag"]


def test_a_registry_that_knows_time_counts_only_what_is_in_force():
    sections = pd.DataFrame(
        {
            "section_code": ["S1", "S2", "S2", "S3"],
            "water_type": ["river", "river", "lake", "river"],
            "valid_from": pd.to_datetime([None, None, "2025-01-01", "2026-01-01"]),
            "valid_to": pd.to_datetime([None, "2024-12-31", None, None]),
        }
    )
    table = assessed(["Ⅱ", "Ⅱ"]).drop(columns=["basin", "water_type"])
    found = rate_basin(table, by=None, sections=sections)
    assert found["water_type"].tolist() == ["river", "lake"]
    assert found["n_sections"].tolist() == [1, 1]
    held = in_force(sections, [pd.Timestamp("2024-06-01")], [pd.Timestamp("2025-06-01")])
    assert held["row"].tolist() == [0, 1]  # the row in force at the begin
    with pytest.raises(SchemaError, match="S2 has two rows in force at once"):
        rate_basin(table, by=None, sections=sections.drop(columns=["valid_from", "valid_to"]))


def test_a_water_type_that_nobody_says_is_taken_for_a_river_and_said():
    row = rate_basin(assessed(["Ⅱ"]).drop(columns="water_type")).iloc[0]
    assert row["water_type"] == "river" and "水体类型未登记，按河流：S1" in row["rate_flag"]
    with pytest.raises(SchemaError, match="S1 has water_type 'sea'"):
        rate_basin(assessed(["Ⅱ"], water_type="sea"))


def test_the_basin_may_come_from_the_units_and_a_shared_section_counts_once_in_it():
    table = assessed(["Ⅱ", "Ⅲ", "Ⅳ"]).drop(columns="basin")
    units = pd.DataFrame(
        {"unit_code": ["U1", "U2", "U3"], "section_codes": ["S1;S2", "S2", "S2;S3"],
         "basin": ["甲", "甲", "乙"]}
    )  # fmt: skip
    found = rate_basin(table, units=units).set_index("basin")
    assert found["n_sections"].to_dict() == {"甲": 2, "乙": 2}
    by_unit = rate_basin(table, by="unit_code", units=units)
    assert by_unit["n_sections"].tolist() == [2, 1, 2]


def test_groups_by_several_columns_and_several_periods():
    later = (pd.Timestamp("2025-11-01"), pd.Timestamp("2025-12-01"))
    table = pd.concat([assessed(["Ⅱ"]), assessed(["Ⅳ"], period=later)])
    found = rate_basin(table.assign(county="双塔区"), by=["county", "basin"])
    assert found["period"].tolist() == [MONTH[0], later[0]]
    assert found["class"].tolist() == ["Ⅱ", "Ⅳ"]


def test_a_group_that_nothing_names_and_a_row_twice_are_errors_that_say_what_to_do():
    table = assessed(["Ⅱ"])
    with pytest.raises(SchemaError, match="by='county' is a column of neither.*units=plan.units"):
        rate_basin(table, by="county")
    with pytest.raises(SchemaError, match="row 2 judges section S1 again .*2025-10-01"):
        rate_basin(pd.concat([table, table]))
    with pytest.raises(SchemaError, match="assess_sections"):
        rate_basin(table.drop(columns="period"))
    with pytest.raises(SchemaError, match="row 1 has no period"):
        rate_basin(table.assign(period=pd.NaT))
    with pytest.raises(SchemaError, match="row 2 gives tp of section S1 again"):
        rate_basin(
            assessed(["Ⅱ", "Ⅱ"]),
            pd.concat([mean_table({"S1": {"tp": 1}}), mean_table({"S1": {"tp": 1}})]),
        )


def test_targets_are_counted_and_what_has_none_is_said():
    attained = pd.array([True, False, None, True, True, None], dtype="boolean")
    quality = ["assumed", "official", "", "official", "assumed", ""]
    table = assessed(["Ⅱ"] * 5 + [None], attained=attained, target_quality=quality)
    row = rate_basin(table).iloc[0]
    assert row[["n_with_target", "n_attained"]].tolist() == [4, 3]
    assert row["attainment_rate"] == 0.75
    assert (
        "1个参评断面没有目标或不能判定达标" in row["rate_flag"]
        and "2个断面的目标为假定" in row["rate_flag"]
    )


def test_empty_in_empty_out_with_the_same_columns_and_dtypes():
    full = rate_basin(assessed(["Ⅱ"]))
    empty = rate_basin(assessed(["Ⅱ"]).iloc[:0])
    assert list(full.columns) == ["basin", *RATING_COLUMNS]
    assert len(empty) == 0 and (empty.dtypes == full.dtypes).all()
    assert set(full.columns) <= set(COLUMNS)


def test_the_input_is_not_changed():
    table, means = assessed(["Ⅱ", "Ⅲ"]), mean_table({"S1": CLEAN, "S2": CLEAN})
    copies = table.copy(), means.copy()
    rate_basin(table, means)
    pd.testing.assert_frame_equal(table, copies[0])
    pd.testing.assert_frame_equal(means, copies[1])


def test_text_columns_may_be_categories():
    table = assessed(["Ⅱ", "Ⅲ", "Ⅳ"], items_over_3=["", "", "tp"])
    means = mean_table({f"S{k}": CLEAN for k in (1, 2, 3)})
    plain = rate_basin(table, means)
    for frame in (table, means):
        for name in frame.columns:
            if frame[name].dtype == "str":
                frame[name] = frame[name].astype("category")
    pd.testing.assert_frame_equal(rate_basin(table, means), plain)


def test_a_printed_share_is_rounded_half_to_even():
    assert [percent(1, 16), percent(3, 16), percent(2, 3)] == ["6.2%", "18.8%", "66.7%"]


# --- a second route, and invariants ------------------------------------------------------------

classes_or_none = st.lists(st.sampled_from([*CLASSES, None]), min_size=1, max_size=30)


def plain_state(classes):
    """The rule read aloud, in whole percents times n."""
    judged = [CLASSES.index(c) for c in classes if c]
    n, good, worse = len(judged), sum(c <= 2 for c in judged), sum(c == 5 for c in judged)
    if good * 100 >= 90 * n:
        return "优"
    if good * 100 >= 75 * n:
        return "良好"
    if worse * 100 < 20 * n:
        return "轻度污染"
    if worse * 100 < 40 * n:
        return "中度污染"
    return "重度污染"


@settings(max_examples=25)
@given(classes_or_none)
def test_shares_add_up_and_agree_with_the_rule_read_aloud(classes):
    row = rate_basin(assessed(classes)).iloc[0]
    judged = sum(c is not None for c in classes)
    assert row["n_judged"] + row["n_not_judged"] == row["n_sections"] == len(classes)
    assert sum(row[f"n_class_{k}"] for k in range(1, 7)) == judged
    if judged >= 5:
        assert row["water_state"] == plain_state(classes)
        assert 0 <= row["share_1_3"] + row["share_worse_5"] <= 1 + 1e-12


@settings(max_examples=25)
@given(st.lists(st.sampled_from(CLASSES), min_size=5, max_size=15), st.data())
def test_a_worse_section_never_makes_the_state_better(classes, data):
    at = data.draw(st.integers(0, len(classes) - 1))
    worse = data.draw(st.integers(CLASSES.index(classes[at]), 5))
    changed = [*classes[:at], CLASSES[worse], *classes[at + 1 :]]
    before, after = (rate_basin(assessed(c)).iloc[0]["water_state"] for c in (classes, changed))
    assert STATES.index(after) >= STATES.index(before)


@settings(max_examples=25)
@given(classes_or_none, st.randoms())
def test_the_order_of_rows_does_not_matter(classes, random):
    over = ["tp;nh3_n" if c in ("Ⅴ", "劣Ⅴ") else "cod_mn" if c == "Ⅳ" else "" for c in classes]
    table = assessed(classes, items_over_3=over, water_type=[
        ("river", "lake")[k % 3 == 2] for k in range(len(classes))])  # fmt: skip
    order = list(range(len(table)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(rate_basin(table), rate_basin(table.iloc[order]))


DECIMALS = {"ph": 0, "do": 1, "cod_mn": 1, "nh3_n": 2, "tp": 3}


def half_even(value, places):
    text = Decimal(f"{value:.12g}").quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    return float(text)


@settings(max_examples=25)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "ph": st.integers(500, 1000).map(lambda x: x / 100),
                "do": st.integers(10, 100).map(lambda x: x / 10),
                "cod_mn": st.integers(10, 200).map(lambda x: x / 10),
                "nh3_n": st.integers(10, 250).map(lambda x: x / 100),
                "tp": st.integers(1, 500).map(lambda x: x / 1000),
            }
        ),
        min_size=2,
        max_size=4,
    )
)
def test_the_class_of_the_mean_agrees_with_the_class_of_one_reading_of_it(sections):
    means = mean_table({f"S{k}": items for k, items in enumerate(sections, 1)})
    row = rate_basin(assessed(["Ⅲ"] * len(sections)), means).iloc[0]
    averaged = {}
    for item in DECIMALS:
        values = [items[item] for items in sections]
        mean = sum(values) / len(values)
        if item == "ph":
            mean = -math.log10(sum(10**-v for v in values) / len(values))
        averaged[item] = half_even(mean, DECIMALS[item])
    reading = pd.DataFrame(
        {"section_code": "S", "time": MONTH[0], "item": list(averaged), "value": list(averaged.values())}
    )  # fmt: skip
    assert row["class"] == classify(reading).iloc[0]["class"]


@settings(max_examples=20)
@given(st.lists(st.integers(1, 500), min_size=2, max_size=4), st.data())
def test_a_worse_mean_never_makes_the_class_better(values, data):
    def rated(tps):
        items = {f"S{k}": {**CLEAN, "tp": v / 1000} for k, v in enumerate(tps, 1)}
        row = rate_basin(assessed(["Ⅲ"] * len(tps)), mean_table(items)).iloc[0]
        return CLASSES.index(row["class"])

    at = data.draw(st.integers(0, len(values) - 1))
    worse = [*values[:at], values[at] + data.draw(st.integers(0, 500)), *values[at + 1 :]]
    assert rated(worse) >= rated(values)


# --- units --------------------------------------------------------------------------------------

UNITS = pd.DataFrame(
    {"unit_code": ["U1", "U2", "U3", "U4"], "unit_name": list("甲乙丙丁"),
     "section_codes": ["S1", "S2;S3", "S3", None]}
)  # fmt: skip


def unit_rows(classes, attained, **columns):
    goals = pd.array(attained, dtype="boolean")
    return assessed(
        classes, attained=goals, section_name=list("东西南北")[: len(classes)], **columns
    )


def test_a_unit_is_as_its_worst_section_and_attains_only_when_all_do():
    table = unit_rows(["Ⅱ", "Ⅲ", "Ⅴ"], [True, True, False], deciding_items=["", "do", "tp;nh3_n"])
    found = assess_units(table, UNITS).set_index("unit_code")
    assert found["class"].to_dict() | {"U4": None} == {"U1": "Ⅱ", "U2": "Ⅴ", "U3": "Ⅴ", "U4": None}
    assert found.loc["U2", "worst_sections"] == "南"
    assert found.loc["U2", "deciding_items"] == "tp;nh3_n"
    assert found["attained"].tolist()[:3] == [True, False, False]
    assert found.loc["U2", "section_verdicts"] == "西Ⅲ类，达标；南Ⅴ类，未达标"
    assert "断面S3与单元U3共用" in found.loc["U2", "unit_flag"]
    assert "单元没有登记断面" in found.loc["U4", "unit_flag"]
    assert "由最差断面南决定" in found.loc["U2", "why_zh"]


@pytest.mark.parametrize(
    ("attained", "expected"),
    [
        ([True, True], True), ([True, None], None), ([None, False], False), ([False, True], False),
        ([None, None], None),
    ],
)  # fmt: skip
def test_attainment_of_a_unit_knows_what_it_does_not_know(attained, expected):
    table = unit_rows(["Ⅱ" if a is not None else None for a in attained], attained)
    unit = pd.DataFrame({"unit_code": ["U"], "section_codes": ["S1;S2"]})
    found = assess_units(table, unit)["attained"].iloc[0]
    assert found is pd.NA if expected is None else found == expected


def test_a_unit_without_data_keeps_its_row_in_every_period():
    later = (pd.Timestamp("2025-11-01"), pd.Timestamp("2025-12-01"))
    table = pd.concat([unit_rows(["Ⅱ"], [True]), unit_rows(["Ⅱ"], [True], period=later)])
    found = assess_units(table, UNITS)
    assert len(found) == 8
    of_two = found[found["unit_code"] == "U2"]
    assert of_two["class"].isna().all() and (of_two["n_not_judged"] == 2).all()
    assert of_two["unit_flag"].str.contains("断面均无评价结果，不判类别").all()


def test_units_and_registry_that_disagree_are_said():
    sections = pd.DataFrame(
        {"section_code": ["S1", "S2", "S4"], "section_name": ["一", "二", "四"],
         "unit_code": ["U2", "U2", "U4"]}
    )  # fmt: skip
    found = assess_units(unit_rows(["Ⅱ"], [True]), UNITS, sections=sections).set_index("unit_code")
    assert "断面S1在断面表登记于单元U2" in found.loc["U1", "unit_flag"]
    assert "断面表将S1登记于本单元，单元表未列" in found.loc["U2", "unit_flag"]
    assert "断面表没有S3" in found.loc["U3", "unit_flag"]
    assert found.loc["U4", "n_sections"] == 1  # from the registry
    assert found.loc["U2", "section_verdicts"].startswith("二无评价结果")


def test_the_worst_of_each_unit_agrees_with_a_plain_maximum(plan):
    rng = np.random.default_rng(4)
    codes = plan.sections["section_code"].tolist()
    classes = [CLASSES[k] for k in rng.integers(0, 6, len(codes))]
    table = assessed(classes).assign(section_code=codes)
    found = assess_units(table, plan.units, sections=plan.sections)
    assert found["unit_code"].tolist() == plan.units["unit_code"].tolist()
    by_code = dict(zip(codes, classes, strict=True))
    for row in found.itertuples():
        own = plan.sections.loc[plan.sections["unit_code"] == row.unit_code, "section_code"]
        worst = max(CLASSES.index(by_code[code]) for code in own)
        assert found.loc[row.Index, "class"] == CLASSES[worst]


def test_the_bundled_plan_is_rated_by_basin_through_its_units(plan):
    table = assessed(["Ⅲ"] * 14).drop(columns=["basin", "water_type"])
    table["section_code"] = plan.sections["section_code"]
    found = rate_basin(table, sections=plan.sections, units=plan.units)
    assert found["n_sections"].sum() == 14
    assert set(found["basin"]) == set(plan.units["basin"])


def test_empty_assessments_of_units_keep_columns_and_dtypes():
    full, empty = (assess_units(t, UNITS) for t in (unit_rows(["Ⅱ"], [True]), assessed([])))
    assert list(empty.columns) == list(UNIT_COLUMNS) and len(empty) == 0
    assert (full.dtypes == empty.dtypes).all() and set(full.columns) <= set(COLUMNS)
    with pytest.raises(SchemaError, match="unit_code must be unique; twice there: U1"):
        assess_units(assessed(["Ⅱ"]), pd.concat([UNITS, UNITS.iloc[:1]]))


# --- counties -----------------------------------------------------------------------------------

SHARES = pd.DataFrame(
    {"unit_code": ["U1", "U1", "U2", "U9"], "county_code": ["A", "B", "A", "B"],
     "county_name": ["甲县", "乙县", "甲县", "乙县"], "share": [0.25, 0.75, 1.0, 1.0]}
)  # fmt: skip


def test_a_county_answers_for_parts_of_several_units():
    table = unit_rows(["Ⅱ", "Ⅲ", "Ⅴ"], [True, True, False])
    found = assess_counties(table, UNITS, SHARES)
    assert found[["county_code", "unit_code", "share"]].values.tolist()[:3] == [
        ["A", "U1", 0.25], ["B", "U1", 0.75], ["A", "U2", 1.0],
    ]  # fmt: skip
    assert found["class"].tolist()[:3] == ["Ⅱ", "Ⅱ", "Ⅴ"]
    assert found.loc[3, "county_flag"] == "单元表没有该单元"
    assert found.loc[4:, "unit_code"].tolist() == ["U3", "U4"]
    assert (found.loc[4:, "county_code"] == "").all()
    totals = rate_counties(found).set_index("county_code")
    assert totals.loc["A", ["n_units", "n_attained", "n_with_target"]].tolist() == [2, 1, 2]
    assert totals.loc["A", "attainment_rate"] == 0.5
    assert totals.loc["A", "attainment_rate_weighted"] == 0.25 / 1.25
    assert totals.loc["A", "class"] == "Ⅴ" and totals.loc["A", "worst_units"] == "乙"
    assert "U9无评价结果" in totals.loc["B", "county_flag"]
    assert "不属于任何区县" in totals.loc["", "county_flag"]


def test_small_shares_are_left_out_when_asked_and_named():
    table = unit_rows(["Ⅱ", "Ⅲ", "Ⅴ"], [True, True, False])
    found = rate_counties(assess_counties(table, UNITS, SHARES), least_share=0.3)
    row = found.set_index("county_code").loc["A"]
    assert row["n_units"] == 1 and "份额小于0.3未计：U1" in row["county_flag"]
    with pytest.raises(ValueError, match="least_share=30 is no share"):
        rate_counties(assess_counties(table, UNITS, SHARES), least_share=30)


def test_weighted_counts_add_up_to_the_units_over_all_counties():
    table = unit_rows(["Ⅱ", "Ⅲ", "Ⅴ"], [True, True, False])
    totals = rate_counties(assess_counties(table, UNITS, SHARES[SHARES["unit_code"] != "U9"]))
    assert totals["units_weighted"].sum() == 2.0
    assert totals["attained_weighted"].sum() == 1.0


def test_shares_in_percent_twice_or_not_adding_up_are_found():
    table = unit_rows(["Ⅱ"], [True])
    with pytest.raises(SchemaError, match="row 1 of share holds 25; .*not percent"):
        assess_counties(table, UNITS, SHARES.assign(share=SHARES["share"] * 100))
    with pytest.raises(SchemaError, match="row 2 gives county A again for unit U1"):
        assess_counties(table, UNITS, SHARES.assign(county_code="A"))
    found = assess_counties(table, UNITS, SHARES.iloc[:1])
    assert found.loc[0, "county_flag"] == "本单元份额合计0.25，不为1"
    with pytest.raises(SchemaError, match="county_shares"):
        assess_counties(table, UNITS, SHARES.drop(columns="share"))


def test_empty_counties_keep_columns_and_dtypes():
    full = assess_counties(unit_rows(["Ⅱ"], [True]), UNITS, SHARES)
    empty = assess_counties(assessed([]), UNITS, SHARES)
    assert len(empty) == 0 and (full.dtypes == empty.dtypes).all()
    totals = rate_counties(full), rate_counties(empty)
    assert len(totals[1]) == 0 and (totals[0].dtypes == totals[1].dtypes).all()
    assert {*full.columns, *totals[0].columns} <= set(COLUMNS)


def test_a_section_whose_registry_changed_within_a_period_is_refused_with_the_way_out():
    twice = pd.concat([assessed(["Ⅱ"]), assessed(["Ⅲ"])], ignore_index=True)
    with pytest.raises(SchemaError, match="moved or its target changed.*assess months"):
        rate_basin(twice)


def test_the_verdicts_of_the_sections_of_a_unit_are_there_in_english():
    units = pd.DataFrame({"unit_code": ["U1"], "section_codes": ["S1;S2"]})
    row = assess_units(assessed(["Ⅱ"]), units).iloc[0]
    assert row["section_verdicts_en"] == "S1: class Ⅱ, attainment open; S2: no result"
