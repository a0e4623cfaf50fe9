"""What may not go on: proxies of illness or care, protected attributes outside the audit, and who employees are."""

from __future__ import annotations

from pathlib import Path

from features.casting import SQL_TYPES
from features.intake import Intake, TypedTable
from features.pseudonyms import load_key, pseudonym
from features.rules import UNITS
from features.sql_text import literal, quoted

__all__ = ["Sieve", "employee_columns"]

_PERSON_COLUMNS = {
    "employees": "employee_id",
    "cases": "employee_id",
    "case_steps": "employee_id",
    "work": "employee_id",
    "measures": "unit_id",
}
_IDENTIFYING = frozenset(
    {
        "name",
        "full_name",
        "first_name",
        "last_name",
        "surname",
        "email",
        "e_mail",
        "mail",
        "phone",
        "mobile",
        "address",
        "employee_name",
        "agent_name",
        "姓名",
        "邮箱",
        "电话",
        "手机",
        "地址",
    }
)
_FEW_ROWS = 20
_ALL_BUT_UNIQUE = 0.9


def employee_columns(table: str, /) -> tuple[str, ...]:
    """Return the columns of a contract table that hold employees' ids."""
    return (_PERSON_COLUMNS[table],) if table in _PERSON_COLUMNS else ()


def _may_be_a_person(relation: str = "", /) -> str:
    """Return the condition on rows of ``measures`` whose unit, misspelt or not, is none that is surely no person."""
    others = ", ".join(literal(unit) for unit in UNITS if unit != "employee")
    return f"({relation}unit IS NULL OR {relation}unit NOT IN ({others}))"


class Sieve:
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
        self.notes: list[str] = []
        self._sensitive = {name.lower() for name in self.privacy.sensitive}
        self._protected = {name.lower() for name in self.privacy.protected}
        if self.privacy.pseudonymise:
            self._make_pseudonyms(outside)
        self.dropped = {name: self._left_behind(table) for name, table in intake.tables.items()}

    def joins(self, table: str, /) -> list[tuple[str, str]]:
        """Return the table's columns of employees' ids, each with a further condition on the row."""
        if not self.privacy.pseudonymise:
            return []
        condition = f" AND {_may_be_a_person('c.')}" if table == "measures" else ""
        return [(column, condition) for column in employee_columns(table)]

    def row_drops(self, table: TypedTable, /) -> list[str]:
        """Return predicates of rows that stay behind: measures of sensitive KPIs."""
        if table.spec.name != "measures" or not self._sensitive or "kpi" not in table.plans:
            return []
        return [f"lower(kpi) IN ({', '.join(map(literal, sorted(self._sensitive)))})"]

    def sql_type(self, table: TypedTable, column: str, /) -> str:
        """Return the SQL type of a contract column that is emptied."""
        spec = table.spec.column(column)
        return SQL_TYPES[spec.type if spec else table.plans[column].type]

    def _make_pseudonyms(self, outside: Path, /) -> None:
        import pyarrow as pa

        relations = []
        for name, table in self.intake.tables.items():
            for column in employee_columns(name):
                if column in table.plans:
                    where = f"WHERE {_may_be_a_person()}" if name == "measures" else ""
                    relations.append(f"SELECT {quoted(column)} AS id FROM {table.relation} {where}")
        ids: list[str] = []
        if relations:
            ids = [
                row[0]
                for row in self.intake.rows(
                    f"SELECT DISTINCT id FROM ({' UNION ALL '.join(relations)}) WHERE id IS NOT NULL"
                )
            ]
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
            if column.lower() in self._sensitive:
                left.add(column)
                self.notes.append(
                    f"{name}.{column} is on the list of sensitive columns ([privacy] sensitive) and was left out"
                )
            elif column.lower() in self._protected and name != "employees":
                left.add(column)
                self.notes.append(
                    f"{name}.{column} is protected ([privacy] protected) and was left out; "
                    "protected columns serve the fairness audit alone, in the table employees"
                )
        if self.privacy.pseudonymise:
            left |= self._identifying(table, left)
        return frozenset(left)

    def _identifying(self, table: TypedTable, left: set[str], /) -> set[str]:
        """Return the attributes that tell who an employee is."""
        if not table.rows:
            return set()
        found = set()
        for column in table.attributes:
            if column in left or table.plans[column].type != "text":
                continue
            if self._tells(table, column):
                found.add(column)
                self.notes.append(
                    f"{table.spec.name}.{column} tells who an employee is and was left out; "
                    "group its values if it is needed"
                )
        return found

    def _tells(self, table: TypedTable, column: str, /) -> bool:
        if table.spec.name == "employees":
            if column.lower().replace(" ", "_").replace("-", "_") in _IDENTIFYING:
                return True
            present, distinct = self.intake.rows(
                f"SELECT count({quoted(column)}), count(DISTINCT {quoted(column)}) FROM {table.relation}"
            )[0]
            if present >= _FEW_ROWS and distinct > _ALL_BUT_UNIQUE * present:
                return True
        values, people = self.intake.rows(
            f"SELECT count(*), count(p.id) FROM (SELECT DISTINCT {quoted(column)} AS value FROM {table.relation}) "
            "LEFT JOIN pseudonyms AS p ON p.id = value WHERE value IS NOT NULL"
        )[0]
        return values > 0 and people > 0.5 * values
