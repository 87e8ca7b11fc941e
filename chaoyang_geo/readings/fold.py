"""One way of writing: full width to ASCII, every dash to ``-``, superscripts to ``^``.

Not NFKC, which reads ``0.5①`` as 0.51 and ``10⁴`` as 104: what is folded here never
gains or loses a digit.
"""

from __future__ import annotations

import re
import unicodedata

_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"
_RAISED = re.compile(f"[{_SUPERSCRIPTS}]+")
_PLAIN = str.maketrans(_SUPERSCRIPTS, "0123456789+-")

_WIDE = re.compile("[ -Z^-~！-Ｚ＾-～]*")  # all but square brackets

_FOLDED: dict[int, str | None] = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_FOLDED |= dict.fromkeys(map(ord, "\u3000\u00a0\u202f\u205f\t\n\r\v\f"), " ")
_FOLDED |= dict.fromkeys(range(0x2000, 0x200B), " ")
_FOLDED |= dict.fromkeys([*range(0x200B, 0x2010), 0x2060, 0xFEFF, 0xAD], None)
_FOLDED |= dict.fromkeys(map(ord, "‐‑‒–−﹣⁃"), "-")
_FOLDED |= dict.fromkeys(map(ord, "【〔［﹙["), "(")
_FOLDED |= dict.fromkeys(map(ord, "】〕］﹚]"), ")")
_FOLDED |= {ord("［"): "(", ord("］"): ")"}
_FOLDED |= {ord("〈"): "<", ord("〉"): ">"}
_FOLDED |= {ord("﹤"): "<", ord("﹥"): ">", ord("µ"): "μ", ord("∶"): ":", ord("﹪"): "%"}
_FOLDED |= {ord("≦"): "≤", ord("⩽"): "≤", ord("≧"): "≥", ord("⩾"): "≥"}


def fold(text: str) -> str:
    """Fold one text; ASCII passes unchanged but for spaces at its ends."""
    if text.isascii():
        return text.strip()
    if _WIDE.fullmatch(text):
        return unicodedata.normalize("NFKC", text).strip()  # the same here, and quicker
    if _RAISED.search(text):
        text = _RAISED.sub(lambda run: "^" + run[0].translate(_PLAIN), text)
    return text.translate(_FOLDED).strip()
