"""What became of each way of being dirty, kept from run to run, and the table of it for the documentation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from benchmarks.dirt_kinds import DIRTS

__all__ = ["Finding", "counted", "page", "remember", "remembered"]

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
MAX_MESSAGE = 200  # characters of a message in the table
_FOLDER = re.compile(r"\S*baton-dirt-\S*?/(?=[^/\s]+(\s|$))")
_PLACE = re.compile(r"^[\w.]*: (?=\w+[.:])")


@dataclass(frozen=True)
class Finding:
    """What became of one way of being dirty, or of two together.

    Parameters
    ----------
    names : tuple of str
    verdict : {"equal", "reported", "refused", "silent", "crash"}
    message : str
        What was said, each message behind the place that it is about.
    date : str
        Of the trial.
    """

    names: tuple[str, ...]
    verdict: str
    message: str
    date: str = ""


def remembered(place: Path, /) -> dict[tuple[str, ...], Finding]:
    """Return the last finding of every way that was tried and is still there; empty where nothing was kept."""
    kept = json.loads(place.read_text(encoding="utf-8")) if place.exists() else []
    found = [Finding(**{**entry, "names": tuple(entry["names"])}) for entry in kept]
    return {finding.names: finding for finding in found if all(name in DIRTS for name in finding.names)}


def remember(place: Path, found: Iterable[Finding], /) -> None:
    """Keep findings; those of the same ways tried earlier give way."""
    kept = remembered(place) | {finding.names: finding for finding in found}
    place.write_text(json.dumps([asdict(finding) for finding in kept.values()], indent=1), encoding="utf-8")


def counted(found: Sequence[Finding], /) -> str:
    """Return how many were tried and what came of them."""
    counts = pd.Series([finding.verdict for finding in found], dtype="object").value_counts()
    return f"{len(found)} tried; " + ", ".join(f"{name} {count}" for name, count in counts.items())


def page(text: str, found: Sequence[Finding], company: str, /) -> str:
    """Return a page with the tables between its marks made anew; without marks, the tables alone.

    Parameters
    ----------
    text : str
        The page as it is.
    found : sequence of Finding
    company : str
        Which company was dirtied.
    """
    alone = sorted((one for one in found if len(one.names) == 1), key=lambda one: list(DIRTS).index(one.names[0]))
    pairs = sorted(one for one in found if len(one.names) > 1)
    days = sorted({one.date for one in found if one.date})
    when = " to ".join(dict.fromkeys((days[0], days[-1]))) if days else "unknown"
    parts = [f"Company: {company}. Tried: {when}.", f"Alone: {counted(alone)}.", _table(alone)]
    if pairs:
        parts += [f"In pairs, drawn by chance: {counted(pairs)}.", _table(pairs)]
    made = "\n\n".join(parts)
    if BEGIN not in text:
        return made + "\n"
    before, rest = text.split(BEGIN, 1)
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{rest.split(END, 1)[1]}"


def _table(found: Sequence[Finding], /) -> str:
    lines = ["| dirt | where | what happens | what is said |", "|---|---|---|---|"]
    for finding in found:
        place = "; ".join(
            dict.fromkeys(f"{DIRTS[name].table}.{DIRTS[name].column}".rstrip(".") for name in finding.names)
        )
        lines.append(f"| {' + '.join(finding.names)} | `{place}` | {finding.verdict} | {_message(finding)} |")
    return "\n".join(lines)


def _message(finding: Finding, /) -> str:
    """Return the messages in short: without the trial's folder, and the place once."""
    parts = [_PLACE.sub("", _FOLDER.sub("", part)) for part in finding.message.split(" | ") if part]
    short = [
        part if len(part) <= MAX_MESSAGE else part[: MAX_MESSAGE - 1].rstrip() + "…" for part in dict.fromkeys(parts)
    ]
    return "<br>".join(short).replace("|", "\\|")
