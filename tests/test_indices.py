import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoyang_geo import SchemaError, standards
from chaoyang_geo.indices import cwqi, cwqi_city, pollution_index, pollution_mean, trophic_index
from chaoyang_geo.schema import COLUMNS

NAN = float("nan")
SECTIONS = pd.DataFrame(
    {
        "section_code": ["R1", "R2", "L1", "X1"],
        "water_type": ["river", "river", "lake", None],
        "target_class": ["Ⅱ", "Ⅳ", "Ⅲ", None],
        "city": ["朝阳", "朝阳", "朝阳", "朝阳"],
    }
)
FIVE = ["ph", "do", "cod_mn", "nh3_n", "tp"]
LAKE = {"chl_a": 10.0, "tp": 0.05, "tn": 1.0, "transparency": 1.0, "cod_mn": 4.0}


def means(values, *, section="R1", period="2025-10-01", **columns):
    begin = pd.Timestamp(period)
    return pd.DataFrame(
        {
            "section_code": section,
            "period": begin,
            "period_end": begin + pd.DateOffset(months=1),
            "item": list(values),
            "mean": [float(value) for value in values.values()],
            **columns,
        }
    )


def one(item, value, *, section="R1", **options):
    return pollution_index(means({item: value}, section=section), SECTIONS, **options).iloc[0]


# --- the index of one item --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "value", "section", "expected"),
    [
        ("nh3_n", 1.5, "R1", 1.5),
        ("tp", 0.1, "R1", 0.5),
        ("tp", 0.1, "L1", 2.0),  # the lake's limit is 0.05
        ("do", 4.0, "R1", 1.25),  # 5 / 4
        ("ph", 7.0, "R1", 0.0),
        ("ph", 6.0, "R1", 1.0),
        ("ph", 9.0, "R1", 1.0),
        ("ph", 9.5, "R1", 1.25),
        ("ph", 5.5, "R1", 1.5),
    ],
)
def test_the_index_of_an_item_by_hand(item, value, section, expected):
    row = one(item, value, section=section)
    assert row["pollution_index"] == pytest.approx(expected)
    assert "单一来源" in row["index_rule"] and row["index_flag"] == ""


def test_against_another_class_and_the_target():
    assert one("nh3_n", 1.5, against="Ⅳ")["pollution_index"] == 1.0
    assert one("nh3_n", 1.5, against="target")["pollution_index"] == 3.0
    assert one("nh3_n", 1.5, section="R2", against="target")["pollution_index"] == 1.0
    row = one("nh3_n", 1.5, section="X1", against="target")
    assert math.isnan(row["pollution_index"]) and row["index_flag"] == "断面没有目标类别"


@pytest.mark.parametrize(
    ("item", "value", "section", "flag"),
    [
        ("tp", 0.1, "X1", "水体类型未登记，限值不能确定"),
        ("tn", 1.0, "R1", "标准没有该项在此水体类型和类别的限值"),
        ("conductivity", 1.0, "R1", "标准没有该项在此水体类型和类别的限值"),
        ("tp", NAN, "R1", "没有均值"),
        ("tp", -0.1, "R1", "数值为负"),
        ("do", 0.0, "R1", "溶解氧为0，指数无上界"),
    ],
)
def test_no_index_says_why(item, value, section, flag):
    row = one(item, value, section=section)
    assert math.isnan(row["pollution_index"]) and row["index_flag"] == flag
    assert row["index_rule"] == ""


def test_units_convert_or_are_refused():
    frame = means({"tp": 100.0, "cod": 10.0}, unit=["μg/L", "m"])
    result = pollution_index(frame, SECTIONS)
    assert result["pollution_index"].tolist()[0] == pytest.approx(0.5)
    assert result["index_flag"].tolist() == ["", "单位不能换算为限值的单位"]


def test_the_form_of_1993_uses_saturation():
    # 20 degrees: F = 468 / 51.6 = 9.0698; class Ⅲ: S = 5
    frame = means({"do": 6.0, "water_temp": 20.0})
    row = pollution_index(frame, SECTIONS, do_form="hj1993").iloc[0]
    full = 468 / 51.6
    assert row["pollution_index"] == pytest.approx((full - 6) / (full - 5))
    assert "未核实" in row["index_rule"]
    poor = pollution_index(means({"do": 4.0, "water_temp": 20.0}), SECTIONS, do_form="hj1993")
    assert poor["pollution_index"].iloc[0] == pytest.approx(10 - 9 * 4 / 5)
    lacking = pollution_index(means({"do": 6.0}), SECTIONS, do_form="hj1993").iloc[0]
    assert math.isnan(lacking["pollution_index"]) and "水温" in lacking["index_flag"]


def test_rows_stay_and_the_input_is_not_changed():
    frame = means({"tp": 0.1, "ph": 8.0, "do": 7.0})
    frame.index = [7, 3, 3]
    before = frame.copy()
    result = pollution_index(frame.astype({"item": "category"}), SECTIONS)
    pd.testing.assert_frame_equal(frame, before)
    assert result.index.tolist() == [7, 3, 3] and result["mean"].tolist() == [0.1, 8.0, 7.0]


def table(rows):
    """Return a table of means of pairs of item and value, each in a month of its own."""
    months = pd.date_range("2000-01-01", periods=len(rows), freq="MS")
    return pd.concat(
        [means({item: value}, period=m) for (item, value), m in zip(rows, months, strict=True)],
        ignore_index=True,
    )


@settings(max_examples=20)
@given(st.lists(st.tuples(st.floats(0.001, 50), st.floats(1.01, 5)), min_size=1, max_size=10))
def test_worse_water_never_has_a_smaller_index(pairs):
    items = ("cod_mn", "nh3_n", "tp", "hg", "do")
    rows = [(item, value * by) for item in items for value, f in pairs for by in (1, f)]
    index = pollution_index(table(rows), SECTIONS)["pollution_index"].to_numpy().reshape(-1, 2)
    less_oxygen = np.arange(len(index)) >= 4 * len(pairs)
    assert ((index[:, 1] > index[:, 0]) != less_oxygen).all()
    assert (index[:, 1] != index[:, 0]).all()


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from(FIVE), st.floats(0.01, 20)), min_size=1, max_size=20))
def test_above_one_is_beyond_the_limit(rows):
    from chaoyang_geo import classify_items

    index = pollution_index(table(rows), SECTIONS)["pollution_index"]
    found = classify_items(pd.DataFrame(rows, columns=["item", "value"]))
    assert ((index > 1).to_numpy() == (found["item_class"] > "Ⅲ").to_numpy()).all()


def test_options_are_checked():
    for wrong in ({"against": "劣Ⅴ"}, {"do_form": "x"}, {"water_type": "sea"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            one("tp", 0.1, **wrong)
    with pytest.raises(ValueError, match="sections"):
        pollution_index(means({"tp": 0.1}), against="target")
    with pytest.raises(SchemaError, match="water_type 'sea'"):
        pollution_index(means({"tp": 0.1}), SECTIONS.assign(water_type="sea"))


# --- the mean of several ----------------------------------------------------------------------


def test_the_comprehensive_index_is_a_plain_mean():
    frame = means({"cod": 10.0, "nh3_n": 1.5, "do": 5.0})  # 0.5, 1.5, 1.0
    row = pollution_mean(frame, SECTIONS, items=["cod", "nh3_n", "do"]).iloc[0]
    assert row["pollution_mean"] == pytest.approx(1.0)
    assert (row["largest_item"], row["largest_index"]) == ("nh3_n", 1.5)
    assert "未见条文" in row["index_rule"] and "未见条文" in row["why_zh"]


def test_a_missing_item_is_no_partial_mean():
    row = pollution_mean(means({"cod": 10.0}), SECTIONS, items=["cod", "bod5"]).iloc[0]
    assert math.isnan(row["pollution_mean"]) and row["items_missing"] == "bod5"
    assert row["n_items"] == 1 and "五日生化需氧量" in row["why_zh"]
    for items in ("cod", [], ["codd"]):
        with pytest.raises(ValueError, match="items"):
            pollution_mean(means({"cod": 10.0}), SECTIONS, items=items)


# --- CWQI -------------------------------------------------------------------------------------


def whole():
    """All 21 items at half their limit of class Ⅲ, DO at twice, pH 8."""
    limits = standards.limits()
    limits = limits[limits["in_class"] & limits["water_type"].isin(["all", "river"])]
    values = {}
    for row in limits.itertuples():
        if row.item not in ("ph", "do"):
            values[row.item] = row.class_3 / 2
    return {**values, "ph": 8.0, "do": 10.0}


def test_cwqi_of_21_items_by_hand():
    row = cwqi(means(whole()), SECTIONS, total="sum").iloc[0]
    assert row["cwqi"] == pytest.approx(21 * 0.5)
    assert row["n_items"] == 21 and row["items_missing"] == "" and row["index_flag"] == ""
    assert row["index_rule"] == "单项指数（单一来源）；求和（未核实）"


def test_cwqi_is_never_partial_and_its_sum_must_be_named():
    values = whole()
    del values["hg"]
    row = cwqi(means(values), SECTIONS, total="sum").iloc[0]
    assert math.isnan(row["cwqi"]) and row["items_missing"] == "hg"
    with pytest.raises(TypeError):
        cwqi(means(values), SECTIONS)
    with pytest.raises(ValueError, match="total"):
        cwqi(means(values), SECTIONS, total="mean")


def test_cwqi_of_other_items_says_so_and_needs_the_water_type():
    row = cwqi(means({"tp": 0.2}), SECTIONS, total="sum", items=["tp"]).iloc[0]
    assert row["cwqi"] == 1.0 and "不能与21项的CWQI比较" in row["index_flag"]
    row = cwqi(means({"tp": 0.2}, section="X1"), SECTIONS, total="sum", items=["tp"]).iloc[0]
    assert math.isnan(row["cwqi"]) and "水体类型未登记" in row["index_flag"]


def city(frame, average="concentrations", **options):
    options = {"total": "sum", "average": average, "weighting": "counts", **options}
    return cwqi_city(frame, SECTIONS, **options).iloc[0]


def test_the_city_weights_rivers_and_lakes_by_number():
    frame = pd.concat(
        [
            means({"nh3_n": 1.0}, section="R1"),
            means({"nh3_n": 3.0}, section="R2"),
            means({"nh3_n": 0.5}, section="L1"),
            means({"nh3_n": 9.0}, section="X1"),
        ]
    )
    row = city(frame, items=["nh3_n"])
    assert (row["cwqi_river"], row["cwqi_lake"]) == (2.0, 0.5)
    assert row["cwqi"] == pytest.approx((2 * 2.0 + 0.5) / 3)
    assert (row["n_river"], row["n_lake"], row["n_left_out"]) == (2, 1, 1)
    assert row["index_rule"].count("未核实") == 3 and "没有登记水体类型" in row["index_flag"]
    by_city = city(frame, items=["nh3_n"], by=["city"])
    assert by_city["city"] == "朝阳" and by_city["cwqi"] == row["cwqi"]


def test_averaging_concentrations_or_indices_differs_by_oxygen_and_ph():
    frame = pd.concat(
        [
            means({"do": 5.0, "ph": 7.0}, section="R1"),
            means({"do": 10.0, "ph": 8.0}, section="R2"),
        ]
    )
    by_concentration = city(frame, items=["do"])
    assert by_concentration["cwqi"] == pytest.approx(5 / 7.5)
    assert city(frame, "indices", items=["do"])["cwqi"] == pytest.approx(0.75)
    # pH over sections through the hydrogen ion: 7.2596
    acid = -math.log10((10**-7 + 10**-8) / 2)
    assert city(frame, items=["ph"])["cwqi"] == pytest.approx((acid - 7) / 2)


def test_a_section_without_an_item_is_counted_or_left_out():
    frame = pd.concat(
        [
            means({"nh3_n": 1.0, "tp": 0.2}, section="R1"),
            means({"nh3_n": 3.0}, section="R2"),
        ]
    )
    row = city(frame, items=["nh3_n", "tp"])
    assert row["cwqi"] == pytest.approx(3.0) and "总磷只有1/2个断面有均值" in row["index_flag"]
    row = city(frame, "indices", items=["nh3_n", "tp"])
    assert row["cwqi"] == pytest.approx(2.0) and row["n_left_out"] == 1 and row["n_river"] == 1
    none = city(frame, items=["nh3_n", "tp", "cod"])
    assert math.isnan(none["cwqi"]) and none["items_missing"] == "cod"


def test_a_lake_without_an_index_leaves_the_city_without_one():
    frame = pd.concat([means({"tp": 0.2}), means({"nh3_n": 1.0}, section="L1")])
    row = city(frame, items=["tp"])
    assert math.isnan(row["cwqi"]) and row["cwqi_river"] == 1.0 and row["items_missing"] == "tp"


# --- trophic state ----------------------------------------------------------------------------


def lake(values, section="L1", **columns):
    return means(values, section=section, **columns)


def test_the_trophic_index_by_hand():
    row = trophic_index(lake(LAKE), SECTIONS).iloc[0]
    # 10 x (2.5 + 1.086 ln 10), ... with the weights of the rule
    parts = [50.0061, 45.7097, 54.53, 51.18, 37.9792]
    weights = [0.266255, 0.187869, 0.17903, 0.183423, 0.183423]
    found = [row[f"tli_{item}"] for item in LAKE]
    assert found == pytest.approx(parts, abs=0.001)
    assert row["tli"] == pytest.approx(np.dot(parts, weights), abs=0.001)
    assert (row["trophic_state"], row["trophic_state_en"]) == ("中营养", "mesotrophic")
    assert row["index_flag"] == "" and "已核实" in row["index_rule"]


def test_all_units_of_the_same_water_give_the_same_index():
    base = trophic_index(lake(LAKE), SECTIONS).iloc[0]["tli"]
    units = {"chl_a": "mg/L", "tp": "μg/L", "tn": "μg/L", "transparency": "cm", "cod_mn": "mg/L"}
    factors = {"chl_a": 0.001, "tp": 1000, "tn": 1000, "transparency": 100, "cod_mn": 1}
    frame = lake({item: LAKE[item] * factors[item] for item in LAKE}, unit=list(units.values()))
    assert trophic_index(frame, SECTIONS).iloc[0]["tli"] == pytest.approx(base)
    for unit in ("μg/L", "mg/m3"):
        frame = lake(LAKE, unit=[unit, "mg/L", "mg/L", "m", "mg/L"])
        assert trophic_index(frame, SECTIONS).iloc[0]["tli"] == pytest.approx(base)


@pytest.mark.parametrize("item", LAKE)
def test_a_missing_component_is_a_missing_index(item):
    values = {name: value for name, value in LAKE.items() if name != item}
    row = trophic_index(lake(values), SECTIONS).iloc[0]
    assert math.isnan(row["tli"]) and row["items_missing"] == item
    assert row["trophic_state"] == "" and "指数不能计算" in row["index_flag"]


def test_rivers_zeros_and_strange_units_have_none():
    river = trophic_index(lake(LAKE, section="R1"), SECTIONS).iloc[0]
    assert math.isnan(river["tli"]) and river["index_flag"] == "河流断面不评营养状态"
    assert math.isnan(river["tli_tp"]) and "only lakes" in river["why_en"]
    unknown = trophic_index(lake(LAKE, section="X1"), SECTIONS).iloc[0]
    assert "水体类型未登记" in unknown["index_flag"]
    zero = trophic_index(lake({**LAKE, "chl_a": 0.0}), SECTIONS).iloc[0]
    assert "没有对数" in zero["index_flag"] and zero["items_missing"] == "chl_a"
    strange = lake(LAKE, unit=["m", "mg/L", "mg/L", "m", "mg/L"])
    assert "单位不能换算" in trophic_index(strange, SECTIONS).iloc[0]["index_flag"]


def with_index(target):
    """A lake whose index is exactly this: chlorophyll-a carries what the others leave."""
    parameters = standards.tli_parameters().set_index("item")
    others = trophic_index(lake(LAKE), SECTIONS).iloc[0]
    rest = sum(
        others[f"tli_{item}"] * parameters.loc[item, "weight"] for item in LAKE if item != "chl_a"
    )
    wanted = (target - rest) / parameters.loc["chl_a", "weight"]
    a, b = parameters.loc["chl_a", ["a", "b"]]
    return lake({**LAKE, "chl_a": math.exp((wanted / 10 - a) / b)})


@pytest.mark.parametrize(
    ("bound", "remembered", "upper"),
    [
        (30, "中营养", "中营养"),
        (50, "中营养", "轻度富营养"),
        (60, "轻度富营养", "中度富营养"),
        (70, "中度富营养", "重度富营养"),
    ],
)
def test_on_a_bound_the_state_must_be_asked_for(bound, remembered, upper):
    frame = with_index(bound)
    row = trophic_index(frame, SECTIONS).iloc[0]
    assert row["tli"] == pytest.approx(bound) and row["trophic_state"] == ""
    assert "界值归属未核实" in row["index_flag"]
    for edge, expected in (("remembered", remembered), ("upper", upper)):
        row = trophic_index(frame, SECTIONS, edge=edge).iloc[0]
        assert row["trophic_state"] == expected and "未核实" in row["index_rule"]


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (29.9, "贫营养"),
        (30.1, "中营养"),
        (50.1, "轻度富营养"),
        (69.8, "中度富营养"),
        (71, "重度富营养"),
    ],
)
def test_off_the_bounds_every_edge_gives_the_same_state(value, state):
    for edge in (None, "remembered", "upper"):
        row = trophic_index(with_index(value), SECTIONS, edge=edge).iloc[0]
        assert row["trophic_state"] == state and "未核实" not in row["index_rule"]
    near = trophic_index(with_index(50.04), SECTIONS).iloc[0]
    assert near["trophic_state"] == "轻度富营养" and "一位小数" in near["index_flag"]


@settings(max_examples=20)
@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=8))
def test_more_of_anything_but_transparency_is_richer(factors):
    changes = [("tp", 1.0), *((item, factor) for item in LAKE for factor in factors)]
    months = pd.date_range("2000-01-01", periods=len(changes), freq="MS")
    waters = [
        lake({**LAKE, item: LAKE[item] * factor}, period=month)
        for (item, factor), month in zip(changes, months, strict=True)
    ]
    found = trophic_index(pd.concat(waters, ignore_index=True), SECTIONS)
    tli = found.sort_values("period")["tli"].to_numpy()
    assert len(tli) == len(changes)
    for (item, factor), other in zip(changes[1:], tli[1:], strict=True):
        grows = (other - tli[0]) * (-1 if item == "transparency" else 1)
        assert np.sign(round(grows, 9)) == np.sign(round(math.log(factor), 9))


# --- all of them ------------------------------------------------------------------------------


def test_empty_tables_keep_columns_and_dtypes():
    frame = lake(LAKE)
    for run in (
        lambda table: pollution_index(table, SECTIONS),
        lambda table: pollution_mean(table, SECTIONS, items=["tp"]),
        lambda table: cwqi(table, SECTIONS, total="sum", items=["tp"]),
        lambda table: cwqi_city(
            table, SECTIONS, total="sum", average="indices", weighting="counts", items=["tp"]
        ),
        lambda table: cwqi_city(
            table, SECTIONS, total="sum", average="concentrations", weighting="counts", items=["tp"]
        ),
        lambda table: trophic_index(table, SECTIONS),
    ):
        full, empty = run(frame), run(frame[:0])
        assert len(empty) == 0
        assert empty.dtypes.to_dict() == full.dtypes.to_dict()
        assert set(full.columns) <= {*COLUMNS, "mean", "city"}


def test_an_item_twice_is_an_error():
    frame = pd.concat([means({"tp": 0.1}), means({"tp": 0.2})], ignore_index=True)
    with pytest.raises(SchemaError, match="row 2 repeats section_code R1, item tp"):
        cwqi(frame, SECTIONS, total="sum", items=["tp"])
