import shutil

import pandas as pd
import pytest

from chaoyang_geo import load_plan, plan_names
from chaoyang_geo.files import data_folder
from chaoyang_geo.schema import COLUMNS, QUALITIES


def test_chaoyang_is_bundled():
    assert "chaoyang" in plan_names()


def test_every_table_says_where_each_row_comes_from(plan):
    for name, table in plan.tables().items():
        assert len(table), name
        assert set(table["quality"]) <= set(QUALITIES), name
        if name != "sources":
            assert table["source"].notna().all(), name


def test_every_column_is_in_the_vocabulary(plan):
    for name, table in plan.tables().items():
        unknown = set(table.columns) - set(COLUMNS) - {"geometry"}
        assert not unknown, f"{name}: {unknown}"


def test_codes_are_text(plan):
    for name, table in plan.tables().items():
        for column in table.columns:
            if column.endswith("_code"):
                assert table[column].dtype == "str", f"{name}.{column}"


def test_frames_are_fresh(plan):
    other = load_plan("chaoyang")
    other.units["unit_name"] = "x"
    assert (plan.units["unit_name"] != "x").all()
    assert (load_plan("chaoyang").units["unit_name"] != "x").all()


def test_the_section_without_a_position_is_flagged(plan):
    missing = plan.sections[plan.sections.geometry.isna()]
    assert missing["section_name"].tolist() == ["东山根"]
    assert missing["position_flag"].iloc[0]
    assert missing["position_accuracy_m"].isna().all()


def test_targets_are_assumed_and_say_so(plan):
    assert set(plan.sections["target_class"]) == {"Ⅲ"}
    assert set(plan.sections["target_quality"]) == {"assumed"}


def test_reservoir_is_a_lake_and_rivers_are_rivers(plan):
    kinds = plan.sections.set_index("section_name")["water_type"]
    assert kinds["白石水库"] == "lake"
    assert (kinds.drop("白石水库") == "river").all()


def test_an_unknown_plan_lists_those_there_are():
    with pytest.raises(ValueError, match="plan 'atlantis' is not bundled; there is: chaoyang"):
        load_plan("atlantis")


def test_another_city_is_a_folder_of_the_same_shape(tmp_path):
    folder = tmp_path / "othercity"
    shutil.copytree(data_folder() / "chaoyang", folder, ignore=shutil.ignore_patterns("*.py"))
    (folder / "chaoyang.gpkg").rename(folder / "othercity.gpkg")
    (folder / "names_en.csv").unlink()
    (folder / "texts_en.csv").unlink()
    (folder / "plan.toml").write_text('title_zh = "某市"\ntitle_en = "Some city"\n', "utf-8")
    plan = load_plan(folder)
    assert (plan.name, plan.title_zh, len(plan.units)) == ("othercity", "某市", 13)
    assert "unit_name_en" not in plan.units
    (folder / "projects.csv").unlink()
    with pytest.raises(FileNotFoundError, match="projects.csv"):
        load_plan(folder)


def test_readings_are_the_long_table(plan):
    table = plan.readings
    assert table["time"].dtype.kind == "M"
    gap = table[table["item"] == "nh3_n"]
    assert gap["value"].isna().all()
    assert gap["reading_flag"].notna().all()
    assert pd.api.types.is_float_dtype(table["value"])


def test_every_place_has_an_english_name(plan):
    for table, columns in {
        "units": ["unit_name_en", "water_body_en"],
        "sections": ["section_name_en", "water_body_en"],
        "counties": ["county_name_en"],
        "reservoirs": ["reservoir_name_en"],
        "unit_members": ["name_in_plan_en", "township_name_en", "county_name_en"],
    }.items():
        assert plan.tables()[table][columns].notna().all(axis=None), table
    assert plan.sources[["title_en", "licence_en"]].notna().all(axis=None)
    for table in ("units", "sections", "rivers", "counties", "reservoirs", "readings"):
        assert plan.tables()[table]["source_en"].notna().all(), table
    named = plan.rivers["river_name"].notna()
    assert (plan.rivers["river_name_en"].notna() == named).all()


def test_a_line_that_broke_within_a_printed_cell_is_read_as_one(plan):
    """The file keeps the plan's bytes; its English is found by them."""
    file = (data_folder() / "chaoyang" / "indicators.csv").read_text(encoding="utf-8")
    assert "10%、10%、 8%、7%" in file
    row = plan.indicators.iloc[8]
    assert row["target_text"] == "10%、10%、8%、7%"
    assert row["target_text_en"] == "10 %, 10 %; 8 %, 7 %"
    # a blank that parts two phrases stays
    assert row["indicator"] == "氮氧化物、挥发性有机物下降(%) 化学需氧量、氨氮减少(%)"


def test_no_text_of_the_plan_has_a_blank_after_a_chinese_mark(plan):
    for name, table in plan.tables().items():
        for column in table.columns[table.dtypes == "str"]:
            broken = table[column].str.contains(r"[、，；：。]\s", regex=True, na=False)
            assert not broken.any(), (name, column)
