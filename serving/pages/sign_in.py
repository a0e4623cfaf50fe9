"""Signing in and out, and how pages look: language and theme."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from baton.wording.wording import Bilingual, say
from serving.access.browsers import HOME, SESSION, local_path
from serving.access.sign_ins import NotSignedIn, end_session
from serving.pages.asked import Asked, Go, Reply, Shown
from serving.pages.behind import PagesOf

__all__ = [
    "KEPT",
    "LANGUAGE",
    "NEXT",
    "THEME",
    "choose_look",
    "show_sign_in",
    "sign_out",
    "signed_in_again",
    "take_sign_in",
]

LANGUAGE, THEME = "baton_language", "baton_theme"
NEXT, KEPT = "next", "kept"
_MAX_KEPT = 60_000


def show_sign_in(asked: Asked, of: PagesOf, /) -> Reply:
    """Show the form; whoever needs none is sent to the pages."""
    place = local_path(asked.form.get(NEXT, asked.query.get(NEXT, "")))
    if not of.keeper.is_set_up:
        return Go(place)
    values = {"next": place, "kept": asked.typed(KEPT), "name": asked.typed("name")}
    return Shown("sign_in", values, 400 if asked.trouble is not None else 200)


async def take_sign_in(asked: Asked, of: PagesOf, /) -> Reply:
    """Let somebody in, or say that name and password do not belong together."""
    name, password = asked.form.get("name", ""), asked.form.get("password", "")
    try:
        session_id = await of.sign_ins.begin(name, password, asked.address)
    except NotSignedIn as refused:
        shown = show_sign_in(asked, of)
        codes = {"wrong": 401, "often": 429, "busy": 503}
        if not isinstance(shown, Shown):
            return shown
        return replace(shown, code=codes[refused.why], trouble=_why(refused), wait_seconds=max(1, refused.wait))
    return Go(local_path(asked.form.get(NEXT, "")), {SESSION: session_id})


def signed_in_again(asked: Asked, /) -> Asked | None:
    """Return the form that was on its way when a session ended, as it was typed; None where there was none."""
    kept = asked.form.get(KEPT, "")
    if not kept or len(kept) > _MAX_KEPT:
        return None
    place = urlsplit(local_path(asked.form.get(NEXT, "")))
    return replace(
        asked,
        path=place.path,
        query=dict(parse_qsl(place.query)),
        form=dict(parse_qsl(kept, keep_blank_values=True)),
        trouble=say("pages_sign_in.again"),
    )


def sign_out(asked: Asked, of: PagesOf, session_id: str | None, /) -> Reply:
    """End the session of this browser."""
    if session_id is not None and of.keeper.is_set_up:
        end_session(of.keeper, session_id)
    return Go("/pages/sign-in", {SESSION: ""})


def choose_look(asked: Asked, of: PagesOf, /) -> Reply:
    """Keep a language or a theme, and go back."""
    chosen = {}
    if asked.query.get("language") in ("en", "zh"):
        chosen[LANGUAGE] = asked.query["language"]
    if asked.query.get("theme") in ("light", "dark"):
        chosen[THEME] = asked.query["theme"]
    back = asked.query.get(NEXT, "")
    return Go(back if back == "/pages/sign-in" else local_path(back or HOME), chosen)


def _why(refused: NotSignedIn, /) -> Bilingual:
    if refused.why == "wrong":
        return say("pages_sign_in.wrong")
    if refused.why == "often":
        return say("pages_sign_in.often", n=max(1, -(-refused.wait // 60)))
    return say("pages_sign_in.busy")
