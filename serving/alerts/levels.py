"""Whether a value beyond a threshold is an alert: once when it crosses, and again only after it has come back."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from baton.alerts.settings import Rule

__all__ = ["Level", "Verdict", "fingerprint", "judge"]


@dataclass(frozen=True)
class Level:
    """What is known of a subject: whether it was beyond the threshold, by which event, and when it last alerted."""

    is_beyond: bool
    seen: int
    alerted_at: datetime


@dataclass(frozen=True)
class Verdict:
    """Whether a value lies beyond the threshold now, and whether that is an alert."""

    is_beyond: bool
    is_alert: bool


def judge(rule: Rule, level: Level | None, value: float, now: datetime, /) -> Verdict:
    """Return what a value means.

    Parameters
    ----------
    level : Level or None
        What is known; None: it was never beyond.
    now : datetime
        UTC without zone. A clock that was set back only makes it later until the same subject alerts again.

    Examples
    --------
    >>> rule = Rule(name="r", about="customer", measure="churn", threshold=0.5, rearm=0.1)
    >>> day = datetime(2026, 7, 1)
    >>> judge(rule, None, 0.6, day), judge(rule, Level(True, 1, day), 0.45, day)
    (Verdict(is_beyond=True, is_alert=True), Verdict(is_beyond=True, is_alert=False))
    >>> judge(rule, Level(True, 1, day), 0.39, day)
    Verdict(is_beyond=False, is_alert=False)
    """
    over = value - rule.threshold if rule.when == "above" else rule.threshold - value
    if level is None or not level.is_beyond:
        return Verdict(over > 0, over > 0)
    if over <= -rule.rearm:
        return Verdict(is_beyond=False, is_alert=False)
    waited = now - level.alerted_at
    is_again = rule.again_hours > 0 and over > 0 and waited >= timedelta(hours=rule.again_hours)
    return Verdict(is_beyond=True, is_alert=is_again)


def fingerprint(rule: Rule, /) -> str:
    """Return a digest of what a rule looks at: where it is another, the first look at it begins anew."""
    looked_at = [rule.about, rule.measure, rule.threshold, rule.when, sorted(rule.teams)]
    return hashlib.sha256(json.dumps(looked_at).encode()).hexdigest()[:16]
