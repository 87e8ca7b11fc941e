import json
import math

import openpyxl
import pandas as pd
import pytest

from chaoyang_geo import match_sections, read_readings
from chaoyang_geo.readings import READING_COLUMNS, describe_readings, origin_cell
from chaoyang_geo.schema import SchemaError


def write_csv(folder, text, name="table.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


WIDE = "断面名称,监测时间,pH(无量纲),总磷(mg/L),氨氮(mg/L)\n章吉营,2025-10-08 08:00,8.1,0.025L,--\n"


def test_wide_csv_becomes_one_row_per_value(tmp_path):
    table = read_readings(write_csv(tmp_path, WIDE))
    assert table.columns.tolist() == list(READING_COLUMNS)
    assert table["item"].tolist() == ["ph", "tp", "nh3_n"]
    assert table["value"].tolist()[0] == 8.1
    assert table["unit"].tolist() == ["", "mg/L", "mg/L"]
    assert table["time"].unique().tolist() == [pd.Timestamp("2025-10-08 08:00")]


def test_a_value_below_detection_keeps_its_limit_and_is_never_zero(tmp_path):
    row = read_readings(write_csv(tmp_path, WIDE)).iloc[1]
    assert math.isnan(row["value"])
    assert (row["censored"], row["detection_limit"], row["raw"]) == ("<", 0.025, "0.025L")


def test_a_gap_is_missing_never_zero(tmp_path):
    row = read_readings(write_csv(tmp_path, WIDE)).iloc[2]
    assert math.isnan(row["value"])
    assert row["reading_flag"] == "缺测（原文“--”）"


def test_origin_names_file_and_cell(tmp_path):
    assert origin_cell(read_readings(write_csv(tmp_path, WIDE))).tolist()[1] == "[table.csv]!D2"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_encodings_and_delimiters(tmp_path, encoding, delimiter):
    path = write_csv(tmp_path, WIDE.replace(",", delimiter), encoding=encoding)
    assert len(read_readings(path)) == 3


def test_long_table(tmp_path):
    text = "section_code,time,item,value,unit\n0211300001,2025-10-08,总磷,0.1,mg/L\n"
    row = read_readings(write_csv(tmp_path, text)).iloc[0]
    assert (row["section_code"], row["item"], row["value"]) == ("0211300001", "tp", 0.1)


def test_title_rows_above_the_header_and_notes_below(tmp_path):
    text = f"2025年10月水质月报,,,,\n\n{WIDE}注：氨氮未监测,,,,\n"
    with pytest.warns(UserWarning, match="row 5: “注：氨氮未监测”"):
        assert len(read_readings(write_csv(tmp_path, text))) == 3


def test_columns_not_understood_are_named(tmp_path):
    text = WIDE.replace("pH(无量纲)", "感官").replace("8.1", "微黄")
    with pytest.warns(UserWarning, match="left out: 感官"):
        assert read_readings(write_csv(tmp_path, text))["item"].tolist() == ["tp", "nh3_n"]


def test_an_unknown_item_is_kept_under_its_own_name(tmp_path):
    text = WIDE.replace("pH(无量纲)", "锑(μg/L)")
    with pytest.warns(UserWarning, match="kept under their own name.*锑"):
        row = read_readings(write_csv(tmp_path, text)).iloc[0]
    assert (row["item"], row["value"], row["unit"]) == ("锑", 8.1, "μg/L")
    assert row["reading_flag"] == "未识别的指标"


def test_a_unit_that_is_not_stated_is_flagged(tmp_path):
    text = "断面名称,监测时间,总磷\n章吉营,2025-10-08,0.1\n"
    row = read_readings(write_csv(tmp_path, text)).iloc[0]
    assert row["unit"] == "mg/L"
    assert "未注明单位" in row["reading_flag"]


def test_excel_with_codes_dates_and_two_sheets(tmp_path):
    book = openpyxl.Workbook()
    first = book.active
    first.title = "9月"
    first.append(["断面编码", "断面名称", "采样时间", "总磷(mg/L)"])
    first.append(["0211300001", "章吉营", pd.Timestamp("2025-09-03 10:00").to_pydatetime(), 0.08])
    second = book.create_sheet("10月")
    second.append(["断面编码", "断面名称", "采样时间", "总磷(mg/L)"])
    second.append(["0211300001", "章吉营", "2025年10月3日", 0.09])
    path = tmp_path / "两个月.xlsx"
    book.save(path)
    table = read_readings(path)
    assert table["section_code"].tolist() == ["0211300001"] * 2
    assert table["time"].dt.month.tolist() == [9, 10]
    assert origin_cell(table).tolist() == ["[两个月.xlsx]9月!D2", "[两个月.xlsx]10月!D2"]


def test_platform_json_takes_the_unrounded_value_and_the_reason_of_a_gap(tmp_path):
    content = {
        "thead": ["省份", "断面名称", "监测时间", "水质类别", "总磷<br/><span class='unit'>(mg/L)</span>",
                  "氨氮<br/><span class='unit'>(mg/L)</span>"],
        "tbody": [["辽宁省", "章吉营", "08-21 19:00", "2", "<span title='原始值：0.0434'>0.043</span>",
                   "<span data-toggle='tooltip' title='当天质控不合格'>--</span>"]],
    }  # fmt: skip
    path = tmp_path / "platform.json"
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    table = read_readings(path, year=2026)
    assert table["value"].tolist()[0] == 0.0434
    assert table["reading_flag"].tolist() == ["", "当天质控不合格"]
    assert table["published_class"].tolist() == ["Ⅱ", "Ⅱ"]


def test_several_files_are_one_table(tmp_path):
    paths = [write_csv(tmp_path, WIDE, name) for name in ("a.csv", "b.csv")]
    table = read_readings(paths)
    assert len(table) == 6
    assert table.index.tolist() == list(range(6))
    assert read_readings([]).columns.tolist() == list(READING_COLUMNS)


def test_a_year_less_time_asks_for_the_year(tmp_path):
    path = write_csv(tmp_path, WIDE.replace("2025-10-08 08:00", "02-04 11:00"), "四小时.csv")
    with pytest.raises(
        ValueError, match="四小时.csv, row 2: the time “02-04 11:00” has no year.*--year"
    ):
        read_readings(path)
    assert read_readings(path, year=2026)["time"].iloc[0] == pd.Timestamp("2026-02-04 11:00")


def test_a_time_that_is_none_is_flagged_and_the_row_stays(tmp_path):
    text = WIDE + "王家沟,昨天,8.0,0.1,0.2\n"
    table = read_readings(write_csv(tmp_path, text))
    assert len(table) == 6
    assert table["time"].isna().tolist() == [False] * 3 + [True] * 3
    assert "监测时间“昨天”无法识别" in table["reading_flag"].iloc[3]


def test_no_time_understood_at_all_is_an_error(tmp_path):
    path = write_csv(tmp_path, WIDE.replace("2025-10-08 08:00", "昨天"))
    with pytest.raises(ValueError, match="table.csv, row 1: no time.*“昨天”"):
        read_readings(path)


def test_bad_files_say_what_is_wrong_and_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.xlsx: there is no such file"):
        read_readings(tmp_path / "none.xlsx")
    fake = tmp_path / "fake.xlsx"
    fake.write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(ValueError, match="fake.xlsx: the file is not an Excel workbook"):
        read_readings(fake)
    with pytest.raises(ValueError, match=r"table.doc: files ending in .doc are not read"):
        read_readings(write_csv(tmp_path, WIDE, "table.doc"))
    with pytest.raises(ValueError, match=r"table.csv: no recognisable header.*断面名称"):
        read_readings(write_csv(tmp_path, "a,b\n1,2\n"))
    with pytest.raises(ValueError, match="no recognisable header"):
        read_readings(write_csv(tmp_path, ""))
    with pytest.raises(ValueError, match=r"platform.json: this is not the national platform"):
        read_readings(write_csv(tmp_path, "[1]", "platform.json"))
    with pytest.raises(ValueError, match="binary data"):
        read_readings(write_csv(tmp_path, "a\0b", "zip.csv"))


# --- real files -------------------------------------------------------------------------------


def test_the_national_workbook(real):
    with pytest.raises(ValueError, match=r"cnemc_liaoning.xlsx, sheet 水质实时数据, row 2"):
        read_readings(real / "cnemc_liaoning.xlsx")
    table = read_readings(real / "cnemc_liaoning.xlsx", year=2026)
    assert table["section_name"].nunique() == 42
    assert len(table) == 42 * 11
    algae = table["item"] == "chl_a"  # converted from a unit that no source vouches for
    flagged = table["reading_flag"] != ""
    assert (table["value"].isna() == flagged)[~algae].all()
    values = table.loc[algae & table["value"].notna(), "reading_flag"]
    assert (values == "叶绿素a由mg/L换算为mg/m3（×1000），国家平台表头的单位未经核实").all()
    assert not (table["raw"].eq("--") & table["value"].notna()).any()


def test_the_national_json(real, plan):
    table = read_readings(real / "cnemc_platform_liaoning_2026-08-21.json", year=2026)
    assert table["section_name"].nunique() == 57
    exact = table[(table["section_name"] == "蒲河沿") & (table["item"] == "water_temp")].iloc[0]
    assert exact["value"] == 30.46  # the cell shows 30.5
    assert (table["reading_flag"] == "当天质控不合格").sum() == 1
    found = match_sections(table, plan.sections).drop_duplicates("section_name")
    assert (found["match_state"] == "matched").sum() == 5
    assert (found["match_state"] == "unmatched").sum() == 52


# --- limits and their units -----------------------------------------------------------------------


def test_the_flag_of_a_converted_limit_states_both_units(tmp_path):
    text = "断面,日期,总磷(μg/L),氨氮(mg/L)\n甲,2025-10-08,25L,<12 ug/L(复测)\n乙,2025-10-08,30,0.025L\n"
    table = read_readings(write_csv(tmp_path, text))
    assert table["detection_limit"].tolist()[:2] == [0.025, 0.012]
    assert table["reading_flag"].tolist() == [
        "低于检出限25（原单位μg/L，合0.025 mg/L）",
        "低于检出限12（原单位ug/L，合0.012 mg/L）；附注“复测”；单元格内注明单位ug/L",
        "",
        "低于检出限0.025",
    ]


def test_a_limit_from_its_own_column_states_both_units(tmp_path):
    text = "断面,日期,项目,结果,单位,检出限\n甲,2025-10-08,总磷,未检出,ug/L,0.1\n甲,2025-10-08,总磷,ND,mg/L,0.01\n"
    table = read_readings(write_csv(tmp_path, text))
    assert table["reading_flag"].tolist() == [
        "低于检出限0.1（取自检出限列）（原单位ug/L，合0.0001 mg/L）",
        "低于检出限0.01（取自检出限列）",
    ]


# --- water bodies ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["所在水体", "河流名称", "河流", "水体", "湖库名称", "河流/湖库"]
)
def test_the_water_body_of_a_wide_table_is_kept(tmp_path, header):
    text = f"{header},断面,日期,总磷(mg/L),氨氮(mg/L)\n大凌河,章吉营,2025-10-08,0.1,0.2\n,甲,2025-10-08,0.1,0.2\n"
    path = write_csv(tmp_path, text)
    assert read_readings(path)["water_body"].tolist() == ["大凌河"] * 2 + [""] * 2
    described = describe_readings(path).set_index("header")
    assert described.loc[header, "role"] == "water_body"


def test_the_water_body_of_a_long_table_and_of_a_form_is_kept(tmp_path):
    long = "河流,断面,日期,项目,结果\n老哈河,甸子,2025-10-08,总磷,0.1\n"
    form = "断面名称：甸子,所在水体：老哈河\n监测时间：2025-10-08\n项目,结果\n总磷(mg/L),0.1\n氨氮(mg/L),0.2\n"
    for text in (long, form):
        table = read_readings(write_csv(tmp_path, text))
        assert set(table["water_body"]) == {"老哈河"}, text


def test_tables_with_and_without_a_water_body_are_one_table(tmp_path):
    with_river = write_csv(
        tmp_path, "河流,断面,日期,总磷(mg/L)\n大凌河,甲,2025-10-08,0.1\n", "a.csv"
    )
    without = write_csv(tmp_path, "断面,日期,总磷(mg/L)\n甲,2025-10-09,0.1\n", "b.csv")
    assert "water_body" not in read_readings(without)
    assert read_readings([without, with_river])["water_body"].tolist() == ["", "大凌河"]


@pytest.mark.parametrize("header", ["监测方式", "method", "监测手段"])
def test_how_a_reading_was_measured_is_kept(tmp_path, header):
    text = (f"断面,日期,{header},总磷(mg/L),氨氮(mg/L)\n甲,2025-10-08,自动,0.1,0.2\n"
            "甲,2025-10-09,手工监测,0.1,0.2\n甲,2025-10-10,,0.1,0.2\n甲,2025-10-11,滴定法,0.1,0.2\n")  # fmt: skip
    table = read_readings(write_csv(tmp_path, text))
    assert table["method"].tolist()[::2] == ["automatic", "manual", "", ""]
    assert table["reading_flag"].tolist()[::2] == [""] * 3 + [
        "监测方式“滴定法”不明，未区分自动与手工"
    ]
    other = write_csv(tmp_path, "断面,日期,总磷(mg/L)\n甲,2025-10-12,0.1\n", "b.csv")
    assert "method" not in read_readings(other)
    both = read_readings([tmp_path / "b.csv", write_csv(tmp_path, text, "c.csv")])
    assert both["method"].tolist()[:2] == ["", "automatic"]


def test_the_water_body_decides_between_sections_of_one_name(tmp_path):
    text = "河流,断面,日期,总磷(mg/L)\n老哈河,入河口,2025-10-08,0.1\n小凌河,入河口,2025-10-08,0.1\n"
    registry = pd.DataFrame(
        {"section_code": ["A", "B"], "section_name": "入河口", "water_body": ["大凌河", "老哈河"]}
    )
    matched = match_sections(read_readings(write_csv(tmp_path, text)), registry)
    assert matched["section_code"].tolist() == ["B", ""]
    assert matched["match_state"].tolist() == ["matched", "ambiguous"]


# --- what is not read in full, or not at all ------------------------------------------------------


def test_a_description_of_part_of_a_parquet_file_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("chaoyang_geo.readings.cells.HEAD_ROWS", 2)
    path = tmp_path / "long.parquet"
    row = {"断面": "甲", "日期": "2025-10-08", "项目": "总磷", "结果": "0.1"}
    pd.DataFrame([row] * 5).to_parquet(path)
    notes = describe_readings(path)["note"].tolist()
    assert "only the first 2 rows were looked at, so the counts are theirs (of 5)" in notes
    pd.DataFrame([row] * 2).to_parquet(path)
    assert not any("looked at" in note for note in describe_readings(path)["note"])


def test_a_table_of_too_many_cells_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr("chaoyang_geo.readings.cells.MAX_CELLS", 1000)
    row = "甲,2025-10-08,总磷,0.1\n"
    with pytest.raises(ValueError, match="at most 250 rows") as caught:
        read_readings(write_csv(tmp_path, f"断面,日期,项目,结果\n{row * 300}平均值,,总磷,0.1\n"))
    assert "What keeps it from being read by column, at any size: table.csv, row 302" in str(
        caught.value
    )
    with pytest.raises(ValueError, match="Split it into files of at most 333 rows"):
        read_readings(write_csv(tmp_path, "断面,日期,总磷\n" + "甲,2025-10-08,0.1\n" * 400))
    path = tmp_path / "wide.parquet"
    pd.DataFrame({"断面": ["甲"] * 400, "日期": "2025-10-08", "总磷": 0.1}).to_parquet(path)
    with pytest.raises(ValueError, match="400 rows x 3 columns"):
        read_readings(path)


def test_the_cell_of_a_reading_needs_its_place():
    with pytest.raises(SchemaError, match="origin_row"):
        origin_cell(pd.DataFrame({"origin": ["[a.csv]"], "origin_column": ["A"]}))
