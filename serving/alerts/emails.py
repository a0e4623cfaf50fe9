"""E-mail by the company's own server: plain text, one message to one user."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING

from baton.alerts.settings import EMAIL, Email
from baton.company import Company
from serving.alerts.channel import Undelivered
from serving.alerts.words import Sendable, subject_of, text_of
from serving.state.clock import utc_now

if TYPE_CHECKING:
    from datetime import datetime

    from serving.alerts.channel import Secret

__all__ = ["EmailChannel"]

_SECONDS = 10.0  # from one answer of the server to the next


@dataclass(frozen=True)
class EmailChannel:
    """The company's mail server.

    Parameters
    ----------
    password : Secret or None
        Of ``email.user``.
    context : callable
        Returns what certificates are checked by.
    """

    company: Company = field(repr=False)
    email: Email = field(repr=False)
    password: Secret | None = field(repr=False, default=None)
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context
    now: Callable[[], datetime] = utc_now
    name: str = EMAIL

    def send(self, message: Sendable, /) -> None:
        """Deliver a message.

        Raises
        ------
        Undelivered
            If the user has no address, or the server does not take it.
        """
        address = self.email.addresses.get(message.recipient)
        if address is None:
            raise Undelivered(f"[alerts.email] addresses has none of {message.recipient!r}", is_final=True)
        written = self._written(message, address)
        try:
            with self._connected() as server:
                if self.password is not None:
                    server.login(self.email.user, self.password.value)
                server.send_message(written, self.email.sender, [address])
        except smtplib.SMTPResponseException as error:  # its text may name the user
            raise Undelivered(f"the mail server answered {error.smtp_code}") from None
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()), (0, b""))[0]
            raise Undelivered(f"the mail server refuses the recipient ({code})") from None
        except (smtplib.SMTPException, OSError) as error:
            raise Undelivered(f"the mail server cannot be used ({type(error).__name__})") from None

    def _connected(self) -> smtplib.SMTP:
        email = self.email
        if email.security == "tls":
            return smtplib.SMTP_SSL(email.host, email.port, timeout=_SECONDS, context=self.context())
        server = smtplib.SMTP(email.host, email.port, timeout=_SECONDS)
        if email.security == "starttls":
            try:
                server.starttls(context=self.context())
            except BaseException:
                server.close()
                raise
        return server

    def _written(self, message: Sendable, address: str, /) -> EmailMessage:
        written = EmailMessage()
        written["Subject"] = subject_of(self.company, message)
        written["From"] = self.email.sender
        written["To"] = address
        written["Date"] = format_datetime(self.now())
        # the same at every attempt, so that a mailbox may know a duplicate
        domain = parseaddr(self.email.sender)[1].rpartition("@")[2]
        written["Message-ID"] = f"<{message.id}@{domain}>"
        written["Auto-Submitted"] = "auto-generated"
        written.set_content(text_of(self.company, message))
        return written
