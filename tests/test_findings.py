"""Findings: what is said, where it is said, and that no name can do harm."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from chaoyang_geo.findings import write_findings
from chaoyang_geo.findings.machine import written_rows
from chaoyang_geo.schema import label
from chaoyang_geo.verdicts import VERDICTS

sys.path.insert(0, str(Path(__file__).parent))

from browser import chromium
from findings_paper import HOSTILE, NASTY, Page, paper, part, zones

# --- what must be there ---------------------------------------------------------------------------


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


def test_the_index_shows_no_verdict_without_its_doubts(tmp_path):
    screening = paper()
    flags = ["", "；".join(f"layer {n} ends before the site" for n in range(5)), "无图形"]
    sites = screening.sites.assign(verdict_flag=flags)
    write_findings(replace(screening, sites=sites), tmp_path / "f", valid_days=9, formats="html")
    html = (tmp_path / "f" / "index.html").read_text("utf-8")
    assert (
        "已核查。"
        + (
            '<div class="doubt">layer 0 ends before the site；layer 1 ends before the site；'
            "layer 2 ends before the site；另有 2 条存疑，见结论页</div>"
        )
        in html
    )
    # what the reason says already is not said twice, and no doubt is no line
    overview = html[: html.index('<table class="layers">')]
    assert overview.count('class="doubt"') == 1 and overview.count("无图形") == 1


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


# --- names that mean harm -------------------------------------------------------------------------


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


def test_the_overview_shows_the_sites_of_one_verdict_without_a_script(written):
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 900, "height": 1200})
        page.goto((written[0] / "index.html").as_uri())

        def shown():
            return [row.inner_text().split()[1] for row in page.locator(".overview tbody tr").all()
                    if row.is_visible()]  # fmt: skip

        assert shown() == ["site", "somewhere", "pipe"]
        page.get_by_text("无冲突", exact=False).first.click()
        assert shown() == ["pipe"]
        page.get_by_text("全部").click()
        assert len(shown()) == 3
