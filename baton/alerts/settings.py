"""``[alerts]`` of the company file: what crosses which threshold goes to whom, by which way, and when."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from baton.nearest import did_you_mean
from baton.section import Section

__all__ = ["EMAIL", "Alerts", "Email", "Rule", "Webhook", "address_fault", "read_quiet", "read_time_of_day"]

EMAIL = "email"
"""Name of the channel that sends e-mail; all others are webhooks."""

MEASURES = {"customer": ("churn", "value_at_risk"), "conversation": ("risk",), "data": ("changes",)}
"""What a rule may be about, and by what; of teams also a KPI, or ``decline:`` and a KPI."""

_HERE = ("localhost", "127.0.0.1", "::1")
_NAME = r"^[a-z0-9][a-z0-9_-]{0,59}$"
_VARIABLE = r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_KPI = re.compile(r"(decline:)?[a-z][a-z0-9_]*")
_MAILBOX = re.compile(r"[^\s@<>\"(),:;\\\[\]\x00-\x1f\x7f]{1,64}@[A-Za-z0-9.-]{1,250}")

Name = Annotated[str, Field(pattern=_NAME)]
Secret = Annotated[str, Field(pattern=_VARIABLE)]


class Rule(Section):
    """``[[alerts.rule]]``: a threshold, and who hears when it is crossed.

    Parameters
    ----------
    measure : str
        ``churn`` or ``value_at_risk`` of customers, ``risk`` of conversations; of teams a KPI of today (``csat``), over
        a window of ``[snapshots]`` (``csat__7d``), or its chance to decline (``decline:csat``); of data
        ``changes``, threshold 0: each that `baton monitor` finds goes to analysts.
    when : str
        Whether what lies ``above`` the threshold is an alert, or what lies ``below``.
    rearm : float
        By how much the value must have come back before crossing again is an alert again.
    again_hours : float
        After how long a value that is still beyond is an alert again; 0: never.
    teams : tuple of str
        Whose customers, conversations and figures; none: all.
    channels : tuple of str
        Names of webhooks, and ``email``; none: all that there are.
    """

    name: Name
    about: Literal["customer", "conversation", "team", "data"]
    measure: str
    threshold: Annotated[float, Field(allow_inf_nan=False)]
    when: Literal["above", "below"] = "above"
    rearm: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    again_hours: Annotated[float, Field(ge=0, le=8760)] = 0.0
    teams: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    urgent: bool = False
    digest: Literal["none", "hour", "day"] = "none"

    @model_validator(mode="after")
    def _fits(self) -> Rule:
        known = MEASURES.get(self.about)
        if known is not None and self.measure not in known:
            hint = did_you_mean(self.measure, known)
            raise ValueError(f"rule {self.name!r}: a {self.about} has {', '.join(known)}, no {self.measure!r}{hint}")
        if known is None and not _KPI.fullmatch(self.measure):
            raise ValueError(f"rule {self.name!r}: measure is a KPI, such as csat, csat__7d or decline:csat")
        if self.urgent and self.digest != "none":
            raise ValueError(f"rule {self.name!r}: what is urgent cannot wait for a digest; leave one of the two out")
        return self


class Webhook(Section):
    """``[[alerts.webhook]]``: a system that takes messages.

    Parameters
    ----------
    url : str
        https; http for this machine alone. ``${NAME}`` is filled in from the environment.
    secret : str
        The variable that holds what messages are signed with: ``${NAME}``; its value is ``whsec_`` and base64.
    user : str
        Whose it is: it gets what is for this user alone. Empty: a system that passes on, to the users that a message
        names; it gets what the role ``service`` may see.
    """

    name: Name
    url: str
    secret: Secret
    user: str = ""

    @model_validator(mode="after")
    def _fits(self) -> Webhook:
        if self.name == EMAIL:
            raise ValueError(f"webhook {EMAIL!r}: this name is that of [alerts.email]; give another")
        fault = "" if "${" in self.url else address_fault(self.url)
        if fault:
            raise ValueError(f"webhook {self.name!r}: {fault}")
        return self


class Email(Section):
    """``[alerts.email]``: the company's own mail server.

    Parameters
    ----------
    security : str
        ``starttls``, ``tls`` from the first byte on, or ``none``.
    user, password : str
        ``password`` is the variable that holds it: ``${NAME}``.
    addresses : dict of str to str
        E-mail address by the name of the user.
    """

    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: Secret | None = None
    sender: str
    addresses: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> Email:
        for place, address in (("sender", self.sender), *((f"addresses.{n}", a) for n, a in self.addresses.items())):
            if not _MAILBOX.fullmatch(address):
                raise ValueError(f"{place}: {address!r} is no e-mail address such as name@example.com")
        if bool(self.user) != (self.password is not None):
            raise ValueError("give user and password, or neither")
        if self.user and self.security == "none" and self.host not in _HERE:
            raise ValueError('a password is sent over an encrypted connection alone: security = "starttls" or "tls"')
        return self


class Alerts(Section):
    """``[alerts]``: rules and ways.

    Parameters
    ----------
    first : str
        What the first look at a rule does: ``baseline`` notes who is beyond the threshold already; ``send`` alerts.
    quiet : str
        ``20:00-07:00``: from when until when nothing but what is urgent goes out; empty: at no time.
    digest_at : str
        When what waits for the digest of the day goes out.
    timezone : str
        Of both.
    max_listed : int
        How many alerts a message lists; it says how many more there are.
    give_up_days : int
        After how long what cannot be delivered is undelivered.
    pages : str
        Where people open the service's pages: messages link there.
    """

    first: Literal["baseline", "send"] = "baseline"
    quiet: str = ""
    digest_at: str = "08:00"
    timezone: str = "UTC"
    max_listed: Annotated[int, Field(ge=1, le=500)] = 20
    give_up_days: Annotated[int, Field(ge=1, le=30)] = 3
    pages: str = ""
    rule: tuple[Rule, ...] = ()
    webhook: tuple[Webhook, ...] = ()
    email: Email | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of all ways by which messages go."""
        return (*(each.name for each in self.webhook), *(() if self.email is None else (EMAIL,)))

    def channels_of(self, rule: Rule, /) -> tuple[str, ...]:
        """Return the ways by which a rule's messages go."""
        return rule.channels or self.channels

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, LookupError):
            raise ValueError("is no time zone such as Europe/Berlin or Asia/Shanghai") from None
        return name

    @model_validator(mode="after")
    def _fits(self) -> Alerts:
        read_time_of_day(self.digest_at)
        read_quiet(self.quiet)
        fault = address_fault(self.pages) if self.pages else ""
        if fault:
            raise ValueError(f"pages: {fault}")
        for what, names in (("rule", [each.name for each in self.rule]), ("webhook", [*self.channels])):
            twice = [name for name in names if names.count(name) > 1]
            if twice:
                raise ValueError(f"{what} {twice[0]!r} is there twice; give each a name of its own")
        if self.rule and not self.channels:
            raise ValueError("there are rules and no way: add [[alerts.webhook]] or [alerts.email]")
        for rule in self.rule:
            for name in rule.channels:
                if name not in self.channels:
                    raise ValueError(f"rule {rule.name!r}: no channel {name!r}{did_you_mean(name, self.channels)}")
        return self


def read_time_of_day(text: str, /) -> time:
    """Read ``08:00``.

    Raises
    ------
    ValueError
        If it is no time of day.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no time of day such as 08:00")
    return time(int(found.group(1)), int(found.group(2)))


def read_quiet(text: str, /) -> tuple[time, time] | None:
    """Read ``20:00-07:00``; None where there is no quiet time.

    Raises
    ------
    ValueError
        If it is no span, or an empty one.

    Examples
    --------
    >>> read_quiet("20:00-07:00")
    (datetime.time(20, 0), datetime.time(7, 0))
    """
    if not text.strip():
        return None
    first, dash, last = text.partition("-")
    if not dash:
        raise ValueError(f"quiet: {text!r} is no span such as 20:00-07:00")
    span = read_time_of_day(first), read_time_of_day(last)
    if span[0] == span[1]:
        raise ValueError("quiet: begins when it ends; leave it empty, or give a span such as 20:00-07:00")
    return span


def address_fault(url: str, /) -> str:
    """Return what is wrong with an address that messages are sent to; empty where nothing is.

    Addresses inside the company's network are allowed: that is where its systems are. Link-local ones are not, behind
    which clouds keep credentials.

    Examples
    --------
    >>> address_fault("https://desk.example/hooks/1"), address_fault("http://127.0.0.1:8080/")
    ('', '')
    >>> address_fault("http://desk.example/")
    'an address must begin with https:// (http:// is for this machine alone)'
    """
    from ipaddress import ip_address

    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is no web address"
    if not host or any(ord(each) <= 32 or ord(each) == 127 for each in url):
        return "is no web address such as https://desk.example/hooks/1"
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _HERE):
        return "an address must begin with https:// (http:// is for this machine alone)"
    if parts.username is not None or parts.password is not None:
        return "an address holds no name and no password; messages are signed instead"
    try:
        number = ip_address(host)
    except ValueError:
        return ""
    mapped = getattr(number, "ipv4_mapped", None) or number
    bad = mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified
    return "no receiver has this kind of address (link-local, multicast or unspecified)" if bad else ""
