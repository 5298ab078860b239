"""Wrong answers to `verify`, and the kept answers of POSTs with an Idempotency-Key."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.storage.columns import Identifier, Moment

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FENCED = ("wrong_answers", "kept_answers")


def upgrade() -> None:
    op.create_table(
        "wrong_answers",
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("record", Identifier(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bucket", "record"], ["records.bucket", "records.id"], name=op.f("fk_wrong_answers_records")
        ),
        sa.PrimaryKeyConstraint("bucket", "record", "field", "id", name=op.f("pk_wrong_answers")),
    )
    op.create_table(
        "kept_answers",
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("begun_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "tenant", "digest", name=op.f("pk_kept_answers")),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in FENCED:
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(
                f"CREATE POLICY tenant ON {table} USING (tenant = current_setting('kin.tenant', true))"
            )


def downgrade() -> None:
    op.drop_table("kept_answers")
    op.drop_table("wrong_answers")
