"""Disclosures and stored records as JSON text: what the items of an answer say alike is written once.

Nothing is decided here; the shapes are `records.DisclosureOut` and `records.RecordOut`, and tests/unit/api/test_item_writer.py
holds the text to them.
"""

import json
from json.encoder import encode_basestring as quoted
from typing import Final

from app.api.schemas.receipt import receipt_json
from app.audit.event import Event
from app.audit.log import Receipt
from app.kernel.clock import rfc3339
from app.kernel.ids import text_of
from app.notice.model import Form
from app.subjects.binding import Binding
from app.vault.disclosure import Disclosure, FieldAnswer
from app.vault.write_record import Stored

json_text: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
"""A document as the API writes it."""


class ItemWriter:
    """Writes the items of one answer. What it has seen it keeps, and knows by identity: it must not outlive them."""

    def __init__(self) -> None:
        self._receipts: dict[tuple[object, ...], tuple[Event, str]] = {}
        self._heads: dict[str, tuple[Form, str]] = {}

    def disclosure(self, of: Disclosure) -> str:
        """What a read is answered with."""
        record = of.record
        fields = ",".join([self._field(name, answer) for name, answer in of.fields.items()])
        return (
            f'{{"id":"{text_of("rec", record.id)}","subject":"{text_of("sub", record.subject)}",'
            f'"collection":{quoted(record.collection)},"version":{record.version},"fields":{{{fields}}},'
            f'"receipt":{self._receipt(of.receipt)}}}'
        )

    def stored(self, of: Stored) -> str:
        """What a store is answered with."""
        names = ",".join([quoted(name) for name in of.fields])
        bindings = ",".join([_binding(binding) for binding in of.bindings])
        return (
            f'{{"id":"{text_of("rec", of.record)}","subject":"{text_of("sub", of.subject)}",'
            f'"collection":{quoted(of.collection)},"version":1,"fields":[{names}],"bindings":[{bindings}],'
            f'"receipt":{self._receipt(of.receipt)}}}'
        )

    def _field(self, name: str, answer: FieldAnswer) -> str:
        form, text, reason, expires_at, _ = answer
        known = self._heads.get(name)
        if known is None or known[0] is not form:
            known = self._heads[name] = form, f'{quoted(name)}:{{"form":{quoted(form.value)}'
        shown = "" if text is None else f',"value":{text}'
        if reason is not None:
            shown += f',"reason":{quoted(reason)}'
        if expires_at is not None:
            shown += f',"expires_at":"{rfc3339(expires_at)}"'
        return f"{known[1]}{shown}}}"

    def _receipt(self, receipt: Receipt) -> str:
        """As `receipt_json`: but for the event's id the same for all that were decided alike."""
        event = receipt.event
        place = (id(event.fields), event.outcome, event.purpose, event.notice)
        known = self._receipts.get(place)
        if known is None:
            rest = receipt_json(receipt)
            del rest["event"]
            known = self._receipts[place] = (event, json_text(rest)[1:])
        return f'{{"event":"{text_of("evt", event.id)}",{known[1]}'


def _binding(binding: Binding) -> str:
    return (
        f'{{"id":"{text_of("bnd", binding.id)}","purpose":{quoted(binding.purpose)},'
        f'"state":"{binding.state.value}"}}'
    )
