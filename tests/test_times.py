"""Times as people write them; each with the period it stands for."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoyang_geo.readings.times import PERIODS, parse_times

INSTANTS = """
2025/3/5 14:00 | 2025-03-05 14:00 | 2025-03-05 14:00:00 | 2025-03-05T14:00:00 | 2025-03-05 14:00:00.000
2025.3.5 14:00
2025年3月5日14时 | 2025年3月5日 14时00分 | 2025年3月5日 14点 | 2025年03月05日 14：00
2025年3月5日 下午2时 | 2025年3月5日下午2:00
2025/3/5 2:00 PM | 2025年3月5日（星期三）14:00 | 202503051400 | 20250305140000 | 2025030514
2025-03-05 14 | 45721.5833333333
2025-03-05T06:00:00Z | 2025-03-05T14:00:00+08:00 | 2025-03-05T14:00+0800 | 2025-03-05 06:00 UTC
2025-03-05T01:00:00-05:00
03-05 14:00 | 3/5 14:00 | 3月5日14时 | 3月5日 14:00 | 二〇二五年三月五日十四时
２０２５－０３－０５ １４：００
"""
DAYS = """
2025-03-05 | 2025/3/5 | 2025.3.5 | 2025.03.05 | 20250305 | 2025年3月5日 | 2025 年 3 月 5 日
2025年3月5号 | 3月5日 | 03-05 | 3/5
45721 | 2025年3月5日 星期三 | 二〇二五年三月五日 | 二○二五年三月五日
"""
PERIODS_WRITTEN = {
    "month": (
        "2025-03-01",
        "2025-04-01",
        "2025年3月 | 2025年03月份 | 2025-03 | 2025/3 | 2025.3 | 2025.03 | 202503 | 3月 | 三月 | 3月份",
    ),
    "dekad": ("2025-02-21", "2025-03-01", "2025年2月下旬 | 2月下旬 | 二月下旬"),
    "quarter": (
        "2025-04-01",
        "2025-07-01",
        "2025年第2季度 | 2025年第二季度 | 2025年二季度 | 2025年2季度 | 2025Q2 | 2025-Q2 | 2025年Q2 | "
        "Q2 2025 | 二季度 | 第2季度",
    ),
    "year": ("2025-01-01", "2026-01-01", "2025年 | 2025 | 2025年度 | 2025年全年 | 全年"),
}
RANGES = """
2025-03-01~2025-03-05 = 2025-03-01 2025-03-06 | 2025-03-01～03-05 = 2025-03-01 2025-03-06
2025-03-01 至 03-05 = 2025-03-01 2025-03-06
3月1日-5日 = 2025-03-01 2025-03-06 | 2025年3月1-5日 = 2025-03-01 2025-03-06
2025.3.1-3.5 = 2025-03-01 2025-03-06
2025/3/1-2025/3/5 = 2025-03-01 2025-03-06 | 2025年3月1日至4月2日 = 2025-03-01 2025-04-03
2025年1-3月 = 2025-01-01 2025-04-01
1-3月 = 2025-01-01 2025-04-01 | 2025年3月—5月 = 2025-03-01 2025-06-01
2025年1月~2025年3月 = 2025-01-01 2025-04-01
2025-03-05 08:00~12:00 = 2025-03-05T08:00 2025-03-05T12:00
2025年3月5日8:00-14:00 = 2025-03-05T08:00 2025-03-05T14:00
上半年 = 2025-01-01 2025-07-01 | 2025年下半年 = 2025-07-01 2026-01-01 | 2025年前三季度 = 2025-01-01 2025-10-01
2024年12月30日-2025年1月2日 = 2024-12-30 2025-01-03
2025年第12周（3月17日～3月23日） = 2025-03-17 2025-03-24 | 第12周(3.17-3.23) = 2025-03-17 2025-03-24
2025年第12周(2025.3.17-3.23) = 2025-03-17 2025-03-24 | 2025-W12 = 2025-03-17 2025-03-24
2025W01 = 2024-12-30 2025-01-06 | 2026-W53 = 2026-12-28 2027-01-04
2025年3月5日上午 = 2025-03-05 2025-03-05T12:00 | 3月5日下午 = 2025-03-05T12:00 2025-03-06
"""
NOT_TIMES = """
昨天 |  | 3.5 | 2025-02-29 | 2025-13-01 | 2025-03-05 25:00 | 2025-03-05 24:30 | 0000-01-01 | 10000年
丰水期 | 2025年春季 | 12345 | 99999
2025-03-05 14:60 | 20251301 | 20250230 | 2025-03-05T14:00+99:00 | 断面 | 1 | -5 | 1e5 | 2025-03-0514:00
٢٠٢٥-03-05 | 上午 | 2025年13月 | 2025-W54 | 2025-W53 | 第12周(abc) | 2025年3月上午 | 3.5上午
"""


def texts(table):
    return [text.strip(" ") for line in table.strip("\n").split("\n") for text in line.split(" | ")]


def one(cell, year=2025, **options):
    parsed = parse_times([cell], year=year, **options)
    return tuple(getattr(parsed, name)[0] for name in ("time", "period", "period_end", "problem"))


@pytest.mark.parametrize("text", texts(INSTANTS))
def test_an_instant(text):
    time, period, end, problem = one(text)
    assert (time, period, problem) == (np.datetime64("2025-03-05T14:00:00"), "instant", "")
    assert np.isnat(end)


@pytest.mark.parametrize("text", texts(DAYS))
def test_a_day(text):
    time, period, end, problem = one(text)
    assert (time, period, problem) == (np.datetime64("2025-03-05"), "day", "")
    assert end == np.datetime64("2025-03-06")


@pytest.mark.parametrize(
    ("period", "begin", "end", "text"),
    [(p, b, e, t) for p, (b, e, ts) in PERIODS_WRITTEN.items() for t in ts.split(" | ")],
)
def test_a_period(period, begin, end, text):
    assert one(text) == (np.datetime64(begin), period, np.datetime64(end), "")


@pytest.mark.parametrize("entry", texts(RANGES))
def test_a_range(entry):
    text, ends = entry.split(" = ")
    begin, end = ends.split()
    assert one(text) == (np.datetime64(begin), "range", np.datetime64(end), "")


@pytest.mark.parametrize("text", texts(NOT_TIMES))
def test_what_is_no_time_says_so(text):
    time, period, end, problem = one(text)
    assert np.isnat(time) and np.isnat(end) and period == "" and problem


def test_what_cannot_be_known_is_not_guessed():
    assert one("25-03-05")[3] == "年份只有两位，不知是哪一年"
    assert one("03/05/2025")[3] == "日、月次序不明，请写成年-月-日"
    assert one("2025年3月5日晚上12点")[3].startswith("晚上12点")
    assert one("2025年5-3月")[3] == "起止月份颠倒"
    for text in ("2025年第12周", "第12周", "2025年第十二周"):
        assert one(text)[3].startswith("只有周次，不知起止日期")
    assert one("2025年第1周(12月30日~1月5日)")[3] == "起止时间颠倒"
    assert one("3.5")[3].startswith("可能是月.日")
    assert one("2025-03-05~2025-03-01")[3] == "起止时间颠倒"
    for text in ("03-05 14:00", "3月", "一季度", "上半年", "3月1日-5日", "1-3月"):
        assert one(text, year=None)[3] == "no year"


def test_midnight_may_be_24_o_clock():
    assert one("2024-12-31 24:00")[0] == np.datetime64("2025-01-01T00:00")
    assert one("2025年3月5日 上午12:30")[0] == np.datetime64("2025-03-05T00:30")
    assert one("2025年3月5日 中午12:00")[0] == np.datetime64("2025-03-05T12:00")


def test_cells_of_excel():
    cells = [
        45721,
        45721.5,
        2025,
        202503,
        20250305,
        np.int64(45721),
        np.float64(45721.0),
        dt.date(2025, 3, 5),
    ]
    parsed = parse_times(cells, year=None)
    assert parsed.period.tolist() == ["day", "instant", "year", "month", "day", "day", "day", "day"]
    assert parsed.time[-1] == parsed.time[0] == np.datetime64("2025-03-05")
    for cell in (
        None,
        float("nan"),
        float("inf"),
        True,
        dt.time(8),
        pd.NaT,
        np.datetime64("NaT"),
        [],
        object(),
    ):
        assert one(cell)[3] == "no time"


def test_datetimes_at_midnight_are_days_unless_one_is_not():
    days = [dt.datetime(2025, 3, 5), dt.datetime(2025, 3, 6)]
    assert parse_times(days).period.tolist() == ["day", "day"]
    assert parse_times([*days, dt.datetime(2025, 3, 6, 4)]).period.tolist() == ["instant"] * 3
    assert (
        parse_times([pd.Timestamp("2025-03-05"), np.datetime64("2025-03-05")]).period.tolist()
        == ["day"] * 2
    )


def test_clock_times_of_another_zone_come_to_china():
    assert one("2025-03-05 14:00", tz="UTC")[0] == np.datetime64("2025-03-05T22:00")
    assert one("2025-03-05 14:00", tz="Asia/Tokyo")[0] == np.datetime64("2025-03-05T13:00")
    assert one("2025-03-05", tz="UTC")[:2] == (np.datetime64("2025-03-05"), "day")
    aware = dt.datetime(2025, 3, 5, 6, tzinfo=dt.UTC)
    assert one(aware)[0] == np.datetime64("2025-03-05T14:00")
    with pytest.raises(ValueError, match="tz='Mars' is no time zone"):
        parse_times([], tz="Mars")


def test_long_text_comes_back_at_once():
    for text in ("1" * 5000, "2025-" * 2000, "3月" * 3000, "~" * 5000, " " * 5000 + "1"):
        assert one(text)[3]


FORMS = {
    "instant": [
        "%Y-%m-%d %H:%M:%S",
        "%Y/%m/%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S+08:00",
        "%Y年%m月%d日 %H时%M分%S秒",
        "%Y%m%d%H%M%S",
        "%Y.%m.%d %H:%M:%S.000",
    ],
    "day": ["%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y%m%d", "%Y.%m.%d", "%m月%d日", "%m-%d"],
    "month": ["%Y-%m", "%Y年%m月", "%Y%m", "%m月"],
    "year": ["%Y年", "%Y"],
}


@given(st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2099, 12, 31)), st.integers(1, 80))
def test_times_survive_being_written_in_each_form(moment, times):
    moment = moment.replace(microsecond=0)
    for period, forms in FORMS.items():
        begin = {
            "instant": moment,
            "day": moment.replace(hour=0, minute=0, second=0),
            "month": dt.datetime(moment.year, moment.month, 1),
            "year": dt.datetime(moment.year, 1, 1),
        }[period]
        # both the array path (many cells) and the path of single cells
        cells = [moment.strftime(form) for form in forms] * times
        parsed = parse_times(cells, year=moment.year)
        assert (parsed.problem == "").all()
        assert (parsed.period == period).all()
        assert (parsed.time == np.datetime64(begin)).all()
        assert np.isnat(parsed.period_end).all() == (period == "instant")


@given(st.datetimes(dt.datetime(1955, 1, 1), dt.datetime(2099, 12, 31)))
def test_excel_serials_survive(moment):
    moment = moment.replace(microsecond=0)
    serial = (moment - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1)
    assert parse_times([serial, repr(serial)]).time.tolist() == [moment, moment]


@given(
    st.lists(
        st.text(max_size=20) | st.text("0123456789-/.:年月日时季度上下旬至~ ", max_size=20),
        max_size=80,
    )
)
def test_any_text_is_a_time_or_says_why_not(cells):
    parsed = parse_times(cells, year=2025)
    for i in range(len(cells)):
        good = parsed.problem[i] == ""
        assert good == (not np.isnat(parsed.time[i])) == (parsed.period[i] in PERIODS)
        if not np.isnat(parsed.period_end[i]):
            assert parsed.period_end[i] > parsed.time[i]
        alone = parse_times(cells[i : i + 1], year=2025)
        assert (alone.period[0], alone.problem[0]) == (parsed.period[i], parsed.problem[i])
        np.testing.assert_equal(alone.time[0], parsed.time[i])
