"""One folder for an auditor: the log with its key and heads, decisions, models, protected groups, and what it means."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baton.company import Company
from baton.errors import OutputError
from baton.files import RunFolder, owner_only, write_json
from baton.messages.message import LANGUAGES
from baton.run_results import EVALUATION, MODELS, RUN
from serving.audit.figures import contests, oversight
from serving.audit.heads import FILE
from serving.audit.reading import all_rows
from serving.audit.results import IMPACT, RATES, Run, read_run
from serving.audit.rows import canonical
from serving.audit.sheets import write_csv
from serving.audit.signer import PUBLIC
from serving.audit.summary import Facts, check_page, summary_page
from serving.audit.titles import outcome_titles
from serving.audit.verify import Verification, raw_rows, verify
from serving.state.schema import Decision, Move
from serving.state.store import State

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["DECISION_COLUMNS", "MOVE_COLUMNS", "export"]

DECISION_COLUMNS = (
    "id", "kind", "team_id", "role", "employee", "state", "version", "due_at", "created_at", "changed_at", "choice",
    "advice",
)  # fmt: skip
MOVE_COLUMNS = ("decision", "version", "name", "before", "after", "by", "role", "reason", "at", "detail")


def export(state: State, company: Company, run: RunFolder, folder: Path, /, *, now: datetime) -> Verification:
    """Write the folder.

    Parameters
    ----------
    run : RunFolder
        Of which models and results are described.
    folder : Path
        Must not be there, or be empty.
    now : datetime
        Naive, in UTC.

    Returns
    -------
    Verification
        What the check of the log has found, which the summary has too.

    Raises
    ------
    OutputError
        If the folder has files already, or cannot be written.
    """
    _make(folder)
    with owner_only():
        try:
            return _write(state, company, read_run(run, company.policy.min_group), folder, now)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be written ({error.strerror or error}); it is not whole") from error


def _make(folder: Path, /) -> None:
    try:
        if folder.is_dir() and any(folder.iterdir()):
            raise OutputError(f"{folder}: has files already; give a folder that is new or empty")
        with owner_only():
            folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError(f"{folder}: is a file; give a folder that is new or empty") from error


def _write(state: State, company: Company, run: Run, folder: Path, now: datetime, /) -> Verification:
    with state.reading() as session:
        decisions, moves = _rows(session, Decision, DECISION_COLUMNS), _rows(session, Move, MOVE_COLUMNS)
        logged = raw_rows(session)
        opened = {row.number: row for row in all_rows(session, oldest_first=True)} if _is_readable(logged) else {}
    write_csv(folder / "decisions.csv", DECISION_COLUMNS, decisions)
    write_csv(folder / "moves.csv", MOVE_COLUMNS, moves)
    with (folder / "log.jsonl").open("w", encoding="utf-8") as file:
        for row in logged:
            shown = opened.get(row["number"])
            entry = {
                "row": canonical(row),
                "digest": row["digest"],
                "signature": row["signature"],
                "opened": None if shown is None else shown.as_json(),
            }
            file.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")
    for source, name in ((FILE, "heads.jsonl"), (PUBLIC, PUBLIC)):
        if (state.folder / source).exists():
            shutil.copyfile(state.folder / source, folder / name)
    write_json(folder / RUN, dict(run.recorded))
    write_json(folder / MODELS, dict(run.models))
    write_json(folder / EVALUATION, dict(run.evaluation))
    write_csv(folder / "impact.csv", IMPACT, run.impact)
    write_csv(folder / "scoring_rates.csv", RATES, run.rates)
    found = verify(state)
    facts = Facts(
        company=company.company.name,
        made_at=now,
        verification=found,
        oldest=next((row.at for row in opened.values()), None),
        views=sum(row.action == "view_person" for row in opened.values()),
        oversight=oversight(decisions, moves),
        contests=contests(moves, company.access.answer_days, now),
        answer_days=company.access.answer_days,
        run=run,
        titles=outcome_titles(company, run.evaluation),
        impact_ratio=company.policy.impact_ratio,
    )
    for language in LANGUAGES:
        (folder / f"summary.{language}.md").write_text(summary_page(facts, language), encoding="utf-8")
    (folder / "verify.md").write_text(check_page(found.key), encoding="utf-8")
    return found


def _rows(session: Session, table: Any, columns: Sequence[str], /) -> list[dict[str, Any]]:
    """Return all rows, in the order of their keys."""
    from sqlalchemy import inspect, select

    keys = inspect(table).primary_key
    found = session.execute(select(*(getattr(table, name) for name in columns)).order_by(*keys))
    return [dict(zip(columns, row, strict=True)) for row in found]


def _is_readable(rows: Sequence[Mapping[str, Any]], /) -> bool:
    """Whether somebody has left in the log what a reader of rows can read."""
    return all(isinstance(row["at"], datetime) and isinstance(row["number"], int) for row in rows)
