"""Which items are evaluated at a section: 5+X, after what went wrong there before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoyang_geo import standards
from chaoyang_geo.schema import CLASSES, as_classes, as_text, as_times, require, split_codes

if TYPE_CHECKING:
    import pandas as pd

_CLASS_3 = CLASSES.index("Ⅲ")


def five_plus_x(assessments: pd.DataFrame, *, year: int) -> pd.DataFrame:
    """Return the items to evaluate at each section in a year: the five, and its own X.

    X are the items that went beyond class Ⅲ at the section in the year before or in the year
    itself; where the target is Ⅰ or Ⅱ, those that went beyond the target.

    Required columns: ``assessments``: ``section_code``, ``period`` (or ``time``),
    ``items_over_3``; used where present: ``items_over_target``, ``target_class``.

    Parameters
    ----------
    assessments : DataFrame
        Of all items, as from :func:`assess_sections` or :func:`classify`, over both years.
    year : int

    Returns
    -------
    DataFrame, one row per section, in order of first appearance
        ``section_code``, ``items_evaluated`` (keys joined by ``;``), for the argument ``items`` of
        :func:`assess_sections` and :func:`classify`.

    Raises
    ------
    SchemaError
        A required column is missing.

    Notes
    -----
    Source: 环办监测函〔2020〕714号: what X is (verified), that 5+X is evaluated since 2021 (single
    source). Items that no class of a section counts (total nitrogen, ...) never are in X.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo import five_plus_x
    >>> before = pd.DataFrame({
    ...     "section_code": ["S1", "S1", "S2"], "items_over_3": ["f", "cod;tp", ""],
    ...     "period": pd.to_datetime(["2023-05-01", "2024-05-01", "2024-05-01"])})
    >>> five_plus_x(before, year=2025)["items_evaluated"].tolist()
    ['ph;do;cod_mn;nh3_n;tp;cod', 'ph;do;cod_mn;nh3_n;tp']
    """
    import pandas as pd

    when = "period" if "period" in assessments else "time"
    require(assessments, ["section_code", when, "items_over_3"], table="assessments")
    years = as_times(assessments[when]).dt.year
    codes = as_text(assessments["section_code"]).tolist()
    n = len(codes)
    targets = (
        as_classes(
            assessments["target_class"], table="assessments", column="target_class"
        ).codes.tolist()
        if "target_class" in assessments
        else [-1] * n
    )
    strict = assessments["items_over_target"] if "items_over_target" in assessments else [""] * n
    sets: dict[str, dict[str, None]] = {}
    for code, in_year, over_3, over_target, target in zip(
        codes, years, assessments["items_over_3"], strict, targets, strict=True
    ):
        own = sets.setdefault(code, dict.fromkeys(standards.CORE_ITEMS))
        if in_year in (year - 1, year):
            stricter = 0 <= target < _CLASS_3
            own.update(dict.fromkeys(split_codes(over_target if stricter else over_3)))
    return pd.DataFrame(
        {
            "section_code": pd.array(list(sets), dtype="str"),
            "items_evaluated": pd.array([";".join(own) for own in sets.values()], dtype="str"),
        }
    )
