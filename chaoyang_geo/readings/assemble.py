"""Tables to the long table: every distinct text is understood once, then taken by code."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.codes import Coded, category, combined, distinct_texts, pairs
from chaoyang_geo.periods.stages import method_key
from chaoyang_geo.readings import times, units, values
from chaoyang_geo.readings.blocks import Table
from chaoyang_geo.readings.cells import cell_text, column_letters
from chaoyang_geo.readings.context import Fact
from chaoyang_geo.readings.header import (
    Column,
    Meaning,
    Words,
    is_basis,
    printed_name,
    split_unit,
    with_basis,
)
from chaoyang_geo.readings.long import CLASS_BY_TEXT, READING_COLUMNS, empty_readings
from chaoyang_geo.readings.remarks import with_remarks
from chaoyang_geo.readings.rows import KIND_WORDS, UNKNOWN_ITEM, Rows, collect, form_rows
from chaoyang_geo.readings.sheet import Sheet
from chaoyang_geo.schema import class_dtype

if TYPE_CHECKING:
    import pandas as pd


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
    time, time_flag = _times(table, rows, results, year)
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
    value_flag, flag_limits = _with_limits(table, rows, parsed, raw, limit, by_row)
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
    parts += [Coded(flag_texts, raw_flag), value_flag, unit_flags]
    flags = pairs(
        [distinct_texts(part) for part in parts],
        lambda texts: "；".join(dict.fromkeys(text for text in texts if text)),
    )
    classes = _coded(rows.roles["published_class"])
    published = pd.Categorical(
        [_class_of(text) for text in classes.texts], dtype=class_dtype()
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
        "section_code": _category(of_rows(_fact_or(table, section_code, "section_code"))),
        "section_name": _category(names),
        "province": _category(of_rows(_fact_or(table, rows.roles["province"], "province"))),
        "basin": _category(of_rows(_fact_or(table, rows.roles["basin"], "basin"))),
        **time,
        "item": _category(items),
        "value": value,
        "unit": _category(Coded([one.unit for one in resolved], unit_pair.codes)),
        "censored": _category(Coded(list(map(str, parsed.censored)), raw.codes)),
        "detection_limit": limit,
        "state": _category(
            with_remarks(
                Coded(list(map(str, parsed.state)), raw.codes), of_rows(rows.roles["station_state"])
            )
        ),
        "raw": _category(raw),
        "raw_unit": _category(unit_texts),
        "reading_flag": _category(flags),
        "row_kind": _category(kinds),
        "origin": _category(Coded([table.grid.origin], np.zeros(n * m, np.int8))),
        "origin_row": np.array([table.grid.row_number(r) for r in rows.number], np.int32)[by_row],
        "origin_column": _category(origin_columns),
        "published_class": published.take(by_row),
    }
    columns = [*READING_COLUMNS]
    water = _fact_or(table, rows.roles["water_body"], "water_body")
    if any(water):
        data["water_body"] = _category(of_rows(water))
        columns.append("water_body")
    if table.role("method") is not None:
        data["method"] = _category(of_rows([method_key(text) or "" for text in methods]))
        columns.append("method")
    return pd.DataFrame({name: data[name] for name in columns}, copy=False)


def _class_of(text: str) -> str | None:
    """Return the class that a publisher printed, Ⅲ, III or 3; what is no class is missing."""
    wide = unicodedata.normalize("NFKC", text).replace("Ⅰ", "I").strip().removesuffix("类")
    own = unicodedata.normalize("NFC", text).strip().removesuffix("类")
    return CLASS_BY_TEXT.get(wide) or CLASS_BY_TEXT.get(own)


def _with_limits(
    table: Table, rows: Rows, parsed: values.Parsed, raw: Coded, limit: Any, by_row: Any
) -> tuple[Coded, Any]:
    """Take detection limits that stand in a column of their own.

    Returns the flags of the values, and the limit that each distinct flag speaks of.
    """
    import numpy as np

    flags = Coded(list(map(str, parsed.flag)), raw.codes)
    if not any(rows.roles["limit"]) or table.role("item") is None:
        return flags, parsed.detection_limit
    texts = _coded(rows.roles["limit"])
    found = values.parse_values(texts.texts)
    number = np.where(np.isnan(found.value), found.detection_limit, found.value)
    lacks = (np.asarray(parsed.censored)[raw.codes] == "<") & np.isnan(limit)
    lacks &= ~np.isnan(number[texts.codes][by_row])
    limit[lacks] = number[texts.codes][by_row][lacks]
    words = [f"低于检出限{text}（取自检出限列）" for text in texts.texts]
    codes = np.where(lacks, texts.codes[by_row] + len(flags.texts), raw.codes)
    limits = np.concatenate([parsed.detection_limit, number])
    return Coded([*flags.texts, *words], codes), limits


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


def _category(coded: Coded) -> Any:
    """Return the category of a coded column, without texts that no row has."""
    import numpy as np

    used, codes = np.unique(coded.codes, return_inverse=True)
    if len(used) == len(coded.texts):
        return category(coded.texts, coded.codes)
    return category([coded.texts[k] for k in used.tolist()], codes)


def _fact_or(table: Table, texts: list[str], role: str) -> list[str]:
    fact = table.facts.get(role)
    if fact is None:
        return texts
    if role == "section_code" and table.role("section_name") is not None:
        return texts
    return [text or cell_text(fact.value) for text in texts]


def _said(what: str, fact: Fact) -> str:
    """Say where a fact was found; a label beside the table is no doubt and no flag."""
    words = fact.words if len(fact.words) <= 30 else fact.words[:29] + "…"
    if fact.kind == "sheet":
        return f"{what}取自工作表名“{words}”"
    if fact.kind == "title":
        return f"{what}取自标题“{words}”"
    return f"{what}沿用上方表格的“{words}”" if fact.kind == "above" else ""


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
                flags = [_joined(flag, _said(what, fact)) for flag in flags]
        return flags, None
    fact = table.facts.get("section_name") or table.facts.get("section_code")
    fact = fact or next(iter(named.values()), None)
    if fact is None:
        return [_joined(flag, "未注明断面") for flag in flags], None
    role = "section_code" if fact is table.facts.get("section_code") else "section_name"
    rows.roles[role] = [cell_text(fact.value)] * len(flags)
    return [_joined(flag, _said("断面", fact)) for flag in flags], None


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
    words = [
        "",
        *(
            f"“{kind_words.removesuffix('，不是样品')[:-1]}”列，不是样品"
            for kind_words in KIND_WORDS.values()
        ),
    ]
    return Coded(names, both), Coded(words, from_column)


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
        meanings = []
        for text in own.texts:
            meaning = words.understand(text) if text else Meaning()
            if meaning.role != "reading":
                name, unit = split_unit(text)
                note = UNKNOWN_ITEM if text else "指标空白"
                meaning = Meaning("reading", text if not unit else name, unit, note)
            meanings.append(meaning)
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
            flag = _said("指标", item_fact)
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


def unknown_flag(meaning: Meaning) -> str:
    return meaning.note if meaning.note in (UNKNOWN_ITEM, "指标空白") else ""


def _common(common: str, item: str, usual: dict[str, str]) -> str:
    """Apply a table's own unit (单位：mg/L) to the items that are measured so."""
    return common if usual.get(item, "") in ("mg/L", "μg/L", "ug/L") else ""


def _of_table(own: str, common: str) -> str:
    """Take the unit above the table where none is stated, beside a basis (以P计) too."""
    return with_basis(common, own) if is_basis(own) else own or common


def plain_unit(unit: str) -> str:
    text = unit.strip()
    return text[1:-1].strip() if re.fullmatch(r"[(（\[][^()（）\[\]]*[)）\]]", text) else text


def _times(
    table: Table, rows: Rows, results: list[Column], year: int | None
) -> tuple[dict[str, Any], Coded]:
    """Return time, period and its end, and the flag, of every reading."""
    import numpy as np

    n, m = len(rows.number), len(results)
    flags: dict[Any, str] = {}
    fact = table.facts.get("time")
    grid = table.grid
    has_column = any(table.role(role) is not None for role in ("time", "year", "month", "day"))
    crossed = [c.time for c in results]
    if any(time is not None for time in crossed):
        cells: list[Any] = [
            time if time is not None or fact is None else fact.value for time in crossed
        ] * n
        flat_kinds = ["" if c.time is not None or c.section else "cross" for c in results] * n
        where = [table.header_last] * (n * m)
    else:
        own = rows.time
        flat_kinds = rows.kind
        if not has_column:
            own = [fact.value if fact else None] * n
        cells, where = own, rows.number
    month = cell_text(fact.value) if fact is not None else ""
    if has_column and re.search(r"月(?:份)?$|\d{4}[-./]\d{1,2}$", month):
        # 8日 under the title 2025年10月
        days = re.compile(r"([0-3]?\d)\s*[日号]")
        for number, cell in enumerate(cells):
            day = days.fullmatch(cell_text(cell).strip()) if isinstance(cell, str) else None
            if day:
                cells[number] = (
                    f"{month.rstrip('份')}{day[1]}日" if "月" in month else f"{month}-{day[1]}"
                )
                flags[cells[number]] = _said("年月", fact) if fact else ""
    index: dict[Any, int] = {}
    codes = np.fromiter(
        (index.setdefault(_key(cell), len(index)) for cell in cells), np.int64, len(cells)
    )
    distinct = [key[1] for key in index]
    if grid.days_offset:
        distinct, serial_flags = _with_offset(distinct, grid.days_offset)
        flags.update(serial_flags)
    parsed = times.parse_times(distinct, year=year)
    problems = list(map(str, parsed.problem))
    stamp, period, end = (
        parsed.time.copy(),
        np.array(list(map(str, parsed.period)), object),
        parsed.period_end.copy(),
    )
    known_year = _known_year(table)
    for number, problem in enumerate(problems):
        if problem == "no year" and known_year is not None:
            again = times.parse_times([distinct[number]], year=known_year[0])
            if not str(again.problem[0]):
                stamp[number], period[number], end[number] = (
                    again.time[0],
                    again.period[0],
                    again.period_end[0],
                )
                problems[number] = ""
                flags[distinct[number]] = known_year[1]
    sample = [number for number, kind in zip(codes.tolist(), flat_kinds, strict=True) if not kind]
    of_samples = set(sample)
    no_year = {k for k, problem in enumerate(problems) if problem == "no year"} & of_samples
    for number, line in zip(codes.tolist(), where, strict=True) if no_year else ():
        if number in no_year:
            this = dt.date.today().year
            raise ValueError(
                f"{grid.where(line)}: the time “{cell_text(distinct[number])}” has no year; say which: "
                f"year={this} in Python, --year {this} on the command line."
            )
    if has_column and sample and all(problems[number] for number in sample):
        first = next((distinct[k] for k in sample if cell_text(distinct[k]).strip()), None)
        if first is not None:
            why = problems[distinct.index(first)]
            raise ValueError(
                f"{grid.where(table.header_last)}: no time in the column was understood; the first reads "
                f"“{cell_text(first)}”{f'（{why}）' if why != 'no time' else ''}. "
                "Write times like 2026-08-21 20:00."
            )
    texts = []
    for cell, problem in zip(distinct, problems, strict=True):
        text = cell_text(cell).strip()
        if not problem:
            flag = flags.get(cell, "")
            if (
                not flag
                and not has_column
                and fact is not None
                and not any(c is not None for c in crossed)
            ):
                flag = _said("监测时间", fact)
        elif not text:
            flag = "监测时间空白" if has_column else "未注明监测时间"
        else:
            flag = time_problem(text, problem)
        texts.append(flag)
    # a total or a mean needs no time of its own
    blank = np.array([bool(problem) for problem in problems])
    quiet = np.array([bool(kind) for kind in flat_kinds]) & blank[codes]
    flag_codes = np.where(quiet, len(texts), codes)
    if len(codes) == n and m != 1:
        codes, flag_codes = np.repeat(codes, m), np.repeat(flag_codes, m)
    data = {
        "time": stamp[codes].astype("datetime64[s]"),
        "period": _category(Coded(list(period), codes)),
        "period_end": end[codes].astype("datetime64[s]"),
    }
    return data, Coded([*texts, ""], flag_codes)


def time_problem(text: str, problem: str) -> str:
    """Word what is wrong with a time."""
    if problem in ("no time", "no year"):
        return f"监测时间“{text}”无法识别，请写成 2026-08-21 20:00 的样式"
    return f"监测时间“{text}”：{problem}"


def _with_offset(cells: list[Any], days: int) -> tuple[list[Any], dict[Any, str]]:
    """Count Excel's serials from 1899-12-30; return the flags of those that were changed."""
    changed, flags = [], {}
    for cell in cells:
        text = cell_text(cell).strip()
        if not isinstance(cell, dt.date) and re.fullmatch(r"\d{5}(?:\.\d+)?", text):
            cell = float(text) + days
            flags[cell] = (
                f"时间序号{text}按工作簿的日期系统换算，自{dt.date(1899, 12, 30) + dt.timedelta(days)}起算"
            )
        changed.append(cell)
    return changed, flags


def _key(cell: Any) -> tuple[str, Any]:
    """Keep 2025 the number apart from 2025 the text, and a date from a time at midnight."""
    return type(cell).__name__, cell


def _known_year(table: Table) -> tuple[int, str] | None:
    """Return a year that title, label or sheet name states, and the flag that says so."""
    for role in ("year", "time"):
        fact = table.facts.get(role)
        found = re.match(r"(?:19|20)\d{2}", cell_text(fact.value)) if fact is not None else None
        if fact is not None and found:
            where = "工作表名" if fact.kind == "sheet" else "表题"
            return int(found[0]), f"年份取自{where}“{fact.words[:30]}”"
    return None
