"""How Alembic reaches the database: through the connection that `app.wiring.migrate` hands over, or KIN_DATABASE_URL."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection

from app.approvals import tables as approvals
from app.audit import tables as audit
from app.identity import tables as identity
from app.keys import tables as keys
from app.notice import tables as notice
from app.storage.engine import Database
from app.storage.metadata import metadata
from app.subjects import tables as subjects
from app.vault import tables as vault

ROOMS = (approvals, audit, identity, keys, notice, subjects, vault)  # imported so that the metadata is whole


def run(connection: Connection) -> None:
    """Applies the migrations on an open connection."""
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


async def run_alone() -> None:
    """The `alembic` command by itself: the database is the one the vault's setting names."""
    database = Database(os.environ.get("KIN_DATABASE_URL", "sqlite:///kin.db"))
    await database.migrate(run)
    await database.close()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    asyncio.run(run_alone())
