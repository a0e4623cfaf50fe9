"""Causes: what customers write of, how it grows, whose it is and what it costs; and labels that people correct."""

from __future__ import annotations

from typing import Any

from baton.messages.message import Message
from baton.wording.wording import Bilingual, percent, say
from serving.access.rules import Subject, may, may_at_all
from serving.access.sight import Sight
from serving.corrections.store import MAX_LABEL, Agreement, NewCorrection
from serving.decisions.refused import DecisionRefused, NotFound
from serving.pages.asked import Asked, Go, Reply, Shown, new_once
from serving.pages.behind import PagesOf
from serving.pages.causes.acting import deciding_teams
from serving.pages.reading.of_causes import RunCauses, TextShown
from serving.pages.reading.of_run import OfRun

__all__ = ["show_causes", "take_correction"]


def show_causes(asked: Asked, of: PagesOf, /) -> Reply:
    """Show causes of the whole company, and by team those of teams that somebody may see."""
    read = of.read()
    sight = of.sight(asked.who, read.run)
    teams = _teams(read, sight)
    # where a new cause's texts stand too
    with_texts = may_at_all(asked.who, "report")
    section = read.causes.section(teams, of.named, with_texts=with_texts)
    return Shown(
        "causes",
        {
            "section": section,
            "texts": _read_again(read.causes, _texts(read, sight, teams), of),
            "causes": _choices(read.causes, asked),
            "agreement": _agreement(of.corrections.since(_learned_with(read))) if section is not None else None,
            "may_correct": may_at_all(asked.who, "correct_label"),
            "decidable": read.causes.diagnosed if read.causes.diagnosed and deciding_teams(asked, read) else {},
            "once": new_once(),
            "is_kept": asked.query.get("done") == "corrected",
        },
    )


def take_correction(asked: Asked, of: PagesOf, /) -> Reply:
    """Keep what somebody says a text is about, of a text that is shown to them."""
    read = of.read()
    sight = of.sight(asked.who, read.run)
    case, shown, cause = (asked.form.get(name, "") for name in ("case", "shown", "cause"))
    text = next(
        (row for row in _texts(read, sight, _teams(read, sight)) if (row.case_id, row.cause) == (case, shown)), None
    )
    if text is None or not may(asked.who, "correct_label", Subject(text.team)):
        raise NotFound(Message("correction.nobody"))
    if not cause:
        raise DecisionRefused(Message("correction.choose"))
    if cause not in read.causes.known:
        raise DecisionRefused(Message("page.does_not_fit"))
    new = NewCorrection(case, text.team or None, cause, shown, asked.form.get("once", ""))
    of.corrections.keep(asked.who, new)
    return Go("/pages/causes?done=corrected")


def _teams(read: OfRun, sight: Sight, /) -> frozenset[str]:
    trends = read.causes.tables.get("cause_trends")
    units = () if trends is None else trends.loc[trends["level"] == "team", "unit_id"].astype(str).unique()
    return frozenset(team for team in units if sight.team_figures("causes_of_team", team))


def _texts(read: OfRun, sight: Sight, teams: frozenset[str], /) -> list[TextShown]:
    return read.causes.texts(teams, all_texts=may(sight.principal, "correct_label"))


def _learned_with(read: OfRun, /) -> int:
    """Return the number of the newest correction that the run's causes were learned with."""
    entry = read.run.results.evaluation.get("root_cause") or {}
    return int((entry.get("corrections") or {}).get("newest", 0))


def _read_again(causes: RunCauses, texts: list[TextShown], of: PagesOf, /) -> dict[str, list[dict[str, Any]]]:
    """Return texts in two groups, examples and doubtful labels, each with what stands beside it and what people say."""
    people = of.corrections.of_cases() if texts else {}
    groups: dict[str, list[dict[str, Any]]] = {"examples": [], "doubtful": []}
    for row in texts:
        groups["doubtful" if row.likely else "examples"].append(
            {
                "case": row.case_id,
                "cause": row.cause,
                "name": causes.name_of(row.cause),
                "likely": causes.name_of(row.likely) if row.likely else None,
                "text": row.text,
                "corrected": causes.name_of(people[row.case_id]) if row.case_id in people else None,
            }
        )
    return groups


def _choices(causes: RunCauses, asked: Asked, /) -> list[tuple[str, Bilingual]]:
    named = [(cause, causes.name_of(cause)) for cause in causes.known if len(cause) <= MAX_LABEL]
    return sorted(named, key=lambda pair: str(pair[1].of(asked.language)).casefold())


def _agreement(found: Agreement | None, /) -> Bilingual | None:
    if found is None:
        return None
    return say(
        "pages_causes.agreement",
        n=found.corrected,
        texts=say("causes.count", n=found.read),
        share=percent(found.share),
        low=percent(found.low),
        high=percent(found.high),
    )
