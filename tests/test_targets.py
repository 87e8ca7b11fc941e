"""Targets by year, steadiness, and what the rest of a year needs: on paper and by brute force."""

import math
from decimal import ROUND_HALF_EVEN, Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoyang_geo import SchemaError, standards
from chaoyang_geo.assess.needed import NEEDED_COLUMNS, NEEDED_VERDICTS, needed_mean
from chaoyang_geo.assess.rounded import highest_mean, lowest_mean
from chaoyang_geo.assess.targets import ATTAIN_COLUMNS, STEADINESS_COLUMNS, attain, steadiness
from chaoyang_geo.rounding import round_half_even
from chaoyang_geo.schema import COLUMNS

SECTIONS = pd.DataFrame(
    {"section_code": ["S1", "S2"], "section_name": ["甲", "乙"], "water_type": ["river", "lake"],
     "target_class": ["Ⅲ", "Ⅱ"], "target_quality": ["assumed", "official"]}
)  # fmt: skip


def monthly(classes, *, code="S1", year=2025, attained=None):
    begin = pd.date_range(f"{year}-01-01", periods=len(classes), freq="MS")
    table = pd.DataFrame({"section_code": code, "period": begin, "class": classes})
    table["period_end"] = table["period"] + pd.DateOffset(months=1)
    if attained is not None:
        table["attained"] = pd.array(attained, dtype="boolean")
    return table


# --- attain -----------------------------------------------------------------------------------


def test_what_an_undecided_item_could_miss_stays_open():
    table = monthly(["Ⅱ", "Ⅱ", "Ⅳ"], attained=[None, True, False]).assign(
        class_best="Ⅰ", class_worst=["Ⅴ", "Ⅲ", "Ⅴ"], items_undecided="tp", target_class="Ⅲ"
    )
    found = attain(table, sections=SECTIONS)
    assert found["attained"].tolist() == [pd.NA, True, False]
    assert found["classes_short"].tolist() == [pd.NA, 0, 1]
    assert "达标与否不能判定" in found["why_zh"].iloc[0]
    # an easier target is met whatever the item is
    targets = pd.DataFrame({"section_code": ["S1"], "year": ["2025"], "target_class": ["Ⅴ"]})
    assert attain(table, targets)["attained"].tolist() == [True, True, True]


def test_the_target_of_the_year_comes_before_the_registry_and_that_before_the_table():
    table = pd.concat([monthly(["Ⅳ"], year=y) for y in (2024, 2025)] + [monthly(["Ⅳ"], code="S9")])
    table["target_class"] = ["Ⅴ", "Ⅴ", "Ⅴ"]
    targets = pd.DataFrame({"section_code": ["S1"], "year": ["2024"], "target_class": ["Ⅳ"]})
    found = attain(table, targets, sections=SECTIONS)
    assert found["target_class"].tolist() == ["Ⅳ", "Ⅲ", "Ⅴ"]
    assert found["target_source"].tolist() == ["年度目标表", "断面表", "评价表"]
    assert found["attained"].tolist() == [True, False, True]
    assert found["classes_short"].tolist() == [0, 1, 0]
    assert found["target_quality"].tolist() == ["", "assumed", ""]
    assert "目标类别为假定" in found["attain_flag"].iloc[1]
    assert found["why_zh"].iloc[1] == "S1 2025年1月：Ⅳ类，目标Ⅲ类（断面表，假定），未达标，差1类。"


def test_rows_order_and_index_are_kept_and_the_input_is_not_changed():
    table = monthly(["Ⅱ", "Ⅳ", None]).set_index(pd.Index([7, 3, 5]))
    copy = table.copy()
    found = attain(table, sections=SECTIONS)
    assert found.index.tolist() == [7, 3, 5]
    assert found["attained"].tolist() == [True, False, pd.NA]
    pd.testing.assert_frame_equal(table, copy)
    assert table.assign(attained=found["attained"])["attained"].tolist() == [True, False, pd.NA]


def test_without_a_class_or_a_target_nothing_is_said_to_attain():
    found = attain(monthly(["Ⅱ", None]))
    assert found["attained"].isna().all() and found["classes_short"].isna().all()
    assert found["attain_flag"].tolist() == ["没有目标类别", "没有目标类别；没有类别"]


def test_detection_limits_that_could_turn_the_verdict_are_said():
    table = monthly(["Ⅲ", "Ⅲ"]).assign(class_best=["Ⅱ", "Ⅱ"], class_worst=["Ⅳ", "Ⅲ"])
    flags = attain(table, sections=SECTIONS.iloc[:1].drop(columns="target_quality"))["attain_flag"]
    assert flags.tolist() == ["受检出限影响，达标与否可能改变", ""]


def test_a_period_over_new_year_takes_the_target_of_its_begin_and_says_so():
    table = pd.DataFrame({"section_code": ["S1"], "period": pd.to_datetime(["2024-11-01"]),
                          "period_end": pd.to_datetime(["2025-04-01"]), "class": ["Ⅳ"]})  # fmt: skip
    targets = pd.DataFrame({"section_code": "S1", "year": [2024, 2025], "target_class": ["Ⅳ", "Ⅲ"]})
    row = attain(table, targets).iloc[0]
    assert row["attained"] and row["attain_flag"] == "时段跨年，按2024年目标"
    whole_year = table.assign(period_end=pd.Timestamp("2025-01-01"))
    assert attain(whole_year, targets)["attain_flag"].item() == ""


def test_a_registry_that_knows_time_gives_the_target_in_force():
    sections = pd.DataFrame(
        {"section_code": ["S1", "S1"], "target_class": ["Ⅳ", "Ⅲ"],
         "valid_from": pd.to_datetime([None, "2025-01-01"]),
         "valid_to": pd.to_datetime(["2024-12-31", None])}
    )  # fmt: skip
    table = pd.concat([monthly(["Ⅳ"], year=2024), monthly(["Ⅳ"], year=2025)])
    assert attain(table, sections=sections)["target_class"].tolist() == ["Ⅳ", "Ⅲ"]


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({"year": ["soon"], "target_class": ["Ⅲ"]}, "row 1 of year holds 'soon'.*write 2025"),
        ({"year": [2025, 2025], "target_class": ["Ⅲ", "Ⅱ"]}, "row 2 gives section S1 a second"),
        ({"year": [2025], "target_class": ["Ⅶ"]}, "row 1 of target_class holds 'Ⅶ'"),
        ({"year": [2025]}, "column target_class .* is missing"),
    ],
)
def test_a_table_of_targets_that_cannot_be_is_refused(targets, message):
    with pytest.raises(SchemaError, match=message):
        attain(monthly(["Ⅲ"]), pd.DataFrame({"section_code": "S1", **targets}))


def test_empty_targets_and_assessments():
    full, empty = attain(monthly(["Ⅲ"])), attain(monthly([]))
    assert list(empty.columns) == list(ATTAIN_COLUMNS) and len(empty) == 0
    assert (full.dtypes == empty.dtypes).all() and set(full.columns) <= set(COLUMNS)


# --- steadiness ---------------------------------------------------------------------------------


def steady(attained, **options):
    return steadiness(monthly(["Ⅲ"] * len(attained), attained=attained), **options).iloc[0]


@pytest.mark.parametrize(
    ("n_attained", "expected"), [(12, "稳定达标"), (9, "稳定达标"), (8, "不稳定达标"),
                                 (1, "不稳定达标"), (0, "不达标")],
)  # fmt: skip
def test_steadiness_of_a_full_year(n_attained, expected):
    row = steady([True] * n_attained + [False] * (12 - n_attained), months=9)
    assert row["steadiness"] == expected
    assert row[["n_months", "n_attained", "n_missed", "n_unknown"]].tolist() == [
        12, n_attained, 12 - n_attained, 0,
    ]  # fmt: skip
    assert "达标月数不少于9个为稳定达标" in row["steady_definition"]
    assert "未见条文" in row["steady_definition"]


def test_months_must_be_given_and_sensible():
    with pytest.raises(TypeError):
        steadiness(monthly(["Ⅲ"], attained=[True]))
    for wrong in (0, 13, 9.5, True):
        with pytest.raises(ValueError, match="not a number of months from 1 to 12; no rule text"):
            steady([True], months=wrong)
    with pytest.raises(ValueError, match="least_months=7 is not a number of months from 1 to 6"):
        steady([True], months=6, least_months=7)


def test_months_that_are_not_known_leave_the_verdict_open_until_they_cannot_change_it():
    assert pd.isna(steady([True] * 8, months=9)["steadiness"])
    assert "已达标8个月，最多可达12个月" in steady([True] * 8, months=9)["steady_flag"]
    assert steady([True] * 9, months=9)["steadiness"] == "稳定达标"
    assert steady([True] + [False] * 4, months=9)["steadiness"] == "不稳定达标"  # 8 at most
    gaps = [True] * 8 + [None] * 4
    assert pd.isna(steady(gaps, months=9)["steadiness"])
    assert steady(gaps, months=9, missing="left_out")["steadiness"] == "不稳定达标"
    assert steady(gaps, months=8, missing="left_out")["n_unknown"] == 4


def test_a_year_that_misses_its_target_is_not_attained_whatever_its_months():
    months = monthly(["Ⅲ"] * 12, attained=[True] * 11 + [False])
    year = pd.DataFrame({"section_code": ["S1"], "period": pd.to_datetime(["2025-01-01"]),
                         "class": ["Ⅳ"]})  # fmt: skip
    for attained, expected in ((False, "不达标"), (True, "稳定达标"), (None, None)):
        goals = pd.array([attained], dtype="boolean")
        row = steadiness(months, months=9, yearly=year.assign(attained=goals)).iloc[0]
        assert pd.isna(row["steadiness"]) if expected is None else row["steadiness"] == expected
    assert "没有年度达标与否的结论" in row["steady_flag"]
    assert "年度未达标为不达标" in row["steady_definition"]


def test_years_and_sections_are_told_apart_and_other_periods_refused():
    table = pd.concat([
        monthly(["Ⅲ"] * 12, year=y, code=c, attained=[True] * 12)
        for c in ("S2", "S1") for y in (2025, 2024)
    ])  # fmt: skip
    found = steadiness(table, months=12)
    pairs = found[["section_code", "year"]].values.tolist()
    assert pairs == [["S2", 2024], ["S2", 2025], ["S1", 2024], ["S1", 2025]]
    quarter = monthly(["Ⅲ"], attained=[True]).assign(period_end=pd.Timestamp("2025-04-01"))
    with pytest.raises(SchemaError, match='row 1 .*no month; assess with period="month"'):
        steadiness(quarter, months=9)


def test_empty_steadiness_keeps_columns_and_dtypes():
    full = steadiness(monthly(["Ⅲ"], attained=[True]), months=1)
    empty = steadiness(monthly([], attained=[]), months=1)
    assert list(empty.columns) == list(STEADINESS_COLUMNS) and len(empty) == 0
    assert (full.dtypes == empty.dtypes).all() and set(full.columns) <= set(COLUMNS)


@settings(max_examples=40)
@given(st.lists(st.sampled_from([True, False, None]), min_size=12, max_size=12),
       st.integers(1, 12))  # fmt: skip
def test_an_open_verdict_is_open_because_the_gaps_could_turn_it(attained, months):
    verdict = steady(attained, months=months)["steadiness"]

    def closed(fill):
        n = sum(fill if a is None else a for a in attained)
        return "稳定达标" if n >= months else "不稳定达标" if n >= 1 else "不达标"

    ends = {closed(True), closed(False)}
    if pd.isna(verdict):
        assert len(ends) == 2
    else:
        assert ends == {verdict}


# --- rounding, exactly ----------------------------------------------------------------------------


def rounded(value, places):
    """GB/T 8170 in decimal arithmetic, at least one digit."""
    number = Decimal(value)
    out = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    if out == 0 and number != 0:
        out = number.quantize(Decimal(1).scaleb(number.adjusted()), ROUND_HALF_EVEN)
    return out


@given(st.integers(1, 400), st.integers(0, 3), st.integers(1, 4), st.integers(-60, 60))
def test_the_ends_of_the_means_that_meet_a_limit(limit, decimals, limit_places, near):
    bound = Decimal(limit).scaleb(-limit_places)
    step = Decimal(1).scaleb(-max(decimals, limit_places) - 2)
    for ends, meets in (
        (highest_mean(float(bound), decimals), lambda v: rounded(v, decimals) <= bound),
        (lowest_mean(float(bound), decimals), lambda v: rounded(v, decimals) >= bound),
    ):
        end, there = ends
        middle = Decimal(end.numerator) / Decimal(end.denominator)
        value = middle + near * step
        if value <= 0:
            continue
        inside = value < middle if ends == highest_mean(float(bound), decimals) else value > middle
        expected = there if value == middle else inside
        assert meets(value) == expected, (bound, decimals, value, ends)


@pytest.mark.parametrize(
    ("limit", "decimals", "end", "there"),
    [
        (0.2, 3, 0.2005, True),  # 0.200 ends even: 0.2005 rounds to 0.200
        (0.15, 2, 0.155, False),  # 0.155 rounds to 0.16
        (6, 1, 6.05, True),
        (1.0, None, 1.0, True),
        (0.0004, 3, 0.00045, True),  # would become 0: one digit is kept
        (0.0007, 3, 0.0005, True),  # above it, 0.001
    ],
)
def test_highest_means_on_paper(limit, decimals, end, there):
    found = highest_mean(limit, decimals)
    assert (float(found[0]), found[1]) == (end, there)


# --- needed_mean --------------------------------------------------------------------------------


def means(values, *, item="tp", code="S1", year=2025, first=1):
    begin = pd.date_range(f"{year}-{first:02d}-01", periods=len(values), freq="MS")
    table = pd.DataFrame({"section_code": code, "period": begin, "item": item, "mean": values})
    return table.assign(period_end=table["period"] + pd.DateOffset(months=1))


def needed(table, *, item="tp", sections=SECTIONS, year=2025, **options):
    found = needed_mean(table, sections=sections, year=year, items=[item], **options)
    return found[found["section_code"] == "S1"].iloc[0]


def test_what_the_rest_must_average_on_paper():
    # limit 0.2; 12 x 0.2005 = 2.406; 9 months of 0.21 are 1.89; 0.516 in 3 months are 0.172
    row = needed(means([0.21] * 9))
    assert row["n_months"] == 9 and row["n_left"] == 3
    assert row["mean_so_far"] == 0.21 and row["limit_high"] == 0.2
    assert row["needed_high"] == 0.172 and row["high_included"]
    assert math.isnan(row["needed_low"]) and pd.isna(row["low_included"])
    assert row["needed_verdict"] == "历史最好月亦不够" and row["possible"]
    assert "余下月份平均须≤0.172 mg/L" in row["why_zh"]
    assert "年均值为各月均值的算术平均（未核实）" in row["needed_basis"]
    assert "目标类别为假定" in row["needed_flag"]


def test_no_longer_possible():
    row = needed(means([0.5] * 6))  # 3.0 is more than 2.406
    assert row["needed_verdict"] == "已不可能" and not row["possible"]
    assert row["needed_high"] < 0 and "已不可能" in row["why_zh"]


def test_nothing_at_all_may_be_left_of_the_sum():
    # cod_mn: limit 6, one decimal: 6.05 meets (even); 12 x 6.05 = 72.6 = 6 x 12.1
    row = needed(means([12.1] * 6, item="cod_mn"), item="cod_mn")
    assert row["needed_high"] == 0 and row["possible"] and row["high_included"]
    # nh3_n for Ⅰ: 0.15 ends odd, so 0.155 itself does not meet: 1.86 = 6 x 0.31
    sections = SECTIONS.assign(target_class="Ⅰ")
    row = needed(means([0.31] * 6, item="nh3_n"), item="nh3_n", sections=sections)
    assert row["needed_high"] == 0 and not row["possible"]


def test_dissolved_oxygen_must_not_fall_below():
    # limit 5: 4.95 rounds to 5.0 (0 is even); 12 x 4.95 = 59.4
    row = needed(means([4.0] * 6, item="do"), item="do")
    assert row["needed_low"] == 5.9 and row["low_included"] and math.isnan(row["needed_high"])
    free = needed(means([12.0] * 6, item="do"), item="do")
    assert free["needed_verdict"] == "任意值均可" and free["needed_low"] < 0
    high = needed(means([1.0] * 11, item="do"), item="do")
    assert high["needed_low"] == 48.4 and "高于可信上限30（假定）" in high["needed_flag"]


def test_a_section_without_any_mean_so_far_still_has_a_year_to_come():
    row = needed(means([float("nan")] * 2))
    # January and February are over, though nothing was measured
    assert (row["n_months"], row["n_left"], row["needed_high"]) == (0, 10, 0.2005)
    assert row["needed_verdict"] == "尚有可能"
    row = needed(means([0.1], first=8), through=6)
    assert (row["n_months"], row["n_left"]) == (0, 6)
    assert row["needed_flag"].startswith("目标类别为假定；没有月均值")


def test_ph_goes_through_the_hydrogen_ion_and_has_two_ends():
    row = needed(means([7.0] * 6, item="ph"), item="ph")
    ion = (12 * 10**-5.5 - 6 * 10**-7.0) / 6
    assert row["needed_low"] == pytest.approx(-math.log10(ion), abs=1e-12)
    assert math.isnan(row["needed_high"])  # six neutral months outweigh any lye
    assert row["needed_verdict"] == "尚有可能" and math.isnan(row["best_seen"])
    sour = needed(means([4.0] * 6, item="ph"), item="ph")
    assert sour["needed_verdict"] == "已不可能"
    lye = needed(means([9.6] * 6, item="ph"), item="ph")
    ion = (12 * 10**-9.5 - 6 * 10**-9.6) / 6
    assert lye["needed_high"] == pytest.approx(-math.log10(ion), abs=1e-12)
    assert not lye["high_included"]


def test_a_year_that_is_over_is_judged_by_its_rounded_mean():
    assert needed(means([0.2005] * 12))["needed_verdict"] == "已达到"
    assert needed(means([0.2006] * 12))["needed_verdict"] == "未达到"
    assert needed(means([8.0] * 12, item="ph"), item="ph")["needed_verdict"] == "已达到"


def test_history_says_how_likely_it_is():
    past = means([0.18, 0.19, 0.21], year=2024)
    row = needed(pd.concat([past, means([0.19] * 6)]))
    assert row["needed_high"] == 0.211 and row["worst_seen"] == 0.21
    assert row["needed_verdict"] == "历史最差月亦可"
    row = needed(pd.concat([past, means([0.205] * 6)]))
    assert row["best_seen"] == 0.18 and row["needed_verdict"] == "尚有可能"


def test_lost_months_do_not_count_and_are_named():
    row = needed(means([0.2, None, 0.2, 0.2]))
    assert row["n_months"] == 3 and row["n_left"] == 8 and "缺2月" in row["needed_flag"]
    assert row["needed_high"] == pytest.approx((11 * 0.2005 - 0.6) / 8, abs=1e-15)


def test_as_of_a_month_and_with_fewer_months_to_come():
    row = needed(means([0.2] * 9), through=6, months_left=2)
    assert row["n_months"] == 6 and row["n_left"] == 2
    assert row["needed_high"] == pytest.approx((8 * 0.2005 - 1.2) / 2, abs=1e-15)
    nothing = needed(means([0.2], year=2024))
    assert nothing["n_months"] == 0 and nothing["needed_high"] == 0.2005
    for name, wrong in (("through", 13), ("months_left", -1), ("year", "2025")):
        with pytest.raises(ValueError, match=name):
            needed(means([0.2]), **{name: wrong})


def test_each_reading_may_weigh_the_same():
    table = means([0.1, 0.3]).assign(n=[3, 1])  # 0.6 over 4 readings, 2 each month to come
    row = needed(table, year_mean="readings")
    assert row["mean_so_far"] == 0.15
    assert row["needed_high"] == pytest.approx((24 * 0.2005 - 0.6) / 20, abs=1e-15)
    assert "全年读数的算术平均" in row["needed_basis"]
    with pytest.raises(SchemaError, match="needs the column n"):
        needed(means([0.1]), year_mean="readings")


def test_the_target_of_the_year_and_the_limits_of_the_lake():
    targets = pd.DataFrame({"section_code": ["S1"], "year": [2025], "target_class": ["Ⅱ"]})
    table = pd.concat([means([0.1]), means([0.02], code="S2")])
    found = needed_mean(table, targets, SECTIONS, year=2025, items=["tp"])
    assert found["limit_high"].tolist() == [0.1, 0.025]
    assert found["section_name"].tolist() == ["甲", "乙"]


def test_what_cannot_be_answered_keeps_its_row_and_says_why():
    bare = needed_mean(means([0.1]), year=2025, items=["tp"]).iloc[0]
    assert bare["needed_flag"] == "没有目标类别；水体类型未登记，按河流限值"
    assert pd.isna(bare["possible"]) and pd.isna(bare["needed_verdict"])
    worst = needed(means([0.1]), sections=SECTIONS.assign(target_class="劣Ⅴ"))
    assert "目标劣Ⅴ类没有该指标的限值" in worst["needed_flag"]
    wrong = needed(means([0.1]).assign(unit="g/L"))
    assert "单位为g/L的月均值未计入" in wrong["needed_flag"] and wrong["n_months"] == 0
    with pytest.raises(SchemaError, match="which is no month"):
        needed(means([0.1]).assign(period_end=pd.Timestamp("2026-01-01")))


def test_core_items_have_a_row_even_without_any_mean():
    found = needed_mean(pd.concat([means([0.1]), means([5.0], item="tn")]),
                        sections=SECTIONS, year=2025)  # fmt: skip
    assert found["item"].tolist() == list(standards.CORE_ITEMS)  # total nitrogen is not judged
    assert "没有月均值" in found.set_index("item").loc["do", "needed_flag"]


def test_a_year_that_was_dry_to_its_end_has_nothing_left():
    dry = means([float("nan")] * 12)
    row = needed(dry)
    assert (row["n_months"], row["n_left"]) == (0, 0)
    assert pd.isna(row["possible"]) and pd.isna(row["needed_verdict"])
    assert "已无余下月份" in row["why_zh"]


def test_any_mean_meets_a_target_of_the_worst_class():
    open_year = needed(means([0.9] * 6), sections=SECTIONS.assign(target_class="劣Ⅴ"))
    assert (open_year["possible"], open_year["needed_verdict"]) == (True, "任意值均可")
    assert open_year["why_zh"].endswith("目标劣Ⅴ类没有限值，任意值均可。")
    assert open_year["why_en"].endswith("Target worse than class Ⅴ: no limit, any value will do.")
    over = needed(means([0.9] * 12), sections=SECTIONS.assign(target_class="劣Ⅴ"))
    assert over["needed_verdict"] == "已达到"


def test_empty_means_keep_columns_and_dtypes():
    full = needed_mean(means([0.1]), sections=SECTIONS, year=2025)
    empty = needed_mean(means([0.1]).iloc[:0], sections=SECTIONS, year=2025)
    assert list(empty.columns) == list(NEEDED_COLUMNS) and len(empty) == 0
    assert (full.dtypes == empty.dtypes).all() and set(full.columns) <= set(COLUMNS)


DECIMALS = {"tp": 3, "nh3_n": 2, "cod_mn": 1, "do": 1}


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(DECIMALS)),
    st.sampled_from(["Ⅱ", "Ⅲ", "Ⅳ"]),
    st.lists(st.integers(1, 300), min_size=1, max_size=11),
    st.lists(st.integers(0, 400), min_size=11, max_size=11),
)
def test_simulating_the_remaining_months_gives_the_same_answer(item, target, done, rest):
    scale = {"tp": 1000, "nh3_n": 100, "cod_mn": 20, "do": 20}[item]
    values = [Decimal(v) / scale for v in done]
    row = needed(means([float(v) for v in values], item=item), item=item,
                 sections=SECTIONS.assign(target_class=target))  # fmt: skip
    rest = [Decimal(v) / scale for v in rest[: 12 - len(done)]]
    limit = Decimal(str(row["limit_low"] if item == "do" else row["limit_high"]))

    def attains(remaining):
        mean = (sum(values) + sum(remaining)) / 12
        number = rounded(mean, DECIMALS[item])
        assert float(number) == round_half_even([float(mean)], DECIMALS[item])[0]
        return number >= limit if item == "do" else number <= limit

    average = float(sum(rest) / len(rest))
    if item == "do":
        margin = average - row["needed_low"]
        included = row["low_included"]
    else:
        margin = row["needed_high"] - average
        included = row["high_included"]
    expected = included if abs(margin) < 1e-12 else margin > 0
    assert attains(rest) == expected
    zero = attains([Decimal(0)] * len(rest))
    if item != "do":
        assert row["possible"] == zero  # nothing is better than none of it
    elif row["needed_verdict"] == "任意值均可":
        assert zero
    assert row["needed_verdict"] in NEEDED_VERDICTS


@settings(max_examples=40)
@given(
    st.lists(st.integers(500, 1000), min_size=1, max_size=11),
    st.lists(st.integers(400, 1100), min_size=11, max_size=11),
)
def test_simulating_the_remaining_months_of_ph_gives_the_same_answer(done, rest):
    values = [v / 100 for v in done]
    rest = [v / 100 for v in rest[: 12 - len(done)]]
    row = needed(means(values, item="ph"), item="ph")

    def acid(numbers):
        return -math.log10(math.fsum(10**-v for v in numbers) / len(numbers))

    average, year = acid(rest), acid([*values, *rest])
    if min(abs(year - 5.5), abs(year - 9.5)) < 1e-9:
        return
    low = row["needed_low"] if row["possible"] else math.inf
    inside = average >= (low if low == low else -math.inf)
    if row["needed_high"] == row["needed_high"]:
        inside = inside and average <= row["needed_high"]
    assert inside == (6 <= round_half_even([year], 0)[0] <= 9)
