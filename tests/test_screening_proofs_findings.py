"""What a page, a Word file and a sheet are made from: each line of a finding, once, in words."""

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from chaoyang_geo.findings.content import doubts, zone_rows
from chaoyang_geo.findings.model import casebook, unchecked_kinds
from chaoyang_geo.findings.words import words_of

sys.path.insert(0, str(Path(__file__).parent))
from findings_paper import finding, paper

DOUBT = "位置压线，但区内也允许"


def book(days=30, **sites):
    """Return the paper with a note, a doubt, and a line of 120 m in a zone without a name."""
    screening = paper()
    rows = screening.findings
    rows.loc[0, ["rule_note", "finding_flag"]] = "a note", DOUBT
    line = finding(
        "B", "Z2", overlap_m=120.0, overlap_m_geodesic=119.9, share_of_site=0.4,
        share_of_zone=float("nan"), zone_name="",
    )  # fmt: skip
    table = pd.concat([rows, pd.DataFrame([line])], ignore_index=True)
    judged = screening.sites.assign(**sites)
    return casebook(replace(screening, findings=table, sites=judged), None, days)


def test_a_row_of_the_table_of_zones_says_all_of_its_finding():
    case, words = book(), words_of("zh")
    (area,) = zone_rows(case.sites[0], words, "zh")
    assert area.zone == ["zone", "生态保护红线（一般控制区）", "Z1，red，2023"]
    assert [line.replace("\xa0", " ") for line in area.how] == [
        "部分位于区内", "重叠 5,000.0 平方米（椭球面 4,998.0 平方米）", "占项目 50 %，占分区 1.2 %",
        "误差带 ±10 米",
    ]  # fmt: skip
    assert area.basis == ["Act art. 1", "规则 r-1（已核实）", "a note"]
    assert (area.verdict, area.doubt) == ("禁止", DOUBT)
    near, line = zone_rows(case.sites[1], words, "zh")
    assert near.how == ["位于区外", "相距 206.2 米", "误差带 ±10 米"]
    assert near.basis == ["不在区内"] and near.doubt == ""
    # a zone without a name is called by its code, which is then not said twice
    assert line.zone[0] == "Z2" and line.zone[2] == "red，2023"
    assert [text.replace("\xa0", " ") for text in line.how[1:3]] == [
        "穿越 120 米（椭球面 119.9 米）", "占项目 40 %",
    ]  # fmt: skip


def test_the_same_row_in_english():
    area, line = (zone_rows(book().sites[n], words_of("en"), "en")[-1] for n in (0, 1))
    assert area.zone == ["zone", "ecological red line (general control zone)", "Z1, red, 2023"]
    assert area.basis == ["Act art. 1", "rule r-1 (verified)", "a note"]
    assert area.doubt == "on the line, but the activity is allowed inside, too"
    assert line.how[1] == "crosses 120 m (on the ellipsoid 119.9 m)"


def test_doubts_of_place_activity_site_and_zones_are_told_once_each():
    case = book(
        place_flag=["约略位置甲", "", ""], activity_flag=["活动存疑", "", ""],
        verdict_flag=[f"site doubt；{DOUBT}", "", ""],
    )  # fmt: skip
    assert doubts(case.sites[0], "zh") == ["约略位置甲", "活动存疑", "site doubt", DOUBT]
    assert doubts(case.sites[1], "zh") == []


@pytest.mark.parametrize(
    ("days", "last"),
    [(1, "2026-11-23"), (30, "2026-12-22"), (365, "2027-11-22"), (500, "2028-04-05")],
)
def test_the_day_of_expiry_is_so_many_days_later(days, last):
    case = book(days)
    assert (case.screened_on, case.expires_on, case.valid_days) == ("2026-11-22", last, days)


def test_a_synthetic_site_is_marked_though_the_layers_are_real():
    case = book(quality=["synthetic", "official", "official"])
    assert [site.synthetic for site in case.sites] == [True, False, False]
    assert case.synthetic and not book().synthetic


@pytest.mark.parametrize(
    ("states", "listed"),
    [
        (["ok"], None),
        (["partial"], "partial"),
        (["empty", "ok"], None),  # another layer stands for the kind
        (["ok", "empty"], None),
        (["empty", "partial"], "empty"),
        (["unreadable"], "unreadable"),
    ],
)
def test_a_kind_counts_as_checked_only_where_a_whole_layer_stands_for_it(states, listed):
    rows = [
        {"layer": f"L{n}", "zone_kinds": "eco_red_line", "layer_state": state}
        for n, state in enumerate(states)
    ]
    found = {row["zone_kind"]: row["layer_state"] for row in unchecked_kinds(rows)}
    assert found.get("eco_red_line") == listed
    assert found["town"] == ""
    # and a layer that was not checked is named, whatever stands for its kind
    named = {row["layer"] for row in unchecked_kinds(rows)}
    assert {f"L{n}" for n, state in enumerate(states) if state != "ok"} <= named
