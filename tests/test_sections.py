import itertools
import math

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoyang_geo import SchemaError, match_sections
from chaoyang_geo.sections import match_report, read_review, write_review
from chaoyang_geo.sections.spelling import Likeness, code_as_number, fold, near_forms

SECTIONS = pd.DataFrame(
    {
        "section_code": ["S1", "S2", "S3"],
        "section_name": ["凌鸿大桥", "新华", "新华"],
        "aliases": ["南大桥;南大桥（凌鸿大桥）", "", None],
        "province": ["辽宁省", "云南省", "贵州省"],
    }
)


def match(sections=SECTIONS, **columns):
    return match_sections(pd.DataFrame(columns), sections)


def registry(*rows, **more):
    """Rows of code, name, and what else is told."""
    table = pd.DataFrame([dict(zip(("section_code", "section_name"), row[:2], strict=True), **row[2])
                          if len(row) > 2 else dict(zip(("section_code", "section_name"), row, strict=True))
                          for row in rows])  # fmt: skip
    return table.assign(**more)


def one(sections, name="", time=None, **more):
    cells = {"section_name": [name], **{key: [value] for key, value in more.items()}}
    if time is not None:
        cells["time"] = pd.to_datetime([time])
    return match_sections(pd.DataFrame(cells), sections).iloc[0]


# --- by code and name -------------------------------------------------------------------------


def test_match_by_code_name_and_alias():
    found = match(
        section_code=["S1", "", "", ""], section_name=["", "凌鸿大桥", "南大桥", "南大桥(凌鸿大桥)"]
    )
    assert found["section_code"].tolist() == ["S1"] * 4
    assert (found["match_state"] == "matched").all()
    assert found["score"].tolist() == [1.0, 0.95, 0.9, 0.9]
    assert (found["match_flag"] == "").all()


@pytest.mark.parametrize(
    ("name", "here", "there"),
    [
        ("三岔口", "黑龙江", "天津"),
        ("新华", "云南", "贵州"),
        ("江桥", "黑龙江", "辽宁"),
        ("大关桥", "北京", "贵州"),
    ],
)
def test_one_name_in_two_provinces_needs_the_province(name, here, there):
    table = registry(("A", name, {"province": here}), ("B", name, {"province": there}))
    found = match(table, section_name=[name] * 4, province=[here, f"{there}省", "", None])
    assert found["section_code"].tolist() == ["A", "B", "", ""]
    assert found["match_state"].tolist() == ["matched", "matched", "ambiguous", "ambiguous"]
    assert found["candidates"].tolist()[2] == f"A {name};B {name}"
    assert f"对应2个断面（A {here}、B {there}）" in found["match_flag"].iloc[2]


def test_two_names_for_one_place_are_both_matched():
    table = registry(("A", "白石水库", {"aliases": "白石;白石水库坝前"}))
    found = match(table, section_name=["白石水库", "白石", "白石水库坝前"])
    assert found["section_code"].tolist() == ["A"] * 3


def test_the_water_body_tells_apart_what_is_ambiguous_and_its_contradiction_is_flagged():
    table = registry(
        ("A", "入河口", {"water_body": "大凌河"}), ("B", "入河口", {"water_body": "老哈河"})
    )
    assert one(table, "入河口", water_body="老哈河")["section_code"] == "B"
    assert one(table, "入河口", water_body="")["match_state"] == "ambiguous"
    assert one(table, "入河口", water_body="松花江")["match_state"] == "ambiguous"
    row = one(table.head(1), "入河口", water_body="松花江")
    assert (row["section_code"], row["match_state"]) == ("A", "matched")
    assert "登记水体“大凌河”与读数水体“松花江”不符" in row["match_flag"]
    assert row["score"] == 0.85 < one(table.head(1), "入河口", water_body="大凌河")["score"]
    row = one(table, "入河口", section_code="A", water_body="老哈河")
    assert (row["section_code"], row["match_state"]) == ("A", "matched")
    assert "编码A登记水体“大凌河”与读数水体“老哈河”不符，以编码为准" in row["match_flag"]


def test_the_name_in_another_province_is_another_place():
    row = match(section_name=["凌鸿大桥"], province=["吉林省"]).iloc[0]
    assert (row["match_state"], row["section_code"], row["score"]) == ("unmatched", "", 0)
    assert "其他省份（S1 辽宁）" in row["match_flag"]
    assert row["candidates"] == "S1 凌鸿大桥"


def test_unknown_sections_stay_and_say_so():
    row = match(section_name=["无名村"]).iloc[0]
    assert (row["match_state"], row["score"], row["candidates"]) == ("unmatched", 0, "")
    assert "无名村" in row["match_flag"]
    assert one(SECTIONS, "")["match_flag"] == "读数没有断面名称"


def test_code_wins_over_name_and_the_conflict_is_flagged():
    row = match(section_code=["S1"], section_name=["新华"]).iloc[0]
    assert (row["section_code"], row["score"]) == ("S1", 1)
    assert "编码对应“凌鸿大桥”，与名称“新华”不符，以编码为准" in row["match_flag"]
    flags = match(
        section_code=["S1"] * 4,
        section_name=["无名桥", "凌鸿大桥断面", "南大桥", ""],
        province=["辽宁", "辽宁", "云南省", ""],
    )["match_flag"].tolist()
    assert "没有名称“无名桥”" in flags[0]
    assert flags[1] == flags[3] == ""
    assert "登记在辽宁，与读数省份云南不符" in flags[2]


# --- codes are text ---------------------------------------------------------------------------

ZEROS = registry(("0211300001", "章吉营"), ("0211300002", "王家沟"))


@pytest.mark.parametrize(
    "spoilt", ["211300001.0", "211300001", "2.11300001E+08", 211300001, 2.11300001e8]
)
def test_a_code_that_went_through_a_number_is_flagged_and_never_matched_by_itself(spoilt):
    row = match(ZEROS, section_code=[spoilt]).iloc[0]
    assert (row["match_state"], row["section_code"]) == ("ambiguous", "")
    assert row["candidates"] == "0211300001 章吉营"
    assert "可能是0211300001" in row["match_flag"]
    assert row["section_code_given"] == str(spoilt)


def test_a_spoilt_code_beside_its_name_is_matched_with_a_flag_and_beside_another_is_not():
    row = match(ZEROS, section_code=["211300001.0"], section_name=["章吉营"]).iloc[0]
    assert (row["match_state"], row["section_code"]) == ("matched", "0211300001")
    assert "像是被当作数字读入" in row["match_flag"]
    row = match(ZEROS, section_code=["211300001.0"], section_name=["王家沟"]).iloc[0]
    assert (row["match_state"], row["section_code"]) == ("ambiguous", "")
    assert row["candidates"] == "0211300001 章吉营;0211300002 王家沟"


def test_a_spoilt_code_tells_which_of_two_names_is_meant():
    table = registry(("01", "新桥"), ("02", "新桥"))
    assert match(table, section_code=["2"], section_name=["新桥"])["section_code"].item() == "02"


def test_full_width_and_spaced_codes_are_the_same_code():
    found = match(ZEROS, section_code=["０２１１３００００１", " 0211300001 ", "0211300001"])
    assert found["section_code"].tolist() == ["0211300001"] * 3
    assert found["section_code_given"].tolist()[0] == "０２１１３００００１"


def test_an_unknown_code_is_kept_beside_the_answer():
    found = match(ZEROS, section_code=["X9", "X9"], section_name=["章吉营", ""])
    assert found["section_code"].tolist() == ["0211300001", ""]
    assert found["section_code_given"].tolist() == ["X9", "X9"]
    assert found["match_flag"].tolist() == ["登记表中没有编码X9；按名称匹配", "登记表中没有编码X9"]


def test_a_matched_table_can_be_matched_anew():
    first = match(
        ZEROS, section_code=["X9", "0211300002", "211300001.0"], section_name=["章吉营", "", ""]
    )
    again = match_sections(first, ZEROS)
    pd.testing.assert_frame_equal(again, first)


def test_a_registry_of_numbers_is_refused():
    with pytest.raises(SchemaError, match=r"row 1: section_code 211300001 is a number.*dtype="):
        match(registry((211300001, "章吉营")), section_name=["章吉营"])
    with pytest.raises(SchemaError, match="row 2: section_code is missing"):
        match(registry(("A", "甲"), (None, "乙")), section_name=["甲"])


# --- time -------------------------------------------------------------------------------------

RENAMED = registry(
    ("A", "旧桥", {"valid_to": "2020-12-31"}),
    ("A", "新城大桥", {"valid_from": "2021-01-01"}),
    ("B", "北山", {"former_names": "北山屯"}),
    ("C", "旧桥", {"valid_from": "2022-01-01"}),
)


@pytest.mark.parametrize(
    ("name", "time", "code", "score", "flag"),
    [
        ("旧桥", "2020-12-31 23:00", "A", 0.95, ""),
        ("新城大桥", "2021-01-01", "A", 0.95, ""),
        (
            "新城大桥",
            "2020-06-01",
            "A",
            0.85,
            "改名：“新城大桥”（自2021-01-01起）在监测时的名称为“旧桥”",
        ),
        ("旧桥", "2022-01-01", "C", 0.95, ""),
        ("北山屯", "2022-01-01", "B", 0.85, "改名：“北山屯”是“北山”的曾用名"),
    ],
)
def test_the_time_of_the_reading_picks_the_row_in_force(name, time, code, score, flag):
    row = one(RENAMED, name, time)
    assert (row["match_state"], row["section_code"], row["score"]) == ("matched", code, score)
    assert row["match_flag"] == flag


def test_a_name_that_only_another_time_knows_is_matched_and_flagged():
    table = RENAMED.head(2)
    row = one(table, "旧桥", "2023-05-01")
    assert (row["section_code"], row["score"]) == ("A", 0.85)
    assert row["match_flag"] == "改名：“旧桥”（至2020-12-31止）在监测时的名称为“新城大桥”"


def test_the_name_is_ambiguous_between_two_times_and_without_a_time():
    for time in ("2021-06-01", pd.NaT):
        row = one(RENAMED, "旧桥", time)
        assert row["match_state"] == "ambiguous"
        assert row["candidates"] == "A 新城大桥;C 旧桥"
    assert "监测时间" in row["match_flag"]
    row = match(RENAMED, section_name=["新城大桥"]).iloc[0]
    assert row["match_flag"] == "没有监测时间，未核对断面有效期"


def test_a_dated_former_name_gives_way_to_the_section_that_has_the_name_now():
    table = registry(
        ("A", "新名", {"former_names": "老名", "valid_from": "2021-01-01"}), ("B", "老名")
    )
    assert one(table, "老名", "2022-01-01")["section_code"] == "B"
    undated = table.assign(valid_from=None)
    assert one(undated, "老名", "2022-01-01")["match_state"] == "ambiguous"


def test_a_moved_section_names_its_row_in_force():
    table = registry(
        ("A", "江桥", {"valid_to": "2020-12-31"}), ("A", "江桥", {"valid_from": "2021-01-01"})
    )
    readings = pd.DataFrame(
        {"section_name": "江桥", "time": pd.to_datetime(["2020-05-01", "2022-05-01"])}
    )
    found = match_sections(readings, table)
    assert (found["match_flag"] == "").all()
    assert found["registry_from"].isna().tolist() == [True, False]
    assert found["registry_from"].iloc[1] == pd.Timestamp("2021-01-01")
    table["registry_from"] = pd.to_datetime(table["valid_from"]).astype("datetime64[s]")
    joined = found.merge(table, on=["section_code", "registry_from"], validate="m:1")
    assert len(joined) == 2


def test_a_code_outside_its_period_is_matched_and_flagged():
    table = registry(("A", "甲", {"valid_from": "2021-01-01", "valid_to": "2022年"}))
    row = match(table, section_code=["A"], time=pd.to_datetime(["2023-01-01"])).iloc[0]
    assert (row["section_code"], row["score"]) == ("A", 0.9)
    assert row["match_flag"] == "监测时间不在断面A的登记有效期内（2021-01-01至2022-12-31）"


def test_a_period_within_which_the_registry_changes_is_flagged():
    table = registry(
        ("A", "甲", {"valid_to": "2021-01-15"}),
        ("A", "乙", {"valid_from": "2021-01-16"}),
        ("B", "丙"),
    )
    readings = pd.DataFrame(
        {
            "section_name": ["甲", "丙", "甲"],
            "time": pd.to_datetime(["2021-01-01", "2021-01-01", "2020-12-01"]),
            "period_end": pd.to_datetime(["2021-02-01", "2021-02-01", "2021-01-01"]),
        }
    )
    flags = match_sections(readings, table)["match_flag"].tolist()
    assert flags == [
        "监测期内断面A的登记有变动（至2021-01-15止；自2021-01-16起），以期初为准",
        "",
        "",
    ]


@pytest.mark.parametrize(
    "value", ["2021-01-01", "2021/1/1", "20210101", "2021年1月1日", "2021-01", "2021年1月", "2021",
              pd.Timestamp("2021-01-01"), pd.Timestamp("2021-01-01").date(), "2021-01-01 00:00:00"],
)  # fmt: skip
def test_dates_as_they_are_written(value):
    table = registry(("A", "甲", {"valid_from": value}))
    assert one(table, "甲", "2020-12-31")["score"] == 0.85
    assert one(table, "甲", "2021-01-01")["score"] == 0.95


def test_an_end_far_in_the_future_is_open():
    table = registry(("A", "甲", {"valid_from": "2021-01-01", "valid_to": "9999-12-31"}))
    assert one(table, "甲", "2200-01-01")["score"] == 0.95


def test_rows_of_one_code_that_overlap_are_refused_and_both_named():
    twice = pd.concat([SECTIONS, SECTIONS.head(1)])
    with pytest.raises(SchemaError, match=r"S1 is there twice: row 1 \(凌鸿大桥.*row 4 \(凌鸿大桥"):
        match(twice, section_name=["新华"])
    table = registry(
        ("A", "新", {"valid_from": "2020-12-31"}),
        ("B", "乙"),
        ("A", "旧", {"valid_to": "2020-12-31"}),
    )
    with pytest.raises(
        SchemaError, match=r"row 1 \(新, from 2020-12-31\) and row 3 \(旧, to 2020-12-31"
    ):
        match(table, section_name=["新"])


def test_a_registry_with_bad_dates_is_refused():
    with pytest.raises(SchemaError, match="row 1: valid_from '去年' is no date"):
        match(registry(("A", "甲", {"valid_from": "去年"})), section_name=["甲"])
    with pytest.raises(SchemaError, match="row 1: valid_to '2021-13' is no date"):
        match(registry(("A", "甲", {"valid_to": "2021-13"})), section_name=["甲"])
    with pytest.raises(SchemaError, match="valid_to 2020-01-01 lies before valid_from 2021-01-01"):
        match(
            registry(("A", "甲", {"valid_from": "2021", "valid_to": "2020-01-01"})),
            section_name=["甲"],
        )
    with pytest.raises(SchemaError, match="section_name"):
        match_sections(pd.DataFrame({"name": ["新华"]}), SECTIONS)


def test_times_as_text_with_a_zone_or_as_a_category():
    texts = pd.DataFrame({"section_name": ["旧桥"], "time": ["2020-05-01"]})
    zoned = texts.assign(time=pd.to_datetime(texts["time"]).dt.tz_localize("Asia/Shanghai"))
    for readings in (texts, zoned, texts.astype("category")):
        assert match_sections(readings, RENAMED)["section_code"].tolist() == ["A"]


# --- near misses ------------------------------------------------------------------------------

NEAR = registry(
    ("A", "章吉营"),
    ("B", "凌鸿大桥"),
    ("C", "靠山南楼"),
    ("D", "大伙房水库(出口)"),
    ("E", "新立城水库"),
)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("章吉营断面", "A"),
        ("章吉营水站", "A"),
        ("章吉营站", "A"),
        ("章吉营水质自动监测站", "A"),
        ("凌鸿桥", "B"),
        ("凌鸿大桥（国控）", "B"),
        ("靠山南楼(南楼)", "C"),
        ("南楼（靠山南楼）", "C"),
        ("大伙房水库", "D"),
    ],
)
def test_a_name_that_differs_by_form_is_offered_and_never_matched(name, code):
    row = one(NEAR, name)
    assert (row["match_state"], row["section_code"], row["score"]) == ("ambiguous", "", 0.75)
    assert row["candidates"].split(" ")[0] == code
    assert "请人工确认" in row["match_flag"]


@pytest.mark.parametrize(
    ("name", "code", "score"),
    [("章及营", "A", 0.667), ("凌红大桥", "B", 0.7), ("新立城水厍", "E", 0.7)],
)
def test_a_name_that_differs_by_a_character_is_unmatched_with_a_candidate(name, code, score):
    row = one(NEAR, name)
    assert (row["match_state"], row["section_code"], row["score"]) == ("unmatched", "", score)
    assert row["candidates"].split(" ")[0] == code
    assert "相近的有" in row["match_flag"]


def test_near_names_in_another_province_are_not_offered():
    table = NEAR.assign(province="辽宁")
    assert one(table, "章吉营断面", province="吉林省")["candidates"] == ""


def test_many_like_names_elsewhere_do_not_hide_the_one_in_the_province():
    rows = [(f"A{i:02d}", f"章吉营{i}", {"province": "吉林"}) for i in range(30)]
    table = registry(*rows, ("Z", "章吉村营", {"province": "辽宁"}))
    assert one(table, "章吉营口", province="辽宁省")["candidates"] == "Z 章吉村营"


def test_min_score_is_the_least_score_that_is_offered():
    readings = pd.DataFrame({"section_name": ["章及营", "章吉营断面", "章吉营"]})
    found = match_sections(readings, NEAR, min_score=0.7)
    assert found["candidates"].tolist() == ["", "A 章吉营", ""]
    found = match_sections(readings, NEAR, min_score=1)
    assert found["candidates"].tolist() == ["", "", ""]
    assert found["match_state"].tolist() == ["unmatched", "unmatched", "matched"]
    with pytest.raises(ValueError, match="min_score=2"):
        match_sections(readings, NEAR, min_score=2)


def test_words_for_places_in_brackets_name_no_section():
    assert near_forms(fold("大伙房水库（出口）"))[1] == set()
    assert near_forms("大站")[0] == {"大站"}


def test_likeness_counts_characters_on_paper():
    likeness = Likeness(["章吉营", "章吉", "吉章营", ""])
    # 章及营 shares 2 of 3 + 3 characters in order with 章吉营: 4 / 6; 吉章营 shares 章 营 too
    assert likeness.like("章及营", 0.6) == [(2 * 2 / 6, "吉章营"), (2 * 2 / 6, "章吉营")]
    assert likeness.like("", 0.5) == likeness.like("湖", 0.5) == []


def test_names_that_share_only_the_kind_of_place_are_not_alike():
    likeness = Likeness(["牤牛河大桥", "新立城水库"])
    assert likeness.like("巨流河大桥", 0.6) == likeness.like("二龙山水库", 0.4) == []
    assert likeness.like("芒牛河大桥", 0.6) == [(0.8, "牤牛河大桥")]


def test_codes_as_numbers():
    assert code_as_number("0211300001") == code_as_number("2.11300001E8") == "211300001"
    assert code_as_number("CYS01") == "cys01"
    assert code_as_number("2.113E+01") == "2.113e+01"


def test_rare_characters_of_the_private_area_are_kept_and_unseen_ones_are_not():
    assert fold("\ue123河") != fold("河")
    assert fold("\u200b\ufeff新 华\n") == "新华"


# --- frames -----------------------------------------------------------------------------------


def test_rows_in_equal_rows_out_and_the_input_is_unchanged():
    readings = pd.DataFrame({"section_name": ["新华", "凌鸿大桥", None]}, index=[5, 5, 1])
    before = readings.copy()
    found = match_sections(readings, SECTIONS)
    assert found.index.tolist() == [5, 5, 1]
    pd.testing.assert_frame_equal(readings, before)
    empty = match_sections(readings.iloc[:0], SECTIONS)
    assert empty.empty
    assert empty.columns.tolist() == found.columns.tolist()
    assert (empty.dtypes == found.dtypes).all()


def test_any_kind_of_text_column_gives_the_same_answer():
    cells = {
        "section_name": ["新华", None, "南大桥", "新华"],
        "section_code": ["", "S1", None, "S2"],
    }
    index = pd.MultiIndex.from_tuples([("a", 1), ("a", 1), ("b", 2), ("c", 3)])
    readings = pd.DataFrame(cells, index=index)
    answers = []
    for dtype in ("str", "object", "category"):
        found = match_sections(readings.astype(dtype), SECTIONS)
        assert found.index.equals(index)
        assert isinstance(found["match_state"].dtype, pd.CategoricalDtype) == (dtype == "category")
        answers.append(found[["section_code", "match_state", "score", "match_flag", "candidates"]])
    for answer in answers:
        pd.testing.assert_frame_equal(answer.astype(answers[0].dtypes), answers[0])


def test_a_category_without_the_row_and_with_unused_names():
    names = pd.Categorical(["凌鸿大桥", None], categories=["新华", "凌鸿大桥"])
    found = match_sections(pd.DataFrame({"section_name": names}), SECTIONS)
    assert found["match_state"].tolist() == ["matched", "unmatched"]


def test_each_distinct_name_is_looked_up_once(monkeypatch):
    from chaoyang_geo.sections.registry import Registry

    asked = []
    answer = Registry.answer
    monkeypatch.setattr(
        Registry, "answer", lambda self, one, least: asked.append(one) or answer(self, one, least)
    )
    readings = pd.DataFrame(
        {"section_name": ["旧桥", "北山"] * 500, "time": pd.date_range("2020-01-01", periods=1000)}
    )
    match_sections(readings, RENAMED)
    # three times: until 2020, in 2021, from 2022
    assert len(asked) == 6


# --- cardinality and the report ---------------------------------------------------------------


def test_one_to_one_names_the_sections_that_several_rows_match():
    readings = pd.DataFrame({"section_name": ["凌鸿大桥", "南大桥", "无名", "无名"]})
    assert len(match_sections(readings, SECTIONS)) == 4
    with pytest.raises(SchemaError, match=r"validate='1:1': 1 sections.*S1 \(2 rows\).*m:1"):
        match_sections(readings, SECTIONS, validate="1:1")
    assert len(match_sections(readings.iloc[1:], SECTIONS, validate="1:1")) == 3
    with pytest.raises(
        ValueError, match="validate='m:m' is not an option; use one of: 'm:1', '1:1'"
    ):
        match_sections(readings, SECTIONS, validate="m:m")


def add_up(report, n):
    total, rows = report.iloc[0], report.iloc[1:]
    assert total["scope"] == "all"
    assert (rows["scope"] == "section").all()
    assert total["n_rows"] == n == rows["n_rows"].sum()
    for name in ("n_matched", "n_ambiguous", "n_unmatched"):
        assert total[name] == rows[name].sum()
    parts = report[["n_matched", "n_ambiguous", "n_unmatched"]].sum(axis=1)
    assert (parts == report["n_rows"]).all()


def test_the_report_adds_up():
    found = match(
        section_name=["新华", "凌鸿大桥", "凌鸿大桥", "无名", "新华"],
        province=["", "", "", "", "云南"],
    )
    report = match_report(found)
    add_up(report, 5)
    assert report["section_name"].tolist() == ["", "新华", "凌鸿大桥", "无名", "新华"]
    assert report["section_code"].tolist() == ["", "", "S1", "", "S2"]
    assert report.iloc[0][["n_matched", "n_ambiguous", "n_unmatched"]].tolist() == [3, 1, 1]
    add_up(match_report(found.iloc[:0]), 0)
    with pytest.raises(SchemaError, match="match_state"):
        match_report(SECTIONS)


# --- the review sheet -------------------------------------------------------------------------


def to_review(folder, sections=SECTIONS):
    readings = pd.DataFrame(
        {
            "section_name": ["新华", "新华", "凌鸿桥", "=1+1", "凌鸿大桥", "无名"],
            "province": ["", "", "辽宁省", "", "", "云南"],
            "section_code": ["", "", "", "", "", "0099"],
            "time": pd.to_datetime(
                ["2025-01-05", "2025-03-05", "2025-02-01", None, "2025-01-01", "2025-01-01 08:30"],
                format="mixed",
            ),
        }
    )
    matched = match_sections(readings, SECTIONS)
    return readings, matched, write_review(matched, folder / "核对.xlsx", sections=sections)


def edit(path, changes, sheet="断面核对"):
    book = openpyxl.load_workbook(path)
    for cell, value in changes.items():
        book[sheet][cell] = value
    book.save(path)


def column(path, title):
    header = [cell.value for cell in openpyxl.load_workbook(path)["断面核对"][2]]
    return openpyxl.utils.get_column_letter(header.index(title) + 1)


def test_the_sheet_has_a_row_for_each_name_that_was_not_matched(tmp_path):
    _, _, path = to_review(tmp_path)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["断面核对", "填写说明", "断面登记表"]
    sheet = book["断面核对"]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert rows[0] == (
        "省份", "断面", "原始断面编码", "行数", "首次时间", "末次时间", "匹配状态", "原因", "候选",
        "更正编码", "备注", "适用起日", "适用止日",
    )  # fmt: skip
    assert [row[1] for row in rows[1:]] == ["新华", "凌鸿桥", "=1+1", "无名"]
    assert rows[1][3] == 2
    assert [str(time) for time in rows[1][4:6]] == ["2025-01-05 00:00:00", "2025-03-05 00:00:00"]
    assert [row[6] for row in rows[1:]] == ["有歧义", "有歧义", "未匹配", "未匹配"]
    assert rows[4][2] == "0099"
    assert all(cell is None for row in rows[1:] for cell in row[9:])


def test_the_sheet_looks_like_a_form(tmp_path):
    _, _, path = to_review(tmp_path)
    sheet = openpyxl.load_workbook(path)["断面核对"]
    assert sheet.freeze_panes == "C3"
    assert sheet.auto_filter.ref == "A2:M6"
    assert sheet["A1"].value.startswith("请在绿色的“更正编码”列")
    assert sheet["B5"].data_type == "s"  # a name that begins with = is no formula
    assert {sheet[f"{c}3"].number_format for c in "CJLM"} == {"@"}
    assert sheet.column_dimensions["H"].width == 48
    fills = [sheet[cell].fill.start_color.rgb[-6:] for cell in ("B3", "B5", "J3")]
    assert fills == ["FFF2CC", "F8CBAD", "E2EFDA"]
    offers = {str(v.sqref): v.formula1 for v in sheet.data_validations.dataValidation}
    assert offers == {"J3": '"S2,S3,无"', "J4": '"S1,无"', "J5 J6": '"无"'}
    assert all(v.errorStyle == "warning" for v in sheet.data_validations.dataValidation)


def test_what_a_person_corrects_is_applied(tmp_path):
    readings, matched, path = to_review(tmp_path)
    assert read_review(path).empty
    edit(path, {"J3": "S3", "K3": "贵州站", "J4": "S1 凌鸿大桥", "J5": "无"})
    corrections = read_review(path)
    assert corrections["corrected_code"].tolist() == ["S3", "S1", "无"]
    assert corrections["origin"].tolist()[0] == "[核对.xlsx]断面核对!J3"
    for table in (readings, matched):
        found = match_sections(table, SECTIONS, corrections=corrections)
        assert found["section_code"].tolist() == ["S3", "S3", "S1", "", "S1", ""]
        assert found["score"].tolist() == [1, 1, 1, 1, 0.95, 0]
        assert found["match_flag"].tolist()[:4] == [
            "人工更正（贵州站）", "人工更正（贵州站）", "人工更正", "人工更正：不在断面登记表中",
        ]  # fmt: skip
    again = write_review(found, tmp_path / "again.xlsx")
    rows = list(openpyxl.load_workbook(again)["断面核对"].iter_rows(min_row=3, values_only=True))
    assert [(row[1], row[9]) for row in rows] == [("=1+1", "无"), ("无名", None)]


def test_corrections_for_a_part_of_the_time(tmp_path):
    readings, _, path = to_review(tmp_path)
    edit(path, {"J3": "S2", "M3": "2025-01", "B7": "新华", "J7": "S3", "L7": "2025-02-01"})
    corrections = read_review(path)
    assert corrections["valid_to"].tolist()[0] == pd.Timestamp("2025-01-31")
    found = match_sections(readings, SECTIONS, corrections=corrections)
    assert found["section_code"].tolist()[:2] == ["S2", "S3"]


def test_sorting_moving_columns_and_another_line_on_top_do_no_harm(tmp_path):
    _, _, path = to_review(tmp_path)
    edit(path, {"J3": "S3", "J4": "S1"})
    before = read_review(path)
    book = openpyxl.load_workbook(path)
    sheet = book["断面核对"]
    sheet.insert_rows(1)
    sheet.move_range("D3:E7", cols=20)
    third, fourth = ([cell.value for cell in row] for row in sheet["A4:M5"])
    for row, values in ((4, fourth), (5, third)):
        for number, value in enumerate(values, start=1):
            sheet.cell(row, number, value)
    book.save(path)
    after = read_review(path)
    names = ["section_name", "corrected_code"]
    assert sorted(map(tuple, after[names].values)) == sorted(map(tuple, before[names].values))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"J3": "S9"}, "sheet 断面核对, row 3: 更正编码 'S9' is not in the registry"),
        ({"J4": 211300001}, "row 4: 更正编码 211300001 is stored as a number"),
        (
            {"J2": "编码"},
            "row 2: the header was changed: 更正编码 is missing; there is: 省份、断面",
        ),
        ({"K2": "更正编码"}, "row 2: the column '更正编码' is there twice"),
        (
            {"B7": "新华", "J7": "S2", "J3": "S3"},
            "'新华' is corrected twice, in J3 to S3 and in J7 to S2",
        ),
        ({"J3": "S3", "L3": "昨天"}, "row 3: 适用起日 '昨天' is no date"),
        ({"J3": "S3", "L3": "2025", "M3": "2024"}, "row 3: 适用止日 2024-12-31 lies before"),
        ({"J9": "S3"}, "row 9: 更正编码 'S3' has neither 断面 nor 原始断面编码"),
    ],
)
def test_a_sheet_that_was_filled_in_wrongly_says_where(tmp_path, changes, message):
    _, _, path = to_review(tmp_path)
    edit(path, changes)
    with pytest.raises(SchemaError, match=message):
        read_review(path)


def test_merged_cells_and_other_files_are_refused(tmp_path):
    _, _, path = to_review(tmp_path)
    book = openpyxl.load_workbook(path)
    book["断面核对"].merge_cells("B3:B4")
    book.save(path)
    with pytest.raises(SchemaError, match=r"核对.xlsx, sheet 断面核对: cells are merged \(B3:B4\)"):
        read_review(path)
    del book["断面核对"]
    book.save(path)
    with pytest.raises(SchemaError, match="the sheet '断面核对' is not there"):
        read_review(path)
    path.write_text("no workbook")
    with pytest.raises(SchemaError, match="核对.xlsx: this is not an Excel workbook"):
        read_review(path)
    with pytest.raises(FileNotFoundError, match="none.xlsx: there is no such file"):
        read_review(tmp_path / "none.xlsx")
    with pytest.raises(ValueError, match="end its name in .xlsx"):
        write_review(match(section_name=["x"]), tmp_path / "x.csv")


def test_without_a_registry_the_codes_are_checked_when_they_are_applied(tmp_path):
    readings, _, path = to_review(tmp_path, sections=None)
    edit(path, {"J3": "S9"})
    corrections = read_review(path)
    with pytest.raises(
        SchemaError, match=r"row 1 \(新华\): corrected_code 'S9' is not in the registry"
    ):
        match_sections(readings, SECTIONS, corrections=corrections)
    with pytest.raises(SchemaError, match="row 3: 更正编码 'S9' is not in the registry"):
        read_review(path, sections=SECTIONS)


def test_a_write_that_fails_leaves_the_old_sheet(tmp_path, monkeypatch):
    _, matched, path = to_review(tmp_path)
    before = path.read_bytes()
    monkeypatch.setattr(
        openpyxl.Workbook, "save", lambda *_: (_ for _ in ()).throw(OSError("full"))
    )
    with pytest.raises(OSError, match="full"):
        write_review(matched, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_sheet_with_nothing_to_review(tmp_path):
    path = write_review(match(section_name=["凌鸿大桥"]), tmp_path / "empty.xlsx")
    assert read_review(path).empty


def test_a_name_that_is_matched_at_another_time_says_so(tmp_path):
    readings = pd.DataFrame(
        {"section_name": "旧桥", "time": pd.to_datetime(["2020-01-01", "2021-06-01"])}
    )
    path = write_review(match_sections(readings, RENAMED), tmp_path / "t.xlsx")
    (row,) = openpyxl.load_workbook(path)["断面核对"].iter_rows(min_row=3, values_only=True)
    assert "同名的其他读数已匹配到A（1行）；只更正部分时段时请填写适用起止日" in row[7]


def test_corrections_as_a_plain_frame():
    table = pd.DataFrame({"section_name": ["新华", "无名"], "corrected_code": ["S2", None]})
    found = match_sections(
        pd.DataFrame({"section_name": ["新华"] * 2, "province": ["", "贵州"]}),
        SECTIONS,
        corrections=table,
    )
    assert found["section_code"].tolist() == ["S2", "S2"]  # no province told: any
    found = match_sections(
        pd.DataFrame({"section_name": ["新华"] * 2, "province": ["", "贵州"]}),
        SECTIONS, corrections=table.assign(province=""),
    )  # fmt: skip
    assert found["section_code"].tolist() == ["S2", "S3"]
    with pytest.raises(SchemaError, match="rows 1 and 2 both correct '新华'"):
        match_sections(
            SECTIONS, SECTIONS, corrections=table.assign(section_name="新华", corrected_code="S2")
        )
    with pytest.raises(SchemaError, match="corrected_code"):
        match_sections(SECTIONS, SECTIONS, corrections=table[["section_name"]])


# --- invariants -------------------------------------------------------------------------------

NAMES = ["旧桥", "旧大桥", "新城大桥", "新城桥断面", "北山", "北山屯", "", "旧桥(新)", "\x01=A1;b"]
PROVINCES = ["", "辽宁", "吉林省", None]
TIMES = [pd.NaT, *pd.to_datetime(["2019-01-01", "2021-01-01", "2021-06-01", "2023-01-01"])]
CODES = ["", "A", "01", "1.0", "1", "9", None]


@st.composite
def registries(draw):
    """Registries without overlap: of each code either one open row or two that meet."""
    rows = []
    for code in draw(st.lists(st.sampled_from(["A", "01", "1", "B"]), unique=True, max_size=4)):
        cells = {
            "section_code": code,
            "province": draw(st.sampled_from(PROVINCES)),
            "aliases": draw(st.sampled_from(["", *NAMES])),
            "former_names": draw(st.sampled_from(["", *NAMES])),
        }
        names = st.sampled_from(NAMES)
        if draw(st.booleans()):
            rows.append({**cells, "section_name": draw(names), "valid_to": "2021-02-28"})
            cells["valid_from"] = "2021-03-01"
        rows.append({**cells, "section_name": draw(names)})
    wanted = [
        "section_code",
        "section_name",
        "province",
        "aliases",
        "former_names",
        "valid_from",
        "valid_to",
    ]
    return pd.DataFrame(rows, columns=wanted)


readings_of = st.lists(
    st.tuples(*(st.sampled_from(values) for values in (NAMES, PROVINCES, CODES, TIMES))), max_size=8
).map(lambda rows: pd.DataFrame(rows, columns=["section_name", "province", "section_code", "time"]))


def as_times(readings):
    return readings.assign(time=pd.to_datetime(readings["time"]))


@given(registries(), readings_of, st.randoms())
def test_rows_stay_states_part_them_and_the_order_of_the_registry_decides_nothing(
    sections, readings, random
):
    readings = as_times(readings)
    found = match_sections(readings, sections)
    assert found.index.equals(readings.index)
    assert set(found["match_state"]) <= {"matched", "ambiguous", "unmatched"}
    assert ((found["section_code"] != "") == (found["match_state"] == "matched")).all()
    assert found["section_code"].isin([*sections["section_code"], ""]).all()
    assert found["score"].between(0, 1).all()
    matched = found["match_state"] == "matched"
    assert (found["score"][matched] >= 0.85).all()
    assert (found["match_flag"][~matched] != "").all()
    assert (found["candidates"][found["match_state"] == "ambiguous"] != "").all()
    add_up(match_report(found), len(readings))

    order = list(range(len(sections)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(match_sections(readings, sections.iloc[order]), found)
    rows = list(range(len(readings)))
    random.shuffle(rows)
    pd.testing.assert_frame_equal(match_sections(readings.iloc[rows], sections), found.iloc[rows])


@given(registries().filter(len), readings_of, st.data())
def test_corrections_always_win(sections, readings, data):
    readings = as_times(readings)
    found = match_sections(readings, sections)
    keys = found[["province", "section_name", "section_code_given"]].fillna("")
    keys = keys.assign(province=keys["province"].str.rstrip("省")).drop_duplicates()
    answers = [*sections["section_code"], "无", ""]
    keys["corrected_code"] = [data.draw(st.sampled_from(answers)) for _ in range(len(keys))]
    corrected = match_sections(readings, sections, corrections=keys)
    wanted = {tuple(row[:3]): row[3] for row in keys.itertuples(index=False)}
    for before, after in zip(found.itertuples(), corrected.itertuples(), strict=True):
        province = "" if pd.isna(before.province) else before.province.rstrip("省")
        code = wanted[province, before.section_name, before.section_code_given]
        if code == "无":
            assert (after.match_state, after.section_code) == ("unmatched", "")
        elif code:
            assert (after.match_state, after.section_code, after.score) == ("matched", code, 1)
        else:
            assert (after.match_state, after.section_code) == (
                before.match_state,
                before.section_code,
            )
        assert after.match_flag.startswith("人工更正") == bool(code)


@settings(max_examples=15)
@given(registries().filter(len), readings_of)
def test_what_is_filled_into_the_sheet_comes_back_and_is_applied(
    tmp_path_factory, sections, readings
):
    readings = as_times(readings)
    found = match_sections(readings, sections)
    path = write_review(found, tmp_path_factory.mktemp("review") / "r.xlsx", sections=sections)
    book = openpyxl.load_workbook(path)
    sheet = book["断面核对"]
    codes = itertools.cycle(sections["section_code"])
    filled = 0
    for row in sheet.iter_rows(min_row=3):
        if row[1].value or row[2].value:
            row[9].value = next(codes)
            filled += 1
    book.save(path)
    corrections = read_review(path)
    assert len(corrections) == filled
    again = match_sections(readings, sections, corrections=corrections)
    said = (found["section_name"].str.strip() != "") | (found["section_code_given"] != "")
    assert (again["match_state"][said] == "matched").all()


@given(st.lists(st.text(max_size=8), max_size=5), st.text(max_size=8))
def test_any_text_is_answered(names, asked):
    table = pd.DataFrame(
        {"section_code": [f"C{i}" for i in range(len(names))], "section_name": names}
    )
    table = table.astype("str")
    row = match_sections(
        pd.DataFrame({"section_name": [asked], "section_code": [asked]}), table
    ).iloc[0]
    assert row["match_state"] in ("matched", "ambiguous", "unmatched")
    assert not math.isnan(row["score"])


# --- the bundled plan -------------------------------------------------------------------------


def test_the_plan_of_chaoyang_is_a_registry(plan):
    found = match_sections(plan.readings, plan.sections)
    assert (found["match_state"] == "matched").all()
    found = match(
        plan.sections,
        section_name=["牯牛河大桥", "白石", "章吉营", "章吉营断面"],
        province=["辽宁"] * 4,
    )
    assert found["section_code"].tolist() == ["CYS07", "CYS08", "CYS06", ""]
