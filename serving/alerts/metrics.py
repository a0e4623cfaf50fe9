"""What waits, and what monitoring has found, as Prometheus asks for it."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from baton.errors import BatonError
from baton.files import RunFolder
from baton.retraining.monitored import monitored_file, read_monitored

if TYPE_CHECKING:
    from serving.alerts.alerting import Alerting

__all__ = ["AlertMetrics", "MonitorMetrics"]

_SHOWN = {
    "waiting": ("baton_alerts_waiting", "Messages that are not sent yet, those in quiet hours and digests included."),
    "overdue": ("baton_alerts_overdue", "Messages that are due and not sent."),
    "undelivered": ("baton_alerts_undelivered", "Messages that were given up, or are for nobody."),
    "oldest_seconds": ("baton_alerts_oldest_seconds", "Since when the oldest message that is due waits."),
}


class AlertMetrics:
    """A collector of Prometheus.

    Parameters
    ----------
    alerting : weak reference
        To what knows; the metrics keep no service alive.
    """

    def __init__(self, alerting: weakref.ref[Alerting], /) -> None:
        self._alerting = alerting

    def describe(self) -> list[Any]:
        """Return nothing: what is shown is asked for when it is."""
        return []

    def collect(self) -> Iterator[Any]:
        """Yield the gauges; none where there are no rules."""
        from prometheus_client.core import GaugeMetricFamily

        alerting = self._alerting()
        state = {} if alerting is None else alerting.state
        for key, (name, meaning) in _SHOWN.items():
            if key in state:
                yield GaugeMetricFamily(name, meaning, value=float(state[key]))


class MonitorMetrics:
    """What the newest `baton monitor` has found, as a collector of Prometheus.

    Parameters
    ----------
    folder : RunFolder
        Of the run.
    """

    def __init__(self, folder: RunFolder, /) -> None:
        self._folder = folder

    def describe(self) -> list[Any]:
        """Return nothing: what is shown is asked for when it is."""
        return []

    def collect(self) -> Iterator[Any]:
        """Yield the gauges; none where nobody has looked."""
        from prometheus_client.core import GaugeMetricFamily

        try:
            found = read_monitored(self._folder)
            looked_at = monitored_file(self._folder).stat().st_mtime if found is not None else 0.0
        except (BatonError, OSError):
            return
        if found is None:
            return
        yield GaugeMetricFamily("baton_monitor_changes", "Changes in data that go on now.", value=len(found.changes))
        differing = "Sets of predictions that came out otherwise than they promised."
        yield GaugeMetricFamily("baton_monitor_predictions_differing", differing, value=len(found.differing))
        yield GaugeMetricFamily("baton_monitor_looked_at_seconds", "When `baton monitor` has looked.", value=looked_at)
