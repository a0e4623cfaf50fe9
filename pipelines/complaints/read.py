"""What customers write: a cause per case with a text, its trends, new causes, and labels that look wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baton.catalogue.schema import Catalogue, Text
from baton.company import Company
from baton.errors import TooLittleDataError
from baton.evidence.unclear import MAX_UNCLEAR
from baton.files import RunFolder, read_json, write_json
from baton.messages.message import Message
from baton.progress import Progress, silent
from baton.retraining.corrections import read_corrections
from baton.run_results import RunResults
from features.kpis.cause_kpis import (
    CAUSE_COLUMN,
    CauseKpi,
    cause_codes,
    cause_kpis,
    load_causes,
    save_causes,
    with_causes,
)
from features.staging.stage import with_text_causes
from features.staging.warehouse import Warehouse
from pipelines.complaints.about import cause_diagnosis, describe_causes, write_examples
from pipelines.complaints.corrected import Provenance, labels_read
from pipelines.complaints.settings import folder_named, refuse_no_time, with_folders

if TYPE_CHECKING:
    import pandas as pd

    from baton.taxonomy import Taxonomy
    from features.text.text_set import TextSet
    from models.complaints.root_cause import RootCauseModel

__all__ = [
    "NO_TEXTS",
    "CausesRead",
    "cases_of",
    "cases_with_causes",
    "catalogue_with_causes",
    "cause_evaluation",
    "inputs",
    "model_folder",
    "price",
    "read_causes",
    "skipped_causes",
]

NO_TEXTS = Message("not_learned.no_texts")
"""Why no causes were read, where cases have no texts."""


@dataclass(frozen=True)
class CausesRead:
    """What was read.

    Parameters
    ----------
    rows : dict of str to int
        Rows per file.
    warnings : tuple of Message
        What a reader must know.
    """

    rows: dict[str, int] = field(default_factory=dict)
    warnings: tuple[Message, ...] = ()


def read_causes(
    company: Company,
    catalogue: Catalogue,
    warehouse: Warehouse,
    folder: RunFolder,
    /,
    *,
    keep_model: bool = False,
    progress: Progress = silent,
) -> CausesRead:
    """Say of every case with a text what it is about, and write what follows from it.

    Parameters
    ----------
    catalogue : Catalogue
        The company's own, without causes.
    folder : RunFolder
        Receives the tables of the step, ``models/root_cause/`` and ``texts/``.
    keep_model : bool
        Answer with the model that lies in the folder, if there is one, instead of learning anew.

    Returns
    -------
    CausesRead
        Empty where no case has a text, or nothing can be learned from the texts: ``skipped_causes`` says why.

    Raises
    ------
    CompanyFileError
        If ``[text]`` names a column, file or encoder that is not there.
    ArtefactError
        If the model to be kept is damaged.
    """
    from baton.taxonomy import load_taxonomy
    from models.complaints.trends import cause_trends

    taxonomy = load_taxonomy(company)
    texts, provenance = labels_read(company, warehouse)
    if texts is None or not len(texts):
        return _skipped(folder, NO_TEXTS)
    refuse_no_time(company, warehouse)
    try:
        model = _model(company, (texts, provenance), taxonomy, folder, keep_model, progress)
        answers, shares = model.read(texts, company.company.seed)
    except TooLittleDataError as error:
        return _skipped(folder, error.why, texts.notes)
    answers = answers.rename(columns={"text_id": "case_id"})
    results = RunResults(folder)
    rows = {"root_causes": results.write("root_causes", answers)}
    rows["cause_shares"] = results.write("cause_shares", shares)
    notes: list[Message] = [*texts.notes, *_unclear(shares)]
    suspicious = model.suspicious.rename(columns={"text_id": "case_id"})
    rows["suspicious_labels"] = results.write("suspicious_labels", suspicious)
    cases = cases_of(warehouse)
    trends = cause_trends(answers, cases, min_group=company.policy.min_group)
    rows["cause_trends"] = results.write("cause_trends", trends)
    progress("looking for new causes", 0, 1)
    emerging = _emerging(company, texts, answers, cases)
    rows["emerging_causes"] = results.write("emerging_causes", emerging)
    notes.extend(_new_causes(emerging))
    about = describe_causes(folder, sorted(answers["cause"].dropna().astype(str).unique()), taxonomy, warehouse)
    diagnosis = cause_diagnosis(trends, about)
    rows["cause_diagnosis"] = results.write("cause_diagnosis", diagnosis)
    urgent = diagnosis[diagnosis["growing"].astype(bool) & (diagnosis["alignment"] == "unmeasured")]
    notes.extend(Message("causes.unmeasured", {"cause": repr(cause)}) for cause in urgent["cause"])
    write_examples(folder, texts, answers, company.policy.min_group)
    chosen = _as_kpis(company, catalogue, answers, taxonomy, folder) if company.text.kpis else []
    if company.text.kpis and not chosen:
        notes.append(Message("causes.no_kpi"))
    notes.extend(map(Message.recorded, model.evaluation.get("messages", model.evaluation.get("notes", ()))))
    write_json(folder.texts / "evaluation.json", model.evaluation)
    return CausesRead(rows, tuple(dict.fromkeys(notes)))


def cases_of(warehouse: Warehouse, /) -> pd.DataFrame:
    """Return the cases with a text: case_id, opened_at, customer_id, stage, process, team_id (else its usual)."""
    from features.kpis.unit_rows import with_default_team

    cases = with_default_team(warehouse)
    cases = cases.filter(cases.text.notnull())
    return cases.select("case_id", "opened_at", "customer_id", "stage", "process", "team_id").to_pyarrow().to_pandas()


def price(company: Company, warehouse: Warehouse, folder: RunFolder, /) -> int:
    """Price each cause by the customers who wrote about it and may leave: writes ``cause_prices.parquet``.

    Returns
    -------
    int
        Rows written; 0, and no file, where there are no causes, no customers of the cases, or no predictions of churn
        that are better than guessing.
    """
    from features.training.table import TrainingTable
    from models.complaints.cost import Customers, price_causes

    results = RunResults(folder)
    if not ("root_causes" in results and "churn" in results and warehouse.has("cases", "customer_id")):
        return 0
    table = TrainingTable.load(folder.training / "churn")
    if table.frame["as_of"].isna().all():
        return 0  # a flat table: no moment before which a case could lie
    past = table.labelled.rename(columns={"attribute__segment": "segment"})
    past = past[[name for name in ("unit_id", "as_of", "label", "segment") if name in past]]
    current = results.table("churn", ["customer_id", "as_of", "probability", "value_at_risk", "informative"])
    if not current["informative"].all():
        return 0  # nothing is priced by a prediction that is no better than guessing
    priced = price_causes(
        results.table("root_causes"),
        cases_of(warehouse),
        Customers(current, past),
        window_days=max(company.snapshots.windows_days),
        seed=company.company.seed,
        min_group=company.policy.min_group,
    )
    return results.write("cause_prices", priced)


def inputs(company: Company, /) -> dict[str, Any]:
    """Return what the causes depend on besides the staged tables: settings, taxonomy, local model, corrections."""
    from baton.taxonomy import shipped_taxonomies

    settings = company.text
    named = (settings.model, settings.encoder)
    places = {name: place for name in named if (place := folder_named(company, name)) is not None}
    if settings.taxonomy not in shipped_taxonomies():
        places[settings.taxonomy] = company.resolve(settings.taxonomy)
    corrected = [asdict(row) for row in read_corrections(company)]
    files = {name: _state(place) for name, place in places.items()}
    return {
        "settings": settings.model_dump(mode="json"),
        "files": files,
        **({"corrections": corrected} if corrected else {}),
        "smallest_group": company.policy.min_group,
        "seed": company.company.seed,
    }


def model_folder(folder: RunFolder, /) -> Path:
    """Return where a run's model of causes lies."""
    return folder.models / "root_cause"


def catalogue_with_causes(catalogue: Catalogue, folder: RunFolder, /) -> Catalogue:
    """Return the catalogue with the KPIs that a run's causes have become."""
    return with_causes(catalogue, load_causes(folder.texts / "causes.json"))


def cases_with_causes(folder: RunFolder, /) -> Path | None:
    """Return the file of the cases with their causes, or None where the run has none."""
    place = folder.texts / "cases.parquet"
    return place if place.exists() else None


def cause_evaluation(folder: RunFolder, /) -> dict[str, Any]:
    """Return the entry ``root_cause`` of ``evaluation.json``: empty where no causes were read."""
    place = folder.texts / "evaluation.json"
    return {"root_cause": read_json(place)} if place.exists() else {}


def skipped_causes(folder: RunFolder, /) -> dict[str, Message]:
    """Return why no causes were read; empty where they were."""
    place = folder.texts / "skipped.json"
    found = read_json(place) if place.exists() else {}
    return {name: Message.recorded(why) for name, why in found.items()}


def _skipped(folder: RunFolder, why: Message, /, notes: tuple[Message, ...] = ()) -> CausesRead:
    shutil.rmtree(model_folder(folder), ignore_errors=True)
    write_json(folder.texts / "skipped.json", {"root_cause": why.as_json()})
    return CausesRead({}, notes)


def _model(
    company: Company,
    labelled: tuple[TextSet, Provenance],
    taxonomy: Taxonomy,
    folder: RunFolder,
    keep: bool,
    progress: Progress,
    /,
) -> RootCauseModel:
    from models.complaints.root_cause import RootCauseModel

    texts, provenance = labelled

    place = model_folder(folder)
    if keep and place.exists():
        return RootCauseModel.load(place)
    shutil.rmtree(place, ignore_errors=True)
    model = RootCauseModel.fit(texts, taxonomy, with_folders(company), company.company.seed, progress)
    # what it has learned from stays with the model, also where a later run asks it again
    model = replace(model, evaluation=model.evaluation | provenance.as_entry())
    model.save(place)
    return model


def _emerging(company: Company, texts: TextSet, answers: pd.DataFrame, cases: pd.DataFrame, /) -> pd.DataFrame:
    """Look for new causes by the texts' rare words; by an encoder where the company names one, which takes longer."""
    from models.complaints.emerging.clusters import Writers, find_emerging
    from models.encoders.find import find_encoder

    named = with_folders(company).encoder
    encoder = None if named == "auto" else find_encoder(named, texts.frame["language"].unique())
    by_case = cases.drop_duplicates("case_id").set_index("case_id")
    return find_emerging(
        texts,
        answers,
        Writers(
            by_case["team_id"].dropna(),
            by_case["customer_id"].dropna() if by_case["customer_id"].notna().any() else None,
        ),
        encoder,
        company.company.seed,
        min_group=company.policy.min_group,
    )


def _unclear(shares: pd.DataFrame, /) -> list[Message]:
    rest = shares[shares["cause"].isna()].iloc[0]
    if rest["named_share"] <= MAX_UNCLEAR:
        return []
    return [Message("causes.unclear", {"share": float(rest["named_share"]), "n": int(rest["texts"])})]


def _new_causes(emerging: pd.DataFrame, /) -> list[Message]:
    return [
        Message(
            "causes.emerging",
            {
                "date": f"{row['first_week']:%Y-%m-%d}",
                "texts": int(row["texts"]),
                "words": row["name"] or "…",
                "share": float(row["abstained_share"]),
            },
        )
        for row in emerging.to_dict("records")
    ]


def _as_kpis(
    company: Company, catalogue: Catalogue, answers: pd.DataFrame, taxonomy: Taxonomy, folder: RunFolder, /
) -> list[CauseKpi]:
    import pyarrow as pa

    named = answers["cause"].where(~answers["abstained"].astype(bool))
    taken = [kpi for kpi in catalogue if kpi.startswith("cause_")]
    chosen = cause_kpis(named, _describer(taxonomy), taken, company.text.known_at)
    save_causes(folder.texts / "causes.json", chosen)
    codes = cause_codes(named, chosen)
    causes = pa.table(
        {
            "case_id": pa.array(answers["case_id"].astype("str"), pa.string()),
            CAUSE_COLUMN: pa.array([code if isinstance(code, str) else None for code in codes], pa.string()),
        }
    )
    with_text_causes(folder.staged, causes, folder.texts / "cases.parquet")
    return chosen


def _describer(taxonomy: Taxonomy, /) -> Callable[[str], tuple[Text, str]]:
    def describe(cause: str) -> tuple[Text, str]:
        known = taxonomy.find(cause)
        if known is None:
            readable = cause.replace("_", " ").strip() or cause
            return Text(en=readable, zh=readable), "any"
        return known.name, known.stage or "any"

    return describe


def _state(place: Path, /) -> list[list[Any]]:
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    return [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in files]
