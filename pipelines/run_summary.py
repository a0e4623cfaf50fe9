"""What a run did, and with which versions of what it stands on."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from baton.company import Company
from baton.files import RunFolder, read_json
from baton.messages.message import Message
from baton.run_results import RUN, RunResults
from pipelines.steps import StepRecord

__all__ = ["RunSummary", "left_out", "left_out_lines", "versions", "warnings_of", "write_summary"]

_NOTED_PACKAGES = ("bentoml", "duckdb", "ibis-framework", "lightgbm", "mlflow", "pandas", "scikit-learn", "shap")


@dataclass(frozen=True)
class RunSummary:
    """What a run did.

    Parameters
    ----------
    folder : Path
        Where the results lie.
    steps : tuple of StepRecord
    skipped : dict of str to str
        Outcomes that were not learned, and why.
    warnings : tuple of str
        What a reader of the results must know.
    messages : tuple of dict
        The key and values that each warning was made from; None where an older version kept text alone.
    next_tables : tuple of Message
        What could be shown next, and with which table or column, the most valuable first.
    left_out_before : frozenset of str
        The lines on what was left out that the run before in the same folder ended with.
    """

    folder: Path
    steps: tuple[StepRecord, ...]
    skipped: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    messages: tuple[dict[str, Any] | None, ...] = ()
    next_tables: tuple[Message, ...] = ()
    left_out_before: frozenset[str] = frozenset()


def left_out(folder: RunFolder, causes: Mapping[str, Message], /) -> dict[str, str]:
    """Return the outcomes that were not learned, and why.

    Parameters
    ----------
    causes : mapping of str to Message
        Why root causes were not.
    """
    place = folder.training / "skipped.json"
    recorded = read_json(place) if place.exists() else {}
    found = {name: why.text for name, why in causes.items()}
    return found | {name: Message.recorded(why).text for name, why in recorded.items()}


def left_out_lines(folder: RunFolder, /) -> frozenset[str]:
    """Return what the last finished run in a folder left out, in the lines that it ended with."""
    then = RunResults(folder).document(RUN, {})
    warnings = then.get("warnings") or []
    keys = [(message or {}).get("key") for message in then.get("messages") or [None] * len(warnings)]
    reported = [text for text, key in zip(warnings, keys, strict=False) if key == "left_out.reported"]
    skipped = [f"left out: {name}: {why}" for name, why in (then.get("skipped") or {}).items()]
    return frozenset([*reported, *skipped])


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages on which numbers depend."""
    return {"python": platform.python_version(), **{name: version(name) for name in _NOTED_PACKAGES}}


def warnings_of(company: Company, records: Sequence[StepRecord], /) -> dict[str, dict[str, Any] | None]:
    """Return what readers of the results must know, each once, and the key and values that it was made from.

    Last comes what the company file says by a name of before, which is no matter of the results.
    """
    reported = {text: made for record in records for text, made in zip(record.warnings, record.messages, strict=True)}
    if company.outcomes.by_old_name:
        note = Message("outcome.old_section")
        reported[note.text] = note.as_json()
    return reported


def write_summary(company: Company, folder: RunFolder, summary: RunSummary, made_from: dict[str, Any], /) -> None:
    """Write ``run.json``: what a run was made from, what each step took, and what readers must know.

    Parameters
    ----------
    made_from : dict
        Fingerprints of inputs, code, settings and catalogue.
    """
    content = {
        "company": company.company.name,
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **made_from,
        "seed": company.company.seed,
        "versions": versions(),
        "steps": [asdict(step) for step in summary.steps],
        "skipped": summary.skipped,
        "warnings": list(summary.warnings),
        "messages": list(summary.messages),
    }
    RunResults(folder).write_document(RUN, content)
