"""TOML source → `Notice`, or every error in it with its line.

Decides which keys there are, what they may hold, and that every name means something. Whether the notice as a
whole keeps its promises is `check`'s question.
"""

import re
import tomllib
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from app.notice.finding import Finding, NoticeInvalid, Severity, in_order
from app.notice.model import (
    FORMS_OF_TYPE,
    NO_TIME,
    PERMISSIONS,
    SEARCH_MODES_OF_TYPE,
    SEVEN_DAYS,
    Basis,
    Binding,
    Clause,
    Collection,
    ConsentRule,
    Evidence,
    Field,
    Notice,
    Purpose,
    Retention,
    Role,
    SearchMode,
    TokenRule,
)
from app.notice.parse_rules import parse_examples, parse_grants, parse_never
from app.notice.patterns import expand
from app.notice.places import places
from app.notice.reader import HYPHENATED, UNDERSCORED, Report, Section

__all__ = ["Finding", "NoticeInvalid", "Severity", "parse"]

MAX_BYTES: Final = 512 * 1024
MAX_LINE: Final = 4000
"""Reading a key takes time by the square of its dots, and Python refuses whole numbers of more than 4,300 digits."""
MAX_CELLS: Final = 2_000_000
"""Checking goes through every cell and compares rules; these bounds keep it to seconds."""

MOST_RULES: Final = {"grants": 1000, "never": 100, "examples": 1000}

_TOML_LINE: Final = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")


def parse(source: str | bytes) -> Notice:
    """The notice that the TOML describes, or `NoticeInvalid` with all errors in order of line."""
    raw = source if isinstance(source, bytes) else source.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_BYTES:
        raise _not_toml("too-large", None, f"a notice has at most {MAX_BYTES} bytes; shorten it")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as wrong:
        line = raw.count(b"\n", 0, wrong.start) + 1
        raise _not_toml("encoding", line, "not UTF-8 from here on; save the file as UTF-8") from None
    values, report = _read_toml(text)
    notice = _notice(Section(values, (), report), f"sha256:{sha256(raw).hexdigest()}")
    if report.findings:
        raise NoticeInvalid(in_order(report.findings))
    return notice


def _read_toml(text: str) -> tuple[dict[str, object], Report]:
    """The values, and a report that knows their lines."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            raise _not_toml("too-large", number, f"a line has at most {MAX_LINE} characters; break it")
    try:
        return tomllib.loads(text), Report(places(text))
    except RecursionError:
        raise _not_toml("syntax", None, "tables or lists are nested too deeply; flatten them") from None
    except tomllib.TOMLDecodeError as wrong:
        words = str(wrong)
        place = _TOML_LINE.search(words)
        line_number = int(place[1]) if place and place[1] else text.count("\n") + 1
        message = "".join(c if c.isprintable() else "?" for c in _TOML_LINE.sub("", words)[:200])
        raise _not_toml("syntax", line_number, f"not TOML: {message[:1].lower()}{message[1:]}") from None


def _not_toml(code: str, line: int | None, message: str) -> NoticeInvalid:
    return NoticeInvalid([Finding(Severity.ERROR, code, line, message)])


def _notice(root: Section, digest: str) -> Notice:
    head = root.section("notice", required=True)
    language = head.text("language")
    clauses = {
        name: _clause(name, part, language) for name, part in root.section("clauses").named(HYPHENATED)
    }
    collections = {n: _collection(n, part) for n, part in root.section("collections").named(UNDERSCORED)}
    purposes = {
        name: _purpose(name, part, clauses, collections)
        for name, part in root.section("purposes").named(HYPHENATED)
    }
    roles = {name: _role(name, part) for name, part in root.section("roles").named(HYPHENATED)}
    notice = Notice(
        id=_id(head),
        language=language,
        title=_title(head, language),
        clauses=clauses,
        collections=collections,
        purposes=purposes,
        roles=roles,
        grants=parse_grants(root.sections("grants"), clauses, collections, purposes, roles),
        retention=_retention(root.section("retention"), clauses),
        consent=_consent(root.section("consent"), clauses),
        tokens=_tokens(root.section("tokens"), clauses),
        never=parse_never(root.sections("never"), clauses, collections, purposes, roles),
        examples=parse_examples(root.sections("examples"), collections, purposes, roles),
        source_digest=digest,
    )
    head.close()
    root.close()
    _bound_size(notice, root.report)
    return notice


def _bound_size(notice: Notice, report: Report) -> None:
    for kind, most in MOST_RULES.items():
        if len(getattr(notice, kind)) > most:
            report.error(
                "too-large",
                (kind, most),
                f"there are more than {most} tables [[{kind}]]; join some, or split the notice",
            )
    cells = len(notice.roles) * len(notice.purposes) * len(notice.field_names()) * 32
    if cells > MAX_CELLS:
        message = f"roles × purposes × fields × 32 is {cells}, more than {MAX_CELLS} cells; split the notice"
        report.error("too-large", (), message)


def _id(head: Section) -> str:
    name = head.text("id")
    if name and not (len(name) <= 64 and HYPHENATED.fullmatch(name)):
        head.error("bad-name", "id", "the id wants up to 64 small letters and digits, joined by '-'")
    return name


def _title(section: Section, language: str) -> Mapping[str, str]:
    """The words by language; the notice's own language must be among them."""
    title = section.words("title")
    if "title" in section and language and language not in title:
        section.error("missing-title", "title", "the title is missing in the language of the notice; add it")
    return title


def _clause(name: str, section: Section, language: str) -> Clause:
    clause = Clause(name, _title(section, language), section.line)
    section.close()
    return clause


def _collection(name: str, section: Section) -> Collection:
    fields = section.section("fields", required=True)
    if "fields" in section and not fields.names():
        fields.report.error("empty", fields.path, "a collection wants at least one field")
    found = {field: _field(field, part) for field, part in fields.named(UNDERSCORED)}
    section.close()
    return Collection(name, found, section.line)


def _field(name: str, section: Section) -> Field:
    kind = section.text("type")
    known = bool(kind) and section.report.known("type", kind, FORMS_OF_TYPE, (*section.path, "type"))
    choices = tuple(text for text, _ in section.texts("choices"))
    if known and kind == "choice" and not choices:
        section.error("missing-key", "choices", "a choice wants its choices")
    if known and kind != "choice" and "choices" in section:
        section.error("unknown-key", "choices", "only a field of type choice has choices")
    max_length = section.count("max_length")
    if known and kind != "text" and max_length is not None:
        section.error("unknown-key", "max_length", "only a field of type text has a max_length")
    field = Field(
        name=name,
        type=kind,
        required=section.flag("required"),
        search=_search(section, kind if known else None),
        sensitive=section.flag("sensitive"),
        choices=choices,
        max_length=max_length,
        line=section.line,
    )
    section.close()
    return field


def _search(section: Section, kind: str | None) -> SearchMode:
    """`search` is true or false, or "prefix"."""
    mode = section.search_mode("search")
    if kind is not None and mode not in SEARCH_MODES_OF_TYPE[kind]:
        by_prefix = SearchMode.PREFIX in SEARCH_MODES_OF_TYPE[kind]
        how = "by prefix" if mode is SearchMode.PREFIX else "by its whole value" if by_prefix else "at all"
        fix = 'write search = "prefix", or remove it' if by_prefix else "remove search"
        section.error("not-searchable", "search", f"a field of type {kind} cannot be searched {how}; {fix}")
    return mode


def _purpose(
    name: str, section: Section, clauses: Mapping[str, Clause], collections: Mapping[str, Collection]
) -> Purpose:
    forbidden = section.flag("forbidden")
    binding = section.one_of("binding", Binding, Binding.REQUIRED)
    covers = [
        field
        for text, path in section.texts("covers")
        for field in expand(text, collections, path, section.report)
    ]
    if not forbidden:
        needed = ["basis"] if binding is Binding.STANDING else ["basis", "covers", "keep"]
        for key in needed:
            if key not in section:
                section.error("missing-key", key, f"the purpose says nothing about {key}; add it")
    purpose = Purpose(
        name=name,
        clause=section.name("clause", clauses, "clause"),
        basis=section.one_of("basis", Basis, Basis.CONTRACT) if "basis" in section else None,
        covers=frozenset(covers),
        keep=section.duration("keep"),
        closes_after=section.duration("closes-after"),
        binding=binding,
        forbidden=forbidden,
        line=section.line,
    )
    section.close()
    return purpose


def _role(name: str, section: Section) -> Role:
    may = section.texts("may")
    for word, path in may:
        section.report.known("permission", word, sorted(PERMISSIONS), path)
    role = Role(
        name=name,
        says=section.text("says"),
        recipient=section.optional_text("recipient"),
        may=frozenset(word for word, _ in may),
        line=section.line,
    )
    section.close()
    return role


def _rule_clause(section: Section, clauses: Mapping[str, Clause]) -> str | None:
    """The clause of a section that may be left out; when it is there it cites one, like every rule."""
    return section.name("clause", clauses, "clause") if section.names() else None


def _retention(section: Section, clauses: Mapping[str, Clause]) -> Retention:
    rule = Retention(_rule_clause(section, clauses), section.duration("grace") or NO_TIME, section.line)
    section.close()
    return rule


def _consent(section: Section, clauses: Mapping[str, Clause]) -> ConsentRule:
    evidence = section.several_of("evidence", Evidence)
    if "evidence" in section and not evidence:
        section.error("empty", "evidence", "a consent wants some evidence; name at least one")
    rule = ConsentRule(_rule_clause(section, clauses), evidence or frozenset(Evidence), section.line)
    section.close()
    return rule


def _tokens(section: Section, clauses: Mapping[str, Clause]) -> TokenRule:
    clause = _rule_clause(section, clauses)
    live = section.duration("live")
    if live == NO_TIME:
        section.error(
            "bad-duration", "live", "a token that lives no time is of no use; write for example P7D"
        )
    rule = TokenRule(clause, live or SEVEN_DAYS, section.line)
    section.close()
    return rule
