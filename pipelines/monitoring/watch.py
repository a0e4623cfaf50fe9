"""Watch what came in and what became of predictions, on the tables that a run has cleaned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from baton.company import Company
from baton.files import RunFolder
from baton.progress import Progress, silent
from features.monitoring.moves import moves
from features.monitoring.series import Series, series_of
from features.staging.warehouse import Warehouse
from models.monitoring.detection import FALSE_ALARMS_A_YEAR, alarms
from models.monitoring.naming import Finding, findings
from pipelines.monitoring.kept import Outlook, keep, outlook

__all__ = ["Watch", "all_series", "watch"]


@dataclass(frozen=True)
class Watch:
    """What a look at a company's data and predictions has found.

    Parameters
    ----------
    until : datetime or None
        End of the newest period; None where no table has enough periods.
    series : int
        How many figures are watched.
    sources : tuple of str
        Of which rows.
    false_alarms : float
        Expected number a year where nothing changes.
    findings : list of Finding
        What goes on now.
    predictions : list of Outlook
        What became of each set of predictions, oldest first.
    """

    until: datetime | None
    series: int
    sources: tuple[str, ...]
    false_alarms: float
    findings: list[Finding]
    predictions: list[Outlook]

    @property
    def alarmed(self) -> bool:
        """Whether somebody should look."""
        wrong = (one.realised is not None and one.realised.differs for one in self.predictions)
        return bool(self.findings) or any(wrong)


def watch(
    company: Company, folder: RunFolder, progress: Progress = silent, *, false_alarms: float = FALSE_ALARMS_A_YEAR
) -> Watch:
    """Look at the newest two weeks of a run's tables, and at the predictions that were kept; keep this run's.

    Raises
    ------
    ArtefactError
        If there is no run.
    OutputError
        If predictions cannot be kept.
    """
    from features.staging.stage import open_cleaned

    warehouse = open_cleaned(folder)
    progress("monitor: data", 0, 2)
    series = all_series(warehouse)
    found = findings(alarms(series, all_periods=True, false_alarms=false_alarms))
    progress("monitor: predictions", 1, 2)
    keep(folder)
    came = outlook(company, folder, warehouse)
    progress("monitor", 2, 2)
    ends = [one.periods.end for one in series]
    sources = tuple(dict.fromkeys(one.source for one in series))
    return Watch(max(ends) if ends else None, len(series), sources, false_alarms, found, came)


def all_series(warehouse: Warehouse, /, until: datetime | None = None) -> Sequence[Series]:
    """Return every figure that is watched, as if the data ended at ``until``."""
    series = series_of(warehouse, until)
    cases = next((one for one in series if one.source == "cases" and one.what == "rows"), None)
    moved = None if cases is None else moves(warehouse, cases)
    return series if moved is None else [*series, moved]
