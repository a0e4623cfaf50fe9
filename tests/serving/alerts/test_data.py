"""What monitoring has found: analysts hear of it once while it lasts, and Prometheus sees how much there is."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from baton.alerts.settings import Alerts
from baton.files import RunFolder
from baton.messages.message import Message
from baton.retraining.monitored import Monitored, write_monitored
from serving.access.keeper import Keeper
from serving.alerts.data import DataWatch
from serving.alerts.metrics import MonitorMetrics
from serving.alerts.outbox import Outbox
from serving.alerts.watch import Watch
from serving.alerts.words import body_of, text_of
from serving.state.schema import Alert, AlertMessage
from tests.serving.access.conftest import House, house

__all__ = ["house"]

RULES = {
    "email": {"host": "m", "sender": "b@e.com", "addresses": {"ana": "ana@e.com", "lin": "lin@e.com"}},
    "rule": [{"name": "data", "about": "data", "measure": "changes", "threshold": 0}],
}
STOPPED = {"stopped activity rows": Message("monitor.too_short")}


def found(folder: RunFolder, changes: dict[str, Message], differing: dict[str, Message] | None = None) -> None:
    write_monitored(folder, Monitored("2026-07-01", 9, changes, differing or {}, ()))


@pytest.fixture
def looking(house: House, tmp_path: Path) -> Any:
    company = house.company.model_copy(update={"alerts": Alerts.model_validate(RULES)})
    keeper = Keeper(company)
    outbox = Outbox(keeper.audit, company.alerts)
    watch = Watch(company, keeper, outbox, None, None)  # type: ignore[arg-type] - neither is asked
    folder = RunFolder(tmp_path).create()
    run: Any = SimpleNamespace(folder=folder, members=SimpleNamespace(name_of={}))
    data = DataWatch(company, keeper, outbox, watch.ways)
    return SimpleNamespace(folder=folder, look=lambda: data.look(run), keeper=keeper, company=company)


def test_each_change_is_an_alert_to_analysts_once_while_it_lasts(looking: Any) -> None:
    assert looking.look() == 0  # nobody has monitored
    found(looking.folder, STOPPED)
    assert looking.look() == 1
    assert looking.look() == 0
    found(looking.folder, STOPPED, {"2026-01-01": Message("monitor.differs")})
    assert looking.look() == 1  # the other one
    found(looking.folder, {})
    assert looking.look() == 0
    found(looking.folder, STOPPED)
    assert looking.look() == 1  # gone, and come back
    with looking.keeper.state.reading() as session:
        rows = session.execute(
            select(Alert, AlertMessage).join(AlertMessage, AlertMessage.id == Alert.message).order_by(Alert.number)
        ).all()
    assert [(alert.subject, message.recipient) for alert, message in rows] == [
        ("stopped activity rows", "ana"), ("predictions 2026-01-01", "ana"), ("stopped activity rows", "ana"),
    ]  # fmt: skip
    message: Any = SimpleNamespace(id="m", recipient="ana", alerts=[rows[0][0]])
    assert "In the data: " in text_of(looking.company, message) and "2026-07-01" in text_of(looking.company, message)
    assert b'"about":"data"' in body_of(looking.company, message)


def test_prometheus_sees_how_much_goes_on(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path).create()
    assert list(MonitorMetrics(folder).collect()) == []
    found(folder, STOPPED, {"2026-01-01": Message("monitor.differs")})
    gauges = {gauge.name: gauge.samples[0].value for gauge in MonitorMetrics(folder).collect()}
    assert gauges["baton_monitor_changes"] == 1 and gauges["baton_monitor_predictions_differing"] == 1
    assert gauges["baton_monitor_looked_at_seconds"] > 0
    (folder.path / "monitoring" / "found.json").write_text("{", encoding="utf-8")
    assert list(MonitorMetrics(folder).collect()) == []
