"""How an advice compares with the one before, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baton.messages.message import Message

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UNCHANGED", "since_words"]

UNCHANGED = ("same", "completed")
"""What ``advice_changes.change`` says where the advice is as it was, or was followed."""


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
    cards = changes[["team_id", "role"]].drop_duplicates()
    changed = changes[~changes["change"].isin(UNCHANGED)]
    day = {"day": f"{changes['as_of_before'].iloc[0]:%Y-%m-%d}"}
    if changed.empty:
        return Message("advice_since.same", day | {"n": len(cards)})
    counts = {"n": len(changed[["team_id", "role"]].drop_duplicates()), "all": len(cards), "lines": len(changed)}
    return Message("advice_since.changed", day | counts)
