"""Lists of what lies on many ways, each thing once and in its order, as texts."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from chaoyang_geo.rivers.places import Ways

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]


def rivers_passed(names: Any, ways: Ways, n: int) -> list[str]:
    """Return the names of the rivers of each way in the order downstream; unnamed ones left out."""
    import numpy as np
    import pandas as pd

    number, distinct = pd.factorize(names)
    own = number[ways.reach]
    named = np.flatnonzero((distinct != "")[own])
    pair, own = ways.pair[named], own[named]
    first = first_of(pair, own)
    return joined(pair[first], own[first], distinct, n)


def first_of(group: Ints, member: Ints) -> Ints:
    """Return where each member of a group stands for the first time, in their order."""
    import numpy as np

    size = int(member.max(initial=0)) + 1
    first: Ints = np.sort(np.unique(group * size + member, return_index=True)[1])
    return first


def joined(group: Ints, member: Ints, texts: Any, n: int) -> list[str]:
    """Return the texts of the members of each of n groups, joined by ``;``; sorted by group."""
    import numpy as np

    bounds = np.searchsorted(group, np.arange(n + 1)).tolist()
    listed = texts[member].tolist()
    return [
        ";".join(listed[first:last]) if last > first else ""
        for first, last in itertools.pairwise(bounds)
    ]
