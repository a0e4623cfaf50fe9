"""``baton kpis``: lists and searches KPIs, and says which of them a company can compute and what the others lack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from baton.catalogue.kpi_search import FoundKpi, kpis_of_presets, nearest_kpis, search_kpis, synonyms_of
from baton.catalogue.load import kpi_places, load_catalogue
from baton.catalogue.schema import Grain, Kpi
from baton.company import Company
from baton.filled_in import hides_filled_in
from baton.messages.message import Message
from baton.messages.numbers import Language
from features.kpis import evaluate
from features.kpis.on_scale import unfollowed
from features.kpis.queue_metrics import COMPLAINT_METRICS, QUEUE_METRICS
from features.kpis.unit_rows import CASE_GRAINS
from features.quality.faults import CheckReport
from features.staging.cleaned import checked
from features.staging.warehouse import Warehouse
from pipelines.kpis.words import direction_of, how_computed, unit_of

__all__ = ["CardName", "KpiList", "ListedKpi", "list_kpis", "list_kpis_of"]

_MAX_NEAREST = 3  # of a name on a scorecard, in one sentence
_GRAINS: tuple[Grain, ...] = ("customer", "employee", "team", "stage", "process")


@dataclass(frozen=True)
class ListedKpi:
    """One KPI of a list.

    Parameters
    ----------
    places : tuple of str
        Presets or files that define it.
    synonyms : tuple of str
        Other names that scorecards may use for it.
    grains : tuple of str or None
        At which the company can compute it; None where no company was asked about.
    missing : Message or None
        What it lacks, where the company cannot compute it.
    """

    kpi: Kpi
    places: tuple[str, ...]
    synonyms: tuple[str, ...]
    grains: tuple[str, ...] | None = None
    missing: Message | None = None

    @property
    def how(self) -> Message:
        """How its rows become a value."""
        return how_computed(self.kpi)

    @property
    def unit(self) -> Message:
        """The unit of its values."""
        return unit_of(self.kpi)

    @property
    def direction(self) -> Message:
        """Which way is better."""
        return direction_of(self.kpi)


@dataclass(frozen=True)
class CardName:
    """What a scorecard calls a KPI, where that is not its id.

    Parameters
    ----------
    name : str
        As the scorecards have it.
    kpi : str or None
        The id that it is read as; None where it is no KPI of the company.
    nearest : tuple of str
        Ids with a name like it, where it is none.
    """

    name: str
    kpi: str | None
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True)
class KpiList:
    """What was found.

    Parameters
    ----------
    word : str
        That was looked for; empty for all.
    company : str or None
        The company's name; None where none was asked about.
    language : {"en", "zh"}
        In which words are shown.
    nearest : tuple of ListedKpi
        KPIs with a name like the word, where none has it.
    elsewhere : tuple of ListedKpi
        KPIs with the word that ship in presets which the company does not use.
    cards : tuple of CardName
        Names on the company's scorecards that are no ids, and what they are read as.
    carded : frozenset of str
        Ids of the KPIs on the company's scorecards.
    stopped : bool
        Whether faults of the data stop a run, so that less could be looked at.
    """

    word: str
    company: str | None
    language: Language
    kpis: tuple[ListedKpi, ...]
    nearest: tuple[ListedKpi, ...] = ()
    elsewhere: tuple[ListedKpi, ...] = ()
    cards: tuple[CardName, ...] = ()
    carded: frozenset[str] = frozenset()
    stopped: bool = False


def list_kpis(word: str = "", *, language: Language | None = None) -> KpiList:
    """List the KPIs that ship, or those that a word names.

    Parameters
    ----------
    word : str
        Part of an id or a name, an abbreviation, or several words; empty for all.
    language : {"en", "zh"}, optional
        In which words are shown; the word's own if not given.

    Returns
    -------
    KpiList

    Examples
    --------
    >>> [one.kpi.id for one in list_kpis("FCR").kpis]
    ['first_contact_resolution', 'first_contact_resolution']
    >>> [one.kpi.id for one in list_kpis("frist contact resolution").nearest][:1]
    ['first_contact_resolution']
    """
    every = kpis_of_presets()
    found = search_kpis(every, word)
    near = [] if found else nearest_kpis(every, word)
    return KpiList(word, None, _language(language, word, ()), _listed(found), _listed(near))


@hides_filled_in
def list_kpis_of(company: Company, word: str = "", *, language: Language | None = None) -> KpiList:
    """List a company's KPIs, or those that a word names, with what it can compute.

    Parameters
    ----------
    word : str
        Part of an id or a name, an abbreviation, or several words; empty for all.
    language : {"en", "zh"}, optional
        In which words are shown; the word's own, else the company's first, if not given.

    Returns
    -------
    KpiList
        Nothing is written.

    Raises
    ------
    BatonError
        If the catalogue or the company file contradicts itself.
    """
    catalogue, places = load_catalogue(company), kpi_places(company)
    every = [FoundKpi(kpi, (places[kpi.id],)) for kpi in catalogue.values()]
    found = search_kpis(every, word)
    shipped = [one for one in kpis_of_presets() if one.kpi.id not in catalogue]
    elsewhere = search_kpis(shipped, word) if word else []
    near = [] if found or elsewhere else nearest_kpis([*every, *shipped], word)
    asked = [one.kpi for one in found]
    with checked(company, catalogue) as examined:
        grains = {} if examined.warehouse is None else _grains(examined.warehouse, asked)
        missing = {kpi.id: _missing(company, examined.report, examined.warehouse, kpi, grains) for kpi in asked}
        stopped = examined.report.stops
        carded = frozenset() if examined.warehouse is None else _carded(examined.warehouse)
        cards = (*_read_as(examined.report), *_unknown(carded - {*catalogue, *company.policy.fixed}, every))
    listed = tuple(
        ListedKpi(one.kpi, one.places, synonyms_of(one.kpi.id), grains.get(one.kpi.id, ()), missing[one.kpi.id])
        for one in found
    )
    chosen = _language(language, word, company.company.languages)
    name = company.company.name
    return KpiList(word, name, chosen, listed, _listed(near), _listed(elsewhere), cards, carded, stopped)


def _carded(warehouse: Warehouse, /) -> frozenset[str]:
    if "scorecards" not in warehouse:
        return frozenset()
    return frozenset(warehouse["scorecards"].select("kpi").distinct().to_pyarrow()["kpi"].drop_null().to_pylist())


def _read_as(report: CheckReport, /) -> Iterator[CardName]:
    """Yield what scorecards call KPIs in other words, from what was noted when they were read."""
    for note in report.decided:
        if note.key in ("note.kpi_named", "note.kpi_named_unit") and note.values["table"] == "scorecards":
            yield CardName(str(note.values["word"]).strip("'\""), str(note.values["kpi"]))


def _unknown(names: frozenset[str], every: Sequence[FoundKpi], /) -> Iterator[CardName]:
    for name in sorted(names):
        yield CardName(name, None, tuple(one.kpi.id for one in nearest_kpis(every, name)[:_MAX_NEAREST]))


def _listed(found: Sequence[FoundKpi], /) -> tuple[ListedKpi, ...]:
    return tuple(ListedKpi(one.kpi, one.places, synonyms_of(one.kpi.id)) for one in found)


def _language(asked: Language | None, word: str, languages: Sequence[str], /) -> Language:
    if asked is not None:
        return asked
    if word:
        return "en" if word.isascii() else "zh"
    return "zh" if languages[:1] and languages[0] == "zh" else "en"


def _grains(warehouse: Warehouse, kpis: Sequence[Kpi], /) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {kpi.id: [] for kpi in kpis}
    for grain in _GRAINS:
        for kpi in evaluate.available(warehouse, kpis, grain):
            found[kpi.id].append(grain)
    return {name: tuple(grains) for name, grains in found.items()}


def _missing(
    company: Company,
    report: CheckReport,
    warehouse: Warehouse | None,
    kpi: Kpi,
    grains: dict[str, tuple[str, ...]],
    /,
) -> Message | None:
    """Return what a KPI lacks: a table, columns, rows that say something, or a unit that it could be about."""
    if kpi.source not in report.rows:
        if kpi.source == "measures":
            return Message("kpi_missing.measure", {"kpi": kpi.id})
        key = "kpi_missing.unreadable" if kpi.source in company.tables else "kpi_missing.table"
        return Message(key, {"table": kpi.source})
    found = report.kpis.get(kpi.source)
    empty = None if found is None else found.empty.get(kpi.id)
    if kpi.source == "measures" and empty is not None:
        return Message("kpi_missing.measure", {"kpi": kpi.id})
    columns = _absent(warehouse, kpi)
    if found is not None and not columns:
        columns = found.lacking.get(kpi.id, [])
    if columns:
        return Message("kpi_missing.columns", {"columns": tuple(f"{kpi.source}.{name}" for name in columns)})
    if empty is not None:
        return Message("kpi_missing.rows", {"table": kpi.source, "why": empty})
    if warehouse is not None and not grains[kpi.id]:
        return _without_units(warehouse, kpi)
    return None


def _absent(warehouse: Warehouse | None, kpi: Kpi, /) -> list[str]:
    if warehouse is None or kpi.metric is not None:
        return []
    return sorted(name for name in evaluate.needed_columns(warehouse, kpi) if not warehouse.has(kpi.source, name))


def _without_units(warehouse: Warehouse, kpi: Kpi, /) -> Message:
    """Say what would give a KPI units: a column of the cases, or the table of the cases itself."""
    if unfollowed(warehouse, kpi):
        return Message("kpi_missing.scale", {"columns": tuple(f"{kpi.source}.{name}" for name in kpi.scale)})
    if "cases" not in warehouse:
        return Message("kpi_missing.table", {"table": "cases"})
    if kpi.metric in QUEUE_METRICS:
        return Message("kpi_missing.open_cases")
    if kpi.metric in COMPLAINT_METRICS:
        return Message("kpi_missing.complaints")
    columns = tuple(f"cases.{CASE_GRAINS[grain]}" for grain in kpi.grains)
    return Message("kpi_missing.one_of", {"columns": columns})
