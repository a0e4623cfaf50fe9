"""What every page of Baton is: one HTML document that loads nothing and runs nothing but its own script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from baton.wording.wording import Bilingual, Language

__all__ = ["document", "with_code"]

_TEMPLATES = Path(__file__).parent / "templates"
_NOT_PROSE = re.compile(r"(<(?:script|style|svg|title)\b.*?</(?:script|style|svg|title)>|<[^>]*>)", re.DOTALL)
_NAMED = re.compile(r"`([^`<>\n]{1,80})`")


def document(
    template: str,
    /,
    *,
    company: str,
    languages: Sequence[Language],
    title: Bilingual,
    beside: Sequence[Path] = (),
    **content: Any,
) -> str:
    """Return a page.

    Parameters
    ----------
    template : str
        Its file, among those of the report or in a folder of ``beside``.
    company : str
        Whose page it is.
    **content
        What the template shows besides.

    Returns
    -------
    str
        A whole HTML document. Everything that comes from data is escaped; style and script are allowed by their hashes
        alone, and nothing else may load or run.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([*beside, _TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = (_asset(name) for name in ("report.css", "report.js"))
    page = environment.get_template(template).render(
        languages=languages,
        company=company,
        title=title,
        titles=json.dumps({language: str(title.of(language).unescape()) for language in languages}, ensure_ascii=False),
        style=style,
        script=script,
        policy=_policy(style, script),
        **content,
    )
    return with_code(page)


def with_code(page: str, /) -> str:
    """Set what sentences name between backticks (a table, a line of the company file) as code.

    Sentences serve the terminal too, where backticks are how names are set off. Tags and their attributes, style,
    script and pictures stay as they are.

    Examples
    --------
    >>> with_code('<p title="`a`">needs the table `cases`</p>')
    '<p title="`a`">needs the table <code>cases</code></p>'
    """
    parts = _NOT_PROSE.split(page)
    parts[::2] = [_NAMED.sub(r"<code>\1</code>", part) for part in parts[::2]]
    return "".join(parts)


def _asset(name: str, /) -> Markup:
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))


def _policy(style: str, script: str, /) -> str:
    """Return a policy under which a page's own style and script run, and nothing else."""

    def fingerprint(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; style-src 'sha256-{fingerprint(style)}'; script-src 'sha256-{fingerprint(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
