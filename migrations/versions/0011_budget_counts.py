"""How much of its budgets a caller has spent is kept as a number; the present hour begins anew."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.storage.columns import Identifier

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "budget_counts",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("caller", Identifier(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("spent", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "caller", "hour", "kind", name=op.f("pk_budget_counts")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE budget_counts ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE budget_counts FORCE ROW LEVEL SECURITY")
        op.execute(
            "CREATE POLICY tenant ON budget_counts USING (tenant = current_setting('kin.tenant', true))"
        )
    # Row-level security hides every tenant's rows from a DELETE without a tenant; TRUNCATE is not held by it.
    fenced = op.get_bind().dialect.name == "postgresql"
    op.execute("TRUNCATE spent_budgets" if fenced else "DELETE FROM spent_budgets")


def downgrade() -> None:
    op.drop_table("budget_counts")
