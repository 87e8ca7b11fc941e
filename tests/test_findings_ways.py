"""Findings with the way of the water, free parts, shifts and stretches, on paper."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from shapely import LineString, Point, box

import chaoyang_geo as cg
from chaoyang_geo.crs import CRSError
from chaoyang_geo.findings import write_findings
from chaoyang_geo.findings.drawing import Ground, site_picture
from chaoyang_geo.findings.model import casebook
from chaoyang_geo.findings.picture import Text
from chaoyang_geo.findings.words import words_of
from chaoyang_geo.maps.screening import screening_layers
from chaoyang_geo.schema import SchemaError

E, N = 500_000.0, 4_600_000.0
HOSTILE = "</title><script>alert(1)</script><img src=x onerror=alert(2)>"


def paper(name: str = "甲") -> dict[str, Any]:
    """Return a screening on paper, and what completes it.

    Site A, a square of 100 m, has its western 20 m in a red line; its water leaves by a river that
    enters a source zone 2 km below. Line B crosses the red line from K0+100 to K0+200.
    """
    zones = pd.concat(
        [
            cg.read_zones(
                gpd.GeoDataFrame({"zone_code": [code]}, geometry=[shape], crs=4549),
                kind=kind, grade=grade, version="1", version_date="2026-01-01", accuracy_m=3.0,
                quality="official", name=kind, columns={"zone_code": "zone_code"},
            )
            for code, kind, grade, shape in (
                ("R", "eco_red_line", "general", box(E - 80, N - 500, E + 20, N + 500)),
                ("W", "drinking_water", "primary", box(E, N - 5000, E + 600, N - 2000)),
            )
        ],
        ignore_index=True,
    )  # fmt: skip
    sites = gpd.GeoDataFrame(
        {"site_code": ["A", "B", "C"], "site_name": [name, "乙", "丙"],
         "activity": ["采石场", "输水管线", "采石场"], "accuracy_m": [4.0, 4.0, 4.0],
         "quality": "official"},
        geometry=[
            box(E, N, E + 100, N + 100),
            LineString([(E - 180, N - 50), (E + 120, N - 50)]),
            Point(E + 5000, N + 9000),
        ],
        crs=4549,
    )  # fmt: skip
    river = gpd.GeoDataFrame(
        {"reach_code": ["1"], "river_name": ["小河"]},
        geometry=[LineString([(E + 300, N + 50), (E + 300, N - 6000)])], crs=4549,
    )  # fmt: skip
    screening = cg.screen_sites(sites, zones, on="2026-11-22")
    red = zones[zones["zone_kind"] == "eco_red_line"]
    told = {"avoided": "eco_red_line/general", "clearance_m": 6.0}
    return {
        "screening": screening,
        "zones": zones,
        "downstream": cg.river_reach_check(
            sites, zones[zones["zone_kind"] == "drinking_water"], cg.river_network(river),
            geometry="way",
        ),
        "free": cg.free_parts(sites.iloc[:1], red, clearance_m=6.0).assign(**told),
        "shifts": cg.smallest_shift(sites.iloc[:1], red, clearance_m=6.0).assign(
            **told, verdict_after="无冲突", why_after_zh="无冲突：已核查。",
            why_after_en="no conflict: checked.",
        ),
        "stretches": cg.conflict_stretches(sites.iloc[1:2], red).assign(verdict="允许有条件"),
        "bands": cg.zone_distance_contours(
            red, within=gpd.GeoSeries([box(E, N, E + 2000, N + 1000)], crs=4549), distances_m=[500]
        ),
    }  # fmt: skip


def write(folder: Path, *, lang: str = "zh", **options: Any) -> Path:
    tables = {**paper(), **options}
    write_findings(tables.pop("screening"), folder, valid_days=30, lang=lang, **tables)
    return folder


@pytest.fixture(scope="module")
def written(tmp_path_factory: Any) -> Path:
    return write(tmp_path_factory.mktemp("ways") / "out")


def text_of(path: Path) -> str:
    if path.suffix == ".docx":
        with zipfile.ZipFile(path) as archive:
            raw = archive.read("word/document.xml").decode()
    else:
        raw = re.sub(r"<style>.*?</style>", "", path.read_text("utf-8"), flags=re.DOTALL)
    return re.sub(r"<[^>]+>", "", raw).replace("\xa0", " ")


@pytest.mark.parametrize("kind", ["html", "docx"])
def test_a_page_tells_the_way_of_the_water_and_the_ways_out(written: Path, kind: str) -> None:
    text = text_of(written / "sites" / f"0001_A.{kind}")
    for words in (
        "下游去向",
        "沿小河下行 2.0 公里进入",  # from the middle of the site, N+50, to N-2000
        "不改变上面的结论",
        "备选方案（仅供参考，非结论）",
        "生态保护红线（一般控制区）",
        "6 米",
        # 100 m less 20 m in the zone and 6 m (and a centimetre) of clearance: 74 x 100
        "7,399.1 平方米（占项目 74 %），1 块",
        "向东（方位角 90.0°）平移",
        "无冲突：已核查。",
        "未核查分水岭",
    ):
        assert words in text, words
    assert "未核查上下游水力联系" not in text


def test_kinds_that_are_avoided_stand_in_their_order_with_the_strictest_grade_first(
    tmp_path: Path,
) -> None:
    order = (
        "饮用水水源保护区（准）、饮用水水源保护区（二级）、饮用水水源保护区（一级）、生态保护红线"
    )
    kinds = "drinking_water/quasi;drinking_water/secondary;drinking_water/primary;eco_red_line"
    tables = paper()
    tables["shifts"] = tables["shifts"].assign(avoided=kinds)
    tables["free"] = tables["free"].assign(avoided=kinds)
    write(tmp_path / "out", **tables)
    expected = "、".join(reversed(order.split("、")))
    for kind in ("html", "docx"):
        assert expected in text_of(tmp_path / "out" / "sites" / f"0001_A.{kind}")
    book = openpyxl.load_workbook(tmp_path / "out" / "findings.xlsx")
    assert any(cell.value == expected for row in book["备选"].iter_rows() for cell in row)


def test_a_line_has_its_stretches_by_stake_and_kilometre(written: Path) -> None:
    for kind in ("html", "docx"):
        text = text_of(written / "sites" / f"0002_B.{kind}")
        for words in ("K0+100–K0+200", "0.100–0.200 公里", "100 米", "允许有条件"):
            assert words in text, (kind, words)
    # a line is not moved: nothing is said of alternatives
    assert "备选方案" not in text_of(written / "sites" / "0002_B.html")


def test_a_site_without_a_conflict_has_no_alternative_and_says_so(written: Path) -> None:
    assert "没有须避让的冲突" in text_of(written / "sites" / "0003_C.html")


@pytest.mark.parametrize("kind", ["html", "docx"])
def test_a_site_that_could_not_be_judged_is_not_called_free_of_conflicts(
    tmp_path: Path, kind: str
) -> None:
    tables = paper()
    screening = tables["screening"]
    sites = screening.sites.assign(verdict="无法判断")
    sites.loc[sites.index[1], "geometry"] = None
    sites.loc[sites.index[2], "verdict"] = "禁止"
    none = {name: tables[name].iloc[:0] for name in ("free", "shifts", "stretches")}
    write_findings(
        replace(screening, sites=sites), tmp_path / "f", valid_days=30, formats=kind, **none
    )
    said = [text_of(path) for path in sorted((tmp_path / "f" / "sites").iterdir())]
    assert "本项目无法判断，未提备选；这不等于没有冲突。" in said[0]
    assert "本项目没有可用图形，不能分析备选。" in said[1]
    assert "未对本项目分析备选。" in said[2]
    assert not any("没有须避让的冲突" in text for text in said)


def test_an_approximate_site_has_no_alternative_and_says_why(tmp_path: Path) -> None:
    tables = paper()
    screening = tables["screening"]
    sites = screening.sites.assign(place_quality=["approximate", "", ""], place_flag="约略位置")
    write_findings(
        replace(screening, sites=sites), tmp_path / "f", valid_days=30, formats="html",
        free=tables["free"].iloc[:0],
    )  # fmt: skip
    said = text_of(tmp_path / "f" / "sites" / "0001_A.html")
    assert "本项目只有约略位置，不能分析备选。" in said and "没有须避让的冲突" not in said


@pytest.mark.parametrize("kind", ["html", "docx"])
def test_off_the_network_no_section_downstream_is_not_called_none(written: Path, kind: str) -> None:
    near, far = (text_of(written / "sites" / f"{stem}.{kind}") for stem in ("0001_A", "0003_C"))
    assert re.search(r"下游断面\s*无已知断面", near)
    assert re.search(r"下游断面\s*不能判断", far)
    assert "去向不明" in far and "未进入所查分区" not in far


def test_what_was_not_asked_for_is_not_there(tmp_path: Path) -> None:
    tables = paper()
    write_findings(tables["screening"], tmp_path / "f", zones=tables["zones"], valid_days=30)
    text = text_of(tmp_path / "f" / "sites" / "0001_A.html")
    assert "下游去向" not in text and "备选" not in text
    assert "未核查上下游水力联系" in text
    book = openpyxl.load_workbook(tmp_path / "f" / "findings.xlsx")
    assert book.sheetnames == ["结论", "逐区", "核查图层", "规则", "未核查"]


def test_workbook_and_json_hold_the_numbers(written: Path) -> None:
    book = openpyxl.load_workbook(written / "findings.xlsx")
    assert book.sheetnames[2:6] == ["下游去向", "备选", "涉及区段", "等距带"]

    def column(sheet: str, name: str) -> list[Any]:
        heads = [cell.value for cell in book[sheet][1]]
        at = heads.index(cg.label(name))
        return [row[at] for row in book[sheet].iter_rows(min_row=2, values_only=True)]

    for sheet in book.worksheets:
        heads = [str(cell.value) for cell in sheet[1]]
        assert not any(head.isascii() and "_" in head for head in heads), (sheet.title, heads)
    assert column("下游去向", "distance_km")[0] == pytest.approx(2.05, abs=0.01)
    assert column("下游去向", "reach_state")[0] == "流入"
    assert column("备选", "free_m2") == [pytest.approx(7400.0, abs=1.1)]
    assert column("备选", "shift_m") == [pytest.approx(26.01, abs=0.02)]
    assert column("备选", "verdict_after") == ["无冲突"]
    assert column("涉及区段", "from_stake") == ["K0+100"]
    assert sum(column("等距带", "share")) == pytest.approx(1.0)
    read = json.loads((written / "findings.json").read_text("utf-8"))
    one = read["sites"][0]
    assert one["downstream"][0]["zone_code"] == "W"
    assert one["free"]["free_m2"] == pytest.approx(7400.0, abs=1.1)
    assert one["shift"]["verdict_after"] == "无冲突"
    assert read["sites"][1]["stretches"][0]["to_km"] == pytest.approx(0.2)
    assert [row["band_no"] for row in read["bands"]] == [0, 1, 2]


@pytest.mark.parametrize(("lang", "listed"), [("zh", "甲桥、乙桥"), ("en", "甲桥, 乙桥")])
def test_the_workbook_names_sections_and_writes_each_unit_in_one_way(
    tmp_path: Path, lang: str, listed: str
) -> None:
    below = paper()["downstream"].assign(sections_downstream="S1;S2")
    names = {"S1": "甲桥", "S2": "乙桥"}
    folder = write(tmp_path / "f", lang=lang, downstream=below, names=names, formats=["xlsx"])
    book = openpyxl.load_workbook(folder / "findings.xlsx")
    heads = {cell.value: cell.column for cell in book.worksheets[2][1]}
    cell = book.worksheets[2].cell(2, heads[cg.label("sections_downstream", lang)])
    assert cell.value == listed
    texts = " ".join(str(cell.value) for sheet in book for cell in sheet[1])
    assert "(m²)" in texts or "（m²）" in texts
    assert not re.search("米）|公里）|m2|English", texts), texts


def picture(at: int) -> Any:
    tables = paper()
    screening, zones = tables.pop("screening"), tables.pop("zones")
    case = casebook(screening, None, 30, **tables)
    return site_picture(case.sites[at], Ground(zones), words_of("zh"), "zh")


def test_the_map_of_a_page_has_a_legend_for_all_that_it_draws() -> None:
    texts = [item.text for item in picture(0).items if isinstance(item, Text)]
    assert {"可用部分", "平移后位置", "水的去向"} <= set(texts)
    assert "涉及分区的区段" not in texts
    texts = [item.text for item in picture(1).items if isinstance(item, Text)]
    assert {"涉及分区的区段", "K0+100–K0+200"} <= set(texts)
    assert "可用部分" not in texts


def test_beside_a_moved_site_only_the_length_of_the_shift_is_written() -> None:
    tables = paper()
    screening, zones = tables.pop("screening"), tables.pop("zones")
    apart = screening.findings.assign(relation="near", distance_m=40.4)
    away = screening.sites.geometry.translate(60)
    aside = replace(screening, findings=apart, sites=screening.sites.set_geometry(away))
    for ways, told in (({}, "40.4 米"), ({"shifts": tables["shifts"]}, "平移 26.1 米")):
        site = casebook(aside, None, 30, **ways).sites[0]
        items = site_picture(site, Ground(zones), words_of("zh"), "zh").items
        texts = {item.text for item in items if isinstance(item, Text)}
        assert texts & {"40.4 米", "平移 26.1 米"} == {told}


def test_english_is_complete(tmp_path: Path) -> None:
    tables = paper()
    sites = tables["screening"].sites
    names = {"小河": "Small River", "甲": "site A", "采石场": "quarry"}
    folder = write(tmp_path / "f", lang="en", names=names)
    assert len(sites) == 3
    for kind in ("html", "docx"):
        text = text_of(folder / "sites" / f"0001_A.{kind}")
        part = text[text.index("Downstream along") : text.index("Layers that were checked")]
        assert "via Small River" in part and "2.0 km" in part
        left = re.sub("甲|水源一级保护区", "", part)
        assert not re.search("[一-鿿，。；：（）]", left), left


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    tables = paper(HOSTILE)
    screening, zones = tables.pop("screening"), tables.pop("zones")
    write_findings(screening, tmp_path / "f", zones=zones, valid_days=30, **tables)
    for path in (tmp_path / "f").rglob("*.html"):
        assert "<script>" not in path.read_text("utf-8")
    page = screening_layers(screening, zones=zones, **tables)
    assert cg.write_map(page, tmp_path / "m.html").read_text("utf-8").count("<script>alert") == 0


def test_tables_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    tables = paper()
    screening = tables["screening"]
    with pytest.raises(SchemaError, match="free_m2"):
        write_findings(
            screening, tmp_path / "f", valid_days=1, free=tables["free"].drop(columns="free_m2")
        )
    with pytest.raises(CRSError, match="shifts"):
        lost = tables["shifts"].set_crs(None, allow_override=True)
        write_findings(screening, tmp_path / "f", valid_days=1, shifts=lost)
    with pytest.raises(SchemaError, match="'Z'"):
        other = tables["free"].assign(site_code="Z")
        write_findings(screening, tmp_path / "f", valid_days=1, free=other)
    assert not (tmp_path / "f").exists()


def test_empty_tables_say_that_nothing_was_found(tmp_path: Path) -> None:
    tables = paper()
    empty = {name: tables[name].iloc[:0] for name in ("downstream", "free", "shifts", "stretches")}
    screening = replace(tables["screening"])
    write_findings(screening, tmp_path / "f", valid_days=30, **empty)
    text = text_of(tmp_path / "f" / "sites" / "0001_A.html")
    assert "未追踪" in text
    # a forbidden site is not called free of conflicts
    assert "未对本项目分析备选。" in text and "没有须避让的冲突" not in text


def test_the_map_draws_each_as_what_it_is() -> None:
    tables = paper()
    screening, zones = tables.pop("screening"), tables.pop("zones")
    layers = screening_layers(screening, zones=zones, **tables)
    drawn = {layer.key: layer for layer in layers.layers}
    assert len(drawn["ways-free"].features) == 1
    assert [feature.key for feature in drawn["ways-moved"].features] == ["moved-0", "arrow-0"]
    assert drawn["ways-moved"].features[0].label == ("甲", "平移 26.1 米")
    assert drawn["ways-stretch"].features[0].label == ("K0+100–K0+200",)
    assert drawn["ways-bands"].visible is False and len(drawn["ways-bands"].features) == 3
    assert "下行" in drawn["ways-course"].features[0].popup.paragraphs[0]
    words = [entry.text for legend in layers.legends for entry in legend.entries]
    assert {
        "备选：可用部分",
        "备选：平移后位置",
        "线路涉及分区的区段",
        "水的去向（沿河网）",
    } <= set(words)
    # the arrow ends in the middle of the moved site: 26 m east of the old middle
    arrow = drawn["ways-moved"].features[1].geometry["coordinates"]
    ends = gpd.GeoSeries([Point(arrow[0]), Point(arrow[1])], crs=4490).to_crs(4549)
    assert ends.iloc[1].x - ends.iloc[0].x == pytest.approx(26.0, abs=1.5)
    plain = screening_layers(screening, zones=zones)
    assert not any(layer.key.startswith("ways-") for layer in plain.layers)
    assert "ways" not in [legend.key for legend in plain.legends]


def test_word_is_a_sound_archive_with_its_merged_cells(written: Path) -> None:
    import docx

    data = (written / "sites" / "0001_A.docx").read_bytes()
    document = docx.Document(io.BytesIO(data))
    layers = [table for table in document.tables if len(table.columns) == 7]
    assert "SHA-256" in layers[0].rows[2].cells[0].text
    assert layers[0].rows[2].cells[0].text == layers[0].rows[2].cells[-1].text
