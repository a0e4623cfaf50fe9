"""The command that watches data and predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.terminal.opening import opened
from baton.terminal.options import DEFAULT_COMPANY, CompanyArgument, JsonOption, LanguageOption, OutOption
from baton.terminal.printing import finite, print_message

if TYPE_CHECKING:
    from models.monitoring.naming import Finding
    from pipelines.monitoring.kept import Outlook
    from pipelines.monitoring.watch import Watch

__all__ = ["monitor"]


def monitor(
    company: CompanyArgument = DEFAULT_COMPANY,
    out: OutOption = None,
    false_alarms: Annotated[
        float, typer.Option(min=0.001, max=12.0, help="Expected a year, over all figures, where nothing changes.")
    ] = 0.25,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what has changed in the data of a run, and what became of earlier predictions; keep this run's."""
    from baton import display
    from pipelines.monitoring.left import leave
    from pipelines.monitoring.watch import watch
    from pipelines.monitoring.words import sentences

    settings, folder = opened(company, out)
    with display.progress() as progress:
        found = watch(settings, folder, progress, false_alarms=false_alarms)
        leave(folder, found)
    if as_json:
        display.document(_document(found))
        return
    for message in sentences(found):
        print_message(message, language or settings.company.languages[0])


def _document(found: Watch, /) -> dict[str, Any]:
    return {
        "alarmed": found.alarmed,
        "until": None if found.until is None else found.until.isoformat(),
        "series": found.series,
        "sources": list(found.sources),
        "false_alarms_a_year": found.false_alarms,
        "findings": [_finding(one) for one in found.findings],
        "predictions": [_outlook(one) for one in found.predictions],
    }


def _finding(finding: Finding, /) -> dict[str, Any]:
    alarm, series = finding.alarm, finding.alarm.series
    return {
        "change": finding.change,
        "source": series.source,
        "column": series.column,
        "figure": series.what,
        "value": series.value,
        "since": finding.since.isoformat(),
        **{name: finite(getattr(alarm, name)) for name in ("before", "now", "low", "high", "score")},
        "factor": finite(finding.factor),
        "also": [_finding(other) for other in finding.also],
    }


def _outlook(one: Outlook, /) -> dict[str, Any]:
    from dataclasses import asdict

    def plain(part: Any) -> dict[str, Any]:
        return {name: finite(value) for name, value in asdict(part).items()}

    realised = None if one.realised is None else {**plain(one.realised), "differs": one.realised.differs}
    return {
        "as_of": one.as_of.isoformat(),
        "days": one.days,
        "complete": one.complete,
        "expected": plain(one.expected),
        "realised": realised,
    }
