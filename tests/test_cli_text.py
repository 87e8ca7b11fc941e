"""What people write in their files is printed as it is: no markup, no emoji, nothing swallowed."""

import shutil

import pytest

from chaoyang_geo.cli import main
from chaoyang_geo.files import data_folder

ODD = "断面[red]:b:[/]"


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(part) for part in arguments])
    return ended.value.code, "".join(capsys.readouterr().out.split())


def test_names_headers_and_paths_with_brackets_are_printed_whole(capsys, tmp_path):
    path = tmp_path / "读数[mg].csv"
    path.write_text(f"断面名称,监测时间,总磷,其他[x]\n{ODD},2025-03-05,0.1,1\n", encoding="utf-8")
    out_path = tmp_path / "out[1].csv"
    code, out = run(capsys, "readings", path, "--out", out_path)
    assert code == 0
    for text in ("读数[mg].csv", "其他[x]", ODD, "out[1].csv"):
        assert text in out, text
    assert "\\[" not in out


def test_classes_are_told_with_the_name_as_written(capsys, tmp_path):
    path = tmp_path / "readings.csv"
    path.write_text(f"断面名称,监测时间,总磷\n{ODD},2025-03-05,0.1\n", encoding="utf-8")
    code, out = run(capsys, "classify", path)
    assert code == 0
    assert ODD in out and "Ⅱ" in out and "blue" not in out


def test_the_titles_and_columns_of_a_plan_are_printed_as_written(capsys, tmp_path):
    folder = tmp_path / "chaoyang"
    shutil.copytree(data_folder() / "chaoyang", folder, ignore=shutil.ignore_patterns("examples"))
    path = folder / "projects.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    path.write_text("\n".join([lines[0] + ",cost[mg]", *(f"{x},1" for x in lines[1:])]), "utf-8")
    code, out = run(capsys, "plan", folder)
    assert code == 0
    assert "cost[mg]" in out
