"""What a message says: a webhook's JSON and an e-mail's text, from ids and figures, in the company's languages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from baton.company import Company
from baton.messages.message import LANGUAGES, Message, Name, Value, bilingual, render
from serving.state.schema import Alert

__all__ = ["TEST", "Sendable", "body_of", "subject_of", "text_of"]

TEST = "test"
"""What an alert is about that only tries whether messages arrive."""

_UNSEEN = dict.fromkeys((*range(32), *range(127, 160), 0x2028, 0x2029), " ")
_LONGEST = 200  # of an id or a name in a sentence


class Sendable(Protocol):
    """A message, as it is written."""

    @property
    def id(self) -> str:
        """That of every attempt."""
        ...

    @property
    def recipient(self) -> str:
        """The user."""
        ...

    @property
    def alerts(self) -> Sequence[Alert]:
        """What it is about."""
        ...


def body_of(company: Company, message: Sendable, /) -> bytes:
    """Return what a webhook is sent: the same bytes at every attempt."""
    listed, more = _listed(company, message)
    languages = company.company.languages
    data: dict[str, Any] = {
        "to": message.recipient,
        "company": company.company.name,
        "alerts": [
            {
                "rule": alert.rule,
                "about": alert.about,
                **({"team_id": alert.team_id} if alert.team_id is not None else {}),
                "value": alert.value,
                "at": f"{alert.at.isoformat()}Z",
                **{name: value for name, value in alert.content.items() if value is not None},
                "text": {language: bilingual(_sentences(company, alert))[language] for language in languages},
            }
            for alert in listed
        ],
        "more": more,
        **({"link": company.alerts.pages} if company.alerts.pages else {}),
    }
    is_test = any(alert.about == TEST for alert in message.alerts)
    first = min(alert.at for alert in message.alerts)
    whole = {"type": "baton.test" if is_test else "baton.alerts", "timestamp": f"{first.isoformat()}Z", "data": data}
    return json.dumps(whole, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def subject_of(company: Company, message: Sendable, /) -> str:
    """Return an e-mail's subject, on one line whatever names hold."""
    if any(alert.about == TEST for alert in message.alerts):
        found = Message("alert.test_subject")
    else:
        found = Message("alert.subject", {"n": len(message.alerts)})
    language = company.company.languages[0] if company.company.languages else LANGUAGES[0]
    return _one_line(f"{render(found, language)} · {company.company.name}")


def text_of(company: Company, message: Sendable, /) -> str:
    """Return an e-mail's text, in one language after the other."""
    listed, more = _listed(company, message)
    blocks = []
    for language in company.company.languages:
        lines = ["- " + "".join(bilingual(_sentences(company, alert))[language]) for alert in listed]
        if more:
            lines.append(render(Message("alert.more", {"n": more}), language))
        if company.alerts.pages:
            lines += ["", render(Message("alert.pages", {"link": company.alerts.pages}), language)]
        lines += ["", render(Message("alert.again", {"id": message.id}), language)]
        blocks.append("\n".join(lines))
    return "\n\n--\n\n".join(blocks) + "\n"


def _listed(company: Company, message: Sendable, /) -> tuple[list[Alert], int]:
    """Return the alerts that a message lists, the furthest beyond first within each rule's kind, and how many more."""
    kinds = {"conversation": 0, "customer": 1}
    ordered = sorted(message.alerts, key=lambda alert: (kinds.get(alert.about, 2), -_beyond(alert), alert.number or 0))
    return ordered[: company.alerts.max_listed], max(0, len(ordered) - company.alerts.max_listed)


def _beyond(alert: Alert, /) -> float:
    over = alert.value - alert.content.get("threshold", 0.0)
    return over if alert.content.get("when") == "above" else -over


def _sentences(company: Company, alert: Alert, /) -> tuple[Message, ...]:
    content = alert.content
    if alert.about == TEST:
        return (Message("alert.test"),)
    found = _first(company, alert)
    if content.get("signals"):
        found.append(Message("alert.signals", {"signals": _names(content["signals"])}))
    if content.get("drivers"):
        found.append(Message("alert.drivers", {"drivers": _names(content["drivers"])}))
    if content.get("as_of"):
        moment = str(content["as_of"]).removesuffix("Z").replace("T", " ")[:16]
        found.append(Message("alert.as_of", {"moment": moment}))
    if content.get("behind"):
        found.append(Message("alert.behind", {"tables": tuple(content["behind"])}))
    return tuple(found)


def _first(company: Company, alert: Alert, /) -> list[Message]:
    """Return what an alert is about."""
    content = alert.content
    figures: dict[str, Value] = {"value": alert.value, "threshold": content["threshold"]}
    if alert.about == "data":
        return [Message("alert.data", {"finding": Message.from_json(content["finding"])})]
    if alert.about == "team":
        return [_of_team(alert, figures)]
    if alert.about == "conversation":
        name = content.get("conversation_id")
        which = Message("alert.which", {"id": _short(name)}) if name else ""
        found = [Message("alert.conversation", {**figures, "which": which})]
        if content.get("customer_id"):
            found.append(Message("alert.with_customer", {"customer": _short(content["customer_id"])}))
        return found
    customer: dict[str, Value] = {"customer": _short(content["customer_id"])}
    if content["measure"] == "value_at_risk":
        return [Message("alert.value_at_risk", {**figures, **customer, "currency": company.company.currency})]
    return [Message("alert.churn", {**figures, **customer})]


def _of_team(alert: Alert, figures: dict[str, Value], /) -> Message:
    content = alert.content
    name = Name(content["kpi"]["en"], content["kpi"]["zh"])
    team = _short(content.get("team_name") or alert.subject)
    if str(content["measure"]).startswith("decline:"):
        return Message("alert.decline", {**figures, "team": team, "kpi": name})
    days = int(content.get("days", 1))
    if days == 1:
        kpi = Message("alert.kpi_of_today", {"kpi": name})
    else:
        kpi = Message("alert.kpi_of_days", {"kpi": name, "days": days})
    values: dict[str, Value] = {**figures, "team": team, "kpi": kpi}
    return Message("alert.kpi_above", values) if content["when"] == "above" else Message("alert.kpi_below", values)


def _names(several: Sequence[dict[str, Any]], /) -> tuple[Name, ...]:
    return tuple(Name(each["name"]["en"], each["name"]["zh"]) for each in several)


def _short(text: object, /) -> str:
    """Return an id or a name as it may stand in a sentence: on one line, and no longer than people read."""
    found = _one_line(str(text))
    return found if len(found) <= _LONGEST else f"{found[: _LONGEST - 1]}…"


def _one_line(text: str, /) -> str:
    return " ".join(text.translate(_UNSEEN).split())
