"""Means of periods against a plain reference."""

import math

import pandas as pd
import pytest

from chaoyang_geo import SchemaError, mean_readings
from chaoyang_geo.schema import COLUMNS

NAN = float("nan")


def readings(rows, **columns):
    names = ["section_code", "time", "item", "value", "censored", "detection_limit"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(time=pd.to_datetime(table["time"], format="ISO8601"), **columns)


ROWS = [
    ("S1", "2025-10-01", "tp", 0.1, "", NAN),
    ("S1", "2025-10-31 23:59:59", "tp", 0.3, "", NAN),
    ("S1", "2025-10-15", "tp", NAN, "<", 0.02),
    ("S1", "2025-10-16", "tp", NAN, "", NAN),
    ("S1", "2025-11-01", "tp", NAN, ">", 5.0),
    ("S2", "2025-10-08", "ph", 7.0, "", NAN),
    ("S2", "2025-10-09", "ph", 8.0, "", NAN),
]


def test_a_mean_on_paper():
    table = mean_readings(readings(ROWS))
    assert table["section_code"].tolist() == ["S1", "S1", "S2"]
    first, second, third = (table.iloc[k] for k in range(3))
    assert first["mean"] == pytest.approx((0.1 + 0.3 + 0.01) / 3)
    assert (first["n"], first["n_censored"], first["n_missing"]) == (3, 1, 1)
    assert (first["period"], first["period_end"]) == (
        pd.Timestamp("2025-10-01"),
        pd.Timestamp("2025-11-01"),
    )
    assert (second["n"], second["n_above"]) == (0, 1)
    assert math.isnan(second["mean"])
    assert second["mean_flag"] == "没有可平均的数值；1个读数高于量程，未计入"
    assert third["mean"] == pytest.approx(-math.log10((1e-7 + 1e-8) / 2))


@pytest.mark.parametrize(
    ("policy", "mean", "n"),
    [("half_limit", 0.41 / 3, 3), ("limit", 0.42 / 3, 3), ("zero", 0.4 / 3, 3), ("drop", 0.2, 2)],
)
def test_what_a_value_below_detection_counts_as(policy, mean, n):
    row = mean_readings(readings(ROWS[:3]), censored=policy).iloc[0]
    assert row["mean"] == pytest.approx(mean)
    assert (row["n"], row["n_censored"]) == (n, 1)
    assert row["mean_flag"] == ("1个读数低于检出限，按 drop，未计入" if policy == "drop" else "")


def test_below_detection_without_a_limit_is_left_out_and_said():
    row = mean_readings(readings([("S1", "2025-10-01", "tp", NAN, "<", NAN)])).iloc[0]
    assert (row["n"], row["n_censored"], row["n_missing"]) == (0, 1, 0)
    assert row["mean_flag"] == "没有可平均的数值；1个读数低于检出限而无检出限，未计入"


def test_a_substituted_value_enters_as_it_is():
    row = mean_readings(readings([("S1", "2025-10-01", "tp", 0.007, "<", 0.02)])).iloc[0]
    assert row["mean"] == 0.007


@pytest.mark.parametrize(
    ("period", "begin", "end"),
    [
        ("day", "2025-08-21", "2025-08-22"),
        ("month", "2025-08-01", "2025-09-01"),
        ("quarter", "2025-07-01", "2025-10-01"),
        ("year", "2025-01-01", "2026-01-01"),
    ],
)
def test_periods_are_of_the_calendar(period, begin, end):
    row = mean_readings(
        readings([("S1", "2025-08-21 20:00", "tp", 1.0, "", NAN)]), period=period
    ).iloc[0]
    assert (row["period"], row["period_end"]) == (pd.Timestamp(begin), pd.Timestamp(end))


def test_periods_before_1970():
    row = mean_readings(readings([("S1", "1969-12-31 20:00", "tp", 1.0, "", NAN)])).iloc[0]
    assert row["period"] == pd.Timestamp("1969-12-01")


def test_rows_that_are_no_sample_or_have_no_time_stay_out():
    rows = [("S1", "2025-10-01", "tp", 1.0, "", NAN), ("S1", None, "tp", 9.0, "", NAN)]
    table = readings([*rows, ("S1", "2025-10-01", "tp", 9.0, "", NAN)])
    table["row_kind"] = ["sample", "sample", "mean"]
    with pytest.warns(UserWarning, match="1 of the samples have no time"):
        means = mean_readings(table)
    assert means["mean"].tolist() == [1.0]
    with pytest.warns(UserWarning, match="notna"):
        assert len(mean_readings(table.iloc[1:])) == 0
    with pytest.warns(UserWarning, match="3 of the samples") as caught:  # once for all pieces
        mean_readings([table, table.iloc[[1, 1]].assign(row_kind=["", "mean"]), table])
    assert len(caught) == 1


def test_units_are_never_mixed():
    table = readings([ROWS[0], ROWS[1]], unit=["mg/L", "μg/L"])
    means = mean_readings(table)
    assert means[["unit", "mean"]].to_numpy().tolist() == [["mg/L", 0.1], ["μg/L", 0.3]]
    mixed = "同一时段本项目另有其他单位的读数，未合并平均，换算成一种单位后再平均"
    assert means["mean_flag"].tolist() == [mixed, f"单位不是该项目的常用单位，未修约；{mixed}"]
    # another unit with nothing but a gap is no mix
    gap = readings([ROWS[0], ROWS[3]], unit=["mg/L", ""])
    assert mean_readings(gap).set_index("unit")["mean_flag"].to_dict() == {
        "": f"没有可平均的数值；{mixed}",
        "mg/L": "",
    }


def test_text_object_and_category_columns_are_alike():
    table = readings(ROWS)
    expected = mean_readings(table)
    for kind in ("str", "object", "category"):
        columns = dict.fromkeys(("section_code", "item", "censored"), kind)
        found = mean_readings(table.astype(columns))
        pd.testing.assert_frame_equal(found, expected, check_categorical=False)


def test_several_columns_may_name_a_section():
    table = readings(ROWS).assign(province=["辽宁", "贵州", *["辽宁"] * 5])
    means = mean_readings(table, by=("province", "section_code"))
    assert means[["province", "section_code"]].to_numpy().tolist() == [
        ["贵州", "S1"], ["辽宁", "S1"], ["辽宁", "S1"], ["辽宁", "S2"],
    ]  # fmt: skip


def test_pieces_add_up_to_the_whole():
    table = readings(ROWS)
    pieces = [table.iloc[k : k + 2] for k in range(0, len(table), 2)]
    pd.testing.assert_frame_equal(mean_readings(iter(pieces)), mean_readings(table))


def test_empty_in_empty_out():
    full, empty = mean_readings(readings(ROWS)), mean_readings(readings(ROWS).iloc[:0])
    assert len(empty) == 0
    assert empty.columns.tolist() == full.columns.tolist()
    assert empty.dtypes.map(str).tolist() == full.dtypes.map(str).tolist()
    assert mean_readings(iter(())).columns.tolist() == full.columns.tolist()


def test_bad_arguments():
    with pytest.raises(ValueError, match="period='fortnight' is not an option; use one of: 'day'"):
        mean_readings(readings(ROWS), period="fortnight")
    with pytest.raises(ValueError, match="via='hour' is not an option"):
        mean_readings(readings(ROWS), via=("hour",))
    with pytest.raises(ValueError, match="precedence='auto' is not an option"):
        mean_readings(readings(ROWS), precedence="auto")
    with pytest.raises(ValueError, match="period would be a column of the result twice"):
        mean_readings(readings(ROWS).assign(period="day"), by=("section_code", "period"))
    with pytest.raises(ValueError, match="censored='half' is not an option"):
        mean_readings(readings(ROWS), censored="half")
    with pytest.raises(SchemaError, match="column time"):
        mean_readings(readings(ROWS).drop(columns="time"))


# --- rounding, bounds, states ---------------------------------------------------------------


def test_the_rounded_mean_has_the_decimals_of_the_rule():
    rows = [("S1", "2025-10-01", item, value, "", NAN) for item, value in (
        ("tp", 0.0125), ("do", 7.25), ("ph", 6.5), ("nh3_n", 0.004), ("so4", 12.3456),
    )]  # fmt: skip
    means = mean_readings(readings(rows)).set_index("item")["mean_rounded"]
    # half to even; not to 0; no decimals named for sulfate
    assert means.to_dict() == {"tp": 0.012, "do": 7.2, "ph": 6.0, "nh3_n": 0.004, "so4": 12.3456}


def test_the_noise_of_binary_numbers_decides_no_class():
    rows = [("S1", "2025-10-01", "tp", value, "", NAN) for value in (0.1, 0.2, 0.3)]
    row = mean_readings(readings(rows)).iloc[0]
    assert row["mean"] > 0.2
    assert row["mean_rounded"] == 0.2


def test_a_mean_in_another_unit_is_not_rounded_by_the_decimals_of_the_usual_one():
    table = readings([("S1", "2025-10-01", "tp", 12.3456, "", NAN)], unit="μg/L")
    row = mean_readings(table).iloc[0]
    assert (row["mean_rounded"], row["mean_flag"]) == (12.3456, "单位不是该项目的常用单位，未修约")


@pytest.mark.parametrize("policy", ["half_limit", "limit", "zero", "drop"])
def test_what_detection_limits_could_make_of_a_mean(policy):
    row = mean_readings(readings(ROWS[:3]), censored=policy).iloc[0]
    assert row["mean_low"] == pytest.approx(0.4 / 3)
    assert row["mean_high"] == pytest.approx(0.42 / 3)


def test_bounds_without_a_limit_are_not_invented():
    rows = [("S1", "2025-10-01", "tp", 0.1, "", NAN), ("S1", "2025-10-02", "tp", 0.007, "<", NAN)]
    row = mean_readings(readings(rows)).iloc[0]
    assert (row["mean"], row["mean_low"]) == (pytest.approx(0.0535), 0.05)
    assert math.isnan(row["mean_high"])


def test_bounds_of_ph_go_through_the_hydrogen_ion():
    rows = [("S1", "2025-10-01", "ph", NAN, "<", 4.0)] * 2
    row = mean_readings(readings(rows)).iloc[0]
    found = row[["mean", "mean_low", "mean_high"]].tolist()
    assert found == pytest.approx([2.0, 0.0, 4.0])


def test_a_dry_month_says_so_and_counts_it():
    rows = [("S1", "2025-10-01", "tp", NAN, "", NAN)] * 5
    rows += [("S2", "2025-10-01", "tp", 0.1, "", NAN), ("S2", "2025-10-02", "tp", 0.9, "", NAN)]
    table = readings(rows, state=["dry", "dry", "ice", "not_sampled", "fault", "number", "dry"])
    first, second = (mean_readings(table).iloc[k] for k in range(2))
    assert first["mean_flag"] == "没有可平均的数值；断流2次；冰封1次；未监测1次；仪器故障1次"
    counts = ["n", "n_missing", "n_dry", "n_ice", "n_not_sampled"]
    assert first[counts].tolist() == [0, 5, 2, 1, 1]
    # a value beside the word that there is none does not count
    assert second[["mean", *counts, "mean_flag"]].tolist() == [0.1, 1, 1, 1, 0, 0, ""]


# --- periods --------------------------------------------------------------------------------

WATER = {"丰水期": (6, 7, 8, 9), "平水期": (4, 5, 10, 11), "枯水期": (12, 1, 2, 3)}


@pytest.mark.parametrize(
    ("time", "period", "begin", "end", "name"),
    [
        ("2025-08-21", "day", "2025-08-21", "2025-08-22", "2025年8月21日"),
        ("2025-08-21", "week", "2025-08-18", "2025-08-25", "2025年第34周"),
        ("2025-08-21", "ten_days", "2025-08-21", "2025-09-01", "2025年8月下旬"),
        ("2024-02-10", "ten_days", "2024-02-01", "2024-02-11", "2024年2月上旬"),
        ("2025-08-31", "dekad", "2025-08-21", "2025-09-01", "2025年8月下旬"),
        ("2025-08-21", "month", "2025-08-01", "2025-09-01", "2025年8月"),
        ("2025-08-21", "quarter", "2025-07-01", "2025-10-01", "2025年第3季度"),
        ("2025-08-21", "year", "2025-01-01", "2026-01-01", "2025年"),
        ("2025-08-21", "2M", "2025-07-01", "2025-09-01", "2025年7月—2025年8月"),
        ("2025-08-21", "MS", "2025-08-01", "2025-09-01", "2025年8月"),
        ("2025-08-21", "2Q", "2025-07-01", "2026-01-01", "2025年7月—2025年12月"),
        ("2025-08-21", "5Y", "2025-01-01", "2030-01-01", "2025年1月—2029年12月"),
        ("1970-01-11", "10D", "1970-01-11", "1970-01-21", "1970-01-11至1970-01-20"),
        ("1969-12-31", "10D", "1969-12-22", "1970-01-01", "1969-12-22至1969-12-31"),
        ("2025-08-21", "2W", "2025-08-18", "2025-09-01", "2025-08-18至2025-08-31"),
        ("2025-08-21", "water_period", "2025-06-01", "2025-10-01", "2025年丰水期"),
        ("2025-12-01", "water_period", "2025-12-01", "2026-04-01", "2025—2026年枯水期"),
        ("2026-03-31", "water_period", "2025-12-01", "2026-04-01", "2025—2026年枯水期"),
        ("1969-02-01", "water_period", "1968-12-01", "1969-04-01", "1968—1969年枯水期"),
        ("2025-04-01", "water_period", "2025-04-01", "2025-12-01", "2025年平水期"),
        ("2025-11-30", "water_period", "2025-04-01", "2025-12-01", "2025年平水期"),
    ],
)
def test_every_period_has_its_begin_end_and_name(time, period, begin, end, name):
    table = readings([("S1", time, "tp", 1.0, "", NAN)])
    row = mean_readings(table, period=period, water_periods=WATER).iloc[0]
    assert (row["period"], row["period_end"]) == (pd.Timestamp(begin), pd.Timestamp(end))
    assert row["period_name"] == name


def test_a_period_may_begin_elsewhere_than_in_the_calendar():
    table = readings([("S1", "2025-03-05", "tp", 1.0, "", NAN)])
    year = mean_readings(table, period="year", origin="2020-06-01").iloc[0]
    assert (year["period"], year["period_name"]) == (
        pd.Timestamp("2024-06-01"),
        "2024年6月—2025年5月",
    )
    week = mean_readings(table, period="week", origin="2025-03-01").iloc[0]  # a Saturday
    assert week["period"] == pd.Timestamp("2025-03-01")
    with pytest.raises(ValueError, match="is not the first day of a month"):
        mean_readings(table, period="year", origin="2020-06-02")
    with pytest.raises(ValueError, match="is not a day"):
        mean_readings(table, period="year", origin="June")


def test_a_water_period_with_a_gap_is_one_period_and_says_so():
    rows = [(f"2025-{month:02}-01", month) for month in range(1, 13)]
    table = readings([("S1", time, "tp", float(month), "", NAN) for time, month in rows])
    means = mean_readings(table, period="water_period", water_periods=WATER)
    assert means["period_name"].tolist() == [
        "2024—2025年枯水期", "2025年平水期", "2025年丰水期", "2025—2026年枯水期",
    ]  # fmt: skip
    assert means["mean"].tolist() == [2.0, 7.5, 7.5, 12.0]
    assert means["mean_flag"].tolist() == [
        "", "平水期由不相连的4、5、10、11月组成，起止之间另有其他水期", "", "",
    ]  # fmt: skip


def test_the_months_of_water_periods_are_never_assumed():
    def error(water_periods):
        with pytest.raises(ValueError) as caught:
            mean_readings(readings(ROWS), period="water_period", water_periods=water_periods)
        return str(caught.value)

    assert "water_periods is needed" in error(None)
    assert "no rule that fixes them was found" in error(None)
    assert "in none: [1]" in error({**WATER, "枯水期": (12, 2, 3)})
    assert "in several: [4]" in error({**WATER, "枯水期": (12, 1, 2, 3, 4)})
    assert "the months of 枯水期" in error({**WATER, "枯水期": (12, 2, 1, 3)})
    assert "the months of 枯水期" in error({**WATER, "枯水期": (0, 1, 2, 3)})
    assert "the months of 枯水期" in error({**WATER, "枯水期": ()})


# --- mean of means --------------------------------------------------------------------------

#: Two days of January with four and one values, one day of February.
STATION = [
    ("S1", "2025-01-01 00:00", "tp", 0.1, "", NAN),
    ("S1", "2025-01-01 04:00", "tp", 0.2, "", NAN),
    ("S1", "2025-01-01 08:00", "tp", 0.3, "", NAN),
    ("S1", "2025-01-01 12:00", "tp", NAN, "<", 0.8),
    ("S1", "2025-01-02 00:00", "tp", 0.05, "", NAN),
    ("S1", "2025-02-01 00:00", "tp", 0.5, "", NAN),
]


@pytest.mark.parametrize(
    ("via", "mean", "n_parts"),
    [
        ((), (0.1 + 0.2 + 0.3 + 0.4 + 0.05 + 0.5) / 6, 6),
        (("month",), ((0.1 + 0.2 + 0.3 + 0.4 + 0.05) / 5 + 0.5) / 2, 2),
        (("day",), (0.25 + 0.05 + 0.5) / 3, 3),
        (("day", "month"), ((0.25 + 0.05) / 2 + 0.5) / 2, 2),
        (("day", "ten_days", "month", "quarter"), ((0.25 + 0.05) / 2 + 0.5) / 2, 1),
    ],
)
def test_a_year_by_way_of_days_and_months(via, mean, n_parts):
    row = mean_readings(readings(STATION), period="year", via=via).iloc[0]
    assert row["mean"] == pytest.approx(mean)
    assert (row["n"], row["n_parts"], row["n_censored"]) == (6, n_parts, 1)
    assert row["mean_low"] < row["mean"] < row["mean_high"]


def test_ph_stays_hydrogen_ion_on_its_way():
    rows = [("S1", "2025-01-01", "ph", 7.0, "", NAN), ("S1", "2025-02-01", "ph", 8.0, "", NAN)]
    rows += [("S1", "2025-02-02", "ph", 9.0, "", NAN)]
    row = mean_readings(readings(rows), period="year", via=("month",)).iloc[0]
    assert row["mean"] == pytest.approx(-math.log10((1e-7 + (1e-8 + 1e-9) / 2) / 2))


def test_how_a_mean_was_taken_and_what_the_rule_is_worth_is_said():
    def rule(item="tp", **options):
        table = readings([("S1", "2025-01-01", item, 7.0, "", NAN)])
        return mean_readings(table, **options)["mean_rule"].iloc[0]

    assert rule() == "各次读数的算术平均（环办〔2011〕22号，未核实）"
    unverified = "环办监测函〔2020〕82号，未核实"
    assert rule(period="year") == f"各次读数的算术平均，未按月均值逐级平均（后者：{unverified}）"
    by_months = f"逐级平均：读数→月→年（由月均值平均：{unverified}）"
    assert rule(period="year", via=("month",)) == by_months
    assert rule(period="year", via=("day", "month")).endswith("；其余各级未见条文）")
    assert rule(via=("day",)) == "逐级平均：读数→日→月（未见条文）"
    assert rule("ph", period="day").endswith(
        "；pH由氢离子浓度的平均换算（环办监测函〔2020〕82号，单一来源）"
    )


def test_periods_that_do_not_fit_are_refused():
    for via, period in ((("week",), "month"), (("month", "day"), "year"), (("month",), "10D")):
        with pytest.raises(ValueError, match="name periods from small to large"):
            mean_readings(readings(STATION), period=period, via=via)
    with pytest.raises(ValueError, match="name periods from small to large"):
        mean_readings(readings(STATION), period="year", via=("water_period",), water_periods=WATER)


def test_too_few_values_are_kept_and_not_valid():
    means = mean_readings(readings(STATION), min_n=2)
    assert means["mean_valid"].tolist() == [True, False]
    assert means["mean_flag"].tolist() == ["", "仅由1个数值平均，少于要求的2个"]
    assert means["mean"].tolist() == pytest.approx([0.21, 0.5])
    assert mean_readings(readings(STATION))["mean_valid"].isna().all()


def test_a_day_with_too_few_values_does_not_enter_its_month():
    options = {"via": ("day", "month"), "period": "year", "min_n": {"day": 2, "year": 2}}
    row = mean_readings(readings(STATION), **options).iloc[0]
    assert row["mean"] == pytest.approx(0.25)
    assert row[["n", "n_parts", "n_short", "n_censored", "mean_valid"]].tolist() == [
        4, 1, 2, 1, False,
    ]  # fmt: skip
    assert row["mean_flag"] == (
        "2个读数所在时段有效个数不足，未计入上一级平均；仅由1个数值平均，少于要求的2个"
    )
    with pytest.raises(ValueError, match="min_n: period='month' is not an option"):
        mean_readings(readings(STATION), period="year", min_n={"month": 8})
    with pytest.raises(ValueError, match="use 1 or more"):
        mean_readings(readings(STATION), min_n=0)


# --- automatic and manual -------------------------------------------------------------------


def both_methods(item="tp"):
    rows = [("S1", f"2025-01-{day:02}", item, 6.0 + day, "", NAN) for day in (1, 2, 3)]
    rows += [("S1", "2025-02-01", item, 6.5, "", NAN)]
    return readings(rows, method=["automatic", "自动", "手工", "manual"])


def test_automatic_readings_go_first_and_the_manual_one_stands_alone():
    means = mean_readings(both_methods())
    assert means["mean"].tolist() == [7.5, 6.5]
    assert means["n_other"].tolist() == [1, 0]
    assert means["mean_method"].tolist() == ["automatic", "manual"]
    assert means["mean_flag"].tolist() == [
        "非自动监测的1个读数未计入（自动监测数据优先：环办监测函〔2020〕82号，已核实）", "",
    ]  # fmt: skip
    alone = "当月仅1次手工监测，以其为月均值（环办监测函〔2020〕82号，单一来源）"
    assert means["mean_rule"].iloc[1] == alone
    nitrogen = mean_readings(both_methods("tn"))["mean_flag"].iloc[0]
    assert "环办监测函〔2020〕82号，单一来源" in nitrogen


@pytest.mark.parametrize(
    ("precedence", "mean", "n_other"),
    [("rule", 8.0, 0), ("both", 8.0, 0), ("automatic", 7.5, 1), ("manual", 9.0, 2)],
)
def test_precedence_of_an_item_that_the_rule_does_not_name(precedence, mean, n_other):
    row = mean_readings(both_methods("cod"), precedence=precedence).iloc[0]
    assert (row["mean"], row["n_other"]) == (mean, n_other)
    flag = "自动与手工读数一并平均"
    if n_other:
        flag = f"另一监测方式的{n_other}个读数未计入（按 precedence={precedence}）"
    assert row["mean_flag"] == flag


def test_precedence_is_decided_month_by_month_whatever_the_period():
    year = mean_readings(both_methods(), period="year").iloc[0]
    assert (year["mean"], year["n_other"]) == (pytest.approx((7 + 8 + 6.5) / 3), 1)
    assert year["mean_method"] == "automatic;manual"
    by_month = mean_readings(both_methods(), period="year", via=("day", "month")).iloc[0]
    assert by_month["mean"] == 7.0
    # on the day without automatic readings the month still decides; for days alone, the day
    assert len(mean_readings(both_methods(), period="day").query("n_other > 0")) == 0


def test_a_silent_station_gives_way():
    table = both_methods().assign(value=[NAN, NAN, 9.0, 6.5])
    row = mean_readings(table).iloc[0]
    assert row[["mean", "n", "n_missing", "n_other"]].tolist() == [9.0, 1, 2, 0]


def test_the_column_of_the_method():
    table = both_methods()
    named = table.rename(columns={"method": "方式"})
    assert mean_readings(named, method="方式")["n_other"].tolist() == [1, 0]
    assert mean_readings(named)["mean_method"].tolist() == ["", ""]
    with pytest.raises(SchemaError, match="column method .监测方式. is missing"):
        mean_readings(named, precedence="automatic")
    with pytest.raises(SchemaError, match="row 2 of method holds '遥感'"):
        mean_readings(table.assign(method=["automatic", "遥感", "manual", ""]))
    with pytest.raises(SchemaError, match="column method is in some pieces and not in others"):
        mean_readings([table, table.drop(columns="method")])


def test_every_column_is_in_the_vocabulary():
    assert set(mean_readings(both_methods()).columns) <= set(COLUMNS)


def test_the_input_is_not_changed():
    table = both_methods()
    before = table.copy()
    mean_readings(table, period="year", via=("day", "month"), min_n={"day": 2})
    pd.testing.assert_frame_equal(table, before)
