"""A standard of the user's own: local targets, another country's limits, checked on reading."""

from __future__ import annotations

import csv
import io
import math
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo.schema import SchemaError, one_of
from chaoyang_geo.standards.substances import find_item, fold_unit, item_units
from chaoyang_geo.standards.tables import LIMIT_COLUMNS, LIMIT_SHAPE, table

if TYPE_CHECKING:
    import pandas as pd

#: Kinds of files that a standard is read from.
SUFFIXES: tuple[str, ...] = (".csv", ".xlsx", ".xls")

_ABOUT = ("title", "title_en", "status")  # of the whole table, stated in any of its rows
_NEEDED = ("item", "direction", "unit")
_KNOWN = (*LIMIT_SHAPE, "limit", "note_en", *_ABOUT)
_YES, _NO = ("1", "true", "yes", "是"), ("0", "false", "no", "否")

Cells = Mapping[str, str]


def read_standard(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read and check a standard of the user's own.

    Every function that takes ``standard`` takes the path of such a file, or the frame that
    this function returns.

    Required columns of the file: ``item`` (a key or any known name), ``direction`` (``max``: the
    value must not exceed the limit; ``min``: must not fall below it), ``unit``, and the limits:
    ``class_1`` to ``class_5`` (best first, as many as the standard has), or ``limit`` alone.

    Used where present: ``water_type`` (``all``, the default, ``river``, ``lake``), ``in_class``
    (whether the item enters the verdict, default 1), ``no`` (number in the printed table),
    ``note``, ``note_en``, and for the whole table ``title``, ``title_en``, ``status``. An item
    that is bounded on both sides, as pH, has a row for each. A row of direction ``rule`` holds
    no limit, only a note.

    Parameters
    ----------
    path : str or path
        A ``.csv`` file (UTF-8 or GB 18030) or the first sheet of an ``.xlsx`` or ``.xls`` file.

    Returns
    -------
    DataFrame, one row per row of the file
        The columns of :func:`limits`, with limits in the usual unit of the item (``unit``), and
        ``note_en``, ``title``, ``title_en``, ``status`` (empty where not stated). Classes that
        the standard does not have are missing.

    Raises
    ------
    SchemaError
        A column is missing, unknown or contradictory; an item or unit is not known; a unit
        cannot be converted; a cell is no number; limits get stricter with a worse class, leave
        a class out, or contradict each other; a row is there twice; there is no limit at all.
        The message names file, row (as a spreadsheet counts) and column.
    ValueError
        The file is of another kind.

    Notes
    -----
    Limits are converted as decimal numbers, so that 0.3 μg/L becomes 0.0003 mg/L and not its
    neighbour: a value exactly on a limit keeps the better class.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from chaoyang_geo import standards
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "local.csv"
    ...     _ = path.write_text("item,direction,unit,limit\\n总磷,max,μg/L,150\\n溶解氧,min,mg/L,6\\n",
    ...                         encoding="utf-8")
    ...     own = standards.read_standard(path)
    ...     print(standards.citation(path))
    local.csv（自定标准）
    >>> own[["item", "direction", "unit", "class_1", "class_2"]]
      item direction  unit  class_1  class_2
    0   tp       max  mg/L     0.15      NaN
    1   do       min  mg/L     6.00      NaN
    """
    path = Path(path)
    one_of("the suffix of the standard's file", path.suffix.lower(), SUFFIXES)
    rows = _csv_rows(path) if path.suffix.lower() == ".csv" else _sheet_rows(path)
    return _checked(rows, str(path))


def checked_standard(frame: pd.DataFrame) -> pd.DataFrame:
    """Check a frame as :func:`read_standard` checks a file; rows are counted from 1."""
    import pandas as pd

    names = [str(name) for name in frame.columns]
    cells = [
        ["" if pd.isna(value) else _text(value) for value in row]
        for row in frame.itertuples(index=False, name=None)
    ]
    return _checked([(0, names), *enumerate(cells, 1)], "standard")


def _text(value: object) -> str:
    """Write a cell as text; a number in its shortest form, so that it can be read back."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _csv_rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the rows of a text table that hold anything, each with its row number."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as error:
            raise SchemaError(
                f"{path}: the text is neither UTF-8 nor GB 18030; save it as 'CSV UTF-8'."
            ) from error
    head = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    rows = enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1)
    return [(number, row) for number, row in rows if any(cell.strip() for cell in row)]


def _sheet_rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the rows of the first sheet that hold anything, each with its row number."""
    from python_calamine import CalamineWorkbook

    with path.open("rb") as stream:
        workbook = CalamineWorkbook.from_filelike(stream)
        sheet = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    rows = [(number, [_text(cell) for cell in row]) for number, row in enumerate(sheet, 1)]
    return [(number, row) for number, row in rows if any(cell.strip() for cell in row)]


@dataclass(frozen=True)
class _Place:
    """Where in the table something is wrong."""

    table: str
    row: int

    def error(self, column: str, says: str) -> SchemaError:
        return SchemaError(f"{self.table}: row {self.row}, column {column}: {says}")


def _checked(rows: Sequence[tuple[int, list[str]]], name: str) -> pd.DataFrame:
    """Turn rows of text, the first of them the header, into a frame of limits."""
    import pandas as pd

    header = [cell.strip() for cell in rows[0][1]] if rows else []
    columns = _limit_columns(header, name)
    limits: list[dict[str, Any]] = []
    places: list[_Place] = []
    about: dict[str, str] = dict.fromkeys(_ABOUT, "")
    for number, cells in rows[1:]:
        place = _Place(name, number)
        if any(cell.strip() for cell in cells[len(header) :]):
            raise place.error(
                str(len(header) + 1),
                "there are more cells than columns; put a text that holds a comma in quotes.",
            )
        padded = [cell.strip() for cell in cells] + [""] * (len(header) - len(cells))
        row = dict(zip(header, padded, strict=False))
        limits.append(_limit_row(row, columns, place))
        places.append(place)
        for column in _ABOUT:
            stated = row.get(column, "")
            if stated and about[column] not in ("", stated):
                raise place.error(
                    column, f"{stated!r} differs from {about[column]!r} above; state it once."
                )
            about[column] = about[column] or stated
    _check_together(limits, places)
    if not any(row[column] == row[column] for row in limits for column in LIMIT_COLUMNS):
        raise SchemaError(f"{name}: there is no limit in the table; give at least one.")
    frame = pd.DataFrame(limits, columns=[*LIMIT_SHAPE, "note_en"])
    for column in frame.columns.difference([*LIMIT_COLUMNS, "in_class"]):
        frame[column] = frame[column].astype("str")
    for column, text in about.items():
        frame[column] = pd.Series(text, index=frame.index, dtype="str")
    return frame


def _limit_columns(header: Sequence[str], name: str) -> dict[str, str]:
    """Check the columns; return which of them holds the limit of which class."""
    named = [column for column in header if column]
    for column in named:
        if named.count(column) > 1:
            raise SchemaError(f"{name}: column {column} is there twice; keep one of them.")
        if column not in _KNOWN:
            raise SchemaError(
                f"{name}: column {column} is not known, so it might be a misprint; rename it, "
                f"delete it or put its text into note. Known columns: {', '.join(_KNOWN)}."
            )
    missing = [column for column in _NEEDED if column not in named]
    if missing:
        raise SchemaError(
            f"{name}: column {', '.join(missing)} is missing; "
            f"the table has: {', '.join(named) or 'no columns'}."
        )
    classes = {column: column for column in LIMIT_COLUMNS if column in named}
    if ("limit" in named) == bool(classes):
        has = "both limit and class columns" if classes else "neither limit nor a class column"
        raise SchemaError(
            f"{name}: the table has {has}; give class_1 to class_5 (best first, as many as the "
            "standard has), or limit alone where it has one limit for each item."
        )
    return classes or {LIMIT_COLUMNS[0]: "limit"}


def _limit_row(row: Cells, columns: Mapping[str, str], place: _Place) -> dict[str, Any]:
    """Check one row alone and bring its limits to the usual unit of its item."""
    item = find_item(row["item"]) if row["item"] else None
    if item is None:
        raise place.error(
            "item",
            f"{row['item']!r} is no known item; use a key or a name that "
            "chaoyang_geo.standards.items() lists, such as tp or 总磷.",
        )
    water_type = row.get("water_type", "") or "all"
    if water_type not in ("all", "river", "lake"):
        raise place.error("water_type", f"{water_type!r} is not all, river or lake.")
    direction = row["direction"]
    if direction not in ("max", "min", "rule"):
        raise place.error(
            "direction",
            f"{direction!r} is not max (the value must not exceed the limit), min (must not "
            "fall below it) or rule (no limit, only a note).",
        )
    in_class = (row.get("in_class", "") or "1").lower()
    if in_class not in (*_YES, *_NO):
        raise place.error("in_class", f"{in_class!r} is not 1 (enters the verdict) or 0.")
    factor = _factor(item, row["unit"], place)
    found: dict[str, Any] = dict.fromkeys(LIMIT_COLUMNS, float("nan"))
    for column, given in columns.items():
        if row[given]:
            found[column] = _limit(row[given], item, factor, given, place)
    if direction == "rule" and any(value == value for value in found.values()):
        raise place.error("direction", "a row of direction rule holds no limit; write max or min.")
    if direction != "rule":
        _check_order(found, direction, columns, place)
    return {
        "no": row.get("no", ""), "item": item, "water_type": water_type, "direction": direction,
        "unit": item_units()[item], **found, "in_class": in_class in _YES,
        "note": row.get("note", ""), "note_en": row.get("note_en", ""),
    }  # fmt: skip


def _check_order(
    found: Mapping[str, float], direction: str, columns: Mapping[str, str], place: _Place
) -> None:
    """Classes are filled from the best without gaps, and limits loosen from class to class."""
    values = [found[column] for column in LIMIT_COLUMNS]
    names = [columns.get(column, column) for column in LIMIT_COLUMNS]
    for rank, (better, worse) in enumerate(pairwise(values)):
        if better != better and worse == worse:
            raise place.error(
                names[rank],
                "there is no limit here, but one for a worse class; fill the classes from "
                "class_1 on, where classes share a limit by repeating it.",
            )
        if (worse < better) if direction == "max" else (worse > better):
            raise place.error(
                names[rank + 1],
                f"the limit {worse:g} is stricter than {better:g} of the better class; with "
                f"direction {direction} limits must not {'fall' if direction == 'max' else 'rise'} "
                "from class to class.",
            )
    if values[0] != values[0]:
        raise place.error(names[0], "there is no limit in this row; give one or delete the row.")


def _check_together(rows: Sequence[Mapping[str, Any]], places: Sequence[_Place]) -> None:
    """Every item, water type and direction has one row, and lower limits stay below upper ones."""
    seen: dict[tuple[str, str, str], int] = {}
    for number, row in enumerate(rows):
        for water_type in _waters(row["water_type"]):
            key = (row["item"], water_type, row["direction"])
            if key in seen:
                raise places[number].error(
                    "item",
                    f"{row['item']} ({water_type}, {row['direction']}) has its limits in row "
                    f"{places[seen[key]].row} already; keep one of the two rows.",
                )
            seen[key] = number
    for (item, water_type, direction), number in seen.items():
        upper = seen.get((item, water_type, "max"))
        if direction != "min" or upper is None:
            continue
        for column in LIMIT_COLUMNS:
            low, high = rows[number][column], rows[upper][column]
            if (low == low) != (high == high):
                raise places[number].error(
                    column,
                    f"{item} has one end of this class here or in row {places[upper].row}, but "
                    "not the other; give both ends for the same classes.",
                )
            if low > high:
                raise places[number].error(
                    column,
                    f"the lower limit {low:g} of {item} lies above its upper limit {high:g} in "
                    f"row {places[upper].row}; no value could meet both.",
                )


def _waters(water_type: str) -> Iterable[str]:
    return ("river", "lake") if water_type == "all" else (water_type,)


def _limit(text: str, item: str, factor: Decimal, column: str, place: _Place) -> float:
    """Read one limit and convert it as a decimal number."""
    folded = unicodedata.normalize("NFKC", text)
    try:
        number = Decimal(folded) if re.fullmatch(r"[-+0-9.eE]+", folded) else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not math.isfinite(number):
        mend = (
            "give the lower end in a row of direction min and the upper end in one of direction max"
            if re.search(r"\d\s*[~～\-–—]\s*\d", text)
            else "write the number alone, without sign, unit or separators"
        )
        raise place.error(column, f"{text!r} is no number; {mend}.")
    if number < 0 and item_units()[item] not in ("℃", "mV"):
        raise place.error(column, f"{text!r} is below zero, which no value of {item} can be.")
    return float(number * factor)


def _factor(item: str, text: str, place: _Place) -> Decimal:
    """Return what a limit is multiplied by to come to the usual unit of its item."""
    usual = item_units()[item]
    index = _unit_index()
    own_kind, own_factor = index[_unit_key(usual)]
    if not text and usual:
        raise place.error("unit", f"the unit of {item} is missing; write {usual}.")
    found = index.get(_unit_key(text))
    if found is None:
        raise place.error(
            "unit",
            f"{text!r} is no known unit; for {item} write {usual or 'nothing'} "
            "(chaoyang_geo.standards.unit_forms() lists all).",
        )
    kind, factor = found
    if kind != own_kind:
        raise place.error(
            "unit",
            f"{text!r} cannot be converted to {usual or 'a number without unit'}, the usual unit "
            f"of {item}; give the limit in {usual or 'no unit'}.",
        )
    return factor / own_factor


def _unit_key(text: str) -> str:
    return re.sub(r"[·^*]", "", fold_unit(text))


@cache
def _unit_index() -> dict[str, tuple[str, Decimal]]:
    """Every way to write a unit, with its kind and its factor to the first unit of the kind."""
    return dict(_unit_entries())


def _unit_entries() -> Iterator[tuple[str, tuple[str, Decimal]]]:
    for unit, kind, factor, forms in table("units.csv").itertuples(index=False, name=None):
        for form in (unit, *forms.split(";")):
            if form or kind == "none":
                yield _unit_key(form), (kind, Decimal(factor))
    yield "", ("none", Decimal(1))  # pH has no unit to write
