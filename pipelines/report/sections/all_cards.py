"""All scorecards in one table: what changes where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from baton.wording.wording import Bilingual, say, verbatim
from pipelines.report.sections.cards import Card, CardRow

__all__ = ["Glance", "glance_of"]


Row = tuple[Bilingual, tuple[tuple[Bilingual, str], ...], Bilingual]


@dataclass(frozen=True)
class Glance:
    """One row per card, one column per KPI that moves on any of them.

    Parameters
    ----------
    kpis : tuple of Bilingual
    rows : tuple
        Per card its name, per KPI what is shown and its tone, and the expected effect.
    expected : Bilingual or None
        Heading of the expected effects: of what, and how far it can be relied on; None where none was computed.
    """

    kpis: tuple[Bilingual, ...]
    rows: tuple[Row, ...]
    expected: Bilingual | None


def glance_of(cards: Sequence[Card], /, *, money: bool = False) -> Glance | None:
    """Return the table; None where no card moves. Of hypothetical cards it holds points, not changes.

    Parameters
    ----------
    money : bool
        Whether what cards bring is counted in money instead of customers.
    """
    moving: dict[str, tuple[Bilingual, float]] = {}
    for card in cards:
        for row in card.rows:
            if row.tone != "plain" and _shown(card, row).en:
                moving[row.kpi] = (row.name, moving.get(row.kpi, (row.name, 0.0))[1] + row.signed)
    if not moving:
        return None
    kpis = sorted(moving, key=lambda kpi: -moving[kpi][1])
    rows = []
    for card in cards:
        by_kpi = {row.kpi: (_shown(card, row), row.tone) for row in card.rows}
        rows.append((card.name, tuple(by_kpi.get(kpi, (verbatim(""), "plain")) for kpi in kpis), card.glance))
    if all(card.hypothetical for card in cards):
        rows = _joined(rows)
    return Glance(
        kpis=tuple(moving[kpi][0] for kpi in kpis),
        rows=tuple(rows),
        expected=_heading([card.tag for card in cards if card.tag is not None], money),
    )


def _heading(tags: Sequence[Bilingual], money: bool, /) -> Bilingual | None:
    """What cards bring, with what every card says of it; cards that differ say it themselves."""
    if not tags:
        return None
    basis = tags[0] if all(tag == tags[0] for tag in tags) else say("glance.differs")
    return say("glance.expected_money", basis=basis) if money else say("glance.expected", basis=basis)


def _joined(rows: list[Row], /) -> list[Row]:
    """Rows whose points are equal stand together under the first one's name."""
    alike: dict[tuple[Bilingual, ...], list[Row]] = {}
    for row in rows:
        alike.setdefault(tuple(text for text, _ in row[1]), []).append(row)
    joined = []
    for equal in alike.values():
        name, cells, expected = equal[0]
        joined.append((name if len(equal) == 1 else say("glance.same", first=name, n=len(equal) - 1), cells, expected))
    return joined


def _shown(card: Card, row: CardRow, /) -> Bilingual:
    return row.next if card.hypothetical else row.change
