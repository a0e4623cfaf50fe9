"""The door: how often, with which headers, and what happens when the database is away."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from baton.company import Company
from baton.errors import OutputError
from serving.access.door import Door, Limits
from serving.access.granting import Request, give
from serving.access.keeper import Keeper
from serving.access.principal import PRINCIPAL


def answer(door: Door, path: str = "/x", token: str | None = None, address: str = "10.0.0.1") -> dict[str, Any]:
    """Send one request and return what came back."""
    headers = [] if token is None else [(b"authorization", f"Bearer {token}".encode())]
    scope = {"type": "http", "path": path, "method": "GET", "headers": headers, "client": (address, 1)}
    found: dict[str, Any] = {"body": b""}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            found["code"], found["headers"] = message["status"], dict(message["headers"])
        else:
            found["body"] += message["body"]

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    asyncio.run(door(scope, receive, send))
    return found


async def inside(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=1")]})
    await send({"type": "http.response.body", "body": PRINCIPAL.get().user.encode()})


class Ticks:
    at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def door(empty: Company, ticks: Ticks) -> Door:
    return Door(inside, keeper=Keeper(empty), routes={"/closed": ("report",)}, limits=Limits(3, 5), ticks=ticks)


def test_one_user_is_slowed_down_and_others_are_not(door: Door, empty: Company, ticks: Ticks) -> None:
    ana, ben = (give(empty, Request(name, "analyst")).token for name in ("ana", "ben"))
    etl = give(empty, Request("etl", "service")).token
    assert [answer(door, token=etl)["code"] for _ in range(6)] == [200] * 5 + [429]
    assert [answer(door, token=ana)["code"] for _ in range(5)] == [200, 200, 200, 429, 429]
    refused = answer(door, token=ana)
    assert refused["headers"][b"retry-after"] == b"60"
    assert b"come back in 60 s" in refused["body"]
    assert answer(door, token=ben)["body"] == b"ben"
    ticks.at = 60.0
    assert answer(door, token=ana)["code"] == 200


def test_guessing_tokens_is_slowed_down_and_valid_ones_from_the_same_address_pass(door: Door, empty: Company) -> None:
    token = give(empty, Request("ana", "analyst")).token
    wrong = "baton_" + "a" * 10 + "_" + "b" * 43
    codes = [answer(door, token=wrong)["code"] for _ in range(32)]
    assert codes == [401] * 30 + [429] * 2
    assert answer(door, token=token)["code"] == 200
    assert answer(door, token=wrong, address="10.0.0.2")["code"] == 401


def test_a_role_is_refused_what_it_may_do_for_nobody_and_what_is_behind_is_not_asked(
    door: Door, empty: Company
) -> None:
    token = give(empty, Request("etl", "service")).token
    refused = answer(door, "/closed", token)
    assert (refused["code"], refused["body"]) == (
        403,
        b'{"error": {"field": "", "message": "the role service may not use /closed"}}',
    )


def test_every_answer_has_the_headers_and_what_is_behind_may_say_otherwise(door: Door, empty: Company) -> None:
    token = give(empty, Request("ana", "analyst")).token
    for found in (answer(door, token=token), answer(door)):
        assert found["headers"][b"x-content-type-options"] == b"nosniff"
        assert found["headers"][b"content-security-policy"].startswith(b"default-src 'none'")
    assert answer(door, token=token)["headers"][b"cache-control"] == b"max-age=1"
    assert answer(door)["headers"][b"cache-control"] == b"no-store"


def test_several_or_other_authorizations_are_none(door: Door, empty: Company) -> None:
    token = give(empty, Request("ana", "analyst")).token
    keeper = Keeper(empty)
    assert keeper.principal(token) is not None
    scope: dict[str, Any] = {"type": "http", "path": "/x", "method": "GET", "client": None}
    bearer = (b"authorization", f"Bearer {token}".encode())
    for headers in ([bearer, bearer], [(b"authorization", f"Basic {token}".encode())]):
        codes: list[int] = []

        async def send(message: Any, codes: list[int] = codes) -> None:
            codes.extend([message["status"]] if "status" in message else [])

        asyncio.run(door({**scope, "headers": headers}, None, send))  # type: ignore[arg-type]
        assert codes == [401]


def test_nobody_is_let_in_by_the_databases_being_away(
    door: Door, empty: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = give(empty, Request("ana", "analyst")).token

    def away(*_: Any, **__: Any) -> None:
        raise OutputError("the database of decisions: nothing was kept (gone); try again when it is there")

    monkeypatch.setattr("serving.state.store.open_state", away)
    for asked in (token, None):
        found = answer(door, token=asked)
        assert (found["code"], found["headers"][b"retry-after"]) == (503, b"2")
    assert answer(door, "/livez")["code"] == 200
