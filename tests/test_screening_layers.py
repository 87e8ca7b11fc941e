"""What was checked: layers that were renamed, filtered, joined or empty since they were read."""

import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point, box

from chaoyang_geo.schema import SchemaError
from chaoyang_geo.screening import read_zones, screen_sites

sys.path.insert(0, str(Path(__file__).parent))
from screening_paper import CRS, at, sites, zones

FAR = Point(5000, 5000)


def read(n=3, kind="红线", **options):
    """Read a layer of so many zones."""
    layer = gpd.GeoDataFrame(
        {"名称": [f"示例{i}" for i in range(n)]},
        geometry=[at(box(20 * i, 0, 20 * i + 9, 9)) for i in range(n)],
        crs=CRS,
    )
    given = {"grade": "一般", "version": "2", "version_date": "2024-05-01", **options}
    return read_zones(layer, kind=kind, **given)


def checked(given, **options):
    return screen_sites(sites(FAR), given, **options)


def states(screening):
    table = screening.checked
    return dict(zip(table["layer"], table["layer_state"], strict=True))


@pytest.mark.parametrize("dropped", [[], ["content_hash"]])
def test_a_layer_renamed_after_reading_is_that_layer(dropped):
    screening = checked(read().assign(layer="我的红线").drop(columns=dropped))
    assert states(screening) == {"我的红线": "ok"}
    assert screening.sites["verdict"].tolist() == ["无冲突"]
    assert screening.checked["version_date"].tolist() == ["2024-05-01"]


def test_an_empty_layer_stays_whatever_stands_beside_it():
    full, empty = read().assign(layer="甲"), read(0, kind="水源地", grade=None)
    screening = checked([full, empty])
    assert states(screening) == {"甲": "ok", "饮用水水源保护区": "empty"}
    assert screening.sites["verdict"].tolist() == ["无法判断"]
    assert screening.sites["why_zh"].iloc[0] == "无法判断：图层“饮用水水源保护区”为空。"


def test_an_empty_layer_of_the_name_of_a_full_one_does_not_hide_behind_it():
    screening = checked([read(), read(0), read(0, version="3", kind="红线")])
    # the two empty ones are one content, read twice
    assert states(screening) == {"生态保护红线": "ok", "生态保护红线（空）": "empty"}
    assert screening.sites["verdict"].tolist() == ["无法判断"]


def test_a_frame_of_no_rows_and_no_notes_is_an_empty_layer_without_a_name():
    screening = checked([zones(box(0, 0, 9, 9)), zones(box(0, 0, 1, 1)).iloc[:0]])
    assert states(screening) == {"L": "ok", "（无名图层）": "empty"}
    assert screening.sites["verdict"].tolist() == ["无法判断"]


def test_a_part_of_a_layer_is_said_and_the_whole_in_two_frames_is_not():
    layer = read()
    some = checked(layer[layer["zone_name"] == "示例1"])
    assert some.checked["layer_flag"].iloc[0].startswith("读入 3 个分区，只有 1 个参与核查")
    whole = checked([layer.iloc[:1], layer.iloc[1:].assign(layer="其余"), layer.iloc[:0]])
    assert states(whole) == {"其余": "ok", "生态保护红线": "ok"}
    assert not whole.checked["layer_flag"].str.contains("读入").any()
    none = checked(layer.iloc[:0])
    assert states(none) == {"生态保护红线": "empty"}
    assert "只有 0 个参与核查" in none.checked["layer_flag"].iloc[0]


def test_joined_frames_are_told_by_their_columns():
    one, other = read(), read(2, kind="水源地", grade="一级", version="7", name="水源")
    joined = pd.concat([one, other], ignore_index=True)
    assert "layers" not in joined.attrs  # pandas drops notes that differ
    apart, together = checked([one, other]).checked, checked(joined).checked
    assert together.equals(apart)
    assert together["version"].tolist() == ["7", "2"]
    assert (together["content_hash"] != "").all()
    for frame in (
        one.merge(pd.DataFrame({"zone_name": ["示例0", "示例1", "示例2"]})),
        one.explode(),
    ):
        assert states(checked(frame)) == {"生态保护红线": "ok"}


def test_of_an_empty_layer_joining_leaves_no_trace_and_nothing_claims_it_was_checked():
    screening = checked(pd.concat([read(), read(0, kind="水源地", grade=None)]))
    assert states(screening) == {"生态保护红线": "ok"}
    assert screening.sites["layers_checked"].iloc[0] == "生态保护红线（2，2024-05-01）"


def test_notes_of_others_are_no_notes():
    layer = zones(box(0, 0, 9, 9))
    for kept in (["L"], "L", [{"name": "x"}], 3):
        layer.attrs["layers"] = kept
        assert states(checked(layer)) == {"L": "ok"}


def test_a_version_or_date_that_is_not_known_is_said():
    screening = checked(zones(box(0, 0, 9, 9), version="", version_date=""))
    assert screening.sites["layers_checked"].iloc[0] == "L（版本不详，日期不详）"
    assert "L (version not known, date not known)" in screening.sites["why_en"].iloc[0]


def test_dates_are_compared_as_dates_however_they_are_written():
    for text in ("20240501", "2024-05-01", pd.Timestamp("2024-05-01 08:00")):
        assert set(read(version_date=text)["version_date"]) == {"2024-05-01"}
    nothing = read(version=None, version_date=None)
    assert set(nothing["version"]) == set(nothing["version_date"]) == {""}
    for text, late in (("20240501", False), ("20300501", True), ("二〇三〇年", False)):
        layer = zones(box(0, 0, 9, 9), version_date=text)
        flags = checked(layer, on="2026-01-01").checked["layer_flag"].iloc[0]
        assert ("晚于" in flags) is late


def test_a_column_that_is_there_twice_is_named():
    layer = read().drop(columns=["zone_code"])
    with pytest.raises(SchemaError, match="'zone_name' is there twice"):
        read_zones(
            pd.concat([layer, layer[["zone_name"]]], axis=1),
            kind="红线",
            version="",
            version_date="",
        )


def test_zones_without_codes_and_things_that_are_no_layers_are_refused():
    with pytest.raises(SchemaError, match="row 2 has no zone_code"):
        checked(zones(box(0, 0, 9, 9), box(20, 0, 29, 9), codes=["a", ""]))
    for strange in (
        None,
        3,
        "zones.shp",
        pd.DataFrame({"a": [1]}),
        {"红线": read()},
        ["zones.shp"],
    ):
        with pytest.raises(SchemaError, match="is no layer"):
            checked(strange)
    for strange in (None, 3, [("a", "b", "c")]):
        with pytest.raises(ValueError, match="unreadable: .* is no layer"):
            checked(read(), unreadable=strange)


@pytest.mark.parametrize("crs", [4490, 4549])
def test_a_zone_that_has_no_place_on_the_earth_was_not_checked(crs):
    """Longitude and latitude swapped, or metres called degrees: no site would ever meet it."""
    place = {4490: box(41.5, 120.2, 41.6, 120.3), 4549: at(box(0, 0, 9, 9))}[crs]
    layer = gpd.GeoDataFrame({"名称": ["示例"]}, geometry=[place], crs=4490)
    given = read_zones(layer, kind="红线", grade="一般", version="2", version_date="2024-05-01")
    screening = checked([given, read().assign(layer="好")])
    assert screening.sites["verdict"].tolist() == ["无法判断"]
    assert states(screening)["好"] == "ok"
    assert set(states(screening).values()) != {"ok"}


@pytest.mark.parametrize(
    ("crs", "shape"),
    [
        (4490, box(-180, -90, 180, 90)),
        (3857, box(-2e7, -2e7, 2e7, 2e7)),
        (4490, box(60, 30, 180, 60)),
    ],
)
def test_a_zone_around_half_the_earth_that_folds_in_metres_is_no_clean_bill(crs, shape):
    layer = gpd.GeoDataFrame({"名称": ["示例"]}, geometry=[shape], crs=crs)
    given = read_zones(layer, kind="红线", grade="一般", version="2", version_date="2024-05-01")
    assert checked(given).sites["verdict"].tolist() == ["无法判断"]
    assert checked([given, read()]).sites["verdict"].tolist() == ["无法判断"]


@pytest.mark.parametrize("latitude", [95.0, -90.5])
def test_a_site_beyond_the_poles_is_named(latitude):
    place = sites(FAR).to_crs(4490).set_geometry([Point(119, latitude)], crs=4490)
    with pytest.raises(
        ValueError, match="sites, row 1: its coordinates have no place on the earth"
    ):
        screen_sites(place, read())


def test_a_site_without_a_place_on_the_earth_is_flagged_beside_others():
    found = screen_sites(sites(FAR, Point(1e9, 4_601_000)), read()).sites
    assert found["verdict"].tolist() == ["无冲突", "无法判断"]
    assert found["verdict_flag"][1].startswith("坐标在地球上没有位置")
