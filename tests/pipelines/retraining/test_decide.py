"""When a challenger is due: what changed since the last one asks for it, and what looks like a fault holds it back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from baton.retraining.settings import Retraining
from models.monitoring.naming import Change, Finding
from models.monitoring.performance import Expected, Realised
from pipelines.monitoring.kept import Outlook
from pipelines.monitoring.watch import Watch
from pipelines.retraining.decide import Decision, Known, decide
from tests.models.monitoring.test_naming import alarm
from tests.pipelines.retraining.test_retrain import table

ABOUT = {"to": "2024-06-01T00:00:00"}
SETTINGS = Retraining(min_rows=100, every_days=3650)
END = datetime(2024, 12, 8)


def seen(*changes: Change, since: datetime = datetime(2024, 11, 25)) -> Watch:
    """A watch that has found these changes in the share of cases by chat."""
    shown = alarm("cases", "channel", "share", 0.2, 0.4, value="chat")
    return Watch(END, 10, ("cases",), 0.25, [Finding(change, shown, since) for change in changes], [])


def decided(monitored: Watch | None, noted: dict[str, Any] | None = None, *, force: bool = False) -> Decision:
    return decide(table(12), Known(ABOUT, noted=noted or {}), SETTINGS, monitored, force=force)


def test_where_nothing_changed_the_schedule_alone_decides() -> None:
    assert decided(None).status == decided(seen()).status == "not_due"


def test_a_change_in_the_world_asks_for_a_challenger_once() -> None:
    found = decided(seen("mix"))
    assert found.status == "due" and len(found.why) == 1 and "chat" in found.why[0].text
    # the challenger of last week has learned from it
    assert decided(seen("mix"), {"monitored_until": "2024-12-01"}).status == "not_due"
    again = seen("mix", since=datetime(2024, 12, 1))
    assert decided(again, {"monitored_until": "2024-12-01"}).status == "due"


@pytest.mark.parametrize("fault", ["stopped", "column_lost", "missing", "unit", "gone_value"])
def test_what_looks_like_a_fault_asks_for_none_and_holds_others_back(fault: Change) -> None:
    assert decided(seen(fault)).status == "not_due"
    held = decided(seen("mix", fault))
    assert held.status == "held" and held.unseen is not None and len(held.why) == 2
    assert decided(seen("mix", fault), force=True).status == "due"


def test_predictions_that_did_not_come_true_ask_for_a_challenger_once() -> None:
    wrong = Realised(rows=800, events=90, predicted=40.0, low=25.0, high=58.0, auc=0.6, log_loss=0.4)
    outlook = Outlook(datetime(2024, 9, 1), 90, True, Expected(800, 40.0, 0.8, 0.2), wrong)
    monitored = seen()
    monitored.predictions.append(outlook)
    assert decided(monitored).status == "due"
    assert decided(monitored, {"monitored_until": "2024-10-01"}).status == "not_due"
