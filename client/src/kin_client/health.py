"""Whether the vault is ready, and if not, what it waits for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from pydantic import RootModel

from kin_client.answer import checked, understood
from kin_client.operation import Operation, get

_NOT_READY: Final = 503


@dataclass(frozen=True, slots=True)
class Readiness:
    """`parts`: database, keys, audit, migrations … → `ok`, or what is wrong."""

    ready: bool
    parts: Mapping[str, str]


class _States(RootModel[dict[str, str]]):
    pass


def readiness() -> Operation[Readiness]:
    """How the vault is. A vault that is not ready is an answer here; one that cannot be reached raises `Unavailable`."""
    answer = yield replace(get("/readyz", {}), patient=False)
    says_so = answer.status_code == _NOT_READY and answer.headers.get("Content-Type") == "application/json"
    states = dict(understood(_States, answer if says_so else checked(answer)).root)
    return Readiness(states.pop("status", "") == "ok", states)
