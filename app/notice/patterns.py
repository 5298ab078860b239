"""Which fields a name in a rule means: `buyer.email`, all of `buyer.*`, or every `*.email`."""

from collections.abc import Mapping

from app.notice.model import Collection
from app.notice.places import Path
from app.notice.reader import Report


def is_pattern(text: str) -> bool:
    """Whether the text names fields by a star."""
    return "*" in text


def expand(text: str, collections: Mapping[str, Collection], path: Path, report: Report) -> tuple[str, ...]:
    """The `collection.field` names that `text` stands for; none, and noted, if it is mistaken."""
    collection, dot, field = text.partition(".")
    if (
        not dot
        or not collection
        or not field
        or collection == field == "*"
        or "." in field
        or _half_star(collection, field)
    ):
        message = "name fields as 'collection.field'; the only patterns are 'collection.*' and '*.field'"
        report.error("bad-pattern", path, message)
        return ()
    if collection == "*":
        found = tuple(f"{c.name}.{field}" for c in collections.values() if field in c.fields)
        if not found:
            report.known("field", field, {name for c in collections.values() for name in c.fields}, path)
        return found
    if not report.known("collection", collection, collections, path):
        return ()
    fields = collections[collection].fields
    if field == "*":
        return tuple(f"{collection}.{name}" for name in fields)
    return (text,) if report.known("field", field, fields, path) else ()


def _half_star(*parts: str) -> bool:
    return any("*" in part and part != "*" for part in parts)
