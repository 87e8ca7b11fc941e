"""A slow, plain second route to the class: loops over dicts, exact decimals, nothing vectorised.

It knows nothing of the library. The limits are typed here from GB 3838-2002, Table 1, the decimals
from 环办监测函〔2020〕82号, the order of the main pollutants from 环办〔2011〕22号. A reading is
a dict with ``section_code``, ``time`` (a datetime), ``item``, ``value``, ``unit``, ``censored``,
``detection_limit``; numbers are floats, read as the decimals that they print as.
"""

from __future__ import annotations

import math
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import Any

CLASSES = ("Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", "劣Ⅴ")
WORST = 5

#: Highest value of Ⅰ to Ⅴ. Of phosphorus and nitrogen those of rivers and of lakes.
AT_MOST = {
    "cod_mn": "2 4 6 10 15",
    "cod": "15 15 20 30 40",
    "bod5": "3 3 4 6 10",
    "nh3_n": "0.15 0.5 1.0 1.5 2.0",
    "cu": "0.01 1.0 1.0 1.0 1.0",
    "zn": "0.05 1.0 1.0 2.0 2.0",
    "f": "1.0 1.0 1.0 1.5 1.5",
    "se": "0.01 0.01 0.01 0.02 0.02",
    "as": "0.05 0.05 0.05 0.1 0.1",
    "hg": "0.00005 0.00005 0.0001 0.001 0.001",
    "cd": "0.001 0.005 0.005 0.005 0.01",
    "cr6": "0.01 0.05 0.05 0.05 0.1",
    "pb": "0.01 0.01 0.05 0.05 0.1",
    "cn": "0.005 0.05 0.2 0.2 0.2",
    "volatile_phenol": "0.002 0.002 0.005 0.01 0.1",
    "petroleum": "0.05 0.05 0.05 0.5 1.0",
    "las": "0.2 0.2 0.2 0.3 0.3",
    "sulfide": "0.05 0.1 0.2 0.5 1.0",
    "fecal_coliform": "200 2000 10000 20000 40000",
}
TP = {"river": "0.02 0.1 0.2 0.3 0.4", "lake": "0.01 0.025 0.05 0.1 0.2"}
TN = {"lake": "0.2 0.5 1.0 1.5 2.0"}
OXYGEN_AT_LEAST = "7.5 6 5 3 2"
PH_WITHIN = (Fraction(6), Fraction(9))

#: In the order of Table 1.
ITEMS = (
    "water_temp", "ph", "do", "cod_mn", "cod", "bod5", "nh3_n", "tp", "tn", "cu", "zn", "f", "se",
    "as", "hg", "cd", "cr6", "pb", "cn", "volatile_phenol", "petroleum", "las", "sulfide",
    "fecal_coliform",
)  # fmt: skip
NEVER_IN_CLASS = {"water_temp", "tn", "fecal_coliform"}
CORE = ("ph", "do", "cod_mn", "nh3_n", "tp")
METALS_AND_CYANIDE = {"cn", "cu", "zn", "as", "hg", "cd", "cr6", "pb"}
NO_MULTIPLE = {"water_temp", "ph", "do"}
UNITS = {"ph": {"", "无量纲"}, "fecal_coliform": {"", "个/L"}, "water_temp": {"", "℃"}}
DECIMALS = {
    "ph": 0, "do": 1, "cod_mn": 1, "cod": 1, "bod5": 1, "nh3_n": 2, "tp": 3, "tn": 2, "cu": 3,
    "zn": 3, "f": 3, "se": 4, "as": 4, "hg": 5, "cd": 5, "cr6": 3, "pb": 3, "cn": 3,
    "volatile_phenol": 4, "petroleum": 2, "las": 2, "sulfide": 3, "water_temp": 1,
}  # fmt: skip


def exact(number: float) -> Fraction:
    """Return the decimal that a float prints as."""
    return Fraction(Decimal(repr(float(number))))


def missing(number: Any) -> bool:
    return number is None or math.isnan(number)


def limits_of(item: str, water_type: str) -> list[Fraction] | None:
    """Return the five limits of an item that has them, Ⅰ first."""
    text = AT_MOST.get(item)
    if item == "tp":
        text = TP[water_type]
    if item == "tn":
        text = TN.get(water_type)
    if item == "do":
        text = OXYGEN_AT_LEAST
    return None if text is None else [Fraction(limit) for limit in text.split()]


def has_limits(item: str, water_type: str) -> bool:
    return item == "ph" or limits_of(item, water_type) is not None


def rank_of(item: str, value: Fraction, water_type: str) -> int:
    """Return the first class whose limit the value keeps, 0 for Ⅰ to 5 for 劣Ⅴ."""
    if item == "ph":
        return 0 if PH_WITHIN[0] <= value <= PH_WITHIN[1] else WORST
    limits = limits_of(item, water_type)
    assert limits is not None
    for rank, limit in enumerate(limits):
        if (value >= limit) if item == "do" else (value <= limit):
            return rank
    return WORST


def points_of_a_range(item: str, low: Fraction, high: Fraction | None, water_type: str) -> list:
    """Return numbers of an open range that see every class in it: some between all bounds."""
    bounds = set(PH_WITHIN if item == "ph" else limits_of(item, water_type) or [])
    marks = sorted({low, *(b for b in bounds if b > low and (high is None or b < high))})
    end = high if high is not None else max(marks[-1], *bounds) + 1
    marks = [*marks, end]
    inner = [(a + b) / 2 for a, b in pairwise(marks)]
    return inner + marks[1:-1]


def ranks_of(reading: dict, water_type: str) -> tuple[int, int] | None:
    """Return the best and the worst class of a reading; None where it says nothing."""
    item = reading["item"]
    if item not in ITEMS or not has_limits(item, water_type):
        return None
    if reading["unit"] not in UNITS.get(item, {"", "mg/L"}):
        return None
    number = reading["detection_limit"] if reading["censored"] else reading["value"]
    if missing(number) or math.isinf(number) or number < 0:
        return None
    if not reading["censored"]:
        rank = rank_of(item, exact(number), water_type)
        return rank, rank
    if number == 0:
        return None if reading["censored"] == "<" else all_of(item, Fraction(0), None, water_type)
    low, high = (
        (Fraction(0), exact(number)) if reading["censored"] == "<" else (exact(number), None)
    )
    return all_of(item, low, high, water_type)


def all_of(item: str, low: Fraction, high: Fraction | None, water_type: str) -> tuple[int, int]:
    ranks = [rank_of(item, x, water_type) for x in points_of_a_range(item, low, high, water_type)]
    return min(ranks), max(ranks)


def class_of_reading(reading: dict, water_type: str) -> str | None:
    """Return the class of one reading; None where there is none or more than one."""
    ranks = ranks_of(reading, water_type)
    return CLASSES[ranks[0]] if ranks and ranks[0] == ranks[1] else None


def next_limit(item: str, value: Fraction, water_type: str) -> Fraction | None:
    """Return the limit that the value would have to keep to be in the next better class."""
    rank = rank_of(item, value, water_type)
    if rank == 0:
        return None
    if item == "ph":
        return PH_WITHIN[0] if value < PH_WITHIN[0] else PH_WITHIN[1]
    limits = limits_of(item, water_type)
    assert limits is not None
    return limits[rank - 1]


def multiple(item: str, value: Fraction, rank: int, water_type: str) -> Fraction | None:
    """Return (C - S) / S over the limit of a class; None where the rule has none."""
    limits = limits_of(item, water_type)
    if item in NO_MULTIPLE or limits is None:
        return None
    return (value - limits[rank]) / limits[rank]


def verdict(found: list[dict], water_type: str, target: str | None) -> dict:
    """Return the class of a section from its items: ``item``, ``low``, ``high`` rank, ``value``.

    ``value`` is the number that stands for the item: of a censored one its limit.
    """
    decided = [one for one in found if one["low"] == one["high"]]
    # an item that no single class fits counts with the best that it allows, never with Ⅰ; without
    # a decided item beside it only beyond Ⅲ
    judged = decided + [
        one
        for one in found
        if one["low"] != one["high"] and one["low"] > 0 and (decided or one["low"] > 2)
    ]
    rank = max((one["low"] for one in judged), default=None)
    deciding = [one for one in judged if one["low"] == rank and rank]
    over = [one for one in judged if one["low"] > 2]
    for one in over:
        one["times_3"] = multiple(one["item"], one["value"], 2, water_type)
    place: dict[str, tuple] = {}
    for one in over:
        times = float(round(one["times_3"], 9)) if one["times_3"] is not None else 0.0
        key = (one["item"] not in METALS_AND_CYANIDE, -one["low"], -times)
        place[one["item"]] = min(key, place.get(one["item"], key))
    result = {
        "class": None if rank is None else CLASSES[rank],
        "deciding_items": {one["item"] for one in deciding},
        "place": place,  # of each item worse than Ⅲ: what the main pollutants are sorted by
        "times_over_3": largest(one["times_3"] for one in over),
        "times_over": None,
        "attained": None,
        "n_readings": len(judged),
    }
    if target is not None and rank is not None:
        goal = CLASSES.index(target)
        result["attained"] = rank <= goal
        if rank <= goal and any(one["low"] < one["high"] > goal for one in found):
            result["attained"] = None
        if goal < WORST:
            result["times_over"] = largest(
                multiple(one["item"], one["value"], goal, water_type) for one in judged
            )
    return result


def largest(multiples: Any) -> Fraction | None:
    """Return the largest multiple above zero."""
    return max((x for x in multiples if x is not None and x > 0), default=None)


def section_at_a_time(readings: list[dict], water_type: str, target: str | None) -> dict:
    """Return the verdict on a section from the readings of one moment: the worst counts."""
    found = []
    undecided, seen = set(), set()
    for reading in readings:
        if reading["item"] in NEVER_IN_CLASS:
            continue
        ranks = ranks_of(reading, water_type)
        if reading["censored"] or not missing(reading["value"]):
            seen.add(reading["item"])  # measured, also where it has no class
        if ranks is None:
            continue
        number = reading["detection_limit"] if reading["censored"] else reading["value"]
        found.append(
            {"item": reading["item"], "low": ranks[0], "high": ranks[1], "value": exact(number)}
        )
        if ranks[0] != ranks[1]:
            undecided.add(reading["item"])
    result = verdict(found, water_type, target)
    result["items_missing"] = [item for item in CORE if item not in seen]
    if len(result["items_missing"]) == len(CORE) and result["attained"]:
        result["attained"] = None  # what was measured says little of the section
    result["undecided"] = undecided
    result["class_best"] = CLASSES[max(one["low"] for one in found)] if found else None
    result["class_worst"] = CLASSES[max(one["high"] for one in found)] if found else None
    return result


def rounded(value: Fraction, decimals: int | None) -> Fraction:
    """Return a number rounded half to even in one step; one digit stays where 0 would."""
    if decimals is None or value == 0:
        return value
    with localcontext() as context:
        context.prec = 60
        number = Decimal(value.numerator) / Decimal(value.denominator)
        number = number.quantize(Decimal("1e-30"), ROUND_HALF_EVEN)  # the noise of logarithms
        kept = number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
        if kept == 0:
            kept = number.quantize(Decimal(1).scaleb(number.adjusted()), ROUND_HALF_EVEN)
        return Fraction(kept)


def mean_of(item: str, numbers: list[Fraction]) -> Fraction:
    """Return the arithmetic mean, of pH through the hydrogen ion."""
    if item != "ph":
        return sum(numbers, Fraction(0)) / len(numbers)
    with localcontext() as context:
        context.prec = 60
        ions = [Decimal(10) ** -(Decimal(x.numerator) / Decimal(x.denominator)) for x in numbers]
        return Fraction(-(sum(ions) / len(ions)).log10())


def month_means(readings: list[dict], share: Fraction) -> dict[str, Fraction]:
    """Return the rounded mean of each item; a value below detection is a share of its limit."""
    numbers: dict[str, list[Fraction]] = {}
    for reading in readings:
        item = reading["item"]
        if item not in ITEMS or reading["unit"] not in UNITS.get(item, {"", "mg/L"}):
            continue
        if reading["censored"] == "<" and not missing(reading["detection_limit"]):
            numbers.setdefault(item, []).append(share * exact(reading["detection_limit"]))
        elif reading["censored"] == "" and not missing(reading["value"]):
            numbers.setdefault(item, []).append(exact(reading["value"]))
    return {
        item: rounded(mean_of(item, values), DECIMALS.get(item)) for item, values in numbers.items()
    }


def section_in_a_month(readings: list[dict], water_type: str, target: str | None) -> dict:
    """Return the verdict on a section from the means of a month."""
    routes = [month_means(readings, share) for share in (Fraction(1, 2), Fraction(0), Fraction(1))]
    found, ends = [], []
    for item, value in routes[0].items():
        if item in NEVER_IN_CLASS or not has_limits(item, water_type):
            continue
        rank = rank_of(item, value, water_type)
        found.append({"item": item, "low": rank, "high": rank, "value": value})
        # between the two ends every value is possible, the best of pH lies inside
        low, high = routes[1][item], routes[2][item]
        ranks = [rank_of(item, x, water_type) for x in (low, high, value)]
        if low < high:
            ranks += [rank_of(item, x, water_type)
                      for x in points_of_a_range(item, low, high, water_type)]  # fmt: skip
        ends.append((min(ranks), max(ranks)))
    result = verdict(found, water_type, target)
    result["means"] = routes[0]
    result["items_missing"] = [item for item in CORE if item not in routes[0]]
    if len(result["items_missing"]) == len(CORE) and result["attained"]:
        result["attained"] = None  # what was measured says little of the section
    result["class_best"] = CLASSES[max(low for low, _ in ends)] if ends else None
    result["class_worst"] = CLASSES[max(high for _, high in ends)] if ends else None
    return result


def month_of(time: datetime) -> datetime:
    return datetime(time.year, time.month, 1)
