"""Office files that do not change when nothing in them changed: fixed times, fixed order."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms:(?:created|modified)>)")


@dataclass(frozen=True)
class Entry:
    """A file of an archive, packed already."""

    name: bytes
    data: bytes
    size: int
    checksum: int


def entry(name: str, content: bytes | Iterable[bytes]) -> Entry:
    """Pack a file, given whole or in pieces; what is in many archives is packed only once."""
    squeeze = zlib.compressobj(6, zlib.DEFLATED, -15)
    data, size, checksum = [], 0, 0
    for piece in [content] if isinstance(content, bytes) else content:
        data.append(squeeze.compress(piece))
        size, checksum = size + len(piece), zlib.crc32(piece, checksum)
    data.append(squeeze.flush())
    return Entry(name.encode("ascii"), b"".join(data), size, checksum)


def packed(entries: Sequence[Entry]) -> bytes:
    """Return the archive of these files, in their order (PKWARE APPNOTE 6.3, 4.3).

    Examples
    --------
    >>> import io, zipfile
    >>> from chaoyang_geo.findings.archive import entry, packed
    >>> archive = zipfile.ZipFile(io.BytesIO(packed([entry("a.xml", b"one"), entry("b.xml", b"")])))
    >>> archive.testzip(), archive.read("a.xml"), archive.infolist()[1].date_time
    (None, b'one', (1980, 1, 1, 0, 0, 0))
    """
    day = 1 << 5 | 1  # 1980-01-01, at midnight
    parts, listed, at = [], [], 0
    for each in entries:
        told = struct.pack(
            "<5H3I2H", 20, 0, zipfile.ZIP_DEFLATED, 0, day, each.checksum, len(each.data), each.size,
            len(each.name), 0,
        )  # fmt: skip
        listed.append(
            b"PK\1\2" + struct.pack("<H", 20) + told
            + struct.pack("<3H2I", 0, 0, 0, 0o600 << 16, at) + each.name
        )  # fmt: skip
        parts += [b"PK\3\4", told, each.name, each.data]
        at += 4 + len(told) + len(each.name) + len(each.data)
    index = b"".join(listed)
    end = struct.pack("<4H2IH", 0, 0, len(listed), len(listed), len(index), at, 0)
    return b"".join((*parts, index, b"PK\5\6", end))


def stamped(name: str, content: bytes, day: str) -> bytes:
    """Return a file of an Office archive with its clock set to a day (``2026-11-22``)."""
    if name != "docProps/core.xml":
        return content
    return _STAMP.sub(rb"\g<1>" + f"{day}T00:00:00Z".encode() + rb"\g<2>", content)


def in_order(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of the files of an Office archive: first the list of types, as readers
    expect it.
    """
    return sorted(archive.namelist(), key=lambda each: (each != "[Content_Types].xml", each))
