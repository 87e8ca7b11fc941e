"""The map of a screening: what is drawn, what is said, and what is never drawn."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, Point, box

from chaoyang_geo import load_plan, write_map
from chaoyang_geo.crs import CRSError
from chaoyang_geo.findings import cap_approximate, load_examples
from chaoyang_geo.maps import screening_popups, screening_ways
from chaoyang_geo.maps.notebook import folium_map
from chaoyang_geo.maps.screening import screening_layers
from chaoyang_geo.maps.screening_popups import listed_findings
from chaoyang_geo.maps.style import MARKERS
from chaoyang_geo.maps.words import has_chinese
from chaoyang_geo.schema import SchemaError
from chaoyang_geo.screening import read_zones, screen_sites
from chaoyang_geo.verdicts import VERDICT_SIGNS, VERDICTS, look_of

sys.path.insert(0, str(Path(__file__).parent))

from browser import chromium, opened

E, N = 500_000.0, 4_600_000.0
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>${alert(3)}"


def square(x: float, y: float, size: float) -> Any:
    return box(E + x, N + y, E + x + size, N + y + size)


def red_line(*shapes: Any, **columns: Any) -> gpd.GeoDataFrame:
    table = {"名称": [f"红线{k}" for k in range(len(shapes))], **columns}
    return read_zones(
        gpd.GeoDataFrame(table, geometry=list(shapes), crs=4549),
        kind="红线", grade="一般控制区", version="2023", version_date="2023-09-28", accuracy_m=5.0,
        quality="official", source="某厅",
    )  # fmt: skip


def sites(*rows: tuple[str, str, Any], **columns: Any) -> gpd.GeoDataFrame:
    codes, activities, shapes = zip(*rows, strict=True)
    return gpd.GeoDataFrame(
        {"site_code": codes, "site_name": [f"{code}项目" for code in codes],
         "activity": activities, "accuracy_m": 1.0, **columns},
        geometry=list(shapes), crs=4549,
    )  # fmt: skip


@pytest.fixture(scope="module")
def paper() -> Any:
    """Four sites and one red line: inside, crossing, far away, and without a shape."""
    zones = red_line(square(0, 0, 1000))
    found = sites(
        ("A", "光伏", square(100, 100, 100)),
        ("B", "输水管线", LineString([(E - 500, N + 500), (E + 1500, N + 500)])),
        ("C", "公路", Point(E + 9000, N + 9000)),
        ("D", "公路", None),
    )
    return screen_sites(found, zones, on="2026-11-22"), zones


def drawn(layers: Any, key: str) -> Any:
    return next(
        feature for layer in layers.layers for feature in layer.features if feature.key == key
    )


def test_every_site_has_the_sign_of_its_verdict_and_its_outline(paper: Any) -> None:
    screening, zones = paper
    layers = screening_layers(screening, zones=zones)
    assert drawn(layers, "site-0").style == "site-no"
    assert drawn(layers, "site-0").geometry["type"] == "Point"
    assert drawn(layers, "site-0-outline").geometry["type"] == "Polygon"
    assert drawn(layers, "site-1-outline").style.startswith("line-")
    assert not layers.styles[drawn(layers, "site-1-outline").style].fill
    assert drawn(layers, "site-2").style == "site-free"
    with pytest.raises(StopIteration):
        drawn(layers, "site-2-outline")  # a point has no outline


def test_the_sign_of_a_line_lies_on_it(paper: Any) -> None:
    screening, zones = paper
    at = drawn(screening_layers(screening, zones=zones), "site-1").geometry["coordinates"]
    line = screening.sites.to_crs(4490).geometry.iloc[1]
    assert shapely.distance(line, Point(at)) < 2e-5


def test_verdicts_differ_by_shape_or_fill_and_not_by_colour_alone() -> None:
    assert set(VERDICT_SIGNS) == set(VERDICTS)
    looks = {(shape, fill == "#ffffff") for fill, _, shape in VERDICT_SIGNS.values()}
    assert len(looks) == len(VERDICTS)
    assert {shape for _, _, shape in VERDICT_SIGNS.values()} <= set(MARKERS)


def test_zones_are_drawn_as_on_the_pages(paper: Any) -> None:
    screening, zones = paper
    layers = screening_layers(screening, zones=zones)
    look, style = look_of("eco_red_line", "general"), layers.styles["zone-eco_red_line-general"]
    assert (style.fill, style.fill_opacity) == (look.colour, look.opacity)
    assert len(style.hatches) == len(look.hatches) == 1
    assert layers.legends[1].entries[0].text == "生态保护红线（一般控制区）"


def test_the_legend_lists_all_verdicts_in_order_of_severity_with_counts(paper: Any) -> None:
    screening, zones = paper
    legend = screening_layers(screening, zones=zones).legends[0]
    assert [entry.text for entry in legend.entries] == list(VERDICTS)
    counts = {entry.text: entry.counts[0] for entry in legend.entries}
    assert counts["禁止"] == 1 and counts["无冲突"] == 1 and counts["无法判断"] == 1
    assert sum(counts.values()) == 4


def test_the_popup_says_verdict_why_zone_clause_and_version(paper: Any) -> None:
    screening, zones = paper
    popup = drawn(screening_layers(screening, zones=zones), "site-0").popup
    assert popup.badge.text == "禁止"
    assert popup.paragraphs[0] == screening.sites["why_zh"].iloc[0]
    zone, how, verdict, basis = popup.tables[0].rows[0]
    assert zone.startswith("红线0\n生态保护红线（一般控制区）")
    assert "重叠 1.00 公顷" in how and "占项目 100 %" in how
    assert verdict.text == "禁止"
    assert "142" in basis and "2023" in basis
    facts = dict(popup.rows)
    assert facts["核查日期"] == "2026-11-22"
    assert "2023-09-28" in facts["已核查图层"]
    assert "永久基本农田" in facts["未核查"]


def test_a_zone_tells_its_version_and_the_sites_it_concerns(paper: Any) -> None:
    screening, zones = paper
    popup = drawn(screening_layers(screening, zones=zones), "zone-0").popup
    assert dict(popup.rows)["版本"] == "2023，2023-09-28"
    assert dict(popup.rows)["数据性质"] == "官方"
    assert [row[0] for row in popup.tables[0].rows] == ["A项目", "B项目"]


def test_what_is_not_drawn_is_named(paper: Any) -> None:
    screening, zones = paper
    layers = screening_layers(screening, zones=zones)
    assert any("D项目" in note and "未绘制" in note for note in layers.notes)
    row = next(cells for key, cells in layers.listing.rows if cells[0] == "D项目")
    assert row[2] == "无图形，未绘制"
    assert [key for key, cells in layers.listing.rows if cells[0] == "D项目"] == [""]


def test_nothing_real_is_called_an_example_and_the_reverse(paper: Any) -> None:
    screening, zones = paper
    plain = screening_layers(screening, zones=zones)
    assert "示例数据" not in plain.title + "".join(plain.notes)
    examples = load_examples()
    screened = screen_sites(examples.sites, examples.zones, on="2026-11-22")
    layers = screening_layers(screened, zones=examples.zones)
    assert layers.title.endswith("（示例数据）") and layers.notes[0].startswith("示例数据：")
    named = [layer.name for layer in layers.layers if layer.role == "zone"]
    assert named and all(name.endswith("（示例数据）") for name in named)


def test_an_unreadable_layer_is_in_the_notes(paper: Any) -> None:
    _, zones = paper
    found = sites(("A", "公路", Point(E + 9000, N)))
    screening = screen_sites(found, zones, on="2026-11-22", unreadable={"水源地": "文件损坏"})
    layers = screening_layers(screening, zones=zones)
    assert any("水源地" in note and "无法读取" in note for note in layers.notes)
    assert drawn(layers, "site-0").style == "site-unknown"


def test_approximate_places_are_areas_and_never_points(paper: Any) -> None:
    _, zones = paper
    county = square(-2000, -2000, 8000)
    found = sites(
        ("A", "采石场", county), ("B", "公路", county), ("C", "公路", Point(E, N)),
        place_quality=["approximate", "approximate", ""],
        place_flag=["约略位置：以区县范围代表", "约略位置：以区县范围代表", ""],
    )  # fmt: skip
    screening = screen_sites(found, zones, on="2026-11-22")
    layers = screening_layers(screening, zones=zones)
    area = next(layer for layer in layers.layers if layer.key == "sites-area")
    assert len(area.features) == 1  # one area for both, so that none hides the other
    feature = area.features[0]
    assert feature.geometry["type"] == "Polygon" and "约略位置" in feature.label[0]
    assert {row[0] for row in feature.popup.tables[0].rows} == {"A项目", "B项目"}
    assert {row[1].text for row in feature.popup.tables[0].rows} == {"压线需复核"}
    points = [
        f for layer in layers.layers if layer.role == "site"
        for f in layer.features if f.geometry["type"] == "Point"
    ]  # fmt: skip
    assert [f.name for f in points] == ["C项目"]
    assert any("约略位置" in note for note in layers.notes)
    capped = screening_layers(cap_approximate(screening), zones=zones)
    assert [layer.features for layer in capped.layers if layer.key == "sites-area"] == [
        area.features
    ]


def test_english_is_complete_where_the_data_is_english() -> None:
    zones = replace_names(red_line(square(0, 0, 1000)))
    found = sites(("A", "solar farm", square(100, 100, 100)), ("B", "road", Point(E + 5000, N)))
    found["site_name"] = ["Solar A", "Road B"]
    screening = screen_sites(found, zones, on="2026-11-22")
    layers = screening_layers(screening, zones=zones, lang="en")
    popup = drawn(layers, "site-1").popup
    said = [
        layers.title, layers.subtitle, *layers.notes, popup.kind, *popup.paragraphs,
        *(label for label, _ in popup.rows), popup.badge.text,
        *(entry.text for legend in layers.legends for entry in legend.entries),
        *(legend.title for legend in layers.legends), *(layer.name for layer in layers.layers),
        layers.listing.title, *layers.listing.head,
    ]  # fmt: skip
    assert not [text for text in said if has_chinese(text)]


def test_the_list_names_the_zone_that_decides_and_the_map_says_what_the_pages_say() -> None:
    county = square(-2000, -2000, 8000)
    found = sites(("A", "采石场", county), place_quality=["approximate"])
    zones = [
        red_line(square(0, 0, 1000)),
        read_zones(
            gpd.GeoDataFrame({"名称": ["功能区甲"]}, geometry=[county], crs=4549),
            kind="生态功能区", version="1", version_date="",
        ),
    ]  # fmt: skip
    screening = screen_sites(found, zones, on="2026-11-22")
    assert screening.findings["verdict"].tolist() == ["禁止", "无法判断"]
    pages = cap_approximate(screening)
    for each in (screening, pages):
        layers = screening_layers(each, zones=zones)
        name, badge, concerned = layers.listing.rows[0][1]
        assert (name, badge.text) == ("A项目", "无法判断")
        assert concerned.startswith("功能区甲")


def replace_names(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return zones.assign(zone_name="North", layer="red line", source="Office")


def test_the_plan_lies_below(paper: Any) -> None:
    screening, zones = paper
    layers = screening_layers(screening, zones=zones, plan=load_plan("chaoyang"))
    roles = [layer.key for layer in layers.layers]
    assert {"rivers", "counties", "unit-lines"} <= set(roles)
    assert roles.index("rivers") < roles.index("sites-no")
    assert layers.focus is not None
    west, south, east, north = layers.focus
    assert east - west < 1 and north - south < 1  # the sites, not the whole city


def test_large_layers_are_thinned_for_display_only_and_said_so() -> None:
    turns = np.linspace(0, 2 * np.pi, 100_001)[:-1]
    wavy = 800 + 5 * np.sin(turns * 3000)
    ring = np.column_stack([E + wavy * np.cos(turns), N + wavy * np.sin(turns)])
    near = [shapely.Polygon(ring + np.array([k * 1700, 0])) for k in range(2)]
    zones = red_line(*near, *(square(400_000, k * 100, 50) for k in range(3)))
    screening = screen_sites(sites(("A", "公路", Point(E, N))), zones, on="2026-11-22")
    before = zones.geometry.to_wkb().tolist()
    layers = screening_layers(screening, zones=zones)
    assert any("另有 3 个较远的未画" in note for note in layers.notes)
    assert any("作了简化" in note for note in layers.notes)
    kept = drawn(layers, "zone-0").geometry
    assert shapely.get_num_coordinates(shapely.geometry.shape(kept)) < 75_000
    assert zones.geometry.to_wkb().tolist() == before


def ways(*kilometres: float) -> gpd.GeoDataFrame:
    """Return ways of the water of three vertices each, as long as said."""
    n = len(kilometres)
    return gpd.GeoDataFrame(
        {"site_code": "A", "site_name": [f"甲{k}" for k in range(n)], "zone_name": "水源",
         "zone_kind": "drinking_water", "zone_grade": "primary", "distance_km": kilometres,
         "reach_flag": "", "why_zh": "下行。", "why_en": "Down."},
        geometry=[LineString([(E, N), (E + 500, N - 300), (E + k * 1000, N)]) for k in kilometres],
        crs=4549,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("most", "shown"), [(9, [0, 1, 2]), (8, [1, 2]), (6, [1, 2]), (5, [1]), (2, [])]
)
def test_of_too_many_ways_the_shortest_are_drawn_and_the_others_counted(
    paper: Any, monkeypatch: pytest.MonkeyPatch, most: int, shown: list[int]
) -> None:
    screening, zones = paper
    monkeypatch.setattr(screening_ways, "_MAX_VERTICES", most)
    for lang, said in (("zh", "另有 {n} 条未画"), ("en", "{n} others are not")):
        layers = screening_layers(screening, zones=zones, downstream=ways(5, 1, 3), lang=lang)
        drawn = [
            feature.key
            for layer in layers.layers
            for feature in layer.features
            if layer.key == "ways-course"
        ]
        assert drawn == [f"course-{number}" for number in shown]
        notes = [note for note in layers.notes if said.format(n=3 - len(shown)) in note]
        assert len(notes) == (len(shown) < 3)
        entries = {entry.style for legend in layers.legends for entry in legend.entries}
        assert ("way-course" in entries) == bool(shown)  # no legend without a way


def test_where_sites_are_very_many_a_popup_lists_the_four_worst_zones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    zones = red_line(*(square(k * 110, 0, 100) for k in range(6)))
    found = sites(("A", "光伏", square(10, 10, 50)), ("B", "公路", Point(E + 9000, N)))
    screening = screen_sites(found, zones, on="2026-11-22")

    def table(n_many: int) -> Any:
        monkeypatch.setattr(screening_popups, "_MANY_SITES", n_many)
        return drawn(screening_layers(screening, zones=zones), "site-0").popup.tables[0]

    few, many = table(2), table(1)
    assert (len(few.rows), few.note) == (6, "")
    assert many.rows == few.rows[:4]
    assert many.note == "另有 2 个分区，见结论页。"
    monkeypatch.undo()
    assert (listed_findings(2000), listed_findings(2001)) == (12, 4)


def test_one_source_of_zones_and_sites_stands_there_once() -> None:
    found = sites(("A", "公路", square(100, 100, 100)), source="某厅")
    zones = red_line(square(0, 0, 1000))
    layers = screening_layers(screen_sites(found, zones, on="2026-11-22"), zones=zones)
    assert [source for source, _ in layers.attribution] == ["某厅"]
    assert layers.attribution[0][1].startswith("分区：") and "；项目" in layers.attribution[0][1]


def test_the_counts_of_verdicts_cannot_be_misread_in_english(paper: Any) -> None:
    screening, zones = paper
    subtitle = screening_layers(screening, zones=zones, lang="en").subtitle
    assert subtitle.startswith("4 sites: forbidden 1 / cannot be judged 1 / ")


def test_empty_in_empty_out(paper: Any) -> None:
    screening, zones = paper
    none = screen_sites(screening.sites.iloc[:0], zones, on="2026-11-22")
    layers = screening_layers(none, zones=zones)
    assert not [layer for layer in layers.layers if layer.role == "site"]
    assert layers.listing.rows == ()
    assert screening_layers(none).layers == ()


def test_zones_of_several_frames_and_systems_count_as_one(paper: Any) -> None:
    screening, zones = paper
    twice = screening_layers(screening, zones=[zones.iloc[:0], zones.to_crs(4490)])
    once = screening_layers(screening, zones=zones)
    assert drawn(twice, "zone-0").geometry == drawn(once, "zone-0").geometry


def test_errors_name_what_is_missing(paper: Any) -> None:
    screening, zones = paper

    @dataclass(frozen=True)
    class Like:
        findings: pd.DataFrame
        sites: gpd.GeoDataFrame
        checked: pd.DataFrame
        rules: pd.DataFrame
        options: dict[str, Any]

    like = Like(**vars(screening))
    assert screening_layers(like, zones=zones).title
    with pytest.raises(SchemaError, match="clause"):
        screening_layers(replace(like, findings=like.findings.drop(columns="clause")), zones=zones)
    with pytest.raises(SchemaError, match="zone_kind"):
        screening_layers(screening, zones=zones.drop(columns="zone_kind"))
    with pytest.raises(CRSError):
        screening_layers(screening, zones=zones.set_crs(None, allow_override=True))
    with pytest.raises(ValueError, match="lang"):
        screening_layers(screening, zones=zones, lang="fr")


def test_the_page_opens_offline_and_names_do_no_harm(tmp_path: Path) -> None:
    zones = red_line(square(0, 0, 1000), 名称=[HOSTILE])
    found = sites(("A", "光伏", square(100, 100, 100)), ("B", HOSTILE, Point(E + 3000, N)))
    found["site_name"] = [HOSTILE, "B"]
    screening = screen_sites(found, zones, on="2026-11-22")
    layers = screening_layers(screening, zones=zones, plan=load_plan("chaoyang"))
    path = write_map(layers, tmp_path / "map.html")
    folium = folium_map(layers).save(tmp_path / "folium.html")
    with chromium() as browser:
        with opened(browser, path) as page:
            page.page.wait_for_selector("html[data-ready=yes]", state="attached")
            page.page.evaluate("window.ChaoyangMap.show('site-0-outline')")
            page.page.wait_for_selector(".leaflet-popup .cg-popup-body")
            assert "</script>" in page.page.locator(".leaflet-popup").inner_text()
            pattern = page.page.locator("#cg-hatch-zone-eco_red_line-general")
            assert pattern.count() == 1
            fill = page.page.locator("path.cg-zone").first.get_attribute("fill")
            assert fill == "url(#cg-hatch-zone-eco_red_line-general)"
            octagon = page.page.locator('path[data-key="site-0"]').get_attribute("d")
            assert octagon.count("L") == 7
            assert page.page.locator(".cg-listing .cg-link").count() == 2
            assert page.errors == [] and page.requests == [path.as_uri()]
        with opened(browser, folium) as page:
            page.page.wait_for_selector("path.leaflet-interactive", state="attached")
            assert page.errors == []
            assert page.page.locator("#cg-hatch-zone-eco_red_line-general").count() == 1


def test_doubts_and_activities_are_in_english_on_an_english_map() -> None:
    given = sites(("A", "采石场", square(5000, 0, 100)), ("B", "造梦", square(100, 100, 100)))
    zones = red_line(square(0, 0, 1000))
    screened = screen_sites(given, zones, on="2026-11-22")
    layers = screening_layers(screened, zones=zones, lang="en")
    popups = [
        feature.popup
        for layer in layers.layers
        if layer.role == "site"
        for feature in layer.features
        if feature.popup is not None
    ]
    told = [(name, str(value)) for popup in popups for name, value in popup.rows]
    doubts = " ".join(value for name, value in told if name == "doubts and limits")
    assert "the activity is not in the vocabulary" in doubts
    assert "lies outside the extent of the layer" in doubts
    assert ("activity", "采石场 (mining)") in told


def test_a_holder_named_in_two_languages_is_credited_once_in_that_of_the_map() -> None:
    given = sites(("A", "采石场", square(100, 100, 100)))
    named = "由水库轮廓（© OpenStreetMap contributors，ODbL 1.0）"
    zones = red_line(square(0, 0, 1000)).assign(source=named)
    screened = screen_sites(given, zones, on="2026-11-22")
    plan = load_plan("chaoyang")
    for lang, said in (("zh", "© OpenStreetMap 贡献者"), ("en", "© OpenStreetMap contributors")):
        assert screening_layers(screened, zones=zones, plan=plan, lang=lang).credits == (said,)
    # without the plan nobody says it in Chinese: the credit stays as the layer has it
    alone = screening_layers(screened, zones=zones, lang="zh")
    assert alone.credits == ("© OpenStreetMap contributors",)


def test_layers_without_a_version_are_noted_and_a_popup_tells_the_doubt_of_each_finding():
    pack = load_examples()
    screening = screen_sites(pack.sites, pack.zones.assign(version=""), on="2026-11-22")
    layers = screening_layers(screening, zones=pack.zones)
    (note,) = [text for text in layers.notes if "未提供版本" in text]
    assert note.endswith("补齐版本前结论不得签署。") and "示例_生态保护红线" in note
    told = {flag for flag in screening.findings["finding_flag"] if "未核实规则" in flag}
    popups = [
        cell
        for layer in layers.layers
        if layer.role == "site"
        for feature in layer.features
        for table in feature.popup.tables
        for row in table.rows
        for cell in row
        if isinstance(cell, str)
    ]
    assert told and all(any(flag in cell for cell in popups) for flag in told)
