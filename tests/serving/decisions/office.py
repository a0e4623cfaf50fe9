"""A run with advice of every kind for two teams, people in every role, and a store with a clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from baton.catalogue.load import load_catalogue
from baton.company import Company, Policy
from baton.files import RunFolder, write_json
from baton.run_results import RunResults
from models.advice.inputs import AdviceInputs, catalogue_rows
from models.advice.weights import recommend
from serving.access.principal import Principal
from serving.audit.log import AuditLog, Entry
from serving.decisions.advice import RunAdvice
from serving.decisions.payloads import AdviceQuestion, MoveRequest, ProposalRequest
from serving.decisions.store import DecisionStore
from serving.state.store import State
from tests.filled_results import write_filled

START = datetime(2026, 7, 1, 8)
FCR, HANDLE, KEPT = "first_contact_resolution", "handle_seconds", "promise_kept"
POLICY = Policy(min_weight=0, max_weight=60, min_share={}, outcome_max=100, impact_ratio=0, fixed=())

LIN = Principal("lin", "manager", frozenset({"t1"}), frozenset({"t1"}), "p-lin")
"""Leads t1 directly."""
MEI = Principal("mei", "manager", frozenset({"t9"}), frozenset({"t9", "t1", "t2"}))
"""Leads t9, above t1 and t2."""
BO = Principal("bo", "manager", frozenset({"t2"}), frozenset({"t2"}))
"""Leads t2, which is another branch."""
ANN = Principal("ann", "analyst")
EMIL = Principal("emil", "employee", employee="p-1")
"""Works in t1 under its card."""
EVA = Principal("eva", "employee", employee="p-2")
"""Works in t1 under its card too."""
OTTO = Principal("otto", "employee", employee="p-7")
"""Works in t2."""
AUDITOR = Principal("ida", "auditor")
SYSTEM = Principal("crm", "service")
LOCAL = Principal("local", "local")
EVERYBODY = (LIN, MEI, BO, ANN, EMIL, EVA, OTTO, AUDITOR, SYSTEM, LOCAL)


class Clock:
    """Time that passes only when it is asked to."""

    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **passed: float) -> None:
        self.moment += timedelta(**passed)


@dataclass
class Office:
    """A store and what it stands on; ``run`` may be replaced."""

    state: State
    run: RunAdvice
    clock: Clock = field(default_factory=Clock)
    recorded: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = AuditLog(self.state, clock=self.clock)
        self.store = DecisionStore(self.state, lambda: self.run, self.record, now=self.clock)

    def record(self, session: Any, entry: Entry) -> None:
        self.recorded.append(entry)
        self.log.append(session, entry)

    def asked(self, kind: str = "weights", move: str = "accept", **other: Any) -> ProposalRequest:
        """A proposal on what the run advises now."""
        parts = SUBJECTS[kind] | {name: other.pop(name) for name in list(other) if name in AdviceQuestion.model_fields}
        advice = other.pop("advice", None) or self.run.find(AdviceQuestion(kind=kind, **parts).advice_key).digest
        made = {"kind": kind, "move": move, "reason": "as tried in t3", **parts, "advice": advice, **other}
        return ProposalRequest.model_validate(made)

    def propose(
        self, who: Principal = LIN, kind: str = "weights", move: str = "accept", **other: Any
    ) -> dict[str, Any]:
        return self.store.propose(who, self.asked(kind, move, **other))[1]

    def move(self, who: Principal, decision: dict[str, Any], name: str, **other: Any) -> dict[str, Any]:
        asked = {"version": decision["version"], "reason": "because", **other}
        return self.store.move(who, decision["id"], name, MoveRequest.model_validate(asked))[1]


SUBJECTS: dict[str, dict[str, Any]] = {
    "weights": {"team_id": "t1", "role": "agent"},
    "target": {"team_id": "t1", "role": "agent", "kpi": FCR},
    "coaching": {"employee_id": "p-1", "kpi": HANDLE, "action": "shadowing"},
    "root_cause": {"team_id": "t1", "cause": "billing"},
}
OWN: dict[str, dict[str, Any]] = {
    "weights": {"weights": {HANDLE: 25.0, FCR: 30.0, KEPT: 45.0}},
    "target": {"target": 0.8},
    "coaching": {"action": "sit with Eva for a day"},
    "root_cause": {"action": "print the tariff on every bill"},
}


def inputs() -> AdviceInputs:
    """Handling time harms for certain; solving at once helps."""
    generator = np.random.default_rng(3)
    draws = pd.DataFrame({HANDLE: np.full(100, 0.02), KEPT: np.full(100, -0.004)})
    draws[FCR] = -0.010 + 0.001 * generator.normal(size=100)
    kpis = catalogue_rows(load_catalogue(Company())).set_index("kpi", drop=False)
    for kpi in draws:
        kpis.loc[kpi, ["effect", "low", "high"]] = [draws[kpi].mean(), *draws[kpi].quantile([0.05, 0.95])]
    cards = [
        {"team_id": team, "role": "agent", "kpi": kpi, "weight": weight}
        for team in ("t1", "t2")
        for kpi, weight in ((HANDLE, 30.0), (FCR, 25.0), (KEPT, 45.0))
    ]
    people = [
        {"team_id": team, "role": "agent", "kpi": kpi, "n_per_day": 5.0, "people": 20, "share": 1.0}
        for team in ("t1", "t2")
        for kpi in draws
    ]
    return AdviceInputs(
        kpis=kpis.assign(joint_p=0.001, icc=0.2, between_sd=0.1).reset_index(drop=True), draws=draws,
        cards=pd.DataFrame(cards), headcounts=pd.DataFrame(people), outcome="churn", helpful=-1, kind="probability",
        horizon_days=90, customers_at_risk=9_000, joint_p_value=0.001,
    )  # fmt: skip


def write_run(folder: RunFolder) -> None:
    """Leave what a run leaves of advice."""
    given = inputs()
    given.save(folder.create().advice)
    RunResults(folder).write("weights", recommend(given, POLICY))
    words = {"en": "Waits are long.", "zh": "等待时间长。"}
    targets = [
        {"team_id": team, "role": "agent", "kpi": FCR, "advised_target": 0.7, "current_target": 0.6, "reason": words}
        for team in ("t1", "t2")
    ]
    write_filled(folder, "targets", pd.DataFrame(targets))
    offers = [
        {"employee_id": person, "team_id": team, "kpi": HANDLE, "action": action, "level": "employee", "reason": words,
         "for_person": words, "for_lead": words, "gap_sd": 1.0, "evidence": ["k1"]}
        for person, team, action in (("p-1", "t1", "shadowing"), ("p-1", "t1", None), ("p-7", "t2", "shadowing"),
                                     ("p-lin", "t1", "shadowing"))
    ]  # fmt: skip
    write_filled(folder, "coaching", pd.DataFrame(offers))
    causes = [{"cause": "billing", "growing": True, "kpis": [], "measured_by": [], "alignment": "unmeasured"}]
    write_filled(folder, "cause_diagnosis", pd.DataFrame(causes))
    folder.staged.mkdir(exist_ok=True)
    people = [("p-1", "t1", "agent"), ("p-2", "t1", "agent"), ("p-lin", "t1", "lead"), ("p-7", "t2", "agent")]
    frame = pd.DataFrame(people, columns=["employee_id", "team_id", "role"])
    frame.to_parquet(folder.staged / "employees.parquet")
    write_json(folder.file("run.json"), {"company": "Hafen", "inputs": {"cases": "abc"}, "finished_at": "2026-06-30"})
