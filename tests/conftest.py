"""What several tests share."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# a shared machine has slow moments; a property is not false because it was slow. A clean run
# tries the same examples each time, so that a change is judged by itself; at a desk they are new.
settings.register_profile("project", deadline=None)
settings.register_profile("clean", deadline=None, derandomize=True)
settings.load_profile("clean" if os.environ.get("CHAOYANG_GEO_REQUIRE_BROWSER") else "project")

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "real"


@pytest.fixture
def real():
    """Folder of other people's data, which is never part of the project."""
    if not REAL.is_dir():
        pytest.skip(
            f"the folder of real data {REAL.parent.name}/{REAL.name} is not beside the checkout"
        )
    return REAL


@pytest.fixture(scope="session")
def plan():
    from chaoyang_geo import load_plan

    return load_plan("chaoyang")


@pytest.fixture(autouse=True)
def _own_warnings(monkeypatch):
    """The command takes over how warnings are shown; give that back after each test."""
    import warnings

    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    with warnings.catch_warnings():
        yield


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Folder and list of the findings that are written from the screening on paper."""
    sys.path.insert(0, str(Path(__file__).parent))
    from findings_paper import paper, zones

    from chaoyang_geo.findings import write_findings

    folder = tmp_path_factory.mktemp("findings") / "out"
    frame = write_findings(paper(), folder, zones=zones(), valid_days=180)
    return folder, frame
