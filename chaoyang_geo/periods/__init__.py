"""Means of sections over periods, by the rules for the statistics of monitoring data.

Values below detection enter with half their limit; pH is averaged through the hydrogen ion;
automatic readings go before manual ones (环办监测函〔2020〕82号). Every mean says how many
values it rests on, what was left out and by which rule it was taken.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chaoyang_geo.codes import (
    Coded,
    code_dtype,
    coded,
    combinations,
    distinct_texts,
    optional,
    spread,
)
from chaoyang_geo.periods.calendar import PERIODS as PERIODS
from chaoyang_geo.periods.calendar import Calendar, calendar
from chaoyang_geo.periods.cells import Cells, Rows, piece_cells
from chaoyang_geo.periods.columns import item_keys
from chaoyang_geo.periods.layers import COLUMN as LAYER
from chaoyang_geo.periods.layers import piece_layers, stated_layers
from chaoyang_geo.periods.stages import (
    PRECEDENCES,
    Plan,
    as_methods,
    joined_key,
    run,
)
from chaoyang_geo.periods.table import MEAN_COLUMNS as MEAN_COLUMNS
from chaoyang_geo.periods.table import mean_table
from chaoyang_geo.schema import SchemaError, one_of, require

if TYPE_CHECKING:
    import pandas as pd

    from chaoyang_geo.codes import Codes
    from chaoyang_geo.periods.columns import Ints

#: What a value below detection counts as, in parts of its detection limit.
CENSORED: dict[str, float] = {"half_limit": 0.5, "limit": 1.0, "zero": 0.0, "drop": float("nan")}


def mean_readings(
    readings: pd.DataFrame | Iterable[pd.DataFrame],
    *,
    period: str = "month",
    by: Sequence[str] = ("section_code",),
    censored: str = "half_limit",
    via: Sequence[str] = (),
    water_periods: Mapping[str, Sequence[int]] | None = None,
    origin: str | None = None,
    precedence: str = "rule",
    method: str | None = None,
    min_n: int | Mapping[str, int] | None = None,
) -> pd.DataFrame:
    """Average readings to one value for each section, period and item.

    Rows that are no sample (``row_kind``) stay out; so do samples without a time, of which a
    warning gives the number. A result whose ``state`` says that there is none (断流, 冰封, 未监测,
    a fault, failed control) is left out and counted, and so is a number that cannot be one: an
    infinite one, or a negative one of an item that cannot be below zero. ``mean`` is not
    rounded, and no stage before it is; ``mean_rounded`` is, once.

    Required columns: those of ``by``, ``time`` (without a zone, or of any), ``item`` (by key or
    any of its names), ``value``; used where present: ``unit``, ``censored`` (``''``, ``<``,
    ``>``), ``detection_limit``, ``row_kind``, ``state``, ``method``, ``reading_flag``,
    ``doubt_flag``, ``sampling_layer``.

    Samples of several layers or verticals (``sampling_layer``: 表层, 底层, 左线) count alike, each
    once: the mean is that of the section's samples, and ``mean_flag`` names the layers. For
    means of each layer add the column to ``by``: ``by=["section_code", "sampling_layer"]``; for
    those of one, give its readings alone: ``readings[readings["sampling_layer"] == "表层"]``.

    Parameters
    ----------
    readings : DataFrame, or iterable of DataFrames
        The long table of :func:`read_readings`; or pieces of it, as from
        :func:`stream_readings`, of which only sums are held in memory. Every option works on
        pieces; a section's readings may lie in several.
    period : str
        Calendar periods, China Standard Time: ``day``, ``week`` (from Monday), ``ten_days``
        (上中下旬; ``dekad`` is the same), ``month``, ``quarter``, ``year``, ``water_period``,
        or a number of days, weeks, months, quarters or years: ``10D``, ``2W``, ``2M``.
    by : sequence of str
        Columns that name a section; any other column of text may be added,
        ``sampling_layer`` for instance.
    censored : {"half_limit", "limit", "zero", "drop"}
        What a value below detection enters as. A reading that has a value, from
        ``substitute`` for instance, enters with it.
    via : sequence of str
        Shorter periods, from small to large, over which means are taken first:
        ``("month",)`` averages monthly means to a year, ``("day", "month")`` first those of
        an automatic station to days. Each must lie within the next. Without it, every
        reading counts alike.
    water_periods : mapping of name to months
        For ``water_period``: the months of each, in the order in which they follow each
        other, every month of the year in one of them. ``{"枯水期": (12, 1, 2, 3), ...}`` has a
        low-flow period that begins in December. Months with others between them are one
        period, from the first to the last of them, and flagged.
    origin : str
        A day on which a period begins, ``"2025-06-01"``, for weeks, years and the like that
        begin elsewhere than in the calendar. Days are counted from 1970-01-01 without it.
    precedence : {"rule", "automatic", "manual", "both"}
        Which readings count where a column says how each was measured. ``rule``: of pH, DO,
        CODMn, NH3-N, TP and TN the automatic ones if there are any with a result, else the
        others; of other items, which the rule does not name, both. ``automatic``, ``manual``:
        these first, for every item. It is decided for each section, item and month (for a
        period that months do not fit into: for each period), whatever the unit.
    method : str
        The column that says it, as ``automatic`` or ``manual`` (自动, 手工). Without it the
        column ``method`` is used if there is one.
    min_n : int, or mapping of period to int
        The least number of numbers that a mean must rest on: of ``period``, or of each
        period named: ``{"day": 4, "month": 20, "year": 10}`` with ``via=("day", "month")``.
        A mean of ``period`` with fewer is kept, flagged and not valid; one of ``via`` with
        fewer does not enter the next mean.

    Returns
    -------
    DataFrame, one row per combination of ``by``, period, item and unit that has a reading
        in order of ``by``, period, item and unit: the columns of ``by``; ``period`` (its
        begin), ``period_end``, ``period_name`` (in Chinese); ``item``, ``unit``; ``mean``
        (missing without a number; in ``unit``), ``mean_rounded`` (by the decimals of the
        item; as ``mean`` where the rule names none or ``unit`` is not the item's usual one),
        ``mean_low`` and ``mean_high`` (values below detection as 0 and as their limit,
        whatever ``censored`` is; values above range, which are not in ``mean``, as the end of
        the range and as anything above it, so that ``mean_low`` may be larger than ``mean``
        and ``mean_high`` is missing; it is missing, too, where a value that is marked as below
        detection states no limit. The pH of other readings bounds that of the mean, so that it
        has a ``mean_high`` if there are any);
        ``n`` (readings in the mean), ``n_parts`` (numbers that the last mean was taken of:
        readings, or means of the last period of ``via``), ``n_censored`` (readings below
        detection), ``n_above`` (above range, not in the mean), ``n_missing`` (readings
        without a result) and of them ``n_dry``, ``n_ice``, ``n_not_sampled`` and
        ``n_impossible`` (negative or infinite); ``n_other`` (of the method that was passed
        over), ``n_short`` (in periods of ``via`` with fewer than ``min_n``), ``n_flagged``
        (readings in the mean with a ``doubt_flag``, or a ``reading_flag`` that says more than
        below detection); ``mean_method`` (``automatic``, ``manual``, both joined by ``;``, or
        ``''``), ``mean_valid`` (missing without ``min_n``), ``mean_rule`` (how the mean was
        taken, by which rule, and how far that rule is checked), ``mean_flag`` (why the mean
        is missing or doubtful, and from which layers its readings are, if from several).

    Raises
    ------
    SchemaError
        A required column is missing or there twice; ``value`` or ``detection_limit`` holds
        text; ``time`` holds a number or what is no time; ``censored``, ``row_kind`` or
        ``method`` holds an unknown word.
    ValueError
        Unknown ``period``, ``censored`` or ``precedence``; ``water_periods`` is missing or
        not whole; periods of ``via`` that do not fit; ``by`` names a column of the result.

    Warns
    -----
    UserWarning
        Samples have no time.

    Notes
    -----
    Which items can be below zero is decided by the usual unit of each: those in ℃, mV, m, m3/s
    and m/s can (temperature, potential, level, flow), but not transparency; of an item that is
    not known the unit of the readings decides. This is no rule of a standard.

    Sources, with the status that :func:`chaoyang_geo.standards.rules` has. 环办监测函〔2020〕
    82号: below detection half the limit (verified; also SL 219-2013 12.2.5); automatic before
    manual (verified for five items, single source for TN); half to even in one step
    (verified), not to 0 and by its decimals (single source); pH from the arithmetic mean of
    the hydrogen ion, -log10(mean(10^-pH)) (single source); the one manual sample of a month
    is its mean (single source). That quarters and years are means of monthly means is not
    verified, therefore an option, ``via=("month",)``, and ``mean_rule`` says which was done.
    No rule was found for the least number of values, therefore ``min_n`` has no default. No
    months of 丰水期, 平水期 and 枯水期 were found in a rule, therefore ``water_periods`` has none.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo import mean_readings
    >>> readings = pd.DataFrame({
    ...     "section_code": "S1", "time": pd.to_datetime(["2025-10-01", "2025-10-08", "2025-10-15"]),
    ...     "item": ["ph", "ph", "tp"], "value": [7.0, 8.0, float("nan")],
    ...     "censored": ["", "", "<"], "detection_limit": [float("nan"), float("nan"), 0.01]})
    >>> means = mean_readings(readings)
    >>> means[["section_code", "period", "item", "mean", "n", "n_censored"]]
      section_code     period item      mean  n  n_censored
    0           S1 2025-10-01   ph  7.259637  2           0
    1           S1 2025-10-01   tp  0.005000  1           1
    >>> means[["item", "mean_rounded", "mean_low", "mean_high"]]
      item  mean_rounded  mean_low  mean_high
    0   ph         7.000  7.259637   7.259637
    1   tp         0.005  0.000000   0.010000
    """
    import pandas as pd

    one_of("censored", censored, CENSORED)
    one_of("precedence", precedence, PRECEDENCES)
    taken = [name for name in by if name in MEAN_COLUMNS]
    if taken:
        raise ValueError(
            f"by={list(by)!r}: {', '.join(taken)} would be a column of the result twice; "
            "rename it in the readings, or leave it out."
        )
    names = [via] if isinstance(via, str) else list(via)
    stages = [
        calendar(name, argument=argument, origin=origin, water_periods=water_periods)
        for argument, name in (*(("via", name) for name in names), ("period", period))
    ]
    plan = Plan(tuple(stages), _least(min_n, [*names, period]), precedence)
    plan.check()
    pieces: Iterable[pd.DataFrame] = [readings] if isinstance(readings, pd.DataFrame) else readings
    sums = _Sums(list(by), CENSORED[censored], plan, method)
    for piece in pieces:
        sums.add(piece)
    if sums.without_time:
        warnings.warn(_WITHOUT_TIME.format(n=sums.without_time), UserWarning, stacklevel=2)
    return sums.table()


def _least(min_n: int | Mapping[str, int] | None, stages: Sequence[str]) -> dict[str, int]:
    if min_n is None:
        return {}
    least = dict(min_n) if isinstance(min_n, Mapping) else {stages[-1]: min_n}
    for name, n in least.items():
        one_of("min_n: period", name, stages)
        if int(n) != n or n < 1:
            raise ValueError(f"min_n={n!r} for {name!r} is not a number of values; use 1 or more.")
    return {name: int(n) for name, n in least.items()}


_WITHOUT_TIME = (
    "readings: {n} of the samples have no time, so they are in no period and in no mean. Give them "
    "one (their reading_flag says why it is missing; read_readings takes year= where dates lack "
    "it), or leave them out: readings[readings['time'].notna()]."
)
_MOST_CELLS = 4_000_000  # of pieces, before they are added up


@dataclass
class _Sums:
    """Sums over the pieces of a table; their keys number groups and items over all pieces."""

    by: list[str]
    share: float
    plan: Plan
    method: str | None
    base: Calendar = field(init=False)
    groups: dict[tuple[str, ...], int] = field(default_factory=dict)
    items: dict[tuple[str, ...], int] = field(default_factory=dict)
    parts: list[Cells] = field(default_factory=list)
    without_time: int = 0

    def __post_init__(self) -> None:
        self.base = self.plan.base

    def add(self, readings: pd.DataFrame) -> None:
        """Add the readings of a piece."""
        import numpy as np

        require(readings, [*self.by, "time", "item", "value"], table="readings")
        if self.method is not None or self.plan.precedence in ("automatic", "manual"):
            require(readings, [self.method or "method"], table="readings", hint=_METHOD_HINT)
        if not len(readings):
            return
        columns = [item_keys(readings["item"]), optional(readings, "unit")]
        if self._uses_method(readings):
            name = self.method or "method"
            columns.append(as_methods(coded(readings[name]), name=name))
        group, groups, rank = _numbered([coded(readings[name]) for name in self.by])
        item, items, rank_of_item = _numbered(columns)
        if (rank_of_item != np.arange(len(items))).any():
            item = spread(rank_of_item.astype(code_dtype(len(items))), item)
        for texts in groups:
            self.groups.setdefault(texts, len(self.groups))
        for texts in items:
            self.items.setdefault(texts, len(self.items))
        rows = Rows.of(readings, group, item, items, self.share)
        self.without_time += rows.count_without_time()
        cells = piece_cells(rows, rank, len(items), self.base)
        layer = None if LAYER in self.by else stated_layers(readings)
        if layer is not None:
            piece_layers(layer, rows, cells, rank, len(items), self.base)
        # local numbers to those over all pieces
        group_of = np.array([self.groups[texts] for texts in groups])
        item_of = np.array([self.items[texts] for texts in items])
        rest = cells.key // len(items)
        cells.key = joined_key(
            group_of[rest % len(groups)], rest // len(groups), item_of[cells.key % len(items)]
        )
        self.parts.append(cells)
        if len(self.parts) > 1 and sum(len(part.key) for part in self.parts) > _MOST_CELLS:
            self.parts = [Cells.joined(self.parts)]

    def _uses_method(self, readings: pd.DataFrame) -> bool:
        """Whether the readings say how they were measured: all pieces do, or none."""
        has = (self.method or "method") in readings
        if not self.items:
            self.plan = self.plan.with_method(has)
            self.base = self.plan.base
        if has != self.plan.uses_method:
            raise SchemaError(
                f"readings: column {self.method or 'method'} is in some pieces and not in others, "
                "so that automatic and manual readings cannot be told apart; give every piece "
                "the column, empty where the method is not known."
            )
        return has

    def table(self) -> pd.DataFrame:
        """Return the means in order of group, period, item and unit."""
        items = list(self.items)
        keyed = run(self.plan, Cells.joined(self.parts), items)
        drops = self.share != self.share
        return mean_table(keyed, self.plan, self.by, list(self.groups), items, drops=drops)


_METHOD_HINT = (
    "It says of each reading whether it is automatic or manual; name another column with method=, "
    "or leave out method= and precedence=."
)


def _numbered(columns: list[Coded]) -> tuple[Codes, list[tuple[str, ...]], Ints]:
    """Number the combinations of some columns that occur; return them sorted, and their ranks."""
    import numpy as np

    columns = [distinct_texts(column) for column in columns]
    codes, found = combinations(columns)
    texts = [tuple(c.texts[k] for c, k in zip(columns, keys, strict=True)) for keys in found]
    order = sorted(range(len(texts)), key=texts.__getitem__)
    ranks = np.empty(len(texts), np.int64)
    ranks[order] = np.arange(len(texts))
    return codes, [texts[k] for k in order], ranks
