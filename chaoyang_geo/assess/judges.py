"""The limits of an item as steps: which class a number has, looked up by its place.

Between two neighbouring limits every number has one class. So the limits cut the number line
into a few places, and what holds in a place (class, limit, the next better limit) is worked out
once; a column of numbers is placed by counting the limits reached, and the rest is looked up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.codes import Coded, combinations, distinct_texts, each_block, spread
from chaoyang_geo.schema import CLASSES

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float64]
    Ranks = npt.NDArray[np.int8]

WORST = len(CLASSES) - 1  # rank of 劣Ⅴ; ranks count from 0 = Ⅰ
CLASS_3 = CLASSES.index("Ⅲ")

#: The multiple over a limit is never computed for these (环办〔2011〕22号).
WITHOUT_MULTIPLE: frozenset[str] = frozenset({"ph", "do", "water_temp"})

#: Outcomes of judging a number, and what ``item_flag`` says of them.
DECIDED, UNDECIDED, NO_VALUE, IMPOSSIBLE, NO_BOUND, NOT_JUDGED = range(6)
OUTCOMES = 6
NO_NUMBER = "没有数值"  # a gap is not a doubt about the class
NO_SAMPLE = "不是样品，不作评价"
_OUTCOME_FLAGS = (
    "",
    "检出限（或量程）跨越多个类别，不能判定",
    NO_NUMBER,
    "数值为负或不是有限数，未作评价",
    "低于检出限（或高于量程）而没有给出限值，不能判定",
    "",
)


@dataclass(frozen=True)
class _Place:
    """What holds for every number of a place."""

    rank: int
    outcome: int
    limit: float
    next_limit: float


@dataclass
class Judge:
    """How one item is judged in one type of water."""

    unit: str
    in_class: bool
    edges: Floats  # each begins a place; one that begins at NaN takes the missing numbers
    places: list[_Place]
    limits: list[float]  # by class, of the rule that sets an upper limit; NaN without one


def judge_of(rules: pd.DataFrame) -> Judge:
    """Build the judge of one item from its rows of a standard: upper limits, lower limits, both."""
    import numpy as np

    steps = [
        (str(row.direction), np.array([getattr(row, name) for name in standards.LIMIT_COLUMNS]))
        for row in rules.itertuples()
    ]
    # a limit itself still meets: what exceeds an upper limit begins just above it
    edges = {
        float(np.nextafter(bound, np.inf) if direction == "max" else bound)
        for direction, bounds in steps
        for bound in bounds
        if bound == bound
    }
    floor = np.finfo("float64").min if any((bounds < 0).any() for _, bounds in steps) else 0.0
    ordered = np.array([*sorted({*edges, floor, np.inf}), np.nan])
    nothing = (np.nan, np.nan)
    places = [_Place(-1, IMPOSSIBLE, *nothing)]  # below the floor
    for edge in ordered[:-2]:
        ranks = [_rank(edge, bounds, direction) for direction, bounds in steps]
        worst = max(ranks)
        _, bounds = steps[ranks.index(worst)]
        limit = float(bounds[worst]) if worst < WORST else np.nan
        # classes may share a limit, so the next better limit is that of the class before this one
        better = [float(bound) for bound in bounds[:worst] if bound == bound]
        places.append(_Place(worst, DECIDED, limit, better[-1] if better else np.nan))
    places.append(_Place(-1, IMPOSSIBLE, *nothing))  # infinite
    places.append(_Place(-1, NO_VALUE, *nothing))
    upper = [bounds for direction, bounds in steps if direction == "max"]
    return Judge(
        unit=str(rules["unit"].iloc[0]),
        in_class=bool(rules["in_class"].iloc[0]),
        edges=ordered,
        places=places,
        limits=upper[0].tolist() if upper else [np.nan] * WORST,
    )


def _rank(value: float, bounds: Floats, direction: str) -> int:
    """Rank of a number, 0 = Ⅰ to 5 = 劣Ⅴ: the first class whose limit it meets."""
    meets = value <= bounds if direction == "max" else value >= bounds
    met = meets.nonzero()[0]
    return int(met[0]) if len(met) else WORST


#: Kind of a row whose state says that there is no result, whatever stands in the value.
GAP = "gap"


def item_keys(items: Coded) -> Coded:
    """Return items by key, however they are spelled; an unknown one stays as it is."""
    known = set(standards.item_names())
    keys = [
        text if text in known else standards.find_item(text) or text.strip() for text in items.texts
    ]
    return items if keys == items.texts else distinct_texts(Coded(keys, items.codes))


@dataclass
class Bench:
    """The judges that a table needs: one for each combination of item, unit, water and kind."""

    judges: list[Judge]
    of_combination: list[int]  # -1: not judged
    flags: list[tuple[str, ...]]  # of each combination, by outcome
    in_class: Bools  # of each combination


_WATER = {"river": "河流", "lake": "湖库"}


def bench(standard: Any, columns: Sequence[Coded], found: Sequence[tuple[int, ...]]) -> Bench:
    """Return the judges for the combinations of item, unit, water type and row kind that occur.

    A water type that is only assumed ends with ``?``.
    """
    import numpy as np

    limits = standards.limits(standard)
    names = standards.item_names()
    numeric = limits[limits["direction"].isin(("max", "min"))]
    rules_of = dict(iter(numeric.groupby("item")))
    known_items = set(limits["item"])
    differs = limits.groupby("item")["water_type"].nunique() > 1
    judges: list[Judge] = []
    number: dict[tuple[str, str], int] = {}
    of_combination: list[int] = []
    flags: list[tuple[str, ...]] = []
    in_class: list[bool] = []

    def take(judge: int, says: str, *, enters: bool = False) -> None:
        of_combination.append(judge)
        flags.append((says,) * OUTCOMES)
        in_class.append(enters)

    for combination in found:
        item, unit, water, kind = (
            column.texts[code] for column, code in zip(columns, combination, strict=True)
        )
        own_water = water.rstrip("?")
        if (item, own_water) not in number:
            rules = rules_of.get(item, numeric[:0])
            rules = rules[rules["water_type"].isin(("all", own_water))]
            number[item, own_water] = -1 if rules.empty else len(judges)
            if not rules.empty:
                judges.append(judge_of(rules))
        which = number[item, own_water]
        if kind not in ("", "sample", GAP):
            take(-1, NO_SAMPLE)
        elif item not in known_items:
            take(-1, "标准中没有该指标的限值")
        elif which < 0:
            take(-1, f"{names.get(item, item)}：{_WATER[own_water]}没有分类限值")
        elif unit and standards.fold_unit(unit) != standards.fold_unit(judges[which].unit):
            says = f"单位不是{judges[which].unit or '无量纲'}，未作评价"
            take(-1, says, enters=judges[which].in_class)
        elif kind == GAP:
            take(-1, "状态说明没有结果，数值未采用", enters=judges[which].in_class)
        else:
            take(which, "", enters=judges[which].in_class)
            assumed = water.endswith("?") and differs.get(item, False)
            says = f"水体类型未登记，按{_WATER[own_water]}限值" if assumed else ""
            flags[-1] = (says, *_OUTCOME_FLAGS[1:])
    return Bench(judges, of_combination, flags, np.array(in_class, dtype=bool))


@dataclass
class Numbers:
    """What a table says of its values: numbers, and ranges where a number is not known exactly."""

    value: Floats
    rows: npt.NDArray[np.intp]  # the rows that have a range, in order
    low: Floats  # of those rows; the ends belong to the range
    high: Floats
    certain: Any = False  # which of those rows have a number that is judged as it is


@dataclass
class Judged:
    """What became of every value of a table, row by row."""

    codes: Any  # combination of item, unit, water type and row kind
    columns: list[Coded]
    found: list[tuple[int, ...]]
    bench: Bench
    places: _Places
    place: npt.NDArray[np.int16]  # whose limits hold; 0 without a class
    value: Floats
    rank: Ranks  # -1: no class
    best: Ranks  # what the range of a value allows; the rank where it has none
    worst: Ranks
    outcome: Ranks

    @cached_property
    def limit(self) -> Floats:
        """The limit of the class of each row; NaN without a class, and for 劣Ⅴ."""
        return spread(self.places.limit, self.place)

    @cached_property
    def next_limit(self) -> Floats:
        """The limit of the next better class of each row; NaN without a class, and in Ⅰ."""
        return spread(self.places.next_limit, self.place)

    def to_next(self, rows: Any) -> tuple[Floats, Floats]:
        """Return the limit of the next better class of some rows, and how far their values are."""
        import numpy as np

        next_limit = self.places.next_limit[self.place[rows]]
        distance = np.empty(len(next_limit))
        _gap(self.value[rows], next_limit, out=distance)
        return next_limit, distance

    @cached_property
    def distance(self) -> Floats:
        """How far each value is from the next better limit."""
        import numpy as np

        out = np.empty(len(self.value))
        next_limit = self.next_limit
        each_block(len(out), lambda here: _gap(self.value[here], next_limit[here], out=out[here]))
        return out

    def per_combination(self, column: int) -> list[str]:
        """Return the text of a column (0 item, 1 unit, 2 water type) of every combination."""
        texts = self.columns[column].texts
        return [texts[combination[column]] for combination in self.found]


def judge(standard: Any, columns: Sequence[Coded], numbers: Numbers) -> Judged:
    """Judge every value by the limits of its item; ``columns``: item, unit, water type, row kind."""
    import numpy as np

    columns = [item_keys(columns[0]), *columns[1:]]
    codes, found = combinations(columns)
    seats = bench(standard, columns, found)
    places = _Places.of(seats)
    n = len(numbers.value)
    place, rank, outcome = np.empty(n, np.int16), np.empty(n, np.int8), np.empty(n, np.int8)
    best = worst = rank
    if len(numbers.rows):
        best, worst = np.empty(n, np.int8), np.empty(n, np.int8)
    result = Judged(codes, columns, found, seats, places, place, numbers.value,
                    rank, best, worst, outcome)  # fmt: skip

    def work(here: slice) -> None:
        mine = places.find(codes[here], numbers.value[here])
        place[here] = mine
        np.take(places.rank, mine, out=rank[here], mode="clip")
        np.take(places.outcome, mine, out=outcome[here], mode="clip")
        first, last = np.searchsorted(numbers.rows, (here.start, here.stop)).tolist()
        if best is not rank:
            best[here] = worst[here] = rank[here]
        if last > first:
            _judge_ranges(result, numbers, slice(first, last))

    each_block(n, work)
    return result


def _gap(value: Floats, next_limit: Floats, out: Floats) -> None:
    """How far a value is from the next better limit: 0.2 - 0.1 is 0.1 to the digits anyone reads."""
    import numpy as np

    np.subtract(value, next_limit, out=out)
    np.abs(out, out=out)
    if (far := np.flatnonzero(out > 1e200)).size:  # without digits behind the point: as it is
        kept = out[far]
    with np.errstate(over="ignore"):
        np.round(out, 9, out=out)
    if far.size:
        out[far] = kept


@dataclass
class _Places:
    """The places of all judges in one row, those of a judge next to each other; 0: not judged."""

    rank: Ranks
    outcome: Ranks
    limit: Floats
    next_limit: Floats
    seat: npt.NDArray[np.intp]  # the judge of each combination, 0 for none
    edges: Floats  # a row for the first edge of every judge, one for the second, ...
    first: npt.NDArray[np.intp]  # of each judge: its first place, and that of missing numbers
    missing: npt.NDArray[np.intp]
    ends: _Ends

    @classmethod
    def of(cls, seats: Bench) -> _Places:
        import numpy as np

        places = [_Place(-1, NOT_JUDGED, np.nan, np.nan)]
        n = len(seats.judges)
        first, missing = np.zeros(n + 1, np.intp), np.zeros(n + 1, np.intp)
        # nothing reaches an edge that is NaN
        most = max((len(one.edges) for one in seats.judges), default=0)
        edges = np.full((most, n + 1), np.nan)
        for number, one in enumerate(seats.judges, 1):
            first[number] = len(places)
            places += one.places
            missing[number] = len(places) - 1
            edges[: len(one.edges), number] = one.edges
        ranks, outcomes, limits, nexts = zip(*map(astuple, places), strict=True)
        return cls(
            np.array(ranks, np.int8),
            np.array(outcomes, np.int8),
            np.array(limits, float),
            np.array(nexts, float),
            np.array(seats.of_combination or [-1], np.intp) + 1,
            edges[:-1],  # the last edge of every judge is that of missing numbers
            first,
            missing,
            _Ends.of(seats.judges, places),
        )

    def find(self, codes: Any, value: Floats) -> npt.NDArray[np.intp]:
        """Return the place of each value: that of as many edges as it reaches."""
        import numpy as np

        seat = np.take(self.seat, codes, mode="clip")
        reached = np.zeros(len(value), np.int8)
        edge, reaches = np.empty(len(value)), np.empty(len(value), bool)
        for of_judge in self.edges:
            np.take(of_judge, seat, out=edge, mode="clip")
            np.greater_equal(value, edge, out=reaches)
            reached += reaches.view(np.int8)
        place: npt.NDArray[np.intp] = np.take(self.first, seat, mode="clip")
        place += reached
        none = np.flatnonzero(np.isnan(value))
        place[none] = self.missing[seat[none]]
        return place


@dataclass
class _Ends:
    """What a range comes to: that depends on the places of its two ends alone."""

    width: int
    best: Ranks
    worst: Ranks
    outcome: Ranks
    place: npt.NDArray[np.intp]

    @classmethod
    def of(cls, judges: Sequence[Judge], places: Sequence[_Place]) -> _Ends:
        import numpy as np

        width = max((len(one.places) for one in judges), default=1)
        n = len(places) * width
        best, worst = np.full(n, -1, np.int8), np.full(n, -1, np.int8)
        outcome, place = np.full(n, NOT_JUDGED, np.int8), np.zeros(n, np.intp)
        start = 1
        for one in judges:
            for low, high in product(range(len(one.places)), repeat=2):
                pair = (start + low) * width + high
                # an infinite end stands for "nothing above is known", and is no value
                if one.places[high].outcome == IMPOSSIBLE and high > low:
                    high -= 1
                ends = (one.places[low].outcome, one.places[high].outcome)
                if ends != (DECIDED, DECIDED):
                    # a mark without its limit says something, but not what
                    outcome[pair] = NO_BOUND if NO_VALUE in ends else max(ends)
                    continue
                ranks = [one.places[k].rank for k in range(min(low, high), max(low, high) + 1)]
                best[pair], worst[pair] = min(ranks), max(ranks)
                outcome[pair] = DECIDED if min(ranks) == max(ranks) else UNDECIDED
                place[pair] = start + high
            start += len(one.places)
        return cls(width, best, worst, outcome, place)


def _judge_ranges(result: Judged, numbers: Numbers, some: slice) -> None:
    """Judge rows with a range: where both ends and all between have one class, that is it."""
    import numpy as np

    rows, places = numbers.rows[some], result.places
    codes, ends = result.codes[rows], places.ends
    pair = places.find(codes, numbers.low[some]) * ends.width
    pair += places.find(codes, numbers.high[some]) - places.first[places.seat[codes]]
    best, worst, outcome, place = (
        table[pair] for table in (ends.best, ends.worst, ends.outcome, ends.place)
    )
    # a number of its own belongs to what the value may be
    certain = np.broadcast_to(numbers.certain, len(numbers.rows))[some]
    known = certain & (result.rank[rows] >= 0) & (best >= 0)
    result.best[rows] = np.where(known, np.minimum(best, result.rank[rows]), best)
    result.worst[rows] = np.where(known, np.maximum(worst, result.rank[rows]), worst)
    if certain.any():
        rows, outcome, worst, place = (part[~certain] for part in (rows, outcome, worst, place))
    decided = outcome == DECIDED
    result.outcome[rows] = outcome
    result.rank[rows] = np.where(decided, worst, -1)
    result.place[rows] = np.where(decided, place, 0)
