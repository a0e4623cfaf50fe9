"""Targets and drafts of objectives as a manager sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from baton.catalogue.load import load_catalogue
from baton.company import Company
from baton.files import RunFolder
from pipelines.report.data.results import Results
from pipelines.report.sections.targets import judged_targets, team_objectives, team_targets
from pipelines.report.write import report
from tests.filled_results import write_filled

WORDS = {"en": "Because <it> is so.", "zh": "原因如此。"}


def target(kpi: str, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "team_id": "t1", "role": "", "kpi": kpi, "current_value": 0.712, "current_target": None,
        "advised_target": 0.73, "stretch_target": 0.75, "basis": "both", "expected_effect": 4.2, "low": 1.0,
        "high": 8.0, "verdict": None, "reason": WORDS,
    }  # fmt: skip
    return row | changes


def results(rows: list[dict[str, Any]], **more: Any) -> Results:
    company = Company()
    return Results(company, load_catalogue(company), tables={"targets": pd.DataFrame(rows)} | more)


def test_figures_verdicts_and_what_they_bring() -> None:
    shown = results(
        [
            target("first_contact_resolution", current_target=0.95, verdict="out_of_reach"),
            target("handle_seconds", current_value=400.0, current_target=300.0, advised_target=None,
                   stretch_target=None, expected_effect=None, low=None, high=None, verdict="harmful", basis=None),
            target("promise_kept", advised_target=None, stretch_target=None, basis="not_enough"),
        ]
    )  # fmt: skip
    first, harmful, unknown = team_targets(shown, "t1")
    assert [cell.en for cell in first.cells] == [
        "71.2%", "95.0% (out of reach)", "73.0%", "75.0%", "about 4.2 (1.0 to 8.0)",
    ]  # fmt: skip
    assert first.tone == "bad" and first.reason.en == "Because &lt;it&gt; is so."
    assert harmful.cells[2].en == "no target" and harmful.cells[2].zh == "不设目标"
    assert "(harmful)" in harmful.cells[1].en
    assert unknown.cells[2].en == "not enough evidence" and unknown.tone == "plain"
    counted = judged_targets(shown)
    assert counted is not None
    assert counted.en.startswith("Of 2 targets") and "1 out of reach and 1 harmful" in counted.en


def test_without_targets_of_today_nothing_is_counted() -> None:
    assert judged_targets(results([target("csat")])) is None
    assert team_targets(results([target("csat")]), "t2") == ()


def test_small_teams_are_not_shown() -> None:
    company = Company()
    shown = Results(
        company, load_catalogue(company), tables={"targets": pd.DataFrame([target("csat", current_target=3.0)])},
        headcounts={("t1", ""): 2},
    )  # fmt: skip
    assert team_targets(shown, "t1") == () and judged_targets(shown) is None


def test_a_draft_shows_its_key_results_and_its_guard() -> None:
    row = {"team_id": "t1", "role": "", "number": 1, "objective": WORDS, "by": pd.Timestamp("2026-03-31"),
           "reason": WORDS}  # fmt: skip
    lead = row | {"kind": "lead", "kpi": "promise_kept", "from_value": 0.7, "to_value": 0.8, "expected_effect": 3.0,
                  "low": -1.0, "high": 7.0}  # fmt: skip
    guard = row | {"kind": "guard", "kpi": "csat", "from_value": 4.1, "to_value": 4.1, "expected_effect": None,
                   "low": None, "high": None}  # fmt: skip
    (draft,) = team_objectives(results([target("csat")], okrs=pd.DataFrame([lead, guard])), "t1")
    assert "70.0% → 80.0% by 2026-03-31" in draft.results[0].en and "if reached, about 3" in draft.results[0].en
    assert "hold 4.10" in draft.results[1].en
    assert "must not suffer" in draft.results[1].en and "不能受损" in draft.results[1].zh


def test_the_page_of_a_team_has_them(run_folder: Callable[..., RunFolder], company: Company) -> None:
    folder = run_folder()
    write_filled(folder, "targets", pd.DataFrame([target("csat", current_value=4.0, advised_target=4.1)]))
    assert "No objective is drafted" not in report(company, load_catalogue(company), folder).read_text("utf-8")
    write_filled(folder, "okrs", pd.DataFrame(columns=["team_id"]))
    page = report(company, load_catalogue(company), folder).read_text("utf-8")
    article = page.split('id="team-1"')[1].split("</article>")[0]
    assert "No objective is drafted for this team." in article and "本团队暂无 OKR 草案" in article
    row = {"team_id": "t1", "role": "", "number": 1, "objective": WORDS, "by": pd.Timestamp("2026-03-31"),
           "reason": WORDS, "kind": "lead", "kpi": "promise_kept", "from_value": 0.7, "to_value": 0.8}  # fmt: skip
    write_filled(folder, "okrs", pd.DataFrame([row]))
    page = report(company, load_catalogue(company), folder).read_text("utf-8")
    article = page.split('id="team-1"')[1].split("</article>")[0]
    assert "Targets for the next cycle" in article and "下一周期的目标值" in article
    assert "Because &lt;it&gt; is so." in article and "2026-03-31" in article
