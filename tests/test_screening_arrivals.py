"""Sites and zones as they arrive in offices, screened by the command, against plain shapely."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from shapely import LineString, Point, Polygon, box
from shapely.affinity import translate

import chaoyang_geo as cg
from chaoyang_geo.cli import main

# all made up: 示例 squares near 120.45 E, 41.57 N, in metres of EPSG:4549
E, N = 537_000.0, 4_604_000.0
ZONES = {
    "Z1": ("核心保护区", box(0, 0, 1000, 1000)),
    "Z2": ("一般控制区", box(1000, 0, 2000, 1000)),
}
SITES = {
    "P1": box(100, 100, 300, 300),  # inside Z1
    "P2": box(900, 200, 1100, 300),  # half in each
    "P3": box(2300, 100, 2400, 200),  # 300 m off
    "P4": box(9000, 100, 9100, 200),  # far off
}


def sites_of(shapes: dict[str, Any], activity: str = "光伏") -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"项目编码": list(shapes), "项目名称": [f"示例{code}" for code in shapes], "活动": activity},
        geometry=[translate(shape, E, N) for shape in shapes.values()], crs=4549,
    )  # fmt: skip


def zones_of(zones: dict[str, tuple[str, Any]] = ZONES) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"编码": list(zones), "名称": [f"示例{code}" for code in zones],
         "保护级别": [grade for grade, _ in zones.values()]},
        geometry=[translate(shape, E, N) for _, shape in zones.values()], crs=4549,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with sites and zones as they are when nothing is wrong."""
    sites_of(SITES).to_file(tmp_path / "项目.gpkg")
    zones_of().to_file(tmp_path / "生态保护红线.gpkg")
    return tmp_path


def screen(capsys: Any, folder: Path, sites: str, *arguments: Any) -> tuple[Any, str]:
    """Return what was found, None where nothing was written, and what was said."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    with pytest.raises(SystemExit) as stopped:
        main(
            ["screen", str(folder / sites), *map(str, arguments), "--out", str(out), "--on",
             "2026-11-22", "--formats", "json", "--plan", "none", "--network", "none", "--json"]
        )  # fmt: skip
    said = capsys.readouterr().err
    assert "Traceback" not in said and "--debug" not in said
    if stopped.value.code:
        assert stopped.value.code == 2
        assert not out.exists(), "something was written although the command stopped"
        return None, said
    return json.loads((out / "findings.json").read_text(encoding="utf-8")), said


def measured(found: Any) -> dict[tuple[str, str], tuple[float, float]]:
    """Return overlap (area or length) and distance by site and zone."""
    return {
        (row["site_code"], row["zone_code"]): (
            row["overlap_m2"] or row["overlap_m"],
            row["distance_m"],
        )
        for site in found["sites"]
        for row in site["findings"]
    }


def expected(
    sites: dict[str, Any] = SITES, zones: dict[str, tuple[str, Any]] = ZONES
) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the same by plain shapely, of what lies within 1000 m."""
    found = {}
    for site, shape in sites.items():
        for zone, (_, area) in zones.items():
            both, away = shape & area, shape.distance(area)
            size = both.area if shape.area else both.length
            if away <= 1000:
                found[site, zone] = (size, away)
    return found


def agree(found: Any, wanted: dict[tuple[str, str], tuple[float, float]]) -> None:
    told = measured(found)
    assert told.keys() == wanted.keys()
    for pair, (size, away) in wanted.items():
        assert told[pair] == (pytest.approx(size, rel=1e-3), pytest.approx(away, rel=1e-3)), pair


def verdicts(found: Any) -> dict[str, str]:
    return {site["site_code"]: site["verdict"] for site in found["sites"]}


def test_a_gbk_shapefile_without_cpg_in_a_local_system(capsys: Any, folder: Path) -> None:
    wkt = (
        zones_of()
        .crs.to_wkt("WKT1_ESRI")
        .replace('"Central_Meridian",120', '"Central_Meridian",120.5')
    )
    zones = zones_of().to_crs(wkt.replace("CGCS2000_3_Degree_GK_CM_120E", "Local_CM_120_30"))
    assert abs(zones.total_bounds[0] - E) > 40_000
    cg.write_layer(zones, folder / "红线.shp", encoding="gbk")
    (folder / "红线.cpg").unlink()
    found, _ = screen(capsys, folder, "项目.gpkg", folder / "红线.shp")
    agree(found, expected())
    assert {row["zone_name"] for row in found["sites"][0]["findings"]} == {"示例Z1", "示例Z2"}


@pytest.mark.parametrize("zone_crs, site_crs", [(4490, 4528), (3857, 4326), (4499, 4548)])
def test_any_system_of_the_earth_gives_the_same(
    capsys: Any, folder: Path, zone_crs: int, site_crs: int
) -> None:
    zones_of().to_crs(zone_crs).to_file(folder / "红线.gpkg")
    sites_of(SITES).to_crs(site_crs).to_file(folder / "地块.gpkg")
    found, _ = screen(capsys, folder, "地块.gpkg", folder / "红线.gpkg")
    agree(found, expected())


def test_a_layer_without_prj_says_which_system_to_type(capsys: Any, folder: Path) -> None:
    for epsg, said in ((4549, "EPSG:4549"), (4528, "EPSG:4528"), (4490, "EPSG:4490")):
        cg.write_layer(zones_of().to_crs(epsg), folder / "红线.shp")
        (folder / "红线.prj").unlink()
        found, err = screen(capsys, folder, "项目.gpkg", folder / "红线.shp")
        assert found is None and "红线.shp: the layer says no CRS; its coordinates look" in err
        assert f"--crs {said}" in err
        found, err = screen(capsys, folder, "项目.gpkg", folder / "红线.shp", "--crs", said)
        agree(found, expected())
        assert "no CRS" not in err, "what was asked for is not warned of again"


@pytest.mark.parametrize(
    "true, stated, mend",
    [(4528, 4549, "EPSG:4528"), (4549, 4528, "EPSG:4549"), (4549, 4490, "EPSG:4549")],
)
def test_a_zone_number_that_the_prj_denies_is_told_and_mended(
    capsys: Any, folder: Path, true: int, stated: int, mend: str
) -> None:
    wrong = zones_of().to_crs(true).set_crs(stated, allow_override=True)
    wrong.to_file(folder / "红线.gpkg")
    found, err = screen(capsys, folder, "项目.gpkg", folder / "红线.gpkg")
    assert found is None and "红线.gpkg: in " in err and f"--crs {mend}" in err
    found, err = screen(capsys, folder, "项目.gpkg", folder / "红线.gpkg", "--crs", mend)
    agree(found, expected())
    assert "坐标未动" in err


def test_metres_in_geojson_and_swapped_axes(capsys: Any, folder: Path) -> None:
    metres = json.loads(zones_of().to_json(drop_id=True))
    metres.pop("crs", None)
    (folder / "红线.geojson").write_text(json.dumps(metres), encoding="utf-8")
    found, err = screen(capsys, folder, "项目.gpkg", folder / "红线.geojson")
    assert found is None and "--crs EPSG:4549" in err
    found, _ = screen(capsys, folder, "项目.gpkg", folder / "红线.geojson", "--crs", "EPSG:4549")
    agree(found, expected())
    swapped = sites_of(SITES).to_crs(4490)
    swapped["geometry"] = shapely.transform(swapped.geometry, lambda xy: xy[:, ::-1])
    swapped.to_file(folder / "颠倒.gpkg")
    found, err = screen(capsys, folder, "颠倒.gpkg", folder / "生态保护红线.gpkg")
    assert found is None and "颠倒.gpkg" in err and "are its axes swapped" in err


def test_one_of_several_layers_is_named(capsys: Any, folder: Path) -> None:
    base = folder / "成果.gdb"
    pyogrio.write_dataframe(zones_of(), base, layer="生态保护红线", driver="OpenFileGDB")
    pyogrio.write_dataframe(sites_of(SITES), base, layer="项目", driver="OpenFileGDB", append=True)
    found, err = screen(capsys, folder, "成果.gdb", folder / "生态保护红线.gpkg")
    assert found is None and f"{base}#生态保护红线、{base}#项目" in err
    found, err = screen(capsys, folder, "项目.gpkg", base)
    assert found is None and f"{base}#生态保护红线" in err
    for sites, zones in (("成果.gdb#项目", f"{base}#生态保护红线"),
                         ("成果.gdb/项目", f"{base}/生态保护红线")):  # fmt: skip
        found, _ = screen(capsys, folder, sites, zones)
        agree(found, expected())


def test_a_layer_that_is_not_there_stops_and_names_those_that_are(
    capsys: Any, folder: Path
) -> None:
    path = folder / "生态保护红线.gpkg"
    found, err = screen(capsys, folder, "项目.gpkg", f"{path}#红线")
    assert found is None and f"there is no layer '红线'; name the one that is meant: {path}#" in err


def test_the_form_has_a_block_for_each_layer_of_a_file(capsys: Any, folder: Path) -> None:
    path, info = folder / "分区.gpkg", folder / "info.toml"
    for layer in ("生态保护红线2018", "生态保护红线2023"):
        pyogrio.write_dataframe(zones_of(), path, layer=layer, append=path.exists())
    asked = [f"{path}#生态保护红线2018", f"{path}#生态保护红线2023"]
    with pytest.raises(SystemExit) as stopped:
        main(["screen", str(folder / "项目.gpkg"), *asked, "--write-info", str(info)])
    assert not stopped.value.code
    form = info.read_text(encoding="utf-8").replace('version = ""', 'version = "甲"', 1)
    info.write_text(form.replace('version = ""', 'version = "乙"'), encoding="utf-8")
    capsys.readouterr()
    found, _ = screen(capsys, folder, "项目.gpkg", *asked, "--zones-info", info)
    assert [layer["version"] for layer in found["checked"]] == ["甲", "乙"]


def test_a_file_of_what_is_told_that_is_not_there_says_what_to_do(
    capsys: Any, folder: Path
) -> None:
    path, info = folder / "生态保护红线.gpkg", folder / "没有.toml"
    found, err = screen(capsys, folder, "项目.gpkg", path, "--zones-info", info)
    assert found is None and f"--write-info {info} writes one to fill in" in err


def test_rows_that_cannot_be_placed_are_told_with_row_and_value(capsys: Any, folder: Path) -> None:
    degrees = sites_of({"T1": Point(1500, 500)}).to_crs(4490).geometry
    table = pd.DataFrame({
        "项目编码": ["T1", "T2", "T3", "T4"], "项目名称": "示例", "活动": "光伏",
        "经度": [degrees.x[0], "", 0, "一百二"], "纬度": [degrees.y[0], "", 0, 41.57],
    })  # fmt: skip
    table.to_csv(folder / "项目.csv", index=False, encoding="gbk")
    found, err = screen(capsys, folder, "项目.csv", folder / "生态保护红线.gpkg")
    assert "第 2 行：无坐标；第 3 行：坐标为0；第 4 行：坐标“一百二”读不懂" in err
    assert verdicts(found) == {
        "T1": "禁止", "T2": "无法判断", "T3": "无法判断", "T4": "无法判断",
    }  # fmt: skip


def test_coordinates_of_a_web_map_are_not_taken_for_others(capsys: Any, folder: Path) -> None:
    table = pd.DataFrame({
        "项目编码": ["T1"], "项目名称": "示例", "活动": "光伏",
        "经度（GCJ-02）": [120.4521], "纬度（GCJ-02）": [41.5768],
    })  # fmt: skip
    table.to_csv(folder / "项目.csv", index=False, encoding="gbk")
    for more in ((), ("--crs", "EPSG:4490")):
        found, err = screen(capsys, folder, "项目.csv", folder / "生态保护红线.gpkg", *more)
        assert found is None and "项目.csv" in err and "convert them first" in err


@pytest.mark.parametrize("prefix", [0, 40_000_000])
def test_survey_tables_have_x_to_the_north(capsys: Any, folder: Path, prefix: int) -> None:
    places = {"T1": Point(1500, 500), "T2": Point(2500, 500)}
    points = sites_of(places)
    table = pd.DataFrame(points.drop(columns="geometry")).assign(
        X=points.geometry.y, Y=points.geometry.x + prefix
    )
    table.to_excel(folder / "项目.xlsx", index=False)
    more = () if prefix else ("--crs", "EPSG:4549")
    found, err = screen(capsys, folder, "项目.xlsx", folder / "生态保护红线.gpkg", *more)
    agree(found, expected(places))
    assert "把 X 读作纵坐标" in err


def test_grades_stand_in_long_words_or_are_asked_for(capsys: Any, folder: Path) -> None:
    zones = zones_of().drop(columns="保护级别")
    zones["类型"] = ["饮用水水源一级保护区（水域）", "二级保护区（陆域）"]
    zones.to_file(folder / "水源地.gpkg")
    found, _ = screen(capsys, folder, "项目.gpkg", folder / "水源地.gpkg")
    told = {row["zone_code"]: row["zone_grade"] for s in found["sites"] for row in s["findings"]}
    assert told == {"Z1": "primary", "Z2": "secondary"}
    mixed = zones_of().assign(保护级别=["核心区", "缓冲区"])
    mixed.to_file(folder / "自然保护区.gpkg")
    found, err = screen(capsys, folder, "项目.gpkg", folder / "自然保护区.gpkg")
    assert "自然保护区.gpkg：列“保护级别”第 2 行“缓冲区”不是自然保护地的等级" in err
    assert verdicts(found)["P1"] == "无法判断"
    info = folder / "info.toml"
    info.write_text(
        '["自然保护区.gpkg"]\ngrade = {"缓冲区" = "核心区"}\ncolumns = {zone_grade = "保护级别"}\n',
        encoding="utf-8",
    )
    found, err = screen(
        capsys, folder, "项目.gpkg", folder / "自然保护区.gpkg", "--zones-info", info
    )
    assert verdicts(found)["P1"] == verdicts(found)["P2"] == "禁止"


def test_shapes_that_are_wrongly_drawn_are_measured_as_they_cover(
    capsys: Any, folder: Path
) -> None:
    bow = Polygon([(0, 0), (1000, 1000), (1000, 0), (0, 1000)])
    spike = Polygon([(1500, 0), (2500, 0), (2500, 500), (4000, 500), (2500, 500), (2500, 1000),
                     (1500, 1000), (1500, 1000)])  # fmt: skip
    drawn = {"Z1": ("一般控制区", bow), "Z2": ("一般控制区", spike)}
    sites = {"P1": box(400, 800, 600, 900), "P2": box(800, 450, 900, 550), "P3": box(2400, 450, 2600, 550)}  # fmt: skip
    zones_of(drawn).to_file(folder / "红线.gpkg")
    sites_of(sites).to_file(folder / "地块.gpkg")
    found, err = screen(capsys, folder, "地块.gpkg", folder / "红线.gpkg")
    meant = {"Z1": ("", shapely.make_valid(bow)), "Z2": ("", box(1500, 0, 2500, 1000))}
    agree(found, expected(sites, meant))
    assert "红线.gpkg 有图形或坐标存疑：第 1 行：自相交" in err
    assert "第 2 行" in err
    assert found["checked"][0]["layer_state"] == "ok"


def test_lines_for_zones_are_no_clean_bill(capsys: Any, folder: Path) -> None:
    lines = zones_of()
    lines["geometry"] = [LineString(shape.exterior.coords) for shape in lines.geometry]
    cg.write_layer(lines, folder / "红线.gpkg")
    found, err = screen(capsys, folder, "项目.gpkg", folder / "红线.gpkg")
    assert set(verdicts(found).values()) == {"无法判断"}
    assert "红线.gpkg 没有面（只有 LineString）" in err


def test_equal_enclosing_and_filled_holes(capsys: Any, folder: Path) -> None:
    ring = Polygon(box(0, 0, 1000, 1000).exterior.coords, [box(400, 400, 600, 600).exterior.coords])
    drawn = {"Z1": ("核心保护区", ring), "Z2": ("一般控制区", box(400, 400, 600, 600)),
             "Z3": ("一般控制区", box(3000, 0, 3100, 100))}  # fmt: skip
    sites = {"P1": box(3000, 0, 3100, 100), "P2": box(2950, -50, 3150, 150),
             "P3": box(450, 450, 500, 500), "P4": box(350, 450, 450, 500)}  # fmt: skip
    zones_of(drawn).to_file(folder / "红线.gpkg")
    sites_of(sites).to_file(folder / "地块.gpkg")
    found, _ = screen(capsys, folder, "地块.gpkg", folder / "红线.gpkg")
    agree(found, expected(sites, drawn))
    shares = {row["site_code"]: row["share_of_zone"] for s in found["sites"] for row in s["findings"]
              if row["zone_code"] == "Z3"}  # fmt: skip
    assert shares["P1"] == shares["P2"] == pytest.approx(1)


def test_one_broken_layer_of_five_and_a_copy(capsys: Any, folder: Path) -> None:
    names = ("自然保护地", "水源地", "三线一单", "基本农田 2023 版 100%")
    for name in names:
        zones_of().drop(columns="保护级别").to_file(folder / f"{name}.gpkg")
    (folder / "水源地.gpkg").write_bytes((folder / "水源地.gpkg").read_bytes()[:3000])
    layers = [folder / "生态保护红线.gpkg", *(folder / f"{name}.gpkg" for name in names)]
    found, err = screen(capsys, folder, "项目.gpkg", *layers)
    states = {row["layer"]: row["layer_state"] for row in found["checked"]}
    assert states.pop("水源地") == "unreadable" and set(states.values()) == {"ok"}
    assert "水源地.gpkg" in err
    assert verdicts(found) == {"P1": "禁止", "P2": "禁止", "P3": "无法判断", "P4": "无法判断"}
    with pytest.raises(SystemExit) as stopped:
        main(["screen", str(folder / "项目.gpkg"), *[str(layers[0])] * 2, "--json"])
    assert stopped.value.code == 2
    assert "two layers are called '生态保护红线'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line, said",
    [
        ('accuracy_m = "十"', "accuracy_m = '十' is no number"),
        ('crs = "EPSG:9999999"', "[crs] of --zones-info: 'EPSG:9999999' is no coordinate"),
        ('version_date = "2023年5月"', "生态保护红线.gpkg: version_date='2023年5月' is no date"),
        ('grade = "三级"', "生态保护红线.gpkg: zones: row 1"),
    ],
)  # fmt: skip
def test_what_is_told_wrongly_is_named(capsys: Any, folder: Path, line: str, said: str) -> None:
    info = folder / "info.toml"
    info.write_text(f'["生态保护红线.gpkg"]\n{line}\n', encoding="utf-8")
    found, err = screen(
        capsys, folder, "项目.gpkg", folder / "生态保护红线.gpkg", "--zones-info", info
    )
    assert found is None and said in err


def test_a_site_astride_two_zones_has_its_geodesic_area(capsys: Any, folder: Path) -> None:
    site, zone = box(118.49, 41.5, 118.51, 41.52), box(118.48, 41.49, 118.5, 41.53)
    gpd.GeoDataFrame(
        {"项目编码": ["P1"], "项目名称": ["示例"], "活动": ["光伏"]}, geometry=[site], crs=4490
    ).to_file(folder / "地块.gpkg")
    gpd.GeoDataFrame({"编码": ["Z1"]}, geometry=[zone], crs=4490).to_file(folder / "红线.gpkg")
    found, _ = screen(capsys, folder, "地块.gpkg", folder / "红线.gpkg")
    row = found["sites"][0]["findings"][0]
    from pyproj import Geod

    area = abs(Geod(ellps="GRS80").geometry_area_perimeter(site & zone)[0])
    assert row["overlap_m2_geodesic"] == pytest.approx(area, rel=1e-4)
    assert row["overlap_m2"] == pytest.approx(area, rel=1e-3)
    assert row["share_of_site"] == pytest.approx(0.5, rel=1e-3)
