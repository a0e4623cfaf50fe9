"""One cause: what is known of it, what was decided before, and the form by which a team takes it up."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from baton.catalogue.kpi_search import kpis_of_presets
from baton.catalogue.schema import Text
from baton.messages.message import Message
from baton.wording.wording import Bilingual, listed, natural_order, translated, verbatim
from serving.access.rules import Subject, may
from serving.decisions.payloads import AdviceQuestion
from serving.decisions.refused import DecisionRefused, NotFound
from serving.pages.asked import Asked, Reply, Shown, new_once
from serving.pages.behind import PagesOf
from serving.pages.card import propose_in_words
from serving.pages.reading.of_run import OfRun

__all__ = ["deciding_teams", "show_cause", "take_cause"]


def deciding_teams(asked: Asked, read: OfRun, /) -> list[str]:
    """Return the teams for which somebody may decide what is done about a cause."""
    teams = {*read.run.members.teams, *read.cards.of_team}
    mine = (team for team in teams if may(asked.who, "decide", Subject(team)))
    return sorted(mine, key=lambda team: natural_order(verbatim(team)))


def show_cause(asked: Asked, of: PagesOf, /) -> Reply:
    """Show a cause with the moves by which a team takes it up."""
    read = of.read()
    cause = asked.query.get("cause", "")
    known, teams = read.causes.diagnosed.get(cause), deciding_teams(asked, read)
    if known is None or not teams:
        raise NotFound
    advised = of.store.advised(asked.who, AdviceQuestion(kind="root_cause", team_id=teams[0], cause=cause))
    return Shown(
        "cause",
        {
            "name": read.causes.name_of(cause),
            "facts": _facts(read, known),
            "teams": teams,
            "advice": advised["digest"],
            "next": [move["key"] for move in advised["next"]],
            "once": new_once(),
            "decisions": [row for row in of.store.standing(asked.who, "root_cause") if row["about"]["cause"] == cause],
        },
    )


def take_cause(asked: Asked, of: PagesOf, /) -> Reply:
    """Begin a decision on a cause for a team."""
    team = asked.form.get("team", "")
    if not team:
        raise DecisionRefused(Message("cause.choose_team"))
    return propose_in_words(asked, of, _question(asked.query.get("cause", ""), team))


def _question(cause: str, team: str, /) -> AdviceQuestion:
    try:
        return AdviceQuestion(kind="root_cause", team_id=team, cause=cause)
    except ValidationError:
        raise NotFound from None


def _kpi_name(read: OfRun, kpi: str, /) -> Bilingual:
    """Return what a KPI is called; the company may have none that would measure a cause, and the library has it."""
    if kpi not in read.names.catalogue:
        of_library = next((found.kpi for found in kpis_of_presets() if found.kpi.id == kpi), None)
        if of_library is not None:
            return translated(of_library.name)
    return read.names.kpi(kpi)


def _facts(read: OfRun, row: dict[str, Any], /) -> list[tuple[str, Bilingual]]:
    """Return what a run says of a cause, each with the key of its heading; what is not known is left out."""
    known = read.causes.about.get(row["cause"], {})
    stages = {stage.id: translated(stage.name) for stage in read.names.catalogue.stages}
    owner, stage = known.get("owner"), stages.get(row["stage"] or "")
    measured = listed([_kpi_name(read, kpi) for kpi in row["measured_by"]]) if len(row["measured_by"]) else None
    could = listed([_kpi_name(read, kpi) for kpi in row["kpis"]]) if len(row["kpis"]) else None
    found = [
        ("causes.stage", stage),
        ("causes.owner", translated(Text(**owner)) if owner else None),
        ("pages_cause.measured_by", measured),
        ("pages_cause.could_measure", could if measured is None else None),
    ]
    return [(heading, words) for heading, words in found if words is not None]
