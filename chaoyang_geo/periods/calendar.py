"""Which period a day falls in, when that period begins and ends, and what it is called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chaoyang_geo.schema import one_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Days = npt.NDArray[np.int64]  # since 1970-01-01

#: Named periods in days or months; ``ten_days`` and ``water_period`` have rules of their own.
NAMED: dict[str, tuple[int, str]] = {
    "day": (1, "D"),
    "week": (1, "W"),
    "month": (1, "M"),
    "quarter": (3, "M"),
    "year": (12, "M"),
}
PERIODS: tuple[str, ...] = ("day", "week", "ten_days", "month", "quarter", "year", "water_period")
_ALLOWED = (*PERIODS, "<n>D", "<n>W", "<n>M", "<n>Q", "<n>Y")
_FREQUENCY = re.compile(r"([1-9][0-9]{0,3})?(D|W|ME?|MS|QE?|QS|YE?|YS)")
_MONDAY = 4  # 1970-01-05


@dataclass(frozen=True)
class Calendar:
    """Numbers the periods of one kind; day and month are counted from 1970.

    ``unit`` is D (``length`` days from the day ``origin``), M (``length`` months from the month
    ``origin``), T (ten days) or P (``water``: name, first month and months of each).
    """

    name: str
    unit: str
    length: int = 1
    origin: int = 0
    water: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def is_month(self) -> bool:
        return self.unit == "M" and self.length == 1

    def number(self, days: Days) -> Ints:
        """Return the number of the period that each day falls in; later ones are larger."""
        import numpy as np

        if self.unit == "D":
            return np.floor_divide(days - self.origin, self.length)
        day = days.astype("datetime64[D]")
        month = day.astype("datetime64[M]").astype(np.int64)
        if self.unit == "M":
            return np.floor_divide(month - self.origin, self.length)
        if self.unit == "T":
            of_month = (day - day.astype("datetime64[M]")).astype(np.int64)
            thirds: Ints = month * 3 + np.minimum(of_month // 10, 2)
            return thirds
        # months before the first of their period belong to the one that began last year
        place = np.zeros(12, np.int64)
        for k, (_, months) in enumerate(self.water):
            for m in months:
                place[m - 1] = k - (len(self.water) if m < months[0] else 0)
        numbers: Ints = np.floor_divide(month, 12) * len(self.water) + place[month % 12]
        return numbers

    def begin(self, numbers: Ints) -> Days:
        """Return the first day of each period."""
        import numpy as np

        if self.unit == "D":
            return self.origin + numbers * self.length
        if self.unit == "M":
            return _first_day(self.origin + numbers * self.length)
        if self.unit == "T":
            return _first_day(np.floor_divide(numbers, 3)) + numbers % 3 * 10
        first = np.array([months[0] - 1 for _, months in self.water])
        years = np.floor_divide(numbers, len(self.water))
        return _first_day(years * 12 + first[numbers % len(self.water)])

    def end(self, numbers: Ints) -> Days:
        """Return the first day after each period."""
        import numpy as np

        if self.unit != "P":
            return self.begin(numbers + 1)
        # as many months as the period spans, gaps between its months among them
        after = [m[0] + (m[-1] - m[0]) % 12 for _, m in self.water]
        years = np.floor_divide(numbers, len(self.water))
        return _first_day(years * 12 + np.array(after)[numbers % len(self.water)])

    def fits(self, larger: Calendar) -> bool:
        """Whether every one of these periods lies within one of the larger ones."""
        return _fits(self, larger)

    def words(self, number: int) -> str:
        """Return the name of one period in Chinese."""
        import numpy as np

        one = np.array([number])
        first = date(1970, 1, 1) + timedelta(days=int(self.begin(one)[0]))
        last = date(1970, 1, 1) + timedelta(days=int(self.end(one)[0]) - 1)
        month = f"{first.year}年{first.month}月"
        if self.unit == "P":
            name = self.water[number % len(self.water)][0]
            years = f"{first.year}" if first.year == last.year else f"{first.year}—{last.year}"
            return f"{years}年{name}"
        if self.unit == "T":
            return f"{month}{'上中下'[number % 3]}旬"
        if self.unit == "D" and self.length == 1:
            return f"{month}{first.day}日"
        if self.unit == "D" and self.length == 7 and first.weekday() == 0:
            year, week, _ = first.isocalendar()
            return f"{year}年第{week}周"
        if self.unit == "D":
            return f"{first:%Y-%m-%d}至{last:%Y-%m-%d}"
        if self.is_month:
            return month
        if self.length == 3 and first.month % 3 == 1:
            return f"{first.year}年第{first.month // 3 + 1}季度"
        if self.length == 12 and first.month == 1:
            return f"{first.year}年"
        return f"{month}—{last.year}年{last.month}月"

    def gap(self, number: int) -> str:
        """Say so where the months of a water period do not follow each other."""
        if self.unit != "P":
            return ""
        name, months = self.water[number % len(self.water)]
        if (months[-1] - months[0]) % 12 + 1 == len(months):
            return ""
        return f"{name}由不相连的{'、'.join(map(str, months))}月组成，起止之间另有其他水期"


@lru_cache(maxsize=256)
def _fits(one: Calendar, larger: Calendar) -> bool:
    import numpy as np

    days = np.arange(-36_524, 73_049)  # 1870 to 2169: every kind of year and month
    mine, theirs = one.number(days), larger.number(days)
    both = (mine - mine.min()) * (np.ptp(theirs) + 1) + theirs - theirs.min()
    return len(np.unique(both)) == len(np.unique(mine))


def _first_day(months: Ints) -> Days:
    import numpy as np

    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def calendar(
    period: str,
    *,
    argument: str = "period",
    origin: str | None = None,
    water_periods: Mapping[str, Sequence[int]] | None = None,
) -> Calendar:
    """Return the calendar of a period: a name, or a number of days, weeks, months or years.

    Parameters
    ----------
    period : str
        One of :data:`PERIODS`, or a frequency: ``10D``, ``2W``, ``2M``, ``2Q``, ``5Y``.
    argument : str
        What the caller calls ``period``, for the words of an error.
    origin : str, optional
        Day on which one period begins. Without it weeks begin on Monday, days count from
        1970-01-01, months, quarters and years from January 1970.
    water_periods : mapping of name to months
        See :func:`chaoyang_geo.mean_readings`.
    """
    if not isinstance(period, str):
        one_of(argument, period, _ALLOWED)
    if period == "water_period":
        return Calendar(period, "P", water=_water(water_periods))
    if period in ("ten_days", "dekad"):
        return Calendar(period, "T")
    found = _FREQUENCY.fullmatch(period)
    if period in NAMED:
        length, unit = NAMED[period]
    elif found:
        length, unit = int(found[1] or 1), found[2][0]
        length, unit = {"Q": (3 * length, "M"), "Y": (12 * length, "M")}.get(unit, (length, unit))
    else:
        one_of(argument, period, _ALLOWED)
    start = _origin(origin)
    if unit == "M":
        if start.day != 1:
            raise ValueError(
                f"origin={origin!r} is not the first day of a month, and {argument}={period!r} "
                "counts months; give a day such as '2025-06-01'."
            )
        return Calendar(period, "M", length, (start.year - 1970) * 12 + start.month - 1)
    day = (start - date(1970, 1, 1)).days
    if unit == "W":
        return Calendar(period, "D", 7 * length, _MONDAY if origin is None else day)
    return Calendar(period, "D", length, day)


def _origin(origin: str | None) -> date:
    if origin is None:
        return date(1970, 1, 1)
    try:
        return date.fromisoformat(str(origin)[:10])
    except ValueError:
        raise ValueError(f"origin={origin!r} is not a day; write it as '2025-06-01'.") from None


def _water(periods: Mapping[str, Sequence[int]] | None) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Check the months of the water periods; put them in order of their first month."""
    if not periods:
        raise ValueError(
            "water_periods is needed for the period 'water_period': the months of 丰水期, 平水期 "
            "and 枯水期 differ from river to river, and no rule that fixes them was found; give "
            "them, e.g. water_periods={'丰水期': (6, 7, 8, 9), '平水期': (4, 5, 10, 11), "
            "'枯水期': (12, 1, 2, 3)}."
        )
    found: list[tuple[str, tuple[int, ...]]] = []
    for name, given in periods.items():
        months = tuple(int(month) for month in given)
        steps: list[Any] = [(month - months[0]) % 12 for month in months]
        if not months or steps != sorted(set(steps)) or not all(1 <= m <= 12 for m in months):
            raise ValueError(
                f"water_periods: the months of {name} are {list(given)}; give them from 1 to 12, "
                "each once, in the order in which they follow each other: (12, 1, 2) begins "
                "in December."
            )
        found.append((str(name), months))
    every = sorted(month for _, months in found for month in months)
    if every != list(range(1, 13)):
        twice = sorted({month for month in every if every.count(month) > 1})
        gone = sorted(set(range(1, 13)) - set(every))
        raise ValueError(
            "water_periods: every month belongs to one period"
            + (f"; in none: {gone}" if gone else "")
            + (f"; in several: {twice}" if twice else "")
            + ". Give the rest of the year a name of its own, so that no reading is left out."
        )
    return tuple(sorted(found, key=lambda one: one[1][0]))
