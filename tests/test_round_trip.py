import math

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoyang_geo import SchemaError, flag_doubts, read_readings
from chaoyang_geo.readings import READING_COLUMNS
from chaoyang_geo.readings import write as writing
from chaoyang_geo.readings.long import empty_readings
from chaoyang_geo.readings.shown import typed
from chaoyang_geo.readings.write import is_own_table, write_readings
from chaoyang_geo.schema import CLASSES, class_dtype, label

SUFFIXES = (".parquet", ".xlsx", ".csv")
WIDE = (
    "断面编码,断面名称,监测时间,pH(无量纲),总磷(mg/L),氨氮(μg/L),高锰酸盐指数\n"
    "0211300001,章吉营,2025-10-08 08:00,８.１,0.025L,25L,1．2\n"
    "0211300001,章吉营,2025-10-09,断流,--,<0.5,=1+2\n"
)


@pytest.fixture
def readings(tmp_path):
    path = tmp_path / "october.csv"
    path.write_text(WIDE, encoding="utf-8")
    return read_readings(path)


def assert_same(back, table):
    """The same values and dtypes; a category may number its texts in another order."""
    pd.testing.assert_frame_equal(back, table, check_categorical=False, check_exact=True)
    assert back.dtypes.map(lambda dtype: getattr(dtype, "name", "")).tolist() == (
        table.dtypes.map(lambda dtype: getattr(dtype, "name", "")).tolist()
    )
    assert back["published_class"].dtype == class_dtype()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_reading_back_gives_the_same_table(tmp_path, readings, suffix):
    path = write_readings(readings, tmp_path / "new" / f"clean{suffix}")
    assert path == tmp_path / "new" / f"clean{suffix}"
    assert_same(read_readings(path), readings)
    assert [p.name for p in path.parent.iterdir()] == [path.name]  # no half file stays behind
    # and once more: what was read back is written as the same table
    assert_same(read_readings(write_readings(read_readings(path), path)), readings)


def test_an_excel_table_is_for_people(tmp_path, readings):
    path = write_readings(readings, tmp_path / "clean.xlsx")
    sheet = openpyxl.load_workbook(path)["读数"]
    head, *rows = [list(row) for row in sheet.iter_rows()]
    heads = [cell.value for cell in head]
    assert set(heads) == {*(label(name) for name in READING_COLUMNS), "指标名称"}
    first, second, third, *_ = ({h: c for h, c in zip(heads, row, strict=True)} for row in rows)
    assert first["断面编码"].value == "0211300001"
    assert first["断面编码"].number_format == "@"
    assert first["监测时间"].value == pd.Timestamp("2025-10-08 08:00")
    assert first["监测时间"].is_date
    assert (first["监测值"].value, first["原始文本"].value) == (8.1, "８.１")
    assert (second["监测值"].value, second["单位"].value, second["结果状态"].value) == (
        "0.025L",
        "mg/L",
        "低于检出限",
    )
    # 25L was in μg/L: beside mg/L it would say something else
    assert (third["监测值"].value, third["原始文本"].value) == ("0.025L", "25L")
    assert (third["指标名称"].value, third["监测指标"].value) == ("氨氮", "nh3_n")
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:{sheet.cell(1, len(heads)).column_letter}{len(rows) + 1}"


def test_text_is_never_a_formula(tmp_path, readings):
    path = write_readings(readings, tmp_path / "clean.xlsx")
    cells = [cell for row in openpyxl.load_workbook(path)["读数"].iter_rows() for cell in row]
    assert "=1+2" in {cell.value for cell in cells}
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    lines = write_readings(readings, tmp_path / "clean.csv").read_text(encoding="utf-8-sig")
    assert '"\'=1+2"' in lines
    assert '"=1+2' not in lines


def test_the_same_table_gives_the_same_bytes(tmp_path, readings):
    for suffix in SUFFIXES:
        one = write_readings(readings, tmp_path / f"one{suffix}").read_bytes()
        assert write_readings(readings, tmp_path / f"two{suffix}").read_bytes() == one


def test_a_csv_opens_in_excel_as_utf8(tmp_path, readings):
    data = write_readings(readings, tmp_path / "clean.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    again = tmp_path / "gbk.csv"
    again.write_bytes(data.decode("utf-8-sig").replace("μ", "u").encode("gb18030"))
    assert read_readings(again)["section_name"].tolist() == readings["section_name"].tolist()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_empty_table(tmp_path, suffix):
    assert_same(
        read_readings(write_readings(empty_readings(), tmp_path / f"e{suffix}")), empty_readings()
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_further_columns_stay(tmp_path, readings, suffix):
    n = len(readings)
    table = readings.assign(
        doubt_flag=pd.Categorical(["一；二", *[""] * (n - 1)]),
        my_note=pd.Categorical(["a", *[""] * (n - 1)]),
        score=np.linspace(0, 1, n),
    )
    back = read_readings(write_readings(table, tmp_path / f"more{suffix}"))
    assert_same(back[list(READING_COLUMNS)], readings)
    for name in ("doubt_flag", "my_note", "score"):
        assert back[name].tolist() == table[name].tolist(), name


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_plain_text_columns_and_any_index(tmp_path, readings, suffix):
    plain = readings.astype(
        {name: "object" for name in readings if readings[name].dtype == "category"}
    )
    plain["published_class"] = readings["published_class"]
    plain.loc[0, "province"] = None
    plain.index = pd.Index(range(100, 100 + len(plain)), name="k")
    before = plain.copy()
    assert_same(read_readings(write_readings(plain, tmp_path / f"p{suffix}")), readings)
    pd.testing.assert_frame_equal(plain, before)


def test_what_a_person_changed_by_hand_is_parsed_and_flagged(tmp_path, readings):
    path = write_readings(readings, tmp_path / "clean.xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book["读数"]
    column = next(cell.column for cell in sheet[1] if cell.value == "监测值")
    sheet.cell(2, column).value = "0.03L"
    sheet.cell(3, column).value = 0.2
    book.save(path)
    back = read_readings(path)
    assert back.loc[0, ["state", "censored", "detection_limit"]].tolist() == ["below", "<", 0.03]
    assert math.isnan(back.loc[0, "value"])
    assert "监测值已改为“0.03L”（原文“８.１”）" in back.loc[0, "reading_flag"]
    assert back.loc[1, ["state", "value", "censored"]].tolist() == ["number", 0.2, ""]
    assert math.isnan(back.loc[1, "detection_limit"])
    pd.testing.assert_frame_equal(back.iloc[2:], readings.iloc[2:], check_categorical=False)


def test_two_files_of_ours_are_read_together(tmp_path, readings):
    paths = [
        write_readings(readings, tmp_path / f"{k}{suffix}") for k, suffix in enumerate(SUFFIXES)
    ]
    both = read_readings(paths)
    assert len(both) == 3 * len(readings)
    assert both["origin"].tolist() == readings["origin"].tolist() * 3


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_columns_that_one_file_has_are_kept_beside_one_that_lacks_them(tmp_path, readings, suffix):
    judged = flag_doubts(readings).assign(
        water_body=pd.Categorical(["大凌河"] * len(readings)), score=0.5, laboratory="甲站"
    )
    first = write_readings(judged, tmp_path / f"judged{suffix}")
    second = write_readings(readings, tmp_path / f"plain{suffix}")
    both = read_readings([first, second])
    n = len(readings)
    assert_same(both[list(READING_COLUMNS)].head(n).reset_index(drop=True), readings)
    assert both["doubt_flag"].astype(object)[:n].tolist() == judged["doubt_flag"].tolist()
    assert both["doubt_flag"][n:].isna().all()  # not judged is not "no doubt"
    assert both["water_body"].tolist() == ["大凌河"] * n + [""] * n
    assert both["score"].tolist()[:n] == [0.5] * n and both["score"][n:].isna().all()
    turned = read_readings([second, first])
    assert turned["doubt_flag"].isna().tolist() == [True] * n + [False] * n


def test_errors_say_what_to_do(tmp_path, readings, monkeypatch):
    with pytest.raises(ValueError, match="the ending of path='.xls' is not an option.*'.parquet'"):
        write_readings(readings, tmp_path / "a.xls")
    with pytest.raises(SchemaError, match="column state .*结果状态.* is missing"):
        write_readings(readings.drop(columns="state"), tmp_path / "a.csv")
    with pytest.raises(SchemaError, match="section_code .*holds numbers and must hold text"):
        write_readings(readings.assign(section_code=211300001), tmp_path / "a.csv")
    with pytest.raises(IsADirectoryError, match="is a folder; give the name of a file in it"):
        write_readings(readings, tmp_path)
    with pytest.raises(ValueError, match="longer than a cell of Excel"):
        write_readings(readings.assign(raw="9" * 40_000), tmp_path / "a.xlsx")
    monkeypatch.setattr(writing, "MAX_ROWS", len(readings))
    with pytest.raises(ValueError, match=r"a\.xlsx: 8 rows of 22 columns do not fit.*\.parquet"):
        write_readings(readings, tmp_path / "a.xlsx")
    assert not list(tmp_path.glob("a.*"))


def test_a_failed_write_leaves_the_old_file(tmp_path, readings):
    path = write_readings(readings, tmp_path / "a.xlsx")
    before = path.read_bytes()
    with pytest.raises(ValueError, match="longer than a cell"):
        write_readings(readings.assign(raw="9" * 40_000), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.glob("*.xlsx")] == ["a.xlsx"]


def test_other_peoples_tables_are_not_ours(tmp_path):
    assert not is_own_table(["断面名称", "监测时间", "总磷"])
    assert is_own_table([label(name) for name in READING_COLUMNS])
    assert writing.read_own(tmp_path / "none.csv") is None
    for name, data in (
        ("a.xlsx", b"PK no zip"),
        ("a.parquet", b"PAR1"),
        ("a.csv", b"\xff\xfe\xff"),
    ):
        (tmp_path / name).write_bytes(data)
        assert writing.read_own(tmp_path / name) is None
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "b.parquet")
    assert writing.read_own(tmp_path / "b.parquet") is None


# --- whatever the table ---------------------------------------------------------------------------

NASTY = (
    '|0211300001|00|０.０２５Ｌ|0.025L|<0.025|--|未检出|=1+1|\'a|-|-1|+2|@x| a |a,b|say "x"|第一行\n第二行|a\r\nb|'
    "\r|_x000D_|␛000D;|1e5|TRUE|nan|None|NULL|2025-10-08|\u3000全角\u3000|😀|a\tb|\ufffe|\x01|\u3000|\n| "
).split("|")
TEXT = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
TIME = st.one_of(
    st.datetimes(
        pd.Timestamp("1900-03-01").to_pydatetime(), pd.Timestamp("2200-01-01").to_pydatetime()
    ),
    st.datetimes(
        pd.Timestamp("1700-01-01").to_pydatetime(), pd.Timestamp("1900-02-28").to_pydatetime()
    ),
    st.none(),
)


@st.composite
def tables(draw):
    n = draw(st.integers(0, 6))
    many = lambda strategy: draw(st.lists(strategy, min_size=n, max_size=n))  # noqa: E731
    data = {name: many(TEXT) for name in READING_COLUMNS}
    state = many(st.sampled_from(["number", "number", "below", "above", "dry", "blank", "text"]))
    is_number = np.array([one == "number" for one in state], bool)
    is_limit = np.array([one in ("below", "above") for one in state], bool)
    data["state"] = state
    data["censored"] = [{"below": "<", "above": ">"}.get(one, "") for one in state]
    data["value"] = np.where(is_number, np.array(many(NUMBER), dtype="float64"), np.nan)
    data["detection_limit"] = np.where(is_limit, np.array(many(NUMBER), dtype="float64"), np.nan)
    for name in ("time", "period_end"):
        data[name] = pd.Series(many(TIME), dtype="datetime64[us]").astype("datetime64[s]")
    data["origin_row"] = np.array(many(st.integers(0, 2**31 - 1)), dtype="int32")
    data["item"] = many(st.sampled_from(["tp", "ph", "某项"]))
    data["row_kind"] = many(st.sampled_from(["sample", "mean", "note"]))
    data["period"] = many(st.sampled_from(["instant", "day", "month", "range"]))
    data["published_class"] = pd.Categorical(
        many(st.sampled_from([*CLASSES, None])), dtype=class_dtype()
    )
    return typed(pd.DataFrame({name: data[name] for name in READING_COLUMNS}))


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(table=tables())
@settings(max_examples=30)
def test_whatever_the_table_it_comes_back(tmp_path_factory, suffix, table):
    path = tmp_path_factory.mktemp("round") / f"t{suffix}"
    assert_same(read_readings(write_readings(table, path)), table)
