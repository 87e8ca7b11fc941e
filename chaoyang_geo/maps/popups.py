"""What a click on the map says: why a place has its class, from which readings, and what it is.

Built once as plain text (:class:`~chaoyang_geo.maps.model.Popup`); the viewer and the notebook
draw the same popup and write every text as text.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from chaoyang_geo.maps.facts import Facts, Row, is_missing, text
from chaoyang_geo.maps.model import Badge, Cell, Popup, Table
from chaoyang_geo.maps.style import class_key, class_name
from chaoyang_geo.maps.words import has_chinese
from chaoyang_geo.reasons import doubts_text
from chaoyang_geo.schema import CLASSES, find_class, label, one_of, split_codes


def unit_popup(facts: Facts, unit_code: str) -> Popup:
    """Explain the class of a control unit."""
    unit, words = facts.units[unit_code], facts.words
    codes, read = facts.unit_sections[unit_code], facts.read_sections(unit_code)
    value = facts.unit_class(unit_code)
    told = [code for code in codes if code in facts.latest]
    tables = [table for code in told for table in _items_table(facts, code)]
    members = _members_table(facts, unit_code)
    listed = ((words["sections_label"], _sections_text(facts, codes)),)
    return Popup(
        title=facts.name(unit, "unit_name"),
        kind=words["unit"],
        badge=facts.class_badge(value, facts.unread(*codes)),
        paragraphs=tuple(_unit_reasons(facts, codes, read)),
        rows=_filled(
            [row for code in told for row in _reading_rows(facts, code, several=len(codes) > 1)]
            + [
                *listed,
                (words["water_body"], facts.name(unit, "water_body")),
                (words["basin"], facts.name(unit, "basin")),
                (words["area"], amount(unit.get("area_km2"), "km²")),
                (words["upstream"], amount(unit.get("upstream_km2"), "km²")),
                (words["projects"], _projects_text(facts, unit_code)),
                (words["quality"], quality_text(facts, unit.get("quality"))),
                (words["source"], facts.name(unit, "source")),
            ]
        ),
        tables=(*tables, *members),
    )


def section_popup(facts: Facts, section_code: str) -> Popup:
    """Explain the class of a monitoring section."""
    section, words = facts.sections[section_code], facts.words
    value = facts.section_class(section_code)
    unit = facts.units.get(str(section["unit_code"]))
    return Popup(
        title=facts.section_name(section_code),
        kind=words["section"],
        badge=facts.class_badge(value, facts.unread(section_code)),
        paragraphs=tuple(_section_reasons(facts, section_code)),
        rows=_filled(
            [
                *_reading_rows(facts, section_code),
                (words["unit_label"], "" if unit is None else facts.name(unit, "unit_name")),
                (words["water_body"], facts.name(section, "water_body")),
                (words["level"], _level_text(facts, section.get("level"))),
                (words["aliases"], facts.names(_aliases(facts, section))),
                (words["upstream"], amount(section.get("upstream_km2"), "km²")),
                (words["position"], _position_text(facts, section)),
                (words["quality"], quality_text(facts, section.get("quality"))),
                (words["source"], facts.name(section, "source")),
            ]
        ),
        tables=tuple(_items_table(facts, section_code)),
    )


def plain_popup(
    facts: Facts, row: Row, *, title: str, kind: str, columns: Sequence[tuple[str, str]]
) -> Popup:
    """Show some columns of a river, reservoir or county: pairs of label and text."""
    shown = [
        *columns,
        (facts.words["quality"], quality_text(facts, row.get("quality"))),
        (facts.words["source"], facts.name(row, "source")),
    ]
    return Popup(title=title, kind=kind, rows=_filled(shown))


def own_popup(
    row: Row,
    *,
    title: str,
    kind: str,
    columns: Sequence[str],
    lang: str,
    dates: Collection[str] = (),
) -> Popup:
    """Show the columns of a user's own feature; a missing cell is a dash, not a gap.

    ``dates`` are the columns of times that are written as days.
    """
    one_of("lang", lang, ("zh", "en"))
    shown = tuple(
        (label(name, lang), text(row[name], lang, dates=name in dates) or "—") for name in columns
    )
    return Popup(title=title, kind=kind, rows=shown)


def quality_text(facts: Facts, value: object) -> str:
    """Return the word for a quality; an unknown one stays as it is."""
    return facts.words.get(f"quality_{value}", text(value, facts.lang))


def _filled(pairs: Sequence[tuple[str, Cell]]) -> tuple[tuple[str, Cell], ...]:
    return tuple((name, value) for name, value in pairs if value)


def amount(value: object, unit: str, *, digits: int = 0) -> str:
    """Write a number with its unit; missing is an empty text."""
    return "" if is_missing(value) else f"{float(str(value)):,.{digits}f} {unit}"


def _unit_reasons(facts: Facts, codes: Sequence[str], read: Sequence[str]) -> list[str]:
    words = facts.words
    missing = [code for code in codes if code not in read]
    reasons: list[str] = []
    if read and missing:
        reasons.append(
            words["why_partial"].format(
                n=len(codes),
                read=len(read),
                missing=facts.names(
                    words["name_state"].format(
                        name=facts.section_name(code), state=facts.unread(code)
                    )
                    for code in missing
                ),
                present=facts.names(facts.section_name(code) for code in read),
            )
        )
    elif len(read) > 1:
        reasons.append(words["why_worst"].format(n=len(codes)))
    for code in codes:
        if code in facts.latest:
            reasons.extend(_section_reasons(facts, code))
    silent = [code for code in codes if code not in facts.latest]
    if silent and not read:
        reasons.append(
            words["why_none"].format(
                sections=facts.names(facts.section_name(code) for code in silent)
            )
        )
    return reasons


def _section_reasons(facts: Facts, code: str) -> list[str]:
    row = facts.latest.get(code)
    if row is None:
        return [facts.words["why_none"].format(sections=facts.section_name(code))]
    why = text(row.get(f"why_{facts.lang}"))
    name = text(row.get("section_name"))
    if name and why.startswith(name):
        # The reason begins with the name as the readings have it; the map's own name is meant.
        why = facts.section_name(code) + why.removeprefix(name)
    # What the flag says stands in the reason as a rule; the rest of it follows.
    besides = text(row.get("why_zh"))
    reasons = [why, doubts_text(row.get("assess_flag"), facts.lang, besides=besides)]
    if code in facts.later:
        later = facts.later[code]
        time = facts.periods.get(later) or text(later, dates=facts.dates_only)
        reasons.append(facts.words["later_without_class"].format(time=time))
    return [reason for reason in dict.fromkeys(reasons) if reason]


def _reading_rows(facts: Facts, code: str, *, several: bool = False) -> list[tuple[str, Cell]]:
    row, words = facts.latest.get(code), facts.words
    if row is None:
        return []
    prefix = f"{facts.section_name(code)}: " if several and facts.lang == "en" else ""
    prefix = f"{facts.section_name(code)}：" if several and facts.lang == "zh" else prefix
    time = facts.time(row["time"])
    published = row.get("published_class")
    over = text(row.get("times_over"))
    item = facts.item_names.get(str(row.get("times_over_item")), "")
    return [
        (words["period" if facts.periods else "time"], prefix + time if time else ""),
        (words["reading_source"], facts.name(row, "source")),
        (words["target"], _target_text(facts, code, row)),
        (words["times_over"], words["times_over_of"].format(item=item, n=over) if over else ""),
        (
            words["published_class"],
            class_name(published, facts.lang) if published in CLASSES else "",
        ),
        (words["items_missing"], facts.items_text(row.get("items_missing"))),
        (words["items_undecided"], facts.items_text(row.get("items_undecided"))),
    ]


def _target_text(facts: Facts, code: str, row: Row) -> str:
    section = facts.sections[code]
    target = find_class(row.get("target_class")) or find_class(section.get("target_class"))
    if target is None:
        return ""
    shown = class_name(target, facts.lang)
    quality = section.get("target_quality")
    if not is_missing(quality):
        shown = facts.words["target_of"].format(target=shown, quality=quality_text(facts, quality))
    attained = row.get("attained")
    if is_missing(attained):
        return shown
    return shown + (
        facts.words["stop"] + facts.words["attained" if bool(attained) else "not_attained"]
    )


def _items_table(facts: Facts, code: str) -> list[Table]:
    row, words = facts.latest.get(code), facts.words
    readings = () if row is None else facts.items.get((code, row["time"]), ())
    if not readings:
        return []
    body = tuple(
        (
            facts.item_names.get(str(reading["item"]), str(reading["item"])),
            _value_text(facts, reading),
            _item_class(facts, reading),
            _limit_text(facts, reading),
        )
        for reading in readings
    )
    value = words["head_mean" if facts.periods else "head_value"]
    heads = (words["head_item"], value, words["head_class"], words["head_limit"])
    title = words["table_items"].format(section=facts.section_name(code))
    note = words["note_items"] if any(cells[2] == "—" for cells in body) else ""
    return [Table(title, heads, body, note, lead=True)]


def _value_text(facts: Facts, reading: Row) -> str:
    # The only Chinese in a unit is the word for counts, as in 个/L.
    unit = text(reading.get("unit")).replace("个", facts.words["counts"])
    censored = text(reading.get("censored"))
    if censored:
        return f"{censored}{text(reading.get('detection_limit'))} {unit}".strip()
    if is_missing(reading["value"]):
        return facts.flag(reading.get("reading_flag"), facts.words["not_measured"])
    return f"{text(reading['value'])} {unit}".strip()


def _item_class(facts: Facts, reading: Row) -> Cell:
    value = reading.get("item_class")
    if value in CLASSES:
        return Badge(class_name(str(value), facts.lang), class_key(value))
    if not _counts(facts, reading):
        return "—"
    return facts.flag(reading.get("item_flag"), facts.words[_why_no_class(facts, reading)])


def _counts(facts: Facts, reading: Row) -> bool:
    """Return whether the item enters the class, even where this reading of it could not."""
    said = reading.get("in_class")
    return str(reading["item"]) in facts.in_class or (not is_missing(said) and bool(said))


def _why_no_class(facts: Facts, reading: Row) -> str:
    """Return the key of the words that say why a reading that counts has no class."""
    censored, limit = text(reading.get("censored")), reading.get("detection_limit")
    if is_missing(limit) if censored else is_missing(reading["value"]):
        return "item_no_value"
    unit = text(reading.get("unit"))
    if unit and unit != facts.item_units.get(str(reading["item"]), unit):
        return "item_unit"
    return {"<": "item_below", ">": "item_above"}.get(censored, "no_class")


def _limit_text(facts: Facts, reading: Row) -> str:
    """Write the limit of the class that the reading was given, with its direction."""
    if reading.get("item_class") not in CLASSES and _counts(facts, reading):
        return ""
    bounds = facts.item_bounds.get(str(reading["item"]), {})
    limit, passed = text(reading.get("limit")), text(reading.get("next_limit"))
    if "min" in bounds and "max" in bounds:
        return f"{bounds['min']:g}–{bounds['max']:g}" if limit or passed else "—"
    low = "min" in bounds
    if limit:
        return ("≥ " if low else "≤ ") + limit
    # 劣Ⅴ has no limit of its own; what counts is that the limit of Ⅴ is passed.
    return ("< " if low else "> ") + passed if passed else "—"


def _members_table(facts: Facts, unit_code: str) -> list[Table]:
    members, words = facts.members.get(unit_code, ()), facts.words
    if not members:
        return []
    by_county: dict[str, list[str]] = {}
    unmatched = 0
    for member in members:
        matched = not is_missing(member.get("township_code"))
        unmatched += not matched
        name = _member_name(facts, member)
        county = facts.name(member, "county_name")
        by_county.setdefault(county, []).append(name if matched else f"{name}*")
    note = words["members_unmatched"].format(n=unmatched) if unmatched else ""
    body = tuple((county, facts.names(names)) for county, names in by_county.items())
    heads = (words["county"], words["township"])
    return [Table(words["table_members"].format(n=len(members)), heads, body, note)]


def _member_name(facts: Facts, member: Row) -> str:
    """Return the name that the plan prints, with the present one where that is another."""
    printed, now = facts.name(member, "name_in_plan"), facts.name(member, "township_name")
    if not printed or not now or text(member["name_in_plan"]) == text(member["township_name"]):
        return printed or now
    # An industrial park lies in a township; it did not become one.
    key = "member_in" if text(member.get("match_kind")) == "park" else "member_now"
    return facts.words[key].format(name=printed, now=now)


def _sections_text(facts: Facts, codes: Sequence[str]) -> str:
    return facts.names(facts.section_name(code) for code in codes)


def _projects_text(facts: Facts, unit_code: str) -> str:
    count = facts.project_counts.get(unit_code, 0)
    return facts.words["projects_count"].format(n=count) if count else ""


def _level_text(facts: Facts, value: object) -> str:
    return facts.words.get(f"level_{value}", text(value, facts.lang))


def _aliases(facts: Facts, section: Row) -> list[str]:
    """Return the other names; in English only those that are not in Chinese characters."""
    names = split_codes(section.get("aliases"))
    return [name for name in names if facts.lang == "zh" or not has_chinese(name)]


def _position_text(facts: Facts, section: Row) -> str:
    flag = text(section.get("position_flag"), facts.lang)
    accuracy = section.get("position_accuracy_m")
    if is_missing(accuracy):
        return flag
    within = facts.words["position_accuracy"].format(km=text(float(str(accuracy)) / 1000))
    return facts.words["stop"].join(part for part in (flag, within) if part)
