"""Rows of the audit log: the event's own bytes, beside them what the compliance team asks by, and the tree over them.

The bytes are the truth; every other column is read off them when they are written. A row of events is never changed: its
place in the tree stands in `audit_leaves`, given by the sequencer after commit, once; until then it is in `audit_waiting`.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    false,
    text,
)

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
    PrimaryKeyConstraint("tenant", "id"),
    Index("ix_audit_events_subject", "tenant", "subject", "id"),
    Index("ix_audit_events_record", "tenant", "record", "id"),
    Index("ix_audit_events_caller", "tenant", "caller", "id"),
    info={"place": "tenant"},
)

# What the sequencer has not seen yet: a row for sixteen events at most that were recorded together (`waiting`), written with
# them, removed when they have their leaves. `id` is the smallest of theirs.
audit_waiting: Final = Table(
    "audit_waiting",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("id", Identifier, nullable=False),
    Column("entries", LargeBinary, nullable=False),
    Column("words", Text, nullable=False),
    PrimaryKeyConstraint("tenant", "id"),
    info={"place": "tenant"},
)

# Which events the leaves from 256 times `position` on are: their ids one behind another, 256 at most. All of them are
# between `oldest` and `newest`, by which an event's leaf is found.
audit_leaves: Final = Table(
    "audit_leaves",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("ids", LargeBinary, nullable=False),
    Column("oldest", Identifier, nullable=False),
    Column("newest", Identifier, nullable=False),
    PrimaryKeyConstraint("tenant", "position"),
    Index("ix_audit_leaves_newest", "tenant", "newest", "oldest"),
    info={"place": "tenant"},
)

# One a tenant: how far its log is sequenced, and who may go on (docs/adr/0010-sequencing-the-audit-log.md). `era` is
# part of the log's name from the leaf `began` on, once a restored log has begun anew.
audit_trees: Final = Table(
    "audit_trees",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("lease_until", Moment, nullable=False),
    Column("era", Text, nullable=False, server_default=text("''")),
    Column("began", BigInteger, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("tenant"),
    info={"place": "tenant"},
)

audit_tiles: Final = Table(
    "audit_tiles",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("hashes", LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant", "level", "position"),
    info={"place": "tenant"},
)

audit_checkpoints: Final = Table(
    "audit_checkpoints",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
    Column("note", Text, nullable=False),
    Column("cosignatures", Text, nullable=False, server_default=text("''")),
    PrimaryKeyConstraint("tenant", "size"),
    info={"place": "tenant"},
)

# Between the ids `first` and `last` there is an event with this facet: where to look, not what is there. `whole`: they are
# those of a block, some four seconds; otherwise of a few events that were recorded together.
audit_facets: Final = Table(
    "audit_facets",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("facet", Text, nullable=False),
    Column("first", Identifier, nullable=False),
    Column("last", Identifier, nullable=False),
    Column("whole", Boolean, nullable=False, server_default=false()),
    PrimaryKeyConstraint("tenant", "facet", "first"),
    info={"place": "tenant"},
)
