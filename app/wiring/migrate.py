"""Applying the migrations, and asking whether they are applied."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import migrations
from app.storage.engine import Database

_SCRIPTS: Final = str(Path(migrations.__file__).parent)


async def migrate(database: Database) -> None:
    """Brings the schema to the newest version; safe to run again."""

    def upgrade(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    await database.migrate(upgrade)


async def is_current(database: Database) -> bool:
    """Whether the schema is the one this version of the vault works with."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    found: list[str | None] = []

    def look(connection: Connection) -> None:
        found.append(MigrationContext.configure(connection).get_current_revision())

    await database.migrate(look)
    return found == [newest]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    return config
