"""What was taken to be so and might not be, in both languages."""

from __future__ import annotations

from typing import NamedTuple


class Doubt(NamedTuple):
    """One doubt: ``zh`` stands in tables of flags, ``en`` is the text of the warning."""

    zh: str
    en: str
