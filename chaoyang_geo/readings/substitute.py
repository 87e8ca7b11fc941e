"""A number for a value below detection: explicit, and recorded beside every value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chaoyang_geo import standards
from chaoyang_geo.schema import CLASSES, one_of, require

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

#: What a value below detection becomes, as a share of its limit; NaN: it stays missing.
POLICIES: dict[str, float] = {
    "half_limit": 0.5,
    "limit": 1.0,
    "zero": 0.0,
    "sqrt2": 1 / math.sqrt(2),
    "drop": math.nan,
}

_MISSING = ("", "nan", "None", "<NA>")
_SENTENCES = {
    "half_limit": "低于检出限，按检出限的一半计",
    "limit": "低于检出限，按检出限计",
    "zero": "低于检出限，按零计",
    "sqrt2": "低于检出限，按检出限除以√2计",
    "drop": "低于检出限，按选定规则不参加计算",
}


def substitute(
    readings: pd.DataFrame,
    *,
    policy: str = "half_limit",
    standard: str = "gb3838",
    water_type: str = "river",
) -> pd.DataFrame:
    """Give values below detection a number, by a policy that is named and recorded.

    Required columns: ``item``, ``value``, ``censored``, ``detection_limit``; used where
    present: ``unit``, ``water_type``, ``reading_flag``.

    Parameters
    ----------
    readings : DataFrame, n rows
        The long table of :func:`chaoyang_geo.read_readings`.
    policy : {"half_limit", "limit", "zero", "sqrt2", "drop"}
        What a value below detection becomes: half its limit, the limit, zero, the limit
        over the root of 2, or nothing: with ``drop`` the row keeps its place, its value
        stays missing, and whoever takes means passes over it.
    standard : str
        Key of the standard that ``limit_doubt`` compares with.
    water_type : {"river", "lake"}
        Limits for rows without their own ``water_type``.

    Returns
    -------
    DataFrame, n rows: the input with ``value`` filled where ``censored`` is ``'<'`` and a

        limit is written, and ``substituted`` (the policy per value, ``''`` elsewhere),
        ``limit_doubt`` (why a detection limit is too high to decide a class, else ``''``)
        and ``reading_flag`` with a sentence for each value filled. ``state``,
        ``censored`` and ``detection_limit`` stay, so that the class of a value below
        detection is still judged over its whole range and is never Ⅰ by substitution.
        Above-range values, and ``未检出`` without a limit, are left missing.

    Raises
    ------
    SchemaError
        A required column is missing.
    ValueError
        Unknown ``policy``, ``standard`` or ``water_type``.

    Notes
    -----
    Half the limit is the rule for evaluation and statistics: 环办监测函〔2020〕82号, point 7.
    SL 219-2013, 12.2.5 has the same for annual means and zero for load totals; for loads
    say ``policy="zero"``. ``sqrt2`` and ``limit`` are common elsewhere and have no Chinese
    rule behind them.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.readings.substitute import substitute
    >>> readings = pd.DataFrame({"item": ["tp", "tp"], "value": [0.1, None], "unit": "mg/L",
    ...                          "censored": ["", "<"], "detection_limit": [None, 0.05]})
    >>> filled = substitute(readings)
    >>> filled[["value", "substituted"]].values.tolist()
    [[0.1, ''], [0.025, 'half_limit']]
    >>> filled["limit_doubt"][1]
    '检出限0.05高于Ⅰ类限值0.02，不能判定是否达到Ⅰ类'
    """
    import numpy as np

    one_of("policy", policy, POLICIES)
    one_of("water_type", water_type, ("river", "lake"))
    require(readings, ["item", "value", "censored", "detection_limit"], table="readings")
    result = readings.copy()
    n = len(result)
    limits = result["detection_limit"].to_numpy(dtype="float64", na_value=np.nan)
    below = (result["censored"] == "<").to_numpy(dtype=bool, na_value=False)
    filled = below & ~np.isnan(limits)
    share = POLICIES[policy]
    if not math.isnan(share):
        values = result["value"].to_numpy(dtype="float64", na_value=np.nan, copy=True)
        values[filled] = limits[filled] * share
        result["value"] = values
    # 0 nothing, 1 treated by the policy, 2 no limit to go by
    codes = np.zeros(n, dtype="int64")
    codes[filled if policy != "drop" else below] = 1
    codes[below & (codes == 0)] = 2
    sentences = ["", _SENTENCES[policy], "未注明检出限，无从替代"]
    result["substituted"] = _category(np.where(codes == 1, 1, 0), ["", policy])
    result["limit_doubt"] = _limit_doubts(result, limits, below, standard, water_type)
    previous = result.get("reading_flag")
    result["reading_flag"] = _added(previous, codes, sentences)
    return result


def _category(codes: npt.NDArray[np.int64], texts: list[str]) -> pd.Categorical:
    """Build a category from codes; only texts that occur are categories."""
    import numpy as np
    import pandas as pd

    used = np.flatnonzero(np.bincount(codes, minlength=len(texts)))
    place = np.zeros(len(texts), dtype="int64")
    place[used] = np.arange(len(used))
    merged: dict[str, int] = {}
    back = [merged.setdefault(texts[int(i)], len(merged)) for i in used]
    order = np.array(back or [0], dtype="int64")
    dtype = pd.CategoricalDtype(pd.Index(list(merged), dtype="str"))
    return pd.Categorical.from_codes(order[place[codes]] if len(codes) else codes, dtype=dtype)


def _added(
    previous: pd.Series | None, codes: npt.NDArray[np.int64], sentences: list[str]
) -> pd.Categorical:
    """Join the sentences to the flags, each distinct pair once."""
    import pandas as pd

    if previous is None:
        return _category(codes, sentences)
    old, texts = _coded(previous)
    place, pairs = pd.factorize(old * len(sentences) + codes)
    joined = []
    for pair in pairs.tolist():
        flag, sentence = texts[pair // len(sentences)], sentences[pair % len(sentences)]
        new = sentence and sentence not in flag.split("；")
        joined.append("；".join(part for part in (flag, sentence if new else "") if part))
    return _category(place.astype("int64"), joined)


def _coded(column: pd.Series) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return a column of text as codes into its texts; a missing text is ``''``."""
    import numpy as np
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, found = column.cat.codes.to_numpy().astype("int64"), column.cat.categories
    else:
        codes, found = pd.factorize(column)
    # the last text stands for code -1
    return np.where(codes < 0, len(found), codes).astype("int64"), [*map(str, found), ""]


def _limit_doubts(
    readings: pd.DataFrame,
    limits: npt.NDArray[np.float64],
    below: npt.NDArray[np.bool_],
    standard: str,
    water_type: str,
) -> pd.Categorical:
    """Say for each value below detection which class its limit is too high to show."""
    import numpy as np
    import pandas as pd

    rules = standards.limits(standard)
    rules = rules[rules["direction"] == "max"]
    texts = [""]
    codes = np.zeros(len(readings), dtype="int64")
    rows = np.flatnonzero(below & ~np.isnan(limits))
    cases, texts_of = pd.factorize(limits[rows])[0].astype("int64"), {}
    for name in ("item", "unit", "water_type"):
        if name in readings:
            found, texts_of[name] = _coded(readings[name].iloc[rows])
            cases = pd.factorize(cases * len(texts_of[name]) + found)[0].astype("int64")
    number, _ = pd.factorize(cases)
    first = rows[~pd.Series(number).duplicated().to_numpy()]
    for place, row in enumerate(first.tolist()):
        case = {name: str(readings[name].iloc[row]) for name in texts_of}
        limit = float(limits[row])
        kind = case.get("water_type")
        kind = kind if kind in ("river", "lake") else water_type
        own = rules[(rules["item"] == case["item"]) & rules["water_type"].isin(("all", kind))]
        if own.empty or case.get("unit", "") not in (*_MISSING, own["unit"].iloc[0]):
            continue
        bounds = [float(own[column].iloc[0]) for column in standards.LIMIT_COLUMNS]
        over = [rank for rank, bound in enumerate(bounds) if limit > bound]
        if over and bounds[over[0]] > 0:
            best, last = CLASSES[over[0]], CLASSES[over[-1]]
            span = f"{best}类" if best == last else f"{best}至{last}类"
            printed = f"{bounds[over[-1]]:g}"
            texts.append(f"检出限{limit:.12g}高于{last}类限值{printed}，不能判定是否达到{span}")
            codes[rows[number == place]] = len(texts) - 1
    return _category(codes, texts)
