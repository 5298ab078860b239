"""Rows of the data itself: one row per field value, sealed; blind-index entries; tokens as digests."""

from typing import Final

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)

from app.storage.columns import Identifier, Moment
from app.storage.metadata import metadata

records: Final = Table(
    "records",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("id", Identifier, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("subject", Identifier, nullable=False),
    Column("collection", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    PrimaryKeyConstraint("bucket", "id"),
    ForeignKeyConstraint(["bucket", "subject"], ["subjects.bucket", "subjects.id"]),
    Index("ix_records_subject", "bucket", "subject"),
    info={"place": "bucket"},
)

field_values: Final = Table(
    "field_values",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("record", Identifier, nullable=False),
    Column("field", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("bucket", "record", "field"),
    ForeignKeyConstraint(["bucket", "record"], ["records.bucket", "records.id"]),
    info={"place": "bucket"},
)

# The bucket is the digest's own.
search_index: Final = Table(
    "search_index",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("record", Identifier, nullable=False),
    Column("key_version", SmallInteger, nullable=False),
    PrimaryKeyConstraint("bucket", "tenant", "field", "digest", "record"),
    # What is removed with a record or a field, whatever the index held of it and under which key.
    Index("ix_search_index_record", "record"),
    info={"place": "bucket"},
)

_ANYONE: Final = "recipient is the zero id when any outside caller that the notice lets resolve may do so"

tokens: Final = Table(
    "tokens",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("subject", Identifier, nullable=False),
    Column("record", Identifier, nullable=False),
    Column("field", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("recipient", Identifier, nullable=False, comment=_ANYONE),
    Column("salt", LargeBinary, nullable=False),
    Column("issued_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("uses_left", Integer),
    Column("retired_at", Moment),
    PrimaryKeyConstraint("bucket", "digest"),
    ForeignKeyConstraint(["bucket", "record"], ["records.bucket", "records.id"]),
    # One live token for a field, purpose and recipient: two reads at once give out the same one.
    Index(
        "uq_tokens_live",
        "bucket",
        "record",
        "field",
        "purpose",
        "recipient",
        unique=True,
        sqlite_where=text("retired_at IS NULL"),
        postgresql_where=text("retired_at IS NULL"),
    ),
    info={"place": "bucket"},
)

# Wrong answers to `verify`, one row each, for as long as they count.
wrong_answers: Final = Table(
    "wrong_answers",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("record", Identifier, nullable=False),
    Column("field", Text, nullable=False),
    Column("id", Identifier, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("bucket", "record", "field", "id"),
    ForeignKeyConstraint(["bucket", "record"], ["records.bucket", "records.id"]),
    info={"place": "bucket"},
)

# What a POST with an Idempotency-Key answered, in segments each sealed for the person it is about. The bucket is the
# digest's own; the digest is keyed, over caller and key.
kept_answers: Final = Table(
    "kept_answers",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("request", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("answer", LargeBinary),
    Column("begun_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    PrimaryKeyConstraint("bucket", "tenant", "digest"),
    Index("ix_kept_answers_expires_at", "tenant", "expires_at"),
    info={"place": "bucket"},
)

# Whom a caller has met in an hour (counted since 1970), as handles, and which searches it made: one row each.
spent_budgets: Final = Table(
    "spent_budgets",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("caller", Identifier, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("item", Text, nullable=False),
    PrimaryKeyConstraint("tenant", "caller", "hour", "kind", "item"),
    info={"place": "tenant"},
)

# How many rows there are of each kind, so that nobody has to count them.
budget_counts: Final = Table(
    "budget_counts",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("caller", Identifier, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("spent", Integer, nullable=False),
    PrimaryKeyConstraint("tenant", "caller", "hour", "kind"),
    info={"place": "tenant"},
)
