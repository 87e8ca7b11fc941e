"""The table of means: columns from sums, and what each mean has to say of itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.codes import category, code_dtype, combined, each_block
from chaoyang_geo.periods.columns import GAPS
from chaoyang_geo.periods.layers import is_layer_count, layers_of
from chaoyang_geo.periods.stages import AUTO_FIRST, Keyed, Plan
from chaoyang_geo.rounding import round_half_even

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from chaoyang_geo.codes import Codes
    from chaoyang_geo.periods.calendar import Calendar
    from chaoyang_geo.periods.columns import Floats, Ints

COUNTS: tuple[str, ...] = (
    "n", "n_parts", "n_censored", "n_above", "n_missing", "n_dry", "n_ice", "n_not_sampled",
    "n_impossible", "n_other", "n_short", "n_flagged",
)  # fmt: skip
MEAN_COLUMNS: tuple[str, ...] = (
    "period", "period_end", "period_name", "item", "unit", "mean", "mean_rounded", "mean_low",
    "mean_high", *COUNTS, "mean_method", "mean_valid", "mean_rule", "mean_flag",
)  # fmt: skip
_GAP_WORDS: dict[str, str] = dict(
    zip(GAPS, ("断流", "冰封", "未监测", "仪器故障", "质控不合格"), strict=True)
)
#: What is strange in readings, by the name of its count.
_ODD_WORDS: dict[str, str] = {
    "n_impossible": "读数为负值或无穷大，未计入",
    "n_ignored": "带检出限或量程标记的读数值为负或无穷大，未采用该值",
    "n_above_in": "读数高于量程，按所给数值计入",
    "n_over_limit": "读数大于其检出限",
}
_STAGE_WORDS: dict[str, str] = {
    "day": "日", "week": "周", "ten_days": "旬", "dekad": "旬", "month": "月", "quarter": "季",
    "year": "年", "water_period": "水期",
}  # fmt: skip


def mean_table(
    keyed: Keyed,
    plan: Plan,
    by: Sequence[str],
    groups: Sequence[tuple[str, ...]],
    items: Sequence[tuple[str, ...]],
    *,
    drops: bool,
) -> pd.DataFrame:
    """Return the means in order of group, period, item and unit; ``drops`` is for the words."""
    import numpy as np
    import pandas as pd

    last = plan.stages[-1]
    keyed = _in_order(keyed, groups, items)
    groups, items = sorted(groups), sorted(items)
    cells, item, number = keyed.cells, keyed.item, keyed.number
    shift = int(number.min()) if len(number) else 0
    numbers = np.arange(shift, int(number.max()) + 1) if len(number) else np.zeros(0, np.int64)
    which = number - shift
    acid = np.flatnonzero(np.array([one[0] == "ph" for one in items], bool)[item])
    plain = cells.low is cells.total
    mean = _mean(cells.total, cells.parts, acid)
    low = mean.copy() if plain else _mean(cells.low, cells.bounds, acid)
    high = mean.copy() if plain else _mean(cells.high, cells.bounds, acid)
    if not plain:
        _open_upwards(low, high, cells.count("n_above"), acid)
    counts = {name: cells.count(name) for name in COUNTS if name != "n_parts"}
    counts["n_parts"] = cells.parts.copy()
    out: dict[str, Any] = {
        name: category([texts[k] for texts in groups], keyed.group) for k, name in enumerate(by)
    }
    out["period"] = _time(last.begin(numbers))[which]
    out["period_end"] = _time(last.end(numbers))[which]
    out["period_name"] = _period_names(last, numbers, which)
    out["item"] = category([one[0] for one in items], item)
    out["unit"] = category([one[1] for one in items], item)
    out["mean"] = mean
    out["mean_rounded"] = _rounded(mean, _decimals(items), item)
    out["mean_low"], out["mean_high"] = low, high
    out.update({name: counts[name] for name in COUNTS})
    out["mean_method"] = _methods(keyed)
    least = plan.least.get(last.name)
    unknown = np.full(len(mean), least is None)
    out["mean_valid"] = pd.arrays.BooleanArray(cells.parts >= (least or 0), unknown)
    out["mean_rule"] = _rules(keyed, plan, acid)
    out["mean_flag"] = _flags(keyed, plan, items, which, numbers, drops)
    return pd.DataFrame({name: out[name] for name in (*by, *MEAN_COLUMNS)}, copy=False)


def _in_order(
    keyed: Keyed, groups: Sequence[tuple[str, ...]], items: Sequence[tuple[str, ...]]
) -> Keyed:
    """Return the cells in order of group, period and item, with these numbered as if sorted."""
    import numpy as np

    group, number, item = _ranks(groups)[keyed.group], keyed.number, _ranks(items)[keyed.item]
    if not len(group):
        return keyed
    place = group * (int(number.max()) - int(number.min()) + 1) + number - int(number.min())
    place = place * len(items) + item
    if not (place[1:] < place[:-1]).any():
        return Keyed(keyed.cells, group, number, item)
    order = np.argsort(place)
    return Keyed(keyed.cells.taken(order), group[order], number[order], item[order])


def _ranks(keys: Sequence[Any]) -> Ints:
    """Return the place of every key among the sorted keys."""
    import numpy as np

    ranks = np.zeros(len(keys), np.int64)
    ranks[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    return ranks


def _mean(total: Floats, n: Ints, acid: Ints) -> Floats:
    import numpy as np

    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = total / n
        mean[acid] = -np.log10(mean[acid])
    return mean


def _open_upwards(low: Floats, high: Floats, n_above: Ints, acid: Ints) -> None:
    """Leave the upper bound open where a reading is above range, whatever period it is in.

    Not that of pH: what is above range adds no hydrogen ion there, so the others bound the mean.
    """
    import numpy as np

    is_open = n_above > 0
    is_open[acid] = False
    high[is_open] = np.nan
    for bound in (low, high):
        bound[np.isinf(bound)] = np.nan


def _time(days: Ints) -> npt.NDArray[np.datetime64]:
    return days.astype("datetime64[D]").astype("datetime64[s]")


def _period_names(last: Calendar, numbers: Ints, which: Ints) -> pd.Categorical:
    import numpy as np

    used = np.zeros(len(numbers), bool)
    used[which] = True
    code = np.cumsum(used) - 1
    names = [last.words(number) for number in numbers[used].tolist()]
    return category(names, code[which] if len(which) else which)


def _decimals(items: Sequence[tuple[str, ...]]) -> Floats:
    """Return the decimals of each item; NaN where the rule has none, or is of another unit."""
    import numpy as np

    named = standards.decimals()
    return np.array(
        [np.nan if _other_unit(one[0], one[1]) else named.get(one[0], np.nan) for one in items],
        dtype=np.float64,
    )


def _rounded(mean: Floats, decimals: Floats, item: Ints) -> Floats:
    import numpy as np

    out = np.empty(len(mean))

    def work(here: slice) -> None:
        out[here] = round_half_even(mean[here], decimals[item[here]])

    each_block(len(mean), work)
    return out


def _other_unit(item: str, unit: str) -> bool:
    usual = standards.item_units().get(item, unit)
    return bool(unit) and standards.fold_unit(unit) != standards.fold_unit(usual)


def _methods(keyed: Keyed) -> pd.Categorical:
    import numpy as np

    names = ["", "automatic", "manual", "automatic;manual"]
    counts = keyed.cells.counts
    if "n_automatic" not in counts:
        return category(names[:1], np.zeros(len(keyed.item), np.int8))
    return category(names, (counts["n_automatic"] > 0) + 2 * (counts["n_manual"] > 0))


@cache
def _cited(rule: str) -> str:
    table = standards.rules().set_index("rule")
    return f"{table['source'][rule]}，{standards.rule_status(rule, lang='zh')}"


def _rules(keyed: Keyed, plan: Plan, acid: Ints) -> pd.Categorical:
    """Say how each mean was taken, by which rule, and how far that rule is checked."""
    import numpy as np

    last = plan.stages[-1]
    whole_months = last.unit == "P" or (last.unit == "M" and last.length > 1)
    if len(plan.stages) > 1:
        words = [_STAGE_WORDS.get(stage.name, stage.name) for stage in plan.stages]
        text = f"逐级平均：读数→{'→'.join(words)}（"
        if whole_months and plan.stages[-2].is_month:
            text += f"由月均值平均：{_cited('quarter_year')}"
            text += "；其余各级未见条文）" if len(plan.stages) > 2 else "）"
        else:
            text += "未见条文）"
    elif whole_months:
        text = f"各次读数的算术平均，未按月均值逐级平均（后者：{_cited('quarter_year')}）"
    elif last.is_month or (last.unit == "D" and last.length == 7):
        text = f"各次读数的算术平均（{_cited('period_week_month')}）"
    else:
        text = "各次读数的算术平均（未见条文）"
    of_ph = f"；pH由氢离子浓度的平均换算（{_cited('ph_mean')}）"
    only = f"当月仅1次手工监测，以其为月均值（{_cited('manual_month')}）"
    code = np.zeros(len(keyed.item), np.int8)
    code[acid] = 1
    counts = keyed.cells.counts
    if "n_manual" in counts and last.is_month and len(plan.stages) == 1:
        code[(counts["n_manual"] == 1) & (counts["n"] == 1)] = 2
    return category([text, text + of_ph, only], code)


def _flags(
    keyed: Keyed,
    plan: Plan,
    items: Sequence[tuple[str, ...]],
    which: Ints,
    numbers: Ints,
    drops: bool,
) -> pd.Categorical:
    """Say what is missing or doubtful; only what occurs is worded."""
    import numpy as np

    cells, item, last = keyed.cells, keyed.item, plan.stages[-1]
    said: list[tuple[Ints, Callable[[int], str]]] = []
    none = cells.parts == 0
    said.append((none.astype(np.int64), lambda _: "没有可平均的数值"))
    for gap, words in _GAP_WORDS.items():
        if f"n_{gap}" in cells.counts:
            times = np.where(none, cells.count(f"n_{gap}"), 0)
            said.append((times, lambda n, words=words: f"{words}{n}次"))  # type: ignore[misc]
    why = "，按 drop" if drops else "而无检出限"
    if "n_below_out" in cells.counts:
        out = cells.count("n_below_out")
        said.append((out, lambda n: f"{n}个读数低于检出限{why}，未计入"))
    if "n_above" in cells.counts:
        said.append((cells.count("n_above"), lambda n: f"{n}个读数高于量程，未计入"))
    for name, tail in _ODD_WORDS.items():
        if name in cells.counts:
            said.append((cells.count(name), lambda n, tail=tail: f"{n}个{tail}"))  # type: ignore[misc]
    said += _of_methods(keyed, plan, items)
    if any(map(is_layer_count, cells.counts)):
        layers = layers_of(cells)
        said.append((layers.codes, lambda k: f"含{layers.texts[k]}样品，逐个平均"))
    if "n_short" in cells.counts:
        said.append(
            (cells.count("n_short"), lambda n: f"{n}个读数所在时段有效个数不足，未计入上一级平均")
        )
    least = plan.least.get(last.name)
    if least is not None:
        few = np.where(~none & (cells.parts < least), cells.parts, 0)
        said.append((few, lambda n: f"仅由{n}个数值平均，少于要求的{least}个"))
    strange = [int(_other_unit(one[0], one[1])) for one in items]
    if any(strange):
        said.append((np.array(strange)[item], lambda _: "单位不是该项目的常用单位，未修约"))
    said += _of_units(keyed, items)
    if "n_flagged" in cells.counts:
        said.append((cells.count("n_flagged"), lambda n: f"其中{n}个读数有存疑说明"))
    gaps = [last.gap(number) for number in range(len(last.water))]
    if any(gaps):
        named = np.array([bool(text) for text in gaps])
        k = numbers[which] % len(gaps)
        said.append((np.where(named[k], k + 1, 0), lambda k: gaps[k - 1]))
    return _worded(said, len(item))


def _of_methods(
    keyed: Keyed, plan: Plan, items: Sequence[tuple[str, ...]]
) -> list[tuple[Ints, Callable[[int], str]]]:
    import numpy as np

    counts = keyed.cells.counts
    if "n_automatic" not in counts:
        return []
    both = (counts["n_automatic"] > 0) & (counts["n_manual"] > 0)
    said: list[tuple[Ints, Callable[[int], str]]] = [
        (both.astype(np.int64), lambda _: "自动与手工读数一并平均")
    ]
    if "n_other" not in counts:
        return said
    if plan.precedence != "rule":
        said.append(
            (
                counts["n_other"],
                lambda n: f"另一监测方式的{n}个读数未计入（按 precedence={plan.precedence}）",
            )
        )
        return said
    for rule in dict.fromkeys(AUTO_FIRST.values()):
        mine = np.array([AUTO_FIRST.get(one[0]) == rule for one in items], bool)[keyed.item]
        tail = f"自动监测数据优先：{_cited(rule)}"
        said.append(
            (
                np.where(mine, counts["n_other"], 0),
                lambda n, tail=tail: f"非自动监测的{n}个读数未计入（{tail}）",  # type: ignore[misc]
            )
        )
    return said


def _of_units(
    keyed: Keyed, items: Sequence[tuple[str, ...]]
) -> list[tuple[Ints, Callable[[int], str]]]:
    """Say where an item of one group and period has values in several units."""
    import numpy as np

    names = [one[0] for one in items]
    if len({(one[0], one[1]) for one in items}) == len(set(names)):
        return []
    substances: dict[str, int] = {}
    substance = np.array([substances.setdefault(name, len(substances)) for name in names])
    mine = substance[keyed.item]
    new = np.ones(len(mine), bool)
    new[1:] = (
        (mine[1:] != mine[:-1])
        | (keyed.group[1:] != keyed.group[:-1])
        | (keyed.number[1:] != keyed.number[:-1])
    )
    run = np.cumsum(new) - 1
    has = (keyed.cells.parts > 0).astype(np.int64)
    others = np.bincount(run, has).astype(np.int64)[run] - has
    mixed = np.minimum(others, 1)
    return [
        (mixed, lambda _: "同一时段本项目另有其他单位的读数，未合并平均，换算成一种单位后再平均")
    ]


def _worded(said: Sequence[tuple[Ints, Callable[[int], str]]], n: int) -> pd.Categorical:
    """Join what each row has to say; ``said`` has a number for each row, 0 for nothing."""
    import numpy as np
    import pandas as pd

    some = np.zeros(n, bool)
    for numbers, _ in said:
        some |= numbers > 0
    rows = np.flatnonzero(some)
    texts: list[list[str]] = [[]]
    codes: Codes = np.zeros(len(rows), np.int8)
    for numbers, word in said:
        mine, distinct = pd.factorize(numbers[rows])
        if not len(distinct) or (len(distinct) == 1 and distinct[0] == 0):
            continue
        words = [[word(int(number))] if number > 0 else [] for number in distinct]
        codes, left, right = combined(
            codes, len(texts), mine.astype(code_dtype(len(distinct))), len(distinct)
        )
        texts = [texts[a] + words[b] for a, b in zip(left, right, strict=True)]
    place = np.zeros(n, np.int64)
    place[rows] = codes + 1
    return category(["", *("；".join(parts) for parts in texts)], place)
