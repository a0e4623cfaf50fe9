"""The service on a whole run of a simulated company: champions, advice under another policy, the real report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from baton.company import Company, load_company
from baton.files import RunFolder


@pytest.fixture(scope="module")
def simulated(small_company: Path) -> Company:
    return load_company(small_company)


@pytest.fixture(scope="module")
def whole(simulated: Company, small_run: Path, open_on: Callable[..., Any]) -> Iterator[Any]:
    with open_on(simulated, RunFolder(small_run)) as opened:
        yield opened


def test_champions_answer_as_the_files_do(whole: Any, small_run: Path) -> None:
    churn = pd.read_parquet(small_run / "churn.parquet").head(50)
    asked = [{"customer_id": name} for name in churn["customer_id"]]
    answer = whole.post("/predict_churn", json={"rows": asked, "explain": True}).json()
    assert answer["model"] == "churn/1"
    assert [row["probability"] for row in answer["rows"]] == churn["probability"].tolist()
    assert all(row["drivers"] for row in answer["rows"])


def test_features_of_a_customer_give_its_probability(whole: Any, small_run: Path) -> None:
    training = pd.read_parquet(small_run / "training" / "churn" / "rows.parquet")
    now = training[training["as_of"] == training["as_of"].max()].head(20)
    known = now.drop(columns=["unit_id", "as_of", "label", "group"])
    features = [{name: value for name, value in row.items() if not pd.isna(value)} for row in known.to_dict("records")]
    rows = [{"features": row} for row in features] + [{"customer_id": name} for name in now["unit_id"]]
    for explain in (False, True):
        answer = whole.post("/predict_churn", json={"rows": rows, "explain": explain})
        assert answer.status_code == 200, answer.text
        found = [row["probability"] for row in answer.json()["rows"]]
        assert found[:20] == pytest.approx(found[20:], abs=1e-12)


def test_another_policy_gives_cards_that_respect_it(whole: Any, small_run: Path) -> None:
    weights = pd.read_parquet(small_run / "weights.parquet")
    team = weights["team_id"].iloc[0]
    policy = {"max_change": 5, "step": 5, "confidence": 0.6, "false_moves": 0.9}
    answer = whole.post("/recommend_weights", json={"team_id": team, "policy": policy})
    assert answer.status_code == 200, answer.text
    rows = pd.DataFrame(answer.json()["rows"])
    assert set(rows["team_id"]) == {team}
    assert set(weights.columns) == set(rows.columns)
    for _, card in rows.groupby("role"):
        assert card["recommended_weight"].sum() == pytest.approx(100)
        assert (card["recommended_weight"] - card["current_weight"].fillna(0)).abs().max() <= 5 + 1e-9


def test_the_companys_own_policy_gives_the_runs_own_rows(whole: Any, small_run: Path) -> None:
    team = pd.read_parquet(small_run / "weights.parquet")["team_id"].iloc[0]
    written = whole.post("/recommend_weights", json={"team_id": team}).json()["rows"]
    solved = whole.post("/recommend_weights", json={"team_id": team, "policy": {}}).json()["rows"]
    columns = ("role", "kpi", "current_weight", "recommended_weight", "verdict")
    assert [[row[name] for name in columns] for row in solved] == [[row[name] for name in columns] for row in written]


def test_a_card_of_ones_own_is_tried_as_the_sandbox_tries_it(whole: Any, simulated: Company, small_run: Path) -> None:
    from models.advice.inputs import AdviceInputs
    from models.advice.sandbox import try_card

    inputs = AdviceInputs.load(small_run / "advice")
    card = inputs.cards[inputs.cards["team_id"] == inputs.cards["team_id"].iloc[0]]
    team, role = card["team_id"].iloc[0], card["role"].iloc[0]
    kpis = list(card[card["role"] == role]["kpi"])
    weights = {kpis[0]: 90.0, kpis[1]: 10.0}
    expected = try_card(inputs, simulated.policy, team, weights, role=role)
    answer = whole.post("/simulate_weights", json={"team_id": team, "role": role, "weights": weights})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["expected"], found["low"], found["high"]) == (expected.expected, expected.low, expected.high)
    assert [each["en"] for each in found["breaches"]] == list(expected.breaches)
    assert all(each["zh"] for each in found["breaches"]) and found["breaches"]
    over = whole.post("/simulate_weights", json={"team_id": team, "role": role, "weights": {kpis[0]: 90}})
    assert over.status_code == 400
    assert "sum to 90" in over.json()["error"]["message"]


def test_a_policy_that_contradicts_itself_is_refused(whole: Any, small_run: Path) -> None:
    team = pd.read_parquet(small_run / "weights.parquet")["team_id"].iloc[0]
    body = {"team_id": team, "policy": {"min_share": {"customer": 80, "financial": 40}}}
    answer = whole.post("/recommend_weights", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "policy"
    assert "20 over 100" in answer.json()["error"]["message"]


def test_help_for_an_employee_is_found_by_pseudonym_and_never_by_the_id_that_the_company_uses(
    whole: Any, simulated: Company, small_run: Path
) -> None:
    from features.staging.pseudonyms import load_key, pseudonym

    key = load_key(simulated.resolve(simulated.privacy.key))
    coaching = pd.read_parquet(small_run / "coaching.parquet")
    people = pd.read_csv(simulated.folder / "hr" / "employees.csv", dtype=str)["employee_id"]
    for employee in people:
        expected = int((coaching["employee_id"] == pseudonym(key, employee)).sum())
        answer = whole.post("/recommend_coaching", json={"employee_id": pseudonym(key, employee)})
        assert answer.status_code in (200, 404)
        assert len(answer.json().get("rows", [])) == expected
        assert whole.post("/recommend_coaching", json={"employee_id": employee}).status_code == 404


def test_the_report_is_served(whole: Any, small_run: Path) -> None:
    assert whole.get("/").content == (small_run / "report.html").read_bytes()
