"""The rules of a notice: grants, what must never be, and examples.

Decides what a single rule may say: that its names exist, that its purpose covers its fields and is not
forbidden, that a type can take the form, and that no two grants say the same twice.
"""

from collections.abc import Iterable, Mapping, Sequence

from app.notice.finding import quoted
from app.notice.model import (
    FORMS_OF_TYPE,
    Binding,
    Channel,
    Clause,
    Collection,
    Condition,
    Example,
    Form,
    Grant,
    Never,
    Purpose,
    Role,
)
from app.notice.patterns import expand, is_pattern
from app.notice.places import Path
from app.notice.reader import Section

Clauses = Mapping[str, Clause]
Collections = Mapping[str, Collection]
Purposes = Mapping[str, Purpose]
Roles = Mapping[str, Role]


def parse_grants(
    sections: Sequence[Section], clauses: Clauses, collections: Collections, purposes: Purposes, roles: Roles
) -> tuple[Grant, ...]:
    """Every `[[grants]]`, in order; the order decides between grants that reveal the same."""
    grants: list[Grant] = []
    for section in sections:
        grant = _grant(section, clauses, collections, purposes, roles)
        _refuse_duplicate(section, grant, grants)
        grants.append(grant)
    return tuple(grants)


def _grant(
    section: Section, clauses: Clauses, collections: Collections, purposes: Purposes, roles: Roles
) -> Grant:
    purpose = section.name("purpose", purposes, "purpose")
    known = purposes.get(purpose)
    if known is not None and known.forbidden:
        section.error(
            "forbidden-grant",
            "purpose",
            f"the purpose {quoted(purpose)} is forbidden; nothing is granted for it",
        )
    if "reads" not in section and "writes" not in section:
        section.error("missing-key", "reads", "a grant wants reads or writes")
    grant = Grant(
        clause=section.name("clause", clauses, "clause"),
        role=section.name("role", roles, "role"),
        purpose=purpose,
        reads=_reads(section.section("reads"), collections, known),
        writes=_writes(section, collections, known),
        when=section.several_of("when", Condition),
        through=section.one_of("through", Channel, Channel.DIRECT),
        line=section.line,
    )
    section.close()
    return grant


def _reads(section: Section, collections: Collections, purpose: Purpose | None) -> dict[str, Form]:
    """Field → form. In one grant a full name overrides a pattern; two patterns must not contradict."""
    exact: dict[str, Form] = {}
    general: dict[str, Form] = {}
    paths: dict[str, Path] = {}
    for key in section.names():
        path: Path = (*section.path, key)
        form = section.word("a form", section.text(key), Form, path)
        for name in expand(key, collections, path, section.report):
            found = general if is_pattern(key) else exact
            if form is not None and found.setdefault(name, form) is not form:
                section.error(
                    "ambiguous-form",
                    key,
                    f"two patterns give {quoted(name)} different forms; name it in full",
                )
            paths[name] = paths[name] if name in exact and is_pattern(key) else path
    for name, form in exact.items():
        if form is Form.WITHHELD and name not in general:
            section.report.error(
                "no-effect", paths[name], "what is not granted is withheld already; remove this"
            )
    reads: dict[str, Form] = {
        name: form for name, form in (general | exact).items() if form is not Form.WITHHELD
    }
    for name, form in reads.items():
        _check_form(section, collections, name, form, paths[name])
        _check_covered(section, purpose, name, paths[name])
    return reads


def _writes(section: Section, collections: Collections, purpose: Purpose | None) -> frozenset[str]:
    """Fields. A name must be covered; a pattern opens what other purposes of the same call may cover, too."""
    found: set[str] = set()
    for text, path in section.texts("writes"):
        names = expand(text, collections, path, section.report)
        found.update(names)
        if names and not (is_pattern(text) and purpose and purpose.covers & set(names)):
            for name in names:
                _check_covered(section, purpose, name, path)
    return frozenset(found)


def _check_form(section: Section, collections: Collections, name: str, form: Form, path: Path) -> None:
    collection, _, field = name.partition(".")
    kind = collections[collection].fields[field].type
    forms = FORMS_OF_TYPE.get(kind)
    if forms is not None and form not in forms:
        able = ", ".join(sorted((f.value for f in forms - {Form.WITHHELD}), key=lambda word: Form(word).rank))
        message = f"{quoted(name)} is of type {kind} and cannot be {form.value}; it can be {able}"
        section.report.error("impossible-form", path, message)


def _check_covered(section: Section, purpose: Purpose | None, name: str, path: Path) -> None:
    if purpose is None or purpose.forbidden or purpose.binding is Binding.STANDING or name in purpose.covers:
        return
    message = (
        f"the purpose {quoted(purpose.name)} does not cover {quoted(name)}; add it to covers, or drop it here"
    )
    section.report.error("not-covered", path, message)


def _refuse_duplicate(section: Section, grant: Grant, earlier: Iterable[Grant]) -> None:
    """Two grants with the same key may share no field, or it would be unclear which clause carries it."""
    for other in earlier:
        same = (other.role, other.purpose, other.through, other.when) == (
            grant.role,
            grant.purpose,
            grant.through,
            grant.when,
        )
        shared = sorted((grant.reads.keys() & other.reads.keys()) | (grant.writes & other.writes))
        if same and shared:
            message = (
                f"the grant on line {other.line} already says for role {quoted(grant.role)} and purpose "
                f"{quoted(grant.purpose)} what happens to {quoted(shared[0])}; join them"
            )
            section.report.error("duplicate-grant", section.path, message)
            return


def parse_never(
    sections: Sequence[Section], clauses: Clauses, collections: Collections, purposes: Purposes, roles: Roles
) -> tuple[Never, ...]:
    """Every `[[never]]`."""
    return tuple(_never(section, clauses, collections, purposes, roles) for section in sections)


def _never(
    section: Section, clauses: Clauses, collections: Collections, purposes: Purposes, roles: Roles
) -> Never:
    fields = [
        n for text, path in section.texts("fields") for n in expand(text, collections, path, section.report)
    ]
    forms = section.several_of("forms", Form)
    if Form.WITHHELD in forms:
        section.error("no-effect", "forms", "withheld tells nobody anything; leave it out of forms")
    if "recipient" in section and not section.flag("recipient"):
        section.error("no-effect", "recipient", "recipient is true (any role outside the shop) or left out")
    for key in ("purpose", "role", "fields", "forms", "unless"):
        if section.is_empty_list(key):
            section.error("empty", key, f"an empty list matches nothing; name something or leave {key} out")
    never = Never(
        clause=section.name("clause", clauses, "clause"),
        says=section.text("says"),
        purposes=_names(section, "purpose", purposes),
        roles=_names(section, "role", roles),
        recipient=section.flag("recipient"),
        fields=frozenset(fields) if "fields" in section else None,
        forms=forms or frozenset(Form) - {Form.WITHHELD},
        through=section.one_of("through", Channel, Channel.DIRECT) if "through" in section else None,
        unless=section.several_of("unless", Condition),
        line=section.line,
    )
    section.close()
    return never


def _names(section: Section, key: str, known: Mapping[str, object]) -> frozenset[str] | None:
    """Names of things that the notice defines; None when the key is absent."""
    found = section.texts(key)
    for name, path in found:
        section.report.known(key, name, known, path)
    return frozenset(name for name, _ in found) if key in section else None


def parse_examples(
    sections: Sequence[Section], collections: Collections, purposes: Purposes, roles: Roles
) -> tuple[Example, ...]:
    """Every `[[examples]]`."""
    return tuple(_example(section, collections, purposes, roles) for section in sections)


def _example(section: Section, collections: Collections, purposes: Purposes, roles: Roles) -> Example:
    given = section.section("given", required=True)
    collection = given.name("collection", collections, "collection")
    example = Example(
        says=section.text("says"),
        role=given.name("role", roles, "role"),
        purpose=given.name("purpose", purposes, "purpose"),
        collection=collection,
        expect=_expect(section.section("expect", required=True), collections.get(collection)),
        open=given.flag("open", default=True),
        through=given.one_of("through", Channel, Channel.DIRECT),
        conditions=given.several_of("conditions", Condition),
        restricted=given.flag("restricted"),
        line=section.line,
    )
    given.close()
    section.close()
    return example


def _expect(section: Section, collection: Collection | None) -> dict[str, Form]:
    """Field name, or `*` for every other, → form."""
    expected: dict[str, Form] = {}
    for key in section.names():
        path: Path = (*section.path, key)
        if key != "*" and collection is not None:
            section.report.known("field", key, collection.fields, path)
        form = section.word("a form", section.text(key), Form, path)
        if form is not None:
            expected[key] = form
    return expected
