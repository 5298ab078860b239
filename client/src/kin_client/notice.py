"""The notice: the active one, checked, as a matrix of who can see what, and asked why."""

from collections.abc import Mapping, Sequence
from typing import Any

from kin_client.answer import Model, parsed
from kin_client.operation import Operation, get, post


class ActiveNotice(Model):
    """The notice that decides now; `source` is its TOML text."""

    id: str
    version: int
    digest: str
    title: Mapping[str, str]
    source: str


class Finding(Model):
    """One remark about a notice."""

    severity: str
    code: str
    line: int | None = None
    message: str
    subject: str | None = None


class Findings(Model):
    """All remarks about a notice; it can be activated when it is `fine`."""

    fine: bool
    items: tuple[Finding, ...]


class Step(Model):
    """From these conditions on a field comes out in this form, by this clause."""

    form: str
    when: tuple[str, ...] = ()
    clause: str | None = None


class Column(Model):
    """What one role sees for one purpose over one channel; a field that is not listed is withheld."""

    role: str
    purpose: str
    channel: str
    cells: Mapping[str, tuple[Step, ...]]


class Matrix(Model):
    """Who can see what, while the purpose is open."""

    fields: tuple[str, ...]
    columns: tuple[Column, ...]


class Consideration(Model):
    """One reason in its turn, and whether it decided."""

    reason: str
    decides: bool
    words: str


class FieldExplanation(Model):
    """The form of one field, and the reasons in the order in which they were considered."""

    form: str
    reason: str
    clause: str | None = None
    title: str | None = None
    considered: tuple[Consideration, ...] = ()
    grants: tuple[str, ...] = ()


class Explanation(Model):
    """What the notice answers to a question, and why."""

    outcome: str
    fields: Mapping[str, FieldExplanation]


def active_notice() -> Operation[ActiveNotice]:
    """The active notice."""
    return parsed(ActiveNotice, (yield get("/v1/notice", {})))


def check_notice(source: str) -> Operation[Findings]:
    """What the vault would say about a notice in TOML, without storing it."""
    return parsed(Findings, (yield post("/v1/notice/check", {"source": source})))


def notice_matrix(version: int | None = None) -> Operation[Matrix]:
    """The matrix of the active notice, or of another version."""
    params = {"version": None if version is None else str(version)}
    return parsed(Matrix, (yield get("/v1/notice/matrix", params)))


def explain(
    roles: Sequence[str],
    *,
    purpose: str,
    collection: str,
    fields: Sequence[str] | None = None,
    channel: str = "direct",
    binding: str = "open",
    restricted: bool = False,
    conditions: Sequence[str] = (),
    asked: str | None = None,
) -> Operation[Explanation]:
    """Why these roles would see what for a purpose: no record is touched."""
    document: dict[str, Any] = {
        "roles": list(roles),
        "purpose": purpose,
        "collection": collection,
        "channel": channel,
        "binding": binding,
        "restricted": restricted,
        "conditions": list(conditions),
    }
    if fields is not None:
        document["fields"] = list(fields)
    if asked is not None:
        document["asked"] = asked
    return parsed(Explanation, (yield post("/v1/notice/explain", document)))
