"""What laboratories write becomes a value with its state, and nothing is invented."""

import math
import re
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoyang_geo.readings import values
from chaoyang_geo.readings.fold import fold
from chaoyang_geo.readings.substitute import POLICIES, substitute
from chaoyang_geo.readings.values import STATES, _parse, parse_values

NUMBERS = """
0.12 = 0.12 | -0.5 = -0.5 | +3 = 3 | 5. = 5 | .5 = 0.5 | 007 = 7 | １．２ = 1.2 | 1．2 = 1.2 | －0.5 = -0.5
−0.5 = -0.5 | –0.5 = -0.5 | 1e5 = 1e5 | 1.2E-3 = 0.0012 | 1.2Ｅ－3 = 0.0012 | 1.2×10-3 = 0.0012
1.2×10^4 = 12000 | 1.2×10⁴ = 12000 | 1.2×10⁻³ = 0.0012 | 1.2x10^4 = 12000 | 1.2*10^-3 = 0.0012
1.2 × 10^(-3) = 0.0012 | 10^4 = 10000 | 10⁴ = 10000 | 1,234.5 = 1234.5 | 1,234,567 = 1234567
1，234.5 = 1234.5
1,234 = 1234 ! 逗号按千分位 | 0. 12 = 0.12 ! 空格 | 0 .12 = 0.12 ! 空格 | 0。12 = 0.12 ! 小数点
0.12* = 0.12 ! 附注“*”
0.12＊ = 0.12 ! 附注“*” | *0.12 = 0.12 ! 附注 | 0.12(复测) = 0.12 ! 附注“复测”
0.12（复测） = 0.12 ! 附注“复测”
0.12 复测 = 0.12 ! 附注“复测”
0.12［复测］ = 0.12 ! 附注“复测” | 0.12① = 0.12 ! 附注“①” | 0.5(某某原因) = 0.5 ! 附注“某某原因”
8.1（自动） = 8.1 ! 自动
0.5 偏高 = 0.5 ! 偏高 | 50μg/L = 50 ! 单位μg/L | 50 ug/L = 50 ! 单位ug/L | 0.05 mg/L = 0.05 ! 单位mg/L
26.5℃ = 26.5 ! ℃
95% = 95 ! % | 12m = 12 ! 单位m | 20MPN/100mL = 20 ! 单位MPN/100mL | 5L/s = 5 ! 单位L/s
'0.12 = 0.12 | ="0.12" = 0.12 | <b>0.5</b> = 0.5 | <span title='原始值：0.0434'>0.043</span> = 0.0434
<span title="原始值：-1.5">-1.5</span> = -1.5
<span title='超标'>0.5</span> = 0.5 ! 附注“超标” | 1.2×10<sup>4</sup> = 12000
"""

BELOW = """
0.025L = 0.025 | 0.0003 L = 0.0003 | 0.025l = 0.025 | ０.０２５Ｌ = 0.025 | <0.025 = 0.025
＜0.025 = 0.025 | < 0.025 = 0.025
≤0.02 = 0.02 | ≦0.02 = 0.02 | <=0.02 = 0.02 | <0.025L = 0.025 | 0.025(L) = 0.025 | ND(0.025) = 0.025
nd（0.025） = 0.025
ND0.025 = 0.025 | ND<0.025 = 0.025 | 0.05ND = 0.05 | DL0.01 = 0.01 | <DL(0.01) = 0.01 | 未检出(0.025) = 0.025
未检出（0.025L） = 0.025 | 未检出(<0.025) = 0.025 | 未检出，检出限为0.025mg/L = 0.025 | 0.025(未检出) = 0.025
低于检出限0.01 = 0.01 | 小于0.01 = 0.01 | 低于0.01 = 0.01 | 检出限：0.025 = 0.025 | 0.025 L mg/L = 0.025
0.025Lmg/L = 0.025
<20MPN/100mL = 20 | <1.0×10^2 = 100 | 0.025L* = 0.025
<span title='原始值：0.025L'>0.025L</span> = 0.025 | 0.01L(复测) = 0.01
ND = nan | N.D. = nan | 未检出 = nan | 未检出* = nan | 低于检出限 = nan | 检出限以下 = nan | <DL = nan
BDL = nan
not detected = nan | 0L = nan | &lt;0.025 = 0.025 | '0.025L = 0.025
"""

ABOVE = """
>24000 = 24000 | ＞24000 = 24000 | ≥24000 = 24000 | >=24000 = 24000 | 大于24000 = 24000 | 超过24000 = 24000
>24000MPN/L = 24000 | >2.4×10^4 = 24000 | 超量程 = nan | 多不可计 = nan
"""

GAPS = {
    "not_sampled": "-- | — | —— | － | - | - - | / | // | … | 未监测 | 未测 | 缺测 | 未采样 | 未采集 | 无数据 | N/A | "
    "NA | 停测 | "
    "本月未监测 | 因道路封闭未采样",
    "fault": "仪器故障 | 设备故障 | 停电 | 通讯故障 | 维护 | 设备故障维修中 | 0.5(仪器故障) | 站房停电",
    "qc_failed": "当天质控不合格 | 质控不合格 | 无效 | 数据无效 | 0.5（无效） | "
    "<span data-toggle='tooltip' title='当天质控不合格'>--</span>",
    "ice": "冰封 | 结冰 | 封冻 | 河面结冰 | 因冰封未采样 | 冰封0.3m",
    "dry": "断流 | 干涸 | 无水 | 河道断流 | 断流，未采样 | 断流/未监测",
    "blank": " | \u3000 |   | nan | None | null | \ufeff",
    "text": "0.1~0.2 | 0.1-0.2 | 0.1/0.2 | 0.1±0.02 | 0.1,0.2 | 0.1;0.2 | 0.1 0.2 | 12 34 | 1 234 | 1,2 | "
    "12,34 | 0,025 | 1,2345 | "
    "1.2.3 | 1.2×104 | 5² | 0.12¹ | 10<sup>4</sup>5 | 2024-03-05 | 0.12(0.13) | 约0.5 | ≈0.5 | 5万 | 5(万) | 5以下 | "
    "5左右 | 24000以上 | 3倍 | 0.05J | 0.05mg | 1e999 | 1e-999 | inf | -inf | 1_000 | 0x10 | ٣ | ² | "
    "½ | Ⅲ | 三 | abc | 正常 | L | "
    "无 | × | * | < | > | 0.1< | 0.1> | >0.1L | <0.1> | <-1 | 12(L | 12) | 断流3天 | 未断流 | 无断流 | "
    "故障已排除 | 无水质数据 | "
    "未检出超标 | 检出限 | 低于 | #DIV/0! | #VALUE! | 0.5ND0.1 | NaN mg/L | sand",
}


def table(text):
    for entry in re.split(r" \| |\n", text.strip()):
        written, rest = entry.rsplit(" = ", 1)
        number, _, flag = rest.partition(" ! ")
        yield written, float(number), flag


def one(text):
    parsed = parse_values([text])
    return {name: getattr(parsed, name)[0] for name in vars(parsed)}


@pytest.mark.parametrize(("text", "value", "flag"), list(table(NUMBERS)))
def test_a_number(text, value, flag):
    got = one(text)
    assert (got["state"], got["censored"], got["value"]) == ("number", "", value)
    assert math.isnan(got["detection_limit"])
    assert flag in got["flag"] and bool(flag) == bool(got["flag"])


@pytest.mark.parametrize(("text", "limit", "_"), list(table(BELOW)))
def test_below_detection(text, limit, _):
    got = one(text)
    assert (got["state"], got["censored"]) == ("below", "<")
    assert math.isnan(got["value"]) and got["flag"]
    np.testing.assert_equal(got["detection_limit"], limit)


@pytest.mark.parametrize(("text", "limit", "_"), list(table(ABOVE)))
def test_above_range(text, limit, _):
    got = one(text)
    assert (got["state"], got["censored"]) == ("above", ">")
    assert math.isnan(got["value"]) and got["flag"].startswith("高于量程")
    np.testing.assert_equal(got["detection_limit"], limit)


@pytest.mark.parametrize(
    ("state", "text"), [(s, t) for s, texts in GAPS.items() for t in texts.split(" | ")]
)
def test_gaps_and_text_are_told_apart_and_flagged(state, text):
    got = one(text)
    assert (got["state"], got["censored"]) == (state, "")
    assert math.isnan(got["value"]) and math.isnan(got["detection_limit"])
    assert got["flag"]


def test_the_unit_of_a_cell_is_handed_on():
    assert parse_values(["50μg/L", "0.05", "<20 MPN/100mL"]).unit.tolist() == [
        "μg/L",
        "",
        "MPN/100mL",
    ]


def test_empty_in_empty_out():
    parsed = parse_values([])
    assert parsed.value.dtype == "float64" and len(parsed.value) == len(parsed.state) == 0


def test_a_long_text_is_prose_and_comes_back_at_once():
    for text in (
        "1" * 5000 + "L",
        "(" * 5000,
        "<span " * 5000,
        "0.1" + " " * 5000 + "L",
        "1," * 3000,
    ):
        assert one(text)["state"] in ("text", "below")


PIECES = st.sampled_from(
    [
        *"0.025 12 1.5 7 0 L l < > ≤ ≥ ND 未检出 检出限 DL ( ) （ ） * ＊ ① ² 复测 断流 冰封 无效".split(),
        *"- -- ~ / , ， . 。 × x 10 ^ e E mg/L μg/L % ℃ MPN/100mL 约 万 未 无 7.7777".split(),
        *(
            "<b>",
            "</b>",
            "<sup>",
            "</sup>",
            "<span title='原始值：5'>",
            "</span>",
            " ",
            "\u3000",
            "\n",
        ),
    ]
)
TEXTS = st.text(max_size=25) | st.lists(PIECES, max_size=8).map("".join)


@given(TEXTS)
def test_no_number_is_invented(text):
    got = one(text)
    assert got["state"] in STATES
    assert (got["state"] == "number") == (not math.isnan(got["value"]))
    assert got["censored"] == {"below": "<", "above": ">"}.get(got["state"], "")
    assert got["flag"] or got["state"] == "number"
    for number in (got["value"], got["detection_limit"]):
        if math.isnan(number):
            continue
        # the digits of the number, in their order and side by side, are in the text
        digits = re.sub("[^0-9]", "", np.format_float_positional(abs(number), trim="-")).strip("0")
        assert digits in re.sub("[^0-9]", "", fold(text)) or (digits == "1" and "10^" in fold(text))
        assert number == 0 or digits


@given(st.lists(TEXTS, min_size=1, max_size=30), st.integers(1, 40))
def test_one_text_means_the_same_alone_and_among_others(texts, times):
    together = parse_values(texts * times)
    for i, text in enumerate(texts):
        alone = _parse(text)
        for name, expected in zip(
            ("value", "state", "censored", "detection_limit", "flag", "unit"), alone, strict=True
        ):
            np.testing.assert_equal(getattr(together, name)[i], expected)


@given(
    st.floats(-1e9, 1e9),
    st.sampled_from(["{}", " {} ", "{}*", "{}(复测)", "<b>{}</b>", "{:.6E}", "{:.3f}"]),
)
def test_a_number_survives_being_written(number, form):
    text = form.format(number)
    written = float(re.search(r"-?[0-9.]+(?:[eE][-+]?[0-9]+)?", text)[0])
    assert one(text)["value"] == written


@given(
    st.floats(1e-9, 1e6),
    st.sampled_from(["{}L", "<{}", "ND({})", "未检出({})", "≤{}", "{} L", "低于检出限{}"]),
)
def test_a_limit_survives_being_written(limit, form):
    got = one(form.format(limit))
    assert (got["state"], got["detection_limit"]) == ("below", limit)


@given(st.floats(0.001, 1e6))
def test_full_width_and_half_width_are_one(number):
    text = f"{number:.6f}L"
    wide = text.translate({code: code + 0xFEE0 for code in range(33, 127)})
    assert one(wide)["detection_limit"] == one(text)["detection_limit"]


def censored(**columns):
    frame = {
        "item": ["tp", "tp", "tp", "fecal_coliform", "nh3_n"],
        "value": [0.1, None, None, None, None],
        "unit": ["mg/L", "mg/L", "mg/L", "个/L", "mg/L"],
        "censored": ["", "<", "<", ">", ""],
        "detection_limit": [None, 0.01, None, 24000, None],
        "state": ["number", "below", "below", "above", "dry"],
        "reading_flag": ["", "低于检出限0.01", "未检出", "高于量程24000", "断流"],
    }
    return pd.DataFrame(frame | columns)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("half_limit", 0.005),
        ("limit", 0.01),
        ("zero", 0.0),
        ("sqrt2", 0.01 / math.sqrt(2)),
        ("drop", None),
    ],
)
def test_a_substitute_is_recorded_beside_its_value(policy, expected):
    readings = censored()
    before = readings.copy()
    result = substitute(readings, policy=policy)
    pd.testing.assert_frame_equal(readings, before)
    assert len(result) == len(readings) and result.index.equals(readings.index)
    np.testing.assert_allclose(
        result["value"],
        [0.1, np.nan if expected is None else expected, np.nan, np.nan, np.nan],
        rtol=1e-15,
    )
    marks = ["", policy, policy if policy == "drop" else "", "", ""]
    assert result["substituted"].tolist() == marks
    assert result["state"].tolist() == before["state"].tolist()
    assert result["reading_flag"][1].startswith("低于检出限0.01；低于检出限，按")
    assert result["reading_flag"][4] == "断流"


def test_a_non_detect_without_a_limit_gets_no_number():
    result = substitute(censored())
    assert math.isnan(result["value"][2])
    assert result["reading_flag"][2] == "未检出；未注明检出限，无从替代"


@pytest.mark.parametrize("dtype", ["object", "str", "category"])
def test_plain_text_and_categories_give_the_same(dtype):
    columns = ["item", "unit", "censored", "reading_flag"]
    readings = censored().astype(dict.fromkeys(columns, dtype))
    expected = substitute(censored())
    result = substitute(readings)
    for name in ("value", "substituted", "limit_doubt", "reading_flag"):
        assert result[name].equals(expected[name]), name


def test_a_limit_above_the_class_limit_cannot_decide_and_never_gives_class_1():
    from chaoyang_geo import classify_items

    readings = pd.DataFrame(
        {
            "item": ["tp", "tp", "hg", "nh3_n", "tp", "cod"],
            "value": np.nan,
            "unit": ["mg/L", "mg/L", "mg/L", "mg/L", "μg/L", "mg/L"],
            "censored": "<",
            "detection_limit": [0.01, 0.05, 0.001, 3.0, 50, 15],
        }
    )
    result = substitute(readings)
    assert result["limit_doubt"].tolist() == [
        "",
        "检出限0.05高于Ⅰ类限值0.02，不能判定是否达到Ⅰ类",
        "检出限0.001高于Ⅲ类限值0.0001，不能判定是否达到Ⅰ至Ⅲ类",
        "检出限3高于Ⅴ类限值2，不能判定是否达到Ⅰ至Ⅴ类",
        "",  # another unit is not compared
        "",  # on the limit is within it
    ]
    doubtful = (result["limit_doubt"] != "").to_numpy()
    assert not (classify_items(result)["item_class"].to_numpy()[doubtful] == "Ⅰ").any()


def test_lake_limits_are_stricter():
    readings = pd.DataFrame(
        {"item": ["tp"], "value": [None], "censored": ["<"], "detection_limit": [0.015]}
    )
    assert substitute(readings)["limit_doubt"][0] == ""
    assert "Ⅰ类限值0.01" in substitute(readings, water_type="lake")["limit_doubt"][0]
    by_row = readings.assign(water_type="lake")
    assert "Ⅰ类限值0.01" in substitute(by_row)["limit_doubt"][0]


def test_nothing_to_substitute_and_unknown_policies():
    empty = substitute(censored().iloc[:0])
    assert empty["substituted"].tolist() == [] and "limit_doubt" in empty
    with pytest.raises(
        ValueError, match="policy='third' is not an option; use one of: 'half_limit'"
    ):
        substitute(censored(), policy="third")
    assert next(iter(POLICIES)) == "half_limit"


@pytest.mark.parametrize(
    ("text", "value", "flag"),
    [
        ("1.2×10^4", 12_000, ""),
        ("1.2×10⁴", 12_000, ""),
        ("-3E-2", -0.03, ""),
        ("12,000", 12_000, "逗号按千分位"),
        ("1,200,000", 1_200_000, ""),
        ("1,200.5", 1200.5, ""),
        ("0.12①", 0.12, "附注“①”"),
    ],
)
def test_the_quick_ways_mean_what_the_slow_one_does(text, value, flag):
    for others in ([], ["0.1"] * 80):
        parsed = parse_values([text, *others])
        assert (parsed.value[0], parsed.state[0], parsed.flag[0]) == (value, "number", flag)
    assert (_parse(text).value, _parse(text).flag) == (value, flag)


@given(
    st.text("0123456789.,eE+-×x^LlND<>≤() *①⁴检未出限mg/μ，。约复测断流", min_size=1, max_size=12)
)
def test_no_form_depends_on_the_way_it_is_read(text):
    parsed = parse_values([text, text])
    fields = ("value", "state", "censored", "detection_limit", "flag", "unit")
    for name, other in zip(fields, values._parse.__wrapped__(text), strict=True):
        one = getattr(parsed, name)[0]
        assert one == other or (one != one and other != other), (name, one, other)


@pytest.mark.parametrize(
    "form",
    ["{:.4f} mg/L", "{:.4f}×10⁴", "{:.3f}(复测)", "水样浑浊且有异味" * 5 + "{:.0f}"],
)
def test_rare_forms_are_read_in_little_time(form):
    texts = [form.format(number / 7) for number in range(20_000)]
    begun = time.process_time()
    parse_values(texts * 2)
    assert time.process_time() - begun < 10
