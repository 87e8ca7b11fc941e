"""Tables as a county station, a laboratory and a province's platform send them (示例, synthetic).

Each was once misread: a unit, a date, a section or a kind of row was taken for another.
"""

import math
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from chaoyang_geo import read_readings
from chaoyang_geo.readings import bulk, describe_readings

sys.path.insert(0, str(Path(__file__).parent))
from books import read


def text(folder, content, name="table.csv"):
    (folder / name).write_text(content, encoding="utf-8")
    return folder / name


def book(folder, rows, *, merged=(), sheet="数据"):
    workbook = openpyxl.Workbook()
    workbook.active.title = sheet
    for row in rows:
        workbook.active.append(row)
    for cells in merged:
        workbook.active.merge_cells(cells)
    workbook.save(folder / "table.xlsx")
    return folder / "table.xlsx"


def shown(table):
    """Return section, item, result and unit of the samples."""
    found = []
    for row in table[table["row_kind"] == "sample"].itertuples():
        result = "" if math.isnan(row.value) else f"{row.value:g}"
        if row.censored:
            result = f"{row.censored}{row.detection_limit:g}"
        found.append(f"{row.section_name} {row.item} {result or row.state} {row.unit}".strip())
    return found


# --- units and titles -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "over",
    [
        "监测结果（单位：mg/L）",
        "监测结果（单位：mg/L，水温℃、pH除外）",
        "监测结果（计量单位:mg/L）",
    ],
)
def test_the_unit_over_the_items_may_be_in_words(tmp_path, over):
    rows = [
        ["断面", "采样日期", over, None, None],
        [None, None, "pH", "溶解氧", "粪大肠菌群（个/L）"],
        ["甲桥", "2025-03-06", 7.9, 9.1, 20],
    ]
    table, _ = read(book(tmp_path, rows, merged=["A1:A2", "B1:B2", "C1:E1"]))
    assert shown(table) == ["甲桥 ph 7.9", "甲桥 do 9.1 mg/L", "甲桥 fecal_coliform 20 个/L"]
    assert set(table["reading_flag"]) == {""}


@pytest.mark.parametrize("title", ["2024年各断面逐月浓度（μg/L）", "2024年逐月（单位：μg/L）"])
def test_the_unit_of_a_title_holds_for_the_table(tmp_path, title):
    rows = [[title], ["断面", "1月", "2月"], ["甲桥", 30, 20]]
    table, _ = read(book(tmp_path, rows, sheet="总磷"))
    assert shown(table) == ["甲桥 tp 0.03 mg/L", "甲桥 tp 0.02 mg/L"]
    assert table["time"].dt.strftime("%Y-%m").tolist() == ["2024-01", "2024-02"]


def test_a_title_with_a_unit_is_no_upper_row_of_the_header(tmp_path):
    head = ["断面", "日期", "COD", "氨氮"]
    rows = [
        ["2025年4月监测数据（单位：mg/L）"],
        [*head, None, *head],
        ["甲桥", "2025-04-02", 12, 0.2, None, "丙村", "2025-04-03", 33, 1.8],
    ]
    table, said = read(book(tmp_path, rows))
    assert shown(table) == [
        "甲桥 cod 12 mg/L", "甲桥 nh3_n 0.2 mg/L", "丙村 cod 33 mg/L", "丙村 nh3_n 1.8 mg/L",
    ]  # fmt: skip
    assert said == ""


@pytest.mark.parametrize(
    "paper",
    [
        ["填报单位：某站", None, "填报日期：2026年1月4日"],
        ["填报日期", "2026年1月4日"],
        ["报告日期：2026年1月4日 分析日期：2026年1月2日"],
        ["查询时间：2026年1月4日 08:00"],
    ],
)
def test_the_day_of_the_paper_is_no_time_of_a_sample(tmp_path, paper):
    rows = [["2025年12月水质监测月报"], paper, ["断面", "氨氮(mg/L)"], ["甲桥", 0.2]]
    table, _ = read(book(tmp_path, rows))
    assert table["time"].dt.strftime("%Y-%m").tolist() == ["2025-12"]
    rows = [["水质监测月报"], paper, ["断面", "氨氮(mg/L)"], ["甲桥", 0.2]]
    table, _ = read(book(tmp_path, rows))
    assert table["time"].isna().all()


@pytest.mark.parametrize(
    ("title", "begin", "end"),
    [
        ("2025年1-3月水质", "2025-01-01", "2025-04-01"),
        ("2025年1月—3月水质", "2025-01-01", "2025-04-01"),
        ("2025年上半年水质", "2025-01-01", "2025-07-01"),
        ("2025年3月17日-23日应急监测", "2025-03-17", "2025-03-24"),
        ("2025年3月28日至4月2日应急监测", "2025-03-28", "2025-04-03"),
        ("2025年第12周（3月17日～3月23日）周报", "2025-03-17", "2025-03-24"),
    ],
)
def test_a_title_may_name_a_span_of_time(tmp_path, title, begin, end):
    table, _ = read(book(tmp_path, [[title], ["断面", "氨氮(mg/L)"], ["甲桥", 0.2]]))
    assert table["time"].tolist() == [pd.Timestamp(begin)]
    assert table["period_end"].tolist() == [pd.Timestamp(end)]


def test_a_week_without_its_days_is_no_time_and_no_year(tmp_path):
    rows = [["2025年第12周水质周报"], ["断面", "氨氮(mg/L)"], ["甲桥", 0.2]]
    table, _ = read(book(tmp_path, rows))
    assert table["time"].isna().all()
    assert "2025年第12周”：只有周次，不知起止日期" in table["reading_flag"].iloc[0]
    rows = [["断面", "监测时间", "氨氮(mg/L)"], ["甲桥", "2025年第12周", 0.2]]
    with pytest.raises(ValueError, match="只有周次，不知起止日期，请写成2025-03-17~2025-03-23"):
        read_readings(book(tmp_path, rows))


def test_weeks_across_the_top_are_no_items(tmp_path):
    rows = [["断面", "第11周", "第12周（3月17日-3月23日）"], ["甲桥", 0.2, 0.3]]
    table, _ = read(book(tmp_path, rows, sheet="氨氮"), year=2025)
    assert table["item"].tolist() == ["nh3_n", "nh3_n"]
    assert table["time"].isna().tolist() == [True, False]
    assert table["time"].iloc[1] == pd.Timestamp("2025-03-17")


def test_this_week_is_judged_and_the_last_is_not(tmp_path):
    rows = [
        ["断面", "日期", "溶解氧(mg/L)", "水质类别", None],
        [None, None, None, "本周", "上周"],
        ["甲桥", "2025-03-17", 9.1, "Ⅱ", "Ⅴ"],
    ]
    merged = ["A1:A2", "B1:B2", "C1:C2", "D1:E1"]
    table, said = read(book(tmp_path, rows, merged=merged))
    assert table["published_class"].tolist() == ["Ⅱ"]
    assert "水质类别 上周" in said


# --- what is no result --------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["检测方法及来源", "采用的方法"])
def test_methods_beside_the_results_do_not_make_them_notes(tmp_path, header):
    rows = [
        ["采样日期", "2025-03-05", "采样地点", "甲桥"],
        ["检测项目", header, "检出限", "检测结果", "单位", "判定"],
        ["氨氮", "HJ 535-2009", "0.025", "0.025L", "mg/L", "合格"],
        ["总磷", "GB 11893-89", "0.01", "ND", "mg/L", "合格"],
    ]
    table, _ = read(book(tmp_path, rows))
    assert shown(table) == ["甲桥 nh3_n <0.025 mg/L", "甲桥 tp <0.01 mg/L"]


def test_a_row_named_by_a_standard_is_still_its_limit(tmp_path):
    rows = [
        ["点位", "备用", "日期", "总磷(mg/L)"],
        ["甲桥", "x", "2025-03-05", 0.11],
        [None, "GB 3838-2002", None, 0.2],
    ]
    table, _ = read(book(tmp_path, rows))
    assert table["row_kind"].tolist() == ["sample", "note"]


@pytest.mark.parametrize("header", ["单项评价", "评语"])
def test_a_column_of_verdicts_is_no_section(tmp_path, header):
    rows = [
        ["采样日期：2025年2月18日"],
        ["监测项目", "单位", "Ⅱ类标准限值", "监测结果", None, header],
        [None, None, None, "一水厂", "二水厂", None],
        ["氨氮", "mg/L", "≤0.5", "0.025L", 0.04, "达标"],
        ["总磷", "mg/L", "≤0.1", "/", "断流", "/"],
    ]
    merged = ["A2:A3", "B2:B3", "C2:C3", "D2:E2", "F2:F3"]
    path = book(tmp_path, rows, merged=merged)
    table, _ = read(path)
    assert shown(table) == [
        "一水厂 nh3_n <0.025 mg/L", "二水厂 nh3_n 0.04 mg/L",
        "一水厂 tp not_sampled mg/L", "二水厂 tp dry mg/L",
    ]  # fmt: skip
    described = describe_readings(path).set_index("column")
    assert described.loc["D", "note"] == "断面“一水厂”的结果"


def test_a_dry_section_across_the_top_stays(tmp_path):
    rows = [["监测项目", "甲桥", "乙桥"], ["氨氮(mg/L)", 0.2, "断流"], ["总磷(mg/L)", 0.1, "断流"]]
    table, _ = read(book(tmp_path, [["采样日期：2025年2月18日"], *rows]))
    assert shown(table)[1::2] == ["乙桥 nh3_n dry mg/L", "乙桥 tp dry mg/L"]


def test_items_by_months_with_means_and_targets_between(tmp_path):
    rows = [
        ["2025年一季度监测结果统计"],
        [
            "断面",
            "项目",
            "一季度均值",
            "上年同期",
            "同比变化（%）",
            "年度目标",
            "参考数",
            "1月",
            "2月",
        ],
        ["甲桥", "氨氮", 0.21, 0.25, -16, "≤1.0", 7, 0.2, "0.025L"],
        [None, "总磷", 0.05, 0.06, -16.7, "≤0.2", 7, 0.05, "/"],
    ]
    table, said = read(book(tmp_path, rows, merged=["A1:I1", "A3:A4"]))
    assert shown(table) == [
        "甲桥 nh3_n 0.2 mg/L", "甲桥 nh3_n <0.025 mg/L",
        "甲桥 tp 0.05 mg/L", "甲桥 tp not_sampled mg/L",
    ]  # fmt: skip
    assert table["row_kind"].value_counts().to_dict() == {"sample": 4, "mean": 2, "note": 2}
    assert "参考数" in said


def test_a_reason_where_the_date_should_be_is_the_reason_of_the_gap(tmp_path):
    rows = [
        ["断面", "采样日期", "氨氮(mg/L)", "总磷(mg/L)"],
        ["甲桥", "2025-03-05", 0.2, 0.1],
        ["乙桥", "断流", None, None],
        ["丙村", "2025-03-06", 0.3, 0.1],
    ]
    table, _ = read(book(tmp_path, rows))
    assert table["state"].tolist() == ["number"] * 2 + ["dry"] * 2 + ["number"] * 2
    assert table["time"].notna().tolist() == [True, True, False, False, True, True]
    assert table["reading_flag"].iloc[2] == "断流；监测时间空白；缺测（空白）"


def test_an_unknown_item_with_a_unit_keeps_its_words(tmp_path):
    head = "点位,日期,总大肠菌群(CFU/100mL),评语,总磷(mg/L)\n"
    path = text(tmp_path, f"{head}甲桥,2025-03-05,1.2*10^3,好,\n乙桥,2025-03-05,未检出,好,\n")
    table, said = read(path)
    found = ["甲桥 总大肠菌群 1200 CFU/100mL", "乙桥 总大肠菌群 <nan CFU/100mL"]
    assert shown(table)[::2] == found
    assert "kept under their own name" in said
    assert "left out: 评语" in said


# --- columns of a platform --------------------------------------------------------------------

PLATFORM = (
    "断面名称,监测年,监测月,监测日,实际水质,pH_监测值,pH_类别,氨氮_监测值,氨氮_类别,氨氮_检出标识\n"
    "甲桥,2025,3,5,Ⅱ,7.9,Ⅰ,0.025,Ⅰ,L\n乙桥,2025,3,,Ⅳ,8.0,Ⅰ,1.2,Ⅳ,\n"
)


def test_the_columns_of_a_platform_are_told_apart(tmp_path):
    table, said = read(text(tmp_path, PLATFORM))
    assert shown(table) == [
        "甲桥 ph 7.9",
        "甲桥 nh3_n <0.025 mg/L",
        "乙桥 ph 8",
        "乙桥 nh3_n 1.2 mg/L",
    ]
    assert table["time"].astype("str").tolist() == ["2025-03-05"] * 2 + ["2025-03-01"] * 2
    assert table["period"].tolist() == ["day"] * 2 + ["month"] * 2
    assert table["published_class"].tolist() == ["Ⅱ", "Ⅱ", "Ⅳ", "Ⅳ"]
    assert "检出标识“L”；低于检出限0.025" in table["reading_flag"].iloc[1]
    assert said == ""


@pytest.mark.parametrize(
    ("value", "mark", "result", "flag"),
    [
        ("0.025", "L", "<0.025", "检出标识“L”；低于检出限0.025"),
        ("0.025", "＜", "<0.025", "检出标识“＜”；低于检出限0.025"),
        ("0.025", "未检出", "<0.025", "检出标识“未检出”；低于检出限0.025"),
        ("0.025L", "L", "<0.025", "低于检出限0.025"),
        ("", "ND", "<nan", "检出标识“ND”；未检出，未注明检出限（原文“未检出”）"),
        ("30", ">", ">30", "检出标识“>”；高于量程30"),
        ("0.31", "检出", "0.31", ""),
        ("0.31", "", "0.31", ""),
        ("0.31", "J", "0.31", "检出标识“J”含义不明，数值照录"),
        ("断流", "L", "dry", "断流"),
    ],
)
@pytest.mark.parametrize(
    "head", ["断面,日期,氨氮(mg/L),氨氮检出标识", "断面,日期,氨氮(mg/L),氨氮（是否检出）"]
)
def test_a_column_of_marks_says_what_its_number_is(tmp_path, head, value, mark, result, flag):
    table, _ = read(text(tmp_path, f"{head}\n甲桥,2025-03-05,{value},{mark}\n"))
    assert shown(table) == [f"甲桥 nh3_n {result} mg/L"]
    assert table["reading_flag"].tolist() == [flag]


@pytest.mark.parametrize(
    ("head", "yes", "no"),
    [
        ("氨氮（是否检出）", "0.3", "<0.3"),
        ("氨氮检出标识", "0.3", "<0.3"),
        ("氨氮未检出标识", "<0.3", "0.3"),
        ("氨氮检出限标识", "<0.3", "0.3"),
        ("氨氮标识", "0.3", "0.3"),  # of what, nobody knows
    ],
)
def test_yes_and_no_answer_what_the_header_asks(tmp_path, head, yes, no):
    table, _ = read(
        text(
            tmp_path,
            f"断面,日期,氨氮(mg/L),{head}\n甲桥,2025-03-05,0.3,是\n乙桥,2025-03-05,0.3,否\n",
        )
    )
    assert shown(table) == [f"甲桥 nh3_n {yes} mg/L", f"乙桥 nh3_n {no} mg/L"]
    unclear = ["含义不明" in flag for flag in table["reading_flag"]]
    assert unclear == [head == "氨氮标识"] * 2


def test_a_mark_beside_a_number_with_a_unit_is_not_lost(tmp_path):
    table, _ = read(text(tmp_path, "断面,日期,氨氮,氨氮检出标识\n甲桥,2025-03-05,25μg/L,L\n"))
    assert "检出标识“L”未用于“25μg/L”，数值照录" in table["reading_flag"][0]


def test_marks_under_the_items_and_marks_of_nothing(tmp_path):
    rows = [
        ["断面", "日期", "氨氮", None, "总磷", None, "总氮检出标识"],
        [None, None, "浓度(mg/L)", "检出标识", "浓度(mg/L)", "检出标识", None],
        ["甲桥", "2025-03-05", 0.025, "L", 0.1, None, "L"],
    ]
    merged = ["A1:A2", "B1:B2", "C1:D1", "E1:F1", "G1:G2"]
    path = book(tmp_path, rows, merged=merged)
    table, said = read(path)
    assert shown(table) == ["甲桥 nh3_n <0.025 mg/L", "甲桥 tp 0.1 mg/L"]
    assert "总氮检出标识" in said
    assert describe_readings(path).set_index("column").loc["D", "note"] == "注明数值是否为检出限"


# --- shapes -----------------------------------------------------------------------------------


def test_samples_by_number_with_their_places_limits_and_units_beside(tmp_path):
    rows = [
        ["检测结果表"],
        ["样品编号", "S25030501", "S25030502", "S25030503", "方法检出限", "单位"],
        ["采样点位", "甲桥", "乙桥", "全程序空白", "/", "/"],
        ["采样时间", "2025-03-05 09:10", "2025-03-05 10:20", "2025-03-05 09:10", "/", "/"],
        ["氨氮", "0.312", "未检出", "0.025L", "0.025", "mg/L"],
        ["镉", "0.05L", "0.08", "0.05L", "0.05", "μg/L"],
    ]
    table, said = read(book(tmp_path, rows))
    assert shown(table) == [
        "甲桥 nh3_n 0.312 mg/L", "乙桥 nh3_n <0.025 mg/L",
        "甲桥 cd <5e-05 mg/L", "乙桥 cd 8e-05 mg/L",
    ]  # fmt: skip
    assert table["row_kind"].tolist() == ["sample", "sample", "note"] * 2
    assert table["time"].iloc[1] == pd.Timestamp("2025-03-05 10:20")
    assert said == ""


def test_an_item_without_any_result_below_the_header_is_no_header(tmp_path):
    rows = [
        ["监测项目", "单位", "甲桥", "乙桥"],
        ["采样时间", None, "2025-03-05", "2025-03-06"],
        ["总磷", "mg/L", "/", "/"],
        ["氨氮", "mg/L", 0.2, 0.3],
    ]
    table, _ = read(book(tmp_path, rows))
    assert table["item"].tolist() == ["tp", "tp", "nh3_n", "nh3_n"]
    assert table["state"].tolist() == ["not_sampled"] * 2 + ["number"] * 2
    assert table["time"].dt.day.tolist() == [5, 6, 5, 6]


def test_a_remark_alone_keeps_the_row_of_its_section(tmp_path):
    rows = [
        ["河流", "断面", "时间", "氨氮(mg/L)", "备注"],
        ["示例河", "甲桥", "2025-02-06", 0.11, None],
        ["示例河", "丙村", None, None, "河道结冰，未采样"],
        ["全县均值", None, None, 0.11, None],
    ]
    table, said = read(book(tmp_path, rows))
    assert shown(table) == ["甲桥 nh3_n 0.11 mg/L", "丙村 nh3_n ice mg/L"]
    assert table["water_body"].tolist() == ["示例河", "示例河", ""]
    assert said == ""


def test_items_and_results_that_go_on_to_the_right_are_of_the_same_sample(tmp_path):
    rows = [
        ["断面名称", "监测时间", "监测项目及结果(μg/L)", None, None, None],
        [None, None, "项目", "结果", "项目", "结果"],
        ["甲桥", "2025-03-05", "氨氮", 200, "总磷", 50],
        ["乙桥", "2025-03-06", "氨氮", 300, "总磷", "10L"],
    ]
    table, said = read(book(tmp_path, rows, merged=["A1:A2", "B1:B2", "C1:F1"]))
    assert shown(table) == [
        "甲桥 nh3_n 0.2 mg/L", "乙桥 nh3_n 0.3 mg/L", "甲桥 tp 0.05 mg/L", "乙桥 tp <0.01 mg/L",
    ]  # fmt: skip
    assert table["time"].dt.day.tolist() == [5, 6, 5, 6]
    assert said == ""


def test_hours_under_days_across_the_top(tmp_path):
    rows = [
        ["应急监测数据（单位：mg/L）"],
        ["点位", "3月5日", None, "3月6日"],
        [None, "8:00", "20:00", "8:00"],
        ["甲桥", 2.31, "5.6", "ND"],
    ]
    path = book(tmp_path, rows, merged=["A1:D1", "A2:A3", "B2:C2"], sheet="氨氮")
    table, _ = read(path, year=2025)
    assert shown(table) == ["甲桥 nh3_n 2.31 mg/L", "甲桥 nh3_n 5.6 mg/L", "甲桥 nh3_n <nan mg/L"]
    assert table["time"].dt.strftime("%m-%d %H").tolist() == ["03-05 08", "03-05 20", "03-06 08"]


def test_oxygen_in_percent_is_its_saturation(tmp_path):
    table, _ = read(text(tmp_path, "站点,时间,DO(mg/L),DO(%)\n甲桥,2025-03-05 08:00,11.2,95.1\n"))
    assert shown(table) == ["甲桥 do 11.2 mg/L", "甲桥 do_saturation 95.1 %"]


def test_records_of_a_platform_with_times_in_milliseconds(tmp_path):
    rows = '[{"stationName":"甲桥","monitorTime":1741132800000,"w21003":"0.12"}]'
    table, _ = read(text(tmp_path, f'{{"data":{{"rows":{rows}}}}}', name="table.json"))
    assert shown(table) == ["甲桥 nh3_n 0.12 mg/L"]
    assert table["time"].tolist() == [pd.Timestamp("2025-03-05 08:00")]


# --- when -------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", ["2025年3月旬报", "示例县2025年3月份水质旬报"])
def test_thirds_of_the_month_that_a_title_names(tmp_path, title):
    rows = [[title], ["断面", "时间", "氨氮(mg/L)"], ["甲桥", "上旬", 0.1], ["甲桥", "下旬", 0.2]]
    table, _ = read(book(tmp_path, rows))
    assert table["period"].tolist() == ["dekad"] * 2
    assert table["time"].dt.day.tolist() == [1, 21]
    rows = [[title], ["断面", "上旬", "中旬", "下旬"], ["甲桥", 0.1, 0.2, 0.3]]
    table, _ = read(book(tmp_path, rows, sheet="氨氮"))
    assert table["time"].dt.strftime("%Y-%m-%d").tolist() == [
        "2025-03-01", "2025-03-11", "2025-03-21",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "hour", "flag"),
    [
        ("(UTC)", 14, "时间由UTC换算为北京时间"),
        ("（UTC+0）", 14, "时间由UTC+0换算为北京时间"),
        (" (GMT+9)", 5, "时间由GMT+9换算为北京时间"),
        ("(UTC+8)", 6, ""),
        ("(UTC+08:00)", 6, ""),
        ("", 6, ""),
    ],
)
def test_a_time_zone_in_the_header_is_heeded(tmp_path, zone, hour, flag):
    table, _ = read(text(tmp_path, f"站点,监测时间{zone},总磷(mg/L)\n甲桥,2025-03-05 06:00,0.1\n"))
    assert table["time"].tolist() == [pd.Timestamp(2025, 3, 5, hour)]
    assert table["reading_flag"].tolist() == [flag]


@pytest.mark.parametrize(
    ("head", "cells"),
    [
        ("开始时间(UTC),结束时间(UTC)", "2025-03-05 20:00,2025-03-05 22:00"),
        ("监测日期,监测时刻(UTC)", "2025-03-05,20:00"),
    ],
)
def test_a_zone_holds_for_a_begin_and_for_a_time_of_day(tmp_path, head, cells):
    table, said = read(text(tmp_path, f"断面,{head},氨氮(mg/L)\n甲桥,{cells},0.1\n"))
    assert table["time"].tolist() == [pd.Timestamp("2025-03-06 04:00")]
    assert table["reading_flag"].tolist() == ["时间由UTC换算为北京时间"]
    assert said == ""


def test_a_zone_holds_for_times_whose_year_the_title_says_but_not_for_days(tmp_path):
    table, _ = read(
        text(
            tmp_path,
            "2025年水质监测\n断面,监测时间(UTC),氨氮(mg/L)\n甲桥,3月5日 20:00,0.1\n乙桥,3月5日,0.2\n",
        )
    )
    assert table["time"].tolist() == [pd.Timestamp("2025-03-06 04:00"), pd.Timestamp("2025-03-05")]
    assert ["换算" in flag for flag in table["reading_flag"]] == [True, False]


def test_a_long_table_in_another_zone_is_read_alike_whatever_its_size(tmp_path, monkeypatch):
    content = "站点,监测时间(UTC),项目,结果\n甲桥,2025-03-05 20:00,总磷(mg/L),0.1\n"
    path = text(tmp_path, content)
    small, _ = read(path)
    monkeypatch.setattr(bulk, "BIG_BYTES", 0)
    large, _ = read(path)
    assert small["time"].tolist() == large["time"].tolist() == [pd.Timestamp("2025-03-06 04:00")]


def test_a_dotted_day_is_read_where_the_title_names_its_month(tmp_path):
    head = ["断面", "采样日期", "氨氮(mg/L)"]
    days = ["3.5", "3.1", 3.25, 3.1, "4.5", "3月8日", "3.45"]
    rows = [["示例县2025年3月水质月报"], head, *(["甲桥", day, 0.1] for day in days)]
    table, _ = read(book(tmp_path, rows))
    found = ["" if pd.isna(time) else f"{time:%Y-%m-%d}" for time in table["time"]]
    assert found == ["2025-03-05", "2025-03-01", "2025-03-25", "", "", "2025-03-08", ""]
    assert table["reading_flag"].iloc[0] == "“3.5”按表题的月份作5日"
    assert "可能是月.日" in table["reading_flag"].iloc[3]
    with pytest.raises(ValueError, match="可能是月.日"):
        read(book(tmp_path, [head, ["甲桥", "3.5", 0.1]]))


def test_a_dotted_day_of_a_text_file_may_have_lost_its_zero(tmp_path):
    body = "甲桥,3.5,0.1\n甲桥,3.1,0.1\n甲桥,3.0,0.1\n"
    table, _ = read(text(tmp_path, f"2025年3月水质月报,,\n断面,采样日期,氨氮(mg/L)\n{body}"))
    assert table["time"].isna().tolist() == [False, True, True]
    assert "“3.0”" in table["reading_flag"].iloc[2]
