"""The tables of a review pack, each as far as somebody may see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from baton.wording.leaving import HIGH, chance_of, guessed_range, signs_of
from baton.wording.wording import Bilingual, listed, money, number, percent, say, verbatim
from serving.access.principal import Principal
from serving.access.rules import may
from serving.access.sight import Sight
from serving.pages.behind import PagesOf, in_order
from serving.pages.cards import MOVES, Card, verdict_words
from serving.pages.reading.of_run import OfRun
from serving.pages.review.blocks import Block, Shown, figure, points, sure, word, written

__all__ = ["PERIODS", "Pack", "pack_of"]

PERIODS = {"month": 31, "quarter": 92}
"""Days that a pack looks back on for decisions and notes."""
_MAX_CUSTOMERS = 200
_ACTION = "review_pack"


@dataclass(frozen=True)
class Pack:
    """A pack.

    Parameters
    ----------
    company : str
        Its name.
    teams : tuple of str
        Whom it is about, as people call them.
    as_of : str
        When the run was finished, UTC.
    blocks : tuple of Block
    """

    company: str
    teams: tuple[str, ...]
    as_of: str
    blocks: tuple[Block, ...]


def pack_of(who: Principal, of: PagesOf, since: datetime, /) -> Pack:
    """Put together the pack of the teams that somebody may see.

    Parameters
    ----------
    since : datetime
        From when on decisions and notes count, UTC without zone.
    """
    read = of.read()
    sight = of.sight(who, read.run)
    teams = in_order((team for team in read.run.members.teams if sight.team(_ACTION, team)), of.named)
    blocks = (
        _cards(read, of, teams),
        _lived(read, of, sight, teams),
        _customers(read, sight, who),
        _journey(read, teams),
        _causes(read, of, sight, teams),
        _decisions(of, who, since),
        _notes(of, sight, since),
    )
    known = read.run.results.run
    finished = str(known.get("finished_at") or "")[:16].replace("T", " ")
    return Pack(read.run.company.company.name, tuple(of.named(team) for team in teams), finished, blocks)


def _cards(read: OfRun, of: PagesOf, teams: list[str], /) -> Block:
    """Return all lines of cards, those to change first on each card; cards by what is at stake times how sure it is."""
    cards = [card for team in teams for card in read.cards.of_team.get(team, [])]
    cards.sort(key=lambda card: -card.urgency)
    rows = [
        [*_line(read, of, card, row), *(_expected(card) if not place and card.moved else (figure(None), word(None)))]
        for card in cards
        for place, row in enumerate(_moved_first(card))
    ]
    return Block(
        "cards",
        say("pages_review.cards"),
        (
            say("pages_teams.team"), say("pages_review.role"), say("pages_card.kpi"), say("pages_card.today"),
            say("pages_card.advised"), say("pages_card.verdict"), say("pages_review.sure"), say("pages_teams.expected"),
            say("pages_review.range"),
        ),
        rows,
        say("pages_teams.none"),
        [say("pages_review.moved", n=sum(bool(card.moved) for card in cards), total=len(cards))] if cards else [],
        [say("pages_review.cards_note")],
        {3: "0.0", 4: "0.0", 6: "0%", 7: "0"},
    )  # fmt: skip


def _moved_first(card: Card, /) -> list[dict[str, Any]]:
    moved = card.moved
    return [*moved, *(row for row in card.rows if row not in moved)]


def _line(read: OfRun, of: PagesOf, card: Card, row: dict[str, Any], /) -> list[Shown]:
    return [
        word(of.named(card.team)),
        word(card.role),
        word(read.names.kpi(row["kpi"])),
        points(row["current_weight"]),
        points(row["recommended_weight"]),
        word(verdict_words(row["verdict"])),
        sure(row["confidence"] if row["verdict"] in MOVES else None),
    ]


def _expected(card: Card, /) -> tuple[Shown, Shown]:
    """Return what is expected of a card's changes together; it stands on one line, so that nobody adds it up."""
    size, low, high = (card.whole[f"expected_{end}"] for end in ("effect", "low", "high"))
    if size is None or low is None or high is None:
        return figure(size), word(None)
    return figure(size), word(say("word.between", low=number(low, 0), high=number(high, 0)))


def _lived(read: OfRun, of: PagesOf, sight: Sight, teams: list[str], /) -> Block:
    """Return what customers live through: the last month of each team beside the middle of the others."""
    kpi = read.lived_kpi
    rows = []
    for team in teams:
        course = None if kpi is None or not sight.team_figures("live_kpis", team) else read.months.of_team(team, kpi)
        if kpi is not None and course is not None:
            last, middle = float(course.own[-1]), float(course.middle[-1])
            values = (_measured(read, kpi, last), _measured(read, kpi, middle))
            rows.append([word(of.named(team)), word(course.months[-1]), *values])
    name = say("pages_review.lived_none") if kpi is None else say("pages_review.lived", kpi=read.names.kpi(kpi))
    return Block(
        "lived",
        name,
        (say("pages_teams.team"), say("pages_review.month"), say("pages_review.value"), say("pages_journey.middle")),
        rows,
        say("pages_review.no_months"),
        notes=[say("pages_review.lived_note")],
        formats={2: "0.00", 3: "0.00"},
    )


def _measured(read: OfRun, kpi: str, value: float, /) -> Shown:
    return written(value, lambda known: read.names.measured(kpi, known))


def _customers(read: OfRun, sight: Sight, who: Principal, /) -> Block:
    at_risk, action = read.at_risk, "churn_of_customer"
    header = (say("risk.customer"), say("risk.chance"), say("risk.stake"), say("risk.reasons"))
    title = say("pages_frame.customers")
    if at_risk is None:
        entry = read.run.results.evaluation.get("churn")
        is_guessed = entry is not None and read.run.table("churn") is not None
        why = guessed_range(entry) if entry is not None and is_guessed else say("pages_customers.no_churn")
        return Block("customers", title, header, [], why)
    seen = at_risk.everybody() if may(who, action) else at_risk.seen(lambda team: sight.team(action, team))
    currency = read.run.company.company.currency
    rows = [
        [
            word(str(row["customer_id"])),
            Shown(chance_of(row), row["probability"]),
            written(row["value_at_risk"], lambda value: money(value, currency)),
            word(signs_of(read.sign_names, row)),
        ]
        for row in at_risk.rows(seen[:_MAX_CUSTOMERS])
    ]
    high, stake = int((at_risk.chance[seen] >= HIGH).sum()), at_risk.stake[seen]
    findings = [say("pages_review.high", n=len(seen), high=high, band=percent(HIGH))]
    if np.isfinite(stake).any():
        findings.append(say("pages_review.stake", money=money(float(np.nansum(stake)), currency)))
    cut = [say("pages_review.first", n=len(rows), total=len(seen))] if len(rows) < len(seen) else []
    return Block(
        "customers", title, header, rows, say("pages_customers.no_teams"), findings if rows else [], cut,
        {1: "0%", 2: "#,##0"},
    )  # fmt: skip


def _journey(read: OfRun, teams: list[str], /) -> Block:
    stages = [stage for stage in read.journey.stages(frozenset(teams)) if stage.on_card or stage.measurable]
    rows = [
        [
            word(stage.name),
            points(stage.share),
            word(listed([name for name, *_ in stage.on_card]) if stage.on_card else None),
        ]
        for stage in stages
    ]
    return Block(
        "journey",
        say("pages_journey.name"),
        (say("pages_journey.stage"), say("pages_review.points"), say("journey.on_card")),
        rows if read.journey.cards is not None else [],
        say("pages_journey.no_cards"),
        formats={1: "0.0"},
    )


def _causes(read: OfRun, of: PagesOf, sight: Sight, teams: list[str], /) -> Block:
    trends = read.causes.tables.get("cause_trends")
    units = () if trends is None else trends.loc[trends["level"] == "team", "unit_id"].astype(str).unique()
    seen = frozenset(team for team in units if sight.team_figures("causes_of_team", team))
    section = read.causes.section(seen, of.named, with_texts=False)
    title = say("pages_frame.causes")
    if section is None:
        return Block("causes", title, (), [], say("pages_causes.none"))
    header = (section.header[0], *section.header[3:])
    rows = [[word(row.name), *(word(cell) for cell in row.cells)] for row in section.rows]
    return Block("causes", title, header, rows, say("pages_causes.none"), section.findings, [section.note])


def _decisions(of: PagesOf, who: Principal, since: datetime, /) -> Block:
    recent = [row for row in of.decisions_of_teams(who) if datetime.fromisoformat(row["changed_at"][:19]) >= since]
    rows = [
        [
            word(row["changed_at"][:10]),
            word(of.named(row["team_id"])),
            word(row["role"]),
            word(_named(row["kind"])),
            word(_named(row["state"])),
        ]
        for row in sorted(recent, key=lambda row: row["changed_at"], reverse=True)
    ]
    header = (
        say("pages_review.day"), say("pages_teams.team"), say("pages_review.role"), say("pages_review.about"),
        say("pages_teams.state"),
    )  # fmt: skip
    return Block("decisions", say("pages_frame.decisions"), header, rows, say("pages_review.no_decisions"))


def _named(words: dict[str, str], /) -> Bilingual:
    return Bilingual(verbatim(words["en"]).en, verbatim(words["zh"]).zh)


def _notes(of: PagesOf, sight: Sight, since: datetime, /) -> Block:
    """Return how many notes on customers there were, by what came of them; neither words nor names."""
    from serving.notes.words import OUTCOMES, outcome_name

    seen = [note for note in of.notes.all() if note.at >= since and sight.customer(note.customer_id)]
    counts = {key: sum(note.outcome == key for note in seen) for key in OUTCOMES}
    rows = [[word(outcome_name(key)), figure(count)] for key, count in counts.items()] if seen else []
    header = (say("pages_notes.outcome"), say("pages_review.notes_n"))
    return Block("notes", say("pages_review.notes"), header, rows, say("pages_notes.none"))
