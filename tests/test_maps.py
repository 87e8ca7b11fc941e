"""Maps on paper: two units, one of them read; and the files they become."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import GeometryCollection, LineString, MultiPolygon, Point, box

from chaoyang_geo.crs import CRSError
from chaoyang_geo.maps import geometry, inline, style, viewer, words
from chaoyang_geo.maps.layers import MapLayers, map_layers
from chaoyang_geo.maps.model import Badge, Feature
from chaoyang_geo.maps.notebook import external_addresses, folium_map
from chaoyang_geo.maps.viewer import render_page, write_map
from chaoyang_geo.schema import CLASSES, SchemaError

sys.path.insert(0, str(Path(__file__).parent))

from paper_plan import PAYLOADS, assessments, items, paper_plan


def feature(layers: MapLayers, layer: str, key: str) -> Feature:
    """Find a feature by its layer and key."""
    found = layers.layer(layer)
    assert found is not None
    return next(one for one in found.features if one.key == key)


def rows(one: Feature) -> dict[str, object]:
    """Return the plain rows of a popup."""
    assert one.popup is not None
    return dict(one.popup.rows)


# ---- what is drawn ----


def test_unit_takes_the_class_of_its_section() -> None:
    layers = map_layers(paper_plan(), assessments(), items=items())
    unit = feature(layers, "units", "U1")
    assert unit.style == "unit-4"
    assert unit.label == ("甲", "Ⅳ类")
    assert unit.badge == Badge("Ⅳ类 · 轻度污染", "4")
    assert unit.summary == "总磷"


def test_unit_without_reading_is_never_class_one() -> None:
    layers = map_layers(paper_plan(), assessments())
    unit = feature(layers, "units", "U2")
    assert unit.style == "unit-none"
    assert unit.label == ("乙", "无监测数据")
    assert unit.popup is not None
    assert "没有数据不等于水质好" in unit.popup.paragraphs[0]
    assert layers.styles["unit-none"].hatch


def test_no_assessments_at_all() -> None:
    layers = map_layers(paper_plan())
    assert {one.style for one in layers.layer("units").features} == {"unit-none"}
    assert "未载入监测数据" in layers.subtitle


def test_unit_takes_the_worst_of_its_sections_and_says_so() -> None:
    both = pd.concat(
        [
            assessments(section_code="S2", section_name="乙断面", **{"class": "Ⅱ"}),
            assessments(section_code="S3", section_name="丙断面", **{"class": "劣Ⅴ"}),
        ]
    )
    layers = map_layers(paper_plan(), both)
    unit = feature(layers, "units", "U2")
    assert unit.style == "unit-6"
    assert "最差" in unit.popup.paragraphs[0]


def test_unit_with_one_of_two_sections_read_says_so() -> None:
    layers = map_layers(paper_plan(), assessments(section_code="S2", section_name="乙断面"))
    unit = feature(layers, "units", "U2")
    assert unit.style == "unit-4"
    assert unit.popup.paragraphs[0].startswith("2 个断面中只有 1 个有数据：丙断面没有数据")


def test_latest_time_is_shown_and_noted() -> None:
    early = assessments(time=pd.Timestamp("2025-09-01"), **{"class": "Ⅱ"})
    layers = map_layers(paper_plan(), pd.concat([assessments(), early]))
    assert feature(layers, "units", "U1").style == "unit-4"
    assert any("最近一次" in note for note in layers.notes)
    assert not any("最近一次" in note for note in map_layers(paper_plan(), assessments()).notes)


def test_later_time_without_class_is_told() -> None:
    late = assessments(time=pd.Timestamp("2025-11-01"), **{"class": None})
    unit = feature(map_layers(paper_plan(), pd.concat([assessments(), late])), "units", "U1")
    assert unit.style == "unit-4"
    assert any(part.startswith("2025-11-01 的监测") for part in unit.popup.paragraphs)


def test_read_section_without_class_is_not_called_unread() -> None:
    nothing = assessments(**{"class": None, "why_zh": "没有可评价的读数，不定类。"})
    section = feature(map_layers(paper_plan(), nothing), "sections", "S1")
    assert section.badge == Badge("未评类别", "none")
    assert "不定类" in section.popup.paragraphs[0]


def test_unknown_section_is_counted_and_named() -> None:
    stranger = assessments(section_code=None, section_name="外地断面")
    layers = map_layers(paper_plan(), pd.concat([assessments(), stranger]))
    assert any("1 行评价结果" in note and "外地断面" in note for note in layers.notes)


def test_section_without_position_is_named_not_drawn() -> None:
    layers = map_layers(paper_plan())
    assert [one.key for one in layers.layer("sections").features] == ["S1", "S2"]
    assert "断面丙断面无可用位置，未绘制。" in layers.notes


def test_notes_say_what_is_derived_and_assumed() -> None:
    text = " ".join(map_layers(paper_plan(), assessments()).notes)
    assert "非官方成果" in text
    assert "（Ⅲ类）为假定" in text
    assert "审图号：无" in text
    assert "合成" not in text


def test_synthetic_layers_are_named() -> None:
    plan = paper_plan()
    synthetic = plan.but(units=plan.units.assign(quality="synthetic"))
    assert any(
        "合成示例数据" in note and "控制单元" in note for note in map_layers(synthetic).notes
    )


def test_legend_counts_add_up() -> None:
    legend = map_layers(paper_plan(), assessments()).legends[0]
    assert [entry.counts[0] for entry in legend.entries] == [0, 0, 0, 1, 0, 0, 1]
    assert sum(entry.counts[1] for entry in legend.entries) == 3


def test_popup_tells_the_whole_reason() -> None:
    unit = feature(map_layers(paper_plan(), assessments(), items=items()), "units", "U1")
    shown = rows(unit)
    assert unit.popup.paragraphs == ("甲断面：总磷决定。",)
    assert shown["监测时间"] == "2025-10-08 08:00（北京时间）"
    assert shown["读数来源"] == "某站"
    assert shown["目标类别"] == "Ⅲ类（假定）；未达标"
    assert shown["超标倍数"] == "总磷 0.25 倍"
    assert shown["缺测指标"] == "氨氮"
    assert shown["规划工程"] == "1 项（按名称可落到本单元）"
    measured, members = unit.popup.tables
    assert measured.rows == (
        ("pH", "8.1", Badge("Ⅰ类", "1"), "6–9"),
        ("溶解氧", "8 mg/L", Badge("Ⅰ类", "1"), "≥ 7.5"),
        ("氨氮", "<0.025 mg/L", Badge("Ⅰ类", "1"), "≤ 0.15"),
        ("总磷", "0.25 mg/L", Badge("Ⅳ类", "4"), "≤ 0.3"),
        ("总氮", "3.5 mg/L", "—", "—"),
    )
    assert members.rows == (("双塔区", "东街道、西街道*"),)
    assert "1 个名称未匹配" in members.note


def test_flag_is_added_where_the_reason_does_not_say_it() -> None:
    said = assessments(assess_flag="总磷决定")
    assert feature(map_layers(paper_plan(), said), "units", "U1").popup.paragraphs == (
        "甲断面：总磷决定。",
    )
    unsaid = assessments(assess_flag="水体类型未登记")
    assert (
        "水体类型未登记"
        in feature(map_layers(paper_plan(), unsaid), "units", "U1").popup.paragraphs
    )


def test_english_map_has_no_chinese_words() -> None:
    layers = map_layers(paper_plan(), assessments(source="a station"), items=items(), lang="en")
    unit = feature(layers, "units", "U1")
    assert unit.label == ("Jia", "Class IV")
    assert unit.popup.paragraphs == ("Jia: total phosphorus decides.",)
    assert rows(unit)["target class"] == "Class III (assumed); not attained"
    texts = [layers.title, layers.subtitle, *layers.notes]
    texts += [entry.text for legend in layers.legends for entry in legend.entries]
    texts += [layer.name + layer.group for layer in layers.layers]
    assert not [text for text in texts if words.has_chinese(text)]
    assert any("Bing" in note for note in layers.notes)


def test_river_width_and_name_follow_the_data() -> None:
    layers = map_layers(paper_plan())
    first, second = feature(layers, "rivers", "R1"), feature(layers, "rivers", "R2")
    assert (first.width, second.width) == (0.9, 3.6)
    assert first.label == ("一河",)
    assert second.label == () and second.name == "未命名河段"


def test_input_is_not_changed() -> None:
    plan, table = paper_plan(), assessments()
    units, before = plan.units.copy(), table.copy()
    map_layers(plan, table).add(plan.units, name="又一层")
    pd.testing.assert_frame_equal(plan.units, units)
    pd.testing.assert_frame_equal(table, before)


def test_empty_plan_gives_an_empty_map(tmp_path: Path) -> None:
    plan = paper_plan()
    frames = ("units", "sections", "rivers", "counties", "reservoirs", "unit_members", "projects")
    empty = plan.but(**{name: getattr(plan, name).iloc[:0] for name in frames})
    layers = map_layers(empty, assessments().iloc[:0])
    assert layers.layers == ()
    assert write_map(layers, tmp_path / "empty.html").is_file()


@pytest.mark.parametrize("key", ["class", "time", "section_code"])
def test_missing_column_is_named(key: str) -> None:
    with pytest.raises(SchemaError, match=f"assessments: column {key}"):
        map_layers(paper_plan(), assessments().drop(columns=key))


def test_unknown_language() -> None:
    with pytest.raises(ValueError, match="lang='fr' is not an option"):
        map_layers(paper_plan(), lang="fr")


def test_layer_without_crs() -> None:
    plan = paper_plan()
    bare = plan.but(units=gpd.GeoDataFrame(plan.units).set_crs(None, allow_override=True))
    with pytest.raises(CRSError, match="units"):
        map_layers(bare)


# ---- a layer of one's own ----


def own() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"site": ["一厂", "二厂", None], "flow": [1.5, None, 2.0]},
        geometry=[Point(41546000, 4541000), None, box(41546000, 4541000, 41547000, 4542000)],
        crs="EPSG:4529",
    )


def test_add_returns_a_new_map_in_degrees() -> None:
    before = map_layers(paper_plan())
    after = before.add(own(), name="项目", name_column="site")
    assert len(after.layers) == len(before.layers) + 1
    layer = after.layers[-1]
    assert layer.group == "其他图层" and layer.role == "own"
    lon, lat = layer.features[0].geometry["coordinates"]
    assert 123 < lon < 124 and 40 < lat < 42
    assert rows(layer.features[0]) == {"site": "一厂", "flow": "1.5"}
    assert [entry.text for entry in after.legends[-1].entries].count("项目") == 1


def test_add_counts_and_names_rows_without_geometry() -> None:
    after = map_layers(paper_plan()).add(own(), name="项目", name_column="site")
    assert "图层“项目”有 1 行没有几何，未绘制：二厂。" in after.notes
    assert after.notes[-1].startswith("审图号")
    assert len(after.layers[-1].features) + len(after.layers[-1].missing) == 3


def test_add_takes_columns_group_and_colour() -> None:
    after = map_layers(paper_plan()).add(
        own(), name="a", columns=["flow"], group="我的", colour="#ABCDEF", visible=False
    )
    layer = after.layers[-1]
    assert layer.group == "我的" and not layer.visible
    assert [name for name, _ in layer.features[0].popup.rows] == ["flow"]
    assert after.styles[layer.features[0].style].fill == "#abcdef"


def test_add_refuses_what_it_cannot_draw() -> None:
    layers = map_layers(paper_plan())
    with pytest.raises(CRSError, match="项目"):
        layers.add(own().set_crs(None, allow_override=True), name="项目")
    with pytest.raises(SchemaError, match="column who"):
        layers.add(own(), name="项目", name_column="who")
    with pytest.raises(ValueError, match="#rrggbb"):
        layers.add(own(), name="项目", colour="red;background:url(x)")


# ---- geometry ----


def test_shared_border_stays_shared() -> None:
    layers = map_layers(paper_plan())
    left, right = (
        shapely.geometry.shape(feature(layers, "units", key).geometry) for key in ("U1", "U2")
    )
    assert left.touches(right)
    assert left.intersection(right).length == pytest.approx(0.1)


def test_packed_coordinates_unpack_to_the_same() -> None:
    shape = geometry.geojson(
        GeometryCollection(
            [
                Point(120.123456, -1.5),
                LineString([(0, 0), (1, 1)]),
                MultiPolygon(
                    [box(0, 0, 1, 1), box(2, 2, 3, 3).difference(box(2.2, 2.2, 2.4, 2.4))]
                ),
            ]
        )
    )
    point, line, polygons = viewer._packed(shape)["g"]
    assert point == {"t": "Point", "c": [12012346, -150000]}
    assert line == {"t": "LineString", "c": [0, 0, 100000, 100000]}
    assert [len(polygon) for polygon in polygons["c"]] == [1, 2]


@given(st.lists(st.tuples(st.floats(73, 136), st.floats(3, 54)), min_size=2, max_size=20))
def test_packing_loses_nothing(points: list[tuple[float, float]]) -> None:
    shape = geometry.geojson(LineString(points))
    flat = viewer._packed(shape)["c"]
    x = y = 0
    found = []
    for dx, dy in zip(flat[::2], flat[1::2], strict=True):
        x, y = x + dx, y + dy
        found.append([x / 100_000, y / 100_000])
    assert found == shape["coordinates"]


def test_label_lies_inside() -> None:
    shape = box(120, 41, 121, 42).difference(box(120.3, 41.3, 120.7, 41.7))
    places = geometry.polygon_label_places(shape)
    assert len(places) > 3
    assert all(shape.contains(Point(lon, lat)) for lon, lat, _ in places)


def test_river_label_reads_upright() -> None:
    flowing_west = LineString([(121, 41), (120, 41.2)])
    for _, _, angle in geometry.line_label_places([flowing_west]):
        assert -90 < angle <= 90
    assert geometry.line_label_places([]) == ()


# ---- words and colours ----


def test_every_word_has_both_languages() -> None:
    zh, en = words.words("zh"), words.words("en")
    assert zh.keys() == en.keys()
    assert not [key for key, text in en.items() if not text.strip() or words.has_chinese(text)]
    assert all(text.strip() for text in zh.values())
    for key in zh:
        assert set(re.findall(r"{\w+}", zh[key])) == set(re.findall(r"{\w+}", en[key])), key


def test_every_class_has_its_own_colour() -> None:
    assert tuple(style.CLASS_COLOURS) == CLASSES
    assert len(set(style.CLASS_COLOURS.values())) == 6


# ---- the file ----


def block(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found is not None
    return json.loads(found[1])


def test_file_is_whole_and_asks_for_nothing(tmp_path: Path) -> None:
    path = write_map(map_layers(paper_plan(), assessments()), tmp_path / "new" / "map.html")
    page = path.read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>") and page.rstrip().endswith("</html>")
    assert external_addresses(page) == []
    assert "{{" not in page.split('id="data"')[0]
    assert "Leaflet 1.9.4" in page and "Redistributions in binary form" in page
    assert list(path.parent.iterdir()) == [path]


def test_same_layers_give_same_bytes(tmp_path: Path) -> None:
    first = write_map(map_layers(paper_plan(), assessments(), items=items()), tmp_path / "a.html")
    second = write_map(map_layers(paper_plan(), assessments(), items=items()), tmp_path / "b.html")
    assert first.read_bytes() == second.read_bytes()


def test_policy_allows_the_own_scripts_and_nothing_else() -> None:
    page = render_page(map_layers(paper_plan()))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert "default-src 'none'" in policy[1] and "unsafe" not in policy[1]
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    assert len(scripts) == 3
    for script in scripts:
        assert inline.content_hash(script) in policy[1]
    for sheet in re.findall(r"<style>(.*?)</style>", page, re.S):
        assert inline.content_hash(sheet) in policy[1]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payload_stays_data(payload: str) -> None:
    plan = paper_plan()
    units = plan.units.assign(unit_name=payload)
    layers = map_layers(plan.but(units=units), title=payload)
    layers = layers.add(own().assign(site=payload), name=payload, name_column="site", group=payload)
    page = render_page(layers)
    clean = render_page(map_layers(plan))
    for mark in ("<script", "</script", "<img", "<svg"):
        assert page.count(mark) == clean.count(mark)
    names = [one["name"] for one in block(page)["layers"][0]["features"]]
    assert names == [payload, payload]


def test_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "map.html"
    path.write_text("old", "utf-8")

    def fail(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        write_map(map_layers(paper_plan()), path)
    assert path.read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match=r"map\.html"):
        write_map(map_layers(paper_plan()), tmp_path)


def test_missing_extra_gives_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inline.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'pip install "chaoyang_geo\[maps\]"'):
        inline.need("js_lib_leaflet", "drawing a map")


# ---- folium ----


def test_folium_map_saves_everything_inside(tmp_path: Path) -> None:
    folium = pytest.importorskip("folium")
    drawn = folium_map(map_layers(paper_plan(), assessments(), items=items()))
    assert isinstance(drawn, folium.Map)
    path = tmp_path / "folium.html"
    drawn.save(path)
    page = path.read_text("utf-8")
    assert external_addresses(page) == []
    assert external_addresses(drawn.get_root().render()) == []
    assert "cdn.jsdelivr" not in page and "code.jquery" not in page
    drawn.save(str(path))


def test_folium_map_refuses_to_ask_the_network(tmp_path: Path) -> None:
    folium = pytest.importorskip("folium")
    drawn = folium_map(map_layers(paper_plan()))
    folium.TileLayer("https://tiles.example/{z}/{x}/{y}.png", attr="x").add_to(drawn)
    with pytest.raises(ValueError, match=r"tiles\.example"):
        drawn.save(tmp_path / "map.html")
    assert not (tmp_path / "map.html").exists()


def test_folium_icon_is_refused_with_the_way_out(tmp_path: Path) -> None:
    folium = pytest.importorskip("folium")
    drawn = folium_map(map_layers(paper_plan()))
    folium.Marker([41.05, 120.1], icon=folium.Icon(color="red")).add_to(drawn)
    with pytest.raises(ValueError, match="CircleMarker"):
        drawn.save(tmp_path / "map.html")


def test_folium_itself_stays_as_it_was() -> None:
    folium = pytest.importorskip("folium")
    before = list(folium.Map.default_js)
    folium_map(map_layers(paper_plan()))
    assert list(folium.Map.default_js) == before


@pytest.mark.parametrize("payload", PAYLOADS)
def test_folium_payload_never_reaches_a_template_literal(payload: str) -> None:
    pytest.importorskip("folium")
    plan = paper_plan()
    layers = map_layers(plan.but(units=plan.units.assign(unit_name=payload)), title=payload)
    layers = layers.add(own().assign(site=payload), name=payload, name_column="site", group=payload)
    page = folium_map(layers).get_root().render()
    clean = folium_map(map_layers(plan)).get_root().render()
    for mark in ("<script", "</script", "<img", "<svg"):
        assert page.count(mark) == clean.count(mark)
    if "{{" in payload:  # a template engine would have made 49 of it
        assert "\\u007b{ 7*7 }}" in page or "&#123;&#123; 7*7" in page


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ('<link rel="stylesheet" href="//a.example/b.css">', ["//a.example/b.css"]),
        ("<style>@import 'https://a.example/b.css';</style>", ["https://a.example/b.css"]),
        ("<style>a{background:url(http://a.example/b.png)}</style>", ["http://a.example/b.png"]),
        ("<div style='background:url(http://a.example/c)'></div>", ["http://a.example/c"]),
        ('<script>L.tileLayer("https://t.example/{z}")</script>', ["https://t.example/{z}"]),
        ('<script>var text = "https://a.example";</script>', []),
        ('<a href="https://a.example">a</a><img src="data:image/png;base64,AA==">', []),
    ],
)
def test_external_addresses(page: str, found: list[str]) -> None:
    assert external_addresses(page) == found
