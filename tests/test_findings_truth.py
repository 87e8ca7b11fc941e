"""Findings: page, Word, workbook and JSON tell the same, and nothing that is not so."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from shapely import MultiPoint, MultiPolygon, Point, Polygon, box

from chaoyang_geo.findings import cap_approximate, write_findings
from chaoyang_geo.findings.content import (
    checked_rows,
    facts,
    method,
    no_alternative,
    no_zone_text,
    notices,
    unchecked_texts,
    zone_rows,
)
from chaoyang_geo.findings.model import casebook
from chaoyang_geo.findings.words import words_of
from chaoyang_geo.flags import flag
from chaoyang_geo.maps.screening import screening_layers
from chaoyang_geo.schema import SchemaError, label
from chaoyang_geo.screening import read_zones, screen_sites
from chaoyang_geo.verdicts import (
    FIRM,
    GRADES,
    STATUSES,
    VERDICT_COLOURS,
    VERDICTS,
    area_text,
    kind_name,
    length_text,
    severity,
    share_text,
    status_name,
    verdict_name,
    way_text,
)

sys.path.insert(0, str(Path(__file__).parent))
from findings_paper import X, Y, finding, paper

# --- measures for people ----------------------------------------------------------------------------

SMALL = [0.0010001, 0.004, 0.0049, 0.005, 0.02, 0.04, 0.0499, 0.05, 0.094, 0.0951, 0.5, 9.96]


@pytest.mark.parametrize("write", [area_text, length_text, lambda m, lang: way_text(m / 1e3, lang)])
@pytest.mark.parametrize("value", SMALL)
def test_what_is_not_nothing_is_never_told_as_nothing(write, value):
    for lang in ("zh", "en"):
        less, number = re.match(r"(<?)([\d.]+) ", write(value, lang)).groups()
        assert float(number) > 0
        # told within half of its last digit, or as less than something
        if less:
            assert 0 < value < float(number)
        else:
            assert abs(float(number) - value) <= 0.5 * 10 ** -len(number.partition(".")[2]) + 1e-9


def test_nothing_is_told_as_nothing_and_a_unit_begins_where_it_is_reached():
    assert [area_text(0.0, "zh"), length_text(0.0, "zh"), way_text(0.0, "en")] == [
        "0.0 平方米", "0 米", "0 m"]  # fmt: skip
    assert [area_text(9_999.0, "en"), area_text(10_000.0, "en")] == ["9,999.0 m²", "1.00 ha"]
    assert [length_text(999.0, "en"), length_text(1_000.0, "en")] == ["999 m", "1 km"]
    assert [way_text(0.049, "en"), way_text(0.05, "en")] == ["49 m", "0.1 km"]


@pytest.mark.parametrize("share", [1e-9, 9e-5, 0.004, 0.00999, 0.5, 0.9989, 0.99949, 0.9999999])
def test_a_share_is_told_so_that_it_is_neither_none_nor_all(share):
    sign, number = re.match(r"([<>]?)([\d.]+) %", share_text(share)).groups()
    told = float(number)
    assert {"<": share * 100 < told, ">": share * 100 > told}.get(sign, 0 < told < 100)
    if not sign:
        assert abs(told - 100 * share) <= (0.005 if share < 0.01 else 0.05) * 1.001


def test_a_hair_of_overlap_and_a_hair_of_distance_stand_in_the_table_of_zones():
    screening = paper()
    found = screening.findings.assign(
        overlap_m2=[0.03, 0.0], overlap_m2_geodesic=[0.002, 0.0], share_of_site=[3e-6, 0.0],
        share_of_zone=[0.9999, 0.0], distance_m=[0.0, 0.04], band_m=0.04,
    )  # fmt: skip
    case = casebook(replace(screening, findings=found), None, 9)
    over, near = (zone_rows(site, words_of("zh"), "zh")[0].how for site in case.sites[:2])
    assert over == [
        "部分位于区内", "重叠 0.03 平方米（椭球面 <0.01 平方米）", "占项目 <0.01 %，占分区 >99.9 %",
        "误差带 ±0.04 米",
    ]  # fmt: skip
    assert near == ["位于区外", "相距 0.04 米", "误差带 ±0.04 米"]


# --- one truth in every format ------------------------------------------------------------------------


def many():
    """Return the paper with a finding of every verdict and status at site A."""
    screening = paper()
    statuses = [*STATUSES, "verified"]
    rows = []
    for n, verdict in enumerate(VERDICTS):
        judged = verdict in FIRM or verdict == "压线需复核"
        rule = {"rule_id": f"r-{n} <&>", "clause": f"art. {n} “x”", "rule_source": "Act & Co",
                "rule_status": statuses[n], "rule_note": f"note {n}"}  # fmt: skip
        near = verdict == "无冲突"
        rows.append(
            finding(
                "A", f"Z{n}", zone_name=f"zone <{n}>", verdict=verdict, layer=f"layer {n}",
                version=f"v{n}", relation="near" if near else "overlaps",
                overlap_m2=0.0 if near else 1000.0 + n, overlap_m2_geodesic=0.0 if near else 999.0 + n,
                share_of_site=0.0 if near else (n + 1) / 16, share_of_zone=0.0 if near else (n + 1) / 64,
                distance_m=77.7 if near else 0.0, band_m=10.0 + n,
                finding_flag="位置压线，但区内也允许" if n % 2 else "",
                # the same key is another word in another kind
                zone_kind="management_unit" if n == 3 else "eco_red_line",
                **(rule if judged else dict.fromkeys(rule, "")),
            )
        )  # fmt: skip
    table = pd.concat([pd.DataFrame(rows), screening.findings.iloc[1:]], ignore_index=True)
    sites = screening.sites.assign(n_zones=[6, 0, 0])
    return replace(screening, findings=table, sites=sites)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("truth")
    for lang in ("zh", "en"):
        write_findings(many(), place / lang, valid_days=180, lang=lang)
    return place


def plain(text):
    return re.sub(r"\s+", " ", text.replace("\xa0", " ")).strip()


def page_rows(path):
    """Return the table of zones of a page as texts: zone, how, verdict, basis and doubt."""
    import lxml.html

    rows = []
    for body in lxml.html.parse(str(path)).getroot().xpath("//table[@class='zones']/tbody"):
        first, *doubts = body.findall("tr")
        cells = [
            [plain(line.text_content()) for line in cell.findall("div")]
            or [plain(cell.text_content())]
            for cell in first.findall("td")[1:]
        ]
        rows.append([*cells, [plain(doubt.text_content()) for doubt in doubts]])
    return rows


def word_rows(path):
    import docx

    table = next(each for each in docx.Document(str(path)).tables if len(each.columns) == 5)
    return [[plain(cell.text) for cell in row.cells[1:]] for row in table.rows[1:]]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_page_word_workbook_and_json_tell_each_finding_alike(folders, lang):
    at, screening = ("zh", "en").index(lang), many()
    folder = folders / lang
    page = page_rows(folder / "sites" / "0001_A.html")
    word = word_rows(folder / "sites" / "0001_A.docx")
    told = json.loads((folder / "findings.json").read_text("utf-8"))["sites"][0]["findings"]
    sheet = openpyxl.load_workbook(folder / "findings.xlsx").worksheets[1]
    heads, *cells = sheet.iter_rows(values_only=True)
    book = [dict(zip(heads, row, strict=True)) for row in cells]
    mine = screening.findings[screening.findings["site_code"] == "A"]
    assert len(page) == len(word) == len(told) == len(mine) == len(VERDICTS)
    for html, doc, row, cell, (_, each) in zip(
        page, word, told, book, mine.iterrows(), strict=False
    ):
        zone, how, verdict, basis, doubt = html
        assert zone[0] == each.zone_name and each.zone_code in zone[2]
        assert each.layer in zone[2] and each.version in zone[2]
        assert zone[1] == kind_name(each.zone_kind, "general", lang)
        assert cell[label("zone_grade", lang)] == GRADES[each.zone_kind, "general"][at]
        assert verdict == [verdict_name(each.verdict, lang)] == [cell[label("verdict", lang)]]
        assert doc == [*map(" ".join, (zone, how, verdict)), " ".join([*basis, *doubt])]
        assert bool(doubt) is bool(each.finding_flag)
        assert how[-1].endswith((f"±{each.band_m:g} 米", f"±{each.band_m:g} m"))
        if each.overlap_m2:
            sizes = [float(text.replace(",", "")) for text in re.findall(r"[\d,]+\.\d", how[1])]
            assert sizes == [each.overlap_m2, each.overlap_m2_geodesic]
            assert share_text(each.share_of_site) in how[2]
            assert share_text(each.share_of_zone) in how[2]
        else:
            assert "77.7" in how[1]
        if each.rule_id:
            assert basis[0] == f"Act & Co {each.clause}" and each.rule_id in basis[1]
            assert STATUSES[each.rule_status][at] in basis[1] and basis[2] == each.rule_note
            assert cell[label("rule_status", lang)] == status_name(each.rule_status, lang)
        else:
            assert basis == [("不在区内", "not inside")[at] if each.verdict == "无冲突"
                             else ("无适用规则", "no rule applies")[at]]  # fmt: skip
        for name in ("overlap_m2", "overlap_m2_geodesic", "share_of_site", "share_of_zone",
                     "distance_m", "band_m", "clause", "rule_id", "rule_note", "layer", "version",
                     "zone_code", "zone_name", "rule_source"):  # fmt: skip
            assert row[name] == each[name], name
            shown = cell[label(name, lang)]
            assert (shown or 0) == each[name] or (shown is None and each[name] == ""), name
        assert row[f"why_{lang}"] == each[f"why_{lang}"] and each[f"why_{lang}"] in cell.values()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_verdict_on_a_site_its_dates_and_counts_are_the_same_everywhere(folders, lang):
    import lxml.html

    folder = folders / lang
    told = json.loads((folder / "findings.json").read_text("utf-8"))
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    days = {(each["screened_on"], each["expires_on"]) for each in (told, manifest)}
    heads, *rows = openpyxl.load_workbook(folder / "findings.xlsx").worksheets[0].values
    book = [dict(zip(heads, row, strict=True)) for row in rows]
    days |= {(row[label("screened_on", lang)], row[label("expires_on", lang)]) for row in book}
    assert days == {("2026-11-22", "2027-05-21")}
    index = lxml.html.parse(str(folder / "index.html")).getroot()
    assert all(day in plain(index.xpath("//header")[0].text_content()) for day in min(days))
    listed = {
        int(row[0].text_content()): plain(row[2].text_content())
        for row in index.xpath("//table[@class='overview']/tbody/tr")
    }
    tiles = [int(each.text_content()) for each in index.xpath("//ul[@class='counts']//b")]
    assert tiles[0] == sum(tiles[1:]) == len(told["sites"]) == len(book) == len(listed)
    for number, (site, row) in enumerate(zip(told["sites"], book, strict=True), 1):
        page = lxml.html.parse(str(folder / site["files"][0])).getroot()
        words = verdict_name(site["verdict"], lang)
        head = plain(page.xpath("//div[starts-with(@class, 'verdict')]/b")[0].text_content())
        assert head == listed[number] == row[label("verdict", lang)] == words
        # the reason stands beside the verdict and does not say it again
        why = plain(page.xpath("//div[starts-with(@class, 'verdict')]/p")[0].text_content())
        assert why and site[f"why_{lang}"] in (f"{words}：{why}", f"{words}: {why}")
        conflicts = [each for each in site["findings"] if each["verdict"] != "无冲突"]
        assert row[label("n_zones", lang)] == len(conflicts)
        assert row[label("site_code", lang)] == site["site_code"]
        assert all(day in page.text_content() for day in min(days))


def test_more_zones_than_a_page_lists_are_counted_on_page_and_in_word(tmp_path):
    import docx

    screening = many()
    row = screening.findings.iloc[:1]
    found = pd.concat([row] * 62, ignore_index=True).assign(
        verdict=["禁止"] * 2 + ["限制"] * 60, zone_code=[f"Z{n}" for n in range(62)]
    )
    sites = screening.sites.assign(quality="synthetic", place_quality=["", "", ""])
    write_findings(
        replace(screening, findings=found, sites=sites), tmp_path / "f", valid_days=9,
        formats=("html", "docx"),
    )  # fmt: skip
    site = tmp_path / "f" / "sites" / "0001_A"
    page = plain(site.with_suffix(".html").read_text("utf-8"))
    document = docx.Document(str(site.with_suffix(".docx")))
    lines = [paragraph.text for paragraph in document.paragraphs]
    words = words_of("zh")
    for told in (words["more"].format(n=2), words["synthetic_note"], words["limits"]):
        assert told in page and told in lines
    table = next(each for each in document.tables if len(each.columns) == 5)
    assert [row.cells[0].text for row in table.rows[1:]] == [str(n) for n in range(1, 61)]
    assert re.findall('class="no">([0-9]+)<', page) == [str(n) for n in range(1, 61)]
    assert len(table.rows) == 1 + 60 == 1 + page.count('<td class="no"')
    # each verdict stands on its own colour, and not on that of the row above
    for row in table.rows[1:4]:
        fill = re.search('w:fill="([0-9A-F]{6})"', row.cells[3]._tc.xml)[1]
        assert fill == VERDICT_COLOURS[row.cells[3].text][1][1:].upper()


@pytest.mark.parametrize(
    ("rule_id", "clause", "told"),
    [("r-1", "", ["Act", "规则 r-1（已核实）"]), ("", "art. 1", ["Act art. 1", "规则 （已核实）"])],
)
def test_half_a_basis_is_told_and_not_called_none(rule_id, clause, told):
    screening = paper()
    found = screening.findings.assign(rule_id=rule_id, clause=clause)
    case = casebook(replace(screening, findings=found), None, 9)
    assert zone_rows(case.sites[0], words_of("zh"), "zh")[0].basis == told


def test_layers_and_how_they_were_used_are_told_as_they_were_checked():
    case, words = casebook(paper(), None, 9), words_of("zh")
    red, water = checked_rows(case, "zh")
    assert red.cells == ["red", "生态保护红线", "1", "2023\n2023-05-01", "±10 米", "官方", "已核查"]
    assert (red.usable, red.source, red.digest) == (True, "the office", "ab" * 32)
    # what is not known is not told as a number
    assert water.cells == ["water", "饮用水水源保护区", "0", "1", "—", "官方", "图层为空"]
    assert (water.usable, water.digest) == (False, "—")
    assert ("饮用水水源保护区", "图层为空，water") in unchecked_texts(case, words, "zh")
    assert method(case, words, "zh") == [
        ("规则集", "s"), ("规则校验值", "cd" * 32), ("量算坐标系", "EPSG:4549"),
        ("默认误差带", "10 米"), ("查找范围", "1 公里"),
    ]  # fmt: skip


def test_what_identifies_a_site_is_told_and_what_is_not_known_is_said_to_be_so():
    screening = paper()
    sites = screening.sites.assign(
        activity=["新活动", "光伏", ""], activity_zh=["", "光伏发电", ""],
        place_quality=["approximate", "", ""], place_extent=["county", "", ""],
    )  # fmt: skip
    case, words = casebook(replace(screening, sites=sites), None, 9), words_of("zh")
    area, pipe, nowhere = (dict(facts(case, site, words, "zh")) for site in case.sites)
    assert area["中心位置（CGCS2000）"] == "未提供"  # the middle of a county is no place
    assert pipe["中心位置（CGCS2000）"].endswith("N") and pipe["图形与规模"] == "线，300 米"
    assert [each["建设活动"] for each in (area, pipe, nowhere)] == [
        "新活动（不在词表）", "光伏（光伏发电）", "未提供"]  # fmt: skip
    assert [each["项目位置精度"] for each in (area, pipe)] == ["±3 米", "未提供"]
    assert any("结论最多为" in text for text in notices(case, case.sites[0], words))
    bare = replace(screening, checked=screening.checked.assign(quality=["", "official"]))
    book = casebook(bare, None, 9)
    assert notices(book, book.sites[0], words)[-1].endswith("未说明数据性质的图层：red")


@pytest.mark.parametrize(
    ("verdict", "word"),
    [("禁止", "open"), ("限制", "open"), ("压线需复核", "open"), ("允许", "none"),
     ("允许有条件", "none"), ("无冲突", "none"), ("无法判断", "unjudged")],
)  # fmt: skip
def test_only_what_has_no_conflict_is_said_to_have_none(verdict, word):
    screening = paper()
    sites = screening.sites.assign(verdict=verdict)
    case, words = casebook(replace(screening, sites=sites), None, 9), words_of("zh")
    assert no_alternative(case.sites[0], words) == words[f"alternatives_{word}"]
    assert no_alternative(case.sites[2], words) == words["alternatives_unplaced"]


def test_json_and_workbook_of_an_approximate_synthetic_site_say_so(tmp_path):
    screening = many()
    sites = screening.sites.assign(
        verdict="无法判断", place_quality=["approximate", "", ""], place_extent=["county", "", ""],
        verdict_flag=["活动不在词表；无图形", "", ""], quality=["synthetic", "official", "official"],
    )  # fmt: skip
    place = tmp_path / "f"
    write_findings(replace(screening, sites=sites), place, valid_days=9, formats=("json", "xlsx"))
    read = json.loads((place / "findings.json").read_text("utf-8"))
    site, other = read["sites"][:2]
    assert (read["valid_days"], read["expires_on"], read["synthetic"]) == (9, "2026-12-01", True)
    assert (site["place_extent"], site["centre_lon_lat"], site["synthetic"]) == (
        "county",
        None,
        True,
    )
    assert other["centre_lon_lat"] and other["synthetic"] is False
    assert site["doubts"][:2] == ["活动不在词表", "无图形"] and "约略位置" not in site["doubts"]
    assert "禁止：理由。" in site["why_zh"] and "forbidden: reason." in site["why_en"]
    assert len(read["not_checked"]) == 8
    (_, *rows), (heads, *_) = list(_values(place, 0)), list(_values(place, 1))[1:]
    assert rows[1][6].startswith("约略位置；活动不在词表；无图形")
    assert (rows[1][7], rows[2][7]) == ("示例数据", None) and rows[1][4] == len(VERDICTS) - 1
    notes = [row[0] for row in list(_values(place, 4))[:2]]
    assert notes == [words_of("zh")["synthetic_note"], words_of("zh")["limits"]]
    # a number that is not known is an empty cell, a share is one in percent
    checked = list(_values(place, 2))
    accuracy = checked[1].index(label("accuracy_m"))
    assert [row[accuracy] for row in checked[2:]] == [10, None]
    sheet = openpyxl.load_workbook(place / "findings.xlsx").worksheets[1]
    for name in ("share_of_site", "share_of_zone"):
        assert sheet.cell(3, heads.index(label(name)) + 1).number_format.endswith("%")


def _values(place, number):
    return openpyxl.load_workbook(place / "findings.xlsx").worksheets[number].values


# --- places that are not known ------------------------------------------------------------------------


def vague(*, firm="禁止", flags="", **changes):
    """Return the paper with site A approximate, and all its layers whole."""
    screening = paper()
    sites = screening.sites.assign(
        place_quality=["approximate", "", ""], verdict_flag=[flags, "", ""],
        verdict=[firm, "禁止", "无法判断"], why_zh=[f"{firm}：理由。", "禁止：别的。", "无法判断：无图形。"],
    )  # fmt: skip
    return replace(
        screening, sites=sites, checked=screening.checked.assign(layer_state="ok"), **changes
    )


def test_the_cap_leaves_other_sites_alone_though_the_labels_of_rows_are_there_twice():
    screening = vague()
    screening = replace(
        screening, sites=screening.sites.set_axis([7, 7, 7]), checked=paper().checked
    )
    capped = cap_approximate(screening).sites
    assert capped["verdict"].tolist() == ["无法判断", "禁止", "无法判断"]  # a layer is empty
    assert capped.iloc[1:].equals(screening.sites.iloc[1:])


def test_the_cap_finds_the_findings_of_a_site_whose_code_is_a_number():
    screening = vague()
    found = pd.concat([screening.findings.iloc[:1]] * 2, ignore_index=True)
    found = found.assign(
        site_code="1", verdict=["禁止", "无法判断"], why_zh=["禁止：一。", "无法判断：二。"]
    )
    sites = screening.sites.assign(site_code=[1, 2, 3])
    capped = cap_approximate(replace(screening, findings=found, sites=sites)).sites
    assert capped["verdict"].iloc[0] == "无法判断"
    assert capped["why_zh"].iloc[0].startswith("无法判断：二。压线需复核：")


@pytest.mark.parametrize("column", ["layer", "layer_state"])
def test_the_cap_names_a_missing_column_of_the_layers(column):
    screening = vague()
    with pytest.raises(SchemaError, match=f"screening.checked: column {column} "):
        cap_approximate(replace(screening, checked=screening.checked.drop(columns=column)))


def test_below_the_cap_a_layer_in_another_datum_decides():
    said = flag("other_datum", layer="water", datum="Xian 1980、CGCS2000")
    capped = cap_approximate(vague(flags=said)).sites
    assert capped["verdict"].iloc[0] == "无法判断"
    assert capped["why_zh"].iloc[0].startswith("无法判断：未能核查的图层：water。")
    # a layer whose name begins alike is no gap
    said = flag("other_datum", layer="wat", datum="Xian 1980、CGCS2000")
    assert cap_approximate(vague(flags=said)).sites["verdict"].iloc[0] == "压线需复核"


def test_no_reason_of_an_approximate_site_quotes_a_firm_verdict():
    screening = vague(firm="无法判断")
    found = screening.findings.assign(
        verdict=["限制", "无冲突"], why_zh=["限制：位于区内。", "无冲突：。"], why_en=["restricted: inside.", "-"]
    )  # fmt: skip
    sites = screening.sites.assign(
        why_zh=["无法判断：缺图层。就已核查的图层：限制：位于区内。", "b", "c"],
        why_en=["cannot be judged: a gap. By the layers that were checked: restricted: inside.", "b", "c"],
    )  # fmt: skip
    capped = cap_approximate(replace(screening, findings=found, sites=sites))
    zh, en = capped.sites[["why_zh", "why_en"]].iloc[0]
    assert zh == f"无法判断：缺图层。就已核查的图层：{capped.findings['why_zh'].iloc[0]}"
    assert en.endswith(f"By the layers that were checked: {capped.findings['why_en'].iloc[0]}")
    assert "若位于区内则为：限制" in zh and capped.sites.iloc[1:].equals(sites.iloc[1:])
    again = cap_approximate(capped)
    assert again.sites.equals(capped.sites) and again.findings.equals(capped.findings)


def test_verdicts_rank_as_their_list_and_what_is_none_as_unjudged():
    assert [severity(each) for each in VERDICTS] == list(range(7))
    assert list(VERDICTS) == [
        "禁止",
        "无法判断",
        "压线需复核",
        "限制",
        "允许有条件",
        "允许",
        "无冲突",
    ]
    assert severity("?") == severity("无法判断")


# --- as it was screened -------------------------------------------------------------------------------


def over(shapes, **columns):
    """Return sites and a square zone of 2 km around them, as layers."""
    n = len(shapes)
    sites = gpd.GeoDataFrame(
        {"site_code": [f"S{k}" for k in range(n)], "site_name": "示例", "activity": "光伏", **columns},
        geometry=shapes, crs=4549,
    )  # fmt: skip
    line = gpd.GeoDataFrame(
        {"名称": ["示例红线"]}, geometry=[box(X - 1e3, Y - 1e3, X + 1e3, Y + 1e3)], crs=4549
    )
    return sites, read_zones(
        line, kind="红线", grade="核心", version="1", version_date="", name="red"
    )


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        (Polygon([(X, Y), (X + 100, Y + 100), (X + 100, Y), (X, Y + 100)]), "面，5,000.0 平方米"),
        (
            MultiPolygon([box(X, Y, X + 100, Y + 100), box(X + 50, Y, X + 150, Y + 100)]),
            "面，1.50 公顷",
        ),
        (Polygon([(X, Y), (X + 100, Y), (X + 200, Y), (X, Y)]), "线，"),
        (MultiPoint([(X, Y), (X + 9_000, Y)]), "点"),
    ],
)
def test_the_size_of_a_site_is_that_which_its_shares_are_of(shape, told):
    sites, line = over([shape])
    screening = screen_sites(sites, line, on="2026-11-22")
    case, words = casebook(screening, None, 9), words_of("zh")
    assert facts(case, case.sites[0], words, "zh")[2][1].startswith(told)
    (row,) = case.sites[0].findings
    if row["overlap_m2"]:
        assert case.sites[0].area_m2 * row["share_of_site"] == pytest.approx(row["overlap_m2"])
    if told == "点":  # one of two points lies inside
        assert "占项目 50 %" in zone_rows(case.sites[0], words, "zh")[0].how


def test_codes_that_are_numbers_are_texts_and_two_that_no_file_can_tell_apart_are_refused():
    sites, line = over([box(X, Y, X + 9, Y + 9), Point(X + 5_000, Y)])
    numbered = screen_sites(sites.assign(site_code=[1, 2]), line, on="2026-11-22")
    found = casebook(numbered, None, 9).sites
    assert [(site.code, len(site.findings)) for site in found] == [("1", 1), ("2", 0)]
    alike = screen_sites(sites.assign(site_code=["A\x00", "A\x01"]), line, on="2026-11-22")
    with pytest.raises(SchemaError, match="unique"):
        casebook(alike, None, 9)


def test_a_site_that_was_screened_is_not_said_to_be_without_comparison():
    sites, line = over([Point(X + 5_000, Y)])
    screening = screen_sites(sites, line, on="2026-11-22")
    case = casebook(screening, sites.iloc[:0], 9)
    assert "没有任何已核查的分区" in no_zone_text(case, case.sites[0], words_of("zh"), "zh")


def test_the_layer_in_another_datum_is_marked_where_layers_are_listed():
    sites, line = over([box(X, Y, X + 9, Y + 9)])
    xian = (
        line.assign(layer="xian", content_hash="").to_crs(4490).set_crs(4610, allow_override=True)
    )
    checked = screen_sites(sites, [line, xian], on="2026-11-22").checked.set_index("layer")
    assert "大地基准不同" in checked.loc["xian", "layer_flag"]
    assert "大地基准" not in checked.loc["red", "layer_flag"]


def test_the_order_of_layers_in_several_crs_changes_no_digit():
    sites, line = over([box(X + 990, Y, X + 1_010, Y + 33), Point(X + 1_800, Y)])
    other = read_zones(
        gpd.GeoDataFrame({"n": ["a"]}, geometry=[box(X + 1e3, Y - 7e2, X + 1.7e3, Y + 5e2)], crs=4549).to_crs(4326),
        kind="水源地", grade="二级", version="1", version_date="", name="water",
    )  # fmt: skip
    one, two = (
        screen_sites(sites, layers, on="2026-11-22") for layers in ([line, other], [other, line])
    )
    assert one.findings.equals(two.findings) and one.sites.equals(two.sites)


def test_a_hair_is_told_in_the_reason_too():
    sites, line = over([box(X + 999.9, Y, X + 1_000.2, Y + 0.2), Point(X + 1_000.04, Y)])
    why = screen_sites(sites, line, on="2026-11-22").findings["why_zh"].tolist()
    assert "重叠 0.02 平方米" in why[0] and "相距 0.04 米" in why[1]


def test_the_map_of_a_screening_is_that_of_the_capped_one():
    sites, line = over(
        [box(X, Y, X + 9, Y + 9)] * 3, place_quality=["approximate", "", "approximate"]
    )
    sites = sites.assign(activity=["光伏", "光伏", "公路"])
    far = line.assign(layer="xian", content_hash="").to_crs(4490).set_crs(4610, allow_override=True)
    for layers, unreadable in ([line, far], ()), ([line], ("cut off",)):
        screening = screen_sites(sites, layers, on="2026-11-22", unreadable=unreadable)
        maps = [
            screening_layers(each, zones=layers).layers
            for each in (screening, cap_approximate(screening))
        ]
        assert maps[0] == maps[1]


def test_the_workbook_says_how_it_was_screened(folders):
    sheet = openpyxl.load_workbook(folders / "zh" / "findings.xlsx").worksheets[4]
    assert "cd" * 32 in sheet["A2"].value and "EPSG:4549" in sheet["A2"].value


@pytest.mark.parametrize("valid_days", [3_000_000, 10**12])
def test_days_beyond_the_calendar_are_refused_in_words(valid_days):
    with pytest.raises(ValueError, match="9999"):
        casebook(paper(), None, valid_days)


@pytest.mark.parametrize("firm", FIRM)
def test_no_verdict_of_a_rule_is_firm_where_only_an_area_is_known(firm):
    screening = vague(firm=firm)
    found = screening.findings.assign(verdict=[firm, "无冲突"])
    capped = cap_approximate(replace(screening, findings=found))
    assert capped.findings["verdict"].tolist() == ["压线需复核", "无冲突"]
    assert capped.sites["verdict"].tolist() == ["压线需复核", "禁止", "无法判断"]
