"""Keys that sign, and keys that still verify."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.archive.signing import Keyring
from core.errors import BadSignature, SettingError


def test_what_was_signed_verifies_and_nothing_else(keyring: Keyring) -> None:
    signature = keyring.sign(b"data")
    keyring.verify(b"data", signature)
    changed = replace(signature, value=bytes([signature.value[0] ^ 1]) + signature.value[1:])
    for data, one in ((b"datb", signature), (b"data", changed), (b"data", replace(signature, value=b""))):
        with pytest.raises(BadSignature, match=signature.key_id):
            keyring.verify(data, one)


def test_create_keeps_the_key_that_is_there(keyring: Keyring) -> None:
    assert keyring.create() == keyring.create() == keyring.key_id()


def test_after_rotation_the_old_key_verifies_and_the_new_one_signs(keyring: Keyring) -> None:
    before = keyring.sign(b"data")
    new = keyring.rotate()
    assert keyring.sign(b"data").key_id == new != before.key_id
    keyring.verify(b"data", before)


@pytest.mark.parametrize("key_id", ["0123456789abcdef", "../../signing", "0" * 15, "ABCDEF0123456789"])
def test_an_unknown_key_is_named(keyring: Keyring, key_id: str) -> None:
    with pytest.raises(BadSignature, match=key_id):
        keyring.verify(b"data", replace(keyring.sign(b"data"), key_id=key_id))


def test_a_public_key_under_another_ones_id_is_not_believed(keyring: Keyring, tmp_path: Path) -> None:
    good = keyring.sign(b"data")
    foreign = Keyring(tmp_path / "foreign")
    foreign_id = foreign.create()
    stolen = (tmp_path / "foreign" / "public" / f"{foreign_id}.pem").read_bytes()
    (tmp_path / "keys" / "public" / f"{good.key_id}.pem").write_bytes(stolen)
    with pytest.raises(BadSignature, match=good.key_id):
        keyring.verify(b"data", replace(foreign.sign(b"data"), key_id=good.key_id))


def test_no_private_key_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="nothing was signed") as caught:
        Keyring(tmp_path / "none").sign(b"data")
    assert caught.value.hint


def test_modes(keyring: Keyring, tmp_path: Path) -> None:
    keyring.rotate()
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "keys" / "signing.pem").stat().st_mode & 0o777 == 0o600
    assert len(list((tmp_path / "keys").iterdir())) == 2
