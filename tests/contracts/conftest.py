"""Every predictor there is, found by looking, and tables of the kinds that each says it knows."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.training.table import TrainingTable

OUTCOMES = {"churn": "churn", "decline": "decline:team:csat", "driver": "driver:csat"}
MakeTable = Callable[..., TrainingTable]


def predictors() -> list[Any]:
    """The classes in ``models/`` that derive from a predictor: a new one joins by existing."""
    found = []
    for path in sorted((Path(__file__).resolve().parents[2] / "models" / "prediction").glob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            bases = (
                [base.id for base in node.bases if isinstance(base, ast.Name)] if isinstance(node, ast.ClassDef) else []
            )
            if isinstance(node, ast.ClassDef) and any(base.endswith("Predictor") for base in bases):
                found.append(getattr(importlib.import_module(f"models.prediction.{path.stem}"), node.name))
    return found


def cases() -> list[Any]:
    return [
        pytest.param(predictor, kind, id=f"{predictor.name}-{kind}")
        for predictor in predictors()
        for kind in sorted(predictor.kinds)
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if {"predictor", "kind"} <= set(metafunc.fixturenames):
        metafunc.parametrize(("predictor", "kind"), cases())


@pytest.fixture
def make_table(predictor: Any, kind: str) -> MakeTable:
    """A table of 40 units × 15 months with one strong, one weak, one useless and one categorical feature."""

    def make(seed: int = 0, features: tuple[str, ...] = ("csat__90d", "csat__7d", "noise", "segment")) -> TrainingTable:
        generator = np.random.default_rng(seed)
        months = pd.date_range("2024-01-01", periods=15, freq="MS")
        units = [f"u{number:02d}" for number in range(40)]
        frame = pd.DataFrame([(unit, month) for unit in units for month in months], columns=["unit_id", "as_of"])
        rows = len(frame)
        frame["csat__90d"] = generator.normal(size=rows)
        frame["csat__7d"] = frame["csat__90d"] + generator.normal(size=rows)
        frame["noise"] = generator.normal(size=rows)
        frame["segment"] = pd.Categorical(generator.choice(["home", "firm", "小店"], size=rows))
        score = 1.5 * frame["csat__90d"] + 1.0 * (frame["segment"] == "firm")
        if kind == "probability":
            frame["label"] = (generator.random(rows) < 1 / (1 + np.exp(0.5 - score))).astype(float)
        else:
            frame["label"] = 10 + score + generator.normal(size=rows)
        frame["group"] = frame["unit_id"]
        frame.loc[frame["as_of"] == months[-1], "label"] = np.nan
        kpi_of = {"csat__90d": "csat", "csat__7d": "csat", "noise": "_context", "segment": "_context"}
        return TrainingTable(
            outcome=OUTCOMES[predictor.name],
            kind=kind,  # type: ignore[arg-type]
            unit="team",
            frame=frame[["unit_id", "as_of", "label", "group", *features]],
            features=features,
            kpi_of={name: kpi_of[name] for name in features},
            latest=months[-1],
            horizon_days=30,
        )

    return make


@pytest.fixture
def table(make_table: MakeTable) -> TrainingTable:
    return make_table()


_FITTED: dict[tuple[str, str], Any] = {}


@pytest.fixture
def fitted(predictor: Any, kind: str, table: TrainingTable) -> Any:
    """The predictor fitted on ``table``; made once, since nothing may change it."""
    if (predictor.name, kind) not in _FITTED:
        _FITTED[predictor.name, kind] = predictor.fit(table, 7)
    return _FITTED[predictor.name, kind]
