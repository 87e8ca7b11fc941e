"""What a measured value can be at all: engineering bounds, not limits of any standard.

They say which number deserves a second look. None is taken from a rule text, so every row
carries the status ``assumed``, and every table of them can be replaced by the caller's own.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@cache
def _read(file: str) -> pd.DataFrame:
    import pandas as pd

    path = resources.files(__package__).joinpath(file)
    with path.open("r", encoding="utf-8") as stream:
        table = pd.read_csv(stream, dtype=str, keep_default_na=False)
    for column in table.columns.intersection(["low", "high", "least_jump"]):
        table[column] = table[column].replace("", "nan").astype("float64")
    return table


def plausible() -> pd.DataFrame:
    """Return the bounds within which a value of each item is believable.

    Returns
    -------
    DataFrame, one row per item
        ``item``, ``unit``, ``low`` and ``high`` (both still believable), ``least_jump`` (the
        smallest change that is called a jump, in ``unit``), ``jump_by`` (``difference``: the
        change alone counts; ``ratio``: it must also be large against the usual level),
        ``why``, ``status`` (``assumed``: engineering judgement, from no standard).

    Examples
    --------
    >>> from chaoyang_geo.standards.plausible import plausible
    >>> plausible().query("item == 'ph'")[["low", "high", "status"]].values.tolist()
    [[0.0, 14.0, 'assumed']]
    """
    return _read("plausible.csv").copy()


def part_whole() -> pd.DataFrame:
    """Return the pairs of items of which one cannot exceed the other.

    Returns
    -------
    DataFrame, one row per pair
        ``part``, ``whole`` (keys of items), ``why``, ``status`` (``assumed``).

    Examples
    --------
    >>> from chaoyang_geo.standards.plausible import part_whole
    >>> part_whole().loc[0, ["part", "whole"]].tolist()
    ['nh3_n', 'tn']
    """
    return _read("part_whole.csv").copy()
