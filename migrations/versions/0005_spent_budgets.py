"""What callers have spent of their hourly budgets."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.storage.columns import Identifier

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "spent_budgets",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("caller", Identifier(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "caller", "hour", "kind", "item", name=op.f("pk_spent_budgets")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE spent_budgets ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE spent_budgets FORCE ROW LEVEL SECURITY")
        op.execute(
            "CREATE POLICY tenant ON spent_budgets USING (tenant = current_setting('kin.tenant', true))"
        )


def downgrade() -> None:
    op.drop_table("spent_budgets")
