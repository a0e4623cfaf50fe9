"""Which model answers an outcome, whether it is the report's, and whether it beats guessing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from baton.errors import DamagedModelError
from baton.files import RunFolder
from baton.outcomes import outcome_folder
from baton.run_results import RunResults
from models.integrity.manifest import sha256_of
from models.integrity.model_file import model_file

__all__ = ["RunModel", "Standing", "run_model"]

_GUESSED = (
    "{outcome}: the prediction is no better than guessing on data that the model had not seen; "
    "do not act on it, and nothing explains it"
)
_OTHER = "{model} answers, the champion; the report and the files of the run are by {report}"
_MEANING = (
    "the data of {model} meant something else than this run's: `baton run` trains a model of the data as they are, "
    "`baton models promote` makes it champion"
)


class RunModel(NamedTuple):
    """The model of a run's own folder: its registered name, and what its data mean."""

    model: str
    meaning: str


@dataclass(frozen=True)
class Standing:
    """What is to be known of the model that answers.

    Parameters
    ----------
    model : str
        Outcome and version, such as ``churn/3``; ``churn/run`` where none is registered.
    report_model : str
        The model that the run's files and its report are by.
    informative : bool
        Whether it was better than guessing on data that it had not seen.
    same_meaning : bool
        Whether its data meant what the run's mean.
    """

    model: str
    report_model: str
    informative: bool = True
    same_meaning: bool = True

    @property
    def note(self) -> str:
        """What goes with every answer; empty where there is nothing to say."""
        notes = [] if self.informative else [_GUESSED.format(outcome=self.model.rpartition("/")[0])]
        return "; ".join([*notes, *self.differences])

    @property
    def differences(self) -> list[str]:
        """How it differs from the model of the report."""
        other = [] if self.model == self.report_model else [_OTHER.format(model=self.model, report=self.report_model)]
        return other if self.same_meaning else [*other, _MEANING.format(model=self.model)]

    def row(self) -> dict[str, Any]:
        """Return it as JSON says it."""
        about = {"model": self.model, "report_model": self.report_model, "informative": self.informative}
        return about | ({"note": self.note} if self.note else {})


def run_model(folder: RunFolder, outcome: str, /) -> RunModel:
    """Return how the model in a run's folder is registered; ``…/run`` where it is not, or is another one since."""
    known = RunResults(folder).models.get(outcome, {})
    try:
        digest = sha256_of(model_file(outcome_folder(folder.models, outcome)))
    except DamagedModelError:
        digest = ""
    if not known or known.get("sha256") != digest:
        return RunModel(f"{outcome}/run", "")
    return RunModel(str(known["model"]), str(known.get("meaning", "")))
