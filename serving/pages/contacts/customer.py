"""One customer at risk: signs, what would change the prediction, and notes on what was done and what came of it."""

from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import urlencode

from baton.characters import is_like_formula
from baton.messages.message import Message
from baton.wording.leaving import chance_of, lowered, signs_of
from baton.wording.wording import money
from serving.access.rules import Subject, may
from serving.access.sight import Sight
from serving.decisions.refused import NotAllowed, NotFound
from serving.notes.store import NewNote, Noted
from serving.notes.words import DONE, MAX_TEXT, OUTCOMES, done_name, outcome_name
from serving.pages.asked import Asked, Go, Reply, Sent, Shown, new_once
from serving.pages.behind import PagesOf
from serving.pages.reading.of_run import OfRun

__all__ = ["send_notes", "show_customer", "take_note"]

_COLUMNS = ("customer_id", "team_id", "noted_at", "done", "outcome", "chance", "as_of")


def show_customer(asked: Asked, of: PagesOf, /) -> Reply:
    """Show a customer that somebody may see; a foreign one is answered like one that is not there."""
    read = of.read()
    sight = of.sight(asked.who, read.run)
    row = _row(asked, read, sight)
    customer = row["customer_id"]
    day, last = read.run.members.last_case.get(customer, (None, ""))
    better = lowered(read.names, read.what_if({customer}), read.harmful_levers)
    stake, currency = row["value_at_risk"], read.run.company.company.currency
    return Shown(
        "customer",
        {
            "id": customer,
            "chance_of": chance_of(row),
            "stake": None if stake is None else money(stake, currency),
            "signs": signs_of(read.sign_names, row),
            "better": better.get(customer),
            "last": day,
            "team": last if sight.team("churn_of_customer", last) else "",
            "notes": [(note, done_name(note.done), outcome_name(note.outcome)) for note in of.notes.of(customer)],
            "may_note": _team_to_note(asked, sight, read, customer) is not None,
            "done": [(key, done_name(key)) for key in DONE],
            "outcomes": [(key, outcome_name(key)) for key in OUTCOMES],
            "most": MAX_TEXT,
            "once": new_once(),
            "is_kept": asked.query.get("done") == "kept",
        },
    )


def take_note(asked: Asked, of: PagesOf, /) -> Reply:
    """Keep a note."""
    read = of.read()
    sight = of.sight(asked.who, read.run)
    row = _row(asked, read, sight)
    customer = row["customer_id"]
    team = _team_to_note(asked, sight, read, customer)
    if team is None:
        raise NotAllowed(Message("note.not_allowed"))
    form = asked.form
    note = NewNote(
        customer, team or None, form.get("done", ""), form.get("outcome", ""), form.get("text", ""),
        form.get("once", ""), row["probability"], row["as_of"],
    )  # fmt: skip
    of.notes.keep(asked.who, note)
    return Go(f"/pages/customer?{urlencode({'id': customer, 'done': 'kept'})}")


def send_notes(asked: Asked, of: PagesOf, /) -> Reply:
    """Send the notes on customers that somebody may see as a table, without words and without who wrote them."""
    sight = of.sight(asked.who, of.loaded())
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(_COLUMNS)
    for note in of.notes.all():
        if sight.customer(note.customer_id):
            table.writerow(_cells(note, sight))
    return Sent(written.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8", "customer-notes.csv")


def _cells(note: Noted, sight: Sight, /) -> list[Any]:
    team = note.team_id or ""
    return [
        _safe(note.customer_id),
        _safe(team) if sight.team("read_customer_notes", team) else "",  # whom others serve too, others note on too
        f"{note.at.isoformat(timespec='seconds')}Z",
        note.done,
        note.outcome,
        "" if note.chance is None else f"{note.chance:.6g}",
        note.as_of or "",
    ]


def _safe(text: str, /) -> str:
    """Return an id so that no spreadsheet takes it for a formula."""
    return f"'{text}" if is_like_formula(text) else text


def _row(asked: Asked, read: OfRun, sight: Sight, /) -> dict[str, Any]:
    customer, at_risk = asked.query.get("id", ""), read.at_risk
    place = None if at_risk is None or not sight.customer(customer) else at_risk.place_of(customer)
    if at_risk is None or place is None:
        raise NotFound(Message("note.nobody"))
    return at_risk.rows(place)[0]


def _team_to_note(asked: Asked, sight: Sight, read: OfRun, customer: str, /) -> str | None:
    """Return for which of one's teams a note is, empty where all may be done; None where none may be written."""
    if asked.who.is_local:
        return ""
    serving = sorted(read.run.members.teams_of_customer.get(customer, ()))
    _, last = read.run.members.last_case.get(customer, (None, ""))
    ordered = sorted(serving, key=lambda team: team != last)
    return next((team for team in ordered if may(sight.principal, "note_customer", Subject(team))), None)
