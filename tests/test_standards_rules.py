"""The rules as data: decimals, critical values, shares, trophic index, sets of items."""

import json
import math
import re
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chaoyang_geo import standards

FACTS = Path(__file__).resolve().parents[2] / "shared" / "standards"
with_facts = pytest.mark.skipif(
    not FACTS.is_dir(), reason="the tables of facts are not on this machine"
)


def facts(name):
    path = FACTS / name
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))
    return pd.read_csv(path, dtype=str, keep_default_na=False)


STATUS_OF_LABEL = {"V2": "verified", "V1": "single source", "V0": "unverified"}


# rules


def test_every_rule_says_what_where_from_and_how_far_checked():
    table = standards.rules()
    assert table["rule"].is_unique
    assert set(table["status"]) == set(standards.STATUSES)
    for column in ("rule", "status", "rule_zh", "rule_en"):
        assert (table[column] != "").all()
    without_source = table[table["source"] == ""]
    assert set(without_source["status"]) == {"not found"}
    assert (table["source"] == "").equals(table["source_en"] == "")


def test_rules_can_be_asked_for():
    assert set(standards.rules(status="not found")["rule"]) == {
        "upstream_downstream", "day_month_validity", "stable", "pollution_mean",
    }  # fmt: skip
    assert {"river_lt5", "river_ge5", "river_ge5_edge"} <= set(
        standards.rules(used_by="rate_basin")["rule"]
    )
    assert standards.rules(used_by="nobody").empty
    assert list(standards.rules(used_by="nobody")) == list(standards.rules())
    with pytest.raises(ValueError, match="status='sure' is not an option"):
        standards.rules(status="sure")


def test_the_functions_that_follow_a_rule_exist():
    package = Path(standards.__file__).parents[1]
    sources = [path.read_text(encoding="utf-8") for path in package.rglob("*.py")]
    known = set(re.findall(r"^def (\w+)", "\n".join(sources), flags=re.MULTILINE))
    for row in standards.rules().itertuples():
        assert set(row.used_by.split(";")) - {""} <= known, row.rule


def test_the_status_of_a_rule():
    assert standards.rule_status("single_factor") == "verified"
    assert standards.rule_status("quarter_year", lang="zh") == "未核实"
    assert standards.rule_status("stable", lang="zh") == "未见条文"
    with pytest.raises(ValueError, match="rule='no_such' is not an option"):
        standards.rule_status("no_such")


@with_facts
@pytest.mark.parametrize("name", ["eval_rules_22.json", "stat_rules_82.json"])
def test_no_rule_claims_more_than_its_facts(name):
    rank = list(standards.STATUSES).index
    for fact in facts(name)["rules"]:
        label = fact["v"]
        status = standards.rule_status(fact["id"])
        if label in STATUS_OF_LABEL:
            assert status == STATUS_OF_LABEL[label], fact["id"]
        elif label in standards.STATUSES:
            assert status == label, fact["id"]
        else:  # several labels in words: no better than the best of them
            best = min(rank(STATUS_OF_LABEL[v]) for v in STATUS_OF_LABEL if v in label)
            assert rank(status) >= best, fact["id"]


@with_facts
def test_rules_with_several_labels_are_several_rules():
    assert standards.rule_status("auto_first") == "verified"
    assert standards.rule_status("auto_first_tn") == "single source"
    assert standards.rule_status("main_section") == "verified"
    assert standards.rule_status("main_section_order") == "single source"
    assert standards.rule_status("trend") == "verified"
    assert standards.rule_status("trend_use") == "unverified"


# decimals


@pytest.mark.parametrize(
    ("item", "evaluation", "hourly"),
    [("ph", 0, 2), ("do", 1, 2), ("nh3_n", 2, 3), ("tp", 3, 3), ("hg", 5, 6), ("bod5", 1, None)],
)
def test_decimals_on_paper(item, evaluation, hourly):
    assert standards.decimals()[item] == standards.decimals(item) == evaluation
    assert standards.decimals(item, kind="hourly") == hourly


def test_an_item_without_decimals_is_not_there():
    assert "so4" not in standards.decimals()
    assert standards.decimals("flow") is None
    with pytest.raises(ValueError, match="item='总磷' is not an option"):
        standards.decimals("总磷")
    with pytest.raises(ValueError, match="kind='daily' is not an option"):
        standards.decimals(kind="daily")


def test_decimals_can_tell_neighbouring_limits_apart():
    """Rounding must not move a limit: every limit has no more digits than its mean keeps."""
    places = standards.decimals()
    for row in standards.limits().itertuples():
        for column in standards.LIMIT_COLUMNS if row.item in places else ():
            limit = getattr(row, column)
            assert math.isnan(limit) or round(limit, places[row.item]) == limit, (row.item, limit)


@with_facts
def test_decimals_are_those_of_the_facts():
    table = facts("decimals_82.csv")
    assert len(table) == 34
    for fact in table.to_dict("records"):
        item = standards.find_item(fact["item"].replace("(m)", "").replace("(mg/m3)", ""))
        for kind in ("evaluation", "hourly"):
            text = fact[f"decimals_{kind}"]
            assert standards.decimals(item, kind=kind) == (int(text) if text else None)
    assert standards.rule_status("decimals") == "single source"


def test_decimals_are_for_the_usual_units():
    table = pd.read_csv(
        Path(standards.__file__).with_name("decimals.csv"), dtype=str, keep_default_na=False
    )
    units = standards.item_units()
    assert {row.item: row.unit for row in table.itertuples()} == {
        k: units[k] for k in table["item"]
    }


# critical values of rank correlation


@pytest.mark.parametrize("n", [5, 6, 7, 8])
@pytest.mark.parametrize(("column", "alpha"), [("critical_0_05", 0.05), ("critical_0_01", 0.01)])
def test_a_critical_value_is_the_least_that_chance_reaches_so_rarely(n, column, alpha):
    """Every order of n values is counted, and the formula needs no library."""
    orders = np.array(list(permutations(range(n))))
    squares = ((orders - np.arange(n)) ** 2).sum(axis=1)
    values, counts = np.unique(1 - 6 * squares / (n**3 - n), return_counts=True)
    share = counts[::-1].cumsum()[::-1] / len(orders)
    exact = values[share <= alpha].min()
    printed = standards.spearman_critical().set_index("n").loc[n, column]
    assert printed == round(exact, 3)


def test_critical_values_of_longer_series_are_near_those_of_student():
    stats = pytest.importorskip("scipy.stats", reason="scipy is an extra")
    table = standards.spearman_critical()
    table = table[table["n"] > 10]
    for column, alpha in (("critical_0_05", 0.05), ("critical_0_01", 0.01)):
        t = stats.t.isf(alpha, table["n"] - 2)
        near = t / np.sqrt(table["n"] - 2 + t**2)
        assert np.abs(near - table[column]).max() < 0.025


def test_critical_values_fall_with_n_and_rise_with_certainty():
    for source in ("common", "legacy"):
        table = standards.spearman_critical(source=source)
        assert table["n"].is_monotonic_increasing
        assert table["critical_0_05"].is_monotonic_decreasing
        assert (table["critical_0_01"] > table["critical_0_05"]).all()
    assert standards.spearman_critical()["n"].tolist() == list(range(5, 31))
    assert set(standards.spearman_critical(source="legacy")["status"]) == {"unverified"}
    with pytest.raises(ValueError, match="source='mine' is not an option"):
        standards.spearman_critical(source="mine")


@with_facts
def test_critical_values_are_those_of_the_facts():
    table = facts("spearman_critical.csv").apply(pd.to_numeric)
    common = standards.spearman_critical()
    assert common["critical_0_05"].tolist() == table["one_sided_0.05"].tolist()
    assert common["critical_0_01"].tolist() == table["one_sided_0.01"].tolist()
    old = table.dropna(subset=["legacy_CN_table_0.05_V0"])
    legacy = standards.spearman_critical(source="legacy")
    assert legacy["n"].tolist() == old["n"].tolist()
    assert legacy["critical_0_01"].tolist() == old["legacy_CN_table_0.01_V0"].tolist()


# trophic level index


def test_a_trophic_index_on_paper():
    """TP of 0.05 mg/L: 10 (9.436 + 1.624 ln 0.05) = 45.71."""
    tp = standards.tli_parameters().set_index("item").loc["tp"]
    assert 10 * (tp["a"] + tp["b"] * math.log(0.05)) == pytest.approx(45.7093, abs=1e-4)


def test_the_weights_are_the_squared_correlations_and_add_up():
    table = standards.tli_parameters()
    assert table["weight"].sum() == pytest.approx(1, abs=1e-12)
    assert table["r2"].tolist() == [1, 0.7056, 0.6724, 0.6889, 0.6889]
    units = standards.item_units()
    assert table["unit"].tolist() == [units[item] for item in table["item"]]
    assert tuple(table["item"]) == standards.item_set("trophic")


def test_the_trophic_states_cover_every_index_once():
    table = standards.tli_states()
    for index in [*np.arange(-5, 110, 0.5).tolist(), 30, 50, 60, 70]:
        inside = [
            (math.isnan(row.low) or index > row.low or (index == row.low and row.low_in))
            and (math.isnan(row.high) or index < row.high or (index == row.high and row.high_in))
            for row in table.itertuples()
        ]
        assert sum(inside) == 1, index
    assert set(table["edge_status"]) == {"unverified"}


@with_facts
def test_the_trophic_index_is_that_of_the_facts():
    fact = facts("tli.json")
    table = standards.tli_parameters().set_index("item")
    keys = dict(chla="chl_a", TP="tp", TN="tn", SD="transparency", CODMn="cod_mn")
    for name, item in keys.items():
        assert table.loc[item, ["a", "b"]].tolist() == fact["formula"][name]
        assert table.loc[item, "r"] == fact["r_with_chla"][name]
        assert table.loc[item, "weight"] == pytest.approx(fact["weights_exact"][name], abs=5e-7)
        assert round(table.loc[item, "weight"], 4) == fact["weights_published"][name]
    states = standards.tli_states()
    assert states["state"].tolist() == [name for name, _ in fact["classes"]]
    for row, (_, text) in zip(states.itertuples(), fact["classes"], strict=True):
        signs = {30: "30", 50: "50", 60: "60", 70: "70"}
        low = "" if math.isnan(row.low) else f"{signs[row.low]}<{'=' if row.low_in else ''}"
        high = "" if math.isnan(row.high) else f"<{'=' if row.high_in else ''}{signs[row.high]}"
        assert text == (f"{low}TLI{high}" if high else f"TLI>{signs[row.low]}")


# state of a river


STATES = list(standards.river_states().itertuples())


def first_state(good, worse):
    for row in STATES:
        asked = [
            math.isnan(row.share_1_3_min) or good >= row.share_1_3_min,
            math.isnan(row.share_1_3_below) or good < row.share_1_3_below,
            math.isnan(row.share_worse_5_min) or worse >= row.share_worse_5_min,
            math.isnan(row.share_worse_5_below) or worse < row.share_worse_5_below,
        ]
        if all(asked):
            return row.state
    return None


@pytest.mark.parametrize(
    ("good", "worse", "state"),
    [
        (0.9, 0.1, "优"),
        (0.89, 0.11, "良好"),
        (0.75, 0.25, "良好"),
        (0.74, 0.19, "轻度污染"),
        (0.6, 0.2, "中度污染"),
        (0.5, 0.39, "中度污染"),
        (0.59, 0.4, "重度污染"),
        (0.6, 0.4, None),  # the edge that no row meets
    ],
)
def test_the_state_of_a_river_on_paper(good, worse, state):
    assert first_state(good, worse) == state


def test_only_one_pair_of_shares_has_no_state():
    without = [
        (good, worse)
        for good in range(101)
        for worse in range(101 - good)
        if first_state(good / 100, worse / 100) is None
    ]
    assert without == [(60, 40)]


@with_facts
def test_the_states_are_those_of_the_facts():
    table = facts("eval_river_state.csv").replace("", "nan")
    own = standards.river_states()
    assert own["state"].tolist() == table["state_zh"].tolist()
    ours = ["share_1_3_min", "share_1_3_below", "share_worse_5_min", "share_worse_5_below"]
    theirs = [f"share_{name}" for name in
              ("I_III_min", "I_III_max_excl", "worseV_min", "worseV_max_excl")]  # fmt: skip
    np.testing.assert_array_equal(own[ours], table[theirs].astype(float))


# sets of items


def test_the_21_items_are_those_that_enter_the_class():
    limits = standards.limits()
    assert standards.item_set("21") == tuple(dict.fromkeys(limits.loc[limits["in_class"], "item"]))
    assert len(standards.item_set("21")) == 21


def test_the_named_sets_nest():
    assert set(standards.item_set("5")) <= set(standards.item_set("9"))
    assert set(standards.item_set("5")) <= set(standards.item_set("21"))
    assert len(standards.item_set("9")) == 9
    assert set(standards.item_set("9_lake")) - set(standards.item_set("9")) == {
        "chl_a",
        "transparency",
    }
    assert standards.item_set("drinking") == tuple(standards.limits("gb3838_table2")["item"])
    known = set(standards.item_names())
    assert all(set(items) <= known for items in standards.ITEM_SETS.values())
    assert standards.item_set("5") == standards.CORE_ITEMS


@with_facts
def test_the_nine_are_the_columns_of_the_platform():
    columns = facts("platform_columns.csv")["column"].tolist()
    found = [standards.find_item(column) for column in columns]
    assert tuple(item for item in found if item)[:9] == standards.item_set("9")


def test_the_caller_names_a_set():
    assert standards.item_set(("总磷", "NH3-N")) == ("tp", "nh3_n")
    assert standards.item_set(name for name in ["do"]) == ("do",)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ("22", "items='22' is not an option; use one of: '21', '5'"),
        (["tp", "魔法"], "'魔法' is no known item"),
        (["tp", "总磷"], "'总磷' \\(tp\\) is there twice"),
        ([], "items is empty"),
    ],
)
def test_a_set_that_cannot_be_is_refused(items, message):
    with pytest.raises(ValueError, match=message):
        standards.item_set(items)


def test_cyanide_and_metals_come_first_and_selenium_does_not():
    assert set(standards.PRIORITY_ITEMS) == {"cn", "cu", "zn", "as", "hg", "cd", "cr6", "pb"}
    assert set(standards.PRIORITY_ITEMS) <= set(standards.item_set("21"))
    assert standards.rule_status("main_priority_items") == "derived"
