"""Which section a reading belongs to: by code, else by a name that holds at its time and place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chaoyang_geo.schema import SchemaError, one_of, require
from chaoyang_geo.sections.corrections import Corrections
from chaoyang_geo.sections.distinct import column_texts, column_times, distinct
from chaoyang_geo.sections.registry import (
    ALWAYS,
    Answer,
    Asked,
    Registry,
    day_text,
    read_registry,
    short_province,
)
from chaoyang_geo.sections.review import read_review as read_review
from chaoyang_geo.sections.review import write_review as write_review
from chaoyang_geo.sections.spelling import fold, fold_code

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

#: What can be said of a row.
STATES: tuple[str, ...] = ("matched", "ambiguous", "unmatched")

REPORT_COLUMNS: tuple[str, ...] = (
    *("scope", "province", "section_name", "section_code_given", "section_code"),
    *("n_rows", "n_matched", "n_ambiguous", "n_unmatched", "match_flag"),
)
_NO_TIME = -1


def match_sections(
    readings: pd.DataFrame,
    sections: pd.DataFrame,
    *,
    validate: str = "m:1",
    corrections: pd.DataFrame | None = None,
    min_score: float = 0.6,
) -> pd.DataFrame:
    """Join readings to the sections of a registry: by code, else by a name, never by a guess.

    The registry knows time: several rows may share a code (a rename, a move) when their
    periods do not overlap, and the reading's ``time`` picks the row in force. The province,
    where both tables say it, is the context: the same name in another province is another
    section. A name that only comes near (a suffix 断面 or 水站, a bracket, 桥 for 大桥, another
    character) is never matched; it is offered in ``candidates``. Unmatched and ambiguous rows
    stay, with a flag.

    Required columns: ``readings``: ``section_name`` or ``section_code``; ``sections``:
    ``section_code`` (text), ``section_name``. Used where present: in both ``province``,
    ``water_body`` (tells apart sections of one name; where it contradicts, the row is flagged
    and a match by name scores less); in ``sections`` ``aliases``,
    ``former_names`` (joined by ``;``), ``valid_from``, ``valid_to`` (first and last day in force;
    missing: open); in ``readings`` ``time``, ``period_end``, and ``section_code_given`` instead
    of ``section_code``, so that a matched table can be matched anew.

    Parameters
    ----------
    readings : DataFrame, n rows
        Texts may be plain, object or category columns; any index.
    sections : DataFrame or GeoDataFrame, m rows
    validate : {"m:1", "1:1"}
        ``m:1``: a code stands once in the registry at any time. ``1:1``: moreover no section
        is matched by two rows.
    corrections : DataFrame, optional
        A person's answers, as :func:`read_review` returns them; they win over everything.
        ``section_name`` and ``corrected_code`` (``无``: not in the registry); used where present:
        ``province``, ``section_code_given`` (an empty cell is a reading that states none),
        ``valid_from``, ``valid_to``.
    min_score : float, 0 to 1
        The least score of a near name that is offered as a candidate.

    Returns
    -------
    DataFrame, n rows: the input with ``section_code`` filled in where matched and ``''`` elsewhere,
        ``match_state`` (``matched``, ``ambiguous``, ``unmatched``), ``score``, ``match_flag`` (why not,
        or why doubtful), ``candidates`` (codes and names, joined by ``;``); also
        ``section_code_given`` where the readings had a code, and ``registry_from`` where the
        registry has ``valid_from``: with ``section_code`` the key of the row in force. New texts
        are categories when the readings' own names or codes are.

    Raises
    ------
    SchemaError
        A required column is missing; a registry code is missing, no text or there twice at
        one time; a date is none; a corrected code is not in the registry; ``1:1`` does not hold.
    ValueError
        Unknown ``validate``, or ``min_score`` outside 0 to 1.

    Notes
    -----
    Scores: 1 the code, or a person's correction; 0.95 the name in force; 0.9 an alias in force,
    or the code outside its period; 0.85 a former name, a name that was valid at another
    time, or one whose registered water body is not the reading's; 0.75 (never matched) only a
    suffix, a bracket or 大 differs; at most 0.7 (never matched) the share of characters in
    common, 2 m / (a + b); 0 nothing comes near.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo import match_sections
    >>> sections = pd.DataFrame({"section_code": ["S1"], "section_name": ["凌鸿大桥"],
    ...                          "aliases": ["南大桥"], "province": ["辽宁省"]})
    >>> readings = pd.DataFrame({"section_name": ["南大桥", "凌鸿桥", "新华"],
    ...                          "province": ["辽宁", "辽宁省", "云南省"]})
    >>> match_sections(readings, sections)[["section_code", "match_state", "score", "candidates"]]
      section_code match_state  score candidates
    0           S1     matched   0.90
    1                ambiguous   0.75    S1 凌鸿大桥
    2                unmatched   0.00
    """
    import numpy as np
    import pandas as pd

    one_of("validate", validate, ("m:1", "1:1"))
    if not 0 <= min_score <= 1:
        raise ValueError(f"min_score={min_score!r} is no score; use a number from 0 to 1.")
    registry = read_registry(sections)
    code_column = _code_column(readings)
    if code_column is None:
        require(readings, ["section_name"], table="readings")
    fixed = Corrections.of(corrections, registry.by_code)

    breaks = sorted(registry.days() | fixed.days())
    keys = {
        name: column_texts(readings[column])
        for name, column in (
            *(("code", code_column), ("name", "section_name")),
            *(("province", "province"), ("water", "water_body")),
        )
        if column is not None and column in readings
    }
    days = _epochs(readings, "time", breaks) if breaks else None
    ends = _epochs(readings, "period_end", breaks) if breaks else None
    row_of, first = distinct(
        [codes for codes, _ in keys.values()] + [part for part in (days, ends) if part is not None],
        len(readings),
    )
    answers = []
    for place in first:
        said = {name: texts[codes[place]] for name, (codes, texts) in keys.items()}
        day = None if days is None else _day_of(int(days[place]), breaks)
        asked = Asked(
            code=fold_code(said.get("code", "")),
            name=said.get("name", "").strip(),
            province=short_province(said.get("province", "")),
            water=fold(said.get("water", "")),
            # without dates in either table every day is alike
            day=day if breaks else 0,
        )
        answer = fixed.answer(asked) or registry.answer(asked, min_score)
        if answer.code:
            last = None if ends is None else _day_of(int(ends[place]), breaks)
            answer = _in_force(registry, answer, asked.day, last)
        answers.append(answer)

    as_category = any(
        isinstance(readings[column].dtype, pd.CategoricalDtype)
        for column in (code_column, "section_name")
        if column is not None and column in readings
    )
    result = readings.copy()
    if code_column is not None:
        codes, texts = keys["code"]
        result["section_code_given"] = _taken(texts, codes, as_category)
    texts_of = {
        "section_code": [answer.code for answer in answers],
        "match_state": [answer.state for answer in answers],
        "match_flag": [answer.flag for answer in answers],
        "candidates": [answer.candidates for answer in answers],
    }
    for column, values in texts_of.items():
        result[column] = _taken(values, row_of, as_category)
        if column == "match_state":
            result["score"] = np.array([answer.score for answer in answers], dtype=float)[row_of]
    if "valid_from" in sections:
        result["registry_from"] = _starts(answers, row_of)
    if validate == "1:1":
        _refuse_twice(result)
    return result


def match_report(matched: pd.DataFrame) -> pd.DataFrame:
    """Count what :func:`match_sections` matched: in all, and by section as the readings name it.

    Required columns: ``match_state``, ``section_code``; used where present: ``province``,
    ``section_name``, ``section_code_given``, ``match_flag``.

    Parameters
    ----------
    matched : DataFrame, n rows, from :func:`match_sections`

    Returns
    -------
    DataFrame
        First a row with ``scope`` ``all``, then a row with ``scope`` ``section`` for each distinct
        province, name and code that the readings state, in order of appearance. In every row
        ``n_rows = n_matched + n_ambiguous + n_unmatched``, and the rows of scope ``section`` add
        up to the first. ``section_code`` holds the codes matched, joined by ``;``.

    Raises
    ------
    SchemaError
        A required column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo import match_sections, match_report
    >>> sections = pd.DataFrame({"section_code": ["S1"], "section_name": ["凌鸿大桥"]})
    >>> readings = pd.DataFrame({"section_name": ["凌鸿大桥", "新华", "凌鸿大桥"]})
    >>> report = match_report(match_sections(readings, sections))
    >>> report[["scope", "section_name", "section_code", "n_rows", "n_matched", "n_unmatched"]]
         scope section_name section_code  n_rows  n_matched  n_unmatched
    0      all                                 3          2            1
    1  section         凌鸿大桥           S1       2          2            0
    2  section           新华                    1          0            1
    """
    import numpy as np
    import pandas as pd

    require(matched, ["match_state", "section_code"], table="matched")
    given = ["province", "section_name", "section_code_given"]
    keys = {name: column_texts(matched[name]) for name in given if name in matched}
    row_of, first = distinct([codes for codes, _ in keys.values()], len(matched))
    states, names = column_texts(matched["match_state"])
    table: dict[str, Any] = {"scope": ["all"] + ["section"] * len(first)}
    for name in given:
        if name in keys:
            codes, texts = keys[name]
            table[name] = ["", *(texts[codes[place]] for place in first)]
        else:
            table[name] = [""] * (len(first) + 1)
    table["section_code"] = ["", *_joined(matched["section_code"], row_of, len(first), ";")]
    counts = {"n_rows": np.bincount(row_of, minlength=len(first))}
    for state in STATES:
        is_state = np.array([name == state for name in names], dtype=bool)[states]
        counts[f"n_{state}"] = np.bincount(row_of[is_state], minlength=len(first))
    for name, count in counts.items():
        table[name] = np.concatenate([[count.sum()], count]).astype("int64")
    flags = matched.get("match_flag", None)
    table["match_flag"] = ["", *_joined(flags, row_of, len(first), "；")]
    report = pd.DataFrame({name: table[name] for name in REPORT_COLUMNS})
    texts_of = [name for name in REPORT_COLUMNS if not name.startswith("n_")]
    return report.astype(dict.fromkeys(texts_of, "str"))


# --- distinct combinations ------------------------------------------------------------------------


def _code_column(readings: pd.DataFrame) -> str | None:
    for column in ("section_code_given", "section_code"):
        if column in readings:
            return column
    return None


def _epochs(readings: pd.DataFrame, column: str, breaks: list[int]) -> npt.NDArray[np.int64] | None:
    """Return between which of the days ``breaks`` each time lies, -1 for a missing time.

    ``period_end`` is the first moment after a period, so it counts a moment earlier.
    """
    import numpy as np

    if column not in readings:
        return None
    moments = column_times(readings[column])
    if column == "period_end":
        moments = moments - np.timedelta64(1, "s")
    found = np.searchsorted(
        np.array(breaks), moments.astype("datetime64[D]").astype(np.int64), "right"
    )
    return np.where(np.isnat(moments), _NO_TIME, found)


def _day_of(epoch: int, breaks: list[int]) -> int | None:
    """Return a day inside an epoch: everything in the registry is alike on all its days."""
    if epoch == _NO_TIME:
        return None
    return breaks[epoch - 1] if epoch else breaks[0] - 1


def _taken(values: list[str], row_of: npt.NDArray[np.int64], as_category: bool) -> Any:
    """Spread distinct values over the rows, as a category or as plain text."""
    import numpy as np
    import pandas as pd

    if as_category:
        codes, uniques = pd.factorize(np.array(values, dtype=object))
        return pd.Categorical.from_codes(codes[row_of], categories=pd.Index(uniques, dtype="str"))
    return pd.array(values, dtype="str").take(row_of)


def _starts(answers: list[Answer], row_of: npt.NDArray[np.int64]) -> Any:
    import numpy as np

    dated = [np.datetime64(day_text(a.start) if a.start > ALWAYS else "NaT", "s") for a in answers]
    return np.array(dated, dtype="datetime64[s]")[row_of]


def _joined(
    column: pd.Series[Any] | None, row_of: npt.NDArray[np.int64], n: int, mark: str
) -> list[str]:
    """Join the distinct texts of each group, in order of appearance."""
    if column is None:
        return [""] * n
    codes, texts = column_texts(column)
    _, first = distinct([row_of, codes], len(row_of))
    found: list[list[str]] = [[] for _ in range(n)]
    for place in first:
        if texts[codes[place]]:
            found[row_of[place]].append(texts[codes[place]])
    return [mark.join(parts) for parts in found]


def _in_force(registry: Registry, answer: Answer, day: int | None, last: int | None) -> Answer:
    """Name the row in force, and flag a period within which the section was renamed or moved."""
    row = registry.row_at(answer.code, day)
    answer = replace(answer, start=row.start)
    if day is None or last is None:
        return answer
    after = registry.row_at(answer.code, last)
    if row is after and row.holds(day) == after.holds(last):
        return answer
    note = f"监测期内断面{answer.code}的登记有变动（{row.period()}；{after.period()}），以期初为准"
    return replace(answer, flag=f"{answer.flag}；{note}" if answer.flag else note)


def _refuse_twice(matched: pd.DataFrame) -> None:
    codes = matched.loc[(matched["match_state"] == "matched").to_numpy(), "section_code"].astype(
        str
    )
    twice = codes[codes.duplicated(keep=False)]
    if len(twice):
        counts = twice.value_counts().sort_index()
        listed = ", ".join(f"{code} ({count} rows)" for code, count in counts.head(10).items())
        more = f" and {len(counts) - 10} more" if len(counts) > 10 else ""
        raise SchemaError(
            f"validate='1:1': {len(counts)} sections are matched by several rows: {listed}{more}. "
            "Use validate='m:1' where a section may have many readings."
        )
