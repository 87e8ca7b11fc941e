"""Large long tables, CSV or Parquet, by column instead of by cell.

Every text column arrives as codes into its distinct texts. Each distinct text is understood
once and its meaning is taken by code, so that ten million rows cost little more than their
distinct texts. The table is the one that the reading by cell gives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.codes import (
    Coded,
    category,
    code_dtype,
    combinations,
    distinct_texts,
    pairs,
    spread,
)
from chaoyang_geo.periods.stages import method_key
from chaoyang_geo.readings import times, units, values
from chaoyang_geo.readings.assemble import (
    class_of,
    limit_flags,
    plain_unit,
    resolved_unit,
    time_problem,
    with_limits,
)
from chaoyang_geo.readings.blocks import Table, find_tables
from chaoyang_geo.readings.cells import Grid, cell_text, column_letters, csv_grid, delimiter_of
from chaoyang_geo.readings.columns import Vocabulary, ahead, csv_batches, parquet_batches
from chaoyang_geo.readings.describe import Understood
from chaoyang_geo.readings.header import (
    Words,
    is_basis,
    printed_name,
    with_basis,
)
from chaoyang_geo.readings.layers import layer_of
from chaoyang_geo.readings.long import (
    READING_COLUMNS,
    empty_readings,
    joined_readings,
)
from chaoyang_geo.readings.marks import header_of_marks, with_mark
from chaoyang_geo.readings.remarks import with_remarks
from chaoyang_geo.readings.rows import (
    NOTE,
    complete_columns,
    is_reason,
    item_of,
    may_name_rows,
    row_kind_of,
    unknown_flag,
)
from chaoyang_geo.readings.when import zone_of
from chaoyang_geo.schema import CLASSES, class_dtype

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

#: A CSV smaller than this, or Parquet with fewer rows, is read by cell: the same table.
BIG_BYTES, BIG_ROWS = 8_000_000, 100_000

_ROLES = (
    "section_code", "section_name", "province", "basin", "water_body", "time", "item", "value",
    "unit", "station_state", "published_class", "method", "sampling_layer", "limit", "mark",
)  # fmt: skip
_LABELS = tuple(role for role in _ROLES if role not in ("item", "value", "limit", "mark"))
_HEAD_BYTES, _HEAD_ROWS = 1 << 16, 200
# what every name of a row that is no sample contains
_MAYBE_KIND = (
    "(?i)计|总和|均|中位|中值|最|峰值|极值|限|标准|检出|超标|达标|样品|样本|评价|极差|变幅|范围|分位|"
    "变异|平行|个数|次数|频次|检测数|采样数|监测数|[同环]比|变化|同期|类别|方法|污染指数|分担率|"
    "total|sum|mean|average|avg|median|max|min|limit|standard|std|^ *n(=[0-9]+)? *$|gb|hj|db|"
    "注|说明|填报|人|者|部门|日期|填表|制表|审核|编制|校核|复核|批准|签发|报告人|联系人|来源|单位|页|note|source|[*＊※]"
)
_QUICK = re.compile(_MAYBE_KIND)
_NUMERIC = re.compile(r"[0-9:/. -]+")


class Irregular(ValueError):
    """A table that has to be read cell by cell, and why."""


@dataclass
class _Source:
    """A file as batches of codes, and where its rows stand in it."""

    path: Path
    table: Table
    batches: Iterator[pa.Table]
    first_row: int  # the first row of data as Excel counts it


def read_big(path: Path, words: Words, year: int | None) -> tuple[Understood, pd.DataFrame] | None:
    """Read a large and regular long table by column; ``None`` where that is no way to read it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            with pq.ParquetFile(path) as file:
                if file.metadata.num_rows < BIG_ROWS:
                    return None
        elif suffix not in (".csv", ".txt", ".tsv") or path.stat().st_size < BIG_BYTES:
            return None
        source = _source(path, words)
        return Understood(source.table.grid, [source.table]), _read([source], words, year)
    except (Irregular, OSError, UnicodeDecodeError, pa.ArrowInvalid):
        return None


def read_folder(path: Path, words: Words, year: int | None) -> pd.DataFrame:
    """Read a folder of Parquet files, long tables all, as one long table."""
    return _read((_source(file, words) for file in _files(path)), words, year)


def stream_readings(
    path_or_paths: str | Path | Sequence[str | Path],
    *,
    batch_rows: int = 2_000_000,
    year: int | None = None,
    columns: Mapping[str, str] | None = None,
) -> Iterator[pd.DataFrame]:
    """Read long tables too large for memory, one piece after the other.

    Parameters
    ----------
    path_or_paths : path, or sequence of paths
        ``.csv`` or ``.parquet`` files with an item a row, or folders of such Parquet files.
    batch_rows : int
        Least number of rows of a piece (the last may have fewer); a piece of CSV is at
        least some 64 MB.
    year : int, optional
        Year of times that are written without one.
    columns : mapping, optional
        Header text to role, item key or ``"ignore"``, as for :func:`read_readings`.

    Yields
    ------
    DataFrame: the long table of :func:`read_readings`, some rows of it at a time.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`read_readings`; also where a table is not regular: rows without section or
        time, means and totals among the samples, rows of another length.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from chaoyang_geo import mean_readings, stream_readings
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "october.csv"
    >>> rows = ["断面编码,监测时间,监测项目,监测值,单位", "S1,2025-10-08,总磷,0.1,mg/L",
    ...         "S1,2025-10-09,总磷,0.02L,mg/L"]
    >>> _ = path.write_text("\\n".join(rows), encoding="utf-8")
    >>> mean_readings(stream_readings(path))[["section_code", "item", "mean", "n", "n_censored"]]
      section_code item   mean  n  n_censored
    0           S1   tp  0.055  2           1
    >>> folder.cleanup()
    """
    words = Words(columns)
    roles: dict[str, Vocabulary] = {}
    origin = _Origin()
    for source in (_source(path, words) for path in _files(path_or_paths)):
        if origin.n and not origin.takes(source):
            yield _long_table(roles, origin, words, year)
            roles, origin = {}, _Origin()
        for batch in _checked(source):
            _collect(batch, roles, origin.add(source, batch.num_rows))
            if origin.n >= batch_rows:
                yield _long_table(roles, origin, words, year)
                roles, origin = {}, _Origin()
    if origin.n:
        yield _long_table(roles, origin, words, year)


def _read(sources: Iterable[_Source], words: Words, year: int | None) -> pd.DataFrame:
    roles: dict[str, Vocabulary] = {}
    origin = _Origin()
    tables: list[pd.DataFrame] = []
    for source in sources:
        if origin.n and not origin.takes(source):
            tables.append(_long_table(roles, origin, words, year))
            roles, origin = {}, _Origin()
        for batch in _checked(source):
            _collect(batch, roles, origin.add(source, batch.num_rows))
    if origin.n:
        tables.append(_long_table(roles, origin, words, year))
    return joined_readings(tables) if tables else empty_readings()


# --- files --------------------------------------------------------------------------------------


class _Origin:
    """Which row of which file every row comes from."""

    def __init__(self) -> None:
        self.n = 0
        self.parts: list[tuple[_Source, int, int]] = []  # source, rows, row of the first

    def add(self, source: _Source, rows: int) -> int:
        """Count the rows of a batch; return how many stood before."""
        self.parts.append((source, rows, source.first_row))
        source.first_row += rows
        self.n += rows
        return self.n - rows

    def takes(self, source: _Source) -> bool:
        """Whether the header of a file says of value and mark what those before it do."""
        tables = (self.parts[0][0].table, source.table)
        said = [(table.results[0].meaning.unit, header_of_marks(table.columns)) for table in tables]
        return said[0] == said[1]

    def columns(self) -> tuple[Coded, npt.NDArray[np.int32], Coded]:
        """Return origin, origin_row and origin_column of every row."""
        import numpy as np

        places = [source.table.grid.origin for source, _, _ in self.parts]
        letters = [column_letters(source.table.results[0].column) for source, _, _ in self.parts]
        rows = np.empty(self.n, np.int32)
        part = np.zeros(self.n, code_dtype(len(self.parts)))
        at = 0
        for number, (_, n, first) in enumerate(self.parts):
            rows[at : at + n] = np.arange(first, first + n)
            part[at : at + n] = number
            at += n
        return Coded(places, part), rows, Coded(letters, part)

    def where(self, row: int) -> str:
        """Name the place of a row for a message."""
        for source, n, first in self.parts:
            if row < n:
                return f"{source.path.name}, row {first + row}"
            row -= n
        return ""


def _files(path_or_paths: str | Path | Sequence[str | Path]) -> Iterator[Path]:
    given = [path_or_paths] if isinstance(path_or_paths, (str, Path)) else path_or_paths
    for path in map(Path, given):
        if not path.exists():
            raise FileNotFoundError(f"{path}: there is no such file.")
        files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
        if not files:
            raise ValueError(f"{path}: the folder holds no .parquet file.")
        yield from files


def _source(path: Path, words: Words) -> _Source:
    """Understand the header of a file from its first rows."""
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            first = next(file.iter_batches(batch_size=_HEAD_ROWS), None)
        body = [] if first is None else [list(row.values()) for row in first.to_pylist()]
        table = _regular(Grid(path.name, "", [list(names), *body]), words)
        return _Source(path, table, parquet_batches(path, _columns(table)), 2)
    with path.open("rb") as stream:
        head = b"".join(stream.readlines(_HEAD_BYTES)[:_HEAD_ROWS])
    if b"\0" in head:
        raise Irregular(f"{path.name}: the text holds zero bytes.")
    try:
        text, encoding = head.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        text, encoding = head.decode("gb18030"), "gb18030"
    grid, delimiter = csv_grid(path.name, text), delimiter_of(text)
    table = _regular(grid, words)
    batches = csv_batches(
        path,
        _columns(table),
        width=len(grid.rows[table.header_last]),
        skip=table.header_last + 1,
        encoding=encoding,
        delimiter=delimiter,
    )
    return _Source(path, table, batches, table.header_last + 2)


def _regular(grid: Grid, words: Words) -> Table:
    """Return the one long table of a file, understood from its first rows."""
    tables = find_tables(grid, words)
    if len(tables) != 1 or tables[0].is_form:
        raise Irregular(f"{grid.file}: no table with an item a row begins in the first rows.")
    table = tables[0]
    complete_columns(table, words)
    roles = {column.meaning.role for column in table.columns}
    named = bool(roles & {"section_name", "section_code"})
    head = grid.rows[: table.header_last + 1]
    if (
        not (named and {"time", "item", "value"} <= roles)
        or len(table.results) != 1
        or roles & {"year", "month", "day", "clock", "time_end"}
        or roles & {"sampling_depth", "sampling_line"}
        or zone_of(table)
        or table.facts
        or any("\n" in cell_text(cell) for row in head for cell in row)
    ):
        raise Irregular(
            f"{grid.file}: not a plain table with an item a row: it needs a section (断面名称), a "
            "time (监测时间), an item (监测项目) and a value (监测值) in the first row; "
            "read_readings reads other shapes."
        )
    return table


def _columns(table: Table) -> dict[str, int]:
    """Return the columns to read by role; the others only to be looked through."""
    found = {role: table.role(role) for role in _ROLES}
    columns = {role: column for role, column in found.items() if column is not None}
    others = [
        c.column for c in table.columns if c.column not in columns.values() and may_name_rows(c)
    ]
    return {**columns, **{f"other {column}": column for column in others}}


def _checked(source: _Source) -> Iterator[pa.Table]:
    """Yield the batches; stop where a column that is not read names a kind of row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for batch in ahead(source.batches):
        for name in [name for name in batch.column_names if name.startswith("other ")]:
            column = batch.column(name)
            texts = [c.dictionary if pa.types.is_dictionary(c.type) else c for c in column.chunks]
            for part in texts:
                if pa.types.is_string(part.type) or pa.types.is_large_string(part.type):
                    maybe = part.filter(pc.match_substring_regex(part, _MAYBE_KIND))
                    for text in maybe.unique().to_pylist():
                        if text is not None and _is_label(text):
                            raise Irregular(f"{source.path.name}: a row is named “{text}”.")
        yield batch.select([name for name in batch.column_names if not name.startswith("other ")])


def _is_label(text: str) -> bool:
    if _NUMERIC.fullmatch(text):  # most distinct texts are times and codes
        return False
    return bool(
        _QUICK.search(text) and (row_kind_of(text.strip()) or NOTE.match(text) or "平行" in text)
    )


def _collect(batch: pa.Table, roles: dict[str, Vocabulary], before: int) -> None:
    """Add a batch to the vocabularies; a column that some files lack is empty there."""
    for role in sorted({*roles, *batch.column_names}):
        if role not in roles:
            roles[role] = Vocabulary(as_text=role != "time")
            if before:
                roles[role].add_blank(before)
        if role in batch.column_names:
            roles[role].add(batch.column(role))
        else:
            roles[role].add_blank(batch.num_rows)


# --- codes to the long table --------------------------------------------------------------------


def _join(texts: Iterable[str]) -> str:
    return "；".join(dict.fromkeys(text for text in texts if text))


def _long_table(
    roles: dict[str, Vocabulary], origin: _Origin, words: Words, year: int | None
) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    empty = Coded([""], np.zeros(origin.n, np.int8))
    column = {role: roles[role].coded() if role in roles else empty for role in _ROLES}
    has_method = "method" in roles
    roles.clear()
    _check_rows(column, origin)
    out: dict[str, Any] = {}
    for role in ("section_code", "section_name", "province", "basin"):
        out[role] = category(column[role].texts, column[role].codes)
    time = column["time"]
    parsed = times.parse_times(time.texts, year=year)
    time_flags = _time_flags(time, [str(problem) for problem in parsed.problem], origin)
    out["time"] = spread(parsed.time.astype("datetime64[s]"), time.codes)
    out["period"] = category([str(period) for period in parsed.period], time.codes)
    out["period_end"] = spread(parsed.period_end.astype("datetime64[s]"), time.codes)
    table = origin.parts[0][0].table
    column["value"], mark_flag = _marked(
        column["value"], column["mark"], header_of_marks(table.columns)
    )
    value_header = table.results[0].meaning.unit
    out.update(_results(column, mark_flag, time_flags, words, value_header))
    out["row_kind"] = category(["sample"], empty.codes)
    place, out["origin_row"], letter = origin.columns()
    out["origin"] = category(place.texts, place.codes)
    out["origin_column"] = category(letter.texts, letter.codes)
    out["published_class"] = _classes(column["published_class"])
    names = [*READING_COLUMNS]
    if any(column["water_body"].texts):
        out["water_body"] = category(column["water_body"].texts, column["water_body"].codes)
        names.append("water_body")
    layer = column["sampling_layer"]
    layers = [layer_of(text) for text in layer.texts]
    if has_method:
        texts = [method_key(text) or "" for text in column["method"].texts]
        out["method"] = category(texts, column["method"].codes)
        names.append("method")
    if any(layers):
        out["sampling_layer"] = category(layers, layer.codes)
        names.append("sampling_layer")
    return pd.DataFrame({name: out[name] for name in names}, copy=False)


def _check_rows(column: dict[str, Coded], origin: _Origin) -> None:
    """Stop at the first row that only the reading by cell understands."""
    import numpy as np

    def first(role: str, wrong: Callable[[Any], bool]) -> int | None:
        one = column[role]
        bad = np.array([wrong(text) for text in one.texts] or [False])
        if not bad.any():
            return None
        rows = np.flatnonzero(bad[one.codes])
        return int(rows[0]) if len(rows) else None

    code, name = column["section_code"], column["section_name"]
    no_code = np.array([not text for text in code.texts] or [True])
    no_name = np.array([not text for text in name.texts] or [True])
    if no_code.any() and no_name.any():
        rows = np.flatnonzero(no_code[code.codes] & no_name[name.codes])
        if len(rows):
            raise Irregular(f"{origin.where(int(rows[0]))}: the row names no section.")
    row = first("time", lambda cell: cell is None)
    if row is not None:
        raise Irregular(f"{origin.where(row)}: the row has no time.")
    for role in _LABELS:
        row = first(role, lambda cell: _is_label(cell_text(cell)))
        if row is not None:
            raise Irregular(f"{origin.where(row)}: the row is no sample but a mean, total or note.")
    row = first("method", lambda text: method_key(cell_text(text)) is None)
    if row is not None:
        raise Irregular(f"{origin.where(row)}: the way of measuring is not known.")
    row = first("item", lambda text: Words().understand(text).role in ("item", "value"))
    if row is not None:
        raise Irregular(f"{origin.where(row)}: the header stands here once more.")


def _time_flags(time: Coded, problems: list[str], origin: _Origin) -> list[str]:
    """Word what is wrong with the distinct times; one without a year stops the reading."""
    import datetime as dt

    import numpy as np

    if "no year" in problems:
        number = problems.index("no year")
        row = int(np.flatnonzero(time.codes == number)[0])
        this = dt.date.today().year
        raise ValueError(
            f"{origin.where(row)}: the time “{cell_text(time.texts[number])}” has no year; say which: "
            f"year={this} in Python, --year {this} on the command line."
        )
    for number, (cell, problem) in enumerate(zip(time.texts, problems, strict=True)):
        if problem and is_reason(cell_text(cell)):
            row = int(np.flatnonzero(time.codes == number)[0])
            raise Irregular(f"{origin.where(row)}: a reason stands where the time should.")
    if problems and all(problems):
        raise ValueError(
            f"{origin.where(0)}: no time in the column was understood; the first reads "
            f"“{cell_text(time.texts[0])}”. Write times like 2026-08-21 20:00."
        )
    return [
        time_problem(cell_text(cell).strip(), problem) if problem else ""
        for cell, problem in zip(time.texts, problems, strict=True)
    ]


def _results(
    column: dict[str, Coded],
    mark_flag: Coded,
    time_flags: list[str],
    words: Words,
    value_header: str,
) -> dict[str, Any]:
    """Return what the columns item, value and unit say, in the units of the items."""
    import numpy as np

    raw, item, unit = column["value"], column["item"], column["unit"]
    parsed = values.parse_values(raw.texts)
    meanings = [item_of(text, words) for text in item.texts]
    stated = Coded([str(text) for text in parsed.unit], raw.codes)
    parts = [item, unit, distinct_texts(stated)]
    codes, found = combinations(parts)
    stated_texts = parts[2].texts
    known_items = set(standards.item_names())
    header_unit: list[str] = []
    written_unit: list[str] = []
    resolved: list[units.Resolved] = []
    flags: list[str] = []
    for of_item, of_unit, of_stated in found:
        meaning = meanings[of_item]
        own = unit.texts[of_unit] or ("" if is_basis(meaning.unit) else meaning.unit)
        said = plain_unit(with_basis(own or value_header, meaning.unit))
        header_unit.append(said)
        printed = printed_name(item.texts[of_item])
        written_unit.append(stated_texts[of_stated] or said)
        triple = "\0".join([meaning.item, written_unit[-1], printed])
        one = resolved_unit(triple, known_items)
        resolved.append(one)
        flags.append(one.flag)
    of_unit_flag = Coded(flags, codes)
    if any(flags):  # a gap needs no word on its unit
        gaps = np.isnan(parsed.value) & (np.asarray(parsed.censored, dtype=object) == "")
        gap = Coded(["", "gap"], spread(gaps.astype(np.int8), raw.codes))
        of_unit_flag = pairs([Coded(flags, codes), gap], lambda both: "" if both[1] else both[0])
    value = spread(parsed.value, raw.codes)
    limit = spread(parsed.detection_limit, raw.codes)
    flag, of_flag = Coded([str(flag) for flag in parsed.flag], raw.codes), parsed.detection_limit
    if any(column["limit"].texts):
        flag, of_flag = with_limits(parsed, raw, limit, column["limit"])
    for number, one in enumerate(resolved):
        if one.factor != 1.0 and one.factor == one.factor:
            here = np.flatnonzero(codes == number)
            value[here] = units.scale(value[here], one.factor)
            limit[here] = units.scale(limit[here], one.factor)
    flag = limit_flags(flag, of_flag, codes, resolved, written_unit)
    state = column["station_state"]
    states = with_remarks(Coded([str(one) for one in parsed.state], raw.codes), state)
    joined = pairs(
        [
            distinct_texts(part)
            for part in (
                Coded([text if text != "正常" else "" for text in state.texts], state.codes),
                Coded(time_flags, column["time"].codes),
                Coded([unknown_flag(meaning) for meaning in meanings], item.codes),
                mark_flag,
                flag,
                of_unit_flag,
            )
        ],
        _join,
    )
    return {
        "item": category([meaning.item for meaning in meanings], item.codes),
        "value": value,
        "unit": category([one.unit for one in resolved], codes),
        "censored": category([str(sign) for sign in parsed.censored], raw.codes),
        "detection_limit": limit,
        "state": category(states.texts, states.codes),
        "raw": category(raw.texts, raw.codes),
        "raw_unit": category(header_unit, codes),
        "reading_flag": category(joined.texts, joined.codes),
    }


def _marked(result: Coded, mark: Coded, header: str) -> tuple[Coded, Coded]:
    """Return the results with what a column of marks says of them, and the flags that tell so."""
    import numpy as np

    if not any(mark.texts):
        return result, Coded([""], np.zeros(len(result), np.int8))
    both = pairs([result, mark], lambda two: "\0".join(with_mark(two[0], two[1], header)))
    parts = [text.rpartition("\0") for text in both.texts]
    raw = distinct_texts(Coded([part[0] for part in parts], both.codes))
    return raw, Coded([part[2] for part in parts], both.codes)


def _classes(column: Coded) -> pd.Categorical:
    import numpy as np
    import pandas as pd

    ranks = [CLASSES.index(name) if (name := class_of(text)) else -1 for text in column.texts]
    codes = spread(np.array(ranks or [-1], np.int8), column.codes)
    return pd.Categorical.from_codes(codes, dtype=class_dtype(), validate=False)
