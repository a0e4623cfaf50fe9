"""What has changed since the advice before, as a manager sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from baton.catalogue.load import load_catalogue
from baton.company import Company
from baton.contract.results import cast
from baton.files import RunFolder
from baton.messages.message import render
from baton.messages.since import since_words
from baton.wording.since import MAX_LINES
from pipelines.report.data.results import Results
from pipelines.report.sections.since.section import since_section
from pipelines.report.write import report

BEFORE = pd.Timestamp("2026-02-28")


def line(kpi: str, change: str = "same", team: str = "t1", **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "team_id": team, "role": "", "kpi": kpi, "as_of_before": BEFORE, "change": change, "verdict_before": "raise",
        "verdict": "keep", "target_before": 40.0, "target": 30.0, "recommended_before": 40.0, "recommended": 30.0,
        "confidence_before": 0.9, "confidence": 0.6, "rank_targets": 0.9, "rank_recommended": 0.9,
        "why": "" if change == "same" else "effect", "reason": {"en": f"Why <{kpi}>.", "zh": f"{kpi}的理由。"},
    }  # fmt: skip
    return row | changes


def results(rows: list[dict[str, Any]], **more: Any) -> Results:
    company = Company()
    tables = {"advice_changes": cast("advice_changes", rows)}
    return Results(company, load_catalogue(company), tables=tables, **more)


def test_the_same_advice_is_said_in_one_sentence() -> None:
    found = since_section(results([line("csat"), line("handle_seconds", "completed"), line("csat", team="t2")]))
    assert found is not None and found.rows == ()
    assert found.headline.en == "The same advice as on 2026-02-28, for all 2 scorecards."
    assert found.headline.zh == "与 2026-02-28 的建议相同，涉及全部 2 张计分卡。"
    assert found.order is not None and "much the same order as before: correlation 0.90" in found.order.en


def test_changed_lines_are_shown_with_their_reasons_the_weightiest_first() -> None:
    rows = [line("csat", "less"), line("handle_seconds", "reversed", "t2"), line("promise_kept", team="t3")]
    found = since_section(results([row | {"rank_targets": 0.4} for row in rows]))
    assert found is not None
    assert (
        found.headline.en
        == "Compared with the advice of 2026-02-28, 2 of 3 scorecards are advised otherwise (KPI lines: 2)."
    )
    assert [row[2].en for row in found.rows] == ["the other way", "less far"]
    assert found.rows[0][3].en == "Why &lt;handle_seconds&gt;."
    assert found.order is not None and found.order.en.startswith(
        "By the evidence the KPIs of a card come in another order"
    )


def test_a_long_list_is_cut_and_small_teams_are_left_out() -> None:
    rows = [line("csat", "new", f"t{at}") for at in range(MAX_LINES + 3)]
    headcounts = {("t0", ""): 2} | {(f"t{at}", ""): 9 for at in range(1, MAX_LINES + 3)}
    found = since_section(results(rows, headcounts=headcounts))
    assert found is not None
    assert (len(found.rows), found.hidden, found.changed) == (MAX_LINES, 2, MAX_LINES + 2)


def test_without_an_advice_before_there_is_no_section(run_folder: Callable[..., RunFolder], company: Company) -> None:
    assert since_section(Results(Company(), load_catalogue(Company()))) is None
    page = report(company, load_catalogue(company), run_folder()).read_text("utf-8")
    assert 'id="since"' not in page


def test_the_section_stands_on_the_page(run_folder: Callable[..., RunFolder], company: Company) -> None:
    changed = cast("advice_changes", [line("csat", "withdrawn"), line("first_contact_resolution")])
    page = report(company, load_catalogue(company), run_folder(advice_changes=changed)).read_text("utf-8")
    assert '<a href="#since">' in page
    section = page.split('<section id="since"')[1].split("</section>")[0]
    assert "1 of 1 scorecards is advised otherwise" in section
    assert "Why &lt;csat&gt;." in section and "撤回" in section


@pytest.mark.parametrize(("cards", "sentence"), [(1, "for the one scorecard"), (2, "for all 2 scorecards")])
def test_the_line_of_the_command_line_counts_cards(cards: int, sentence: str) -> None:
    found = since_words(cast("advice_changes", [line("csat", team=f"t{at}") for at in range(cards)]))
    assert found is not None and sentence in render(found, "en")
    assert since_words(cast("advice_changes", [])) is None


def test_new_cards_and_those_no_longer_there_are_one_line_each_and_counted_by_themselves() -> None:
    rows = [line("csat"), *(line(kpi, "new_team", "t2") for kpi in ("csat", "handle_seconds"))]
    found = since_section(results([*rows, line("csat", "gone_team", "t3")]))
    assert found is not None
    assert found.headline.en == (
        "The same advice as on 2026-02-28, for the one scorecard. New scorecards: 1; no longer there: 1."
    )
    assert [(row[1].en, row[2].en) for row in found.rows] == [
        ("the whole card", "new team"),
        ("the whole card", "no longer there"),
    ]
    gone = since_words(cast("advice_changes", [line("csat", "gone_team")]))
    assert gone is not None and render(gone, "en").startswith("None of the scorecards that were advised on 2026-02-28")
