"""Every page × role × own, lower and foreign team: what is shown, and what is answered like nothing."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from serving.access.keeper import Keeper
from serving.access.principal import LOCAL
from serving.alerts.outbox import Outbox
from serving.notes.store import NewNote, Notes
from serving.pages.table import PAGES
from serving.pilots.opening import open_pilots
from tests.serving.access.conftest import House
from tests.serving.pages.test_live_desk import noted
from tests.serving.pilots.trial import PLAN

USERS = ("etl", "ana", "lin", "mara", "emil", "aud")
SEEN, HIDDEN, DENIED = "seen", "hidden", "denied"
S, H, D = SEEN, HIDDEN, DENIED

# address, and what stands on the page if it is seen          etl ana lin mara emil aud
CELLS: dict[tuple[str, str], tuple[str, str, str, str, str, str]] = {
    ("/pages/teams", "team=t1"): (S, S, S, H, D, D),
    ("/pages/teams", "team=t2"): (S, S, S, H, D, D),
    ("/pages/teams", "team=t3"): (S, S, H, S, D, D),
    ("/pages/card?team=t1", "Scorecard of t1"): (S, S, S, H, D, D),
    ("/pages/card?team=t3", "Scorecard of t3"): (S, S, H, S, D, D),
    ("/pages/customers", ">c1<"): (S, S, S, H, D, D),
    ("/pages/customers", ">c2<"): (S, S, S, H, D, D),  # served by t2, below t1
    ("/pages/customers", ">c3<"): (S, S, H, S, D, D),
    ("/pages/customers", ">c4<"): (S, S, H, H, D, D),  # by t1, two years ago
    ("/pages/customers?team=t3", ">c3<"): (S, S, H, S, D, D),
    ("/pages/customer?id=c1", "Nothing was noted yet"): (D, S, S, H, D, D),
    ("/pages/customer?id=c3", "Nothing was noted yet"): (D, S, H, S, D, D),
    ("/pages/customer?id=c3", "Keep the note"): (D, H, H, S, D, D),
    ("/pages/customer?id=x404", "never"): (D, H, H, H, D, D),
    ("/pages/customer-notes.csv", "c4,t1,"): (D, S, H, H, D, D),  # by t1, two years ago
    ("/pages/customer-notes.csv", "c2,t2,"): (D, S, S, H, D, D),
    ("/pages/live", "Conversation talk-1"): (D, S, S, H, D, D),  # of t1
    ("/pages/live", "Conversation talk-3"): (D, S, H, S, D, D),
    ("/pages/live", "I take this over"): (D, H, S, S, D, D),
    ("/pages/causes", "late"): (D, S, S, S, D, D),  # of the whole company
    ("/pages/causes", ">t1<"): (D, S, S, H, D, D),
    ("/pages/causes", ">t2<"): (D, S, S, H, D, D),
    ("/pages/causes", ">t3<"): (D, S, H, S, D, D),
    ("/pages/causes", ">t4<"): (D, H, H, S, D, D),  # one person: only who leads it directly sees its figures
    ("/pages/causes", "where is my parcel [phone]"): (D, S, H, S, D, D),  # of a case of t3
    ("/pages/causes", "Is that right?"): (D, S, H, S, D, D),
    ("/pages/journey", ">t1<"): (S, S, S, H, D, D),
    ("/pages/journey", ">t2<"): (S, S, S, H, D, D),
    ("/pages/journey", ">t3<"): (S, S, H, S, D, D),
    ("/pages/journey?stage=use", ">t3<"): (S, S, H, S, D, D),
    ("/pages/coaching", ">t1<"): (D, S, S, H, D, D),
    ("/pages/coaching", ">t2<"): (D, S, S, H, D, D),
    ("/pages/coaching", ">t3<"): (D, S, H, S, D, D),
    ("/pages/causes", "Decide what to do"): (D, H, S, S, D, D),  # analysts decide nothing
    ("/pages/cause?cause=late", ">t1<"): (D, D, S, H, D, D),
    ("/pages/cause?cause=late", ">t3<"): (D, D, H, S, D, D),
    ("/pages/cause?cause=weather", "never"): (D, D, H, H, D, D),
    ("/pages/coaching", "@e1"): (D, H, S, H, D, D),
    ("/pages/coaching", "@e2"): (D, H, H, H, D, D),  # t2 has no lead of its own
    ("/pages/coaching", "@e3"): (D, H, H, S, D, D),
    ("/pages/offer?person=@e1&kpi=wait_seconds&action=call_back", "@e1"): (D, D, S, H, D, D),
    ("/pages/offer?person=@e2&kpi=wait_seconds&action=call_back", "@e2"): (D, D, H, H, D, D),
    ("/pages/offer?person=@e3&kpi=wait_seconds&action=call_back", "@e3"): (D, D, H, S, D, D),
    ("/pages/offer?person=nobody", "never"): (D, D, H, H, D, D),
    ("/pages/decisions", 'id="title"'): (D, S, S, S, S, S),
    ("/pages/decision?id=none", "never"): (D, H, H, H, H, H),
    ("/pages/pilots", ">waits<"): (D, S, S, H, D, S),  # of t1 and t2, in this house
    ("/pages/pilots?name=waits", ">waits<"): (D, S, S, H, D, S),
    ("/pages/pilots?name=none", "never"): (D, H, H, H, D, H),
    ("/pages/models", "Models"): (D, S, D, D, D, S),
    ("/pages/models", "Go back to the champion before"): (D, H, D, D, D, H),  # no model is registered here
    ("/pages/review", ">t1<"): (D, S, S, H, D, D),
    ("/pages/review", ">t3<"): (D, S, H, S, D, D),
    ("/pages/review", ">c3<"): (D, S, H, S, D, D),
    ("/pages/review.xlsx", "PK"): (D, S, S, S, D, D),
    ("/pages/glossary", 'id="kpi-csat"'): (S, S, S, S, S, S),
    ("/pages/search?q=t1", "/pages/card?team=t1"): (S, S, S, H, H, H),
    ("/pages/search?q=t3", "/pages/card?team=t3"): (S, S, H, S, H, H),
    ("/pages/search?q=c3", "/pages/customer?id=c3"): (H, S, H, S, H, H),
    ("/pages/mine", "My own view"): (D, D, S, S, S, D),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def pilot(house: House) -> None:
    """A pilot of t1 and t2, of which t1 begins."""
    plan = {**PLAN, "name": "waits", "teams": ["t1", "t2"], "starts": [6, -1]}
    with open_pilots(house.company, house.folder, house.tokens["ana"]) as (store, user):
        store.begin(user, plan, "<b>waits</b> are long")


@pytest.fixture(scope="module", autouse=True)
def conversations(house: House) -> None:
    """A conversation at risk of t1, and one of t3."""
    outbox = Outbox(Keeper(house.company).audit, house.company.alerts)
    noted(outbox, "talk-1", 0.7, "t1")
    noted(outbox, "talk-3", 0.7, "t3")


@pytest.fixture(scope="module", autouse=True)
def notes(house: House) -> None:
    """A note on a customer of t2, and one on who was t1's two years ago."""
    kept = Notes(Keeper(house.company).audit)
    for customer, team in (("c2", "t2"), ("c4", "t1")):
        kept.keep(LOCAL, NewNote(customer, team, "called", "open", "", customer))


def _with_people(text: str, house: House) -> str:
    """A text with pseudonyms in the places of @e1, @e2 and so on."""
    return re.sub(r"@(e\d+)", lambda found: house.people[found[1]], text)


def outcome(served: Any, house: House, user: str, address: str, mark: str) -> str:
    served.cookies.clear()
    headers = {**house.headers(user), "accept": "text/html", "accept-language": "en"}
    address, mark = (_with_people(text, house) for text in (address, mark))
    answer = served.get(address, headers=headers, follow_redirects=False)
    if 'rel="next"' in answer.text:  # a list of two pages
        answer = served.get(f"{address}?page=2", headers=headers) if mark not in answer.text else answer
    if answer.status_code == 403:
        return DENIED
    assert answer.status_code in (200, 404), answer.text
    return SEEN if answer.status_code == 200 and mark in unescape(answer.text) else HIDDEN


@pytest.mark.parametrize(("address", "mark"), list(CELLS))
def test_each_cell(address: str, mark: str, served: Any, house: House) -> None:
    found = [outcome(served, house, user, address, mark) for user in USERS]
    assert dict(zip(USERS, found, strict=True)) == dict(zip(USERS, CELLS[address, mark], strict=True))


def test_every_page_is_in_the_table() -> None:
    assert {address.partition("?")[0] for address, _ in CELLS} == {page.path for page in PAGES}
