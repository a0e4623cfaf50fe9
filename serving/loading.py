"""What the service answers from: a run's files, and the champion of each outcome."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from baton.catalogue.load import load_catalogue
from baton.company import Company, Policy
from baton.errors import BatonError
from baton.files import RunFolder, read_json
from baton.informative import is_informative
from baton.outcomes import Outcome, kind_of, outcome_folder
from baton.run_results import RUN, RunResults
from models.integrity.model_file import model_file
from models.prediction.predictor import BoostedPredictor, load_predictor
from serving.access.members import Members
from serving.limits import Limit, limits
from serving.standing import Standing, run_model

if TYPE_CHECKING:
    import pyarrow as pa

    from baton.catalogue.schema import Catalogue
    from features.quality.scales import Agreed
    from models.advice.inputs import AdviceInputs
    from models.complaints.root_cause import RootCauseModel
    from models.conversations.assessment import Reader
    from models.registry.promotion import Version

_LOG = logging.getLogger("baton.serving")

__all__ = ["LoadedRun", "Served", "load_run"]

# read before the first request: what a decision or an answer may ask for
_RESULTS = (
    "weights", "coaching", "targets", "diagnosis", "cause_diagnosis", "cause_shares", "cause_prices", "churn",
    "what_if", "effects", "root_causes", "cause_trends", "emerging_causes", "suspicious_labels", "texts/examples",
    "advice/panel", "advice_changes", "attributions", "bottlenecks", "flows", "handoffs", "processes",
)  # fmt: skip
_NAME_TEAMS = ("teams", "employees", "cases")
_NAME_EMPLOYEES = ("employees", "cases")


@dataclass(frozen=True)
class Served:
    """One outcome that can be predicted.

    Parameters
    ----------
    outcome : str
        Key in ``evaluation.json``.
    standing : Standing
        Which model it is, and whether it is that of the report.
    predictor : BoostedPredictor
        The champion.
    as_of : str or None
        The snapshot that ids are answered for, UTC; None for a table without time.
    current : pandas.DataFrame
        Features by unit id at that snapshot.
    scored : mapping of str to dict
        The run's own answers by unit id, drivers included; empty where the champion is another run's.
    bounds : mapping of str to tuple of Limit
        What numeric features may be.
    """

    outcome: str
    standing: Standing
    predictor: BoostedPredictor = field(repr=False)
    as_of: str | None
    current: pd.DataFrame = field(repr=False)
    scored: Mapping[str, dict[str, Any]] = field(repr=False, default_factory=dict)
    bounds: Mapping[str, tuple[Limit, ...]] = field(repr=False, default_factory=dict)

    @property
    def model(self) -> str:
        """Outcome and version, such as ``churn/3``; ``churn/run`` where none is registered."""
        return self.standing.model

    @property
    def unit(self) -> str:
        """What a row is about."""
        return self.predictor.unit

    @property
    def metric(self) -> str | None:
        """The metric of a decline."""
        return Outcome.parse(self.outcome).metric or None


@dataclass(frozen=True)
class LoadedRun:
    """One company's run, ready to answer.

    Parameters
    ----------
    served : mapping of str to Served
        By outcome.
    causes : RootCauseModel or None
        What classifies the causes of texts; None where the run has read none.
    causes_version : str
        Its name in answers.
    reader : Reader or None
        What reads conversations.
    """

    company: Company
    folder: RunFolder
    served: Mapping[str, Served]
    causes: RootCauseModel | None = field(repr=False, default=None)
    causes_version: str = ""
    reader: Reader | None = field(repr=False, default=None)

    def rows(self, name: str, column: str, value: str, /) -> list[dict[str, Any]]:
        """Return the rows of one of the contract's files where a column has a value.

        Raises
        ------
        ArtefactError
            If the run has not made the file.
        """
        table = self._table(name)
        import pyarrow.compute as pc

        return plain_rows(table.filter(pc.equal(table[column].cast("string"), value)))

    def all_rows(self, name: str, /) -> list[dict[str, Any]]:
        """Return all rows of one of the contract's files; none where the run has not made it."""
        return plain_rows(self._table(name)) if name in self.results else []

    def table(self, name: str, /) -> pa.Table | None:
        """Return one of the contract's tables, None where the run has not made it."""
        return self._table(name) if name in self.results else None

    def models(self) -> list[dict[str, Any]]:
        """Return per outcome which model answers, and which the report's numbers come from."""
        return [{"outcome": name, **served.standing.row()} for name, served in self.served.items()]

    def knows_team(self, team_id: str, /) -> bool:
        """Whether a cleaned source table names a team."""
        return any(team_id in self._values(table, "team_id") for table in _NAME_TEAMS)

    def knows_employee(self, employee_id: str, /) -> bool:
        """Whether a cleaned source table names an employee."""
        return any(employee_id in self._values(table, "employee_id") for table in _NAME_EMPLOYEES)

    @cached_property
    def advice(self) -> AdviceInputs:
        """What weights are solved again from.

        Raises
        ------
        ArtefactError
            If the run has made none.
        """
        from models.advice.inputs import AdviceInputs

        return AdviceInputs.load(self.folder.advice)

    def solved_again(self, team_id: str, policy: Policy, /) -> list[dict[str, Any]]:
        """Return the rows of a team's cards under a policy, as ``weights`` has them; none for a team without cards.

        Raises
        ------
        ArtefactError
            If the run gives no advice.
        PolicyError
            If the policy's limits contradict each other.
        """
        import pyarrow as pa

        from models.advice.weights import recommend

        found = recommend(self.advice, policy, team_id=team_id)
        return plain_rows(pa.Table.from_pandas(found, preserve_index=False)) if len(found) else []

    def settle(self) -> None:
        """Read all that is read on first use: another run that begins in the same folder must not get mixed in."""
        for name in _RESULTS:
            if name in self.results:
                self._table(name)
        kept = [(table, "team_id") for table in _NAME_TEAMS] + [(table, "employee_id") for table in _NAME_EMPLOYEES]
        for table, column in kept:
            self._values(table, column)
        self.members.settle()
        for document in ("run", "models", "evaluation"):
            getattr(self.results, document)
        if (self.folder.advice / "inputs.json").exists():
            self.advice  # noqa: B018 - cached when it is read

    @cached_property
    def members(self) -> Members:
        """Who belongs to which team."""
        return Members(self.folder.staged)

    @cached_property
    def results(self) -> RunResults:
        """What the run has left."""
        return RunResults(self.folder)

    @cached_property
    def _tables(self) -> dict[str, pa.Table]:
        return {}

    def _table(self, name: str, /) -> pa.Table:
        if name not in self._tables:
            self._tables[name] = self.results.arrow(name)
        return self._tables[name]

    @cached_property
    def _known(self) -> dict[tuple[str, str], frozenset[str]]:
        return {}

    def _values(self, name: str, column: str, /) -> frozenset[str]:
        import pyarrow.parquet as pq

        if (name, column) not in self._known:
            path = self.folder.staged / f"{name}.parquet"
            found: frozenset[str] = frozenset()
            if path.exists():
                file = pq.ParquetFile(path)
                if column in file.schema_arrow.names:
                    values = file.read(columns=[column])[column].unique().to_pylist()
                    found = frozenset(str(value) for value in values if value is not None)
            self._known[name, column] = found
        return self._known[name, column]


def plain_rows(table: pa.Table, /) -> list[dict[str, Any]]:
    """Return rows that JSON can say: times in ISO 8601 and UTC, no NaN.

    Examples
    --------
    >>> import pyarrow as pa
    >>> plain_rows(pa.table({"a": [float("nan"), 1.0]}))
    [{'a': None}, {'a': 1.0}]
    """
    return [_plain(row) for row in table.to_pylist()]


def _plain(value: Any, /) -> Any:
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    written = getattr(value, "isoformat", None)
    return value if written is None else f"{written()}Z"


def load_run(company: Company, folder: RunFolder, /) -> LoadedRun:
    """Read a run and the champions.

    Returns
    -------
    LoadedRun

    Raises
    ------
    ArtefactError
        If there is no run in the folder.
    """
    results = RunResults(folder)
    results.document(RUN)
    tested = results.evaluation
    champions = _sound_champions(company, folder)
    served = {}
    for place in sorted(folder.training.glob("*/table.json")):
        outcome = read_json(place)["outcome"]
        if kind_of(outcome) in ("churn", "decline") and (outcome_folder(folder.models, outcome)).exists():
            served[outcome] = _load_outcome(
                company, folder, place.parent, champions.get(outcome), tested.get(outcome, {})
            )
    causes = _load_causes(folder)
    run = LoadedRun(
        company,
        folder,
        served,
        causes,
        "" if causes is None else "root_cause/run",
        _load_reader(),
    )
    run.settle()
    return run


def _sound_champions(company: Company, folder: RunFolder, /) -> dict[str, tuple[Path, Version]]:
    """Return the champions, once they and the run's own models were found sound in a process of their own.

    Nothing stands in for a champion that is refused: answers of another model under its name would be wrong, and
    without a word.
    """
    from models.integrity.isolation import require_sound
    from models.registry.answering import find_champions
    from models.registry.champions import verdicts_file

    champions = find_champions(company)
    own = [place.parent for place in sorted(folder.models.glob("*/manifest.json"))]
    require_sound([*(place for place, _ in champions.values()), *own], verdicts_file(company))
    return champions


def _load_causes(folder: RunFolder, /) -> RootCauseModel | None:
    place = outcome_folder(folder.models, "root_cause")
    if not place.exists():
        return None
    from models.complaints.root_cause import RootCauseModel

    model = RootCauseModel.load(place)
    model.classify(["warm up"])  # what loads on first use is loaded before anybody waits
    return model


@cache
def _load_reader() -> Reader | None:
    """Return what reads conversations; None where its encoder is not installed: all else is answered all the same."""
    from models.conversations.assessment import Reader

    try:
        reader = Reader()
    except BatonError as error:
        _LOG.warning("conversations cannot be read: %s", error)
        return None
    reader.assess([(True, "My name is Ann Lee, and I am cancelling.")])  # names are looked up in lists that load late
    return reader


def _load_outcome(
    company: Company,
    folder: RunFolder,
    training: Path,
    champion: tuple[Path, Version] | None,
    entry: Mapping[str, Any],
    /,
) -> Served:
    described = read_json(training / "table.json")
    outcome, latest = described["outcome"], described["latest"]
    own = outcome_folder(folder.models, outcome)
    place, version = champion or (own, None)
    only = None if latest is None else [("as_of", "==", pd.Timestamp(latest).tz_localize(None))]
    predictor = load_predictor(place)
    rows = pd.read_parquet(training / "rows.parquet", filters=only)
    features = predictor.encoding.present_in(rows)
    current = rows.drop_duplicates("unit_id", keep="last").set_index("unit_id")[features]
    same = _same(own, place)
    scored = _scored(folder, outcome) if same else {}
    as_of = None if latest is None else f"{pd.Timestamp(latest).tz_localize(None).isoformat()}Z"
    bounds = limits(predictor.encoding, predictor.kpi_of, *_meanings(company, folder))
    model = f"{outcome}/run" if version is None else f"{outcome}/{version.version}"
    named = run_model(folder, outcome)
    standing = Standing(
        model=model,
        report_model=model if same else named.model,
        informative=is_informative(entry) if same or version is None else version.informative,
        same_meaning=version is None or same or not named.meaning or version.meaning == named.meaning,
    )
    return Served(outcome, standing, predictor, as_of, current, scored, bounds)


def _meanings(company: Company, folder: RunFolder, /) -> tuple[Catalogue | None, Agreed]:
    """Return what KPIs mean and the scales of ratings, as far as they are known."""
    from features.ingest.settled import staged_scales

    try:
        catalogue = load_catalogue(company)
    except BatonError:
        catalogue = None  # results that were copied elsewhere, without the company's own KPIs, are served all the same
    try:
        return catalogue, staged_scales(folder.staged)
    except BatonError:
        return catalogue, {}


def _same(one: Path, other: Path, /) -> bool:
    pairs = ((model_file(one), model_file(other)), (one / "predictor.json", other / "predictor.json"))
    return all(mine.name == theirs.name and mine.read_bytes() == theirs.read_bytes() for mine, theirs in pairs)


def _scored(folder: RunFolder, outcome: str, /) -> dict[str, dict[str, Any]]:
    """The run's own answers: also right for rows that the model has learned from, which are answered out of fold."""
    import pyarrow.compute as pc

    wanted, results = Outcome.parse(outcome), RunResults(folder)
    if wanted.kind not in results:
        return {}
    table = results.arrow(wanted.kind)
    name = "customer_id"
    if wanted.kind == "decline":
        asked = pc.and_(pc.equal(table["unit"], wanted.unit), pc.equal(table["metric"], wanted.metric))
        table, name = table.filter(asked), "unit_id"
    rows = plain_rows(table.select([name, "probability", "drivers"]))
    return {row[name]: {"probability": row["probability"], "drivers": row["drivers"]} for row in rows}
