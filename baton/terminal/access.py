"""The commands about who may use the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from baton.terminal.options import DEFAULT_COMPANY, CompanyArgument, CompanyOption, JsonOption, SameOption
from baton.terminal.people import pseudonym_of

if TYPE_CHECKING:
    from serving.access.users import Granted

__all__ = ["access_app"]

access_app = typer.Typer(help="Who may use the service: users, roles and tokens.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Of the user: a person or a system.")]
DaysOption = Annotated[
    int | None,
    typer.Option(min=1, max=3650, help="How long the token lasts (default: `token_days` of the company file)."),
]


@access_app.command("grant", epilog="Example: `baton access grant lin --role manager --team T01 --company demo`")
def access_grant(  # noqa: PLR0913 - one parameter per option of the command
    name: NameArgument,
    role: Annotated[str, typer.Option(help="service, analyst, manager, employee or auditor.")],
    team: Annotated[
        list[str] | None, typer.Option(help="A team that the manager leads directly; several times for several.")
    ] = None,
    employee: Annotated[
        str | None, typer.Option(help="The employee that the user is: the id as in your tables, or the pseudonym.")
    ] = None,
    days: DaysOption = None,
    force: Annotated[bool, typer.Option("--force", help="Also a team or an employee that no run knows yet.")] = False,
    company: CompanyOption = DEFAULT_COMPANY,
    as_json: JsonOption = False,
) -> None:
    """Give a user a role and a token, which is shown once; from the first one on, nobody is served without."""
    from baton.catalogue.kpi_names import open_company
    from serving.access.granting import Request, give, require_known

    settings = open_company(company)
    person = None if employee is None else pseudonym_of(settings, employee)
    if not force:
        require_known(settings, teams=tuple(team or ()), employee=person)
    granted = give(settings, Request(name, role, tuple(team or ()), person, days))
    note = ""
    if role in ("manager", "analyst") and person is None:
        note = (
            "Without --employee nobody can see that this user is the same person as another: who has two users could "
            "approve their own decisions."
        )
    _given(granted, as_json, note)


@access_app.command("rotate", epilog="Example: `baton access rotate lin --company demo`")
def access_rotate(
    name: NameArgument,
    days: DaysOption = None,
    company: CompanyOption = DEFAULT_COMPANY,
    as_json: JsonOption = False,
) -> None:
    """Give a user a new token in place of all others, which end at once."""
    from baton.catalogue.kpi_names import open_company
    from serving.access.granting import renew

    _given(renew(open_company(company), name, days), as_json)


@access_app.command("password", epilog="Example: `baton access password lin --company demo`")
def access_password(
    name: NameArgument,
    generate: Annotated[bool, typer.Option("--generate", help="Make a random one, and show it this once.")] = False,
    company: CompanyOption = DEFAULT_COMPANY,
    as_json: JsonOption = False,
) -> None:
    """Give a user a password to sign in to the pages with; who has signed in with the one before must do so again."""
    from baton import display
    from baton.catalogue.kpi_names import open_company
    from serving.access.granting import give_password
    from serving.access.passwords import MIN_LENGTH, new_password

    settings = open_company(company)
    if generate:
        password = new_password()
    else:
        asked = f"Password for {name} ({MIN_LENGTH} characters at least)"
        password = typer.prompt(asked, hide_input=True, confirmation_prompt="The same again", err=True)
    give_password(settings, name, password)
    if as_json:
        display.document({"user": name, **({"password": password} if generate else {})})
        return
    console = display.open_console()
    if generate:
        console.print("The password, which is shown this once:", markup=False)
        console.print(password, markup=False, soft_wrap=True, highlight=False)
    console.print(f"{name} signs in at /pages/ of the service.", markup=False, soft_wrap=True)


@access_app.command("revoke", epilog="Example: `baton access revoke lin --company demo`")
def access_revoke(
    name: NameArgument,
    token: Annotated[
        str | None, typer.Option(help="Only the token that begins so, as `baton access list` shows it.")
    ] = None,
    company: CompanyOption = DEFAULT_COMPANY,
    as_json: JsonOption = False,
) -> None:
    """End a user's tokens, and take the role away; with --token one token alone."""
    from baton import display
    from baton.catalogue.kpi_names import open_company
    from serving.access.granting import take

    ended = take(open_company(company), name, token)
    if as_json:
        display.document({"user": name, "ended": ended})
        return
    display.open_console().print(
        f"{ended} token{'' if ended == 1 else 's'} of {name} ended; a running service knows within two seconds.",
        markup=False,
        soft_wrap=True,
    )


@access_app.command("list", epilog="Example: `baton access list demo`")
def access_list(company: CompanyArgument = DEFAULT_COMPANY, of: SameOption = None, as_json: JsonOption = False) -> None:
    """Show users, roles, teams and tokens: until when they hold, and when they were last used."""
    from baton import display
    from baton.catalogue.kpi_names import open_company
    from serving.access.granting import show

    rows = show(open_company(of or company))
    if as_json:
        display.document({"users": rows})
        return
    if not rows:
        display.open_console().print(
            "Nobody was granted anything yet: the service listens on this machine alone. `baton access grant` begins.",
            markup=False,
            soft_wrap=True,
        )
        return
    display.show_table(
        display.open_console(),
        "Users and tokens (times in UTC)",
        ["user", "role", "teams", "token", "valid until", "last used"],
        [
            [
                row["user"],
                row["role"],
                ", ".join(row["teams"]),
                row["token"] or "",
                _until(row),
                "" if row["used_at"] is None else f"{row['used_at']:%Y-%m-%d %H:%M}",
            ]
            for row in rows
        ],
    )


@access_app.command("demo", epilog="Example: `baton access demo demo`, then `baton serve demo`")
def access_demo(company: CompanyArgument = DEFAULT_COMPANY, of: SameOption = None, as_json: JsonOption = False) -> None:
    """Grant ready-made users of a simulated company, each time anew, and show what to ask the service with each."""
    from baton import display
    from baton.catalogue.kpi_names import open_company
    from serving.access.demo_users import give_demo_users

    made = give_demo_users(open_company(of or company))
    if as_json:
        named = {"passwords": made.passwords, "team_id": made.team_id, "employee": made.employee}
        display.document({"users": made.users, **named})
        return
    console = display.open_console()
    for granted in made.users:
        console.print(
            f"{granted.user} ({granted.role}): {granted.token}", markup=False, soft_wrap=True, highlight=False
        )
    console.print("To sign in at http://127.0.0.1:3000/pages/ (shown this once):", markup=False)
    for name, password in made.passwords.items():
        console.print(f"  {name}: {password}", markup=False, soft_wrap=True, highlight=False)
    lines = (
        f"The manager leads team {made.team_id}; the employee is {made.employee} of it. Tokens and passwords of "
        "before have ended.",
        "Ask with each token what the others may see too, and compare:",
        "  curl -s http://127.0.0.1:3000/recommend_coaching -H 'authorization: Bearer TOKEN' \\",
        f"    -H 'content-type: application/json' -d '{{\"team_id\": \"{made.team_id}\"}}'",
        "  curl -s http://127.0.0.1:3000/recommend_coaching -H 'authorization: Bearer TOKEN' \\",
        f"    -H 'content-type: application/json' -d '{{\"employee_id\": \"{made.employee}\"}}'",
        "Decide (docs/decisions-and-contests.md): the manager proposes, an analyst approves, another answers contests",
    )
    for line in lines:
        console.print(line, markup=False, soft_wrap=True, highlight=False)


def _until(row: dict[str, object], /) -> str:
    if row["revoked_at"] is not None:
        return "revoked"
    return "" if row["expires_at"] is None else f"{row['expires_at']:%Y-%m-%d %H:%M}"


def _given(granted: Granted, as_json: bool, note: str = "", /) -> None:
    from baton import display

    if as_json:
        display.document(
            {"user": granted.user, "role": granted.role, "token": granted.token, "expires_at": granted.expires_at}
        )
        return
    console = display.open_console()
    console.print(f"{granted.user} is {granted.role} until {granted.expires_at:%Y-%m-%d %H:%M} UTC.", markup=False)
    console.print("The token, which is shown this once:", markup=False)
    console.print(granted.token, markup=False, soft_wrap=True, highlight=False)
    if note:
        console.print(note, markup=False, soft_wrap=True)
