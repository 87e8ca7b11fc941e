"""What a laboratory writes: a number, a value below detection, or a gap with its reason.

Nothing is invented. A text becomes a number only when it holds exactly one and every
other sign in it is understood; ``0.1~0.2``, ``0.1/0.2`` and ``约0.5`` stay text, with a flag.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from html import unescape
from typing import TYPE_CHECKING, NamedTuple

from chaoyang_geo.readings.fold import fold
from chaoyang_geo.readings.units import cell_units
from chaoyang_geo.readings.value_words import (
    BEHIND,
    CHANGES,
    DASHES,
    EMPTY,
    KIND_OF,
    LIMITS,
    ORDER,
    SENTENCE,
    SIDES,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: What a result can be.
STATES: tuple[str, ...] = (
    "number",
    "below",
    "above",
    "not_sampled",
    "fault",
    "qc_failed",
    "ice",
    "dry",
    "blank",
    "text",
)

_SIMPLE = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
# what programs write where they have no number; nothing that is measured in water comes near
_NO_DATA = re.compile(r"-9{3,6}(?:\.(?:0+|9+))?")
_SIMPLE_BELOW = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?[Ll]|[<＜]([0-9]+(?:\.[0-9]+)?)")
_POWER = r"[x×*✕] ?10 ?(?:\^ ?\(? ?(?P<e1>[+-]?[0-9]{1,3}) ?\)?|(?P<e2>[+-][0-9]{1,3}))(?![0-9])"
_NUMBER = (
    r"(?P<num>10\^(?P<e3>[0-9]{1,3})(?![0-9])|(?P<m>[+-]?(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?"
    r"|[0-9]+(?:\.[0-9]*)?|\.[0-9]+))"
    rf"(?:e(?P<e0>[+-]?[0-9]{{1,3}})(?![0-9])| ?{_POWER})?)"
)
_SPACED = re.compile(r"(?<=[0-9]) *\. +(?=[0-9])|(?<=[0-9]) +\.(?=[0-9])")
# one plain number with words around it: what the words mean does not depend on the number
_SHAPE = re.compile(
    r"([^0-9+\-.,，．。–−－]{0,10})([0-9]+(?:\.[0-9]+)?)(?! *[.,，．。])([^0-9]{0,10})"
)
_POWER_OF_TEN = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)(?:[eE]|[x×]10\^)([+-]?[0-9]{1,2})")
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"  # marks of notes, which Python counts as digits
_STAND_IN = "7.7777"
_PLATFORM = re.compile(r"<span title='原始值：(-?[0-9]+(?:\.[0-9]+)?)'>[^<>]*</span>")
_TAG = re.compile(r"</?(?:span|br|font|div|p|b|i|u|a|em|strong|td|sub|sup|small)\b[^<>]*>", re.I)
_TITLE = re.compile(r"title\s*=\s*(?:'([^']*)'|\"([^\"]*)\")")
_GUARDED = re.compile(r"'(.*)|=\"(.*)\"")
_LONGEST = 200  # characters of a cell; a longer one is prose


class _One(NamedTuple):
    value: float = math.nan
    state: str = "text"
    censored: str = ""
    limit: float = math.nan
    flag: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Parsed:
    """Results of :func:`parse_values`: arrays of equal length, one entry per text.

    ``unit`` is the unit that the cell itself states (``12 μg/L``), ``''`` mostly; it goes
    before the unit of the header.
    """

    value: npt.NDArray[np.float64]
    state: npt.NDArray[np.object_]
    censored: npt.NDArray[np.object_]
    detection_limit: npt.NDArray[np.float64]
    flag: npt.NDArray[np.object_]
    unit: npt.NDArray[np.object_]


def parse_values(texts: Sequence[str]) -> Parsed:
    """Parse results as laboratories and the national platform write them.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts: a column is parsed through its dictionary.

    Returns
    -------
    Parsed
        ``value`` (NaN unless ``state`` is ``number``), ``state`` (one of :data:`STATES`),
        ``censored`` (``''``, ``'<'``, ``'>'``), ``detection_limit`` (NaN where none is
        written), ``flag`` (in words, ``''`` for a plain number), ``unit``.

    Notes
    -----
    HJ/T 91-2002 reports a result below the detection limit as that limit with the mark L.

    Examples
    --------
    >>> from chaoyang_geo.readings.values import parse_values
    >>> parsed = parse_values(["0.12", "0.025L", "断流", "0.1~0.2"])
    >>> parsed.state.tolist(), parsed.detection_limit.tolist()
    (['number', 'below', 'dry', 'text'], [nan, 0.025, nan, nan])
    >>> parsed.flag.tolist()[1:]
    ['低于检出限0.025', '断流', '不止一个数值，未取值（原文“0.1~0.2”）']
    """
    import numpy as np

    n = len(texts)
    value, limit = np.full(n, np.nan), np.full(n, np.nan)
    state = np.full(n, "number", dtype=object)
    censored, flag, unit = (np.full(n, "", dtype=object) for _ in range(3))
    rest = _plain_numbers(texts, value)
    below = _SIMPLE_BELOW.fullmatch
    shapes: dict[tuple[str, str], _One] = {}
    for i in rest:
        text = texts[i]
        marked = below(text)
        if marked and len(text) < 50:
            written = marked[1] or marked[2]
            number = float(written)
            if number > 0:
                state[i], censored[i], limit[i] = "below", "<", number
                flag[i] = f"低于检出限{written}"
                continue
        exact = _PLATFORM.fullmatch(text) if text[:2] == "<s" else None
        if exact and len(text) < 100:
            value[i] = float(exact[1])
            continue
        one = _by_shape(text, shapes)
        value[i], state[i], censored[i], limit[i], flag[i], unit[i] = one
    return Parsed(value, state, censored, limit, flag, unit)


def _by_shape(text: str, shapes: dict[tuple[str, str], _One]) -> _One:
    """Parse one text by what another text with the same words around its number meant."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        return _by_form(text) or _parse(text)
    before, written, after = found.groups()
    number = float(written)
    known = shapes.get((before, after))
    if known is None:
        if (
            number == 0
            or len(written) > 17
            or any(c.isdigit() and c not in _CIRCLED for c in before + after)
        ):
            return _parse(text)
        known = _parse(before + _STAND_IN + after)
        if len(shapes) < 10_000:
            shapes[before, after] = known
    if number == 0 or len(written) > 17:  # 0L is not what 0.01L is; a longer flag would be cut
        return _parse(text)
    value, state, censored, limit, flag, unit = known
    return _One(
        number if value == value else value,
        state,
        censored,
        number if limit == limit else limit,
        flag.replace(_STAND_IN, written),
        unit,
    )


def _by_form(text: str) -> _One | None:
    """Parse the two forms that large numbers come in: 1.2×10^4 and 12,000."""
    if len(text) > 36:
        return None
    text = fold(text)
    if power := _POWER_OF_TEN.fullmatch(text):
        number = float(f"{power[1]}e{power[2]}")
        # what is too small for a float is no zero, and what is too large no number
        if math.isfinite(number) and (number or not re.search("[1-9]", power[1])):
            return _One(number, "number")
    elif _THOUSANDS.fullmatch(text):
        one_comma = text.count(",") == 1 and "." not in text
        return _One(
            float(text.replace(",", "")), "number", flag="逗号按千分位" if one_comma else ""
        )
    return None


def _plain_numbers(texts: Sequence[str], value: npt.NDArray[np.float64]) -> list[int]:
    """Write the plain decimals into ``value`` and return the places of all others."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(texts) < 64:  # the arrays cost more than they save
        rest = []
        for i, text in enumerate(texts):
            if len(text) < 36 and _SIMPLE.fullmatch(text) and text[:4] != "-999":
                value[i] = float(text)
            else:
                rest.append(i)
        return rest
    array = pa.array(texts, pa.string())
    plain = pc.match_substring_regex(array, r"^-?[0-9]{1,17}(\.[0-9]{1,17})?$")
    plain = pc.and_not(plain, pc.starts_with(array, "-999"))
    known = plain.to_numpy(zero_copy_only=False)
    value[known] = array.filter(plain).cast(pa.float64()).to_numpy()
    return [int(i) for i in np.flatnonzero(~known)]


@cache
def _scanner() -> re.Pattern[str]:
    """One pattern for every sign that a result may hold; ``lastgroup`` names its kind."""
    # the longest word of all kinds first: 未检出 is not 未检; nd in sand is no non-detect.
    # each group asks for its first letter, or a hundred words are tried at every sign
    words = sorted(KIND_OF, key=len, reverse=True)
    latin = [re.escape(w) for w in words if w.isascii()]
    han = [w + BEHIND.get(w, "") for w in words if not w.isascii()]
    units = [re.escape(form.lower()) for form in cell_units()]
    parts = [
        _NUMBER,
        r"(?P<sep>[ :,;=、]+)",
        rf"(?P<unit>{_first(units)}(?:{'|'.join(units)})(?![a-z]))",
        r"(?P<mark_l>l(?![a-z/])|l(?=[mμu]g/|mpn|cfu))",
        rf"(?P<word>{_first(han)}(?:{'|'.join(han)})"
        rf"|(?<![a-z]){_first(latin)}(?:{'|'.join(latin)})(?![a-z]))",
        r"(?P<lt><=?|≤)",
        r"(?P<gt>>=?|≥)",
        r"(?P<mark>[*※#△▲†‡]+|[①-⑳])",
        r"(?P<open>\()",
        r"(?P<close>\))",
        r"(?P<other>[^0-9])",
        r"(?P<digit>[0-9])",
    ]
    return re.compile("|".join(parts))


@cache
def _words() -> re.Pattern[str]:
    """One pattern for the words that say something of a result, wherever they stand."""
    words = list(map(re.escape, KIND_OF))
    return re.compile(f"{_first(words)}(?:{'|'.join(words)})")


def _first(patterns: list[str]) -> str:
    return f"(?=[{re.escape(''.join(sorted({p.lstrip(chr(92))[0] for p in patterns})))}])"


def _shown(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    return text if len(text) <= 40 else text[:39] + "…"


def _text(raw: str, why: str = "不是数值") -> _One:
    return _One(flag=f"{why}（原文“{_shown(raw)}”）")


def _gap(state: str, raw: str) -> _One:
    word = SENTENCE[state]
    shown = _shown(raw)
    return _One(state=state, flag=shown if word in shown else f"{word}（原文“{shown}”）")


@lru_cache(maxsize=20_000)
def _parse(raw: str) -> _One:
    """Parse one text of any form."""
    if "<" in raw and ">" in raw and _TAG.search(raw):
        return _parse_html(raw)
    if len(raw) > _LONGEST:
        return _text(raw)
    text = fold(unescape(raw) if "&" in raw else raw)
    guarded = _GUARDED.fullmatch(text)
    if guarded:  # '0.12 and ="0.12", how text is kept from Excel
        text = (guarded[1] or guarded[2] or "").strip()
    if not text:
        return _One(state="blank", flag="缺测（空白）")
    if _NO_DATA.fullmatch(text):
        return _One(state="not_sampled", flag=f"缺测（原文“{_shown(raw)}”，表示缺测的数码）")
    if _SIMPLE.fullmatch(text):
        return _One(float(text), "number")
    lower = text.lower()
    if lower in EMPTY:
        return _One(state="blank", flag=f"缺测（原文“{_shown(raw)}”）")
    if DASHES.fullmatch(text):
        return _gap("not_sampled", raw)
    if text.startswith("#") and text[1:4].isalpha():
        return _text(raw, "Excel错误值，不是数值")
    if not any(c.isdigit() for c in text) and not _words().search(lower):
        return _text(raw)  # prose: nothing in it says anything of a result
    notes: list[str] = []
    if " " in text:
        joined = _SPACED.sub(".", text)
        if joined != text:
            notes.append("数字中有空格")
            text = joined
    if "。" in text:
        joined = re.sub(r"(?<=[0-9])。(?=[0-9])", ".", text)
        if joined != text:
            notes.append("小数点写作“。”")
            text = joined
    return _scan(raw, text, notes)


def _parse_html(raw: str) -> _One:
    """Parse a cell of the platform: the title holds the unrounded value or the reason of a gap."""
    if len(raw) > 10 * _LONGEST:
        return _text(raw)
    found = _TITLE.search(raw)
    title = unescape(found[1] or found[2] or "").strip() if found else ""
    shown = re.sub(r"(?i)<sup\b[^<>]*>\s*", "^", raw)
    shown = re.sub(r"(?i)</su[bp]>", " ", shown)  # 10<sup>4</sup>5 is not 10 to the 45
    shown = re.sub(r"(?i)<sub\b[^<>]*>\s*", "_", shown)  # a lowered digit is no decimal
    shown = unescape(_TAG.sub("", shown)).strip()
    if "<" in shown and ">" in shown and _TAG.search(shown):
        return _text(raw)
    exact = re.fullmatch(r"原始值\s*[::]\s*(.*)", title.replace("：", ":"))
    if exact:
        return _parse(exact[1])
    one = _parse(shown)
    if not title:
        return one
    reason = _parse(title)
    if reason.state in ORDER:
        return reason._replace(flag=title)
    if one.state in ("number", "below", "above"):
        return one._replace(flag="；".join(part for part in (one.flag, f"附注“{title}”") if part))
    return one._replace(flag=title)


class _Signs:
    """What the scan of one text found."""

    def __init__(self) -> None:
        self.numbers: list[tuple[float, str]] = []
        self.states: set[str] = set()
        self.notes: list[str] = []
        self.unit = ""
        self.lower = self.upper = self.wrong = False
        self.foreign = False


def _scan(raw: str, text: str, notes: list[str]) -> _One:
    signs = _read_signs(text)
    if signs.wrong or len(signs.numbers) > 1:
        why = "不止一个数值，未取值" if len(signs.numbers) > 1 else "不是数值"
        return _text(raw, why)
    gap = next((state for state in ORDER if state in signs.states), "")
    if not signs.numbers:
        return _wordy(raw, text, signs, gap)
    number, written = signs.numbers[0]
    if signs.foreign or (signs.lower and signs.upper) or not math.isfinite(number):
        return _text(raw)
    if gap:
        return _gap(gap, raw)._replace(flag=f"{SENTENCE[gap]}，数值未采用（原文“{_shown(raw)}”）")
    notes = [*notes, *(f"附注“{note}”" for note in signs.notes)]
    if signs.unit:
        notes.append(f"单元格内注明单位{signs.unit}")
    if signs.lower:
        if number < 0:
            return _text(raw, "检出限为负")
        if number == 0:
            flag = "；".join(["低于检出限，检出限写作0，不可用", *notes])
            return _One(state="below", censored="<", flag=flag, unit=signs.unit)
        flag = "；".join([f"低于检出限{written}", *notes])
        return _One(math.nan, "below", "<", number, flag, signs.unit)
    if signs.upper:
        flag = "；".join([f"高于量程{written}", *notes])
        return _One(math.nan, "above", ">", number, flag, signs.unit)
    if "," in written and "." not in written and written.count(",") == 1:
        notes.append("逗号按千分位")
    return _One(number, "number", "", math.nan, "；".join(notes), signs.unit)


def _wordy(raw: str, text: str, signs: _Signs, gap: str) -> _One:
    """Judge a text without a number."""
    strange = any(c.isdigit() for c in text) or len(text) > 30 or CHANGES.search(text)
    if gap and not (signs.foreign and strange):
        return _gap(gap, raw)
    said = {"below", "above"} & signs.states
    noted = any(len(note) > 1 for note in signs.notes)  # 未检出超标 says nothing of a limit
    if signs.foreign or signs.unit or noted or signs.lower == signs.upper or not said:
        return _text(raw)
    if signs.upper:
        return _One(
            state="above", censored=">", flag=f"高于量程，未注明限值（原文“{_shown(raw)}”）"
        )
    return _One(state="below", censored="<", flag=f"未检出，未注明检出限（原文“{_shown(raw)}”）")


def _read_signs(text: str) -> _Signs:
    """Walk over the signs of a text; order matters: ``<`` stands before, L and a unit after."""
    signs = _Signs()
    text = _without_notes(text, signs)
    as_written = text
    text = text.lower()
    if len(text) != len(as_written):  # a letter such as İ becomes two
        signs.wrong = True
        return signs
    depth = 0
    end = -1  # where the number (with its L) ended
    for token in _scanner().finditer(text):
        kind = token.lastgroup or ""
        word = token[0]
        if kind == "sep":
            continue
        if token["num"]:
            signs.numbers.append(_number(token))
            end = token.end()
        elif kind == "unit":
            between = text[end : token.start()].strip(" (") if end >= 0 else "-"
            if between.strip("lL ") or signs.unit:
                signs.foreign = True
            signs.unit = as_written[token.start() : token.end()]
        elif kind == "mark_l":
            signs.lower = True
            if end < 0 or text[end : token.start()].strip(" ("):
                signs.foreign = True
        elif kind in ("lt", "gt"):
            signs.lower |= kind == "lt"
            signs.upper |= kind == "gt"
            signs.wrong |= bool(signs.numbers)
        elif kind in ("open", "close"):
            depth += 1 if kind == "open" else -1
            signs.foreign |= depth < 0
        elif kind == "mark":
            signs.notes.append(word)
        elif kind == "word":
            _add_word(signs, word, text[: token.start()])
        else:
            signs.foreign = True
    signs.foreign |= depth != 0
    return signs


def _add_word(signs: _Signs, word: str, before: str) -> None:
    kind = KIND_OF[word]
    if kind == "note":
        signs.notes.append(word)
    elif kind == "below":
        if word not in SIDES and (word not in LIMITS or signs.lower):
            signs.states.add("below")
        signs.lower = True
    elif kind == "above":
        if word not in SIDES:
            signs.states.add("above")
        signs.upper = True
        signs.wrong |= bool(signs.numbers)
    elif kind != "as":
        signs.wrong |= before.endswith(tuple("未无非没不免"))  # 未断流 is no gap
        signs.states.add(kind)


def _without_notes(text: str, signs: _Signs) -> str:
    """Take off bracketed words behind the number: ``0.12(复测)``; a word that scales stays."""

    def keep(match: re.Match[str]) -> str:
        inner = match[1].strip()
        if not inner:
            return " "
        if _is_sign(inner):
            return match[0]
        if re.search(r"[0-9百千万亿约倍]", inner) or any(c.isnumeric() for c in inner):
            return match[0]
        signs.notes.append(_shown(inner))
        return " "

    if "(" not in text or text[0] not in "0123456789.+-<>≤≥":
        return text
    return re.sub(r"\(([^()]*)\)", keep, text)


@lru_cache(maxsize=4096)
def _is_sign(text: str) -> bool:
    """Whether every sign of a bracket is one that the scan understands."""
    return not any(token.lastgroup == "other" for token in _scanner().finditer(text.lower()))


def _number(token: re.Match[str]) -> tuple[float, str]:
    mantissa = token["m"] or "1"
    exponent = token["e0"] or token["e1"] or token["e2"] or token["e3"] or ""
    digits = mantissa.replace(",", "")
    number = float(f"{digits}e{exponent}" if exponent else digits)
    if number == 0 and re.search("[1-9]", digits):
        number = math.nan  # too small for a float: no zero is invented
    written = mantissa if not exponent else f"{digits}e{int(exponent)}"
    return number, written
