#!/usr/bin/env python
"""Feed random texts to the parsers of values, times, units and names of items.

Any exception, a hang, an invented number or an answer that depends on the company a text is
in ends the run: the input is written beside it and belongs into the tests.
"""

import math
import re
import sys

import atheris

with atheris.instrument_imports(include=["chaoyang_geo"]):
    from chaoyang_geo import standards
    from chaoyang_geo.readings import times, units, values
    from chaoyang_geo.readings.fold import fold

ITEMS = ["tp", "nh3_n", "no3", "ph", "fecal_coliform", "conductivity", "none"]
KNOWN = {None, *standards.items()["item"]}
FIELDS = ("value", "state", "censored", "detection_limit", "flag", "unit")


def check_values(texts):
    padded = texts + ["0.5"] * 64  # enough for the array path
    parsed = values.parse_values(padded)
    for i, text in enumerate(texts):
        for name, other in zip(FIELDS, values._parse(text), strict=True):
            one = getattr(parsed, name)[i]
            assert one == other or (one != one and other != other), (text, name, one, other)
        value, limit = float(parsed.value[i]), float(parsed.detection_limit[i])
        assert (parsed.state[i] == "number") == (not math.isnan(value)), text
        assert parsed.state[i] in values.STATES, text
        assert parsed.flag[i] or parsed.state[i] == "number", text
        for number in (value, limit):
            if math.isnan(number) or number == 0:
                continue
            digits = re.sub("[^0-9]", "", f"{abs(number):.17g}".split("e")[0])
            kept = re.sub("[^0-9]", "", fold(text))
            # a float of more than 15 digits may differ from its text in the last ones
            head = digits.strip("0")[:13] or "0"
            assert (
                head in kept or "10^" in fold(text) or "<sup" in text.lower() or len(head) == 13
            ), text


def check_times(texts):
    parsed = times.parse_times(texts + ["2025-03-05 14:00"] * 64, year=2025)
    for i, text in enumerate(texts):
        alone = times.parse_times([text], year=2025)
        assert parsed.problem[i] == alone.problem[0] and parsed.period[i] == alone.period[0], text
        assert parsed.time[i] == alone.time[0] or parsed.problem[i], text
        assert (parsed.problem[i] == "") == (parsed.period[i] in times.PERIODS), text
        begin, end = parsed.time[i], parsed.period_end[i]
        assert end != end or end > begin, text


def check_names(texts):
    for text in texts:
        assert standards.find_item(text) in KNOWN
        for item in ITEMS:
            got = units.resolve(item, text, name=text)
            assert math.isnan(got.factor) or got.factor > 0, text
            assert got.flag or not math.isnan(got.factor), text


def one_input(data):
    texts = data.decode("utf-8", errors="replace").split("\0")[:6]
    check_values(texts)
    check_times(texts)
    check_names(texts)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
