"""Office files that do not change when nothing in them changed: fixed times, fixed order."""

from __future__ import annotations

import io
import re
import zipfile

_TIME = (1980, 1, 1, 0, 0, 0)
_STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms:(?:created|modified)>)")


def settled(data: bytes, *, day: str) -> bytes:
    """Return an Office file with every clock in it set to a day (``2026-11-22``).

    Examples
    --------
    >>> import io, zipfile
    >>> from chaoyang_geo.findings.archive import settled
    >>> files = [io.BytesIO(), io.BytesIO()]
    >>> for year, file in zip((2020, 2021), files):
    ...     with zipfile.ZipFile(file, "w") as archive:
    ...         archive.writestr(zipfile.ZipInfo("a.xml", (year, 1, 1, 0, 0, 0)), "text")
    >>> one, other = (settled(file.getvalue(), day="2026-11-22") for file in files)
    >>> one == other
    True
    """
    stamp = rb"\g<1>" + f"{day}T00:00:00Z".encode() + rb"\g<2>"
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        # the list of types comes first, as readers expect it
        for name in sorted(old.namelist(), key=lambda each: (each != "[Content_Types].xml", each)):
            content = old.read(name)
            if name == "docProps/core.xml":
                content = _STAMP.sub(stamp, content)
            entry = zipfile.ZipInfo(name, _TIME)
            entry.external_attr = 0o600 << 16
            entry.create_system = 0  # the same on every system
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, content, compresslevel=6)
    return out.getvalue()
