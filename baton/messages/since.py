"""How an advice compares with the one before, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from baton.messages.message import Message, Value

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GONE_CARDS", "NEW_CARDS", "UNCHANGED", "since_words"]

UNCHANGED = ("same", "completed")
"""What ``advice_changes.change`` says where the advice is as it was, or was followed."""
NEW_CARDS = ("new_team", "new_role")
"""The same on cards that the advice before did not know."""
GONE_CARDS = ("gone_team", "gone_role")
"""The same on cards that are no longer there."""


def since_words(changes: pd.DataFrame, /) -> Message | None:
    """Say on how many scorecards the advice has changed since the one before.

    Parameters
    ----------
    changes : pandas.DataFrame
        Rows of ``advice_changes.parquet``.

    Returns
    -------
    Message or None
        None where no advice came before.
    """
    if changes.empty:
        return None
    day = {"day": f"{changes['as_of_before'].iloc[0]:%Y-%m-%d}"}
    new, gone = (_cards(changes[changes["change"].isin(kinds)]) for kinds in (NEW_CARDS, GONE_CARDS))
    both = _in_both(changes[~changes["change"].isin((*NEW_CARDS, *GONE_CARDS))], day)
    return Message("advice_since.with_cards", {"since": both, "new": new, "gone": gone}) if new or gone else both


def _cards(changes: pd.DataFrame, /) -> int:
    return len(changes[["team_id", "role"]].drop_duplicates())


def _in_both(changes: pd.DataFrame, day: Mapping[str, Value], /) -> Message:
    """Say it of the cards that are in both advices."""
    if changes.empty:
        return Message("advice_since.none_left", day)
    changed = changes[~changes["change"].isin(UNCHANGED)]
    if changed.empty:
        return Message("advice_since.same", {**day, "n": _cards(changes)})
    counts = {"n": _cards(changed), "all": _cards(changes), "lines": len(changed)}
    return Message("advice_since.changed", {**day, **counts})
