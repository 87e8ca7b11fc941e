import re
import warnings
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoyang_geo import SchemaError
from chaoyang_geo.doubt import KINDS, DoubtRules, flag_doubts, quality_report, write_quality_page
from chaoyang_geo.doubt.report import FLAG_PREFIX
from chaoyang_geo.standards.plausible import part_whole, plausible

START = pd.Timestamp("2025-10-08 08:00")


def table(*rows, **common):
    """Rows as dicts over common columns; a limit without a value is below detection."""
    frame = pd.DataFrame(
        [{"section_code": "S1", "time": START, "unit": "mg/L", **common, **row} for row in rows]
    )
    if "value" not in frame:
        frame["value"] = np.nan
    if "below" in frame:
        frame["detection_limit"] = frame["below"].astype("float64")
        frame["state"] = np.where(frame["below"].notna(), "below", "number")
        frame = frame.drop(columns="below")
    return frame


def series(values, *, hours=4.0, item="do", **common):
    times = START + pd.to_timedelta(np.arange(len(values)) * hours, unit="h")
    return table(
        *({"time": t, "value": v, "item": item} for t, v in zip(times, values, strict=True)),
        **common,
    )


def test_rules_are_checked_when_they_are_made():
    assert DoubtRules(stuck_skip=["do"]).stuck_skip == frozenset({"do"})
    assert hash(DoubtRules()) == hash(replace(DoubtRules(), near_hours=1.0))
    with pytest.raises(FrozenInstanceError):
        DoubtRules().near_hours = 2
    with pytest.raises(ValueError, match="stuck_skip='do' is one text"):
        DoubtRules(stuck_skip="do")
    with pytest.raises(ValueError, match="jump_share=nan makes no sense"):
        DoubtRules(jump_share=float("nan"))
    with pytest.raises(TypeError, match="is no DoubtRules; write rules=DoubtRules"):
        flag_doubts(table({"item": "tp", "value": 0.1}), rules={"near_hours": 2})


def kinds(frame, **options):
    names = {field.name for field in fields(DoubtRules)}
    rules = DoubtRules(**{name: options.pop(name) for name in names & set(options)})
    return flag_doubts(frame, rules=rules, **options)["doubts"].tolist()


# --- repeats --------------------------------------------------------------------------------------


def test_an_exact_duplicate_names_the_other_cell_and_the_count():
    place = {"origin": "[a.xlsx]10月", "origin_column": "D"}
    frame = table(
        {"item": "tp", "value": 0.1, "origin_row": 2, **place},
        {"item": "tp", "value": 0.1, "origin_row": 7, **place},
        {"item": "tn", "value": 0.1, "origin_row": 2, **place},
    )
    flagged = flag_doubts(frame)
    assert flagged["doubts"].tolist() == ["duplicate", "duplicate", ""]
    assert flagged.loc[0, "doubt_flag"] == (
        "与[a.xlsx]10月!D7完全重复（同断面、同指标、同时间、同结果，共2条）"
    )
    assert "!D2" in flagged.loc[1, "doubt_flag"]


def test_a_censored_result_repeats_only_the_same_limit():
    rows = ({"item": "tp", "below": limit} for limit in (0.01, 0.01, 0.02))
    assert kinds(table(*rows)) == ["duplicate;conflict", "duplicate;conflict", "conflict"]


def test_another_section_time_unit_or_period_is_no_duplicate():
    one = {"item": "tp", "value": 0.1, "period": "instant"}
    others = (
        {"section_code": "S2"},
        {"time": START + pd.Timedelta(days=1)},
        {"unit": "μg/L"},
        {"period": "month"},
    )
    assert kinds(table(one, *({**one, **other} for other in others))) == [""] * 5


def test_sections_without_a_code_are_told_apart_by_province():
    rows = (
        {
            "section_code": "",
            "section_name": "三岔口",
            "province": province,
            "item": "tp",
            "value": 0.1,
        }
        for province in ("辽宁省", "安徽省", "辽宁省")
    )
    assert kinds(table(*rows)) == ["duplicate", "", "duplicate"]


def test_a_near_duplicate_says_how_far_apart():
    frame = series([0.1, 0.1], hours=0.5, item="tp")
    flagged = flag_doubts(frame)
    assert flagged["doubts"].tolist() == ["near_duplicate"] * 2
    assert flagged.loc[0, "doubt_flag"] == (
        "与本表第2行疑似重复（总磷同为0.1 mg/L，相隔30分钟，规则：间隔短于1小时）"
    )
    assert kinds(frame, near_hours=0.5) == ["", ""]
    assert kinds(series([0.1, 0.102], hours=0.5, item="tp")) == ["", ""]
    assert (
        kinds(series([0.1, 0.102], hours=0.5, item="tp"), near_tolerance=0.05)
        == ["near_duplicate"] * 2
    )


def test_a_series_of_close_readings_is_no_near_duplicate():
    assert set(kinds(series([7.0, 7.0, 7.1] * 6, hours=0.25))) == {""}


def test_a_day_without_an_hour_is_the_only_sample_of_that_day():
    day = {"time": START.normalize(), "period": "day", "item": "tp", "value": 0.1}
    hour = {"period": "instant", "item": "tp", "value": 0.1}
    assert kinds(table(day, hour)) == ["near_duplicate"] * 2
    later = {**hour, "time": START + pd.Timedelta(hours=4)}
    assert kinds(table(day, hour, later)) == ["", "", ""]


def test_two_laboratories_are_named_with_both_values():
    frame = table(
        {"item": "cod_mn", "value": 4.1, "origin": "[市站.xlsx]10月"},
        {"item": "cod_mn", "value": 5.6, "origin": "[省站.xlsx]10月"},
    )
    flagged = flag_doubts(frame)
    assert flagged["doubts"].tolist() == ["two_laboratories"] * 2
    assert flagged.loc[0, "doubt_flag"] == (
        "同一样品有两个来源的结果：市站.xlsx为4.1 mg/L，省站.xlsx（[省站.xlsx]10月）为5.6 mg/L"
    )


def test_a_laboratory_column_wins_over_the_file():
    frame = table(
        *(
            {"item": "tp", "value": v, "lab": lab, "origin": "[a.xlsx]"}
            for v, lab in ((0.1, "甲"), (0.2, "乙"))
        )
    )
    assert kinds(frame) == ["conflict"] * 2
    assert kinds(frame, laboratory="lab") == ["two_laboratories"] * 2
    assert kinds(frame.rename(columns={"lab": "laboratory"})) == ["two_laboratories"] * 2


def test_one_source_with_two_results_is_a_conflict():
    flagged = flag_doubts(table({"item": "tp", "value": 0.1}, {"item": "tp", "value": 0.2}))
    assert flagged["doubts"].tolist() == ["conflict"] * 2
    assert (
        flagged.loc[0, "doubt_flag"]
        == "同一来源、同一时间有不同结果：本行为0.1 mg/L，本表第2行为0.2 mg/L"
    )


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "unit", "value", "bad"),
    [
        ("ph", "", 14.2, True),
        ("ph", "", 14.0, False),
        ("ph", "", -0.1, True),
        ("do", "mg/L", 30.1, True),
        ("do", "mg/L", 30.0, False),
        ("tp", "mg/L", -0.01, True),
        ("tp", "mg/L", 0.0, False),
        ("water_temp", "℃", 51.0, True),
        ("water_temp", "℃", -6.0, True),
        ("某新指标", "mg/L", -1.0, True),
        ("某新指标", "mg/L", 1e9, False),
        ("water_level", "m", -1.2, False),
        ("do", "%", 120.0, False),
    ],
)
def test_impossible_values(item, unit, value, bad):
    assert kinds(table({"item": item, "unit": unit, "value": value})) == [
        "impossible" if bad else ""
    ]


def test_the_bounds_are_labelled_as_engineering_and_can_be_replaced():
    assert set(plausible()["status"]) == {"assumed"}
    assert set(part_whole()["status"]) == {"assumed"}
    frame = table({"item": "tp", "value": 3.0})
    assert "工程经验界限" in flag_doubts(table({"item": "tp", "value": -1.0})).loc[0, "doubt_flag"]
    own = pd.DataFrame({"item": ["tp"], "low": [0.0], "high": [2.0]})
    assert kinds(frame) == [""]
    assert kinds(frame, limits=own) == ["impossible"]
    with pytest.raises(SchemaError, match="limits: column high"):
        flag_doubts(frame, limits=own.drop(columns="high"))


@pytest.mark.parametrize("pair", part_whole()[["part", "whole"]].values.tolist(), ids="-".join)
def test_a_part_larger_than_its_whole(pair):
    part, whole = pair
    rows = ({"item": part, "value": 2.3}, {"item": whole, "value": 2.0})
    assert kinds(table(*rows)) == ["contradiction"] * 2
    assert kinds(table(*rows), contradiction_tolerance=0.2) == ["", ""]
    assert kinds(table(rows[0], {**rows[1], "time": START + pd.Timedelta(hours=4)})) == ["", ""]
    assert kinds(table(rows[0], {**rows[1], "section_code": "S2"})) == ["", ""]


def test_contradictions_reckon_with_detection_limits():
    assert (
        kinds(table({"item": "nh3_n", "value": 1.0}, {"item": "tn", "below": 0.5}))
        == ["contradiction"] * 2
    )
    assert kinds(table({"item": "nh3_n", "below": 1.0}, {"item": "tn", "value": 0.5})) == ["", ""]


def test_a_detection_limit_above_the_class_limit_decides_nothing():
    rows = ({"item": "tp", "below": limit} for limit in (0.2, 0.25))
    frame = table(*rows)
    frame["time"] = [START, START + pd.Timedelta(days=9)]
    assert kinds(frame) == ["", "blunt_limit"]
    assert kinds(frame, target_class="Ⅱ") == ["blunt_limit"] * 2
    assert kinds(frame.assign(target_class=["Ⅱ", "Ⅴ"])) == ["blunt_limit", ""]
    assert kinds(frame, water_type="lake") == ["blunt_limit"] * 2
    assert "总磷检出限0.25 mg/L高于Ⅲ类限值0.2" in flag_doubts(frame).loc[1, "doubt_flag"]


# --- a section's own history ----------------------------------------------------------------------

CALM = [9.0, 9.1, 8.9, 9.0, 9.2, 8.8, 9.0, 9.1, 8.9, 9.0]


def test_a_jump_states_its_rule_and_leaves_its_neighbours_alone():
    flagged = flag_doubts(series([*CALM, 2.0, 9.0]))
    assert flagged["doubts"].tolist() == [""] * 10 + ["jump", ""]
    sentence = flagged.loc[10, "doubt_flag"]
    # median 9.0; the distances are 0 0 0 0 .1 .1 .1 .1 .2 .2: MAD 0.1
    assert sentence == (
        "溶解氧2 mg/L较本断面此前10个值的中位数9 mg/L突降7（规则：偏离超过6倍稳健标准差0.148，且大于3）"
    )


def test_a_jump_needs_enough_values_before_it():
    assert kinds(series([*CALM[:7], 2.0]))[-1] == ""
    assert kinds(series([*CALM[:7], 2.0]), jump_min_values=7)[-1] == "jump"
    with pytest.raises(ValueError, match="jump_min_values=30 is more than jump_values=24"):
        kinds(series(CALM), jump_min_values=30)


def test_a_jump_of_a_concentration_is_large_against_its_level():
    flat = [10.0] * 9
    assert kinds(series([*flat, 14.0], item="cod_mn"))[-1] == ""
    assert kinds(series([*flat, 16.0], item="cod_mn"))[-1] == "jump"
    assert kinds(series([*flat, 14.0], item="cod_mn"), jump_share=0.2)[-1] == "jump"


def test_history_is_compared_with_and_not_judged():
    now = series([2.0]).assign(time=START + pd.Timedelta(days=30))
    assert kinds(now) == [""]
    assert kinds(now, history=series(CALM)) == ["jump"]
    other = series(CALM).assign(section_code="S2")
    assert kinds(now, history=other) == [""]
    # history that holds the judged row itself changes nothing
    both = pd.concat([series(CALM), now], ignore_index=True)
    assert kinds(now, history=both) == ["jump"]
    assert kinds(now, history=both.iloc[:0]) == [""]


def test_below_detection_stands_in_the_history_at_its_limit():
    before = table(
        *({"item": "nh3_n", "below": 0.025, "time": START + pd.Timedelta(days=k)} for k in range(9))
    )
    now = table({"item": "nh3_n", "value": 3.0, "time": START + pd.Timedelta(days=9)})
    assert kinds(now, history=before) == ["jump"]


def test_the_jump_rule_agrees_with_a_loop():
    rng = np.random.default_rng(3)
    values = rng.lognormal(0, 0.6, 200).round(2)
    flagged = kinds(series(values, item="x"), jump_values=10, jump_min_values=5, jump_times_mad=3.0)
    for k, value in enumerate(values):
        before = values[max(0, k - 10) : k]
        jumps = False
        if len(before) >= 5:
            m = np.median(before)
            jumps = abs(value - m) > 3 * 1.4826 * np.median(np.abs(before - m))
            jumps &= abs(value - m) > 0.5 * m
        assert ("jump" in flagged[k]) == jumps, k


def test_a_stuck_sensor():
    frame = series([8.0, *[9.13] * 13, 8.2])
    flagged = flag_doubts(frame)
    assert flagged["doubts"].tolist() == ["", *["stuck"] * 13, ""]
    assert flagged.loc[1, "doubt_flag"] == (
        "溶解氧连续13次、2天不变（9.13 mg/L，2025-10-08 12:00至2025-10-10 12:00），疑仪器停滞"
    )
    assert set(kinds(frame, stuck_skip=["do"])) == {""}
    assert set(kinds(frame, stuck_values=14)) == {""}
    assert set(kinds(frame, stuck_days=2.5)) == {""}


def test_monthly_samples_are_no_stuck_sensor():
    assert set(kinds(series([0.05] * 14, hours=720, item="tp"))) == {""}


def test_duplicates_do_not_make_a_sensor_stuck():
    frame = pd.concat([series([9.13] * 7)] * 2, ignore_index=True)
    assert set(kinds(frame, stuck_days=1)) == {"duplicate"}


# --- the frame ------------------------------------------------------------------------------------


def test_rows_that_are_no_sample_or_no_result_are_not_judged():
    row = {"item": "ph", "value": 14.2, "unit": ""}
    frame = table(
        {**row, "row_kind": "mean"}, {**row, "row_kind": "note"}, {**row, "row_kind": "sample"}
    )
    assert kinds(frame) == ["", "", "impossible"]
    gaps = table(*({"item": "ph", "state": "not_sampled"} for _ in range(2)))
    assert kinds(gaps) == ["", ""]


def test_rows_without_section_or_time_are_judged_by_their_value_alone():
    frame = table({"item": "ph", "value": 15.0}, {"item": "ph", "value": 15.0}).assign(
        section_code=""
    )
    assert kinds(frame) == ["impossible"] * 2
    frame = table({"item": "ph", "value": 15.0}, {"item": "ph", "value": 15.0}).assign(time=pd.NaT)
    assert kinds(frame) == ["impossible"] * 2


def test_the_input_stays_as_it_was_and_the_index_is_kept():
    frame = table({"item": "ph", "value": 15.0}, {"item": "tp", "value": 1.0})
    frame.index = pd.Index([7, 7], name="k")
    before = frame.copy()
    flagged = flag_doubts(frame)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_index_equal(flagged.index, frame.index)
    pd.testing.assert_frame_equal(flagged[frame.columns], before)


def test_empty_in_empty_out():
    empty = table({"item": "ph", "value": 1.0}).iloc[:0]
    flagged = flag_doubts(empty)
    assert len(flagged) == 0
    assert flagged.dtypes[["doubt_flag", "doubts"]].astype(str).tolist() == ["category"] * 2
    report = quality_report(flagged)
    assert report["report_row"].tolist() == ["total"]
    assert report.loc[0, "n_rows"] == 0


@pytest.mark.parametrize("dtype", ["str", "object", "category"])
def test_any_dtype_of_text(dtype):
    frame = table(
        {"item": "ph", "value": 15.0}, {"item": "nh3_n", "value": 3.0}, {"item": "tn", "value": 1.0}
    )
    frame["unit"] = ["", "mg/L", "mg/L"]
    texts = ["section_code", "item", "unit"]
    assert kinds(frame.astype(dict.fromkeys(texts, dtype))) == [
        "impossible",
        "contradiction",
        "contradiction",
    ]


def test_wrong_options_are_named():
    frame = table({"item": "ph", "value": 1.0})
    with pytest.raises(SchemaError, match="readings: column item"):
        flag_doubts(frame.drop(columns="item"))
    with pytest.raises(ValueError, match="near_hours=-1 makes no sense"):
        DoubtRules(near_hours=-1)
    with pytest.raises(ValueError, match="target_class='劣Ⅴ' is not an option"):
        flag_doubts(frame, target_class="劣Ⅴ")
    with pytest.raises(SchemaError, match="column lab"):
        flag_doubts(frame, laboratory="lab")


@st.composite
def readings(draw):
    n = draw(st.integers(0, 30))
    pick = lambda options: draw(st.lists(st.sampled_from(options), min_size=n, max_size=n))  # noqa: E731
    state = pick(["number", "number", "below", "above", "dry", "text", "odd"])
    number = draw(
        st.lists(st.sampled_from([-1.0, 0.0, 0.1, 0.2, 3.0, 14.2, 99.0]), min_size=n, max_size=n)
    )
    is_number = np.array([one == "number" for one in state], bool)
    minutes = pick([0, 20, 30, 240, 480, 1440, 2880])
    frame = pd.DataFrame(
        {
            "section_code": pick(["0211", "0212", "", None]),
            "section_name": pick(["章吉营", "王家沟", ""]),
            "time": pd.Series(START + pd.to_timedelta(minutes, unit="min"), dtype="datetime64[s]"),
            "period": pick(["instant", "instant", "day", "month"]),
            "item": pick(["ph", "tp", "nh3_n", "tn", "某项"]),
            "value": np.where(is_number, number, np.nan),
            "detection_limit": np.where(is_number, np.nan, number),
            "unit": pick(["mg/L", "", "μg/L"]),
            "state": state,
            "reading_flag": pick(
                ["", "低于检出限0.025", "缺测（原文“--”）；停运", "缺测（原文“/”）"]
            ),
            "row_kind": pick(["sample", "sample", "mean"]),
            "origin": pick(["[a.xlsx]1月", "[b.xlsx]1月", ""]),
        }
    )
    if n and draw(st.booleans()):
        frame.loc[draw(st.integers(0, n - 1)), "time"] = pd.NaT
    return frame.astype({name: "category" for name in pick(["item", "origin", "state"])[:1]})


LOOSE = DoubtRules(jump_min_values=2, jump_times_mad=1.0, stuck_values=2, stuck_days=0.01)


@given(readings())
@settings(max_examples=60)
def test_whatever_the_table_rows_stay_and_counts_add_up(frame):
    flagged = flag_doubts(frame, rules=LOOSE)
    pd.testing.assert_frame_equal(flagged[frame.columns], frame)
    # flagging again gives the same, and so does a table in another order
    pd.testing.assert_frame_equal(flag_doubts(flagged, rules=LOOSE), flagged)
    turned = flag_doubts(frame.iloc[::-1], rules=LOOSE)["doubts"].iloc[::-1].tolist()
    assert turned == flagged["doubts"].tolist()
    assert ((flagged["doubt_flag"] == "") == (flagged["doubts"] == "")).all()
    for sentences, found in zip(flagged["doubt_flag"], flagged["doubts"], strict=True):
        assert len(sentences.split("；")) == len(found.split(";"))
    assert set(";".join(flagged["doubts"]).split(";")) <= {*KINDS, ""}

    for by in (("section_code", "item"), ("item",), ("section_name", "state"), ()):
        report = quality_report(flagged, by=by)
        groups, total = report[report["report_row"] == "group"], report.iloc[-1]
        counts = [name for name in report.columns if name.startswith(("n_", FLAG_PREFIX))]
        assert (groups[counts].sum() == total[counts]).all()
        assert total["n_rows"] == len(frame)
        states = [n for n in counts if n[2:] in STATES or n == "n_other"]
        assert (report[states].sum(axis=1) == report["n_rows"]).all()
        if by:
            keys = groups.columns[1 : list(groups.columns).index("n_rows")].tolist()
            assert not groups.duplicated(keys).any()
    assert total["n_doubted"] == (flagged["doubts"] != "").sum()
    assert total["n_flagged"] == (flagged["reading_flag"] != "").sum()
    for kind in KINDS:
        assert (
            total[f"n_{kind}"]
            == flagged["doubts"]
            .astype(str)
            .str.split(";")
            .map(lambda k, kind=kind: kind in k)
            .sum()
        )


STATES = "number below above not_sampled fault qc_failed ice dry blank text".split()


def test_a_report_on_paper():
    frame = table(
        {"item": "ph", "value": 14.2, "reading_flag": ""},
        {"item": "ph", "state": "dry", "reading_flag": "断流"},
        {"item": "tp", "below": 0.025, "reading_flag": "低于检出限0.025"},
        {"item": "tp", "below": 0.01, "reading_flag": "低于检出限0.01；表中未注明单位，按mg/L"},
    )
    frame["state"] = ["number", "dry", "below", "below"]
    frame["time"] = START + pd.to_timedelta(range(4), unit="D")
    report = quality_report(frame).set_index("item")
    assert report.loc[
        "ph", ["n_rows", "n_number", "n_dry", "n_impossible", "n_doubted"]
    ].tolist() == [2, 1, 1, 1, 1]
    assert report.loc["tp", ["n_below", "n_flagged"]].tolist() == [2, 2]
    assert report.loc["tp", f"{FLAG_PREFIX}低于检出限…"] == 2
    assert report.loc["tp", f"{FLAG_PREFIX}表中未注明单位，按mg/L"] == 1
    assert report.loc["", "n_rows"] == 4


def test_a_report_by_a_column_that_is_not_there():
    with pytest.raises(SchemaError, match="column river"):
        quality_report(table({"item": "ph", "value": 1.0}), by=["river"])


# --- the page -------------------------------------------------------------------------------------


def test_the_page_is_offline_escaped_and_without_scripts(tmp_path):
    nasty = "<script>alert(1)</script>"
    frame = table(
        {"item": "ph", "value": 15.0, "unit": ""},
        {"item": nasty, "value": -1.0},
        section_name=nasty,
        raw=nasty,
        reading_flag=nasty,
        origin=f"[{nasty}]",
    )
    for lang in ("zh", "en"):
        path = write_quality_page(flag_doubts(frame), tmp_path / "new" / f"{lang}.html", lang=lang)
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text
        assert text.count("&lt;script&gt;") >= 4
        assert not re.search(r"(?:src|href|style)\s*=|https?:|@import|url\(", text)
        assert "default-src 'none'" in text
    with pytest.raises(ValueError, match="lang='de'"):
        write_quality_page(frame, tmp_path / "x.html", lang="de")
    with pytest.raises(IsADirectoryError):
        write_quality_page(frame, tmp_path)
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["en.html", "zh.html"]


def test_the_page_of_a_report_has_no_single_rows(tmp_path):
    frame = table({"item": "ph", "value": 15.0, "unit": ""}, raw="15.0")
    of_rows = write_quality_page(frame, tmp_path / "rows.html").read_text(encoding="utf-8")
    of_report = write_quality_page(quality_report(frame), tmp_path / "report.html").read_text(
        encoding="utf-8"
    )
    assert "pH15超出可信范围" in of_rows
    assert "pH15超出可信范围" not in of_report
    assert "超出可信范围" in of_report
    empty = write_quality_page(frame.iloc[:0], tmp_path / "empty.html").read_text(encoding="utf-8")
    assert "没有存疑的读数" in empty


def test_real_releases_are_hardly_doubted(real):
    from chaoyang_geo import read_readings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = read_readings(sorted(real.glob("cnemc_*.xlsx")), year=2026)
    flagged = flag_doubts(table)
    assert len(flagged) == len(table) > 1000
    assert (flagged["doubts"] != "").mean() < 0.02
