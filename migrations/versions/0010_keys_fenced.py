"""Kept answers are found by when they expire, so that they can be purged."""

from collections.abc import Sequence

from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_kept_answers_expires_at", "kept_answers", ["tenant", "expires_at"])


def downgrade() -> None:
    op.drop_index("ix_kept_answers_expires_at", "kept_answers")
