"""The plan's own targets: what water-quality data answer, and what they do not."""

from types import SimpleNamespace

import pandas as pd
import pytest

from chaoyang_geo import SchemaError
from chaoyang_geo.assess.indicators import (
    PROGRESS_COLUMNS,
    PROGRESS_VERDICTS,
    indicator_progress,
    measure_of,
    meets_target,
)
from chaoyang_geo.schema import COLUMNS

YEAR = (pd.Timestamp("2025-01-01"), pd.Timestamp("2026-01-01"))


def assessed(classes, *, period=YEAR, **columns):
    codes = [f"S{k}" for k in range(1, len(classes) + 1)]
    return pd.DataFrame(
        {"section_code": codes, "period": period[0], "period_end": period[1], "class": classes,
         **columns}
    )  # fmt: skip


def paper(indicator, target="85.7", *, n=7, state="set", **columns):
    value = float(target) if target.replace(".", "").isdigit() else float("nan")
    indicators = pd.DataFrame(
        {"indicator_no": [1], "indicator": [indicator], "target_text": [target],
         "target_value": [value], "target_unit": ["%"], "target_state": [state], **columns}
    )  # fmt: skip
    sections = pd.DataFrame({"section_code": [f"S{k}" for k in range(1, n + 1)]})
    return SimpleNamespace(indicators=indicators, sections=sections)


GOOD = "地表水水质达到或优于Ⅲ类比例(%)"


def one(*arguments, **options):
    return indicator_progress(*arguments, **options).iloc[0]


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        (GOOD, "share_1_3"),
        ("地表水达到或好于III类水体比例", "share_1_3"),
        ("国考断面水质优良比例", "share_1_3"),
        ("地表水劣V类水体比例(%)", "share_worse_5"),
        ("劣Ⅴ类断面比例", "share_worse_5"),
        ("考核断面水质达标率", "attainment_rate"),
        ("城市集中饮用水水源达到或优于Ⅲ类比例(%)", "drinking"),
        ("县级及以上集中式饮用水水源水质达标率", "drinking"),
        ("地下水质量Ⅴ类水比例", None),
        ("重要江河湖泊水功能区水质达标率", None),
        ("农村污水治理率(%)", None),
        ("空气质量优良天数比例(%)", None),
        ("近岸海域水质优良比例", None),
        ("黑臭水体消除比例", None),
        ("森林覆盖率(%)", None),
        ("氮氧化物、挥发性有机物下降(%) 化学需氧量、氨氮减少(%)", None),
        ("生态质量指数（新EI）", None),
    ],
)
def test_what_an_indicator_asks_is_read_from_its_name(name, measure):
    assert measure_of(name) == measure


def test_a_share_is_compared_as_the_target_is_printed():
    row = one(paper(GOOD), assessed(["Ⅲ"] * 6 + ["Ⅳ"]))
    assert row["indicator_verdict"] == "达到" and row["indicator_value"] == 600 / 7
    assert row[["n_met", "n_judged", "n_not_judged"]].tolist() == [6, 7, 0]
    assert "2025年Ⅰ~Ⅲ类断面比例85.7%（6/7）" in row["why_zh"]
    assert "规划未列考核断面，按断面表7个断面计" in row["progress_flag"]
    assert one(paper(GOOD), assessed(["Ⅲ"] * 5 + ["Ⅳ"] * 2))["indicator_verdict"] == "未达到"
    assert meets_target(2, 3, 66.7, "66.7") and not meets_target(2, 3, 66.8, "66.8%")
    assert meets_target(1, 1, 100, "100") and not meets_target(999, 1000, 100, "100")


def test_less_is_better_for_the_worst_class():
    name = "地表水劣Ⅴ类水体比例"
    assert one(paper(name, "0"), assessed(["Ⅴ"] * 7))["indicator_verdict"] == "达到"
    row = one(paper(name, "0"), assessed(["Ⅴ"] * 6 + ["劣Ⅴ"]))
    assert row["indicator_verdict"] == "未达到" and row["n_met"] == 1
    assert one(paper(name, "14.3"), assessed(["Ⅴ"] * 6 + ["劣Ⅴ"]))["indicator_verdict"] == "达到"


def test_sections_without_a_class_leave_the_verdict_open_only_where_they_could_turn_it():
    row = one(paper(GOOD), assessed(["Ⅲ"] * 5 + ["Ⅳ", None]))
    assert row["indicator_verdict"] == "数据不全，不能判定"
    assert "未评价1个：S7" in row["progress_flag"]
    assert one(paper(GOOD), assessed(["Ⅲ"] * 6 + [None]))["indicator_verdict"] == "达到"
    assert one(paper(GOOD), assessed(["Ⅳ"] * 2 + [None] * 5))["indicator_verdict"] == "未达到"
    assert one(paper(GOOD), assessed([None] * 7))["indicator_verdict"] == "数据不全，不能判定"


def test_sections_that_are_not_the_plans_do_not_count():
    row = one(paper(GOOD, n=5), assessed(["Ⅲ"] * 5 + ["劣Ⅴ"] * 9))
    assert row[["n_met", "n_judged"]].tolist() == [5, 5]


def test_a_pending_target_has_no_verdict_but_a_value():
    row = one(paper(GOOD, "", state="pending"), assessed(["Ⅲ"] * 7))
    assert row["indicator_verdict"] == "目标待下达" and row["indicator_value"] == 100
    words = one(paper(GOOD, "稳中向好", state="qualitative"), assessed(["Ⅲ"] * 7))
    assert words["indicator_verdict"] == "目标无单一数值"


def test_a_month_is_no_year_and_the_last_period_is_taken():
    month = (pd.Timestamp("2025-10-01"), pd.Timestamp("2025-11-01"))
    later = (pd.Timestamp("2025-11-01"), pd.Timestamp("2025-12-01"))
    table = pd.concat([assessed(["Ⅲ"] * 7, period=later), assessed(["Ⅳ"] * 7, period=month)])
    row = one(paper(GOOD), table)
    assert row["period"] == later[0] and "按2025年11月评价，规划按年考核" in row["progress_flag"]
    both = indicator_progress(paper(GOOD), table, periods="all")
    assert both["indicator_verdict"].tolist() == ["未达到", "达到"]
    with pytest.raises(ValueError, match="periods='first' is not an option"):
        indicator_progress(paper(GOOD), table, periods="first")


def test_the_baseline_is_the_plans_own_or_missing():
    row = one(paper(GOOD, baseline_value=[71.4]), assessed(["Ⅲ"] * 7))
    assert row["baseline_value"] == 71.4 and "基准值" not in row["progress_flag"]
    assert "规划未印基准值" in one(paper(GOOD), assessed(["Ⅲ"] * 7))["progress_flag"]


def test_attainment_counts_verdicts():
    goals = pd.array([True] * 6 + [None], dtype="boolean")
    row = one(paper("考核断面水质达标率", "80"), assessed(["Ⅲ"] * 7, attained=goals))
    assert row["indicator_verdict"] == "达到" and row["n_judged"] == 6
    bare = one(paper("考核断面水质达标率", "80"), assessed(["Ⅲ"] * 7))
    assert bare["indicator_verdict"] == "本数据不能回答"


SOURCE = "城市集中饮用水水源达到或优于Ⅲ类比例(%)"


def source_means(**values):
    return pd.DataFrame(
        {"section_code": "S1", "period": YEAR[0], "period_end": YEAR[1], "item": list(values),
         "mean": list(values.values()), "unit": "mg/L"}
    )  # fmt: skip


def test_drinking_water_is_answered_only_for_sources_that_are_named():
    table = assessed(["Ⅱ"] * 7)
    silent = one(paper(SOURCE, "100"), table)
    assert silent["indicator_verdict"] == "本数据不能回答" and pd.isna(silent["n_judged"])
    assert "断面表没有标明哪些是饮用水水源" in silent["progress_flag"]
    row = one(paper(SOURCE, "100"), table, drinking_sources=["S1"])
    assert row["indicator_verdict"] == "达到" and row["n_judged"] == 1
    assert "未检查GB 3838-2002表2" in row["progress_flag"]
    with pytest.raises(ValueError, match="drinking_sources: 'S99' is no section of the plan"):
        one(paper(SOURCE), table, drinking_sources=["S99"])


def test_the_registry_may_say_which_sections_are_sources():
    plan = paper(SOURCE, "100", n=2)
    plan.sections["drinking_water"] = ["是", "否"]
    row = one(plan, assessed(["Ⅲ", "Ⅳ"]))
    assert (row["n_met"], row["n_judged"], row["indicator_verdict"]) == (1, 1, "达到")


def test_the_supplementary_items_of_a_source_count_where_there_are_means():
    table = assessed(["Ⅱ"] * 7)
    fine = source_means(so4=250.0, cl=10.0, no3_n=1.0, fe=0.1, mn=0.1)
    row = one(paper(SOURCE, "100"), table, fine, drinking_sources=["S1"])
    assert row["indicator_verdict"] == "达到" and "表2" not in row["progress_flag"]
    row = one(paper(SOURCE, "100"), table, source_means(mn=0.11), drinking_sources=["S1"])
    assert row["indicator_verdict"] == "未达到"
    assert "S1的锰超过表2限值" in row["progress_flag"] and "没有硫酸盐" in row["progress_flag"]


def test_the_bundled_plan(plan):
    table = assessed(["Ⅲ"] * 12 + ["Ⅳ"] * 2)
    table["section_code"] = plan.sections["section_code"]
    found = indicator_progress(plan, table)
    assert found["indicator_no"].tolist() == plan.indicators["indicator_no"].tolist()
    by_no = found.set_index("indicator_no")
    assert by_no.loc[3, "indicator_verdict"] == "达到"  # 12 of 14
    # of the plan's two sources only one has a section
    assert by_no.loc[4, "indicator_verdict"] == "数据不全，不能判定"
    assert "规划有2个水源，断面表只有1个" in by_no.loc[4, "progress_flag"]
    pending = plan.indicators.loc[plan.indicators["target_state"] == "pending", "indicator_no"]
    assert (by_no.loc[pending, "indicator_verdict"] == "目标待下达").all()
    others = by_no.drop([3, 4, *pending])
    assert (others["indicator_verdict"] == "本数据不能回答").all()
    assert by_no.drop([3, 4])["indicator_value"].isna().all()
    assert set(found["indicator_verdict"]) <= set(PROGRESS_VERDICTS)


def test_shapes_dtypes_and_errors():
    full = indicator_progress(paper(GOOD), assessed(["Ⅲ"] * 7))
    empty = indicator_progress(paper(GOOD), assessed(["Ⅲ"] * 7).iloc[:0])
    assert list(full.columns) == list(PROGRESS_COLUMNS) and set(full.columns) <= set(COLUMNS)
    assert empty["indicator_verdict"].tolist() == ["本数据不能回答"]
    assert (full.dtypes == empty.dtypes).all()
    plan = paper(GOOD)
    plan.indicators = plan.indicators.drop(columns="indicator")
    with pytest.raises(SchemaError, match=r"plan.indicators: column indicator"):
        indicator_progress(plan, assessed(["Ⅲ"]))
