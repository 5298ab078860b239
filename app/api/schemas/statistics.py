"""What a count of people looks like on the wire."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from app.api.schemas.receipt import RECEIPT_EXAMPLE, ReceiptOut, receipt_json
from app.api.schemas.spelling import Body
from app.vault.count_people import Count, Counted
from app.vault.suppression import MOST_FIELDS, STEP

_Name = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)]


class CountIn(Body):
    """By which fields of a collection people are counted; each in its generalised form."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"collection": "buyer", "by": ["address", "gender"]}]},
    )

    collection: _Name
    by: Annotated[list[_Name], Field(min_length=1, max_length=MOST_FIELDS)]

    @field_validator("by")
    @classmethod
    def each_once(cls, by: list[str]) -> list[str]:
        """A field twice says nothing more."""
        if len(set(by)) < len(by):
            raise ValueError("name each field once")
        return by

    def count(self) -> Count:
        """The body in the words of the vault."""
        return Count(self.collection, tuple(self.by))


class GroupOut(BaseModel):
    """Some people: the values they share (null for a field that is not stored), and how many they are, rounded down."""

    group: dict[str, Any]
    people: int


class CountsOut(BaseModel):
    """The groups that may be told, the largest first; `people` counts those in the groups told, each once."""

    collection: str
    by: list[str]
    groups: list[GroupOut]
    people: int
    threshold: int
    rounded_down_to: int
    receipt: ReceiptOut


def counts_json(count: Count, counted: Counted) -> dict[str, Any]:
    """The answer. The total is the sum of what is told: any other would tell about the rest."""
    return {
        "collection": count.collection,
        "by": list(count.by),
        "groups": [{"group": dict(group.values), "people": group.people} for group in counted.groups],
        "people": sum(group.people for group in counted.groups),
        "threshold": counted.threshold,
        "rounded_down_to": STEP,
        "receipt": receipt_json(counted.receipt),
    }


_HCM: Final[dict[str, Any]] = {"province": "Thành phố Hồ Chí Minh", "country": "VN"}
COUNTS_EXAMPLE: Final[dict[str, Any]] = {
    "collection": "buyer",
    "by": ["address", "gender"],
    "groups": [
        {"group": {"address": _HCM, "gender": "female"}, "people": 135},
        {"group": {"address": _HCM, "gender": "male"}, "people": 110},
    ],
    "people": 245,
    "threshold": 10,
    "rounded_down_to": 5,
    "receipt": RECEIPT_EXAMPLE
    | {"purpose": "market-research", "clauses": {"address": "research", "gender": "research"}},
}
