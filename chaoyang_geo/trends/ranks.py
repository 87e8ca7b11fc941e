"""Rank statistics of many series at once: Kendall's S, Spearman's rs, Sen's slope.

A value below detection is an interval; two values are ordered only where their intervals
are apart, so that values below one limit are ties among themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Bools = npt.NDArray[np.bool_]

_CELLS = 4_000_000  # of a block of comparisons
EXACT_KENDALL = 10  # most values of a series whose S is looked up exactly
EXACT_SPEARMAN = 9


@dataclass
class Ranked:
    """Statistic of each series; NaN where a series has fewer than two values."""

    statistic: Floats
    p_value: Floats
    n: Ints
    tied: Bools  # some pair of values is not ordered
    ordered: Bools  # some pair of values is


def spearman(low: Floats, high: Floats) -> Ranked:
    """Correlate rank and time, one-sided p; rows are series, columns periods, NaN a gap.

    rs = 1 - 6 sum(d^2) / (N^3 - N); with ties the product-moment form over mean ranks, which
    is the same number without them. p is exact up to 9 values without ties, else by Student's
    t with N - 2 degrees of freedom.
    """
    import numpy as np
    from scipy.special import stdtr  # type: ignore[import-untyped]

    out = _empty(low)
    for rows, lows, highs, n in _dense(low, high):
        if n < 2:
            continue
        _, _, scores, tied = _compared(lows, highs)
        # mean rank less its mean is half the score
        time = np.arange(n) - (n - 1) / 2
        square = (scores**2).sum(axis=1) * (time**2).sum()
        with np.errstate(invalid="ignore", divide="ignore"):
            rs = np.where(square > 0, scores @ time / np.sqrt(square), np.nan)
            rs = np.clip(np.round(rs, 12), -1, 1)
            t = np.abs(rs) * np.sqrt((n - 2) / (1 - rs**2)) if n > 2 else np.full(len(rs), np.nan)
        p = stdtr(max(n - 2, 1), -t)
        if n <= EXACT_SPEARMAN:
            known, upper = _spearman_tail(n)
            place = np.searchsorted(known, np.round(np.abs(np.nan_to_num(rs)), 9), side="left")
            p = np.where(tied, p, upper[np.minimum(place, len(upper) - 1)])
        out.statistic[rows], out.p_value[rows], out.tied[rows] = rs, p, tied
        out.ordered[rows] = square > 0
    return out


def kendall(low: Floats, high: Floats, season: Ints) -> Ranked:
    """Sum Kendall's S over the seasons, two-sided p; one season gives Mann-Kendall.

    Var(S) is that of all orders of the scores (Kendall 1970, Rank Correlation Methods, ch. 3 and 5):
    sum(r^2) / 3 + sum(a^2) / 6 with the scores a of all ordered pairs and their row sums r.
    With equal values it is the formula with tied groups. z = (S -+ 1) / sqrt(Var). p is exact for
    one season of up to 10 values without ties.
    """
    import numpy as np
    from scipy.special import ndtr

    out = _empty(low)
    total, variance = np.zeros(len(low)), np.zeros(len(low))
    compared = np.zeros(len(low), bool)
    seasons = np.unique(season)
    for which in seasons:
        columns = season == which
        for rows, lows, highs, n in _dense(low[:, columns], high[:, columns]):
            if n < 2:
                continue
            s, var, _, tied = _compared(lows, highs)
            total[rows] += s
            variance[rows] += var
            out.tied[rows] |= tied
            compared[rows] = True
    some = variance > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (np.abs(total) - (total != 0)) / np.sqrt(variance)
    p = 2 * ndtr(-z)
    out.ordered[:] = some
    if len(seasons) == 1:
        for n in range(2, EXACT_KENDALL + 1):
            rows = np.flatnonzero((out.n == n) & ~out.tied)
            if len(rows):
                p[rows] = _kendall_tail(n)[np.abs(total[rows]).astype(np.int64)]
    out.statistic[:] = np.where(compared, total, np.nan)
    # without any ordered pair nothing speaks for a trend
    out.p_value[:] = np.where(some, p, np.where(compared, 1.0, np.nan))
    return out


def sen_slope(value: Floats, time: Floats, season: Ints) -> Floats:
    """Median of the slopes between all pairs of values of one season (Sen 1968, Hirsch 1982)."""
    import numpy as np

    result = np.full(len(value), np.nan)
    seasons = [np.flatnonzero(season == which) for which in np.unique(season)]
    pairs = [np.triu_indices(len(columns), 1) for columns in seasons]
    width = sum(len(first) for first, _ in pairs)
    if not width:
        return result
    left = np.concatenate([columns[i] for columns, (i, _) in zip(seasons, pairs, strict=True)])
    right = np.concatenate([columns[j] for columns, (_, j) in zip(seasons, pairs, strict=True)])
    step = time[right] - time[left]
    for here in _blocks(len(value), width):
        slopes = (value[here][:, right] - value[here][:, left]) / step
        result[here] = row_medians(slopes)
    return result


def lag_one(residual: Floats, adjacent: Bools) -> tuple[Floats, Ints]:
    """Return the correlation of neighbouring residuals, and the number of pairs it rests on.

    ``adjacent``: whether the next column is the next period.
    """
    import numpy as np

    product = residual[:, :-1] * residual[:, 1:]
    product = product[:, adjacent]
    n_pairs = (~np.isnan(product)).sum(axis=1)
    count = np.maximum((~np.isnan(residual)).sum(axis=1), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.nansum(residual**2, axis=1) / count
        r = np.nansum(product, axis=1) / n_pairs / spread
    return np.where(np.isfinite(r), r, np.nan), n_pairs.astype(np.int64)


def row_medians(values: Floats) -> Floats:
    """Return the median of every row, without its gaps; NaN for a row of gaps."""
    import numpy as np

    gaps = np.isnan(values)
    if not gaps.any() and values.shape[1]:
        whole: Floats = np.median(values, axis=1)
        return whole
    result = np.full(len(values), np.nan)
    count = values.shape[1] - gaps.sum(axis=1)
    ordered = np.sort(values, axis=1)
    rows = np.flatnonzero(count)
    middle = ordered[rows, (count[rows] - 1) // 2] + ordered[rows, count[rows] // 2]
    result[rows] = middle / 2
    return result


def _empty(low: Floats) -> Ranked:
    import numpy as np

    n = (~np.isnan(low)).sum(axis=1).astype(np.int64)
    gaps = np.full(len(low), np.nan)
    return Ranked(gaps, gaps.copy(), n, np.zeros(len(low), bool), np.zeros(len(low), bool))


def _blocks(n_rows: int, width: int) -> Iterator[slice]:
    step = max(1, _CELLS // max(width, 1))
    for start in range(0, n_rows, step):
        yield slice(start, start + step)


def _dense(low: Floats, high: Floats) -> Iterator[tuple[Ints, Floats, Floats, int]]:
    """Yield blocks of series of one number of values, without gaps, in order of time."""
    import numpy as np

    gaps = np.isnan(low)
    count = low.shape[1] - gaps.sum(axis=1)
    for n in np.unique(count).tolist():
        rows = np.flatnonzero(count == n)
        for here in _blocks(len(rows), n * n):
            block = rows[here]
            order = np.argsort(gaps[block], axis=1, kind="stable")[:, :n]
            at = block[:, None]
            yield block, low[at, order], high[at, order], n


def _compared(low: Floats, high: Floats) -> tuple[Floats, Floats, Floats, Bools]:
    """Return S, its variance, the score of every value, and whether any pair is not ordered."""
    import numpy as np

    n = low.shape[1]
    # above[s, i, j]: value j lies surely above value i
    above = low[:, None, :] > high[:, :, None]
    inside = high > low
    if inside.any():
        # an interval does not hold its upper end: "<0.01" lies below 0.01
        above |= (low[:, None, :] == high[:, :, None]) & inside[:, :, None]
    later = np.triu(np.ones((n, n), bool), 1)
    total = above.sum(axis=(1, 2)).astype(np.float64)
    rising = (above & later).sum(axis=(1, 2)).astype(np.float64)
    scores = (above.sum(axis=1) - above.sum(axis=2)).astype(np.float64)
    variance = (scores**2).sum(axis=1) / 3 + total / 3
    return 2 * rising - total, variance, scores, total < n * (n - 1) / 2


@cache
def _kendall_tail(n: int) -> Floats:
    """Two-sided p of |S| for n values without ties: the orders are counted by inversions."""
    import numpy as np

    ways = np.ones(1)
    for k in range(2, n + 1):
        ways = np.convolve(ways, np.ones(k))
    pairs = n * (n - 1) // 2
    share = ways / ways.sum()
    tail = np.full(pairs + 1, np.nan)
    for s in range(pairs + 1):
        least = (pairs + s + 1) // 2  # S = 2 x (rising pairs) - pairs
        tail[s] = 1.0 if s == 0 else min(1.0, 2 * share[least:].sum())
    return tail


@cache
def _spearman_tail(n: int) -> tuple[Floats, Floats]:
    """Values of |rs| for n values without ties, and the share of orders with at least that rs."""
    import numpy as np

    orders = np.zeros((1, 1), np.int8)
    for k in range(1, n):
        # put the new rank into every place of every order
        parts = [np.insert(orders, place, k, axis=1) for place in range(k + 1)]
        orders = np.concatenate(parts)
    squares = ((orders.astype(np.int64) - np.arange(n)) ** 2).sum(axis=1)
    rs, count = np.unique(np.round(1 - 6 * squares / (n**3 - n), 9), return_counts=True)
    upper = count[::-1].cumsum()[::-1] / count.sum()
    # the place of |rs| = 0 is the middle, where p is the share of orders with rs >= 0
    return rs, upper
