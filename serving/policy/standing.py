"""Whether what was decided holds: is it in the scorecards that the run has read, would today's data advise it again?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from serving.policy.versions import CardKey, Version

__all__ = ["Stand", "standing_lines", "stands_of"]

Stand = Literal["stands", "would_change", "not_in_source", "no_advice"]
"""Of a line: as decided and advised again; advised otherwise now; the run has read other points; nothing is advised."""

_NEAR = 0.05  # points: cards are whole or half points, what lies nearer is rounding


def standing_lines(version: Version, weights: Iterable[Mapping[str, Any]], /) -> list[dict[str, Any]]:
    """Return each KPI of the cards that are policy with what the run has read and advises.

    Parameters
    ----------
    version : Version
        The newest; cards that somebody may not see are not in it.
    weights : iterable of mapping
        Rows of the run's table ``weights``.

    Returns
    -------
    list of dict
        ``team_id``, ``role``, ``kpi``, ``decided``, ``in_source`` and ``advised`` (points; None: not known), ``stands``
        (``Stand``), ``reason`` (of the advice, by language; None where there is none).
    """
    of_card: dict[CardKey, dict[str, Mapping[str, Any]]] = {}
    for row in weights:
        key = (row["team_id"], row["role"] or "")
        if key in version.cards:
            of_card.setdefault(key, {})[row["kpi"]] = row
    lines = []
    for key, held in version.cards.items():
        rows = of_card.get(key, {})
        for kpi in sorted({*held.value, *rows}):
            line = _line(key, kpi, held.value.get(kpi, 0.0), rows.get(kpi), is_known=bool(rows))
            if any(line[name] for name in ("decided", "in_source", "advised")):
                lines.append(line)
    return lines


def stands_of(lines: Iterable[Mapping[str, Any]], /) -> dict[Stand, int]:
    """Return how many cards stand how; a card is as its line that asks for most."""
    order: tuple[Stand, ...] = ("not_in_source", "would_change", "no_advice", "stands")
    cards: dict[CardKey, Stand] = {}
    for line in lines:
        key = (line["team_id"], line["role"])
        cards[key] = min((cards.get(key, "stands"), line["stands"]), key=order.index)
    return {stand: sum(each == stand for each in cards.values()) for stand in order}


def _line(
    key: CardKey, kpi: str, decided: float, row: Mapping[str, Any] | None, /, *, is_known: bool
) -> dict[str, Any]:
    # a KPI without a row has no points on a card that the run knows
    in_source = (0.0 if is_known else None) if row is None else row["current_weight"]
    advised = None if row is None else row["recommended_weight"]
    return {
        "team_id": key[0],
        "role": key[1],
        "kpi": kpi,
        "decided": decided,
        "in_source": in_source,
        "advised": advised,
        "stands": _stand(decided, in_source, advised),
        "reason": None if row is None else row["reason"],
    }


def _stand(decided: float, in_source: float | None, advised: float | None, /) -> Stand:
    if in_source is None or abs(in_source - decided) > _NEAR:
        return "not_in_source"
    if advised is None:
        return "no_advice" if decided else "stands"
    return "would_change" if abs(advised - decided) > _NEAR else "stands"
