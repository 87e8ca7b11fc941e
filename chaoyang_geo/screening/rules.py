"""Rule sets: files that a planner can read, checked line by line, and what they say of a case."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo.flags import flag, joined
from chaoyang_geo.schema import SchemaError, as_text, one_of, require
from chaoyang_geo.screening.activities import GROUPS, activities, activity_words, find_activity
from chaoyang_geo.screening.result import RULE_COLUMNS, empty
from chaoyang_geo.screening.toml_lines import RuleFile, rule_file
from chaoyang_geo.screening.words import (
    KINDS,
    RULE_VERDICTS,
    UNJUDGED,
    find_grade,
    find_kind,
    kind_zh,
)
from chaoyang_geo.verdicts import STATUSES

if TYPE_CHECKING:
    import pandas as pd

#: The built-in rule sets, in their order.
RULE_SETS: tuple[str, ...] = ("redline_142", "water_law", "three_lines")

#: How far a rule is checked, and the same in Chinese; ``user`` is a rule of the user's own.
RULE_STATUSES: dict[str, str] = {status: zh for status, (zh, _) in STATUSES.items()}

#: Statuses of rules that never relax what another rule says.
WEAK_STATUSES: tuple[str, ...] = ("unverified", "not found")

#: What may be done with rules of :data:`WEAK_STATUSES`.
UNVERIFIED: tuple[str, ...] = ("mark", "leave_out")

_TOP = ("title", "title_en", "source", "status", "rule")
_KEYS = ("id", "kind", "grades", "activities", "verdict", "clause", "source", "status", "note")
_NEEDED = ("id", "kind", "activities", "verdict", "clause")

# what a rule says; the words for its activity follow from it
_TOLD = tuple(name for name in RULE_COLUMNS if name not in ("activity_zh", "activity_en"))

Rules = "str | PathLike[str] | pd.DataFrame | Iterable[str | PathLike[str] | pd.DataFrame]"


def rules_table(rules: Any = "builtin", *, unverified: str = "mark") -> pd.DataFrame:
    """Return the rules of one or several sets as a table to read.

    Parameters
    ----------
    rules : str, path, DataFrame or a list of these
        ``"builtin"`` (all of :data:`RULE_SETS`), the name of one built-in set, the path of a
        set of the user's own (see :func:`read_rules`), or a table as this function returns it.
    unverified : {"mark", "leave_out"}
        Keep the rules that nobody has checked against the text, or leave them out.

    Returns
    -------
    DataFrame, one row per rule, grade and activity
        ``rule_set``, ``rule_id``, ``zone_kind``, ``zone_grade`` (a key, ``*`` for any), ``activity``
        (a key, ``@group`` of the vocabulary, ``*`` for any), ``verdict``, ``clause``,
        ``rule_source``, ``status``, ``note``, ``activity_zh``, ``activity_en`` (the activity in
        words).

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        ``rules`` is no set and no ``.toml`` file, or names a set twice; unknown ``unverified``.
    SchemaError
        A set of the user's own is not what it must be: the message names line or row.

    Examples
    --------
    >>> from chaoyang_geo.screening import rules_table
    >>> table = rules_table("water_law")
    >>> table[["rule_id", "zone_grade", "activity", "verdict"]].head(2)
      rule_id zone_grade       activity verdict
    0   wl-64    primary  sewage_outlet      禁止
    1   wl-64  secondary  sewage_outlet      禁止
    """
    import pandas as pd

    one_of("unverified", unverified, UNVERIFIED)
    parts: list[pd.DataFrame] = []
    for entry in _entries(rules):
        if isinstance(entry, pd.DataFrame):
            parts.append(_worded(_checked_frame(entry)))
        elif entry in RULE_SETS:
            parts.append(_builtin(entry).copy())
        elif str(entry).lower().endswith(".toml"):
            parts.append(read_rules(entry))
        elif Path(entry).suffix:
            raise ValueError(
                f"rules: {entry} is no .toml file; write the set as TOML, see read_rules."
            )
        else:
            one_of("rules", entry, ("builtin", *RULE_SETS, "a path to a .toml file"))
    table = pd.concat(parts, ignore_index=True) if parts else empty(RULE_COLUMNS)
    names = [set(part["rule_set"]) for part in parts]
    if sum(map(len, names)) > len(set().union(*names)):
        raise ValueError("rules: a rule set is named twice; name each once.")
    if unverified == "leave_out":
        table = table[~table["status"].isin(WEAK_STATUSES)].reset_index(drop=True)
    return table


def _worded(table: pd.DataFrame) -> pd.DataFrame:
    """Return rules with the words for their activities."""
    words = {f"activity_{lang}": [activity_words(key, lang) for key in table["activity"]]
             for lang in ("zh", "en")}  # fmt: skip
    return table.assign(**words).astype(RULE_COLUMNS)


def _entries(rules: Any) -> list[Any]:
    import pandas as pd

    if isinstance(rules, str | PathLike | pd.DataFrame):
        rules = [rules]
    if not isinstance(rules, Iterable):
        one_of("rules", rules, ("builtin", *RULE_SETS, "a path to a .toml file"))
    found: list[Any] = []
    for entry in rules:
        plain = entry if isinstance(entry, pd.DataFrame) else fspath(entry)
        found.extend(RULE_SETS if isinstance(plain, str) and plain == "builtin" else [plain])
    return found


@cache
def _builtin(name: str) -> pd.DataFrame:
    path = resources.files(__package__).joinpath("rules", f"{name}.toml")
    return _parsed(path.read_text(encoding="utf-8"), f"{name}.toml", name)


def read_rules(path: str | PathLike[str]) -> pd.DataFrame:
    """Read and check a rule set of the user's own.

    The file is TOML, UTF-8. At its head may stand ``title``, ``title_en``, ``source`` and
    ``status``, which hold for all rules; then one block per rule::

        [[rule]]
        id = "local-1"
        kind = "生态功能区"             # key, Chinese or English name, synonym
        grades = ["核心保护区"]          # leave it out: any grade
        activities = ["采矿", "@linear"]  # names, @group of the vocabulary, "*" for any
        verdict = "禁止"                # 禁止 限制 允许有条件 允许
        clause = "第三条"
        source = "某办法（2024）"        # optional, as status and note
        status = "verified"             # default "user"
        note = ""

    Parameters
    ----------
    path : str or path

    Returns
    -------
    DataFrame
        As :func:`rules_table`.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    SchemaError
        The file is not UTF-8 or no TOML; a key is unknown, missing or of the wrong type; a kind, grade,
        activity, verdict or status is not known; an id is there twice; two rules speak of the
        same case. The message names file, line and key.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from chaoyang_geo.screening import read_rules
    >>> text = '[[rule]]\\nid = "a"\\nkind = "城镇"\\nactivities = "*"\\nverdict = "可以"\\nclause = "1"'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "own.toml"
    ...     _ = path.write_text(text, encoding="utf-8")
    ...     try:
    ...         read_rules(path)
    ...     except ValueError as error:
    ...         print(str(error).replace(str(path), "own.toml"))
    own.toml, line 5, verdict: '可以' is no verdict of a rule; use one of 禁止, 限制, 允许有条件, 允许.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: there is no such file of rules; check the path, or take 'builtin'."
        )
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SchemaError(
            f"{path}, line {line}: the text is not UTF-8; save it as UTF-8."
        ) from error
    return _parsed(text, str(path), path.stem)


@dataclass(frozen=True)
class _File:
    """A rule file while it is checked: knows in which line a key of a rule stands."""

    name: str
    where: RuleFile

    def error(self, rule: int | None, key: str, words: str, *, value: str = "") -> SchemaError:
        line = self.where.line(rule, key, value)
        said = f", {key}" if key else ""
        return SchemaError(f"{self.name}, line {line}{said}: {words}")


def _parsed(text: str, name: str, rule_set: str) -> pd.DataFrame:
    import pandas as pd

    text = text.replace("\r\n", "\n")
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else len(text.splitlines())
        raise SchemaError(f"{name}, line {line}: this is no TOML ({error}).") from error
    file = _File(name, rule_file(text))
    for key, value in content.items():
        if key not in _TOP:
            raise file.error(None, key, f"this key is not known; known: {', '.join(_TOP)}.")
        if key != "rule" and not isinstance(value, str):
            raise file.error(None, key, f"{value!r} is no text; put it in quotes.")
    blocks = content.get("rule", [])
    if not isinstance(blocks, list) or not blocks or len(blocks) != len(file.where.starts):
        raise file.error(
            None, "rule", "there must be at least one block that begins with [[rule]]."
        )
    _status(file, None, content.get("status", "user"))
    rows: list[tuple[str, ...]] = []
    ids: dict[str, int] = {}
    cases: dict[tuple[str, str, str], str] = {}
    for number, block in enumerate(blocks):
        identity = _text(file, number, block, "id") if "id" in block else ""
        if identity in ids:
            raise file.error(number, "id", f"{identity!r} is there twice; give each rule its own.")
        ids[identity] = number
        for row in _rows(file, number, block, content, rule_set):
            case = (row[2], row[3], row[4])
            if case in cases:
                raise file.error(
                    number,
                    "activities",
                    f"the rule {cases[case]!r} already speaks of {case[0]}, grade {case[1]!r}, "
                    f"activity {case[2]!r}; let one of the two go.",
                )
            cases[case] = identity
            rows.append(row)
    return _worded(pd.DataFrame(rows, columns=list(_TOLD), dtype="str"))


def _rows(
    file: _File, number: int, block: Mapping[str, Any], top: Mapping[str, Any], rule_set: str
) -> Iterable[tuple[str, ...]]:
    for key in block:
        if key not in _KEYS:
            raise file.error(number, key, f"this key is not known; known: {', '.join(_KEYS)}.")
    for key in _NEEDED:
        if key not in block:
            raise file.error(number, "", f"the rule has no {key}; every rule needs one.")
    word = _text(file, number, block, "kind")
    kind = find_kind(word)
    if kind is None:
        known = "、".join(entry.zh for entry in KINDS.values())
        raise file.error(number, "kind", f"{word!r} is no kind of zone; use one of {known}.")
    verdict = _text(file, number, block, "verdict")
    if verdict not in RULE_VERDICTS:
        known = ", ".join(RULE_VERDICTS)
        raise file.error(
            number, "verdict", f"{verdict!r} is no verdict of a rule; use one of {known}."
        )
    status = str(block.get("status", top.get("status", "user")))
    _status(file, number, status)
    source = _text(file, number, block, "source") if "source" in block else top.get("source", "")
    note = _text(file, number, block, "note", empty_too=True) if "note" in block else ""
    clause = _text(file, number, block, "clause")
    for grade in _list(file, number, block, "grades") if "grades" in block else ["*"]:
        found = "*" if grade == "*" else find_grade(kind, grade)
        if not found:
            known = "、".join(entry[0] for entry in KINDS[kind].grades.values()) or "none"
            raise file.error(
                number,
                "grades",
                f"{grade!r} is no grade of {KINDS[kind].zh} (its grades: {known}); leave grades "
                "out for a rule of any grade.",
                value=grade,
            )
        for activity in _list(file, number, block, "activities"):
            yield (
                rule_set, _text(file, number, block, "id"), kind, found, _activity(file, number, activity),
                verdict, clause, str(source), status, note,
            )  # fmt: skip


def _activity(file: _File, number: int, word: str) -> str:
    if word == "*" or (word.startswith("@") and word[1:] in GROUPS):
        return word
    key = find_activity(word)
    if key is None:
        groups = ", ".join(f"@{group}" for group in GROUPS)
        raise file.error(
            number,
            "activities",
            f"{word!r} is no activity; see activities_table(), or use a group ({groups}) or *.",
            value=word,
        )
    return key


def _status(file: _File, number: int | None, status: str) -> None:
    if status not in RULE_STATUSES:
        known = ", ".join(repr(name) for name in RULE_STATUSES)
        raise file.error(number, "status", f"{status!r} is no status; use one of {known}.")


def _text(
    file: _File, number: int, block: Mapping[str, Any], key: str, *, empty_too: bool = False
) -> str:
    value = block[key]
    if not isinstance(value, str) or not (value.strip() or empty_too):
        raise file.error(number, key, f"{value!r} is no text; write a text in quotes.")
    return value.strip()


def _list(file: _File, number: int, block: Mapping[str, Any], key: str) -> list[str]:
    value = block[key]
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(t, str) for t in texts):
        raise file.error(number, key, f"{value!r} is no text and no list of texts.")
    return [text.strip() for text in texts]


def _checked_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Check a table of rules as a file is checked; rows are counted from 1."""
    import pandas as pd

    require(frame, list(_TOLD), table="rules")
    table = pd.DataFrame({name: as_text(frame[name]) for name in _TOLD})
    known = (
        ("zone_kind", set(KINDS)),
        ("verdict", set(RULE_VERDICTS)),
        ("status", set(RULE_STATUSES)),
    )
    for row, values in enumerate(table.to_dict("records"), 1):
        for column, allowed in known:
            if values[column] not in allowed:
                raise SchemaError(
                    f"rules: row {row} of {column} holds {values[column]!r}; "
                    f"use one of {', '.join(sorted(allowed))}."
                )
        grades = {"*", *KINDS[values["zone_kind"]].grades}
        activity = values["activity"]
        good = activity == "*" or activity[1:] in GROUPS or find_activity(activity) == activity
        if values["zone_grade"] not in grades or not good:
            raise SchemaError(
                f"rules: row {row}: grade {values['zone_grade']!r} or activity {activity!r} is not "
                "known; read the set with read_rules, which takes names and synonyms."
            )
    return table.reset_index(drop=True)


def rules_hash(table: pd.DataFrame) -> str:
    """Return the SHA-256 of a table of rules, whatever the order of its rows."""
    lines = sorted("\x1f".join(row) for row in table[list(_TOLD)].itertuples(index=False))
    return hashlib.sha256("\x1e".join(lines).encode()).hexdigest()


# what the rules say of a case ------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What the rules say of one case: a verdict, its legal basis, and what is doubtful."""

    verdict: str
    rule_id: str = ""
    clause: str = ""
    rule_source: str = ""
    status: str = ""
    note: str = ""
    flag: str = ""
    severest: str = ""  # the most severe verdict that the rules give: of a known grade, ``verdict``


@dataclass(frozen=True)
class _Rule:
    rule_set: str
    rule_id: str
    zone_kind: str
    zone_grade: str
    activity: str
    verdict: str
    clause: str
    rule_source: str
    status: str
    note: str


class Judge:
    """Answers cases by a table of rules; each case is worked out once."""

    def __init__(self, rules: pd.DataFrame) -> None:
        """Sort the rules by kind of zone."""
        self._by_kind: dict[str, list[_Rule]] = {}
        for row in rules[list(_TOLD)].itertuples(index=False):
            rule = _Rule(*row)
            self._by_kind.setdefault(rule.zone_kind, []).append(rule)
        self._known: dict[tuple[str, str, str | None], Answer] = {}

    def answer(self, kind: str, grade: str, activity: str | None) -> Answer:
        """Return what the rules say of an activity in a zone.

        A zone whose grade is not known is answered where all grades of its kind give the same
        verdict.
        """
        case = (kind, grade, activity)
        if case not in self._known:
            self._known[case] = self._work_out(kind, grade, activity)
        return self._known[case]

    def _work_out(self, kind: str, grade: str, activity: str | None) -> Answer:
        if not activity:
            word = "unknown_activity" if activity is None else "no_activity"
            return Answer(UNJUDGED, flag=flag(word))
        if grade or not KINDS[kind].grades:
            return self._one(kind, grade, activity)
        each = {key: self._one(kind, key, activity) for key in KINDS[kind].grades}
        verdicts = {answer.verdict for answer in each.values()}
        if len(verdicts) == 1 and UNJUDGED not in verdicts:
            mildest = list(each.values())[-1]
            return replace(mildest, flag=joined(mildest.flag, flag("any_grade")))
        said = "，".join(f"{KINDS[kind].grades[key][0]}{one.verdict}" for key, one in each.items())
        worst = min(verdicts - {UNJUDGED}, key=RULE_VERDICTS.index, default="")
        return Answer(UNJUDGED, flag=flag("grade_decides", grades=said), severest=worst)

    def _one(self, kind: str, grade: str, activity: str) -> Answer:
        groups = activities()[activity].groups
        fitting = [
            rule
            for rule in self._by_kind.get(kind, [])
            if rule.zone_grade in (grade, "*")
            and (rule.activity in ("*", activity) or rule.activity[1:] in groups)
        ]
        firm = _chosen(rule for rule in fitting if rule.status not in WEAK_STATUSES)
        weak = _chosen(rule for rule in fitting if rule.status in WEAK_STATUSES)
        if firm is None and weak is None:
            said = flag("no_rule", kind=kind_zh(kind, grade), activity=activity_words(activity))
            return Answer(UNJUDGED, flag=said)
        # what nobody has checked may tighten a verdict or fill a gap, never relax it
        rule = min((one for one in (firm, weak) if one is not None), key=_severity)
        answer = Answer(
            rule.verdict, rule.rule_id, rule.clause, rule.rule_source, rule.status, rule.note,
            severest=rule.verdict,
        )  # fmt: skip
        if rule is weak:
            return replace(answer, flag=flag("unverified"))
        if weak is not None and weak.verdict != rule.verdict:
            milder = {"rule": weak.rule_id, "clause": weak.clause, "verdict": weak.verdict}
            return replace(answer, flag=flag("milder", **milder))
        return answer


def _chosen(rules: Iterable[_Rule]) -> _Rule | None:
    """Return the strictest, over the sets, of the most specific rules of each set."""
    by_set: dict[str, list[_Rule]] = {}
    for rule in rules:
        by_set.setdefault(rule.rule_set, []).append(rule)
    best: list[_Rule] = []
    for group in by_set.values():
        top = max(map(_specific, group))
        best.extend(rule for rule in group if _specific(rule) == top)
    return min(best, key=lambda rule: (_severity(rule), rule.rule_set, rule.rule_id), default=None)


def _specific(rule: _Rule) -> tuple[int, int]:
    named = 0 if rule.activity == "*" else 1 if rule.activity.startswith("@") else 2
    return named, int(rule.zone_grade != "*")


def _severity(rule: _Rule) -> int:
    return RULE_VERDICTS.index(rule.verdict)
