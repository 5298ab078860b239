"""Rows of notice versions: the source as it was approved, and which version is active."""

from typing import Final

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Table, Text

from app.storage.columns import Identifier, Moment
from app.storage.metadata import metadata

notice_versions: Final = Table(
    "notice_versions",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("author", Identifier),
    Column("approver", Identifier),
    Column("created_at", Moment, nullable=False),
    Column("activated_at", Moment),
    PrimaryKeyConstraint("tenant", "version"),
    info={"place": "tenant"},
)
