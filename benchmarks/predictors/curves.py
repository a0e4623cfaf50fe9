"""When customers leave, on later snapshots: the curve beside Kaplan–Meier, and whether intervals hold what came.

``python -m benchmarks.predictors.curves FOLDER …`` prints a Markdown table of folders that ``baton run`` has left. The
predictor learns again from the snapshots whose labels were complete when the test begins. Intervals are those of all
customers of each later snapshot that was observed to the day.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from baton.files import RunFolder
from features.training.table import TrainingTable
from models.prediction.predictor import predictor_class
from models.prediction.splits import split_in_time
from models.prediction.survival.by_day import metrics_by_day
from models.prediction.survival.learned import times_of
from models.prediction.survival.retention import groups_of, retention_rows

_HEAD = """| company, days | rows | left | mean chance: curve / Kaplan–Meier | log loss | Brier score | slope | \
later snapshots in the 90 % interval |
|---|---|---|---|---|---|---|---|"""


def main(folders: list[str]) -> None:
    """Print the table."""
    sys.stdout.write(_HEAD + "\n")
    for folder in folders:
        table = TrainingTable.load(RunFolder(Path(folder)).training / "churn")
        for day in tested(table, 7):
            sys.stdout.write(_line(Path(folder).parent.name, day) + "\n")
        sys.stdout.flush()


def tested(table: TrainingTable, seed: int, /) -> list[dict[str, Any]]:
    """Return the metrics of each day, and of how many later snapshots the share that stayed lay in the interval.

    Parameters
    ----------
    table : TrainingTable
        With the days on which customers left.
    seed : int
        Of the model and of what is drawn.

    Returns
    -------
    list of dict
        As ``metrics_by_day``, and ``inside`` of ``snapshots``, ``width`` (mean).
    """
    split = split_in_time(table)
    if split is None:
        return []
    rows = table.labelled
    train, test = rows[split.train], rows[split.test].reset_index()
    known = replace(table, frame=train, times=table.known_by(split.start))
    predictor = predictor_class(table.outcome).fit(known, seed)
    if predictor.curve is None:
        return []
    chance, came = predictor.predict(test[list(table.features)]), times_of(table, rows[split.test])
    days = metrics_by_day(predictor.curve, chance, came, times_of(known, train), seed=seed)
    for day in days:
        day |= {"inside": 0, "snapshots": 0, "width": 0.0}
    for _, now in test.groupby("as_of"):
        at = now.index.to_numpy()
        found = retention_rows(predictor.curve, chance[at], groups_of(now, table.shares.iloc[:0]), seed)
        everybody = found[found["team_id"].isna() & found["segment"].isna()] if len(found) else found
        for day, ends in zip(days, everybody.to_dict("records"), strict=False):
            if (came.observed[at] >= day["days"]).all():
                staying = 1 - float((came.left[at] <= day["days"]).mean())
                day["snapshots"] += 1
                day["inside"] += int(ends["staying_low"] <= staying <= ends["staying_high"])
                day["width"] += float(ends["staying_high"] - ends["staying_low"])
    for day in days:
        day["width"] /= max(day["snapshots"], 1)
    return days


def _line(company: str, day: dict[str, Any], /) -> str:
    if day["observed"] is None:
        return f"| {company}, {day['days']} | {day['rows']:,} | too few | | | | | |"
    alike = day["kaplan_meier"]
    return (
        f"| {company}, {day['days']} | {day['rows']:,} | {day['observed']:.3f} | {day['predicted']:.3f} / "
        f"{alike['predicted']:.3f} | {day['log_loss']:.4f} / {alike['log_loss']:.4f} | {day['brier']:.4f} / "
        f"{alike['brier']:.4f} | {day['calibration_slope']:.2f} | {day['inside']} of {day['snapshots']} "
        f"(width {day['width']:.3f}) |"
    )


if __name__ == "__main__":
    np.seterr(all="ignore")
    main(sys.argv[1:])
