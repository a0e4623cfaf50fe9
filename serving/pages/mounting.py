"""Pages as one application, to be mounted in the service behind the gate and the door."""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from hmac import compare_digest
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from baton.errors import ArtefactError, BatonError, DeniedError, OutputError, UnknownIdError
from baton.messages.numbers import Language
from baton.wording.wording import say
from serving.access.browsers import ASSETS, HOME, LOOK, SESSION, SIGN_IN, cookie_of
from serving.access.principal import NOBODY, PRINCIPAL, Principal
from serving.bodies import Bodies, Refused, media_type
from serving.decisions.refused import DecisionRefused, RunLoading, RunNotReady
from serving.hosts import asked_host
from serving.page import ASKED_PATH
from serving.pages import sign_in
from serving.pages.asked import Asked, Go, Reply, Sent, Shown
from serving.pages.behind import PagesOf
from serving.pages.frame import HEADERS, asset, file_response, page_response
from serving.pages.table import PageEntry, entry_of, navigation
from serving.refusals import OURS, Receive, Scope, Send

if TYPE_CHECKING:
    from starlette.responses import Response

__all__ = ["Pages"]

_FORM_COOKIE = "baton_form"  # what forms are bound to where nobody has signed in
_OUT = "/pages/sign-out"
_MAX_BODY_BYTES = 256 * 1024
_MAX_FIELDS = 500
_MAX_AT_ONCE = 8
_KEY = "key"  # field of every form


class _Unfit(Exception):
    """A request that no page answers."""

    def __init__(self, code: int, why: Any, /) -> None:
        super().__init__(code)
        self.code = code
        self.why = why


class Pages:
    """ASGI application of everything below ``/pages``.

    Parameters
    ----------
    of : PagesOf
        What the pages stand on.
    """

    def __init__(self, of: PagesOf, /) -> None:
        self._of = of
        self._bodies = Bodies(_MAX_BODY_BYTES)
        self._limiter: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        path = scope.get(ASKED_PATH, scope["path"])
        if path.startswith(ASSETS):
            await _file(path.removeprefix(ASSETS))(scope, receive, send)
            return
        asked = _read(scope, path)
        try:
            if scope["method"] == "POST":
                asked, reply = await self._taken(scope, receive, asked)
            elif scope["method"] in ("GET", "HEAD"):
                reply = await self._shown(asked)
            else:
                raise _Unfit(405, say("pages_frame.not_so"))
        except _Unfit as unfit:
            reply = Shown("trouble", {"why": unfit.why}, unfit.code)
        except Refused as refused:
            if not refused.code:
                raise
            reply = Shown("trouble", {"why": refused.message}, refused.code)
        except RunLoading:
            # a form is not sent again by itself; what was asked for by its address is
            reply = Shown("loading", {"is_asked_again": scope["method"] == "GET"}, 503)
        except BatonError as error:
            reply = Shown("trouble", {"why": error.message}, _code(error))
        response = await self._response(asked, reply, scope)
        await response(scope, receive, send)

    async def _response(self, asked: Asked, reply: Reply, scope: Scope, /) -> Response:
        from starlette.responses import RedirectResponse

        if isinstance(reply, Go):
            response: Response = RedirectResponse(reply.place, 303, HEADERS)
        elif isinstance(reply, Sent):
            response = file_response(reply)
        else:
            response = await self._threaded(
                lambda: page_response(asked, reply, is_set_up=self._is_set_up(), named=self._of.named)
            )
        cookies = dict(reply.cookies)
        if asked.secret not in (cookie_of(scope, _FORM_COOKIE), cookie_of(scope, SESSION), cookies.get(SESSION)):
            cookies[_FORM_COOKIE] = asked.secret
        for name, value in cookies.items():
            kept = name in (sign_in.LANGUAGE, sign_in.THEME)
            response.set_cookie(
                name, value, max_age=0 if not value else 365 * 86400 if kept else None, path="/",
                secure=asked.is_secure, httponly=True, samesite="lax",
            )  # fmt: skip
        return response

    def _is_set_up(self) -> bool:
        try:
            return self._of.keeper.is_set_up
        except BatonError:
            return True

    async def _shown(self, asked: Asked, /) -> Reply:
        if asked.path == "/pages":
            return Go(HOME)
        if asked.path == HOME:
            return Go(_first_page(asked.who))
        if asked.path == LOOK:
            return sign_in.choose_look(asked, self._of)
        if asked.path == SIGN_IN:
            return await self._threaded(lambda: sign_in.show_sign_in(asked, self._of))
        entry = _entry(asked)
        return await self._threaded(lambda: entry.show(asked, self._of))

    async def _taken(self, scope: Scope, receive: Receive, asked: Asked, /) -> tuple[Asked, Reply]:
        """Take a form; where it cannot be taken, its page is shown again with all that was typed."""
        if _is_from_elsewhere(scope):
            raise _Unfit(403, say("pages_frame.elsewhere"))
        asked = replace(asked, form=await self._form(scope, receive))
        is_ours = compare_digest(asked.form.get(_KEY, "").encode(), asked.key.encode())
        if asked.path == SIGN_IN:
            return await self._signed_in(asked, is_ours=is_ours)
        if asked.who is NOBODY:
            return asked, self._kept_over_sign_in(asked)
        if asked.path == _OUT:
            if not is_ours:
                raise _Unfit(403, say("pages_frame.elsewhere"))
            session = cookie_of(scope, SESSION)
            return asked, await self._threaded(lambda: sign_in.sign_out(asked, self._of, session))
        entry = _entry(asked)
        take = entry.take
        if take is None:
            raise _Unfit(405, say("pages_frame.not_so"))
        if not is_ours:
            return await self._again(entry, replace(asked, trouble=say("pages_frame.send_again")), 409)
        try:
            return asked, await self._threaded(lambda: take(asked, self._of))
        except BatonError as error:
            return await self._again(entry, replace(asked, trouble=error.message), _code(error))

    async def _again(self, entry: PageEntry, asked: Asked, code: int, /) -> tuple[Asked, Reply]:
        reply = await self._threaded(lambda: entry.show(asked, self._of))
        return asked, replace(reply, code=code) if isinstance(reply, Shown) else reply

    async def _signed_in(self, asked: Asked, /, *, is_ours: bool) -> tuple[Asked, Reply]:
        if not is_ours:
            asked = replace(asked, trouble=say("pages_frame.send_again"))
            return asked, await self._threaded(lambda: sign_in.show_sign_in(asked, self._of))
        reply = await sign_in.take_sign_in(asked, self._of)
        begun = sign_in.signed_in_again(asked)
        if not isinstance(reply, Go) or SESSION not in reply.cookies or begun is None:
            return asked, reply
        session = reply.cookies[SESSION]
        who = await self._threaded(lambda: self._of.keeper.principal_of_session(session))
        again = replace(begun, who=who or NOBODY, secret=session)
        entry = entry_of(again.path)
        if entry is None or not entry.is_for(again.who):
            return asked, reply
        again, shown = await self._again(entry, again, 200)
        return again, replace(shown, cookies=reply.cookies)

    def _kept_over_sign_in(self, asked: Asked, /) -> Reply:
        kept = {name: value for name, value in asked.form.items() if name != _KEY}
        values = {"next": asked.place, "kept": urlencode(kept), "name": "", "ended": True}
        return Shown("sign_in", values, 401)

    async def _form(self, scope: Scope, receive: Receive, /) -> Mapping[str, str]:
        if media_type(scope) != "application/x-www-form-urlencoded":
            raise _Unfit(415, say("pages_frame.not_so"))
        content = await self._bodies.read(scope, receive)
        self._bodies.release(len(content))
        try:
            found = parse_qsl(content.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
        except ValueError:
            raise _Unfit(400, say("pages_frame.not_so")) from None
        return dict(found)

    async def _threaded(self, work: Callable[[], Any], /) -> Any:
        from anyio import CapacityLimiter, to_thread

        if self._limiter is None:
            self._limiter = CapacityLimiter(_MAX_AT_ONCE)
        found = await to_thread.run_sync(work, limiter=self._limiter)
        return await found if inspect.isawaitable(found) else found


def _first_page(who: Principal, /) -> str:
    """Return where somebody begins: with what their role is there for."""
    if who.role == "employee":
        return "/pages/mine"
    return next((each.path for each in navigation(who)), "/pages/mine")


def _entry(asked: Asked, /) -> PageEntry:
    found = entry_of(asked.path)
    if found is None or asked.who is NOBODY:
        raise _Unfit(404, say("pages_frame.nothing"))
    if not found.is_for(asked.who):
        raise _Unfit(403, say("pages_frame.not_for_role"))
    return found


def _read(scope: Scope, path: str, /) -> Asked:
    who: Principal = PRINCIPAL.get()
    query = scope.get("query_string", b"").decode("latin-1")
    theme = cookie_of(scope, sign_in.THEME)
    try:
        asked_for = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    except ValueError:
        asked_for = {}
    session = None if who is NOBODY or who.is_local else cookie_of(scope, SESSION)
    return Asked(
        who=who,
        path=path,
        query=asked_for,
        language=_language(scope),
        theme=theme if theme in ("light", "dark") else "",
        secret=session or cookie_of(scope, _FORM_COOKIE) or secrets.token_urlsafe(32),
        address=str((scope.get("client") or ("",))[0]),
        is_secure=scope.get("scheme") == "https",
    )


def _language(scope: Scope, /) -> Language:
    chosen = cookie_of(scope, sign_in.LANGUAGE)
    if chosen in ("en", "zh"):
        return "zh" if chosen == "zh" else "en"
    accepted = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1").strip().lower()
    return "zh" if accepted.startswith("zh") else "en"


def _is_from_elsewhere(scope: Scope, /) -> bool:
    """Whether a page that is not ours sends a form, as far as the browser says so."""
    headers = dict(scope["headers"])
    site = headers.get(b"sec-fetch-site")
    if site is not None and site not in (b"same-origin", b"none"):
        return True
    origin = headers.get(b"origin")
    if origin is None:
        return False
    _, _, host = origin.decode("latin-1").partition("://")
    return host.lower() != headers.get(b"host", b"").decode("latin-1").lower() or not asked_host(scope)


def _code(error: BatonError, /) -> int:
    if isinstance(error, DecisionRefused):
        return error.code
    if isinstance(error, RunNotReady | OutputError):
        return 503
    if isinstance(error, DeniedError):
        return 403
    return 404 if isinstance(error, ArtefactError | UnknownIdError) else 400


def _file(name: str, /) -> Response:
    from starlette.responses import Response

    found = asset(name)
    if found is None:
        return Response("", 404, {OURS.decode(): "1"})
    content, media_type = found
    # its address changes with it
    return Response(content, 200, {"cache-control": "public, max-age=31536000, immutable"}, media_type)
