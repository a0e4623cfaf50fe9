"""What a watch has found, in sentences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from baton.messages.message import Message, Value
from features.monitoring.series import Series
from models.monitoring.naming import Change, Finding
from pipelines.monitoring.kept import Outlook
from pipelines.monitoring.watch import Watch

__all__ = ["finding_words", "outlook_words", "sentences"]

_SOURCES: dict[str, Callable[[], Message]] = {
    "cases": lambda: Message("monitor.cases"),
    "closed cases": lambda: Message("monitor.closed_cases"),
    "ratings": lambda: Message("monitor.ratings"),
    "customers": lambda: Message("monitor.customers"),
    "leavers": lambda: Message("monitor.leavers"),
    "activity": lambda: Message("monitor.activity"),
    "case_steps": lambda: Message("monitor.case_steps"),
    "work": lambda: Message("monitor.work"),
    "measures": lambda: Message("monitor.measures"),
    "people": lambda: Message("monitor.people"),
}

_SENTENCES: dict[Change, Callable[[dict[str, Value]], Message]] = {
    "stopped": lambda values: Message("monitor.stopped", values),
    "more": lambda values: Message("monitor.more", values),
    "fewer": lambda values: Message("monitor.more", values),
    "reorganised": lambda values: Message("monitor.reorganised", values),
    "new_value": lambda values: Message("monitor.new_value", values),
    "gone_value": lambda values: Message("monitor.gone_value", values),
    "column_lost": lambda values: Message("monitor.column_lost", values),
    "missing": lambda values: Message("monitor.missing", values),
    "unit": lambda values: Message("monitor.unit", values),
    "level": lambda values: Message("monitor.level", values),
    "mix": lambda values: Message("monitor.mix", values),
}


def sentences(found: Watch, /) -> list[Message]:
    """Return what a manager of data or models should read, what is wrong first."""
    if found.until is None:
        return [Message("monitor.too_short"), *(outlook_words(one) for one in found.predictions)]
    sources = tuple(_SOURCES[source]() for source in found.sources)
    seen: dict[str, Value] = {"series": found.series, "sources": sources, "until": f"{found.until:%Y-%m-%d}"}
    if found.findings:
        first = Message("monitor.found", {"n": len(found.findings), **seen})
    else:
        first = Message("monitor.quiet", seen)
    words = [first, *(part for one in found.findings for part in finding_words(one))]
    for one in found.predictions:
        words.append(outlook_words(one))
        if one.realised is not None and one.realised.differs:
            words.append(Message("monitor.differs"))
    return [*words, Message("monitor.rate", {"rate": found.false_alarms})]


def finding_words(finding: Finding, /) -> list[Message]:
    """Return a change in one sentence, and what changed with it in another."""
    words = [_finding(finding)]
    if finding.also:
        words.append(Message("monitor.also", {"changes": tuple(_also(other) for other in finding.also)}))
    return words


def _finding(finding: Finding, /) -> Message:
    alarm, series = finding.alarm, finding.alarm.series
    values: dict[str, Value] = {
        "what": _what(series),
        "value": _value(series),
        "since": f"{finding.since:%Y-%m-%d}",
        "every": Message("monitor.by_week" if series.periods.every == "week" else "monitor.by_month"),
        "factor": _factor(finding.factor),
        **{name: float(getattr(alarm, name)) for name in ("before", "now", "low", "high")},
    }
    return _SENTENCES[finding.change](values)


def _also(finding: Finding, /) -> Message:
    alarm, series = finding.alarm, finding.alarm.series
    values: dict[str, Value] = {
        "what": _what(series), "value": _value(series), "before": alarm.before, "now": alarm.now,
    }  # fmt: skip
    if series.what in {"share", "missing"}:
        return Message("monitor.also_share", values)
    return Message("monitor.also_number", values)


def _what(series: Series, /) -> Message:
    source = _SOURCES[series.source]()
    if not series.column:
        return source
    if series.what == "level" and series.value:
        return Message("monitor.of_kind", {"source": source, "column": series.column, "value": series.value})
    return Message("monitor.of_column", {"source": source, "column": series.column})


def _value(series: Series, /) -> Value:
    # the share of a flag is that of "yes"; of values that are missing there is no name
    return series.value or (Message("monitor.true") if series.what == "share" else "")


def _factor(factor: float, /) -> Value:
    if not np.isfinite(factor):
        return ""
    if factor >= 1:
        return Message("monitor.times", {"n": round(factor)})
    return Message("monitor.one_of", {"n": round(1 / factor)})


def outlook_words(one: Outlook, /) -> Message:
    """Return what became of a set of predictions."""
    as_of = f"{one.as_of:%Y-%m-%d}"
    if one.realised is None:
        known: dict[str, Value] = {"as_of": as_of, "rows": one.expected.rows, "events": one.expected.events}
        if not np.isfinite(one.expected.auc):
            return Message("monitor.promised_alike", known)
        return Message("monitor.promised", known | {"auc": one.expected.auc, "loss": one.expected.log_loss})
    came = one.realised
    values: dict[str, Value] = {
        "as_of": as_of, "events": came.events, "predicted": came.predicted, "low": came.low, "high": came.high,
    }  # fmt: skip
    if not np.isfinite(came.auc):
        return Message("monitor.so_far", values | {"days": one.days})
    return Message("monitor.realised", values | {"auc": came.auc, "loss": came.log_loss})
