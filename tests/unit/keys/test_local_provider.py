from pathlib import Path

import pytest

from app.crypto.key_wrap import new_key
from app.kernel.errors import Kind
from app.keys.provider import KeyProvider, KeyProviderUnavailable, KeyRefused
from app.keys.providers.keyring_file import KeyringRefused
from app.keys.providers.local import (
    LocalKeyProvider,
    create_keyring,
    retire_root,
    root_version_of,
    rotate_root,
)


def fresh(folder: Path) -> tuple[Path, LocalKeyProvider]:
    path = folder / "keyring.json"
    create_keyring(path, development=False)
    return path, LocalKeyProvider.load(path, production=True)


def test_it_is_a_key_provider(tmp_path: Path) -> None:
    provider: KeyProvider = fresh(tmp_path)[1]
    assert provider.name == "local"


async def test_a_key_comes_back_to_its_place_only(tmp_path: Path) -> None:
    _, provider = fresh(tmp_path)
    key = new_key()
    wrapped = await provider.wrap(key, tenant="shop", kind="kek", version=1)
    assert key not in wrapped
    assert await provider.unwrap(wrapped, tenant="shop", kind="kek", version=1) == key
    for tenant, kind, version in (("shop2", "kek", 1), ("shop", "index", 1), ("shop", "kek", 2)):
        with pytest.raises(KeyRefused) as refused:
            await provider.unwrap(wrapped, tenant=tenant, kind=kind, version=version)
        assert refused.value.kind is Kind.UNAVAILABLE


async def test_every_flipped_bit_and_every_cut_is_refused(tmp_path: Path) -> None:
    _, provider = fresh(tmp_path)
    wrapped = await provider.wrap(new_key(), tenant="shop", kind="kek", version=1)
    damaged = [wrapped[:length] for length in range(len(wrapped))] + [wrapped + b"\0"]
    for bit in range(len(wrapped) * 8):
        changed = bytearray(wrapped)
        changed[bit // 8] ^= 1 << bit % 8
        damaged.append(bytes(changed))
    for each in damaged:
        with pytest.raises(KeyRefused):
            await provider.unwrap(each, tenant="shop", kind="kek", version=1)


async def test_another_keyring_does_not_open_it(tmp_path: Path) -> None:
    _, provider = fresh(tmp_path)
    (tmp_path / "other").mkdir()
    _, other = fresh(tmp_path / "other")
    wrapped = await provider.wrap(new_key(), tenant="shop", kind="kek", version=1)
    with pytest.raises(KeyRefused):
        await other.unwrap(wrapped, tenant="shop", kind="kek", version=1)


async def test_a_serving_process_takes_up_a_rotation(tmp_path: Path) -> None:
    path, serving = fresh(tmp_path)
    key = new_key()
    old = await serving.wrap(key, tenant="shop", kind="kek", version=1)
    rotate_root(path)
    operator = LocalKeyProvider.load(path, production=True)
    new = await operator.wrap(key, tenant="shop", kind="kek", version=1)
    assert (root_version_of(old), root_version_of(new)) == (1, 2)
    assert await serving.unwrap(new, tenant="shop", kind="kek", version=1) == key
    assert await serving.unwrap(old, tenant="shop", kind="kek", version=1) == key
    assert serving.primary == 2
    again = await serving.wrap(key, tenant="shop", kind="kek", version=1)
    assert root_version_of(again) == 2


async def test_a_retired_root_opens_nothing(tmp_path: Path) -> None:
    path, provider = fresh(tmp_path)
    wrapped = await provider.wrap(new_key(), tenant="shop", kind="kek", version=1)
    rotate_root(path)
    retire_root(path, 1)
    restarted = LocalKeyProvider.load(path, production=True)
    with pytest.raises(KeyRefused, match="restore that version"):
        await restarted.unwrap(wrapped, tenant="shop", kind="kek", version=1)


async def test_check_finds_what_a_restart_would(tmp_path: Path) -> None:
    path, provider = fresh(tmp_path)
    await provider.check()
    key = new_key()
    wrapped = await provider.wrap(key, tenant="shop", kind="kek", version=1)
    path.rename(tmp_path / "away.json")
    with pytest.raises(KeyProviderUnavailable, match="is missing"):
        await provider.check()
    assert await provider.unwrap(wrapped, tenant="shop", kind="kek", version=1) == key


def test_a_development_keyring_in_production(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    create_keyring(path, development=True)
    assert LocalKeyProvider.load(path, production=False).primary == 1
    with pytest.raises(KeyringRefused, match="is for development") as refused:
        LocalKeyProvider.load(path, production=True)
    assert str(path) in refused.value.detail


def test_keys_are_not_printed(tmp_path: Path) -> None:
    _, provider = fresh(tmp_path)
    keyring = provider._keyring
    assert repr(keyring.root_keys[1]) not in repr(keyring) + repr(provider)
