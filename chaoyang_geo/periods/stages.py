"""From sums of readings to means of periods: which readings count, and mean of means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chaoyang_geo import standards
from chaoyang_geo.codes import Coded, distinct_texts
from chaoyang_geo.periods.calendar import Calendar
from chaoyang_geo.periods.layers import is_layer_count
from chaoyang_geo.schema import SchemaError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from chaoyang_geo.periods.cells import Cells, Ints

    Bools = npt.NDArray[np.bool_]

#: How a value may be measured, and the words for it.
METHODS: dict[str, tuple[str, ...]] = {
    "automatic": ("automatic", "auto", "自动", "自动监测", "自动站", "在线", "在线监测"),
    "manual": ("manual", "手工", "手工监测", "人工", "人工监测", "手动"),
    "": ("",),
}
PRECEDENCES: tuple[str, ...] = ("rule", "automatic", "manual", "both")
#: Items whose automatic values come first, and the rule that says so.
AUTO_FIRST: dict[str, str] = {
    **dict.fromkeys(standards.CORE_ITEMS, "auto_first"),
    "tn": "auto_first_tn",
}

ITEM_BITS, PERIOD_BITS = 16, 22  # of a key of 63 bits
_HALF = 1 << PERIOD_BITS - 1  # periods before 1970 are negative


@dataclass
class Keyed:
    """Cells with the parts of their keys side by side: group, number of the period, item."""

    cells: Cells
    group: Ints
    number: Ints
    item: Ints

    @classmethod
    def of(cls, cells: Cells) -> Keyed:
        rest = cells.key >> ITEM_BITS
        number = (rest & (1 << PERIOD_BITS) - 1) - _HALF
        return cls(cells, rest >> PERIOD_BITS, number, cells.key & (1 << ITEM_BITS) - 1)

    def regrouped(self, number: Ints, item: Ints) -> Keyed:
        """Add up by other periods or items."""
        return Keyed.of(self.cells.regrouped(joined_key(self.group, number, item)))


def joined_key(group: Ints, number: Ints, item: Ints) -> Ints:
    """Return the key of cells."""
    key: Ints = (((group << PERIOD_BITS) + number + _HALF) << ITEM_BITS) + item
    return key


@dataclass(frozen=True)
class Plan:
    """The periods that means go through, and the one that readings are first added up in."""

    stages: tuple[Calendar, ...]
    least: Mapping[str, int]  # of numbers that a mean of a stage rests on
    precedence: str
    uses_method: bool = False

    def with_method(self, uses_method: bool) -> Plan:
        return replace(self, uses_method=uses_method)

    @property
    def decided_in(self) -> Calendar:
        """The period in which automatic or manual readings are chosen: a month if it fits."""
        month, first, last = Calendar("month", "M"), self.stages[0], self.stages[-1]
        fits = month.fits(last) and (first.fits(month) or month.fits(first))
        return month if fits else last

    @property
    def base(self) -> Calendar:
        """The period that readings are added up in, before any mean is taken."""
        first = self.stages[0]
        if not self.uses_method or self.precedence == "both" or first.fits(self.decided_in):
            return first
        return self.decided_in

    def check(self) -> None:
        """Raise where a stage does not lie within the next one."""
        for one, larger in zip(self.stages, self.stages[1:], strict=False):
            if not one.fits(larger):
                raise ValueError(
                    f"via={tuple(stage.name for stage in self.stages[:-1])!r}: not every "
                    f"{one.name!r} lies within one {larger.name!r}, so that its mean belongs to "
                    "neither; name periods from small to large, each a part of the next."
                )


def as_methods(column: Coded, *, name: str) -> Coded:
    """Return the words of a column for how a value was measured as keys of METHODS."""
    import numpy as np

    for code, text in enumerate(column.texts):
        rows = np.flatnonzero(column.codes == code)
        if len(rows) and method_key(text) is None:
            raise SchemaError(
                f"readings: row {rows[0] + 1} of {name} holds {text!r}, which is no way of "
                "measuring; use automatic or manual (自动, 手工), or leave it empty."
            )
    texts = [method_key(text) or "" for text in column.texts]
    return distinct_texts(Coded(texts, column.codes))


def method_key(text: str) -> str | None:
    """Return the key of METHODS that a word stands for; ``None`` for an unknown word.

    Examples
    --------
    >>> from chaoyang_geo.periods.stages import method_key
    >>> [method_key(text) for text in ("自动", " Manual", "", "滴定法")]
    ['automatic', 'manual', '', None]
    """
    word = text.strip().casefold()
    return next((key for key, words in METHODS.items() if word in words), None)


def run(plan: Plan, cells: Cells, items: Sequence[tuple[str, ...]]) -> Keyed:
    """Choose between methods, add up to the first stage and take mean of means.

    ``items`` has the key of the item, its unit and its method for each number of an item in
    the keys; in the result the items of one unit share the first of their numbers.
    """
    import numpy as np

    keyed = Keyed.of(cells)
    if plan.uses_method:
        _choose(plan, keyed, items)
        numbers: dict[tuple[str, str], int] = {}
        shared = [numbers.setdefault((one[0], one[1]), k) for k, one in enumerate(items)]
        keyed = keyed.regrouped(keyed.number, np.array(shared, np.int64)[keyed.item])
    before = plan.base
    for place, stage in enumerate(plan.stages):
        if place:
            _average(keyed.cells, plan.least.get(before.name, 0))
        if stage is not before:
            number = stage.number(before.begin(keyed.number))
            keyed = keyed.regrouped(number, keyed.item)
        before = stage
    return keyed


def _choose(plan: Plan, keyed: Keyed, items: Sequence[tuple[str, ...]]) -> None:
    """Leave out the readings of the other method where the one that goes first has values."""
    import numpy as np

    cells = keyed.cells
    for name in ("automatic", "manual"):
        is_method = np.array([one[2] == name for one in items], bool)[keyed.item]
        cells.counts[f"n_{name}"] = np.where(is_method, cells.count("n"), 0)
    if plan.precedence == "both":
        return
    first = [_preferred(plan.precedence, one[0]) for one in items]
    goes_first = np.array([one[2] == f for one, f in zip(items, first, strict=True)], bool)
    has_choice = np.array([bool(f) for f in first], bool)
    substances: dict[str, int] = {}
    substance = np.array([substances.setdefault(one[0], len(substances)) for one in items])
    number = plan.decided_in.number(plan.base.begin(keyed.number))
    key = joined_key(keyed.group, number, substance[keyed.item])
    # above range is no result that a mean could be taken of
    chosen = goes_first[keyed.item] & (cells.bounds > cells.count("n_above"))
    other = has_choice[keyed.item] & ~goes_first[keyed.item]
    out = np.flatnonzero(other)
    out = out[np.isin(key[out], np.unique(key[chosen]))]
    n_other = np.zeros(len(cells.key), np.int64)
    for name in ("n", "n_above", "n_missing", "n_below_out"):
        n_other[out] += cells.count(name)[out]
    clear(cells, out)
    for counts in cells.counts.values():
        counts[out] = 0
    cells.counts["n_other"] = n_other


def _preferred(precedence: str, item: str) -> str:
    if precedence == "rule":
        return "automatic" if item in AUTO_FIRST else ""
    return precedence


def clear(cells: Cells, out: Ints) -> None:
    """Take the sums of some cells away; the counts stay."""
    import numpy as np

    plain = cells.low is cells.total
    cells.total, cells.parts = cells.total.copy(), cells.parts.copy()
    if plain:
        cells.low = cells.high = cells.total
        cells.bounds = cells.parts
    else:
        cells.low, cells.high = cells.low.copy(), cells.high.copy()
        cells.bounds = cells.bounds.copy()
    for sums in (cells.total, cells.low, cells.high, cells.parts, cells.bounds):
        sums[out] = 0
    cells.counts = {name: np.array(counts) for name, counts in cells.counts.items()}


def _average(cells: Cells, least: int) -> None:
    """Make each cell the one mean that it adds to the next stage; too few give none."""
    import numpy as np

    n = cells.parts
    out = np.flatnonzero(n < least)
    if len(out):
        few = n[out]
        clear(cells, out)
        counts = cells.counts
        short = cells.count("n_short")
        short[out] += np.where(few > 0, cells.count("n")[out], 0)
        counts["n_short"] = short
        of_readings = ("n", "n_flagged", "n_automatic", "n_manual")
        for name in counts:
            if name in of_readings or is_layer_count(name):
                counts[name][out] = 0
        if "n_censored" in counts:
            counts["n_censored"][out] = cells.count("n_below_out")[out]
    plain = cells.low is cells.total
    cells.total = _each(cells.total, cells.parts)
    cells.low = cells.total if plain else _each(cells.low, cells.bounds)
    cells.high = cells.total if plain else _each(cells.high, cells.bounds)
    parts = (cells.parts > 0).astype(np.int64)
    cells.bounds = parts if plain else (cells.bounds > 0).astype(np.int64)
    cells.parts = parts


def _each(total: npt.NDArray[np.float64], n: Ints) -> npt.NDArray[np.float64]:
    import numpy as np

    return np.where(n > 0, total / np.maximum(n, 1), 0.0)
