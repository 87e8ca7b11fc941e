"""What the command says of sites that are not what it takes them for."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from chaoyang_geo.cli import main

E, N = 537_000.0, 4_604_000.0


def screen(capsys: Any, folder: Path, sites: str, *more: str) -> str:
    gpd.GeoDataFrame({"名称": ["示例"]}, geometry=[box(E, N, E + 9, N + 9)], crs=4549).to_file(
        folder / "红线.gpkg"
    )
    with pytest.raises(SystemExit):
        main(["screen", str(folder / sites), str(folder / "红线.gpkg"), "--out", str(folder / "o"),
              "--formats", "json", "--plan", "none", "--network", "none", "--json", *more])  # fmt: skip
    return str(capsys.readouterr().err)


def test_activities_that_nobody_knows_are_told_with_their_rows(capsys: Any, tmp_path: Path) -> None:
    table = {"编码": list("abc"), "名称": "示例", "活动": ["光伏", "光伏、公路", ""]}
    gpd.GeoDataFrame(table, geometry=[box(E, N, E + 5, N + 5)] * 3, crs=4549).to_file(
        tmp_path / "项目.gpkg"
    )
    said = screen(capsys, tmp_path, "项目.gpkg")
    assert (
        "列“活动”中有的建设活动不在词表" in said and "第 2 行：“光伏、公路”；第 3 行：“”。" in said
    )
    assert "词表：" in said and "光伏发电" in said


def test_an_activity_for_all_is_that_of_all(capsys: Any, tmp_path: Path) -> None:
    table = {"编码": list("ab"), "名称": "示例", "地块用途": ["建设用地", "公路"]}
    gpd.GeoDataFrame(table, geometry=[box(E, N, E + 5, N + 5)] * 2, crs=4549).to_file(
        tmp_path / "地块.gpkg"
    )
    said = screen(capsys, tmp_path, "地块.gpkg", "--activity", "光伏")
    assert "--activity 光伏 用于全部项目，列“地块用途”未采用" in said
    found = json.loads((tmp_path / "o" / "findings.json").read_text(encoding="utf-8"))
    assert [site["activity"] for site in found["sites"]] == ["光伏", "光伏"]


def test_what_reading_found_is_told_in_the_language_asked_for(capsys: Any, tmp_path: Path) -> None:
    table = {"编码": ["a", "b"], "名称": "示例", "活动": "光伏", "经度": [120.4, None],
             "纬度": [41.5, None]}  # fmt: skip
    pd.DataFrame(table).to_csv(tmp_path / "点.csv", index=False, encoding="gbk")
    said = screen(capsys, tmp_path, "点.csv")
    assert "表中未写明经纬度的基准" in said and "写明 --crs EPSG:4490 即不再提示" in said
    assert "点.csv 有图形或坐标存疑：第 2 行：无坐标。" in said and "datum" not in said
    said = screen(capsys, tmp_path, "点.csv", "--lang", "en")
    assert "--crs EPSG:4490 says so without this warning" in said and "row 2: 无坐标" in said


def test_no_sites_and_no_word_are_said(
    capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {"编码": ["a"], "名称": "示例", "活动": "光伏"}
    frame = gpd.GeoDataFrame(table, geometry=[box(E, N, E + 5, N + 5)], crs=4549)
    frame.iloc[:0].to_file(tmp_path / "项目.gpkg")
    assert "项目.gpkg 没有项目" in screen(capsys, tmp_path, "项目.gpkg")

    def missing() -> None:
        raise ImportError("writing Word files needs python-docx")

    monkeypatch.setattr("chaoyang_geo.cli_screen.need_word", missing)
    said = screen(capsys, tmp_path, "项目.gpkg", "--formats", "")
    assert "没有安装 python-docx，未写 Word" in said and (tmp_path / "o" / "findings.xlsx").exists()
    said = screen(capsys, tmp_path, "没有.gpkg", "--formats", "docx")
    assert "needs python-docx" in said, "before a file is read"


def test_corners_of_one_site_in_rows_say_what_to_do(capsys: Any, tmp_path: Path) -> None:
    table = {"编码": ["P1"] * 4, "活动": "光伏", "X": [N, N + 9, N + 9, N],
             "Y": [40e6 + E, 40e6 + E, 40e6 + E + 9, 40e6 + E + 9]}  # fmt: skip
    pd.DataFrame(table).to_csv(tmp_path / "界址点.csv", index=False, encoding="gbk")
    assert "corners of one site, draw its polygon first" in screen(capsys, tmp_path, "界址点.csv")


def test_a_fault_in_the_rules_is_told_before_anything_is_read(capsys: Any, tmp_path: Path) -> None:
    (tmp_path / "规则.toml").write_text("[set]\nname = 1\n", encoding="utf-8")
    said = screen(capsys, tmp_path, "没有.gpkg", "--rules", str(tmp_path / "规则.toml"))
    assert "规则.toml, line 1, set" in said and "没有.gpkg" not in said
