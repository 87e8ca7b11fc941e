"""What is remembered from one run to the next, and the small file that holds it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo.files import replacing
from chaoyang_geo.schema import SchemaError

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "chaoyang_geo alert state"
VERSION = 2

#: One row of the memory: an exceedance of a section and item that is not cleared.
OPEN_COLUMNS: tuple[str, ...] = (
    "section_code",
    "item",
    "since",
    "last_over",
    "months",
    "interrupted",
)

_REBUILD = (
    "rebuild_alerts(means, sections) makes it anew from the means of all months; so does the "
    "command with the files of all months and a new --state."
)


@dataclass(frozen=True)
class AlertState:
    """The exceedances that are open after a month, and those that were open before it.

    The second lets the same month be run again: the run starts from what was before.

    Attributes
    ----------
    period : Timestamp or None
        Begin of the last month that was run; ``None`` before the first.
    standard : str
        Citation of the standard that was judged by.
    open, before : DataFrame
        ``section_code``, ``item``, ``since`` (first month of the exceedance), ``last_over`` (latest
        month over the limit), ``months`` (months over the limit; months without data do not count),
        ``interrupted`` (whether the last month that was run had no data).
    before_period : Timestamp or None
        Begin of the month that was run before; ``None`` where there was none, or the memory was
        written by a release that did not keep it.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.alerting import rebuild_alerts
    >>> means = pd.DataFrame({"section_code": "S1", "item": "tp", "mean": [0.3],
    ...     "period": pd.to_datetime(["2025-10-01"]), "period_end": pd.to_datetime(["2025-11-01"])})
    >>> sections = pd.DataFrame(
    ...     {"section_code": ["S1"], "water_type": ["river"], "target_class": ["Ⅲ"]})
    >>> state = rebuild_alerts(means, sections)
    >>> str(state.period), len(state.before)
    ('2025-10-01 00:00:00', 0)
    >>> state.open[["section_code", "item", "since", "months"]]
      section_code item      since  months
    0           S1   tp 2025-10-01       1
    """

    period: pd.Timestamp | None
    standard: str
    open: pd.DataFrame
    before: pd.DataFrame
    before_period: pd.Timestamp | None = None

    def __eq__(self, other: object) -> bool:
        """Two states are equal when the same exceedances are open."""
        if not isinstance(other, AlertState):
            return NotImplemented
        return _content(self) == _content(other)

    __hash__ = None  # type: ignore[assignment]


def no_rows() -> pd.DataFrame:
    """Return a memory without rows."""
    return open_rows([])


def open_rows(records: list[dict[str, Any]]) -> pd.DataFrame:
    """Return records as a memory: sorted, with its columns and dtypes."""
    import pandas as pd

    frame = pd.DataFrame(records, columns=list(OPEN_COLUMNS))
    frame = frame.astype(
        {
            "section_code": "str", "item": "str", "since": "datetime64[s]",
            "last_over": "datetime64[s]", "months": "int64", "interrupted": "bool",
        }
    )  # fmt: skip
    return frame.sort_values(["section_code", "item"]).reset_index(drop=True)


def dicts(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a small table as dictionaries."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def write_alert_state(state: AlertState, path: str | PathLike[str]) -> None:
    """Write the memory of the alerts to a small JSON file that a person can read.

    The file is replaced as a whole, so that an interrupted write leaves the old one.

    Parameters
    ----------
    state : AlertState
        As of :func:`rebuild_alerts` or :func:`advance_alerts`.
    path : path
        The file; its folders are made.

    Raises
    ------
    ValueError
        ``path`` is a folder.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> from chaoyang_geo.alerting import read_alert_state, rebuild_alerts, write_alert_state
    >>> means = pd.DataFrame({"section_code": "S1", "item": "tp", "mean": [0.3],
    ...     "period": pd.to_datetime(["2025-10-01"]), "period_end": pd.to_datetime(["2025-11-01"])})
    >>> sections = pd.DataFrame(
    ...     {"section_code": ["S1"], "water_type": ["river"], "target_class": ["Ⅲ"]})
    >>> state = rebuild_alerts(means, sections)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "alerts.json"
    ...     write_alert_state(state, file)
    ...     read_alert_state(file) == state
    True
    """
    content = _content(state)
    lines = ["{", f'"format": {_dumped(FORMAT)},', f'"version": {VERSION},']
    lines += [f'"sha256": "{_digest(content)}",']
    heads = ("period", "before_period", "standard")
    lines += [f'"{name}": {_dumped(content[name])},' for name in heads]
    for name, end in (("open", ","), ("before", "")):
        # a line for each exceedance
        rows = ",\n".join(f"  {_dumped(record)}" for record in content[name])
        lines.append(f'"{name}": [' + (f"\n{rows}\n" if rows else "") + f"]{end}")
    lines.append("}")
    with replacing(Path(path)) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_alert_state(path: str | PathLike[str]) -> AlertState:
    """Read the memory of the alerts, and check that it is whole.

    Parameters
    ----------
    path : path
        A file of :func:`write_alert_state`.

    Returns
    -------
    AlertState

    Raises
    ------
    FileNotFoundError
        There is no such file.
    SchemaError
        The file is no such memory, was cut or changed, or is of a later version; the message
        says how to make it anew.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from chaoyang_geo.alerting import read_alert_state
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "alerts.json"
    ...     _ = file.write_text("[]", encoding="utf-8")
    ...     try:
    ...         read_alert_state(file)
    ...     except ValueError as error:
    ...         print(str(error).replace(str(file), "alerts.json")[:52])
    alerts.json: this is no alert state of chaoyang_geo;

    A file that is whole: see :func:`write_alert_state`.
    """
    import pandas as pd

    file = Path(path)
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise SchemaError(
            f"{file}: the file is damaged or no alert state ({error}); {_REBUILD}"
        ) from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise SchemaError(f"{file}: this is no alert state of chaoyang_geo; {_REBUILD}")
    if data.get("version") not in (1, VERSION):
        raise SchemaError(
            f"{file}: version {data.get('version')!r} of the alert state is not known, only 1 and {VERSION}; "
            f"use the release that wrote it, or {_REBUILD}"
        )
    try:
        content = {name: data[name] for name in ("period", "standard", "open", "before")}
        period, before = (
            None if text is None else pd.Timestamp(text)
            for text in (content["period"], data.get("before_period"))
        )
        tables = {name: open_rows(_checked(content[name])) for name in ("open", "before")}
        standard = str(content["standard"])
    except (KeyError, TypeError, ValueError) as error:
        raise SchemaError(
            f"{file}: a part of the alert state is missing or wrong ({error}); {_REBUILD}"
        ) from error
    state = AlertState(period, standard, tables["open"], tables["before"], before)
    whole = _content(state)
    if data["version"] == 1:  # did not keep it
        del whole["before_period"]
    if data.get("sha256") != _digest(whole):
        raise SchemaError(
            f"{file}: the content does not fit its checksum, so it was cut or changed by hand; {_REBUILD}"
        )
    return state


def _checked(records: Any) -> list[dict[str, Any]]:
    if not isinstance(records, list):
        raise TypeError("open and before must be lists")
    seen = set()
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict) or set(record) != set(OPEN_COLUMNS):
            raise ValueError(f"record {number} must have {', '.join(OPEN_COLUMNS)}")
        months = record["months"]
        if not isinstance(months, int) or isinstance(months, bool) or months < 1:
            raise ValueError(f"record {number}: months is {months!r}")
        if not isinstance(record["interrupted"], bool):
            raise ValueError(f"record {number}: interrupted is {record['interrupted']!r}")
        key = (record["section_code"], record["item"])
        if key in seen or not all(isinstance(text, str) and text for text in key):
            raise ValueError(f"record {number}: section_code and item must be texts, once each")
        seen.add(key)
    return records


def _content(state: AlertState) -> dict[str, Any]:
    period, before = (
        None if each is None else f"{each:%Y-%m-%d}" for each in (state.period, state.before_period)
    )
    return {
        "period": period,
        "before_period": before,
        "standard": state.standard,
        "open": _records(state.open),
        "before": _records(state.before),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "section_code": str(row.section_code),
            "item": str(row.item),
            "since": f"{row.since:%Y-%m-%d}",
            "last_over": f"{row.last_over:%Y-%m-%d}",
            "months": int(str(row.months)),
            "interrupted": bool(row.interrupted),
        }
        for row in frame.sort_values(["section_code", "item"]).itertuples()
    ]


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _digest(content: dict[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
