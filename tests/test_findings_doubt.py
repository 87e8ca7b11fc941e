"""Findings: what must not look real, and what is not known."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import openpyxl
from shapely import box

from chaoyang_geo.findings import cap_approximate, write_findings
from chaoyang_geo.screening import screen_sites

sys.path.insert(0, str(Path(__file__).parent))

from findings_paper import Page, paper, part, zones


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
