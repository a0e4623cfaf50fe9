"""Tokens of the company's own identity provider (OIDC, JWT): checked by its public keys, never taken on trust."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from baton.access.settings import IdentityProvider
from baton.company import Company
from baton.errors import AccessError, OutputError
from serving.access.users import TokenHolder, is_name, user_of

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

    from serving.state.store import State

__all__ = ["Provider", "looks_like_jwt"]

# signatures by a key of which the provider alone has the secret half; never `none`, never a shared secret
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_LEEWAY = 30  # seconds by which clocks may differ
_KEPT_SECONDS = 600.0
_AGAIN_SECONDS = 60.0  # a key that is not known is looked for again, and no oftener than this
_MAX_TOKEN = 16_384


@dataclass(frozen=True)
class _Keys:
    """Public keys, and when they were read."""

    keys: KeySet | None = None
    at: float = float("-inf")


def looks_like_jwt(token: str, /) -> bool:
    """Whether a token has the three parts of a JWT.

    Examples
    --------
    >>> looks_like_jwt("a.b.c"), looks_like_jwt("baton_abc")
    (True, False)
    """
    return token.count(".") == 2 and len(token) <= _MAX_TOKEN


class Provider:
    """Checks the tokens of one identity provider.

    Parameters
    ----------
    settings : IdentityProvider
        The company file's section.
    company : Company
        Whose folder a file of keys is relative to.
    ticks : callable
        Seconds that never go back.
    """

    def __init__(
        self, settings: IdentityProvider, company: Company, /, *, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._company = company
        self._ticks = ticks
        self._kept = _Keys()

    def holder_of(self, state: State, token: str, /, *, at: datetime) -> TokenHolder | None:
        """Return whose a token is; None if it is forged, expired, for somebody else, or names no role of ours.

        What `baton access grant` says of a user of the same name (teams, person) counts too, and whoever was revoked
        there stays out.

        Raises
        ------
        OutputError
            If the provider's keys cannot be read.
        """
        claims = self._claims(token, at)
        if claims is None:
            return None
        name, role = claims.get(self._settings.user_claim), self._role(claims.get(self._settings.role_claim))
        if not isinstance(name, str) or not is_name(name) or role is None:
            return None
        try:
            expires = datetime.fromtimestamp(claims["exp"], UTC).replace(tzinfo=None)
            known = user_of(state, name)
        except (AccessError, ValueError, OverflowError, OSError):  # a name that is another's but for capitals; no time
            return None
        holder = TokenHolder(name, role, (), None, expires)
        if known is None:
            return holder
        if known.role != role:
            return None  # revoked, or granted another role: what stands here is newer than what the provider says
        return replace(holder, teams=tuple(known.teams), employee=known.employee)

    def _claims(self, token: str, at: datetime, /) -> Mapping[str, Any] | None:
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError

        registry = jwt.JWTClaimsRegistry(
            now=lambda: int(at.replace(tzinfo=UTC).timestamp()),
            leeway=_LEEWAY,
            iss={"essential": True, "value": self._settings.issuer},
            aud={"essential": True, "value": self._settings.audience},
            exp={"essential": True},
        )
        for again in (False, True):
            keys = self._keys(again)
            if keys is None:
                return None
            try:
                found = jwt.decode(token, keys, algorithms=_ALGORITHMS)
                registry.validate(found.claims)
            except InvalidKeyIdError:  # perhaps the provider has a new key
                continue
            except (JoseError, ValueError):
                return None
            else:
                return found.claims
        return None

    def _role(self, given: Any, /) -> str | None:
        """Return our role for what the provider says: of several the one that the company file names first."""
        names = (
            {given} if isinstance(given, str) else set(filter(_is_text, given)) if isinstance(given, list) else set()
        )
        return next((role for theirs, role in self._settings.roles.items() if theirs in names), None)

    def _keys(self, again: bool, /) -> KeySet | None:
        """Return the provider's keys; ``again``: one that is not known was asked for. None: they were read just now."""
        age = self._ticks() - self._kept.at
        if again and age < _AGAIN_SECONDS:
            return None
        if self._kept.keys is None or again or age >= _KEPT_SECONDS:
            self._kept = _Keys(self._read(), self._ticks())
        return self._kept.keys

    def _read(self) -> KeySet:
        from joserfc.jwk import KeySet

        place = self._settings.jwks
        try:
            if place.startswith("https://"):
                import httpx

                text = httpx.get(place, timeout=5, follow_redirects=False).raise_for_status().text
            elif "://" in place:
                raise ValueError("an address of keys must begin with https://")
            else:
                text = self._company.resolve(place).read_text("utf-8")
            return KeySet.import_key_set(json.loads(text))
        except Exception as error:  # whatever is the matter with what others serve: nobody is let in
            raise OutputError(f"access.identity_provider.jwks: {place} cannot be read as keys ({error})") from error


def _is_text(value: Any, /) -> bool:
    return isinstance(value, str)
