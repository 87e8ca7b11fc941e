import dataclasses
import hashlib
import json
import pathlib
import tempfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoyang_geo import SchemaError
from chaoyang_geo.alerting import (
    advance_alerts,
    alerts,
    read_alert_state,
    rebuild_alerts,
    write_alert_state,
)
from chaoyang_geo.schema import COLUMNS

NAN = float("nan")
SECTIONS = pd.DataFrame(
    {
        "section_code": ["S1", "S2", "L1"],
        "section_name": ["章吉营", "北洞村", "白石水库"],
        "water_type": ["river", "river", "lake"],
        "target_class": ["Ⅲ", "Ⅳ", "Ⅱ"],
        "unit_code": ["CY01", "CY02;CY03", "CY04"],
    }
)
SHARES = pd.DataFrame(
    {
        "unit_code": ["CY01", "CY01", "CY02", "CY03"],
        "county_code": ["211324", "211302", "211303", "211324"],
        "county_name": ["喀左县", "双塔区", "龙城区", "喀左县"],
        "share": [0.25, 0.75, 1.0, 1.0],
    }
)


def means(values, *, section="S1", item="tp", first="2025-01", **columns):
    begins = pd.date_range(first, periods=len(values), freq="MS")
    return pd.DataFrame(
        {
            "section_code": section,
            "period": begins.astype("datetime64[s]"),
            "period_end": (begins + pd.DateOffset(months=1)).astype("datetime64[s]"),
            "item": item,
            "mean": values,
            **columns,
        }
    )


def month_by_month(frame, **options):
    """The states of one section and item, run one month after the other."""
    state, found = None, []
    for _, piece in frame.groupby("period"):
        row = alerts(piece, SECTIONS, state, show="all", **options).iloc[0]
        state = advance_alerts(piece, SECTIONS, state)
        found.append((row["alert_state"], row["months"]))
    return found


def test_from_new_to_cleared_on_paper():
    frame = means([0.1, 0.21, 0.3, 0.2, 0.1, 0.25])
    assert month_by_month(frame) == [
        ("ok", 0),
        ("new", 1),
        ("continuing", 2),
        ("cleared", 2),  # exactly on the limit is kept
        ("ok", 0),
        ("new", 1),
    ]


def test_a_gap_neither_clears_nor_counts():
    frame = means([0.3, NAN, 0.3, NAN, 0.1, NAN])
    assert month_by_month(frame) == [
        ("new", 1),
        ("interrupted", 1),
        ("continuing", 2),
        ("interrupted", 2),
        ("cleared", 2),
        ("not_judged", 0),
    ]
    row = alerts(means([0.3, NAN], mean_flag=["", "断流2次"]), SECTIONS).iloc[0]
    assert row["alert_state"] == "interrupted" and row["alert_flag"] == "断流2次"
    assert row["since"] == row["last_over"] == pd.Timestamp("2025-01-01")


def test_a_month_without_a_row_is_a_gap_too():
    frame = pd.concat([means([0.3, 0.3, 0.3]), means([0.1] * 3, section="S2")])
    frame = frame[~((frame["section_code"] == "S1") & (frame["period"] == "2025-02-01"))]
    row = alerts(frame, SECTIONS, period="2025-02").set_index("section_code").loc["S1"]
    assert row["alert_state"] == "interrupted" and "没有该项的均值" in row["alert_flag"]
    assert row["months"] == 1 and np.isnan(row["mean"])
    assert alerts(frame, SECTIONS).iloc[0]["months"] == 2


@pytest.mark.parametrize(
    ("item", "value", "expected"),
    [
        ("tp", 0.18, "near"),  # 90 % of 0.2
        ("tp", 0.179, "ok"),
        ("do", 5.5, "near"),
        ("do", 5.6, "ok"),
        ("do", 4.9, "new"),
        ("ph", 8.8, "near"),
        ("ph", 8.79, "ok"),
        ("ph", 6.1, "near"),
        ("ph", 9.1, "new"),
        ("ph", 5.9, "new"),
    ],
)
def test_near_over_and_under(item, value, expected):
    row = alerts(means([value], item=item), SECTIONS, show="all").iloc[0]
    assert row["alert_state"] == expected


def test_limits_follow_target_and_water_type():
    frame = pd.concat(
        [means([0.26]), means([0.26], section="S2"), means([0.026], section="L1")],
        ignore_index=True,
    )
    found = alerts(frame, SECTIONS, show="all").set_index("section_code")
    assert found["alert_limit"].to_dict() == {"L1": 0.025, "S1": 0.2, "S2": 0.3}
    assert found["alert_state"].to_dict() == {"L1": "new", "S1": "new", "S2": "ok"}
    assert found.loc["S1", "times_over"] == pytest.approx(0.3)
    assert alerts(means([4.0], item="do"), SECTIONS)["times_over"].isna().all()


def test_the_rounded_mean_is_compared():
    frame = means([0.20000000000000004], mean_rounded=[0.2])
    assert alerts(frame, SECTIONS, show="all").iloc[0]["alert_state"] == "near"
    assert alerts(frame.drop(columns="mean_rounded"), SECTIONS).iloc[0]["alert_state"] == "new"


def test_what_cannot_be_judged_is_told():
    frame = pd.concat(
        [
            means([0.3], section="S9"),
            means([300.0], unit="μg/L"),
            means([500.0], item="conductivity"),
        ],
        ignore_index=True,
    )
    found = alerts(frame, SECTIONS)
    assert found["alert_state"].tolist() == ["not_judged"] * 2
    assert found["alert_flag"].str.contains("单位与标准不同|没有目标类别").all()
    assert "断面不在登记表中" in found.iloc[1]["alert_flag"]
    every = alerts(frame, SECTIONS, show="all")
    assert len(every) == 3 and every["item"].tolist() == ["conductivity", "tp", "tp"]


def test_detection_limits_that_matter_are_noted():
    frame = means([0.15], n_censored=[1], mean_low=[0.0], mean_high=[0.3])
    row = alerts(frame, SECTIONS, show="all").iloc[0]
    assert row["alert_state"] == "ok" and row["alert_flag"] == "检出限或量程可能改变是否超过限值"


def test_counties_answer_by_their_share():
    frame = pd.concat([means([0.3]), means([0.4], section="S2"), means([0.1], section="L1")])
    found = alerts(frame, SECTIONS, shares=SHARES).set_index("section_code")
    assert found.loc["S1", "answers"] == "双塔区75.0%、喀左县25.0%"
    assert found.loc["S2", "answers"] == "CY02：龙城区100.0%；CY03：喀左县100.0%"
    assert "没有区县份额" in found.loc["L1", "alert_flag"]
    assert "责任区县" in found.loc["S1", "why_zh"]
    with pytest.raises(SchemaError, match="add up to 1.75"):
        alerts(frame, SECTIONS, shares=SHARES.assign(unit_code="CY01").iloc[1:3])
    with pytest.raises(SchemaError, match="row 1 of share"):
        alerts(frame, SECTIONS, shares=SHARES.assign(share=75.0))


def test_the_words():
    row = alerts(means([0.3, 0.3]), SECTIONS).iloc[0]
    assert row["why_zh"] == (
        "章吉营 2025年2月 总磷0.3 mg/L，不符合目标Ⅲ类限值0.2 mg/L，超标0.50倍，"
        "自2025年1月起累计2个月。"
    )
    assert "2 months since 2025-01" in row["why_en"]
    near = alerts(means([0.19]), SECTIONS).iloc[0]
    assert "无条文依据" in near["why_zh"]
    acid = alerts(means([9.4], item="ph"), SECTIONS).iloc[0]
    assert "pH 9.4，不符合" in acid["why_zh"]


def test_the_english_words_say_why_there_is_no_verdict():
    row = alerts(means([NAN], mean_flag=["没有可平均的数值；断流1次"]), SECTIONS).iloc[0]
    assert "not judged (no value to average; dry: 1)" in row["why_en"]


def test_every_value_meets_a_target_of_the_worst_class():
    worst = SECTIONS.assign(target_class="劣Ⅴ")
    frame = pd.concat([means([9.9]), means([NAN], item="do"), means([9.0], item="conductivity")])
    assert alerts(frame, worst)["item"].tolist() == ["do"]  # nothing was measured: no verdict
    every = alerts(frame, worst, show="all").set_index("item")
    assert every["alert_state"].to_dict() == {
        "conductivity": "not_judged", "do": "not_judged", "tp": "ok"
    }  # fmt: skip
    assert every.loc["tp", "why_zh"].endswith("总磷9.9 mg/L，符合目标劣Ⅴ类（该类没有限值）。")
    assert "worse than class Ⅴ" in every.loc["tp", "why_en"]


def test_a_section_that_moves_is_judged_each_month_by_the_row_in_force():
    moved = pd.DataFrame(
        {
            "section_code": ["S1", "S1"],
            "section_name": ["旧址", "新址"],
            "water_type": "river",
            "target_class": ["Ⅲ", "Ⅳ"],
            "unit_code": ["CY01", "CY02"],
            "valid_from": pd.to_datetime([None, "2025-03-01"]),
            "valid_to": pd.to_datetime(["2025-02-28", None]),
        }
    )
    found = []
    for month in ("2025-01", "2025-02", "2025-03"):
        row = alerts(means([0.25, 0.25, 0.25]), moved, period=month).iloc[0:1]
        found += row[["section_name", "alert_state", "months", "target_class"]].values.tolist()
    assert found == [
        ["旧址", "new", 1, "Ⅲ"],
        ["旧址", "continuing", 2, "Ⅲ"],
        ["新址", "cleared", 2, "Ⅳ"],
    ]
    # a month that the section moves in counts by its begin
    late = moved.assign(
        valid_from=pd.to_datetime([None, "2025-03-15"]),
        valid_to=pd.to_datetime(["2025-03-14", None]),
    )
    assert alerts(means([0.25] * 3), late).iloc[0]["section_name"] == "旧址"
    # the order of the registry's rows does not matter, and one row twice is refused
    again = alerts(means([0.25] * 3), moved.iloc[::-1]).iloc[0]
    assert (again["section_name"], again["alert_state"]) == ("新址", "cleared")
    with pytest.raises(SchemaError, match="S1 from open"):
        alerts(means([0.25]), moved.assign(valid_from=pd.NaT))


# --- memory -----------------------------------------------------------------------------------


def test_the_same_month_twice_changes_nothing(tmp_path):
    file = tmp_path / "deep" / "alerts.json"
    frame = means([0.3, 0.3, 0.1])
    for step in range(3):
        piece = frame.iloc[[step]]
        first = alerts(piece, SECTIONS, path=file)
        content = file.read_bytes()
        again = alerts(piece, SECTIONS, path=file)
        pd.testing.assert_frame_equal(first, again)
        assert file.read_bytes() == content
    assert first.iloc[0]["alert_state"] == "cleared"


def test_a_mended_month_replaces_the_first_run():
    state = advance_alerts(means([0.3, 0.3]), SECTIONS)
    mended = means([0.1], first="2025-02")
    assert alerts(mended, SECTIONS, state).iloc[0]["alert_state"] == "cleared"
    assert advance_alerts(mended, SECTIONS, state) == rebuild_alerts(means([0.3, 0.1]), SECTIONS)


def test_an_older_month_is_refused():
    state = rebuild_alerts(means([0.3, 0.3]), SECTIONS)
    with pytest.raises(ValueError, match=r"2025-01-01 is older than the alert state.*2025-02-01"):
        alerts(means([0.3]), SECTIONS, state)
    with pytest.raises(ValueError, match="older"):
        alerts(means([0.3, 0.3, 0.3]), SECTIONS, state, period="2025-01")


def test_months_left_out_between_two_runs_are_said():
    state = advance_alerts(means([0.3]), SECTIONS)
    third = means([0.3], first="2025-03")
    row = alerts(third, SECTIONS, state).iloc[0]
    assert (row["alert_state"], row["months"]) == ("continuing", 2)
    assert row["alert_flag"] == "2025-02起的月份未运行或没有均值，未计"
    assert alerts(means([0.3], first="2025-02"), SECTIONS, state).iloc[0]["alert_flag"] == ""
    assert (
        alerts(third.assign(mean=0.19), SECTIONS.assign(target_class="Ⅲ"), state)
        .iloc[0]["alert_flag"]
        .startswith("2025-02起")
    )


def test_a_month_without_rows_is_said_as_one_that_was_not_run():
    history = pd.concat([means([0.3]), means([0.3], first="2025-03")])
    whole = alerts(history, SECTIONS)
    assert whole["alert_flag"].tolist() == ["2025-02起的月份未运行或没有均值，未计"]
    state = advance_alerts(means([0.3]), SECTIONS)
    pd.testing.assert_frame_equal(alerts(history, SECTIONS, state), whole)


def test_periods_that_are_no_months_are_refused():
    quarter = means([0.3]).assign(period_end=pd.Timestamp("2025-04-01"))
    with pytest.raises(SchemaError, match="row 1 .* which is no month"):
        alerts(quarter, SECTIONS)


def test_the_history_may_be_given_each_month():
    frame = means([0.3, 0.3, 0.3])
    state = rebuild_alerts(frame.iloc[:2], SECTIONS)
    assert alerts(frame, SECTIONS, state).iloc[0]["months"] == 3
    assert alerts(frame, SECTIONS).iloc[0]["months"] == 3


VALUES = st.sampled_from([0.05, 0.19, 0.2, 0.25, 0.5, NAN, None])


@given(
    st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=9),
    st.sets(st.integers(0, 8)),
)
@settings(max_examples=15)
def test_rebuilding_equals_running_month_by_month(rows, again):
    # None: no row at all; NaN: a row without a mean
    parts = [
        means([value], section=section, item=item, first=begin)
        for begin, values in zip(
            pd.date_range("2024-11-01", periods=len(rows), freq="MS"), rows, strict=True
        )
        for (section, item), value in zip(
            (("S1", "tp"), ("S2", "tp"), ("S1", "nh3_n")), values, strict=True
        )
        if value is not None
    ]
    if not parts:
        return
    history = pd.concat(parts, ignore_index=True)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "alerts.json"
        for step, (_, piece) in enumerate(history.groupby("period")):
            report = alerts(piece, SECTIONS, path=file, show="all")
            if step in again:
                pd.testing.assert_frame_equal(
                    report, alerts(piece, SECTIONS, path=file, show="all")
                )
        state = read_alert_state(file)
    shuffled = history.sample(frac=1, random_state=1)
    assert state == rebuild_alerts(shuffled, SECTIONS)
    # the report of the last month agrees with one made from the whole history
    pd.testing.assert_frame_equal(report, alerts(history, SECTIONS, show="all"))
    open_now = report["alert_state"].isin(["new", "continuing", "interrupted"])
    assert len(state.open) == open_now.sum()
    # counted by hand: months over the limit since the last month under it
    for (section, item), column in history.groupby(["section_code", "item"]):
        limit = {("S1", "tp"): 0.2, ("S2", "tp"): 0.3, ("S1", "nh3_n"): 1.0}[section, item]
        count = 0
        for value in column["mean"].dropna():
            count = count + 1 if value > limit else 0
        held = state.open[(state.open["section_code"] == section) & (state.open["item"] == item)]
        assert held["months"].tolist() == ([count] if count else [])


def test_the_file_is_for_people(tmp_path):
    file = tmp_path / "alerts.json"
    write_alert_state(rebuild_alerts(means([0.3, 0.3]), SECTIONS), file)
    text = file.read_text(encoding="utf-8")
    assert '"section_code": "S1", "item": "tp", "since": "2025-01-01"' in text
    assert json.loads(text)["version"] == 2


def test_a_file_of_the_first_version_is_read(tmp_path):
    state = rebuild_alerts(means([0.3, 0.3]), SECTIONS)
    assert str(state.before_period) == "2025-01-01 00:00:00"
    file = tmp_path / "alerts.json"
    write_alert_state(state, file)
    data = json.loads(file.read_text(encoding="utf-8"))
    del data["before_period"]
    content = {name: data[name] for name in ("period", "standard", "open", "before")}
    plain = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    data |= {"version": 1, "sha256": hashlib.sha256(plain.encode()).hexdigest()}
    file.write_text(json.dumps(data), encoding="utf-8")
    read = read_alert_state(file)
    assert read == dataclasses.replace(state, before_period=None)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text[: len(text) // 2], "damaged"),
        (lambda text: text.replace('"months": 2', '"months": 3'), "checksum"),
        (lambda text: text.replace('"months": 2', '"months": "x"'), "months is 'x'"),
        (lambda text: text.replace('"version": 2', '"version": 9'), "version 9"),
        (lambda text: text.replace("alert state", "something"), "no alert state"),
        (lambda text: text.replace('"before"', '"after"'), "missing or wrong"),
        (lambda text: "[]", "no alert state"),
        (lambda text: "", "damaged"),
    ],
)
def test_a_damaged_file_is_refused_with_the_way_out(tmp_path, spoil, message):
    file = tmp_path / "alerts.json"
    write_alert_state(rebuild_alerts(means([0.3, 0.3]), SECTIONS), file)
    file.write_text(spoil(file.read_text(encoding="utf-8")), encoding="utf-8")
    spoiled = file.read_bytes()
    with pytest.raises(SchemaError, match=message) as caught:
        read_alert_state(file)
    assert "rebuild_alerts" in str(caught.value)
    with pytest.raises(SchemaError):
        alerts(means([0.3, 0.3]), SECTIONS, path=file)
    assert file.read_bytes() == spoiled


def test_another_standard_is_refused():
    state = rebuild_alerts(means([0.3]), SECTIONS)
    other = type(state)(state.period, "another", state.open, state.before)
    with pytest.raises(ValueError, match="made by another"):
        alerts(means([0.3]), SECTIONS, other)


def test_options_and_tables_are_checked(tmp_path):
    frame = means([0.3])
    state = rebuild_alerts(frame, SECTIONS)
    with pytest.raises(ValueError, match="not both"):
        alerts(frame, SECTIONS, state, path=tmp_path / "a.json")
    with pytest.raises(ValueError, match="show="):
        alerts(frame, SECTIONS, show="none")
    with pytest.raises(ValueError, match="margin=2"):
        alerts(frame, SECTIONS, margin=2)
    with pytest.raises(ValueError, match="2026-01"):
        alerts(frame, SECTIONS, period="2026-01")
    with pytest.raises(SchemaError, match="mean_readings"):
        alerts(frame.drop(columns="mean"), SECTIONS)
    with pytest.raises(SchemaError, match="row 2 repeats section_code S1"):
        alerts(pd.concat([frame, frame], ignore_index=True), SECTIONS)


def test_an_empty_table_gives_no_alerts_of_the_same_columns(tmp_path):
    full = alerts(means([0.3]), SECTIONS)
    empty = alerts(means([0.3])[:0], SECTIONS, path=tmp_path / "a.json")
    assert len(empty) == 0 and empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert not (tmp_path / "a.json").exists()


def test_the_input_is_not_changed_and_categories_are_taken():
    frame = means([0.3, 0.1]).astype({"section_code": "category", "item": "category"})
    before = frame.copy()
    alerts(frame, SECTIONS)
    pd.testing.assert_frame_equal(frame, before)


def test_every_column_is_in_the_vocabulary():
    assert set(alerts(means([0.3]), SECTIONS).columns) <= {*COLUMNS, "mean"}


def test_who_answers_stands_with_english_marks_in_an_english_reason():
    from chaoyang_geo.alerting.words import _answers_en

    assert _answers_en("北票市70.0%、朝阳县30.0%") == "北票市 70.0%, 朝阳县 30.0%"
    assert _answers_en("U1：甲县100.0%；U2：Yi 5.5%") == "U1: 甲县 100.0%; U2: Yi 5.5%"
