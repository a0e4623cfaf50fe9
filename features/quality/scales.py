"""The scales that numbers should keep to: the contract's, the company file's, or, for ratings, the one inferred."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from baton.company import Company
from baton.messages.message import Message, Value
from features.ingest.intake import Intake, TypedTable
from features.ingest.sql_text import quoted
from features.ingest.values.rating_words import RATINGS
from features.quality.mixed_scales import mixed
from features.quality.rating_scales import DEFAULT_SCALES, Inferred, inferred, profile
from features.quality.row_rules import Rule

__all__ = ["Agreed", "Scale", "Scales", "scales"]

Scale = tuple[float | None, float | None]
Agreed = Mapping[str, Mapping[str, tuple[float, float] | None]]
"""Per table and column of ratings, its scale; None: not known."""

_PARTS = ("channel", "process", "stage", "team_id")


@dataclass
class Scales:
    """The scales of one table's number columns.

    Parameters
    ----------
    bounds : dict of str to (low, high)
        What the values are checked against.
    ratings : dict of str to (low, high) or None
        Of the columns whose scale KPIs follow; None: it is not known.
    rules : list of Rule
        Columns that hold two scales, or another than a model was trained on.
    notes : list of Message
        What was inferred.
    """

    bounds: dict[str, Scale]
    ratings: dict[str, tuple[float, float] | None] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    notes: list[Message] = field(default_factory=list)


def scales(intake: Intake, table: TypedTable, /) -> Scales:
    """Return the scale of each number column of a table.

    Returns
    -------
    Scales
        What the company file declares (``scales`` of the table, else ``[outcomes.case] scale``), what models were
        trained on, or what the ratings show (``features/quality/rating_scales.py``), in this order.
    """
    found = Scales(
        {
            column.name: (column.low, column.high)
            for column in table.spec.columns
            if column.low is not None or column.high is not None
        }
    )
    declared = _declared(intake.company, table)
    for name, scale in declared.items():
        found.bounds[name] = found.ratings[name] = scale
    if table.spec.name == "cases":
        for name in RATINGS["cases"]:
            if name in table.plans:
                _rating(intake, table, name, declared.get(name), found)
    return found


def _declared(company: Company, table: TypedTable, /) -> dict[str, tuple[float, float]]:
    given = {name: scale for name, scale in company.tables[table.spec.name].scales.items() if name in table.plans}
    outcome = company.outcomes.case
    if (
        table.spec.name == "cases"
        and outcome is not None
        and outcome.scale is not None
        and outcome.metric in table.spec.names
    ):
        given.setdefault(outcome.metric, outcome.scale)
    return given


def _rating(
    intake: Intake,
    table: TypedTable,
    name: str,
    declared: tuple[float, float] | None,
    found: Scales,
    /,
) -> None:
    agreed = intake.agreed.get("cases", {})
    counts = profile(intake.rows, table.relation, name)
    if not counts.ratings:
        return
    inferred_scale = Inferred(table.word_scales[name]) if name in table.word_scales else inferred(name, counts)
    scale = declared or agreed.get(name) or inferred_scale.scale
    found.ratings[name] = scale
    if scale is None:
        found.bounds.pop(name, None)
        found.notes.append(
            Message(
                "note.no_scale",
                {
                    "column": f"cases.{name}",
                    "low": f"{counts.low:g}",
                    "high": f"{counts.high:g}",
                    "setting": _setting(name),
                },
            )
        )
    else:
        found.bounds[name] = scale
    if declared is None and scale is not None:
        found.notes += _note(name, scale, inferred_scale)
    for rule in _mixed(intake, table, name, inferred_scale):
        if declared is None:
            found.rules.append(rule)
        else:
            found.notes.append(Message("note.mixed_scale", {"column": f"cases.{name}", "what": rule.what}))
    found.rules += _other(name, agreed, declared, inferred_scale)


def _note(name: str, scale: tuple[float, float], inferred_scale: Inferred, /) -> Iterator[Message]:
    if scale == DEFAULT_SCALES[name] and name != "csat" and not inferred_scale.doubt:
        return
    values: dict[str, Value] = {
        "column": f"cases.{name}",
        "low": f"{scale[0]:g}",
        "high": f"{scale[1]:g}",
        "setting": _setting(name),
    }
    if inferred_scale.doubt is not None and inferred_scale.scale == scale:
        yield Message("note.scale_doubtful", values | {"doubt": inferred_scale.doubt})
    else:
        yield Message("note.scale", values)


def _setting(name: str, /) -> str:
    return f"tables.cases.scales = {{ {name} = [lowest, highest] }}"


def _mixed(intake: Intake, table: TypedTable, name: str, inferred_scale: Inferred, /) -> Iterator[Rule]:
    """Yield a rule where a part of the ratings is on a smaller scale."""
    if inferred_scale.scale is None:
        return
    time = next((column for column in ("opened_at", "closed_at") if column in table.plans), None)
    parts = tuple(column for column in _PARTS if column in table.plans)
    found = mixed(intake.rows, table.relation, name, time, parts, inferred_scale.scale[1])
    if found is None:
        return
    yield Rule(
        "mixed_scale",
        name,
        f"{quoted(name)} IS NOT NULL",
        Message(
            "fault.mixed_scale",
            {
                "n": found.ratings,
                "where": found.where,
                "low": f"{found.scale[0]:g}",
                "high": f"{found.scale[1]:g}",
                "top": f"{inferred_scale.scale[1]:g}",
            },
        ),
        (name,),
        (name,),
        Message("remedy.mixed_scale", {"name": name}),
        whole_column=True,
    )


def _other(
    name: str,
    agreed: Mapping[str, tuple[float, float] | None],
    declared: tuple[float, float] | None,
    inferred_scale: Inferred,
    /,
) -> Iterator[Rule]:
    """Yield a rule where models were trained on another scale than the one that holds now."""
    then, now = agreed.get(name), declared or inferred_scale.scale
    if then is None or now is None or then == now or (declared is None and inferred_scale.doubt):
        return
    yield Rule(
        "other_scale",
        name,
        f"{quoted(name)} IS NOT NULL",
        Message(
            "fault.other_scale",
            {"low": f"{then[0]:g}", "high": f"{then[1]:g}", "now_low": f"{now[0]:g}", "now_high": f"{now[1]:g}"},
        ),
        (name,),
        (name,),
        Message("remedy.other_scale"),
        whole_column=True,
    )
