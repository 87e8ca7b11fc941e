"""The thresholds of doubt, in one place: what makes a reading deserve a second look."""

from __future__ import annotations

from dataclasses import dataclass, fields

_LEAST: dict[str, float] = {
    "near_hours": 0,
    "near_tolerance": 0,
    "jump_values": 1,
    "jump_min_values": 1,
    "jump_times_mad": 0,
    "jump_share": 0,
    "stuck_values": 2,
    "stuck_days": 0,
    "stuck_gap_hours": 0,
    "contradiction_tolerance": 0,
}


@dataclass(frozen=True)
class DoubtRules:
    """Thresholds of :func:`chaoyang_geo.flag_doubts`; none of them is from a standard.

    Parameters
    ----------
    near_hours : float, hours
        Rows of one section and item are one sample when they are less than this apart.
    near_tolerance : float, share of the value
        Results closer than this are the same result.
    jump_values, jump_min_values : int
        A value is compared with so many values before it; with fewer it is not judged.
    jump_times_mad : float
        How many robust standard deviations (1.4826 times the median absolute deviation, MAD)
        from the median make a jump.
    jump_share : float, share of the median
        A jump of a concentration is larger than this, too.
    stuck_values : int
    stuck_days : float, days
        A sensor stands still when it gives one number so many times over so many days.
    stuck_gap_hours : float, hours
        A longer gap between two readings ends the run: monthly samples are no sensor.
    stuck_skip : frozenset of items
        Keys of items that may stand still; any iterable is taken.
    stuck_freezing_celsius : float, ℃
        Water under ice keeps one temperature for weeks: at or below this it may stand still.
    contradiction_tolerance : float, share of the whole
        How much larger a part may be measured than its whole (NH3-N than TN).

    Raises
    ------
    ValueError
        A number makes no sense; the message names it and its least value.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from chaoyang_geo.doubt import DoubtRules
    >>> strict = DoubtRules(jump_times_mad=4, stuck_skip=["water_temperature"])
    >>> replace(strict, near_hours=0.5).jump_times_mad
    4
    >>> DoubtRules(near_hours=-1)
    Traceback (most recent call last):
    ...
    ValueError: near_hours=-1 makes no sense; it must be at least 0
    """

    near_hours: float = 1.0
    near_tolerance: float = 0.0
    jump_values: int = 24
    jump_min_values: int = 8
    jump_times_mad: float = 6.0
    jump_share: float = 0.5
    stuck_values: int = 12
    stuck_days: float = 2.0
    stuck_gap_hours: float = 24.0
    stuck_skip: frozenset[str] = frozenset()
    stuck_freezing_celsius: float = 1.0
    contradiction_tolerance: float = 0.1

    def __post_init__(self) -> None:
        for field in fields(self):
            given = getattr(self, field.name)
            if field.name in _LEAST and not given >= _LEAST[field.name]:
                least = f"{_LEAST[field.name]:g}"
                raise ValueError(
                    f"{field.name}={given!r} makes no sense; it must be at least {least}"
                )
        if self.jump_min_values > self.jump_values:
            raise ValueError(
                f"jump_min_values={self.jump_min_values} is more than jump_values="
                f"{self.jump_values}, so no value could ever be judged; lower the first or raise "
                "the second"
            )
        if isinstance(self.stuck_skip, str):
            raise ValueError(
                f"stuck_skip={self.stuck_skip!r} is one text; give a list of items, e.g. "
                f"[{self.stuck_skip!r}]"
            )
        # frozen fields are set this way once, before anybody sees the object
        object.__setattr__(self, "stuck_skip", frozenset(self.stuck_skip))
