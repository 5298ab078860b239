"""F-10 at the level of the cipher: envelopes and wrapped keys brought to another place, 7 × 100 (a release: 7
× 1,000).

Fields, records, people, tenants and versions are swapped pairwise: neither of the two may open. Even under
one and the same key a moved envelope is refused, so the associated data is what is tested and not the
difference of keys.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import pytest

from app.crypto.aead import aes_256_gcm
from app.crypto.associated_data import Place
from app.crypto.field_cipher import FieldCipher
from app.crypto.key_derivation import derive
from app.crypto.key_wrap import WrappedKey, new_key, new_subject_key, unwrap_subject_keys
from app.crypto.refused import Refused

FIELDS: Final = ("buyer.full_name", "buyer.email", "buyer.phone", "delivery.phone", "account.username")
ROUNDS: Final = [pytest.param(seed, 100, id=f"seed-{seed}-100") for seed in (1,)] + [
    pytest.param(seed, 1_000, id=f"seed-{seed}-1000", marks=pytest.mark.long) for seed in (2,)
]


def some_place(draw: random.Random) -> Place:
    return Place(
        f"shop-{draw.randrange(3)}",
        UUID(int=draw.getrandbits(128)),
        UUID(int=draw.getrandbits(128)),
        draw.choice(FIELDS),
        draw.randrange(1, 50),
    )


def other_field(draw: random.Random, place: Place) -> Place:
    return replace(place, field=draw.choice([field for field in FIELDS if field != place.field]))


def other_record(draw: random.Random, place: Place) -> Place:
    return replace(place, record=UUID(int=draw.getrandbits(128)))


def other_person(draw: random.Random, place: Place) -> Place:
    return replace(place, subject=UUID(int=draw.getrandbits(128)))


def other_tenant(_: random.Random, place: Place) -> Place:
    return replace(place, tenant=place.tenant + "0")


def old_version(draw: random.Random, place: Place) -> Place:
    return replace(place, version=place.version + draw.randrange(1, 50))


def ids_exchanged(_: random.Random, place: Place) -> Place:
    return replace(place, subject=place.record, record=place.subject)


def border_moved(_: random.Random, place: Place) -> Place:
    """Tenant and field keep their letters together, but the border between two parts moves."""
    return replace(place, tenant=place.tenant[:-1], field=place.tenant[-1] + place.field)


MOVES: Final = (
    other_field,
    other_record,
    other_person,
    other_tenant,
    old_version,
    ids_exchanged,
    border_moved,
)


@pytest.mark.parametrize(("seed", "rounds"), ROUNDS)
@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
def test_envelopes_exchanged(move: Callable[[random.Random, Place], Place], seed: int, rounds: int) -> None:
    draw = random.Random(seed)
    cipher = FieldCipher(draw.randbytes(32))
    for _ in range(rounds):
        here = some_place(draw)
        there = move(draw, here)
        at_home, away = cipher.seal(here, b"here"), cipher.seal(there, b"there")
        assert (cipher.open_sealed(here, at_home), cipher.open_sealed(there, away)) == (b"here", b"there")
        for place, envelope in ((here, away), (there, at_home)):
            with pytest.raises(Refused):
                cipher.open_sealed(place, envelope)


@dataclass(frozen=True, slots=True)
class Home:
    """A subject key as its row holds it."""

    tenant: str
    subject: UUID
    kek_version: int


@pytest.mark.parametrize(("seed", "rounds"), ROUNDS)
@pytest.mark.parametrize("part", ["tenant", "subject", "kek_version", "wrapped only", "commitment only"])
def test_wrapped_keys_exchanged(part: str, seed: int, rounds: int) -> None:
    """One KEK for both, so that only the associated data and the commitment tell the two apart."""
    draw = random.Random(seed)
    kek = draw.randbytes(32)
    for _ in range(rounds):
        here = Home("shop", UUID(int=draw.getrandbits(128)), draw.randrange(1, 9))
        there = Home(
            "shop2" if part == "tenant" else here.tenant,
            here.subject if part in {"tenant", "kek_version"} else UUID(int=draw.getrandbits(128)),
            here.kek_version + 1 if part == "kek_version" else here.kek_version,
        )
        mine, _ = new_subject_key(kek, here.tenant, here.subject, here.kek_version)
        theirs, _ = new_subject_key(kek, there.tenant, there.subject, there.kek_version)
        moved = WrappedKey(
            mine.wrapped if part == "commitment only" else theirs.wrapped,
            mine.commitment if part == "wrapped only" else theirs.commitment,
        )
        with pytest.raises(Refused):
            unwrap_subject_keys(aes_256_gcm(kek), moved, here.tenant, here.subject, here.kek_version)


@pytest.mark.parametrize(("seed", "rounds"), ROUNDS)
def test_a_person_with_the_key_of_another(seed: int, rounds: int) -> None:
    """A whole person's envelopes under a key that is not theirs: what a swapped key row would give."""
    draw = random.Random(seed)
    for _ in range(rounds):
        place = some_place(draw)
        mine, theirs = (FieldCipher(derive(new_key()).field) for _ in range(2))
        with pytest.raises(Refused):
            theirs.open_sealed(place, mine.seal(place, b"value"))
