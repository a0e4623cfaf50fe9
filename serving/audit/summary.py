"""An auditor's summary in words: what was advised, who decided, how contests were answered, what is not known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from baton.messages.message import Message, Value, render
from baton.messages.numbers import Language
from serving.audit.figures import Contests, Oversight
from serving.audit.results import Run
from serving.audit.titles import ROOT_CAUSE, verdict_name
from serving.audit.verify import Verification
from serving.decisions.words import kind_name, state_name

__all__ = ["Facts", "check_page", "summary_page"]

_IMPACT: Mapping[str, str] = {
    "pass": "audit_impact.pass",
    "fail": "audit_impact.fail",
    "no worse than today": "audit_impact.no_worse",
    "cannot be told": "audit_impact.cannot_be_told",
}
SCRIPT = """import hashlib, json
from cryptography.hazmat.primitives.serialization import load_pem_public_key

with open("audit.pub", "rb") as file:
    key = load_pem_public_key(file.read())
digests = ["0" * 64]
for number, line in enumerate(open("log.jsonl", encoding="utf-8"), start=1):
    entry = json.loads(line)
    digest = hashlib.sha256((digests[-1] + entry["row"]).encode()).hexdigest()
    if json.loads(entry["row"])["number"] != number or digest != entry["digest"]:
        raise SystemExit(f"row {number} is not the one that was written here")
    key.verify(bytes.fromhex(entry["signature"]), bytes.fromhex(digest))
    digests.append(digest)
for line in open("heads.jsonl", encoding="utf-8"):
    head = json.loads(line)
    key.verify(bytes.fromhex(head["signature"]), bytes.fromhex(head["digest"]))
    if head["number"] >= len(digests) or digests[head["number"]] != head["digest"]:
        raise SystemExit(f"row {head['number']} was noted and is gone, or is another")
print("OK", len(digests) - 1, digests[-1])
"""
"""What an auditor runs; it is tested as it is printed."""


@dataclass(frozen=True)
class Facts:
    """What a summary is about.

    Parameters
    ----------
    company : str
        Its name.
    made_at : datetime
        Naive, in UTC.
    verification : Verification
        Of the audit log.
    oldest : datetime or None
        Time of its first row.
    views : int
        How often a person's row was looked at.
    oversight : Oversight
        What people did with the advice.
    contests : Contests
        How they were answered.
    answer_days : int
        Within how many days they are to be.
    run : Run
        What the advice came from.
    titles : mapping of str to Message
        What the outcomes of its evaluation are called.
    impact_ratio : float
        The smallest impact ratio that the policy allows.
    """

    company: str
    made_at: datetime
    verification: Verification
    oldest: datetime | None
    views: int
    oversight: Oversight
    contests: Contests
    answer_days: int
    run: Run
    titles: Mapping[str, Message]
    impact_ratio: float


def summary_page(facts: Facts, language: Language, /) -> str:
    """Return the summary as Markdown."""
    parts: list[tuple[str, Sequence[Message]]] = [
        ("audit_summary.log", _log(facts)),
        ("audit_summary.advised", _advised(facts)),
        ("audit_summary.decided", _decided(facts.oversight)),
        ("audit_summary.oversight", _oversight(facts)),
        ("audit_summary.contests", _contests(facts)),
        ("audit_summary.explained", [Message("audit_summary.explanation")]),
        ("audit_summary.impact", _impact(facts)),
    ]
    lines = [
        f"# {render(Message('audit_summary.title', {'company': facts.company}), language)}",
        render(Message("audit_summary.made", {"at": f"{facts.made_at:%Y-%m-%d %H:%M}"}), language),
    ]
    for key, messages in parts:
        lines += [f"## {render(Message(key), language)}", *(f"- {render(each, language)}" for each in messages)]
    return "\n\n".join(lines) + "\n"


def check_page(key: str, /) -> str:
    """Return how to check the log, in both languages, as Markdown."""
    lines: list[str] = []
    languages: tuple[Language, ...] = ("en", "zh")
    for language in languages:
        lines += [
            f"# {render(Message('audit_verify.title'), language)}",
            render(Message("audit_verify.how", {"key": key}), language),
            f"```python\n{SCRIPT}```" if language == "en" else "",
            render(Message("audit_verify.unseen"), language),
        ]
    return "\n\n".join(filter(None, lines)) + "\n"


def _log(facts: Facts, /) -> list[Message]:
    found = facts.verification
    values: dict[str, Value] = {"rows": found.rows, "head": found.digest, "key": found.key, "n": len(found.faults)}
    if found.faults:
        messages = [Message("audit_summary.unsound", values), *(fault.message for fault in found.faults)]
    else:
        key = "audit_summary.sound" if found.rows else "audit_summary.empty"
        messages = [Message(key, {**values, "n": found.rows})]
    if facts.oldest is not None:
        messages.append(Message("audit_summary.since", {"day": f"{facts.oldest:%Y-%m-%d}"}))
    return messages


def _advised(facts: Facts, /) -> list[Message]:
    run = facts.run
    if not run.there:
        return [Message("audit_summary.no_run")]
    counted = tuple(
        Message("audit_summary.verdict", {"name": verdict_name(name), "n": n}) for name, n in run.verdicts.items()
    )
    messages = [Message("audit_summary.run", {"at": str(run.recorded.get("finished_at", ""))})]
    if counted:
        messages.append(Message("audit_summary.cards", {"text": counted}))
    messages.append(Message("audit_summary.coaching", {"n": run.coaching}))
    for outcome, measured in run.evaluation.items():
        title = facts.titles.get(outcome, outcome)
        how = _how(measured, "accuracy" if outcome == ROOT_CAUSE else "auc")
        messages.append(
            Message("audit_summary.other_measure", {"outcome": title})
            if how is None
            else Message("audit_summary.outcome", {"outcome": title, "how": how})
        )
    return messages


def _how(measured: Any, measure: str, /) -> Message | None:
    """Say how good a model is by one measure of it, where it has that."""
    value = measured.get(measure) if isinstance(measured, Mapping) else None
    if value is None:
        return None
    low, high = (measured.get("intervals") or {}).get(measure) or (None, None)
    if measure == "accuracy":
        guessed = ((measured.get("baselines") or {}).get("majority") or {}).get("accuracy")
        if None in (low, high, guessed):
            return None
        values = {"accuracy": value, "low": low, "high": high, "guessed": guessed}
        return Message("audit_summary.names", values)
    if low is None or high is None:
        return Message("audit_summary.ranks_bare", {"auc": value})
    return Message("audit_summary.ranks", {"auc": value, "low": low, "high": high})


def _decided(found: Oversight, /) -> list[Message]:
    if not found.decisions:
        return [Message("audit_summary.no_decisions")]
    return [
        Message("audit_summary.decisions", {"n": found.decisions, "people": found.people}),
        *(
            Message(
                "audit_summary.stands", {"kind": _named(kind_name, kind), "state": _named(state_name, state), "n": n}
            )
            for (kind, state), n in found.states.items()
        ),
    ]


def _named(names: Callable[[str], Message], key: str, /) -> Message | str:
    try:
        return names(key)
    except KeyError:  # of another Baton
        return key


def _oversight(facts: Facts, /) -> list[Message]:
    found = facts.oversight
    return [
        Message("audit_summary.changed", {"n": found.changed, "dismissed": found.dismissed}),
        Message("audit_summary.second", {"n": found.second}),
        Message("audit_summary.views", {"n": facts.views}),
        Message("audit_summary.not_known"),
    ]


def _contests(facts: Facts, /) -> list[Message]:
    found = facts.contests
    if not found.count:
        return [Message("audit_summary.no_contests")]
    counts: dict[str, Value] = {
        "in_time": found.in_time, "late": found.late, "waiting": found.waiting, "overdue": found.overdue,
    }  # fmt: skip
    return [Message("audit_summary.contested", {"n": found.count, "days": facts.answer_days, **counts})]


def _impact(facts: Facts, /) -> list[Message]:
    run = facts.run
    if not run.impact:
        return [Message("audit_summary.no_impact")]
    counts = Counter(str(row["impact"]) for row in run.impact)
    text = tuple(Message(_IMPACT[name], {"n": counts[name]}) for name in _IMPACT if counts[name])
    messages = [Message("audit_summary.impacts", {"text": text}), *_undecided(run.impact, facts.impact_ratio)]
    return messages if run.rates else [*messages, Message("audit_summary.no_rates")]


def _undecided(rows: Sequence[Mapping[str, Any]], limit: float, /) -> list[Message]:
    """Say of each role why its cards have no verdict: a ratio that could be chance, or none at all."""
    of: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["impact"] == "cannot be told":
            of.setdefault(str(row["role"] or ""), []).append(row)
    messages: list[Message] = []
    for role, cards in of.items():
        name = role or Message("audit_impact.everybody")
        tried = [row for row in cards if _is_number(row["impact_ratio"])]
        if tried:
            worst = min(tried, key=lambda row: row["impact_ratio"])
            low, high = worst["impact_low"], worst["impact_high"]
            values: dict[str, Value] = {"role": name, "n": len(tried), "limit": f"{limit:g}"}
            values["ratio"] = f"{worst['impact_ratio']:.3f}"
            if not (_is_number(low) and _is_number(high)):
                messages.append(Message("audit_impact.by_chance_bare", values))
            else:
                key = "audit_impact.reaches_over" if high >= limit else "audit_impact.by_chance"
                messages.append(Message(key, values | {"low": f"{low:.3f}", "high": f"{high:.3f}"}))
        if len(tried) < len(cards):
            messages.append(Message("audit_impact.no_figure", {"role": name, "n": len(cards) - len(tried)}))
    return messages


def _is_number(value: Any, /) -> bool:
    return value is not None and value == value
