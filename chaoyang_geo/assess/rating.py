"""The state of a river, a basin, a city: many sections in one verdict (环办〔2011〕22号)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.assess.cells import cells_of
from chaoyang_geo.assess.rating_words import Rating, flag_of, own_words, reason_of
from chaoyang_geo.assess.rows import named, strings
from chaoyang_geo.assess.spatial import checked_means, spatial_classes
from chaoyang_geo.reasons import STATES
from chaoyang_geo.schema import CLASSES, class_dtype, one_of, split_codes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Ints = npt.NDArray[np.int64]

#: What exactly 60 % in Ⅰ-Ⅲ with 40 % worse than Ⅴ is taken for; the rule's rows leave it out.
EDGES: dict[str, str] = {"heavy": "重度污染", "moderate": "中度污染", "missing": ""}

#: Fewer judged sections than these are rated by their mean.
SHARES_FROM = 5

_MOST_POLLUTANTS = 3

RATING_COLUMNS: tuple[str, ...] = (
    "water_type", "period", "period_end", "n_sections", "n_judged", "n_not_judged",
    *(f"n_class_{rank}" for rank in range(1, len(CLASSES) + 1)),
    "share_1_3", "share_worse_5", "rating_method", "water_state", "class", "deciding_items",
    "main_pollutants", "main_rates", "main_by_section", "n_with_target", "n_attained",
    "attainment_rate", "rate_flag", "why_zh", "why_en",
)  # fmt: skip


def rate_basin(
    assessments: pd.DataFrame,
    means: pd.DataFrame | None = None,
    *,
    by: str | Sequence[str] | None = "basin",
    sections: pd.DataFrame | None = None,
    units: pd.DataFrame | None = None,
    standard: Any = "gb3838",
    items: str | Iterable[str] | None = None,
    edge: str = "heavy",
    count: str = "judged",
    apart: bool = True,
) -> pd.DataFrame:
    """Rate groups of sections: fewer than five by their mean, five or more by class shares.

    Rivers and lakes are rated apart. A section that was not judged (dry, not sampled, no
    class) is left out of shares and rates and counted in ``n_not_judged``.

    Required columns: ``assessments``: ``section_code``, ``period``, ``class``; used where
    present: ``section_name``, ``period_end``, ``water_type``, ``items_over_3``,
    ``items_over_3_times``, ``main_pollutants``, ``attained``, ``target_quality``. ``means``:
    ``section_code``, ``period``, ``item``, ``mean``; used where present: ``period_end``,
    ``unit``, ``mean_low``, ``mean_high``. ``sections``: ``section_code``; used where present:
    ``section_name``, ``water_type``, ``water_body``, ``unit_code``, ``valid_from``,
    ``valid_to``. ``units``: ``unit_code``, ``section_codes``.

    Parameters
    ----------
    assessments : DataFrame
        One row per section and period.
    means : DataFrame, optional
        Means of the sections over the same periods, see :func:`mean_readings`. Groups of
        fewer than five sections, and lakes, need them; without them such a group has no
        state, and ``rate_flag`` says why. One section alone is rated by its own class.
    by : str, sequence of str, or None
        Columns that make a group: of ``sections``, else of ``units``, else of ``assessments``
        (``unit_code`` of ``units`` first); ``None`` takes all sections together, the city. A
        section of several units counts once in each group.
    sections, units : DataFrame, optional
        Registry and control units. With a registry every section in force is counted, also
        one without an assessment.
    standard
        As in :func:`classify`, for the means.
    items : str or iterable of str, optional
        The items that enter the class of means, see :func:`chaoyang_geo.standards.item_set`;
        default all of the standard that enter a class.
    edge : {"heavy", "moderate", "missing"}
        State of exactly 60 % in Ⅰ-Ⅲ with 40 % worse than Ⅴ, which meets no row of the rule.
    count : {"judged", "all"}
        Which number of sections decides between mean and shares.
    apart : bool
        ``False`` counts rivers and lakes together (``water_type`` is ``all``): shares and
        rates without a state, for no rule rates them together.

    Returns
    -------
    DataFrame, one row per group, water type and period, in their order
        the columns of ``by``; ``water_type``, ``period``, ``period_end``, ``n_sections`` =
        ``n_judged`` + ``n_not_judged``, ``n_class_1`` to ``n_class_6`` (Ⅰ to 劣Ⅴ; add up to
        ``n_judged``), ``share_1_3``, ``share_worse_5`` (0 to 1, of the judged), ``rating_method``
        (均值 or 比例), ``water_state`` (优 to 重度污染; missing where none can be said), ``class`` and
        ``deciding_items`` (of the mean), ``main_pollutants`` (keys joined by ``;``),
        ``main_rates`` (by shares: share of sections beyond Ⅲ of each, joined by ``;``),
        ``main_by_section`` (by mean: each section's own, with multiples, in words; of all of them
        ``main_pollutants`` has the first three, ordered as by shares),
        ``n_with_target``, ``n_attained``, ``attainment_rate`` (0 to 1, of the judged with a
        target), ``rate_flag``, ``why_zh``, ``why_en``.

    Raises
    ------
    SchemaError
        A required column is missing, a section has two rows in a period, or ``by`` is nowhere.
    ValueError
        Unknown ``edge``, ``count``, ``standard`` or ``items``.

    Notes
    -----
    Source: 环办〔2011〕22号. Verified: mean of each item over fewer than five sections, then
    the worst item; shares for more (exactly five by complement, derived); the table of shares; no
    main pollutants for 优 and 良好; cyanide and heavy metals first; for rivers the share of
    sections beyond Ⅲ, at most three. Single source: a lake is the mean over its points. Several
    lakes together have no rule, so no state. Means are rounded by 环办监测函〔2020〕82号, once.
    Items of an equal share are ordered by their largest multiple, then as the standard has them.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.assess.rating import rate_basin
    >>> assessments = pd.DataFrame({
    ...     "section_code": list("abcdef"), "basin": "大凌河", "water_type": "river",
    ...     "period": pd.Timestamp("2025-10-01"), "period_end": pd.Timestamp("2025-11-01"),
    ...     "class": ["Ⅱ", "Ⅲ", "Ⅲ", "Ⅲ", "Ⅳ", None], "items_over_3": ["", "", "", "", "tp", ""]})
    >>> row = rate_basin(assessments).iloc[0]
    >>> print(row["water_state"], row["share_1_3"], row["n_judged"], row["n_not_judged"])
    良好 0.8 5 1
    """
    one_of("edge", edge, EDGES)
    one_of("count", count, ("judged", "all"))
    chosen = None if items is None else standards.item_set(items)
    standards.limits(standard)  # an unknown standard is said before anything is counted
    names = [by] if isinstance(by, str) else list(by or [])
    cells, periods = cells_of(assessments, sections, units, names)
    groups = _Groups.of(cells, periods, names, apart=apart)
    table = groups.counted()
    counted = table["n_judged"] if count == "judged" else table["n_sections"]
    rivers = (table["water_type"] == "river").to_numpy()
    lakes = (table["water_type"] == "lake").to_numpy()
    some = (table["n_judged"] > 0).to_numpy()
    by_shares = rivers & some & (counted >= SHARES_FROM).to_numpy()
    one_lake = lakes & (groups.n_bodies() <= 1)
    by_mean = some & ((rivers & ~by_shares) | one_lake)
    verdict = _mean_verdicts(groups, by_mean, means, standard, chosen)
    methods = [
        "比例" if a else "均值" if b else "" for a, b in zip(by_shares, by_mean, strict=True)
    ]
    ratings = _rated(groups, methods, verdict, edge=edge, has_means=means is not None)
    lost = ["items_over_3"] if "items_over_3" not in assessments else []
    lost += ["attained"] if "attained" not in assessments else []
    return _written(groups, table, ratings, names, lost)


@dataclass
class _Groups:
    """The cells by group; a group is a combination of ``by``, water type and period."""

    cells: pd.DataFrame
    keys: pd.DataFrame  # one row per group
    group: Ints
    periods: pd.DataFrame

    @classmethod
    def of(
        cls, cells: pd.DataFrame, periods: pd.DataFrame, by: Sequence[str], *, apart: bool
    ) -> _Groups:
        import pandas as pd

        cells = cells.reset_index(drop=True)
        cells["name"] = named(cells).to_numpy(dtype=object)
        cells["has_target"] = cells["attained"].notna().to_numpy(dtype=bool)
        cells["assumed"] = cells["water_type"] == ""
        waters = cells["water_type"].where(~cells["assumed"], "river")
        cells["water"] = pd.Categorical(waters if apart else ["all"] * len(cells),
                                        categories=["river", "lake", "all"])  # fmt: skip
        columns = [*(f"_{name}" for name in by), "water", "at"]
        for name in by:
            cells[f"_{name}"] = cells[name]
        grouped = cells.groupby(columns, sort=True, observed=True)
        group: Ints = grouped.ngroup().to_numpy().astype("int64")
        keys = cells.assign(group=group).drop_duplicates("group").sort_values("group")
        keys = keys[columns].reset_index(drop=True)
        sorted_cells = cells.assign(group=group).sort_values(["group", "key"], kind="stable")
        order = sorted_cells.index.to_numpy()
        return cls(cells.iloc[order].reset_index(drop=True), keys, group[order], periods)

    def sum(self, chosen: Any) -> Ints:
        """Count the cells of each group that are chosen."""
        import numpy as np

        picked = self.group[np.asarray(chosen, dtype=bool)]
        return np.bincount(picked, minlength=len(self.keys)).astype(np.int64)

    def records(self) -> list[list[dict[str, Any]]]:
        """Return the cells of each group as plain rows."""
        import numpy as np

        columns = ["name", "rank", "has_target", "items_over_3", "items_over_3_times",
                   "target_quality", "assumed", "water_body"]  # fmt: skip
        rows: list[Any] = self.cells[columns].to_dict("records")
        ends = np.searchsorted(self.group, np.arange(len(self.keys) + 1)).tolist()
        return [rows[a:b] for a, b in pairwise(ends)]

    def n_bodies(self) -> Ints:
        """Count the water bodies of each group's judged sections that are known by name."""
        import numpy as np

        known = self.cells.assign(group=self.group)
        known = known[(known["rank"] >= 0) & (known["water_body"] != "")]
        known = known.drop_duplicates(["group", "water_body"])
        found = np.bincount(known["group"].to_numpy(dtype=np.int64), minlength=len(self.keys))
        return found.astype(np.int64)

    def counted(self) -> pd.DataFrame:
        """Return the counts of each group."""
        import numpy as np
        import pandas as pd

        rank = self.cells["rank"].to_numpy()
        at = self.keys["at"].to_numpy(dtype=np.int64)
        n_judged = self.sum(rank >= 0)
        out: dict[str, Any] = {"water_type": strings(self.keys["water"].astype(str))}
        for name in ("period", "period_end"):
            out[name] = self.periods[name].to_numpy()[at]
        out["n_sections"] = self.sum(np.ones(len(rank), bool))
        out["n_judged"] = n_judged
        out["n_not_judged"] = out["n_sections"] - n_judged
        for place in range(len(CLASSES)):
            out[f"n_class_{place + 1}"] = self.sum(rank == place)
        good = self.sum((rank >= 0) & (rank <= CLASSES.index("Ⅲ")))
        with np.errstate(invalid="ignore", divide="ignore"):
            out["share_1_3"] = good / n_judged
            out["share_worse_5"] = out["n_class_6"] / n_judged
            has = self.cells["has_target"].to_numpy() & (rank >= 0)
            yes = has & self.cells["attained"].fillna(False).to_numpy(dtype=bool)
            out["n_with_target"], out["n_attained"] = self.sum(has), self.sum(yes)
            out["attainment_rate"] = out["n_attained"] / out["n_with_target"]
        return pd.DataFrame(out)


def _mean_verdicts(
    groups: _Groups,
    by_mean: npt.NDArray[np.bool_],
    means: pd.DataFrame | None,
    standard: Any,
    items: tuple[str, ...] | None,
) -> dict[int, dict[str, Any]]:
    """Return class and deciding items of each group of several sections that is rated by mean."""
    import numpy as np

    judged = (groups.cells["rank"] >= 0).to_numpy()
    several = by_mean & (groups.sum(judged) > 1)
    if means is None or not several.any():
        return {}
    table = checked_means(means)
    wanted = judged & several[groups.group]
    cells = groups.cells.loc[wanted, ["key", "name", "period", "period_end", "water"]]
    cells = cells.assign(group=groups.group[wanted], water=cells["water"].astype(str))
    found, lacking, notes = spatial_classes(
        cells, table, len(groups.keys), standard=standard, items=items
    )
    rows: list[Any] = found[
        ["class", "class_best", "class_worst", "deciding_items", "deciding_values", "items_missing"]
    ].to_dict("records")
    return {
        group: {**rows[group], "lacking": lacking.get(group, []), "notes": notes.get(group, [])}
        for group in np.flatnonzero(several).tolist()
    }


def _rated(
    groups: _Groups,
    methods: Sequence[str],
    verdicts: dict[int, dict[str, Any]],
    *,
    edge: str,
    has_means: bool,
) -> list[Rating]:
    """Rate every group by the method that holds for it."""
    out = []
    for row, (method, cells) in enumerate(zip(methods, groups.records(), strict=True)):
        rating = Rating(method=method, cells=cells)
        judged = rating.judged
        ranks = [cell["rank"] for cell in judged]
        if method == "比例":
            good = sum(rank <= CLASSES.index("Ⅲ") for rank in ranks)
            worse = sum(rank == len(CLASSES) - 1 for rank in ranks)
            rating.state, rating.on_edge = state_by_shares(good, worse, len(ranks), edge=edge)
            if rating.state not in ("优", "良好"):
                rating.main, rating.counts, rating.tied = _by_rate(judged)
        elif method == "均值" and len(ranks) == 1:
            rating.quality_class = CLASSES[ranks[0]]
        elif method == "均值" and row in verdicts:
            _take_mean(rating, verdicts[row])
        elif method == "均值":
            rating.needs_means = not has_means
        if rating.quality_class:
            rating.state = STATES[rating.quality_class][0]
            if rating.state not in ("优", "良好"):
                rating.own = [
                    (cell["name"], _pollutants(cell)[:_MOST_POLLUTANTS])
                    for cell in judged if cell["items_over_3"]
                ]  # fmt: skip
                if len(rating.own) == 1:
                    rating.main = [key for key, _ in rating.own[0][1]]
                else:  # of several sections together no more than three, metals first
                    rating.main = _by_rate(judged)[0]
        out.append(rating)
    return out


def _take_mean(rating: Rating, found: dict[str, Any]) -> None:
    """Take the verdict on the mean, unless a judged section has no means: half a mean is none."""
    rating.lacking, rating.notes = found["lacking"], found["notes"]
    if rating.lacking or not isinstance(found["class"], str):
        return
    rating.quality_class = found["class"]
    rating.deciding = str(found["deciding_items"])
    rating.values = str(found["deciding_values"])
    rating.missing = split_codes(found["items_missing"])
    if found["class_best"] != found["class_worst"]:
        rating.between = (str(found["class_best"]), str(found["class_worst"]))


def state_by_shares(good: int, worse: int, n: int, *, edge: str = "heavy") -> tuple[str, bool]:
    """Return the state by counts of Ⅰ-Ⅲ and 劣Ⅴ among n sections, and whether no row holds.

    Counts are compared with the bounds as exact fractions.

    Examples
    --------
    >>> from chaoyang_geo.assess.rating import state_by_shares
    >>> state_by_shares(9, 0, 10), state_by_shares(6, 4, 10), state_by_shares(5, 4, 10)
    (('优', False), ('重度污染', True), ('重度污染', False))
    """
    one_of("edge", edge, EDGES)
    shares = (Fraction(good, n), Fraction(worse, n))
    for state, *bounds in _share_rows():
        pairs = ((shares[0], bounds[0], bounds[1]), (shares[1], bounds[2], bounds[3]))
        if all(
            (least is None or share >= least) and (below is None or share < below)
            for share, least, below in pairs
        ):
            return state, False
    return EDGES[edge], True


@cache
def _share_rows() -> list[tuple[Any, ...]]:
    """Return state and bounds of each row of the rule as exact fractions."""
    rows = standards.river_states()
    columns = ("share_1_3_min", "share_1_3_below", "share_worse_5_min", "share_worse_5_below")
    return [
        (str(row["state"]), *(
            None if row[name] != row[name] else Fraction(str(row[name])) for name in columns
        ))
        for row in rows.to_dict("records")
    ]  # fmt: skip


def _pollutants(cell: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the items of a section beyond Ⅲ with their multiples as text."""
    keys = split_codes(cell["items_over_3"])
    times = cell["items_over_3_times"].split(";") if cell["items_over_3_times"] else []
    times += [""] * (len(keys) - len(times))
    return list(zip(keys, times, strict=False))


def _by_rate(
    judged: list[dict[str, Any]],
) -> tuple[list[str], list[tuple[int, int]], list[str]]:
    """Return the main pollutants by the share of sections beyond Ⅲ, their counts, and ties."""
    n_of: dict[str, int] = {}
    most: dict[str, float] = {}
    for cell in judged:
        for key, times in _pollutants(cell):
            n_of[key] = n_of.get(key, 0) + 1
            most[key] = max(most.get(key, -1.0), float(times) if times else -1.0)
    order = _item_order()

    def place(key: str) -> tuple[Any, ...]:
        return (key not in standards.PRIORITY_ITEMS, -n_of[key], -most[key],
                order.get(key, len(order)), key)  # fmt: skip

    ranked = sorted(n_of, key=place)
    kept, rest = ranked[:_MOST_POLLUTANTS], ranked[_MOST_POLLUTANTS:]
    tied = [key for key in rest if place(key)[:2] == place(kept[-1])[:2]]
    return kept, [(n_of[key], len(judged)) for key in kept], tied


@cache
def _item_order() -> dict[str, int]:
    return {key: place for place, key in enumerate(standards.items()["item"])}


def _written(
    groups: _Groups,
    table: pd.DataFrame,
    ratings: list[Rating],
    by: Sequence[str],
    notes: Sequence[str],
) -> pd.DataFrame:
    """Write the ratings beside the counts of their groups."""
    import pandas as pd

    counts: list[Any] = table.to_dict("records")
    keys = {name: groups.keys[f"_{name}"].astype(str).tolist() for name in by}
    labels = [" ".join(texts) for texts in zip(*keys.values(), strict=True)] or [""] * len(table)
    names = {lang: standards.item_names(lang) for lang in ("zh", "en")}
    out: dict[str, Any] = {name: strings(values) for name, values in keys.items()}
    out.update({name: table[name] for name in table.columns})
    pairs = list(zip(ratings, counts, labels, strict=True))
    out["rating_method"] = strings(rating.method for rating in ratings)
    out["water_state"] = pd.array([rating.state or None for rating in ratings], dtype="str")
    out["class"] = pd.Categorical(
        [rating.quality_class or None for rating in ratings], dtype=class_dtype()
    )
    out["deciding_items"] = strings(rating.deciding for rating in ratings)
    out["main_pollutants"] = strings(";".join(rating.main) for rating in ratings)
    out["main_rates"] = strings(
        ";".join(f"{n / of:.12g}" for n, of in rating.counts) for rating in ratings
    )
    out["main_by_section"] = strings(own_words(rating, names["zh"]) for rating in ratings)
    out["rate_flag"] = strings(
        flag_of(rating, count, names["zh"], notes) for rating, count, _ in pairs
    )
    for lang in ("zh", "en"):
        out[f"why_{lang}"] = strings(
            reason_of(rating, count, label, names[lang], lang=lang)
            for rating, count, label in pairs
        )
    return pd.DataFrame({name: out[name] for name in (*by, *RATING_COLUMNS)})
