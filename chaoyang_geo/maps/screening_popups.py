"""What a click on the map of a screening says: the verdict on a site, and what a zone is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chaoyang_geo.flags import flag_text
from chaoyang_geo.maps.facts import is_missing
from chaoyang_geo.maps.model import Badge, Popup, Table
from chaoyang_geo.maps.screening_rows import Row, text
from chaoyang_geo.verdicts import (
    VERDICT_KEYS,
    VERDICTS,
    area_text,
    is_approximate,
    kind_name,
    known,
    length_text,
    quality_name,
    relation_name,
    share_text,
    status_name,
    verdict_name,
)

#: Zones that a popup lists; the page of the site lists more, the workbook all.
_MAX_FINDINGS = 12
#: The same where a page has very many sites, and how many those are.
_FEW_FINDINGS, _MANY_SITES = 4, 2000


@dataclass(frozen=True)
class Site:
    """A site of the screening as the map tells of it."""

    row: Row
    name: str
    verdict: str
    findings: tuple[Row, ...]
    approximate: bool
    synthetic: bool

    @property
    def concerned(self) -> tuple[Row, ...]:
        """The findings that are more than a distance."""
        return tuple(row for row in self.findings if row["verdict"] != "无冲突")


def site_of(row: Row, findings: Sequence[Row]) -> Site:
    """Return a site with its findings, in their order."""
    return Site(
        row=row,
        name=text(row["site_name"]) or text(row["site_code"]),
        verdict=str(row["verdict"]),
        findings=tuple(findings),
        approximate=is_approximate(row.get("place_quality")),
        synthetic=row.get("quality") == "synthetic",
    )


def severity(verdict: str) -> int:
    """Return the place of a verdict in the order of severity, 0 for the worst."""
    return list(VERDICTS).index(verdict) if verdict in VERDICTS else 1


def verdict_badge(verdict: str, lang: str) -> Badge:
    """Return a verdict as a word on its colour."""
    return Badge(verdict_name(verdict, lang), f"v-{VERDICT_KEYS.get(verdict, 'unknown')}")


@dataclass(frozen=True)
class Told:
    """What all popups of one screening have in common."""

    lang: str
    words: Mapping[str, str]
    day: str
    reach: str
    unchecked: str
    n_findings: int = _MAX_FINDINGS

    def joined(self, parts: Sequence[str]) -> str:
        """Join what is there by the comma of the language."""
        return ("，" if self.lang == "zh" else ", ").join(part for part in parts if part)

    def listed(self, parts: Sequence[str]) -> str:
        """Join names by the comma between names."""
        return ("、" if self.lang == "zh" else ", ").join(part for part in parts if part)


def listed_findings(n_sites: int) -> int:
    """Return how many zones the popup of a site lists, so that a page with all sites opens."""
    return _FEW_FINDINGS if n_sites > _MANY_SITES else _MAX_FINDINGS


def site_popup(site: Site, told: Told) -> Popup:
    """Explain the verdict on a site."""
    words, row = told.words, site.row
    paragraphs = [text(row[f"why_{told.lang}"])]
    if not site.findings and told.reach:
        paragraphs.append(words["all_checked"].format(distance=told.reach))
    accuracy = row.get("accuracy_m")
    kind = words["site"]
    if site.approximate:
        kind = words["approximate"]
    elif site.synthetic:
        kind = words["synthetic"]
    facts = (
        (words["code"], text(row["site_code"])),
        (words["activity"], _activity(row, told)),
        (
            words["accuracy"],
            f"±{length_text(float(accuracy), told.lang)}" if known(accuracy) else "",
        ),
        (
            words["approximate_place"],
            flag_text(row.get("place_flag"), told.lang) if site.approximate else "",
        ),
        (words["doubt"], flag_text(row.get("verdict_flag"), told.lang)),
        (words["checked"], told.listed(text(row.get("layers_checked")).split(";"))),
        (words["not_checked"], told.unchecked),
        (words["day"], told.day),
    )
    return Popup(
        title=site.name,
        kind=kind,
        badge=verdict_badge(site.verdict, told.lang),
        paragraphs=tuple(part for part in paragraphs if part),
        rows=tuple((name, value) for name, value in facts if value),
        tables=_findings_table(site, told),
    )


def area_popup(sites: Sequence[Site], told: Told) -> Popup:
    """Explain an area that stands for one or several sites."""
    if len(sites) == 1:
        return site_popup(sites[0], told)
    words = told.words
    ordered = sorted(sites, key=lambda site: severity(site.verdict))
    rows = tuple(
        (
            site.name,
            verdict_badge(site.verdict, told.lang),
            told.listed([_zone_name(row) for row in site.concerned[:3]]) or "—",
        )
        for site in ordered
    )
    heads = (words["head_site"], words["head_verdict"], words["list_zones"])
    return Popup(
        title=words["several"].format(n=len(sites)),
        kind=words["approximate"],
        badge=verdict_badge(ordered[0].verdict, told.lang),
        paragraphs=(words["note_approximate"].format(n=len(sites)),),
        rows=((words["not_checked"], told.unchecked),) if told.unchecked else (),
        tables=(Table(words["projects_here"], heads, rows, lead=True),),
    )


def zone_popup(row: Row, concerned: Sequence[tuple[str, str]], told: Told) -> Popup:
    """Say what a zone is, in which layer and version, and which sites it concerns."""
    words, lang = told.words, told.lang
    accuracy = row.get("accuracy_m")
    version = told.joined([text(row.get("version")), text(row.get("version_date"))])
    facts = (
        (words["code"], text(row["zone_code"])),
        (words["layer"], text(row["layer"])),
        (words["zone_version"], version or words["no_version"]),
        (words["accuracy"], f"±{length_text(float(accuracy), lang)}" if known(accuracy) else ""),
        (words["quality"], quality_name(text(row.get("quality")), lang)),
        (words["source"], text(row.get("source"))),
        (words["zone_flag"], flag_text(row.get("zone_flag"), lang)),
        (words["hash"], text(row.get("content_hash"))[:16]),
    )
    sites = tuple((name, verdict_badge(verdict, lang)) for name, verdict in concerned)
    heads = (words["head_site"], words["head_verdict"])
    more = len(sites) - _MAX_FINDINGS
    return Popup(
        title=_zone_name(row),
        kind=kind_name(str(row["zone_kind"]), str(row["zone_grade"]), lang),
        paragraphs=() if sites else (words["zone_free"],),
        rows=tuple((name, value) for name, value in facts if value),
        tables=(
            Table(
                words["zone_sites"],
                heads,
                sites[:_MAX_FINDINGS],
                words["list_more"].format(n=_MAX_FINDINGS) if more > 0 else "",
                lead=True,
            ),
        )
        if sites
        else (),
    )


def _zone_name(row: Row) -> str:
    return text(row["zone_name"]) or text(row["zone_code"])


def _activity(row: Row, told: Told) -> str:
    given, known_zh = text(row["activity"]), text(row.get("activity_zh"))
    meant = known_zh
    if known_zh and told.lang == "en":
        meant = text(row.get("activity_en")) or known_zh
    if not given or given == meant:
        return given
    words = told.words
    return words["activity_as"].format(given=given, known=meant or words["unknown_activity"])


def _findings_table(site: Site, told: Told) -> tuple[Table, ...]:
    if not site.findings:
        return ()
    words = told.words
    rows = tuple(
        (
            f"{_zone_name(row)}\n{kind_name(row['zone_kind'], row['zone_grade'], told.lang)}",
            _how(row, told),
            verdict_badge(str(row["verdict"]), told.lang),
            _basis(row, told),
        )
        for row in site.findings[: told.n_findings]
    )
    heads = tuple(words[f"head_{name}"] for name in ("zone", "how", "verdict", "basis"))
    more = len(site.findings) - told.n_findings
    note = words["more_findings"].format(n=more) if more > 0 else ""
    return (Table(words["findings"], heads, rows, note, lead=True),)


def _how(row: Row, told: Told) -> str:
    """Return relation, size, share, distance and band of a finding, each on its line."""
    words, lang = told.words, told.lang
    lines = [relation_name(str(row["relation"]), lang)]
    if _positive(row["overlap_m2"]):
        lines.append(words["overlap"].format(size=area_text(float(row["overlap_m2"]), lang)))
    elif _positive(row["overlap_m"]):
        lines.append(words["crossing"].format(size=length_text(float(row["overlap_m"]), lang)))
    # of points there is no size, but how many of them lie inside
    counted = len(lines) > 1 or row["relation"] == "overlaps"
    if counted and _positive(row["share_of_site"]):
        lines.append(words["of_site"].format(share=share_text(float(row["share_of_site"]))))
    if _positive(row["distance_m"]):
        lines.append(words["apart"].format(size=length_text(float(row["distance_m"]), lang)))
    if known(row["band_m"]):
        lines.append(words["band"].format(size=length_text(float(row["band_m"]), lang)))
    return "\n".join(lines)


def _basis(row: Row, told: Told) -> str:
    """Return clause, status of the rule, layer, version and doubt of a finding, each on its line."""
    words = told.words
    if is_missing(row["rule_id"]) and is_missing(row["clause"]):
        lines = [words["not_inside" if row["verdict"] == "无冲突" else "no_rule"]]
    else:
        lines = [
            f"{text(row['rule_source'])} {text(row['clause'])}".strip(),
            words["status"].format(status=status_name(str(row["rule_status"]), told.lang)),
        ]
    version = text(row["version"])
    lines.append(
        words["of_layer"].format(layer=text(row["layer"]), version=version)
        if version
        else text(row["layer"])
    )
    lines.append(flag_text(row.get("finding_flag"), told.lang))
    return "\n".join(line for line in lines if line)


def _positive(value: object) -> bool:
    return known(value) and value > 0
