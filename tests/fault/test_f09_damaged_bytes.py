"""F-09 at the level of the cipher: flipped bits and truncations of envelopes, wrapped keys, tokens and API
keys.

Every case must be refused, and none may come back as another value. A seed names its cases: it is in the
test's id.
"""

import random
from uuid import UUID

import pytest

from app.crypto import api_key, token
from app.crypto.aead import aes_256_gcm
from app.crypto.associated_data import Place
from app.crypto.field_cipher import FieldCipher
from app.crypto.key_wrap import WrappedKey, new_subject_key, unwrap_subject_keys
from app.crypto.refused import Refused

SEEDS = [pytest.param(seed, id=f"seed-{seed}") for seed in range(4)]
LONG_SEEDS = [pytest.param(seed, id=f"seed-{seed}", marks=pytest.mark.long) for seed in range(4, 40)]
FLIPS_A_SEED = 500


def flipped(octets: bytes, bit: int) -> bytes:
    changed = bytearray(octets)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def sealed_field(draw: random.Random) -> tuple[FieldCipher, Place, bytes]:
    cipher = FieldCipher(draw.randbytes(32))
    subject, record = UUID(int=draw.getrandbits(128)), UUID(int=draw.getrandbits(128))
    place = Place("shop", subject, record, "buyer.full_name", draw.randrange(1, 100))
    return cipher, place, cipher.seal(place, draw.randbytes(draw.randrange(200)))


@pytest.mark.parametrize("seed", SEEDS + LONG_SEEDS)
def test_random_flips_of_envelopes(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(FLIPS_A_SEED):
        cipher, place, envelope = sealed_field(draw)
        with pytest.raises(Refused):
            cipher.open_sealed(place, flipped(envelope, draw.randrange(len(envelope) * 8)))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_bit_and_every_truncation_of_an_envelope(seed: int) -> None:
    cipher, place, envelope = sealed_field(random.Random(seed))
    damaged = [flipped(envelope, bit) for bit in range(len(envelope) * 8)]
    damaged += [envelope[:length] for length in range(len(envelope))]
    damaged += [envelope[length:] for length in range(1, len(envelope))]
    damaged += [envelope + bytes(length) for length in range(1, 65)]
    for each in damaged:
        with pytest.raises(Refused):
            cipher.open_sealed(place, each)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_bit_and_every_truncation_of_a_wrapped_key(seed: int) -> None:
    draw = random.Random(seed)
    kek, subject = draw.randbytes(32), UUID(int=draw.getrandbits(128))
    stored, _ = new_subject_key(kek, "shop", subject, 1)
    wrapped, commitment = stored.wrapped, stored.commitment
    cipher = aes_256_gcm(kek)
    unwrap_subject_keys(cipher, stored, "shop", subject, 1)  # whole, it opens
    damaged = [WrappedKey(flipped(wrapped, bit), commitment) for bit in range(len(wrapped) * 8)]
    damaged += [WrappedKey(wrapped, flipped(commitment, bit)) for bit in range(len(commitment) * 8)]
    damaged += [WrappedKey(wrapped[:length], commitment) for length in range(len(wrapped))]
    damaged += [WrappedKey(wrapped, commitment[:length]) for length in range(len(commitment))]
    for each in damaged:
        with pytest.raises(Refused):
            unwrap_subject_keys(cipher, each, "shop", subject, 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_bit_and_every_truncation_of_a_token(seed: int) -> None:
    """A changed token is no token, or another one: its digest is unknown, or its bucket is elsewhere."""
    draw = random.Random(seed)
    token_key, mask_key, bucket = draw.randbytes(32), draw.randbytes(32), draw.randrange(4096)
    text = token.mint(token_key, mask_key, bucket, draw.randbytes(16))
    place = token.parse(mask_key, text)
    changed = [flipped(text.encode(), bit).decode("latin-1") for bit in range(len(text) * 8)]
    for each in changed + [text[:length] for length in range(len(text))]:
        try:
            found = token.parse(mask_key, each)
        except ValueError:
            continue
        assert found != place


@pytest.mark.parametrize("seed", SEEDS)
def test_every_bit_and_every_truncation_of_an_api_key(seed: int) -> None:
    text = api_key.new_api_key(f"shop-{seed}")
    changed = [flipped(text.encode(), bit).decode("latin-1") for bit in range(len(text) * 8)]
    for each in changed + [text[:length] for length in range(len(text))]:
        with pytest.raises(ValueError, match=r"not an api key|Crockford"):
            api_key.parse_api_key(each)
