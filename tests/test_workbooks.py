"""Workbooks of every kind: where their days begin, and what keeps them from doing harm."""

import datetime as dt
import struct
import sys
import warnings
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import xlwt
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from chaoyang_geo import read_readings
from chaoyang_geo.readings import describe_readings, origin_cell
from chaoyang_geo.readings.ole import read_through

sys.path.insert(0, str(Path(__file__).parent))
from books import ods, ods_cell, ods_row, record, xlsb

HEAD = ["断面名称", "监测时间", "总磷(mg/L)"]
NOON = pd.Timestamp("2025-10-08 12:00")
SERIAL = 44476.5  # days from 1904-01-01 to NOON


def sheet_of(path, *, epoch=None):
    book = openpyxl.Workbook()
    if epoch is not None:
        book.epoch = epoch
    book.active.append(HEAD)
    book.active.append(["章吉营", dt.datetime(2025, 10, 8, 12), 0.1])
    book.active.append(["王家沟", SERIAL, 0.2])
    book.active.append(["下河套", str(SERIAL), 0.3])
    book.save(path)
    return path


def old_sheet(path, *, from_1904, rows=1):
    book = xlwt.Workbook()
    book.dates_1904 = from_1904
    sheet = book.add_sheet("10月")
    style = xlwt.XFStyle()
    style.num_format_str = "YYYY-MM-DD HH:MM"
    for column, text in enumerate(HEAD):
        sheet.write(0, column, text)
    for row in range(1, rows + 1):
        sheet.write(row, 0, f"断面{row}号")
        sheet.write(row, 1, dt.datetime(2025, 10, 8, 12), style)
        sheet.write(row, 2, 0.1)
    sheet.write(rows + 1, 0, "王家沟")
    sheet.write(rows + 1, 1, SERIAL)
    sheet.write(rows + 1, 2, 0.2)
    book.save(str(path))
    return path


# --- days from 1904 -------------------------------------------------------------------------------


def test_serials_of_a_workbook_that_counts_from_1904(tmp_path):
    table = read_readings(sheet_of(tmp_path / "mac.xlsx", epoch=CALENDAR_MAC_1904))
    assert table["time"].tolist() == [NOON] * 3
    assert table["reading_flag"].tolist() == [
        "",
        *["时间序号44476.5按工作簿的日期系统换算，自1904-01-01起算"] * 2,
    ]


def test_serials_of_a_workbook_that_counts_from_1900(tmp_path):
    table = read_readings(sheet_of(tmp_path / "win.xlsx"))
    assert table["time"].tolist() == [NOON, *[NOON - pd.Timedelta(days=1462)] * 2]
    assert table["reading_flag"].tolist() == [""] * 3


def test_an_extension_does_not_unsay_where_days_begin(tmp_path):
    path = sheet_of(tmp_path / "mac.xlsx", epoch=CALENDAR_MAC_1904)
    extension = (
        '<extLst><ext uri="{140A7094-0E35-4892-8432-C4D2E57EDEB5}" xmlns:x15="http://schemas.'
        'microsoft.com/office/spreadsheetml/2010/11/main"><x15:workbookPr chartTrackingRefBase="1"/>'
        "</ext></extLst></workbook>"
    )
    again = tmp_path / "extended.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(again, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/workbook.xml":
                data = data.replace(b"</workbook>", extension.encode())
            new.writestr(name, data)
    assert read_readings(again)["time"].tolist() == [NOON] * 3


@pytest.mark.parametrize("rows", [1, 400])  # a short stream stands elsewhere in the file
def test_an_old_workbook_says_where_its_days_begin(tmp_path, rows):
    for from_1904, last in ((True, NOON), (False, NOON - pd.Timedelta(days=1462))):
        path = old_sheet(tmp_path / "old.xls", from_1904=from_1904, rows=rows)
        assert read_through(path)[1] == from_1904
        times = read_readings(path)["time"]
        assert times.tolist() == [*[NOON] * rows, last]


def test_a_damaged_old_workbook_counts_from_1900(tmp_path):
    path = old_sheet(tmp_path / "old.xls", from_1904=True, rows=30)
    data = path.read_bytes()
    for size in (0, 20, 60, 512, 700, len(data) // 2):
        path.write_bytes(data[:size])
        assert read_through(path)[1] in (True, False)
    loop = bytearray(data)
    struct.pack_into("<I", loop, 48, 0)  # the directory begins anywhere
    path.write_bytes(bytes(loop))
    assert read_through(path)[1] is False


# --- what a cell shows ----------------------------------------------------------------------------

SHOWN_HEAD = ["断面名称", "监测时间", "溶解氧饱和度(%)", "总磷(mg/L)", "挥发酚(mg/L)"]
FORMATS = ("0.0%", '0.000"L"', '"<"0.0000')
MARKED = [(0.853, 1), (0.025, 2), (0.0003, 3)]


def marked_xls(folder):
    book = xlwt.Workbook()
    book.add_sheet("空")
    sheet = book.add_sheet("10月")
    for column, text in enumerate(SHOWN_HEAD):
        sheet.write(0, column, text)
    sheet.write(1, 0, "章吉营")
    sheet.write(1, 1, "2025-10-08")
    for column, (number, form) in enumerate(MARKED, 2):
        style = xlwt.XFStyle()
        style.num_format_str = FORMATS[form - 1]
        sheet.write(1, column, number, style)
    book.save(str(folder / "old.xls"))
    return folder / "old.xls"


def marked_xlsb(folder):
    rows = {0: dict(enumerate(SHOWN_HEAD)), 1: dict(enumerate(["章吉营", "2025-10-08", *MARKED]))}
    return xlsb(folder, rows, formats=FORMATS)


def marked_xlsx(folder):
    book = openpyxl.Workbook()
    book.active.append(SHOWN_HEAD)
    book.active.append(["章吉营", "2025-10-08", *(number for number, _ in MARKED)])
    for column, (_, form) in enumerate(MARKED, 3):
        book.active.cell(2, column).number_format = FORMATS[form - 1]
    book.save(folder / "new.xlsx")
    return folder / "new.xlsx"


@pytest.mark.parametrize("write", [marked_xls, marked_xlsb, marked_xlsx])
def test_a_number_is_read_with_the_mark_that_its_cell_shows(tmp_path, write):
    table = read_readings(write(tmp_path))
    assert table["raw"].tolist() == ["85.3%", "0.025L", "<0.0003"]
    assert table["value"].fillna(-1).tolist() == [85.3, -1, -1]
    assert table["detection_limit"].tolist()[1:] == [0.025, 0.0003]
    assert table["state"].tolist() == ["number", "below", "below"]


@pytest.mark.parametrize("n", [1, 600])  # one number a record, and many in one
def test_percent_of_an_old_workbook_in_every_kind_of_record(tmp_path, n):
    book = xlwt.Workbook()
    sheet = book.add_sheet("10月")
    percent = xlwt.XFStyle()
    percent.num_format_str = "0%"
    for column, text in enumerate(["断面", "日期", *["溶解氧饱和度(%)", "水温(℃)"]]):
        sheet.write(0, column, text)
    for row in range(1, n + 1):
        sheet.write(row, 0, f"断面{row}号")
        sheet.write(row, 1, "2025-10-08")
        sheet.write(row, 2, 0.5, percent)
        sheet.write(row, 3, 0.5 if row % 2 else 0.123456789)
    book.save(str(tmp_path / "old.xls"))
    table = read_readings(tmp_path / "old.xls")
    assert table["value"].tolist()[::2] == [50.0] * n
    assert set(table["value"].tolist()[1::2]) <= {0.5, 0.123456789}


def test_errors_hidden_rows_and_hidden_columns_of_an_old_workbook(tmp_path):
    book = xlwt.Workbook()
    sheet = book.add_sheet("10月")
    for column, text in enumerate(HEAD):
        sheet.write(0, column, text)
    sheet.write(1, 0, "章吉营")
    sheet.write(1, 1, "2025-10-08")
    sheet.row(1).set_cell_error(2, 0x2A)
    sheet.row(1).hidden = True
    sheet.col(2).hidden = True
    book.save(str(tmp_path / "old.xls"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = read_readings(tmp_path / "old.xls")
    said = " ".join(str(one.message) for one in caught)
    assert "1 hidden rows" in said
    assert "hidden columns were read like the others: C" in said
    assert table["raw"].tolist() == ["#N/A"]
    assert table["reading_flag"][0].startswith("Excel 错误值 #N/A")


def test_hidden_columns_are_named_in_every_kind_of_workbook(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(HEAD)
    book.active.append(["章吉营", "2025-10-08", 0.1])
    book.active.column_dimensions["C"].hidden = True
    book.active.column_dimensions["K"].hidden = True  # holds nothing
    book.save(tmp_path / "new.xlsx")
    rows = {0: dict(enumerate(HEAD)), 1: dict(enumerate(["章吉营", "2025-10-08", 0.1]))}
    binary = xlsb(tmp_path, rows, hidden_columns=(2, 16383))
    columns = '<table:table-column/><table:table-column table:visibility="collapse"/>'
    document = ods(tmp_path, {"10月": columns + ods_row(*HEAD) + ods_row("章吉营", "10-08", 0.1)})
    for path in (tmp_path / "new.xlsx", binary, document):
        with pytest.warns(UserWarning, match="hidden columns were read like the others: C"):
            read_readings(path, year=2025)


# --- OpenDocument ---------------------------------------------------------------------------------

EMPTY_END = (
    '<table:table-row table:number-rows-repeated="1048000"><table:table-cell '
    'table:number-columns-repeated="16384"/></table:table-row>'
)


def test_an_opendocument_sheet(tmp_path):
    rows = (
        ods_row(*HEAD)
        + ods_row("章吉营", dt.datetime(2025, 10, 8, 12), 0.1)
        + ods_row("王家沟", dt.date(2025, 10, 9), "0.025L")
        + EMPTY_END
    )
    with pytest.warns(UserWarning, match="sheet 旧表: the sheet is hidden"):
        table = read_readings(ods(tmp_path, {"10月": rows, "旧表": ods_row("x")}, hidden=("旧表",)))
    assert table["time"].tolist() == [NOON, pd.Timestamp("2025-10-09")]
    assert table["period"].tolist() == ["instant", "day"]
    assert table["detection_limit"].tolist()[1] == 0.025
    assert origin_cell(table).tolist() == ["[table.ods]10月!C2", "[table.ods]10月!C3"]


def test_merged_cells_errors_and_hidden_rows_of_an_opendocument_sheet(tmp_path):
    span = ' table:number-rows-spanned="2" table:number-columns-spanned="1"'
    wide = ' table:number-columns-spanned="2" table:number-rows-spanned="1"'
    covered = "<table:covered-table-cell/>"
    error = (
        '<table:table-cell office:value-type="string" calcext:value-type="error">'
        "<text:p>#DIV/0!</text:p></table:table-cell>"
    )
    rows = (
        ods_row(
            ods_cell("断面", span), ods_cell("日期", span), ods_cell("结果(mg/L)", wide), covered
        )
        + ods_row(covered, covered, "总磷", "氨氮")
        + ods_row("章吉营", dt.date(2025, 10, 8), 0.1, error)
        + ods_row("章吉营", dt.date(2025, 10, 9), 0.2, 0.3, more=' table:visibility="collapse"')
    )
    with pytest.warns(UserWarning, match="1 hidden rows were read like the others"):
        table = read_readings(ods(tmp_path, {"表": rows}))
    assert table["item"].tolist() == ["tp", "nh3_n"] * 2
    assert table["unit"].tolist() == ["mg/L"] * 4
    assert table["value"].isna().tolist() == [False, True, False, False]
    assert "Excel 错误值 #DIV/0!" in table["reading_flag"].iloc[1]


def test_an_opendocument_sheet_says_where_its_days_begin(tmp_path):
    settings = (
        "<table:calculation-settings>"
        '<table:null-date table:date-value="1904-01-01"/></table:calculation-settings>'
    )
    rows = ods_row(*HEAD) + ods_row("章吉营", SERIAL, 0.1)
    assert read_readings(ods(tmp_path, {"表": rows}, settings=settings))["time"].tolist() == [NOON]
    other = ods(tmp_path, {"表": rows}, name="other.ods")
    assert read_readings(other)["time"].tolist() == [NOON - pd.Timedelta(days=1462)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ods_row("x", more=' table:number-rows-repeated="90000000"'),
            "90,000,001 rows x 3 columns",
        ),
        (ods_row(ods_cell("x", ' table:number-columns-repeated="20000"')), "20,000 columns"),
        (ods_row(ods_cell("x" * 70_000, ' table:number-columns-repeated="16000"')), "1 GB of text"),
        ("<table:table-row><oops", "damaged"),
    ],
)
def test_a_harmful_opendocument_sheet_is_refused(tmp_path, rows, message):
    with pytest.raises(ValueError, match=message):
        read_readings(ods(tmp_path, {"表": ods_row(*HEAD) + rows}))


def test_an_opendocument_sheet_with_entities_of_its_own_is_refused(tmp_path):
    doctype = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    with pytest.raises(ValueError, match="a document with a DTD of its own"):
        read_readings(ods(tmp_path, {"表": ods_row(*HEAD)}, doctype=doctype))


def test_a_text_document_and_a_locked_sheet_are_refused(tmp_path):
    path = ods(tmp_path, {"表": ods_row(*HEAD)})
    for part, content, message in (
        ("mimetype", "application/vnd.oasis.opendocument.text", "opendocument.text"),
        (
            "META-INF/manifest.xml",
            "<x><manifest:encryption-data/></x>",
            "protected with a password",
        ),
    ):
        other = tmp_path / "other.ods"
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
            for name in old.namelist():
                new.writestr(name, content if name == part else old.read(name))
        with pytest.raises(ValueError, match=message):
            read_readings(other)


# --- binary workbooks -----------------------------------------------------------------------------


def test_a_binary_workbook(tmp_path):
    rows = {
        0: {0: "断面", 1: "日期", 2: "结果(mg/L)"},
        1: {2: "总磷", 3: "氨氮"},
        2: {0: "章吉营", 1: SERIAL, 2: 0.1, 3: "0.025L"},
        3: {0: "王家沟", 1: SERIAL, 2: b"\x07", 3: 0.2},
    }
    path = xlsb(
        tmp_path,
        rows,
        from_1904=True,
        merged=((0, 1, 0, 0), (0, 1, 1, 1), (0, 0, 2, 3)),
        hidden_rows=(3,),
    )
    with pytest.warns(UserWarning, match="1 hidden rows were read like the others"):
        table = read_readings(path)
    assert table["time"].tolist() == [NOON] * 4
    assert table["item"].tolist() == ["tp", "nh3_n"] * 2
    assert table["unit"].tolist() == ["mg/L"] * 4
    assert table["detection_limit"].tolist()[1] == 0.025
    assert "Excel 错误值 #DIV/0!" in table["reading_flag"].iloc[2]
    described = describe_readings(path)
    assert described.loc[described["item"] == "nh3_n", "column"].tolist() == ["D"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({0: {0: "断面"}, 1_048_575: {16_383: 1.0}}, "1,048,576 rows x 16,384 columns"),
        ({0: {0: "断面"}, 4: {20_000: 1.0}}, "20,001 columns"),
    ],
)
def test_a_harmful_binary_workbook_is_refused(tmp_path, rows, message):
    with pytest.raises(ValueError, match=message):
        read_readings(xlsb(tmp_path, rows))


def test_a_damaged_binary_workbook_is_refused_in_words(tmp_path):
    path = xlsb(tmp_path, {0: {0: "断面"}})
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    for damaged in (b"\x06", record(6, b"\1"), record(0, b""), bytes([6, 0xFF, 0xFF, 0xFF, 0x7F])):
        parts["xl/worksheets/sheet1.bin"] = damaged
        other = tmp_path / "other.xlsb"
        with zipfile.ZipFile(other, "w") as new:
            for name, data in parts.items():
                new.writestr(name, data)
        with pytest.raises(ValueError, match="damaged|one record of over|no recognisable header"):
            read_readings(other)


# --- texts parted by blanks and bars --------------------------------------------------------------


def read_text(folder, text):
    path = folder / "table.txt"
    path.write_text(text, encoding="utf-8")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return read_readings(path), " ".join(str(warning.message) for warning in caught)


def results(table):
    columns = ("section_name", "time", "item", "raw")
    return [tuple(str(row[name]) for name in columns) for _, row in table.iterrows()]


@pytest.mark.parametrize(
    "text",
    [
        "断面名称  监测时间          总磷 (mg/L)\n章吉营    2025-10-08 08:00  0.025 L\n",
        "断面名称 监测时间 总磷(mg/L)\n章吉营 2025-10-08 08:00 0.025L\n",
        "断面名称\u3000监测日期\u3000总磷(mg/L)\n章吉营\u30002025-10-08 08:00\u30000.025L\n",
        "2025年10月水质\n\n  断面  日期       时间   总磷(mg/L)\n  章吉营  2025-10-08  08:00  0.025L\n",
        "|断面名称|监测时间|总磷(mg/L)|\n|---|:---:|---:|\n| 章吉营 | 2025-10-08 08:00 | 0.025L |\n",
        "+---+---+---+\n| 断面 | 时间 | 总磷(mg/L) |\n+---+---+---+\n| 章吉营 | 2025-10-08 08:00 | 0.025L |\n",
    ],
    ids=["wide gaps", "single blanks", "full-width blanks", "date and clock", "markdown", "boxes"],
)
def test_a_text_parted_by_blanks_or_bars(tmp_path, text):
    table, said = read_text(tmp_path, text)
    [(section, time, item, raw)] = results(table)
    assert (section, time, item) == ("章吉营", "2025-10-08 08:00:00", "tp")
    assert raw.replace(" ", "") == "0.025L"
    assert "not understood" not in said


def test_a_line_with_an_empty_cell_is_named_and_never_shifted(tmp_path):
    text = (
        "断面 日期 总磷(mg/L) 氨氮(mg/L)\n章吉营 2025-10-08 0.1 0.2\n王家沟 2025-10-08 0.3\n"
        "下河套 2025-10-08 0.4 0.5\n"
    )
    table, said = read_text(tmp_path, text)
    assert [row[3] for row in results(table)] == ["0.1", "0.2", "0.4", "0.5"]
    assert table["origin_row"].tolist() == [2, 2, 4, 4]
    assert "row 3: “王家沟 2025-10-08 0.3”" in said
    assert "parted by blanks" in said


@pytest.mark.parametrize(
    "text",
    [
        "这里说 断面 和 总磷 的事\n没有 表格\n",
        "断面 日期 总磷\n" + "一句话 里 有 许多 词\n" * 5,
        "总磷 氨氮 溶解氧\n0.1 0.2 8.1\n",
    ],
    ids=["prose", "no line fits", "neither section nor time"],
)
def test_blanks_make_no_table_where_the_header_does_not_prove_it(tmp_path, text):
    with pytest.raises(ValueError, match="no recognisable header"):
        read_text(tmp_path, text)


def test_a_workbook_whose_formats_cannot_be_read_says_so(tmp_path, monkeypatch):
    path = marked_xls(tmp_path)
    monkeypatch.setattr("chaoyang_geo.readings.ole.read_through", lambda path: ([], False))
    with pytest.warns(UserWarning, match="the formats of its cells could not be read"):
        read_readings(path)
