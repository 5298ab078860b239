"""The text of an item says what its disclosure or stored record says, whatever was written before it."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.api.schemas.item_writer import ItemWriter
from app.api.schemas.receipt import receipt_json
from app.api.schemas.records import DisclosureOut, RecordOut
from app.audit.event import Action, Event, FieldTrace, NoticeRef, Outcome
from app.audit.log import Receipt
from app.kernel.clock import rfc3339
from app.kernel.ids import new_uuid, text_of
from app.keys.hierarchy import SubjectKeyRow
from app.notice.model import Form
from app.subjects.binding import Binding, State
from app.subjects.standing import RecordStanding
from app.vault.disclosure import Disclosure, FieldAnswer
from app.vault.record import StoredRecord
from app.vault.sealing import value_text
from app.vault.write_record import Stored

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_EVENT = Event(
    id=new_uuid(0),
    at=_NOW,
    tenant="shop",
    action=Action.RECORD_DISCLOSE,
    outcome=Outcome.ALLOWED,
    purpose="order",
    fields={"phone": FieldTrace("plain", "granted", "care")},
    notice=NoticeRef("shop", 1, "sha256:0"),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = texts | st.booleans() | st.integers() | st.dictionaries(texts, texts | st.lists(texts, max_size=2))
answers = st.builds(
    FieldAnswer,
    st.sampled_from(Form),
    st.none() | values.map(value_text),
    st.none() | texts,
    st.none() | st.just(_NOW),
)
receipts = st.builds(
    lambda changes: Receipt(_EVENT._replace(id=new_uuid(0), **changes)),
    st.fixed_dictionaries(
        {},
        optional={
            "outcome": st.sampled_from(Outcome),
            "purpose": st.none() | texts,
            "notice": st.none() | st.builds(NoticeRef, texts, st.integers(0, 9), texts),
            "fields": st.dictionaries(
                texts, st.builds(FieldTrace, texts, texts, st.none() | texts), max_size=2
            ),
        },
    ),
)
records = st.builds(
    StoredRecord,
    id=st.uuids(),
    tenant=texts,
    subject=st.uuids(),
    collection=texts,
    version=st.integers(1, 9),
    key=st.just(SubjectKeyRow.of(b"", b"", 1)),
    standing=st.just(RecordStanding({}, restricted=False)),
    fields=st.just({}),
)
disclosures = st.builds(Disclosure, records, st.dictionaries(texts, answers, max_size=4), receipts)
bindings = st.builds(
    Binding,
    id=st.uuids(),
    subject=st.uuids(),
    record=st.uuids(),
    purpose=texts,
    basis=texts,
    opened_at=st.just(_NOW),
    state=st.sampled_from(State),
)
stores = st.builds(
    Stored,
    st.uuids(),
    st.uuids(),
    texts,
    st.lists(texts, max_size=4),
    st.lists(bindings, max_size=3),
    receipts,
)


def _field(answer: FieldAnswer) -> dict[str, Any]:
    expires = answer.expires_at and rfc3339(answer.expires_at)
    whole = {
        "form": answer.form.value,
        "value": answer.value,
        "reason": answer.reason,
        "expires_at": expires,
    }
    return {name: value for name, value in whole.items() if value is not None}


@given(st.lists(disclosures, max_size=4))
def test_disclosures_are_written_as_they_are(given_out: list[Disclosure]) -> None:
    writer = ItemWriter()
    for one in given_out:
        assert json.loads(writer.disclosure(one)) == {
            "id": text_of("rec", one.record.id),
            "subject": text_of("sub", one.record.subject),
            "collection": one.record.collection,
            "version": one.record.version,
            "fields": {name: _field(answer) for name, answer in one.fields.items()},
            "receipt": receipt_json(one.receipt),
        }


@given(st.lists(stores, max_size=4))
def test_stored_records_are_written_as_they_are(given_in: list[Stored]) -> None:
    writer = ItemWriter()
    for one in given_in:
        assert json.loads(writer.stored(one)) == {
            "id": text_of("rec", one.record),
            "subject": text_of("sub", one.subject),
            "collection": one.collection,
            "version": 1,
            "fields": list(one.fields),
            "bindings": [
                {"id": text_of("bnd", b.id), "purpose": b.purpose, "state": b.state.value}
                for b in one.bindings
            ],
            "receipt": receipt_json(one.receipt),
        }


def test_the_shapes_are_those_that_are_declared() -> None:
    record = StoredRecord(
        new_uuid(0),
        "shop",
        new_uuid(0),
        "buyer",
        1,
        SubjectKeyRow.of(b"", b"", 1),
        RecordStanding({}, False),
        {},
    )
    shown = ItemWriter().disclosure(
        Disclosure(record, {"phone": FieldAnswer(Form.PLAIN, '"0903"')}, Receipt(_EVENT))
    )
    assert DisclosureOut.model_validate_json(shown, strict=True).fields["phone"].value == "0903"
    stored = ItemWriter().stored(Stored(record.id, record.subject, "buyer", ["phone"], [], Receipt(_EVENT)))
    assert RecordOut.model_validate_json(stored, strict=True).fields == ["phone"]
