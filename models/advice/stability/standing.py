"""A move of the advice before stands until the evidence clearly leaves it.

A first move needs the policy's full ``confidence``. One that was advised before is kept until its probability falls by
more than ``hysteresis`` below that, and goes no further than the evidence led it then; a card that has begun a ramp
goes on with it. Whatever was not advised before, or goes the other way, needs the full bar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ValidationError

from baton.company import Policy
from models.advice.limits import NEARLY

if TYPE_CHECKING:
    from models.advice.inputs import AdviceInputs

__all__ = ["bar_of", "begun", "heard_of", "stands", "still", "wanted"]

Flags = NDArray[np.bool_]

MAX_JOINT = 2.0
"""Times ``false_moves``: how far the joint test may drift before what was advised under it is withdrawn. A first move
needs ``false_moves`` itself, so that chance alone proposes nothing more often."""
MIN_BAR = 0.5
"""What is less probable than not is not kept."""


def begun(inputs: AdviceInputs, policy: Policy, frame: pd.DataFrame, team: str, role: str, /) -> pd.DataFrame:
    """Add what the advice before proposed for a card.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of ``TargetCard``, with ``kpi`` as index and column, and ``current``.

    Returns
    -------
    pandas.DataFrame
        With ``was`` (the direction of a move that is still to be done; 0: none), ``started_from`` (points where it
        began, else today's) and ``aimed`` (points that the evidence led it to then; NaN: none).
    """
    rows = inputs.before
    mine = rows[(rows["team_id"] == team) & (rows["role"] == role)].set_index("kpi")
    if mine.empty or not _same_policy(inputs, policy):
        return frame.assign(was=0, started_from=frame["current"], aimed=np.nan)
    then = mine.reindex(frame.index)
    now, was = frame["current"], then["direction"].fillna(0).astype(int)
    untouched = (now - then["current"]).abs() <= NEARLY
    taken = ((now - then["advised"]).abs() <= NEARLY) & (was * (then["advised"] - then["current"]) > NEARLY)
    open_ = (untouched | taken) & (was * (then["aim"] - now) > NEARLY)
    return frame.assign(
        was=was.where(open_, 0), started_from=then["started_from"].where(open_, now), aimed=then["aim"].where(open_)
    )


def _same_policy(inputs: AdviceInputs, policy: Policy, /) -> bool:
    try:
        return Policy.model_validate(dict(inputs.before_policy)) == policy
    except ValidationError:  # of another version
        return False


def bar_of(policy: Policy, /) -> float:
    """Return the probability below which a move that was advised before is withdrawn."""
    return max(policy.confidence - policy.hysteresis, MIN_BAR)


def heard_of(frame: pd.DataFrame, p_values: pd.Series, policy: Policy, /) -> tuple[pd.Series, pd.Series]:
    """Return whether an owner's joint test is significant, for what was advised before and for a first move.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``was`` and ``owner``.
    p_values : pandas.Series
        Per row of the frame.
    """
    first = p_values <= policy.false_moves
    if not policy.hysteresis or not (frame["was"] != 0).any():
        return first, first
    of_owner = frame["owner"].isin(set(frame.loc[frame["was"] != 0, "owner"]))
    return first | (of_owner & (p_values <= MAX_JOINT * policy.false_moves)), first


def still(shares: NDArray[np.float64], frame: pd.DataFrame, policy: Policy, /) -> NDArray[np.float64]:
    """Return how probable it is that a move goes the right way, seen from where it began; NaN where none did.

    Parameters
    ----------
    shares : array of shape (draws, KPIs)
        Points that each draw pays.
    """
    start = frame["started_from"].to_numpy(dtype=float)
    floor = np.where(start > 0, start, policy.min_weight / 2)
    was = frame["was"].to_numpy()
    found = np.where(was > 0, (shares > floor).mean(axis=0), (shares < start).mean(axis=0))
    return np.where(was == 0, np.nan, found)


def stands(frame: pd.DataFrame, policy: Policy, /) -> Flags:
    """Return which moves of the advice before are kept, whether or not they would be proposed for the first time.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``was``, ``still``, ``reach``, ``current`` and ``misaligned``.
    """
    beyond = frame["was"] * (frame["reach"] - frame["current"]) > 0
    harms = frame["misaligned"] & (frame["was"] > 0)
    return ((frame["still"] >= bar_of(policy)) & beyond & ~harms).to_numpy(dtype=bool)


def wanted(frame: pd.DataFrame, points: pd.Series, step: float, /) -> pd.Series:
    """Return where moves lead: to where they led before, as long as all of them stand and evidence is within a step.

    A move that only stands goes no further than it was to go then.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``direction``, ``was``, ``aimed`` and ``stands``.
    points : pandas.Series
        Where evidence leads each KPI.
    """
    if "aimed" not in frame:
        return points
    aimed = frame["aimed"]
    beyond = frame["stands"] & (frame["direction"] * (points - aimed) > 0)
    if bool((frame["direction"] == frame["was"]).all()):
        beyond |= (points - aimed).abs() <= step
    return points.where(~beyond, aimed)
