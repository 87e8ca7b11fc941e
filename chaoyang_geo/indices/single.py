"""The pollution index of an item, and the mean of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.bounds import (
    MATCH_FIRST,
    WATER_TYPES,
    check_registry,
    item_bounds,
    target_ranks,
    unit_factors,
    water_kinds,
)
from chaoyang_geo.codes import coded, optional
from chaoyang_geo.indices.groups import (
    AVERAGE_FIRST,
    checked_items,
    count_of,
    grouped,
    head,
    mean_values,
    missing_items,
    texts,
)
from chaoyang_geo.schema import CLASSES, one_of, require, split_codes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float64]

TARGET = "target"
DO_FORMS: tuple[str, ...] = ("ratio", "hj1993")

_FLAGS = (
    "",
    "没有均值",
    "标准没有该项在此水体类型和类别的限值",
    "水体类型未登记，限值不能确定",
    "断面没有目标类别",
    "单位不能换算为限值的单位",
    "数值为负",
    "溶解氧为0，指数无上界",
    "没有同期水温，饱和溶解氧不能计算",
    "饱和溶解氧不高于限值，公式不适用",
)
_NO_MEAN, _NO_LIMIT, _NO_TYPE, _NO_TARGET, _UNIT, _NEGATIVE, _ZERO_DO, _NO_TEMP, _TOO_WARM = range(
    1, len(_FLAGS)
)


def pollution_index(
    means: pd.DataFrame,
    sections: pd.DataFrame | None = None,
    *,
    against: str = "Ⅲ",
    do_form: str = "ratio",
    water_type: str | None = None,
    standard: Any = "gb3838",
) -> pd.DataFrame:
    """Give every mean its single-factor pollution index: above 1 the limit is not kept.

    Required columns: ``means``: ``item``, ``mean``, with ``sections`` also ``section_code``; used
    where present: ``unit``, ``n_censored``; ``period`` with ``do_form="hj1993"``. ``sections``:
    ``section_code``, ``water_type``; ``target_class`` with ``against="target"``.

    Parameters
    ----------
    means : DataFrame, n rows
        The table of :func:`mean_readings`.
    sections : DataFrame, optional
        Registry that says whether a section lies on a river or a lake.
    against : class name or "target"
        The class whose limits are S; ``target``: that of each section.
    do_form : {"ratio", "hj1993"}
        Dissolved oxygen: ``ratio`` S / C. ``hj1993``: |F - C| / (F - S) for C >= S, else
        10 - 9 C / S, with saturation F = 468 / (31.6 + T) and T the mean of ``water_temp``; from
        copies of HJ/T 2.3-93, the text itself not seen: ``index_rule`` says unverified.
    water_type : {"river", "lake"}, optional
        For sections without a registered type. Without it an item whose limits differ (TP) has
        no index there, and ``index_flag`` says so.
    standard
        As :func:`chaoyang_geo.standards.limits` takes it.

    Returns
    -------
    DataFrame, n rows, same order and index: the input with

        ``index_limit`` (S, in the unit of the standard; for pH the end that decides),
        ``pollution_index`` (no unit; missing where it has none), ``index_rule`` (form, source and
        status), ``index_flag`` (why there is none, or that values below detection count half).

    Raises
    ------
    SchemaError
        A column is missing, a code stands twice in ``sections``.
    ValueError
        Unknown ``against``, ``do_form`` or ``water_type``.

    Notes
    -----
    C / S; pH: (7 - pH) / (7 - 6) up to 7, (pH - 7) / (9 - 7) above; DO: S / C. The forms of the item
    index of 环办监测〔2017〕51号, known from one source; those of pH and of the other items equal
    HJ 2.3. Nothing is rounded (single source).

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.indices import pollution_index
    >>> means = pd.DataFrame({"item": ["nh3_n", "ph", "ph", "do"], "mean": [1.5, 8.0, 6.4, 8.0]})
    >>> pollution_index(means)["pollution_index"].round(6).tolist()
    [1.5, 0.5, 0.6, 0.625]
    """
    import numpy as np

    one_of("against", against, (*CLASSES[:-1], TARGET))
    one_of("do_form", do_form, DO_FORMS)
    if water_type is not None:
        one_of("water_type", water_type, WATER_TYPES)
    require(means, ["item", "mean"], table="means", hint=AVERAGE_FIRST)
    n = len(means)
    kinds = np.full(n, -1, np.int64)
    targets = np.full(n, CLASSES.index(against) if against != TARGET else -1, np.int64)
    if sections is not None:
        check_registry(sections, ["water_type", *(["target_class"] if against == TARGET else [])])
        require(means, ["section_code"], table="means", hint=MATCH_FIRST)
        codes = coded(means["section_code"])
        kinds = water_kinds(codes, sections)
        if against == TARGET:
            targets = target_ranks(codes, sections)
    elif against == TARGET:
        raise ValueError("against='target' needs sections, the registry with target_class.")
    if water_type is not None:
        kinds = np.where(kinds < 0, WATER_TYPES.index(water_type), kinds)
    items = coded(means["item"])
    limits = item_bounds(items, kinds, targets, standard=standard)
    typed = item_bounds(items, np.zeros(n, np.int64), targets, standard=standard)
    factor = unit_factors(optional(means, "unit"), limits.unit)
    raw = mean_values(means)
    value = raw * factor

    upper_only = np.isnan(limits.lower) & ~np.isnan(limits.upper)
    lower_only = ~np.isnan(limits.lower) & np.isnan(limits.upper)
    both = ~np.isnan(limits.lower) & ~np.isnan(limits.upper)
    index, limit = np.full(n, np.nan), np.full(n, np.nan)
    flag = np.zeros(n, np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = value / limits.upper
        inverse = limits.lower / value
        acid = (7 - value) / (7 - limits.lower)
        base = (value - 7) / (limits.upper - 7)
    index[upper_only], limit[upper_only] = ratio[upper_only], limits.upper[upper_only]
    index[lower_only], limit[lower_only] = inverse[lower_only], limits.lower[lower_only]
    index[both] = np.where(value <= 7, acid, base)[both]
    limit[both] = np.where(value <= 7, limits.lower, limits.upper)[both]
    oxygen = lower_only & (np.array([text == "do" for text in items.texts], bool)[items.codes])
    rules = np.where(both, 1, np.where(lower_only, 2, 0))
    if do_form == "hj1993" and oxygen.any():
        index, flag = _oxygen_1993(means, value, limits.lower, oxygen, index, flag)
        rules[oxygen] = 3

    has_limit = upper_only | lower_only | both
    # reasons, the deepest last
    flag[oxygen & (value == 0) & (rules == 2)] = _ZERO_DO
    flag[value < 0] = _NEGATIVE
    flag[has_limit & np.isnan(factor)] = _UNIT
    flag[~has_limit] = _NO_LIMIT
    flag[~has_limit & (kinds < 0) & ~(np.isnan(typed.lower) & np.isnan(typed.upper))] = _NO_TYPE
    flag[targets < 0] = _NO_TARGET
    flag[np.isnan(raw)] = _NO_MEAN
    index[flag > 0] = np.nan
    limit[~has_limit] = np.nan

    result = means.copy()
    result["index_limit"] = limit
    result["pollution_index"] = index
    says = standards.rule_status("cwqi_item", lang="zh")
    forms = [
        f"C/S（环办监测〔2017〕51号单项，{says}）",
        f"pH指数（环办监测〔2017〕51号单项，{says}）",
        f"S/C（环办监测〔2017〕51号单项，{says}）",
        "饱和溶解氧式（HJ/T 2.3-93转录，未核实）",
        "",
    ]
    result["index_rule"] = _taken(forms, np.where(np.isnan(index), 4, rules))
    censored = (count_of(means, "n_censored") > 0) & (flag == 0)
    result["index_flag"] = _taken(
        [*_FLAGS, "含低于检出限的读数，均值按替代值"], np.where(censored, len(_FLAGS), flag)
    )
    return result


def pollution_mean(
    means: pd.DataFrame,
    sections: pd.DataFrame | None = None,
    *,
    items: Sequence[str],
    against: str = "Ⅲ",
    do_form: str = "ratio",
    water_type: str | None = None,
    by: Sequence[str] = ("section_code",),
    standard: Any = "gb3838",
) -> pd.DataFrame:
    """Average the pollution indices of named items: the comprehensive index P of a section.

    A missing item makes P missing; it is never an average of what happens to be there.

    Required columns: as :func:`pollution_index`, with those of ``by`` and ``period``.

    Parameters
    ----------
    means, sections, against, do_form, water_type, standard
        As for :func:`pollution_index`.
    items : sequence of str
        Items that enter. No rule names them, so they must be given.
    by : sequence of str
        Columns that name a section.

    Returns
    -------
    DataFrame, one row per ``by`` and period, in order of first appearance
        The columns of ``by``, ``period``, ``period_end``, ``pollution_mean`` (no unit), ``n_items``
        (of ``items`` with an index), ``items_missing``, ``largest_item``, ``largest_index`` (of those
        there), ``index_rule``, ``index_flag``, ``why_zh``, ``why_en``.

    Raises
    ------
    SchemaError, ValueError
        As :func:`pollution_index`; an item stands twice for a section and period.

    Notes
    -----
    P = sum(P_i) / n. Usual in reports; no rule text was found, and ``index_rule`` says so.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.indices import pollution_mean
    >>> means = pd.DataFrame({"section_code": "S1", "period": pd.Timestamp("2025-10-01"),
    ...     "item": ["cod", "nh3_n"], "mean": [10.0, 1.5]})
    >>> row = pollution_mean(means, items=["cod", "nh3_n"]).iloc[0]
    >>> row["pollution_mean"].item(), row["largest_item"], row["index_rule"]
    (1.0, 'nh3_n', 'P=ΣPi/n（未见条文）')
    """
    chosen = checked_items(items)
    result, values = combined(
        means, sections, chosen, against=against, do_form=do_form, water_type=water_type,
        by=by, standard=standard,
    )  # fmt: skip
    result["pollution_mean"] = values.mean(axis=1) if len(values) else values.sum(axis=1)
    result["index_rule"] = texts(["P=ΣPi/n（未见条文）"] * len(result))
    names = {lang: standards.item_names(lang) for lang in ("zh", "en")}
    of_class = "目标类别" if against == TARGET else f"{against}类"
    of_class_en = "the target class" if against == TARGET else f"class {against}"
    zh, en = [], []
    for row in result.itertuples():
        if row.items_missing:
            lacking = split_codes(row.items_missing)
            zh.append(
                f"缺{'、'.join(names['zh'][item] for item in lacking)}，综合污染指数不能计算。"
            )
            en.append(f"No index: {', '.join(names['en'][item] for item in lacking)} missing.")
            continue
        largest = str(row.largest_item)
        zh.append(
            f"综合污染指数{row.pollution_mean:.3g}：{len(chosen)}项对{of_class}限值之比的平均，"
            f"最大为{names['zh'][largest]}{row.largest_index:.3g}（未见条文）。"
        )
        en.append(
            f"Comprehensive index {row.pollution_mean:.3g}: mean of {len(chosen)} ratios to the limits "
            f"of {of_class_en}; largest {names['en'][largest]}, {row.largest_index:.3g} (no rule text)."
        )
    result["why_zh"], result["why_en"] = texts(zh), texts(en)
    heads = [name for name in (*by, "period", "period_end") if name in result]
    return result[
        [*heads, "pollution_mean", "n_items", "items_missing", "largest_item", "largest_index",
         "index_rule", "index_flag", "why_zh", "why_en"]
    ]  # fmt: skip


def combined(
    means: pd.DataFrame,
    sections: pd.DataFrame | None,
    items: tuple[str, ...],
    *,
    against: str,
    do_form: str,
    water_type: str | None,
    by: Sequence[str],
    standard: Any,
) -> tuple[pd.DataFrame, Floats]:
    """Return the groups with what is missing and largest, and their indices side by side."""
    import numpy as np

    groups = grouped(means, by, items)
    single = pollution_index(
        means, sections, against=against, do_form=do_form, water_type=water_type, standard=standard
    )
    values = groups.laid(single["pollution_index"].to_numpy("float64"), len(items))
    there = ~np.isnan(values)
    result = head(means, by, groups)
    result["n_items"] = there.sum(axis=1).astype(np.int64)
    result["items_missing"] = texts(missing_items(there, items))
    known = np.where(there, values, -np.inf)
    place = known.argmax(axis=1) if len(values) else np.zeros(0, np.int64)
    some = result["n_items"].to_numpy() > 0
    result["largest_item"] = texts(
        items[k] if has else "" for k, has in zip(place.tolist(), list(some), strict=True)
    )
    result["largest_index"] = np.where(some, known.max(axis=1, initial=-np.inf), np.nan)
    result["index_flag"] = texts(_joined_flags(single, groups, items))
    return result, values


def _joined_flags(single: pd.DataFrame, groups: Any, items: tuple[str, ...]) -> list[str]:
    """Join the flags of the wanted items of each group, each with the item's name."""
    import numpy as np

    names = standards.item_names()
    parts: list[list[str]] = [[] for _ in range(len(groups.first))]
    flags = coded(single["index_flag"])
    rows = np.flatnonzero(
        (groups.column >= 0) & (np.array(flags.texts, dtype=object)[flags.codes] != "")
    )
    for row in rows[np.argsort(groups.column[rows], kind="stable")].tolist():
        name = names[items[groups.column[row]]]
        parts[groups.of_row[row]].append(f"{name}{flags.texts[flags.codes[row]]}")
    return ["；".join(part) for part in parts]


def _oxygen_1993(
    means: pd.DataFrame, value: Floats, lower: Floats, oxygen: Bools, index: Floats, flag: Any
) -> tuple[Floats, Any]:
    """Index of dissolved oxygen from its saturation at the water temperature of the same period."""
    import numpy as np

    by = ["section_code"] if "section_code" in means else []
    groups = grouped(means, by, ("water_temp",))
    temperature = groups.laid(mean_values(means), 1)[:, 0][groups.of_row]
    with np.errstate(divide="ignore", invalid="ignore"):
        full = 468 / (31.6 + temperature)
        good = np.abs(full - value) / (full - lower)
        poor = 10 - 9 * value / lower
    index = np.where(oxygen, np.where(value >= lower, good, poor), index)
    flag = np.where(oxygen & (value >= lower) & (full <= lower), _TOO_WARM, flag)
    return index, np.where(oxygen & np.isnan(temperature), _NO_TEMP, flag)


def _taken(words: list[str], places: Any) -> Any:
    import numpy as np
    import pandas as pd

    return pd.array(words, dtype="str").take(np.asarray(places, np.int64))
