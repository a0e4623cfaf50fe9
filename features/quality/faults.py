"""What the checks can find: kinds of fault, how each is treated, and the report of one pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from baton.errors import CompanyFileError
from baton.messages.message import Message
from baton.nearest import did_you_mean

__all__ = ["KINDS", "CheckReport", "Fault", "FaultKind", "Severity", "Treatment", "treatments"]

Severity = Literal["error", "warning"]
Treatment = Literal["stop", "drop", "null", "keep"]

_DONE: Mapping[Treatment, Message | str] = {
    "stop": "",
    "drop": Message("fault.dropped"),
    "null": Message("fault.unknown"),
    "keep": Message("fault.kept"),
}


@dataclass(frozen=True)
class FaultKind:
    """One kind of fault.

    Parameters
    ----------
    name : str
        As in the company file's ``[faults]``.
    default : {"stop", "drop", "null", "keep"}
        What is done where the company file is silent. ``stop``: nothing runs; ``drop``: the row is left out;
        ``null``: the value becomes unknown; ``keep``: it stays as it is.
    allowed : tuple of str
        The treatments that the company file may choose.
    meaning : str
        What it is, for the documentation.
    """

    name: str
    default: Treatment
    allowed: tuple[Treatment, ...]
    meaning: str


def _kinds(*rows: tuple[str, Treatment, str, str]) -> dict[str, FaultKind]:
    return {name: FaultKind(name, default, tuple(allowed.split()), meaning) for name, default, allowed, meaning in rows}  # type: ignore[arg-type]


KINDS: dict[str, FaultKind] = _kinds(
    ("missing_table", "stop", "stop", "none of `cases`, `measures` and `snapshots` is there"),
    ("unreadable_table", "stop", "stop", "a table cannot be opened or read"),
    (
        "empty_table",
        "keep",
        "stop keep",
        "a table has no row: it is left out, but a run stops where nothing else is there to start from",
    ),
    ("one_row", "stop", "stop", "`cases`, `measures` and `snapshots` have one row in all"),
    ("missing_column", "stop", "stop", "a required column is missing"),
    (
        "misspelt_column",
        "keep",
        "stop keep",
        "a column's name is nearly that of a contract column; it is read as an attribute",
    ),
    ("wrong_type", "stop", "stop null", "more than half of a column's values cannot be read as its type"),
    ("unparseable_time", "null", "stop drop null", "a value is no date or time"),
    ("unparseable_number", "null", "stop drop null", "a value is no number"),
    ("unparseable_flag", "null", "stop drop null", "a value is neither yes nor no"),
    ("ambiguous_date", "stop", "stop", "a column's dates can be read day first and month first"),
    (
        "merged_ids",
        "stop",
        "stop",
        "the table `merged_ids` cannot be followed: two new ids for one old, a circle, gaps",
    ),
    (
        "ambiguous_number",
        "stop",
        "stop",
        "a column's numbers read in two ways: 1.250, two decimal marks, some percent signs, several currencies",
    ),
    (
        "other_currency",
        "keep",
        "stop keep",
        "amounts name another currency than `[company] currency`, by a sign or in a column beside them",
    ),
    ("missing_value", "drop", "stop drop", "a required column has no value"),
    ("duplicate_row", "drop", "stop drop keep", "exact duplicate rows"),
    (
        "repeated_event",
        "keep",
        "stop drop keep",
        "rows of `activity` or `case_steps` without a time of day that nothing distinguishes: one event or several",
    ),
    (
        "older_state",
        "drop",
        "stop drop keep",
        "an older state of a row that is there in a newer one too; `drop` keeps the newest",
    ),
    (
        "duplicate_key",
        "stop",
        "stop drop keep",
        "duplicate key: rows of one key differ and nothing decides which is newer; `drop` keeps the first",
    ),
    (
        "similar_id",
        "keep",
        "stop keep",
        "ids of one table that differ only in letter case or blanks; they count as two",
    ),
    (
        "overlapping_periods",
        "keep",
        "stop drop keep",
        "a period of `work` or `measures` begins before an earlier one of the same person or unit has ended",
    ),
    ("orphan", "keep", "stop drop null keep", "an id that the table it refers to does not have"),
    (
        "negative_duration",
        "null",
        "stop drop null keep",
        "answered, closed or rated before it was opened, coaching that ended before it began, or seconds below zero",
    ),
    ("left_before_joined", "drop", "stop drop null keep", "left before joining; `null` makes both times unknown"),
    ("period_reversed", "drop", "stop drop keep", "a period ends before it begins"),
    (
        "step_outside_case",
        "keep",
        "stop drop keep",
        "a step of a case before its opening or after its closing; only the time within the case counts",
    ),
    ("step_reversed", "keep", "stop drop keep", "a step is complete before it starts; how long it took is unknown"),
    (
        "unknown_mark",
        "keep",
        "stop drop keep",
        "a word in `case_steps.lifecycle` that says neither start nor end; such rows show no work",
    ),
    ("step_tie", "keep", "stop keep", "steps of one case have the same time; they are taken in the order of the rows"),
    (
        "far_time",
        "null",
        "stop drop null keep",
        "a time before 1900 or after 2100, or a date that stands for none: 9999-12-31, 1900-01-01, 1970-01-01, …",
    ),
    (
        "placeholder_number",
        "null",
        "stop drop null keep",
        "a number that stands for none: 999, 9999 … repeated far beyond all others, -99 where no other is below zero",
    ),
    ("off_scale", "null", "stop drop null keep", "a value outside its scale, such as a rating of 6 from 1 to 5"),
    (
        "mixed_scale",
        "stop",
        "stop null keep",
        "a column of ratings holds two scales, by time or by channel, process, stage or team; `null` leaves it out",
    ),
    (
        "other_scale",
        "stop",
        "stop null keep",
        "ratings are on another scale than those that the models in use were trained on",
    ),
    (
        "percent_or_share",
        "stop",
        "stop null keep",
        "a KPI that is a share has values such as 72.7 beside 0.4: it is ambiguous which are percent",
    ),
    ("infinite", "null", "stop drop null", "an infinite number"),
    ("weights_sum", "stop", "stop drop keep", "a card's weights do not sum to 100; `drop` leaves the card out"),
    ("unknown_kpi", "keep", "stop drop keep", "a card or a measure names a KPI that the catalogue does not have"),
    (
        "sensitive_kpi",
        "keep",
        "stop drop keep",
        "a card pays for something sensitive or protected, such as absence or overtime, in whatever language",
    ),
    ("unknown_unit", "drop", "stop drop keep", "`measures.unit` is none of employee, team, stage, process, customer"),
    ("kpi_fails", "stop", "stop keep", "a KPI's SQL fails on the company's tables"),
    (
        "cannot_run",
        "stop",
        "stop",
        "what the company file asks for cannot be computed: an outcome without its tables or metric, limits that "
        "collide, a leak in a flat table",
    ),
    (
        "ends_apart",
        "keep",
        "stop keep",
        "a table ends more than 35 days before another, and at its usual rate such a silence is improbable",
    ),
    (
        "planned",
        "drop",
        "stop drop keep",
        "an event or a period after the end of observation: a booking, a plan, or a mistyped year",
    ),
    (
        "planned_time",
        "null",
        "stop drop null keep",
        "an answer, a closing or a rating after the end of observation",
    ),
    (
        "announced",
        "keep",
        "stop keep",
        "somebody joins, leaves or is coached, or a card begins to hold, after the end of observation: not yet",
    ),
    (
        "stray_time",
        "drop",
        "stop drop keep",
        "a few rows more than a year before all others, such as a mistyped year; snapshots begin with the others",
    ),
    ("before_joined", "keep", "stop drop keep", "a case or an activity before the day on which its customer joined"),
    (
        "two_clocks",
        "keep",
        "stop keep",
        "the steps of most cases begin hours before the case was opened, or always equally long after it",
    ),
    ("after_left", "keep", "stop drop keep", "a case or an activity after the day on which its customer left"),
    (
        "outside_employment",
        "keep",
        "stop drop keep",
        "a case, a period or coaching before its employee was hired, or after they left",
    ),
    (
        "left_without_date",
        "keep",
        "stop drop keep",
        "a column such as `status` or `churned` says that a customer has left, and `left_at` does not say when",
    ),
)


@dataclass(frozen=True)
class Fault:
    """One fault of one column, counted.

    Parameters
    ----------
    table, column : str
        Where; the column is empty where the fault is the whole table's.
    kind : str
        A key of ``KINDS``.
    severity : {"error", "warning"}
        An error stops a run.
    count : int
        How many rows (or cards, or KPIs) have it.
    rows : tuple of str
        The first of them: row number, key and value. They may hold employees' ids and are never stored.
    treatment : str
        What is done with it.
    what : Message
        What is wrong.
    remedy : Message, optional
        What to do.
    setting : str
        The line of the company file that handles it; empty until ``features.quality.remedies`` fills it in.
    """

    table: str
    column: str
    kind: str
    severity: Severity
    count: int
    rows: tuple[str, ...]
    treatment: Treatment
    what: Message
    remedy: Message | None = None
    setting: str = ""

    @property
    def stops(self) -> bool:
        """Whether it stops a run."""
        return self.treatment == "stop"

    @property
    def message(self) -> str:
        """What is wrong, in English."""
        return self.what.text

    @property
    def hint(self) -> str:
        """What to do, in English; empty where there is nothing to say."""
        return "" if self.remedy is None else self.remedy.text

    def as_message(self) -> Message:
        """Return where, what, what is done about it, and what to do, without any value of a row."""
        values = {
            "place": f"{self.table}.{self.column}" if self.column else self.table,
            "what": self.what,
            "rows": Message("fault.rows", {"n": self.count}) if self.rows else "",
            "done": _DONE[self.treatment],
            "remedy": "" if self.remedy is None else Message("fault.remedy", {"remedy": self.remedy}),
        }
        return Message("fault.reported", values)

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can say, words in English."""
        fields = ("table", "column", "kind", "severity", "count", "rows", "treatment", "message", "hint", "setting")
        return {name: getattr(self, name) for name in fields}


@dataclass(frozen=True)
class CheckReport:
    """Everything that one pass over the sources found.

    Parameters
    ----------
    faults : tuple of Fault
        Those that stop first.
    rows : mapping of str to int
        Rows per table as they lie in the source.
    switched_off : tuple of Message
        What is switched off, and which table would bring it.
    decided : tuple of Message
        What was decided on the way: columns left out for privacy, scales and formats that were inferred.
    kpis : mapping of str to Coverage
        Per table: the KPIs that it gives, those that stay empty, and why.
    """

    faults: tuple[Fault, ...]
    rows: Mapping[str, int] = field(default_factory=dict)
    switched_off: tuple[Message, ...] = ()
    decided: tuple[Message, ...] = ()
    kpis: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stops(self) -> bool:
        """Whether any fault stops a run."""
        return any(fault.stops for fault in self.faults)

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is switched off, in English."""
        return tuple(each.text for each in self.switched_off)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided on the way, in English."""
        return tuple(each.text for each in self.decided)

    def summary(self) -> list[Message]:
        """Return warnings for a run's record; no value of a row, hence no person's id, is in them."""
        found = [fault.as_message() for fault in self.faults]
        return [*found, *self.decided, *(Message("left_out.reported", {"what": each}) for each in self.switched_off)]


def treatments(chosen: Mapping[str, Treatment], /) -> dict[str, Treatment]:
    """Return how each kind of fault is treated, with the company's choices.

    Parameters
    ----------
    chosen : mapping of str to str
        ``[faults]`` of the company file.

    Raises
    ------
    CompanyFileError
        If a kind is unknown (the nearest is named) or cannot be treated so.

    Examples
    --------
    >>> treatments({"orphan": "drop"})["orphan"]
    'drop'
    >>> treatments({"negative_durations": "null"})
    Traceback (most recent call last):
    baton.errors.CompanyFileError: faults.negative_durations: no such kind of fault; did you mean 'negative_duration'?
    """
    for name, treatment in chosen.items():
        if name not in KINDS:
            hint = did_you_mean(name, KINDS, otherwise=f"known: {', '.join(KINDS)}")
            raise CompanyFileError(f"faults.{name}: no such kind of fault{hint}")
        if treatment not in KINDS[name].allowed:
            choices = ", ".join(KINDS[name].allowed)
            raise CompanyFileError(f"faults.{name}: cannot be {treatment!r}; choose from {choices}")
    return {name: chosen.get(name, kind.default) for name, kind in KINDS.items()}
