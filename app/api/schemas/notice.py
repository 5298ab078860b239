"""What questions about the notice and their answers look like on the wire."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.notice.model import BindingState, Channel, Condition, Form
from app.notice.question import Circumstances, Question, Standing

_Name = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)]


class NoticeIn(BaseModel):
    """A notice as TOML text."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"source": '[notice]\nid = "shop"\n…'}]}
    )

    source: Annotated[str, StringConstraints(strict=True, max_length=500_000)]


class FindingOut(BaseModel):
    """One remark about a notice."""

    severity: str
    code: str
    line: int | None
    message: str
    subject: str | None


class FindingsOut(BaseModel):
    """All remarks, by line; with an error the notice cannot be activated."""

    fine: bool
    items: list[FindingOut]


class ActiveNoticeOut(BaseModel):
    """The notice that decides now."""

    id: str
    version: int
    digest: str
    title: dict[str, str]
    source: str


class MatrixOut(BaseModel):
    """Who can see what: a column for each role, purpose and channel, steps of forms for each field."""

    notice: dict[str, Any]
    fields: list[str]
    columns: list[dict[str, Any]]


class QuestionIn(BaseModel):
    """A question to the active notice."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "roles": ["shipping"],
                    "purpose": "delivery",
                    "collection": "delivery",
                    "fields": ["address", "note"],
                }
            ]
        },
    )

    roles: Annotated[list[_Name], Field(min_length=1, max_length=32)]
    purpose: _Name
    collection: _Name
    fields: Annotated[list[_Name], Field(max_length=100)] | None = None
    channel: Channel = Channel.DIRECT
    binding: BindingState = BindingState.OPEN
    restricted: bool = False
    conditions: Annotated[list[Condition], Field(max_length=4)] = []
    asked: Form | None = None

    def question(self, all_fields: tuple[str, ...]) -> Question:
        """The body as the engine's question."""
        return Question(
            roles=frozenset(self.roles),
            purpose=self.purpose,
            collection=self.collection,
            fields=all_fields if self.fields is None else tuple(self.fields),
            channel=self.channel,
            standing=Standing(self.binding, self.restricted),
            circumstances=Circumstances.of(frozenset(self.conditions)),
            asked=self.asked,
        )


class ExplanationOut(BaseModel):
    """The answer, and for each field the reasons in the order in which they were considered."""

    outcome: str
    fields: dict[str, dict[str, Any]]


NOTICE_EXAMPLE: Final[dict[str, Any]] = {
    "id": "shop",
    "version": 1,
    "digest": "sha256:9f2c…",
    "title": {"vi": "Chính sách bảo mật", "en": "Privacy notice"},
    "source": '[notice]\nid = "shop"\n…',
}
MATRIX_EXAMPLE: Final[dict[str, Any]] = {
    "notice": {"id": "shop", "digest": "sha256:9f2c…"},
    "fields": ["delivery.recipient", "delivery.address"],
    "columns": [
        {
            "role": "shipping",
            "purpose": "delivery",
            "channel": "direct",
            "cells": {"delivery.address": [{"form": "token", "when": [], "clause": "third-parties"}]},
        }
    ],
}
FINDINGS_EXAMPLE: Final[dict[str, Any]] = {
    "fine": False,
    "items": [
        {
            "severity": "error",
            "code": "unknown-name",
            "line": 214,
            "message": "there is no purpose 'delivry'; did you mean 'delivery'?",
            "subject": "grants[3].purpose",
        }
    ],
}
EXPLANATION_EXAMPLE: Final[dict[str, Any]] = {
    "outcome": "partial",
    "fields": {
        "address": {
            "form": "token",
            "reason": "granted",
            "clause": "third-parties",
            "title": "Chuyển cho đơn vị vận chuyển và thanh toán",
            "considered": [{"reason": "granted", "decides": True, "words": "so it is given"}],
            "grants": ["token for shipping, by third-parties (line 216)"],
        }
    },
}
