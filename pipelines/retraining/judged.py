"""A challenger trained and compared with the champion, by the gates of the company file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from baton.company import Company
from baton.files import RunFolder
from baton.informative import is_informative
from baton.messages.message import Message
from baton.progress import Progress, silent
from features.training.table import TrainingTable
from models.prediction.predictor import BoostedPredictor, load_predictor
from models.registry.promotion import Version, beforehand
from models.retraining.backtest import Compared, backtest, latency_ms
from models.retraining.gates import Gate, agreement_gate, gates_of, latency_gate
from models.retraining.rows import Unseen
from pipelines.retraining.agreement import agreement
from pipelines.retraining.protected import protected_of

__all__ = ["Challenger", "Champion", "Judged", "compare", "judge", "segments_of"]


@dataclass(frozen=True)
class Champion:
    """The champion of an outcome, read and found sound.

    Parameters
    ----------
    version : Version
        As registered.
    predictor : BoostedPredictor
        As read from the registry.
    """

    version: Version
    predictor: BoostedPredictor = field(repr=False)


@dataclass(frozen=True)
class Judged:
    """What the comparison has shown.

    Parameters
    ----------
    passed : bool
    gates : tuple of Gate
        Empty where it was clear before.
    figures : dict
        Both models' metrics on the rows compared.
    origins : tuple of dict
        start, rows, train_rows of each.
    why : Message or None
        What was clear before, or why nothing could be compared.
    """

    passed: bool
    gates: tuple[Gate, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)
    origins: tuple[dict[str, Any], ...] = ()
    why: Message | None = None

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the gates that failed."""
        return tuple(gate.name for gate in self.gates if gate.passed is False)


@dataclass(frozen=True)
class Challenger:
    """A trained challenger, and what it is compared on.

    Parameters
    ----------
    place : Path
        Its folder.
    entry : dict
        Of ``evaluation.json``.
    meaning : str
        Fingerprint of what the data mean.
    unseen : Unseen
        Rows that the champion has not learned from.
    """

    place: Path
    entry: dict[str, Any] = field(repr=False)
    meaning: str
    unseen: Unseen = field(repr=False)


def judge(
    company: Company,
    folder: RunFolder,
    table: TrainingTable,
    champion: Champion,
    trained: Challenger,
    progress: Progress = silent,
) -> Judged:
    """Hold a trained challenger against the champion.

    Parameters
    ----------
    folder : RunFolder
        Holds the staged tables: cards and protected columns.
    """
    meaning, informative = trained.meaning, is_informative(trained.entry)
    new = replace(champion.version, version=champion.version.version + 1, meaning=meaning, informative=informative)
    clear = beforehand(new, champion.version)
    if clear is not None:
        return Judged(clear.better, why=clear.why)
    settings = company.retraining
    compared = compare(company, table, champion.predictor, trained.unseen, progress)
    if compared is None or compared.rows.empty:
        return Judged(False, why=Message("retraining.no_block"))
    challenger = load_predictor(trained.place)
    protected = protected_of(company, folder, table.unit, compared.rows["unit_id"])
    seed = company.company.seed
    gates = gates_of(compared, settings.gates, protected, features=segments_of(table, compared), seed=seed)
    timed, before = latency_ms(challenger, table), latency_ms(champion.predictor, table)
    gates.append(latency_gate(timed, before, settings.gates.latency_ms))
    gates.append(agreement_gate(agreement(folder, table, champion.predictor, challenger), settings.gates.agreement))
    passed = all(gate.passed is not False for gate in gates)
    return Judged(passed, tuple(gates), compared.figures(), compared.origins)


def compare(
    company: Company, table: TrainingTable, champion: BoostedPredictor, unseen: Unseen, progress: Progress = silent
) -> Compared | None:
    """Ask both models about the rows that the champion has not learned from; the same seed gives the same figures."""
    seed = company.company.seed
    blocks = unseen.blocks(table, company.retraining.origins, seed)
    return backtest(table, champion, blocks, seed, progress)


def segments_of(table: TrainingTable, compared: Compared, /) -> list[str]:
    """Return the features whose categories are segments."""
    return [name for name in table.features if name in compared.rows.columns]
