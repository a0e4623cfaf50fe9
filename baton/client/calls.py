"""What a client sends: one function per question, the same for both clients."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from baton.client.answers import AdviceAnswer, DecisionAnswer
    from baton.client.loop_answers import PilotAnswer

__all__ = [
    "Call",
    "advice",
    "assess_conversation",
    "classify_complaints",
    "decision",
    "decisions",
    "given",
    "ledger",
    "live_kpis",
    "move",
    "move_pilot",
    "pilot",
    "pilots",
    "policy",
    "policy_changes",
    "policy_versions",
    "predict_churn",
    "predict_decline",
    "propose",
    "ready",
    "recommend_coaching",
    "recommend_weights",
    "send_events",
    "try_weights",
]

_Rows = Sequence[Mapping[str, Any]]
_Fields = Mapping[str, Any] | None


@dataclass(frozen=True)
class Call:
    """One request.

    Parameters
    ----------
    method, path : str
    body : mapping or None
        To be sent as JSON.
    query : mapping of str to str
    headers : mapping of str to str
    safe : bool
        Whether sending it twice does no more than sending it once.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    safe: bool = True


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that are not None.

    Examples
    --------
    >>> given(team_id="T01", role=None)
    {'team_id': 'T01'}
    """
    return {name: value for name, value in fields.items() if value is not None}


def ready() -> Call:
    """Ask which models answer."""
    return Call("GET", "/readyz")


def predict_churn(rows: _Rows, /, *, explain: bool = False, curve: bool = False, live: bool = False) -> Call:
    """Ask who leaves."""
    return _question("/predict_churn", {"rows": list(rows), "explain": explain, "curve": curve, "live": live})


def predict_decline(rows: _Rows, /, *, explain: bool = False) -> Call:
    """Ask whose service declines."""
    return _question("/predict_decline", {"rows": list(rows), "explain": explain})


def recommend_weights(team_id: str, /, *, policy: _Fields = None) -> Call:
    """Ask what cards should pay for."""
    return _question("/recommend_weights", given(team_id=team_id, policy=policy))


def try_weights(team_id: str, weights: Mapping[str, float], /, *, role: str | None = None) -> Call:
    """Ask what a card of one's own would do."""
    return _question("/simulate_weights", given(team_id=team_id, weights=dict(weights), role=role))


def recommend_coaching(*, employee_id: str | None = None, team_id: str | None = None) -> Call:
    """Ask for offers of help."""
    return _question("/recommend_coaching", given(employee_id=employee_id, team_id=team_id))


def classify_complaints(texts: Sequence[str | None], /) -> Call:
    """Ask what texts are about."""
    return _question("/classify_complaints", {"texts": list(texts)})


def assess_conversation(turns: _Rows, /, *, customer_id: str | None = None) -> Call:
    """Ask how a conversation is going."""
    return _question("/assess_conversation", given(turns=list(turns), customer_id=customer_id))


def live_kpis(team_id: str, /) -> Call:
    """Ask how a team is doing today."""
    return _question("/live_kpis", {"team_id": team_id})


def send_events(events: _Rows, /) -> Call:
    """Send rows, which the service recognises when they come again."""
    return _question("/events", {"events": list(events)})


def decisions(question: Mapping[str, Any], /) -> Call:
    """Ask for a page of decisions."""
    return Call("GET", "/decisions", query=_texts(given(**question)))


def decision(identifier: str, /) -> Call:
    """Ask for one decision."""
    return Call("GET", _path("decisions", identifier))


def advice(kind: str, about: Mapping[str, Any], /) -> Call:
    """Ask for an advice that can be decided on."""
    return Call("GET", "/decisions/advice", query=_texts(given(kind=kind, **about)))


def propose(seen: AdviceAnswer, name: str, reason: str, /, *, choice: _Fields = None, key: str | None = None) -> Call:
    """Begin a decision; by its key the service recognises it when it comes again."""
    parts = {"team_id": seen["team_id"], "role": seen["role"], "employee_id": seen["employee_id"], **seen["about"]}
    about = {"kind": seen["kind"]["key"], **given(**parts)}
    body = {**about, **given(move=name, advice=seen["digest"], reason=reason, choice=choice)}
    return Call("POST", "/decisions", body, headers=_key(key))


def move(seen: DecisionAnswer, name: str, reason: str, /, *, choice: _Fields = None, key: str | None = None) -> Call:
    """Move a decision on."""
    body = given(version=seen["version"], reason=reason, choice=choice)
    return Call("POST", _path("decisions", seen["id"], name), body, headers=_key(key))


def pilots(state: str | None, /) -> Call:
    """Ask for pilots."""
    return Call("GET", "/pilots", query=given(state=state))


def pilot(name: str, /) -> Call:
    """Ask for one pilot."""
    return Call("GET", _path("pilots", name))


def ledger() -> Call:
    """Ask what was predicted, and what came."""
    return Call("GET", "/pilots/ledger")


def move_pilot(
    seen: PilotAnswer,
    name: str,
    reason: str,
    /,
    *,
    cards: _Rows | None = None,
    valid_from: str | None = None,
    key: str | None = None,
) -> Call:
    """Move a pilot on."""
    body = given(
        version=seen["version"], reason=reason, cards=None if cards is None else list(cards), valid_from=valid_from
    )
    return Call("POST", _path("pilots", seen["name"], name), body, headers=_key(key))


def policy_versions() -> Call:
    """Ask for the versions of the policy."""
    return Call("GET", "/pilots/policy")


def policy(version: int | None, /) -> Call:
    """Ask for one version, the newest where none is named."""
    return Call("GET", _path("pilots", "policy", "newest" if version is None else str(version)))


def policy_changes(version: int, since: int, /) -> Call:
    """Ask what differs between two versions."""
    return Call("GET", _path("pilots", "policy", str(version), "changes"), query={"since": str(since)})


def _question(path: str, body: Mapping[str, Any], /) -> Call:
    """Ask something that changes nothing, or that the service recognises when it comes again."""
    return Call("POST", path, body)


def _path(*parts: str) -> str:
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def _key(key: str | None, /) -> dict[str, str]:
    return {"idempotency-key": uuid.uuid4().hex if key is None else key}


def _texts(values: Mapping[str, Any], /) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}
