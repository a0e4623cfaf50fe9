"""``baton mcp``: answer an agent that starts this command, over standard input and output."""

from __future__ import annotations

import os
import sys

from baton.terminal.opening import opened
from baton.terminal.options import DEFAULT_COMPANY, CompanyArgument, OutOption

__all__ = ["mcp"]


def mcp(company: CompanyArgument = DEFAULT_COMPANY, out: OutOption = None) -> None:
    """Answer an agent over standard input and output (Model Context Protocol), for the user of BATON_TOKEN."""
    from serving.access.keeper import TOKEN_VARIABLE
    from serving.agents.stdio import serve_agent

    settings, folder = opened(company, out)
    serve_agent(settings, folder, token=os.environ.get(TOKEN_VARIABLE), announce=_announce)


def _announce(sentence: str, /) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
