"""What people have asked for, with its deadlines."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.storage.columns import Identifier, Moment

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "requests",
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("subject", Identifier(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("recipients_involved", sa.Boolean(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("acknowledge_by", Moment(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("holidays_known", sa.Boolean(), nullable=False),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("opened_by", Identifier(), nullable=False),
        sa.Column("acknowledged_at", Moment(), nullable=True),
        sa.Column("extended_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("ended_by", Identifier(), nullable=True),
        sa.Column("certificate", Identifier(), nullable=True),
        sa.Column("opened_words", sa.LargeBinary(), nullable=True),
        sa.Column("extended_words", sa.LargeBinary(), nullable=True),
        sa.Column("refused_words", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("bucket", "id", name=op.f("pk_requests")),
    )
    op.create_index("ix_requests_due", "requests", ["tenant", "due_at", "id"])
    op.create_index("ix_requests_subject", "requests", ["bucket", "subject"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE requests ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE requests FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY tenant ON requests USING (tenant = current_setting('kin.tenant', true))")


def downgrade() -> None:
    op.drop_table("requests")
