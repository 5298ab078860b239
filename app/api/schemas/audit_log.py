"""What the proofs of the audit log look like on the wire; their formats are in docs/formats/audit-log.md."""

from typing import Any, Final

from pydantic import BaseModel, Field


class CheckpointOut(BaseModel):
    """The log's newest signed statement about itself."""

    origin: str
    size: int
    root: str
    signed_at: str
    key: str | None = Field(
        description="the verifier key, `name+id+key`; compare it with the one you have been given"
    )
    note: str = Field(description="the checkpoint as it was signed, with the cosignatures of witnesses")


class ConsistencyOut(BaseModel):
    """The hashes of RFC 6962 section 2.1.2, in base64."""

    older: int = Field(alias="from")
    newer: int = Field(alias="to")
    proof: list[str]


NOTE_EXAMPLE: Final = (
    "kin.local/audit/shop\n"
    "4211\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "— kin.local/audit/shop Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
PROOF_EXAMPLE: Final = (
    "c2sp.org/tlog-proof@v1\n"
    "extra eyJhY3Rpb24iOiJyZWNvcmQuZGlzY2xvc2UiLCJhdCI6IjIwMjYtMTEtMjJUMDg6MDA6MDAuMDAwWiJ9\n"
    "index 4210\n"
    "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
    "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
    "\n" + NOTE_EXAMPLE
)
CHECKPOINT_EXAMPLE: Final[dict[str, Any]] = {
    "origin": "kin.local/audit/shop",
    "size": 4211,
    "root": "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
    "signed_at": "2026-11-22T08:00:01.000Z",
    "key": "kin.local/audit/shop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    "note": NOTE_EXAMPLE,
}
CONSISTENCY_EXAMPLE: Final[dict[str, Any]] = {
    "from": 4000,
    "to": 4211,
    "proof": [
        "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=",
        "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=",
    ],
}


def text_example(text: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that answers with text."""
    return {200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": text}}}}
