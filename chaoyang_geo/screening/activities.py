"""Activities: what a project does, as a small vocabulary that rules speak about."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from chaoyang_geo.screening.words import fold

if TYPE_CHECKING:
    import pandas as pd

#: Groups that a rule may name as ``@group``: Chinese and English.
GROUPS: dict[str, tuple[str, str]] = {
    "building": ("建设项目", "building projects"),
    "development": ("开发性、生产性建设", "development and production"),
    "discharging": ("排放污染物", "discharging pollutants"),
    "heavy_pollution": ("严重污染水体", "heavily polluting"),
    "intense": ("大规模高强度工业和城镇建设", "large and intense industry and towns"),
    "linear": (
        "线性基础设施、通信、防洪、供水",
        "linear works, telecom, flood control, water supply",
    ),
}


@dataclass(frozen=True)
class Activity:
    """One entry of the vocabulary."""

    activity: str
    zh: str
    en: str
    groups: tuple[str, ...]
    synonyms: tuple[str, ...]


@cache
def activities() -> dict[str, Activity]:
    """Return the vocabulary by key, from ``activities.csv`` beside this module."""
    path = resources.files(__package__).joinpath("activities.csv")
    with path.open("r", encoding="utf-8") as stream:
        return {
            row["activity"]: Activity(
                row["activity"],
                row["zh"],
                row["en"],
                tuple(part for part in row["groups"].split(";") if part),
                tuple(part for part in row["synonyms"].split(";") if part),
            )
            for row in csv.DictReader(stream)
        }


@cache
def _by_word() -> dict[str, str]:
    return {
        fold(word): key
        for key, entry in activities().items()
        for word in (key, entry.zh, entry.en, *entry.synonyms)
    }


def find_activity(text: object) -> str | None:
    """Return the key of the activity that a word means, else ``None``: nothing is guessed.

    Parameters
    ----------
    text
        A key, a Chinese or English name, or a synonym of the vocabulary; width, case, blanks and
        brackets play no part.

    Returns
    -------
    str or None
        The key in the column ``activity`` of :func:`activities_table`.

    Examples
    --------
    >>> from chaoyang_geo.screening import find_activity
    >>> find_activity("光伏"), find_activity("Solar farm"), find_activity("sewage_outlet")
    ('solar_farm', 'solar_farm', 'sewage_outlet')
    >>> find_activity("新型项目") is None
    True
    """
    return _by_word().get(fold(text))


def activity_words(activity: str, lang: str = "zh") -> str:
    """Return the name of an activity, of ``@group`` or of ``*``, for people."""
    if activity == "*":
        return "任何活动" if lang == "zh" else "any activity"
    if activity.startswith("@"):
        return GROUPS[activity[1:]][0 if lang == "zh" else 1]
    entry = activities()[activity]
    return entry.zh if lang == "zh" else entry.en


def activities_table() -> pd.DataFrame:
    """Return the vocabulary of activities as a table, one row per activity.

    Returns
    -------
    DataFrame
        ``activity`` (key), ``zh``, ``en``, ``groups`` (of which rules speak, joined by ``;``),
        ``synonyms`` (joined by ``;``).

    Notes
    -----
    Which group an activity belongs to is this library's own sorting; the texts of the rules name
    no list. A rule of the user's own may name activities one by one.

    Examples
    --------
    >>> from chaoyang_geo.screening import activities_table
    >>> activities_table().set_index("activity").loc["mining", "groups"]
    'building;development;discharging;intense'
    """
    import pandas as pd

    return pd.DataFrame(
        [
            (entry.activity, entry.zh, entry.en, ";".join(entry.groups), ";".join(entry.synonyms))
            for entry in activities().values()
        ],
        columns=["activity", "zh", "en", "groups", "synonyms"],
        dtype="str",
    )
