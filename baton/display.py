"""How the command line shows results: tables on stdout for people, one JSON document for programs.

Progress goes to stderr.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baton.informative import is_informative
from baton.messages.since import since_words
from baton.progress import Progress
from baton.run_results import RunResults

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "document",
    "exported",
    "faults",
    "models",
    "notes_of",
    "open_console",
    "progress",
    "show_table",
    "simulated",
    "started",
    "summary",
    "written",
]


def document(value: Any, /) -> None:
    """Print one JSON document."""

    def plain(item: Any) -> Any:
        if is_dataclass(item) and not isinstance(item, type):
            return asdict(item)
        scalar = getattr(item, "item", None)  # numpy's
        if scalar is not None:
            return scalar()
        return str(item)

    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=plain) + "\n")


def open_console(*, stderr: bool = False) -> Console:
    """Return where results are shown, or what goes to stderr."""
    from rich.console import Console

    # piped output is never wrapped to a guessed width
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else 160, highlight=False)


def show_table(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Show a table; what data hold is never taken for markup."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title), title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    console.print(table)


@contextmanager
def progress() -> Iterator[Progress]:
    """Show progress bars on stderr: live on a terminal, one plain line per step elsewhere; JSON where asked."""
    from baton.terminal.progress import LOG_FORMAT, BarsListener, JsonListener, LinesListener

    if LOG_FORMAT.get() == "json":
        yield (log := JsonListener())
        log.finish()
        return
    console = open_console(stderr=True)
    if not console.is_terminal:
        yield LinesListener()
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
    ) as bars:
        listener = BarsListener(bars)
        yield listener
        listener.finish()


_WHY_NOT_EXPORTED = {
    "absent": "not made by this run, or without rows",
    "guessed": "the prediction is no better than guessing",
    "people": "all rows are about single people; --people puts them in",
    "small": "all rows are about groups of fewer people than policy.min_group",
}


def written(paths: Sequence[Path], as_json: bool, hint: str, /) -> None:
    """Show which files were written, and what to do next."""
    if as_json:
        document({"written": [str(path) for path in paths]})
        return
    console = open_console()
    for path in paths:
        console.print(str(path), markup=False, soft_wrap=True)
    console.print(hint, markup=False, soft_wrap=True)


def started(made: Any, as_json: bool, /) -> None:
    """Show what exports were taken for, what is missing, what the checks say, and what to do next."""
    if as_json:
        tables = {
            plan.table: [asdict(line) for line in plan.lines if line.certainty != "left out"] for plan in made.plans
        }
        document(
            {
                "written": str(made.company),
                "tables": tables,
                "unused": made.unused,
                "unread": made.trouble,
                "missing": made.missing,
                "faults": [fault.as_json() for fault in made.report.faults],
                "stops": made.report.stops,
            }
        )
        return
    console = open_console()
    for plan in made.plans:
        rows = [
            ("check" if line.certainty == "likely" else "", line.column, line.source or line.sql, line.why)
            for line in plan.lines
            if line.certainty != "left out" and not line.why.startswith("an attribute")
        ]
        show_table(console, f"{plan.table} from {plan.look.name}", ("", "column", "read from", "why"), rows)
        if plan.note:
            console.print(plan.note, markup=False, soft_wrap=True)
    for title, lines in (("Not used", made.unused), ("Not read", made.trouble)):
        if lines:
            console.print(f"{title}:", markup=False)
            for line in lines:
                console.print(f"  {line}", markup=False, soft_wrap=True)
    faults(made.report, False)
    checks = sum(line.certainty == "likely" for plan in made.plans for line in plan.lines)
    looked = f"look at its {checks} lines with `check`, then " if checks else ""
    verb = "validate" if made.report.stops else "run"
    console.print(f"Written: {made.company}", markup=False, soft_wrap=True)
    console.print(f"Next: {looked}baton {verb} {made.company.parent}", markup=False, soft_wrap=True)


def exported(made: Any, as_json: bool, /) -> None:
    """Show what a workbook holds, and what is not in it."""
    if as_json:
        document(made)
        return
    console = open_console()
    show_table(console, "Workbook", ("table", "rows"), [(name, f"{count:,}") for name, count in made.rows.items()])
    for why in dict.fromkeys(made.left_out.values()):
        names = ", ".join(name for name, its in made.left_out.items() if its == why)
        console.print(f"left out: {names}: {_WHY_NOT_EXPORTED[why]}", markup=False, soft_wrap=True)
    console.print(f"written: {made.path}", markup=False, soft_wrap=True)


def simulated(made: Any, as_json: bool, hint: bool = True, /) -> None:
    """Show a simulated company: its tables, where its truth lies, and what to do next unless somebody does it now."""
    if as_json:
        document(made)
        return
    console = open_console()
    show_table(
        console, f"Simulated: {made.folder}", ("table", "rows"), [(name, f"{n:,}") for name, n in made.rows.items()]
    )
    truth = "What is true in it, to compare the advice with"
    console.print(f"{truth}: {made.folder / 'truth.json'}", markup=False, soft_wrap=True)
    if hint:
        console.print(f"Next: baton run {made.folder}", markup=False, soft_wrap=True)


def faults(report: Any, as_json: bool, written: Path | None = None, /) -> None:
    """Show what the checks found: table, column, count, treatment and the first rows of every fault."""
    if as_json:
        document(
            {
                "stops": report.stops,
                "faults": [fault.as_json() for fault in report.faults],
                "rows": report.rows,
                "left_out": report.left_out,
                "notes": report.notes,
                "kpis": {name: found.as_json() for name, found in report.kpis.items()},
            }
            | ({} if written is None else {"written": str(written)})
        )
        return
    console = open_console()
    tables = [(name, f"{count:,}", *_kpi_counts(report.kpis.get(name))) for name, count in report.rows.items()]
    show_table(console, "Tables", ("table", "rows", "KPIs with values", "KPIs without"), tables)
    if report.faults:
        rows = [
            (
                fault.severity,
                fault.table,
                fault.column,
                fault.kind,
                f"{fault.count:,}",
                fault.treatment,
                "\n".join(filter(None, (fault.message, fault.hint)))
                + (f"\n→ {fault.setting}" if fault.setting else ""),
                ", ".join(str(row) for row in fault.rows),
            )
            for fault in report.faults
        ]
        show_table(
            console,
            "Faults",
            ("severity", "table", "column", "kind", "count", "treatment", "what, and what to do", "first rows"),
            rows,
        )
    for text in report.notes:
        console.print(f"note: {text}", markup=False)
    for text in report.left_out:
        console.print(f"left out: {text}", markup=False)
    if written is not None:
        console.print(f"written: {written}", markup=False, soft_wrap=True)
    console.print(_verdict(report), markup=False)


def _verdict(report: Any, /) -> str:
    if report.stops:
        return "The faults marked `stop` stop a run."
    if any(fault.kind == "cannot_run" for fault in report.faults):
        return "Nothing in the tables stops a run, but it needs something to learn (see cannot_run)."
    return "Nothing stops a run."


def _kpi_counts(found: Any, /) -> tuple[str, str]:
    return ("", "") if found is None else (str(len(found.given)), str(len(found.empty) + len(found.lacking)))


def models(rows: Sequence[Mapping[str, Any]], as_json: bool, /) -> None:
    """Show the registered models."""
    if as_json:
        document({"models": list(rows)})
        return
    console = open_console()
    if not rows:
        console.print("no models are registered yet; `baton run COMPANY` registers them", markup=False)
        return
    columns = list(rows[0])
    show_table(console, "Models", columns, [[_cell(row[column]) for column in columns] for row in rows])


def summary(found: Any, as_json: bool, /, *, verbose: bool = False) -> None:
    """Show what a run did: steps, metrics per outcome, advice, warnings, what more would show, where to read on."""
    results = RunResults(found.folder)
    folder, figures, advice = results.folder.path, results.evaluation, _advice(results)
    changes = results.find("advice_changes")
    since = None if changes is None else since_words(changes)
    if as_json:
        document(
            {
                "folder": str(folder),
                "steps": [asdict(step) for step in found.steps],
                "skipped": found.skipped,
                "evaluation": figures,
                "advice": advice,
                "since_before": None if since is None else since.as_json() | {"text": since.text},
                "warnings": list(found.warnings),
            }
        )
        return
    console = open_console()
    steps = [
        (step.name, "kept" if step.reused else f"{step.seconds:.1f} s", _counts(step.rows)) for step in found.steps
    ]
    show_table(console, "Steps", ("step", "time", "rows"), steps)
    if figures:
        show_table(
            console,
            "How well the outcomes are foreseen, on data the models had not seen",
            ("outcome", "rows", "base rate", "AUC", "95 %", "best baseline", "calibration error"),
            [_outcome_row(name, entry) for name, entry in figures.items()],
        )
    if advice:
        counted = [(name, count) for name, count in advice.items() if count]
        show_table(console, "Advice", ("what", "how many"), counted or [("scorecards", 0)])
    if since is not None:
        console.print(since.text, markup=False, soft_wrap=True)
    for line in notes_of(found, verbose=verbose):
        console.print(line, markup=False, soft_wrap=True)
    if found.next_tables:
        console.print("what more would show:", markup=False)
    for message in found.next_tables:
        console.print(f"  {message.text}", markup=False, soft_wrap=True)
    if (folder / "report.html").exists():
        console.print(f"report: {folder / 'report.html'}", markup=False, soft_wrap=True)


def notes_of(found: Any, /, *, verbose: bool = False) -> list[str]:
    """Return the lines on what was left out and what readers must know; what was left out before, in one line."""
    left_out = [f"left out: {name}: {why}" for name, why in found.skipped.items()]
    notes = []
    for text, message in zip(found.warnings, found.messages, strict=True):
        key = "" if message is None else message["key"]
        if key == "left_out.reported":
            left_out.append(text)
        elif key != "not_learned.left_out":  # it has been said above
            notes.append(f"note: {text}")
    repeated = [line for line in left_out if line in found.left_out_before]
    if verbose or not repeated:
        return [*left_out, *notes]
    fresh = [line for line in left_out if line not in found.left_out_before]
    lines = "1 line" if len(repeated) == 1 else f"{len(repeated)} lines"
    return [*fresh, f"left out, as in the run before: {lines}; --verbose shows them", *notes]


def _counts(rows: Mapping[str, int], /) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in rows.items())


def _cell(value: object, /) -> object:
    return f"{value:.4g}" if isinstance(value, float) else value


_MAIN = {"auc": "", "macro_f1": " (macro-F1)", "r2": " (r²)"}
"""The metric that stands for an outcome, and the word beside it."""


def _outcome_row(name: str, entry: Mapping[str, Any], /) -> list[object]:
    main = next((figure for figure in _MAIN if entry.get(figure) is not None), "r2")
    interval = (entry.get("intervals") or {}).get(main)
    rivals = {
        rival: figures[main]
        for rival, figures in (entry.get("baselines") or {}).items()
        if figures.get(main) is not None
    }
    best = max(rivals, key=lambda rival: rivals[rival]) if rivals else None
    return [
        name,
        f"{entry['rows']:,}",
        _number(entry.get("base_rate")),
        _number(entry.get(main))
        + (_MAIN[main] if entry.get(main) is not None else "")
        + ("" if is_informative(entry) else " (no better than guessing)"),
        _span(interval),
        f"{best} {rivals[best]:.3f}" if best else "",
        _number(entry.get("ece")),
    ]


def _number(value: float | None, /) -> str:
    return "" if value is None else f"{value:.3f}"


def _span(interval: Sequence[float | None] | None, /) -> str:
    """Return an interval in words; fewer than five independent groups have none."""
    low, high = interval or (None, None)
    return "unknown" if low is None or high is None else f"{low:.3f} – {high:.3f}"


def _advice(results: RunResults, /) -> dict[str, int]:
    """Count what is advised; people are counted, never named."""
    found: dict[str, int] = {}
    rows = results.find("weights", ["team_id", "role", "kpi", "verdict"])
    if rows is not None:
        found["scorecards"] = len(rows[["team_id", "role"]].drop_duplicates())
        found["scorecards with a change"] = len(rows[rows["verdict"] != "keep"][["team_id", "role"]].drop_duplicates())
        for verdict in ("raise", "lower", "add", "drop", "keep"):
            found[f"KPI lines to {verdict}"] = int((rows["verdict"] == verdict).sum())
    targets = results.find("targets", ["advised_target", "verdict"])
    if targets is not None and len(targets):
        found["targets advised"] = int(targets["advised_target"].notna().sum())
        for verdict in ("too_easy", "out_of_reach", "harmful"):
            found[f"targets {verdict.replace('_', ' ')}"] = int((targets["verdict"] == verdict).sum())
    drafts = results.find("okrs", ["team_id", "number"])
    if drafts is not None:
        found["drafts of objectives (OKR)"] = len(drafts.drop_duplicates())
    offers = results.find("coaching", ["level"])
    if offers is not None:
        levels = offers["level"].value_counts()
        found.update({f"offers of help, {level}": int(count) for level, count in levels.items()})
    return found
