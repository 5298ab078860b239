"""Rows of the audit log: the event's own bytes, and beside them what the compliance team asks by.

The bytes are the truth; every other column is read off them when they are written. `leaf` is the event's place in the
tree, given by the sequencer after commit.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text

from app.storage.columns import Identifier, Moment
from app.storage.metadata import metadata

audit_events: Final = Table(
    "audit_events",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("id", Identifier, nullable=False),
    Column("at", Moment, nullable=False),
    Column("action", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("caller", Identifier),
    Column("purpose", Text),
    Column("subject", Text),
    Column("record", Text),
    Column("collection", Text),
    Column("recipient", Identifier),
    Column("case_reference", Text),
    Column("notice_version", Integer),
    # |role:support|field:phone|form:masked|clause:care| : what an event has several of
    Column("facets", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("leaf", BigInteger),
    PrimaryKeyConstraint("tenant", "id"),
    Index("ix_audit_events_subject", "tenant", "subject", "id"),
    Index("ix_audit_events_caller", "tenant", "caller", "id"),
    info={"place": "tenant"},
)
