"""Looking for what has crossed: after a run was loaded, after events were taken, and while a conversation goes on."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from baton.alerts.settings import EMAIL, Alerts, Rule
from baton.company import Company
from serving.access.keeper import Keeper
from serving.access.principal import Principal
from serving.alerts.levels import fingerprint
from serving.alerts.measures import DECLINE, Measures, Values, kpi_of
from serving.alerts.outbox import Found, Notice, Outbox
from serving.alerts.responsible import Leads, Sees, sees
from serving.events.store import EventStore
from serving.live.asking import Live, Touched

if TYPE_CHECKING:
    from serving.answering.payloads_texts import ConversationRequest
    from serving.loading import LoadedRun

__all__ = ["Watch"]

_LOG = logging.getLogger("baton.serving")
_SYSTEM = Principal("alerts", "service")  # whoever stands behind a webhook that is nobody's
_EVENTS, _RUN = "events", "run"


@dataclass(frozen=True)
class _Look:
    """What a rule is looked at with: values, and of which subjects they are of now."""

    rule: Rule
    values: Values
    now: frozenset[str] = frozenset()


class Watch:
    """Looks at one company's customers, teams and conversations.

    Parameters
    ----------
    outbox : Outbox
        Where crossings go.
    live : Live
        Answers as of now.
    events : EventStore
        Which events there are.
    """

    def __init__(self, company: Company, keeper: Keeper, outbox: Outbox, live: Live, events: EventStore, /) -> None:
        self._company = company
        self._keeper = keeper
        self._outbox = outbox
        self._live = live
        self._events = events
        self._measures: tuple[LoadedRun, Measures] | None = None

    @property
    def _settings(self) -> Alerts:
        return self._company.alerts

    def look(self, run: LoadedRun, /) -> int:
        """Look at what is new since the last look, in whatever process that was; return how many alerts there are.

        Raises
        ------
        BatonError
            If the tables or the database cannot be read or written: then the next look finds the same.
        """
        marks = self._outbox.marks()
        rules = [rule for rule in self._settings.rule if rule.about in ("customer", "team")]
        if not rules:
            return 0
        key = self._of(run).key
        anew = [rule for rule in rules if marks.get(f"rule {rule.name}") != fingerprint(rule)]
        # what this run does not carry is not looked for again until there is another
        if marks.get(_RUN) != key or any(marks.get(f"rule {rule.name}") != _without(rule, key) for rule in anew):
            return self._whole(run, rules, anew)
        newest, seen = self._events.newest(), int(marks.get(_EVENTS, 0))
        if newest < seen:
            seen = 0  # the events were removed, and are counted anew
        return self._since(run, rules, seen) if newest > seen else 0

    def _whole(self, run: LoadedRun, rules: Sequence[Rule], anew: Sequence[Rule], /) -> int:
        """Look at everybody: by the run, and as of now at those whom events have touched that it has not read."""
        measures, touched = self._of(run), self._live.touched(run, 0)
        looks: list[_Look] = []
        for rule in rules:
            if rule.about == "team":
                found = self._teams(run, measures, rule, rule.teams or run.members.teams)
                looks += [] if found is None else [_Look(rule, found)]
                continue
            by_run, now = measures.customers_of_run(rule), measures.customers_now(rule, touched.customers)
            if by_run is not None:
                rest = {name: value for name, value in by_run.of.items() if now is None or name not in now.of}
                looks.append(_Look(rule, Values(rest, by_run.as_of)))
            if now is not None:
                looks.append(_Look(rule, now, frozenset(now.of)))
        marks = {_RUN: measures.key, _EVENTS: str(touched.newest)}
        looked_at = {look.rule.name for look in looks}
        for rule in rules:
            if rule.name in looked_at:
                marks[f"rule {rule.name}"] = fingerprint(rule)
            else:
                marks[f"rule {rule.name}"] = _without(rule, marks[_RUN])
                _LOG.warning("alerts.rule %r: this run knows no %s of a %s", rule.name, rule.measure, rule.about)
        return self._take(run, looks, touched, marks, {rule.name for rule in anew})

    def _since(self, run: LoadedRun, rules: Sequence[Rule], after: int, /) -> int:
        measures, touched = self._of(run), self._live.touched(run, after)
        looks: list[_Look] = []
        for rule in rules:
            if rule.about == "customer":
                now = measures.customers_now(rule, touched.customers)
                looks += [] if now is None else [_Look(rule, now, frozenset(now.of))]
            elif not rule.measure.startswith(DECLINE):
                teams = touched.teams & set(rule.teams or run.members.teams)
                found = self._teams(run, measures, rule, teams) if teams else None
                looks += [] if found is None else [_Look(rule, found)]
        return self._take(run, looks, touched, {_EVENTS: str(touched.newest)}, set())

    @staticmethod
    def _teams(run: LoadedRun, measures: Measures, rule: Rule, teams: Collection[str], /) -> Values | None:
        known = [team for team in teams if run.knows_team(team)]
        if not rule.measure.startswith(DECLINE):
            return measures.teams_now(rule, known)
        found = measures.declines(rule)
        if found is None:
            return None
        return Values({team: value for team, value in found.of.items() if team in known}, found.as_of)

    def _take(
        self, run: LoadedRun, looks: Sequence[_Look], touched: Touched, marks: Mapping[str, str], anew: set[str], /
    ) -> int:
        owners = _Owners(run, touched)
        found = [
            Found(look.rule, subject, value)
            for look in looks
            for subject, value in look.values.of.items()
            if look.rule.about == "team" or not look.rule.teams or owners.first(subject) in look.rule.teams
        ]
        silent = anew if self._settings.first == "baseline" else set[str]()
        judged = self._outbox.judged(found, anew)
        alerts = [each for each, verdict in judged if verdict.is_alert and each.rule.name not in silent]
        notices = self._notices(run, looks, alerts, owners) if alerts else {}
        return self._outbox.take([each for each, _ in judged], notices, seen=touched.newest, marks=marks, anew=anew)

    def _notices(
        self, run: LoadedRun, looks: Sequence[_Look], alerts: Sequence[Found], owners: _Owners, /
    ) -> dict[tuple[str, str], Notice]:
        """Return what is to be sent about each alert, and to whom."""
        measures, leads = self._of(run), Leads.read(self._company, self._keeper, run.members)
        known = {(look.rule.name, subject): look for look in looks for subject in look.values.of}
        customers = {each.subject for each in alerts if each.rule.about == "customer"}
        now = {name for look in looks for name in look.now}
        drivers = measures.drivers(customers, now) if customers else {}
        notices: dict[tuple[str, str], Notice] = {}
        for each in alerts:
            rule, look = each.rule, known[each.rule.name, each.subject]
            content: dict[str, Any] = {
                **_of_rule(rule), "as_of": look.values.as_of, "behind": list(look.values.behind) or None
            }  # fmt: skip
            if rule.about == "team":
                kpi, days = kpi_of(rule.measure)
                content |= {"kpi": {"id": kpi, **measures.named(kpi)}, "days": days}
                teams = [each.subject]
            else:
                content |= {"customer_id": each.subject, "drivers": drivers.get(each.subject) or None}
                teams = owners.of(each.subject)
            notices[rule.name, each.subject] = self._notice(leads, rule, teams, content, each.subject)
        return notices

    def _notice(
        self, leads: Leads, rule: Rule, teams: Sequence[str], content: dict[str, Any], subject: str, /
    ) -> Notice:
        seen_by = sees(rule.about, subject, None, rule.measure)
        team, several = leads.of(teams, seen_by)
        name = leads.members.name_of.get(team or "")
        content = {**content, **({"team_name": name} if name else {})}
        if not several:
            whose = f"team {team}" if team is not None else "it"
            return Notice(team, content, why=f"nobody who leads {whose} may see it")
        to = [(way, who.user) for who in several for way in self.ways(leads, rule, who.user, seen_by)]
        names = ", ".join(who.user for who in several)
        return Notice(team, content, to, "" if to else f"no channel of the rule reaches {names}")

    def ways(self, leads: Leads, rule: Rule, user: str, seen_by: Sees, /) -> list[str]:
        """Return the channels that reach a user: what is nobody's own gets what a system may see."""
        settings = self._settings
        found = []
        for name in settings.channels_of(rule):
            if name == EMAIL:
                is_way = settings.email is not None and user in settings.email.addresses
            else:
                webhook = next(each for each in settings.webhook if each.name == name)
                is_way = webhook.user == user or (not webhook.user and seen_by(leads.sight(_SYSTEM)))
            found += [name] if is_way else []
        return found

    def conversation(self, run: LoadedRun, request: ConversationRequest, answer: Mapping[str, Any], by: str, /) -> int:
        """Look at a conversation that a system has sent; return how many alerts there are.

        Parameters
        ----------
        by : str
            The system, whose ids of conversations are its own.

        Raises
        ------
        OutputError
            If an alert cannot be kept.
        """
        rules = [rule for rule in self._settings.rule if rule.about == "conversation"]
        name = request.conversation_id or request.customer_id
        if not rules or name is None:
            return 0
        customer = request.customer_id
        owners = _Owners(run, None)
        teams = [request.team_id] if request.team_id is not None else owners.of(customer) if customer else []
        fitting = [rule for rule in rules if not rule.teams or (teams and teams[0] in rule.teams)]
        subject = f"{by} {name}"
        found = [Found(rule, subject, float(answer["risk"])) for rule in fitting]
        judged = self._outbox.judged(found, ())
        if not judged:
            return 0
        leads = Leads.read(self._company, self._keeper, run.members)
        signals = [{"signal": each["signal"], "name": each["name"]} for each in answer["signals"]]
        content = {"conversation_id": request.conversation_id, "level": answer["level"], "signals": signals}
        notices: dict[tuple[str, str], Notice] = {}
        for each, verdict in judged:
            if not verdict.is_alert:
                continue
            notice = self._notice(leads, each.rule, teams, {**_of_rule(each.rule), **content}, subject)
            if customer is not None and notice.to and leads.all_may({user for _, user in notice.to}, customer):
                notice = Notice(notice.team_id, {**notice.content, "customer_id": customer}, notice.to)
            notices[each.rule.name, subject] = notice
        return self._outbox.take([each for each, _ in judged], notices, seen=len(request.turns))

    def _of(self, run: LoadedRun, /) -> Measures:
        if self._measures is None or self._measures[0] is not run:
            self._measures = (run, Measures(run, self._live))
        return self._measures[1]


class _Owners:
    """Whose a customer is: the team of the newest case first, then others that had one within a year."""

    def __init__(self, run: LoadedRun, touched: Touched | None, /) -> None:
        self._members = run.members
        self._lately = {} if touched is None else touched.cases

    def of(self, customer: str, /) -> list[str]:
        """Return the teams, the owner first."""
        first = self.first(customer)
        others = sorted(self._members.teams_of_customer.get(customer, ()))
        return list(dict.fromkeys([*([first] if first else []), *others]))

    def first(self, customer: str, /) -> str:
        """Return the team of the newest case; empty where there is none."""
        day, team = self._members.last_case.get(customer, (date.min, ""))
        lately = self._lately.get(customer)
        return lately[1] if lately is not None and lately[0].date() >= day else team


def _of_rule(rule: Rule, /) -> dict[str, Any]:
    return {"measure": rule.measure, "threshold": rule.threshold, "when": rule.when}


def _without(rule: Rule, key: str, /) -> str:
    """Return the mark of a rule that cannot be looked at in a run: its first look is still to come."""
    return f"{fingerprint(rule)} not in {key}"
