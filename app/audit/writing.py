"""The bytes and the facets of events on their way into the log: those of `event`, written faster.

What a canonical encoder finds out anew each time is known here: the members, their order, and that most of them are the same
for the events of one call, whose fields and inputs are mostly the very same objects. Nothing is decided: `event`
says what the bytes are, and tests/unit/audit/test_event_bytes.py holds this to it.
"""

from collections.abc import Mapping
from json.encoder import encode_basestring as quoted

from app.audit.event import Ciphertext, Event, FieldTrace, facets
from app.kernel.clock import rfc3339
from app.kernel.ids import text_of

_Parts = tuple[str, str, str, str]


class EventWriter:
    """Writes the events of one commit. What it has seen it keeps, and knows by identity: it must not outlive them."""

    def __init__(self) -> None:
        self._seen: dict[tuple[object, ...], tuple[Event, _Parts]] = {}

    def write(self, event: Event) -> tuple[str, bytes]:
        """`event.facets` and `event.canonical`."""
        words, head, middle, tail = self._parts(event)
        name = text_of("evt", event.id)
        record = f',"record":{quoted(event.record)}' if event.record else ""
        subject = f',"subject":{quoted(event.subject)}' if event.subject else ""
        tenant = f',"tenant":{quoted(event.tenant)}' if event.tenant else ""
        written = f',"written":{_written(event.written)}' if event.written else ""
        text = f'{{{head}"id":"{name}"{middle}{record}{tail}{subject}{tenant}{written}}}'
        return words, text.encode()

    def _parts(self, event: Event) -> _Parts:
        place = (
            event.about,
            event.action,
            event.at,
            event.caller,
            event.case,
            event.collection,
            event.outcome,
            event.purpose,
            event.reason,
            event.recipient,
            event.request,
            event.roles,
            id(event.fields),
            id(event.inputs),
            event.notice,
        )
        known = self._seen.get(place)
        if known is None:
            known = self._seen[place] = (event, (facets(event), _head(event), _middle(event), _tail(event)))
        return known[1]


def _head(event: Event) -> str:
    """The members before `id`, with the comma behind them."""
    about = f'"about":{quoted(event.about)},' if event.about else ""
    caller = f'"caller":"{text_of("clr", event.caller)}",' if event.caller else ""
    case = f'"case":{quoted(event.case)},' if event.case else ""
    collection = f'"collection":{quoted(event.collection)},' if event.collection else ""
    fields = f'"fields":{_fields(event.fields)},' if event.fields else ""
    return f'{about}"action":{quoted(event.action)},"at":"{rfc3339(event.at)}",{caller}{case}{collection}{fields}'


def _middle(event: Event) -> str:
    """The members between `id` and `record`, with the comma before them."""
    inputs = f',"inputs":{_inputs(event.inputs)}' if event.inputs else ""
    notice = ""
    if event.notice:
        n = event.notice
        notice = f',"notice":{{"digest":{quoted(n.digest)},"id":{quoted(n.id)},"version":{n.version}}}'
    purpose = f',"purpose":{quoted(event.purpose)}' if event.purpose else ""
    reason = f',"reason":{quoted(event.reason)}' if event.reason else ""
    recipient = f',"recipient":"{text_of("clr", event.recipient)}"' if event.recipient else ""
    return f'{inputs}{notice},"outcome":{quoted(event.outcome)}{purpose}{reason}{recipient}'


def _tail(event: Event) -> str:
    """The members between `record` and `subject`, with the comma before them."""
    request = f',"request":{quoted(event.request)}' if event.request else ""
    roles = f',"roles":[{",".join(quoted(role) for role in sorted(event.roles))}]' if event.roles else ""
    return request + roles


def _fields(fields: Mapping[str, FieldTrace]) -> str:
    return "{" + ",".join([f"{quoted(name)}:{_trace(fields[name])}" for name in sorted(fields)]) + "}"


def _trace(trace: FieldTrace) -> str:
    asked = f'"asked":{quoted(trace.asked)},' if trace.asked else ""
    clause = f'"clause":{quoted(trace.clause)},' if trace.clause else ""
    return f'{{{asked}{clause}"given":{quoted(trace.given)},"reason":{quoted(trace.reason)}}}'


def _inputs(inputs: Mapping[str, str | bool]) -> str:
    said = [(name, inputs[name]) for name in sorted(inputs)]
    return (
        "{"
        + ",".join([f"{quoted(n)}:{quoted(v) if isinstance(v, str) else _bool(v)}" for n, v in said])
        + "}"
    )


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _written(written: Mapping[str, Ciphertext]) -> str:
    each = [(name, written[name]) for name in sorted(written)]
    return (
        "{"
        + ",".join([f'{quoted(n)}:{{"digest":{quoted(c.digest)},"version":{c.version}}}' for n, c in each])
        + "}"
    )
