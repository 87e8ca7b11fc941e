"""The command shows how far it is, and so does the writing of findings."""

import io
import sys
from pathlib import Path

import geopandas as gpd
import pytest
from rich.console import Console
from rich.progress import Progress
from shapely import box

from chaoyang_geo.cli import main
from chaoyang_geo.findings import write_findings

sys.path.insert(0, str(Path(__file__).parent))
from findings_paper import paper

E, N = 500_000.0, 4_600_000.0


def test_the_writing_of_findings_tells_how_many_sites_are_done(tmp_path):
    told = []
    write_findings(
        paper(), tmp_path / "f", valid_days=9, formats="html",
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("machine", [False, True])
def test_the_command_shows_each_step_on_a_bar_and_none_to_a_machine(machine, tmp_path, monkeypatch):
    shown, told, real = io.StringIO(), [], Progress.update

    def update(self, task, **options):
        told.append(options["description"])
        real(self, task, **options)

    monkeypatch.setattr("chaoyang_geo.cli_parts.ERR", Console(file=shown, force_terminal=True))
    monkeypatch.setattr(Progress, "update", update)
    made = {"编码": ["1", "2"], "名称": ["甲", "乙"], "活动": ["光伏", "光伏"]}
    site = gpd.GeoDataFrame(
        made, geometry=[box(E, N, E + 9, N + 9), box(E, N + 50, E + 9, N + 60)], crs=4549
    )
    line = gpd.GeoDataFrame({"名称": ["丙"]}, geometry=[box(E, N, E + 20, N + 20)], crs=4549)
    site.to_file(tmp_path / "项目.gpkg")
    line.to_file(tmp_path / "生态保护红线.gpkg")
    options = ["--formats", "html", "--on", "2026-11-22", "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as stopped:
        main(["screen", str(tmp_path / "项目.gpkg"), str(tmp_path / "生态保护红线.gpkg"),
              *options, *(["--json"] if machine else [])])  # fmt: skip
    assert not stopped.value.code
    if machine:
        assert not told
        return
    layers = ("项目.gpkg", "生态保护红线.gpkg")
    assert [name for text in told for name in layers if name in text] == list(layers)
    begun = ("核查 2 个项目", "沿河网追踪", "绘制地图", "1/2")
    assert [word for text in told for word in begun if word in text] == list(begun)
    assert "━" in shown.getvalue()
