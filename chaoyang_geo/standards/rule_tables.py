"""The rules of evaluation and statistics as data: what each says, its source, how far checked.

A limit belongs to a standard (:func:`chaoyang_geo.standards.limits`); a rule says how values
become classes, means, ratings and indices. Functions look their status up here, so that an
unverified rule never acts without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

from chaoyang_geo.schema import one_of
from chaoyang_geo.standards.tables import numbers, table

if TYPE_CHECKING:
    import pandas as pd

#: How far a rule is checked, surest first, and the same in Chinese.
STATUSES: dict[str, str] = {
    "verified": "已核实",
    "single source": "单一来源",
    "derived": "推导",
    "unverified": "未核实",
    "not found": "未见条文",
}


def rules(*, status: str | None = None, used_by: str | None = None) -> pd.DataFrame:
    """Return the rules that the library follows or offers, with source and status.

    Parameters
    ----------
    status : str, optional
        Only rules of this status: ``verified`` (two sources or more agree), ``single
        source``, ``derived`` (follows from another rule), ``unverified`` (from memory, an
        option only), ``not found`` (no text was found: a parameter without legal basis).
    used_by : str, optional
        Only rules that this function follows.

    Returns
    -------
    DataFrame, one row per rule
        ``rule`` (its id), ``source``, ``source_en`` (empty where no text was found),
        ``status``, ``rule_zh``, ``rule_en`` (in our own words), ``used_by`` (names of
        functions, joined by ``;``; empty where none uses it).

    Raises
    ------
    ValueError
        Unknown ``status``.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> table = standards.rules(used_by="rate_basin")
    >>> table.set_index("rule").loc["river_ge5_edge", "status"]
    'derived'
    """
    found = table("rules.csv")
    if status is not None:
        one_of("status", status, STATUSES)
        found = found[found["status"] == status]
    if used_by is not None:
        users = found["used_by"].str.split(";")
        found = found[[used_by in names for names in users]]
    return found.reset_index(drop=True)


def rule_status(rule: str, *, lang: str = "en") -> str:
    """Return the status of one rule, to be written where its result is seen.

    Parameters
    ----------
    rule : str
        Id of a rule, see :func:`rules`.
    lang : {"en", "zh"}
        ``en`` gives the words of the column ``status``.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        Unknown ``rule`` or ``lang``.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.rule_status("cwqi_city"), standards.rule_status("cwqi_city", lang="zh")
    ('unverified', '未核实')
    """
    one_of("lang", lang, ("zh", "en"))
    found = table("rules.csv")
    one_of("rule", rule, found["rule"])
    status = str(found.loc[found["rule"] == rule, "status"].iloc[0])
    return STATUSES[status] if lang == "zh" else status


@overload
def decimals(
    item: None = None, *, kind: Literal["evaluation", "hourly"] = ...
) -> dict[str, int]: ...


@overload
def decimals(item: str, *, kind: Literal["evaluation", "hourly"] = ...) -> int | None: ...


def decimals(
    item: str | None = None, *, kind: Literal["evaluation", "hourly"] = "evaluation"
) -> dict[str, int] | int | None:
    """Return how many decimals a mean of each item keeps, in the item's usual unit.

    Parameters
    ----------
    item : str, optional
        Key of one item; without it all items that the rule names.
    kind : {"evaluation", "hourly"}
        For a mean that is judged, or for one automatic value.

    Returns
    -------
    dict of item key to number of decimals, or for one ``item`` int
        ``None`` where the rule names no decimals: such a mean is not rounded.

    Raises
    ------
    ValueError
        Unknown ``item`` or ``kind``.

    Notes
    -----
    Source: 环办监测函〔2020〕82号 with 总站水字〔2020〕90号; seen in one source, so the status
    of the rule ``decimals`` is ``single source``.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.decimals()["tp"], standards.decimals("ph"), standards.decimals("so4")
    (3, 0, None)
    >>> standards.decimals("ph", kind="hourly")
    2
    """
    one_of("kind", kind, ("evaluation", "hourly"))
    rows = table("decimals.csv")
    found = {
        str(key): int(text) for key, text in zip(rows["item"], rows[kind], strict=True) if text
    }
    if item is None:
        return found
    one_of("item", item, table("items.csv")["item"])
    return found.get(item)


def spearman_critical(*, source: str = "common") -> pd.DataFrame:
    """Return the critical values of Spearman's rank correlation, one-sided.

    Parameters
    ----------
    source : {"common", "legacy"}
        ``common``: the values of statistical tables (verified). ``legacy``: a table that
        monitoring reports carry on, slightly different from 10 up, some n only (unverified).

    Returns
    -------
    DataFrame, one row per number of periods
        ``n`` (int), ``critical_0_05``, ``critical_0_01`` (a trend is significant where
        |rs|, rounded to three decimals as the table is, is at least this: six values with
        rs = 29/35 = 0.8286 reach 0.829), ``status``.

    Raises
    ------
    ValueError
        Unknown ``source``.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.spearman_critical().head(2)
       n  critical_0_05  critical_0_01    status
    0  5          0.900          1.000  verified
    1  6          0.829          0.943  verified
    """
    import pandas as pd

    one_of("source", source, ("common", "legacy"))
    rows = table("spearman_critical.csv")
    found = pd.DataFrame(
        {
            "n": rows["n"].astype("int64"),
            "critical_0_05": numbers(rows[f"{source}_0.05"]),
            "critical_0_01": numbers(rows[f"{source}_0.01"]),
        }
    )
    found["status"] = rule_status("trend" if source == "common" else "spearman_legacy")
    return found.dropna(subset=["critical_0_05"]).reset_index(drop=True)


def tli_parameters() -> pd.DataFrame:
    """Return the parameters of the trophic level index TLI(Σ) of lakes and reservoirs.

    Returns
    -------
    DataFrame, one row per item
        ``item``, ``unit`` (of x), ``a``, ``b`` (index of the item: 10 (a + b ln x)), ``r``
        (correlation with chlorophyll-a), ``r2``, ``weight`` (r2 over the sum of r2, not
        rounded; the five add up to 1), ``status``.

    Notes
    -----
    Source: 总站生字〔2001〕090号 (its number seen once), also used by 环办〔2011〕22号.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.tli_parameters().set_index("item")["weight"].round(4).to_dict()
    {'chl_a': 0.2663, 'tp': 0.1879, 'tn': 0.179, 'transparency': 0.1834, 'cod_mn': 0.1834}
    """
    found = table("tli.csv").copy()
    for column in ("a", "b", "r"):
        found[column] = numbers(found[column])
    # to the digits of r itself: 0.84 squared is 0.7056
    found["r2"] = (found["r"] ** 2).round(4)
    found["weight"] = found["r2"] / found["r2"].sum()
    found["status"] = rule_status("tli")
    return found


def tli_states() -> pd.DataFrame:
    """Return the trophic states by TLI(Σ), poorest in nutrients first.

    Returns
    -------
    DataFrame, one row per state
        ``state``, ``state_en``, ``low``, ``high`` (bounds; missing where open), ``low_in``,
        ``high_in`` (whether the bound itself belongs to the state), ``status`` (of the
        bounds), ``edge_status`` (of which side a bound belongs to: unverified).

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.tli_states()[["state_en", "low", "high", "low_in", "high_in"]].head(2)
           state_en   low  high  low_in  high_in
    0  oligotrophic   NaN  30.0   False    False
    1   mesotrophic  30.0  50.0    True     True
    """
    found = table("tli_states.csv").copy()
    for column in ("low", "high"):
        found[column] = numbers(found[column])
    for column in ("low_in", "high_in"):
        found[column] = found[column] == "1"
    found["status"] = rule_status("tli_bounds")
    found["edge_status"] = rule_status("tli_edges")
    return found


def river_states() -> pd.DataFrame:
    """Return the states of a river or basin of five sections or more, by shares of classes.

    Returns
    -------
    DataFrame, one row per state, best first: the first row that holds is the state
        ``state``, ``state_en``, ``share_1_3_min``, ``share_1_3_below`` (share of Ⅰ-Ⅲ: at
        least, and below), ``share_worse_5_min``, ``share_worse_5_below`` (share of 劣Ⅴ);
        shares from 0 to 1, missing where the row asks nothing; ``status``.

    Notes
    -----
    Source: 环办〔2011〕22号. Exactly 0.60 in Ⅰ-Ⅲ with 0.40 in 劣Ⅴ meets no row; the rule
    ``river_ge5_edge`` (derived) takes it as 重度污染. One printed copy has 0.75 for the 0.60.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.river_states()[["state", "share_1_3_min"]].head(2).values.tolist()
    [['优', 0.9], ['良好', 0.75]]
    """
    found = table("river_states.csv").copy()
    for column in found.columns[2:]:
        found[column] = numbers(found[column])
    found["status"] = rule_status("river_state_shares")
    return found
