"""The foundation: tenants, callers, keys, notices, people, records, tokens, audit events; row-level security."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.storage.columns import Identifier, Moment

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Every table that holds a tenant's rows. On PostgreSQL a second fence stands around them, for the owner of the tables too:
# a connection sees the rows of the tenant it has been told to serve, and none before it has been told.
FENCED = (
    "api_keys",
    "audit_events",
    "bindings",
    "callers",
    "consents",
    "field_values",
    "notice_versions",
    "records",
    "search_index",
    "subject_refs",
    "subjects",
    "tenant_keys",
    "tokens",
)


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("caller", Identifier(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "digest", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("tenant", "id", name=op.f("uq_api_keys_tenant_id")),
    )
    op.create_table(
        "audit_events",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("caller", Identifier(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("record", sa.Text(), nullable=True),
        sa.Column("collection", sa.Text(), nullable=True),
        sa.Column("recipient", Identifier(), nullable=True),
        sa.Column("case_reference", sa.Text(), nullable=True),
        sa.Column("notice_version", sa.Integer(), nullable=True),
        sa.Column("facets", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_audit_events")),
    )
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.create_index("ix_audit_events_caller", ["tenant", "caller", "id"], unique=False)
        batch_op.create_index("ix_audit_events_subject", ["tenant", "subject", "id"], unique=False)

    op.create_table(
        "callers",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_callers")),
        sa.UniqueConstraint("tenant", "name", name=op.f("uq_callers_tenant_name")),
    )
    op.create_table(
        "notice_versions",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("author", Identifier(), nullable=True),
        sa.Column("approver", Identifier(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("activated_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "version", name=op.f("pk_notice_versions")),
    )
    op.create_table(
        "search_index",
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("record", Identifier(), nullable=False),
        sa.Column("key_version", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "bucket", "tenant", "field", "digest", "record", name=op.f("pk_search_index")
        ),
    )
    op.create_table(
        "subject_refs",
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("subject", Identifier(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "tenant", "digest", name=op.f("pk_subject_refs")),
    )
    op.create_table(
        "subjects",
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("kek_version", sa.SmallInteger(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "id", name=op.f("pk_subjects")),
    )
    op.create_table(
        "tenant_keys",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "version", name=op.f("pk_tenant_keys")),
    )
    op.create_table(
        "tenants",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_tenants")),
    )
    op.create_table(
        "bindings",
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("subject", Identifier(), nullable=False),
        sa.Column("record", Identifier(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("reference_digest", sa.LargeBinary(), nullable=True),
        sa.Column("reference_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("consent", Identifier(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("closed_because", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["bucket", "subject"], ["subjects.bucket", "subjects.id"], name=op.f("fk_bindings_subjects")
        ),
        sa.PrimaryKeyConstraint("bucket", "id", name=op.f("pk_bindings")),
    )
    with op.batch_alter_table("bindings", schema=None) as batch_op:
        batch_op.create_index("ix_bindings_record", ["bucket", "record"], unique=False)
        batch_op.create_index(
            "ix_bindings_reference", ["reference_digest", "purpose", "tenant"], unique=False
        )

    op.create_table(
        "consents",
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("subject", Identifier(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("notice_version", sa.SmallInteger(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=True),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("given_at", Moment(), nullable=True),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.Column("recorded_by", Identifier(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bucket", "subject"], ["subjects.bucket", "subjects.id"], name=op.f("fk_consents_subjects")
        ),
        sa.PrimaryKeyConstraint("bucket", "id", name=op.f("pk_consents")),
    )
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.create_index("ix_consents_subject", ["bucket", "subject"], unique=False)

    op.create_table(
        "records",
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("subject", Identifier(), nullable=False),
        sa.Column("collection", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bucket", "subject"], ["subjects.bucket", "subjects.id"], name=op.f("fk_records_subjects")
        ),
        sa.PrimaryKeyConstraint("bucket", "id", name=op.f("pk_records")),
    )
    with op.batch_alter_table("records", schema=None) as batch_op:
        batch_op.create_index("ix_records_subject", ["bucket", "subject"], unique=False)

    op.create_table(
        "field_values",
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("record", Identifier(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bucket", "record"], ["records.bucket", "records.id"], name=op.f("fk_field_values_records")
        ),
        sa.PrimaryKeyConstraint("bucket", "record", "field", name=op.f("pk_field_values")),
    )
    op.create_table(
        "tokens",
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("subject", Identifier(), nullable=False),
        sa.Column("record", Identifier(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column(
            "recipient",
            Identifier(),
            nullable=False,
            comment="recipient is the zero id when any outside caller that the notice lets resolve may do so",
        ),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=True),
        sa.Column("retired_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["bucket", "record"], ["records.bucket", "records.id"], name=op.f("fk_tokens_records")
        ),
        sa.PrimaryKeyConstraint("bucket", "digest", name=op.f("pk_tokens")),
    )
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.create_index(
            "uq_tokens_live",
            ["bucket", "record", "field", "purpose", "recipient"],
            unique=True,
            sqlite_where=sa.text("retired_at IS NULL"),
            postgresql_where=sa.text("retired_at IS NULL"),
        )
    if op.get_bind().dialect.name == "postgresql":
        for table in FENCED:
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(
                f"CREATE POLICY tenant ON {table} USING (tenant = current_setting('kin.tenant', true))"
            )


def downgrade() -> None:
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_tokens_live",
            sqlite_where=sa.text("retired_at IS NULL"),
            postgresql_where=sa.text("retired_at IS NULL"),
        )

    op.drop_table("tokens")
    op.drop_table("field_values")
    with op.batch_alter_table("records", schema=None) as batch_op:
        batch_op.drop_index("ix_records_subject")

    op.drop_table("records")
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.drop_index("ix_consents_subject")

    op.drop_table("consents")
    with op.batch_alter_table("bindings", schema=None) as batch_op:
        batch_op.drop_index("ix_bindings_reference")
        batch_op.drop_index("ix_bindings_record")

    op.drop_table("bindings")
    op.drop_table("tenants")
    op.drop_table("tenant_keys")
    op.drop_table("subjects")
    op.drop_table("subject_refs")
    op.drop_table("search_index")
    op.drop_table("notice_versions")
    op.drop_table("callers")
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_events_subject")
        batch_op.drop_index("ix_audit_events_caller")

    op.drop_table("audit_events")
    op.drop_table("api_keys")
