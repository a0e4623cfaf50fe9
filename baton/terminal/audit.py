"""The commands about the audit log: look at it, check it, hand it to an auditor, erase a person."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.terminal.options import DEFAULT_COMPANY, CompanyArgument, JsonOption, OutOption
from baton.terminal.people import pseudonym_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from baton.company import Company
    from serving.audit.reading import Asked, Row
    from serving.audit.verify import Verification

__all__ = ["audit_app"]

audit_app = typer.Typer(help="The audit log: who did what and when, signed.", no_args_is_help=True)

_MAX_SHOWN = 20  # faults; a log of which all rows are forged has as many as rows
_MAX_DETAIL = 60  # characters in the table


@audit_app.command("log", epilog="Example: `baton audit log demo --action decide --limit 20`")
def audit_log(  # noqa: PLR0913 - one parameter per option of the command
    company: CompanyArgument = DEFAULT_COMPANY,
    action: Annotated[str | None, typer.Option(help="Only rows of this action.")] = None,
    user: Annotated[str | None, typer.Option(help="Only what this user did.")] = None,
    team: Annotated[str | None, typer.Option(help="Only what is about this team.")] = None,
    employee: Annotated[
        str | None, typer.Option(help="Only what is about this employee: the id as in your tables, or the pseudonym.")
    ] = None,
    since: Annotated[datetime | None, typer.Option(help="From this time on, in UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Before this time, in UTC.")] = None,
    before: Annotated[
        int | None, typer.Option(help="Rows before this one: the last number of the page before.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many rows.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Show the newest rows of the audit log."""
    from serving.audit.reading import Asked, read

    settings = _opened(company)
    person = None if employee is None else pseudonym_of(settings, employee)
    asked = Asked(action, user, team, person, since, until, before)
    with closing(_state(settings)) as state, state.reading() as session:
        rows = read(session, asked, limit=limit)
        hint = "" if rows or as_json else _hint(session, asked, employee)
    _show(rows, hint, as_json)


@audit_app.command("verify", epilog="Example: `baton audit verify demo --key audit.pub`")
def audit_verify(
    company: CompanyArgument = DEFAULT_COMPANY,
    key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A public key kept elsewhere (default: the one beside the database)."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check that nobody has changed the audit log; every fault by row and kind, and exit code 2 if there is one."""
    from baton import display
    from serving.audit.verify import verify

    settings = _opened(company)
    with closing(_state(settings)) as state:
        found = verify(state, key=key)
    if as_json:
        display.document(found.as_json())
    else:
        _verdict(found, settings)
    if not found.sound:
        raise typer.Exit(2)


@audit_app.command("export", epilog="Example: `baton audit export demo for-the-auditor`")
def audit_export(
    company: CompanyArgument,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write: new, or empty.")],
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a folder for an auditor: log, decisions, models, protected groups, a summary, and how to check it."""
    from baton import display
    from baton.files import DEFAULT_OUT, RunFolder
    from serving.audit.export import export
    from serving.state.clock import utc_now

    settings = _opened(company)
    run = RunFolder(out if out is not None else settings.folder / DEFAULT_OUT)
    with closing(_state(settings)) as state:
        found = export(state, settings, run, folder, now=utc_now())
    if as_json:
        display.document({"folder": str(folder), **found.as_json()})
        return
    _verdict(found, settings)
    line = f"Written to {folder}; begin with summary.en.md or summary.zh.md. It names people: pass it on with care."
    display.open_console().print(line, markup=False, soft_wrap=True)


@audit_app.command("erase", epilog="Example: `baton audit erase demo --employee E00001`")
def audit_erase(
    company: CompanyArgument = DEFAULT_COMPANY,
    employee: Annotated[str, typer.Option(help="The id as in your tables, or the pseudonym.")] = "",
    customer: Annotated[str, typer.Option(help="A customer instead: what was noted on them is removed.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Erase without asking.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make unreadable for ever what decisions and the audit log hold of an employee; the log is as sound as before.

    With --customer the notes on a customer are removed; the log never names one.
    """
    from baton import display
    from baton.errors import ArtefactError
    from serving.access.principal import LOCAL
    from serving.audit.erase import erase
    from serving.audit.log import AuditLog

    settings = _opened(company)
    if bool(employee.strip()) == bool(customer.strip()):
        raise ArtefactError("nobody is named; say who with --employee, or --customer, one of them")
    if customer.strip():
        _forget_customer(settings, customer.strip(), yes=yes, as_json=as_json)
        return
    person = pseudonym_of(settings, employee)
    if not (yes or _confirmed(employee)):
        raise ArtefactError("nothing was erased; --yes erases without asking")
    with closing(_state(settings)) as state:
        done = erase(AuditLog(state), person, actor=LOCAL)
    if as_json:
        display.document(done)
        return
    console = display.open_console()
    console.print(
        f"Erased: {done.decisions} decisions and {done.moves} moves blanked, {done.replies} kept answers removed, "
        f"{'the key of the audit log dropped' if done.key else 'nothing in the audit log'}. Copies of the database "
        "from before still have all of it.",
        markup=False,
        soft_wrap=True,
    )
    if done.users:
        console.print(f"Users who still stand for this person: {', '.join(done.users)}.", markup=False, soft_wrap=True)


def _forget_customer(settings: Company, customer: str, /, *, yes: bool, as_json: bool) -> None:
    """Remove the notes on a customer."""
    from baton import display
    from baton.errors import ArtefactError
    from serving.access.principal import LOCAL
    from serving.audit.log import AuditLog
    from serving.notes.store import Notes

    if not (yes or _confirmed(customer)):
        raise ArtefactError("nothing was erased; --yes erases without asking")
    with closing(_state(settings)) as state:
        removed = Notes(AuditLog(state)).forget(customer, LOCAL)
    if not removed:
        raise ArtefactError(f"{customer}: nothing was noted on this customer")
    if as_json:
        display.document({"notes": removed})
        return
    display.open_console().print(f"Removed: {removed} notes.", markup=False, soft_wrap=True)


def _opened(company: Path, /) -> Company:
    from baton.catalogue.kpi_names import open_company

    return open_company(company)


def _state(settings: Company, /) -> Any:
    """Open the state; what is not there is not made by looking."""
    from baton.errors import ArtefactError
    from serving.audit.heads import FILE
    from serving.state.store import open_state, state_exists

    folder = settings.folder / ".baton"
    # where heads are noted there was a log, and its absence is what a check must find
    if not state_exists(settings) and not (folder / FILE).exists():
        raise ArtefactError(f"{folder}: no audit log yet; it begins with the first token granted or decision made")
    return open_state(settings)


def _confirmed(employee: str, /) -> bool:
    asks = sys.stdin.isatty() and sys.stdout.isatty()
    return asks and typer.confirm(f"Erase {employee} for ever? There is no way back.")


def _hint(session: Session, asked: Asked, employee: str | None, /) -> str:
    """Say why there may be no rows: an action that the log does not have, or a person whom no row is about."""
    from serving.audit.reading import Asked, actions, read

    known = actions(session)
    if asked.action is not None and asked.action not in known:
        hint = f" The log has no action {asked.action!r}; it has {', '.join(known) or 'none'}."
        return f"{hint} Moves such as approve are rows of `decide`." if "decide" in known else hint
    if asked.person is not None and not read(session, Asked(person=asked.person), limit=1):
        return f" No row is about {employee}: ids are written as in your table of employees, such as E00001."
    return ""


def _detail(row: Row, /) -> str:
    """Return a row's detail in one short line; all of it is in the JSON."""
    detail = row.detail
    if row.action == "decide" and "decision" in detail:
        return f"{detail['decision']}, {detail.get('kind', '?')}, {detail.get('after', '?')}"
    parts = [f"{name}: {'…' if isinstance(value, dict | list) else value}" for name, value in detail.items()]
    line = ", ".join(parts)
    return line if len(line) <= _MAX_DETAIL else f"{line[: _MAX_DETAIL - 1]}…"


def _show(rows: Sequence[Row], hint: str, as_json: bool, /) -> None:
    from baton import display

    if as_json:
        display.document({"rows": [row.as_json() for row in rows]})
        return
    console = display.open_console()
    if not rows:
        console.print(f"No such rows.{hint}", markup=False, soft_wrap=True)
        return
    unread = {"whole": "", "erased": "(erased)", "damaged": "(damaged)"}
    display.show_table(
        console,
        "Audit log (times in UTC)",
        ["row", "time", "user", "role", "action", "team", "employee", "detail"],
        [
            [
                row.number,
                f"{row.at:%Y-%m-%d %H:%M:%S}",
                row.actor or unread[row.reading],
                row.role,
                f"{row.action}: {row.detail['move']}" if row.detail.get("move") else row.action,
                row.team,
                row.person or unread[row.reading],
                _detail(row),
            ]
            for row in rows
        ],
    )
    if rows[-1].number > 1:
        console.print(f"Older rows: --before {rows[-1].number}", markup=False)


def _verdict(found: Verification, settings: Company, /) -> None:
    from baton import display
    from baton.messages.message import render

    console = display.open_console()
    language = settings.company.languages[0]
    for fault in found.faults[:_MAX_SHOWN]:
        console.print(render(fault.message, language), markup=False, soft_wrap=True)
    if len(found.faults) > _MAX_SHOWN:
        console.print(f"… {len(found.faults)} faults in all; --json has every one", markup=False)
    verdict = "OK" if found.sound else f"NOT OK, {len(found.faults)} faults"
    console.print(
        f"{verdict}: {found.rows} rows, head {found.digest[:16] or 'none'}, key {found.key or 'none'}, noted up to row "
        f"{found.noted}",
        markup=False,
        soft_wrap=True,
    )
