"""Files as laboratories and platforms write them, each of which was once misread or refused."""

import datetime as dt
import json
import math
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import xlwt
from openpyxl.comments import Comment
from openpyxl.styles import Font

from chaoyang_geo import flag_doubts, read_readings
from chaoyang_geo.readings import bulk, describe_readings
from chaoyang_geo.readings.decoded import decoded
from chaoyang_geo.readings.header import Words

sys.path.insert(0, str(Path(__file__).parent))
from books import ods, ods_row, read, xls_with_comments, xlsb


def text(folder, content, name="table.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def book(folder, rows, *, merged=(), finish=None, sheet="数据"):
    workbook = openpyxl.Workbook()
    workbook.active.title = sheet
    for row in rows:
        workbook.active.append(row)
    for cells in merged:
        workbook.active.merge_cells(cells)
    if finish is not None:
        finish(workbook.active)
    workbook.save(folder / "table.xlsx")
    return folder / "table.xlsx"


def rows(table):
    """Section, day, item and result of every row."""
    found = []
    for row in table.itertuples():
        day = "" if pd.isna(row.time) else f"{row.time:%m-%d}"
        result = "" if math.isnan(row.value) else f"{row.value:g}"
        if row.censored:
            result = f"{row.censored}{row.detection_limit:g}"
        found.append((row.section_name, day, row.item, result))
    return found


# --- samples across the top -----------------------------------------------------------------------

TURNED = [
    ("A", "03-01", "tp", "0.1"), ("B", "03-01", "tp", "<0.01"), ("C", "03-02", "tp", "0.3"),
    ("A", "03-01", "nh3_n", "0.2"), ("B", "03-01", "nh3_n", "0.3"), ("C", "03-02", "nh3_n", "0.4"),
]  # fmt: skip
RESULTS = [["总磷(mg/L)", 0.1, "0.01L", 0.3], ["氨氮(mg/L)", 0.2, 0.3, 0.4]]
PLACES = ["A", "B", "C"]
DAYS = ["2025-03-01", "2025-03-01", "2025-03-02"]


@pytest.mark.parametrize("label", ["样品名称", "采样点位", "断面名称"])
@pytest.mark.parametrize("times", ["below", "above"])
def test_samples_across_the_top_of_a_report_are_all_read(tmp_path, label, times):
    head = [[label, *PLACES], ["采样日期", *DAYS]]
    state = ["样品状态", "清", "清", "浊"]
    path = book(
        tmp_path,
        [["水质监测报告"], *(head if times == "below" else head[::-1]), state, *RESULTS],
    )
    table, said = read(path)
    assert rows(table) == TURNED
    assert said == ""


def test_days_across_the_top_over_rows_of_items(tmp_path):
    table, _ = read(
        book(tmp_path, [["断面名称：章吉营"], ["采样日期", *DAYS[1:], "2025-03-03"], *RESULTS])
    )
    assert [row[:2] for row in rows(table)] == [
        ("章吉营", "03-01"), ("章吉营", "03-02"), ("章吉营", "03-03"),
    ] * 2  # fmt: skip


def test_days_over_sections_across_the_top(tmp_path):
    table, _ = read(book(tmp_path, [["项目", *DAYS], ["断面", *PLACES], *RESULTS]))
    assert rows(table) == TURNED


def test_layers_of_samples_across_the_top(tmp_path):
    head = [["点位名称", *PLACES], ["采样日期", *DAYS], ["采样层次", "表层", "底层", "表层"]]
    table, _ = read(book(tmp_path, [*head, *RESULTS]))
    assert rows(table) == TURNED
    assert table["sampling_layer"].tolist() == ["表层", "底层", "表层"] * 2


def test_two_results_of_a_sample_are_no_sections(tmp_path):
    head = ["点位", "采样日期", "项目", "结果1", "结果2", "平均值", "仪器", "单位"]
    path = book(tmp_path, [head, ["A", "2025-03-01", "总磷", 0.1, 0.12, 0.11, "甲", "mg/L"]])
    table, said = read(path)
    assert rows(table)[:2] == [("A", "03-01", "tp", "0.1"), ("A", "03-01", "tp", "0.12")]
    assert table["row_kind"].tolist() == ["sample", "sample", "mean"]
    assert "仪器" in said
    assert flag_doubts(table)["doubts"].tolist() == ["conflict", "conflict", ""]


def test_results_of_a_form_that_no_label_explains_are_named(tmp_path):
    form = [
        ["断面名称", "章吉营", "采样日期", "2025-03-01"],
        ["溶解氧", 8.1, 8.2, "总磷", 0.1],
        ["氨氮", "0.025L", None, "总氮", 1.2],
    ]
    table, said = read(book(tmp_path, form))
    assert len(table) == 4
    assert "were not read: C2" in said


def test_the_second_sample_is_no_sulfide(tmp_path):
    block = ["采样点位,{}", "采样日期,2025-03-0{}", "检测项目,检测结果,单位", "总磷,{},mg/L"]
    content = "样品编号,S1\n" + "\n".join(block).format("A", 1, 0.1)
    content += "\n\n样品编号,S2\n" + "\n".join(block).format("B", 2, 0.2)
    table, _ = read(text(tmp_path, content))
    known = [row for row in rows(table) if row[3]]
    assert known == [("A", "03-01", "tp", "0.1"), ("B", "03-02", "tp", "0.2")]
    path = text(tmp_path, "断面,日期,S2-(mg/L)\nA,2025-03-01,0.1\n")
    assert read_readings(path)["item"].tolist() == ["sulfide"]


# --- rows -----------------------------------------------------------------------------------------


def test_units_in_the_middle_of_a_table_hold_for_the_rows_below(tmp_path):
    path = text(
        tmp_path,
        "断面,日期,总磷,氨氮\n,,mg/L,mg/L\nA,2025-03-01,0.1,0.2\n,,μg/L,\nB,2025-03-01,100,0.2\n",
    )
    table, _ = read(path)
    assert [row[3] for row in rows(table)] == ["0.1", "0.2", "0.1", "0.2"]
    assert table["raw_unit"].tolist() == ["mg/L", "mg/L", "μg/L", "mg/L"]
    assert table["reading_flag"].tolist() == [""] * 4


def test_a_row_that_only_the_left_table_has_is_not_called_left_out(tmp_path):
    path = text(
        tmp_path,
        "断面,日期,总磷,断面,日期,总磷\nA,2025-03-01,0.1,C,2025-03-01,0.3\nB,2025-03-01,0.2,,,\n",
    )
    table, said = read(path)
    assert [row[0] for row in rows(table)] == ["A", "B", "C"]
    assert said == ""


def test_a_row_of_formulas_without_results_stays(tmp_path):
    path = book(
        tmp_path,
        [
            ["断面", "日期", "总磷(mg/L)"],
            ["A", "=DATE(2025,3,1)", "=0.1+0.1"],
            ["B", "2025-03-01", 0.2],
        ],
    )
    table, _ = read(path)
    assert rows(table) == [("A", "", "tp", ""), ("B", "03-01", "tp", "0.2")]
    assert "公式没有缓存结果" in table["reading_flag"][0]


def test_a_row_with_more_cells_than_the_header_is_flagged(tmp_path):
    """1,200 without quotes moves every later result by one column."""
    path = text(
        tmp_path,
        "断面,日期,粪大肠菌群(个/L),总磷(mg/L),氨氮(mg/L)\nA,2025-03-01,1,200,0.1,0.2\nB,2025-03-01,300,0.1,0.2,,\nC,2025-03-02,300,0.1,0.2\n",
    )
    table, _ = read(path)
    assert table["reading_flag"].tolist() == ["本行比表头多1格，各列可能错位"] * 3 + [""] * 6


def test_a_column_that_only_lacks_its_header_is_no_shift(tmp_path):
    path = text(
        tmp_path,
        "断面,日期,总磷(mg/L)\nA,2025-03-01,0.1,甲\nB,2025-03-01,0.2,乙\nC,2025-03-01,0.3\n",
    )
    table, said = read(path)
    assert table["reading_flag"].tolist() == [""] * 3
    assert "column 4 (no header)" in said


def test_a_parallel_sample_says_so(tmp_path, monkeypatch):
    path = text(
        tmp_path,
        "断面,日期,样品编号,项目,结果,单位\nA,2025-03-01,S1,总磷,0.1,mg/L\nA,2025-03-01,S1平行,总磷,0.11,mg/L\n",
    )
    table, _ = read(path)
    assert table["reading_flag"].tolist() == ["", "平行样“S1平行”"]
    monkeypatch.setattr(bulk, "BIG_BYTES", 0)
    assert bulk.read_big(path, Words(), None) is None


def test_a_rate_beside_statistics_is_no_sample(tmp_path):
    path = text(tmp_path, "断面,年份,总磷(mg/L),超标率%\nA,2025,0.1,12\n")
    table, _ = read(path)
    assert table["row_kind"].tolist() == ["sample", "note"]


def test_verticals_of_a_section_are_no_repeats(tmp_path):
    path = text(
        tmp_path,
        "断面,日期,垂线,层次,总磷(mg/L)\nA,2025-03-01,左,表层,0.1\nA,2025-03-01,中,,0.1\nA,2025-03-01,右岸,,0.2\nA,2025-03-01,均值,,0.13\n",
    )
    table, _ = read(path)
    assert table["sampling_layer"].tolist() == ["左线 表层", "中线", "右岸", ""]
    assert table["row_kind"].tolist() == ["sample"] * 3 + ["mean"]
    assert flag_doubts(table)["doubts"].tolist() == [""] * 4


# --- times ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "begin", "period"),
    [
        ("2025年3月1日下午2点半", "2025-03-01 14:30", "instant"),
        ("2025-03-01 8时半", "2025-03-01 08:30", "instant"),
        ("2025年3月1日 9时30分-10时", "2025-03-01 09:30", "range"),
        ("2025年3月1日9时-11时", "2025-03-01 09:00", "range"),
    ],
)
def test_half_hours_and_hours_in_words(tmp_path, written, begin, period):
    table, _ = read(text(tmp_path, f"断面,时间,总磷(mg/L)\nA,{written},0.1\n"))
    assert (f"{table['time'][0]:%Y-%m-%d %H:%M}", table["period"][0]) == (begin, period)


def test_the_day_of_a_label_and_the_time_of_a_column(tmp_path):
    path = book(
        tmp_path,
        [
            ["采样日期：2025年3月1日"],
            ["断面", "采样时间", "总磷"],
            ["A", "08:30", 0.1],
            ["B", dt.time(9, 5), 0.2],
        ],
    )
    table, _ = read(path)
    assert [f"{time:%m-%d %H:%M}" for time in table["time"]] == ["03-01 08:30", "03-01 09:05"]


@pytest.mark.parametrize(
    "labels",
    [
        ["断面名称", "章吉营", "采样日期", "2025年3月1日", "采样时间", "08:30"],
        ["断面名称：章吉营", "采样日期：2025-03-01", "采样时间：08:30"],
        ["断面名称：章吉营 采样时间：08:30 采样日期：2025-03-01"],
        ["断面名称", "章吉营", "采样日期", dt.datetime(2025, 3, 1), "采样开始时间", dt.time(8, 30)],
    ],
)
def test_day_and_time_of_day_in_two_labels(tmp_path, labels):
    form = [labels, ["溶解氧(mg/L)", 8.1, "总磷(mg/L)", 0.1]]
    table, _ = read(book(tmp_path, form))
    assert [f"{time:%m-%d %H:%M}" for time in table["time"]] == ["03-01 08:30"] * 2
    assert table["reading_flag"].tolist() == ["", ""]


def test_begin_and_end_of_a_form_with_its_day(tmp_path):
    form = [
        ["断面名称", "章吉营", "采样日期", "2025-03-01"],
        ["采样开始时间", "08:00", "采样结束时间", "08:30"],
        ["溶解氧(mg/L)", 8.1, "总磷(mg/L)", 0.1],
    ]
    table, _ = read(book(tmp_path, form))
    assert table["period"].tolist() == ["range"] * 2
    assert {f"{end:%m-%d %H:%M}" for end in table["period_end"]} == {"03-01 08:30"}


@pytest.mark.parametrize("where", ["label", "row"])
def test_hours_across_the_top_are_no_sections(tmp_path, where):
    if where == "label":
        content = "断面名称：A,日期：2025-03-01\n项目,00:00,04:00\n总磷,0.1,0.2\n"
    else:
        content = "断面,日期,项目,00:00,04:00\nA,2025-03-01,总磷,0.1,0.2\n"
    table, _ = read(text(tmp_path, content))
    assert [row[0] for row in rows(table)] == ["A", "A"]
    assert [f"{time:%m-%d %H:%M}" for time in table["time"]] == ["03-01 00:00", "03-01 04:00"]


def test_times_of_day_as_fractions(tmp_path):
    path = book(
        tmp_path,
        [
            ["断面", "采样日期", "采样时间", "总磷"],
            ["A", dt.datetime(2025, 3, 1), 0.375, 0.1],
            ["B", dt.datetime(2025, 3, 1), 0.5, 0.2],
        ],
    )
    table, _ = read(path)
    assert [f"{time:%H:%M}" for time in table["time"]] == ["09:00", "12:00"]


# --- what is written on a cell --------------------------------------------------------------------


def test_comments_and_crossed_out_cells_are_flagged(tmp_path):
    def finish(sheet):
        sheet["C2"].comment = Comment("复核后应为0.01", "审核人")
        sheet["C3"].font = Font(strike=True)

    path = book(
        tmp_path,
        [
            ["断面", "日期", "总磷(mg/L)"],
            ["A", "2025-03-01", 0.1],
            ["B", "2025-03-01", 0.2],
            ["C", "2025-03-01", 0.3],
        ],
        finish=finish,
    )
    table, _ = read(path)
    assert [row[3] for row in rows(table)] == ["0.1", "0.2", "0.3"]
    assert table["reading_flag"].tolist() == ["批注“复核后应为0.01”", "单元格文字有删除线", ""]


@pytest.mark.parametrize("kind", ["xls", "xlsb"])
def test_the_comments_of_binary_workbooks_are_flagged(tmp_path, kind):
    head, row = ["断面", "日期", "总磷(mg/L)", "氨氮(mg/L)"], ["章吉营", "2025-10-08", 0.31, 0.2]
    comments = {(1, 2): "复测值；原值0.31，见复核记录第三页", (1, 3): "x" * 70}
    path = tmp_path / f"table.{kind}"
    if kind == "xlsb":
        cells = {n: dict(enumerate(one)) for n, one in enumerate([head, row])}
        xlsb(tmp_path, cells, comments=comments)
    else:
        workbook = xlwt.Workbook()
        sheet = workbook.add_sheet("10月")
        for n, one in enumerate([head, row]):
            for column, cell in enumerate(one):
                sheet.write(n, column, cell)
        xls_with_comments(workbook, path, comments)
    table = read_readings(path)
    assert table["value"].tolist() == [0.31, 0.2]
    flags = ["批注“复测值，原值0.31，见复核记录第三页”", f"批注“{'x' * 59}…”"]
    assert table["reading_flag"].tolist() == flags


def test_the_comment_of_an_opendocument_cell_is_flagged_and_not_read(tmp_path):
    cell = (
        '<table:table-cell office:value-type="float" office:value="0.1"><office:annotation>'
        "<text:p>应为0.5</text:p></office:annotation><text:p>0.1</text:p></table:table-cell>"
    )
    head = ods_row("断面", "日期", "总磷(mg/L)")
    path = ods(tmp_path, {"10月": head + ods_row("A", "2025-03-01", cell)})
    table, _ = read(path)
    assert rows(table) == [("A", "03-01", "tp", "0.1")]
    assert table["reading_flag"].tolist() == ["批注“应为0.5”"]


def test_words_that_the_format_of_a_cell_shows(tmp_path):
    formats = ['[<0.02]"<0.02";0.000', '[<0.02]"<0.02";0.000', '"ND"', '0.00"mg/L"', "0.00_%"]

    def finish(sheet):
        for row, form in enumerate(formats, 2):
            sheet.cell(row, 3).number_format = form
        sheet["B2"].number_format = 'yyyy"年"m"月"d"日"'

    days = [dt.datetime(2025, 3, 1), *["2025-03-01"] * 4]
    numbers = [0.01, 0.03, 0.01, 0.01, 0.5]
    body = [["A", day, number] for day, number in zip(days, numbers, strict=True)]
    path = book(tmp_path, [["断面", "日期", "总磷(mg/L)"], *body], finish=finish)
    table, _ = read(path)
    assert table["raw"].tolist() == ["<0.02", "0.03", "ND", "0.01", "0.5"]
    assert table["state"].tolist() == ["below", "number", "below", "number", "number"]
    assert {f"{time:%m-%d}" for time in table["time"]} == {"03-01"}


# --- files ----------------------------------------------------------------------------------------

PLAIN = [("章吉营", "03-01", "tp", "0.1"), ("王家沟", "03-01", "tp", "0.2")]
HEAD, FIRST, SECOND = "断面,日期,总磷(mg/L)\n", "章吉营,2025-03-01,0.1\n", "王家沟,2025-03-01,0.2\n"


def test_zero_bytes_within_a_text_are_left_out_and_counted(tmp_path):
    table, said = read(text(tmp_path, (HEAD + FIRST).encode() + b"\0" + SECOND.encode()))
    assert rows(table) == PLAIN
    assert "1 zero bytes" in said


@pytest.mark.parametrize("encodings", [("utf-8", "gbk", "gbk"), ("gbk", "gbk", "utf-8")])
def test_a_text_of_two_encodings_is_read_and_said(tmp_path, encodings):
    parts = zip((HEAD, FIRST, SECOND), encodings, strict=True)
    table, said = read(text(tmp_path, b"".join(part.encode(code) for part, code in parts)))
    assert rows(table) == PLAIN
    assert "part UTF-8 and part GB18030" in said


def test_one_encoding_is_not_taken_for_two():
    """联通 in GBK is valid UTF-8 by accident."""
    for code in ("gbk", "utf-8"):
        content = "联通,联,断面名称\n联通\n"
        assert decoded("a.csv", content.encode(code)) == (content, [])


def test_marks_that_nobody_sees_do_not_hide_a_header(tmp_path):
    content = "\ufeff\ufeff断面\u200b,日期,\u2060总磷(mg/L)\n" + FIRST + SECOND
    table, said = read(text(tmp_path, content))
    assert rows(table) == PLAIN
    assert said == ""


@pytest.mark.parametrize("nested", [False, True])
def test_records_of_a_json(tmp_path, nested):
    records = [
        {"断面名称": "章吉营", "监测时间": "2025-03-01", "总磷(mg/L)": 0.1},
        {"断面名称": "王家沟", "监测时间": "2025-03-01", "总磷(mg/L)": "0.2", "备注": None},
    ]
    content = {"code": 200, "data": {"total": 2, "rows": records}} if nested else records
    table, said = read(text(tmp_path, json.dumps(content, ensure_ascii=False), "a.json"))
    assert rows(table) == PLAIN
    assert table["origin_row"].tolist() == [1, 2]
    assert ("/data/rows" in said) == nested
    with pytest.raises(ValueError, match="no list of records"):
        read_readings(text(tmp_path, '{"a": [1, 2]}', "b.json"))


XML = """<?xml version="1.0" encoding="{encoding}"?><?mso-application progid="Excel.Sheet"?>{doctype}
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Styles><Style ss:ID="p"><NumberFormat
 ss:Format="Percent"/></Style><Style ss:ID="l"><NumberFormat ss:Format="0.000&quot;L&quot;"/></Style>
</Styles><Worksheet ss:Name="10月"><Table>
<Row><Cell ss:MergeAcross="1"><Data ss:Type="String">结果</Data></Cell><Cell><Data
 ss:Type="String">表</Data></Cell></Row>
<Row><Cell><Data ss:Type="String">断面</Data></Cell><Cell><Data ss:Type="String">时间</Data></Cell>
<Cell><Data ss:Type="String">总磷(mg/L)</Data></Cell><Cell><Data
 ss:Type="String">溶解氧饱和度(%)</Data></Cell></Row>
<Row ss:Index="{row}" ss:Hidden="1"><Cell ss:MergeDown="1"><Data ss:Type="String">章吉营</Data></Cell>
<Cell><Data ss:Type="DateTime">2025-03-01T08:00:00.000</Data></Cell><Cell ss:StyleID="l"><Data
 ss:Type="Number">0.01</Data><Comment><ss:Data>待核</ss:Data></Comment></Cell>
<Cell ss:StyleID="p"><Data ss:Type="Number">0.853</Data></Cell></Row>
<Row><Cell ss:Index="2"><Data ss:Type="DateTime">2025-03-02T08:00:00.000</Data></Cell><Cell><Data
 ss:Type="Error">#N/A</Data></Cell><Cell><Data ss:Type="Number">90</Data></Cell></Row>
</Table></Worksheet><Worksheet ss:Name="隐"><Table/><WorksheetOptions
 xmlns="urn:schemas-microsoft-com:office:excel"><Visible>SheetHidden</Visible></WorksheetOptions>
</Worksheet></Workbook>"""


@pytest.mark.parametrize("encoding", ["UTF-8", "GB2312"])
def test_an_xml_table_of_excel_2003(tmp_path, encoding):
    content = XML.format(encoding=encoding, row=4, doctype="").encode(encoding)
    table, said = read(text(tmp_path, content, "导出.xls"))
    assert rows(table) == [
        ("章吉营", "03-01", "tp", "<0.01"), ("章吉营", "03-01", "do_saturation", "85.3"),
        ("章吉营", "03-02", "tp", ""), ("章吉营", "03-02", "do_saturation", "90"),
    ]  # fmt: skip
    assert table["origin_row"].tolist() == [4, 4, 5, 5]
    assert "待核" in table["reading_flag"][0]
    assert table["reading_flag"][2].startswith("Excel 错误值 #N/A")
    assert "隐: the sheet is hidden" in said
    assert "1 hidden rows" in said


def test_a_harmful_or_broken_xml_table_is_refused(tmp_path):
    doctype = '<!DOCTYPE a [<!ENTITY b "c">]>'
    for content in (
        XML.format(encoding="UTF-8", row=4, doctype=doctype),
        XML.format(encoding="UTF-8", row=4, doctype="")[:-40],
        XML.format(encoding="UTF-8", row=9_000_000, doctype=""),
    ):
        with pytest.raises(ValueError, match="导出.xls"):
            read_readings(text(tmp_path, content, "导出.xls"))


def test_a_web_page_with_tables_within_tables(tmp_path):
    inner = "<table><tr><td>0.1</td></tr></table>"
    page = (
        "<table><tr><td>断面<td>日期<td>总磷(mg/L)</tr><tr><td>章吉营<td>2025-03-01<td>{}</tr>"
        "<tr><td>王家沟<td>2025-03-01<td>0.2</tr></table>"
    )
    table, said = read(text(tmp_path, page.format(inner), "a.html"))
    assert rows(table) == PLAIN
    assert said == ""
    layout = f"<table><tr><td>菜单</td><td>{page.format('0.1')}</td></tr></table>"
    assert rows(read(text(tmp_path, layout, "b.html"))[0]) == PLAIN


def test_describe_shows_samples_across_the_top(tmp_path):
    path = book(tmp_path, [["样品名称", *PLACES], ["采样日期", *DAYS], *RESULTS])
    notes = describe_readings(path)["note"].str.cat(sep=" ")
    for place in PLACES:
        assert f"断面“{place}”" in notes
