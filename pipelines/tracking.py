"""Logging a run's predictors in the registry, and deciding who is champion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from baton.company import Company
from baton.errors import ArtefactError
from baton.files import RunFolder
from baton.filled_in import hides_filled_in
from baton.messages.message import Message, Value
from baton.run_results import EVALUATION, MODELS, RunResults
from features.training.table import TrainingTable
from models.integrity.isolation import require_sound
from models.integrity.manifest import sha256_of
from models.integrity.model_file import model_file
from models.prediction.comparison import Comparison
from models.registry.champions import Registry, registry_folder, verdicts_file
from models.registry.promotion import Origin, Version, beforehand
from models.retraining.lineage import with_rows

__all__ = ["list_models", "list_runs", "log_comparison", "promote", "rollback", "track"]


@hides_filled_in
def track(company: Company, folder: RunFolder, origin: Origin) -> list[Message]:
    """Register the predictors of a run; a challenger becomes champion if it is better on the same test set.

    Where the champion was tested on other rows than the challenger, it is tested again on the challenger's. It may have
    learned from some of these, which favours it: a challenger that is better all the same is better. Where the
    champion's data mean something else, or its files are not as they were, the challenger takes its place.

    Parameters
    ----------
    folder : RunFolder
        With ``models/``, ``training/`` and ``evaluation.json``; receives ``models.json``.
    origin : Origin
        The source tables, and what they mean.

    Returns
    -------
    list of Message
        What a reader of the results must know: challengers that were not promoted, champions that were replaced without
        a comparison, and why.
    """
    from baton.outcomes import outcome_folder

    results = RunResults(folder)
    evaluation = results.document(EVALUATION)
    registry = Registry(company, create=True)
    places = {outcome: outcome_folder(folder.models, outcome) for outcome in evaluation}
    places = {outcome: place for outcome, place in places.items() if (place / "predictor.json").exists()}
    require_sound(list(places.values()), verdicts_file(company))
    notes, registered = [], {}
    for outcome, place in places.items():
        entry = evaluation[outcome]
        version, new = registry.log(
            outcome,
            place,
            entry=entry,
            origin=with_rows(origin, folder, outcome),
            parameters={"seed": company.company.seed, "split": entry.get("split", ""), "rows": entry.get("rows", 0)},
        )
        if new:
            notes.extend(_crowned(registry, outcome, version, folder, entry))
        champion = registry.champion(outcome)
        registered[outcome] = {
            "model": f"{outcome}/{version}",
            "champion": None if champion is None else f"{outcome}/{champion.version}",
            "meaning": origin.meaning,
            "sha256": sha256_of(model_file(place)),
        }
    results.write_document(MODELS, registered)
    return notes


def _crowned(
    registry: Registry, outcome: str, version: int, folder: RunFolder, entry: Mapping[str, Any], /
) -> list[Message]:
    """Make a new version champion where it is to be, and say what is not plain."""
    from baton.outcomes import outcome_folder

    champion = registry.champion(outcome)
    if champion is None or champion.version == version:
        return []
    which: dict[str, Value] = {"outcome": outcome, "new": version, "old": champion.version}
    try:
        registry.sound(outcome, champion.version)
    except ArtefactError as error:
        registry.promote(outcome, version, force=True)
        return [Message("registry.unusable", which | {"why": error.message})]
    newest = next(known for known in registry.versions(outcome) if known.version == version)
    if beforehand(newest, champion) is None and champion.test_set != newest.test_set:
        _test_again(registry, champion, TrainingTable.load(outcome_folder(folder.training, outcome)), entry)
    found = registry.compare(outcome, version)
    if not found.better:
        command = f"`baton models promote {outcome} {version} --force`"
        return [Message("registry.stays", which | {"why": found.why, "command": command})]
    registry.promote(outcome, version)
    if not found.replaced:
        return []
    return [Message("registry.uncompared", which | {"why": found.why, "command": f"`baton models rollback {outcome}`"})]


def _test_again(registry: Registry, champion: Version, table: TrainingTable, entry: Mapping[str, Any], /) -> None:
    """Test the champion on the challenger's rows."""
    import numpy as np

    from models.prediction.metrics import NumberMetrics, ProbabilityMetrics
    from models.prediction.predictor import load_predictor
    from models.prediction.splits import split_in_time

    predictor = load_predictor(registry.place(champion.outcome, champion.version))
    split = split_in_time(table)
    rows = table.labelled if split is None else table.labelled[split.test]
    known = predictor.encoding.present_in(rows)
    group = np.unique(rows["group"].astype(str), return_inverse=True)[1]
    of = ProbabilityMetrics if table.kind == "probability" else NumberMetrics
    found = of(rows["label"].to_numpy(dtype=np.float64), predictor.predict(rows[known]), group).metrics()
    metrics = {name: float(value) for name, value in found.items() if value is not None and np.isfinite(value)}
    registry.note_test(champion.outcome, champion.version, str(entry.get("test_fingerprint", "")), metrics)


def log_comparison(company: Company, comparison: Comparison) -> None:
    """Log every model of a comparison as an MLflow run of its own, to be looked at beside the registered ones."""
    registry = Registry(company, create=True)
    for model, metrics in comparison.figures.iterrows():
        known = {str(name): float(value) for name, value in metrics.items() if value == value}
        settings = {"split": comparison.split, "test_set": comparison.test_fingerprint[:8]}
        registry.log_metrics(f"{comparison.outcome} · {model}", known, settings)


@hides_filled_in
def list_models(company: Company) -> list[dict[str, Any]]:
    """Return the registered versions: outcome, version, alias, registered_at, rows, metrics, fingerprints."""
    if not (registry_folder(company) / "mlflow.db").exists():
        return []
    return [version.row() for version in Registry(company).versions()]


@hides_filled_in
def list_runs(company: Company) -> list[dict[str, Any]]:
    """Return everything that was logged, newest first: name, started_at, metrics."""
    return Registry(company).runs() if (registry_folder(company) / "mlflow.db").exists() else []


@hides_filled_in
def promote(company: Company, outcome: str, version: int, *, force: bool = False) -> list[dict[str, Any]]:
    """Make a version champion, and return the outcome's versions.

    Raises
    ------
    ArtefactError
        If there is no such version.
    PromotionError
        If it is not better than the champion on the same test set, and not forced.
    """
    registry = Registry(company)
    registry.promote(outcome, version, force=force)
    return [known.row() for known in registry.versions(outcome)]


@hides_filled_in
def rollback(company: Company, outcome: str) -> list[dict[str, Any]]:
    """Make the champion before the present one champion again, and return the outcome's versions.

    Raises
    ------
    ArtefactError
        If there was none before.
    """
    registry = Registry(company)
    registry.rollback(outcome)
    return [known.row() for known in registry.versions(outcome)]
