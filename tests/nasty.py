# ruff: noqa: E501
"""Small nasty tables, as they arrive, each with the table that must come out beside it.

A case is a function that writes a file into a folder and returns its path; the rows that are
expected stand in its decorator, one a line: ``section | time | item | result | cell``, with
``kind`` and a part of the flag behind where they matter.
"""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pandas as pd

HEAD = "断面名称,监测时间,总磷(mg/L),氨氮(mg/L)"
ROW = "章吉营,2025-10-08 08:00,0.11,0.025L"
PLAIN = """
章吉营 | 2025-10-08 08:00 | tp | 0.11 | C2
章吉营 | 2025-10-08 08:00 | nh3_n | <0.025 | D2
"""


@dataclass
class Nasty:
    name: str
    build: Callable[[Path], Path]
    expected: str
    warns: str = ""
    options: dict[str, object] = field(default_factory=dict)


CASES: list[Nasty] = []


def nasty(expected: str, *, warns: str = "", **options: object):
    def add(build):
        CASES.append(Nasty(build.__name__, build, expected, warns, options))
        return build

    return add


def text(folder: Path, content: str, name: str = "table.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content.encode(encoding))
    return path


def book(
    folder: Path, sheets: dict[str, list[list[object]]], *, merge=(), name="table.xlsx"
) -> Path:
    """Write a workbook; ``merge`` holds ranges of the first sheet."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for number, (title, rows) in enumerate(sheets.items()):
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
        for cells in merge if number == 0 else ():
            sheet.merge_cells(cells)
    path = folder / name
    workbook.save(path)
    return path


# --- texts --------------------------------------------------------------------------------------


@nasty(PLAIN)
def csv_plain(folder):
    return text(folder, f"{HEAD}\n{ROW}\n")


@nasty(PLAIN)
def csv_with_byte_order_mark(folder):
    return text(folder, f"{HEAD}\r\n{ROW}\r\n", encoding="utf-8-sig")


@nasty(PLAIN)
def csv_gbk_tab(folder):
    return text(folder, f"{HEAD}\n{ROW}\n".replace(",", "\t"), "table.txt", "gbk")


@nasty("㐀家营 | 2025-10-08 | tp | 0.11 | C2")
def csv_gb18030_with_a_rare_character(folder):
    return text(folder, "断面名称;日期;总磷(mg/L)\n㐀家营;2025-10-08;0.11\n", encoding="gb18030")


@nasty(PLAIN)
def csv_utf16_tab_from_excel(folder):
    return text(folder, f"{HEAD}\n{ROW}\n".replace(",", "\t"), "table.txt", "utf-16")


@nasty(PLAIN)
def csv_utf16_without_mark(folder):
    return text(folder, f"{HEAD}\n{ROW}\n", encoding="utf-16-le")


@nasty(PLAIN)
def a_text_named_xls(folder):
    return text(folder, f"{HEAD}\n{ROW}\n".replace(",", "\t"), "导出.xls", "gbk")


@nasty("章吉营 | 2025-10-08 | tp | 0.11 | C2\n王家沟 | 2025-10-08 | tp | 0.2 | C3")
def a_web_page_named_xls(folder):
    page = (
        "<html><head><meta charset='utf-8'></head><body><table><tr><th>断面名称<th>监测日期<th>总磷<br>(mg/L)</tr>"
        "<tr><td>章吉营</td><td rowspan=2>2025-10-08</td><td>0.11</td></tr><tr><td>王家沟</td><td>0.2</td></tr>"
        "</table></body></html>"
    )
    return text(folder, page, "导出.xls")


@nasty("章吉营,大桥 | 2025-10-08 | tp | 1200.5 | C2")
def csv_quotes_commas_and_line_ends_in_cells(folder):
    return text(folder, '断面名称,监测\n时间,总磷\n'.replace("监测\n时间", '"监测\n时间"').replace("总磷", '"总磷\n(mg/L)"')
                + '"章吉营,大桥",2025-10-08,"1,200.5"\n')  # fmt: skip


@nasty(PLAIN.replace("C2", "C5").replace("D2", "D5"), warns="row 6: “注：L表示低于检出限")
def csv_title_blank_lines_and_a_note(folder):
    return text(
        folder,
        f"2025年10月水质监测结果表,,,\n\n填报单位：某监测站,,,\n{HEAD}\n{ROW}\n注：L表示低于检出限,,,\n",
    )


@nasty(
    """
章吉营 | 2025-10-08 | tp | 0.1 | C2
章吉营 | 2025-10-09 | tp | 0.3 | C3
 | | tp | 0.2 | C4 | mean | 均值行
 | | tp | 0.3 | C5 | max | 最大值行
 | | tp | 0.1 | C6 | min | 最小值行
 | | tp | 0.4 | C7 | total | 合计行
 | | tp | 0.2 | C8 | note | 限值行
"""
)
def csv_means_totals_and_limits_below(folder):
    return text(folder, "断面名称,日期,总磷(mg/L)\n章吉营,2025-10-08,0.1\n章吉营,2025-10-09,0.3\n平均值,,0.2\n"
                "最大值,,0.3\n最小值,,0.1\n合 计,,0.4\nⅢ类标准限值,,0.2\n")  # fmt: skip


@nasty("章吉营 | 2025-10-08 | tp | 0.1 | C2\n章吉营 | | tp | 0.2 | C3 | mean | 均值行")
def csv_a_mean_named_in_the_time_column(folder):
    return text(folder, "断面名称,日期,总磷(mg/L)\n章吉营,2025-10-08,0.1\n章吉营,月均值,0.2\n")


@nasty(
    "章吉营 | 2025-10-08 | tp | 0.1 | C2\n章吉营 | 2025-10-09 | tp | 0.2 | C3 | sample | 断面空白，按上一行“章吉营”"
)
def csv_a_section_written_once(folder):
    return text(folder, "断面名称,日期,总磷(mg/L)\n章吉营,2025-10-08,0.1\n,2025-10-09,0.2\n")


@nasty("章吉营 | 2025-10-08 | tp | 0.1 | C2\n王家沟 | 2025-10-08 | tp | 0.2 | C4", warns="")
def csv_the_header_again_on_every_page(folder):
    head = "断面名称,日期,总磷(mg/L)\n"
    return text(folder, f"{head}章吉营,2025-10-08,0.1\n{head}王家沟,2025-10-08,0.2\n")


@nasty("章吉营 | 2025-10-08 | tp | 0.1 | C3\n章吉营 | 2025-10-08 | nh3_n | 0.2 | D3")
def csv_units_in_the_second_row(folder):
    return text(folder, "断面名称,日期,总磷,氨氮\n单位,,mg/L,mg/L\n章吉营,2025-10-08,0.1,0.2\n")


@nasty("章吉营 | 2025-10-08 | tp | 0.1 | C3 | sample |\n章吉营 | 2025-10-08 | cod_mn | 4 | D3")
def csv_group_row_over_the_items(folder):
    return text(
        folder, "断面名称,日期,监测结果(mg/L),\n,,总磷,高锰酸盐指数\n章吉营,2025-10-08,0.1,4.0\n"
    )


@nasty("章吉营 | 2025-03-05 14:30 | tp | 0.1 | E2")
def csv_date_in_four_columns(folder):
    return text(folder, "断面,年,月,日,总磷(mg/L),时\n章吉营,2025,3,5,0.1,14:30\n")


@nasty("章吉营 | 2025-03-05 14:30 | tp | 0.1 | D2")
def csv_date_and_clock(folder):
    return text(folder, "断面,监测日期,监测时间,总磷(mg/L)\n章吉营,2025/3/5,14:30,0.1\n")


@nasty(
    "章吉营 | 2025-10-08 | tp | 0.1 | D2\n章吉营 | 2025-10-08 | 锑 | 0.002 | D3 | sample | 未识别的指标"
)
def csv_long_with_an_unknown_item(folder):
    return text(
        folder,
        "监测点位,采样日期,检测项目,检测结果,单位\n章吉营,2025-10-08,总磷,0.1,mg/L\n章吉营,2025-10-08,锑,0.002,mg/L\n",
    )


@nasty(
    "章吉营 | 2025-10-08 | tp | 0.1 | C2\n章吉营 | 2025-10-08 | 叶绿素荧光 | 12 | D2 | sample | 未识别的指标",
    warns="kept under their own name.*叶绿素荧光",
)
def csv_wide_with_an_unknown_item(folder):
    return text(
        folder, "断面,日期,总磷(mg/L),叶绿素荧光(RFU),采样人\n章吉营,2025-10-08,0.1,12,张三\n"
    )


@nasty(
    "章吉营 | 2025-10-08 | tp | 0.1 | C2",
    columns={"地方": "section_name", "哪天": "time", "P": "tp", "杂": "ignore"},
)
def csv_own_words_with_a_mapping(folder):
    return text(folder, "地方,哪天,P (mg/L),杂\n章吉营,2025-10-08,0.1,5\n")


@nasty(
    "章吉营 | 2025-10-08 | tp | 0.1 | C2\n章吉营 | 2025-10-08 | cod_mn | 3.2 | D2\n"
    "章吉营 | 2025-10-08 | nh3_n | 0.3 | E2\n章吉营 | 2025-10-08 | ph | 8.1 | F2\n章吉营 | 2025-10-08 | do | 9 | G2"
)
def csv_every_way_to_write_a_header(folder):
    return text(folder, "断面/点位,采样时间,总磷（以P计，mg/L）,高锰酸盐指数CODMn mg/L,氨氮(NH3-N)(mg/L),ＰＨ值（无量纲）,溶解氧浓度(mg/L)\n"
                "章吉营,2025-10-08,0.1,3.2,0.3,8.1,9\n")  # fmt: skip


@nasty("章吉营 | 2025-10-08 | tp | 0.1 | C2\n章吉营 | 2025-10-08 | tp | | C3 | sample | 断流")
def csv_states_in_the_remarks(folder):
    return text(
        folder, "断面,日期,总磷(mg/L),备注\n章吉营,2025-10-08,0.1,\n章吉营,2025-10-08,--,断流\n"
    )


@nasty(
    """
章吉营 | 2025-10-08 | tp | 0.1 | C2
王家沟 | 2025-10-08 | tp | 0.2 | G2
""",
    sort=True,
)
def csv_side_by_side(folder):
    return text(
        folder,
        "断面,日期,总磷(mg/L),,断面,日期,总磷(mg/L)\n章吉营,2025-10-08,0.1,,王家沟,2025-10-08,0.2\n",
    )


@nasty(
    "章吉营 | 2025-01 | cod_mn | 3 | B3 | sample | 指标取自标题\n章吉营 | 2025-02 | cod_mn | 4 | C3 | sample | 年份取自表题\n章吉营 | 2025-01 | cod_mn | 3.5 | D3 | mean | “均值”列",
    any_time=True,
)
def csv_months_across_the_top(folder):
    return text(
        folder, "2025年高锰酸盐指数(mg/L)逐月监测结果,,,\n断面名称,1月,2月,平均\n章吉营,3,4,3.5\n"
    )


@nasty("章吉营 | 2025-10-08 | ph | 8.1 | B3\n王家沟 | 2025-10-08 | ph | 8.2 | C3\n"
       "章吉营 | 2025-10-08 | tp | 0.1 | B4\n王家沟 | 2025-10-08 | tp | 0.2 | C4")  # fmt: skip
def csv_sections_across_the_top(folder):
    return text(
        folder,
        "监测时间：2025年10月8日,,\n监测项目,章吉营,王家沟\npH,8.1,8.2\n总磷(mg/L),0.1,0.2\n",
    )


# --- workbooks ----------------------------------------------------------------------------------


@nasty("章吉营 | 2025-10-08 | cod_mn | 4 | C3\n章吉营 | 2025-10-08 | tp | 0.1 | D3")
def xlsx_item_over_unit(folder):
    rows = [
        ["断面/点位", "监测时间", "高锰酸盐指数", "总磷"],
        [None, None, "(mg/L)", "(mg/L)"],
        ["章吉营", "2025-10-08", 4, 0.1],
    ]
    return book(folder, {"Sheet1": rows}, merge=["A1:A2", "B1:B2"])


@nasty("章吉营 | 2025-10-08 | cod_mn | 4 | C4\n章吉营 | 2025-10-08 | tp | 0.1 | D4\n"
       "章吉营 | 2025-10-09 | cod_mn | 5 | C5\n章吉营 | 2025-10-09 | tp | 0.2 | D5")  # fmt: skip
def xlsx_title_and_merged_everything(folder):
    rows = [
        ["2025年10月水质监测结果", None, None, None],
        ["断面名称", "监测时间", "监测项目（mg/L）", None],
        [None, None, "高锰酸盐指数", "总磷"],
        ["章吉营", dt.datetime(2025, 10, 8), 4, 0.1],
        [None, dt.datetime(2025, 10, 9), 5, 0.2],
    ]
    return book(folder, {"结果": rows}, merge=["A1:D1", "A2:A3", "B2:B3", "C2:D2", "A4:A5"])


@nasty("章吉营 | 2025-10-08 | tp | | C2 | sample | 断流\n章吉营 | 2025-10-08 | nh3_n | | D2 | sample | 取自合并单元格C2\n"
       "王家沟 | 2025-10-08 | tp | 0.1 | C3\n王家沟 | 2025-10-08 | nh3_n | 0.2 | D3")  # fmt: skip
def xlsx_a_dry_river_across_all_items(folder):
    rows = [
        ["断面", "日期", "总磷(mg/L)", "氨氮(mg/L)"],
        ["章吉营", "2025-10-08", "断流", None],
        ["王家沟", "2025-10-08", 0.1, 0.2],
    ]
    return book(folder, {"Sheet1": rows}, merge=["C2:D2"])


@nasty("章吉营 | 2025-10-08 | tp | 0.1 | C2\n王家沟 | 2025-10-08 | tp | | C3 | sample | 与C2合并")
def xlsx_a_number_merged_over_two_samples_is_not_doubled(folder):
    rows = [
        ["断面", "日期", "总磷(mg/L)"],
        ["章吉营", "2025-10-08", 0.1],
        ["王家沟", "2025-10-08", None],
    ]
    return book(folder, {"Sheet1": rows}, merge=["C2:C3"])


@nasty("章吉营 | 2025-09 | tp | 0.1 | B2 | sample | 工作表名“9月”\n章吉营 | 2025-10 | tp | 0.2 | B2 | sample | 工作表名“10月”",
       year=2025, any_time=True)  # fmt: skip
def xlsx_a_month_a_sheet(folder):
    head = ["断面名称", "总磷(mg/L)"]
    return book(folder, {"9月": [head, ["章吉营", 0.1]], "10月": [head, ["章吉营", 0.2]]})


@nasty(
    "章吉营 | 2025-10-08 | tp | 0.1 | B2 | sample | 工作表名“章吉营”\n王家沟 | 2025-10-08 | tp | 0.2 | B2 | sample | 工作表名“王家沟”"
)
def xlsx_a_section_a_sheet(folder):
    head = ["日期", "总磷(mg/L)"]
    return book(
        folder, {"章吉营": [head, ["2025-10-08", 0.1]], "王家沟": [head, ["2025-10-08", 0.2]]}
    )


@nasty(
    """
章吉营 | 2025-10-08 | ph | 8.1 | B2
王家沟 | 2025-10-09 | ph | 8.2 | C2
下河套 | | ph | 8.3 | D2 | sample | 未注明监测时间
章吉营 | 2025-10-08 | tp | 0.1 | B4
王家沟 | 2025-10-09 | tp | <0.02 | C4
下河套 | | tp | 0.3 | D4 | sample | 未注明监测时间
"""
)
def csv_sections_across_with_a_row_of_dates(folder):
    return text(folder, "项目,章吉营,王家沟,下河套\npH,8.1,8.2,8.3\n采样日期,2025-10-08,2025-10-09,\n"
                "总磷(mg/L),0.1,0.02L,0.3\n")  # fmt: skip


@nasty("章吉营 | 2025-10-08 | tp | 0.1 | C2\n王家沟 | 2025-10-08 | tp | 0.2 | C3")
def csv_a_quote_that_never_closes(folder):
    return text(folder, '断面,日期,"总磷(mg/L)\n章吉营,2025-10-08,0.1\n王家沟,2025-10-08,0.2\n')


@nasty("章吉营 | 2025-10-08 | tp | 0.1 | C2 | sample | 水体取自工作表名“大凌河”")
def xlsx_a_river_a_sheet(folder):
    return book(folder, {"大凌河": [["断面", "日期", "总磷(mg/L)"], ["章吉营", "2025-10-08", 0.1]]})


@nasty(
    """
章吉营 | 2025-10-08 | ph | 8.1 | B4
章吉营 | 2025-10-08 | tp | <0.01 | B5
王家沟 | 2025-10-09 | ph | 7.9 | B9
王家沟 | 2025-10-09 | tp | 0.2 | B10
""",
    warns="“审核：张三",
)
def xlsx_a_form_with_blocks(folder):
    rows = [
        ["地表水监测报告", None, None],
        ["断面名称：章吉营  监测时间：2025年10月8日", None, None],
        ["项目", "结果", "单位"],
        ["pH", 8.1, "无量纲"],
        ["总磷", "0.01L", "mg/L"],
        ["审核：张三", None, None],
        ["断面名称：", "王家沟", "监测时间：2025年10月9日"],
        ["项目", "结果", "单位"],
        ["pH", 7.9, "无量纲"],
        ["总磷", 0.2, "mg/L"],
    ]
    return book(folder, {"报告": rows})


@nasty(
    """
章吉营 | 2025-10-08 | ph | 8.1 | B3
章吉营 | 2025-10-08 | do | 9.2 | D3
章吉营 | 2025-10-08 | tp | 0.05 | B4
章吉营 | 2025-10-08 | nh3_n | <0.025 | D4
"""
)
def xlsx_a_form_without_a_header(folder):
    rows = [
        ["断面名称", "章吉营", "采样日期", dt.datetime(2025, 10, 8)],
        ["水温", None, None, None],
        ["pH", 8.1, "溶解氧(mg/L)", 9.2],
        ["总磷(mg/L)", 0.05, "氨氮(mg/L)", "0.025L"],
    ]
    return book(folder, {"登记表": rows})


@nasty("章吉营 | 2025-10-08 | tp | 0.1 | C3\n章吉营 | 2025-10-08 | ph | 8 | D3")
def xlsx_unit_of_the_whole_table(folder):
    rows = [
        ["单位：mg/L（pH无量纲）", None, None, None],
        ["断面", "日期", "总磷", "pH"],
        ["章吉营", "2025-10-08", 0.1, 8],
    ]
    return book(folder, {"Sheet1": rows})


@nasty("章吉营 | 2025-10-08 | tp | 0.1 | E12")
def xlsx_a_table_far_from_the_corner(folder):
    rows = [[None] * 5 for _ in range(10)]
    rows += [
        [None, None, "断面", "日期", "总磷(mg/L)"],
        [None, None, "章吉营", dt.datetime(2025, 10, 8), 0.1],
    ]
    return book(folder, {"Sheet1": rows})


@nasty("章吉营 | 2025-10-08 | tp | 0.1 | C2", warns="sheet 隐藏: the sheet is hidden")
def xlsx_a_hidden_sheet(folder):
    path = book(folder, {"Sheet1": [["断面", "日期", "总磷(mg/L)"], ["章吉营", "2025-10-08", 0.1]],
                         "隐藏": [["断面", "日期", "总磷(mg/L)"], ["假的", "2025-10-08", 9]]})  # fmt: skip
    workbook = openpyxl.load_workbook(path)
    workbook["隐藏"].sheet_state = "veryHidden"
    workbook.save(path)
    return path


@nasty(
    "章吉营 | 2025-10-08 | tp | 0.1 | C2\n王家沟 | 2025-10-08 | tp | 0.2 | C3",
    warns="1 hidden rows were read",
)
def xlsx_a_hidden_row(folder):
    path = book(
        folder,
        {
            "Sheet1": [
                ["断面", "日期", "总磷(mg/L)"],
                ["章吉营", "2025-10-08", 0.1],
                ["王家沟", "2025-10-08", 0.2],
            ]
        },
    )
    workbook = openpyxl.load_workbook(path)
    workbook["Sheet1"].row_dimensions[3].hidden = True
    workbook.save(path)
    return path


@nasty(
    "章吉营 | 2025-10-08 | tp | | C2 | sample | 公式没有缓存结果\n王家沟 | 2025-10-08 | tp | 0.2 | C3"
)
def xlsx_a_formula_without_a_result(folder):
    return book(
        folder,
        {
            "Sheet1": [
                ["断面", "日期", "总磷(mg/L)"],
                ["章吉营", "2025-10-08", "=0.05*2"],
                ["王家沟", "2025-10-08", 0.2],
            ]
        },
    )


@nasty("章吉营 | 2025-10-08 | tp | 0.1 | C2")
def xlsx_a_formula_on_another_workbook(folder):
    path = book(folder, {"Sheet1": [["断面", "日期", "总磷(mg/L)"], ["章吉营", "2025-10-08", 0.1]]})
    return rewrite(
        path,
        "xl/worksheets/sheet1.xml",
        "<v>0.1</v>",
        r"<f>'[\\server\geheim.xlsx]a'!B1</f><v>0.1</v>",
    )


@nasty("章吉营 | 2025-10-08 | tp | | C2 | sample | Excel 错误值 #DIV/0!")
def xlsx_an_error_in_a_cell(folder):
    path = book(folder, {"Sheet1": [["断面", "日期", "总磷(mg/L)"], ["章吉营", "2025-10-08", 0.1]]})
    return rewrite(
        path, "xl/worksheets/sheet1.xml", ' t="n"><v>0.1</v>', ' t="e"><f>1/0</f><v>#DIV/0!</v>'
    )


@nasty("章吉营 | 2025-10-08 | tp | 0.1 | C2", warns="sheet 说明: no recognisable header")
def xlsx_a_sheet_of_prose(folder):
    return book(folder, {"Sheet1": [["断面", "日期", "总磷(mg/L)"], ["章吉营", "2025-10-08", 0.1]],
                         "说明": [["本表由某站编制"], ["联系电话 123"]]})  # fmt: skip


@nasty("0211300001 | 2025-10-08 | tp | 0.1 | C2")
def xlsx_codes_keep_their_zero(folder):
    return book(
        folder,
        {"Sheet1": [["断面编码", "日期", "总磷(mg/L)"], ["0211300001", dt.date(2025, 10, 8), 0.1]]},
    )


@nasty(
    "章吉营 | 2025-10-08 08:00 | tp | 0.11 | C3\n章吉营 | 2025-10-08 08:00 | nh3_n | <0.025 | D3"
)
def xls_old_format_with_merged_title(folder):
    import xlwt

    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("一月")
    sheet.write_merge(0, 0, 0, 3, "水质监测结果")
    for column, cell in enumerate(HEAD.split(",")):
        sheet.write(1, column, cell)
    style = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm")
    sheet.write(2, 0, "章吉营")
    sheet.write(2, 1, dt.datetime(2025, 10, 8, 8), style)
    sheet.write(2, 2, 0.11)
    sheet.write(2, 3, "0.025L")
    path = folder / "table.xls"
    workbook.save(str(path))
    return path


@nasty(PLAIN)
def xlsx_named_csv(folder):
    path = book(
        folder, {"Sheet1": [HEAD.split(","), ["章吉营", "2025-10-08 08:00", 0.11, "0.025L"]]}
    )
    return path.rename(folder / "table.csv")


# --- whole reports ------------------------------------------------------------------------------

_REPORT = "监测时间取自标题"


@nasty(
    f"""
章吉营 | 2025-09-01 | cod_mn | 4.2 | E5 | sample | {_REPORT}
章吉营 | 2025-09-01 | nh3_n | <0.025 | F5 | sample | 低于检出限0.025
王家沟 | 2025-09-01 | cod_mn | | E6 | sample | 缺测（原文“—”）
王家沟 | 2025-09-01 | nh3_n | 1.21 | F6 | sample | {_REPORT}
松岭门 | 2025-09-01 | cod_mn | | E7 | sample | 断流
松岭门 | 2025-09-01 | nh3_n | | F7 | sample | 取自合并单元格E7；断流
 | 2025-09-01 | cod_mn | 4.2 | E8 | mean | “全市平均”是均值行
 | 2025-09-01 | nh3_n | 0.6 | F8 | mean |
""",
    warns="2 rows hold no reading.*row 9: “注：1.*row 10: “填表人：张三",
)
def xlsx_a_monthly_report(folder):
    none = [None] * 5
    rows = [
        ["表1 朝阳市2025年9月地表水监测结果统计表", *none, None],
        ["单位：mg/L（pH无量纲）", *none, None],
        ["序号", "河流", "断面名称", "水质目标", "监测项目", None, "水质类别"],
        [None, None, None, None, "高锰酸盐\n指数", "氨氮", None],
        [1, "大凌河", "章吉营", "Ⅲ", 4.2, "0.025L", "Ⅲ"],
        [2, None, "王家沟", "Ⅳ", "—", "1.21", "Ⅳ"],
        [3, "小凌河", "松岭门", "Ⅲ", "断流", None, None],
        ["全市平均", None, None, None, 4.2, 0.6, None],
        ["注：1.“L”表示低于检出限；2.“—”表示未监测。", *none, None],
        ["填表人：张三", None, None, "审核人：李四", None, None, None],
    ]
    merge = ["A1:G1", "A2:G2", "A3:A4", "B3:B4", "C3:C4", "D3:D4", "E3:F3", "G3:G4", "B5:B6"]
    return book(folder, {"9月": rows}, merge=[*merge, "E7:F7", "A9:G9"])


@nasty(
    """
章吉营 | 2024-01-01 | tp | 0.1 | B2 | sample | 指标取自工作表名“总磷”
章吉营 | 2025-01-01 | tp | 0.2 | C2 | sample | 表中未注明单位
章吉营 | 2024-01-01 | nh3_n | 0.3 | B2 | sample | 指标取自工作表名“氨氮”
章吉营 | 2025-01-01 | nh3_n | | C2 | sample | 冰封
"""
)
def xlsx_an_item_a_sheet_and_years_across(folder):
    head = ["断面名称", 2024, 2025]
    return book(
        folder,
        {
            "总磷": [head, ["章吉营", 0.1, 0.2]],
            "氨氮": [head, ["章吉营", 0.3, "冰封"]],
        },
    )


@nasty(
    """
章吉营 | 2025-09-03 | tp | 0.1 | B3 | sample | 断面取自标题“2025年9月3日章吉营断面”
王家沟 | 2025-10-08 | tp | 0.3 | B7 | sample | 断面取自标题“2025年10月8日王家沟断面”
"""
)
def xlsx_a_titled_table_under_another(folder):
    head = ["项目", "结果(mg/L)"]
    return book(folder, {"S": [["2025年9月3日章吉营断面", None], head, ["总磷", 0.1], [None, None],
                               ["2025年10月8日王家沟断面", None], head, ["总磷", 0.3]]})  # fmt: skip


@nasty(
    """
章吉营 | 2025-10-08 | tp | 0.1 | D2
章吉营 | 2025-10-08 | nh3_n | <0.025 | D3 | sample | 低于检出限0.025（取自检出限列）
王家沟 | 2025-10-08 | tp | 0.2 | D4
"""
)
def xlsx_long_merged_with_a_column_of_limits(folder):
    day = dt.date(2025, 10, 8)
    rows = [
        ["断面", "日期", "项目", "结果", "单位", "检出限"],
        ["章吉营", day, "总磷", 0.1, "mg/L", 0.01],
        [None, None, "氨氮", "未检出", "mg/L", 0.025],
        ["王家沟", day, "总磷", 0.2, "mg/L", 0.01],
    ]
    return book(folder, {"S": rows}, merge=["A2:A3", "B2:B3"])


@nasty("章吉营 | 2025-10-08 | tp | 0.1 | C4\n章吉营 | 2025-10-08 | cod_mn | 4 | D4")
def xlsx_three_header_rows(folder):
    rows = [
        ["断面信息", None, "监测结果", None],
        ["名称", "时间", "营养盐", "有机物"],
        [None, None, "总磷(mg/L)", "CODMn(mg/L)"],
        ["章吉营", "2025-10-08", 0.1, 4],
    ]
    return book(folder, {"S": rows}, merge=["A1:B1", "C1:D1", "A2:A3", "B2:B3"])


@nasty("章吉营 | 2025-10-08 | tp | 0.1 | C3\n章吉营 | 2025-10-08 | nh3_n | 0.3 | E3")
def xlsx_result_and_class_under_every_item(folder):
    rows = [
        ["断面", "时间", "总磷", None, "氨氮", None],
        [None, None, "浓度(mg/L)", "类别", "浓度(mg/L)", "类别"],
        ["章吉营", "2025-10-08", 0.1, "Ⅱ", 0.3, "Ⅱ"],
    ]
    return book(folder, {"S": rows}, merge=["A1:A2", "B1:B2", "C1:D1", "E1:F1"])


@nasty("章吉营 | 2025-10-08 | tp | 0.1 | C2 | sample | 年月取自工作表名“2025年10月”")
def xlsx_days_on_a_sheet_of_a_month(folder):
    return book(folder, {"2025年10月": [["断面", "日期", "总磷(mg/L)"], ["章吉营", "8日", 0.1]]})


@nasty(
    """
章吉营 | 2025-01-03 | tp | 0.1 | C2 | sample | 断面取自工作表名“章吉营”
章吉营 | 2025-02-03 | tp | <0.01 | D2 | sample | 低于检出限0.01
章吉营 | | tp | 0.1 | E2 | max | “最大值”列，不是样品
"""
)
def xlsx_dates_across_the_top(folder):
    head = ["监测项目", "单位", dt.datetime(2025, 1, 3), dt.datetime(2025, 2, 3), "最大值"]
    return book(folder, {"章吉营": [head, ["总磷", "mg/L", 0.1, "<0.01", 0.1]]})


@nasty(
    "章吉营 | 2025-01-01 | tp | 0.1 | B3 | sample | 断面取自标题\n章吉营 | 2025-02-01 | tp | | B4 | sample | 缺测"
)
def csv_one_section_by_month(folder):
    return text(folder, "章吉营断面2025年逐月监测结果,\n月份,总磷(mg/L)\n1月,0.1\n2月,--\n")


@nasty("章吉营 | 2025-10-08 | tp | 0.1 | B3\n章吉营 | 2025-10-08 | nh3_n | 0.2 | C3")
def csv_a_corner_that_names_both(folder):
    return text(
        folder, "监测时间：2025年10月8日,,\n断面\\项目,总磷(mg/L),氨氮(mg/L)\n章吉营,0.1,0.2\n"
    )


@nasty("章吉营 | 2025-10-08 | tp | | C2 | sample | 缺测（空白）")
def csv_a_template_not_filled_in(folder):
    return text(folder, "断面,日期,总磷(mg/L)\n章吉营,2025-10-08,\n")


# --- other files --------------------------------------------------------------------------------


@nasty("章吉营 | 2025-10-08 | tp | 0.11 | C2\n章吉营 | 2025-10-08 | nh3_n | <0.025 | D2")
def parquet_wide(folder):
    frame = pd.DataFrame({"断面名称": ["章吉营"], "监测时间": [pd.Timestamp("2025-10-08")],
                          "总磷(mg/L)": [0.11], "氨氮(mg/L)": ["0.025L"]})  # fmt: skip
    frame.to_parquet(folder / "table.parquet")
    return folder / "table.parquet"


@nasty("章吉营 | 2025-10-08 | tp | 0.11 | D2\n章吉营 | 2025-10-08 | nh3_n | <0.025 | D3")
def parquet_long(folder):
    frame = pd.DataFrame({"断面名称": ["章吉营"] * 2, "监测时间": ["2025-10-08"] * 2, "监测指标": ["总磷", "氨氮"],
                          "监测值": ["0.11", "0.025L"], "单位": ["mg/L"] * 2})  # fmt: skip
    frame.to_parquet(folder / "table.parquet")
    return folder / "table.parquet"


@nasty(
    "章吉营 | 2026-08-21 19:00 | tp | 0.0434 | E1\n章吉营 | 2026-08-21 19:00 | nh3_n | | F1 | sample | 质控不合格",
    year=2026,
)
def json_of_the_platform(folder):
    unit = "<br/><span class='unit'>(mg/L)</span>"
    content = {
        "thead": ["省份", "断面名称", "监测时间", "水质类别", f"总磷{unit}", f"氨氮{unit}"],
        "tbody": [["辽宁省", "章吉营", "08-21 19:00", "2", "<span title='原始值：0.0434'>0.043</span>",
                   "<span data-toggle='tooltip' title='当天质控不合格'>--</span>"]],
    }  # fmt: skip
    return text(folder, json.dumps(content, ensure_ascii=False), "platform.json")


def rewrite(path: Path, part: str, old: str, new: str) -> Path:
    """Replace text in one part of a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if old not in parts[part].decode():
        raise ValueError(f"{part} does not hold {old}: {parts[part].decode()[:2000]}")
    parts[part] = parts[part].decode().replace(old, new).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


# --- files that must be refused -----------------------------------------------------------------

REFUSED: list[tuple[Callable[[Path], Path], str]] = []


def refused(message: str):
    def add(build):
        REFUSED.append((build, message))
        return build

    return add


def _with_sheet(folder: Path, cells: str) -> Path:
    path = book(folder, {"Sheet1": [["断面", "日期", "总磷(mg/L)"], ["章吉营", "2025-10-08", 0.1]]})
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    old = "<sheetData>" + sheet.partition("<sheetData>")[2].partition("</sheetData>")[0]
    return rewrite(path, "xl/worksheets/sheet1.xml", old, f"{old}{cells}")


@refused(r"bomb.xlsx: the workbook unpacks to \d+")
def a_zip_bomb(folder):
    path = folder / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as stream:
            for _ in range(120):
                stream.write(b" " * (1 << 20))
    return path


@refused("columns, its last cell being XFD1048576|rows x 16,384 columns")
def a_cell_in_the_last_corner(folder):
    return _with_sheet(folder, '<row r="1048576"><c r="XFD1048576" t="n"><v>1</v></c></row>')


@refused("1,000,000 columns")
def a_sheet_of_a_million_columns(folder):
    return _with_sheet(folder, '<row r="3"><c r="BDWGN3" t="n"><v>1</v></c></row>')


@refused("a row has 1,000,000 columns")
def a_text_of_a_million_columns(folder):
    return text(folder, HEAD + "," * (1_000_000 - 4) + "\n")


@refused("GB of text in one sheet")
def a_long_text_shared_by_all_cells(folder):
    cells = "".join(f'<row r="{r}"><c r="A{r}" t="s"><v>0</v></c></row>' for r in range(3, 50_000))
    path = _with_sheet(folder, cells)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", f"<sst><si><t>{'x' * 30_000}</t></si></sst>")
    return path


@refused("protected with a password")
def a_workbook_with_a_password(folder):
    # what Excel writes for a locked workbook: an OLE file with a stream of this name
    path = folder / "locked.xlsx"
    path.write_bytes(
        bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 1016 + "EncryptedPackage".encode("utf-16-le")
    )
    return path


@refused("empty.xlsx.*no recognisable header.*reads: nothing")
def an_empty_workbook(folder):
    return book(folder, {"Sheet1": []}, name="empty.xlsx")


@refused("no recognisable header.*Hidden sheets are not read: 数据")
def only_a_hidden_sheet(folder):
    path = book(
        folder,
        {"封面": [["报告"]], "数据": [["断面", "日期", "总磷"], ["章吉营", "2025-10-08", 1]]},
    )
    workbook = openpyxl.load_workbook(path)
    workbook["数据"].sheet_state = "hidden"
    workbook.save(path)
    return path


@refused("this is a folder")
def a_folder(folder):
    (folder / "十月.xlsx").mkdir()
    return folder / "十月.xlsx"


@refused("there is no such file")
def no_file(folder):
    return folder / "none.csv"


@refused("not an Excel workbook.*or it is damaged")
def half_a_workbook(folder):
    path = book(folder, {"Sheet1": [["断面", "日期", "总磷"], ["章吉营", "2025-10-08", 1]]})
    path.write_bytes(path.read_bytes()[:2000])
    return path


@refused("not an Excel workbook")
def a_zip_of_something_else(folder):
    path = folder / "other.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    return path


@refused("not a Parquet file")
def a_text_named_parquet(folder):
    return text(folder, HEAD, "table.parquet")


@refused("the Parquet file is damaged")
def half_a_parquet(folder):
    path = parquet_wide(folder)
    path.write_bytes(path.read_bytes()[:200])
    return path


@refused("binary data")
def a_picture_named_csv(folder):
    path = folder / "picture.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 20)
    return path


@refused("files ending in .doc are not read")
def a_word_file(folder):
    return text(folder, HEAD, "table.doc")


@refused("no recognisable header")
def an_empty_text(folder):
    return text(folder, "")


@refused("has no year; say which")
def a_month_a_sheet_without_a_year(folder):
    return book(folder, {"9月": [["断面名称", "总磷(mg/L)"], ["章吉营", 0.1]]})
