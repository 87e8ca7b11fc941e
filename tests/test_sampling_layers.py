"""Samples of several layers or verticals: averaged alike, the worst judged, and always said."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoyang_geo import (
    assess_sections,
    classify,
    load_plan,
    loops,
    match_sections,
    mean_readings,
    read_readings,
)
from chaoyang_geo import periods as periods_room
from chaoyang_geo.cli import main
from chaoyang_geo.codes import Coded
from chaoyang_geo.periods.layers import several_layers

NAN = float("nan")
TIME = pd.Timestamp("2025-10-08 09:00")


def samples(*rows, **columns):
    """Rows of layer, value, and what else a row has."""
    table = pd.DataFrame(
        [{"time": TIME, "sampling_layer": layer, "value": value, **(rest[0] if rest else {})}
         for layer, value, *rest in rows]
    )  # fmt: skip
    return pd.DataFrame({"section_code": "S1", "item": "tp", **table, **columns})


def flag(table, **options):
    return mean_readings(table, **options)["mean_flag"].tolist()


# --- means --------------------------------------------------------------------------------------


def test_a_mean_counts_every_sample_alike_and_names_the_layers_from_the_surface_down():
    row = mean_readings(samples(("底层", 0.2), ("表层", 0.1), ("中层", 0.1), ("表层", 0.4))).iloc[0]
    assert (row["mean"], row["n"]) == (pytest.approx(0.8 / 4), 4)
    assert row["mean_flag"] == "含表层、中层、底层样品，逐个平均"


@pytest.mark.parametrize("second", ["表层", "", None, "  "])
def test_samples_of_one_layer_say_nothing_and_what_states_none_is_no_layer(second):
    assert flag(samples(("表层", 0.1), (second, 0.3))) == [""]


@pytest.mark.parametrize(
    "rest",
    [
        {"value": NAN},
        {"value": NAN, "censored": "<"},
        {"censored": ">", "value": NAN, "detection_limit": 1.0},
        {"value": -0.1},
        {"value": float("inf")},
        {"state": "dry"},
        {"row_kind": "mean"},
    ],
)
def test_a_layer_is_named_only_where_a_reading_of_it_is_in_the_mean(rest):
    said = flag(samples(("表层", 0.1), ("中层", 0.2), ("底层", 0.3, rest)))[0]
    assert "含表层、中层样品，逐个平均" in said
    assert "底层" not in said
    whole = flag(samples(("表层", 0.1), ("中层", 0.2), ("底层", 0.3)))
    assert whole == ["含表层、中层、底层样品，逐个平均"]


def test_half_a_detection_limit_is_a_reading_of_its_layer():
    below = {"censored": "<", "detection_limit": 0.02}
    assert flag(samples(("表层", 0.1), ("底层", NAN, below))) == ["含表层、底层样品，逐个平均"]
    said = flag(samples(("表层", 0.1), ("底层", NAN, below)), censored="drop")
    assert said == ["1个读数低于检出限，按 drop，未计入"]


@pytest.mark.filterwarnings("ignore:readings. 1 of the samples have no time")
def test_a_sample_without_a_time_is_of_no_mean_and_names_no_layer():
    table = samples(("表层", 0.1), ("中层", 0.1), ("底层", 0.2, {"time": pd.NaT}))
    assert flag(table) == ["含表层、中层样品，逐个平均"]


def test_layers_are_kept_apart_by_month_section_and_item():
    later = pd.Timestamp("2025-11-08")
    table = pd.concat(
        [
            samples(("表层", 0.1), ("底层", 0.2)),
            samples(("表层", 0.1), time=later),
            samples(("底层", 7.0), item="ph"),
            samples(("左岸", 0.1), ("右岸", 0.2), section_code="S2"),
        ]
    )
    assert flag(table) == ["", "含表层、底层样品，逐个平均", "", "含左岸、右岸样品，逐个平均"]


def test_a_column_in_by_gives_means_of_each_layer_and_a_filter_those_of_one():
    table = samples(("底层", 0.2), ("表层", 0.1), ("表层", 0.3), ("", 0.5))
    means = mean_readings(table, by=["section_code", "sampling_layer"])
    assert means["sampling_layer"].tolist() == ["", "底层", "表层"]
    assert means["mean"].tolist() == pytest.approx([0.5, 0.2, 0.2])
    assert (means["mean_flag"] == "").all()
    one = mean_readings(table[table["sampling_layer"] == "表层"])
    assert (one["mean"].tolist(), one["mean_flag"].tolist()) == ([pytest.approx(0.2)], [""])


def test_a_method_that_is_passed_over_leaves_its_layer_out():
    table = samples(("表层", 0.1), ("中层", 0.1), ("底层", 0.9))
    table["method"] = ["automatic", "automatic", "manual"]
    assert "含表层、中层样品，逐个平均" in flag(table)[0].split("；")
    assert "底层" not in flag(table)[0]
    assert "含表层、中层、底层样品，逐个平均" in flag(table, precedence="both")[0]


def test_a_day_with_too_few_samples_leaves_its_layer_out_of_the_month():
    table = samples(
        ("表层", 0.1), ("中层", 0.3), ("底层", 0.9, {"time": TIME + pd.Timedelta("1D")})
    )
    said = flag(table, via=["day"], min_n={"day": 2})[0]
    assert "含表层、中层样品，逐个平均" in said
    assert "底层" not in said
    assert flag(table, via=["day"]) == ["含表层、中层、底层样品，逐个平均"]


def test_depths_come_in_order_and_of_many_the_first_are_named():
    profile = samples(*((f"{depth} m", 0.1) for depth in (10, 0.5, 2)))
    assert flag(profile) == ["含0.5 m、2 m、10 m样品，逐个平均"]
    profile = samples(*((f"{depth} m", 0.1) for depth in range(30)))
    assert flag(profile) == ["含0 m、1 m、2 m、3 m、4 m、5 m等30处样品，逐个平均"]


def test_pieces_say_what_the_whole_table_says():
    table = pd.concat(
        [
            samples(("表层", 0.1), ("表层", 0.2)),
            samples(("底层", 0.3), section_code="S0"),
            samples(("底层", 0.3), ("表层", NAN)),
            samples(("表层", 0.5), section_code="S0"),
        ]
    )
    without = samples(("", 0.4)).drop(columns="sampling_layer")
    pieces = [without, *(table.iloc[k : k + 2] for k in range(0, len(table), 2))]
    whole = mean_readings(pd.concat(pieces))
    pd.testing.assert_frame_equal(mean_readings(iter(pieces)), whole)
    assert (whole["mean_flag"] == "含表层、底层样品，逐个平均").all()


def test_many_pieces_are_joined_on_the_way(monkeypatch):
    monkeypatch.setattr(periods_room, "_MOST_CELLS", 1)
    table = samples(("底层", 0.2), ("表层", 0.1), ("中层", 0.1), ("表层", 0.4))
    pieces = (table.iloc[k : k + 1] for k in range(len(table)))
    assert flag(pieces) == ["含表层、中层、底层样品，逐个平均"]


def test_a_table_without_the_column_is_not_looked_at_for_layers(monkeypatch):
    def refuse(*_):
        raise AssertionError("no layer is stated")

    monkeypatch.setattr(periods_room, "piece_layers", refuse)
    table = samples(("表层", 0.1), ("底层", 0.3))
    with pytest.raises(AssertionError, match="no layer"):
        mean_readings(table)
    assert flag(table.drop(columns="sampling_layer")) == [""]
    assert flag(table.assign(sampling_layer="")) == [""]
    assert flag(table, by=["section_code", "sampling_layer"]) == ["", ""]


def test_the_means_are_to_the_last_digit_those_without_the_column():
    random = np.random.default_rng(0)
    n = 3000
    table = pd.DataFrame(
        {
            "section_code": random.choice(["S1", "S2"], n),
            "time": TIME + pd.to_timedelta(random.integers(0, 90, n), unit="D"),
            "item": random.choice(["ph", "tp"], n),
            "value": random.random(n) + 7,
            "sampling_layer": random.choice(["表层", "底层", ""], n),
        }
    )
    before = table.copy()
    with_layers = mean_readings(table).drop(columns="mean_flag")
    without = mean_readings(table.drop(columns="sampling_layer")).drop(columns="mean_flag")
    pd.testing.assert_frame_equal(with_layers, without, check_exact=True)
    pd.testing.assert_frame_equal(table, before)


def test_an_empty_table_with_the_column_has_the_same_columns():
    empty = samples(("表层", 0.1)).iloc[:0]
    plain = mean_readings(empty.drop(columns="sampling_layer"))
    pd.testing.assert_frame_equal(mean_readings(empty), plain)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["S1", "S2"]),
        st.integers(0, 40),  # day
        st.sampled_from([0.1, 0.2, NAN, -1.0]),
        st.sampled_from(["", "automatic", "manual"]),
        st.sampled_from(["", "表层", "中层", "底层"]),
    ),
    min_size=1,
    max_size=30,
)


def plain_layers(rows, least):
    """Say which layers enter each section and month, reading by reading."""
    first = pd.Timestamp("2025-10-01")
    known = [
        (section, first + pd.Timedelta(days=day), method, layer)
        for section, day, value, method, layer in rows
        if value > 0
    ]
    automatic = {(s, time.month) for s, time, method, _ in known if method == "automatic"}
    kept = [
        (s, time, layer)
        for s, time, method, layer in known
        if method == "automatic" or (s, time.month) not in automatic
    ]
    found: dict[tuple[str, int], set[str]] = {}
    for section, time, layer in kept:
        of_day = [1 for s, t, _ in kept if (s, t) == (section, time)]
        if layer and len(of_day) >= least:
            found.setdefault((section, time.month), set()).add(layer)
    order = ["表层", "中层", "底层"]
    return {
        key: f"含{'、'.join(sorted(layers, key=order.index))}样品，逐个平均"
        for key, layers in found.items()
        if len(layers) > 1
    }


@settings(max_examples=80, deadline=None)
@given(ROWS, st.integers(1, 3), st.integers(1, 12), st.booleans())
def test_the_layers_are_those_of_a_plain_route(rows, least, size, looped):
    table = pd.DataFrame(rows, columns=["section_code", "day", "value", "method", "sampling_layer"])
    table["time"] = pd.Timestamp("2025-10-01") + pd.to_timedelta(table["day"], unit="D")
    table["item"] = "tp"
    options = {"via": ["day"], "min_n": {"day": least}}
    expected = plain_layers(rows, least)
    with pytest.MonkeyPatch.context() as patch:
        if looped:
            patch.setattr(loops, "MANY_ROWS", 0)
            patch.setattr(loops, "_compiled", lambda loop: loop)
        pieces = (table.iloc[k : k + size] for k in range(0, len(table), size))
        for means in (mean_readings(table, **options), mean_readings(pieces, **options)):
            said = {
                (row["section_code"], row["period"].month): part
                for _, row in means.iterrows()
                for part in row["mean_flag"].split("；")
                if part.startswith("含")
            }
            assert said == expected


def test_names_of_several_layers_of_no_group():
    found = several_layers(np.zeros(0, np.int64), Coded([""], np.zeros(0, np.int8)), 0)
    assert len(found) == 0


# --- classes ------------------------------------------------------------------------------------


def test_the_class_is_that_of_the_worst_layer_and_the_flag_names_all():
    table = samples(("表层", 0.1), ("底层", 0.35), ("表层", 0.1))
    row = classify(table).iloc[0]
    assert (row["class"], row["deciding_values"]) == ("Ⅴ", "0.35")
    assert "总磷同一时间有表层、底层读数，取最差" in row["assess_flag"].split("；")
    assert "表层" not in row["why_zh"]


@pytest.mark.parametrize("layers", [("表层", "表层"), ("", ""), ("", "底层")])
def test_readings_of_one_layer_or_of_none_are_only_said_to_be_several(layers):
    table = samples(*((layer, 0.1) for layer in layers))
    said = classify(table).iloc[0]["assess_flag"]
    assert "总磷同一时间有多个读数，取最差" in said.split("；")
    assert said == classify(table.drop(columns="sampling_layer")).iloc[0]["assess_flag"]


def test_a_layer_without_a_value_is_not_named():
    said = classify(samples(("表层", 0.1), ("底层", NAN))).iloc[0]["assess_flag"]
    assert "同一时间" not in said


def test_items_with_the_same_to_say_share_a_sentence():
    both = [samples(("表层", 7.0), ("底层", 7.0), item=item) for item in ("ph", "do")]
    three = samples(("左线", 0.1), ("右线", 0.1), ("中线", 0.1))
    said = classify(pd.concat([*both, three])).iloc[0]["assess_flag"].split("；")
    assert "pH、溶解氧同一时间有表层、底层读数，取最差" in said
    assert "总磷同一时间有左线、中线、右线读数，取最差" in said


def test_sections_and_times_do_not_share_layers():
    table = pd.concat(
        [
            samples(("表层", 0.1), section_code="S1"),
            samples(("底层", 0.1), section_code="S2"),
            samples(("表层", 0.1), ("底层", 0.1), section_code="S0"),
        ]
    )
    flags = classify(table).set_index("section_code")["assess_flag"]
    assert ["同一时间" in flags[code] for code in ("S1", "S2", "S0")] == [False, False, True]


# --- from a file to the verdict -----------------------------------------------------------------

SHEET = """断面名称,采样时间,采样层次,pH,溶解氧(mg/L),高锰酸盐指数(mg/L),氨氮(mg/L),总磷(mg/L)
白石水库,2025-10-08 09:00,表层,8.1,9.0,3.1,0.12,0.02
白石水库,2025-10-08 09:00,底层,7.8,4.0,3.5,0.42,0.06
"""  # 示例: synthetic numbers


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "分层样品.csv"
    path.write_text(SHEET, encoding="utf-8")
    return path


def test_a_file_of_two_layers_is_averaged_and_judged_with_its_layers_named(sheet):
    plan = load_plan("chaoyang")
    table = match_sections(read_readings(sheet), plan.sections)
    row = classify(table, plan.sections).iloc[0]
    assert row["class"] == "Ⅳ"
    assert row["assess_flag"].startswith(
        "pH、溶解氧、高锰酸盐指数、氨氮、总磷同一时间有表层、底层读数"
    )
    month = assess_sections(table, plan.sections).iloc[0]
    assert (month["class"], month["deciding_values"]) == ("Ⅲ", "0.04 mg/L")
    assert "总磷含表层、底层样品，逐个平均" in month["assess_flag"]


def test_the_command_says_which_layers_its_means_are_of(sheet, tmp_path, capsys):
    out = tmp_path / "断面.csv"
    with pytest.raises(SystemExit, match="0"):
        main(["assess", str(sheet), "--out", str(out), "--json"])
    section = json.loads(capsys.readouterr().out)["sections"][0]
    assert "总磷含表层、底层样品，逐个平均" in section["assess_flag"]
    assert "总磷含表层、底层样品，逐个平均" in out.read_text(encoding="utf-8-sig")
