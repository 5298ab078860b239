"""A person's account of what is held of them (Law 91/2025/QH15, art. 4; GDPR art. 15): every record with its fields, why each
is kept and until when, what they agreed to, who looked, who outside the shop received something.

Fields are judged and recorded like any batch read: what the notice grants the caller for the purpose, one event a record, durable
before anything is told. It decides only what belongs into the account; how it is written is the doors' matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from app.audit.author import Author
from app.audit.event import Action, Outcome
from app.audit.log import AuditLog, Receipt
from app.audit.query import LARGEST_PAGE
from app.identity.store import IdentityStore
from app.kernel.clock import Clock
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import parse_id
from app.notice.active import ActiveNotices
from app.notice.decide import Reason
from app.notice.model import Form, Notice
from app.rights.deadline import Deadlines
from app.vault.ask import Ask, notice_ref
from app.vault.describe_subject import Accesses, BindingView, SubjectDescriber, SubjectPage
from app.vault.disclose import Discloser
from app.vault.disclosure import Denial, Disclosure, FieldAnswer
from app.vault.find_subject import SubjectFinder
from app.vault.judge import Wanted
from app.vault.keeping import Keeper, keepers
from app.vault.record_list import RecordHead, RecordList

MOST_RECORDS: Final = 1000
"""How many records one answer tells of; `next` leads to the others."""
_NOT_IN_NOTICE: Final = FieldAnswer(Form.WITHHELD, reason="not-in-notice")
_GIVEN: Final = frozenset({Outcome.ALLOWED.value, Outcome.PARTIAL.value})


@dataclass(frozen=True, slots=True)
class HeldField:
    """One stored field: in the form that was granted, and what keeps it. A password is kept as a verifier, which nobody reads."""

    answer: FieldAnswer
    verifier: bool
    keepers: Sequence[Keeper]


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """One record with what it is held for; `answer` is what came of reading it, with the receipt."""

    head: RecordHead
    fields: Mapping[str, HeldField]
    bindings: Sequence[BindingView]
    answer: Disclosure | Denial


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody outside the shop: what the notice calls the kind, and what the shop calls the one."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Account:
    """All of it. `records` may be a part, `next` the id to go on after; the lists of looks have their own ends."""

    page: SubjectPage
    notice: Notice
    deadlines: Deadlines
    records: Sequence[HeldRecord]
    accesses: Accesses
    received: Accesses
    recipients: Mapping[UUID, Recipient]
    next: UUID | None
    receipt: Receipt


class SubjectAccess:
    """The use case of the account."""

    def __init__(
        self,
        describer: SubjectDescriber,
        stored: RecordList,
        discloser: Discloser,
        finder: SubjectFinder,
        identity: IdentityStore,
        notices: ActiveNotices,
        deadlines: Deadlines,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._describer = describer
        self._stored = stored
        self._discloser = discloser
        self._finder = finder
        self._identity = identity
        self._notices = notices
        self._deadlines = deadlines
        self._audit = audit
        self._clock = clock

    async def account(
        self, ask: Ask, subject: UUID, *, limit: int = MOST_RECORDS, after: UUID | None = None
    ) -> Account | Denial:
        """The account, or the denial when the notice grants nothing for the purpose as it was asked; `not-found` when there is
        no such person. What is stored and not granted is named with the reason, never left out.

        `limit` and `after` choose the records, oldest first.
        """
        tenant = ask.caller.tenant
        person, table = await self._finder.person(tenant, subject), await self._notices.table(tenant)
        author = Author(ask.caller, ask.request, notice_ref(table), ask.case)
        # Before the disclosures of this very account: the list says who looked until now.
        accesses = await self._describer.accesses(
            author, subject, outside=False, limit=LARGEST_PAGE, after=None
        )
        received = await self._describer.accesses(
            author, subject, outside=True, limit=LARGEST_PAGE, after=None
        )
        page = await self._describer.page(author, subject)
        heads = [head for head in page.records if after is None or head.id > after]
        chosen = heads[:limit]
        answers = await self._discloser.disclose_many(ask, [head.id for head in chosen], Wanted())
        denied = [answer for answer in answers if isinstance(answer, Denial)]
        refused = [denial for denial in denied if denial.kind is Kind.DISCLOSURE_DENIED]
        if refused and not any(isinstance(answer, Disclosure) for answer in answers):
            return refused[0]
        names = await self._stored.fields(tenant, [head.id for head in chosen])
        records = [
            _held(table.notice, head, names[head.id], answer, page.bindings)
            for head, answer in zip(chosen, _told(answers), strict=True)
            if names[head.id]  # or it went meanwhile
        ]
        event = author.event(
            Action.SUBJECT_EXPORT,
            self._clock.now(),
            person=person,
            purpose=ask.purpose,
            outcome=Outcome.PARTIAL if denied else Outcome.ALLOWED,
        )
        return Account(
            page=page,
            notice=table.notice,
            deadlines=self._deadlines,
            records=records,
            accesses=accesses,
            received=received,
            recipients=await self._recipients(tenant, table.notice, received.items),
            next=chosen[-1].id if len(heads) > limit else None,
            receipt=await self._audit.append(event),
        )

    async def _recipients(
        self, tenant: str, notice: Notice, events: Sequence[Mapping[str, Any]]
    ) -> dict[UUID, Recipient]:
        named = {parse_id("clr", event["recipient"]) for event in events}
        found: dict[UUID, Recipient] = {}
        for stored in await self._identity.callers(tenant) if named else ():
            roles = [notice.roles[role] for role in sorted(stored.caller.roles) if role in notice.roles]
            kinds = [role.recipient for role in roles if role.recipient]
            if stored.caller.id in named:
                found[stored.caller.id] = Recipient(kinds[0] if kinds else "", stored.caller.name)
        return found


def gave_something(event: Mapping[str, Any]) -> bool:
    """Whether somebody learnt something by what an event records."""
    return event["outcome"] in _GIVEN


def _told(answers: Sequence[Disclosure | Denial | VaultError]) -> list[Disclosure | Denial]:
    """The answers, when none failed: half an account would pass for a whole one."""
    for answer in answers:
        if isinstance(answer, VaultError):
            raise answer
    return [answer for answer in answers if not isinstance(answer, VaultError)]


def _held(
    notice: Notice,
    head: RecordHead,
    names: Sequence[str],
    answer: Disclosure | Denial,
    bindings: Sequence[BindingView],
) -> HeldRecord:
    own = [view for view in bindings if view.binding.record == head.id]
    collection = notice.collections.get(head.collection)
    fields = collection.fields if collection else {}
    return HeldRecord(
        head,
        {
            name: HeldField(
                _field(answer, name) if name in fields else _NOT_IN_NOTICE,
                name in fields and fields[name].type == "password",
                keepers(notice, head.collection, name, [view.binding for view in own]),
            )
            for name in names
        },
        own,
        answer,
    )


def _field(answer: Disclosure | Denial, name: str) -> FieldAnswer:
    """What came of reading a field; a collection of which nothing is granted is refused as a whole, without a reason a field."""
    if isinstance(answer, Disclosure) and name in answer.fields:
        return answer.fields[name]
    reasons = answer.reasons if isinstance(answer, Denial) else {}
    return FieldAnswer(Form.WITHHELD, reason=reasons.get(name, Reason.NOT_GRANTED.value))
