"""A folder of findings is complete or not there."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: File that lists what the folder holds; without it a folder is not ours to replace.
MANIFEST = "manifest.json"


@contextmanager
def complete_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder; put it in the place of ``folder`` only if all went well.

    A folder that is there is replaced only if it is empty or holds nothing but what an earlier
    call wrote. Missing parents are made.

    Raises
    ------
    FileExistsError
        ``folder`` holds other files; the message names one.
    NotADirectoryError
        ``folder`` is a file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from chaoyang_geo.findings.folder import complete_folder
    >>> with tempfile.TemporaryDirectory() as place:
    ...     target = pathlib.Path(place) / "findings"
    ...     with complete_folder(target) as temporary:
    ...         _ = (temporary / "a.txt").write_text("a")
    ...     [path.name for path in target.iterdir()]
    ['a.txt']
    """
    folder = Path(folder).resolve()
    _refuse_strangers(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    old = temporary.with_name(f"{temporary.name}-old")
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o777 & ~umask)  # mkdtemp makes a folder private
        if folder.exists():
            _refuse_strangers(folder)
            folder.rename(old)
        try:
            temporary.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _refuse_strangers(folder: Path) -> None:
    """Raise when a folder holds what no earlier call wrote."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: this is a file; name a folder for the findings.")
    here = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    listed: set[str] = set()
    try:
        read = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        listed = {str(row["file"]) for row in read["files"]} | {MANIFEST}
    except (OSError, ValueError, KeyError, TypeError):
        listed = set()
    strangers = sorted(here - listed)
    if strangers:
        raise FileExistsError(
            f"{folder}: it holds {strangers[0]}, which is no finding written here before, so nothing "
            "was written; name a new or empty folder."
        )
