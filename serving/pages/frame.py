"""The frame of every page: templates, words in the reader's language, navigation, and headers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from baton.messages.message import Message, render
from baton.messages.numbers import Language
from baton.wording.leaving import likely
from baton.wording.wording import Bilingual, number, say
from serving.access.rules import may_at_all
from serving.pages.asked import Asked, Sent, Shown
from serving.pages.cards import digits_of_points, verdict_words
from serving.pages.finding.terms import terms_of
from serving.pages.table import navigation
from serving.refusals import OURS

if TYPE_CHECKING:
    from jinja2 import Environment
    from starlette.responses import Response

__all__ = ["HEADERS", "asset", "file_response", "page_response"]

_FOLDER = Path(__file__).parent
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    # browsers that are not to say where a form comes from say `Origin: null`, and it could not be looked at
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def page_response(
    asked: Asked, shown: Shown, /, *, is_set_up: bool, named: Callable[[str | None], str] = str
) -> Response:
    """Return a page as it goes to the browser.

    Parameters
    ----------
    named : callable
        Returns what people call a team, by its id.
    """
    from starlette.responses import HTMLResponse

    language = asked.language
    values = {
        **shown.values,
        "asked": asked,
        "trouble": shown.trouble or asked.trouble,
        "language": language,
        "theme": asked.theme,
        "say": lambda key, **blanks: say(key, **blanks).of(language),
        "tell": lambda text: in_words(text, language),
        "number": lambda value, digits=0: number(value, digits).of(language),
        "points": lambda value: number(value, digits_of_points(value)).of(language),
        "verdict": lambda verdict: verdict_words(verdict).of(language),
        "chance": lambda share: likely(share).of(language),
        "named": named,
        "pages": navigation(asked.who),
        "page_terms": terms_of(asked.path) if shown.code < 400 else [],
        "has_report": may_at_all(asked.who, "report"),
        "is_set_up": is_set_up,
        "assets": {name: f"/pages/assets/{name}?{digest}" for name, (_, _, digest) in _assets().items()},
    }
    text = _environment().get_template(f"{shown.template}.html.jinja").render(values)
    headers = {**HEADERS, "content-language": language, "vary": "accept-language, cookie"}
    if shown.code >= 400:
        headers[OURS.decode()] = "1"
    if shown.code == 429:
        headers["retry-after"] = str(shown.wait_seconds)
    return HTMLResponse(text, shown.code, headers)


def file_response(sent: Sent, /) -> Response:
    """Return a file as it goes to the browser, which is to save it and to keep no other copy."""
    from starlette.responses import Response

    headers = {
        **HEADERS,
        "content-disposition": f'attachment; filename="{sent.name}"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(sent.content, 200, headers, sent.media_type)


def in_words(text: Any, language: Language, /) -> Markup:
    """Return a text of the results, a message or a word of ours in one language; data stay as they are."""
    if isinstance(text, Bilingual):
        return text.of(language)
    if isinstance(text, Message):
        return escape(render(text, language))
    if isinstance(text, Mapping):
        return escape(text.get(language) or text.get("en") or "")
    return escape("" if text is None else text)


def asset(name: str, /) -> tuple[bytes, str] | None:
    """Return a file that pages need, and its media type."""
    found = _assets().get(name)
    return None if found is None else found[:2]


@cache
def _assets() -> dict[str, tuple[bytes, str, str]]:
    found = {}
    for path in sorted((_FOLDER / "assets").iterdir()):
        if path.suffix in _TYPES:
            content = path.read_bytes()
            found[path.name] = (content, _TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:12])
    return found


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["capital"] = _with_capital
    return made


def _with_capital(text: Markup, /) -> Markup:
    """Return a word as it stands at the head of a page or on a button."""
    return text[:1].upper() + text[1:]
