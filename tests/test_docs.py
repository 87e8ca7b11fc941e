"""The two READMEs say the same, and what they say holds."""

import json
import re
import struct
from pathlib import Path

import pandas as pd
import pytest

import chaoyang_geo as cg
from chaoyang_geo.maps import viewer

ROOT = Path(__file__).resolve().parents[1]
READMES = [ROOT / "README.md", ROOT / "README.zh.md"]


def blocks(path, language):
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(encoding="utf-8"), re.S)


def without_comments(block):
    return [line.split("#")[0].rstrip() for line in block.splitlines()]


def test_both_readmes_show_the_same_code_and_commands():
    english, chinese = ("\n".join(blocks(path, "(?:python)?")) for path in READMES)
    # the layer's name is the one text that is meant to be read
    assert without_comments(english) == without_comments(chinese)


def test_the_lines_for_messy_tables_run(plan, tmp_path, monkeypatch):
    """Ten lines from a workbook with a title, merged header, gaps and means to a clean table."""
    import xlwt

    monkeypatch.chdir(tmp_path)
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("10月")
    for number, row in enumerate(
        [
            ["朝阳市水质监测月报"],
            ["断面名称", "监测时间", "总磷", "氨氮"],
            ["", "", "(mg/L)", "(mg/L)"],
            ["章吉营", "10月8日", "0.025L", 0.1],
            ["无名桥", "10月8日", "断流", "--"],
            ["平均值", "", 0.03, 0.1],
        ]
    ):
        for column, cell in enumerate(row):
            sheet.write(number, column, cell)
    book.save("messy.xls")
    code = next(block for block in blocks(READMES[0], "python") if "messy.xls" in block)
    found = {"cg": cg, "plan": plan}
    exec(compile(code, "README.md", "exec"), found)
    readings = found["readings"]
    assert (readings["row_kind"] == "sample").sum() == 4
    assert set(readings["state"]) >= {"below", "dry", "not_sampled", "number"}
    assert cg.read_readings("clean.parquet").equals(readings)


def test_the_lines_for_red_lines_run(plan, tmp_path, monkeypatch, capsys):
    """From a red line in a shapefile and the pack's reservoirs to findings and a map."""
    import geopandas as gpd
    from shapely import LineString, box

    monkeypatch.chdir(tmp_path)
    red = box(5.8e5, 4.62e6, 5.82e5, 4.622e6)
    layer = gpd.GeoDataFrame({"级别": ["核心保护区"]}, geometry=[red], crs="EPSG:4549")
    cg.write_layer(layer, "red.shp")
    sites = gpd.GeoDataFrame(
        {"site_code": ["P1"], "site_name": ["甲厂"], "activity": ["工业"]},
        geometry=[box(5.819e5, 4.6205e6, 5.821e5, 4.6207e6)],
        crs="EPSG:4549",
    )
    pipelines = gpd.GeoDataFrame(
        {"site_code": ["L1"], "site_name": ["甲线"], "activity": ["输水管道"]},
        geometry=[LineString([(5.79e5, 4.621e6), (5.83e5, 4.621e6)])],
        crs="EPSG:4549",
    )
    names = {"reservoir_code": "water_source_code", "reservoir_name": "water_source_name"}
    reservoirs = plan.reservoirs.rename(columns=names)
    network = cg.river_network(plan.rivers, tolerance_m=50)
    placed = cg.snap_sections(plan.sections, network, max_distance_m=2000)
    code = next(block for block in blocks(READMES[0], "python") if "screen_sites" in block)
    found = {"cg": cg, "plan": plan, "sites": sites, "pipelines": pipelines,
             "reservoirs": reservoirs, "network": network, "placed": placed}  # fmt: skip
    exec(compile(code, "README.md", "exec"), found)
    assert "甲厂" in capsys.readouterr().out
    assert found["shift"]["shift_m"].iloc[0] == pytest.approx(100.01, abs=0.02)
    assert found["free"]["free_m2"].iloc[0] == pytest.approx(2e4, rel=1e-3)
    assert found["cut"][["from_km", "to_km"]].iloc[0].tolist() == pytest.approx([1.0, 3.0])
    assert (tmp_path / "screening.html").exists()
    assert len(list((tmp_path / "findings").rglob("*.docx"))) == 1


def test_every_name_in_the_readme_is_public():
    for path in READMES:
        names = set(re.findall(r"\bcg\.(\w+)", path.read_text(encoding="utf-8")))
        assert names <= set(cg.__all__), names - set(cg.__all__)


def test_the_library_lines_run(plan, tmp_path, monkeypatch):
    """Ten lines as printed, with a table and a layer of the reader's own put in their place."""
    import geopandas as gpd
    from shapely import Point

    monkeypatch.chdir(tmp_path)
    Path("2025-10.xlsx").touch()
    pd.DataFrame(
        {"断面名称": ["章吉营"], "监测时间": ["2025-10-08 08:00"], "总磷(mg/L)": [0.25]}
    ).to_excel("2025-10.xlsx", index=False)
    sites = gpd.GeoDataFrame({"a": [1]}, geometry=[Point(120.4, 41.6)], crs="EPSG:4490")
    code = next(block for block in blocks(READMES[0], "python") if "my_sites" in block)
    exec(compile(code, "README.md", "exec"), {"my_sites": sites})
    assert "Ⅳ" in Path("2025-10.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("item", "columns", "kind", "expected"),
    [
        ("tp", {"value": [0.20]}, "river", "Ⅲ"),
        ("tp", {"value": [0.20]}, "lake", "Ⅴ"),
        ("tp", {"value": [None], "censored": ["<"], "detection_limit": [0.01]}, "river", "Ⅰ"),
    ],
)
def test_worked_values(item, columns, kind, expected):
    table = pd.DataFrame({"item": [item], **columns}).astype({"value": "float64"})
    assert cg.classify_items(table, water_type=kind)["item_class"].iloc[0] == expected


def test_worked_values_of_a_section():
    sections = pd.DataFrame({"section_code": ["S"], "water_type": ["river"], "target_class": ["Ⅲ"]})
    table = pd.DataFrame(
        {"section_code": "S", "time": pd.Timestamp("2025-10-08"), "item": ["tp"], "value": [0.25]}
    )
    row = cg.classify(table, sections).iloc[0]
    assert (row["class"], row["distance_to_next"], row["times_over"]) == ("Ⅳ", 0.05, 0.25)
    undecided = pd.DataFrame(
        {"item": ["tp"], "value": [float("nan")], "censored": ["<"], "detection_limit": [0.05]}
    )
    assert cg.classify_items(undecided)["item_class"].isna().all()


def page_data(text):
    (block,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    return json.loads(block)


def count(packed):
    """Number of coordinates of a geometry as the page stores it: flat lists, nested by part."""
    if isinstance(packed, dict):
        return sum(count(part) for part in packed.get("g", packed.get("c", [])))
    return sum(count(part) for part in packed) if isinstance(packed, list) else 1


def what_is_drawn(data):
    """Return the map as text, without bytes that depend on the versions of libraries."""
    features = [
        (
            layer["key"],
            feature["key"],
            feature["name"],
            feature["style"],
            feature["popup"] and feature["popup"]["title"],
            feature["badge"],
            feature["geometry"]["t"],
            count(feature["geometry"]),
        )
        for layer in data["layers"]
        for feature in layer["features"]
    ]
    return features, data["styles"], data["legends"]


def test_the_committed_map_is_what_the_command_draws(plan):
    committed = ROOT / "maps" / "chaoyang.html"
    matched = cg.match_sections(plan.readings, plan.sections)
    matched = matched[matched["match_state"] == "matched"]
    items = cg.classify_items(matched, plan.sections)
    classes = cg.classify(matched, plan.sections)
    layers = cg.map_layers(plan, classes, items=items)
    fresh = what_is_drawn(page_data(viewer.render_page(layers)))
    kept = what_is_drawn(page_data(committed.read_text(encoding="utf-8")))
    again = "draw it again: chaoyang-geo map, and examples/screenshot.py for its picture"
    assert [f[:3] for f in kept[0]] == [f[:3] for f in fresh[0]], again
    assert kept == fresh, again
    assert {feature[0] for feature in kept[0]} >= {"units", "sections", "rivers"}
    assert committed.stat().st_size <= 1_000_000


def test_the_committed_picture_is_a_full_screen():
    picture = (ROOT / "maps" / "chaoyang.png").read_bytes()
    assert picture[:4] == b"\x89PNG"
    assert struct.unpack(">II", picture[16:24]) == (1600, 1000)
