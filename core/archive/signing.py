"""Signatures of manifests: Ed25519, with keys in a folder."""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from blake3 import blake3
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from core.errors import BadSignature, SettingError

ALGORITHM: Final = "Ed25519"
_PRIVATE: Final = "signing.pem"
_PUBLIC: Final = "public"


@dataclass(frozen=True, kw_only=True)
class Signature:
    key_id: str  # first 16 hexadecimal digits of the blake3 of the raw public key
    value: bytes


class Keyring:
    """A folder with the private key that signs now (`signing.pem`) and every public key that verifies
    (`public/<key id>.pem`). Whoever can write to the folder decides what is believed: keep it off the storages."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self) -> str:
        """Make a key if there is none; returns the id of the key that signs."""
        if not (self._folder / _PRIVATE).exists():
            self._make_key(replace=False)
        return self.key_id()

    def rotate(self) -> str:
        """Make a new key that signs from now on; the old one's private half goes, its public half still verifies."""
        return self._make_key(replace=True)

    def key_id(self) -> str:
        """Of the key that signs. Raises SettingError where there is none."""
        return _key_id(self._private().public_key())

    def sign(self, data: bytes) -> Signature:
        private = self._private()
        return Signature(key_id=_key_id(private.public_key()), value=private.sign(data))

    def verify(self, data: bytes, signature: Signature) -> None:
        """Raises BadSignature, which names the key."""
        try:
            self._public(signature.key_id).verify(signature.value, data)
        except InvalidSignature as error:
            raise BadSignature(
                f"The signature by key {signature.key_id} does not hold: what it signs was changed.",
                hint="Choose another backup, or bring the object back from a copy of the storage.",
            ) from error

    def _private(self) -> Ed25519PrivateKey:
        path = self._folder / _PRIVATE
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise SettingError(
                f"The signing key {path} cannot be read ({error}); nothing was signed.",
                hint="Bring it back from your copy of the keys, or make a new one; the public keys still verify.",
            ) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise SettingError(
                f"The signing key {path} is not an {ALGORITHM} key; nothing was signed.", hint="Make a new one."
            )
        return key

    def _public(self, key_id: str) -> Ed25519PublicKey:
        unknown = BadSignature(
            f"It is signed by key {key_id}, which is not among the known keys in {self._folder / _PUBLIC}.",
            hint="If another installation of yours made the backup, put its public key there.",
        )
        if len(key_id) != 16 or not set(key_id) <= set("0123456789abcdef"):
            raise unknown
        try:
            key = load_pem_public_key((self._folder / _PUBLIC / f"{key_id}.pem").read_bytes())
        except (OSError, ValueError, UnsupportedAlgorithm) as error:
            raise unknown from error
        if not isinstance(key, Ed25519PublicKey) or _key_id(key) != key_id:
            raise unknown
        return key

    def _make_key(self, *, replace: bool) -> str:
        public_folder = self._folder / _PUBLIC
        public_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        private = Ed25519PrivateKey.generate()
        key_id = _key_id(private.public_key())
        # The public half first: nothing is ever signed by a key that cannot be verified.
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        _write(public_folder / f"{key_id}.pem", public, replace=False)
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            _write(self._folder / _PRIVATE, pem, replace=replace)
        except FileExistsError:  # another process made the first key at the same time
            (public_folder / f"{key_id}.pem").unlink()
            return self.key_id()
        return key_id


def _key_id(key: Ed25519PublicKey) -> str:
    return blake3(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def _write(path: Path, data: bytes, *, replace: bool) -> None:
    """Whole and on the disk, or not at all. Raises FileExistsError unless `replace`."""
    temporary = path.with_name(f".{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        if replace:
            temporary.replace(path)
        else:
            path.hardlink_to(temporary)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
