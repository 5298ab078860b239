"""The tree over the audit log: how far it is sequenced, its tiles, its checkpoints, and where a facet is to be found."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.storage.columns import Identifier, Moment

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FENCED = ("audit_checkpoints", "audit_facets", "audit_tiles", "audit_trees")


def upgrade() -> None:
    op.create_table(
        "audit_checkpoints",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("cosignatures", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "size", name=op.f("pk_audit_checkpoints")),
    )
    op.create_table(
        "audit_facets",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("facet", sa.Text(), nullable=False),
        sa.Column("first", Identifier(), nullable=False),
        sa.Column("last", Identifier(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "facet", "first", name=op.f("pk_audit_facets")),
    )
    op.create_table(
        "audit_tiles",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "level", "position", name=op.f("pk_audit_tiles")),
    )
    op.create_table(
        "audit_trees",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_audit_trees")),
    )
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.create_index(
            "ix_audit_events_unsequenced",
            ["tenant", "id"],
            unique=False,
            sqlite_where=sa.text("leaf IS NULL"),
            postgresql_where=sa.text("leaf IS NULL"),
        )
        batch_op.create_index(
            "uq_audit_events_leaf",
            ["tenant", "leaf"],
            unique=True,
            sqlite_where=sa.text("leaf IS NOT NULL"),
            postgresql_where=sa.text("leaf IS NOT NULL"),
        )
    if op.get_bind().dialect.name == "postgresql":
        for table in FENCED:
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(
                f"CREATE POLICY tenant ON {table} USING (tenant = current_setting('kin.tenant', true))"
            )


def downgrade() -> None:
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_index("uq_audit_events_leaf")
        batch_op.drop_index("ix_audit_events_unsequenced")

    for table in FENCED:
        op.drop_table(table)
