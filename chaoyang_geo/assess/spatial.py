"""The class of several sections together: average each item over them, then the worst item."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.assess.judges import Numbers, judge
from chaoyang_geo.assess.rows import texts
from chaoyang_geo.assess.verdict import Values, verdicts
from chaoyang_geo.bounds import number_column
from chaoyang_geo.codes import Coded
from chaoyang_geo.rounding import round_half_even
from chaoyang_geo.schema import SchemaError, as_times, require

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

MEANS_FIRST = 'Average the readings first: mean_readings(readings, period="month").'


def checked_means(means: pd.DataFrame) -> pd.DataFrame:
    """Return means with plain keys, one row each, a unit that is left out as the usual one."""
    import numpy as np
    import pandas as pd

    require(means, ["section_code", "period", "item", "mean"], table="means", hint=MEANS_FIRST)
    keys = {name: texts(means, name) for name in ("section_code", "item", "unit")}
    out = pd.DataFrame({"key": keys["section_code"], "item": keys["item"], "unit": keys["unit"]})
    usual = standards.item_units()
    pairs, kinds = pd.factorize(pd.MultiIndex.from_arrays([keys["item"], keys["unit"]]))
    spelt = [
        usual[item]
        if item in usual and standards.fold_unit(unit) in ("", standards.fold_unit(usual[item]))
        else unit
        for item, unit in kinds
    ]
    out["unit"] = np.array([*spelt, ""], dtype=object)[pairs]
    for name in ("period", "period_end"):
        out[name] = (
            as_times(means[name].reset_index(drop=True)).astype("datetime64[s]")
            if name in means
            else pd.Series(pd.NaT, index=out.index, dtype="datetime64[s]")
        )
    out["mean"] = number_column(means, "mean", table="means")
    for name in ("mean_low", "mean_high"):
        found = number_column(means, name if name in means else "mean", table="means")
        out[name] = pd.Series(found).fillna(out["mean"])
    out["above"] = number_column(means, "n_above", table="means") if "n_above" in means else 0.0
    twice = out.duplicated(["key", "period", "period_end", "item", "unit"]).to_numpy().nonzero()[0]
    if len(twice):
        row = out.iloc[twice[0]]
        raise SchemaError(
            f"means: row {twice[0] + 1} gives {row['item']} of section {row['key']} again for the "
            'period; average by=("section_code",) alone.'
        )
    return out


def spatial_classes(
    cells: pd.DataFrame,
    means: pd.DataFrame,
    n_groups: int,
    *,
    standard: Any,
    items: Iterable[str] | None,
) -> tuple[pd.DataFrame, dict[int, list[str]], dict[int, list[str]]]:
    """Return the verdict of every group, and by group the sections and items that lack means.

    ``cells``: the judged sections of the groups: ``group``, ``key``, ``name``, ``period``,
    ``period_end``, ``water``. Means over sections are taken of unrounded means, pH through
    the hydrogen ion, and rounded once.
    """
    import pandas as pd

    found = cells.merge(means, on=["key", "period"], how="left", suffixes=("", "_mean"))
    other = found["period_end"].notna() & found["period_end_mean"].notna()
    found = found[~(other & (found["period_end"] != found["period_end_mean"]))]
    lacking: dict[int, list[str]] = {}
    # a mean that leaves out values above range is only known to be larger: no mean over sections
    open_ones = found[(found["above"] > 0) & found["item"].isin(_judged_items(standard, items))]
    for group, name, item in zip(
        open_ones["group"].tolist(), open_ones["name"].tolist(), open_ones["item"], strict=True
    ):
        said = f"{name}（{standards.item_names().get(item, item)}有读数高于量程）"
        if said not in lacking.setdefault(int(group), []):
            lacking[int(group)].append(said)
    found = found[found["mean"].notna()]
    seen = pd.MultiIndex.from_frame(found[["group", "key"]].drop_duplicates())
    without = cells[~pd.MultiIndex.from_frame(cells[["group", "key"]]).isin(seen)]
    for group, name in zip(without["group"].tolist(), without["name"].tolist(), strict=True):
        lacking.setdefault(group, []).append(str(name))
    averaged = _averaged(found)
    values = _values(averaged, n_groups, standard, items)
    return verdicts(values), lacking, _partly(averaged, values, cells)


def _judged_items(standard: Any, items: Iterable[str] | None) -> set[str]:
    """Return the items that enter the class of a mean."""
    if items is not None:
        return set(items)
    limits = standards.limits(standard)
    return set(limits.loc[limits["in_class"], "item"])


def _averaged(found: pd.DataFrame) -> pd.DataFrame:
    """Average each item of a group over its sections, and round once by the decimals."""
    import numpy as np

    table = found[["group", "item", "unit", "water"]].copy()
    acid = (found["item"] == "ph").to_numpy()
    columns = ("mean", "mean_low", "mean_high")
    for name in columns:
        value = found[name].to_numpy(copy=True)
        value[acid] = 10.0 ** -value[acid]
        table[name] = value
    table["n"] = 1
    grouped = table.groupby(["group", "item", "unit", "water"], sort=True)
    out = grouped[list(columns)].mean().join(grouped["n"].sum()).reset_index()
    places = standards.decimals()
    kept = out["item"].map(places).to_numpy(dtype="float64", na_value=np.nan)
    acid = (out["item"] == "ph").to_numpy()
    for name in columns:
        value = out[name].to_numpy(copy=True)
        value[acid] = -np.log10(value[acid])
        out[name] = round_half_even(value, kept)
    return out


def _values(
    averaged: pd.DataFrame, n_groups: int, standard: Any, items: Iterable[str] | None
) -> Values:
    import numpy as np

    n = len(averaged)
    columns = [_coded(averaged[name]) for name in ("item", "unit", "water")]
    columns.append(Coded(["sample"], np.zeros(n, np.int8)))
    low, high = averaged["mean_low"].to_numpy(), averaged["mean_high"].to_numpy()
    low, high = np.minimum(low, high), np.maximum(low, high)
    rows = np.flatnonzero(low != high)
    value = averaged["mean"].to_numpy(copy=True)
    numbers = Numbers(value, rows, low[rows], high[rows], certain=True)
    judged = judge(standard, columns, numbers)
    return Values(
        judged=judged,
        group=averaged["group"].to_numpy(dtype=np.int64),
        n_groups=n_groups,
        value=value,
        sign=Coded([""], np.zeros(n, np.int8)),
        bound=np.full(n, np.nan),
        target=np.full(n, -1, np.int8),
        items=None if items is None else tuple(items),
    )


def _coded(column: pd.Series) -> Coded:
    import pandas as pd

    codes, found = pd.factorize(column)
    return Coded([str(text) for text in found], codes)


def _partly(averaged: pd.DataFrame, values: Values, cells: pd.DataFrame) -> dict[int, list[str]]:
    """Say which items rest on fewer sections than the group has, or were not judged."""
    names = standards.item_names()
    n_of = cells.groupby("group").size().to_dict()
    out: dict[int, list[str]] = {}
    columns = (averaged[name].tolist() for name in ("group", "item", "unit", "n"))
    for group, item, unit, n, enters, rank in zip(
        *columns, values.enters.tolist(), values.judged.rank.tolist(), strict=True
    ):
        if enters and rank < 0:
            says = f"{names.get(item, item)}单位为{unit or '空'}，未参加平均"
        elif enters and n < n_of[group]:
            says = f"{names.get(item, item)}仅{n}个断面有均值"
        else:
            continue
        out.setdefault(int(group), []).append(says)
    return out
