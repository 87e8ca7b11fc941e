"""What the command ``screen`` says of the writing of findings: how long it takes, how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from chaoyang_geo.cli_parts import ERR, steps
from chaoyang_geo.flags import JOINT

if TYPE_CHECKING:
    import chaoyang_geo as cg

# seconds of one process for a site with a map of many zones, measured by benchmarks/findings.py
_MAP_S, _FORMAT_S = 0.07, {"html": 0.03, "docx": 0.09}
_LONG_S = 60.0  # what takes longer is announced


def doubted_sites(screening: cg.Screening) -> set[str]:
    """Return the codes of sites with doubts beside those of their verdict."""
    return {code for code, _ in _other_doubts(screening)}


def untold_sites(screening: cg.Screening) -> set[str]:
    """Return the codes of sites with doubts that neither their reason nor their flag tells."""
    sites = screening.sites
    told = dict(zip(sites["site_code"], sites["why_zh"] + sites["verdict_flag"], strict=True))
    return {
        code
        for code, flag in _other_doubts(screening)
        if any(part not in told[code] for part in flag.split(JOINT))
    }


def _other_doubts(screening: cg.Screening) -> list[tuple[str, str]]:
    """Return site and flag of the doubts about its zones, place and activity."""
    sites = screening.sites
    tables = [screening.findings[["site_code", "finding_flag"]]]
    tables += [
        sites[["site_code", name]] for name in ("place_flag", "activity_flag") if name in sites
    ]
    rows = (row for table in tables for row in table.fillna("").itertuples(index=False, name=None))
    return [(code, flag) for code, flag in rows if flag]


def announce(
    screening: cg.Screening,
    pages: str,
    formats: Sequence[str],
    processes: int,
    words: Mapping[str, str],
) -> None:
    """Say how long the pages will take, and how to have fewer, where it is long."""
    paged = [each for each in formats if each in _FORMAT_S]
    sites = screening.sites
    plain = sites["verdict"].eq("无冲突") & sites["verdict_flag"].eq("")
    plain &= ~sites["site_code"].isin(doubted_sites(screening))
    n = len(sites) if pages == "all" else int((~plain).sum())
    seconds = n * (_MAP_S + sum(_FORMAT_S[each] for each in paged)) / processes
    if paged and seconds > _LONG_S:
        text = words["costs"].format(
            n=n,
            formats=words["comma"].join(paged),
            processes=processes,
            time=_lasting(seconds, words),
        )
        ERR.print(text, soft_wrap=True)


def progress_of(
    bar: ExitStack, words: Mapping[str, str], *, quiet: bool
) -> Callable[[int, int], None]:
    """Return what tells after each page how far it is, and how long it will still take."""
    begun = time.monotonic()
    step: Any = None

    def told(done: int, total: int) -> None:
        nonlocal step
        if done == 0:
            step = bar.enter_context(steps(total + 1, quiet=quiet))  # known only now
        seconds = (time.monotonic() - begun) / max(done, 1) * (total - done)
        left = words["left"].format(time=_lasting(seconds, words)) if seconds > 10 else ""
        text = words["write"].format(done=done, total=total, left=left)
        step(text if done < total else words["whole"])

    return told


def _lasting(seconds: float, words: Mapping[str, str]) -> str:
    if seconds < 90:
        return words["seconds"].format(n=round(seconds))
    return words["minutes"].format(n=round(seconds / 60))
