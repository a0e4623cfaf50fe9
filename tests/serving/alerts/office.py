"""An outbox with a clock that tests set, and rules to try."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from baton.alerts.settings import Alerts, Rule
from serving.alerts.deliveries import Deliveries
from serving.alerts.outbox import Found, Notice, Outbox
from serving.audit.log import AuditLog
from serving.state.schema import Alert
from serving.state.store import State

START = datetime(2026, 7, 1, 12, 0)
RULE = Rule(name="leaving", about="customer", measure="churn", threshold=0.5, rearm=0.1)


@dataclass
class Clock:
    moment: datetime = START

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **span: float) -> None:
        self.moment += timedelta(**span)


@dataclass
class Office:
    """What keeps alerts, what sends them, and the time."""

    outbox: Outbox
    deliveries: Deliveries
    clock: Clock
    audit: AuditLog
    seen: int = field(default=0)

    def look(self, value: float, customer: str = "c1", *, rule: Rule = RULE, to: str = "lin", seen: int = 1) -> int:
        """Find a customer's chance."""
        content = {"customer_id": customer, "measure": rule.measure, "threshold": rule.threshold, "when": rule.when}
        notice = Notice("t1", content, [("desk", to)] if to else [], "" if to else "nobody leads it")
        return self.outbox.take([Found(rule, customer, value)], {(rule.name, customer): notice}, seen=seen)


def office(state: State, settings: Alerts | None = None) -> Office:
    """Open an office on a state."""
    clock, audit = Clock(), AuditLog(state)
    found = settings or Alerts()
    return Office(Outbox(audit, found, now=clock), Deliveries(audit, found, now=clock), clock, audit)


def everybody(_: str, __: Alert) -> bool:
    """Everybody may see everything."""
    return True
