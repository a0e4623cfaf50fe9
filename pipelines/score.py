"""Score the latest snapshot with the trained predictors, and attribute the risk to KPIs, teams and stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from baton.catalogue.schema import CONTEXT
from baton.company import Company
from baton.errors import ArtefactError
from baton.files import RunFolder
from baton.informative import is_informative
from baton.messages.message import Message
from baton.outcomes import CASE_TABLE, Kind, Outcome, outcome_folder
from baton.progress import Progress, silent
from baton.run_results import RunResults
from features.training.table import TrainingTable
from models.prediction.attribution import attribution_rows, drivers, kpi_values, per_kpi
from models.prediction.explained_rows import explained_rows
from models.prediction.out_of_fold import rows_to_score
from models.prediction.predictor import BIAS, BoostedPredictor, load_predictor
from models.prediction.survival.at_risk import curve_rows
from models.prediction.survival.retention import groups_of, retention_rows

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["score"]

MAX_FEATURES_NAMED = 5
"""A warning names so many and counts the others: a longer list is not read."""


@dataclass(frozen=True)
class _Scored:
    """One outcome's rows with what the model says of them."""

    table: TrainingTable
    predictor: BoostedPredictor
    rows: pd.DataFrame
    prediction: np.ndarray
    drivers: pa.Array
    by_team: pd.DataFrame
    by_stage: pd.DataFrame
    explained: pd.DataFrame
    informative: bool = True


def score(
    company: Company, folder: RunFolder, progress: Progress = silent, *, warnings: list[Message] | None = None
) -> dict[str, int]:
    """Write the predictions of churn, declines and case outcomes with their drivers, and the attributions.

    Predictions that are no better than guessing are marked (``informative``); nothing is explained or priced by them.

    Parameters
    ----------
    company : Company
        Gives the latest window for cases, and the rate by which money of later is worth less.
    folder : RunFolder
        Holds ``training/`` and ``models/``; receives the contract's files.
    warnings : list of Message, optional
        Sentences about values that the models do not know, or that say nothing, are added to it.

    Returns
    -------
    dict of str to int
        Rows per file; a file without an outcome is not written.

    Raises
    ------
    ArtefactError
        If there is no training table or no trained predictor.
    """
    tables = [TrainingTable.load(path.parent) for path in sorted(folder.training.glob("*/table.json"))]
    results = RunResults(folder)
    tested = results.evaluation
    found: list[_Scored] = []
    for done, table in enumerate(tables):
        progress(f"score {table.outcome}", done, len(tables))
        place = outcome_folder(folder.models, table.outcome)
        if (place / "predictor.json").exists():
            predictor = load_predictor(place)
            found.append(_score_one(company, table, predictor, place))
            if warnings is not None:
                warnings.extend(_misfits(predictor, found[-1].rows))
    progress("score", len(tables), len(tables))
    if not found:
        raise ArtefactError(f"{folder.models}: no trained model fits the training tables; `baton train` makes them")
    found = [
        scored if is_informative(tested.get(scored.table.outcome, {})) else _unexplained(scored) for scored in found
    ]
    by_kind: dict[Kind, list[_Scored]] = {}
    for scored in found:
        by_kind.setdefault(Outcome.parse(scored.table.outcome).kind, []).append(scored)
    outputs: dict[str, pa.Table | pd.DataFrame] = {}
    if "churn" in by_kind:
        of = by_kind["churn"][0]
        value = _values(of, folder, [] if warnings is None else warnings)
        churn = _churn(of, value)
        outputs["churn"] = churn
        outputs |= _put_together("churn_curve", [_curve(company, of, churn, value)])
        outputs |= _put_together("retention", [_retention(company, of)])
    if "decline" in by_kind:
        outputs["decline"] = _stacked([_decline(scored) for scored in by_kind["decline"]])
    if "case" in by_kind:
        outputs[CASE_TABLE] = _stacked([_case_outcome(scored) for scored in by_kind["case"]])
    outputs["attributions"] = pd.concat([scored.by_team for scored in found], ignore_index=True)
    outputs |= _put_together("stage_attributions", [scored.by_stage for scored in found])
    outputs |= _put_together("explanations", [scored.explained for scored in found])
    return {name: results.write(name, table) for name, table in outputs.items()}


def _put_together(name: str, parts: list[pd.DataFrame], /) -> dict[str, pd.DataFrame]:
    """Return a table of all outcomes under its name; nothing where no outcome has a row."""
    filled = [part for part in parts if len(part)]
    return {name: pd.concat(filled, ignore_index=True)} if filled else {}


def _score_one(company: Company, table: TrainingTable, predictor: BoostedPredictor, place: Path, /) -> _Scored:
    rows = rows_to_score(table, max(company.snapshots.windows_days)).reset_index(drop=True)
    known = predictor.encoding.present_in(rows)
    contributions = predictor.contributions(rows[known])
    prediction = predictor.predict(rows[known])
    unseen = place / "out_of_fold.parquet"
    if unseen.exists():
        # rows that the model has learned from are described by models that have not
        other = pd.read_parquet(unseen)
        where = _positions(rows, other)
        inside = where >= 0
        columns = [*predictor.encoding.features, BIAS]
        values = contributions.to_numpy(copy=True)
        values[inside] = other[columns].to_numpy()[where[inside]]
        contributions = pd.DataFrame(values, columns=columns)
        prediction[inside] = other["prediction"].to_numpy()[where[inside]]
    values = kpi_values(rows[known], predictor.kpi_of)
    summed = per_kpi(contributions, predictor.kpi_of)
    shares = _shares(table, rows)
    split: dict[str, Any] = {
        by: attribution_rows(table.outcome, rows["unit_id"], summed, values, shares, by=by)
        for by in ("team_id", "stage")
        if by == "team_id" or by in shares.columns
    }
    named = per_kpi(contributions, predictor.kpi_of, name_context=True)
    explained = explained_rows(table, named, values, prediction, company.policy.min_group)
    by_team, by_stage = split["team_id"], split.get("stage", pd.DataFrame())
    why = drivers(named, values)
    return _Scored(table, predictor, rows, prediction, why, by_team, by_stage, explained)


def _unexplained(scored: _Scored, /) -> _Scored:
    """Leave out what must not be read from a prediction that is no better than guessing: drivers and attributions."""
    import pyarrow as pa

    none = pa.array([[]] * len(scored.rows), scored.drivers.type)
    nothing = {name: getattr(scored, name)[:0] for name in ("by_team", "by_stage", "explained")}
    return replace(scored, drivers=none, informative=False, **nothing)


def _misfits(predictor: BoostedPredictor, rows: pd.DataFrame, /) -> list[Message]:
    """Say which values of the rows the model does not know, and which features the rows lack."""
    warned = [
        Message(
            "scored.unknown_values",
            {"outcome": predictor.outcome, "feature": name, "n": int(new), "total": int(present)},
        )
        for name, (new, present) in predictor.encoding.unknown_levels(rows).items()
    ]
    absent = [name for name in predictor.encoding.features if name not in rows.columns]
    if absent:
        shown = {"outcome": predictor.outcome, "features": tuple(absent[:MAX_FEATURES_NAMED])}
        more = len(absent) - MAX_FEATURES_NAMED
        if more > 0:
            warned.append(Message("scored.absent_features_more", shown | {"more": more}))
        else:
            warned.append(Message("scored.absent_features", shown))
    return warned


def _shares(table: TrainingTable, rows: pd.DataFrame, /) -> pd.DataFrame:
    if table.unit == "team" and table.shares.empty:
        return pd.DataFrame({"unit_id": rows["unit_id"], "team_id": rows["unit_id"], "share": 1.0})
    return table.shares


def _positions(rows: pd.DataFrame, other: pd.DataFrame, /) -> np.ndarray:
    """Where each row stands in another table of the same units and moments; −1 where it does not."""
    keys = [pd.MultiIndex.from_frame(frame[["unit_id", "as_of"]]) for frame in (rows, other)]
    return keys[1].get_indexer(keys[0]) if keys[1].is_unique else np.full(len(rows), -1)


def _entered(value: pd.Series, warnings: list[Message], /) -> pd.Series:
    """Return customers' values; unknown where all are zero, since that is no value that anybody entered."""
    if value.isna().all() or (value.fillna(0.0) != 0).any():
        return value
    warnings.append(Message("scored.no_worth"))
    return value.where(value.isna(), np.nan)


def _churn(scored: _Scored, value: np.ndarray, /) -> pa.Table:
    table = _base(scored, {"customer_id": scored.rows["unit_id"]}, "probability")
    at_risk = scored.prediction * value
    at_risk = at_risk if scored.informative else np.full_like(at_risk, np.nan)
    table = table.append_column("value_at_risk", _nullable(at_risk))
    for name, values in _relied_on(scored).items():
        table = table.append_column(name, values)
    return table


def _relied_on(scored: _Scored, /) -> dict[str, pa.Array]:
    """Return how far each chance can be relied on; nothing is known of those no better than guessing."""
    import pyarrow as pa

    band, familiar, rows = scored.predictor.band, scored.predictor.familiar, scored.rows
    nothing = np.full(len(rows), np.nan)
    ends = (nothing, nothing) if band is None or not scored.informative else band.ends(scored.prediction)
    unlike = [[]] * len(rows)
    if familiar is not None and scored.informative:
        kpi_of = scored.predictor.kpi_of
        named = familiar.unlike(rows, scored.predictor.encoding)
        unlike = [list(dict.fromkeys(_shown(name, kpi_of) for name in names)) for names in named]
    return {
        "probability_low": _nullable(ends[0]),
        "probability_high": _nullable(ends[1]),
        "unlike": pa.array(unlike, pa.list_(pa.string())),
    }


def _shown(feature: str, kpi_of: Mapping[str, str], /) -> str:
    """Return the KPI of a feature; one that is no KPI's keeps its own name."""
    owner = kpi_of.get(feature, CONTEXT)
    return feature if owner == CONTEXT else owner


def _values(scored: _Scored, folder: RunFolder, warnings: list[Message], /) -> np.ndarray:
    """Return what each customer is worth a year; NaN where it is not known."""
    customers = folder.staged / "customers.parquet"
    value = pd.Series(np.nan, index=scored.rows.index)
    if customers.exists():
        known = pd.read_parquet(customers)
        if "value" in known.columns:
            known = _as_they_stand(known, scored.table.latest)
            by_id = known.set_index(known["customer_id"].astype(str))["value"]
            value = _entered(scored.rows["unit_id"].astype(str).map(by_id).astype("float64"), warnings)
    return value.to_numpy(dtype=np.float64, na_value=np.nan)


def _curve(company: Company, scored: _Scored, churn: pa.Table, value: np.ndarray, /) -> pd.DataFrame:
    """Return chances of leaving by several days; nothing where no day of leaving is known."""
    curve = scored.predictor.curve
    if curve is None:
        return pd.DataFrame()
    customers, gap = churn.drop_columns(["drivers"]).to_pandas(), scored.table.gap_days
    return curve_rows(curve, customers, value, company.policy.discount_rate, gap)


def _retention(company: Company, scored: _Scored, /) -> pd.DataFrame:
    """Return how many of all customers, of a team's and of a segment's will stay; nothing where that is guessed."""
    curve = scored.predictor.curve
    if curve is None or not scored.informative:
        return pd.DataFrame()
    groups = groups_of(scored.rows, scored.table.shares)
    return retention_rows(curve, scored.prediction, groups, company.company.seed)


def _as_they_stand(customers: pd.DataFrame, latest: pd.Timestamp, /) -> pd.DataFrame:
    """Return each customer's newest row that holds at the snapshot, where ``valid_from`` gives a history."""
    if "valid_from" in customers:
        holds = customers["valid_from"].isna() | (customers["valid_from"] <= latest)
        customers = customers[holds].sort_values("valid_from", kind="stable", na_position="first")
    return customers.drop_duplicates("customer_id", keep="last")


def _decline(scored: _Scored, /) -> pa.Table:
    outcome, rows = Outcome.parse(scored.table.outcome), scored.rows
    keys = {"unit": [outcome.unit] * len(rows), "unit_id": rows["unit_id"], "metric": [outcome.metric] * len(rows)}
    return _base(scored, keys)


def _case_outcome(scored: _Scored, /) -> pa.Table:
    name = "probability" if scored.table.kind == "probability" else "prediction"
    return _base(scored, {f"{scored.table.unit}_id": scored.rows["unit_id"]}, name)


def _base(scored: _Scored, keys: dict[str, Any], column: str = "probability", /) -> pa.Table:
    import pyarrow as pa

    columns: dict[str, Any] = {name: pa.array([str(v) for v in values], pa.string()) for name, values in keys.items()}
    columns["as_of"] = pa.array(scored.rows["as_of"], pa.timestamp("us"))
    columns[column] = pa.array(scored.prediction, pa.float64())
    columns["drivers"] = scored.drivers
    columns["informative"] = pa.array([scored.informative] * len(scored.rows), pa.bool_())
    return pa.table(columns)


def _nullable(values: np.ndarray, /) -> pa.Array:
    import pyarrow as pa

    return pa.array(values, pa.float64(), mask=~np.isfinite(values))


def _stacked(tables: list[pa.Table], /) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables(tables, promote_options="default")
