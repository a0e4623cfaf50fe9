"""The company file: one TOML file that says everything about one company.

Nothing here opens a source; secrets named as ``${NAME}`` stay unresolved until a table is opened.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from baton.access.settings import Access
from baton.alerts.settings import Alerts
from baton.contract.sources import TABLES
from baton.engine.settings import Engine
from baton.errors import CompanyFileError
from baton.experts.prior import Prior
from baton.nearest import did_you_mean
from baton.outcome_settings import OLD_NAME, Outcomes
from baton.outcomes import LEAVING
from baton.retraining.settings import Retraining
from baton.section import Section
from baton.table_source import TableSource
from baton.toml_files import read_toml

__all__ = ["Company", "Policy", "TableSource", "expand", "load_company"]

Share = Annotated[float, Field(ge=0, le=1)]
Points = Annotated[float, Field(ge=0, le=100)]
Treatment = Literal["stop", "drop", "null", "keep"]
Scenario = Literal["service", "product", "b2b"]
Preset = Literal["service", "product", "b2b", "internal", "desk", "subscriptions"]


class Profile(Section):
    """``[company]``: who it is."""

    name: str = "Company"
    scenario: Scenario = "service"
    seed: int = 7
    currency: str = "EUR"
    languages: tuple[Literal["en", "zh"], ...] = ("en", "zh")
    extracted_at: str | None = None


class Accept(Section):
    """``[accept]``: findings that the company takes responsibility for."""

    leaks: tuple[str, ...] = ()


class Snapshots(Section):
    """``[snapshots]``: when and over which windows the company is looked at; days."""

    every: Literal["1d", "1w", "2w", "1mo", "1q"] = "1mo"
    windows_days: tuple[Annotated[int, Field(ge=1, le=3650)], ...] = (7, 30, 90)
    horizon_days: Annotated[int, Field(ge=1, le=3650)] = 90
    gap_days: Annotated[int, Field(ge=0, le=3650)] = 0

    @model_validator(mode="after")
    def _windows(self) -> Snapshots:
        if not self.windows_days or len(set(self.windows_days)) != len(self.windows_days):
            raise ValueError("windows_days needs at least one window, each once")
        return self


class Text(Section):
    """``[text]``: complaint texts and their labels.

    Parameters
    ----------
    model : str
        ``auto``, ``auto+finetune``, ``tfidf``, ``encoder``, ``finetune``, or an encoder: a local folder or a Hugging
        Face id. Fine-tuning happens only where it is asked for.
    labels : str
        Column of ``cases`` with the cause that somebody recorded.
    confidence : str, optional
        Column of ``cases`` with how sure the annotator was, 0..1: the weight of the label.
    taxonomy : str
        ``general``, an industry's (``shipped_taxonomies``), or a TOML file of the company's own causes.
    known_at : str
        Time column of ``cases`` at which the customer had written; a remark beside a rating is ``rated_at``.
    kpis : bool
        Whether the most frequent causes become KPIs: features of churn and decline, with a share in attributions.
    encoder : str
        What ``encoder`` and ``finetune`` start from: ``auto``, a package's encoder, a local folder, a Hugging Face id.
    risk : float
        Share of wrong answers, among those given, that the company accepts; beyond it the answer is "unclear".
    latency_ms : float
        The most that a text of 40 words may cost, in milliseconds of one core counted from the model's size, for one
        that ``auto`` may choose.
    train_minutes : float
        Half of it is the most that ``auto`` may spend on reading texts with an encoder, in minutes of one core counted
        from their characters.
    """

    model: str = "auto"
    labels: str = "root_cause"
    confidence: str | None = None
    taxonomy: str = "general"
    known_at: str = "opened_at"
    kpis: bool = True
    encoder: str = "auto"
    risk: Annotated[float, Field(gt=0, lt=1)] = 0.2
    latency_ms: Annotated[float, Field(gt=0)] = 50.0
    train_minutes: Annotated[float, Field(gt=0)] = 10.0


class Kpis(Section):
    """``[kpis]``: where the catalogue comes from."""

    presets: tuple[Preset, ...] | None = None
    files: tuple[str, ...] = ()


class Policy(Section):
    """``[policy]``: limits that recommendations respect; weights in points of 100."""

    min_weight: Points = 5
    max_weight: Points = 40
    step: Annotated[float, Field(gt=0, le=100)] = 5
    max_change: Points = 10
    min_share: dict[Literal["customer", "financial", "process", "learning"], Points] = Field(
        default_factory=lambda: {"customer": 30.0}  # type: ignore[arg-type]
    )
    outcome_max: Points = 30
    min_group: Annotated[int, Field(ge=1)] = 5
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.8
    hysteresis: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    false_moves: Annotated[float, Field(gt=0, lt=1)] = 0.05
    impact_ratio: Share = 0.8
    cycle_days: Annotated[int, Field(ge=1, le=3650)] = 90
    risk_aversion: Annotated[float, Field(ge=0)] = 1.0
    discount_rate: Annotated[float, Field(ge=0, le=1)] = 0.1
    fixed: tuple[str, ...] = ("mandatory_training",)
    prior: tuple[Prior, ...] = ()
    worth: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(default_factory=dict)

    def prior_of(self, role: str, /) -> Prior | None:
        """Return what experts judge of a role's KPIs: their judgements for it, else those for every role."""
        found = {prior.role: prior for prior in self.prior}
        return found.get(role, found.get(""))

    @model_validator(mode="after")
    def _order(self) -> Policy:
        roles = [prior.role for prior in self.prior]
        for role in roles:
            if roles.count(role) > 1:
                raise ValueError(f"prior: role {role!r} has judgements twice; keep one [[policy.prior]] for it")
        if self.min_weight > self.max_weight:
            raise ValueError(f"min_weight {self.min_weight:g} is above max_weight {self.max_weight:g}; lower one")
        return self


class Privacy(Section):
    """``[privacy]``: pseudonyms, proxies that stay out, and attributes for the fairness audit alone."""

    pseudonymise: bool = True
    key: str = "employees.key"
    sensitive: tuple[str, ...] = ("absence_days", "overtime_hours", "hours")
    protected: tuple[str, ...] = ("gender", "birth_year")
    cleared: tuple[str, ...] = ()


class Company(Section):
    """Everything about one company.

    Parameters
    ----------
    path : Path
        Where the company file lies; relative paths inside it are relative to its folder.
    company, sources, tables, faults, accept, snapshots, outcomes, text, kpis, policy, privacy, access, alerts
        The sections of the file, with the contract's defaults; so are ``retraining`` and ``engine``.
    """

    path: Path = Path("company.toml")
    company: Profile = Profile()
    sources: dict[str, str] = Field(default_factory=dict)
    tables: dict[str, TableSource] = Field(default_factory=dict)
    faults: dict[str, Treatment] = Field(default_factory=dict)
    accept: Accept = Accept()
    snapshots: Snapshots = Snapshots()
    outcomes: Outcomes = Outcomes()
    text: Text = Text()
    kpis: Kpis = Kpis()
    policy: Policy = Policy()
    privacy: Privacy = Privacy()
    access: Access = Access()
    alerts: Alerts = Alerts()
    retraining: Retraining = Retraining()
    engine: Engine = Engine()

    @property
    def folder(self) -> Path:
        """The folder that relative paths are relative to."""
        return self.path.parent

    @property
    def presets(self) -> tuple[str, ...]:
        """Names of the KPI presets to start from."""
        return (self.company.scenario,) if self.kpis.presets is None else self.kpis.presets

    @property
    def case_metrics(self) -> tuple[str, ...]:
        """KPIs whose value in a single case is an outcome that effects are on."""
        case = self.outcomes.case
        priced = [name for name in self.policy.worth if name not in LEAVING]
        return tuple(dict.fromkeys([*(() if case is None else (case.metric,)), *priced]))

    def resolve(self, path: str, /) -> Path:
        """Return a path of the company file, environment variables filled in, made absolute.

        Raises
        ------
        CompanyFileError
            If it is a link that leads back to itself.
        """
        place = self.folder / Path(expand(path)).expanduser()
        try:
            found = place.resolve()
            if found.is_symlink():  # nothing but a loop is still a link
                raise OSError
        except (OSError, RuntimeError):
            raise CompanyFileError(f"{place} is a link that leads back to itself; name the file itself") from None
        return found

    @model_validator(mode="after")
    def _known_names(self) -> Company:
        for name, source in self.tables.items():
            if name not in TABLES:
                raise ValueError(f"tables.{name}: no such table{did_you_mean(name, TABLES)}")
            if source.source is not None and source.source not in self.sources:
                hint = did_you_mean(source.source, self.sources)
                raise ValueError(f"tables.{name}.source: no [sources] entry {source.source!r}{hint}")
        outcome, cases = self.outcomes.case, self.tables.get("cases")
        if outcome is not None and outcome.scale is not None and cases is not None:
            declared = cases.scales.get(outcome.metric, outcome.scale)
            if declared != outcome.scale:
                raise ValueError(
                    f"outcomes.case.scale = {list(outcome.scale)} and tables.cases.scales.{outcome.metric} = "
                    f"{list(declared)} contradict each other; keep one"
                )
        return self


def expand(text: str, /) -> str:
    """Fill in ``${NAME}`` and ``${NAME:-default}`` from the environment.

    Raises
    ------
    CompanyFileError
        If a variable without a default is not set; the message names it and never a value.

    Examples
    --------
    >>> expand("${BATON_NOT_SET:-data}/cases.csv")
    'data/cases.csv'
    """

    def fill(match: re.Match[str]) -> str:
        name, default = match.group(1), match.group(2)
        value = os.environ.get(name, default)
        if value is None:
            raise CompanyFileError(f"environment variable {name} is not set; the company file needs it as ${{{name}}}")
        return value

    return re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}", fill, text)


def load_company(path: str | Path, /) -> Company:
    """Read a company file.

    Parameters
    ----------
    path : str or Path
        The TOML file, or the folder in which ``company.toml`` lies.

    Returns
    -------
    Company
        The settings, with the contract's defaults where the file is silent.

    Raises
    ------
    CompanyFileError
        If the file is missing, is no TOML, or has an unknown key (the nearest known one is named) or a wrong value.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "company.toml"
    raw = read_toml(path, CompanyFileError, missing=_where_else(path))
    if "path" in raw:
        raise CompanyFileError(f"{path}: unknown key 'path'; give paths under [tables]")
    try:
        return Company(path=path.resolve(), **raw)
    except ValidationError as error:
        raise CompanyFileError(f"{path}: {'; '.join(_explain(fault) for fault in error.errors())}") from error


def _where_else(path: Path, /) -> str:
    """Return what to say of a company file that is not there: the company beside it of nearly the same name, if any."""
    # `os.path` raises nothing where a folder may not be read
    beside = [place.name for place in path.parent.glob("*") if os.path.isfile(place / "company.toml")]  # noqa: PTH113
    return f"no such file{did_you_mean(path.name, beside, otherwise='`baton init` writes one')}"


def _explain(fault: Any, /) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = _known_keys(fault["loc"][:-1])
        hint = did_you_mean(str(fault["loc"][-1]), known)
        return f"unknown key {place!r}{hint}"
    given = fault.get("input")
    if fault["type"] in {"tuple_type", "list_type"} and isinstance(given, dict):
        return f"[{place}]: it may be there several times, so write it with two brackets: [[{place}]]"
    if fault["type"] in {"model_type", "dict_type"} and isinstance(given, list | tuple):
        return f"[[{place}]]: it is there once, so write it with one pair of brackets: [{place}]"
    message = fault["msg"].removeprefix("Value error, ")
    shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"{place}: {message}{shown}" if place else message


def _known_keys(location: tuple[Any, ...], /) -> list[str]:
    """Names of the keys that a section knows, following the models along a validation error's location."""
    model: Any = Company
    for part in location:
        if isinstance(part, int) or not hasattr(model, "model_fields"):
            continue
        name = "case" if model is Outcomes and part == OLD_NAME else part
        annotation = model.model_fields[name].annotation if name in model.model_fields else None
        model = _section_in(annotation)
    keys = list(model.model_fields) if hasattr(model, "model_fields") else []
    return [key for key in keys if key != "path" or model is not Company]


def _section_in(annotation: Any, /) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _section_in(inner)
        if found is not None:
            return found
    return None
