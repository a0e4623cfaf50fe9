"""From when on too few texts have a known cause for anything to be said of the most frequent one."""

from __future__ import annotations

__all__ = ["MAX_UNCLEAR"]

MAX_UNCLEAR = 0.5
"""Where more of all texts get no cause, none leads: it would be the one that is recognised most easily."""
