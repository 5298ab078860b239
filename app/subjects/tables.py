"""Rows of people: their wrapped key, what the shop calls them (as a digest), and what their data may be used for."""

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    false,
)

from app.storage.columns import Identifier, Moment
from app.storage.metadata import metadata

subjects: Final = Table(
    "subjects",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("id", Identifier, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("kek_version", SmallInteger, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("commitment", LargeBinary, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("restricted_at", Moment),
    Column("restricted_words", LargeBinary),
    # Whether any hold stands: read with every record, so it is kept here, by those who lock this row.
    Column("held", Boolean, nullable=False, server_default=false()),
    PrimaryKeyConstraint("bucket", "id"),
    info={"place": "bucket"},
)

# The bucket is the digest's own: a reference is found without knowing the person. No foreign key crosses places.
subject_refs: Final = Table(
    "subject_refs",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("subject", Identifier, nullable=False),
    PrimaryKeyConstraint("bucket", "tenant", "digest"),
    # What is removed when a person is erased.
    Index("ix_subject_refs_subject", "subject"),
    info={"place": "bucket"},
)

bindings: Final = Table(
    "bindings",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("id", Identifier, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("subject", Identifier, nullable=False),
    Column("record", Identifier, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("reference_digest", LargeBinary),
    Column("reference_sealed", LargeBinary),
    Column("consent", Identifier),
    Column("state", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("closed_because", Text),
    Column("closed_words", LargeBinary),
    PrimaryKeyConstraint("bucket", "id"),
    ForeignKeyConstraint(["bucket", "subject"], ["subjects.bucket", "subjects.id"]),
    Index("ix_bindings_record", "bucket", "record"),
    Index("ix_bindings_reference", "reference_digest", "purpose", "tenant"),
    info={"place": "bucket"},
)

# A ledger: rows are added, never changed. A withdrawal is another row.
consents: Final = Table(
    "consents",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("id", Identifier, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("subject", Identifier, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("notice_version", SmallInteger, nullable=False),
    Column("wording", Text),
    Column("method", Text),
    Column("given_at", Moment),
    Column("recorded_at", Moment, nullable=False),
    Column("recorded_by", Identifier, nullable=False),
    Column("withdraws", Identifier),
    PrimaryKeyConstraint("bucket", "id"),
    ForeignKeyConstraint(["bucket", "subject"], ["subjects.bucket", "subjects.id"]),
    Index("ix_consents_subject", "bucket", "subject"),
    info={"place": "bucket"},
)

holds: Final = Table(
    "holds",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("id", Identifier, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("subject", Identifier, nullable=False),
    Column("case_reference", Text, nullable=False),
    Column("words", LargeBinary, nullable=False),
    Column("placed_at", Moment, nullable=False),
    Column("placed_by", Identifier, nullable=False),
    Column("released_at", Moment),
    Column("released_by", Identifier),
    PrimaryKeyConstraint("bucket", "id"),
    ForeignKeyConstraint(["bucket", "subject"], ["subjects.bucket", "subjects.id"]),
    Index("ix_holds_subject", "bucket", "subject"),
    info={"place": "bucket"},
)

assignments: Final = Table(
    "assignments",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("id", Identifier, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("subject", Identifier, nullable=False),
    Column("caller", Identifier, nullable=False),
    Column("case_reference", Text),
    Column("made_at", Moment, nullable=False),
    Column("made_by", Identifier, nullable=False),
    Column("until", Moment, nullable=False),
    Column("ended_at", Moment),
    PrimaryKeyConstraint("bucket", "id"),
    ForeignKeyConstraint(["bucket", "subject"], ["subjects.bucket", "subjects.id"]),
    Index("ix_assignments_subject", "bucket", "subject"),
    info={"place": "bucket"},
)
