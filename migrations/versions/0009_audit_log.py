"""Events are never changed: waiting and leaves are rows of their own; a record is asked by; a log can begin anew."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.storage.columns import Identifier

revision: str = "0009"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FENCED = ("audit_leaves", "audit_waiting")


def upgrade() -> None:
    op.create_table(
        "audit_waiting",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_audit_waiting")),
    )
    op.create_table(
        "audit_leaves",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("leaf", sa.BigInteger(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "leaf", name=op.f("pk_audit_leaves")),
        sa.UniqueConstraint("tenant", "id", name=op.f("uq_audit_leaves_tenant_id")),
    )
    _unfenced(
        "INSERT INTO audit_waiting (tenant, id) SELECT tenant, id FROM audit_events WHERE leaf IS NULL",
        "INSERT INTO audit_leaves (tenant, leaf, id) SELECT tenant, leaf, id FROM audit_events WHERE leaf IS NOT NULL",
    )
    op.drop_index("uq_audit_events_leaf", "audit_events")
    op.drop_index("ix_audit_events_unsequenced", "audit_events")
    op.execute("ALTER TABLE audit_events DROP COLUMN leaf")
    op.create_index("ix_audit_events_record", "audit_events", ["tenant", "record", "id"])
    op.add_column("audit_trees", sa.Column("era", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column(
        "audit_trees", sa.Column("began", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    if op.get_bind().dialect.name == "postgresql":
        # Hashes do not compress: trying costs more than the rest of writing a tile.
        op.execute("ALTER TABLE audit_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL")
        for table in FENCED:
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(
                f"CREATE POLICY tenant ON {table} USING (tenant = current_setting('kin.tenant', true))"
            )


def downgrade() -> None:
    op.drop_column("audit_trees", "began")
    op.drop_column("audit_trees", "era")
    op.drop_index("ix_audit_events_record", "audit_events")
    op.add_column("audit_events", sa.Column("leaf", sa.BigInteger()))
    same = "audit_leaves.tenant = audit_events.tenant AND audit_leaves.id = audit_events.id"
    _unfenced(
        f"UPDATE audit_events SET leaf = (SELECT leaf FROM audit_leaves WHERE {same})",  # noqa: S608  # no value
        tables=("audit_events", *FENCED),
    )
    op.create_index(
        "ix_audit_events_unsequenced",
        "audit_events",
        ["tenant", "id"],
        sqlite_where=sa.text("leaf IS NULL"),
        postgresql_where=sa.text("leaf IS NULL"),
    )
    op.create_index(
        "uq_audit_events_leaf",
        "audit_events",
        ["tenant", "leaf"],
        unique=True,
        sqlite_where=sa.text("leaf IS NOT NULL"),
        postgresql_where=sa.text("leaf IS NOT NULL"),
    )
    for table in FENCED:
        op.drop_table(table)


def _unfenced(*statements: str, tables: Sequence[str] = ("audit_events",)) -> None:
    """Runs statements that must see every tenant's rows; the owner of the tables is fenced otherwise too."""
    fenced = op.get_bind().dialect.name == "postgresql"
    for table in tables if fenced else ():
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for statement in statements:
        op.execute(statement)
    for table in tables if fenced else ():
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
