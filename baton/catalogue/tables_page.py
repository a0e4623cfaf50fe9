"""The page of the source tables: every column with type, unit, words and meaning; three valid rows of each table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from baton.catalogue.expressions import columns_of
from baton.catalogue.load import available_presets, load_catalogue
from baton.catalogue.schema import Catalogue
from baton.catalogue.sought_words import sought_words
from baton.company import Company
from baton.contract.source_words import ColumnWords, TableWords, matters_first, page_words, table_words
from baton.contract.sources import TABLES, ColumnSpec, TableSpec

__all__ = ["tables_page"]

Language = Literal["en", "zh"]
_MAX_NAMED = 3  # KPIs shown beside a column; the library has all
_SCENARIOS = ("service", "product", "b2b")


def tables_page(language: Language, /) -> str:
    """Return a Markdown page with every table of the contract.

    Parameters
    ----------
    language : {"en", "zh"}
    """
    text = page_words(language)
    catalogues = {name: _preset(name) for name in available_presets()}
    parts = [text["introduction"].rstrip(), text["first"], "\n".join(_first(language))]
    for name, spec in TABLES.items():
        parts.append("\n".join(_section(spec, table_words()[name], catalogues, language)))
    return "\n\n".join(parts) + "\n"


def _preset(name: str, /) -> Catalogue:
    return load_catalogue(Company.model_validate({"kpis": {"presets": [name]}}))


def _first(language: Language, /) -> Iterator[str]:
    """Yield a table of the tables: their rank in each scenario, and what they bring."""
    yield f"| | {' | '.join(f'`{name}`' for name in _SCENARIOS)} | {page_words(language)['first_head']} |"
    yield "|---|---|---|---|---|"
    ranks = {name: matters_first(name) for name in _SCENARIOS}
    order = sorted(TABLES, key=lambda name: min([*(_rank(found, name) for found in ranks.values())]))
    for name in order:
        places = " | ".join(str(_rank(found, name)) if name in found else "" for found in ranks.values())
        yield f"| [`{name}`](#{name}) | {places} | {table_words()[name].brings[language]} |"


def _rank(found: tuple[str, ...], name: str, /) -> int:
    return found.index(name) + 1 if name in found else len(TABLES)


def _section(
    spec: TableSpec, words: TableWords, catalogues: Mapping[str, Catalogue], language: Language, /
) -> Iterator[str]:
    text = page_words(language)
    yield f"## {spec.name}"
    yield ""
    key = text["key"].format(key=" × ".join(f"`{name}`" for name in spec.key)) if spec.key else ""
    between = " " if language == "en" else ""
    yield f"{text['row'].format(row=words.row[language], brings=words.brings[language])}{between}{key}".rstrip()
    yield ""
    yield text["columns"]
    readers = _readers(spec.name, catalogues)
    for column in spec.columns:
        of = words.columns[column.name]
        needed = text["needed"] if column.required else ""
        meaning = "; ".join([of.meaning[language], *_limits(column, of, catalogues, text)])
        unit = of.unit if language == "en" else page_words("units_zh").get(of.unit, "")
        named = _named(readers[column.name], text)
        yield f"| `{column.name}` | {column.type} | {unit} | {needed} | {meaning} | {named} |"
    yield ""
    whole = [kpi.id for name in _in_order(catalogues) for kpi in catalogues[name].values() if kpi.metric is not None]
    whole = [name for name in dict.fromkeys(whole) if _source(name, catalogues) == spec.name]
    if whole:
        yield text["whole"].format(kpis=", ".join(f"`{name}`" for name in whole)) + "\n"
    yield from _sought(spec.name, catalogues, text)
    yield f"{text['example']}\n\n```csv\n{words.example.strip()}\n```"


def _source(kpi: str, catalogues: Mapping[str, Catalogue], /) -> str:
    return next(catalogue[kpi].source for catalogue in catalogues.values() if kpi in catalogue)


def _limits(
    column: ColumnSpec, of: ColumnWords, catalogues: Mapping[str, Catalogue], text: Mapping[str, str], /
) -> Iterator[str]:
    if column.low is not None and column.high is not None:
        yield text["range"].format(low=f"{column.low:g}", high=f"{column.high:g}")
    elif column.low is not None:
        yield text["from"].format(low=f"{column.low:g}")
    words = of.words
    if words == ("journey",):
        words = tuple(stage.id for stage in catalogues["service"].stages)
    if words:
        yield text["only"].format(words=", ".join(f"`{word}`" for word in words))


def _readers(table: str, catalogues: Mapping[str, Catalogue], /) -> Mapping[str, list[str]]:
    """Return the KPIs of all presets that read each column, those of the first presets first."""
    found: dict[str, dict[str, None]] = {column: {} for column in TABLES[table].names}
    for name in _in_order(catalogues):
        for kpi in catalogues[name].values():
            if kpi.source != table:
                continue
            for expression in filter(None, (kpi.expr, kpi.denominator)):
                for column in columns_of(expression) & set(found):
                    found[column][kpi.id] = None
    return {column: list(kpis) for column, kpis in found.items()}


def _in_order(catalogues: Mapping[str, Catalogue], /) -> list[str]:
    return sorted(catalogues, key=lambda name: _SCENARIOS.index(name) if name in _SCENARIOS else len(_SCENARIOS))


def _named(kpis: list[str], text: Mapping[str, str], /) -> str:
    shown = ", ".join(f"`{name}`" for name in kpis[:_MAX_NAMED])
    rest = len(kpis) - _MAX_NAMED
    return shown + (text["more"].format(count=rest) if rest > 0 else "")


def _sought(table: str, catalogues: Mapping[str, Catalogue], text: Mapping[str, str], /) -> Iterator[str]:
    """Yield the words that KPIs look for, by column and preset."""
    found: dict[str, dict[str, set[str]]] = {}
    for name in _in_order(catalogues):
        for kpi in catalogues[name].values():
            if kpi.source == table and kpi.expr is not None:
                for expression in filter(None, (kpi.expr, kpi.denominator)):
                    for column, words in sought_words(expression, within=True).items():
                        found.setdefault(column, {}).setdefault(name, set()).update(words)
    for column, by_preset in found.items():
        if column == "stage":
            continue  # the journey's stages stand beside it
        yield text["words"].format(column=column)
        yield ""
        for name, words in by_preset.items():
            yield f"- {name}: {', '.join(f'`{word}`' for word in sorted(words))}"
        yield ""
