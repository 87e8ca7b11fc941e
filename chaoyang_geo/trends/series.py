"""The trend of each item of each section over many periods, in numbers and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.bounds import (
    item_senses,
    key_numbers,
    number_column,
    period_seconds,
    require_once,
)
from chaoyang_geo.schema import SchemaError, one_of, require
from chaoyang_geo.trends import ranks

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from chaoyang_geo.trends.ranks import Bools, Floats, Ints

#: Tests of a trend, and the fewest periods that each is tried on unless the caller says else.
METHODS: dict[str, int] = {"spearman": 5, "mann_kendall": 5, "seasonal_kendall": 24}

UNDECIDED = "不能判定"
DIRECTIONS: tuple[str, ...] = ("上升", "下降", "无显著趋势", UNDECIDED)

_WORDS = {
    "上升": "rising",
    "下降": "falling",
    "无显著趋势": "no significant trend",
    UNDECIDED: "cannot be decided",
    "变好": "water quality improves",
    "变差": "water quality worsens",
    "极显著": "highly significant",
    "显著": "significant",
    "不显著": "not significant",
    "": "",
}
_LEVEL_WORDS = ("不显著", "显著", "极显著")
_ALPHAS = (0.05, 0.01)
_MOST_SEASONS = 36  # periods of a year: ten-day periods at most
_SERIES_CELLS = 8_000_000  # series x periods that are laid out at once
_LAG_PAIRS = 10

TREND_COLUMNS: tuple[str, ...] = (
    "first_period", "last_period", "n_periods", "n_periods_missing", "n_periods_censored", "trend_method", "statistic",
    "p_value", "p_sides", "criterion", "slope_per_year", "slope_low", "slope_high", "lag_1",
    "trend_direction", "significance", "meaning", "trend_flag", "why_zh", "why_en",
)  # fmt: skip


def trend(
    means: pd.DataFrame,
    *,
    method: str = "spearman",
    by: Sequence[str] = ("section_code",),
    alpha: float = 0.05,
    min_n: int | None = None,
    critical: str = "common",
    standard: Any = "gb3838",
) -> pd.DataFrame:
    """Test each item of each section for a trend over the periods, and measure its slope.

    Gaps are allowed. Nothing is rounded. A mean that holds values below detection is the
    interval from ``mean_low`` to ``mean_high``: it is ordered only against means outside it, so
    that values below one limit are ties. The test is repeated with every such value as zero and as
    its limit; where direction or significance differ, nothing is decided and ``trend_flag`` says so.

    Required columns: those of ``by``, ``period``, ``item``, ``mean``; where ``n_censored`` is not
    zero also ``mean_low``, ``mean_high``; used where present: ``unit``, ``period_end``, ``n``,
    ``n_above``.

    Parameters
    ----------
    means : DataFrame, one row per ``by``, period, item and unit
        The table of :func:`mean_readings`, of one kind of period.
    method : {"spearman", "mann_kendall", "seasonal_kendall"}
        Rank correlation with time, one-sided; Mann-Kendall, two-sided; the same with the
        periods of a year compared only among themselves (for months and quarters).
    by : sequence of str
        Columns that name a section.
    alpha : {0.05, 0.01}
        Level at which ``trend_direction`` is given.
    min_n : int, optional
        Fewest periods with a mean; by default 5 (the first row of the critical values), for
        ``seasonal_kendall`` 24. No rule text sets it.
    critical : {"common", "legacy"}
        Table of critical values for ``spearman``, see
        :func:`chaoyang_geo.standards.spearman_critical`. ``legacy`` is unverified.
    standard
        Says whether rising is worse, see :func:`chaoyang_geo.standards.limits`.

    Returns
    -------
    DataFrame, one row per ``by``, item and unit, in order of first appearance
        The columns of ``by``, ``item``, ``unit``, ``first_period``, ``last_period``, ``n_periods`` (those
        with a mean), ``n_periods_missing`` (between first and last without one),
        ``n_periods_censored`` (with a value below detection), ``trend_method``, ``statistic`` (rs, or
        Kendall's S), ``p_value``, ``p_sides`` (1 or 2), ``criterion`` (what was compared with what),
        ``slope_per_year`` (Sen, in ``unit`` a year), ``slope_low``, ``slope_high`` (least and
        greatest slope of the three ways to count values below detection), ``lag_1`` (correlation of
        neighbouring residuals), ``trend_direction`` (上升, 下降, 无显著趋势, 不能判定), ``significance``
        (极显著 at 0.01, 显著 at 0.05, 不显著), ``meaning`` (变好, 变差; empty without a trend, and
        for items like pH that have no better direction), ``trend_flag``, ``why_zh``, ``why_en``.

    Raises
    ------
    SchemaError
        A column is missing, or a section, item and period stand in two rows.
    ValueError
        Unknown option; ``seasonal_kendall`` for periods that do not come back every year.

    Notes
    -----
    Spearman: rs = 1 - 6 sum(d^2) / (N^3 - N), |rs| against the one-sided critical value for N = 5 to
    30 (verified in two tables or more), rounded to the three digits of the table; beyond the
    table Student's t. That 环办〔2011〕22号 asks for it, with a table of its own, is unverified.
    Mann-Kendall: Mann 1945, Kendall 1970; seasonal: Hirsch, Slack and Smith 1982 (seasons taken as
    independent: ``lag_1`` is noted where it is large); slope: Sen 1968. Values below detection as ties
    below their limit: Gilbert 1987, ch. 16; Helsel 2012, ch. 12. Textbook methods, no rule.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.trends import trend
    >>> means = pd.DataFrame({
    ...     "section_code": "S1", "period": pd.to_datetime([f"{y}-01-01" for y in range(2019, 2025)]),
    ...     "item": "tp", "unit": "mg/L", "mean": [0.30, 0.28, 0.25, 0.26, 0.22, 0.20]})
    >>> row = trend(means).iloc[0]
    >>> round(float(row["statistic"]), 3), row["trend_direction"], row["significance"], row["meaning"]
    (-0.943, '下降', '极显著', '变好')
    >>> round(float(row["slope_per_year"]), 3), row["criterion"]
    (-0.02, '|rs|≥0.829（N=6，单侧0.05，临界值表）')
    """
    import numpy as np

    one_of("method", method, METHODS)
    one_of("alpha", alpha, _ALPHAS)
    one_of("critical", critical, ("common", "legacy"))
    series = _laid_out(means, list(by))
    least = METHODS[method] if min_n is None else min_n
    if least < 3:
        raise ValueError(f"min_n={min_n!r} is too few: a trend needs three periods or more.")
    season = series.season if method == "seasonal_kendall" else np.zeros_like(series.season)
    if method == "seasonal_kendall" and len(np.unique(season)) > _MOST_SEASONS:
        raise ValueError(
            f"method='seasonal_kendall' needs periods that come back every year; these begin on "
            f"{len(np.unique(season))} different days of the year. Average to months or quarters "
            "first: mean_readings(readings, period='month')."
        )
    table = standards.spearman_critical(source=critical) if method == "spearman" else None
    n_series = len(series.first)
    step = max(1, _SERIES_CELLS // max(len(series.time), 1))
    parts = [
        _tested(series, np.arange(start, min(start + step, n_series)), season, method, table)
        for start in range(0, max(n_series, 1), step)
    ]
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    enough = found["n"] >= least
    wanted = 1 if alpha == 0.05 else 2
    # every way to count what lies below detection must say the same
    signed, with_zero, with_limit = (
        np.where(found[f"level{way}"] >= wanted, found[f"sign{way}"], 0)
        for way in ("", "_zero", "_limit")
    )
    hidden = enough & (found["n_censored"] > 0)
    split = hidden & ((with_zero != signed) | (with_limit != signed))
    blind = hidden & (found["all_below"] | ~found["ordered"])
    decided = enough & ~split & ~blind
    place = np.where(~decided, 3, np.where(signed > 0, 0, np.where(signed < 0, 1, 2)))
    for name in ("statistic", "p_value", "slope_per_year", "slope_low", "slope_high", "lag_1"):
        found[name] = np.where(enough, found[name], np.nan)

    items = [str(text) for text in means["item"].iloc[series.first]]
    senses = item_senses(standard)
    sense = np.array([senses.get(item, 0) for item in items], np.int64)
    worse = sense * np.where(place == 0, 1, np.where(place == 1, -1, 0))
    heads = [*by, "item", *(["unit"] if "unit" in means else [])]
    result = means[heads].iloc[series.first].reset_index(drop=True)
    periods = series.periods
    result["first_period"] = periods[found["first"]]
    result["last_period"] = periods[found["last"]]
    for name, counted in (("", "n"), ("_missing", "n_missing"), ("_censored", "n_censored")):
        result[f"n_periods{name}"] = found[counted]
    result["trend_method"] = _texts([method] * n_series)
    result["statistic"] = found["statistic"]
    result["p_value"] = found["p_value"]
    result["p_sides"] = np.full(n_series, 1 if method == "spearman" else 2, np.int64)
    result["criterion"] = _texts(_criteria(method, found, wanted, enough, table))
    for name in ("slope_per_year", "slope_low", "slope_high", "lag_1"):
        result[name] = found[name]
    result["trend_direction"] = _texts(DIRECTIONS[k] for k in place)
    levels = np.where(decided, found["level"], -1)
    result["significance"] = _texts(_LEVEL_WORDS[k] if k >= 0 else "" for k in levels)
    result["meaning"] = _texts(("变好", "", "变差")[k + 1] for k in worse)
    flags = _flags(found, method, least, {"split": split, "blind": blind, "enough": enough}, series)
    result["trend_flag"] = _texts(flags)
    for lang in ("zh", "en"):
        result[f"why_{lang}"] = _texts(_reasons(result, lang))
    return result[[*heads, *TREND_COLUMNS]]


@dataclass
class _Series:
    """The means laid out: which row of the table is in which series and period."""

    of_row: Ints
    column: Ints
    first: Ints  # a row of the table for each series
    periods: npt.NDArray[np.datetime64]
    time: Floats  # years
    season: Ints
    place: Ints  # number of each period in its calendar, where that is regular
    adjacent: Bools  # whether the next period begins where this one ends
    within_year: bool
    low: Floats
    value: Floats
    high: Floats
    censored: Bools
    all_below: Bools
    above: Bools


def _laid_out(means: pd.DataFrame, by: list[str]) -> _Series:
    """Check the table and number its series and periods."""
    import numpy as np
    import pandas as pd

    require(
        means, [*by, "period", "item", "mean"], table="means",
        hint="Average first: mean_readings(readings).",
    )  # fmt: skip
    keys = [*by, "item", *(["unit"] if "unit" in means else [])]
    number, _ = key_numbers(means, keys)
    of_row, _ = pd.factorize(number)
    seconds = period_seconds(means, "period", table="means")
    found, column = np.unique(seconds, return_inverse=True)
    column = column.astype(np.int64)
    cell = of_row.astype(np.int64) * max(len(found), 1) + column
    require_once(cell, means, [*keys, "period"], table="means")
    first = np.flatnonzero(~pd.Series(of_row).duplicated().to_numpy())

    value = number_column(means, "mean", table="means")
    n = len(means)
    counts = {
        name: number_column(means, name, table="means") if name in means else np.zeros(n)
        for name in ("n_censored", "n_above")
    }
    censored = np.nan_to_num(counts["n_censored"]) > 0
    low, high = value.copy(), value.copy()
    if censored.any():
        require(
            means, ["mean_low", "mean_high"], table="means",
            hint="Some means hold values below detection (n_censored), and their bounds are needed: "
            "take the table from mean_readings.",
        )  # fmt: skip
        for name, bound in (("mean_low", low), ("mean_high", high)):
            bound[censored] = number_column(means, name, table="means")[censored]
        # a value above range leaves the upper end open; the mean without it is flagged as such
        beyond = np.nan_to_num(counts["n_above"]) > 0
        low = np.where(beyond, np.fmin(low, value), low)
        high = np.where(beyond, np.fmax(high, value), high)
        wrong = censored & ~np.isnan(value) & ~(low <= high)
        if wrong.any():
            raise SchemaError(
                f"means: row {int(wrong.argmax()) + 1} holds values below detection, but mean_low "
                "is missing or above mean_high; take the table from mean_readings."
            )
    low[np.isnan(value)], high[np.isnan(value)] = np.nan, np.nan
    every = number_column(means, "n", table="means") if "n" in means else np.full(n, np.nan)
    all_below = censored & ((counts["n_censored"] >= every) | ((low == 0) & (high > 0)))

    periods = found.astype("datetime64[s]")
    index = pd.DatetimeIndex(periods)
    days = (index + pd.offsets.MonthEnd(0)).day.to_numpy()
    time = index.year.to_numpy() + (index.month.to_numpy() - 1) / 12
    time = time + (index.day.to_numpy() - 1) / days / 12
    season = index.month.to_numpy().astype(np.int64) * 32 + index.day.to_numpy()
    ends = np.full(len(found), np.iinfo(np.int64).min)
    if "period_end" in means and len(means):
        ends[column] = means["period_end"].to_numpy().astype("datetime64[s]").astype(np.int64)
        adjacent = ends[:-1] == found[1:]
        place = _places(found, ends)
    else:
        place = np.arange(len(found))
        adjacent = np.ones(max(len(found) - 1, 0), bool)
    years = index.year.to_numpy()
    return _Series(
        of_row.astype(np.int64), column, first, periods, time, season, place, adjacent,
        bool(len(np.unique(years)) < len(years)),
        low, value, high, censored, all_below, np.nan_to_num(counts["n_above"]) > 0,
    )  # fmt: skip


def _places(begins: Ints, ends: Ints) -> Ints:
    """Number the periods by their calendar, so that one that no row has is counted as a gap."""
    import numpy as np

    first = begins[0]
    moments = [values.astype("datetime64[s]") for values in (begins, ends)]
    months = [values.astype("datetime64[M]") for values in moments]
    if all((m.astype("datetime64[s]") == s).all() for m, s in zip(months, moments, strict=True)):
        length = (months[1] - months[0]).astype(np.int64)
        since = (months[0] - months[0][0]).astype(np.int64)
    else:
        length, since = ends - begins, begins - first
    if (length == length[0]).all() and length[0] > 0 and (since % length[0] == 0).all():
        regular: Ints = since // length[0]
        return regular
    return np.arange(len(begins))


def _tested(
    series: _Series, which: Ints, season: Ints, method: str, table: pd.DataFrame | None
) -> dict[str, Any]:
    """Test a block of series: as intervals, and with zero and the limit below detection."""
    import numpy as np

    n_periods = len(series.time)
    rows = np.flatnonzero(np.isin(series.of_row, which)) if len(which) else np.zeros(0, np.int64)
    at = (series.of_row[rows] - (which[0] if len(which) else 0), series.column[rows])

    def grid(values: Floats) -> Floats:
        laid = np.full((len(which), n_periods), np.nan)
        laid[at] = values[rows]
        return laid

    low, value, high = grid(series.low), grid(series.value), grid(series.high)
    there = ~np.isnan(value)
    censored = grid(series.censored.astype(np.float64)) == 1
    censored &= there
    below = grid(series.all_below.astype(np.float64)) == 1

    def test(lower: Floats, upper: Floats) -> tuple[ranks.Ranked, Ints]:
        spearman = method == "spearman"
        ranked = ranks.spearman(lower, upper) if spearman else ranks.kendall(lower, upper, season)
        return ranked, _levels(ranked, table)

    ranked, level = test(low, high)
    slope = ranks.sen_slope(value, series.time, season)
    out: dict[str, Any] = {
        "n": ranked.n,
        "statistic": ranked.statistic,
        "p_value": ranked.p_value,
        "tied": ranked.tied,
        "level": level,
        "sign": _signs(ranked),
        "ordered": ranked.ordered,
        "slope_per_year": slope,
        "n_censored": censored.sum(axis=1).astype(np.int64),
        "all_below": there.any(axis=1) & (below | ~there).all(axis=1),
        "n_above": ((grid(series.above.astype(np.float64)) == 1) & there).sum(axis=1),
    }
    some = np.flatnonzero(out["n_censored"])
    slopes = np.tile(slope, (3, 1))
    for row, (name, bound) in enumerate((("zero", low), ("limit", high)), 1):
        out[f"sign_{name}"], out[f"level_{name}"] = out["sign"].copy(), level.copy()
        other, out[f"level_{name}"][some] = test(bound[some], bound[some])
        out[f"sign_{name}"][some] = _signs(other)
        slopes[row, some] = ranks.sen_slope(bound[some], series.time, season)
    out["slope_low"], out["slope_high"] = slopes.min(axis=0), slopes.max(axis=0)

    index = np.arange(n_periods)
    if n_periods:
        out["first"] = np.where(there, index, n_periods).min(axis=1).clip(max=n_periods - 1)
        out["last"] = np.where(there, index, -1).max(axis=1).clip(min=0)
    else:
        out["first"] = out["last"] = np.zeros(len(which), np.int64)
    span = series.place[out["last"]] - series.place[out["first"]] + 1 if n_periods else out["n"]
    span = np.where(there.any(axis=1), span, 0)
    out["n_missing"] = (span - out["n"]).astype(np.int64)
    residual = value - slope[:, None] * (series.time - (series.time.mean() if n_periods else 0.0))
    for which_season in np.unique(season):
        columns = season == which_season
        residual[:, columns] -= ranks.row_medians(residual[:, columns])[:, None]
    out["lag_1"], out["lag_pairs"] = ranks.lag_one(residual, series.adjacent)
    return out


def _signs(ranked: ranks.Ranked) -> Ints:
    import numpy as np

    signs: Ints = np.sign(np.nan_to_num(ranked.statistic)).astype(np.int64)
    return signs


def _levels(ranked: ranks.Ranked, table: pd.DataFrame | None) -> Ints:
    """Return 2 where significant at 0.01, 1 at 0.05, else 0."""
    import numpy as np

    p = np.nan_to_num(ranked.p_value, nan=1.0)
    level = (p < 0.05).astype(np.int64) + (p < 0.01)
    if table is None:
        return level
    size = np.round(np.abs(np.nan_to_num(ranked.statistic)), 3)  # the digits of the table
    for row in table.itertuples():
        here = ranked.n == row.n
        level[here] = (size[here] >= row.critical_0_05).astype(np.int64)
        level[here] += size[here] >= row.critical_0_01
    return level


def _criteria(
    method: str, found: dict[str, Any], wanted: int, enough: Bools, table: pd.DataFrame | None
) -> list[str]:
    alpha = _ALPHAS[wanted - 1]
    known: dict[int, float] = {}
    status = ""
    if table is not None:
        column = "critical_0_05" if wanted == 1 else "critical_0_01"
        known = dict(zip(table["n"].tolist(), table[column].tolist(), strict=True))
        status = "" if set(table["status"]) == {"verified"} else "，未核实"
    texts = []
    for n, tied, is_enough in zip(found["n"].tolist(), found["tied"], enough, strict=True):
        if not is_enough:
            texts.append("")
        elif method == "spearman" and n in known:
            texts.append(f"|rs|≥{known[n]:g}（N={n}，单侧{alpha:g}，临界值表{status}）")
        elif method == "spearman":
            how = "精确分布" if n <= ranks.EXACT_SPEARMAN and not tied else "t分布近似"
            texts.append(f"单侧p<{alpha:g}（N={n}，临界值表未列，{how}）")
        else:
            exact = method == "mann_kendall" and n <= ranks.EXACT_KENDALL and not tied
            texts.append(f"双侧p<{alpha:g}（{'精确分布' if exact else '正态近似'}）")
    return texts


def _flags(
    found: dict[str, Any], method: str, least: int, masks: dict[str, Bools], series: _Series
) -> list[str]:
    """Say for each series what limits the verdict."""
    import numpy as np

    many = series.within_year and method != "seasonal_kendall"
    lag = np.nan_to_num(found["lag_1"])
    pairs = found["lag_pairs"]
    linked = masks["enough"] & (pairs >= _LAG_PAIRS) & (lag > 1.645 / np.sqrt(np.maximum(pairs, 1)))
    texts = []
    for k in range(len(found["n"])):
        parts = []
        if not masks["enough"][k]:
            parts.append(f"有均值的时段只有{found['n'][k]}个，少于{least}个，未作检验")
        elif masks["blind"][k]:
            whole = found["all_below"][k]
            parts.append(f"{'全部低于检出限' if whole else '检出限使各时段不能分先后'}，不能判定")
        elif masks["split"][k]:
            parts.append("受检出限影响，不能判定")
        elif not found["ordered"][k]:
            parts.append("各时段没有可比较的差别")
        if found["n_censored"][k]:
            parts.append(f"{found['n_censored'][k]}个时段含低于检出限的读数")
        if found["n_above"][k]:
            parts.append(f"{found['n_above'][k]}个时段有高于量程的读数未计入")
        if masks["enough"][k]:
            if many:
                parts.append("时段短于一年，未扣除季节变化")
            if method == "spearman" and found["tied"][k]:
                parts.append("有相同或不能分先后的值，按平均秩")
            if linked[k]:
                parts.append(f"相邻时段残差相关{lag[k]:.2f}，显著性可能偏高")
        texts.append("；".join(parts))
    return texts


def _reasons(result: pd.DataFrame, lang: str) -> list[str]:
    """Write the reason of each trend in one paragraph."""
    names = standards.item_names(lang)
    units = result["unit"].fillna("") if "unit" in result else [""] * len(result)
    used = standards.rule_status("trend_use", lang=lang)
    rules = {
        "spearman": (
            f"斯皮尔曼秩相关（公式已核实；环办〔2011〕22号采用此法{used}）",
            f"Spearman rank correlation (formula verified; its use by Circular 22 of 2011 {used})",
        ),
        "mann_kendall": ("Mann-Kendall检验（通用统计方法）", "Mann-Kendall test (textbook method)"),
        "seasonal_kendall": (
            "季节性Mann-Kendall检验（通用统计方法）", "seasonal Mann-Kendall test (textbook method)",
        ),
    }  # fmt: skip
    rows = zip(
        result["item"].astype(str), units.astype(str) if hasattr(units, "astype") else units,
        result["first_period"], result["last_period"], result["n_periods"], result["trend_method"],
        result["statistic"], result["p_value"], result["p_sides"], result["slope_per_year"],
        result["trend_direction"], result["significance"], result["meaning"], result["criterion"],
        strict=True,
    )  # fmt: skip
    texts = []
    for (
        item, unit, first, last, n, method, statistic, p, sides, slope, direction, level, meaning,
        criterion,
    ) in rows:  # fmt: skip
        name, rule = names.get(item, item), rules[method][lang == "en"]
        symbol = "rs" if method == "spearman" else "S"
        number = f"{symbol}={statistic:.{3 if symbol == 'rs' else 0}f}".replace("nan", "-")
        p_text = "-" if p != p else f"{p:.3g}"
        of_unit = f" {unit}" if unit else ""
        span = f"{first:%Y-%m}" + ("至" if lang == "zh" else " to ") + f"{last:%Y-%m}"
        if criterion == "":
            texts.append(
                f"{name}{span}有{n}个时段，不足以判断趋势。" if lang == "zh" else
                f"{name}, {span}: {n} periods are not enough to judge a trend."
            )  # fmt: skip
        elif lang == "zh":
            verdict = direction if direction in DIRECTIONS[2:] else level + direction
            verdict += f"，水质{meaning}" if meaning else ""
            texts.append(
                f"{name}{span}共{n}个时段：{rule}，{number}，{'单侧' if sides == 1 else '双侧'}"
                f"p={p_text}，判据{criterion}；Sen斜率{slope:.4g}{of_unit}/年。{verdict}。"
            )
        else:
            verdict = _WORDS[direction]
            if direction in DIRECTIONS[:2]:
                verdict = f"{_WORDS[level]}: {verdict}"
            verdict += f"; {_WORDS[meaning]}" if meaning else ""
            texts.append(
                f"{name}, {span}, {n} periods: {rule}, {number}, {'one' if sides == 1 else 'two'}-"
                f"sided p = {p_text}; Sen slope {slope:.4g}{of_unit} a year. {verdict.capitalize()}."
            )
    return texts


def _texts(values: Any) -> Any:
    import pandas as pd

    return pd.array([str(value) for value in values], dtype="str")
