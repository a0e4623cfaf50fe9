"""What is wrong between rows and between tables: keys that repeat, ids without a row, cards that do not add up."""

from __future__ import annotations

from collections.abc import Collection, Iterator

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
            f"{column} is not in the table {name}",
            (column,),
            (column,),
            hint=orphans_by_spelling(intake, table, column, other),
        )
    if table.spec.name in {"scorecards", "measures"} and "kpi" in table.plans and kpis:
        private = _private_kpis(intake, table)
        if table.spec.name == "scorecards" and private:
            yield Rule(
                "sensitive_kpi",
                "kpi",
                f"kpi IN ({', '.join(map(literal, private))})",
                f"the card pays for {', '.join(private)}, which [privacy] calls sensitive or protected: it is no basis "
                "for pay, and no advice is given on it",
                shown=("kpi",),
                hint="take it off the card; if it means something else, list it under [privacy] cleared",
            )
        known = sorted({*kpis, *intake.company.policy.fixed, *private})
        yield Rule(
            "unknown_kpi",
            "kpi",
            f"kpi NOT IN ({', '.join(map(literal, known))})",
            "the catalogue has no such KPI",
            shown=("kpi",),
            hint=_nearest(intake, table, known),
        )


def _private_kpis(intake: Intake, table: TypedTable, /) -> list[str]:
    """Return the KPIs that stand for sensitive or protected attributes, by name or meaning."""
    named = [row[0] for row in intake.rows(f"SELECT DISTINCT kpi FROM {table.relation} WHERE kpi IS NOT NULL")]
    return sorted(kpi for kpi in named if private_match(intake.company.privacy, kpi, table=table.spec.name))


def _nearest(intake: Intake, table: TypedTable, known: list[str], /) -> str:
    listed = ", ".join(map(literal, known))
    unknown = [
        row[0]
        for row in intake.rows(f"SELECT DISTINCT kpi FROM {table.relation} WHERE kpi NOT IN ({listed}) ORDER BY 1")
    ]
    hints = []
    for name in unknown[:5]:
        close = nearest(name, known)
        hints.append(f"{name!r}: did you mean {close!r}?" if close else f"{name!r}: add it to the catalogue")
    return "; ".join(hints)


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
        "its card's weights do not sum to 100",
        shown=("team_id", "role", "valid_from", "kpi", "weight"),
        hint=f"{_sums_given(intake, wrong)}give each card (team, role and valid_from) as a whole, in percentage points",
    )


def _sums_given(intake: Intake, wrong: str, /) -> str:
    """Return the sums of the first cards at fault, and what they look like."""
    found = intake.rows(f"{wrong.replace('SELECT', 'SELECT sum(weight),', 1)} ORDER BY ALL LIMIT {_MAX_CARDS + 1}")
    hints = []
    for total, team, role, since in found[:_MAX_CARDS]:
        of = " ".join(str(part) for part in (team, role, since.date() if since is not None else None) if part)
        hints.append(f"{of}: nothing" if total is None else f"{of}: {total:g}")
    if not hints:
        return ""
    shares = all(total is not None and abs(total - 1) < 0.01 for total, *_ in found)
    more = ", …" if len(found) > _MAX_CARDS else ""
    return (
        f"they sum to {', '.join(hints)}{more}; {'they look like shares of 1, so multiply by 100; ' if shares else ''}"
    )
