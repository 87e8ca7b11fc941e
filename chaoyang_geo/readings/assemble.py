"""Tables to the long table: every distinct text is understood once, then taken by code."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.codes import Coded, combined, distinct_texts, pairs
from chaoyang_geo.periods.stages import method_key
from chaoyang_geo.readings import units, values
from chaoyang_geo.readings.blocks import Table
from chaoyang_geo.readings.cells import cell_text, column_letters
from chaoyang_geo.readings.context import said_by
from chaoyang_geo.readings.header import (
    Column,
    Words,
    is_basis,
    printed_name,
    with_basis,
)
from chaoyang_geo.readings.layers import depth_of, joined_layer, layer_of, line_of
from chaoyang_geo.readings.long import (
    CLASS_BY_TEXT,
    READING_COLUMNS,
    category_of,
    empty_readings,
)
from chaoyang_geo.readings.remarks import with_remarks
from chaoyang_geo.readings.rows import (
    COLUMN_KIND_WORDS,
    KIND_WORDS,
    Rows,
    collect,
    form_rows,
    item_of,
    unknown_flag,
)
from chaoyang_geo.readings.sheet import Sheet
from chaoyang_geo.readings.when import time_problem, times_of
from chaoyang_geo.schema import class_dtype

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "assemble",
    "class_of",
    "limit_flags",
    "plain_unit",
    "resolved_unit",
    "time_problem",
    "with_limits",
]


def assemble(table: Table, words: Words, year: int | None) -> pd.DataFrame:
    """Turn one table into the long table."""
    sheet = Sheet(table.grid, words)
    if table.is_form:
        rows, results = form_rows(sheet, table)
    else:
        results = table.results
        rows = collect(sheet, table, results)
    if rows.left_out:
        shown = "; ".join(rows.left_out[:5]) + ("; ..." if len(rows.left_out) > 5 else "")
        warnings.warn(
            f"{table.grid.label}: {len(rows.left_out)} rows hold no reading and were left out: {shown}.",
            stacklevel=5,
        )
    return _frame(table, rows, results, year, words)


def _frame(
    table: Table, rows: Rows, results: list[Column], year: int | None, words: Words
) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    n, m = len(rows.number), len(results)
    if not n or not m:
        return empty_readings()
    by_row = np.repeat(np.arange(n), m)
    by_column = np.tile(np.arange(m), n)

    def of_rows(texts: Sequence[str]) -> Coded:
        coded = _coded(texts)
        return Coded(coded.texts, coded.codes[by_row])

    row_flags, sections = _with_section(table, rows, results)
    section_code, section_name = rows.roles["section_code"], rows.roles["section_name"]
    names = of_rows(section_name) if sections is None else Coded(sections, by_column)
    time, time_flag = times_of(table, rows, results, year)
    items, unit_texts, printed, item_flag = _items(table, rows, results, words)
    raw = _coded(rows.raw)
    parsed = values.parse_values(raw.texts)

    # the unit that a cell itself states goes before the one of the header
    cell_units = distinct_texts(Coded(list(map(str, parsed.unit)), raw.codes))
    said = distinct_texts(pairs([unit_texts, cell_units], lambda both: both[1] or both[0]))
    unit_pair = pairs(
        [items, said, printed], lambda three: "\0".join(text.replace("\0", "") for text in three)
    )
    known_items = set(standards.item_names())
    resolved = [resolved_unit(pair, known_items) for pair in unit_pair.texts]
    unit_flag = [one.flag for one in resolved]

    raw_flag = np.zeros(n * m, np.int64)
    flag_texts = [""]
    for position, text in rows.raw_flag.items():
        flag_texts.append(text)
        raw_flag[position] = len(flag_texts) - 1
    kinds, kind_flag = _kinds(rows, results)
    limit = parsed.detection_limit[raw.codes]
    value_flag, flag_limits = Coded(list(map(str, parsed.flag)), raw.codes), parsed.detection_limit
    if any(rows.roles["limit"]) and table.role("item") is not None:
        value_flag, flag_limits = with_limits(parsed, raw, limit, of_rows(rows.roles["limit"]))
    said_units = [text.split("\0")[1] for text in unit_pair.texts]
    value_flag = limit_flags(value_flag, flag_limits, unit_pair.codes, resolved, said_units)
    is_gap = np.isnan(parsed.value[raw.codes]) & (np.asarray(parsed.censored)[raw.codes] == "")
    unit_flags = Coded(["", *unit_flag], np.where(is_gap, 0, unit_pair.codes + 1))
    methods = rows.roles["method"]
    method_flag = [
        f"监测方式“{text}”不明，未区分自动与手工" if method_key(text) is None else ""
        for text in methods
    ]
    parts = [of_rows(row_flags), kind_flag, time_flag, item_flag, of_rows(method_flag)]
    parts += [Coded(flag_texts, raw_flag), value_flag, unit_flags, _layer_flag(table, n * m)]
    flags = pairs(
        [distinct_texts(part) for part in parts],
        lambda texts: "；".join(dict.fromkeys(text for text in texts if text)),
    )
    classes = _coded(rows.roles["published_class"])
    published = pd.Categorical(
        [class_of(text) for text in classes.texts], dtype=class_dtype()
    ).take(classes.codes)
    letters = [column_letters(c.column) for c in results]
    origin_columns = Coded(letters, by_column)
    if table.is_form:
        origin_columns = _coded([column_letters(column) for _, column, _, _ in table.entries])
    value = parsed.value[raw.codes]
    for number, one in enumerate(resolved):
        if one.factor != 1.0 and one.factor == one.factor:
            here = unit_pair.codes == number
            value[here] = units.scale(value[here], one.factor)
            limit[here] = units.scale(limit[here], one.factor)
    data: dict[str, Any] = {
        "section_code": category_of(of_rows(_fact_or(table, section_code, "section_code"))),
        "section_name": category_of(names),
        "province": category_of(of_rows(_fact_or(table, rows.roles["province"], "province"))),
        "basin": category_of(of_rows(_fact_or(table, rows.roles["basin"], "basin"))),
        **time,
        "item": category_of(items),
        "value": value,
        "unit": category_of(Coded([one.unit for one in resolved], unit_pair.codes)),
        "censored": category_of(Coded(list(map(str, parsed.censored)), raw.codes)),
        "detection_limit": limit,
        "state": category_of(
            with_remarks(
                Coded(list(map(str, parsed.state)), raw.codes), of_rows(rows.roles["station_state"])
            )
        ),
        "raw": category_of(raw),
        "raw_unit": category_of(unit_texts),
        "reading_flag": category_of(flags),
        "row_kind": category_of(kinds),
        "origin": category_of(Coded([table.grid.origin], np.zeros(n * m, np.int8))),
        "origin_row": np.array([table.grid.row_number(r) for r in rows.number], np.int32)[by_row],
        "origin_column": category_of(origin_columns),
        "published_class": published.take(by_row),
    }
    columns = [*READING_COLUMNS]
    water = _fact_or(table, rows.roles["water_body"], "water_body")
    if any(water):
        data["water_body"] = category_of(of_rows(water))
        columns.append("water_body")
    if table.role("method") is not None:
        data["method"] = category_of(of_rows([method_key(text) or "" for text in methods]))
        columns.append("method")
    layers = _layers(table, rows, results)
    if any(layers.texts):
        data["sampling_layer"] = category_of(layers)
        columns.append("sampling_layer")
    return pd.DataFrame({name: data[name] for name in columns}, copy=False)


def _layers(table: Table, rows: Rows, results: list[Column]) -> Coded:
    """Return the layer of the water that every reading is of, as far as the table says it."""
    import numpy as np

    of_depth = next((c for c in table.columns if c.meaning.role == "sampling_depth"), None)
    unit = of_depth.meaning.unit if of_depth is not None else ""
    around = joined_layer(
        [
            layer_of(cell_text(fact.value)) if role == "sampling_layer" else depth_of(cell_text(fact.value), "")
            for role in ("sampling_layer", "sampling_depth")
            if (fact := table.facts.get(role)) is not None
        ]
    )  # fmt: skip
    roles = ("sampling_line", "sampling_layer", "sampling_depth")
    if not any(
        [table.role(role) is not None or role in table.facts for role in roles]
        + [bool(c.layer) for c in results]
    ):
        return Coded([""], np.zeros(len(rows.number) * len(results), np.int8))
    said = zip(
        *(rows.roles[f"sampling_{role}"] for role in ("line", "layer", "depth")), strict=True
    )
    of_row = [
        joined_layer([line_of(line), layer_of(layer), depth_of(depth, unit)])
        for line, layer, depth in said
    ]
    of_column = _coded([c.layer for c in results])
    if not any(of_row) and not any(of_column.texts) and not around:
        return Coded([""], np.zeros(len(of_row) * len(results), np.int8))
    own = _coded(of_row)
    both = pairs(
        [
            Coded(of_column.texts, np.tile(of_column.codes, len(of_row))),
            Coded(own.texts, np.repeat(own.codes, len(results))),
        ],
        joined_layer,
    )
    return (
        both
        if any(both.texts) and not around
        else Coded([t or around for t in both.texts], both.codes)
    )


def _layer_flag(table: Table, n: int) -> Coded:
    """Say of a layer that a title or the name of the sheet states where it was found."""
    import numpy as np

    fact = table.facts.get("sampling_layer")
    own = table.role("sampling_layer") is not None or any(c.layer for c in table.results)
    words = "" if fact is None or own else said_by("采样层次", fact)
    return Coded([words], np.zeros(n, np.int8))


def class_of(text: str) -> str | None:
    """Return the class that a publisher printed, Ⅲ, III or 3; what is no class is missing."""
    wide = unicodedata.normalize("NFKC", text).replace("Ⅰ", "I").strip().removesuffix("类")
    own = unicodedata.normalize("NFC", text).strip().removesuffix("类")
    return CLASS_BY_TEXT.get(wide) or CLASS_BY_TEXT.get(own)


def with_limits(parsed: values.Parsed, raw: Coded, limit: Any, said: Coded) -> tuple[Coded, Any]:
    """Fill the detection limits that only a column of their own, ``said``, states.

    ``limit`` is changed in place. Returns the flags of the values, and the limit that each
    distinct flag speaks of.
    """
    import numpy as np

    found = values.parse_values(said.texts)
    number = np.where(np.isnan(found.value), found.detection_limit, found.value)
    lacks = (np.asarray(parsed.censored)[raw.codes] == "<") & np.isnan(limit)
    lacks &= ~np.isnan(number[said.codes])
    limit[lacks] = number[said.codes[lacks]]
    flags = list(map(str, parsed.flag))
    words = [f"低于检出限{text}（取自检出限列）" for text in said.texts]
    codes = np.where(lacks, said.codes.astype(np.int64) + len(flags), raw.codes)
    return Coded([*flags, *words], codes), np.concatenate([parsed.detection_limit, number])


def limit_flags(
    flags: Coded, limits: Any, pair: Any, resolved: Sequence[units.Resolved], said: Sequence[str]
) -> Coded:
    """Say the unit of every limit that is converted: 25 μg/L, which is 0.025 mg/L.

    ``limits`` holds the limit that each distinct flag speaks of, ``pair`` which of ``resolved``
    each row has, ``said`` the unit that it was written in.
    """
    import numpy as np

    moved = np.array([one.factor == one.factor and one.factor != 1.0 for one in resolved])
    known = ~np.isnan(limits)
    if not moved.any() or not known.any():
        return flags
    codes, left, right = combined(flags.codes, len(flags.texts), pair, len(resolved))
    texts = []
    for flag, unit in zip(left, right, strict=True):
        text = flags.texts[flag]
        if known[flag] and moved[unit]:
            one = resolved[unit]
            limit = units.scale(np.array([limits[flag]]), one.factor)[0]
            shown = np.format_float_positional(limit, precision=12, fractional=False, trim="-")
            head, mark, rest = text.partition("；")
            text = f"{head}（原单位{said[unit]}，合{shown} {one.unit}）{mark}{rest}"
        texts.append(text)
    return Coded(texts, codes)


def resolved_unit(triple: str, known_items: set[str]) -> units.Resolved:
    """Resolve item, unit and printed name, joined by a zero."""
    item, unit_text, printed = triple.split("\0")
    if item not in known_items:
        return units.Resolved(unit_text, 1.0)
    found = units.resolve(item, unit_text, name=printed)
    return found if found.factor == found.factor else replace(found, unit=found.unit or unit_text)


def _coded(texts: Sequence[str]) -> Coded:
    import numpy as np
    import pandas as pd

    cells = np.empty(len(texts), object)
    cells[:] = texts
    codes, distinct = pd.factorize(cells)
    return Coded(list(distinct), codes)


def _fact_or(table: Table, texts: list[str], role: str) -> list[str]:
    fact = table.facts.get(role)
    if fact is None:
        return texts
    if role == "section_code" and table.role("section_name") is not None:
        return texts
    return [text or cell_text(fact.value) for text in texts]


def _with_section(
    table: Table, rows: Rows, results: list[Column]
) -> tuple[list[str], list[str] | None]:
    """Fill the section of every row from what stands around the table; flag what is a guess."""
    flags = list(rows.flag)
    if any(c.section for c in results):
        return flags, [c.section for c in results]
    has_column = table.role("section_name") is not None or table.role("section_code") is not None
    named = {
        role: fact
        for role in ("water_body", "basin")
        if (fact := table.facts.get(role)) is not None and fact.kind == "sheet"
    }
    if has_column:
        for role, fact in named.items():
            if table.role(role) is None:
                what = "水体" if role == "water_body" else "流域"
                flags = [_joined(flag, said_by(what, fact)) for flag in flags]
        return flags, None
    fact = table.facts.get("section_name") or table.facts.get("section_code")
    fact = fact or next(iter(named.values()), None)
    if fact is None:
        return [_joined(flag, "未注明断面") for flag in flags], None
    role = "section_code" if fact is table.facts.get("section_code") else "section_name"
    rows.roles[role] = [cell_text(fact.value)] * len(flags)
    return [_joined(flag, said_by("断面", fact)) for flag in flags], None


def _joined(*flags: str) -> str:
    return "；".join(flag for flag in flags if flag)


def _kinds(rows: Rows, results: list[Column]) -> tuple[Coded, Coded]:
    """Return kind of every reading: of its row, else of its column."""
    import numpy as np

    names = ["sample", *KIND_WORDS]
    of_row = np.array([names.index(kind or "sample") for kind in rows.kind])
    of_column = np.array(
        [names.index(c.meaning.note) if c.meaning.note in KIND_WORDS else 0 for c in results]
    )
    both = np.where(of_row[:, None] > 0, of_row[:, None], of_column[None, :]).ravel()
    from_column = np.where(of_row[:, None] > 0, 0, of_column[None, :]).ravel()
    return Coded(names, both), Coded(["", *COLUMN_KIND_WORDS.values()], from_column)


def _items(
    table: Table, rows: Rows, results: list[Column], words: Words
) -> tuple[Coded, Coded, Coded, Coded]:
    """Return item, unit text, name as printed and flag of every reading."""
    import numpy as np

    n, m = len(rows.number), len(results)
    unit_fact = table.facts.get("unit")
    # 单位：mg/L（pH无量纲）
    common = (
        re.split(r"[(（,，;；、\s]", cell_text(unit_fact.value).strip())[0] if unit_fact else ""
    )
    usual = standards.item_units()
    has_rows = table.is_form or table.role("item") is not None
    item_fact = table.facts.get("item")
    names: list[str] = []
    unit_texts: list[str] = []
    flags: list[str] = []
    if has_rows:
        own = _coded(rows.roles["item"])
        meanings = [item_of(text, words) for text in own.texts]
        codes = np.repeat(own.codes, m)
        row_units = [
            with_basis(u, meanings[c].unit)
            for u, c in zip(rows.roles["unit"], own.codes.tolist(), strict=True)
        ]
        unit_texts = [
            _of_table(
                with_basis("" if is_basis(own_unit) else own_unit or c.meaning.unit, own_unit),
                _common(common, meanings[code].item, usual),
            )
            for own_unit, code in zip(row_units, own.codes.tolist(), strict=True)
            for c in results
        ]
        return (
            Coded([meaning.item for meaning in meanings], codes),
            _coded([plain_unit(text) for text in unit_texts]),
            Coded([printed_name(text) for text in own.texts], codes),
            Coded([unknown_flag(meaning) for meaning in meanings], codes),
        )
    for c in results:
        item = c.meaning.item or (cell_text(item_fact.value) if item_fact else "")
        names.append(item)
        flag = unknown_flag(c.meaning)
        if not c.meaning.item and item_fact is not None:
            flag = said_by("指标", item_fact)
        flags.append(flag)
        unit_texts.append(_of_table(c.meaning.unit, _common(common, item, usual)))
    by_column = np.tile(np.arange(m), n)
    row_units = rows.roles["unit"]
    if any(row_units):
        flat = [plain_unit(u or text) for u in row_units for text in unit_texts]
        said = _coded(flat)
    else:
        said = Coded([plain_unit(u) for u in unit_texts], by_column)
    printed = [printed_name(c.header.rpartition(" ")[0] or c.header) for c in results]
    return Coded(names, by_column), said, Coded(printed, by_column), Coded(flags, by_column)


def _common(common: str, item: str, usual: dict[str, str]) -> str:
    """Apply a table's own unit (单位：mg/L) to the items that are measured so."""
    return common if usual.get(item, "") in ("mg/L", "μg/L", "ug/L") else ""


def _of_table(own: str, common: str) -> str:
    """Take the unit above the table where none is stated, beside a basis (以P计) too."""
    return with_basis(common, own) if is_basis(own) else own or common


def plain_unit(unit: str) -> str:
    text = unit.strip()
    return text[1:-1].strip() if re.fullmatch(r"[(（\[][^()（）\[\]]*[)）\]]", text) else text
