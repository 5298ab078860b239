"""Rows of people's rights. They outlive the person, so no foreign key leads to one."""

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)

from app.storage.columns import Identifier, Moment
from app.storage.metadata import metadata

requests: Final = Table(
    "requests",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("id", Identifier, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("subject", Identifier, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("recipients_involved", Boolean, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("acknowledge_by", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("holidays_known", Boolean, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("opened_by", Identifier, nullable=False),
    Column("acknowledged_at", Moment),
    Column("extended_at", Moment),
    Column("ended_at", Moment),
    Column("ended_by", Identifier),
    Column("certificate", Identifier),
    # Sealed under the person's key: what was said goes with the person, that it was asked for stays.
    Column("opened_words", LargeBinary),
    Column("extended_words", LargeBinary),
    Column("refused_words", LargeBinary),
    PrimaryKeyConstraint("bucket", "id"),
    Index("ix_requests_due", "tenant", "due_at", "id"),
    Index("ix_requests_subject", "bucket", "subject"),
    info={"place": "bucket"},
)

certificates: Final = Table(
    "certificates",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("id", Identifier, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("subject", Identifier, nullable=False),
    Column("cause", Text, nullable=False),
    Column("key_destroyed", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    # When the erasure ledger had it durably: what has not is still to be written there.
    Column("ledgered_at", Moment),
    PrimaryKeyConstraint("bucket", "id"),
    Index("ix_certificates_subject", "bucket", "subject"),
    Index(
        "ix_certificates_unledgered",
        "tenant",
        "id",
        sqlite_where=text("ledgered_at IS NULL"),
        postgresql_where=text("ledgered_at IS NULL"),
    ),
    info={"place": "bucket"},
)
