"""KPIs in tables by the names that people use: letter case, abbreviations, names in words."""

from __future__ import annotations

from collections.abc import Mapping

from baton.catalogue.kpi_names import kpi_meant
from baton.catalogue.schema import Catalogue
from baton.messages.message import Message
from features.ingest.intake import Intake, TypedTable
from features.ingest.sql_text import literal

__all__ = ["with_kpi_names"]


def with_kpi_names(intake: Intake, catalogue: Catalogue, notes: list[Message], /) -> None:
    """Read the KPIs of tables as the catalogue's; each that was written otherwise is noted."""
    mandatory = intake.company.policy.fixed
    known = {*catalogue, *mandatory}
    for name in ("scorecards", "measures", "coaching_log"):
        table = intake.tables.get(name)
        if table is None or "kpi" not in table.plans or not known:
            continue
        written = [row[0] for row in intake.rows(f"SELECT DISTINCT kpi FROM {table.relation} WHERE kpi IS NOT NULL")]
        meant = {word: kpi_meant(word, catalogue, mandatory) for word in sorted(written) if word not in known}
        read = {word: kpi for word, kpi in meant.items() if kpi is not None}
        if not read:
            continue
        intake.tables[name] = _renamed(intake, table, read)
        for word, kpi in read.items():
            values = {"table": name, "word": repr(word), "kpi": kpi}
            notes.append(
                Message("note.kpi_named_unit", values | {"unit": str(catalogue[kpi].unit)})
                if kpi in catalogue
                else Message("note.kpi_named", values)
            )


def _renamed(intake: Intake, table: TypedTable, read: Mapping[str, str], /) -> TypedTable:
    cases = " ".join(f"WHEN {literal(word)} THEN {literal(kpi)}" for word, kpi in read.items())
    query = f"SELECT * REPLACE (CASE kpi {cases} ELSE kpi END AS kpi) FROM {table.relation}"
    return intake.read_instead(table, f"named_{table.relation}", query)
