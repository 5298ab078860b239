"""Rows of tenants, callers and their API keys, and of customers' sessions. No secret is here: only digests."""

from typing import Final

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from app.storage.columns import Identifier, Moment
from app.storage.metadata import metadata

# The list of tenants is what names a tenant, so it alone is not fenced by one.
tenants: Final = Table(
    "tenants",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("created_at", Moment, nullable=False),
    info={"place": "tenant", "fenced": False},
)

callers: Final = Table(
    "callers",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("id", Identifier, nullable=False),
    Column("name", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    PrimaryKeyConstraint("tenant", "id"),
    UniqueConstraint("tenant", "name"),
    info={"place": "tenant"},
)

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("id", Identifier, nullable=False),
    Column("caller", Identifier, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    PrimaryKeyConstraint("tenant", "digest"),
    UniqueConstraint("tenant", "id"),
    info={"place": "tenant"},
)

# A session lives with its person: its credential names the bucket.
sessions: Final = Table(
    "sessions",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("id", Identifier, nullable=False),
    Column("subject", Identifier, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("ended_at", Moment),
    PrimaryKeyConstraint("bucket", "digest"),
    ForeignKeyConstraint(["bucket", "subject"], ["subjects.bucket", "subjects.id"]),
    Index("ix_sessions_subject", "bucket", "subject"),
    info={"place": "bucket"},
)
