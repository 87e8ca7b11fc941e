"""The limits of the national tables, number by number, and in words."""

import math
import re
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

from chaoyang_geo import standards
from chaoyang_geo.schema import CLASSES, COLUMNS
from chaoyang_geo.standards import LIMIT_COLUMNS

FACTS = Path(__file__).resolve().parents[2] / "shared" / "standards"
with_facts = pytest.mark.skipif(
    not FACTS.is_dir(), reason="the tables of facts are not on this machine"
)

# typed in by hand from the printed table: Ⅰ to Ⅴ of every item that has numbers
TABLE_1 = """
    do                  7.5 6 5 3 2
    cod_mn              2 4 6 10 15
    cod                 15 15 20 30 40
    bod5                3 3 4 6 10
    nh3_n               0.15 0.5 1.0 1.5 2.0
    tp/river            0.02 0.1 0.2 0.3 0.4
    tp/lake             0.01 0.025 0.05 0.1 0.2
    tn/lake             0.2 0.5 1.0 1.5 2.0
    cu                  0.01 1.0 1.0 1.0 1.0
    zn                  0.05 1.0 1.0 2.0 2.0
    f                   1.0 1.0 1.0 1.5 1.5
    se                  0.01 0.01 0.01 0.02 0.02
    as                  0.05 0.05 0.05 0.1 0.1
    hg                  0.00005 0.00005 0.0001 0.001 0.001
    cd                  0.001 0.005 0.005 0.005 0.01
    cr6                 0.01 0.05 0.05 0.05 0.1
    pb                  0.01 0.01 0.05 0.05 0.1
    cn                  0.005 0.05 0.2 0.2 0.2
    volatile_phenol     0.002 0.002 0.005 0.01 0.1
    petroleum           0.05 0.05 0.05 0.5 1.0
    las                 0.2 0.2 0.2 0.3 0.3
    sulfide             0.05 0.1 0.2 0.5 1.0
    fecal_coliform      200 2000 10000 20000 40000
"""
TABLE_2 = {"so4": 250, "cl": 250, "no3_n": 10, "fe": 0.3, "mn": 0.1}


def numbers_of(standard):
    return {
        (row.item, row.water_type, row.direction): [getattr(row, name) for name in LIMIT_COLUMNS]
        for row in standards.limits(standard).itertuples()
        if row.direction != "rule"
    }


def test_every_number_of_table_1():
    found = numbers_of("gb3838")
    assert found.pop(("ph", "all", "min")) == [6] * 5
    assert found.pop(("ph", "all", "max")) == [9] * 5
    expected = {}
    for line in TABLE_1.strip().splitlines():
        name, *limits = line.split()
        item, _, water_type = name.partition("/")
        direction = "min" if item == "do" else "max"
        expected[item, water_type or "all", direction] = [float(limit) for limit in limits]
    assert found == expected


def test_every_number_of_table_2():
    found = numbers_of("gb3838_table2")
    assert {key: limits[0] for key, limits in found.items()} == {
        (item, "all", "max"): limit for item, limit in TABLE_2.items()
    }
    assert all(math.isnan(x) for limits in found.values() for x in limits[1:])
    table = standards.limits("gb3838_table2")
    assert set(table["unit"]) == {"mg/L"}
    assert table["in_class"].all()
    assert standards.citation("gb3838_table2") == "《地表水环境质量标准》（GB 3838-2002）表2"


@with_facts
def test_table_1_is_that_of_the_facts():
    facts = pd.read_csv(FACTS / "gb3838_table1.csv", dtype=str, keep_default_na=False)
    found = numbers_of("gb3838")
    compared = 0
    for fact in facts.to_dict("records"):
        item = standards.find_item(fact["item"])
        printed = [fact[f"class_{rank}"] for rank in ("I", "II", "III", "IV", "V")]
        if fact["direction"] == "rule":
            continue
        if fact["direction"] == "range":
            ends = [found["ph", "all", "min"], found["ph", "all", "max"]]
            assert [f"{low:g}~{high:g}" for low, high in zip(*ends, strict=True)] == printed
        else:
            direction = {"le": "max", "ge": "min"}[fact["direction"]]
            limits = found[item, fact["water_body"], direction]
            assert limits == [float(text) for text in printed], item
        own = standards.limits("gb3838").query("item == @item")
        assert own["in_class"].all() == (fact["in_21_evaluated"] == "1")
        assert own["no"].iloc[0] == fact["no"]
        compared += 5
    assert compared == 120  # 24 rows, five classes each: 115 numbers and the five ranges of pH


@with_facts
def test_table_2_is_that_of_the_facts():
    facts = pd.read_csv(FACTS / "gb3838_table2.csv", dtype=str, keep_default_na=False)
    found = standards.limits("gb3838_table2").set_index("item")
    assert len(facts) == len(found)
    for fact in facts.to_dict("records"):
        row = found.loc[standards.find_item(fact["item"])]
        assert (row["class_1"], row["unit"], row["no"]) == (
            float(fact["limit"]),
            fact["unit"],
            fact["no"],
        )


def test_items_of_both_tables_exist_with_their_units():
    units = standards.item_units()
    for standard in standards.catalogue()["standard"]:
        for row in standards.limits(standard).itertuples():
            assert units[row.item] == row.unit


def test_the_number_of_classes():
    assert standards.class_count("gb3838") == 5
    assert standards.class_count("gb3838_table2") == 1


def test_an_unknown_standard_names_what_there_is():
    with pytest.raises(ValueError, match=r"standard='gb3839' is not an option.*'gb3838_table2'"):
        standards.limits("gb3839")
    with pytest.raises(ValueError, match="standard=3838 is not an option"):
        standards.limits(3838)


# as a person reads it


def test_the_module_answers_with_the_printed_table():
    table = standards("gb3838")
    assert len(table) == 25  # 24 items, total phosphorus twice
    ph = table[table["item"] == "ph"].iloc[0]
    assert ph[list(CLASSES[:5])].tolist() == ["6~9"] * 5
    assert ph["requirement"] == "范围（含两端）"
    lake = table[(table["item"] == "tp") & (table["water_name"] == "湖库")].iloc[0]
    assert lake[list(CLASSES[:5])].tolist() == ["0.01", "0.025", "0.05", "0.1", "0.2"]
    # printed digits, not shortest ones
    assert table.set_index("item").loc["nh3_n", "Ⅲ"] == "1.0"
    assert table.set_index("item").loc["hg", "Ⅰ"] == "0.00005"
    assert set(table["citation"]) == {"《地表水环境质量标准》（GB 3838-2002）表1"}
    assert set(table["status"]) == {"已核实"}
    assert table.set_index("item").loc["water_temp", list(CLASSES[:5])].tolist() == ["—"] * 5


def test_a_standard_of_one_limit_shows_one_column():
    table = standards("gb3838_table2", lang="en")
    assert table["limit_printed"].tolist() == ["250", "250", "10", "0.3", "0.1"]
    assert not set(CLASSES) & set(table.columns)
    assert table["item_name"].tolist()[:2] == ["sulfate", "chloride"]


def test_every_number_that_is_printed_is_the_number_that_is_used():
    table = standards("gb3838").set_index(["item", "water_name"])
    words = {"all": "河流、湖库", "river": "河流", "lake": "湖库"}
    for (item, water_type, direction), limits in numbers_of("gb3838").items():
        if item == "ph":
            continue
        row = table.loc[(item, words[water_type])]
        assert [float(row[name]) for name in CLASSES[:5]] == limits
        assert row["requirement"] == {"max": "不超过", "min": "不低于"}[direction]


def test_the_english_table_has_no_chinese():
    for standard in standards.catalogue()["standard"]:
        for text in standards(standard, lang="en").to_numpy().ravel():
            assert not re.search("[\u4e00-\u9fff]", text), text


def test_the_module_is_still_the_module():
    import chaoyang_geo.standards as module

    assert module is standards
    assert module.standards is module
    assert standards.limits("gb3838").equals(module.limits())
    with pytest.raises(ValueError, match="lang='fr' is not an option"):
        standards("gb3838", lang="fr")


def test_a_type_checker_is_told_of_every_name_of_the_module():
    source = Path(standards.__file__).with_name("module.py").read_text(encoding="utf-8")
    told = set(re.findall(r"^        (\w+) = ", source, flags=re.MULTILINE))
    init = Path(standards.__file__).read_text(encoding="utf-8")
    public = set(re.findall(r"import (\w+) as \1$", init, flags=re.MULTILINE))
    assert public - told == {"Standard"}  # a type, which a class cannot pass on
    assert told <= public


def test_the_columns_of_the_tables_are_in_the_vocabulary():
    for table in (standards(), standards("gb3838_table2"), standards.limits(), standards.rules()):
        assert set(table.columns) <= set(COLUMNS)


# one limit in one sentence


@pytest.mark.parametrize(
    ("item", "quality_class", "options", "expected"),
    [
        ("tp", "Ⅲ", {"water_type": "lake"}, "总磷Ⅲ类（湖库）：不超过0.05 mg/L，"),
        ("总磷", "III", {}, "总磷Ⅲ类（河流）：不超过0.2 mg/L，"),
        ("do", 3, {}, "溶解氧Ⅲ类（河流）：不低于5 mg/L，"),
        ("ph", "Ⅰ", {}, "pH Ⅰ类（河流）：在6~9之间（含两端），"),
        ("ph", "劣Ⅴ", {}, "pH 劣Ⅴ类（河流）：低于6或高于9，"),
        ("do", "劣Ⅴ", {}, "溶解氧劣Ⅴ类（河流）：低于2 mg/L，"),
        ("cod", "劣V类", {}, "化学需氧量劣Ⅴ类（河流）：高于40 mg/L，"),
        ("cod", "Ⅱ", {}, "化学需氧量Ⅱ类（河流）：不超过15 mg/L，与Ⅰ类限值相同，达到即为Ⅰ类，"),
        ("cu", "Ⅴ", {}, "铜Ⅴ类（河流）：不超过1.0 mg/L，与Ⅱ类限值相同，达到即为Ⅱ类，"),
        ("tn", "Ⅲ", {}, "总氮（河流）：没有限值，其限值只适用于湖库，"),
        ("water_temp", "Ⅲ", {}, "水温（河流）：没有分类限值，"),
        ("fe", None, {"standard": "gb3838_table2"}, "铁（河流）：不超过0.3 mg/L，只有一个限值，"),
        ("nh3_n", "Ⅲ", {"lang": "en"}, "ammonia nitrogen, class Ⅲ (rivers): at most 1.0 mg/L, by "),
        ("ph", "Ⅰ", {"lang": "en"}, "pH, class Ⅰ (rivers): 6 to 9, ends included, by "),
    ],
)
def test_a_limit_in_words(item, quality_class, options, expected):
    text = standards.explain_limit(item, quality_class, **options)
    assert text.startswith(expected)
    assert ("已核实" in text) or ("(verified)" in text)


def test_the_sentence_names_table_and_number():
    text = standards.explain_limit("cd", "Ⅱ")
    assert "《地表水环境质量标准》（GB 3838-2002）表1第16项（已核实）" in text
    text = standards.explain_limit("so4", "Ⅱ")
    assert (
        text == "硫酸盐（河流）：《地表水环境质量标准》（GB 3838-2002）表1（已核实）没有规定限值。"
    )


@pytest.mark.parametrize("standard", ["gb3838", "gb3838_table2"])
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("water_type", ["river", "lake"])
def test_every_item_and_class_has_a_sentence(standard, lang, water_type):
    for item, name in standards.item_names(lang).items():
        for quality in CLASSES:
            text = standards.explain_limit(
                item, quality, water_type=water_type, standard=standard, lang=lang
            )
            assert text.startswith(name)
            assert text.endswith("。" if lang == "zh" else ".")
            assert not re.search(r"\bnan\b|None|[{}]|  ", text), text
            if lang == "en":
                assert not re.search("[\u4e00-\u9fff]", text), text


def test_the_number_in_the_sentence_is_the_limit():
    for (item, water_type, direction), limits in numbers_of("gb3838").items():
        if item == "ph":
            continue
        water = "river" if water_type == "all" else water_type
        for quality, limit in zip(CLASSES, limits, strict=False):
            text = standards.explain_limit(item, quality, water_type=water)
            said = re.search(r"(不超过|不低于)([\d.]+)", text)
            assert said[1] == {"max": "不超过", "min": "不低于"}[direction]
            assert Fraction(said[2]) == Fraction(repr(limit))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"item": "透明的东西", "quality_class": "Ⅲ"}, "item='透明的东西' is not an option"),
        ({"item": "tp", "quality_class": "Ⅶ"}, "quality_class='Ⅶ' is not an option"),
        ({"item": "tp"}, "quality_class=None is not an option"),
        ({"item": "tp", "quality_class": 1, "water_type": "sea"}, "water_type='sea' is not"),
        ({"item": "tp", "quality_class": 1, "lang": "fr"}, "lang='fr' is not an option"),
    ],
)
def test_what_cannot_be_explained_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        standards.explain_limit(**arguments)
