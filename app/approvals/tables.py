"""Rows of orders. An order can concern several people, so it lives with its tenant and not with a person."""

from typing import Final

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, Text

from app.storage.columns import Identifier, Moment
from app.storage.metadata import metadata

orders: Final = Table(
    "orders",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("id", Identifier, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("case_reference", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("requested_by", Identifier, nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("decided_by", Identifier),
    Column("decided_at", Moment),
    PrimaryKeyConstraint("tenant", "id"),
    info={"place": "tenant"},
)

order_subjects: Final = Table(
    "order_subjects",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("order_id", Identifier, nullable=False),
    Column("subject", Identifier, nullable=False),
    PrimaryKeyConstraint("tenant", "order_id", "subject"),
    # What is found and removed when a person is erased.
    Index("ix_order_subjects_subject", "tenant", "subject"),
    info={"place": "tenant"},
)
