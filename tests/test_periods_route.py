"""Means of periods against a slow, plain route that a reader can follow."""

import math
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoyang_geo import loops, mean_readings
from chaoyang_geo.periods import cells

NAN = float("nan")
WATER = {"丰水期": (6, 7, 8, 9), "平水期": (4, 5, 10, 11), "枯水期": (12, 1, 2, 3)}
COLUMNS = [
    "section_code", "time", "item", "value", "censored", "detection_limit", "method", "state",
]  # fmt: skip


def begin_of(time, period):
    """Return the first day of the period of a time, with dates alone."""
    day = time.normalize()
    if period == "week":
        return day - pd.Timedelta(days=day.weekday())
    if period == "ten_days":
        return day.replace(day=min((day.day - 1) // 10, 2) * 10 + 1)
    if period == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    if period == "water_period":
        months = next(months for months in WATER.values() if day.month in months)
        years = day.year - (day.month < months[0])
        return pd.Timestamp(years, months[0], 1)
    if period == "10D":
        epoch = pd.Timestamp(1970, 1, 1)
        return epoch + (day - epoch) // pd.Timedelta(days=10) * pd.Timedelta(days=10)
    return {"day": day, "month": day.replace(day=1), "year": day.replace(month=1, day=1)}[period]


def averaged(rows, stages, least, routes):
    """Return the means of means of rows in one period of the last stage, one for each route.

    Each with its size; the first route is the mean itself, whose size says what is too short.
    """
    before = stages[:-1]
    if before:
        parts = {}
        for row in rows:
            parts.setdefault(begin_of(row["time"], before[-1]), []).append(row)
        means = [averaged(part, before, least, routes) for part in parts.values()]
        means = [found for found in means if found[0][1] >= least.get(before[-1], 0)]
        lists = [[found[k][0] for found in means if found[k][1]] for k in range(len(routes))]
    else:
        lists = [[x for x in map(route, rows) if not math.isnan(x)] for route in routes]
    return [(sum(values) / len(values) if values else NAN, len(values)) for values in lists]


def is_possible(row):
    signed = row["item"] == "water_temp"
    return math.isfinite(row["value"]) and (row["value"] >= 0 or signed)


def number_of(row, bound):
    """Return what a reading enters with as ``mean``, ``low`` or ``high``; pH as hydrogen ion."""
    if row["state"] in ("dry", "fault"):
        return NAN
    acid, signed = row["item"] == "ph", row["item"] == "water_temp"
    value = row["value"] if is_possible(row) else NAN
    limit = row["detection_limit"]
    if not signed and limit <= 0:
        limit = NAN
    if row["censored"] == "<":
        used = 0.5 * limit if math.isnan(value) else value
        if bound == "low" and not math.isnan(used):
            value = min(0.0, used, limit if limit < 0 else 0.0)
        else:
            value = max(limit, used) if bound == "high" else used
    elif row["censored"] == ">" and bound == "high":
        return 0.0 if acid else math.inf
    elif row["censored"] == ">" and bound == "low" and math.isnan(value):
        value = limit if not math.isnan(limit) else -math.inf if signed else 0.0
    return 10.0**-value if acid else value


def plain_means(table, period, via, precedence, least):
    """Return mean, low, high, n_parts and n_other by section, begin of the period and item."""
    decided = "month" if period in ("month", "quarter", "year", "water_period") else period
    routes = [partial(number_of, bound=bound) for bound in ("mean", "low", "high")]
    cells = {}
    for row in table.to_dict("records"):
        key = (row["section_code"], begin_of(row["time"], period), row["item"])
        cells.setdefault(key, []).append(row)
    out = {}
    for key, rows in cells.items():
        item, kept = key[2], []
        first = {"rule": "automatic" if item in ("tp", "ph") else "", "both": ""}
        first = first.get(precedence, precedence)
        taken = {
            begin_of(row["time"], decided)
            for row in rows
            if row["method"] == first and not math.isnan(number_of(row, "mean"))
        }
        for row in rows:
            passed = row["method"] != first and begin_of(row["time"], decided) in taken
            kept += [] if first and passed else [row]
        means = averaged(kept, [*via, period], least, routes)
        found = [mean for mean, _ in means]
        if item == "ph":
            found = [x if math.isnan(x) else -math.log10(x) if x else math.inf for x in found]
        elif any(is_above(row) for row in kept):
            found[2] = NAN
        # below a limit that nobody states: how high it may be is not known
        if any(is_below_nothing(row) for row in kept):
            found[2] = NAN
        found = [x if math.isfinite(x) else NAN for x in found]
        odd = sum(
            not row["censored"] and not is_possible(row) and not math.isnan(row["value"])
            and row["state"] == "number"
            for row in kept
        )  # fmt: skip
        out[key] = (*found, means[0][1], len(rows) - len(kept), odd, sum(map(is_above, kept)))
    return out


def is_above(row):
    return row["censored"] == ">" and row["state"] == "number" and not is_possible(row)


def is_below_nothing(row):
    """Return whether a reading below detection has a value, but no limit that bounds it."""
    is_number = not math.isnan(number_of(row, "mean"))
    limit = row["detection_limit"]
    stated = limit > 0 or (row["item"] == "water_temp" and not math.isnan(limit))
    return row["censored"] == "<" and is_number and not stated


ROUTES = [
    ("day", ()), ("week", ()), ("ten_days", ()), ("10D", ()), ("month", ()), ("quarter", ()),
    ("year", ()), ("water_period", ()), ("month", ("day",)), ("year", ("month",)),
    ("year", ("day", "month")), ("water_period", ("ten_days", "month")), ("year", ("quarter",)),
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["S1", "S1", "S2"]),
            # a few days on both sides of a month, a quarter and a year, some hours of each
            st.builds(
                lambda day, hour: pd.Timestamp("2019-12-27 04:00") + pd.Timedelta(day, "D") + hour,
                st.integers(0, 9) | st.integers(-60, 60),
                st.sampled_from([pd.Timedelta(0), pd.Timedelta(8, "h")]),
            ),
            st.sampled_from(["tp", "tp", "ph", "cod", "water_temp"]),
            st.floats(0.001, 14) | st.sampled_from([NAN, NAN, 0.0, -0.5, math.inf]),
            st.sampled_from(["", "", "", "<", ">"]),
            st.sampled_from([NAN, 0.0]) | st.floats(0.001, 1),
            st.sampled_from(["", "automatic", "manual"]),
            st.sampled_from(["number", "number", "number", "dry", "fault"]),
            st.booleans(),
        ),
        min_size=5,
        max_size=30,
    ),
    st.sampled_from(ROUTES),
    st.sampled_from(["rule", "automatic", "manual", "both"]),
    st.integers(1, 3),
    st.integers(4, 15),
    st.randoms(use_true_random=False),
    st.booleans(),
)
def test_means_are_those_of_a_plain_route(rows, route, precedence, least, size, random, looped):
    """The steps in numpy, and the loop that numba compiles, give what a reader can follow."""
    with pytest.MonkeyPatch.context() as patch:
        if looped:
            use_loop(patch, lambda loop: loop)
        check_against_the_plain_route(rows, route, precedence, least, size, random)


def use_loop(patch, compile_it):
    patch.setattr(loops, "MANY_ROWS", 0)
    patch.setattr(loops, "_compiled", compile_it)


def check_against_the_plain_route(rows, route, precedence, least, size, random):
    period, via = route
    # most marked readings have no value of their own
    rows = [(*row[:3], NAN if row[4] and row[8] else row[3], *row[4:8]) for row in rows]
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["time"] = pd.to_datetime(table["time"])
    min_n = {name: least for name in via}
    expected = plain_means(table, period, via, precedence, min_n)
    options = {"period": period, "via": via, "precedence": precedence, "min_n": min_n}
    options["water_periods"] = WATER
    shuffled = table.sample(frac=1, random_state=random.randrange(1000))
    pieces = (shuffled.iloc[k : k + size] for k in range(0, len(table), size))
    numbers = ["mean", "mean_low", "mean_high", "n_parts", "n_other", "n_impossible",
               "n_above"]  # fmt: skip
    whole = mean_readings(table, **options)
    for found in (whole, mean_readings(pieces, **options)):
        keys = list(zip(found["section_code"], found["period"], found["item"], strict=True))
        assert keys == sorted(expected)
        for key, row in zip(keys, found[numbers].to_numpy().tolist(), strict=True):
            assert row == pytest.approx(list(expected[key]), nan_ok=True), key
        assert found["mean_flag"].tolist() == whole["mean_flag"].tolist()
        assert found["mean_rounded"].tolist() == pytest.approx(
            whole["mean_rounded"].tolist(), nan_ok=True
        )
        # every reading is counted once
        known = ["n", "n_above", "n_missing", "n_other", "n_short"]
        said = found["mean_flag"].str.extract(r"([0-9]+)个读数低于检出限而无检出限")[0]
        assert found[known].to_numpy().sum() + said.dropna().astype(int).sum() == len(table)
        closed = found[found["n_above"] == 0]  # above range lies what the mean leaves out
        bounded = closed[["mean_low", "mean", "mean_high"]].dropna()
        assert (bounded["mean_low"] <= bounded["mean"] + 1e-12).all()
        assert (bounded["mean"] <= bounded["mean_high"] + 1e-12).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(-40_000, 80_000), st.sampled_from([p for p, _ in ROUTES]), st.integers(1, 40))
def test_periods_cover_the_calendar_without_gap_or_overlap(day, period, n):
    """Every day lies in its period, and only a water period with a gap overlaps another."""
    time = pd.Timestamp("1970-01-01") + pd.to_timedelta(np.arange(day, day + n), unit="D")
    table = pd.DataFrame({"section_code": "S1", "time": time, "item": "tp", "value": 1.0})
    means = mean_readings(table, period=period, water_periods={"上半年": range(1, 7), "下半年":
                          range(7, 13)})  # fmt: skip
    assert means["n"].sum() == n
    assert (means["period"].iloc[1:].to_numpy() == means["period_end"].iloc[:-1].to_numpy()).all()
    assert means["period"].iloc[0] <= time[0] < means["period_end"].iloc[0]
    assert means["period"].iloc[-1] <= time[-1] < means["period_end"].iloc[-1]


def test_many_days_of_few_readings_are_summed_alike(monkeypatch):
    """Where most sections have no value on most days, only the days that have are numbered."""
    random = np.random.default_rng(5)
    n = 400
    table = pd.DataFrame(
        {
            "section_code": [f"S{k}" for k in random.integers(0, 9, n)],
            "time": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 900, n), "D"),
            "item": random.choice(["tp", "ph"], n),
            "value": random.random(n) - 0.1,
            "censored": random.choice(["", "<", ">"], n),
            "detection_limit": 0.02,
            "row_kind": random.choice(["sample", "mean"], n),
        }
    )
    table.loc[::7, "value"] = NAN
    table.loc[::31, "time"] = pd.NaT
    options = {"period": "year", "via": ("day", "month")}
    with pytest.warns(UserWarning, match="have no time"):
        expected = mean_readings(table, **options)
    monkeypatch.setattr(cells, "_DENSE", 0)
    with pytest.warns(UserWarning, match="have no time"):
        found = mean_readings(table, **options)
    pd.testing.assert_frame_equal(found, expected)


def odd_readings(n):
    """Return readings of which many are odd in one way or several."""
    random = np.random.default_rng(11)
    value = random.choice([NAN, 0.0, -1.0, math.inf, -math.inf, 400.0, 0.02, 7.5, 0.3], n)
    return pd.DataFrame(
        {
            "section_code": [f"S{k}" for k in random.integers(0, 4, n)],
            "time": pd.Timestamp("2019-11-30") + pd.to_timedelta(random.integers(0, 99, n), "D"),
            "item": random.choice(["tp", "ph", "water_temp"], n),
            "value": value,
            "censored": random.choice(["", "", "<", ">"], n),
            "detection_limit": random.choice([NAN, 0.0, -2.0, math.inf, 0.04, 310.0], n),
            "state": random.choice(["number", "number", "dry", "ice", "not_sampled", "fault"], n),
            "row_kind": random.choice(["sample", "sample", "mean"], n),
            "reading_flag": random.choice(["", "低于检出限0.04", "单位按常用单位"], n),
            "doubt_flag": random.choice(["", "", "与上次相差很大"], n),
        }
    )


@pytest.mark.parametrize("with_limits", [True, False])
def test_the_loop_says_of_every_odd_reading_what_the_steps_say(monkeypatch, with_limits):
    table = odd_readings(6_000)
    if not with_limits:
        table = table.drop(columns="detection_limit")
    expected = mean_readings(table)
    assert (expected[["n_flagged", "n_impossible", "n_above", "n_dry"]].sum() > 0).all()
    use_loop(monkeypatch, lambda loop: loop)
    pd.testing.assert_frame_equal(mean_readings(table), expected, rtol=1e-12)


def test_the_loop_is_compiled_for_the_columns_of_a_large_table(monkeypatch):
    pytest.importorskip("numba")
    table = odd_readings(6_000)
    for name in ("section_code", "item", "state", "censored"):
        table[name] = table[name].astype("category")
    expected = mean_readings(table)
    made = loops._compiled(loops.add_rows)
    assert made is not None
    used = []
    use_loop(monkeypatch, lambda loop: lambda *columns: used.append(made(*columns)))
    pd.testing.assert_frame_equal(mean_readings(table), expected, rtol=1e-12)
    assert used


def test_without_numba_the_steps_do_the_work(monkeypatch):
    monkeypatch.setattr(loops, "MANY_ROWS", 0)
    monkeypatch.setitem(sys.modules, "numba", None)
    loops._compiled.cache_clear()
    try:
        assert loops.compiled(loops.add_rows, 10) is None
        assert len(mean_readings(odd_readings(50))) > 0
    finally:
        loops._compiled.cache_clear()
