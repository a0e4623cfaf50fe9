"""A run folder made by hand, by the contract's schemas; its numbers are invented and mean nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.load import load_catalogue
from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.files import RunFolder, write_json
from pipelines.report.write import report
from tests.filled_results import write_filled

NASTY = 'Night <script>alert("x")</script> & "co"'
AS_OF = pd.Timestamp("2025-12-01")
CARD = {
    "handle_seconds": (30, 20, "lower"),
    "cost_per_case": (25, 15, "lower"),
    "response_seconds": (10, 10, "keep"),
    "first_contact_resolution": (10, 20, "raise"),
    "promise_kept": (0, 10, "add"),
    "script_adherence": (10, 10, "keep"),
    "csat": (10, 10, "keep"),
    "mandatory_training": (5, 5, "keep"),
}
EFFECTS = {  # change of the chance to leave within 90 days, and its 90 % interval
    "first_contact_resolution": (-0.011, -0.016, -0.006, True),
    "promise_kept": (-0.007, -0.012, -0.002, True),
    "knowledge_use": (-0.004, -0.007, -0.001, True),
    "response_seconds": (-0.002, -0.006, 0.002, True),
    "script_adherence": (0.000, -0.004, 0.004, True),
    "cost_per_case": (0.005, 0.001, 0.009, True),
    "handle_seconds": (0.008, 0.003, 0.013, False),
}


def evaluation() -> dict[str, object]:
    metrics = {
        "auc": 0.78,
        "average_precision": 0.31,
        "brier": 0.071,
        "log_loss": 0.25,
        "ece": 0.004,
        "lift_at_10": 3.1,
    }
    return {
        "churn": {
            "rows": 4000,
            "base_rate": 0.09,
            "split": "temporal, purge 90 days",
            "split_kind": "in_time",
            **metrics,
            "intervals": {"auc": [0.76, 0.8], "brier": [0.068, 0.074]},
            "baselines": {
                "base_rate": {"auc": 0.5, "brier": 0.082},
                "logistic_regression": {"auc": 0.75, "brier": 0.074},
            },
            "reliability": [
                {"mean_predicted": predicted, "observed": came, "n": 400}
                for predicted, came in ((0.01, 0.012), (0.05, 0.045), (0.12, 0.13), (0.31, 0.29))
            ],
        }
    }


def weights() -> pd.DataFrame:
    rows = []
    for team in ("t1", "t2", "tiny"):
        for kpi, (now, then, verdict) in CARD.items():
            rows.append(
                {
                    "team_id": team,
                    "role": "agent",
                    "kpi": kpi,
                    "current_weight": float(now),
                    "target_weight": float(then) * 1.3,
                    "recommended_weight": float(then),
                    "low": max(then - 8.0, 0.0),
                    "high": then + 9.0,
                    "verdict": verdict,
                    "confidence": 0.93,
                    "expected_effect": 14.2,
                    "expected_low": 3.1,
                    "expected_high": 27.4,
                    "reliability": 0.8,
                    "reason": {"en": f"Reason for {kpi}.", "zh": f"理由：{kpi}。"},
                }
            )
    return pd.DataFrame(rows)


def tables() -> dict[str, pd.DataFrame]:
    chance = np.linspace(0.005, 0.6, 200)
    churn = pd.DataFrame(
        {
            "customer_id": [f"c{index:04d}" for index in range(200)],
            "as_of": AS_OF,
            "probability": chance,
            "value_at_risk": chance * 800,
            "drivers": [
                [
                    {"kpi": "csat", "value": 2.0, "attribution": 0.4},
                    {"kpi": "reopen_rate", "value": 1.0, "attribution": 0.2},
                ]
            ]
            * 200,
        }
    )
    people = pd.DataFrame(
        {
            "unit": "employee",
            "unit_id": [f"e{index:02d}" for index in range(24)],
            "metric": "csat",
            "as_of": AS_OF,
            "probability": [0.2] * 12 + [0.36] * 10 + [0.9] * 2,
        }
    )
    teams = pd.DataFrame(
        {"unit": "team", "unit_id": ["t1", "t2", "tiny"], "metric": "first_contact_resolution", "as_of": AS_OF}
    ).assign(probability=[0.62, 0.21, 0.97])
    shares = {
        "csat": (0.5, -0.3),
        "handle_seconds": (0.3, 0.1),
        "first_contact_resolution": (0.2, -0.1),
        "_context": (0.4, 0.0),
    }
    attributions = pd.DataFrame(
        [
            {
                "outcome": "churn",
                "team_id": team,
                "kpi": kpi,
                "mean_attribution": mean,
                "mean_abs_attribution": size,
                "slope": -0.1,
                "n": 100,
            }
            for team in ("t1", "t2")
            for kpi, (size, mean) in shares.items()
        ]
    )
    effects = pd.DataFrame(
        [
            {
                "outcome": "churn",
                "kpi": kpi,
                "role": "lever",
                "effect": effect,
                "low": low,
                "high": high,
                "method": "employee_means",
                "attribution_effect": None,
                "agrees": agrees,
                "refuted": kpi == "knowledge_use",
                "effect_per_case": effect / 3,
                "robustness": 0.12,
                "why_key": "",
                "why_values": "",
            }
            for kpi, (effect, low, high, agrees) in EFFECTS.items()
        ]
    )
    alignment = {"handle_seconds": "misaligned", "cost_per_case": "misaligned", "first_contact_resolution": "aligned"}
    diagnosis = pd.DataFrame(
        [
            {
                "team_id": team,
                "kpi": kpi,
                "weight": float(now),
                "alignment": alignment.get(kpi, "weak"),
                "reliability": 0.8,
            }
            for team in ("t1", "t2", "tiny")
            for kpi, (now, _, _) in CARD.items()
        ]
    )
    return {
        "churn": churn,
        "decline": pd.concat([people, teams], ignore_index=True),
        "attributions": attributions,
        "effects": effects,
        "diagnosis": diagnosis,
        "weights": weights(),
        "coaching": coaching(),
        "explanations": explanations(),
    }


def explanations(count: int = 40) -> pd.DataFrame:
    """A sample of explained rows: ratings lower the chance to leave, waiting raises it."""
    at = np.linspace(0, 1, count)
    size = {"csat": at - 0.5, "low_rating_share": (at - 0.5) / 2, "plan": np.where(at > 0.5, 0.1, -0.1), "nps": at / 20}
    value = {"csat": 5 - 4 * at, "low_rating_share": at}
    return pd.concat(
        pd.DataFrame(
            {
                "outcome": "churn",
                "row": np.arange(count),
                "prediction": 0.6 * at,
                "bias": -2.0,
                "kpi": kpi,
                "value": value.get(kpi, np.nan),
                "label": "fibre" if kpi == "plan" else None,
                "attribution": attribution,
            }
        )
        for kpi, attribution in size.items()
    ).reset_index(drop=True)


def coaching() -> pd.DataFrame:
    people = pd.DataFrame(
        {
            "employee_id": [f"e{index:02d}" for index in range(9)],
            "team_id": "t1",
            "kpi": ["first_contact_resolution"] * 7 + ["promise_kept"] * 2,
            "action": "share_solutions",
            "level": "employee",
            "priority": 1.0,
            "reason": [{"en": "Person e00 has a gap.", "zh": "员工 e00 有差距。"}] * 9,
        }
    )
    others = pd.DataFrame(
        {
            "employee_id": None,
            "team_id": ["t2", "tiny"],
            "kpi": "promise_kept",
            "action": "agree_promises",
            "level": "team",
            "priority": 2.0,
            "reason": [{"en": "Most of the team keeps fewer promises.", "zh": "团队多数人兑现承诺较少。"}] * 2,
        }
    )
    return pd.concat([people, others], ignore_index=True)


def staged() -> dict[str, pd.DataFrame]:
    team = ["t1"] * 12 + ["t2"] * 10 + ["tiny"] * 2
    employees = pd.DataFrame(
        {"employee_id": [f"e{index:02d}" for index in range(24)], "team_id": team, "role": "agent", "left_at": pd.NaT}
    )
    teams = pd.DataFrame({"team_id": ["t1", "t2", "tiny"], "name": ["Day shift", NASTY, "Two people"]})
    return {"employees": employees, "teams": teams, "cases": pd.DataFrame({"case_id": ["1"]})}


@pytest.fixture(scope="session")
def company() -> Company:
    settings = {
        "company": {"name": "Fixture & Söhne", "currency": "EUR"},
        "outcomes": {
            "churn": {},
            "decline": [{"unit": "employee", "metric": "csat"}, {"unit": "team", "metric": "first_contact_resolution"}],
        },
    }
    return Company.model_validate(settings)


@pytest.fixture(scope="session")
def catalogue(company: Company) -> Catalogue:
    return load_catalogue(company)


@pytest.fixture
def effects() -> pd.DataFrame:
    return tables()["effects"]


@pytest.fixture
def churn() -> pd.DataFrame:
    return tables()["churn"]


@pytest.fixture
def card_weights() -> pd.DataFrame:
    return weights()


def write_run(folder: RunFolder, without: tuple[str, ...] = (), other: dict[str, pd.DataFrame] | None = None) -> None:
    folder.create()
    for name, frame in (tables() | (other or {})).items():
        if name not in without:
            write_filled(folder, name, frame)
    if "evaluation" not in without:
        write_json(folder.file("evaluation.json"), evaluation())
    folder.staged.mkdir(exist_ok=True)
    for name, frame in staged().items():
        if name not in without:
            frame.to_parquet(folder.staged / f"{name}.parquet", index=False)
    write_json(folder.steps / "stage.json", {"warnings": ["cases: 3 rows <dropped>"]})


@pytest.fixture
def run_folder(tmp_path: Path) -> Callable[..., RunFolder]:
    """Return a function that writes a run folder without the files that are named, or with others in their place."""

    def build(*, without: tuple[str, ...] = (), **other: pd.DataFrame) -> RunFolder:
        folder = RunFolder(tmp_path / f"run-{len(list(tmp_path.iterdir()))}")
        write_run(folder, without, other)
        return folder

    return build


@pytest.fixture(scope="session")
def whole_page(company: Company, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the run with everything in it, made once; leave it as it is."""
    folder = RunFolder(tmp_path_factory.mktemp("whole"))
    write_run(folder)
    return report(company, catalogue, folder)
