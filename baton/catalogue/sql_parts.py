"""The parts that a KPI's SQL may be made of, down to each argument of each part.

Whatever sqlglot prints without quotes (date parts, types, numbers, words) is looked up here or has a fixed form, so
that no text of a catalogue reaches an engine as anything but a quoted text or a quoted column. A list of what is
allowed, so that what a later version adds is refused until it is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

__all__ = ["DATE_PARTS", "MAX_DEPTH", "PARTS", "TYPES", "depth_of", "fault_of"]

MAX_DEPTH = 100
"""Parts that may lie within each other; parsers and engines work through them by recursion."""

# what one replace() may make of one letter, all nested ones together: more would fill the memory
_MAX_GROWTH = 100

_PAIR = frozenset({"this", "expression"})
_ONE = frozenset({"this"})

PARTS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(["Paren", "Neg", "Not", "Abs", "Sqrt", "Ln", "Exp", "Sign", "Lower", "Upper", "Length"], _ONE),
    **dict.fromkeys(["TimeToUnix", "Hour", "Minute", "Day", "Month", "Year", "Quarter"], _ONE),
    **dict.fromkeys(["Column", "Identifier", "Boolean", "Var", "DataType"], _ONE),
    **dict.fromkeys(["And", "Or", "Xor", "EQ", "NEQ", "GT", "GTE", "LT", "LTE"], _PAIR),
    **dict.fromkeys(["NullSafeEQ", "NullSafeNEQ", "Add", "Sub", "Mul", "Div", "IntDiv", "Mod", "Pow", "DPipe"], _PAIR),
    **dict.fromkeys(["Nullif", "Contains", "StartsWith", "EndsWith", "Left", "Right", "RegexpLike", "Log"], _PAIR),
    **dict.fromkeys(["Like", "ILike", "Is"], _PAIR | {"negate"}),
    **dict.fromkeys(["Greatest", "Least"], frozenset({"this", "expressions", "ignore_nulls"})),
    **dict.fromkeys(["Floor", "Ceil"], frozenset({"this", "decimals"})),
    **dict.fromkeys(["DateDiff", "DatetimeDiff", "TimestampDiff"], _PAIR | {"unit", "date_part_boundary"}),
    "Identifier": frozenset({"this", "quoted"}),
    "Literal": frozenset({"this", "is_string"}),
    "Null": frozenset(),
    "Between": frozenset({"this", "low", "high"}),
    "In": frozenset({"this", "expressions"}),
    "Div": _PAIR | {"typed", "safe"},
    "DPipe": _PAIR | {"safe"},
    "Case": frozenset({"this", "ifs", "default"}),
    "If": frozenset({"this", "true", "false"}),
    "Coalesce": frozenset({"this", "expressions"}),
    "Cast": frozenset({"this", "to"}),
    "TryCast": frozenset({"this", "to", "safe"}),
    "DataType": frozenset({"this", "expressions"}),  # decimal(10, 2)
    "DataTypeParam": _ONE,
    "RegexpLike": _PAIR | {"flag"},
    "Round": frozenset({"this", "decimals"}),
    "Trim": frozenset({"this", "expression", "position"}),
    "Concat": frozenset({"expressions", "safe", "coalesce"}),
    "Substring": frozenset({"this", "start", "length"}),
    "Replace": _PAIR | {"replacement"},
    "Extract": _PAIR,
    "Interval": frozenset({"this", "unit"}),
}
"""By the name of sqlglot's class: the arguments that may be filled."""

TYPES = frozenset(
    "BOOLEAN TINYINT SMALLINT INT BIGINT FLOAT DOUBLE DECIMAL VARCHAR TEXT DATE TIMESTAMP TIMESTAMPNTZ".split()
)
"""Types that a value may be cast to."""

DATE_PARTS = frozenset(
    """
    MICROSECOND MICROSECONDS MILLISECOND MILLISECONDS SECOND SECONDS MINUTE MINUTES HOUR HOURS DAY DAYS WEEK WEEKS
    MONTH MONTHS QUARTER QUARTERS YEAR YEARS DOW DAYOFWEEK ISODOW DOY DAYOFYEAR ISOYEAR EPOCH
    """.split()
)
"""Parts of a time that may be taken out, counted or added."""

_NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
# where a bare word may stand: nowhere else is one printed without quotes
_WORDS = {("Extract", "this"), ("Interval", "unit")} | {
    (kind, "unit") for kind in ("DateDiff", "DatetimeDiff", "TimestampDiff")
}
_TRIMMED = frozenset({"BOTH", "LEADING", "TRAILING"})


def fault_of(node: Expr, /) -> str | None:
    """Return what is wrong with one allowed kind of part, or None.

    Parameters
    ----------
    node : sqlglot expression
        Of a kind that is in ``PARTS``; its children are looked at on their own.
    """
    kind = type(node).__name__
    for name, value in node.args.items():
        if value is None or value is False or value == []:
            continue
        if kind == "In" and name == "query":
            return "it holds a query of its own; give one scalar expression over the source's columns"
        if name not in PARTS[kind]:
            return f"{kind.lower()} may not be written with {name.strip('_').replace('_', ' ')} here"
        if fault := _misfilled(node, kind, name, value):
            return fault
    return _misplaced(node, kind)


def _misplaced(node: Expr, kind: str, /) -> str | None:
    """Return what is wrong with a part as a whole, whose single arguments are all allowed."""
    from sqlglot import exp

    if kind == "Var" and (type(node.parent).__name__, node.arg_key) not in _WORDS:
        return f"the word {_short(node.name)!r} stands where none is allowed; put texts into single quotes"
    if kind == "In" and not node.args.get("expressions"):
        return "in () needs at least one value"
    if kind == "Interval" and node.args.get("unit") is None:
        return "an interval needs its unit, as in interval 2 day"
    if kind == "DataTypeParam" and (not isinstance(node.this, exp.Literal) or node.this.is_string):
        return "a type takes plain numbers alone, as in decimal(10, 2)"
    if kind == "RegexpLike" and not (node.args.get("flag") is None or _is_text(node.args["flag"])):
        return "the options of a pattern must be a text in single quotes"
    if kind in {"Like", "ILike", "RegexpLike"} and not _is_text(node.args.get("expression")):
        return "a pattern must be a text in single quotes, not a column or a computation"
    return _grows(node) if kind == "Replace" else None


def depth_of(tree: Expr, /) -> int:
    """Return how many parts lie within each other; a chain such as ``a or b or c`` counts half."""
    deepest, waiting = 0, [(tree, 0.0)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, int(depth))
        for child in node.iter_expressions():
            chained = child.arg_key == "this" and type(child).__name__ == type(node).__name__
            waiting.append((child, depth + (0.2 if chained and "expression" in PARTS.get(_kind(node), ()) else 1)))
    return deepest


def _kind(node: Expr, /) -> str:
    return type(node).__name__


def _misfilled(node: Expr, kind: str, name: str, value: Any, /) -> str | None:
    """Return what is wrong with the value of one argument: only what is listed is printed without quotes."""
    from sqlglot import exp

    values = value if isinstance(value, list) else [value]
    if name == "this" and kind in {"Identifier", "Literal", "Var", "DataType", "Boolean"}:
        return _bad_leaf(node, kind)
    if name == "position":
        return None if value in _TRIMMED else f"trim cannot take {_short(str(value))!r}"
    if name == "unit" or (kind == "Extract" and name == "this"):
        if not isinstance(value, exp.Var):
            return "a part of a time must be a plain word such as day or hour"
        return None
    if value is True:
        return None
    if all(isinstance(part, exp.Expr) for part in values):
        return None
    return f"{kind.lower()} holds {_short(str(value))!r}, which is not allowed here"


def _bad_leaf(node: Expr, kind: str, /) -> str | None:
    text = node.args["this"]
    if kind == "DataType":
        written = getattr(text, "name", str(text))
        return None if written in TYPES else f"type {_short(written)} is not allowed; use double, bigint, text, date …"
    if kind == "Boolean":
        return None if isinstance(text, bool) else "no boolean"
    if not isinstance(text, str):
        return f"{kind.lower()} holds no text"
    if "\x00" in text:
        return "it holds a character that no text may have (NUL)"
    if kind == "Var" and text.upper() not in DATE_PARTS:
        return f"{_short(text)!r} is no part of a time; use second, minute, hour, day, week, month, quarter or year"
    if kind == "Literal" and node.args.get("is_string") is not True and not _NUMBER.fullmatch(text):
        return f"{_short(text)!r} is no number"
    return None


def _is_text(node: Any, /) -> bool:
    from sqlglot import exp

    return isinstance(node, exp.Literal) and node.is_string


def _grows(node: Expr, /) -> str | None:
    """Return the fault of replacements that would blow texts up, those inside this one included."""
    from sqlglot import exp

    growth = 1.0
    for inner in [node, *node.find_all(exp.Replace)][1:]:
        old, new = inner.args.get("expression"), inner.args.get("replacement")
        if not _is_text(old) or not (new is None or _is_text(new)):
            return "replace needs texts in single quotes for what is replaced and by what"
        growth *= max(1.0, len(new.name if new is not None else "") / max(1, len(old.name)))
    return None if growth <= _MAX_GROWTH else "replace would make the texts more than 100 times as long"


def _short(text: str, /) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
