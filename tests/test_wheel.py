"""The wheel is complete: installed outside the checkout, it loads the pack and draws the map."""

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def build_wheel(root, folder):
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


PACKAGE_FILES = (
    "**/*.py",
    "py.typed",
    "vocabulary.csv",
    "standards/*.csv",
    "layers/*.csv",
    "screening/*.csv",
    "screening/rules/*.toml",
    "findings/*.css",
    "maps/page/*.html",
    "doubt/*.css",
    "maps/page/*.css",
    "maps/page/*.js",
)
DATA_FILES = """
    china/README.md china/aliases.csv china/divisions.csv
    chaoyang/README.md chaoyang/TABLES.md chaoyang/plan.toml chaoyang/chaoyang.gpkg
    chaoyang/examples/README.md chaoyang/examples/sites.geojson chaoyang/examples/zones.geojson
    chaoyang/figures.csv chaoyang/function_zones.csv chaoyang/indicators.csv
    chaoyang/names_en.csv chaoyang/projects.csv chaoyang/reaches.csv chaoyang/readings.csv
    chaoyang/sources.csv chaoyang/texts_en.csv chaoyang/unit_members.csv
""".split()


def test_the_wheel_holds_the_listed_files_and_nothing_else(wheel):
    """Whatever else lies in the folders (locks, caches, build scripts) is not shipped."""
    expected = {f"chaoyang_geo/data/{name}" for name in DATA_FILES}
    for pattern in PACKAGE_FILES:
        found = [p.relative_to(ROOT).as_posix() for p in (ROOT / "chaoyang_geo").glob(pattern)]
        assert found, pattern
        expected.update(found)
    names = [name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name]
    assert sorted(names) == sorted(expected)
    assert wheel.stat().st_size < 3_000_000


def test_every_table_of_the_packs_is_shipped():
    """The list above is complete: a new table of a pack has to be added to it."""
    data = ROOT / "data"
    tables = {p.relative_to(data).as_posix() for p in data.glob("*/*.csv")}
    layers = {p.relative_to(data).as_posix() for p in data.glob("*/*.gpkg")}
    assert tables | layers <= set(DATA_FILES)


def test_every_file_that_the_code_opens_is_shipped():
    """A page style or a table beside the code is of no use in the checkout alone."""
    package = ROOT / "chaoyang_geo"
    listed = {path for pattern in PACKAGE_FILES for path in package.glob(pattern)}
    found = {p for p in package.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    assert found == listed


def test_stray_files_are_not_shipped(tmp_path):
    """Built from a copy of the sources with files that do not belong in a package."""
    copy = tmp_path / "copy"
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in ("chaoyang_geo", "data"):
        shutil.copytree(ROOT / name, copy / name, ignore=unwanted)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    for name in ("data/chaoyang/.~lock.projects.csv#", "data/chaoyang/x.csv", "chaoyang_geo/x.csv"):
        (copy / name).touch()
    names = zipfile.ZipFile(build_wheel(copy, tmp_path / "out")).namelist()
    assert not [name for name in names if Path(name).name in (".~lock.projects.csv#", "x.csv")]
    assert len([name for name in names if "/data/" in name]) == len(DATA_FILES)


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
