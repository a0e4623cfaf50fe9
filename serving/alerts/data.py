"""Looking at what `baton monitor` has found: analysts hear of each change once, and again only after it was gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from baton.alerts.settings import Rule
from baton.company import Company
from baton.retraining.monitored import Monitored, monitored_file, read_monitored
from serving.access.keeper import Keeper
from serving.alerts.levels import fingerprint
from serving.alerts.outbox import Found, Notice, Outbox
from serving.alerts.responsible import Leads, Sees, sees

if TYPE_CHECKING:
    from serving.loading import LoadedRun

__all__ = ["DATA", "DataWatch"]

DATA = "data"
"""What such a rule is about."""

_MAX_NAME = 480  # characters of what a change is known by


class DataWatch:
    """Looks at one company's data, as monitoring has left it.

    Parameters
    ----------
    outbox : Outbox
        Where alerts go.
    ways : callable
        Returns the channels of a rule that reach a user.
    """

    def __init__(
        self, company: Company, keeper: Keeper, outbox: Outbox, ways: Callable[[Leads, Rule, str, Sees], list[str]], /
    ) -> None:
        self._company = company
        self._keeper = keeper
        self._outbox = outbox
        self._ways = ways

    def look(self, run: LoadedRun, /) -> int:
        """Look at what was found since the last look; return how many alerts there are.

        Raises
        ------
        BatonError
            If what was found, or the database, cannot be read or written: then the next look finds the same.
        """
        rules = [rule for rule in self._company.alerts.rule if rule.about == DATA]
        monitored = read_monitored(run.folder) if rules else None
        if monitored is None:
            return 0
        changed = monitored_file(run.folder).stat().st_mtime_ns
        marks = {f"data {rule.name}": f"{fingerprint(rule)} {changed}" for rule in rules}
        known = self._outbox.marks()
        if all(known.get(name) == value for name, value in marks.items()):
            return 0
        found = [each for rule in rules for each in self._found(rule, monitored)]
        words = {_short(name): message for name, message in monitored.found.items()}
        alerts = [each for each, verdict in self._outbox.judged(found, ()) if verdict.is_alert]
        leads = Leads.read(self._company, self._keeper, run.members) if alerts else None
        notices = {}
        for each in alerts:
            assert leads is not None
            rule = each.rule
            content = {"measure": rule.measure, "threshold": rule.threshold, "when": rule.when}
            content |= {"as_of": monitored.until or None, "finding": words[each.subject].as_json()}
            notices[rule.name, each.subject] = self._notice(leads, rule, content)
        return self._outbox.take(found, notices, seen=0, marks=marks)

    def _found(self, rule: Rule, monitored: Monitored, /) -> list[Found]:
        """Return what goes on, and what does so no longer."""
        now = {_short(name) for name in monitored.found}
        before = {name for name, level in self._outbox.levels(rule.name).items() if level.is_beyond}
        return [Found(rule, name, float(name in now)) for name in sorted(now | before)]

    def _notice(self, leads: Leads, rule: Rule, content: dict[str, object], /) -> Notice:
        seen_by = sees(DATA, "", None, rule.measure)
        analysts = sorted(user for user, who in leads.principals.items() if who.role == "analyst")
        to = [(way, user) for user in analysts for way in self._ways(leads, rule, user, seen_by)]
        why = "no channel of the rule reaches an analyst" if analysts else "there is no analyst"
        return Notice(None, content, to, "" if to else why)


def _short(name: str, /) -> str:
    return name[:_MAX_NAME]
