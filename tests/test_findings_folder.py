"""The folder of findings: complete or not there, the same bytes, and errors that help."""

import errno
import hashlib
import io
import json
import pickle
import re
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from chaoyang_geo.crs import CRSError
from chaoyang_geo.findings import write_findings
from chaoyang_geo.schema import SchemaError

sys.path.insert(0, str(Path(__file__).parent))

from findings_paper import Page, paper, zones

# --- the folder -----------------------------------------------------------------------------------


def test_the_frame_lists_every_file_with_its_hash(written):
    folder, frame = written
    here = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert here == set(frame["file"]) | {"manifest.json"}
    for row in frame.itertuples():
        data = (folder / row.file).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (row.n_bytes, row.sha256)
    assert json.loads((folder / "manifest.json").read_text("utf-8"))["files"] == frame.to_dict(
        "records"
    )
    assert frame["site_code"].tolist() == ["A", "A", "B", "B", "C", "C", "", "", ""]


def test_the_same_input_gives_the_same_bytes_at_another_time(written, tmp_path):
    time.sleep(2.1)  # a zip keeps times to two seconds
    again = write_findings(paper(), tmp_path / "b", zones=zones(), valid_days=180)
    assert again.equals(written[1])


def test_the_order_of_zones_changes_nothing(tmp_path):
    more = pd.concat([zones(), zones("other").assign(zone_code="Z2", zone_grade="core")])
    first = write_findings(
        paper(), tmp_path / "a", zones=more, valid_days=9, formats=("html", "docx")
    )
    other = write_findings(
        paper(), tmp_path / "b", zones=more.iloc[::-1], valid_days=9, formats=("html", "docx")
    )
    assert first.equals(other)


def test_a_second_writing_replaces_the_first_as_a_whole(tmp_path):
    write_findings(paper(), tmp_path / "f", valid_days=9, formats=("html", "json"))
    write_findings(paper(), tmp_path / "f", valid_days=9, formats="json")
    assert sorted(path.name for path in (tmp_path / "f").iterdir()) == [
        "findings.json",
        "manifest.json",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_failure_leaves_the_old_folder_and_nothing_else(tmp_path, monkeypatch):
    folder = tmp_path / "f"
    write_findings(paper(), folder, valid_days=9, formats="html")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def broken(*_):
        raise OSError("disk is full")

    monkeypatch.setattr("chaoyang_geo.findings.write.workbook", broken)
    with pytest.raises(OSError, match="disk is full"):
        write_findings(paper(), folder, valid_days=1, formats=("html", "xlsx"))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(FileExistsError, match=r"thesis\.docx"):
        write_findings(paper(), tmp_path, valid_days=9)
    with pytest.raises(NotADirectoryError):
        write_findings(paper(), tmp_path / "thesis.docx", valid_days=9)
    assert (tmp_path / "thesis.docx").read_text() == "years of work"


def test_the_input_is_not_changed(tmp_path):
    screening, layer = paper(), zones()
    sites, found = screening.sites.copy(), screening.findings.copy()
    write_findings(screening, tmp_path / "f", zones=layer, valid_days=9, formats="html")
    assert screening.sites.equals(sites) and screening.findings.equals(found)
    assert layer.equals(zones())


def test_no_sites_give_a_folder_that_says_so(tmp_path):
    screening = paper()
    none = replace(screening, sites=screening.sites.iloc[:0], findings=screening.findings.iloc[:0])
    frame = write_findings(none, tmp_path / "f", zones=zones(), valid_days=9)
    assert frame["file"].tolist() == ["index.html", "findings.xlsx", "findings.json"]
    assert frame.dtypes.astype(str).to_dict()["n_bytes"] == "int64"
    assert json.loads((tmp_path / "f" / "findings.json").read_text("utf-8"))["sites"] == []


# --- errors that help -----------------------------------------------------------------------------


def test_a_screening_without_a_date_is_refused(tmp_path):
    screening = replace(paper(), options={**paper().options, "on": ""})
    with pytest.raises(ValueError, match='on="2026-11-22"'):
        write_findings(screening, tmp_path / "f", valid_days=9)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("days", [0, -3, 1.5, True, "30"])
def test_valid_days_must_be_a_number_of_days(tmp_path, days):
    with pytest.raises(ValueError, match="valid_days="):
        write_findings(paper(), tmp_path / "f", valid_days=days)


def test_options_name_what_is_allowed(tmp_path):
    with pytest.raises(ValueError, match="'zh', 'en'"):
        write_findings(paper(), tmp_path / "f", valid_days=9, lang="fr")
    with pytest.raises(ValueError, match="'docx'"):
        write_findings(paper(), tmp_path / "f", valid_days=9, formats=("pdf",))


def test_a_missing_column_crs_or_site_is_named(tmp_path):
    screening = paper()
    with pytest.raises(SchemaError, match="band_m"):
        write_findings(
            replace(screening, findings=screening.findings.drop(columns="band_m")),
            tmp_path / "f", valid_days=9,
        )  # fmt: skip
    with pytest.raises(CRSError, match="zones.set_crs"):
        bare = gpd.GeoDataFrame(zones().drop(columns="geometry"), geometry=list(zones().geometry))
        write_findings(screening, tmp_path / "f", zones=bare, valid_days=9)
    with pytest.raises(SchemaError, match="'B'"):
        write_findings(
            replace(screening, sites=screening.sites[screening.sites["site_code"] != "B"]),
            tmp_path / "f", valid_days=9,
        )  # fmt: skip


def test_without_python_docx_the_install_line_is_given(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(ImportError, match=r"pip install 'chaoyang_geo\[report\]'"):
        write_findings(paper(), tmp_path / "f", valid_days=9)
    frame = write_findings(paper(), tmp_path / "f", valid_days=9, formats=("html", "xlsx", "json"))
    assert len(frame) == 6


def test_office_files_carry_the_day_of_the_screening_and_no_clock(written):
    for name, data in (("findings.xlsx", None), ("sites/0001_A.docx", None)):
        data = (written[0] / name).read_bytes()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            assert archive.namelist()[0] == "[Content_Types].xml"
            stamps = re.findall(r"T00:00:00Z", archive.read("docProps/core.xml").decode())
            assert len(stamps) == 2


def test_a_real_screening_of_the_examples_can_be_written(tmp_path):
    from chaoyang_geo.findings import load_examples
    from chaoyang_geo.screening import screen_sites

    examples = load_examples()
    screening = screen_sites(examples.sites, examples.zones, on="2026-11-22")
    frame = write_findings(screening, tmp_path / "f", zones=examples.zones, valid_days=180)
    assert len(frame) == 2 * 12 + 3
    for site in json.loads((tmp_path / "f" / "findings.json").read_text("utf-8"))["sites"]:
        text = Page((Path(tmp_path) / "f" / site["files"][0]).read_text("utf-8")).text
        assert site["verdict"] in text and site["site_name"] in text and "示例数据" in text


# --- many sites -----------------------------------------------------------------------------------


def crowd(n=30):
    """Return the paper with site A many times over, a site without a conflict, one of them doubtful."""
    screening = paper()
    codes = [f"S{number}" for number in range(n)]
    sites = pd.concat([screening.sites.iloc[:1]] * n, ignore_index=True)
    found = pd.concat([screening.findings.iloc[:1]] * n, ignore_index=True)
    sites = sites.assign(site_code=codes)
    sites.loc[0, ["verdict", "verdict_flag"]] = ["无冲突", ""]
    sites.loc[1, ["verdict", "verdict_flag"]] = ["无冲突", "layer red ends before the site"]
    return replace(screening, sites=sites, findings=found.assign(site_code=codes))


def test_any_number_of_processes_writes_the_same_bytes(tmp_path):
    told = []
    options = {"zones": zones(), "valid_days": 9}
    one = write_findings(crowd(), tmp_path / "a", **options)
    two = write_findings(
        crowd(), tmp_path / "b", processes=2, progress=lambda *now: told.append(now), **options
    )
    assert one.equals(two) and len(one) == 2 * 30 + 3
    assert told == [(number, 30) for number in range(31)]
    for row in one.itertuples():
        assert (tmp_path / "a" / row.file).read_bytes() == (tmp_path / "b" / row.file).read_bytes()


@pytest.mark.parametrize("processes", [1, 2])
def test_who_stops_half_way_finds_nothing_half_written(tmp_path, processes):
    def stop(done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_findings(crowd(), tmp_path / "f", valid_days=9, processes=processes, progress=stop)
    assert not list(tmp_path.iterdir())


def test_a_site_without_conflict_and_doubt_needs_no_page_and_the_overview_says_so(tmp_path):
    frame = write_findings(
        crowd(4), tmp_path / "f", valid_days=9, pages="conflicts", formats=("html", "xlsx", "json")
    )
    assert frame["site_code"].tolist() == ["S1", "S2", "S3", "", "", ""]
    index = (tmp_path / "f" / "index.html").read_text("utf-8")
    assert "1 个无冲突且无存疑的项目未单独成页" in index and "<br>S0</td>" in index
    read = json.loads((tmp_path / "f" / "findings.json").read_text("utf-8"))["sites"]
    assert [len(site["files"]) for site in read] == [0, 1, 1, 1]
    with pytest.raises(ValueError, match="'conflicts'"):
        write_findings(crowd(4), tmp_path / "g", valid_days=9, pages="some")


@pytest.mark.parametrize("processes", [0, -1, 1.5, True])
def test_processes_must_be_a_number(tmp_path, processes):
    with pytest.raises(ValueError, match="processes="):
        write_findings(crowd(4), tmp_path / "f", valid_days=9, processes=processes)


def test_thousands_of_sites_have_a_folder_for_each_thousand(tmp_path):
    screening = crowd(2_001)
    none = replace(screening, findings=screening.findings.iloc[:0])
    none = replace(none, sites=none.sites.assign(verdict="无冲突", verdict_flag=""))
    some = none.sites["verdict"].mask(none.sites.index.isin([999, 1000, 2000]), "禁止")
    few = replace(none, sites=none.sites.assign(verdict=some))
    frame = write_findings(few, tmp_path / "f", valid_days=9, pages="conflicts", formats="html")
    assert frame["file"].tolist() == [
        "sites/0001-1000/1000_S999.html", "sites/1001-2000/1001_S1000.html",
        "sites/2001-2001/2001_S2000.html", "index.html",
    ]  # fmt: skip
    index = Page((tmp_path / "f" / "index.html").read_text("utf-8"))
    links = [value for tag, name, value in index.attributes if (tag, name) == ("a", "href")]
    assert sorted(links) == sorted(frame["file"][:3])
    write_findings(paper(), tmp_path / "f", valid_days=9, formats="json")  # and can be replaced


def test_a_script_without_a_guard_is_told_so_and_does_not_wait_for_ever(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import pandas as pd\n"
        "from test_findings_folder import crowd, write_findings, zones\n"
        "many = pd.concat([zones()] * 5_000, ignore_index=True)\n"
        f"write_findings(crowd(), {str(tmp_path / 'f')!r}, zones=many, valid_days=9, processes=2)\n",
        encoding="utf-8",
    )
    ran = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, encoding="utf-8", timeout=100
    )
    assert (
        "RuntimeError" in ran.stderr.splitlines()[-1] and "__main__" in ran.stderr.splitlines()[-1]
    )
    assert [path.name for path in tmp_path.iterdir()] == ["script.py"]


def test_a_site_whose_page_cannot_be_made_is_named(tmp_path, monkeypatch):
    def broken(_, site, *__):
        return {"A": "page"}[site.code]

    monkeypatch.setattr("chaoyang_geo.findings.pages.site_page", broken)
    with pytest.raises(RuntimeError, match=r"site 'B'.*KeyError") as raised:
        write_findings(paper(), tmp_path / "f", valid_days=9, formats="html")
    assert not list(tmp_path.iterdir())
    again = pickle.loads(pickle.dumps(raised.value))  # as it comes out of another process
    assert str(again) == str(raised.value)


def test_a_full_disk_is_told_with_the_file(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=r"0001_A\.html"):
        write_findings(paper(), tmp_path / "f", valid_days=9, formats="html")


def test_an_overview_of_which_no_site_has_a_page_says_so(tmp_path):
    screening = crowd(3)
    calm = screening.sites.assign(verdict="无冲突", verdict_flag="", place_flag="")
    none = replace(screening, sites=calm, findings=screening.findings.iloc[:0])
    told = []
    write_findings(
        none, tmp_path / "f", valid_days=9, pages="conflicts", formats="html",
        progress=lambda *now: told.append(now),
    )  # fmt: skip
    assert "3 个无冲突且无存疑的项目未单独成页" in (tmp_path / "f" / "index.html").read_text(
        "utf-8"
    )
    assert told == [(0, 0)]
