"""What a workbook of the old kind (.xls) says beside its values, and no reader hands on.

Where its days begin, which numbers it shows as percent or with a mark, errors, hidden rows. Only
the way to the records that say so: [MS-CFB] 2.2-2.6 for the file, [MS-XLS] 2.4 for the records.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from chaoyang_geo.readings.limits import (
    BUILT_IN_MARKS,
    ERROR_WORDS,
    Seen,
    comment,
    error_value,
    mark_of_format,
)

_FREE = 0xFFFFFFFA  # sector numbers from here on end a chain
_BOF, _EOF, _LOCKED, _DATE_1904, _SHEET, _FORMAT, _STYLE = (
    *(0x0809, 0x000A, 0x002F, 0x0022, 0x0085, 0x041E, 0x00E0),
)
_NUMBER, _RK, _MANY_RK, _FORMULA, _BOOL_OR_ERROR, _ROW, _COLUMNS = (
    *(0x0203, 0x027E, 0x00BD, 0x0006, 0x0205, 0x0208, 0x007D),
)
_OBJECT, _TEXT, _CONTINUE, _NOTE = 0x005D, 0x01B6, 0x003C, 0x001C
_BIFF8 = 0x0600


def read_through(path: Path) -> tuple[list[Seen], bool]:
    """Return what every sheet shows, in order, and whether days count from 1904-01-01.

    A file that is damaged, or locked, before it says so counts from 1900, as Excel does; a
    damaged sheet and those after it show nothing.
    """
    data = path.read_bytes()
    sheets: list[Seen] = []
    try:
        stream = _workbook(data)
    except (struct.error, IndexError, ValueError):
        return sheets, False
    from_1904 = False
    formats, styles = dict(BUILT_IN_MARKS), list[str]()
    begins: list[int] = []
    try:
        version = 0
        for kind, at, size in _records(stream, 0):
            if kind == _BOF:
                version = struct.unpack_from("<H", stream, at)[0]
            elif kind == _LOCKED:
                return [], from_1904
            elif kind == _DATE_1904 and size >= 2:
                from_1904 = stream[at : at + 2] == b"\1\0"
            elif kind == _SHEET:
                begins.append(struct.unpack_from("<I", stream, at)[0])
            elif kind == _FORMAT:
                number = struct.unpack_from("<H", stream, at)[0]
                formats[number] = mark_of_format(
                    _format(stream[at + 2 : at + size], version == _BIFF8)
                )
            elif kind == _STYLE:
                styles.append(formats.get(struct.unpack_from("<H", stream, at + 2)[0], ""))
        for begin in begins:
            sheets.append(_sheet(stream, begin, styles))
    except (struct.error, IndexError):
        pass  # what the reader proper makes of it, it says itself
    return sheets, from_1904


def _records(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Yield kind, place and size of the records of one part, without the parts within it."""
    depth = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        at += 4
        if kind == _BOF:
            depth += 1
        elif depth == 0:
            return  # no part begins here
        if depth == 1:
            yield kind, at, size
        if kind == _EOF:
            depth -= 1
            if depth == 0:
                return
        at += size


def _format(data: bytes, is_biff8: bool) -> str:
    if not is_biff8:
        return data[1 : 1 + data[0]].decode("gb18030", "replace")
    (length,) = struct.unpack_from("<H", data)
    if data[2] & 1:
        return data[3 : 3 + 2 * length].decode("utf-16-le", "replace")
    return data[3 : 3 + length].decode("latin-1")


def _sheet(stream: bytes, begin: int, styles: list[str]) -> Seen:
    seen = Seen()
    texts: dict[int, str] = {}  # of comments, by the number of their object
    of_object = left = 0
    marked = {number: mark for number, mark in enumerate(styles) if mark}
    for kind, at, size in _records(stream, begin):
        if kind in (_NUMBER, _RK, _FORMULA):
            row, column, style = struct.unpack_from("<3H", stream, at)
            if style in marked:
                seen.shown[row, column] = marked[style]
            # a result that is no number: [MS-XLS] 2.5.133, the third byte names the error
            if kind == _FORMULA and stream[at + 12 : at + 14] == b"\xff\xff":
                seen.shown.pop((row, column), None)
                if stream[at + 6] == 2:
                    seen.no_value[row, column] = error_value(ERROR_WORDS.get(stream[at + 8], "#"))
        elif kind == _MANY_RK:
            row, column = struct.unpack_from("<2H", stream, at)
            for number in range((size - 6) // 6):
                (style,) = struct.unpack_from("<H", stream, at + 4 + 6 * number)
                if style in marked:
                    seen.shown[row, column + number] = marked[style]
        elif kind == _BOOL_OR_ERROR:
            row, column, _, value, is_error = struct.unpack_from("<3H2B", stream, at)
            if is_error:
                seen.no_value[row, column] = error_value(ERROR_WORDS.get(value, "#"))
        elif kind == _ROW and size >= 14:
            seen.hidden_rows += bool(stream[at + 12] & 0x20)
        elif kind == _COLUMNS and size >= 10 and stream[at + 8] & 1:
            seen.hidden_columns.append(struct.unpack_from("<2H", stream, at))
        elif kind == _OBJECT and size >= 8:
            of_object = struct.unpack_from("<H", stream, at + 6)[0]
        elif kind == _TEXT and size >= 12:
            left = struct.unpack_from("<H", stream, at + 10)[0]  # characters that follow
            texts[of_object] = ""
        elif kind == _CONTINUE and left and size > 1:
            wide = stream[at] & 1
            part = stream[at + 1 : at + min(size, 1 + left * (1 + wide))]
            texts[of_object] += part.decode("utf-16-le" if wide else "latin-1", "replace")
            left -= len(part) // (1 + wide)
        elif kind == _NOTE and size >= 8:
            row, column, _, number = struct.unpack_from("<4H", stream, at)
            if words := comment(texts.get(number, "")):
                seen.remarks[row, column] = words
    return seen


def _workbook(data: bytes) -> bytes:
    """Return the stream that holds the workbook."""
    shift, mini_shift = struct.unpack_from("<HH", data, 30)
    if not 7 <= shift <= 16 or not 4 <= mini_shift <= shift:
        raise ValueError("no sectors")
    size = 1 << shift
    first_directory = struct.unpack_from("<I", data, 48)[0]
    cutoff, first_mini = struct.unpack_from("<II", data, 56)

    def sector(number: int) -> bytes:
        return data[(number + 1) * size : (number + 2) * size]

    @cache
    def fat(index: int) -> tuple[int, ...]:
        """Return one sector of the allocation table; the first 109 stand in the header."""
        if index < 109:
            number = struct.unpack_from("<I", data, 76 + 4 * index)[0]
        else:
            per_sector = size // 4 - 1
            number = struct.unpack_from("<I", data, 68)[0]
            for _ in range((index - 109) // per_sector):
                number = struct.unpack_from("<I", sector(number), size - 4)[0]
            number = struct.unpack_from("<I", sector(number), 4 * ((index - 109) % per_sector))[0]
        return struct.unpack(f"<{size // 4}I", sector(number))

    def chain(number: int, most: int) -> bytes:
        parts: list[bytes] = []
        while number < _FREE and len(parts) * size < most:
            parts.append(sector(number))
            try:
                number = fat(number * 4 // size)[number % (size // 4)]
            except (struct.error, IndexError):
                break  # cut short: what stands before is whole
        return b"".join(parts)

    directory = chain(first_directory, 1 << 20)
    entries = [directory[at : at + 128] for at in range(0, len(directory) - 127, 128)]
    root = entries[0]
    for entry in entries:
        name = entry[: max(0, struct.unpack_from("<H", entry, 64)[0] - 2)].decode("utf-16-le")
        if name.lower() not in ("workbook", "book"):
            continue
        start, length = struct.unpack_from("<II", entry, 116)
        length = min(length, len(data))  # a chain that bites its tail ends somewhere
        if length >= cutoff:
            return chain(start, length)[:length]
        # short streams stand in sectors of their own kind, within the stream of the root
        small = chain(struct.unpack_from("<I", root, 116)[0], len(data))
        table = struct.unpack(f"<{len(t := chain(first_mini, len(data))) // 4}I", t)
        parts: list[bytes] = []
        while start < _FREE and len(parts) << mini_shift < length:
            parts.append(small[start << mini_shift : (start + 1) << mini_shift])
            start = table[start]
        return b"".join(parts)[:length]
    raise ValueError("no workbook")
