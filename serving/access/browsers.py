"""What browsers send and get besides other programs: the cookie of a session, and where to sign in."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from serving.page import ASKED_PATH
from serving.refusals import Scope, Send

__all__ = ["ASSETS", "HOME", "LOOK", "SESSION", "SIGN_IN", "Visit", "cookie_of", "local_path", "visit_of"]

SESSION = "baton_session"
"""Name of the cookie with the id of a session."""
HOME = "/pages/"
SIGN_IN = "/pages/sign-in"
LOOK = "/pages/look"
ASSETS = "/pages/assets/"
_OUTSIDE = ("/", "/report")  # pages that do not lie below HOME


@dataclass(frozen=True)
class Visit:
    """A browser's request for a page.

    Parameters
    ----------
    path : str
        That was asked for, with its query.
    session : str or None
        From the cookie.
    is_asset, is_open : bool
        Whether everybody may see it, whoever they are; what is open knows who asks, if it is known.
    """

    path: str
    session: str | None
    is_asset: bool = False
    is_open: bool = False

    async def send_to_sign_in(self, send: Send, /) -> None:
        """Answer that one must sign in first, and come back then."""
        await _send_to(send, f"{SIGN_IN}?next={quote(local_path(self.path), safe='/')}")

    async def send_on(self, send: Send, /) -> None:
        """Answer that there is nothing to see here, and where there is."""
        await _send_to(send, HOME)


def visit_of(scope: Scope, /) -> Visit | None:
    """Return a request for a page as that of a browser; None where a program asks, which says so by its token."""
    names = {name for name, _ in scope["headers"]}
    path = scope.get(ASKED_PATH, scope["path"])
    if b"authorization" in names or (path in _OUTSIDE and not _wants_page(scope)):
        return None
    query = scope.get("query_string", b"").decode("latin-1")
    # what was typed into a form when the session ended is shown again after the next sign-in, not lost on the way
    is_open = path in (SIGN_IN, LOOK) or (scope["method"] == "POST" and path not in _OUTSIDE)
    session = cookie_of(scope, SESSION)
    return Visit(f"{path}?{query}" if query else path, session, path.startswith(ASSETS), is_open)


def cookie_of(scope: Scope, name: str, /) -> str | None:
    """Return a cookie; None where there is none, or there are several that differ."""
    found = set()
    for header, value in scope["headers"]:
        if header == b"cookie":
            parts = (part.strip().partition("=") for part in value.decode("latin-1").split(";"))
            found |= {content for key, sign, content in parts if key == name and sign}
    return found.pop() if len(found) == 1 else None


def local_path(text: str, /) -> str:
    r"""Return where to go after signing in, if it is a page of ours; else the first page.

    Examples
    --------
    >>> local_path("/pages/team?team=T01"), local_path("/report"), local_path("/")
    ('/pages/team?team=T01', '/report', '/')
    >>> {local_path(text) for text in ("//evil.example", "https://evil.example", "/pages/\\evil", "/predict_churn")}
    {'/pages/'}
    """
    seen = all("!" <= character <= "~" for character in text) and "\\" not in text
    inside = text in _OUTSIDE or (text.startswith(HOME) and not text.startswith(SIGN_IN))
    return text if seen and inside else HOME


def _wants_page(scope: Scope, /) -> bool:
    """Whether a request is that of a browser for something to be looked at."""
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return b"text/html" in accepted


async def _send_to(send: Send, place: str, /) -> None:
    headers = [(b"location", place.encode("latin-1")), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
