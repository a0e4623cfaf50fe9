"""What is wrong between rows and between tables: keys that repeat, ids without a row, cards that do not add up."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from baton.messages.message import Message
from baton.nearest import nearest
from baton.privacy.meanings import private_match
from features.ingest.intake import Intake, TypedTable
from features.ingest.sql_text import literal, quoted
from features.quality.faults import treatments
from features.quality.repeats.overlapping_periods import overlapping_periods
from features.quality.repeats.repeated_events import repeated_events
from features.quality.repeats.repeated_keys import removed_rows, repeated_keys
from features.quality.repeats.similar_ids import orphans_by_spelling, similar_ids
from features.quality.row_rules import Rule

__all__ = ["between_rows", "between_tables"]

_FULL_CARD = 100
_ROUNDING_POINTS = 0.5
_MAX_CARDS = 3  # cards shown with their sums; more would hide what to do


def between_rows(intake: Intake, table: TypedTable, /) -> Iterator[Rule]:
    """Yield the rules that compare rows of one table: repeated keys, and cards' sums."""
    if not set(table.spec.required) <= set(table.plans):
        return
    if table.key:
        yield from repeated_keys(intake, table)
        yield from similar_ids(table)
    else:
        yield from repeated_events(intake, table, table.spec.required)
    yield from overlapping_periods(table)
    if table.spec.name == "scorecards" and "weight" in table.plans:
        yield _sums(intake, table, removed_rows(intake, table, treatments(intake.company.faults)))


def between_tables(intake: Intake, table: TypedTable, kpis: Collection[str], /) -> Iterator[Rule]:
    """Yield the rules that compare a table with others and with the catalogue: orphans and unknown KPIs."""
    for column, name in table.spec.references:
        other = intake.tables.get(name)
        if other is None or not other.rows or column not in table.plans or other.spec.key[0] not in other.plans:
            continue
        ids = f"SELECT {quoted(other.spec.key[0])} FROM {other.relation} WHERE {quoted(other.spec.key[0])} IS NOT NULL"
        yield Rule(
            "orphan",
            column,
            f"{quoted(column)} IS NOT NULL AND {quoted(column)} NOT IN ({ids})",
            Message("fault.orphan", {"column": column, "table": name}),
            (column,),
            (column,),
            remedy=orphans_by_spelling(intake, table, column, other),
        )
    if table.spec.name in {"scorecards", "measures", "coaching_log"} and "kpi" in table.plans and kpis:
        private = _private_kpis(intake, table)
        if table.spec.name == "scorecards" and private:
            yield Rule(
                "sensitive_kpi",
                "kpi",
                f"kpi IN ({', '.join(map(literal, private))})",
                Message("fault.sensitive_kpi", {"kpis": tuple(private)}),
                shown=("kpi",),
                remedy=Message("remedy.off_card"),
            )
        known = sorted({*kpis, *intake.company.policy.fixed, *private})
        yield Rule(
            "unknown_kpi",
            "kpi",
            f"kpi NOT IN ({', '.join(map(literal, known))})",
            Message("fault.unknown_kpi"),
            shown=("kpi",),
            remedy=_nearest(intake, table, known),
        )


def _private_kpis(intake: Intake, table: TypedTable, /) -> list[str]:
    """Return the KPIs that stand for sensitive or protected attributes, by name or meaning."""
    named = [row[0] for row in intake.rows(f"SELECT DISTINCT kpi FROM {table.relation} WHERE kpi IS NOT NULL")]
    return sorted(kpi for kpi in named if private_match(intake.company.privacy, kpi, table=table.spec.name))


def _nearest(intake: Intake, table: TypedTable, known: list[str], /) -> Message | None:
    listed = ", ".join(map(literal, known))
    unknown = [
        row[0]
        for row in intake.rows(f"SELECT DISTINCT kpi FROM {table.relation} WHERE kpi NOT IN ({listed}) ORDER BY 1")
    ]
    hints = []
    for name in unknown[:5]:
        close = nearest(name, known)
        hints.append(
            Message("remedy.kpi_meant", {"name": repr(name), "meant": repr(close)})
            if close
            else Message("remedy.kpi_add", {"name": repr(name)})
        )
    return Message("remedy.several", {"remedies": tuple(hints)}) if hints else None


def _sums(intake: Intake, table: TypedTable, removed: str, /) -> Rule:
    card = "team_id, coalesce(role, ''), valid_from"
    wrong = (
        f"SELECT {card} FROM {table.relation} WHERE NOT ({removed}) GROUP BY ALL "
        f"HAVING abs(sum(weight) - {_FULL_CARD}) > {_ROUNDING_POINTS} OR sum(weight) IS NULL"
    )
    return Rule(
        "weights_sum",
        "weight",
        f"({card}) IN ({wrong})",
        Message("fault.weights_sum"),
        shown=("team_id", "role", "valid_from", "kpi", "weight"),
        remedy=_whole_cards(intake, wrong),
    )


def _whole_cards(intake: Intake, wrong: str, /) -> Message:
    """Return what to do, with the sums of the first cards at fault and what they look like."""
    found = intake.rows(f"{wrong.replace('SELECT', 'SELECT sum(weight),', 1)} ORDER BY ALL LIMIT {_MAX_CARDS + 1}")
    hints: list[Message | str] = []
    whole = Message("remedy.whole_cards")
    for total, team, role, since in found[:_MAX_CARDS]:
        of = " ".join(str(part) for part in (team, role, since.date() if since is not None else None) if part)
        hints.append(
            Message("remedy.card_no_sum", {"card": of})
            if total is None
            else Message("remedy.card_sum", {"card": of, "total": float(total)})
        )
    if not hints:
        return whole
    shares = all(total is not None and abs(total - 1) < 0.01 for total, *_ in found)
    hints += ["…"] if len(found) > _MAX_CARDS else []
    key = "remedy.card_shares" if shares else "remedy.card_sums"
    return Message(key, {"sums": tuple(hints), "whole": whole})
