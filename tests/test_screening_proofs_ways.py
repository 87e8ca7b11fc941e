"""Alternatives and kilometres: figures that a planner writes into a drawing."""

import sys
from pathlib import Path

import pytest
import shapely

from chaoyang_geo.alternatives import conflict_stretches, free_parts, smallest_shift

sys.path.insert(0, str(Path(__file__).parent))
from screening_paper import box, sites, zones

LINE = shapely.LineString([(0, 0), (3000, 0)])


@pytest.mark.parametrize(
    ("west", "east", "decimals", "stakes"),
    [
        (249.6, 400.4, 0, ("K0+250", "K0+400")),
        (250.4, 400.6, 0, ("K0+250", "K0+401")),
        (999.6, 1999.96, 0, ("K1+000", "K2+000")),
        (999.6, 1999.96, 1, ("K0+999.6", "K2+000.0")),
        (5.26, 40.04, 1, ("K0+005.3", "K0+040.0")),
        (5.26, 1040.044, 3, ("K0+005.260", "K1+040.044")),
    ],
)
def test_a_stake_is_rounded_to_its_metres(west, east, decimals, stakes):
    zone = zones(box(west, -5, east, 5))
    row = conflict_stretches(sites(LINE), zone, stake_decimals=decimals).iloc[0]
    assert (row.from_stake, row.to_stake) == stakes
    assert (row.from_km, row.to_km) == (pytest.approx(west / 1e3), pytest.approx(east / 1e3))
    assert row.length_m == pytest.approx(east - west)


def test_the_kilometre_of_the_first_vertex_is_added_to_both_ends_and_not_to_the_length():
    table = sites(LINE, start_km=[12.5])
    row = conflict_stretches(table, zones(box(250, -5, 750, 5))).iloc[0]
    assert (row.from_stake, row.to_stake) == ("K12+750", "K13+250")
    assert (row.to_km, row.length_m) == (pytest.approx(13.25), pytest.approx(500))


def test_the_order_of_sites_does_not_matter():
    shapes = (box(0, 0, 100, 100), box(300, 0, 400, 100), box(-500, 0, -400, 50))
    zone = zones(box(60, -50, 330, 200), box(-450, -5, -440, 60))
    table = sites(*shapes)
    turned = table.iloc[[2, 0, 1]]
    for tool in (free_parts, smallest_shift):
        one, other = tool(table, zone), tool(turned, zone)
        assert other["site_code"].tolist() == ["S2", "S0", "S1"]
        again = other.sort_index()
        assert again.drop(columns="geometry").equals(one.drop(columns="geometry"))
    lines = sites(LINE, shapely.LineString([(0, 20), (500, 20)]))
    one, other = (conflict_stretches(each, zone) for each in (lines, lines.iloc[::-1]))
    key = ["site_code", "stretch_no"]
    columns = [*key, "zone_code", "from_stake", "to_stake"]
    left, right = (each.sort_values(key)[columns].to_numpy().tolist() for each in (one, other))
    assert left == right and len(left) == 2
