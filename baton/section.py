"""What every section of the company file has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Section"]


class Section(BaseModel):
    """A section of the company file: it does not change, and knows all its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")
