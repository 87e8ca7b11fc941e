"""Which reaches a water body's name means: the same name, an alias, or a part of the river."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Ints = npt.NDArray[np.int64]

#: How sure a name is, by the way it was found.
SAME, ALIAS, PART = 1.0, 0.95, 0.9

_BRACKET = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")
_TRUNK = re.compile(r"(?:干流|主河道|主河槽|水系)$")
_STRETCH = re.compile(r"^\w{0,6}段$")
_SEPARATORS = re.compile(r"[;；、/]")


class Wanted(NamedTuple):
    """A name as given, the reaches that it means, how sure, and what to say."""

    name: str
    reaches: Ints
    score: float
    note: str


def fold_river(name: object) -> str:
    """Return one spelling of a river's name: full width, blanks and capitals made plain.

    Examples
    --------
    >>> from chaoyang_geo.rivers.called import fold_river
    >>> fold_river("大凌河 （西支）")
    '大凌河(西支)'
    """
    plain = unicodedata.normalize("NFKC", str(name)).lower()
    return "".join(
        c for c in plain if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf")
    )


def split_names(text: str) -> list[str]:
    """Split a cell of several names: ``大凌河；小凌河``, ``大凌河/小凌河``.

    Examples
    --------
    >>> from chaoyang_geo.rivers.called import split_names
    >>> split_names("大凌河；小凌河"), split_names("")
    (['大凌河', '小凌河'], [])
    """
    return [part for part in map(fold_river, _SEPARATORS.split(text)) if part]


class RiverNames:
    """The names of a network's reaches, to be asked for one name at a time."""

    def __init__(
        self,
        names: pd.Series | None,
        aliases: pd.Series | None,
        meant: Mapping[str, str] | None,
    ) -> None:
        import numpy as np
        import pandas as pd

        self._reaches: dict[str, list[Ints]] = {}
        self._by_alias: dict[str, list[Ints]] = {}
        for given, into in ((names, self._reaches), (aliases, self._by_alias)):
            if given is None:
                continue
            codes, distinct = pd.factorize(given.to_numpy(dtype=object))
            order = np.argsort(codes, kind="stable")
            bounds = np.searchsorted(codes[order], np.arange(len(distinct) + 1))
            for number, text in enumerate(distinct):
                rows = order[bounds[number] : bounds[number + 1]]
                for name in split_names(str(text)):
                    into.setdefault(name, []).append(rows)
        self._meant = {fold_river(a): str(b) for a, b in (meant or {}).items()}
        self._bare: dict[str, list[str]] = {}
        for name in self._reaches:
            self._bare.setdefault(_bare(name), []).append(name)

    @property
    def any(self) -> bool:
        """Whether a reach has a name at all."""
        return bool(self._reaches or self._by_alias)

    def find(self, given: str) -> Wanted:
        """Return the reaches that a cell's name means; none when the name is not there."""
        import numpy as np

        found: list[Ints] = []
        scores: list[float] = []
        notes: list[str] = []
        for name in split_names(given):
            rows, score, note = self._one(name)
            if rows:
                found += rows
                scores.append(score)
                notes.append(note)
        if not found:
            return Wanted(given, np.empty(0, "int64"), 0.0, "")
        reaches = np.unique(np.concatenate(found))
        return Wanted(given, reaches, min(scores), "；".join(note for note in notes if note))

    def _one(self, name: str) -> tuple[list[Ints], float, str]:
        if name in self._meant:
            targets = split_names(self._meant[name])
            rows = [r for target in targets for r in self._reaches.get(target, [])]
            if rows:
                return rows, ALIAS, f"按别名对照“{name}”即“{self._meant[name]}”"
        if name in self._reaches:
            return self._reaches[name], SAME, ""
        if name in self._by_alias:
            return self._by_alias[name], ALIAS, f"“{name}”是河段的别名"
        called = self._bare.get(_bare(name), [])
        if not called:  # the longest river of which this is a stretch: 大凌河朝阳段
            stems = [
                n for n in self._reaches if name.startswith(n) and _STRETCH.match(name[len(n) :])
            ]
            called = [max(stems, key=len)] if stems else []
        rows = [r for n in called for r in self._reaches[n]]
        return rows, PART, f"“{name}”按“{'、'.join(called)}”查找" if rows else ""


def number_texts(texts: Any) -> tuple[Ints, list[str]]:
    """Number the distinct texts as they come; an empty one is -1.

    Examples
    --------
    >>> from chaoyang_geo.rivers.called import number_texts
    >>> codes, distinct = number_texts(["b", "", "a", "b"])
    >>> codes.tolist(), distinct
    ([0, -1, 1, 0], ['b', 'a'])
    """
    import numpy as np
    import pandas as pd

    series = pd.Series(np.asarray(texts, dtype=object), dtype="object")
    codes, distinct = pd.factorize(series.where(series != "", None))
    return codes.astype("int64"), [str(text) for text in distinct]


def _bare(name: str) -> str:
    """Return a folded name without brackets and without 干流."""
    bare = _TRUNK.sub("", _BRACKET.sub("", name))
    return bare or name
