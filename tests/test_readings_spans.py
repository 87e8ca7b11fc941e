"""Begin and end of a sampling in two columns, and the layer of the water that it is of."""

import datetime as dt
import sys
import warnings
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from chaoyang_geo import flag_doubts, read_readings, write_readings
from chaoyang_geo.readings import bulk, describe_readings
from chaoyang_geo.readings.header import Words

sys.path.insert(0, str(Path(__file__).parent))
from books import xlsb

DAY = pd.Timedelta(days=1)


def text(folder, content, name="table.csv"):
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def book(folder, rows, *, merged=(), sheet="数据", title=None):
    workbook = openpyxl.Workbook()
    workbook.active.title = title or sheet
    for row in rows:
        workbook.active.append(row)
    for cells in merged:
        workbook.active.merge_cells(cells)
    workbook.save(folder / "table.xlsx")
    return folder / "table.xlsx"


def spans(table):
    """Time, period and end of every row, as short texts."""
    said = []
    for time, period, end in zip(table["time"], table["period"], table["period_end"], strict=True):
        ends = "" if pd.isna(end) else f"{end:%m-%d %H:%M}"
        said.append(("" if pd.isna(time) else f"{time:%m-%d %H:%M}", str(period), ends))
    return said


# --- begin and end --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "heads",
    [
        ("采样开始时间", "采样结束时间"),
        ("开始日期", "截止日期"),
        ("起始时间", "终止时间"),
        ("采样时间(起)", "采样时间(止)"),
        ("监测开始日期", "监测截止日期"),
        ("采样日期起", "采样日期止"),
        ("开始", "结束"),
        ("Start", "End"),
        ("Start Date", "End Date"),
        ("Sampling start time", "Sampling end time"),
        ("ActivityStartDate", "ActivityEndDate"),
    ],
)
def test_begin_and_end_are_the_period_that_a_value_stands_for(tmp_path, heads):
    head = ",".join(["断面名称", *heads, "总磷(mg/L)"])
    path = text(tmp_path, f"{head}\n章吉营,2025-03-01 08:00,2025-03-01 08:30,0.1\n")
    table = read_readings(path)
    assert spans(table) == [("03-01 08:00", "range", "03-01 08:30")]
    assert table["reading_flag"].tolist() == [""]
    described = describe_readings(path).set_index("header")
    assert described.loc[heads[0], "role"] == "time"
    assert described.loc[heads[1], "role"] == "time_end"
    assert "时段" in described.loc[heads[1], "note"]


def test_two_columns_say_what_one_cell_would(tmp_path):
    """The last day is part of the period, in two columns as in one cell."""
    days = text(
        tmp_path, "断面,开始日期,截止日期,总磷\n章吉营,2025-03-01,2025-03-05,0.1\n", "a.csv"
    )
    cell = text(tmp_path, "断面,监测时间,总磷\n章吉营,2025-03-01~2025-03-05,0.1\n", "b.csv")
    assert spans(read_readings(days)) == spans(read_readings(cell))
    assert spans(read_readings(days)) == [("03-01 00:00", "range", "03-06 00:00")]


@pytest.mark.parametrize(
    ("begin", "end", "expected", "flag"),
    [
        ("2025-03-01", "2025-03-01", ("03-01 00:00", "day", "03-02 00:00"), ""),
        ("2025-03-01 08:00", "2025-03-01 08:00", ("03-01 08:00", "instant", ""), ""),
        ("2025-03", "2025-03", ("03-01 00:00", "month", "04-01 00:00"), ""),
        ("2025-01", "2025-03", ("01-01 00:00", "range", "04-01 00:00"), ""),
        ("2025-03-01 08:00", "09:30", ("03-01 08:00", "range", "03-01 09:30"), ""),
        ("2025-03-01 08:00", "下午2时", ("03-01 08:00", "range", "03-01 14:00"), ""),
        ("2025-03-01 08:00", "3月2日 8:00", ("03-01 08:00", "range", "03-02 08:00"), ""),
        ("2025-03-01 08:00", "", ("03-01 08:00", "instant", ""), "结束时间空白"),
        ("2025-03-05", "2025-03-01", ("03-05 00:00", "day", "03-06 00:00"), "起止时间颠倒"),
        ("2025-03-05", "次日", ("03-05 00:00", "day", "03-06 00:00"), "结束时间“次日”无法识别"),
        ("", "2025-03-01 08:30", ("03-01 08:30", "instant", ""), "开始时间空白，按结束时间"),
        ("某日", "2025-03-01 08:30", ("", "", ""), "监测时间“某日”无法识别"),
    ],
)  # fmt: skip
def test_what_begin_and_end_may_be(tmp_path, begin, end, expected, flag):
    rows = ["断面,开始时间,结束时间,总磷", "王家沟,2025-02-01 08:00,2025-02-01 09:00,0.2"]
    path = text(tmp_path, "\n".join([*rows, f"章吉营,{begin},{end},0.1"]))
    table = read_readings(path)
    assert spans(table)[1] == expected
    assert flag in table["reading_flag"][1]
    assert bool(table["reading_flag"][1].replace("表中未注明单位，按mg/L", "")) == bool(flag)
    assert table["value"].tolist() == [0.2, 0.1]


def test_a_date_with_two_times_of_day(tmp_path):
    rows = [
        ["断面名称", "采样日期", "采样时间", None, "总磷(mg/L)"],
        [None, None, "开始", "结束", None],
        ["章吉营", dt.datetime(2025, 3, 1), dt.time(8, 0), dt.time(8, 30), 0.1],
        ["王家沟", dt.datetime(2025, 3, 1), dt.time(9, 0), dt.time(9, 45), 0.2],
    ]
    merged = ("A1:A2", "B1:B2", "C1:D1", "E1:E2")
    table = read_readings(book(tmp_path, rows, merged=merged))
    assert spans(table) == [
        ("03-01 08:00", "range", "03-01 08:30"),
        ("03-01 09:00", "range", "03-01 09:45"),
    ]


def test_days_and_times_of_day_in_four_columns(tmp_path):
    path = text(
        tmp_path,
        "断面,开始日期,开始时间,结束日期,结束时间,总磷\n章吉营,2025-03-01,22:00,2025-03-02,6:00,0.1\n",
    )
    assert spans(read_readings(path)) == [("03-01 22:00", "range", "03-02 06:00")]


def test_the_month_of_a_report_gives_way_to_begin_and_end(tmp_path):
    path = text(
        tmp_path,
        "断面,监测月份,采样开始时间,采样结束时间,总磷\n章吉营,2025-03,2025-03-04 08:00,2025-03-04 08:30,0.1\n",
    )
    with pytest.warns(UserWarning, match="监测月份"):
        table = read_readings(path)
    assert spans(table) == [("03-04 08:00", "range", "03-04 08:30")]


def test_only_an_end_is_no_time(tmp_path):
    path = text(
        tmp_path, "断面,监测时间,结束时间,总磷\n章吉营,2025-03-04 08:00,2025-03-04 09:00,0.1\n"
    )
    assert spans(read_readings(path)) == [("03-04 08:00", "range", "03-04 09:00")]
    path = text(tmp_path, "断面,截止日期,总磷,氨氮\n章吉营,2025-03-04,0.1,0.2\n")
    table = read_readings(path)
    assert spans(table) == [("", "", "")] * 2
    assert table["reading_flag"].str.contains("未注明监测时间").all()


def test_excel_dates_and_serials_of_begin_and_end(tmp_path):
    rows = [
        ["断面", "开始时间", "结束时间", "总磷"],
        ["章吉营", dt.datetime(2025, 3, 1), dt.datetime(2025, 3, 5), 0.1],
        ["王家沟", 45717.5, 45718, 0.2],
    ]
    assert spans(read_readings(book(tmp_path, rows))) == [
        ("03-01 00:00", "range", "03-06 00:00"),
        ("03-01 12:00", "range", "03-03 00:00"),
    ]
    cells = {0: dict(enumerate(rows[0])), 1: dict(enumerate(["章吉营", 44255.5, 44256.25, 0.1]))}
    table = read_readings(xlsb(tmp_path, cells, from_1904=True))
    assert spans(table) == [("03-01 12:00", "range", "03-02 06:00")]


def test_merged_begin_and_end_hold_for_all_their_rows(tmp_path):
    rows = [
        ["断面", "开始日期", "截止日期", "监测项目", "监测值"],
        ["章吉营", "2025-03-01", "2025-03-05", "总磷", 0.1],
        [None, None, None, "氨氮", 0.2],
        ["王家沟", "2025-03-02", "2025-03-03", "总磷", 0.3],
    ]
    table = read_readings(book(tmp_path, rows, merged=("A2:A3", "B2:B3", "C2:C3")))
    assert [end for _, _, end in spans(table)] == ["03-06 00:00"] * 2 + ["03-04 00:00"]


def test_begin_and_end_above_a_form(tmp_path):
    rows = [
        ["断面名称：章吉营", None, "采样开始时间：2025-03-01 08:00"],
        ["采样结束时间：2025-03-01 08:30"],
        ["项目", "结果", "单位"],
        ["总磷", 0.1, "mg/L"],
    ]
    assert spans(read_readings(book(tmp_path, rows))) == [("03-01 08:00", "range", "03-01 08:30")]


def test_a_large_table_with_begin_and_end_is_read_by_cell(tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "BIG_BYTES", 0)
    rows = ["断面,开始日期,截止日期,项目,结果,单位"]
    rows += ["S1,2025-03-01,2025-03-05,总磷,0.1,mg/L"] * 3
    path = text(tmp_path, "\n".join(rows))
    assert bulk.read_big(path, Words(), None) is None
    assert spans(read_readings(path)) == [("03-01 00:00", "range", "03-06 00:00")] * 3


def test_a_sample_of_half_an_hour_is_compared_with_one_of_a_moment(tmp_path):
    span = text(
        tmp_path, "断面,开始时间,结束时间,总磷\nA,2025-03-01 08:00,2025-03-01 08:30,0.1\n", "a.csv"
    )
    moment = text(tmp_path, "断面,监测时间,总磷\nA,2025-03-01 08:00,0.1\n", "b.csv")
    month = text(tmp_path, "断面,开始日期,截止日期,总磷\nA,2025-03-01,2025-03-31,0.1\n", "c.csv")
    doubts = flag_doubts(read_readings([span, moment, month]))["doubts"].tolist()
    assert doubts == ["duplicate", "duplicate", ""]


def test_periods_of_two_columns_survive_being_written(tmp_path):
    path = text(tmp_path, "断面,开始日期,截止日期,总磷\n章吉营,2025-03-01,2025-03-05,0.1\n")
    table = read_readings(path)
    for name in ("a.xlsx", "a.csv", "a.parquet"):
        assert spans(read_readings(write_readings(table, tmp_path / name))) == spans(table)


# --- layers of the water --------------------------------------------------------------------------


def layers(table):
    return table["sampling_layer"].tolist()


@pytest.mark.parametrize("header", ["采样层次", "层次", "水层", "监测层次", "sampling layer"])
def test_the_layer_of_a_sample_is_kept(tmp_path, header):
    path = text(
        tmp_path,
        f"断面,监测时间,{header},总磷(mg/L),氨氮(mg/L)\n大伙房,2025-08-01,表,0.01,0.1\n"
        "大伙房,2025-08-01,底层水,0.05,0.2\n大伙房,2025-08-01,/,0.03,0.3\n",
    )
    table = read_readings(path)
    assert layers(table) == ["表层", "表层", "底层", "底层", "", ""]
    assert table["reading_flag"].tolist() == [""] * 6


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        ("采样深度(m)", ["0.5", "10"], ["0.5 m", "10 m"]),
        ("采样深度(cm)", ["50", "1000"], ["0.5 m", "10 m"]),
        ("采样水深", ["0.5m", "水下10米处"], ["0.5 m", "10 m"]),
        ("采样深度（m）", ["0~0.5", "底层"], ["0-0.5 m", "底层"]),
        ("采样深度", ["0.5", "10"], ["0.5", "10"]),  # no unit is invented
    ],
)
def test_the_depth_of_a_sample_is_kept(tmp_path, header, cells, expected):
    rows = "".join(f"大伙房,2025-08-01,{cell},0.01\n" for cell in cells)
    table = read_readings(text(tmp_path, f"断面,监测时间,{header},总磷(mg/L)\n{rows}"))
    assert layers(table) == expected


def test_a_table_without_layers_has_no_column_of_them(tmp_path):
    path = text(tmp_path, "断面,监测时间,总磷\n章吉营,2025-03-01,0.1\n")
    assert "sampling_layer" not in read_readings(path)
    path = text(tmp_path, "断面,监测时间,采样层次,总磷\n章吉营,2025-03-01,,0.1\n")
    assert "sampling_layer" not in read_readings(path)


def test_layer_and_depth_are_one_statement(tmp_path):
    path = text(tmp_path, "断面,监测时间,层次,采样深度(m),总磷\n大伙房,2025-08-01,表层,0.5,0.01\n")
    assert layers(read_readings(path)) == ["表层 0.5 m"]


def test_layers_over_the_items(tmp_path):
    rows = [
        ["断面名称", "监测时间", "表层", None, "底层", None],
        [None, None, "总磷(mg/L)", "氨氮(mg/L)", "总磷(mg/L)", "氨氮(mg/L)"],
        ["大伙房", "2025-08-01", 0.01, 0.1, 0.05, 0.2],
    ]
    path = book(tmp_path, rows, merged=("A1:A2", "B1:B2", "C1:D1", "E1:F1"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = read_readings(path)
    assert table["item"].tolist() == ["tp", "nh3_n"] * 2
    assert layers(table) == ["表层", "表层", "底层", "底层"]
    assert "采样层次“底层”" in describe_readings(path)["note"].str.cat()


def test_sections_and_layers_over_the_items(tmp_path):
    rows = [
        ["监测时间", "大伙房", None, "观音阁", None],
        [None, "表层", "底层", "表层", "底层"],
        [None, *["总磷(mg/L)"] * 4],
        ["2025-08-01", 0.01, 0.05, 0.02, 0.06],
    ]
    table = read_readings(book(tmp_path, rows, merged=("A1:A3", "B1:C1", "D1:E1")))
    assert table["section_name"].tolist() == ["大伙房", "大伙房", "观音阁", "观音阁"]
    assert layers(table) == ["表层", "底层"] * 2


@pytest.mark.parametrize(
    "names",
    [
        ("总磷(表层)", "总磷(底层)"),
        ("表层总磷(mg/L)", "底层总磷(mg/L)"),
        ("总磷-表层", "总磷-底层"),
        ("总磷（表层）（mg/L）", "总磷（底层）（mg/L）"),
    ],
)
def test_the_layer_within_the_name_of_an_item(tmp_path, names):
    path = text(tmp_path, f"断面,监测时间,{','.join(names)}\n大伙房,2025-08-01,0.01,0.05\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = read_readings(path)
    assert table["item"].tolist() == ["tp", "tp"]
    assert table["unit"].tolist() == ["mg/L", "mg/L"]
    assert layers(table) == ["表层", "底层"]


def test_layers_across_the_top_of_a_table_of_items(tmp_path):
    rows = [
        "断面名称：大伙房,,",
        "监测时间：2025-08-01,,",
        "监测项目,表层,底层",
        "总磷(mg/L),0.01,0.05",
    ]
    table = read_readings(text(tmp_path, "\n".join(rows)))
    assert table["section_name"].tolist() == ["大伙房", "大伙房"]
    assert layers(table) == ["表层", "底层"]


def test_sections_with_layers_across_the_top_of_a_table_of_items(tmp_path):
    rows = [
        ["监测时间：2025年8月1日"],
        ["监测项目", "大伙房", None, "观音阁"],
        [None, "表层", "底层", "表层"],
        ["总磷(mg/L)", 0.01, 0.05, 0.02],
    ]
    table = read_readings(book(tmp_path, rows, merged=("A2:A3", "B2:C2")))
    assert table["section_name"].tolist() == ["大伙房", "大伙房", "观音阁"]
    assert layers(table) == ["表层", "底层", "表层"]


def test_the_layer_that_a_sheet_or_a_title_names(tmp_path):
    rows = [["断面", "监测时间", "总磷(mg/L)"], ["大伙房", "2025-08-01", 0.01]]
    table = read_readings(book(tmp_path, rows, sheet="底层"))
    assert table["section_name"].tolist() == ["大伙房"]
    assert layers(table) == ["底层"]
    assert table["reading_flag"].tolist() == ["采样层次取自工作表名“底层”"]
    rows = [["2025年8月水库表层水质监测结果"], *rows]
    assert layers(read_readings(book(tmp_path, rows))) == ["表层"]


def test_the_earths_surface_is_no_layer_of_water(tmp_path):
    path = text(tmp_path, "断面,监测时间,总磷,地表层总磷\n章吉营,2025-03-01,0.1,0.1\n")
    with pytest.warns(UserWarning, match="地表层总磷"):
        assert "sampling_layer" not in read_readings(path)


def test_surface_and_bottom_are_no_duplicates(tmp_path):
    rows = "".join(
        f"大伙房,2025-08-01 08:00,{layer},{item},{value},mg/L\n"
        for layer, item, value in (
            ("表层", "总磷", 0.05),
            ("底层", "总磷", 0.05),
            ("表层", "总氮", 1.0),
            ("底层", "总氮", 2.0),
            ("底层", "氨氮", 1.5),
        )
    )
    head = "断面名称,监测时间,采样层次,监测项目,监测值,单位\n"
    flagged = flag_doubts(read_readings(text(tmp_path, head + rows)))
    assert flagged["doubts"].tolist() == [""] * 5  # 氨氮 of the bottom is below its own 总氮
    twice = flag_doubts(read_readings(text(tmp_path, head + rows.replace("底层", "表层"))))
    assert twice["doubts"].tolist() == [
        "duplicate", "duplicate", "conflict;contradiction", "conflict", "contradiction",
    ]  # fmt: skip


def test_the_history_of_a_layer_is_its_own(tmp_path):
    rows = [f"大伙房,2025-01-{day:02} 08:00,表层,总磷,0.01,mg/L" for day in range(1, 29)]
    head = "断面名称,监测时间,采样层次,监测项目,监测值,单位"
    past = read_readings(text(tmp_path, "\n".join([head, *rows]), "past.csv"))
    now = "大伙房,2025-02-01 08:00,{},总磷,0.9,mg/L"
    for layer, doubt in (("表层", "jump"), ("底层", "")):
        path = text(tmp_path, "\n".join([head, now.format(layer)]), "now.csv")
        assert flag_doubts(read_readings(path), history=past)["doubts"].tolist() == [doubt]


@pytest.mark.parametrize("suffix", [".xlsx", ".csv", ".parquet"])
def test_layers_survive_being_written(tmp_path, suffix):
    path = text(
        tmp_path,
        "断面,监测时间,采样层次,总磷\n大伙房,2025-08-01,表层,0.01\n大伙房,2025-08-01,底层,0.05\n",
    )
    table = read_readings(path)
    back = read_readings(write_readings(table, tmp_path / f"clean{suffix}"))
    pd.testing.assert_frame_equal(back, table, check_categorical=False)
    plain = text(tmp_path, "断面,监测时间,总磷\n章吉营,2025-03-01,0.1\n", "plain.csv")
    assert layers(read_readings([tmp_path / f"clean{suffix}", plain])) == ["表层", "底层", ""]


def test_layers_of_a_large_table_read_alike(tmp_path, monkeypatch):
    rows = ["断面,日期,层次,项目,结果,单位"]
    rows += ["S1,2025-08-01,表,总磷,0.01,mg/L", "S1,2025-08-01,底层,总磷,0.05,mg/L"] * 3
    path = text(tmp_path, "\n".join(rows))
    by_cell = read_readings(path)
    monkeypatch.setattr(bulk, "BIG_BYTES", 0)
    _, by_column = bulk.read_big(path, Words(), None)
    assert layers(by_column) == ["表层", "底层"] * 3
    pd.testing.assert_frame_equal(by_column, by_cell, check_categorical=False)
    deep = text(tmp_path, "\n".join(rows).replace("层次", "采样深度"))
    assert bulk.read_big(deep, Words(), None) is None
