"""The verdict on a group of judged values: the worst item decides (环办〔2011〕22号).

A group is a section at a sampling time or in a period. Everything here is arrays over the values
and over the groups; texts are made once for each distinct one and taken by code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.assess.judges import (
    CLASS_3,
    NO_NUMBER,
    OUTCOMES,
    WITHOUT_MULTIPLE,
    WORST,
    Judged,
)
from chaoyang_geo.codes import Coded, distinct_texts, in_order, pairs, spread
from chaoyang_geo.periods.layers import several_layers
from chaoyang_geo.reasons import times_text
from chaoyang_geo.schema import class_dtype

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Texts = npt.NDArray[np.object_]

#: Columns that a verdict adds to the keys of its group.
VERDICT_COLUMNS: tuple[str, ...] = (
    "class", "class_best", "class_worst", "deciding_items", "deciding_values", "deciding_limits",
    "distance_to_next", "times_over", "times_over_item", "items_over_target", "times_over_3", "times_over_3_item",
    "items_over_3", "items_over_3_times", "main_pollutants", "n_readings", "items_missing",
    "items_undecided",
)  # fmt: skip

_MOST_POLLUTANTS = 3


@dataclass
class Values:
    """The judged values of a table, the group of each, and what they were."""

    judged: Judged
    group: Ints
    n_groups: int
    value: Floats  # what is compared with a limit; the bound of a value above range
    sign: Coded  # "<", ">" or empty
    bound: Floats  # the detection limit, or the end of the range
    target: npt.NDArray[np.int8]  # rank of the target class of each value; -1: none
    twice: str = "同一时间有多个读数，取最差"  # what a flag says of an item that is there twice
    layer: Coded | None = None  # where in the water each value is from, if the table states it
    items: Sequence[str] | None = None  # the items that enter the class; all of the standard
    sets: Coded | None = None  # the same value by value, keys joined by ";"
    item: npt.NDArray[Any] = field(init=False)  # code of the item of each value
    names: list[str] = field(init=False)  # key of each item code
    enters: Bools = field(init=False)
    rank: npt.NDArray[np.int8] = field(init=False)  # of each value; at least that, where it is open
    counts: Bools = field(init=False)  # enters, and has a class

    def __post_init__(self) -> None:
        import numpy as np

        judged = self.judged
        of_item = np.array([found[0] for found in judged.found] or [0], dtype=np.int32)
        self.names = judged.columns[0].texts
        self.item = spread(of_item, judged.codes)
        enters = judged.bench.in_class
        self.enters = spread(enters, judged.codes)
        if self.sets is None and self.items is not None:
            self.sets = Coded([";".join(self.items)], np.zeros(len(self.item), np.int8))
        if self.sets is not None:
            chosen = [[name in text.split(";") for name in self.names] for text in self.sets.texts]
            width = max(len(self.names), 1)
            allowed = np.array(chosen, dtype=bool).reshape(-1)
            self.enters &= spread(allowed, self.sets.codes.astype(np.int64) * width + self.item)
        # what is open still counts with the best class it allows: ">0.3" of TP is Ⅴ or worse;
        # on its own only where that is beyond Ⅲ, for a good class wants a number
        has_number = np.zeros(self.n_groups, dtype=bool)
        has_number[self.group[self.enters & (judged.rank >= 0)]] = True
        is_open = (judged.rank < 0) & (judged.best > 0)
        is_open &= has_number[self.group] | (judged.best > CLASS_3)
        self.rank = np.where(is_open, judged.best, judged.rank)
        self.counts = self.enters & (self.rank >= 0)

    @property
    def measured(self) -> Bools:
        """Tell which values say anything at all of an item that enters the class."""
        import numpy as np

        signed = np.array([bool(text) for text in self.sign.texts] or [False])
        known: Bools = ~np.isnan(self.value) | spread(signed, self.sign.codes)
        return self.enters & known


def verdicts(values: Values) -> pd.DataFrame:
    """Return the verdict of every group, one row each, with :data:`VERDICT_COLUMNS`."""
    import numpy as np
    import pandas as pd

    n, judged, group = values.n_groups, values.judged, values.group
    rank = _worst(group[values.counts], values.rank[values.counts], n)
    out: dict[str, Any] = {"class": _classes(rank)}
    some = values.enters & (judged.best >= 0)
    for name, ranks in (("class_best", judged.best), ("class_worst", judged.worst)):
        out[name] = _classes(_worst(group[some], ranks[some], n))
    parts: tuple[Callable[[], dict[str, Any]], ...] = (
        lambda: _deciding(values, rank),
        lambda: _over_class_3(values, rank),
        lambda: _over_target(values),
        lambda: {"items_missing": _missing(values)},
    )
    for part in in_order(lambda found: found(), parts):
        out.update(part)
    out["n_readings"] = np.bincount(group[values.counts], minlength=n)
    unsure = np.flatnonzero(values.measured & (judged.rank < 0))
    out["items_undecided"] = strings(joined(group[unsure], _keys(values, unsure), n, once=True))
    return pd.DataFrame({name: out[name] for name in VERDICT_COLUMNS})


def worst_open(values: Values) -> npt.NDArray[np.int8]:
    """Return the worst class that the undecided values of each group allow; -1 without any."""
    import numpy as np

    judged = values.judged
    rows = np.flatnonzero(values.enters & (judged.rank < 0) & (judged.worst >= 0))
    return _worst(values.group[rows], judged.worst[rows], values.n_groups)


def _classes(rank: npt.NDArray[np.int8]) -> pd.Categorical:
    import pandas as pd

    return pd.Categorical.from_codes(rank, dtype=class_dtype(), validate=False)


def _worst(group: Ints, rank: npt.NDArray[np.int8], n: int) -> npt.NDArray[np.int8]:
    import numpy as np

    worst = np.full(n, -1, np.int8)
    np.maximum.at(worst, group, rank)
    return worst


def _keys(values: Values, rows: Ints) -> Coded:
    return Coded(values.names or [""], values.item[rows])


def _deciding(values: Values, rank: npt.NDArray[np.int8]) -> dict[str, Any]:
    """Name the items of the worst class; the farther from the next better limit comes first."""
    import numpy as np

    judged, n = values.judged, values.n_groups
    rows = np.flatnonzero(values.counts & (values.rank > 0))
    rows = rows[values.rank[rows] == rank[values.group[rows]]]
    next_limit, away = judged.to_next(rows)
    share = np.nan_to_num(away / np.abs(next_limit))
    order = np.lexsort((rows, -share, values.group[rows]))
    order = order[_first_of_item(values, rows[order])]
    rows = rows[order]
    of = values.group[rows]
    distance = np.full(n, np.nan)
    leads = _leads(of)
    distance[of[leads]] = away[order[leads]]
    limits = _numbers(next_limit[order], "{:g}".format)
    return {
        "deciding_items": strings(joined(of, _keys(values, rows), n)),
        "deciding_values": strings(joined(of, _written(values, rows), n)),
        "deciding_limits": strings(joined(of, limits, n)),
        "distance_to_next": distance,
    }


def _numbers(numbers: Floats, form: Callable[[float], str]) -> Coded:
    """Write numbers, each distinct one once; a missing one is empty."""
    import pandas as pd

    codes, distinct = pd.factorize(numbers, use_na_sentinel=False)
    texts = [form(x) if x == x else "" for x in distinct.tolist()]
    return distinct_texts(Coded(texts, codes))


def _written(values: Values, rows: Ints) -> Coded:
    """Write values with sign and unit, as a reason quotes them."""
    import numpy as np

    judged = values.judged
    signs = Coded(values.sign.texts or [""], values.sign.codes[rows])
    units = Coded(judged.per_combination(1) or [""], judged.codes[rows])
    is_signed = np.array([bool(text) for text in signs.texts])[signs.codes]
    numbers = _numbers(
        np.where(is_signed, values.bound[rows], values.value[rows]), "{:.12g}".format
    )
    return pairs(
        [distinct_texts(signs), numbers, distinct_texts(units)],
        lambda parts: f"{parts[0]}{parts[1] or 'nan'} {parts[2]}".strip(),
    )


def _multiples(values: Values, rows: Ints, classes: Any) -> Floats:
    """Return (C - S) / S of values over the limit S of a class; missing where there is none."""
    import numpy as np

    judged = values.judged
    limits = np.full((len(judged.found) + 1, WORST + 1), np.nan)
    for number, (which, found) in enumerate(
        zip(judged.bench.of_combination, judged.found, strict=True)
    ):
        if which >= 0 and values.names[found[0]] not in WITHOUT_MULTIPLE:
            limits[number, :WORST] = judged.bench.judges[which].limits
    limit = limits[judged.codes[rows], classes]
    over: Floats = np.round((values.value[rows] - limit) / limit, 9)
    return over


def _over_target(values: Values) -> dict[str, Any]:
    """Find the item that exceeds the limit of the target class by the largest multiple."""
    import numpy as np

    n, target = values.n_groups, values.target
    rows = np.flatnonzero(values.counts & (target >= 0) & (values.rank > target))
    over = _multiples(values, rows, target[rows])
    order = np.lexsort((rows, -np.nan_to_num(over), -values.rank[rows], values.group[rows]))
    beyond = rows[order][_first_of_item(values, rows[order])]
    found = joined(values.group[beyond], _keys(values, beyond), n)
    rows, over = rows[over > 0], over[over > 0]
    order = np.lexsort((rows, -over, values.group[rows]))
    rows, over = rows[order], over[order]
    return {"items_over_target": strings(found)} | _largest(values, rows, over, n, "times_over")


def _largest(values: Values, rows: Ints, over: Floats, n: int, name: str) -> dict[str, Any]:
    """Return the first of each group: its multiple and its item."""
    import numpy as np

    leads = _leads(values.group[rows])
    of = values.group[rows[leads]]
    largest, item = np.full(n, np.nan), np.zeros(n, np.int64)
    largest[of], item[of] = over[leads], values.item[rows[leads]] + 1
    return {name: largest, f"{name}_item": strings(Coded(["", *values.names], item))}


def _over_class_3(values: Values, rank: npt.NDArray[np.int8]) -> dict[str, Any]:
    """List what is worse than Ⅲ: cyanide and heavy metals first, then by class and by multiple."""
    import numpy as np

    n = values.n_groups
    rows = np.flatnonzero(values.counts & (values.rank > CLASS_3))
    over = _multiples(values, rows, np.full(len(rows), CLASS_3))
    order = np.lexsort((rows, -np.nan_to_num(over), values.group[rows]))
    largest = _largest(values, rows[order][over[order] > 0], over[order][over[order] > 0], n,
                       "times_over_3")  # fmt: skip
    later = np.array([key not in standards.PRIORITY_ITEMS for key in values.names] or [True])
    order = np.lexsort(
        (rows, -np.nan_to_num(over), -values.rank[rows], later[values.item[rows]],
         values.group[rows])
    )  # fmt: skip
    order = order[_first_of_item(values, rows[order])]
    ordered = rows[order]
    times = _numbers(over[order], times_text)
    of, keys = values.group[ordered], _keys(values, ordered)
    main = _position(of) < _MOST_POLLUTANTS
    return {
        **largest,
        "items_over_3": strings(joined(of, keys, n)),
        "items_over_3_times": strings(joined(of, times, n)),
        "main_pollutants": strings(joined(of[main], Coded(keys.texts, keys.codes[main]), n)),
    }


def _missing(values: Values) -> Any:
    """Name the items without any measurement: of the set asked for, else of the core items."""
    import numpy as np

    if values.sets is None:
        return strings(_lacking(values, standards.CORE_ITEMS))
    set_of = np.zeros(values.n_groups, np.int64)
    set_of[values.group] = values.sets.codes
    texts: list[str] = [""]
    codes = np.zeros(values.n_groups, np.int64)
    for number, text in enumerate(values.sets.texts):
        here = set_of == number
        if here.any():
            found = _lacking(values, text.split(";"))
            codes[here] = found.codes[here] + len(texts)
            texts += found.texts
    return strings(Coded(texts, codes))


def _lacking(values: Values, wanted: Sequence[str]) -> Coded:
    """Join the items of a set that a group has no measurement of, for every group."""
    import numpy as np
    import pandas as pd

    place = {item: number for number, item in enumerate(wanted)}
    column = np.array([place.get(name, -1) for name in values.names] or [-1])
    rows = np.flatnonzero(values.measured)
    columns = column[values.item[rows]]
    present = np.zeros((values.n_groups, len(wanted)), dtype=bool)
    present[values.group[rows[columns >= 0]], columns[columns >= 0]] = True
    which = np.zeros(values.n_groups, np.int64)
    texts = [""]
    for item, there in zip(wanted, present.T, strict=True):
        # the items named so far, with this one or without
        which, found = pd.factorize(2 * which + ~there)
        texts = [
            f"{texts[k // 2]};{item}".lstrip(";") if k % 2 else texts[k // 2]
            for k in found.tolist()
        ]
    return Coded(texts, which)


# --- groups of rows -----------------------------------------------------------------------------


def _position(of: Ints) -> Ints:
    """Return the place of each row within its group; rows of a group stand together."""
    import numpy as np

    begins = np.flatnonzero(_leads(of))
    return np.arange(len(of)) - np.repeat(begins, np.diff(np.append(begins, len(of))))


def _leads(of: Ints) -> Bools:
    import numpy as np

    leads = np.ones(len(of), dtype=bool)
    leads[1:] = of[1:] != of[:-1]
    return leads


def _first_of_item(values: Values, rows: Ints) -> Bools:
    """Tell which rows are the first of their item and group, in the order given."""
    return ~_repeated(values.group[rows] * max(len(values.names), 1) + values.item[rows])


def _repeated(key: Ints) -> Bools:
    """Tell which numbers have come before."""
    import numpy as np
    import pandas as pd

    if (key[1:] > key[:-1]).all():
        return np.zeros(len(key), dtype=bool)
    return pd.Index(key).duplicated()


def joined(of: Ints, texts: Coded, n: int, *, by: str = ";", once: bool = False) -> Coded:
    """Join the texts of each group in order; with ``once`` an equal or empty text is left out."""
    import numpy as np
    import pandas as pd

    texts = distinct_texts(texts)
    codes, width = texts.codes.astype(np.int64), max(len(texts.texts), 1)
    if once:
        kept = np.flatnonzero(np.array([text != "" for text in texts.texts] or [False])[codes])
        of, codes = of[kept], codes[kept]
        new = ~_repeated(of * width + codes)
        of, codes = of[new], codes[new]
    if (of[1:] < of[:-1]).any():
        order = np.argsort(of, kind="stable")
        of, codes = of[order], codes[order]
    position = _position(of)
    found = [""]
    so_far = np.zeros(n, np.int64)
    for number in range(int(position.max(initial=-1)) + 1):
        here = np.flatnonzero(position == number)
        place, both = pd.factorize(so_far[of[here]] * width + codes[here])
        so_far[of[here]] = place + len(found)
        found += [
            f"{found[before]}{by if number else ''}{texts.texts[code]}"
            for before, code in zip(
                *(part.tolist() for part in np.divmod(both, width)), strict=True
            )
        ]
    return Coded(found, so_far)


def strings(texts: Coded | Texts | list[str]) -> Any:
    """Return texts as a column of strings."""
    import pandas as pd

    if isinstance(texts, Coded):
        return pd.array(texts.texts or [""], dtype="str").take(texts.codes)
    return pd.array(texts, dtype="str")


# --- doubts -------------------------------------------------------------------------------------


def assess_flags(values: Values, verdict: pd.DataFrame, doubts: Sequence[Coded]) -> Any:
    """Word what makes a verdict doubtful: gaps, several readings, what readings' own flags say."""
    import numpy as np

    judged, n = values.judged, values.n_groups
    zh = standards.item_names()
    missing = Coded(*_factorized(verdict["items_missing"]))
    words = [
        f"缺测{'、'.join(zh[item] for item in text.split(';'))}，类别可能更差" if text else ""
        for text in missing.texts
    ]
    base = missing.codes.astype(np.int64)
    base[verdict["class"].isna().to_numpy()] = len(words)
    said = Coded([*words, "没有可评价的读数，不定类"], base)
    parts: list[tuple[Ints, Coded]] = [(np.arange(n), said)]

    parts.append(_repeats(values, zh))

    noted = [
        ["" if not text or text == NO_NUMBER else f"{zh.get(name, name)}{text}" for text in flags]
        for name, flags in zip(judged.per_combination(0), judged.bench.flags, strict=True)
    ]
    table = [text for flags in noted for text in flags]
    is_noted = np.array([text != "" for text in table] or [False])
    if is_noted.any():
        cell = judged.codes.astype(np.int64) * OUTCOMES + judged.outcome
        rows = np.flatnonzero(values.enters & is_noted[cell])
        parts.append((values.group[rows], Coded(table, cell[rows])))
    for column in doubts:
        # a doubt about a reading that was judged is a doubt about the verdict
        says_something = np.array([text != "" for text in column.texts] or [False])
        rows = np.flatnonzero(values.counts & spread(says_something, column.codes))
        parts.append((values.group[rows], Coded(column.texts, column.codes[rows])))
    above = np.array([text == ">" for text in values.sign.texts] or [False])
    rows = np.flatnonzero(values.counts & spread(above, values.sign.codes))
    parts.append(
        (
            values.group[rows],
            Coded(["有读数高于量程，超标倍数为下限"], np.zeros(len(rows), np.int8)),
        )
    )
    all_texts: list[str] = []
    codes = []
    for _, texts in parts:
        codes.append(texts.codes.astype(np.int64) + len(all_texts))
        all_texts += texts.texts
    groups = np.concatenate([of for of, _ in parts])
    return strings(joined(groups, Coded(all_texts, np.concatenate(codes)), n, by="；", once=True))


def _repeats(values: Values, zh: Mapping[str, str]) -> tuple[Ints, Coded]:
    """Word of which items each group has several values, and from which layers these are."""
    import numpy as np
    import pandas as pd

    rows = np.flatnonzero(values.counts)
    key = values.group[rows] * max(len(values.names), 1) + values.item[rows]
    again = _repeated(key)
    first = ~_repeated(key[again])
    twice, keys = rows[again][first], key[again][first]
    words = Coded([values.twice], np.zeros(len(twice), np.int8))
    if values.layer is not None and len(twice):
        order = np.argsort(keys)
        place = np.minimum(np.searchsorted(keys[order], key), len(keys) - 1)
        here = keys[order][place] == key
        layer = Coded(values.layer.texts, values.layer.codes[rows[here]])
        found = several_layers(order[place[here]], layer, len(twice))
        texts = [values.twice.replace("多个", text or "多个") for text in found.texts]
        words = Coded(texts, found.codes)
    # the items of which a group has the same to say share one sentence
    width = len(words.texts)
    run, both = pd.factorize(values.group[twice] * width + words.codes)
    names = Coded([zh.get(name, name) for name in values.names] or [""], values.item[twice])
    items = joined(run, names, len(both), by="、")
    return both // width, pairs([items, Coded(words.texts, both % width)], "".join)


def _factorized(column: pd.Series) -> tuple[list[str], Any]:
    import pandas as pd

    codes, texts = pd.factorize(column)
    return [str(text) for text in texts], codes
