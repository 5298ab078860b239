"""Parts of a disclosure measured alone, in this process: the decision, sealing and opening, and the log's group commit."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from app.audit.event import Action, Event, FieldTrace, NoticeRef, Outcome
from app.crypto.associated_data import Place
from app.crypto.field_cipher import FieldCipher
from app.crypto.key_wrap import new_key
from app.kernel.ids import new_uuid
from app.notice.decide import Circumstances, Question, Standing, decide
from app.notice.model import BindingState, Channel
from app.notice.reference import reference_notice
from app.notice.table import compile_table
from app.settings.settings import Mode, Settings
from app.wiring.parts import build
from tests.support.vaults import TENANT, prepare

_ROUNDS: Final = 7
_SIX: Final = ("full_name", "email", "phone", "address", "birth_date", "gender")


def microseconds(call: Callable[[], object], times: int) -> float:
    """The median over rounds of the mean time of one call, in µs."""
    rounds = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        for _ in range(times):
            call()
        rounds.append((time.perf_counter() - started) / times * 1e6)
    return median(rounds)


def pure_parts(times: int) -> dict[str, float]:
    """Name → µs for what needs no database."""
    table = compile_table(reference_notice(), 1)
    question = Question(
        roles=frozenset({"privacy-officer"}),
        purpose="subject-request",
        collection="buyer",
        fields=_SIX,
        channel=Channel.DIRECT,
        standing=Standing(BindingState.NONE),
        circumstances=Circumstances(case=True),
    )
    cipher = FieldCipher(new_key())
    person = new_uuid()
    place = Place("shop", person, person, "buyer.email", 1)
    value = b'"an.nguyen@example.com"'
    sealed = cipher.seal(place, value)
    return {
        "decide, six fields": microseconds(lambda: decide(table, question), times),
        "seal one field": microseconds(lambda: cipher.seal(place, value), times),
        "open one field": microseconds(lambda: cipher.open_sealed(place, sealed), times),
    }


async def _committed(url: str, keyring: Path, waiting: int, seconds: float) -> float:
    settings = Settings(mode=Mode.DEVELOPMENT, database_url=url, keyring=keyring)
    parts = build(settings)
    await parts.database.open()
    until = time.perf_counter() + seconds
    done = 0

    async def one_after_the_other() -> None:
        nonlocal done
        while time.perf_counter() < until:
            await parts.audit.append(_EVENT._replace(id=new_uuid(), at=parts.clock.now()))
            done += 1

    started = time.perf_counter()
    await asyncio.gather(*(one_after_the_other() for _ in range(waiting)))
    took = time.perf_counter() - started
    parts.passwords.close()
    await parts.database.close()
    return done / took


def group_commit(url: str, directory: Path, waiting: tuple[int, ...], seconds: float) -> Mapping[int, float]:
    """How many are waiting at once → durable events a second, on an empty database."""
    directory.mkdir()
    prepared = prepare(url, directory)
    return {n: asyncio.run(_committed(url, prepared.keyring, n, seconds)) for n in waiting}


_EVENT: Final = Event(
    id=new_uuid(0),
    at=datetime(2026, 1, 1, tzinfo=UTC),
    tenant=TENANT,
    action=Action.RECORD_DISCLOSE,
    outcome=Outcome.ALLOWED,
    request="req_01k9v3c8w0b8sa3q7m5e2t4x6z",
    caller=new_uuid(0),
    roles=("privacy-officer",),
    purpose="subject-request",
    case="CASE-1",
    subject="0" * 32,
    record="0" * 32,
    collection="buyer",
    notice=NoticeRef("shop", 1, "sha256:" + "0" * 64),
    fields=dict.fromkeys(_SIX, FieldTrace("plain", "granted", "care")),
    inputs={"channel": "direct", "case": True, "binding": "none", "restricted": False},
)
