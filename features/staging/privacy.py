"""What may not go on: proxies of illness or care, protected attributes outside the audit, and who employees are."""

from __future__ import annotations

from pathlib import Path

from baton.messages.message import Message
from baton.privacy.meanings import private_match
from features.ingest.intake import Intake, TypedTable
from features.ingest.sql_text import literal
from features.ingest.values.casting import SQL_TYPES
from features.staging.identifying import PERSON_COLUMNS, Identifying, may_be_a_person
from features.staging.pseudonyms import load_key, pseudonym

__all__ = ["SensitiveColumnFilter", "employee_columns"]


def employee_columns(table: str, /) -> tuple[str, ...]:
    """Return the columns of a contract table that hold employees' ids."""
    return (PERSON_COLUMNS[table],) if table in PERSON_COLUMNS else ()


class SensitiveColumnFilter:
    """Decides, per table, which columns stay behind, and gives employees their pseudonyms.

    Parameters
    ----------
    intake : Intake
        With its tables brought in; the table ``pseudonyms`` is made in its engine.
    outside : Path
        The results' folder, in which the key must not lie.
    """

    def __init__(self, intake: Intake, /, *, outside: Path) -> None:
        self.intake = intake
        self.privacy = intake.company.privacy
        self.notes: list[Message] = []
        self._identifying = Identifying(intake) if self.privacy.pseudonymise else None
        if self.privacy.pseudonymise:
            self._make_pseudonyms(outside)
        self._private_kpis = self._kpis_left_behind()
        self.dropped = {name: self._left_behind(table) for name, table in intake.tables.items()}
        if self._identifying is not None and self._identifying.alike:
            alike = tuple(self._identifying.alike)
            names = tuple(dict.fromkeys(column.split(".", 1)[1] for column in alike))
            self.notes.append(Message("note.numbers_alike", {"columns": alike, "names": names}))
        self.masked = {name: self._masked(table) for name, table in intake.tables.items()}

    def joins(self, table: str, /) -> list[tuple[str, str]]:
        """Return the table's columns of employees' ids, each with a further condition on the row."""
        if not self.privacy.pseudonymise:
            return []
        condition = f" AND {may_be_a_person('c.')}" if table == "measures" else ""
        return [(column, condition) for column in employee_columns(table)]

    def row_drops(self, table: TypedTable, /) -> list[str]:
        """Return predicates of rows that stay behind: measures of sensitive and protected KPIs."""
        if table.spec.name != "measures" or not self._private_kpis:
            return []
        return [f"kpi IN ({', '.join(map(literal, self._private_kpis))})"]

    def sql_type(self, table: TypedTable, column: str, /) -> str:
        """Return the SQL type of a contract column that is emptied."""
        spec = table.spec.column(column)
        return SQL_TYPES[spec.type if spec else table.plans[column].type]

    def _make_pseudonyms(self, outside: Path, /) -> None:
        import pyarrow as pa

        ids = [row[0] for row in self.intake.rows("SELECT id FROM employee_ids ORDER BY id")]
        key = load_key(self.intake.company.resolve(self.privacy.key), outside=outside) if ids else b""
        made = pa.table(
            {
                "id": pa.array(ids, pa.string()),
                "pseudonym": pa.array([pseudonym(key, person) for person in ids], pa.string()),
            }
        )
        self.intake.connection.register("made", made)
        self.intake.connection.execute("CREATE TABLE pseudonyms AS SELECT * FROM made")
        self.intake.connection.unregister("made")

    def _left_behind(self, table: TypedTable, /) -> frozenset[str]:
        name, left = table.spec.name, set[str]()
        for column in table.plans:
            found = private_match(self.privacy, column, table=name)
            if found is None:
                continue
            place, same = {"column": f"{name}.{column}"}, {"listed": found.listed}
            if found.kind == "protected" and name == "employees":
                if found.meaning:
                    self.notes.append(Message("note.means_protected", place | same))
                continue
            left.add(column)
            if found.meaning:
                self.notes.append(Message("note.means_private", place | same | {"list": found.kind}))
            else:
                sensitive = found.kind == "sensitive"
                self.notes.append(Message("note.listed_sensitive" if sensitive else "note.listed_protected", place))
        identifying = {} if self._identifying is None else self._identifying.columns_of(table)
        for column, key in identifying.items():
            if column not in left:
                left.add(column)
                self.notes.append(Message(key, {"column": f"{name}.{column}"}))
        return frozenset(left)

    def _masked(self, table: TypedTable, /) -> tuple[str, ...]:
        """Return the columns of texts in which employees' names and ids are masked."""
        if self._identifying is None or not table.rows:
            return ()
        found = self._identifying.mentions(table, self.dropped[table.spec.name])
        self.notes.extend(
            Message("note.names_masked", {"column": f"{table.spec.name}.{column}"})
            for column, named in found.items()
            if named
        )
        return tuple(found)

    def _kpis_left_behind(self) -> tuple[str, ...]:
        """Return the KPIs of ``measures`` that are sensitive or protected by name or meaning."""
        table = self.intake.tables.get("measures")
        if table is None or "kpi" not in table.plans:
            return ()
        named = [row[0] for row in self.intake.rows(f"SELECT DISTINCT kpi FROM {table.relation} WHERE kpi IS NOT NULL")]
        found = {kpi: match for kpi in sorted(named) if (match := private_match(self.privacy, kpi, table="measures"))}
        self.notes.extend(
            Message("note.measures_private", {"kpi": kpi, "listed": match.listed, "list": match.kind})
            for kpi, match in found.items()
            if match.meaning
        )
        return tuple(found)
