"""What the service is handed is read as strictly as the tables are: ids, scales, types, numbers that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.catalogue.load import load_catalogue
from baton.company import Company
from baton.errors import RequestError
from models.prediction.encoding import Encoding
from serving.limits import checked_features, checked_rows, limits

RANGES = {
    "csat__90d": (1.9, 4.6),
    "csat__trend": (-2.0, 1.5),
    "csat__n": (0.0, 40.0),
    "nps__90d": (-100.0, 80.0),
    "wait_seconds__30d": (0.0, 900.0),
    "first_contact_resolution__30d": (0.2, 0.9),
    "tenure_days": (3.0, 2000.0),
    "csat__peers": (-1.5, 1.5),
    "balance": (-50.0, 700.0),
    "is_business": (0.0, 1.0),
}
KPI_OF = {name: name.split("__")[0] if "__" in name else "_context" for name in RANGES}
ENCODING = Encoding((*RANGES, "segment"), {"segment": ("gold", "plain")}, {}, RANGES)


def checked(features: dict[str, Any], scale: tuple[float, float] | None = (1.0, 5.0)) -> tuple[dict[str, Any], list]:
    kpi: Any = SimpleNamespace(unit="seconds", source="cases", expr="wait_seconds", aggregate="mean")
    catalogue: Any = {**load_catalogue(Company()), "wait_seconds": kpi}
    bounds = limits(ENCODING, KPI_OF, catalogue, {"cases": {"csat": scale}})
    return checked_features(ENCODING, bounds, features, "rows[2].features")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("csat__90d", 999, "must lie between 1 and 5: this is the scale of cases.csat"),
        ("csat__90d", 0.5, "must lie between 1 and 5"),
        ("csat__trend", 4.5, "must lie between -4 and 4: it is a difference"),
        ("csat__n", -1, "may not be below 0: it is a count"),
        ("nps__90d", 101, "must lie between -100 and 100"),
        ("wait_seconds__30d", -0.5, "may not be below 0: it is measured in seconds"),
        ("wait_seconds__30d", 1e12, "in training it was between 0 and 900"),
        ("first_contact_resolution__30d", 80, "must lie between 0 and 1: it is a share"),
        ("first_contact_resolution__30d", -0.1, "must lie between 0 and 1"),
        ("tenure_days", -1, "may not be below 0: it is a count or a duration"),
        ("balance", 1e300, "in training it was between -50 and 700"),
        ("balance", True, "a number is needed"),
        ("balance", "12", "a number is needed"),
        ("segment", 3, "a text is needed"),
        ("segment", True, "a text is needed"),
        ("csat_90d", 3, "did you mean 'csat__90d'?"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field_and_why(name: str, value: Any, why: str) -> None:
    with pytest.raises(RequestError) as refused:
        checked({name: value})
    assert refused.value.field == f"rows[2].features.{name}"
    assert why in str(refused.value)


def test_what_can_be_is_taken() -> None:
    given = {
        "csat__90d": 5,
        "csat__trend": -4.0,
        "nps__90d": 100.0,
        "wait_seconds__30d": 3000.0,
        "balance": -400.0,
        "csat__peers": -3.0,
    }
    given |= {"first_contact_resolution__30d": 1.0, "is_business": True, "segment": " gold ", "tenure_days": None}
    features, unknown = checked(given)
    assert features == given | {"is_business": 1.0, "segment": "gold"}
    assert unknown == []


def test_a_text_that_the_model_does_not_know_is_reported() -> None:
    assert checked({"segment": "silver"}) == ({"segment": "silver"}, ["segment"])
    assert checked({"segment": " "}) == ({"segment": None}, [])


def test_another_scale_that_the_company_uses_counts() -> None:
    assert checked({"csat__90d": 9.5}, scale=(0.0, 10.0))[0] == {"csat__90d": 9.5}
    with pytest.raises(RequestError, match="must lie between 1 and 5: this is the scale of the ratings that the model"):
        checked({"csat__90d": 9.5}, scale=None)


def test_what_training_saw_is_never_refused() -> None:
    for at in (0, 1):
        given = {name: ends[at] for name, ends in RANGES.items()}
        assert checked(given)[0] == given
    wide = Encoding(("csat__90d",), {}, {}, {"csat__90d": (0.0, 6.0)})
    bounds = limits(wide, KPI_OF, load_catalogue(Company()), {"cases": {"csat": (1.0, 5.0)}})
    assert checked_features(wide, bounds, {"csat__90d": 6.0}, "")[0] == {"csat__90d": 6.0}


def test_ranges_are_learned_and_kept_with_the_model(tmp_path: Any, client: Any, run_folder: Any) -> None:
    from models.prediction.predictor import load_predictor

    ranges = load_predictor(run_folder.models / "churn").encoding.ranges
    assert set(ranges) == {"wait_seconds__30d"}
    low, high = ranges["wait_seconds__30d"]
    assert -4 < low < -2 < 2 < high < 4


@pytest.mark.parametrize(
    ("given", "read"),
    [("  c1 ", "c1"), ("c1\u3000", "c1"), ("\u00a0c1\t", "c1"), (17, "17"), (2**53, "9007199254740992")],
)
def test_ids_are_read_without_blanks_and_from_whole_numbers(client: Any, given: Any, read: str) -> None:
    (row,) = client.post("/predict_churn", json={"rows": [{"customer_id": given}]}).json()["rows"]
    assert row["customer_id"] == read
    assert (row["probability"] is not None) == (read == "c1")


@pytest.mark.parametrize("other", ["C1", "ｃ１", "c１", "c1.0"])
def test_an_id_that_is_written_otherwise_is_another_id(client: Any, other: str) -> None:
    (row,) = client.post("/predict_churn", json={"rows": [{"customer_id": other}]}).json()["rows"]
    assert row == {
        "customer_id": other,
        "probability": None,
        "error": "no customer with this id is at risk at 2025-04-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (2**53 + 1, "write ids above 2^53 as text"),
        (-(2**60), "write ids above 2^53 as text"),
        (17.0, "a text or a whole number"),
        (17.5, "a text or a whole number"),
        (True, "a text or a whole number"),
        ("   ", "may not be empty"),
        ("NULL", "says that the id is unknown"),
        ("n/a", "says that the id is unknown"),
    ],
)
def test_what_is_no_id_is_refused(client: Any, given: Any, why: str) -> None:
    for path, body, field in (
        ("/predict_churn", {"rows": [{"customer_id": given}]}, "rows[0].customer_id"),
        ("/predict_decline", {"rows": [{"unit": "team", "unit_id": given}]}, "rows[0].unit_id"),
        ("/recommend_weights", {"team_id": given}, "team_id"),
        ("/recommend_coaching", {"employee_id": given}, "employee_id"),
    ):
        answer = client.post(path, json=body)
        assert answer.status_code == 400
        assert answer.json()["error"]["field"] == field
        assert why in answer.json()["error"]["message"]


def test_a_row_says_which_texts_the_model_does_not_know(client: Any) -> None:
    rows = [{"features": {"segment": "silver"}}, {"features": {"segment": "gold"}}, {"features": {}}]
    found = client.post("/predict_churn", json={"rows": rows}).json()["rows"]
    assert [row.get("unknown_values") for row in found] == [["segment"], None, None]
    assert found[0]["probability"] == found[2]["probability"]


def test_a_number_far_from_all_that_training_saw_is_refused(client: Any) -> None:
    answer = client.post("/predict_churn", json={"rows": [{"features": {"wait_seconds__30d": 999}}]})
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "rows[0].features.wait_seconds__30d"


CATALOGUE = load_catalogue(Company())
NAMES = ("csat__90d", "tenure_days", "segment", "is_business", "balance")


@st.composite
def rows_of_features(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows that mostly give the same features, of which now and then one cannot be."""
    numbers = st.sampled_from([None, 2, 3.5, 4, 1, 0, 17, 0.25, 10**400, -3.0, True, "x", 1e308])
    fine = st.sampled_from([None, 2, 3.5, 4.0])
    texts = st.sampled_from([None, "gold", " plain ", "tin", ""])
    kinds = {name: texts if name == "segment" else fine for name in NAMES} | {"is_business": st.just(1)}
    drawn = [draw(st.fixed_dictionaries(kinds)) for _ in range(10)]
    found = [{name: row[name] for name in NAMES} for row in drawn]
    for _ in range(draw(st.integers(0, 3))):
        row, name = draw(st.sampled_from(found)), draw(st.sampled_from([*NAMES, *NAMES, "csat_90d"]))
        row[name] = draw(st.one_of(texts, st.just(3)) if name == "segment" else numbers)
        if draw(st.integers(0, 9)) == 5:
            del row[name]
    return found


def outcome(check: Callable[[], Any]) -> Any:
    """What a check returns, or how it refuses."""
    try:
        return [(dict(features), unknown) for features, unknown in check()]
    except (RequestError, OverflowError) as error:
        return type(error), str(error), getattr(error, "field", "")


@settings(derandomize=True, max_examples=100, deadline=None)
@given(rows=rows_of_features())
def test_many_rows_are_checked_as_one_by_one(rows: list[dict[str, Any]]) -> None:
    bounds = limits(ENCODING, KPI_OF, CATALOGUE, {"cases": {"csat": (1.0, 5.0)}})
    fields = [f"rows[{number}]" for number in range(len(rows))]
    each = list(zip(rows, fields, strict=True))
    found = outcome(lambda: checked_rows(ENCODING, bounds, rows, fields))
    assert found == outcome(lambda: [checked_features(ENCODING, bounds, row, field) for row, field in each])
    if isinstance(found, list):
        one_by_one = np.vstack([ENCODING.matrix([features]) for features, _ in found])
        np.testing.assert_array_equal(ENCODING.matrix([features for features, _ in found]), one_by_one)
