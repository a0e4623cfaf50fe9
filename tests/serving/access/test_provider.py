"""Tokens of an identity provider: only those of its keys, for us, in time, with a role of ours."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from baton.access.settings import IdentityProvider
from baton.company import Company
from baton.errors import OutputError
from serving.access.granting import Request, give, take
from serving.access.keeper import Keeper
from serving.access.principal import Principal

AT = datetime(2026, 3, 1, 9, 0)
NOW = int(AT.replace(tzinfo=UTC).timestamp())
CLAIMS = {"iss": "https://login.example", "aud": "baton", "sub": "lin", "roles": ["hr-lead"], "exp": NOW + 600}


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "one"})


@pytest.fixture
def company(empty: Company, key: RSAKey) -> Company:
    write_keys(empty.folder, key)
    provider = IdentityProvider(
        issuer="https://login.example",
        audience="baton",
        jwks="jwks.json",
        roles={"hr-analytics": "analyst", "hr-lead": "manager"},
    )
    return empty.model_copy(update={"access": empty.access.model_copy(update={"identity_provider": provider})})


def write_keys(folder: Path, *keys: Any) -> None:
    (folder / "jwks.json").write_text(json.dumps(KeySet(list(keys)).as_dict(private=False)), encoding="utf-8")


def signed(key: Any, /, algorithm: str = "RS256", kid: str = "one", **changes: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return jwt.encode({"alg": algorithm, "kid": kid}, claims, key, algorithms=[algorithm])


def asked(company: Company, token: str, ticks: Any = lambda: 0.0) -> Principal | None:
    return Keeper(company, clock=lambda: AT, ticks=ticks).principal(token)


def test_a_token_of_the_provider_is_taken_and_none_is_nobody(company: Company, key: RSAKey) -> None:
    assert asked(company, signed(key)) == Principal("lin", "manager")
    assert asked(company, signed(key, roles="hr-analytics")) == Principal("lin", "analyst")
    assert asked(company, signed(key, roles=["hr-lead", "hr-analytics"])) == Principal("lin", "analyst")
    assert Keeper(company).principal(None) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://login.evil"},
        {"iss": None},
        {"aud": "payroll"},
        {"aud": None},
        {"exp": NOW - 31},
        {"exp": None},
        {"nbf": NOW + 3600},
        {"sub": None},
        {"sub": 7},
        {"sub": "x" * 201},
        {"sub": "lin "},
        {"sub": "l\u200bin"},
        {"sub": "x\n\x1b[31my"},
        {"exp": 10**20},
        {"exp": NOW * 1000},
        {"roles": []},
        {"roles": ["boss"]},
        {"roles": None},
        {"roles": {"hr-lead": True}},
    ],
)
def test_claims_that_do_not_hold_are_nobodys(changes: dict[str, Any], company: Company, key: RSAKey) -> None:
    assert asked(company, signed(key, **changes)) is None


def test_other_keys_no_signature_and_a_public_key_as_a_secret_are_nobodys(company: Company, key: RSAKey) -> None:
    other = RSAKey.generate_key(2048, {"kid": "one"})
    assert asked(company, signed(other)) is None
    assert asked(company, signed(other, kid="two")) is None
    # signed with the public key as if it were a secret that both sides share
    shared = (
        base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"one"}').rstrip(b"=").decode() + "." + signed(key).split(".")[1]
    )
    mac = hmac.digest(key.as_pem(private=False), shared.encode(), "sha256")
    assert asked(company, f"{shared}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}") is None
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    body = signed(key).split(".")[1]
    assert asked(company, f"{head}.{body}.") is None
    whole = signed(key)
    assert asked(company, whole[:-4] + "AAAA") is None
    assert asked(company, "..") is None
    assert asked(company, "é.é.é") is None


def test_a_new_key_is_found_and_unknown_ones_make_nobody_read_the_keys_all_the_time(
    company: Company, key: RSAKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 0.0
    door = Keeper(company, clock=lambda: AT, ticks=lambda: seconds)
    assert door.principal(signed(key)) is not None
    new = ECKey.generate_key("P-256", {"kid": "two"})
    write_keys(company.folder, key, new)
    assert door.principal(signed(new, "ES256", "two")) is None
    seconds = 61.0
    assert door.principal(signed(new, "ES256", "two", jti="again")) == Principal("lin", "manager")
    reads = []
    monkeypatch.setattr("serving.access.provider.Provider._read", lambda self: reads.append(1))
    for number in range(50):
        door.principal(signed(RSAKey.generate_key(2048, {"kid": "x"}) if number == 0 else new, "ES256" if number else
                              "RS256", "two" if number else "x", jti=str(number)))  # fmt: skip
    assert reads == []


def test_what_was_granted_here_counts_too_and_who_was_revoked_stays_out(company: Company, key: RSAKey) -> None:
    give(company, Request("lin", "manager", teams=["t1"], employee="p-lin"))
    found = asked(company, signed(key))
    assert found is not None
    assert (found.led, found.employee) == ({"t1"}, "p-lin")
    take(company, "lin")
    assert asked(company, signed(key)) is None
    assert asked(company, signed(key, sub="LIN")) is None
    assert asked(company, signed(key, sub="zoe")) is not None
    assert take(company, "zoe") == 0
    assert asked(company, signed(key, sub="zoe")) is None


@pytest.mark.parametrize("place", ["http://login.example/keys", "absent.json", "company.toml"])
def test_keys_that_cannot_be_read_let_nobody_in(place: str, company: Company, key: RSAKey) -> None:
    provider = company.access.identity_provider
    assert provider is not None
    changed = company.access.model_copy(update={"identity_provider": provider.model_copy(update={"jwks": place})})
    with pytest.raises(OutputError, match=r"identity_provider\.jwks: .* cannot be read as keys"):
        asked(company.model_copy(update={"access": changed}), signed(key))
