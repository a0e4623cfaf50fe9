"""Models: what answers, from which run and data, and how good it was on data that it had not seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from baton.charts.drawing import Pen
from baton.charts.plots import calibration
from baton.informative import is_informative
from baton.wording.leaving import guessed_range
from baton.wording.outcomes import predicted_name
from baton.wording.tested import reliability_point, tested_table
from baton.wording.wording import percent, say
from models.prediction.splits import SplitKind
from serving.pages.asked import Asked, Reply, Shown
from serving.pages.behind import PagesOf

__all__ = ["show_models"]


def show_models(asked: Asked, of: PagesOf, /) -> Reply:
    """Show each outcome's model and its figures."""
    read = of.read()
    run = read.run
    answers = {row["outcome"]: row for row in run.models()}
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
                    **_reliability(entry, pen),
                }
                for outcome, entry in run.results.evaluation.items()
            ],
            "finished": str(known.get("finished_at") or "")[:16].replace("T", " "),
            "inputs": sorted((known.get("inputs") or {}).items()) if isinstance(known.get("inputs"), dict) else [],
            "seed": known.get("seed"),
            "versions": sorted((known.get("versions") or {}).items()),
        },
    )


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
