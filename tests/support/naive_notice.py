"""The reference notice read as a person reads it, from its text and day by day: what tests compare the vault with."""

import tomllib
from calendar import monthrange
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

from app.notice.reference import reference_source

TOML: Final[dict[str, Any]] = tomllib.loads(reference_source().decode())
GRACE: Final = int(TOML["retention"]["grace"][1:-1])
_DAY: Final = timedelta(days=1)


@cache
def end_of(text: str, begin: date) -> date:
    """The day on which a duration of the notice (`P24M`, `P10Y`, `P90D`) is over, counted on the calendar."""
    number, unit = int(text[1:-1]), text[-1]
    if unit == "D":
        return begin + number * _DAY
    months, today = number * (12 if unit == "Y" else 1), begin
    while True:
        passed = (today.year - begin.year) * 12 + today.month - begin.month
        last = monthrange(today.year, today.month)[1]
        if passed == months and today.day == min(begin.day, last):
            return today
        today += _DAY


def covers(purpose: str, field: str) -> bool:
    """Whether a purpose names `collection.field`, by itself or with its collection."""
    written = TOML["purposes"][purpose].get("covers", [])
    return field in written or field.partition(".")[0] + ".*" in written


def kept_until(purpose: str, closed: date) -> date:
    """The day up to which a purpose that was closed then keeps what it covers."""
    return end_of(TOML["purposes"][purpose]["keep"], closed)


@cache
def form_of(role: str, purpose: str, field: str) -> str | None:
    """The form in which a role reads a field for a purpose that is open, without further circumstances; None: not at all."""
    forms = [
        form
        for grant in TOML["grants"]
        for name, form in grant["reads"].items()
        if (grant["role"], grant["purpose"]) == (role, purpose)
        and not grant.get("when")
        and grant.get("through", "direct") == "direct"
        and (name == field or (name.endswith(".*") and field.startswith(name[:-1])))
    ]
    order = ["token", "generalised", "masked", "plain"]
    return max(forms, key=order.index) if forms else None
