"""The section on waiting says where, whose hand-over and what to do, and draws what the run found."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.charts.drawing import Pen
from baton.company import Company, load_company
from baton.contract.results import of_step
from baton.files import RunFolder
from baton.run_results import RunResults
from baton.wording.waiting import ProcessSection, process_section
from features.staging.stage import open_warehouse, stage
from pipelines.bottlenecks import find_bottlenecks
from pipelines.report.data.results import read_results
from pipelines.run_steps import PROCESS

NOTHING = Catalogue((), ())
SETTINGS = (
    '[tables]\ncustomers = { path = "customers.csv", observed_until = "2025-12-31" }\ncases = { path = "cases.csv" }\n'
    'case_steps = { path = "case_steps.csv" }\n[outcomes.churn]\nrule = "left_at"\n[policy]\nmin_group = 2\n'
)


def tables(folder: Path, *, hand_over: bool, lifecycle: bool) -> Company:
    """Forty cases: `check` waits an hour, `<mend>` a day (more with time); customers of the longest waits leave."""
    cases, log, customers = [], [], []
    for number in range(40):
        opened = datetime(2025, 1, 1 + number % 20, 8)
        wait = timedelta(hours=24 + number)
        moments = [
            opened + timedelta(hours=1),
            opened + timedelta(hours=2),
            opened + wait,
            opened + wait + timedelta(hours=3),
        ]
        teams = ("front", "front", "back" if hand_over else "front", "back" if hand_over else "front")
        steps = ("check", "check", "<mend>", "<mend>")
        for place, (moment, team, step) in enumerate(zip(moments, teams, steps, strict=True)):
            if lifecycle or place % 2 == 0:
                log.append(
                    {
                        "case_id": number,
                        "at": moment,
                        "activity": step,
                        "team_id": team,
                        "employee_id": f"{team}{number % 3}",
                        "lifecycle": ("start", "complete")[place % 2],
                    }
                )
        left = opened + timedelta(days=30) if number >= 36 else None
        customers.append({"customer_id": number, "joined_at": "2024-01-01", "left_at": left, "value": 100})
        cases.append(
            {
                "case_id": number,
                "customer_id": number,
                "opened_at": opened,
                "closed_at": moments[-1],
                "process": "repair",
            }
        )
    frame = pd.DataFrame(log)
    (frame if lifecycle else frame.drop(columns="lifecycle")).to_csv(folder / "case_steps.csv", index=False)
    pd.DataFrame(cases).to_csv(folder / "cases.csv", index=False)
    pd.DataFrame(customers).to_csv(folder / "customers.csv", index=False)
    (folder / "company.toml").write_text(SETTINGS)
    return load_company(folder)


def section(folder: Path, *, hand_over: bool = True, lifecycle: bool = True) -> ProcessSection:
    company, run = tables(folder, hand_over=hand_over, lifecycle=lifecycle), RunFolder(folder / "out").create()
    stage(company, NOTHING, run.staged)
    find_bottlenecks(company, NOTHING, open_warehouse(run.staged, threads=1), run)
    made = process_section(read_results(company, NOTHING, run), Pen(("en", "zh")))
    assert made is not None
    return made


def test_a_manager_reads_where_whose_and_what(tmp_path: Path) -> None:
    made = section(tmp_path)
    where, share, what = (str(finding.en) for finding in made.findings)
    assert (
        where
        == "Customers wait longest for “&lt;mend&gt;” in the cases: half of them 42 h or more, one in ten 2.4 days or more."
    )
    assert share.startswith("That is 9")
    assert what.startswith("The most time passes when front hands over to back.")
    notes = " ".join(str(note.en) for note in made.notes)
    assert "met by 4 customers" in notes
    assert "100.0% left within 90 days, after other cases 0.0%" in notes
    assert "The steps explain 100% of the time" in notes


def test_where_nobody_hands_over_the_queue_is_named(tmp_path: Path) -> None:
    assert str(section(tmp_path, hand_over=False).findings[2].en).startswith(
        "It is no matter of handing over: cases queue there."
    )


def test_a_log_without_starts_speaks_of_time_and_not_of_waiting(tmp_path: Path) -> None:
    made = section(tmp_path, hand_over=False, lifecycle=False)
    assert str(made.findings[0].en).startswith("Most time passes until “&lt;mend&gt;”")
    assert "waiting and work cannot be distinguished" in " ".join(str(note.en) for note in made.notes)


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_the_map_shows_every_step_and_marks_the_worst_without_colour_alone(tmp_path: Path, size: str) -> None:
    drawing = str(next(one for one in section(tmp_path).figures[0].drawings if f"chart {size}" in str(one)))
    assert "&lt;mend&gt;" in drawing
    assert "<mend>" not in drawing
    assert drawing.count(f'fill="url(#stripes-process-1-{size})"') == 1
    assert len(re.findall(r"<polygon", drawing)) == 3  # opened → check → mend → closed
    assert "style=" not in drawing


def test_without_a_log_there_is_no_section_and_no_old_file(tmp_path: Path) -> None:
    section(tmp_path)
    (tmp_path / "company.toml").write_text(SETTINGS.replace('case_steps = { path = "case_steps.csv" }\n', ""))
    company, run = load_company(tmp_path), RunFolder(tmp_path / "out")
    stage(company, NOTHING, run.staged)
    PROCESS.clear(run)
    assert find_bottlenecks(company, NOTHING, open_warehouse(run.staged, threads=1), run).rows == {}
    assert not set(of_step("process")) & set(RunResults(run).names)
    assert process_section(read_results(company, NOTHING, run), Pen(("en",))) is None
