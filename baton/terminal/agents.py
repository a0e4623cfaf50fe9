"""``baton mcp``: answer an agent that starts this command, over standard input and output."""

from __future__ import annotations

import os
import sys

from baton.terminal.options import DEFAULT_COMPANY, CompanyArgument, OutOption

__all__ = ["mcp"]


def mcp(company: CompanyArgument = DEFAULT_COMPANY, out: OutOption = None) -> None:
    """Answer an agent over standard input and output (Model Context Protocol), for the user of BATON_TOKEN."""
    from baton.catalogue.kpi_names import open_company
    from baton.files import DEFAULT_OUT, RunFolder
    from serving.agents.stdio import TOKEN_VARIABLE, serve_agent

    settings = open_company(company)
    folder = RunFolder(out if out is not None else settings.folder / DEFAULT_OUT)
    serve_agent(settings, folder, token=os.environ.get(TOKEN_VARIABLE), announce=_announce)


def _announce(sentence: str, /) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
