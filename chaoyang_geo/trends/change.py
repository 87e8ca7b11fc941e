"""What changed against an earlier period: of a section, of an item, of a group's shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.bounds import item_senses, number_column
from chaoyang_geo.reasons import STATES, class_en
from chaoyang_geo.schema import CLASSES, as_classes, class_dtype, one_of, require
from chaoyang_geo.trends.base import base_rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

#: How a change is put into words: plainly, or by the unverified rule of 环办〔2011〕22号.
WORDINGS: tuple[str, ...] = ("neutral", "22")

#: A ratio of these says nothing: a logarithm, and a scale with an arbitrary zero.
_NO_PERCENT: frozenset[str] = frozenset({"ph", "water_temp", "orp", "water_level"})
#: Indices that are better the smaller they are.
_INDICES: dict[str, str] = {
    "cwqi": "cwqi_change", "tli": "", "pollution_index": "", "pollution_mean": "",
}  # fmt: skip


def compare_periods(
    table: pd.DataFrame,
    *,
    with_: Any = "previous",
    by: Sequence[str] = ("section_code",),
    value: str = "mean",
    words: str = "neutral",
    standard: Any = "gb3838",
) -> pd.DataFrame:
    """Compare every period of every section with an earlier one.

    A table with the column ``class`` (:func:`assess_sections`) is compared by class, any other by
    the numbers in ``value``: the means of :func:`mean_readings` item by item, or an index.

    Required columns: those of ``by``, ``period``, and ``class``, or ``value`` (and ``item`` where
    the table has items), ``period_end`` for ``with_="previous"``; used where present: ``unit``,
    ``n_censored``, ``mean_low``, ``mean_high``, ``class_best``, ``class_worst``.

    Parameters
    ----------
    table : DataFrame, n rows
        One row per ``by`` and period (for means also item and unit), of one kind of period.
    with_ : {"previous", "last_year"}, year, or date
        The period right before (环比); the same period a year earlier (同比); the same period of a
        base year, as ``2020``; or one fixed period by its begin, as ``"2020-01-01"``. A
        period that is not in the table is not replaced by a near one.
    by : sequence of str
        Columns that name a section or group.
    value : str
        Column of numbers, for a table without ``class``.
    words : {"neutral", "22"}
        ``neutral`` counts classes. ``22`` uses the words of 环办〔2011〕22号 for the state of the
        water (Ⅰ and Ⅱ are one state), known from memory alone: ``change_rule`` says so.
        For classes only.
    standard
        Says whether a rising item is worse.

    Returns
    -------
    DataFrame, n rows, same order and index: the input with

        ``base_period``; for classes ``base_class``, ``class_change`` (classes better, negative:
        worse); for numbers ``base_value``, ``difference``, ``percent`` (missing for pH and
        temperatures, whose ratios say nothing, and for a base of zero); ``change_zh``,
        ``change_en`` (in words; empty without a base), ``change_rule`` (the rule of the words
        with its status; empty where none is used), ``change_flag`` (why there is nothing to
        compare, or what makes it doubtful).

    Raises
    ------
    SchemaError
        A column is missing, a section stands twice in a period, or a class is none.
    ValueError
        Unknown ``with_`` or ``words``.

    Notes
    -----
    Differences are of unrounded numbers. Where values below detection could turn a difference
    round, it is given, and the words say that it cannot be decided. The change of CWQI in percent is
    (now - base) / base (环办监测〔2017〕51号, unverified).

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.trends import compare_periods
    >>> assessments = pd.DataFrame({
    ...     "section_code": "S1", "class": ["Ⅴ", "Ⅱ", "Ⅲ"],
    ...     "period": pd.to_datetime(["2024-10-01", "2025-09-01", "2025-10-01"]),
    ...     "period_end": pd.to_datetime(["2024-11-01", "2025-10-01", "2025-11-01"])})
    >>> compare_periods(assessments).loc[2, ["base_class", "change_zh"]].tolist()
    ['Ⅱ', '由Ⅱ类变为Ⅲ类，变差1个类别']
    >>> compare_periods(assessments, with_="last_year").loc[2, "change_zh"]
    '由Ⅴ类变为Ⅲ类，好转2个类别'
    >>> row = compare_periods(assessments, with_="last_year", words="22").loc[2]
    >>> row["change_zh"], row["change_rule"]
    ('明显好转', '环办〔2011〕22号水质状况变化（未核实）')
    """
    one_of("words", words, WORDINGS)
    by = [by] if isinstance(by, str) else list(by)
    if "class" in table:
        return _compare_classes(table, with_, by, words)
    if words != "neutral":
        raise ValueError(
            f"words={words!r} is for classes; this table has no column class, so only "
            "words='neutral' can be used."
        )
    return _compare_numbers(table, with_, by, value, standard)


def compare_shares(
    ratings: pd.DataFrame,
    *,
    by: Sequence[str],
    with_: Any = "previous",
    words: str = "neutral",
) -> pd.DataFrame:
    """Compare the shares of classes of a river, basin, county or city with an earlier period.

    Required columns: those of ``by``, ``period``, ``n_class_1`` to ``n_class_6`` (sections in Ⅰ to
    劣Ⅴ); ``water_type`` is part of the group where present.

    Parameters
    ----------
    ratings : DataFrame, n rows
        One row per group and period, as of :func:`rate_basin`.
    by : sequence of str
        Columns that name a group; none for a whole.
    with_
        As for :func:`compare_periods`.
    words : {"neutral", "22"}
        ``neutral`` says the two differences. ``22``: with dG and dD the changes of the shares of
        Ⅰ-Ⅲ and of 劣Ⅴ in percentage points, dG - dD above 0 is better; its size up to 10 no
        marked change, up to 20 some, above 20 marked. Known from memory alone: ``change_rule`` says so.

    Returns
    -------
    DataFrame, n rows, same order and index: the input with

        ``base_period``, ``change_1_3``, ``change_worse_5`` (percentage points), ``change_zh``,
        ``change_en``, ``change_rule``, ``change_flag`` (no base; no section judged; the number of
        judged sections differs, so that shares may change by that alone).

    Raises
    ------
    SchemaError, ValueError
        As :func:`compare_periods`.

    Notes
    -----
    Source of ``words="22"``: 环办〔2011〕22号 (rule ``change_shares``, unverified); the neutral words
    follow no rule. Shares are of the sections judged.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.trends import compare_shares
    >>> ratings = pd.DataFrame({
    ...     "basin": "大凌河", "period": pd.to_datetime(["2024-01-01", "2025-01-01"]),
    ...     "n_class_1": 0, "n_class_2": [2, 4], "n_class_3": [4, 4], "n_class_4": [2, 2],
    ...     "n_class_5": 0, "n_class_6": [2, 0]})
    >>> row = compare_shares(ratings, by=["basin"], with_="last_year", words="22").iloc[1]
    >>> row["change_1_3"].item(), row["change_worse_5"].item(), row["change_zh"]
    (20.0, -20.0, '明显好转')
    """
    import numpy as np

    one_of("words", words, WORDINGS)
    by = [by] if isinstance(by, str) else list(by)
    counts = [f"n_class_{rank}" for rank in range(1, len(CLASSES) + 1)]
    require(ratings, [*by, "period", *counts], table="ratings")
    keys = [*by, *(["water_type"] if "water_type" in ratings and "water_type" not in by else [])]
    base = base_rows(ratings, keys, with_, name="ratings")
    n = np.array([number_column(ratings, name, table="ratings") for name in counts])
    judged = n.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        good, bad = 100 * n[:3].sum(axis=0) / judged, 100 * n[5] / judged
    found = base.row >= 0
    known = found & (judged > 0)
    known[found] &= judged[base.row[found]] > 0
    gain, loss = np.full(len(ratings), np.nan), np.full(len(ratings), np.nan)
    for of_share, change in ((good, gain), (bad, loss)):
        # 60 % - 50 % is 10 points to the digits that anyone reads
        change[known] = np.round(of_share[known] - of_share[base.row[known]], 9)
    result = ratings.copy()
    result["base_period"] = base.period
    result["change_1_3"], result["change_worse_5"] = gain, loss
    net = np.round(gain - loss, 9)
    size = np.abs(net)
    step = np.where(~known, -1, np.where(size <= 10, 0, np.where(size <= 20, 1, 2)))
    if words == "22":
        texts = [("", ""), *(_words_22(k, way) for k in range(3) for way in (False, True))]
        chosen = np.where(known, 1 + 2 * step + (net > 0), 0)
    else:
        distinct, chosen = _distinct_rows(known, gain, loss)
        texts = [("", ""), *(_share_words(up, down) for up, down in distinct)]
    result["change_zh"] = _taken([text[0] for text in texts], chosen)
    result["change_en"] = _taken([text[1] for text in texts], chosen)
    rule = _rule_text("change_shares", "环办〔2011〕22号组合类别比例变化") if words == "22" else ""
    result["change_rule"] = _taken(["", rule], known.astype(np.int64))
    before = np.where(found, judged[base.row], np.nan) if len(ratings) else judged
    distinct, number = _distinct_rows(known & (before != judged), before, judged)
    moved = [f"参评断面数由{b:g}个变为{now:g}个" for b, now in distinct]
    flags = [*base.reasons, "本期或基期没有可评价的断面，未比较", *moved]
    place = np.where(found & ~known, 3, np.where(number > 0, 3 + number, base.reason))
    result["change_flag"] = _taken(flags, place)
    return result


def _compare_classes(table: pd.DataFrame, with_: Any, by: list[str], words: str) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    require(table, [*by, "period", "class"], table="assessments")
    base = base_rows(table, by, with_, name="assessments")
    ranks = as_classes(table["class"], table="assessments", column="class").codes.astype(np.int64)
    base_rank = np.where(base.row >= 0, ranks[base.row], -1) if len(table) else ranks.copy()
    known = (ranks >= 0) & (base_rank >= 0)
    change = np.where(known, base_rank - ranks, 0)
    result = table.copy()
    result["base_period"] = base.period
    result["base_class"] = pd.Categorical.from_codes(base_rank, dtype=class_dtype())
    result["class_change"] = pd.array(np.where(known, change, 0), dtype="Int64")
    result.loc[~known, "class_change"] = pd.NA
    pairs = [(a, b) for a in range(len(CLASSES)) for b in range(len(CLASSES))]
    texts = [_state_words(a, b) if words == "22" else _class_words(a, b) for a, b in pairs]
    chosen = np.where(known, 1 + base_rank * len(CLASSES) + ranks, 0)
    result["change_zh"] = _taken(["", *(text[0] for text in texts)], chosen)
    result["change_en"] = _taken(["", *(text[1] for text in texts)], chosen)
    rule = _rule_text("change_level", "环办〔2011〕22号水质状况变化") if words == "22" else ""
    result["change_rule"] = _taken(["", rule], known.astype(np.int64))

    open_ = np.zeros(len(table), bool)
    if "class_best" in table and "class_worst" in table:
        best = as_classes(table["class_best"], table="assessments", column="class_best").codes
        worst = as_classes(table["class_worst"], table="assessments", column="class_worst").codes
        best, worst = best.astype(np.int64), worst.astype(np.int64)
        sure = known & (best >= 0) & (worst >= 0)
        sure[base.row >= 0] &= (best >= 0)[base.row[base.row >= 0]]
        rows = np.flatnonzero(sure)
        least = best[base.row[rows]] - worst[rows]
        most = worst[base.row[rows]] - best[rows]
        open_[rows] = (least != most) & (
            (np.sign(least) != np.sign(change[rows])) | (np.sign(most) != np.sign(change[rows]))
        )
    flags = [
        *base.reasons, "本期未定类，未比较", "基期未定类，未比较", "检出限或缺测可能改变这一结论",
    ]  # fmt: skip
    place = np.where(known, np.where(open_, 5, 1), np.where(ranks < 0, 3, 4))
    result["change_flag"] = _taken(flags, np.where(base.row >= 0, place, base.reason))
    return result


def _compare_numbers(
    table: pd.DataFrame, with_: Any, by: list[str], value: str, standard: Any
) -> pd.DataFrame:
    import numpy as np

    require(
        table, [*by, "period", value], table="means",
        hint="Give the table of mean_readings, or name the column of numbers: value='cwqi'.",
    )  # fmt: skip
    units = ["unit"] if "unit" in table and "item" in table else []
    keys = [*by, *(["item"] if "item" in table else []), *units]
    base = base_rows(table, keys, with_, name="means")
    numbers = number_column(table, value, table="means")
    n = len(table)
    found = base.row >= 0
    base_value = np.full(n, np.nan)
    base_value[found] = numbers[base.row[found]]
    known = ~np.isnan(numbers) & ~np.isnan(base_value)
    # 0.3 - 0.1 is 0.2 to the digits that anyone reads
    difference = np.round(numbers - base_value, 12)
    items = table["item"].astype("str").to_numpy(dtype=object) if "item" in table else None
    percent = np.full(n, np.nan)
    ratio = known & (base_value != 0)
    if items is not None:
        ratio &= ~np.isin(items, list(_NO_PERCENT))
    percent[ratio] = np.round(100 * difference[ratio] / np.abs(base_value[ratio]), 9)
    result = table.copy()
    result["base_period"], result["base_value"] = base.period, base_value
    result["difference"], result["percent"] = difference, percent

    unsure = _turned_by_limits(table, value, base.row, difference, known)
    sense = np.full(n, 1 if value in _INDICES else 0, np.int64)
    if items is not None and value not in _INDICES:
        senses = item_senses(standard)
        sense = np.array([senses.get(item, 0) for item in items], np.int64)
    # only what is printed: distinct words are few, rows are many
    shown = np.where(ratio, np.round(np.abs(percent), 1), _rounded_4(np.abs(difference)))
    distinct, number = _distinct_rows(
        known & ~unsure, np.sign(difference), shown, ratio.astype(np.float64), sense
    )
    texts = [("", ""), ("受检出限影响，不能判定", "cannot be decided because of detection limits")]
    texts += [_number_words(*values) for values in distinct]
    chosen = np.where(known, np.where(unsure, 1, 1 + number), 0)
    result["change_zh"] = _taken([text[0] for text in texts], chosen)
    result["change_en"] = _taken([text[1] for text in texts], chosen)
    rule = _INDICES.get(value, "")
    says = _rule_text(rule, "环办监测〔2017〕51号CWQI变化程度") if rule else ""
    result["change_rule"] = _taken(["", says], known.astype(np.int64))
    other = _in_other_unit(table, keys, units, with_, base.row)
    flags = [
        *base.reasons, "基期单位不同，未比较", "本期没有数值，未比较", "基期没有数值，未比较", "受检出限影响",
    ]  # fmt: skip
    place = np.where(known, np.where(unsure, 6, 1), np.where(np.isnan(numbers), 4, 5))
    place = np.where(found, place, np.where(other, 3, base.reason))
    result["change_flag"] = _taken(flags, place)
    return result


def _turned_by_limits(
    table: pd.DataFrame, value: str, base_row: Ints, difference: Floats, known: Bools
) -> Bools:
    """Say where what lies below detection could give the difference another sign."""
    import numpy as np

    unsure = np.zeros(len(table), bool)
    if value != "mean" or "n_censored" not in table:
        return unsure
    censored = np.nan_to_num(number_column(table, "n_censored", table="means")) > 0
    if not censored.any():
        return unsure
    require(
        table, ["mean_low", "mean_high"], table="means",
        hint="Some means hold values below detection (n_censored), and their bounds are needed: "
        "take the table from mean_readings.",
    )  # fmt: skip
    low = number_column(table, "mean_low", table="means")
    high = number_column(table, "mean_high", table="means")
    high = np.where(np.isnan(high), np.inf, high)  # the upper end is open
    rows = np.flatnonzero(known)
    rows = rows[censored[rows] | censored[base_row[rows]]]
    least = np.round(low[rows] - high[base_row[rows]], 12)
    most = np.round(high[rows] - low[base_row[rows]], 12)
    sign = np.sign(difference[rows])
    # at the end of an interval the two are equal at most in a limit that is not reached
    unsure[rows] = ((least < 0) & (most > 0)) | ((sign == 0) & (least != most))
    return unsure


def _in_other_unit(
    table: pd.DataFrame, keys: list[str], units: list[str], with_: Any, base_row: Ints
) -> Bools:
    """Say where the base period has the item in another unit only."""
    import numpy as np

    if not units or (base_row >= 0).all():
        return np.zeros(len(table), bool)
    without = [name for name in keys if name not in units]
    base = base_rows(table, without, with_, name="means", once=False)
    other: Bools = (base_row < 0) & (base.row >= 0)
    return other


def _words_22(step: int, better: bool) -> tuple[str, str]:
    """Return the words for no, some (1) or a marked (2) change."""
    if step == 0:
        return "无明显变化", "no marked change"
    way, way_en = ("好转", "better") if better else ("变差", "worse")
    if step == 1:
        return f"有所{way}", f"somewhat {way_en}"
    return f"明显{way}", f"markedly {way_en}"


def _state_words(before: int, now: int) -> tuple[str, str]:
    """Return the words of the rule for two classes: it counts states, and Ⅰ and Ⅱ are one."""
    states = list(dict.fromkeys(STATES[name][0] for name in CLASSES))
    places = [states.index(STATES[CLASSES[rank]][0]) for rank in (before, now)]
    return _words_22(min(abs(places[0] - places[1]), 2), places[1] < places[0])


def _class_words(before: int, now: int) -> tuple[str, str]:
    if before == now:
        return f"类别不变（{CLASSES[now]}类）", f"class unchanged ({_in_english(now)})"
    way, way_en = ("好转", "better") if now < before else ("变差", "worse")
    steps = abs(before - now)
    return (
        f"由{CLASSES[before]}类变为{CLASSES[now]}类，{way}{steps}个类别",
        f"from {class_en(CLASSES[before])} to {_in_english(now)}, "
        f"{steps} class{'es' if steps > 1 else ''} {way_en}",
    )


def _in_english(rank: int) -> str:
    return class_en(CLASSES[rank]).removeprefix("class ")


def _number_words(way: float, size: float, is_percent: float, sense: float) -> tuple[str, str]:
    if way == 0:
        return "持平", "unchanged"
    text = f"{size:.1f}%" if is_percent else f"{size:.4g}"
    zh = f"{'上升' if way > 0 else '下降'}{text}"
    en = f"{'up' if way > 0 else 'down'} {text}"
    if sense:
        worse = way * sense > 0
        zh += "，变差" if worse else "，变好"
        en += ", worse" if worse else ", better"
    return zh, en


def _share_words(gain: float, loss: float) -> tuple[str, str]:
    return (
        f"Ⅰ~Ⅲ类比例{_points(gain, 'zh')}，劣Ⅴ类比例{_points(loss, 'zh')}",
        f"share of classes Ⅰ-Ⅲ {_points(gain, 'en')}, share worse than Ⅴ {_points(loss, 'en')}",
    )


def _points(change: float, lang: str) -> str:
    if change == 0:
        return "持平" if lang == "zh" else "unchanged"
    if lang == "zh":
        return f"{'上升' if change > 0 else '下降'}{abs(change):.1f}个百分点"
    return f"{'up' if change > 0 else 'down'} {abs(change):.1f} percentage points"


def _rule_text(rule: str, title: str) -> str:
    return f"{title}（{standards.rule_status(rule, lang='zh')}）"


def _rounded_4(values: Floats) -> Floats:
    """Round to four significant digits."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 10.0 ** (3 - np.floor(np.log10(values)))
        rounded = np.round(values * scale) / scale
    return np.where(np.isfinite(rounded), rounded, values)


def _distinct_rows(rows: Bools, *columns: Any) -> tuple[list[tuple[float, ...]], Ints]:
    """Return the combinations of numbers in some rows, and which each has, from 1; 0 elsewhere."""
    import numpy as np
    import pandas as pd

    number = np.zeros(len(rows), np.int64)
    frame = pd.DataFrame({k: np.asarray(column)[rows] for k, column in enumerate(columns)})
    groups = frame.groupby(list(frame.columns), sort=False, dropna=False)
    number[rows] = groups.ngroup().to_numpy() + 1
    distinct = frame.drop_duplicates()
    return [tuple(values) for values in distinct.to_numpy("float64").tolist()], number


def _taken(texts: list[str], places: Ints) -> Any:
    """Return the column whose row k has ``texts[places[k]]``."""
    import numpy as np
    import pandas as pd

    return pd.array(texts, dtype="str").take(np.asarray(places, np.int64))
