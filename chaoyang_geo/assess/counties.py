"""The verdict on counties, each of which answers for parts of several control units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoyang_geo.assess.cells import checked_units
from chaoyang_geo.assess.rows import listed, periods_of, texts, typed
from chaoyang_geo.assess.units import assess_units
from chaoyang_geo.bounds import number_column
from chaoyang_geo.schema import CLASSES, SchemaError, as_classes, as_times, require

if TYPE_CHECKING:
    import pandas as pd

COUNTY_UNIT_COLUMNS: tuple[str, ...] = (
    "county_code", "county_name", "unit_code", "unit_name", "share", "period", "period_end",
    "class", "attained", "n_sections", "n_judged", "worst_sections", "section_verdicts",
    "county_flag",
)  # fmt: skip

COUNTY_COLUMNS: tuple[str, ...] = (
    "county_code", "county_name", "period", "period_end", "n_units", "n_judged", "n_with_target",
    "n_attained", "attainment_rate", "units_weighted", "judged_weighted", "attained_weighted",
    "attainment_rate_weighted", "class", "worst_units", "county_flag",
)  # fmt: skip


def assess_counties(
    assessments: pd.DataFrame,
    units: pd.DataFrame,
    shares: pd.DataFrame,
    *,
    sections: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Set the verdict on every unit beside each county that answers for a part of it.

    Required columns: those of :func:`assess_units`; ``shares``: ``unit_code``, ``county_code``,
    ``share`` (0 to 1); used where present: ``county_name``.

    Parameters
    ----------
    assessments, units, sections
        As in :func:`assess_units`.
    shares : DataFrame
        Which part of a unit each county answers for, see :func:`chaoyang_geo.units.county_shares`.

    Returns
    -------
    DataFrame, one row per county, unit and period, in the order of ``shares``
        ``county_code``, ``county_name``, ``unit_code``, ``unit_name``, ``share``, ``period``,
        ``period_end``, and of the unit ``class``, ``attained``, ``n_sections``, ``n_judged``,
        ``worst_sections``, ``section_verdicts``; ``county_flag``. A unit that ``shares`` does
        not name follows with an empty ``county_code``.

    Raises
    ------
    SchemaError
        A required column is missing, a share is no number from 0 to 1, or a county is there
        twice for one unit.

    Notes
    -----
    No rule was found that divides a unit's verdict: each county has the whole of it, and its share
    stands beside it.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.assess.counties import assess_counties
    >>> units = pd.DataFrame({"unit_code": ["U1"], "section_codes": ["S1"]})
    >>> assessments = pd.DataFrame({
    ...     "section_code": ["S1"], "period": pd.Timestamp("2025-10-01"), "class": ["Ⅳ"],
    ...     "attained": [False]})
    >>> shares = pd.DataFrame({
    ...     "unit_code": "U1", "county_code": ["211302", "211303"], "share": [0.7, 0.3]})
    >>> found = assess_counties(assessments, units, shares)
    >>> found[["county_code", "unit_code", "share", "class", "attained"]].values.tolist()
    [['211302', 'U1', 0.7, 'Ⅳ', False], ['211303', 'U1', 0.3, 'Ⅳ', False]]
    """
    import pandas as pd

    verdicts = assess_units(assessments, units, sections=sections)
    table = _checked_shares(shares)
    unit_names = dict(zip(verdicts["unit_code"], verdicts["unit_name"], strict=True))
    codes = checked_units(units)["unit_code"].tolist()
    unsaid = [code for code in codes if code not in set(table["unit_code"])]
    extra = pd.DataFrame({"unit_code": unsaid, "county_code": "", "county_name": "",
                          "share": float("nan"), "note": "份额表没有本单元"})  # fmt: skip
    sums = table.groupby("unit_code")["share"].transform(lambda own: own.sum(skipna=False))
    table["note"] = [
        "单元表没有该单元" if code not in set(codes)
        else "份额缺失" if share != share
        else f"本单元份额合计{total:.4g}，不为1" if abs(total - 1) > 1e-6
        else ""
        for code, share, total in zip(table["unit_code"], table["share"], sums, strict=True)
    ]  # fmt: skip
    if len(extra):
        table = pd.concat([table, extra.astype(table.dtypes.to_dict())], ignore_index=True)
    periods = periods_of(verdicts)
    both = table.merge(periods, how="cross").merge(
        verdicts.drop(columns="unit_name"), on=["unit_code", "period", "period_end"], how="left"
    )
    both["unit_name"] = both["unit_code"].map(unit_names).fillna("")
    for name in ("n_sections", "n_judged"):
        both[name] = both[name].fillna(0)
    for name in ("worst_sections", "section_verdicts", "unit_flag"):
        both[name] = both[name].fillna("")
    flags = zip(both["note"], both["unit_flag"], strict=True)
    both["county_flag"] = ["；".join(part for part in pair if part) for pair in flags]
    return typed(both[list(COUNTY_UNIT_COLUMNS)], periods)


def _checked_shares(shares: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    hint = "Measure the shares first: county_shares(units, counties)."
    require(shares, ["unit_code", "county_code", "share"], table="shares", hint=hint)
    table = pd.DataFrame({name: texts(shares, name) for name in ("unit_code", "county_code")})
    table["county_name"] = texts(shares, "county_name")
    table["share"] = number_column(shares, "share", table="shares")
    wrong = ((table["share"] < 0) | (table["share"] > 1 + 1e-9)).to_numpy().nonzero()[0]
    if len(wrong):
        raise SchemaError(
            f"shares: row {wrong[0] + 1} of share holds {table['share'].iloc[wrong[0]]:g}; "
            "a share is a number from 0 to 1, not percent."
        )
    twice = table.duplicated(["unit_code", "county_code"]).to_numpy().nonzero()[0]
    if len(twice):
        row = table.iloc[twice[0]]
        raise SchemaError(
            f"shares: row {twice[0] + 1} gives county {row['county_code']} again for unit "
            f"{row['unit_code']}; give one share of each county in a unit."
        )
    return table


def rate_counties(county_units: pd.DataFrame, *, least_share: float = 0.0) -> pd.DataFrame:
    """Count the units of each county, each as one and each by its share.

    Required columns: ``county_code``, ``unit_code``, ``share``, ``period``, ``class``,
    ``attained``; used where present: ``county_name``, ``unit_name``, ``period_end``.

    Parameters
    ----------
    county_units : DataFrame
        The result of :func:`assess_counties`.
    least_share : float, 0 to 1
        Units of which the county has less are left out of all counts; ``county_flag`` says
        which. 0 leaves none out, not even the slivers of a border drawn twice.

    Returns
    -------
    DataFrame, one row per county and period, counties in order of first appearance
        ``county_code``, ``county_name``, ``period``, ``period_end``, ``n_units``, ``n_judged``
        (with a class), ``n_with_target`` (attained or not), ``n_attained``,
        ``attainment_rate``; the same with every unit counted as its share of it:
        ``units_weighted``, ``judged_weighted``, ``attained_weighted``,
        ``attainment_rate_weighted``; ``class`` (worst unit), ``worst_units``, ``county_flag``.

    Raises
    ------
    SchemaError
        A required column is missing.
    ValueError
        ``least_share`` is no number from 0 to 1.

    Notes
    -----
    No rule was found that spreads a unit's verdict over counties; the shares are those of the
    table given.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.assess.counties import rate_counties
    >>> county_units = pd.DataFrame({
    ...     "county_code": "211302", "unit_code": ["U1", "U2"], "share": [1.0, 0.25],
    ...     "period": pd.Timestamp("2025-10-01"), "class": ["Ⅱ", "Ⅳ"], "attained": [True, False]})
    >>> row = rate_counties(county_units).iloc[0]
    >>> print(row["attainment_rate"], row["attainment_rate_weighted"], row["worst_units"])
    0.5 0.8 U2
    """
    import pandas as pd

    needed = ["county_code", "unit_code", "share", "period", "class", "attained"]
    require(county_units, needed, table="county_units",
            hint="Take the table from assess_counties.")  # fmt: skip
    if not 0 <= least_share <= 1:
        raise ValueError(f"least_share={least_share!r} is no share; give a number from 0 to 1.")
    names = ("county_code", "county_name", "unit_code", "unit_name")
    table = pd.DataFrame({name: texts(county_units, name) for name in names})
    for name in ("period", "period_end"):
        there = county_units[name] if name in county_units else pd.Series(pd.NaT, table.index)
        table[name] = as_times(there.reset_index(drop=True)).astype("datetime64[s]")
    table["share"] = number_column(county_units, "share", table="county_units")
    classes = as_classes(county_units["class"], table="county_units", column="class")
    table["rank"] = classes.codes
    goals = county_units["attained"].astype("object").reset_index(drop=True)
    table["attained"] = goals.where(goals.notna(), None)
    keys = ["county_code", "period", "period_end"]
    order = {code: place for place, code in enumerate(dict.fromkeys(table["county_code"]))}
    table["place"] = table["county_code"].map(order)
    out = [
        _county(own, least_share)
        for _, own in table.groupby(["place", *keys[1:]], dropna=False, sort=True)
    ]
    return typed(pd.DataFrame(out, columns=list(COUNTY_COLUMNS)), table)


def _county(own: pd.DataFrame, least_share: float) -> dict[str, Any]:
    first = own.iloc[0]
    small = own["share"] < least_share
    left_out, own = own[small], own[~small]
    judged, goals = own[own["rank"] >= 0], own[own["attained"].notna()]
    met = goals[goals["attained"].astype(bool)]
    rank = int(judged["rank"].max()) if len(judged) else -1
    worst = judged[judged["rank"] == rank]
    unit_name = own["unit_name"].where(own["unit_name"] != "", own["unit_code"])
    flags = []
    unjudged = unit_name[own["rank"] < 0].tolist()
    if unjudged:
        flags.append(f"{listed(unjudged)}无评价结果")
    if own["share"].isna().any():
        flags.append(f"{listed(unit_name[own['share'].isna()].tolist())}没有份额，加权未计入")
    if len(left_out):
        flags.append(f"份额小于{least_share:g}未计：{listed(left_out['unit_code'].tolist())}")
    if first["county_code"] == "":
        flags.append("不属于任何区县")
    weight, met_weight = goals["share"].sum(), met["share"].sum()
    return {
        "county_code": first["county_code"], "county_name": first["county_name"],
        "period": first["period"], "period_end": first["period_end"],
        "n_units": len(own), "n_judged": len(judged), "n_with_target": len(goals),
        "n_attained": len(met),
        "attainment_rate": len(met) / len(goals) if len(goals) else float("nan"),
        "units_weighted": own["share"].sum(), "judged_weighted": judged["share"].sum(),
        "attained_weighted": met_weight,
        "attainment_rate_weighted": met_weight / weight if weight else float("nan"),
        "class": CLASSES[rank] if len(judged) else None,
        "worst_units": "、".join(unit_name[worst.index]),
        "county_flag": "；".join(flags),
    }  # fmt: skip
