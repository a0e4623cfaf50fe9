"""What is asked of a page: who, which, in which language, with what typed; and what it answers."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from baton.messages.message import Message
from baton.messages.numbers import Language
from baton.wording.wording import Bilingual
from serving.access.principal import Principal

__all__ = ["Asked", "Go", "Reply", "Sent", "Shown", "new_once"]


@dataclass(frozen=True)
class Asked:
    """A request for a page.

    Parameters
    ----------
    who : Principal
        Who asks.
    path : str
        Below the service's root, without query.
    query, form : mapping of str to str
        What came in the address, and what was typed; ``form`` is filled too where a page is shown again because what
        was sent could not be taken.
    language : {"en", "zh"}
    theme : str
        ``light``, ``dark``, or empty: as the browser has it.
    secret : str
        That only this browser knows: forms are bound to it.
    address : str
        Of the browser.
    is_secure : bool
        Whether it came by https.
    trouble : Message or Bilingual or None
        Why what was sent could not be taken.
    """

    who: Principal
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    language: Language = "en"
    theme: str = ""
    secret: str = field(default="", repr=False)
    address: str = ""
    is_secure: bool = False
    trouble: Message | Bilingual | None = None

    @property
    def place(self) -> str:
        """The path with its query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    @property
    def key(self) -> str:
        """What a form must come with, so that no page from elsewhere can send it."""
        return hmac.new(self.secret.encode(), b"form", "sha256").hexdigest()

    def typed(self, name: str, otherwise: str = "", /) -> str:
        """Return what was typed into a field, if the page is shown again."""
        return self.form.get(name, otherwise)


@dataclass(frozen=True)
class Shown:
    """A page to be shown.

    Parameters
    ----------
    template : str
        Of the folder ``templates``, without ``.html.jinja``.
    values : mapping
        For the template.
    code : int
    cookies : mapping of str to str
        To be kept by the browser; an empty one is to be forgotten.
    trouble : Bilingual or None
        Besides that of what was asked.
    wait_seconds : int
        After which to come back, where there was too much.
    """

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    code: int = 200
    cookies: Mapping[str, str] = field(default_factory=dict)
    trouble: Bilingual | None = None
    wait_seconds: int = 60


@dataclass(frozen=True)
class Go:
    """Another page to be asked for."""

    place: str
    cookies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sent:
    """A file to be saved.

    Parameters
    ----------
    content : bytes
    media_type : str
    name : str
        Of the file, in ASCII.
    """

    content: bytes = field(repr=False)
    media_type: str
    name: str
    cookies: Mapping[str, str] = field(default_factory=dict)


Reply = Shown | Go | Sent


def new_once() -> str:
    """Return a key by which a form that is sent twice is known again."""
    return secrets.token_urlsafe(16)
