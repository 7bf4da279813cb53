"""The manifest: round trips, its version, its seal."""

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.archive.manifest import Manifest, canonical, from_json, open_sealed, seal, to_json
from core.archive.signing import Keyring
from core.errors import BadSignature, UnknownFormat
from tests.core.archive.conftest import Sealed, with_name

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ZONES = st.integers(-720, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# Values by their types alone, so that a field added to the manifest is tested too.
st.register_type_strategy(str, TEXT)
MANIFESTS = st.builds(
    Manifest,
    format_version=st.just(1),
    features=st.just(()),
    taken_at=st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1), timezones=ZONES),  # noqa: DTZ001
    exported_at=st.none()
    | st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1), timezones=ZONES),  # noqa: DTZ001
)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@given(manifest=MANIFESTS)
@QUICK
def test_round_trip(manifest: Manifest) -> None:
    assert from_json(json.loads(canonical(to_json(manifest)))) == manifest


@given(manifest=MANIFESTS)
@QUICK
def test_sealed_round_trip(manifest: Manifest, keyring: Keyring) -> None:
    data = seal(manifest, keyring)
    assert open_sealed(data, keyring, digest=blake3(data).hexdigest()) == manifest
    assert open_sealed(data, keyring, digest=None) == manifest


def payload(sealed: Sealed) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(canonical(to_json(sealed.manifest)))
    return value


def signed(value: Any, keyring: Keyring) -> bytes:
    """Anything, with a good signature."""
    signature = keyring.sign(canonical(value))
    stated = {"algorithm": "Ed25519", "key_id": signature.key_id, "value": signature.value.hex()}
    return canonical({"payload": value, "signature": stated})


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": 2},
        {"features": ["encrypted"]},
        {"format_version": 2, "new_field": 1, "app_type": "trello"},
    ],
)
def test_a_newer_format_is_told_before_anything_else(sealed: Sealed, change: dict[str, Any]) -> None:
    value = payload(sealed) | change
    with pytest.raises(UnknownFormat, match=r"version 2|encrypted"):
        from_json(value)
    data = canonical({"payload": value, "signature": {"algorithm": "of the future"}})
    with pytest.raises(BadSignature):  # without what a signature consists of, nothing is believed
        open_sealed(data, sealed.keyring, digest=None)
    with pytest.raises(UnknownFormat):
        open_sealed(signed(value, Keyring(sealed.store.root.parent / "keys")), sealed.keyring, digest=None)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"new_field": 1}, "new_field"),
        ({"attachments": "1"}, "attachments"),
        ({"attachments": True}, "attachments"),
        ({"complete": 1}, "complete"),
        ({"app_type": "trello"}, "trello"),
        ({"taken_at": "2026-01-01T00:00:00"}, "taken_at"),
        ({"taken_at": 5}, "taken_at"),
        ({"records": {"a": "1"}}, r"records\.a"),
        ({"lacks": "text"}, "lacks"),
        ({"contains": None}, "contains"),
        ({"objects": [{}]}, r"objects\[0\]"),
        ({"format_version": 0}, "version 0"),
        ({"format_version": "1"}, "version"),
        ({"features": None}, "features"),
    ],
)
def test_what_does_not_fit_is_named(sealed: Sealed, change: dict[str, Any], where: str) -> None:
    value = payload(sealed) | change
    with pytest.raises(ValueError, match=where):
        from_json(value)
    with pytest.raises((UnknownFormat, BadSignature), match=where):
        open_sealed(signed(value, sealed.keyring), sealed.keyring, digest=None)


def test_every_field_must_be_there(sealed: Sealed) -> None:
    for name in payload(sealed):
        value = payload(sealed)
        del value[name]
        with pytest.raises(ValueError, match=name if name not in {"format_version", "features"} else "version"):
            from_json(value)


def test_a_time_without_a_zone_is_not_written(sealed: Sealed) -> None:
    with pytest.raises(ValueError, match="zone"):
        to_json(replace(sealed.manifest, taken_at=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_every_flipped_bit_is_refused(sealed: Sealed) -> None:
    data = seal(sealed.manifest, sealed.keyring)
    for position in range(0, len(data) * 8, 29):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises((BadSignature, UnknownFormat)):
            open_sealed(bytes(flipped), sealed.keyring, digest=None)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data + b" ",
        lambda data: b" " + data,
        lambda data: data[:-1],
        lambda _: b"",
        lambda _: b"[]",
        lambda _: b"[" * 100_000,
        lambda data: data.replace(b'{"payload":', b'{"payload":{},"payload":', 1),
        lambda data: data.replace(b'"app_name":"Wiki"', b'"app_name":"Jira","app_name":"Wiki"'),
        lambda data: data.replace(b'"Wiki"', b'"\\u0057iki"'),
        lambda data: data.replace(b'"Wiki"', b'"Tiki"'),
        lambda data: data[:-1] + b',"z":1}',
        lambda data: data.replace(b"Ed25519", b"ed25519"),
        lambda data: b"\xff" + data,
    ],
)
def test_other_spellings_are_refused(sealed: Sealed, spoil: Any) -> None:
    data = seal(sealed.manifest, sealed.keyring)
    assert spoil(data) != data
    with pytest.raises(BadSignature):
        open_sealed(spoil(data), sealed.keyring, digest=None)


def test_an_older_manifest_with_a_good_signature_is_told_apart_from_damage(sealed: Sealed) -> None:
    older = seal(with_name(sealed.manifest, "Older"), sealed.keyring)
    with pytest.raises(BadSignature, match="older or other manifest"):
        open_sealed(older, sealed.keyring, digest=sealed.digest)
    with pytest.raises(BadSignature, match="does not hold"):
        open_sealed(older.replace(b"Older", b"oLDER"), sealed.keyring, digest=sealed.digest)


def test_after_rotation_old_manifests_open(sealed: Sealed) -> None:
    data = seal(sealed.manifest, sealed.keyring)
    sealed.keyring.rotate()
    assert open_sealed(data, sealed.keyring, digest=sealed.digest) == sealed.manifest
