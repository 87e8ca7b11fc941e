import json
import os
import stat
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaoyang_geo.crs import CRSError
from chaoyang_geo.layers import archive, describe_layer, layer_report, read_layer, write_layer
from chaoyang_geo.layers.coordinates import ZONES, angle, meridian_epsg, zone_epsg
from chaoyang_geo.layers.encoding import decide, decode_text
from chaoyang_geo.layers.fields import short_names
from chaoyang_geo.layers.meaning import COORDINATES, fold, map_columns, role_of, synonyms
from chaoyang_geo.layers.repair import repair
from chaoyang_geo.schema import COLUMNS, SchemaError

sys.path.insert(0, str(Path(__file__).parent))
from layer_files import DXF, KML, chinese_shapefile, dbf_bytes, shapefile, zip_of

QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def quiet(path, **options):
    """Read without the warnings, which other tests look at."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return read_layer(path, **options)


def write_quiet(layer, path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return write_layer(layer, path, **options)


def step(layer, name):
    report = layer_report(layer)
    return " ".join(report.loc[report["step"] == name, "detail"])


# ---------------------------------------------------------------- encodings


@pytest.mark.parametrize("codec", ["gbk", "gb18030", "utf-8"])
@pytest.mark.parametrize("cpg", [None, "UTF-8", "GBK", "936", "ISO-8859-1", "nonsense"])
def test_the_bytes_decide_the_encoding_whatever_the_cpg_says(tmp_path, codec, cpg):
    path = chinese_shapefile(tmp_path / "断面.shp", codec, cpg=cpg)
    layer = quiet(path)
    assert layer["section_name"].tolist() == ["章吉营", "南大桥", "ASCII only"]
    assert layer["备注"].tolist()[2] == "喀喇沁左翼蒙古族自治县"
    assert (layer["text_flag"] == "").all()
    assert layer.crs.to_epsg() == 4490


def test_a_wrong_cpg_is_said(tmp_path):
    path = chinese_shapefile(tmp_path / "a.shp", "gbk", cpg="UTF-8")
    with pytest.warns(UserWarning, match=r"a\.shp: the \.cpg says UTF-8, but the bytes are GBK"):
        layer = read_layer(path)
    assert "与字节不符" in step(layer, "编码")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_layer(chinese_shapefile(tmp_path / "b.shp", "gbk", cpg="936"))
        read_layer(chinese_shapefile(tmp_path / "c.shp", "gbk"))


def test_geopandas_loses_what_this_library_keeps(tmp_path):
    """Why there is a reader of our own: GeoPandas cannot reread its own shapefile, nor GBK."""
    layer = gpd.GeoDataFrame(
        {"生态保护红线类型": ["水源涵养"]}, geometry=[shapely.Point(120, 41)], crs=4490
    )
    theirs = tmp_path / "theirs.shp"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layer.to_file(theirs)
    with pytest.raises(UnicodeDecodeError):
        gpd.read_file(theirs)
    assert quiet(theirs).columns[0] == "生态保"  # the cut character is left out
    assert quiet(theirs).iloc[0, 0] == "水源涵养"
    fields = describe_layer(theirs).fields
    assert fields.loc[0, "field_flag"] == "字段名末尾被截断"
    ours = write_layer(layer, tmp_path / "ours.shp")
    assert read_layer(ours).columns[0] == "生态保护红线类型"
    gbk = chinese_shapefile(tmp_path / "gbk.shp", "gbk")
    assert "断面名称" not in gpd.read_file(gbk).columns
    assert "section_name" in read_layer(gbk)


def test_a_name_that_was_cut_is_understood_where_only_one_word_begins_so(tmp_path):
    names = ("控制单元编码", "备注")
    layer = quiet(chinese_shapefile(tmp_path / "a.shp", "gbk", names=names))
    assert layer.columns[:2].tolist() == ["unit_code", "备注"]  # 控制单元编 in the file
    # 行政区划代 could be many things, and is left
    assert map_columns(["控制单元"], None, where="x", cut_bytes=[8])[0].name == "unit_name"


def test_a_text_in_another_encoding_than_the_rest_is_read_and_flagged(tmp_path):
    rows = [[name.encode("gbk")] for name in ("章吉营", "南大桥", "王家窝棚", "大凌河上游")]
    rows.append(["朝阳市".encode()])
    layer = quiet(shapefile(tmp_path / "mixed.shp", [("断面名称".encode("gbk"), 40)], rows))
    assert layer["section_name"].tolist()[-1] == "朝阳市"
    assert layer["text_flag"].tolist() == [""] * 4 + ["断面名称：文字编码与文件不同（按 UTF-8 读）"]


def test_a_text_cut_in_the_middle_of_a_character_is_flagged(tmp_path):
    rows = [["大凌河干流".encode("gbk")], ["章吉营".encode("gbk")]]
    layer = quiet(shapefile(tmp_path / "cut.shp", [(b"name", 9)], rows))
    assert layer["name"].tolist() == ["大凌河干", "章吉营"]
    assert layer["text_flag"].tolist() == ["name：文字末尾被截断", ""]


def test_encoding_is_the_callers_word(tmp_path):
    path = chinese_shapefile(tmp_path / "a.shp", "gbk")
    path.with_suffix(".dbf").write_bytes(
        dbf_bytes([(b"NAME", 40)], [["遼寧朝陽".encode("big5")]] * 3)
    )
    assert quiet(path, encoding="Big5")["NAME"].tolist() == ["遼寧朝陽"] * 3
    with pytest.raises(ValueError, match="encoding='klingon' is not known"):
        read_layer(path, encoding="klingon")


def test_the_evidence_is_in_the_description(tmp_path):
    path = chinese_shapefile(tmp_path / "a.shp", "gbk", cpg="UTF-8")
    found = describe_layer(path)
    row = found.layers.iloc[0]
    assert (row["encoding"], row["encoding_sure"]) == ("GBK", "确定")
    assert "按 UTF-8 0 个合法" in row["encoding_evidence"]
    assert (row["n_rows"], row["n_fields"], row["geometry_kinds"]) == (3, 2, "点 3")
    assert (row["crs"], row["layer_kind"]) == ("EPSG:4490", "shapefile")
    assert found.fields[["field", "column", "how"]].values.tolist() == [
        ["断面名称", "section_name", "按含义"],
        ["备注", "备注", ""],
    ]


@pytest.mark.parametrize("text", ["ᠮᠣᠩᠭᠣᠯ", "བོད་ཡིག", "조선어"])
def test_other_scripts_in_utf8_are_believed_where_the_cpg_says_so(text):
    found = decide([text.encode()], stated="UTF-8")
    assert (found.codec, found.stated_wrong) == ("utf-8", False)


COMMON = [
    bytes([row, cell]).decode("gb2312") for row in range(0xB0, 0xD7) for cell in range(0xA1, 0xFF)
]
CHINESE = st.text(st.sampled_from(COMMON), min_size=2, max_size=12)


@QUICK
@given(st.lists(CHINESE, min_size=5, max_size=30), st.sampled_from(["gbk", "utf-8"]))
def test_five_common_texts_are_enough_to_tell_gbk_from_utf8(texts, codec):
    found = decide([text.encode(codec) for text in texts])
    assert found.name == {"gbk": "GBK", "utf-8": "UTF-8"}[codec]
    assert all(decode_text(text.encode(codec), found.codec) == (text, "") for text in texts)


# ---------------------------------------------------------------- round trips

NAMES = st.text(
    st.one_of(st.sampled_from(COMMON), st.sampled_from("abcXYZ_019（）")), min_size=1, max_size=12
).filter(
    lambda n: not role_of(n) and n not in COLUMNS and n.lower() not in ("geometry", "fid", "geom")
)
CELLS = st.one_of(
    st.none(),
    st.text(
        st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), min_size=1, max_size=40
    ).filter(lambda t: t == t.strip() and t),
)


@st.composite
def layers(draw):
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique_by=str.lower))
    n = draw(st.integers(1, 5))
    data = {}
    for name in names:
        kind = draw(st.sampled_from(["text", "int", "gaps", "float", "bool", "day", "time"]))
        if kind == "text":
            data[name] = pd.Series(draw(st.lists(CELLS, min_size=n, max_size=n)), dtype="str")
        elif kind == "int":
            data[name] = pd.Series(
                draw(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=n, max_size=n))
            )
        elif kind == "gaps":
            cells = st.lists(
                st.one_of(st.none(), st.integers(-(10**9), 10**9)), min_size=n, max_size=n
            )
            data[name] = pd.Series(draw(cells), dtype="Int64")
        elif kind == "float":
            cells = st.lists(
                st.integers(-(10**9), 10**9).map(lambda k: k / 1024), min_size=n, max_size=n
            )
            data[name] = pd.Series(draw(cells), dtype="float64")
        elif kind == "bool":
            data[name] = pd.Series(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
        else:
            days = draw(st.lists(st.integers(0, 40_000), min_size=n, max_size=n))
            times = pd.to_datetime(pd.Series(days), unit="D" if kind == "day" else "h")
            data[name] = times.astype("datetime64[us]")
    points = shapely.points(np.linspace(119, 121, n), np.linspace(41, 42, n))
    return gpd.GeoDataFrame(data, geometry=points, crs="EPSG:4490")


@QUICK
@given(layers())
@pytest.mark.parametrize("ending", [".shp", ".zip", ".gpkg", ".parquet"])
def test_what_is_written_is_read_back(tmp_path, ending, layer):
    before = layer.copy()
    path = write_quiet(layer, tmp_path / f"图层{ending}")
    pd.testing.assert_frame_equal(layer, before)  # the input is never changed
    read = read_layer(path)
    assert read.crs == layer.crs
    assert (read["geometry_flag"] == "").all() and (read["text_flag"] == "").all()
    back = read.drop(columns=["geometry_flag", "text_flag"])
    if ending == ".gpkg":  # it does not know whether integers without gaps might have had some
        whole = [
            name
            for name in layer.columns
            if str(layer[name].dtype) == "Int64" and layer[name].notna().all()
        ]
        layer = layer.astype(dict.fromkeys(whole, "int64"))
    pd.testing.assert_frame_equal(pd.DataFrame(back), pd.DataFrame(layer), check_like=True)
    again = read_layer(write_quiet(read, tmp_path / f"again{ending}"))
    pd.testing.assert_frame_equal(again, read)


@QUICK
@given(
    st.lists(
        st.text(st.sampled_from([*COMMON[:300], *"_aB1"]), min_size=1, max_size=9),
        max_size=60,
        unique=True,
    ),
    st.sampled_from(["gbk", "gb18030", "utf-8"]),
)
def test_short_names_are_whole_unique_and_begin_like_the_full_ones(names, codec):
    short = short_names(names, codec)
    assert len({name.lower() for name in short}) == len(names)
    for name, cut in zip(names, short, strict=True):
        assert len(cut.encode(codec)) <= 10
        assert cut == name or name.startswith(cut.rsplit("_", 1)[0]) or name.startswith(cut)


def test_a_shapefile_says_what_it_cannot_hold(tmp_path):
    layer = gpd.GeoDataFrame(
        {
            "长文": ["长" * 200, "短"],
            "时间": pd.to_datetime(["2025-01-01 08:30", "2025-01-02"], format="ISO8601"),
            "大数": [2**62, 1],
            "小数": [1e-20, 0.5],
        },
        geometry=[shapely.Point(120, 41), shapely.Point()],
        crs=4490,
    )
    with pytest.warns(UserWarning) as caught:
        path = write_layer(layer, tmp_path / "a.shp")
    said = "\n".join(str(w.message) for w in caught)
    for words in ("长文: 1 texts of more than 254 bytes are cut", "时间: times are written as text",
                  "大数: large integers are written as text", "小数: a field holds 15 decimals, which",
                  "1 empty geometries are written as missing"):  # fmt: skip
        assert words in said
    assert all(w.filename == __file__ for w in caught)
    back = read_layer(path)
    assert back["长文"].tolist() == ["长" * 127, "短"]
    assert back["时间"].equals(layer["时间"].astype("datetime64[us]"))
    assert back["大数"].tolist() == [2**62, 1]
    assert back["geometry_flag"].tolist() == ["", "无几何"]
    table = pd.read_csv(tmp_path / "a.fields.csv", encoding="utf-8-sig", keep_default_na=False)
    assert table["完整名称"].tolist() == ["长文", "时间", "大数", "小数"]
    assert table["编码"].unique().tolist() == ["GBK"]
    assert "时间写作文字" in table.to_string()


def test_the_encoding_follows_the_texts_or_the_caller(tmp_path):
    def layer(text):
        return gpd.GeoDataFrame({"名称": [text]}, geometry=[shapely.Point(120, 41)], crs=4490)

    path = write_layer(layer("章吉营"), tmp_path / "a.shp")
    assert path.with_suffix(".cpg").read_text() == "936"
    assert path.with_suffix(".dbf").read_bytes()[29] == 0x4D
    path = write_layer(layer("𬭼"), tmp_path / "b.shp")
    assert path.with_suffix(".cpg").read_text() == "UTF-8"
    path = write_layer(layer("𬭼"), tmp_path / "c.shp", encoding="GB18030")
    assert read_layer(path)["名称"].tolist() == ["𬭼"]
    with pytest.raises(
        ValueError, match=r"d\.shp: row 1 of 名称 holds '𬭼' \(U\+2CB7C\), which GBK"
    ):
        write_layer(layer("𬭼"), tmp_path / "d.shp", encoding="GBK")
    assert not (tmp_path / "d.shp").exists()
    with pytest.raises(ValueError, match="encoding='Big5' is not an option"):
        write_layer(layer("x"), tmp_path / "e.shp", encoding="Big5")


def test_other_programs_read_the_shapefile_without_being_told(tmp_path):
    layer = gpd.GeoDataFrame({"断面名称": ["章吉营"]}, geometry=[shapely.Point(120, 41)], crs=4490)
    for encoding in ("GBK", "GB18030", "UTF-8"):
        path = write_layer(layer, tmp_path / "a.shp", encoding=encoding)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = gpd.read_file(path)
        assert theirs.iloc[0, 0] == "章吉营" or encoding != "UTF-8"


@pytest.mark.parametrize("ending", [".gpkg", ".gdb", ".geojson", ".kml", ".fgb", ".parquet"])
def test_rows_keep_their_order_in_every_kind_of_file(tmp_path, ending):
    xy = np.random.default_rng(1).uniform((119, 41), (121, 42), (50, 2))
    layer = gpd.GeoDataFrame({"n": range(50)}, geometry=shapely.points(xy), crs=4490)
    back = quiet(write_quiet(layer, tmp_path / f"a{ending}"))
    assert back["n"].astype(int).tolist() == list(range(50))


@pytest.mark.parametrize(
    "ending", [".gpkg", ".gdb", ".geojson", ".kml", ".fgb", ".parquet", ".shp"]
)
def test_rows_without_geometry_stay_in_every_kind_of_file(tmp_path, ending):
    layer = gpd.GeoDataFrame(
        {
            "名称": ["甲", "乙", "丙"],
            "t": pd.to_datetime(["2025-01-01 08:30", None, "2025-01-02 00:00"]),
            "n": pd.array([1, None, 3], dtype="Int64"),
        },
        geometry=[shapely.Point(120, 41), None, shapely.Point(121, 42)],
        crs=4490,
    )
    back = quiet(write_quiet(layer, tmp_path / f"a{ending}"))
    assert sorted(back["名称"]) == sorted(layer["名称"])
    back = back.set_index("名称").loc[layer["名称"]]
    assert back["geometry_flag"].tolist() == ["", "无几何", ""]
    assert back["n"].fillna(-1).tolist() == [1, -1, 3]
    if ending != ".kml":
        assert back["t"].tolist() == layer["t"].tolist()
    assert shapely.equals_exact(
        back.geometry.iloc[[0, 2]], layer.geometry.iloc[[0, 2]].to_numpy(), 1e-9
    ).all()


@pytest.mark.parametrize(
    "ending", [".gpkg", ".gdb", ".geojson", ".fgb", ".parquet", ".shp", ".zip"]
)
def test_empty_in_empty_out(tmp_path, ending):
    layer = gpd.GeoDataFrame(
        {"名称": pd.Series([], dtype="str"), "n": pd.Series([], dtype="int64")},
        geometry=[],
        crs=4490,
    )
    back = quiet(write_quiet(layer, tmp_path / f"a{ending}"))
    assert len(back) == 0
    assert {"geometry_flag", "text_flag", "geometry"} <= set(back.columns)
    if ending in (".gpkg", ".gdb", ".fgb", ".parquet", ".shp", ".zip"):
        assert str(back["n"].dtype) in ("int64", "Int64")
        assert back["名称"].dtype == "str"


def test_an_interrupted_write_leaves_the_old_files(tmp_path, monkeypatch):
    layer = gpd.GeoDataFrame({"名称": ["旧"]}, geometry=[shapely.Point(120, 41)], crs=4490)
    path = write_layer(layer, tmp_path / "a.shp")
    (tmp_path / "a.sbn").write_bytes(b"index")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    real = os.replace

    def broken(source, target):
        if (
            Path(target) == path
            and source.name == path.name
            and source.parent.name.startswith(".a-")
        ):
            raise OSError("disk full")
        real(source, target)

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OSError, match="disk full"):
        write_layer(layer.assign(名称="新"), path)
    monkeypatch.undo()
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    write_layer(layer.assign(名称="新"), path)
    assert read_layer(path)["名称"].tolist() == ["新"]
    assert not (tmp_path / "a.sbn").exists()  # an index of the old layer would lie
    assert all(not p.name.startswith(".") for p in tmp_path.iterdir())


def test_other_layers_of_a_geopackage_stay(tmp_path):
    layer = gpd.GeoDataFrame({"名称": ["甲"]}, geometry=[shapely.Point(120, 41)], crs=4490)
    path = write_layer(layer, tmp_path / "a.gpkg", layer_name="断面")
    write_layer(layer.assign(名称="乙"), path, layer_name="单元")
    write_layer(layer.assign(名称="丙"), path, layer_name="断面")
    with pytest.raises(ValueError, match=r"there are 2 layers: .*断面.*say which: layer="):
        read_layer(path)
    assert read_layer(path, layer="单元")["名称"].tolist() == ["乙"]
    assert read_layer(path, layer="断面")["名称"].tolist() == ["丙"]
    assert describe_layer(path).layers["layer_name"].tolist() == ["单元", "断面"]
    with pytest.raises(ValueError, match="layer='水库' is not in it; it has:"):
        read_layer(path, layer="水库")


def test_what_cannot_be_one_shapefile_is_refused(tmp_path):
    both = gpd.GeoDataFrame(geometry=[shapely.Point(0, 0), shapely.box(0, 0, 1, 1)], crs=4549)
    with pytest.raises(
        ValueError,
        match=r"holds one kind of geometry, the layer has 1 点 \(first: row 1\), 1 面 \(first: row 2\)",
    ):
        write_layer(both, tmp_path / "a.shp")
    with pytest.raises(ValueError, match="the ending of path='.docx' is not an option"):
        write_layer(both, tmp_path / "a.docx")
    with pytest.raises(SchemaError, match="differ in case only"):
        write_layer(both.assign(A=1, a=2), tmp_path / "a.gpkg")
    with pytest.raises(CRSError, match="set_crs"):
        write_layer(both.set_crs(None, allow_override=True), tmp_path / "a.geojson")
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- geometry

BOW = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
SQUARE = shapely.box(10, 0, 11, 1)
FLAT = shapely.Polygon([(0, 0), (1, 1), (2, 2), (0, 0)])


def test_invalid_polygons_are_repaired_and_said(tmp_path):
    layer = gpd.GeoDataFrame(
        {"k": range(5)}, geometry=[BOW, SQUARE, None, shapely.Polygon(), FLAT], crs=4549
    )
    path = tmp_path / "a.gpkg"
    layer.to_file(path)
    mended = quiet(path)
    assert mended["geometry_flag"].tolist() == [
        "自相交（1, 1 附近），已修复（2 部分）",
        "",
        "无几何",
        "几何为空",
        "自相交（1, 1 附近），无法修复：没有面积",
    ]
    assert mended.geometry[0].is_valid and mended.geometry[0].area == 2
    assert mended.geometry[1].equals(SQUARE)
    report = layer_report(mended)
    assert report.loc[report["detail"] == "自相交，已修复", "n_rows"].tolist() == [1]
    left = quiet(path, repair=False)
    assert left["geometry_flag"][0] == "自相交（1, 1 附近），未修复"
    assert not left.geometry[0].is_valid
    assert describe_layer(path).layers.loc[0, "n_invalid"] == 2


@QUICK
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=9))
def test_whatever_is_repaired_is_valid_and_valid_stays(tmp_path, points):
    shape = shapely.Polygon(points)
    (mended, other), flags = repair(np.array([shape, SQUARE]), mend=True)
    assert other is SQUARE and flags[1] == ""
    if shape.is_valid:
        assert mended is shape and flags[0] == ""
    elif "已修复" in flags[0]:
        assert mended.is_valid and mended.area > 0
        assert mended.geom_type in ("Polygon", "MultiPolygon")
        # a repair moves nothing: it stays within the hull
        assert shapely.convex_hull(shape).buffer(1e-9).contains(mended)
    else:
        assert "无法修复" in flags[0] and mended is shape


def test_a_stranger_among_polygons_is_flagged(tmp_path):
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame(geometry=[SQUARE, BOW, shapely.Point(0, 0)], crs=4549).to_file(path)
    assert quiet(path)["geometry_flag"][2] == "类型为点，图层多为面"


def test_flags_of_an_earlier_reading_are_kept_once(tmp_path):
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame(geometry=[BOW, None], crs=4549).to_file(path)
    first = quiet(path)
    second = quiet(write_layer(first, tmp_path / "b.gpkg"))
    assert second["geometry_flag"].tolist() == first["geometry_flag"].tolist()
    assert second.columns.tolist() == first.columns.tolist()


# ---------------------------------------------------------------- names by meaning


def test_columns_are_named_by_meaning_and_the_caller_decides(tmp_path):
    layer = gpd.GeoDataFrame(
        {
            "断面名称": ["章吉营"],
            "监测断面": ["甲"],
            "断面编码": [211300001],
            "备注": ["x"],
            "面积(km²)": [1.5],
        },
        geometry=[shapely.Point(120, 41)],
        crs=4490,
    )
    path = tmp_path / "a.gpkg"
    layer.to_file(path)
    read = read_layer(path)
    assert read.columns[:5].tolist() == [
        "section_name",
        "监测断面",
        "section_code",
        "备注",
        "area_km2",
    ]
    assert read["section_code"].tolist() == ["211300001"]  # codes are text
    assert "断面名称→section_name" in step(read, "列名")
    named = read_layer(
        path, columns={"监测断面": "section_name", "断面名称": "老名称", "备注": "ignore"}
    )
    assert named.columns[:4].tolist() == ["老名称", "section_name", "section_code", "area_km2"]
    with pytest.warns(
        UserWarning, match=r"columns= names headers that the layer has not: 没有; it has: 断面名称"
    ):
        read_layer(path, columns={"没有": "section_name"})
    with pytest.raises(SchemaError, match="gives the name section_name to more than one column"):
        read_layer(path, columns={"监测断面": "section_name", "断面名称": "section_name"})


def test_every_synonym_names_a_column_of_the_vocabulary_and_none_two():
    table = Path(archive.__file__).with_name("synonyms.csv").read_text(encoding="utf-8")
    rows = (line.split(",", 1)[1] for line in table.splitlines()[1:])
    words = [word for row in rows for word in row.strip('"').split(";")]
    folded = [fold(word) for word in words]
    assert len(set(folded)) == len(folded), [w for w in folded if folded.count(w) > 1]
    strangers = set(synonyms().values()) - set(COLUMNS) - set(COORDINATES)
    assert strangers <= {"zone_code", "zone_name", "outfall_code", "outfall_name"}


# ---------------------------------------------------------------- other kinds of file


def test_dxf_text_and_layers_in_gbk(tmp_path):
    for page, codec in (("ANSI_936", "gbk"), ("ANSI_1252", "gbk"), ("ANSI_936", "utf-8")):
        path = tmp_path / "a.dxf"
        path.write_bytes(DXF.format(page=page).encode(codec))
        with pytest.warns(UserWarning, match=r'metres of zone 40: crs="EPSG:4528"'):
            layer = read_layer(path)
        assert layer["Layer"].tolist() == ["控制单元界线", "注记"]
        assert layer["Text"].dropna().tolist() == ["章吉营断面"]
        assert layer.crs is None
        assert layer["geometry_flag"].str.contains("类型为").sum() == 1
    assert read_layer(path, crs="EPSG:4528").crs.to_epsg() == 4528
    assert pyogrio.get_gdal_config_option("DXF_ENCODING") is None


@pytest.mark.parametrize(
    ("encoding", "codec"), [("UTF-8", "utf-8"), ("GB2312", "gbk"), ("UTF-8", "gbk")]
)
def test_kml_in_any_encoding(tmp_path, encoding, codec):
    path = tmp_path / "a.kml"
    path.write_bytes(KML.format(encoding=encoding).encode(codec))
    layer = read_layer(path)
    assert layer["Name"].tolist() == ["章吉营"]
    assert layer["water_body"].tolist() == ["大凌河"]
    assert layer.crs.to_epsg() == 4326
    assert layer.geometry[0].equals(shapely.Point(120.46, 41.57))
    assert set(layer.columns) == {"Name", "water_body", "geometry_flag", "text_flag", "geometry"}


def test_geojson_in_gbk_and_with_nested_values(tmp_path):
    features = [
        {"type": "Feature", "properties": {"名称": "章吉营", "列": ["甲", "乙"], "表": {"a": 1}},
         "geometry": {"type": "Point", "coordinates": [120.46, 41.57]}}
    ]  # fmt: skip
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    for codec in ("utf-8", "gbk", "utf-8-sig"):
        (tmp_path / "a.geojson").write_bytes(text.encode(codec))
        layer = read_layer(tmp_path / "a.geojson")
        assert layer["名称"].tolist() == ["章吉营"]
        assert "甲" in layer["列"][0]


def test_a_file_of_other_content_than_its_ending_is_refused(tmp_path):
    for name in ("a.shp", "a.gpkg", "a.parquet", "a.kml", "a.geojson", "a.fgb"):
        path = tmp_path / name
        path.write_text("<OGRVRTDataSource><OGRVRTLayer/></OGRVRTDataSource>"[1:])
        with pytest.raises(ValueError, match=f"{name}: .*does not begin as a"):
            read_layer(path)
    with pytest.raises(FileNotFoundError, match=r"missing\.shp: there is no such file.*a\.gpkg"):
        read_layer(tmp_path / "missing.shp")
    (tmp_path / "a.dbf").write_bytes(b"")
    with pytest.raises(ValueError, match=r"It belongs to a shapefile: give a\.shp"):
        read_layer(tmp_path / "a.dbf")
    kml = tmp_path / "bomb.kml"
    kml.write_text('<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "b">]><kml/>')
    with pytest.raises(ValueError, match="declares entities"):
        read_layer(kml)


def test_a_shapefile_without_its_index_or_table(tmp_path):
    path = chinese_shapefile(tmp_path / "a.shp", "gbk")
    path.with_suffix(".dbf").unlink()
    layer = quiet(path)
    assert len(layer) == 3 and "只有几何" in step(layer, "读取")
    path.with_suffix(".shx").unlink()
    with pytest.raises(ValueError, match=r"the index a\.shx is not beside it"):
        read_layer(path)


def test_a_shapefile_that_was_cut_short_or_mixed_up_is_said(tmp_path):
    path = chinese_shapefile(tmp_path / "a.shp", "gbk")
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    with pytest.warns(
        UserWarning, match=r"the \.shp says 184 bytes and has 154, so it was cut short"
    ):
        layer = read_layer(path)
    assert layer["geometry_flag"].tolist()[-1] == "无几何"
    path.write_bytes(whole)
    path.with_suffix(".dbf").write_bytes(dbf_bytes([(b"A", 2)], [[b"1"], [b"2"]]))
    with pytest.warns(UserWarning, match=r"the \.shx has 3 shapes and the \.dbf 2 rows"):
        read_layer(path)


def test_measures_are_said_to_be_lost_and_heights_kept(tmp_path):
    lines = shapely.from_wkt(
        ["LINESTRING ZM (120 41 5 1, 121 42 6 2)", "LINESTRING Z (0 0 1, 1 1 2)"]
    )
    layer = gpd.GeoDataFrame({"a": [1, 2]}, geometry=lines, crs=4490)
    for ending in (".shp", ".gpkg"):
        with pytest.warns(UserWarning, match=r"measures \(M\) of 1 geometries are not written"):
            path = write_layer(layer, tmp_path / f"a{ending}")
        assert read_layer(path).geometry.iloc[0].wkt == "LINESTRING Z (120 41 5, 121 42 6)"


def test_a_layer_without_columns_and_one_with_nan_coordinates(tmp_path):
    bare = gpd.GeoDataFrame(geometry=[shapely.Point(120, 41)], crs=4490)
    assert read_layer(write_layer(bare, tmp_path / "a.shp")).columns.tolist() == [
        "geometry_flag", "text_flag", "geometry",
    ]  # fmt: skip
    with np.errstate(invalid="ignore"):
        line = shapely.LineString([(120, 41), (np.nan, 42), (121, 42)])
        path = write_layer(gpd.GeoDataFrame(geometry=[line], crs=4490), tmp_path / "a.gpkg")
    assert quiet(path)["geometry_flag"].tolist() == ["坐标不是有限数，未修复"]


def test_names_of_kml_data_stay_what_they_are(tmp_path):
    """The engine makes underscores of Chinese names, so that two become one."""
    data = "".join(
        f'<Data name="{name}"><value>{k}</value></Data>'
        for k, name in enumerate(("甲甲", "乙乙", "a b"))
    )
    text = KML.format(encoding="UTF-8").replace(
        '<Data name="所在水体"><value>大凌河</value></Data>', data
    )
    (tmp_path / "a.kml").write_text(text, encoding="utf-8")
    layer = read_layer(tmp_path / "a.kml")
    assert layer[["甲甲", "乙乙", "a b"]].iloc[0].tolist() == ["0", "1", "2"]
    zip_of(tmp_path / "b.kmz", {"doc.kml": text.encode(), "files/icon.png": b"x"})
    assert read_layer(tmp_path / "b.kmz").equals(layer)


def test_a_folder_of_shapefiles(tmp_path):
    chinese_shapefile(tmp_path / "甲.shp", "gbk")
    chinese_shapefile(tmp_path / "乙.shp", "utf-8")
    (tmp_path / "readme.txt").write_text("x")
    assert describe_layer(tmp_path).layers["layer_name"].tolist() == ["乙", "甲"]
    assert len(quiet(tmp_path, layer="甲")) == 3


# ---------------------------------------------------------------- archives


def members(path):
    return {p.name: p.read_bytes() for p in path.parent.iterdir() if p.stem == path.stem}


@pytest.mark.parametrize("codec", ["gbk", "utf-8"])
def test_a_zipped_shapefile_with_chinese_names(tmp_path, codec):
    inside = tmp_path / "in"
    inside.mkdir()
    path = chinese_shapefile(inside / "控制断面图层.shp", "gbk")
    data = {f"数据文件夹/{name}": content for name, content in members(path).items()}
    archive_path = zip_of(tmp_path / "a.zip", data, name_codec=codec)
    layer = quiet(archive_path)
    assert layer["section_name"].tolist()[0] == "章吉营"
    assert step(layer, "文件") == "a.zip/数据文件夹/控制断面图层.shp"


def refuse(tmp_path, match, fill):
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        fill(out)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match=match):
        read_layer(path)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "name", ["../evil.shp", "/etc/evil.shp", "a/../../evil.shp", "..\\evil.shp", "C:\\evil.shp"]
)
def test_zip_slip_is_refused(tmp_path, name):
    refuse(tmp_path, "outside its folder .zip slip.", lambda out: out.writestr(name, b"x"))


def test_links_bombs_and_archives_in_archives_are_refused(tmp_path, monkeypatch):
    def link(out):
        info = zipfile.ZipInfo("a.shp")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        out.writestr(info, "/etc/passwd")

    refuse(tmp_path, "is a symbolic link", link)
    refuse(tmp_path, "an archive inside the archive", lambda out: out.writestr("in/b.zip", b"PK"))
    refuse(tmp_path, "holds no layer", lambda out: out.writestr("readme.md", b"x"))
    refuse(tmp_path, "as a zip bomb does", lambda out: out.writestr("a.dbf", b"\0" * (65 << 20)))
    monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", 1000)
    refuse(
        tmp_path, "takes more than 1,000 bytes", lambda out: out.writestr("a.dbf", os.urandom(1001))
    )
    monkeypatch.setattr(archive, "MAX_MEMBERS", 2)
    refuse(
        tmp_path,
        "holds 3 members, more than 2",
        lambda out: [out.writestr(f"{k}.shp", b"") for k in range(3)],
    )
    (tmp_path / "c.zip").write_bytes(b"PK\3\4 not a zip")
    with pytest.raises(ValueError, match="no readable zip file"):
        read_layer(tmp_path / "c.zip")


def test_a_member_that_lies_about_its_size_does_not_get_through(tmp_path):
    path = tmp_path / "lie.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("a.dbf", b"\0" * (1 << 20))
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\1\2")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")  # the directory says ten bytes
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"lie\.zip: .*cannot be unpacked"):
        read_layer(path)


# ---------------------------------------------------------------- tables with coordinates


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("120°27′30″", 120 + 27 / 60 + 30 / 3600), ("120 27 30", 120.458333333333), ("120.4583E", 120.4583),
        ("E120°27'30\"", 120.458333333333), ("东经120度27分30秒", 120.458333333333), ("120:27:30", 120.458333333333),
        ("１２０°２７′３０″", 120.458333333333), ("120°27.5′", 120.458333333333), ("120.27.30", 120.458333333333),
        ("120-27-30", 120.458333333333), ("120°27’30”", 120.458333333333), ("120º27´30.00´´", 120.458333333333),
        ("120.4583°", 120.4583), ("W120.5", -120.5), (" 120.4583 ", 120.4583), ("120度27分", 120.45),
    ],
)  # fmt: skip
def test_degrees_are_read_in_every_way_of_writing(text, degrees):
    value, flag = angle(text, "longitude")
    assert flag == "" and value == pytest.approx(degrees, abs=1e-9)


@pytest.mark.parametrize("text", ["120°75′", "约120度", "1202730", "41N", "120°27′75″", "一百二十"])
def test_degrees_that_cannot_be_are_flagged_and_not_guessed(text):
    value, flag = angle(text, "longitude")
    assert np.isnan(value) and text in flag


@QUICK
@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 5999))
def test_degrees_minutes_seconds_go_back_and_forth(d, m, hundredths):
    s = hundredths / 100
    value, flag = angle(f"{d}°{m}′{s}″", "longitude")
    assert flag == "" and round(value * 360_000) == d * 360_000 + m * 6000 + hundredths


def table(tmp_path, text, name="a.csv", codec="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(codec))
    return path


def test_survey_coordinates_point_north_with_x_and_it_is_said(tmp_path):
    path = table(tmp_path, "点名,X,Y\n甲,4604123.5,40538412.25\n乙,4604200,40538500\n", codec="gbk")
    with pytest.warns(UserWarning) as caught:
        layer = read_layer(path)
    said = " ".join(str(w.message) for w in caught)
    assert (
        "X was read as northing and Y as easting, as in Chinese surveying, where X points north"
        in said
    )
    assert (
        "begin with zone 40 (3-degree), so the layer is in EPSG:4528" in said
        and "CGCS2000 was taken" in said
    )
    assert layer.crs.to_epsg() == 4528
    assert layer.geometry[0].equals(shapely.Point(40538412.25, 4604123.5))
    # said by the caller, nothing is left to be said
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = read_layer(path, columns={"X": "north_m", "Y": "east_m"}, crs="EPSG:4528")
    assert again.geometry.equals(layer.geometry)
    assert {"X", "Y"} <= set(layer.columns)


def test_the_same_place_in_every_way_of_writing(tmp_path):
    """One place, nine tables: an independent route through pyproj."""
    lon, lat = 120.45833333, 41.57
    east, north = pyproj.Transformer.from_crs(4490, 4549, always_xy=True).transform(lon, lat)
    east6, north6 = pyproj.Transformer.from_crs(4490, 4499, always_xy=True).transform(lon, lat)
    tables = {
        "经度,纬度\n120.45833333,41.57\n": 4490,
        "东经,北纬\n120°27′30″,41°34′12″\n": 4490,
        "LON (WGS84);LAT (WGS84)\n120 27 30;41 34 12\n": 4326,
        "X,Y\n120.45833333,41.57\n": 4490,
        "X坐标\tY坐标\n41.57\t120.45833333\n": 4490,
        "坐标\n\"120°27′30″E,41°34′12″N\"\n": 4490,
        "经纬度\n\"41.57,120.45833333\"\n": 4490,
        f"中央子午线120度\n纵坐标,横坐标\n{north},{east}\n": 4549,
        f"横坐标,纵坐标\n{40e6 + east},{north}\n": 4528,
        f"X,Y\n{north6},{east6}\n": 4499,
    }  # fmt: skip
    for number, (text, epsg) in enumerate(tables.items()):
        layer = quiet(table(tmp_path, text, f"t{number}.csv"))
        assert layer.crs.to_epsg() == epsg, text
        assert (layer["geometry_flag"] == "").all(), text
        point = layer.to_crs(4490).geometry[0]
        assert abs(point.x - lon) < 1e-8 and abs(point.y - lat) < 1e-8, text


def test_degrees_minutes_and_seconds_in_three_columns_of_a_workbook(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "断面"
    for row in (
        ["朝阳市断面坐标表（CGCS2000）"],
        ["断面编码", "断面名称", "经度", None, None, "纬度", None, None],
        [None, None, "度", "分", "秒", "度", "分", "秒"],
        ["0211300001", "章吉营", 120, 27, 30, 41, 34, 12],
        [],
        ["0211300002", "南大桥", 120, 61, 0, 41, 34, 12],
        ["注：坐标为实测", None, None, None, None, None, None, None],
    ):
        sheet.append(row)
    sheet.merge_cells("C2:E2")
    book.create_sheet("说明").append(["没有坐标"])
    path = tmp_path / "a.xlsx"
    book.save(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer = read_layer(path)
    assert layer.crs.to_epsg() == 4490
    assert layer["section_code"].tolist()[:2] == ["0211300001", "0211300002"]
    assert shapely.distance(layer.geometry[0], shapely.Point(120.45833333, 41.57)) < 1e-7
    assert layer["geometry_flag"].tolist() == ["", "坐标“120°61'0”的分或秒不小于60", "无坐标"]
    assert "空行 1 行" in step(layer, "读取")


def test_doubtful_rows_stay_and_say_why(tmp_path):
    text = "名称,经度,纬度\n甲,120.4,41.5\n乙,41.5,120.4\n丙,,\n丁,0,0\n戊,12.4,41.5\n己,约120,41\n"
    layer = quiet(table(tmp_path, text))
    assert layer["geometry_flag"].tolist() == [
        "", "经纬度疑似颠倒，未定位", "无坐标", "坐标为0", "不在中国范围内", "坐标“约120”读不懂",
    ]  # fmt: skip
    assert layer.geometry.notna().tolist() == [True, False, False, False, True, False]
    assert layer["名称"].tolist() == list("甲乙丙丁戊己")


def test_columns_that_contradict_their_header_are_said(tmp_path):
    path = table(tmp_path, "名称,经度,纬度\n甲,41.5,120.4\n乙,41.6,120.5\n")
    with pytest.warns(
        UserWarning, match="经度 was read as latitude and 纬度 as longitude, against their headers"
    ):
        layer = read_layer(path, crs=4490)
    assert layer.geometry[0].equals(shapely.Point(120.4, 41.5))


def test_rows_of_another_zone_are_moved_and_said(tmp_path):
    move = pyproj.Transformer.from_crs(4490, 4527, always_xy=True)
    east, north = move.transform(118.6, 41.5)
    home = pyproj.Transformer.from_crs(4490, 4528, always_xy=True).transform(118.6, 41.5)
    text = f"X,Y\n4604123,40538412\n4604200,40538500\n{north!r},{east!r}\n"
    layer = quiet(table(tmp_path, text))
    assert layer["geometry_flag"].tolist() == ["", "", "原在39带，已换算到40带"]
    assert shapely.distance(layer.geometry[2], shapely.Point(home)) < 1e-4


def test_what_cannot_be_decided_is_refused_or_left_open(tmp_path):
    local = table(tmp_path, "点号,X,Y\n1,1234.5,567.8\n", "local.csv")
    with pytest.raises(
        ValueError, match=r"local\.csv: X \(1234.5 to 1234.5\) and Y .* axes cannot be told"
    ):
        read_layer(local)
    given = read_layer(local, columns={"X": "north_m", "Y": "east_m"}, crs="EPSG:4549")
    assert given.geometry[0].equals(shapely.Point(567.8, 1234.5))
    bare = table(tmp_path, "X,Y\n4604123,538412\n", "bare.csv")
    with pytest.warns(UserWarning) as caught:
        assert read_layer(bare).crs is None
    assert len(caught) == 2
    assert "no zone before them and no central meridian" in str(caught[-1].message)
    zoned = table(tmp_path, "X,Y\n4604123,40538412\n", "zoned.csv")
    with pytest.raises(
        CRSError, match=r'begin with zone 40, but crs=.EPSG:4549. .*crs="EPSG:4528"'
    ):
        quiet(zoned, crs="EPSG:4549")
    degrees = table(tmp_path, "经度,纬度\n120.4,41.5\n", "deg.csv")
    with pytest.raises(CRSError, match="the coordinates are degrees, but crs='EPSG:4549'"):
        read_layer(degrees, crs="EPSG:4549")
    with pytest.warns(UserWarning, match="they were taken for CGCS2000"):
        read_layer(degrees)
    mars = table(tmp_path, "高德经度,高德纬度\n120.4,41.5\n", "mars.csv")
    with pytest.warns(UserWarning, match="gcj02_to_cgcs2000"):
        assert read_layer(mars).crs is None
    none = table(tmp_path, "断面名称,备注\n章吉营,x\n", "none.csv")
    with pytest.raises(
        ValueError,
        match=r"none\.csv: no header names coordinates.*The first row reads: 断面名称, 备注",
    ):
        read_layer(none)


def test_codes_of_a_table_keep_their_zeros(tmp_path):
    text = "断面编码,编号,流量,经度,纬度\n0211300001,007,1.5,120.4,41.5\n0211300002,8,,120.5,41.6\n"
    layer = quiet(table(tmp_path, text))
    assert layer["section_code"].tolist() == ["0211300001", "0211300002"]
    assert layer["编号"].tolist() == ["007", "8"]
    assert layer["流量"].dtype == "float64"


def test_zones_are_those_of_the_registry():
    for datum, families in ZONES.items():
        for first, last, _ in families:
            for zone in (first, last):
                name = pyproj.CRS.from_epsg(zone_epsg(zone, datum)).name
                assert name.startswith(datum) and name.endswith(f"zone {zone}")
                assert ("3-degree" in name) == (first == 25)
    for datum in ZONES:
        for meridian in (75, 120, 135):
            name = pyproj.CRS.from_epsg(meridian_epsg(meridian, datum)).name
            assert name == f"{datum} / 3-degree Gauss-Kruger CM {meridian}E"


def test_a_crs_that_cannot_be_is_said(tmp_path):
    path = chinese_shapefile(tmp_path / "a.shp", "gbk")
    (tmp_path / "a.prj").write_text(pyproj.CRS(4549).to_wkt("WKT1_ESRI"))
    with pytest.warns(
        UserWarning, match='the CRS is in metres .* looks like degrees: crs="EPSG:4490"'
    ):
        read_layer(path)
    with pytest.warns(
        UserWarning, match="the file says CGCS2000.* was taken instead, without moving"
    ):
        assert read_layer(path, crs=4490).crs.to_epsg() == 4490
    (tmp_path / "a.prj").unlink()
    with pytest.warns(
        UserWarning, match="the layer has no CRS; its coordinates look like degrees in China"
    ):
        assert read_layer(path).crs is None


# ---------------------------------------------------------------- speed and lightness


def test_the_package_imports_no_heavy_library():
    heavy = ("numpy", "pandas", "shapely", "geopandas", "pyogrio", "pyproj")
    code = f"import sys, chaoyang_geo.layers; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_real_shapefiles_are_read_as_geopandas_reads_them(real):
    path = real / "rivers_taihu" / "hydrorivers_taihu_bbox.shp"
    ours, theirs = read_layer(path), gpd.read_file(path)
    assert ours.geometry.equals(theirs.geometry) and ours.crs == theirs.crs
    for name in theirs.columns.drop("geometry"):
        named = {"LENGTH_KM": "length_km", "HYRIV_ID": "reach_code", "NEXT_DOWN": "to_code"}
        column = ours[named.get(name, name)]
        assert column.astype(theirs[name].dtype).tolist() == theirs[name].tolist()


@pytest.mark.parametrize(
    ("header", "cut", "name"),
    [
        ("所属区县代码", None, "county_code"),
        ("所属区县代", [10], "county_code"),  # as a shapefile in GBK cuts it
        ("所在乡镇名", [10], "township_name"),
        ("所在乡镇名", None, "township_name"),  # as in a GeoPackage made from that shapefile
        ("控制单元的", None, "控制单元的"),
        ("所属单位", None, "所属单位"),
    ],
)
def test_a_column_of_what_a_row_belongs_to_is_understood(header, cut, name):
    assert map_columns([header], None, where="layer", cut_bytes=cut)[0].name == name


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("经度（高德）", "longitude"),
        ("纬度（百度坐标）", "latitude"),
        ("X（西安80坐标系）", "coord_x"),
        ("Y(1954北京)", "coord_y"),
        ("断面名称（2000）", ""),
    ],
)
def test_the_datum_in_a_header_does_not_hide_what_it_holds(header, role):
    assert role_of(header) == role


def test_the_datum_in_a_header_is_that_of_the_layer(tmp_path):
    path = tmp_path / "西安.csv"
    path.write_text("断面,X（西安80）,Y（西安80）\n甲,4604123.5,40538412.2\n", encoding="gbk")
    assert quiet(path).crs.to_epsg() == 2364  # Xian 1980, 3-degree zone 40
    path.write_text("断面,经度（高德）,纬度（高德）\n甲,120.46,41.5\n", encoding="gbk")
    with pytest.warns(UserWarning, match="GCJ-02, which is no CRS"):
        assert read_layer(path).crs is None


def test_flags_of_a_described_layer_are_chinese_and_warnings_english(tmp_path):
    path = tmp_path / "sections.csv"
    path.write_text("断面名称,X,Y\n章吉营,4604123.5,40538412.25\n", encoding="gbk")
    (flag,) = describe_layer(path).layers["layer_flag"]
    assert flag.split("；")[0] == "按我国测量惯例（X 指北）把 X 读作纵坐标、Y 读作横坐标"
    assert flag.split("；")[2].startswith("横坐标以带号 40（3度带）开头，图层按 EPSG:4528")
    with pytest.warns(UserWarning) as said:
        read_layer(path)
    assert all(str(one.message).isascii() for one in said)
    bare = tmp_path / "bare.shp"
    gpd.GeoDataFrame(geometry=[shapely.Point(120, 41)], crs=4490).to_file(bare)
    bare.with_suffix(".prj").unlink()
    (flag,) = describe_layer(bare).layers["layer_flag"]
    assert flag == '图层没有坐标系；坐标像是我国境内的经纬度：CGCS2000 用 crs="EPSG:4490"'
