"""A person's corrections: which section a name stands for, when the registry cannot tell."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaoyang_geo.schema import SchemaError, require
from chaoyang_geo.sections.registry import (
    ALWAYS,
    CODE,
    NEVER,
    Answer,
    Asked,
    day_number,
    short_province,
    text,
)
from chaoyang_geo.sections.spelling import fold, fold_code

if TYPE_CHECKING:
    import pandas as pd

#: What a person writes for a section that the registry does not hold.
NONE = "无"
BY_HAND = "人工更正"


@dataclass(frozen=True)
class _Correction:
    row: int
    code: str
    start: int
    end: int
    remark: str

    def holds(self, day: int | None) -> bool:
        if day is None:
            return self.start == ALWAYS and self.end == NEVER
        return self.start <= day < self.end


class Corrections:
    """Corrections by what the reading states: name, and province and code where they are told."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], list[_Correction]] = {}
        self._with_province = self._with_code = False

    @classmethod
    def of(cls, table: pd.DataFrame | None, known: Container[str]) -> Corrections:
        """Check a table of corrections; rows without a corrected code are not decided yet."""
        made = cls()
        if table is None:
            return made
        require(table, ["section_name", "corrected_code"], table="corrections")
        made._with_province = "province" in table
        made._with_code = "section_code_given" in table
        for number, cells in enumerate(table.to_dict("records"), start=1):
            code = fold_code(text(cells["corrected_code"]))
            if not code:
                continue
            if code != NONE and code not in known:
                raise SchemaError(
                    f"corrections, row {number} ({text(cells['section_name'])}): corrected_code "
                    f"{code!r} is not in the registry; use one of its codes, or {NONE!r} for a "
                    "section that it does not hold."
                )
            key = made._key(
                text(cells["section_name"]),
                short_province(text(cells.get("province"))),
                fold_code(text(cells.get("section_code_given"))),
            )
            start, end = ALWAYS, NEVER
            try:
                first = day_number(cells.get("valid_from"))
                last = day_number(cells.get("valid_to"), last=True)
            except ValueError as error:
                raise SchemaError(
                    f"corrections, row {number}: {error}; write it like 2021-01-01."
                ) from None
            start = ALWAYS if first is None else first
            end = NEVER if last is None else last + 1
            correction = _Correction(number, code, start, end, text(cells.get("remark")))
            for other in made._found.setdefault(key, []):
                if start < other.end and other.start < end:
                    raise SchemaError(
                        f"corrections: rows {other.row} and {number} both correct "
                        f"{text(cells['section_name'])!r} (to {other.code} and {code}); keep one, or "
                        "give them periods that do not overlap (valid_from, valid_to)."
                    )
            made._found[key].append(correction)
        return made

    def _key(self, name: str, province: str, code: str) -> tuple[str, str, str]:
        return (
            fold(name),
            province if self._with_province else "",
            code if self._with_code else "",
        )

    def days(self) -> set[int]:
        """Return the days on which a correction begins or ends."""
        ends = {day for found in self._found.values() for c in found for day in (c.start, c.end)}
        return ends - {ALWAYS, NEVER}

    def answer(self, asked: Asked) -> Answer | None:
        """Return the corrected answer, or None where no person said anything."""
        for one in self._found.get(self._key(asked.name, asked.province, asked.code), ()):
            if one.holds(asked.day):
                remark = f"（{one.remark}）" if one.remark else ""
                if one.code == NONE:
                    return Answer("", "unmatched", CODE, f"{BY_HAND}：不在断面登记表中{remark}")
                return Answer(one.code, "matched", CODE, f"{BY_HAND}{remark}")
        return None
