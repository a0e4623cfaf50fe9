"""Whether a column's values can be what a contract column asks for, whatever it is called."""

from __future__ import annotations

from baton.contract.sources import TABLES, ColumnSpec
from features.mapping.looks import ColumnLook

__all__ = ["is_of_channels", "value_fit"]

_DURATIONS = frozenset({"wait_seconds", "handle_seconds"})
_HOURS = frozenset({"hours", "overtime_hours", "training_hours"})  # 0:32:29 is read as a part of an hour
_KEYS = {"cases": "case_id", "customers": "customer_id", "employees": "employee_id", "teams": "team_id"}
_REPEATED = frozenset({("activity", "customer_id"), ("case_steps", "case_id"), ("work", "employee_id")})
_GROUPS = frozenset({"team_id", "employee_id"})
_MIN_CASES = 100  # of so many some have the same customer
_CHANNELS = frozenset(
    "email e-mail mail phone telephone telefon telefone teléfono téléphone voice call chat live_chat livechat sms web "
    "webform whatsapp facebook twitter instagram social portal app letter fax in-store 电话 邮件 微信 网页 短信 热线 "
    "在线客服 電話 メール チャット".split()
)
_MAX_GROUP_SHARE = 0.5  # a team or a person has two rows and more, as a rule
_MIN_UNIQUE = 0.98  # a row or two exported twice make no key less
_MAX_CATEGORIES = 400
_DIRECTIONS = frozenset(
    "inbound outbound incoming outgoing in out internal inward eingehend ausgehend entrante saliente interna entrant "
    "missed abandoned voicemail callback sortant entrada saida saída 呼入 呼出 来电 去电 入线 外呼".split()
)
_CUSTOMER_KINDS = frozenset(
    "internal external partner supplier vendor ecosystem reseller intern extern interne externe partenaire interno "
    "externo socio proveedor 内部 外部 内部客户 外部客户 合作伙伴 供应商 生态伙伴".split()
)
_UNITS = frozenset(
    "employee agent team group department unit store branch company person customer mitarbeiter gruppe abteilung "
    "équipe employé agence equipo empleado 员工 个人 团队 班组 部门 门店 公司 组织 客户".split()
)
_MAX_CODES = 20
_MAX_RATING_WORDS = 12
_MIN_SHARE = 0.9  # of the values that can be read as the type; the rest is dirt, which the checks report


def is_of_channels(look: ColumnLook, /) -> bool:
    """Whether all values are ways in which cases come in, and there are several.

    Parameters
    ----------
    look : ColumnLook
        Of the column.
    """
    return look.distinct > 1 and {value.casefold() for value in look.values} <= _CHANNELS


def value_fit(table: str, column: str, look: ColumnLook, /) -> float:
    """Return how well a column's values fit a contract column: 0 where they cannot be it.

    Parameters
    ----------
    table, column : str
        Of the contract.
    """
    spec = TABLES[table].column(column)
    if spec is None or not look.present or (column == "valid_from" and table in _KEYS):
        return 0.0  # the keys of those tables differ, so that nothing held before
    if spec.type == "time":
        return _time(look)
    if spec.type == "id":
        return _id(table, column, look)
    if spec.type == "flag":
        return _flag(look)
    if spec.type == "integer":
        return _count(look)
    if spec.type == "number":
        return _number(spec, look)
    return _word(table, column, look)


def _word(table: str, column: str, look: ColumnLook, /) -> float:
    if (table, column) == ("measures", "unit"):
        # whose KPI it is, and not in what it is measured
        return 1.0 if {value.casefold() for value in look.values} <= _UNITS else 0.0
    if column == "kind" and (look.flags >= _MIN_SHARE or (look.is_number and look.distinct > _MAX_CODES)):
        return 0.0  # yes or no, and amounts, say how much and not what
    if (table, column) == ("customers", "kind"):
        # internal and external customers, partners; 微信客户 or Enterprise are something else that is called a type
        known = {value.casefold() for value in look.values} <= _CUSTOMER_KINDS
        return _text(column, look) * (1.0 if known else 0.4)
    if column == "process" and is_of_channels(look):
        return 0.0  # how a case came in is not what it was about
    return _text(column, look)


def _time(look: ColumnLook, /) -> float:
    if look.is_time:
        return 1.0
    return 0.6 if look.digit_times >= _MIN_SHARE else 0.0


def _id(table: str, column: str, look: ColumnLook, /) -> float:
    if look.is_time or look.durations >= 0.5 or look.words > 6 or look.characters > 80:
        return 0.0
    is_key = _KEYS.get(table) == column and look.unique_share >= _MIN_UNIQUE and look.known_share >= _MIN_UNIQUE
    # telephone systems number calls by the second, a point and a counter: 1729000000.57
    if not is_key and look.is_number and any("." in value and not value.endswith(".0") for value in look.values):
        return 0.0
    if _KEYS.get(table) == column:
        return 1.0 if is_key else 0.0
    if (table, column) in _REPEATED and look.rows > 100 and look.unique_share >= 0.8:
        return 0.1
    if look.distinct < 2:
        return 0.3
    if (table, column) == ("cases", "customer_id") and look.unique_share >= _MIN_UNIQUE and look.rows > _MIN_CASES:
        return 0.6  # another in each case: the case's own id rather
    if column in _GROUPS:
        return 1.0 if look.unique_share <= _MAX_GROUP_SHARE or look.rows < 50 else 0.2
    return 0.3 if look.flags >= _MIN_SHARE else 1.0


def _flag(look: ColumnLook, /) -> float:
    return 1.0 if look.flags >= _MIN_SHARE and look.distinct <= 4 else 0.0


def _count(look: ColumnLook, /) -> float:
    if look.flags >= _MIN_SHARE and look.distinct <= 2 and not look.is_number:
        return 0.85  # yes and no: once or never
    if not look.is_number or look.low is None or look.low < 0 or (look.high or 0) > 1000:
        return 0.0
    return 1.0 if all("." not in value or value.endswith(".0") for value in look.values) else 0.0


def _number(spec: ColumnSpec, look: ColumnLook, /) -> float:
    if spec.name in _DURATIONS:
        return 1.0 if look.durations >= _MIN_SHARE or (look.is_number and (look.low or 0) >= 0) else 0.0
    if spec.name in _HOURS and look.durations >= _MIN_SHARE:
        return 1.0
    if spec.name in {"csat", "nps"} and not look.is_number:
        # Good and Bad, 非常满意 and 不满意: read as ratings by their words
        return 0.8 if 2 <= look.distinct <= _MAX_RATING_WORDS and look.words < 4 and not look.is_time else 0.0
    if not look.is_number:
        return 0.0
    low, high = look.low if look.low is not None else 0, look.high if look.high is not None else 0
    if spec.name == "nps":
        return 1.0 if low >= 0 and high <= 10 else 0.0
    if spec.name == "csat":
        return 1.0 if low >= 0 and high <= 100 and look.distinct <= 101 else 0.0
    if (spec.low is not None and low < spec.low) or (spec.high is not None and high > spec.high):
        return 0.0
    return 1.0


def _text(column: str, look: ColumnLook, /) -> float:
    if look.is_time or look.durations >= 0.5:
        return 0.0
    if column == "text":
        if look.is_number or look.words < 1.5:
            return 0.0
        return 1.0 if look.words >= 3 and look.distinct > 20 else 0.8 if look.distinct > 20 else 0.4
    if column == "item" and look.unique_share < 0.5 and look.words <= 8:
        return 1.0  # a shop has thousands of products
    if column == "process" and {value.casefold() for value in look.values} <= _DIRECTIONS:
        return 0.0  # whether a call came in or went out is not what it was about
    if look.distinct > _MAX_CATEGORIES or (look.unique_share > 0.5 and look.rows > 100 and column not in {"name"}):
        return 0.0
    if look.is_number and column in {"name", "department", "kpi", "activity"}:
        return 0.0
    return 1.0 if look.words <= 8 else 0.3
