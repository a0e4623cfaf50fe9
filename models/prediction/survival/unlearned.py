"""Which days of a company file have no chances of leaving, and what they would need."""

from __future__ import annotations

from collections.abc import Sequence

from baton.messages.message import Message
from models.prediction.survival.curve import MIN_EVENTS, Curve, LeftOut

__all__ = ["days_left_out"]


def days_left_out(asked: Sequence[int], curve: Curve | None, /) -> list[Message]:
    """Say which of the days that were asked for have no chances of leaving.

    Parameters
    ----------
    asked : sequence of int
        ``[outcomes.churn] curve_days``.
    curve : Curve or None
        What was learned; None where no day of leaving is known.

    Returns
    -------
    list of Message
        One per day; one for all of them where there is no curve.

    Examples
    --------
    >>> days_left_out((30, 900), Curve(90, left_out=(LeftOut(900, 0, 0, 400),)))[1].text
    'no chances of leaving by day 900: no customer was observed for more than 400 days after a snapshot; give a longer \
history, or an earlier day in curve_days'
    """
    if not asked:
        return []
    if curve is None:
        return [Message("curve.no_day_known", {"days": tuple(asked)})]
    why = {left.days: left for left in curve.left_out}
    return [_why(days, why.get(days), curve) for days in asked if days not in curve.days]


def _why(days: int, left: LeftOut | None, curve: Curve, /) -> Message:
    if left is None:  # with the rule of silence: sooner than anybody can have left
        return Message("curve.before_silence", {"days": days, "silence": curve.horizon_days})
    if left.observed_days < days:
        return Message("curve.not_observed", {"days": days, "longest": left.observed_days})
    values = {"days": days, "rows": left.rows, "left": left.events, "stayed": left.rows - left.events}
    return Message("curve.few" if days > curve.horizon_days else "curve.few_before", {**values, "least": MIN_EVENTS})
