"""The present moment, as the service's tables hold it."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["utc_now"]


def utc_now() -> datetime:
    """Return the present time, naive in UTC."""
    return datetime.now(UTC).replace(tzinfo=None)
