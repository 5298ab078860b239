"""What a notice consists of, as values.

Holds the closed lists of the language (forms, channels, conditions, field types, permissions) and the parts a
notice is made of. Reading TOML is `parse`'s business, judging a notice `check`'s, answering questions
`decide`'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.kernel.duration import Duration


class Form(StrEnum):
    """In which form a value leaves the vault; ordered by how much it tells (`rank`), not by its letters."""

    WITHHELD = "withheld"
    VERIFIED = "verified"
    TOKEN = "token"
    GENERALISED = "generalised"
    MASKED = "masked"
    PLAIN = "plain"

    @property
    def rank(self) -> int:
        """How much the form tells, from 0."""
        return _RANKS[self]

    def __lt__(self, other: str) -> bool:
        return self.rank < Form(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Form(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Form(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Form(other).rank


_RANKS: Final = {form: rank for rank, form in enumerate(Form)}


class Channel(StrEnum):
    """How a reader comes to a value: by asking for the record, or by resolving a token issued to it."""

    DIRECT = "direct"
    TOKEN = "token"


class BindingState(StrEnum):
    """Whether a purpose is open on a record, was, or never has been."""

    OPEN = "open"
    CLOSED = "closed"
    NONE = "none"


class Condition(StrEnum):
    """What a grant can ask of the circumstances, in the order in which a missing one is named."""

    ASSIGNED = "assigned"
    CASE = "case"
    APPROVED = "approved"
    OWN = "own"


class Basis(StrEnum):
    """Why the shop may process data for a purpose."""

    CONTRACT = "contract"
    CONSENT = "consent"
    LEGAL_OBLIGATION = "legal-obligation"
    LEGITIMATE_INTEREST = "legitimate-interest"


class Binding(StrEnum):
    """Whether a purpose has to be open on a record before the record can be read for it."""

    REQUIRED = "required"
    STANDING = "standing"


class SearchMode(StrEnum):
    """How records can be found by a field."""

    NONE = "none"
    EXACT = "exact"
    PREFIX = "prefix"


class Evidence(StrEnum):
    """What can be recorded with a consent."""

    WORDING = "wording"
    METHOD = "method"
    GIVEN_AT = "given_at"


_EVERY: Final = frozenset({Form.WITHHELD, Form.VERIFIED})
_HIDEABLE: Final = _EVERY | {Form.TOKEN, Form.MASKED, Form.PLAIN}

FORMS_OF_TYPE: Final[Mapping[str, frozenset[Form]]] = {
    "person-name": _HIDEABLE,
    "email": _HIDEABLE,
    "phone": _HIDEABLE,
    "postal-address": _HIDEABLE | {Form.GENERALISED},
    "date": _HIDEABLE | {Form.GENERALISED},
    "choice": _EVERY | {Form.TOKEN, Form.GENERALISED, Form.PLAIN},
    "national-id": _HIDEABLE,
    "text": _HIDEABLE,
    "password": _EVERY,
}
"""Which forms a field of each type can take; the list of types is closed."""

SEARCH_MODES_OF_TYPE: Final[Mapping[str, frozenset[SearchMode]]] = {
    "person-name": frozenset(SearchMode),
    "email": frozenset({SearchMode.NONE, SearchMode.EXACT}),
    "phone": frozenset({SearchMode.NONE, SearchMode.EXACT}),
    "postal-address": frozenset({SearchMode.NONE, SearchMode.PREFIX}),
    "date": frozenset({SearchMode.NONE}),
    "choice": frozenset({SearchMode.NONE}),
    "national-id": frozenset({SearchMode.NONE, SearchMode.EXACT}),
    "text": frozenset({SearchMode.NONE, SearchMode.EXACT}),
    "password": frozenset({SearchMode.NONE}),
}
"""How each type can be searched: one with few values would give them away by its index."""

PERMISSIONS: Final = frozenset(
    {
        "assignments",
        "audit",
        "bindings",
        "callers",
        "consents",
        "consents.record",
        "erasure",
        "holds",
        "keys",
        "notice.approve",
        "notice.draft",
        "notice.read",
        "orders.approve",
        "orders.request",
        "requests",
        "statistics",
        "subjects",
        "subjects.accesses",
        "tokens.issue",
    }
)
"""What a role's `may` can list: the endpoints that are not access to fields."""


NO_TIME: Final = Duration()
SEVEN_DAYS: Final = Duration(days=7)


def most_revealing(field_type: str, limit: Form) -> Form:
    """The form nearest to `limit`, and not above it, that a field of this type can take."""
    return max(
        (form for form in FORMS_OF_TYPE[field_type] if form.rank <= limit.rank), key=lambda form: form.rank
    )


@dataclass(frozen=True, slots=True)
class Clause:
    """One promise; `title` is its words by language."""

    name: str
    title: Mapping[str, str]
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is stored about a person."""

    name: str
    type: str
    required: bool = False
    search: SearchMode = SearchMode.NONE
    sensitive: bool = False
    choices: tuple[str, ...] = ()
    max_length: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """Fields that are stored together as one record."""

    name: str
    fields: Mapping[str, Field]
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why data may be used; `covers` names `collection.field`s, `keep` runs from the closing on."""

    name: str
    clause: str
    basis: Basis | None = None
    covers: frozenset[str] = frozenset()
    keep: Duration | None = None
    closes_after: Duration | None = None
    binding: Binding = Binding.REQUIRED
    forbidden: bool = False
    line: int | None = None

    @property
    def standing(self) -> bool:
        """Whether it reaches records without having been opened on them."""
        return self.binding is Binding.STANDING


@dataclass(frozen=True, slots=True)
class Role:
    """Who asks; `recipient` is set for a role outside the shop."""

    name: str
    says: str
    recipient: str | None = None
    may: frozenset[str] = frozenset()
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A role may read (`collection.field` → form) and write fields for a purpose, when all of `when` hold."""

    clause: str
    role: str
    purpose: str
    reads: Mapping[str, Form]
    writes: frozenset[str] = frozenset()
    when: frozenset[Condition] = frozenset()
    through: Channel = Channel.DIRECT
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """`grace` is the time between falling due and being erased."""

    clause: str | None = None
    grace: Duration = NO_TIME
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ConsentRule:
    """What must be recorded with every consent."""

    clause: str | None = None
    evidence: frozenset[Evidence] = frozenset(Evidence)
    line: int | None = None


@dataclass(frozen=True, slots=True)
class TokenRule:
    """How long a token lives unless its issuer asks for less."""

    clause: str | None = None
    live: Duration = SEVEN_DAYS
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Never:
    """What no cell may do. A part that is None matches everything; where all of `unless` hold, it may be."""

    clause: str
    says: str
    purposes: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    recipient: bool = False
    fields: frozenset[str] | None = None
    forms: frozenset[Form] = frozenset(Form) - {Form.WITHHELD}
    through: Channel | None = None
    unless: frozenset[Condition] = frozenset()
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A case in the shop's own words; `expect` maps field names, or `*` for every other, to forms."""

    says: str
    role: str
    purpose: str
    collection: str
    expect: Mapping[str, Form]
    open: bool = True
    through: Channel = Channel.DIRECT
    conditions: frozenset[Condition] = frozenset()
    restricted: bool = False
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A whole notice, with every name resolved and every pattern expanded."""

    id: str
    language: str
    title: Mapping[str, str]
    clauses: Mapping[str, Clause]
    collections: Mapping[str, Collection]
    purposes: Mapping[str, Purpose]
    roles: Mapping[str, Role]
    grants: tuple[Grant, ...]
    retention: Retention
    consent: ConsentRule
    tokens: TokenRule
    never: tuple[Never, ...]
    examples: tuple[Example, ...]
    source_digest: str

    def field_names(self) -> tuple[str, ...]:
        """Every `collection.field`, in the notice's order."""
        return tuple(f"{c.name}.{field}" for c in self.collections.values() for field in c.fields)

    def field(self, qualified: str) -> Field:
        """The field behind `collection.field`; KeyError when there is none."""
        collection, _, name = qualified.partition(".")
        return self.collections[collection].fields[name]
