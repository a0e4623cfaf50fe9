"""Search over what somebody may see: teams, KPIs, customers, decisions about teams, and terms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from baton.characters import normalise
from baton.wording.wording import Bilingual, natural_order, translated, verbatim
from serving.access.principal import Principal
from serving.access.rules import may, may_at_all
from serving.access.sight import Sight
from serving.pages.asked import Asked, Reply, Shown
from serving.pages.behind import PagesOf
from serving.pages.finding.terms import TERMS
from serving.pages.reading.of_run import OfRun

__all__ = ["show_search"]

_MAX_TEXT = 100
_MAX_OF_A_KIND = 20


@dataclass(frozen=True)
class _Hit:
    name: Bilingual
    place: str
    note: Bilingual | None = None


def show_search(asked: Asked, of: PagesOf, /) -> Reply:
    """Show what is found, by kind; nothing is said of what somebody may not see."""
    text = asked.query.get("q", "").strip()[:_MAX_TEXT]
    wanted = _plain(text)
    found: dict[str, list[_Hit]] = {}
    if wanted:
        read = of.read()
        sight = of.sight(asked.who, read.run)
        found = {
            "teams": _teams(wanted, read, sight, of),
            "customers": _customers(text, read, sight, asked.who),
            "decisions": _decisions(wanted, of, asked.who),
            "kpis": _kpis(wanted, read),
            "terms": _terms(wanted),
        }
    kinds = [(kind, hits[:_MAX_OF_A_KIND], max(0, len(hits) - _MAX_OF_A_KIND)) for kind, hits in found.items() if hits]
    return Shown("search", {"text": text, "kinds": kinds})


def _plain(text: str, /) -> str:
    return normalise(text).casefold()


def _has(wanted: str, names: Iterable[object], /) -> bool:
    return any(wanted in _plain(str(name)) for name in names)


def _teams(wanted: str, read: OfRun, sight: Sight, of: PagesOf, /) -> list[_Hit]:
    seen = [team for team in read.cards.of_team if sight.team("weights", team)]
    names = {team: of.named(team) for team in seen}
    found = [team for team in seen if _has(wanted, (names[team],))]
    found.sort(key=lambda team: natural_order(verbatim(team)))
    return [_Hit(verbatim(names[team]), f"/pages/card?{urlencode({'team': team})}") for team in found]


def _customers(text: str, read: OfRun, sight: Sight, who: Principal, /) -> list[_Hit]:
    """Return customers whose id begins with what is looked for, those with the most at stake first."""
    at_risk = read.at_risk
    if at_risk is None or not may_at_all(who, "read_customer_notes"):
        return []
    everybody = may(who, "churn_of_customer")
    seen = at_risk.everybody() if everybody else at_risk.seen(lambda team: sight.team("churn_of_customer", team))
    ids = at_risk.named(seen, text, _MAX_OF_A_KIND + 1)
    return [_Hit(verbatim(name), f"/pages/customer?{urlencode({'id': name})}") for name in ids]


def _decisions(wanted: str, of: PagesOf, who: Principal, /) -> list[_Hit]:
    if not may_at_all(who, "read_decision"):
        return []
    found = []
    for row in of.decisions_of_teams(who):
        kind, state = row["kind"], row["state"]
        words = (kind["en"], kind["zh"], state["en"], state["zh"], of.named(row["team_id"]), row["role"] or "")
        if _has(wanted, words):
            place = f"/pages/decision?{urlencode({'id': row['id']})}"
            found.append(_Hit(_beside(kind, of.named(row["team_id"])), place, _beside(state, row["changed_at"][:10])))
    return found


def _beside(words: Mapping[str, str], data: str, /) -> Bilingual:
    return Bilingual(*(verbatim(f"{words[language]} · {data}").en for language in ("en", "zh")))


def _kpis(wanted: str, read: OfRun, /) -> list[_Hit]:
    found = [kpi for kpi in read.names.catalogue.values() if _has(wanted, (kpi.id, kpi.name.en, kpi.name.zh))]
    return [
        _Hit(
            read.names.kpi(kpi.id),
            f"/pages/glossary#kpi-{kpi.id}",
            None if kpi.description is None else translated(kpi.description),
        )
        for kpi in found
    ]


def _terms(wanted: str, /) -> list[_Hit]:
    found = [term for term in TERMS.values() if _has(wanted, (term.name.en, term.name.zh))]
    return [_Hit(term.name, f"/pages/glossary#{term.id}", term.meaning) for term in found]
