"""The life of a person's data: restriction, holds, assignments, withdrawals, approved orders, customers' sessions."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.storage.columns import Identifier, Moment

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FENCED = ("assignments", "holds", "order_subjects", "orders", "sessions")


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("case_reference", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requested_by", Identifier(), nullable=False),
        sa.Column("requested_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("decided_by", Identifier(), nullable=True),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_orders")),
    )
    op.create_table(
        "order_subjects",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("order_id", Identifier(), nullable=False),
        sa.Column("subject", Identifier(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "order_id", "subject", name=op.f("pk_order_subjects")),
    )
    op.create_index("ix_order_subjects_subject", "order_subjects", ["tenant", "subject"])
    op.create_table(
        "sessions",
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("subject", Identifier(), nullable=False),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["bucket", "subject"], ["subjects.bucket", "subjects.id"], name=op.f("fk_sessions_subjects")
        ),
        sa.PrimaryKeyConstraint("bucket", "digest", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_subject", "sessions", ["bucket", "subject"])
    op.create_table(
        "holds",
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("subject", Identifier(), nullable=False),
        sa.Column("case_reference", sa.Text(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("placed_at", Moment(), nullable=False),
        sa.Column("placed_by", Identifier(), nullable=False),
        sa.Column("released_at", Moment(), nullable=True),
        sa.Column("released_by", Identifier(), nullable=True),
        sa.ForeignKeyConstraint(
            ["bucket", "subject"], ["subjects.bucket", "subjects.id"], name=op.f("fk_holds_subjects")
        ),
        sa.PrimaryKeyConstraint("bucket", "id", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_subject", "holds", ["bucket", "subject"])
    op.create_table(
        "assignments",
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("subject", Identifier(), nullable=False),
        sa.Column("caller", Identifier(), nullable=False),
        sa.Column("case_reference", sa.Text(), nullable=True),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("made_by", Identifier(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["bucket", "subject"], ["subjects.bucket", "subjects.id"], name=op.f("fk_assignments_subjects")
        ),
        sa.PrimaryKeyConstraint("bucket", "id", name=op.f("pk_assignments")),
    )
    op.create_index("ix_assignments_subject", "assignments", ["bucket", "subject"])
    # Added in place: a copy of these tables would take as long as there are people.
    op.add_column("subjects", sa.Column("restricted_at", Moment(), nullable=True))
    op.add_column("subjects", sa.Column("restricted_words", sa.LargeBinary(), nullable=True))
    op.add_column("subjects", sa.Column("held", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("bindings", sa.Column("closed_words", sa.LargeBinary(), nullable=True))
    op.add_column("consents", sa.Column("withdraws", Identifier(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        for table in FENCED:
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(
                f"CREATE POLICY tenant ON {table} USING (tenant = current_setting('kin.tenant', true))"
            )


def downgrade() -> None:
    op.drop_column("consents", "withdraws")
    op.drop_column("bindings", "closed_words")
    for column in ("held", "restricted_words", "restricted_at"):
        op.drop_column("subjects", column)
    for table in FENCED:
        op.drop_table(table)
