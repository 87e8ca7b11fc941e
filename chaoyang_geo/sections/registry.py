"""The registry of sections that knows time: which codes and names hold when."""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from chaoyang_geo import names
from chaoyang_geo.schema import SchemaError, require, split_codes
from chaoyang_geo.sections.spelling import (
    Likeness,
    code_as_number,
    fold,
    fold_code,
    looks_like_a_number,
    near_forms,
)

if TYPE_CHECKING:
    import pandas as pd

#: Scores, one for each way of answering; a likeness by spelling is at most ``LIKE``.
CODE, NAME, ALIAS, OUT_OF_FORCE, OTHER_TIME, FORM, LIKE = 1.0, 0.95, 0.9, 0.9, 0.85, 0.75, 0.7

ALWAYS, NEVER = -(1 << 40), 1 << 40
_EPOCH = dt.date(1970, 1, 1).toordinal()
_CANDIDATES = 6
_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?)?月?)?年?(?:[t ].*)?", re.I)


@dataclass(frozen=True)
class Row:
    """One row of the registry: a section in a period. Days count from 1970-01-01."""

    code: str
    name: str
    province: str
    water: str
    start: int  # first day in force
    end: int  # first day no longer in force
    dated: bool
    aliases: tuple[str, ...]
    former: tuple[str, ...]

    def holds(self, day: int | None) -> bool:
        return day is not None and self.start <= day < self.end

    def period(self) -> str:
        if self.start > ALWAYS and self.end < NEVER:
            return f"{day_text(self.start)}至{day_text(self.end - 1)}"
        if self.end < NEVER:
            return f"至{day_text(self.end - 1)}止"
        return f"自{day_text(self.start)}起" if self.start > ALWAYS else "不限"


@dataclass(frozen=True)
class Answer:
    """What is said about one distinct combination of code, name, place and time."""

    code: str
    state: str
    score: float
    flag: str = ""
    candidates: str = ""
    start: int = ALWAYS  # valid_from of the row in force


@dataclass(frozen=True)
class _Called:
    row: Row
    score: float  # NAME, ALIAS, or OTHER_TIME for a former name


@dataclass(frozen=True)
class Asked:
    """What a reading says about its section, folded where folding loses nothing."""

    code: str
    name: str
    province: str
    water: str
    day: int | None


class Registry:
    """Sections by code, by every name they go by, and by near forms of these names."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.by_code: dict[str, list[Row]] = {}
        self._by_name: dict[str, list[_Called]] = {}
        self._by_number: dict[str, set[str]] = {}
        for row in sorted(rows, key=lambda row: (row.code, row.start)):
            self.by_code.setdefault(row.code, []).append(row)
            self._by_number.setdefault(code_as_number(row.code), set()).add(row.code)
            called = {fold(name): OTHER_TIME for name in row.former}
            called |= {fold(name): ALIAS for name in row.aliases}
            called |= {fold(row.name): NAME}
            for name, score in called.items():
                if name:
                    self._by_name.setdefault(name, []).append(_Called(row, score))
        self._like: dict[str, Likeness] = {}
        self._near: dict[tuple[str, str, float], tuple[float, str, list[str]]] = {}

    @cached_property
    def _forms(self) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
        """Return the registered names by their trimmed forms, and by what stands in brackets."""
        by_whole: dict[str, set[str]] = {}
        by_inside: dict[str, set[str]] = {}
        for name in self._by_name:
            whole, inside = near_forms(name)
            for form in whole:
                by_whole.setdefault(form, set()).add(name)
            for form in inside:
                by_inside.setdefault(form, set()).add(name)
        return by_whole, by_inside

    def _likeness(self, province: str) -> Likeness:
        # of one province alone, so that likely names elsewhere do not crowd out its own
        if province not in self._like:
            self._like[province] = Likeness(
                name
                for name, called in self._by_name.items()
                if any(_together(one.row.province, province) for one in called)
            )
        return self._like[province]

    def days(self) -> set[int]:
        """Return the days on which something changes."""
        ends = {
            day for rows in self.by_code.values() for row in rows for day in (row.start, row.end)
        }
        return ends - {ALWAYS, NEVER}

    def row_at(self, code: str, day: int | None) -> Row:
        """Return the row of ``code`` in force on ``day``, else the last that began before, else the first."""
        rows = self.by_code[code]
        if day is None:
            return rows[-1]
        begun = [row for row in rows if row.start <= day]
        return begun[-1] if begun else rows[0]

    def answer(self, asked: Asked, least: float) -> Answer:
        """Answer for one combination: by code, else by name, else with what comes near."""
        code, trouble, meant = self._code(asked)
        if code:
            return self._by_its_code(code, asked)
        called = self._by_name.get(fold(asked.name), []) if asked.name else []
        here = [one for one in called if _together(one.row.province, asked.province)]
        if here:
            return self._by_its_name(here, asked, trouble, meant)
        if meant:
            return Answer("", "ambiguous", FORM, trouble, self._listed(meant))
        if not asked.name:
            return Answer("", "unmatched", 0.0, trouble or "读数没有断面名称")
        return self._nearest(asked, called, trouble, least)

    # --- by code

    def _code(self, asked: Asked) -> tuple[str, str, list[str]]:
        """Return the registered code; or why there is none, and the codes that may be meant."""
        if not asked.code:
            return "", "", []
        if asked.code in self.by_code:
            return asked.code, "", []
        # the number is only looked up to tell a person which code was probably spoilt
        meant = sorted(self._by_number.get(code_as_number(asked.code), ()))
        if looks_like_a_number(asked.code):
            trouble = f"编码“{asked.code}”像是被当作数字读入（可能丢失前导零），请按文本读入"
        elif meant:
            trouble = f"编码“{asked.code}”与登记编码写法不同（前导零或大小写）"
        else:
            trouble = f"登记表中没有编码{asked.code}"
        if meant:
            trouble += f"，可能是{'、'.join(meant[:_CANDIDATES])}"
        return "", trouble, meant

    def _by_its_code(self, code: str, asked: Asked) -> Answer:
        row = self.row_at(code, asked.day)
        notes = []
        score = CODE
        if asked.day is not None and not row.holds(asked.day):
            notes.append(self._out_of_force(row))
            score = OUT_OF_FORCE
        if asked.name:
            notes.append(self._name_beside_code(row, asked))
        if not _together(row.province, asked.province):
            notes.append(
                f"编码{code}登记在{row.province}，与读数省份{asked.province}不符，以编码为准"
            )
        if asked.water and row.water and not _same_water(row.water, asked.water):
            notes.append(
                f"编码{code}登记水体“{row.water}”与读数水体“{asked.water}”不符，以编码为准"
            )
        return Answer(code, "matched", score, _join(notes))

    def _name_beside_code(self, row: Row, asked: Asked) -> str:
        called = self._by_name.get(fold(asked.name), [])
        own = [one for one in called if one.row.code == row.code]
        if own:
            return self._renamed(own, row, asked.name)
        if called:
            return f"编码对应“{row.name}”，与名称“{asked.name}”不符，以编码为准"
        known = {
            form
            for one in self.by_code[row.code]
            for name in (one.name, *one.aliases, *one.former)
            for form in set.union(*near_forms(fold(name)))
        }
        if set.union(*near_forms(fold(asked.name))) & known:
            return ""
        return f"编码对应“{row.name}”，登记表中没有名称“{asked.name}”，以编码为准"

    # --- by name

    def _by_its_name(
        self, here: list[_Called], asked: Asked, trouble: str, meant: Sequence[str]
    ) -> Answer:
        now = [one for one in here if _now(one, asked.day)]
        pool = now or here
        wet = [one for one in pool if asked.water and _same_water(one.row.water, asked.water)]
        codes = sorted({one.row.code for one in wet or pool})
        # a spoilt code may tell which of several is meant; against the name it proves nothing
        codes = sorted(set(codes) & set(meant)) or codes
        if meant and not set(codes) & set(meant):
            why = f"与名称“{asked.name}”（{'、'.join(codes[:_CANDIDATES])}）不符，请核对"
            return Answer(
                "", "ambiguous", FORM, _join([trouble, why]), self._listed([*meant, *codes])
            )
        if len(codes) > 1:
            score = max(one.score for one in pool)
            where = "、".join(self._where(code) for code in codes[:_CANDIDATES])
            more = "等" if len(codes) > _CANDIDATES else ""
            undated = asked.day is None and any(one.row.dated for one in pool)
            ask = "编码、省份或监测时间" if undated else "编码或省份"
            why = f"“{asked.name}”在登记表中对应{len(codes)}个断面（{where}{more}），请给出{ask}"
            return Answer("", "ambiguous", score, _join([trouble, why]), self._listed(codes))
        code = codes[0]
        row = self.row_at(code, asked.day)
        own = [one for one in pool if one.row.code == code]
        score = max(one.score for one in own) if now or asked.day is None else OTHER_TIME
        notes = [f"{trouble}；按名称匹配" if trouble else "", self._renamed(own, row, asked.name)]
        if asked.day is None:
            if row.dated:
                notes.append("没有监测时间，未核对断面有效期")
        elif not row.holds(asked.day):
            notes.append(self._out_of_force(row))
            score = OTHER_TIME
        waters = [one.row.water for one in own]
        if asked.water and all(waters) and not any(_same_water(w, asked.water) for w in waters):
            notes.append(f"登记水体“{row.water}”与读数水体“{asked.water}”不符")
            score = min(score, OTHER_TIME)
        return Answer(code, "matched", score, _join(notes))

    def _renamed(self, own: Sequence[_Called], row: Row, name: str) -> str:
        """Say that ``name`` is not what the section is called in the row in force."""
        if any(one.row is row and one.score >= ALIAS for one in own):
            return ""
        if any(one.row is row for one in own):
            return f"改名：“{name}”是“{row.name}”的曾用名"
        periods = "，".join(dict.fromkeys(one.row.period() for one in own))
        if fold(name) == fold(row.name):
            return ""
        return f"改名：“{name}”（{periods}）在监测时的名称为“{row.name}”"

    def _out_of_force(self, row: Row) -> str:
        periods = "；".join(one.period() for one in self.by_code[row.code])
        return f"监测时间不在断面{row.code}的登记有效期内（{periods}）"

    # --- near

    def _nearest(self, asked: Asked, called: list[_Called], trouble: str, least: float) -> Answer:
        if called:
            codes = sorted({one.row.code for one in called})
            where = "、".join(self._where(code) for code in codes[:_CANDIDATES])
            why = f"“{asked.name}”在登记表中属于其他省份（{where}）"
            return Answer("", "unmatched", 0.0, _join([trouble, why]), self._listed(codes))
        key = (fold(asked.name), asked.province, least)
        if key not in self._near:
            self._near[key] = self._look_near(*key)
        score, found, codes = self._near[key]
        if score == FORM:
            many = f"（{len(codes)}个）" if len(codes) > 1 else ""
            why = f"“{asked.name}”与登记断面“{found}”{many}只差后缀、括号或“大”字，请人工确认"
            return Answer("", "ambiguous", FORM, _join([trouble, why]), self._listed(codes))
        why = f"登记表中没有断面“{asked.name}”"
        if codes:
            why += f"，相近的有“{found}”，请人工确认"
        else:
            why += "，请核对名称或在 aliases 中补充"
        return Answer("", "unmatched", score, _join([trouble, why]), self._listed(codes))

    def _look_near(self, folded: str, province: str, least: float) -> tuple[float, str, list[str]]:
        """Return the score, a name and the codes of what comes nearest, form before spelling."""
        whole, inside = near_forms(folded)
        by_whole, by_inside = self._forms
        forms = {name for form in whole for name in by_whole.get(form, ())}
        forms |= {name for form in whole for name in by_inside.get(form, ())}
        forms |= {name for form in inside for name in by_whole.get(form, ())}
        codes, first = self._codes_of(sorted(forms), province)
        if codes and least <= FORM:
            return FORM, first, codes
        like = self._likeness(province).like(folded, least)
        codes, first = self._codes_of([name for _, name in like], province)
        return (min(round(like[0][0], 3), LIKE), first, codes) if codes else (0.0, "", [])

    def _codes_of(self, called: Iterable[str], province: str) -> tuple[list[str], str]:
        codes: dict[str, str] = {}
        for name in called:
            for one in self._by_name[name]:
                if _together(one.row.province, province):
                    codes.setdefault(one.row.code, one.row.name)
        return list(codes)[:_CANDIDATES], next(iter(codes.values()), "")

    # --- words

    def _listed(self, codes: Iterable[str]) -> str:
        called = [f"{code} {self.by_code[code][-1].name.replace(';', '；')}" for code in codes]
        return ";".join(called)

    def _where(self, code: str) -> str:
        row = self.by_code[code][-1]
        return " ".join(part for part in (code, row.province, row.water) if part)


def read_registry(sections: pd.DataFrame) -> Registry:
    """Check a table of sections and return the registry that it makes.

    Raises
    ------
    SchemaError
        A column is missing, a code is missing or no text, a date is none, or two rows of one
        code overlap in time; the message names the rows, counted from 1.
    """
    require(sections, ["section_code", "section_name"], table="sections")
    columns = {
        name: list(sections[name]) if name in sections else [None] * len(sections)
        for name in (
            *("section_code", "section_name", "province", "water_body", "aliases"),
            *("former_names", "valid_from", "valid_to"),
        )
    }
    rows = []
    for number, values in enumerate(zip(*columns.values(), strict=True), start=1):
        cells = dict(zip(columns, values, strict=True))
        start = _day(cells["valid_from"], number, "valid_from")
        last = _day(cells["valid_to"], number, "valid_to")
        if start is not None and last is not None and last < start:
            raise SchemaError(
                f"sections, row {number} ({cells['section_code']}): valid_to {day_text(last)} lies "
                f"before valid_from {day_text(start)}."
            )
        rows.append(
            Row(
                code=_code(cells["section_code"], number),
                name=text(cells["section_name"]).strip(),
                province=short_province(text(cells["province"])),
                water=fold(text(cells["water_body"])),
                start=ALWAYS if start is None else start,
                end=NEVER if last is None else last + 1,
                dated=start is not None or last is not None,
                aliases=tuple(split_codes(text(cells["aliases"]))),
                former=tuple(split_codes(text(cells["former_names"]))),
            )
        )
    _refuse_overlaps(rows)
    return Registry(rows)


def _code(value: object, number: int) -> str:
    if not isinstance(value, str) and text(value):
        raise SchemaError(
            f"sections, row {number}: section_code {value!r} is a number, and a number has lost "
            "its leading zeros; read the registry with codes as text, e.g. "
            "pd.read_csv(path, dtype={'section_code': str})."
        )
    code = fold_code(text(value))
    if not code:
        raise SchemaError(f"sections, row {number}: section_code is missing.")
    return code


def _refuse_overlaps(rows: Sequence[Row]) -> None:
    numbered = sorted(enumerate(rows, start=1), key=lambda pair: (pair[1].code, pair[1].start))
    for (i, earlier), (j, later) in pairwise(numbered):
        if earlier.code == later.code and later.start < earlier.end:
            (i, earlier), (j, later) = sorted([(i, earlier), (j, later)], key=lambda pair: pair[0])
            raise SchemaError(
                f"sections: section_code must be unique in time; {earlier.code} is there twice: "
                f"row {i} ({earlier.name}, {_english(earlier)}) and row {j} ({later.name}, "
                f"{_english(later)}). Give valid_from and valid_to (the last day) that do not "
                "overlap, or remove one row."
            )


def _english(row: Row) -> str:
    start = f"from {day_text(row.start)}" if row.start > ALWAYS else ""
    end = f"to {day_text(row.end - 1)}" if row.end < NEVER else ""
    return " ".join(part for part in (start, end) if part) or "no dates"


def day_text(day: int) -> str:
    """Return a day as ``2021-01-01``."""
    return dt.date.fromordinal(day + _EPOCH).isoformat()


def day_number(value: object, *, last: bool = False) -> int | None:
    """Return the day of a date or of its text; ``last`` takes the end of a year or month.

    ``None`` for a missing value; ``ValueError`` for what is no date.

    Examples
    --------
    >>> from chaoyang_geo.sections.registry import day_number, day_text
    >>> day_text(day_number("2020年", last=True)), day_text(day_number("2021-03"))
    ('2020-12-31', '2021-03-01')
    """
    written = text(value).strip()
    if not written:
        return None
    when: Any = value
    if isinstance(value, dt.date):
        return dt.date(when.year, when.month, when.day).toordinal() - _EPOCH
    written = re.sub(r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3", written)
    found = _DATE.fullmatch(written)
    if not found:
        raise ValueError(f"{written!r} is no date")
    year, month, day = int(found[1]), found[2], found[3]
    if month is None:
        return dt.date(year, 12 if last else 1, 31 if last else 1).toordinal() - _EPOCH
    number = int(day) if day else 1
    if day is None and last:
        if not 1 <= int(month) <= 12:
            raise ValueError(f"{written!r} is no date")
        number = monthrange(year, int(month))[1]
    return dt.date(year, int(month), number).toordinal() - _EPOCH


def _day(value: object, number: int, column: str) -> int | None:
    try:
        return day_number(value, last=column == "valid_to")
    except ValueError:
        raise SchemaError(
            f"sections, row {number}: {column} {text(value)!r} is no date; write it like 2021-01-01."
        ) from None


def text(value: object) -> str:
    """Return the text of a cell; a missing one is ``''``."""
    if value is None or (isinstance(value, float) and value != value):
        return ""
    written = str(value)
    return "" if written in ("<NA>", "NaT") else written


@lru_cache(maxsize=1024)
def short_province(province: str) -> str:
    """Return a province without its suffix, folded."""
    return names.short_province(fold(province)) if province else ""


def _now(one: _Called, day: int | None) -> bool:
    """Whether a name is the section's own on ``day``; an undated former name may always be."""
    if not one.row.holds(day):
        return False
    return one.score >= ALIAS or one.row.start == ALWAYS


def _together(registered: str, given: str) -> bool:
    return not registered or not given or registered == given


def _same_water(registered: str, given: str) -> bool:
    return bool(registered) and (registered in given or given in registered)


def _join(parts: Iterable[str]) -> str:
    return "；".join(part for part in parts if part)
