"""Archives that only the holder of a secret key can open: files as `age` writes them, for its X25519 keys.

The server knows public keys only, so whoever takes the server, or a copy, cannot read any backup. `pyrage` does the
work; the tool `age` opens the same files without this program.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from pyrage import DecryptError, EncryptError, IdentityError, RecipientError, decrypt_io, encrypt_io, x25519

from backoffice.observability.backup.errors import BackupError

MAGIC = b"age-encryption.org/"


def check(recipients: Sequence[str]) -> None:
    """Raises BackupError when one of them is no public key: mistyped, cut off, or a secret one."""
    _public(recipients)


def new_key(path: Path) -> str:
    """Write a new secret key into a new file for its owner alone; returns the public key. Raises BackupError."""
    identity = x25519.Identity.generate()
    public = str(identity.to_public())
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise BackupError(f"{path} is there already, and may be the only key of some backup.") from error
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"# public key: {public}\n{identity}\n")
    return public


def is_encrypted(path: Path) -> bool:
    """Whether a file is one of these, by how it begins."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def encrypt(source: Path, target: BinaryIO, recipients: Sequence[str]) -> None:
    """Write the file into the open target so that each of the recipients can read it. Raises BackupError."""
    keys = _public(recipients)
    with source.open("rb") as plain:
        try:
            encrypt_io(plain, target, keys)
        except EncryptError as error:
            raise BackupError(f"The archive could not be encrypted: {error}") from error


def decrypt(source: Path, target: Path, identity: Path | None) -> None:
    """Write what is in the source into the target. Raises BackupError, also when only its end is missing."""
    if identity is None:
        raise BackupError(f"{source} is encrypted. Name the file with its secret key: --identity FILE.")
    keys = _secret(identity)
    with source.open("rb") as locked, target.open("wb") as plain:
        try:
            decrypt_io(locked, plain, keys)
        except DecryptError as error:
            if "matching" in str(error).lower():
                raise BackupError(f"{source} was encrypted for another key than the one in {identity}.") from error
            raise BackupError(f"{source} cannot be decrypted: {error}.") from error
        except OSError as error:
            if error.errno is not None:  # a disk, and not what stands in the file
                raise
            raise BackupError(f"{source} cannot be decrypted: it is damaged or not whole.") from error


def _public(recipients: Sequence[str]) -> list[x25519.Recipient]:
    try:
        return [x25519.Recipient.from_str(one) for one in recipients]
    except RecipientError as error:
        # Not what was given: it may be a secret key.
        raise BackupError("A public key of age is 62 signs that begin with age1; this one is mistyped.") from error


def _secret(path: Path) -> list[x25519.Identity]:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        found = [x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.") from error
    except (IdentityError, UnicodeDecodeError):
        found = []
    if not found:
        raise BackupError(f"{path} holds no secret key of age: a line that begins with AGE-SECRET-KEY-1.")
    return found
