"""The pages and Word files of all sites, written one after the other or by several processes."""

from __future__ import annotations

import hashlib
import multiprocessing
import pickle
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo.findings.drawing import site_picture
from chaoyang_geo.findings.land import Ground
from chaoyang_geo.findings.model import Casebook, Dossier
from chaoyang_geo.findings.page import site_page
from chaoyang_geo.findings.word import site_word
from chaoyang_geo.findings.words import words_of

if TYPE_CHECKING:
    import geopandas as gpd

_AT_ONCE = 8  # sites that a process is handed at a time
_FEW = 24  # sites for which no process is worth its start

FileRow = dict[str, Any]


@dataclass(frozen=True)
class Desk:
    """What is needed to write the pages of any site."""

    case: Casebook  # without its sites
    ground: Ground
    place: Path
    formats: tuple[str, ...]
    lang: str

    def written(self, site: Dossier) -> list[FileRow]:
        """Write the page and the Word file of a site; return a row for each."""
        try:
            return self._written(site)
        except OSError:
            raise  # names the file
        except Exception as error:
            raise RuntimeError(
                f"site {site.code!r}: its page or Word file could not be made "
                f"({type(error).__name__}: {error}); look at its texts and its shape."
            ) from error

    def _written(self, site: Dossier) -> list[FileRow]:
        words, drawn = words_of(self.lang), self.ground.zones is not None
        picture = site_picture(site, self.ground, words, self.lang)
        rows = []
        if "html" in self.formats:
            page = site_page(self.case, site, picture, drawn, self.lang).encode()
            rows.append(put(self.place, site.code, "html", f"sites/{site.stem}.html", page))
        if "docx" in self.formats:
            word = site_word(self.case, site, picture, drawn, self.lang)
            rows.append(put(self.place, site.code, "docx", f"sites/{site.stem}.docx", word))
        return rows


def put(place: Path, code: str, kind: str, file: str, data: bytes) -> FileRow:
    """Write a file of the folder; return its row of the list of files."""
    path = place / file
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.write_bytes(data)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk does not say it
        raise
    return {
        "site_code": code,
        "file_format": kind,
        "file": file,
        "n_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


@contextmanager
def writers(processes: int, n_sites: int) -> Iterator[ProcessPoolExecutor | None]:
    """Start the processes that will write the pages of sites; ``None`` where none is worth it.

    They are started before there is a folder: a script without its guard runs again in each of
    them, and what it leaves behind when it is stopped nobody clears away.
    """
    if processes == 1 or n_sites <= _FEW:
        yield None
        return
    # a fresh process on every system: a copy of this one could hang on a lock of another thread
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, spawn, initializer=_ignore_interrupt)
    try:
        for ready in [pool.submit(_ready) for _ in range(processes)]:
            ready.result()
        yield pool
    except BrokenProcessPool as error:
        raise RuntimeError(
            f"a process that wrote findings ended (processes={processes}). In a script the call "
            'must stand under `if __name__ == "__main__":`; where memory is short, use processes=1.'
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def write_pages(
    case: Casebook,
    sites: Sequence[Dossier],
    zones: gpd.GeoDataFrame | None,
    place: Path,
    formats: tuple[str, ...],
    lang: str,
    *,
    pool: ProcessPoolExecutor | None,
    progress: Callable[[int, int], None] | None,
) -> list[list[FileRow]]:
    """Write the pages of sites; return for each site its rows of the list of files, in order."""
    desk = Desk(replace(case, sites=[]), Ground(zones), place, formats, lang)
    done: list[list[FileRow]] = []
    if progress is not None:
        progress(0, len(sites))
    with _written(desk, sites, pool) as rows:
        for each in rows:
            done.append(each)
            if progress is not None:
                progress(len(done), len(sites))
    return done


@contextmanager
def _written(
    desk: Desk, sites: Sequence[Dossier], pool: ProcessPoolExecutor | None
) -> Iterator[Iterator[list[FileRow]]]:
    if pool is None:
        yield (desk.written(site) for site in sites)
        return
    batches = [sites[at : at + _AT_ONCE] for at in range(0, len(sites), _AT_ONCE)]
    with tempfile.TemporaryDirectory() as private:
        handed = Path(private) / "desk"
        with handed.open("wb") as file:
            pickle.dump(desk, file)
        try:
            written = pool.map(_write_batch, [handed] * len(batches), batches)
            yield (rows for batch in written for rows in batch)
        finally:
            # nobody may write any more when the folder is cleared away
            pool.shutdown(wait=True, cancel_futures=True)


def _ignore_interrupt() -> None:
    """Leave Ctrl-C to the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _ready() -> None:
    """Do nothing: a process that can has started."""


@cache
def _desk(handed: Path) -> Desk:
    with handed.open("rb") as file:
        desk: Desk = pickle.load(file)
    return desk


def _write_batch(handed: Path, sites: Sequence[Dossier]) -> list[list[FileRow]]:
    return [_desk(handed).written(site) for site in sites]
