"""The command ``screen`` on files as planners have them: GBK, damaged, empty, without codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from shapely import LineString, Point, Polygon, box

import chaoyang_geo as cg
from chaoyang_geo import cli_screen_writing
from chaoyang_geo.cli import main
from chaoyang_geo.cli_screen_words import WORDS

E, N = 500_000.0, 4_600_000.0


def run(capsys: Any, *arguments: Any) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return int(stopped.value.code or 0), captured.out, captured.err


def square(x: float, y: float, size: float) -> Any:
    return box(E + x, N + y, E + x + size, N + y + size)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A GBK shapefile of sites, one of red lines with grades, a damaged and an empty layer."""
    sites = gpd.GeoDataFrame(
        {"项目编码": ["01", "02", "03"], "项目名称": ["甲光伏", "乙管线", "丙公路"],
         "建设活动": ["光伏", "输水管线", "公路"]},
        geometry=[square(100, 100, 100), square(1990, 100, 20), square(9000, 9000, 50)], crs=4549,
    )  # fmt: skip
    cg.write_layer(sites, tmp_path / "项目.shp", encoding="gbk")
    (tmp_path / "项目.cpg").unlink()
    red = gpd.GeoDataFrame(
        {"名称": ["北红线", "南红线"], "保护级别": ["核心保护区", "一般控制区"]},
        geometry=[square(0, 0, 1000), square(1000, 0, 1000)], crs=4549,
    )  # fmt: skip
    cg.write_layer(red, tmp_path / "生态保护红线.shp", encoding="gbk")
    (tmp_path / "水源地.gpkg").write_bytes(b"SQLite format 3\x00 and no more")
    empty = red.iloc[:0]
    cg.write_layer(empty, tmp_path / "自然保护地.gpkg")
    return tmp_path


def screen(capsys: Any, folder: Path, *arguments: Any) -> tuple[int, str, str]:
    return run(
        capsys, "screen", folder / "项目.shp", *arguments, "--out", folder / "out",
        "--on", "2026-11-22",
    )  # fmt: skip


def test_findings_workbook_and_map_in_one_go(capsys: Any, files: Path) -> None:
    code, text, err = screen(capsys, files, files / "生态保护红线.shp")
    assert code == 0, err
    assert "核查 3 个项目，日期 2026-11-22：禁止 1；允许有条件 1；无冲突 1。" in text
    assert "甲光伏" in text and "生态保护红线（按文件名）" in text
    assert "示例数据" not in text
    out = files / "out"
    names = {path.name for path in out.iterdir()}
    assert names == {
        "index.html", "sites", "findings.xlsx", "findings.json", "manifest.json", "地图.html",
    }  # fmt: skip
    assert len(list((out / "sites").glob("*.docx"))) == 3
    assert "地图.html" in (out / "index.html").read_text(encoding="utf-8")
    page = (out / "地图.html").read_text(encoding="utf-8")
    assert "甲光伏" in page and "北红线" in page
    assert "没有版本" in err  # it cannot be signed, and says so
    book = openpyxl.load_workbook(out / "findings.xlsx")
    cells = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]
    assert "未提供版本的图层：生态保护红线；补齐版本前结论不得签署。" in cells and "禁止" in cells
    for file in ("index.html", "sites/0001_01.html"):
        assert "未提供版本的图层：生态保护红线" in (out / file).read_text(encoding="utf-8"), file
    machine = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    assert [row["version"] for row in machine["checked"]] == [""]


def test_the_terminal_shows_no_verdict_without_its_doubts(capsys: Any, files: Path) -> None:
    _, text, _ = screen(capsys, files, files / "生态保护红线.shp", "--formats", "json")
    told = "".join(line.split("│")[3].strip() for line in text.splitlines() if "│" in line)
    assert "存疑：位于图层“生态保护红线”的范围之外" in told.replace(" ", "")


def test_again_into_the_same_folder_and_not_over_other_files(capsys: Any, files: Path) -> None:
    for _ in range(2):
        code, _, err = screen(capsys, files, files / "生态保护红线.shp", "--formats", "json")
        assert code == 0, err
    (files / "out" / "笔记.txt").write_text("mine", encoding="utf-8")
    code, _, err = screen(capsys, files, files / "生态保护红线.shp", "--formats", "json")
    assert code == 2 and "笔记.txt" in err
    assert (files / "out" / "笔记.txt").exists() and (files / "out" / "地图.html").exists()


def test_unreadable_and_empty_layers_make_it_undecidable(capsys: Any, files: Path) -> None:
    code, text, err = screen(
        capsys, files, files / "生态保护红线.shp", files / "水源地.gpkg", files / "自然保护地.gpkg",
        "--json", "--formats", "json",
    )  # fmt: skip
    assert code == 0, err
    found = json.loads(text)
    states = {layer["layer"]: layer["layer_state"] for layer in found["layers"]}
    assert states == {"水源地": "unreadable", "自然保护地": "empty", "生态保护红线": "ok"}
    verdicts = {site["site_code"]: site["verdict"] for site in found["sites"]}
    assert verdicts["01"] == "禁止" and verdicts["03"] == "无法判断"
    assert "水源地" in err


def test_a_missing_file_is_a_typing_error_and_stops(capsys: Any, files: Path) -> None:
    code, _, err = screen(capsys, files, files / "生态保护红绿.shp")
    assert code == 2 and "生态保护红绿.shp" in err
    assert not (files / "out").exists()


def test_a_kind_that_nobody_says_is_asked_for(capsys: Any, files: Path) -> None:
    plain = gpd.GeoDataFrame({"甲": ["x"]}, geometry=[square(0, 0, 1000)], crs=4549)
    cg.write_layer(plain, files / "图层1.gpkg")
    code, _, err = screen(capsys, files, files / "图层1.gpkg")
    assert code == 2
    assert f"生态保护红线={files / '图层1.gpkg'}" in err and "甲" in err
    code, _, err = screen(
        capsys, files, f"水源地/一级={files / '图层1.gpkg'}", "--formats", "json", "--json"
    )
    assert code == 0, err
    found = json.loads((files / "out" / "findings.json").read_text(encoding="utf-8"))
    grades = {
        (row["zone_kind"], row["zone_grade"]) for s in found["sites"] for row in s["findings"]
    }
    assert grades == {("drinking_water", "primary")}
    code, _, err = screen(capsys, files, f"公园={files / '图层1.gpkg'}")
    assert code == 2 and "公园" in err and "自然保护地" in err


def test_kind_and_grade_stand_in_columns(capsys: Any, files: Path) -> None:
    mixed = gpd.GeoDataFrame(
        {"类别": ["生态红线", "基本农田"], "名称": ["a", "b"]},
        geometry=[square(0, 0, 1000), square(0, 0, 500)], crs=4549,
    )  # fmt: skip
    cg.write_layer(mixed, files / "全部.gpkg")
    code, text, err = screen(capsys, files, files / "全部.gpkg", "--formats", "json", "--json")
    assert code == 0, err
    assert json.loads(text)["layers"][0]["zone_kinds"] == "eco_red_line;permanent_cropland"


def test_what_is_told_of_the_layers_is_used_and_checked(capsys: Any, files: Path) -> None:
    info = files / "zones.toml"
    code, text, err = screen(capsys, files, files / "生态保护红线.shp", "--write-info", info)
    assert code == 0, err
    assert not (files / "out").exists()
    form = info.read_text(encoding="utf-8")
    assert '["生态保护红线.shp"]' in form and 'kind = "生态保护红线"' in form
    filled = form.replace('version = ""', 'version = "辽政2023-5"').replace(
        'version_date = ""', "version_date = 2023-09-28"
    )
    info.write_text(filled + "accuracy_m = 10\n", encoding="utf-8")
    code, text, err = screen(
        capsys,
        files,
        files / "生态保护红线.shp",
        "--zones-info",
        info,
        "--json",
        "--formats",
        "json",
    )
    assert code == 0 and "没有版本" not in err, err
    layer = json.loads(text)["layers"][0]
    assert (layer["version"], layer["version_date"]) == ("辽政2023-5", "2023-09-28")
    assert layer["accuracy_m"] == 10
    info.write_text('["别的.shp"]\nkind = "红线"\n', encoding="utf-8")
    code, _, err = screen(capsys, files, files / "生态保护红线.shp", "--zones-info", info)
    assert code == 2 and "别的.shp" in err
    info.write_text('["生态保护红线.shp"]\nkinds = "红线"\n', encoding="utf-8")
    code, _, err = screen(capsys, files, files / "生态保护红线.shp", "--zones-info", info)
    assert code == 2 and "kinds" in err and "version_date" in err


def test_sites_from_a_table_with_an_activity_for_all(capsys: Any, files: Path) -> None:
    table = pd.DataFrame({"名称": ["一号井", "二号井"], "经度（CGCS2000）": [120.006, 120.2],
                          "纬度（CGCS2000）": [41.534, 41.8]})  # fmt: skip
    table.to_excel(files / "井位.xlsx", index=False)
    zones = files / "生态保护红线.shp"
    code, _, err = run(capsys, "screen", files / "井位.xlsx", zones, "--out", files / "out")
    assert code == 2 and "--activity" in err and "名称" in err
    code, _, err = run(capsys, "screen", files / "井位.xlsx", zones, "--activity", "造梦")
    assert code == 2 and "造梦" in err
    code, text, err = run(
        capsys, "screen", files / "井位.xlsx", zones, "--activity", "采石场",
        "--out", files / "out", "--json", "--formats", "json",
    )  # fmt: skip
    assert code == 0, err
    found = json.loads(text)
    assert [site["site_name"] for site in found["sites"]] == ["一号井", "二号井"]
    assert [site["site_code"] for site in found["sites"]] == ["1", "2"]
    assert "--code" in err
    assert found["options"]["on"]  # today, and written


def test_a_layer_without_crs_says_how_to_give_one(capsys: Any, files: Path) -> None:
    for part in ("prj", "cpg"):
        (files / f"生态保护红线.{part}").unlink(missing_ok=True)
    code, _, err = screen(capsys, files, files / "生态保护红线.shp")
    assert code == 2 and "--crs" in err
    code, text, err = screen(
        capsys, files, files / "生态保护红线.shp", "--crs", "EPSG:4549", "--formats", "json"
    )
    assert code == 0 and "禁止 1" in text, err


def test_own_rules_and_dates_are_checked(capsys: Any, files: Path) -> None:
    rules = files / "本地.toml"
    rules.write_text(
        '[[rule]]\nid = "x"\nkind = "生态保护红线"\nactivities = "*"\nverdict = "允许"\nclause = "1"\n',
        encoding="utf-8",
    )
    zones = files / "生态保护红线.shp"
    code, text, err = screen(capsys, files, zones, "--rules", rules, "--formats", "json")
    assert code == 0, err
    assert "允许 2" in text
    code, _, err = run(capsys, "screen", files / "项目.shp", zones, "--on", "昨天")
    assert code == 2 and "昨天" in err
    code, _, err = screen(capsys, files, zones, "--formats", "pdf")
    assert code == 2 and "docx" in err


def test_the_examples_are_screened_and_called_so(capsys: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, text, err = run(
        capsys, "screen", "--example", "--out", out, "--on", "2026-11-22", "--formats", "html"
    )
    assert code == 0, err
    assert text.startswith("示例数据：")
    assert "12 个项目" in text and "禁止 2" in text
    code, _, err = run(capsys, "screen", "项目.shp", "--example")
    assert code == 2 and "--example" in err
    code, _, err = run(capsys, "screen")
    assert code == 2 and "--example" in err


def test_english(capsys: Any, files: Path) -> None:
    code, text, err = screen(
        capsys, files, files / "生态保护红线.shp", "--lang", "en", "--formats", "html"
    )
    assert code == 0, err
    assert "3 sites screened on 2026-11-22: forbidden 1" in text
    assert "ecological red line (by the file's name)" in text
    assert (files / "out" / "map.html").exists()
    assert "has no version" in err


def test_a_line_and_a_layer_of_a_geopackage(capsys: Any, files: Path) -> None:
    lines = gpd.GeoDataFrame(
        {"编码": ["L"], "名称": ["线"], "活动": ["输水管线"]},
        geometry=[LineString([(E - 500, N + 500), (E + 2500, N + 500)])], crs=4549,
    )  # fmt: skip
    cg.write_layer(lines, files / "线.gpkg")
    red = cg.read_layer(files / "生态保护红线.shp")
    other = gpd.GeoDataFrame(geometry=[Point(E, N)], crs=4549)
    cg.write_layer(red[["名称", "保护级别", "geometry"]], files / "库.gpkg", layer_name="红线2023")
    cg.write_layer(other, files / "库.gpkg", layer_name="点")
    code, text, err = run(
        capsys, "screen", files / "线.gpkg", f"{files / '库.gpkg'}#红线2023", "--json",
        "--out", files / "out", "--formats", "json",
    )  # fmt: skip
    assert code == 0, err
    found = json.loads(text)
    assert found["layers"][0]["layer"] == "红线2023"
    assert found["sites"][0]["site_code"] == "L"
    assert found["sites"][0]["n_zones"] == 2


def test_a_doubt_that_the_reason_tells_is_not_told_twice(capsys: Any, files: Path) -> None:
    bare = gpd.read_file(files / "项目.shp", encoding="gbk")
    bare.loc[0, "geometry"] = None
    cg.write_layer(bare, files / "项目.gpkg")
    code, text, err = run(
        capsys, "screen", files / "项目.gpkg", files / "生态保护红线.shp", "--out", files / "out",
        "--on", "2026-11-22", "--lang", "en", "--formats", "json",
    )  # fmt: skip
    assert code == 0, err
    assert text.count("no geometry") == 1, text


def test_the_terminal_says_how_many_sites_have_other_doubts(capsys: Any, files: Path) -> None:
    bow = Polygon([(E, N), (E + 900, N + 900), (E + 900, N), (E, N + 900)])
    red = gpd.GeoDataFrame({"名称": ["北红线"]}, geometry=[bow], crs=4549)
    cg.write_layer(red, files / "生态保护红线.gpkg")
    _, text, _ = screen(capsys, files, files / "生态保护红线.gpkg", "--formats", "json")
    assert "分区等级不明" in text and "另有上表未列的疑点" not in text, "the reason tells it"
    grades = {"名称": ["核心", "北红线"], "保护级别": ["核心保护区", ""]}
    red = gpd.GeoDataFrame(grades, geometry=[square(0, 0, 500), bow], crs=4549)
    cg.write_layer(red, files / "生态保护红线.gpkg")
    _, text, _ = screen(capsys, files, files / "生态保护红线.gpkg", "--formats", "json")
    assert "1 个项目另有上表未列的疑点" in text and "findings.json" in text


def test_a_long_writing_is_announced_with_what_can_be_left_out(
    capsys: Any, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaoyang_geo.cli_screen_writing._LONG_S", 0.0)
    _, _, err = screen(capsys, files, files / "生态保护红线.shp", "--processes", "1")
    assert "将写 3 个项目的结论页（html，docx），1 个进程" in err and "--formats xlsx,json" in err
    _, _, err = screen(capsys, files, files / "生态保护红线.shp", "--formats", "xlsx,json")
    assert "将写" not in err


@pytest.mark.parametrize("paged", [0, 1, 3])
def test_the_bar_of_pages_has_as_many_steps_as_pages(
    monkeypatch: pytest.MonkeyPatch, paged: int
) -> None:
    counts: list[int] = []
    told: list[str] = []

    @contextmanager
    def bar(count: int, *, quiet: bool) -> Iterator[Any]:
        counts.append(count)
        yield told.append

    monkeypatch.setattr(cli_screen_writing, "steps", bar)
    with ExitStack() as shown:
        progress = cli_screen_writing.progress_of(shown, WORDS["en"], quiet=False)
        for done in range(paged + 1):
            progress(done, paged)
    assert counts == [len(told)] == [paged + 1]
    assert told[-1] == WORDS["en"]["whole"]


def test_a_number_of_processes_below_zero_is_refused_before_anything_is_read(
    capsys: Any, files: Path
) -> None:
    code, _, err = screen(capsys, files, files / "生态保护红线.shp", "--processes", "-1")
    assert code == 2 and "--processes" in err and not (files / "out").exists()
