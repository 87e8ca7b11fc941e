"""Reading by column gives the table that reading by cell gives."""

import functools
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoyang_geo import read_readings, stream_readings
from chaoyang_geo.readings import bulk
from chaoyang_geo.readings.header import Words

HEADER = ["断面编码", "断面名称", "监测时间", "监测项目", "监测值", "单位"]
ROWS = [
    ["0211300001", "章吉营", "2025-10-08 08:00", "总磷", "0.11", "mg/L"],
    ["0211300001", "章吉营", "2025-10-08 08:00", "氨氮", "0.025L", "mg/L"],
    ["0211300001", "章吉营", "2025-10-08 08:00", "总磷", "１１．５", "μg/L"],
    ["0211300001", "章吉营", "2025年10月", "pH", " 8.1 ", "无量纲"],
    ["", "凌鸿大桥", "2025-10-08", "溶解氧", "--", "mg/L"],
    ["", "凌鸿大桥", "2025-10-08", "溶解氧", "", ""],
    ["", "凌鸿大桥", "2025-10-08", "高锰酸盐指数", "<0.5", ""],
    ["0211300002", "", "2025-10-08", "神秘指标", "12.0", "mg/L"],
    ["0211300002", "", "昨天", "粪大肠菌群", ">24000", "MPN/L"],
    ["0211300002", "", "2025-10-08", "总磷(mg/L)", "断流", ""],
    ["0211300002", "", "2025-10-08", "氨氮", "1.2E-3", "mg/L(以NH4计)"],
    ["0211300002", "", "2025-10-08", "总氮", "12 μg/L", "mg/L"],
    ["0211300002", "", "2025-10-08", "总氮", "约0.5", "mg/L"],
    ["0211300002", "NA", "2025-10-08", "氨氮", "0", "mg/L"],
]


def text_of(rows, delimiter=","):
    return "".join(delimiter.join(row) + "\n" for row in rows)


@pytest.fixture
def always(monkeypatch):
    """Read every long table by column, however small."""
    monkeypatch.setattr(bulk, "BIG_BYTES", 0)
    monkeypatch.setattr(bulk, "BIG_ROWS", 0)


def by_cell(path, **options):
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr(bulk, "BIG_BYTES", 1 << 60)
        patch.setattr(bulk, "BIG_ROWS", 1 << 60)
        return read_readings(path, **options)


def by_column(path, year=None, words=None):
    found = bulk.read_big(path, words or Words(), year)
    assert found is not None, "not read by column"
    return found[1]


def plain(table):
    """Turn categories into text: their order is not part of the table."""
    table = table.copy()
    for name in table.columns:
        if isinstance(table[name].dtype, pd.CategoricalDtype) and name != "published_class":
            table[name] = table[name].astype("str")
    return table


def assert_same(left, right):
    pd.testing.assert_frame_equal(plain(left), plain(right))
    assert left.dtypes.map(str).tolist() == right.dtypes.map(str).tolist()


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8", ","), ("utf-8-sig", ","), ("gb18030", "\t"), ("utf-8", ";")],
)
def test_a_csv_reads_alike_by_column_and_by_cell(tmp_path, always, encoding, delimiter):
    path = tmp_path / "long.csv"
    path.write_text(text_of([HEADER, *ROWS], delimiter), encoding=encoding)
    table = by_column(path)
    assert_same(table, by_cell(path))
    assert table["origin_row"].tolist() == list(range(2, len(ROWS) + 2))
    assert table["section_code"].iloc[0] == "0211300001"
    assert table["section_name"].iloc[-1] == "NA"


def test_title_rows_quotes_and_empty_lines_at_the_end(tmp_path, always):
    path = tmp_path / "long.csv"
    quoted = [[f'"{cell}"' for cell in row] for row in ROWS]
    quoted[3][4] = '"8.1\n（复测）"'
    quoted[4][4] = '"他说""无""" '.strip()
    path.write_text(text_of([HEADER, *quoted]) + "\n\n", encoding="utf-8")
    assert_same(by_column(path), by_cell(path))


def test_small_segments_give_the_same_table(tmp_path, always, monkeypatch):
    path = tmp_path / "long.csv"
    quoted = [[*row[:4], f'"{row[4]}\n"', row[5]] for row in ROWS]
    for rows in (ROWS, quoted):
        path.write_text(text_of([HEADER, *rows]), encoding="utf-8")
        whole = by_column(path)
        with monkeypatch.context() as patch:
            small = functools.partial(bulk.csv_batches, segment_bytes=150)
            patch.setattr(bulk, "csv_batches", small)
            assert_same(by_column(path), whole)


def test_parquet_reads_alike_by_column_and_by_cell(tmp_path, always):
    path = tmp_path / "long.parquet"
    pd.DataFrame(ROWS, columns=HEADER).to_parquet(path)
    assert_same(by_column(path), by_cell(path))
    csv = tmp_path / "long.csv"
    csv.write_text(text_of([HEADER, *ROWS]), encoding="utf-8")
    same = by_column(csv).drop(columns="origin")
    assert_same(by_column(path).drop(columns="origin"), same)


def test_parquet_with_numbers_times_and_gaps(tmp_path, always):
    path = tmp_path / "typed.parquet"
    table = pa.table(
        {
            "断面名称": pa.array(["章吉营", "章吉营", "凌鸿大桥"]).dictionary_encode(),
            "监测时间": pa.array(
                np.array(["2025-10-08T08:00", "2025-10-08", "2025-10-09"], "M8[us]")
            ),
            "监测项目": ["pH", "总磷", "总磷"],
            "监测值": [8.0, None, 0.1],
            "省份": ["辽宁省", None, "辽宁省"],
        }
    )
    pq.write_table(table, path)
    found = by_column(path)
    assert_same(found, by_cell(path))
    assert found["raw"].tolist() == ["8", "", "0.1"]
    assert found["time"].iloc[0] == pd.Timestamp("2025-10-08 08:00")
    assert found["province"].tolist() == ["辽宁省", "", "辽宁省"]


IRREGULAR = {
    "a row without a section": [["", "", "2025-10-08", "总磷", "0.1", "mg/L"]],
    "a row without a time": [["S1", "", "", "总磷", "0.1", "mg/L"]],
    "a mean": [["平均值", "", "", "总磷", "0.1", "mg/L"]],
    "a note": [["注：以上为快报数据", "", "", "", "", ""]],
    "a row that is short": [["S1", "章吉营"]],
    "an empty line": [[], ["S1", "", "2025-10-08", "总磷", "0.1", "mg/L"]],
    "the header once more": [HEADER],
}


@pytest.mark.parametrize("what", IRREGULAR)
def test_irregular_tables_are_read_by_cell(tmp_path, always, what):
    path = tmp_path / "long.csv"
    path.write_text(text_of([HEADER, *ROWS, *IRREGULAR[what], ROWS[0]]), encoding="utf-8")
    assert bulk.read_big(path, Words(), None) is None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_same(read_readings(path), by_cell(path))


def test_a_column_that_is_not_read_may_name_a_mean(tmp_path, always):
    path = tmp_path / "long.csv"
    rows = [[str(number), *row] for number, row in enumerate(ROWS)]
    path.write_text(text_of([["序号", *HEADER], *rows]), encoding="utf-8")
    assert_same(by_column(path), by_cell(path))
    rows[3][0] = "均值"
    path.write_text(text_of([["序号", *HEADER], *rows]), encoding="utf-8")
    assert bulk.read_big(path, Words(), None) is None


def test_wide_and_small_tables_are_not_read_by_column(tmp_path):
    wide = tmp_path / "wide.csv"
    wide.write_text("断面名称,监测时间,总磷(mg/L)\n章吉营,2025-10-08,0.1\n", encoding="utf-8")
    assert bulk.read_big(wide, Words(), None) is None
    long = tmp_path / "long.csv"
    long.write_text(text_of([HEADER, *ROWS]), encoding="utf-8")
    assert bulk.read_big(long, Words(), None) is None


def test_the_text_columns_are_categories_without_missing_text(tmp_path, always):
    path = tmp_path / "long.csv"
    path.write_text(text_of([HEADER, *ROWS]), encoding="utf-8")
    table = read_readings(path)
    others = {"time", "period_end", "value", "detection_limit", "origin_row", "published_class"}
    for name in set(table.columns) - others:
        assert isinstance(table[name].dtype, pd.CategoricalDtype), name
        assert table[name].notna().all(), name
    assert table["origin_row"].dtype == "int32"
    assert table["time"].dtype == "datetime64[s]"


def test_no_rows_give_no_rows_with_the_same_dtypes(tmp_path, always):
    full, csv, parquet = (tmp_path / name for name in ("full.csv", "empty.csv", "empty.parquet"))
    full.write_text(text_of([HEADER, *ROWS]), encoding="utf-8")
    csv.write_text(text_of([HEADER]), encoding="utf-8")
    pd.DataFrame(ROWS, columns=HEADER).iloc[:0].to_parquet(parquet)
    for path in (csv, parquet):
        table = by_column(path)
        assert len(table) == 0
        assert table.dtypes.map(str).tolist() == by_column(full).dtypes.map(str).tolist()
        assert list(stream_readings(path)) == []


def test_a_time_without_year_names_file_and_row(tmp_path, always):
    path = tmp_path / "long.csv"
    rows = [*ROWS[:2], ["S1", "", "10-08 08:00", "总磷", "0.1", "mg/L"]]
    path.write_text(text_of([HEADER, *rows]), encoding="utf-8")
    with pytest.raises(ValueError, match="long.csv, row 4: the time “10-08 08:00” has no year"):
        read_readings(path)
    assert read_readings(path, year=2025)["time"].iloc[2] == pd.Timestamp("2025-10-08 08:00")
    with pytest.raises(ValueError, match="long.csv, row 4"):
        list(stream_readings(path))


def test_a_stream_needs_a_regular_long_table(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text("断面名称,监测时间,总磷(mg/L)\n章吉营,2025-10-08,0.1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="wide.csv: not a plain table with an item a row"):
        list(stream_readings(path))
    path.write_text("甲,乙\n1,2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="wide.csv: no table with an item a row"):
        list(stream_readings(path))
    path.write_text(
        text_of([HEADER, *ROWS, ["平均值", "", "2025", "总磷", "1", ""]]), encoding="utf-8"
    )
    with pytest.raises(ValueError, match="wide.csv, row 16: the row is no sample"):
        list(stream_readings(path))
    with pytest.raises(FileNotFoundError):
        list(stream_readings(tmp_path / "nothing.csv"))
    with pytest.raises(ValueError, match="holds no .parquet file"):
        list(stream_readings(tmp_path))


def test_a_stream_gives_the_rows_of_the_whole_in_pieces(tmp_path, always):
    for number, part in enumerate((ROWS[:5], ROWS[5:9], ROWS[9:])):
        pd.DataFrame(part, columns=HEADER).to_parquet(tmp_path / f"part-{number}.parquet")
    whole = read_readings(tmp_path)
    assert len(whole) == len(ROWS)
    assert whole["origin"].unique().tolist() == [f"[part-{k}.parquet]" for k in range(3)]
    assert whole["origin_row"].tolist() == [2, 3, 4, 5, 6, 2, 3, 4, 5, 2, 3, 4, 5, 6]
    pieces = list(stream_readings(tmp_path, batch_rows=6))
    assert [len(piece) for piece in pieces] == [9, 5]
    together = pd.concat([plain(piece) for piece in pieces], ignore_index=True)
    pd.testing.assert_frame_equal(together, plain(whole))


def test_files_of_a_folder_may_lack_a_column(tmp_path, always):
    frame = pd.DataFrame(ROWS, columns=HEADER)
    frame.drop(columns="断面名称").assign(断面编码="S1").to_parquet(tmp_path / "a.parquet")
    frame.assign(备注="正常").to_parquet(tmp_path / "b.parquet")
    table = read_readings(tmp_path)
    assert table["section_name"].tolist() == [""] * len(ROWS) + [row[1] for row in ROWS]


CELL = st.sampled_from(
    [
        "0.1",
        "0.025L",
        "--",
        "<0.01",
        "０．２",
        "",
        " 7 ",
        "未检出",
        "1,000",
        "12*",
        "x",
        "NaN",
        "#N/A",
    ]
)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["S1", "0012", "断面A"]),
            st.sampled_from(["2025-10-08", "20251008", "2025年10月", "?", "45721.5"]),
            st.sampled_from(["总磷", "pH", "粪大肠菌群", "氨氮(μg/L)", "谜", "NH3-N"]),
            CELL,
            st.sampled_from(["mg/L", "", "ug/L", "个/L", "NTU", "（mg/L）"]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_any_small_table_reads_alike(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("bulk") / "long.parquet"
    names = ["断面编码", "监测时间", "监测项目", "监测值", "单位"]
    pd.DataFrame(rows, columns=names).to_parquet(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "BIG_ROWS", 0)
        if all(row[1] == "?" for row in rows):
            with pytest.raises(ValueError, match="no time in the column"):
                bulk.read_big(path, Words(), None)
            return
        assert_same(by_column(path), by_cell(path))


def test_the_way_of_measuring_reads_alike(tmp_path, always):
    path = tmp_path / "long.csv"
    rows = ["S1,2025-10-08,自动,总磷,0.1,mg/L", "S1,2025-10-09,,氨氮,0.2,mg/L"] * 3
    path.write_text("\n".join(["断面,日期,监测方式,项目,结果,单位", *rows]), encoding="utf-8")
    table = by_column(path)
    assert_same(table, by_cell(path))
    assert table["method"].tolist() == ["automatic", ""] * 3
    path.write_text(path.read_text("utf-8").replace("自动", "滴定法"), encoding="utf-8")
    assert bulk.read_big(path, Words(), None) is None  # an unknown word is told cell by cell
    assert "监测方式“滴定法”不明" in by_cell(path)["reading_flag"][0]


def test_the_water_body_and_the_unit_of_a_limit_read_alike(tmp_path, always):
    path = tmp_path / "long.csv"
    rows = ["大凌河,S1,2025-10-08,总磷,25L,ug/L", ",S1,2025-10-09,叶绿素a,0.012,mg/L"] * 3
    path.write_text("\n".join(["河流,断面,日期,项目,结果,单位", *rows]), encoding="utf-8")
    table = by_column(path)
    assert_same(table, by_cell(path))
    assert table["water_body"].tolist() == ["大凌河", ""] * 3
    assert table["reading_flag"][0] == "低于检出限25（原单位ug/L，合0.025 mg/L）"


def test_limits_and_marks_in_columns_of_their_own_read_alike(tmp_path, always):
    path = tmp_path / "long.csv"
    head = ["断面名称", "监测时间", "监测项目", "监测值", "检出标识", "检出限", "单位"]
    rows = [
        ["章吉营", "2025-10-08", "总磷", "未检出", "", "10", "μg/L"],
        ["章吉营", "2025-10-08", "氨氮", "0.025", "L", "0.025", "mg/L"],
        ["章吉营", "2025-10-09", "氨氮", "0.025", "", "0.025", "mg/L"],
        ["章吉营", "2025-10-09", "总氮", "", "ND", "0.05mg/L", "mg/L"],
        ["章吉营", "2025-10-09", "总磷", "0.11", "J", "", "mg/L"],
    ]
    path.write_text(text_of([head, *rows]), encoding="utf-8")
    table = by_column(path)
    assert_same(table, by_cell(path))
    assert table["censored"].tolist() == ["<", "<", "", "<", ""]
    assert table["detection_limit"].tolist()[:2] == [0.01, 0.025]
    assert table["detection_limit"].iloc[3] == 0.05
    assert table["value"].dropna().tolist() == [0.025, 0.11]
    flags = table["reading_flag"].tolist()
    assert flags[0] == "低于检出限10（取自检出限列）（原单位μg/L，合0.01 mg/L）"
    assert flags[1:3] == ["检出标识“L”；低于检出限0.025", ""]
    assert flags[4] == "检出标识“J”含义不明，数值照录"


@pytest.mark.parametrize("head", ["未检出标识", "是否检出", "结果标识"])
def test_yes_and_no_as_marks_read_alike(tmp_path, always, head):
    path = tmp_path / "long.csv"
    rows = [["章吉营", "2025-10-08", "总磷", "0.11", mark, "mg/L"] for mark in ("是", "否", "")]
    names = ["断面名称", "监测时间", "监测项目", "监测值", head, "单位"]
    path.write_text(text_of([names, *rows]), encoding="utf-8")
    table = by_column(path)
    assert_same(table, by_cell(path))
    below = {"未检出标识": ["<", "", ""], "是否检出": ["", "<", ""], "结果标识": ["", "", ""]}
    assert table["censored"].tolist() == below[head]
    assert table["detection_limit"].dropna().tolist() == [0.11] * (head != "结果标识")


def test_files_whose_marks_answer_different_questions_are_not_mixed(tmp_path, always):
    paths = []
    for head in ("未检出标识", "是否检出"):
        paths.append(tmp_path / f"{head}.csv")
        names = ["断面名称", "监测时间", "监测项目", "监测值", head, "单位"]
        rows = [["章吉营", "2025-10-08", "总磷", "0.11", "否", "mg/L"]]
        paths[-1].write_text(text_of([names, *rows]), encoding="utf-8")
    tables = list(bulk.stream_readings(paths))
    assert [table["censored"].tolist() for table in tables] == [[""], ["<"]]


def test_a_reason_in_the_place_of_a_time_is_left_to_the_reading_by_cell(tmp_path, always):
    path = tmp_path / "long.csv"
    rows = [HEADER, *ROWS, ["", "凌鸿大桥", "断流", "总磷", "", "mg/L"]]
    path.write_text(text_of(rows), encoding="utf-8")
    assert bulk.read_big(path, Words(), None) is None
    table = by_cell(path)
    assert table["state"].iloc[-1] == "dry"
    assert table["reading_flag"].iloc[-1] == "断流；监测时间空白；缺测（空白）"
