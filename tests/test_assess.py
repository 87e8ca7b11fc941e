import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoyang_geo import SchemaError, classify, classify_items, explain, read_readings, standards
from chaoyang_geo.schema import CLASSES
from chaoyang_geo.standards import LIMIT_COLUMNS

TIME = pd.Timestamp("2025-10-08 08:00")


def item_class(item, value, water_type="river", **columns):
    readings = pd.DataFrame(
        {"item": [item], "value": [value], **{k: [v] for k, v in columns.items()}}
    )
    return classify_items(readings, water_type=water_type).iloc[0]


def readings(values, **columns):
    table = {"section_code": "S1", "section_name": "章吉营", "time": TIME}
    return pd.DataFrame({**table, "item": list(values), "value": list(values.values()), **columns})


GOOD = {"ph": 8.0, "do": 9.0, "cod_mn": 1.0, "nh3_n": 0.1, "tp": 0.01}
SECTIONS = pd.DataFrame(
    {
        "section_code": ["S1", "S2"],
        "section_name": ["章吉营", "白石水库"],
        "water_type": ["river", "lake"],
        "target_class": ["Ⅲ", "Ⅱ"],
        "target_quality": ["assumed", "official"],
    }
)

# --- one reading ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "value", "expected"),
    [
        ("tp", 0.02, "Ⅰ"),  # exactly on a limit keeps the better class
        ("tp", 0.0200001, "Ⅱ"),
        ("tp", 0.4, "Ⅴ"),
        ("tp", 0.41, "劣Ⅴ"),
        ("do", 7.5, "Ⅰ"),
        ("do", 7.4, "Ⅱ"),
        ("do", 2.0, "Ⅴ"),
        ("do", 1.9, "劣Ⅴ"),
        ("ph", 6.0, "Ⅰ"),
        ("ph", 9.0, "Ⅰ"),
        ("ph", 5.9, "劣Ⅴ"),
        ("ph", 9.1, "劣Ⅴ"),
        ("cod", 15.0, "Ⅰ"),  # Ⅰ and Ⅱ share the limit: the better one
        ("cod", 15.1, "Ⅲ"),
        ("cu", 0.5, "Ⅱ"),
        ("cu", 1.1, "劣Ⅴ"),
    ],
)
def test_class_of_one_value(item, value, expected):
    assert item_class(item, value)["item_class"] == expected


def test_lakes_have_stricter_phosphorus():
    assert item_class("tp", 0.05, "river")["item_class"] == "Ⅱ"
    assert item_class("tp", 0.05, "lake")["item_class"] == "Ⅲ"


def test_total_nitrogen_has_a_class_in_lakes_but_never_enters():
    lake = item_class("tn", 1.2, "lake")
    assert (lake["item_class"], lake["in_class"]) == ("Ⅳ", False)
    river = item_class("tn", 1.2, "river")
    assert pd.isna(river["item_class"])
    assert "河流没有分类限值" in river["item_flag"]


def test_limits_around_a_value():
    row = item_class("cod", 18.0)
    assert (row["limit"], row["next_limit"], row["distance_to_next"]) == (20, 15, 3)
    best = item_class("cod", 3.0)
    assert best["limit"] == 15
    assert np.isnan(best["next_limit"])
    worst = item_class("cod", 50.0)
    assert np.isnan(worst["limit"])
    assert (worst["next_limit"], worst["distance_to_next"]) == (40, 10)


def test_limits_may_be_left_out_and_nothing_else_changes():
    table = readings({"tp": 0.15, "do": 4.0, "cod_mn": np.nan, "nh3_n": 9.9})
    table = table.assign(censored=["", "", "<", ""], detection_limit=[np.nan, np.nan, 0.5, np.nan])
    full, short = classify_items(table), classify_items(table, limits=False)
    left_out = ["limit", "next_limit", "distance_to_next"]
    assert full["distance_to_next"].round(9).tolist()[:2] == [0.05, 1.0]
    pd.testing.assert_frame_equal(short, full.drop(columns=left_out))


def test_a_missing_value_is_never_class_one():
    row = item_class("tp", float("nan"))
    assert pd.isna(row["item_class"])
    assert row["item_flag"] == "没有数值"


def test_below_detection_is_decided_only_when_one_class_is_left():
    low = item_class("tp", np.nan, censored="<", detection_limit=0.01)
    assert low["item_class"] == "Ⅰ"
    high = item_class("tp", np.nan, censored="<", detection_limit=0.05)
    assert pd.isna(high["item_class"])
    assert "不能判定" in high["item_flag"]
    above = item_class("tp", np.nan, censored=">", detection_limit=1.0)
    assert above["item_class"] == "劣Ⅴ"
    assert pd.isna(item_class("tp", np.nan, censored=">", detection_limit=0.1)["item_class"])


def test_a_wrong_unit_is_flagged_not_classed():
    row = item_class("tp", 43.0, unit="μg/L")
    assert pd.isna(row["item_class"])
    assert "单位不是mg/L" in row["item_flag"]


def test_unknown_items_are_flagged():
    assert item_class("caffeine", 1.0)["item_flag"] == "标准中没有该指标的限值"


@given(
    st.sampled_from(
        sorted(standards.limits().query("direction == 'max' and item != 'ph'")["item"].unique())
    ),
    st.floats(0, 100),
    st.floats(0, 100),
)
def test_a_higher_concentration_is_never_a_better_class(item, first, second):
    kind = "lake" if item == "tn" else "river"
    values = sorted([first, second])
    table = pd.DataFrame({"item": item, "value": values})
    low, high = classify_items(table, water_type=kind)["item_class"]
    assert CLASSES.index(low) <= CLASSES.index(high)


@given(st.floats(0, 20))
def test_class_agrees_with_a_plain_reading_of_the_table(value):
    rules = standards.limits().query(
        "water_type in ('all', 'river') and item != 'ph' and direction != 'rule'"
    )
    found = classify_items(pd.DataFrame({"item": rules["item"], "value": value}))
    for row, given_class in zip(rules.itertuples(), found["item_class"], strict=True):
        limits = [getattr(row, column) for column in LIMIT_COLUMNS]
        passes = [value <= limit if row.direction == "max" else value >= limit for limit in limits]
        assert given_class == (CLASSES[passes.index(True)] if any(passes) else "劣Ⅴ")


def test_the_input_is_unchanged_and_the_index_kept():
    table = pd.DataFrame({"item": ["tp", "do"], "value": [0.1, 5.0]}, index=[9, 4])
    before = table.copy()
    assert classify_items(table).index.tolist() == [9, 4]
    pd.testing.assert_frame_equal(table, before)
    assert classify_items(table.iloc[:0]).columns.tolist() == classify_items(table).columns.tolist()


# --- a section --------------------------------------------------------------------------------


def test_the_worst_item_decides():
    row = classify(readings({**GOOD, "tp": 0.25}), SECTIONS).iloc[0]
    assert row["class"] == "Ⅳ"
    assert row["deciding_items"] == "tp"
    assert row["deciding_values"] == "0.25"
    assert row["deciding_limits"] == "0.2"
    assert row["times_over"] == 0.25
    assert row["times_over_item"] == "tp"
    assert row["distance_to_next"] == 0.05
    assert not row["attained"]
    assert row["n_readings"] == 5
    assert row["items_missing"] == ""


def test_of_several_deciding_items_the_farthest_comes_first():
    row = classify(readings({**GOOD, "cod_mn": 6.6, "tp": 0.28}), SECTIONS).iloc[0]
    assert row["deciding_items"] == "tp;cod_mn"  # 40 % and 10 % over the limits of Ⅲ
    assert row["distance_to_next"] == pytest.approx(0.08)


def test_class_one_has_no_deciding_item():
    row = classify(readings(GOOD), SECTIONS).iloc[0]
    assert (row["class"], row["deciding_items"]) == ("Ⅰ", "")
    assert np.isnan(row["distance_to_next"])
    assert row["attained"]


def test_nitrogen_temperature_and_coliforms_stay_out():
    extra = {"tn": 19.0, "water_temp": 40.0, "fecal_coliform": 1e6}
    row = classify(readings({**GOOD, **extra}), SECTIONS).iloc[0]
    assert row["class"] == "Ⅰ"
    assert row["n_readings"] == 5


def test_the_multiple_is_over_the_target_and_never_for_ph_and_do():
    row = classify(readings({**GOOD, "do": 1.0, "ph": 10.0}), SECTIONS).iloc[0]
    assert row["class"] == "劣Ⅴ"
    assert np.isnan(row["times_over"])
    lake = readings({**GOOD, "tp": 0.05}).assign(section_code="S2")
    assert classify(lake, SECTIONS).iloc[0]["times_over"] == pytest.approx(1.0)  # limit of Ⅱ: 0.025


def test_the_water_type_of_the_registry_holds():
    both = pd.concat([readings({"tp": 0.05}), readings({"tp": 0.05}).assign(section_code="S2")])
    assert classify(both, SECTIONS)["class"].tolist() == ["Ⅱ", "Ⅲ"]


def test_missing_items_are_named_and_a_section_without_numbers_has_no_class():
    row = classify(readings({"tp": 0.1}), SECTIONS).iloc[0]
    assert row["items_missing"] == "ph;do;cod_mn;nh3_n"
    assert "缺测pH、溶解氧、高锰酸盐指数、氨氮，类别可能更差" in row["assess_flag"]
    empty = classify(readings({"tp": np.nan}), SECTIONS).iloc[0]
    assert pd.isna(empty["class"])
    assert pd.isna(empty["attained"])
    assert empty["n_readings"] == 0
    assert "不定类" in empty["why_zh"]


def test_without_any_core_item_a_target_is_neither_met_nor_missed():
    """Fluoride is good in nearly every river; what it exceeds is exceeded all the same."""
    good = classify(readings({"fluoride": 0.3}), SECTIONS).iloc[0]
    assert (good["class"], good["confidence"]) == ("Ⅰ", "could_be_worse")
    assert pd.isna(good["attained"])
    bad = classify(readings({"fluoride": 1.4}), SECTIONS).iloc[0]
    assert (bad["class"], bad["attained"]) == ("Ⅳ", False)
    assert classify(readings({"fluoride": 0.3, "tp": 0.1}), SECTIONS)["attained"].tolist() == [True]


def test_an_item_that_enters_no_class_is_named_not_missed():
    row = classify(readings({**GOOD, "tn": 9.0}), SECTIONS, items=[*GOOD, "tn"]).iloc[0]
    assert (row["items_missing"], row["confidence"]) == ("", "firm")
    assert row["assess_flag"] == "总氮不参与定类"


def test_a_section_without_target_is_not_judged_against_one():
    row = classify(readings({**GOOD, "tp": 0.3})).iloc[0]
    assert pd.isna(row["attained"])
    assert np.isnan(row["times_over"])
    assert "水体类型未登记" in row["assess_flag"]


def test_one_row_per_section_and_time_in_order_of_appearance():
    later = TIME + pd.Timedelta(hours=4)
    table = pd.concat(
        [
            readings(GOOD).assign(section_code="S2"),
            readings(GOOD),
            readings(GOOD).assign(time=later),
            readings({"tp": 0.3}).assign(section_code="S2"),
        ]
    )
    result = classify(table, SECTIONS)
    assert result["section_code"].tolist() == ["S2", "S1", "S1"]
    assert result["time"].tolist() == [TIME, TIME, later]
    assert "总磷同一时间有多个读数，取最差" in result["assess_flag"].iloc[0]


def test_sections_that_are_not_matched_are_kept_apart_by_name_and_province():
    table = pd.concat(
        [readings(GOOD).assign(section_code="", province=p) for p in ("云南省", "贵州省")]
    )
    assert len(classify(table, SECTIONS)) == 2


def test_one_matched_section_under_two_names_is_one():
    table = pd.concat([readings({"tp": 0.1}), readings({"do": 4.0}).assign(section_name="老名字")])
    result = classify(table, SECTIONS)
    assert result[["section_name", "class"]].to_numpy().tolist() == [["章吉营", "Ⅳ"]]


def test_bad_registries_are_refused():
    with pytest.raises(SchemaError, match="water_type 'sea'"):
        classify(readings(GOOD), SECTIONS.assign(water_type="sea"))
    with pytest.raises(SchemaError, match="row 1 of target_class holds 'Q'"):
        classify(readings(GOOD), SECTIONS.assign(target_class="Q"))
    with pytest.raises(SchemaError, match="column time"):
        classify(readings(GOOD).drop(columns="time"), SECTIONS)
    with pytest.raises(ValueError, match="water_type='pond' is not an option"):
        classify(readings(GOOD), SECTIONS, water_type="pond")


def test_empty_in_empty_out():
    full = classify(readings(GOOD), SECTIONS)
    empty = classify(readings(GOOD).iloc[:0], SECTIONS)
    assert empty.columns.tolist() == full.columns.tolist()
    assert (empty.dtypes == full.dtypes).all()


def test_the_reason_names_value_limit_target_rule_and_gap():
    table = readings({**GOOD, "tp": 0.25}, unit=["", "mg/L", "mg/L", "mg/L", "mg/L"])
    row = classify(table.drop(index=3), SECTIONS).iloc[0]
    text = explain(row)
    assert text == row["why_zh"]
    for part in ["章吉营 2025-10-08 08:00", "Ⅳ类（轻度污染）", "总磷0.25 mg/L（上一类别限值0.2，差0.05）",
                 "未达到目标Ⅲ类（假定），总磷超标0.25倍", "缺测氨氮", "GB 3838-2002", "环办〔2011〕22号"]:  # fmt: skip
        assert part in text, part
    english = explain(row, lang="en")
    assert "Misses the target class Ⅲ (assumed)" in english
    assert "total phosphorus" in english
    assert not any("一" <= character <= "鿿" for character in english.replace("章吉营", ""))


def test_a_target_that_a_detection_limit_leaves_open_is_neither_met_nor_missed_in_words():
    table = readings({**GOOD, "tp": np.nan}, censored=["", "", "", "", "<"],
                     detection_limit=[np.nan, np.nan, np.nan, np.nan, 0.5])  # fmt: skip
    found = classify(table, SECTIONS)
    assert pd.isna(found["attained"].iloc[0])
    for row in (found.iloc[0], found.to_dict("records")[0], found.iloc[0].to_dict()):
        assert "是否达到目标Ⅲ类（假定）不能判定" in explain(row)
        english = explain(row, lang="en")
        assert "Whether it meets the target class Ⅲ (assumed) cannot be told" in english
        assert "between Ⅰ and worse than class Ⅴ" in english
    assert explain(found.iloc[0]) == found["why_zh"].iloc[0]
    # a verdict that was read back from a file is text
    read_back = {**found.to_dict("records")[0], "attained": "False"}
    assert "未达到目标Ⅲ类" in explain(read_back)


def test_without_a_class_the_reason_says_what_is_known():
    table = readings({"tp": np.nan}, censored="<", detection_limit=0.05)
    row = classify(table, SECTIONS).iloc[0]
    assert row["why_zh"].endswith(
        "没有可评价的读数，不定类。总磷有读数但不能判定类别。受检出限或量程影响，类别可能为Ⅰ至Ⅱ类。"
    )
    assert "Measured, but no single class fits: total phosphorus." in row["why_en"]


def test_the_worst_class_is_named_in_english():
    row = classify(readings({**GOOD, "tp": 0.5}), SECTIONS).iloc[0]
    assert ": worse than class Ⅴ (heavily polluted)." in row["why_en"]
    assert "total phosphorus exceeds its limit by 1.50 times" in row["why_en"]
    assert "劣" not in row["why_en"]


def test_a_small_multiple_is_not_written_as_none():
    row = classify(readings({**GOOD, "tp": 0.2004}), SECTIONS).iloc[0]
    assert row["times_over"] == 0.002
    assert "总磷超标0.002倍" in row["why_zh"]
    assert row["items_over_3_times"] == "0.002"


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from(["ph", "do", "cod_mn", "nh3_n", "tp"]), st.floats(0, 20)),
        min_size=1,
    )
)
def test_the_class_is_the_worst_of_its_items(pairs):
    table = pd.DataFrame(
        {
            "section_code": "S1",
            "time": TIME,
            "item": [i for i, _ in pairs],
            "value": [v for _, v in pairs],
        }
    )
    row = classify(table, SECTIONS).iloc[0]
    items = classify_items(table, SECTIONS)
    assert row["class"] == items["item_class"].max()
    deciding = set(items.loc[items["item_class"] == row["class"], "item"])
    assert set(filter(None, row["deciding_items"].split(";"))) == (
        deciding if row["class"] != "Ⅰ" else set()
    )


# --- published classes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["cnemc_platform_liaoning_2026-08-21.json"], 57),
        (["cnemc_liaoning.xlsx", "cnemc_neimenggu.xlsx", "cnemc_jilin.xlsx"], 90),
    ],
)
def test_every_published_class_is_reproduced(real, files, expected):
    result = classify(read_readings([real / file for file in files], year=2026))
    published = result[result["published_class"].notna()]
    assert len(published) == expected
    assert (published["class"].astype(str) == published["published_class"].astype(str)).all()
    # where the platform prints no class, neither do we
    assert result.loc[result["published_class"].isna(), "class"].isna().all()


def test_the_bundled_readings_agree_with_their_published_class(plan):
    result = classify(plan.readings, plan.sections)
    assert len(result) == 5
    assert (result["class"].astype(str) == result["published_class"].astype(str)).all()


@pytest.mark.parametrize(
    ("classes", "value", "zh", "en"),
    [
        (3, 0.15, "：Ⅱ类。定类", ": class Ⅱ. Deciding"),
        (3, 0.5, "：劣于Ⅲ类。定类", ": worse than class Ⅲ. Deciding"),
        (
            1,
            0.05,
            "：达到限值。参评各项均达到限值",
            ": within the limits. Every item judged is within",
        ),
        (1, 0.5, "：超过限值。定类", ": over a limit. Deciding"),
    ],
)
def test_a_standard_of_fewer_classes_has_no_states_of_the_national_five(
    tmp_path, classes, value, zh, en
):
    """重度污染 is said of what exceeds Ⅴ of the national standard, not of a limit of one's own."""
    limits = [0.1, 0.2, 0.3][:classes]
    own = tmp_path / "own.csv"
    names = ",".join(f"class_{k + 1}" for k in range(classes))
    own.write_text(f"item,water_type,direction,unit,{names}\n"
                   f"tp,all,max,mg/L,{','.join(map(str, limits))}\n", encoding="utf-8")  # fmt: skip
    reading = pd.DataFrame({"section_name": ["甲"], "time": pd.to_datetime(["2025-10-08"]),
                            "item": "tp", "value": value, "unit": "mg/L"})  # fmt: skip
    row = classify(reading, standard=own, items=["tp"]).iloc[0]
    for text, part in ((row["why_zh"], zh), (row["why_en"], en)):
        assert part in text
        assert not any(word in text for word in ("污染", "polluted", "劣Ⅴ", "优", "excellent"))


def test_a_worst_target_is_named_in_english_and_ph_stands_before_its_number():
    worst = SECTIONS.assign(target_class="劣Ⅴ", target_quality="official")
    row = classify(readings({**GOOD, "ph": 9.4}), worst).iloc[0]
    assert "Meets the target (worse than class Ⅴ)." in row["why_en"]
    assert "定类因子：pH 9.4（上一类别限值9，差0.4）" in row["why_zh"]
    assert "pH 回到9，类别即可好转" in row["why_zh"]
