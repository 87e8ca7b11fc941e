"""Means of readings that cannot be, are open upwards, doubtful or not understood."""

import math

import pandas as pd
import pytest

from chaoyang_geo import SchemaError, mean_readings
from chaoyang_geo.periods.columns import ROW_KINDS
from chaoyang_geo.readings.rows import KIND_WORDS

NAN = float("nan")


def one_month(item, *values, **columns):
    """Return readings of one item, each a value, ``("<", limit)`` or ``(mark, limit, value)``."""
    rows = []
    for day, value in enumerate(values, 1):
        mark, limit, number = "", NAN, value
        if isinstance(value, tuple):
            mark, limit, number = (*value, NAN)[:3]
        rows.append(("S1", pd.Timestamp(2025, 10, day), item, number, mark, limit))
    names = ["section_code", "time", "item", "value", "censored", "detection_limit"]
    return pd.DataFrame(rows, columns=names).assign(**columns)


def test_a_negative_or_infinite_value_is_no_number():
    row = mean_readings(one_month("tp", -0.1, 0.5, math.inf, -math.inf, NAN)).iloc[0]
    counts = ["mean", "n", "n_missing", "n_impossible"]
    assert row[counts].tolist() == [0.5, 1, 4, 3]
    assert row["mean_flag"] == "3个读数为负值或无穷大，未计入"
    # with a pH of -1 ten moles of hydrogen ion would drown all others
    ph = mean_readings(one_month("ph", 7.0, -1.0, 1e6, 7.0)).iloc[0]
    assert ph[counts].tolist() == [7.0, 2, 2, 2]
    none = mean_readings(one_month("do", -9.0)).iloc[0]
    assert (none["n"], none["mean_flag"]) == (
        0, "没有可平均的数值；1个读数为负值或无穷大，未计入",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("item", "unit", "mean"),
    [
        ("water_temp", "℃", 0.0), ("orp", "mV", 0.0), ("water_level", "m", 0.0),
        ("flow", "m3/s", 0.0), ("velocity", "m/s", 0.0), ("transparency", "m", 1.0),
        ("conductivity", "μS/cm", 1.0), ("do_saturation", "%", 1.0), ("tp", "", 1.0),
        ("tp", "℃", 1.0),  # a wrong unit makes no temperature of it
        # an item that is not known goes by the unit of its readings
        ("caffeine", "μg/L", 1.0), ("air temperature", "℃", 0.0), ("delta 18O", "‰", 0.0),
        ("index", "", 0.0),
    ],
)  # fmt: skip
def test_what_can_be_below_zero(item, unit, mean):
    row = mean_readings(one_month(item, -1.0, 1.0, unit=unit)).iloc[0]
    assert row["mean"] == mean
    assert row["n_impossible"] == (mean == 1.0)
    assert mean_readings(one_month(item, math.inf, 1.0, unit=unit))["mean"].tolist() == [1.0]


def test_a_gap_is_no_impossible_value():
    table = one_month("tp", -9999.0, 0.5, state=["fault", "number"])
    row = mean_readings(table).iloc[0]
    assert row[["n", "n_missing", "n_impossible", "mean_flag"]].tolist() == [1, 1, 0, ""]


def test_a_negative_value_below_detection_gives_way_to_the_limit():
    row = mean_readings(one_month("tp", ("<", 0.02, -0.003))).iloc[0]
    assert row[["mean", "mean_low", "mean_high", "n_impossible"]].tolist() == [0.01, 0.0, 0.02, 0]
    assert row["mean_flag"] == "1个带检出限或量程标记的读数值为负或无穷大，未采用该值"


@pytest.mark.parametrize("limit", [0.0, -0.02, math.inf])
def test_nothing_lies_below_such_a_limit(limit):
    row = mean_readings(one_month("tp", ("<", limit), 0.1)).iloc[0]
    assert row[["mean", "n", "n_censored"]].tolist() == [0.1, 1, 1]
    assert row["mean_flag"] == "1个读数低于检出限而无检出限，未计入"


def test_what_is_above_range_leaves_the_mean_open_upwards():
    bounds = ["mean", "mean_low", "mean_high", "n", "n_above"]
    alone = mean_readings(one_month("tp", (">", 0.5))).iloc[0]
    assert alone[bounds].tolist() == pytest.approx([NAN, 0.5, NAN, 0, 1], nan_ok=True)
    row = mean_readings(one_month("tp", 0.01, (">", 0.5))).iloc[0]
    # whatever it was, the mean of both is above (0.01 + 0.5) / 2
    assert row[bounds].tolist() == pytest.approx([0.01, 0.255, NAN, 1, 1], nan_ok=True)
    both = mean_readings(one_month("tp", ("<", 0.2), 0.3, (">", 0.6))).iloc[0]
    assert both[bounds].tolist() == pytest.approx([0.2, 0.3, NAN, 2, 1], nan_ok=True)
    # without a limit it is at least not negative
    unknown = mean_readings(one_month("tp", 0.4, (">", NAN))).iloc[0]
    assert unknown[bounds].tolist() == pytest.approx([0.4, 0.2, NAN, 1, 1], nan_ok=True)
    level = mean_readings(one_month("water_level", 0.4, (">", NAN))).iloc[0]
    assert math.isnan(level["mean_low"])


def test_above_range_the_others_bound_the_mean_of_ph():
    row = mean_readings(one_month("ph", 7.0, (">", 9.0))).iloc[0]
    # the hydrogen ion of the other lies between 0 and 1e-9
    assert row["mean"] == 7.0
    assert row["mean_low"] == pytest.approx(-math.log10((1e-7 + 1e-9) / 2))
    assert row["mean_high"] == pytest.approx(-math.log10(1e-7 / 2))
    alone = mean_readings(one_month("ph", (">", 9.0))).iloc[0]
    assert alone["mean_low"] == pytest.approx(9.0)
    assert math.isnan(alone["mean_high"])


def test_a_value_above_range_that_is_given_enters_and_leaves_the_mean_open():
    row = mean_readings(one_month("tp", 0.1, (">", 0.5, 0.5))).iloc[0]
    assert row[["mean", "mean_low", "n", "n_above"]].tolist() == [0.3, 0.3, 2, 0]
    assert math.isnan(row["mean_high"])
    assert row["mean_flag"] == "1个读数高于量程，按所给数值计入"


def test_above_range_on_one_day_is_open_in_the_month():
    table = one_month("tp", 0.1, (">", 0.5))
    row = mean_readings(table, via=("day",)).iloc[0]
    assert row[["mean", "mean_low", "n_parts"]].tolist() == [0.1, 0.3, 1]
    assert math.isnan(row["mean_high"])
    # the day has too few values for the month; that it was above range is still no firm bound
    short = mean_readings(table, via=("day",), min_n={"day": 1}).iloc[0]
    assert short["mean_low"] == 0.1
    assert math.isnan(short["mean_high"])


def test_an_automatic_reading_above_range_does_not_go_before_a_manual_one():
    table = one_month("tp", (">", 0.5), 0.1, method=["automatic", "manual"])
    assert mean_readings(table)["mean"].tolist() == [0.1]


@pytest.mark.parametrize(
    ("item", "limit", "value", "bounds"),
    [("tp", 0.01, 0.5, (0.0, 0.5)), ("ph", 4.0, 9.0, (0.0, 9.0)), ("flow", 0.1, -2.0, (-2.0, 0.1)),
     ("tp", 0.5, 0.5, (0.0, 0.5))],
)  # fmt: skip
def test_a_value_above_its_detection_limit_is_said_and_bounded(item, limit, value, bounds):
    row = mean_readings(one_month(item, ("<", limit, value))).iloc[0]
    assert row["mean"] == pytest.approx(value)
    assert row[["mean_low", "mean_high"]].tolist() == pytest.approx(bounds)
    assert row["mean_flag"] == ("1个读数大于其检出限" if value > limit else "")


def test_times_with_a_zone_fall_in_their_month_in_china():
    table = one_month("tp", 1.0)
    for time in (
        pd.Timestamp("2025-10-31 18:00", tz="UTC"), "2025-10-31T18:00Z",
        pd.Timestamp("2025-11-01 02:00", tz="Asia/Shanghai"), "2025/11/01 02:00",
        pd.Timestamp("2025-11-01 02:00").to_pydatetime(),
    ):  # fmt: skip
        means = mean_readings(table.assign(time=time))
        assert means["period"].tolist() == [pd.Timestamp("2025-11-01")], time
    texts = table.assign(time=pd.Series(["2025-11-01"], dtype="category"))
    assert mean_readings(texts)["period"].tolist() == [pd.Timestamp("2025-11-01")]


def test_the_kind_of_a_row_is_read_whatever_its_case():
    table = one_month("tp", 1.0, 9.0, 2.0, row_kind=["Sample ", "MEAN", None])
    assert mean_readings(table)["mean"].tolist() == [1.5]
    with pytest.raises(SchemaError, match=r"row 2 of row_kind holds '样'.*sample, mean, total"):
        mean_readings(table.assign(row_kind=["sample", "样", "sample"]))


def test_the_kinds_of_rows_are_those_that_reading_tells_apart():
    assert set(ROW_KINDS) == {"sample", *KIND_WORDS}


def test_what_is_not_understood_is_refused_by_row_and_value():
    table = one_month("tp", 1.0, 2.0)

    def error(**columns):
        with pytest.raises(SchemaError) as caught:
            mean_readings(table.assign(**columns))
        return str(caught.value)

    marks = error(censored=["<", "L"])
    assert "row 2 of censored holds 'L'" in marks
    assert "'<' for below detection, '>' for above range" in marks
    text = "row 2 of value holds '0.02L', which is no number; read the table with read_readings"
    assert text in error(value=["0.1", "0.02L"])
    assert "row 1 of value holds ''" in error(value=["", "0.1"])
    assert "row 1 of detection_limit holds 'n/a'" in error(detection_limit="n/a")
    assert "row 1 of time holds 20251031, which is a number" in error(time=20251031)
    assert "row 2 of time holds '十月'" in error(time=["2025-10-01", "十月"])
    with pytest.raises(SchemaError, match="column value .* is there 2 times"):
        mean_readings(pd.concat([table, table[["value"]]], axis=1))


def test_a_word_that_no_row_has_does_not_matter():
    table = one_month("tp", 1.0, 2.0)
    table["censored"] = pd.Categorical(["", ""], categories=["", "L"])
    table["row_kind"] = pd.Categorical(["sample", "sample"], categories=["sample", "样"])
    assert mean_readings(table)["mean"].tolist() == [1.5]


def test_numbers_may_come_as_text_or_in_other_types():
    table = one_month("tp", 1.0, 2.0)
    for kind in ("str", "object", "Float64", "float32", "Int64", "category"):
        assert mean_readings(table.astype({"value": kind}))["mean"].tolist() == [1.5], kind


def test_an_item_is_one_whatever_its_spelling():
    table = one_month("cod", 1.0, 2.0, 3.0, 6.0)
    table["item"] = ["cod", "COD", "化学需氧量", " cod"]
    means = mean_readings(table)
    assert means[["item", "mean", "n"]].to_numpy().tolist() == [["cod", 3.0, 4]]
    pieces = [table.iloc[[k]] for k in range(4)]
    pd.testing.assert_frame_equal(mean_readings(pieces), means)
    table["item"] = pd.Categorical([" caffeine", "caffeine", "pH值", "酸碱度"])
    assert mean_readings(table)["item"].tolist() == ["caffeine", "ph"]


def test_doubts_about_readings_are_counted_in_their_mean():
    below = "低于检出限25（原单位μg/L，合0.025 mg/L）；低于检出限，按检出限的一半计"
    table = one_month("tp", 1.0, 2.0, ("<", 0.025), ("<", 0.025), 3.0, NAN, ("<", NAN), (">", 5.0))
    table["reading_flag"] = [
        "", "表中未注明单位，按mg/L", below, f"{below}；附注“复测”", None, "缺测（空白）", "附注“复测”",
        "高于量程5",
    ]  # fmt: skip
    row = mean_readings(table).iloc[0]
    assert row[["n", "n_flagged"]].tolist() == [5, 2]
    assert row["mean_flag"] == (
        "1个读数低于检出限而无检出限，未计入；1个读数高于量程，未计入；其中2个读数有存疑说明"
    )
    # a reading with two doubts is one reading
    table["doubt_flag"] = ["", "突变", "检出限偏高", *[""] * 5]
    assert mean_readings(table)["n_flagged"].tolist() == [3]
    assert mean_readings(table.drop(columns="reading_flag"))["n_flagged"].tolist() == [2]
    # below detection and left out by the rule: not in the mean
    assert mean_readings(table, censored="drop")["n_flagged"].tolist() == [1]


def test_doubts_of_readings_that_do_not_count_are_not_counted():
    table = one_month("tp", 1.0, 2.0, method=["automatic", "manual"], reading_flag="存疑")
    assert mean_readings(table)["n_flagged"].tolist() == [1]
    table = one_month("tp", 1.0, 2.0, 3.0, reading_flag="存疑")
    table["time"] = ["2025-10-01", "2025-10-01 08:00", "2025-10-02"]
    short = mean_readings(table, via=("day",), min_n={"day": 2})
    assert short[["n", "n_short", "n_flagged"]].to_numpy().tolist() == [[2, 1, 2]]
