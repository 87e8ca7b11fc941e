"""Which part of a control unit lies in which county: on squares, and by rival routes."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon, box

from chaoyang_geo import CRSError, SchemaError
from chaoyang_geo.schema import COLUMNS
from chaoyang_geo.units import SHARE_COLUMNS, county_shares

X, Y, KM = 500_000, 4_600_000, 1000


def square(x0, y0, x1, y1):
    return box(X + x0 * KM, Y + y0 * KM, X + x1 * KM, Y + y1 * KM)


def layer(column, shapes, crs=4549, **columns):
    return gpd.GeoDataFrame(
        {column: list(shapes), **columns}, geometry=list(shapes.values()), crs=crs
    )


def pairs(found):
    return list(zip(found["county_code"], found["share"].round(9), strict=True))


def test_a_unit_over_two_counties_on_paper():
    units = layer("unit_code", {"U": square(0, 0, 4, 1)}, unit_name=["甲"])
    counties = layer("county_code", {"B": square(3, 0, 9, 1), "A": square(-5, 0, 3, 1)},
                     county_name=["乙县", "甲县"])  # fmt: skip
    found = county_shares(units, counties)
    assert list(found.columns) == list(SHARE_COLUMNS)
    assert pairs(found) == [("A", 0.75), ("B", 0.25)]
    assert found["area_km2"].tolist() == [3.0, 1.0]
    assert found["share_percent"].tolist() == [75.0, 25.0]
    assert found[["unit_name", "county_name"]].values.tolist() == [["甲", "甲县"], ["甲", "乙县"]]
    assert (found["share_flag"] == "").all()


def test_what_lies_in_no_county_has_a_row_of_its_own():
    units = layer("unit_code", {"U": square(0, 0, 2, 1), "V": square(50, 50, 51, 51)})
    found = county_shares(units, layer("county_code", {"A": square(0, 0, 1, 1)}))
    assert pairs(found) == [("A", 0.5), ("", 0.5), ("", 1.0)]
    assert found["share_flag"].tolist() == ["", "不在任何区县内", "不在任何区县内"]


def test_percents_add_up_to_100_by_the_largest_remainder():
    units = layer("unit_code", {"U": square(0, 0, 3, 1)})
    counties = layer("county_code", {c: square(k, 0, k + 1, 1) for k, c in enumerate("CBA")})
    found = county_shares(units, counties).set_index("county_code")
    assert found["share_percent"].to_dict() == {"A": 33.4, "B": 33.3, "C": 33.3}
    whole = county_shares(units, counties, decimals=0).set_index("county_code")
    assert whole["share_percent"].to_dict() == {"A": 34, "B": 33, "C": 33}


def test_slivers_are_flagged_and_kept():
    units = layer("unit_code", {"U": square(0, 0, 1, 1)})
    counties = layer("county_code", {"A": square(0, 0, 0.999, 1), "B": square(0.999, 0, 2, 1)})
    found = county_shares(units, counties)
    assert found["share_flag"].tolist() == ["", "份额不足0.005，可能是两套边界不一致"]
    assert (county_shares(units, counties, sliver=0.0005)["share_flag"] == "").all()


def test_counties_that_only_touch_the_unit_have_no_row():
    units = layer("unit_code", {"U": square(0, 0, 1, 1)})
    counties = layer("county_code", {"A": square(0, 0, 1, 1), "B": square(1, 0, 2, 1)})
    assert pairs(county_shares(units, counties)) == [("A", 1.0)]


def test_counties_that_overlap_are_said_and_shares_still_add_up():
    units = layer("unit_code", {"U": square(0, 0, 2, 1)})
    counties = layer("county_code", {"A": square(0, 0, 2, 1), "B": square(1, 0, 2, 1)})
    found = county_shares(units, counties)
    assert found["share"].sum() == pytest.approx(1, abs=1e-15)
    assert found["share_flag"].str.contains("区县在本单元内重叠1 km²").all()


def test_parts_of_one_county_are_one_county():
    units = layer("unit_code", {"U": square(0, 0, 3, 1)})
    shapes = [square(0, 0, 1, 1), square(2, 0, 3, 1), square(1, 0, 2, 1)]
    counties = gpd.GeoDataFrame({"county_code": ["A", "A", "B"]}, geometry=shapes, crs=4549)
    assert pairs(county_shares(units, counties)) == [("A", 0.666666667), ("B", 0.333333333)]


def test_shares_by_weight_on_paper():
    # A has 90 people on 9 km², of which 1 km² in the unit: 10; B 30 on 1 km²: 30
    units = layer("unit_code", {"U": square(0, 0, 2, 1)})
    counties = layer("county_code", {"A": square(-8, 0, 1, 1), "B": square(1, 0, 2, 1)},
                     people=[90, 30])  # fmt: skip
    by_column = county_shares(units, counties, weight="people")
    assert pairs(by_column) == [("B", 0.75), ("A", 0.25)]
    by_series = county_shares(units, counties, weight=pd.Series({"B": 30, "A": 90}))
    pd.testing.assert_frame_equal(by_column, by_series)
    outside = county_shares(
        layer("unit_code", {"U": square(0, 0, 3, 1)}), counties, weight="people"
    )
    assert pairs(outside) == [("B", 0.75), ("A", 0.25), ("", 0.0)]
    assert outside["share_flag"].iloc[2] == "不在任何区县内；没有权重，不计份额"
    none = county_shares(units, counties.assign(people=0), weight="people")
    assert none["share"].isna().all() and "权重合计为零" in none["share_flag"].iloc[0]


def test_weights_that_cannot_be_are_refused():
    units = layer("unit_code", {"U": square(0, 0, 2, 1)})
    counties = layer("county_code", {"A": square(0, 0, 1, 1), "B": square(1, 0, 2, 1)},
                     people=[90, -1])  # fmt: skip
    with pytest.raises(SchemaError, match="people has no number of 0 or more for county B"):
        county_shares(units, counties, weight="people")
    with pytest.raises(SchemaError, match="weight has no number .* for county B"):
        county_shares(units, counties, weight=pd.Series({"A": 1}))
    with pytest.raises(SchemaError, match="county A is there twice"):
        county_shares(units, counties, weight=pd.Series([1, 2], index=["A", "A"]))
    with pytest.raises(SchemaError, match="column cows .* is missing"):
        county_shares(units, counties, weight="cows")


def test_a_unit_without_a_shape_keeps_its_row_and_a_bow_tie_is_mended():
    units = layer("unit_code", {"U": None, "V": Polygon([(X, Y), (X + KM, Y + KM), (X + KM, Y),
                                                          (X, Y + KM)])})  # fmt: skip
    found = county_shares(units, layer("county_code", {"A": square(0, 0, 1, 1)}))
    assert found["unit_code"].tolist() == ["U", "V"]
    assert (
        np.isnan(found["share"].iloc[0]) and found["share_flag"].iloc[0] == "单元没有图形，不能量算"
    )
    assert found["area_km2"].iloc[1] == 0.5 and "自交，修复后量算" in found["share_flag"].iloc[1]


def test_errors_name_the_layer_and_say_what_to_do():
    units = layer("unit_code", {"U": square(0, 0, 1, 1)})
    counties = layer("county_code", {"A": square(0, 0, 1, 1)})
    with pytest.raises(CRSError, match="counties: the layer has no CRS"):
        county_shares(units, counties.set_crs(None, allow_override=True))
    with pytest.raises(SchemaError, match="unit_code must be unique"):
        county_shares(pd.concat([units, units]), counties)
    with pytest.raises(SchemaError, match="row 1 has no county_code"):
        county_shares(units, counties.assign(county_code=None))
    points = units.set_geometry([Point(X, Y)], crs=4549)
    with pytest.raises(SchemaError, match=r"units: row 1 \(unit_code U\) is a Point"):
        county_shares(points, counties)
    for options in ({"sliver": 5}, {"decimals": 7}, {"decimals": 0.5}):
        with pytest.raises(ValueError, match=next(iter(options))):
            county_shares(units, counties, **options)


def test_empty_in_empty_out_and_the_input_is_not_changed():
    units = layer("unit_code", {"U": square(0, 0, 1, 1)})
    counties = layer("county_code", {"A": square(0, 0, 1, 1)})
    before = units.copy(), counties.copy()
    full, empty = county_shares(units, counties), county_shares(units.iloc[:0], counties)
    assert len(empty) == 0 and (full.dtypes == empty.dtypes).all()
    assert set(full.columns) <= set(COLUMNS)
    pd.testing.assert_frame_equal(units, before[0])
    pd.testing.assert_frame_equal(counties, before[1])
    alone = county_shares(units, counties.iloc[:0])
    assert pairs(alone) == [("", 1.0)]


@settings(max_examples=30)
@given(
    st.lists(st.floats(0.01, 9.99), min_size=0, max_size=6, unique=True),
    st.floats(-3, 8), st.floats(0.5, 9), st.integers(0, 3),
)  # fmt: skip
def test_shares_add_up_to_one_and_percents_to_100(cuts, begin, width, decimals):
    edges = [0.0, *sorted(cuts), 10.0]
    counties = layer("county_code", {
        f"C{k}": square(a, 0, b, 1) for k, (a, b) in enumerate(pairwise(edges))
    })  # fmt: skip
    units = layer("unit_code", {"U": square(begin, 0, begin + width, 1)})
    found = county_shares(units, counties, decimals=decimals)
    assert abs(found["share"].sum() - 1) < 1e-12
    counts = (found["share_percent"] * 10**decimals).round().astype(int)
    assert counts.sum() == 100 * 10**decimals
    assert (abs(found["share_percent"] - 100 * found["share"]) < 10.0**-decimals + 1e-9).all()
    assert abs(found["area_km2"].sum() - width) < 1e-6


def test_two_crs_agree_and_so_does_an_overlay(plan):
    found = county_shares(plan.units, plan.counties)
    metric = county_shares(plan.units.to_crs(4549), plan.counties.to_crs(4490))
    pd.testing.assert_frame_equal(found, metric, check_exact=False, rtol=1e-6)
    sums = found.groupby("unit_code")["share"].sum()
    assert (abs(sums - 1) < 1e-12).all() and len(sums) == 13
    tenths = (found["share_percent"] * 10).round().astype(int)
    assert (tenths.groupby(found["unit_code"]).sum() == 1000).all()
    units = plan.units[["unit_code", "geometry"]].to_crs(4549)
    parts = gpd.overlay(units, plan.counties[["county_code", "geometry"]].to_crs(4549))
    areas = parts.assign(km2=parts.area / 1e6).groupby(["unit_code", "county_code"])["km2"].sum()
    inside = found[found["county_code"] != ""].set_index(["unit_code", "county_code"])["area_km2"]
    both = pd.concat([areas, inside], axis=1).fillna(0)
    assert (abs(both["km2"] - both["area_km2"]) < 1e-4).all()
    assert found.groupby("unit_code", sort=False)["area_km2"].sum().tolist() == pytest.approx(
        (units.area / 1e6).tolist(), rel=1e-9
    )


def test_townships_are_shared_out_like_counties(plan):
    from chaoyang_geo import area_shares

    counties = plan.counties.rename(columns={"county_code": "zone", "county_name": "zone_name"})
    found = area_shares(plan.units, counties, code="zone", name="zone_name")
    expected = county_shares(plan.units, plan.counties)
    assert found["zone"].tolist() == expected["county_code"].tolist()
    assert found["share"].tolist() == expected["share"].tolist()
    assert found.groupby("unit_code")["share_percent"].sum().round(6).eq(100).all()


# ---------------------------------------------------------------- raster weights


def raster(path, values, west=X, north=Y + 2 * KM, cell=500.0, crs="EPSG:4549", nodata=None):
    rasterio = pytest.importorskip("rasterio")
    values = np.asarray(values, dtype="float32")
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1,
        dtype="float32", crs=crs, nodata=nodata, transform=rasterio.Affine(cell, 0, west, 0, -cell, north),
    ) as out:  # fmt: skip
        out.write(values, 1)
    return path


def test_shares_by_a_raster_on_paper(tmp_path):
    # cells of 500 m; the border of A and B at 750 m halves the cells of the second column
    people = raster(tmp_path / "people.tif", [[9, 9, 9, 9]] * 2 + [[10, 8, 6, 0], [0, 8, 0, -1]],
                    nodata=-1)  # fmt: skip
    units = layer("unit_code", {"U": square(0, 0, 2, 1)})
    counties = layer("county_code", {"A": square(-8, 0, 0.75, 1), "B": square(0.75, 0, 1.25, 1)})
    found = county_shares(units, counties, weight=people)
    assert pairs(found) == [("A", 18 / 32), ("B", 11 / 32), ("", 3 / 32)]
    assert found["share_percent"].sum() == 100
    assert found["share_flag"].tolist() == ["", "", "不在任何区县内"]
    # the same in degrees, and in a wider unit that the raster does not fill
    turned = county_shares(units.to_crs(4490), counties.to_crs(4326), weight=people)
    assert turned["share"].tolist() == pytest.approx(found["share"].tolist(), abs=1e-4)
    wide = county_shares(layer("unit_code", {"U": square(0, 0, 4, 1)}), counties, weight=people)
    assert pairs(wide) == pairs(found)
    assert wide["share_flag"].iloc[0] == "单元有50.00%在栅格范围之外，按零计"


@pytest.mark.parametrize("block", [4_000_000, 50])
def test_cells_are_cut_exactly_as_every_cell_by_itself(tmp_path, monkeypatch, block):
    monkeypatch.setattr("chaoyang_geo.units.cells._BLOCK", block)
    rng = np.random.default_rng(5)
    values = rng.integers(0, 9, (23, 37))
    path = raster(tmp_path / "load.tif", values, west=X - 3000, north=Y + 6000, cell=300.0)
    turns = np.linspace(0, 6.2, 60)
    far = rng.uniform(800, 2900, 60)
    ring = np.column_stack([X + far * np.cos(turns), Y + 3000 + far * np.sin(turns)])
    hole = square(-0.5, 2.6, 0.45, 3.3)
    apart = square(3, 3, 3.9, 3.9)  # on the borders of cells
    units = layer("unit_code", {"U": Polygon(ring).difference(hole).union(apart)})
    halves = layer("county_code", {"A": square(-9, -9, 0.1, 9), "B": square(0.1, -9, 9, 9)})
    found = county_shares(units, halves, weight=path).set_index("county_code")["share"]
    rows, columns = np.indices(values.shape)
    west, north = (X - 3000 + 300.0 * columns).ravel(), (Y + 6000 - 300.0 * rows).ravel()
    cells = gpd.GeoSeries([box(a, b - 300, a + 300, b) for a, b in zip(west, north, strict=True)])
    a, b = (
        float((cells.intersection(half & units.geometry[0]).area * values.ravel()).sum())
        for half in halves.geometry
    )
    assert found["A"] == pytest.approx(a / (a + b), rel=1e-9)


def test_rasters_that_cannot_be_weights_are_refused(tmp_path):
    units = layer("unit_code", {"U": square(0, 0, 2, 1)})
    counties = layer("county_code", {"A": square(0, 0, 2, 1)})
    negative = raster(tmp_path / "n.tif", [[1, 1, 1, 1]] * 3 + [[1, -9999, 1, 1]])
    with pytest.raises(SchemaError, match=r"-9999 in row 4, column 2; .* declare it"):
        county_shares(units, counties, weight=negative)
    with pytest.raises(CRSError, match="no CRS"):
        county_shares(units, counties, weight=raster(tmp_path / "c.tif", [[1]], crs=None))
    with pytest.raises(FileNotFoundError, match=r"none\.tif"):
        county_shares(units, counties, weight=tmp_path / "none.tif")
    text = tmp_path / "text.tif"
    text.write_text("people")
    with pytest.raises(ValueError, match=r"text\.tif cannot be read as a raster"):
        county_shares(units, counties, weight=text)
    with pytest.raises(SchemaError, match=r"pathlib\.Path\('n\.tif'\)"):
        county_shares(units, counties, weight="n.tif")
