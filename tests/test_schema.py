import pandas as pd
import pytest

from chaoyang_geo import SchemaError, label, vocabulary
from chaoyang_geo.schema import (
    CLASSES,
    COLUMNS,
    as_times,
    class_dtype,
    numbers_of,
    one_of,
    require,
    require_unique,
    split_codes,
)


def test_every_column_is_described_in_both_languages():
    table = vocabulary()
    assert table["name"].is_unique
    assert (table[["dtype", "zh", "en", "meaning"]] != "").all(axis=None)
    kinds = {"str", "float64", "int64", "datetime", "class", "boolean", "bool", "geometry"}
    assert set(table["dtype"]) <= kinds


def test_columns_with_a_unit_suffix_state_that_unit():
    for suffix, unit in {"_km2": "km2", "_km": "km", "_m": "m"}.items():
        for column in COLUMNS.values():
            if column.name.endswith(suffix) and column.dtype == "float64":
                assert column.unit == unit, column.name


def test_classes_are_ordered_from_best_to_worst():
    worst = pd.Series(["Ⅱ", "劣Ⅴ", "Ⅲ"], dtype=class_dtype()).max()
    assert worst == "劣Ⅴ"
    assert CLASSES[0] == "Ⅰ"


def test_require_names_what_is_missing_and_what_is_there():
    with pytest.raises(SchemaError, match="unit_code.*控制单元编码.*the table has: code"):
        require(pd.DataFrame({"code": []}), ["unit_code"], table="units")
    require(pd.DataFrame({"unit_code": []}), ["unit_code"], table="units")


def test_label_of_a_column_and_of_an_unknown_one():
    assert label("unit_name") == "控制单元"
    assert label("whatever") == "whatever"
    with pytest.raises(ValueError, match="lang='de' is not an option"):
        label("unit_name", "de")


def test_one_of_names_argument_value_and_options():
    with pytest.raises(ValueError, match="water_type='sea' is not an option; use one of: 'river'"):
        one_of("water_type", "sea", ["river", "lake"])


def test_codes_are_unique_and_there():
    require_unique(pd.DataFrame({"unit_code": ["1", 2]}), "unit_code", table="units")
    with pytest.raises(SchemaError, match="twice there: 1"):
        require_unique(pd.DataFrame({"unit_code": ["1", 1]}), "unit_code", table="units")
    with pytest.raises(SchemaError, match="row 2 has no unit_code"):
        require_unique(pd.DataFrame({"unit_code": ["1", None]}), "unit_code", table="units")


def test_times_of_any_kind():
    texts = as_times(pd.Series(["2025-10-08", "2025-10-08 20:00", None]))
    assert texts[:2].dt.hour.tolist() == [0, 20]
    objects = pd.Series([pd.Timestamp("2025-10-08"), pd.NaT], dtype="object")
    assert as_times(objects)[0] == pd.Timestamp("2025-10-08")


@pytest.mark.parametrize(
    ("given", "hour"),
    [
        ("2025/10/31 18:00", 18), ("2025/1/5 8:00", 8), (" 2025-10-31 18:00 ", 18),
        ("20251031T18", 18), ("2025-10-31T10:00Z", 18), ("2025-10-31 18:00+08:00", 18),
        ("2025-10-31 18:00:00.5", 18),
    ],
)  # fmt: skip
def test_a_time_as_text(given, hour):
    assert as_times([given])[0].hour == hour
    # beside texts of another kind, a gap and texts that say there is none
    mixed = pd.Series(["2025-01-01T00:00+02:00", given, None, "", "NaT", "2025-01-01", given])
    times = as_times(mixed.set_axis(list("abcdefg")))
    assert times.index.tolist() == list("abcdefg")
    assert times.iloc[[1, 6]].dt.hour.tolist() == [hour, hour]
    assert times.isna().tolist() == [False, False, True, True, True, False, False]
    assert times["a"] == pd.Timestamp("2025-01-01 06:00")


def test_times_of_other_types():
    day = pd.Timestamp("2025-10-08")
    for column in (
        pd.Series([day.date()]), pd.Series([day.to_pydatetime()], dtype="object"),
        pd.Series([day]).astype("category"), pd.Series(["2025-10-08"], dtype="category"),
        pd.Series([day.tz_localize("Asia/Shanghai"), "2025-10-08"], dtype="object"),
        pd.Series([day.tz_localize("Asia/Shanghai")]).astype("category"),
        pd.DatetimeIndex([day]),
    ):  # fmt: skip
        assert (as_times(column) == day).all()
    for empty in (pd.Series([], dtype="object"), pd.Series([float("nan")]), pd.Series([pd.NA])):
        times = as_times(empty)
        assert times.isna().all()
        assert len(times) == len(empty)
        assert pd.api.types.is_datetime64_dtype(times.dtype)


@pytest.mark.parametrize(
    ("number", "mend"),
    [(20251031, "%Y%m%d"), (20251031.0, "%Y%m%d"), (45961, "1899-12-30"), (45961.5, "1899-12-30"),
     (1730000000, "unit='s'"), (7, "unit='s'")],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["float64", "object", "Float64"])
def test_a_number_is_no_time(number, mend, kind):
    column = pd.Series([None, number], dtype=kind, name="valid_from")
    shown = f"{number:.15g}, which is a number"
    with pytest.raises(SchemaError, match=f"sections: row 2 of valid_from holds {shown}"):
        as_times(column, table="sections")
    with pytest.raises(SchemaError, match="or write the times as text") as caught:
        as_times(column)
    assert mend in str(caught.value)


@pytest.mark.parametrize(
    "text", ["2025年10月", "10/08/2025", "45961", "2025-10-31 25:00", "2025-02-30", "上午", "-"]
)
def test_a_text_that_is_no_time_is_named(text):
    with pytest.raises(SchemaError, match="row 2 of time holds .*which is no time"):
        as_times(["2025-10-08", text])
    with pytest.raises(SchemaError, match=f"'{text}'"):
        as_times(pd.Series([text], dtype="category"))
    for strange in (pd.Timedelta(1), (1, 2), True):
        with pytest.raises(SchemaError, match="row 1 of time"):
            as_times(pd.Series([strange], dtype="object"))


def test_numbers_of_a_column():
    def found(*values, dtype=None):
        table = pd.DataFrame({"value": pd.Series(values, dtype=dtype)})
        return numbers_of(table, "value", table="readings", hint="mend it.").tolist()

    for dtype in (None, "object", "Int64", "category", "float32"):
        assert found(1, 2, dtype=dtype) == [1.0, 2.0]
    assert found("1", "0.5", dtype="str") == [1.0, 0.5]
    assert found(dtype="object") == []
    for wrong in ("", "0.02L", "1,000", pd.Timestamp("2025-10-08"), [1]):
        with pytest.raises(SchemaError, match="row 2 of value holds .* is no number; mend it"):
            found("1", wrong, dtype="object")


def test_require_names_a_column_that_is_there_twice():
    table = pd.DataFrame([[1, 2, 3]], columns=["value", "value", "item"])
    with pytest.raises(SchemaError, match="readings: column value .* is there 2 times"):
        require(table, ["item", "value"], table="readings")
    require(table, ["item"], table="readings")


def test_split_codes():
    assert split_codes("a;b; c") == ["a", "b", "c"]
    assert split_codes(pd.NA) == []
