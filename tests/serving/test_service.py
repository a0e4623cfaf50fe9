"""What the service answers."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from baton.company import Company
from baton.files import RunFolder
from features.staging.pseudonyms import load_key, pseudonym
from models.integrity.model_file import model_file
from models.registry.promotion import Origin


def rows(client: Any, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


def test_a_customers_answer_is_the_runs_own(client: Any, run_folder: RunFolder) -> None:
    written = pd.read_parquet(run_folder.file("churn.parquet")).set_index("customer_id")
    answer = client.post("/predict_churn", json={"rows": [{"customer_id": "c3"}, {"customer_id": "c1"}]}).json()
    assert answer["as_of"] == "2025-04-01T00:00:00Z"
    assert answer["model"] == "churn/run"
    assert [row["customer_id"] for row in answer["rows"]] == ["c3", "c1"]
    assert [row["probability"] for row in answer["rows"]] == written.loc[["c3", "c1"], "probability"].tolist()
    assert "drivers" not in answer["rows"][0]


def test_drivers_come_on_request(client: Any, run_folder: RunFolder) -> None:
    written = pd.read_parquet(run_folder.file("churn.parquet")).set_index("customer_id").loc["c3", "drivers"]
    (row,) = rows(client, "/predict_churn", {"rows": [{"customer_id": "c3"}], "explain": True})
    assert {driver["kpi"] for driver in row["drivers"]} == {"wait_seconds", "segment"}
    assert [driver["attribution"] for driver in row["drivers"]] == [driver["attribution"] for driver in written]


@pytest.mark.parametrize("explain", [False, True])
def test_features_give_what_the_same_customers_id_gives(client: Any, run_folder: RunFolder, explain: bool) -> None:
    training = pd.read_parquet(run_folder.training / "churn" / "rows.parquet")
    now = training[training["as_of"] == training["as_of"].max()].head(10)
    assert set(now["segment"]) == {"gold", "plain"}
    features = [{"features": row} for row in now[["wait_seconds__30d", "segment"]].to_dict("records")]
    ids = [{"customer_id": name} for name in now["unit_id"]]
    by_features = rows(client, "/predict_churn", {"rows": features, "explain": explain})
    by_id = rows(client, "/predict_churn", {"rows": ids, "explain": explain})
    assert [row["customer_id"] for row in by_features] == [None] * 10
    for found, by_id_row in zip(by_features, by_id, strict=True):
        assert found["probability"] == by_id_row["probability"]
        carried = [driver["attribution"] for driver in found.get("drivers", [])]
        assert carried == pytest.approx([driver["attribution"] for driver in by_id_row.get("drivers", [])])
        assert bool(carried) is explain


def test_the_chances_by_several_days_come_on_request_and_are_the_runs_own(client: Any, run_folder: RunFolder) -> None:
    written = pd.read_parquet(run_folder.file("churn_curve.parquet")).set_index("customer_id")
    asked = [{"customer_id": "c3"}, {"customer_id": "nobody"}, {"features": {"wait_seconds__30d": 2.0}}]
    own, unknown, by_features = rows(client, "/predict_churn", {"rows": asked, "curve": True})
    assert [day["days"] for day in own["curve"]] == [10, 30, 45] == written.loc["c3", "days"].tolist()
    assert [day["probability"] for day in own["curve"]] == written.loc["c3", "probability"].tolist()
    assert own["curve"][1]["probability"] == own["probability"]
    assert "curve" not in unknown
    chances = [day["probability"] for day in by_features["curve"]]
    assert chances == sorted(chances) and chances[1] == by_features["probability"]
    assert "curve" not in rows(client, "/predict_churn", {"rows": asked})[0]


def test_a_model_that_knows_no_day_or_is_guessing_gives_no_chances_by_day(
    company: Company, run_folder: RunFolder
) -> None:
    from serving.access.principal import LOCAL
    from serving.access.sight import Sight
    from serving.answering.payloads import ChurnRequest
    from serving.answering.predictions import answer_churn
    from serving.loading import load_run

    loaded = load_run(company, run_folder)
    churn = loaded.served["churn"]
    asked = ChurnRequest.model_validate({"rows": [{"customer_id": "c3"}], "curve": True})
    guessing = replace(churn, standing=replace(churn.standing, informative=False))
    for served in (guessing, replace(churn, predictor=replace(churn.predictor, curve=None))):
        run = replace(loaded, served={"churn": served})
        (row,) = answer_churn(run, asked, Sight(LOCAL, run.members, 5))["rows"]
        assert row["curve"] == []
        assert row["probability"] > 0


def test_an_absent_feature_is_the_same_as_null(client: Any) -> None:
    absent = rows(client, "/predict_churn", {"rows": [{"features": {}}]})
    null = rows(client, "/predict_churn", {"rows": [{"features": {"wait_seconds__30d": None, "segment": None}}]})
    assert absent == null


def test_an_unknown_id_is_answered_in_its_own_row(client: Any) -> None:
    found, missing = rows(client, "/predict_churn", {"rows": [{"customer_id": "c1"}, {"customer_id": "nobody"}]})
    assert found["probability"] > 0
    assert missing == {
        "customer_id": "nobody",
        "probability": None,
        "error": "no customer with this id is at risk at 2025-04-01T00:00:00Z",
    }


def test_an_id_may_be_written_as_a_number(client: Any) -> None:
    (row,) = rows(client, "/predict_churn", {"rows": [{"customer_id": 17}]})
    assert row["customer_id"] == "17"


def test_no_rows_give_no_rows(client: Any) -> None:
    assert rows(client, "/predict_churn", {"rows": []}) == []
    assert rows(client, "/predict_decline", {"rows": []}) == []


def test_a_team_has_one_decline_and_an_employee_says_which(client: Any, first_employee: str) -> None:
    body = {
        "rows": [
            {"unit": "team", "unit_id": "t7"},
            {"unit": "employee", "unit_id": first_employee, "metric": "csat"},
            {"unit": "employee", "unit_id": first_employee, "metric": "wait_seconds"},
        ]
    }
    answer = client.post("/predict_decline", json=body).json()
    assert [(row["unit"], row["metric"]) for row in answer["rows"]] == [
        ("team", "csat"),
        ("employee", "csat"),
        ("employee", "wait_seconds"),
    ]
    assert all(0 < row["probability"] < 1 for row in answer["rows"])
    assert answer["model"] == "decline:employee:csat/run, decline:employee:wait_seconds/run, decline:team:csat/run"


def test_employees_are_known_by_pseudonym_alone(client: Any, first_employee: str) -> None:
    asked = [{"unit": "employee", "unit_id": name, "metric": "csat"} for name in ("e0", first_employee, "nonsense")]
    raw, by_pseudonym, nonsense = rows(client, "/predict_decline", {"rows": asked})
    assert by_pseudonym["probability"] > 0
    assert {**raw, "unit_id": ""} == {**nonsense, "unit_id": ""}
    assert raw["probability"] is None
    assert raw["error"] == "no employee with this id is at risk at 2025-04-01T00:00:00Z"
    answers = [client.post("/recommend_coaching", json={"employee_id": name}) for name in ("e0", "nonsense")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_the_service_has_no_way_to_the_key_of_the_pseudonyms(
    checkout: Path, open_on: Any, company: Company, run_folder: RunFolder, tmp_path: Path
) -> None:
    assert not [
        path for path in (checkout / "serving").rglob("*.py") if "features.staging.pseudonyms" in path.read_text()
    ]
    without_key = Company(path=tmp_path / "company.toml")
    with open_on(without_key, run_folder) as opened:
        assert opened.post("/recommend_coaching", json={"employee_id": "e0"}).status_code == 404
    assert not (tmp_path / "employees.key").exists()


def test_weights_are_the_runs_rows_with_reasons_in_both_languages(client: Any) -> None:
    found = rows(client, "/recommend_weights", {"team_id": "t1"})
    assert [row["kpi"] for row in found] == ["csat", "wait_seconds"]
    assert found[0]["reason"] == {"en": "Not enough evidence.", "zh": "证据不足。"}
    assert found[0]["expected_effect"] is None


def test_coaching_is_by_person_or_team(client: Any, company: Company, first_employee: str) -> None:
    (own,) = rows(client, "/recommend_coaching", {"employee_id": first_employee})
    assert (own["level"], own["evidence"]) == ("employee", ["k1", "k2"])
    assert [row["level"] for row in rows(client, "/recommend_coaching", {"team_id": "t1"})] == ["employee", "team"]
    second = pseudonym(load_key(company.folder / "employees.key"), "e1")
    assert rows(client, "/recommend_coaching", {"employee_id": second}) == []


def test_the_report_is_at_the_root_and_loads_nothing_from_elsewhere(client: Any) -> None:
    page = client.get("/")
    assert (page.status_code, page.text) == (200, "<!doctype html><title>Hafen</title>")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_health_metrics_and_the_description_are_there(client: Any) -> None:
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 200
    client.post("/predict_churn", json={"rows": []})
    assert "bentoml_service_request_total" in client.get("/metrics").text
    described = client.get("/docs.json").json()
    asked = {"/predict_churn", "/predict_decline", "/recommend_weights", "/recommend_coaching"}
    asked |= {"/classify_complaints", "/assess_conversation"}
    assert asked <= set(described["paths"])
    body = described["paths"]["/predict_churn"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "rows" in str(body) or "$ref" in body


def test_a_run_without_outcomes_or_advice_says_so(open_on: Any, company: Company, tmp_path: Path) -> None:
    from baton.files import write_json

    write_json(tmp_path / "run.json", {})
    with open_on(company, RunFolder(tmp_path)) as bare:
        for path, body in (
            ("/predict_churn", {"rows": []}),
            ("/predict_decline", {"rows": []}),
            ("/recommend_weights", {"team_id": "t1"}),
            ("/recommend_weights", {"team_id": "t1", "policy": {}}),
            ("/recommend_coaching", {"team_id": "t1"}),
            ("/classify_complaints", {"texts": ["late"]}),
        ):
            answer = bare.post(path, json=body)
            assert answer.status_code == 404, path
            assert answer.json()["error"]["message"]
        assert "There is no report" in bare.get("/").text


def test_a_run_that_cannot_be_loaded_is_alive_but_not_ready(open_on: Any, company: Company, tmp_path: Path) -> None:
    with open_on(company, RunFolder(tmp_path), ready=False) as broken:
        assert broken.get("/livez").status_code == 200
        assert broken.get("/readyz").json()["ready"] is False
        end = time.monotonic() + 30
        while "still being loaded" in (answer := broken.post("/predict_churn", json={"rows": []})).text:
            assert answer.status_code == 503
            assert time.monotonic() < end
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert "run.json: not there" in answer.json()["error"]["message"]


@pytest.fixture
def rescored(run_folder: RunFolder, tmp_path: Path) -> RunFolder:
    """A copy of the run whose written churn probabilities are not what its model says of the features."""
    shutil.copytree(run_folder.path, tmp_path / "firm" / "out")
    folder = RunFolder(tmp_path / "firm" / "out")
    scores = pd.read_parquet(folder.file("churn.parquet"))
    scores["probability"] = 0.125
    scores.to_parquet(folder.file("churn.parquet"))
    return folder


def test_a_runs_own_scores_are_answered_since_they_are_out_of_fold(open_on: Any, rescored: RunFolder) -> None:
    with open_on(Company(path=rescored.path.parent / "company.toml"), rescored) as opened:
        (row,) = rows(opened, "/predict_churn", {"rows": [{"customer_id": "c3"}]})
        assert row["probability"] == 0.125


def test_a_champion_of_another_run_answers_by_its_own_lights(open_on: Any, client: Any, rescored: RunFolder) -> None:
    from models.prediction.predictor import load_predictor
    from models.registry.champions import Registry

    company = Company(path=rescored.path.parent / "company.toml")
    own = rescored.models / "churn"
    Registry(company, create=True).log("churn", own, entry={"log_loss": 0.3}, origin=Origin({}), parameters={})
    # the run has been made again since, and its model was no better
    replace(load_predictor(own), about={}).save(own)
    body = {"rows": [{"customer_id": "c3"}, {"customer_id": "nobody"}, {"customer_id": "c1"}], "explain": True}
    with open_on(company, rescored) as opened:
        answer = opened.post("/predict_churn", json=body).json()
    expected = client.post("/predict_churn", json=body).json()
    assert answer["model"] == "churn/1"
    assert answer["note"] == "churn/1 answers, the champion; the report and the files of the run are by churn/run"
    for found, by_id_row in zip(answer["rows"], expected["rows"], strict=True):
        assert found["probability"] == by_id_row["probability"]
        assert [driver["kpi"] for driver in found.get("drivers", [])] == [
            driver["kpi"] for driver in by_id_row.get("drivers", [])
        ]


def not_ready(opened: Any) -> str:
    """Wait until /readyz says why it will never be ready."""
    end = time.monotonic() + 60
    while "still being loaded" in (answer := opened.get("/readyz")).text:
        assert answer.status_code == 503
        assert time.monotonic() < end
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert opened.post("/predict_churn", json={"rows": []}).json()["error"] == answer.json()["error"]
    return answer.json()["error"]["message"]


def test_a_tampered_champion_is_refused_and_no_other_model_answers_for_it(open_on: Any, rescored: RunFolder) -> None:
    from models.integrity.manifest import write_manifest
    from models.registry.answering import load_champion
    from models.registry.champions import Registry

    company = Company(path=rescored.path.parent / "company.toml")
    own = rescored.models / "churn"
    Registry(company, create=True).log("churn", own, entry={"log_loss": 0.3}, origin=Origin({}), parameters={})
    place = load_champion(company, "churn")[0]
    kept = model_file(place)
    kept.write_text(kept.read_text("utf-8") + " ", encoding="utf-8")
    with open_on(company, rescored, ready=False) as opened:
        by_id_row = not_ready(opened)
    assert by_id_row.startswith("churn version 1: ")
    assert f"{kept.name}: was changed after training" in by_id_row
    # the record beside the model was made anew, that in the registry not
    write_manifest(place)
    with open_on(company, rescored, ready=False) as opened:
        assert "is not what the registry recorded" in not_ready(opened)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("the model of churn", None, ": not there"),
        ("models/churn/manifest.json", None, "nothing tells whether the model is as it was trained"),
        ("models/root_cause/model/arrays.npz", b"PK", "arrays.npz: was changed after training"),
        ("training/churn/table.json", b'{"outcome": 7}', "the run cannot be loaded, by a defect (AttributeError"),
        ("training/churn/table.json", b"{", "table.json: cannot be read"),
        ("evaluation.json", b"{", "evaluation.json: cannot be read"),
    ],
)
def test_whatever_stops_the_loading_is_reported_where_readiness_is_asked(
    name: str, content: bytes | None, message: str, open_on: Any, rescored: RunFolder
) -> None:
    place = model_file(rescored.models / "churn") if name == "the model of churn" else rescored.path / name
    place.unlink(missing_ok=True) if content is None else place.write_bytes(content)
    with open_on(Company(path=rescored.path.parent / "company.toml"), rescored, ready=False) as opened:
        assert message in not_ready(opened)


def test_readiness_names_the_models_that_answer(client: Any) -> None:
    answer = client.get("/readyz")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["ready"] is True
    named = {model["outcome"]: model["model"] for model in answer.json()["models"]}
    assert named["churn"] == "churn/run"
    assert client.get("/livez").status_code == 200


def test_a_prediction_no_better_than_guessing_is_marked_and_never_explained(
    open_on: Any, client: Any, rescored: RunFolder
) -> None:
    from baton.files import write_json

    guessed = {"auc": 0.52, "intervals": {"auc": [0.44, 0.6]}}
    write_json(rescored.file("evaluation.json"), {"churn": guessed, "decline:team:csat": guessed})
    asked = {"rows": [{"customer_id": "c3"}, {"features": {"wait_seconds__30d": 1.0}}], "explain": True}
    teams = {"rows": [{"unit": "team", "unit_id": "t1"}], "explain": True}
    with open_on(Company(path=rescored.path.parent / "company.toml"), rescored) as opened:
        churn, decline = (opened.post(path, json=body).json() for path, body in _both(asked, teams))
    assert [row["drivers"] for row in (*churn["rows"], *decline["rows"])] == [[], [], []]
    assert (churn["informative"], decline["informative"], decline["rows"][0]["informative"]) == (False, False, False)
    assert churn["note"].startswith("churn: the prediction is no better than guessing")
    for path, body in _both(asked, teams):
        by_id_row = client.post(path, json=body).json()
        assert by_id_row["informative"] is True
        assert "note" not in by_id_row
        assert by_id_row["rows"][0]["drivers"]


def _both(churn: dict[str, Any], decline: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [("/predict_churn", churn), ("/predict_decline", decline)]
