"""The commands about alerts: look at messages, try whether they arrive, send again what did not."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.terminal.options import DEFAULT_COMPANY, CompanyArgument, JsonOption

if TYPE_CHECKING:
    from baton.company import Company

__all__ = ["alerts_app"]

alerts_app = typer.Typer(help="Alerts: what waits, what was sent, what could not be delivered.", no_args_is_help=True)


@alerts_app.command("list", epilog="Example: `baton alerts list demo --state undelivered`")
def alerts_list(
    company: CompanyArgument = DEFAULT_COMPANY,
    state: Annotated[
        list[str] | None, typer.Option(help="waiting, undelivered or sent; several times for several (default: all).")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many messages.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Show the newest messages: to whom, by what, about how many, and why one did not get through."""
    from baton import display
    from baton.errors import ArtefactError
    from baton.nearest import did_you_mean
    from serving.alerts.listing import STATES, listed

    for name in state or ():
        if name not in STATES:
            raise ArtefactError(f"--state {name}: there are {', '.join(STATES)}{did_you_mean(name, STATES)}")
    with closing(_state(_opened(company))) as opened:
        rows = listed(opened, state or STATES, limit)
    if as_json:
        display.document(rows)
        return
    console = display.open_console()
    if not rows:
        console.print("No messages.", markup=False)
        return
    columns = ("message", "state", "to", "channel", "since", "tries", "alerts", "rules", "why")
    shown = [[", ".join(row[name]) if name == "rules" else row[name] or "" for name in columns] for row in rows]
    display.show_table(console, "Messages", columns, shown)


@alerts_app.command("test", epilog="Example: `baton alerts test demo --channel desk`")
def alerts_test(
    company: CompanyArgument = DEFAULT_COMPANY,
    channel: Annotated[str | None, typer.Option(help="A webhook's name, or email (default: each).")] = None,
    to: Annotated[str | None, typer.Option(help="A user (default: by e-mail everybody who has an address).")] = None,
    as_json: JsonOption = False,
) -> None:
    """Send a test message by each channel, and say what became of it; exit code 2 if one did not get through."""
    from dataclasses import asdict

    from baton import display
    from serving.alerts.listing import try_channels
    from serving.audit.log import AuditLog
    from serving.state.store import open_state, state_exists

    settings = _opened(company)
    if state_exists(settings):
        with closing(open_state(settings)) as state:
            tried = try_channels(settings, AuditLog(state), channel, to)
    else:
        tried = try_channels(settings, None, channel, to)
    if as_json:
        display.document([asdict(each) for each in tried])
    else:
        console = display.open_console()
        for each in tried:
            whom = f" to {each.to}" if each.to else ""
            line = f"{each.channel}{whom}: {each.why or 'arrived'}"
            console.print(line, markup=False, soft_wrap=True)
        if not tried:
            console.print("The company file has no [[alerts.webhook]] and nobody under [alerts.email] addresses.")
    if any(each.why for each in tried):
        raise typer.Exit(2)


@alerts_app.command("retry", epilog="Example: `baton alerts retry demo`")
def alerts_retry(
    company: CompanyArgument = DEFAULT_COMPANY,
    message: Annotated[list[str] | None, typer.Option(help="Only this message; several times for several.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Let undelivered messages be sent again, by the service that runs."""
    from baton import display
    from serving.alerts.listing import retry
    from serving.audit.log import AuditLog

    with closing(_state(_opened(company))) as state:
        count = retry(AuditLog(state), tuple(message or ()))
    if as_json:
        display.document({"waiting": count})
    else:
        display.open_console().print(f"Waiting to be sent again: {count}.", markup=False)


@alerts_app.command("secret", epilog="Example: `baton alerts secret`")
def alerts_secret() -> None:
    """Print a new secret for a webhook: keep it in the environment of the service and of the receiver, in no file."""
    import base64
    import secrets

    from baton import display

    display.open_console().print(f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}", markup=False)


def _opened(company: Path, /) -> Company:
    from baton.catalogue.kpi_names import open_company

    return open_company(company)


def _state(settings: Company, /) -> Any:
    """Open the state; what is not there is not made by looking."""
    from baton.errors import ArtefactError
    from serving.state.store import open_state, state_exists

    if not state_exists(settings):
        raise ArtefactError("there are no alerts yet: nobody was granted access, and alerts go to users")
    return open_state(settings)
