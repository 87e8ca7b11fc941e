"""The long table as plain arrays, so that every rule of doubt can compare rows quickly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chaoyang_geo import standards
from chaoyang_geo.codes import optional, spread

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

_DAY = 86_400

#: How a result is given: what ``Table.kind`` holds.
NONE, NUMBER, BELOW, ABOVE = -1, 0, 1, 2

_KIND_BY_STATE = {"number": NUMBER, "below": BELOW, "above": ABOVE}
_KIND_BY_SIGN = {"": NUMBER, "<": BELOW, ">": ABOVE}
_SIGNS = {NUMBER: "", BELOW: "<", ABOVE: ">"}


@dataclass
class Labels:
    """A text column as codes into its distinct texts; -1 where it is missing or blank."""

    codes: Ints
    texts: Texts

    def at(self, row: int) -> str:
        code = self.codes[row]
        return "" if code < 0 else str(self.texts[code])


def labels(frame: pd.DataFrame, column: str) -> Labels:
    """Return a column of str, object or category as labels; an absent column is all missing."""
    found = optional(frame, column)
    # names that differ in outer spaces alone are one name
    names = [text.strip() for text in found.texts]
    number = {name: k for k, name in enumerate(dict.fromkeys(name for name in names if name))}
    places = np.array([*(number.get(name, -1) for name in names), -1], np.int64)
    return Labels(spread(places, found.codes), np.array(list(number), object))


def combine(*columns: Ints) -> Ints:
    """Return one code for each combination of codes, -1 where any of them is -1."""
    import pandas as pd

    missing = np.zeros(len(columns[0]), bool)
    result = np.zeros(len(columns[0]), np.int64)
    size = 1
    for codes in columns:
        missing |= codes < 0
        width = int(codes.max(initial=0)) + 1
        if size * width > 2**62:
            result = pd.factorize(result)[0].astype(np.int64)
            size = int(result.max(initial=0)) + 1
        result = result * width + np.where(codes < 0, 0, codes)
        size *= width
    return np.where(missing, -1, result)


@dataclass
class Table:
    """The columns that rules compare, one entry per row of the readings."""

    frame: pd.DataFrame
    section: Ints
    item: Labels
    unit: Labels
    period: Labels
    layer: Labels  # of the water; a sample of the surface is no sample of the bottom
    time: Ints  # seconds
    stop: Ints  # of the period, seconds; far off where there is none
    has_time: Bools
    is_sample: Bools
    kind: npt.NDArray[np.int8]
    number: Floats  # the value, or the limit of a censored value
    source: Labels

    def __len__(self) -> int:
        return len(self.section)

    @cached_property
    def is_day(self) -> Bools:
        """Whether the time names a day and not an hour."""
        return self._is_period("day")

    @cached_property
    def series(self) -> Ints:
        """One code for each section, item, unit, period and layer; -1 where one cannot compare."""
        known = self.is_sample & self.has_time
        return np.where(
            known,
            combine(
                self.section, self.item.codes, self.unit_code, self.grain, self.layer.codes + 1
            ),
            -1,
        )

    @cached_property
    def unit_code(self) -> Ints:
        """Code of the unit; no unit is a unit of its own."""
        return self.unit.codes + 1

    @cached_property
    def grain(self) -> Ints:
        """Code of the period; an instant, a day and what lies within one are single samples."""
        single = self._is_period("instant") | self.is_day | (self.period.codes < 0)
        single |= self._is_period("range") & (self.stop - self.time <= _DAY)
        return np.where(single, 0, self.period.codes + 1)

    def _is_period(self, name: str) -> Bools:
        return np.append(self.period.texts == name, False)[self.period.codes]

    def result(self, row: int) -> str:
        """Write the result of a row with its unit: ``<0.025 mg/L``."""
        unit = self.unit.at(row)
        sign = _SIGNS.get(int(self.kind[row]), "")
        return f"{sign}{number_text(self.number[row])}{f' {unit}' if unit else ''}"

    def item_name(self, row: int) -> str:
        """Return the Chinese name of the row's item."""
        code = self.item.codes[row]
        return "" if code < 0 else self._item_names[code]

    @cached_property
    def _item_names(self) -> list[str]:
        names = standards.item_names("zh")
        return [names.get(str(item), str(item)) for item in self.item.texts]

    @cached_property
    def _origin(self) -> tuple[Labels, Any, Labels]:
        rows = None
        if "origin_row" in self.frame:
            rows = self.frame["origin_row"].to_numpy(dtype="float64", na_value=np.nan)
        return labels(self.frame, "origin"), rows, labels(self.frame, "origin_column")

    def cell(self, row: int) -> str:
        """Name the cell that a row comes from, or the row's place in the table."""
        origin, rows, columns = self._origin
        where = origin.at(row).replace("；", ";")
        if not where:
            return f"本表第{row + 1}行"
        if rows is None or not rows[row] > 0:
            return where
        return f"{where}!{columns.at(row)}{int(rows[row])}"


def number_text(value: float) -> str:
    """Write a number the short way: ``0.1``, ``14``, ``2.5e-07``.

    Examples
    --------
    >>> from chaoyang_geo.doubt.table import number_text
    >>> number_text(0.1), number_text(14.0)
    ('0.1', '14')
    """
    return f"{value:.10g}"


def table_of(frame: pd.DataFrame, *, laboratory: str | None) -> Table:
    """Take the columns apart. Absent columns are missing: a table of values alone is fine."""
    import pandas as pd

    n = len(frame)
    value = frame["value"].to_numpy(dtype="float64", na_value=np.nan)
    limit = np.full(n, np.nan)
    if "detection_limit" in frame:
        limit = frame["detection_limit"].to_numpy(dtype="float64", na_value=np.nan)
    kind = _kinds(frame, n)
    number = np.where(kind == NUMBER, value, limit)
    kind = np.where(np.isfinite(number), kind, NONE).astype(np.int8)

    times = frame["time"]
    if not isinstance(times.dtype, np.dtype) or times.dtype.kind != "M":
        times = pd.to_datetime(times, errors="coerce")
        if getattr(times.dt, "tz", None) is not None:
            times = times.dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
    seconds = times.to_numpy().astype("datetime64[s]")

    row_kind = labels(frame, "row_kind")
    sample = np.append(row_kind.texts == "sample", True)  # no kind stated: a sample
    return Table(
        frame=frame,
        section=_sections(frame),
        item=labels(frame, "item"),
        unit=labels(frame, "unit"),
        period=labels(frame, "period"),
        layer=labels(frame, "sampling_layer"),
        time=seconds.astype(np.int64),
        stop=_seconds_of_end(frame, n),
        has_time=~np.isnat(seconds),
        is_sample=sample[row_kind.codes],
        kind=kind,
        number=number,
        source=_sources(frame, laboratory),
    )


def _seconds_of_end(frame: pd.DataFrame, n: int) -> Ints:
    import pandas as pd

    stop = np.full(n, 1 << 60, np.int64)
    if "period_end" in frame:
        ends = pd.to_datetime(frame["period_end"], errors="coerce").to_numpy()
        known = ~np.isnat(ends.astype("datetime64[s]"))
        stop[known] = ends[known].astype("datetime64[s]").astype(np.int64)
    return stop


def _kinds(frame: pd.DataFrame, n: int) -> npt.NDArray[np.int8]:
    if "state" in frame:
        state, words = labels(frame, "state"), _KIND_BY_STATE
        missing = NONE
    elif "censored" in frame:
        state, words = labels(frame, "censored"), _KIND_BY_SIGN
        missing = NUMBER
    else:
        return np.full(n, NUMBER, np.int8)
    lookup = np.array([*(words.get(text, NONE) for text in state.texts), missing], np.int8)
    return lookup[state.codes]


def _sections(frame: pd.DataFrame) -> Ints:
    """Code of the section: by its code, else by its name within its province."""
    code, name = labels(frame, "section_code"), labels(frame, "section_name")
    province = labels(frame, "province")
    by_name = combine(name.codes, province.codes + 1)
    return np.where(
        code.codes >= 0, code.codes, np.where(by_name >= 0, by_name + len(code.texts), -1)
    )


def _sources(frame: pd.DataFrame, laboratory: str | None) -> Labels:
    """Who reported a value: the laboratory where it is named, else the file."""
    import pandas as pd

    origin = labels(frame, "origin")
    files = [text[1:].split("]", 1)[0] if text.startswith("[") else text for text in origin.texts]
    codes, distinct = pd.factorize(np.array(files, dtype=object))
    from_file = np.append(codes, -1)[origin.codes].astype(np.int64)
    column = laboratory or "laboratory"
    if column not in frame:
        return Labels(from_file, np.asarray(distinct, object))
    lab = labels(frame, column)
    texts = np.concatenate([lab.texts, np.asarray(distinct, object)])
    codes_both = np.where(
        lab.codes >= 0, lab.codes, np.where(from_file >= 0, from_file + len(lab.texts), -1)
    )
    return Labels(codes_both, texts)
