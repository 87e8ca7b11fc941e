"""The trophic level index TLI(Σ) of lakes and reservoirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chaoyang_geo import standards
from chaoyang_geo.bounds import MATCH_FIRST, check_registry, unit_factors, water_kinds
from chaoyang_geo.codes import coded, optional
from chaoyang_geo.indices.groups import count_of, grouped, head, mean_values, missing_items, texts
from chaoyang_geo.schema import one_of, require, split_codes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

#: Which state an index exactly on a bound has: by the rule as remembered, or the state above.
EDGES: tuple[str, ...] = ("remembered", "upper")
_ON_EDGE = 1e-9


def trophic_index(
    means: pd.DataFrame,
    sections: pd.DataFrame,
    *,
    edge: str | None = None,
    by: Sequence[str] = ("section_code",),
) -> pd.DataFrame:
    """Compute the trophic level index TLI(Σ) of lakes and reservoirs, and its state in words.

    A river has none, and a missing item makes the index missing: ``index_flag`` says which.

    Required columns: ``means``: ``section_code``, those of ``by``, ``period``, ``item``, ``mean``; used
    where present: ``unit``, ``n_censored``, ``period_end``. ``sections``: ``section_code``, ``water_type``.

    Parameters
    ----------
    means : DataFrame
        The table of :func:`mean_readings` with chl_a, tp, tn, transparency and cod_mn, in any unit
        that converts; a number without a unit is in the rule's (mg/m3, mg/L, m).
    sections : DataFrame
        Registry that says which sections are lakes (a reservoir is a lake).
    edge : {"remembered", "upper"}, optional
        State of an index exactly on 30, 50, 60 or 70: which side a bound belongs to is not
        verified, so without ``edge`` such an index has no state. ``remembered``: 30 and 50 are
        中营养, 60 轻度, 70 中度富营养; ``upper``: always the state above.
    by : sequence of str
        Columns that name a section.

    Returns
    -------
    DataFrame, one row per ``by`` and period, in order of first appearance
        The columns of ``by``, ``period``, ``period_end``, ``tli_chl_a``, ``tli_tp``, ``tli_tn``,
        ``tli_transparency``, ``tli_cod_mn`` (indices of the items), ``tli`` (no unit, not rounded),
        ``trophic_state``, ``trophic_state_en`` (empty without one), ``items_missing``, ``index_rule``,
        ``index_flag``, ``why_zh``, ``why_en``.

    Raises
    ------
    SchemaError
        A column is missing, or an item stands twice for a section and period.
    ValueError
        Unknown ``edge``.

    Notes
    -----
    TLI(j) = 10 (a + b ln x), TLI(Σ) = sum(W_j TLI(j)), W_j = r_j^2 / sum(r^2), weights unrounded.
    Source: 总站生字〔2001〕090号, also used by 环办〔2011〕22号: verified, as are the bounds; the side that a
    bound belongs to is unverified.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.indices import trophic_index
    >>> means = pd.DataFrame({"section_code": "L1", "period": pd.Timestamp("2025-08-01"),
    ...     "item": ["chl_a", "tp", "tn", "transparency", "cod_mn"],
    ...     "unit": ["μg/L", "mg/L", "mg/L", "m", "mg/L"], "mean": [10.0, 0.05, 1.0, 1.0, 4.0]})
    >>> sections = pd.DataFrame({"section_code": ["L1"], "water_type": ["lake"]})
    >>> row = trophic_index(means, sections).iloc[0]
    >>> round(float(row["tli"]), 2), row["trophic_state"]
    (48.02, '中营养')
    """
    import numpy as np

    if edge is not None:
        one_of("edge", edge, EDGES)
    check_registry(sections, ["water_type"])
    require(means, ["section_code"], table="means", hint=MATCH_FIRST)
    parameters = standards.tli_parameters()
    items = tuple(parameters["item"])
    keys = list(dict.fromkeys(["section_code", *by]))
    groups = grouped(means, keys, items)
    wanted = np.array([*parameters["unit"], ""], dtype=object)[groups.column]
    factor = unit_factors(optional(means, "unit"), wanted)
    raw = mean_values(means)
    x = groups.laid(raw * factor, len(items))
    a, b = parameters["a"].to_numpy(), parameters["b"].to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        each = np.where(x > 0, 10 * (a + b * np.log(x)), np.nan)
    kinds = water_kinds(coded(means["section_code"]), sections)[groups.first]
    lake = kinds == 1
    each[~lake] = np.nan
    index = np.where(lake, each @ parameters["weight"].to_numpy(), np.nan)
    there = ~np.isnan(each)

    result = head(means, keys, groups)
    for place, item in enumerate(items):
        result[f"tli_{item}"] = each[:, place]
    result["tli"] = index
    states = standards.tli_states()
    bounds = states["high"].dropna().to_numpy()
    state, on_edge, near = _states(index, bounds, edge)
    result["trophic_state"] = texts(np.array([*states["state"], ""], dtype=object)[state])
    result["trophic_state_en"] = texts(np.array([*states["state_en"], ""], dtype=object)[state])
    lacking = missing_items(there | ~lake[:, None], items)
    result["items_missing"] = texts(lacking)
    rule = f"TLI(Σ)（{standards.rule_status('tli', lang='zh')}）"
    side = f"；界值归属{edge}（{standards.rule_status('tli_edges', lang='zh')}）"
    named = on_edge & (edge is not None)
    result["index_rule"] = texts(np.where(named, rule + side, rule).tolist())

    names = {lang: standards.item_names(lang) for lang in ("zh", "en")}
    censored = groups.laid((count_of(means, "n_censored") > 0).astype("float64"), len(items)) == 1
    unit_lost = groups.laid((~np.isnan(raw) & np.isnan(factor)).astype("float64"), len(items)) == 1
    flags, zh, en = [], [], []
    for k in range(len(result)):
        parts = []
        if not lake[k]:
            parts.append(
                "河流断面不评营养状态" if kinds[k] == 0 else "水体类型未登记，营养状态只评湖库"
            )
        else:
            for place, item in enumerate(items):
                if unit_lost[k, place]:
                    parts.append(
                        f"{names['zh'][item]}的单位不能换算为{_unit_of(parameters, place)}"
                    )
                elif x[k, place] <= 0:
                    parts.append(f"{names['zh'][item]}不大于0，没有对数")
            if lacking[k]:
                gone = "、".join(names["zh"][item] for item in split_codes(lacking[k]))
                parts.append(f"缺{gone}，指数不能计算")
            below = [names["zh"][item] for item, has in zip(items, censored[k], strict=True) if has]
            if below:
                parts.append(f"{'、'.join(below)}含低于检出限的读数，均值按替代值")
            if on_edge[k]:
                parts.append("指数恰在分级界值上，界值归属未核实")
            elif near[k]:
                parts.append("指数取一位小数即为分级界值")
        flags.append("；".join(parts))
        value = index[k]
        if value != value:
            zh.append(f"{parts[0] if parts else '没有数据'}。")
            en.append("No trophic index: " + _why_none(bool(lake[k]), lacking[k], names["en"]))
        else:
            words = result["trophic_state"].iloc[k] or "界值上，不定级"
            words_en = result["trophic_state_en"].iloc[k] or "on a bound, no state"
            zh.append(
                f"综合营养状态指数{value:.1f}：{words}。依据总站生字〔2001〕090号，湖库五项加权。"
            )
            en.append(f"Trophic level index {value:.1f}: {words_en}. Five items, weighted.")
    result["index_flag"] = texts(flags)
    result["why_zh"], result["why_en"] = texts(zh), texts(en)
    return result


def _unit_of(parameters: pd.DataFrame, place: int) -> str:
    """Return the unit that the rule takes an item in."""
    return str(parameters["unit"].iloc[place])


def _why_none(is_lake: bool, lacking: str, names: dict[str, str]) -> str:
    if not is_lake:
        return "only lakes and reservoirs have one."
    return f"{', '.join(names[item] for item in split_codes(lacking))} missing."


def _states(index: Floats, bounds: Floats, edge: str | None) -> tuple[Ints, Bools, Bools]:
    """Return the place of each index's state, whether it is on a bound, or rounds to one."""
    import numpy as np

    gaps = np.isnan(index)
    value = np.where(gaps, 0.0, index)
    apart = np.abs(value[:, None] - bounds[None, :])
    on_edge = ~gaps & (apart < _ON_EDGE).any(axis=1)
    nearest = bounds[apart.argmin(axis=1)] if len(value) else value
    near = ~gaps & ~on_edge & (np.round(value, 1) == nearest)
    state = np.searchsorted(bounds, np.where(on_edge, nearest, value), side="right")
    if edge == "remembered":
        # 30 is in the state above, the others in the one below
        states = standards.tli_states()
        low_in = states["low_in"].to_numpy()
        state = np.where(on_edge & ~low_in[state], state - 1, state)
    elif edge is None:
        state = np.where(on_edge, len(bounds) + 1, state)
    return np.where(gaps, len(bounds) + 1, state), on_edge, near
