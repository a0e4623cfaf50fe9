"""Which columns identify a person: by what their names mean, and by employees' ids and names among their values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from baton.privacy.meanings import is_cleared, kind_of, meanings_of
from features.ingest.intake import Intake, TypedTable
from features.ingest.sql_text import literal, quoted
from features.quality.row_rules import UNITS
from features.staging.known_people import known_people

__all__ = ["PERSON_COLUMNS", "Identifying", "may_be_a_person"]

PERSON_COLUMNS = {
    "employees": "employee_id",
    "cases": "employee_id",
    "case_steps": "employee_id",
    "work": "employee_id",
    "measures": "unit_id",
    "coaching_log": "employee_id",
}
"""Per contract table, the column of employees' ids."""

MIN_ROWS = 20
"""Below this, different values in every row say nothing."""
ALL_BUT_UNIQUE = 0.9
"""A text with so many different values per employee stands for the employee."""
MIN_SHARE_OF_VALUES = 0.5
"""A column with this share of employees' ids or names among its different values is about employees."""
MIN_NUMBERS_TAKEN = 0.5
"""Where so many of the numbers beside them are employees' ids as well, other codes meet employees' ids by chance."""
MAX_DIGITS = 18
"""A longer number fits into no whole number of the engine."""
MAX_VALUES_READ = 50_000
"""Rows in which a column's values are looked at: a column of names shows in the first of them."""
MAX_VALUES_SEARCHED = 5_000
"""Different values of a column that are searched for names within them: each takes some microseconds."""
FREE_TEXT_LENGTH = 40
"""Where values are longer than this on average, somebody writes freely: a name may stand in any row."""
# words that stand for a role and not for anybody, in columns such as closed_by
_ROLES = (
    *("agent", "customer", "client", "system", "auto", "automatic", "automation", "bot", "user", "employee", "staff"),
    *("supervisor", "manager", "team", "other", "unknown", "none", "self-service", "api", "admin"),
    *("系统", "客户", "客服", "机器人", "自动", "员工", "主管", "其他"),
)
_EMAIL = r"[^@\s]+@[^@\s]+\.[a-z]{2,}"
_CONTRACT_TEXTS = frozenset(
    {"stage", "process", "channel", "priority", "kind", "item", "segment", "activity", "root_cause"}
)


def may_be_a_person(relation: str = "", /) -> str:
    """Return the condition on rows of ``measures`` whose unit, misspelt or not, is none that is surely no person."""
    others = ", ".join(literal(unit) for unit in UNITS if unit != "employee")
    return f"({relation}unit IS NULL OR {relation}unit NOT IN ({others}))"


def _is_number(value: str, /) -> str:
    """Return the condition that a text is a whole number and nothing else."""
    return f"length({value}) <= {MAX_DIGITS} AND regexp_full_match({value}, '[0-9]+')"


@dataclass(frozen=True)
class _Column:
    table: TypedTable
    name: str
    kinds: frozenset[str]


class Identifying:
    """Tells, column by column, whether it says who somebody is.

    Parameters
    ----------
    intake : Intake
        With its tables brought in; the tables ``employee_ids`` (id) and ``employee_names`` (name, in small letters) are
        made in its engine.
    """

    def __init__(self, intake: Intake, /) -> None:
        self.intake = intake
        self.privacy = intake.company.privacy
        intake.connection.execute(f"CREATE OR REPLACE TABLE employee_ids AS {self._ids()}")
        intake.connection.execute(f"CREATE OR REPLACE TABLE employee_names AS {self._names()}")
        self.people = known_people(intake)
        self.alike: list[str] = []  # columns kept, whose numbers are employees' ids as well

    def columns_of(self, table: TypedTable, /) -> dict[str, str]:
        """Return the columns of a table that identify a person, each with the key of the sentence that says why."""
        found = {}
        for name in table.plans:
            contract = name in table.spec.names
            if contract and name not in _CONTRACT_TEXTS:
                continue
            if not table.rows or is_cleared(self.privacy, table.spec.name, name):
                continue
            kinds = frozenset() if contract else frozenset(kind_of(meaning) for meaning in meanings_of(name))
            reason = self._reason(_Column(table, name, kinds))
            if reason:
                found[name] = reason
        return found

    def _reason(self, column: _Column, /) -> str:
        if "contact" in column.kinds:
            return "note.tells_contact"
        if "name" in column.kinds and column.table.spec.name != "teams":
            return "note.tells_names"
        if "person" in column.kinds and not self._holds_roles(column):
            return "note.tells_employee"
        if column.table.type_of(column.name) != "text":
            return ""
        if column.table.spec.name == "employees" and self._all_but_unique(column):
            return "note.tells_employee"
        if self._share(column, f"regexp_full_match(lower(trim(value)), {literal(_EMAIL)})") > MIN_SHARE_OF_VALUES:
            return "note.tells_contact"
        ids = (
            "list_has_any(list_filter(regexp_split_to_array(value, '[^\\pL\\pN_-]+'), "
            "lambda word: regexp_matches(word, '[0-9]') AND length(word) > 3), (SELECT list(id) FROM employee_ids))"
        )
        known = "value IN (SELECT id FROM employee_ids) OR lower(trim(value)) IN (SELECT name FROM employee_names)"
        held = f"({known} OR {ids})"
        is_identifying = self._share(column, held) > MIN_SHARE_OF_VALUES
        if is_identifying and self._may_be_codes(column):
            is_identifying = self._share(column, f"{held} AND NOT ({_is_number('value')})") > MIN_SHARE_OF_VALUES
            if not is_identifying:
                self.alike.append(f"{column.table.spec.name}.{column.name}")
        is_identifying = is_identifying or self._share_of_names(column) > MIN_SHARE_OF_VALUES
        return "note.tells_employee" if is_identifying else ""

    def _may_be_codes(self, column: _Column, /) -> bool:
        """Whether a column's numbers are employees' ids by chance: ids are counted as codes are, and others' rows."""
        name, table = quoted(column.name), column.table
        numbers = "SELECT DISTINCT TRY_CAST({0} AS BIGINT) AS n FROM {1} WHERE " + _is_number("{0}")
        taken = self.intake.rows(
            f"WITH ids AS ({numbers.format('id', 'employee_ids')}) "
            f"SELECT avg((n + 1 IN (FROM ids))::INT + (n - 1 IN (FROM ids))::INT) / 2 "
            f"FROM ({numbers.format(name, table.unnumbered)}) WHERE n IN (FROM ids)"
        )[0][0]
        if taken is None or taken < MIN_NUMBERS_TAKEN:
            return False
        own = PERSON_COLUMNS.get(table.spec.name)
        if own is None or own not in table.plans:
            return True
        same = self.intake.rows(f"SELECT avg(({name} = {quoted(own)})::INT) FROM {table.unnumbered}")[0][0]
        return (same or 0.0) <= MIN_SHARE_OF_VALUES

    def mentions(self, table: TypedTable, left: Collection[str], /) -> dict[str, bool]:
        """Return the texts of a table, of those that stay, in which employees may be named, and whether one was found.

        Parameters
        ----------
        left : collection of str
            Columns that stay behind.
        """
        if not self.people:
            return {}
        texts = (name for name in table.plans if name not in table.spec.names or name in _CONTRACT_TEXTS)
        found: dict[str, bool] = {}
        for name in texts:
            is_text = name not in left and table.type_of(name) == "text"
            if not is_text or is_cleared(self.privacy, table.spec.name, name):
                continue
            named = self._share_of_names(_Column(table, name, frozenset())) > 0
            length = self.intake.rows(f"SELECT avg(length({quoted(name)})) FROM {table.unnumbered}")[0][0]
            if named or (length or 0) > FREE_TEXT_LENGTH:
                found[name] = named
        return found

    def _share_of_names(self, column: _Column, /) -> float:
        """Return the share of a column's different values that name an employee, however it is written."""
        if not self.people:
            return 0.0
        name = quoted(column.name)
        values = self.intake.rows(
            f"SELECT DISTINCT {name} FROM {column.table.unnumbered} WHERE {name} IS NOT NULL "
            f"LIMIT {MAX_VALUES_SEARCHED}"
        )
        return sum(self.people.names(value) for (value,) in values) / len(values) if values else 0.0

    def _all_but_unique(self, column: _Column, /) -> bool:
        name = quoted(column.name)
        present, distinct = self.intake.rows(
            f"SELECT count({name}), count(DISTINCT {name}) FROM {column.table.relation}"
        )[0]
        return present >= MIN_ROWS and distinct > ALL_BUT_UNIQUE * present

    def _holds_roles(self, column: _Column, /) -> bool:
        roles = ", ".join(map(literal, _ROLES))
        return self._share(column, f"lower(trim(value::VARCHAR)) IN ({roles})") == 1

    def _share(self, column: _Column, test: str, /) -> float:
        """Return the share of a column's different values for which a test holds."""
        values = (
            f"SELECT DISTINCT {quoted(column.name)} AS value FROM (SELECT {quoted(column.name)} FROM "
            f"{column.table.unnumbered} WHERE {quoted(column.name)} IS NOT NULL LIMIT {MAX_VALUES_READ})"
        )
        count, held = self.intake.rows(f"SELECT count(*), count(*) FILTER ({test}) FROM ({values})")[0]
        return held / count if count else 0.0

    def _ids(self) -> str:
        selects = [
            f"SELECT {quoted(column)} AS id FROM {self.intake.tables[name].relation}"
            + (f" WHERE {may_be_a_person()}" if name == "measures" else "")
            for name, column in PERSON_COLUMNS.items()
            if name in self.intake.tables and column in self.intake.tables[name].plans
        ]
        union = " UNION ALL ".join(selects) or "SELECT NULL::VARCHAR AS id"
        return f"SELECT DISTINCT id FROM ({union}) WHERE id IS NOT NULL"

    def _names(self) -> str:
        """Names as the table of employees has them: whole, or first and last name either way round."""
        table = self.intake.tables.get("employees")
        parts = [] if table is None else [name for name in table.attributes if self._is_name(name)]
        if table is None or not parts:
            return "SELECT NULL::VARCHAR AS name WHERE FALSE"
        whole = [quoted(name) for name in parts]
        between = ("' '", "', '", "''")
        pairs = [f"{one} || {mark} || {two}" for one in whole for two in whole if one != two for mark in between]
        listed = " UNION ALL ".join(
            f"SELECT lower(trim({value}::VARCHAR)) AS name FROM {table.relation}" for value in [*whole, *pairs]
        )
        return f"SELECT DISTINCT name FROM ({listed}) WHERE length(name) > 1"

    @staticmethod
    def _is_name(column: str, /) -> bool:
        return any(kind_of(meaning) == "name" for meaning in meanings_of(column))
