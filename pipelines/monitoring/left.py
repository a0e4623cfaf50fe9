"""What a look leaves in the run's folder for the service: pages, metrics and alerts."""

from __future__ import annotations

from baton.files import RunFolder
from baton.retraining.monitored import Monitored, write_monitored
from models.monitoring.naming import Finding
from pipelines.monitoring.watch import Watch
from pipelines.monitoring.words import finding_words, outlook_words, sentences

__all__ = ["leave"]


def leave(folder: RunFolder, found: Watch, /) -> None:
    """Keep what was found, in the place of the look before.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    wrong = [one for one in found.predictions if one.realised is not None and one.realised.differs]
    write_monitored(
        folder,
        Monitored(
            "" if found.until is None else found.until.date().isoformat(),
            found.series,
            {_name(one): finding_words(one)[0] for one in found.findings},
            {one.as_of.date().isoformat(): outlook_words(one) for one in wrong},
            tuple(sentences(found)),
        ),
    )


def _name(finding: Finding, /) -> str:
    """Return a name that stays the same while a change lasts."""
    series = finding.alarm.series
    parts = (finding.change, series.source, series.column, series.what, series.value)
    return " ".join(str(part) for part in parts if part)
