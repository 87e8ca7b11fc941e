import pandas as pd
import pytest

from chaoyang_geo import SchemaError, label, vocabulary
from chaoyang_geo.schema import (
    CLASSES,
    COLUMNS,
    as_times,
    class_dtype,
    one_of,
    require,
    require_unique,
    split_codes,
)


def test_every_column_is_described_in_both_languages():
    table = vocabulary()
    assert table["name"].is_unique
    assert (table[["dtype", "zh", "en", "meaning"]] != "").all(axis=None)
    kinds = {"str", "float64", "int64", "datetime", "class", "boolean", "bool"}
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


def test_split_codes():
    assert split_codes("a;b; c") == ["a", "b", "c"]
    assert split_codes(pd.NA) == []
