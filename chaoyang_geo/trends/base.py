"""Which row of a table is the base that another is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.bounds import key_numbers, period_seconds, require_once
from chaoyang_geo.schema import require

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Ints = npt.NDArray[np.int64]

_PREVIOUS, _LAST_YEAR = "previous", "last_year"
_NO_TIME = -(1 << 63)


@dataclass
class Base:
    """The row of the base period for every row, or -1; its begin; why there is none."""

    row: Ints
    period: npt.NDArray[np.datetime64]
    reasons: list[str]  # the first where there is none, the second (empty) where there is one
    reason: Ints  # place of every row in the reasons


def base_rows(
    table: pd.DataFrame, keys: list[str], with_: Any, *, name: str, once: bool = True
) -> Base:
    """Find for every row the row of the same keys in the base period.

    ``name`` is what messages call the table; ``once``: every key stands in one row of a period.
    """
    import numpy as np
    import pandas as pd

    begin = period_seconds(table, "period", table=name)
    group, _ = key_numbers(table, keys)
    found, place = np.unique(begin, return_inverse=True)
    size = max(len(found), 1)
    key = group * size + place
    if once:
        require_once(key, table, [*keys, "period"], table=name)
    wanted, word = _base_begins(table, begin, with_, name)
    where = np.searchsorted(found, wanted).clip(max=size - 1) if len(found) else wanted
    there = (found[where] == wanted) if len(found) else np.zeros(0, bool)
    rows = pd.Series(np.arange(len(table)), index=key)
    rows = rows[~rows.index.duplicated()]
    row = rows.reindex(np.where(there, group * size + where, -1)).to_numpy("float64")
    row = np.where(np.isnan(row), -1, row).astype(np.int64)
    is_self = row == np.arange(len(table))
    row[is_self] = -1
    period = np.full(len(table), np.datetime64("NaT"), "datetime64[s]")
    real = wanted != _NO_TIME
    period[real] = wanted[real].astype("datetime64[s]")
    reasons = [f"{word}没有数据，未比较", "", "本期即基期"]
    return Base(row, period, reasons, np.where(is_self, 2, (row >= 0).astype(np.int64)))


def _base_begins(table: pd.DataFrame, begin: Ints, with_: Any, name: str) -> tuple[Ints, str]:
    """Return the begin of the base period for every row, and what it is called."""
    import numpy as np
    import pandas as pd

    n = len(table)
    if isinstance(with_, str) and with_ == _PREVIOUS:
        require(
            table, ["period_end"], table=name,
            hint="The period before is the one that ends where this one begins.",
        )  # fmt: skip
        if not n:
            return begin, "上一时段"
        ends = table["period_end"].to_numpy().astype("datetime64[s]").astype(np.int64)
        # a period that ends where this one begins
        begin_of = pd.Series(begin, index=ends)
        begin_of = begin_of[~begin_of.index.duplicated()].drop(_NO_TIME, errors="ignore")
        found = begin_of.reindex(begin)
        wanted = np.where(found.isna(), _NO_TIME, found.fillna(0)).astype(np.int64)
        return wanted, "上一时段"
    if isinstance(with_, str) and with_ == _LAST_YEAR:
        return _shifted(begin, None), "去年同期"
    text = str(with_)
    if isinstance(with_, int | np.integer) or (text.isdigit() and len(text) == 4):
        year = int(with_)
        if not 1900 <= year <= 2200:
            raise ValueError(f"with_={with_!r} is no year; use one such as 2020.")
        return _shifted(begin, year), f"{year}年同期"
    try:
        moment = pd.Timestamp(with_)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"with_={with_!r} is not an option; use 'previous', 'last_year', a year such as 2020, "
            "or the begin of a period such as '2020-01-01'."
        ) from error
    seconds = int(moment.to_datetime64().astype("datetime64[s]").astype(np.int64))
    return np.full(n, seconds, np.int64), f"基期{moment:%Y-%m-%d}"


def _shifted(begin: Ints, year: int | None) -> Ints:
    """Return the same day and hour of another year, by default the one before."""
    import numpy as np

    moments = begin.astype("datetime64[s]")
    months = moments.astype("datetime64[M]")
    years = months.astype("datetime64[Y]")
    of_year = months.astype(np.int64) - years.astype("datetime64[M]").astype(np.int64)
    target = years.astype(np.int64) - 1 if year is None else np.full(len(begin), year - 1970)
    new = (target * 12 + of_year).astype("datetime64[M]")
    shifted = new.astype("datetime64[s]") + (moments - months.astype("datetime64[s]"))
    # 29 February has no like
    shifted[shifted.astype("datetime64[M]") != new] = np.datetime64("NaT")
    seconds: Ints = shifted.astype(np.int64)
    return seconds
