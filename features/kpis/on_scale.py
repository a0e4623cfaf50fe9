"""KPIs whose numbers are meant for one scale of ratings, followed on the company's own.

A KPI says with ``scale = { csat = [1, 5] }`` for which scale the numbers in its ``expr`` are meant. On another scale a
comparison keeps its place: ``csat <= 2`` of 1 to 5 divides the ratings half-way between 2 and 3, which is 37.5 % of the
way up; on 0 to 10 that is 3.75. So on whole numbers the low ratings are those below the middle, less the one next to it
on long scales: 1-3 of 7, 0-3 of 10, 1 of 3, 0 of 0/1 (docs/decisions: which ratings are low). Arithmetic with a rating
is done on the rating as it would stand on the KPI's scale. A rating by itself (a mean) stays on the company's scale.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from baton.catalogue.schema import Catalogue, Kpi
from baton.messages.message import Message
from features.quality.rating_scales import DEFAULT_SCALES

if TYPE_CHECKING:
    from features.staging.warehouse import Warehouse

__all__ = ["followed", "on_scale", "scale_notes", "unfollowed"]

Range = tuple[float, float]

_NOTHING = "CAST(NULL AS DOUBLE)"
_HALF = 0.5  # whole ratings: a threshold lies half-way to the next one


def followed(warehouse: Warehouse, kpis: Iterable[Kpi], /) -> list[Kpi]:
    """Return KPIs as they read on the scales of a company's ratings; one that cannot follow gives no value.

    Parameters
    ----------
    kpis : iterable of Kpi
        Those to be computed.
    """
    scales = warehouse.scales
    if not scales:
        return list(kpis)
    nothing = {"expr": _NOTHING, "scale": {}}
    return [on_scale(kpi, scales.get(kpi.source, {})) or kpi.model_copy(update=nothing) for kpi in kpis]


def unfollowed(warehouse: Warehouse, kpi: Kpi, /) -> bool:
    """Whether a KPI cannot follow the scale of the company's ratings, and so has no value."""
    return on_scale(kpi, warehouse.scales.get(kpi.source, {})) is None


def on_scale(kpi: Kpi, scales: Mapping[str, Range | None], /) -> Kpi | None:
    """Return a KPI as it reads on other scales of ratings.

    Parameters
    ----------
    scales : mapping of str to (low, high) or None
        Of its source's columns of ratings; None: not known.

    Returns
    -------
    Kpi or None
        None: its numbers are meant for a scale that cannot be brought to the company's.

    Examples
    --------
    >>> kpi = Kpi(id="k", name="K", layer="role", perspective="customer", source="cases", better="lower", unit="share",
    ...           role="outcome", expr="csat <= 2", scale={"csat": (1, 5)})
    >>> on_scale(kpi, {"csat": (0, 10)}).expr, on_scale(kpi, {"csat": (1, 5)}).expr
    ('"csat" <= 3.75', 'csat <= 2')
    >>> on_scale(kpi, {"csat": None}) is None
    True
    """
    wanted = {name: scale for name, scale in kpi.scale.items() if name in scales and scales[name] != scale}
    if not wanted or kpi.expr is None:
        return kpi
    moves = []
    for name, scale in sorted(wanted.items()):
        target = scales[name]
        if target is None or target[0] < 0 <= scale[0]:  # scores from -100 to 100 are no answers any more
            return None
        moves.append((name, scale, target))
    rewritten = {"expr": _rewritten(kpi.expr, tuple(moves))}
    if kpi.denominator is not None:
        rewritten["denominator"] = _rewritten(kpi.denominator, tuple(moves))
    return kpi.model_copy(update={**rewritten, "scale": {**kpi.scale, **{name: to for name, _, to in moves}}})


@lru_cache(maxsize=1024)
def _rewritten(text: str, moves: tuple[tuple[str, Range, Range], ...], /) -> str:
    from sqlglot import exp, parse_one

    tree = parse_one(text, dialect="duckdb")
    for name, scale, target in moves:
        tree = tree.transform(lambda node, name=name, a=scale, b=target: _moved(node, name, a, b))
    return tree.sql(dialect="duckdb", identify=True) if not isinstance(tree, exp.Literal) else text


def _moved(node: Any, name: str, scale: Range, target: Range, /) -> Any:
    """Return a comparison of the column with numbers, or arithmetic with it, as it reads on another scale."""
    from sqlglot import exp

    if isinstance(node, exp.Between) and _is(node.this, name) and _number(node.args["low"]) is not None:
        low, high = _number(node.args["low"]), _number(node.args["high"])
        if low is not None and high is not None:
            return exp.Between(
                this=node.this, low=_at(low - _HALF, scale, target), high=_at(high + _HALF, scale, target)
            )
    if isinstance(node, exp.In) and _is(node.this, name):
        values = [_number(value) for value in node.expressions]
        if values and all(value is not None for value in values):
            return exp.paren(exp.or_(*(_equal(node.this, float(value or 0), scale, target) for value in values)))
    if isinstance(node, exp.LT | exp.LTE | exp.GT | exp.GTE | exp.EQ | exp.NEQ):
        return _compared(node, name, scale, target)
    if _is(node, name) and isinstance(node.parent, exp.Add | exp.Sub | exp.Mul | exp.Div | exp.Neg | exp.Pow):
        (low, high), (from_, to) = scale, target
        return exp.paren(
            (node.copy() - exp.Literal.number(f"{from_:g}")) * exp.Literal.number(f"{(high - low) / (to - from_):.10g}")
            + exp.Literal.number(f"{low:g}")
        )
    return node


def _compared(node: Any, name: str, scale: Range, target: Range, /) -> Any:
    from sqlglot import exp

    column, other, swapped = node.this, node.expression, False
    if _is(other, name):
        column, other, swapped = other, column, True
    value = _number(other)
    if not _is(column, name) or value is None:
        return node
    if isinstance(node, exp.EQ | exp.NEQ):
        equal = _equal(column, value, scale, target)
        return equal if isinstance(node, exp.EQ) else exp.not_(equal)
    turned = {exp.LT: exp.GT, exp.LTE: exp.GTE, exp.GT: exp.LT, exp.GTE: exp.LTE}
    kind = turned[type(node)] if swapped else type(node)
    # up to and including 2 ends half-way to 3; below 3 ends there as well
    cut = value + _HALF if kind in (exp.LTE, exp.GT) else value - _HALF
    kind = exp.LTE if kind in (exp.LTE, exp.LT) else exp.GT
    return kind(this=column.copy(), expression=_at(cut, scale, target))


def _equal(column: Any, value: float, scale: Range, target: Range, /) -> Any:
    from sqlglot import exp

    above = exp.GT(this=column.copy(), expression=_at(value - _HALF, scale, target))
    upto = exp.LTE(this=column.copy(), expression=_at(value + _HALF, scale, target))
    return exp.paren(exp.and_(above, upto))


def _at(value: float, scale: Range, target: Range, /) -> Any:
    from sqlglot import exp

    share = (value - scale[0]) / (scale[1] - scale[0])
    return exp.Literal.number(f"{target[0] + share * (target[1] - target[0]):.10g}")


def _is(node: Any, name: str, /) -> bool:
    from sqlglot import exp

    while isinstance(node, exp.Paren):
        node = node.this
    return isinstance(node, exp.Column) and node.name.casefold() == name


def _number(node: Any, /) -> float | None:
    from sqlglot import exp

    if isinstance(node, exp.Neg):
        inner = _number(node.this)
        return None if inner is None else -inner
    return float(node.this) if isinstance(node, exp.Literal) and not node.is_string else None


def scale_notes(catalogue: Catalogue, table: str, scales: Mapping[str, Range | None], /) -> Iterator[Message]:
    """Say which KPIs follow the scale of the company's ratings, which cannot, and which do not say theirs.

    Parameters
    ----------
    table : str
        The source.
    scales : mapping of str to (low, high) or None
        Of its columns of ratings.
    """
    for kpi in catalogue.values() if scales else ():
        if kpi.source != table or kpi.expr is None:
            continue
        yield from _stated(kpi, table, scales)
        for name, scale in scales.items():
            default = DEFAULT_SCALES.get(name)
            if name in kpi.scale or scale == default or not _has_numbers(kpi, name):
                continue
            values = {"kpi": kpi.id, "column": f"{table}.{name}", "scale": _runs(scale)}
            yield Message("kpi.compares_ratings", values | {"setting": f"scale = {{ {name} = [1, 5] }}"})


def _runs(scale: Range | None, /) -> Message:
    if scale is None:
        return Message("kpi.no_scale")
    return Message("kpi.runs", {"low": f"{scale[0]:g}", "high": f"{scale[1]:g}"})


def _stated(kpi: Kpi, table: str, scales: Mapping[str, Range | None], /) -> Iterator[Message]:
    for name, scale in kpi.scale.items():
        if name not in scales or scales[name] == scale:
            continue
        now, moved = scales[name], on_scale(kpi, scales)
        values = {
            "kpi": kpi.id,
            "column": f"{table}.{name}",
            "from": f"{scale[0]:g}",
            "to": f"{scale[1]:g}",
        }
        if moved is None:
            yield Message("kpi.other_scale", values | {"scale": _runs(now)})
        elif now is not None:
            values |= {"low": f"{now[0]:g}", "high": f"{now[1]:g}"}
            yield Message("kpi.follows_scale", values | {"now": _plain(moved.expr), "then": _plain(kpi.expr)})


def _plain(expr: str | None, /) -> str:
    return " ".join((expr or "").replace('"', "").split())


def _has_numbers(kpi: Kpi, name: str, /) -> bool:
    """Whether an expression sets the column beside numbers."""
    from sqlglot import exp, parse_one

    for text in (kpi.expr, kpi.denominator):
        for node in parse_one(text, dialect="duckdb").find_all(exp.Column) if text is not None else ():
            if node.name.casefold() != name:
                continue
            above = node.parent
            while isinstance(above, exp.Paren):
                above = above.parent
            beside = isinstance(above, exp.Predicate | exp.Binary | exp.Neg | exp.Pow)
            if above is not None and beside and any(True for _ in above.find_all(exp.Literal)):
                return True
    return False
