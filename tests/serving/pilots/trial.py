"""A pilot of four teams of which two begin, people in every role, and a store with a clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from serving.access.principal import Principal
from serving.audit.log import AuditLog, Entry
from serving.pilots.store import AskedMove, PilotStore
from serving.state.store import State
from tests.serving.decisions.office import Clock

LIN = Principal("lin", "manager", frozenset({"t1"}), frozenset({"t1"}))
"""Leads one of the two teams that begin."""
MEI = Principal("mei", "manager", frozenset({"t9"}), frozenset({"t9", "t1", "t2"}), "p-mei")
"""Leads both, through t9, in which she is."""
TOM = Principal("tom", "manager", frozenset({"t1", "t2"}), frozenset({"t1", "t2"}), "p-tom")
"""Leads both, and is measured in t2."""
BO = Principal("bo", "manager", frozenset({"t7"}), frozenset({"t7"}))
"""Leads a team that takes no part."""
KAI = Principal("kai", "manager", frozenset({"t3"}), frozenset({"t3"}))
"""Leads a team that is compared with."""
ANN = Principal("ann", "analyst", employee="p-ann")
ANN_TOO = Principal("ann.second", "analyst", employee="p-ann")
"""The same person under another name."""
UWE = Principal("uwe", "analyst")
EMIL = Principal("emil", "employee", employee="p-1")
AUDITOR = Principal("ida", "auditor")
SYSTEM = Principal("crm", "service")
LOCAL = Principal("local", "local")
EVERYBODY = (LIN, MEI, TOM, BO, KAI, ANN, ANN_TOO, UWE, EMIL, AUDITOR, SYSTEM, LOCAL)

TEAM_OF = {"p-mei": "t9", "p-tom": "t2", "p-1": "t1"}
CARD = {"csat": (60.0, 50.0), "wait_seconds": (40.0, 50.0)}
PLAN: dict[str, Any] = {
    "version": 2,
    "name": "wait-2026-07",
    "company": "Hafen",
    "kpi": "wait_seconds",
    "guards": ["csat"],
    "teams": ["t1", "t2", "t3", "t4"],
    "months": [f"2026-{month:02d}-01" for month in range(1, 10)],
    "begin": 6,
    "starts": [6, 6, -1, -1],
    "schedules": [[6, 6, -1, -1], [-1, -1, 6, 6]],
    "better": -1,
    "worthwhile": 4.0,
    "smallest": 3.5,
    "false_alarms": 0.1,
    "seed": 7,
    "alpha": 0.1,
    "looks": 1,
    "max_shared": 0.25,
    "definitions": {"wait_seconds": "abc", "csat": "def"},
    "cards": [
        {"team_id": team, "role": "agent", "kpi": kpi, "current": current, "tried": tried}
        for team in ("t1", "t2", "t3", "t4")
        for kpi, (current, tried) in CARD.items()
    ],
    "predicted": {"effect": -5.0, "low": -9.0, "high": -1.0, "level": 0.9, "basis": "scenario"},
}


def effect(effect: float = -6.0, low: float = -8.0, high: float = -4.0) -> dict[str, Any]:
    return {"effect": effect, "low": low, "high": high, "p_value": 0.01, "schedules": 70}


@dataclass
class Trial:
    """A store and what it stands on."""

    state: State
    clock: Clock = field(default_factory=Clock)
    recorded: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = AuditLog(self.state, clock=self.clock)
        limits = {"max_change": 10.0}
        self.store = PilotStore(self.state, self.record, team_of=TEAM_OF.get, limits=limits, now=self.clock)

    def record(self, session: Any, entry: Entry) -> None:
        self.recorded.append(entry)
        self.log.append(session, entry)

    def plan(self, who: Principal = ANN, **other: Any) -> dict[str, Any]:
        return self.store.begin(who, {**PLAN, **other}, "waits are long")

    def move(self, who: Principal, pilot: dict[str, Any], name: str, **other: Any) -> dict[str, Any]:
        asked = {"version": pilot["version"], "reason": "because", **other}
        return self.store.move(who, pilot["name"], AskedMove(name, **asked))[1]

    def outcome(self, pilot: dict[str, Any], verdict: str | None = "adopt", **other: Any) -> dict[str, Any]:
        return {
            "name": pilot["name"],
            "plan_digest": pilot["plan_digest"],
            "kpi": "wait_seconds",
            "months_known": 3,
            "months_planned": 3,
            "verdict": verdict,
            "effect": effect(),
            "guards": {},
            "harmed": [],
            "words": [],
            **other,
        }

    def brought_to(self, state: str, verdict: str | None = "adopt", **plan: Any) -> dict[str, Any]:
        """Bring a new pilot to a state."""
        pilot = self.plan(**plan)
        for who, name in TO[state]:
            outcome = {"outcome": self.outcome(pilot, verdict)} if name == "evaluate" else {}
            pilot = self.move(who, pilot, name, **outcome)
        assert pilot["state"]["key"] == state
        return pilot


_RUNNING = ((UWE, "approve"), (ANN, "start"))
_EVALUATED = (*_RUNNING, (ANN, "evaluate"))
_ADOPTED = (*_EVALUATED, (ANN, "adopt"), (UWE, "confirm"))
TO: dict[str, tuple[tuple[Principal, str], ...]] = {
    "planned": (),
    "approved": _RUNNING[:1],
    "rejected": ((UWE, "reject"),),
    "withdrawn": ((ANN, "withdraw"),),
    "running": _RUNNING,
    "evaluated": _EVALUATED,
    "stopped": (*_RUNNING, (ANN, "stop")),
    "extended": (*_EVALUATED, (ANN, "extend")),
    "adopting": _ADOPTED[:4],
    "adopted": _ADOPTED,
    "rolling_back": (*_ADOPTED, (ANN, "roll_back")),
    "rolled_back": (*_ADOPTED, (ANN, "roll_back"), (UWE, "confirm")),
}
