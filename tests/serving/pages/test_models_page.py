"""Models: whose figures they are, beside which rules, what was guessing, and what there is where nothing was learned."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from baton.files import RunFolder, write_json
from baton.messages.message import Message
from baton.retraining.monitored import Monitored, write_monitored
from serving.access.principal import Principal
from serving.pages.asked import Asked, Shown
from serving.pages.frame import page_response
from serving.pages.models import show_models
from serving.pages.reading.of_run import OfRun
from tests.serving.pages.test_customers import NASTY, run_of

GROUPS = [{"mean_predicted": share, "observed": share + 0.01, "n": 200} for share in (0.05, 0.2, 0.4)]
CHURN = {
    "rows": 600, "auc": 0.81, "log_loss": 0.3, "intervals": {"auc": [0.77, 0.85]}, "reliability": GROUPS,
    "baselines": {"base_rate": {"auc": 0.5, "log_loss": 0.4}, NASTY: {"auc": 0.6}}, "split": "in time <b>",
    "split_kind": "in_time",
}  # fmt: skip
GUESSED = {**CHURN, "auc": 0.52, "intervals": {"auc": [0.45, 0.6]}}


def page_of(
    tmp_path: Any, evaluation: dict[str, Any], language: str = "en", answers: str = "churn/1", role: str = "auditor"
) -> str:
    run = run_of(tmp_path, {}, evaluation)
    run.results.run = {"finished_at": "2026-03-01T10:11:12", "inputs": {"cases": "a" * 24}, "seed": 7, "versions": {}}
    run.models = lambda: [{"outcome": "churn", "model": answers, "report_model": "churn/1"}]
    run.folder = RunFolder(tmp_path)
    read = OfRun(run)
    asked = Asked(Principal("aud", role), "/pages/models", language=language)  # type: ignore[arg-type]
    shown = show_models(asked, SimpleNamespace(read=lambda: read))  # type: ignore[arg-type]
    assert isinstance(shown, Shown)
    return bytes(page_response(asked, shown, is_set_up=True).body).decode()


def test_figures_stand_beside_simple_rules_with_what_came_true(tmp_path: Any) -> None:
    page = page_of(tmp_path, {"churn": CHURN, "decline:employee:csat": CHURN})
    assert "0.810 (0.770–0.850)" in page and "Base rate" in page and "600 rows tested" in page
    assert page.count("<svg") == 4 and "21.0%" in page and "Service rating" in page
    assert "<img" not in page and "<b>" not in page
    assert "以及它们在未见数据上的表现" in page_of(tmp_path, {"churn": CHURN}, "zh")


def test_what_was_guessing_is_called_so_and_its_chances_are_not_drawn(tmp_path: Any) -> None:
    page = page_of(tmp_path, {"churn": GUESSED})
    assert "no better than guessing" in page and "<svg" not in page


def test_another_champion_is_named_beside_the_model_of_the_figures(tmp_path: Any) -> None:
    assert "The figures below and the report are of churn/1" in page_of(tmp_path, {"churn": CHURN}, answers="churn/3")
    assert "The figures below" not in page_of(tmp_path, {"churn": CHURN})


def test_where_nothing_was_learned_it_says_which_tables_bring_it(tmp_path: Any) -> None:
    assert "tables of customers, cases or measures" in page_of(tmp_path, {})


GATES = [
    {"name": "log_loss", "passed": True, "value": 0.0123456, "limit": 0.02, "champion": None, "where": ""},
    {"name": "fairness", "passed": False, "value": 0.09, "limit": 0.05, "champion": 0.02, "where": "<b>age"},
    {"name": "agreement", "passed": None, "value": None, "limit": 0.8, "champion": None, "where": ""},
]  # fmt: skip


def retrained(tmp_path: Any, status: str = "failed", why: Message | None = None) -> None:
    report = {
        "outcome": "churn", "status": status, "why": [] if why is None else [why.as_json() | {"text": why.text}],
        "champion": 1, "challenger": 2, "gates": GATES, "figures": {},
    }  # fmt: skip
    place = tmp_path / ".baton" / "retrainings" / "churn.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    write_json(place, {"run_id": "abc123", "at": "2026-03-02T04:05:06", "report": report})


def test_the_newest_challenger_stands_gate_by_gate_with_its_run_and_what_monitoring_found(tmp_path: Any) -> None:
    assert "Newest retraining" not in page_of(tmp_path, {"churn": CHURN})
    assert "Nobody has looked yet" in page_of(tmp_path, {"churn": CHURN})
    retrained(tmp_path)
    found = Message("monitor.too_short")
    write_monitored(RunFolder(tmp_path), Monitored("", 0, {}, {}, (found,)))
    page = page_of(tmp_path, {"churn": CHURN})
    assert "version 1 stays champion; the challenger did not pass: fairness (&lt;b&gt;age)" in page
    assert ">0.0123<" in page and page.count(">passed<") == 1 and ">failed</strong>" in page and "no verdict" in page
    assert "abc123" in page and "2026-03-02 04:05 UTC" in page and found.text in page
    assert "<b>age" not in page
    assert "挑战模型未通过" in page_of(tmp_path, {"churn": CHURN}, "zh")
    back = Message("retraining.rolled_back", {"outcome": "churn", "old": 2, "version": 1})
    retrained(tmp_path, "rolled_back", back)
    assert "version 1 is champion again, in place of 2" in page_of(tmp_path, {"churn": CHURN})


def test_analysts_alone_may_go_back_to_the_champion_before(tmp_path: Any) -> None:
    assert "Go back to the champion before" not in page_of(tmp_path, {"churn": CHURN})
    page = page_of(tmp_path, {"churn": CHURN}, role="analyst", answers="churn/3")
    assert "Version 3 answers now" in page and 'name="version" value="3"' in page
    # a first version has none before it
    for other in ("model", "churn/1"):
        assert "Go back to the champion before" not in page_of(
            tmp_path, {"churn": CHURN}, role="analyst", answers=other
        )
