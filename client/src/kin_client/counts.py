"""Counts of people by generalised values, for research: groups that are too small are not told."""

from collections.abc import Mapping, Sequence
from typing import Any

from kin_client.answer import Model, Receipt, parsed
from kin_client.operation import Operation, post
from kin_client.spelling import asking


class Group(Model):
    """The values that some people share (None for a field that is not stored), and how many they are, rounded down."""

    group: Mapping[str, Any]
    people: int


class Counts(Model):
    """The groups that may be told, the largest first; `threshold` is how many people a group needs."""

    collection: str
    by: tuple[str, ...]
    groups: tuple[Group, ...]
    people: int
    threshold: int
    rounded_down_to: int
    receipt: Receipt


def count_people(
    collection: str, by: Sequence[str], *, purpose: str, case: str | None = None
) -> Operation[Counts]:
    """Count people by fields of a collection, each in its generalised form."""
    document = {"collection": collection, "by": list(by)}
    return parsed(Counts, (yield post("/v1/statistics", document, asking(purpose, case))))
