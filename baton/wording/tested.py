"""How good predictions were on data that they had not seen, as tables and points, for the report and for pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from baton.charts.plots import Point
from baton.wording.wording import Bilingual, known_text, number, say, verbatim

__all__ = ["Table", "reliability_point", "tested_table"]

_CAUSES = ("macro_f1", "accuracy", "coverage", "accuracy_at_70")
_CHANCES = ("auc", "average_precision", "brier", "log_loss", "ece", "calibration_slope", "lift_at_10")
_NUMBERS = ("rmse", "mae", "r2")


@dataclass(frozen=True)
class Table:
    """A table with its heading."""

    title: Bilingual
    header: Sequence[Bilingual]
    rows: Sequence[Sequence[Bilingual]]


def tested_table(outcome: Bilingual, entry: Mapping[str, Any], /) -> Table:
    """Return how a prediction did beside simple rules.

    Parameters
    ----------
    outcome : Bilingual
        What is predicted.
    entry : mapping
        Its entry of ``evaluation.json``.
    """
    names = [key for key in (*_CAUSES, *_CHANCES, *_NUMBERS) if entry.get(key) is not None]
    intervals = entry.get("intervals") or {}
    rows = [[say("method.baton"), *(_figure(entry.get(key), intervals.get(key)) for key in names)]]
    for baseline, figures in (entry.get("baselines") or {}).items():
        rows.append([_baseline(baseline), *(_figure(figures.get(key), None) for key in names)])
    title = say(
        "method.outcome_title",
        outcome=outcome,
        rows=f"{int(entry.get('rows') or 0):,}",
        split=_split(entry),
    )
    return Table(title, [say("method.who"), *(say(f"metric.{name}") for name in names)], rows)


def _split(entry: Mapping[str, Any], /) -> Bilingual:
    """The split in the words of ``evaluation.json``, which are English; in Chinese its kind."""
    split = entry.get("split", "")
    split = split if isinstance(split, str) else ", ".join(f"{key} {value}" for key, value in split.items())
    key = f"method.split_{entry.get('split_kind')}"
    return Bilingual(verbatim(split).en, say(key).zh) if known_text(key) else verbatim(split)


def _baseline(name: str, /) -> Bilingual:
    return say(f"baseline.{name}") if known_text(f"baseline.{name}") else verbatim(name.replace("_", " "))


def _figure(value: Any, interval: Any, /) -> Bilingual:
    if value is None:
        return verbatim("\N{EN DASH}")
    shown = number(float(value), 3)
    if not interval or interval[0] is None:
        return shown
    return verbatim(
        f"{shown.en} ({number(float(interval[0]), 3).en} to {number(float(interval[1]), 3).en})".replace(
            " to ", "\N{EN DASH}"
        )
    )


def reliability_point(row: Mapping[str, Any], /) -> Point:
    """Return a group of predictions with Wilson's interval for what came true (Wilson 1927).

    Parameters
    ----------
    row : mapping
        Of ``reliability``.
    """
    from statsmodels.stats.proportion import proportion_confint

    share, count = float(row["observed"]), max(float(row["n"]), 1.0)
    low, high = proportion_confint(share * count, count, alpha=0.05, method="wilson")
    return Point(verbatim(""), float(row["mean_predicted"]), share, float(low), float(high))
