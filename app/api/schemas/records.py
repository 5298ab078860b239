"""What a record's bodies and answers look like on the wire."""

from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from app.api.schemas.receipt import RECEIPT_EXAMPLE, BatchReceiptOut, ReceiptOut, receipt_json
from app.api.schemas.spelling import Body, CallerId, Moment, Name, Reference, SubjectId
from app.kernel.ids import parse_id, text_of
from app.kernel.plaintext import Plaintext
from app.notice.model import Form, SearchMode
from app.vault.change_record import Changed
from app.vault.judge import Wanted
from app.vault.search import Search
from app.vault.submission import ConsentGiven, PurposeOpened, Submission

_Evidence = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9._:/#-]{1,128}$")]
_FieldName = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)]


class SubjectIn(Body):
    """The person: by the shop's own reference (found or created), or by the vault's id."""

    ref: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200)] | None = None
    id: SubjectId | None = None

    @model_validator(mode="after")
    def one_of_both(self) -> "SubjectIn":
        """Exactly one way to name the person."""
        if (self.ref is None) == (self.id is None):
            raise ValueError("name the person by ref or by id")
        return self


class PurposeIn(Body):
    """A purpose the data is for; `ref` is the shop's reference, such as an order number."""

    purpose: Name
    ref: Reference | None = None


class ConsentIn(Body):
    """A consent with the evidence the notice asks for."""

    purpose: Name
    given_at: Moment | None = None
    method: _Evidence | None = None
    wording: _Evidence | None = None


RECORD_EXAMPLE: Final[dict[str, Any]] = {
    "collection": "delivery",
    "subject": {"ref": "customer-8123"},
    "purposes": [{"purpose": "order", "ref": "order-1001"}, {"purpose": "delivery", "ref": "order-1001"}],
    "fields": {
        "recipient": "Nguyễn Văn An",
        "phone": "0903 123 456",
        "address": {
            "lines": ["12 Nguyễn Huệ"],
            "ward": "Phường Sài Gòn",
            "province": "Thành phố Hồ Chí Minh",
            "country": "VN",
        },
    },
}


class RecordIn(Body):
    """A record to store."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [RECORD_EXAMPLE]})

    collection: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)]
    subject: SubjectIn
    purposes: list[PurposeIn] = Field(default_factory=list, max_length=32)
    consents: list[ConsentIn] = Field(default_factory=list, max_length=32)
    fields: Annotated[dict[_FieldName, Any], Field(max_length=100)]

    def submission(self) -> Submission:
        """The body in the words of the vault."""
        return Submission(
            collection=self.collection,
            reference=None if self.subject.ref is None else Plaintext(self.subject.ref),
            subject=None if self.subject.id is None else parse_id("sub", self.subject.id),
            purposes=[PurposeOpened(p.purpose, p.ref) for p in self.purposes],
            consents=[ConsentGiven(c.purpose, c.given_at, c.method, c.wording) for c in self.consents],
            fields={name: Plaintext(value) for name, value in self.fields.items()},
        )


class RecordsIn(Body):
    """Records to store, each for itself; every item is judged alone."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"records": [RECORD_EXAMPLE]}]})

    records: Annotated[list[Any], Field(min_length=1, max_length=1000)]


class ReadIn(Body):
    """Records to read."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"ids": ["rec_01k9v3c8w0b8sa3q7m5e2t4x6z"], "fields": ["recipient"], "form": "masked"}
            ]
        },
    )

    ids: Annotated[
        list[Annotated[str, StringConstraints(strict=True, max_length=64)]],
        Field(min_length=1, max_length=1000),
    ]
    fields: Annotated[list[_FieldName], Field(min_length=1, max_length=100)] | None = None
    form: Form | None = None
    recipient: CallerId | None = None

    def wanted(self) -> Wanted:
        """What is wanted of each record."""
        return wanted_of(self.fields, self.form, self.recipient)


class SearchIn(Body):
    """What to look for in one field of one collection: a whole value, or how one begins, where the notice allows it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"collection": "buyer", "field": "phone", "equals": "0903123456", "fields": ["full_name"]}
            ]
        },
    )

    collection: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)]
    field: _FieldName
    equals: Any = None
    prefix: Any = None
    fields: Annotated[list[_FieldName], Field(min_length=1, max_length=100)] | None = None
    form: Form | None = None
    recipient: CallerId | None = None
    limit: Annotated[int, Field(strict=True, ge=1, le=1000)] = 100

    @model_validator(mode="after")
    def one_of_both(self) -> "SearchIn":
        """Exactly one thing to look for."""
        if len({"equals", "prefix"} & self.model_fields_set) != 1:
            raise ValueError("say what to look for by equals or by prefix")
        return self

    def search(self) -> Search:
        """The body in the words of the vault."""
        wanted = wanted_of(self.fields, self.form, self.recipient)
        by_prefix = "prefix" in self.model_fields_set
        value = Plaintext(self.prefix if by_prefix else self.equals)
        mode = SearchMode.PREFIX if by_prefix else SearchMode.EXACT
        return Search(self.collection, self.field, value, wanted, self.limit, mode)


def wanted_of(fields: list[str] | None, form: Form | None, recipient: str | None) -> Wanted:
    """What is wanted, as the vault takes it."""
    return Wanted(
        fields=None if fields is None else tuple(fields),
        form=form,
        recipient=None if recipient is None else parse_id("clr", recipient),
    )


class ChangeIn(Body):
    """Values to write; null removes a field."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"fields": {"phone": "0903 654 321", "note": None}}]}
    )

    fields: Annotated[dict[_FieldName, Any], Field(min_length=1, max_length=100)]

    def values(self) -> dict[str, Plaintext | None]:
        """The body in the words of the vault."""
        return {name: None if value is None else Plaintext(value) for name, value in self.fields.items()}


class VerifyIn(Body):
    """A value to check against the stored one."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"field": "password", "value": "correct horse battery"}]},
    )

    field: _FieldName
    value: Any


class BindingOut(BaseModel):
    """A purpose open on the record."""

    id: str
    purpose: str
    state: str


class RecordOut(BaseModel):
    """A stored record; its values are not repeated."""

    id: str
    subject: str
    collection: str
    version: int
    fields: list[str]
    bindings: list[BindingOut]
    receipt: ReceiptOut


class ChangedOut(BaseModel):
    """A changed record: its new version and the fields it has now."""

    id: str
    subject: str
    collection: str
    version: int
    fields: list[str]
    receipt: ReceiptOut


class VerifiedOut(BaseModel):
    """Whether the value is the stored one."""

    matches: bool
    receipt: ReceiptOut


class FieldOut(BaseModel):
    """One field in the form it was granted, or the reason why it was not."""

    form: str
    value: Any = None
    reason: str | None = None
    expires_at: str | None = None


class DisclosureOut(BaseModel):
    """A record's fields, each in its form."""

    id: str
    subject: str
    collection: str
    version: int
    fields: dict[str, FieldOut]
    receipt: ReceiptOut


class ItemsOut(BaseModel):
    """One result or problem an item, in order."""

    items: list[Any]
    receipt: BatchReceiptOut


class FoundOut(BaseModel):
    """The records found that the caller may read; `more` when there are others beyond the limit."""

    items: list[DisclosureOut]
    more: bool
    next: None
    receipt: ReceiptOut


def changed_json(changed: Changed) -> dict[str, Any]:
    """The answer to a change."""
    return {
        "id": text_of("rec", changed.record),
        "subject": text_of("sub", changed.subject),
        "collection": changed.collection,
        "version": changed.version,
        "fields": list(changed.fields),
        "receipt": receipt_json(changed.receipt),
    }


_IDS: Final = {"id": "rec_01k9v3c8w0b8sa3q7m5e2t4x6z", "subject": "sub_01k9v3c8vyb8saf0m1g2h3j4k5"}

STORED_EXAMPLE: Final[dict[str, Any]] = {
    **_IDS,
    "collection": "delivery",
    "version": 1,
    "fields": ["address", "phone", "recipient"],
    "bindings": [{"id": "bnd_01k9v3c8w1b8sb4r8n6f3v5y70", "purpose": "order", "state": "open"}],
    "receipt": RECEIPT_EXAMPLE,
}

DISCLOSURE_EXAMPLE: Final[dict[str, Any]] = {
    **_IDS,
    "collection": "delivery",
    "version": 1,
    "fields": {
        "recipient": {"form": "plain", "value": "Nguyễn Văn An"},
        "phone": {"form": "masked", "value": "+84 90••• ••56"},
        "address": {
            "form": "token",
            "value": "tok_0b8sa3q7m5e2t4x6z0b8sa3q7m5e",
            "expires_at": "2026-11-29T08:00:00.000Z",
        },
        "note": {"form": "withheld", "reason": "not-granted"},
    },
    "receipt": RECEIPT_EXAMPLE
    | {
        "outcome": "partial",
        "purpose": "delivery",
        "clauses": {"recipient": "third-parties", "phone": "third-parties", "address": "third-parties"},
    },
}

_BATCH_RECEIPT: Final = {
    "events": ["evt_01k9v3c8w0b8sa3q7m5e2t4x6z"],
    "outcome": "allowed",
    "purpose": "order",
}
READ_EXAMPLE: Final[dict[str, Any]] = {"items": [DISCLOSURE_EXAMPLE], "receipt": _BATCH_RECEIPT}
STORE_EXAMPLE: Final[dict[str, Any]] = {"items": [STORED_EXAMPLE], "receipt": _BATCH_RECEIPT}
FOUND_EXAMPLE: Final[dict[str, Any]] = {
    "items": [DISCLOSURE_EXAMPLE],
    "more": False,
    "next": None,
    "receipt": RECEIPT_EXAMPLE | {"clauses": {"phone": "third-parties"}},
}
CHANGED_EXAMPLE: Final[dict[str, Any]] = {
    **_IDS,
    "collection": "delivery",
    "version": 2,
    "fields": ["address", "phone", "recipient"],
    "receipt": RECEIPT_EXAMPLE | {"clauses": {"phone": "trade"}},
}
VERIFIED_EXAMPLE: Final[dict[str, Any]] = {
    "matches": True,
    "receipt": RECEIPT_EXAMPLE | {"purpose": "account", "clauses": {"password": "account"}},
}
