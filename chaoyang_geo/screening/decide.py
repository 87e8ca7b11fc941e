"""Which rule answers a case: the most specific of each set, the strictest of all sets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chaoyang_geo.screening.activities import activities, activity_words
from chaoyang_geo.screening.rules import WEAK_STATUSES
from chaoyang_geo.screening.words import KINDS, RULE_VERDICTS, kind_zh

if TYPE_CHECKING:
    import pandas as pd

UNJUDGED = "无法判断"


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
    flag_en: str = ""


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
        for row in rules.itertuples(index=False):
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
        if activity is None:
            return Answer(
                UNJUDGED, flag="活动不在词表", flag_en="the activity is not in the vocabulary"
            )
        if grade or not KINDS[kind].grades:
            return self._one(kind, grade, activity)
        each = {key: self._one(kind, key, activity) for key in KINDS[kind].grades}
        verdicts = {answer.verdict for answer in each.values()}
        if len(verdicts) == 1 and UNJUDGED not in verdicts:
            mildest = list(each.values())[-1]
            flag = _joined(mildest.flag, "分区等级不明，各等级结论相同")
            english = _joined(
                mildest.flag_en, "the grade is not known, all grades have the same verdict"
            )
            return replace(mildest, flag=flag, flag_en=english)
        said = "，".join(f"{KINDS[kind].grades[key][0]}{one.verdict}" for key, one in each.items())
        return Answer(
            UNJUDGED,
            flag=f"分区等级不明（{said}）",
            flag_en="the grade of the zone is not known and the verdict depends on it",
        )

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
            what, where = activity_words(activity), kind_zh(kind, grade)
            return Answer(
                UNJUDGED,
                flag=f"所用规则没有对{where}内“{what}”的规定",
                flag_en="no rule speaks of this activity in this kind of zone",
            )
        # what nobody has checked may tighten a verdict or fill a gap, never relax it
        rule = min((one for one in (firm, weak) if one is not None), key=_severity)
        answer = Answer(
            rule.verdict, rule.rule_id, rule.clause, rule.rule_source, rule.status, rule.note
        )
        if rule is weak:
            return replace(
                answer,
                flag="所依规则未核实，须对照条文",
                flag_en="the rule is unverified: check it against the text",
            )
        if weak is not None and weak.verdict != rule.verdict:
            return replace(
                answer,
                flag=f"另有未核实规则 {weak.rule_id}（{weak.clause}，{weak.verdict}），不据以放宽，须人工核对",
                flag_en=f"the unverified rule {weak.rule_id} is milder; it does not relax the verdict",
            )
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


def _joined(*texts: str) -> str:
    return "；".join(text for text in texts if text)
