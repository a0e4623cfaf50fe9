"""How webhooks are signed, and how a receiver checks it: the Standard Webhooks specification.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from baton.errors import CompanyFileError

__all__ = ["key_of", "signature"]

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes, as the specification has it


def key_of(secret: str, variable: str, /) -> bytes:
    """Return the key of a secret.

    Parameters
    ----------
    secret : str
        ``whsec_`` and base64.
    variable : str
        Where it was found, for the error: the secret itself is never shown.

    Raises
    ------
    CompanyFileError
        If it is none.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or not _SHORTEST <= len(key) <= _LONGEST:
        raise CompanyFileError(
            f"environment variable {variable} holds no secret of a webhook: {_PREFIX} and base64 of {_SHORTEST} to "
            f"{_LONGEST} bytes; `baton alerts secret` makes one"
        )
    return key


def signature(key: bytes, message: str, timestamp: int, body: bytes, /) -> str:
    """Return the value of ``webhook-signature``.

    Examples
    --------
    >>> key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    >>> signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    signed = b".".join((message.encode(), str(timestamp).encode(), body))
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"
