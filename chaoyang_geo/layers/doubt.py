"""What was taken to be so and might not be, in both languages."""

from __future__ import annotations

from typing import NamedTuple


class Doubt(NamedTuple):
    """One doubt: ``zh`` stands in tables of flags, ``en`` is the text of the warning."""

    zh: str
    en: str


class DoubtWarning(UserWarning):
    """A doubt as a warning: its text is English, ``zh`` is what the command says in Chinese."""

    def __init__(self, text: str, zh: str = "") -> None:
        super().__init__(text)
        self.zh = zh
