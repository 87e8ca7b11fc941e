"""The doubts of a verdict in English: every sentence that the assessment writes is known."""

import re
from pathlib import Path

import pandas as pd
import pytest

from chaoyang_geo import (
    alerts,
    assess_sections,
    assess_units,
    classify,
    indicator_progress,
    load_plan,
    mean_readings,
    rate_basin,
)
from chaoyang_geo.reasons import doubts, doubts_text
from chaoyang_geo.reasons.doubts import _SENTENCES

CHINESE = re.compile("[一-鿿]")
FILLED = {"items": "氨氮、总磷", "n": "3", "m": "5", "status": "推导", "layers": "表层、底层",
          "water": "湖库", "names": "A, B", "unit": "mg/L", "rule": "x", "state": "x",
          "period": "x", "list": "x"}  # fmt: skip


@pytest.mark.parametrize("pair", _SENTENCES, ids=lambda pair: pair[1][:40])
def test_every_sentence_is_found_again_with_what_stands_in_it(pair):
    zh, en = pair
    english = doubts_text(zh.format(**FILLED), "en")
    words = {**FILLED, "items": "ammonia nitrogen, total phosphorus", "status": "derived",
             "layers": "surface, bottom", "water": "lake"}  # fmt: skip
    assert english == en.format(**words)
    assert not CHINESE.search(english)


def test_sentences_stand_side_by_side_and_a_bracket_is_not_torn():
    flag = "总磷含表层、底层样品，逐个平均；pH非自动监测的2个读数未计入（自动监测数据优先：甲；乙，已核实）"
    assert doubts_text(flag, "en") == (
        "total phosphorus: samples of surface, bottom count alike; "
        "pH: manual readings left out: 2 (automatic ones come first, verified)"
    )


def test_what_the_reason_says_already_is_left_out():
    flag = "缺测氨氮，类别可能更差；断面不在登记表中，按河流评价"
    why = "甲 2025年8月：Ⅱ类（优）。缺测氨氮，类别可能更差。"
    assert doubts_text(flag, "zh", besides=why) == "断面不在登记表中，按河流评价"
    assert doubts_text(flag, "en", besides=why) == "not in the registry, judged as a river"


def test_of_many_names_it_is_said_how_many_there_are():
    assert (
        doubts_text("未参评12个：甲、乙等12个", "en")
        == "not judged (12): 甲, 乙 and others, 12 in all"
    )


def test_words_of_others_stay():
    assert doubts_text("采样时有风；断流1次", "en") == "采样时有风; dry: 1"
    assert [doubts_text(cell, "en") for cell in (None, float("nan"), pd.NA, "")] == [""] * 4


def test_the_doubts_of_a_bad_table_are_all_understood():
    """Readings with everything that can be wrong, through every table that has a flag."""
    rows = [
        ("ph", 8.0, "", None, "", "mg/L"), ("do", 9.0, "", None, "", "mg/L"),
        ("cod_mn", None, "<", 20.0, "", "mg/L"), ("nh3_n", None, "<", None, "", "mg/L"),
        ("tp", None, ">", 0.3, "", "mg/L"), ("cod", -1.0, "", None, "", "mg/L"),
        ("bod5", None, "", None, "断流", "mg/L"), ("f", 0.4, "", None, "", "μg/L"),
        ("cn", 0.01, "", None, "", "mg/L"), ("cn", 0.02, "", None, "", "mg/L"),
    ]  # fmt: skip
    columns = ["item", "value", "censored", "detection_limit", "state", "unit"]
    table = pd.DataFrame(rows, columns=columns)
    table["unit"] = table["unit"].where(table["item"] != "ph", "")
    table["time"] = pd.Timestamp("2025-10-05")
    table["sampling_layer"] = ["表层" if k % 2 else "底层" for k in range(len(table))]
    table["section_code"] = "CYS06"
    plan = load_plan("chaoyang")
    means = mean_readings(table, period="month", by=["section_code"])
    month = assess_sections(means, plan.sections)
    units = assess_units(month, plan.units, sections=plan.sections)
    groups = pd.concat([
        rate_basin(month, means, by=None, sections=plan.sections, apart=apart)
        for apart in (True, False)
    ])  # fmt: skip
    flags = [
        *classify(table, plan.sections)["assess_flag"],
        *assess_sections(table.assign(section_code="X"), plan.sections)["assess_flag"],
        *month["assess_flag"], *means["mean_flag"], *units["unit_flag"], *groups["rate_flag"],
        *alerts(means, plan.sections)["alert_flag"],
        *indicator_progress(plan, month, means)["progress_flag"],
    ]  # fmt: skip
    names = "|".join(plan.sections["section_name"])
    for flag in dict.fromkeys(flags):
        english = re.sub(names, "", doubts_text(flag, "en"))
        assert not CHINESE.search(english), (flag, english)
    assert len(set(flags)) > 10


def test_every_sentence_is_still_one_that_the_library_writes():
    """Reworded where it is written, a sentence would stay Chinese on English pages."""
    package = Path(doubts.__file__).parents[1]
    code = "".join(
        path.read_text("utf-8") for path in package.rglob("*.py") if path.name != "doubts.py"
    )
    code = re.sub(r'"\s*f?"', "", code)  # texts that go on in the next line
    for chinese, _ in _SENTENCES:
        for part in re.split(r"\{\w+\}个?|(?=而无)|[（）：；，]", chinese):
            assert len(part) < 2 or part in code, chinese
