"""Amounts in another currency than the company file's: named by a sign, or by a column beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from baton.messages.message import Message
from features.ingest.intake import Intake, TypedTable
from features.ingest.sql_text import quoted
from features.ingest.values.currency_signs import by_currency, currency_named, is_same_currency
from features.quality.faults import Fault, Severity, Treatment

__all__ = ["currency_faults"]

_MONEY = {"customers": "value", "activity": "amount", "cases": "cost", "measures": "value"}
_CURRENCY_COLUMN = re.compile(
    r"(^|[_ ])(currency|currencies|curr|ccy|waehrung|währung|devise|moneda|divisa|moeda|valuta)([_ ]|$)"
    "|(?<=[a-z])(currency|waehrung)$|币种|货币|幣別|貨幣|通貨",
    re.IGNORECASE,
)
_MAX_CURRENCIES = (
    200  # there are fewer than that in the world: a column of more different values is about something else
)


def currency_faults(intake: Intake, table: TypedTable, treatment: Treatment, /) -> Iterator[Fault]:
    """Yield a fault for each currency but the company's that a column's amounts are in.

    Parameters
    ----------
    treatment : str
        What becomes of such rows: stop, drop, null or keep.
    """
    company = intake.company.company.currency
    for name, plan in table.plans.items():
        if not plan.doubt:
            rows = table.present.get(name, table.rows)
            for sign, count in plan.currencies:
                if not is_same_currency(sign, company):
                    values = {"count": count, "total": rows, "other": sign.upper(), "currency": company}
                    yield _fault(table, name, Message("fault.other_currency", values), count, treatment)
    money = _MONEY.get(table.spec.name, "")
    if money not in table.plans or table.plans[money].currencies:
        return
    for name in table.attributes:
        if _CURRENCY_COLUMN.search(name):
            beside = _beside(intake, table, name, money)
            for sign, count in sorted(by_currency(beside).items()):
                if not is_same_currency(sign, company):
                    values = {"count": count, "total": sum(beside.values()), "other": sign.upper(), "column": name}
                    what = Message("fault.other_currency_by", values | {"currency": company})
                    yield _fault(table, money, what, count, treatment)


def _beside(intake: Intake, table: TypedTable, name: str, money: str, /) -> dict[str, int]:
    """Return how many amounts a column beside them says to be in each currency."""
    rows = intake.rows(
        f"SELECT {quoted(name)}::VARCHAR, count(*) FROM {table.unnumbered} "
        f"WHERE {quoted(money)} IS NOT NULL AND {quoted(name)} IS NOT NULL GROUP BY 1 LIMIT {_MAX_CURRENCIES + 1}"
    )
    named = {text: currency_named(text) for text, _ in rows}
    return {text: count for text, count in rows if named[text]} if len(rows) <= _MAX_CURRENCIES else {}


def _fault(table: TypedTable, name: str, what: Message, count: int, treatment: Treatment, /) -> Fault:
    severity: Severity = "error" if treatment == "stop" else "warning"
    remedy = Message("remedy.convert_amounts")
    return Fault(table.spec.name, name, "other_currency", severity, count, (), treatment, what, remedy)
