"""The ways by which messages go, with the secrets of the environment: what is missing is named before anything runs."""

from __future__ import annotations

import os
from collections.abc import Mapping

from baton.alerts.settings import EMAIL, address_fault
from baton.company import Company, expand
from baton.errors import CompanyFileError
from serving.alerts.channel import Channel, Secret
from serving.alerts.emails import EmailChannel
from serving.alerts.signature import key_of
from serving.alerts.webhooks import WebhookChannel

__all__ = ["open_channels"]


def open_channels(company: Company, /) -> dict[str, Channel]:
    """Return the channels by name.

    Raises
    ------
    CompanyFileError
        If a variable is not set or holds no secret, or an address that the environment fills in is none.
    """
    found: dict[str, Channel] = {}
    for webhook in company.alerts.webhook:
        url = expand(webhook.url)
        fault = address_fault(url)
        if fault:
            raise CompanyFileError(f"alerts.webhook {webhook.name!r}: url {fault}")
        where = f"alerts.webhook {webhook.name!r}: secret"
        key = key_of(_value(webhook.secret, where), _variable(webhook.secret))
        found[webhook.name] = WebhookChannel(webhook.name, company, url, key)
    email = company.alerts.email
    if email is not None:
        password = None if email.password is None else Secret(_value(email.password, "alerts.email: password"))
        found[EMAIL] = EmailChannel(company, email, password)
    return found


def _variable(setting: str, /) -> str:
    """Return the name of the variable in ``${NAME}``."""
    return setting.removeprefix("${").removesuffix("}")


def _value(setting: str, where: str, environment: Mapping[str, str] = os.environ, /) -> str:
    found = environment.get(_variable(setting), "").strip()
    if not found:
        raise CompanyFileError(f"{where}: environment variable {_variable(setting)} is not set; alerts need it")
    return found
