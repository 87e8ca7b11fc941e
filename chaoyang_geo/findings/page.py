"""The page of a site and the overview of all: offline, without script, every text escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape as _escape
from importlib import resources

from chaoyang_geo.findings import content, ways
from chaoyang_geo.findings.model import Casebook, Dossier
from chaoyang_geo.findings.picture import Picture, text_width
from chaoyang_geo.findings.svg import svg
from chaoyang_geo.findings.words import words_of
from chaoyang_geo.verdicts import VERDICT_COLOURS, VERDICT_KEYS, VERDICTS

#: Doubts about a site that the overview lists; its page lists all.
_DOUBTS_LISTED = 3


def escape(text: str) -> str:
    """Return a text as HTML; a number and its percent sign stay on one line."""
    return _escape(text.replace(" %", "\u00a0%"))


@cache
def _style(marked: str, *, choice: bool = False) -> tuple[str, str]:
    """Return the style sheet, with a mark all over the page, and the policy that lets in nothing else.

    With ``choice`` the overview shows the sites of the verdict that was chosen, without a script.
    """
    text = (
        resources.files(__package__).joinpath("page.css").read_text("utf-8").replace("\r\n", "\n")
    )
    for verdict, key in VERDICT_KEYS.items():
        strong, pale = VERDICT_COLOURS[verdict]
        text += (
            f".v-{key} {{ color: {strong}; background-color: {pale}; border-color: {strong}; }}\n"
        )
        if choice:
            text += (
                f"#f-{key}:checked ~ .overview tbody tr:not(.r-{key}) {{ display: none; }}\n"
                f"#f-{key}:checked ~ .counts label[for=f-{key}] {{ text-decoration: underline; }}\n"
            )
    if marked:
        # a background is repeated on every printed page, which a fixed element is not
        text += (
            f'body {{ background-image: url("{_tile(marked)}"); background-size: 100% 92mm; }}\n'
        )
        text += ".verdict, .notice, th { background-color: transparent !important; }\n"
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    images = "img-src data:; " if marked else ""
    policy = f"default-src 'none'; {images}style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return text, policy


def _tile(mark: str) -> str:
    """Return a tile that repeats a mark, as a picture within the style sheet."""
    size = round(132 / text_width(mark, 1.0), 1)
    tile = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 130 70'><text x='65' y='43' "
        f"font-family='Noto Sans CJK SC,Noto Sans SC,Microsoft YaHei,sans-serif' font-size='{size * 0.72:.1f}' "
        "font-weight='700' text-anchor='middle' fill='#b3261e' fill-opacity='0.15' "
        f"transform='rotate(-22 65 35)'>{mark}</text></svg>"
    )
    return f"data:image/svg+xml,{_encoded(tile)}"


def site_page(
    case: Casebook, site: Dossier, picture: Picture | None, drawn_zones: bool, lang: str
) -> str:
    """Return the page of one site."""
    words = words_of(lang)
    why = content.reason_text(site, lang)
    parts = [f'<p class="notice">{escape(text)}</p>' for text in content.notices(case, site, words)]
    parts.append(
        f'<div class="verdict v-{VERDICT_KEYS.get(site.verdict, "unknown")}">'
        f"<b>{escape(content.verdict_text(site.verdict, lang))}</b><p>{escape(why)}</p></div>"
    )
    parts.append(_facts(content.facts(case, site, words, lang)))
    if site.flags:
        items = "".join(f"<li>{escape(text)}</li>" for text in content.doubts(site, lang))
        parts.append(f'<h2>{escape(words["doubt"])}</h2>\n<ul class="doubts">{items}</ul>')
    parts.append(_figure(site, picture, drawn_zones, words))
    parts.append(_zones(case, site, words, lang))
    parts += [
        _downstream(case, site, words, lang),
        _stretches(case, site, words, lang),
        _alternatives(case, site, words, lang),
    ]
    parts.append(_layers(case, site.synthetic, words, lang))
    last = f"{_unchecked(case, words, lang)}{_signatures(words)}"
    parts.append(f'<div class="last">{last}</div>')
    title = f"{words['title']} {site.name}"
    return _document(
        title, words["title"], _numbers(case, site, words), parts, site.synthetic, lang
    )


def index_page(case: Casebook, links: dict[str, str], lang: str, beside: Sequence[str] = ()) -> str:
    """Return the overview: every site with its verdict and, in ``links``, its page.

    ``beside`` names other files of the folder.
    """
    words = words_of(lang)
    counts = {verdict: 0 for verdict in VERDICTS}
    for site in case.sites:
        counts[site.verdict] = counts.get(site.verdict, 0) + 1
    told = {
        VERDICT_KEYS.get(verdict, "unknown"): (number, content.verdict_text(verdict, lang))
        for verdict, number in counts.items()
        if number
    }
    shown = {"all": (len(case.sites), words["all_sites"])} | told
    choices = "".join(
        f'<input type="radio" name="shown" id="f-{key}"{" checked" if key == "all" else ""}>'
        for key in shown
    )
    tiles = "".join(
        f'<li class="v-{key}"><label for="f-{key}"><b>{number:,}</b>{escape(name)}</label></li>'
        for key, (number, name) in shown.items()
    )
    rank = {verdict: at for at, verdict in enumerate(VERDICTS)}
    rows = []
    for site in sorted(case.sites, key=lambda each: (rank.get(each.verdict, 1), each.number)):
        link = links.get(site.code)
        name = escape(site.name or site.code)
        if link:
            name = f'<a href="{escape(_encoded(link))}">{name}</a>'
        rows.append(
            f'<tr class="r-{VERDICT_KEYS.get(site.verdict, "unknown")}">'
            f"<td>{site.number}</td><td>{name}<br>{escape(site.code)}</td>"
            f"<td>{_badge(site.verdict, lang)}</td><td>{escape(content.reason_text(site, lang))}"
            f"{_first_doubts(site, words, lang)}</td></tr>"
        )
    head = _heads((words["number"], words["site"], words["verdict"], words["why"]))
    caption = _caption(case.synthetic, lang)
    parts = []
    if case.synthetic:
        parts.append(f'<p class="notice">{escape(words["synthetic_note"])}</p>')
    parts += [f'<p class="notice">{escape(text)}</p>' for text in content.case_notices(case, words)]
    if beside:
        named = words["list"].join(
            f'<a href="{escape(_encoded(file))}">{escape(file)}</a>' for file in beside
        )
        parts.append(f'<p class="beside">{escape(words["beside"])}{named}</p>')
    without = sum(site.code not in links for site in case.sites)
    if without:
        parts.append(f"<p>{escape(words['no_page'].format(n=without))}</p>")
    parts += [
        f'{choices}<ul class="counts">{tiles}</ul>',
        f'<table class="overview">{caption}{head}<tbody>{"".join(rows)}</tbody></table>',
        _layers(case, case.synthetic, words, lang),
        _unchecked(case, words, lang),
    ]
    dates = (
        f"{words['screened']} {case.screened_on}{words['stop']}{words['expires']} {case.expires_on}"
    )
    title = words["index_title"]
    return _document(title, title, dates, parts, case.synthetic, lang, choice=True)


def _first_doubts(site: Dossier, words: dict[str, str], lang: str) -> str:
    """Return for the overview what is doubtful about a site and not yet in its reason."""
    told = zip(site.flags, content.doubts(site, lang), strict=True)
    texts = [
        text for flag, text in told if flag not in site.why["zh"] and text not in site.why[lang]
    ]
    shown = texts[:_DOUBTS_LISTED]
    if len(texts) > len(shown):
        shown.append(words["more_doubts"].format(n=len(texts) - len(shown)))
    return f'<div class="doubt">{escape(words["stop"].join(shown))}</div>' if shown else ""


def _document(
    title: str,
    heading: str,
    aside: str,
    parts: Iterable[str],
    synthetic: bool,
    lang: str,
    *,
    choice: bool = False,
) -> str:
    style, policy = _style(content.mark(lang) if synthetic else "", choice=choice)
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh-CN" if lang == "zh" else "en"}">\n<head>\n'
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        + f"<header><h1>{escape(heading)}</h1><span>{escape(aside)}</span></header>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body>\n</html>\n"
    )


def _numbers(case: Casebook, site: Dossier, words: dict[str, str]) -> str:
    return f"{site.code}{words['stop']}{words['screened']} {case.screened_on}"


def _facts(rows: Sequence[tuple[str, str]], caption: str = "", *, wide: bool = False) -> str:
    """Return labels and texts in pairs, two to a line; ``wide`` one to a line."""
    cells = [f"<th>{escape(name)}</th><td>{escape(text)}</td>" for name, text in rows]
    if wide:
        lines = [f"<tr>{cell}</tr>" for cell in cells]
        return f'<table class="facts wide">{caption}<tbody>{"".join(lines)}</tbody></table>'
    if len(cells) % 2:
        cells[-1] = cells[-1].replace("<td>", '<td colspan="3">', 1)
    lines = [f"<tr>{''.join(cells[at : at + 2])}</tr>" for at in range(0, len(cells), 2)]
    return f'<table class="facts"><tbody>{"".join(lines)}</tbody></table>'


def _figure(
    site: Dossier, picture: Picture | None, drawn_zones: bool, words: dict[str, str]
) -> str:
    head = f"<h2>{escape(words['map'])}</h2>"
    if picture is None:
        return f"{head}\n<p>{escape(words['no_map'])}</p>"
    under = [words["scale"].format(scale=f"{picture.scale:,}")]
    if not drawn_zones:
        under.append(words["zones_not_given"])
    if picture.missing:
        under.append(words["unlabelled"] + words["list"].join(picture.missing))
    text = words["stop"].join(under)
    drawing = svg(picture, title=f"{words['map']} {site.name}")
    return f'<div class="figure">{head}\n{drawing}\n<p class="under">{escape(text)}</p></div>'


def _zones(case: Casebook, site: Dossier, words: dict[str, str], lang: str) -> str:
    head = f"<h2>{escape(words['zones'])}</h2>"
    if not site.findings:
        return f"{head}\n<p>{escape(content.no_zone_text(case, site, words, lang))}</p>"
    bodies = []
    for row in content.zone_rows(site, words, lang):
        span = ' rowspan="2"' if row.doubt else ""
        cells = (
            f'<td class="no"{span}>{row.number}</td><td class="zone">{_lines(row.zone)}</td>'
            f'<td class="how">{_lines(row.how)}</td><td class="tag">{_badge(row.verdict, lang)}</td>'
            f'<td class="basis">{_lines(row.basis)}</td>'
        )
        doubt = (
            f'<tr class="doubt"><td colspan="4">{escape(row.doubt)}</td></tr>' if row.doubt else ""
        )
        bodies.append(f"<tbody><tr>{cells}</tr>{doubt}</tbody>")
    names = ("", words["zone"], words["how"], words["verdict"], words["basis"])
    more = len(site.findings) - content.MAX_ZONES
    note = f"<p>{escape(words['more'].format(n=more))}</p>" if more > 0 else ""
    return (
        f'{head}\n<table class="zones">{_caption(site.synthetic, lang)}{_heads(names)}'
        f'{"".join(bodies)}</table>{note}<p class="under">{escape(words["rule_doubt"])}</p>'
    )


def _downstream(case: Casebook, site: Dossier, words: dict[str, str], lang: str) -> str:
    if not case.asked.downstream:
        return ""
    head = f"<h2>{escape(words['downstream'])}</h2>"
    if not site.ways.downstream:
        return f"{head}\n<p>{escape(words['not_traced'])}</p>"
    facts = _facts(ways.downstream_facts(site.ways, case.asked, words, lang), wide=True)
    rows = ways.downstream_rows(site.ways, case.asked, words, lang)
    names = [words[key] for key in ("zone", "downstream_far", "downstream_why")]
    table = _way_table("downstream", rows, names, site.synthetic, lang)
    note = f'<p class="under">{escape(words["downstream_note"])}</p>'
    return f"{head}\n{facts}\n{table}{note}"


def _stretches(case: Casebook, site: Dossier, words: dict[str, str], lang: str) -> str:
    rows = ways.stretch_rows(site.ways, words, lang)
    if not rows:
        return ""
    names = [words[key] for key in ("zone", "stretch", "stretch_length", "verdict")]
    more = len(site.ways.stretches) - len(rows)
    note = escape(words["stretch_note"])
    if more > 0:
        note = f"{escape(words['more_stretches'].format(n=more))}<br>{note}"
    return (
        f"<h2>{escape(words['stretches'])}</h2>\n"
        f'{_way_table("stretches", rows, names, site.synthetic, lang)}<p class="under">{note}</p>'
    )


def _alternatives(case: Casebook, site: Dossier, words: dict[str, str], lang: str) -> str:
    facts = ways.alternative_facts(site.ways, words, lang)
    if not case.asked.alternatives or (not facts and site.ways.stretches):
        return ""
    head = f"<h2>{escape(words['alternatives'])}</h2>"
    if not facts:
        return f"{head}\n<p>{escape(content.no_alternative(site, words))}</p>"
    doubts = ways.alternative_doubts(site.ways, lang)
    items = "".join(f"<li>{escape(text)}</li>" for text in doubts)
    listed = f'<ul class="doubts">{items}</ul>' if items else ""
    note = f'<p class="under">{escape(words["alternatives_note"])}</p>'
    caption = _caption(site.synthetic, lang)
    return f'<div class="last">{head}\n{_facts(facts, caption, wide=True)}{listed}{note}</div>'


def _way_table(
    name: str, rows: Sequence[ways.WayRow], names: Sequence[str], synthetic: bool, lang: str
) -> str:
    """Return a table of zones downstream or of stretches, doubts under their rows."""
    bodies = []
    for row in rows:
        cells = "".join(f"<td>{_lines(cell)}</td>" for cell in row.cells)
        if len(names) > len(row.cells):
            cells += f"<td>{_badge(row.verdict, lang) if row.verdict else ''}</td>"
        doubt = (
            f'<tr class="doubt"><td colspan="{len(names)}">{escape(row.doubt)}</td></tr>'
            if row.doubt
            else ""
        )
        bodies.append(f"<tbody><tr>{cells}</tr>{doubt}</tbody>")
    return (
        f'<table class="zones ways {name}">{_caption(synthetic, lang)}{_heads(names)}'
        f"{''.join(bodies)}</table>"
    )


def _layers(case: Casebook, synthetic: bool, words: dict[str, str], lang: str) -> str:
    keys = ("layer", "kind", "n_zones", "version", "accuracy", "quality", "state")
    bodies = []
    for row in content.checked_rows(case, lang):
        cells = "".join(
            f"<td{' class=' + chr(34) + 'n' + chr(34) if at == 2 else ''}>"
            f"{escape(text).replace(chr(10), '<br>')}</td>"
            for at, text in enumerate(row.cells)
        )
        doubt = f'<div class="doubt">{escape(row.doubt)}</div>' if row.doubt else ""
        source = f"{escape(words['source'])} {escape(row.source)}<br>" if row.source else ""
        gap = "" if row.usable else ' class="gap"'
        bodies.append(
            f'<tbody{gap}><tr>{cells}</tr><tr class="hash"><td colspan="7">{doubt}{source}'
            f"{escape(words['hash'])} <code>{escape(row.digest)}</code></td></tr></tbody>"
        )
    how = words["stop"].join(f"{name} {text}" for name, text in content.method(case, words, lang))
    return (
        f'<h2>{escape(words["checked"])}</h2>\n<table class="layers">{_caption(synthetic, lang)}'
        f"{_heads([words[key] for key in keys])}{''.join(bodies)}</table>\n"
        f'<p class="under">{escape(how)}</p>'
    )


def _unchecked(case: Casebook, words: dict[str, str], lang: str) -> str:
    rows = content.unchecked_texts(case, words, lang)
    items = "".join(f"<li>{escape(what)}<i>{escape(why)}</i></li>" for what, why in rows)
    listed = (
        f'<p>{escape(content.unchecked_lead(case, words))}</p><ul class="kinds">{items}</ul>'
        if rows
        else f"<p>{escape(words['all_kinds'])}</p>"
    )
    english = (
        f'<p class="under">{escape(words["english_note"])}</p>' if words["english_note"] else ""
    )
    return f"<h2>{escape(words['unchecked'])}</h2>\n{listed}<p>{escape(content.limits(case, words))}</p>{english}"


def _signatures(words: dict[str, str]) -> str:
    lines = "".join(
        f"<div><span>{escape(who)}</span><u></u><span>{escape(words['sign_date'])}</span></div>"
        for who in words["signers"].split("|")
    )
    return f'<div class="signs">{lines}</div>'


def _encoded(text: str) -> str:
    """Return a text as part of an address (RFC 3986): every other byte as ``%`` and its number."""
    plain = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/"
    return "".join(chr(byte) if byte in plain else f"%{byte:02X}" for byte in text.encode())


# --- small parts ---------------------------------------------------------------------------------


def _badge(verdict: str, lang: str) -> str:
    key = VERDICT_KEYS.get(verdict, "unknown")
    return f'<span class="badge v-{key}">{escape(content.verdict_text(verdict, lang))}</span>'


def _lines(texts: Iterable[str]) -> str:
    return "".join(f"<div>{escape(text)}</div>" for text in texts if text)


def _heads(names: Iterable[str]) -> str:
    return f"<thead><tr>{''.join(f'<th>{escape(name)}</th>' for name in names)}</tr></thead>"


def _caption(synthetic: bool, lang: str) -> str:
    return f"<caption>{escape(content.mark(lang))}</caption>" if synthetic else ""
