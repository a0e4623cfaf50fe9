"""The pages of teams, the four fields and the strategy map, from a run folder with months and arrows."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from baton.catalogue.load import load_catalogue
from baton.catalogue.schema import Catalogue
from baton.charts.drawing import Pen
from baton.company import Company
from baton.files import RunFolder
from pipelines.report.data.results import Results, read_results
from pipelines.report.data.standing import company_standing, team_months, team_standing
from pipelines.report.sections.strategy import strategy_figure
from pipelines.report.sections.teams import team_pages
from pipelines.report.write import report
from tests.filled_results import write_filled

Build = Callable[..., RunFolder]
MONTHS = pd.date_range("2025-01-01", periods=8, freq="MS")


def months_of(values: dict[str, list[float]], kpi: str) -> pd.DataFrame:
    rows = [
        {"unit": "team", "unit_id": team, "team_id": team, "from": month, "to": month + pd.DateOffset(months=1),
         "kpi": kpi, "value": value, "n": 10.0}
        for team, line in values.items()
        for month, value in zip(MONTHS, line, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def results(panel: pd.DataFrame, arrows: pd.DataFrame | None = None, **more: object) -> Results:
    company = Company()
    catalogue = load_catalogue(company)
    return Results(company, catalogue, panel=panel, arrows=pd.DataFrame() if arrows is None else arrows, **more)  # type: ignore[arg-type]


def test_a_team_stands_by_how_far_it_is_from_comparable_teams() -> None:
    # the last three months are 60, 90 and 120 seconds: mean 90, SD 30; fewer seconds are better
    panel = months_of({"a": [300.0] * 5 + [60.0] * 3, "b": [90.0] * 8, "c": [120.0] * 8}, "response_seconds")
    shown = results(panel)
    standing = team_standing(shown, team_months(shown)).set_index("team_id")
    assert standing["standing"].to_dict() == {
        "a": pytest.approx(1.0),
        "b": pytest.approx(0.0),
        "c": pytest.approx(-1.0),
    }
    assert set(standing["peers"]) == {3}


def test_two_teams_are_not_compared_and_departments_are_separate() -> None:
    panel = months_of({"a": [1.0] * 8, "b": [2.0] * 8, "c": [3.0] * 8, "d": [9.0] * 8}, "csat")
    across = results(panel, departments={"a": "sales", "b": "sales", "c": "sales", "d": "plant"})
    standing = team_standing(across, team_months(across))
    assert set(standing["team_id"]) == {"a", "b", "c"}
    few = results(panel[panel["team_id"].isin(["a", "b"])])
    assert team_standing(few, team_months(few)).empty


def test_a_team_under_the_least_group_is_not_reported() -> None:
    panel = months_of({"a": [1.0] * 8, "b": [2.0] * 8, "c": [3.0] * 8}, "csat")
    shown = results(panel, headcounts={("a", ""): 2, ("b", ""): 9, ("c", ""): 9})
    assert set(team_months(shown)["team_id"]) == {"b", "c"}


def test_the_company_stands_by_its_own_months_before() -> None:
    # before: 4, 2, 4, 2, 3 (mean 3, SD 1); after: 5
    panel = months_of({"a": [4.0, 2.0, 4.0, 2.0, 3.0, 5.0, 5.0, 5.0]}, "csat")
    shown = results(panel)
    assert company_standing(shown, team_months(shown))["csat"] == pytest.approx(2.0)
    slow = results(panel.assign(kpi="response_seconds"))
    assert company_standing(slow, team_months(slow))["response_seconds"] == pytest.approx(-2.0)


def arrow(parent: str, child: str, verdict: str) -> dict[str, object]:
    return {"parent": parent, "child": child, "association": 0.3, "low": 0.1, "high": 0.5, "verdict": verdict}


def test_the_strategy_map_draws_each_arrow_by_what_the_months_say() -> None:
    arrows = pd.DataFrame([
        arrow("first_contact_resolution", "csat", "confirmed"),
        arrow("handle_seconds", "first_contact_resolution", "contradicted"),
        arrow("training_hours", "knowledge_use", "not_confirmed"),
        arrow("nps", "retention_rate", "untested"),
    ])  # fmt: skip
    figure = strategy_figure(results(pd.DataFrame(), arrows), Pen(("en", "zh")))
    assert figure is not None
    assert "1 of 3 arrows" in figure.title.en
    assert "1 run the other way" in figure.title.en
    wide, narrow = figure.drawings
    for drawing in (wide, narrow):
        drawn = re.findall(r'<path [^>]*class="arrow (\w+)"', drawing)
        assert sorted(drawn) == ["confirmed", "contradicted", "not_confirmed"]
    assert "Retention" not in wide
    assert "Not tested for want of data: 1" in figure.note.en
    assert len(figure.rows) == 3


def test_nothing_is_drawn_where_no_arrow_could_be_tested() -> None:
    pen = Pen(("en",))
    assert strategy_figure(results(pd.DataFrame()), pen) is None
    assert (
        strategy_figure(results(pd.DataFrame(), pd.DataFrame([arrow("nps", "retention_rate", "untested")])), pen)
        is None
    )


@pytest.fixture
def page(run_folder: Build, company: Company, catalogue: Catalogue) -> str:
    folder = run_folder()
    teams = pd.DataFrame({"team_id": ["t1", "t2", "t3", "t4"], "name": ["Day shift", "Night shift", "Late", "Early"],
                          "department": ["care"] * 4})  # fmt: skip
    teams.to_parquet(folder.staged / "teams.parquet", index=False)
    folder.advice.mkdir(exist_ok=True)
    lines = {"t1": [0.5, 0.5, 0.6, 0.6, 0.6, 0.7, 0.7, 0.7], "t2": [0.5] * 8, "t3": [0.55] * 8, "t4": [0.52] * 8}
    write_filled(folder, "advice/panel", months_of(lines, "first_contact_resolution"))
    write_filled(folder, "advice/arrows", pd.DataFrame([arrow("first_contact_resolution", "csat", "confirmed")]))
    shares = folder.training / "churn"
    shares.mkdir(parents=True, exist_ok=True)
    customers = [f"c{index:04d}" for index in range(200)]
    pd.DataFrame({"unit_id": customers, "team_id": "t1", "share": 0.5}).to_parquet(shares / "shares.parquet")
    return report(company, catalogue, folder).read_text(encoding="utf-8")


def test_every_team_with_a_card_has_a_page_of_its_own(page: str) -> None:
    assert re.findall(r'<article class="team[^"]*" id="(team-\d)"', page) == ["team-1", "team-2"]
    first = re.search(r'<article class="team.*?</article>', page, re.S)[0]  # type: ignore[index]
    assert "Day shift" in first
    # 200 customers at a mean of 30 %, half of whose cases are this team's
    assert "about 30 are likely to leave" in re.sub(r"<[^>]+>", "", first)
    assert first.count("<polyline") == 2
    assert "50%" in first
    assert "70%" in first


def test_a_page_of_a_team_names_no_employee(page: str) -> None:
    teams = page[page.index('id="teams"') : page.index('id="support"')]
    assert not re.search(r"\be\d\d\b", teams)


def test_the_journey_says_who_answers(page: str) -> None:
    journey = page[page.index('id="journey"') : page.index('id="support"')]
    assert "answered for by agent" in re.sub(r"<[^>]+>", "", journey)


def test_more_teams_than_have_room_are_counted() -> None:
    from pipelines.report.sections.cards import cards_of

    rows = pd.DataFrame(
        [
            {
                "team_id": f"t{team:03d}", "role": "", "kpi": "csat", "current_weight": 100.0, "target_weight": 0.0,
                "recommended_weight": 100.0, "low": 0.0, "high": 0.0, "verdict": "keep", "confidence": None,
                "expected_effect": None, "expected_low": None, "expected_high": None, "reason": None,
            }
            for team in range(45)
        ]
    )  # fmt: skip
    shown = results(pd.DataFrame(), tables={"weights": rows})
    cards, _ = cards_of(shown)
    pages, further = team_pages(shown, cards, Pen(("en",)))
    assert (len(pages), further) == (40, 5)


def test_a_real_run_has_pages_that_stay_within_a_size(small_run: Path, small_company: Path, tmp_path: Path) -> None:
    from baton.company import load_company

    company = load_company(small_company)
    catalogue = load_catalogue(company)
    read = read_results(company, catalogue, RunFolder(small_run))
    assert not read.panel.empty
    assert set(read.departments) == set(read.team_names)
    page = (small_run / "report.html").read_text(encoding="utf-8")
    assert len(page) < 2_000_000
    assert 'id="teams"' in page
    assert 'id="strategy"' in page


def test_a_card_says_shortly_which_growing_cause_a_kpi_of_it_measures() -> None:
    from pipelines.report.sections.cards import cards_of

    weights = pd.DataFrame(
        [
            {
                "team_id": "t1", "role": "", "kpi": kpi, "current_weight": 50.0, "target_weight": 0.0,
                "recommended_weight": 50.0, "low": 0.0, "high": 0.0, "verdict": "keep", "confidence": None,
                "expected_effect": None, "expected_low": None, "expected_high": None, "reason": None,
            }
            for kpi in ("csat", "first_contact_resolution")
        ]
    )  # fmt: skip
    late = {
        "cause": "late", "kpi": "first_contact_resolution", "team_id": None, "share_before": 0.05, "share": 0.09,
        "excess_customers": 3.0, "verdict": "supports",
    }  # fmt: skip
    evidence = pd.DataFrame([late, late | {"cause": "calm", "verdict": "none"}])
    named = {"late": {"en": "Late parcels", "zh": "包裹迟到"}}
    cards, _ = cards_of(results(pd.DataFrame(), tables={"weights": weights, "cause_evidence": evidence}, causes=named))
    (note,) = cards[0].causes
    assert note.en == "“Late parcels” grew from 5% to 9% of the texts; First-contact resolution measures that step."
    assert "包裹迟到" in note.zh
    assert cards_of(results(pd.DataFrame(), tables={"weights": weights}))[0][0].causes == ()
