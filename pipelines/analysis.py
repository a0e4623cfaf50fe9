"""A run's results in Python: what notebooks and scripts of analysts call.

``run_company("mycompany", "out")`` does what of the chain is undone, ``open_run("out", "mycompany")`` opens what is
there; both return ``Results``, of which tables, figures and other weights can be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from baton.catalogue.kpi_names import open_company
from baton.catalogue.load import load_catalogue
from baton.company import Company
from baton.errors import ArtefactError, UnknownIdError
from baton.files import DEFAULT_OUT, RunFolder, read_json
from baton.informative import is_informative, uninformative
from baton.nearest import did_you_mean
from baton.progress import Progress, silent
from baton.run_results import EVALUATION, RUN, RunResults

if TYPE_CHECKING:
    import shap

    from baton.catalogue.schema import Catalogue
    from features.training.table import TrainingTable
    from models.advice.inputs import AdviceInputs
    from models.advice.sandbox import Sandbox
    from models.prediction.comparison import Comparison, Contestant
    from models.prediction.interactions.asked import Interactions
    from models.prediction.predictor import BoostedPredictor

__all__ = ["Results", "diagnose_company", "faults_of", "open_run", "run_company", "train_company"]


def run_company(company: str | Path, out: str | Path, /, *, progress: Progress = silent) -> Results:
    """Run the whole chain on a company; steps whose inputs have not changed are kept.

    Parameters
    ----------
    company : str or Path
        The company file, or its folder.
    out : str or Path
        The run's folder.
    progress : Progress, optional
        Called with what is being done, and how far it is.

    Raises
    ------
    BatonError
        With one sentence that says what is wrong, where, and what to do.
    """
    from pipelines.run import run

    settings = open_company(Path(company))
    run(settings, RunFolder(out), progress)
    return Results(settings, RunFolder(out))


def train_company(company: str | Path, out: str | Path, /, *, progress: Progress = silent) -> Results:
    """Train, evaluate and register the predictors alone, as ``run_company`` does: no scores, no advice."""
    from pipelines.run import train

    settings = open_company(Path(company))
    train(settings, RunFolder(out), progress)
    return Results(settings, RunFolder(out))


def faults_of(company: str | Path, /) -> pd.DataFrame:
    """Return every fault of a company's tables, those that stop a run first; nothing is written.

    Returns
    -------
    pandas.DataFrame
        table, column, kind, count, treatment, message, hint, rows (the first of them).
    """
    from pipelines.validate import validate

    columns = ["table", "column", "kind", "count", "treatment", "message", "hint", "rows"]
    report = validate(open_company(Path(company)))
    return pd.DataFrame([{name: getattr(fault, name) for name in columns} for fault in report.faults], columns=columns)


def diagnose_company(company: str | Path, out: str | Path | None = None, /) -> dict[str, pd.DataFrame]:
    """Return how far today's scorecards point at the customer.

    Parameters
    ----------
    company : str or Path
    out : str or Path, optional
        A run's folder, which brings the effects (default: ``out`` beside the company file); where there is none, cards
        are judged by what their KPIs are.

    Returns
    -------
    dict of str to pandas.DataFrame
        Titled tables: per card, per KPI, per stage of the journey.
    """
    from pipelines.diagnosis.diagnose import diagnose

    settings = open_company(Path(company))
    found = diagnose(settings, RunFolder(out if out is not None else settings.folder / DEFAULT_OUT))
    return {title: pd.DataFrame(rows) for title, rows in found.sections().items()}


def open_run(out: str | Path, company: str | Path, /) -> Results:
    """Open a run that has been done.

    Parameters
    ----------
    out : str or Path
        The run's folder.
    company : str or Path
        The company file, or its folder.

    Raises
    ------
    ArtefactError
        If there is no finished run in the folder.
    """
    folder = RunFolder(out)
    folder.require(RUN)
    return Results(open_company(Path(company)), folder)


@dataclass(frozen=True)
class Results:
    """What a run has left, as tables and as questions that can be asked of it."""

    company: Company
    folder: RunFolder

    @cached_property
    def catalogue(self) -> Catalogue:
        """The company's KPIs, those that its causes have become included."""
        from pipelines.complaints.read import catalogue_with_causes

        return catalogue_with_causes(load_catalogue(self.company), self.folder)

    @cached_property
    def evaluation(self) -> dict[str, Any]:
        """Content of ``evaluation.json``: per outcome its figures, intervals and baselines."""
        return RunResults(self.folder).document(EVALUATION)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Outcomes that were learned; what texts are about is none of them: see ``causes``."""
        return tuple(outcome for outcome in self.evaluation if outcome != "root_cause")

    @property
    def left_out(self) -> dict[str, str]:
        """Outcomes that were not learned, and why."""
        return RunResults(self.folder).recorded("skipped")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the results must know."""
        return tuple(RunResults(self.folder).recorded("warnings"))

    @property
    def steps(self) -> pd.DataFrame:
        """The run's steps: name, seconds, rows."""
        return pd.DataFrame(RunResults(self.folder).recorded("steps"))

    def table(self, name: str, /) -> pd.DataFrame:
        """Return one of the run's tables, such as ``weights`` or ``diagnosis``.

        Raises
        ------
        ArtefactError
            If the run has not left it, or it is of another version of Baton.
        """
        return RunResults(self.folder).table(name)

    @property
    def churn(self) -> pd.DataFrame:
        """Customers at the latest snapshot: probability of leaving, drivers, value at risk."""
        return self.table("churn")

    @property
    def causes(self) -> pd.DataFrame:
        """What each case's text is about: cause, how probable, whether that was too unsure to say."""
        return self.table("root_causes")

    @property
    def effects(self) -> pd.DataFrame:
        """What each KPI does to each outcome, with interval."""
        return self.table("effects")

    @property
    def diagnosis(self) -> pd.DataFrame:
        """How each KPI on today's cards lies to the customer."""
        return self.table("diagnosis")

    def figures(self, outcome: str, /) -> pd.DataFrame:
        """Return an outcome's figures beside those of its baselines: one row per model.

        Raises
        ------
        ArtefactError
            If the outcome was not learned; the reason is named.
        """
        entry = self._entry(outcome)
        rows = {"baton": entry, **entry["baselines"]}
        first = next(iter(entry["baselines"].values()), {})
        names = [name for name, value in first.items() if not isinstance(value, list | dict | str)]
        return pd.DataFrame.from_dict(rows, orient="index")[names].astype("float64")

    def calibration(self, outcome: str, /) -> pd.DataFrame:
        """Return the calibration curve: mean prediction, share that came true and rows, per bin."""
        return pd.DataFrame(self._entry(outcome)["reliability"])

    def tested(self, outcome: str, /) -> pd.DataFrame:
        """Return the rows that an outcome was tested on: unit_id, as_of, label, prediction, and each baseline's.

        The test is run again, which takes about as long as training.
        """
        from models.prediction.evaluation import evaluate

        return evaluate(self.training(outcome), self.company.company.seed).predictions

    def truth(self, outcome: str = "churn", /) -> pd.Series | None:
        """Return the true effects of a simulated company by KPI; None where the truth is not known."""
        place = self.company.resolve("truth.json")
        if not place.exists():
            return None
        rows = [row for row in read_json(place)["effects"] if row["outcome"] == outcome]
        return pd.Series({row["kpi"]: row["effect"] for row in rows}, dtype="float64", name="truth")

    def training(self, outcome: str, /) -> TrainingTable:
        """Return the table that an outcome's predictor has learned from."""
        from baton.outcomes import outcome_folder
        from features.training.table import TrainingTable

        self._entry(outcome)
        return TrainingTable.load(outcome_folder(self.folder.training, outcome))

    def predictor(self, outcome: str, /) -> BoostedPredictor:
        """Return an outcome's trained predictor."""
        from baton.outcomes import outcome_folder
        from models.prediction.predictor import load_predictor

        self._entry(outcome)
        return load_predictor(outcome_folder(self.folder.models, outcome))

    def attribution(self, outcome: str = "churn", /) -> pd.Series:
        """Return how much each KPI moves the prediction: mean absolute SHAP value in log-odds, largest first.

        What moves a prediction need not move a customer: see ``effects``.
        """
        rows = self.table("attributions")
        rows = rows[rows["outcome"] == outcome].assign(
            weighted=lambda frame: frame["mean_abs_attribution"] * frame["n"]
        )
        by_kpi = rows.groupby("kpi", observed=True)[["weighted", "n"]].sum()
        return (by_kpi["weighted"] / by_kpi["n"]).sort_values(ascending=False).rename("mean_abs_attribution")

    def explain(self, customer_id: str, /) -> pd.DataFrame:
        """Return what drives one customer's probability of leaving: kpi, value, attribution, largest first.

        Raises
        ------
        UnknownIdError
            If the customer is not at risk at the latest snapshot.
        """
        rows = self.churn
        found = rows[rows["customer_id"] == customer_id]
        if found.empty:
            raise UnknownIdError(f"customer {customer_id!r} is not at risk at the latest snapshot", "customer_id")
        return pd.DataFrame(list(found["drivers"].iloc[0]))

    def explanation(self, outcome: str = "churn", /, *, unit_id: str | None = None) -> shap.Explanation:
        """Return exact SHAP values of the latest rows, or of one unit, for the pictures of ``shap.plots``.

        Raises
        ------
        UnknownIdError
            If the unit is not among the latest rows.
        """
        from models.prediction.explanation import explanation

        return explanation(self.predictor(outcome), self.training(outcome).current, unit_id)

    def interactions(self, outcome: str = "churn", /, *, most: int = 2) -> Interactions:
        """Return the ``most`` pairs of KPIs that move predictions most together, beyond what each moves alone.

        Raises
        ------
        ArtefactError
            If the outcome was not learned, or its prediction is no better than guessing.
        """
        from models.prediction.interactions.asked import interactions_of

        entry = self._entry(outcome)
        if not is_informative(entry):
            raise ArtefactError(uninformative(outcome, entry).text)
        return interactions_of(self.predictor(outcome), self.training(outcome).current, most)

    def weights(self, team_id: str | None = None, /, **limits: Any) -> pd.DataFrame:
        """Return the advised weights, solved again where other limits are given than the company's.

        Parameters
        ----------
        team_id : str, optional
            One team only.
        **limits
            Settings of ``[policy]``, such as ``max_change=5`` or ``confidence=0.9``.

        Raises
        ------
        PolicyError
            If there is no such limit, or limits contradict each other.
        """
        if limits:
            from models.advice.settings import changed_policy
            from models.advice.weights import recommend

            return recommend(self.advice, changed_policy(self.company.policy, limits), team_id=team_id)
        rows = self.table("weights")
        return rows if team_id is None else rows[rows["team_id"] == team_id].reset_index(drop=True)

    def try_card(
        self, team_id: str, weights: Mapping[str, float], /, *, role: str | None = None, **limits: Any
    ) -> Sandbox:
        """Say what a card of one's own would do over a cycle, and which limits it breaks.

        Parameters
        ----------
        weights : mapping of str to float
            Points per KPI, 100 in all.
        role : str, optional
            Needed where the team has several cards.
        **limits
            Settings of ``[policy]`` to be tried.

        Raises
        ------
        UnknownIdError
            If there is no such card.
        PolicyError
            If a KPI is unknown or the points do not sum to 100.
        """
        from models.advice.sandbox import try_card
        from models.advice.settings import changed_policy

        return try_card(self.advice, changed_policy(self.company.policy, limits), team_id, weights, role=role)

    def compare(self, outcome: str, contestants: Mapping[str, Callable[[], Contestant]], /) -> Comparison:
        """Test models of one's own on the rows that Baton's is tested on.

        Parameters
        ----------
        outcome : str
            Such as ``churn`` or ``decline:employee:csat``.
        contestants : mapping of str to callable
            Per name what makes an unfitted estimator with ``fit`` and ``predict_proba`` (``predict`` for numbers).
        """
        from models.prediction.comparison import compare

        return compare(self.training(outcome), contestants, self.company.company.seed)

    def log_comparison(self, comparison: Comparison, /) -> None:
        """Log every model of a comparison as a run of the company's MLflow store."""
        from pipelines.tracking import log_comparison

        log_comparison(self.company, comparison)

    def models(self) -> pd.DataFrame:
        """Return the registered versions of all predictors: which is champion, and their figures."""
        from pipelines.tracking import list_models

        return pd.DataFrame(list_models(self.company))

    def runs(self) -> pd.DataFrame:
        """Return everything that was logged in the company's MLflow store, newest first."""
        from pipelines.tracking import list_runs

        return pd.DataFrame(list_runs(self.company))

    @cached_property
    def advice(self) -> AdviceInputs:
        """What weights are solved from."""
        from models.advice.inputs import AdviceInputs

        return AdviceInputs.load(self.folder.advice)

    def _entry(self, outcome: str, /) -> dict[str, Any]:
        if outcome in self.evaluation:
            return self.evaluation[outcome]
        if outcome in self.left_out:
            raise ArtefactError(f"{outcome} was not learned: {self.left_out[outcome]}")
        raise ArtefactError(f"{outcome!r}: no such outcome in this run{did_you_mean(outcome, self.outcomes)}")
