"""Writing the findings of a screening into a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chaoyang_geo.capping import ScreeningLike, cap_approximate
from chaoyang_geo.findings.folder import MANIFEST, complete_folder
from chaoyang_geo.findings.land import check_zones
from chaoyang_geo.findings.machine import document
from chaoyang_geo.findings.model import Casebook, Dossier, casebook
from chaoyang_geo.findings.page import index_page
from chaoyang_geo.findings.pages import FileRow, put, write_pages, writers
from chaoyang_geo.findings.word import need_word
from chaoyang_geo.findings.workbook import workbook
from chaoyang_geo.schema import one_of

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

#: Formats that a finding is written in.
FORMATS: tuple[str, ...] = ("html", "docx", "xlsx", "json")
#: Which sites have a page and a Word file.
PAGES: tuple[str, ...] = ("all", "conflicts")

_OWN = ("sites", "index.html", "findings.xlsx", "findings.json")


def write_findings(
    screening: ScreeningLike,
    folder: str | os.PathLike[str],
    *,
    sites: gpd.GeoDataFrame | None = None,
    zones: gpd.GeoDataFrame | None = None,
    downstream: gpd.GeoDataFrame | None = None,
    free: gpd.GeoDataFrame | None = None,
    shifts: gpd.GeoDataFrame | None = None,
    stretches: gpd.GeoDataFrame | None = None,
    bands: gpd.GeoDataFrame | None = None,
    names: Mapping[str, str] | None = None,
    lang: str = "zh",
    valid_days: int,
    formats: Sequence[str] = FORMATS,
    pages: str = "all",
    processes: int = 1,
    extra_files: Mapping[str, bytes] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Write the findings of a screening: a page and a Word file per site, a workbook, JSON.

    The folder is complete or not there: what is written replaces an earlier folder of findings as
    a whole. The same input gives the same bytes. Nothing in the files is fetched or run.

    Required columns: ``screening.sites``: ``site_code``, ``site_name``, ``activity``,
    ``verdict``, ``why_zh``, ``why_en``; ``screening.findings``, ``screening.checked`` and
    ``screening.rules`` as :func:`chaoyang_geo.screen_sites` makes them.

    Parameters
    ----------
    screening : Screening
        With a date: ``screen_sites(..., on="2026-11-22")``. A site whose ``place_quality`` is
        ``approximate`` is judged no more firmly than :func:`cap_approximate` lets it.
    folder : str or path
        New, empty, or written by an earlier call.
    sites : GeoDataFrame, any CRS, optional
        Shapes of the sites by ``site_code``; without it those of ``screening.sites``. A site
        without a shape has no map.
    zones : GeoDataFrame of polygons, any CRS, optional
        The zones that were screened, for the map: ``zone_code``, ``zone_name``, ``zone_kind``,
        ``zone_grade``. Without it the map shows the site alone and says so.
    downstream : GeoDataFrame, any CRS, optional
        Where the water of each site goes: ``river_reach_check(..., geometry="way")``.
    free, shifts, stretches : GeoDataFrame, any CRS, optional
        What is free of each site, where it could be moved to, which stretches of a line lie in
        zones: :func:`chaoyang_geo.free_parts`, :func:`chaoyang_geo.smallest_shift`,
        :func:`chaoyang_geo.conflict_stretches`. Told besides where they are there: ``avoided``
        (kinds and grades that were kept clear of, ``eco_red_line/core;town``), ``clearance_m``,
        and of a shift ``verdict_after``, ``why_after_zh``, ``why_after_en``.
    bands : GeoDataFrame, optional
        Land by distance to the nearest zone, :func:`chaoyang_geo.zone_distance_contours`: a sheet
        of the workbook.
    names : mapping, optional
        What sections (by code), units, counties and rivers (by name in the data) are called in
        the language of the findings.
    lang : {"zh", "en"}
        Language of pages, Word files and the workbook. Names, clauses and notes stay as they are
        in the data.
    valid_days : int, days
        How long a finding may be used; it is printed with the day on which it ends.
    formats : sequence of {"html", "docx", "xlsx", "json"}
    pages : {"all", "conflicts"}
        ``conflicts``: a site that is 无冲突 and of which nothing is doubtful has no page and no Word
        file of its own; the overview, the workbook and the JSON hold it, and the overview says so.
    processes : int
        How many processes write pages and Word files; the files are the same for any number. More
        than 1 starts new Python processes: in a script the call must then stand under
        ``if __name__ == "__main__":``.
    extra_files : mapping, optional
        Other files for the folder, as a map of all sites, by name; the overview links to them.
    progress : callable, optional
        Called before the first page and after each with how many sites are done and how many have
        a page; the overview, the workbook and the JSON come after the last.

    Returns
    -------
    DataFrame
        One row per file: ``site_code`` (``''`` for files of all sites), ``file_format``, ``file``
        (its path within the folder), ``n_bytes``, ``sha256``. The same list is ``manifest.json``.

    Raises
    ------
    ImportError
        ``docx`` is asked for and python-docx is not there; the message has the install line.
    FileExistsError, NotADirectoryError
        ``folder`` holds something else, or is a file.
    SchemaError
        A column is missing, a site code is there twice, or a finding is of an unknown site.
    CRSError
        A layer has no CRS.
    ValueError
        An option is not what it must be, or the screening has no date.
    RuntimeError
        The page of a site could not be made, the message has its code; or a process that wrote
        pages ended, ``processes`` being more than 1.

    Notes
    -----
    The folder holds ``index.html`` (all sites, worst first), ``sites/`` (pages and Word files),
    ``findings.xlsx``, ``findings.json``, ``manifest.json``. A page lists what was **not**
    checked: the kinds of zones of the standard list that no usable layer stands for. Where a site
    or a layer is ``synthetic``, 示例数据 stands across the page, on the map and over each table.
    Maps are drawn in the CGCS2000 3-degree zone of the site; areas and lengths are those of the
    screening. With more than 2,000 sites ``sites/`` has a folder for each thousand.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from chaoyang_geo.findings import load_examples, write_findings
    >>> from chaoyang_geo.screening import screen_sites
    >>> examples = load_examples()
    >>> screening = screen_sites(examples.sites, examples.zones, on="2026-11-22")
    >>> with tempfile.TemporaryDirectory() as place:
    ...     files = write_findings(screening, pathlib.Path(place) / "findings", zones=examples.zones,
    ...                            valid_days=180, formats=("html", "json"))
    >>> files[["site_code", "file"]].head(3)
      site_code                   file
    0     EXS01  sites/0001_EXS01.html
    1     EXS02  sites/0002_EXS02.html
    2     EXS03  sites/0003_EXS03.html
    """
    one_of("lang", lang, ("zh", "en"))
    wanted = (formats,) if isinstance(formats, str) else tuple(formats)
    for each in wanted:
        one_of("a format", each, FORMATS)
    one_of("pages", pages, PAGES)
    if isinstance(processes, bool) or not isinstance(processes, int) or processes < 1:
        raise ValueError(f"processes={processes!r} is no number of processes; give 1 or more.")
    if "docx" in wanted:
        need_word()
    extra = dict(extra_files or {})
    for name in extra:
        if Path(name).name != name or name in (*_OWN, MANIFEST):
            raise ValueError(
                f"extra_files: {name!r} is no name for a file beside the findings; it has no folder "
                f"and is none of {', '.join((*_OWN, MANIFEST))}."
            )
    case = casebook(
        cap_approximate(screening),
        sites,
        valid_days,
        downstream=downstream,
        free=free,
        shifts=shifts,
        stretches=stretches,
        bands=bands,
        names=names,
    )
    check_zones(zones)
    paged = [site for site in case.sites if pages == "all" or not _plain(site)]
    paged = paged if "html" in wanted or "docx" in wanted else []
    with writers(processes, len(paged)) as pool, complete_folder(Path(folder)) as place:
        done = write_pages(case, paged, zones, place, wanted, lang, pool=pool, progress=progress)
        rows = [row for each in done for row in each]
        rows += _of_all(case, done, place, wanted, lang, extra)
        listed = {"screened_on": case.screened_on, "expires_on": case.expires_on, "files": rows}
        text = json.dumps(listed, ensure_ascii=False, indent=1) + "\n"
        (place / MANIFEST).write_bytes(text.encode("utf-8"))
    return _frame(rows)


def _plain(site: Dossier) -> bool:
    """Tell whether a site has no conflict and nothing of it is doubtful."""
    return site.verdict == "无冲突" and not site.flags and not site.extent


def _of_all(
    case: Casebook,
    done: Sequence[Sequence[FileRow]],
    place: Path,
    formats: tuple[str, ...],
    lang: str,
    extra: dict[str, bytes],
) -> list[FileRow]:
    """Write the files of all sites; return a row for each."""
    files = {rows[0]["site_code"]: [row["file"] for row in rows] for rows in done}
    pages = {code: names[0] for code, names in files.items()}
    rows: list[FileRow] = []
    if "html" in formats:
        index = index_page(case, pages, lang, list(extra)).encode()
        rows.append(put(place, "", "html", "index.html", index))
    if "xlsx" in formats:
        rows.append(put(place, "", "xlsx", "findings.xlsx", workbook(case, pages, lang)))
    if "json" in formats:
        text = document(case, files).encode()
        rows.append(put(place, "", "json", "findings.json", text))
    for name, data in extra.items():
        rows.append(put(place, "", Path(name).suffix.lstrip("."), name, data))
    return rows


def _frame(rows: list[FileRow]) -> pd.DataFrame:
    import pandas as pd

    dtypes = {
        "site_code": "str",
        "file_format": "str",
        "file": "str",
        "n_bytes": "int64",
        "sha256": "str",
    }
    return pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes)
