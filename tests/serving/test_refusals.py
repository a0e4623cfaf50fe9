"""What does not fit is refused with JSON that says which field and why; no input gets a 5xx."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PATHS = (
    "/predict_churn",
    "/predict_decline",
    "/recommend_weights",
    "/recommend_coaching",
    "/classify_complaints",
    "/assess_conversation",
)
JSON = {"content-type": "application/json"}


def refused(answer: Any, code: int = 400) -> dict[str, str]:
    assert answer.status_code == code, answer.text
    error = answer.json()["error"]
    assert error["message"]
    return error


@pytest.mark.parametrize(
    ("path", "body", "field", "message"),
    [
        ("/predict_churn", {}, "rows", "Field required"),
        ("/predict_churn", {"rows": "c1"}, "rows", "valid array"),
        ("/predict_churn", {"rows": [{}]}, "rows[0]", "give either customer_id or features"),
        ("/predict_churn", {"rows": [{"customer_id": "a", "features": {}}]}, "rows[0]", "either"),
        ("/predict_churn", {"rows": [{"customer_id": "a"}, {"customer": "b"}]}, "rows[1].customer", "unknown field"),
        ("/predict_churn", {"rows": [{"customer_id": [1]}]}, "rows[0].customer_id", "string"),
        ("/predict_churn", {"rows": [{"customer_id": ""}]}, "rows[0].customer_id", "may not be empty"),
        ("/predict_churn", {"rows": [], "explain": "maybe"}, "explain", "boolean"),
        (
            "/predict_churn",
            {"rows": [{"customer_id": "a"}, {"features": {"wait_second__30d": 1}}]},
            "rows[1].features.wait_second__30d",
            "did you mean 'wait_seconds__30d'",
        ),
        (
            "/predict_churn",
            {"rows": [{"features": {"wait_seconds__30d": "long"}}]},
            "rows[0].features.wait_seconds__30d",
            "a number is needed",
        ),
        (
            "/predict_churn",
            {"rows": [{"features": {"wait_seconds__30d": [1]}}]},
            "rows[0].features.wait_seconds__30d",
            "a finite number, a text",
        ),
        *(
            ("/predict_churn", {"rows": [{"features": {name: 1}}]}, f"rows[0].features.{name}", "no such feature")
            for name in ("label", "group", "unit_id", "as_of")
        ),
        ("/predict_churn", {"rows": [{"features": {"segment": 3}}]}, "rows[0].features.segment", "a text is needed"),
        ("/predict_decline", {"rows": [{"unit_id": "t1"}]}, "rows[0]", "unit_id needs its unit"),
        (
            "/predict_decline",
            {"rows": [{"unit": "planet", "unit_id": "t1"}]},
            "rows[0].unit",
            "there are employee, team",
        ),
        ("/predict_decline", {"rows": [{"unit": "employee", "unit_id": "e"}]}, "rows[0].metric", "csat, wait_seconds"),
        ("/predict_decline", {"rows": [{"features": {}}]}, "rows[0].unit", "say which is meant"),
        (
            "/predict_decline",
            {"rows": [{"unit": "team", "unit_id": "t1", "metric": "nps"}]},
            "rows[0].metric",
            "there are csat",
        ),
        ("/recommend_weights", {"team": "t1"}, "team_id", "required"),
        ("/recommend_weights", {"team_id": "t1", "policy": {"steps": 5}}, "policy.steps", "did you mean 'step'"),
        ("/recommend_weights", {"team_id": "t1", "policy": {"step": -5}}, "policy.step", "greater than 0"),
        ("/recommend_weights", {"team_id": "t1", "policy": {"min_group": 1}}, "policy.min_group", "may not be another"),
        ("/recommend_weights", {"team_id": "t1", "policy": {"min_group": 9}}, "policy.min_group", "may not be another"),
        ("/recommend_weights", {"team_id": "t1", "policy": {"step": 0.001}}, "policy.step", "finer than 1 points"),
        ("/recommend_coaching", {}, "", "give either employee_id or team_id"),
        ("/recommend_coaching", {"employee_id": "a", "team_id": "b"}, "", "give either"),
    ],
)
def test_a_request_that_does_not_fit_says_which_field_and_why(
    client: Any, path: str, body: dict[str, Any], field: str, message: str
) -> None:
    error = refused(client.post(path, json=body))
    assert error["field"] == field
    assert message in error["message"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/recommend_weights", {"team_id": "nowhere"}, "team_id"),
        ("/recommend_coaching", {"team_id": "nowhere"}, "team_id"),
        ("/recommend_coaching", {"employee_id": "e999"}, "employee_id"),
    ],
)
def test_an_unknown_team_or_employee_is_not_found(client: Any, path: str, body: dict[str, Any], field: str) -> None:
    assert refused(client.post(path, json=body), 404)["field"] == field


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"rows",
        b"{",
        b"\x00",
        b"\xff\xfe",
        b'{"rows": [{"features": {"wait_seconds__30d": NaN}}]}',
        b'{"rows": [{"features": {"wait_seconds__30d": Infinity}}]}',
        b'{"rows": [{"features": {"wait_seconds__30d": 1e999}}]}',
        b'{"rows": [{"features": {"wait_seconds__30d": ' + b"9" * 5000 + b"}}]}",
        b'{"rows": [{"customer_id": "\\ud800"}]}',
        b"[" * 100_000,
        b'{"rows":' * 50_000,
        b'{"rows": null}',
        b"null",
        b'"text"',
        b"12",
    ],
)
def test_what_is_no_fitting_json_is_refused(client: Any, body: bytes) -> None:
    for path in PATHS:
        refused(client.post(path, content=body, headers=JSON))


def test_null_bytes_and_odd_letters_are_ids_like_others(client: Any) -> None:
    odd = ["\x00", "a\x00b", "客户", "🙂", "' or 1=1 --", "../../etc/passwd", "<script>", "𐏿", "\u202e"]
    answer = client.post("/predict_churn", json={"rows": [{"customer_id": name} for name in odd]})
    assert answer.status_code == 200
    assert [row["customer_id"] for row in answer.json()["rows"]] == odd
    for name in odd:
        refused(client.post("/recommend_weights", json={"team_id": name}), 404)
        refused(client.post("/recommend_coaching", json={"employee_id": name}), 404)


def test_too_many_rows_are_refused_with_the_limit(client: Any) -> None:
    error = refused(client.post("/predict_churn", json={"rows": [{"customer_id": "c1"}] * 5001}))
    assert error["field"] == "rows"
    assert "at most 5000" in error["message"]
    assert client.post("/predict_churn", json={"rows": [{"customer_id": "c1"}] * 5000}).status_code == 200


def test_too_large_a_body_is_refused_with_the_limit(client: Any) -> None:
    error = refused(client.post("/predict_churn", content=b" " * (17 * 1024 * 1024), headers=JSON), 413)
    assert "larger than 16 MiB" in error["message"]


@pytest.mark.parametrize("media_type", ["text/plain", "application/vnd.bentoml+pickle", "multipart/form-data", ""])
def test_only_json_is_taken(client: Any, media_type: str) -> None:
    headers = {"content-type": media_type} if media_type else {}
    answer = client.post("/predict_churn", content=b'{"rows": []}', headers=headers)
    assert "application/json" in refused(answer, 415)["message"]


def test_json_may_name_its_character_set(client: Any) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert client.post("/predict_churn", content=b'{"rows": []}', headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/nothing", "/predict_churn/", "/../etc/passwd", "/static_content/../x", "/%00"])
def test_an_unknown_path_is_refused_in_the_same_shape(client: Any, path: str) -> None:
    assert "see /docs.json" in refused(client.get(path), 404)["message"]


def test_unknown_paths_are_counted_under_one_name(client: Any) -> None:
    for number in range(5):
        client.get(f"/scan-{number}")
    assert "/scan-" not in client.get("/metrics").text


def test_another_method_is_refused_and_the_right_one_named(client: Any) -> None:
    answer = client.get("/predict_churn")
    assert "another method" in refused(answer, 405)["message"]
    assert answer.headers["allow"] == "POST"
    refused(client.post("/", json={}), 405)


def test_all_faults_of_a_request_are_reported(client: Any) -> None:
    answer = client.post("/predict_churn", json={"rows": [{"customer_id": []}, {"wrong": 1}], "explain": "x"})
    assert [fault["field"] for fault in answer.json()["faults"]] == ["rows[0].customer_id", "rows[1].wrong", "explain"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
near = st.fixed_dictionaries(
    {},
    optional={
        "rows": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "customer_id": anything,
                    "unit": st.sampled_from(["employee", "team", "planet"]) | anything,
                    "unit_id": anything,
                    "metric": st.sampled_from(["csat", "nps"]) | anything,
                    "features": st.dictionaries(st.sampled_from(["wait_seconds__30d", "segment", "x"]), anything),
                },
            ),
            max_size=3,
        )
        | anything,
        "explain": st.booleans() | anything,
        "team_id": st.just("t1") | anything,
        "employee_id": anything,
        "policy": st.dictionaries(st.sampled_from(["step", "min_weight", "min_share", "fixed"]), anything) | anything,
    },
)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from(PATHS), body=near | anything)
def test_no_body_gets_a_5xx(client: Any, path: str, body: object) -> None:
    answer = client.post(path, content=json.dumps(body).encode(), headers=JSON)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.json()["error"]["message"]


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from(PATHS), body=st.binary(max_size=200))
def test_no_bytes_get_a_5xx(client: Any, path: str, body: bytes) -> None:
    assert client.post(path, content=body, headers=JSON).status_code < 500
