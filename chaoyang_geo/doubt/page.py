"""The quality report as one offline HTML page: no scripts, nothing fetched, every text escaped."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Hashable, Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.doubt.report import FLAG_PREFIX, quality_report
from chaoyang_geo.doubt.words import KINDS, PAGE_WORDS, STATES
from chaoyang_geo.files import replacing
from chaoyang_geo.schema import label, one_of

if TYPE_CHECKING:
    import pandas as pd

_MAX_GROUPS, _MAX_ROWS = 2000, 500
_COLOURS = {
    "number": "#4d8fb8",
    "below": "#a9cbe0",
    "above": "#7a63a8",
    "gap": "#d9dcde",
    "doubt": "#c8443a",
}
_SOUND = ("number", "below", "above")
_BAR = 120  # pixels


def write_quality_page(
    readings: pd.DataFrame, path: str | os.PathLike[str], *, lang: str = "zh"
) -> Path:
    """Write the quality of a table of readings as one HTML page that works without network.

    What is doubtful stands first: kinds of doubt with their rules, sections and items from worst
    to best, the reader's own flags and, when readings are given, the doubtful rows themselves
    with their cell and sentence.

    Parameters
    ----------
    readings : DataFrame
        The long table (columns ``item``, ``value``, ``time``; ``section_code`` or ``section_name``
        where present), best with the doubts of :func:`flag_doubts`, which are else worked out
        with its defaults; or the result of :func:`quality_report`, and then no single rows are
        shown.
    path : str or path
        The HTML file. A missing folder is made; an interrupted write leaves the old file.
    lang : {"zh", "en"}
        Language of the page; the sentences of the doubts stay Chinese.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    SchemaError
        A required column is missing.
    IsADirectoryError
        ``path`` is a folder.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> from chaoyang_geo import write_quality_page
    >>> readings = pd.DataFrame({"section_code": ["S1"], "time": pd.Timestamp("2025-10-08"),
    ...     "item": ["ph"], "value": [14.2]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_quality_page(readings, pathlib.Path(folder) / "quality.html")
    ...     "pH14.2超出可信范围" in path.read_text(encoding="utf-8")
    True
    """
    one_of("lang", lang, ("zh", "en"))
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"{path} is a folder; give the name of a file in it, e.g. {path / 'quality.html'}"
        )
    if "report_row" in readings:
        report, rows = readings, None
    else:
        rows = readings
        if "doubts" not in rows:
            from chaoyang_geo.doubt import flag_doubts

            rows = flag_doubts(rows)
        by = [n for n in ("section_code", "section_name") if n in rows][:1]
        report = quality_report(rows, by=[*by, "item"])
    with replacing(path) as temporary:
        temporary.write_text(_page(report, rows, lang), encoding="utf-8", newline="\n")
    return path


def _page(report: pd.DataFrame, rows: pd.DataFrame | None, lang: str) -> str:
    words = PAGE_WORDS[lang]
    style = resources.files(__package__).joinpath("page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    groups = report[report["report_row"] == "group"].reset_index(drop=True)
    total = report[report["report_row"] == "total"].iloc[-1]
    subtitle = words["subtitle"].format(rows=f"{total['n_rows']:,}", groups=f"{len(groups):,}")
    parts = [
        _tiles(total, words),
        _kinds(total, words, lang),
        _by_section(groups, words, lang),
        _by_group(groups, total, words, lang),
        _flags(total, words),
    ]
    if rows is not None:
        parts.append(_doubtful(rows, words, lang))
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh-CN" if lang == "zh" else "en"}" data-ready="yes">\n<head>\n'
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(words['title'])}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<header><h1>{escape(words['title'])}</h1><p>{escape(subtitle)}</p></header>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body>\n</html>\n"
    )


def _tiles(total: pd.Series[Any], words: dict[str, str]) -> str:
    n = int(total["n_rows"])
    gaps = n - sum(int(total[f"n_{state}"]) for state in _SOUND)
    tiles = [
        (n, words["rows"], "", ""),
        (int(total["n_number"]), words["numbers"], "", _share(total["n_number"], n)),
        (int(total["n_below"]), words["below"], "", _share(total["n_below"], n)),
        (gaps, words["gaps"], "", _share(gaps, n)),
        (int(total["n_rows"] - total["n_samples"]), words["no_samples"], "", ""),
        (
            int(total["n_doubted"]),
            words["doubted"],
            "bad" if total["n_doubted"] else "",
            _share(total["n_doubted"], n),
        ),
    ]
    cells = "".join(
        f'<li{f""" class="{kind}" """.rstrip() if kind else ""}><b>{number:,}</b>'
        f"<i>{escape(text)}{f' {share}' if share else ''}</i></li>"
        for number, text, kind, share in tiles
    )
    return f'<ul class="tiles">{cells}</ul>'


def _kinds(total: pd.Series[Any], words: dict[str, str], lang: str) -> str:
    found = sorted(KINDS, key=lambda kind: -int(total[f"n_{kind}"]))
    most = max(int(total[f"n_{found[0]}"]), 1)
    body = [
        [
            _key(KINDS[kind][0 if lang == "zh" else 1]),
            _count(total[f"n_{kind}"], bad=True),
            f"<td>{_bar([(int(total[f'n_{kind}']) / most, _COLOURS['doubt'])])}</td>",
            f'<td class="sub">{escape(KINDS[kind][2 if lang == "zh" else 3])}</td>',
        ]
        for kind in found
    ]
    heads = (words["kind"], (words["rows"],), "", words["rule"])
    return _section(words["kinds"], words["kinds_note"], _table(heads, body))


def _by_section(groups: pd.DataFrame, words: dict[str, str], lang: str) -> str:
    keys = [n for n in ("section_code", "section_name", "province") if n in groups]
    keys = [n for n in keys if (groups[n] != "").any()]
    if not keys or not len(groups):
        return ""
    counts = [name for name in groups.columns if str(name).startswith("n_")]
    # a section is its code; without one, its name within its province
    section = groups[keys].agg("\0".join, axis=1)
    if keys[0] == "section_code":
        section = groups["section_code"].where(groups["section_code"] != "", section)
    gathered = groups.groupby(section, sort=False)
    table = gathered[keys].first().join(gathered[counts].sum()).reset_index(drop=True)
    table = _worst_first(table)
    body = []
    for row in table.head(_MAX_GROUPS).to_dict("records"):
        body.append(
            [
                *(_key(row[name]) for name in keys),
                _count(row["n_rows"]),
                f"<td>{_state_bar(row)}</td>",
                _count(row["n_doubted"], bad=True),
                f'<td class="n">{_share(row["n_doubted"], row["n_rows"])}</td>',
                f'<td class="sub">{escape(_kinds_of(row, lang))}</td>',
            ]
        )
    heads = (
        *(label(name, lang) for name in keys),
        (words["rows"],),
        words["states"],
        (words["doubted"],),
        (words["share"],),
        words["kind"],
    )
    legend = "".join(
        f"<span>{_swatch(_COLOURS[key])}{escape(words[word])}</span>"
        for key, word in (
            ("number", "numbers"),
            ("below", "below"),
            ("above", "above"),
            ("gap", "gaps"),
        )
    )
    note = words["sections_note"] + _left_out(len(table), _MAX_GROUPS, words)
    return _section(words["sections"], note, f'<p class="legend">{legend}</p>{_table(heads, body)}')


def _by_group(groups: pd.DataFrame, total: pd.Series[Any], words: dict[str, str], lang: str) -> str:
    first = next(i for i, name in enumerate(groups.columns) if name == "n_rows")
    keys = [str(name) for name in groups.columns[1:first]]
    keys = [name for name in keys if (groups[name] != "").any()] or keys[:1]
    # a column that is empty everywhere tells nothing
    states = [state for state in STATES if state == "number" or total[f"n_{state}"]]
    kinds = [kind for kind in KINDS if total[f"n_{kind}"]]
    names = standards.item_names(lang)
    body = []
    for row in _worst_first(groups).head(_MAX_GROUPS).to_dict("records"):
        body.append(
            [
                *(_key(names.get(row[k], row[k]) if k == "item" else row[k]) for k in keys),
                _count(row["n_rows"]),
                *(_count(row[f"n_{state}"]) for state in states),
                *(_count(row[f"n_{kind}"], bad=True) for kind in kinds),
            ]
        )
    sums = [
        _key(words["total"]),
        *(["<td></td>"] * (len(keys) - 1)),
        _count(total["n_rows"]),
        *(_count(total[f"n_{state}"]) for state in states),
        *(_count(total[f"n_{kind}"], bad=True) for kind in kinds),
    ]
    which = 0 if lang == "zh" else 1
    heads = (
        *(label(name, lang) for name in keys),
        (words["rows"],),
        *((STATES[state][which],) for state in states),
        *((KINDS[kind][which],) for kind in kinds),
    )
    note = words["groups_note"] + _left_out(len(groups), _MAX_GROUPS, words)
    return _section(words["groups"], note, _table(heads, body, sums))


def _flags(total: pd.Series[Any], words: dict[str, str]) -> str:
    found = {
        str(name).removeprefix(FLAG_PREFIX): int(total[name])
        for name in total.index
        if str(name).startswith(FLAG_PREFIX)
    }
    if not found:
        return ""
    most = max(found.values())
    body = [
        [
            f'<td class="wrap">{escape(text)}</td>',
            _count(number),
            f"<td>{_bar([(number / most, _COLOURS['number'])])}</td>",
        ]
        for text, number in sorted(found.items(), key=lambda pair: -pair[1])
    ]
    heads = (words["flag"], (words["rows"],), "")
    return _section(words["flags"], words["flags_note"], _table(heads, body))


def _doubtful(rows: pd.DataFrame, words: dict[str, str], lang: str) -> str:
    import numpy as np

    from chaoyang_geo.doubt.table import table_of

    doubts = rows["doubts"].astype("str").to_numpy()
    places = np.flatnonzero(doubts != "")
    if not len(places):
        return _section(words["doubtful"], words["none"], "")
    # the rarest kinds first: a thousand duplicates must not hide one impossible value
    split = [text.split(";") for text in doubts[places]]
    number: dict[str, int] = {}
    for kinds in split:
        for kind in kinds:
            number[kind] = number.get(kind, 0) + 1
    rarest = np.array([min(number[kind] for kind in kinds) for kinds in split])
    shown = places[np.argsort(rarest, kind="stable")][:_MAX_ROWS]
    table = table_of(rows, laboratory=None)
    names = standards.item_names(lang)
    body = []
    for place in shown.tolist():
        row = rows.iloc[place]
        section = row.get("section_name") or row.get("section_code") or ""
        item = str(row["item"])
        body.append(
            [
                _key(section),
                _key(str(row["time"])[:16]),
                _key(names.get(item, item)),
                f'<td class="raw">{escape(str(row.get("raw", row["value"])))}</td>',
                f'<td class="wrap">{"<br>".join(map(escape, str(row["doubt_flag"]).split("；")))}</td>',
                f'<td class="sub">{escape(table.cell(place))}</td>',
            ]
        )
    heads = (
        label("section_name", lang),
        label("time", lang),
        label("item", lang),
        label("raw", lang),
        label("doubt_flag", lang),
        label("origin", lang),
    )
    note = words["doubtful_note"] + _left_out(len(places), _MAX_ROWS, words)
    return _section(words["doubtful"], note, _table(heads, body))


# --- small parts ---------------------------------------------------------------------------------


def _section(title: str, note: str, content: str) -> str:
    return f'<h2>{escape(title)}</h2>\n<p class="note">{escape(note)}</p>\n{content}'


def _table(
    heads: Sequence[str | Sequence[str]], body: Iterable[Sequence[str]], sums: Sequence[str] = ()
) -> str:
    """Return a table; a header in a tuple stands over numbers."""
    head = "".join(
        f'<th class="n">{escape(text[0])}</th>'
        if not isinstance(text, str)
        else f"<th>{escape(text)}</th>"
        for text in heads
    )
    rows = "\n".join(f"<tr>{''.join(cells)}</tr>" for cells in body)
    foot = f'<tr class="sum">{"".join(sums)}</tr>' if sums else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n{foot}</tbody></table>"


def _key(text: object) -> str:
    return f'<td class="key">{escape(str(text)) or "—"}</td>'


def _count(number: Any, *, bad: bool = False) -> str:
    kind = "n zero" if not number else "n bad" if bad else "n"
    return f'<td class="{kind}">{int(number):,}</td>'


def _share(part: Any, whole: Any) -> str:
    return f"{part / whole:.1%}" if whole else "—"


def _worst_first(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows by share of doubt, then by share of rows without a result."""
    import pandas as pd

    whole = table["n_rows"].clip(lower=1)
    sound = table[[f"n_{state}" for state in _SOUND]].sum(axis=1)
    shares = pd.DataFrame({"doubt": table["n_doubted"] / whole, "sound": sound / whole})
    return table.loc[
        shares.sort_values(["doubt", "sound"], ascending=[False, True], kind="stable").index
    ]


def _kinds_of(row: Mapping[Hashable, Any], lang: str) -> str:
    found = [(int(row[f"n_{kind}"]), kind) for kind in KINDS if row[f"n_{kind}"]]
    found.sort(key=lambda pair: -pair[0])
    comma = "、" if lang == "zh" else ", "
    return comma.join(
        f"{KINDS[kind][0 if lang == 'zh' else 1]} {number:,}" for number, kind in found
    )


def _left_out(number: int, shown: int, words: dict[str, str]) -> str:
    return words["left_out"].format(shown=shown, number=number) if number > shown else ""


def _state_bar(row: Mapping[Hashable, Any]) -> str:
    whole = max(int(row["n_rows"]), 1)
    shares = [(int(row[f"n_{state}"]) / whole, _COLOURS[state]) for state in _SOUND]
    shares.append((max(0.0, 1 - sum(share for share, _ in shares)), _COLOURS["gap"]))
    return _bar(shares)


def _bar(shares: Iterable[tuple[float, str]]) -> str:
    at = 0.0
    parts = []
    for share, colour in shares:
        width = share * _BAR
        if width > 0:
            parts.append(
                f'<rect x="{at:.2f}" width="{max(width, 0.8):.2f}" height="12" fill="{colour}"/>'
            )
        at += width
    return f'<svg width="{_BAR}" height="12" aria-hidden="true">{"".join(parts)}</svg>'


def _swatch(colour: str) -> str:
    return f'<svg width="12" height="12" aria-hidden="true"><rect width="12" height="12" fill="{colour}"/></svg>'
