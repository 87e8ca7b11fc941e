"""Findings: what is said, where it is said, and that no name can do harm."""

import hashlib
import io
import json
import re
import sys
import time
import zipfile
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from chaoyang_geo.crs import CRSError
from chaoyang_geo.findings import cap_approximate, write_findings
from chaoyang_geo.findings.drawing import Ground, site_picture
from chaoyang_geo.findings.machine import written_rows
from chaoyang_geo.findings.model import casebook
from chaoyang_geo.findings.picture import Path as Drawn
from chaoyang_geo.findings.picture import Text, fitting, hatch
from chaoyang_geo.findings.words import words_of
from chaoyang_geo.schema import SchemaError, label
from chaoyang_geo.screening import screen_sites
from chaoyang_geo.verdicts import VERDICTS

sys.path.insert(0, str(Path(__file__).parent))

from browser import chromium

X, Y = 500_000.0, 4_600_000.0
HOSTILE = (
    "</title></style><script>alert(1)</script><img src=x onerror=alert(2)>\"'&=cmd|' /C calc'!A0"
)
NASTY = "=1+1\x00\x0b\ufffe甲\u202e乙"


@dataclass(frozen=True)
class Screening:
    """Stands for the result of a screening: the same tables, made by hand."""

    findings: pd.DataFrame
    sites: gpd.GeoDataFrame
    checked: pd.DataFrame
    rules: pd.DataFrame
    options: dict[str, Any]


def finding(site, zone, **values):
    row = {
        "site_code": site, "site_name": "", "activity": "", "activity_zh": "", "zone_code": zone,
        "zone_name": f"zone {zone}", "zone_kind": "eco_red_line", "zone_grade": "general",
        "layer": "red", "version": "2023", "relation": "overlaps", "overlap_m2": 0.0, "overlap_m": 0.0,
        "overlap_m2_geodesic": 0.0, "overlap_m_geodesic": 0.0, "share_of_site": 0.0,
        "share_of_zone": 0.0, "distance_m": 0.0, "band_m": 10.0, "verdict": "禁止",
        "clause": "art. 1", "rule_id": "r-1", "rule_source": "Act", "rule_status": "verified",
        "rule_note": "", "finding_flag": "", "why_zh": "禁止：理由。", "why_en": "forbidden: reason.",
    }  # fmt: skip
    return {**row, **values}


def paper(quality="official", name="site", zone_name="zone"):
    """Return a screening of three sites on paper: over a zone, beside it, without a shape.

    Site A is a square of 100 m whose eastern half lies in the zone; site B is a pipe of 300 m,
    200 m outside; site C has no shape.
    """
    sites = gpd.GeoDataFrame(
        {
            "site_code": ["A", "B", "C"],
            "site_name": [name, "pipe", "somewhere"],
            "activity": ["mining", "pipeline", "unknown"],
            "activity_zh": ["mining", "pipeline", ""],
            "verdict": ["禁止", "无冲突", "无法判断"],
            "n_zones": [1, 0, 0],
            "verdict_flag": ["", "", ""],
            "why_zh": ["禁止：理由。", "无冲突：已核查。", "无法判断：无图形。"],
            "why_en": [
                "forbidden: reason.",
                "no conflict: checked.",
                "cannot be judged: no shape.",
            ],
            "layers_checked": ["red"] * 3,
            "accuracy_m": [3.0, np.nan, np.nan],
            "quality": quality,
        },
        geometry=[
            box(X, Y, X + 100, Y + 100),
            LineString([(X, Y - 200), (X, Y - 500)]),
            None,
        ],
        crs=4549,
    )
    found = [
        finding(
            "A", "Z1", zone_name=zone_name, overlap_m2=5000.0, overlap_m2_geodesic=4998.0,
            share_of_site=0.5, share_of_zone=0.0125,
        ),
        finding(
            "B", "Z1", zone_name=zone_name, relation="near", distance_m=206.2, verdict="无冲突",
            clause="", rule_id="", rule_source="", rule_status="",
        ),
    ]  # fmt: skip
    checked = pd.DataFrame(
        {
            "layer": ["red", "water"],
            "zone_kinds": ["eco_red_line", "drinking_water"],
            "n_zones": [1, 0],
            "version": ["2023", "1"],
            "version_date": ["2023-05-01", ""],
            "content_hash": ["ab" * 32, ""],
            "accuracy_m": [10.0, np.nan],
            "source": ["the office", ""],
            "quality": [quality, quality],
            "layer_state": ["ok", "empty"],
            "layer_flag": ["", ""],
        }
    )
    rules = pd.DataFrame(
        {"rule_set": ["s"], "rule_id": ["r-1"], "zone_kind": ["eco_red_line"], "zone_grade": ["*"],
         "activity": ["*"], "verdict": ["禁止"], "clause": ["art. 1"], "rule_source": ["Act"],
         "status": ["verified"], "note": [""]}
    )  # fmt: skip
    options = {
        "on": "2026-11-22", "tolerance_m": 10.0, "max_distance_m": 1000.0, "rule_sets": "s",
        "rules_hash": "cd" * 32, "crs": "EPSG:4549", "metric_crs": "EPSG:4549",
    }  # fmt: skip
    return Screening(pd.DataFrame(found), sites, checked, rules, options)


def zones(name="zone"):
    return gpd.GeoDataFrame(
        {"zone_code": ["Z1"], "zone_name": [name], "zone_kind": ["eco_red_line"], "zone_grade": ["general"]},
        geometry=[box(X + 50, Y - 300, X + 1050, Y + 100)],
        crs=4549,
    )  # fmt: skip


def picture(screening, at=0, layer=None, lang="zh"):
    case = casebook(screening, None, 30)
    return site_picture(case.sites[at], Ground(layer), words_of(lang), lang)


class Page(HTMLParser):
    """The elements, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text, self._style = [], [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        self._style = tag == "style"

    def handle_endtag(self, tag):
        self._style = False

    def handle_data(self, data):
        if not self._style:
            self.text += data


def part(path, name="word/document.xml"):
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode("utf-8")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("findings") / "out"
    frame = write_findings(paper(), folder, zones=zones(), valid_days=180)
    return folder, frame


# --- the folder ----------------------------------------------------------------------------------


def test_the_frame_lists_every_file_with_its_hash(written):
    folder, frame = written
    here = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert here == set(frame["file"]) | {"manifest.json"}
    for row in frame.itertuples():
        data = (folder / row.file).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (row.n_bytes, row.sha256)
    assert json.loads((folder / "manifest.json").read_text("utf-8"))["files"] == frame.to_dict(
        "records"
    )
    assert frame["site_code"].tolist() == ["A", "A", "B", "B", "C", "C", "", "", ""]


def test_the_same_input_gives_the_same_bytes_at_another_time(written, tmp_path):
    time.sleep(2.1)  # a zip keeps times to two seconds
    again = write_findings(paper(), tmp_path / "b", zones=zones(), valid_days=180)
    assert again.equals(written[1])


def test_the_order_of_zones_changes_nothing(tmp_path):
    more = pd.concat([zones(), zones("other").assign(zone_code="Z2", zone_grade="core")])
    first = write_findings(
        paper(), tmp_path / "a", zones=more, valid_days=9, formats=("html", "docx")
    )
    other = write_findings(
        paper(), tmp_path / "b", zones=more.iloc[::-1], valid_days=9, formats=("html", "docx")
    )
    assert first.equals(other)


def test_a_second_writing_replaces_the_first_as_a_whole(tmp_path):
    write_findings(paper(), tmp_path / "f", valid_days=9, formats=("html", "json"))
    write_findings(paper(), tmp_path / "f", valid_days=9, formats="json")
    assert sorted(path.name for path in (tmp_path / "f").iterdir()) == [
        "findings.json",
        "manifest.json",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_failure_leaves_the_old_folder_and_nothing_else(tmp_path, monkeypatch):
    folder = tmp_path / "f"
    write_findings(paper(), folder, valid_days=9, formats="html")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def broken(*_):
        raise OSError("disk is full")

    monkeypatch.setattr("chaoyang_geo.findings.write.workbook", broken)
    with pytest.raises(OSError, match="disk is full"):
        write_findings(paper(), folder, valid_days=1, formats=("html", "xlsx"))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(FileExistsError, match=r"thesis\.docx"):
        write_findings(paper(), tmp_path, valid_days=9)
    with pytest.raises(NotADirectoryError):
        write_findings(paper(), tmp_path / "thesis.docx", valid_days=9)
    assert (tmp_path / "thesis.docx").read_text() == "years of work"


def test_the_input_is_not_changed(tmp_path):
    screening, layer = paper(), zones()
    sites, found = screening.sites.copy(), screening.findings.copy()
    write_findings(screening, tmp_path / "f", zones=layer, valid_days=9, formats="html")
    assert screening.sites.equals(sites) and screening.findings.equals(found)
    assert layer.equals(zones())


def test_no_sites_give_a_folder_that_says_so(tmp_path):
    screening = paper()
    none = replace(screening, sites=screening.sites.iloc[:0], findings=screening.findings.iloc[:0])
    frame = write_findings(none, tmp_path / "f", zones=zones(), valid_days=9)
    assert frame["file"].tolist() == ["index.html", "findings.xlsx", "findings.json"]
    assert frame.dtypes.astype(str).to_dict()["n_bytes"] == "int64"
    assert json.loads((tmp_path / "f" / "findings.json").read_text("utf-8"))["sites"] == []


# --- what must be there --------------------------------------------------------------------------


def test_a_page_says_what_a_signer_must_know(written):
    text = Page((written[0] / "sites" / "0001_A.html").read_text("utf-8")).text
    for words in (
        "禁止",  # the verdict
        "2026-11-22",
        "2027-05-21",  # 180 days later
        "180 天",
        "5,000.0 平方米",
        "占项目 50\u00a0%",
        "占分区 1.2\u00a0%",
        "椭球面 4,998.0 平方米",
        "误差带 ±10 米",
        "Act art. 1",
        "规则 r-1（已核实）",
        "ab" * 32,
        "cd" * 32,
        "20232023-05-01",  # the version over its date
        "1.00 公顷",  # the site: a square of 100 m
        "±3 米",
        "编制",
        "批准（盖章）",
    ):
        assert words in text, words


def test_what_was_not_checked_is_listed_with_its_reason(written):
    folder, _ = written
    text = Page((folder / "sites" / "0002_B.html").read_text("utf-8")).text
    # nine kinds in the list: the red line has a layer, the water layer is empty
    for kind in (
        "自然保护地",
        "环境管控单元",
        "生态功能区",
        "河岸",
        "库岸",
        "永久基本农田",
        "城镇",
    ):
        assert f"{kind}无图层" in text
    assert "饮用水水源保护区图层为空，water" in text
    assert "生态保护红线无图层" not in text
    read = json.loads((folder / "findings.json").read_text("utf-8"))
    assert [row["zone_kind"] for row in read["not_checked"]] == [
        "nature_reserve", "drinking_water", "management_unit", "function_zone", "river_bank",
        "reservoir_bank", "permanent_cropland", "town",
    ]  # fmt: skip


def test_a_layer_that_cannot_be_read_is_named_though_its_kind_is_unknown(tmp_path):
    screening = paper()
    bad = screening.checked.iloc[:1].assign(
        layer="broken.shp", zone_kinds="", layer_state="unreadable", layer_flag="cut off"
    )
    write_findings(
        replace(screening, checked=pd.concat([screening.checked, bad])),
        tmp_path / "f", valid_days=9, formats="html",
    )  # fmt: skip
    html = (tmp_path / "f" / "sites" / "0001_A.html").read_text("utf-8")
    assert "broken.shp图层无法读取" in Page(html).text
    # the reason runs across the table, below the layer
    assert '<td colspan="7"><div class="doubt">cut off</div>' in html


def doubtful():
    """Return the paper with a layer of which a zone was not checked."""
    screening = paper()
    flag = "2 个分区无有效图形，未核查"
    state = screening.checked["layer_state"].where(screening.checked["layer"] != "red", "partial")
    return replace(
        screening, checked=screening.checked.assign(layer_state=state, layer_flag=[flag, ""])
    ), flag


def test_a_layer_that_was_checked_in_part_is_said_to_be_so(tmp_path):
    for lang, said, usual in (
        ("zh", "或其图层未能全部核查，本结论对未核查的部分不作判断", "没有可用图层，本结论"),
        (
            "en",
            "or a part of it could not be checked",
            "No usable layer was at hand for these kinds",
        ),
    ):
        for screening, lead, other in ((doubtful()[0], said, usual), (paper(), usual, said)):
            write_findings(
                screening, tmp_path / "f", valid_days=9, lang=lang, formats=("html", "docx")
            )
            site = tmp_path / "f" / "sites" / "0001_A"
            page = Page(site.with_suffix(".html").read_text("utf-8")).text
            for text in (page, part(site.with_suffix(".docx"))):
                assert lead in text and other not in text


def test_in_word_the_doubt_about_a_layer_runs_across_below_it(tmp_path):
    import docx

    screening, flag = doubtful()
    write_findings(screening, tmp_path / "f", valid_days=9, formats="docx")
    document = docx.Document(str(tmp_path / "f" / "sites" / "0001_A.docx"))
    table = next(table for table in document.tables if len(table.columns) == 7)
    red, under_red, water, under_water = table.rows[1:]
    assert water.cells[6].text == "图层为空"
    cell = under_red.cells[0]
    assert cell.text.split("\n") == [flag, "来源 the office", "内容校验值 SHA-256 " + "ab" * 32]
    assert len({each._tc for each in under_red.cells}) == 1  # one cell, as wide as the table
    colours = [run.font.color.rgb for line in cell.paragraphs for run in line.runs if run.text]
    assert str(colours[0]) == "8A4B08" and {str(each) for each in colours[1:]} == {"4D5A63"}
    # the state of a layer that is not whole is as visible; that of a whole one is plain
    state = [run for run in red.cells[6].paragraphs[0].runs if run.text]
    assert red.cells[6].text == "部分分区未能核查" and all(run.bold for run in state)
    assert {str(run.font.color.rgb) for run in state} == {"8A4B08"}
    assert flag not in red.cells[6].text and "8A4B08" not in under_water._tr.xml
    write_findings(paper(), tmp_path / "g", valid_days=9, formats="docx")
    plain = docx.Document(str(tmp_path / "g" / "sites" / "0001_A.docx"))
    rows = next(table for table in plain.tables if len(table.columns) == 7).rows
    assert not any(run.bold for run in rows[1].cells[6].paragraphs[0].runs)


def test_rows_are_written_as_json_writes_them_in_lines():
    rows = [
        {"n": 1, "far_m": 0.1, "name": '甲\n"%s', "parts": [1.5, {}], "none": None, "yes": True},
        {"n": 2, "far_m": 1e22, "name": "", "parts": [], "none": {"a": []}, "yes": False},
    ]
    expected = [json.dumps(row, ensure_ascii=False, indent=1) for row in rows]
    assert written_rows(rows, 0) == expected
    assert written_rows([{"x": float("nan"), "y": float("inf")}], 0) == [
        '{\n "x": null,\n "y": null\n}'
    ]


def test_json_holds_the_numbers_as_they_were_computed(written):
    read = json.loads((written[0] / "findings.json").read_text("utf-8"))
    screening = paper()
    assert read["format"] == "chaoyang_geo.findings/1" and read["synthetic"] is False
    assert [site["verdict"] for site in read["sites"]] == screening.sites["verdict"].tolist()
    row, stored = read["sites"][0]["findings"][0], screening.findings.iloc[0]
    for name in screening.findings.columns:
        assert row[name] == stored[name], name
    assert read["sites"][0]["accuracy_m"] == 3.0 and read["sites"][1]["accuracy_m"] is None
    assert read["sites"][0]["area_m2"] == pytest.approx(10_000.0)
    assert read["sites"][2]["centre_lon_lat"] is None
    assert read["options"] == screening.options


def test_the_workbook_has_its_five_sheets_with_labels(written):
    book = openpyxl.load_workbook(written[0] / "findings.xlsx")
    assert book.sheetnames == ["结论", "逐区", "核查图层", "规则", "未核查"]
    for sheet in book.worksheets[:4]:
        heads = [cell.value for cell in sheet[1]]
        assert all(heads) and not any(head.isascii() and "_" in head for head in heads), heads
    rows = list(book["结论"].iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in rows] == ["A", "B", "C"] and rows[0][3] == "禁止"
    sizes = {cell.value: cell.column for cell in book["逐区"][1]}
    assert book["逐区"].cell(2, sizes[label("overlap_m2")]).value == 5000.0
    assert book["逐区"].cell(2, sizes[label("relation")]).value == "部分位于区内"
    assert book["逐区"].cell(2, sizes[label("zone_grade")]).value == "一般控制区"


def test_word_says_the_same_as_the_page(written):
    import docx

    document = docx.Document(str(written[0] / "sites" / "0001_A.docx"))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    cells = "\n".join(
        cell.text for table in document.tables for row in table.rows for cell in row.cells
    )
    for words in ("位置图", "未核查的内容", "已核查的图层"):
        assert words in text
    for words in (
        "禁止",
        "5,000.0 平方米",
        "规则 r-1（已核实）",
        "ab" * 32,
        "2027-05-21",
        "自然保护地",
    ):
        assert words in cells


def test_an_index_names_the_worst_first_and_links_every_page(written):
    folder, _ = written
    page = Page((folder / "index.html").read_text("utf-8"))
    links = [value for tag, name, value in page.attributes if tag == "a" and name == "href"]
    assert links == ["sites/0001_A.html", "sites/0003_C.html", "sites/0002_B.html"]
    assert all((folder / link).is_file() for link in links)


def test_a_site_without_a_shape_has_no_map_and_says_so(written):
    page = Page((written[0] / "sites" / "0003_C.html").read_text("utf-8"))
    assert "svg" not in page.tags
    assert "项目没有可用图形" in page.text and "无图形" in page.text


def test_without_zones_the_map_says_that_it_shows_the_site_alone(tmp_path):
    write_findings(paper(), tmp_path / "f", valid_days=9, formats="html")
    text = Page((tmp_path / "f" / "sites" / "0001_A.html").read_text("utf-8")).text
    assert "未提供分区图形" in text


def test_english_is_complete(tmp_path):
    screening = paper()
    write_findings(screening, tmp_path / "f", zones=zones(), lang="en", valid_days=9)
    chinese = re.compile("[一-鿿，。；：（）]")
    for path in (tmp_path / "f").rglob("*.html"):
        assert not chinese.search(Page(path.read_text("utf-8")).text), path.name
    for path in (tmp_path / "f").rglob("*.docx"):
        body = re.sub(r"<[^>]+>", "", part(path))
        assert not chinese.search(body), path.name
    for sheet in openpyxl.load_workbook(tmp_path / "f" / "findings.xlsx").worksheets:
        assert not chinese.search(sheet.title)
        for row in sheet.iter_rows(values_only=True):
            assert not any(chinese.search(str(value)) for value in row if value), sheet.title


def test_every_verdict_has_its_look_in_both_languages(tmp_path):
    screening = paper()
    for verdict in VERDICTS:
        one = replace(screening, sites=screening.sites.assign(verdict=verdict))
        for lang in ("zh", "en"):
            write_findings(one, tmp_path / "f", valid_days=9, lang=lang, formats=("html", "docx"))
            page = Page((tmp_path / "f" / "sites" / "0001_A.html").read_text("utf-8"))
            assert (verdict if lang == "zh" else VERDICTS[verdict]) in page.text


# --- what must not look real, and what is not known ----------------------------------------------


def test_synthetic_data_are_marked_on_page_map_tables_word_and_sheets(tmp_path):
    write_findings(paper(quality="synthetic"), tmp_path / "f", zones=zones(), valid_days=9)
    folder = tmp_path / "f"
    html = (folder / "sites" / "0001_A.html").read_text("utf-8")
    page = Page(html)
    assert page.tags.count("caption") == 2 and page.text.count("示例数据") >= 6
    assert "background-image" in html  # across every printed page
    assert ">示例数据</text>" in html  # on the map, should it be cut out
    assert 'string="示例数据"' in part(folder / "sites" / "0001_A.docx", "word/header1.xml")
    for sheet in openpyxl.load_workbook(folder / "findings.xlsx").worksheets:
        assert sheet["A1"].value.startswith("示例数据"), sheet.title
    assert json.loads((folder / "findings.json").read_text("utf-8"))["synthetic"] is True


def test_one_synthetic_layer_marks_every_page(tmp_path):
    screening = paper()
    screening.checked.loc[1, "quality"] = "synthetic"
    write_findings(screening, tmp_path / "f", valid_days=9, formats="html")
    for name in ("0001_A", "0002_B", "0003_C"):
        text = Page((tmp_path / "f" / "sites" / f"{name}.html").read_text("utf-8")).text
        assert "示例数据：项目或图层为演示虚构" in text


def test_real_data_carry_no_mark(written):
    folder, _ = written
    for path in folder.rglob("*.html"):
        text = path.read_text("utf-8")
        assert "示例" not in text and "background-image" not in text
    for path in folder.rglob("*.docx"):
        assert "示例" not in part(path) and "示例" not in part(path, "word/header1.xml")
    assert "示例" not in (folder / "findings.json").read_text("utf-8")


def test_a_layer_of_unknown_quality_is_named(tmp_path):
    screening = paper()
    screening.checked["quality"] = ["", "official"]
    write_findings(screening, tmp_path / "f", valid_days=9, formats="html")
    text = Page((tmp_path / "f" / "sites" / "0001_A.html").read_text("utf-8")).text
    assert "未说明数据性质的图层：red" in text


def test_an_approximate_site_is_marked_and_has_no_place_of_its_own(tmp_path):
    screening = paper()
    sites = screening.sites.assign(
        place_quality=["approximate", "", ""], place_extent=["county", "", ""]
    )
    checked = screening.checked.assign(layer_state="ok")
    screening = replace(screening, checked=checked)
    write_findings(replace(screening, sites=sites), tmp_path / "f", zones=zones(), valid_days=9)
    text = Page((tmp_path / "f" / "sites" / "0001_A.html").read_text("utf-8")).text
    assert "压线需复核" in text and "以区县的范围代表" in text and "不是项目占地" in text
    assert "120°" not in text  # the middle of a county is no place of a project
    read = json.loads((tmp_path / "f" / "findings.json").read_text("utf-8"))["sites"][0]
    assert read["verdict"] == "压线需复核" and read["centre_lon_lat"] is None
    assert read["findings"][0]["verdict"] == "压线需复核"


def test_below_the_cap_the_findings_are_in_order_again_and_what_is_open_decides():
    from screening_paper import sites as paper_sites
    from screening_paper import zones as paper_zones

    place = paper_sites(
        box(100, 100, 900, 900), box(100, 100, 900, 900), activity="采石场",
        place_quality=["approximate", ""],
    )  # fmt: skip
    near = box(0, 0, 1000, 1000)
    layers = [
        paper_zones(near, grade="core", layer="A"),
        paper_zones(near, kind="function_zone", grade="", layer="B"),  # no rule speaks of it
    ]
    firm = screen_sites(place, layers)
    assert firm.findings["verdict"].tolist() == ["禁止", "无法判断"] * 2
    capped = cap_approximate(firm)
    found = capped.findings
    assert found["site_code"].tolist() == ["S0", "S0", "S1", "S1"]
    assert found["verdict"].tolist() == ["无法判断", "压线需复核", "禁止", "无法判断"]
    assert found["zone_kind"].tolist()[:2] == ["function_zone", "eco_red_line"]
    assert found.index.equals(firm.findings.index)
    assert capped.sites["verdict"].tolist() == ["无法判断", "禁止"]
    why = capped.sites["why_zh"].iloc[0]
    assert why.startswith(found["why_zh"].iloc[0]) and "若位于区内则为：禁止" in why
    again = cap_approximate(capped)
    assert again.findings.equals(found) and again.sites.equals(capped.sites)


def test_below_the_cap_a_layer_that_could_not_be_checked_decides():
    screening = paper()
    sites = screening.sites.assign(place_quality=["approximate", "", ""])
    capped = cap_approximate(replace(screening, sites=sites)).sites
    assert capped["verdict"].tolist()[0] == "无法判断"
    assert capped["why_zh"].iloc[0].startswith("无法判断：未能核查的图层：water。压线需复核：")
    assert capped["why_en"].iloc[0].startswith("cannot be judged: layers that could not be")


# --- names that mean harm ------------------------------------------------------------------------


def test_hostile_names_stay_text_everywhere(tmp_path):
    screening = paper(name=HOSTILE, zone_name=HOSTILE)
    for column in ("clause", "rule_note", "finding_flag", "layer", "rule_source", "why_zh"):
        screening.findings[column] = HOSTILE
    screening.sites["verdict_flag"] = HOSTILE
    screening.checked["layer"] = HOSTILE
    screening.checked["source"] = HOSTILE
    folder = tmp_path / "f"
    write_findings(screening, folder, zones=zones(HOSTILE), valid_days=9)
    for path in folder.rglob("*.html"):
        page = Page(path.read_text("utf-8"))
        assert not {"script", "img", "iframe", "object", "link"} & set(page.tags)
        assert not [
            each for each in page.attributes if each[1].startswith("on") or each[1] == "src"
        ]
        assert page.tags.count("style") == 1
        assert "default-src 'none'" in str(page.attributes)
    assert HOSTILE in Page((folder / "sites" / "0001_A.html").read_text("utf-8")).text
    body = part(folder / "sites" / "0001_A.docx")
    assert "<script" not in body and "&lt;script&gt;" in body
    book = openpyxl.load_workbook(folder / "findings.xlsx")
    assert not [
        c for s in book.worksheets for row in s.iter_rows() for c in row if c.data_type == "f"
    ]


def test_characters_that_no_file_can_hold_are_replaced(tmp_path):
    screening = paper(name=NASTY, zone_name=NASTY)
    screening.sites["site_code"] = ["../../A:*", "CON", "甲/乙"]
    screening.findings["site_code"] = ["../../A:*", "CON"]
    write_findings(screening, tmp_path / "f", zones=zones(NASTY), valid_days=9)
    names = sorted(path.name for path in (tmp_path / "f" / "sites").iterdir())
    assert names == ["0001_A.docx", "0001_A.html", "0002_CON.docx", "0002_CON.html",
                     "0003_甲_乙.docx", "0003_甲_乙.html"]  # fmt: skip
    text = Page((tmp_path / "f" / "sites" / "0001_A.html").read_text("utf-8")).text
    assert "=1+1���甲�乙" in text
    cell = openpyxl.load_workbook(tmp_path / "f" / "findings.xlsx")["结论"]["B2"]
    assert cell.data_type == "s" and cell.value.startswith("=1+1")


def test_a_page_needs_nothing_from_outside_and_fits_its_width(tmp_path):
    screening = paper(quality="synthetic", name=HOSTILE, zone_name="W" * 300)
    write_findings(screening, tmp_path / "f", zones=zones("W" * 300), valid_days=9, formats="html")
    asked = []
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 900, "height": 1200})
        page.on("request", lambda request: asked.append(request.url))
        messages = []
        page.on("console", lambda message: messages.append(message.text))
        page.on("dialog", lambda dialog: messages.append(dialog.message))
        for name in ("index.html", "sites/0001_A.html"):
            path = tmp_path / "f" / name
            page.goto(path.as_uri())
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 900, name
        assert not messages
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]


# --- the map -------------------------------------------------------------------------------------


def areas_of(drawing, colour):
    for item in drawing.items:
        if isinstance(item, Drawn) and item.fill == colour:
            yield sum(shapely.Polygon(ring).area for ring in item.parts)


def test_a_site_has_its_true_size_on_paper():
    drawing = picture(paper(), layer=zones())
    # the square of 100 m, at the scale that is printed under the map
    on_paper = next(areas_of(drawing, "#ffd400"))
    assert on_paper * (drawing.scale / 1000) ** 2 == pytest.approx(10_000, rel=0.01)


def test_the_scale_bar_is_as_long_as_it_says():
    for at in (0, 1):
        drawing = picture(paper(), at=at, layer=zones())
        bars = [
            item.parts[0] for item in drawing.items
            if isinstance(item, Drawn) and item.width == 0.2 and item.stroke and item.fill in ("#14212a", "#ffffff")
        ]  # fmt: skip
        length = max(bar[:, 0].max() for bar in bars) - min(bar[:, 0].min() for bar in bars)
        texts = [item.text for item in drawing.items if isinstance(item, Text)]
        said = texts[texts.index("0") + 1]
        number = float(said.split()[0]) * (1000 if "公里" in said else 1)
        assert length * drawing.scale / 1000 == pytest.approx(number, rel=0.01)


def test_everything_lies_on_the_paper():
    drawing = picture(paper(), layer=zones())
    for item in drawing.items:
        if isinstance(item, Drawn):
            points = np.concatenate(item.parts)
            assert points.min() >= -0.05
            assert (points.max(axis=0) <= (drawing.width + 0.05, drawing.height + 0.05)).all()


def test_a_name_without_room_is_listed_and_not_lost(tmp_path):
    many = pd.concat(
        [zones(f"a zone with quite a long name {n}").assign(zone_code=f"Z{n}") for n in range(60)]
    )
    drawing = picture(paper(), layer=many)
    told = [item.text for item in drawing.items if isinstance(item, Text) and item.ground]
    assert drawing.missing and len(told) + len(drawing.missing) >= 61
    write_findings(paper(), tmp_path / "f", zones=many, valid_days=9, formats="html")
    text = Page((tmp_path / "f" / "sites" / "0001_A.html").read_text("utf-8")).text
    assert "图中未注记：" in text and drawing.missing[-1] in text


boxes = st.tuples(
    st.floats(-2000, 2000), st.floats(-2000, 2000), st.floats(20, 3000), st.floats(20, 3000)
)


@settings(max_examples=25)
@given(st.lists(boxes, min_size=1, max_size=12), st.floats(1, 400))
def test_names_never_cover_each_other_or_leave_the_map(many, size):
    layer = gpd.GeoDataFrame(
        {
            "zone_code": [f"Z{n}" for n in range(len(many))],
            "zone_name": [f"示例分区{n}" for n in range(len(many))],
            "zone_kind": "town",
            "zone_grade": "",
        },
        geometry=[box(X + x, Y + y, X + x + w, Y + y + h) for x, y, w, h in many],
        crs=4549,
    )
    screening = paper()
    screening.sites.geometry = [box(X, Y, X + size, Y + size), Point(X, Y), None]
    for at in (0, 1):
        drawing = picture(screening, at=at, layer=layer)
        names = [item for item in drawing.items if isinstance(item, Text) and item.ground]
        shapes = [box(t.x, t.y, t.x + t.width, t.y + t.size * 1.35) for t in names]
        for first in range(len(shapes)):
            assert shapely.covers(box(0, 0, 122, 96), shapes[first])
            for second in range(first):
                assert shapes[first].intersection(shapes[second]).area < 1e-2


@given(st.floats(0, 179), st.floats(0.8, 6), boxes)
def test_hatches_lie_within_their_shape(angle, gap, place):
    x, y, w, h = place
    shape = shapely.Point(X + x, Y + y).buffer(max(w, h))
    frame = fitting((0, 0, 100, 100), shape.bounds)
    paper_shape = shapely.Polygon(frame.rings(shape)[0]).buffer(0.05)
    lines = [shapely.LineString(line) for line in hatch(shape, frame, angle=angle, gap=gap)]
    assert all(paper_shape.covers(line) for line in lines)
    # the area of a disc is the length of its chords times their distance
    assert sum(line.length for line in lines) * gap == pytest.approx(np.pi * 50**2, rel=0.12)


@pytest.mark.parametrize("angle", [0, 30, 45, 90, 135])
def test_a_hatch_is_as_long_as_its_lines_run_through_the_shape(angle):
    # a hole, a notch and two parts; a vertex lies on a line of the hatch
    block = shapely.Polygon(
        [(0, 0), (40, 0), (40, 40), (22, 40), (20, 15), (18, 40), (0, 40)],
        [[(5, 5), (5, 12), (12, 12), (12, 5)]],
    )
    shape = shapely.MultiPolygon([block, box(50, 3, 61, 33)])
    frame = fitting((0, 0, 70, 50), (0, 0, 70, 50))
    lines = hatch(shape, frame, angle=angle, gap=3.0)
    # of lines so dense that their length is the area over their distance
    dense = hatch(shape, frame, angle=angle, gap=0.03)
    length = sum(np.hypot(*(line[1] - line[0])) for line in dense)
    assert length * 0.03 == pytest.approx(shape.area, rel=0.01)
    on_ground = [line * (1, -1) + (0, 50) for line in lines]
    assert len(lines) > 10
    # rounded to a hundredth of a millimetre
    assert all(shape.buffer(0.02).covers(LineString(line)) for line in on_ground)


def test_a_hole_stays_open_and_parts_are_drawn():
    ring = box(X - 300, Y - 300, X + 300, Y + 300).difference(box(X - 50, Y - 50, X + 150, Y + 150))
    layer = gpd.GeoDataFrame(
        {"zone_code": ["Z"], "zone_name": ["z"], "zone_kind": ["town"], "zone_grade": [""]},
        geometry=[shapely.union_all([ring, box(X + 400, Y, X + 450, Y + 50)])],
        crs=4549,
    )
    drawing = picture(paper(), layer=layer)
    filled = [item for item in drawing.items if isinstance(item, Drawn) and item.fill == "#6b5b95"]
    assert any(len(item.parts) >= 2 for item in filled)


def test_word_and_page_draw_the_same_shapes(written):
    folder, _ = written
    html = (folder / "sites" / "0001_A.html").read_text("utf-8")
    xml = part(folder / "sites" / "0001_A.docx")
    drawn = picture(paper(), layer=zones())
    paths = sum(isinstance(item, Drawn) for item in drawn.items)
    assert html.count("<path ") == xml.count("<a:custGeom>") == paths
    assert xml.count("<wps:wsp>") == len(drawn.items)
    alphas = [float(v) for v in re.findall(r'<a:alpha val="(\d+)"/>', xml)]
    assert alphas  # fills are transparent in Word too


def test_another_crs_gives_the_same_map():
    screening = paper()
    degrees = replace(screening, sites=screening.sites.to_crs(4490))
    one, other = picture(screening, layer=zones()), picture(degrees, layer=zones().to_crs(4490))
    assert one.scale == other.scale
    assert next(areas_of(one, "#ffd400")) == pytest.approx(
        next(areas_of(other, "#ffd400")), rel=0.01
    )


# --- errors that help ----------------------------------------------------------------------------


def test_a_screening_without_a_date_is_refused(tmp_path):
    screening = replace(paper(), options={**paper().options, "on": ""})
    with pytest.raises(ValueError, match='on="2026-11-22"'):
        write_findings(screening, tmp_path / "f", valid_days=9)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("days", [0, -3, 1.5, True, "30"])
def test_valid_days_must_be_a_number_of_days(tmp_path, days):
    with pytest.raises(ValueError, match="valid_days="):
        write_findings(paper(), tmp_path / "f", valid_days=days)


def test_options_name_what_is_allowed(tmp_path):
    with pytest.raises(ValueError, match="'zh', 'en'"):
        write_findings(paper(), tmp_path / "f", valid_days=9, lang="fr")
    with pytest.raises(ValueError, match="'docx'"):
        write_findings(paper(), tmp_path / "f", valid_days=9, formats=("pdf",))


def test_a_missing_column_crs_or_site_is_named(tmp_path):
    screening = paper()
    with pytest.raises(SchemaError, match="band_m"):
        write_findings(
            replace(screening, findings=screening.findings.drop(columns="band_m")),
            tmp_path / "f", valid_days=9,
        )  # fmt: skip
    with pytest.raises(CRSError, match="zones.set_crs"):
        bare = gpd.GeoDataFrame(zones().drop(columns="geometry"), geometry=list(zones().geometry))
        write_findings(screening, tmp_path / "f", zones=bare, valid_days=9)
    with pytest.raises(SchemaError, match="'B'"):
        write_findings(
            replace(screening, sites=screening.sites[screening.sites["site_code"] != "B"]),
            tmp_path / "f", valid_days=9,
        )  # fmt: skip


def test_without_python_docx_the_install_line_is_given(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(ImportError, match=r"pip install 'chaoyang_geo\[report\]'"):
        write_findings(paper(), tmp_path / "f", valid_days=9)
    frame = write_findings(paper(), tmp_path / "f", valid_days=9, formats=("html", "xlsx", "json"))
    assert len(frame) == 6


def test_office_files_carry_the_day_of_the_screening_and_no_clock(written):
    for name, data in (("findings.xlsx", None), ("sites/0001_A.docx", None)):
        data = (written[0] / name).read_bytes()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            assert archive.namelist()[0] == "[Content_Types].xml"
            stamps = re.findall(r"T00:00:00Z", archive.read("docProps/core.xml").decode())
            assert len(stamps) == 2


def test_a_real_screening_of_the_examples_can_be_written(tmp_path):
    from chaoyang_geo.findings import load_examples
    from chaoyang_geo.screening import screen_sites

    examples = load_examples()
    screening = screen_sites(examples.sites, examples.zones, on="2026-11-22")
    frame = write_findings(screening, tmp_path / "f", zones=examples.zones, valid_days=180)
    assert len(frame) == 2 * 12 + 3
    for site in json.loads((tmp_path / "f" / "findings.json").read_text("utf-8"))["sites"]:
        text = Page((Path(tmp_path) / "f" / site["files"][0]).read_text("utf-8")).text
        assert site["verdict"] in text and site["site_name"] in text and "示例数据" in text
