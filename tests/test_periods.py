"""Means of periods against a plain reference."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoyang_geo import SchemaError, mean_readings

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
    means = mean_readings(table)
    assert means["mean"].tolist() == [1.0]
    assert len(mean_readings(table.iloc[1:])) == 0


def test_units_are_never_mixed():
    table = readings([ROWS[0], ROWS[1]], unit=["mg/L", "μg/L"])
    assert mean_readings(table)[["unit", "mean"]].to_numpy().tolist() == [
        ["mg/L", 0.1],
        ["μg/L", 0.3],
    ]


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
    with pytest.raises(ValueError, match="period='week' is not an option"):
        mean_readings(readings(ROWS), period="week")
    with pytest.raises(ValueError, match="censored='half' is not an option"):
        mean_readings(readings(ROWS), censored="half")
    with pytest.raises(SchemaError, match="column time"):
        mean_readings(readings(ROWS).drop(columns="time"))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["S1", "S2", "S3"]),
            st.datetimes(pd.Timestamp("2019-11-01"), pd.Timestamp("2021-03-01")),
            st.sampled_from(["tp", "ph", "do"]),
            st.one_of(st.just(NAN), st.floats(0.001, 14)),
            st.sampled_from(["", "<", ">"]),
            st.one_of(st.just(NAN), st.floats(0.001, 1)),
        ),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from(["day", "month", "quarter", "year"]),
    st.integers(1, 9),
)
def test_means_are_those_of_a_plain_reference(rows, period, size):
    rows = [(a, b, c, NAN if sign else v, sign, limit) for a, b, c, v, sign, limit in rows]
    table = readings(rows)
    used = table["value"].where(table["censored"] != "<", table["detection_limit"] / 2)
    begins = table["time"].dt.to_period(
        {"day": "D", "month": "M", "quarter": "Q", "year": "Y"}[period]
    )
    expected = {}
    for key, part in used.groupby([table["section_code"], begins, table["item"]]):
        numbers = part.dropna()
        mean = -np.log10((10.0**-numbers).mean()) if key[2] == "ph" else numbers.mean()
        expected[key[0], key[1].start_time, key[2]] = (mean, len(numbers))
    pieces = (table.iloc[k : k + size] for k in range(0, len(table), size))
    for found in (mean_readings(table, period=period), mean_readings(pieces, period=period)):
        keys = list(zip(found["section_code"], found["period"], found["item"], strict=True))
        assert keys == sorted(expected)
        for key, mean, n in zip(keys, found["mean"], found["n"], strict=True):
            assert (mean, n) == (pytest.approx(expected[key][0], nan_ok=True), expected[key][1])
        counted = found[["n", "n_censored", "n_above", "n_missing"]].sum()
        below = (table["censored"] == "<") & table["detection_limit"].isna()
        assert counted["n"] + counted["n_above"] + counted["n_missing"] + below.sum() == len(table)
