"""Notes on customers at risk: who reads and writes them, what the log does not say, what is counted and handed on."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text as sql

from serving.access.keeper import Keeper
from serving.access.principal import LOCAL, Principal
from serving.audit.erase import erase
from serving.audit.log import AuditLog
from serving.audit.reading import all_rows
from serving.decisions.refused import DecisionRefused
from serving.notes.store import NewNote, Noted, Notes, save_rate
from serving.notes.words import MAX_TEXT
from serving.state.schema import TakenConversation, User
from serving.state.store import State
from tests.serving.access.conftest import House
from tests.serving.pages.conftest import HERE, Browser

LIN = Principal("lin", "manager")


def note(customer: str = "c1", outcome: str = "open", text: str = "", once: str = "k1", **more: Any) -> NewNote:
    return NewNote(customer, "t1", "called", outcome, text, once, **more)


def noted(customer: str, outcome: str, chance: float | None = 0.4) -> Noted:
    return Noted(customer, "t1", "lin", "called", outcome, "", chance, None, datetime(2026, 7, 1))


def test_a_note_is_kept_once_the_newest_counts_and_the_log_names_neither_customer_nor_words(state: State) -> None:
    notes = Notes(AuditLog(state))
    for once, outcome in (("k1", "open"), ("k1", "open"), ("k2", "stays")):
        notes.keep(LIN, note("Ada Muster", outcome, "wants a fibre line", once, chance=0.4, as_of="2026-07-01"))
    assert [each.outcome for each in notes.of("Ada Muster")] == ["stays", "open"]
    assert {note.customer_id: note for note in notes.all()}["Ada Muster"].outcome == "stays"
    with state.reading() as session:
        rows = all_rows(session, oldest_first=True)
        logged = str(session.execute(sql("SELECT subject, detail FROM audit_log")).all())
    assert [(row.action, row.team, dict(row.detail)) for row in rows] == [
        ("customer.note", "t1", {"note": 1, "outcome": "open"}),
        ("customer.note", "t1", {"note": 2, "outcome": "stays"}),
    ]
    assert "Ada" not in logged and "fibre" not in logged


def test_a_form_that_a_browser_went_back_to_is_another_note_if_it_says_something_else(state: State) -> None:
    notes = Notes(AuditLog(state))
    for text in ("calls back", "calls back", "has called back"):
        notes.keep(LIN, note(text=text, once="k1"))
    assert [each.text for each in notes.of("c1")] == ["has called back", "calls back"]


@pytest.mark.parametrize(
    "unfit",
    [
        note(outcome="perhaps"), note(text="x" * (MAX_TEXT + 1)), note(once=""), note(text="a\x00b"),
        NewNote("c1", "t1", "shouted", "open", "", "k1"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_nothing_is_kept(state: State, unfit: NewNote) -> None:
    notes = Notes(AuditLog(state))
    with pytest.raises(DecisionRefused):
        notes.keep(LIN, unfit)
    assert notes.all() == []


def test_the_save_rate_is_of_customers_with_a_known_outcome_and_of_enough_of_them() -> None:
    known = [noted(f"c{place}", "stays" if place % 4 else "leaves") for place in range(20)]
    assert save_rate(known[1:]) is None
    rate = save_rate([*known, noted("c30", "open"), noted("c31", "not_reached"), noted("c1", "leaves")])
    assert rate is not None
    assert (rate.stayed, rate.known) == (14, 20)  # c1 was lost after all
    assert rate.low < 0.7 < rate.high and rate.expected == pytest.approx(0.6)
    rest = save_rate([*known[1:], noted("c0", "leaves", None)])
    assert rest is not None and rest.expected is None


def test_a_customer_and_a_person_who_wrote_are_erased(state: State) -> None:
    log = AuditLog(state)
    notes = Notes(log)
    with state.writing() as session:
        session.add(User(name="lin", role="manager", teams=[], employee="p-9", created_at=log.now()))
    notes.keep(LIN, note("c1", text="says her mother is ill"))
    notes.keep(LIN, note("c2", text="called twice", once="k2"))
    assert notes.forget("c1", LOCAL) == 1 and notes.forget("c1", LOCAL) == 0
    erase(log, "p-9", actor=LOCAL)
    left = notes.all()
    assert [each.customer_id for each in left] == ["c2"]
    assert left[0].text == "" and left[0].by.startswith("erased-") and left[0].outcome == "open"


def test_what_somebody_has_taken_over_is_open_again_once_they_are_erased(state: State) -> None:
    log = AuditLog(state)
    with state.writing() as session:
        session.add(User(name="lin", role="manager", teams=[], employee="p-9", created_at=log.now()))
        for name in ("lin", "lea"):
            session.add(TakenConversation(subject=f"etl {name}", by=name, team_id="t1", at=log.now()))
    erase(log, "p-9", actor=LOCAL)
    with state.reading() as session:
        assert [each.by for each in session.query(TakenConversation)] == ["lea"]


def test_the_table_of_notes_names_no_foreign_team(browser: Browser, with_passwords: House) -> None:
    others = NewNote("c2", "t3", "called", "open", "", "of another team")
    Notes(Keeper(with_passwords.company).audit).keep(LOCAL, others)
    teams = {}
    for user in ("lin", "ana"):
        browser.sign_in(user)
        sent = browser.open("/pages/customer-notes.csv").content.decode("utf-8-sig")
        teams[user] = [row["team_id"] for row in csv.DictReader(io.StringIO(sent)) if row["customer_id"] == "c2"]
    assert teams == {"lin": [""], "ana": ["t3"]}


def test_a_lead_notes_it_on_the_page_and_others_see_as_much_as_the_customer(
    browser: Browser, with_passwords: House
) -> None:
    browser.sign_in("lin")
    browser.open("/pages/customer?id=c1")
    long = browser.send("/pages/customer?id=c1", {"done": "called", "outcome": "stays", "text": "<b>" + "y" * 398})
    assert long.status_code == 400 and "nothing was kept yet" in long.text and "&lt;b&gt;yyy" in long.text
    kept = browser.send("/pages/customer?id=c1", {"done": "called", "outcome": "stays", "text": "<i>will stay"})
    assert kept.status_code == 303
    page = browser.open(kept.headers["location"])
    assert "&lt;i&gt;will stay" in page.text and "Called: stays" in page.text
    assert "stays" in browser.open("/pages/customers").text
    sent = browser.open("/pages/customer-notes.csv")
    assert sent.headers["content-disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(sent.content.decode("utf-8-sig"))))
    rows = [row for row in rows if row["customer_id"] == "c1"]
    assert [(row["customer_id"], row["done"], row["outcome"]) for row in rows] == [("c1", "called", "stays")]
    assert 0 < float(rows[0]["chance"]) < 1 and "will stay" not in sent.text and "lin" not in sent.text
    browser.sign_in("mara")
    assert browser.open("/pages/customer?id=c1").status_code == 404
    assert "c1" not in browser.open("/pages/customer-notes.csv").text
    browser.sign_in("ana")
    seen = browser.open("/pages/customer?id=c1")
    assert "will stay" in seen.text and "<textarea" not in seen.text
    form = {"key": browser.hidden("/pages/sign-out")["key"], "done": "called", "outcome": "leaves", "once": "z"}
    refused = browser.client.post("/pages/customer?id=c1", data=form, headers=HERE, follow_redirects=False)
    assert refused.status_code == 403
    assert "leaves</strong>" not in browser.open("/pages/customer?id=c1").text
