"""An event that would not fit into an entry bundle is refused; one that just fits is not."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.audit.event import Action, Event, FieldTrace, Outcome, canonical
from app.audit.length import LONGEST, refuse_too_long
from app.kernel.errors import Kind, VaultError


def event(fields: int, inputs: str = "") -> Event:
    name = "field-" + "n" * 50
    return Event(
        id=UUID(int=7 << 80),
        at=datetime(2026, 11, 22, tzinfo=UTC),
        tenant="shop",
        action=Action.RECORD_DISCLOSE,
        outcome=Outcome.ALLOWED,
        fields={f"{name}-{n}": FieldTrace("masked", "granted", "third-parties") for n in range(fields)},
        inputs={"opened": inputs} if inputs else {},
    )


def test_the_largest_that_fits_and_the_next() -> None:
    fitting = event(0, "p" * (LONGEST - len(canonical(event(0, "p"))) + 1))
    assert len(canonical(fitting)) == LONGEST
    refuse_too_long([fitting])
    with pytest.raises(VaultError) as refused:
        refuse_too_long([event(1), event(0, "p" * len(str(fitting.inputs["opened"])) + "p")])
    assert refused.value.kind is Kind.TOO_LARGE


def test_many_inputs_of_which_each_is_short() -> None:
    many = event(0)._replace(inputs={f"input-{n}": "p" * 4000 for n in range(20)})
    with pytest.raises(VaultError):
        refuse_too_long([many])


@pytest.mark.parametrize("fields", [1, 64, 65, 300, 497, 498, 499, 500, 520, 2000])
def test_measured_or_not_the_limit_is_the_same(fields: int) -> None:
    one = event(fields)
    if len(canonical(one)) <= LONGEST:
        refuse_too_long([one])
    else:
        with pytest.raises(VaultError):
            refuse_too_long([one])
