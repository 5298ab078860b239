"""A person's account of what is held of them, why, until when, and who looked: as data, or as a page to hand over."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from kin_client.answer import Model, Receipt, checked, parsed
from kin_client.operation import Operation, Page, Pages, get
from kin_client.spelling import asking, check_id


class Account(Model):
    """The account, or a part of one with very many records. Members are as its JSON Schema (`schema_name`) says."""

    schema_name: str = Field(alias="schema")
    made_at: datetime
    subject: str
    since: datetime | None = None
    purposes: Mapping[str, Any] = {}
    records: tuple[Mapping[str, Any], ...] = Field(default=(), repr=False)
    consents: tuple[Mapping[str, Any], ...] = ()
    restriction: Mapping[str, Any] | None = Field(default=None, repr=False)
    accesses: Mapping[str, Any] = {}
    recipients: Mapping[str, Any] = {}
    rights: tuple[Mapping[str, Any], ...] = ()
    next: str | None = None
    receipt: Receipt


def export_subject(subject: str, *, purpose: str, case: str | None = None) -> Pages[Account]:
    """The account of a person; in parts when they have very many records, fetched as they are needed."""
    headers = asking(purpose, case)

    def fetch(cursor: str | None) -> Operation[Page[Account]]:
        part = parsed(Account, (yield get(_path(subject), {"format": "json", "cursor": cursor}, headers)))
        return Page((part,), part.next)

    return Pages(fetch)


def export_page(
    subject: str, *, purpose: str, case: str | None = None, language: str = "vi"
) -> Operation[str]:
    """The account as a page of HTML, in `vi` or `en`."""
    params = {"format": "html", "language": language}
    return checked((yield get(_path(subject), params, asking(purpose, case)))).text


def _path(subject: str) -> str:
    return f"/v1/subjects/{check_id('sub', subject)}/export"
