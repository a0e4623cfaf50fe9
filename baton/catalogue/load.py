"""The catalogue of one company: presets by name, the company's own files on top, everything checked.

A preset ``service`` is all files ``presets/service_*.toml``; ``presets/journey.toml`` holds the four journey stages
that every company starts from, ``presets/studies.toml`` what is known of actions. A company's file has the same tables:
``[[kpi]]``, ``[[stage]]``, ``[[action]]`` and ``[[study]]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from baton.catalogue.coherence import check_coherence, check_studies
from baton.catalogue.computed_elsewhere import computed_elsewhere
from baton.catalogue.expressions import check_expression
from baton.catalogue.schema import Action, Catalogue, Kpi, Stage, Study, Text
from baton.company import Company
from baton.errors import CatalogueError
from baton.messages.message import Message
from baton.nearest import did_you_mean
from baton.privacy.meanings import private_match
from baton.toml_files import read_toml

__all__ = ["PRESETS", "available_presets", "kpi_places", "load_catalogue", "load_kpis"]

PRESETS = Path(__file__).parent / "presets"
"""Folder of the presets that Baton ships."""

_KINDS: Mapping[str, type[BaseModel]] = {"kpi": Kpi, "stage": Stage, "action": Action, "study": Study}


@dataclass
class _Draft:
    """What has been read so far, by id; a later entry takes the place of an earlier one."""

    kpi: dict[str, Kpi] = field(default_factory=dict)
    stage: dict[str, Stage] = field(default_factory=dict)
    action: dict[str, Action] = field(default_factory=dict)
    study: dict[str, Study] = field(default_factory=dict)
    places: dict[tuple[str, str], str] = field(default_factory=dict)
    notes: list[Message] = field(default_factory=list)
    own: set[str] = field(default_factory=set)

    def kept(self, kind: str, /) -> dict[str, Any]:
        return getattr(self, kind)


def load_catalogue(company: Company, /) -> Catalogue:
    """Read the presets that a company names and its own files.

    Returns
    -------
    Catalogue
        KPIs in the order of the files; ``notes`` say what a company's file replaced and what was left out and why.

    Raises
    ------
    CatalogueError
        If a file is missing or no TOML, has an unknown key (the nearest known one is named), defines an id twice, or
        a KPI contradicts itself, another, or the company file.
    ExpressionError
        If a KPI's SQL is no single scalar expression.

    Examples
    --------
    >>> catalogue = load_catalogue(Company())
    >>> catalogue["first_contact_resolution"].name.zh
    '一次解决率'
    >>> [stage.id for stage in catalogue.stages]
    ['consultation', 'delivery', 'use', 'renewal']
    """
    draft = _read_all(company)
    for kpi in draft.kpi.values():
        _check_sensitive(kpi, company, draft.places["kpi", kpi.id])
        check_expression(kpi)
    actions = [action for action in draft.action.values() if _wanted(action, draft)]
    check_coherence(draft.kpi, draft.stage, actions, company, draft.places)
    check_studies(actions, draft.study, draft.places)
    kpis = tuple(computed_elsewhere(kpi, company) for kpi in draft.kpi.values())
    return Catalogue(kpis, tuple(draft.stage.values()), tuple(actions), tuple(draft.notes), tuple(draft.study.values()))


def load_kpis(company: Company, /) -> dict[str, Kpi]:
    """Read a company's KPIs by id, unchecked: to find which one a name means.

    Raises
    ------
    CatalogueError
        If a file is missing or cannot be read as a catalogue.
    """
    return dict(_read_all(company).kpi)


def kpi_places(company: Company, /) -> dict[str, str]:
    """Return by id where each KPI of a company is defined: the preset, or its own file as the company file names it.

    Raises
    ------
    CatalogueError
        If a file is missing or cannot be read as a catalogue.

    Examples
    --------
    >>> kpi_places(Company())["csat"]
    'preset service'
    """
    return {name: place for (kind, name), place in _read_all(company).places.items() if kind == "kpi"}


def _read_all(company: Company, /) -> _Draft:
    draft = _Draft()
    _add(draft, PRESETS / "journey.toml", "the default journey", ours=True)
    _add(draft, PRESETS / "studies.toml", "the studies", ours=True)
    for name in company.presets:
        for path in _preset_files(name):
            _add(draft, path, f"preset {name}", ours=True)
    _leave_out_sensitive(draft, company)
    for file in company.kpis.files:
        _add(draft, company.resolve(file), file, ours=False)
    return draft


def available_presets() -> tuple[str, ...]:
    """Return the names of the presets that this version ships."""
    return tuple(sorted({path.stem.split("_", 1)[0] for path in PRESETS.glob("*_*.toml")}))


def _preset_files(name: str, /) -> list[Path]:
    files = sorted(PRESETS.glob(f"{name}_*.toml"))
    if not files:
        there = ", ".join(available_presets())
        raise CatalogueError(
            f"[kpis] presets: {name!r} is not there yet (this version ships: {there}); name one that is there "
            "and write the KPIs you miss into a file under [kpis] files"
        )
    return files


def _add(draft: _Draft, path: Path, place: str, /, *, ours: bool) -> None:
    content = _read(path)
    for key in content:
        if key not in _KINDS and not (ours and key == "version"):
            raise CatalogueError(
                f"{place}: unknown table {key!r}{did_you_mean(key, _KINDS)}; a catalogue has [[kpi]] …"
            )
    for kind, model in _KINDS.items():
        seen: set[str] = set()
        rows = content.get(kind, [])
        if not isinstance(rows, list):
            raise CatalogueError(f"{place}: write [[{kind}]] with two brackets, once for each")
        kept = draft.kept(kind)
        for number, row in enumerate(rows, start=1):
            item = _entry(model, row, f"{place}, {kind} {number}")
            name = item.id  # type: ignore[attr-defined]
            if name in seen:
                raise CatalogueError(f"{place}: {kind} {name!r} is there twice; give each an id of its own")
            seen.add(name)
            if not ours and name in kept and (other := draft.places[kind, name]) in draft.own:
                raise CatalogueError(f"{place}: {kind} {name!r} is in {other} too; keep it in one of the two files")
            if not ours and name in kept:
                values = {"place": place, "kind": kind, "name": name, "before": draft.places[kind, name]}
                draft.notes.append(Message("kpi.replaced", values))
            kept[name] = item
            draft.places[kind, name] = place
    if not ours:
        draft.own.add(place)


def _read(path: Path, /) -> dict[str, Any]:
    beside = [other.name for other in path.parent.glob("*.toml")] if path.parent.is_dir() else []
    nearest = did_you_mean(path.name, beside) if beside else ""
    return read_toml(path, CatalogueError, missing=f"no such file{nearest}; correct [kpis] files")


def _entry(model: type[BaseModel], row: Any, place: str, /) -> BaseModel:
    if not isinstance(row, dict):
        raise CatalogueError(f"{place}: it is no table; write its keys below [[…]]")
    where = f"{place} ({row['id']})" if isinstance(row.get("id"), str) else place
    try:
        return model(**row)
    except ValidationError as error:
        raise CatalogueError(f"{where}: {'; '.join(_explain(fault, model) for fault in error.errors())}") from error
    except TypeError as error:
        raise CatalogueError(f"{where}: {error}") from error


def _explain(fault: Any, model: type[BaseModel], /) -> str:
    location = fault["loc"]
    key = ".".join(str(part) for part in location)
    if fault["type"] == "extra_forbidden":
        known = model.model_fields if len(location) == 1 else Text.model_fields
        return f"unknown key {key!r}{did_you_mean(str(location[-1]), known)}"
    if fault["type"] == "missing":
        return f"key {key!r} is missing"
    message = fault["msg"].removeprefix("Value error, ")
    given = fault.get("input")
    shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"{key}: {message}{shown}" if key else message


def _sensitive_names(kpi: Kpi, company: Company, /) -> list[str]:
    """Names on the sensitive list that a KPI carries, by its columns or, for what others computed, by its id."""
    used = set(check_expression(kpi)) | {kpi.id}
    return sorted(
        name
        for name in used
        if (found := private_match(company.privacy, name, table=kpi.source)) is not None and found.kind == "sensitive"
    )


def _leave_out_sensitive(draft: _Draft, company: Company, /) -> None:
    """Take a preset's sensitive KPIs out, and their ids out of the guards and arrows of the others."""
    left_out = {kpi.id: names for kpi in draft.kpi.values() if (names := _sensitive_names(kpi, company))}
    for kpi_id, names in left_out.items():
        del draft.kpi[kpi_id]
        draft.notes.append(Message("kpi.sensitive", {"kpi": kpi_id, "columns": tuple(names)}))
    for kpi in draft.kpi.values() if left_out else ():
        draft.kpi[kpi.id] = kpi.model_copy(
            update={
                "guards": tuple(other for other in kpi.guards if other not in left_out),
                "leads_to": tuple(other for other in kpi.leads_to if other not in left_out),
            }
        )


def _check_sensitive(kpi: Kpi, company: Company, place: str, /) -> None:
    if names := _sensitive_names(kpi, company):
        raise CatalogueError(
            f"{place}: KPI {kpi.id} uses {', '.join(names)}, a proxy of illness, care or pregnancy; drop the KPI, or "
            "take the name off [privacy] sensitive"
        )


def _wanted(action: Action, draft: _Draft, /) -> bool:
    """Whether an action has its KPI; a preset's action whose KPI was left out goes with it."""
    return action.kpi in draft.kpi or not draft.places["action", action.id].startswith("preset ")
