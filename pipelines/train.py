"""Train and evaluate a predictor for every outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from baton.company import Company
from baton.errors import TooLittleDataError
from baton.files import RunFolder, write_atomically
from baton.informative import is_informative, uninformative
from baton.messages.message import Message
from baton.outcomes import kind_of, outcome_folder
from baton.progress import Progress, silent
from baton.run_results import EVALUATION, RunResults
from features.training.table import TrainingTable
from models.integrity.manifest import write_manifest
from models.prediction.evaluation import evaluate
from models.prediction.out_of_fold import out_of_fold, rows_to_score
from models.prediction.predictor import predictor_class
from models.prediction.survival.unlearned import days_left_out

__all__ = ["TrainResult", "nothing_learned", "train"]

_OUT_OF_FOLD = "out_of_fold.parquet"


@dataclass(frozen=True)
class TrainResult:
    """What was trained.

    Parameters
    ----------
    evaluation : dict
        As written to ``evaluation.json``.
    skipped : dict of str to Message
        Outcomes that could not be learned, and why.
    folders : dict of str to Path
        Where each outcome's predictor lies.
    noted : list of Message
        What was asked for and could not be learned beside an outcome.
    """

    evaluation: dict[str, Any]
    skipped: dict[str, Message] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)
    noted: list[Message] = field(default_factory=list)

    @property
    def warnings(self) -> list[Message]:
        """What was not learned, and what was learned but is no better than guessing."""
        reasons = [
            Message("not_learned.not_learned", {"outcome": outcome, "why": why})
            for outcome, why in self.skipped.items()
        ]
        guessing = [
            uninformative(outcome, entry) for outcome, entry in self.evaluation.items() if not is_informative(entry)
        ]
        return [*reasons, *guessing, *self.noted]


def train(
    company: Company,
    folder: RunFolder,
    tables: Mapping[str, TrainingTable],
    progress: Progress = silent,
    *,
    besides: Mapping[str, Any] | None = None,
) -> TrainResult:
    """Evaluate each outcome's predictor, then fit the one that will score on everything labelled.

    Parameters
    ----------
    company : Company
        Gives the seed and, for cases, the latest window.
    folder : RunFolder
        Receives ``models/<outcome>/`` and, last of all, ``evaluation.json``.
    tables : mapping of str to TrainingTable
        By outcome.
    besides : mapping, optional
        Entries of ``evaluation.json`` that were learned before: the causes in texts.

    Returns
    -------
    TrainResult

    Raises
    ------
    TooLittleDataError
        If no outcome at all can be learned.
    """
    evaluation: dict[str, Any] = {}
    skipped: dict[str, Message] = {}
    folders: dict[str, Path] = {}
    noted: list[Message] = []
    for done, (outcome, table) in enumerate(tables.items()):
        progress(f"train {outcome}", done, len(tables))
        place = outcome_folder(folder.models, outcome)
        try:
            evaluation[outcome] = _train_one(company, table, place, noted)
        except TooLittleDataError as error:
            skipped[outcome] = error.why
        else:
            folders[outcome] = place
    progress("train", len(tables), len(tables))
    evaluation |= besides or {}
    if not evaluation:
        whole = (Message("text.of_outcome", {"outcome": name, "text": why}) for name, why in skipped.items())
        raise TooLittleDataError(Message("not_learned.nothing", {"reasons": tuple(whole)}))
    RunResults(folder).write_document(EVALUATION, evaluation)
    return TrainResult(evaluation, skipped, folders, noted)


def nothing_learned(skipped: Mapping[str, Message], causes: Mapping[str, Message], /) -> str:
    """Return the sentence for a company from which nothing can be learned.

    Parameters
    ----------
    skipped : mapping of str to Message
        Outcomes, and why each cannot be learned.
    causes : mapping of str to Message
        The same for what texts are about.

    Examples
    --------
    >>> nothing_learned({"churn": Message("not_learned.no_case_time")}, {})
    'nothing can be learned: churn: no case has a time; give cases.opened_at'
    """
    reasons = "; ".join(f"{name}: {why.text}" for name, why in {**skipped, **causes}.items())
    if skipped:
        return f"nothing can be learned: {reasons}"
    return f"no outcome to learn: give [outcomes.churn], [[outcomes.decline]] or [outcomes.case]; {reasons}".rstrip(
        "; "
    )


def _train_one(company: Company, table: TrainingTable, place: Path, noted: list[Message], /) -> dict[str, Any]:
    seed, churn = company.company.seed, company.outcomes.churn
    found = evaluate(table, seed)
    predictor = predictor_class(table.outcome).fit(table, seed)
    scored = rows_to_score(table, max(company.snapshots.windows_days))
    asked = table.labelled.index.isin(scored.index)
    predictor.save(place)
    if kind_of(table.outcome) == "churn" and churn is not None:
        noted.extend(days_left_out(churn.curve_days, predictor.curve))
    if asked.any():
        crossed = found.out_of_fold
        explained = (out_of_fold(table, seed, explain=asked) if crossed is None else crossed).explained
        if len(explained) > asked.sum():
            explained = explained[asked]
        _write(explained, place / _OUT_OF_FOLD)
    else:
        (place / _OUT_OF_FOLD).unlink(missing_ok=True)
    write_manifest(place)
    return found.entry


def _write(frame: pd.DataFrame, path: Path, /) -> None:
    with write_atomically(path) as temporary:
        frame.to_parquet(temporary, index=False)
