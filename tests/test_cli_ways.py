"""The command ``screen`` with the way of the water and alternatives; and the same bytes twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely import LineString, Point, box

import chaoyang_geo as cg
from chaoyang_geo.cli import main
from chaoyang_geo.cli_screen_words import WORDS
from chaoyang_geo.cli_ways import alternatives_of, water_of

E, N = 500_000.0, 4_600_000.0
HOSTILE = "<script>alert(1)</script>"


def run(capsys: Any, *arguments: Any) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return int(stopped.value.code or 0), captured.out, captured.err


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Sites half in a red line and along it, a river without codes, a source zone below them."""
    sites = gpd.GeoDataFrame(
        {"编码": ["甲/1", "乙", "丙", "丁"], "名称": ["采石场", "输水管线", HOSTILE, "采石场"],
         "活动": ["采石场", "输水管线", "采石场", "造梦"]},
        geometry=[
            box(E, N, E + 100, N + 100),
            LineString([(E - 180, N - 50), (E + 120, N - 50)]),
            None,
            Point(E + 10, N + 10),
        ],
        crs=4549,
    )  # fmt: skip
    cg.write_layer(sites, tmp_path / "项目.gpkg")
    red = gpd.GeoDataFrame(
        {"名称": ["甲红线"], "级别": ["一般控制区"]},
        geometry=[box(E - 80, N - 500, E + 20, N + 500)], crs=4549,
    )  # fmt: skip
    cg.write_layer(red, tmp_path / "生态保护红线.shp", encoding="gbk")
    water = gpd.GeoDataFrame(
        {"名称": ["水源"], "级别": ["一级"]},
        geometry=[box(E, N - 5000, E + 600, N - 2000)], crs=4549,
    )  # fmt: skip
    cg.write_layer(water, tmp_path / "水源地.gpkg")
    river = gpd.GeoDataFrame(
        {"名称": ["小河"]},
        geometry=[LineString([(E + 300, N + 50), (E + 300, N - 6000)])],
        crs=4549,
    )
    cg.write_layer(river, tmp_path / "河流.shp", encoding="gbk")
    return tmp_path


def screen(capsys: Any, folder: Path, *arguments: Any) -> tuple[dict[str, Any], str]:
    code, _, err = run(
        capsys, "screen", folder / "项目.gpkg", folder / "生态保护红线.shp", folder / "水源地.gpkg",
        *arguments, "--out", folder / "out", "--on", "2026-11-22", "--formats", "json,html",
        "--plan", "none",
    )  # fmt: skip
    assert code == 0, err
    return json.loads((folder / "out" / "findings.json").read_text("utf-8")), err


def test_a_river_file_and_alternatives_are_in_page_json_and_map(capsys: Any, files: Path) -> None:
    found, _ = screen(
        capsys, files, "--network", files / "河流.shp", "--alternatives", "--distances-m", "100,500"
    )
    quarry, pipe, lost, dream = found["sites"]
    assert quarry["downstream"][0]["reach_state"] == "reaches"
    assert quarry["downstream"][0]["rivers_passed"] == "小河"
    assert quarry["downstream"][0]["network_source"] == "河流.shp"
    # the tolerance is 10 m where no accuracy is known: kept 11 m clear, 69 x 100 left
    assert quarry["free"]["clearance_m"] == 11
    assert quarry["free"]["free_m2"] == pytest.approx(6900, abs=2)
    assert set(quarry["free"]["avoided"].split(";")) == {
        "eco_red_line/general", "drinking_water/primary",
    }  # fmt: skip
    assert quarry["shift"]["shift_m"] == pytest.approx(31, abs=0.1)
    assert quarry["shift"]["verdict_after"] == "无冲突"
    assert [row["from_stake"] for row in pipe["stretches"]] == ["K0+100"]
    assert pipe["stretches"][0]["verdict"] == "允许有条件"
    # without a place, and with an activity that no rule knows, nothing is made up
    assert lost["downstream"][0]["reach_state"] == "no_position"
    assert lost["free"] is None and lost["shift"] is None
    assert dream["shift"] is None
    assert [row["to_m"] for row in found["bands"]] == [0, 100, 500, None]
    page = (files / "out" / "地图.html").read_text("utf-8")
    for words in ("平移后位置", "可用部分", "水的去向", "K0+100", "等距带"):
        assert words in page, words
    assert HOSTILE not in page
    names = sorted(path.name for path in (files / "out" / "sites").iterdir())
    assert names == ["0001_甲_1.html", "0002_乙.html", "0003_丙.html", "0004_丁.html"]


@pytest.mark.parametrize(
    ("lang", "named"),
    [
        ("zh", "数据包 chaoyang 的河流：30 角秒高程推导（PyPI meteva 1.9.6.2）"),
        (
            "en",
            "rivers of the data pack chaoyang: derived from 30-arc-second elevation "
            "(PyPI meteva 1.9.6.2)",
        ),
    ],
)
def test_the_rivers_of_the_plan_are_named_by_what_they_are_and_their_source(
    capsys: Any, tmp_path: Path, lang: str, named: str
) -> None:
    code, _, err = run(
        capsys, "screen", "--example", "--out", tmp_path / "out", "--on", "2026-11-22",
        "--formats", "json,html", "--lang", lang,
    )  # fmt: skip
    assert code == 0, err
    found = json.loads((tmp_path / "out" / "findings.json").read_text("utf-8"))
    said = {row["network_source"] for site in found["sites"] for row in site["downstream"]}
    assert said == {named}
    page = (tmp_path / "out" / "sites" / "0001_EXS01.html").read_text("utf-8")
    assert named in page and "水质图" not in page and "water quality" not in page


def test_outside_the_plan_and_without_rivers_nothing_is_followed(capsys: Any, files: Path) -> None:
    found, _ = screen(capsys, files)
    assert found["traced_downstream"] is False and found["alternatives_asked"] is False
    assert all(site["downstream"] == [] and site["free"] is None for site in found["sites"])


def test_options_that_make_no_sense_are_refused_before_anything_is_written(
    capsys: Any, files: Path
) -> None:
    base = ("screen", files / "项目.gpkg", files / "生态保护红线.shp", "--out", files / "out")
    for options, words in (
        (("--network", files / "没有.shp"), "没有.shp"),
        (("--distances-m", "5,x"), "--distances-m"),
        (("--distances-m", "0"), "--distances-m"),
        (("--downstream-of", "公园"), "公园"),
        (("--alternatives", "--shift-within-m", "0"), "within_m"),
        (("--network", files / "河流.shp", "--downstream-km", "0"), "max_distance_km"),
    ):
        code, _, err = run(capsys, *base, *options)
        assert code == 2 and words in err, (options, err)
    assert not (files / "out").exists()


def test_two_sites_of_one_code_are_named_by_row_and_file(capsys: Any, files: Path) -> None:
    sites = cg.read_layer(files / "项目.gpkg")
    for codes, words in (
        (["A", "B", "A", "C"], "rows 1 and 3"),
        (["A", None, "B", "C"], "row 2 has no code"),
    ):
        cg.write_layer(sites.assign(编码=codes), files / "重.gpkg")
        code, _, err = run(capsys, "screen", files / "重.gpkg", files / "生态保护红线.shp")
        assert code == 2 and words in err and "--code" in err and "重.gpkg" in err


def test_the_example_shows_all_of_it(capsys: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, _, err = run(
        capsys, "screen", "--example", "--out", out, "--on", "2026-11-22", "--formats", "json"
    )
    assert code == 0, err
    found = json.loads((out / "findings.json").read_text("utf-8"))
    sites = found["sites"]
    assert any(row["reach_state"] == "reaches" for site in sites for row in site["downstream"])
    assert any(site["free"] and 0 < site["free"]["free_share"] < 1 for site in sites)
    assert any(site["shift"] and site["shift"]["shift_state"] == "shift" for site in sites)
    assert any(site["stretches"] for site in sites) and found["bands"]
    # where a site is moved to it is no longer forbidden or on a line
    after = [site["shift"]["verdict_after"] for site in sites if site["shift"]]
    assert not {"禁止", "限制", "压线需复核"} & set(after)
    page = (out / "地图.html").read_text("utf-8")
    assert "示例数据" in page and "平移后位置" in page


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for seed in ("1", "4242"):
        out = tmp_path / seed
        command = [sys.executable, "-m", "chaoyang_geo.cli", "screen", "--example", "--out", str(out),
                   "--on", "2026-11-22", "--json"]  # fmt: skip
        done = subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        made.append(
            {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}
        )
    first, second = made
    assert set(first) == set(second) and len(first) == 29
    assert {path.rpartition(".")[2] for path in first} == {"html", "docx", "xlsx", "json"}
    assert not [path for path in first if first[path] != second[path]]


def test_the_bar_counts_the_sites_of_all_groups() -> None:
    pack = cg.load_examples()
    told: list[str] = []

    def again(sites: Any) -> cg.Screening:
        return cg.screen_sites(sites, pack.zones, on="2026-11-22")

    alternatives_of(
        again(pack.sites), pack.zones, within_m=20, again=again, step=told.append, words=WORDS["en"]
    )  # fmt: skip
    assert [text.split()[-1] for text in told] == ["1/4", "2/4", "3/4", "4/4"]


def test_a_river_file_that_says_where_each_reach_leads_is_taken_as_it_is(
    files: Path, capsys: Any
) -> None:
    """Its reaches are not cut again: their codes are what ``to_code`` names."""
    middle = (E + 300, N - 1000)
    reaches = gpd.GeoDataFrame(
        {"reach_code": ["上", "下"], "to_code": ["下", ""], "river_name": "小河"},
        geometry=[LineString([(E + 300, N + 50), middle]), LineString([middle, (E + 300, N - 6000)])],
        crs=4549,
    )  # fmt: skip
    cg.write_layer(reaches, files / "河段.gpkg")
    found, _ = screen(capsys, files, "--network", files / "河段.gpkg")
    way = found["sites"][0]["downstream"][0]
    assert (way["reach_state"], way["network_source"]) == ("reaches", "河段.gpkg")
    assert way["rivers_passed"] == "小河"


def test_a_river_file_with_an_empty_column_of_next_reaches_is_cut_where_rivers_meet(
    tmp_path: Path,
) -> None:
    mouth = (E + 300, N - 1000)
    rivers = gpd.GeoDataFrame(
        {"reach_code": ["溪", "河"], "to_code": ["", ""]},
        geometry=[
            LineString([(E + 300, N + 50), mouth]),
            LineString([(E + 900, N - 1000), mouth, (E + 300, N - 6000)]),
        ],
        crs=4549,
    )
    cg.write_layer(rivers, tmp_path / "河.gpkg")
    water = water_of(str(tmp_path / "河.gpkg"), None, "", {}, "zh")
    assert water is not None
    assert sorted(water.network.reaches["reach_code"]) == ["河-1", "河-2", "溪"]
