"""Work on many rows is split over threads, and gives what the same work on few rows gives."""

import numpy as np
import pandas as pd
import pytest

from chaoyang_geo import classify_items, codes, mean_readings


@pytest.fixture
def many(monkeypatch):
    """Readings of every odd kind, and blocks so small that they are many."""
    monkeypatch.setattr(codes, "_BLOCK", 64)
    monkeypatch.setattr(codes, "_WIDE", 100)
    monkeypatch.setattr(codes.os, "cpu_count", lambda: 4)
    random = np.random.default_rng(7)
    n = 3_000
    value = random.random(n) * 10
    for step, odd in ((7, np.inf), (11, np.nan), (13, -np.inf), (17, -500.0), (19, 1e308)):
        value[::step] = odd
    return pd.DataFrame(
        {
            "section_code": random.choice(["S1", "S2", "S3"], n),
            "time": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 90, n), "D"),
            "item": random.choice(["ph", "tp", "do"], n),
            "value": value,
            "censored": random.choice(["", "", "<", ">"], n),
            "detection_limit": random.choice([0.02, np.inf, np.nan], n),
        }
    )


def test_classes_do_not_depend_on_how_rows_are_split(many):
    whole = classify_items(many)
    parts = [classify_items(many.iloc[at : at + 50]) for at in range(0, len(many), 50)]
    together = pd.concat(parts)
    for name in whole:
        pd.testing.assert_series_equal(
            whole[name].astype(object), together[name].astype(object), check_categorical=False
        )


def test_means_do_not_depend_on_the_order_of_rows(many):
    many = many[many["value"] != 1e308]
    by_time = mean_readings(many.sort_values("time"))
    for other in (many, many.sample(frac=1, random_state=1)):
        pd.testing.assert_frame_equal(mean_readings(other), by_time, rtol=1e-9)


def test_the_first_error_of_a_block_is_raised(many):
    def work(here):
        if here.start >= 200:
            raise ValueError(f"block {here.start}")

    with pytest.raises(ValueError, match="block 200"):
        codes.each_block(1_000, work)


def test_parts_come_in_their_order(many):
    import time

    def slow_first(part):
        time.sleep(0.02 if part == 0 else 0)
        return part

    assert list(codes.in_order(slow_first, range(6))) == list(range(6))


@pytest.mark.parametrize("wanted", [[], [0], [1], [0, 2], [0, 1, 2]])
def test_rows_of_codes_are_found_in_order(many, wanted):
    column = np.random.default_rng(3).integers(0, 3, 1_000).astype(np.int8)
    found = codes.rows_of(column, np.isin(np.arange(3), wanted))
    assert found.tolist() == np.flatnonzero(np.isin(column, wanted)).tolist()
