"""Assessed rows and the registry behind them, checked once for ratings, units and targets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.schema import (
    SchemaError,
    as_classes,
    as_text,
    as_times,
    class_dtype,
    require,
    text_array,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Texts = npt.NDArray[np.object_]

ASSESS_FIRST = 'Assess over periods first: assess_sections(readings, sections, period="month").'

#: A water type as words, also where it is only assumed.
WATERS: dict[str, tuple[str, str]] = {
    "river": ("河流", "river"),
    "lake": ("湖库", "lake"),
    "all": ("河流和湖库", "rivers and lakes"),
}

_MOST_NAMES = 10  # that a flag lists


def assessment_rows(assessments: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of an assessment with checked keys: n rows, same order, fresh index.

    Columns: ``key`` (code of the section; its name where it has no code), ``section_code``,
    ``section_name``, ``period``, ``period_end``, ``rank`` (-1: not judged), ``attained``,
    ``target_quality``, ``items_over_3``, ``items_over_3_times``, ``deciding_items``; texts that
    are not there are empty.
    """
    import pandas as pd

    require(
        assessments, ["section_code", "period", "class"], table="assessments", hint=ASSESS_FIRST
    )
    codes = text_array(assessments["section_code"])
    names = texts(assessments, "section_name")
    period = as_times(assessments["period"].reset_index(drop=True)).astype("datetime64[s]")
    gaps = period.isna().to_numpy().nonzero()[0]
    if len(gaps):
        raise SchemaError(
            f"assessments: row {gaps[0] + 1} has no period; leave out rows whose time is not known."
        )
    end = (
        as_times(assessments["period_end"].reset_index(drop=True)).astype("datetime64[s]")
        if "period_end" in assessments
        else pd.Series(pd.NaT, index=period.index, dtype="datetime64[s]")
    )
    classes = as_classes(assessments["class"], table="assessments", column="class")
    out = pd.DataFrame(
        {
            "key": pd.Series([a or b for a, b in zip(codes, names, strict=True)], dtype="object"),
            "section_code": codes,
            "section_name": names,
            "period": period,
            "period_end": end,
            "rank": classes.codes.astype("int64"),
        }
    )
    out["attained"] = _booleans(assessments, "attained")
    for name in ("target_quality", "items_over_3", "items_over_3_times", "deciding_items"):
        out[name] = texts(assessments, name)
    _no_twins(out)
    return out


def _booleans(frame: pd.DataFrame, column: str) -> Any:
    import pandas as pd

    if column not in frame:
        return pd.array([pd.NA] * len(frame), dtype="boolean")
    try:
        values = frame[column].astype("object")
        return pd.array(values.where(values.notna(), None).tolist(), dtype="boolean")
    except (TypeError, ValueError) as error:
        raise SchemaError(
            f"assessments: column {column} must hold true, false or nothing ({error})."
        ) from error


def _no_twins(rows: pd.DataFrame) -> None:
    """Raise when a section has two verdicts in one period, or a row says no section."""
    nameless = (rows["key"] == "").to_numpy().nonzero()[0]
    if len(nameless):
        raise SchemaError(
            f"assessments: row {nameless[0] + 1} has neither section_code nor section_name; "
            "match the readings to the sections first: match_sections(readings, sections)."
        )
    twice = rows.duplicated(["key", "period", "period_end"]).to_numpy().nonzero()[0]
    if len(twice):
        row = rows.iloc[twice[0]]
        raise SchemaError(
            f"assessments: row {twice[0] + 1} judges section {row['key']} again for the period "
            f"from {row['period']:%Y-%m-%d}; keep one row per section and period. Where it was "
            "moved or its target changed within the period (valid_from), assess months instead, "
            "or keep the row of the place that answers."
        )


def texts(frame: pd.DataFrame, column: str) -> Texts:
    """Return a column as an array of texts; missing, or not there at all, is empty."""
    import numpy as np

    if column not in frame:
        return np.full(len(frame), "", dtype=object)
    found: Texts = text_array(frame[column])
    return found


def plain(frame: pd.DataFrame, *, table: str, needs: Sequence[str]) -> pd.DataFrame:
    """Return a registry or layer as a plain table with its codes as text, without geometry."""
    import pandas as pd

    require(frame, needs, table=table)
    columns = [name for name in frame.columns if str(frame[name].dtype) != "geometry"]
    out = pd.DataFrame(frame[columns]).reset_index(drop=True)
    for name in needs:
        out[name] = text_array(out[name])
        empty = (out[name] == "").to_numpy().nonzero()[0]
        if len(empty):
            raise SchemaError(f"{table}: row {empty[0] + 1} has no {name}; every row needs one.")
    return out


def in_force(sections: pd.DataFrame, begins: Any, ends: Any) -> pd.DataFrame:
    """Return the registry's rows of each period: columns ``at`` (place of the period), ``row``.

    A registry that knows time has ``valid_from`` and ``valid_to``; of several rows of a section
    that touch a period, the one in force at its begin is taken, else the earliest.
    """
    import numpy as np
    import pandas as pd

    n, m = len(begins), len(sections)
    at, row = np.repeat(np.arange(n), m), np.tile(np.arange(m), n)
    out = pd.DataFrame({"at": at, "row": row, "code": sections["section_code"].to_numpy()[row]})
    first, last = _day(sections, "valid_from"), _day(sections, "valid_to")
    begin = np.asarray(begins, dtype="datetime64[s]")[at]
    end = np.asarray(ends, dtype="datetime64[s]")[at]
    end = np.where(np.isnat(end), begin + np.timedelta64(1, "s"), end)
    started = np.isnat(first[row]) | (first[row] < end)
    going = np.isnat(last[row]) | (last[row] + np.timedelta64(1, "D") > begin)
    at_begin = np.isnat(first[row]) | (first[row] <= begin)
    out["late"] = ~at_begin
    out["first"] = first[row]
    out = out[started & going]
    twice = out.duplicated(["at", "code", "late", "first"])
    if twice.any():
        raise SchemaError(
            f"sections: section_code {out.loc[twice, 'code'].iloc[0]} has two rows in force at "
            "once; keep one, or say from when each holds in valid_from and valid_to."
        )
    # in force at the begin: the latest of them; else the earliest that starts within the period
    rank = out["first"].astype("int64").to_numpy()
    rank = np.where(np.isnat(out["first"].to_numpy()), np.iinfo(np.int64).min // 2, rank)
    out["rank"] = np.where(out["late"].to_numpy(), rank, -rank)
    out = out.sort_values(["at", "late", "rank", "row"], kind="stable")
    kept = out.drop_duplicates(["at", "code"]).sort_values(["at", "row"], kind="stable")
    found: pd.DataFrame = kept[["at", "row"]].reset_index(drop=True)
    return found


def _day(sections: pd.DataFrame, column: str) -> Any:
    import numpy as np

    if column not in sections:
        return np.full(len(sections), "NaT", dtype="datetime64[s]")
    return as_times(sections[column]).astype("datetime64[s]").to_numpy()


def periods_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the periods that occur, in order of time: ``period``, ``period_end``."""
    found = rows[["period", "period_end"]].drop_duplicates()
    return found.sort_values(["period", "period_end"]).reset_index(drop=True)


def percent(part: int, whole: int) -> str:
    """Write a share of counts as percent with one decimal, half to even, exactly.

    Examples
    --------
    >>> from chaoyang_geo.assess.rows import percent
    >>> percent(12, 14), percent(1, 8), percent(1, 16), percent(0, 0)
    ('85.7%', '12.5%', '6.2%', '')
    """
    from fractions import Fraction

    if not whole:
        return ""
    tenths = round(Fraction(1000 * part, whole))  # of a fraction: half to even
    return f"{tenths // 10}.{tenths % 10}%"


@cache
def status_of(rule: str, *, lang: str = "en") -> str:
    """Return the status of a rule in words; each is looked up once."""
    return standards.rule_status(rule, lang=lang)


def listed(names: Sequence[str], lang: str = "zh") -> str:
    """List names; of many, the first and how many there are.

    Examples
    --------
    >>> from chaoyang_geo.assess.rows import listed
    >>> listed(["甲", "乙"]), listed([str(n) for n in range(12)], "en")
    ('甲、乙', '0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more')
    """
    by = "、" if lang == "zh" else ", "
    text = by.join(names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        more = len(names) - _MOST_NAMES
        text += f"等{len(names)}个" if lang == "zh" else f" and {more} more"
    return text


def strings(values: Any) -> Any:
    """Return texts as a column of the text dtype."""
    import pandas as pd

    return pd.array(list(values), dtype="str")


def named(rows: pd.DataFrame) -> pd.Series:
    """Return the name that people know each section by, else its code."""
    names = as_text(rows["section_name"])
    return names.where(names != "", as_text(rows["key"]))


def typed(table: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """Give every column its dtype, also where there is no row."""
    import pandas as pd

    out: dict[str, Any] = {}
    for name in table.columns:
        values = table[name]
        if name in ("period", "period_end"):
            out[name] = pd.Series(values, dtype="object").astype(periods[name].dtype)
        elif name.startswith("n_"):
            out[name] = values.astype("int64")
        elif name == "class":
            out[name] = pd.Categorical(values, dtype=class_dtype())
        elif name == "attained":
            goals: Any = values.astype("object")
            known = goals.where(goals.notna(), None).tolist()
            out[name] = pd.array(known, dtype="boolean")
        elif name == "share" or "weighted" in name or name.endswith("_rate"):
            out[name] = values.astype("float64")
        else:
            out[name] = strings(values)
    return pd.DataFrame(out)
