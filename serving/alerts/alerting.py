"""Alerts as the service has them: one thread looks, one for each channel sends, and health says what waits."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from baton.company import Company
from baton.errors import BatonError
from serving.access.keeper import Keeper
from serving.access.principal import Principal
from serving.alerts.channel import Channel, Undelivered
from serving.alerts.channels import open_channels
from serving.alerts.data import DataWatch
from serving.alerts.deliveries import Backlog, Deliveries
from serving.alerts.measures import require_measures
from serving.alerts.outbox import Outbox
from serving.alerts.responsible import Leads, sees
from serving.alerts.watch import Watch
from serving.alerts.words import TEST
from serving.decisions.answers import written
from serving.events.store import EventStore
from serving.state.schema import Alert

if TYPE_CHECKING:
    from serving.answering.payloads_texts import ConversationRequest
    from serving.live.asking import Live
    from serving.loading import LoadedRun

__all__ = ["Alerting", "deliver_next"]

_LOG = logging.getLogger("baton.serving")
_EVERY_SECONDS = 2.0  # another process may have taken events, or left a message
_PRUNE_EVERY = 1800  # looks


@dataclass
class _Shared:
    """What threads share with the service; it keeps neither alive."""

    stop: threading.Event = field(default_factory=threading.Event)
    news: threading.Event = field(default_factory=threading.Event)
    backlog: Backlog = field(default_factory=Backlog)
    looked_at: datetime | None = None
    faults: dict[str, str] = field(default_factory=dict)


class Alerting:
    """The alerts of one company's service.

    Parameters
    ----------
    keeper : Keeper
        Has the state and the audit log.
    live : Live
        Answers as of now.
    run : callable
        Returns the loaded run, None while it is being loaded; raises if it cannot be.

    Raises
    ------
    CompanyFileError
        If a variable of the environment is missing, or a rule is about a KPI that there is not.
    """

    def __init__(self, company: Company, keeper: Keeper, live: Live, run: Callable[[], LoadedRun | None], /) -> None:
        self._company = company
        self._keeper = keeper
        self._live = live
        self._run = run
        self._shared = _Shared()
        self._looks = 0
        self.channels: Mapping[str, Channel] = open_channels(company) if self.is_asked_for else {}
        if self.is_asked_for:
            require_measures(company)

    @property
    def is_asked_for(self) -> bool:
        """Whether the company file has rules."""
        return bool(self._company.alerts.rule)

    @cached_property
    def outbox(self) -> Outbox:
        """What is to be sent; opened at first use."""
        return Outbox(self._keeper.audit, self._company.alerts)

    @cached_property
    def deliveries(self) -> Deliveries:
        """Whose turn it is to send what."""
        return Deliveries(self._keeper.audit, self._company.alerts)

    @cached_property
    def watch(self) -> Watch:
        """What looks."""
        events = EventStore(self._keeper.state, self._keeper.audit.append)
        return Watch(self._company, self._keeper, self.outbox, self._live, events)

    @cached_property
    def data(self) -> DataWatch:
        """What looks at what monitoring has found."""
        return DataWatch(self._company, self._keeper, self.outbox, self.watch.ways)

    def begin(self) -> None:
        """Begin to look and to send, in threads that end with this object."""
        if not self.is_asked_for:
            return
        shared, me = self._shared, weakref.ref(self)
        weakref.finalize(self, shared.stop.set)
        threading.Thread(target=_repeat, args=(shared, me, _look), name="baton-alerts", daemon=True).start()
        for name in self.channels:
            arguments = (shared, me, lambda alerting, name=name: _send(alerting, name))
            threading.Thread(target=_repeat, args=arguments, name=f"baton-alerts-{name}", daemon=True).start()

    def notice_events(self) -> None:
        """Look at once: events have come."""
        self._shared.news.set()

    def rest(self) -> None:
        """Wait again for news."""
        self._shared.news.clear()

    def notice_conversation(
        self, run: LoadedRun, request: ConversationRequest, answer: Mapping[str, Any], who: Principal, /
    ) -> None:
        """Look at a conversation that was assessed for a system; what people try out alerts nobody.

        Raises
        ------
        OutputError
            If an alert cannot be kept: then the answer must not leave, so that the sender comes again.
        """
        if self.is_asked_for and who.role == "service" and self._keeper.is_set_up:
            self.watch.conversation(run, request, answer, who.user)

    @property
    def state(self) -> dict[str, Any]:
        """What waits, as health shows it; empty where there are no rules."""
        if not self.is_asked_for:
            return {}
        found, faults = self._shared.backlog, sorted(set(self._shared.faults.values()))
        counts = {"waiting": found.waiting, "overdue": found.overdue, "undelivered": found.undelivered}
        waited = {"oldest_seconds": round(found.oldest_seconds), "looked_at": written(self._shared.looked_at)}
        return {**counts, **waited, **({"faults": faults} if faults else {})}

    def look(self) -> int:
        """Look once, and count what waits; return how many alerts there are."""
        run = self._run()
        if run is None or not self._keeper.is_set_up:
            return 0
        try:
            found = self.watch.look(run) + self.data.look(run)
            self._shared.looked_at = self.outbox.now()
            return found
        finally:
            self._shared.backlog = self.deliveries.backlog()
            if self._looks % _PRUNE_EVERY == 0:
                self.deliveries.prune()
            self._looks += 1

    def send(self, channel: str, /) -> bool:
        """Send the next message of a channel; return whether there was one."""
        run = self._run()
        if run is None or not self._keeper.is_set_up or not self.deliveries.is_due(channel):
            return False
        leads = Leads.read(self._company, self._keeper, run.members)
        return deliver_next(self.deliveries, self.channels[channel], lambda user, alert: _may(leads, user, alert))


def deliver_next(deliveries: Deliveries, channel: Channel, may: Callable[[str, Alert], bool], /) -> bool:
    """Claim the next message of a channel, send it, and note what became of it; return whether there was one.

    Whoever is ended in between leaves it to be sent again, under the same id, when the lease is over.
    """
    claimed = deliveries.claim(channel.name, may)
    if claimed is None or not claimed.alerts:
        return claimed is not None
    try:
        channel.send(claimed)
    except Undelivered as error:
        _LOG.warning("alert %s by %s: %s", claimed.id, channel.name, error)
        if deliveries.failed(claimed, str(error), wait=error.wait, is_final=error.is_final):
            _LOG.error("alert %s by %s was given up; `baton alerts list` shows it", claimed.id, channel.name)
    except Exception as error:
        deliveries.failed(claimed, f"a defect: {type(error).__name__}; the service's log says more")
        raise
    else:
        deliveries.delivered(claimed)
    return True


def _may(leads: Leads, user: str, alert: Alert, /) -> bool:
    if alert.about == TEST:
        return True
    measure = str(alert.content.get("measure"))
    return leads.may_still(user, sees(alert.about, alert.subject, alert.team_id, measure))


def _repeat(shared: _Shared, reference: weakref.ref[Alerting], work: Callable[[Alerting], bool], /) -> None:
    """Work until the service is gone: at once again where there was something to do, else a little later."""
    me = threading.current_thread().name
    while not shared.stop.is_set():
        alerting = reference()
        if alerting is None:
            return
        has_more, fault = _tried(alerting, work)
        del alerting
        if fault and fault != shared.faults.get(me):
            _LOG.error("alerts: %s", fault)
        if fault:
            shared.faults[me] = fault
        else:
            shared.faults.pop(me, None)
        if not has_more:
            shared.news.wait(_EVERY_SECONDS)


def _tried(alerting: Alerting, work: Callable[[Alerting], bool], /) -> tuple[bool, str]:
    """Return whether there is more to do, and what went wrong."""
    try:
        return work(alerting), ""
    except BatonError as error:
        return False, str(error)
    except Exception as error:
        _LOG.exception("a defect in alerts")
        return False, f"a defect in alerts ({type(error).__name__}); the service's log says more"


def _look(alerting: Alerting, /) -> bool:
    alerting.rest()
    alerting.look()
    return False


def _send(alerting: Alerting, channel: str, /) -> bool:
    return alerting.send(channel)
