"""Customers at risk: the order, what is asked for, what is named of foreign teams, and why there may be nobody."""

from __future__ import annotations

import json
import re
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa

from baton.company import load_company
from baton.messages.message import Message
from baton.wording.leaving import raising
from serving.access.principal import Principal
from serving.access.sight import Sight
from serving.pages.asked import Asked, Shown
from serving.pages.customers import show_customers
from serving.pages.frame import page_response
from serving.pages.reading.at_risk import AtRisk, Wanted
from serving.pages.reading.of_run import OfRun
from tests.serving.access.conftest import House
from tests.serving.pages.conftest import Browser

NASTY = '<img src=x onerror="alert(1)"> \u0627\u0644\u0639\u0631\u0628\u064a\u0629 🙂 ' + "long " * 60


def churn(n: int = 40) -> pa.Table:
    """Customers with drivers of both signs; every fifth has no known value."""
    rng = np.random.default_rng(3)
    chance = rng.uniform(0.01, 0.6, n)
    kpis = ["csat", "wait_seconds", "attribute__plan", "promise_kept", "active_days"]
    rows = [
        {
            "customer_id": f"c{place:03d}",
            "as_of": None,
            "probability": chance[place],
            "drivers": [
                {"kpi": kpi, "value": 1.0, "label": None, "attribution": float(rng.normal())}
                for kpi in rng.permutation(kpis)[: place % 6]
            ],
            "informative": True,
            "value_at_risk": None if place % 5 == 0 else float(chance[place] * rng.uniform(10, 1000)),
            "probability_low": None,
            "probability_high": None,
            "unlike": [],
        }
        for place in range(n)
    ]
    return pa.Table.from_pylist(rows)


def what_if(customer: str) -> pa.Table:
    row = {"customer_id": customer, "as_of": None, "probability": 0.5, "value": 0.25}
    steps = [("csat", 1, 3.0, 0.3), ("wait_seconds", 2, 60.0, 0.2), ("promise_kept", 3, 0.9, 0.1)]
    return pa.Table.from_pylist(
        [
            {**row, "step": step, "kpi": kpi, "changed_to": to, "probability_after": after}
            for kpi, step, to, after in steps
        ]
    )


def run_of(tmp_path: Any, tables: dict[str, pa.Table], evaluation: dict[str, Any] | None = None) -> Any:
    (tmp_path / "company.toml").write_text('[company]\nname = "Hafen"\n', encoding="utf-8")
    members = SimpleNamespace(
        teams_of_customer={f"c{place:03d}": {f"t{place % 3}"} for place in range(35)} | {"c036": {"t0", "t1", "t2"}},
        last_case={"c000": (date(2025, 3, 1), "t0"), "c036": (date(2025, 3, 2), "t2")},
        name_of={},
        sizes={},
    )
    return SimpleNamespace(
        company=load_company(tmp_path),
        members=members,
        results=SimpleNamespace(evaluation=evaluation or {}),
        folder=SimpleNamespace(training=tmp_path, texts=tmp_path),
        table=tables.get,
    )


def shown(run: Any, who: Principal, query: dict[str, str] | None = None) -> tuple[dict[str, Any], str]:
    read = OfRun(run)
    notes = SimpleNamespace(latest=lambda customers: {}, all=list)
    of: Any = SimpleNamespace(read=lambda: read, sight=lambda who, run: Sight(who, run.members, 5), notes=notes)
    asked = Asked(who, "/pages/customers", query or {})
    page = show_customers(asked, of)
    assert isinstance(page, Shown)
    text = bytes(page_response(asked, page, is_set_up=True, named=lambda team: team or "").body).decode()
    return dict(page.values), text


ANA = Principal("ana", "analyst")
LIN = Principal("lin", "manager", frozenset({"t0"}), frozenset({"t0"}))


def test_those_with_most_at_stake_come_first_and_those_without_value_last(tmp_path: Any) -> None:
    values, _ = shown(run_of(tmp_path, {"churn": churn()}), ANA)
    order = [row["id"] for row in values["rows"]]
    table = churn().to_pandas().set_index("customer_id")
    known = table["value_at_risk"].dropna().sort_values(ascending=False)
    assert order[: len(known)] == list(known.index)
    assert set(order[len(known) :]) == {f"c{place:03d}" for place in range(0, 40, 5)}


def test_signs_are_those_that_are_named_of_each_customer(tmp_path: Any) -> None:
    at_risk = AtRisk.of(run_of(tmp_path, {"churn": churn()}))
    assert at_risk is not None
    everybody = at_risk.everybody()
    for sign in at_risk.signs:
        found = at_risk.found(everybody, Wanted(sign=sign))
        named = [
            place
            for place, row in enumerate(at_risk.rows(everybody))
            if sign in {each["kpi"] for each in raising(row["drivers"])}
        ]
        assert list(found) == named and named
    assert len(at_risk.found(everybody, Wanted(sign="nothing"))) == 0


def test_a_sign_that_is_a_cause_is_called_as_in_the_report(tmp_path: Any) -> None:
    entry = {"code": "line_down", "cause": "line_down", "en": "Service down", "zh": "服务中断"}
    (tmp_path / "causes.json").write_text(json.dumps([entry]), encoding="utf-8")
    driver = {"kpi": "cause_line_down", "value": 1.0, "label": None, "attribution": 1.0}
    rows = [{**row, "drivers": [driver]} for row in churn(25).to_pylist()]
    values, text = shown(run_of(tmp_path, {"churn": pa.Table.from_pylist(rows)}), ANA)
    assert [str(name.en) for _, name in values["signs"]] == ["Cases about: Service down"]
    assert "cause line down" not in text


def test_team_and_least_value_narrow_the_list(tmp_path: Any) -> None:
    run = run_of(tmp_path, {"churn": churn()})
    values, _ = shown(run, ANA, {"team": "t1", "value": "50"})
    stakes = dict(zip(churn()["customer_id"].to_pylist(), churn()["value_at_risk"].to_pylist(), strict=True))
    assert values["rows"] and all("t1" in run.members.teams_of_customer[row["id"]] for row in values["rows"])
    assert all((stakes[row["id"]] or 0) >= 50 for row in values["rows"])
    odd, page = shown(run, ANA, {"value": "<b>much"})
    assert "is no number" in page and "<b>much" not in page and len(odd["rows"]) == 40


def test_a_manager_sees_the_customers_of_their_teams_and_no_foreign_team_by_name(tmp_path: Any) -> None:
    run = run_of(tmp_path, {"churn": churn()})
    values, page = shown(run, LIN)
    served = {customer for customer, teams in run.members.teams_of_customer.items() if "t0" in teams}
    assert {row["id"] for row in values["rows"]} == served & set(churn()["customer_id"].to_pylist())
    assert not re.search(r"\bt[12]\b", page[page.index("<main") :])  # c036's last case was one of t2
    assert next(row for row in values["rows"] if row["id"] == "c036")["team"] == "t0"
    assert shown(run, LIN, {"team": "t1"})[0]["rows"] == []
    nobody, page = shown(run, Principal("mara", "manager", frozenset({"t9"}), frozenset({"t9"})))
    assert not nobody["total"] and "the table of cases brings them" in page


def test_a_change_after_one_that_effects_speak_against_is_not_named(tmp_path: Any) -> None:
    effects = pa.table({"outcome": ["churn", "churn"], "kpi": ["wait_seconds", "csat"], "low": [0.01, -0.2]})
    tables = {"churn": churn(), "what_if": what_if("c001")}
    before = next(row for row in shown(run_of(tmp_path, tables), ANA)[0]["rows"] if row["id"] == "c001")
    after = next(
        row for row in shown(run_of(tmp_path, {**tables, "effects": effects}), ANA)[0]["rows"] if row["id"] == "c001"
    )
    assert before["better"].en.startswith("10%: ") and "→" in before["better"].en
    assert after["better"].en.startswith("30%: ")


def test_why_there_is_nobody(tmp_path: Any) -> None:
    guessed = {"churn": {"auc": 0.5, "intervals": {"auc": [0.41, 0.58]}, "rows": 900}}
    _, page = shown(run_of(tmp_path, {"churn": churn()}, guessed), ANA)
    assert "no better than guessing" in page and "c001" not in page
    why = Message("page.no_number", {"value": "7"}).as_json()
    (tmp_path / "skipped.json").write_text(json.dumps({"churn": why}), encoding="utf-8")
    _, page = shown(run_of(tmp_path, {}), ANA)
    assert "joined_at, left_at" in page and "is no number" in page


def test_ids_are_data_whatever_they_look_like(tmp_path: Any) -> None:
    table = churn(3).set_column(0, "customer_id", pa.array([NASTY, "c001", "c002"]))
    _, page = shown(run_of(tmp_path, {"churn": table}), ANA)
    assert "<img" not in page and "&lt;img src=x" in page


def test_the_house_shows_its_customers_in_both_languages(browser: Browser, house: House) -> None:
    browser.sign_in("lin")
    for language, words in (("en", "Customers at risk"), ("zh", "有流失风险的客户")):
        page = browser.open("/pages/customers", **{"accept-language": language})
        assert page.status_code == 200 and words in page.text and ">c1<" in page.text and ">c3<" not in page.text
        assert len(page.content) < 100_000
