"""Certificates of erasure, and the indexes by which what is a person's is found to be erased."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.storage.columns import Identifier, Moment

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "certificates",
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("subject", Identifier(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("key_destroyed", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("ledgered_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("bucket", "id", name=op.f("pk_certificates")),
    )
    op.create_index("ix_certificates_subject", "certificates", ["bucket", "subject"])
    op.create_index(
        "ix_certificates_unledgered",
        "certificates",
        ["tenant", "id"],
        sqlite_where=sa.text("ledgered_at IS NULL"),
        postgresql_where=sa.text("ledgered_at IS NULL"),
    )
    op.create_index("ix_subject_refs_subject", "subject_refs", ["subject"])
    op.create_index("ix_search_index_record", "search_index", ["record"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE certificates ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE certificates FORCE ROW LEVEL SECURITY")
        op.execute(
            "CREATE POLICY tenant ON certificates USING (tenant = current_setting('kin.tenant', true))"
        )


def downgrade() -> None:
    op.drop_index("ix_search_index_record", "search_index")
    op.drop_index("ix_subject_refs_subject", "subject_refs")
    op.drop_table("certificates")
