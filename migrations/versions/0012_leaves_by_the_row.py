"""Places in the tree stand 256 a row; what waits for one says its hashes and words; a facet says whether its place is a block."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from app.storage.columns import Identifier

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FENCED = ("audit_leaves", "audit_waiting")
WIDTH = 256
AT_ONCE = 64 * WIDTH
BLOCK_BITS = 92

tables = sa.MetaData()
OLD_LEAVES = sa.Table(
    "audit_leaves_by_event",
    tables,
    sa.Column("tenant", sa.Text),
    sa.Column("leaf", sa.BigInteger),
    sa.Column("id", Identifier),
)
OLD_WAITING = sa.Table(
    "audit_waiting_by_event", tables, sa.Column("tenant", sa.Text), sa.Column("id", Identifier)
)
LEAVES = sa.Table(
    "audit_leaves",
    tables,
    sa.Column("tenant", sa.Text),
    sa.Column("position", sa.BigInteger),
    sa.Column("ids", sa.LargeBinary),
    sa.Column("oldest", Identifier),
    sa.Column("newest", Identifier),
)
WAITING = sa.Table(
    "audit_waiting",
    tables,
    sa.Column("tenant", sa.Text),
    sa.Column("id", Identifier),
    sa.Column("entries", sa.LargeBinary),
    sa.Column("words", sa.Text),
)
FACETS = sa.Table(
    "audit_facets",
    tables,
    sa.Column("tenant", sa.Text),
    sa.Column("facet", sa.Text),
    sa.Column("first", Identifier),
    sa.Column("last", Identifier),
    sa.Column("whole", sa.Boolean),
)
WORDS = {
    "action": "action",
    "outcome": "outcome",
    "purpose": "purpose",
    "collection": "collection",
    "recipient": "recipient",
    "case_reference": "case",
    "notice_version": "notice",
}
EVENTS = sa.Table(
    "audit_events",
    tables,
    sa.Column("tenant", sa.Text),
    sa.Column("id", Identifier),
    *(sa.Column(name, Identifier if name == "recipient" else sa.Text) for name in WORDS),
    sa.Column("facets", sa.Text),
    sa.Column("body", sa.LargeBinary),
)


def upgrade() -> None:
    _rename("audit_leaves", "audit_leaves_by_event", "pk_audit_leaves", "uq_audit_leaves_tenant_id")
    _rename("audit_waiting", "audit_waiting_by_event", "pk_audit_waiting")
    op.create_table(
        "audit_leaves",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("ids", sa.LargeBinary(), nullable=False),
        sa.Column("oldest", Identifier(), nullable=False),
        sa.Column("newest", Identifier(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "position", name=op.f("pk_audit_leaves")),
    )
    op.create_index("ix_audit_leaves_newest", "audit_leaves", ["tenant", "newest", "oldest"])
    op.create_table(
        "audit_waiting",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_audit_waiting")),
    )
    op.add_column("audit_facets", sa.Column("whole", sa.Boolean(), server_default=sa.false(), nullable=False))
    _see_everything("audit_events", "audit_facets", *OLD)
    op.execute(sa.text('UPDATE audit_facets SET whole = true WHERE "first" <> "last"'))
    _to_rows()
    _hold_again("audit_events", "audit_facets")
    for table in OLD:
        op.drop_table(table)
    if _is_postgresql():
        # Ids and hashes do not compress: trying costs more than writing them.
        op.execute("ALTER TABLE audit_leaves ALTER COLUMN ids SET STORAGE EXTERNAL")
        op.execute("ALTER TABLE audit_waiting ALTER COLUMN entries SET STORAGE EXTERNAL")
    _fence(*FENCED)


def downgrade() -> None:
    op.create_table(
        "audit_leaves_by_event",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("leaf", sa.BigInteger(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "leaf", name=op.f("pk_audit_leaves_by_event")),
        sa.UniqueConstraint("tenant", "id", name=op.f("uq_audit_leaves_by_event_tenant_id")),
    )
    op.create_table(
        "audit_waiting_by_event",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_audit_waiting_by_event")),
    )
    _see_everything(*FENCED)
    _to_events()
    for table in FENCED:
        op.drop_table(table)
    _rename(
        "audit_leaves_by_event",
        "audit_leaves",
        "pk_audit_leaves_by_event",
        "uq_audit_leaves_by_event_tenant_id",
    )
    _rename("audit_waiting_by_event", "audit_waiting", "pk_audit_waiting_by_event")
    _fence(*FENCED)
    _see_everything("audit_facets")
    _only_blocks_and_events()
    _hold_again("audit_facets")
    op.drop_column("audit_facets", "whole")


OLD = ("audit_leaves_by_event", "audit_waiting_by_event")


def _to_rows() -> None:
    bind = op.get_bind()
    for tenant in bind.execute(sa.select(OLD_LEAVES.c.tenant).distinct()).scalars().all():
        for position, ids in _by_256(tenant):
            row = {"tenant": tenant, "position": position, "ids": b"".join(one.bytes for one in ids)}
            bind.execute(LEAVES.insert(), row | {"oldest": min(ids), "newest": max(ids)})
    same = (OLD_WAITING.c.tenant == EVENTS.c.tenant) & (OLD_WAITING.c.id == EVENTS.c.id)
    waiting = sa.select(OLD_WAITING.c.tenant.label("of"), OLD_WAITING.c.id.label("named"), EVENTS)
    waiting = waiting.select_from(OLD_WAITING).outerjoin(EVENTS, same).limit(1000)
    waiting = waiting.order_by(OLD_WAITING.c.tenant, OLD_WAITING.c.id)
    rows: Sequence[Any] = bind.execute(waiting).mappings().all()
    while rows:
        bind.execute(WAITING.insert(), [_waiting(row) for row in rows])
        after = sa.tuple_(OLD_WAITING.c.tenant, OLD_WAITING.c.id) > sa.tuple_(
            rows[-1]["of"], sa.literal(rows[-1]["named"], Identifier)
        )
        rows = bind.execute(waiting.where(after)).mappings().all()


def _waiting(event: Any) -> dict[str, Any]:
    """The row of one event; of one that is gone, a hash that nothing has, so that the log is found damaged as before."""
    row = {"tenant": event["of"], "id": event["named"]}
    if event["body"] is None:
        return row | {"entries": event["named"].bytes + bytes(32), "words": "|"}
    said = [f"{word}:{event[name]}" for name, word in WORDS.items() if event[name] is not None]
    words = sorted({*filter(None, event["facets"].split("|")), *said})
    hashed = sha256(b"\x00" + event["body"]).digest()
    return row | {"entries": event["named"].bytes + hashed, "words": f"|{'|'.join(words)}|"}


def _by_256(tenant: str) -> Iterator[tuple[int, list[UUID]]]:
    bind, start = op.get_bind(), 0
    leaf = OLD_LEAVES.c.leaf
    of_tenant = sa.select(leaf, OLD_LEAVES.c.id).where(OLD_LEAVES.c.tenant == tenant).order_by(leaf)
    while rows := bind.execute(of_tenant.where(leaf.between(start, start + AT_ONCE - 1))).all():
        if [row.leaf for row in rows] != list(range(start, start + len(rows))):
            raise RuntimeError(
                f"a leaf of the log of {tenant} is missing: the log is damaged, see `kin audit verify`"
            )
        for offset in range(0, len(rows), WIDTH):
            yield (start + offset) // WIDTH, [row.id for row in rows[offset : offset + WIDTH]]
        start += AT_ONCE


def _to_events() -> None:
    bind = op.get_bind()
    position = LEAVES.c.position
    for tenant in bind.execute(sa.select(LEAVES.c.tenant).distinct()).scalars().all():
        of_tenant = sa.select(position, LEAVES.c.ids).where(LEAVES.c.tenant == tenant).order_by(position)
        after = -1
        while rows := bind.execute(of_tenant.where(position > after).limit(AT_ONCE // WIDTH)).all():
            placed: list[dict[str, Any]] = [
                {"tenant": tenant, "leaf": here * WIDTH + n, "id": UUID(bytes=ids[16 * n : 16 * n + 16])}
                for here, ids in rows
                for n in range(len(ids) // 16)
            ]
            bind.execute(OLD_LEAVES.insert(), placed)
            after = rows[-1].position
    for tenant, entries in bind.execute(sa.select(WAITING.c.tenant, WAITING.c.entries)).all():
        ids = [UUID(bytes=entries[n : n + 16]) for n in range(0, len(entries), 48)]
        bind.execute(OLD_WAITING.insert(), [{"tenant": tenant, "id": one} for one in ids])


def _only_blocks_and_events() -> None:
    """Before, a place was a block or one event: what lies between a few events becomes their block."""
    bind, place = op.get_bind(), FACETS.c
    between = ~place.whole & (place.first != place.last)
    for one in bind.execute(sa.select(FACETS).where(between)).all():
        start = one.first.int >> BLOCK_BITS << BLOCK_BITS
        row = {"tenant": one.tenant, "facet": one.facet, "first": UUID(int=start)}
        known = sa.select(place.first).where(*(place[name] == value for name, value in row.items()))
        if bind.execute(known).first() is None:
            last = UUID(int=start + (1 << BLOCK_BITS) - 1)
            bind.execute(FACETS.insert(), row | {"last": last, "whole": True})
    bind.execute(FACETS.delete().where(between))


def _rename(table: str, to: str, *constraints: str) -> None:
    op.rename_table(table, to)
    if _is_postgresql():
        for name in constraints:
            op.execute(f"ALTER TABLE {to} RENAME CONSTRAINT {name} TO {name.replace(table, to)}")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _see_everything(*names: str) -> None:
    """Lets this migration see every tenant's rows; the owner of the tables is fenced otherwise too."""
    for table in names if _is_postgresql() else ():
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")


def _hold_again(*names: str) -> None:
    for table in names if _is_postgresql() else ():
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _fence(*names: str) -> None:
    for table in names if _is_postgresql() else ():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING (tenant = current_setting('kin.tenant', true))")
