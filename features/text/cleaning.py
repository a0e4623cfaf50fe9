"""Takes off what is not the customer's own message, and gives each character one form, Traditional ones Simplified."""

from __future__ import annotations

import html
import re

from baton.characters import normalise

__all__ = ["clean"]

_MARKUP = re.compile(
    r"<(?:/?(?:p|br|div|span|html|body|table|td|tr|a|b|i|li|ul|font|strong|em|h\d)\b[^<>]{0,500}|!--)", re.I
)
_WIDE_BRACKET = "＜"  # what passed through an input method or a converter may have its markup in full width too
# controls other than tab and line ends, zero-width marks, bidirectional overrides, the byte-order mark
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffd]")
_QUOTED = re.compile(r"^\s*(?:>|｜|\|\s?>)")
# from one of these lines on, the rest is somebody's earlier message
_EARLIER = re.compile(
    r"^\s*(?:-{2,}\s*(?:original message|forwarded message|原始邮件|转[发寄]邮件|回[复覆]邮件)\s*-{0,}|_{10,}"
    r"|on\b.{4,120}\bwrote:|(?:[在于]|.{2,60} 于 ).{2,60}写道[：:]"
    r"|(?:from|发件人|寄件[者人])\s*[：:].{0,200})\s*$",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"^\s*(?:--|__|sent from my .{1,40}|get outlook for .{1,20}|(?:best|kind|warm)?\s*regards\b.{0,20}"
    r"|yours (?:sincerely|faithfully|truly)\b.{0,5}|sincerely\b.{0,5}|发自我的.{1,20}"
    r"|从我的.{1,20}(?:传送|发送|寄出)|此致.{0,4}|敬礼[！!]?)"
    r"\s*[,，.]?\s*$",
    re.IGNORECASE,
)
_SPACES = re.compile(r"[ \t\u00a0\u3000]+")
_LINES = re.compile(r"\n{3,}")
_LONGEST_SIGNATURE = 8


def clean(text: str, /) -> str:
    r"""Return what the customer wrote, as plain text.

    Where everything would go (a message that is one quotation), everything is kept.

    Examples
    --------
    >>> clean("<p>The router is <b>dead</b>.</p>")
    'The router is dead.'
    >>> clean("Still no refund!\n\nBest regards,\nAnn\n\nOn Monday you wrote:\n> We will pay.")
    'Still no refund!'
    """
    plain = _plain(text)
    own = _own_lines(plain.split("\n"))
    return _tidy("\n".join(own)) or _tidy(plain)


def _plain(text: str, /) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _WIDE_BRACKET in text and _MARKUP.search(folded := normalise(text)):
        text = folded
    if _MARKUP.search(text):
        from selectolax.lexbor import LexborHTMLParser

        tree = LexborHTMLParser(re.sub(r"(?i)<br\s*/?>|</p>|</div>|</li>|</tr>", "\n", text))
        tree.strip_tags(["script", "style", "head", "blockquote"])
        text = tree.text(separator="") if tree.root is not None else text
    text = html.unescape(text) if "&" in text else text
    return normalise(_CONTROLS.sub("", text))


def _own_lines(lines: list[str], /) -> list[str]:
    own: list[str] = []
    begun = False
    for line in lines:
        if begun and _EARLIER.match(line[:400]):
            break
        if not _QUOTED.match(line):
            own.append(line)
            begun = begun or bool(line.strip())
    first = next((place for place, line in enumerate(own) if line.strip()), len(own))
    filled = [place for place, line in enumerate(own) if line.strip()][-_LONGEST_SIGNATURE:]
    for place in filled:
        if place > first and _SIGNATURE.match(own[place][:120]):
            return own[:place]
    return own


def _tidy(text: str, /) -> str:
    lines = [_SPACES.sub(" ", line).strip() for line in text.split("\n")]
    return _LINES.sub("\n\n", "\n".join(lines)).strip()
