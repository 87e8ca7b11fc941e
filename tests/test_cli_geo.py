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
