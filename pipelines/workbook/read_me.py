"""The first sheet: what the workbook is, what each sheet holds, how to read it, and what to be careful with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from baton.contract.results import result_table
from baton.messages.numbers import Language
from baton.sheets.cells import Cell
from baton.wording.wording import Bilingual, translated_message
from pipelines.report.data.results import Results
from pipelines.workbook.names import Names
from pipelines.workbook.tables import Chosen
from pipelines.workbook.words import Languages, in_each, say

__all__ = ["Line", "read_me"]

Line = tuple[str, Sequence[Cell]]
"""A style (``title``, ``section`` or empty) and the cells of a row."""

_HOW = ("blank", "interval", "step", "prediction", "texts")


@dataclass(frozen=True)
class _Page:
    results: Results
    chosen: Chosen
    languages: Languages
    people: bool

    @property
    def first(self) -> Language:
        return self.languages[0]

    def line(self, key: str, *cells: Cell, style: str = "") -> Line:
        return style, (" / ".join(dict.fromkeys(in_each(f"read.{key}", self.languages))), *cells)


def read_me(results: Results, chosen: Chosen, languages: Languages, finished: str, *, people: bool) -> list[Line]:
    """Return the lines of the first sheet.

    Parameters
    ----------
    languages : tuple of str
        The first one first; explanations stand in each, side by side.
    finished : str
        When the run was finished.
    people : bool
        Whether rows about single people are in.
    """
    page = _Page(results, chosen, languages, people)
    return [
        ("title", (say("read.title", page.first, company=results.company.company.name),)),
        ("", ()),
        *_about(page, finished),
        ("", ()),
        page.line("sheets", *in_each("read.rows", languages)[:1], style="section"),
        *_sheets(page),
        ("", ()),
        *_absent(page),
        page.line("how", style="section"),
        *_how(page),
        ("", ()),
        page.line("warnings", style="section"),
        *_warnings(page),
    ]


def _about(page: _Page, finished: str, /) -> Iterator[Line]:
    yield page.line("finished", "", finished)
    if page.results.as_of is not None:
        yield page.line("as_of", "", page.results.as_of.strftime("%Y-%m-%d"))
    yield page.line("currency", "", page.results.company.company.currency)
    if page.results.models:
        yield page.line("models", "", ", ".join(page.results.models))
    yield page.line("versions", "", ", ".join(f"{name} {number}" for name, number in page.results.versions.items()))


def _sheets(page: _Page, /) -> Iterator[Line]:
    for name, rows in page.chosen.tables.items():
        yield "", (say(f"sheet.{name}", page.first), len(rows), *in_each(f"about.{name}", page.languages))
    first = next(iter(page.chosen.tables), None)
    if first is not None:
        yield "", ("", "", *in_each("read.source", page.languages, file=result_table(first).file))


def _absent(page: _Page, /) -> Iterator[Line]:
    if not page.chosen.absent:
        return
    yield page.line("missing", style="section")
    for name, why in page.chosen.absent.items():
        title = say(f"sheet.{name}", page.first)
        if why == "people":
            continue  # shown below
        if why == "small":
            yield "", (title, "", *_small(page))
        else:
            yield "", (title, "", *in_each(f"read.{why}", page.languages))
    yield "", ()


def _how(page: _Page, /) -> Iterator[Line]:
    for key in _HOW:
        yield "", ("", "", *in_each(f"read.{key}", page.languages))
    if page.chosen.small:
        yield "", ("", "", *_small(page))
    for name in page.chosen.personal:
        key = "people_put_in" if page.people else "people_left_out"
        texts = (say(f"read.{key}", each, sheet=say(f"sheet.{name}", page.first)) for each in page.languages)
        yield "", ("", "", *texts)


def _small(page: _Page, /) -> tuple[str, ...]:
    return in_each("read.small", page.languages, group=page.results.company.policy.min_group)


def _warnings(page: _Page, /) -> Iterator[Line]:
    # what was left out of the outcomes has lines of its own
    repeated = set(page.results.warned("not_learned.left_out"))
    notes = [translated_message(warning) for warning in page.results.warnings if warning not in repeated]
    for outcome, why in page.results.skipped.items():
        reason = translated_message(why)
        notes.append(Bilingual(_skipped(page, outcome, reason, "en"), _skipped(page, outcome, reason, "zh")))
    if not notes:
        yield "", ("", "", *in_each("read.no_warnings", page.languages))
    for text in notes:
        yield "", ("", "", *(str(text.of(language).unescape()) for language in page.languages))


def _skipped(page: _Page, outcome: str, reason: Bilingual, language: Language, /) -> Markup:
    name = Names(page.results, language).outcome(outcome)
    return escape(say("read.outcome_left_out", language, outcome=name, why=str(reason.of(language).unescape())))
