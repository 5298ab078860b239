"""Reaching into the database behind the vault's back, as its owner might."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.kernel.ids import parse_id
from tests.support.vaults import Vault


async def sql(vault: Vault, statement: str, record: str | None = None, **values: Any) -> Sequence[Any]:
    """One statement in a transaction of its own, `:record` bound to a record's id; its rows."""
    database = vault.parts.database
    if record is not None:
        uuid = parse_id("rec", record)
        values["record"] = uuid.bytes if database.is_sqlite else uuid
    engine: AsyncEngine = database._engine
    async with engine.begin() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SELECT set_config('kin.tenant', 'shop', true)"))
        result = await connection.execute(text(statement), values)
        return result.all() if result.returns_rows else ()
