"""A route that names several permissions is open to whoever has one of them, and `own` to customers only."""

import pytest

from app.kernel.errors import Kind, VaultError
from app.web.permissions import OWN, declared, require


def test_alternatives_stand_in_the_document_as_one_word():
    assert declared("consents", "consents.record", OWN)["x-permission"] == "consents|consents.record|own"
    with pytest.raises(ValueError, match="not a permission"):
        declared("consents", "weather")


@pytest.mark.parametrize("held", [{"consents"}, {"consents.record"}, {OWN}, {"audit", "consents"}])
def test_one_of_them_is_enough(held):
    require(frozenset(held), "consents|consents.record|own")


@pytest.mark.parametrize(
    ("held", "needed", "words"),
    [
        (set(), "consents|consents.record", "consents or consents.record"),
        ({"audit"}, "consents|own", "consents"),
        ({"consents|own"}, "consents|own", "consents"),
        ({"consents"}, "own", "of a customer who is signed in"),
        ({"consents.record"}, "consents", "consents"),
    ],
)
def test_none_of_them_is_refused_in_words_that_say_what_is_missing(held, needed, words):
    with pytest.raises(VaultError, match=words) as caught:
        require(frozenset(held), needed)
    assert caught.value.kind is Kind.NOT_PERMITTED
