"""A process that sends what waits by a webhook, and prints the id before it notes that it was sent; others end it."""

from __future__ import annotations

import sys
from datetime import timedelta

from baton.alerts.settings import Alerts
from baton.company import load_company
from serving.alerts.alerting import deliver_next
from serving.alerts.channels import WebhookChannel
from serving.alerts.deliveries import Deliveries
from serving.alerts.signature import key_of
from serving.audit.log import AuditLog
from serving.state.store import open_state
from tests.serving.alerts.office import START, everybody


class Noisy(Deliveries):
    """Prints before it notes."""

    def delivered(self, claimed: object, /) -> None:
        sys.stdout.write("sent\n")
        sys.stdout.flush()
        super().delivered(claimed)  # type: ignore[arg-type]


def main(folder: str, url: str, secret: str, seconds: str) -> None:
    """Send until nothing is left."""
    company = load_company(folder)
    deliveries = Noisy(AuditLog(open_state(company)), Alerts(), now=lambda: START + timedelta(seconds=int(seconds)))
    channel = WebhookChannel("desk", company, url, key_of(secret, "DESK"))
    while deliver_next(deliveries, channel, everybody):
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
