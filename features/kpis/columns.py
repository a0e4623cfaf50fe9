"""Names of columns in tables of cases: what a column holds is its prefix, so that a KPI may be called like any of them.

``x:`` is context known when the case opened, ``kpi:`` a KPI's value in the case, ``y:`` an outcome of the case,
``later:`` the same outcome one horizon later. Nobody else writes or reads these prefixes.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "context_column",
    "context_columns",
    "has_prefix",
    "is_kpi_column",
    "kpi_column",
    "later_column",
    "outcome_column",
    "outcome_columns",
    "outcome_of",
]

CONTEXT = "x:"
KPI = "kpi:"
OUTCOME = "y:"
LATER = "later:"


def kpi_column(kpi_id: str, /) -> str:
    """Return the column of a KPI's value in a case.

    Examples
    --------
    >>> kpi_column("priority")
    'kpi:priority'
    """
    return KPI + kpi_id


def later_column(outcome: str, /) -> str:
    """Return the column of an outcome in the horizon after the next, of those whom it had not reached before.

    Examples
    --------
    >>> later_column("churn")
    'later:churn'
    """
    return LATER + outcome


def context_column(name: str, /) -> str:
    """Return the column of something known when the case opened.

    Examples
    --------
    >>> context_column("tenure_days")
    'x:tenure_days'
    """
    return CONTEXT + name


def outcome_column(outcome: str, /) -> str:
    """Return the column of an outcome of the case.

    Examples
    --------
    >>> outcome_column("churn")
    'y:churn'
    """
    return OUTCOME + outcome


def is_kpi_column(column: object, /) -> bool:
    """Whether a column holds a KPI's value."""
    return str(column).startswith(KPI)


def has_prefix(column: object, /) -> bool:
    """Whether a column holds context, a KPI's value or an outcome; the others are keys and times."""
    return str(column).startswith((CONTEXT, KPI, OUTCOME, LATER))


def context_columns(columns: Iterable[object], /) -> list[str]:
    """Return the columns of context among some.

    Examples
    --------
    >>> context_columns(["case_id", "x:segment", "kpi:x:odd", "y:churn"])
    ['x:segment']
    """
    return [str(name) for name in columns if str(name).startswith(CONTEXT)]


def outcome_columns(columns: Iterable[object], /) -> list[str]:
    """Return the columns of outcomes among some."""
    return [str(name) for name in columns if str(name).startswith(OUTCOME)]


def outcome_of(column: str, /) -> str:
    """Return the outcome that a column holds.

    Examples
    --------
    >>> outcome_of("y:driver:csat")
    'driver:csat'
    """
    return column.removeprefix(OUTCOME)
