"""What is decided on: the run's advice at that moment, frozen with its evidence and with what it was made from."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from baton.errors import ArtefactError, BatonError
from baton.messages.message import Message
from serving.access.counts import coarse
from serving.decisions.moves import Kind
from serving.decisions.refused import DecisionRefused, NotFound
from serving.loading import LoadedRun

__all__ = ["Advice", "AdviceKey", "RunAdvice", "digest_of"]

_MADE_FROM = ("finished_at", "inputs", "code", "settings", "catalogue", "seed", "versions")


@dataclass(frozen=True)
class AdviceKey:
    """Which advice is meant.

    Parameters
    ----------
    kind : Kind
        What is decided on.
    team_id, role : str or None
        Of a card; ``role`` may be left out where the team has one card alone. A root cause: the team that acts.
    kpi : str or None
        Of a target or of coaching.
    employee : str or None
        Whom coaching is for, by pseudonym.
    action : str or None
        Of coaching, as advised; None where the catalogue offers nothing.
    cause : str or None
    """

    kind: Kind
    team_id: str | None = None
    role: str | None = None
    kpi: str | None = None
    employee: str | None = None
    action: str | None = None
    cause: str | None = None

    @property
    def about(self) -> dict[str, str | None]:
        """What tells two advices of one team, role and person from each other."""
        return {"kpi": self.kpi, "action": self.action, "cause": self.cause}


@dataclass(frozen=True)
class Advice:
    """One advice, with what it stands on.

    Parameters
    ----------
    key : AdviceKey
        With its role and team filled in.
    rows : list of dict
        Rows of the result table that gives it.
    evidence : mapping of str to list of dict
        Rows of other result tables on the same.
    made_from : mapping
        The run: its digest, what it was made from, and which models answer.
    """

    key: AdviceKey
    rows: list[dict[str, Any]]
    evidence: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    made_from: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of what is advised; a run that advises the same leaves it as it is."""
        return digest_of([self.key.kind, self.rows])

    def frozen(self) -> dict[str, Any]:
        """Return what a decision keeps of it."""
        return {
            "digest": self.digest,
            "about": self.key.about,
            "rows": self.rows,
            "evidence": dict(self.evidence),
            "made_from": dict(self.made_from),
        }


def digest_of(value: Any, /) -> str:
    """Return the SHA-256 of what JSON can say, whatever the order of its keys.

    Examples
    --------
    >>> digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class RunAdvice:
    """What a loaded run advises.

    Parameters
    ----------
    run : LoadedRun
        As the service has loaded it; another run is another one of these.
    """

    def __init__(self, run: LoadedRun, /) -> None:
        self.run = run

    def find(self, key: AdviceKey, /) -> Advice:
        """Return an advice.

        Raises
        ------
        NotFound
            If the run gives none on this.
        DecisionRefused
            If it leaves open which card is meant.
        """
        find = {"weights": self._weights, "target": self._target, "coaching": self._coaching}.get(key.kind, self._cause)
        try:
            return find(key)
        except ArtefactError:  # a run without this table
            raise NotFound(Message("decision.no_advice")) from None

    def team_of(self, employee: str, /) -> str | None:
        """Return the team of a person, or None where the run knows nobody of this name."""
        now = self.run.members.team_of.get(employee)
        if now is not None:
            return now
        rows = self._rows("coaching", "employee_id", employee)
        return next((row["team_id"] for row in rows if row["team_id"] is not None), None)

    def has_team(self, team: str, /) -> bool:
        """Whether the run advises a team on its card."""
        return bool(self._rows("weights", "team_id", team))

    def again(self, key: AdviceKey, /) -> dict[str, Any]:
        """Return the advice as it would be given now: weights are solved again from what the run has kept.

        Returns
        -------
        dict
            ``digest`` and ``rows``; or ``unknown``, why nothing can be advised now.
        """
        try:
            if key.kind != "weights":
                found = self.find(key)
                return {"digest": found.digest, "rows": found.rows, "made_from": dict(found.made_from)}
            policy = self.run.company.policy
            rows = self.run.solved_again(key.team_id or "", policy)
            rows = [coarse(row, policy.min_group) for row in rows if row["role"] == (key.role or "")]
            if not rows:
                raise NotFound(Message("decision.no_advice"))
            return {"digest": digest_of([key.kind, rows]), "rows": rows, "made_from": self._made_from}
        except BatonError as error:
            return {"unknown": error.message.as_json()}

    def _weights(self, key: AdviceKey, /) -> Advice:
        rows = [coarse(row, self.run.company.policy.min_group) for row in self._card("weights", key)]
        role = rows[0]["role"]
        known = AdviceKey("weights", key.team_id, role)
        evidence = [row for row in self._rows("diagnosis", "team_id", key.team_id) if row["role"] == role]
        return Advice(known, rows, {"diagnosis": evidence}, self._made_from)

    def _target(self, key: AdviceKey, /) -> Advice:
        rows = [row for row in self._card("targets", key) if row["kpi"] == key.kpi]
        if not rows:
            raise NotFound(Message("decision.no_advice"))
        return Advice(AdviceKey("target", key.team_id, rows[0]["role"], key.kpi), rows, {}, self._made_from)

    def _card(self, table: str, key: AdviceKey, /) -> list[dict[str, Any]]:
        """Return the rows of one card."""
        rows = self.run.rows(table, "team_id", key.team_id or "")
        roles = sorted({row["role"] for row in rows})
        if key.role is None and len(roles) > 1:
            raise DecisionRefused(Message("decision.several_cards", {"roles": tuple(roles)}), "role")
        found = [row for row in rows if key.role in (None, row["role"])]
        if not found:
            raise NotFound(Message("decision.no_advice"))
        return found

    def _coaching(self, key: AdviceKey, /) -> Advice:
        rows = [
            row
            for row in self.run.rows("coaching", "employee_id", key.employee or "")
            if row["level"] == "employee" and (row["kpi"], row["action"]) == (key.kpi, key.action)
        ]
        if not rows:
            raise NotFound(Message("decision.no_advice"))
        known = AdviceKey("coaching", rows[0]["team_id"], None, key.kpi, key.employee, key.action)
        return Advice(known, rows[:1], {}, self._made_from)

    def _cause(self, key: AdviceKey, /) -> Advice:
        rows = self.run.rows("cause_diagnosis", "cause", key.cause or "")
        if not rows:
            raise NotFound(Message("decision.no_advice"))
        evidence = {name: self._rows(name, "cause", key.cause) for name in ("cause_shares", "cause_prices")}
        known = AdviceKey("root_cause", key.team_id, cause=key.cause)
        return Advice(known, rows, evidence, self._made_from)

    def _rows(self, table: str, column: str, value: str | None, /) -> list[dict[str, Any]]:
        """Return rows of a table, none where the run has not left it."""
        try:
            return self.run.rows(table, column, value or "")
        except ArtefactError:
            return []

    @cached_property
    def _made_from(self) -> dict[str, Any]:
        document = self.run.results.run
        known = {name: document[name] for name in _MADE_FROM if name in document}
        return _finite({"run": digest_of(document), **known, "models": self.run.models()})


def _finite(value: Any, /) -> Any:
    """Return what JSON can say of a document: no number that is none."""
    if isinstance(value, dict):
        return {name: _finite(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
