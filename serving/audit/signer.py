"""The key that signs the audit log, and its public half, with which anybody can check it."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path
from typing import TYPE_CHECKING

from baton.errors import OutputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = ["PRIVATE", "PUBLIC", "Signer", "fingerprint", "open_signer", "private_key", "public_key", "verifies"]

PRIVATE, PUBLIC = "audit.key", "audit.pub"


class Signer:
    """Signs digests, and makes of a person's pseudonym what their key is looked up by.

    Parameters
    ----------
    key : Ed25519PrivateKey
        Read from ``audit.key``; it never leaves this object.
    """

    def __init__(self, key: Ed25519PrivateKey, /) -> None:
        self._key = key
        # of its own purpose, so that no signature and no look-up says anything about the other
        self._lookup = hashlib.sha256(b"baton audit persons" + key.private_bytes_raw()).digest()

    @property
    def public(self) -> Ed25519PublicKey:
        """The public half."""
        return self._key.public_key()

    def sign(self, digest: str, /) -> str:
        """Return the Ed25519 signature over a digest, both in hexadecimal."""
        return self._key.sign(bytes.fromhex(digest)).hex()

    def lookup(self, person: str, /) -> str:
        """Return what stands in the database for a pseudonym: nobody without the key can find it for a known one."""
        return hmac.new(self._lookup, person.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()


def verifies(public: Ed25519PublicKey, digest: object, signature: object, /) -> bool:
    """Whether a signature is that of a digest; whatever is no hexadecimal text is not."""
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(bytes.fromhex(str(signature)), bytes.fromhex(str(digest)))
    except (InvalidSignature, ValueError):
        return False
    return True


def fingerprint(public: Ed25519PublicKey, /) -> str:
    """Return what people compare to know that two public keys are the same: SHA-256, its first 32 digits."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:32]


def open_signer(folder: Path, /, *, newest: tuple[str, str] | None) -> Signer:
    """Return the signer of a folder, its key made where the log is still empty.

    Parameters
    ----------
    folder : Path
        Where ``audit.key`` and ``audit.pub`` lie.
    newest : (digest, signature), optional
        Of the log's newest row; None while the log is empty.

    Raises
    ------
    OutputError
        If the key is gone or is another than the one that signed the log, or cannot be read or made.
    """
    path = folder / PRIVATE
    if not path.exists():
        if newest is not None:
            raise OutputError(
                f"{path} is gone, and the audit log has rows that it signed; put it back from a backup. Nothing is "
                "decided until then, and no new key is made, since nobody could tell it from a forger's"
            )
        return Signer(_make(folder))
    signer = Signer(private_key(path))
    if newest is not None and not verifies(signer.public, *newest):
        raise OutputError(
            f"{path} is not the key that signed the newest row of the audit log, or that row was changed; see "
            "baton audit verify, and put the key back from a backup"
        )
    _publish(folder, signer)
    return signer


def public_key(path: Path, /) -> Ed25519PublicKey:
    """Read a public key.

    Raises
    ------
    OutputError
        If there is none, or something else.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        found = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise OutputError(f"{path}: the public key cannot be read ({error.strerror or error})") from error
    except ValueError:
        found = None
    if not isinstance(found, Ed25519PublicKey):
        raise OutputError(f"{path}: no public key of an audit log (Ed25519, PEM)")
    return found


def private_key(path: Path, /) -> Ed25519PrivateKey:
    """Read a private key.

    Raises
    ------
    OutputError
        If it cannot be read, or is something else.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise OutputError(f"{path}: the audit log's key cannot be read ({error.strerror or error})") from error
    except (ValueError, TypeError):
        found = None
    if not isinstance(found, Ed25519PrivateKey):
        raise OutputError(f"{path}: no key of an audit log (Ed25519, PEM); put it back from a backup")
    return found


def _make(folder: Path, /) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    path = folder / PRIVATE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            file.flush()
            os.fsync(file.fileno())
        (folder / PUBLIC).unlink(missing_ok=True)  # of a log that was never begun
        _publish(folder, Signer(key))
    except OSError as error:
        raise OutputError(f"{path}: the audit log's key cannot be made ({error.strerror or error})") from error
    return key


def _publish(folder: Path, signer: Signer, /) -> None:
    """Write the public half where there is none; one that is another's is left for ``verify`` to report."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    path = folder / PUBLIC
    if not path.exists():
        path.write_bytes(signer.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
