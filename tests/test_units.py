"""Units and names of items: exact after folding, converted with the factor said, never guessed."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoyang_geo import standards
from chaoyang_geo.readings.units import molar_mass, resolve, scale

PLAIN = """
tp mg/L mg/L 1 | tp mg/l mg/L 1 | tp ｍｇ／Ｌ mg/L 1 | tp 毫克/升 mg/L 1 | tp mg·L-1 mg/L 1
tp mg·L⁻¹ mg/L 1 | tp mg.L-1 mg/L 1
tp ㎎/L mg/L 1 | tp g/m3 mg/L 1 | tp (mg/L) mg/L 1 | hg μg/L mg/L 0.001 | hg µg/L mg/L 0.001
hg ug/L mg/L 0.001
hg 微克/升 mg/L 0.001 | hg ng/L mg/L 1e-6 | cod g/L mg/L 1000 | chl_a mg/m3 mg/m3 1 | chl_a mg/m³ mg/m3 1
chl_a μg/L mg/m3 1
conductivity μS/cm μS/cm 1 | conductivity us/cm μS/cm 1 | conductivity mS/m μS/cm 10
conductivity mS/cm μS/cm 1000 | turbidity NTU NTU 1 | transparency cm m 0.01 | transparency m m 1
water_temp °C ℃ 1
water_temp 摄氏度 ℃ 1 | fecal_coliform 个/L 个/L 1 | fecal_coliform 个/升 个/L 1
fecal_coliform 万个/L 个/L 10000
fecal_coliform ×10⁴个/L 个/L 10000 | fecal_coliform 个/100mL 个/L 10 | algal_density cells/L cells/L 1
algal_density 万个/L cells/L 10000 | algal_density cells/mL cells/L 1000 | flow m³/s m3/s 1
flow L/s m3/s 0.001
velocity m/s m/s 1 | do_saturation % % 1 | orp mV mV 1 | water_level m m 1 | cod mg/L(以O2计) mg/L 1
cu mg/L(以Cu计) mg/L 1
no3_n mg/L(以N计) mg/L 1 | no3_n mgN/L mg/L 1 | no3_n mg/L-N mg/L 1
"""


@pytest.mark.parametrize(
    "entry", [e for line in PLAIN.strip().split("\n") for e in line.split(" | ")]
)
def test_a_unit_comes_to_the_usual_one(entry):
    item, text, unit, factor = entry.split(" ")
    got = resolve(item, text)
    assert (got.unit, got.flag) == (unit, "")
    assert got.factor == float(factor)


@pytest.mark.parametrize(
    ("item", "text", "factor", "flag"),
    [
        ("no3_n", "mg/L(以NO3计)", 14.007 / 62.004, "以NO3计换算为以N计（×0.2259）"),
        ("no3_n", "mg/L as NO3-", 14.007 / 62.004, "以NO3计换算为以N计"),
        ("no3_n", "mg NO3/L", 14.007 / 62.004, "以NO3计换算为以N计"),
        ("no3", "mg/L as N", 62.004 / 14.007, "以N计换算为以NO3计"),
        ("nh3_n", "mg/L(以NH4+计)", 14.007 / 18.039, "以NH4计换算为以N计（×0.7765）"),
        ("nh3_n", "μg/L(以NH3计)", 0.001 * 14.007 / 17.031, "以NH3计换算为以N计（×0.8224）"),
        ("po4_p", "mg/L(以PO₄³⁻计)", 30.974 / 94.970, "以PO4计换算为以P计（×0.3261）"),
        ("tp", "mg/L(以P2O5计)", 2 * 30.974 / 141.943, "以P2O5计换算为以P计（×0.4364）"),
        ("nh3_n", "μmol/L", 0.014007, "由μmol/L按摩尔质量换算（以N计，14.007 g/mol）"),
        ("do", "mmol/L", 31.998, "由mmol/L按摩尔质量换算（以O2计，31.998 g/mol）"),
        ("fecal_coliform", "MPN/100mL", 10, "以MPN/L计，未换算为个/L"),
        ("fecal_coliform", "CFU/100 mL", 10, "以CFU/L计，未换算为个/L"),
        ("tp", "", 1, "表中未注明单位，按mg/L"),
        ("chl_a", "", 1, "表中未注明单位，按mg/m3"),
        ("chl_a", "mg/L", 1000, "叶绿素a由mg/L换算为mg/m3（×1000），国家平台表头的单位未经核实"),
    ],
)
def test_a_conversion_that_needs_knowledge_names_itself(item, text, factor, flag):
    got = resolve(item, text)
    assert got.factor == pytest.approx(factor, rel=1e-12)
    assert flag in got.flag


@pytest.mark.parametrize(
    ("item", "text"),
    [
        *[("tp", "NTU"), ("do", "%"), ("ph", "mg/L"), ("conductivity", "mg/L"), ("cod", "ppm")],
        *[
            ("cod", "mg/L(以N计)"),
            ("tp", "mg/L(以NO3计)"),
            ("turbidity", "FTU"),
            ("turbidity", "度"),
        ],
        *[("water_temp", "℉"), ("tp", "无量纲"), ("cu", "mmol/L"), ("fecal_coliform", "cells/L")],
        *[("flow", "m/s"), ("tp", "某单位"), ("cu", "mg/L(以CuO计)"), ("tp", "10^4个/L")],
    ],
)
def test_what_cannot_be_converted_keeps_its_unit_and_is_flagged(item, text):
    got = resolve(item, text)
    assert math.isnan(got.factor)
    assert got.unit == text
    assert "换算" in got.flag


def test_counts_by_different_methods_are_kept_apart_unless_told_otherwise():
    assert resolve("fecal_coliform", "MPN/L").unit == "MPN/L"
    alike = resolve("fecal_coliform", "MPN/100mL", same_counts=True)
    assert (alike.unit, alike.factor, alike.flag) == ("个/L", 10, "MPN/L按个/L计")


def test_ph_has_no_unit_and_needs_none():
    for text in ("", "无量纲", "-", "/", "pH单位"):
        assert resolve("ph", text) == resolve("ph", "")
    assert resolve("ph", "").flag == "" and resolve("ph", "").factor == 1


def test_a_name_that_leaves_the_basis_open_is_flagged():
    assert resolve("no3_n", "mg/L", name="硝酸盐").flag == "未注明计量基准，按以N计"
    assert resolve("no3_n", "mg/L", name="硝酸盐氮").flag == ""
    assert resolve("no3_n", "mg/L(以N计)", name="硝酸盐").flag == ""


def test_an_unknown_item_keeps_its_unit():
    assert resolve("镍", "ug/L") == resolve("镍", "μg/L")
    assert resolve("镍", "ug/L").factor == 1 and resolve("镍", "ug/L").unit == "μg/L"
    assert resolve("镍", "Bq/L").unit == "Bq/L"


def test_molar_masses():
    expected = {
        "N": 14.007,
        "NO3": 62.004,
        "NO2": 46.005,
        "NH4": 18.039,
        "NH3": 17.031,
        "PO4": 94.97,
    }
    for formula, mass in expected.items():
        assert molar_mass(formula) == pytest.approx(mass, abs=5e-4), formula
    assert all(math.isnan(molar_mass(f)) for f in ("Xx", "苯酚", "no3", "N-"))


@given(st.decimals(0, 100_000, places=3))
def test_a_thousandth_is_exact_to_the_last_digit(number):
    assert scale(np.array([float(number)]), 0.001)[0] == float(number / 1000)


@given(st.sampled_from(standards.items()["item"].tolist()), st.text(max_size=30))
def test_any_unit_text_is_answered(item, text):
    got = resolve(item, text)
    assert math.isnan(got.factor) or got.factor > 0
    assert got.flag or not math.isnan(got.factor)


def test_every_unit_form_is_one_unit():
    from chaoyang_geo.readings.units import _key

    seen = {}
    for row in standards.unit_forms().itertuples():
        for form in [row.unit, *row.forms.split(";")]:
            if form:
                assert seen.setdefault(_key(form), row.unit) == row.unit, form


def test_every_usual_unit_is_known():
    units = set(standards.unit_forms()["unit"])
    assert set(standards.items()["unit"]) - {""} <= units
    for item in standards.items()["item"]:
        assert resolve(item, resolve(item, "").unit).factor == 1


NAMES = {
    "water_temp": "水温 WT w01010 温度 WaterTemperature",
    "ph": "pH ph PH pH值 ｐＨ w01001",
    "do": "溶解氧 DO 溶解氧(DO) w01009",
    "conductivity": "电导率 EC 电导",
    "turbidity": "浊度 浑浊度 Turbidity",
    "cod_mn": "高锰酸盐指数 CODMn CODmn COD_Mn COD-Mn IMn I_Mn 高指 w01019 高锰酸盐指数(CODMn) "
    "CODMn（高锰酸盐指数） 高锰酸盐指数CODMn",
    "cod": "化学需氧量 COD CODCr CODcr COD_Cr w01018 化学需氧量（COD） 化学需氧量（CODCr）",
    "bod5": "五日生化需氧量 BOD5 BOD₅ 生化需氧量 w01017 五日生化需氧量（BOD₅） 五日生化需氧量BOD5",
    "nh3_n": "氨氮 NH3-N NH₃-N NH3－N NH₃—N NH4-N NH4+-N NH₄⁺-N w21003 氨氮(以N计) 氨氮（NH₃-N）",
    "nh4": "铵离子 NH4+ NH₄⁺ 铵 氨氮(以NH4计)",
    "tp": "总磷 TP T-P w21011 总磷(以P计) 总磷（TP） 总磷（以P计） TP总磷 总磷以P计",
    "tn": "总氮 TN w21001 总氮(以N计) 总氮（湖、库，以N计） 总氮(湖、库)",
    "cu": "铜 Cu w20122",
    "zn": "锌 Zn w20123",
    "f": "氟化物 F F- F⁻ 氟化物（以F⁻计） w21017",
    "se": "硒 Se w20128",
    "as": "砷 As",
    "hg": "汞 Hg 总汞 w20111",
    "cd": "镉 Cd w20115",
    "cr6": "铬(六价) 铬（六价） 六价铬 Cr6+ Cr⁶⁺ Cr+6 Cr(VI) Cr(Ⅵ) Cr（Ⅵ） w20117 六价铬(Cr6+)",
    "pb": "铅 Pb w20120",
    "cn": "氰化物 CN CN- CN⁻ 总氰化物 w21016",
    "volatile_phenol": "挥发酚 挥发性酚 VP w23002 挥发酚(以苯酚计)",
    "petroleum": "石油类 w22001",
    "las": "阴离子表面活性剂 LAS w19002 阴离子表面活性剂（LAS）",
    "sulfide": "硫化物 S2- S²⁻ w21019",
    "fecal_coliform": "粪大肠菌群 粪大肠菌群数 w02003",
    "so4": "硫酸盐 SO4 SO42- SO₄²⁻ w21038 硫酸盐(以SO₄²⁻计)",
    "cl": "氯化物 Cl- Cl⁻ w21022 氯化物(以Cl-计)",
    "no3_n": "硝酸盐氮 硝酸盐 NO3-N NO₃-N NO3--N w21007 硝酸盐(以N计)",
    "no3": "硝酸根 NO3 NO3- NO₃⁻ 硝酸盐(以NO3计) 硝酸盐（以NO₃⁻计）",
    "no2_n": "亚硝酸盐氮 NO2-N 亚硝酸盐 亚硝酸盐(以N计)",
    "po4_p": "正磷酸盐 磷酸盐 PO4-P 磷酸盐(以P计) PO43--P",
    "po4": "磷酸根 PO43- PO₄³⁻ 磷酸盐(以PO4计)",
    "fe": "铁 Fe w20125",
    "mn": "锰 Mn w20124",
    "chl_a": "叶绿素a 叶绿素α 叶绿素A Chl-a chl_a Chla 叶绿素 叶绿素-a",
    "algal_density": "藻密度 藻类密度 藻细胞密度",
    "transparency": "透明度 SD",
    "do_saturation": "溶解氧饱和度 溶解氧饱和率 DO饱和度",
    "flow": "流量 瞬时流量 discharge",
    "water_level": "水位",
    "velocity": "流速",
}


@pytest.mark.parametrize(
    ("item", "name"), [(i, n) for i, ns in NAMES.items() for n in ns.split(" ")]
)
def test_an_item_is_found_by_each_of_its_names(item, name):
    assert standards.find_item(name) == item


@pytest.mark.parametrize(
    "name",
    (
        "断面名称 水质类别 流域 NH3 氨 磷 氮 COD氨氮 氨氮(TP) 总磷(以NO3计) 高锰酸盐 "
        "总磷量 pH4 铬 总铬 气温 Q 备注 氨氮氨氮 溶解性总磷 (氨氮) 氨氮( ()"
    ).split(),
)
def test_a_name_that_is_nearly_an_item_is_none(name):
    assert standards.find_item(name) is None


@given(st.text(max_size=30))
def test_any_text_is_an_item_or_none(text):
    assert standards.find_item(text) in {None, *standards.items()["item"]}


def test_all_items_of_the_standard_have_their_checked_codes():
    table = standards.items().set_index("item")
    assert set(standards.limits()["item"]) <= set(table.index)
    assert {"so4", "cl", "no3_n", "fe", "mn"} <= set(table.index)
    codes = table["pollutant_code"]
    assert codes[codes != ""].is_unique
    assert codes["as"] == ""  # two sources disagree
    assert codes[codes != ""].str.fullmatch(r"w\d{5}").all()


def test_tables_hold_no_stray_spaces():
    for table in (standards.items(), standards.unit_forms()):
        for column in table.select_dtypes("str"):
            assert (table[column] == table[column].str.strip()).all(), column
    assert isinstance(standards.items(), pd.DataFrame)


def test_atomic_weights_are_those_of_the_source():
    weights = standards.atomic_weights()
    assert weights == {"H": 1.008, "C": 12.011, "N": 14.007, "O": 15.999, "P": 30.974, "S": 32.06}
    intervals = {  # IUPAC 2013; phosphorus has a single value
        "H": (1.00784, 1.00811), "C": (12.0096, 12.0116), "N": (14.00643, 14.00728),
        "O": (15.99903, 15.99977), "P": (30.9737, 30.9742), "S": (32.059, 32.076),
    }  # fmt: skip
    half_digit = 0.0005  # the conventional value of oxygen, 15.999, is rounded out of its interval
    for symbol, (low, high) in intervals.items():
        assert low - half_digit <= weights[symbol] <= high + half_digit
