"""The commands on geometry, on files that the library has never seen."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import LineString, Point, box

import chaoyang_geo as cg
from chaoyang_geo.cli import main


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return stopped.value.code, captured.out, captured.err


def squares(*cells, crs=4549):
    return gpd.GeoDataFrame(
        {"编码": [f"U{k}" for k in range(len(cells))]},
        geometry=[box(500000 + a, 4600000, 500000 + b, 4601000) for a, b in cells],
        crs=crs,
    )


def test_gaps_and_overlaps_are_found_written_and_mended(capsys, tmp_path):
    path, out, mended = tmp_path / "单元.shp", tmp_path / "f.xlsx", tmp_path / "mended.gpkg"
    cg.write_layer(squares((0, 1000), (990, 2000), (2010, 3000)), path, encoding="gbk")
    code, text, _ = run(capsys, "check-units", path, "--code", "编码", "--out", out,
                        "--repair", mended)  # fmt: skip
    assert code == 0
    assert "3 个单元，2 处问题" in text
    assert "重叠" in text and "空隙" in text
    assert out.exists()
    code, text, _ = run(capsys, "check-units", mended)
    assert code == 0
    assert "3 个单元，没有发现问题。" in text
    whole = cg.read_layer(mended).geometry
    assert whole.area.sum() == pytest.approx(3000 * 1000)


def test_a_layer_without_codes_says_how_to_name_them(capsys, tmp_path):
    path = tmp_path / "u.gpkg"
    cg.write_layer(squares((0, 1000)).rename(columns={"编码": "甲"}), path)
    code, _, err = run(capsys, "check-units", path)
    assert code == 2
    assert "--code" in err


def test_shifted_coordinates_are_told_and_mended(capsys, tmp_path, plan):
    counties = plan.counties[["county_code", "county_name", "geometry"]].copy()
    moved = shapely.transform(
        counties.geometry.to_numpy(),
        lambda xy: np.column_stack(cg.cgcs2000_to_gcj02(xy[:, 0], xy[:, 1])),
    )
    counties["geometry"] = gpd.GeoSeries(moved, crs=counties.crs, index=counties.index)
    path, fixed = tmp_path / "区县.gpkg", tmp_path / "fixed.gpkg"
    cg.write_layer(counties, path)
    code, text, _ = run(capsys, "check-datum", path, "--fix", fixed)
    assert code == 0
    assert "GCJ-02" in text
    code, text, _ = run(capsys, "check-datum", fixed, "--json")
    assert code == 0
    assert json.loads(text)["verdict"] == "cgcs2000"


def test_a_section_of_the_plan_is_traced(capsys):
    code, text, _ = run(capsys, "trace", "章吉营")
    assert code == 0
    assert "章吉营：上游有 5 个断面" in text
    assert "凌鸿大桥" in text
    code, text, _ = run(capsys, "trace", "CYS06", "--json")
    found = json.loads(text)
    assert found["upstream"][0]["upstream_section_code"] == "CYS05"
    code, _, err = run(capsys, "trace", "无名桥")
    assert code == 2
    assert "无名桥" in err
    code, text, _ = run(capsys, "trace", "章吉营", "--lang", "en")
    assert "Linghong Bridge" in text


def test_own_rivers_and_sections_are_traced(capsys, tmp_path):
    rivers = gpd.GeoDataFrame(
        {"reach_code": ["A", "B", "C"], "river_name": ["甲河", "乙河", "甲河"]},
        geometry=[
            LineString([(500000, 4602000), (501000, 4601000)]),
            LineString([(502000, 4602000), (501000, 4601000)]),
            LineString([(501000, 4601000), (501000, 4599000)]),
        ],
        crs=4549,
    )
    sections = gpd.GeoDataFrame(
        {"section_code": ["S1", "S2"], "section_name": ["上桥", "下桥"], "water_body": "甲河"},
        geometry=[Point(500500, 4601510), Point(501005, 4600000)],
        crs=4549,
    )
    files = tmp_path / "rivers.gpkg", tmp_path / "sections.gpkg"
    for frame, path in zip((rivers, sections), files, strict=True):
        cg.write_layer(frame, path)
    code, text, err = run(capsys, "trace", "下桥", "--rivers", files[0], "--sections", files[1],
                          "--json")  # fmt: skip
    assert code == 0, err
    found = json.loads(text)
    assert [row["upstream_section_code"] for row in found["upstream"]] == ["S1"]
    assert found["upstream"][0]["distance_km"] == pytest.approx(1.707, abs=0.02)


def test_what_is_left_after_a_repair_is_checked_again(capsys, tmp_path):
    cells = squares((0, 1000), (990, 2000), (2010, 3000)).rename(columns={"编码": "unit_code"})
    cells["area_km2"] = [1.0, 1.0, 1.0]  # right once the overlap and the gap are mended
    path = tmp_path / "units.gpkg"
    cg.write_layer(cells.assign(area_km2=[1.0, 1.01, 0.99]), path)
    code, text, _ = run(capsys, "check-units", path, "--repair", tmp_path / "m.gpkg")
    assert code == 0 and "修后再查，还有 0 处" in text


def test_too_little_evidence_says_what_would_help(capsys, tmp_path):
    path = tmp_path / "far.csv"
    path.write_text("断面名称,经度（CGCS2000）,纬度（CGCS2000）\n甲,100.1,30.1\n", encoding="gbk")
    code, text, _ = run(capsys, "check-datum", path)
    assert code == 0 and "不能判定" in text and "--against" in text


def river_files(folder, *, reach=None):
    """Write rivers without codes of their own, and sections that have a name alone."""
    rivers = gpd.GeoDataFrame(
        {"河流名称": ["小河", "小河", "支沟"]},
        geometry=[
            LineString([(500000, 4600000), (503000, 4600000)]),
            LineString([(506000, 4600000), (503000, 4600000)]),  # the lowest, drawn upstream
            LineString([(503000, 4603000), (503000, 4600010)]),
        ],
        crs=4549,
    )
    if reach is not None:
        rivers.insert(0, "河段编码", reach)
        rivers.insert(1, "下游河段编码", ["x", "", ""])
    rivers.to_file(folder / "河.shp", encoding="GBK")
    (folder / "断面.csv").write_text(
        "断面名称,所在河流,X（CGCS2000）,Y（CGCS2000）\n上游桥,小河,4600020,40501000\n"
        "下游桥,小河,4600020,40505000\n支沟口,支沟,4601000,40503000\n",
        encoding="gbk",
    )
    return "--rivers", folder / "河.shp", "--sections", folder / "断面.csv", "--tolerance-m", 20


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_rivers_and_sections_without_codes_are_traced(capsys, tmp_path):
    files = river_files(tmp_path)
    code, text, err = run(capsys, "trace", "下游桥", *files)
    assert code == 0, err
    assert "出口河段可能画反" in text and "上游有 0 个断面" in text
    outlet = gpd.GeoSeries([Point(506000, 4600000)], crs=4549).to_crs(4490)[0]
    outlet = "--outlet", f"{outlet.x:.5f},{outlet.y:.5f}"
    towns = tmp_path / "乡镇.gpkg"
    cells = squares((-100, 2900), (2900, 7000)).rename(columns={"编码": "乡镇名称"})
    cells["乡镇名称"] = ["东乡", "西乡"]
    cg.write_layer(cells, towns)
    code, text, err = run(capsys, "trace", "下游桥", *files, *outlet, "--units", towns)
    assert code == 0, err
    assert "上游有 2 个断面，河长 8.0 km" in text and "画向相反 1" in text
    assert "上游乡镇" in text and "东乡" in text
    code, text, err = run(capsys, "trace", "下游桥", *files, *outlet, "--json")
    found = json.loads(text)
    assert [row["upstream_section_code"] for row in found["upstream"]] == ["支沟口", "上游桥"]
    assert found["network"]["reversed"] == 1
    code, text, err = run(capsys, "trace", "下游桥", *files, "--outlet", "2", "--lang", "en")
    assert code == 0 and "2 sections upstream, 8.0 km" in text
    code, _, err = run(capsys, "trace", "下游桥", *files, "--outlet", "9")
    assert code == 2 and "9" in err


def test_codes_of_whole_rivers_are_not_taken_for_those_of_reaches(capsys, tmp_path):
    files = river_files(tmp_path, reach=["R1", "R1", "R2"])
    code, text, err = run(capsys, "trace", "下游桥", *files, "--outlet", "2")
    assert code == 0 and "上游有 2 个断面" in text
    assert "reach_code、to_code 不能指明每个河段" in err


def test_a_section_without_code_and_name_is_said(capsys, tmp_path):
    path = tmp_path / "s.gpkg"
    cg.write_layer(gpd.GeoDataFrame({"甲": [1]}, geometry=[Point(500000, 4600000)], crs=4549), path)
    code, _, err = run(capsys, "trace", "1", "--sections", path)
    assert code == 2 and "section_name" in err and "s.gpkg" in err


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_units_townships_and_sections_may_be_named_instead_of_coded(capsys, tmp_path):
    units = squares((0, 1000), (1000, 2000)).drop(columns="编码").assign(控制单元名称=["甲", "乙"])
    towns = squares((0, 1000), (1000, 2000)).rename(columns={"编码": "乡镇名称"})
    points = gpd.GeoDataFrame(
        {"断面名称": ["一", "二"], "控制单元名称": ["甲", "甲"]},
        geometry=[Point(500990, 4600500), Point(500980, 4600500)],
        crs=4549,
    )
    files = {name: tmp_path / f"{name}.gpkg" for name in ("units", "towns", "points", "bare")}
    frames = units, towns, points, points.drop(columns="控制单元名称")
    for frame, path in zip(frames, files.values(), strict=True):
        frame.to_file(path)
    command = "check-units", files["units"], "--townships", files["towns"]
    code, text, err = run(capsys, *command, "--sections", files["points"])
    assert code == 0, err
    assert "单元乙没有断面" in text and "2 个单元，1 处问题" in text
    # without a word on their unit, sections are taken for the one they lie in
    code, text, err = run(capsys, *command, "--sections", files["bare"])
    assert code == 0 and "按所在或紧邻的单元计" in err
    assert "单元乙没有断面" in text
    # the column may be called as it is in the file, or as it is read
    for name in ("控制单元名称", "unit_name"):
        code, text, _ = run(capsys, "check-units", files["units"], "--code", name)
        assert code == 0 and "没有发现问题" in text
    code, _, err = run(capsys, "check-units", files["units"], "--code", "无")
    assert code == 2 and "column 无" in err


def test_a_river_drawn_as_one_row_of_several_parts_is_traced(capsys, tmp_path):
    x, y = 500000, 4600000
    main = [
        [(x, y), (x + 4000, y)],
        [(x + 4000, y), (x + 8000, y + 200)],
        [(x + 8300, y + 200), (x + 12000, y)],  # the lake in between is not drawn
    ]
    rivers = gpd.GeoDataFrame(
        {"名称": ["大凌河", "西支"]},
        geometry=[
            shapely.MultiLineString(main),
            LineString([(x + 3000, y + 5000), (x + 3000, y + 3)]),
        ],
        crs=4549,
    )
    sections = gpd.GeoDataFrame(
        {"断面名称": ["源", "支口", "末"], "水体": ["大凌河", "西支", "大凌河"]},
        geometry=[Point(x + 1000, y + 50), Point(x + 3050, y + 1000), Point(x + 11500, y)],
        crs=4549,
    )
    files = tmp_path / "河.gpkg", tmp_path / "断面.gpkg"
    rivers.to_file(files[0])
    sections.to_file(files[1])
    command = "trace", "末", "--rivers", files[0], "--sections", files[1]
    code, text, err = run(capsys, *command)
    assert code == 0, err
    assert "不相连" in text and "300 m" in text and "上游有 0 个断面" in text
    code, text, err = run(capsys, *command, "--tolerance-m", 400)
    assert code == 0 and "上游有 2 个断面" in text
    assert "断面放在河段 1-3 大凌河 上，离河 27 m。" in text
