"""Maps on paper: two units, one of them read; and the files they become."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import GeometryCollection, LineString, MultiPolygon, Point, box

from chaoyang_geo import Plan, classify, classify_items, files
from chaoyang_geo.crs import CRSError
from chaoyang_geo.maps import facts, geometry, inline, style, words
from chaoyang_geo.maps.layers import MapLayers, map_layers
from chaoyang_geo.maps.model import Badge, Feature
from chaoyang_geo.maps.notebook import external_addresses, folium_map
from chaoyang_geo.maps.viewer import render_page, write_map
from chaoyang_geo.schema import CLASSES, SchemaError

sys.path.insert(0, str(Path(__file__).parent))

from paper_plan import PAYLOADS, PaperPlan, assessments, items, paper_plan


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
    assert unit.popup.paragraphs[0].startswith(
        "2 个断面中只有 1 个已评类别（丙断面无监测数据），单元类别仅依据乙断面"
    )


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
    assert any(part.startswith("2025-11-01 00:00 的监测") for part in unit.popup.paragraphs)


def test_read_section_without_class_is_not_called_unread() -> None:
    nothing = assessments(**{"class": None, "why_zh": "没有可评价的读数，不定类。"})
    section = feature(map_layers(paper_plan(), nothing), "sections", "S1")
    assert section.badge == Badge("未评类别", "none")
    assert "不定类" in section.popup.paragraphs[0]


def test_rows_without_class_are_one_thing_everywhere() -> None:
    nothing = assessments(section_code="S2", **{"class": None, "why_zh": "没有读数。"})
    layers = map_layers(paper_plan(), pd.concat([assessments(), nothing]))
    assert "1 个断面已评类别，1 个未评类别" in layers.subtitle
    unit = feature(layers, "units", "U2")
    assert unit.label == ("乙", "未评类别") and unit.badge == Badge("未评类别", "none")
    assert unit.popup.badge == unit.badge
    counted = {entry.text: entry.counts for entry in layers.legends[0].entries}
    assert counted["未评类别"] == (1, 1) and counted["无监测数据"] == (0, 1)
    english = map_layers(paper_plan(), nothing, lang="en")
    assert "0 sections classed, 1 not classed" in english.subtitle
    assert feature(english, "units", "U2").label == ("Yi", "not classed")
    assert "未评类别" not in {one.text for one in map_layers(paper_plan()).legends[0].entries}


def test_partial_unit_tells_read_without_class_from_unread() -> None:
    plan = paper_plan()
    rows_of = pd.concat(
        [
            assessments(section_code="S2", section_name="乙断面"),
            assessments(section_code="S3", section_name="丙断面", **{"class": None}),
        ]
    )
    unit = feature(map_layers(plan, rows_of), "units", "U2")
    assert "（丙断面未评类别）" in unit.popup.paragraphs[0]


# ---- times ----


def times_of(layers: MapLayers, key: str = "S1") -> tuple[str, object]:
    """Return the subtitle and the sampling time in the popup of a section."""
    return layers.subtitle, rows(feature(layers, "sections", key))["监测时间"]


def test_midnight_is_an_hour_like_any_other() -> None:
    two = pd.concat(
        [
            assessments(time=pd.Timestamp("2025-01-01")),
            assessments(section_code="S2", time=pd.Timestamp("2025-01-01 20:00")),
        ]
    )
    subtitle, shown = times_of(map_layers(paper_plan(), two))
    assert shown == "2025-01-01 00:00（北京时间）"
    assert "监测时间 2025-01-01 00:00–20:00（北京时间）" in subtitle
    assert facts.text(pd.Timestamp("2025-01-01")) == "2025-01-01 00:00"
    midnight, evening = pd.Timestamp("2025-01-01"), pd.Timestamp("2025-01-01 20:00")
    assert facts.period([midnight, evening]) == "2025-01-01 00:00–20:00"


def test_times_without_hours_are_days() -> None:
    days = pd.concat(
        [
            assessments(time=pd.Timestamp("2025-01-01")),
            assessments(section_code="S2", time=pd.Timestamp("2025-01-03")),
        ]
    )
    subtitle, shown = times_of(map_layers(paper_plan(), days))
    assert shown == "2025-01-01" and "监测时间 2025-01-01–2025-01-03，" in subtitle


def test_time_zone_is_converted() -> None:
    utc = assessments(time=pd.Timestamp("2025-10-08 00:00", tz="UTC"))
    subtitle, shown = times_of(map_layers(paper_plan(), utc))
    assert shown == "2025-10-08 08:00（北京时间）" and "2025-10-08 08:00" in subtitle
    measured = items().assign(time=lambda table: table["time"].dt.tz_localize("Asia/Shanghai"))
    unit = feature(map_layers(paper_plan(), utc, items=measured), "units", "U1")
    assert unit.popup.tables[0].title == "甲断面各项指标"


def test_time_zone_meets_a_missing_time() -> None:
    both = pd.concat(
        [
            assessments(time=pd.Timestamp("2025-10-08 00:00", tz="UTC")),
            assessments(time=pd.NaT, **{"class": None}),
        ]
    )
    assert times_of(map_layers(paper_plan(), both))[1] == "2025-10-08 08:00（北京时间）"
    alone = map_layers(paper_plan(), assessments(time=pd.NaT))
    assert "监测时间" not in rows(feature(alone, "sections", "S1"))
    assert "监测时间 —，" in alone.subtitle


def test_times_as_text_find_their_items() -> None:
    text = items().assign(time="2025-10-08 08:00")
    for classes in (assessments(), assessments(time="2025-10-08 08:00")):
        unit = feature(map_layers(paper_plan(), classes, items=text), "units", "U1")
        assert unit.popup.tables[0].title == "甲断面各项指标"


@pytest.mark.parametrize("time", ["昨天", [pd.Timestamp("2025-10-08"), 20251008]])
def test_what_is_no_time_is_refused(time: object) -> None:
    table = pd.concat([assessments(), assessments()]).assign(time=time)
    with pytest.raises(SchemaError, match="assessments: row [12] of time holds"):
        map_layers(paper_plan(), table)


# ---- codes and classes ----


def numbered(plan: PaperPlan) -> PaperPlan:
    """Return the plan with numbers for codes, as a table without leading zeros is read."""
    units = plan.units.assign(unit_code=[1, 2]).drop(columns="section_codes")
    members = plan.unit_members.assign(unit_code=[1, 1, 2, 1])
    sections = plan.sections.assign(section_code=[11, 12, 13], unit_code=[1.0, 2.0, 2.0])
    return plan.but(units=units, sections=sections, unit_members=members)


def test_codes_may_be_numbers() -> None:
    plan = numbered(paper_plan())
    measured = items().assign(section_code=11)
    layers = map_layers(plan, assessments(section_code=11.0), items=measured)
    unit = feature(layers, "units", "1")
    assert unit.label == ("甲", "Ⅳ类")
    assert [table.title[:4] for table in unit.popup.tables] == ["甲断面各", "组成乡镇"]
    assert rows(feature(layers, "sections", "11"))["所属单元"] == "甲"
    single = plan.but(units=plan.units.assign(section_codes=[11.0, None]))
    assert feature(map_layers(single, assessments(section_code="11")), "units", "1").label[1] == (
        "Ⅳ类"
    )


@pytest.mark.parametrize(("table", "code"), [("units", "U1"), ("sections", "S1")])
def test_a_code_that_stands_twice_is_refused(table: str, code: str) -> None:
    plan, column = paper_plan(), f"{table[:-1]}_code"
    twice = getattr(plan, table).assign(**{column: code})
    with pytest.raises(SchemaError, match=f"{table}: {column} must be unique; twice there: {code}"):
        map_layers(plan.but(**{table: twice}))


@pytest.mark.parametrize("value", ["III", "Ⅶ", "--"])
def test_a_text_that_is_no_class_is_refused(value: str) -> None:
    table = assessments().astype({"class": "object"}).assign(**{"class": value})
    with pytest.raises(SchemaError, match=f"assessments: class holds '{value}'.*Ⅰ, Ⅱ, Ⅲ"):
        map_layers(paper_plan(), table)
    with pytest.raises(SchemaError, match=f"items: item_class holds '{value}'"):
        map_layers(paper_plan(), assessments(), items=items().assign(item_class=value))


@pytest.mark.parametrize("value", [None, "", float("nan"), pd.NA])
def test_a_missing_class_stays_missing(value: object) -> None:
    table = assessments().astype({"class": "object"})
    table["class"] = pd.Series([value], dtype="object")
    assert feature(map_layers(paper_plan(), table), "sections", "S1").badge.text == "未评类别"


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
    assert measured.note == "“—”：不参与类别评价。"
    assert members.rows == (
        ("双塔区", "东街道（今东城街道）、西街道*"),
        ("龙城区", "北工业园（在北镇）"),
    )
    assert "1 个名称未匹配" in members.note


def unclassed() -> pd.DataFrame:
    """Return readings that count and have no class, each for another reason."""
    table = (
        items()
        .iloc[:4]
        .assign(
            item=["nh3_n", "tp", "cod_mn", "do"],
            value=[None, 250.0, None, None],
            unit=["mg/L", "μg/L", "mg/L", "mg/L"],
            censored=["<", "", "", ">"],
            detection_limit=[0.5, None, None, 3.0],
            item_class=None,
            limit=None,
            next_limit=None,
            item_flag=["检出限跨越多个类别", "单位不是mg/L，未作评价", "", ""],
        )
    )
    return table.assign(in_class=[True, False, True, True])


def test_item_that_counts_and_has_no_class_says_why() -> None:
    layers = map_layers(paper_plan(), assessments(), items=unclassed())
    table = feature(layers, "units", "U1").popup.tables[0]
    assert {row[0]: row[1:] for row in table.rows} == {
        "氨氮": ("<0.5 mg/L", "检出限跨越多个类别", ""),
        "总磷": ("250 μg/L", "单位不是mg/L，未作评价", ""),
        "高锰酸盐指数": ("未测", "没有数值", ""),
        "溶解氧": (">3 mg/L", "超出量程，不能判定", ""),
    }
    assert table.note == ""
    english = map_layers(paper_plan(), assessments(), items=unclassed(), lang="en")
    table = feature(english, "units", "U1").popup.tables[0]
    assert {row[0]: row[2] for row in table.rows} == {
        "ammonia nitrogen": "below detection limit, undecided",
        "total phosphorus": "unit not comparable",
        "permanganate index": "no value",
        "dissolved oxygen": "above range, undecided",
    }


def test_items_of_a_section_without_class_are_shown() -> None:
    nothing = assessments(items_undecided="nh3_n", **{"class": None})
    unit = feature(map_layers(paper_plan(), nothing, items=unclassed()), "units", "U1")
    assert unit.popup.tables[0].title == "甲断面各项指标"
    assert rows(unit)["未能判定指标"] == "氨氮"


def test_classified_undecided_reading_says_why() -> None:
    plan = paper_plan()
    readings = items()[["section_code", "time", "item", "value", "unit"]].iloc[[3]]
    readings = readings.assign(censored="<", detection_limit=0.5)
    sections = plan.sections.assign(water_type="river")
    measured, classes = classify_items(readings, sections), classify(readings, sections)
    table = feature(map_layers(plan, classes, items=measured), "units", "U1").popup.tables[0]
    assert table.rows[0][1] == "<0.5 mg/L"
    assert table.rows[0][2] == measured["item_flag"].iloc[0] != ""


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


def texts(layers: MapLayers) -> Iterator[str]:
    """Yield every text of every popup, name and label."""
    for layer in layers.layers:
        for one in layer.features:
            popup = one.popup
            yield from (one.name, *one.label, one.summary)
            if popup is not None:
                yield from (popup.title, popup.kind, *popup.paragraphs)
                cells = [cell for row in popup.rows for cell in row]
                for table in popup.tables:
                    yield from (table.title, table.note, *table.head)
                    cells += [cell for row in table.rows for cell in row]
                for cell in [*cells, popup.badge]:
                    yield cell.text if isinstance(cell, Badge) else cell or ""


def test_english_map_of_the_bundled_plan_has_no_chinese_popup(plan: Plan) -> None:
    classes = classify(plan.readings, plan.sections)
    measured = classify_items(plan.readings, plan.sections)
    layers = map_layers(plan, classes, items=measured, lang="en")
    found = list(texts(layers))
    assert len(found) > 500
    # ideographs, and the punctuation that goes with them
    assert not [text for text in found if re.search("[\u3000-\u9fff\uff00-\uffef]", text)]
    assert rows(feature(layers, "units", "CY05"))["basin"] == "Daling River"
    members = dict(feature(layers, "units", "CY05").popup.tables[-1].rows)
    longcheng = "Yanshan Subdistrict (now Hailong Subdistrict)"
    assert members["Longcheng District"].startswith(longcheng)


def test_members_are_the_names_that_the_plan_prints(plan: Plan) -> None:
    layers = map_layers(plan)
    members = dict(feature(layers, "units", "CY05").popup.tables[-1].rows)
    assert members["龙城区"] == "燕山街道（今海龙街道）、西大营子镇、大平房镇、联合镇"
    listed = " ".join(
        str(cell)
        for one in layers.layer("units").features
        for row in one.popup.tables[-1].rows
        for cell in row
    )
    assert not [name for name in plan.unit_members["name_in_plan"] if name not in listed]
    assert "冶金铸造工业园（在公营子镇）" in listed


def test_english_has_counts_and_romanised_aliases() -> None:
    plan = paper_plan()
    sections = plan.sections.assign(aliases="甲桥;Jia Bridge")
    coliform = items().iloc[:1].assign(item="fecal_coliform", unit="个/L", value=900.0)
    layers = map_layers(plan.but(sections=sections), assessments(), items=coliform, lang="en")
    section = feature(layers, "sections", "S1")
    assert rows(section)["other names"] == "Jia Bridge"
    assert section.popup.tables[0].rows[0][:2] == ("fecal coliform", "900 counts/L")
    zh = map_layers(plan.but(sections=sections), assessments(), items=coliform)
    assert rows(feature(zh, "sections", "S1"))["别名"] == "甲桥、Jia Bridge"
    assert feature(zh, "sections", "S1").popup.tables[0].rows[0][1] == "900 个/L"


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
    assert "图层“项目”有 1 行没有可绘制的几何，未绘制：二厂。" in after.notes
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


def test_add_takes_numbers_for_column_names() -> None:
    frame = own()
    frame.columns = pd.Index([0, 1, "geometry"])
    frame = gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4529")
    layers = map_layers(paper_plan())
    first = layers.add(frame, name="a").layers[-1].features[0]
    assert rows(first) == {"0": "一厂", "1": "1.5"}
    first = layers.add(frame, name="a", name_column=0, columns=[1]).layers[-1].features[0]
    assert first.name == "一厂" and rows(first) == {"1": "1.5"}
    assert list(frame.columns) == [0, 1, "geometry"]


def test_add_takes_a_series_of_shapes() -> None:
    layer = map_layers(paper_plan()).add(own().geometry, name="形状").layers[-1]
    assert [one.name for one in layer.features] == ["0", "2"] and layer.missing == ("1",)


def test_add_refuses_a_table_without_shapes() -> None:
    layers = map_layers(paper_plan())
    with pytest.raises(TypeError, match="a: a layer is a GeoDataFrame"):
        layers.add(pd.DataFrame({"x": [1]}), name="a")
    with pytest.raises(TypeError, match="a: a layer is a GeoDataFrame"):
        layers.add(gpd.GeoDataFrame({"x": [1]}), name="a")
    with pytest.raises(SchemaError, match="a: two columns are called site"):
        layers.add(own().rename(columns={"flow": "site"}), name="a")


@pytest.mark.parametrize(
    "shape",
    [Point(float("inf"), 41), Point(120, float("nan")), LineString([(120, 41), (1e400, 41)])],
)
def test_an_infinite_coordinate_is_named_not_drawn(tmp_path: Path, shape: shapely.Geometry) -> None:
    frame = gpd.GeoDataFrame(
        {"site": ["一厂", "二厂"]}, geometry=[Point(120, 41), shape], crs="EPSG:4490"
    )
    after = map_layers(paper_plan()).add(frame, name="项目", name_column="site")
    assert [one.name for one in after.layers[-1].features] == ["一厂"]
    assert "图层“项目”有 1 行没有可绘制的几何，未绘制：二厂。" in after.notes
    assert write_map(after, tmp_path / "map.html").is_file()
    plan = paper_plan()
    shapes = [*plan.sections.geometry[:1], shape, None]
    lost = plan.but(sections=plan.sections.set_geometry(shapes, crs="EPSG:4490"))
    assert "断面乙断面、丙断面无可用位置，未绘制。" in map_layers(lost).notes


def test_add_writes_times_as_they_are() -> None:
    frame = own().assign(
        day=pd.Timestamp("2025-01-01"),
        hour=pd.to_datetime(["2025-01-01 00:00", None, "2025-01-01 20:00"]),
        utc=pd.Timestamp("2025-01-01", tz="UTC") + pd.Timedelta(hours=1),
    )
    shown = rows(map_layers(paper_plan()).add(frame, name="a").layers[-1].features[0])
    assert (shown["day"], shown["hour"]) == ("2025-01-01", "2025-01-01 00:00")
    assert shown["utc"] == "2025-01-01 01:00+00:00"


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
    point, line, polygons = geometry.packed(shape)["g"]
    assert point == {"t": "Point", "c": [12012346, -150000]}
    assert line == {"t": "LineString", "c": [0, 0, 100000, 100000]}
    assert [len(polygon) for polygon in polygons["c"]] == [1, 2]


@given(st.lists(st.tuples(st.floats(73, 136), st.floats(3, 54)), min_size=2, max_size=20))
def test_packing_loses_nothing(points: list[tuple[float, float]]) -> None:
    shape = geometry.geojson(LineString(points))
    flat = geometry.packed(shape)["c"]
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

    def fail(source: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        write_map(map_layers(paper_plan()), path)
    assert path.read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="this is a folder"):
        write_map(map_layers(paper_plan()), tmp_path)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target = tmp_path / "real.html"
    target.write_text("old", "utf-8")
    link = tmp_path / "map.html"
    link.symlink_to(target)
    assert write_map(map_layers(paper_plan()), link) == link
    assert link.is_symlink() and target.read_text("utf-8").startswith("<!DOCTYPE html>")


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


IMAGE = '<img src="https://x.example/a.png">'


@pytest.mark.parametrize("image", [IMAGE, IMAGE.replace('"', ""), IMAGE.replace('"', "'")])
@pytest.mark.parametrize("kind", ["popup", "text", "tooltip", "icon", "style"])
def test_folium_markup_that_loads_is_refused(tmp_path: Path, kind: str, image: str) -> None:
    folium = pytest.importorskip("folium")
    drawn = folium_map(map_layers(paper_plan()))
    style_only = '<p style="background:url(https://x.example/a.png)">a</p>'
    what = {
        "popup": lambda: {"popup": folium.Popup(image)},
        "text": lambda: {"popup": image},
        "tooltip": lambda: {"tooltip": image},
        "icon": lambda: {"icon": folium.DivIcon(html=image)},
        "style": lambda: {"popup": style_only},
    }[kind]()
    folium.Marker([41.05, 120.1], **what).add_to(drawn)
    with pytest.raises(ValueError, match=r"x\.example"):
        drawn.save(tmp_path / "map.html")
    assert list(tmp_path.iterdir()) == []


def test_folium_link_and_text_of_the_data_are_no_load(tmp_path: Path) -> None:
    folium = pytest.importorskip("folium")
    plan = paper_plan()
    layers = map_layers(plan.but(units=plan.units.assign(unit_name=IMAGE)), title=IMAGE)
    layers = layers.add(own().assign(site=IMAGE), name=IMAGE, name_column="site", group=IMAGE)
    drawn = folium_map(layers)
    folium.Marker([41.05, 120.1], popup='<a href="https://x.example">a</a>').add_to(drawn)
    assert drawn.save(tmp_path / "map.html").is_file()


def test_folium_policy_stands_first() -> None:
    folium = pytest.importorskip("folium")
    drawn = folium_map(map_layers(paper_plan()))
    drawn.get_root().header.add_child(folium.Element("<style>p { color: red }</style>"))
    page = drawn.get_root().render()
    head = page.index("<head>") + len("<head>")
    assert page[head:].lstrip().startswith('<meta http-equiv="Content-Security-Policy"')
    assert "default-src 'none'" in page and "https:" not in page[head : page.index(">", head + 20)]


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
