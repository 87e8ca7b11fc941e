"""What the worked values of the formulas pages share: small tables, and the list of checks."""

from collections.abc import Callable

import pandas as pd

MONTH, NEXT = pd.Timestamp("2025-10-01"), pd.Timestamp("2025-11-01")
CHECKS: dict[str, Callable[..., str]] = {}


def worked(check: Callable[..., str]) -> Callable[..., str]:
    """Keep a worked value under the name of its function, which is the id of its row."""
    CHECKS[check.__name__] = check
    return check


def registry(kind="river", target="Ⅲ", codes=("S1",)):
    return pd.DataFrame({"section_code": list(codes), "water_type": kind, "target_class": target})


def readings(values, **more):
    """One reading of each item, all at one time."""
    keys = {"section_code": "S1", "time": MONTH}
    return pd.DataFrame({**keys, "item": list(values), "value": list(values.values()), **more})


def means_of(item, values, begin="2025-01-01", code="S1"):
    """Means of consecutive months."""
    period = pd.date_range(begin, periods=len(values), freq="MS")
    return pd.DataFrame({
        "section_code": code, "item": item, "mean": values, "period": period,
        "period_end": period + pd.offsets.MonthBegin(),
    })  # fmt: skip


def listed(values, form="g"):
    return ", ".join(f"{value:{form}}" for value in values)


def group_of(classes, kind="river", **more):
    return pd.DataFrame({
        "section_code": [f"S{n}" for n in range(len(classes))], "water_type": kind, "basin": "B",
        "class": list(classes), "period": MONTH, "period_end": NEXT, **more,
    })  # fmt: skip


def over_sections(item, values):
    return pd.DataFrame({
        "section_code": [f"S{n}" for n in range(len(values))], "item": item, "mean": values,
        "period": MONTH, "period_end": NEXT,
    })  # fmt: skip
