"""The tables of the Chaoyang pack: counts, keys, and what must agree with what."""

from __future__ import annotations

import csv
import importlib.util
import re
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from chaoyang_geo.schema import CLASSES, COLUMNS, QUALITIES, split_codes

ROOT = Path(__file__).resolve().parents[1]
PACK = ROOT / "data" / "chaoyang"
CHINA = ROOT / "data" / "china"
PLANS = Path(__file__).resolve().parents[2] / "shared" / "plans"
TABLES = (
    "src/units.csv",
    "src/sections.csv",
    "unit_members.csv",
    "indicators.csv",
    "projects.csv",
    "reaches.csv",
    "function_zones.csv",
    "readings.csv",
    "sources.csv",
)
# what is beside the tables: other columns than the vocabulary's, the same two of every row
OTHERS = (
    (PACK, "names_en.csv"),
    (PACK, "texts_en.csv"),
    (PACK, "figures.csv"),
    (CHINA, "aliases.csv"),
)
Row = dict[str, str]


def rows(name: str, folder: Path = PACK) -> list[Row]:
    with (folder / name).open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def script(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"pack_{path.parent.name}_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def members() -> list[Row]:
    return rows("unit_members.csv")


@pytest.fixture(scope="module")
def units() -> dict[str, Row]:
    return {row["unit_code"]: row for row in rows("src/units.csv")}


@pytest.fixture(scope="module")
def sections() -> dict[str, Row]:
    return {row["section_code"]: row for row in rows("src/sections.csv")}


@pytest.fixture(scope="module")
def divisions() -> dict[str, str]:
    return {row["code"]: row["name"] for row in rows("divisions.csv", CHINA)}


@pytest.mark.parametrize("name", TABLES)
def test_table_is_well_formed(name: str) -> None:
    content = (PACK / name).read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in content
    table = rows(name)
    assert table
    assert set(table[0]) <= set(COLUMNS), "every column is in the vocabulary"
    assert all(None not in row and None not in row.values() for row in table)
    assert all(value == value.strip() for row in table for value in row.values())
    assert all(row["quality"] in QUALITIES for row in table)
    assert all(row["source"] for row in table)
    for column in {"target_quality", "place_quality"} & set(table[0]):
        assert {row[column] for row in table} <= {*QUALITIES, ""}


@pytest.mark.parametrize(("folder", "name"), OTHERS)
def test_every_row_has_a_source_and_a_quality(folder: Path, name: str) -> None:
    table = rows(name, folder)
    assert table
    assert all(row["source"] and row["quality"] in QUALITIES for row in table)


def test_no_table_is_left_out() -> None:
    listed = {PACK / name for name in TABLES} | {folder / name for folder, name in OTHERS}
    # one source for the whole file, said in the README beside it
    listed.add(CHINA / "divisions.csv")
    assert {*PACK.rglob("*.csv"), *CHINA.rglob("*.csv")} == listed
    about = (CHINA / "README.md").read_text(encoding="utf-8")
    assert "The whole file is from this one source, `quality` official" in about


@pytest.mark.parametrize("name", TABLES)
def test_text_names_no_file_outside_the_repository(name: str) -> None:
    text = (PACK / name).read_text(encoding="utf-8")
    assert not re.search(r"\.\./|/work/|/tmp/", text)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("src/units.csv", ["unit_code"]),
        ("src/units.csv", ["unit_name"]),
        ("src/sections.csv", ["section_code"]),
        ("src/sections.csv", ["section_name"]),
        ("unit_members.csv", ["county_code", "name_in_plan"]),
        ("indicators.csv", ["indicator_no"]),
        ("projects.csv", ["project_code"]),
        ("reaches.csv", ["stretch_code"]),
        ("function_zones.csv", ["zone_code"]),
        ("readings.csv", ["section_code", "time", "item"]),
        ("sources.csv", ["source_code"]),
    ],
)
def test_keys_are_unique(name: str, key: list[str]) -> None:
    found = [tuple(row[column] for column in key) for row in rows(name)]
    assert all(all(part) for part in found)
    assert len(set(found)) == len(found)


# units and sections


def test_units_and_sections_name_each_other(
    units: dict[str, Row], sections: dict[str, Row]
) -> None:
    assert list(units) == [f"CY{n:02}" for n in range(1, 14)]
    assert list(sections) == [f"CYS{n:02}" for n in range(1, 15)]
    from_units = {
        code: unit["unit_code"]
        for unit in units.values()
        for code in split_codes(unit["section_codes"])
    }
    assert from_units == {code: section["unit_code"] for code, section in sections.items()}
    assert split_codes(units["CY10"]["section_codes"]) == ["CYS10", "CYS11"]
    for code, section in sections.items():
        assert section["water_body"] == units[from_units[code]]["water_body"]


def test_misprints_are_corrected_beside_the_printed_words(units: dict[str, Row]) -> None:
    changed = {
        (unit[column + "_printed"], unit[column])
        for unit in units.values()
        for column in ("unit_name", "water_body")
        if unit[column + "_printed"] != unit[column]
    }
    assert changed == {
        ("牐牛河大桥", "牤牛河大桥"),
        ("牐牛河", "牤牛河"),
        ("第二牯牛河", "第二牤牛河"),
        ("南大桥 (凌鸿大桥)", "南大桥（凌鸿大桥）"),
    }
    assert Counter(unit["basin"] for unit in units.values()) == {
        "大凌河": 9,
        "老哈河": 2,
        "小凌河": 1,
        "青龙河": 1,
    }


def test_sections_say_what_is_known_and_what_is_not(sections: dict[str, Row]) -> None:
    aliases = [alias for row in sections.values() for alias in split_codes(row["aliases"])]
    names = [row["section_name"] for row in sections.values()]
    assert len(set(aliases + names)) == len(aliases + names), "an alias means one section"
    assert "南大桥" in split_codes(sections["CYS05"]["aliases"])
    unplaced = [row["section_name"] for row in sections.values() if not row["search_lon"]]
    assert unplaced == ["东山根"]
    assert "未找到可用位置" in sections["CYS10"]["position_flag"]
    for row in sections.values():
        assert row["target_class"] == "Ⅲ" and row["target_quality"] == "assumed"
        assert row["level"] in ("national", "")
        assert row["water_type"] == ("lake" if row["section_name"] == "白石水库" else "river")
        assert row["drinking_water"] == ("true" if row["section_name"] == "白石水库" else "")
        if row["search_lon"]:
            assert row["quality"] == "derived"
            assert 118 < float(row["search_lon"]) < 122 and 40 < float(row["search_lat"]) < 43
            assert 0 < float(row["upstream_km2_min"]) < float(row["upstream_km2_max"])


def test_national_sections_are_those_of_the_release(sections: dict[str, Row]) -> None:
    released = {row["section_code"] for row in rows("readings.csv")}
    assert {code for code, row in sections.items() if row["level"] == "national"} == released
    assert all("实时数据发布系统" in sections[code]["source"] for code in released)


# unit members


def test_every_printed_name_is_there(members: list[Row], units: dict[str, Row]) -> None:
    assert len(members) == 177
    counts = Counter(row["unit_code"] for row in members)
    assert [counts[code] for code in units] == [10, 19, 12, 7, 25, 29, 9, 19, 2, 15, 15, 5, 10]
    assert Counter(row["match_kind"] for row in members) == {
        "exact": 159,
        "merged": 15,
        "split": 1,
        "park": 1,
        "renamed": 1,
    }


def test_members_agree_with_the_list_of_divisions(
    members: list[Row], divisions: dict[str, str]
) -> None:
    short = {"喀左县": "喀喇沁左翼蒙古族自治县"}
    for row in members:
        assert len(row["township_code"]) == 9 and len(row["county_code"]) == 6
        assert row["township_code"].startswith(row["county_code"])
        assert divisions[row["township_code"]] == row["township_name"]
        assert divisions[row["county_code"]] == row["county_name"]
        assert short.get(row["county_in_plan"], row["county_in_plan"]) == row["county_name"]
        same = row["name_in_plan"] == row["township_name"]
        assert same == (row["match_kind"] == "exact")
        if not same:
            assert row["match_note"], "what is not exact is explained"
        if row["match_kind"] in ("merged", "split", "park"):
            assert row["former_code"].startswith(row["county_code"])
            assert row["former_code"] in row["match_note"] and row["quality"] == "derived"
        else:
            assert row["quality"] == "official"


def test_members_cover_the_city_but_for_two_zones(
    members: list[Row], divisions: dict[str, str]
) -> None:
    townships = {code for code in divisions if code.startswith("2113") and len(code) == 9}
    counties = {code for code in divisions if code.startswith("2113") and len(code) == 6}
    assert {row["county_code"] for row in members} == counties
    left = {divisions[code] for code in townships - {row["township_code"] for row in members}}
    assert left == {"下府经济开发区", "大黑山特别管理区"}


def test_only_one_merge_crosses_units(members: list[Row]) -> None:
    units_of: dict[str, set[str]] = {}
    for row in members:
        units_of.setdefault(row["township_code"], set()).add(row["unit_code"])
    crossing = {code: units for code, units in units_of.items() if len(units) > 1}
    assert crossing == {"211303005": {"CY05", "CY06"}}
    note = next(row["match_note"] for row in members if row["name_in_plan"] == "燕山街道")
    assert "跨控制单元" in note


# indicators


def test_indicators_keep_what_is_pending_pending() -> None:
    table = rows("indicators.csv")
    assert [row["indicator_no"] for row in table] == [str(n) for n in range(1, 17)]
    assert Counter(row["target_state"] for row in table) == {
        "set": 9,
        "pending": 5,
        "several": 1,
        "qualitative": 1,
    }
    for row in table:
        assert (row["target_state"] == "pending") == ("待下达" in row["remark"])
        assert (row["target_state"] == "pending") == (row["target_text"] == "")
        assert (row["target_state"] == "set") == (row["target_value"] != "")
        if row["target_value"]:
            assert float(row["target_value"]) == float(row["target_text"])
        assert row["binding"] in ("约束性", "非约束性") and row["quality"] == "official"
    assert table[2]["target_value"] == "85.7"
    assert table[8]["target_text"] == "10%、10%、 8%、7%"


# projects


def test_projects_keep_the_order_and_groups_of_the_plan() -> None:
    table = rows("projects.csv")
    assert [row["project_code"] for row in table] == [f"CYP{n:02}" for n in range(1, 62)]
    groups = list(dict.fromkeys(row["project_group"] for row in table))
    assert groups == ["提升气", "巩固水", "美乡村", "强生态", "防风险", "提能力"]
    counts = Counter(row["project_group"] for row in table)
    assert [counts[group] for group in groups] == [5, 18, 14, 11, 2, 11]
    assert all(row["project_subgroup"] and row["project_name"] for row in table)


def test_project_places_follow_from_the_names(members: list[Row], units: dict[str, Row]) -> None:
    tables = script(PACK / "tables.py")
    table = rows("projects.csv")
    assert tables.derive_projects(table, members, list(units.values())) == table
    by_name = {(row["county_code"], row["township_name"]): row["unit_code"] for row in members}
    for row in table:
        counties = split_codes(row["county_codes"])
        townships = split_codes(row["township_names"])
        codes = split_codes(row["unit_codes"])
        assert set(counties) <= {member["county_code"] for member in members}
        assert set(codes) <= set(units)
        assert {by_name[(counties[0], name)] for name in townships} <= set(codes)
        assert bool(row["place_quality"]) == bool(counties or townships or row["water_body"])
        assert row["place_note"]
    assert sum(bool(row["unit_codes"]) for row in table) == 14
    assert sum(bool(row["county_codes"]) for row in table) == 28


@pytest.mark.parametrize(
    ("name", "counties", "townships", "water", "codes"),
    [
        ("凌源市大凌河西支生态湿地工程", "211382", "", "大凌河西支", "CY02"),
        ("凌源市三十家子镇、刘杖子乡生态湿地工程", "211382", "三十家子镇;刘杖子镇", "", "CY13"),
        ("朝阳县阎王鼻子水库水源地综合治理项目", "211321", "", "阎王鼻子水库", "CY05"),
        ("凌源市城关镇街道生活污水处理设施", "211382", "城关街道", "", "CY02"),
        ("朝阳县老虎山河贾家店段", "211321", "国营朝阳县贾家店农场", "老虎山河", "CY04"),
        ("中三家镇矿山生态修复工程", "211324", "中三家镇", "", "CY03"),
        # the county alone: named, and the unit only where the county lies in one
        ("建平县农村生活污水治理项目", "211322", "", "", ""),
        ("双塔区黑臭水体排查", "211302", "", "", "CY06"),
        # a name that two counties share says nothing without its county
        ("红山街道污水管网", "", "", "", ""),
        ("建平县红山街道污水管网", "211322", "红山街道", "", "CY03"),
        # the successor's present name, and a name that a merge shares with another unit
        ("双塔区双塔街道管网", "211302", "双塔街道", "", "CY06"),
        ("龙城区海龙街道管网", "211303", "海龙街道", "", "CY06"),
        # a river that closes several units names none of them
        ("大凌河生态治理", "", "", "大凌河", ""),
        ("农村生活垃圾处置项目", "", "", "", ""),
    ],
)
def test_place_of_a_name(
    name: str,
    counties: str,
    townships: str,
    water: str,
    codes: str,
    members: list[Row],
    units: dict[str, Row],
) -> None:
    place = script(PACK / "tables.py").derive_place(name, members, list(units.values()))
    assert place["county_codes"] == counties
    assert place["township_names"] == townships
    assert place["water_body"] == water
    assert place["unit_codes"] == codes
    if not (counties or townships or water):
        assert place["place_note"] == "名称未说明位置"


# reaches, zones, readings, sources


def test_reaches_and_zones(units: dict[str, Row], sections: dict[str, Row]) -> None:
    reaches = rows("reaches.csv")
    assert [row["stretch_code"] for row in reaches] == [f"CYT{n:02}" for n in range(1, 7)]
    named = [code for row in reaches for code in split_codes(row["unit_codes"])]
    assert len(set(named)) == len(named), "a unit lies in one stretch"
    # 王家沟 lies below the reservoir, where the plan names no stretch
    assert set(units) - set(named) == {"CY09"}
    for row in reaches:
        ends = {row["from_section_code"], row["to_section_code"]} - {""}
        assert ends <= set(sections) and split_codes(row["measures"])
        basins = {units[code]["basin"] for code in split_codes(row["unit_codes"])}
        assert basins == {row["water_body"]}
    zones = rows("function_zones.csv")
    assert [row["zone_code"] for row in zones] == [f"CYZ{n:02}" for n in range(1, 7)]
    for row in zones:
        assert row["zone_name"].endswith("生态功能区") and row["quality"] == "official"
        assert all(part in row["zone_name"] for part in split_codes(row["zone_function"]))
    for row in reaches + zones:
        for measure in split_codes(row["measures"]):
            # key words: no clause, no list, no sentence
            assert 2 <= len(measure) <= 9 and not re.search("[，、。；：]", measure), measure


def test_readings_are_the_five_published_ones(sections: dict[str, Row]) -> None:
    table = rows("readings.csv")
    assert len(table) == 45
    names = list(dict.fromkeys(row["section_name"] for row in table))
    assert names == ["王家沟", "凌鸿大桥", "章吉营", "大凌河西支入河口", "李家湾大桥"]
    items = ["water_temp", "ph", "do", "conductivity", "turbidity", "cod_mn", "nh3_n", "tp", "tn"]
    for name in names:
        assert [row["item"] for row in table if row["section_name"] == name] == items
    for row in table:
        assert sections[row["section_code"]]["section_name"] == row["section_name"]
        assert re.fullmatch(r"2026-08-21 (19|20):00", row["time"])
        assert row["published_class"] == "Ⅱ" in CLASSES
        assert row["province"] == "辽宁省" and row["censored"] == row["detection_limit"] == ""
        missing = row["item"] == "nh3_n"
        assert missing == (row["value"] == "") == (row["reading_flag"] == "发布数据缺测")
        assert row["raw"] == row["value"] and row["quality"] == "published"


def test_sources_name_a_licence_each() -> None:
    table = rows("sources.csv")
    assert [row["source_code"] for row in table] == [
        "plan",
        "division_codes",
        "county_lines",
        "elevation",
        "waterbodies",
        "cnemc_release",
    ]
    assert all(all(row.values()) for row in table)


# divisions of China


def test_divisions_are_sorted_complete_and_nested(divisions: dict[str, str]) -> None:
    codes = [row["code"] for row in rows("divisions.csv", CHINA)]
    assert codes == sorted(set(codes))
    assert Counter(map(len, codes)) == {2: 31, 4: 342, 6: 2978, 9: 41352}
    parent = {4: 2, 6: 4, 9: 6}
    assert all(len(code) == 2 or code[: parent[len(code)]] in divisions for code in codes)
    assert all(divisions.values())
    assert sum(code.startswith("2113") and len(code) == 9 for code in codes) == 163


def test_aliases_point_to_divisions_and_shadow_none(divisions: dict[str, str]) -> None:
    table = rows("aliases.csv", CHINA)
    aliases = [row["alias"] for row in table]
    assert len(set(aliases)) == len(aliases)
    assert not set(aliases) & set(divisions.values())
    assert all(row["code"] in divisions for row in table)
    # what the plan prints is official, what is only in common use is not
    assert all((row["quality"] == "official") == ("规划" in row["source"]) for row in table)
    assert {row["alias"] for row in table if row["code"] == "211324"} == {
        "喀左",
        "喀左县",
        "喀左市",
    }


def test_another_archive_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.tgz"
    other.write_bytes(b"not the package")
    with pytest.raises(ValueError, match="SHA-256"):
        script(CHINA / "build.py").read_divisions(other)


# against the text of the plan, where it is at hand


@pytest.fixture(scope="module")
def plan_lines() -> list[str]:
    found = sorted(PLANS.glob("000_*.txt"))
    if not found:
        pytest.skip("the text of the plan is not part of the repository")
    return found[0].read_text(encoding="utf-8").splitlines()


def test_members_agree_with_the_plan(
    plan_lines: list[str], members: list[Row], units: dict[str, Row]
) -> None:
    start = next(n for n, line in enumerate(plan_lines) if line.startswith("专栏 4 流域控制单元"))
    end = next(n for n, line in enumerate(plan_lines) if line.startswith("2. 统筹推进水生态治理"))
    printed = []
    unit = county = ""
    for line in plan_lines[start:end]:
        cells = line.split("\t")
        if len(cells) != 4 or cells[0] == "控制单元" or line.startswith("专栏"):
            continue
        unit, county = cells[0] or unit, cells[2] or county
        for name in re.split("[、，]", cells[3]):
            if name.strip():  # a cell that the page break cuts ends with 、
                printed.append((unit, county, name.strip()))
    assert printed == [
        (units[row["unit_code"]]["unit_name_printed"], row["county_in_plan"], row["name_in_plan"])
        for row in members
    ]


def test_projects_and_indicators_agree_with_the_plan(plan_lines: list[str]) -> None:
    start = next(n for n, line in enumerate(plan_lines) if line.startswith("附表：朝阳市"))
    printed = [
        cells[1].strip()
        for cells in (line.split("\t") for line in plan_lines[start:])
        if len(cells) == 2 and cells[1].strip() not in ("", "重点项目")
    ]
    assert printed == [row["project_name"] for row in rows("projects.csv")]
    start = next(n for n, line in enumerate(plan_lines) if line.startswith("专栏1 "))
    cells = [line.split("\t") for line in plan_lines[start + 2 : start + 20]]
    assert [tuple(c.strip() for c in row[1:6]) for row in cells if len(row) >= 6] == [
        tuple(
            row[column]
            for column in ("indicator_no", "indicator", "target_text", "binding", "remark")
        )
        for row in rows("indicators.csv")
    ]
