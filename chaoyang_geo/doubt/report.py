"""How much of a table is sound: counts of every state, doubt and flag by section and item."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chaoyang_geo.doubt.words import KINDS, STATES
from chaoyang_geo.schema import require

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

#: Begin of the name of a column that counts one flag of the reader.
FLAG_PREFIX = "reading_flag: "

_QUOTED = re.compile(r"“[^”]*”|「[^」]*」|\"[^\"]*\"")
_NUMBER = re.compile(r"(?<![A-Za-z0-9])[-+]?\d[\d,.]*(?:[eE][-+]?\d+)?(?![A-Za-z]*\d)")


def quality_report(
    readings: pd.DataFrame, *, by: Sequence[str] = ("section_code", "item")
) -> pd.DataFrame:
    """Count rows, states, doubts and flags of readings by section and item.

    Every column that counts adds up to its total; every row has one state, so that
    the states of a row of the report add up to ``n_rows``.

    Required columns: ``item``, ``value``, ``time`` and those of ``by``. Readings without the
    column ``doubts`` are first given to :func:`flag_doubts` with its defaults.

    Parameters
    ----------
    readings : DataFrame, n rows
        The long table, best with the doubts of :func:`flag_doubts`.
    by : sequence of column names
        What a row of the report is. With ``section_code``, sections without a code are told
        apart by province and name.

    Returns
    -------
    DataFrame, one row per group in order of first appearance, and one with the totals

        ``report_row`` (``group`` or ``total``), the columns of ``by`` (after ``section_code`` also
        ``section_name`` and ``province``),
        ``n_rows``, ``n_samples`` (no means, totals or notes), one column ``n_<state>`` for each
        state (``n_number``, ``n_below``, ...; ``n_other`` where the state is unknown),
        ``n_doubted`` (rows with any doubt), one column ``n_<kind>`` for each kind of doubt,
        ``n_flagged`` (rows with a ``reading_flag``) and one column ``reading_flag: ...`` for
        each distinct flag; numbers and quoted text in a flag are written …, so that one
        reason is one column.

    Raises
    ------
    SchemaError
        A required column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo import quality_report
    >>> readings = pd.DataFrame({
    ...     "section_code": ["S1", "S1"], "time": pd.Timestamp("2025-10-08"), "item": ["ph", "ph"],
    ...     "value": [8.1, 14.2], "state": ["number", "number"]})
    >>> report = quality_report(readings)
    >>> report[["report_row", "section_code", "item", "n_rows", "n_number", "n_impossible"]]
      report_row section_code item  n_rows  n_number  n_impossible
    0      group           S1   ph       2         2             1
    1      total                         2         2             1
    """
    import numpy as np
    import pandas as pd

    from chaoyang_geo.doubt.table import labels

    by = [by] if isinstance(by, str) else list(by)
    require(readings, ["item", "value", "time", *by], table="readings")
    if "doubts" not in readings:
        from chaoyang_geo.doubt import flag_doubts

        readings = flag_doubts(readings)
    n = len(readings)
    keys = list(by)
    if "section_code" in by:
        named = [n for n in ("section_name", "province") if n in readings and n not in by]
        at = keys.index("section_code") + 1
        keys[at:at] = named
    group, first = _groups(readings, by)
    counted: dict[str, npt.NDArray[np.int64]] = {}

    def count(name: str, chosen: npt.NDArray[np.bool_]) -> None:
        counted[name] = np.bincount(group[chosen], minlength=len(first)).astype(np.int64)

    count("n_rows", np.ones(n, bool))
    row_kind = labels(readings, "row_kind")
    count("n_samples", np.append(row_kind.texts == "sample", True)[row_kind.codes])
    state_of, states = _states(readings)
    for state in STATES:
        place = states.index(state)
        count(f"n_{state}", state_of == place)
    count("n_other", state_of == len(states))
    doubts = labels(readings, "doubts")
    count("n_doubted", doubts.codes >= 0)
    split = [set(str(text).split(";")) for text in doubts.texts]
    for kind in KINDS:
        holds = np.array([*(kind in kinds for kinds in split), False], bool)
        count(f"n_{kind}", holds[doubts.codes])
    flags = labels(readings, "reading_flag")
    count("n_flagged", flags.codes >= 0)
    for text, holds in _distinct_flags(flags.texts).items():
        count(FLAG_PREFIX + text, holds[flags.codes])

    report = pd.DataFrame({"report_row": ["group"] * len(first)})
    for name in keys:
        texts = labels(readings, name)
        report[name] = np.append(texts.texts, "")[texts.codes[first]]
    report = pd.concat([report, pd.DataFrame(counted)], axis=1)
    total: dict[str, object] = {"report_row": "total", **dict.fromkeys(keys, "")}
    total |= {name: int(column.sum()) for name, column in counted.items()}
    report = pd.concat([report, pd.DataFrame([total])], ignore_index=True)
    return report.astype(
        {**dict.fromkeys(["report_row", *keys], "str"), **dict.fromkeys(counted, "int64")}
    )


def _groups(
    readings: pd.DataFrame, by: Sequence[str]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the group of every row and the first row of every group, by first appearance."""
    import numpy as np
    import pandas as pd

    from chaoyang_geo.doubt.table import combine, labels

    codes = []
    for name in by:
        column = labels(readings, name)
        codes.append(column.codes + 1)
        if name == "section_code":
            for other in ("section_name", "province"):
                if other not in by:
                    named = labels(readings, other).codes + 1
                    codes.append(np.where(column.codes >= 0, 0, named))
    if not codes:
        codes = [np.zeros(len(readings), np.int64)]
    group = pd.factorize(combine(*codes))[0].astype(np.int64)
    _, first = np.unique(group, return_index=True)
    return group, first


def _states(readings: pd.DataFrame) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return the place of each row's state in the list; its length where it is unknown."""
    import numpy as np

    from chaoyang_geo.doubt.table import labels

    states = list(STATES)
    unknown = len(states)
    if "state" in readings:
        state = labels(readings, "state")
        places = [states.index(text) if text in states else unknown for text in state.texts]
        return np.array([*places, unknown], np.int64)[state.codes], states
    number = readings["value"].notna().to_numpy()
    sign = labels(readings, "censored")
    signs = {"<": states.index("below"), ">": states.index("above")}
    places = [signs.get(str(text), unknown) for text in sign.texts]
    censored = np.array([*places, unknown], np.int64)[sign.codes]
    return np.where(number, states.index("number"), censored), states


def general(flag: str) -> str:
    """Return a flag without its numbers and quotes, so that one reason is one text.

    Examples
    --------
    >>> from chaoyang_geo.doubt.report import general
    >>> general("低于检出限0.025"), general("缺测（原文“--”）"), general("NH3-N按mg/L")
    ('低于检出限…', '缺测（原文“…”）', 'NH3-N按mg/L')
    """
    flag = _QUOTED.sub(lambda found: f"{found[0][0]}…{found[0][-1]}", flag)
    return _NUMBER.sub("…", flag)


def _distinct_flags(texts: npt.NDArray[np.object_]) -> dict[str, npt.NDArray[np.bool_]]:
    """Return for every general flag which of the distinct texts hold it; the last is no text."""
    import numpy as np

    found: dict[str, npt.NDArray[np.bool_]] = {}
    for code, text in enumerate(texts):
        for part in str(text).split("；"):
            name = general(part.strip())
            if name:
                found.setdefault(name, np.zeros(len(texts) + 1, bool))[code] = True
    return found
