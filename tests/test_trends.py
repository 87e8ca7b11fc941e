import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from chaoyang_geo import SchemaError, standards
from chaoyang_geo.schema import CLASSES, COLUMNS
from chaoyang_geo.trends import compare_periods, compare_shares, trend
from chaoyang_geo.trends import ranks as rank_statistics

NAN = float("nan")


def years(values, *, item="tp", unit="mg/L", first=2015, **columns):
    begins = pd.to_datetime([f"{first + k}-01-01" for k in range(len(values))])
    return pd.DataFrame(
        {
            "section_code": "S1",
            "period": begins,
            "period_end": begins + pd.DateOffset(years=1),
            "item": item,
            "unit": unit,
            "mean": values,
            **columns,
        }
    ).dropna(subset=["mean"])


def months(values, *, section="S1", item="tp", first="2015-01", **columns):
    begins = pd.date_range(first, periods=len(values), freq="MS")
    return pd.DataFrame(
        {
            "section_code": section,
            "period": begins.astype("datetime64[s]"),
            "period_end": (begins + pd.DateOffset(months=1)).astype("datetime64[s]"),
            "item": item,
            "unit": "mg/L",
            "mean": values,
            **columns,
        }
    ).dropna(subset=["mean"])


def below(limits):
    """Columns of means that all lie below these detection limits (NaN: a number)."""
    limits = np.asarray(limits, float)
    censored = ~np.isnan(limits)
    return {"n": 1, "n_censored": censored.astype(int)}, censored, limits


def with_limits(frame, limits):
    extra, censored, limits = below(limits)
    value = frame["mean"].to_numpy()
    return frame.assign(
        **extra,
        mean=np.where(censored, limits / 2, value),
        mean_low=np.where(censored, 0.0, value),
        mean_high=np.where(censored, limits, value),
    )


# --- Spearman, on paper -----------------------------------------------------------------------


def test_spearman_by_hand():
    # ranks of the values: 6 5 3 4 2 1, d = -5 -3 0 0 3 5, sum of squares 68
    row = trend(years([0.30, 0.28, 0.25, 0.26, 0.22, 0.20])).iloc[0]
    assert row["statistic"] == pytest.approx(1 - 6 * 68 / (6**3 - 6))
    assert (row["trend_direction"], row["significance"], row["meaning"]) == (
        "下降",
        "极显著",
        "变好",
    )
    assert row["n_periods"] == 6 and row["p_sides"] == 1
    assert row["trend_flag"] == ""
    assert "临界值表" in row["criterion"] and "未核实" in row["why_zh"]
    assert "unverified" in row["why_en"]


def test_a_value_on_the_printed_critical_value_is_significant():
    # N = 6, sum of d^2 = 6: rs = 29/35 = 0.82857, printed 0.829
    values = next(
        order
        for order in itertools.permutations(range(1, 7))
        if sum((v - k) ** 2 for k, v in enumerate(order, 1)) == 6
    )
    row = trend(years([float(v) for v in values])).iloc[0]
    assert row["statistic"] == pytest.approx(29 / 35)
    assert row["trend_direction"] == "上升" and row["significance"] == "显著"


def test_the_exact_p_agrees_with_every_critical_value_of_the_table():
    # |rs| at the critical value has p <= level, the next smaller rs has p > level
    for row in standards.spearman_critical().itertuples():
        if row.n > rank_statistics.EXACT_SPEARMAN:
            continue
        known, upper = rank_statistics._spearman_tail(row.n)
        for critical, level in ((row.critical_0_05, 0.05), (row.critical_0_01, 0.01)):
            meets = np.round(known, 3) >= critical
            assert (upper[meets] <= level).all() and (upper[~meets] > level).all()


@given(st.lists(st.integers(0, 30), min_size=5, max_size=45))
@settings(max_examples=60)
def test_spearman_agrees_with_scipy(values):
    frame = years([float(v) for v in values], first=1950)
    row = trend(frame).iloc[0]
    if len(set(values)) == 1:
        assert math.isnan(row["statistic"]) and row["trend_direction"] == "无显著趋势"
        return
    rival = stats.spearmanr(np.arange(len(values)), values)
    assert row["statistic"] == pytest.approx(rival.statistic, abs=1e-9)
    tied = len(set(values)) < len(values)
    if tied or len(values) > rank_statistics.EXACT_SPEARMAN:
        assert row["p_value"] == pytest.approx(rival.pvalue / 2, abs=1e-9)
    assert ("按平均秩" in row["trend_flag"]) == tied


def test_beyond_the_table_the_criterion_says_so():
    row = trend(years([float(v) for v in range(31)], first=1980)).iloc[0]
    assert "临界值表未列" in row["criterion"] and "t分布" in row["criterion"]
    legacy = trend(years([3.0, 2.0, 1.0, 5.0, 4.0]), critical="legacy").iloc[0]
    assert "未核实" in legacy["criterion"]


# --- Mann-Kendall -----------------------------------------------------------------------------


def test_mann_kendall_by_hand():
    # 1 3 2 4 5: nine rising pairs, one falling, S = 8; P(S >= 8) = (1 + 4)/120
    row = trend(years([1.0, 3.0, 2.0, 4.0, 5.0]), method="mann_kendall").iloc[0]
    assert row["statistic"] == 8
    assert row["p_value"] == pytest.approx(2 * 5 / 120)
    # slopes: 2 .5 1 1 / -1 .5 2/3 / 2 1.5 / 1 sorted: -1 .5 .5 2/3 1 1 1 1.5 2 2
    assert row["slope_per_year"] == pytest.approx(1.0)
    assert row["trend_direction"] == "无显著趋势" and row["meaning"] == ""


@given(st.lists(st.integers(0, 8), min_size=5, max_size=30))
@settings(max_examples=60)
def test_mann_kendall_agrees_with_scipy(values):
    row = trend(years([float(v) for v in values], first=1950), method="mann_kendall").iloc[0]
    pairs = itertools.combinations(values, 2)
    assert row["statistic"] == sum(np.sign(b - a) for a, b in pairs)
    if len(set(values)) == len(values) and len(values) <= 10:
        rival = stats.kendalltau(np.arange(len(values)), values, method="exact")
        assert row["p_value"] == pytest.approx(rival.pvalue)
    slope = stats.theilslopes(values, np.arange(len(values))).slope
    assert row["slope_per_year"] == pytest.approx(slope, abs=1e-9)


def test_the_seasonal_test_agrees_with_pymannkendall():
    rival = pytest.importorskip("pymannkendall", reason="the rival library is not installed")
    draw = np.random.default_rng(4)
    season = 0.2 * np.sin(np.arange(120) / 12 * 2 * np.pi)
    for slope in (-0.003, 0.0, 0.001):
        values = np.round(0.5 + season + slope * np.arange(120) + draw.normal(0, 0.05, 120), 2)
        row = trend(months(values), method="seasonal_kendall").iloc[0]
        other = rival.seasonal_test(values, period=12)
        assert row["statistic"] == other.s
        assert row["p_value"] == pytest.approx(other.p, abs=1e-12)
        assert row["slope_per_year"] == pytest.approx(rival.seasonal_sens_slope(values, 12).slope)
        plain = trend(months(values), method="mann_kendall").iloc[0]
        other = rival.original_test(values)
        assert plain["statistic"] == other.s
        assert plain["p_value"] == pytest.approx(other.p, abs=1e-12)
        assert plain["slope_per_year"] == pytest.approx(12 * other.slope)


def test_the_variance_is_that_of_all_orders_even_of_intervals():
    # enumerate: scores of intervals that only partly order, over all 5! orders in time
    low = np.array([0.0, 0.0, 0.3, 0.1, 0.5])
    high = np.array([0.2, 0.05, 0.3, 0.4, 0.5])

    def s_of(order):
        lo, hi = low[list(order)][None], high[list(order)][None]
        return rank_statistics._compared(lo, hi)[0][0]

    every = [s_of(order) for order in itertools.permutations(range(5))]
    assert np.mean(every) == pytest.approx(0)
    assert rank_statistics._compared(low[None], high[None])[1][0] == pytest.approx(np.var(every))


def test_missing_months_are_gaps_and_counted():
    values = np.arange(36, dtype=float)
    values[[3, 4, 20]] = NAN
    row = trend(months(values), method="seasonal_kendall").iloc[0]
    assert (row["n_periods"], row["n_periods_missing"]) == (33, 3)
    assert row["slope_per_year"] == pytest.approx(12.0)
    assert row["trend_direction"] == "上升" and row["meaning"] == "变差"


def test_a_row_without_a_mean_is_a_gap_too():
    frame = months(np.arange(30, dtype=float))
    frame.loc[5, "mean"] = NAN
    row = trend(frame, method="seasonal_kendall").iloc[0]
    assert (row["n_periods"], row["n_periods_missing"]) == (29, 1)


# --- what lies below detection ----------------------------------------------------------------


def test_a_falling_detection_limit_alone_is_no_trend_that_can_be_decided():
    frame = with_limits(years([1.0] * 10), [0.05] * 5 + [0.01] * 5)
    for method in ("spearman", "mann_kendall"):
        row = trend(frame, method=method).iloc[0]
        assert row["trend_direction"] == "不能判定"
        assert "检出限" in row["trend_flag"] and row["meaning"] == ""
        assert row["n_periods_censored"] == 10


def test_values_below_a_falling_limit_with_some_numbers_cannot_be_decided():
    # numbers 0.02 among <0.05 that become <0.01: with the limit falling, with zero not
    frame = years([1, 1, 1, 1, 0.02, 1, 1, 1, 1, 1.0])
    frame = with_limits(frame, [0.05, 0.05, 0.05, 0.05, NAN, 0.01, 0.01, 0.01, 0.01, 0.01])
    row = trend(frame, method="mann_kendall").iloc[0]
    assert row["trend_direction"] == "不能判定" and "受检出限影响，不能判定" in row["trend_flag"]
    assert row["slope_low"] < row["slope_high"]


def test_a_strong_trend_stays_one_with_values_below_detection():
    frame = years([1, 1, 1, 0.03, 0.05, 0.08, 0.1, 0.2, 0.3, 0.4])
    frame = with_limits(frame, [0.01, 0.01, 0.01] + [NAN] * 7)
    row = trend(frame, method="mann_kendall").iloc[0]
    # 45 pairs, three of them ties below the limit
    assert row["statistic"] == 42
    assert row["trend_direction"] == "上升" and row["significance"] == "极显著"
    assert row["slope_low"] <= row["slope_per_year"] <= row["slope_high"]
    assert "3个时段含低于检出限的读数" in row["trend_flag"]


def test_a_number_below_a_higher_limit_ties_with_it():
    frame = with_limits(years([0.015, 1, 1, 0.3, 0.4]), [NAN, 0.025, 0.01, NAN, NAN])
    # 0.015 > <0.01 falls; <0.025 ties with both; 0.3 and 0.4 above all, 0.4 above 0.3
    assert trend(frame, method="mann_kendall").iloc[0]["statistic"] == 6 + 1 - 1


def test_a_value_on_the_limit_is_above_what_lies_below_it():
    frame = with_limits(years([1, 0.01, 1, 0.01, 0.02]), [0.01, NAN, 0.01, NAN, NAN])
    # pairs: <.01-.01 +, <.01-<.01 0, <.01-.01 +, + ; .01-<.01 -, .01-.01 0, + ; + + ; +
    assert trend(frame, method="mann_kendall").iloc[0]["statistic"] == 7 - 1


def test_means_with_values_below_detection_need_their_bounds():
    frame = years([1.0, 2, 3, 4, 5], n_censored=[0, 1, 0, 0, 0])
    with pytest.raises(SchemaError, match="mean_low"):
        trend(frame)


# --- direction, meaning, flags ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "meaning"),
    [("do", "变好"), ("tp", "变差"), ("ph", ""), ("conductivity", ""), ("transparency", "变好")],
)
def test_what_rising_means_depends_on_the_item(item, meaning):
    row = trend(years([1.0, 2, 3, 4, 5, 6], item=item)).iloc[0]
    assert row["trend_direction"] == "上升" and row["meaning"] == meaning


def test_too_few_periods_are_not_tested():
    row = trend(years([1.0, 2, 3, 4])).iloc[0]
    assert row["trend_direction"] == "不能判定" and "少于5个" in row["trend_flag"]
    assert math.isnan(row["p_value"]) and row["criterion"] == "" and row["significance"] == ""
    assert trend(years([1.0, 2, 3, 4]), min_n=4, method="mann_kendall").iloc[0]["n_periods"] == 4


def test_months_without_seasons_and_linked_periods_are_flagged():
    values = np.repeat(np.arange(6, dtype=float), 6) % 2 + np.linspace(0, 0.1, 36)
    row = trend(months(values)).iloc[0]
    assert "未扣除季节变化" in row["trend_flag"] and "残差相关" in row["trend_flag"]
    assert row["lag_1"] > 0.5


def test_alpha_decides_the_direction():
    frame = years([1.0, 3, 2, 4, 5, 6, 5.5])
    p = trend(frame, method="mann_kendall").iloc[0]["p_value"]
    assert 0.001 < p < 0.05
    loose = trend(frame, method="mann_kendall", alpha=0.05).iloc[0]
    strict = trend(frame, method="mann_kendall", alpha=0.01).iloc[0]
    assert loose["trend_direction"] == "上升"
    assert strict["trend_direction"] == ("上升" if p < 0.01 else "无显著趋势")


def test_days_have_no_seasons():
    frame = months([1.0] * 60).assign(
        period=pd.date_range("2024-01-01", periods=60).astype("datetime64[s]")
    )
    with pytest.raises(ValueError, match="come back every year"):
        trend(frame, method="seasonal_kendall")


def test_a_section_twice_in_a_period_is_an_error():
    frame = years([1.0, 2, 3])
    with pytest.raises(SchemaError, match=r"row 4 repeats section_code S1, item tp"):
        trend(pd.concat([frame, frame.head(1)], ignore_index=True))


def test_options_are_checked():
    frame = years([1.0, 2, 3])
    for wrong in ({"method": "sen"}, {"alpha": 0.1}, {"critical": "x"}, {"min_n": 2}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            trend(frame, **wrong)
    with pytest.raises(SchemaError, match="mean_readings"):
        trend(frame.drop(columns="mean"))


def test_an_empty_table_gives_an_empty_trend_of_the_same_columns():
    full, empty = trend(years([1.0, 2, 3, 4, 5])), trend(years([1.0]).iloc[:0])
    assert len(empty) == 0 and list(empty.columns) == list(full.columns)
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_the_input_is_not_changed_and_categories_are_taken():
    frame = pd.concat([years([1.0, 2, 3, 4, 5]), years([5.0, 4, 3, 2, 1], item="do")])
    frame = frame.astype({"section_code": "category", "item": "category", "unit": "category"})
    before = frame.copy()
    result = trend(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert result["item"].tolist() == ["tp", "do"]
    assert result["meaning"].tolist() == ["变差", "变差"]


@given(st.lists(st.floats(0.01, 10), min_size=5, max_size=14, unique=True), st.randoms())
@settings(max_examples=40)
def test_order_of_rows_scale_and_reversal(values, random):
    frame = years(values, first=1980)
    row = trend(frame).iloc[0]
    shuffled = frame.sample(frac=1, random_state=random.randrange(2**31))
    other = trend(shuffled).iloc[0]
    assert (
        other["statistic"] == row["statistic"]
        and other["trend_direction"] == row["trend_direction"]
    )
    back = trend(years(values[::-1], first=1980)).iloc[0]
    assert back["statistic"] == pytest.approx(-row["statistic"])
    assert back["slope_per_year"] == pytest.approx(-row["slope_per_year"])
    scaled = trend(frame.assign(mean=frame["mean"] * 8)).iloc[0]
    assert scaled["statistic"] == row["statistic"]
    assert scaled["slope_per_year"] == pytest.approx(8 * row["slope_per_year"])


def test_many_sections_at_once_equal_each_alone():
    draw = np.random.default_rng(3)
    parts = []
    for k in range(12):
        values = draw.normal(1, 0.2, 48)
        values[draw.random(48) < 0.2] = NAN
        frame = months(values, section=f"S{k}")
        limits = np.where(draw.random(len(frame)) < 0.2 * (k % 2), 0.9, NAN)
        parts.append(with_limits(frame, limits))
    together = trend(pd.concat(parts), method="seasonal_kendall")
    alone = pd.concat([trend(part, method="seasonal_kendall") for part in parts])
    pd.testing.assert_frame_equal(together, alone.reset_index(drop=True))


# --- change of class --------------------------------------------------------------------------


def assessed(**classes):
    begins = pd.to_datetime([key[1:].replace("_", "-") + "-01" for key in classes])
    return pd.DataFrame(
        {
            "section_code": "S1",
            "period": begins,
            "period_end": begins + pd.DateOffset(months=1),
            "class": pd.Categorical(list(classes.values()), categories=CLASSES, ordered=True),
        }
    )


def test_levels_up_and_down_in_neutral_words():
    frame = assessed(m2024_05="Ⅴ", m2025_04="Ⅱ", m2025_05="Ⅲ")
    month = compare_periods(frame)
    assert month["change_zh"].tolist() == ["", "", "由Ⅱ类变为Ⅲ类，变差1个类别"]
    assert month["class_change"].tolist()[2] == -1 and month["class_change"].isna().tolist()[:2]
    assert "上一时段没有数据" in month["change_flag"].iloc[1]
    year = compare_periods(frame, with_="last_year")
    assert year["change_en"].iloc[2] == "from class Ⅴ to Ⅲ, 2 classes better"
    assert year["change_rule"].tolist() == ["", "", ""]


def test_the_words_of_22_count_states_and_say_their_status():
    frame = assessed(m2025_01="Ⅰ", m2025_02="Ⅱ", m2025_03="Ⅲ", m2025_04="Ⅴ", m2025_05="Ⅳ")
    result = compare_periods(frame, words="22")
    # Ⅰ and Ⅱ are both 优
    assert result["change_zh"].tolist() == ["", "无明显变化", "有所变差", "明显变差", "有所好转"]
    assert result["class_change"].tolist()[1:] == [-1, -1, -2, 1]
    assert (
        result["change_rule"].iloc[1].endswith("（未核实）") and result["change_rule"].iloc[0] == ""
    )


def test_a_base_year_and_a_fixed_period():
    frame = assessed(m2020_05="劣Ⅴ", m2020_06="Ⅲ", m2025_05="Ⅲ")
    assert compare_periods(frame, with_=2020)["base_class"].tolist()[2] == "劣Ⅴ"
    assert compare_periods(frame, with_="2020")["class_change"].tolist()[2] == 3
    fixed = compare_periods(frame, with_="2020-06-01")
    assert fixed["class_change"].tolist()[2] == 0
    assert fixed["change_flag"].iloc[1] == "本期即基期"
    for wrong in ("yesterday", 17):
        with pytest.raises(ValueError, match="with_="):
            compare_periods(frame, with_=wrong)


def test_a_gap_is_not_bridged_and_an_unjudged_section_is_said():
    frame = assessed(m2025_01="Ⅲ", m2025_03="Ⅲ", m2025_04=None, m2025_05="Ⅳ")
    result = compare_periods(frame)
    assert result["change_flag"].tolist() == [
        "上一时段没有数据，未比较",
        "上一时段没有数据，未比较",
        "本期未定类，未比较",
        "基期未定类，未比较",
    ]


def test_a_class_that_limits_leave_open_is_flagged():
    frame = assessed(m2025_01="Ⅲ", m2025_02="Ⅱ")
    frame["class_best"], frame["class_worst"] = ["Ⅲ", "Ⅱ"], ["Ⅲ", "Ⅲ"]
    assert compare_periods(frame)["change_flag"].iloc[1] == "检出限或缺测可能改变这一结论"
    frame["class_worst"] = ["Ⅲ", "Ⅱ"]
    assert compare_periods(frame)["change_flag"].iloc[1] == ""


@given(st.lists(st.sampled_from([*CLASSES, None]), min_size=1, max_size=12))
def test_class_changes_add_up_and_rows_keep_their_place(classes):
    begins = pd.date_range("2024-01-01", periods=len(classes), freq="MS").astype("datetime64[s]")
    frame = pd.DataFrame(
        {"section_code": "S1", "period": begins, "class": classes},
        index=range(100, 100 + len(classes)),
    ).astype({"class": pd.CategoricalDtype(CLASSES, ordered=True)})
    frame["period_end"] = (frame["period"] + pd.DateOffset(months=1)).astype("datetime64[s]")
    result = compare_periods(frame)
    assert result.index.equals(frame.index)
    if None not in classes:
        total = result["class_change"].sum()
        assert total == CLASSES.index(classes[0]) - CLASSES.index(classes[-1])


# --- change of numbers ------------------------------------------------------------------------


def test_difference_and_percent_of_an_item():
    frame = pd.concat(
        [months([0.2, 0.25], first="2025-01"), months([8.0, 6.0], item="do", first="2025-01")],
        ignore_index=True,
    )
    result = compare_periods(frame)
    assert result["difference"].tolist()[1::2] == [0.05, -2.0]
    assert result["percent"].tolist()[1::2] == [25.0, -25.0]
    assert result["change_zh"].tolist()[1::2] == ["上升25.0%，变差", "下降25.0%，变差"]


def test_ph_has_no_percent_and_no_better_direction():
    result = compare_periods(months([7.0, 8.0], item="ph"))
    assert math.isnan(result["percent"].iloc[1]) and result["change_zh"].iloc[1] == "上升1"


def test_a_base_of_zero_has_no_percent():
    result = compare_periods(months([0.0, 8.0]))
    assert math.isnan(result["percent"].iloc[1]) and result["difference"].iloc[1] == 8


def test_a_difference_that_limits_could_turn_is_not_decided():
    frame = with_limits(months([1.0, 0.015, 0.03]), [0.02, NAN, NAN])
    result = compare_periods(frame)
    assert result["change_flag"].tolist()[1:] == ["受检出限影响", ""]
    assert "不能判定" in result["change_zh"].iloc[1]
    sure = compare_periods(with_limits(months([1.0, 0.02]), [0.02, NAN]))
    assert sure["change_zh"].iloc[1].startswith("上升")


def test_another_unit_is_no_base():
    frame = months([1.0, 2.0])
    frame["unit"] = ["mg/L", "μg/L"]
    assert compare_periods(frame)["change_flag"].iloc[1] == "基期单位不同，未比较"


def test_an_index_is_compared_by_its_own_rule():
    frame = months([10.0, 8.0]).drop(columns=["item", "unit"]).rename(columns={"mean": "cwqi"})
    result = compare_periods(frame, value="cwqi")
    assert result["percent"].iloc[1] == -20 and result["change_zh"].iloc[1] == "下降20.0%，变好"
    assert "未核实" in result["change_rule"].iloc[1]
    with pytest.raises(ValueError, match="is for classes"):
        compare_periods(frame, value="cwqi", words="22")


def test_the_29th_of_february_has_no_day_a_year_earlier():
    days = pd.to_datetime(["2023-02-28", "2024-02-28", "2024-02-29"])
    frame = months([1.0, 2.0, 3.0]).assign(period=days)
    result = compare_periods(frame, with_="last_year")
    assert result["base_value"].tolist()[1] == 1.0 and math.isnan(result["base_value"].iloc[2])


def test_empty_tables_keep_columns_and_dtypes():
    for frame, with_ in ((months([1.0, 2.0]), "previous"), (assessed(m2025_01="Ⅰ"), 2020)):
        full, empty = compare_periods(frame, with_=with_), compare_periods(frame[:0], with_=with_)
        assert empty.dtypes.to_dict() == full.dtypes.to_dict() and len(empty) == 0


# --- change of shares -------------------------------------------------------------------------


def rated(*rows):
    begins = pd.date_range("2024-01-01", periods=len(rows), freq="YS").astype("datetime64[s]")
    frame = pd.DataFrame(rows, columns=[f"n_class_{k}" for k in range(1, 7)])
    ends = (begins + pd.DateOffset(years=1)).astype("datetime64[s]")
    return frame.assign(basin="大凌河", period=begins, period_end=ends)


@pytest.mark.parametrize(
    ("good", "bad", "expected"),
    [
        (55, 10, "无明显变化"),  # dG 5, dD 0
        (60, 10, "无明显变化"),  # exactly 10
        (60, 9, "有所好转"),
        (60, 0, "有所好转"),  # exactly 20
        (61, 0, "明显好转"),
        (40, 21, "明显变差"),
        (45, 20, "有所变差"),
    ],
)
def test_the_shares_rule_and_its_edges(good, bad, expected):
    frame = rated([0, 0, 50, 40, 0, 10], [0, 0, good, 100 - good - bad, 0, bad])
    row = compare_shares(frame, by=["basin"], words="22").iloc[1]
    assert row["change_zh"] == expected and "未核实" in row["change_rule"]


def test_shares_in_neutral_words():
    frame = rated([0, 5, 0, 4, 0, 1], [0, 6, 0, 4, 0, 0], [0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0])
    result = compare_shares(frame, by=["basin"])
    assert result["change_zh"].tolist()[1] == "Ⅰ~Ⅲ类比例上升10.0个百分点，劣Ⅴ类比例下降10.0个百分点"
    assert result["change_flag"].tolist()[2:] == ["本期或基期没有可评价的断面，未比较"] * 2
    assert result["change_rule"].tolist() == [""] * 4


def test_another_number_of_sections_is_said():
    frame = rated([1, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 0])
    assert compare_shares(frame, by=["basin"])["change_flag"].iloc[1] == "参评断面数由1个变为2个"


def test_every_new_column_is_in_the_vocabulary():
    columns = [
        *trend(years([1.0])).columns,
        *compare_periods(months([1.0])).columns,
        *compare_periods(assessed(m2025_01="Ⅰ")).columns,
        *compare_shares(rated([1, 0, 0, 0, 0, 0]), by=["basin"]).columns,
    ]
    missing = {name for name in columns if name not in COLUMNS and not name.startswith("n_class")}
    assert not missing - {"mean", "mean_low", "mean_high", "n", "n_censored"}
