"""How long an event may be: it must fit into an entry bundle (C2SP tlog-tiles), which counts an entry's bytes in two.

Whoever would make a longer one is refused before anything has happened: such an event could be stored and never be proven.
"""

from collections.abc import Iterable
from typing import Final

from app.audit.event import Event, canonical
from app.kernel.errors import Kind, VaultError

LONGEST: Final = 0xFFFF
# Names have 64 characters at most, so that an event of so few members is far from the limit and need not be measured.
_FEW: Final = 64
_SHORT: Final = 4096


def refuse_too_long(events: Iterable[Event]) -> None:
    """Returns when every event fits; `too-large` otherwise."""
    for event in events:
        if _may_be_long(event) and len(canonical(event)) > LONGEST:
            raise VaultError(
                Kind.TOO_LARGE,
                "what is asked for does not fit into an audit event; name fewer fields at once",
            )


def _may_be_long(event: Event) -> bool:
    members = len(event.fields) + len(event.written) + len(event.inputs) + len(event.roles)
    return members > _FEW or sum(len(str(value)) for value in event.inputs.values()) > _SHORT
