"""Units as tables write them, and how a value comes to the usual unit of its item.

A table of factors (``standards/units.csv``) and not the registry of pint: the units of this
field are a few dozen; pint knows neither 毫克/升 nor 个/L, MPN/L or NTU and refuses
CFU/100mL; and what matters most, that mg/L *as N* is not mg/L *as NO3* and that MPN is not
CFU, is chemistry and counting that dimensions do not know. pint 0.25 reads ``mg/L as N``
as milligram attosecond newton per litre, without a word.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from chaoyang_geo import standards
from chaoyang_geo.readings.fold import fold

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: Counts of bacteria by three methods: alike in dimension, kept apart in the table.
COUNTS = ("count", "mpn", "cfu")

# mg/L(以NO3计), mg/L 以N计, mg/L as N, mg/L (N), mg/L-N, mg/L N
_OUTER_BASIS = re.compile(
    r"^(.*?)[ ,]*(?:\( ?(?:以|as )([^()]+?)计? ?\)|(?:以|as )([^()]+?)计?"
    r"|\( ?([A-Z][A-Za-z0-9]*[-+]*) ?\)|(?<=[Ll])[ -]([A-Z][A-Za-z0-9]*[-+]*))$"
)
# mgN/L, mg-N/L, mg N/L, μg NO3/L
_INNER_BASIS = re.compile(
    r"^(m|μ|u|n)?g[\s·-]*([A-Z][A-Za-z0-9]*)[-+^]*(?:-([NP]))?\s*/\s*(L|l|m3)$"
)


@dataclass(frozen=True)
class Resolved:
    """What a unit text means for an item: ``value * factor`` is in ``unit``.

    ``factor`` is NaN where nothing can be converted: the value then keeps the text as its
    unit. ``basis`` is what the text said (``N``, ``NO3``), ``''`` where it said nothing.
    """

    unit: str
    factor: float
    flag: str = ""
    basis: str = ""


@dataclass(frozen=True)
class _Unit:
    unit: str
    kind: str
    factor: float


def _key(text: str) -> str:
    """Fold a unit: case, width, spaces, multiplication dots and carets do not matter."""
    # NFKC after fold(), which has kept the superscripts apart; it resolves ㎎ and ㎏
    plain = unicodedata.normalize("NFKC", fold(text)).replace("μ", "u")
    plain = re.sub(r"[\s·•・⋅∙^*]|(?<=[a-zA-Z])\.(?=[a-zA-Z])", "", plain)
    return plain.strip("()").lower()


@cache
def _index() -> dict[str, _Unit]:
    index: dict[str, _Unit] = {}
    for row in standards.unit_forms().itertuples():
        unit = _Unit(str(row.unit), str(row.kind), float(str(row.factor)))
        for form in [unit.unit, *str(row.forms).split(";")]:
            if form:
                index[_key(form)] = unit
    return index


@cache
def cell_units() -> tuple[str, ...]:
    """Return the forms that may follow a number inside a cell, longest first."""
    forms: set[str] = set()
    for row in standards.unit_forms().itertuples():
        if row.kind in ("none", "degree"):
            continue
        forms |= {fold(form) for form in [str(row.unit), *str(row.forms).split(";")] if form}
    # a multiplier is part of a number there, and C, V and m are too short to be sure of
    sure = (f for f in forms if len(f) > 1 or f in "m%℃米")
    return tuple(sorted((f for f in sure if f[0] not in "×1"), key=lambda f: (-len(f), f)))


def _find(text: str) -> _Unit | None:
    return _index().get(_key(text))


def _basis_key(text: str) -> str:
    folded = re.sub(r"[\s^]|[-+]+$", "", unicodedata.normalize("NFKC", fold(text)))
    return {"SO42": "SO4", "PO43": "PO4", "S2": "S"}.get(folded, folded)


@cache
def molar_mass(formula: str) -> float:
    """Return the molar mass of a formula of H, C, N, O, P, S in g/mol, else NaN.

    Examples
    --------
    >>> from chaoyang_geo.readings.units import molar_mass
    >>> round(molar_mass("NO3"), 3)
    62.004
    """
    weights = standards.atomic_weights()
    parts = re.findall(r"([A-Z][a-z]?)(\d*)", formula)
    if "".join(a + b for a, b in parts) != formula or any(a not in weights for a, _ in parts):
        return math.nan
    return sum(weights[a] * int(b or 1) for a, b in parts)


def _basis_factor(said: str, own: str) -> float:
    """Factor from a mass as ``said`` to a mass as ``own``; NaN where they share no element."""
    for element in "NPS":
        atoms = [
            sum(int(n or 1) for a, n in re.findall(r"([A-Z][a-z]?)(\d*)", f) if a == element)
            for f in (said, own)
        ]
        if all(atoms):
            return molar_mass(own) / molar_mass(said) * atoms[0] / atoms[1]
    return math.nan


def _split_basis(text: str) -> tuple[str, str]:
    """Split ``mg/L(以NO3计)``, ``mg/L as N``, ``mgN/L`` into unit and basis."""
    inner = _INNER_BASIS.match(text)
    if inner:
        return f"{inner[1] or ''}g/{inner[4]}", inner[3] or _basis_key(inner[2])
    outer = _OUTER_BASIS.match(text)
    if outer:
        return outer[1], _basis_key(next(part for part in outer.groups()[1:] if part))
    return text, ""


def resolve(item: str, unit_text: str, *, name: str = "", same_counts: bool = False) -> Resolved:
    """Say how a value of ``item`` in ``unit_text`` comes to the item's usual unit.

    Parameters
    ----------
    item : str
        Key of an item; an unknown one keeps its unit.
    unit_text : str
        As the header, the column or the cell writes it; ``''`` where nothing is written.
    name : str, optional
        Name of the item as the table prints it. Where it leaves the basis open (``硝酸盐``)
        and the unit does too, the flag says which basis was taken.
    same_counts : bool
        Take 个, MPN and CFU for one another. They come from different methods, so without
        this the value keeps its own: 20 MPN/100mL becomes 200 MPN/L, never 200 个/L.

    Returns
    -------
    Resolved
        ``unit``, ``factor`` (NaN: not converted, ``unit`` is the text itself), ``flag``, ``basis``.

    Notes
    -----
    Between bases (``以NO3计`` to ``以N计``) by molar masses, from the atomic weights of IUPAC
    (doi:10.1515/pac-2015-0305); the flag names every such conversion.

    Examples
    --------
    >>> from chaoyang_geo.readings.units import resolve
    >>> resolve("tp", "μg/L")
    Resolved(unit='mg/L', factor=0.001, flag='', basis='')
    >>> resolve("nh3_n", "mg/L(以NH4计)").flag
    '以NH4计换算为以N计（×0.7765）'
    >>> resolve("tp", "NTU")
    Resolved(unit='NTU', factor=nan, flag='单位“NTU”不用于总磷，未换算', basis='')
    """
    return _resolve(item, unit_text, name, same_counts)


@cache
def _usual() -> dict[str, tuple[str, str, str]]:
    table = standards.items()
    rows = zip(table["item"], table["unit"], table["basis"], table["item_zh"], strict=True)
    return {item: (unit, basis, zh) for item, unit, basis, zh in rows}


@lru_cache(maxsize=4096)
def _resolve(item: str, unit_text: str, name: str, same_counts: bool) -> Resolved:
    text = fold(unit_text)
    shown = unit_text.strip()
    if item not in _usual():
        known = _find(text)
        return Resolved(known.unit if known else shown, 1.0)
    usual, own_basis, zh = _usual()[item]
    unit, basis = (text, "") if _find(text) or len(text) > 60 else _split_basis(text)
    flags: list[str] = []
    if not unit:
        unit = usual or "无量纲"
        if usual:
            flags.append(f"表中未注明单位，按{usual}")
    found, target = _find(unit), _find(usual or "无量纲")
    if found is None or target is None:
        return Resolved(shown, math.nan, f"单位“{shown}”无法识别，未换算", basis)
    factor, into = _between(item, found, target, own_basis, flags, same_counts)
    if math.isnan(factor):
        return Resolved(shown, math.nan, f"单位“{shown}”不用于{zh}，未换算", basis)
    if basis and basis != own_basis:
        by = _basis_factor(basis, own_basis) if found.kind == "mass" else math.nan
        if math.isnan(by):
            return Resolved(shown, math.nan, f"{zh}不能由以{basis}计换算，未换算", basis)
        factor *= by
        flags.append(f"以{basis}计换算为以{own_basis}计（×{by:.4g}）")
    elif not basis and own_basis in ("N", "P") and _open_basis(name):
        flags.append(f"未注明计量基准，按以{own_basis}计")
    return Resolved(into, factor, "；".join(flags), basis)


def _between(
    item: str,
    found: _Unit,
    target: _Unit,
    basis: str,
    flags: list[str],
    same_counts: bool,
) -> tuple[float, str]:
    """Factor between two units and the unit reached; NaN where there is none."""
    into = "" if target.kind == "none" else target.unit
    if found.kind == target.kind:
        if item == "chl_a" and found.unit == "mg/L":
            # a thousand times: the platform prints this unit, and no source says that it is right
            flags.append(f"叶绿素a由mg/L换算为{into}（×1000），国家平台表头的单位未经核实")
        return _ratio(found, target), into
    if item == "algal_density" and found.kind == "count":
        return found.factor, into  # 个/L of algae are cells/L
    if target.kind == "count" and found.kind in COUNTS:
        own = {"mpn": "MPN/L", "cfu": "CFU/L"}[found.kind]
        if same_counts:
            flags.append(f"{own}按{into}计")
            return found.factor, into
        flags.append(f"以{own}计，未换算为{into}")
        return found.factor, own
    if found.kind == "molar" and target.unit == "mg/L" and not math.isnan(molar_mass(basis)):
        flags.append(f"由{found.unit}按摩尔质量换算（以{basis}计，{molar_mass(basis):.3f} g/mol）")
        return found.factor * molar_mass(basis), into
    return math.nan, into


def scale(values: Floats, factor: float) -> Floats:
    """Return ``values * factor``, so that 1.1 μg/L is 0.0011 mg/L and not 0.0011000000000000001.

    Examples
    --------
    >>> import numpy as np
    >>> from chaoyang_geo.readings.units import scale
    >>> scale(np.array([1.1]), 0.001).tolist()
    [0.0011]
    """
    import numpy as np

    product = values * factor
    # to 15 digits, all that a product of two doubles is sure of; an integer over a power of
    # ten up to 1e22 is the double nearest to its decimals
    size = np.abs(product)
    sure = (size > 1e-7) & (size < 1e14)
    power = 10.0 ** (14 - np.floor(np.log10(size, where=sure, out=np.zeros_like(size))))
    return np.where(sure, np.round(product * power) / power, product)


def _ratio(found: _Unit, target: _Unit) -> float:
    # 12 digits: 1e-3 / 1e-3 must be 1, and 1 / 0.001 must be 1000
    return float(f"{found.factor / target.factor:.15g}")


def _open_basis(name: str) -> bool:
    """Whether a name as printed leaves open as what the mass is reported."""
    text = re.sub(r"[\s_-]", "", unicodedata.normalize("NFKC", name)).lower()
    return text in {"硝酸盐", "亚硝酸盐", "磷酸盐", "正磷酸盐", "nitrate", "nitrite"} | {
        "phosphate",
        "orthophosphate",
        "ammonia",
    }
