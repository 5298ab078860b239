"""A reason in words is sealed for the thing it was said about, and opens nowhere else."""

from uuid import UUID

import pytest

from app.crypto.refused import Refused
from app.kernel.plaintext import Plaintext
from app.subjects.words import open_words, seal_words

KEY = bytes(range(32))
PERSON, HOLD = UUID(int=1), UUID(int=2)


def test_words_come_back_and_are_not_in_the_envelope():
    said = Plaintext("Nguyễn Văn An khiếu nại")
    sealed = seal_words(KEY, "shop", PERSON, HOLD, "hold.words", said)
    assert open_words(KEY, "shop", PERSON, HOLD, "hold.words", sealed) == said
    assert "Nguyễn".encode() not in sealed


@pytest.mark.parametrize(
    ("tenant", "person", "thing", "use"),
    [
        ("other", PERSON, HOLD, "hold.words"),
        ("shop", HOLD, HOLD, "hold.words"),
        ("shop", PERSON, PERSON, "hold.words"),
        ("shop", PERSON, HOLD, "binding.closed"),
    ],
)
def test_words_open_in_their_own_place_only(tenant, person, thing, use):
    sealed = seal_words(KEY, "shop", PERSON, HOLD, "hold.words", Plaintext("x"))
    with pytest.raises(Refused):
        open_words(KEY, tenant, person, thing, use, sealed)
