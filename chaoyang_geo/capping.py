"""A site without an exact place is never judged firmly.

Where only an area is known, a screening can find that a conflict is possible, or that there is
none; it can not find a conflict.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from chaoyang_geo.flags import flag
from chaoyang_geo.schema import as_text, require, require_unique
from chaoyang_geo.verdicts import (
    APPROXIMATE,
    CAP_WORDS,
    CAPPED,
    FIRM,
    UNJUDGED,
    finding_key,
    is_approximate,
    outranked,
)

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

# what the order of findings is made from
_ORDER = ("verdict", "rule_verdict", "distance_m", "zone_kind", "zone_grade")

_Result = TypeVar("_Result")


class ScreeningLike(Protocol):
    """What is read of a screening, for findings and maps."""

    @property
    def findings(self) -> pd.DataFrame:
        """One row per site and zone."""

    @property
    def sites(self) -> gpd.GeoDataFrame:
        """One row per site."""

    @property
    def checked(self) -> pd.DataFrame:
        """One row per layer."""

    @property
    def rules(self) -> pd.DataFrame:
        """The rules that were used."""

    @property
    def options(self) -> dict[str, Any]:
        """How it was screened."""


def cap_approximate(screening: _Result) -> _Result:
    """Return a screening in which a site without an exact place is never judged firmly.

    Of a site whose ``place_quality`` is ``approximate``, every verdict of a rule becomes
    压线需复核: the area that stands for it meets the zone, the site itself need not. 无法判断 and
    无冲突 stay. The findings of such a site are put in order again, and where one of them is
    无法判断, or a layer could not be checked, so is the site: that no longer is less than the
    worst. Doing it twice changes nothing; other sites are untouched.

    Parameters
    ----------
    screening : Screening
        A dataclass with the tables ``findings`` and ``sites``. It is not changed.

    Returns
    -------
    Screening
        The same kind of result, with ``verdict``, the flags and reasons of those rows replaced.

    Raises
    ------
    SchemaError
        A column is missing.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import pandas as pd
    >>> from chaoyang_geo.capping import cap_approximate
    >>> @dataclass(frozen=True)
    ... class Screening:
    ...     sites: pd.DataFrame
    ...     findings: pd.DataFrame
    >>> words = {"site_code": ["A"], "verdict": ["禁止"], "why_zh": ["禁止：…。"], "why_en": ["forbidden: …."]}
    >>> sites = pd.DataFrame({**words, "place_quality": ["approximate"], "verdict_flag": [""]})
    >>> found = pd.DataFrame({**words, "finding_flag": [""]})
    >>> capped = cap_approximate(Screening(sites, found))
    >>> capped.sites.loc[0, "verdict"], capped.findings.loc[0, "why_zh"]
    ('压线需复核', '压线需复核：项目只有约略位置，其范围与分区相接或重叠，若位于区内则为：禁止：…。')
    """
    result: Any = screening
    sites, findings = result.sites, result.findings
    if "place_quality" not in sites.columns:
        return screening
    require(
        sites, ("site_code", "verdict", "verdict_flag", "why_zh", "why_en"), table="screening.sites"
    )
    require(
        findings,
        ("site_code", "verdict", "finding_flag", "why_zh", "why_en"),
        table="screening.findings",
    )
    checked = getattr(result, "checked", None)
    if checked is not None:
        require(checked, ("layer", "layer_state"), table="screening.checked")
    require_unique(sites, "site_code", table="screening.sites")
    vague = sites["place_quality"].map(is_approximate).to_numpy(dtype=bool)
    codes = set(as_text(sites.loc[vague, "site_code"]))
    theirs = as_text(findings["site_code"]).isin(codes).to_numpy()
    rows = theirs & findings["verdict"].isin(FIRM).to_numpy()
    if not rows.any() and not (vague & sites["verdict"].isin(FIRM).to_numpy()).any():
        return screening
    below = vague & sites["verdict"].isin(FIRM).to_numpy()
    softer = _capped(findings, rows, "finding_flag")
    found = _in_order(softer, codes)
    judged = _unjudged(_capped(sites, below, "verdict_flag"), below, found, checked)
    judged = _requoted(judged, vague & ~below, findings[rows], softer[rows])
    capped: _Result = dataclasses.replace(result, findings=found, sites=judged)
    return capped


def _in_order(findings: Any, codes: set[str]) -> Any:
    """Return findings in which those of some sites stand in order again, the deciding one first.

    Sites keep their places; tables without the columns that say the order stay as they are.
    """
    import numpy as np

    if not set(_ORDER) <= set(findings.columns):
        return findings
    site = as_text(findings["site_code"]).to_numpy(dtype=object)
    keys = [finding_key(*row) for row in findings[list(_ORDER)].itertuples(index=False)]
    order = np.arange(len(findings))
    places: dict[str, list[int]] = {}
    for place, code in enumerate(site):
        if code in codes:
            places.setdefault(code, []).append(place)
    for theirs in places.values():
        order[theirs] = sorted(theirs, key=keys.__getitem__)
    return findings.iloc[order].set_axis(findings.index)


def _unjudged(sites: Any, capped: Any, findings: Any, checked: Any) -> Any:
    """Return sites of which those are 无法判断 that only a firm verdict kept from it."""
    open_ = findings[(findings["verdict"] == UNJUDGED).to_numpy()]
    rows = _first_rows(open_)
    told = {name: sites[name].tolist() for name in ("verdict", "why_zh", "why_en")}
    codes, flags = as_text(sites["site_code"]).tolist(), as_text(sites["verdict_flag"]).tolist()
    for place in capped.nonzero()[0].tolist():  # by place: labels of rows may be there twice
        gaps = _gaps(checked, flags[place])
        for lang in CAP_WORDS:
            column = f"why_{lang}"
            reasons = [open_[column].iloc[rows[codes[place]]]] if codes[place] in rows else []
            told["verdict"][place], said = outranked(CAPPED, reasons, gaps, lang)
            told[column][place] = said + told[column][place]
    return _with(sites, told)


def _gaps(checked: Any, site_flag: str) -> list[str]:
    """Return the layers that nothing can be ruled out by: not checked, or in another datum.

    Which are in another datum is said of the site, in its flag.
    """
    if checked is None:
        return []
    return [
        name
        for name, state in zip(as_text(checked["layer"]), checked["layer_state"], strict=True)
        if state != "ok" or flag("other_datum", layer=name, datum="\0").split("\0")[0] in site_flag
    ]


def _requoted(sites: Any, open_: Any, before: Any, after: Any) -> Any:
    """Return sites whose reasons quote what is said of a zone now, and no longer what was said.

    The reason of a site that cannot be judged tells its deciding finding.
    """
    codes = as_text(sites["site_code"]).tolist()
    told = {f"why_{lang}": sites[f"why_{lang}"].tolist() for lang in CAP_WORDS}
    rows = _first_rows(before)
    for place in open_.nonzero()[0].tolist():
        if codes[place] in rows:
            for column, texts in told.items():
                old, new = (one[column].iloc[rows[codes[place]]] for one in (before, after))
                texts[place] = texts[place].replace(old, new, 1)
    return _with(sites, told)


def _first_rows(findings: Any) -> dict[str, int]:
    """Return the place of the first finding of each site."""
    codes = as_text(findings["site_code"]).tolist()
    return {code: len(codes) - place for place, code in enumerate(reversed(codes), 1)}


def _with(sites: Any, columns: Any) -> Any:
    """Return sites with the values of some columns replaced, whatever the labels of the rows."""
    import pandas as pd

    new = {
        name: pd.array(values, dtype=sites[name].dtype)
        for name, values in columns.items()
        if values != sites[name].tolist()
    }
    return sites.assign(**new) if new else sites


def _capped(table: Any, rows: Any, flags: str) -> Any:
    table = table.copy()
    table.loc[rows, "verdict"] = CAPPED
    for lang, words in CAP_WORDS.items():
        table.loc[rows, f"why_{lang}"] = words + table.loc[rows, f"why_{lang}"]
    old = as_text(table.loc[rows, flags])
    table.loc[rows, flags] = [f"{APPROXIMATE}；{text}" if text else APPROXIMATE for text in old]
    return table
