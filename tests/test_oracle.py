"""The class by two routes: the library against slow, plain loops (``oracle``), and its invariants.

The tests at the end each hold one fault that was found by attack, the worst first.
"""

import sys
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from math import inf
from pathlib import Path
from random import Random

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import chaoyang_geo as cg
from chaoyang_geo import SchemaError

sys.path.insert(0, str(Path(__file__).parent))
import oracle

NAN = float("nan")
RANDOM = settings(
    max_examples=20, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)
SECTIONS = pd.DataFrame(
    {
        "section_code": ["R1", "L1", "R2"],
        "section_name": ["甲河断面", "乙水库", "丙河断面"],
        "water_type": ["river", "lake", "river"],
        "target_class": ["Ⅲ", "Ⅱ", None],
    }
)
WATER = {"R1": "river", "L1": "lake", "R2": "river", "X9": "river"}
TARGET = {"R1": "Ⅲ", "L1": "Ⅱ", "R2": None, "X9": None}
TIMES = [datetime(2025, 10, 8, 8), datetime(2025, 10, 8, 12), datetime(2025, 11, 1, 0)]
COLUMNS = [
    "section_code", "section_name", "time", "item", "value", "unit", "censored", "detection_limit",
]  # fmt: skip

# --- random tables ----------------------------------------------------------------------------


def bounds_of(item):
    if item == "ph":
        return [6.0, 9.0]
    return [
        float(limit)
        for kind in ("river", "lake")
        for limit in oracle.limits_of(item, kind) or []
        if oracle.has_limits(item, kind)
    ]


def numbers_of(item, *, lowest=0.0):
    """Return values on the limits, a hair beside them, between, far beyond, and none at all."""
    marks = bounds_of(item) or [1.0]
    on = st.sampled_from(marks)
    near = st.builds(lambda x, f: float(f"{x * f:.12g}"), on, st.sampled_from([0.999, 1.001, 1.5]))
    free = st.decimals(0, 20, places=3).map(float)
    far = st.sampled_from([0.0, 1e-9, 13.9, 74.0])  # 74: a decimal point was lost
    return (on | on | near | near | free | far).filter(lambda x: x >= lowest)


def reading_of(item, *, negative=True, above=True, units=("", "mg/L", "mg/L", "μg/L")):
    own = {"ph": ["", "无量纲"], "fecal_coliform": ["个/L", ""], "water_temp": ["℃"]}
    value = numbers_of(item) | st.just(NAN)
    if negative:
        value = value | st.sampled_from([-0.5, inf])
    marks = ["", "", "", "<", ">"] if above else ["", "", "", "<"]
    return st.fixed_dictionaries(
        {
            "section_code": st.sampled_from(list(WATER)),
            "time": st.sampled_from(TIMES),
            "item": st.just(item),
            "value": value,
            "unit": st.sampled_from(own.get(item, list(units))),
            "censored": st.sampled_from(marks),
            "detection_limit": numbers_of(item, lowest=1e-9),
        }
    ).map(censored_have_no_value)


def censored_have_no_value(reading):
    gone = {"value": NAN} if reading["censored"] else {"detection_limit": NAN}
    return {**reading, **gone}


def tables(*, items=(*oracle.ITEMS, "caffeine"), size=16, **options):
    often = (*items, *(item for item in oracle.CORE * 3 if item in items))
    one = st.sampled_from(often).flatmap(lambda item: reading_of(item, **options))
    return st.lists(one, min_size=1, max_size=size)


def frame_of(rows):
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame["section_name"] = frame["section_code"].map(
        dict(zip(SECTIONS["section_code"], SECTIONS["section_name"], strict=True))
    )
    return frame.astype({"value": "float64", "detection_limit": "float64"})


def groups_of(rows, key):
    groups = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def name(value):
    return None if pd.isna(value) else str(value)


def split(text):
    return [part for part in str(text).split(";") if part]


def same_number(found, expected):
    if expected is None:
        return pd.isna(found)
    return found == pytest.approx(float(expected), rel=1e-9, abs=1e-9)  # nine decimals


def agree(row, expected):
    """Hold a row of the library against the verdict of the plain route."""
    assert name(row["class"]) == expected["class"]
    deciding = split(row["deciding_items"])
    assert len(deciding) == len(set(deciding))
    assert set(deciding) == expected["deciding_items"]
    assert set(split(row["items_over_3"])) == set(expected["place"])
    places = [expected["place"][item] for item in split(row["items_over_3"])]
    assert places == sorted(places)
    assert split(row["main_pollutants"]) == split(row["items_over_3"])[:3]
    assert same_number(row["times_over_3"], expected["times_over_3"])
    assert same_number(row["times_over"], expected["times_over"])
    attained = None if pd.isna(row["attained"]) else bool(row["attained"])
    assert attained == expected["attained"]
    assert split(row["items_missing"]) == expected["items_missing"]
    assert name(row["class_best"]) == expected["class_best"]
    assert name(row["class_worst"]) == expected["class_worst"]


# --- two routes -------------------------------------------------------------------------------


@RANDOM
@given(tables(size=30))
def test_the_class_of_every_reading_is_that_of_the_plain_route(rows):
    found = cg.classify_items(frame_of(rows), SECTIONS)
    assert len(found) == len(rows)
    expected = [oracle.class_of_reading(row, WATER[row["section_code"]]) for row in rows]
    assert [name(one) for one in found["item_class"]] == expected


@RANDOM
@given(tables())
def test_the_class_of_a_section_at_a_time_is_that_of_the_plain_route(rows):
    found = cg.classify(frame_of(rows), SECTIONS, why=False)
    groups = groups_of(rows, lambda row: (row["section_code"], row["time"]))
    assert len(found) == len(groups)
    for row in found.to_dict("records"):
        code = row["section_code"]
        readings = groups[code, row["time"].to_pydatetime()]
        expected = oracle.section_at_a_time(readings, WATER[code], TARGET[code])
        agree(row, expected)
        assert set(split(row["items_undecided"])) >= expected["undecided"]
        assert row["n_readings"] == expected["n_readings"]


@RANDOM
@given(tables(negative=False, above=False, units=("mg/L",)))
def test_the_class_of_a_section_in_a_month_is_that_of_the_plain_route(rows):
    rows = [{**row, "unit": "" if row["item"] == "ph" else row["unit"]} for row in rows]
    found = cg.assess_sections(frame_of(rows), SECTIONS, why=False)
    groups = groups_of(rows, lambda row: (row["section_code"], oracle.month_of(row["time"])))
    assert len(found) == len(groups)
    for row in found.to_dict("records"):
        code = row["section_code"]
        readings = groups[code, row["period"].to_pydatetime()]
        agree(row, oracle.section_in_a_month(readings, WATER[code], TARGET[code]))


@RANDOM
@given(tables(negative=False, above=False))
def test_the_item_farthest_from_the_next_class_leads(rows):
    found = cg.classify(frame_of(rows), SECTIONS, why=False)
    groups = groups_of(rows, lambda row: (row["section_code"], row["time"]))
    for row in found.to_dict("records"):
        water = WATER[row["section_code"]]
        shares = {}
        for reading in groups[row["section_code"], row["time"].to_pydatetime()]:
            item = reading["item"]
            ranks = oracle.ranks_of(reading, water)
            if reading["censored"] or ranks is None or item not in split(row["deciding_items"]):
                continue
            value = oracle.exact(reading["value"])
            limit = oracle.next_limit(item, value, water)
            if limit is not None and ranks[0] == oracle.CLASSES.index(row["class"]):
                shares[item] = max(shares.get(item, 0), float(abs(value - limit) / limit))
        order = [shares[item] for item in split(row["deciding_items"]) if item in shares]
        assert all(first >= second - 1e-6 for first, second in pairwise(order))


# --- invariants -------------------------------------------------------------------------------


def rank(value):
    return oracle.CLASSES.index(value) if isinstance(value, str) else -1


@RANDOM
@given(
    st.dictionaries(st.sampled_from(sorted(oracle.DECIMALS)), st.floats(0.0, 14.0), min_size=1),
    st.data(),
)
@pytest.mark.parametrize("judge", [cg.classify, cg.assess_sections])
def test_a_worse_reading_never_gives_a_better_class(judge, values, data):
    item = data.draw(st.sampled_from(sorted(values)))
    by = data.draw(st.floats(0.0, 14.0))
    away = by if values[item] >= 7.5 else -by
    worse = {"do": max(values[item] - by, 0.0), "ph": min(max(values[item] + away, 0.0), 14.0)}
    rows = []
    for code, number in (("R1", values[item]), ("R2", worse.get(item, values[item] + by))):
        for name_of, value in {**values, item: number}.items():
            rows.append(plain(name_of, value, section_code=code))
    before, after = judge(frame_of(rows), SECTIONS, why=False)["class"]
    assert rank(before) <= rank(after)


@RANDOM
@given(tables(units=("mg/L", "")), st.integers(0, 10**6))
@pytest.mark.parametrize("judge", [cg.classify, cg.assess_sections])
def test_the_order_of_rows_does_not_matter(judge, rows, seed):
    shuffled = Random(seed).sample(rows, len(rows))
    keys = ["section_code", "time" if judge is cg.classify else "period"]
    columns = ["class", "class_best", "class_worst", "attained", "n_readings", "items_missing",
               "times_over", "times_over_3", "confidence"]  # fmt: skip
    one, other = (
        judge(frame_of(table), SECTIONS, why=False).sort_values(keys).reset_index(drop=True)
        for table in (rows, shuffled)
    )
    pd.testing.assert_frame_equal(one[keys + columns], other[keys + columns])


@settings(max_examples=15, deadline=None, phases=[Phase.generate])
@given(st.lists(st.integers(0, 900), min_size=1, max_size=4))
def test_the_unit_of_a_table_does_not_matter_once_it_is_read(tmp_path_factory, micrograms):
    folder = tmp_path_factory.mktemp("units")
    found = []
    for unit, one in (("mg/L", 1000), ("μg/L", 1)):
        lines = [f"断面名称,监测时间,总磷({unit}),氨氮({unit})"]
        for day, number in enumerate(micrograms, 1):
            lines.append(f"甲河断面,2025-10-{day:02} 08:00,{number / one:g},{number * 2 / one:g}")
        path = folder / "table.csv"
        path.write_text("\n".join(lines), encoding="utf-8")
        readings = cg.read_readings(path).assign(section_code="R1")
        found.append(cg.assess_sections(readings, SECTIONS)[["class", "times_over", "n_readings"]])
    pd.testing.assert_frame_equal(*found)


@RANDOM
@given(
    st.lists(st.sampled_from([*oracle.CLASSES, None]), min_size=1, max_size=14),
    st.data(),
)
def test_shares_of_a_basin_add_up(classes, data):
    n = len(classes)
    table = pd.DataFrame(
        {
            "section_code": [f"S{number}" for number in range(n)],
            "basin": data.draw(st.lists(st.sampled_from("甲乙"), min_size=n, max_size=n)),
            "water_type": data.draw(
                st.lists(st.sampled_from(["river", "lake"]), min_size=n, max_size=n)
            ),
            "period": pd.Timestamp("2025-10-01"),
            "period_end": pd.Timestamp("2025-11-01"),
            "class": classes,
            "items_over_3": ["tp" if rank(one) > 2 else "" for one in classes],
            "attained": [None if one is None else rank(one) <= 2 for one in classes],
        }
    )
    rated = cg.rate_basin(table)
    assert rated["n_sections"].sum() == n
    assert rated["n_judged"].sum() == sum(one is not None for one in classes)
    counts = rated[[f"n_class_{k}" for k in range(1, 7)]]
    assert (counts.sum(axis=1) == rated["n_judged"]).all()
    for k, one in enumerate(oracle.CLASSES, 1):
        assert rated[f"n_class_{k}"].sum() == classes.count(one)
    for row in rated.to_dict("records"):
        if row["n_judged"]:
            others = (row["n_class_4"] + row["n_class_5"]) / row["n_judged"]
            assert row["share_1_3"] + others + row["share_worse_5"] == pytest.approx(1.0)
        if row["rating_method"] == "比例":
            good = row["n_class_1"] + row["n_class_2"] + row["n_class_3"]
            assert row["water_state"] == state(good, row["n_class_6"], row["n_judged"])


def state(good, worse, n):
    """Return the state of a river by shares, in whole numbers."""
    if 10 * good >= 9 * n:
        return "优"
    if 4 * good >= 3 * n:
        return "良好"
    if 5 * worse < n:
        return "轻度污染"
    return "中度污染" if 5 * worse < 2 * n else "重度污染"


# --- published classes ------------------------------------------------------------------------


def test_the_plain_route_meets_every_published_class(real):
    files = sorted(path for path in real.iterdir() if path.name.startswith("cnemc_"))
    readings = cg.read_readings(files, year=2026)
    readings = readings.assign(section_code=readings["section_name"].astype(str)
                               + readings["origin"].astype(str).str.split("]").str[0])  # fmt: skip
    readings["section_code"] += readings["province"].astype(str) if "province" in readings else ""
    found = cg.classify(readings)
    rows = readings[["section_code", "time", "item", "value", "unit", "censored",
                     "detection_limit", "published_class"]].astype(
        {"unit": str, "censored": str, "item": str})  # fmt: skip
    groups = groups_of(rows.to_dict("records"), lambda row: (row["section_code"], row["time"]))
    published = 0
    for row in found.to_dict("records"):
        group = groups[row["section_code"], row["time"]]
        expected = oracle.section_at_a_time(group, "river", None)["class"]
        assert name(row["class"]) == expected
        if name(group[0]["published_class"]):
            published += 1
            assert expected == name(group[0]["published_class"])
    assert published == 147  # 57 in the JSON, 90 in the workbooks


# --- faults that were found by attack, the worst first -----------------------------------------

GOOD = {"ph": 8.0, "do": 9.0, "cod_mn": 1.0, "nh3_n": 0.1}


def plain(item, value, **columns):
    unit = "" if item == "ph" else "mg/L"
    row = {"section_code": "R1", "time": TIMES[0], "item": item, "value": value, "unit": unit,
           "censored": "", "detection_limit": NAN}  # fmt: skip
    return {**row, **columns}


def above(limit):
    return plain("tp", NAN, censored=">", detection_limit=limit)


def sampled(*more, base=GOOD):
    return frame_of([*(plain(item, value) for item, value in base.items()), *more])


def test_a_negative_value_does_not_lower_a_mean():
    table = sampled(plain("tp", -0.1), plain("tp", 0.5))
    assert cg.classify(table, SECTIONS)["class"].tolist() == ["劣Ⅴ"]
    row = cg.assess_sections(table, SECTIONS).iloc[0]
    assert name(row["class"]) in (None, "劣Ⅴ")
    assert "负" in row["assess_flag"]


def test_a_value_above_range_is_not_a_missing_item():
    row = cg.assess_sections(sampled(above(0.5)), SECTIONS).iloc[0]
    assert row["items_missing"] == ""
    assert pd.isna(row["attained"]) or not row["attained"]
    assert name(row["class_worst"]) == "劣Ⅴ"


def test_a_value_above_range_leaves_no_firm_class():
    row = cg.assess_sections(sampled(plain("tp", 0.01), above(0.5)), SECTIONS).iloc[0]
    # whatever it was, the mean is above (0.01 + 0.5) / 2 = 0.255
    assert row["confidence"] != "firm"
    assert rank(row["class_worst"]) > 2


def test_a_class_is_never_better_than_the_best_that_is_possible():
    row = cg.classify(sampled(above(0.3)), SECTIONS).iloc[0]
    assert name(row["class_best"]) == "Ⅴ"
    assert name(row["class"]) is None or rank(row["class"]) >= rank(row["class_best"])
    assert pd.isna(row["attained"]) or not row["attained"]


@pytest.mark.filterwarnings("ignore:no explicit representation of timezones")
def test_times_with_a_zone_fall_in_their_month_in_china():
    table = sampled().assign(time=pd.Timestamp("2025-11-01 02:00", tz="Asia/Shanghai"))
    assert cg.classify(table, SECTIONS)["time"].tolist() == [pd.Timestamp("2025-11-01 02:00")]
    found = cg.assess_sections(table, SECTIONS)
    assert found["period"].tolist() == [pd.Timestamp("2025-11-01")]


@pytest.mark.parametrize("judge", [cg.classify, cg.assess_sections])
@pytest.mark.parametrize("spelled", ["COD", "化学需氧量", " cod"])
def test_an_item_that_is_not_understood_is_said(judge, spelled):
    row = judge(sampled(plain("tp", 0.01), plain(spelled, 100.0)), SECTIONS).iloc[0]
    assert rank(row["class"]) == 5 or spelled.strip() in row["assess_flag"]


@pytest.mark.parametrize("said", ["否", "False", "0", "no"])
def test_a_text_that_says_no_makes_no_source_of_drinking_water(said):
    sections = SECTIONS.assign(drinking_water=said)
    try:
        row = cg.assess_sections(sampled(plain("so4", 300.0)), sections).iloc[0]
    except SchemaError:
        return
    assert row["source_items_over"] == ""
    assert pd.isna(row["source_attained"])


@pytest.mark.parametrize("sign", ["L", "＜", "< ", "<=", "未检出"])
@pytest.mark.parametrize("judge", [cg.classify, cg.assess_sections, cg.classify_items])
def test_an_unknown_mark_of_censoring_is_refused(judge, sign):
    table = sampled(plain("tp", 0.5, censored=sign, detection_limit=0.5))
    with pytest.raises(SchemaError, match="censored"):
        judge(table, SECTIONS)


@pytest.mark.parametrize("gap", ["qc_failed", "fault", "dry", "not_sampled"])
def test_a_value_that_failed_control_does_not_decide_a_class(gap):
    table = sampled(plain("tp", 5.0)).assign(state=["number"] * 4 + [gap])
    assert cg.assess_sections(table, SECTIONS)["class"].tolist() == ["Ⅰ"]
    assert cg.classify(table, SECTIONS)["class"].tolist() == ["Ⅰ"]


@pytest.mark.parametrize("time", [20251031, 45961])
@pytest.mark.parametrize("judge", [cg.classify, cg.assess_sections])
def test_numbers_are_no_times(judge, time):
    with pytest.raises(SchemaError, match="time"):
        judge(sampled().assign(time=time), SECTIONS)


def test_readings_without_a_time_are_said():
    table = sampled(plain("tp", 9.0)).assign(
        time=[pd.Timestamp(TIMES[0])] * 4 + [pd.NaT]
    )  # the one that would decide
    # they lie in no period, so that no row could carry a flag
    with pytest.warns(UserWarning, match="1 of the samples have no time"):
        row = cg.assess_sections(table, SECTIONS).iloc[0]
    assert row["items_missing"] == "tp"


def test_a_section_does_not_vanish_with_an_unknown_row_kind():
    table = sampled().assign(row_kind="Sample")
    assert len(cg.classify(table, SECTIONS)) == 1
    with suppress(SchemaError):
        assert len(cg.assess_sections(table, SECTIONS)) == 1


def test_a_class_lies_between_best_and_worst():
    table = sampled(plain("tp", 0.5, censored="<", detection_limit=0.01))
    row = cg.assess_sections(table, SECTIONS).iloc[0]
    assert rank(row["class_best"]) <= rank(row["class"]) <= rank(row["class_worst"])


def test_a_missing_detection_limit_is_said():
    table = sampled(plain("tp", NAN, censored="<"))
    at_a_time = cg.classify(table, SECTIONS).iloc[0]
    assert at_a_time["assess_flag"]
    assert cg.assess_sections(table, SECTIONS)["items_missing"].tolist() == [""]


def test_flags_of_readings_reach_the_verdict_on_a_month():
    table = sampled(plain("tp", 0.9)).assign(reading_flag=["", "", "", "", "单位可疑"])
    assert "单位可疑" in cg.classify(table, SECTIONS)["assess_flag"].iloc[0]
    # a month has many readings: it says how many are doubtful, the readings say why
    assert "1个读数有存疑说明" in cg.assess_sections(table, SECTIONS)["assess_flag"].iloc[0]


@pytest.mark.parametrize("judge", [cg.classify, cg.assess_sections])
def test_a_section_that_is_not_registered_is_said(judge):
    row = judge(sampled().assign(section_code="R1 "), SECTIONS).iloc[0]
    assert row["assess_flag"].replace("缺测总磷，类别可能更差", "")


def test_main_pollutants_of_a_basin_stand_any_spacing():
    table = pd.DataFrame(
        {
            "section_code": list("abcdef"),
            "basin": "甲",
            "period": pd.Timestamp("2025-10-01"),
            "class": "Ⅳ",
            "items_over_3": ["tp;", "tp; nh3_n", "tp", "nh3_n", "tp", ""],
        }
    )
    assert cg.rate_basin(table)["main_pollutants"].tolist() == ["tp;nh3_n"]


@pytest.mark.parametrize("codes", ["R1,R2", "R1、R2", "R1；R2", ["R1", "R2"]])
def test_section_codes_of_a_unit_are_understood_or_refused(codes):
    units = pd.DataFrame({"unit_code": ["U1"]}).assign(
        section_codes=pd.Series([codes], dtype=object)
    )
    both = pd.concat([sampled(), sampled().assign(section_code="R2")])
    month = cg.assess_sections(both, SECTIONS)
    with suppress(SchemaError):
        assert cg.assess_units(month, units)["n_judged"].tolist() == [2]


BROKEN = {
    "text in value": lambda t: t.assign(value=pd.Series(["0.02L"] * len(t), dtype="str")),
    "empty text in value": lambda t: t.assign(value=pd.Series([""] * len(t), dtype="str")),
    "text in detection_limit": lambda t: t.assign(detection_limit="n/a"),
    "a column twice": lambda t: pd.concat([t, t[["value"]]], axis=1),
    "means without item": lambda t: cg.mean_readings(t).drop(columns="item"),
    "means with n missing": lambda t: cg.mean_readings(t).assign(n=NAN),
}


@pytest.mark.parametrize(
    "what",
    list(BROKEN),
)
def test_what_is_wrong_with_a_table_is_said_by_table_and_column(what):
    with pytest.raises(SchemaError):
        cg.assess_sections(BROKEN[what](sampled()), SECTIONS)


def test_times_as_text_mean_the_same_in_both_functions():
    table = sampled().assign(time="2025/10/31 18:00")
    assert cg.classify(table, SECTIONS)["time"].tolist() == [pd.Timestamp("2025-10-31 18:00")]
    assert cg.assess_sections(table, SECTIONS)["period_name"].tolist() == ["2025年10月"]


def test_a_row_from_a_file_is_explained():
    row = cg.assess_sections(sampled(), SECTIONS).iloc[0]
    text = row.to_dict() | {"period": "2025-10-01", "period_end": "2025-11-01"}
    assert cg.explain(text) == row["why_zh"]


@pytest.mark.parametrize("what", ["a table", "another row", "nothing"])
def test_explain_says_what_it_needs(what):
    month = cg.assess_sections(sampled(), SECTIONS)
    given_row = {"a table": month, "another row": {"class": "Ⅲ"}, "nothing": None}[what]
    with pytest.raises(SchemaError):
        cg.explain(given_row)


def test_an_empty_period_is_no_option():
    with pytest.raises(ValueError, match="not an option"):
        cg.assess_sections(sampled(), SECTIONS, period="")
