"""What is predicted: churn, the decline of a unit's metric, or an outcome that each case has itself.

The only place that knows how an outcome is written in files, folders and answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from baton.errors import ArtefactError
from baton.messages.message import Message, Name

__all__ = [
    "CASE_TABLE",
    "LEAVING",
    "VALUE",
    "WORTH",
    "Kind",
    "Outcome",
    "first_of_kind",
    "folder_name",
    "kind_of",
    "outcome_folder",
    "served",
    "table_of",
]

Kind = Literal["churn", "decline", "case"]

CASE_TABLE = "driver"
"""How a case outcome is called in names that leave: its table of results, its keys, the predictor's file."""

VALUE = "value"
"""The outcome that effects are on where what customers who leave are worth counts; nothing predicts it."""
WORTH = "worth"
"""All outcomes that the policy puts a price on, together, in money; nothing predicts it."""
LEAVING = ("churn", VALUE)
"""Outcomes of a customer within the horizon; all others are of a single case."""

_UNITS = {
    "employee": "outcome.of_person",
    "team": "outcome.of_team",
    "stage": "outcome.of_stage",
    "process": "outcome.of_process",
    "customer_kind": "outcome.of_customer_kind",
}


@dataclass(frozen=True, order=True)
class Outcome:
    """One outcome that is predicted or served.

    Parameters
    ----------
    kind : {"churn", "decline", "case"}
    unit : str
        Whose metric declines: employee, team, stage, process, customer_kind; empty for other kinds.
    metric : str
        The KPI that declines, or whose value is the case's outcome; empty for churn.

    Raises
    ------
    ArtefactError
        If a decline lacks its unit or metric, or a case outcome its metric.

    Examples
    --------
    >>> str(Outcome("decline", unit="team", metric="csat")), Outcome("decline", unit="team", metric="csat").folder
    ('decline:team:csat', 'decline.team.csat')
    >>> str(Outcome("case", metric="csat"))
    'driver:csat'
    """

    kind: Kind
    unit: str = ""
    metric: str = ""

    def __post_init__(self) -> None:
        wanted = {"churn": (False, False), "decline": (True, True), "case": (False, True)}[self.kind]
        if (bool(self.unit), bool(self.metric)) != wanted:
            raise ArtefactError(f"outcome {str(self)!r}: {_KNOWN}")

    def __str__(self) -> str:
        """Return the outcome's key in ``evaluation.json``, tables, the registry and the service's answers.

        The key of a case outcome begins with ``driver``, as it always has: files and programs of users hold it.
        """
        return ":".join(part for part in (table_of(self.kind), self.unit, self.metric) if part)

    @classmethod
    def parse(cls, key: str, /) -> Outcome:
        """Return the outcome that a key names.

        Raises
        ------
        ArtefactError
            If it names none.

        Examples
        --------
        >>> Outcome.parse("driver:csat")
        Outcome(kind='case', unit='', metric='csat')
        >>> Outcome.parse("decline:team:csat").unit
        'team'
        >>> Outcome.parse("weather")
        Traceback (most recent call last):
        baton.errors.ArtefactError: outcome 'weather': known are churn, decline:<unit>:<metric> and driver:<metric>
        """
        word, _, rest = key.partition(":")
        if key == "churn":
            return cls("churn")
        unit, colon, metric = rest.partition(":")
        if word == "decline" and unit and colon and metric:
            return cls("decline", unit, metric)
        if word == CASE_TABLE and rest:
            return cls("case", metric=rest)
        raise ArtefactError(f"outcome {key!r}: {_KNOWN}")

    @property
    def folder(self) -> str:
        """The name of the outcome's folder under ``training/`` and ``models/``."""
        return folder_name(str(self))

    def title(self, metric: Name | str = "", /, low: float | None = None) -> Message:
        """Return what people call the outcome.

        Parameters
        ----------
        metric : Name or str
            What its metric is called; its id if not given.
        low : float, optional
            The limit up to which a case's value is a poor one, where the company file gives one.

        Examples
        --------
        >>> Outcome("case", metric="csat").title("Satisfaction", 2).text
        'Satisfaction of 2 or less'
        """
        named = {"metric": metric or self.metric}
        if self.kind == "decline":
            unit = Message(_UNITS[self.unit]) if self.unit in _UNITS else self.unit
            return Message("outcome.decline", named | {"unit": unit})
        if self.kind == "case":
            if low is not None:
                return Message("outcome.low", named | {"low": f"{low:g}"})
            return Message("outcome.case", named)
        return Message("outcome.churn")


_KNOWN = "known are churn, decline:<unit>:<metric> and driver:<metric>"


def table_of(kind: Kind, /) -> str:
    """Return the name of the result table with the predictions of a kind: the first word of its keys.

    Examples
    --------
    >>> [table_of(kind) for kind in ("churn", "decline", "case")]
    ['churn', 'decline', 'driver']
    """
    return CASE_TABLE if kind == "case" else kind


def kind_of(key: str, /) -> Kind | None:
    """Return the kind of outcome that a key of ``evaluation.json`` names; None for others, such as root causes.

    Examples
    --------
    >>> kind_of("driver:csat"), kind_of("root_cause")
    ('case', None)
    """
    word = key.partition(":")[0]
    return next((kind for kind in get_args(Kind) if table_of(kind) == word), None)


def first_of_kind(keys: Iterable[str], kind: Kind, /) -> str | None:
    """Return the first key that names an outcome of a kind.

    Examples
    --------
    >>> first_of_kind(["root_cause", "decline:team:csat", "churn"], "decline")
    'decline:team:csat'
    """
    return next((key for key in keys if kind_of(key) == kind), None)


def folder_name(key: str, /) -> str:
    """Return a key of ``evaluation.json`` as folders and the registry have it: a colon may not stand there.

    Examples
    --------
    >>> folder_name("decline:team:csat"), folder_name("root_cause")
    ('decline.team.csat', 'root_cause')
    """
    return key.replace(":", ".")


def outcome_folder(root: Path, outcome: Outcome | str, /) -> Path:
    """Return the folder of an outcome, or of root causes, below ``training/`` or ``models/``.

    Examples
    --------
    >>> outcome_folder(Path("models"), "decline:team:csat").as_posix()
    'models/decline.team.csat'
    """
    return root / folder_name(str(outcome))


def served(outcomes: Iterable[str], /) -> str | None:
    """Return the outcome that weights serve: all that have a price together, else churn, else the first; None of none.

    Examples
    --------
    >>> served(["driver:csat", "churn"]), served(["driver:csat", "driver:nps"]), served([])
    ('churn', 'driver:csat', None)
    >>> served(["churn", "driver:csat", "worth"])
    'worth'
    """
    known = list(outcomes)
    return next((name for name in (WORTH, "churn") if name in known), next(iter(known), None))
