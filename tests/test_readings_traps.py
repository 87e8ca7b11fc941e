"""Tables that look easy and are not: what is no sample, whose month it is, which unit is meant."""

import json
import warnings

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chaoyang_geo import (
    flag_doubts,
    match_sections,
    read_readings,
    read_review,
    stream_readings,
    write_review,
)
from chaoyang_geo.readings import bulk, describe_readings
from chaoyang_geo.readings.times import parse_times
from chaoyang_geo.readings.values import parse_values

HEAD = ["断面名称", "监测时间", "氨氮(mg/L)", "总磷(mg/L)"]


def book(folder, rows, *, merged=(), sheet="数据", name="table.xlsx"):
    made = openpyxl.Workbook()
    made.active.title = sheet
    for row in rows:
        made.active.append(row)
    for area in merged:
        made.active.merge_cells(area)
    made.save(folder / name)
    return folder / name


def text(folder, content, name="table.csv"):
    (folder / name).write_text(content, encoding="utf-8")
    return folder / name


def quietly(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return read_readings(path, **options)


def cells(table, *columns):
    return list(zip(*(table[name].astype(object) for name in columns), strict=True))


# --- what is no sample ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("超标率（%）", "note"),
        ("超标率%", "note"),
        ("标准值（Ⅲ类）", "note"),
        ("GB3838-2002 Ⅲ类标准", "note"),
        ("《地表水环境质量标准》Ⅲ类", "note"),
        ("GB 3838-2002Ⅲ类", "note"),
        ("方法检出限(mg/L)", "note"),
        ("监测次数", "note"),
        ("样品数（个）", "note"),
        ("环比变化（%）", "note"),
        ("变异系数(%)", "note"),
        ("上年同期", "note"),
        ("水质类别", "note"),
        ("全程序空白", "note"),
        ("2025年1月-3月平均值", "mean"),
        ("中位值", "mean"),
        ("最大浓度", "max"),
        ("累计", "total"),
    ],
)
def test_a_row_of_statistics_or_limits_is_no_sample(tmp_path, label, kind):
    rows = [HEAD, ["章吉营", "2025-03-05", 0.1, 0.2], [label, None, 0.5, 1.0]]
    table = read_readings(book(tmp_path, rows))
    assert table["row_kind"].tolist() == ["sample", "sample", kind, kind]
    assert table["section_name"].tolist() == ["章吉营", "章吉营", "", ""]


@pytest.mark.parametrize("name", ["N1", "n12", "S3", "标准厂房桥", "平均桥", "章吉营（左）"])
def test_a_section_whose_name_is_like_a_statistic_is_a_sample(tmp_path, name):
    table = read_readings(text(tmp_path, ",".join(HEAD) + f"\n{name},2025-03-05,0.1,0.2\n"))
    assert table["row_kind"].tolist() == ["sample"] * 2
    assert set(table["section_name"]) == {name}


@pytest.mark.parametrize(
    ("header", "cell"),
    [("执行标准", "Ⅲ类标准"), ("备注", "执行Ⅲ类标准"), ("是否达标", "N"), ("检测方法", "标准")],
)
def test_a_remark_about_a_sample_does_not_unmake_it(tmp_path, header, cell):
    rows = [[*HEAD, header], ["章吉营", "2025-03-05", 0.1, 0.2, cell]]
    table = read_readings(book(tmp_path, rows))
    assert table["row_kind"].tolist() == ["sample"] * 2


def test_signatures_below_a_table_are_left_out_and_named(tmp_path):
    rows = [HEAD, ["章吉营", "2025-03-05", 0.1, 0.2], ["填报人：张三", None, "审核人：李四"]]
    with pytest.warns(UserWarning, match="1 rows hold no reading.*填报人：张三"):
        assert len(read_readings(book(tmp_path, rows))) == 2


# --- whose month, whose section -------------------------------------------------------------------


def test_months_over_groups_of_items(tmp_path):
    rows = [
        ["某市2025年一季度监测数据汇总表"],
        ["断面名称", "1月", None, None, "2月", None, None],
        [None, "氨氮", "总磷", "类别", "氨氮", "总磷", "类别"],
        ["章吉营", 0.1, 0.11, "Ⅲ", 0.2, "断流", "Ⅳ"],
    ]
    path = book(tmp_path, rows, merged=["A1:G1", "A2:A3", "B2:D2", "E2:G2"])
    with pytest.warns(UserWarning, match="1月 类别, 2月 类别"):
        table = read_readings(path)
    assert cells(table, "item", "value", "period", "state")[0] == ("nh3_n", 0.1, "month", "number")
    january, february = pd.Timestamp("2025-01-01"), pd.Timestamp("2025-02-01")
    assert table["time"].tolist() == [january] * 2 + [february] * 2
    assert table["state"].tolist()[-1] == "dry"
    assert table["published_class"].isna().all()  # the class of which month?
    described = describe_readings(path).set_index("column")
    assert described.loc["E", "note"] == "氨氮，时间“2月”的结果"


def test_months_over_groups_of_items_in_a_text_file(tmp_path):
    path = text(tmp_path, "断面名称,1月,,2月,\n,氨氮,总磷,氨氮,总磷\na1,0.1,0.2,0.3,0.4\n")
    table = read_readings(path, year=2025)
    assert table["time"].dt.month.tolist() == [1, 1, 2, 2]
    assert table["value"].tolist() == [0.1, 0.2, 0.3, 0.4]


def test_sections_over_groups_of_items(tmp_path):
    rows = [
        ["采样月份", "章吉营", None, "王家沟", None],
        [None, "氨氮", "总磷", "氨氮", "总磷"],
        ["2025年1月", 0.1, 0.11, 0.2, 0.12],
    ]
    table = read_readings(book(tmp_path, rows, merged=["A1:A2", "B1:C1", "D1:E1"]))
    assert table["section_name"].tolist() == ["章吉营", "章吉营", "王家沟", "王家沟"]
    assert set(table["time"]) == {pd.Timestamp("2025-01-01")}


def test_headings_over_different_items_are_no_sections(tmp_path):
    rows = [
        ["断面", "采样时间", "常规指标", None, "重金属", None],
        [None, None, "氨氮", "总磷", "铜", "锌"],
        ["章吉营", "2025-03-05", 0.1, 0.11, 0.2, 0.12],
    ]
    table = read_readings(book(tmp_path, rows, merged=["A1:A2", "B1:B2", "C1:D1", "E1:F1"]))
    assert set(table["section_name"]) == {"章吉营"}
    assert len(table) == 4


def test_last_year_beside_this_month_is_not_this_month(tmp_path):
    rows = [
        ["2025年3月监测结果"],
        ["断面", "本月", None, "上年同期", None, "同比变化", None],
        [None, "氨氮", "总磷", "氨氮", "总磷", "氨氮", "总磷"],
        ["章吉营", 0.1, 0.11, 0.2, 0.12, -0.1, -0.01],
    ]
    path = book(tmp_path, rows, merged=["A2:A3", "B2:C2", "D2:E2", "F2:G2"])
    with pytest.warns(UserWarning, match="上年同期 氨氮"):
        table = read_readings(path)
    assert table["value"].tolist() == [0.1, 0.11]


@pytest.mark.parametrize("title", ["2024年12月—2025年2月监测结果", "2024-2025年枯水期监测结果"])
def test_a_title_of_two_years_gives_no_month_its_year(tmp_path, title):
    rows = [[title], ["断面名称", "月份", *HEAD[2:]], ["a", "12月", 1, 1], ["a", "1月", 1, 1]]
    with pytest.raises(ValueError, match="12月” has no year"):
        read_readings(book(tmp_path, rows))


def test_a_title_that_compares_with_last_year_has_one_year(tmp_path):
    rows = [["2025年3月水质（与2024年同期相比）"], ["断面名称", *HEAD[2:]], ["a", 1, 1]]
    assert set(quietly(book(tmp_path, rows))["time"]) == {pd.Timestamp("2025-03-01")}


def test_a_month_typed_as_a_number_may_have_lost_its_zero(tmp_path):
    rows = [["断面名称", "月份", *HEAD[2:]], ["a", 2025.1, 1, 1], ["a", 2025.2, 1, 1]]
    table = read_readings(book(tmp_path, rows))
    assert table["time"].isna().tolist() == [True, True, False, False]
    assert "可指1月也可指10月" in table["reading_flag"].tolist()[0]


def test_the_time_of_a_merged_section_holds_for_its_rows_and_for_no_other(tmp_path):
    rows = [
        ["断面", "垂线", "采样时间", *HEAD[2:]],
        ["章吉营", "左", "2025-03-05 09:00", 1, 1],
        [None, "右", None, 2, 2],
        ["王家沟", "左", None, 3, 3],
    ]
    table = read_readings(book(tmp_path, rows, merged=["A2:A3"]))
    nine = pd.Timestamp("2025-03-05 09:00")
    assert table["time"].tolist()[:4] == [nine] * 4
    assert table["time"].isna().tolist()[4:] == [True, True]
    assert table["reading_flag"].tolist()[2] == "监测时间空白，按上一行"


# --- times and values -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "begin", "period"),
    [
        ("20250305 0800", "2025-03-05 08:00", "instant"),
        ("20250305 08:00", "2025-03-05 08:00", "instant"),
        ("2025-03-05 0800", "2025-03-05 08:00", "instant"),
        ("2025-03-05_08:00", "2025-03-05 08:00", "instant"),
        ("2025—03—05", "2025-03-05", "day"),
        ("2025-03 上旬", "2025-03-01", "dekad"),
        ("1—3月", "2025-01-01", "range"),
        ("5-Mar-2025", "2025-03-05", "day"),
        ("March 5, 2025 14:30", "2025-03-05 14:30", "instant"),
        ("Sep 2025", "2025-09-01", "month"),
    ],
)
def test_times_of_loggers_and_of_english_programs(written, begin, period):
    parsed = parse_times([written], year=2025)
    assert (pd.Timestamp(parsed.time[0]), parsed.period[0]) == (pd.Timestamp(begin), period)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("2025.1-3", "起止月份"),
        ("2025年1-3", "起止月份"),
        ("25年3月", "年份只有两位"),
        ("20250305-08", "no time"),
        ("Mar-25", "no time"),
        ("5-Foo-2025", "no time"),
    ],
)
@pytest.mark.parametrize("copies", [1, 100])
def test_a_time_of_two_meanings_is_not_guessed(written, why, copies):
    fillers = [f"2025-03-{day:02} {hour:02}:00" for day in range(1, 9) for hour in range(12)]
    parsed = parse_times([written, *fillers[: copies - 1]])
    assert pd.isna(parsed.time[0])
    assert why in parsed.problem[0]


def test_dates_of_unknown_order_say_so(tmp_path):
    path = text(tmp_path, ",".join(HEAD) + "\na,3/5/2025,1,1\n")
    with pytest.raises(ValueError, match="“3/5/2025”（日、月次序不明"):
        read_readings(path)


@pytest.mark.parametrize("written", ["-9999", "-999", "-999.0", "-999.9", "-99999"])
@pytest.mark.parametrize("copies", [1, 100])
def test_a_code_for_no_data_is_no_number(written, copies):
    parsed = parse_values([written, *map(str, range(copies))])
    assert parsed.state[0] == "not_sampled"
    assert pd.isna(parsed.value[0])
    assert written in parsed.flag[0]


def test_numbers_near_the_code_for_no_data_stay_numbers():
    assert parse_values(["-998", "-99", "9999", "-999.5"]).state.tolist() == ["number"] * 4


@pytest.mark.parametrize(
    ("written", "state", "limit"),
    [
        ("多于2.4×10^5", "above", 2.4e5),
        ("〈0.025", "below", 0.025),
        ("低于检测限0.01", "below", 0.01),
        ("少于20", "below", 20),
    ],
)
def test_more_words_for_a_side_of_a_limit(written, state, limit):
    parsed = parse_values([written])
    assert (parsed.state[0], parsed.detection_limit[0]) == (state, limit)


def test_an_empty_cell_takes_the_reason_that_its_row_gives(tmp_path):
    rows = [
        [*HEAD, "备注"],
        ["a", "2025-03-05", None, "—", "断流"],
        ["b", "2025-03-05", 0.1, "未检出", "冰封"],
        ["c", "2025-03-05", None, 0.1, "河道施工"],
    ]
    table = read_readings(book(tmp_path, rows))
    assert table["state"].tolist() == ["dry", "dry", "number", "below", "blank", "number"]


def test_a_large_table_takes_the_reason_as_a_small_one_does(tmp_path, monkeypatch):
    lines = ["断面编码,监测时间,监测项目,监测值,单位,备注"]
    lines += [f"S{k},2025-10-08,总磷,{v},mg/L,断流" for k, v in enumerate(["", "--", "0.1"])]
    path = text(tmp_path, "\n".join(lines) + "\n")
    small = read_readings(path)
    monkeypatch.setattr(bulk, "BIG_BYTES", 0)
    assert (
        read_readings(path)["state"].tolist()
        == small["state"].tolist()
        == [
            "dry",
            "dry",
            "number",
        ]
    )


# --- units ----------------------------------------------------------------------------------------


def test_the_unit_above_the_table_holds_beside_a_basis(tmp_path):
    rows = [
        ["单位：mg/L"],
        ["断面名称", "监测时间", "总磷", "氨氮"],
        [None, None, "（以Ｐ计）", "（ＮＨ３-Ｎ）"],
        ["a", "2025-03-05", 1, 1],
    ]
    table = read_readings(book(tmp_path, rows))
    assert table["raw_unit"].tolist() == ["mg/L(以Ｐ计)", "mg/L"]
    assert table["reading_flag"].tolist() == ["", ""]


def test_a_basis_in_the_name_is_not_lost_beside_a_unit_in_its_own_column(tmp_path):
    head = "断面名称,监测时间,监测项目,监测值,单位\n"
    table = read_readings(
        text(
            tmp_path,
            head + "a,2025-03-05,总磷(以PO4计),3.066,mg/L\na,2025-03-05,硝酸盐（以N计）,1,mg/L\n",
        )
    )
    assert table["value"].round(3).tolist() == [1.0, 1.0]
    assert "以PO4计换算为以P计" in table["reading_flag"].tolist()[0]
    assert table["reading_flag"].tolist()[1] == ""


def test_a_basis_over_a_row_of_units_is_not_lost(tmp_path):
    rows = [
        ["断面名称", "监测时间", "总磷(以PO4计)", "氨氮"],
        [None, None, "mg/L", "mg/L"],
        ["a", "2025-03-05", 3.066, 1],
    ]
    table = read_readings(book(tmp_path, rows))
    assert table["value"].round(3).tolist() == [1.0, 1.0]


def test_files_of_a_folder_may_state_different_units_in_their_headers(tmp_path):
    for name, unit, value in (("a", "mg/L", 0.1), ("b", "μg/L", 100.0), ("c", "mg/L", 0.1)):
        columns = {"断面名称": ["x"], "监测时间": ["2025-03-05"], "监测项目": ["总磷"]}
        pq.write_table(
            pa.table({**columns, f"监测值({unit})": [value]}), tmp_path / f"{name}.parquet"
        )
    assert read_readings(tmp_path)["value"].tolist() == [0.1] * 3
    streamed = pd.concat(stream_readings(tmp_path))
    assert streamed["value"].tolist() == [0.1] * 3


@pytest.mark.parametrize("rows", [3, 120_000])
def test_numbers_of_four_bytes_are_the_decimals_they_were(tmp_path, rows):
    columns = {
        "断面名称": ["x"] * rows,
        "监测时间": ["2025-03-05"] * rows,
        "监测项目": ["总磷"] * rows,
        "监测值": pa.array([0.2] * rows, pa.float32()),
        "单位": ["mg/L"] * rows,
    }
    pq.write_table(pa.table(columns), tmp_path / "table.parquet")
    table = read_readings(tmp_path / "table.parquet")
    assert set(table["value"]) == {0.2}
    assert set(table["raw"]) == {"0.2"}


def test_a_percent_cell_is_read_as_it_is_shown(tmp_path):
    made = openpyxl.Workbook()
    made.active.append(["断面名称", "监测时间", "溶解氧饱和度(%)", "总磷(mg/L)"])
    for number, shown in ((0.853, "0.0%"), (0.9, "0%"), (85.3, "0.0")):
        made.active.append(["a", "2025-03-05", number, 0.1])
        made.active.cell(made.active.max_row, 3).number_format = shown
    made.active.append(["a", "2025-03-05", 90.0, 0.1])
    made.active.cell(5, 3).number_format = '0.0"%"'  # the sign alone: nothing is multiplied
    made.save(tmp_path / "table.xlsx")
    table = read_readings(tmp_path / "table.xlsx")
    assert table.loc[table["item"] == "do_saturation", "value"].tolist() == [85.3, 90, 85.3, 90]


# --- nothing is lost in silence -------------------------------------------------------------------


def test_cells_beside_the_table_are_named(tmp_path):
    path = text(tmp_path, ",".join(HEAD) + "\na,2025-03-05,0.1,0.2,0.3\nb,2025-03-05,0.1,0.2\n")
    with pytest.warns(UserWarning, match=r"column 5 \(no header\)"):
        assert len(read_readings(path)) == 4


def test_a_second_column_of_one_meaning_is_named(tmp_path):
    rows = [["断面", "点位", *HEAD[1:]], ["章吉营", "1#", "2025-03-05", 1, 1]]
    with pytest.warns(UserWarning, match="left out: 点位"):
        read_readings(book(tmp_path, rows))


def test_a_row_of_the_platform_that_is_none_costs_no_other(tmp_path):
    content = {
        "thead": ["断面名称", "监测时间", "总磷(mg/L)"],
        "tbody": [["a", "2025-03-05", "0.1"], None, ["b", "2025-03-05", "0.2"]],
    }
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.warns(UserWarning, match="1 rows of tbody are no lists.*row 2"):
        table = read_readings(path)
    assert cells(table, "section_name", "value", "origin_row") == [("a", 0.1, 1), ("b", 0.2, 3)]


# --- doubt ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("celsius", "doubt"), [(0.0, ""), (0.8, ""), (-0.1, ""), (5.3, "stuck")])
def test_water_under_ice_is_no_stuck_sensor(celsius, doubt):
    readings = pd.DataFrame(
        {
            "section_code": "S1",
            "time": pd.date_range("2025-01-01", periods=60, freq="4h"),
            "item": "water_temp",
            "value": celsius,
            "unit": "℃",
        }
    )
    assert set(flag_doubts(readings)["doubts"]) == {doubt}


# --- found by a second look -----------------------------------------------------------------------


def test_columns_of_a_maximum_and_a_mean_are_no_samples(tmp_path):
    rows = [
        ["断面名称", "采样时间", "氨氮(mg/L)", None, None, "总磷月均值(mg/L)"],
        [None, None, "最大值", "最小值", "平均值", None],
        ["a", "2025年3月", 0.3, 0.1, 0.2, 0.15],
    ]
    merged = ["A1:A2", "B1:B2", "C1:E1", "F1:F2"]
    table = read_readings(book(tmp_path, rows, merged=merged))
    assert table["row_kind"].tolist() == ["max", "min", "mean", "sample"]


def test_a_river_over_its_sections_is_no_empty_sample(tmp_path):
    rows = [HEAD, ["大凌河"], ["a", "2025-03-05", 1, 1], ["小凌河"], ["b", "2025-03-05", 1, 1]]
    with pytest.warns(UserWarning, match="2 rows hold no reading.*大凌河.*小凌河"):
        table = read_readings(book(tmp_path, rows, merged=["A2:D2", "A4:D4"]))
    assert table["section_name"].tolist() == ["a", "a", "b", "b"]


@pytest.mark.parametrize(
    ("header", "item"), [("总 磷*", "tp"), ("石油类①", "petroleum"), ("※氨氮 mg/L", "nh3_n")]
)
def test_the_mark_of_a_note_is_no_part_of_an_item(tmp_path, header, item):
    rows = [["断面名称", "监测时间", header, "pH"], ["a", "2025-03-05", 1, 7]]
    assert read_readings(book(tmp_path, rows))["item"].tolist() == [item, "ph"]


@pytest.mark.parametrize("below", [["TP", "NH3-N"], ["（TP）", "（ＮＨ３-Ｎ）"], ["mg/L", "NH3-N"]])
def test_symbols_below_the_names_belong_to_the_header(tmp_path, below):
    rows = [
        ["断面名称", "监测时间", "总磷", "氨氮"],
        [None, None, *below],
        ["a", "2025-03-05", 1, 2],
    ]
    table = quietly(book(tmp_path, rows))
    assert cells(table, "section_name", "item", "value") == [("a", "tp", 1), ("a", "nh3_n", 2)]


def test_half_years_and_spans_of_months_across_the_top_are_times(tmp_path):
    rows = [
        ["断面", "指标", "一季度", "二季度", "上半年", "1-3月"],
        ["a", "氨氮(mg/L)", 1, 2, 3, 4],
    ]
    table = read_readings(book(tmp_path, rows), year=2025)
    assert table["period"].tolist() == ["quarter", "quarter", "range", "range"]
    assert table["period_end"].dt.month.tolist() == [4, 7, 7, 4]


def test_a_title_over_the_review_sheet_may_be_merged(tmp_path):
    sections = pd.DataFrame({"section_code": ["S1"], "section_name": ["凌鸿大桥"]})
    matched = match_sections(pd.DataFrame({"section_name": ["凌鸿桥"]}), sections)
    path = write_review(matched, tmp_path / "review.xlsx", sections=sections)
    made = openpyxl.load_workbook(path)
    made["断面核对"].merge_cells("A1:M1")
    made["断面核对"]["J3"] = "S1"
    made.save(path)
    assert read_review(path)["corrected_code"].tolist() == ["S1"]


def test_one_month_over_all_items(tmp_path):
    rows = [
        ["断面", "2025年3月", None, None],
        [None, "氨氮", "总磷", "水质类别"],
        ["a", 0.1, 0.2, "Ⅲ"],
    ]
    table = read_readings(book(tmp_path, rows, merged=["A1:A2", "B1:D1"]))
    assert table["time"].tolist() == [pd.Timestamp("2025-03-01")] * 2
    assert table["published_class"].tolist() == ["Ⅲ", "Ⅲ"]


@pytest.mark.parametrize(
    ("over", "kinds"),
    [(["平均值", "最大值"], ["mean", "max"]), (["表层", "底层"], ["sample", "sample"])],
)
def test_words_over_repeated_items_that_name_no_section(tmp_path, over, kinds):
    rows = [
        ["断面：章吉营"],
        ["采样时间", over[0], None, over[1], None],
        [None, "氨氮", "总磷", "氨氮", "总磷"],
        ["2025-03-05", 1, 2, 3, 4],
    ]
    table = quietly(book(tmp_path, rows, merged=["A2:A3", "B2:C2", "D2:E2"]))
    assert set(table["section_name"]) == {"章吉营"}
    assert table["row_kind"].tolist() == [kinds[0], kinds[0], kinds[1], kinds[1]]
