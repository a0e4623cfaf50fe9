"""What every page of Baton is: one HTML document that loads nothing and runs nothing but its own script."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pipelines.report.data.wording import Bilingual, Language

__all__ = ["document"]

_TEMPLATES = Path(__file__).parent / "templates"


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
    return environment.get_template(template).render(
        languages=languages,
        company=company,
        title=title,
        titles=json.dumps({language: str(title.of(language).unescape()) for language in languages}, ensure_ascii=False),
        style=style,
        script=script,
        policy=_policy(style, script),
        **content,
    )


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
