"""Signing in with a browser: who gets in, where a session counts, and how it ends."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from baton.cli import app
from baton.company import Company
from baton.errors import AccessError
from serving.access.granting import Request, give, give_password, take
from serving.access.keeper import Keeper
from serving.access.sign_ins import NotSignedIn, SignIns, end_session
from serving.audit.log import AuditLog
from tests.serving.access.conftest import House
from tests.serving.pages.conftest import HERE, PASSWORD, Browser

START = datetime(2026, 7, 1, 8)


class Clock:
    """Time that passes only when it is asked to."""

    moment = START

    def __call__(self) -> datetime:
        return self.moment

    def ticks(self) -> float:
        return (self.moment - START).total_seconds()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keeper(empty: Company, clock: Clock) -> Keeper:
    give(empty, Request("lin", "manager", teams=("t1",)))
    give_password(empty, "lin", PASSWORD)
    return Keeper(empty, clock=clock, ticks=clock.ticks)


def begin(keeper: Keeper, clock: Clock, name: str = "lin", password: str = PASSWORD, **other: Any) -> str:
    import anyio

    sign_ins = other.get("sign_ins") or SignIns(keeper, clock=clock, ticks=clock.ticks)
    return anyio.run(sign_ins.begin, name, password, other.get("address", "10.0.0.1"))


def user_of(keeper: Keeper, session: str) -> str | None:
    found = keeper.principal_of_session(session)
    return None if found is None else found.user


def test_a_session_rests_and_lasts_only_so_long(keeper: Keeper, clock: Clock) -> None:
    session = begin(keeper, clock)
    clock.moment += timedelta(minutes=29)
    assert user_of(keeper, session) == "lin"
    clock.moment += timedelta(minutes=29)
    assert user_of(keeper, session) == "lin"  # it was in use
    clock.moment += timedelta(minutes=30)
    assert user_of(keeper, session) is None
    session = begin(keeper, clock)
    for _ in range(35):
        clock.moment += timedelta(minutes=20)
        assert user_of(keeper, session) == "lin"
    clock.moment += timedelta(minutes=20)  # 12 hours, in use all the time
    assert user_of(keeper, session) is None


@pytest.mark.parametrize("how", ["revoke", "password", "sign out"])
def test_a_session_ends_within_two_seconds(empty: Company, keeper: Keeper, clock: Clock, how: str) -> None:
    session = begin(keeper, clock)
    assert user_of(keeper, session) == "lin"
    if how == "revoke":
        take(empty, "lin")
    elif how == "password":
        give_password(empty, "lin", "another horse altogether")
    else:
        end_session(keeper, session)
        assert user_of(keeper, session) is None
    clock.moment += timedelta(seconds=2)
    assert user_of(keeper, session) is None


def test_a_session_is_no_token_and_a_token_no_session(empty: Company, keeper: Keeper, clock: Clock) -> None:
    session = begin(keeper, clock)
    token = give(empty, Request("ana", "analyst")).token
    assert user_of(keeper, session) == "lin"
    assert keeper.principal(token) is not None
    assert keeper.principal(session) is None
    assert keeper.principal_of_session(token) is None


def test_only_a_digest_of_a_session_is_kept_and_no_password(keeper: Keeper, clock: Clock) -> None:
    from sqlalchemy import text

    session = begin(keeper, clock)
    with pytest.raises(NotSignedIn):
        begin(keeper, clock, password="wrong " + PASSWORD)
    with pytest.raises(NotSignedIn):
        begin(keeper, clock, name=PASSWORD)  # typed into the wrong field
    with keeper.state.reading() as reading:
        kept = [
            str(row)
            for table in ("users", "sign_ins", "audit_log")
            for row in reading.execute(text(f"SELECT * FROM {table}"))
        ]
    assert not any(session in row or PASSWORD in row for row in kept)


def test_every_sign_in_and_refused_try_is_in_the_audit_log(keeper: Keeper, clock: Clock) -> None:
    session = begin(keeper, clock)
    for name, password in (("lin", "not the right one"), ("nobody", PASSWORD)):
        with pytest.raises(NotSignedIn, match="wrong"):
            begin(keeper, clock, name, password)
    end_session(keeper, session)
    end_session(keeper, session)
    rows = [(row.action, row.actor, row.detail) for row in reversed(AuditLog(keeper.state).read())][-4:]
    assert rows == [
        ("sign_in", "lin", {}),
        ("sign_in_refused", "nobody", {"user": "lin"}),
        ("sign_in_refused", "nobody", {"user": "unknown"}),
        ("sign_out", "lin", {}),
    ]


def test_tries_are_limited_per_user_and_address_and_right_ones_are_not_counted(keeper: Keeper, clock: Clock) -> None:
    sign_ins = SignIns(keeper, clock=clock, ticks=clock.ticks)

    def why(name: str, address: str, password: str = "no, this is wrong") -> str:
        try:
            return begin(keeper, clock, name, password, sign_ins=sign_ins, address=address) and "in"
        except NotSignedIn as refused:
            return refused.why

    assert [why("lin", "a", PASSWORD) for _ in range(11)] == ["in"] * 11
    assert [why("lin", "a") for _ in range(11)] == ["wrong"] * 10 + ["often"]
    assert why("lin", "a", PASSWORD) == "often"
    assert why("lin", "b", PASSWORD) == "in"  # nobody can keep somebody out from elsewhere
    clock.moment += timedelta(minutes=15)
    assert why("lin", "a", PASSWORD) == "in"


def test_a_known_and_an_unknown_name_cost_one_hash_each(
    keeper: Keeper, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pwdlib import PasswordHash

    begin(keeper, clock)
    verified: list[str] = []
    verify = PasswordHash.verify

    def counted(self: PasswordHash, password: str, kept: str) -> bool:
        verified.append(kept.rsplit("$", 2)[0])
        return verify(self, password, kept)

    monkeypatch.setattr(PasswordHash, "verify", counted)
    for name in ("lin", "nobody"):
        with pytest.raises(NotSignedIn, match="wrong"):
            begin(keeper, clock, name, "no, this is wrong")
    assert len(verified) == 2 and len(set(verified)) == 1  # with the same memory and rounds


@pytest.mark.parametrize(
    ("name", "password", "why"),
    [
        ("lin", "short", "12 to 200 characters"),
        ("lin", "x" * 201, "12 to 200 characters"),
        ("lin", "aaaaaaaaaaaaaa", "few different characters"),
        ("nobody-knows-me", PASSWORD, "no user"),
        ("etl", PASSWORD, "is a system"),
    ],
)
def test_what_is_no_password_for_somebody(keeper: Keeper, empty: Company, name: str, password: str, why: str) -> None:
    give(empty, Request("etl", "service"))
    with pytest.raises(AccessError, match=why):
        give_password(empty, name, password)


def test_the_command_asks_twice_without_showing_or_makes_one(empty: Company) -> None:
    give(empty, Request("lin", "manager", teams=("t1",)))
    place = ["--company", str(empty.folder)]
    typed = CliRunner().invoke(app, ["access", "password", "lin", *place], input=f"{PASSWORD}\n{PASSWORD}\n")
    assert typed.exit_code == 0 and PASSWORD not in typed.output
    made = CliRunner().invoke(app, ["access", "password", "lin", "--generate", *place])
    assert re.search(r"^[a-z2-9]{4}(-[a-z2-9]{4}){3}$", made.output, re.M)


def test_a_browser_signs_in_and_comes_back_to_where_it_wanted(browser: Browser) -> None:
    wanted = browser.open("/report")
    assert (wanted.status_code, wanted.headers["location"]) == (303, "/pages/sign-in?next=/report")
    browser.open(wanted.headers["location"])
    into = browser.send("/pages/sign-in", {"name": "ana", "password": PASSWORD})
    assert (into.status_code, into.headers["location"]) == (303, "/report")
    cookie = into.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Secure" not in cookie
    for path in ("/", "/report"):
        assert "<title>Hafen</title>" in browser.open(path).text
    assert browser.open("/pages/decisions").status_code == 200


def test_by_https_the_cookie_is_for_https_alone(browser: Browser) -> None:
    page = browser.client.get("https://testserver/pages/sign-in")
    assert "Secure" in page.headers["set-cookie"]


@pytest.mark.parametrize(
    "place", ["//evil.example", "https://evil.example/pages/", "/pages/\\evil.example", "/predict_churn"]
)
def test_nobody_is_sent_elsewhere(browser: Browser, place: str) -> None:
    browser.client.cookies.clear()
    browser.open("/pages/sign-in")
    fields = {**browser.hidden("/pages/sign-in"), "next": place, "name": "ana", "password": PASSWORD}
    sent = browser.client.post("/pages/sign-in", data=fields, headers=HERE, follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, "/pages/")


def test_whoever_does_not_see_the_report_lands_on_the_pages(browser: Browser, house: House) -> None:
    browser.sign_in("lin")
    for path in ("/", "/report"):
        sent = browser.open(path)
        assert (sent.status_code, sent.headers["location"]) == (303, "/pages/")
    assert browser.client.get("/", headers=house.headers("lin"), follow_redirects=False).status_code == 403


def test_a_session_counts_for_pages_alone(browser: Browser, house: House) -> None:
    browser.sign_in("ana")
    for method, path in (("get", "/decisions"), ("get", "/docs.json"), ("get", "/metrics"), ("post", "/predict_churn")):
        body = {"json": {"rows": [{"customer_id": "c1"}]}} if method == "post" else {}
        assert getattr(browser.client, method)(path, **body).status_code == 401, path
    session = browser.client.cookies["baton_session"]
    bearer = {"authorization": f"Bearer {session}"}
    assert browser.client.get("/decisions", headers=bearer).status_code == 401
    assert browser.client.get("/", headers=house.headers("ana")).status_code == 200
    browser.client.cookies.clear()
    assert browser.client.get("/").status_code == 401  # a program is not sent to a form


def test_a_wrong_password_and_an_unknown_name_get_one_answer(browser: Browser) -> None:
    wrong = browser.sign_in("ana", "no, this is wrong")
    unknown = browser.sign_in("ano", "no, this is wrong")
    assert wrong.status_code == unknown.status_code == 401
    assert "do not belong together" in wrong.text
    blank = re.compile(r'value="[^"]*"')
    assert blank.sub("", wrong.text) == blank.sub("", unknown.text)
    assert "no, this is wrong" not in wrong.text
    assert "baton_session" not in browser.client.cookies


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}]
)
def test_a_form_from_elsewhere_is_not_taken(browser: Browser, headers: dict[str, str]) -> None:
    browser.sign_in("ana")
    browser.open("/pages/decisions")
    assert browser.send("/pages/sign-out", {}, headers).status_code == 403
    assert browser.open("/pages/decisions").status_code == 200


def test_a_form_is_bound_to_its_session(browser: Browser) -> None:
    browser.sign_in("ana")
    browser.open("/pages/decisions")
    key = browser.hidden("/pages/sign-out")["key"]
    browser.sign_in("lin")
    browser.open("/pages/decisions")
    assert browser.send("/pages/sign-out", {"key": key}).status_code == 403
    browser.open("/pages/decisions")
    assert browser.send("/pages/sign-out", {}).headers["location"] == "/pages/sign-in"
    assert browser.open("/pages/").headers["location"] == "/pages/sign-in?next=/pages/"


def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline(browser: Browser) -> None:
    browser.sign_in("ana")
    for path in ("/pages/decisions", "/pages/none"):
        page = browser.open(path)
        policy = page.headers["content-security-policy"]
        assert "script-src 'self'; style-src 'self'" in policy and "unsafe" not in policy
        assert not re.search(r"<script(?! src)|\son\w+=|<style|\sstyle=|https?://", page.text)
    for path in re.findall(r'(?:src|href)="(/pages/assets/[^"]+)"', page.text):
        assert browser.client.get(path).status_code == 200


def test_the_language_and_the_theme_are_kept(browser: Browser) -> None:
    assert "登录" in browser.open("/pages/sign-in", **{"accept-language": "zh-CN"}).text
    chosen = browser.open("/pages/look?language=zh&theme=dark&next=/pages/sign-in")
    assert chosen.headers["location"] == "/pages/sign-in"
    page = browser.open("/pages/sign-in", **{"accept-language": "en"}).text
    assert '<html lang="zh" data-theme="dark">' in page


def test_without_access_set_up_everything_is_there_without_signing_in(client: Any) -> None:
    client.cookies.clear()
    assert "<title>Hafen</title>" in client.get("/").text
    assert client.get("/pages/").status_code == 200
    assert client.get("/pages/sign-in", follow_redirects=False).headers["location"] == "/pages/"
    client.cookies.clear()


@pytest.mark.parametrize(("why", "code"), [("often", 429), ("busy", 503)])
def test_who_is_to_wait_with_signing_in_hears_how_long(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, why: str, code: int
) -> None:
    async def refused(*_: Any) -> str:
        raise NotSignedIn(why, 840 if why == "often" else 2)

    monkeypatch.setattr(SignIns, "begin", refused)
    answer = browser.sign_in("lin")
    assert (answer.status_code, answer.headers["retry-after"]) == (code, "840" if why == "often" else "2")
