"""The page of a person's account says a term as it was set: in days, in months, or in hours and minutes."""

from typing import Any, Final

import pytest

from app.rights.access_page import render
from app.rights.access_words import Language

NOTHING: Final[dict[str, Any]] = {"items": [], "next": None}
ACCOUNT: Final[dict[str, Any]] = {
    "made_at": "2026-11-22T08:00:00.000Z",
    "since": None,
    "notice": {"id": "shop", "version": 1, "title": {}},
    "restriction": None,
    "records": [],
    "next": None,
    "purposes": {},
    "consents": [],
    "accesses": NOTHING,
    "recipients": NOTHING,
}


@pytest.mark.parametrize(
    ("within", "said"),
    [
        ("P10D", "10 days"),
        ("P1M", "1 months"),
        ("PT72H", "72 hours"),
        ("PT15M", "15 minutes"),
        ("P1M2DT3H", "1 months, 2 days, 3 hours"),
    ],
)
def test_a_term_is_said_in_its_units(within: str, said: str) -> None:
    page = render(ACCOUNT | {"rights": [{"right": "access", "within": within}]}, Language.EN)
    assert f"<td>{said}</td>" in page
