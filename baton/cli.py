"""The command line: parse, call one pipeline, print."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from baton.terminal.access import access_app
from baton.terminal.agents import mcp
from baton.terminal.alerts import alerts_app
from baton.terminal.audit import audit_app
from baton.terminal.diagnosis import diagnose
from baton.terminal.figures import figures
from baton.terminal.kpis import kpi_app, kpis
from baton.terminal.opening import opened
from baton.terminal.options import (
    DEFAULT_COMPANY,
    CompanyArgument,
    ForceOption,
    JsonOption,
    OutOption,
    PageOption,
)
from baton.terminal.pilots import pilot_app
from baton.terminal.policy import policy_app
from baton.terminal.progress import LOG_FORMAT, LogFormat, log_end
from baton.terminal.watching.champions import models_app
from baton.terminal.watching.monitor import monitor
from baton.terminal.watching.retrain import retrain

if TYPE_CHECKING:
    from pipelines.run_summary import RunSummary

__all__ = ["app", "main"]

app = typer.Typer(
    name="baton",
    help="Baton (指挥棒): shows where KPIs point away from the customer, and what to do about it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a pretty traceback would show rows
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(models_app, name="models")
app.add_typer(kpi_app, name="kpi")
app.add_typer(access_app, name="access")
app.add_typer(audit_app, name="audit")
app.add_typer(alerts_app, name="alerts")
app.add_typer(pilot_app, name="pilot")
app.add_typer(policy_app, name="policy")
app.command("monitor", epilog="Example: `baton monitor demo`")(monitor)
app.command("retrain", epilog="Example: `baton retrain demo --dry-run`")(retrain)

LogFormatOption = Annotated[
    LogFormat,
    typer.Option(
        "--log-format",
        envvar="BATON_LOG_FORMAT",
        help="What goes to stderr: lines for people, or one JSON document per event for a scheduler's log.",
    ),
]


@app.callback()
def _options(log_format: LogFormatOption = "text") -> None:
    LOG_FORMAT.set(log_format)


VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Also what was left out by the run before for the same reason.")
]
PreviousOption = Annotated[
    Path | None,
    typer.Option(
        "--previous",
        metavar="RUN",
        help="Folder of an earlier run to compare the advice with (default: what --out holds).",
    ),
]


@app.command(epilog="Example: `baton init mycompany --from exports`")
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write into.")] = Path(),
    exports: Annotated[
        str | None,
        typer.Option("--from", metavar="PLACE", help="Exports to map: a folder, a file, or the address of a database."),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(help="KPI presets to start from: service, product, b2b (default: service, or found out)."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take the guesses of --from without asking.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a commented company file and an empty catalogue; with --from, one that maps exports, and check it."""
    from baton import display

    if exports is None:
        from pipelines.initialise import initialise

        written = initialise(folder, scenario or "service")
        display.written(written, as_json, "Fill in [tables], then: baton validate " + str(folder))
        return
    if not exports.strip():
        from baton.errors import CompanyFileError

        raise CompanyFileError("--from: names no place; give the folder or file of the exports, or `.` for this folder")
    from pipelines.starting.ask import ask_about
    from pipelines.starting.verb import guess, start_from

    with display.progress() as progress:
        guessed = guess(folder, exports, progress=progress)
    if not (yes or as_json) and sys.stdin.isatty() and sys.stdout.isatty():
        guessed = guessed.with_plans(ask_about(guessed.plans))
    with display.progress() as progress:
        started = start_from(guessed, scenario=scenario, progress=progress)
    display.started(started, as_json)
    if started.report.stops:
        raise typer.Exit(2)


@app.command(epilog="Example: `baton simulate demo --customers 2000 --seed 7`")
def simulate(  # noqa: PLR0913 - one parameter per option of the command
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write into.")],
    scenario: Annotated[str, typer.Option(help="Kind of company: service, product, b2b.")] = "service",
    customers: Annotated[
        int | None, typer.Option(min=50, help="How many customers it has over time (default: by scenario).")
    ] = None,
    months: Annotated[
        int | None, typer.Option(min=6, max=120, help="How many months are recorded (default: by scenario).")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same company.")] = 7,
    world: Annotated[
        str | None, typer.Option(help="Which truth rules (default: the scenario's): see docs/simulated-companies.md.")
    ] = None,
    employees: Annotated[int | None, typer.Option(min=4, help="How many people serve (default: by customers).")] = None,
    hint: Annotated[bool, typer.Option(hidden=True, help="Say what to do next.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Write a company of known truth: every source table, company.toml and truth.json."""
    from baton import display
    from pipelines.simulate import simulate as verb

    with display.progress() as progress:
        progress("simulate", 0, 0)
        written = verb(
            folder,
            scenario=scenario,
            customers=customers,
            months=months,
            seed=seed,
            world=world,
            employees=employees,
        )
    display.simulated(written, as_json, hint)


@app.command(epilog="Example: `baton validate demo --report faults.xlsx`")
def validate(
    company: CompanyArgument = DEFAULT_COMPANY,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="A workbook of the faults, for the source's owner."),
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Check the sources against the contract: every fault in one pass; nothing but the report is written."""
    from baton import display
    from baton.catalogue.kpi_names import open_company
    from pipelines.validate import validate as verb
    from pipelines.workbook.faults import write_faults

    settings = open_company(company)
    with display.progress() as progress:
        progress("validate", 0, 0)
        found = verb(settings)
    if report is not None:
        write_faults(settings, found, report, overwrite=force)
    display.faults(found, as_json, report)
    if found.stops:
        raise typer.Exit(2)


@app.command(epilog="Example: `baton preview demo --page preview.html`")
def preview(
    company: CompanyArgument = DEFAULT_COMPANY,
    page: PageOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show each table as Baton understands it: source, columns, types, ranges, examples, keys; nothing is computed."""
    from baton import display
    from baton.catalogue.kpi_names import open_company
    from baton.display_preview import preview as shown
    from pipelines.preview.look import preview as verb
    from pipelines.preview.page import write_page

    settings = open_company(company)
    with display.progress() as progress:
        progress("preview", 0, 0)
        found = verb(settings)
    if page is not None:
        write_page(found, page, overwrite=force)
    shown(found, as_json, page)


app.command(epilog="Example: `baton figures demo --page figures.html`")(figures)
app.command(epilog="Example: `baton kpis FCR --company demo`")(kpis)
app.command(epilog="Example: `baton diagnose demo --page diagnosis.html`")(diagnose)


def _chain(verb: Callable[..., RunSummary], company: Path, out: Path | None, as_json: bool, verbose: bool) -> None:
    from baton import display

    settings, folder = opened(company, out)
    with display.progress() as progress:
        summary = verb(settings, folder, progress)
    display.summary(summary, as_json, verbose=verbose)


def _compared(verb: Callable[..., RunSummary], previous: Path | None, /) -> Callable[..., RunSummary]:
    """Return a verb that compares its advice with an earlier run's."""
    from functools import partial

    from baton.files import RunFolder

    return verb if previous is None else partial(verb, previous=RunFolder(previous))


@app.command(epilog="Example: `baton run demo --out demo/out`")
def run(
    company: CompanyArgument = DEFAULT_COMPANY,
    out: OutOption = None,
    previous: PreviousOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Run the whole chain, from raw tables to advice and report; resumes where an earlier run stopped."""
    from pipelines.run import run as verb

    _chain(_compared(verb, previous), company, out, as_json, verbose)


@app.command(epilog="Example: `baton train demo`")
def train(
    company: CompanyArgument = DEFAULT_COMPANY,
    out: OutOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Train and evaluate the predictors, and register them."""
    from pipelines.run import train as verb

    _chain(verb, company, out, as_json, verbose)


@app.command(epilog="Example: `baton score demo`")
def score(
    company: CompanyArgument = DEFAULT_COMPANY,
    out: OutOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Score the data as they are now with the models trained before."""
    from pipelines.run import score as verb

    _chain(verb, company, out, as_json, verbose)


@app.command(epilog="Example: `baton recommend demo`")
def recommend(
    company: CompanyArgument = DEFAULT_COMPANY,
    out: OutOption = None,
    previous: PreviousOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Estimate effects, and recommend weights and coaching."""
    from pipelines.run import recommend as verb

    _chain(_compared(verb, previous), company, out, as_json, verbose)


@app.command(epilog="Example: `baton export demo --xlsx advice.xlsx --language zh`")
def export(  # noqa: PLR0913 - one parameter per option of the command
    xlsx: Annotated[Path, typer.Option("--xlsx", metavar="FILE", help="The workbook to write.")],
    company: CompanyArgument = DEFAULT_COMPANY,
    out: OutOption = None,
    language: Annotated[
        str | None, typer.Option(help="The first language, en or zh (default: the company's first).")
    ] = None,
    people: Annotated[
        bool, typer.Option("--people", help="With rows about single people, for them and their manager alone.")
    ] = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a run's advice as a workbook: one sheet per table, readable headings, no formulas."""
    from baton import display
    from pipelines.workbook.export import export as verb

    settings, folder = opened(company, out)
    display.exported(verb(settings, folder, xlsx, language=language, people=people, overwrite=force), as_json)


@app.command(epilog="Example: `baton serve demo --port 3000`, then open http://127.0.0.1:3000/")
def serve(
    company: CompanyArgument = DEFAULT_COMPANY,
    out: OutOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 3000,
    allowed_host: Annotated[
        list[str] | None, typer.Option(help="A name under which the service answers, besides this machine's own.")
    ] = None,
) -> None:
    """Serve predictions, advice and the report on one port."""
    from serving.serve import serve as verb

    settings, folder = opened(company, out)
    verb(settings, folder, host=host, port=port, allowed_hosts=allowed_host or (), announce=_announce)


app.command(epilog="Example: `BATON_TOKEN=... baton mcp demo`, as the command of an agent's server")(mcp)


def _announce(sentence: str, /) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def main() -> None:
    """Run the command line: exit 0 on success, 2 on a user's error (one line), 1 on a defect; others in docs/cli.md."""
    from baton.errors import BatonError
    from baton.terminal.stopping import end_when_terminated

    end_when_terminated()

    for stream in (sys.stdout, sys.stderr):
        # Windows consoles may stand on a code page without Chinese
        getattr(stream, "reconfigure", lambda **_: None)(encoding="utf-8", errors="replace")
    try:
        app()
    except BatonError as error:
        log_end(error.exit_code, f"baton: {' '.join(str(error).split())}")
        raise SystemExit(error.exit_code) from None
    except Exception as error:
        if LOG_FORMAT.get() == "text":
            raise
        log_end(1, "baton: a defect of Baton; run it again with --log-format text for the traceback", error)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
