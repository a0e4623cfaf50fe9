"""Customers at risk: whom to call first, why, and what would change the prediction."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from baton.errors import BatonError
from baton.files import read_json
from baton.messages.message import Message
from baton.wording.leaving import HIGH, chance_of, guessed_range, is_wide, lowered, signs_of
from baton.wording.wording import Bilingual, money, percent, say, translated_message
from serving.access.rules import may, may_at_all
from serving.access.sight import Sight
from serving.notes.store import SaveRate, save_rate
from serving.notes.words import outcome_name
from serving.pages.asked import Asked, Reply, Shown
from serving.pages.behind import PagesOf
from serving.pages.paging import paged
from serving.pages.reading.at_risk import AtRisk, Wanted
from serving.pages.reading.of_run import OfRun

__all__ = ["show_customers"]

_ACTION = "churn_of_customer"


def show_customers(asked: Asked, of: PagesOf, /) -> Reply:
    """Show the customers whom somebody may see, those with the most at stake first."""
    read = of.read()
    at_risk = read.at_risk
    if at_risk is None:
        return Shown("customers", {"missing": _why_none(read), "total": 0})
    sight = of.sight(asked.who, read.run)
    seen = (
        at_risk.everybody()
        if may(asked.who, _ACTION)
        else at_risk.seen(lambda team: sight.team(_ACTION, team))
    )  # fmt: skip
    at_least, trouble = _at_least(asked)
    wanted = Wanted(asked.query.get("team", ""), asked.query.get("sign", ""), at_least)
    teams = [team for team in at_risk.teams if sight.team(_ACTION, team)]
    # by a foreign team nobody is found, whoever else it serves
    places = at_risk.found(seen, wanted) if wanted.team in ("", *teams) else seen[:0]
    page = paged(asked, len(places))
    rows = at_risk.rows(places[page.rows])
    return Shown(
        "customers",
        {
            "missing": [],
            "total": len(seen),
            "lead": _lead(read, at_risk, places),
            "notes": _notes(at_risk, rows),
            "rows": _shown(read, rows, frozenset(teams)),
            "page": page,
            "wanted": wanted,
            "at_least": asked.query.get("value", ""),
            "teams": teams,
            "signs": [(sign, read.sign_names.kpi(sign)) for sign in at_risk.signs_of(seen)],
            "has_value": at_risk.has_value,
            "has_better": read.run.table("what_if") is not None,
            **_noted(asked, of, sight, [row["customer_id"] for row in rows]),
        },
        trouble=trouble,
    )


def _noted(asked: Asked, of: PagesOf, sight: Sight, customers: list[str], /) -> dict[str, Any]:
    """Return the last note on each customer of the page, and the save rate of all that somebody may see."""
    if not may_at_all(asked.who, "read_customer_notes"):
        return {"notes_of": {}, "saved": None, "may_read_notes": False}
    seen = [note for note in of.notes.all() if sight.customer(note.customer_id)]
    shown = frozenset(customers)
    last = {note.customer_id: (note, outcome_name(note.outcome)) for note in seen if note.customer_id in shown}
    rate = save_rate(seen)
    return {"notes_of": last, "saved": None if rate is None else _saved(rate), "may_read_notes": True}


def _saved(rate: SaveRate, /) -> Bilingual:
    counted = say(
        "pages_notes.rate", n=rate.known, share=percent(rate.share), low=percent(rate.low), high=percent(rate.high)
    )
    if rate.expected is None:
        return counted
    return say("pages_notes.rate_beside", counted=counted, share=percent(rate.expected))


def _at_least(asked: Asked, /) -> tuple[float | None, Bilingual | None]:
    """Return the least value asked for, or that what was typed is no number."""
    text = asked.query.get("value", "").strip()
    if not text:
        return None, None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        return value, None
    return None, translated_message(Message("page.no_number", {"value": text[:40]}))


def _lead(read: OfRun, at_risk: AtRisk, places: np.ndarray, /) -> Bilingual:
    """Return how many are likely to leave, and what is at stake."""
    company = read.run.company
    high = int((at_risk.chance[places] >= HIGH).sum())
    days = company.snapshots.horizon_days
    counted = (
        say("pages_customers.lead_flat", high=high, n=len(places), band=percent(HIGH))
        if at_risk.is_flat
        else say("pages_customers.lead", high=high, n=len(places), band=percent(HIGH), days=days)
    )
    stake = at_risk.stake[places]
    if not np.isfinite(stake).any():
        return counted
    amount = money(float(np.nansum(stake)), company.company.currency)
    return say("pages_customers.lead_value", counted=counted, money=amount)


def _notes(at_risk: AtRisk, rows: list[dict[str, Any]], /) -> list[Bilingual]:
    flat = "risk.top_note_risk_flat" if at_risk.is_flat else "risk.top_note_risk"
    note = say("risk.top_note" if at_risk.has_value else flat)
    return [say("risk.range_note", note=note) if any(is_wide(row) for row in rows) else note]


def _shown(read: OfRun, rows: list[dict[str, Any]], teams: frozenset[str], /) -> list[dict[str, Any]]:
    run, names = read.run, read.names
    better = lowered(names, read.what_if({str(row["customer_id"]) for row in rows}), read.harmful_levers)
    currency = run.company.company.currency
    shown = []
    for row in rows:
        day, last = run.members.last_case.get(row["customer_id"], (None, ""))
        serving = sorted(teams & run.members.teams_of_customer.get(row["customer_id"], frozenset()))
        shown.append(
            {
                "id": row["customer_id"],
                "chance": chance_of(row),
                "stake": None if row["value_at_risk"] is None else money(row["value_at_risk"], currency),
                "signs": signs_of(read.sign_names, row),
                "better": better.get(row["customer_id"]),
                # whose the last case was; a team that may not be seen is not named
                "team": last if last in serving else next(iter(serving), ""),
                "others": max(0, len(serving) - 1),
                "last": day,
            }
        )
    return shown


def _why_none(read: OfRun, /) -> list[Bilingual]:
    """Return why there are no customers to be shown: it was guessing, or which table would bring them."""
    entry = read.run.results.evaluation.get("churn")
    if read.run.table("churn") is not None and entry is not None:
        return [guessed_range(entry)]
    return [*_recorded(read, "churn"), say("pages_customers.no_churn")]


def _recorded(read: OfRun, outcome: str, /) -> list[Bilingual]:
    """Return why the run did not learn an outcome, as it has recorded it."""
    try:
        why = read_json(read.run.folder.training / "skipped.json").get(outcome)
        return [] if why is None else [translated_message(Message.recorded(why))]
    except (BatonError, OSError):
        return []
