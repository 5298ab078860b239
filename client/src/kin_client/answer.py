"""How answers are read: into frozen models that ignore members they do not know, so that a newer vault can say more.

A value never shows in the `repr` of a model, nor in the exception for an answer that cannot be read.
"""

from collections.abc import Mapping
from typing import Final, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from kin_client.errors import error_of, unexpected

_FAILED: Final = 300


class Model(BaseModel):
    """Anything the vault answers."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class NoticeRef(Model):
    """Which notice decided."""

    id: str
    version: int
    digest: str


class Receipt(Model):
    """What is on record about a call: the audit event, the notice that decided, the clause for each field."""

    event: str
    outcome: str
    purpose: str | None = None
    notice: NoticeRef | None = None
    clauses: Mapping[str, str] = {}


M = TypeVar("M", bound=BaseModel)


def checked(answer: httpx.Response) -> httpx.Response:
    """The answer itself; the `VaultError` that it stands for when it is a refusal."""
    if answer.status_code >= _FAILED:
        raise error_of(answer)
    return answer


def parsed(model: type[M], answer: httpx.Response) -> M:
    """The answer as a model; `VaultError` for a refusal, `Unexpected` for what does not fit."""
    return understood(model, checked(answer))


def understood(model: type[M], answer: httpx.Response) -> M:
    """The answer as a model, whatever its status; `Unexpected` for what does not fit."""
    try:
        return model.model_validate_json(answer.content)
    except ValidationError:
        problem = unexpected(
            "the answer does not have the shape this client knows; check the address", answer
        )
    raise problem  # outside the handler, because pydantic's error holds what it read
