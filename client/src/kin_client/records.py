"""Records: stored, read, searched, checked, changed, deleted. Every call says for what purpose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import Field

from kin_client.answer import Model, Receipt, checked, parsed
from kin_client.batch import Batch, batched, body, split
from kin_client.consents import Consent
from kin_client.operation import Operation, Request, get, post, with_body
from kin_client.spelling import asking, check_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecord:
    """A record to store.

    The person is named by the shop's own customer number (`customer`: found, or created) or by the vault's id (`subject`).
    `purposes` maps each purpose the data is for to the shop's reference, such as an order number, or to None.
    """

    collection: str
    fields: Mapping[str, Any] = field(repr=False)
    customer: str | None = field(default=None, repr=False)
    subject: str | None = None
    purposes: Mapping[str, str | None] = field(default_factory=dict)
    consents: Sequence[Consent] = ()

    def __post_init__(self) -> None:
        if (self.customer is None) == (self.subject is None):
            raise ValueError("name the person by customer or by subject")

    def document(self) -> dict[str, Any]:
        """The record as the API takes it."""
        return {
            "collection": self.collection,
            "subject": {"ref": self.customer} if self.subject is None else {"id": self.subject},
            "purposes": [
                {"purpose": purpose} if ref is None else {"purpose": purpose, "ref": ref}
                for purpose, ref in self.purposes.items()
            ],
            "consents": [consent.document() for consent in self.consents],
            "fields": dict(self.fields),
        }


class Binding(Model):
    """A purpose on a record, and whether it is open."""

    id: str
    purpose: str
    state: str


class _Versioned(Model):
    id: str
    version: int
    receipt: Receipt

    @property
    def etag(self) -> str:
        """What a change has to name, so that it does not undo another one."""
        return f'"{self.version}"'


class Stored(_Versioned):
    """A stored record; the vault does not repeat its values."""

    subject: str
    collection: str
    fields: tuple[str, ...]
    bindings: tuple[Binding, ...] = ()


class FieldAnswer(Model):
    """One field in the form the notice grants, or the reason why it is withheld. The value never shows in a `repr`."""

    form: str
    value: Any = Field(default=None, repr=False)
    reason: str | None = None
    expires_at: datetime | None = None
    uses: int | None = None


class Disclosure(_Versioned):
    """A record's fields, each in its form: `disclosure["phone"].value`."""

    subject: str
    collection: str
    fields: Mapping[str, FieldAnswer]

    def __getitem__(self, name: str) -> FieldAnswer:
        return self.fields[name]


class Found(Model):
    """The records that match and that the caller may read; `more` when there are others."""

    items: tuple[Disclosure, ...]
    more: bool = False
    receipt: Receipt


class Verified(Model):
    """Whether a value is the stored one."""

    matches: bool
    receipt: Receipt


class Changed(_Versioned):
    """A record after a change: its new version and the fields it has now."""

    subject: str
    collection: str
    fields: tuple[str, ...]


def store(
    record: NewRecord, *, purpose: str, case: str | None = None, idempotency_key: str | None = None
) -> Operation[Stored]:
    """Store a record.

    `idempotency_key` is for callers that may themselves start again (an order number serves): the same key and record
    give the same answer for a day. Without it only this call's own repetitions are safe.
    """
    headers = asking(purpose, case)
    answer = yield post("/v1/records", record.document(), headers, key=idempotency_key)
    return parsed(Stored, answer)


def store_many(
    records: Iterable[NewRecord], *, purpose: str, case: str | None = None, idempotency_key: str | None = None
) -> Operation[Batch[Stored]]:
    """Store any number of records; each is stored or refused alone."""
    headers = asking(purpose, case)

    def ask(number: int, group: list[bytes]) -> Request:
        key = None if idempotency_key is None else f"{idempotency_key}.{number}"
        return post("/v1/records/store", body("records", group, {}), headers, key=key)

    return (yield from batched(split(record.document() for record in records), ask, Stored))


def read(
    record: str,
    *,
    purpose: str,
    fields: Sequence[str] | None = None,
    form: str | None = None,
    recipient: str | None = None,
    case: str | None = None,
    order: str | None = None,
) -> Operation[Disclosure]:
    """Read a record's fields (all when none are named), each in the form the notice grants, or less when `form` says so.

    `recipient` is the outside caller (`clr_…`) for whom tokens are. Raises `Denied` when nothing is granted.
    """
    params = _wanted(fields, form, recipient)
    if fields is not None:
        params["fields"] = ",".join(fields)
    path = f"/v1/records/{check_id('rec', record)}"
    return parsed(Disclosure, (yield get(path, params, asking(purpose, case, order))))


def read_many(
    records: Iterable[str],
    *,
    purpose: str,
    fields: Sequence[str] | None = None,
    form: str | None = None,
    recipient: str | None = None,
    case: str | None = None,
    order: str | None = None,
) -> Operation[Batch[Disclosure]]:
    """Read any number of records: a disclosure or an error for each, in order."""
    headers = asking(purpose, case, order)
    more = _wanted(fields, form, recipient)

    def ask(_number: int, group: list[bytes]) -> Request:
        return post("/v1/records/read", body("ids", group, more), headers)

    return (yield from batched(split(records), ask, Disclosure))


def search(
    collection: str,
    field: str,
    equals: str | None = None,
    *,
    prefix: str | None = None,
    purpose: str,
    fields: Sequence[str] | None = None,
    form: str | None = None,
    recipient: str | None = None,
    limit: int = 100,
    case: str | None = None,
    order: str | None = None,
) -> Operation[Found]:
    """Find records by the value of a searchable field, or by how it begins, and read them.

    Gives at most `limit` records, which is at most 1,000.
    """
    if (equals is None) == (prefix is None):
        raise ValueError("say what to look for by equals or by prefix")
    looked_for = {"equals": equals} if prefix is None else {"prefix": prefix}
    document = {"collection": collection, "field": field, "limit": limit, **looked_for}
    document |= _wanted(fields, form, recipient)
    return parsed(Found, (yield post("/v1/records/search", document, asking(purpose, case, order))))


def verify(
    record: str, field: str, value: str, *, purpose: str, case: str | None = None, order: str | None = None
) -> Operation[Verified]:
    """Check a value, such as a password, without reading the stored one."""
    path = f"/v1/records/{check_id('rec', record)}/verify"
    answer = yield post(path, {"field": field, "value": value}, asking(purpose, case, order))
    return parsed(Verified, answer)


def change(
    record: str, fields: Mapping[str, Any], *, etag: str, purpose: str, case: str | None = None
) -> Operation[Changed]:
    """Change fields (None removes one) of the version that `etag` names.

    `PreconditionFailed` when another change came first. It can also mean that this change was made and its answer lost:
    read the record again to know.
    """
    headers = asking(purpose, case) | {"If-Match": etag}
    path = f"/v1/records/{check_id('rec', record)}"
    return parsed(Changed, (yield with_body("PATCH", path, {"fields": dict(fields)}, headers)))


def delete(record: str, *, etag: str | None = None, purpose: str, case: str | None = None) -> Operation[None]:
    """Delete a record; with `etag` only that version of it. `NotFound` can also mean that it was deleted and the answer lost."""
    headers = asking(purpose, case) | ({} if etag is None else {"If-Match": etag})
    checked((yield Request("DELETE", f"/v1/records/{check_id('rec', record)}", {}, headers)))


def _wanted(fields: Sequence[str] | None, form: str | None, recipient: str | None) -> dict[str, Any]:
    """What is wanted of a record; what is not said is left out."""
    wanted = {
        "fields": None if fields is None else list(fields),
        "form": form,
        "recipient": None if recipient is None else check_id("clr", recipient),
    }
    return {name: value for name, value in wanted.items() if value is not None}
