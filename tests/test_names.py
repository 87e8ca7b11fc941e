import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoyang_geo import SchemaError, match_places, place_name
from chaoyang_geo.names import _divisions, short_province


def codes(names, **options):
    found = match_places(names, **options)
    return dict(zip(found["name"], found["place_code"], strict=True))


def test_the_names_an_analyst_in_chaoyang_meets():
    names = ["喀左", "喀左县", "喀喇沁左翼蒙古族自治县", "朝阳市", "朝阳县", "朝阳区", "北票"]
    found = match_places(names, within="2113").set_index("name")
    assert found["place_code"].to_dict() == {
        "喀左": "211324",
        "喀左县": "211324",
        "喀喇沁左翼蒙古族自治县": "211324",
        "朝阳市": "211300",
        "朝阳县": "211321",
        "朝阳区": "",
        "北票": "211381",
    }
    assert found.loc["喀喇沁左翼蒙古族自治县", "score"] == 1
    assert 0 < found.loc["喀左", "score"] < 1
    assert found.loc["朝阳区", "match_state"] == "unmatched"
    assert found.loc["朝阳区", "score"] == 0
    assert "长春市朝阳区" in found.loc["朝阳区", "reason"]
    assert "北京市朝阳区" in found.loc["朝阳区", "reason"]


def test_a_bare_name_with_two_meanings_is_ambiguous():
    row = match_places(["朝阳"]).iloc[0]
    assert row["match_state"] == "ambiguous"
    assert row["place_code"] == ""
    assert row["candidates"] == "211300 朝阳市;211321 朝阳县"


def test_the_same_township_name_in_two_counties_needs_the_county():
    assert match_places(["红山街道"]).iloc[0]["match_state"] == "ambiguous"
    assert codes(["红山街道"], within="211382") == {"红山街道": "211382008"}
    assert codes(["建平县红山街道"]) == {"建平县红山街道": "211322002"}


def test_a_full_address_is_followed_down():
    assert codes(["辽宁省朝阳市喀左县公营子镇"]) == {"辽宁省朝阳市喀左县公营子镇": "211324104"}


def test_a_township_that_became_a_town_is_found_but_scored_lower():
    row = match_places(["刘杖子乡"]).iloc[0]
    assert (row["place_name"], row["score"]) == ("刘杖子镇", 0.7)
    # 三宝街道 was abolished; 三宝乡 is another place
    assert match_places(["三宝街道"]).iloc[0]["match_state"] == "unmatched"


def test_the_whole_country():
    found = codes(["朝阳区", "科左中旗", "前郭县"], within=None)
    assert found == {"朝阳区": "", "科左中旗": "150521", "前郭县": "220721"}


@pytest.mark.parametrize("within", ["2113", "211300", "211300000"])
def test_within_takes_codes_with_or_without_filler(within):
    assert codes(["北票市"], within=within) == {"北票市": "211381"}


def test_within_that_is_no_code_is_refused():
    with pytest.raises(SchemaError, match="within='朝阳' is no division code"):
        match_places(["北票"], within="朝阳")


def test_a_series_keeps_its_index_and_gaps_stay():
    names = pd.Series(["北票市", None, "  "], index=[7, 3, 9])
    found = match_places(names)
    assert found.index.tolist() == [7, 3, 9]
    assert found["match_state"].tolist() == ["matched", "unmatched", "unmatched"]
    assert match_places([]).empty


def test_full_names():
    assert place_name("211324104") == "辽宁省朝阳市喀喇沁左翼蒙古族自治县公营子镇"
    assert place_name("110105") == "北京市朝阳区"
    assert short_province("辽宁省") == short_province("辽宁")


@given(st.sampled_from(sorted(code for code in _divisions() if code.startswith("2113"))))
def test_every_official_name_here_is_matched_or_admittedly_ambiguous(code):
    row = match_places([_divisions()[code]], within="2113").iloc[0]
    if row["match_state"] == "matched":
        assert row["place_code"] == code.ljust(6, "0")
        assert row["score"] == 1
    else:
        assert row["match_state"] == "ambiguous"
        assert code in row["candidates"]


@given(st.text(max_size=8))
def test_any_text_gets_one_answer(text):
    row = match_places([text]).iloc[0]
    assert (row["match_state"] == "matched") == (row["place_code"] != "")
    assert row["reason"]
