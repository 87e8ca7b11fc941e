"""What a workbook of the old kind (.xls) says of its dates: whether days count from 1904.

Only the way to the one record that says so: [MS-CFB] 2.2-2.6 for the file, [MS-XLS] 2.4.77
for the record Date1904.
"""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path

_FREE = 0xFFFFFFFA  # sector numbers from here on end a chain
_BOF, _EOF, _DATE_1904 = 0x0809, 0x000A, 0x0022
_MOST = 1 << 16  # bytes of the stream that are looked at; the record stands among the first


def counts_from_1904(path: Path) -> bool:
    """Tell whether the workbook in an OLE file counts its days from 1904-01-01.

    A file that is damaged before the record that says so counts from 1900, as Excel does.
    """
    data = path.read_bytes()
    try:
        stream = _workbook(data)
    except (struct.error, IndexError, ValueError):
        return False
    at = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        if kind == _DATE_1904 and size >= 2:
            return stream[at + 4 : at + 6] == b"\1\0"
        if kind == _EOF or (at == 0 and kind != _BOF):
            return False
        at += 4 + size
    return False


def _workbook(data: bytes) -> bytes:
    """Return the beginning of the stream that holds the workbook."""
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
            number = fat(number * 4 // size)[number % (size // 4)]
        return b"".join(parts)

    directory = chain(first_directory, 1 << 20)
    entries = [directory[at : at + 128] for at in range(0, len(directory) - 127, 128)]
    root = entries[0]
    for entry in entries:
        name = entry[: max(0, struct.unpack_from("<H", entry, 64)[0] - 2)].decode("utf-16-le")
        if name.lower() not in ("workbook", "book"):
            continue
        start, length = struct.unpack_from("<II", entry, 116)
        if length >= cutoff:
            return chain(start, min(length, _MOST))[:length]
        # short streams stand in sectors of their own kind, within the stream of the root
        small = chain(struct.unpack_from("<I", root, 116)[0], len(data))
        table = struct.unpack(f"<{len(t := chain(first_mini, len(data))) // 4}I", t)
        parts: list[bytes] = []
        while start < _FREE and len(parts) << mini_shift < length:
            parts.append(small[start << mini_shift : (start + 1) << mini_shift])
            start = table[start]
        return b"".join(parts)[:length]
    raise ValueError("no workbook")
