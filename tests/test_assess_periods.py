"""Classes of sections over periods, on tables that can be done on paper."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoyang_geo import SchemaError, assess_sections, classify, five_plus_x, mean_readings
from chaoyang_geo.assess import PERIOD_COLUMNS
from chaoyang_geo.schema import CLASSES

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


def sampled(days, month="2025-10", code="S1", **columns):
    """Return a table with the values of each day, ``[{"tp": 0.1}, ...]``."""
    rows = [
        {"section_code": code, "section_name": "甲", "time": pd.Timestamp(f"{month}-{day:02}"),
         "item": item, "value": value, "unit": "" if item == "ph" else "mg/L"}
        for day, values in enumerate(days, 1)
        for item, value in values.items()
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(**columns)


def test_the_mean_is_rounded_once_before_it_is_compared():
    days = [{**GOOD, "tp": tp} for tp in (0.1, 0.2, 0.3)]  # their mean is 0.20000000000000004
    row = assess_sections(sampled(days), SECTIONS).iloc[0]
    assert (row["class"], row["deciding_values"]) == ("Ⅲ", "0.2 mg/L")
    assert row["attained"]
    assert (row["n_readings"], row["n_items"]) == (15, 5)
    # 7.45 rounds to 7.4, half to even: class Ⅱ; classed as it is it would be Ⅱ as well, 7.46 to 7.5 Ⅰ
    assert assess_sections(sampled([{"do": 7.46}]), SECTIONS)["class"].tolist() == ["Ⅰ"]
    assert assess_sections(sampled([{"do": 7.45}]), SECTIONS)["class"].tolist() == ["Ⅱ"]


def test_rounding_may_lift_a_mean_over_no_limit_that_it_exceeds_in_its_decimals():
    # TP has three decimals in the evaluation: 0.2004 is 0.2 and meets Ⅲ, 0.2006 is 0.201 and does not
    assert assess_sections(sampled([{"tp": 0.2004}]), SECTIONS)["class"].tolist() == ["Ⅲ"]
    assert assess_sections(sampled([{"tp": 0.2006}]), SECTIONS)["class"].tolist() == ["Ⅳ"]
    # instantaneous values are not rounded
    assert classify(sampled([{"tp": 0.2004}]), SECTIONS)["class"].tolist() == ["Ⅳ"]


def test_one_row_per_section_and_month_in_order():
    table = pd.concat(
        [
            sampled([GOOD], "2025-11"),
            sampled([GOOD], "2025-10", code="S2"),
            sampled([GOOD], "2025-10"),
        ]
    )
    result = assess_sections(table, SECTIONS)
    assert result["section_code"].tolist() == ["S1", "S1", "S2"]
    assert result["period_name"].tolist() == ["2025年10月", "2025年11月", "2025年10月"]
    assert result["section_name"].tolist() == ["章吉营", "章吉营", "白石水库"]
    assert result["water_type"].tolist() == ["river", "river", "lake"]


def test_means_of_the_user_are_judged_as_they_are():
    table = sampled([{**GOOD, "tp": tp} for tp in (0.1, 0.2, 0.3)])
    means = mean_readings(table, period="year")
    row = assess_sections(means, SECTIONS).iloc[0]
    assert (row["period_name"], row["class"]) == ("2025年", "Ⅲ")
    with pytest.raises(ValueError, match="own periods"):
        assess_sections(means, SECTIONS, period="month")


def test_what_a_detection_limit_leaves_open_is_said():
    table = sampled([GOOD, {"tp": np.nan}])
    table["censored"] = np.where(table["value"].isna(), "<", "")
    table["detection_limit"] = np.where(table["value"].isna(), 0.05, np.nan)
    row = assess_sections(table, SECTIONS).iloc[0]
    # (0.01 + 0.025) / 2 = 0.0175 is Ⅰ; with 0.05 it would be 0.03, Ⅱ
    assert (row["class"], row["class_best"], row["class_worst"]) == ("Ⅰ", "Ⅰ", "Ⅱ")
    assert row["confidence"] == "could_be_worse"
    assert "类别可能为Ⅰ至Ⅱ类" in row["why_zh"]
    firm = assess_sections(sampled([GOOD]), SECTIONS).iloc[0]
    assert firm["confidence"] == "firm"


def test_main_pollutants_put_cyanide_and_heavy_metals_first_then_class_then_multiple():
    values = {**GOOD, "cod_mn": 9.0, "nh3_n": 1.9, "tp": 0.35, "hg": 0.0002, "cn": 0.3}
    row = assess_sections(sampled([values]), SECTIONS).iloc[0]
    # worse than Ⅲ: 氰化物 劣Ⅴ 0.5, 汞 Ⅳ 1.0; 氨氮 Ⅴ 0.9, 总磷 Ⅴ 0.75, 高锰酸盐指数 Ⅳ 0.5
    assert row["items_over_3"] == "cn;hg;nh3_n;tp;cod_mn"
    assert row["items_over_3_times"] == "0.50;1.00;0.90;0.75;0.50"
    assert row["main_pollutants"] == "cn;hg;nh3_n"
    assert (row["times_over_3"], row["times_over_3_item"]) == (1.0, "hg")
    good = assess_sections(sampled([GOOD]), SECTIONS).iloc[0]
    assert (good["items_over_3"], good["main_pollutants"]) == ("", "")
    assert np.isnan(good["times_over_3"])


def test_the_two_multiples_have_their_own_columns():
    row = assess_sections(sampled([{**GOOD, "tp": 0.06}], code="S2"), SECTIONS).iloc[0]
    # lake: Ⅱ is 0.025, Ⅲ is 0.05
    assert row["times_over"] == pytest.approx(1.4)
    assert row["times_over_3"] == pytest.approx(0.2)


def test_oxygen_and_ph_have_a_place_but_no_multiple():
    row = assess_sections(sampled([{**GOOD, "do": 2.5, "ph": 9.6}]), SECTIONS).iloc[0]
    assert row["items_over_3"] == "ph;do"  # 劣Ⅴ before Ⅴ
    assert row["items_over_3_times"] == ";"
    assert np.isnan(row["times_over_3"])


def test_dry_and_unsampled_readings_are_left_out_and_counted():
    table = sampled([GOOD, dict.fromkeys(GOOD, np.nan), dict.fromkeys(GOOD, np.nan)])
    table["state"] = [""] * 5 + ["dry"] * 5 + ["not_sampled"] * 5
    row = assess_sections(table, SECTIONS).iloc[0]
    assert (row["class"], row["n_readings"]) == ("Ⅰ", 5)
    assert (row["n_dry"], row["n_not_sampled"], row["n_missing"]) == (1, 1, 10)
    dry = assess_sections(table.iloc[5:10], SECTIONS).iloc[0]
    assert pd.isna(dry["class"])
    assert pd.isna(dry["attained"])
    assert dry["confidence"] == ""
    assert dry["n_dry"] == 1


def test_a_set_of_items_may_be_named():
    table = sampled([{**GOOD, "cod": 39.0}])
    assert assess_sections(table, SECTIONS)["class"].tolist() == ["Ⅴ"]
    core = assess_sections(table, SECTIONS, items="5").iloc[0]
    assert (core["class"], core["items_missing"]) == ("Ⅰ", "")
    own = assess_sections(table, SECTIONS, items=["总磷", "氟化物"]).iloc[0]
    assert (own["n_items"], own["items_missing"]) == (1, "f")
    all_21 = assess_sections(table, SECTIONS, items="21").iloc[0]
    assert len(all_21["items_missing"].split(";")) == 15


def test_five_plus_x_follows_what_went_wrong_at_the_section():
    strict = SECTIONS.assign(water_type="river")  # targets Ⅲ and Ⅱ
    last_year = pd.concat(
        [sampled([{**GOOD, "f": 1.2, "cod": 18.0}], "2024-05", code=code) for code in ("S1", "S2")]
    )
    sets = five_plus_x(assess_sections(last_year, strict), year=2025)
    # 氟化物 1.2 is Ⅳ; COD 18 is Ⅲ, which only the target Ⅱ minds
    core = "ph;do;cod_mn;nh3_n;tp"
    assert sets["items_evaluated"].tolist() == [f"{core};f", f"{core};f;cod"]
    now = pd.concat(
        [sampled([{**GOOD, "cod": 39.0}], "2025-05", code=code) for code in ("S1", "S2", "S3")]
    )
    for result in (assess_sections(now, strict, items=sets), classify(now, strict, items=sets)):
        assert result["class"].tolist() == ["Ⅰ", "Ⅴ", "Ⅰ"]
        assert result["items_missing"].tolist() == ["f", "f", ""]


def test_sources_of_drinking_water_answer_to_table_2_as_well():
    sections = SECTIONS.assign(drinking_water=[False, True])
    extra = {"so4": 200.0, "cl": 251.0, "no3_n": 5.0, "fe": 0.1}
    table = pd.concat([sampled([{**GOOD, **extra}], code=code) for code in ("S1", "S2")])
    river, lake = (row for _, row in assess_sections(table, sections).iterrows())
    assert (lake["source_items_over"], lake["source_items_missing"]) == ("cl", "mn")
    assert not lake["source_attained"]
    assert (river["source_items_over"], river["source_items_missing"]) == ("", "")
    assert pd.isna(river["source_attained"])
    # what is not measured is not attained
    within = table[table["item"] != "cl"]
    assert pd.isna(assess_sections(within, sections).iloc[1]["source_attained"])
    # and the reason says it, of sources alone
    table_2 = "饮用水水源另按《地表水环境质量标准》（GB 3838-2002）表2："
    assert f"{table_2}氯化物超过限值，缺测锰。" in lake["why_zh"]
    assert "Table 2: chloride over the limit; not measured: manganese." in lake["why_en"]
    assert "表2" not in river["why_zh"]
    whole = sampled([{**GOOD, **extra, "cl": 250.0, "mn": 0.1}], code="S2")
    row = assess_sections(whole, sections).iloc[0]
    assert row["source_attained"] and f"{table_2}各项均未超过限值。" in row["why_zh"]


def test_one_section_under_two_names_is_averaged_as_one():
    table = pd.concat(
        [sampled([{"tp": 0.1}]), sampled([{"tp": 0.3}]).assign(section_name="老名字")]
    )
    assert assess_sections(table, SECTIONS)["deciding_values"].tolist() == ["0.2 mg/L"]
    assert assess_sections(table)["section_name"].tolist() == ["甲"]


def test_sections_that_are_not_matched_are_not_averaged_together():
    table = pd.concat([sampled([GOOD], code="").assign(section_name=name) for name in ("乙", "丙")])
    assert assess_sections(table, SECTIONS)["section_name"].tolist() == ["乙", "丙"] or sorted(
        assess_sections(table, SECTIONS)["section_name"]
    ) == sorted(["乙", "丙"])


def test_a_registry_that_knows_time_gives_each_period_its_own_target():
    sections = pd.DataFrame(
        {
            "section_code": ["S1", "S1"],
            "section_name": ["旧名", "新名"],
            "water_type": "river",
            "target_class": ["Ⅳ", "Ⅱ"],
            "valid_from": pd.to_datetime([None, "2025-11-01"]),
        }
    )
    table = pd.concat(
        [
            sampled([{**GOOD, "tp": 0.25}], "2025-10").assign(registry_from=pd.NaT),
            sampled([{**GOOD, "tp": 0.25}], "2025-11").assign(
                registry_from=pd.Timestamp("2025-11-01")
            ),
        ]
    )
    for result in (assess_sections(table, sections), classify(table, sections)):
        assert result["target_class"].tolist() == ["Ⅳ", "Ⅱ"]
        assert result["attained"].tolist() == [True, False]
        assert result["section_name"].tolist() == ["旧名", "新名"]
    with pytest.raises(SchemaError, match="registry_from"):
        classify(table.drop(columns="registry_from"), sections)
    with pytest.raises(SchemaError, match="twice there: S1 from open"):
        classify(table, sections.assign(valid_from=pd.NaT))


def test_empty_in_empty_out():
    full = assess_sections(sampled([GOOD]), SECTIONS)
    empty = assess_sections(sampled([GOOD]).iloc[:0], SECTIONS)
    assert list(full.columns) == [name for name in PERIOD_COLUMNS if name in full]
    assert empty.columns.tolist() == full.columns.tolist()
    assert (empty.dtypes == full.dtypes).all()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["S1", "S2"]),
            st.sampled_from(["do", "cod_mn", "nh3_n", "tp"]),
            st.integers(1, 28),
            st.floats(0, 20).map(lambda x: round(x, 3)),
        ),
        min_size=1,
        max_size=30,
    ),
    st.randoms(),
)
def test_order_does_not_matter_and_worse_readings_never_give_a_better_class(rows, random):
    def table(rows):
        return pd.DataFrame(
            {
                "section_code": [code for code, *_ in rows],
                "time": [pd.Timestamp(f"2025-10-{day:02}") for _, _, day, _ in rows],
                "item": [item for _, item, *_ in rows],
                "value": [value for *_, value in rows],
            }
        )

    first = assess_sections(table(rows), SECTIONS, why=False)
    mixed = list(rows)
    random.shuffle(mixed)
    pd.testing.assert_frame_equal(assess_sections(table(mixed), SECTIONS, why=False)[
        ["section_code", "period", "class", "n_readings"]
    ], first[["section_code", "period", "class", "n_readings"]])  # fmt: skip
    worse = [
        (code, item, day, value / 2 if item == "do" else value * 2 + 0.1)
        for code, item, day, value in rows
    ]
    second = assess_sections(table(worse), SECTIONS, why=False)
    for before, after in zip(first["class"], second["class"], strict=True):
        assert CLASSES.index(before) <= CLASSES.index(after)


def test_a_doubt_that_several_items_share_is_said_once():
    layers = [sampled([GOOD]).assign(sampling_layer=layer) for layer in ("表层", "底层")]
    table = pd.concat(layers, ignore_index=True)
    table["reading_flag"] = ["单位可疑" if item == "tp" else "" for item in table["item"]]
    said = assess_sections(table, SECTIONS)["assess_flag"].iloc[0]
    assert said == (
        "高锰酸盐指数、溶解氧、氨氮、pH、总磷含表层、底层样品，逐个平均；总磷其中2个读数有存疑说明"
    )
    # each section and month for itself
    later = sampled([GOOD], "2025-11")
    both = assess_sections(pd.concat([table, later]), SECTIONS)["assess_flag"].tolist()
    assert both == [said, ""]


def test_an_item_that_enters_no_class_is_not_called_missing():
    table = sampled([{**GOOD, "tn": 9.0}])
    for items in (["ph", "do", "cod_mn", "nh3_n", "tp", "tn"], [*GOOD, "总氮"]):
        row = assess_sections(table, SECTIONS, items=items).iloc[0]
        assert (row["items_missing"], row["confidence"]) == ("", "firm")
        assert row["assess_flag"] == "总氮不参与定类"
    with pytest.raises(ValueError, match="none of tn enters"):
        assess_sections(table, SECTIONS, items=["tn"])
    # a standard of the user's own may let it in
    own = pd.DataFrame({"item": ["tn"], "direction": ["max"], "unit": ["mg/L"], "class_1": [1.0]})
    row = assess_sections(table, SECTIONS, items=["tn"], standard=own).iloc[0]
    assert (str(row["class"]), row["assess_flag"]) == ("劣Ⅴ", "")
