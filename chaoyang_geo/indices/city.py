"""The city water-quality index CWQI: of a section, and of a city's rivers and lakes together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.bounds import WATER_TYPES, check_registry, looked_up, water_kinds
from chaoyang_geo.codes import coded
from chaoyang_geo.indices.groups import AVERAGE_FIRST, checked_items, texts
from chaoyang_geo.indices.single import combined
from chaoyang_geo.schema import one_of, require, split_codes

if TYPE_CHECKING:
    import pandas as pd

TOTALS: tuple[str, ...] = ("sum",)
AVERAGES: tuple[str, ...] = ("concentrations", "indices")
WEIGHTINGS: tuple[str, ...] = ("counts",)
_REFERENCE = "Ⅲ"


def _the_items(items: Sequence[str] | None) -> tuple[str, ...]:
    return standards.ITEM_SETS["21"] if items is None else checked_items(items)


def cwqi(
    means: pd.DataFrame,
    sections: pd.DataFrame,
    *,
    total: str,
    items: Sequence[str] | None = None,
    by: Sequence[str] = ("section_code",),
    standard: Any = "gb3838",
) -> pd.DataFrame:
    """Compute the water-quality index CWQI of each section: smaller is better.

    A missing item makes the index missing; a sum over fewer items would look better.

    Required columns: ``means``: ``section_code``, those of ``by``, ``period``, ``item``, ``mean``; used
    where present: ``unit``, ``n_censored``, ``period_end``. ``sections``: ``section_code``, ``water_type``.

    Parameters
    ----------
    means : DataFrame
        The table of :func:`mean_readings`.
    sections : DataFrame
        Registry; a section without a water type has no limit of TP, so no index.
    total : {"sum"}
        How the items become one number: the sum is known from memory alone, so it must be named,
        and ``index_rule`` carries its status.
    items : sequence of str, optional
        By default the 21 items of 环办〔2011〕22号. An index of other items cannot be compared with
        one of the 21, and ``index_flag`` says so.
    by : sequence of str
        Columns that name a section.
    standard
        As :func:`chaoyang_geo.standards.limits` takes it.

    Returns
    -------
    DataFrame, one row per ``by`` and period, in order of first appearance
        The columns of ``by``, ``period``, ``period_end``, ``cwqi`` (no unit), ``n_items``, ``items_missing``,
        ``largest_item``, ``largest_index``, ``index_rule``, ``index_flag``, ``why_zh``, ``why_en``.

    Raises
    ------
    SchemaError
        A column is missing, or an item stands twice for a section and period.
    ValueError
        Unknown ``total`` or item.

    Notes
    -----
    Source: 环办监测〔2017〕51号. Items C / S with S the limit of class Ⅲ (TP of lakes the lake's), DO S / C,
    pH 7 - pH up to 7 and (pH - 7) / 2 above (single source); not rounded (single source); their sum
    (unverified). Changes between periods: :func:`compare_periods` with ``value="cwqi"``.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.indices import cwqi
    >>> means = pd.DataFrame({"section_code": "S1", "period": pd.Timestamp("2025-10-01"),
    ...     "item": ["ph", "do", "cod_mn", "nh3_n", "tp"], "mean": [8.0, 10.0, 3.0, 0.2, 0.1]})
    >>> sections = pd.DataFrame({"section_code": ["S1"], "water_type": ["river"]})
    >>> row = cwqi(means, sections, total="sum", items=["ph", "do", "cod_mn", "nh3_n", "tp"]).iloc[0]
    >>> row["cwqi"].item(), row["index_rule"]  # 0.5 + 0.5 + 0.5 + 0.2 + 0.5
    (2.2, '单项指数（单一来源）；求和（未核实）')
    """
    one_of("total", total, TOTALS)
    chosen = _the_items(items)
    result, values = combined(
        means, sections, chosen, against=_REFERENCE, do_form="ratio", water_type=None,
        by=by, standard=standard,
    )  # fmt: skip
    result["cwqi"] = values.sum(axis=1).round(12)
    result["index_rule"] = texts([_rules("cwqi_item", "cwqi_sum")] * len(result))
    result["index_flag"] = texts(_with_item_note(result["index_flag"], chosen))
    names = {lang: standards.item_names(lang) for lang in ("zh", "en")}
    status = {lang: standards.rule_status("cwqi_sum", lang=lang) for lang in ("zh", "en")}
    zh, en = [], []
    for row in result.itertuples():
        if row.items_missing:
            lacking = split_codes(row.items_missing)
            zh.append(f"缺{'、'.join(names['zh'][i] for i in lacking)}，CWQI不能计算。")
            en.append(f"No CWQI: {', '.join(names['en'][i] for i in lacking)} missing.")
            continue
        largest = str(row.largest_item)
        zh.append(
            f"CWQI {row.cwqi:.4g}，{len(chosen)}项之和（求和规则{status['zh']}），"
            f"最大为{names['zh'][largest]}{row.largest_index:.3g}；越小越好。"
        )
        en.append(
            f"CWQI {row.cwqi:.4g}, the sum over {len(chosen)} items (sum {status['en']}), "
            f"largest {names['en'][largest]}, {row.largest_index:.3g}; smaller is better."
        )
    result["why_zh"], result["why_en"] = texts(zh), texts(en)
    heads = [name for name in (*by, "period", "period_end") if name in result]
    return result[
        [*heads, "cwqi", "n_items", "items_missing", "largest_item", "largest_index",
         "index_rule", "index_flag", "why_zh", "why_en"]
    ]  # fmt: skip


def cwqi_city(
    means: pd.DataFrame,
    sections: pd.DataFrame,
    *,
    total: str,
    average: str,
    weighting: str,
    by: Sequence[str] = (),
    items: Sequence[str] | None = None,
    standard: Any = "gb3838",
) -> pd.DataFrame:
    """Compute the CWQI of a city from its river sections and its lake points.

    Every step beyond the index of an item is known from memory alone; each must be named, and
    ``index_rule`` carries its status.

    Required columns: ``means``: ``section_code``, ``period``, ``item``, ``mean``. ``sections``:
    ``section_code``, ``water_type``, and those of ``by``.

    Parameters
    ----------
    means, sections, total, items, standard
        As for :func:`cwqi`.
    average : {"concentrations", "indices"}
        Average each item over the sections of a water type, then take the index; or average the
        sections' indices. They differ by DO and pH.
    weighting : {"counts"}
        (river M + lake N) / (M + N), with M river sections and N lake points.
    by : sequence of str
        Columns of ``sections`` that name a city; none for all sections together.

    Returns
    -------
    DataFrame, one row per ``by`` and period, in order
        The columns of ``by``, ``period``, ``period_end``, ``cwqi``, ``cwqi_river``, ``cwqi_lake``, ``n_river``,
        ``n_lake`` (sections that entered), ``n_left_out`` (without a water type, without ``by``, or
        with ``average="indices"`` without an index), ``items_missing``, ``index_rule``, ``index_flag``.
        A water type whose index is missing makes the city's missing.

    Raises
    ------
    SchemaError, ValueError
        As :func:`cwqi`.

    Notes
    -----
    Source: 环办监测〔2017〕51号, all of it unverified but the index of an item (single source).
    pH is averaged over sections through the hydrogen ion (环办监测函〔2020〕82号, single source).

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.indices import cwqi_city
    >>> means = pd.DataFrame({"section_code": ["R1", "R2", "L1"], "period": pd.Timestamp("2025-01-01"),
    ...     "item": "tp", "mean": [0.1, 0.3, 0.05]})
    >>> sections = pd.DataFrame({"section_code": ["R1", "R2", "L1"],
    ...     "water_type": ["river", "river", "lake"]})
    >>> row = cwqi_city(means, sections, total="sum", average="concentrations", weighting="counts",
    ...                 items=["tp"]).iloc[0]
    >>> row["cwqi_river"].item(), row["cwqi_lake"].item(), row["cwqi"].item()
    (1.0, 1.0, 1.0)
    """
    import numpy as np
    import pandas as pd

    one_of("total", total, TOTALS)
    one_of("average", average, AVERAGES)
    one_of("weighting", weighting, WEIGHTINGS)
    by = [by] if isinstance(by, str) else list(by)
    chosen = _the_items(items)
    check_registry(sections, ["water_type", *by])
    require(means, ["section_code", "period", "item", "mean"], table="means", hint=AVERAGE_FIRST)
    codes = coded(means["section_code"])
    table = means.copy()
    kinds = water_kinds(codes, sections)
    table["_water"] = np.array([*WATER_TYPES, ""], dtype=object)[kinds]
    for name in by:
        table[name] = looked_up(codes, sections, name)
    ends = ["period_end"] if "period_end" in table else []
    heads = [*by, "period", *ends]
    outside = (table["_water"] == "") | (table[by] == "").any(axis=1)
    left = table[outside].drop_duplicates(["section_code", "period"])
    inside = table[~outside]
    if average == "concentrations":
        water, n_sections, notes = _of_concentrations(inside, heads, chosen, standard)
    else:
        water, n_sections, notes = _of_indices(inside, sections, heads, chosen, standard)
    result = inside[heads].drop_duplicates().sort_values([*by, "period"]).reset_index(drop=True)
    keys = [tuple(row) for row in result[[*by, "period"]].itertuples(index=False)]
    parts = {
        kind: np.array([water.get((*key, kind), np.nan) for key in keys]) for kind in WATER_TYPES
    }
    counts = {
        kind: np.array([n_sections.get((*key, kind), 0) for key in keys], np.int64)
        for kind in WATER_TYPES
    }
    weight = sum(counts.values())
    with np.errstate(invalid="ignore", divide="ignore"):
        # a water type that the city does not have takes no part
        city = sum(
            np.where(counts[kind] > 0, parts[kind] * counts[kind], 0.0) for kind in WATER_TYPES
        ) / np.asarray(weight)
    result["cwqi"] = np.round(np.asarray(city, "float64"), 12)
    for kind in WATER_TYPES:
        result[f"cwqi_{kind}"] = parts[kind].astype("float64")
    for kind in WATER_TYPES:
        result[f"n_{kind}"] = counts[kind]
    per_period = left.groupby("period").size() if len(left) else pd.Series(dtype="int64")
    no_type = [int(per_period.get(period, 0)) for period in result["period"]]
    no_index = [notes.get(key, ("", "", 0))[2] for key in keys]
    result["n_left_out"] = np.array(no_type, np.int64) + np.array(no_index, np.int64)
    result["items_missing"] = texts(notes.get(key, ("", "", 0))[0] for key in keys)
    result["index_rule"] = texts(
        [_rules("cwqi_item", "cwqi_sum", "cwqi_city") + f"；先平均{_AVERAGED[average]}（未核实）"]
        * len(result)
    )
    flags = []
    for key, lost in zip(keys, no_type, strict=True):
        parts_of = [notes.get(key, ("", "", 0))[1]]
        parts_of += [f"{lost}个断面没有登记水体类型或所属城市，未计入"] if lost else []
        flags.append("；".join(part for part in parts_of if part))
    result["index_flag"] = texts(_with_item_note(flags, chosen))
    return result


_AVERAGED = {"concentrations": "浓度", "indices": "断面指数"}
_Key = tuple[Any, ...]
_Parts = tuple[dict[_Key, float], dict[_Key, int], dict[_Key, tuple[str, str, int]]]


def _of_concentrations(
    inside: pd.DataFrame, heads: list[str], items: tuple[str, ...], standard: Any
) -> _Parts:
    """Average each item over the sections of a water type, then take the sum of the indices."""
    import numpy as np
    import pandas as pd

    groups = [*(name for name in heads if name != "period_end"), "_water"]
    used = inside[inside["item"].isin(items) & inside["mean"].notna()].copy()
    acid = (used["item"] == "ph").to_numpy()
    used["_value"] = np.where(acid, 10.0 ** -used["mean"].to_numpy("float64"), used["mean"])
    n_sections = inside.groupby(groups)["section_code"].agg(
        lambda column: column.astype(str).nunique()
    )
    units = ["unit"] if "unit" in used else []
    averaged = (
        used.groupby([*groups, "item", *units], observed=True)
        .agg(mean=("_value", "mean"), n=("_value", "size"))
        .reset_index()
    )
    is_acid = (averaged["item"] == "ph").to_numpy()
    plain = averaged["mean"].to_numpy("float64")
    with np.errstate(divide="ignore"):
        averaged["mean"] = np.where(is_acid, -np.log10(np.where(is_acid, plain, 1.0)), plain)
    averaged["section_code"] = averaged["_water"]
    by = [name for name in groups if name != "period"]
    kinds = pd.DataFrame({"section_code": list(WATER_TYPES), "water_type": list(WATER_TYPES)})
    found, values = combined(
        averaged, kinds, items, against=_REFERENCE, do_form="ratio", water_type=None,
        by=by, standard=standard,
    )  # fmt: skip
    names = standards.item_names()
    water: dict[_Key, float] = {}
    notes: dict[_Key, tuple[str, str, int]] = {}
    counts = {_as_key(key): int(n) for key, n in n_sections.items()}
    sums = np.round(values.sum(axis=1), 12)
    keys = [tuple(row) for row in found[[*by[:-1], "period", "_water"]].itertuples(index=False)]
    for key, value, lacking, flag in zip(
        keys, sums.tolist(), found["items_missing"], found["index_flag"], strict=True
    ):
        water[key] = value
        _note(notes, key[:-1], lacking, flag, 0)
    columns = [averaged[name].tolist() for name in (*groups, "item", "n")]
    for *parts, item, n in zip(*columns, strict=True):
        key = tuple(parts)
        if n < counts[key]:
            _note(notes, key[:-1], "", f"{names[item]}只有{n}/{counts[key]}个断面有均值", 0)
    for key in counts.keys() - set(keys):
        _note(notes, key[:-1], ";".join(items), "", 0)
    return water, counts, notes


def _of_indices(
    inside: pd.DataFrame, sections: pd.DataFrame, heads: list[str], items: tuple[str, ...], standard: Any
) -> _Parts:  # fmt: skip
    """Average the indices of the sections of a water type."""
    import numpy as np

    groups = [*(name for name in heads if name != "period_end"), "_water"]
    by = [*dict.fromkeys(["section_code", *(name for name in groups if name != "period")])]
    each, values = combined(
        inside, sections, items, against=_REFERENCE, do_form="ratio", water_type=None,
        by=by, standard=standard,
    )  # fmt: skip
    each["_index"] = np.round(values.sum(axis=1), 12)
    water: dict[_Key, float] = {}
    counts: dict[_Key, int] = {}
    notes: dict[_Key, tuple[str, str, int]] = {}
    for key, rows in each.groupby(groups, observed=True):
        known = rows["_index"].dropna()
        lost = len(rows) - len(known)
        if len(known):
            water[_as_key(key)] = float(known.mean())
            counts[_as_key(key)] = len(known)
        flag = f"{lost}个断面缺项，没有指数，未计入" if lost else ""
        _note(notes, _as_key(key)[:-1], "", flag, lost)
    return water, counts, notes


def _as_key(key: Any) -> _Key:
    return tuple(key) if isinstance(key, tuple) else (key,)


def _note(
    notes: dict[_Key, tuple[str, str, int]], key: _Key, lacking: str, flag: str, lost: int
) -> None:
    """Add what is missing and doubtful to what is known of a city and period."""
    before = notes.get(key, ("", "", 0))
    items = ";".join(dict.fromkeys([*split_codes(before[0]), *split_codes(lacking)]))
    flags = "；".join(text for text in (before[1], flag) if text)
    notes[key] = (items, flags, before[2] + lost)


def _rules(item: str, *others: str) -> str:
    words = {"cwqi_sum": "求和", "cwqi_city": "按断面数加权"}
    parts = [f"单项指数（{standards.rule_status(item, lang='zh')}）"]
    parts += [f"{words[rule]}（{standards.rule_status(rule, lang='zh')}）" for rule in others]
    return "；".join(parts)


def _with_item_note(flags: Any, items: tuple[str, ...]) -> list[str]:
    if set(items) == set(standards.ITEM_SETS["21"]):
        return [str(flag) for flag in flags]
    note = f"按指定的{len(items)}项计算，不能与21项的CWQI比较"
    return ["；".join(part for part in (str(flag), note) if part) for flag in flags]
