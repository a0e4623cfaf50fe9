"""What has changed since the advice before, for the report and for pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import escape

from baton.messages.since import GONE_CARDS, NEW_CARDS, UNCHANGED, since_words
from baton.wording.wording import Bilingual, number, say, translated_message

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MAX_LINES", "Since", "since_of"]

MAX_LINES = 30
"""Shown on the page: a manager reads no more."""
SAME_ORDER = 0.8
"""Rank correlation of a card's targets from which their order is called much the same."""
_WHOLE_CARDS = (*NEW_CARDS, *GONE_CARDS)
_WEIGHTIEST = ("reversed", "withdrawn", "new", "less", "more", *_WHOLE_CARDS)


@dataclass(frozen=True)
class Since:
    """What has changed.

    Parameters
    ----------
    headline : Bilingual
        The same, or on how many cards it is not.
    order : Bilingual or None
        How alike the order of KPIs by evidence is; None where no card has one.
    header : tuple of Bilingual
    rows : tuple of tuple of Bilingual
        Per changed line the card, the KPI, what, and why; the weightiest first.
    changed : int
        Lines that have changed, shown or not.
    hidden : int
        Changed lines beyond those.
    """

    headline: Bilingual
    order: Bilingual | None
    header: tuple[Bilingual, ...]
    rows: tuple[tuple[Bilingual, ...], ...]
    changed: int
    hidden: int


def since_of(
    changes: pd.DataFrame, /, *, team_name: Callable[[str], Bilingual], kpi_name: Callable[[str], Bilingual]
) -> Since | None:
    """Return what has changed; None where no advice came before.

    Parameters
    ----------
    changes : pandas.DataFrame
        Rows of ``advice_changes``, as far as they may be shown.
    team_name, kpi_name : callable
        Return what people call them.
    """
    words = since_words(changes)
    if words is None:
        return None
    ranks = changes.drop_duplicates(["team_id", "role"])["rank_targets"].dropna()
    rank = float(ranks.mean()) if len(ranks) else None
    changed = changes[~changes["change"].isin(UNCHANGED)].copy()
    changed["place"] = changed["change"].map(_WEIGHTIEST.index)
    changed = changed.sort_values(["place", "team_id", "role"], kind="stable")
    whole = changed["change"].isin(_WHOLE_CARDS)  # one line says it of all KPIs of a card
    changed = changed[~(whole & changed.duplicated(["team_id", "role"]))]
    rows = []
    for row in changed.head(MAX_LINES).to_dict("records"):
        team, role = team_name(str(row["team_id"])), str(row["role"])
        card = say("word.role_of", team=team, role=role) if role else team
        why = Bilingual(escape(row["reason"]["en"]), escape(row["reason"]["zh"]))
        about = say("since.whole_card") if row["change"] in _WHOLE_CARDS else kpi_name(str(row["kpi"]))
        rows.append((card, about, say(f"since.{row['change']}"), why))
    return Since(
        headline=translated_message(words),
        order=None
        if rank is None
        else say("since.order" if rank >= SAME_ORDER else "since.otherwise", rank=number(rank, 2)),
        header=tuple(say(f"since.{column}") for column in ("card", "kpi", "what", "why")),
        rows=tuple(rows),
        changed=len(changed),
        hidden=max(len(changed) - MAX_LINES, 0),
    )
