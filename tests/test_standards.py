import pytest

from chaoyang_geo import standards
from chaoyang_geo.schema import CLASSES
from chaoyang_geo.standards import LIMIT_COLUMNS


def test_table_1_is_complete():
    table = standards.limits("gb3838")
    assert table["no"].astype(int).nunique() == 24
    assert table.loc[table["in_class"], "item"].nunique() == 21
    assert set(table.loc[~table["in_class"], "item"]) == {"water_temp", "tn", "fecal_coliform"}
    assert len(LIMIT_COLUMNS) == len(CLASSES) - 1


def test_limits_never_get_stricter_with_a_worse_class():
    for row in standards.limits().itertuples():
        values = [getattr(row, column) for column in LIMIT_COLUMNS]
        if row.direction == "max":
            assert values == sorted(values), row.item
        elif row.direction == "min":
            assert values == sorted(values, reverse=True), row.item


@pytest.mark.parametrize(
    ("item", "water_type", "expected"),
    [
        ("nh3_n", "all", [0.15, 0.5, 1.0, 1.5, 2.0]),  # a misprint of 0.015 circulates
        ("tn", "lake", [0.2, 0.5, 1.0, 1.5, 2.0]),  # a misprint of 105 circulates
        ("tp", "river", [0.02, 0.1, 0.2, 0.3, 0.4]),
        ("tp", "lake", [0.01, 0.025, 0.05, 0.1, 0.2]),
        ("do", "all", [7.5, 6, 5, 3, 2]),
        ("hg", "all", [0.00005, 0.00005, 0.0001, 0.001, 0.001]),
    ],
)
def test_limits_that_are_often_printed_wrong(item, water_type, expected):
    table = standards.limits().query("item == @item and water_type == @water_type")
    assert table[list(LIMIT_COLUMNS)].iloc[0].tolist() == expected


def test_the_caller_cannot_change_the_standard():
    table = standards.limits()
    table["class_1"] = 0
    assert (standards.limits()["class_1"] != 0).any()


def test_every_item_of_the_standard_has_names_and_the_same_unit():
    items = standards.items().set_index("item")
    for row in standards.limits().itertuples():
        assert items.loc[row.item, "item_zh"]
        assert items.loc[row.item, "unit"] == row.unit


def test_no_name_stands_for_two_items():
    seen = {}
    for row in standards.items().itertuples():
        for name in [row.item, row.item_zh, row.item_en, row.symbol, *row.synonyms.split(";")]:
            if name:
                assert standards.find_item(name) == row.item
                assert seen.setdefault(name, row.item) == row.item


def test_citation_and_unknown_standard():
    assert "GB 3838-2002" in standards.citation("gb3838", lang="en")
    with pytest.raises(ValueError, match="standard='gb9999' is not an option"):
        standards.limits("gb9999")
