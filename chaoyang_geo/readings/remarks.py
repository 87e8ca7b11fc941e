"""What the remark of a row says of its empty cells: 断流 beside a blank is a dry river."""

from __future__ import annotations

from collections.abc import Sequence

from chaoyang_geo.codes import Coded, distinct_texts, pairs
from chaoyang_geo.readings.value_words import ORDER
from chaoyang_geo.readings.values import parse_values

_EMPTY = ("blank", "not_sampled")  # a cell that gives no reason of its own


def with_remarks(state: Coded, remark: Coded) -> Coded:
    """Return the states, those of empty cells by the reason that the row's remark gives.

    A cell that says more than that it is empty keeps what it says; a number stays a number.
    """
    said = parse_values(remark.texts).state
    reasons = [str(one) if one in ORDER else "" for one in said]
    if not any(reasons):
        return state

    def judged(both: Sequence[str]) -> str:
        own, reason = both
        return reason if reason and own in _EMPTY else own

    of_row = distinct_texts(Coded(reasons, remark.codes))
    return pairs([distinct_texts(state), of_row], judged)
