"""Which encoding a file's bytes are in, with the evidence; and text out of single cells.

A ``.cpg`` beside a shapefile is often wrong, or missing. The bytes themselves say more: Chinese
text in UTF-8 is hardly ever legal GBK of common characters, and the other way round. How common
a character is, is read off GB 2312-80, whose level 1 (rows 16 to 55) holds the 3,755 characters
of everyday use and level 2 (rows 56 to 87) the 3,008 of rarer use.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

#: How sure the encoding is, best first.
SURE, LIKELY, DOUBTFUL = "确定", "较可靠", "存疑"

#: Flags of a text.
CUT, OTHER, BROKEN = "文字末尾被截断", "文字编码与文件不同", "文字有无法识别的字节"

_UTF8, _GB = "utf-8", "gb18030"
_CLEAR = 0.25  # one reading is clearly better where its characters are this much more common
_LOOK_AT = 20_000  # texts, evenly spaced, that are looked at
_CODE_PAGES = {
    "65001": _UTF8, "UTF8": _UTF8, "936": _GB, "CP936": _GB, "GBK": _GB, "GB2312": _GB,
    "GB18030": _GB, "54936": _GB, "20936": _GB, "950": "big5", "CP950": "big5", "BIG5": "big5",
    "ANSI936": _GB, "ANSI950": "big5", "WINDOWS936": _GB,
}  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """The encoding found: Python's codec, the name for people, how sure, and why."""

    codec: str
    name: str
    sure: str
    why: str
    stated_wrong: bool = False


@dataclass(frozen=True)
class _Trial:
    """What reading all texts in one encoding gives."""

    codec: str
    n_good: int
    n_bad: int
    common: float  # mean commonness of the characters beyond ASCII, 0 to 1
    n_characters: int


def named_codec(name: str | None) -> str | None:
    """Return the codec that a name stands for, or ``None``: 936, GBK and GB2312 are one.

    Examples
    --------
    >>> from chaoyang_geo.layers.encoding import named_codec
    >>> [named_codec(name) for name in ("GBK", "936", "UTF-8", "ANSI 936", "no such")]
    ['gb18030', 'gb18030', 'utf-8', 'gb18030', None]
    """
    if not name or not name.strip():
        return None
    plain = re.sub(r"[\s_-]", "", name.strip().upper())
    if plain in _CODE_PAGES:
        return _CODE_PAGES[plain]
    try:
        return codecs.lookup(name.strip()).name
    except LookupError:
        return None


def chosen(encoding: str) -> Evidence:
    """Return the encoding that the caller names.

    Raises
    ------
    ValueError
        There is no such encoding.
    """
    codec = named_codec(encoding)
    if codec is None:
        raise ValueError(
            f"encoding={encoding!r} is not known; use e.g. 'GBK', 'GB18030', 'UTF-8' or 'Big5', "
            "or None to have it decided by the bytes."
        )
    return Evidence(codec, encoding.upper(), SURE, "由 encoding= 指定")


def decide(texts: Iterable[bytes], *, stated: str | None = None, by: str = ".cpg") -> Evidence:
    """Decide the encoding of texts by their bytes.

    Parameters
    ----------
    texts : iterable of bytes
        Texts; those of ASCII alone say nothing, and of very many an even part is looked at.
    stated : str, optional
        What the file says of itself, in the words of ``by``.

    Notes
    -----
    A reading is bad where a text is no legal text of the encoding; a character cut off at the
    end is allowed. Between legal readings the one of more common characters wins, by 0.25 on
    the scale of this module; within that the file's own word stands.

    Examples
    --------
    >>> from chaoyang_geo.layers.encoding import decide
    >>> found = decide(["大凌河".encode("gbk"), "章吉营".encode("gbk")], stated="UTF-8")
    >>> found.name, found.sure, found.stated_wrong
    ('GBK', '确定', True)
    >>> found.why
    '2 个非 ASCII 文本中，按 GBK 2 个合法、字符常用度 1.00；按 UTF-8 0 个合法；.cpg 写 UTF-8，与字节不符'
    """
    distinct = [text for text in dict.fromkeys(texts) if not text.isascii()]
    distinct = distinct[:: 1 + len(distinct) // _LOOK_AT]
    said = named_codec(stated)
    if not distinct:
        codec = said or _UTF8
        return Evidence(codec, _name(codec, ()), SURE, "只有 ASCII 字符，任何编码都相同")
    codecs_tried = dict.fromkeys([_UTF8, _GB, *([said] if said and _is_text(said) else [])])
    trials = {codec: _try(distinct, codec) for codec in codecs_tried}
    best = max(trials.values(), key=_rank)
    kept = trials.get(said or "")
    if kept is not None and kept is not best and _as_good(kept, best):
        best = kept
    rivals = [trial for trial in trials.values() if trial is not best]
    wrong = stated is not None and (said is None or said != best.codec)
    if best.n_good < 0.5 * len(distinct):
        why = f"{len(distinct)} 个非 ASCII 文本中没有一种中文编码能读出半数，按 ISO-8859-1 保留字节"
        return Evidence("latin-1", "ISO-8859-1", DOUBTFUL, why, wrong)
    name = _name(best.codec, distinct)
    why = _why(best, name, rivals, len(distinct))
    if stated is not None:
        why += f"；{by} 写 {stated.strip()}，{'与字节不符' if wrong else '与字节一致'}"
    return Evidence(
        best.codec, name, _how_sure(best, rivals, agrees=not wrong and bool(said)), why, wrong
    )


def _rank(trial: _Trial) -> tuple[float, float]:
    share = trial.n_good / max(1, trial.n_good + trial.n_bad)
    return round(share, 1), trial.common + 0.2 * share


def _as_good(kept: _Trial, best: _Trial) -> bool:
    # legal UTF-8 is hardly ever anything else, so its own word counts for more
    margin = 2 * _CLEAR if kept.codec == _UTF8 else _CLEAR
    return kept.n_bad <= best.n_bad and kept.common >= best.common - margin


def _how_sure(best: _Trial, rivals: list[_Trial], *, agrees: bool) -> str:
    if best.n_bad:
        return LIKELY if best.n_good >= 20 * best.n_bad else DOUBTFUL
    legal = [trial for trial in rivals if not trial.n_bad]
    if not legal:
        return SURE if best.n_characters >= 4 or agrees else LIKELY
    gap = best.common - max(trial.common for trial in legal)
    if gap >= _CLEAR:
        return SURE if best.n_characters >= 20 or agrees else LIKELY
    return LIKELY if agrees else DOUBTFUL


def _why(best: _Trial, name: str, rivals: list[_Trial], n: int) -> str:
    parts = [f"按 {name} {best.n_good} 个合法、字符常用度 {best.common:.2f}"]
    for rival in rivals:
        common = f"、字符常用度 {rival.common:.2f}" if rival.n_good else ""
        parts.append(f"按 {_name(rival.codec, ())} {rival.n_good} 个合法{common}")
    return f"{n} 个非 ASCII 文本中，{'；'.join(parts)}"


def _name(codec: str, texts: Iterable[bytes]) -> str:
    """Name an encoding for people: GBK where its two-byte characters suffice."""
    if codec != _GB:
        return codec.upper()
    return "GBK" if all(_legal(text, "gbk") is not None for text in texts) else "GB18030"


def _is_text(codec: str) -> bool:
    """Whether a codec turns bytes into text at all, and one that keeps ASCII."""
    try:
        return b"A1".decode(codec) == "A1"
    except (LookupError, UnicodeError):
        return False


def _legal(text: bytes, codec: str) -> tuple[str, bool] | None:
    """Return the text and whether its last character is cut, or ``None`` where it is illegal."""
    try:
        return text.decode(codec), False
    except UnicodeDecodeError as error:
        # the tail alone may be incomplete: three bytes of four at most
        if error.start < len(text) - 3 or error.start == 0 or error.end != len(text):
            return None
        if not ("unexpected end" in error.reason or "incomplete" in error.reason):
            return None
        try:
            return text[: error.start].decode(codec), True
        except UnicodeDecodeError:
            return None


def _try(texts: list[bytes], codec: str) -> _Trial:
    good: list[str] = []
    for text in texts:
        read = _legal(text, codec)
        if read is not None:
            good.append(read[0])
    characters = Counter("".join(good))
    for ascii_character in [c for c in characters if c <= "\x7f"]:
        del characters[ascii_character]
    total = characters.total()
    weight = sum(_commonness(c, codec == "big5") * n for c, n in characters.items())
    return _Trial(codec, len(good), len(texts) - len(good), weight / total if total else 0.0, total)


@cache
def _commonness(character: str, big5: bool) -> float:
    """Rate how common a character is in Chinese tables, 0 to 1."""
    if big5 and len(encoded := character.encode("big5", "ignore")) == 2:
        return 0.9 if 0xA4 <= encoded[0] <= 0xC6 else 0.5
    code = ord(character)
    if code < 0xA0:  # control characters
        return 0.0
    if character in "°±²³·×′″—–‘’“”…℃":
        return 0.7
    encoded = character.encode("gb2312", "ignore")
    if len(encoded) == 2:
        row = encoded[0] - 0xA0
        if 16 <= row <= 55:
            return 1.0
        if row >= 56:
            return 0.5
        return 0.7 if row in (1, 2, 3) else 0.2
    if 0x4E00 <= code <= 0x9FFF:
        return 0.25
    if 0x0F00 <= code < 0x1000 or 0x1800 <= code < 0x18B0 or 0xAC00 <= code < 0xD7B0:
        return 0.4  # Tibetan, Mongolian, Korean
    return 0.1 if 0x3400 <= code < 0xE000 or code >= 0x20000 else 0.05


def _mean_common(text: str) -> float:
    rated = [_commonness(c, False) for c in text if c > "\x7f"]
    return sum(rated) / len(rated) if rated else 0.0


def decode_text(text: bytes, codec: str) -> tuple[str, str]:
    """Return one text and its flag; a text in another encoding than its file's is read in that.

    Examples
    --------
    >>> from chaoyang_geo.layers.encoding import decode_text
    >>> decode_text("章吉营".encode("gbk"), "gb18030")
    ('章吉营', '')
    >>> decode_text("章吉营".encode("utf-8"), "gb18030")
    ('章吉营', '文字编码与文件不同（按 UTF-8 读）')
    >>> decode_text("章吉营".encode("utf-8")[:8], "utf-8")
    ('章吉', '文字末尾被截断')
    """
    if text.isascii():
        return text.decode("ascii"), ""
    read = _legal(text, codec)
    other = _GB if codec == _UTF8 else _UTF8
    rival = _legal(text, other)
    if rival is not None and (rival[1] or not _is_chinese(rival[0])):
        rival = None  # another encoding is believed only where it gives whole, common characters
    if rival is not None and (read is None or (codec == _GB and _mean_common(read[0]) < 0.5)):
        return rival[0], f"{OTHER}（按 {_name(other, [text])} 读）"
    if read is not None:
        return read[0], CUT if read[1] else ""
    return text.decode(codec, "replace"), BROKEN


def _is_chinese(text: str) -> bool:
    return _mean_common(text) >= 0.75


def transcode(
    data: bytes, encoding: str | None, *, stated: str | None = None
) -> tuple[str, Evidence]:
    """Return the text of a whole file, in an encoding named or decided by its lines.

    A byte order mark decides; else the lines do.
    """
    if encoding is None:
        marks = (
            (codecs.BOM_UTF8, "utf-8-sig"),
            (codecs.BOM_UTF16_LE, "utf-16"),
            (codecs.BOM_UTF16_BE, "utf-16"),
        )
        for mark, codec in marks:
            if data.startswith(mark):
                found = Evidence(
                    codec, codec.upper().removesuffix("-SIG"), SURE, "文件有字节顺序标记"
                )
                return data.decode(codec, "replace"), found
        lines = (line for line in data.split(b"\n") if not line.isascii())
        found = decide(lines, stated=stated, by="文件")
    else:
        found = chosen(encoding)
    codec = "utf-8-sig" if found.codec == _UTF8 else found.codec
    return data.decode(codec, "replace"), found
