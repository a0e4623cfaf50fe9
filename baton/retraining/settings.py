"""``[retraining]`` of the company file: when a challenger is trained, and what it must show to become champion."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from baton.section import Section

__all__ = ["Gates", "Retraining"]

Margin = Annotated[float, Field(ge=0, le=1)]


class Gates(Section):
    """``[retraining.gates]``: what a challenger must show against the champion, on rows that neither has learned from.

    Parameters
    ----------
    log_loss : float
        By what share of the champion's log loss (of numbers: squared error) it may be worse, at the upper end of the
        95 % interval.
    calibration : float
        By how much its expected calibration error may be above the champion's.
    worst_segment : float
        By what share it may be clearly worse in any segment.
    fairness : float
        How far any group may clearly be predicted too high or too low, where the champion did better; of numbers, as a
        share of their standard deviation.
    latency_ms : float
        What one row may take.
    agreement : float
        On what share of cards' rows both must not see the KPI move the outcome in opposite directions.
    """

    log_loss: Margin = 0.02
    calibration: Margin = 0.02
    worst_segment: Margin = 0.05
    fairness: Margin = 0.05
    latency_ms: Annotated[float, Field(gt=0, le=60_000)] = 50.0
    agreement: Margin = 0.7


class Retraining(Section):
    """``[retraining]``: when ``baton retrain`` trains a challenger, and how it is compared.

    Parameters
    ----------
    every_days : int
        How much newer the rows with known outcomes must be.
    on_drift : bool
        Whether a change that ``baton monitor`` sees is a reason too.
    shadow : bool
        Whether a challenger that passes first predicts beside the champion.
    origins : int
        From how many moments the comparison starts.
    min_rows, min_events : int
        With fewer rows, or fewer of the rarer outcome among them, nothing is compared.
    """

    every_days: Annotated[int, Field(ge=1, le=3650)] = 90
    on_drift: bool = True
    shadow: bool = False
    origins: Annotated[int, Field(ge=1, le=12)] = 3
    min_rows: Annotated[int, Field(ge=50)] = 200
    min_events: Annotated[int, Field(ge=10)] = 20
    gates: Gates = Gates()
