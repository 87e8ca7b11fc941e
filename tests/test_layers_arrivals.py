"""Layers as offices hand them over: local systems, survey files, coordinates of web maps."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely import Polygon, box

import chaoyang_geo as cg

E, N = 537_000.0, 4_604_000.0
WKT = gpd.GeoSeries([], crs=4549).crs.to_wkt("WKT1_ESRI")


@pytest.fixture
def shapefile(tmp_path: Path) -> Path:
    layer = gpd.GeoDataFrame({"名称": ["示例"]}, geometry=[box(E, N, E + 9, N + 9)], crs=4549)
    return cg.write_layer(layer, tmp_path / "红线.shp", encoding="gbk")


@pytest.mark.parametrize("codec", ["gbk", "utf-8"])
def test_a_local_system_has_a_chinese_name_in_any_encoding(shapefile: Path, codec: str) -> None:
    name = WKT.split('"')[1]
    shapefile.with_suffix(".prj").write_text(WKT.replace(name, "朝阳独立坐标系（示例）"), codec)
    read = cg.read_layer(shapefile)
    assert read.crs.name == "朝阳独立坐标系（示例）" and read["名称"].tolist() == ["示例"]
    assert read.to_crs(4549).total_bounds == pytest.approx([E, N, E + 9, N + 9])
    assert shapefile.with_suffix(".prj").read_text(codec).startswith("PROJCS"), "was changed"


@pytest.mark.parametrize("text", ['PROJCS["Unknown"', "garbage"])
def test_a_damaged_prj_is_said_and_the_shapes_are_read(shapefile: Path, text: str) -> None:
    shapefile.with_suffix(".prj").write_text(text)
    with pytest.warns(UserWarning, match=r"红线\.shp: the \.prj cannot be read") as said:
        read = cg.read_layer(shapefile, crs="EPSG:4549")
    assert len(said) == 1
    assert read.crs == 4549 and read.area.tolist() == [81.0]


def test_the_system_of_a_drawing_gives_way_to_the_one_that_is_named(shapefile: Path) -> None:
    shapefile.with_suffix(".prj").write_text('LOCAL_CS["Unknown",UNIT["Meter",1.0]]')
    assert cg.read_layer(shapefile, crs="EPSG:4549").crs == 4549


def test_coordinates_of_a_web_map_in_a_named_system_are_said(tmp_path: Path) -> None:
    path = tmp_path / "点.csv"
    path.write_text("名称,经度（GCJ-02）,纬度（GCJ-02）\n示例,120.45,41.57\n", encoding="gbk")
    with pytest.warns(UserWarning, match="GCJ-02; crs='EPSG:4490' was taken and nothing converted"):
        assert cg.read_layer(path, crs="EPSG:4490").crs == 4490


HEAD = """[属性描述]
格式版本号=1.01版本
数据产生单位=示例单位
坐标系={datum}
几度分带=3
投影类型=高斯克吕格
计量单位=米
带号={zone}
精度=0.01
转换参数=,,,,,,
[地块坐标]
"""


def plot(rings: list[list[tuple[float, float]]], prefix: float, code: str = "001") -> str:
    lines = [f"{sum(map(len, rings))},4.0,{code},示例地块,面,,光伏,1001,@"]
    for number, ring in enumerate(rings, 1):
        lines += [f"J{k},{number},{N + y},{prefix + E + x}" for k, (x, y) in enumerate(ring, 1)]
    return "\n".join(lines) + "\n"


SQUARE = [(0, 0), (200, 0), (200, 200), (0, 200), (0, 0)]
HOLE = [(50, 50), (50, 150), (150, 150), (150, 50), (50, 50)]


@pytest.mark.parametrize(
    "datum, zone, prefix, epsg",
    [
        ("2000国家大地坐标系", "40", 40e6, 4528),
        ("2000国家大地坐标系", "40", 0, 4549),
        ("80国家大地坐标系", "40", 40e6, 2364),
    ],
)
@pytest.mark.parametrize("codec", ["gbk", "utf-8-sig"])
def test_boundary_points_of_a_survey_are_plots(
    tmp_path: Path, datum: str, zone: str, prefix: float, epsg: int, codec: str
) -> None:
    path = tmp_path / "勘测定界.txt"
    text = HEAD.format(datum=datum, zone=zone) + plot([SQUARE], prefix)
    path.write_text(text + plot([SQUARE, HOLE], prefix, "002"), encoding=codec)
    plots = cg.read_layer(path)
    assert plots.crs == epsg and plots["地块编号"].tolist() == ["001", "002"]
    assert plots["地块用途"].tolist() == ["光伏"] * 2
    meant = Polygon(SQUARE, [HOLE])
    for shape, area in zip(plots.geometry, (40_000, 30_000), strict=True):
        assert shape.area == pytest.approx(area)
    moved = np.subtract(plots.total_bounds, [prefix + E, N] * 2)
    assert moved == pytest.approx(meant.bounds)


def test_what_does_not_agree_in_a_survey_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "勘测定界.txt"
    head = HEAD.format(datum="2000国家大地坐标系", zone="39")
    path.write_text(head + plot([SQUARE], 40e6), encoding="gbk")
    with pytest.warns(UserWarning) as said:
        assert cg.read_layer(path).crs is None
    texts = " ".join(str(each.message) for each in said)
    assert "带号=39" in texts and "zone 40" in texts
    path.write_text(head + plot([SQUARE], 40e6).replace("J3,1,", "J3,1,示例,"), encoding="gbk")
    with pytest.raises(ValueError, match=r"勘测定界\.txt, line 15: 'J3,1,示例"):
        cg.read_layer(path)


def test_a_plot_of_too_few_points_keeps_its_row(tmp_path: Path) -> None:
    path = tmp_path / "勘测定界.txt"
    head = HEAD.format(datum="2000国家大地坐标系", zone="40")
    path.write_text(head + plot([SQUARE[:2]], 40e6) + plot([SQUARE], 40e6, "002"), encoding="gbk")
    plots = cg.read_layer(path)
    assert plots.geometry.isna().tolist() == [True, False]
    assert plots["geometry_flag"].tolist() == ["第 1 圈的界址点不足 3 个", ""]
