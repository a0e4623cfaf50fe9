"""Hides figures of groups of few people, and whatever else would give them away."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["hidden"]

_WHOLE = ("all", "month", "hour", "weekday", "weekday_hour")
"""Groups that nobody can subtract from a total to get at others."""


def hidden(figures: pd.DataFrame, min_group: int, /) -> pd.Series:
    """Return which figures are not shown.

    A figure of how people work is hidden where fewer than ``min_group`` people are behind it. Teams and topics add up
    to the company: where those that are hidden have too few people together, the next smallest one is hidden with them.

    Parameters
    ----------
    figures : pandas.DataFrame
        ``figure``, ``by``, ``about_work``, ``people`` (0: nobody is named in the data, so nobody is shown).
    min_group : int

    Returns
    -------
    pandas.Series
        bool, by the index of ``figures``.
    """
    few = figures["about_work"] & (figures["people"] > 0) & (figures["people"] < min_group)
    for (_, by), rows in figures[~figures["by"].isin(_WHOLE)].groupby(["figure", "by"], sort=False):
        small = rows[few[rows.index]]
        if small.empty:
            continue
        # people of two teams differ; people who work on two topics may be the same
        together = small["people"].sum() if by == "team" else small["people"].max()
        others = rows[~few[rows.index] & (rows["people"] > 0)].sort_values("people", kind="stable")
        if together < min_group and len(others):
            few[others.index[0]] = True
    return few
