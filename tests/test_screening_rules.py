"""Rule sets, activities, and the reading of zones."""

import json
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, Point, Polygon, box

from chaoyang_geo import standards, verdicts
from chaoyang_geo.crs import CRSError
from chaoyang_geo.schema import SchemaError
from chaoyang_geo.screening import (
    RULE_SETS,
    activities_table,
    content_hash,
    find_activity,
    read_rules,
    read_zones,
    rules_table,
    screen_sites,
)
from chaoyang_geo.screening.activities import GROUPS
from chaoyang_geo.screening.rules import RULE_STATUSES, Judge, rules_hash
from chaoyang_geo.screening.words import KINDS, VERDICTS, VERDICTS_EN, find_grade, find_kind

sys.path.insert(0, str(Path(__file__).parent))
from screening_paper import CRS, sites, zones

SHARED = Path(__file__).resolve().parents[2] / "shared" / "standards" / "spatial_rules.json"
GOOD = """
title = "本地规则"
source = "某办法（2024）"
[[rule]]
id = "a"
kind = "生态功能区"
activities = ["采矿", "@linear"]
verdict = "禁止"
clause = "第三条"
[[rule]]
id = "b"
kind = "生态保护红线"
grades = ["一般"]
activities = "光伏"
verdict = "限制"
clause = "第四条"
status = "verified"
"""


@pytest.fixture
def own(tmp_path):
    def write(text):
        path = tmp_path / "own.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


# activities and words ---------------------------------------------------------------------------


def test_no_word_means_two_activities_and_every_group_is_known():
    table = activities_table()
    words = [w for row in table.itertuples() for w in {row.zh, *row.synonyms.split(";")} if w]
    assert len(words) == len(set(words))
    assert all(find_activity(word) for word in words)
    assert {g for groups in table["groups"] for g in groups.split(";") if g} == set(GROUPS)
    assert (table[["activity", "zh", "en"]] != "").all(axis=None)


@pytest.mark.parametrize("word", ["光伏", " 光 伏 ", "SOLAR FARM", "solar_farm", "光伏（电站）"])
def test_an_activity_is_found_whatever_the_writing(word):
    assert find_activity(word) == "solar_farm"


@pytest.mark.parametrize(
    ("word", "activity"),
    [
        ("天然气管线", "pipeline"), ("露天煤矿", "mining"), ("化工厂", "heavy_industry"),
        ("规模化养殖", "livestock_farm"), ("度假区", "tourism_building"), ("旅游", "tourism"),
        ("养殖", None), ("其他", None), ("码头", None),
    ],
)  # fmt: skip
def test_words_that_may_mean_more_are_not_guessed(word, activity):
    assert find_activity(word) == activity


def test_building_for_tourism_is_no_visit():
    judge = Judge(rules_table())
    assert judge.answer("eco_red_line", "general", "tourism").verdict == "允许有条件"
    assert judge.answer("eco_red_line", "general", "tourism_building").verdict == "禁止"


def test_grades_as_layers_write_them():
    assert find_grade("eco_red_line", "自然保护地核心保护区") == "core"
    assert find_grade("eco_red_line", "自然保护地一般控制区") == "general"
    for word in ("一级保护区（陆域）", "一级保护区水域", "水源一级保护区", "一级"):
        assert find_grade("drinking_water", word) == "primary"
    assert find_grade("drinking_water", "陆域") is None
    assert find_kind("湿地公园") == "nature_reserve"


def test_kinds_and_grades_are_found_by_chinese_words():
    assert [find_kind(w) for w in ("红线", "三线一单", "基本农田", "没有")] == [
        "eco_red_line",
        "management_unit",
        "permanent_cropland",
        None,
    ]
    assert find_grade("drinking_water", "饮用水水源一级保护区") == "primary"
    assert find_grade("nature_reserve", "自然保护区核心区") == "core"
    assert find_grade("management_unit", "一般管控单元") == "general"
    for kind in KINDS:
        for key, (zh, en, words) in KINDS[kind].grades.items():
            assert {find_grade(kind, word) for word in (key, zh, en, *words)} == {key}


def test_every_verdict_kind_and_status_has_one_name():
    assert set(VERDICTS_EN) == set(VERDICTS)
    assert {kind: (each.zh, each.en) for kind, each in KINDS.items()} == verdicts.KINDS
    grades = {(k, g): words[:2] for k, each in KINDS.items() for g, words in each.grades.items()}
    assert grades == verdicts.GRADES
    assert {**standards.STATUSES, "user": "用户自定"} == RULE_STATUSES


# built-in rules -----------------------------------------------------------------------------------


def test_rules_say_their_activities_in_words_and_the_words_play_no_part():
    table = rules_table().set_index("activity")
    assert set(table.loc["*", "activity_zh"]) == {"任何活动"}
    assert set(table.loc["sewage_outlet", "activity_en"]) == {"sewage outlet"}
    plain = rules_table().drop(columns=["activity_zh", "activity_en"])
    assert rules_table(plain).equals(rules_table())
    assert rules_hash(rules_table().assign(activity_zh="x")) == rules_hash(rules_table())
    assert rules_table("builtin", unverified="leave_out").columns.equals(rules_table().columns)
    assert rules_table([]).dtypes.equals(rules_table().dtypes)


def test_every_builtin_rule_names_its_text_clause_and_status():
    table = rules_table()
    assert set(table["rule_set"]) == set(RULE_SETS)
    filled = [
        "rule_id",
        "zone_kind",
        "activity",
        "verdict",
        "clause",
        "rule_source",
        "status",
        "note",
    ]
    assert (table[filled] != "").all(axis=None)
    for rule_set, part in table.groupby("rule_set"):
        assert not part.duplicated(["zone_kind", "zone_grade", "activity"]).any(), rule_set


def test_statuses_follow_the_facts():
    if not SHARED.is_file():
        pytest.skip("the collected facts are not beside the checkout")
    facts = json.loads(SHARED.read_text(encoding="utf-8"))
    label = {"V2": "verified", "V1": "single source", "V0": "unverified"}
    status = rules_table().drop_duplicates("rule_id").set_index("rule_id")["status"]
    for activity in facts["redline_142"]["activities"]:
        number, said = activity["n"], activity["v"]
        assert status[f"142-{number}"] == label[said[:2]], number
    assert status["142-6b"] == "unverified"
    assert status["142-core"] == label[facts["redline_142"]["core"]["v"]]
    assert status["142-development"] == label[facts["redline_142"]["outside_core"]["v"]]
    assert status["142-major"] == label[facts["redline_142"]["papers"]["v"]]
    for article, rules in {
        "art64": ["wl-64"],
        "art65_primary": ["wl-65-1", "wl-65-2"],
        "art66_secondary": ["wl-66-1", "wl-66-2"],
        "art67_quasi": ["wl-67-1"],
    }.items():
        for rule in rules:
            assert status[rule] == label[facts["law"][article]["v"][:2]]
    units = label[facts["three_lines"]["units"]["definitions_v"]]
    assert {status[rule] for rule in ("tl-priority-1", "tl-key", "tl-general")} == {units}


def test_an_unverified_rule_never_relaxes_a_verdict_and_is_named():
    answer = Judge(rules_table()).answer("eco_red_line", "general", "mining")
    assert answer.verdict == "禁止"
    assert answer.rule_id == "142-development"
    assert "142-7" in answer.flag
    assert (
        Judge(rules_table(unverified="leave_out")).answer("eco_red_line", "general", "mining").flag
        == ""
    )


def test_an_unverified_rule_tightens_and_fills_gaps_with_a_mark(own):
    text = GOOD.replace('status = "verified"', 'status = "unverified"')
    judge = Judge(rules_table([own(text)]))
    answer = judge.answer("eco_red_line", "general", "solar_farm")
    assert (answer.verdict, answer.status) == ("限制", "unverified")
    assert "未核实" in answer.flag
    left_out = Judge(rules_table([own(text)], unverified="leave_out"))
    assert left_out.answer("eco_red_line", "general", "solar_farm").verdict == "无法判断"
    stricter = text.replace('verdict = "限制"', 'verdict = "禁止"').replace("光伏", "公路")
    both = Judge(rules_table(["builtin", own(stricter)]))
    assert both.answer("eco_red_line", "general", "road").verdict == "禁止"


def test_the_most_specific_rule_of_a_set_and_the_strictest_of_the_sets_decide(own):
    judge = Judge(rules_table())
    assert (
        judge.answer("eco_red_line", "general", "road").rule_id == "142-6"
    )  # not the rule for all
    local = own(GOOD.replace('activities = "光伏"', 'activities = "公路"'))
    both = Judge(rules_table(["builtin", local]))
    assert both.answer("eco_red_line", "general", "road").rule_id == "b"


def test_screening_uses_the_rules_that_are_named(own):
    zone = zones(box(0, 0, 1000, 1000))
    site = sites(Point(500, 500))
    screening = screen_sites(site, zone, rules=own(GOOD))
    assert screening.sites["verdict"].tolist() == ["限制"]
    assert screening.options["rule_sets"] == "own"
    assert screening.options["rules_hash"] == rules_hash(screening.rules)
    again = screen_sites(site, zone, rules=screening.rules)
    assert again.findings.equals(screening.findings)


# a set of the user's own ----------------------------------------------------------------------------


def test_a_set_of_the_users_own_is_read_by_names(own):
    table = read_rules(own(GOOD))
    assert table[
        ["zone_kind", "zone_grade", "activity", "verdict", "status"]
    ].to_numpy().tolist() == [
        ["function_zone", "*", "mining", "禁止", "user"],
        ["function_zone", "*", "@linear", "禁止", "user"],
        ["eco_red_line", "general", "solar_farm", "限制", "verified"],
    ]
    assert set(table["rule_source"]) == {"某办法（2024）"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "生态功能区"', 'kind = "公园"', "line 6, kind: '公园' is no kind"),
        ('verdict = "禁止"', 'verdict = "不许"', "line 8, verdict: '不许' is no verdict"),
        ('verdict = "禁止"', "verdict = 3", "line 8, verdict: 3 is no text"),
        ('clause = "第三条"', "", "line 4: the rule has no clause"),
        ('clause = "第三条"', 'clause = ""', "line 9, clause: '' is no text"),
        ('clause = "第三条"', 'sentence = "x"', "line 9, sentence: this key is not known"),
        ('"采矿"', '"挖土"', "line 7, activities: '挖土' is no activity"),
        ('"@linear"', '"@roads"', "line 7, activities: '@roads' is no activity"),
        ('["一般"]', '["一级"]', "line 13, grades: '一级' is no grade"),
        ('["一般"]', "[]", r"line 13, grades: \[\] is no text"),
        ('status = "verified"', 'status = "sure"', "line 17, status: 'sure' is no status"),
        ('id = "b"', 'id = "a"', "line 11, id: 'a' is there twice"),
        ("source =", "sauce =", "line 3, sauce: this key is not known"),
        ('id = "a"', 'id = "a', "line 5: this is no TOML"),
        ("[[rule]]", "[[regel]]", "regel: this key is not known"),
        ('"采矿", "@linear"', '"采矿", "矿山"', "line 7, activities: the rule 'a' already speaks"),
    ],
)
def test_an_error_in_a_set_names_file_line_and_key(own, old, new, message):
    path = own(GOOD.replace(old, new))
    with pytest.raises(SchemaError, match=message) as caught:
        read_rules(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        # text over several lines that looks like keys and blocks is text
        ('id = "a"', 'id = "a"\nnote = """\nverdict = 1\n[[rule]]\n"""\nverdict = 3', "line 10, verdict: 3"),
        ('["采矿", "@linear"]', '[\n  "采矿",  # 活动 [[rule]]\n  "挖土",\n]', "line 9, activities: '挖土'"),
        ('["一般"]', '["一般",\n"一级"]', "line 14, grades: '一级'"),
        ('source = "某办法（2024）"', 'source = "甲\u2028乙"\nsauce = ""', "line 4, sauce"),
        ('clause = "第四条"', 'clause = "第四条"\n[rule.more]\nx = 1', "line 17, more: this key"),
        ('clause = "第四条"', 'clause = "第四条"\n[other]\nx = 1', "line 17, other: this key"),
        ("kind = \"生态功能区\"", "'kind' = '公园'", "line 6, kind: '公园'"),
    ],
)  # fmt: skip
def test_the_line_is_that_of_the_key_whatever_stands_around_it(own, old, new, message):
    text = GOOD.replace(old, new)
    if "verdict = 3" in text:
        text = text.replace('verdict = "禁止"\n', "")
    for end in ("\n", "\r\n"):
        path = own("")
        path.write_bytes(text.replace("\n", end).encode())
        with pytest.raises(SchemaError, match=message):
            read_rules(path)


def test_blocks_in_texts_and_comments_are_no_rules(own):
    text = GOOD.replace(
        'clause = "第三条"', 'clause = "第三条"  # [[rule]]\nnote = """\n[[rule]]\n"""'
    )
    assert read_rules(own(text)).shape == (3, 12)


def test_what_is_no_set_of_rules_is_said(tmp_path):
    for name in ("own.yaml", "own.yml", "own.json"):
        with pytest.raises(ValueError, match="is no .toml file"):
            rules_table(tmp_path / name)
    for strange in (None, 3):
        with pytest.raises(ValueError, match=f"rules={strange}"):
            rules_table(strange)


def test_a_set_that_is_not_utf8_or_not_there_is_named(tmp_path):
    path = tmp_path / "own.toml"
    path.write_bytes(b'title = "a"\n# ' + "红线".encode("gbk"))
    with pytest.raises(SchemaError, match="line 2: the text is not UTF-8"):
        read_rules(path)
    with pytest.raises(FileNotFoundError):
        rules_table(tmp_path / "none.toml")
    with pytest.raises(ValueError, match="rules='redline'"):
        rules_table("redline")
    with pytest.raises(ValueError, match="named twice"):
        rules_table(["builtin", "water_law"])
    with pytest.raises(SchemaError, match="row 1"):
        rules_table(rules_table().assign(verdict="可以"))


# zones ----------------------------------------------------------------------------------------------


def layer():
    return gpd.GeoDataFrame(
        {"HXMC": ["甲", "乙", "丙"], "JB": ["核心保护区", "一般控制区", ""], "编码": [1, 2, 3]},
        geometry=[box(0, 0, 9, 9), box(9, 0, 20, 9), box(30, 0, 40, 9)],
        index=[5, 6, 7],
        crs=CRS,
    )


def read(frame, **options):
    return read_zones(
        frame, **{"kind": "红线", "version": "1", "version_date": "2023-09-28", **options}
    )


def test_a_layer_is_mapped_by_the_columns_that_are_named():
    frame = layer()
    before = frame.copy()
    found = read(frame, grade="JB", columns={"zone_name": "HXMC"}, accuracy_m=5, name="红线2023")
    assert found.index.tolist() == [5, 6, 7]
    assert found["zone_grade"].tolist() == ["core", "general", ""]
    assert found["zone_code"].tolist() == ["1", "2", "3"]
    assert found["zone_name"].tolist() == ["甲", "乙", "丙"]
    assert set(found["layer"]) == {"红线2023"}
    assert frame.equals(before)


def test_grades_may_be_one_for_all_or_mapped():
    assert set(read(layer(), grade="一般")["zone_grade"]) == {"general"}
    assert set(read(layer())["zone_grade"]) == {""}
    frame = layer().assign(DJ=["A", "B", "B"])
    mapped = read(frame, grade={"A": "核心", "B": "一般"}, columns={"zone_grade": "DJ"})
    assert mapped["zone_grade"].tolist() == ["core", "general", "general"]


def test_kinds_may_stand_in_a_column():
    frame = layer().assign(LX=["红线", "水源地", "城镇"])
    found = read(frame, kind="LX")
    assert found["zone_kind"].tolist() == ["eco_red_line", "drinking_water", "town"]
    assert set(found["layer"]) == {"饮用水水源保护区、生态保护红线、城镇"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "公园"}, "kind='公园' is no kind and no column"),
        ({"kind": "HXMC"}, "row 1 of HXMC holds '甲'"),
        ({"grade": "HXMC"}, "row 1, column HXMC: '甲' is no grade of 生态保护红线"),
        ({"grade": "特级"}, "'特级' is no grade"),
        ({"grade": {"x": "core"}}, "of which column"),
        ({"columns": {"zone_name": "NAME"}}, "'NAME', named for zone_name, is missing"),
        ({"columns": {"name": "HXMC"}}, "a key of columns='name'"),
        ({"accuracy_m": -1}, "holds -1"),
        ({"version_date": "2023年"}, "version_date='2023年' is no date"),
        ({"quality": "good"}, "quality='good'"),
    ],
)
def test_mistakes_about_a_layer_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        read(layer(), **options)


def test_a_layer_without_crs_is_refused():
    with pytest.raises(CRSError, match="红线甲"):
        read(layer().set_crs(None, allow_override=True), name="红线甲")


def test_the_hash_changes_with_content_alone():
    frame = layer()
    same = [
        frame.iloc[[2, 0, 1]],
        frame[["JB", "编码", "HXMC", "geometry"]],
        frame.reset_index(drop=True),
    ]
    turned = frame.copy()
    turned.geometry = [
        Polygon([*g.exterior.coords[2:], *g.exterior.coords[1:3]]) for g in frame.geometry
    ]
    assert {content_hash(other) for other in [*same, turned]} == {content_hash(frame)}
    moved = frame.copy()
    moved.loc[5, "geometry"] = box(0, 0, 9, 9.001)
    renamed = frame.copy()
    renamed.loc[5, "HXMC"] = "丁"
    others = [moved, renamed, frame.iloc[:2], frame.set_crs("EPSG:4548", allow_override=True)]
    assert len({content_hash(other) for other in [*others, frame]}) == 5


def test_codes_without_a_column_come_from_the_shape():
    frame = layer()[["geometry"]]
    codes = read(frame)["zone_code"]
    assert codes.is_unique
    assert read(frame.iloc[::-1])["zone_code"].tolist() == codes.tolist()[::-1]


def test_bad_shapes_are_repaired_or_said():
    frame = layer()
    frame.geometry = [Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), None, LineString([(0, 0), (1, 1)])]
    found = read(frame)
    assert found["zone_flag"].tolist() == [
        "图形自相交或重叠，已修复",
        "无图形",
        "图形不是面，未核查",
    ]
    assert found.geometry.iloc[0].area == pytest.approx(2)


def test_a_file_is_read_and_one_that_cannot_be_read_says_what_to_do(tmp_path):
    path = tmp_path / "红线.gpkg"
    layer().to_file(path)
    found = read(path, grade="JB")
    assert set(found["layer"]) == {"红线"}
    assert found["zone_grade"].tolist() == ["core", "general", ""]
    broken = tmp_path / "坏.gpkg"
    broken.write_bytes(b"not a layer")
    with pytest.raises(ValueError, match="unreadable="):
        read(broken)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.shp")
    with pytest.raises(SchemaError, match="is no layer"):
        read(3)


def test_an_empty_layer_keeps_its_columns_and_its_name():
    found, full = read(layer().iloc[:0]), read(layer())
    assert found.dtypes.to_dict() == full.dtypes.to_dict()
    assert found.attrs["layers"][0]["layer"] == "生态保护红线"
    assert found.crs == full.crs
    assert np.isnan(found.attrs["layers"][0]["accuracy_m"])


def test_a_file_of_rules_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.toml: there is no such file of rules"):
        read_rules(tmp_path / "none.toml")
