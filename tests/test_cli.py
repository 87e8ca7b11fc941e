import json
import warnings

import pytest

from chaoyang_geo.cli import main


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    out = capsys.readouterr()
    return ended.value.code or 0, out.out, out.err


READINGS = (
    "断面名称,监测时间,水质类别,pH,溶解氧(mg/L),高锰酸盐指数(mg/L),氨氮(mg/L),总磷(mg/L)\n"
    "章吉营,2025-10-08 08:00,Ⅳ,8.0,9.0,1.0,0.1,0.25\n"
    "无名桥,2025-10-08 08:00,Ⅰ,8.0,9.0,1.0,0.1,0.01\n"
)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "读数.csv"
    path.write_text(READINGS, encoding="utf-8")
    return path


def test_version_and_help(capsys):
    assert run(capsys, "--version")[:2] == (0, "chaoyang_geo 0.1.0\n")
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert "classify" in out


def test_classify_prints_a_table_and_adds_up(capsys, table):
    code, out, _ = run(capsys, "classify", str(table))
    assert code == 0
    assert "章吉营" in out
    assert "断面 2 个：匹配 1，不确定 0，未匹配 1。" in out
    assert "与发布类别一致 2/2" in out


def test_classify_for_machines_and_into_files(capsys, table, tmp_path):
    for suffix in ("csv", "xlsx", "json"):
        target = tmp_path / f"结果.{suffix}"
        code, out, _ = run(capsys, "classify", str(table), "--json", "--out", str(target))
        rows = json.loads(out)
        assert code == 0
        assert [row["class"] for row in rows] == ["Ⅳ", "Ⅰ"]
        assert rows[0]["times_over"] == 0.25
        assert target.stat().st_size > 0
    assert target.read_text(encoding="utf-8").startswith("[")


def test_english(capsys, table):
    code, out, _ = run(capsys, "classify", str(table), "--lang", "en")
    assert code == 0
    assert "2 sections: 1 matched, 0 ambiguous, 1 unmatched." in out
    assert "total phosphorus" in out


def test_plan_at_a_glance_and_one_table(capsys):
    code, out, _ = run(capsys, "plan", "chaoyang")
    assert code == 0
    assert "unit_members" in out
    assert "177" in out
    code, out, _ = run(capsys, "plan", "chaoyang", "--table", "units", "--json")
    assert [row["unit_code"] for row in json.loads(out)][:2] == ["CY01", "CY02"]
    code, out, _ = run(capsys, "plan", "--json")
    units = json.loads(out)["tables"][0]
    assert (units["table"], units["rows"], units["quality"]) == ("units", 13, "derived 13")
    code, out, _ = run(capsys, "plan", "--table", "indicators")
    assert "待下达" in out


def test_map_writes_one_file(capsys, tmp_path):
    target = tmp_path / "sub" / "map.html"
    code, out, _ = run(capsys, "map", "--out", str(target), "--json")
    summary = json.loads(out)
    assert code == 0
    assert summary["units"] == 13
    assert summary["classes"] == {"Ⅱ": 5}
    assert summary["bytes"] == target.stat().st_size


def test_map_of_own_readings_names_sections_it_cannot_place(capsys, table, tmp_path):
    target = tmp_path / "map.html"
    code, out, err = run(capsys, "map", "--readings", str(table), "--out", str(target))
    assert code == 0
    assert "已写入" in out
    assert "1 个断面不在规划登记表中，未绘入地图：无名桥" in err
    assert "Ⅳ" in target.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["map", "--plan", "beijing"], "plan 'beijing' is not bundled; there is: chaoyang"),
        (["map", "--lang", "fr"], "--lang='fr' is not an option; use one of: 'zh', 'en'"),
        (["plan", "chaoyang", "--table", "x"], "--table='x' is not an option; use one of: 'units'"),
        (["classify", "没有.xlsx"], "没有.xlsx: there is no such file."),
        (["classify", "a.csv", "--out", "b.doc"], "'.doc' is not an option"),
        (["classify", "a.csv", "--water-type", "sea"], "there is no such file"),
    ],
)
def test_errors_are_one_clear_line_and_code_2(capsys, arguments, message):
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert out == ""


def test_debug_shows_the_traceback(capsys):
    with pytest.raises(ValueError, match="beijing"):
        main(["map", "--plan", "beijing", "--debug"])


def test_a_failed_write_leaves_the_old_file(capsys, table, tmp_path, monkeypatch):
    import pandas as pd

    target = tmp_path / "结果.csv"
    target.write_text("old", encoding="utf-8")

    def broken(self, path, **_):
        path.write_text("half", encoding="utf-8")
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_csv", broken)
    code, _, err = run(capsys, "classify", str(table), "--out", str(target))
    assert code == 2
    assert "disk full" in err
    assert target.read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["结果.csv", "读数.csv"]


def test_year_less_workbooks_ask_for_the_year(capsys, real):
    code, _, err = run(capsys, "classify", str(real / "cnemc_jilin.xlsx"))
    assert code == 2
    assert "--year" in err
    code, out, _ = run(capsys, "classify", str(real / "cnemc_jilin.xlsx"), "--year", "2026")
    assert code == 0
    assert "与发布类别一致 41/41" in out


def test_no_help_is_cut_on_a_narrow_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    for command in ("screen", "assess", "trace", "readings", "map"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        text = capsys.readouterr().out
        assert "--lang" in text and "…" not in text, command


def test_an_argument_is_told_as_the_option_and_a_file_by_its_name(capsys):
    run(capsys, "--version")
    warnings.showwarning(
        UserWarning('crs=4490.csv：用 crs="EPSG:4490"；用 crs= 写明。'), UserWarning, "", 0
    )
    said = capsys.readouterr().err
    assert "crs=4490.csv：用 --crs EPSG:4490；用 --crs 写明。" in said
