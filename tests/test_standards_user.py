"""A standard of the user's own: read, converted, checked row by row, cited as theirs."""

import os
import shutil
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoyang_geo import SchemaError, classify_items, standards
from chaoyang_geo.standards import LIMIT_COLUMNS
from chaoyang_geo.standards.user_standard import _unit_index, _unit_key, checked_standard

HEAD = "item,water_type,direction,unit,class_1,class_2,class_3,class_4,class_5,in_class,note\n"


@pytest.fixture
def write(tmp_path):
    def written(text, name="local.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return written


def test_a_standard_on_paper(write):
    path = write(
        "item,water_type,direction,unit,class_1,class_2,class_3\n"
        "总磷,river,max,mg/L,0.05,0.1,0.2\n"
        "TP,lake,max,μg/L,10,25,50\n"
        "溶解氧,,min,mg/L,7,6,5\n"
        "pH,,min,,6.5,6.5,6\n"
        "pH,,max,,8.5,8.5,9\n"
    )
    own = standards.read_standard(path)
    assert own["item"].tolist() == ["tp", "tp", "do", "ph", "ph"]
    assert own["water_type"].tolist() == ["river", "lake", "all", "all", "all"]
    assert own.loc[1, ["class_1", "class_2", "class_3"]].tolist() == [0.01, 0.025, 0.05]
    assert own["unit"].tolist() == ["mg/L", "mg/L", "mg/L", "", ""]
    assert own[["class_4", "class_5"]].isna().all(axis=None)
    assert own["in_class"].tolist() == [True] * 5
    assert standards.class_count(path) == 3
    assert standards.limits(path).dtypes.to_dict() == standards.limits("gb3838").dtypes.to_dict()
    assert list(standards.limits(path)) == list(standards.limits("gb3838"))


def test_one_limit_is_met_or_not(write):
    path = write("item,direction,unit,limit\ntp,max,mg/L,0.15\n")
    assert standards.class_count(path) == 1
    readings = pd.DataFrame({"item": "tp", "value": [0.15, 0.16], "unit": "mg/L"})
    for standard in (path, str(path), standards.read_standard(path)):
        judged = classify_items(readings, standard=standard)
        assert judged["item_class"].tolist() == ["Ⅰ", "劣Ⅴ"]
    assert standards.explain_limit("tp", standard=path) == (
        "总磷（河流）：不超过0.15 mg/L，只有一个限值，不分类别，依据local.csv（自定标准）。"
    )


def test_a_value_beyond_the_last_class_is_worse_than_every_class(write):
    path = write("item,direction,unit,class_1,class_2\ntp,max,mg/L,0.1,0.2\ndo,min,mg/L,6,5\n")
    readings = pd.DataFrame({"item": ["tp", "tp", "do", "do"], "value": [0.2, 0.21, 5, 4.9]})
    judged = classify_items(readings, standard=path)
    assert judged["item_class"].tolist() == ["Ⅱ", "劣Ⅴ", "Ⅱ", "劣Ⅴ"]
    assert "总磷劣Ⅱ类（河流）：高于0.2 mg/L" in standards.explain_limit("tp", "劣Ⅴ", standard=path)
    assert "只到Ⅱ类" in standards.explain_limit("tp", "Ⅲ", standard=path)
    assert list(standards(path))[6:8] == ["Ⅰ", "Ⅱ"]


def test_our_own_table_is_a_standard_that_can_be_read():
    for key in standards.catalogue()["standard"]:
        name = "gb3838_table1.csv" if key == "gb3838" else f"{key}.csv"
        path = Path(standards.__file__).with_name(name)
        pd.testing.assert_frame_equal(standards.limits(path), standards.limits(key))
        pd.testing.assert_frame_equal(
            standards.limits(standards.limits(key)), standards.limits(key)
        )


def test_a_workbook_says_the_same_as_a_text_table(write, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    rows = [
        ["item", "direction", "unit", "class_1", "class_2", "in_class", "no", "title"],
        ["总磷", "max", "mg/L", 0.1, 0.2, 1, 8, "某市地方标准"],
        [None] * 8,
        ["铁", "max", "μg/L", 300, 0.3e3, 0, "9", None],
    ]
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "local.xlsx")
    text = "\n".join(",".join("" if c is None else str(c) for c in row) for row in rows)
    found = standards.read_standard(tmp_path / "local.xlsx")
    pd.testing.assert_frame_equal(found, standards.read_standard(write(text)))
    assert found["class_1"].tolist() == [0.1, 0.3]
    assert found["no"].tolist() == ["8", "9"]
    assert found["in_class"].tolist() == [True, False]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters(write, encoding, delimiter):
    text = "item,direction,unit,limit,title\r\n氨氮,max,毫克/升,0.5,地方标准\r\n"
    path = write(text.replace(",", delimiter), encoding=encoding)
    assert standards.limits(path)["class_1"].tolist() == [0.5]
    assert standards.citation(path) == "地方标准（自定标准）"


def test_who_a_standard_is_from_is_always_said(write):
    head = "item,direction,unit,limit,title,title_en,status\n"
    row = "tp,max,mg/L,0.15,"
    path = write(head + row + "地方标准,Local standard,verified\n")
    assert standards.citation(path) == "地方标准（自定标准，verified）"
    assert standards.citation(path, lang="en") == "Local standard (user's own standard, verified)"
    path = write("item,direction,unit,limit\ntp,max,mg/L,0.15\n", "纯净.csv")
    assert standards.citation(path, lang="en") == "纯净.csv (user's own standard)"
    bare = standards.limits(path)
    assert standards.citation(bare) == "用户提供的标准（自定标准）"
    assert set(standards(path)["status"]) == {"自定标准"}


def test_a_file_that_was_edited_is_read_again(write):
    path = write("item,direction,unit,limit\ntp,max,mg/L,0.15\n")
    assert standards.limits(path)["class_1"].tolist() == [0.15]
    write("item,direction,unit,limit\ntp,max,mg/L,0.25\n")
    os.utime(path, ns=(0, 0))
    assert standards.limits(path)["class_1"].tolist() == [0.25]


def test_the_caller_cannot_change_the_standard(write):
    path = write("item,direction,unit,limit\ntp,max,mg/L,0.15\n")
    own = standards.limits(path)
    own["class_1"] = 9.0
    assert standards.limits(path)["class_1"].tolist() == [0.15]
    given = standards.read_standard(path)
    before = given.copy()
    standards.limits(given)
    pd.testing.assert_frame_equal(given, before)


@pytest.mark.parametrize(
    ("rows", "row", "column", "says"),
    [
        (["魔法,,max,mg/L,1,,,,,,"], 2, "item", "'魔法' is no known item"),
        ([",,max,mg/L,1,,,,,,"], 2, "item", "'' is no known item"),
        (["tp,sea,max,mg/L,1,,,,,,"], 2, "water_type", "'sea' is not all, river or lake"),
        (["tp,,up,mg/L,1,,,,,,"], 2, "direction", "'up' is not max"),
        (["tp,,max,,1,,,,,,"], 2, "unit", "the unit of tp is missing; write mg/L"),
        (["tp,,max,斤,1,,,,,,"], 2, "unit", "'斤' is no known unit; for tp write mg/L"),
        (["tp,,max,℃,1,,,,,,"], 2, "unit", "'℃' cannot be converted to mg/L"),
        (["ph,,max,mg/L,9,,,,,,"], 2, "unit", "cannot be converted to a number without unit"),
        (["tp,,max,mg/L,一,,,,,,"], 2, "class_1", "'一' is no number"),
        (["tp,,max,mg/L,≤0.2,,,,,,"], 2, "class_1", "write the number alone"),
        (["tp,,max,mg/L,nan,,,,,,"], 2, "class_1", "'nan' is no number"),
        (["tp,,max,mg/L,1e400,,,,,,"], 2, "class_1", "'1e400' is no number"),
        (["tp,,max,mg/L,1e,,,,,,"], 2, "class_1", "'1e' is no number"),
        (["ph,,max,,6~9,,,,,,"], 2, "class_1", "give the lower end in a row of direction min"),
        (["tp,,max,mg/L,-1,,,,,,"], 2, "class_1", "'-1' is below zero"),
        (["tp,,max,mg/L,0.2,0.1,,,,,"], 2, "class_2", "0.1 is stricter than 0.2"),
        (["do,,min,mg/L,5,6,,,,,"], 2, "class_2", "limits must not rise from class to class"),
        (["tp,,max,mg/L,,0.1,,,,,"], 2, "class_1", "there is no limit here, but one for a worse"),
        (["tp,,max,mg/L,1,,2,,,,"], 2, "class_2", "there is no limit here, but one for a worse"),
        (["tp,,max,mg/L,,,,,,,"], 2, "class_1", "there is no limit in this row"),
        (["tp,,rule,mg/L,1,,,,,,"], 2, "direction", "a row of direction rule holds no limit"),
        (["tp,,max,mg/L,1,,,,,maybe,"], 2, "in_class", "'maybe' is not 1"),
        (["tp,,max,mg/L,1,,,,,1,a,b"], 2, "12", "more cells than columns"),
        (["tp,,max,mg/L,1,,,,,,", "总磷,,max,mg/L,2,,,,,,"], 3, "item", "in row 2 already"),
        (["tp,lake,max,mg/L,1,,,,,,", "tp,,max,mg/L,2,,,,,,"], 3, "item", "(lake, max)"),
        (["", "do,,min,mg/L,5,,,,,,", "", "tp,,max,mg/L,x,,,,,,"], 5, "class_1", "'x' is no"),
        (["ph,,max,,6,,,,,,", "ph,,min,,9,,,,,,"], 3, "class_1", "lies above its upper limit 6"),
        (["ph,,max,,9,9,,,,,", "ph,,min,,6,,,,,,"], 3, "class_2", "give both ends"),
    ],
)
def test_a_mistake_is_named_by_file_row_and_column(write, rows, row, column, says):
    path = write(HEAD + "\n".join(rows) + "\n")
    with pytest.raises(SchemaError) as error:
        standards.limits(path)
    text = str(error.value)
    assert text.startswith(f"{path}: row {row}, column {column}: ")
    assert says in text
    assert text.endswith(".")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "column item, direction, unit is missing; the table has: no columns"),
        ("item,unit,limit\ntp,mg/L,1\n", "column direction is missing"),
        ("item,direction,unit\ntp,max,mg/L\n", "neither limit nor a class column"),
        ("item,direction,unit,limit,class_1\ntp,max,mg/L,1,1\n", "both limit and class columns"),
        ("item,direction,unit,class_6\ntp,max,mg/L,1\n", "column class_6 is not known"),
        ("item,direction,unit,limit,water_typ\n", "column water_typ is not known"),
        ("item,direction,unit,limit,limit\n", "column limit is there twice"),
        ("item,direction,unit,limit\n", "there is no limit in the table"),
        ("item,direction,unit,limit\nwater_temp,rule,℃,\n", "there is no limit in the table"),
        (
            "item,direction,unit,limit,title\ntp,max,mg/L,1,A\ntn,max,mg/L,1,B\n",
            "row 3, column title: 'B' differs from 'A' above",
        ),
    ],
)
def test_a_table_that_is_no_standard_is_refused(write, text, says):
    path = write(text)
    with pytest.raises(SchemaError, match="local.csv") as error:
        standards.read_standard(path)
    assert says in str(error.value)


def test_files_that_cannot_be_read(write, tmp_path):
    with pytest.raises(ValueError, match=r"'\.json' is not an option"):
        standards.read_standard(tmp_path / "a.json")
    with pytest.raises(FileNotFoundError):
        standards.limits(tmp_path / "none.csv")
    path = tmp_path / "bytes.csv"
    path.write_bytes(b"item,\xff\xff\n")
    with pytest.raises(SchemaError, match="neither UTF-8 nor GB 18030"):
        standards.limits(path)


def test_a_frame_is_checked_as_a_file_is():
    good = standards.limits("gb3838")
    with pytest.raises(SchemaError, match="standard: row 7, column class_2"):
        standards.limits(good.assign(class_2=good["class_2"].where(good["item"] != "bod5", 1.0)))
    with pytest.raises(SchemaError, match="standard: there is no limit in the table"):
        standards.limits(good.iloc[:0])


def test_a_chinese_folder_and_an_upper_case_suffix(write, tmp_path):
    path = write("item,direction,unit,limit\ntp,max,mg/L,0.15\n")
    folder = tmp_path / "朝阳 标准"
    folder.mkdir()
    target = folder / "地方.CSV"
    shutil.copy(path, target)
    assert standards.limits(str(target))["class_1"].tolist() == [0.15]


# invariants

amounts = st.integers(1, 10**6).map(lambda n: Decimal(n) / 1000)


@given(st.lists(amounts, min_size=1, max_size=5), st.booleans())
def test_limits_in_micrograms_are_the_same_limits(limits, rising):
    """The slow route: decimal numbers divided by a thousand, never binary ones."""
    limits = sorted(limits, reverse=not rising)
    direction = "max" if rising else "min"
    rows = pd.DataFrame(
        {"item": ["tp"], "direction": [direction], "unit": ["μg/L"]}
        | {f"class_{k}": [str(x)] for k, x in enumerate(limits, 1)}
    )
    found = checked_standard(rows).iloc[0]
    expected = [float(x / 1000) for x in limits]
    assert [found[name] for name in LIMIT_COLUMNS[: len(limits)]] == expected
    assert found[list(LIMIT_COLUMNS[len(limits) :])].isna().all()


@given(st.permutations(range(26)))
def test_the_order_of_rows_does_not_matter(order):
    table = standards.limits("gb3838")
    shuffled = standards.limits(table.iloc[list(order)])
    key = ["item", "water_type", "direction"]
    pd.testing.assert_frame_equal(
        shuffled.sort_values(key, ignore_index=True), table.sort_values(key, ignore_index=True)
    )


@given(st.data())
def test_any_five_numbers_are_read_or_refused_for_a_reason(data):
    numbers = data.draw(st.lists(st.floats(0, 1e6) | st.just(float("nan")), min_size=5, max_size=5))
    row = {"item": ["cod"], "direction": ["max"], "unit": ["mg/L"]}
    row |= {name: [x] for name, x in zip(LIMIT_COLUMNS, numbers, strict=True)}
    given_ = [x for x in numbers if x == x]
    fine = given_ and given_ == sorted(given_) and numbers[: len(given_)] == given_
    if fine:
        found = checked_standard(pd.DataFrame(row)).iloc[0]
        assert [found[name] for name in LIMIT_COLUMNS[: len(given_)]] == given_
    else:
        with pytest.raises(SchemaError):
            checked_standard(pd.DataFrame(row))


def test_every_way_to_write_a_unit_means_one_unit():
    index = _unit_index()
    for row in standards.unit_forms().itertuples():
        for form in [row.unit, *row.forms.split(";")]:
            if form:
                kind, factor = index[_unit_key(form)]
                assert (kind, float(factor)) == (row.kind, row.factor), form
