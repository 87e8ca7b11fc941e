"""Times as people write them, in China Standard Time, each with the period it stands for."""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from chaoyang_geo.readings.fold import fold

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: What a time can stand for.
PERIODS: tuple[str, ...] = ("instant", "day", "dekad", "month", "quarter", "year", "range")

#: Begin, period and the first moment after it.
Found = tuple[dt.datetime, str, dt.datetime | None]

_CHINA = dt.timezone(dt.timedelta(hours=8))
_EXCEL_ZERO = dt.datetime(1899, 12, 30)
_SERIALS = (20_000, 80_000)  # 1954-10-03 to 2119-01-10, the days that a serial may mean

_HAN = {c: str(i) for i, c in enumerate("〇一二三四五六七八九")} | {"○": "0", "零": "0", "0": "0"}
_MORNING = ("上午", "凌晨", "早上", "早晨", "am")
_AFTERNOON = ("下午", "中午", "晚上", "傍晚", "pm")

_CLOCK = (
    r"(?P<half>上午|下午|中午|凌晨|早上|早晨|傍晚|晚上|am|pm)? ?"
    r"(?P<h>[0-9]{1,2}) ?(?:: ?(?P<mi>[0-9]{1,2})(?: ?: ?(?P<s>[0-9]{1,2})(?:[.,][0-9]+)?)?"
    r"|[时点h] ?(?:(?P<mi2>[0-9]{1,2}) ?分?(?: ?(?P<s2>[0-9]{1,2}) ?秒)?|整|(?P<mid>半))?)"
    r" ?(?P<half2>am|pm)?"
)
_ZONE = r"(?: ?(?P<zone>z|utc|gmt|(?:utc|gmt)?[+-][0-9]{1,2}(?::?[0-9]{2})?))?"
_DATE = (
    r"(?:(?P<y>[0-9]{4}) ?[-/.年] ?)?(?P<m>[0-9]{1,2}) ?[-/.月] ?(?P<d>[0-9]{1,2}) ?[日号]?"
    r"(?:,? ?\(?(?:星期|周|礼拜)[一二三四五六日天]\)?)?"
)
_DAY = re.compile(
    rf"{_DATE}(?:(?:[t ,]+|(?<=[日号)一二三四五六天])|(?=[上下中凌早傍晚])){_CLOCK}{_ZONE})?"
)
_HOUR_ONLY = re.compile(
    r"(?P<y>[0-9]{4})[-/.](?P<m>[0-9]{1,2})[-/.](?P<d>[0-9]{1,2})[ t](?P<h>[0-9]{1,2})"
)
_MONTH = re.compile(
    r"(?:(?P<y>[0-9]{4}) ?[-/.年] ?)?(?P<m>[0-9]{1,2}) ?(?P<word>月份?)? ?(?P<dekad>[上中下]旬)?"
)
_QUARTER = re.compile(r"(?:(?P<y>[0-9]{4}) ?[年\-/.]? ?)?(?:第?(?P<q>[1-4]) ?季度?|q(?P<q2>[1-4]))")
_QUARTER_FIRST = re.compile(r"q(?P<q>[1-4]) ?[-/]? ?(?P<y>[0-9]{4})")
_SPAN = re.compile(
    r"(?:(?P<y>[0-9]{4}) ?年? ?)?(?P<what>[上下]半年|前[1-3]季度|全年|全年度)|(?P<y2>[0-9]{4}) ?年?度?"
)
_MONTHS = re.compile(
    r"(?:(?P<y>[0-9]{4}) ?[年.] ?)?(?P<m>[0-9]{1,2}) ?月? ?(?:[-~至到]|[—―─]+) ?(?P<n>[0-9]{1,2}) ?月份?"
)
_WEEK = re.compile(
    r"(?:(?P<y>[0-9]{4}) ?年? ?)?第? ?(?P<n>[0-9]{1,2}) ?周(?:次|报)? ?(?:\((?P<dates>[^()]+)\))?"
)
_ISO_WEEK = re.compile(r"(?P<y>[0-9]{4})-?w(?P<n>[0-9]{2})")
_HALF_DAY = re.compile(r"(?P<day>.*[0-9][日号]?) ?(?P<half>上午|下午)")
_TO = re.compile(r" *(?:~|至|到|—+|―+|─+| - | to ) *")
_HYPHEN = re.compile(r"(?<=[日号月年时点分]) ?- ?|(?<=:[0-9]{2}) ?- ?")
_COMPACT = re.compile(
    r"((?:19|20)[0-9]{2})([01][0-9])(?:([0-3][0-9])(?:([0-2][0-9])(?:([0-5][0-9])([0-5][0-9])?)?)?)?"
)
# 20250305 0800, 2025-03-05 0800: how loggers write them
_LOGGED = re.compile(
    r"((?:19|20)[0-9]{2})([01][0-9])([0-3][0-9])[ _t]([0-2][0-9])(?::?([0-5][0-9])(?::?([0-5][0-9]))?)?"
)
_GLUED_CLOCK = re.compile(
    r"([0-9]{4}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?)[ _]?(?<![-/.月][0-9])([0-2][0-9])([0-5][0-9])"
)
_LONG_DASH = re.compile(r"([0-9]{4})[—―─]([0-9]{1,2})[—―─]([0-9]{1,2})(?![0-9])")
_MONTH_OR_DAY = re.compile(r"[0-9]{4} ?[./年] ?[0-9]{1,2} ?- ?[0-9]{1,2}")  # 2025.1-3
_EN_MONTHS = "january february march april may june july august september october november december"
_EN_MONTH = {
    name[:length]: str(number)
    for number, name in enumerate(_EN_MONTHS.split(), 1)
    for length in range(3, len(name) + 1)
}
_EN_DATE = re.compile(
    r"(?:(?P<d>[0-9]{1,2})[- ])?(?P<name>[a-z]{3,9})\.?(?:[- ](?P<d2>[0-9]{1,2})(?![0-9]),?)?[- ,]+"
    r"(?P<y>[0-9]{4})(?P<rest> .*)?"
)
_LONGEST = 60


@dataclass(frozen=True)
class ParsedTimes:
    """Results of :func:`parse_times`: arrays of equal length, one entry per cell.

    ``problem`` is ``''``, ``'no year'``, ``'no time'``, or says in words what is wrong.
    """

    time: npt.NDArray[np.datetime64]
    period: npt.NDArray[np.object_]
    period_end: npt.NDArray[np.datetime64]
    problem: npt.NDArray[np.object_]


class _Problem(Exception):
    """Why a cell is no time; never leaves this module."""


_NO_TIME, _NO_YEAR = "no time", "no year"


def parse_times(
    cells: Sequence[object], *, year: int | None = None, tz: str = "Asia/Shanghai"
) -> ParsedTimes:
    """Parse times as tables of this field write them.

    Understood: dates with and without a time of day (``2025/3/5 14:00``, ``2025年3月5日 下午2时``,
    ``20250305``, ``03-05 14:00`` with ``year``), Excel serials (45721.58), dates and datetimes
    of Excel, ISO with an offset; and periods: ``2025年3月``, ``2025年3月上旬``, ``2025Q1``,
    ``一季度``, ``2025年``, ``上半年``, ``2025年1-3月``, ``2025-03-01~2025-03-05``,
    ``2025年3月5日上午``, ``第12周（3月17日~3月23日）``, ``2025-W12``.

    Parameters
    ----------
    cells : sequence
        Distinct cells of one column: texts, numbers, dates or datetimes.
    year : int, optional
        Year of cells that name none.
    tz : str
        Time zone of clock times without an offset; they are brought to China Standard
        Time (UTC+8). Days and longer periods are calendar names and are not shifted.

    Returns
    -------
    ParsedTimes
        ``time`` (begin, ``datetime64[s]``), ``period`` (one of :data:`PERIODS`),
        ``period_end`` (first moment after it, NaT for an instant), ``problem``.

    Raises
    ------
    ValueError
        ``tz`` is no time zone.

    Notes
    -----
    Excel keeps a date as a datetime at midnight. A column of datetimes that are all at
    midnight therefore holds days; with one other time of day all are instants. Two-digit
    years and month-day-year order are not guessed. ``2025-03-05 24:00`` is midnight of
    the next day. A bare ``第12周`` is refused: bulletins differ in where the first week of a year
    begins; ``2025-W12`` is a week of ISO 8601, from Monday. A dekad is 1-10, 11-20 or 21 to the end of the month.

    Examples
    --------
    >>> from chaoyang_geo.readings.times import parse_times
    >>> parsed = parse_times(["2025年3月", "03-05 14:00", "昨天"], year=2025)
    >>> parsed.time.astype(str).tolist()
    ['2025-03-01T00:00:00', '2025-03-05T14:00:00', 'NaT']
    >>> parsed.period.tolist(), parsed.problem.tolist()
    (['month', 'instant', ''], ['', '', 'no time'])
    """
    import numpy as np

    zone = _time_zone(tz)
    n = len(cells)
    time, end = (np.full(n, "NaT", dtype="datetime64[s]") for _ in range(2))
    period, problem = (np.full(n, "", dtype=object) for _ in range(2))
    moments = [_moment(cell) for cell in cells]
    days_only = not any(
        m is not None and m.time() != dt.time() for m in moments if not isinstance(m, str)
    )
    for i in _written_in_full(cells, time, period, end, year, zone):
        moment = moments[i]
        try:
            if isinstance(moment, dt.datetime):
                begin, what, stop = _of_datetime(moment, cells[i], zone, days_only)
            elif moment == _NO_TIME:
                raise _Problem(_NO_TIME)
            else:
                begin, what, stop = _of_text(cells[i], year, zone)
            time[i] = np.datetime64(begin.replace(microsecond=0), "s")
            period[i] = what
            if stop is not None:
                end[i] = np.datetime64(stop, "s")
        except _Problem as reason:
            problem[i] = str(reason)
        except (ValueError, OverflowError):  # the 31st of June, the year 10000
            problem[i] = _NO_TIME
    return ParsedTimes(time, period, end, problem)


@cache
def _time_zone(tz: str) -> dt.tzinfo:
    import zoneinfo

    if tz in ("Asia/Shanghai", "Asia/Chongqing", "PRC", "+08:00"):
        return _CHINA  # without the summer times of 1986 to 1991
    offset = re.fullmatch(r"(?:UTC|GMT)([+-])([0-9]{1,2})(?::?([0-9]{2}))?", tz)
    if offset and int(offset[2]) <= 14:
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return dt.timezone(dt.timedelta(minutes=minutes if offset[1] == "+" else -minutes))
    try:
        return zoneinfo.ZoneInfo(tz)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"tz={tz!r} is no time zone; write a name such as 'Asia/Shanghai' or 'UTC'."
        ) from error


def _to_china(moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    if moment.tzinfo is None:
        if zone is _CHINA:
            return moment
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(_CHINA).replace(tzinfo=None)


def _moment(cell: object) -> dt.datetime | str | None:
    """Return the datetime that a cell is, ``'no time'`` for a thing that is none, else None."""
    if isinstance(cell, (str, int, float)):
        return None
    if isinstance(cell, dt.datetime):
        return cell if cell == cell else _NO_TIME  # NaT differs from itself
    if isinstance(cell, dt.date):
        return dt.datetime(cell.year, cell.month, cell.day)
    kind = getattr(getattr(cell, "dtype", None), "kind", "")
    if kind == "M":
        found: Any = cell.astype("datetime64[s]").item()  # type: ignore[attr-defined]
        return found if isinstance(found, dt.datetime) else _NO_TIME
    return None if kind in "iuf" and kind else _NO_TIME


def _of_datetime(moment: dt.datetime, cell: object, zone: dt.tzinfo, days_only: bool) -> Found:
    is_date = not isinstance(cell, dt.datetime) and isinstance(cell, dt.date)
    if moment.tzinfo is None and (is_date or (days_only and moment.time() == dt.time())):
        return moment, "day", moment + dt.timedelta(days=1)
    return _to_china(moment, zone), "instant", None


def _written_in_full(
    cells: Sequence[object],
    time: npt.NDArray[np.datetime64],
    period: npt.NDArray[np.object_],
    end: npt.NDArray[np.datetime64],
    year: int | None,
    zone: dt.tzinfo,
) -> list[int]:
    """Parse ``2025-03-05 14:00:00`` and its like as arrays; return the places of all others."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(cells) < 64 or zone is not _CHINA or not all(isinstance(c, str) for c in cells):
        return list(range(len(cells)))
    texts = pa.array(cells, pa.string())
    parts = pc.extract_regex(
        texts,
        r"^(?:(?P<y>[0-9]{4})[-/.年])?(?P<m>[0-9]{1,2})[-/.月](?P<d>[0-9]{1,2})日?"
        r"(?:[ T]?(?P<h>[0-9]{1,2})(?::(?P<mi>[0-9]{2})(?::(?P<s>[0-9]{2}))?|时))?$",
    )
    known = np.flatnonzero(parts.is_valid().to_numpy(zero_copy_only=False))
    fields = parts.drop_null().flatten()
    clock = pc.not_equal(fields[3], "").to_numpy(zero_copy_only=False)
    no_year = pc.equal(fields[0], "").to_numpy(zero_copy_only=False)
    glued = pc.match_substring_regex(texts.take(known), "[-/.][0-9]{3,}").to_numpy(
        zero_copy_only=False
    )  # 2025-03-0514:00
    y, m, d, h, mi, s = (
        pc.if_else(pc.equal(f, ""), "0", f).cast(pa.int64()).to_numpy() for f in fields
    )
    y = np.where(no_year & clock, year or 0, y)
    months = (y - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (m - 1)
    days = months.astype("datetime64[D]") + (d - 1)
    right = (m >= 1) & (m <= 12) & (d >= 1) & (h < 24) & (mi < 60) & (s < 60) & (y > 0) & ~glued
    right &= days.astype("datetime64[M]") == months
    unsure = pc.match_substring_regex(texts.take(known), "^[0-9]{4}[./年][0-9]{1,2}-[0-9]{1,2}$")
    right &= ~unsure.to_numpy(zero_copy_only=False)
    known = known[right]
    begin = days[right].astype("datetime64[s]")
    clock = clock[right]
    time[known] = begin + (h * 3600 + mi * 60 + s)[right].astype("timedelta64[s]")
    period[known] = np.where(clock, "instant", "day")
    end[known[~clock]] = begin[~clock] + np.timedelta64(86400, "s")
    rest = np.ones(len(cells), dtype=bool)
    rest[known] = False
    return [int(i) for i in np.flatnonzero(rest)]


def _of_text(cell: object, year: int | None, zone: dt.tzinfo) -> Found:
    if not isinstance(cell, str) and re.fullmatch(r"(?:19|20)[0-9]{2}\.1", _number_text(cell)):
        raise _Problem("数值的末位零不保留，可指1月也可指10月，请写成年-月")
    text = cell if isinstance(cell, str) else _number_text(cell)
    if len(text) > _LONGEST:
        raise _Problem(_NO_TIME)
    text = re.sub(" +", " ", _han_numbers(fold(text)).lower())
    text = text.replace("年度", "年") if text.endswith("年度") else text
    text = _respelled(text)
    for read in (_compact, _serial, _day, _half_day, _period, _week):
        found = read(text, year, zone)
        if found is not None:
            return found
    return _range(text, year, zone)


def _respelled(text: str) -> str:
    """Write what only loggers and English programs write as ``2025-03-05 08:00``."""
    if logged := _LOGGED.fullmatch(text):
        y, m, d, h, mi, s = logged.groups()
        return f"{y}-{m}-{d} {h}:{mi or '00'}:{s or '00'}"
    if glued := _GLUED_CLOCK.fullmatch(text):
        return f"{glued[1]} {glued[2]}:{glued[3]}"
    if re.fullmatch(r"[0-9/.-]+_[0-9]{1,2}:.*", text):
        return text.replace("_", " ", 1)
    if dashed := _LONG_DASH.match(text):
        return f"{dashed[1]}-{dashed[2]}-{dashed[3]}{text[dashed.end() :]}"
    english = _EN_DATE.fullmatch(text) if text[-1:].isdigit() or text[-1:] == "m" else None
    if english and english["name"] in _EN_MONTH and not (english["d"] and english["d2"]):
        day = english["d"] or english["d2"]
        month = f"{english['y']}-{_EN_MONTH[english['name']]}"
        if day or not english["rest"]:
            return f"{month}-{day}{english['rest'] or ''}" if day else month
    return text


def _number_text(cell: object) -> str:
    number = float(cell)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise _Problem(_NO_TIME)
    return str(int(number)) if number.is_integer() else repr(number)


def _han_numbers(text: str) -> str:
    """Write ``二〇二五年三月十五日`` and ``第一季度`` with digits."""
    if not re.search("[〇○零一二三四五六七八九十]", text):
        return text

    def digits(match: re.Match[str]) -> str:
        word = match[0]
        if "十" not in word:
            return "".join(_HAN[c] for c in word)
        tens, ones = word.split("十", 1)
        return str(int(_HAN.get(tens, "1")) * 10 + int(_HAN.get(ones, "0")))

    # 星期一 stays: it is no number
    word = (
        "[〇○零一二三四五六七八九]{4}(?=年)|[一二三四五]?十[一二三四五六七八九]?(?=[月日号时点周])"
    )
    word += "|[一二三四五六七八九](?=[月日号时点周]|季)"
    return re.sub(rf"(?<![期周拜])(?:{word})", digits, text).replace("前三季", "前3季")


def _year(found: str | None, year: int | None) -> int:
    if found is None and year is None:
        raise _Problem(_NO_YEAR)
    number = int(found) if found is not None else int(year or 0)
    if number < 1:
        raise _Problem(_NO_TIME)
    return number


def _compact(text: str, year: int | None, zone: dt.tzinfo) -> Found | None:
    """Parse ``202503``, ``20250305``, ``202503051400``."""
    if re.fullmatch("1[0-9]{12}", text):  # milliseconds since 1970, as programs hand them on
        return (
            dt.datetime.fromtimestamp(int(text) / 1000, _CHINA).replace(tzinfo=None),
            "instant",
            None,
        )
    found = _COMPACT.fullmatch(text)
    if found is None:
        return None
    numbers = [int(part) for part in found.groups() if part]
    if len(numbers) == 2:
        return _months(numbers[0], numbers[1], 1, "month")
    if len(numbers) == 3:
        begin = dt.datetime(*numbers)  # type: ignore[arg-type]
        return begin, "day", begin + dt.timedelta(days=1)
    y, m, d, *clock = numbers
    hour, minute, second = (*clock, 0, 0)[:3]
    return _to_china(_at(dt.datetime(y, m, d), hour, minute, second), zone), "instant", None


def _serial(text: str, year: int | None, zone: dt.tzinfo) -> Found | None:
    """Parse the days since 1899-12-30 that Excel counts."""
    if not re.fullmatch(r"[0-9]{5}(\.[0-9]+)?", text):
        return None
    number = float(text)
    if not _SERIALS[0] <= number < _SERIALS[1]:
        return None
    begin = _EXCEL_ZERO + dt.timedelta(days=int(number))
    if "." not in text or number.is_integer():
        return begin, "day", begin + dt.timedelta(days=1)
    return (
        _to_china(begin + dt.timedelta(seconds=round((number - int(number)) * 86400)), zone),
        "instant",
        None,
    )


def _day(text: str, year: int | None, zone: dt.tzinfo) -> Found | None:
    found = _DAY.fullmatch(text)
    parts = found.groupdict() if found else {}
    if found is None:
        hour_only = _HOUR_ONLY.fullmatch(text)
        if hour_only is None:
            return None
        parts = hour_only.groupdict()
    elif parts["y"] is None and parts["h"] is None and not re.search("[-/月]", text):
        return None  # 3.5 is a number
    if _MONTH_OR_DAY.fullmatch(text):
        raise _Problem("后两个数可指月、日，也可指起止月份，请写成年-月-日或1-3月")
    begin = dt.datetime(_year(parts["y"], year), int(parts["m"]), int(parts["d"]))
    if parts["h"] is None:
        return begin, "day", begin + dt.timedelta(days=1)
    hour = int(parts["h"])
    half = parts.get("half") or parts.get("half2") or ""
    if parts.get("half") and parts.get("half2"):
        raise _Problem(_NO_TIME)
    minute = 30 if parts.get("mid") else int(parts.get("mi") or parts.get("mi2") or 0)
    second = int(parts.get("s") or parts.get("s2") or 0)
    moment = _at(begin, _hour(hour, half), minute, second)
    offset = parts.get("zone")
    if offset and "-" in offset and "t" not in text:
        return None  # 8:00-14:00 are two times; only ISO writes an offset with a minus
    return _to_china(moment, _offset(offset) if offset else zone), "instant", None


def _hour(hour: int, half: str) -> int:
    """Bring an hour of a half day to the clock of 24."""
    if half in _AFTERNOON and hour < 12:
        if half == "中午" and hour == 11:
            return hour
        return hour + 12
    if half in ("晚上", "傍晚") and hour == 12:
        raise _Problem("晚上12点不知是哪一天的零点")
    if half in _MORNING and hour == 12:
        return 0
    if half in _MORNING and hour > 12:
        raise _Problem(_NO_TIME)
    return hour


def _at(day: dt.datetime, hour: int, minute: int, second: int) -> dt.datetime:
    if hour == 24 and minute == 0 and second == 0:
        return day + dt.timedelta(days=1)
    return day.replace(hour=hour, minute=minute, second=second)


def _offset(text: str) -> dt.tzinfo:
    found = re.fullmatch(r"(?:utc|gmt)?([+-])([0-9]{1,2}):?([0-9]{2})?", text)
    if found is None:
        return dt.UTC
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    if minutes > 14 * 60:
        raise _Problem(_NO_TIME)
    return dt.timezone(dt.timedelta(minutes=minutes if found[1] == "+" else -minutes))


def _months(year: int, month: int, count: int, period: str) -> Found:
    begin = dt.datetime(year, month, 1)
    after = month - 1 + count
    return begin, period, dt.datetime(year + after // 12, after % 12 + 1, 1)


def _period(text: str, year: int | None, zone: dt.tzinfo) -> Found | None:
    """Parse months, dekads, quarters, half years and years."""
    found = _MONTH.fullmatch(text)
    if found and (found["y"] or found["word"]):
        y, m = _year(found["y"], year), int(found["m"])
        if not found["dekad"]:
            return _months(y, m, 1, "month")
        first, last = {"上旬": (1, 10), "中旬": (11, 20), "下旬": (21, 0)}[found["dekad"]]
        begin = dt.datetime(y, m, first)
        last = last or calendar.monthrange(y, m)[1]
        return begin, "dekad", dt.datetime(y, m, last) + dt.timedelta(days=1)
    found = _QUARTER_FIRST.fullmatch(text)
    if found:
        return _months(int(found["y"]), int(found["q"]) * 3 - 2, 3, "quarter")
    found = _QUARTER.fullmatch(text)
    if found:
        q = int(found["q"] or found["q2"])
        return _months(_year(found["y"], year), q * 3 - 2, 3, "quarter")
    found = _MONTHS.fullmatch(text)
    if found and "月" in text:
        first, last = int(found["m"]), int(found["n"])
        if last < first:
            raise _Problem("起止月份颠倒")
        return _months(_year(found["y"], year), first, last - first + 1, "range")
    found = _SPAN.fullmatch(text)
    if found is None:
        return None
    what = found["what"]
    y = _year(found["y"] or found["y2"], year)
    if what is None or what.startswith("全年"):
        if what is None and not ("年" in text or 1900 <= y <= 2100):
            return None
        return _months(y, 1, 12, "year")
    if what.startswith("前"):
        return _months(y, 1, 3 * int(what[1]), "range")
    return _months(y, 1 if what[0] == "上" else 7, 6, "range")


def _half_day(text: str, year: int | None, zone: dt.tzinfo) -> Found | None:
    """Parse ``2025年3月5日上午``: the day up to noon, or from noon on."""
    found = _HALF_DAY.fullmatch(text)
    day = _day(found["day"], year, zone) if found else None
    if found is None or day is None or day[1] != "day":
        return None
    noon = day[0] + dt.timedelta(hours=12)
    return (day[0], "range", noon) if found["half"] == "上午" else (noon, "range", day[2])


def _week(text: str, year: int | None, zone: dt.tzinfo) -> Found | None:
    """Parse a week that says its days, or counts them by ISO 8601 (``2025-W12``)."""
    iso = _ISO_WEEK.fullmatch(text)
    if iso:
        monday = dt.datetime.fromisocalendar(int(iso["y"]), int(iso["n"]), 1)
        return monday, "range", monday + dt.timedelta(days=7)
    found = _WEEK.fullmatch(text)
    if found is None:
        return None
    if found["dates"]:
        own = int(found["y"]) if found["y"] else year
        return _range(found["dates"].replace(".", "/"), own, zone)
    # when the first week of a year begins is not the same everywhere
    raise _Problem("只有周次，不知起止日期，请写成2025-03-17~2025-03-23")


def _range(text: str, year: int | None, zone: dt.tzinfo) -> Found:
    """Parse ``2025-03-01~03-05`` and its like: the second end takes from the first what it lacks."""
    ends = _TO.split(text)
    if len(ends) == 1:
        ends = _HYPHEN.split(text)
    if len(ends) == 1:
        ends = re.split(r"(?<=[0-9])-(?=[0-9])", text) if re.search("[月/.]", text) else ends
    if len(ends) != 2 or not all(ends):
        raise _Problem(_why_not(text))
    first = _one_end(ends[0], year, zone)
    last = None
    for lead in _leads(ends[0], ends[1]):
        last = _one_end(lead + ends[1], first[0].year if first else year, zone)
        if last is not None:
            break
    if first is None or last is None:
        raise _Problem(_why_not(text))
    stop = last[2] or last[0]
    if stop <= first[0]:
        raise _Problem("起止时间颠倒")
    return first[0], "range", stop


def _leads(first: str, last: str) -> list[str]:
    """What of the first end may be missing in the second: nothing, the month, the date."""
    leads = [""]
    month = re.match(r"(?:[0-9]{4} ?[-/.年] ?)?[0-9]{1,2} ?[-/.月] ?", first)
    day = re.match(r"(?:[0-9]{4} ?[-/.年] ?)?[0-9]{1,2} ?[-/.月] ?[0-9]{1,2}[日号]? ?t?", first)
    if re.fullmatch(r"[0-9]{1,2} ?[日号]?", last) and month:
        leads = [month[0]]
    elif day and re.match(r"[0-9]{1,2} ?[:时点]", last):
        leads = [day[0].rstrip("t") + " "]
    elif day and re.fullmatch(r"[0-9]{1,2} ?[-/.] ?[0-9]{1,2}", last):
        found = re.match(r"[0-9]{4} ?[-/.年]", first)
        leads = [found[0] if found else ""]
    elif re.fullmatch("[上中下]旬", last) and month:
        leads = [month[0]]
    return leads


def _one_end(text: str, year: int | None, zone: dt.tzinfo) -> Found | None:
    for read in (_compact, _day, _period):
        found = read(text.strip(), year, zone)
        if found is not None:
            return found
    return None


def _why_not(text: str) -> str:
    if re.fullmatch(r"[0-9]{2}[-/.][0-9]{1,2}[-/.][0-9]{1,2}( .*)?", text):
        return "年份只有两位，不知是哪一年"
    if re.fullmatch("[0-9]{2} ?年.*", text):
        return "年份只有两位，不知是哪一年"
    if re.fullmatch(r"0?[1-9]\.[0-9]{1,2}|1[0-2]\.[0-9]{1,2}", text):
        return "可能是月.日，也可能只是数，请写成3月5日的样式"
    if re.fullmatch(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}( .*)?", text):
        return "日、月次序不明，请写成年-月-日"
    return _NO_TIME
