"""How names and codes are written: folded spellings, near forms and likeness.

Nothing here makes a match: a near form or a like spelling is only ever offered to a person.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_SUFFIX = re.compile(
    r"(?:水质)?(?:(?:自动)?监测|自动|考核|国控|省控|市控)?(?:断面|水站|站点|点位|站|点)$"
)
_BRACKET = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|【([^【】]*)】")
# what kind of place it is, which many names share
_KIND = re.compile(
    r"(?:公路|铁路|高速)?(?:大桥|桥|水库|大坝|坝|拦河闸|闸|水文站|渡口|码头|村|入[河海江湖]口|河口|入口|出口)$"
)
# in brackets these tell two places of one name apart; alone they name no place
_POSITIONS = frozenset(
    "入口 出口 进口 坝上 坝前 坝下 库心 库中 湖心 湖中 左岸 右岸 东岸 西岸 南岸 北岸 上游 中游 下游 "
    "入境 出境 国控 省控 市控 国考 省考 考核 对照 新增 已撤 停测 暂停 撤销 备用 试运行 原名 新建".split()
)
_LONGEST = 40
_SHORTLIST = 10


def fold(text: object) -> str:
    """Return one spelling for full-width, spaced and capital forms of the same text.

    Examples
    --------
    >>> from chaoyang_geo.sections.spelling import fold
    >>> fold("南大桥（凌鸿 大桥）")
    '南大桥(凌鸿大桥)'
    """
    return _seen(unicodedata.normalize("NFKC", str(text)).lower())


def _seen(plain: str) -> str:
    """Return what can be seen of a text: no blanks, no zero-width or control characters."""
    if plain.isprintable():
        return plain.replace(" ", "")
    # a private-use character stays: files in GBK keep rare characters of names there
    return "".join(
        c for c in plain if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf")
    )


def fold_code(code: object) -> str:
    """Return a code without blanks, full-width characters made plain; letters keep their case."""
    return _seen(unicodedata.normalize("NFKC", str(code)))


def code_as_number(code: str) -> str:
    """Return what a spreadsheet leaves of a code: no leading zeros, no trailing ``.0``.

    Examples
    --------
    >>> from chaoyang_geo.sections.spelling import code_as_number
    >>> code_as_number("0211300001"), code_as_number("211300001.0"), code_as_number("2.113E+08")
    ('211300001', '211300001', '211300000')
    """
    lowered = code.lower()
    scientific = re.fullmatch(r"(\d)(?:\.(\d{1,17}))?e\+?(\d{1,2})", lowered)
    if scientific:
        whole, decimals, power = scientific[1], scientific[2] or "", int(scientific[3])
        if len(decimals) <= power:
            lowered = (whole + decimals).ljust(power + 1, "0")
    return re.sub(r"\.0+$", "", lowered).lstrip("0")


def looks_like_a_number(code: str) -> bool:
    """Whether a code was plainly read as a number: ``211300001.0``, ``2.113E+08``."""
    return re.fullmatch(r"\d+\.\d*|\d(?:\.\d+)?[eE]\+?\d+", code) is not None


def near_forms(folded: str) -> tuple[set[str], set[str]]:
    """Return the trimmed forms of a folded name, and the names that stand in its brackets.

    Examples
    --------
    >>> from chaoyang_geo.sections.spelling import near_forms
    >>> whole, inside = near_forms("靠山南楼(南楼)")
    >>> sorted(whole), sorted(inside)
    (['靠山南楼', '靠山南楼(南楼)'], ['南楼'])
    >>> sorted(near_forms("凌鸿大桥断面")[0])
    ['凌鸿大桥', '凌鸿大桥断面', '凌鸿桥']
    """
    whole = {folded}
    inside: set[str] = set()
    bare = _BRACKET.sub("", folded)
    if bare != folded:
        whole |= _long_enough({bare})
        for groups in _BRACKET.findall(folded):
            inside |= {part for part in groups if len(part) >= 2 and part not in _POSITIONS}
    for form in list(whole):
        whole |= _long_enough({_SUFFIX.sub("", form)})
    inside |= _long_enough({_SUFFIX.sub("", form) for form in inside})
    for forms in (whole, inside):
        for form in list(forms):
            if form.endswith("大桥"):
                forms |= _long_enough({form[:-2] + "桥"})
    return whole, inside


def _long_enough(forms: set[str]) -> set[str]:
    # one character is left of 大站 without its 站, and it names nothing
    return {form for form in forms if len(form) >= 2}


class Likeness:
    """Names that share most of their characters with a given one, the likest first."""

    def __init__(self, names: Iterable[str]) -> None:
        import numpy as np

        # sorted, so that the order of the registry decides no tie
        self._names = sorted({name for name in names if name})
        lengths = [len(name[:_LONGEST]) for name in self._names]
        self._lengths: npt.NDArray[np.int64] = np.array(lengths, dtype="int64")
        postings: dict[tuple[str, int], list[int]] = {}
        for number, name in enumerate(self._names):
            for mark in _marks(name):
                postings.setdefault(mark, []).append(number)
        self._postings: dict[tuple[str, int], Any] = {
            mark: np.array(numbers) for mark, numbers in postings.items()
        }

    def like(self, folded: str, least: float) -> list[tuple[float, str]]:
        """Return ``(ratio, name)`` of the names at least ``least`` like ``folded``.

        The ratio is ``2 m / (a + b)``, with ``m`` characters in common in the same order and
        ``a``, ``b`` the lengths of the two names (``difflib.SequenceMatcher``). It must reach
        one half without 大桥, 水库 and the like too: 巨流河大桥 is not like 牤牛河大桥.
        """
        import numpy as np

        hits = [self._postings[mark] for mark in _marks(folded) if mark in self._postings]
        if not hits:
            return []
        shared = np.bincount(np.concatenate(hits), minlength=len(self._names))
        # characters in common in any order: never less than in the same order
        bound = 2.0 * shared / (self._lengths + len(folded[:_LONGEST]))
        likely = np.flatnonzero(bound >= max(least, 1e-9))
        best = likely[np.argsort(-bound[likely], kind="stable")][:_SHORTLIST]
        whole = difflib.SequenceMatcher(None, b=folded[:_LONGEST], autojunk=False)
        proper = difflib.SequenceMatcher(None, b=_proper_part(folded), autojunk=False)
        found = []
        for number in best:
            whole.set_seq1(self._names[number][:_LONGEST])
            ratio = whole.ratio()
            if ratio < least:
                continue
            proper.set_seq1(_proper_part(self._names[number]))
            if proper.ratio() >= 0.5:
                found.append((ratio, self._names[number]))
        return sorted(found, key=lambda pair: (-pair[0], pair[1]))


def _marks(folded: str) -> list[tuple[str, int]]:
    """Number the characters of a name, so that a second 河 is another mark than the first."""
    counts: dict[str, int] = {}
    marks = []
    for character in folded[:_LONGEST]:
        counts[character] = counts.get(character, 0) + 1
        marks.append((character, counts[character]))
    return marks


def _proper_part(name: str) -> str:
    return _KIND.sub("", name[:_LONGEST]) or name[:_LONGEST]
