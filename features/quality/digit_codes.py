"""Says which of a table's own columns are read as numbers and may hold codes: 100, 200 and 300 for three tariffs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from baton.messages.message import Message, Value
from baton.privacy.meanings import words_of
from features.ingest.intake import Intake, TypedTable
from features.ingest.profiling import in_batches
from features.ingest.sql_text import quoted
from features.training.attributes import is_id, is_private

__all__ = ["code_notes", "means_code"]

_WITH_FEATURES = ("customers", "cases", "employees", "snapshots")
MIN_CODES = 3  # of two values, a number gives a model the same information as a category
MAX_CODES = 50  # with more different values, a name that says nothing is more likely one of amounts
MIN_ROWS_PER_CODE = 10  # categories repeat
MIN_CODE = 10  # 1, 2, 3 are counts or grades more often than codes; fixed width says something from two digits on
MAX_SHOWN_COLUMNS = 5
MAX_SHOWN_CODES = 3

_CODES = frozenset(
    "code codes cd id ids type types typ class classes klasse category categories cat kategorie plan tariff tarif zip "
    "zipcode postcode postal plz region district country state branch segment group gruppe cluster status sector "
    "naics sic nace department division channel subtype key kz nr".split()
)
_CODE_ENDINGS = tuple(
    "code typ type klasse gruppe kategorie nummer plz postleitzahl schluessel schlüssel kennzeichen tarif "
    "编码 编号 代码 类型 类别 邮编 状态 地区 区号 代號 代碼 編號 類型 類別 郵編 狀態 地區 區號 套餐".split()
)
_AMOUNTS = frozenset(
    "price fee amount amt cost charge charges revenue income salary balance value discount limit credit budget spend "
    "sales rate ratio percent percentage pct share score points rating index count cnt counts qty "
    "quantity total sum avg average mean median min max size length weight height width speed volume distance usage "
    "age year years month months quarter week weeks day days hour hours minute minutes mins second seconds secs "
    "duration tenure term gb mb kb mbps kwh km users seats licences licenses employees headcount calls visits logins "
    "orders items units lines eur usd".split()
)
_COUNTING = frozenset("number num n count sum total share avg average mean median min max".split())
_AMOUNT_ENDINGS = tuple(
    "preis betrag anzahl kosten jahr jahre monate tage stunden alter dauer "
    "数 數 数量 金额 金額 价 價 费 費 率 年 月 天 时长 時長 龄 齡 额".split()
)


def code_notes(intake: Intake, table: TypedTable, /) -> list[Message]:
    """Return notes about columns of whole numbers that may be codes, and about ids that may be.

    Numbers that may be codes are those whose name says so, and those of few different numbers of one width, at least
    two digits long, with gaps between them, whose name does not suggest an amount. That is no proof; a model
    that takes codes for amounts finds an order in them that is none. Columns called ids are no features; those of few
    different values (``plan_id``) may be categories.
    """
    name, company = table.spec.name, intake.company
    if name not in _WITH_FEATURES or not table.rows:
        return []
    declared = {column.casefold() for column in company.tables[name].types}
    own = [
        column
        for column in table.attributes
        if column.casefold() not in declared
        and not is_private(company, column, employee=name == "employees", table=name)
    ]
    ids = [] if name == "snapshots" else [column for column in own if is_id(column)]
    asked = [
        column
        for column in own
        if column not in ids
        and table.plans[column].type == "number"
        and table.plans[column].raw_type != "BOOLEAN"
        and means_code(column) is not False
    ]
    found = [codes for column in _whole(intake, table, asked) if (codes := _codes(intake, table, column))]
    repeated = [(column, count) for column in ids if (count := _few(intake, table, column))]
    notes = []
    if found:
        columns = [Message("note.column_codes", {"column": column, "values": values}) for column, values in found]
        notes.append(Message("note.may_be_codes", _values(name, columns, found[0][0])))
    if repeated:
        columns = [Message("note.column_different", {"column": column, "n": count}) for column, count in repeated]
        notes.append(Message("note.ids_no_features", _values(name, columns, repeated[0][0])))
    return notes


def _values(table: str, columns: Sequence[Message], first: str, /) -> dict[str, Value]:
    more = len(columns) - MAX_SHOWN_COLUMNS
    shown = (*columns[:MAX_SHOWN_COLUMNS], *([Message("note.more", {"n": more})] if more > 0 else []))
    return {"table": table, "columns": shown, "setting": f'types = {{ {_key(first)} = "category" }}'}


def _few(intake: Intake, table: TypedTable, column: str, /) -> int:
    """Return how many different values a column has if they are few and repeat; else 0."""
    value = quoted(column)
    count, rows = intake.rows(f"SELECT count(DISTINCT {value}), count({value}) FROM {table.relation}")[0]
    return count if 2 <= count <= MAX_CODES and rows >= MIN_ROWS_PER_CODE * count else 0


def means_code(column: str, /) -> bool | None:
    """Whether a column's name means codes, or (False) amounts; None: it says neither.

    Examples
    --------
    >>> means_code("tariffCode"), means_code("monthly_fee"), means_code("Postleitzahl"), means_code("colour")
    (True, False, True, None)
    """
    parts = [part.casefold() for part in words_of(column)]
    if not parts:
        return None
    if "per" in parts or parts[0] in _COUNTING:
        return False  # number_of_plans, calls_per_region
    last = parts[-1]
    if last in _CODES or last.endswith(_CODE_ENDINGS):
        return True
    return False if set(parts) & _AMOUNTS or last.endswith(_AMOUNT_ENDINGS) else None


def _whole(intake: Intake, table: TypedTable, columns: Sequence[str], /) -> list[str]:
    """Return those that hold nothing but whole numbers, none below zero, not all of them alike."""
    found = []
    for part in in_batches(columns):
        tests = (
            f"coalesce(bool_and({value} = floor({value})) AND min({value}) >= 0 AND min({value}) < max({value}), FALSE)"
            for value in map(quoted, part)
        )
        codes = intake.rows(f"SELECT {', '.join(tests)} FROM {table.relation}")[0]
        found += [name for name, is_whole in zip(part, codes, strict=True) if is_whole]
    return found


def _codes(intake: Intake, table: TypedTable, column: str, /) -> tuple[str, str] | None:
    """Return a column and its first values if they may be codes."""
    value = quoted(column)
    count, rows, low, high = intake.rows(
        f"SELECT count(DISTINCT {value}), count({value}), min({value}), max({value}) FROM {table.relation}"
    )[0]
    if count < MIN_CODES or 2 * count > rows:
        return None  # what hardly ever repeats numbers the rows
    if not means_code(column):
        one_width = low >= MIN_CODE and len(f"{low:.0f}") == len(f"{high:.0f}")
        gaps = high - low >= 2 * (count - 1)
        if count > MAX_CODES or rows < MIN_ROWS_PER_CODE * count or not one_width or not gaps:
            return None
    first = intake.rows(f"SELECT DISTINCT {value} FROM {table.relation} ORDER BY 1 LIMIT {MAX_SHOWN_CODES}")
    shown = ", ".join(f"{number:.0f}" for (number,) in first if number is not None)
    return column, shown + (" …" if count > MAX_SHOWN_CODES else "")


def _key(column: str, /) -> str:
    """Return a column's name as a key of TOML."""
    return column if re.fullmatch(r"[A-Za-z0-9_-]+", column) else f"'{column}'"
