"""Where a mistake is said to be, and in whose words."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.kernel.errors import FieldError
from app.web.validation import MAX_ERRORS, field_errors

MARK = "kinmark"


class ByRef(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["ref"] = "ref"
    ref: str


class ById(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["id"]
    id: str

    @field_validator("id")
    @classmethod
    def known(cls, value: str) -> str:
        raise ValueError(f"no such id: {value}")


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")
    subject: ByRef | ById
    tagged: Annotated[ByRef | ById, Field(discriminator="kind")] = ByRef(ref="a")
    at: datetime | None = None
    lines: list[int] = []
    notes: dict[str, int] = {}


def errors_of(document: object) -> tuple[FieldError, ...]:
    try:
        Order.model_validate(document)
    except ValidationError as error:
        return field_errors(error.errors(), document)
    raise AssertionError("the document was taken")


def places(document: object) -> set[tuple[str, str]]:
    return {(error.pointer, error.code) for error in errors_of(document)}


def test_pointers_resolve_in_the_document_without_the_tags_of_unions() -> None:
    assert places({"subject": {"ref": 5}}) >= {("/subject/ref", "string-type")}
    assert places({"subject": {"ref": "a"}, "lines": [1, "x", 3]}) == {("/lines/1", "int-parsing")}
    assert places({"subject": {"ref": "a"}, "tagged": {"kind": "id"}}) == {("/tagged/id", "missing")}


def test_what_is_missing_is_named_where_it_should_be() -> None:
    assert places({}) == {("/subject", "missing")}
    assert ("/subject/ref", "missing") in places({"subject": {}})


def test_a_name_that_the_sender_made_up_is_not_repeated() -> None:
    assert places({"subject": {"ref": "a"}, MARK: 1}) == {("", "extra-forbidden")}
    assert places({"subject": {"ref": "a"}, "notes": {"KINMARK An": "x"}}) == {("/notes", "int-parsing")}
    assert places({"subject": {"ref": "a"}, "notes": {"a/b~": "x"}}) == {("/notes", "int-parsing")}


def test_no_error_holds_what_was_sent() -> None:
    document = {
        "subject": {"kind": "id", "id": MARK},
        "tagged": {"kind": MARK},
        "at": MARK,
        "lines": [MARK],
    }
    errors = errors_of(document)
    assert len(errors) >= 4
    assert MARK not in repr(errors)


def test_there_are_never_more_than_fifty() -> None:
    assert len(errors_of({"subject": {"ref": "a"}, "lines": ["x"] * 5000})) == MAX_ERRORS
