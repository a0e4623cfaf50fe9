"""The commands that move a pilot on, and those that show where pilots stand."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.terminal.opening import opened
from baton.terminal.options import DEFAULT_COMPANY, CompanyArgument, CompanyOption, JsonOption, OutOption, SameOption

if TYPE_CHECKING:
    from baton.messages.message import Message
    from serving.pilots.store import AskedMove

__all__ = ["add_moves", "calibrated"]

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Of the pilot.")]
ReasonOption = Annotated[str, typer.Option(help="Why; kept with the move, and in the audit log.")]
FromOption = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Since when the cards hold (default: next month's first).")
]

_PLAIN = {
    "approve": "Approve a plan, as a second person.",
    "reject": "Reject a plan, as a second person.",
    "withdraw": "Take back a plan before it is started.",
    "start": "Say that the teams begin as planned; nothing of the plan changes from here on.",
    "stop": "End a pilot at once, alone: whoever sees harm need not wait.",
    "extend": "Note that another pilot is to follow, where the verdict says so.",
    "confirm": "Confirm an adoption or a roll back, as a second person.",
    "decline": "Do not adopt now, as a second person.",
    "keep": "Keep what was adopted instead of rolling it back, as a second person.",
}
"""Moves that take nothing but a reason."""


def add_moves(app: typer.Typer, /) -> None:
    """Add the commands of moves to those of pilots."""
    for name, what in _PLAIN.items():
        example = f'Example: `baton pilot {name} fcr-2026-07 --reason "…" --company demo`'
        app.command(name, help=what, epilog=example)(_plain(name))
    app.command("adopt", epilog="Example: `baton pilot adopt fcr-2026-07 --valid-from 2026-10-01`")(pilot_adopt)
    app.command("roll-back", epilog="Example: `baton pilot roll-back fcr-2026-07 --company demo`")(pilot_roll_back)
    app.command("status", epilog="Example: `baton pilot status fcr-2026-07 --company demo`")(pilot_status)
    app.command("list", epilog="Example: `baton pilot list demo`")(pilot_list)
    app.command("ledger", epilog="Example: `baton pilot ledger demo`")(pilot_ledger)


def _plain(move: str, /) -> Callable[..., None]:
    def command(
        name: NameArgument,
        reason: ReasonOption,
        company: CompanyOption = DEFAULT_COMPANY,
        out: OutOption = None,
        as_json: JsonOption = False,
    ) -> None:
        from serving.pilots.store import AskedMove

        _moved(company, out, name, as_json, lambda version: AskedMove(move, version, reason))

    return command


def pilot_adopt(  # noqa: PLR0913 - one parameter per option of the command
    name: NameArgument,
    reason: ReasonOption,
    cards: Annotated[
        Path | None,
        typer.Option(
            help="Cards of units that differ: CSV of team_id, role, kpi, weight; the others get what was tried."
        ),
    ] = None,
    valid_from: FromOption = None,
    company: CompanyOption = DEFAULT_COMPANY,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Propose that all teams of the plan get the tried cards; a second person confirms, then HR gets them."""
    from serving.pilots.cards import read_cards
    from serving.pilots.store import AskedMove

    own = () if cards is None else read_cards(cards)
    since = None if valid_from is None else valid_from.date()
    _moved(
        company, out, name, as_json, lambda version: AskedMove("adopt", version, reason, cards=own, valid_from=since)
    )


def pilot_roll_back(
    name: NameArgument,
    reason: ReasonOption,
    valid_from: FromOption = None,
    company: CompanyOption = DEFAULT_COMPANY,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Propose that the cards of before come back; a second person confirms."""
    from serving.pilots.store import AskedMove

    since = None if valid_from is None else valid_from.date()
    _moved(company, out, name, as_json, lambda version: AskedMove("roll_back", version, reason, valid_from=since))


def pilot_status(
    name: NameArgument, company: CompanyOption = DEFAULT_COMPANY, out: OutOption = None, as_json: JsonOption = False
) -> None:
    """Show where a pilot stands, who moved it when and why, and what you may do next."""
    from serving.access.keeper import TOKEN_VARIABLE
    from serving.pilots.opening import open_pilots

    settings, folder = opened(company, out)
    with open_pilots(settings, folder, os.environ.get(TOKEN_VARIABLE)) as (store, user):
        _show(store.get(user, name), as_json)


def pilot_list(
    company: CompanyArgument = DEFAULT_COMPANY,
    of: SameOption = None,
    state: Annotated[str | None, typer.Option(help="Only those in this state, such as running.")] = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show all pilots, the latest change first."""
    from baton import display
    from baton.errors import PolicyError
    from baton.nearest import did_you_mean
    from serving.access.keeper import TOKEN_VARIABLE
    from serving.pilots.moves import PILOT_STATES
    from serving.pilots.opening import open_pilots

    if state is not None and state not in PILOT_STATES:
        raise PolicyError(f"--state {state!r}: there is none{did_you_mean(state, PILOT_STATES)}")
    settings, folder = opened(of or company, out)
    with open_pilots(settings, folder, os.environ.get(TOKEN_VARIABLE)) as (store, user):
        rows = store.find(user, state)
    if as_json:
        display.document({"pilots": rows})
        return
    display.show_table(
        display.open_console(),
        "Pilots",
        ["name", "state", "kpi", "months", "verdict", "changed (UTC)"],
        [
            [
                row["name"],
                row["state"]["en"],
                row["kpi"],
                f"{row['first_month']} to {row['last_month']}",
                row["verdict"] or "",
                row["changed_at"],
            ]
            for row in rows
        ],
    )


def pilot_ledger(
    company: CompanyArgument = DEFAULT_COMPANY,
    of: SameOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was predicted of every pilot and every decision on a card, what came, and how often it came true."""
    from baton import display
    from baton.messages.message import Message, render
    from serving.access.keeper import TOKEN_VARIABLE
    from serving.pilots.opening import open_pilots

    settings, folder = opened(of or company, out)
    with open_pilots(settings, folder, os.environ.get(TOKEN_VARIABLE)) as (store, user):
        found = store.ledger(user)
    if as_json:
        display.document(found)
        return
    console, language = display.open_console(), settings.company.languages[0]
    display.show_table(
        console,
        "Predicted and realised",
        ["what", "state", "kpi", "predicted (90 %)", "realised (90 %)", "came true"],
        [
            [
                row["id"] if row["source"] == "pilot" else f"{row['source']} {row['id'][:8]}",
                row["state"],
                row["kpi"] or row["unit"],
                _interval(row["predicted"]),
                _interval(row["realised"]),
                {True: "yes", False: "no", None: ""}[row["came_true"]],
            ]
            for row in found["rows"]
        ],
    )
    if not found["calibration"]:
        console.print(render(Message("ledger.none"), language), markup=False, soft_wrap=True)
    for each in found["calibration"]:
        console.print(render(calibrated(each), language), markup=False, soft_wrap=True, highlight=False)


def _interval(found: dict[str, Any] | None, /) -> str:
    if found is None or found["effect"] is None:
        return ""
    ends = ("∞" if found[end] is None else f"{found[end]:.3g}" for end in ("low", "high"))
    return f"{found['effect']:.3g} ({' to '.join(ends)})"


def calibrated(each: dict[str, Any], /) -> Message:
    """Say how many predictions of a level came true."""
    from baton.messages.message import Message

    if each["verdict"] == "not enough":
        return Message("ledger.not_enough", each)
    if each["verdict"] == "as stated":
        return Message("ledger.as_stated", each)
    return Message("ledger.too_sure", each) if each["verdict"] == "too sure" else Message("ledger.too_careful", each)


def _moved(company: Path, out: Path | None, name: str, as_json: bool, asked: Callable[[int], AskedMove], /) -> None:
    """Make a move of the version that is there now."""
    from serving.access.keeper import TOKEN_VARIABLE
    from serving.pilots.opening import open_pilots

    settings, folder = opened(company, out)
    with open_pilots(settings, folder, os.environ.get(TOKEN_VARIABLE)) as (store, user):
        seen = store.get(user, name)
        _, found = store.move(user, name, asked(seen["version"]))
    _show(found, as_json)


def _show(found: dict[str, Any], as_json: bool, /) -> None:
    from baton import display

    if as_json:
        display.document(found)
        return
    console = display.open_console()
    console.print(f"{found['name']}: {found['state']['en']} (version {found['version']})", markup=False, soft_wrap=True)
    for move in found["moves"]:
        line = f"  {move['at']}  {move['move']['en']} by {move['by']}: {move['reason']}"
        console.print(line, markup=False, soft_wrap=True, highlight=False)
    for words in (found["outcome"] or {}).get("words", ()):
        console.print(words["en"], markup=False, soft_wrap=True, highlight=False)
    following = ", ".join(each["key"].replace("_", "-") for each in found["next"])
    console.print(f"Next, by you: {following or 'nothing'}", markup=False, soft_wrap=True)
