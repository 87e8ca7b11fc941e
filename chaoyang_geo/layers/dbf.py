"""The table of a shapefile, as bytes: names of fields and texts, before anyone decodes them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_BYTES = 64 << 20  # of records that are looked at for the encoding

# the language driver, byte 29 of the header; other values say nothing of Chinese
_DRIVERS = {0x4D: "936", 0x4F: "950", 0x7A: "936", 0x78: "950"}


@dataclass(frozen=True)
class Dbf:
    """What the header of a .dbf says: fields as bytes, records, language driver."""

    names: list[bytes]
    kinds: list[str]  # C text, N and F numbers, D date, L truth
    widths: list[int]
    n_records: int
    driver: str | None
    header_bytes: int
    record_bytes: int


def read_header(path: Path) -> Dbf:
    """Read the header of a .dbf.

    Raises
    ------
    ValueError
        The file is cut short, or is no .dbf.
    """
    with path.open("rb") as stream:
        head = stream.read(32)
        if len(head) < 32:
            raise ValueError(f"{path}: the file ends within its header, so it is no .dbf table.")
        n_records, header_bytes, record_bytes = struct.unpack("<IHH", head[4:12])
        block = stream.read(max(0, header_bytes - 32))
    names, kinds, widths = [], [], []
    for at in range(0, len(block) - 31, 32):
        if block[at] in (0x0D, 0x00):
            break
        entry = block[at : at + 32]
        names.append(entry[:11].split(b"\0")[0])
        kinds.append(chr(entry[11]))
        # dBase keeps the high byte of a wide text where other kinds have their decimals
        widths.append(entry[16] + (256 * entry[17] if entry[11:12] == b"C" else 0))
    if not names or record_bytes < 1 + sum(widths):
        raise ValueError(
            f"{path}: the header names {len(names)} fields of {sum(widths)} bytes in records of "
            f"{record_bytes} bytes, so it is no .dbf table, or a damaged one."
        )
    return Dbf(names, kinds, widths, n_records, _DRIVERS.get(head[29]), header_bytes, record_bytes)


def chinese_texts(path: Path, header: Dbf) -> list[bytes]:
    """Return the distinct texts with bytes beyond ASCII, names of fields included.

    Of a very large table an evenly spaced part of the records is looked at.
    """
    import numpy as np

    found = {name for name in header.names if not name.isascii()}
    room = (path.stat().st_size - header.header_bytes) // header.record_bytes
    n = min(header.n_records, max(0, room))
    if n == 0:
        return sorted(found)
    whole = np.memmap(path, np.uint8, "r", header.header_bytes, shape=(n, header.record_bytes))
    records = whole[:: 1 + n * header.record_bytes // _SAMPLE_BYTES]
    at = 1
    for kind, width in zip(header.kinds, header.widths, strict=True):
        if kind == "C" and width:
            cells = np.ascontiguousarray(records[:, at : at + width])
            cells = cells[(cells >= 0x80).any(axis=1)]
            found.update(text.strip() for text in set(cells.view(f"S{width}").ravel().tolist()))
        at += width
    del records, whole
    return sorted(found)
