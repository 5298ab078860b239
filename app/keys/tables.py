"""Rows of the key hierarchy: tenant keys in versions, each wrapped by the root key, which is never here."""

from typing import Final

from sqlalchemy import Column, LargeBinary, PrimaryKeyConstraint, SmallInteger, Table, Text

from app.storage.columns import Moment
from app.storage.metadata import metadata

tenant_keys: Final = Table(
    "tenant_keys",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("version", SmallInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    PrimaryKeyConstraint("tenant", "kind", "version"),
    info={"place": "tenant"},
)
