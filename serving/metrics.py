"""Counting requests in one process: BentoML counts across many, which needs a folder and a variable of its own."""

from __future__ import annotations

from typing import Any

__all__ = ["count_in_one_process"]


def count_in_one_process(*beside: Any) -> None:
    """Let BentoML's middleware count in memory; the next service that is built counts anew.

    Parameters
    ----------
    *beside
        What else is shown: collectors of Prometheus.
    """
    import prometheus_client
    from bentoml._internal.configuration.containers import BentoMLContainer
    from bentoml._internal.server.metrics.prometheus import PrometheusClient

    class OneProcess(PrometheusClient):
        def __init__(self) -> None:
            super().__init__(multiproc=False)
            self._registry = prometheus_client.CollectorRegistry()
            for collector in beside:
                self._registry.register(collector)

        def generate_latest(self) -> bytes:
            return prometheus_client.generate_latest(self._registry)

    BentoMLContainer.metrics_client.set(OneProcess())
