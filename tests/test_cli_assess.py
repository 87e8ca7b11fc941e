"""The command ``assess``, as a planner runs it."""

import json

import openpyxl
import pandas as pd
import pytest

from chaoyang_geo.cli import main

HEAD = "断面名称,监测时间,pH,溶解氧(mg/L),高锰酸盐指数(mg/L),氨氮(mg/L),总磷(mg/L)\n"
ROWS = {
    "8": ["章吉营,2025-08-05,8.1,8.0,3.0,0.2,0.28", "凌鸿大桥,2025-08-05,8.0,9.0,3.0,0.025L,0.05"],
    "9": ["章吉营,2025-09-05,8.1,8.0,3.0,0.2,0.26", "凌鸿大桥,2025-09-05,8.0,9.0,3.0,0.2,0.19"],
}


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return stopped.value.code, captured.out, captured.err


@pytest.fixture
def files(tmp_path):
    paths = []
    for month, rows in ROWS.items():
        path = tmp_path / f"2025-{month}.csv"
        path.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
        paths.append(path)
    return paths


def test_the_city_the_alerts_and_the_reasons_are_printed(capsys, files):
    code, out, _ = run(capsys, "assess", *files, "--period", "month")
    assert code == 0
    assert "全市与各流域水质　2025年9月" in out
    flat = out.replace(" ", "")
    assert "│大凌河│河流│2/8│50.0%│0.0%│轻度污染│总磷│" in flat or "2/8│50.0%│0.0%" in flat
    assert "│章吉营│总磷│持续│2│0.26│0.2│0.30│" in flat
    assert "│凌鸿大桥│总磷│接近" in flat
    assert "· 章吉营 2025年9月：Ⅳ类（轻度污染）。" in out
    assert "总磷降到0.2，类别即可好转" in out
    assert "2025年8月：" not in out  # the latest period is told; all are in the tables


def test_the_english_report_has_no_chinese_word(capsys, files):
    code, out, _ = run(capsys, "assess", *files, "--lang", "en")
    assert code == 0
    assert "Zhangjiying" in out
    chinese = {c for c in out if "一" <= c <= "鿿"}
    assert not chinese, chinese


def test_the_city_has_its_rivers_and_lakes_apart_and_a_dry_river_is_said_once(capsys, tmp_path):
    path = tmp_path / "dry.csv"
    rows = ["章吉营,2025-09-05,8.1,8.0,3.0,0.2,0.5", "白石水库,2025-09-05,8.1,8.0,3.0,0.2,0.04",
            "凌鸿大桥,2025-09-05" + ",断流" * 5]  # fmt: skip
    path.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    code, out, _ = run(capsys, "assess", path)
    assert code == 0
    flat = out.replace(" ", "")
    assert "│全市│河流和湖库│2/14│50.0%│50.0%││" in flat
    assert "│全市│河流│1/13│0.0%│100.0%│重度污染│总磷│" in flat
    assert "│全市│湖库│1/1│100.0%│0.0%│良好│" in flat
    assert flat.count("│凌鸿大桥│") == 1  # one row for all that was not measured
    assert "│凌鸿大桥│高锰酸盐指数、溶解氧、氨氮、pH、总磷│未能判定│" in flat
    assert "· 凌鸿大桥 2025年9月：没有可评价的读数（断流1次），不定类。" in out
    _, out, _ = run(capsys, "assess", path, "--lang", "en")
    assert "worse than Ⅴ" in out and "劣" not in out
    assert "no reading that can be judged (dry: 1), so no class." in out


def test_the_plan_s_source_of_drinking_water_answers_to_table_2_as_well(capsys, tmp_path):
    path = tmp_path / "source.csv"
    items = {"pH": 8, "溶解氧": 9, "高锰酸盐指数": 3, "氨氮": 0.1, "总磷": 0.02, "硫酸盐": 280}
    rows = [f"{name},2025-03-05,{item},{value}" for name in ("白石水库", "章吉营")
            for item, value in items.items()]  # fmt: skip
    path.write_text(
        "断面名称,监测时间,监测项目,监测值\n" + "\n".join(rows) + "\n", encoding="utf-8"
    )
    code, out, _ = run(capsys, "assess", path)
    assert code == 0
    reasons = {line[2:].split(" ")[0]: line for line in out.splitlines() if line.startswith("· ")}
    assert "达到目标Ⅲ类" in reasons["白石水库"]  # sulfate is no item of Table 1
    assert "硫酸盐超" in reasons["白石水库"] and "饮用水" in reasons["白石水库"]
    assert "饮用水" not in reasons["章吉营"]
    source = next(line for line in out.splitlines() if "城市集中饮用水水源" in line)
    assert "未达到" in source


def test_tables_map_and_memory_are_written(capsys, files, tmp_path):
    book, page, memory = tmp_path / "t.xlsx", tmp_path / "m.html", tmp_path / "alerts.json"
    options = ("--out", book, "--map", page, "--state", memory)
    code, out, _ = run(capsys, "assess", files[0], *options)
    assert code == 0
    assert "新增" in out
    sheets = openpyxl.load_workbook(book)
    assert sheets.sheetnames == ["断面", "控制单元", "流域", "全市", "预警", "规划指标"]
    assert sheets["断面"]["A1"].value == "断面编码"
    assert "评价时段" in page.read_text("utf-8")
    # the next month remembers; the same month again changes nothing
    _, out, _ = run(capsys, "assess", files[1], *options)
    assert "持续" in out
    before = memory.read_bytes()
    run(capsys, "assess", files[1], *options)
    assert memory.read_bytes() == before
    # a month before the memory is refused, and the memory stays
    code, _, err = run(capsys, "assess", files[0], *options)
    assert code == 2
    assert "2025-08" in err
    assert memory.read_bytes() == before


def test_the_doubts_are_printed_below_what_they_limit(capsys, tmp_path):
    path = tmp_path / "layers.csv"
    rows = [f"章吉营,2025-09-05,{layer},8.1,8.0,3.0,0.2,{tp}"
            for layer, tp in (("表层", 0.1), ("底层", 0.12))]  # fmt: skip
    path.write_text(
        HEAD.replace("监测时间,", "监测时间,采样层次,") + "\n".join(rows) + "\n", encoding="utf-8"
    )
    _, out, _ = run(capsys, "assess", path)
    lines = out.splitlines()
    (place,) = [k for k, line in enumerate(lines) if line.startswith("· 章吉营 2025年9月")]
    assert lines[place + 1] == (
        "  据5项均值、10个读数。评价说明：高锰酸盐指数、溶解氧、氨氮、pH、总磷含表层、底层样品，逐个平均"
    )
    city = next(line for line in lines if line.startswith("· 全市（河流）："))
    assert "未参评12个" in city and "目标为假定" in city
    share = next(line for line in lines if line.startswith("· 地表水水质达到或优于Ⅲ类比例"))
    assert "按2025年9月评价，规划按年考核" in share
    _, out, _ = run(capsys, "assess", path, "--lang", "en")
    assert "  Rests on 5 means of 10 readings. Notes: permanganate index, dissolved oxygen" in out
    assert "samples of surface, bottom count alike" in out
    assert "· whole city (rivers): not judged (12): Beidong Village" in out
    assert "the plan names no sections, the registry's 14 are counted" in out
    chinese = {c for c in out if "一" <= c <= "鿿"}
    assert not chinese, chinese


def test_the_workbook_is_in_words_of_one_language(capsys, files, tmp_path):
    for lang in ("zh", "en"):
        book = tmp_path / f"{lang}.xlsx"
        run(capsys, "assess", *files, "--lang", lang, "--out", book)
        sheets = openpyxl.load_workbook(book).worksheets
        for sheet in sheets:
            head = [cell.value for cell in sheet[1]]
            assert len(set(head)) == len(head), sheet.title
            texts = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value]
            if lang == "en":
                assert not [text for text in texts if any("一" <= c <= "鿿" for c in text)]
            keys = {
                "tp",
                "nh3_n",
                "river",
                "lake",
                "assumed",
                "could_be_worse",
                "not_judged",
                "new",
            }
            assert lang == "en" or not keys & set(texts)
            assert not {"tp", "nh3_n", "could_be_worse", "not_judged", "pending"} & set(texts)
    row = {c.value: k for k, c in enumerate(sheets[0][1])}
    first = [cell.value for cell in sheets[0][2]]
    assert first[row["section"]] == "Linghong Bridge"
    assert first[row["attained"]] == "yes"


def test_a_stranger_is_named_and_a_mean_row_is_not(capsys, files, tmp_path):
    path = tmp_path / "more.csv"
    rows = ["无名桥,2025-09-05,8.1,8.0,3.0,0.2,0.28", "平均值,,8.1,8.0,3.0,0.2,0.28"]
    path.write_text(HEAD + "\n".join([*ROWS["9"], *rows]) + "\n", encoding="utf-8")
    code, _, err = run(capsys, "assess", path, "--map", tmp_path / "m.html")
    assert code == 0
    assert "1 个断面不在规划登记表中，未评价：无名桥。" in err
    assert "more.csv" in (tmp_path / "m.html").read_text("utf-8")  # where the readings come from


def test_json_holds_every_period(capsys, files):
    code, out, _ = run(capsys, "assess", *files, "--json")
    assert code == 0
    found = json.loads(out)
    assert set(found) == {"sections", "units", "basins", "city", "alerts", "indicators"}
    assert len(found["sections"]) == 4
    assert {row["period"][:7] for row in found["city"]} == {"2025-08", "2025-09"}


def test_a_year_may_be_the_mean_of_its_months(capsys, files):
    code, out, _ = run(capsys, "assess", *files, "--period", "year", "--via", "month", "--json")
    assert code == 0
    row = next(r for r in json.loads(out)["sections"] if r["section_name"] == "章吉营")
    assert (row["period_name"], row["deciding_values"]) == ("2025年", "0.27 mg/L")


def test_automatic_readings_go_before_manual_ones_and_alerts_use_the_same_mean(capsys, tmp_path):
    path = tmp_path / "both.csv"
    rows = [f"章吉营,2025-09-01 {hour:02}:00,自动,8.1,8,3,0.2,0.1" for hour in range(0, 24, 4)]
    rows += [
        "章吉营,2025-09-02 08:00,自动,8.1,8,3,0.2,0.34",
        "章吉营,2025-09-10,手工,8.1,8,3,0.2,0.9",
    ]
    head = HEAD.replace("监测时间,", "监测时间,监测方式,")
    path.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    # days first: (0.1 + 0.34) / 2; without days every reading counts: (6 x 0.1 + 0.34) / 7
    for options, mean in ((("--via", "day"), 0.22), ((), 0.134), (("--period", "quarter"), 0.134),
                          (("--period", "quarter", "--via", "day,month"), 0.22)):  # fmt: skip
        code, out, err = run(capsys, "assess", path, *options, "--json")
        assert (code, err) == (0, "")
        found = json.loads(out)
        (row,) = found["sections"]
        place = row["deciding_items"].split(";").index("tp")
        assert row["deciding_values"].split(";")[place] == f"{mean:g} mg/L"
        told = [row["mean"] for row in found["alerts"] if row["item"] == "tp"]
        assert told == ([mean] if mean > 0.18 else [])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--period", "fortnight"), "fortnight"),
        (("--out", "x.txt"), ".txt"),
        (("--plan", "atlantis"), "atlantis"),
        (("--margin", "2"), "margin"),
    ],
)
def test_a_wrong_option_ends_in_one_line(capsys, files, arguments, message):
    code, out, err = run(capsys, "assess", *files, *arguments)
    assert code == 2
    assert message in err
    assert not out
    assert "Traceback" not in err


def test_the_plan_s_own_readings_are_the_default(capsys):
    code, out, _ = run(capsys, "assess", "--json")
    assert code == 0
    table = pd.DataFrame(json.loads(out)["sections"])
    assert table["class"].tolist() == ["Ⅱ"] * 5
