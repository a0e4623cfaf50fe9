"""Why customers complain: causes in two levels, each with its process, journey stage and owner.

``general`` ships with Baton, and on top of it one for each of a few industries; a company brings its own in a TOML file
of the same form, alone or on top of one that ships (``extends = "telecom"``).
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from baton.catalogue.load import available_presets, load_kpis
from baton.catalogue.schema import Identifier, Text
from baton.characters import normalise
from baton.company import Company, Kpis
from baton.errors import CatalogueError
from baton.nearest import did_you_mean

__all__ = ["GENERAL", "Cause", "Taxonomy", "load_taxonomy", "shipped_taxonomies"]

GENERAL = "general"
"""The taxonomy of a company that names none."""

_KEYS = ("extends", "without", "cause")
_SHIPPED = Path(__file__).resolve().parent / "catalogue" / "causes"


class Cause(BaseModel):
    """One cause, or one of its sub-causes.

    Parameters
    ----------
    id : str
        Lower-case words joined by underscores, unique in the taxonomy.
    parent : str, optional
        The cause that a sub-cause belongs to; None for a cause of the upper level.
    name, description : Text
        In English and Chinese. The description sounds like what customers write: zero-shot answers work from it.
    process, stage, owner : str, optional
        The service process, journey stage and owning team or function; a sub-cause without takes its parent's.
    kpis : tuple of str
        KPIs that measure whether this cause is dealt with.
    aliases : tuple of str
        Labels under which it is recorded elsewhere; any spelling.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Identifier
    parent: str | None = None
    name: Text
    description: Text
    process: str | None = None
    stage: str | None = None
    owner: Text | None = None
    kpis: tuple[str, ...] = ()
    aliases: tuple[str, ...] = Field(default=())


class Taxonomy:
    """The causes of one company.

    Parameters
    ----------
    causes : tuple of Cause
        Upper level and sub-causes, in the file's order.
    origin : str
        The file they come from, for messages.

    Raises
    ------
    CatalogueError
        If an id or alias stands for two causes, or a sub-cause's parent is not there.
    """

    def __init__(self, causes: tuple[Cause, ...], origin: str = "taxonomy") -> None:
        self._causes: dict[str, Cause] = {}
        for cause in causes:
            if cause.id in self._causes:
                raise CatalogueError(f"{origin}: the cause {cause.id!r} is there twice; rename one")
            self._causes[cause.id] = cause
        for cause in causes:
            above = self._causes.get(cause.parent) if cause.parent is not None else None
            if cause.parent is not None and (above is None or above.parent is not None):
                known = [main.id for main in causes if main.parent is None]
                raise CatalogueError(
                    f"{origin}: {cause.id}.parent: no cause of the upper level is called {cause.parent!r}"
                    f"{did_you_mean(cause.parent, known)}"
                )
            if above is not None:
                inherited = {"process": cause.process or above.process, "stage": cause.stage or above.stage}
                inherited |= {"owner": cause.owner or above.owner, "kpis": cause.kpis or above.kpis}
                self._causes[cause.id] = cause.model_copy(update=inherited)
        self._by_spelling: dict[str, str] = {}
        for cause in causes:
            for word in (cause.id, *cause.aliases):
                self._claim(_spelling(word), cause.id, word, origin)
        for cause in causes:  # names may be shared by a cause and its sub-cause: the first one named keeps it
            for word in (cause.name.en, cause.name.zh):
                self._by_spelling.setdefault(_spelling(word), cause.id)

    def _claim(self, spelling: str, cause_id: str, word: str, origin: str, /) -> None:
        other = self._by_spelling.setdefault(spelling, cause_id)
        if other != cause_id:
            raise CatalogueError(f"{origin}: {word!r} stands for both {other!r} and {cause_id!r}; take it off one")

    def __iter__(self) -> Iterator[Cause]:
        return iter(self._causes.values())

    def __len__(self) -> int:
        return len(self._causes)

    def __getitem__(self, cause_id: str) -> Cause:
        return self._causes[cause_id]

    def __contains__(self, cause_id: object) -> bool:
        return cause_id in self._causes

    @property
    def mains(self) -> tuple[Cause, ...]:
        """The causes of the upper level."""
        return tuple(cause for cause in self if cause.parent is None)

    def find(self, label: str, /) -> Cause | None:
        """Return the cause that a label means: by id, alias or name, in any spelling; None where it means none.

        Examples
        --------
        >>> load_taxonomy().find("Late Flight").id
        'delivery_delay_late'
        """
        found = self._by_spelling.get(_spelling(label))
        return None if found is None else self._causes[found]

    def main(self, cause_id: str, /) -> Cause:
        """Return the upper-level cause of a cause."""
        cause = self._causes[cause_id]
        return cause if cause.parent is None else self._causes[cause.parent]


def load_taxonomy(company: Company | None = None, /) -> Taxonomy:
    """Load the taxonomy that a company names; the general one where it names none.

    Raises
    ------
    CatalogueError
        If the file cannot be read, contradicts itself, or names a KPI that there is not.
    """
    named = GENERAL if company is None else company.text.taxonomy
    if company is None or named in shipped_taxonomies():
        return Taxonomy(_shipped(named), named)
    place = company.resolve(named)
    own = _read(place)
    _check_kpis(own.causes, company, place)
    return Taxonomy(_with_extended(own, place), str(place))


def _check_kpis(causes: tuple[Cause, ...], company: Company, place: Path, /) -> None:
    """Refuse a KPI that neither the company's catalogue nor the library has: no cause could be measured by it."""
    asked = {kpi for cause in causes for kpi in cause.kpis}
    unknown = asked - set(load_kpis(company)) if asked else set()
    if not unknown:
        return
    library: set[str] = set()
    for preset in available_presets():
        library |= set(load_kpis(Company(kpis=Kpis.model_validate({"presets": [preset]}))))
    for cause in causes:
        for kpi in cause.kpis:
            if kpi in unknown - library:
                nearest = did_you_mean(kpi, sorted({*load_kpis(company), *library}))
                raise CatalogueError(
                    f"{place}: cause {cause.id!r}: kpis: no KPI {kpi!r} in your catalogue or the library{nearest}"
                )


def shipped_taxonomies() -> tuple[str, ...]:
    """Return the names of the taxonomies that ship, the general one first.

    Examples
    --------
    >>> shipped_taxonomies()
    ('general', 'bank', 'public', 'retail', 'saas', 'telecom')
    """
    others = sorted(path.stem for path in _SHIPPED.glob("*.toml") if path.stem != GENERAL)
    return (GENERAL, *others)


@dataclass(frozen=True)
class _File:
    """What a file of causes says: its own, what it stands on, and which upper causes of that it leaves out."""

    causes: tuple[Cause, ...]
    extends: str | None
    without: tuple[str, ...]


def _shipped(name: str, /) -> tuple[Cause, ...]:
    place = _SHIPPED / f"{name}.toml"
    return _with_extended(_read(place), place)


def _with_extended(file: _File, place: Path, /) -> tuple[Cause, ...]:
    if file.extends is None:
        if file.without:
            raise CatalogueError(f"{place}: without leaves causes out of what the file extends; write extends too")
        return file.causes
    if file.extends not in shipped_taxonomies():
        known = did_you_mean(file.extends, shipped_taxonomies())
        raise CatalogueError(f"{place}: extends: no taxonomy is called {file.extends!r}{known}")
    below = _shipped(file.extends)
    mains = [cause.id for cause in below if cause.parent is None]
    for name in file.without:
        if name not in mains:
            raise CatalogueError(
                f"{place}: without: {file.extends} has no cause {name!r} of the upper level{did_you_mean(name, mains)}"
            )
    own = {cause.id for cause in file.causes}
    kept = (cause for cause in below if cause.id not in own and (cause.parent or cause.id) not in file.without)
    return (*kept, *file.causes)


def _read(place: Path, /) -> _File:
    try:
        content = tomllib.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        names = ", ".join(shipped_taxonomies())
        raise CatalogueError(
            f"{place}: not there; text.taxonomy names it (or write one that ships: {names})"
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{place}: cannot be read ({error}); it is to be TOML in UTF-8") from error
    for key in content:
        if key not in _KEYS:
            raise CatalogueError(f"{place}: unknown key {key!r}{did_you_mean(key, _KEYS)}")
    entries, without = content.get("cause", []), content.get("without", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise CatalogueError(f"{place}: causes are tables: write each under [[cause]]")
    if not entries:
        raise CatalogueError(f"{place}: there is no [[cause]] in it; see docs/texts.md")
    if not isinstance(without, list) or not all(isinstance(name, str) for name in without):
        raise CatalogueError(f'{place}: without is a list of causes: without = ["booking"]')
    return _File(tuple(_cause(entry, place) for entry in entries), content.get("extends"), tuple(without))


def _cause(entry: dict[str, Any], place: Path, /) -> Cause:
    try:
        return Cause(**entry)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        known = did_you_mean(where, Cause.model_fields) if first["type"] == "extra_forbidden" else ""
        what = "unknown key" if first["type"] == "extra_forbidden" else first["msg"]
        raise CatalogueError(f"{place}: cause {entry.get('id', '?')!r}: {where}: {what}{known}") from error


def _spelling(label: str, /) -> str:
    folded = unicodedata.normalize("NFKC", normalise(label)).casefold()
    return "".join(character for character in folded if character.isalnum()) or folded
