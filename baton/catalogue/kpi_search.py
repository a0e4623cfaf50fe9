"""KPIs found by what people call them: ids, names and abbreviations, in English and Chinese."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from baton.catalogue.kpi_names import ABBREVIATIONS, plain_name
from baton.catalogue.load import available_presets, load_kpis
from baton.catalogue.schema import Kpi
from baton.company import Company
from baton.nearest import nearest_names

__all__ = ["FoundKpi", "kpis_of_presets", "nearest_kpis", "search_kpis", "synonyms_of"]

_SCENARIOS = ("service", "product", "b2b")  # in the order of the documents; other presets follow
_MAX_NEAREST = 5
_ALIKE = 0.45  # of letters; abbreviations and Chinese names are short, so that one wrong letter weighs much
_MAX_ABBREVIATION = 4  # letters: FCR, AHT, CSAT; longer words are looked for in all names


@dataclass(frozen=True)
class FoundKpi:
    """A KPI and where it is defined.

    Parameters
    ----------
    places : tuple of str
        Presets or files of a company that define it alike.
    """

    kpi: Kpi
    places: tuple[str, ...]


@cache
def kpis_of_presets() -> tuple[FoundKpi, ...]:
    """Return every KPI that ships; presets that define one id in other words give one entry each.

    Examples
    --------
    >>> found = kpis_of_presets()
    >>> [(one.kpi.name.en, one.places) for one in found if one.kpi.id == "handle_seconds"]
    [('Handling time', ('service',))]
    """
    names = available_presets()
    entries: dict[tuple[str, ...], FoundKpi] = {}
    for preset in sorted(names, key=lambda name: (_SCENARIOS.index(name) if name in _SCENARIOS else len(names), name)):
        for kpi in load_kpis(Company.model_validate({"kpis": {"presets": [preset]}})).values():
            key = (kpi.id, kpi.name.en, kpi.unit, kpi.better, kpi.aggregate)
            before = entries.get(key)
            entries[key] = (
                FoundKpi(kpi, (preset,)) if before is None else FoundKpi(before.kpi, (*before.places, preset))
            )
    return tuple(sorted(entries.values(), key=lambda one: one.kpi.id))


def synonyms_of(kpi_id: str, /) -> tuple[str, ...]:
    """Return abbreviations and other names of a KPI, as people write them on scorecards.

    Examples
    --------
    >>> synonyms_of("first_contact_resolution")
    ('FCR', '一次解决率', '首次解决率')
    """
    meant = [word for word, ids in ABBREVIATIONS.items() if kpi_id in ids]
    return tuple(
        word.upper() if word.isascii() and len(word) <= _MAX_ABBREVIATION else word.replace("_", " ") for word in meant
    )


def search_kpis(found: Iterable[FoundKpi], word: str, /) -> list[FoundKpi]:
    """Return the KPIs that a word or several words name, the closest first; all of them for an empty word.

    Ids, names and abbreviations count before descriptions; of several words each must be there.

    Examples
    --------
    >>> [one.kpi.id for one in search_kpis(kpis_of_presets(), "AHT")]
    ['handle_seconds']
    >>> search_kpis(kpis_of_presets(), "平均处理时长")[0].kpi.name.zh
    '处理时长'
    """
    wanted = plain_name(word)
    if not wanted:
        return list(found)
    ranked = [(_rank(one.kpi, wanted), one) for one in found]
    hits = sorted(((rank, one) for rank, one in ranked if rank is not None), key=lambda hit: hit[0])
    exact = [one for rank, one in hits if rank == 0]
    if exact and wanted.isascii() and len(wanted) <= _MAX_ABBREVIATION:
        return exact  # what an abbreviation stands for, and nothing that has its letters by chance
    # a description that mentions a word says less than a name that has it
    named = [one for rank, one in hits if rank < _IN_DESCRIPTION]
    return named or [one for _, one in hits]


def nearest_kpis(found: Sequence[FoundKpi], word: str, /) -> list[FoundKpi]:
    """Return a few KPIs whose names are most like a word that is no KPI's.

    Examples
    --------
    >>> [one.kpi.id for one in nearest_kpis(kpis_of_presets(), "handel_secnds")][:1]
    ['handle_seconds']
    """
    names = {name: one for one in reversed(found) for name in _names(one.kpi)}
    close = nearest_names(plain_name(word), names, most=2 * _MAX_NEAREST, alike=_ALIKE)
    different: dict[str, FoundKpi] = {}
    for name in close:  # the most alike first
        different.setdefault(names[name].kpi.id, names[name])
    return list(different.values())[:_MAX_NEAREST]


_EXACT, _BEGINS, _HOLDS, _IN_DESCRIPTION = range(4)


def _rank(kpi: Kpi, wanted: str, /) -> int | None:
    names = _names(kpi)
    if wanted in names:
        return _EXACT
    if any(name.startswith(wanted) for name in names):
        return _BEGINS
    parts = wanted.split("_")
    if all(any(part in name for name in names) for part in parts):
        return _HOLDS
    texts = "" if kpi.description is None else plain_name(f"{kpi.description.en} {kpi.description.zh}")
    if all(part in texts for part in parts):
        return _IN_DESCRIPTION
    return None


def _names(kpi: Kpi, /) -> list[str]:
    meant = [word for word, ids in ABBREVIATIONS.items() if kpi.id in ids]
    return [plain_name(kpi.id), plain_name(kpi.name.en), plain_name(kpi.name.zh), *meant]
