"""Faults that were found by trying to break the library; each must stay mended."""

import json
import math
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest

from chaoyang_geo import (
    SchemaError,
    classify,
    classify_items,
    load_plan,
    match_places,
    match_sections,
    place_name,
    read_readings,
)
from chaoyang_geo.cli import main

HEAD = "断面名称,监测时间,pH,溶解氧(mg/L),高锰酸盐指数(mg/L),氨氮(mg/L),总磷(mg/L)\n"
TIME = pd.Timestamp("2025-10-08 08:00")
LAKE = pd.DataFrame(
    {"section_code": ["1"], "section_name": "甲", "water_type": "lake", "target_class": "Ⅲ"}
)


def write(folder, text, name="t.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def one(item="tp", value=0.1, **columns):
    table = {"section_code": "S1", "section_name": "甲", "time": TIME, "item": item, "value": value}
    return pd.DataFrame({key: [cell] for key, cell in {**table, **columns}.items()})


def test_unmatched_stations_that_only_have_a_code_stay_apart(tmp_path, plan):
    text = (
        "断面编码,监测时间,总磷(mg/L)\nX1,2025-10-08,0.01\nX2,2025-10-08,0.5\nX3,2025-10-08,0.01\n"
    )
    found = match_sections(read_readings(write(tmp_path, text)), plan.sections)
    assert found["section_code_given"].tolist() == ["X1", "X2", "X3"]
    assert (found["match_state"] == "unmatched").all()
    assert classify(found, plan.sections)["class"].tolist() == ["Ⅰ", "劣Ⅴ", "Ⅰ"]


@pytest.mark.parametrize("value", [-9999, -1, float("inf"), float("-inf")])
def test_a_code_for_missing_is_never_a_class(value):
    row = classify_items(one(value=value)).iloc[0]
    assert pd.isna(row["item_class"])
    assert row["item_flag"]
    assert classify(one(value=value))["class"].isna().all()


def test_a_sheet_whose_extent_is_written_wrong_loses_no_row(tmp_path):
    book = openpyxl.Workbook()
    for row in (
        ["断面名称", "监测时间", "总磷(mg/L)"],
        ["甲", "2025-10-08", 0.1],
        ["乙", "2025-10-08", 0.5],
    ):
        book.active.append(row)
    good, bad = tmp_path / "good.xlsx", tmp_path / "bad.xlsx"
    book.save(good)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("sheet1.xml"):
                assert b'ref="A1:C3"' in content
                content = content.replace(b'ref="A1:C3"', b'ref="A1"')
            target.writestr(name, content)
    assert read_readings(bad)["section_name"].tolist() == ["甲", "乙"]


@pytest.mark.parametrize("text", ["0.25²", "٣", "①"])
def test_footnote_marks_are_not_digits(tmp_path, text):
    row = read_readings(
        write(tmp_path, f"断面名称,监测时间,总磷(mg/L)\n甲,2025-10-08,{text}\n")
    ).iloc[0]
    assert math.isnan(row["value"])
    assert row["reading_flag"]


@pytest.mark.parametrize("unit", ["mg/l", "MG/L", "mg·L-1", "毫克/升", "mg / L"])
def test_one_unit_in_several_spellings_is_judged(unit):
    assert classify_items(one(value=0.25, unit=unit))["item_class"].iloc[0] == "Ⅳ"


def test_a_dimensionless_ph_is_judged():
    assert classify_items(one("ph", 10.5, unit="无量纲"))["item_class"].iloc[0] == "劣Ⅴ"


def test_a_reading_in_a_strange_unit_is_named_in_the_verdict():
    row = classify(one("hg", 50.0, unit="furlong")).iloc[0]
    assert "汞单位不是mg/L" in row["assess_flag"]
    assert row["items_undecided"] == "hg"


def test_an_undecided_reading_is_not_called_unmeasured():
    row = classify(one(value=np.nan, censored="<", detection_limit=0.05)).iloc[0]
    assert row["items_missing"] == "ph;do;cod_mn;nh3_n"
    assert row["items_undecided"] == "tp"
    assert "总磷检出限" in row["assess_flag"]
    table = pd.concat([one("do", 9.0), one(value=np.nan, censored="<", detection_limit=0.05)])
    row = classify(table).iloc[0]
    assert "总磷有读数但不能判定类别" in row["why_zh"]
    assert "no single class fits: total phosphorus" in row["why_en"]


def test_integer_codes_of_a_registry_are_found():
    found = match_sections(one(value=0.06).assign(section_code="1"), LAKE)
    row = classify(found, LAKE).iloc[0]
    assert (row["class"], row["target_class"]) == ("Ⅳ", "Ⅲ")


def test_a_registry_with_a_code_twice_is_refused_everywhere():
    twice = pd.concat([LAKE, LAKE.assign(water_type="river")])
    for function in (classify, classify_items, match_sections):
        with pytest.raises(SchemaError, match="section_code must be unique"):
            function(one(), twice)


def test_class_texts_are_understood_or_refused_never_lost():
    roman = LAKE.assign(section_code="S1", target_class="III")
    assert classify(one(), roman)["target_class"].iloc[0] == "Ⅲ"
    with pytest.raises(SchemaError, match="holds '好'"):
        classify(one(), roman.assign(target_class="好"))
    assert classify(one(), roman.assign(target_class=""))["target_class"].isna().all()


def test_doubts_about_a_reading_reach_the_verdict(tmp_path, plan):
    text = "断面名称,监测时间,总磷(mg/L),站点情况\n章吉营,2025-10-08,0.5,维护\n"
    found = match_sections(read_readings(write(tmp_path, text)), plan.sections)
    assert "维护" in classify(found, plan.sections)["assess_flag"].iloc[0]
    text = "断面编码,断面名称,监测时间,总磷(mg/L)\nCYS06,白石水库,2025-10-08,0.1\n"
    found = match_sections(read_readings(write(tmp_path, text)), plan.sections)
    assert "以编码为准" in classify(found, plan.sections)["assess_flag"].iloc[0]


def test_samples_without_a_time_are_not_thrown_together(tmp_path):
    text = HEAD + "甲,某日,8,9,1,0.1,0.01\n甲,昨天,8,9,1,0.1,0.5\n甲,2025-10-08,8,9,1,0.1,0.01\n"
    table = read_readings(write(tmp_path, text))
    result = classify(table)
    assert result["class"].tolist() == ["Ⅰ", "劣Ⅴ", "Ⅰ"]
    assert result["time"].isna().tolist() == [True, True, False]
    assert "无法识别" in result["assess_flag"].iloc[0]


def test_a_time_zone_is_converted():
    utc = pd.Timestamp("2025-01-01 00:00", tz="UTC")
    table = pd.concat([one(time=utc), one(time=pd.NaT)]).astype({"time": "datetime64[s, UTC]"})
    times = classify(table)["time"].tolist()
    assert times[0] == pd.Timestamp("2025-01-01 08:00")
    assert times[1] is pd.NaT
    assert classify(one(time="2025-01-01 08:00"))["time"].iloc[0] == times[0]


def test_a_date_and_a_time_in_two_columns_are_one_time(tmp_path):
    text = "断面名称,采样日期,时间,总磷(mg/L)\n甲,2025-10-08,08:00,0.01\n甲,2025-10-08,16:00,0.5\n"
    table = read_readings(write(tmp_path, text))
    assert table["time"].dt.hour.tolist() == [8, 16]
    assert classify(table)["class"].tolist() == ["Ⅰ", "劣Ⅴ"]


def test_a_footnote_mark_is_not_part_of_the_number(tmp_path):
    text = "断面名称,监测时间,总磷(mg/L)\n甲,2025-10-08,0.2①\n"
    row = read_readings(write(tmp_path, text)).iloc[0]
    assert row["value"] == 0.2
    assert row["reading_flag"]


def test_a_row_without_a_section_is_kept_and_flagged(tmp_path):
    table = read_readings(write(tmp_path, "断面名称,监测时间,总磷(mg/L)\n,2025-10-08,0.5\n"))
    assert table["value"].tolist() == [0.5]
    assert "断面空白" in table["reading_flag"].iloc[0]


@pytest.mark.parametrize(
    ("item", "sign", "limit", "expected"),
    [
        ("tp", ">", 0.4, "劣Ⅴ"),
        ("do", "<", 2.0, "劣Ⅴ"),
        ("tp", "<", 0.02, "Ⅰ"),
        ("do", ">", 7.5, "Ⅰ"),
    ],
)
def test_bounds_that_leave_one_class(item, sign, limit, expected):
    row = classify_items(one(item, np.nan, censored=sign, detection_limit=limit)).iloc[0]
    assert row["item_class"] == expected


def test_the_multiple_of_a_reading_above_range_is_a_lower_bound():
    river = LAKE.assign(section_code="S1", water_type="river")
    row = classify(one(value=np.nan, censored=">", detection_limit=0.5), river).iloc[0]
    assert row["times_over"] == 1.5
    assert "超标倍数为下限" in row["assess_flag"]


def test_categories_and_gaps_in_any_dtype():
    table = pd.concat([one(), one(section_name=None)]).astype(
        {"section_name": "category", "item": "category", "section_code": "category"}
    )
    table["censored"] = pd.Categorical(["", None])
    assert len(match_sections(table, LAKE)) == 2
    assert classify_items(table)["item_class"].tolist() == ["Ⅱ", "Ⅱ"]
    unknown = LAKE.assign(section_code="S1", water_type=pd.NA)
    assert "水体类型未登记" in classify(one(), unknown)["assess_flag"].iloc[0]
    with pytest.raises(SchemaError, match="row 1 of value holds '<0.1', which is no number"):
        classify_items(one(value="<0.1"))


def test_the_index_of_the_readings_does_not_matter():
    table = pd.concat([one(), one("do", 4.0)])
    table.index = [5, 5]
    assert classify(table)["class"].tolist() == ["Ⅳ"]


def test_hints_do_not_mislead():
    with pytest.raises(SchemaError, match="match_sections"):
        classify(one().drop(columns="section_code"), LAKE)
    with pytest.raises(SchemaError, match="is one text"):
        match_places("朝阳市")
    with pytest.raises(SchemaError, match="999999"):
        place_name("999999")


# --- the command ------------------------------------------------------------------------------


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    out = capsys.readouterr()
    return ended.value.code or 0, out.out, out.err


@pytest.fixture
def pack(tmp_path):
    import shutil

    from chaoyang_geo.files import data_folder

    folder = tmp_path / "city"
    shutil.copytree(
        data_folder() / "chaoyang", folder, ignore=shutil.ignore_patterns("*.py", "src")
    )
    (folder / "chaoyang.gpkg").rename(folder / "city.gpkg")
    return folder


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("city.gpkg", b"nothing", "city.gpkg: the layer units cannot be read"),
        ("plan.toml", b"x = 1", "plan.toml: it must hold the lines title_zh"),
        ("names_en.csv", b"a,b\n1,2\n", "names_en.csv: columns name"),
        ("projects.csv", b"", "projects.csv: this is no table"),
        ("projects.csv", b"\xcc\xcc", "projects.csv: this is no table"),
        ("unit_members.csv", b"a,b\n1,2\n", "unit_members.csv: columns unit_code"),
        (
            "readings.csv",
            b"section_code,time,item,value,quality\nS,2025-01-01,tp,abc,x\n",
            "readings.csv: column value must hold float64",
        ),
    ],
)
def test_a_broken_pack_is_named(capsys, pack, file, content, message):
    (pack / file).write_bytes(content)
    with pytest.raises(ValueError, match=message.split(":")[0]):
        load_plan(pack)
    code, _, err = run(capsys, "plan", pack)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("deep.json", b"[" * 100_000, "deep.json: this is not the national platform's JSON"),
        ("long.csv", b'a,"' + b"x" * 200_000 + b'"\n', "long.csv"),
        ("dir.xlsx", None, "dir.xlsx: this is a folder"),
    ],
)
def test_broken_readings_are_one_line(capsys, tmp_path, name, content, message):
    path = tmp_path / name
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    code, _, err = run(capsys, "classify", path)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


def test_a_damaged_workbook_is_one_line(capsys, tmp_path):
    path = tmp_path / "cut.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["断面名称", "监测时间", "总磷(mg/L)"])
    book.save(path)
    damaged = tmp_path / "damaged.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(damaged, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content[: len(content) // 2] if "sheet1" in name else content)
    code, _, err = run(capsys, "classify", damaged)
    assert code == 2
    assert "damaged.xlsx" in err
    assert err.count("\n") == 1


def test_usage_errors_are_one_line(capsys):
    for arguments in (["map", "--year", "abc"], ["classify"], ["map", "--nothing"], ["nothing"]):
        code, _, err = run(capsys, *arguments)
        assert code == 2, arguments
        assert err.count("\n") == 1, arguments


@pytest.fixture
def table(tmp_path):
    return write(
        tmp_path, HEAD + "章吉营,2025-10-08 08:00,8,9,1,0.1,0.25\n=A1,2025-10-08,8,9,1,0.1,0.2\n"
    )


def test_odd_output_paths(capsys, table, tmp_path):
    target = tmp_path / "q[red]" / "z[/b].csv"
    code, out, _ = run(capsys, "classify", table, "--out", target)
    assert code == 0
    assert str(target) in out
    code, _, err = run(capsys, "classify", table, "--out", table)
    assert code == 2
    assert "file of readings itself" in err
    (tmp_path / "folder.csv").mkdir()
    code, _, err = run(capsys, "classify", table, "--out", tmp_path / "folder.csv")
    assert code == 2
    assert "folder.csv: this is a folder" in err


def test_a_link_stays_a_link(capsys, table, tmp_path):
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old", encoding="utf-8")
    link.symlink_to(real)
    assert run(capsys, "classify", table, "--out", link)[0] == 0
    assert link.is_symlink()
    assert "章吉营" in real.read_text(encoding="utf-8-sig")


def test_a_name_that_looks_like_a_formula_is_text(capsys, table, tmp_path):
    target = tmp_path / "out.xlsx"
    assert run(capsys, "classify", table, "--out", target)[0] == 0
    sheet = openpyxl.load_workbook(target).active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value == "=A1"]
    assert [cell.data_type for cell in cells] == ["s"] or all(
        cell.data_type != "f" for cell in cells
    )
    assert cells


def test_counts_of_sections_that_only_have_codes(capsys, tmp_path):
    path = write(tmp_path, "断面编码,监测时间,总磷(mg/L)\nX1,2025-10-08,0.01\nX2,2025-10-08,0.5\n")
    code, out, _ = run(capsys, "classify", path)
    assert code == 0
    assert "断面 2 个：匹配 0，不确定 0，未匹配 2。" in out


def test_a_pipe_gets_utf_8_whatever_the_code_page(tmp_path):
    import os
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "chaoyang_geo.cli", "plan", "--lang", "en"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "km²" in done.stdout.decode("utf-8")


def test_json_stays_json(capsys, table):
    code, out, _ = run(capsys, "classify", table, "--json")
    assert code == 0
    assert len(json.loads(out)) == 2
