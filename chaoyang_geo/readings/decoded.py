"""The bytes of a text file as text: UTF-8, GB18030, UTF-16, or a mixture that says so."""

from __future__ import annotations

import re

_HAN = re.compile("[\u4e00-\u9fff]{2}")
_UTF8_HAN = re.compile(rb"(?:[\xe4-\xe9][\x80-\xbf]{2}){2}")
_MOST_ZEROS = 0.02  # share of zero bytes in a text whose cells end in one, as loggers write them


def decoded(name: str, data: bytes) -> tuple[str, list[str]]:
    """Return the text of a file, and what was done to read it.

    Raises
    ------
    ValueError
        The bytes are no text in a known encoding.
    """
    notes: list[str] = []
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    elif b"\0" in data[:4096]:
        head = data[:4096]
        # UTF-16 without its mark has a zero in every other byte of the ASCII parts
        encodings = ("utf-16-le",) if head[1::2].count(0) > head.count(0) / 2 else ("utf-16-be",)
        if head.count(0) <= _MOST_ZEROS * len(head):
            zeros = data.count(0)
            data, encodings = data.replace(b"\0", b""), ("utf-8-sig", "gb18030")
            notes.append(f"{zeros} zero bytes within the text were left out")
            if any(byte < 9 or 13 < byte < 27 for byte in set(data[:4096])):
                encodings = ()  # no text at all
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "gb18030" and (mixed := _mixed(data)) is not None:
            text, lines = mixed
            notes.append(f"the text is part UTF-8 and part GB18030; {lines} lines are UTF-8")
        if "\0" not in text and not (encoding.startswith("utf-16-") and _is_noise(text)):
            return text.lstrip("\ufeff"), notes
    if encodings == ("utf-8-sig", "gb18030") and (mixed := _mixed(data)) is not None:
        notes.append(f"the text is part UTF-8 and part GB18030; {mixed[1]} lines are UTF-8")
        return mixed[0].lstrip("\ufeff"), notes
    if b"\0" in data or not encodings:
        raise ValueError(
            f"{name}: the file holds binary data, not text or a workbook that can be read; "
            "open it in the program that wrote it and save it as .xlsx or .csv."
        )
    raise ValueError(
        f"{name}: the text is neither UTF-8, GB18030 nor UTF-16; save it as CSV UTF-8 in Excel."
    )


def _mixed(data: bytes) -> tuple[str, int] | None:
    """Read lines of two encodings, each as what it is; None where the file has only one.

    Chinese text in GB18030 is next to never valid UTF-8 by accident, two characters in a row.
    """
    if not _UTF8_HAN.search(data):
        return None
    lines = data.split(b"\n")
    texts: list[str] = []
    n_utf8 = 0
    for line in lines:
        try:
            text = line.decode("utf-8")
            n_utf8 += bool(not line.isascii() and _HAN.search(text))
            is_utf8 = line.isascii() or bool(_HAN.search(text))
        except UnicodeDecodeError:
            is_utf8 = False
        if not is_utf8:
            try:
                text = line.decode("gb18030")
            except UnicodeDecodeError:
                return None
        texts.append(text)
    return ("\n".join(texts), n_utf8) if n_utf8 else None


def _is_noise(text: str) -> bool:
    """Tell binary data read as UTF-16 from a text: a text has line ends and delimiters."""
    return not re.search(r"[\n\r]", text) or not re.search(r"[,\t;]", text)
