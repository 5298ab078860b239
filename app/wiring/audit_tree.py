"""The parts of the provable log: sequencer, places for checkpoints, proofs and exports, from the settings."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import httpx

from app.audit.begin_log import LogBeginner
from app.audit.export import LogExporter
from app.audit.keep import LogKeeper
from app.audit.log import AuditLog
from app.audit.note import COSIGNATURE, NoteInvalid, VerifierKey
from app.audit.prove import LogProver
from app.audit.publish import CheckpointFile, Publisher, Publishing, Witness
from app.audit.sequence import Sequencer
from app.audit.signing_key import SigningKey, load_signing_key
from app.audit.tree_store import TreeStore
from app.kernel.clock import Clock
from app.settings.settings import Settings, SettingsRefused
from app.storage.engine import Database

_PATIENCE: Final = 5.0


@dataclass(frozen=True, slots=True)
class AuditTree:
    """What doors and background work use of it; `signing` is None where nothing is signed."""

    keeper: LogKeeper
    prover: LogProver
    exporter: LogExporter
    beginner: LogBeginner
    store: TreeStore
    signing: SigningKey | None
    witness: httpx.AsyncClient | None

    async def key(self, tenant: str) -> VerifierKey | None:
        """The verifier key of a tenant's log under its present name; None where nothing is signed."""
        return await _key(self.signing, self.store, tenant) if self.signing else None

    async def close(self) -> None:
        """Closes the connection to the witness."""
        if self.witness:
            await self.witness.aclose()


def build_audit_tree(
    settings: Settings,
    database: Database,
    audit: AuditLog,
    clock: Clock,
    tenants: Callable[[], Awaitable[Sequence[str]]],
) -> AuditTree:
    """All of it; `SigningKeyRefused` or `SettingsRefused` when a setting cannot be used."""
    store = TreeStore(database)
    prover = LogProver(store)
    path = settings.audit_signing_key
    signing = load_signing_key(path, settings.audit_origin) if path else None
    places: list[Publisher] = []
    if settings.checkpoint_file:
        places.append(CheckpointFile(settings.checkpoint_file, store))
    client = None
    if settings.witness_url:
        client = httpx.AsyncClient(timeout=_PATIENCE)
        key = _witness_key(settings.witness_key)
        places.append(Witness(settings.witness_url, key, store, prover.consistency, client))
    signer_of = signing.signer if signing else None
    publishing = Publishing(places, partial(_key, signing, store) if signing else None)
    sequencer = Sequencer(database, store, clock, signer_of, publishing.known)
    return AuditTree(
        LogKeeper(sequencer, publishing, tenants),
        prover,
        LogExporter(store),
        LogBeginner(database, store, audit, clock, signer_of, publishing.newest),
        store,
        signing,
        client,
    )


async def _key(signing: SigningKey, store: TreeStore, tenant: str) -> VerifierKey:
    state = await store.state(tenant)
    return signing.signer(tenant, state.era if state else "").key


def _witness_key(text: str | None) -> VerifierKey:
    try:
        key = VerifierKey.parse(text or "")
    except NoteInvalid:
        raise SettingsRefused(
            "KIN_WITNESS_KEY: is not a verifier key; copy the witness's, name+id+key"
        ) from None
    if key.kind != COSIGNATURE:
        raise SettingsRefused("KIN_WITNESS_KEY: is not the key of a witness; its kind must be cosignature/v1")
    return key
