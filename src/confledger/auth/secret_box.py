"""Keeps app keys encrypted at rest.

A signature can be checked only with the app key itself, so a hash won't do. The
secret key stays in a file apart from the store: a copy of the store alone gives
no app key away.
"""

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from confledger.errors import SettingError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class SecretBox:
    """Seals and opens short secrets with AES-256-GCM.

    Args:
        key: 32 random bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.key_id = hashlib.sha256(b"confledger secret key id" + key).hexdigest()[:16]
        """Tells one secret key from another without giving it away."""

    def seal(self, secret: str, *, owner: str) -> bytes:
        """Encrypt a secret for an owner: it can't be opened for any other."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher().encrypt(nonce, secret.encode(), owner.encode())

    def open(self, sealed: bytes, *, owner: str) -> str:
        """Decrypt what `seal` gave for the same owner.

        Raises:
            SettingError: it was sealed with another secret key, or for somebody else.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as in `_cipher`

        nonce, encrypted = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher().decrypt(nonce, encrypted, owner.encode()).decode()
        except InvalidTag as error:
            raise SettingError(
                f"the key of the app {owner} does not open with the secret key"
            ) from error

    def _cipher(self) -> "AESGCM":
        # Large, and needed only when an app is made or logs in.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        return AESGCM(self._key)


def load_secret_box(path: Path, *, make: bool) -> SecretBox:
    """The box of the secret key in a file.

    Args:
        path: the file: 64 hexadecimal digits.
        make: whether a file that is not there is made (mode 0600).

    Raises:
        SettingError: the file can't be read or made, or does not hold a secret key.
    """
    try:
        if make and not path.exists():
            _make(path)
        key_hex = path.read_text("ascii", errors="replace").strip()
    except OSError as error:
        raise SettingError(
            f"the secret key file {path} can't be used: {error.strerror}; it is made with its"
            " store, and the app keys of the store open with no other"
        ) from error
    try:
        key = bytes.fromhex(key_hex)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise SettingError(
            f"the secret key file {path} must hold {_KEY_BYTES * 2} hexadecimal digits"
        )
    return SecretBox(key)


def _make(path: Path) -> None:
    # Written aside and linked into place: of two processes that start at once
    # one wins, and no one ever reads half a key.
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(aside, path)
    finally:
        aside.unlink()
