"""Files: where the bundled data lie, and writing without leaving half a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path


@cache
def data_folder() -> Path:
    """Return the folder of the bundled packs: in the installed package, or beside it.

    Raises
    ------
    FileNotFoundError
        The installation is incomplete.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "data", package.parent / "data"):
        if (folder / "china" / "divisions.csv").is_file():
            return folder
    raise FileNotFoundError(
        f"{package}: the bundled data are not there, so the installation is incomplete; "
        "install chaoyang_geo again."
    )


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; put it in its place only if all went well.

    An interrupted write leaves the old file as it was. Missing folders are made.

    Raises
    ------
    ValueError
        ``path`` is a folder, a device or a pipe.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from chaoyang_geo.files import replacing
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = pathlib.Path(folder) / "new" / "table.csv"
    ...     with replacing(target) as temporary:
    ...         _ = temporary.write_text("a,b")
    ...     target.read_text()
    'a,b'
    """
    # a link stays a link: what it points to is replaced
    path = Path(path).resolve()
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "not a regular file"
        raise ValueError(f"{path}: this is {kind}, so nothing was written; name a file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    # the suffix stays, because writers choose their format by it
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files private; a map is meant to be opened by others
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
