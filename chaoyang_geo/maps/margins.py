"""What stands around the map: subtitle, legend, notes, sources.

The notes are composed from the quality and the flags of the tables, so that what is derived,
assumed, synthetic or missing is always said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chaoyang_geo import standards
from chaoyang_geo.maps import geometry as shapes
from chaoyang_geo.maps import style
from chaoyang_geo.maps.facts import Facts, is_missing, rows
from chaoyang_geo.maps.model import Layer, Legend, LegendEntry, MapContent
from chaoyang_geo.maps.words import has_chinese, in_lang
from chaoyang_geo.schema import CLASSES, find_class

if TYPE_CHECKING:
    import pandas as pd

#: A copyright holder as a licence names it, up to the next stop.
_CREDIT = re.compile(r"©[^；;，,。、（）()]+")
_CONTRIBUTORS = re.compile(r"\s*(?:contributors|贡献者)$", re.IGNORECASE)

#: How many names a note lists before it says "and others".
_NAMES_IN_NOTE = 6


def subtitle(facts: Facts) -> str:
    """Say what is drawn, from when and from where."""
    words = facts.words
    parts = [
        words["subtitle_counts"].format(units=len(facts.units), sections=len(facts.sections)),
    ]
    if facts.latest:
        classed = [row for code, row in facts.latest.items() if facts.section_class(code)]
        times = facts.period(row["time"] for row in classed or facts.latest.values())
        said = words["subtitle_period" if facts.periods else "subtitle_read"]
        read = said.format(period=times or "—", read=len(classed))
        unclassed = len(facts.latest) - len(classed)
        more = words["subtitle_unclassed"].format(n=unclassed) if unclassed else ""
        parts.append(read + more)
        sources = [facts.name(row, "source") for row in facts.latest.values()]
        known = list(dict.fromkeys(source for source in sources if source))
        if known:
            parts.append(words["subtitle_source"].format(source=facts.names(known, limit=2)))
    else:
        parts.append(words["subtitle_none"])
    return words["stop"].join(parts)


def legends(facts: Facts, layers: Sequence[Layer]) -> tuple[Legend, ...]:
    """Return the legend: classes with counts, widths of rivers, the other signs."""
    words = facts.words
    present = {layer.key for layer in layers if layer.features}
    # A class, or the word for having none: both are counted by what stands on the map.
    unit_values = [
        facts.unit_class(code) or facts.unread(*facts.unit_sections[code]) for code in facts.units
    ]
    section_values = [facts.section_class(code) or facts.unread(code) for code in facts.sections]
    found_words = (words["no_class"],) if words["no_class"] in unit_values + section_values else ()
    classes = tuple(
        LegendEntry(
            f"unit-{style.class_key(value)}",
            style.class_name(value, facts.lang) if value in CLASSES else value,
            "polygon",
            (unit_values.count(value), section_values.count(value)),
            word=style.class_word(value, facts.lang) if value in CLASSES else "",
        )
        for value in (*CLASSES, *found_words, words["no_reading"])
    )
    heads = (words["legend_units"], words["legend_sections"])
    found = [Legend("class", words["legend_class"], classes, heads)]
    if "rivers" in present:
        found.append(Legend("rivers", words["legend_rivers"], _river_entries(facts)))
    others = [
        LegendEntry("section-2", words["legend_section_read"], "point"),
        LegendEntry("section-none", words["legend_section_none"], "point"),
    ]
    if "reservoirs" in present:
        others.append(LegendEntry("reservoir", words["layer_reservoirs"], "polygon"))
    if "counties" in present:
        others.append(LegendEntry("county", words["layer_counties"], "line"))
        others.append(LegendEntry("ground", words["legend_ground"], "polygon"))
    found.append(Legend("other", words["legend_other"], tuple(others)))
    return tuple(found)


def _river_entries(facts: Facts) -> tuple[LegendEntry, ...]:
    bounds = [bound for bound, _ in style.RIVER_WIDTHS]
    entries = []
    for number, (low, width) in enumerate(style.RIVER_WIDTHS):
        if number == 0:
            shown = facts.words["river_below"].format(high=f"{bounds[1]:,.0f}")
        elif number == len(bounds) - 1:
            shown = facts.words["river_above"].format(low=f"{low:,.0f}")
        else:
            high = f"{bounds[number + 1]:,.0f}"
            shown = facts.words["river_between"].format(low=f"{low:,.0f}", high=high)
        entries.append(LegendEntry("river", shown, "line", width=width))
    return tuple(entries)


def notes(facts: Facts) -> tuple[str, ...]:
    """Compose the plain notes from the quality and flags of the tables."""
    plan, words = facts.plan, facts.words
    notes: list[str] = []
    frames = {
        "units": plan.units,
        "rivers": plan.rivers,
        "sections": plan.sections,
        "reservoirs": plan.reservoirs,
        "counties": plan.counties,
    }
    qualities = {key: _values(frame, "quality") for key, frame in frames.items()}
    synthetic = [words[f"layer_{key}"] for key, found in qualities.items() if "synthetic" in found]
    if synthetic:
        notes.append(words["note_synthetic"].format(layers=facts.names(synthetic)))
    derived = [
        words[f"thing_{key}"]
        for key in ("units", "rivers", "sections")
        if "derived" in qualities[key]
    ]
    if derived:
        notes.append(words["note_derived"].format(things=facts.names(derived)))
    accuracy = [
        float(str(row["position_accuracy_m"]))
        for row in facts.sections.values()
        if not is_missing(row.get("position_accuracy_m"))
    ]
    if accuracy:
        nearest, farthest = (f"{metres / 1000:.0f}" for metres in (min(accuracy), max(accuracy)))
        span = nearest if nearest == farthest else f"{nearest}–{farthest}"
        notes.append(words["note_position"].format(km=span))
    drawn = plan.sections.geometry
    unplaced = [
        facts.section_name(str(code))
        for code, shape in zip(plan.sections["section_code"], drawn, strict=True)
        if not shapes.is_drawable(shape)
    ]
    if unplaced:
        notes.append(
            words["note_no_position"].format(names=facts.names(unplaced, limit=_NAMES_IN_NOTE))
        )
    assumed = {
        find_class(row.get("target_class"))
        for row in facts.sections.values()
        if row.get("target_quality") == "assumed"
    }
    if assumed - {None}:
        targets = [style.class_name(v, facts.lang) for v in CLASSES if v in assumed]
        notes.append(words["note_target"].format(targets=facts.names(targets)))
    if facts.several_times:
        notes.append(words["note_latest_period" if facts.periods else "note_latest"])
    if facts.unknown:
        names = facts.names(dict.fromkeys(facts.unknown), limit=_NAMES_IN_NOTE)
        notes.append(words["note_unknown"].format(n=len(facts.unknown), names=names))
    if facts.latest:
        standard = standards.citation(lang=facts.lang)
        notes.append(words["note_method"].format(standard=standard))
        if facts.periods:
            notes.append(words["note_means"])
    notes.append(words["note_review"])
    return tuple(notes)


def missing_note(content: MapContent, layer: Layer) -> tuple[str, ...]:
    """Count and name the rows of a layer that have no geometry; nothing when all have one."""
    if not layer.missing:
        return ()
    names = content.words["comma"].join(layer.missing[:_NAMES_IN_NOTE])
    more = content.words["and_more"] if len(layer.missing) > _NAMES_IN_NOTE else ""
    note = content.words["note_no_shape"].format(
        layer=layer.name, n=len(layer.missing), names=names + more
    )
    return (note,)


def attribution(facts: Facts) -> tuple[tuple[str, str], ...]:
    """Pair each source with its licence, or with what it was used for."""
    plan, words = facts.plan, facts.words
    read = dict.fromkeys(facts.name(row, "source") for row in facts.latest.values())
    found = [(source, words["reading_source"]) for source in read if source]
    listed = [
        (facts.name(row, "title"), facts.name(row, "licence"))
        for row in rows(plan.sources)
        if not is_missing(row.get("title"))
    ]
    if listed:
        return (*found, *listed)
    for key, frame in (
        ("units", plan.units),
        ("counties", plan.counties),
        ("rivers", plan.rivers),
        ("reservoirs", plan.reservoirs),
    ):
        for source in dict.fromkeys(_values(frame, "source")):
            found.append((in_lang(source, facts.lang), words[f"layer_{key}"]))
    return tuple(found)


def credits(attribution: Sequence[tuple[str, str]], lang: str) -> tuple[str, ...]:
    """Return the "© somebody" phrases of the sources: licences ask to see them on the map.

    Somebody whom the sources name in both languages stands there once, in that of the map.

    Examples
    --------
    >>> from chaoyang_geo.maps.margins import credits
    >>> pairs = [("水库（© OpenStreetMap contributors，ODbL 1.0）", "署名 © OpenStreetMap 贡献者")]
    >>> credits(pairs, "zh"), credits(pairs, "en")
    (('© OpenStreetMap 贡献者',), ('© OpenStreetMap contributors',))
    """
    found: dict[str, str] = {}
    for pair in attribution:
        for phrase in (each.strip() for part in pair for each in _CREDIT.findall(part)):
            holder = _CONTRIBUTORS.sub("", phrase).casefold()
            if holder not in found or has_chinese(phrase) == (lang == "zh"):
                found[holder] = phrase
    return tuple(found.values())


def _values(frame: pd.DataFrame, column: str) -> list[str]:
    """Return the distinct texts of a column in the order of the rows; none without the column."""
    if column not in frame.columns:
        return []
    return [str(value) for value in frame[column].dropna().unique()]


def with_entry(legends: tuple[Legend, ...], entry: LegendEntry, title: str) -> tuple[Legend, ...]:
    """Append an entry to the legend's last block, or begin one."""
    if not legends:
        return (Legend("other", title, (entry,)),)
    last = legends[-1]
    return (*legends[:-1], replace(last, entries=(*last.entries, entry)))
