"""Declines of medians, percentiles and rates on made-up panels: what is foreseen, and what regression to the mean does.

``python -m benchmarks.predictors.declines`` makes teams whose durations and error rates have a lasting, a passing and a
chance part, labels their declines and tests the forecast on later months. The last column is the share of declines
among the tenth of teams that were best in the window before, beside their share among all: without shrinkage the lucky
would be said to decline.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import Any

import ibis
import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue, Kpi
from baton.company import Company
from features.staging.warehouse import Warehouse
from features.training.decline import decline_table
from models.prediction.evaluation import evaluate

__all__ = ["main"]

TEAMS, MONTHS, CASES = 40, 20, 30
START = datetime(2024, 1, 1)
METRICS: dict[str, dict[str, str]] = {
    "mean": {"expr": "handle_seconds", "aggregate": "mean"},
    "median": {"expr": "handle_seconds", "aggregate": "median"},
    "p90": {"expr": "handle_seconds", "aggregate": "p90"},
    "rate": {"expr": "cost", "denominator": "wait_seconds", "aggregate": "ratio"},
}


def main() -> None:
    """Print a line per metric and seed."""
    say("| metric | moves | rows | rate | AUC | log loss | base rate | slope | declines: best tenth, all |")
    for moves in (0.25, 0.0):
        for name in METRICS:
            for seed in (1, 2):
                say(line(name, moves, seed))


def say(text: str, /) -> None:
    """Print at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def line(name: str, moves: float, seed: int, /) -> str:
    """Return one panel's figures.

    Parameters
    ----------
    moves : float
        Standard deviation of what a team differs by for a while, on the logarithm; 0: nothing ever changes.
    """
    company = Company.model_validate(
        {
            "snapshots": {"every": "1mo", "windows_days": [30, 90]},
            "outcomes": {"decline": [{"unit": "team", "metric": name, "min_cases": 10, "horizon_days": 30}]},
        }
    )
    kpi = Kpi.model_validate(
        {"id": name, "name": name, "source": "cases", "layer": "role", "perspective": "process", "better": "lower",
         "unit": "seconds", "role": "outcome"} | METRICS[name]
    )  # fmt: skip
    settings = company.outcomes.decline[0]
    table = decline_table(company, Catalogue((kpi,), ()), panel(moves, seed), settings)
    rows = table.labelled
    best = rows.groupby("as_of")[f"{name}__above_group"].rank(pct=True) <= 0.1
    found = evaluate(table, seed).entry
    base = found["baselines"]["base_rate"]["log_loss"]
    cells = (
        name, f"{moves:g}", len(rows), f"{rows['label'].mean():.3f}", f"{found['auc']:.3f}",
        f"{found['log_loss']:.4f}", f"{base:.4f}", f"{found['calibration_slope'] or float('nan'):.2f}",
        f"{rows.loc[best, 'label'].mean():.3f}, {rows['label'].mean():.3f}",
    )  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"


def panel(moves: float, seed: int, /) -> Warehouse:
    """Make teams' cases: logarithms of durations and error rates differ for good, for a while and by chance."""
    rng = np.random.default_rng(seed)
    lasting, passing = rng.normal(0, 0.2, TEAMS), rng.normal(0, moves, TEAMS)
    parts = []
    for month in range(MONTHS):
        passing = 0.8 * passing + np.sqrt(1 - 0.8**2) * rng.normal(0, moves, TEAMS)
        for team in range(TEAMS):
            n = rng.poisson(CASES)
            level = lasting[team] + passing[team]
            exposure = rng.uniform(1, 5, n)
            at = [START + timedelta(days=30.4 * (month + share)) for share in rng.random(n)]
            part: dict[str, Any] = {
                "team_id": f"t{team:02}", "opened_at": at, "closed_at": at, "wait_seconds": exposure,
                "handle_seconds": np.exp(6 + level + rng.normal(0, 0.7, n)),
                "cost": rng.poisson(0.3 * np.exp(level) * exposure).astype(float),
            }  # fmt: skip
            parts.append(pd.DataFrame(part))
    cases = pd.concat(parts, ignore_index=True)
    cases["case_id"] = [f"k{at}" for at in range(len(cases))]
    for name in ("opened_at", "closed_at"):
        cases[name] = cases[name].astype("datetime64[us]")
    engine = ibis.duckdb.connect(threads=1)
    engine.con.register("made", cases)
    engine.con.execute("CREATE TABLE cases AS SELECT * FROM made").fetchall()
    return Warehouse({"cases": engine.table("cases")}, {"cases": frozenset(cases.columns)}, {})


if __name__ == "__main__":
    main()
