"""Which items are judged together, and which of them come first."""

from __future__ import annotations

from collections.abc import Iterable

from chaoyang_geo.schema import one_of
from chaoyang_geo.standards.substances import find_item

#: Sets of items by name, each in the order of its rule.
#: ``"21"``: enter the class (环办〔2011〕22号); ``"5"``: the fixed part of 5+X, judged since
#: 2021; ``"9"``: what every station measures (9+X, 环办监测函〔2020〕714号); ``"9_lake"``: the same
#: in lakes and reservoirs; ``"trophic"``: TLI(Σ); ``"drinking"``: GB 3838-2002 Table 2.
ITEM_SETS: dict[str, tuple[str, ...]] = {
    "21": tuple(
        "ph do cod_mn cod bod5 nh3_n tp cu zn f se as hg cd cr6 pb cn volatile_phenol petroleum "
        "las sulfide".split()
    ),
    "5": ("ph", "do", "cod_mn", "nh3_n", "tp"),
    "9": tuple("water_temp ph do conductivity turbidity cod_mn nh3_n tp tn".split()),
    "9_lake": tuple(
        "water_temp ph do conductivity turbidity cod_mn nh3_n tp tn chl_a transparency".split()
    ),
    "trophic": ("chl_a", "tp", "tn", "transparency", "cod_mn"),
    "drinking": ("so4", "cl", "no3_n", "fe", "mn"),
}

#: The items that the national platform judges, the "5" of the 5+X set in use since 2021.
CORE_ITEMS: tuple[str, ...] = ITEM_SETS["5"]

#: Cyanide and the heavy metals, which lead the main pollutants (环办〔2011〕22号). No text seen
#: lists the metals. These are the usual ones; arsenic, a metalloid, is managed with them, and
#: selenium, a non-metal, is not. Status of this list: rule ``main_priority_items``, derived.
PRIORITY_ITEMS: tuple[str, ...] = ("cn", "cu", "zn", "as", "hg", "cd", "cr6", "pb")


def item_set(items: str | Iterable[str]) -> tuple[str, ...]:
    """Return the keys of a set of items: one of ours by name, or the caller's own.

    Parameters
    ----------
    items : str or iterable of str
        A name of :data:`ITEM_SETS`, or items by key or any known name.

    Returns
    -------
    tuple of str
        Keys, in the order given.

    Raises
    ------
    ValueError
        An unknown set, an unknown item, an item twice, or none at all.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.item_set("5"), len(standards.item_set("21"))
    (('ph', 'do', 'cod_mn', 'nh3_n', 'tp'), 21)
    >>> standards.item_set(["溶解氧", "NH3-N", "tp"])
    ('do', 'nh3_n', 'tp')
    """
    if isinstance(items, str):
        one_of("items", items, ITEM_SETS)
        return ITEM_SETS[items]
    keys: list[str] = []
    for name in items:
        key = find_item(str(name))
        if key is None:
            raise ValueError(
                f"items: {name!r} is no known item; use a key or a name that "
                "chaoyang_geo.standards.items() lists, such as 'tp' or '总磷'."
            )
        if key in keys:
            raise ValueError(f"items: {name!r} ({key}) is there twice; name every item once.")
        keys.append(key)
    if not keys:
        raise ValueError(
            "items is empty; name at least one item, or a set: "
            f"{', '.join(repr(name) for name in ITEM_SETS)}."
        )
    return tuple(keys)
