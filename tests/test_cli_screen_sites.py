"""What the command says of sites that are not what it takes them for."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from chaoyang_geo.cli import main

E, N = 537_000.0, 4_604_000.0


def screen(capsys: Any, folder: Path, sites: str) -> str:
    gpd.GeoDataFrame({"名称": ["示例"]}, geometry=[box(E, N, E + 9, N + 9)], crs=4549).to_file(
        folder / "红线.gpkg"
    )
    with pytest.raises(SystemExit):
        main(["screen", str(folder / sites), str(folder / "红线.gpkg"), "--out", str(folder / "o"),
              "--formats", "json", "--plan", "none", "--network", "none", "--json"])  # fmt: skip
    return str(capsys.readouterr().err)


def test_activities_that_nobody_knows_are_told_with_their_rows(capsys: Any, tmp_path: Path) -> None:
    table = {"编码": list("abc"), "名称": "示例", "活动": ["光伏", "光伏、公路", ""]}
    gpd.GeoDataFrame(table, geometry=[box(E, N, E + 5, N + 5)] * 3, crs=4549).to_file(
        tmp_path / "项目.gpkg"
    )
    said = screen(capsys, tmp_path, "项目.gpkg")
    assert "项目.gpkg: 活动: no known activity in row 2: '光伏、公路'; row 3: ''." in said


def test_corners_of_one_site_in_rows_say_what_to_do(capsys: Any, tmp_path: Path) -> None:
    table = {"编码": ["P1"] * 4, "活动": "光伏", "X": [N, N + 9, N + 9, N],
             "Y": [40e6 + E, 40e6 + E, 40e6 + E + 9, 40e6 + E + 9]}  # fmt: skip
    pd.DataFrame(table).to_csv(tmp_path / "界址点.csv", index=False, encoding="gbk")
    assert "corners of one site, draw its polygon first" in screen(capsys, tmp_path, "界址点.csv")
