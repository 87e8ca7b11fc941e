"""From one month to the next: which exceedances begin, go on, pause, end, or come close."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.alerting.judged import (
    CLOSE,
    OVER,
    UNDER,
    Judged,
    in_force,
    judged,
)
from chaoyang_geo.alerting.memory import (
    AlertState,
    dicts,
    no_rows,
    open_rows,
    read_alert_state,
    write_alert_state,
)
from chaoyang_geo.alerting.words import answering, reasons
from chaoyang_geo.bounds import looked_up
from chaoyang_geo.codes import Coded, coded
from chaoyang_geo.schema import as_text, one_of, require

if TYPE_CHECKING:
    import pandas as pd

#: States of a section and item in a month.
STATES: dict[str, str] = {
    "new": "新增",
    "continuing": "持续",
    "interrupted": "中断",
    "cleared": "解除",
    "near": "接近限值",
    "not_judged": "未能判定",
    "ok": "未超过",
}

ALERT_COLUMNS: tuple[str, ...] = (
    "section_code", "section_name", "item", "unit", "period", "period_end", "alert_state",
    "alert_state_zh", "months", "since", "last_over", "mean", "alert_limit", "times_over",
    "target_class", "unit_code", "answers", "alert_flag", "why_zh", "why_en",
)  # fmt: skip


def alerts(
    means: pd.DataFrame,
    sections: pd.DataFrame,
    previous: AlertState | None = None,
    *,
    period: Any = None,
    margin: float = 0.1,
    ph_margin: float = 0.2,
    shares: pd.DataFrame | None = None,
    path: str | PathLike[str] | None = None,
    show: str = "alerts",
    standard: Any = "gb3838",
) -> pd.DataFrame:
    """Say for a month which sections and items are over the limit of their target, and since when.

    Months are run in order. A month without data (断流, 未监测) neither ends an exceedance nor
    counts: its state is ``interrupted``; nor does one that was left out between two runs, and
    ``alert_flag`` says so. Running the same month again, with the same or mended
    means, gives what running it once gives.

    Required columns: ``means``: ``section_code``, ``period``, ``period_end``, ``item``, ``mean``; used where
    present: ``mean_rounded`` (compared instead of ``mean``), ``unit``, ``n_censored``, ``mean_low``,
    ``mean_high``, ``mean_flag``. ``sections``: ``section_code``, ``water_type``, ``target_class``; used
    where present: ``section_name``, ``unit_code``, ``valid_from``, ``valid_to``. ``shares``:
    ``unit_code``, ``county_name``, ``share``.

    Parameters
    ----------
    means : DataFrame
        The table of :func:`mean_readings` by month: of one month, or of the whole history, of which
        only months after ``previous``, and its own, are run.
    sections : DataFrame
        Registry with targets. Where it has a section more than once, with ``valid_from`` (the
        section was moved, or its target changed), each month is judged by the row in force at its
        begin; ``means`` are then by ``section_code`` alone.
    previous : AlertState, optional
        Memory of the last run; without it the run begins with the first month of ``means``.
    period : date, optional
        Begin of the month to report; by default the latest of ``means``.
    margin : float, a share of the limit
        A mean within this share of its limit is ``near``. No rule sets it.
    ph_margin : float, pH units
        The same for the two ends of pH.
    shares : DataFrame, optional
        Share (0 to 1) of each county in each control unit: who answers.
    path : path, optional
        File of the memory: read if it is there, and replaced after the run; instead of ``previous``.
    show : {"alerts", "all"}
        ``all`` adds the items that are neither over nor near (``ok``), and those without a limit.
    standard
        As :func:`chaoyang_geo.standards.limits` takes it.

    Returns
    -------
    DataFrame, one row per section and item, in order of code and item
        ``section_code``, ``section_name``, ``item``, ``unit``, ``period``, ``period_end``, ``alert_state`` (new,
        continuing, interrupted, cleared, near, not_judged, ok) with ``alert_state_zh``, ``months``
        (months over the limit in this exceedance; 0 without one), ``since``, ``last_over``, ``mean``
        (as compared), ``alert_limit``, ``times_over`` ((C - S) / S; missing for pH and DO, and when not
        over), ``target_class``, ``unit_code``, ``answers`` (counties by share), ``alert_flag``, ``why_zh``,
        ``why_en``.

    Raises
    ------
    SchemaError
        A column is missing, a period is no month, an item stands twice for a section and month,
        or the memory is damaged.
    ValueError
        The month is older than the memory; both ``previous`` and ``path``; a memory by another standard.

    Notes
    -----
    The limit of the target class, of items that enter the class: 环办〔2011〕22号; on the limit it is kept.
    A target of 劣Ⅴ has no limits, so that every value is ``ok``.
    Multiples against the target: single source. Values below detection count half (环办监测函〔2020〕82号);
    ``alert_flag`` says where zero or the whole limit would give another answer.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.alerting import alerts, advance_alerts
    >>> means = pd.DataFrame({"section_code": "S1", "item": "tp", "mean": [0.3, 0.25, 0.19],
    ...     "period": pd.to_datetime(["2025-08-01", "2025-09-01", "2025-10-01"]),
    ...     "period_end": pd.to_datetime(["2025-09-01", "2025-10-01", "2025-11-01"])})
    >>> sections = pd.DataFrame(
    ...     {"section_code": ["S1"], "water_type": ["river"], "target_class": ["Ⅲ"]})
    >>> for month in ("2025-08", "2025-09", "2025-10"):
    ...     row = alerts(means, sections, period=month).iloc[0]
    ...     print(row["alert_state"], row["months"], row["alert_flag"])
    new 1
    continuing 2
    cleared 2 仍接近限值（余量10%，参数）
    """
    import numpy as np
    import pandas as pd

    one_of("show", show, ("alerts", "all"))
    for name, value in (("margin", margin), ("ph_margin", ph_margin)):
        if not 0 <= value < (1 if name == "margin" else 1.5):
            raise ValueError(f"{name}={value!r} is out of range; give a small number from 0 up.")
    if path is not None:
        if previous is not None:
            raise ValueError("Give previous or path, not both: the file is the previous state.")
        previous = read_alert_state(path) if Path(path).exists() else None
    table = judged(means, sections, margin=margin, ph_margin=ph_margin, standard=standard)
    steps = _steps(table, previous, period, standard)
    state, last = _run(table, steps, previous, standard)
    if not len(steps):
        frame = _reported(table, np.zeros(0, np.int64), no_rows(), no_rows(), None)
    else:
        rows = np.flatnonzero(table.month == steps[-1])
        month = pd.Timestamp(int(steps[-1]), unit="s")
        frame = _reported(table, rows, last, state.open, month)
        frame["alert_flag"] = _with_skipped(frame, state.before_period, month)
    frame = _described(frame, means, sections, shares, margin=margin, ph_margin=ph_margin)
    if show == "alerts":
        # an item without any limit is no alert; one that could not be judged is told
        quiet = frame["alert_state"].eq("not_judged") & frame["alert_flag"].eq("")
        frame = frame[frame["alert_state"].ne("ok") & ~quiet].reset_index(drop=True)
    if path is not None and len(steps):
        write_alert_state(state, path)
    return frame


def advance_alerts(
    means: pd.DataFrame,
    sections: pd.DataFrame,
    previous: AlertState | None = None,
    *,
    period: Any = None,
    standard: Any = "gb3838",
) -> AlertState:
    """Return the memory after running the months of ``means`` that it has not seen.

    Parameters
    ----------
    means, sections, previous, period, standard
        As for :func:`alerts`.

    Returns
    -------
    AlertState
        To give to the next run, or to :func:`write_alert_state`.

    Raises
    ------
    SchemaError, ValueError
        As :func:`alerts`.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.alerting import advance_alerts
    >>> means = pd.DataFrame({"section_code": "S1", "item": "tp", "mean": [0.3, 0.25],
    ...     "period": pd.to_datetime(["2025-08-01", "2025-09-01"]),
    ...     "period_end": pd.to_datetime(["2025-09-01", "2025-10-01"])})
    >>> sections = pd.DataFrame(
    ...     {"section_code": ["S1"], "water_type": ["river"], "target_class": ["Ⅲ"]})
    >>> state = advance_alerts(means.head(1), sections)
    >>> advance_alerts(means, sections, state).open[["section_code", "item", "months"]]
      section_code item  months
    0           S1   tp       2
    """
    table = judged(means, sections, margin=0.0, ph_margin=0.0, standard=standard)
    steps = _steps(table, previous, period, standard)
    return _run(table, steps, previous, standard)[0]


def rebuild_alerts(
    means: pd.DataFrame, sections: pd.DataFrame, *, period: Any = None, standard: Any = "gb3838"
) -> AlertState:
    """Make the memory anew from the means of all months, as if they had been run one by one.

    Parameters
    ----------
    means : DataFrame
        The means of the whole history.
    sections, period, standard
        As for :func:`alerts`.

    Returns
    -------
    AlertState

    Raises
    ------
    SchemaError, ValueError
        As :func:`alerts`.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.alerting import rebuild_alerts
    >>> means = pd.DataFrame({"section_code": "S1", "item": "tp", "mean": [0.3, 0.25],
    ...     "period": pd.to_datetime(["2025-08-01", "2025-09-01"]),
    ...     "period_end": pd.to_datetime(["2025-09-01", "2025-10-01"])})
    >>> sections = pd.DataFrame(
    ...     {"section_code": ["S1"], "water_type": ["river"], "target_class": ["Ⅲ"]})
    >>> rebuild_alerts(means, sections).open[["section_code", "item", "since", "months"]]
      section_code item      since  months
    0           S1   tp 2025-08-01       2
    """
    return advance_alerts(means, sections, period=period, standard=standard)


def _steps(table: Judged, previous: AlertState | None, period: Any, standard: Any) -> Any:
    """Return the months to run, in seconds since 1970: those after the memory, and its own."""
    import numpy as np
    import pandas as pd

    months = np.unique(table.month)
    name = standards.citation(standard)
    if previous is not None and previous.standard != name:
        raise ValueError(
            f"The alert state was made by {previous.standard}, not by {name}; "
            "rebuild_alerts(means, sections, standard=...) makes one by another standard."
        )
    if period is not None:
        end = int(pd.Timestamp(period).to_datetime64().astype("datetime64[s]").astype(np.int64))
        if end not in months:
            there = f"{_day(months[0])} to {_day(months[-1])}" if len(months) else "no month"
            raise ValueError(f"period={period!r} is not in means, which have {there}.")
        months = months[months <= end]
    if previous is None or previous.period is None or not len(months):
        return months
    seen = int(previous.period.to_datetime64().astype("datetime64[s]").astype(np.int64))
    if months[-1] < seen:
        raise ValueError(
            f"The month {_day(months[-1])} is older than the alert state, which is of "
            f"{_day(seen)}; to run it anew use rebuild_alerts(means, sections) with all months, or the "
            "command with the files of all months and a new --state."
        )
    return months[months >= seen]


def _day(seconds: int) -> str:
    import pandas as pd

    return f"{pd.Timestamp(int(seconds), unit='s'):%Y-%m-%d}"


def _run(
    table: Judged, steps: Any, previous: AlertState | None, standard: Any
) -> tuple[AlertState, pd.DataFrame]:
    """Run months in order; return the memory, and what was open before the last of them."""
    import numpy as np
    import pandas as pd

    name = standards.citation(standard)
    if not len(steps):
        state = previous or AlertState(None, name, no_rows(), no_rows())
        return state, state.before
    first = pd.Timestamp(int(steps[0]), unit="s")
    start = no_rows()
    if previous is not None:
        start = previous.before if previous.period == first else previous.open
    # a place for each section and item of the means and of the memory
    n_items = max(len(table.items), 1)
    codes, pair = np.unique(table.section * n_items + table.item, return_inverse=True)
    keys = [(table.sections[c // n_items], table.items[c % n_items]) for c in codes.tolist()]
    place = {key: k for k, key in enumerate(keys)}
    memory = dicts(start)
    for record in memory:
        key = (record["section_code"], record["item"])
        if place.setdefault(key, len(keys)) == len(keys):
            keys.append(key)
    months, since, last = (np.zeros(len(keys), np.int64) for _ in range(3))
    paused = np.zeros(len(keys), bool)
    for record in memory:
        k = place[record["section_code"], record["item"]]
        months[k], paused[k] = record["months"], record["interrupted"]
        since[k], last[k] = (record[name].timestamp() for name in ("since", "last_over"))

    def remembered() -> pd.DataFrame:
        rows = [
            {
                "section_code": keys[k][0],
                "item": keys[k][1],
                "since": pd.Timestamp(int(since[k]), unit="s"),
                "last_over": pd.Timestamp(int(last[k]), unit="s"),
                "months": int(months[k]),
                "interrupted": bool(paused[k]),
            }
            for k in np.flatnonzero(months).tolist()
        ]
        return open_rows(rows)

    has_verdict = np.flatnonzero(np.isin(table.verdict, (OVER, CLOSE, UNDER)))
    order = has_verdict[np.argsort(table.month[has_verdict], kind="stable")]
    in_order = table.month[order]
    before = start
    for step in steps.tolist():
        if step == steps[-1]:
            before = remembered()
        begin, end = np.searchsorted(in_order, [step, step + 1])
        rows = order[begin:end]
        known, over = np.zeros(len(keys), bool), np.zeros(len(keys), bool)
        known[pair[rows]] = True
        over[pair[rows]] = table.verdict[rows] == OVER
        since = np.where(over & (months == 0), step, since)
        last = np.where(over, step, last)
        months = np.where(over, months + 1, np.where(known, 0, months))
        paused = ~known & (months > 0)
    month = pd.Timestamp(int(steps[-1]), unit="s")
    earlier = _month_before(previous, steps)
    return AlertState(month, name, remembered(), before, earlier), before


@dataclass(frozen=True)
class _Row:
    """One line of the report, before words."""

    section_code: str
    item: str
    row: int  # of means; -1 where they have none
    alert_state: str
    months: int
    since: Any
    last_over: Any


def _reported(
    table: Judged, rows: Any, before: pd.DataFrame, after: pd.DataFrame, month: Any
) -> pd.DataFrame:
    """Return section, item, row of the means, state and count of everything of a month."""
    import pandas as pd

    nothing = pd.NaT
    was = {(r["section_code"], r["item"]): r for r in dicts(before)}
    now = {(r["section_code"], r["item"]): r for r in dicts(after)}
    lines: list[_Row] = []
    done = set()
    for row in rows.tolist():
        key = (table.sections[table.section[row]], table.items[table.item[row]])
        verdict = int(table.verdict[row])
        record = now.get(key) or was.get(key)
        # of two rows of one item only the one in the right unit can be judged
        tracked = key not in done
        if verdict == OVER:
            state = "continuing" if key in was else "new"
        elif verdict in (CLOSE, UNDER):
            state = "cleared" if key in was else ("near" if verdict == CLOSE else "ok")
        elif key in was and tracked and not table.twin[row]:
            state = "interrupted"
        else:
            state, record = "not_judged", None
        if state in ("near", "ok"):
            record = None
        if state != "not_judged":
            done.add(key)
        months, since, last = (
            (record["months"], record["since"], record["last_over"])
            if record
            else (0, nothing, nothing)
        )
        lines.append(_Row(*key, row, state, months, since, last))
    for key, record in was.items():
        if key not in done:
            lines.append(
                _Row(
                    *key, -1, "interrupted", record["months"], record["since"], record["last_over"]
                )
            )
    frame = pd.DataFrame([vars(line) for line in lines], columns=list(_Row.__dataclass_fields__))
    frame = frame.astype(
        {
            "section_code": "str", "item": "str", "row": "int64", "alert_state": "str",
            "months": "int64", "since": "datetime64[s]", "last_over": "datetime64[s]",
        }
    ).sort_values(["section_code", "item", "row"])  # fmt: skip
    frame["period"] = pd.Series(month, index=frame.index, dtype="datetime64[s]")
    for name in ("mean", "alert_limit", "times_over"):
        values = getattr(table, name)
        frame[name] = [values[row] if row >= 0 else float("nan") for row in frame["row"]]
        frame[name] = frame[name].astype("float64")
    frame["alert_flag"] = pd.array(
        [table.flags[row] if row >= 0 else "本月没有该项的均值" for row in frame["row"]],
        dtype="str",
    )
    frame["verdict"] = [int(table.verdict[row]) if row >= 0 else -1 for row in frame["row"]]
    return frame.reset_index(drop=True)


def _month_before(previous: AlertState | None, steps: Any) -> pd.Timestamp | None:
    """Return the month that was run before the last one."""
    import pandas as pd

    if len(steps) > 1:
        return pd.Timestamp(int(steps[-2]), unit="s")
    if previous is None:
        return None
    again = previous.period == pd.Timestamp(int(steps[-1]), unit="s")
    return previous.before_period if again else previous.period


def _with_skipped(frame: pd.DataFrame, before: pd.Timestamp | None, month: pd.Timestamp) -> Any:
    """Return the flags, with a note where months between the last two that were run were left out.

    A month without any row is left out as one that was not run.
    """
    import pandas as pd

    flags = frame["alert_flag"]
    if before is None or month <= before + pd.DateOffset(months=1):
        return flags
    note = f"{before + pd.DateOffset(months=1):%Y-%m}起的月份未运行或没有均值，未计"
    noted = flags.where(flags == "", flags + "；") + note
    return flags.where(frame["months"] == 0, noted)


def _described(
    frame: pd.DataFrame,
    means: pd.DataFrame,
    sections: pd.DataFrame,
    shares: pd.DataFrame | None,
    *,
    margin: float,
    ph_margin: float,
) -> pd.DataFrame:
    """Add names, targets, who answers, and the words."""
    import numpy as np
    import pandas as pd

    if shares is not None:
        require(shares, ["unit_code", "county_name", "share"], table="shares")
    month = frame["period"].to_numpy().astype("datetime64[s]").astype(np.int64)
    codes, registry = in_force(coded(frame["section_code"]), month, sections)
    result = frame.copy()
    for name in ("section_name", "target_class", "unit_code"):
        result[name] = pd.array(looked_up(codes, registry, name).tolist(), dtype="str")
    units = coded(means["unit"]) if "unit" in means else Coded([""], np.zeros(len(means), np.int64))
    usual = standards.item_units()
    result["unit"] = pd.array(
        [
            units.texts[units.codes[row]] if row >= 0 and units.texts[units.codes[row]]
            else usual.get(item, "")
            for row, item in zip(frame["row"], frame["item"], strict=True)
        ],
        dtype="str",
    )  # fmt: skip
    ends = means["period_end"].to_numpy().astype("datetime64[s]") if len(means) else None
    begins = means["period"].to_numpy().astype("datetime64[s]") if len(means) else None
    result["period_end"] = pd.Series(pd.NaT, index=result.index, dtype="datetime64[s]")
    if ends is not None and begins is not None and len(result):
        here = begins == result["period"].to_numpy().astype("datetime64[s]")[0]
        result["period_end"] = ends[here][0]
    result["alert_state_zh"] = pd.array(
        [STATES[state] for state in result["alert_state"]], dtype="str"
    )
    registered = set(as_text(sections["section_code"]))
    near = (result["alert_state"] == "cleared") & (frame["verdict"] == CLOSE)
    flags = []
    for code, item, flag, is_near in zip(
        result["section_code"], result["item"], result["alert_flag"], near, strict=True
    ):
        parts = [flag] if flag else []
        if is_near:
            size = f"{ph_margin:g}" if item == "ph" else f"{margin:.0%}"
            parts.append(f"仍接近限值（余量{size}，参数）")
        if code not in registered:
            parts.append("断面不在登记表中")
        flags.append(parts)
    result["answers"], notes = answering(result["unit_code"], shares)
    for parts, note in zip(flags, notes, strict=True):
        parts.extend([note] if note else [])
    result["alert_flag"] = pd.array(["；".join(parts) for parts in flags], dtype="str")
    for lang in ("zh", "en"):
        result[f"why_{lang}"] = pd.array(
            reasons(result, lang=lang, margin=margin, ph_margin=ph_margin), dtype="str"
        )
    return result[list(ALERT_COLUMNS)]
