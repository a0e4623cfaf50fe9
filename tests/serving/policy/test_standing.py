"""What is policy is set against the newest run: issued or not, and advised again or not."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from baton.cli import app
from baton.files import RunFolder
from serving.policy.standing import standing_lines, stands_of
from serving.policy.versions import Change, Held, Version
from tests.filled_results import write_filled
from tests.serving.pilots.trial import Trial

DECIDED = {"csat": 50.0, "wait_seconds": 50.0}
REASON = {"en": "Waits matter more now.", "zh": "等待的影响变大。"}


def version(cards: dict[tuple[str, str], dict[str, float]]) -> Version:
    held = {key: Held("d1", points) for key, points in cards.items()}
    change: Any = Change
    return Version(1, change, held, {}, {})


def row(kpi: str, current: float | None, advised: float | None, team: str = "t1") -> dict[str, Any]:
    return {
        "team_id": team, "role": "agent", "kpi": kpi, "current_weight": current, "recommended_weight": advised,
        "reason": REASON,
    }  # fmt: skip


def stands(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {line["kpi"]: line["stands"] for line in standing_lines(version({("t1", "agent"): DECIDED}), rows)}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row("csat", 50, 50.02), row("wait_seconds", 50, 50)], {"csat": "stands", "wait_seconds": "stands"}),
        ([row("csat", 50, 40), row("wait_seconds", 50, 60)], {"csat": "would_change", "wait_seconds": "would_change"}),
        ([row("csat", 60, 60), row("wait_seconds", 40, 40)], {"csat": "not_in_source", "wait_seconds": "not_in_source"}),
        ([row("csat", 50, None), row("wait_seconds", 50, None)], {"csat": "no_advice", "wait_seconds": "no_advice"}),
        ([row("csat", None, 50), row("wait_seconds", None, 50)], dict.fromkeys(DECIDED, "not_in_source")),
        ([], dict.fromkeys(DECIDED, "not_in_source")),
        (
            [row("csat", 50, 45), row("wait_seconds", 50, 50), row("nps", 0, 5), row("aht", 0, None)],
            {"csat": "would_change", "wait_seconds": "stands", "nps": "would_change"},
        ),
        ([row("csat", 50, 50), row("nps", 50, 50)], {"csat": "stands", "wait_seconds": "not_in_source", "nps": "not_in_source"}),
    ],
    ids=["again", "otherwise", "not issued", "no advice", "no card known", "no rows", "a KPI more", "another card"],
)  # fmt: skip
def test_a_line_stands_as_source_and_advice_say(rows: list[dict[str, Any]], expected: dict[str, str]) -> None:
    assert stands(rows) == expected


def test_a_card_is_as_its_line_that_asks_for_most_and_foreign_cards_do_not_count() -> None:
    known = version({("t1", "agent"): DECIDED, ("t2", "agent"): DECIDED})
    rows = [
        row("csat", 50, 40), row("wait_seconds", 40, 40), row("csat", 50, 50, "t2"), row("wait_seconds", 50, 50, "t2"),
        row("csat", 10, 90, "t9"),
    ]  # fmt: skip
    lines = standing_lines(known, rows)
    assert {line["team_id"] for line in lines} == {"t1", "t2"}
    assert stands_of(lines) == {"not_in_source": 1, "would_change": 0, "no_advice": 0, "stands": 1}


def test_the_command_says_it_in_words_and_as_json(trial: Trial) -> None:
    trial.brought_to("adopted")
    place = trial.state.folder.parent
    teams = [f"t{number}" for number in range(1, 5)]
    rows = [row(kpi, 50, advised, team) for team in teams for kpi, advised in (("csat", 50), ("wait_seconds", 50))]
    write_filled(RunFolder(place / "out"), "weights", pd.DataFrame(rows))
    quiet = CliRunner().invoke(app, ["policy", "check", str(place)])
    assert quiet.exit_code == 0, quiet.output
    assert "All 4 cards that are policy stand" in " ".join(quiet.stdout.split())
    rows[0] |= {"recommended_weight": 45.0}
    write_filled(RunFolder(place / "out"), "weights", pd.DataFrame(rows))
    shown = CliRunner().invoke(app, ["policy", "check", str(place), "--language", "zh"], env={"COLUMNS": "220"})
    assert "1 张按当前数据会再次调整" in shown.stdout and REASON["zh"] in shown.stdout
    document = json.loads(CliRunner().invoke(app, ["policy", "check", str(place), "--json"]).stdout)
    assert document["version"] == 2 and len(document["lines"]) == 8
    assert {line["stands"] for line in document["lines"]} == {"stands", "would_change"}
