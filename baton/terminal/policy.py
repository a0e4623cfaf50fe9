"""The commands about what is policy: versions of scorecards, targets and limits."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.terminal.opening import opened
from baton.terminal.options import (
    DEFAULT_COMPANY,
    CompanyArgument,
    CompanyOption,
    JsonOption,
    LanguageOption,
    OutOption,
    SameOption,
)

if TYPE_CHECKING:
    from baton.company import Company
    from baton.files import RunFolder
    from baton.messages.numbers import Language
    from serving.policy.versions import Version

__all__ = ["policy_app"]

policy_app = typer.Typer(
    help="What is policy: versions of scorecards, targets and limits, who decided them, and on which evidence.",
    no_args_is_help=True,
)

NumberOption = Annotated[int | None, typer.Option("--version", min=1, help="Which version (default: the newest).")]


@policy_app.command("list", epilog="Example: `baton policy list demo`")
def policy_list(company: CompanyArgument = DEFAULT_COMPANY, of: SameOption = None, as_json: JsonOption = False) -> None:
    """Show all versions: who decided when, why, and on which decision or pilot."""
    from baton import display
    from serving.policy.shapes import summary_of

    _, versions = _versions(of or company)
    rows = [summary_of(version) for version in versions]
    if as_json:
        display.document({"versions": rows})
        return
    _table(
        "Versions of the policy (times in UTC)",
        ["version", "at", "what", "evidence", "proposed by", "confirmed by", "reason"],
        [
            [row[name] for name in ("version", "at", "what", "evidence", "proposed_by", "confirmed_by", "reason")]
            for row in rows
        ],
    )


@policy_app.command("show", epilog="Example: `baton policy show demo --version 3`")
def policy_show(
    company: CompanyArgument = DEFAULT_COMPANY,
    of: SameOption = None,
    version: NumberOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the scorecards, targets and limits of a version."""
    from baton import display
    from serving.policy.shapes import LINE, as_document

    settings, versions = _versions(of or company)
    document = as_document(_chosen(versions, version), settings.company.name)
    if as_json:
        display.document(document)
        return
    _table(f"Version {document['version']}", list(LINE), [list(line.values()) for line in document["scorecards"]])
    _table("Limits", ["limit", "value"], [list(each) for each in document["limits"].items()])


@policy_app.command("compare", epilog="Example: `baton policy compare 2 3 --company demo`")
def policy_compare(
    before: Annotated[int, typer.Argument(metavar="A", min=1, help="A version.")],
    after: Annotated[int, typer.Argument(metavar="B", min=1, help="Another one.")],
    company: CompanyOption = DEFAULT_COMPANY,
    as_json: JsonOption = False,
) -> None:
    """Show what differs between two versions."""
    from baton import display
    from serving.policy.shapes import differences

    _, versions = _versions(company)
    rows = differences(_chosen(versions, before), _chosen(versions, after))
    if as_json:
        display.document({"differences": rows})
        return
    columns = ["team_id", "role", "kpi", "what", "before", "after"]
    _table(f"From version {before} to {after}", columns, [[row[name] for name in columns] for row in rows])


@policy_app.command("check", epilog="Example: `baton policy check demo`")
def policy_check(
    company: CompanyArgument = DEFAULT_COMPANY,
    of: SameOption = None,
    out: OutOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether what was decided is in the scorecards, and whether today's data would advise it again."""
    from baton import display
    from baton.run_results import RunResults
    from serving.loading import plain_rows
    from serving.policy.standing import standing_lines

    settings, folder = opened(of or company, out)
    newest = _chosen(_seen(settings, folder), None)
    lines = standing_lines(newest, plain_rows(RunResults(folder).arrow("weights")))
    if as_json:
        display.document({"version": newest.number, "lines": lines})
        return
    _say_standing(lines, language or settings.company.languages[0])


def _say_standing(lines: Sequence[Mapping[str, Any]], language: Language, /) -> None:
    from baton.messages.message import Message
    from baton.terminal.printing import print_message
    from serving.policy.standing import stands_of

    of_stand = stands_of(lines)
    cards = sum(of_stand.values())
    if cards == of_stand["stands"]:
        print_message(Message("policy_check.quiet", {"n": cards}), language)
        return
    print_message(Message("policy_check.cards", {"n": cards}), language)
    words = {
        "not_in_source": Message("policy_check.not_in_source", {"n": of_stand["not_in_source"]}),
        "would_change": Message("policy_check.would_change", {"n": of_stand["would_change"]}),
        "no_advice": Message("policy_check.no_advice", {"n": of_stand["no_advice"]}),
        "stands": Message("policy_check.stands", {"n": of_stand["stands"]}),
    }
    for stand, count in of_stand.items():
        if count:
            print_message(words[stand], language)
    columns = ["team_id", "role", "kpi", "decided", "in_source", "advised", "stands"]
    others = [line for line in lines if line["stands"] != "stands"]
    rows = [[*(line[name] for name in columns), (line["reason"] or {}).get(language, "")] for line in others]
    _table("Lines that do not stand (points)", [*columns, "reason"], rows)


@policy_app.command("export", epilog="Example: `baton policy export next.csv --company demo`")
def policy_export(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="To be written: .xlsx, .csv (for HR) or .json.")],
    version: NumberOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    company: CompanyOption = DEFAULT_COMPANY,
) -> None:
    """Write a version for HR and other systems; the CSV has the columns of the table scorecards."""
    from baton import display

    settings, versions = _versions(company)
    chosen = _chosen(versions, version)
    _write(path, settings, versions, chosen, force)
    display.open_console().print(f"Version {chosen.number}: {path}", markup=False, soft_wrap=True, highlight=False)


def _write(path: Path, company: Company, versions: Sequence[Version], chosen: Version, force: bool, /) -> None:
    import json

    from baton.errors import PolicyError
    from baton.files import new_file
    from serving.audit.sheets import write_csv
    from serving.policy.shapes import LINE, as_document, lines_of

    ending = path.suffix.lower()
    if ending == ".xlsx":
        _write_workbook(path, company, versions, chosen, force)
        return
    if ending not in (".csv", ".json"):
        raise PolicyError(f"{path}: give a name that ends with .xlsx, .csv or .json")
    with new_file(path, overwrite=force) as place:
        if ending == ".csv":
            write_csv(place, LINE, lines_of(chosen))
        else:
            document = as_document(chosen, company.company.name)
            place.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")


def _write_workbook(path: Path, company: Company, versions: Sequence[Version], chosen: Version, force: bool, /) -> None:
    from baton.messages.message import Message, render
    from baton.sheets.book import Column, opened
    from serving.policy.shapes import LINE, differences, lines_of, summary_of

    def columns(*names: str) -> list[Column]:
        return [Column((name,)) for name in names]

    def say(message: Message) -> str:
        return render(message, company.company.languages[0])

    summaries = [summary_of(each) for each in versions]
    before = [each for each in versions if each.number == chosen.number - 1]
    with opened(path, company.company.name, overwrite=force) as book:
        lines = lines_of(chosen)
        book.table(
            say(Message("policy_sheet.cards")), columns(*LINE), [[line[name] for name in LINE] for line in lines]
        )
        rows = differences(before[0], chosen) if before else []
        changed = ("team_id", "role", "kpi", "what", "before", "after")
        cells = [[_cell(row[name]) for name in changed] for row in rows]
        book.table(say(Message("policy_sheet.changes")), columns(*changed), cells)
        limits = [[name, _cell(value)] for name, value in chosen.limits.items()]
        book.table(say(Message("policy_sheet.limits")), columns("limit", "value"), limits)
        of = tuple(summaries[0])
        cells = [[_cell(row[name]) for name in of] for row in summaries]
        book.table(say(Message("policy_sheet.versions")), columns(*of), cells)


def _cell(value: Any, /) -> Any:
    return value if value is None or (isinstance(value, int | float) and not isinstance(value, bool)) else str(value)


def _versions(company: Path, /) -> tuple[Company, list[Version]]:
    settings, folder = opened(company, None)
    return settings, _seen(settings, folder)


def _seen(company: Company, folder: RunFolder, /) -> list[Version]:
    from baton.errors import DeniedError
    from serving.access.keeper import TOKEN_VARIABLE
    from serving.access.rules import may_at_all
    from serving.pilots.opening import open_pilots

    with open_pilots(company, folder, os.environ.get(TOKEN_VARIABLE)) as (store, user):
        if not may_at_all(user, "read_pilot"):
            raise DeniedError(f"the role {user.role} may not see the policy")
        return store.policy(user)


def _chosen(versions: Sequence[Version], number: int | None, /) -> Version:
    from baton.errors import PolicyError

    if not versions:
        raise PolicyError("nothing is policy yet: a decision on a scorecard that is approved, or an adopted pilot, is")
    if number is not None and number > len(versions):
        raise PolicyError(f"version {number}: there are {len(versions)}")
    return versions[-1 if number is None else number - 1]


def _table(title: str, columns: list[str], rows: Sequence[Sequence[Any]], /) -> None:
    from baton import display

    shown = [["" if cell is None else str(cell) for cell in row] for row in rows]
    display.show_table(display.open_console(), title, columns, shown)
