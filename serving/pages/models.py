"""Models: what answers, from which run and data, and how good it was on data that it had not seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from baton.charts.drawing import Pen
from baton.charts.plots import calibration
from baton.informative import is_informative
from baton.messages.message import Message, Value
from baton.retraining.monitored import read_monitored
from baton.wording.leaving import guessed_range
from baton.wording.outcomes import predicted_name
from baton.wording.tested import reliability_point, tested_table
from baton.wording.wording import Bilingual, number, percent, say
from models.prediction.splits import SplitKind
from models.registry.retrainings import Tried, newest_retrainings
from models.retraining.gates import Gate
from models.retraining.words import gate_name, gate_of, status_words
from serving.access.rules import may_at_all
from serving.champions.moves import AskedChampion, ChampionMoves
from serving.champions.own_process import roll_back_in_process
from serving.decisions.refused import DecisionRefused
from serving.pages.asked import Asked, Go, Reply, Shown
from serving.pages.behind import PagesOf

__all__ = ["show_models", "take_models"]


def show_models(asked: Asked, of: PagesOf, /) -> Reply:
    """Show each outcome's model and its figures."""
    read = of.read()
    run = read.run
    answers = {row["outcome"]: row for row in run.models()}
    tried = newest_retrainings(run.company)
    pen = Pen((asked.language,))
    known = run.results.run
    names = {outcome: predicted_name(outcome, run.company, read.names.kpi) for outcome in run.results.evaluation}
    return Shown(
        "models",
        {
            "outcomes": [
                {
                    "name": names[outcome],
                    "answers": answers.get(outcome),
                    "table": tested_table(names[outcome], entry),
                    "guessed": None if is_informative(entry) else guessed_range(entry),
                    "retrained": _retrained(tried.get(outcome)),
                    "champion": _version(answers.get(outcome)),
                    "key": outcome,
                    **_reliability(entry, pen),
                }
                for outcome, entry in run.results.evaluation.items()
            ],
            "monitored": read_monitored(run.folder),
            "may_move": may_at_all(asked.who, "move_champion"),
            "is_moved": asked.query.get("done") == "rolled_back",
            "finished": str(known.get("finished_at") or "")[:16].replace("T", " "),
            "inputs": sorted((known.get("inputs") or {}).items()) if isinstance(known.get("inputs"), dict) else [],
            "seed": known.get("seed"),
            "versions": sorted((known.get("versions") or {}).items()),
        },
    )


def take_models(asked: Asked, of: PagesOf, /) -> Reply:
    """Roll a champion back."""
    form, run = asked.form, of.loaded()
    known = {row["outcome"]: _version(row) for row in run.models()}
    outcome, seen = form.get("outcome", ""), form.get("version", "")
    if known.get(outcome) is None or not seen.isdigit():
        raise DecisionRefused(Message("champion.which"))
    wanted = AskedChampion("roll_back", outcome, form.get("reason", ""), int(seen))
    ChampionMoves(of.keeper.audit).make(
        asked.who, wanted, lambda: roll_back_in_process(run.company, run.folder, outcome, int(seen))
    )
    return Go("/pages/models?done=rolled_back")


def _version(row: Mapping[str, Any] | None, /) -> int | None:
    """Return the version that answers."""
    number = str((row or {}).get("model") or "").rpartition("/")[2]
    return int(number) if number.isdigit() else None


def _retrained(tried: Tried | None, /) -> dict[str, Any] | None:
    """Return what became of the newest challenger, gate by gate."""
    if tried is None:
        return None
    report = tried.report
    gates = [gate_of(gate) for gate in report.get("gates") or ()]
    why = [Message.recorded(words) for words in report.get("why") or ()]
    values: dict[str, Value] = {
        "outcome": report["outcome"],
        "old": report.get("champion") or "",
        "new": report.get("challenger") or "",
        "gates": tuple(gate_name(gate) for gate in gates if gate.passed is False),
    }
    is_back = report["status"] == "rolled_back"
    return {
        "words": why if is_back else [status_words(str(report["status"]), values)],
        "why": [] if is_back else why,
        "gates": [_shown(gate) for gate in gates],
        "at": f"{tried.at:%Y-%m-%d %H:%M}",
        "run_id": tried.run_id,
    }


def _shown(gate: Gate, /) -> dict[str, Any]:
    """Return a gate's name, figure, limit, the champion's figure, and verdict."""
    key = "pages_models.no_verdict"
    if gate.passed is not None:
        key = "pages_models.passed" if gate.passed else "pages_models.failed"
    return {
        "name": gate_name(gate),
        "value": _figure(gate, gate.value),
        "limit": _figure(gate, gate.limit),
        "champion": _figure(gate, gate.champion),
        "verdict": say(key),
        "is_bad": gate.passed is False,
    }


def _figure(gate: Gate, value: float | None, /) -> Bilingual | None:
    if value is None:
        return None
    return percent(value) if gate.name == "agreement" else number(value, 4)


def _reliability(entry: Mapping[str, Any], pen: Pen, /) -> dict[str, Any]:
    """Return what came true against what was predicted: a drawing and its rows; nothing where it was guessing."""
    groups = entry.get("reliability") or ()
    if len(groups) < 2 or "auc" not in entry or not is_informative(entry):
        return {"drawings": (), "groups": []}
    points = [reliability_point(row) for row in groups]
    across, up = say("trust.calibration_across"), say("trust.calibration_up")
    rows = [
        (percent(point.x, 1), percent(point.y, 1), f"{int(row['n']):,}")
        for point, row in zip(points, groups, strict=True)
    ]
    crossed = entry.get("split_kind") == SplitKind.CROSS_VALIDATION
    note = say("trust.calibration_note_cv" if crossed else "trust.calibration_note")
    return {"drawings": calibration(points, pen, across, up), "groups": rows, "note": note}
