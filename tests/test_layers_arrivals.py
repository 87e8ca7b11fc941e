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


def test_the_prj_of_old_arcinfo_is_understood(shapefile: Path) -> None:
    old = "Projection    UTM\nZone          51\nDatum         WGS84\nUnits         METERS\nParameters\n"
    shapefile.with_suffix(".prj").write_text(old)
    assert cg.read_layer(shapefile).crs == 32651


def test_a_local_system_is_read_where_endings_are_in_capitals(shapefile: Path) -> None:
    shapefile.with_suffix(".prj").write_text(WKT.replace(WKT.split('"')[1], "朝阳"), "gbk")
    for path in list(shapefile.parent.glob("红线.*")):
        path.rename(path.with_suffix(path.suffix.upper()))
    read = cg.read_layer(shapefile.with_suffix(".SHP"))
    assert read.crs.name == "朝阳" and read["名称"].tolist() == ["示例"]


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
        ("1980西安坐标系", "", 40e6, 2364),
        ("1954年北京坐标系", "40", 40e6, 2416),
        ("2000国家大地坐标系", "40带", 0, 4549),
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


def survey(path: Path, text: str, *, head: str | None = None, codec: str = "gbk") -> Path:
    head = HEAD.format(datum="2000国家大地坐标系", zone="40") if head is None else head
    path.write_text(head + text, encoding=codec)
    return path


def test_a_survey_file_is_known_behind_a_part_on_the_project_and_in_utf_16(tmp_path: Path) -> None:
    project = "[项目信息]\n" + "项目说明=示例\n" * 100
    head = project + HEAD.format(datum="2000国家大地坐标系", zone="40")
    path = survey(tmp_path / "a.txt", plot([SQUARE], 40e6), head=head, codec="utf-16")
    assert cg.read_layer(path).crs == 4528
    path = survey(tmp_path / "b.txt", plot([SQUARE], 40e6), head=head.replace("[地块坐标]\n", ""))
    assert cg.read_layer(path).area.tolist() == [40_000], "points below an attribute were lost"


def test_easting_first_is_told_by_size_and_said(tmp_path: Path) -> None:
    lines = [f"J{k},1,{40e6 + E + x},{N + y}" for k, (x, y) in enumerate(SQUARE, 1)]
    path = survey(tmp_path / "a.txt", "5,4.0,001,示例,面,,,,@\n" + "\n".join(lines))
    with pytest.warns(UserWarning, match="easting first"):
        plots = cg.read_layer(path)
    assert plots.crs == 4528
    assert plots.total_bounds.tolist() == [40e6 + E, N, 40e6 + E + 200, N + 200]


@pytest.mark.parametrize("row", ["{y},{x}", "{x},{y}"])
def test_degrees_in_a_survey_file(tmp_path: Path, row: str) -> None:
    places = [(120.4, 41.5), (120.5, 41.5), (120.5, 41.6)]
    lines = [f"J{k},1," + row.format(x=x, y=y) for k, (x, y) in enumerate(places, 1)]
    path = survey(tmp_path / "a.txt", "3,4.0,001,示例,面,,,,@\n" + "\n".join(lines))
    if row == "{x},{y}":
        with pytest.warns(UserWarning, match="easting first"):
            plots = cg.read_layer(path)
    else:
        plots = cg.read_layer(path)
    assert plots.crs == 4490 and plots.total_bounds.tolist() == [120.4, 41.5, 120.5, 41.6]


def test_more_fields_than_eight_and_marks_in_names_are_kept(tmp_path: Path) -> None:
    text = (
        plot([SQUARE], 40e6)
        .replace("示例地块", "示例，一期")
        .replace("1001,@", "1001,,一类,备注,@")
    )
    plots = cg.read_layer(survey(tmp_path / "a.txt", text + plot([SQUARE], 40e6, "002")))
    assert plots["地块名称"].tolist() == ["示例，一期", "示例地块"]
    assert plots["字段10"].tolist()[0] == "一类" and plots["字段11"].isna().tolist() == [
        False,
        True,
    ]


def test_lost_points_are_said_and_an_open_ring_is_closed(tmp_path: Path) -> None:
    whole = plot([SQUARE], 40e6)
    opened = "\n".join(whole.splitlines()[:-1]) + "\n"
    cut = "\n".join(whole.replace("001", "002").splitlines()[:-2]) + "\n"
    plots = cg.read_layer(survey(tmp_path / "a.txt", whole + opened + cut))
    assert plots["geometry_flag"].tolist() == [
        "", "", "写明 5 个界址点，实有 3 个，图形可能不全",
    ]  # fmt: skip
    assert plots.area.tolist() == [40_000, 40_000, 20_000]


def test_parts_that_bear_one_number_stay_apart_and_crossing_ones_are_said(tmp_path: Path) -> None:
    beside = [(x + 300, y) for x, y in SQUARE]
    across = [(x + 100, y) for x, y in SQUARE]
    text = plot([SQUARE, beside], 40e6).replace(",2,", ",1,")
    text += plot([SQUARE, across], 40e6, "002") + plot([SQUARE, SQUARE], 40e6, "003")
    plots = cg.read_layer(survey(tmp_path / "a.txt", text))
    assert plots.area.tolist() == [80_000, 60_000, 40_000], "what crosses must not vanish"
    assert plots.geom_type.tolist() == ["MultiPolygon", "Polygon", "Polygon"]
    said = "第 1、2 圈互相交叠，按各圈所围全部范围计"
    assert plots["geometry_flag"].tolist() == ["", said, said]


def test_a_point_that_is_no_number_is_named_and_a_file_without_points_is_empty(
    tmp_path: Path,
) -> None:
    path = survey(tmp_path / "a.txt", plot([SQUARE], 40e6).replace(f"{N + 200}", "nan", 1))
    with pytest.raises(ValueError, match=r"a\.txt, line 15: 'J3,1,nan"):
        cg.read_layer(path)
    with pytest.warns(UserWarning, match="there is no boundary point"):
        assert cg.read_layer(survey(path, "")).empty
