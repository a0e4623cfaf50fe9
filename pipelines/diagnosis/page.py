"""The diagnosis as a page in the style of the report: one file that loads nothing, in the company's languages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from baton.company import Company
from baton.files import new_file
from baton.messages.message import Message
from baton.wording.wording import Bilingual, say, translated_message
from pipelines.diagnosis.found import Diagnosis, Section
from pipelines.diagnosis.shown import MAX_FINDINGS, ShownTable, cards_table, kpis_table
from pipelines.report.document import document

if TYPE_CHECKING:
    from models.advice.diagnosis.funnel import Funnel

__all__ = ["render", "write_page"]


@dataclass(frozen=True)
class _Item:
    what: Bilingual
    lines: tuple[tuple[Bilingual, Bilingual], ...]


@dataclass(frozen=True)
class _Part:
    key: str
    title: Bilingual
    items: tuple[_Item, ...]
    remarks: tuple[Bilingual, ...]


@dataclass(frozen=True)
class _Table:
    title: Bilingual
    header: list[Bilingual]
    rows: list[list[Bilingual]]
    remark: Bilingual | None


def write_page(company: Company, found: Diagnosis, path: Path, /, *, overwrite: bool = False) -> None:
    """Write the page, whole or not at all, and readable by its owner alone.

    Parameters
    ----------
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    OutputError
        If the file is there already, or cannot be written.
    """
    with new_file(path, overwrite=overwrite) as temporary:
        temporary.write_text(render(company, found), encoding="utf-8")


def render(company: Company, found: Diagnosis, /) -> str:
    """Return the page; everything that comes from data is escaped."""
    name = company.company.name
    return document(
        "diagnosis.html.jinja",
        beside=(Path(__file__).parent,),
        company=name,
        languages=company.company.languages,
        title=translated_message(Message("diagnosis_page.title", {"company": name})),
        say=say,
        sentences=[translated_message(sentence) for sentence in found.headline.sentences],
        bar=_bar(found.headline.shares),
        key=[
            (_STYLES[kind].split()[-1], translated_message(Message(key)))
            for kind, key in _NAMES.items()
            if found.headline.shares[kind] > 0
        ],
        cards=_table(cards_table(found)),
        kpis=_table(kpis_table(found)),
        parts=[_part(part) for part in found.parts],
        funnels_title=translated_message(Message("funnel.title")),
        funnels_note=translated_message(Message("funnel.note")),
        funnels=[_funnel(one, company, found) for one in found.funnels[:MAX_FINDINGS]],
        notes_title=translated_message(Message("diagnosis_page.notes")),
        notes=[_sentence(note) for note in found.notes],
    )


def _part(part: Section, /) -> _Part:
    names = [
        translated_message(Message("diagnosis_page.where")),
        translated_message(Message("diagnosis_page.sure")),
        translated_message(Message("diagnosis_page.next")),
    ]
    items = []
    for one in part.findings[:MAX_FINDINGS]:
        lines = [_sentence(message) for message in (one.where, one.sure, one.next)]
        items.append(_Item(_sentence(one.what), tuple(zip(names, lines, strict=True))))
    remarks = [translated_message(remark) for remark in part.remarks]
    more = len(part.findings) - len(items)
    if more > 0:
        remarks.append(translated_message(Message("diagnosis_page.more", {"n": more})))
    return _Part(part.key, translated_message(part.title), tuple(items), tuple(remarks))


def _sentence(message: Message, /) -> Bilingual:
    """Return a message as a line of its own, which begins with a capital."""
    text = translated_message(message)
    return Bilingual(text.en[:1].upper() + text.en[1:], text.zh)


def _table(shown: ShownTable, /) -> _Table:
    return _Table(
        translated_message(shown.title),
        [translated_message(cell) for cell in shown.header],
        [[translated_message(cell) for cell in row] for row in shown.rows],
        None if shown.remark is None else translated_message(shown.remark),
    )


def _funnel(one: Funnel, company: Company, found: Diagnosis, /) -> tuple[Bilingual, Bilingual, Markup]:
    """Return a KPI's name, what its plot says, and the plot."""
    from baton.catalogue.load import load_kpis
    from pipelines.diagnosis.funnel_chart import funnel_chart

    known = load_kpis(company).get(one.kpi)
    names = {name: known.en for name, known in found.names.items()}
    name = Message("text.verbatim", {"text": found.names.get(one.kpi, one.kpi)})
    outside = int((one.teams["outside"] > 0).sum())
    words = Message("funnel.says", {"n": outside, "teams": len(one.teams), "dispersion": one.dispersion})
    drawing = funnel_chart(one, names, known.unit if known is not None else "")
    return translated_message(name), translated_message(words), drawing


def _bar(shares: dict[str, float], /) -> Markup:
    """Draw the shares of all points as one bar, in the order of the first sentence."""
    from baton.charts.drawing import element

    left, parts = 0.0, []
    for kind, style in _STYLES.items():
        width = 600.0 * shares[kind]
        if width > 0:
            parts.append(element("rect", x=f"{left:.1f}", y=0, width=f"{width:.1f}", height=18, class_=style))
        left += width
    return element("svg", *parts, class_="chart", viewBox="0 0 600 18", aria_hidden="true", focusable="false")


_STYLES = {"aligned": "bar", "weak": "bar plain", "misaligned": "bar bad", "unmeasured": "bar unclear"}
_NAMES = {
    "aligned": "diagnosis_table.serves",
    "weak": "diagnosis_table.nothing",
    "misaligned": "diagnosis_table.against",
    "unmeasured": "diagnosis_table.unmeasured",
}
