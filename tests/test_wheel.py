"""The wheel is complete: installed outside the checkout, it loads the pack and draws the map."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_data_and_assets_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "chaoyang_geo/py.typed",
        "chaoyang_geo/standards/gb3838_table1.csv",
        "chaoyang_geo/data/china/divisions.csv",
        "chaoyang_geo/data/chaoyang/chaoyang.gpkg",
        "chaoyang_geo/data/chaoyang/README.md",
        "chaoyang_geo/maps/page/page.js",
    ):
        assert needed in names
    assert not [name for name in names if "__pycache__" in name or ".cache" in name]
    assert wheel.stat().st_size < 3_000_000


def test_load_plan_works_from_a_wheel_outside_the_checkout(wheel, tmp_path):
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # dependencies come from this environment, the package only from the wheel
    dependencies = sysconfig.get_paths()["purelib"]
    code = (
        f"import sys; sys.path[:0] = [{str(site)!r}, {dependencies!r}]; "
        "import chaoyang_geo as cg; plan = cg.load_plan('chaoyang'); "
        "layers = cg.map_layers(plan, cg.classify(plan.readings, plan.sections)); "
        "path = cg.write_map(layers, 'map.html'); "
        "print(cg.__file__, len(plan.units), cg.match_places(['喀左'])['place_code'][0], path.exists())"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    where, *facts = done.stdout.rsplit(maxsplit=3)
    assert where.startswith(str(site))
    assert facts == ["13", "211324", "True"]
